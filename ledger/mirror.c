#include "ledger/mirror.h"

#include "ledger/attached.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define WHERE_SIZE 40

/* One growth. */
struct growth {
    struct store *store;
    const struct mirror_source *source;
    struct note_key log;
    struct checkpoint checkpoint;
    bool is_new; /* the store has no identity yet */
    uint64_t old_size;
    struct merkle_edge edge;
    struct tiles tiles;
    struct buffer bundle;
    struct buffer subject;
    uint64_t *sizes; /* of new checkpoints that attachments are about */
    size_t size_count;
    size_t size_capacity;
    struct failure *failure; /* of the call under way */
};

static void growth_free(struct growth **growth)
{
    if (*growth != NULL) {
        buffer_release(&(*growth)->bundle);
        buffer_release(&(*growth)->subject);
        free((*growth)->sizes);
        free(*growth);
    }
}

static enum status untrusted_entry(uint64_t index, const char *what, struct failure *failure)
{
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "entry %" PRIu64, index);
    return fail(failure, STATUS_UNTRUSTED, where, "%s", what);
}

static enum status untrusted_tile(uint32_t level, uint64_t index, uint32_t width, uint32_t hash,
                                  struct failure *failure)
{
    char path[TILE_PATH_SIZE];
    tile_path(&(struct tile){.level = level, .index = index, .width = width}, path);
    return fail(failure, STATUS_UNTRUSTED, path,
                "its hash %" PRIu32 " is not that of the published entries", hash);
}

/* --- Who signs --- */

static enum status stored_key(struct store *store, struct note_key *ret_key,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer origin;
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&origin, NAME_SIZE_MAX);
    buffer_init(&vkey, 1024);
    TRY(store_read_identity(store, &origin, &vkey, failure));
    return note_key_parse(buffer_view(&vkey), ret_key, failure);
}

/* The first entry says by which key checkpoints are signed, and the checkpoint is. */
static enum status published_key(struct growth *growth, struct failure *failure)
{
    struct view entries;
    struct view first;
    TRY(tiles_read_bundle(&growth->tiles, 0, &growth->bundle, &entries, failure));
    enum status cut = bundle_cut(&entries, &first);
    assert(cut == STATUS_OK);
    (void)cut;
    return growth->source->log_key(growth->source->context, first, &growth->log, failure);
}

static enum status identify(struct growth *growth, struct failure *failure)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    TRY(note_key_write(&growth->log, &vkey));
    return store_identify(growth->store, view_of(growth->log.name), buffer_view(&vkey), failure);
}

/* --- Rows --- */

static enum status add_node(void *context, struct merkle_position at, const struct hash *hash)
{
    const struct growth *growth = context;
    struct store_node node = {.at = at, .hash = *hash};
    return store_import_node(growth->store, &node, growth->failure);
}

static enum status add_entry(struct growth *growth, uint64_t index, struct view bytes,
                             struct failure *failure)
{
    buffer_clear(&growth->subject);
    struct store_entry entry = {.index = index, .bytes = bytes};
    TRY(growth->source->label(growth->source->context, index, bytes, &entry.id, &growth->subject,
                              failure));
    entry.subject = buffer_view(&growth->subject);
    enum status status = store_import_entry(growth->store, &entry, failure);
    if (status == STATUS_CONFLICT) {
        return untrusted_entry(index, "the same statement is there already", failure);
    }
    return status;
}

/* Takes in the entries of a bundle that are new, and compares all of them with their tile. */
static enum status add_bundle(struct growth *growth, uint64_t index, struct failure *failure)
{
    struct view rest;
    const struct tiles_kept *tile;
    TRY(tiles_read_bundle(&growth->tiles, index, &growth->bundle, &rest, failure));
    TRY(tiles_read(&growth->tiles, 0, index, &tile, failure));
    for (uint32_t i = 0; i < tile->width; i++) {
        struct view bytes;
        enum status cut = bundle_cut(&rest, &bytes);
        assert(cut == STATUS_OK); /* counted by tiles_read_bundle */
        (void)cut;
        struct hash leaf = hash_leaf(bytes);
        uint64_t at = index * TILE_WIDTH + i;
        if (!hash_equal(&leaf, &tile->hashes[i])) {
            return untrusted_entry(
                at, "the published entry is not the one that its tile has the hash of", failure);
        }
        if (at < growth->old_size) {
            continue;
        }
        TRY(add_entry(growth, at, bytes, failure));
        TRY(merkle_edge_append(&growth->edge, &leaf, add_node, growth));
    }
    return STATUS_OK;
}

static enum status add_bundles(struct growth *growth, struct failure *failure)
{
    uint64_t size = growth->checkpoint.size;
    uint64_t count = (size - 1) / TILE_WIDTH + 1;
    for (uint64_t i = growth->old_size / TILE_WIDTH; i < count; i++) {
        TRY(add_bundle(growth, i, failure));
        if (growth->source->progress != NULL) {
            growth->source->progress(growth->source->context, growth->edge.size, size);
        }
    }
    return STATUS_OK;
}

