#include "ledger/log/checkpoint.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <inttypes.h>

/* Three lines: an origin, 19 digits, 44 characters of base64. */
#define TEXT_SIZE_MAX (NAME_SIZE_MAX + 1 + 19 + 1 + 44 + 1)

/* An origin may contain spaces: the specification only advises against them. */
static bool origin_valid(struct view origin)
{
    if (origin.size == 0 || origin.size > NAME_SIZE_MAX || !utf8_valid(origin)) {
        return false;
    }
    for (size_t i = 0; i < origin.size; i++) {
        if ((unsigned char)origin.data[i] < 0x20) {
            return false;
        }
    }
    return true;
}

enum status checkpoint_parse(struct view text, struct checkpoint *ret_checkpoint,
                             struct failure *failure)
{
    struct checkpoint checkpoint;
    struct view line;
    if (!text_cut_line(&text, &checkpoint.origin) || !origin_valid(checkpoint.origin)) {
        return fail(failure, STATUS_INVALID, "line 1", "an origin is a line of 1 to %d bytes",
                    NAME_SIZE_MAX);
    }
    if (!text_cut_line(&text, &line) ||
        decimal_u64_read(line, INT64_MAX, &checkpoint.size) != STATUS_OK) {
        return fail(failure, STATUS_INVALID, "line 2",
                    "a tree size is a decimal number below 2^63 without leading zeros");
    }
    size_t size;
    if (!text_cut_line(&text, &line) ||
        base64_read(line, HASH_SIZE, checkpoint.root.bytes, &size) != STATUS_OK ||
        size != HASH_SIZE) {
        return fail(failure, STATUS_INVALID, "line 3", "a root is canonical base64 of %d bytes",
                    HASH_SIZE);
    }
    if (text.size != 0) {
        return fail(failure, STATUS_INVALID, "line 4", "extension lines are not accepted");
    }
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

enum status checkpoint_write(const struct checkpoint *checkpoint, struct buffer *buffer)
{
    assert(origin_valid(checkpoint->origin));
    assert(checkpoint->size <= INT64_MAX);

    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_SIZE_MAX);
    TRY(buffer_append(&text, checkpoint->origin));
    TRY(buffer_append_format(&text, "\n%" PRIu64 "\n", checkpoint->size));
    TRY(base64_write(&text, hash_view(&checkpoint->root)));
    TRY(buffer_append_byte(&text, '\n'));
    return buffer_append(buffer, buffer_view(&text));
}

enum status checkpoint_open(struct view bytes, const struct note_key *log,
                            struct checkpoint *ret_checkpoint, struct failure *failure)
{
    struct note note;
    TRY(note_parse(bytes, &note, failure));
    struct checkpoint checkpoint = {.size = 0};
    TRY(checkpoint_parse(note.text, &checkpoint, failure));
    if (!view_is(checkpoint.origin, log->name)) {
        return fail(failure, STATUS_INVALID, "line 1", "the checkpoint is of %.*s, not of %s",
                    VIEW_ARGS(checkpoint.origin), log->name);
    }
    enum status verified = note_verify(&note, log);
    if (verified == STATUS_NOT_FOUND) {
        return fail(failure, STATUS_UNTRUSTED, "", "the checkpoint has no signature by %s+%08x",
                    log->name, (unsigned int)log->id);
    }
    if (verified != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "", "the signature by %s+%08x does not verify",
                    log->name, (unsigned int)log->id);
    }
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

enum status checkpoint_sign(const struct checkpoint *checkpoint, const struct note_key *log,
                            struct secret_key *secret, struct buffer *buffer)
{
    assert(view_is(checkpoint->origin, log->name));

    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_SIZE_MAX);
    TRY(checkpoint_write(checkpoint, &text));
    return note_write_signed(buffer_view(&text), log, secret, buffer);
}
