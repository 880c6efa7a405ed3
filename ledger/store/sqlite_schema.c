#include "ledger/store/sqlite_internal.h"

#include "ledger/base/limits.h"

#include <inttypes.h>

#define APPLICATION_ID 0x7574666c /* "utfl" */
#define FORMAT_VERSION SQLITE_FORMAT_ATTACHMENTS
#define PAGE_SIZE 4096

#define NEVER "BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END"

/*
 * What sqlite_schema holds, exactly. A trigger on INSERT refuses what is not the next row, so that
 * INSERT OR REPLACE finds nothing to replace even where recursive_triggers is off.
 */
static const struct schema_object {
    const char *type;
    const char *name;
    const char *table;
    const char *sql; /* NULL for what SQLite makes itself */
} SCHEMA[] = {
    {"table", "identity", "identity",
     "CREATE TABLE identity("
     "one INTEGER PRIMARY KEY CHECK(one = 1), origin TEXT NOT NULL, vkey TEXT NOT NULL) STRICT"},
    {"table", "entry", "entry",
     "CREATE TABLE entry("
     "idx INTEGER PRIMARY KEY CHECK(idx >= 0), id BLOB NOT NULL UNIQUE CHECK(length(id) = 32), "
     "subject TEXT NOT NULL, bytes BLOB NOT NULL) STRICT"},
    {"index", "sqlite_autoindex_entry_1", "entry", NULL},
    {"index", "entry_by_subject", "entry", "CREATE INDEX entry_by_subject ON entry(subject)"},
    {"table", "node", "node",
     "CREATE TABLE node("
     "level INTEGER NOT NULL CHECK(level BETWEEN 0 AND 63), idx INTEGER NOT NULL CHECK(idx >= 0), "
     "hash BLOB NOT NULL CHECK(length(hash) = 32), PRIMARY KEY(level, idx)) STRICT, WITHOUT ROWID"},
    {"table", "checkpoint", "checkpoint",
     "CREATE TABLE checkpoint("
     "size INTEGER PRIMARY KEY CHECK(size >= 1), note BLOB NOT NULL) STRICT"},

    {"trigger", "identity_once", "identity",
     "CREATE TRIGGER identity_once BEFORE INSERT ON identity "
     "WHEN EXISTS (SELECT 1 FROM identity) " NEVER},
    {"trigger", "entry_next", "entry",
     "CREATE TRIGGER entry_next BEFORE INSERT ON entry "
     "WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM entry) "
     "OR EXISTS (SELECT 1 FROM entry WHERE id = NEW.id) " NEVER},
    {"trigger", "node_next", "node",
     "CREATE TRIGGER node_next BEFORE INSERT ON node "
     "WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM node WHERE level = "
     "NEW.level) " NEVER},
    {"trigger", "checkpoint_next", "checkpoint",
     "CREATE TRIGGER checkpoint_next BEFORE INSERT ON checkpoint "
     "WHEN NEW.size <= (SELECT max(size) FROM checkpoint) " NEVER},

    {"trigger", "identity_no_update", "identity",
     "CREATE TRIGGER identity_no_update BEFORE UPDATE ON identity " NEVER},
    {"trigger", "identity_no_delete", "identity",
     "CREATE TRIGGER identity_no_delete BEFORE DELETE ON identity " NEVER},
    {"trigger", "entry_no_update", "entry",
     "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry " NEVER},
    {"trigger", "entry_no_delete", "entry",
     "CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry " NEVER},
    {"trigger", "node_no_update", "node",
     "CREATE TRIGGER node_no_update BEFORE UPDATE ON node " NEVER},
    {"trigger", "node_no_delete", "node",
     "CREATE TRIGGER node_no_delete BEFORE DELETE ON node " NEVER},
    {"trigger", "checkpoint_no_update", "checkpoint",
     "CREATE TRIGGER checkpoint_no_update BEFORE UPDATE ON checkpoint " NEVER},
    {"trigger", "checkpoint_no_delete", "checkpoint",
     "CREATE TRIGGER checkpoint_no_delete BEFORE DELETE ON checkpoint " NEVER},

    {"table", "attachment", "attachment",
     "CREATE TABLE attachment("
     "idx INTEGER PRIMARY KEY CHECK(idx >= 0), id BLOB NOT NULL UNIQUE CHECK(length(id) = 32), "
     "size INTEGER NOT NULL, kind INTEGER NOT NULL CHECK(kind >= 1), "
     "bytes BLOB NOT NULL) STRICT"},
    {"index", "sqlite_autoindex_attachment_1", "attachment", NULL},
    {"index", "attachment_by_size", "attachment",
     "CREATE INDEX attachment_by_size ON attachment(size)"},
    {"trigger", "attachment_next", "attachment",
     "CREATE TRIGGER attachment_next BEFORE INSERT ON attachment "
     "WHEN NEW.idx IS NOT (SELECT coalesce(max(idx) + 1, 0) FROM attachment) "
     "OR EXISTS (SELECT 1 FROM attachment WHERE id = NEW.id) "
     "OR NOT EXISTS (SELECT 1 FROM checkpoint WHERE size = NEW.size) " NEVER},
    {"trigger", "attachment_no_update", "attachment",
     "CREATE TRIGGER attachment_no_update BEFORE UPDATE ON attachment " NEVER},
    {"trigger", "attachment_no_delete", "attachment",
     "CREATE TRIGGER attachment_no_delete BEFORE DELETE ON attachment " NEVER},
};

