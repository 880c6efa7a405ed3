/*
 * Everything is kept in arrays that only grow, so a moment is a set of counts: what lies beyond
 * them is not seen. An append writes beyond the counts and then raises them, which cannot fail;
 * until then nothing has happened.
 */
#include "ledger/store/memory.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define LEVEL_COUNT (MERKLE_HEIGHT_MAX + 1)

/* Bytes on the heap, owned by whatever they are a part of. */
struct kept {
    char *data;
    size_t size;
};

struct memory_entry {
    struct hash id;
    struct kept subject;
    struct kept bytes;
};

struct memory_checkpoint {
    uint64_t size;
    struct kept note;
};

struct memory_attachment {
    struct hash id;
    uint64_t checkpoint_size;
    enum store_attachment_kind kind;
    struct kept bytes;
};

struct memory_level {
    struct hash *hashes;
    size_t capacity;
};

struct counts {
    size_t entries;
    size_t checkpoints;
    size_t attachments;
    size_t nodes[LEVEL_COUNT];
};

/* What the handles share. */
struct memory {
    size_t handles;
    const struct memory_store *writer; /* who holds the lock; NULL when nobody does */
    struct kept origin;                /* data is NULL without identity */
    struct kept vkey;
    struct memory_entry *entries;
    size_t entry_capacity;
    struct memory_checkpoint *checkpoints;
    size_t checkpoint_capacity;
    struct memory_attachment *attachments;
    size_t attachment_capacity;
    struct memory_level levels[LEVEL_COUNT];
    struct counts counts;
    size_t *slots; /* id -> index + 1, open addressing; 0 is empty */
    size_t slot_count;
};

struct memory_store {
    struct store base; /* first: see store_operations */
    struct memory *memory;
    bool reading;
    struct counts moment; /* what is seen while `reading` */
    struct kept staged_origin;
    struct kept staged_vkey;
    uint64_t fail_countdown;
    enum status fail_status;
    bool crashes;
    bool crash_stores;
};

static struct memory_store *memory_store(struct store *store)
{
    return (struct memory_store *)store;
}

static struct view kept_view(struct kept kept)
{
    return (struct view){.data = kept.data, .size = kept.size};
}

static enum status keep(struct view source, struct kept *ret_kept)
{
    char *copy = malloc(source.size + 1);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    copy[source.size] = '\0';
    *ret_kept = (struct kept){.data = copy, .size = source.size};
    return STATUS_OK;
}

static void kept_release(struct kept *kept)
{
    free(kept->data);
    *kept = (struct kept){0};
}

/* Makes room for `needed` items. The old items stay where a failed call left them. */
static enum status grow(void **items, size_t *capacity, size_t needed, size_t item_size)
{
    if (needed <= *capacity) {
        return STATUS_OK;
    }
    size_t wanted = needed < 64 ? 64 : needed * 2;
    void *grown = realloc(*items, wanted * item_size);
    if (grown == NULL) {
        return STATUS_MEMORY;
    }
    *items = grown;
    *capacity = wanted;
    return STATUS_OK;
}

/* Every operation passes here, so that a test can make it fail. */
static enum status gate(struct memory_store *store, struct failure *failure)
{
    if (store->fail_countdown == 0 || --store->fail_countdown > 0) {
        return STATUS_OK;
    }
    return fail(failure, store->fail_status, "memory", "this operation was told to fail");
}

static const struct counts *seen(const struct memory_store *store)
{
    return store->reading ? &store->moment : &store->memory->counts;
}

static enum status memory_begin(struct store *base, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    assert(!store->reading);
    TRY(gate(store, failure));
    store->moment = store->memory->counts;
    store->reading = true;
    return STATUS_OK;
}

static void memory_end(struct store *base)
{
    struct memory_store *store = memory_store(base);
    assert(store->reading);
    store->reading = false;
}

static enum status memory_lock(struct store *base, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (store->memory->writer != NULL) {
        return fail(failure, STATUS_CONFLICT, "memory", "another writer has the ledger");
    }
    store->memory->writer = store;
    return STATUS_OK;
}

static void memory_unlock(struct store *base)
{
    struct memory_store *store = memory_store(base);
    assert(store->memory->writer == store);
    store->memory->writer = NULL;
}

