#include "ledger/log/tile.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static void check_path(struct tile tile, const char *expected)
{
    char path[TILE_PATH_SIZE];
    tile_path(&tile, path);
    cr_assert(strcmp(path, expected) == 0, "%s instead of %s", path, expected);
}

/* The examples of c2sp.org/tlog-tiles, and of Go's sumdb/tlog TestTilePath without its height. */
Test(tile, path)
{
    check_path((struct tile){.level = 0, .index = 1234067, .width = 256}, "tile/0/x001/x234/067");
    check_path((struct tile){.level = 0, .index = 0, .width = 1}, "tile/0/000.p/1");
    check_path((struct tile){.level = 3, .index = 5, .width = 256}, "tile/3/005");
    check_path((struct tile){.level = 1, .index = 999, .width = 255}, "tile/1/999.p/255");
    check_path((struct tile){.level = 1, .index = 1000, .width = 256}, "tile/1/x001/000");
    check_path((struct tile){.is_bundle = true, .index = 273, .width = 112},
               "tile/entries/273.p/112");
    check_path((struct tile){.level = 7, .index = (UINT64_C(1) << 55) - 1, .width = 255},
               "tile/7/x036/x028/x797/x018/x963/967.p/255");
}

/* "A size of 70,000 has 273 full tiles at level 0 and one of width 112; ..." */
Test(tile, size_of_the_specification)
{
    cr_assert(eq(u64, tile_full_count(0, 70000), 273));
    cr_assert(eq(u32, tile_partial_width(0, 70000), 112));
    cr_assert(eq(u64, tile_full_count(1, 70000), 1));
    cr_assert(eq(u32, tile_partial_width(1, 70000), 17));
    cr_assert(eq(u64, tile_full_count(2, 70000), 0));
    cr_assert(eq(u32, tile_partial_width(2, 70000), 1));
    cr_assert(eq(u32, tile_partial_width(3, 70000), 0));
}

Test(tile, size_that_fills_a_tile)
{
    cr_assert(eq(u32, tile_width(0, 0, 256), 256));
    cr_assert(eq(u32, tile_width(0, 1, 256), 0));
    cr_assert(eq(u32, tile_width(1, 0, 256), 1));
    cr_assert(eq(u32, tile_width(2, 0, 256), 0));
    cr_assert(eq(u32, tile_width(0, 0, 0), 0));
}

Test(tile, greatest_size)
{
    cr_assert(eq(u64, tile_full_count(TILE_LEVEL_MAX, INT64_MAX), 0));
    cr_assert(eq(u32, tile_partial_width(TILE_LEVEL_MAX, INT64_MAX), 127));
    cr_assert(eq(u64, tile_full_count(0, INT64_MAX), INT64_MAX / 256));
}

/* Every hash of a level is in one tile of it. */
Test(tile, widths_add_up)
{
    for (uint64_t size = 0; size < 140000; size += 111) {
        uint64_t hashes = size;
        for (uint32_t level = 0; level <= TILE_LEVEL_MAX; level++) {
            uint64_t index = 0;
            uint64_t found = 0;
            uint32_t width = tile_width(level, 0, size);
            while (width > 0) {
                found += width;
                index += 1;
                width = tile_width(level, index, size);
            }
            cr_assert(eq(u64, found, hashes), "size %zu level %u", (size_t)size, level);
            hashes /= 256;
        }
    }
}

/* As in the test data of transparency-dev/tessera: "one", "two", "three". */
Test(bundle, worked_example)
{
    static const char BYTES[] = "\0\3one\0\3two\0\5three";
    struct buffer bundle;
    buffer_init(&bundle, BUNDLE_SIZE_MAX);
    cr_assert(bundle_append(&bundle, VIEW("one")) == STATUS_OK);
    cr_assert(bundle_append(&bundle, VIEW("two")) == STATUS_OK);
    cr_assert(bundle_append(&bundle, VIEW("three")) == STATUS_OK);
    cr_assert(view_equal(buffer_view(&bundle), VIEW(BYTES)));

    struct view rest = buffer_view(&bundle);
    struct view entry;
    cr_assert(bundle_cut(&rest, &entry) == STATUS_OK && view_is(entry, "one"));
    cr_assert(bundle_cut(&rest, &entry) == STATUS_OK && view_is(entry, "two"));
    cr_assert(bundle_cut(&rest, &entry) == STATUS_OK && view_is(entry, "three"));
    cr_assert(eq(sz, rest.size, 0));
    cr_assert(bundle_cut(&rest, &entry) == STATUS_INVALID);
    buffer_release(&bundle);
}

