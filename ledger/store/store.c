#include "ledger/store/store.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum status store_begin(struct store *store, struct failure *failure)
{
    return store->operations->begin(store, failure);
}

void store_end(struct store *store)
{
    store->operations->end(store);
}

enum status store_lock(struct store *store, struct failure *failure)
{
    return store->operations->lock(store, failure);
}

enum status store_keep(struct store *store, struct failure *failure)
{
    return store->operations->keep == NULL ? STATUS_OK : store->operations->keep(store, failure);
}

enum status store_check_replicas(struct store *store, uint32_t count, struct failure *failure)
{
    assert(count >= 1);
    return store->operations->check_replicas == NULL
               ? fail(failure, STATUS_INVALID, "--replicas",
                      "a ledger in a file is on one machine: only one in a database has standbys")
               : store->operations->check_replicas(store, count, failure);
}

void store_unlock(struct store *store)
{
    store->operations->unlock(store);
}

enum status store_identify(struct store *store, struct view origin, struct view vkey,
                           struct failure *failure)
{
    assert(origin.size > 0);
    assert(vkey.size > 0);
    return store->operations->identify(store, origin, vkey, failure);
}

enum status store_read_identity(struct store *store, struct buffer *ret_origin,
                                struct buffer *ret_vkey, struct failure *failure)
{
    return store->operations->read_identity(store, ret_origin, ret_vkey, failure);
}

enum status store_read_latest(struct store *store, uint64_t *ret_size, struct buffer *ret_note,
                              struct failure *failure)
{
    return store->operations->read_latest(store, ret_size, ret_note, failure);
}

enum status store_read_entry(struct store *store, uint64_t index, store_visit_entry *visit,
                             void *context, struct failure *failure)
{
    return store->operations->read_entry(store, index, visit, context, failure);
}

enum status store_find(struct store *store, const struct hash *id, uint64_t *ret_index,
                       struct failure *failure)
{
    return store->operations->find(store, id, ret_index, failure);
}

enum status store_head(struct store *store, struct view subject, uint64_t *ret_last_index,
                       struct failure *failure)
{
    return store->operations->head(store, subject, ret_last_index, failure);
}

enum status store_scan(struct store *store, struct store_scan scan, store_visit_entry *visit,
                       void *context, struct failure *failure)
{
    return store->operations->scan(store, scan, visit, context, failure);
}

enum status store_read_node(struct store *store, struct merkle_position at, struct hash *ret_hash,
                            struct failure *failure)
{
    assert(at.level <= MERKLE_HEIGHT_MAX);
    return store->operations->read_node(store, at, ret_hash, failure);
}

enum status store_read_nodes(struct store *store, struct merkle_position from, size_t count,
                             struct hash *ret_hashes, size_t *ret_count, struct failure *failure)
{
    assert(from.level <= MERKLE_HEIGHT_MAX);
    return store->operations->read_nodes(store, from, count, ret_hashes, ret_count, failure);
}

enum status store_scan_nodes(struct store *store, uint32_t level, store_visit_node *visit,
                             void *context, struct failure *failure)
{
    struct merkle_position from = {.level = level, .index = 0};
    return store_scan_nodes_from(store, from, visit, context, failure);
}

enum status store_scan_nodes_from(struct store *store, struct merkle_position from,
                                  store_visit_node *visit, void *context, struct failure *failure)
{
    assert(from.level <= MERKLE_HEIGHT_MAX);
    return store->operations->scan_nodes(store, from, visit, context, failure);
}

enum status store_scan_checkpoints(struct store *store, store_visit_checkpoint *visit,
                                   void *context, struct failure *failure)
{
    return store->operations->scan_checkpoints(store, visit, context, failure);
}

enum status store_read_checkpoint(struct store *store, uint64_t size, struct buffer *ret_note,
                                  struct failure *failure)
{
    return store->operations->read_checkpoint(store, size, ret_note, failure);
}

enum status store_scan_attachments(struct store *store, uint64_t size,
                                   enum store_attachment_kind kind, store_visit_attachment *visit,
                                   void *context, struct failure *failure)
{
    assert(kind <= ATTACHMENT_KIND_MAX);
    return store->operations->scan_attachments(store, size, kind, visit, context, failure);
}

