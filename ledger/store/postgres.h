/*
 * PostgreSQL store: a ledger in one schema of a database, for those who outgrow one machine.
 *
 * A ledger is named by a connection URI of libpq and, behind a '#', its name in that database:
 *
 *     postgresql://host/database#norrkoping        ("#ledger" when nothing is said)
 *
 * WRITERS. A lease in the table `writer` keeps others out (promise 4). Taking it raises its epoch;
 * a batch is stored only if the epoch, read under a row lock in the same transaction, is still the
 * caller's. A writer that was paused beyond its lease, cut off or declared dead can therefore
 * commit nothing any more: it gets STATUS_CONFLICT, whatever it believes. Who holds the lease and
 * dies is waited for at most POSTGRES_LEASE_SECONDS.
 *
 * DURABLE means what the server calls it (promise 2): synchronous_commit is at least `on`, which
 * with synchronous_standby_names includes the standby's disk; a server with fsync=off is refused.
 * A commit that the server warns about, as it does when waiting for a standby is cancelled, and one
 * whose answer never came, are STATUS_STORAGE: the ledger must be opened again to learn what
 * happened. Taking the lease is such a commit too, and comes after all that is read then: so what
 * was not confirmed before is, or the lease is not taken.
 *
 * APPEND ONLY. Triggers refuse UPDATE, DELETE and TRUNCATE; docs/operating.md gives the writer a
 * role that could not even without them. Nothing but plain SQL, row locks, these triggers and
 * transactions is used.
 *
 * Source: PostgreSQL 15, chapters 34 (libpq; 34.5 pipeline mode) and 13 (concurrency).
 */
#pragma once

#include "ledger/store/store.h"

#define POSTGRES_LEASE_SECONDS 10
/* How long store_lock waits for another writer, unless set otherwise: longer than a lease. */
#define POSTGRES_LOCK_WAIT_MS 12000

/* Whether a ledger's name means a database: it begins with postgresql:// or postgres://. */
bool postgres_is_url(const char *url);

/*
 * Creates the ledger's schema; closing the store before anything was appended removes it again.
 *
 * Errors  STATUS_CONFLICT when it exists; STATUS_INVALID for a name that is none; STATUS_STORAGE.
 */
enum status postgres_store_create(const char *url, struct store **ret_store,
                                  struct failure *failure);

/*
 * Opens an existing ledger, for appending or read-only.
 *
 * Errors  STATUS_NOT_FOUND when the database has none of this name; STATUS_UNTRUSTED when what is
 *         there is not a ledger or of an unknown version; STATUS_STORAGE.
 */
enum status postgres_store_open(const char *url, bool writable, struct store **ret_store,
                                struct failure *failure);

/* Sets how long store_lock waits for another writer. */
void postgres_store_set_lock_wait(struct store *store, uint32_t wait_ms);
