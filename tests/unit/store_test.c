#include "ledger/store/store.h"

#include "ledger/base/limits.h"
#include "ledger/store/memory.h"
#include "ledger/store/postgres.h"
#include "ledger/store/sqlite.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The kinds of store, each with a first handle and further ones on the same ledger. */
struct place {
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    struct store *first;
};

static struct store *create_memory(struct place *place)
{
    struct store *store;
    (void)place;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    return store;
}

static struct store *again_memory(struct place *place)
{
    struct store *store;
    cr_assert(eq(int, memory_store_share(place->first, &store), STATUS_OK));
    return store;
}

static struct store *create_sqlite(struct place *place)
{
    struct store *store;
    struct failure failure = {0};
    enum status created = sqlite_store_create(place->path, &store, &failure);
    cr_assert(eq(int, created, STATUS_OK), "%s", failure.reason);
    sqlite_store_set_lock_wait(store, 30);
    return store;
}

static struct store *again_sqlite(struct place *place)
{
    struct store *store;
    struct failure failure = {0};
    enum status opened = sqlite_store_open(place->path, true, &store, &failure);
    cr_assert(eq(int, opened, STATUS_OK), "%s", failure.reason);
    sqlite_store_set_lock_wait(store, 30);
    return store;
}

/* Each place is a ledger of its own in the database that tests/support/with-postgres started. */
static void postgres_url(const struct place *place, char ret_url[static SUPPORT_PATH_SIZE])
{
    const char *server = getenv("UTFALL_TEST_POSTGRES");
    cr_assert(server != NULL, "run this with tests/support/with-postgres");
    uint64_t hash = 5381;
    for (const char *c = place->folder; *c != '\0'; c++) {
        hash = hash * 33 + (unsigned char)*c;
    }
    (void)snprintf(ret_url, SUPPORT_PATH_SIZE,
                   "postgresql://%s&application_name=t%" PRIx64 "#t%" PRIx64, server, hash, hash);
}

static struct store *create_postgres(struct place *place)
{
    struct store *store;
    struct failure failure = {0};
    char url[SUPPORT_PATH_SIZE];
    postgres_url(place, url);
    enum status created = postgres_store_create(url, &store, &failure);
    cr_assert(eq(int, created, STATUS_OK), "%s", failure.reason);
    postgres_store_set_lock_wait(store, 30);
    return store;
}

static struct store *again_postgres(struct place *place)
{
    struct store *store;
    struct failure failure = {0};
    char url[SUPPORT_PATH_SIZE];
    postgres_url(place, url);
    enum status opened = postgres_store_open(url, true, &store, &failure);
    cr_assert(eq(int, opened, STATUS_OK), "%s", failure.reason);
    postgres_store_set_lock_wait(store, 30);
    return store;
}

static const struct kind {
    const char *name;
    struct store *(*create)(struct place *place);
    struct store *(*again)(struct place *place);
} KINDS[] = {
    {"memory", create_memory, again_memory},
    {"sqlite", create_sqlite, again_sqlite},
    {"postgres", create_postgres, again_postgres},
};

#define KIND_COUNT (sizeof KINDS / sizeof KINDS[0])

static void place_open(const struct kind *kind, struct place *ret_place)
{
    support_make_folder(ret_place->folder);
    support_path(ret_place->folder, "ledger", ret_place->path);
    ret_place->first = kind->create(ret_place);
}

static void place_close(struct place *place)
{
    store_close(place->first);
    support_remove_folder(place->folder);
}

/* A batch of made entries, with one node at level 0 for each, and a note that says nothing. */
struct made_batch {
    struct support_entry made[8];
    struct store_entry entries[8];
    struct store_node nodes[8];
    char note[40];
    struct store_batch batch;
};

static void make_batch(uint64_t size, size_t count, struct made_batch *ret_made)
{
    cr_assert(count <= 8);
    for (size_t i = 0; i < count; i++) {
        support_make_entry(size + i, &ret_made->made[i]);
        ret_made->entries[i] = ret_made->made[i].entry;
        ret_made->nodes[i] = (struct store_node){
            .at = {.level = 0, .index = size + i},
            .hash = hash_leaf(ret_made->entries[i].bytes),
        };
    }
    (void)snprintf(ret_made->note, sizeof ret_made->note, "note of size %" PRIu64, size + count);
    ret_made->batch = (struct store_batch){
        .expected_size = size,
        .entry_count = count,
        .entries = ret_made->entries,
        .node_count = count,
        .nodes = ret_made->nodes,
        .checkpoint_size = size + count,
        .checkpoint = view_of(ret_made->note),
    };
}

static enum status append_made(struct store *store, uint64_t size, size_t count)
{
    struct made_batch made;
    make_batch(size, count, &made);
    return store_append(store, &made.batch, NULL);
}

static void fill(struct store *store, uint64_t size, size_t count)
{
    cr_assert(eq(int, store_lock(store, NULL), STATUS_OK));
    if (size == 0) {
        cr_assert(eq(int, store_identify(store, VIEW("origin"), VIEW("vkey"), NULL), STATUS_OK));
    }
    cr_assert(eq(int, append_made(store, size, count), STATUS_OK));
    store_unlock(store);
}

/* Counts what is visited, and checks that each is the entry it should be. */
struct visits {
    size_t count;
    uint64_t indexes[32];
    bool all_good;
};

static enum status count_entry(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    struct visits *visits = context;
    (void)failure;
    cr_assert(visits->count < 32);
    visits->indexes[visits->count++] = entry->index;
    visits->all_good = visits->all_good && support_is_entry(entry);
    return STATUS_OK;
}

static enum status count_node(void *context, const struct store_node *node, struct failure *failure)
{
    size_t *count = context;
    (void)failure;
    cr_assert(eq(u64, node->at.index, *count));
    *count += 1;
    return STATUS_OK;
}

static enum status count_checkpoint(void *context, uint64_t size, struct view note,
                                    struct failure *failure)
{
    struct visits *visits = context;
    char expected[40];
    (void)failure;
    (void)snprintf(expected, sizeof expected, "note of size %" PRIu64, size);
    visits->indexes[visits->count++] = size;
    visits->all_good = visits->all_good && view_is(note, expected);
    return STATUS_OK;
}

/* What a store holds, in numbers. */
struct holdings {
    size_t entries;
    size_t nodes;
    size_t checkpoints;
    uint64_t latest; /* 0 without a checkpoint */
    bool is_identified;
};

static struct holdings holdings_of(struct store *store)
{
    struct holdings holdings = {0};
    struct visits entries = {.all_good = true};
    struct visits checkpoints = {.all_good = true};
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    struct buffer a;
    struct buffer b;
    buffer_init(&a, CHECKPOINT_SIZE_MAX);
    buffer_init(&b, CHECKPOINT_SIZE_MAX);
    cr_assert(eq(int, store_scan(store, all, count_entry, &entries, NULL), STATUS_OK));
    cr_assert(eq(int, store_scan_nodes(store, 0, count_node, &holdings.nodes, NULL), STATUS_OK));
    cr_assert(
        eq(int, store_scan_checkpoints(store, count_checkpoint, &checkpoints, NULL), STATUS_OK));
    cr_assert(entries.all_good && checkpoints.all_good);
    holdings.entries = entries.count;
    holdings.checkpoints = checkpoints.count;
    enum status latest = store_read_latest(store, &holdings.latest, &a, NULL);
    cr_assert(latest == STATUS_OK || latest == STATUS_NOT_FOUND);
    enum status identity = store_read_identity(store, &a, &b, NULL);
    cr_assert(identity == STATUS_OK || identity == STATUS_NOT_FOUND);
    holdings.is_identified = identity == STATUS_OK;
    buffer_release(&a);
    buffer_release(&b);
    return holdings;
}

static void assert_holds(struct store *store, size_t entries, size_t checkpoints, const char *when)
{
    struct holdings holdings = holdings_of(store);
    cr_assert(eq(sz, holdings.entries, entries), "%s", when);
    cr_assert(eq(sz, holdings.nodes, entries), "%s", when);
    cr_assert(eq(sz, holdings.checkpoints, checkpoints), "%s", when);
    cr_assert(eq(u64, holdings.latest, entries), "%s", when);
    cr_assert(eq(int, holdings.is_identified, entries > 0), "%s", when);
}

