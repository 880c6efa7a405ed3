/*
 * SQLite internals: what the files of the SQLite store share. Included by nobody else.
 *
 *   sqlite.c          opening, creating, closing; the lock; the table of operations
 *   sqlite_query.c    prepared statements, typed columns, and what an error of SQLite means
 *   sqlite_schema.c   the fixed schema, and the check of the container
 *   sqlite_read.c     reading
 *   sqlite_append.c   writing
 *   sqlite_import.c   writing a copy of a ledger from elsewhere
 *   sqlite_attach.c   attachments
 */
#pragma once

#include "ledger/base/ownership.h"
#include "ledger/store/sqlite.h"

#include <sqlite3.h>

/* Statements that are prepared once for each connection; their text is in sqlite_query.c. */
enum sqlite_statement {
    SQL_BEGIN,
    SQL_BEGIN_WRITING,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_IDENTITY,
    SQL_LATEST,
    SQL_ENTRY,
    SQL_FIND,
    SQL_HEAD,
    SQL_SCAN_ALL,
    SQL_SCAN_SUBJECT,
    SQL_SCAN_PREFIX_BY_INDEX,
    SQL_SCAN_PREFIX_BY_SUBJECT,
    SQL_NODE,
    SQL_NODES,
    SQL_SCAN_NODES,
    SQL_SCAN_CHECKPOINTS,
    SQL_SIZES,
    SQL_CHECKPOINT,
    SQL_SCAN_ATTACHMENTS,
    SQL_SCAN_ATTACHMENTS_OF,
    SQL_FIND_ATTACHMENT,
    SQL_COUNT_ATTACHMENTS,
    SQL_FORMAT,
    SQL_INSERT_IDENTITY,
    SQL_INSERT_ENTRY,
    SQL_INSERT_NODE,
    SQL_INSERT_CHECKPOINT,
    SQL_INSERT_ATTACHMENT,
    SQL_STATEMENT_COUNT,
};

struct sqlite_store {
    struct store base; /* first: see store_operations */
    sqlite3 *database;
    char *path; /* resolved, so that every name of a file leads to one FILE.lock */
    sqlite3_stmt *statements[SQL_STATEMENT_COUNT]; /* idle ones; NULL while in use */
    int lock_file;                                 /* -1 when the lock is not held */
    uint32_t lock_wait_ms;
    bool writable;
    bool reading; /* between begin and end */
    bool created; /* by this handle, and nothing was appended yet */
    bool staged;  /* the identity below goes with the first batch */
    struct buffer staged_origin;
    struct buffer staged_vkey;
};

static inline struct sqlite_store *sqlite_store(struct store *store)
{
    return (struct sqlite_store *)store;
}

/* A statement in use; given back by sqlite_query_end. */
struct sqlite_query {
    struct sqlite_store *store;
    enum sqlite_statement name;
    sqlite3_stmt *statement;
};

/*
 * Takes a statement out of the cache, or prepares one: also when the same statement is already in
 * use, so that scans may nest.
 */
enum status sqlite_query_begin(struct sqlite_store *store, enum sqlite_statement name,
                               struct sqlite_query *ret_query, struct failure *failure);
void sqlite_query_end(struct sqlite_query *query);

/* Steps to the next row; `*ret_row` is false after the last one. */
enum status sqlite_query_step(struct sqlite_query *query, bool *ret_row, struct failure *failure);

/* Binds parameters, numbered from 1. Views are borrowed until the query ends. */
enum status sqlite_bind_integer(struct sqlite_query *query, int parameter, uint64_t value,
                                struct failure *failure);
enum status sqlite_bind_text(struct sqlite_query *query, int parameter, struct view text,
                             struct failure *failure);
enum status sqlite_bind_blob(struct sqlite_query *query, int parameter, struct view bytes,
                             struct failure *failure);

/* Read columns, numbered from 0; false when type or size are wrong (promise 7). */
bool sqlite_column_integer(struct sqlite_query *query, int column, uint64_t *ret_value);
bool sqlite_column_hash(struct sqlite_query *query, int column, struct hash *ret_hash);
bool sqlite_column_text(struct sqlite_query *query, int column, size_t size_max,
                        struct view *ret_text);
bool sqlite_column_blob(struct sqlite_query *query, int column, size_t size_max,
                        struct view *ret_bytes);

/* Runs a statement without parameters to its first row, and does not look at that. */
enum status sqlite_step(struct sqlite_store *store, enum sqlite_statement name,
                        struct failure *failure);

/* Ends a transaction without its changes; some errors have done so already. */
void sqlite_rollback(struct sqlite_store *store);

/* Runs SQL that is needed once, and returns nothing. */
enum status sqlite_run(struct sqlite_store *store, const char *sql, struct failure *failure);

/* Says what an error code of SQLite means to the caller and to a person. */
enum status sqlite_fail(const struct sqlite_store *store, int code, struct failure *failure);

