#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORMAT_VERSION POSTGRES_FORMAT_ATTACHMENTS
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
    "CREATE TABLE writer(one bigint NOT NULL PRIMARY KEY CHECK(one = 1), epoch bigint NOT NULL, "
    "until timestamptz NOT NULL)",
    "INSERT INTO writer VALUES(1, 0, '-infinity')",
    "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS "
    "$$BEGIN RAISE EXCEPTION 'the ledger is append-only'; END$$",
};

/* What the second version has more. */
static const char *const TABLES_OF_ATTACHMENTS[] = {
    "CREATE TABLE attachment(idx bigint NOT NULL PRIMARY KEY CHECK(idx >= 0), "
    "id bytea NOT NULL UNIQUE CHECK(length(id) = 32), size bigint NOT NULL CHECK(size >= 1), "
    "kind bigint NOT NULL CHECK(kind >= 1), bytes bytea NOT NULL CHECK(length(bytes) >= 1))",
    "CREATE INDEX attachment_by_size ON attachment(size, idx)",
};

static const char *const KEPT[] = {"format", "identity", "entry", "node", "checkpoint"};

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

static enum status run_all(struct postgres_store *store, const char *const *statements,
                           size_t count, struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        TRY(postgres_run(store, statements[i], failure));
    }
    return STATUS_OK;
}

static enum status keep(struct postgres_store *store, const char *table, struct failure *failure)
{
    char sql[SQL_SIZE_MAX];
    (void)snprintf(sql, sizeof sql,
                   "CREATE TRIGGER %s_never BEFORE UPDATE OR DELETE OR TRUNCATE ON %s "
                   "FOR EACH STATEMENT EXECUTE FUNCTION never()",
                   table, table);
    return postgres_run(store, sql, failure);
}

static enum status create_attachments(struct postgres_store *store, struct failure *failure)
{
    TRY(run_all(store, TABLES_OF_ATTACHMENTS,
                sizeof TABLES_OF_ATTACHMENTS / sizeof TABLES_OF_ATTACHMENTS[0], failure));
    return keep(store, "attachment", failure);
}

/* The greatest number counts: none is ever changed. */
static enum status add_version(struct postgres_store *store, struct failure *failure)
{
    char sql[SQL_SIZE_MAX];
    (void)snprintf(sql, sizeof sql, "INSERT INTO format VALUES(%d)", FORMAT_VERSION);
    return postgres_run(store, sql, failure);
}

static enum status create_tables(struct postgres_store *store, struct failure *failure)
{
    char sql[SQL_SIZE_MAX];
    (void)snprintf(sql, sizeof sql, "CREATE SCHEMA \"%s\"", store->schema);
    TRY(postgres_run(store, sql, failure));
    TRY(run_all(store, TABLES, sizeof TABLES / sizeof TABLES[0], failure));
    TRY(add_version(store, failure));
    for (size_t i = 0; i < sizeof KEPT / sizeof KEPT[0]; i++) {
        TRY(keep(store, KEPT[i], failure));
    }
    return create_attachments(store, failure);
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

enum status postgres_schema_version(struct postgres_store *store, uint64_t *ret_version,
                                    struct failure *failure)
{
    OWNED(postgres_result_freep)
    PGresult *result = PQexecParams(store->connection, "SELECT max(version) FROM format", 0, NULL,
                                    NULL, NULL, NULL, 1);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        return state != NULL && strcmp(state, "42P01") == 0
                   ? fail(failure, STATUS_UNTRUSTED, store->name, "%s is not a ledger", store->name)
                   : postgres_fail(store, result, failure);
    }
    uint64_t version = 0;
    if (!postgres_column_integer(result, 0, 0, &version) || version < POSTGRES_FORMAT_FIRST ||
        version > FORMAT_VERSION) {
        return fail(failure, STATUS_UNTRUSTED, store->name,
                    "the ledger has a format version that this program does not know");
    }
    *ret_version = version;
    return STATUS_OK;
}

/* Whether the role may do what an upgrade does: tables belong to who created the ledger. */
static enum status may_upgrade(struct postgres_store *store, bool *ret_may, struct failure *failure)
{
    OWNED(postgres_result_freep)
    PGresult *result = PQexec(store->connection, "SELECT pg_has_role(relowner, 'USAGE') AND "
                                                 "has_schema_privilege(relnamespace, 'CREATE') "
                                                 "FROM pg_class WHERE oid = 'format'::regclass");
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return postgres_fail(store, result, failure);
    }
    *ret_may = PQntuples(result) == 1 && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    return STATUS_OK;
}

