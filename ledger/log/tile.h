/*
 * Tile: the pieces in which a log is published as files that never change; C2SP tlog-tiles.
 *
 *     tile/<L>/<N>[.p/<W>]          W hashes of 32 bytes: level 8 * L of the tree, from index 256 *
 * N tile/entries/<N>[.p/<W>]      W entries, from index 256 * N: each a uint16 length, big-endian,
 *                                   and its bytes; called a bundle here
 *
 * A tile is full with 256, and then its name has no ".p/<W>". The hash of a full tile (the root of
 * its 256 hashes) is one hash of level L + 1: so from bundles alone every tile can be made, and
 * from tiles every node. <N> is written in groups of three digits, all but the last behind an "x":
 * 1234067 is x001/x234/067.
 *
 * A tree of `size` leaves has, at level L, size / 256^(L + 1) full tiles and then one of width
 * size / 256^L mod 256, unless that is 0. A size of 256 has a full tile at level 0 and one of width
 * 1 at level 1.
 *
 * Nothing here does I/O.
 *
 * Source  c2sp.org/tlog-tiles v0.1.0 (C2SP at 5ba5ee8).
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/limits.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"
#include "ledger/log/merkle.h"

#include <stdbool.h>
#include <stdint.h>

#define TILE_HEIGHT 8
#define TILE_WIDTH 256
#define TILE_SIZE_MAX (TILE_WIDTH * HASH_SIZE)
#define TILE_LEVEL_MAX 7 /* sizes stay below 2^63 */
#define TILE_PATH_SIZE 64
#define BUNDLE_SIZE_MAX (TILE_WIDTH * (2 + ENTRY_SIZE_MAX))

struct tile {
    bool is_bundle;
    uint32_t level; /* 0 to TILE_LEVEL_MAX; 0 for a bundle */
    uint64_t index;
    uint32_t width; /* 1 to TILE_WIDTH */
};

/* Writes the path, below the prefix of the log. Shapes: index < 2^55. */
void tile_path(const struct tile *tile, char ret_path[static TILE_PATH_SIZE]);

/*
 * Reads a path as tile_path writes it, and no other spelling.
 *
 * Errors  STATUS_INVALID.
 */
enum status tile_path_read(const char *path, struct tile *ret_tile);

/* How many full tiles a level of a tree has, and how wide the one after them is; 0 for none. */
uint64_t tile_full_count(uint32_t level, uint64_t size);
uint32_t tile_partial_width(uint32_t level, uint64_t size);

/* The width of the tile at an index in the tree of `size`; 0 when the tree has no such tile. */
uint32_t tile_width(uint32_t level, uint64_t index, uint64_t size);

/* Takes the hashes out of a tile's bytes. Errors: STATUS_INVALID unless it holds `width`. */
enum status tile_read(struct view bytes, uint32_t width, struct hash ret_hashes[static TILE_WIDTH]);

/* The root over 2^height hashes that follow each other. Shapes: height <= TILE_HEIGHT. */
struct hash tile_subtree(const struct hash *hashes, uint32_t height);

/* Which tile a node of the tree is computed from, and how. */
struct tile_node {
    uint32_t level;  /* of the tile */
    uint64_t index;  /* of the tile */
    uint32_t first;  /* hash of the tile */
    uint32_t height; /* the node is the root over 2^height hashes from `first` on */
};

struct tile_node tile_of_node(struct merkle_position at);

/* Appends an entry to a bundle. Shapes: at most ENTRY_SIZE_MAX bytes. */
enum status bundle_append(struct buffer *bundle, struct view entry);

/*
 * Cuts the first entry off a bundle.
 *
 * Errors  STATUS_INVALID when `*rest` is empty or ends within the entry; it is left as it was.
 */
enum status bundle_cut(struct view *rest, struct view *ret_entry);