#define SCHEMA_COUNT (sizeof SCHEMA / sizeof SCHEMA[0])

/* The first format version that has an object. */
static uint64_t since(const struct schema_object *object)
{
    return strcmp(object->table, "attachment") == 0 ? SQLITE_FORMAT_ATTACHMENTS
                                                    : SQLITE_FORMAT_FIRST;
}

/* Makes what has come after `version`, and marks the file as ours. */
static enum status schema_write(struct sqlite_store *store, uint64_t version,
                                struct failure *failure)
{
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        bool is_there = since(&SCHEMA[i]) <= version;
        if (SCHEMA[i].sql == NULL || is_there) {
            continue;
        }
        TRY(sqlite_run(store, SCHEMA[i].sql, failure));
    }
    char marks[100];
    (void)sqlite3_snprintf(sizeof marks, marks,
                           "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
                           FORMAT_VERSION);
    return sqlite_run(store, marks, failure);
}

enum status sqlite_schema_create(struct sqlite_store *store, struct failure *failure)
{
    char page_size[40];
    (void)sqlite3_snprintf(sizeof page_size, page_size, "PRAGMA page_size = %d", PAGE_SIZE);
    TRY(sqlite_run(store, page_size, failure));
    TRY(sqlite_run(store, "PRAGMA encoding = 'UTF-8'", failure));
    TRY(sqlite_run(store, "BEGIN IMMEDIATE", failure));
    enum status status = schema_write(store, 0, failure);
    if (status == STATUS_OK) {
        status = sqlite_run(store, "COMMIT", failure);
    }
    if (status != STATUS_OK && !sqlite3_get_autocommit(store->database)) {
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    }
    return status;
}

enum status sqlite_schema_version(struct sqlite_store *store, uint64_t *ret_version,
                                  struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_FORMAT, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row || !sqlite_column_integer(&query, 0, ret_version) ||
        *ret_version < SQLITE_FORMAT_FIRST || *ret_version > FORMAT_VERSION) {
        return fail(failure, STATUS_UNTRUSTED, store->path,
                    "the ledger has a format version that this program does not know");
    }
    return STATUS_OK;
}

static enum status upgrade(struct sqlite_store *store, const void *context, struct failure *failure)
{
    const uint64_t *version = context;
    return schema_write(store, *version, failure);
}

