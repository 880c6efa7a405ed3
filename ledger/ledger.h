/*
 * Ledger: open, append, read, prove. The log on top of a store.
 *
 * APPEND, and what a crash after each step leaves behind:
 *
 *   1  the caller decides that the entries are allowed          -> nothing happened
 *   2  the new edge, nodes and checkpoint are computed, signed  -> nothing happened
 *   3  the store commits them, comparing size and heads         -> happened
 *   4  the caller is told                                       -> the entry is there all the same
 *
 * The point of no return is step 3. A checkpoint that was signed in step 2 and never committed
 * stays inside the process. If the commit fails the ledger refuses to sign again until it is
 * opened anew: a second signature over the same size could be a fork.
 *
 * INVARIANTS
 *   (1) A checkpoint is signed only for a tree whose every leaf is in the same commit or before it.
 *   (2) The size never decreases, and no index is used twice.
 *   (3) An entry is handed out only after its leaf hash was found under the signed root.
 *   (4) On opening, the root is recomputed from stored nodes and equals the signed one.
 *
 * The ledger knows no contract: bytes, subjects, ids. It is used by one thread at a time.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"
#include "ledger/log/checkpoint.h"
#include "ledger/log/merkle.h"
#include "ledger/log/note.h"
#include "ledger/store/store.h"

#include <stdint.h>

struct ledger;

/*
 * Makes a new ledger in an empty store, with its first entry.
 *
 * Shapes  `log` names the origin; `secret` is its key.
 * Owner   the ledger takes over `store`, also when the call fails.
 * Errors  STATUS_CONFLICT when the store is not empty; STATUS_INVALID when `secret` is not the
 *         key of `log`; the store's.
 */
enum status ledger_create(struct store *store, const struct note_key *log,
                          struct secret_key *secret, const struct store_entry *first,
                          struct ledger **ret_ledger, struct failure *failure);

/*
 * Opens a ledger at its latest checkpoint and checks the root (invariant 4).
 *
 * Owner   the ledger takes over `store`, also when the call fails.
 * Errors  STATUS_NOT_FOUND when nothing was ever stored: the creation was interrupted;
 *         STATUS_UNTRUSTED when identity, checkpoint, nodes or signature do not fit together.
 */
enum status ledger_open(struct store *store, struct ledger **ret_ledger, struct failure *failure);

void ledger_close(struct ledger *ledger);
void ledger_closep(struct ledger **ledger);

const struct note_key *ledger_log_key(const struct ledger *ledger);
uint64_t ledger_size(const struct ledger *ledger);
const struct hash *ledger_root(const struct ledger *ledger);
struct view ledger_checkpoint(const struct ledger *ledger); /* the signed note */
struct store *ledger_store(struct ledger *ledger);          /* for audit.c */

/*
 * Moves to the newest checkpoint, checked as on opening and to be a continuation of the last one;
 * until ledger_end all reads see that moment. One that is still the newest is not checked again.
 * Not nested.
 *
 * Errors  STATUS_UNTRUSTED as for ledger_open, and when the ledger is not a continuation.
 */
enum status ledger_begin(struct ledger *ledger, struct failure *failure);
void ledger_end(struct ledger *ledger);

/* Takes and gives back the right to append; reopens at the newest checkpoint when it is taken. */
enum status ledger_lock(struct ledger *ledger, struct failure *failure);
void ledger_unlock(struct ledger *ledger);

/* Keeps the right to append while nothing is appended: see store_keep. */
enum status ledger_keep(struct ledger *ledger, struct failure *failure);

/* What to append: `index` of the entries is ignored and follows from the size. */
struct ledger_batch {
    size_t entry_count;
    const struct store_entry *entries;
    size_t expectation_count;
    const struct store_expectation *expectations;
};

/*
 * Appends a batch in one commit; the first entry gets index ledger_size() as it was before.
 *
 * Shapes  the caller holds the lock; `secret` belongs to ledger_log_key().
 * Errors  STATUS_CONFLICT when a head or the size has moved, or an id is there already;
 *         STATUS_INVALID when `secret` is another key; STATUS_LIMIT when an entry is too large.
 *         After any other error, STATUS_STORAGE above all, the ledger must be opened again.
 */
enum status ledger_append(struct ledger *ledger, const struct ledger_batch *batch,
                          struct secret_key *secret, struct failure *failure);

/* Visits one entry, after its inclusion was checked (invariant 3). */
enum status ledger_read(struct ledger *ledger, uint64_t index, store_visit_entry *visit,
                        void *context, struct failure *failure);

/* Visits entries below ledger_size() in the order of `scan`, each after its inclusion was checked.
 */