Test(store, what_was_appended_is_read_back)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        assert_holds(place.first, 0, 0, KINDS[k].name);
        fill(place.first, 0, 1);
        fill(place.first, 1, 5);
        assert_holds(place.first, 6, 2, KINDS[k].name);
        cr_assert(eq(int, store_check_structure(place.first, NULL), STATUS_OK));

        struct buffer origin;
        struct buffer vkey;
        buffer_init(&origin, 100);
        buffer_init(&vkey, 100);
        cr_assert(eq(int, store_read_identity(place.first, &origin, &vkey, NULL), STATUS_OK));
        cr_assert(view_is(buffer_view(&origin), "origin"));
        cr_assert(view_is(buffer_view(&vkey), "vkey"));
        buffer_release(&origin);
        buffer_release(&vkey);

        for (uint64_t i = 0; i < 6; i++) {
            struct support_entry made;
            struct visits visits = {.all_good = true};
            uint64_t index;
            struct hash leaf;
            struct merkle_position at = {.level = 0, .index = i};
            support_make_entry(i, &made);
            cr_assert(
                eq(int, store_read_entry(place.first, i, count_entry, &visits, NULL), STATUS_OK));
            cr_assert(visits.all_good && visits.count == 1 && visits.indexes[0] == i);
            cr_assert(eq(int, store_find(place.first, &made.entry.id, &index, NULL), STATUS_OK));
            cr_assert(eq(u64, index, i));
            cr_assert(eq(int, store_read_node(place.first, at, &leaf, NULL), STATUS_OK));
            struct hash expected = hash_leaf(made.entry.bytes);
            cr_assert(hash_equal(&leaf, &expected));
        }
        place_close(&place);
    }
}

Test(store, what_is_not_there_is_not_found)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        struct visits visits = {.all_good = true};
        uint64_t index = 77;
        struct hash none = hash_bytes(VIEW("none"));
        struct merkle_position beyond = {.level = 0, .index = 2};
        struct merkle_position above = {.level = 3, .index = 0};
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 2);
        cr_assert(eq(int, store_read_entry(place.first, 2, count_entry, &visits, NULL),
                     STATUS_NOT_FOUND));
        cr_assert(eq(int, store_read_entry(place.first, UINT64_MAX, count_entry, &visits, NULL),
                     STATUS_NOT_FOUND));
        cr_assert(eq(sz, visits.count, 0));
        cr_assert(eq(int, store_find(place.first, &none, &index, NULL), STATUS_NOT_FOUND));
        cr_assert(eq(u64, index, 77), "a ret_ value is written only on success");
        cr_assert(eq(int, store_read_node(place.first, beyond, &none, NULL), STATUS_UNTRUSTED));
        cr_assert(eq(int, store_read_node(place.first, above, &none, NULL), STATUS_UNTRUSTED));
        struct hash several[4];
        struct merkle_position second = {.level = 0, .index = 1};
        size_t count = 99;
        cr_assert(
            eq(int, store_read_nodes(place.first, second, 4, several, &count, NULL), STATUS_OK));
        cr_assert(eq(sz, count, 1), "as many as there are");
        cr_assert(eq(int, store_read_node(place.first, second, &none, NULL), STATUS_OK));
        cr_assert(hash_equal(&several[0], &none));
        cr_assert(
            eq(int, store_read_nodes(place.first, beyond, 4, several, &count, NULL), STATUS_OK));
        cr_assert(eq(sz, count, 0));
        size_t nodes = 1;
        cr_assert(eq(int, store_scan_nodes_from(place.first, second, count_node, &nodes, NULL),
                     STATUS_OK));
        cr_assert(eq(sz, nodes, 2), "from the second on");
        cr_assert(eq(int, store_scan_nodes_from(place.first, beyond, count_node, &nodes, NULL),
                     STATUS_OK));
        cr_assert(eq(sz, nodes, 2));
        cr_assert(eq(int, store_head(place.first, VIEW("contract/none"), &index, NULL), STATUS_OK));
        cr_assert(eq(u64, index, STORE_NONE));
        place_close(&place);
    }
}

Test(store, scans_choose_and_order_entries)
{
    /* Entries 0 to 7: contract/a 0 3 6, contract/ab 1 4 7, party/c 2 5. */
    static const struct {
        enum store_scan_kind kind;
        const char *subject;
        size_t count;
        uint64_t indexes[8];
    } rows[] = {
        {STORE_SCAN_ALL, "", 8, {0, 1, 2, 3, 4, 5, 6, 7}},
        {STORE_SCAN_SUBJECT, "contract/a", 3, {0, 3, 6}},
        {STORE_SCAN_SUBJECT, "contract/", 0, {0}},
        {STORE_SCAN_SUBJECT, "contract/A", 0, {0}},
        {STORE_SCAN_PREFIX_BY_INDEX, "contract/", 6, {0, 1, 3, 4, 6, 7}},
        {STORE_SCAN_PREFIX_BY_INDEX, "contract/ab", 3, {1, 4, 7}},
        {STORE_SCAN_PREFIX_BY_INDEX, "", 8, {0, 1, 2, 3, 4, 5, 6, 7}},
        {STORE_SCAN_PREFIX_BY_INDEX, "party", 2, {2, 5}},
        {STORE_SCAN_PREFIX_BY_INDEX, "q", 0, {0}},
        {STORE_SCAN_PREFIX_BY_INDEX, "\xff", 0, {0}},
        {STORE_SCAN_PREFIX_BY_SUBJECT, "contract/", 6, {0, 3, 6, 1, 4, 7}},
        {STORE_SCAN_PREFIX_BY_SUBJECT, "", 8, {0, 3, 6, 1, 4, 7, 2, 5}},
        {STORE_SCAN_PREFIX_BY_SUBJECT, "contract/a%", 0, {0}},
    };
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 8);
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct visits visits = {.all_good = true};
            struct store_scan scan = {.kind = rows[i].kind, .subject = view_of(rows[i].subject)};
            cr_assert(
                eq(int, store_scan(place.first, scan, count_entry, &visits, NULL), STATUS_OK));
            cr_assert(visits.all_good);
            cr_assert(eq(sz, visits.count, rows[i].count), "%s row %zu", KINDS[k].name, i);
            for (size_t n = 0; n < visits.count; n++) {
                cr_assert(eq(u64, visits.indexes[n], rows[i].indexes[n]), "%s row %zu",
                          KINDS[k].name, i);
            }
        }
        uint64_t head;
        cr_assert(eq(int, store_head(place.first, VIEW("contract/ab"), &head, NULL), STATUS_OK));
        cr_assert(eq(u64, head, 7));
        place_close(&place);
    }
}

/* A visitor that reads in between, and stops at the third entry. */
static enum status read_and_stop(void *context, const struct store_entry *entry,
                                 struct failure *failure)
{
    struct store *store = context;
    struct merkle_position at = {.level = 0, .index = 5};
    struct hash leaf;
    uint64_t index;
    struct visits visits = {.all_good = true};
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    cr_assert(eq(int, store_read_node(store, at, &leaf, NULL), STATUS_OK));
    cr_assert(eq(int, store_find(store, &entry->id, &index, NULL), STATUS_OK));
    cr_assert(eq(u64, index, entry->index));
    cr_assert(eq(int, store_scan(store, all, count_entry, &visits, NULL), STATUS_OK));
    cr_assert(eq(sz, visits.count, 6));
    return entry->index == 2 ? fail(failure, STATUS_LIMIT, "", "enough") : STATUS_OK;
}

Test(store, other_reads_work_during_a_scan_and_the_visitor_can_end_it)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        struct failure failure = {0};
        struct store_scan all = {.kind = STORE_SCAN_ALL};
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 6);
        enum status scanned = store_scan(place.first, all, read_and_stop, place.first, &failure);
        cr_assert(eq(int, scanned, STATUS_LIMIT), "%s", KINDS[k].name);
        cr_assert(eq(str, failure.reason, (char *)"enough"));
        fill(place.first, 6, 1); /* nothing of the scan is left behind */
        place_close(&place);
    }
}

