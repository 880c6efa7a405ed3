/*
 * Mirror: makes a ledger file of a published log, or brings one up to date.
 *
 * Everything that asks a ledger can then ask the mirror: it holds every entry, every node and the
 * checkpoint, and is audited as any other ledger. What a site does not tell is derived: the key of
 * the log, from the first entry; id and subject, from each entry. In the end the tree has the root
 * that the checkpoint signs, or nothing was stored.
 *
 * Attachments of the site are taken over too, with the checkpoints that they are about; in a
 * mirror that grows, those that are about checkpoints it has or gets. They are not judged here: an
 * audit does that.
 *
 * On the way each published tile that the growth touched is compared with the entries, so that a
 * mirror that was made from nothing has seen every byte of the site's tree.
 */
#pragma once

#include "ledger/log/note.h"
#include "ledger/store/store.h"
#include "ledger/tiles.h"

#include <stdint.h>

struct mirror_source {
    struct tiles_source tiles;

    /* Reads the key of the log out of the first entry. */
    enum status (*log_key)(void *context, struct view entry, struct note_key *ret_key,
                           struct failure *failure);

    /* Names an entry: see store.h. `ret_subject` is empty. */
    enum status (*label)(void *context, uint64_t index, struct view entry, struct hash *ret_id,
                         struct buffer *ret_subject, struct failure *failure);

    /* Told now and then; may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t total);
    void *context; /* of the three above */
};

/*
 * Brings `store` to the size of `checkpoint`, a signed note that may be cosigned; in one commit.
 * Stores what the log signed of it. When the store has that size already, only attachments are new.
 *
 * Shapes  `store` is open for writing, takes imports (store.h), and its lock is not held by the
 *         caller; it is empty, or holds a log.
 * Errors  STATUS_UNTRUSTED when the checkpoint is smaller than what is stored, or bytes, tree and
 *         checkpoint do not fit together, or the growth does not continue what is stored: told
 *         with the path of a tile or the index of an entry; the source's; the store's.
 */
enum status mirror_grow(struct store *store, const struct mirror_source *source,
                        struct view checkpoint, struct failure *failure);
