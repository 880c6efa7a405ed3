/*
 * Store: where a ledger keeps its bytes, behind promises that every kind of store makes.
 *
 * What is kept, all of it append-only:
 *
 *   entries      index -> (id, subject, bytes); indexes ascend from 0 without a gap
 *   nodes        (level, index) -> hash, for every complete node of the tree
 *   checkpoints  size -> signed note, one for every commit
 *   attachments  index -> (id, size of a checkpoint, kind, bytes): what others said about it later
 *   identity     origin and log vkey, written once
 *
 * A store knows bytes and order. It does not know what an entry says, verifies nothing, and is
 * trusted with nothing: ledger.h checks what it reads against the signed root, and audit.h
 * re-derives everything. `id` and `subject` are chosen by the caller: a name for the entry that is
 * unique in the ledger, and the name of the sequence it belongs to ("contract/norrkoping-2016").
 *
 * The tree does not cover attachments, since they come after the checkpoint that they are about.
 * Each stands for itself, by signatures of its own; its id, the hash of all that is stored of it,
 * only tells damage, and keeps it from being stored twice. One that is missing is not missed here.
 *
 * PROMISES, the same for every store; tests/unit/store_test.c runs them against each:
 *
 *   (1) All or nothing. A batch is stored whole or not at all.
 *   (2) Durable. When store_append returns STATUS_OK the batch survives a crash of the process and
 *       of the machine. (The memory store: for as long as the process lives.)
 *   (3) Compare and swap. A batch is stored only if the ledger has the size the caller read, and
 *       each subject the head the caller read; else STATUS_CONFLICT and nothing changes.
 *   (4) One writer. Between store_lock and store_unlock nobody else can append.
 *   (5) Append only. No call changes or removes what is stored, and the store refuses such changes
 *       from elsewhere as far as it can (SQLite: triggers; PostgreSQL: missing rights).
 *   (6) One moment. Between store_begin and store_end all reads see the same state.
 *   (7) No silent damage. A row that is missing, of a wrong shape or twice there is
 *       STATUS_UNTRUSTED, never a default; failed I/O is STATUS_STORAGE.
 *
 * A store is used by one thread at a time. Views handed to a visitor are valid during the visit.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"
#include "ledger/log/merkle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "No entry": what a subject's head is before its first entry. Indexes stay below 2^63. */
#define STORE_NONE UINT64_MAX

struct store;

struct store_entry {
    uint64_t index;
    struct hash id;
    struct view subject;
    struct view bytes;
};

struct store_node {
    struct merkle_position at;
    struct hash hash;
};

/* What the caller believed when it decided: the last entry of a subject. */
struct store_expectation {
    struct view subject;
    uint64_t last_index; /* STORE_NONE when the subject must not exist yet */
};

/* One commit. */
struct store_batch {
    uint64_t expected_size; /* entries before this batch; the first entry gets this index */
    size_t entry_count;     /* 1 to BATCH_ENTRIES_MAX */
    const struct store_entry *entries;
    size_t node_count;
    const struct store_node *nodes; /* each complete node that the batch brings about */
    size_t expectation_count;
    const struct store_expectation *expectations; /* compared before the first entry */
    uint64_t checkpoint_size;                     /* expected_size + entry_count */
    struct view checkpoint;                       /* the signed note over the new tree */
};

/* What an attachment is; ledger.h says what its bytes are. Numbers are stored: never reused. */
enum store_attachment_kind {
    ATTACHMENT_ANY = 0, /* for reading only */
    ATTACHMENT_COSIGNATURE = 1,
    ATTACHMENT_TIMESTAMP = 2,
    ATTACHMENT_REVOCATIONS = 3,
};
#define ATTACHMENT_KIND_MAX 3

struct store_attachment {
    uint64_t checkpoint_size; /* of a checkpoint that is stored */
    enum store_attachment_kind kind;
    struct view bytes; /* 1 to ATTACHMENT_SIZE_MAX */
};

/* The id of an attachment: SHA-256(0x01 || SHA-256("<size> <kind>\n", decimal) || SHA-256(bytes)).
 */
struct hash store_attachment_id(const struct store_attachment *attachment);

/* Which entries a scan visits. */
enum store_scan_kind {
    STORE_SCAN_ALL,               /* every entry, by index */
    STORE_SCAN_SUBJECT,           /* one subject's entries, by index */
    STORE_SCAN_PREFIX_BY_INDEX,   /* all whose subject starts with `subject`, by index */
    STORE_SCAN_PREFIX_BY_SUBJECT, /* the same, by subject (bytes) and then index */
};

struct store_scan {
    enum store_scan_kind kind;
    struct view subject;
};

/* Visitors return STATUS_OK to go on; anything else ends the scan and is passed on. */
typedef enum status store_visit_entry(void *context, const struct store_entry *entry,
                                      struct failure *failure);
typedef enum status store_visit_node(void *context, const struct store_node *node,
                                     struct failure *failure);
typedef enum status store_visit_checkpoint(void *context, uint64_t size, struct view note,
                                           struct failure *failure);