Test(store, promise_1_a_batch_is_stored_whole_or_not_at_all)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        struct made_batch made;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 2);
        cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));

        make_batch(2, 4, &made);
        made.entries[3].id = made.entries[2].id;
        cr_assert(eq(int, store_append(place.first, &made.batch, NULL), STATUS_CONFLICT), "%s",
                  KINDS[k].name);
        assert_holds(place.first, 2, 1, "an id twice in the batch");

        make_batch(2, 4, &made);
        made.entries[3].id = made.made[0].entry.id;
        support_make_entry(0, &made.made[0]);
        made.entries[3].id = made.made[0].entry.id;
        cr_assert(eq(int, store_append(place.first, &made.batch, NULL), STATUS_CONFLICT));
        assert_holds(place.first, 2, 1, "an id that is stored already");

        make_batch(2, 4, &made);
        made.nodes[3].at.index = 9;
        cr_assert(eq(int, store_append(place.first, &made.batch, NULL), STATUS_UNTRUSTED));
        assert_holds(place.first, 2, 1, "a node that does not fit");

        cr_assert(eq(int, append_made(place.first, 2, 4), STATUS_OK));
        assert_holds(place.first, 6, 2, "the batch as it should be");
        store_unlock(place.first);
        place_close(&place);
    }
}

Test(store, promise_2_what_was_appended_is_there_for_the_next_handle)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 3);
        struct store *second = KINDS[k].again(&place);
        store_close(place.first);
        place.first = second;
        assert_holds(second, 3, 1, KINDS[k].name);
        fill(second, 3, 2);
        struct store *third = KINDS[k].again(&place);
        assert_holds(third, 5, 2, KINDS[k].name);
        store_close(third);
        place_close(&place);
    }
}

Test(store, promise_2_a_process_that_dies_after_the_append_loses_nothing)
{
    struct place place;
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 1);
    store_close(place.first);
    pid_t child = fork();
    if (child == 0) {
        struct store *store;
        if (sqlite_store_open(place.path, true, &store, NULL) != STATUS_OK ||
            store_lock(store, NULL) != STATUS_OK || append_made(store, 1, 3) != STATUS_OK) {
            _exit(1);
        }
        (void)kill(getpid(), SIGKILL); /* nothing is closed, the lock not given back */
    }
    int how;
    cr_assert(eq(int, waitpid(child, &how, 0), child));
    bool was_killed = WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL;
    cr_assert(was_killed);
    place.first = again_sqlite(&place);
    assert_holds(place.first, 4, 2, "after the process died");
    fill(place.first, 4, 1);
    place_close(&place);
}

Test(store, promise_3_a_stale_size_or_head_changes_nothing)
{
    static const struct {
        uint64_t size;
        const char *subject;
        uint64_t last_index;
        enum status expected;
    } rows[] = {
        {2, "contract/a", 0, STATUS_CONFLICT},
        {4, "contract/a", 0, STATUS_CONFLICT},
        {3, "contract/a", STORE_NONE, STATUS_CONFLICT},
        {3, "contract/a", 1, STATUS_CONFLICT},
        {3, "contract/new", 0, STATUS_CONFLICT},
        {3, "contract/new", STORE_NONE, STATUS_OK},
        {4, "contract/a", 3, STATUS_OK},
    };
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 3);
        cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
        size_t size = 3;
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            struct made_batch made;
            struct store_expectation expectation = {.subject = view_of(rows[i].subject),
                                                    .last_index = rows[i].last_index};
            make_batch(rows[i].size, 1, &made);
            made.batch.expectation_count = 1;
            made.batch.expectations = &expectation;
            enum status appended = store_append(place.first, &made.batch, NULL);
            cr_assert(eq(int, appended, rows[i].expected), "%s row %zu", KINDS[k].name, i);
            size += appended == STATUS_OK;
            struct holdings holdings = holdings_of(place.first);
            cr_assert(eq(sz, holdings.entries, size), "%s row %zu", KINDS[k].name, i);
        }
        store_unlock(place.first);
        place_close(&place);
    }
}

Test(store, promise_4_there_is_one_writer)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 1);
        struct store *second = KINDS[k].again(&place);
        cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
        cr_assert(eq(int, store_lock(second, NULL), STATUS_CONFLICT), "%s", KINDS[k].name);
        cr_assert(eq(int, store_lock(place.first, NULL), STATUS_CONFLICT), "%s", KINDS[k].name);
        assert_holds(second, 1, 1, "reading goes on");
        store_unlock(place.first);
        cr_assert(eq(int, store_lock(second, NULL), STATUS_OK), "%s", KINDS[k].name);
        cr_assert(eq(int, append_made(second, 1, 1), STATUS_OK));
        cr_assert(eq(int, store_lock(place.first, NULL), STATUS_CONFLICT), "%s", KINDS[k].name);
        store_close(second); /* gives the lock back */
        fill(place.first, 2, 1);
        place_close(&place);
    }
}

Test(store, promise_4_the_lock_is_the_same_under_every_name_of_the_file)
{
    struct place place;
    char other_name[SUPPORT_PATH_SIZE];
    struct store *other;
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 1);
    support_path(place.folder, "another-name", other_name);
    cr_assert(eq(int, symlink(place.path, other_name), 0));
    cr_assert(eq(int, sqlite_store_open(other_name, true, &other, NULL), STATUS_OK));
    sqlite_store_set_lock_wait(other, 0);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(eq(int, store_lock(other, NULL), STATUS_CONFLICT));
    store_unlock(place.first);
    store_close(other);
    place_close(&place);
}

static void attach(struct store *store, uint64_t size, enum store_attachment_kind kind,
                   const char *bytes, enum status expected)
{
    struct store_attachment attachment = {
        .checkpoint_size = size, .kind = kind, .bytes = view_of(bytes)};
    cr_assert(eq(int, store_lock(store, NULL), STATUS_OK));
    cr_assert(eq(int, store_attach(store, &attachment, NULL), expected), "%s", bytes);
    store_unlock(store);
}

/* Joins what is visited: "3:1:text;" for each. */
static enum status join_attachment(void *context, const struct store_attachment *attachment,
                                   struct failure *failure)
{
    (void)failure;
    return buffer_append_format(context, "%d:%d:%.*s;", (int)attachment->checkpoint_size,
                                (int)attachment->kind, VIEW_ARGS(attachment->bytes));
}

static void assert_attached(struct store *store, uint64_t size, enum store_attachment_kind kind,
                            const char *expected)
{
    struct buffer joined;
    buffer_init(&joined, 1000);
    cr_assert(eq(int, store_scan_attachments(store, size, kind, join_attachment, &joined, NULL),
                 STATUS_OK));
    cr_assert(view_is(buffer_view(&joined), expected), "%s, not %s", joined.data, expected);
    buffer_release(&joined);
}

Test(store, attachments_are_kept_in_order_once_and_for_the_next_handle)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 3);
        fill(place.first, 3, 2);
        assert_attached(place.first, STORE_NONE, ATTACHMENT_ANY, "");
        attach(place.first, 5, ATTACHMENT_COSIGNATURE, "second", STATUS_OK);
        attach(place.first, 3, ATTACHMENT_COSIGNATURE, "first", STATUS_OK);
        attach(place.first, 5, ATTACHMENT_TIMESTAMP, "second", STATUS_OK);
        attach(place.first, 5, ATTACHMENT_COSIGNATURE, "second", STATUS_OK); /* is there */
        attach(place.first, 4, ATTACHMENT_COSIGNATURE, "none", STATUS_NOT_FOUND);
        attach(place.first, 0, ATTACHMENT_COSIGNATURE, "none", STATUS_NOT_FOUND);
        attach(place.first, UINT64_MAX - 1, ATTACHMENT_COSIGNATURE, "none", STATUS_NOT_FOUND);

        struct store *again = KINDS[k].again(&place);
        assert_attached(again, STORE_NONE, ATTACHMENT_ANY, "5:1:second;3:1:first;5:2:second;");
        assert_attached(again, 5, ATTACHMENT_ANY, "5:1:second;5:2:second;");
        assert_attached(again, STORE_NONE, ATTACHMENT_COSIGNATURE, "5:1:second;3:1:first;");
        assert_attached(again, 3, ATTACHMENT_TIMESTAMP, "");
        assert_attached(again, 4, ATTACHMENT_ANY, "");
        assert_attached(again, UINT64_MAX - 1, ATTACHMENT_ANY, "");

        /* A reader sees one moment of them too. */
        cr_assert(eq(int, store_begin(again, NULL), STATUS_OK));
        attach(place.first, 3, ATTACHMENT_REVOCATIONS, "later", STATUS_OK);
        assert_attached(again, 3, ATTACHMENT_ANY, "3:1:first;");
        store_end(again);
        assert_attached(again, 3, ATTACHMENT_ANY, "3:1:first;3:3:later;");
        cr_assert(eq(int, store_check_structure(again, NULL), STATUS_OK));
        store_close(again);
        place_close(&place);
    }
}