/* Who may read and append checkpoints may read and append what is said about them. */
static const char GRANT_ATTACHMENTS[] =
    "DO $$DECLARE it record; BEGIN FOR it IN SELECT privilege_type AS what, "
    "CASE grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(grantee) END AS who "
    "FROM information_schema.role_table_grants WHERE table_schema = current_schema() "
    "AND table_name = 'checkpoint' AND privilege_type IN ('SELECT', 'INSERT') LOOP "
    "EXECUTE 'GRANT ' || it.what || ' ON attachment TO ' || it.who; END LOOP; END$$";

static enum status upgrade(struct postgres_store *store, struct failure *failure)
{
    TRY(create_attachments(store, failure));
    TRY(postgres_run(store, GRANT_ATTACHMENTS, failure));
    return add_version(store, failure);
}

enum status postgres_schema_upgrade(struct postgres_store *store, struct failure *failure)
{
    uint64_t version = 0;
    bool may = false;
    TRY(postgres_schema_version(store, &version, failure));
    if (version == FORMAT_VERSION) {
        return STATUS_OK;
    }
    TRY(may_upgrade(store, &may, failure));
    if (!may) {
        return STATUS_OK;
    }
    TRY(postgres_begin_writing(store, failure));
    return postgres_end_writing(store, upgrade(store, failure), failure);
}

/* The next line that a version has, from `i` on; the count of lines when there is none. */
static size_t next_expected(size_t i, uint64_t version)
{
    while (i < sizeof EXPECTED / sizeof EXPECTED[0] && version < POSTGRES_FORMAT_ATTACHMENTS &&
           strstr(EXPECTED[i], "attachment") != NULL) {
        i++;
    }
    return i;
}

static enum status check_objects(struct postgres_store *store, uint64_t version,
                                 struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = PQexec(store->connection, DESCRIBE);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        return postgres_fail(store, result, failure);
    }
    size_t end = sizeof EXPECTED / sizeof EXPECTED[0];
    size_t next = next_expected(0, version);
    for (int row = 0; row < PQntuples(result); row++) {
        const char *line = PQgetvalue(result, row, 0);
        if (next == end || strcmp(line, EXPECTED[next]) != 0) {
            return fail(failure, STATUS_UNTRUSTED, store->name,
                        "the schema holds \"%s\", which is not as the format has it", line);
        }
        next = next_expected(next + 1, version);
    }
    return next == end ? STATUS_OK
                       : fail(failure, STATUS_UNTRUSTED, store->name, "the schema lacks \"%s\"",
                              EXPECTED[next]);
}

enum status postgres_schema_check(struct postgres_store *store, struct failure *failure)
{
    bool is_found = false;
    TRY(find_schema(store, &is_found, failure));
    if (!is_found) {
        return fail(failure, STATUS_NOT_FOUND, store->name,
                    "there is no such ledger: name the one to open, or create it");
    }
    uint64_t version = 0;
    TRY(postgres_schema_version(store, &version, failure));
    return check_objects(store, version, failure);
}

enum status postgres_check_structure(struct store *base, struct failure *failure)
{
    static const struct {
        const char *sql; /* counts what must not be there */
        const char *complaint;
        uint64_t since;
    } RULES[] = {
        {"SELECT greatest(count(*) - 1, 0) FROM identity", "the identity has a wrong key",
         POSTGRES_FORMAT_FIRST},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM entry",
         "the indexes of the entries have a gap", POSTGRES_FORMAT_FIRST},
        {"SELECT count(*) FROM entry WHERE idx < 0 OR length(id) <> 32",
         "an entry has a negative index", POSTGRES_FORMAT_FIRST},
        {"SELECT count(*) FROM node WHERE level < 0 OR level > 63 OR idx < 0 OR length(hash) <> 32",
         "a node stands where the tree has none", POSTGRES_FORMAT_FIRST},
        {"SELECT count(*) FROM checkpoint WHERE size < 1", "a checkpoint has a size below 1",
         POSTGRES_FORMAT_FIRST},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM attachment",
         "the indexes of the attachments have a gap", POSTGRES_FORMAT_ATTACHMENTS},
        {"SELECT count(*) FROM attachment WHERE idx < 0 OR NOT EXISTS (SELECT 1 FROM checkpoint "
         "WHERE checkpoint.size = attachment.size)",
         "an attachment stands beside no checkpoint", POSTGRES_FORMAT_ATTACHMENTS},
    };
    uint64_t version = 0;
    struct postgres_store *store = postgres_store(base);
    TRY(postgres_schema_check(store, failure));
    TRY(postgres_schema_version(store, &version, failure));
    for (size_t i = 0; i < sizeof RULES / sizeof RULES[0]; i++) {
        if (RULES[i].since > version) {
            continue;
        }
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
