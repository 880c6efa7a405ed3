#include "ledger/node_window.h"

/* Nearer than this a node goes on from those before: a proof takes every other node of a level. */
#define NEAR_NODES 4

/* How many nodes to read at once: 1, or more when the walk was near before. */
static size_t reach(const struct node_window *window, uint64_t index)
{
    bool is_near = index >= window->first && index - window->first < window->count + NEAR_NODES;
    if (!is_near) {
        return 1;
    }
    size_t twice = 2 * window->count;
    return twice < 2 ? 2 : twice > NODE_WINDOW_MAX ? NODE_WINDOW_MAX : twice;
}

enum status node_window_read(struct node_window *window, struct store *store,
                             struct merkle_position at, struct hash *ret_hash,
                             struct failure *failure)
{
    if (at.index < window->first || at.index - window->first >= window->count) {
        size_t count = reach(window, at.index);
        window->first = at.index;
        window->count = 0;
        if (count > 1) {
            TRY(store_read_nodes(store, at, count, window->hashes, &window->count, failure));
        }
    }
    if (window->count == 0) { /* alone, or not there: this explains why */
        TRY(store_read_node(store, at, &window->hashes[0], failure));
        window->count = 1;
    }
    *ret_hash = window->hashes[at.index - window->first];
    return STATUS_OK;
}
