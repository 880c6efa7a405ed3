#include "ledger/ledger.h"

#include "ledger/base/limits.h"
#include "ledger/store/memory.h"
#include "ledger/store/sqlite.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct secret_key *secret;

static void make_secret(void)
{
    secret = support_secret(7);
}

static void free_secret(void)
{
    secret_key_free(secret);
}

TestSuite(ledger, .init = make_secret, .fini = free_secret);
TestSuite(ledger_file, .init = make_secret, .fini = free_secret);

/* A ledger in memory; `*ret_store` is one more handle, to be closed by the caller. */
static struct ledger *new_in_memory(struct store **ret_store)
{
    struct store *store;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    cr_assert(eq(int, memory_store_share(store, ret_store), STATUS_OK));
    return support_new_ledger(store, secret);
}

static struct ledger *open_shared(struct store *store)
{
    struct store *shared;
    struct ledger *ledger;
    struct failure failure = {0};
    cr_assert(eq(int, memory_store_share(store, &shared), STATUS_OK));
    cr_assert(eq(int, ledger_open(shared, &ledger, &failure), STATUS_OK), "%s", failure.reason);
    return ledger;
}

/* The root of the first `size` made entries, by the definition of RFC 6962 section 2.1. */
static struct hash slow_root(uint64_t first, uint64_t size)
{
    if (size == 1) {
        struct support_entry made;
        support_make_entry(first, &made);
        return hash_leaf(made.entry.bytes);
    }
    uint64_t left_size = 1;
    while (left_size * 2 < size) {
        left_size *= 2;
    }
    struct hash left = slow_root(first, left_size);
    struct hash right = slow_root(first + left_size, size - left_size);
    return hash_node(&left, &right);
}

struct visits {
    size_t count;
    uint64_t last_index;
    bool all_good;
};

static enum status count_entry(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    struct visits *visits = context;
    (void)failure;
    visits->count += 1;
    visits->last_index = entry->index;
    visits->all_good = visits->all_good && support_is_entry(entry);
    return STATUS_OK;
}

static enum status not_found_itself(void *context, const struct store_entry *entry,
                                    struct failure *failure)
{
    (void)context;
    (void)entry;
    return fail(failure, STATUS_NOT_FOUND, "", "by the visitor");
}

Test(ledger, every_size_has_the_root_of_rfc_6962_and_proofs_that_verify)
{
    struct store *store;
    struct ledger *ledger = new_in_memory(&store);
    struct hash roots[41];
    for (uint64_t size = 1; size <= 40; size++) {
        if (size > 1) {
            support_append(ledger, secret, 1, 1);
        }
        roots[size] = slow_root(0, size);
        cr_assert(eq(u64, ledger_size(ledger), size));
        cr_assert(hash_equal(ledger_root(ledger), &roots[size]), "size %" PRIu64, size);

        struct checkpoint checkpoint;
        cr_assert(eq(
            int,
            checkpoint_open(ledger_checkpoint(ledger), ledger_log_key(ledger), &checkpoint, NULL),
            STATUS_OK));
        cr_assert(eq(u64, checkpoint.size, size));
        cr_assert(hash_equal(&checkpoint.root, &roots[size]));

        for (uint64_t i = 0; i < size; i++) {
            struct merkle_proof proof;
            struct hash leaf = slow_root(i, 1);
            cr_assert(eq(int, ledger_prove(ledger, i, &proof, NULL), STATUS_OK));
            cr_assert(
                eq(int, merkle_verify_inclusion(i, size, &leaf, &proof, &roots[size]), STATUS_OK),
                "%" PRIu64 " of %" PRIu64, i, size);
            cr_assert(eq(int, ledger_prove_consistency(ledger, i + 1, &proof, NULL), STATUS_OK));
            cr_assert(
                eq(int, merkle_verify_consistency(i + 1, &roots[i + 1], size, &roots[size], &proof),
                   STATUS_OK));
        }
    }
    ledger_close(ledger);
    store_close(store);
}

