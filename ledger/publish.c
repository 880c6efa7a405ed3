#include "ledger/publish.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* One publishing. */
struct publisher {
    struct ledger *ledger;
    const struct publish_sink *sink;
    struct buffer bundle;
    struct hash hashes[TILE_WIDTH];                   /* of the tile that is made */
    uint32_t count;                                   /* of them */
    struct hash edge[TILE_LEVEL_MAX + 1][TILE_WIDTH]; /* partial tiles: the right edge */
};

static enum status put(struct publisher *publisher, const struct tile *tile, struct view bytes,
                       struct failure *failure)
{
    char path[TILE_PATH_SIZE];
    tile_path(tile, path);
    return publisher->sink->put(publisher->sink->context, path, bytes, failure);
}

static enum status take_entry(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    struct publisher *publisher = context;
    publisher->hashes[publisher->count] = hash_leaf(entry->bytes);
    publisher->count += 1;
    return bundle_append(&publisher->bundle, entry->bytes) == STATUS_OK ? STATUS_OK
                                                                        : fail_memory(failure);
}

/* ledger_read hands out only what it has found under the root. */
static enum status load_entries(struct publisher *publisher, const struct tile *tile,
                                struct failure *failure)
{
    buffer_clear(&publisher->bundle);
    publisher->count = 0;
    for (uint32_t i = 0; i < tile->width; i++) {
        TRY(ledger_read(publisher->ledger, tile->index * TILE_WIDTH + i, take_entry, publisher,
                        failure));
    }
    return STATUS_OK;
}

static enum status put_bundle(struct publisher *publisher, const struct tile *tile,
                              struct failure *failure)
{
    TRY(load_entries(publisher, tile, failure));
    struct tile bundle = *tile;
    bundle.is_bundle = true;
    return put(publisher, &bundle, buffer_view(&publisher->bundle), failure);
}

static enum status load_hashes(struct publisher *publisher, const struct tile *tile,
                               struct failure *failure)
{
    for (uint32_t i = 0; i < tile->width; i++) {
        struct merkle_position at = {.level = TILE_HEIGHT * tile->level,
                                     .index = tile->index * TILE_WIDTH + i};
        TRY(store_read_node(ledger_store(publisher->ledger), at, &publisher->hashes[i], failure));
    }
    return STATUS_OK;
}

/* The node above a full tile is in a tile of the next level, so in the end in the root. */
static enum status check_full(struct publisher *publisher, const struct tile *tile,
                              struct failure *failure)
{
    struct merkle_position above = {.level = TILE_HEIGHT * (tile->level + 1), .index = tile->index};
    struct hash stored;
    TRY(store_read_node(ledger_store(publisher->ledger), above, &stored, failure));
    struct hash made = tile_subtree(publisher->hashes, TILE_HEIGHT);
    if (!hash_equal(&made, &stored)) {
        char path[TILE_PATH_SIZE];
        tile_path(tile, path);
        return fail(failure, STATUS_UNTRUSTED, path,
                    "the nodes that the ledger stores here are not those of its tree");
    }
    return STATUS_OK;
}

static enum status put_tile(struct publisher *publisher, const struct tile *tile,
                            struct failure *failure)
{
    TRY(tile->level == 0 ? put_bundle(publisher, tile, failure)
                         : load_hashes(publisher, tile, failure));
    if (tile->width == TILE_WIDTH) {
        TRY(check_full(publisher, tile, failure));
    }
    struct view bytes = {.data = (const char *)publisher->hashes[0].bytes,
                         .size = (size_t)tile->width * HASH_SIZE};
    return put(publisher, tile, bytes, failure);
}

