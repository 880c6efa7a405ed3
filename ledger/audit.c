#include "ledger/audit.h"

#include "ledger/base/ownership.h"
#include "ledger/node_window.h"
#include "ledger/pipeline.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE_SIZE 60
#define PROGRESS_ENTRIES 256

/* The walk over the leaves, from one checkpoint to the next. */
struct tree_walk {
    struct ledger *ledger;
    struct pipeline *pipeline;
    struct merkle_edge edge; /* of the leaves that were walked over */
    uint64_t checkpoints;
    struct node_window *windows; /* one for each level */
    struct failure *failure;
};

static void tree_walk_release(struct tree_walk *walk)
{
    free(walk->windows);
}

static enum status wrong_node(struct merkle_position at, const char *what, struct failure *failure)
{
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "node at level %" PRIu32 ", index %" PRIu64, at.level,
                   at.index);
    return fail(failure, STATUS_UNTRUSTED, where, "%s", what);
}

static enum status wrong_checkpoint(uint64_t size, const char *what, struct failure *failure)
{
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "checkpoint of size %" PRIu64, size);
    return fail(failure, STATUS_UNTRUSTED, where, "%s", what);
}

static enum status walk_read(struct tree_walk *walk, struct merkle_position at,
                             struct hash *ret_hash)
{
    return node_window_read(&walk->windows[at.level], ledger_store(walk->ledger), at, ret_hash,
                            walk->failure);
}

/* Compares each node that the leaves bring about with the stored one. */
static enum status compare_node(void *context, struct merkle_position at, const struct hash *hash)
{
    struct tree_walk *walk = context;
    if (at.level == 0) {
        return STATUS_OK; /* was just read */
    }
    struct hash stored;
    TRY(walk_read(walk, at, &stored));
    if (!hash_equal(&stored, hash)) {
        return wrong_node(at, "the node is not the hash of the nodes below it", walk->failure);
    }
    return STATUS_OK;
}

static enum status walk_to(struct tree_walk *walk, uint64_t size)
{
    while (walk->edge.size < size) { /* bounded by the size of the ledger */
        struct merkle_position at = {.level = 0, .index = walk->edge.size};
        struct hash leaf;
        TRY(walk_read(walk, at, &leaf));
        TRY(merkle_edge_append(&walk->edge, &leaf, compare_node, walk));
    }
    return STATUS_OK;
}

/* Pipeline steps over checkpoints: `index` is the size they are stored under. */
static enum status prepare_checkpoint(void *context, struct pipeline_item *item,
                                      struct failure *failure)
{
    const struct tree_walk *walk = context;
    struct checkpoint checkpoint;
    enum status opened = ledger_open_checkpoint(item->entry.bytes, ledger_log_key(walk->ledger),
                                                &checkpoint, failure);
    if (opened == STATUS_UNTRUSTED) {
        return wrong_checkpoint(item->entry.index, "it is malformed or its signature is wrong",
                                failure);
    }
    TRY(opened);
    if (checkpoint.size != item->entry.index) {
        return wrong_checkpoint(item->entry.index, "it says another size", failure);
    }
    item->hash = checkpoint.root;
    return STATUS_OK;
}

static enum status apply_checkpoint(void *context, struct pipeline_item *item,
                                    struct failure *failure)
{
    struct tree_walk *walk = context;
    uint64_t size = item->entry.index;
    if (size <= walk->edge.size) {
        return wrong_checkpoint(size, "it does not come after the one before it", failure);
    }
    if (size > ledger_size(walk->ledger)) {
        return wrong_checkpoint(size, "it is beyond the latest checkpoint", failure);
    }
    walk->failure = failure;
    TRY(walk_to(walk, size));
    struct hash root = merkle_edge_root(&walk->edge);
    if (!hash_equal(&root, &item->hash)) {
        return wrong_checkpoint(size, "the tree had another root at this size", failure);
    }
    walk->checkpoints += 1;
    return STATUS_OK;
}