Test(store, one_checkpoint_is_read_by_its_size)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        struct buffer note;
        buffer_init(&note, CHECKPOINT_SIZE_MAX);
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 3);
        fill(place.first, 3, 2);
        cr_assert(eq(int, store_read_checkpoint(place.first, 3, &note, NULL), STATUS_OK));
        cr_assert(view_is(buffer_view(&note), "note of size 3"));
        cr_assert(eq(int, store_read_checkpoint(place.first, 5, &note, NULL), STATUS_OK));
        cr_assert(view_is(buffer_view(&note), "note of size 5"));
        cr_assert(eq(int, store_read_checkpoint(place.first, 4, &note, NULL), STATUS_NOT_FOUND));
        cr_assert(
            eq(int, store_read_checkpoint(place.first, UINT64_MAX, &note, NULL), STATUS_NOT_FOUND));
        buffer_release(&note);
        place_close(&place);
    }
}

Test(store, an_attachment_that_is_damaged_is_untrusted)
{
    static const char *const rows[] = {
        "UPDATE attachment SET bytes = CAST('Abc' AS BLOB)",
        "UPDATE attachment SET bytes = x''",
        "UPDATE attachment SET bytes = zeroblob(524289)",
        "UPDATE attachment SET kind = 2",
        "UPDATE attachment SET kind = 9",
        "UPDATE attachment SET id = zeroblob(32)",
        "UPDATE attachment SET id = zeroblob(31)",
        "UPDATE attachment SET size = 5",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        struct buffer joined;
        buffer_init(&joined, 1000);
        place_open(&KINDS[1], &place);
        fill(place.first, 0, 3);
        fill(place.first, 3, 2);
        attach(place.first, 3, ATTACHMENT_COSIGNATURE, "abc", STATUS_OK);
        support_forge(place.path, rows[i]);
        cr_assert(eq(int,
                     store_scan_attachments(place.first, STORE_NONE, ATTACHMENT_ANY,
                                            join_attachment, &joined, NULL),
                     STATUS_UNTRUSTED),
                  "%s", rows[i]);
        buffer_release(&joined);
        place_close(&place);
    }
}

/* What makes a ledger of format version 1 of one of version 2. */
#define DROP_ATTACHMENTS "DROP TABLE attachment; PRAGMA user_version = 1"

static void make_first_version(const char *path)
{
    sqlite3 *raw;
    cr_assert(eq(int, sqlite3_open(path, &raw), SQLITE_OK));
    cr_assert(eq(int, sqlite3_exec(raw, DROP_ATTACHMENTS, NULL, NULL, NULL), SQLITE_OK));
    cr_assert(eq(int, sqlite3_close(raw), SQLITE_OK));
}

Test(store, a_ledger_of_the_first_version_is_read_and_gets_attachments_when_it_is_written)
{
    struct place place;
    struct store *reader;
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 3);
    store_close(place.first);
    make_first_version(place.path);

    cr_assert(eq(int, sqlite_store_open(place.path, false, &reader, NULL), STATUS_OK));
    cr_assert(eq(int, store_check_structure(reader, NULL), STATUS_OK));
    assert_holds(reader, 3, 1, "the first version");
    assert_attached(reader, STORE_NONE, ATTACHMENT_ANY, "");
    assert_attached(reader, 3, ATTACHMENT_ANY, "");

    place.first = again_sqlite(&place);
    cr_assert(eq(int, store_begin(reader, NULL), STATUS_OK));
    attach(place.first, 3, ATTACHMENT_COSIGNATURE, "line", STATUS_OK);
    assert_attached(reader, 3, ATTACHMENT_ANY, ""); /* still at its moment */
    store_end(reader);
    assert_attached(reader, 3, ATTACHMENT_ANY, "3:1:line;");
    cr_assert(eq(int, store_check_structure(reader, NULL), STATUS_OK));
    assert_holds(reader, 3, 1, "the second version");
    store_close(reader);
    place_close(&place);
}

Test(store, promise_5_sqlite_refuses_every_statement_that_changes_a_row)
{
    static const char *const rows[] = {
        "UPDATE entry SET bytes = x'00'",
        "UPDATE OR REPLACE entry SET idx = 1 WHERE idx = 0",
        "UPDATE OR IGNORE entry SET subject = 'x'",
        "DELETE FROM entry",
        "DELETE FROM entry WHERE idx = 2",
        "INSERT OR REPLACE INTO entry VALUES(1, zeroblob(32), 'x', x'00')",
        "REPLACE INTO entry SELECT 3, id, subject, bytes FROM entry WHERE idx = 0",
        ("INSERT INTO entry SELECT idx, id, 'x', bytes FROM entry WHERE true "
         "ON CONFLICT DO UPDATE SET subject = 'x'"),
        "INSERT INTO entry VALUES(5, zeroblob(32), 'a gap', x'00')",
        "INSERT INTO entry VALUES(-1, zeroblob(32), 'below', x'00')",
        "UPDATE node SET hash = zeroblob(32)",
        "DELETE FROM node",
        "REPLACE INTO node VALUES(0, 1, zeroblob(32))",
        "INSERT INTO node VALUES(0, 7, zeroblob(32))",
        "UPDATE checkpoint SET note = x'00'",
        "DELETE FROM checkpoint",
        "REPLACE INTO checkpoint VALUES(3, x'00')",
        "INSERT INTO checkpoint VALUES(2, x'00')",
        "UPDATE identity SET origin = 'x'",
        "DELETE FROM identity",
        "REPLACE INTO identity VALUES(1, 'x', 'y')",
        "INSERT OR IGNORE INTO identity VALUES(2, 'x', 'y')",
        "UPDATE attachment SET bytes = x'00'",
        "DELETE FROM attachment",
        "REPLACE INTO attachment SELECT 0, id, size, kind, x'00' FROM attachment",
        "INSERT OR REPLACE INTO attachment SELECT 1, id, size, kind, x'00' FROM attachment",
        "INSERT INTO attachment VALUES(7, zeroblob(32), 3, 1, x'00')",
        "INSERT INTO attachment VALUES(1, zeroblob(32), 2, 1, x'00')",
    };
    struct place place;
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 3);
    attach(place.first, 3, ATTACHMENT_REVOCATIONS, "a list", STATUS_OK);
    for (int recursive = 0; recursive < 2; recursive++) {
        sqlite3 *raw;
        cr_assert(eq(int, sqlite3_open(place.path, &raw), SQLITE_OK));
        cr_assert(eq(int,
                     sqlite3_exec(raw,
                                  recursive != 0 ? "PRAGMA recursive_triggers = ON"
                                                 : "PRAGMA recursive_triggers = OFF",
                                  NULL, NULL, NULL),
                     SQLITE_OK));
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            int code = sqlite3_exec(raw, rows[i], NULL, NULL, NULL);
            cr_assert(eq(int, code, SQLITE_CONSTRAINT), "recursive %d: %s", recursive, rows[i]);
            assert_holds(place.first, 3, 1, rows[i]);
        }
        cr_assert(eq(int, sqlite3_close(raw), SQLITE_OK));
    }
    place_close(&place);
}

/* A connection beside the store, which does what no caller of store.h can. */
static PGconn *connect_beside(const struct place *place)
{
    char url[SUPPORT_PATH_SIZE];
    char sql[SUPPORT_PATH_SIZE];
    postgres_url(place, url);
    char *mark = strchr(url, '#');
    *mark = '\0';
    PGconn *beside = PQconnectdb(url);
    cr_assert(eq(int, PQstatus(beside), CONNECTION_OK));
    (void)snprintf(sql, sizeof sql, "SET search_path TO \"%s\"", mark + 1);
    PQclear(PQexec(beside, sql));
    return beside;
}

