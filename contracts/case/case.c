#include "contracts/case/case.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/log/proof.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HEADER VIEW("utfall-case@v1")
#define SLUG_SIZE_MAX 64

/* --- Writing --- */

enum status case_write_head(struct buffer *buffer, struct view contract, struct view checkpoint,
                            size_t entry_count)
{
    assert(entry_count >= 2 && entry_count <= CASE_ENTRIES_MAX);
    TRY(buffer_append(buffer, HEADER));
    TRY(buffer_append_format(buffer, "\ncontract %.*s\ncheckpoint %zu\n", VIEW_ARGS(contract),
                             checkpoint.size));
    TRY(buffer_append(buffer, checkpoint));
    return buffer_append_format(buffer, "entries %zu\n", entry_count);
}

enum status case_write_entry(struct buffer *buffer, uint64_t index, const struct merkle_proof *path,
                             struct view note)
{
    assert(path->count <= MERKLE_PROOF_COUNT_MAX);
    TRY(buffer_append_format(buffer, "entry %" PRIu64 " %" PRIu32 " %zu\n", index, path->count,
                             note.size));
    TRY(proof_write_path(path, buffer));
    return buffer_append(buffer, note);
}

enum status case_write_attachment_count(struct buffer *buffer, size_t count)
{
    assert(count <= CASE_ATTACHMENTS_MAX);
    return buffer_append_format(buffer, "attachments %zu\n", count);
}

enum status case_write_attachment(struct buffer *buffer, const struct case_attachment *attachment)
{
    TRY(buffer_append_format(buffer, "attachment %.*s %zu\n", VIEW_ARGS(attachment->kind),
                             attachment->bytes.size));
    TRY(buffer_append(buffer, attachment->bytes));
    return buffer_append_byte(buffer, '\n');
}

/* --- Reading --- */

/* What is left of the file, and where that is, for messages. */
struct reader {
    struct view whole;
    struct view rest;
};

static enum status fail_here(const struct reader *reader, struct view line, const char *expected,
                             struct failure *failure)
{
    char place[FAILURE_AT_SIZE];
    const char *at = line.data == NULL ? reader->rest.data : line.data;
    (void)snprintf(place, sizeof place, "byte %zu", (size_t)(at - reader->whole.data));
    return fail(failure, STATUS_INVALID, place, "expected %s", failure_format(expected));
}

static bool cut_word(struct view *line, struct view *ret_word)
{
    const char *space = memchr(line->data, ' ', line->size);
    size_t size = space == NULL ? line->size : (size_t)(space - line->data);
    *ret_word = (struct view){.data = line->data, .size = size};
    size_t used = space == NULL ? size : size + 1;
    *line = (struct view){.data = line->data + used, .size = line->size - used};
    return space != NULL;
}

/* Reads `line` as `name` and `count` words behind it, each after one space. */
static bool split(struct view line, const char *name, size_t count, struct view *ret_words)
{
    struct view word;
    bool is_more = cut_word(&line, &word);
    if (!view_is(word, name)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!is_more) {
            return false;
        }
        is_more = cut_word(&line, &ret_words[i]);
    }
    return !is_more;
}

static bool is_slug(struct view text)
{
    if (text.size == 0 || text.size > SLUG_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) {
            return false;
        }
    }
    return true;
}

/* Cuts `size` bytes, given as decimal digits, off the rest. */
static bool cut_bytes(struct reader *reader, struct view digits, struct view *ret_bytes)
{
    uint64_t size;
    if (decimal_u64_read(digits, reader->rest.size, &size) != STATUS_OK) {
        return false;
    }
    *ret_bytes = (struct view){.data = reader->rest.data, .size = (size_t)size};
    reader->rest.data += size;
    reader->rest.size -= (size_t)size;
    return true;
}

static enum status read_head(struct reader *reader, struct case_file *file, struct failure *failure)
{
    struct view line = {0};
    struct view word;
    if (!text_cut_line(&reader->rest, &line) || !view_equal(line, HEADER)) {
        return fail_here(reader, line, "the line utfall-case@v1", failure);
    }
    line = (struct view){0};
    if (!text_cut_line(&reader->rest, &line) || !split(line, "contract", 1, &file->contract) ||
        !is_slug(file->contract)) {
        return fail_here(reader, line, "`contract` and its name", failure);
    }
    line = (struct view){0};
    if (!text_cut_line(&reader->rest, &line) || !split(line, "checkpoint", 1, &word) ||
        !cut_bytes(reader, word, &file->checkpoint)) {
        return fail_here(reader, line, "`checkpoint`, its size and as many bytes", failure);
    }
    return STATUS_OK;
}

/* Reads the line "<name> <count>". */
static enum status read_count(struct reader *reader, const char *name, size_t max,
                              size_t *ret_count, struct failure *failure)
{
    struct view line = {0};
    struct view word;
    uint64_t count;
    if (!text_cut_line(&reader->rest, &line) || !split(line, name, 1, &word)) {
        return fail_here(reader, line, "the number of what follows", failure);
    }
    enum status read = decimal_u64_read(word, max, &count);
    if (read == STATUS_LIMIT) {
        return fail(failure, STATUS_LIMIT, "", "a case has at most %zu %s", max, name);
    }
    if (read != STATUS_OK) {
        return fail_here(reader, line, "the number of what follows", failure);
    }
    *ret_count = (size_t)count;
    return STATUS_OK;
}

