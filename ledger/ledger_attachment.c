/*
 * The attachments of ledger.h: cosignatures are verified before they are stored and whenever they
 * are read.
 */
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/ledger.h"
#include "ledger/log/cosignature.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE_SIZE 60

/* The line of a note that holds an ML-DSA-44 cosignature; an Ed25519 one is far shorter. */
#define LINE_SIZE_MAX 4096

/* An attached cosignature, taken apart; `line` is a view into the attachment, with its newline. */
struct cosigned {
    struct cosigner cosigner;
    struct view line;
    bool is_usable;
    uint64_t time; /* of a usable one */
};

static enum status malformed(struct failure *failure)
{
    return fail(failure, STATUS_INVALID, "",
                "a cosignature is kept as the witness's vkey and its signature line");
}

/* Verifies `line` under the checkpoint. */
static enum status verify_line(struct view checkpoint, struct cosigned *cosigned,
                               struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    struct note note;
    buffer_init(&bytes, COSIGNED_SIZE_MAX);
    TRY(note_parse(checkpoint, &note, failure));
    TRY(note_write_with_lines(&note, cosigned->line, &bytes, failure));
    TRY(note_parse(buffer_view(&bytes), &note, failure));
    enum status verified = cosignature_verify(&note, &cosigned->cosigner, &cosigned->time);
    if (verified == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (verified != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "", "the cosignature by %s+%08x does not verify",
                    cosigned->cosigner.name, (unsigned int)cosigned->cosigner.id);
    }
    return STATUS_OK;
}

static enum status read_cosigned(struct view checkpoint, struct view bytes,
                                 struct cosigned *ret_cosigned, struct failure *failure)
{
    struct view vkey;
    struct view line;
    if (!text_cut_line(&bytes, &vkey)) {
        return malformed(failure);
    }
    ret_cosigned->line = bytes;
    if (!text_cut_line(&bytes, &line) || bytes.size != 0 || line.size >= LINE_SIZE_MAX) {
        return malformed(failure);
    }
    TRY(cosigner_parse(vkey, &ret_cosigned->cosigner, failure));
    ret_cosigned->is_usable = cosigner_is_usable(&ret_cosigned->cosigner);
    ret_cosigned->time = 0;
    return ret_cosigned->is_usable ? verify_line(checkpoint, ret_cosigned, failure) : STATUS_OK;
}

/* Reads the checkpoint of a size, as it was signed. */
static enum status read_checkpoint(struct ledger *ledger, uint64_t size, struct buffer *bytes,
                                   struct failure *failure)
{
    if (size > 0 && size == ledger_size(ledger)) { /* it was verified when it was loaded */
        buffer_clear(bytes);
        return buffer_append(bytes, ledger_checkpoint(ledger)) == STATUS_OK ? STATUS_OK
                                                                            : fail_memory(failure);
    }
    TRY(store_read_checkpoint(ledger_store(ledger), size, bytes, failure));
    struct checkpoint checkpoint;
    TRY(ledger_open_checkpoint(buffer_view(bytes), ledger_log_key(ledger), &checkpoint, failure));
    return checkpoint.size == size
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, "checkpoint",
                      "the checkpoint stored under size %" PRIu64 " says another size", size);
}

enum status ledger_attach(struct ledger *ledger, const struct store_attachment *attachment,
                          struct failure *failure)
{
    if (attachment->bytes.size == 0 || attachment->bytes.size > ATTACHMENT_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "an attachment has 1 to %d bytes",
                    ATTACHMENT_SIZE_MAX);
    }
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, CHECKPOINT_SIZE_MAX);
    TRY(read_checkpoint(ledger, attachment->checkpoint_size, &checkpoint, failure));
    if (attachment->kind == ATTACHMENT_COSIGNATURE) {
        struct cosigned cosigned;
        TRY(read_cosigned(buffer_view(&checkpoint), attachment->bytes, &cosigned, failure));
    }
    return store_attach(ledger_store(ledger), attachment, failure);
}

enum status ledger_each_attachment(struct ledger *ledger, uint64_t size,
                                   enum store_attachment_kind kind, store_visit_attachment *visit,
                                   void *context, struct failure *failure)
{
    return store_scan_attachments(ledger_store(ledger), size, kind, visit, context, failure);
}

#define PICKED_MAX (NOTE_SIGNATURES_MAX - 1) /* the log's own line is there too */

/* The latest line of one cosigner. */
struct picked {
    char name[NAME_SIZE_MAX + 1];
    uint32_t id;
    uint64_t time;
    size_t size;
    char line[LINE_SIZE_MAX];
};

struct picking {
    struct view checkpoint;
    size_t count;
    struct picked *picked; /* room for PICKED_MAX; NULL before the first */
};

static void picking_release(struct picking *picking)
{
    free(picking->picked);
}

/* Most checkpoints have no cosigner, and the room is large. */
static enum status make_room(struct picking *picking)
{
    if (picking->picked == NULL) {
        picking->picked = calloc(PICKED_MAX, sizeof *picking->picked);
    }
    return picking->picked == NULL ? STATUS_MEMORY : STATUS_OK;
}

