/*
 * The reading half of ledger.h: nothing here needs more of a ledger than its own public functions.
 */
#include "ledger/base/ownership.h"
#include "ledger/ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#define WHERE_SIZE 40

static void write_where(char ret_where[static WHERE_SIZE], uint64_t index)
{
    (void)snprintf(ret_where, WHERE_SIZE, "entry %" PRIu64, index);
}

static enum status not_there(uint64_t index, struct failure *failure)
{
    char where[WHERE_SIZE];
    write_where(where, index);
    return fail(failure, STATUS_NOT_FOUND, where, "the ledger has no entry %" PRIu64, index);
}

/* An entry on its way from the store to the caller's visitor. */
struct checked_visit {
    struct ledger *ledger;
    uint64_t wanted; /* the index, or STORE_NONE for any */
    bool reached;    /* the store had something to visit */
    store_visit_entry *visit;
    void *context;
};

static enum status check_and_visit(void *context, const struct store_entry *entry,
                                   struct failure *failure)
{
    struct checked_visit *checked = context;
    checked->reached = true;
    if (checked->wanted != STORE_NONE && checked->wanted != entry->index) {
        return fail(failure, STATUS_UNTRUSTED, "", "the store gave entry %" PRIu64 " for %" PRIu64,
                    entry->index, checked->wanted);
    }
    struct hash leaf = hash_leaf(entry->bytes);
    TRY(ledger_check_leaf(checked->ledger, entry->index, &leaf, failure));
    return checked->visit(checked->context, entry, failure);
}

enum status ledger_read(struct ledger *ledger, uint64_t index, store_visit_entry *visit,
                        void *context, struct failure *failure)
{
    if (index >= ledger_size(ledger)) {
        return not_there(index, failure);
    }
    struct checked_visit checked = {
        .ledger = ledger, .wanted = index, .visit = visit, .context = context};
    enum status status =
        store_read_entry(ledger_store(ledger), index, check_and_visit, &checked, failure);
    if (status == STATUS_NOT_FOUND && !checked.reached) {
        char where[WHERE_SIZE];
        write_where(where, index);
        return fail(failure, STATUS_UNTRUSTED, where, "the entry is missing");
    }
    return status;
}

/* The store is trusted neither with the order nor with the choice of entries. */
struct scan_guard {
    struct store_scan scan;
    uint64_t size;
    uint64_t count;      /* entries that were passed on */
    bool is_past_end;    /* the scan was ended at the size: not an error */
    uint64_t last_index; /* STORE_NONE before the first entry */
    size_t last_subject_size;
    char last_subject[SUBJECT_SIZE_MAX];
    store_visit_entry *visit;
    void *context;
};

/* Whether the entry belongs into the scan and comes after the one before it. */
static bool guard_accepts(const struct scan_guard *guard, const struct store_entry *entry)
{
    bool is_first = guard->last_index == STORE_NONE;
    bool ascends = is_first || entry->index > guard->last_index;
    struct view last = {.data = guard->last_subject, .size = guard->last_subject_size};
    switch (guard->scan.kind) {
    case STORE_SCAN_ALL:
        return entry->index == guard->count;
    case STORE_SCAN_SUBJECT:
        return ascends && view_equal(entry->subject, guard->scan.subject);
    case STORE_SCAN_PREFIX_BY_INDEX:
        return ascends && view_starts_with(entry->subject, guard->scan.subject);
    case STORE_SCAN_PREFIX_BY_SUBJECT:
        if (!is_first) {
            int order = view_compare(last, entry->subject);
            ascends = order < 0 || (order == 0 && ascends);
        }
        return ascends && view_starts_with(entry->subject, guard->scan.subject);
    }
    return false;
}

static enum status guard_entry(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    struct scan_guard *guard = context;
    bool is_beyond = entry->index >= guard->size;
    if (is_beyond && guard->scan.kind != STORE_SCAN_PREFIX_BY_SUBJECT) {
        guard->is_past_end = true;
        return STATUS_NOT_FOUND; /* ends the scan; taken back in ledger_scan_unchecked */
    }
    if (entry->subject.size > SUBJECT_SIZE_MAX || !guard_accepts(guard, entry)) {
        char where[WHERE_SIZE];
        write_where(where, entry->index);
        return fail(failure, STATUS_UNTRUSTED, where,
                    "an entry before it is missing, or it is not where it belongs");
    }
    guard->last_index = entry->index;
    guard->last_subject_size = entry->subject.size;
    memcpy(guard->last_subject, entry->subject.data, entry->subject.size);
    if (is_beyond) {
        return STATUS_OK; /* appended since; entries of other subjects may follow */
    }
    guard->count += 1;
    return guard->visit(guard->context, entry, failure);
}

