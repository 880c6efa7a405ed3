/*
 * Arena: memory that is handed out piece by piece and freed at once.
 *
 * A parsed document lives in one arena, so that freeing it is one call and no part of it can be
 * freed twice. Pieces are zeroed and aligned for any type. There is no way to free one piece.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t used;                /* bytes handed out from the newest block */
    size_t size;                /* bytes in all blocks */
    size_t size_max;
};

/* An empty arena that may grow to `size_max` bytes; allocates nothing yet. */
void arena_init(struct arena *arena, size_t size_max);

/* Frees everything that was handed out. */
void arena_release(struct arena *arena);

/* Hands out `count` zeroed items of `item_size` bytes; NULL beyond size_max or without memory. */
void *arena_allocate(struct arena *arena, size_t count, size_t item_size);

/* Copies a view into the arena, with a NUL after it. Errors: STATUS_MEMORY. */
enum status arena_copy(struct arena *arena, struct view source, struct view *ret_copy);
