/*
 * Hash: SHA-256, and the two ways in which the tree uses it.
 *
 * SHA-256 comes from OpenSSL EVP (it uses the processor's SHA instructions; libsodium's does not).
 * The digest is fetched once per process and each thread keeps one context, because an implicit
 * fetch costs more than hashing a short message. The functions cannot fail in a way that a caller
 * could mend: if OpenSSL has no SHA-256 or no memory for a context, the process aborts.
 */
#pragma once

#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

#define HASH_SIZE 32

struct hash {
    uint8_t bytes[HASH_SIZE];
};

/* SHA-256 of the bytes. */
struct hash hash_bytes(struct view bytes);

/* SHA-256(0x00 || entry). Source: RFC 6962 section 2.1. */
struct hash hash_leaf(struct view entry);

/* SHA-256(0x01 || left || right). Source: RFC 6962 section 2.1. */
struct hash hash_node(const struct hash *left, const struct hash *right);

/* SHA-256 of the empty string: the root of an empty tree. Source: RFC 6962 section 2.1. */
struct hash hash_empty_tree(void);

bool hash_equal(const struct hash *a, const struct hash *b);

static inline struct view hash_view(const struct hash *hash)
{
    return (struct view){.data = (const char *)hash->bytes, .size = HASH_SIZE};
}
