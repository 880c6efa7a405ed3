#include "ledger/json/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>

struct block {
    size_t users; /* pieces that were not freed, and the thread that still takes pieces from it */
    size_t used;
    size_t size;   /* of bytes[] */
    bool is_whole; /* holds all that was made between a start and a stop, and nothing joined it */
    alignas(max_align_t) unsigned char bytes[];
};

struct piece {
    struct block *block; /* NULL when it was allocated alone */
    alignas(max_align_t) unsigned char bytes[];
};

static _Thread_local size_t block_size_min; /* 0 while pieces are allocated alone */
static _Thread_local struct block *current; /* NULL before the first piece */

static void leave_block(struct block *block)
{
    assert(block->users > 0);
    block->users--;
    if (block->users == 0) {
        free(block);
    }
}

void json_memory_start(size_t block_size)
{
    assert(block_size_min == 0 && current == NULL);
    block_size_min = block_size;
}

void json_memory_stop(void)
{
    if (current != NULL) {
        leave_block(current);
    }
    current = NULL;
    block_size_min = 0;
}

/* Makes a block with room for a piece the current one. */
static struct block *start_block(size_t size)
{
    size_t block_size = size < block_size_min ? block_size_min : size;
    struct block *block = malloc(sizeof *block + block_size);
    if (block == NULL) {
        return NULL;
    }
    block->is_whole = current == NULL;
    if (current != NULL) {
        current->is_whole = false;
        leave_block(current);
    }
    block->users = 1;
    block->used = 0;
    block->size = block_size;
    current = block;
    return block;
}

void *json_memory_allocate(size_t size)
{
    const size_t alignment = alignof(max_align_t);
    assert(size < SIZE_MAX / 4); /* so that rounding up cannot overflow */
    size = (sizeof(struct piece) + size + alignment - 1) / alignment * alignment;

    if (block_size_min == 0) {
        struct piece *alone = malloc(size);
        if (alone == NULL) {
            return NULL;
        }
        alone->block = NULL;
        return alone->bytes;
    }
    struct block *block = current;
    if (block == NULL || block->size - block->used < size) {
        block = start_block(size);
        if (block == NULL) {
            return NULL;
        }
    }
    struct piece *piece = (struct piece *)(void *)(block->bytes + block->used);
    block->used += size;
    block->users++;
    piece->block = block;
    return piece->bytes;
}

static struct piece *piece_of(void *bytes)
{
    return (struct piece *)(void *)((unsigned char *)bytes - offsetof(struct piece, bytes));
}

void json_memory_free(void *bytes)
{
    if (bytes == NULL) {
        return;
    }
    struct piece *piece = piece_of(bytes);
    if (piece->block == NULL) {
        free(piece);
    } else {
        leave_block(piece->block);
    }
}

void json_memory_join(void *bytes)
{
    struct block *block = piece_of(bytes)->block;
    if (block != NULL) {
        block->is_whole = false;
    }
}

bool json_memory_free_whole(void *bytes)
{
    struct piece *piece = piece_of(bytes);
    struct block *block = piece->block;
    bool is_first = block != NULL && (unsigned char *)piece == block->bytes;
    if (!is_first || !block->is_whole) {
        return false;
    }
    free(block);
    return true;
}
