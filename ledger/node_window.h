/*
 * Node window: reads nodes of one level that a walk comes to one after the other.
 *
 * A single read costs a store much more than a row of a scan. So a window looks at where it is
 * asked to read: where that goes on from what it has read before, it reads ahead, twice as far each
 * time; after a leap it reads the one node. Whoever leaps about pays nothing for it.
 *
 * What is read ahead is as untrusted as any node of a store, and never changes (promise 5).
 */
#pragma once

#include "ledger/store/store.h"

#define NODE_WINDOW_MAX 64

/* Zeroed it is empty. */
struct node_window {
    uint64_t first; /* index of the first node */
    size_t count;
    struct hash hashes[NODE_WINDOW_MAX];
};

/*
 * Reads one node. A window is for one level of one store.
 *
 * Errors  as store_read_node.
 */
enum status node_window_read(struct node_window *window, struct store *store,
                             struct merkle_position at, struct hash *ret_hash,
                             struct failure *failure);
