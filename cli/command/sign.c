/* utfall sign: makes a signed note of a draft, or adds a signature to a note. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/draft.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "cli/words.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A draft begins with '{' after white space; a note never does without a signature at its end. */
static bool is_note(struct view bytes)
{
    struct note note;
    return note_parse(bytes, &note, NULL) == STATUS_OK;
}

/* What is about to be signed, parsed, and the text that it is. */
struct signing {
    struct buffer text; /* of a draft: its canonical text */
    struct note note;   /* of a note */
    bool is_note;
    struct statement *statement;
};

static void signing_release(struct signing *signing)
{
    buffer_release(&signing->text);
    statement_free(signing->statement);
}

static enum status read_note(struct view bytes, struct signing *signing, struct failure *failure)
{
    signing->is_note = true;
    TRY(statement_read(bytes, &signing->statement, failure));
    TRY(statement_check(signing->statement, failure));
    return note_parse(bytes, &signing->note, failure);
}

static enum status read_draft(const struct invocation *invocation, struct view bytes,
                              struct signing *signing, struct failure *failure)
{
    OWNED(json_freep) struct json *draft = NULL;
    enum status status = json_parse(bytes, &draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(draft_open_ledger(invocation, &workspace, failure));
    TRY(draft_fill(draft, invocation, workspace, failure));
    return draft_finish(draft, &signing->text, &signing->statement, failure);
}

static enum status read_input(const struct invocation *invocation, struct view bytes,
                              struct signing *signing, struct failure *failure)
{
    buffer_init(&signing->text, ENTRY_SIZE_MAX);
    return is_note(bytes) ? read_note(bytes, signing, failure)
                          : read_draft(invocation, bytes, signing, failure);
}

static enum status write_note(const struct signing *signing, const struct note_key *key,
                              struct secret_key *secret, struct buffer *ret_note,
                              struct failure *failure)
{
    enum status status =
        signing->is_note ? note_write_with_signature(&signing->note, key, secret, ret_note, failure)
                         : note_write_signed(buffer_view(&signing->text), key, secret, ret_note);
    if (status == STATUS_LIMIT) {
        return refuse(failure, RULE_NOTE_TOO_LARGE, "", "the signed note is over %d bytes",
                      ENTRY_SIZE_MAX);
    }
    if (status != STATUS_OK && !signing->is_note) {
        return secret_key_explain(secret, status, failure);
    }
    return status;
}

static enum status sign(const struct invocation *invocation, struct view bytes,
                        struct buffer *ret_note, struct hash *ret_id, enum kind *ret_kind,
                        struct failure *failure)
{
    OWNED(signing_release) struct signing signing = {0};
    TRY(read_input(invocation, bytes, &signing, failure));

    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct note_key key;
    TRY(secret_open(invocation, invocation->values[OPTION_KEY], &secret, &key, failure));
    TRY(write_note(&signing, &key, secret, ret_note, failure));

    OWNED(statement_freep) struct statement *signed_statement = NULL;
    TRY(statement_read(buffer_view(ret_note), &signed_statement, failure));
    *ret_id = signed_statement->id;
    *ret_kind = signed_statement->kind;
    return STATUS_OK;
}

static int answer(const struct invocation *invocation, const struct hash *id, enum kind kind)
{
    struct display text = display_hash(id);
    const char *output = invocation->values[OPTION_OUTPUT];
    if (!output_is_json(invocation)) {
        output_message(invocation, _("signed %s: %s"), word_of_kind(kind), text.text);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "id", view_of(text.text)) != STATUS_OK ||
        json_set_string(object, "kind", view_of(kind_word(kind))) != STATUS_OK ||
        json_set_string(object, "file", view_of(output)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_sign(const struct invocation *invocation)
{
    if (invocation->operand_count != 1 || !has_option(invocation, OPTION_KEY)) {
        return output_usage(invocation, _("sign takes one file and --key"));
    }
    if (output_is_json(invocation) && file_is_standard(invocation->values[OPTION_OUTPUT])) {
        return output_usage(invocation, _("--json needs --output, since both are written"));
    }
    const char *file = invocation->operands[0];
    OWNED(buffer_release) struct buffer bytes;
    OWNED(buffer_release) struct buffer note;
    buffer_init(&bytes, JSON_SIZE_MAX);
    buffer_init(&note, ENTRY_SIZE_MAX);
    struct failure failure = {0};
    struct hash id;
    enum kind kind;
    if (file_read(file, &bytes, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (sign(invocation, buffer_view(&bytes), &note, &id, &kind, &failure) != STATUS_OK) {
        return output_failure(invocation, file, &failure);
    }
    const char *output = invocation->values[OPTION_OUTPUT];
    /* A signature is often added in place: the same file as input and output is replaced. */
    bool may_replace =
        has_option(invocation, OPTION_FORCE) || (output != NULL && strcmp(output, file) == 0);
    if (file_write(output, buffer_view(&note), 0644, may_replace, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(invocation, &id, kind);
}
