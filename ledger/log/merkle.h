/*
 * Merkle: the tree over the entries of a log, and proofs about it.
 *
 * The tree is that of RFC 6962: leaf hashes at level 0, and a node at (level, index) covers the
 * leaves from index * 2^level to (index + 1) * 2^level - 1. Only *complete* nodes are ever stored:
 * a node, once complete, never changes, so what is stored is append-only too. The ragged right edge
 * is computed from complete nodes whenever it is needed.
 *
 * Nothing here does I/O: nodes come through a `merkle_read` that the caller provides, and new ones
 * leave through a `merkle_emit`. One module is shared by writer, reader and auditor.
 *
 * Source  RFC 6962 section 2.1; RFC 9162 section 2.1.3 and 2.1.4 for verification.
 */
#pragma once

#include "ledger/base/limits.h"
#include "ledger/base/status.h"
#include "ledger/crypto/hash.h"

#include <stdint.h>

#define MERKLE_PROOF_COUNT_MAX (MERKLE_HEIGHT_MAX + 1)

/* Where a complete node stands. */
struct merkle_position {
    uint32_t level;
    uint64_t index;
};

struct merkle_proof {
    uint32_t count;
    struct hash hashes[MERKLE_PROOF_COUNT_MAX]; /* from the leaf's sibling towards the root */
};

/*
 * The right edge of a tree: the roots of its largest complete subtrees, the widest first. Enough to
 * append and to know the root; O(log n) in size.
 */
struct merkle_edge {
    uint64_t size; /* leaves */
    uint32_t count;
    struct hash hashes[MERKLE_HEIGHT_MAX + 1];
};

/* Reads one complete node. Errors are the reader's own and are passed on. */
typedef enum status merkle_read(void *context, struct merkle_position at, struct hash *ret_hash);

/* Receives each node that an append completes, leaves included, children before parents. */
typedef enum status merkle_emit(void *context, struct merkle_position at, const struct hash *hash);

/* The edge of the empty tree. */
void merkle_edge_init(struct merkle_edge *edge);

/* Loads the edge of a tree of `size` leaves: one read per bit set in `size`. */
enum status merkle_edge_load(uint64_t size, merkle_read *read, void *context,
                             struct merkle_edge *ret_edge);

/* Adds a leaf hash; emits the leaf and every node that it completes. `emit` may be NULL. */
enum status merkle_edge_append(struct merkle_edge *edge, const struct hash *leaf, merkle_emit *emit,
                               void *context);

/* The root of the tree that the edge belongs to; hash_empty_tree() for the empty one. */
struct hash merkle_edge_root(const struct merkle_edge *edge);

/*
 * Builds the inclusion proof of the leaf at `index` in the tree of `size` leaves.
 *
 * Shapes  index < size, and all complete nodes of that tree can be read.
 */
enum status merkle_prove_inclusion(uint64_t index, uint64_t size, merkle_read *read, void *context,
                                   struct merkle_proof *ret_proof);

/* Builds the consistency proof from `old_size` to `new_size`. Shapes: 0 < old_size <= new_size. */
enum status merkle_prove_consistency(uint64_t old_size, uint64_t new_size, merkle_read *read,
                                     void *context, struct merkle_proof *ret_proof);

/*
 * Checks that the leaf at `index` belongs to the tree of `size` leaves with root `root`.
 *
 * Shapes  index < size, and `proof` holds exactly the siblings that index and size call for.
 * Errors  STATUS_INVALID when the shape is wrong; STATUS_UNTRUSTED when the roots differ.
 * Source  RFC 9162 section 2.1.3.2.
 */
enum status merkle_verify_inclusion(uint64_t index, uint64_t size, const struct hash *leaf,
                                    const struct merkle_proof *proof, const struct hash *root);

/*
 * Checks that the tree of `old_size` with `old_root` is a prefix of that of `new_size`.
 *
 * Shapes  old_size <= new_size; the proof is empty when the sizes are equal or old_size is 0 (then
 *         old_root is that of the empty tree).
 * Errors  STATUS_INVALID when the shape is wrong; STATUS_UNTRUSTED when a root differs.
 * Source  RFC 9162 section 2.1.4.2.
 */
enum status merkle_verify_consistency(uint64_t old_size, const struct hash *old_root,
                                      uint64_t new_size, const struct hash *new_root,
                                      const struct merkle_proof *proof);