static enum status memory_identify(struct store *base, struct view origin, struct view vkey,
                                   struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (store->memory->origin.data != NULL || store->memory->counts.checkpoints > 0) {
        return fail(failure, STATUS_CONFLICT, "memory", "the ledger has an identity already");
    }
    struct kept origin_copy;
    struct kept vkey_copy;
    if (keep(origin, &origin_copy) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (keep(vkey, &vkey_copy) != STATUS_OK) {
        kept_release(&origin_copy);
        return fail_memory(failure);
    }
    kept_release(&store->staged_origin);
    kept_release(&store->staged_vkey);
    store->staged_origin = origin_copy;
    store->staged_vkey = vkey_copy;
    return STATUS_OK;
}

static enum status memory_read_identity(struct store *base, struct buffer *ret_origin,
                                        struct buffer *ret_vkey, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (store->memory->origin.data == NULL || seen(store)->checkpoints == 0) {
        return fail(failure, STATUS_NOT_FOUND, "memory", "the ledger has no identity");
    }
    buffer_clear(ret_origin);
    buffer_clear(ret_vkey);
    TRY(buffer_append(ret_origin, kept_view(store->memory->origin)));
    return buffer_append(ret_vkey, kept_view(store->memory->vkey));
}

static enum status memory_read_latest(struct store *base, uint64_t *ret_size,
                                      struct buffer *ret_note, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    size_t count = seen(store)->checkpoints;
    if (count == 0) {
        return fail(failure, STATUS_NOT_FOUND, "memory", "the ledger has no checkpoint");
    }
    const struct memory_checkpoint *latest = &store->memory->checkpoints[count - 1];
    buffer_clear(ret_note);
    TRY(buffer_append(ret_note, kept_view(latest->note)));
    *ret_size = latest->size;
    return STATUS_OK;
}

static enum status visit_at(const struct memory *memory, size_t index, store_visit_entry *visit,
                            void *context, struct failure *failure)
{
    const struct memory_entry *kept = &memory->entries[index];
    struct store_entry entry = {
        .index = index,
        .id = kept->id,
        .subject = kept_view(kept->subject),
        .bytes = kept_view(kept->bytes),
    };
    return visit(context, &entry, failure);
}

static enum status memory_read_entry(struct store *base, uint64_t index, store_visit_entry *visit,
                                     void *context, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (index >= seen(store)->entries) {
        return fail(failure, STATUS_NOT_FOUND, "memory", "there is no entry %" PRIu64, index);
    }
    return visit_at(store->memory, index, visit, context, failure);
}

/* Where the search for an id starts. An id is a hash, so its first bytes are spread evenly. */
static size_t first_slot(const struct memory *memory, const struct hash *id)
{
    uint64_t start;
    memcpy(&start, id->bytes, sizeof start);
    return start & (memory->slot_count - 1);
}

/* The index of an id, or SIZE_MAX. */
static size_t find_id(const struct memory *memory, const struct hash *id)
{
    if (memory->slot_count == 0) {
        return SIZE_MAX;
    }
    size_t slot = first_slot(memory, id);
    while (memory->slots[slot] != 0) { /* bounded: at least half of the slots are empty */
        size_t index = memory->slots[slot] - 1;
        if (hash_equal(&memory->entries[index].id, id)) {
            return index;
        }
        slot = (slot + 1) & (memory->slot_count - 1);
    }
    return SIZE_MAX;
}

static void put_id(struct memory *memory, size_t index)
{
    size_t slot = first_slot(memory, &memory->entries[index].id);
    while (memory->slots[slot] != 0) { /* bounded: at least half of the slots are empty */
        slot = (slot + 1) & (memory->slot_count - 1);
    }
    memory->slots[slot] = index + 1;
}

static enum status grow_slots(struct memory *memory, size_t entry_count)
{
    if (entry_count * 2 <= memory->slot_count) {
        return STATUS_OK;
    }
    size_t slot_count = 256;
    while (slot_count < entry_count * 4) {
        slot_count *= 2;
    }
    size_t *slots = calloc(slot_count, sizeof *slots);
    if (slots == NULL) {
        return STATUS_MEMORY;
    }
    free(memory->slots);
    memory->slots = slots;
    memory->slot_count = slot_count;
    for (size_t i = 0; i < memory->counts.entries; i++) {
        put_id(memory, i);
    }
    return STATUS_OK;
}

static enum status memory_find(struct store *base, const struct hash *id, uint64_t *ret_index,
                               struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    size_t index = find_id(store->memory, id);
    if (index == SIZE_MAX || index >= seen(store)->entries) {
        return fail(failure, STATUS_NOT_FOUND, "memory", "there is no entry of this id");
    }
    *ret_index = index;
    return STATUS_OK;
}

static uint64_t head_of(const struct memory *memory, size_t entry_count, struct view subject)
{
    for (size_t i = entry_count; i > 0; i--) {
        if (view_equal(kept_view(memory->entries[i - 1].subject), subject)) {
            return i - 1;
        }
    }
    return STORE_NONE;
}

static enum status memory_head(struct store *base, struct view subject, uint64_t *ret_last_index,
                               struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    *ret_last_index = head_of(store->memory, seen(store)->entries, subject);
    return STATUS_OK;
}

static bool scan_matches(struct store_scan scan, struct view subject)
{
    switch (scan.kind) {
    case STORE_SCAN_ALL:
        return true;
    case STORE_SCAN_SUBJECT:
        return view_equal(subject, scan.subject);
    case STORE_SCAN_PREFIX_BY_INDEX:
    case STORE_SCAN_PREFIX_BY_SUBJECT:
        return view_starts_with(subject, scan.subject);
    }
    return false;
}

/* An entry with its index, so that qsort can compare. */
struct sorted_entry {
    struct view subject;
    size_t index;
};

static int compare_subjects(const void *a, const void *b)
{
    const struct sorted_entry *left = a;
    const struct sorted_entry *right = b;
    int order = view_compare(left->subject, right->subject);
    if (order != 0) {
        return order;
    }
    return (left->index > right->index) - (left->index < right->index);
}

static enum status scan_by_subject(struct memory_store *store, struct store_scan scan,
                                   store_visit_entry *visit, void *context, struct failure *failure)
{
    size_t entry_count = seen(store)->entries;
    struct sorted_entry *sorted = calloc(entry_count + 1, sizeof *sorted);
    if (sorted == NULL) {
        return fail_memory(failure);
    }
    size_t count = 0;
    for (size_t i = 0; i < entry_count; i++) {
        struct view subject = kept_view(store->memory->entries[i].subject);
        if (scan_matches(scan, subject)) {
            sorted[count++] = (struct sorted_entry){.subject = subject, .index = i};
        }
    }
    qsort(sorted, count, sizeof *sorted, compare_subjects);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = visit_at(store->memory, sorted[i].index, visit, context, failure);
    }
    free(sorted);
    return status;
}