static bool runs(PGconn *beside, const char *sql)
{
    PGresult *result = PQexec(beside, sql);
    ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

static const struct kind *kind_named(const char *name)
{
    size_t k = 0;
    while (strcmp(KINDS[k].name, name) != 0) {
        k++;
    }
    return &KINDS[k];
}

Test(store, promise_5_postgres_refuses_every_statement_that_changes_a_row)
{
    static const char *const rows[] = {
        "UPDATE entry SET subject = 'x'",
        "UPDATE entry SET idx = 9 WHERE idx = 77",
        "DELETE FROM entry",
        "TRUNCATE entry",
        ("INSERT INTO entry SELECT idx, id, 'x', bytes FROM entry "
         "ON CONFLICT(idx) DO UPDATE SET subject = 'x'"),
        "INSERT INTO entry SELECT idx, id, 'x', bytes FROM entry",
        "UPDATE node SET hash = hash",
        "DELETE FROM node WHERE idx = 1",
        "TRUNCATE node, checkpoint",
        "UPDATE checkpoint SET note = 'x'",
        "DELETE FROM checkpoint",
        "UPDATE identity SET origin = 'x'",
        "DELETE FROM identity",
        "INSERT INTO identity VALUES(2, 'x', 'y')",
        "UPDATE format SET version = 1",
        "UPDATE attachment SET bytes = 'x'",
        "DELETE FROM attachment",
        "TRUNCATE attachment",
        "INSERT INTO attachment SELECT idx + 1, id, size, kind, bytes FROM attachment",
        "INSERT INTO attachment SELECT idx, sha256(id), size, kind, bytes FROM attachment",
        "INSERT INTO attachment SELECT 1, sha256(id), size, 0, bytes FROM attachment",
        "INSERT INTO attachment SELECT 1, sha256(id), size, kind, '' FROM attachment",
        "INSERT INTO attachment SELECT -1, sha256(id), size, kind, bytes FROM attachment",
    };
    struct place place;
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 3);
    attach(place.first, 3, ATTACHMENT_REVOCATIONS, "a list", STATUS_OK);
    PGconn *beside = connect_beside(&place);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(not(runs(beside, rows[i])), "%s", rows[i]);
        assert_holds(place.first, 3, 1, rows[i]);
    }
    PQfinish(beside);
    place_close(&place);
}

Test(store, what_is_not_as_the_format_has_it_is_refused_in_postgres)
{
    static const char *const rows[] = {
        "ALTER TABLE entry DISABLE TRIGGER entry_never",
        "DROP TRIGGER node_never ON node",
        "ALTER TABLE entry ALTER COLUMN subject DROP NOT NULL",
        "ALTER TABLE entry DROP CONSTRAINT entry_id_key",
        "CREATE TABLE stranger(a bigint)",
        "ALTER TABLE checkpoint ADD COLUMN more text",
        "ALTER TABLE node DISABLE TRIGGER ALL; DELETE FROM node WHERE idx = 1",
        "ALTER TABLE format DISABLE TRIGGER ALL; UPDATE format SET version = 7",
        ("ALTER TABLE entry DISABLE TRIGGER ALL; DELETE FROM entry WHERE idx = 1;"
         "ALTER TABLE entry ENABLE TRIGGER ALL"),
        "DROP TABLE attachment",
        "ALTER TABLE attachment DISABLE TRIGGER attachment_never",
        "ALTER TABLE attachment DROP CONSTRAINT attachment_id_key",
        "INSERT INTO attachment VALUES(1, sha256('x'), 3, 1, 'x')",
        "INSERT INTO attachment VALUES(0, sha256('x'), 2, 1, 'x')",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        place_open(kind_named("postgres"), &place);
        fill(place.first, 0, 3);
        cr_assert(eq(int, store_check_structure(place.first, NULL), STATUS_OK));
        PGconn *beside = connect_beside(&place);
        cr_assert(runs(beside, rows[i]), "%s", rows[i]);
        cr_assert(eq(int, store_check_structure(place.first, NULL), STATUS_UNTRUSTED), "%s",
                  rows[i]);
        PQfinish(beside);
        place_close(&place);
    }
}

#define DAMAGE_ATTACHMENT(change)                                    \
    "ALTER TABLE attachment DISABLE TRIGGER ALL;"                    \
    "ALTER TABLE attachment DROP CONSTRAINT attachment_id_check;"    \
    "ALTER TABLE attachment DROP CONSTRAINT attachment_bytes_check;" \
    "UPDATE attachment SET " change

Test(store, an_attachment_that_is_damaged_in_postgres_is_untrusted)
{
    static const char *const rows[] = {
        DAMAGE_ATTACHMENT("bytes = 'Abc'"),
        DAMAGE_ATTACHMENT("bytes = ''"),
        DAMAGE_ATTACHMENT("bytes = decode(repeat('00', 524289), 'hex')"),
        DAMAGE_ATTACHMENT("kind = 2"),
        DAMAGE_ATTACHMENT("kind = 9"),
        DAMAGE_ATTACHMENT("id = sha256(id)"),
        DAMAGE_ATTACHMENT("id = substr(id, 2)"),
        DAMAGE_ATTACHMENT("size = 5"),
        DAMAGE_ATTACHMENT("idx = 9223372036854775807"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        place_open(kind_named("postgres"), &place);
        fill(place.first, 0, 3);
        attach(place.first, 3, ATTACHMENT_COSIGNATURE, "abc", STATUS_OK);
        PGconn *beside = connect_beside(&place);
        cr_assert(runs(beside, rows[i]), "%s: %s", rows[i], PQerrorMessage(beside));
        OWNED(buffer_release) struct buffer joined;
        buffer_init(&joined, 1000);
        cr_assert(eq(int,
                     store_scan_attachments(place.first, STORE_NONE, ATTACHMENT_ANY,
                                            join_attachment, &joined, NULL),
                     STATUS_UNTRUSTED),
                  "%s", rows[i]);
        PQfinish(beside);
        place_close(&place);
    }
}

/* What makes a ledger of format version 1 of one of version 2, in a database. */
#define DROP_ATTACHMENTS_THERE                                       \
    "DROP TABLE attachment; ALTER TABLE format DISABLE TRIGGER ALL;" \
    "UPDATE format SET version = 1; ALTER TABLE format ENABLE TRIGGER ALL"

Test(store, a_postgres_ledger_of_the_first_version_gets_attachments_when_its_owner_writes)
{
    struct place place;
    struct store *reader;
    char url[SUPPORT_PATH_SIZE];
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 3);
    PGconn *beside = connect_beside(&place);
    cr_assert(runs(beside, DROP_ATTACHMENTS_THERE), "%s", PQerrorMessage(beside));

    postgres_url(&place, url);
    cr_assert(eq(int, postgres_store_open(url, false, &reader, NULL), STATUS_OK));
    cr_assert(eq(int, store_check_structure(reader, NULL), STATUS_OK));
    assert_attached(reader, STORE_NONE, ATTACHMENT_ANY, "");
    assert_attached(reader, 3, ATTACHMENT_ANY, "");

    struct store *writer = again_postgres(&place);
    attach(writer, 3, ATTACHMENT_COSIGNATURE, "line", STATUS_OK);
    assert_attached(reader, 3, ATTACHMENT_ANY, "3:1:line;");
    cr_assert(eq(int, store_check_structure(reader, NULL), STATUS_OK));
    assert_holds(reader, 3, 1, "the second version");
    cr_assert(runs(beside, "DO $$BEGIN IF (SELECT max(version) FROM format) <> 2 THEN "
                           "RAISE EXCEPTION 'version'; END IF; END$$"));
    store_close(writer);
    store_close(reader);
    PQfinish(beside);
    place_close(&place);
}

Test(store, a_writer_that_lost_its_lease_can_attach_nothing)
{
    struct place place;
    struct failure failure = {0};
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 2);
    struct store *second = again_postgres(&place);
    PGconn *beside = connect_beside(&place);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(runs(beside, "UPDATE writer SET until = clock_timestamp()"), "the lease runs out");
    cr_assert(eq(int, store_lock(second, NULL), STATUS_OK));
    struct store_attachment line = {2, ATTACHMENT_COSIGNATURE, VIEW("line")};
    cr_assert(eq(int, store_attach(place.first, &line, &failure), STATUS_CONFLICT));
    cr_assert(ne(ptr, strstr(failure.reason, "taken over"), NULL), "%s", failure.reason);
    cr_assert(eq(int, store_attach(second, &line, NULL), STATUS_OK));
    store_unlock(second);
    assert_attached(place.first, 2, ATTACHMENT_ANY, "2:1:line;");
    PQfinish(beside);
    store_close(second);
    place_close(&place);
}

