#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/*
 * A batch is two trips to the server. The first opens the transaction, locks the lease's row and
 * reads what the caller believed; the second stores everything and commits. Rows travel as arrays,
 * so that the answers stay few: a pipeline whose answers nobody reads could stop.
 */

static enum status rows_of_entries(const struct store_batch *batch, struct postgres_rows *rows)
{
    TRY(postgres_rows_start_entries(rows));
    for (size_t i = 0; i < batch->entry_count; i++) {
        TRY(postgres_rows_add_entry(rows, &batch->entries[i]));
    }
    return STATUS_OK;
}

static enum status rows_of_nodes(const struct store_batch *batch, struct postgres_rows *rows)
{
    TRY(postgres_rows_start_nodes(rows));
    for (size_t i = 0; i < batch->node_count; i++) {
        TRY(postgres_rows_add_node(rows, &batch->nodes[i]));
    }
    return STATUS_OK;
}

/* --- Pipelines --- */

static bool send(struct postgres_store *store, enum postgres_statement name,
                 const struct postgres_parameters *parameters)
{
    static const struct postgres_parameters NONE;
    static const int BINARY[POSTGRES_PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1};
    assert(store->is_prepared[name]);
    const struct postgres_parameters *given = parameters == NULL ? &NONE : parameters;
    return PQsendQueryPrepared(store->connection, postgres_statement_name(name), given->count,
                               given->values, given->sizes, BINARY, 1) == 1;
}

static bool send_text(struct postgres_store *store, const char *sql)
{
    return PQsendQueryParams(store->connection, sql, 0, NULL, NULL, NULL, NULL, 1) == 1;
}

/* The answer to the next statement of a pipeline. Owner: the caller's. */
static enum status next_result(struct postgres_store *store, PGresult **ret_result,
                               struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = PQgetResult(store->connection);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        return postgres_fail(store, result, failure);
    }
    PGresult *end = PQgetResult(store->connection); /* NULL: the end of this statement */
    assert(end == NULL);
    (void)end;
    *ret_result = STEAL(result);
    return STATUS_OK;
}

/* Reads what is left of a pipeline, and leaves it. False when the connection does not answer. */
static bool end_pipeline(struct postgres_store *store)
{
    int silent = 0;
    bool is_synced = false;
    while (!is_synced && silent < 2) { /* two NULLs in a row: nothing more will come */
        OWNED(postgres_result_freep) PGresult *result = PQgetResult(store->connection);
        silent = result == NULL ? silent + 1 : 0;
        is_synced = PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    }
    return PQexitPipelineMode(store->connection) == 1 && is_synced;
}

static enum status skip_results(struct postgres_store *store, size_t count, struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        OWNED(postgres_result_freep) PGresult *result = NULL;
        TRY(next_result(store, &result, failure));
    }
    return STATUS_OK;
}

/* --- What the caller believed (promises 3 and 4) --- */

