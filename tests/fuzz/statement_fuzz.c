/*
 * Fuzz: any bytes are refused as a statement, signed or draft, or are one in its only form.
 *
 * What is accepted as a note is its own canonical form, and its id is that of its text. What is
 * accepted as a draft is accepted as a note of its canonical text too. Whatever was read can be
 * checked, and has a chain.
 *
 * The corpus is a link to schemas/examples: drafts to begin with, good and bad.
 */
#include "contracts/statement/statement.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One line of the form of a signature; nothing here verifies it. */
#define SIGNATURE                                                                              \
    "\n\xe2\x80\x94 fuzz "                                                                     \
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" \
    "AAA=\n"

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void examine(struct statement *statement)
{
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    require(statement_subject(statement, &subject) == STATUS_OK);

    struct failure failure = {.status = STATUS_OK};
    enum status checked = statement_check(statement, &failure);
    require(checked == STATUS_OK || (failure.status == checked && failure.code[0] != '\0'));
}

static void read_note(struct view bytes)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    struct failure failure = {.status = STATUS_OK};
    enum status read = statement_read(bytes, &statement, &failure);
    if (read != STATUS_OK) {
        require(statement == NULL && failure.status == read && failure.reason[0] != '\0');
        return;
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    require(json_write_canonical(statement->root, &text) == STATUS_OK);
    require(buffer_append_byte(&text, '\n') == STATUS_OK);
    require(view_equal(buffer_view(&text), statement->note.text));
    struct hash id = hash_bytes(buffer_view(&text));
    require(hash_equal(&id, &statement->id));
    examine(statement);
}

static void read_draft(struct view bytes)
{
    struct json *root = NULL;
    struct failure failure = {.status = STATUS_OK};
    if (json_parse(bytes, &root, &failure) != STATUS_OK) {
        return;
    }
    OWNED(statement_freep) struct statement *draft = NULL;
    enum status read = statement_read_tree(root, &draft, &failure);
    if (read != STATUS_OK) {
        require(draft == NULL && failure.status == read && failure.reason[0] != '\0');
        return;
    }
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, JSON_SIZE_MAX);
    require(json_write_canonical(draft->root, &note) == STATUS_OK);
    require(buffer_append_text(&note, "\n" SIGNATURE) == STATUS_OK);

    OWNED(statement_freep) struct statement *statement = NULL;
    enum status again = statement_read(buffer_view(&note), &statement, &failure);
    require(again == (note.size > ENTRY_SIZE_MAX ? STATUS_LIMIT : STATUS_OK));
    require(statement == NULL || statement->kind == draft->kind);
    examine(draft);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {.data = (const char *)data, .size = size};
    read_note(bytes);
    read_draft(bytes);
    return 0;
}