Test(bundle, sizes)
{
    static char longest[ENTRY_SIZE_MAX];
    struct buffer bundle;
    buffer_init(&bundle, BUNDLE_SIZE_MAX);
    cr_assert(bundle_append(&bundle, (struct view){longest, sizeof longest}) == STATUS_OK);
    cr_assert(bundle_append(&bundle, VIEW("")) == STATUS_OK);
    struct view rest = buffer_view(&bundle);
    struct view entry;
    cr_assert(bundle_cut(&rest, &entry) == STATUS_OK);
    cr_assert(eq(sz, entry.size, ENTRY_SIZE_MAX));
    cr_assert(bundle_cut(&rest, &entry) == STATUS_OK);
    cr_assert(eq(sz, entry.size, 0));
    buffer_release(&bundle);
}

Test(bundle, cut_off)
{
    static const char BYTES[] = "\0\5three";
    for (size_t size = 0; size < sizeof BYTES - 1; size++) {
        struct view rest = {BYTES, size};
        struct view entry;
        cr_assert(bundle_cut(&rest, &entry) == STATUS_INVALID, "%zu bytes", size);
        cr_assert(eq(sz, rest.size, size));
    }
}

Test(tile, read)
{
    static char bytes[TILE_SIZE_MAX];
    struct hash hashes[TILE_WIDTH];
    bytes[HASH_SIZE] = 7;
    cr_assert(tile_read((struct view){bytes, 2 * HASH_SIZE}, 2, hashes) == STATUS_OK);
    cr_assert(eq(u8, hashes[1].bytes[0], 7));
    cr_assert(tile_read((struct view){bytes, 2 * HASH_SIZE}, 3, hashes) == STATUS_INVALID);
    cr_assert(tile_read((struct view){bytes, 2 * HASH_SIZE - 1}, 2, hashes) == STATUS_INVALID);
    cr_assert(tile_read((struct view){bytes, TILE_SIZE_MAX}, TILE_WIDTH, hashes) == STATUS_OK);
}

/* The root over a tile is the root of a tree of as many leaves. */
Test(tile, subtree)
{
    struct hash leaves[TILE_WIDTH];
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (uint32_t i = 0; i < TILE_WIDTH; i++) {
        char entry[16];
        int size = snprintf(entry, sizeof entry, "%u", i);
        leaves[i] = hash_leaf((struct view){entry, (size_t)size});
        cr_assert(merkle_edge_append(&edge, &leaves[i], NULL, NULL) == STATUS_OK);
        for (uint32_t height = 0; height <= TILE_HEIGHT; height++) {
            if (edge.size == UINT64_C(1) << height) {
                struct hash root = merkle_edge_root(&edge);
                struct hash made = tile_subtree(leaves, height);
                cr_assert(hash_equal(&root, &made));
            }
        }
    }
}

Test(tile, of_node)
{
    struct tile_node node = tile_of_node((struct merkle_position){.level = 0, .index = 70000});
    cr_assert(node.level == 0 && node.index == 273 && node.first == 112 && node.height == 0);
    node = tile_of_node((struct merkle_position){.level = 7, .index = 3});
    cr_assert(node.level == 0 && node.index == 1 && node.first == 128 && node.height == 7);
    node = tile_of_node((struct merkle_position){.level = 8, .index = 300});
    cr_assert(node.level == 1 && node.index == 1 && node.first == 44 && node.height == 0);
    node = tile_of_node((struct merkle_position){.level = 62, .index = 1});
    cr_assert(node.level == 7 && node.index == 0 && node.first == 64 && node.height == 6);
}

Test(tile, a_path_is_read_as_it_is_written_and_in_no_other_spelling)
{
    static const char *const GOOD[] = {
        "tile/0/000",     "tile/0/x001/x234/067",   "tile/7/x036/x028/x797/x018/x963/967.p/255",
        "tile/1/000.p/1", "tile/entries/273.p/112", "tile/entries/x001/000",
    };
    static const char *const BAD[] = {
        "",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/8/000",
        "tile/00/000",
        "tile/+0/000",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000/000",
        "tile/0/x001/",
        "tile/0/001/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/entries",
        "tile/entries/000.p/x",
        "tile/0/x036/x028/x797/x018/x963/968",
        "tile/0/x999/x999/x999/x999/x999/999",
        "tile/0/x001/x001/x001/x001/x001/x001/001",
        "tile/18446744073709551616/000",
    };
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        struct tile tile;
        cr_assert(eq(int, tile_path_read(GOOD[i], &tile), STATUS_OK), "%s", GOOD[i]);
        check_path(tile, GOOD[i]);
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        struct tile tile;
        cr_assert(eq(int, tile_path_read(BAD[i], &tile), STATUS_INVALID), "%s", BAD[i]);
    }
}
