#include "ledger/attached.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <stdio.h>

#define HEAD_SIZE_MAX 40 /* a size, a space, a kind and a newline */

static const char *const KINDS[ATTACHMENT_KIND_MAX + 1] = {
    [ATTACHMENT_COSIGNATURE] = "cosignature",
    [ATTACHMENT_TIMESTAMP] = "timestamp",
    [ATTACHMENT_REVOCATIONS] = "crl",
};

static void attachment_path(uint64_t number, char ret_path[static ATTACHED_PATH_SIZE])
{
    (void)snprintf(ret_path, ATTACHED_PATH_SIZE, "utfall/attachment/%" PRIu64, number);
}

static void checkpoint_path(uint64_t size, char ret_path[static ATTACHED_PATH_SIZE])
{
    (void)snprintf(ret_path, ATTACHED_PATH_SIZE, "utfall/checkpoint/%" PRIu64, size);
}

/* --- Publishing --- */

struct attached_run {
    struct ledger *ledger;
    const struct publish_sink *sink;
    uint64_t number;
    struct buffer file;
    struct buffer note;
};

static void attached_run_release(struct attached_run *run)
{
    buffer_release(&run->file);
    buffer_release(&run->note);
}

static enum status put_checkpoint(struct attached_run *run, uint64_t size, struct failure *failure)
{
    char path[ATTACHED_PATH_SIZE];
    checkpoint_path(size, path);
    buffer_clear(&run->note);
    TRY(store_read_checkpoint(ledger_store(run->ledger), size, &run->note, failure));
    return run->sink->put(run->sink->context, path, buffer_view(&run->note), failure);
}

/* The checkpoint comes first: an attachment that is there is about one that is there. */
static enum status put_attachment(void *context, const struct store_attachment *attachment,
                                  struct failure *failure)
{
    struct attached_run *run = context;
    TRY(put_checkpoint(run, attachment->checkpoint_size, failure));
    char path[ATTACHED_PATH_SIZE];
    attachment_path(run->number, path);
    buffer_clear(&run->file);
    if (buffer_append_format(&run->file, "%" PRIu64 " %s\n", attachment->checkpoint_size,
                             KINDS[attachment->kind]) != STATUS_OK ||
        buffer_append(&run->file, attachment->bytes) != STATUS_OK) {
        return fail_memory(failure);
    }
    run->number += 1;
    return run->sink->put(run->sink->context, path, buffer_view(&run->file), failure);
}

enum status attached_publish(struct ledger *ledger, const struct publish_sink *sink,
                             struct failure *failure)
{
    OWNED(attached_run_release) struct attached_run run = {.ledger = ledger, .sink = sink};
    buffer_init(&run.file, HEAD_SIZE_MAX + ATTACHMENT_SIZE_MAX);
    buffer_init(&run.note, CHECKPOINT_SIZE_MAX);
    return ledger_each_attachment(ledger, STORE_NONE, ATTACHMENT_ANY, put_attachment, &run,
                                  failure);
}

/* --- Reading --- */

void attached_init(struct attached *attached)
{
    buffer_init(&attached->file, HEAD_SIZE_MAX + ATTACHMENT_SIZE_MAX);
}

void attached_release(struct attached *attached)
{
    buffer_release(&attached->file);
}

static enum store_attachment_kind kind_of(struct view word)
{
    for (int kind = 1; kind <= ATTACHMENT_KIND_MAX; kind++) {
        if (view_is(word, KINDS[kind])) {
            return (enum store_attachment_kind)kind;
        }
    }
    return ATTACHMENT_ANY;
}

static enum status parse(struct view file, struct store_attachment *ret_attachment)
{
    struct view line;
    if (!text_cut_line(&file, &line)) {
        return STATUS_INVALID;
    }
    const char *space = memchr(line.data, ' ', line.size);
    if (space == NULL || file.size == 0 || file.size > ATTACHMENT_SIZE_MAX) {
        return STATUS_INVALID;
    }
    struct view size = {line.data, (size_t)(space - line.data)};
    struct view kind = {space + 1, line.size - size.size - 1};
    TRY(decimal_u64_read(size, INT64_MAX, &ret_attachment->checkpoint_size));
    ret_attachment->kind = kind_of(kind);
    ret_attachment->bytes = file;
    return STATUS_OK;
}

enum status attached_read(const struct tiles_source *source, uint64_t number,
                          struct attached *attached, struct failure *failure)
{
    char path[ATTACHED_PATH_SIZE];
    attachment_path(number, path);
    if (number >= ATTACHED_COUNT_MAX) {
        return fail(failure, STATUS_LIMIT, path, "more than %d attachments are published",
                    ATTACHED_COUNT_MAX);
    }
    buffer_clear(&attached->file);
    TRY(source->fetch(source->context, path, &attached->file, failure));
    if (parse(buffer_view(&attached->file), &attached->attachment) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, path,
                    "expected a size, a kind, a newline and the attachment");
    }
    return STATUS_OK;
}

enum status attached_read_checkpoint(const struct tiles_source *source, uint64_t size,
                                     struct buffer *ret_note, struct failure *failure)
{
    char path[ATTACHED_PATH_SIZE];
    checkpoint_path(size, path);
    buffer_clear(ret_note);
    enum status status = source->fetch(source->context, path, ret_note, failure);
    if (status == STATUS_NOT_FOUND) {
        return fail(failure, STATUS_UNTRUSTED, path,
                    "it is missing, and an attachment is published that is about it");
    }
    return status;
}