enum status ledger_scan(struct ledger *ledger, struct store_scan scan, store_visit_entry *visit,
                        void *context, struct failure *failure);

/*
 * As ledger_scan, without checking inclusion: for audit.c, which hashes entries on other threads
 * and then asks ledger_check_leaf. The order and the choice of the entries are checked.
 */
enum status ledger_scan_unchecked(struct ledger *ledger, struct store_scan scan,
                                  store_visit_entry *visit, void *context, struct failure *failure);

/*
 * Checks that `leaf` is the leaf hash at `index` under the signed root.
 *
 * Nodes that were found to be under the root are remembered, up to a fixed number: a scan reads
 * about one node for each entry, not one for each level.
 *
 * Shapes  index < ledger_size().
 * Errors  STATUS_UNTRUSTED.
 */
enum status ledger_check_leaf(struct ledger *ledger, uint64_t index, const struct hash *leaf,
                              struct failure *failure);

/*
 * Opens a checkpoint as a ledger stores it: signed by the log and by nobody else.
 *
 * Errors  STATUS_UNTRUSTED, also when it is malformed.
 */
enum status ledger_open_checkpoint(struct view bytes, const struct note_key *log,
                                   struct checkpoint *ret_checkpoint, struct failure *failure);

/* Finds an entry by id; its bytes are not read. Errors: STATUS_NOT_FOUND. */
enum status ledger_find(struct ledger *ledger, const struct hash *id, uint64_t *ret_index,
                        struct failure *failure);

/*
 * The last index of a subject, or STORE_NONE.
 *
 * Errors  STATUS_CONFLICT when the subject has grown beyond ledger_size() since.
 */
enum status ledger_head(struct ledger *ledger, struct view subject, uint64_t *ret_last_index,
                        struct failure *failure);

/* Builds the inclusion proof of an entry under ledger_checkpoint(). Errors: STATUS_NOT_FOUND. */
enum status ledger_prove(struct ledger *ledger, uint64_t index, struct merkle_proof *ret_proof,
                         struct failure *failure);

/* Builds the consistency proof from an earlier size. Errors: STATUS_NOT_FOUND beyond the size. */
enum status ledger_prove_consistency(struct ledger *ledger, uint64_t old_size,
                                     struct merkle_proof *ret_proof, struct failure *failure);

/*
 * ATTACHMENTS: what others said about a checkpoint after it was made, kept beside it (store.h).
 *
 *   ATTACHMENT_COSIGNATURE   "<vkey>\n<signature line>\n": the witness's key, and its line under
 * the checkpoint. With the key it can be verified by itself; whether the witness is trusted is a
 * policy's question (log/policy.h). ATTACHMENT_TIMESTAMP     an RFC 3161 token, and
 *   ATTACHMENT_REVOCATIONS   a revocation list, both as crypto/timestamp.h has them, in DER
 *
 * They are outside of the tree: none of them changes what the ledger says, and losing one is not
 * noticed here. A policy that demands a witness's line notices.
 */

/*
 * Stores an attachment; what is stored already is not stored again.
 *
 * Shapes  the caller holds the lock.
 * Errors  STATUS_NOT_FOUND when there is no checkpoint of that size; STATUS_INVALID or
 *         STATUS_UNTRUSTED when it is a cosignature that is malformed or does not verify;
 *         STATUS_LIMIT beyond ATTACHMENT_SIZE_MAX.
 */
enum status ledger_attach(struct ledger *ledger, const struct store_attachment *attachment,
                          struct failure *failure);

/* Visits the attachments of one checkpoint, or of all with STORE_NONE, in order of arrival. */
enum status ledger_each_attachment(struct ledger *ledger, uint64_t size,
                                   enum store_attachment_kind kind, store_visit_attachment *visit,
                                   void *context, struct failure *failure);

/*
 * Appends the checkpoint of `size` with the cosignatures that are attached to it, its lines sorted
 * by (name, key id): of several by one witness, the latest.
 *
 * Shapes  the buffer has room for COSIGNED_SIZE_MAX.
 * Errors  STATUS_NOT_FOUND; STATUS_UNTRUSTED when an attached cosignature does not verify.
 */
enum status ledger_cosigned_checkpoint(struct ledger *ledger, uint64_t size, struct buffer *buffer,
                                       struct failure *failure);

/*
 * Verifies every attached cosignature, and counts all attachments. Lines of a type that this
 * program cannot verify are counted in `ret_unusable` and not checked.
 *
 * Errors  STATUS_UNTRUSTED naming the checkpoint and the cosigner.
 */
enum status ledger_check_attachments(struct ledger *ledger, uint64_t *ret_count,
                                     uint64_t *ret_unusable, struct failure *failure);
