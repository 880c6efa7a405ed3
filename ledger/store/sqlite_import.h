/*
 * SQLite import: one commit of any size, written row by row; for a copy of a ledger that comes from
 * elsewhere, where only some checkpoints are known.
 *
 *   sqlite_import_begin -> sqlite_import_entry, sqlite_import_node ... -> sqlite_import_commit
 *                                                                      -> sqlite_import_cancel
 *
 * All promises of store.h hold, but for the bound on a batch: rows that were not committed are on
 * disk and not in memory. Until the commit the same handle reads them, and nobody else does.
 */
#pragma once

#include "ledger/store/sqlite.h"

/*
 * Shapes  the caller holds the lock and reads nothing; `expected_size` as in store_append.
 * Errors  STATUS_CONFLICT when the ledger has another size.
 */
enum status sqlite_import_begin(struct store *store, uint64_t expected_size,
                                struct failure *failure);

/* Entries follow each other; nodes ascend within their level. Errors: as store_append. */
enum status sqlite_import_entry(struct store *store, const struct store_entry *entry,
                                struct failure *failure);
enum status sqlite_import_node(struct store *store, const struct store_node *node,
                               struct failure *failure);

/* A checkpoint of an earlier size, below that of the commit; sizes ascend. */
enum status sqlite_import_checkpoint(struct store *store, uint64_t size, struct view note,
                                     struct failure *failure);

/* Ends the import with the checkpoint over all entries. After a failure it must be cancelled. */
enum status sqlite_import_commit(struct store *store, uint64_t checkpoint_size,
                                 struct view checkpoint, struct failure *failure);

/* Forgets everything since sqlite_import_begin. Harmless after a commit. */
void sqlite_import_cancel(struct store *store);
