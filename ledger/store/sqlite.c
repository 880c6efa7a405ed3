#define _XOPEN_SOURCE 700 /* realpath */

#include "ledger/store/sqlite_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_WAIT_MS 10000
#define LOCK_POLL_MS 20
#define VALUE_SIZE_MAX (1024 * 1024) /* far above every value that the format allows */
#define PATH_SIZE_MAX 4096
#define IDENTITY_SIZE_MAX 2048 /* a name and a vkey */

/* Writes `path` + `suffix`. Errors: STATUS_LIMIT. */
static enum status path_beside(const struct sqlite_store *store, const char *suffix,
                               char ret_path[static PATH_SIZE_MAX + 16], struct failure *failure)
{
    struct buffer name;
    buffer_init(&name, PATH_SIZE_MAX + 15);
    enum status status = buffer_append_text(&name, store->path);
    if (status == STATUS_OK) {
        status = buffer_append_text(&name, suffix);
    }
    if (status == STATUS_OK) {
        memcpy(ret_path, name.data, name.size + 1);
    }
    buffer_release(&name);
    return status == STATUS_OK ? STATUS_OK : fail(failure, status, "", "the file name is too long");
}

static enum status sqlite_begin(struct store *base, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(!store->reading);
    TRY(sqlite_step(store, SQL_BEGIN, failure));
    /* BEGIN alone takes no snapshot; the first read does. */
    enum status status = sqlite_step(store, SQL_IDENTITY, failure);
    if (status != STATUS_OK) {
        sqlite_rollback(store);
        return status;
    }
    store->reading = true;
    return STATUS_OK;
}

static void sqlite_end(struct store *base)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(store->reading);
    store->reading = false;
    sqlite_rollback(store); /* it only read */
}

static uint64_t now_ms(void)
{
    struct timespec now;
    int failed = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(failed == 0);
    (void)failed;
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/*
 * Waits for the flock, by asking again and again: a blocking flock() could wait for ever.
 *
 * Returns 0, EWOULDBLOCK when the time is over, or the errno of a failure.
 */
static int wait_for_flock(int file, uint32_t wait_ms)
{
    const struct timespec pause = {.tv_nsec = LOCK_POLL_MS * 1000000L};
    uint64_t deadline = now_ms() + wait_ms;
    while (flock(file, LOCK_EX | LOCK_NB) != 0) { /* bounded by the deadline */
        if (errno != EWOULDBLOCK && errno != EINTR) {
            return errno;
        }
        if (now_ms() >= deadline) {
            return EWOULDBLOCK;
        }
        (void)nanosleep(&pause, NULL); /* woken early, it only asks early */
    }
    return 0;
}

/*
 * Who may open the lock file may keep writers out. So it is open to those who may write the
 * ledger, and not to all who may read it.
 */
static mode_t lock_file_mode(const struct sqlite_store *store)
{
    struct stat about;
    if (stat(store->path, &about) != 0) {
        return S_IRUSR | S_IWUSR;
    }
    mode_t writers = about.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH);
    return writers | writers << 1; /* the bit for reading stands to the left of that for writing */
}

static enum status take_lock(struct sqlite_store *store, uint32_t wait_ms, struct failure *failure)
{
    char name[PATH_SIZE_MAX + 16];
    TRY(path_beside(store, ".lock", name, failure));
    /* flock() needs no right to write; a group that umask let only read can take the lock too. */
    int file = open(name, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, lock_file_mode(store));
    if (file < 0) {
        return fail(failure, STATUS_STORAGE, store->path, "%s cannot be opened: %s", name,
                    strerror(errno));
    }
    int failed = wait_for_flock(file, wait_ms);
    if (failed != 0) {
        (void)close(file);
        return failed == EWOULDBLOCK
                   ? fail(failure, STATUS_CONFLICT, store->path,
                          "another program is writing to %s: try again when it is done",
                          store->path)
                   : fail(failure, STATUS_STORAGE, store->path, "%s cannot be locked: %s", name,
                          strerror(failed));
    }
    store->lock_file = file;
    return STATUS_OK;
}

static void drop_lock(struct sqlite_store *store)
{
    (void)close(store->lock_file); /* the lock ends with the open file */
    store->lock_file = -1;
}

/* A copy by VACUUM INTO, or a careless pragma, leaves another journal mode. */
static enum status ensure_wal(struct sqlite_store *store, struct failure *failure)
{
    sqlite3_stmt *statement;
    int code =
        sqlite3_prepare_v2(store->database, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code != SQLITE_OK) {
        return sqlite_fail(store, code, failure);
    }
    code = sqlite3_step(statement);
    const char *mode = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    bool is_wal = mode != NULL && strcmp(mode, "wal") == 0;
    (void)sqlite3_finalize(statement);
    if (code != SQLITE_ROW) {
        return sqlite_fail(store, code, failure);
    }
    return is_wal ? STATUS_OK
                  : fail(failure, STATUS_STORAGE, store->path,
                         "%s cannot have a write-ahead log: its file system lacks shared memory",
                         store->path);
}

