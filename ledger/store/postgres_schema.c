#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_VERSION 2 /* 1 had no attachments, and was never released */
#define SQL_SIZE_MAX 8192

/* Bytes are compared as bytes: no collation has a say in names. */
static const char *const TABLES[] = {
    "CREATE TABLE format(version bigint NOT NULL PRIMARY KEY)",
    "CREATE TABLE identity(one bigint NOT NULL PRIMARY KEY CHECK(one = 1), origin bytea NOT NULL, "
    "vkey bytea NOT NULL)",
    "CREATE TABLE entry(idx bigint NOT NULL PRIMARY KEY CHECK(idx >= 0), "
    "id bytea NOT NULL UNIQUE CHECK(length(id) = 32), subject bytea NOT NULL, "
    "bytes bytea NOT NULL)",
    "CREATE INDEX entry_by_subject ON entry(subject, idx)",
    "CREATE TABLE node(level bigint NOT NULL CHECK(level BETWEEN 0 AND 63), "
    "idx bigint NOT NULL CHECK(idx >= 0), hash bytea NOT NULL CHECK(length(hash) = 32), "
    "PRIMARY KEY(level, idx))",
    "CREATE TABLE checkpoint(size bigint NOT NULL PRIMARY KEY CHECK(size >= 1), "
    "note bytea NOT NULL)",
    "CREATE TABLE attachment(idx bigint NOT NULL PRIMARY KEY CHECK(idx >= 0), "
    "id bytea NOT NULL UNIQUE CHECK(length(id) = 32), "
    "size bigint NOT NULL REFERENCES checkpoint(size), kind bigint NOT NULL CHECK(kind >= 1), "
    "bytes bytea NOT NULL)",
    "CREATE INDEX attachment_by_size ON attachment(size, idx)",
    "CREATE TABLE writer(one bigint NOT NULL PRIMARY KEY CHECK(one = 1), epoch bigint NOT NULL, "
    "until timestamptz NOT NULL)",
    "INSERT INTO writer VALUES(1, 0, '-infinity')",
    "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'the ledger is append-only'; END$$",
};

static const char *const KEPT[] = {"format", "identity",   "entry",
                                   "node",   "checkpoint", "attachment"};

/*
 * What the database says of such a schema, a line for each column, constraint, index and trigger;
 * compared word by word. Names of indexes and constraints are the server's.
 */
static const char *const EXPECTED[] = {
    "attachment.bytes bytea",   "attachment.id bytea",      "attachment.idx bigint",
    "attachment.kind bigint",   "attachment.size bigint",   "checkpoint.note bytea",
    "checkpoint.size bigint",   "entry.bytes bytea",        "entry.id bytea",
    "entry.idx bigint",         "entry.subject bytea",      "format.version bigint",
    "identity.one bigint",      "identity.origin bytea",    "identity.vkey bytea",
    "node.hash bytea",          "node.idx bigint",          "node.level bigint",
    "trigger attachment_never", "trigger checkpoint_never", "trigger entry_never",
    "trigger format_never",     "trigger identity_never",   "trigger node_never",
    "unique attachment (id)",   "unique attachment (idx)",  "unique checkpoint (size)",
    "unique entry (id)",        "unique entry (idx)",       "unique format (version)",
    "unique identity (one)",    "unique node (level, idx)", "unique writer (one)",
    "writer.epoch bigint",      "writer.one bigint",        "writer.until timestamp with time zone",
};

static const char DESCRIBE[] =
    "SELECT line FROM ("
    /* A column that may be NULL is told apart by its line. */
    "SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || "
    "CASE WHEN a.attnotnull THEN '' ELSE ' null' END AS line "
    "FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 "
    "AND NOT a.attisdropped "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r','p','v','m','f') "
    "UNION ALL SELECT 'unique ' || r.relname || ' ' || "
    "substring(pg_get_indexdef(i.indexrelid) FROM '\\(.*\\)$') "
    "FROM pg_index i JOIN pg_class r ON r.oid = i.indrelid "
    "WHERE r.relnamespace = current_schema()::regnamespace AND i.indisunique AND i.indisvalid "
    /* Off, or for replication only, it refuses nothing. */
    "UNION ALL SELECT 'trigger ' || t.tgname || "
    "CASE WHEN t.tgenabled IN ('O','A') AND p.proname = 'never' THEN '' ELSE ' off' END "
    "FROM pg_trigger t JOIN pg_class r ON r.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
    "WHERE r.relnamespace = current_schema()::regnamespace AND NOT t.tgisinternal"
    ") AS lines ORDER BY line COLLATE \"C\"";