static enum status memory_scan(struct store *base, struct store_scan scan, store_visit_entry *visit,
                               void *context, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (scan.kind == STORE_SCAN_PREFIX_BY_SUBJECT) {
        return scan_by_subject(store, scan, visit, context, failure);
    }
    size_t entry_count = seen(store)->entries;
    for (size_t i = 0; i < entry_count; i++) {
        if (!scan_matches(scan, kept_view(store->memory->entries[i].subject))) {
            continue;
        }
        TRY(visit_at(store->memory, i, visit, context, failure));
    }
    return STATUS_OK;
}

static enum status memory_read_node(struct store *base, struct merkle_position at,
                                    struct hash *ret_hash, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    if (at.index >= seen(store)->nodes[at.level]) {
        return fail(failure, STATUS_UNTRUSTED, "memory",
                    "the node at level %" PRIu32 ", index %" PRIu64 " is missing", at.level,
                    at.index);
    }
    *ret_hash = store->memory->levels[at.level].hashes[at.index];
    return STATUS_OK;
}

static enum status memory_read_nodes(struct store *base, struct merkle_position from, size_t count,
                                     struct hash *ret_hashes, size_t *ret_count,
                                     struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    uint64_t there = seen(store)->nodes[from.level];
    size_t taken = 0;
    while (taken < count && from.index < there && taken < there - from.index) {
        ret_hashes[taken] = store->memory->levels[from.level].hashes[from.index + taken];
        taken++;
    }
    *ret_count = taken;
    return STATUS_OK;
}

