#include "ledger/store/postgres.h"

#include "ledger/base/limits.h"
#include "ledger/store/postgres_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IDENTITY_SIZE_MAX 4096
#define SQL_SIZE_MAX 256
#define LOCK_POLL_MS 20

bool postgres_is_url(const char *url)
{
    return strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0;
}

/* --- One moment --- */

static enum status postgres_begin(struct store *base, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(!store->reading);
    /* The moment is that of the first query. */
    TRY(postgres_run(store,
                     "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT version FROM format",
                     failure));
    store->reading = true;
    return STATUS_OK;
}

static void postgres_end(struct store *base)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->reading);
    (void)postgres_run(store, "ROLLBACK", NULL); /* nothing was written */
    store->reading = false;
}

/* --- The lease --- */

static uint64_t now_ms(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000 + (uint64_t)time.tv_nsec / 1000000;
}

static void sleep_ms(long duration)
{
    struct timespec time = {.tv_sec = 0, .tv_nsec = duration * 1000000};
    while (nanosleep(&time, &time) != 0 && errno == EINTR) { /* bounded by the duration */
    }
}

/*
 * Tries once; the epoch stays 0 when another writer has the lease.
 *
 * Standbys receive commits in order. So whoever has taken the lease, confirmed, knows that all it
 * reads is where a commit has to be, also what a writer before it was not told about.
 */
static enum status try_lease(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, POSTGRES_LEASE_SECONDS);
    store->is_warned = false;
    TRY(postgres_query(store, PG_TAKE_LEASE, &parameters, &result, failure));
    if (PQntuples(result) == 0) {
        return STATUS_OK;
    }
    if (!postgres_column_integer(result, 0, 0, &store->epoch)) {
        return fail(failure, STATUS_UNTRUSTED, store->name, "%s is stored in a wrong shape",
                    "the lease of the writer");
    }
    return store->is_warned ? fail(failure, STATUS_STORAGE, store->name,
                                   "the wait for a standby was cancelled in the database: nothing "
                                   "is appended before one confirms what is stored")
                            : STATUS_OK;
}

static enum status take_lease(struct postgres_store *store, uint32_t wait_ms,
                              struct failure *failure)
{
    uint64_t until = now_ms() + wait_ms;
    TRY(try_lease(store, failure));
    while (store->epoch == 0 && now_ms() < until) {
        sleep_ms(LOCK_POLL_MS);
        TRY(try_lease(store, failure));
    }
    return store->epoch != 0
               ? STATUS_OK
               : fail(failure, STATUS_CONFLICT, store->name, "%s is written already", store->name);
}

static void give_lease(struct postgres_store *store)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, store->epoch);
    /* It waits for no standby: what is lost of this runs out by itself. */
    (void)postgres_run(store, "BEGIN; SET LOCAL synchronous_commit TO local", NULL);
    (void)postgres_query(store, PG_GIVE_LEASE, &parameters, &result, NULL);
    (void)postgres_run(store, "COMMIT", NULL);
    store->epoch = 0;
}

/* The row is still the caller's only while it has the caller's epoch. */
static enum status postgres_keep(struct store *base, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    assert(store->epoch != 0);
    postgres_add_integer(&parameters, POSTGRES_LEASE_SECONDS);
    postgres_add_integer(&parameters, store->epoch);
    TRY(postgres_query(store, PG_KEEP_LEASE, &parameters, &result, failure));
    return PQntuples(result) == 1 ? STATUS_OK
                                  : fail(failure, STATUS_CONFLICT, store->name,
                                         "%s is written by another by now", store->name);
}

static enum status postgres_lock(struct store *base, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(!store->reading);
    if (!store->writable) {
        return fail(failure, STATUS_STORAGE, store->name, "%s was opened for reading only",
                    store->name);
    }
    if (store->epoch != 0) {
        return fail(failure, STATUS_CONFLICT, store->name, "%s is written already", store->name);
    }
    TRY(take_lease(store, store->lock_wait_ms, failure));
    enum status status = postgres_schema_upgrade(store, failure);
    if (status != STATUS_OK) {
        give_lease(store);
    }
    return status;
}

static void postgres_unlock(struct store *base)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->epoch != 0);
    give_lease(store);
}

/* --- Closing --- */

/* Whether this handle created the ledger and nobody has appended to it. */
static bool is_unused(struct postgres_store *store)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    return store->created && postgres_query(store, PG_LATEST, NULL, &result, NULL) == STATUS_OK &&
           PQntuples(result) == 0;
}

static void postgres_close(struct store *base)
{
    struct postgres_store *store = postgres_store(base);
    if (store->epoch != 0) {
        give_lease(store);
    }
    if (store->created && take_lease(store, 0, NULL) == STATUS_OK && is_unused(store)) {
        char sql[SQL_SIZE_MAX];
        (void)snprintf(sql, sizeof sql, "DROP SCHEMA \"%s\" CASCADE", store->schema);
        (void)postgres_run(store, sql, NULL);
    }
    PQfinish(store->connection);
    assert(store->import == NULL);
    buffer_release(&store->staged_origin);
    buffer_release(&store->staged_vkey);
    free(store);
}

