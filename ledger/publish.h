/*
 * Publish: a ledger as tiles, for anyone to keep and to check (ledger/log/tile.h).
 *
 * Only what came after an earlier size is made: tiles that were full then stay as they are. Every
 * hash that leaves here was found under the signed root: entries by their inclusion, full tiles
 * by the node above them, the right edge by the root itself.
 */
#pragma once

#include "ledger/ledger.h"
#include "ledger/log/tile.h"

#include <stdint.h>

/* Takes each file, bundles and lower levels first. An error ends the publishing. */
struct publish_sink {
    enum status (*put)(void *context, const char *path, struct view bytes, struct failure *failure);
    void *context;
};

/*
 * Makes one tile or bundle of the ledger at ledger_size(), as wide as it is asked for. Of a partial
 * tile above level 0 whoever reads it checks the hashes; everything else was found under the root.
 *
 * Shapes  between ledger_begin and ledger_end; `ret_bytes` is empty, with BUNDLE_SIZE_MAX.
 * Errors  STATUS_NOT_FOUND when the tree has no such tile; as publish_tiles.
 */
enum status publish_tile(struct ledger *ledger, const struct tile *tile, struct buffer *ret_bytes,
                         struct failure *failure);

/*
 * Hands over the bundles and tiles of the ledger at ledger_size() that the tree of `old_size`, from
 * 0 on, did not have in full.
 *
 * Shapes  old_size <= ledger_size(); between ledger_begin and ledger_end.
 * Errors  STATUS_UNTRUSTED when what is stored is not under the signed root; the sink's.
 */
enum status publish_tiles(struct ledger *ledger, uint64_t old_size, const struct publish_sink *sink,
                          struct failure *failure);
