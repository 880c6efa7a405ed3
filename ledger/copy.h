/*
 * Copy: moves a ledger into another store, with the same identity, entries, nodes, checkpoints and
 * attachments, and so with the same roots.
 *
 * Nodes are computed anew from the entries and not copied. The tree ends with the root that the
 * source's checkpoint signs, or nothing is stored. Whether the source is sound in everything else,
 * its earlier roots and every rule, is an audit's question (audit.h): the caller audits the source
 * before, at the same moment, and the copy after.
 *
 * Afterwards two ledgers have one key. Appending to both is a fork, which nobody here can prevent.
 */
#pragma once

#include "ledger/audit.h"
#include "ledger/ledger.h"
#include "ledger/store/store.h"

#include <stdint.h>

struct copy_counts {
    uint64_t entries;
    uint64_t checkpoints;
    uint64_t attachments;
};

/*
 * Copies what `from` shows at its moment, in one commit. `progress` may be NULL.
 *
 * Shapes  ledger_begin was called for `from`. `to` is another store, open for writing, which takes
 *         imports (store.h); its lock is not held by the caller.
 * Errors  STATUS_CONFLICT when `to` is not empty; STATUS_UNTRUSTED when the source is damaged; the
 *         stores'. Then nothing was stored.
 */
enum status ledger_copy(struct ledger *from, struct store *to, audit_progress *progress,
                        void *context, struct copy_counts *ret_counts, struct failure *failure);