static const struct store_operations POSTGRES_OPERATIONS = {
    .begin = postgres_begin,
    .end = postgres_end,
    .lock = postgres_lock,
    .keep = postgres_keep,
    .check_replicas = postgres_check_replicas,
    .unlock = postgres_unlock,
    .identify = postgres_identify,
    .read_identity = postgres_read_identity,
    .read_latest = postgres_read_latest,
    .read_entry = postgres_read_entry,
    .find = postgres_find,
    .head = postgres_head,
    .scan = postgres_scan,
    .read_node = postgres_read_node,
    .read_nodes = postgres_read_nodes,
    .scan_nodes = postgres_scan_nodes,
    .scan_checkpoints = postgres_scan_checkpoints,
    .read_checkpoint = postgres_read_checkpoint,
    .scan_attachments = postgres_scan_attachments,
    .append = postgres_append,
    .attach = postgres_attach,
    .import_begin = postgres_import_begin,
    .import_entry = postgres_import_entry,
    .import_node = postgres_import_node,
    .import_checkpoint = postgres_import_checkpoint,
    .import_attachment = postgres_import_attachment,
    .import_commit = postgres_import_commit,
    .import_cancel = postgres_import_cancel,
    .check_structure = postgres_check_structure,
    .close = postgres_close,
};

/* --- Opening --- */

/* A notice is nothing; a warning may mean that a commit is not where it should be. */
static void note_warning(void *context, const PGresult *result)
{
    struct postgres_store *store = context;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (severity != NULL && strcmp(severity, "WARNING") == 0) {
        store->is_warned = true;
    }
}

/* Splits off the ledger's name: lower-case letters, digits, - and _. */
static enum status read_name(const char *url, struct postgres_store *store, struct failure *failure)
{
    const char *mark = strchr(url, '#');
    const char *name = mark == NULL ? "ledger" : mark + 1;
    size_t size = strlen(name);
    if (size == 0 || size > POSTGRES_NAME_MAX || strncmp(name, "pg_", 3) == 0 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") != size) {
        return fail(failure, STATUS_INVALID, "",
                    "a ledger's name in a database is 1 to %d of a-z, 0-9, - and _, and does not "
                    "begin with pg_",
                    POSTGRES_NAME_MAX);
    }
    memcpy(store->schema, name, size + 1);
    return STATUS_OK;
}

/* Durable settings. Whoever opens a ledger must not depend on what the role or database sets. */
static enum status configure(struct postgres_store *store, struct failure *failure)
{
    char sql[SQL_SIZE_MAX];
    (void)snprintf(sql, sizeof sql, "SET search_path TO \"%s\"", store->schema);
    TRY(postgres_run(store, sql, failure));
    TRY(postgres_run(store, "SET lock_timeout = '10s'", failure));
    if (!store->writable) {
        return postgres_run(store, "SET default_transaction_read_only = on", failure);
    }
    TRY(postgres_run(store,
                     "SELECT set_config('synchronous_commit', 'on', false) "
                     "WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')",
                     failure));
    OWNED(postgres_result_freep) PGresult *result = PQexec(store->connection, "SHOW fsync");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return postgres_fail(store, result, failure);
    }
    return strcmp(PQgetvalue(result, 0, 0), "on") == 0
               ? STATUS_OK
               : fail(failure, STATUS_STORAGE, store->name,
                      "the server runs with fsync off: what it acknowledges can be lost");
}

static enum status connect_store(const char *url, struct postgres_store *store,
                                 struct failure *failure)
{
    OWNED(buffer_release) struct buffer uri;
    buffer_init(&uri, IDENTITY_SIZE_MAX);
    size_t size = strcspn(url, "#");
    if (buffer_append(&uri, (struct view){url, size}) != STATUS_OK) {
        return fail(failure, STATUS_LIMIT, "", "the database's URI is too long");
    }
    store->connection = PQconnectdb(uri.data);
    (void)snprintf(store->name, sizeof store->name, "database %s, ledger %s",
                   PQdb(store->connection) == NULL ? "?" : PQdb(store->connection), store->schema);
    if (PQstatus(store->connection) != CONNECTION_OK) {
        return postgres_fail(store, NULL, failure);
    }
    (void)PQsetNoticeReceiver(store->connection, note_warning, store);
    return configure(store, failure);
}

static enum status handle_new(const char *url, bool writable, struct store **ret_store,
                              struct failure *failure)
{
    struct postgres_store *new = calloc(1, sizeof *new);
    if (new == NULL) {
        return fail_memory(failure);
    }
    new->base.operations = &POSTGRES_OPERATIONS;
    new->writable = writable;
    new->lock_wait_ms = POSTGRES_LOCK_WAIT_MS;
    buffer_init(&new->staged_origin, IDENTITY_SIZE_MAX);
    buffer_init(&new->staged_vkey, IDENTITY_SIZE_MAX);
    OWNED(store_closep) struct store *store = &new->base;
    TRY(read_name(url, new, failure));
    TRY(connect_store(url, new, failure));
    *ret_store = STEAL(store);
    return STATUS_OK;
}

enum status postgres_store_open(const char *url, bool writable, struct store **ret_store,
                                struct failure *failure)
{
    OWNED(store_closep) struct store *store = NULL;
    TRY(handle_new(url, writable, &store, failure));
    TRY(postgres_schema_check(postgres_store(store), failure));
    *ret_store = STEAL(store);
    return STATUS_OK;
}

enum status postgres_store_create(const char *url, struct store **ret_store,
                                  struct failure *failure)
{
    OWNED(store_closep) struct store *store = NULL;
    TRY(handle_new(url, true, &store, failure));
    TRY(postgres_schema_create(postgres_store(store), failure));
    postgres_store(store)->created = true;
    *ret_store = STEAL(store);
    return STATUS_OK;
}

void postgres_store_set_lock_wait(struct store *store, uint32_t wait_ms)
{
    assert(store->operations == &POSTGRES_OPERATIONS);
    postgres_store(store)->lock_wait_ms = wait_ms;
}
