#include "ledger/tiles.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>

void tiles_init(struct tiles *tiles, struct tiles_source source, uint64_t size)
{
    *tiles = (struct tiles){.source = source, .size = size};
}

/*
 * Fetches a tile or bundle, or the full one in the place of a partial one.
 *
 * "Clients MAY fall back to the full tile": C2SP tlog-tiles, Partial Tiles.
 */
static enum status fetch(struct tiles *tiles, const struct tile *wanted, struct buffer *bytes,
                         bool *ret_is_full, struct failure *failure)
{
    char path[TILE_PATH_SIZE];
    struct tile tile = *wanted;
    for (;;) { /* at most twice */
        tile_path(&tile, path);
        buffer_clear(bytes);
        enum status status = tiles->source.fetch(tiles->source.context, path, bytes, failure);
        if (status != STATUS_NOT_FOUND) {
            *ret_is_full = tile.width == TILE_WIDTH;
            return status;
        }
        if (tile.width == TILE_WIDTH) {
            break;
        }
        tile.width = TILE_WIDTH;
    }
    tile_path(wanted, path);
    return fail(failure, STATUS_UNTRUSTED, path,
                "it is missing, and the checkpoint of size %" PRIu64 " promises it", tiles->size);
}

static enum status wrong_size(const struct tile *tile, size_t size, struct failure *failure)
{
    char path[TILE_PATH_SIZE];
    tile_path(tile, path);
    return fail(failure, STATUS_UNTRUSTED, path,
                "expected %" PRIu32 " hashes or entries, and nothing after them, found %zu bytes",
                tile->width, size);
}

enum status tiles_read(struct tiles *tiles, uint32_t level, uint64_t index,
                       const struct tiles_kept **ret_kept, struct failure *failure)
{
    struct tile tile = {
        .level = level, .index = index, .width = tile_width(level, index, tiles->size)};
    assert(tile.width > 0);
    struct tiles_kept *kept = &tiles->kept[level];
    *ret_kept = kept;
    if (kept->width == tile.width && kept->index == index) {
        return STATUS_OK;
    }
    kept->width = 0;
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, TILE_SIZE_MAX);
    bool is_full = false;
    TRY(fetch(tiles, &tile, &bytes, &is_full, failure));
    struct view view = buffer_view(&bytes);
    if (is_full && view.size == TILE_SIZE_MAX) {
        view.size = (size_t)tile.width * HASH_SIZE;
    }
    if (tile_read(view, tile.width, kept->hashes) != STATUS_OK) {
        return wrong_size(&tile, bytes.size, failure);
    }
    kept->index = index;
    kept->width = tile.width;
    return STATUS_OK;
}

enum status tiles_read_bundle(struct tiles *tiles, uint64_t index, struct buffer *bytes,
                              struct view *ret_entries, struct failure *failure)
{
    struct tile tile = {
        .is_bundle = true, .index = index, .width = tile_width(0, index, tiles->size)};
    assert(tile.width > 0);
    bool is_full = false;
    TRY(fetch(tiles, &tile, bytes, &is_full, failure));
    struct view rest = buffer_view(bytes);
    uint32_t count = is_full ? TILE_WIDTH : tile.width;
    size_t wanted_size = 0; /* of the entries that belong to the tree of this size */
    for (uint32_t i = 0; i < count; i++) {
        struct view entry;
        if (bundle_cut(&rest, &entry) != STATUS_OK) {
            return wrong_size(&tile, bytes->size, failure);
        }
        wanted_size = i < tile.width ? bytes->size - rest.size : wanted_size;
    }
    if (rest.size != 0) {
        return wrong_size(&tile, bytes->size, failure);
    }
    *ret_entries = (struct view){.data = bytes->data, .size = wanted_size};
    return STATUS_OK;
}

static enum status read_node(void *context, struct merkle_position at, struct hash *ret_hash)
{
    struct tiles *tiles = context;
    struct tile_node node = tile_of_node(at);
    const struct tiles_kept *kept;
    TRY(tiles_read(tiles, node.level, node.index, &kept, tiles->failure));
    *ret_hash = tile_subtree(&kept->hashes[node.first], node.height);
    return STATUS_OK;
}

static enum status root_of(struct tiles *tiles, uint64_t size, struct hash *ret_root,
                           struct failure *failure)
{
    struct merkle_edge edge;
    tiles->failure = failure;
    TRY(merkle_edge_load(size, read_node, tiles, &edge));
    *ret_root = merkle_edge_root(&edge);
    return STATUS_OK;
}

enum status tiles_check(struct tiles *tiles, const struct checkpoint *checkpoint,
                        struct failure *failure)
{
    assert(checkpoint->size == tiles->size);
    struct hash root;
    TRY(root_of(tiles, tiles->size, &root, failure));
    if (!hash_equal(&root, &checkpoint->root)) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "the published tiles do not have the root that the checkpoint signs");
    }
    return STATUS_OK;
}

enum status tiles_root_at(struct tiles *tiles, uint64_t size, const struct checkpoint *checkpoint,
                          struct hash *ret_root, struct failure *failure)
{
    assert(size > 0 && size <= tiles->size && checkpoint->size == tiles->size);
    TRY(tiles_check(tiles, checkpoint, failure));
    struct hash root;
    struct merkle_proof proof = {0};
    TRY(root_of(tiles, size, &root, failure));
    TRY(merkle_prove_consistency(size, tiles->size, read_node, tiles, &proof));
    if (merkle_verify_consistency(size, &root, tiles->size, &checkpoint->root, &proof) !=
        STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "tile/0",
                    "the published tiles do not prove what the tree was at size %" PRIu64, size);
    }
    *ret_root = root;
    return STATUS_OK;
}
