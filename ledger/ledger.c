#include "ledger/ledger.h"

#include "ledger/base/ownership.h"
#include "ledger/node_window.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN_SIZE_MAX NAME_SIZE_MAX
#define VKEY_SIZE_MAX 1024
#define KNOWN_BITS 11
#define KNOWN_COUNT ((size_t)1 << KNOWN_BITS)

/* A complete node that was found to be under a signed root: it stays so, whatever the store says.
 */
struct known_node {
    bool is_set;
    struct merkle_position at;
    struct hash hash;
};

struct ledger {
    struct store *store;
    struct note_key log;
    struct merkle_edge edge; /* of size 0 before the first load */
    struct hash root;        /* of the edge; the checkpoint signs it */
    struct buffer checkpoint;
    bool reading; /* between ledger_begin and ledger_end */
    bool locked;
    bool stopped; /* a commit failed: nothing is signed any more */
    struct known_node known[KNOWN_COUNT];
    struct node_window
        windows[MERKLE_HEIGHT_MAX + 1]; /* of ledger_check_leaf; one for each level */
};

/* What a merkle_read needs. */
struct node_reader {
    struct store *store;
    struct failure *failure;
};

static enum status read_node(void *context, struct merkle_position at, struct hash *ret_hash)
{
    const struct node_reader *reader = context;
    return store_read_node(reader->store, at, ret_hash, reader->failure);
}

/*
 * What is malformed in a document of a stranger is damage in the ledger: turns every refusal of
 * stored bytes into STATUS_UNTRUSTED.
 */
static enum status distrust(enum status status, const char *what, struct failure *failure)
{
    switch (status) {
    case STATUS_OK:
    case STATUS_MEMORY:
    case STATUS_STORAGE:
        return status;
    case STATUS_INVALID:
    case STATUS_UNTRUSTED:
    case STATUS_NOT_FOUND:
    case STATUS_CONFLICT:
    case STATUS_LIMIT:
        break;
    }
    char reason[FAILURE_REASON_SIZE] = "it is malformed";
    if (failure != NULL && failure->status == status) {
        memcpy(reason, failure->reason, sizeof reason);
    }
    return fail(failure, STATUS_UNTRUSTED, what, "%s", reason);
}

/* Opening. What is loaded is complete and checked before the ledger takes it over. */
struct loaded {
    bool is_empty; /* there is no checkpoint */
    uint64_t size; /* under which the newest checkpoint is stored */
    struct note_key log;
    struct merkle_edge edge;
    struct hash root;
    struct buffer checkpoint; /* owned */
};

static void loaded_release(struct loaded *loaded)
{
    buffer_release(&loaded->checkpoint);
}

static enum status load_identity(struct store *store, struct note_key *ret_log,
                                 struct failure *failure)
{
    OWNED(buffer_release) struct buffer origin;
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&origin, ORIGIN_SIZE_MAX);
    buffer_init(&vkey, VKEY_SIZE_MAX);
    TRY(store_read_identity(store, &origin, &vkey, failure));

    struct note_key log;
    enum status parsed = note_key_parse(buffer_view(&vkey), &log, failure);
    TRY(distrust(parsed, "identity", failure));
    if (log.type != NOTE_KEY_ED25519) {
        return fail(failure, STATUS_UNTRUSTED, "identity", "the log's key is not of type Ed25519");
    }
    if (!view_is(buffer_view(&origin), log.name)) {
        return fail(failure, STATUS_UNTRUSTED, "identity",
                    "the origin is not the name of the log's key");
    }
    *ret_log = log;
    return STATUS_OK;
}

enum status ledger_open_checkpoint(struct view bytes, const struct note_key *log,
                                   struct checkpoint *ret_checkpoint, struct failure *failure)
{
    struct note note = {.count = 0};
    struct checkpoint checkpoint;
    TRY(distrust(note_parse(bytes, &note, failure), "checkpoint", failure));
    if (note.count != 1) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "a stored checkpoint has one signature, that of the log");
    }
    enum status opened = checkpoint_open(bytes, log, &checkpoint, failure);
    TRY(distrust(opened, "checkpoint", failure));
    *ret_checkpoint = checkpoint;
    return STATUS_OK;
}