/* The place of a cosigner, or the free one after the last. */
static size_t find_picked(const struct picking *picking, const struct cosigner *cosigner)
{
    size_t i = 0;
    while (i < picking->count && (picking->picked[i].id != cosigner->id ||
                                  strcmp(picking->picked[i].name, cosigner->name) != 0)) {
        i++;
    }
    return i;
}

static enum status pick(void *context, const struct store_attachment *attachment,
                        struct failure *failure)
{
    struct picking *picking = context;
    struct cosigned cosigned;
    TRY(read_cosigned(picking->checkpoint, attachment->bytes, &cosigned, failure));
    if (make_room(picking) != STATUS_OK) {
        return fail_memory(failure);
    }
    size_t at = find_picked(picking, &cosigned.cosigner);
    if (at < picking->count && picking->picked[at].time > cosigned.time) {
        return STATUS_OK;
    }
    if (at == PICKED_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the checkpoint has more than %d cosigners",
                    PICKED_MAX);
    }
    struct picked *picked = &picking->picked[at];
    memcpy(picked->name, cosigned.cosigner.name, sizeof picked->name);
    picked->id = cosigned.cosigner.id;
    picked->time = cosigned.time;
    picked->size = cosigned.line.size;
    memcpy(picked->line, cosigned.line.data, cosigned.line.size);
    picking->count += at == picking->count;
    return STATUS_OK;
}

static enum status write_cosigned(const struct picking *picking, struct buffer *buffer,
                                  struct failure *failure)
{
    struct note note;
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, COSIGNED_SIZE_MAX);
    TRY(note_parse(picking->checkpoint, &note, failure));
    for (size_t i = 0; i < picking->count; i++) {
        const struct picked *picked = &picking->picked[i];
        struct view line = {.data = picked->line, .size = picked->size};
        if (buffer_append(&lines, line) != STATUS_OK) {
            return fail_memory(failure);
        }
    }
    return note_write_with_lines(&note, buffer_view(&lines), buffer, failure);
}

enum status ledger_cosigned_checkpoint(struct ledger *ledger, uint64_t size, struct buffer *buffer,
                                       struct failure *failure)
{
    OWNED(picking_release) struct picking picking = {0};
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, CHECKPOINT_SIZE_MAX);
    TRY(read_checkpoint(ledger, size, &checkpoint, failure));
    picking.checkpoint = buffer_view(&checkpoint);
    TRY(ledger_each_attachment(ledger, size, ATTACHMENT_COSIGNATURE, pick, &picking, failure));
    return write_cosigned(&picking, buffer, failure);
}

/* The walk of ledger_check_attachments. */
struct checking {
    struct ledger *ledger;
    struct buffer checkpoint;
    uint64_t size; /* of the checkpoint that is held; 0 for none */
    uint64_t count;
    uint64_t unusable;
};

/* Attachments mostly come in the order of their checkpoints, so one is kept at hand. */
static enum status hold_checkpoint(struct checking *checking, uint64_t size,
                                   struct failure *failure)
{
    if (checking->size == size) {
        return STATUS_OK;
    }
    checking->size = 0;
    TRY(read_checkpoint(checking->ledger, size, &checking->checkpoint, failure));
    checking->size = size;
    return STATUS_OK;
}

static enum status check_cosignature(struct checking *checking,
                                     const struct store_attachment *attachment,
                                     struct failure *failure)
{
    TRY(hold_checkpoint(checking, attachment->checkpoint_size, failure));
    struct cosigned cosigned;
    TRY(read_cosigned(buffer_view(&checking->checkpoint), attachment->bytes, &cosigned, failure));
    checking->unusable += !cosigned.is_usable;
    return STATUS_OK;
}

static enum status check(void *context, const struct store_attachment *attachment,
                         struct failure *failure)
{
    struct checking *checking = context;
    checking->count += 1;
    if (attachment->kind != ATTACHMENT_COSIGNATURE) {
        return STATUS_OK;
    }
    struct failure cause = {0};
    enum status status = check_cosignature(checking, attachment, &cause);
    if (status == STATUS_OK || status == STATUS_MEMORY || status == STATUS_STORAGE) {
        if (status != STATUS_OK && failure != NULL) {
            *failure = cause;
        }
        return status;
    }
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "attachment of the checkpoint of size %" PRIu64,
                   attachment->checkpoint_size);
    return fail(failure, STATUS_UNTRUSTED, where, "%s", cause.reason);
}

enum status ledger_check_attachments(struct ledger *ledger, uint64_t *ret_count,
                                     uint64_t *ret_unusable, struct failure *failure)
{
    struct checking checking = {.ledger = ledger};
    buffer_init(&checking.checkpoint, CHECKPOINT_SIZE_MAX);
    enum status status =
        ledger_each_attachment(ledger, STORE_NONE, ATTACHMENT_ANY, check, &checking, failure);
    buffer_release(&checking.checkpoint);
    TRY(status);
    *ret_count = checking.count;
    *ret_unusable = checking.unusable;
    return STATUS_OK;
}