/* --- The tiles above --- */

static enum status compare_tile(struct growth *growth, uint32_t level, uint64_t index,
                                struct failure *failure)
{
    const struct tiles_kept *tile;
    TRY(tiles_read(&growth->tiles, level, index, &tile, failure));
    for (uint32_t i = 0; i < tile->width; i++) {
        struct merkle_position at = {.level = TILE_HEIGHT * level, .index = index * TILE_WIDTH + i};
        struct hash stored;
        TRY(store_read_node(growth->store, at, &stored, failure));
        if (!hash_equal(&stored, &tile->hashes[i])) {
            return untrusted_tile(level, index, tile->width, i, failure);
        }
    }
    return STATUS_OK;
}

static enum status compare_tiles(struct growth *growth, struct failure *failure)
{
    uint64_t size = growth->checkpoint.size;
    for (uint32_t level = 1; level <= TILE_LEVEL_MAX; level++) {
        uint64_t index = tile_full_count(level, growth->old_size);
        while (tile_width(level, index, size) > 0) { /* bounded by the size */
            TRY(compare_tile(growth, level, index, failure));
            index += 1;
        }
    }
    return STATUS_OK;
}

static enum status check_root(const struct growth *growth, struct failure *failure)
{
    struct hash root = merkle_edge_root(&growth->edge);
    if (hash_equal(&root, &growth->checkpoint.root)) {
        return STATUS_OK;
    }
    return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                growth->old_size == 0
                    ? "the published entries do not have the root that the checkpoint signs"
                    : "the published entries, after those that were there before, do not have the "
                      "root that the checkpoint signs");
}

/* --- Attachments --- */

static enum status pass_on(enum status status, const struct failure *cause, struct failure *failure)
{
    if (failure != NULL) {
        *failure = *cause;
    }
    return status;
}

typedef enum status visit_attached(struct growth *growth, const struct store_attachment *attachment,
                                   struct failure *failure);

/* Those that are about a later checkpoint belong to a publishing under way. */
static enum status each_attached(struct growth *growth, visit_attached *visit,
                                 struct failure *failure)
{
    OWNED(attached_release) struct attached attached;
    attached_init(&attached);
    for (uint64_t i = 0;; i++) { /* bounded by ATTACHED_COUNT_MAX */
        struct failure none = {0};
        enum status status = attached_read(&growth->source->tiles, i, &attached, &none);
        if (status == STATUS_NOT_FOUND) {
            return STATUS_OK;
        }
        if (status != STATUS_OK) {
            return pass_on(status, &none, failure);
        }
        if (attached.attachment.kind != ATTACHMENT_ANY &&
            attached.attachment.checkpoint_size <= growth->checkpoint.size) {
            TRY(visit(growth, &attached.attachment, failure));
        }
    }
}

static enum status note_size(struct growth *growth, const struct store_attachment *attachment,
                             struct failure *failure)
{
    uint64_t size = attachment->checkpoint_size;
    if (size <= growth->old_size) {
        return STATUS_OK;
    }
    if (growth->size_count == growth->size_capacity) {
        size_t capacity = growth->size_capacity == 0 ? 64 : 2 * growth->size_capacity;
        uint64_t *sizes = realloc(growth->sizes, capacity * sizeof *sizes);
        if (sizes == NULL) {
            return fail_memory(failure);
        }
        growth->sizes = sizes;
        growth->size_capacity = capacity;
    }
    growth->sizes[growth->size_count] = size;
    growth->size_count += 1;
    return STATUS_OK;
}

