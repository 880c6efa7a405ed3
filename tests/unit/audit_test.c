#include "ledger/audit.h"

#include "ledger/store/memory.h"
#include "ledger/store/sqlite.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct secret_key *secret;

static void make_secret(void)
{
    secret = support_secret(9);
}

static void free_secret(void)
{
    secret_key_free(secret);
}

TestSuite(audit, .init = make_secret, .fini = free_secret);

static const unsigned THREAD_COUNTS[] = {1, 2, 4};
#define THREAD_ROWS (sizeof THREAD_COUNTS / sizeof THREAD_COUNTS[0])

static struct ledger *new_ledger(size_t size, size_t batch_size)
{
    struct store *store;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, size - 1, batch_size);
    return ledger;
}

/* Watches the order of the steps, and can be told where to fail. */
struct watch {
    uint64_t fail_prepare[2]; /* indexes; STORE_NONE for nowhere */
    uint64_t fail_apply;
    uint64_t applied;
    uint64_t last_applied;
    uint64_t progress_done;
    uint64_t progress_total;
    size_t handed_over; /* prepared objects that came to apply or discard */
    bool is_ordered;
};

/* What `prepare` makes of an entry: proof that apply gets what belongs to it. */
struct prepared {
    uint64_t index;
};

static enum status watch_prepare(void *context, const struct store_entry *entry,
                                 void **ret_prepared, struct failure *failure)
{
    const struct watch *watch = context;
    if (entry->index == watch->fail_prepare[0] || entry->index == watch->fail_prepare[1]) {
        return fail(failure, STATUS_INVALID, "", "prepare of %" PRIu64, entry->index);
    }
    struct prepared *prepared = malloc(sizeof *prepared);
    if (prepared == NULL) {
        return fail_memory(failure);
    }
    prepared->index = entry->index;
    *ret_prepared = prepared;
    return STATUS_OK;
}

static enum status watch_apply(void *context, const struct store_entry *entry, void *prepared,
                               struct failure *failure)
{
    struct watch *watch = context;
    struct prepared *own = prepared;
    bool is_next = watch->applied == 0 || entry->index > watch->last_applied;
    watch->is_ordered =
        watch->is_ordered && is_next && own->index == entry->index && support_is_entry(entry);
    watch->last_applied = entry->index;
    watch->applied += 1;
    watch->handed_over += 1;
    free(own);
    return entry->index == watch->fail_apply
               ? fail(failure, STATUS_CONFLICT, "", "apply of %" PRIu64, entry->index)
               : STATUS_OK;
}

static void watch_discard(void *context, void *prepared)
{
    struct watch *watch = context;
    watch->handed_over += 1;
    free(prepared);
}

static void watch_progress(void *context, uint64_t done, uint64_t total)
{
    struct watch *watch = context;
    cr_assert(done > watch->progress_done);
    watch->progress_done = done;
    watch->progress_total = total;
}

static struct watch new_watch(void)
{
    return (struct watch){
        .fail_prepare = {STORE_NONE, STORE_NONE}, .fail_apply = STORE_NONE, .is_ordered = true};
}

static enum status run(struct ledger *ledger, struct store_scan scan, unsigned threads,
                       struct watch *watch, struct audit_counts *counts, struct failure *failure)
{
    const struct audit_visitor visitor = {
        .prepare = watch_prepare,
        .apply = watch_apply,
        .discard = watch_discard,
        .progress = watch_progress,
        .context = watch,
    };
    return audit_entries(ledger, scan, threads, &visitor, counts, failure);
}

static const struct store_scan ALL = {.kind = STORE_SCAN_ALL};

Test(audit, a_large_ledger_is_applied_in_order_by_any_number_of_threads)
{
    struct ledger *ledger = new_ledger(20000, 4096);
    for (size_t t = 0; t < THREAD_ROWS; t++) {
        struct audit_counts counts = {0};
        struct failure failure = {0};
        struct watch watch = new_watch();
        cr_assert(eq(int, audit_tree(ledger, THREAD_COUNTS[t], &counts, &failure), STATUS_OK), "%s",
                  failure.reason);
        cr_assert(eq(u64, counts.checkpoints, 6));
        cr_assert(eq(u64, counts.nodes, 20000 + 19995), "20000 has five bits set");
        cr_assert(eq(int, run(ledger, ALL, THREAD_COUNTS[t], &watch, &counts, &failure), STATUS_OK),
                  "%s", failure.reason);
        cr_assert(watch.is_ordered);
        cr_assert(eq(u64, watch.applied, 20000));
        cr_assert(eq(u64, counts.entries, 20000));
        cr_assert(eq(sz, watch.handed_over, 20000));
        cr_assert(watch.progress_done > 19000 && watch.progress_total == 20000);
    }
    ledger_close(ledger);
}

