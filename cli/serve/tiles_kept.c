#include "cli/serve/tiles_kept.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 4096

/* A slot has one tile: of two that want it, the later. */
struct kept {
    char *path; /* NULL: the slot is free */
    struct buffer body;
};

struct tiles_kept {
    pthread_mutex_t mutex; /* guards what follows */
    size_t size;
    struct kept slots[SLOTS];
};

/* FNV-1a. Who chooses paths so that they meet has them gathered anew, as if nothing were kept. */
static struct kept *slot_of(struct tiles_kept *tiles, const char *path)
{
    uint64_t hash = 14695981039346656037U;
    for (const char *c = path; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211U;
    }
    return &tiles->slots[hash % SLOTS];
}

static void forget(struct tiles_kept *tiles, struct kept *kept)
{
    tiles->size -= kept->body.size;
    free(kept->path);
    kept->path = NULL;
    buffer_release(&kept->body);
}

static void forget_all(struct tiles_kept *tiles)
{
    for (size_t i = 0; i < SLOTS; i++) {
        forget(tiles, &tiles->slots[i]);
    }
}

enum status tiles_kept_new(struct tiles_kept **ret_tiles, struct failure *failure)
{
    struct tiles_kept *tiles = calloc(1, sizeof *tiles);
    if (tiles == NULL) {
        return fail_memory(failure);
    }
    (void)pthread_mutex_init(&tiles->mutex, NULL);
    for (size_t i = 0; i < SLOTS; i++) {
        buffer_init(&tiles->slots[i].body, TILES_KEPT_SIZE_MAX);
    }
    *ret_tiles = tiles;
    return STATUS_OK;
}

void tiles_kept_free(struct tiles_kept *tiles)
{
    if (tiles != NULL) {
        forget_all(tiles);
        (void)pthread_mutex_destroy(&tiles->mutex);
        free(tiles);
    }
}

bool tiles_kept_find(struct tiles_kept *tiles, const char *path, struct buffer *body)
{
    (void)pthread_mutex_lock(&tiles->mutex);
    const struct kept *kept = slot_of(tiles, path);
    bool is_found = kept->path != NULL && strcmp(kept->path, path) == 0 &&
                    buffer_append(body, buffer_view(&kept->body)) == STATUS_OK;
    (void)pthread_mutex_unlock(&tiles->mutex);
    return is_found;
}

void tiles_kept_add(struct tiles_kept *tiles, const char *path, struct view body)
{
    (void)pthread_mutex_lock(&tiles->mutex);
    struct kept *kept = slot_of(tiles, path);
    forget(tiles, kept);
    if (body.size > TILES_KEPT_SIZE_MAX - tiles->size) {
        forget_all(tiles);
    }
    if (buffer_append(&kept->body, body) == STATUS_OK) {
        kept->path = strdup(path);
        tiles->size += kept->body.size;
    }
    if (kept->path == NULL) {
        forget(tiles, kept);
    }
    (void)pthread_mutex_unlock(&tiles->mutex);
}