/* Verifies what the newest checkpoint says by itself. */
static enum status check_checkpoint(const struct loaded *loaded, struct checkpoint *ret_checkpoint,
                                    struct failure *failure)
{
    if (loaded->is_empty) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint", "the ledger has no checkpoint");
    }
    TRY(ledger_open_checkpoint(buffer_view(&loaded->checkpoint), &loaded->log, ret_checkpoint,
                               failure));
    if (ret_checkpoint->size != loaded->size || loaded->size == 0) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "the latest checkpoint is stored under size %" PRIu64 " but says %" PRIu64,
                    loaded->size, ret_checkpoint->size);
    }
    return STATUS_OK;
}

/* Reads and checks one moment of the store (invariant 4), whose newest checkpoint was read. */
static enum status load(struct store *store, struct loaded *loaded, struct failure *failure)
{
    enum status identified = load_identity(store, &loaded->log, failure);
    if (identified == STATUS_NOT_FOUND && !loaded->is_empty) {
        return fail(failure, STATUS_UNTRUSTED, "identity", "the ledger has lost its identity");
    }
    TRY(identified); /* STATUS_NOT_FOUND when the store is empty */
    struct checkpoint checkpoint = {0};
    TRY(check_checkpoint(loaded, &checkpoint, failure));

    struct node_reader reader = {.store = store, .failure = failure};
    TRY(merkle_edge_load(checkpoint.size, read_node, &reader, &loaded->edge));
    loaded->root = merkle_edge_root(&loaded->edge);
    if (!hash_equal(&loaded->root, &checkpoint.root)) {
        return fail(failure, STATUS_UNTRUSTED, "root",
                    "the stored tree does not have the root that the checkpoint signs");
    }
    return STATUS_OK;
}

/* A ledger that we have seen may grow, and nothing else. */
static enum status check_continues(const struct ledger *ledger, const struct loaded *loaded,
                                   struct failure *failure)
{
    uint64_t old_size = ledger->edge.size;
    uint64_t new_size = loaded->edge.size;
    if (old_size == 0) {
        return STATUS_OK; /* nothing was seen yet */
    }
    if (!note_key_equal(&ledger->log, &loaded->log)) {
        return fail(failure, STATUS_UNTRUSTED, "identity", "the key of the log has changed");
    }
    if (new_size < old_size) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "the ledger has shrunk from %" PRIu64 " to %" PRIu64 " entries", old_size,
                    new_size);
    }
    struct merkle_proof proof;
    struct node_reader reader = {.store = ledger->store, .failure = failure};
    TRY(merkle_prove_consistency(old_size, new_size, read_node, &reader, &proof));
    if (merkle_verify_consistency(old_size, &ledger->root, new_size, &loaded->root, &proof) !=
        STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "root",
                    "the first %" PRIu64 " entries are not those that were there before", old_size);
    }
    return STATUS_OK;
}

static enum status read_newest(struct store *store, struct loaded *loaded, struct failure *failure)
{
    enum status read = store_read_latest(store, &loaded->size, &loaded->checkpoint, failure);
    loaded->is_empty = read == STATUS_NOT_FOUND;
    return loaded->is_empty ? STATUS_OK : read;
}

/* Whether the newest checkpoint is the one that was checked last; then nothing is to be done. */
static bool is_unmoved(const struct ledger *ledger, const struct loaded *loaded)
{
    return ledger->edge.size > 0 && loaded->size == ledger->edge.size &&
           view_equal(buffer_view(&loaded->checkpoint), buffer_view(&ledger->checkpoint));
}

/* Moves to the newest checkpoint. The store is at one moment. */
static enum status reload(struct ledger *ledger, struct failure *failure)
{
    OWNED(loaded_release) struct loaded loaded = {0};
    buffer_init(&loaded.checkpoint, CHECKPOINT_SIZE_MAX);
    TRY(read_newest(ledger->store, &loaded, failure));
    if (is_unmoved(ledger, &loaded)) {
        return STATUS_OK;
    }
    enum status status = load(ledger->store, &loaded, failure);
    if (status == STATUS_NOT_FOUND && ledger->edge.size > 0) {
        return fail(failure, STATUS_UNTRUSTED, "identity", "the ledger has become empty");
    }
    TRY(status);
    TRY(check_continues(ledger, &loaded, failure));

    ledger->log = loaded.log;
    ledger->edge = loaded.edge;
    ledger->root = loaded.root;
    struct buffer old = ledger->checkpoint;
    ledger->checkpoint = loaded.checkpoint;
    loaded.checkpoint = old; /* released on return */
    return STATUS_OK;
}