enum status sqlite_schema_upgrade(struct sqlite_store *store, struct failure *failure)
{
    uint64_t version = 0;
    TRY(sqlite_schema_version(store, &version, failure));
    return version == FORMAT_VERSION ? STATUS_OK
                                     : sqlite_transact(store, upgrade, &version, failure);
}

/* What a check asks of each row of its statement. */
typedef bool row_check(void *context, sqlite3_stmt *row);

/*
 * Runs a statement of a check once; `*ret_good` tells whether `check` accepted every row.
 */
static enum status check_rows(struct sqlite_store *store, const char *sql, row_check *check,
                              void *context, bool *ret_good, struct failure *failure)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (code != SQLITE_OK) {
        return sqlite_fail(store, code, failure);
    }
    bool good = true;
    code = sqlite3_step(statement);
    while (code == SQLITE_ROW && good) { /* bounded by the rows */
        good = check(context, statement);
        code = good ? sqlite3_step(statement) : SQLITE_DONE;
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the last step */
    if (code != SQLITE_DONE) {
        return sqlite_fail(store, code, failure);
    }
    *ret_good = good;
    return STATUS_OK;
}

static bool is_integer(void *context, sqlite3_stmt *row)
{
    const sqlite3_int64 *expected = context;
    return sqlite3_column_type(row, 0) == SQLITE_INTEGER &&
           sqlite3_column_int64(row, 0) == *expected;
}

static bool is_text(void *context, sqlite3_stmt *row)
{
    const char *text = (const char *)sqlite3_column_text(row, 0);
    return text != NULL && strcmp(text, context) == 0;
}

/* Also the type must be right: SQLite itself takes a blob of the same bytes for a name. */
static bool column_is(sqlite3_stmt *row, int column, const char *expected)
{
    int type = sqlite3_column_type(row, column);
    if (expected == NULL) {
        return type == SQLITE_NULL;
    }
    if (type != SQLITE_TEXT) {
        return false;
    }
    const char *text = (const char *)sqlite3_column_text(row, column);
    int size = sqlite3_column_bytes(row, column);
    return text != NULL && size >= 0 &&
           view_is((struct view){.data = text, .size = (size_t)size}, expected);
}

/* A trigger has no page of its own; whether the others' pages are right, the integrity check says.
 */
static bool has_root(sqlite3_stmt *row, int column, bool is_stored)
{
    return sqlite3_column_type(row, column) == SQLITE_INTEGER &&
           (sqlite3_column_int64(row, column) != 0) == is_stored;
}

/* Which objects were seen; names are unique, so equal counts and no stranger mean equal sets. */
struct schema_seen {
    uint64_t version;
    size_t count;
    char stranger[100];
};

static bool is_known_object(void *context, sqlite3_stmt *row)
{
    struct schema_seen *seen = context;
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        const struct schema_object *object = &SCHEMA[i];
        if (since(object) <= seen->version && column_is(row, 0, object->type) &&
            column_is(row, 1, object->name) && column_is(row, 2, object->table) &&
            column_is(row, 3, object->sql) &&
            has_root(row, 4, strcmp(object->type, "trigger") != 0)) {
            seen->count += 1;
            return true;
        }
    }
    const char *name = (const char *)sqlite3_column_text(row, 1);
    (void)sqlite3_snprintf(sizeof seen->stranger, seen->stranger, "%s", name == NULL ? "" : name);
    return false;
}

/* How many objects a version has. */
static size_t count_objects(uint64_t version)
{
    size_t count = 0;
    for (size_t i = 0; i < SCHEMA_COUNT; i++) {
        count += since(&SCHEMA[i]) <= version;
    }
    return count;
}