Test(store, a_writer_that_lost_its_lease_can_store_nothing)
{
    struct place place;
    struct failure failure = {0};
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 2);
    struct store *second = again_postgres(&place);
    PGconn *beside = connect_beside(&place);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(eq(int, store_lock(second, NULL), STATUS_CONFLICT));
    cr_assert(runs(beside, "UPDATE writer SET until = clock_timestamp()"), "the lease runs out");
    cr_assert(eq(int, append_made(place.first, 2, 1), STATUS_OK), "nobody took it over");
    cr_assert(runs(beside, "UPDATE writer SET until = clock_timestamp()"));
    cr_assert(eq(int, store_lock(second, NULL), STATUS_OK));

    struct made_batch made;
    make_batch(3, 1, &made);
    cr_assert(eq(int, store_append(place.first, &made.batch, &failure), STATUS_CONFLICT));
    cr_assert(ne(ptr, strstr(failure.reason, "taken over"), NULL), "%s", failure.reason);
    store_unlock(place.first); /* gives back nothing that is not its own */
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_CONFLICT));
    cr_assert(eq(int, append_made(second, 3, 1), STATUS_OK));
    assert_holds(place.first, 4, 3, "in the end");
    store_close(second);
    PQfinish(beside);
    place_close(&place);
}

Test(store, a_commit_that_postgres_warns_about_is_not_acknowledged)
{
    struct place place;
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 2);
    PGconn *beside = connect_beside(&place);
    cr_assert(runs(beside, "CREATE FUNCTION warn() RETURNS trigger LANGUAGE plpgsql AS "
                           "$$BEGIN RAISE WARNING 'not on the standby'; RETURN NULL; END$$;"
                           "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON checkpoint "
                           "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION warn()"));
    struct made_batch made;
    struct failure failure = {0};
    make_batch(2, 1, &made);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(eq(int, store_append(place.first, &made.batch, &failure), STATUS_STORAGE));
    cr_assert(ne(ptr, strstr(failure.reason, "not confirmed"), NULL), "%s", failure.reason);
    store_unlock(place.first);
    PQfinish(beside);
    place_close(&place);
}

/* The made entries and nodes of a batch, and what is imported beside them. */
static void import_rows(struct store *store, const struct made_batch *made)
{
    for (size_t i = 0; i < made->batch.entry_count; i++) {
        cr_assert(eq(int, store_import_entry(store, &made->entries[i], NULL), STATUS_OK));
        cr_assert(eq(int, store_import_node(store, &made->nodes[i], NULL), STATUS_OK));
    }
}

static void begin_import(struct store *store)
{
    cr_assert(eq(int, store_lock(store, NULL), STATUS_OK));
    cr_assert(eq(int, store_identify(store, VIEW("origin"), VIEW("vkey"), NULL), STATUS_OK));
    cr_assert(eq(int, store_import_begin(store, 1, NULL), STATUS_CONFLICT));
    cr_assert(eq(int, store_import_begin(store, 0, NULL), STATUS_OK));
}

Test(store, an_import_is_one_commit_with_several_checkpoints_and_attachments)
{
    static const char *const names[] = {"sqlite", "postgres"};
    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        struct place place;
        struct made_batch made;
        struct hash read;
        uint64_t size;
        OWNED(buffer_release) struct buffer note;
        buffer_init(&note, CHECKPOINT_SIZE_MAX);
        make_batch(0, 5, &made);
        place_open(kind_named(names[k]), &place);
        struct store *other = kind_named(names[k])->again(&place);
        struct store_attachment line = {3, ATTACHMENT_COSIGNATURE, VIEW("line")};
        struct store_attachment astray = {4, ATTACHMENT_COSIGNATURE, VIEW("line")};
        begin_import(place.first);
        import_rows(place.first, &made);
        cr_assert(eq(int, store_read_node(place.first, made.nodes[4].at, &read, NULL), STATUS_OK));
        cr_assert(eq(int, store_read_latest(other, &size, &note, NULL), STATUS_NOT_FOUND));
        cr_assert(
            eq(int, store_import_checkpoint(place.first, 3, VIEW("note of size 3"), NULL), 0));
        cr_assert(eq(int, store_import_commit(place.first, NULL), STATUS_UNTRUSTED), "%s: size 3",
                  names[k]);
        store_import_cancel(place.first);
        cr_assert(eq(int, store_read_latest(place.first, &size, &note, NULL), STATUS_NOT_FOUND));

        cr_assert(eq(int, store_import_begin(place.first, 0, NULL), STATUS_OK));
        import_rows(place.first, &made);
        cr_assert(
            eq(int, store_import_checkpoint(place.first, 3, VIEW("note of size 3"), NULL), 0));
        cr_assert(eq(int, store_import_checkpoint(place.first, 5, view_of(made.note), NULL), 0));
        cr_assert(eq(int, store_import_attachment(place.first, &astray, NULL), STATUS_NOT_FOUND));
        cr_assert(eq(int, store_import_attachment(place.first, &line, NULL), STATUS_OK));
        cr_assert(eq(int, store_import_commit(place.first, NULL), STATUS_OK));
        store_import_cancel(place.first); /* harmless */
        store_unlock(place.first);
        assert_holds(other, 5, 2, names[k]);
        assert_attached(other, STORE_NONE, ATTACHMENT_ANY, "3:1:line;");
        cr_assert(eq(int, store_check_structure(other, NULL), STATUS_OK));
        store_close(other);
        place_close(&place);
    }
}

Test(store, a_connection_that_ends_is_an_error_of_storage)
{
    struct place place;
    place_open(kind_named("postgres"), &place);
    fill(place.first, 0, 2);
    PGconn *beside = connect_beside(&place);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(runs(beside, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                           "WHERE pid <> pg_backend_pid() "
                           "AND application_name = current_setting('application_name')"));
    cr_assert(eq(int, append_made(place.first, 2, 1), STATUS_STORAGE));
    struct visits visits = {.all_good = true};
    cr_assert(
        eq(int, store_read_entry(place.first, 0, count_entry, &visits, NULL), STATUS_STORAGE));
    struct store *again = again_postgres(&place);
    assert_holds(again, 2, 1, "nothing of the batch");
    store_close(again);
    PQfinish(beside);
    place_close(&place);
}