static enum status memory_scan_nodes(struct store *base, struct merkle_position from,
                                     store_visit_node *visit, void *context,
                                     struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    size_t count = seen(store)->nodes[from.level];
    for (uint64_t i = from.index; i < count; i++) {
        struct store_node node = {
            .at = {.level = from.level, .index = i},
            .hash = store->memory->levels[from.level].hashes[i],
        };
        TRY(visit(context, &node, failure));
    }
    return STATUS_OK;
}

static enum status memory_scan_checkpoints(struct store *base, store_visit_checkpoint *visit,
                                           void *context, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    size_t count = seen(store)->checkpoints;
    for (size_t i = 0; i < count; i++) {
        const struct memory_checkpoint *checkpoint = &store->memory->checkpoints[i];
        TRY(visit(context, checkpoint->size, kept_view(checkpoint->note), failure));
    }
    return STATUS_OK;
}

/* The checkpoint of a size, or NULL. */
static const struct memory_checkpoint *find_checkpoint(struct memory_store *store, uint64_t size)
{
    size_t count = seen(store)->checkpoints;
    for (size_t i = 0; i < count; i++) {
        if (store->memory->checkpoints[i].size == size) {
            return &store->memory->checkpoints[i];
        }
    }
    return NULL;
}

static enum status no_checkpoint(uint64_t size, struct failure *failure)
{
    return fail(failure, STATUS_NOT_FOUND, "memory", "there is no checkpoint of size %" PRIu64,
                size);
}

static enum status memory_read_checkpoint(struct store *base, uint64_t size,
                                          struct buffer *ret_note, struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    const struct memory_checkpoint *checkpoint = find_checkpoint(store, size);
    if (checkpoint == NULL) {
        return no_checkpoint(size, failure);
    }
    buffer_clear(ret_note);
    return buffer_append(ret_note, kept_view(checkpoint->note));
}

static enum status memory_scan_attachments(struct store *base, uint64_t size,
                                           enum store_attachment_kind kind,
                                           store_visit_attachment *visit, void *context,
                                           struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    TRY(gate(store, failure));
    size_t count = seen(store)->attachments;
    for (size_t i = 0; i < count; i++) {
        const struct memory_attachment *kept = &store->memory->attachments[i];
        bool is_wanted = (size == STORE_NONE || kept->checkpoint_size == size) &&
                         (kind == ATTACHMENT_ANY || kept->kind == kind);
        struct store_attachment attachment = {
            .checkpoint_size = kept->checkpoint_size,
            .kind = kept->kind,
            .bytes = kept_view(kept->bytes),
        };
        TRY(is_wanted ? visit(context, &attachment, failure) : STATUS_OK);
    }
    return STATUS_OK;
}

static bool is_attached(const struct memory *memory, const struct hash *id)
{
    for (size_t i = 0; i < memory->counts.attachments; i++) {
        if (hash_equal(&memory->attachments[i].id, id)) {
            return true;
        }
    }
    return false;
}

static enum status memory_attach(struct store *base, const struct store_attachment *attachment,
                                 struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    struct memory *memory = store->memory;
    assert(memory->writer == store);
    assert(!store->reading);
    TRY(gate(store, failure));
    if (find_checkpoint(store, attachment->checkpoint_size) == NULL) {
        return no_checkpoint(attachment->checkpoint_size, failure);
    }
    struct memory_attachment added = {
        .id = store_attachment_id(attachment),
        .checkpoint_size = attachment->checkpoint_size,
        .kind = attachment->kind,
    };
    if (is_attached(memory, &added.id)) {
        return STATUS_OK;
    }
    void *attachments = memory->attachments;
    if (grow(&attachments, &memory->attachment_capacity, memory->counts.attachments + 1,
             sizeof *memory->attachments) != STATUS_OK) {
        return fail_memory(failure);
    }
    memory->attachments = attachments;
    if (keep(attachment->bytes, &added.bytes) != STATUS_OK) {
        return fail_memory(failure);
    }
    memory->attachments[memory->counts.attachments] = added;
    memory->counts.attachments += 1;
    return STATUS_OK;
}

