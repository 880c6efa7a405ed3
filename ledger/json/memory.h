/*
 * Memory for trees: what is built while one text is parsed comes from one block.
 *
 * Internal to this folder. The tree of a statement has some forty nodes and strings, which would be
 * as many allocations, and are often freed by another thread than the one that parsed.
 *
 * Every piece notes its block, and a block is freed with the last of its pieces: trees may be cut
 * and joined, with pieces of other blocks and of none, and nobody keeps account. The pieces of one
 * block are used by one thread at a time, as are the nodes of one tree.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* From here to json_memory_stop, this thread's pieces come from blocks of `block_size` bytes. */
void json_memory_start(size_t block_size);
void json_memory_stop(void);

/* As malloc and free; a piece is aligned for any type. */
void *json_memory_allocate(size_t size);
void json_memory_free(void *bytes);

/*
 * Frees all pieces of a block by its first one, without a look at the others, which may long have
 * left the cache. False, and nothing is freed, unless the block holds exactly what was made between
 * a start and a stop.
 */
bool json_memory_free_whole(void *first);

/* To be called before the tree that a piece belongs to gets, loses or exchanges a node. */
void json_memory_join(void *bytes);