Test(audit, the_first_failure_in_the_order_of_the_scan_is_told)
{
    static const struct {
        uint64_t prepare[2];
        uint64_t apply;
        enum status expected;
        const char *reason;
        uint64_t applied;
    } rows[] = {
        {{0, STORE_NONE}, STORE_NONE, STATUS_INVALID, "prepare of 0", 0},
        {{2999, STORE_NONE}, STORE_NONE, STATUS_INVALID, "prepare of 2999", 2999},
        {{1100, 1023}, STORE_NONE, STATUS_INVALID, "prepare of 1023", 1023},
        {{700, 701}, STORE_NONE, STATUS_INVALID, "prepare of 700", 700},
        {{700, STORE_NONE}, 699, STATUS_CONFLICT, "apply of 699", 700},
        {{700, STORE_NONE}, 701, STATUS_INVALID, "prepare of 700", 700},
        {{1030, STORE_NONE}, 5, STATUS_CONFLICT, "apply of 5", 6},
        {{STORE_NONE, STORE_NONE}, 0, STATUS_CONFLICT, "apply of 0", 1},
        {{STORE_NONE, STORE_NONE}, 2999, STATUS_CONFLICT, "apply of 2999", 3000},
    };
    struct ledger *ledger = new_ledger(3000, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t t = 0; t < THREAD_ROWS; t++) {
            struct audit_counts counts = {0};
            struct failure failure = {0};
            struct watch watch = new_watch();
            watch.fail_prepare[0] = rows[i].prepare[0];
            watch.fail_prepare[1] = rows[i].prepare[1];
            watch.fail_apply = rows[i].apply;
            enum status status = run(ledger, ALL, THREAD_COUNTS[t], &watch, &counts, &failure);
            cr_assert(eq(int, status, rows[i].expected), "row %zu threads %u", i, THREAD_COUNTS[t]);
            cr_assert(eq(str, failure.reason, (char *)rows[i].reason), "row %zu", i);
            cr_assert(eq(u64, watch.applied, rows[i].applied), "row %zu", i);
            cr_assert(watch.is_ordered);
            cr_assert(eq(u64, counts.entries, 0));
            /* LeakSanitizer sees the rest: what was prepared is handed to apply or discard. */
            cr_assert(watch.handed_over >= watch.applied);
        }
    }
    ledger_close(ledger);
}

Test(audit, a_part_of_the_ledger_is_visited_below_its_size_only)
{
    struct ledger *ledger = new_ledger(2500, 1000);
    struct store_scan part = {.kind = STORE_SCAN_SUBJECT, .subject = VIEW("contract/ab")};
    struct store_scan both = {.kind = STORE_SCAN_PREFIX_BY_INDEX, .subject = VIEW("contract/")};
    struct store_scan none = {.kind = STORE_SCAN_SUBJECT, .subject = VIEW("contract/none")};
    for (size_t t = 0; t < THREAD_ROWS; t++) {
        struct audit_counts counts = {0};
        struct watch watch = new_watch();
        cr_assert(eq(int, run(ledger, part, THREAD_COUNTS[t], &watch, &counts, NULL), STATUS_OK));
        cr_assert(watch.is_ordered && watch.applied == 833 && counts.entries == 833);
        cr_assert(eq(u64, watch.progress_total, 0));
        watch = new_watch();
        cr_assert(eq(int, run(ledger, both, THREAD_COUNTS[t], &watch, &counts, NULL), STATUS_OK));
        cr_assert(watch.is_ordered && watch.applied == 1667);
        watch = new_watch();
        cr_assert(eq(int, run(ledger, none, THREAD_COUNTS[t], &watch, &counts, NULL), STATUS_OK));
        cr_assert(eq(u64, watch.applied, 0));
    }
    ledger_close(ledger);
}

Test(audit, an_audit_moves_to_the_newest_checkpoint)
{
    struct store *store;
    struct store *shared;
    struct ledger *reader;
    struct audit_counts counts = {0};
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    cr_assert(eq(int, memory_store_share(store, &shared), STATUS_OK));
    struct ledger *writer = support_new_ledger(store, secret);
    cr_assert(eq(int, ledger_open(shared, &reader, NULL), STATUS_OK));
    support_append(writer, secret, 6, 2);
    cr_assert(eq(int, audit_tree(reader, 2, &counts, NULL), STATUS_OK));
    cr_assert(eq(u64, ledger_size(reader), 7));
    cr_assert(eq(u64, counts.checkpoints, 4));
    ledger_close(reader);
    ledger_close(writer);
}