typedef enum status store_visit_attachment(void *context, const struct store_attachment *attachment,
                                           struct failure *failure);

/*
 * The operations of one kind of store. Every kind's `struct store` begins with a pointer to these.
 * Callers use the store_ functions below.
 */
struct store_operations {
    enum status (*begin)(struct store *, struct failure *);
    void (*end)(struct store *);
    enum status (*lock)(struct store *, struct failure *);
    enum status (*keep)(struct store *, struct failure *); /* NULL: a lock does not run out */
    enum status (*check_replicas)(struct store *, uint32_t, struct failure *); /* NULL: has none */
    void (*unlock)(struct store *);
    enum status (*identify)(struct store *, struct view, struct view, struct failure *);
    enum status (*read_identity)(struct store *, struct buffer *, struct buffer *,
                                 struct failure *);
    enum status (*read_latest)(struct store *, uint64_t *, struct buffer *, struct failure *);
    enum status (*read_entry)(struct store *, uint64_t, store_visit_entry *, void *,
                              struct failure *);
    enum status (*find)(struct store *, const struct hash *, uint64_t *, struct failure *);
    enum status (*head)(struct store *, struct view, uint64_t *, struct failure *);
    enum status (*scan)(struct store *, struct store_scan, store_visit_entry *, void *,
                        struct failure *);
    enum status (*read_node)(struct store *, struct merkle_position, struct hash *,
                             struct failure *);
    enum status (*read_nodes)(struct store *, struct merkle_position, size_t, struct hash *,
                              size_t *, struct failure *);
    enum status (*scan_nodes)(struct store *, struct merkle_position, store_visit_node *, void *,
                              struct failure *);
    enum status (*scan_checkpoints)(struct store *, store_visit_checkpoint *, void *,
                                    struct failure *);
    enum status (*read_checkpoint)(struct store *, uint64_t, struct buffer *, struct failure *);
    enum status (*scan_attachments)(struct store *, uint64_t, enum store_attachment_kind,
                                    store_visit_attachment *, void *, struct failure *);
    enum status (*append)(struct store *, const struct store_batch *, struct failure *);
    enum status (*attach)(struct store *, const struct store_attachment *, struct failure *);
    enum status (*import_begin)(struct store *, uint64_t, struct failure *);
    enum status (*import_entry)(struct store *, const struct store_entry *, struct failure *);
    enum status (*import_node)(struct store *, const struct store_node *, struct failure *);
    enum status (*import_checkpoint)(struct store *, uint64_t, struct view, struct failure *);
    enum status (*import_attachment)(struct store *, const struct store_attachment *,
                                     struct failure *);
    enum status (*import_commit)(struct store *, struct failure *);
    void (*import_cancel)(struct store *);
    enum status (*check_structure)(struct store *, struct failure *);
    void (*close)(struct store *);
};

struct store {
    const struct store_operations *operations;
};

/* Starts and ends a read at one moment (promise 6). Not nested. */
enum status store_begin(struct store *store, struct failure *failure);
void store_end(struct store *store);

/*
 * Takes the right to append (promise 4), waiting a bounded time.
 *
 * Errors  STATUS_CONFLICT when another writer keeps it; STATUS_STORAGE, also for a store that was
 *         opened for reading only.
 */
enum status store_lock(struct store *store, struct failure *failure);
void store_unlock(struct store *store);

/*
 * Says that the caller still lives and wants the lock that it holds. Where a lock can run out, it
 * is said every few seconds; an append says it too.
 *
 * Errors  STATUS_CONFLICT when somebody else has it by now; STATUS_STORAGE.
 */
enum status store_keep(struct store *store, struct failure *failure);

/*
 * Checks that what is acknowledged now is durable (promise 2) on `count` more machines than one.
 *
 * Shapes  count >= 1.
 * Errors  STATUS_INVALID for a store that is on one machine always; STATUS_STORAGE when commits do
 *         not wait for so many, or not so many follow, or the caller may not see it.
 */
enum status store_check_replicas(struct store *store, uint32_t count, struct failure *failure);

/*
 * Gives an empty store its identity. It is stored together with the first batch: a crash before
 * that leaves the store empty.
 *
 * Errors  STATUS_CONFLICT when the store is not empty.
 */
enum status store_identify(struct store *store, struct view origin, struct view vkey,
                           struct failure *failure);

/* Errors: STATUS_NOT_FOUND when the store has no identity; STATUS_UNTRUSTED. */
enum status store_read_identity(struct store *store, struct buffer *ret_origin,
                                struct buffer *ret_vkey, struct failure *failure);

/* Reads the checkpoint of the greatest size. Errors: STATUS_NOT_FOUND when there is none. */
enum status store_read_latest(struct store *store, uint64_t *ret_size, struct buffer *ret_note,
                              struct failure *failure);

/* Visits one entry. Errors: STATUS_NOT_FOUND; the visitor's. */
enum status store_read_entry(struct store *store, uint64_t index, store_visit_entry *visit,
                             void *context, struct failure *failure);