static int by_size(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static enum status add_checkpoint(struct growth *growth, uint64_t size, struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    TRY(attached_read_checkpoint(&growth->source->tiles, size, &note, failure));
    struct checkpoint checkpoint;
    if (checkpoint_open(buffer_view(&note), &growth->log, &checkpoint, failure) != STATUS_OK ||
        checkpoint.size != size) {
        char where[WHERE_SIZE];
        (void)snprintf(where, sizeof where, "checkpoint of size %" PRIu64, size);
        return fail(failure, STATUS_UNTRUSTED, where,
                    "it is published and is not one that the log signed for this size");
    }
    if (size < growth->checkpoint.size) {
        return store_import_checkpoint(growth->store, size, buffer_view(&note), failure);
    }
    return hash_equal(&checkpoint.root, &growth->checkpoint.root)
               ? STATUS_OK /* the commit stores it */
               : fail(failure, STATUS_UNTRUSTED, "checkpoint",
                      "the log has signed two roots for the size %" PRIu64, size);
}

/* The checkpoints beyond the old size that attachments are about. */
static enum status add_checkpoints(struct growth *growth, struct failure *failure)
{
    TRY(each_attached(growth, note_size, failure));
    if (growth->size_count > 0) {
        qsort(growth->sizes, growth->size_count, sizeof growth->sizes[0], by_size);
    }
    for (size_t i = 0; i < growth->size_count; i++) {
        if (i == 0 || growth->sizes[i] != growth->sizes[i - 1]) {
            TRY(add_checkpoint(growth, growth->sizes[i], failure));
        }
    }
    return STATUS_OK;
}

/* A mirror that has grown past a checkpoint without it does not get it later. */
static enum status attach(struct growth *growth, const struct store_attachment *attachment,
                          struct failure *failure)
{
    struct failure cause = {0};
    enum status status = store_attach(growth->store, attachment, &cause);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    return pass_on(status, &cause, failure);
}

/* --- The whole --- */

/* Appends the checkpoint as a ledger stores it: with the log's line alone. */
static enum status write_own_checkpoint(const struct growth *growth, struct view bytes,
                                        struct buffer *ret_note, struct failure *failure)
{
    struct note note = {.count = 0};
    TRY(note_parse(bytes, &note, failure));
    const struct note_signature *line = &note.signatures[note_find(&note, &growth->log)];
    return buffer_append_format(ret_note, "%.*s\n— %.*s %.*s\n", VIEW_ARGS(note.text),
                                VIEW_ARGS(line->name), VIEW_ARGS(line->encoded));
}

static enum status import(struct growth *growth, struct view checkpoint, struct failure *failure)
{
    OWNED(buffer_release) struct buffer own;
    buffer_init(&own, CHECKPOINT_SIZE_MAX);
    growth->failure = failure;
    TRY(add_bundles(growth, failure));
    TRY(compare_tiles(growth, failure));
    TRY(check_root(growth, failure));
    TRY(add_checkpoints(growth, failure));
    TRY(write_own_checkpoint(growth, checkpoint, &own, failure));
    TRY(store_import_checkpoint(growth->store, growth->checkpoint.size, buffer_view(&own),
                                failure));
    return store_import_commit(growth->store, failure);
}

static enum status read_stored_node(void *context, struct merkle_position at, struct hash *ret_hash)
{
    const struct growth *growth = context;
    return store_read_node(growth->store, at, ret_hash, growth->failure);
}

/* What the store has: the edge to go on from. */
static enum status load_old(struct growth *growth, struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    enum status status = store_read_latest(growth->store, &growth->old_size, &note, failure);
    if (status == STATUS_NOT_FOUND) {
        growth->old_size = 0;
        merkle_edge_init(&growth->edge);
        return STATUS_OK;
    }
    TRY(status);
    growth->failure = failure;
    return merkle_edge_load(growth->old_size, read_stored_node, growth, &growth->edge);
}

static enum status prepare(struct growth *growth, struct view checkpoint, struct failure *failure)
{
    struct note note = {.count = 0};
    TRY(note_parse(checkpoint, &note, failure));
    TRY(checkpoint_parse(note.text, &growth->checkpoint, failure));
    if (growth->checkpoint.size == 0) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint", "the published ledger is empty");
    }
    tiles_init(&growth->tiles, growth->source->tiles, growth->checkpoint.size);
    enum status stored = stored_key(growth->store, &growth->log, failure);
    growth->is_new = stored == STATUS_NOT_FOUND;
    TRY(growth->is_new ? published_key(growth, failure) : stored);
    return checkpoint_open(checkpoint, &growth->log, &growth->checkpoint, failure);
}

static enum status grow_locked(struct growth *growth, struct view checkpoint,
                               struct failure *failure)
{
    TRY(load_old(growth, failure));
    if (growth->checkpoint.size < growth->old_size) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "the published ledger has %" PRIu64 " entries, and had %" PRIu64 " before",
                    growth->checkpoint.size, growth->old_size);
    }
    if (growth->checkpoint.size == growth->old_size) {
        TRY(check_root(growth, failure));
        return each_attached(growth, attach, failure);
    }
    TRY(growth->is_new ? identify(growth, failure) : STATUS_OK);
    TRY(store_import_begin(growth->store, growth->old_size, failure));
    enum status status = import(growth, checkpoint, failure);
    store_import_cancel(growth->store);
    TRY(status);
    return each_attached(growth, attach, failure);
}

enum status mirror_grow(struct store *store, const struct mirror_source *source,
                        struct view checkpoint, struct failure *failure)
{
    OWNED(growth_free) struct growth *growth = calloc(1, sizeof *growth);
    if (growth == NULL) {
        return fail_memory(failure);
    }
    growth->store = store;
    growth->source = source;
    buffer_init(&growth->bundle, BUNDLE_SIZE_MAX);
    buffer_init(&growth->subject, SUBJECT_SIZE_MAX);
    TRY(prepare(growth, checkpoint, failure));
    TRY(store_lock(store, failure));
    enum status status = grow_locked(growth, checkpoint, failure);
    store_unlock(store);
    return status;
}
