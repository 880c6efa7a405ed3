#include "ledger/log/merkle.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

/* Sizes stay below this, so that no shift of a position below the root can overflow. */
#define SIZE_END ((uint64_t)1 << MERKLE_HEIGHT_MAX)

void merkle_edge_init(struct merkle_edge *edge)
{
    edge->size = 0;
    edge->count = 0;
}

enum status merkle_edge_load(uint64_t size, merkle_read *read, void *context,
                             struct merkle_edge *ret_edge)
{
    assert(size < SIZE_END);

    struct merkle_edge edge = {.size = size};
    for (uint32_t level = MERKLE_HEIGHT_MAX; level-- > 0;) {
        /* `end` counts the nodes of this level; when it is odd, the last one has no sibling. */
        uint64_t end = size >> level;
        if ((end & 1) == 0) {
            continue;
        }
        struct merkle_position at = {.level = level, .index = end - 1};
        TRY(read(context, at, &edge.hashes[edge.count]));
        edge.count++;
    }
    *ret_edge = edge;
    return STATUS_OK;
}

static enum status emit_node(merkle_emit *emit, void *context, struct merkle_position at,
                             const struct hash *hash)
{
    return emit == NULL ? STATUS_OK : emit(context, at, hash);
}

enum status merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf, merkle_emit *emit,
                               void *context)
{
    if (edge->size >= SIZE_END - 1) {
        return STATUS_LIMIT;
    }
    struct merkle_position at = {.level = 0, .index = edge->size};
    struct hash node = *leaf;
    uint32_t count = edge->count;
    TRY(emit_node(emit, context, at, &node));

    /* Each one bit at the bottom of the old size is a left sibling that waited for this node. */
    while ((at.index & 1) != 0) {
        assert(count > 0);
        count--;
        node = hash_node(&edge->hashes[count], &node);
        at.level++;
        at.index >>= 1;
        TRY(emit_node(emit, context, at, &node));
    }

    edge->hashes[count] = node;
    edge->count = count + 1;
    edge->size++;
    return STATUS_OK;
}

struct hash merkle_edge_root(const struct merkle_edge *edge)
{
    if (edge->count == 0) {
        return hash_empty_tree();
    }
    struct hash root = edge->hashes[edge->count - 1];
    for (uint32_t i = edge->count - 1; i-- > 0;) {
        root = hash_node(&edge->hashes[i], &root);
    }
    return root;
}

/*
 * The root of the leaves from the last multiple of 2^level up to `size`: the ragged right edge
 * under a node that is not complete.
 */
static enum status read_ragged(uint32_t level, uint64_t size, merkle_read *read, void *context,
                               struct hash *ret_hash)
{
    bool is_first = true;
    struct hash root;
    for (uint32_t below = 0; below < level; below++) {
        uint64_t end = size >> below;
        if ((end & 1) == 0) {
            continue;
        }
        struct hash node;
        struct merkle_position at = {.level = below, .index = end - 1};
        TRY(read(context, at, &node));
        root = is_first ? node : hash_node(&node, &root);
        is_first = false;
    }
    assert(!is_first);
    *ret_hash = root;
    return STATUS_OK;
}

/* The node at `at` in the tree of `size` leaves, complete or not; it covers at least one leaf. */
static enum status read_node(struct merkle_position at, uint64_t size, merkle_read *read,
                             void *context, struct hash *ret_hash)
{
    if (at.index < size >> at.level) {
        return read(context, at, ret_hash);
    }
    return read_ragged(at.level, size, read, context, ret_hash);
}

/* Appends to `proof` the siblings on the way from `at` to the root of the tree of `size` leaves. */
static enum status add_path(struct merkle_position at, uint64_t size, merkle_read *read,
                            void *context, struct merkle_proof *proof)
{
    /* `last` is the right edge of the level; it reaches 0 at the root, after at most 63 levels. */
    for (uint64_t last = (size - 1) >> at.level; last > 0; last >>= 1) {
        struct merkle_position sibling = {.level = at.level, .index = at.index ^ 1};
        at.level++;
        at.index >>= 1;
        if (sibling.index > last) {
            continue; /* on a ragged right edge the node is its own parent */
        }
        assert(proof->count < MERKLE_PROOF_COUNT_MAX);
        TRY(read_node(sibling, size, read, context, &proof->hashes[proof->count]));
        proof->count++;
    }
    return STATUS_OK;
}

enum status merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_read *read, void *context,
                                   struct merkle_proof *ret_proof)
{
    assert(index < size);
    assert(size < SIZE_END);