Test(store, a_postgres_ledger_has_a_name_and_is_created_once)
{
    struct place place;
    struct store *store;
    char url[SUPPORT_PATH_SIZE];
    struct failure failure = {0};
    static const char *const BAD_NAMES[] = {
        "", "A", "pg_x", "a b", "a\"b", "a;b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    place_open(kind_named("postgres"), &place);
    postgres_url(&place, url);
    cr_assert(eq(int, postgres_store_create(url, &store, &failure), STATUS_CONFLICT));
    store_close(place.first); /* never used: it is removed again */
    cr_assert(eq(int, postgres_store_open(url, true, &store, &failure), STATUS_NOT_FOUND));
    char *mark = strchr(url, '#');
    for (size_t i = 0; i < sizeof BAD_NAMES / sizeof BAD_NAMES[0]; i++) {
        (void)snprintf(mark + 1, 60, "%s", BAD_NAMES[i]);
        cr_assert(eq(int, postgres_store_create(url, &store, &failure), STATUS_INVALID), "%s",
                  BAD_NAMES[i]);
    }
    cr_assert(eq(int, postgres_store_open("postgresql://127.0.0.1:1/none", true, &store, &failure),
                 STATUS_STORAGE));
    support_remove_folder(place.folder);
}

Test(store, promise_6_a_reader_sees_one_moment)
{
    for (size_t k = 0; k < KIND_COUNT; k++) {
        struct place place;
        place_open(&KINDS[k], &place);
        fill(place.first, 0, 2);
        struct store *reader = KINDS[k].again(&place);
        cr_assert(eq(int, store_begin(reader, NULL), STATUS_OK));
        fill(place.first, 2, 3);
        assert_holds(reader, 2, 1, KINDS[k].name);
        store_end(reader);
        assert_holds(reader, 5, 2, KINDS[k].name);
        cr_assert(eq(int, store_begin(reader, NULL), STATUS_OK));
        assert_holds(reader, 5, 2, KINDS[k].name);
        store_end(reader);
        store_close(reader);
        place_close(&place);
    }
}

Test(store, promise_7_a_row_of_a_wrong_shape_is_untrusted)
{
    /* Written where the schema cannot check: as STRICT tables would not take such values. */
    static const struct {
        const char *sql;
        enum status entry;
        enum status node;
        enum status latest;
        enum status identity;
    } rows[] = {
        {"UPDATE entry SET id = x'00' WHERE idx = 1", STATUS_UNTRUSTED, STATUS_OK, STATUS_OK,
         STATUS_OK},
        {"UPDATE entry SET subject = printf('%.*c', 301, 'x') WHERE idx = 1", STATUS_UNTRUSTED,
         STATUS_OK, STATUS_OK, STATUS_OK},
        {"UPDATE entry SET bytes = zeroblob(65536) WHERE idx = 1", STATUS_UNTRUSTED, STATUS_OK,
         STATUS_OK, STATUS_OK},
        {"DELETE FROM entry WHERE idx = 1", STATUS_NOT_FOUND, STATUS_OK, STATUS_OK, STATUS_OK},
        {"UPDATE node SET hash = zeroblob(31) WHERE idx = 1", STATUS_OK, STATUS_UNTRUSTED,
         STATUS_OK, STATUS_OK},
        {"DELETE FROM node WHERE idx = 1", STATUS_OK, STATUS_UNTRUSTED, STATUS_OK, STATUS_OK},
        {"UPDATE checkpoint SET note = zeroblob(17000)", STATUS_OK, STATUS_OK, STATUS_UNTRUSTED,
         STATUS_OK},
        {"UPDATE checkpoint SET size = -3", STATUS_OK, STATUS_OK, STATUS_UNTRUSTED, STATUS_OK},
        {"UPDATE identity SET one = 2", STATUS_OK, STATUS_OK, STATUS_OK, STATUS_UNTRUSTED},
        {"INSERT INTO identity VALUES(2, 'x', 'y')", STATUS_OK, STATUS_OK, STATUS_OK,
         STATUS_UNTRUSTED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        struct visits visits = {0};
        struct hash hash;
        uint64_t size;
        struct merkle_position at = {.level = 0, .index = 1};
        struct buffer a;
        struct buffer b;
        buffer_init(&a, CHECKPOINT_SIZE_MAX);
        buffer_init(&b, CHECKPOINT_SIZE_MAX);
        place_open(&KINDS[1], &place);
        fill(place.first, 0, 3);
        support_forge(place.path, rows[i].sql);
        cr_assert(
            eq(int, store_read_entry(place.first, 1, count_entry, &visits, NULL), rows[i].entry),
            "%s", rows[i].sql);
        cr_assert(eq(int, store_read_node(place.first, at, &hash, NULL), rows[i].node), "%s",
                  rows[i].sql);
        struct hash several[3];
        struct merkle_position start = {.level = 0, .index = 0};
        size_t count = 99;
        cr_assert(
            eq(int, store_read_nodes(place.first, start, 3, several, &count, NULL), STATUS_OK));
        cr_assert(eq(sz, count, rows[i].node == STATUS_OK ? 3 : 1), "%s", rows[i].sql);
        cr_assert(eq(int, store_read_latest(place.first, &size, &a, NULL), rows[i].latest), "%s",
                  rows[i].sql);
        cr_assert(eq(int, store_read_identity(place.first, &a, &b, NULL), rows[i].identity), "%s",
                  rows[i].sql);
        buffer_release(&a);
        buffer_release(&b);
        place_close(&place);
    }
}

Test(store, promise_7_a_gap_ends_a_scan)
{
    struct place place;
    struct visits visits = {.all_good = true};
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    size_t nodes = 0;
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 4);
    support_forge(place.path, "DELETE FROM entry WHERE idx = 2; DELETE FROM node WHERE idx = 1");
    cr_assert(eq(int, store_scan(place.first, all, count_entry, &visits, NULL), STATUS_UNTRUSTED));
    cr_assert(eq(sz, visits.count, 2));
    cr_assert(
        eq(int, store_scan_nodes(place.first, 0, count_node, &nodes, NULL), STATUS_UNTRUSTED));
    cr_assert(eq(sz, nodes, 1));
    place_close(&place);
}

Test(store, a_structure_that_the_format_does_not_know_is_untrusted)
{
    static const struct {
        const char *sql; /* NULL: nothing is changed */
        enum status opened;
        enum status checked;
    } rows[] = {
        {NULL, STATUS_OK, STATUS_OK},
        {"CREATE TABLE more(a)", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"CREATE VIEW more AS SELECT 1", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"CREATE INDEX more ON entry(bytes)", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"DROP INDEX entry_by_subject", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"DROP TRIGGER node_no_delete", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"ANALYZE", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"ALTER TABLE entry ADD COLUMN more TEXT", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"PRAGMA user_version = 0", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"PRAGMA user_version = 1", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"PRAGMA user_version = 3", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"PRAGMA application_id = 1", STATUS_UNTRUSTED, STATUS_UNTRUSTED},
        {"VACUUM", STATUS_OK, STATUS_OK},
        {"PRAGMA journal_mode = DELETE", STATUS_OK, STATUS_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        struct store *reader;
        place_open(&KINDS[1], &place);
        fill(place.first, 0, 3);
        store_close(place.first);
        if (rows[i].sql != NULL) {
            sqlite3 *raw;
            cr_assert(eq(int, sqlite3_open(place.path, &raw), SQLITE_OK));
            cr_assert(eq(int, sqlite3_exec(raw, rows[i].sql, NULL, NULL, NULL), SQLITE_OK), "%s",
                      rows[i].sql);
            cr_assert(eq(int, sqlite3_close(raw), SQLITE_OK));
        }
        enum status opened = sqlite_store_open(place.path, false, &reader, NULL);
        cr_assert(eq(int, opened, rows[i].opened), "%s", rows[i].sql);
        if (opened == STATUS_OK) {
            cr_assert(eq(int, store_check_structure(reader, NULL), rows[i].checked), "%s",
                      rows[i].sql);
            store_close(reader);
        }
        support_remove_folder(place.folder);
    }
}

Test(store, check_structure_finds_rows_that_belong_nowhere)
{
    static const char *const rows[] = {
        "INSERT INTO node VALUES(64, 0, zeroblob(32))",
        "INSERT INTO node VALUES(-1, 0, zeroblob(32))",
        "INSERT INTO node VALUES(0, -1, zeroblob(32))",
        "INSERT INTO checkpoint VALUES(0, x'00')",
        "INSERT INTO checkpoint VALUES(-5, x'00')",
        "INSERT INTO entry VALUES(-1, zeroblob(32), 'x', x'00')",
        "INSERT INTO entry VALUES(9, zeroblob(32), 'x', x'00')",
        "DELETE FROM entry WHERE idx = 0",
        "UPDATE identity SET one = 3",
        "INSERT INTO attachment VALUES(0, zeroblob(32), 2, 1, x'00')",
        "INSERT INTO attachment VALUES(-1, zeroblob(32), 3, 1, x'00')",
        "INSERT INTO attachment VALUES(2, zeroblob(32), 3, 1, x'00')",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct place place;
        place_open(&KINDS[1], &place);
        fill(place.first, 0, 3);
        cr_assert(eq(int, store_check_structure(place.first, NULL), STATUS_OK));
        support_forge(place.path, rows[i]);
        cr_assert(eq(int, store_check_structure(place.first, NULL), STATUS_UNTRUSTED), "%s",
                  rows[i]);
        place_close(&place);
    }
}

Test(sqlite_store, creating_never_overwrites_and_leaves_nothing_unused)
{
    struct place place;
    struct store *store;
    struct failure failure = {0};
    place_open(&KINDS[1], &place);
    cr_assert(eq(int, sqlite_store_create(place.path, &store, &failure), STATUS_CONFLICT));
    cr_assert(eq(int, access(place.path, F_OK), 0));
    store_close(place.first);
    cr_assert(ne(int, access(place.path, F_OK), 0), "nothing was stored, so the file is gone");

    /* Closing the handle that created it keeps what another handle stored. */
    place.first = create_sqlite(&place);
    struct store *second = again_sqlite(&place);
    fill(second, 0, 1);
    store_close(second);
    store_close(place.first);
    cr_assert(eq(int, access(place.path, F_OK), 0));
    place.first = again_sqlite(&place);
    assert_holds(place.first, 1, 1, "stored by another handle");
    place_close(&place);

    cr_assert(
        eq(int, sqlite_store_create("/nonexistent/ledger", &store, &failure), STATUS_STORAGE));
    cr_assert(eq(int, sqlite_store_open("/nonexistent/ledger", false, &store, &failure),
                 STATUS_NOT_FOUND));
}

Test(sqlite_store, the_identity_is_stored_with_the_first_batch)
{
    struct place place;
    place_open(&KINDS[1], &place);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));
    cr_assert(eq(int, store_identify(place.first, VIEW("origin"), VIEW("vkey"), NULL), STATUS_OK));
    assert_holds(place.first, 0, 0, "only staged");
    cr_assert(eq(int, append_made(place.first, 0, 1), STATUS_OK));
    assert_holds(place.first, 1, 1, "stored");
    cr_assert(
        eq(int, store_identify(place.first, VIEW("other"), VIEW("vkey"), NULL), STATUS_CONFLICT));
    store_unlock(place.first);
    place_close(&place);
}