static enum status read_path(struct reader *reader, struct view digits, struct view *ret_path,
                             struct failure *failure)
{
    uint64_t count;
    if (decimal_u64_read(digits, MERKLE_PROOF_COUNT_MAX, &count) != STATUS_OK) {
        return fail_here(reader, digits, "a number of hashes that a tree can have", failure);
    }
    const char *start = reader->rest.data;
    for (uint64_t i = 0; i < count; i++) {
        struct view line = {0};
        struct hash hash;
        if (!text_cut_line(&reader->rest, &line) || proof_read_hash(line, &hash) != STATUS_OK) {
            return fail_here(reader, line, "a hash: canonical base64 of 32 bytes", failure);
        }
    }
    *ret_path = (struct view){.data = start, .size = (size_t)(reader->rest.data - start)};
    return STATUS_OK;
}

static enum status read_entry(struct reader *reader, struct case_entry *entry,
                              struct failure *failure)
{
    struct view line = {0};
    struct view words[3];
    if (!text_cut_line(&reader->rest, &line) || !split(line, "entry", 3, words) ||
        decimal_u64_read(words[0], INT64_MAX, &entry->index) != STATUS_OK) {
        return fail_here(reader, line, "`entry`, its index, number of hashes and size", failure);
    }
    TRY(read_path(reader, words[1], &entry->path, failure));
    if (!cut_bytes(reader, words[2], &entry->note)) {
        return fail_here(reader, words[2], "a size within the file", failure);
    }
    return STATUS_OK;
}

static enum status read_attachment(struct reader *reader, struct case_attachment *attachment,
                                   struct failure *failure)
{
    struct view line = {0};
    struct view words[2];
    if (!text_cut_line(&reader->rest, &line) || !split(line, "attachment", 2, words) ||
        !is_slug(words[0])) {
        return fail_here(reader, line, "`attachment`, its kind and size", failure);
    }
    attachment->kind = words[0];
    struct view empty;
    if (!cut_bytes(reader, words[1], &attachment->bytes) || !text_cut_line(&reader->rest, &empty) ||
        empty.size != 0) {
        return fail_here(reader, words[1], "as many bytes as it says, and a newline", failure);
    }
    return STATUS_OK;
}

/* Entries ascend, so that a replay is in ledger order and none is there twice. */
static enum status read_entries(struct reader *reader, struct case_file *file,
                                struct failure *failure)
{
    file->entries = calloc(file->entry_count, sizeof *file->entries);
    if (file->entries == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < file->entry_count; i++) {
        const char *start = reader->rest.data;
        TRY(read_entry(reader, &file->entries[i], failure));
        struct view line = {.data = start, .size = 0};
        if (i == 0 && file->entries[0].index != 0) {
            return fail_here(reader, line, "entry 0, the charter, as the first", failure);
        }
        if (i > 0 && file->entries[i].index <= file->entries[i - 1].index) {
            return fail_here(reader, line, "an entry with a greater index than the one before",
                             failure);
        }
    }
    return STATUS_OK;
}

static enum status read_attachments(struct reader *reader, struct case_file *file,
                                    struct failure *failure)
{
    TRY(read_count(reader, "attachments", CASE_ATTACHMENTS_MAX, &file->attachment_count, failure));
    file->attachments = calloc(file->attachment_count + 1, sizeof *file->attachments);
    if (file->attachments == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < file->attachment_count; i++) {
        TRY(read_attachment(reader, &file->attachments[i], failure));
    }
    return STATUS_OK;
}

bool case_is(struct view bytes)
{
    return view_starts_with(bytes, HEADER);
}

enum status case_parse(struct view bytes, struct case_file *ret_file, struct failure *failure)
{
    if (bytes.size > CASE_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "a case is at most %zu bytes", CASE_SIZE_MAX);
    }
    struct reader reader = {.whole = bytes, .rest = bytes};
    OWNED(case_release) struct case_file file = {0};
    TRY(read_head(&reader, &file, failure));
    TRY(read_count(&reader, "entries", CASE_ENTRIES_MAX, &file.entry_count, failure));
    if (file.entry_count < 2) {
        return fail_here(&reader, (struct view){0}, "at least a charter and a contract", failure);
    }
    TRY(read_entries(&reader, &file, failure));
    TRY(read_attachments(&reader, &file, failure));
    if (reader.rest.size != 0) {
        return fail_here(&reader, (struct view){0}, "nothing after the attachments", failure);
    }
    *ret_file = file;
    file.entries = NULL;
    file.attachments = NULL;
    return STATUS_OK;
}

void case_release(struct case_file *file)
{
    free(file->entries);
    free(file->attachments);
    *file = (struct case_file){0};
}

void case_path(const struct case_entry *entry, struct merkle_proof *ret_path)
{
    struct view rest = entry->path;
    struct view line;
    ret_path->count = 0;
    while (text_cut_line(&rest, &line)) { /* bounded by MERKLE_PROOF_COUNT_MAX: read_path */
        enum status read = proof_read_hash(line, &ret_path->hashes[ret_path->count]);
        assert(read == STATUS_OK);
        (void)read;
        ret_path->count++;
    }
}
