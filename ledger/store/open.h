/*
 * Open: which kind of store a ledger's name means. Names that begin with postgresql:// are in a
 * database (postgres.h), every other name is a file (sqlite.h).
 */
#pragma once

#include "ledger/store/store.h"

/* Errors: those of sqlite_store_open and postgres_store_open. */
enum status store_open(const char *name, bool writable, struct store **ret_store,
                       struct failure *failure);

/* Sets how long store_lock waits for another writer, for a store that was opened by this name. */
void store_set_lock_wait(const char *name, struct store *store, uint32_t wait_ms);

/* Errors: those of sqlite_store_create and postgres_store_create. */
enum status store_create(const char *name, struct store **ret_store, struct failure *failure);
