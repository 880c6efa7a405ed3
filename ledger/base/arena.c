#include "ledger/base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE_MIN 4096

struct arena_block {
    struct arena_block *next;
    size_t size; /* of bytes[] */
    alignas(max_align_t) unsigned char bytes[];
};

void arena_init(struct arena *arena, size_t size_max)
{
    assert(size_max < SIZE_MAX / 4); /* so that rounding up cannot overflow */
    *arena = (struct arena){.size_max = size_max};
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    while (block != NULL) { /* bounded by size_max / BLOCK_SIZE_MIN */
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
    arena_init(arena, arena->size_max);
}

void *arena_allocate(struct arena *arena, size_t count, size_t item_size)
{
    size_t size;
    if (__builtin_mul_overflow(count, item_size, &size) || size > arena->size_max) {
        return NULL;
    }
    const size_t alignment = alignof(max_align_t);
    size = (size + alignment - 1) / alignment * alignment;

    struct arena_block *block = arena->blocks;
    if (block == NULL || block->size - arena->used < size) {
        size_t block_size = size < BLOCK_SIZE_MIN ? BLOCK_SIZE_MIN : size;
        if (block_size > arena->size_max - arena->size) {
            return NULL;
        }
        block = malloc(sizeof *block + block_size);
        if (block == NULL) {
            return NULL;
        }
        block->size = block_size;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->size += block_size;
        arena->used = 0;
    }
    void *piece = block->bytes + arena->used;
    arena->used += size;
    return memset(piece, 0, size); /* what is not handed out is never touched */
}

enum status arena_copy(struct arena *arena, struct view source, struct view *ret_copy)
{
    char *copy = arena_allocate(arena, source.size + 1, 1);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    *ret_copy = (struct view){.data = copy, .size = source.size};
    return STATUS_OK;
}