Test(ledger, what_lies_beyond_the_size_is_not_found)
{
    struct store *store;
    struct ledger *ledger = new_in_memory(&store);
    struct merkle_proof proof = {.count = 9};
    struct visits visits = {.all_good = true};
    uint64_t index;
    struct hash none = hash_bytes(VIEW("none"));
    cr_assert(eq(int, ledger_prove(ledger, 1, &proof, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(int, ledger_prove_consistency(ledger, 2, &proof, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(u32, proof.count, 9));
    cr_assert(eq(int, ledger_prove_consistency(ledger, 0, &proof, NULL), STATUS_OK));
    cr_assert(eq(u32, proof.count, 0));
    cr_assert(eq(int, ledger_read(ledger, 1, count_entry, &visits, NULL), STATUS_NOT_FOUND));
    cr_assert(
        eq(int, ledger_read(ledger, UINT64_MAX, count_entry, &visits, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(sz, visits.count, 0));
    cr_assert(eq(int, ledger_find(ledger, &none, &index, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(int, ledger_read(ledger, 0, not_found_itself, NULL, NULL), STATUS_NOT_FOUND));
    ledger_close(ledger);
    store_close(store);
}

Test(ledger, a_ledger_stays_at_its_size_until_it_is_told_to_move)
{
    struct store *store;
    struct ledger *writer = new_in_memory(&store);
    struct ledger *reader = open_shared(store);
    struct support_entry made;
    uint64_t index;
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    struct store_scan by_subject = {.kind = STORE_SCAN_PREFIX_BY_SUBJECT,
                                    .subject = VIEW("contract/")};
    support_append(writer, secret, 10, 4);
    support_make_entry(5, &made);

    struct visits visits = {.all_good = true};
    cr_assert(eq(u64, ledger_size(reader), 1));
    cr_assert(eq(int, ledger_scan(reader, all, count_entry, &visits, NULL), STATUS_OK));
    cr_assert(eq(int, ledger_scan(reader, by_subject, count_entry, &visits, NULL), STATUS_OK));
    cr_assert(eq(sz, visits.count, 2));
    cr_assert(eq(int, ledger_read(reader, 5, count_entry, &visits, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(int, ledger_find(reader, &made.entry.id, &index, NULL), STATUS_NOT_FOUND));
    cr_assert(eq(int, ledger_head(reader, VIEW("contract/a"), &index, NULL), STATUS_CONFLICT));

    visits = (struct visits){.all_good = true};
    cr_assert(eq(int, ledger_begin(reader, NULL), STATUS_OK));
    cr_assert(eq(u64, ledger_size(reader), 11));
    support_append(writer, secret, 2, 2);
    cr_assert(eq(int, ledger_scan(reader, all, count_entry, &visits, NULL), STATUS_OK));
    cr_assert(visits.all_good && visits.count == 11);
    cr_assert(eq(int, ledger_find(reader, &made.entry.id, &index, NULL), STATUS_OK));
    cr_assert(eq(u64, index, 5));
    cr_assert(eq(int, ledger_head(reader, VIEW("contract/a"), &index, NULL), STATUS_OK));
    cr_assert(eq(u64, index, 9));
    ledger_end(reader);
    cr_assert(eq(int, ledger_lock(reader, NULL), STATUS_OK));
    cr_assert(eq(u64, ledger_size(reader), 13));
    ledger_unlock(reader);
    ledger_close(reader);
    ledger_close(writer);
    store_close(store);
}

Test(ledger, conflicts_change_nothing_and_the_signer_goes_on)
{
    struct store *store;
    struct ledger *ledger = new_in_memory(&store);
    struct store_expectation stale = {.subject = VIEW("contract/a"), .last_index = STORE_NONE};
    struct support_entry known;
    struct support_entry next;
    struct failure failure = {0};
    support_make_entry(0, &known);
    support_make_entry(1, &next);
    struct ledger_batch repeated = {.entry_count = 1, .entries = &known.entry};
    struct ledger_batch outdated = {
        .entry_count = 1, .entries = &next.entry, .expectation_count = 1, .expectations = &stale};
    cr_assert(eq(int, ledger_lock(ledger, NULL), STATUS_OK));
    cr_assert(eq(int, ledger_append(ledger, &repeated, secret, &failure), STATUS_CONFLICT));
    cr_assert(strstr(failure.reason, "in the ledger already") != NULL, "%s", failure.reason);
    cr_assert(eq(int, ledger_append(ledger, &outdated, secret, &failure), STATUS_CONFLICT));
    cr_assert(eq(u64, ledger_size(ledger), 1));
    cr_assert(eq(int, support_try_append(ledger, secret, 3, &failure), STATUS_OK));
    cr_assert(eq(u64, ledger_size(ledger), 4));
    ledger_unlock(ledger);

    /* A second writer waits its turn; a second ledger cannot be made in the same place. */
    struct ledger *second = open_shared(store);
    cr_assert(eq(int, ledger_lock(ledger, NULL), STATUS_OK));
    cr_assert(eq(int, ledger_lock(second, NULL), STATUS_CONFLICT));
    ledger_unlock(ledger);
    struct store *shared;
    struct ledger *made = NULL;
    struct note_key key = support_key(secret, "other.example");
    cr_assert(eq(int, memory_store_share(store, &shared), STATUS_OK));
    cr_assert(
        eq(int, ledger_create(shared, &key, secret, &next.entry, &made, NULL), STATUS_CONFLICT));
    cr_assert(made == NULL);
    support_append(second, secret, 1, 1);
    ledger_close(second);
    ledger_close(ledger);
    store_close(store);
}

Test(ledger, what_the_log_cannot_sign_is_refused)
{
    struct store *store;
    struct ledger *ledger = new_in_memory(&store);
    struct secret_key *other = support_secret(8);
    struct support_entry made;
    static char large[ENTRY_SIZE_MAX + 1];
    support_make_entry(1, &made);
    struct ledger_batch batch = {.entry_count = 1, .entries = &made.entry};
    cr_assert(eq(int, ledger_lock(ledger, NULL), STATUS_OK));
    cr_assert(eq(int, ledger_append(ledger, &batch, other, NULL), STATUS_INVALID));
    made.entry.bytes = (struct view){.data = large, .size = sizeof large};
    cr_assert(eq(int, ledger_append(ledger, &batch, secret, NULL), STATUS_LIMIT));
    made.entry.bytes.size = ENTRY_SIZE_MAX;
    cr_assert(eq(int, ledger_append(ledger, &batch, secret, NULL), STATUS_OK));
    cr_assert(eq(u64, ledger_size(ledger), 2));
    ledger_close(ledger); /* gives the lock back */

    struct note_key key = support_key(secret, "test.example/log");
    struct ledger *made_ledger = NULL;
    struct store *empty;
    cr_assert(eq(int, memory_store_create(&empty), STATUS_OK));
    cr_assert(eq(int, ledger_create(empty, &key, other, &made.entry, &made_ledger, NULL),
                 STATUS_INVALID));
    cr_assert(made_ledger == NULL);
    secret_key_free(other);
    store_close(store);
}

Test(ledger, a_failed_commit_stops_the_signer_until_the_ledger_is_opened_again)
{
    for (int stored = 0; stored < 2; stored++) {
        struct store *store;
        struct store *failing;
        struct failure failure = {0};
        struct ledger *first = new_in_memory(&store);
        ledger_close(first);
        cr_assert(eq(int, memory_store_share(store, &failing), STATUS_OK));
        struct ledger *ledger;
        cr_assert(eq(int, ledger_open(failing, &ledger, NULL), STATUS_OK));
        cr_assert(eq(int, ledger_lock(ledger, NULL), STATUS_OK));
        memory_store_crash_next_append(failing, stored != 0);
        cr_assert(eq(int, support_try_append(ledger, secret, 2, &failure), STATUS_STORAGE));
        cr_assert(eq(u64, ledger_size(ledger), 1));

        cr_assert(eq(int, support_try_append(ledger, secret, 2, &failure), STATUS_STORAGE));
        cr_assert(strstr(failure.reason, "nothing more is signed") != NULL, "%s", failure.reason);
        ledger_unlock(ledger);
        cr_assert(eq(int, ledger_lock(ledger, &failure), STATUS_STORAGE));
        ledger_close(ledger);

        struct ledger *reopened = open_shared(store);
        cr_assert(eq(u64, ledger_size(reopened), stored != 0 ? 3 : 1));
        support_append(reopened, secret, 2, 2);
        ledger_close(reopened);
        store_close(store);
    }
}

Test(ledger, every_failing_operation_of_the_store_is_passed_on)
{
    struct store *store;
    struct ledger *first = new_in_memory(&store);
    support_append(first, secret, 6, 6);
    ledger_close(first);
    static const enum status statuses[] = {STATUS_STORAGE, STATUS_MEMORY, STATUS_UNTRUSTED};
    for (size_t s = 0; s < sizeof statuses / sizeof statuses[0]; s++) {
        /* Opening begins, reads identity, checkpoint and three nodes: six operations. */
        for (uint64_t n = 1; n <= 6; n++) {
            struct store *failing;
            struct ledger *ledger = NULL;
            cr_assert(eq(int, memory_store_share(store, &failing), STATUS_OK));
            memory_store_fail_after(failing, n, statuses[s]);
            cr_assert(eq(int, ledger_open(failing, &ledger, NULL), statuses[s]),
                      "operation %" PRIu64, n);
            cr_assert(ledger == NULL);
        }
    }
    store_close(store);
}

Test(ledger, an_interrupted_creation_is_told_as_such)
{
    struct store *empty;
    struct ledger *ledger = NULL;
    struct failure failure = {0};
    cr_assert(eq(int, memory_store_create(&empty), STATUS_OK));
    cr_assert(eq(int, ledger_open(empty, &ledger, &failure), STATUS_NOT_FOUND));
    cr_assert(strstr(failure.reason, "creation was interrupted") != NULL, "%s", failure.reason);
    cr_assert(ledger == NULL);

    /* The crash comes in the only commit: the store is empty or has the whole ledger. */
    for (int stored = 0; stored < 2; stored++) {
        struct store *store;
        struct store *shared;
        struct note_key key = support_key(secret, "test.example/log");
        struct support_entry made;
        support_make_entry(0, &made);
        cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
        cr_assert(eq(int, memory_store_share(store, &shared), STATUS_OK));
        memory_store_crash_next_append(store, stored != 0);
        cr_assert(eq(int, ledger_create(store, &key, secret, &made.entry, &ledger, NULL),
                     STATUS_STORAGE));
        enum status opened = ledger_open(shared, &ledger, NULL);
        cr_assert(eq(int, opened, stored != 0 ? STATUS_OK : STATUS_NOT_FOUND));
        if (opened == STATUS_OK) {
            cr_assert(eq(u64, ledger_size(ledger), 1));
            ledger_close(ledger);
        }
    }
}

/* A ledger file of 12 entries in 5 commits. */
struct file_ledger {
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
};

static void make_file_ledger(struct file_ledger *ret_file)
{
    struct store *store;
    support_make_folder(ret_file->folder);
    support_path(ret_file->folder, "ledger", ret_file->path);
    cr_assert(eq(int, sqlite_store_create(ret_file->path, &store, NULL), STATUS_OK));
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, 11, 3);
    ledger_close(ledger);
}

static enum status open_file(const char *path, bool writable, struct ledger **ret_ledger,
                             struct failure *failure)
{
    struct store *store;
    TRY(sqlite_store_open(path, writable, &store, failure));
    return ledger_open(store, ret_ledger, failure);
}

Test(ledger_file, a_ledger_goes_on_where_it_was_closed)
{
    struct file_ledger file;
    struct ledger *ledger;
    make_file_ledger(&file);
    for (size_t i = 0; i < 3; i++) {
        struct visits visits = {.all_good = true};
        struct store_scan all = {.kind = STORE_SCAN_ALL};
        cr_assert(eq(int, open_file(file.path, true, &ledger, NULL), STATUS_OK));
        cr_assert(eq(u64, ledger_size(ledger), 12 + i));
        struct hash expected = slow_root(0, 12 + i);
        cr_assert(hash_equal(ledger_root(ledger), &expected));
        cr_assert(eq(int, ledger_scan(ledger, all, count_entry, &visits, NULL), STATUS_OK));
        cr_assert(visits.all_good && visits.count == 12 + i);
        support_append(ledger, secret, 1, 1);
        ledger_close(ledger);
    }
    struct failure failure = {0};
    cr_assert(eq(int, support_audit_file(file.path, 2, &failure), STATUS_OK), "%s", failure.reason);
    support_remove_folder(file.folder);
}

Test(ledger_file, a_failed_creation_leaves_no_file)
{
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    struct store *store;
    struct ledger *ledger = NULL;
    struct support_entry made;
    struct secret_key *other = support_secret(8);
    struct note_key key = support_key(secret, "test.example/log");
    support_make_entry(0, &made);
    support_make_folder(folder);
    support_path(folder, "ledger", path);
    cr_assert(eq(int, sqlite_store_create(path, &store, NULL), STATUS_OK));
    cr_assert(
        eq(int, ledger_create(store, &key, other, &made.entry, &ledger, NULL), STATUS_INVALID));
    cr_assert(eq(int, rmdir(folder), 0), "not even a lock file is left");
    secret_key_free(other);
}

Test(ledger_file, each_forged_value_is_detected)
{
    /* What is forged, and what sees it first: opening, reading entry 3, or only the audit. */
    static const struct {
        const char *sql;
        enum status opened;
        enum status read;
    } rows[] = {
        {"UPDATE identity SET origin = 'evil.example'", STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE identity SET vkey = replace(vkey, 'test', 'evil')", STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE identity SET vkey = vkey || 'A'", STATUS_UNTRUSTED, STATUS_OK},
        {"DELETE FROM identity", STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE entry SET bytes = x'00' WHERE idx = 3", STATUS_OK, STATUS_UNTRUSTED},
        {"UPDATE entry SET bytes = cast(bytes || x'0a' AS BLOB) WHERE idx = 3", STATUS_OK,
         STATUS_UNTRUSTED},
        {"DELETE FROM entry WHERE idx = 3", STATUS_OK, STATUS_UNTRUSTED},
        {"DELETE FROM entry WHERE idx = 11", STATUS_OK, STATUS_OK},
        {"UPDATE entry SET bytes = (SELECT bytes FROM entry WHERE idx = 4) WHERE idx = 3",
         STATUS_OK, STATUS_UNTRUSTED},
        {("UPDATE entry SET idx = 99 WHERE idx = 3; UPDATE entry SET idx = 3 WHERE idx = 4; "
          "UPDATE entry SET idx = 4 WHERE idx = 99"),
         STATUS_OK, STATUS_UNTRUSTED},
        {"UPDATE entry SET id = zeroblob(32) WHERE idx = 3", STATUS_OK, STATUS_OK},
        {"UPDATE entry SET subject = 'contract/b' WHERE idx = 3", STATUS_OK, STATUS_OK},
        {"INSERT INTO entry VALUES(12, zeroblob(32), 'x', x'00')", STATUS_OK, STATUS_OK},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND idx = 3", STATUS_OK, STATUS_OK},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND idx = 2", STATUS_OK,
         STATUS_UNTRUSTED},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 0", STATUS_OK,
         STATUS_UNTRUSTED},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 1 AND idx = 4", STATUS_OK, STATUS_OK},
        {"UPDATE node SET hash = zeroblob(32) WHERE level = 3 AND idx = 0", STATUS_UNTRUSTED,
         STATUS_OK},
        {"DELETE FROM node WHERE level = 0 AND idx = 11", STATUS_OK, STATUS_OK},
        {"DELETE FROM node WHERE level = 2 AND idx = 2", STATUS_UNTRUSTED, STATUS_OK},
        {"INSERT INTO node VALUES(0, 12, zeroblob(32))", STATUS_OK, STATUS_OK},
        {"INSERT INTO node VALUES(4, 0, zeroblob(32))", STATUS_OK, STATUS_OK},
        {"INSERT INTO node VALUES(63, 0, zeroblob(32))", STATUS_OK, STATUS_OK},
        {"DELETE FROM checkpoint WHERE size = 12", STATUS_OK, STATUS_OK},
        {"DELETE FROM checkpoint", STATUS_UNTRUSTED, STATUS_OK},
        {("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 4) "
          "WHERE size = 12"),
         STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE checkpoint SET size = 13 WHERE size = 12", STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE checkpoint SET size = 5 WHERE size = 4", STATUS_OK, STATUS_OK},
        {"UPDATE checkpoint SET note = x'00' WHERE size = 4", STATUS_OK, STATUS_OK},
        {"UPDATE checkpoint SET note = cast(note || x'0a' AS BLOB) WHERE size = 4", STATUS_OK,
         STATUS_OK},
        {("UPDATE checkpoint SET note = cast(replace(cast(note AS TEXT), '4', '5') AS BLOB) "
          "WHERE size = 4"),
         STATUS_OK, STATUS_OK},
        {"INSERT INTO checkpoint SELECT 2, note FROM checkpoint WHERE size = 4", STATUS_OK,
         STATUS_OK},
        {"INSERT INTO checkpoint SELECT 13, note FROM checkpoint WHERE size = 12", STATUS_UNTRUSTED,
         STATUS_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct file_ledger file;
        struct ledger *ledger;
        struct failure failure = {0};
        struct visits visits = {.all_good = true};
        make_file_ledger(&file);
        support_forge(file.path, rows[i].sql);
        enum status opened = open_file(file.path, false, &ledger, &failure);
        cr_assert(eq(int, opened, rows[i].opened), "%s: %s", rows[i].sql, failure.reason);
        if (opened == STATUS_OK) {
            enum status read = ledger_read(ledger, 3, count_entry, &visits, &failure);
            cr_assert(eq(int, read, rows[i].read), "%s: %s", rows[i].sql, failure.reason);
            ledger_close(ledger);
        }
        for (unsigned threads = 1; threads <= 4; threads += 3) {
            enum status audited = support_audit_file(file.path, threads, &failure);
            cr_assert(eq(int, audited, STATUS_UNTRUSTED), "%u threads: %s", threads, rows[i].sql);
            cr_assert(failure.reason[0] != '\0');
        }
        support_remove_folder(file.folder);
    }
}

Test(ledger_file, a_ledger_that_is_replaced_by_another_is_not_believed)
{
    struct file_ledger file;
    struct ledger *ledger;
    struct failure failure = {0};
    make_file_ledger(&file);
    cr_assert(eq(int, open_file(file.path, true, &ledger, NULL), STATUS_OK));
    /* The last commit is taken back: all that is left is signed, but it is less. */
    support_forge(file.path, "DELETE FROM checkpoint WHERE size = 12; "
                             "DELETE FROM entry WHERE idx >= 10; "
                             "DELETE FROM node WHERE (idx + 1) << level > 10");
    cr_assert(eq(int, ledger_lock(ledger, &failure), STATUS_UNTRUSTED));
    cr_assert(strstr(failure.reason, "shrunk") != NULL, "%s", failure.reason);
    ledger_close(ledger);
    cr_assert(eq(int, support_audit_file(file.path, 1, &failure), STATUS_OK), "%s: %s", failure.at,
              failure.reason);
    support_remove_folder(file.folder);
}
