#include "tests/support/ledger_support.h"

#include "ledger/base/ownership.h"
#include "ledger/store/sqlite.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void support_path(const char *folder, const char *name, char ret_path[static SUPPORT_PATH_SIZE])
{
    int length = snprintf(ret_path, SUPPORT_PATH_SIZE, "%s/%s", folder, name);
    cr_assert(length > 0 && length < SUPPORT_PATH_SIZE);
}

void support_make_folder(char ret_path[static SUPPORT_PATH_SIZE])
{
    const char *parent = getenv("TMPDIR");
    support_path(parent == NULL ? "/tmp" : parent, "utfall-test-XXXXXX", ret_path);
    cr_assert(mkdtemp(ret_path) != NULL);
}

void support_remove_folder(const char *path)
{
    DIR *folder = opendir(path);
    cr_assert(folder != NULL);
    for (struct dirent *found = readdir(folder); found != NULL; found = readdir(folder)) {
        char name[SUPPORT_PATH_SIZE];
        if (strcmp(found->d_name, ".") != 0 && strcmp(found->d_name, "..") != 0) {
            support_path(path, found->d_name, name);
            (void)unlink(name);
        }
    }
    (void)closedir(folder);
    cr_assert(eq(int, rmdir(path), 0));
}

struct secret_key *support_secret(uint8_t seed_byte)
{
    uint8_t seed[SEED_SIZE];
    struct secret_key *secret;
    memset(seed, seed_byte, sizeof seed);
    cr_assert(eq(int, crypto_init(NULL), STATUS_OK));
    cr_assert(eq(int, secret_key_from_seed(seed, &secret), STATUS_OK));
    return secret;
}

struct note_key support_key(const struct secret_key *secret, const char *name)
{
    struct note_key key;
    enum status made =
        note_key_make(view_of(name), NOTE_KEY_ED25519, secret_key_public(secret), &key);
    cr_assert(eq(int, made, STATUS_OK));
    return key;
}

void support_make_entry(uint64_t number, struct support_entry *ret_entry)
{
    static const char *const subjects[SUPPORT_SUBJECT_COUNT] = {"contract/a", "contract/ab",
                                                                "party/c"};
    (void)snprintf(ret_entry->bytes, sizeof ret_entry->bytes, "statement number %" PRIu64 "\n",
                   number);
    (void)snprintf(ret_entry->subject, sizeof ret_entry->subject, "%s",
                   subjects[number % SUPPORT_SUBJECT_COUNT]);
    ret_entry->entry = (struct store_entry){
        .index = number,
        .id = hash_bytes(view_of(ret_entry->bytes)),
        .subject = view_of(ret_entry->subject),
        .bytes = view_of(ret_entry->bytes),
    };
}

bool support_is_entry(const struct store_entry *entry)
{
    struct support_entry expected;
    support_make_entry(entry->index, &expected);
    return hash_equal(&entry->id, &expected.entry.id) &&
           view_equal(entry->subject, expected.entry.subject) &&
           view_equal(entry->bytes, expected.entry.bytes);
}

struct ledger *support_new_ledger(struct store *store, struct secret_key *secret)
{
    struct note_key key = support_key(secret, "test.example/log");
    struct support_entry first;
    struct ledger *ledger;
    struct failure failure = {0};
    support_make_entry(0, &first);
    enum status created = ledger_create(store, &key, secret, &first.entry, &ledger, &failure);
    cr_assert(eq(int, created, STATUS_OK), "%s", failure.reason);
    return ledger;
}

enum status support_try_append(struct ledger *ledger, struct secret_key *secret, size_t count,
                               struct failure *failure)
{
    struct support_entry *made = calloc(count, sizeof *made);
    struct store_entry *entries = calloc(count, sizeof *entries);
    cr_assert(made != NULL && entries != NULL);
    for (size_t i = 0; i < count; i++) {
        support_make_entry(ledger_size(ledger) + i, &made[i]);
        entries[i] = made[i].entry;
    }
    struct ledger_batch batch = {.entry_count = count, .entries = entries};
    enum status status = ledger_append(ledger, &batch, secret, failure);
    free(entries);
    free(made);
    return status;
}

void support_append(struct ledger *ledger, struct secret_key *secret, size_t count,
                    size_t batch_size)
{
    struct failure failure = {0};
    cr_assert(eq(int, ledger_lock(ledger, &failure), STATUS_OK), "%s", failure.reason);
    while (count > 0) {
        size_t part = count < batch_size ? count : batch_size;
        enum status appended = support_try_append(ledger, secret, part, &failure);
        cr_assert(eq(int, appended, STATUS_OK), "%s", failure.reason);
        count -= part;
    }
    ledger_unlock(ledger);
}

static enum status prepare(void *context, const struct store_entry *entry, void **ret_prepared,
                           struct failure *failure)
{
    (void)context;
    (void)ret_prepared;
    return support_is_entry(entry)
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, "", "entry %" PRIu64 " is another", entry->index);
}

static enum status apply(void *context, const struct store_entry *entry, void *prepared,
                         struct failure *failure)
{
    (void)context;
    (void)entry;
    (void)prepared;
    (void)failure;
    return STATUS_OK;
}

const struct audit_visitor SUPPORT_VISITOR = {.prepare = prepare, .apply = apply};

static enum status audit_all(struct ledger *ledger, unsigned thread_count, struct failure *failure)
{
    struct audit_counts counts = {0};
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    TRY(audit_tree(ledger, thread_count, &counts, failure));
    return audit_entries(ledger, all, thread_count, &SUPPORT_VISITOR, &counts, failure);
}

enum status support_audit_file(const char *path, unsigned thread_count, struct failure *failure)
{
    struct store *store;
    TRY(sqlite_store_open(path, false, &store, failure));
    OWNED(ledger_closep) struct ledger *ledger = NULL;
    TRY(ledger_open(store, &ledger, failure));
    return audit_all(ledger, thread_count, failure);
}

static void run_sql(sqlite3 *database, const char *sql)
{
    char *message = NULL;
    int code = sqlite3_exec(database, sql, NULL, NULL, &message);
    cr_assert(eq(int, code, SQLITE_OK), "%s: %s", sql, message == NULL ? "" : message);
}

/* Gathers two scripts: one drops every trigger, the other creates them again. */
struct trigger_scripts {
    char *drop;
    char *create;
};

static int gather_trigger(void *context, int count, char **values, char **names)
{
    struct trigger_scripts *scripts = context;
    (void)names;
    cr_assert(eq(int, count, 2));
    scripts->drop = sqlite3_mprintf("%z DROP TRIGGER %s;", scripts->drop, values[0]);
    scripts->create = sqlite3_mprintf("%z %s;", scripts->create, values[1]);
    return 0;
}

void support_forge(const char *path, const char *sql)
{
    sqlite3 *database;
    struct trigger_scripts scripts = {
        .drop = sqlite3_mprintf("%s", ""),
        .create = sqlite3_mprintf("%s", ""),
    };
    cr_assert(eq(int, sqlite3_open(path, &database), SQLITE_OK));
    run_sql(database, "PRAGMA ignore_check_constraints = ON");
    int code = sqlite3_exec(database, "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'",
                            gather_trigger, &scripts, NULL);
    cr_assert(eq(int, code, SQLITE_OK));
    run_sql(database, "BEGIN");
    run_sql(database, scripts.drop);
    run_sql(database, sql);
    run_sql(database, scripts.create);
    run_sql(database, "COMMIT");
    sqlite3_free(scripts.drop);
    sqlite3_free(scripts.create);
    cr_assert(eq(int, sqlite3_close(database), SQLITE_OK));
}
