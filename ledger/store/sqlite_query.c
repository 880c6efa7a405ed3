#include "ledger/store/sqlite_internal.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>

static const char *const STATEMENTS[SQL_STATEMENT_COUNT] = {
    [SQL_BEGIN] = "BEGIN",
    [SQL_BEGIN_WRITING] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_IDENTITY] = "SELECT one, origin, vkey FROM identity",
    [SQL_LATEST] = "SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1",
    [SQL_ENTRY] = "SELECT idx, id, subject, bytes FROM entry WHERE idx = ?1",
    [SQL_FIND] = "SELECT idx FROM entry WHERE id = ?1",
    [SQL_HEAD] = "SELECT idx FROM entry WHERE subject = ?1 ORDER BY idx DESC LIMIT 1",
    [SQL_SCAN_ALL] = "SELECT idx, id, subject, bytes FROM entry ORDER BY idx",
    [SQL_SCAN_SUBJECT] =
        "SELECT idx, id, subject, bytes FROM entry WHERE subject = ?1 ORDER BY idx",
    /* Only indexes are sorted, not entries. */
    [SQL_SCAN_PREFIX_BY_INDEX] =
        ("SELECT idx, id, subject, bytes FROM entry WHERE idx IN (SELECT idx FROM entry"
         " WHERE subject >= ?1 AND subject < ?2) ORDER BY idx"),
    [SQL_SCAN_PREFIX_BY_SUBJECT] =
        ("SELECT idx, id, subject, bytes FROM entry INDEXED BY entry_by_subject"
         " WHERE subject >= ?1 AND subject < ?2 ORDER BY subject, idx"),
    [SQL_NODE] = "SELECT hash FROM node WHERE level = ?1 AND idx = ?2",
    [SQL_NODES] = "SELECT idx, hash FROM node WHERE level = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3",
    [SQL_SCAN_NODES] = "SELECT idx, hash FROM node WHERE level = ?1 AND idx >= ?2 ORDER BY idx",
    [SQL_SCAN_CHECKPOINTS] = "SELECT size, note FROM checkpoint ORDER BY size",
    [SQL_SIZES] = ("SELECT (SELECT coalesce(max(idx) + 1, 0) FROM entry),"
                   " (SELECT coalesce(max(size), 0) FROM checkpoint)"),
    [SQL_CHECKPOINT] = "SELECT size, note FROM checkpoint WHERE size = ?1",
    [SQL_SCAN_ATTACHMENTS] = "SELECT idx, id, size, kind, bytes FROM attachment ORDER BY idx",
    [SQL_SCAN_ATTACHMENTS_OF] =
        "SELECT idx, id, size, kind, bytes FROM attachment WHERE size = ?1 ORDER BY idx",
    [SQL_FIND_ATTACHMENT] = "SELECT idx FROM attachment WHERE id = ?1",
    [SQL_COUNT_ATTACHMENTS] = "SELECT coalesce(max(idx) + 1, 0) FROM attachment",
    [SQL_FORMAT] = "PRAGMA user_version",
    [SQL_INSERT_IDENTITY] = "INSERT INTO identity(one, origin, vkey) VALUES(1, ?1, ?2)",
    [SQL_INSERT_ENTRY] = "INSERT INTO entry(idx, id, subject, bytes) VALUES(?1, ?2, ?3, ?4)",
    [SQL_INSERT_NODE] = "INSERT INTO node(level, idx, hash) VALUES(?1, ?2, ?3)",
    [SQL_INSERT_CHECKPOINT] = "INSERT INTO checkpoint(size, note) VALUES(?1, ?2)",
    [SQL_INSERT_ATTACHMENT] =
        "INSERT INTO attachment(idx, id, size, kind, bytes) VALUES(?1, ?2, ?3, ?4, ?5)",
};

enum status sqlite_query_begin(struct sqlite_store *store, enum sqlite_statement name,
                               struct sqlite_query *ret_query, struct failure *failure)
{
    sqlite3_stmt *statement = STEAL(store->statements[name]);
    if (statement == NULL) {
        int code = sqlite3_prepare_v3(store->database, STATEMENTS[name], -1,
                                      SQLITE_PREPARE_PERSISTENT, &statement, NULL);
        if (code != SQLITE_OK) {
            return sqlite_fail(store, code, failure);
        }
    }
    *ret_query = (struct sqlite_query){.store = store, .name = name, .statement = statement};
    return STATUS_OK;
}

void sqlite_query_end(struct sqlite_query *query)
{
    if (query->statement == NULL) {
        return;
    }
    /* These return the error of the last step, which was already told. */
    (void)sqlite3_reset(query->statement);
    (void)sqlite3_clear_bindings(query->statement);
    sqlite3_stmt **slot = &query->store->statements[query->name];
    if (*slot == NULL) {
        *slot = STEAL(query->statement);
        return;
    }
    (void)sqlite3_finalize(STEAL(query->statement));
}

