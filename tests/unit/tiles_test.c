/* Publishing and reading tiles: what leaves one side, the other believes, and nothing else. */

#include "ledger/tiles.h"

#include "ledger/publish.h"
#include "ledger/store/memory.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64

/* A site in memory. */
struct file {
    char path[TILE_PATH_SIZE];
    struct buffer bytes;
};

static struct file files[FILES_MAX];
static size_t file_count;
static size_t replaced_count;

static struct file *find(const char *path)
{
    for (size_t i = 0; i < file_count; i++) {
        if (strcmp(files[i].path, path) == 0) {
            return &files[i];
        }
    }
    return NULL;
}

static enum status put(void *context, const char *path, struct view bytes, struct failure *failure)
{
    (void)context;
    (void)failure;
    struct file *file = find(path);
    if (file != NULL) {
        replaced_count += !view_equal(buffer_view(&file->bytes), bytes);
        return STATUS_OK;
    }
    cr_assert(file_count < FILES_MAX);
    file = &files[file_count++];
    (void)snprintf(file->path, sizeof file->path, "%s", path);
    buffer_init(&file->bytes, BUNDLE_SIZE_MAX);
    return buffer_append(&file->bytes, bytes);
}

static enum status fetch(void *context, const char *path, struct buffer *ret_bytes,
                         struct failure *failure)
{
    (void)context;
    const struct file *file = find(path);
    if (file == NULL) {
        return fail(failure, STATUS_NOT_FOUND, path, "no such file");
    }
    return buffer_append(ret_bytes, buffer_view(&file->bytes));
}

static const struct publish_sink SINK = {.put = put};
static const struct tiles_source SOURCE = {.fetch = fetch};
static struct secret_key *secret;
static struct ledger *ledger;
static struct hash roots[1000]; /* of earlier sizes */

static void publish(uint64_t old_size)
{
    struct failure failure = {0};
    cr_assert(ledger_begin(ledger, &failure) == STATUS_OK);
    roots[ledger_size(ledger)] = *ledger_root(ledger);
    cr_assert(publish_tiles(ledger, old_size, &SINK, &failure) == STATUS_OK, "%s %s", failure.at,
              failure.reason);
    ledger_end(ledger);
}

static void setup(void)
{
    struct store *store;
    secret = support_secret(1);
    cr_assert(memory_store_create(&store) == STATUS_OK);
    ledger = support_new_ledger(store, secret);
}

static void teardown(void)
{
    ledger_close(ledger);
    secret_key_free(secret);
    for (size_t i = 0; i < file_count; i++) {
        buffer_release(&files[i].bytes);
    }
    file_count = 0;
}

/* The size and root of the ledger. */
static struct checkpoint now(void)
{
    return (struct checkpoint){
        .origin = VIEW("test.example/log"),
        .size = ledger_size(ledger),
        .root = *ledger_root(ledger),
    };
}

static enum status check(void)
{
    struct checkpoint checkpoint = now();
    struct tiles *tiles = malloc(sizeof *tiles);
    tiles_init(tiles, SOURCE, checkpoint.size);
    enum status status = tiles_check(tiles, &checkpoint, NULL);
    free(tiles);
    return status;
}

/* Whether every published entry is the one of its index. */
static void check_bundles(void)
{
    struct tiles *tiles = malloc(sizeof *tiles);
    struct buffer bytes;
    buffer_init(&bytes, BUNDLE_SIZE_MAX);
    tiles_init(tiles, SOURCE, ledger_size(ledger));
    uint64_t index = 0;
    for (uint64_t i = 0; i * TILE_WIDTH < ledger_size(ledger); i++) {
        struct view rest;
        struct view entry;
        cr_assert(tiles_read_bundle(tiles, i, &bytes, &rest, NULL) == STATUS_OK);
        while (bundle_cut(&rest, &entry) == STATUS_OK) {
            struct support_entry made;
            support_make_entry(index, &made);
            cr_assert(view_equal(entry, made.entry.bytes));
            index += 1;
        }
    }
    cr_assert(eq(u64, index, ledger_size(ledger)));
    buffer_release(&bytes);
    free(tiles);
}