static void assert_attachment(const struct store_attachment *attachment)
{
    assert(attachment->kind != ATTACHMENT_ANY);
    assert(attachment->kind <= ATTACHMENT_KIND_MAX);
    assert(attachment->bytes.size >= 1);
    assert(attachment->bytes.size <= ATTACHMENT_SIZE_MAX);
}

enum status store_attach(struct store *store, const struct store_attachment *attachment,
                         struct failure *failure)
{
    assert_attachment(attachment);
    return store->operations->attach(store, attachment, failure);
}

struct hash store_attachment_id(const struct store_attachment *attachment)
{
    char head[40];
    int size = snprintf(head, sizeof head, "%" PRIu64 " %d\n", attachment->checkpoint_size,
                        (int)attachment->kind);
    assert(size > 0 && (size_t)size < sizeof head);
    /* A hash of hashes, so that nothing large is copied. */
    struct hash bytes = hash_bytes(attachment->bytes);
    struct hash about = hash_bytes((struct view){.data = head, .size = (size_t)size});
    return hash_node(&about, &bytes);
}

/* A batch is made by our own code: a wrong shape is our mistake, whatever the input was. */
static void assert_entry(const struct store_entry *entry)
{
    assert(entry->subject.size > 0);
    assert(entry->subject.size <= SUBJECT_SIZE_MAX);
    assert(memchr(entry->subject.data, '\0', entry->subject.size) == NULL);
    assert(entry->bytes.size <= ENTRY_SIZE_MAX);
}

static void assert_batch(const struct store_batch *batch)
{
    assert(batch->entry_count >= 1);
    assert(batch->entry_count <= BATCH_ENTRIES_MAX);
    assert(batch->expected_size <= (uint64_t)INT64_MAX - BATCH_ENTRIES_MAX);
    assert(batch->checkpoint_size == batch->expected_size + batch->entry_count);
    assert(batch->checkpoint.size > 0);
    assert(batch->checkpoint.size <= CHECKPOINT_SIZE_MAX);
    for (size_t i = 0; i < batch->entry_count; i++) {
        const struct store_entry *entry = &batch->entries[i];
        assert(entry->index == batch->expected_size + i);
        assert_entry(entry);
    }
    for (size_t i = 0; i < batch->node_count; i++) {
        assert(batch->nodes[i].at.level <= MERKLE_HEIGHT_MAX);
        assert(batch->nodes[i].at.index <= INT64_MAX);
    }
}

enum status store_append(struct store *store, const struct store_batch *batch,
                         struct failure *failure)
{
    assert_batch(batch);
    return store->operations->append(store, batch, failure);
}

enum status store_import_begin(struct store *store, uint64_t expected_size, struct failure *failure)
{
    return store->operations->import_begin(store, expected_size, failure);
}

enum status store_import_entry(struct store *store, const struct store_entry *entry,
                               struct failure *failure)
{
    assert_entry(entry);
    return store->operations->import_entry(store, entry, failure);
}

enum status store_import_node(struct store *store, const struct store_node *node,
                              struct failure *failure)
{
    assert(node->at.level <= MERKLE_HEIGHT_MAX);
    return store->operations->import_node(store, node, failure);
}

enum status store_import_checkpoint(struct store *store, uint64_t size, struct view note,
                                    struct failure *failure)
{
    assert(note.size > 0);
    assert(note.size <= CHECKPOINT_SIZE_MAX);
    return store->operations->import_checkpoint(store, size, note, failure);
}

enum status store_import_attachment(struct store *store, const struct store_attachment *attachment,
                                    struct failure *failure)
{
    assert_attachment(attachment);
    return store->operations->import_attachment(store, attachment, failure);
}

enum status store_import_commit(struct store *store, struct failure *failure)
{
    return store->operations->import_commit(store, failure);
}

void store_import_cancel(struct store *store)
{
    store->operations->import_cancel(store);
}

enum status store_check_structure(struct store *store, struct failure *failure)
{
    return store->operations->check_structure(store, failure);
}

void store_close(struct store *store)
{
    if (store != NULL) {
        store->operations->close(store);
    }
}

void store_closep(struct store **store)
{
    store_close(*store);
    *store = NULL;
}