enum status sqlite_query_step(struct sqlite_query *query, bool *ret_row, struct failure *failure)
{
    int code = sqlite3_step(query->statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        return sqlite_fail(query->store, code, failure);
    }
    *ret_row = code == SQLITE_ROW;
    return STATUS_OK;
}

static enum status bound(struct sqlite_query *query, int code, struct failure *failure)
{
    return code == SQLITE_OK ? STATUS_OK : sqlite_fail(query->store, code, failure);
}

enum status sqlite_bind_integer(struct sqlite_query *query, int parameter, uint64_t value,
                                struct failure *failure)
{
    assert(value <= INT64_MAX);
    int code = sqlite3_bind_int64(query->statement, parameter, (sqlite3_int64)value);
    return bound(query, code, failure);
}

enum status sqlite_bind_text(struct sqlite_query *query, int parameter, struct view text,
                             struct failure *failure)
{
    int code = sqlite3_bind_text64(query->statement, parameter, text.size == 0 ? "" : text.data,
                                   text.size, SQLITE_STATIC, SQLITE_UTF8);
    return bound(query, code, failure);
}

enum status sqlite_bind_blob(struct sqlite_query *query, int parameter, struct view bytes,
                             struct failure *failure)
{
    int code = sqlite3_bind_blob64(query->statement, parameter, bytes.size == 0 ? "" : bytes.data,
                                   bytes.size, SQLITE_STATIC);
    return bound(query, code, failure);
}

bool sqlite_column_integer(struct sqlite_query *query, int column, uint64_t *ret_value)
{
    if (sqlite3_column_type(query->statement, column) != SQLITE_INTEGER) {
        return false;
    }
    sqlite3_int64 value = sqlite3_column_int64(query->statement, column);
    if (value < 0) {
        return false;
    }
    *ret_value = (uint64_t)value;
    return true;
}

/* Bytes of a value as stored: sqlite3_column_blob converts nothing, also for text. */
static bool column_bytes(struct sqlite_query *query, int column, size_t size_max,
                         struct view *ret_bytes)
{
    const char *data = sqlite3_column_blob(query->statement, column);
    int size = sqlite3_column_bytes(query->statement, column);
    if (size < 0 || (size_t)size > size_max || (data == NULL && size > 0)) {
        return false;
    }
    *ret_bytes = (struct view){.data = data == NULL ? "" : data, .size = (size_t)size};
    return true;
}

bool sqlite_column_text(struct sqlite_query *query, int column, size_t size_max,
                        struct view *ret_text)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_TEXT &&
           column_bytes(query, column, size_max, ret_text);
}

bool sqlite_column_blob(struct sqlite_query *query, int column, size_t size_max,
                        struct view *ret_bytes)
{
    return sqlite3_column_type(query->statement, column) == SQLITE_BLOB &&
           column_bytes(query, column, size_max, ret_bytes);
}

bool sqlite_column_hash(struct sqlite_query *query, int column, struct hash *ret_hash)
{
    struct view bytes;
    if (!sqlite_column_blob(query, column, HASH_SIZE, &bytes) || bytes.size != HASH_SIZE) {
        return false;
    }
    memcpy(ret_hash->bytes, bytes.data, HASH_SIZE);
    return true;
}

enum status sqlite_step(struct sqlite_store *store, enum sqlite_statement name,
                        struct failure *failure)
{
    bool row;
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, name, &query, failure));
    return sqlite_query_step(&query, &row, failure);
}

void sqlite_rollback(struct sqlite_store *store)
{
    struct failure ignored;
    if (!sqlite3_get_autocommit(store->database)) {
        enum status status = sqlite_step(store, SQL_ROLLBACK, &ignored);
        (void)status; /* closing the file rolls back too */
    }
}

enum status sqlite_run(struct sqlite_store *store, const char *sql, struct failure *failure)
{
    int code = sqlite3_exec(store->database, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? STATUS_OK : sqlite_fail(store, code, failure);
}

enum status sqlite_fail(const struct sqlite_store *store, int code, struct failure *failure)
{
    const char *path = store->path;
    const char *told = sqlite3_errstr(code);
    switch (code & 0xff) { /* the primary code; the rest says more about the cause */
    case SQLITE_NOMEM:
        return fail_memory(failure);
    case SQLITE_FULL:
        return fail(failure, STATUS_STORAGE, path,
                    "the disk that holds %s is full; nothing was stored: make room, then try again",
                    path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
        return fail(failure, STATUS_CONFLICT, path,
                    "another program is using %s: try again when it is done", path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_ERROR: /* our statements are right, so the schema is not ours */
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
    case SQLITE_CONSTRAINT:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        return fail(failure, STATUS_UNTRUSTED, path, "%s is damaged or is not a ledger (%s)", path,
                    told);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
        return fail(failure, STATUS_STORAGE, path,
                    "%s or a file beside it cannot be opened as needed (%s): check the rights of "
                    "the file and its folder",
                    path, told);
    default:
        return fail(failure, STATUS_STORAGE, path,
                    "reading or writing %s failed (%s): check the disk, then open the ledger again",
                    path, told);
    }
}