enum status ledger_begin(struct ledger *ledger, struct failure *failure)
{
    assert(!ledger->reading);
    TRY(store_begin(ledger->store, failure));
    enum status status = reload(ledger, failure);
    if (status != STATUS_OK) {
        store_end(ledger->store);
        return status;
    }
    ledger->reading = true;
    return STATUS_OK;
}

void ledger_end(struct ledger *ledger)
{
    assert(ledger->reading);
    ledger->reading = false;
    store_end(ledger->store);
}

/* Takes over the store, also when it fails: NULL without memory. */
static struct ledger *ledger_new(struct store *store)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL) {
        store_close(store);
        return NULL;
    }
    ledger->store = store;
    merkle_edge_init(&ledger->edge);
    ledger->root = merkle_edge_root(&ledger->edge);
    buffer_init(&ledger->checkpoint, CHECKPOINT_SIZE_MAX);
    return ledger;
}

enum status ledger_open(struct store *store, struct ledger **ret_ledger, struct failure *failure)
{
    OWNED(ledger_closep) struct ledger *ledger = ledger_new(store);
    if (ledger == NULL) {
        return fail_memory(failure);
    }
    enum status status = ledger_begin(ledger, failure);
    if (status == STATUS_NOT_FOUND) {
        return fail(failure, STATUS_NOT_FOUND, "identity",
                    "the ledger holds nothing: its creation was interrupted; remove it and create "
                    "it again");
    }
    TRY(status);
    ledger_end(ledger);
    *ret_ledger = STEAL(ledger);
    return STATUS_OK;
}

void ledger_close(struct ledger *ledger)
{
    if (ledger == NULL) {
        return;
    }
    if (ledger->reading) {
        ledger_end(ledger);
    }
    if (ledger->locked) {
        ledger_unlock(ledger);
    }
    store_close(ledger->store);
    buffer_release(&ledger->checkpoint);
    free(ledger);
}

void ledger_closep(struct ledger **ledger)
{
    ledger_close(*ledger);
    *ledger = NULL;
}

const struct note_key *ledger_log_key(const struct ledger *ledger)
{
    return &ledger->log;
}

uint64_t ledger_size(const struct ledger *ledger)
{
    return ledger->edge.size;
}

const struct hash *ledger_root(const struct ledger *ledger)
{
    return &ledger->root;
}

struct view ledger_checkpoint(const struct ledger *ledger)
{
    return buffer_view(&ledger->checkpoint);
}

struct store *ledger_store(struct ledger *ledger)
{
    return ledger->store;
}

static enum status refuse_stopped(const struct ledger *ledger, struct failure *failure)
{
    return ledger->stopped ? fail(failure, STATUS_STORAGE, "",
                                  "a commit failed, so nothing more is signed: open the ledger "
                                  "again to see what was stored")
                           : STATUS_OK;
}

enum status ledger_lock(struct ledger *ledger, struct failure *failure)
{
    assert(!ledger->locked);
    TRY(refuse_stopped(ledger, failure));
    TRY(store_lock(ledger->store, failure));
    enum status status = ledger_begin(ledger, failure);
    if (status != STATUS_OK) {
        store_unlock(ledger->store);
        return status;
    }
    ledger_end(ledger);
    ledger->locked = true;
    return STATUS_OK;
}

enum status ledger_keep(struct ledger *ledger, struct failure *failure)
{
    assert(ledger->locked);
    TRY(refuse_stopped(ledger, failure));
    return store_keep(ledger->store, failure);
}

void ledger_unlock(struct ledger *ledger)
{
    assert(ledger->locked);
    ledger->locked = false;
    store_unlock(ledger->store);
}

/* What one append computes before anything is stored; all of it is owned. */
struct draft {
    struct merkle_edge edge;
    struct hash root;
    struct store_entry *entries; /* as the caller's, with their indexes */
    struct store_node *nodes;
    size_t node_count;
    size_t node_capacity;
    struct buffer checkpoint;
};

static void draft_release(struct draft *draft)
{
    free(draft->entries);
    free(draft->nodes);
    buffer_release(&draft->checkpoint);
}

