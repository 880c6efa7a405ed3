#include "ledger/log/proof.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define HEADER VIEW("c2sp.org/tlog-proof@v1")
#define EXTRA_PREFIX VIEW("extra ")
#define INDEX_PREFIX VIEW("index ")

/* The lines before the checkpoint, each at its longest. */
#define HEAD_SIZE_MAX (32 + 32 + MERKLE_PROOF_COUNT_MAX * 45 + 1)

static struct view drop(struct view line, struct view prefix)
{
    return (struct view){.data = line.data + prefix.size, .size = line.size - prefix.size};
}

/* Whether `text` is canonical base64 of at least one byte; of any size, so piece by piece. */
static bool is_base64(struct view text)
{
    uint8_t bytes[768];
    size_t full = sizeof bytes / 3 * 4;
    size_t size = 0;
    while (text.size > full) {
        /* A piece that is not the last one has no padding, so it decodes to all its bytes. */
        struct view piece = {.data = text.data, .size = full};
        if (base64_read(piece, sizeof bytes, bytes, &size) != STATUS_OK || size != sizeof bytes) {
            return false;
        }
        text = drop(text, piece);
    }
    return base64_read(text, sizeof bytes, bytes, &size) == STATUS_OK && size > 0;
}

bool proof_is(struct view bytes)
{
    return view_starts_with(bytes, HEADER);
}

static enum status fail_line(struct failure *failure, size_t line, const char *reason)
{
    char place[FAILURE_AT_SIZE];
    (void)snprintf(place, sizeof place, "line %zu", line);
    return fail(failure, STATUS_INVALID, place, "%s", reason);
}

enum status proof_read_hash(struct view line, struct hash *ret_hash)
{
    struct hash hash;
    size_t size;
    if (base64_read(line, HASH_SIZE, hash.bytes, &size) != STATUS_OK || size != HASH_SIZE) {
        return STATUS_INVALID;
    }
    *ret_hash = hash;
    return STATUS_OK;
}

/* Reads the hash lines up to the empty line, which is dropped. `line` counts for messages. */
static enum status parse_path(struct view *rest, size_t line, struct merkle_proof *ret_path,
                              struct failure *failure)
{
    ret_path->count = 0;
    struct view text;
    for (; text_cut_line(rest, &text); line++) {
        if (text.size == 0) {
            return STATUS_OK;
        }
        if (ret_path->count == MERKLE_PROOF_COUNT_MAX) {
            return fail_line(failure, line, "the path is longer than any tree is high");
        }
        if (proof_read_hash(text, &ret_path->hashes[ret_path->count]) != STATUS_OK) {
            return fail_line(failure, line, "a hash is canonical base64 of 32 bytes");
        }
        ret_path->count++;
    }
    return fail_line(failure, line, "the empty line before the checkpoint is missing");
}

enum status proof_parse(struct view text, struct proof *ret_proof, struct failure *failure)
{
    struct view line;
    if (!text_cut_line(&text, &line) || !view_equal(line, HEADER)) {
        return fail_line(failure, 1, "a proof starts with the line c2sp.org/tlog-proof@v1");
    }
    size_t number = 2;
    bool is_line = text_cut_line(&text, &line);
    if (is_line && view_starts_with(line, EXTRA_PREFIX)) {
        if (!is_base64(drop(line, EXTRA_PREFIX))) {
            return fail_line(failure, number, "the extra data are not canonical base64");
        }
        number++;
        is_line = text_cut_line(&text, &line);
    }
    uint64_t index;
    if (!is_line || !view_starts_with(line, INDEX_PREFIX) ||
        decimal_u64_read(drop(line, INDEX_PREFIX), INT64_MAX, &index) != STATUS_OK) {
        return fail_line(failure, number, "the index line is missing or malformed");
    }
    struct merkle_proof path = {.count = 0};
    TRY(parse_path(&text, number + 1, &path, failure));
    if (text.size == 0) {
        return fail(failure, STATUS_INVALID, "", "the checkpoint is missing");
    }
    *ret_proof = (struct proof){.index = index, .path = path, .checkpoint = text};
    return STATUS_OK;
}

enum status proof_write_path(const struct merkle_proof *path, struct buffer *buffer)
{
    for (uint32_t i = 0; i < path->count; i++) {
        TRY(base64_write(buffer, hash_view(&path->hashes[i])));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    return STATUS_OK;
}

enum status proof_write(const struct proof *proof, struct buffer *buffer)
{
    assert(proof->index <= INT64_MAX);
    assert(proof->path.count <= MERKLE_PROOF_COUNT_MAX);
    assert(proof->checkpoint.size > 0);

    OWNED(buffer_release) struct buffer head;
    buffer_init(&head, HEAD_SIZE_MAX);
    TRY(buffer_append(&head, HEADER));
    TRY(buffer_append_format(&head, "\nindex %" PRIu64 "\n", proof->index));
    TRY(proof_write_path(&proof->path, &head));
    TRY(buffer_append_byte(&head, '\n'));

    /* All of the room first, so that a full buffer is left as it was. */
    char *room;
    TRY(buffer_reserve(buffer, head.size + proof->checkpoint.size, &room));
    TRY(buffer_append(buffer, buffer_view(&head)));
    return buffer_append(buffer, proof->checkpoint);
}
