/*
 * PostgreSQL internals: what the files of the PostgreSQL store share. Included by nobody else.
 *
 *   postgres.c          opening, creating, closing; the lease; the table of operations
 *   postgres_query.c    prepared statements, parameters, typed columns, and what an error means
 *   postgres_schema.c   the schema, and the check of it
 *   postgres_read.c     reading
 *   postgres_append.c   writing
 *   postgres_attach.c   attachments
 *   postgres_replicas.c whether commits wait for standbys
 *   postgres_rows.c     rows that are sent together
 *   postgres_import.c   writing a ledger that comes from elsewhere
 */
#pragma once

#include "ledger/base/ownership.h"
#include "ledger/store/postgres.h"

#include <libpq-fe.h>

/* Statements that are prepared once for each connection; their text is in postgres_query.c. */
enum postgres_statement {
    PG_IDENTITY,
    PG_LATEST,
    PG_ENTRY,
    PG_FIND,
    PG_HEAD,
    PG_SCAN_ALL,
    PG_SCAN_SUBJECT,
    PG_SCAN_PREFIX_BY_INDEX,
    PG_SCAN_PREFIX_BY_SUBJECT,
    PG_NODE,
    PG_NODES,
    PG_SCAN_CHECKPOINTS,
    PG_CHECKPOINT,
    PG_SCAN_ATTACHMENTS,
    PG_SCAN_ATTACHMENTS_OF,
    PG_FIND_ATTACHMENT,
    PG_COUNT_ATTACHMENTS,
    PG_SIZES,
    PG_TAKE_LEASE,
    PG_GIVE_LEASE,
    PG_KEEP_LEASE,
    PG_HOLD_LEASE,
    PG_RENEW_LEASE,
    PG_REPLICAS,
    PG_INSERT_IDENTITY,
    PG_INSERT_ENTRIES,
    PG_INSERT_NODES,
    PG_INSERT_CHECKPOINT,
    PG_INSERT_CHECKPOINTS,
    PG_INSERT_ATTACHMENT,
    PG_STATEMENT_COUNT,
};

#define POSTGRES_NAME_MAX 40

/* Format versions: the greatest number in the table `format`. Attachments came with the second. */
#define POSTGRES_FORMAT_FIRST 1
#define POSTGRES_FORMAT_ATTACHMENTS 2

struct postgres_store {
    struct store base; /* first: see store_operations */
    PGconn *connection;
    char schema[POSTGRES_NAME_MAX + 1];
    char name[200]; /* for messages: never the URI, which may hold a password */
    bool is_prepared[PG_STATEMENT_COUNT];
    bool is_warned; /* the server warned since this was last set to false */
    uint64_t epoch; /* of the lease that is held; 0: none */
    uint32_t lock_wait_ms;
    bool writable;
    bool reading; /* between begin and end */
    bool created; /* by this handle, and nothing was appended yet */
    bool staged;  /* the identity below goes with the first batch */
    struct buffer staged_origin;
    struct buffer staged_vkey;
    struct postgres_import *import; /* NULL when none is under way */
};

static inline struct postgres_store *postgres_store(struct store *store)
{
    return (struct postgres_store *)store;
}

/*
 * Rows to insert, a column to an array as PostgreSQL's array_recv reads it: few statements carry
 * many rows.
 */
#define POSTGRES_COLUMNS_MAX 4
struct postgres_rows {
    struct buffer arrays[POSTGRES_COLUMNS_MAX];
    size_t column_count;
    uint32_t count;
};

void postgres_rows_init(struct postgres_rows *rows);
void postgres_rows_release(struct postgres_rows *rows); /* for OWNED */

/* Start anew, with rows of a kind. */
enum status postgres_rows_start_entries(struct postgres_rows *rows);
enum status postgres_rows_start_nodes(struct postgres_rows *rows);
enum status postgres_rows_start_checkpoints(struct postgres_rows *rows);

enum status postgres_rows_add_entry(struct postgres_rows *rows, const struct store_entry *entry);
enum status postgres_rows_add_node(struct postgres_rows *rows, const struct store_node *node);
enum status postgres_rows_add_checkpoint(struct postgres_rows *rows, uint64_t size,
                                         struct view note);

/* Parameters of a statement, in binary; views are borrowed until it was sent. */
#define POSTGRES_PARAMETERS_MAX 6
struct postgres_parameters {
    int count;
    const char *values[POSTGRES_PARAMETERS_MAX];
    int sizes[POSTGRES_PARAMETERS_MAX];
    uint64_t integers[POSTGRES_PARAMETERS_MAX]; /* in network order */
};

void postgres_add_integer(struct postgres_parameters *parameters, uint64_t value);
void postgres_add_bytes(struct postgres_parameters *parameters, struct view bytes);
void postgres_add_null(struct postgres_parameters *parameters);

/* Borrows the rows until the parameters were sent; none is added before. */
void postgres_add_rows(struct postgres_parameters *parameters, struct postgres_rows *rows);

void postgres_result_freep(PGresult **result); /* for OWNED */

/*
 * Runs a prepared statement. `parameters` may be NULL.
 *
 * Owner   `*ret_result` is the caller's.
 * Errors  those of postgres_fail.
 */
enum status postgres_query(struct postgres_store *store, enum postgres_statement name,
                           const struct postgres_parameters *parameters, PGresult **ret_result,
                           struct failure *failure);