Test(tiles, grow, .init = setup, .fini = teardown)
{
    static const size_t STEPS[] = {0, 1, 60, 194, 0, 1, 255, 1, 80};
    uint64_t old_size = 0;
    for (size_t i = 0; i < sizeof STEPS / sizeof STEPS[0]; i++) {
        if (STEPS[i] > 0) {
            support_append(ledger, secret, STEPS[i], 100);
        }
        publish(old_size);
        old_size = ledger_size(ledger);
        cr_assert(check() == STATUS_OK, "size %zu", (size_t)old_size);
        check_bundles();
    }
    cr_assert(eq(sz, replaced_count, 0));
    cr_assert(find("tile/0/000") != NULL && find("tile/1/000.p/1") != NULL &&
              find("tile/0/000.p/62") != NULL && find("tile/entries/002.p/81") != NULL);

    /* Each earlier size that was published is found in the tree of the last. */
    struct checkpoint checkpoint = now();
    struct tiles *tiles = malloc(sizeof *tiles);
    tiles_init(tiles, SOURCE, checkpoint.size);
    for (uint64_t size = 1; size <= checkpoint.size; size++) {
        struct hash root;
        cr_assert(tiles_root_at(tiles, size, &checkpoint, &root, NULL) == STATUS_OK);
        cr_assert(memcmp(roots[size].bytes, (struct hash){0}.bytes, HASH_SIZE) == 0 ||
                  hash_equal(&root, &roots[size]));
    }
    free(tiles);
}

/* What the checkpoint of the last size promises, and its damage. */
Test(tiles, damage, .init = setup, .fini = teardown)
{
    support_append(ledger, secret, 300, 300);
    publish(0);
    cr_assert(check() == STATUS_OK);
    for (size_t i = 0; i < file_count; i++) {
        struct file *file = &files[i];
        bool is_edge = strstr(file->path, ".p/") != NULL && strstr(file->path, "entries") == NULL;
        if (!is_edge) {
            continue;
        }
        file->bytes.data[3] ^= 1;
        cr_assert(check() == STATUS_UNTRUSTED, "%s", file->path);
        file->bytes.data[3] ^= 1;
        file->bytes.size -= 1;
        cr_assert(check() == STATUS_UNTRUSTED, "%s", file->path);
        file->bytes.size += 1;
        char first = file->path[0];
        file->path[0] = '-';
        cr_assert(check() == STATUS_UNTRUSTED, "%s", file->path);
        file->path[0] = first;
    }
    cr_assert(check() == STATUS_OK);
}

Test(tiles, bundles_are_counted, .init = setup, .fini = teardown)
{
    support_append(ledger, secret, 9, 9);
    publish(0);
    struct file *bundle = find("tile/entries/000.p/10");
    struct tiles *tiles = malloc(sizeof *tiles);
    struct buffer bytes;
    struct view entries;
    buffer_init(&bytes, BUNDLE_SIZE_MAX);
    tiles_init(tiles, SOURCE, 10);
    bundle->bytes.size -= 1;
    cr_assert(tiles_read_bundle(tiles, 0, &bytes, &entries, NULL) == STATUS_UNTRUSTED);
    bundle->bytes.size += 1;
    cr_assert(tiles_read_bundle(tiles, 0, &bytes, &entries, NULL) == STATUS_OK);
    cr_assert(bundle_append(&bundle->bytes, VIEW("more")) == STATUS_OK);
    cr_assert(tiles_read_bundle(tiles, 0, &bytes, &entries, NULL) == STATUS_UNTRUSTED);
    buffer_release(&bytes);
    free(tiles);
}

/* Whoever serves the site may remove a partial tile when the full one is there. */
Test(tiles, full_one_in_the_place_of_a_partial_one, .init = setup, .fini = teardown)
{
    support_append(ledger, secret, 99, 99);
    publish(0);
    struct checkpoint old = now();
    support_append(ledger, secret, 156, 156);
    publish(100);
    (void)snprintf(find("tile/0/000.p/100")->path, TILE_PATH_SIZE, "removed");
    (void)snprintf(find("tile/entries/000.p/100")->path, TILE_PATH_SIZE, "removed too");
    struct tiles *tiles = malloc(sizeof *tiles);
    struct buffer bytes;
    struct view entries;
    buffer_init(&bytes, BUNDLE_SIZE_MAX);
    tiles_init(tiles, SOURCE, old.size);
    cr_assert(tiles_check(tiles, &old, NULL) == STATUS_OK);
    cr_assert(tiles_read_bundle(tiles, 0, &bytes, &entries, NULL) == STATUS_OK);
    size_t count = 0;
    struct view entry;
    while (bundle_cut(&entries, &entry) == STATUS_OK) {
        count += 1;
    }
    cr_assert(eq(sz, count, 100));
    buffer_release(&bytes);
    free(tiles);
}
