/*
 * Audit: re-derive everything that a ledger stores, and compare.
 *
 * Two independent passes, both streaming: memory does not grow with the ledger.
 *
 *   audit_tree      every leaf hash and inner node, and for every stored checkpoint its signature
 *                   and its root as the tree had it at that size
 *   audit_entries   every entry: its bytes against the signed root, then the caller's own checks,
 *                   prepared on all cores and applied in order
 *
 * audit_entries reads in chunks. For each chunk `prepare` runs on every entry, on any thread and in
 * any order (parsing, signatures); then `apply` runs on every entry in the order of the scan, on
 * the calling thread (rules, which depend on what came before). The next chunk is prepared while
 * the last one is applied.
 */
#pragma once

#include "ledger/ledger.h"

#include <stdint.h>

/* What was checked, for the report. Each pass sets its own part, on success. */
struct audit_counts {
    uint64_t entries;     /* by audit_entries */
    uint64_t nodes;       /* by audit_tree */
    uint64_t checkpoints; /* by audit_tree */
    uint64_t attachments; /* by audit_tree: undamaged, and cosignatures verified */
    uint64_t unusable;    /* of those: cosignatures of a type that this program cannot verify */
};

/*
 * Called now and then with how many entries are done, for a progress display; `total` is 0 when it
 * is not known. May be NULL.
 */
typedef void audit_progress(void *context, uint64_t done, uint64_t total);

/*
 * Checks structure, identity, nodes and checkpoints, all at one moment: the ledger moves to its
 * newest checkpoint first, as by ledger_begin. Rows that no checkpoint covers are refused.
 *
 * Errors  STATUS_UNTRUSTED naming the first thing that is wrong; the store's.
 */
enum status audit_tree(struct ledger *ledger, unsigned thread_count, struct audit_counts *counts,
                       struct failure *failure);

/* As audit_tree, at the moment that the caller has chosen by ledger_begin, and ends. */
enum status audit_tree_begun(struct ledger *ledger, unsigned thread_count,
                             struct audit_counts *counts, struct failure *failure);

/*
 * How the caller checks entries. `prepare` must touch nothing that `apply` changes while a chunk
 * is under way; `ret_prepared` is handed to `apply`, which owns it even when it fails, or to
 * `discard` when an error ends the audit before. `discard` is not called for NULL, and may be NULL.
 * An entry is a view that stays valid until it was applied or discarded. Before `apply` it was
 * found under the signed root; before `prepare` it was not.
 */
struct audit_visitor {
    enum status (*prepare)(void *context, const struct store_entry *entry, void **ret_prepared,
                           struct failure *failure);
    enum status (*apply)(void *context, const struct store_entry *entry, void *prepared,
                         struct failure *failure);
    void (*discard)(void *context, void *prepared);
    audit_progress *progress;
    void *context;
};

/*
 * Visits the entries of `scan` that lie below the ledger's size.
 *
 * When several entries of a chunk fail, the failure of the first in the order of the scan is told:
 * the result does not depend on the number of threads.
 *
 * Shapes  thread_count >= 1.
 * Errors  STATUS_UNTRUSTED when bytes are not those under the signed root, or an entry is missing;
 *         the visitor's.
 */
enum status audit_entries(struct ledger *ledger, struct store_scan scan, unsigned thread_count,
                          const struct audit_visitor *visitor, struct audit_counts *counts,
                          struct failure *failure);