static enum status send_questions(struct postgres_store *store, const struct store_batch *batch,
                                  struct failure *failure)
{
    bool is_sent = PQenterPipelineMode(store->connection) == 1 &&
                   send_text(store, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE") &&
                   send(store, PG_HOLD_LEASE, NULL) && send(store, PG_SIZES, NULL);
    for (size_t i = 0; i < batch->expectation_count && is_sent; i++) {
        struct postgres_parameters parameters = {0};
        postgres_add_bytes(&parameters, batch->expectations[i].subject);
        is_sent = send(store, PG_HEAD, &parameters);
    }
    return is_sent && PQpipelineSync(store->connection) == 1 ? STATUS_OK
                                                             : postgres_fail(store, NULL, failure);
}

enum status postgres_check_lease(const struct postgres_store *store, const PGresult *result,
                                 struct failure *failure)
{
    uint64_t epoch;
    if (PQntuples(result) != 1 || !postgres_column_integer(result, 0, 0, &epoch)) {
        return fail(failure, STATUS_UNTRUSTED, store->name, "the lease of the writer is missing");
    }
    return epoch == store->epoch ? STATUS_OK
                                 : fail(failure, STATUS_CONFLICT, store->name,
                                        "another writer has taken over: open the ledger again");
}

static enum status compare_lease(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(next_result(store, &result, failure));
    return postgres_check_lease(store, result, failure);
}

static enum status compare_size(struct postgres_store *store, const struct store_batch *batch,
                                struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(next_result(store, &result, failure));
    uint64_t entries;
    uint64_t signed_size;
    if (PQntuples(result) != 1 || !postgres_column_integer(result, 0, 0, &entries) ||
        !postgres_column_integer(result, 0, 1, &signed_size) || entries != signed_size) {
        return fail(failure, STATUS_UNTRUSTED, store->name,
                    "the number of entries is not that of the latest checkpoint");
    }
    return entries == batch->expected_size
               ? STATUS_OK
               : fail(failure, STATUS_CONFLICT, store->name,
                      "the ledger has %" PRIu64 " entries by now, not %" PRIu64, entries,
                      batch->expected_size);
}

static enum status compare_head(struct postgres_store *store,
                                const struct store_expectation *expected, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(next_result(store, &result, failure));
    uint64_t last_index = STORE_NONE;
    if (PQntuples(result) > 0 && !postgres_column_integer(result, 0, 0, &last_index)) {
        return fail(failure, STATUS_UNTRUSTED, store->name, "%s is stored in a wrong shape",
                    "an index");
    }
    return last_index == expected->last_index
               ? STATUS_OK
               : fail(failure, STATUS_CONFLICT, store->name, "%.*s has moved on",
                      VIEW_ARGS(expected->subject));
}

static enum status read_answers(struct postgres_store *store, const struct store_batch *batch,
                                struct failure *failure)
{
    TRY(skip_results(store, 1, failure)); /* BEGIN */
    TRY(compare_lease(store, failure));
    TRY(compare_size(store, batch, failure));
    for (size_t i = 0; i < batch->expectation_count; i++) {
        TRY(compare_head(store, &batch->expectations[i], failure));
    }
    return STATUS_OK;
}

/* Every level has as many nodes as the size tells, so the next index of each is known. */
static enum status check_nodes(const struct postgres_store *store, const struct store_batch *batch,
                               struct failure *failure)
{
    uint64_t next[MERKLE_HEIGHT_MAX + 1];
    for (uint32_t level = 0; level <= MERKLE_HEIGHT_MAX; level++) {
        next[level] = batch->expected_size >> level;
    }
    for (size_t i = 0; i < batch->node_count; i++) {
        struct merkle_position at = batch->nodes[i].at;
        if (at.level > MERKLE_HEIGHT_MAX || at.index != next[at.level]) {
            return fail(failure, STATUS_UNTRUSTED, store->name,
                        "the node at level %" PRIu32 ", index %" PRIu64 " is not the next one",
                        at.level, at.index);
        }
        next[at.level]++;
    }
    return STATUS_OK;
}

/* --- Storing --- */

static enum status send_rows(struct postgres_store *store, const struct store_batch *batch,
                             struct postgres_rows *entries, struct postgres_rows *nodes,
                             size_t *ret_count, struct failure *failure)
{
    struct postgres_parameters identity = {0};
    struct postgres_parameters entry_rows = {0};
    struct postgres_parameters node_rows = {0};
    struct postgres_parameters checkpoint = {0};
    struct postgres_parameters lease = {0};
    postgres_add_bytes(&identity, buffer_view(&store->staged_origin));
    postgres_add_bytes(&identity, buffer_view(&store->staged_vkey));
    postgres_add_rows(&entry_rows, entries);
    postgres_add_rows(&node_rows, nodes);
    postgres_add_integer(&checkpoint, batch->checkpoint_size);
    postgres_add_bytes(&checkpoint, batch->checkpoint);
    postgres_add_integer(&lease, POSTGRES_LEASE_SECONDS);
    bool is_sent =
        PQenterPipelineMode(store->connection) == 1 &&
        (!store->staged || send(store, PG_INSERT_IDENTITY, &identity)) &&
        send(store, PG_INSERT_ENTRIES, &entry_rows) && send(store, PG_INSERT_NODES, &node_rows) &&
        send(store, PG_INSERT_CHECKPOINT, &checkpoint) && send(store, PG_RENEW_LEASE, &lease) &&
        send_text(store, "COMMIT") && PQpipelineSync(store->connection) == 1;
    *ret_count = store->staged ? 6 : 5;
    return is_sent ? STATUS_OK : postgres_fail(store, NULL, failure);
}

/* Tells which entry an id belongs to already, after the transaction was rolled back. */
static enum status tell_repeated(struct postgres_store *store, const struct store_batch *batch,
                                 struct failure *failure)
{
    for (size_t i = 0; i < batch->entry_count; i++) {
        uint64_t index;
        if (postgres_find(&store->base, &batch->entries[i].id, &index, NULL) == STATUS_OK) {
            return fail(failure, STATUS_CONFLICT, store->name,
                        "the statement is in the ledger already, as entry %" PRIu64, index);
        }
    }
    return fail(failure, STATUS_CONFLICT, store->name,
                "a statement stands twice in what is to be appended");
}

static enum status unconfirmed(const struct postgres_store *store, struct failure *failure)
{
    return fail(failure, STATUS_STORAGE, store->name,
                "the commit was not confirmed: open the ledger again to learn whether it took "
                "place");
}

/*
 * What an error leaves: a statement that failed was rolled back; a COMMIT without an answer, or
 * with a warning, may have taken place.
 */
static enum status store_rows(struct postgres_store *store, const struct store_batch *batch,
                              struct postgres_rows *entries, struct postgres_rows *nodes,
                              struct failure *failure)
{
    size_t count;
    store->is_warned = false;
    enum status status = send_rows(store, batch, entries, nodes, &count, failure);
    if (status == STATUS_OK) {
        status = skip_results(store, count, failure);
    }
    bool is_open = end_pipeline(store);
    return status == STATUS_OK && (!is_open || store->is_warned) ? unconfirmed(store, failure)
                                                                 : status;
}

static enum status append_rows(struct postgres_store *store, const struct store_batch *batch,
                               struct failure *failure)
{
    OWNED(postgres_rows_release) struct postgres_rows entries;
    OWNED(postgres_rows_release) struct postgres_rows nodes;
    postgres_rows_init(&entries);
    postgres_rows_init(&nodes);
    TRY(check_nodes(store, batch, failure));
    if (rows_of_entries(batch, &entries) != STATUS_OK ||
        rows_of_nodes(batch, &nodes) != STATUS_OK) {
        return fail_memory(failure);
    }
    return store_rows(store, batch, &entries, &nodes, failure);
}

static enum status prepare_all(struct postgres_store *store, struct failure *failure)
{
    static const enum postgres_statement NAMES[] = {
        PG_HOLD_LEASE,        PG_SIZES,          PG_HEAD,
        PG_INSERT_IDENTITY,   PG_INSERT_ENTRIES, PG_INSERT_NODES,
        PG_INSERT_CHECKPOINT, PG_RENEW_LEASE,
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        TRY(postgres_prepare(store, NAMES[i], failure));
    }
    return STATUS_OK;
}

enum status postgres_append(struct store *base, const struct store_batch *batch,
                            struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->epoch != 0);
    assert(!store->reading);
    TRY(prepare_all(store, failure));