Test(audit, a_failing_store_is_passed_on)
{
    struct store *store;
    struct store *failing;
    struct ledger *ledger;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    cr_assert(eq(int, memory_store_share(store, &failing), STATUS_OK));
    struct ledger *writer = support_new_ledger(store, secret);
    support_append(writer, secret, 9, 3);
    cr_assert(eq(int, ledger_open(failing, &ledger, NULL), STATUS_OK));
    uint64_t operations = 0;
    enum status status = STATUS_STORAGE;
    while (status == STATUS_STORAGE) {
        struct audit_counts counts = {0};
        struct watch watch = new_watch();
        operations += 1;
        cr_assert(operations < 500);
        memory_store_fail_after(failing, operations, STATUS_STORAGE);
        status = audit_tree(ledger, 2, &counts, NULL);
        if (status == STATUS_OK) {
            status = run(ledger, ALL, 2, &watch, &counts, NULL);
        }
    }
    cr_assert(eq(int, status, STATUS_OK), "the switch went off after the last operation");
    cr_assert(operations > 80, "leaves, nodes and levels were read");
    ledger_close(ledger);
    ledger_close(writer);
}

/* A ledger file, some of whose rows are forged; both numbers of threads tell the same. */
static void assert_found(const char *sql, const char *at)
{
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    struct store *store;
    support_make_folder(folder);
    support_path(folder, "ledger", path);
    cr_assert(eq(int, sqlite_store_create(path, &store, NULL), STATUS_OK));
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, 21, 5);
    ledger_close(ledger);
    if (sql != NULL) {
        support_forge(path, sql);
    }
    for (size_t t = 0; t < THREAD_ROWS; t++) {
        struct failure failure = {0};
        enum status audited = support_audit_file(path, THREAD_COUNTS[t], &failure);
        cr_assert(eq(int, audited, sql == NULL ? STATUS_OK : STATUS_UNTRUSTED), "%s: %s", sql,
                  failure.reason);
        cr_assert(strstr(failure.at, at) != NULL || strstr(failure.reason, at) != NULL,
                  "%s: at %s: %s", sql, failure.at, failure.reason);
    }
    support_remove_folder(folder);
}

Test(audit, what_is_wrong_is_named)
{
    /* 22 entries, in commits of 1, 5, 5, 5, 5 and 1. */
    static const struct {
        const char *sql;
        const char *at;
    } rows[] = {
        {NULL, ""},
        {"INSERT INTO node VALUES(0, 22, zeroblob(32))", "node at level 0, index 22"},
        {"INSERT INTO node VALUES(3, 2, zeroblob(32))", "node at level 3, index 2"},
        {"INSERT INTO node VALUES(5, 0, zeroblob(32))", "node at level 5, index 0"},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND idx = 9",
         "node at level 1, index 4"},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 2 AND idx = 1",
         "node at level 2, index 1"},
        {"DELETE FROM node WHERE level = 0 AND idx = 7", "level 0, index 7 is missing"},
        {"DELETE FROM node WHERE level = 3 AND idx = 1", "level 3, index 1 is missing"},
        {"DELETE FROM entry WHERE idx = 21", "entry 21"},
        {"DELETE FROM entry WHERE idx = 4", "gap"},
        {"INSERT INTO entry VALUES(22, zeroblob(32), 'x', x'00')", "entry 22"},
        {"UPDATE entry SET bytes = x'00' WHERE idx = 13", "not the one under the signed root"},
        {("UPDATE checkpoint SET note = cast(note || '— x.example ' || printf('%.*c', 92, 'A') || "
          "char(10) AS BLOB) WHERE size = 16"),
         "checkpoint of size 16"},
        {"UPDATE entry SET bytes = x'00' WHERE idx > 12", "entry 13"},
        {"UPDATE entry SET subject = 'x' WHERE idx = 13", "entry 13 is another"},
        {"UPDATE entry SET id = zeroblob(32) WHERE idx = 13", "entry 13 is another"},
        {"UPDATE checkpoint SET size = 10 WHERE size = 11", "checkpoint of size 10"},
        {("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 6) "
          "WHERE size = 11"),
         "checkpoint of size 11"},
        {"UPDATE checkpoint SET note = x'00' WHERE size > 5 AND size < 22", "checkpoint of size 6"},
        {("UPDATE checkpoint SET note = cast(note || substr(note, instr(note, x'0a0a') + 2) AS "
          "BLOB) "
          "WHERE size = 16"),
         "checkpoint of size 16"},
        {"INSERT INTO checkpoint SELECT 3, note FROM checkpoint WHERE size = 6",
         "checkpoint of size 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_found(rows[i].sql, rows[i].at);
    }
}