static enum status add_checkpoint(void *context, uint64_t size, struct view note,
                                  struct failure *failure)
{
    struct tree_walk *walk = context;
    struct store_entry entry = {.index = size, .subject = VIEW(""), .bytes = note};
    return pipeline_add(walk->pipeline, &entry, failure);
}

/*
 * What was added before a scan failed comes before the failure of the scan: so that is told first,
 * whatever the number of threads.
 */
static enum status finish_scan(struct pipeline *pipeline, enum status scanned,
                               const struct failure *scan_failure, struct failure *failure)
{
    TRY(pipeline_finish(pipeline, failure));
    if (scanned != STATUS_OK && failure != NULL) {
        *failure = *scan_failure;
    }
    return scanned;
}

/* Walks over all checkpoints, and with them over all leaves and the nodes above. */
static enum status check_checkpoints(struct tree_walk *walk, unsigned thread_count,
                                     struct failure *failure)
{
    const struct pipeline_steps steps = {
        .prepare = prepare_checkpoint,
        .apply = apply_checkpoint,
        .context = walk,
    };
    OWNED(pipeline_freep) struct pipeline *pipeline = NULL;
    TRY(pipeline_new(&steps, thread_count, &pipeline, failure));
    walk->pipeline = pipeline;
    struct failure scan_failure = {0};
    enum status scanned =
        store_scan_checkpoints(ledger_store(walk->ledger), add_checkpoint, walk, &scan_failure);
    TRY(finish_scan(pipeline, scanned, &scan_failure, failure));

    struct hash root = merkle_edge_root(&walk->edge);
    if (walk->edge.size != ledger_size(walk->ledger) ||
        !hash_equal(&root, ledger_root(walk->ledger))) {
        return wrong_checkpoint(ledger_size(walk->ledger), "the checkpoints do not lead to it",
                                failure);
    }
    return STATUS_OK;
}

static enum status refuse_node(void *context, const struct store_node *node,
                               struct failure *failure)
{
    (void)context;
    return wrong_node(node->at, "the tree has no such node", failure);
}

/* The walk has met every node of the tree; there are no others. */
static enum status check_levels(struct ledger *ledger, uint64_t *ret_count, struct failure *failure)
{
    uint64_t count = 0;
    for (uint32_t level = 0; level <= MERKLE_HEIGHT_MAX; level++) {
        struct merkle_position end = {.level = level, .index = ledger_size(ledger) >> level};
        TRY(store_scan_nodes_from(ledger_store(ledger), end, refuse_node, NULL, failure));
        count += end.index;
    }
    *ret_count = count;
    return STATUS_OK;
}

static enum status ignore_entry(void *context, const struct store_entry *entry,
                                struct failure *failure)
{
    (void)context;
    (void)entry;
    (void)failure;
    return STATUS_OK;
}

/* Whether there is an entry at an index. */
static enum status has_entry(struct ledger *ledger, uint64_t index, bool *ret_found,
                             struct failure *failure)
{
    struct failure cause = {0};
    enum status read = store_read_entry(ledger_store(ledger), index, ignore_entry, NULL, &cause);
    if (read != STATUS_OK && read != STATUS_NOT_FOUND) {
        if (failure != NULL) {
            *failure = cause;
        }
        return read;
    }
    *ret_found = read == STATUS_OK;
    return STATUS_OK;
}

/* The indexes have no gap (store_check_structure), so the end tells how many entries there are. */
static enum status check_end(struct ledger *ledger, struct failure *failure)
{
    uint64_t size = ledger_size(ledger);
    bool has_last = false;
    bool has_more = false;
    TRY(has_entry(ledger, size - 1, &has_last, failure));
    TRY(has_entry(ledger, size, &has_more, failure));
    if (has_last && !has_more) {
        return STATUS_OK;
    }
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "entry %" PRIu64, has_last ? size : size - 1);
    return fail(failure, STATUS_UNTRUSTED, where, "%s",
                has_last ? "no checkpoint covers this entry" : "the entry is missing");
}