static enum status sqlite_lock(struct store *base, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(!store->reading);
    if (!store->writable) {
        return fail(failure, STATUS_STORAGE, store->path, "%s was opened for reading only",
                    store->path);
    }
    if (store->lock_file >= 0) {
        return fail(failure, STATUS_CONFLICT, store->path, "%s is being written already",
                    store->path);
    }
    TRY(take_lock(store, store->lock_wait_ms, failure));
    enum status status = ensure_wal(store, failure);
    if (status == STATUS_OK) {
        status = sqlite_schema_upgrade(store, failure);
    }
    if (status != STATUS_OK) {
        drop_lock(store);
    }
    return status;
}

static void sqlite_unlock(struct store *base)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(store->lock_file >= 0);
    drop_lock(store);
}

/* Removes what sqlite_store_create made; nothing was stored in it. */
static void remove_created(const struct sqlite_store *store)
{
    char name[PATH_SIZE_MAX + 16];
    (void)unlink(store->path);
    if (path_beside(store, ".lock", name, NULL) == STATUS_OK) {
        (void)unlink(name);
    }
}

/* Whether the file that this handle created is still as it created it. */
static bool is_unused(struct sqlite_store *store)
{
    struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    uint64_t size;
    enum status latest = sqlite_read_latest(&store->base, &size, &note, NULL);
    buffer_release(&note);
    return latest == STATUS_NOT_FOUND;
}

/*
 * Closes the connection. The last connection of a ledger brings the write-ahead log into the file
 * and removes it; that is writing, so it is done under the lock, or not at all.
 */
static void sqlite_close(struct store *base)
{
    struct sqlite_store *store = sqlite_store(base);
    bool locked = store->lock_file >= 0;
    if (store->database != NULL && store->writable && !locked) {
        locked = take_lock(store, 0, NULL) == STATUS_OK;
    }
    bool unused = store->created && locked && is_unused(store);
    for (size_t i = 0; i < SQL_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
    }
    if (locked) {
        (void)sqlite3_db_config(store->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
    }
    int code = sqlite3_close(store->database);
    assert(code == SQLITE_OK); /* else a statement is still in use */
    (void)code;
    if (unused) {
        remove_created(store);
    }
    if (locked) {
        drop_lock(store);
    }
    buffer_release(&store->staged_origin);
    buffer_release(&store->staged_vkey);
    free(store->path);
    free(store);
}

static const struct store_operations SQLITE_OPERATIONS = {
    .begin = sqlite_begin,
    .end = sqlite_end,
    .lock = sqlite_lock,
    .unlock = sqlite_unlock,
    .identify = sqlite_identify,
    .read_identity = sqlite_read_identity,
    .read_latest = sqlite_read_latest,
    .read_entry = sqlite_read_entry,
    .find = sqlite_find,
    .head = sqlite_head,
    .scan = sqlite_scan,
    .read_node = sqlite_read_node,
    .read_nodes = sqlite_read_nodes,
    .scan_nodes = sqlite_scan_nodes,
    .scan_checkpoints = sqlite_scan_checkpoints,
    .read_checkpoint = sqlite_read_checkpoint,
    .scan_attachments = sqlite_scan_attachments,
    .append = sqlite_append,
    .attach = sqlite_attach,
    .import_begin = sqlite_import_begin,
    .import_entry = sqlite_import_entry,
    .import_node = sqlite_import_node,
    .import_checkpoint = sqlite_import_checkpoint,
    .import_attachment = sqlite_import_attachment,
    .import_commit = sqlite_import_commit,
    .import_cancel = sqlite_import_cancel,
    .check_structure = sqlite_check_structure,
    .close = sqlite_close,
};

static enum status handle_new(const char *path, bool writable, struct store **ret_store,
                              struct failure *failure)
{
    struct sqlite_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return fail_memory(failure);
    }
    store->path = realpath(path, NULL);
    if (store->path == NULL) {
        int cause = errno;
        free(store);
        return cause == ENOENT ? fail(failure, STATUS_NOT_FOUND, path,
                                      "there is no such ledger: name the one to open, or create it")
                               : fail(failure, STATUS_STORAGE, path, "%s cannot be found: %s", path,
                                      strerror(cause));
    }
    store->base.operations = &SQLITE_OPERATIONS;
    store->lock_file = -1;
    store->lock_wait_ms = SQLITE_LOCK_WAIT_MS;
    store->writable = writable;
    buffer_init(&store->staged_origin, IDENTITY_SIZE_MAX);
    buffer_init(&store->staged_vkey, IDENTITY_SIZE_MAX);
    *ret_store = &store->base;
    return STATUS_OK;
}

/* Settings of every connection, and a first read, which meets a damaged header or schema. */
static int configure(sqlite3 *database)
{
    (void)sqlite3_extended_result_codes(database, 1);
    (void)sqlite3_limit(database, SQLITE_LIMIT_LENGTH, VALUE_SIZE_MAX);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    (void)sqlite3_busy_timeout(database, BUSY_WAIT_MS);
    return sqlite3_exec(database,
                        "PRAGMA recursive_triggers = ON; PRAGMA foreign_keys = ON;"
                        "PRAGMA cell_size_check = ON; PRAGMA synchronous = FULL;"
                        "PRAGMA mmap_size = 0; PRAGMA cache_size = -8192;"
                        "SELECT name FROM sqlite_schema LIMIT 1",
                        NULL, NULL, NULL);
}

