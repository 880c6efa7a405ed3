/*
 * Digest set: different texts, numbered in the order in which they first came.
 *
 * Texts are kept as their SHA-256, so that memory does not depend on how long they are.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"

#include <stddef.h>
#include <stdint.h>

struct digest_set {
    size_t count;
    size_t capacity; /* of `digests` */
    struct hash *digests;
    size_t slot_count; /* a power of two, more than twice `count`; 0 when empty */
    uint32_t *slots;   /* number + 1, or 0 */
};

void digest_set_release(struct digest_set *set); /* of a zeroed or used one */

/* The number of a text, which is added if it is new. Errors: STATUS_MEMORY, STATUS_LIMIT. */
enum status digest_set_add(struct digest_set *set, struct view text, size_t *ret_number);
