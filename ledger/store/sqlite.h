/*
 * SQLite store: a ledger in one file.
 *
 * WAL journal with synchronous=FULL: a commit is on disk before it is acknowledged. SQLite before
 * 3.51.3 can corrupt a WAL when two connections write and checkpoint at once, so there is one
 * writer at a time, kept out by an flock() on FILE.lock; readers open read-only and never
 * checkpoint. Tables are STRICT; triggers refuse UPDATE and DELETE, also the hidden ones of INSERT
 * OR REPLACE (which needs recursive_triggers=ON and a trigger on INSERT). They are a seat belt
 * against mistakes: whoever can write the file can drop them, and then the tree tells.
 *
 * The schema is fixed: opening and check_structure compare sqlite_schema with it text by text.
 *
 * A reader leaves empty FILE-wal and FILE-shm behind; the next writer removes them. In a folder
 * where a reader may create no file, one without a FILE-wal is read as a file that nobody changes:
 * if somebody does, what is read then may be refused, but never believed.
 */
#pragma once

#include "ledger/store/store.h"

/* How long store_lock waits for another writer, unless set otherwise. */
#define SQLITE_LOCK_WAIT_MS 10000

/*
 * Creates the file with an empty schema; never overwrites one. Closing the store before anything
 * was appended removes the file again.
 *
 * Errors  STATUS_CONFLICT when the file exists; STATUS_STORAGE.
 */
enum status sqlite_store_create(const char *path, struct store **ret_store,
                                struct failure *failure);

/*
 * Opens an existing file, for appending or read-only.
 *
 * Errors  STATUS_NOT_FOUND when there is no file; STATUS_UNTRUSTED when it is not a ledger or of
 *         an unknown version; STATUS_STORAGE.
 */
enum status sqlite_store_open(const char *path, bool writable, struct store **ret_store,
                              struct failure *failure);

/* Sets how long store_lock waits for another writer. */
void sqlite_store_set_lock_wait(struct store *store, uint32_t wait_ms);