/* Finds an entry by id. Errors: STATUS_NOT_FOUND. */
enum status store_find(struct store *store, const struct hash *id, uint64_t *ret_index,
                       struct failure *failure);

/* The last index of a subject, or STORE_NONE. */
enum status store_head(struct store *store, struct view subject, uint64_t *ret_last_index,
                       struct failure *failure);

/* Visits entries in the order that `scan` says, in constant memory. */
enum status store_scan(struct store *store, struct store_scan scan, store_visit_entry *visit,
                       void *context, struct failure *failure);

/* Errors: STATUS_UNTRUSTED when the node is missing or not 32 bytes. */
enum status store_read_node(struct store *store, struct merkle_position at, struct hash *ret_hash,
                            struct failure *failure);

/*
 * Reads nodes of one level that follow each other, from `from` on: as many as there are up to
 * `count`, and none after one that is missing or not 32 bytes. For walks, which then read the node
 * that was not there by itself, to learn why.
 *
 * Shapes  `ret_hashes` holds `count`; `*ret_count` is how many were read, perhaps 0.
 */
enum status store_read_nodes(struct store *store, struct merkle_position from, size_t count,
                             struct hash *ret_hashes, size_t *ret_count, struct failure *failure);

/* Visits the nodes of one level by ascending index: all of them, or those from `from` on. */
enum status store_scan_nodes(struct store *store, uint32_t level, store_visit_node *visit,
                             void *context, struct failure *failure);
enum status store_scan_nodes_from(struct store *store, struct merkle_position from,
                                  store_visit_node *visit, void *context, struct failure *failure);

/* Visits all checkpoints by ascending size. */
enum status store_scan_checkpoints(struct store *store, store_visit_checkpoint *visit,
                                   void *context, struct failure *failure);

/* Reads the checkpoint of one size. Errors: STATUS_NOT_FOUND when there is none. */
enum status store_read_checkpoint(struct store *store, uint64_t size, struct buffer *ret_note,
                                  struct failure *failure);

/*
 * Visits attachments in the order in which they were stored: those of the checkpoint of `size`, or
 * of all with STORE_NONE; of one kind, or of all with ATTACHMENT_ANY.
 *
 * Errors  STATUS_UNTRUSTED also when one is not the one that its id tells.
 */
enum status store_scan_attachments(struct store *store, uint64_t size,
                                   enum store_attachment_kind kind, store_visit_attachment *visit,
                                   void *context, struct failure *failure);

/*
 * Stores one attachment, durable and append-only as entries are (promises 1, 2 and 5). The caller
 * holds the lock. What is stored already is not stored again: STATUS_OK.
 *
 * Errors  STATUS_NOT_FOUND when there is no checkpoint of that size.
 */
enum status store_attach(struct store *store, const struct store_attachment *attachment,
                         struct failure *failure);

/* Stores one batch (promises 1 to 3). The caller holds the lock. */
enum status store_append(struct store *store, const struct store_batch *batch,
                         struct failure *failure);

/*
 * IMPORT: one commit of any size, written row by row; for a ledger that comes from elsewhere with
 * more than one checkpoint. The caller holds the lock until it ends.
 *
 *   store_import_begin -> store_import_entry, _node, _checkpoint, _attachment ->
 * store_import_commit
 *                                                                           -> store_import_cancel
 *
 * All promises hold, but for the bound on a batch: rows that were not committed are with the
 * database and not in memory. Until the commit the same handle reads them, and nobody else does.
 * After a failure the import must be cancelled. The memory store takes no import.
 */

/*
 * Shapes  the caller reads nothing at one moment; `expected_size` as in store_append.
 * Errors  STATUS_CONFLICT when the ledger has another size.
 */
enum status store_import_begin(struct store *store, uint64_t expected_size,
                               struct failure *failure);

/* Entries follow each other; nodes ascend within their level. Errors: as store_append. */
enum status store_import_entry(struct store *store, const struct store_entry *entry,
                               struct failure *failure);
enum status store_import_node(struct store *store, const struct store_node *node,
                              struct failure *failure);

/* Sizes ascend; the last is that over all entries. */
enum status store_import_checkpoint(struct store *store, uint64_t size, struct view note,
                                    struct failure *failure);

/* After its checkpoint. Errors: as store_attach. */
enum status store_import_attachment(struct store *store, const struct store_attachment *attachment,
                                    struct failure *failure);

/* Errors: STATUS_UNTRUSTED when the last checkpoint is not over all entries; as store_append. */
enum status store_import_commit(struct store *store, struct failure *failure);

/* Forgets everything since store_import_begin. Harmless after a commit. */
void store_import_cancel(struct store *store);

/*
 * Checks the container itself: file structure, schema, triggers, and that nothing is stored which
 * the format does not know.
 *
 * Errors  STATUS_UNTRUSTED naming what is wrong.
 */
enum status store_check_structure(struct store *store, struct failure *failure);

/* Closes and frees. Accepts NULL. For OWNED(store_closep). */
void store_close(struct store *store);
void store_closep(struct store **store);
