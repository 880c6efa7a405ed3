#include "ledger/store/postgres_internal.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_BINARY 1

/*
 * The text of every prepared statement. Scans go on behind the last row that was seen, a page at a
 * time: no cursor, so that other reads fit in between, and constant memory.
 */
#define PAGE "256"
#define ATTACHMENTS_PAGE "32" /* one can be large */
static const char *const STATEMENTS[PG_STATEMENT_COUNT] = {
    [PG_IDENTITY] = "SELECT origin, vkey FROM identity LIMIT 2",
    [PG_LATEST] = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1",
    [PG_ENTRY] = "SELECT idx, id, subject, bytes FROM entry WHERE idx = $1::bigint",
    [PG_FIND] = "SELECT idx FROM entry WHERE id = $1::bytea",
    [PG_HEAD] = "SELECT idx FROM entry WHERE subject = $1::bytea ORDER BY idx DESC LIMIT 1",
    /* $1: the first index to see. $2, $3: the subject or prefix, and the first bytes behind it. */
    [PG_SCAN_ALL] = "SELECT idx, id, subject, bytes FROM entry WHERE idx >= $1::bigint "
                    "ORDER BY idx LIMIT " PAGE,
    [PG_SCAN_SUBJECT] = "SELECT idx, id, subject, bytes FROM entry WHERE subject = $2::bytea "
                        "AND idx >= $1::bigint ORDER BY idx LIMIT " PAGE,
    [PG_SCAN_PREFIX_BY_INDEX] =
        "SELECT idx, id, subject, bytes FROM entry WHERE subject >= $2::bytea "
        "AND ($3::bytea IS NULL OR subject < $3::bytea) AND idx >= $1::bigint "
        "ORDER BY idx LIMIT " PAGE,
    /* $4: the subject of the last row that was seen. */
    [PG_SCAN_PREFIX_BY_SUBJECT] =
        "SELECT idx, id, subject, bytes FROM entry WHERE subject >= $2::bytea "
        "AND ($3::bytea IS NULL OR subject < $3::bytea) AND (subject, idx) >= ($4::bytea, "
        "$1::bigint) ORDER BY subject, idx LIMIT " PAGE,
    [PG_NODE] = "SELECT hash FROM node WHERE level = $1::bigint AND idx = $2::bigint",
    [PG_NODES] = "SELECT idx, hash FROM node WHERE level = $1::bigint AND idx >= $2::bigint "
                 "ORDER BY idx LIMIT $3::bigint",
    [PG_SCAN_CHECKPOINTS] = "SELECT size, note FROM checkpoint WHERE size >= $1::bigint "
                            "ORDER BY size LIMIT " PAGE,
    [PG_CHECKPOINT] = "SELECT note FROM checkpoint WHERE size = $1::bigint",
    /* $1: the first index to see. $2: the size of the checkpoint. */
    [PG_SCAN_ATTACHMENTS] = "SELECT idx, id, size, kind, bytes FROM attachment "
                            "WHERE idx >= $1::bigint ORDER BY idx LIMIT " ATTACHMENTS_PAGE,
    [PG_SCAN_ATTACHMENTS_OF] =
        "SELECT idx, id, size, kind, bytes FROM attachment WHERE idx >= $1::bigint "
        "AND size = $2::bigint ORDER BY idx LIMIT " ATTACHMENTS_PAGE,
    [PG_FIND_ATTACHMENT] = "SELECT idx FROM attachment WHERE id = $1::bytea",
    [PG_COUNT_ATTACHMENTS] = "SELECT count(*), coalesce(max(idx) + 1, 0) FROM attachment",
    [PG_SIZES] = "SELECT (SELECT coalesce(max(idx) + 1, 0) FROM entry), "
                 "(SELECT coalesce(max(size), 0) FROM checkpoint)",

    /* $1: seconds. */
    [PG_TAKE_LEASE] = "UPDATE writer SET epoch = epoch + 1, "
                      "until = clock_timestamp() + $1::bigint * interval '1 second' "
                      "WHERE one = 1 AND until <= clock_timestamp() RETURNING epoch",
    [PG_GIVE_LEASE] = "UPDATE writer SET until = clock_timestamp() "
                      "WHERE one = 1 AND epoch = $1::bigint",
    [PG_KEEP_LEASE] = "UPDATE writer SET "
                      "until = clock_timestamp() + $1::bigint * interval '1 second' "
                      "WHERE one = 1 AND epoch = $2::bigint RETURNING epoch",
    [PG_HOLD_LEASE] = "SELECT epoch FROM writer WHERE one = 1 FOR UPDATE",
    [PG_RENEW_LEASE] = "UPDATE writer SET "
                       "until = clock_timestamp() + $1::bigint * interval '1 second' "
                       "WHERE one = 1",

    /*
     * What commits of this session wait for: how many standbys the setting names (FIRST n, ANY n, a
     * list without a number: 1), and how many of these follow. Source: PostgreSQL 15, 20.6.2.
     */
    [PG_REPLICAS] =
        "SELECT (current_setting('synchronous_commit') IN ('on', 'remote_apply'))::int::bigint, "
        "CASE WHEN names ~ '^\\s*$' THEN 0 ELSE coalesce("
        "substring(names FROM '(?i)^\\s*(?:(?:any|first)\\s+)?(\\d+)\\s*\\(')::bigint, 1) END, "
        "(SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')), "
        "pg_has_role('pg_read_all_stats', 'USAGE')::int::bigint "
        "FROM current_setting('synchronous_standby_names') AS names",

    [PG_INSERT_IDENTITY] = "INSERT INTO identity(one, origin, vkey) "
                           "VALUES(1, $1::bytea, $2::bytea)",
    [PG_INSERT_ENTRIES] = "INSERT INTO entry(idx, id, subject, bytes) SELECT * FROM "
                          "unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[])",
    [PG_INSERT_NODES] = "INSERT INTO node(level, idx, hash) SELECT * FROM "
                        "unnest($1::bigint[], $2::bigint[], $3::bytea[])",
    [PG_INSERT_CHECKPOINT] = "INSERT INTO checkpoint(size, note) VALUES($1::bigint, $2::bytea)",
    [PG_INSERT_CHECKPOINTS] = "INSERT INTO checkpoint(size, note) SELECT * FROM "
                              "unnest($1::bigint[], $2::bytea[])",
    [PG_INSERT_ATTACHMENT] = "INSERT INTO attachment(idx, id, size, kind, bytes) "
                             "VALUES($1::bigint, $2::bytea, $3::bigint, $4::bigint, $5::bytea)",
};