/* Compares what the caller believed with what is there (promise 3). */
static enum status compare(const struct memory *memory, const struct store_batch *batch,
                           struct failure *failure)
{
    if (memory->counts.entries != batch->expected_size) {
        return fail(failure, STATUS_CONFLICT, "memory", "the ledger has %zu entries by now",
                    memory->counts.entries);
    }
    for (size_t i = 0; i < batch->expectation_count; i++) {
        const struct store_expectation *expected = &batch->expectations[i];
        if (head_of(memory, memory->counts.entries, expected->subject) != expected->last_index) {
            return fail(failure, STATUS_CONFLICT, "memory", "%.*s has moved on",
                        VIEW_ARGS(expected->subject));
        }
    }
    for (size_t i = 0; i < batch->entry_count; i++) {
        bool repeated = find_id(memory, &batch->entries[i].id) != SIZE_MAX;
        for (size_t k = 0; k < i && !repeated; k++) {
            repeated = hash_equal(&batch->entries[i].id, &batch->entries[k].id);
        }
        if (repeated) {
            return fail(failure, STATUS_CONFLICT, "memory",
                        "the statement is in the ledger already");
        }
    }
    return STATUS_OK;
}

static enum status reserve(struct memory *memory, const struct store_batch *batch)
{
    const struct counts *counts = &memory->counts;
    void *entries = memory->entries;
    TRY(grow(&entries, &memory->entry_capacity, counts->entries + batch->entry_count,
             sizeof *memory->entries));
    memory->entries = entries;
    void *checkpoints = memory->checkpoints;
    TRY(grow(&checkpoints, &memory->checkpoint_capacity, counts->checkpoints + 1,
             sizeof *memory->checkpoints));
    memory->checkpoints = checkpoints;
    return grow_slots(memory, counts->entries + batch->entry_count);
}

/* Writes the nodes beyond the counts; every level grows without a gap. */
static enum status stage_nodes(struct memory *memory, const struct store_batch *batch,
                               struct counts *after, struct failure *failure)
{
    for (size_t i = 0; i < batch->node_count; i++) {
        const struct store_node *node = &batch->nodes[i];
        struct memory_level *level = &memory->levels[node->at.level];
        size_t *count = &after->nodes[node->at.level];
        if (node->at.index != *count) {
            return fail(failure, STATUS_UNTRUSTED, "memory", "the nodes do not fit the size");
        }
        void *hashes = level->hashes;
        if (grow(&hashes, &level->capacity, *count + 1, sizeof *level->hashes) != STATUS_OK) {
            return fail_memory(failure);
        }
        level->hashes = hashes;
        level->hashes[*count] = node->hash;
        *count += 1;
    }
    return STATUS_OK;
}

static void unstage_entries(struct memory *memory, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct memory_entry *entry = &memory->entries[memory->counts.entries + i];
        kept_release(&entry->subject);
        kept_release(&entry->bytes);
    }
}

/* Writes the entries beyond the counts. */
static enum status stage_entries(struct memory *memory, const struct store_batch *batch)
{
    for (size_t i = 0; i < batch->entry_count; i++) {
        struct memory_entry entry = {.id = batch->entries[i].id};
        if (keep(batch->entries[i].subject, &entry.subject) != STATUS_OK ||
            keep(batch->entries[i].bytes, &entry.bytes) != STATUS_OK) {
            kept_release(&entry.subject);
            unstage_entries(memory, i);
            return STATUS_MEMORY;
        }
        memory->entries[memory->counts.entries + i] = entry;
    }
    return STATUS_OK;
}

/* Nothing here can fail: the batch is stored whole (promise 1). */
static void publish(struct memory_store *store, const struct store_batch *batch,
                    const struct counts *after, struct kept note)
{
    struct memory *memory = store->memory;
    for (size_t i = 0; i < batch->entry_count; i++) {
        put_id(memory, memory->counts.entries + i);
    }
    memory->checkpoints[memory->counts.checkpoints] =
        (struct memory_checkpoint){.size = batch->checkpoint_size, .note = note};
    memory->counts = *after;
    if (store->staged_origin.data != NULL) {
        memory->origin = store->staged_origin;
        memory->vkey = store->staged_vkey;
        store->staged_origin = (struct kept){0};
        store->staged_vkey = (struct kept){0};
    }
}