static enum status draft_take_node(void *context, struct merkle_position at,
                                   const struct hash *hash)
{
    struct draft *draft = context;
    assert(draft->node_count < draft->node_capacity);
    draft->nodes[draft->node_count] = (struct store_node){.at = at, .hash = *hash};
    draft->node_count += 1;
    return STATUS_OK;
}

static enum status draft_add_entries(struct draft *draft, const struct ledger_batch *batch,
                                     struct failure *failure)
{
    /* n new leaves complete at most n - 1 nodes among themselves, and one a level with old ones. */
    draft->node_capacity = 2 * batch->entry_count + MERKLE_HEIGHT_MAX;
    draft->nodes = calloc(draft->node_capacity, sizeof *draft->nodes);
    draft->entries = calloc(batch->entry_count, sizeof *draft->entries);
    if (draft->nodes == NULL || draft->entries == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < batch->entry_count; i++) {
        struct store_entry *entry = &draft->entries[i];
        *entry = batch->entries[i];
        entry->index = draft->edge.size;
        if (entry->bytes.size > ENTRY_SIZE_MAX || entry->subject.size > SUBJECT_SIZE_MAX) {
            return fail(failure, STATUS_LIMIT, "",
                        "an entry has at most %d bytes, and its subject %d", ENTRY_SIZE_MAX,
                        SUBJECT_SIZE_MAX);
        }
        struct hash leaf = hash_leaf(entry->bytes);
        if (merkle_edge_append(&draft->edge, &leaf, draft_take_node, draft) != STATUS_OK) {
            return fail(failure, STATUS_LIMIT, "", "the ledger is full");
        }
    }
    return STATUS_OK;
}

static enum status draft_sign(struct draft *draft, const struct note_key *log,
                              struct secret_key *secret, struct failure *failure)
{
    draft->root = merkle_edge_root(&draft->edge);
    struct checkpoint checkpoint = {
        .origin = view_of(log->name),
        .size = draft->edge.size,
        .root = draft->root,
    };
    enum status status = checkpoint_sign(&checkpoint, log, secret, &draft->checkpoint);
    return status == STATUS_OK ? STATUS_OK : secret_key_explain(secret, status, failure);
}

/* The point of no return. */
static enum status draft_commit(struct draft *draft, const struct ledger_batch *batch,
                                struct ledger *ledger, struct failure *failure)
{
    struct store_batch stored = {
        .expected_size = ledger->edge.size,
        .entry_count = batch->entry_count,
        .entries = draft->entries,
        .node_count = draft->node_count,
        .nodes = draft->nodes,
        .expectation_count = batch->expectation_count,
        .expectations = batch->expectations,
        .checkpoint_size = draft->edge.size,
        .checkpoint = buffer_view(&draft->checkpoint),
    };
    enum status status = store_append(ledger->store, &stored, failure);
    if (status == STATUS_CONFLICT) {
        return status; /* the store compared and changed nothing */
    }
    if (status != STATUS_OK) {
        ledger->stopped = true;
        return status;
    }
    ledger->edge = draft->edge;
    ledger->root = draft->root;
    struct buffer old = ledger->checkpoint;
    ledger->checkpoint = draft->checkpoint;
    draft->checkpoint = old; /* released with the draft */
    return STATUS_OK;
}

/* Steps 2 and 3 of the head comment in ledger.h. */
static enum status draft_store(struct draft *draft, const struct ledger_batch *batch,
                               struct ledger *ledger, struct secret_key *secret,
                               struct failure *failure)
{
    TRY(draft_add_entries(draft, batch, failure));
    TRY(draft_sign(draft, &ledger->log, secret, failure));
    return draft_commit(draft, batch, ledger, failure);
}

enum status ledger_append(struct ledger *ledger, const struct ledger_batch *batch,
                          struct secret_key *secret, struct failure *failure)
{
    assert(ledger->locked);
    assert(!ledger->reading);
    assert(batch->entry_count >= 1);
    assert(batch->entry_count <= BATCH_ENTRIES_MAX);

    TRY(refuse_stopped(ledger, failure));
    if (!public_key_equal(secret_key_public(secret), &ledger->log.key)) {
        return fail(failure, STATUS_INVALID, "", "the secret key is not the one of the log %s",
                    ledger->log.name);
    }
    struct draft draft = {.edge = ledger->edge};
    buffer_init(&draft.checkpoint, CHECKPOINT_SIZE_MAX);
    enum status status = draft_store(&draft, batch, ledger, secret, failure);
    draft_release(&draft);
    return status;
}

