#include "ledger/log/tile.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUPS_MAX 6
#define GROUP 1000

static_assert(TILE_WIDTH == 1 << TILE_HEIGHT, "a tile is a complete subtree");
static_assert(TILE_HEIGHT * TILE_LEVEL_MAX < 63, "no shift goes beyond 64 bits");

/* Appends a number of at least `digits` digits to a path that is known to be large enough. */
static size_t put(char *path, size_t used, const char *before, int digits, unsigned number)
{
    int size = snprintf(path + used, TILE_PATH_SIZE - used, "%s%0*u", before, digits, number);
    assert(size > 0 && used + (size_t)size < TILE_PATH_SIZE);
    return used + (size_t)size;
}

void tile_path(const struct tile *tile, char ret_path[static TILE_PATH_SIZE])
{
    assert(tile->level <= TILE_LEVEL_MAX && tile->index < UINT64_C(1) << 55);
    assert(tile->width >= 1 && tile->width <= TILE_WIDTH);
    unsigned groups[GROUPS_MAX];
    size_t count = 0;
    uint64_t rest = tile->index;
    do { /* 2^55 has 17 digits */
        assert(count < GROUPS_MAX);
        groups[count++] = (unsigned)(rest % GROUP);
        rest /= GROUP;
    } while (rest > 0);

    static const char BUNDLES[] = "tile/entries";
    size_t used = sizeof BUNDLES - 1;
    if (tile->is_bundle) {
        memcpy(ret_path, BUNDLES, sizeof BUNDLES);
    } else {
        used = put(ret_path, 0, "tile/", 1, tile->level);
    }
    while (count > 0) {
        count--;
        used = put(ret_path, used, count > 0 ? "/x" : "/", 3, groups[count]);
    }
    if (tile->width < TILE_WIDTH) {
        (void)put(ret_path, used, ".p/", 1, tile->width);
    }
}

/* Takes a decimal number off the text; false when there is none, or one above `max`. */
static bool take_number(const char **text, uint64_t max, uint64_t *ret_number)
{
    uint64_t number = 0;
    const char *c = *text;
    while (*c >= '0' && *c <= '9' && number <= max) {
        number = number * 10 + (uint64_t)(*c - '0');
        c++;
    }
    bool is_number = c != *text && number <= max;
    *text = c;
    *ret_number = number;
    return is_number;
}

static bool take_text(const char **text, const char *expected)
{
    size_t size = strlen(expected);
    bool is_there = strncmp(*text, expected, size) == 0;
    *text += is_there ? size : 0;
    return is_there;
}

/* "/x001/x234/067": groups of digits, all but the last after an x. */
static bool take_index(const char **text, uint64_t *ret_index)
{
    uint64_t group = 0;
    size_t count = 0;
    *ret_index = 0;
    while (count < GROUPS_MAX && take_text(text, "/x")) {
        if (!take_number(text, GROUP - 1, &group)) {
            return false;
        }
        *ret_index = *ret_index * GROUP + group;
        count++;
    }
    if (count == GROUPS_MAX || !take_text(text, "/") || !take_number(text, GROUP - 1, &group)) {
        return false;
    }
    *ret_index = *ret_index * GROUP + group;
    return *ret_index < UINT64_C(1) << 55;
}

enum status tile_path_read(const char *path, struct tile *ret_tile)
{
    const char *rest = path;
    uint64_t level = 0;
    uint64_t width = TILE_WIDTH;
    *ret_tile = (struct tile){.is_bundle = take_text(&rest, "tile/entries")};
    if (!ret_tile->is_bundle &&
        !(take_text(&rest, "tile/") && take_number(&rest, TILE_LEVEL_MAX, &level))) {
        return STATUS_INVALID;
    }
    if (!take_index(&rest, &ret_tile->index) ||
        (take_text(&rest, ".p/") && !take_number(&rest, TILE_WIDTH - 1, &width)) || width == 0) {
        return STATUS_INVALID;
    }
    ret_tile->level = (uint32_t)level;
    ret_tile->width = (uint32_t)width;
    /* Leading zeros, or too few: there is one spelling. */
    char written[TILE_PATH_SIZE];
    tile_path(ret_tile, written);
    return strcmp(written, path) == 0 ? STATUS_OK : STATUS_INVALID;
}

uint64_t tile_full_count(uint32_t level, uint64_t size)
{
    assert(level <= TILE_LEVEL_MAX);
    /* Shifted twice, because a shift by 64 is undefined. */
    return size >> (TILE_HEIGHT * level) >> TILE_HEIGHT;
}

uint32_t tile_partial_width(uint32_t level, uint64_t size)
{
    assert(level <= TILE_LEVEL_MAX);
    return (uint32_t)(size >> (TILE_HEIGHT * level)) % TILE_WIDTH;
}

uint32_t tile_width(uint32_t level, uint64_t index, uint64_t size)
{
    uint64_t full = tile_full_count(level, size);
    if (index < full) {
        return TILE_WIDTH;
    }
    return index == full ? tile_partial_width(level, size) : 0;
}

enum status tile_read(struct view bytes, uint32_t width, struct hash ret_hashes[static TILE_WIDTH])
{
    assert(width <= TILE_WIDTH);
    if (bytes.size != (size_t)width * HASH_SIZE) {
        return STATUS_INVALID;
    }
    for (uint32_t i = 0; i < width; i++) {
        memcpy(ret_hashes[i].bytes, bytes.data + (size_t)i * HASH_SIZE, HASH_SIZE);
    }
    return STATUS_OK;
}

struct hash tile_subtree(const struct hash *hashes, uint32_t height)
{
    assert(height <= TILE_HEIGHT);
    struct hash nodes[TILE_WIDTH];
    memcpy(nodes, hashes, sizeof nodes[0] << height);
    for (uint32_t count = 1U << height; count > 1; count /= 2) {
        for (uint32_t i = 0; i < count / 2; i++) {
            nodes[i] = hash_node(&nodes[(size_t)2 * i], &nodes[(size_t)2 * i + 1]);
        }
    }
    return nodes[0];
}

struct tile_node tile_of_node(struct merkle_position at)
{
    assert(at.level <= MERKLE_HEIGHT_MAX);
    uint32_t height = at.level % TILE_HEIGHT;
    uint64_t first = at.index << height; /* of the tile's level, where indexes are smaller still */
    return (struct tile_node){
        .level = at.level / TILE_HEIGHT,
        .index = first / TILE_WIDTH,
        .first = (uint32_t)(first % TILE_WIDTH),
        .height = height,
    };
}

enum status bundle_append(struct buffer *bundle, struct view entry)
{
    assert(entry.size <= ENTRY_SIZE_MAX);
    TRY(buffer_append_byte(bundle, (char)(entry.size >> 8)));
    TRY(buffer_append_byte(bundle, (char)(entry.size & 0xff)));
    return buffer_append(bundle, entry);
}

enum status bundle_cut(struct view *rest, struct view *ret_entry)
{
    if (rest->size < 2) {
        return STATUS_INVALID;
    }
    size_t size = (size_t)(unsigned char)rest->data[0] << 8 | (unsigned char)rest->data[1];
    if (rest->size - 2 < size) {
        return STATUS_INVALID;
    }
    *ret_entry = (struct view){.data = rest->data + 2, .size = size};
    *rest = (struct view){.data = ret_entry->data + size, .size = rest->size - 2 - size};
    return STATUS_OK;
}