static int connect_as(struct sqlite_store *store, const char *name, int flags)
{
    int code = sqlite3_open_v2(name, &store->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code == SQLITE_OK) {
        code = configure(store->database);
    }
    if (code != SQLITE_OK) {
        (void)sqlite3_close(STEAL(store->database));
    }
    return code;
}

/* Whether a write-ahead log waits beside the file, so that the file alone is not the ledger. */
static bool has_wal(const struct sqlite_store *store)
{
    char name[PATH_SIZE_MAX + 16];
    struct stat about;
    return path_beside(store, "-wal", name, NULL) != STATUS_OK ||
           (stat(name, &about) == 0 ? about.st_size > 0 : errno != ENOENT);
}

/* Opens the file as one that does not change, which needs no file beside it. */
static int connect_immutable(struct sqlite_store *store)
{
    struct buffer uri;
    buffer_init(&uri, 3 * PATH_SIZE_MAX + 64);
    enum status status = buffer_append_text(&uri, "file:");
    for (const char *c = store->path; *c != '\0' && status == STATUS_OK; c++) {
        status = *c == '/' ? buffer_append_byte(&uri, '/')
                           : buffer_append_format(&uri, "%%%02x", (unsigned char)*c);
    }
    if (status == STATUS_OK) {
        status = buffer_append_text(&uri, "?immutable=1");
    }
    int code = status == STATUS_OK
                   ? connect_as(store, uri.data, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
                   : SQLITE_NOMEM;
    buffer_release(&uri);
    return code;
}

static enum status connect_store(struct sqlite_store *store, struct failure *failure)
{
    int flags = store->writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int code = connect_as(store, store->path, flags);
    bool lacks_rights = (code & 0xff) == SQLITE_CANTOPEN || (code & 0xff) == SQLITE_READONLY;
    if (lacks_rights && !store->writable && !has_wal(store)) {
        code = connect_immutable(store);
    }
    if (code != SQLITE_OK) {
        return sqlite_fail(store, code, failure);
    }
    if (store->writable && sqlite3_db_readonly(store->database, "main") != 0) {
        return fail(failure, STATUS_STORAGE, store->path, "%s may not be written", store->path);
    }
    return STATUS_OK;
}

/* Refuses what is not even a file, and the file that an interrupted creation leaves. */
static enum status check_file(const struct sqlite_store *store, struct failure *failure)
{
    struct stat about;
    if (stat(store->path, &about) != 0) {
        return fail(failure, STATUS_STORAGE, store->path, "%s cannot be read: %s", store->path,
                    strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return fail(failure, STATUS_UNTRUSTED, store->path, "%s is not a file", store->path);
    }
    if (about.st_size == 0 && !has_wal(store)) {
        return fail(failure, STATUS_UNTRUSTED, store->path,
                    "%s is empty: its creation was interrupted; remove it and create it again",
                    store->path);
    }
    return STATUS_OK;
}

enum status sqlite_store_open(const char *path, bool writable, struct store **ret_store,
                              struct failure *failure)
{
    OWNED(store_closep) struct store *base = NULL;
    TRY(handle_new(path, writable, &base, failure));
    struct sqlite_store *store = sqlite_store(base);
    TRY(check_file(store, failure));
    TRY(connect_store(store, failure));
    TRY(sqlite_schema_check(store, failure));
    *ret_store = STEAL(base);
    return STATUS_OK;
}

/* Fills the file that was just created. */
static enum status create_in(struct sqlite_store *store, struct failure *failure)
{
    TRY(connect_store(store, failure));
    TRY(sqlite_schema_create(store, failure));
    TRY(take_lock(store, store->lock_wait_ms, failure));
    enum status status = ensure_wal(store, failure);
    drop_lock(store);
    return status;
}

enum status sqlite_store_create(const char *path, struct store **ret_store, struct failure *failure)
{
    int file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file < 0) {
        return errno == EEXIST ? fail(failure, STATUS_CONFLICT, path, "%s is there already", path)
                               : fail(failure, STATUS_STORAGE, path, "%s cannot be created: %s",
                                      path, strerror(errno));
    }
    (void)close(file); /* nothing was written to it */

    struct store *store = NULL;
    enum status status = handle_new(path, true, &store, failure);
    if (status == STATUS_OK) {
        status = create_in(sqlite_store(store), failure);
    }
    if (status != STATUS_OK) {
        store_close(store);
        (void)unlink(path); /* ours: O_EXCL made it */
        return status;
    }
    sqlite_store(store)->created = true;
    *ret_store = store;
    return STATUS_OK;
}

void sqlite_store_set_lock_wait(struct store *store, uint32_t wait_ms)
{
    assert(store->operations == &SQLITE_OPERATIONS);
    sqlite_store(store)->lock_wait_ms = wait_ms;
}
