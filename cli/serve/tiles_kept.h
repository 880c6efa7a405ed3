/*
 * Tiles kept: those that were asked for, so that they are not gathered from the store again.
 *
 * A tile of a width never changes while the ledger grows, whether it is full or not, so what was
 * answered once is right for ever. When there are too many, all are forgotten: whoever reads a
 * whole ledger asks for each once, and a proxy in front keeps them better.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>

#define TILES_KEPT_SIZE_MAX ((size_t)32 * 1024 * 1024) /* bytes, all together */

struct tiles_kept;

/* Errors: STATUS_MEMORY. */
enum status tiles_kept_new(struct tiles_kept **ret_tiles, struct failure *failure);
void tiles_kept_free(struct tiles_kept *tiles); /* accepts NULL */

/* Appends the tile of a path, if it is kept. */
bool tiles_kept_find(struct tiles_kept *tiles, const char *path, struct buffer *body);

/* Keeps a tile, if there is memory for it. */
void tiles_kept_add(struct tiles_kept *tiles, const char *path, struct view body);