/* Writes identity, first entry and first checkpoint, which are one commit. */
static enum status create_in(struct ledger *ledger, const struct note_key *log,
                             struct secret_key *secret, const struct store_entry *first,
                             struct failure *failure)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, VKEY_SIZE_MAX);
    if (note_key_write(log, &vkey) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(store_lock(ledger->store, failure));
    ledger->locked = true;
    ledger->log = *log;
    TRY(store_identify(ledger->store, view_of(log->name), buffer_view(&vkey), failure));
    struct ledger_batch batch = {.entry_count = 1, .entries = first};
    TRY(ledger_append(ledger, &batch, secret, failure));
    ledger_unlock(ledger);
    return STATUS_OK;
}

enum status ledger_create(struct store *store, const struct note_key *log,
                          struct secret_key *secret, const struct store_entry *first,
                          struct ledger **ret_ledger, struct failure *failure)
{
    assert(log->type == NOTE_KEY_ED25519);
    OWNED(ledger_closep) struct ledger *ledger = ledger_new(store);
    if (ledger == NULL) {
        return fail_memory(failure);
    }
    TRY(create_in(ledger, log, secret, first, failure));
    *ret_ledger = STEAL(ledger);
    return STATUS_OK;
}

static struct known_node *known_slot(struct ledger *ledger, struct merkle_position at)
{
    /* Multiplicative hashing by odd constants: neighbours go to different slots. */
    uint64_t mixed = (at.index ^ ((uint64_t)at.level << 56)) * UINT64_C(0x9e3779b97f4a7c15);
    return &ledger->known[mixed >> (64 - KNOWN_BITS)];
}

/* The hash that a node is known to have, or NULL. */
static const struct hash *known_hash(struct ledger *ledger, struct merkle_position at)
{
    const struct known_node *known = known_slot(ledger, at);
    bool hit = known->is_set && known->at.level == at.level && known->at.index == at.index;
    return hit ? &known->hash : NULL;
}

/* The complete subtree at the edge that covers a leaf, and its hash. */
static const struct hash *edge_over(const struct merkle_edge *edge, uint64_t index,
                                    uint32_t *ret_level)
{
    assert(index < edge->size);
    /* Above the highest bit in which they differ, index and size agree: size has a one there. */
    uint32_t level = 63 - (uint32_t)__builtin_clzll(index ^ edge->size);
    *ret_level = level;
    /* One hash for each bit set in the size, the highest bit first. */
    return &edge->hashes[__builtin_popcountll(edge->size >> level) - 1];
}

enum status ledger_check_leaf(struct ledger *ledger, uint64_t index, const struct hash *leaf,
                              struct failure *failure)
{
    uint32_t top_level;
    const struct hash *top = edge_over(&ledger->edge, index, &top_level);
    struct known_node path[2 * MERKLE_HEIGHT_MAX];
    size_t path_count = 0;
    struct merkle_position at = {.level = 0, .index = index};
    struct hash computed = *leaf;

    const struct hash *expected = top_level == 0 ? top : known_hash(ledger, at);
    while (expected == NULL) { /* bounded by top_level */
        struct merkle_position beside = {.level = at.level, .index = at.index ^ 1};
        struct hash sibling;
        TRY(node_window_read(&ledger->windows[at.level], ledger->store, beside, &sibling, failure));
        path[path_count++] = (struct known_node){.is_set = true, .at = at, .hash = computed};
        path[path_count++] = (struct known_node){.is_set = true, .at = beside, .hash = sibling};
        computed =
            (at.index & 1) != 0 ? hash_node(&sibling, &computed) : hash_node(&computed, &sibling);
        at = (struct merkle_position){.level = at.level + 1, .index = at.index >> 1};
        expected = at.level == top_level ? top : known_hash(ledger, at);
    }
    if (!hash_equal(&computed, expected)) {
        char where[40];
        (void)snprintf(where, sizeof where, "entry %" PRIu64, index);
        return fail(failure, STATUS_UNTRUSTED, where,
                    "the entry is not the one under the signed root");
    }
    /* Equal hashes above mean equal hashes below: the siblings are proved as well. */
    for (size_t i = 0; i < path_count; i++) {
        *known_slot(ledger, path[i].at) = path[i];
    }
    return STATUS_OK;
}