/* Creates tables, index and triggers, and marks the file as a ledger. */
enum status sqlite_schema_create(struct sqlite_store *store, struct failure *failure);

/* Errors: STATUS_UNTRUSTED unless the file is a ledger of a version that we know, with exactly its
 * schema. */
enum status sqlite_schema_check(struct sqlite_store *store, struct failure *failure);

/* The format version that the file says it has, at this moment. */
enum status sqlite_schema_version(struct sqlite_store *store, uint64_t *ret_version,
                                  struct failure *failure);

/* Brings a ledger of an earlier version to this one; only adds. The lock is held. */
enum status sqlite_schema_upgrade(struct sqlite_store *store, struct failure *failure);

/* Format versions: the first, and the first with attachments, which is the one we write. */
#define SQLITE_FORMAT_FIRST 1
#define SQLITE_FORMAT_ATTACHMENTS 2

/* Runs `write` in a transaction, and COMMITs or rolls back. The lock is held. */
enum status sqlite_transact(struct sqlite_store *store,
                            enum status (*write)(struct sqlite_store *, const void *,
                                                 struct failure *),
                            const void *context, struct failure *failure);

/* The index of the entry of an id, or STORE_NONE. */
enum status sqlite_lookup(struct sqlite_store *store, const struct hash *id, uint64_t *ret_index,
                          struct failure *failure);

/* The entries that there are. Errors: STATUS_UNTRUSTED when rows and checkpoint differ in it. */
enum status sqlite_read_size(struct sqlite_store *store, uint64_t *ret_size,
                             struct failure *failure);

/* Rows of one commit. */
enum status sqlite_insert_identity(struct sqlite_store *store, struct failure *failure);
enum status sqlite_insert_entry(struct sqlite_store *store, const struct store_entry *entry,
                                struct failure *failure);
enum status sqlite_insert_node(struct sqlite_store *store, const struct store_node *node,
                               struct failure *failure);
enum status sqlite_insert_checkpoint(struct sqlite_store *store, uint64_t size, struct view note,
                                     struct failure *failure);
enum status sqlite_insert_attachment(struct sqlite_store *store,
                                     const struct store_attachment *attachment,
                                     struct failure *failure);
enum status sqlite_commit(struct sqlite_store *store, struct failure *failure);

/* Operations of store.h. */
enum status sqlite_read_identity(struct store *base, struct buffer *ret_origin,
                                 struct buffer *ret_vkey, struct failure *failure);
enum status sqlite_read_latest(struct store *base, uint64_t *ret_size, struct buffer *ret_note,
                               struct failure *failure);
enum status sqlite_read_entry(struct store *base, uint64_t index, store_visit_entry *visit,
                              void *context, struct failure *failure);
enum status sqlite_find(struct store *base, const struct hash *id, uint64_t *ret_index,
                        struct failure *failure);
enum status sqlite_head(struct store *base, struct view subject, uint64_t *ret_last_index,
                        struct failure *failure);
enum status sqlite_scan(struct store *base, struct store_scan scan, store_visit_entry *visit,
                        void *context, struct failure *failure);
enum status sqlite_read_node(struct store *base, struct merkle_position at, struct hash *ret_hash,
                             struct failure *failure);
enum status sqlite_read_nodes(struct store *base, struct merkle_position from, size_t count,
                              struct hash *ret_hashes, size_t *ret_count, struct failure *failure);
enum status sqlite_scan_nodes(struct store *base, struct merkle_position from,
                              store_visit_node *visit, void *context, struct failure *failure);
enum status sqlite_scan_checkpoints(struct store *base, store_visit_checkpoint *visit,
                                    void *context, struct failure *failure);
enum status sqlite_read_checkpoint(struct store *base, uint64_t size, struct buffer *ret_note,
                                   struct failure *failure);
enum status sqlite_scan_attachments(struct store *base, uint64_t size,
                                    enum store_attachment_kind kind, store_visit_attachment *visit,
                                    void *context, struct failure *failure);
enum status sqlite_attach(struct store *base, const struct store_attachment *attachment,
                          struct failure *failure);
enum status sqlite_identify(struct store *base, struct view origin, struct view vkey,
                            struct failure *failure);
enum status sqlite_append(struct store *base, const struct store_batch *batch,
                          struct failure *failure);
enum status sqlite_import_begin(struct store *base, uint64_t expected_size,
                                struct failure *failure);
enum status sqlite_import_entry(struct store *base, const struct store_entry *entry,
                                struct failure *failure);
enum status sqlite_import_node(struct store *base, const struct store_node *node,
                               struct failure *failure);
enum status sqlite_import_checkpoint(struct store *base, uint64_t size, struct view note,
                                     struct failure *failure);
enum status sqlite_import_attachment(struct store *base, const struct store_attachment *attachment,
                                     struct failure *failure);
enum status sqlite_import_commit(struct store *base, struct failure *failure);
void sqlite_import_cancel(struct store *base);
enum status sqlite_check_structure(struct store *base, struct failure *failure);