Test(sqlite_store, what_is_not_a_ledger_is_untrusted)
{
    static const char *const contents[] = {"", "x", "SQLite format 3", "not a database at all\n"};
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    support_make_folder(folder);
    support_path(folder, "file", path);
    for (size_t i = 0; i < sizeof contents / sizeof contents[0]; i++) {
        struct store *store;
        FILE *file = fopen(path, "w");
        cr_assert(file != NULL);
        cr_assert(fputs(contents[i], file) >= 0);
        cr_assert(eq(int, fclose(file), 0));
        for (int writable = 0; writable < 2; writable++) {
            cr_assert(
                eq(int, sqlite_store_open(path, writable != 0, &store, NULL), STATUS_UNTRUSTED),
                "row %zu", i);
        }
    }
    struct store *store;
    cr_assert(eq(int, sqlite_store_open(folder, false, &store, NULL), STATUS_UNTRUSTED));
    support_remove_folder(folder);
}

Test(sqlite_store, a_reader_does_not_write)
{
    struct place place;
    struct store *reader;
    struct failure failure = {0};
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 2);
    cr_assert(eq(int, sqlite_store_open(place.path, false, &reader, &failure), STATUS_OK));
    cr_assert(eq(int, store_lock(reader, &failure), STATUS_STORAGE));
    assert_holds(reader, 2, 1, "a reader beside a writer");

    /* The log is not brought into the file by a reader, also when it is the last to close. */
    char wal[SUPPORT_PATH_SIZE];
    struct stat before;
    struct stat after;
    support_path(place.folder, "ledger-wal", wal);
    cr_assert(eq(int, stat(wal, &before), 0));
    cr_assert(before.st_size > 0);
    store_close(reader);
    cr_assert(eq(int, stat(wal, &after), 0));
    cr_assert(after.st_size == before.st_size);
    place_close(&place);
}

/* Runs as a user without rights, in a process of its own; returns its exit status. */
static int run_without_rights(int (*run)(const char *path), const char *path)
{
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0)) {
            _exit(99);
        }
        _exit(run(path));
    }
    int how;
    cr_assert(eq(int, waitpid(child, &how, 0), child));
    bool has_exited = WIFEXITED(how);
    cr_assert(has_exited);
    return WEXITSTATUS(how);
}

static int read_two(const char *path)
{
    struct store *reader;
    if (sqlite_store_open(path, false, &reader, NULL) != STATUS_OK) {
        return 1;
    }
    struct visits visits = {.all_good = true};
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    enum status scanned = store_scan(reader, all, count_entry, &visits, NULL);
    bool is_sound = store_check_structure(reader, NULL) == STATUS_OK;
    store_close(reader);
    return scanned == STATUS_OK && visits.count == 2 && visits.all_good && is_sound ? 0 : 2;
}

static int refuse_to_read(const char *path)
{
    struct store *reader;
    return sqlite_store_open(path, false, &reader, NULL) == STATUS_STORAGE ? 0 : 1;
}

static int refuse_to_write(const char *path)
{
    struct store *writer;
    return sqlite_store_open(path, true, &writer, NULL) == STATUS_STORAGE ? 0 : 1;
}

Test(sqlite_store, a_ledger_in_a_read_only_folder_can_be_read)
{
    struct place place;
    char odd[SUPPORT_PATH_SIZE];
    char odd_wal[SUPPORT_PATH_SIZE];
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 2);
    store_close(place.first);
    support_path(place.folder, "odd ?name=%41#", odd);
    cr_assert(eq(int, link(place.path, odd), 0));
    cr_assert(eq(int, chmod(place.path, 0444), 0));
    cr_assert(eq(int, chmod(place.folder, 0555), 0));
    cr_assert(eq(int, run_without_rights(read_two, place.path), 0));
    cr_assert(eq(int, run_without_rights(read_two, odd), 0));
    cr_assert(eq(int, run_without_rights(refuse_to_write, place.path), 0));

    /* With a log beside it the file alone is not the ledger. */
    support_path(place.folder, "odd ?name=%41#-wal", odd_wal);
    cr_assert(eq(int, chmod(place.folder, 0755), 0));
    FILE *wal = fopen(odd_wal, "w");
    cr_assert(wal != NULL);
    cr_assert(fputs("something", wal) >= 0);
    cr_assert(eq(int, fclose(wal), 0));
    cr_assert(eq(int, chmod(place.folder, 0555), 0));
    cr_assert(eq(int, run_without_rights(refuse_to_read, odd), 0));
    cr_assert(eq(int, chmod(place.folder, 0755), 0));
    support_remove_folder(place.folder);
}

Test(sqlite_store, a_full_disk_changes_nothing_and_says_what_to_do)
{
    struct place place;
    struct rlimit old;
    struct failure failure = {0};
    struct made_batch made;
    char large[ENTRY_SIZE_MAX];
    place_open(&KINDS[1], &place);
    fill(place.first, 0, 2);
    cr_assert(eq(int, store_lock(place.first, NULL), STATUS_OK));

    memset(large, 'x', sizeof large);
    make_batch(2, 8, &made);
    for (size_t i = 0; i < 8; i++) {
        made.entries[i].bytes = (struct view){.data = large, .size = sizeof large};
    }
    (void)signal(SIGXFSZ, SIG_IGN);
    cr_assert(eq(int, getrlimit(RLIMIT_FSIZE, &old), 0));
    struct rlimit small = {.rlim_cur = 300000, .rlim_max = old.rlim_max};
    cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &small), 0));
    enum status appended = store_append(place.first, &made.batch, &failure);
    cr_assert(eq(int, setrlimit(RLIMIT_FSIZE, &old), 0));

    cr_assert(eq(int, appended, STATUS_STORAGE));
    cr_assert(strstr(failure.reason, place.path) != NULL, "%s", failure.reason);
    assert_holds(place.first, 2, 1, "nothing was stored");
    store_unlock(place.first);
    struct store *second = again_sqlite(&place);
    assert_holds(second, 2, 1, "nor for anybody else");
    fill(second, 2, 1);
    store_close(second);
    place_close(&place);
}

Test(memory_store, any_operation_can_be_made_to_fail_once)
{
    struct store *store;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    fill(store, 0, 2);
    for (uint64_t countdown = 1; countdown <= 3; countdown++) {
        struct hash none = hash_bytes(VIEW("none"));
        struct failure failure = {0};
        uint64_t index;
        memory_store_fail_after(store, countdown, STATUS_STORAGE);
        for (uint64_t i = 1; i <= 4; i++) {
            enum status found = store_find(store, &none, &index, &failure);
            cr_assert(eq(int, found, i == countdown ? STATUS_STORAGE : STATUS_NOT_FOUND));
        }
    }
    memory_store_fail_after(store, 1, STATUS_MEMORY);
    memory_store_fail_after(store, 0, STATUS_MEMORY);
    assert_holds(store, 2, 1, "switched off");
    store_close(store);
}

Test(memory_store, a_crash_in_an_append_reports_storage_whether_it_stored_or_not)
{
    for (int stored = 0; stored < 2; stored++) {
        struct store *store;
        cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
        fill(store, 0, 2);
        cr_assert(eq(int, store_lock(store, NULL), STATUS_OK));
        memory_store_crash_next_append(store, stored != 0);
        cr_assert(eq(int, append_made(store, 2, 1), STATUS_STORAGE));
        assert_holds(store, stored != 0 ? 3 : 2, stored != 0 ? 2 : 1, "after the crash");
        store_close(store);
    }
}