static enum status put_level(struct publisher *publisher, uint32_t level, uint64_t old_size,
                             struct failure *failure)
{
    uint64_t size = ledger_size(publisher->ledger);
    uint64_t index = tile_full_count(level, old_size);
    uint32_t width = tile_width(level, index, size);
    while (width > 0) { /* bounded by the size of the ledger */
        struct tile tile = {.level = level, .index = index, .width = width};
        TRY(put_tile(publisher, &tile, failure));
        index += 1;
        width = tile_width(level, index, size);
    }
    return STATUS_OK;
}

/* Reads a node of the right edge from the partial tiles: every one of their hashes is in it. */
static enum status read_edge(void *context, struct merkle_position at, struct hash *ret_hash)
{
    const struct publisher *publisher = context;
    struct tile_node node = tile_of_node(at);
    *ret_hash = tile_subtree(&publisher->edge[node.level][node.first], node.height);
    return STATUS_OK;
}

/* Nothing is published before the right edge, which tiles above full ones end in, is known. */
static enum status check_edge(struct publisher *publisher, struct failure *failure)
{
    uint64_t size = ledger_size(publisher->ledger);
    for (uint32_t level = 0; level <= TILE_LEVEL_MAX; level++) {
        struct tile tile = {.level = level,
                            .index = tile_full_count(level, size),
                            .width = tile_partial_width(level, size)};
        TRY(load_hashes(publisher, &tile, failure));
        memcpy(publisher->edge[level], publisher->hashes, sizeof publisher->edge[level]);
    }
    struct merkle_edge edge;
    TRY(merkle_edge_load(size, read_edge, publisher, &edge));
    struct hash root = merkle_edge_root(&edge);
    if (!hash_equal(&root, ledger_root(publisher->ledger))) {
        return fail(failure, STATUS_UNTRUSTED, "root",
                    "the tiles do not have the root that the checkpoint signs: utfall verify tells "
                    "what is wrong with the ledger");
    }
    return STATUS_OK;
}

static void publisher_free(struct publisher **publisher)
{
    if (*publisher != NULL) {
        buffer_release(&(*publisher)->bundle);
        free(*publisher);
    }
}

static_assert(sizeof(struct hash) == HASH_SIZE, "an array of hashes is the bytes of a tile");

enum status publish_tiles(struct ledger *ledger, uint64_t old_size, const struct publish_sink *sink,
                          struct failure *failure)
{
    assert(old_size <= ledger_size(ledger));
    OWNED(publisher_free) struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return fail_memory(failure);
    }
    publisher->ledger = ledger;
    publisher->sink = sink;
    buffer_init(&publisher->bundle, BUNDLE_SIZE_MAX);
    TRY(check_edge(publisher, failure));
    for (uint32_t level = 0; level <= TILE_LEVEL_MAX; level++) {
        TRY(put_level(publisher, level, old_size, failure));
    }
    return STATUS_OK;
}

static enum status load_tile(struct publisher *publisher, const struct tile *tile,
                             struct failure *failure)
{
    if (tile->level == 0) {
        return load_entries(publisher, tile, failure);
    }
    TRY(load_hashes(publisher, tile, failure));
    return tile->width == TILE_WIDTH ? check_full(publisher, tile, failure) : STATUS_OK;
}

enum status publish_tile(struct ledger *ledger, const struct tile *tile, struct buffer *ret_bytes,
                         struct failure *failure)
{
    if (tile->width > tile_width(tile->level, tile->index, ledger_size(ledger))) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the tree of the newest checkpoint has no such tile");
    }
    OWNED(publisher_free) struct publisher *publisher = calloc(1, sizeof *publisher);
    if (publisher == NULL) {
        return fail_memory(failure);
    }
    publisher->ledger = ledger;
    buffer_init(&publisher->bundle, BUNDLE_SIZE_MAX);
    TRY(load_tile(publisher, tile, failure));
    struct view bytes = {.data = (const char *)publisher->hashes[0].bytes,
                         .size = (size_t)tile->width * HASH_SIZE};
    bytes = tile->is_bundle ? buffer_view(&publisher->bundle) : bytes;
    return buffer_append(ret_bytes, bytes) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}