/* Prepares a statement, so that it can be sent in a pipeline. */
enum status postgres_prepare(struct postgres_store *store, enum postgres_statement name,
                             struct failure *failure);
const char *postgres_statement_name(enum postgres_statement name);

/* Runs SQL that returns nothing. */
enum status postgres_run(struct postgres_store *store, const char *sql, struct failure *failure);

/* Says what went wrong, and what it means to the caller. `result` may be NULL: no answer came. */
enum status postgres_fail(const struct postgres_store *store, const PGresult *result,
                          struct failure *failure);

/* Whether a result failed because a row is there already. */
bool postgres_is_repeated(const PGresult *result);

/* Read columns; false when the value is NULL, negative or of a wrong size (promise 7). */
bool postgres_column_integer(const PGresult *result, int row, int column, uint64_t *ret_value);
bool postgres_column_hash(const PGresult *result, int row, int column, struct hash *ret_hash);
bool postgres_column_bytes(const PGresult *result, int row, int column, size_t size_max,
                           struct view *ret_bytes);

/* Creates the schema with its tables and triggers. Errors: STATUS_CONFLICT when it exists. */
enum status postgres_schema_create(struct postgres_store *store, struct failure *failure);

/* Errors: STATUS_NOT_FOUND without a schema; STATUS_UNTRUSTED when it is not exactly ours. */
enum status postgres_schema_check(struct postgres_store *store, struct failure *failure);

/* Errors: STATUS_UNTRUSTED when this program does not know it. */
enum status postgres_schema_version(struct postgres_store *store, uint64_t *ret_version,
                                    struct failure *failure);

/*
 * Brings a ledger of an older version to the newest, if the role has the right to create tables;
 * else leaves it as it is. The caller holds the lease.
 */
enum status postgres_schema_upgrade(struct postgres_store *store, struct failure *failure);

/* Compares the answer of PG_HOLD_LEASE. Errors: STATUS_CONFLICT when another has taken over. */
enum status postgres_check_lease(const struct postgres_store *store, const PGresult *result,
                                 struct failure *failure);

/* Opens a transaction of the writer: nobody can take the lease over until it ends. */
enum status postgres_begin_writing(struct postgres_store *store, struct failure *failure);

/* Ends it, when `status` is STATUS_OK with a commit that is confirmed. Returns what came of it. */
enum status postgres_end_writing(struct postgres_store *store, enum status status,
                                 struct failure *failure);

/* Operations of store.h. */
enum status postgres_read_identity(struct store *base, struct buffer *ret_origin,
                                   struct buffer *ret_vkey, struct failure *failure);
enum status postgres_read_latest(struct store *base, uint64_t *ret_size, struct buffer *ret_note,
                                 struct failure *failure);
enum status postgres_read_entry(struct store *base, uint64_t index, store_visit_entry *visit,
                                void *context, struct failure *failure);
enum status postgres_find(struct store *base, const struct hash *id, uint64_t *ret_index,
                          struct failure *failure);
enum status postgres_head(struct store *base, struct view subject, uint64_t *ret_last_index,
                          struct failure *failure);
enum status postgres_scan(struct store *base, struct store_scan scan, store_visit_entry *visit,
                          void *context, struct failure *failure);
enum status postgres_read_node(struct store *base, struct merkle_position at, struct hash *ret_hash,
                               struct failure *failure);
enum status postgres_read_nodes(struct store *base, struct merkle_position from, size_t count,
                                struct hash *ret_hashes, size_t *ret_count,
                                struct failure *failure);
enum status postgres_scan_nodes(struct store *base, struct merkle_position from,
                                store_visit_node *visit, void *context, struct failure *failure);
enum status postgres_scan_checkpoints(struct store *base, store_visit_checkpoint *visit,
                                      void *context, struct failure *failure);
enum status postgres_read_checkpoint(struct store *base, uint64_t size, struct buffer *ret_note,
                                     struct failure *failure);
enum status postgres_scan_attachments(struct store *base, uint64_t size,
                                      enum store_attachment_kind kind,
                                      store_visit_attachment *visit, void *context,
                                      struct failure *failure);
enum status postgres_attach(struct store *base, const struct store_attachment *attachment,
                            struct failure *failure);
enum status postgres_check_replicas(struct store *base, uint32_t count, struct failure *failure);
enum status postgres_identify(struct store *base, struct view origin, struct view vkey,
                              struct failure *failure);
enum status postgres_append(struct store *base, const struct store_batch *batch,
                            struct failure *failure);
enum status postgres_insert_attachment(struct postgres_store *store,
                                       const struct store_attachment *attachment,
                                       struct failure *failure);

/* Sends what an import holds back, so that it can be read. */
enum status postgres_import_flush(struct postgres_store *store, struct failure *failure);

enum status postgres_import_begin(struct store *base, uint64_t expected_size,
                                  struct failure *failure);
enum status postgres_import_entry(struct store *base, const struct store_entry *entry,
                                  struct failure *failure);
enum status postgres_import_node(struct store *base, const struct store_node *node,
                                 struct failure *failure);
enum status postgres_import_checkpoint(struct store *base, uint64_t size, struct view note,
                                       struct failure *failure);
enum status postgres_import_attachment(struct store *base,
                                       const struct store_attachment *attachment,
                                       struct failure *failure);
enum status postgres_import_commit(struct store *base, struct failure *failure);
void postgres_import_cancel(struct store *base);
enum status postgres_check_structure(struct store *base, struct failure *failure);