enum status audit_tree_begun(struct ledger *ledger, unsigned thread_count,
                             struct audit_counts *counts, struct failure *failure)
{
    assert(thread_count >= 1);
    TRY(store_check_structure(ledger_store(ledger), failure));
    TRY(check_end(ledger, failure));
    OWNED(tree_walk_release) struct tree_walk walk = {.ledger = ledger};
    merkle_edge_init(&walk.edge);
    walk.windows = calloc(MERKLE_HEIGHT_MAX + 1, sizeof *walk.windows);
    if (walk.windows == NULL) {
        return fail_memory(failure);
    }
    TRY(check_checkpoints(&walk, thread_count, failure));
    uint64_t nodes = 0;
    TRY(check_levels(ledger, &nodes, failure));
    uint64_t attachments = 0;
    uint64_t unusable = 0;
    TRY(ledger_check_attachments(ledger, &attachments, &unusable, failure));
    counts->attachments = attachments;
    counts->unusable = unusable;
    counts->nodes = nodes;
    counts->checkpoints = walk.checkpoints;
    return STATUS_OK;
}

enum status audit_tree(struct ledger *ledger, unsigned thread_count, struct audit_counts *counts,
                       struct failure *failure)
{
    TRY(ledger_begin(ledger, failure));
    enum status status = audit_tree_begun(ledger, thread_count, counts, failure);
    ledger_end(ledger);
    return status;
}

/* One run of audit_entries. */
struct entry_run {
    struct ledger *ledger;
    const struct audit_visitor *visitor;
    struct pipeline *pipeline;
    uint64_t done;
    uint64_t total; /* 0 when it is not known before */
};

static enum status prepare_entry(void *context, struct pipeline_item *item, struct failure *failure)
{
    const struct entry_run *run = context;
    item->hash = hash_leaf(item->entry.bytes);
    return run->visitor->prepare(run->visitor->context, &item->entry, &item->prepared, failure);
}

/* Bytes that the root does not cover are told as such, not as whatever is wrong inside of them. */
static enum status admit_entry(void *context, struct pipeline_item *item, struct failure *failure)
{
    struct entry_run *run = context;
    return ledger_check_leaf(run->ledger, item->entry.index, &item->hash, failure);
}

static enum status apply_entry(void *context, struct pipeline_item *item, struct failure *failure)
{
    struct entry_run *run = context;
    const struct audit_visitor *visitor = run->visitor;
    TRY(visitor->apply(visitor->context, &item->entry, item->prepared, failure));
    run->done += 1;
    if (visitor->progress != NULL && run->done % PROGRESS_ENTRIES == 0) {
        visitor->progress(visitor->context, run->done, run->total);
    }
    return STATUS_OK;
}

static void discard_entry(void *context, struct pipeline_item *item)
{
    const struct entry_run *run = context;
    if (run->visitor->discard != NULL) {
        run->visitor->discard(run->visitor->context, item->prepared);
    }
}

static enum status add_entry(void *context, const struct store_entry *entry,
                             struct failure *failure)
{
    struct entry_run *run = context;
    return pipeline_add(run->pipeline, entry, failure);
}

enum status audit_entries(struct ledger *ledger, struct store_scan scan, unsigned thread_count,
                          const struct audit_visitor *visitor, struct audit_counts *counts,
                          struct failure *failure)
{
    assert(thread_count >= 1);
    struct entry_run run = {
        .ledger = ledger,
        .visitor = visitor,
        .total = scan.kind == STORE_SCAN_ALL ? ledger_size(ledger) : 0,
    };
    const struct pipeline_steps steps = {
        .prepare = prepare_entry,
        .admit = admit_entry,
        .apply = apply_entry,
        .discard = discard_entry,
        .context = &run,
    };
    OWNED(pipeline_freep) struct pipeline *pipeline = NULL;
    TRY(pipeline_new(&steps, thread_count, &pipeline, failure));
    run.pipeline = pipeline;
    struct failure scan_failure = {0};
    enum status scanned = ledger_scan_unchecked(ledger, scan, add_entry, &run, &scan_failure);
    TRY(finish_scan(pipeline, scanned, &scan_failure, failure));
    counts->entries = run.done;
    return STATUS_OK;
}
