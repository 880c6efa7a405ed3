#include "contracts/records/digest_set.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_MIN 64
#define COUNT_MAX INT32_MAX

void digest_set_release(struct digest_set *set)
{
    free(set->digests);
    free(set->slots);
    *set = (struct digest_set){0};
}

/* The slot of a digest: where it is, or the empty one where it belongs. */
static size_t find_slot(const struct digest_set *set, const struct hash *digest)
{
    uint64_t start;
    memcpy(&start, digest->bytes, sizeof start);
    size_t slot = (size_t)start & (set->slot_count - 1);
    while (set->slots[slot] != 0 && !hash_equal(&set->digests[set->slots[slot] - 1], digest)) {
        slot = (slot + 1) & (set->slot_count - 1); /* ends: half of the slots are empty */
    }
    return slot;
}

static enum status grow_slots(struct digest_set *set)
{
    size_t wanted = set->slot_count == 0 ? SLOTS_MIN : set->slot_count * 2;
    uint32_t *slots = calloc(wanted, sizeof *slots);
    if (slots == NULL) {
        return STATUS_MEMORY;
    }
    free(set->slots);
    set->slots = slots;
    set->slot_count = wanted;
    for (size_t i = 0; i < set->count; i++) {
        set->slots[find_slot(set, &set->digests[i])] = (uint32_t)i + 1;
    }
    return STATUS_OK;
}

static enum status grow_digests(struct digest_set *set)
{
    size_t wanted = set->capacity == 0 ? SLOTS_MIN : set->capacity * 2;
    struct hash *digests = realloc(set->digests, wanted * sizeof *digests);
    if (digests == NULL) {
        return STATUS_MEMORY;
    }
    set->digests = digests;
    set->capacity = wanted;
    return STATUS_OK;
}

enum status digest_set_add(struct digest_set *set, struct view text, size_t *ret_number)
{
    if (set->count == COUNT_MAX) {
        return STATUS_LIMIT;
    }
    if (2 * (set->count + 1) >= set->slot_count) {
        TRY(grow_slots(set));
    }
    struct hash digest = hash_bytes(text);
    size_t slot = find_slot(set, &digest);
    if (set->slots[slot] == 0) {
        if (set->count == set->capacity) {
            TRY(grow_digests(set));
        }
        set->digests[set->count] = digest;
        set->count++;
        set->slots[slot] = (uint32_t)set->count;
    }
    *ret_number = set->slots[slot] - 1;
    return STATUS_OK;
}