    struct merkle_proof proof = {.count = 0};
    struct merkle_position leaf = {.level = 0, .index = index};
    TRY(add_path(leaf, size, read, context, &proof));
    *ret_proof = proof;
    return STATUS_OK;
}

enum status merkle_prove_consistency(uint64_t old_size, uint64_t new_size, merkle_read *read,
                                     void *context, struct merkle_proof *ret_proof)
{
    assert(old_size > 0);
    assert(old_size <= new_size);
    assert(new_size < SIZE_END);

    struct merkle_proof proof = {.count = 0};
    if (old_size == new_size) {
        *ret_proof = proof;
        return STATUS_OK;
    }

    /* The widest complete node that ends where the old tree ends, and its path. */
    struct merkle_position at = {.level = 0, .index = old_size - 1};
    while ((at.index & 1) != 0) {
        at.level++;
        at.index >>= 1;
    }
    /* With index 0 it is the whole old tree, whose root the verifier has. */
    if (at.index != 0) {
        TRY(read(context, at, &proof.hashes[0]));
        proof.count = 1;
    }
    TRY(add_path(at, new_size, read, context, &proof));
    *ret_proof = proof;
    return STATUS_OK;
}

enum status merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                                    const struct merkle_proof *proof, const struct hash *root)
{
    if (index >= size || proof->count > MERKLE_PROOF_COUNT_MAX) {
        return STATUS_INVALID;
    }

    /* `node` and `last` walk up the tree: our position, and the right edge of that level. */
    uint64_t node = index;
    uint64_t last = size - 1;
    struct hash computed = *leaf;

    for (uint32_t i = 0; i < proof->count; i++) {
        if (last == 0) {
            return STATUS_INVALID; /* a sibling of the root */
        }
        if ((node & 1) != 0 || node == last) {
            computed = hash_node(&proof->hashes[i], &computed);
            /* On a ragged right edge the node is its own parent until it has a left sibling. */
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            computed = hash_node(&computed, &proof->hashes[i]);
        }
        node >>= 1;
        last >>= 1;
    }

    if (last != 0) {
        return STATUS_INVALID; /* the proof stops below the root */
    }
    return hash_equal(&computed, root) ? STATUS_OK : STATUS_UNTRUSTED;
}

/* The step of RFC 9162 section 2.1.4.2 for 0 < old_size < new_size. */
static enum status verify_growth(uint64_t old_size, const struct hash *old_root, uint64_t new_size,
                                 const struct hash *new_root, const struct merkle_proof *proof)
{
    /* The last node of the old tree at the level of its widest node, and the edge of the new. */
    uint64_t node = old_size - 1;
    uint64_t last = new_size - 1;
    while ((node & 1) != 0) {
        node >>= 1;
        last >>= 1;
    }

    /* "If first is an exact power of 2, then prepend first_hash to the consistency_path array." */
    uint32_t i = 0;
    struct hash start = *old_root;
    if (node != 0) {
        if (proof->count == 0) {
            return STATUS_INVALID;
        }
        start = proof->hashes[0];
        i = 1;
    }

    struct hash old_computed = start;
    struct hash new_computed = start;
    for (; i < proof->count; i++) {
        const struct hash *sibling = &proof->hashes[i];
        if (last == 0) {
            return STATUS_INVALID; /* a sibling of the root */
        }
        if ((node & 1) != 0 || node == last) {
            old_computed = hash_node(sibling, &old_computed);
            new_computed = hash_node(sibling, &new_computed);
            while ((node & 1) == 0 && node != 0) {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_computed = hash_node(&new_computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }

    if (last != 0) {
        return STATUS_INVALID; /* the proof stops below the root */
    }
    bool is_same = hash_equal(&old_computed, old_root) && hash_equal(&new_computed, new_root);
    return is_same ? STATUS_OK : STATUS_UNTRUSTED;
}

enum status merkle_verify_consistency(uint64_t old_size, const struct hash *old_root,
                                      uint64_t new_size, const struct hash *new_root,
                                      const struct merkle_proof *proof)
{
    if (old_size > new_size || proof->count > MERKLE_PROOF_COUNT_MAX) {
        return STATUS_INVALID;
    }
    if (old_size > 0 && old_size < new_size) {
        return verify_growth(old_size, old_root, new_size, new_root, proof);
    }

    if (proof->count != 0) {
        return STATUS_INVALID;
    }
    struct hash empty = hash_empty_tree();
    if (old_size == 0 && !hash_equal(old_root, &empty)) {
        return STATUS_UNTRUSTED;
    }
    if (old_size == new_size && !hash_equal(old_root, new_root)) {
        return STATUS_UNTRUSTED;
    }
    return STATUS_OK;
}