/* Reads a whole file; the caller frees it. */
static unsigned char *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL);
    cr_assert(eq(int, fseek(file, 0, SEEK_END), 0));
    long size = ftell(file);
    cr_assert(size > 0);
    rewind(file);
    unsigned char *bytes = malloc((size_t)size);
    cr_assert(bytes != NULL);
    cr_assert(eq(sz, fread(bytes, 1, (size_t)size, file), (size_t)size));
    cr_assert(eq(int, fclose(file), 0));
    *ret_size = (size_t)size;
    return bytes;
}

/* A digest of every stored row, by SQL and not by the code under test. */
static struct hash digest_rows(const char *path)
{
    static const char *const queries[] = {
        "SELECT quote(one), quote(origin), quote(vkey), '' FROM identity",
        "SELECT quote(idx), quote(id), quote(subject), quote(bytes) FROM entry ORDER BY idx",
        "SELECT quote(level), quote(idx), quote(hash), '' FROM node ORDER BY level, idx",
        "SELECT quote(size), quote(note), '', '' FROM checkpoint ORDER BY size",
    };
    struct buffer text;
    sqlite3 *database;
    buffer_init(&text, 1024 * 1024);
    cr_assert(eq(int, sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL), SQLITE_OK));
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        sqlite3_stmt *statement;
        cr_assert(
            eq(int, sqlite3_prepare_v2(database, queries[i], -1, &statement, NULL), SQLITE_OK));
        while (sqlite3_step(statement) == SQLITE_ROW) {
            for (int column = 0; column < 4; column++) {
                const char *value = (const char *)sqlite3_column_text(statement, column);
                cr_assert(eq(int, buffer_append_format(&text, "%s|", value), STATUS_OK));
            }
        }
        cr_assert(eq(int, sqlite3_finalize(statement), SQLITE_OK));
    }
    cr_assert(eq(int, sqlite3_close(database), SQLITE_OK));
    struct hash digest = hash_bytes(buffer_view(&text));
    buffer_release(&text);
    return digest;
}

/*
 * Every byte takes part when UTFALL_EVERY_BYTE is set, which takes minutes; else every 97th, in
 * every page.
 */
Test(audit, a_changed_byte_is_found_or_changes_no_row)
{
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    struct store *store;
    support_make_folder(folder);
    support_path(folder, "ledger", path);
    cr_assert(eq(int, sqlite_store_create(path, &store, NULL), STATUS_OK));
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, 8, 3);
    ledger_close(ledger);

    size_t size;
    unsigned char *bytes = read_file(path, &size);
    struct hash original = digest_rows(path);
    size_t found = 0;
    size_t harmless = 0;
    size_t step = getenv("UTFALL_EVERY_BYTE") != NULL ? 1 : 97;
    static const unsigned char patterns[] = {0x01, 0x80, 0xff, 0x10};
    int file = open(path, O_RDWR);
    cr_assert(file >= 0);
    for (size_t i = 0; i < size; i += step) {
        struct failure failure = {0};
        unsigned char changed = bytes[i] ^ patterns[i / step % sizeof patterns];
        cr_assert(eq(int, pwrite(file, &changed, 1, (off_t)i), 1));
        enum status audited = support_audit_file(path, 1, &failure);
        if (audited != STATUS_OK) {
            found += 1;
        } else {
            struct hash now = digest_rows(path);
            cr_assert(hash_equal(&now, &original), "byte %zu changed a row unseen", i);
            harmless += 1;
        }
        cr_assert(eq(int, pwrite(file, &bytes[i], 1, (off_t)i), 1));
    }
    (void)close(file);
    free(bytes);
    cr_assert(found > 0 && harmless > 0, "%zu were found, %zu were harmless", found, harmless);
    struct failure failure = {0};
    cr_assert(eq(int, support_audit_file(path, 1, &failure), STATUS_OK), "%s", failure.reason);
    support_remove_folder(folder);
}