static enum status check_objects(struct sqlite_store *store, uint64_t version,
                                 struct failure *failure)
{
    struct schema_seen seen = {.version = version};
    bool good = false;
    TRY(check_rows(store, "SELECT type, name, tbl_name, sql, rootpage FROM sqlite_schema",
                   is_known_object, &seen, &good, failure));
    if (!good) {
        return fail(failure, STATUS_UNTRUSTED, store->path,
                    "the schema holds \"%s\", which is not as the format has it", seen.stranger);
    }
    size_t expected = count_objects(version);
    if (seen.count != expected) {
        return fail(failure, STATUS_UNTRUSTED, store->path,
                    "the schema lacks tables or triggers: %zu of %zu are there", seen.count,
                    expected);
    }
    return STATUS_OK;
}

static enum status check_integer(struct sqlite_store *store, const char *sql,
                                 sqlite3_int64 expected, const char *complaint,
                                 struct failure *failure)
{
    bool good = false;
    TRY(check_rows(store, sql, is_integer, &expected, &good, failure));
    return good ? STATUS_OK : fail(failure, STATUS_UNTRUSTED, store->path, "%s", complaint);
}

static enum status check_text(struct sqlite_store *store, const char *sql, char *expected,
                              const char *complaint, struct failure *failure)
{
    bool good = false;
    TRY(check_rows(store, sql, is_text, expected, &good, failure));
    return good ? STATUS_OK : fail(failure, STATUS_UNTRUSTED, store->path, "%s", complaint);
}

enum status sqlite_schema_check(struct sqlite_store *store, struct failure *failure)
{
    TRY(check_integer(store, "PRAGMA application_id", APPLICATION_ID, "the file is not a ledger",
                      failure));
    uint64_t version = 0;
    TRY(sqlite_schema_version(store, &version, failure));
    return check_objects(store, version, failure);
}

/* Rules that the schema cannot state, or that a changed file could break. */
static enum status check_contents(struct sqlite_store *store, struct failure *failure)
{
    uint64_t version = 0;
    TRY(sqlite_schema_version(store, &version, failure));
    static const struct {
        const char *sql; /* counts what must not be there */
        const char *complaint;
        uint64_t since;
    } rules[] = {
        {"SELECT count(*) FROM identity WHERE one IS NOT 1", "the identity has a wrong key",
         SQLITE_FORMAT_FIRST},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM entry",
         "the indexes of the entries have a gap", SQLITE_FORMAT_FIRST},
        {"SELECT count(*) FROM entry WHERE idx < 0", "an entry has a negative index",
         SQLITE_FORMAT_FIRST},
        {"SELECT count(*) FROM node WHERE level < 0 OR level > 63 OR idx < 0",
         "a node stands where the tree has none", SQLITE_FORMAT_FIRST},
        {"SELECT count(*) FROM checkpoint WHERE size < 1", "a checkpoint has a size below 1",
         SQLITE_FORMAT_FIRST},
        {"SELECT coalesce(max(idx) + 1, 0) - count(*) FROM attachment",
         "the indexes of the attachments have a gap", SQLITE_FORMAT_ATTACHMENTS},
        {"SELECT count(*) FROM attachment WHERE idx < 0 OR size NOT IN (SELECT size FROM "
         "checkpoint)",
         "an attachment stands beside no checkpoint", SQLITE_FORMAT_ATTACHMENTS},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        TRY(rules[i].since > version
                ? STATUS_OK
                : check_integer(store, rules[i].sql, 0, rules[i].complaint, failure));
    }
    return STATUS_OK;
}

enum status sqlite_check_structure(struct store *base, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    char utf8[] = "UTF-8";
    char ok[] = "ok";
    TRY(sqlite_schema_check(store, failure));
    TRY(check_text(store, "PRAGMA encoding", utf8, "the text encoding is not UTF-8", failure));
    TRY(check_integer(store, "PRAGMA page_size", PAGE_SIZE, "the page size is not 4096", failure));
    TRY(check_integer(store, "PRAGMA auto_vacuum", 0, "auto_vacuum is on", failure));
    /* Its answer is a row of text: SQLite does not call a damaged file an error here. */
    TRY(check_text(store, "PRAGMA integrity_check(1)", ok,
                   "the file is damaged: tables and indexes do not fit together", failure));
    return check_contents(store, failure);
}
