/*
 * Tiles: reads a log that was published as tiles (ledger/log/tile.h), from wherever they lie.
 *
 * A published log is a checkpoint and the tiles of the size that it signs. Bytes come through a
 * `tiles_fetch` of the caller (a folder, a web site), and are believed for nothing but their
 * hashes: tiles_check() finds the signed root in them, and what tiles_root_at() says of an earlier
 * size was found in the tree of that root.
 *
 * A partial tile may have been removed when the full one came; then the full one serves.
 */
#pragma once

#include "ledger/log/checkpoint.h"
#include "ledger/log/tile.h"

#include <stdint.h>

/*
 * Gets the bytes of a path such as "tile/0/000" or "checkpoint".
 *
 * Shapes  `ret_bytes` is empty, with the greatest size that is acceptable.
 * Errors  STATUS_NOT_FOUND when there is no such path; STATUS_LIMIT; STATUS_STORAGE.
 */
typedef enum status tiles_fetch(void *context, const char *path, struct buffer *ret_bytes,
                                struct failure *failure);

struct tiles_source {
    tiles_fetch *fetch;
    void *context;
};

/* A tile of hashes that was read. */
struct tiles_kept {
    uint32_t width; /* 0 when there is none */
    uint64_t index;
    struct hash hashes[TILE_WIDTH];
};

/* The tree of one size; the last tile of each level is kept. */
struct tiles {
    struct tiles_source source;
    uint64_t size;
    struct failure *failure; /* of the call under way */
    struct tiles_kept kept[TILE_LEVEL_MAX + 1];
};

void tiles_init(struct tiles *tiles, struct tiles_source source, uint64_t size);

/*
 * Reads a tile of hashes of the tree.
 *
 * Shapes  tile_width(level, index, size) > 0; `*ret_kept` is valid until the next call.
 * Errors  STATUS_UNTRUSTED when it is missing or of a wrong size; the source's.
 */
enum status tiles_read(struct tiles *tiles, uint32_t level, uint64_t index,
                       const struct tiles_kept **ret_kept, struct failure *failure);

/*
 * Reads a bundle of the tree: exactly the entries that the size implies, with their lengths.
 *
 * Shapes  `bytes` is initialised with BUNDLE_SIZE_MAX; `*ret_entries` is a view into it.
 * Errors  as tiles_read.
 */
enum status tiles_read_bundle(struct tiles *tiles, uint64_t index, struct buffer *bytes,
                              struct view *ret_entries, struct failure *failure);

/* Checks that the tiles have the root of the checkpoint, which is of their size. */
enum status tiles_check(struct tiles *tiles, const struct checkpoint *checkpoint,
                        struct failure *failure);

/*
 * The root that the tree of `checkpoint` had at an earlier size.
 *
 * Shapes  0 < size <= checkpoint->size == tiles->size.
 * Errors  STATUS_UNTRUSTED when the tiles do not prove it; the source's.
 */
enum status tiles_root_at(struct tiles *tiles, uint64_t size, const struct checkpoint *checkpoint,
                          struct hash *ret_root, struct failure *failure);