    enum status status = send_questions(store, batch, failure);
    if (status == STATUS_OK) {
        status = read_answers(store, batch, failure);
    }
    if (!end_pipeline(store) && status == STATUS_OK) {
        status = postgres_fail(store, NULL, failure);
    }
    struct failure told = {0};
    if (status == STATUS_OK) {
        status = append_rows(store, batch, &told);
    }
    if (PQtransactionStatus(store->connection) != PQTRANS_IDLE) {
        (void)postgres_run(store, "ROLLBACK", NULL); /* if this fails, the server does it */
    }
    if (told.status == STATUS_CONFLICT) {
        return tell_repeated(store, batch, failure);
    }
    if (told.status != STATUS_OK && failure != NULL) {
        *failure = told;
    }
    if (status == STATUS_OK) {
        store->staged = false;
        store->created = false;
    }
    return status;
}

/* --- A transaction that takes more than one batch has --- */

static enum status hold_lease(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(postgres_query(store, PG_HOLD_LEASE, NULL, &result, failure));
    return postgres_check_lease(store, result, failure);
}

enum status postgres_begin_writing(struct postgres_store *store, struct failure *failure)
{
    assert(store->epoch != 0);
    assert(!store->reading);
    TRY(postgres_run(store, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", failure));
    enum status status = hold_lease(store, failure);
    return status == STATUS_OK ? STATUS_OK : postgres_end_writing(store, status, failure);
}

static enum status commit(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *renewed = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, POSTGRES_LEASE_SECONDS);
    TRY(postgres_query(store, PG_RENEW_LEASE, &parameters, &renewed, failure));
    store->is_warned = false;
    return postgres_run(store, "COMMIT", NULL) == STATUS_OK && !store->is_warned
               ? STATUS_OK
               : unconfirmed(store, failure);
}

enum status postgres_end_writing(struct postgres_store *store, enum status status,
                                 struct failure *failure)
{
    enum status ended = status == STATUS_OK ? commit(store, failure) : status;
    if (PQtransactionStatus(store->connection) != PQTRANS_IDLE) {
        (void)postgres_run(store, "ROLLBACK", NULL); /* if this fails, the server does it */
    }
    return ended;
}

/* Whether there is anything in the ledger yet. */
static enum status is_empty(struct postgres_store *store, bool *ret_empty, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *sizes = NULL;
    OWNED(postgres_result_freep) PGresult *identity = NULL;
    TRY(postgres_query(store, PG_SIZES, NULL, &sizes, failure));
    TRY(postgres_query(store, PG_IDENTITY, NULL, &identity, failure));
    uint64_t entries;
    *ret_empty =
        postgres_column_integer(sizes, 0, 0, &entries) && entries == 0 && PQntuples(identity) == 0;
    return STATUS_OK;
}

enum status postgres_identify(struct store *base, struct view origin, struct view vkey,
                              struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    bool empty = false;
    TRY(is_empty(store, &empty, failure));
    if (!empty) {
        return fail(failure, STATUS_CONFLICT, store->name, "the ledger has an identity already");
    }
    buffer_clear(&store->staged_origin);
    buffer_clear(&store->staged_vkey);
    TRY(buffer_append(&store->staged_origin, origin));
    TRY(buffer_append(&store->staged_vkey, vkey));
    store->staged = true;
    return STATUS_OK;
}
