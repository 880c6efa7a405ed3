/*
 * Memory store: a ledger that lives as long as the process, for tests, with switches that make the
 * nth operation fail. The second implementation of store.h, so that its promises are not SQLite's
 * habits.
 *
 * Several handles can share one memory, as several processes share one file.
 */
#pragma once

#include "ledger/store/store.h"

enum status memory_store_create(struct store **ret_store);

/*
 * Opens one more handle on the memory of `store`, which lives until its last handle is closed.
 *
 * Shapes  all handles of one memory are used by one thread.
 */
enum status memory_store_share(struct store *store, struct store **ret_store);

/*
 * Makes the `countdown`-th operation from now fail with `status`, once; 0 switches it off. Counts
 * every call through store.h except end, unlock and close.
 */
void memory_store_fail_after(struct store *store, uint64_t countdown, enum status status);

/* Makes the store behave as one whose process died in store_append: `stored` or not, the call
 * reports STATUS_STORAGE. */
void memory_store_crash_next_append(struct store *store, bool stored);