static enum status append(struct memory_store *store, const struct store_batch *batch,
                          struct failure *failure)
{
    struct memory *memory = store->memory;
    TRY(compare(memory, batch, failure));
    if (reserve(memory, batch) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct counts after = memory->counts;
    TRY(stage_nodes(memory, batch, &after, failure));
    after.entries += batch->entry_count;
    after.checkpoints += 1;

    struct kept note;
    if (keep(batch->checkpoint, &note) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (stage_entries(memory, batch) != STATUS_OK) {
        kept_release(&note);
        return fail_memory(failure);
    }
    publish(store, batch, &after, note);
    return STATUS_OK;
}

static enum status memory_append(struct store *base, const struct store_batch *batch,
                                 struct failure *failure)
{
    struct memory_store *store = memory_store(base);
    assert(store->memory->writer == store);
    assert(!store->reading);
    TRY(gate(store, failure));
    if (!store->crashes) {
        return append(store, batch, failure);
    }
    store->crashes = false;
    if (store->crash_stores) {
        TRY(append(store, batch, failure));
    }
    return fail(failure, STATUS_STORAGE, "memory", "the store was told to crash");
}

static enum status memory_check_structure(struct store *base, struct failure *failure)
{
    return gate(memory_store(base), failure); /* arrays have no structure that could be wrong */
}

static void memory_free(struct memory *memory)
{
    for (size_t i = 0; i < memory->counts.entries; i++) {
        kept_release(&memory->entries[i].subject);
        kept_release(&memory->entries[i].bytes);
    }
    for (size_t i = 0; i < memory->counts.checkpoints; i++) {
        kept_release(&memory->checkpoints[i].note);
    }
    for (size_t i = 0; i < memory->counts.attachments; i++) {
        kept_release(&memory->attachments[i].bytes);
    }
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        free(memory->levels[i].hashes);
    }
    kept_release(&memory->origin);
    kept_release(&memory->vkey);
    free(memory->entries);
    free(memory->checkpoints);
    free(memory->attachments);
    free(memory->slots);
    free(memory);
}

static void memory_close(struct store *base)
{
    struct memory_store *store = memory_store(base);
    struct memory *memory = store->memory;
    if (memory->writer == store) {
        memory->writer = NULL; /* as a process that ends loses its lock */
    }
    kept_release(&store->staged_origin);
    kept_release(&store->staged_vkey);
    free(store);
    memory->handles -= 1;
    if (memory->handles == 0) {
        memory_free(memory);
    }
}

static const struct store_operations MEMORY_OPERATIONS = {
    .begin = memory_begin,
    .end = memory_end,
    .lock = memory_lock,
    .unlock = memory_unlock,
    .identify = memory_identify,
    .read_identity = memory_read_identity,
    .read_latest = memory_read_latest,
    .read_entry = memory_read_entry,
    .find = memory_find,
    .head = memory_head,
    .scan = memory_scan,
    .read_node = memory_read_node,
    .read_nodes = memory_read_nodes,
    .scan_nodes = memory_scan_nodes,
    .scan_checkpoints = memory_scan_checkpoints,
    .read_checkpoint = memory_read_checkpoint,
    .scan_attachments = memory_scan_attachments,
    .append = memory_append,
    .attach = memory_attach,
    .check_structure = memory_check_structure,
    .close = memory_close,
};

static enum status handle_new(struct memory *memory, struct store **ret_store)
{
    struct memory_store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return STATUS_MEMORY;
    }
    store->base.operations = &MEMORY_OPERATIONS;
    store->memory = memory;
    memory->handles += 1;
    *ret_store = &store->base;
    return STATUS_OK;
}

enum status memory_store_create(struct store **ret_store)
{
    struct memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return STATUS_MEMORY;
    }
    enum status status = handle_new(memory, ret_store);
    if (status != STATUS_OK) {
        free(memory);
    }
    return status;
}

enum status memory_store_share(struct store *store, struct store **ret_store)
{
    assert(store->operations == &MEMORY_OPERATIONS);
    return handle_new(memory_store(store)->memory, ret_store);
}

void memory_store_fail_after(struct store *store, uint64_t countdown, enum status status)
{
    assert(store->operations == &MEMORY_OPERATIONS);
    assert(status != STATUS_OK);
    memory_store(store)->fail_countdown = countdown;
    memory_store(store)->fail_status = status;
}

void memory_store_crash_next_append(struct store *store, bool stored)
{
    assert(store->operations == &MEMORY_OPERATIONS);
    memory_store(store)->crashes = true;
    memory_store(store)->crash_stores = stored;
}