/* --- Parameters --- */

static uint64_t network_order(uint64_t value)
{
    unsigned char bytes[8];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(value >> (56 - 8 * i));
    }
    uint64_t ordered;
    memcpy(&ordered, bytes, sizeof ordered);
    return ordered;
}

static int add(struct postgres_parameters *parameters)
{
    assert(parameters->count < POSTGRES_PARAMETERS_MAX);
    return parameters->count++;
}

void postgres_add_integer(struct postgres_parameters *parameters, uint64_t value)
{
    assert(value <= INT64_MAX);
    int i = add(parameters);
    parameters->integers[i] = network_order(value);
    parameters->values[i] = (const char *)&parameters->integers[i];
    parameters->sizes[i] = 8;
}

void postgres_add_bytes(struct postgres_parameters *parameters, struct view bytes)
{
    assert(bytes.size <= INT32_MAX);
    int i = add(parameters);
    parameters->values[i] = bytes.data;
    parameters->sizes[i] = (int)bytes.size;
}

void postgres_add_null(struct postgres_parameters *parameters)
{
    parameters->values[add(parameters)] = NULL;
}

/* --- What an error means --- */

static bool state_begins(const char *state, const char *start)
{
    return state != NULL && strncmp(state, start, strlen(start)) == 0;
}

bool postgres_is_repeated(const PGresult *result)
{
    return state_begins(PQresultErrorField(result, PG_DIAG_SQLSTATE), "23505");
}

/* Classes of SQLSTATE. Source: PostgreSQL 15, appendix A. */
static enum status meaning(const char *state)
{
    static const struct {
        const char *start;
        enum status status;
    } MEANINGS[] = {
        {"40001", STATUS_CONFLICT},  /* serialization failure */
        {"40P01", STATUS_CONFLICT},  /* deadlock */
        {"55P03", STATUS_CONFLICT},  /* lock not available */
        {"23505", STATUS_CONFLICT},  /* unique violation */
        {"23", STATUS_UNTRUSTED},    /* another constraint of the schema */
        {"42P01", STATUS_UNTRUSTED}, /* a table is missing */
        {"42703", STATUS_UNTRUSTED}, /* a column is missing */
        {"53200", STATUS_MEMORY},
    };
    for (size_t i = 0; i < sizeof MEANINGS / sizeof MEANINGS[0]; i++) {
        if (state_begins(state, MEANINGS[i].start)) {
            return MEANINGS[i].status;
        }
    }
    return STATUS_STORAGE;
}

/* Without the newline that libpq ends its messages with. */
static int first_line(const char *message)
{
    return (int)strcspn(message, "\n");
}

enum status postgres_fail(const struct postgres_store *store, const PGresult *result,
                          struct failure *failure)
{
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (message == NULL) {
        message = PQerrorMessage(store->connection);
    }
    return fail(failure, meaning(state), store->name, "the database says: %.*s%s",
                first_line(message), message,
                state_begins(state, "42501") ? ": the ledger's owner must grant it" : "");
}