static enum status create_tables(struct postgres_store *store, struct failure *failure)
{
    char sql[SQL_SIZE_MAX];
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", store->schema);
    TRY(postgres_run(store, sql, failure));
    for (size_t i = 0; i < sizeof TABLES / sizeof TABLES[0]; i++) {
        TRY(postgres_run(store, TABLES[i], failure));
    }
    (void)snprintf(sql, sizeof sql, "INSERT INTO format VALUES(%d)", FORMAT_VERSION);
    TRY(postgres_run(store, sql, failure));
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        (void)snprintf(sql, sizeof sql,
                       "CREATE TRIGGER %s_never BEFORE UPDATE OR DELETE OR TRUNCATE ON %s "
                       "FOR EACH STATEMENT EXECUTE FUNCTION never()",
                       KEPT[i], KEPT[i]);
        TRY(postgres_run(store, sql, failure));
    }
    return STATUS_OK;
}

/* Whether the database has a schema of this name. */
static enum status find_schema(struct postgres_store *store, bool *ret_found,
                               struct failure *failure)
{
    const char *values[] = {store->schema};
    OWNED(postgres_result_freep)
    PGresult *result =
        PQexecParams(store->connection, "SELECT 1 FROM pg_namespace WHERE nspname = $1", 1, NULL,
                     values, NULL, NULL, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return postgres_fail(store, result, failure);
    }
    *ret_found = PQntuples(result) == 1;
    return STATUS_OK;
}

enum status postgres_schema_create(struct postgres_store *store, struct failure *failure)
{
    bool is_found = false;
    TRY(find_schema(store, &is_found, failure));
    if (is_found) {
        return fail(failure, STATUS_CONFLICT, store->name, "%s is there already", store->name);
    }
    TRY(postgres_run(store, "BEGIN", failure));
    enum status status = create_tables(store, failure);
    if (status == STATUS_OK) {
        status = postgres_run(store, "COMMIT", failure);
    }
    if (status != STATUS_OK) {
        (void)postgres_run(store, "ROLLBACK", NULL);
    }
    return status;
}

static enum status check_version(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep)
    PGresult *result = PQexec(store->connection, "SELECT version FROM format");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        return state != NULL && strcmp(state, "42P01") == 0
                   ? fail(failure, STATUS_UNTRUSTED, store->name, "%s is not a ledger", store->name)
                   : postgres_fail(store, result, failure);
    }
    char version[24];
    (void)snprintf(version, sizeof version, "%d", FORMAT_VERSION);
    return PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), version) == 0
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, store->name,
                      "the ledger has a format version that this program does not know");
}

static enum status check_objects(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = PQexec(store->connection, DESCRIBE);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return postgres_fail(store, result, failure);
    }
    size_t count = (size_t)PQntuples(result);
    size_t expected = sizeof EXPECTED / sizeof EXPECTED[0];
    for (size_t i = 0; i < count && i < expected; i++) {
        const char *line = PQgetvalue(result, (int)i, 0);
        if (strcmp(line, EXPECTED[i]) != 0) {
            return fail(failure, STATUS_UNTRUSTED, store->name,
                        "the schema holds \"%s\", which is not as the format has it", line);
        }
    }
    return count == expected
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, store->name,
                      "the schema lacks tables or triggers: %zu of %zu are there", count, expected);
}

enum status postgres_schema_check(struct postgres_store *store, struct failure *failure)
{
    bool is_found = false;
    TRY(find_schema(store, &is_found, failure));
    if (!is_found) {
        return fail(failure, STATUS_NOT_FOUND, store->name,
                    "there is no such ledger: name the one to open, or create it");
    }
    TRY(check_version(store, failure));
    return check_objects(store, failure);
}

enum status postgres_check_structure(struct store *base, struct failure *failure)
{
    static const struct {
        const char *sql; /* counts what must not be there */
        const char *complaint;
    } RULES[] = {
        {"SELECT greatest(count(*) - 1, 0) FROM identity", "the identity has a wrong key"},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM entry",
         "the indexes of the entries have a gap"},
        {"SELECT count(*) FROM entry WHERE idx < 0 OR length(id) <> 32",
         "an entry has a negative index"},
        {"SELECT count(*) FROM node WHERE level < 0 OR level > 63 OR idx < 0 OR length(hash) <> 32",
         "a node stands where the tree has none"},
        {"SELECT count(*) FROM checkpoint WHERE size < 1", "a checkpoint has a size below 1"},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM attachment",
         "the indexes of the attachments have a gap"},
        {"SELECT count(*) FROM attachment WHERE idx < 0 OR size NOT IN (SELECT size FROM "
         "checkpoint)",
         "an attachment stands beside no checkpoint"},
    };
    struct postgres_store *store = postgres_store(base);
    TRY(postgres_schema_check(store, failure));
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        OWNED(postgres_result_freep)
        PGresult *result = PQexec(store->connection, RULES[i].sql);
        if (PQresultStatus(result) != PGRES_TUPLES_OK) {
            return postgres_fail(store, result, failure);
        }
        if (strcmp(PQgetvalue(result, 0, 0), "0") != 0) {
            return fail(failure, STATUS_UNTRUSTED, store->name, "%s", RULES[i].complaint);
        }
    }
    return STATUS_OK;
}
