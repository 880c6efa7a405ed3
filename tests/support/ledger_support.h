/*
 * Ledger support: folders, keys, entries and ledgers for tests. Everything that goes wrong in here
 * fails the test.
 */
#pragma once

#include "ledger/audit.h"
#include "ledger/ledger.h"

#define SUPPORT_PATH_SIZE 200
#define SUPPORT_SUBJECT_COUNT 3

/* Makes an empty folder under $TMPDIR or the system's own; removed by support_remove_folder. */
void support_make_folder(char ret_path[static SUPPORT_PATH_SIZE]);
void support_remove_folder(const char *path);

/* Writes `folder`/`name`. */
void support_path(const char *folder, const char *name, char ret_path[static SUPPORT_PATH_SIZE]);

/* The secret key of a seed of equal bytes, and its Ed25519 verifier key under a name. */
struct secret_key *support_secret(uint8_t seed_byte);
struct note_key support_key(const struct secret_key *secret, const char *name);

/* An opaque entry with its own memory. Its subject is one of SUPPORT_SUBJECT_COUNT, in turns. */
struct support_entry {
    char bytes[64];
    char subject[32];
    struct store_entry entry;
};

/* Makes the `number`-th entry: the same for the same number. */
void support_make_entry(uint64_t number, struct support_entry *ret_entry);

/* Whether an entry is the one of its index, id and subject included. */
bool support_is_entry(const struct store_entry *entry);

/* Creates a ledger in the store with entry 0, under the name "test.example/log". */
struct ledger *support_new_ledger(struct store *store, struct secret_key *secret);

/* Appends the next `count` entries in batches of at most `batch_size`, taking the lock. */
void support_append(struct ledger *ledger, struct secret_key *secret, size_t count,
                    size_t batch_size);

/* Appends the next entries, with the lock held by the caller; gives the status of the append. */
enum status support_try_append(struct ledger *ledger, struct secret_key *secret, size_t count,
                               struct failure *failure);

/* An audit visitor over entries made by support_make_entry; refuses others as untrusted. */
extern const struct audit_visitor SUPPORT_VISITOR;

/* Opens the ledger file read-only and audits all of it. */
enum status support_audit_file(const char *path, unsigned thread_count, struct failure *failure);

/*
 * Changes a ledger file as somebody would who can write it: runs SQL with triggers and checks out
 * of the way, puts the triggers back and closes the file.
 */
void support_forge(const char *path, const char *sql);
