/*
 * Fuzz: tiles and bundles. The first 13 bytes choose a tile (level, index, width); its path is of
 * the form that c2sp.org/tlog-tiles gives, and reads back as the same index and width. The rest is
 * a bundle, which is refused or is what its entries make when they are put together again; and a
 * tile of hashes, if it has the size of one.
 */
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/log/tile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_SIZE 13
#define INDEX_MAX ((UINT64_C(1) << 55) - 1)

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Groups of three digits, all but the last after an x, and as few as hold the index. */
static void check_path(const struct tile *tile)
{
    char path[TILE_PATH_SIZE];
    char head[32];
    tile_path(tile, path);
    (void)snprintf(head, sizeof head, tile->is_bundle ? "tile/entries/" : "tile/%u/",
                   (unsigned)tile->level);
    require(strncmp(path, head, strlen(head)) == 0);
    const char *at = path + strlen(head);
    uint64_t index = 0;
    bool is_first = true;
    bool goes_on = true;
    while (goes_on) { /* bounded by the path */
        goes_on = *at == 'x';
        at += goes_on;
        require(strspn(at, "0123456789") == 3);
        uint64_t group = strtoull((char[]){at[0], at[1], at[2], '\0'}, NULL, 10);
        require(!is_first || !goes_on || group > 0);
        index = index * 1000 + group;
        at += 3;
        require(!goes_on || *at == '/');
        at += goes_on;
        is_first = false;
    }
    require(index == tile->index);
    char tail[16] = "";
    if (tile->width < TILE_WIDTH) {
        (void)snprintf(tail, sizeof tail, ".p/%u", (unsigned)tile->width);
    }
    require(strcmp(at, tail) == 0);
}

static void check_bundle(struct view input)
{
    struct view rest = input;
    struct view entry;
    OWNED(buffer_release) struct buffer again;
    buffer_init(&again, input.size + 1);
    while (rest.size > 0) { /* each entry takes two bytes at least */
        struct view before = rest;
        if (bundle_cut(&rest, &entry) != STATUS_OK) {
            require(rest.data == before.data && rest.size == before.size);
            break;
        }
        require(rest.size < before.size && entry.size <= ENTRY_SIZE_MAX);
        require(bundle_append(&again, entry) == STATUS_OK);
    }
    require(again.size == input.size - rest.size);
    require(again.size == 0 || memcmp(again.data, input.data, again.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD_SIZE) {
        return 0;
    }
    uint64_t index = 0;
    for (size_t i = 4; i < HEAD_SIZE - 1; i++) {
        index = index << 8 | data[i];
    }
    struct tile tile = {.is_bundle = (data[0] & 1) != 0,
                        .index = index & INDEX_MAX,
                        .width = 1 + data[HEAD_SIZE - 1]};
    tile.level = tile.is_bundle ? 0 : data[1] % (TILE_LEVEL_MAX + 1);
    check_path(&tile);

    struct view rest = {.data = (const char *)data + HEAD_SIZE, .size = size - HEAD_SIZE};
    check_bundle(rest);
    struct hash hashes[TILE_WIDTH];
    bool fits = rest.size == (size_t)tile.width * HASH_SIZE;
    require((tile_read(rest, tile.width, hashes) == STATUS_OK) == fits);
    return 0;
}
