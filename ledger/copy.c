#include "ledger/copy.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define PROGRESS_ENTRIES 256
#define VKEY_SIZE_MAX 1024

struct copying {
    struct ledger *from;
    struct store *to;
    struct merkle_edge edge;
    struct copy_counts counts;
    uint64_t last_size; /* of the checkpoint that was copied last */
    audit_progress *progress;
    void *context;
    struct failure *failure; /* of the call under way */
};

static enum status copy_node(void *context, struct merkle_position at, const struct hash *hash)
{
    const struct copying *copying = context;
    struct store_node node = {.at = at, .hash = *hash};
    return store_import_node(copying->to, &node, copying->failure);
}

static enum status copy_entry(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    struct copying *copying = context;
    struct hash leaf = hash_leaf(entry->bytes);
    TRY(store_import_entry(copying->to, entry, failure));
    TRY(merkle_edge_append(&copying->edge, &leaf, copy_node, copying));
    copying->counts.entries += 1;
    if (copying->progress != NULL && copying->counts.entries % PROGRESS_ENTRIES == 0) {
        copying->progress(copying->context, copying->counts.entries, ledger_size(copying->from));
    }
    return STATUS_OK;
}

static enum status copy_entries(struct copying *copying, struct failure *failure)
{
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    TRY(ledger_scan(copying->from, all, copy_entry, copying, failure));
    struct hash root = merkle_edge_root(&copying->edge);
    if (copying->edge.size != ledger_size(copying->from) ||
        !hash_equal(&root, ledger_root(copying->from))) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "the entries do not have the root that the checkpoint signs");
    }
    return STATUS_OK;
}

static enum status copy_checkpoint(void *context, uint64_t size, struct view note,
                                   struct failure *failure)
{
    struct copying *copying = context;
    struct checkpoint checkpoint;
    TRY(ledger_open_checkpoint(note, ledger_log_key(copying->from), &checkpoint, failure));
    if (checkpoint.size != size || size > ledger_size(copying->from)) {
        char where[40];
        (void)snprintf(where, sizeof where, "checkpoint of size %" PRIu64, size);
        return fail(failure, STATUS_UNTRUSTED, where, "it is not one of this ledger");
    }
    TRY(store_import_checkpoint(copying->to, size, note, failure));
    copying->counts.checkpoints += 1;
    copying->last_size = size;
    return STATUS_OK;
}

static enum status copy_attachment(void *context, const struct store_attachment *attachment,
                                   struct failure *failure)
{
    struct copying *copying = context;
    TRY(store_import_attachment(copying->to, attachment, failure));
    copying->counts.attachments += 1;
    return STATUS_OK;
}

static enum status copy_rows(struct copying *copying, struct failure *failure)
{
    struct store *from = ledger_store(copying->from);
    copying->failure = failure;
    TRY(copy_entries(copying, failure));
    TRY(store_scan_checkpoints(from, copy_checkpoint, copying, failure));
    if (copying->last_size != ledger_size(copying->from)) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint", "the newest checkpoint is missing");
    }
    TRY(store_scan_attachments(from, STORE_NONE, ATTACHMENT_ANY, copy_attachment, copying,
                               failure));
    return store_import_commit(copying->to, failure);
}

static enum status identify(const struct copying *copying, struct failure *failure)
{
    const struct note_key *log = ledger_log_key(copying->from);
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, VKEY_SIZE_MAX);
    if (note_key_write(log, &vkey) != STATUS_OK) {
        return fail_memory(failure);
    }
    return store_identify(copying->to, view_of(log->name), buffer_view(&vkey), failure);
}

static enum status copy_locked(struct copying *copying, struct failure *failure)
{
    TRY(identify(copying, failure));
    TRY(store_import_begin(copying->to, 0, failure));
    enum status status = copy_rows(copying, failure);
    store_import_cancel(copying->to);
    return status;
}

enum status ledger_copy(struct ledger *from, struct store *to, audit_progress *progress,
                        void *context, struct copy_counts *ret_counts, struct failure *failure)
{
    assert(ledger_store(from) != to);
    struct copying copying = {.from = from, .to = to, .progress = progress, .context = context};
    merkle_edge_init(&copying.edge);
    TRY(store_lock(to, failure));
    enum status status = copy_locked(&copying, failure);
    store_unlock(to);
    TRY(status);
    *ret_counts = copying.counts;
    return STATUS_OK;
}