/* --- Running --- */

void postgres_result_freep(PGresult **result)
{
    PQclear(*result);
}

const char *postgres_statement_name(enum postgres_statement name)
{
    static const char *const NAMES[PG_STATEMENT_COUNT] = {
        [PG_IDENTITY] = "identity",
        [PG_LATEST] = "latest",
        [PG_ENTRY] = "entry",
        [PG_FIND] = "find",
        [PG_HEAD] = "head",
        [PG_SCAN_ALL] = "scan_all",
        [PG_SCAN_SUBJECT] = "scan_subject",
        [PG_SCAN_PREFIX_BY_INDEX] = "scan_prefix_by_index",
        [PG_SCAN_PREFIX_BY_SUBJECT] = "scan_prefix_by_subject",
        [PG_NODE] = "node",
        [PG_NODES] = "nodes",
        [PG_SCAN_CHECKPOINTS] = "scan_checkpoints",
        [PG_CHECKPOINT] = "checkpoint",
        [PG_SCAN_ATTACHMENTS] = "scan_attachments",
        [PG_SCAN_ATTACHMENTS_OF] = "scan_attachments_of",
        [PG_FIND_ATTACHMENT] = "find_attachment",
        [PG_COUNT_ATTACHMENTS] = "count_attachments",
        [PG_SIZES] = "sizes",
        [PG_TAKE_LEASE] = "take_lease",
        [PG_GIVE_LEASE] = "give_lease",
        [PG_KEEP_LEASE] = "keep_lease",
        [PG_HOLD_LEASE] = "hold_lease",
        [PG_RENEW_LEASE] = "renew_lease",
        [PG_REPLICAS] = "replicas",
        [PG_INSERT_IDENTITY] = "insert_identity",
        [PG_INSERT_ENTRIES] = "insert_entries",
        [PG_INSERT_NODES] = "insert_nodes",
        [PG_INSERT_CHECKPOINT] = "insert_checkpoint",
        [PG_INSERT_CHECKPOINTS] = "insert_checkpoints",
        [PG_INSERT_ATTACHMENT] = "insert_attachment",
    };
    return NAMES[name];
}

enum status postgres_prepare(struct postgres_store *store, enum postgres_statement name,
                             struct failure *failure)
{
    if (store->is_prepared[name]) {
        return STATUS_OK;
    }
    OWNED(postgres_result_freep)
    PGresult *result =
        PQprepare(store->connection, postgres_statement_name(name), STATEMENTS[name], 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) {
        return postgres_fail(store, result, failure);
    }
    store->is_prepared[name] = true;
    return STATUS_OK;
}

enum status postgres_query(struct postgres_store *store, enum postgres_statement name,
                           const struct postgres_parameters *parameters, PGresult **ret_result,
                           struct failure *failure)
{
    static const struct postgres_parameters NONE;
    static const int BINARY[POSTGRES_PARAMETERS_MAX] = {1, 1, 1, 1, 1, 1};
    TRY(postgres_import_flush(store, failure));
    TRY(postgres_prepare(store, name, failure));
    const struct postgres_parameters *given = parameters == NULL ? &NONE : parameters;
    OWNED(postgres_result_freep)
    PGresult *result =
        PQexecPrepared(store->connection, postgres_statement_name(name), given->count,
                       given->values, given->sizes, BINARY, FORMAT_BINARY);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        return postgres_fail(store, result, failure);
    }
    *ret_result = STEAL(result);
    return STATUS_OK;
}

enum status postgres_run(struct postgres_store *store, const char *sql, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = PQexec(store->connection, sql);
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK
               ? STATUS_OK
               : postgres_fail(store, result, failure);
}

/* --- Columns --- */

bool postgres_column_integer(const PGresult *result, int row, int column, uint64_t *ret_value)
{
    if (PQgetisnull(result, row, column) != 0 || PQgetlength(result, row, column) != 8) {
        return false;
    }
    const unsigned char *bytes = (const unsigned char *)PQgetvalue(result, row, column);
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    if (value > INT64_MAX) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool postgres_column_bytes(const PGresult *result, int row, int column, size_t size_max,
                           struct view *ret_bytes)
{
    int size = PQgetlength(result, row, column);
    if (PQgetisnull(result, row, column) != 0 || size < 0 || (size_t)size > size_max) {
        return false;
    }
    *ret_bytes = (struct view){PQgetvalue(result, row, column), (size_t)size};
    return true;
}

bool postgres_column_hash(const PGresult *result, int row, int column, struct hash *ret_hash)
{
    struct view bytes;
    if (!postgres_column_bytes(result, row, column, HASH_SIZE, &bytes) || bytes.size != HASH_SIZE) {
        return false;
    }
    memcpy(ret_hash->bytes, bytes.data, HASH_SIZE);
    return true;
}