enum status ledger_scan_unchecked(struct ledger *ledger, struct store_scan scan,
                                  store_visit_entry *visit, void *context, struct failure *failure)
{
    struct scan_guard guard = {
        .scan = scan,
        .size = ledger_size(ledger),
        .last_index = STORE_NONE,
        .visit = visit,
        .context = context,
    };
    enum status status = store_scan(ledger_store(ledger), scan, guard_entry, &guard, failure);
    if (status == STATUS_NOT_FOUND && guard.is_past_end) {
        status = STATUS_OK;
    }
    TRY(status);
    if (scan.kind == STORE_SCAN_ALL && guard.count != guard.size) {
        char where[WHERE_SIZE];
        write_where(where, guard.count);
        return fail(failure, STATUS_UNTRUSTED, where, "the entry is missing");
    }
    return STATUS_OK;
}

enum status ledger_scan(struct ledger *ledger, struct store_scan scan, store_visit_entry *visit,
                        void *context, struct failure *failure)
{
    struct checked_visit checked = {
        .ledger = ledger, .wanted = STORE_NONE, .visit = visit, .context = context};
    return ledger_scan_unchecked(ledger, scan, check_and_visit, &checked, failure);
}

enum status ledger_find(struct ledger *ledger, const struct hash *id, uint64_t *ret_index,
                        struct failure *failure)
{
    uint64_t index;
    TRY(store_find(ledger_store(ledger), id, &index, failure));
    if (index >= ledger_size(ledger)) {
        return not_there(index, failure);
    }
    *ret_index = index;
    return STATUS_OK;
}

enum status ledger_head(struct ledger *ledger, struct view subject, uint64_t *ret_last_index,
                        struct failure *failure)
{
    uint64_t last_index;
    TRY(store_head(ledger_store(ledger), subject, &last_index, failure));
    if (last_index != STORE_NONE && last_index >= ledger_size(ledger)) {
        return fail(failure, STATUS_CONFLICT, "", "%.*s has moved on", VIEW_ARGS(subject));
    }
    *ret_last_index = last_index;
    return STATUS_OK;
}

/* What a merkle_read needs. */
struct node_reader {
    struct store *store;
    struct failure *failure;
};

static enum status read_node(void *context, struct merkle_position at, struct hash *ret_hash)
{
    const struct node_reader *reader = context;
    return store_read_node(reader->store, at, ret_hash, reader->failure);
}

/* A proof that does not hold is not handed out: whoever got it could not tell whose fault it is. */
static enum status refuse_proof(struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, "proof",
                "the stored tree gives no proof that fits the signed root");
}

enum status ledger_prove(struct ledger *ledger, uint64_t index, struct merkle_proof *ret_proof,
                         struct failure *failure)
{
    uint64_t size = ledger_size(ledger);
    if (index >= size) {
        return not_there(index, failure);
    }
    struct node_reader reader = {.store = ledger_store(ledger), .failure = failure};
    struct merkle_position at = {.level = 0, .index = index};
    struct hash leaf;
    struct merkle_proof proof;
    TRY(read_node(&reader, at, &leaf));
    TRY(merkle_prove_inclusion(index, size, read_node, &reader, &proof));
    if (merkle_verify_inclusion(index, size, &leaf, &proof, ledger_root(ledger)) != STATUS_OK) {
        return refuse_proof(failure);
    }
    *ret_proof = proof;
    return STATUS_OK;
}

enum status ledger_prove_consistency(struct ledger *ledger, uint64_t old_size,
                                     struct merkle_proof *ret_proof, struct failure *failure)
{
    uint64_t size = ledger_size(ledger);
    if (old_size > size) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the ledger has %" PRIu64 " entries, fewer than %" PRIu64, size, old_size);
    }
    if (old_size == 0) {
        *ret_proof = (struct merkle_proof){.count = 0}; /* any tree continues the empty one */
        return STATUS_OK;
    }
    struct node_reader reader = {.store = ledger_store(ledger), .failure = failure};
    struct merkle_edge old_edge;
    struct merkle_proof proof;
    TRY(merkle_edge_load(old_size, read_node, &reader, &old_edge));
    TRY(merkle_prove_consistency(old_size, size, read_node, &reader, &proof));
    struct hash old_root = merkle_edge_root(&old_edge);
    if (merkle_verify_consistency(old_size, &old_root, size, ledger_root(ledger), &proof) !=
        STATUS_OK) {
        return refuse_proof(failure);
    }
    *ret_proof = proof;
    return STATUS_OK;
}
