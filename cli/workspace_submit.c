/* Submitting: notes are checked one after the other, and appended in one commit. */

#include "cli/workspace.h"
#include "cli/workspace_internal.h"
#include "ledger/base/ownership.h"
#include "ledger/store/open.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTY_PREFIX VIEW("party/")

/* A public key that some statement of the ledger brought in, and whose it is. */
struct holder {
    struct public_key key;
    char *party;
};

/* Every public key of the ledger but the charter's, which the state always has. */
struct holders {
    bool is_complete;
    size_t count;
    size_t capacity;
    struct holder *items; /* ascending by key when complete */
};

static void holders_release(struct holders *holders)
{
    for (size_t i = 0; i < holders->count; i++) {
        free(holders->items[i].party);
    }
    free(holders->items);
}

/* What a batch is made of while it grows. */
struct batch {
    size_t count;
    struct store_entry *entries;
    struct submitted *submitted; /* the caller's; also holds the subjects */
    size_t expectation_count;
    size_t expectation_capacity;
    struct store_expectation *expectations;
    struct holders holders;
};

static void batch_release(struct batch *batch)
{
    free(batch->entries);
    free(batch->expectations);
    holders_release(&batch->holders);
}

/* Names what the decision rested on: the commit fails if that chain has moved on. */
static enum status batch_expect(struct batch *batch, struct loaded *loaded, struct failure *failure)
{
    if (loaded == NULL || loaded->is_expected) {
        return STATUS_OK;
    }
    if (batch->expectation_count == batch->expectation_capacity) {
        size_t capacity = batch->expectation_capacity == 0 ? 16 : 2 * batch->expectation_capacity;
        struct store_expectation *expectations =
            realloc(batch->expectations, capacity * sizeof *expectations);
        if (expectations == NULL) {
            return fail_memory(failure);
        }
        batch->expectations = expectations;
        batch->expectation_capacity = capacity;
    }
    batch->expectations[batch->expectation_count] = (struct store_expectation){
        .subject = view_of(loaded->subject),
        .last_index = loaded->last_index,
    };
    batch->expectation_count++;
    loaded->is_expected = true;
    return STATUS_OK;
}

/* The statement's own chain, and the chain of every party whose key signed it. */
static enum status batch_expect_for(const struct workspace *workspace, struct batch *batch,
                                    const struct statement *statement, struct failure *failure)
{
    struct view subject = view_of(batch->submitted[batch->count].subject);
    TRY(batch_expect(batch, workspace_find_loaded(workspace, subject), failure));
    for (size_t i = 0; i < statement->note.count; i++) {
        const struct note_signature *line = &statement->note.signatures[i];
        const struct state_key *key = state_find_key(workspace->state, line->name, line->key_id);
        if (key == NULL) {
            continue; /* a key that the statement itself introduces */
        }
        char party[SUBJECT_SIZE_MAX + 1];
        (void)snprintf(party, sizeof party, "party/%s", key->party->id);
        TRY(batch_expect(batch, workspace_find_loaded(workspace, view_of(party)), failure));
    }
    return STATUS_OK;
}

static enum status refuse_repeated(struct workspace *workspace, const struct batch *batch,
                                   const struct statement *statement, struct failure *failure)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (hash_equal(&batch->entries[i].id, &statement->id)) {
            return refuse(failure, RULE_STATEMENT_REPEATED, "", "it is given twice here");
        }
    }
    uint64_t index;
    struct failure ignored;
    enum status found = ledger_find(workspace->ledger, &statement->id, &index, &ignored);
    if (found == STATUS_OK) {
        return refuse(failure, RULE_STATEMENT_REPEATED, "", "it is entry %" PRIu64, index);
    }
    if (found != STATUS_NOT_FOUND) {
        *failure = ignored;
        return found;
    }
    return STATUS_OK;
}

static enum status batch_describe(struct batch *batch, const struct statement *statement,
                                  uint64_t index, struct failure *failure)
{
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    if (statement_subject(statement, &subject) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct submitted *submitted = &batch->submitted[batch->count];
    *submitted = (struct submitted){.index = index, .id = statement->id, .kind = statement->kind};
    memcpy(submitted->subject, subject.data, subject.size);
    return STATUS_OK;
}

/* --- What the decision needs beside the statement's own chain --- */

/*
 * The parties whose keys signed, so that a signature by a party of the ledger that has no business
 * here is told from one by a key that nobody has. A key is named after its party.
 */
static enum status load_signers(struct workspace *workspace, const struct statement *statement,
                                struct failure *failure)
{
    for (size_t i = 0; i < statement->note.count; i++) {
        struct view party = statement->note.signatures[i].name;
        const char *slash = memchr(party.data, '/', party.size);
        if (slash != NULL) {
            party.size = (size_t)(slash - party.data);
        }
        TRY(workspace_load_party(workspace, party, failure));
    }
    return STATUS_OK;
}

/* The keys that a statement brings in: of a party as it enters, or of a key statement. */
static const struct note_key *new_keys(const struct statement *statement, size_t *ret_count)
{
    *ret_count = 0;
    if (statement->kind == KIND_PARTY) {
        *ret_count = statement->party.identity.vkey_count;
        return statement->party.identity.keys;
    }
    if (statement->kind == KIND_KEY && statement->key.action != KEY_REVOKE) {
        *ret_count = 1;
        return &statement->key.key;
    }
    return NULL;
}

static enum status holders_push(struct holders *holders, const struct public_key *key,
                                struct view party)
{
    if (holders->count == holders->capacity) {
        size_t capacity = holders->capacity == 0 ? 64 : 2 * holders->capacity;
        struct holder *items = realloc(holders->items, capacity * sizeof *items);
        if (items == NULL) {
            return STATUS_MEMORY;
        }
        holders->items = items;
        holders->capacity = capacity;
    }
    char *copy = strndup(party.data, party.size);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    holders->items[holders->count] = (struct holder){*key, copy};
    holders->count++;
    return STATUS_OK;
}

static enum status visit_holder(void *context, const struct store_entry *entry,
                                struct failure *failure)
{
    struct holders *holders = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    TRY(statement_check(statement, failure));
    struct view party = {entry->subject.data + PARTY_PREFIX.size,
                         entry->subject.size - PARTY_PREFIX.size};
    size_t count;
    const struct note_key *keys = new_keys(statement, &count);
    for (size_t i = 0; i < count; i++) {
        if (holders_push(holders, &keys[i].key, party) != STATUS_OK) {
            return fail_memory(failure);
        }
    }
    return STATUS_OK;
}

static int by_key(const void *a, const void *b)
{
    const struct holder *left = a;
    const struct holder *right = b;
    return memcmp(left->key.bytes, right->key.bytes, PUBLIC_KEY_SIZE);
}

/* Reads them once in a call, and only when it brings in a key. */
static enum status holders_complete(struct workspace *workspace, struct holders *holders,
                                    struct failure *failure)
{
    if (holders->is_complete) {
        return STATUS_OK;
    }
    struct store_scan scan = {.kind = STORE_SCAN_PREFIX_BY_INDEX, .subject = PARTY_PREFIX};
    TRY(ledger_scan(workspace->ledger, scan, visit_holder, holders, failure));
    if (holders->count > 0) {
        qsort(holders->items, holders->count, sizeof holders->items[0], by_key);
    }
    holders->is_complete = true;
    return STATUS_OK;
}

/*
 * A public key belongs to one party for ever: if a party of the ledger has one of the statement's
 * keys, that party is loaded, so that the state refuses.
 */
static enum status load_holders(struct workspace *workspace, struct holders *holders,
                                const struct statement *statement, struct failure *failure)
{
    size_t count;
    const struct note_key *keys = new_keys(statement, &count);
    if (count == 0) {
        return STATUS_OK;
    }
    TRY(holders_complete(workspace, holders, failure));
    for (size_t i = 0; i < count && holders->count > 0; i++) {
        const struct holder wanted = {.key = keys[i].key};
        const struct holder *found =
            bsearch(&wanted, holders->items, holders->count, sizeof wanted, by_key);
        if (found != NULL) {
            TRY(workspace_load_party(workspace, view_of(found->party), failure));
        }
    }
    return STATUS_OK;
}

static enum status read_note(struct view note, struct statement **ret_statement,
                             struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(note, &statement, failure));
    TRY(statement_check(statement, failure));
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

/* `ahead` is the note, read and checked; it is taken over. */
static enum status batch_add(struct workspace *workspace, struct batch *batch, struct view note,
                             struct statement *ahead, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = ahead;
    OWNED(state_change_freep) struct state_change *change = NULL;
    uint64_t index = ledger_size(workspace->ledger) + batch->count;

    TRY(refuse_repeated(workspace, batch, statement, failure));
    TRY(workspace_load_for(workspace, statement, failure));
    TRY(load_signers(workspace, statement, failure));
    TRY(load_holders(workspace, &batch->holders, statement, failure));
    TRY(state_verify_signatures(workspace->state, statement, failure));
    TRY(state_check(workspace->state, statement, index, &change, failure));
    TRY(batch_describe(batch, statement, index, failure));
    TRY(batch_expect_for(workspace, batch, statement, failure));

    batch->entries[batch->count] = (struct store_entry){
        .index = index,
        .id = statement->id,
        .subject = view_of(batch->submitted[batch->count].subject),
        .bytes = note,
    };
    batch->count++;
    state_apply(workspace->state, &statement, &change);
    return STATUS_OK;
}

static void note_appended(struct workspace *workspace, const struct batch *batch)
{
    for (size_t i = 0; i < batch->expectation_count; i++) {
        workspace_find_loaded(workspace, batch->expectations[i].subject)->is_expected = false;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct view subject = batch->entries[i].subject;
        workspace_find_loaded(workspace, subject)->last_index = batch->entries[i].index;
    }
}

/* Stores what the batch holds, and notes it as the newest of each chain. */
static enum status batch_append(struct workspace *workspace, const struct batch *batch,
                                struct secret_key *secret, struct failure *failure)
{
    struct ledger_batch append = {
        .entry_count = batch->count,
        .entries = batch->entries,
        .expectation_count = batch->expectation_count,
        .expectations = batch->expectations,
    };
    TRY(ledger_append(workspace->ledger, &append, secret, failure));
    note_appended(workspace, batch);
    return STATUS_OK;
}

/* After a refusal the state holds statements that were not appended; it is replayed anew. */
static enum status give_up(struct workspace *workspace, enum status status)
{
    struct failure ignored;
    enum status reloaded = workspace_load_fresh(workspace, &ignored);
    (void)reloaded; /* the caller is told the refusal; the next use meets the failure again */
    return status;
}

enum status workspace_submit(struct workspace *workspace, const struct view *notes, size_t count,
                             struct secret_key *secret, struct submitted *ret_submitted,
                             size_t *ret_refused, struct failure *failure)
{
    assert(count >= 1 && count <= BATCH_ENTRIES_MAX);
    OWNED(batch_release) struct batch batch = {.submitted = ret_submitted};
    batch.entries = calloc(count, sizeof *batch.entries);
    if (batch.entries == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        struct statement *statement = NULL;
        enum status status = read_note(notes[i], &statement, failure);
        if (status == STATUS_OK) {
            status = batch_add(workspace, &batch, notes[i], statement, failure);
        }
        if (status != STATUS_OK) {
            *ret_refused = i;
            return give_up(workspace, status);
        }
    }
    enum status status = batch_append(workspace, &batch, secret, failure);
    return status == STATUS_OK ? STATUS_OK : give_up(workspace, status);
}

static void submitted_freep(struct submitted **submitted)
{
    free(*submitted);
}

/* Whether a note itself is at fault, and not what keeps the ledger. */
static bool is_refusal(const struct failure *failure)
{
    return rule_by_name(failure->code) != RULE_NONE || failure->status == STATUS_INVALID ||
           failure->status == STATUS_LIMIT;
}

/* Adds one note, or keeps why it is refused. Errors: what is no note's fault. */
static enum status batch_try(struct workspace *workspace, struct batch *batch,
                             struct submission *one, struct failure *failure)
{
    one->place = batch->count;
    one->failure = (struct failure){0};
    struct statement *statement = STEAL(one->ahead);
    enum status status =
        statement == NULL ? read_note(one->note, &statement, &one->failure) : STATUS_OK;
    if (status == STATUS_OK) {
        status = batch_add(workspace, batch, one->note, statement, &one->failure);
    }
    one->is_accepted = status == STATUS_OK;
    if (status == STATUS_OK || is_refusal(&one->failure)) {
        return STATUS_OK;
    }
    *failure = one->failure;
    return status;
}

enum status workspace_submit_each(struct workspace *workspace, struct submission *submissions,
                                  size_t count, struct secret_key *secret, struct failure *failure)
{
    assert(count >= 1 && count <= BATCH_ENTRIES_MAX);
    OWNED(batch_release) struct batch batch = {0};
    OWNED(submitted_freep) struct submitted *submitted = calloc(count, sizeof *submitted);
    batch.entries = calloc(count, sizeof *batch.entries);
    batch.submitted = submitted;
    if (batch.entries == NULL || submitted == NULL) {
        return fail_memory(failure);
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        status = batch_try(workspace, &batch, &submissions[i], failure);
    }
    if (status == STATUS_OK && batch.count > 0) {
        status = batch_append(workspace, &batch, secret, failure);
    }
    for (size_t i = 0; i < count; i++) {
        struct submission *one = &submissions[i];
        one->is_accepted = one->is_accepted && status == STATUS_OK;
        if (one->is_accepted) {
            one->submitted = submitted[one->place];
        }
    }
    return status == STATUS_OK ? STATUS_OK : give_up(workspace, status);
}

enum status workspace_create(const char *path, const struct note_key *log,
                             struct secret_key *secret, struct statement *charter,
                             struct failure *failure)
{
    OWNED(statement_freep) struct statement *owned = charter;
    OWNED(state_freep) struct state *state = NULL;
    OWNED(state_change_freep) struct state_change *change = NULL;
    if (state_new(log, &state) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(statement_check(owned, failure));
    TRY(state_verify_signatures(state, owned, failure));
    TRY(state_check(state, owned, 0, &change, failure));

    struct store *store;
    TRY(store_create(path, &store, failure));
    struct store_entry first = {
        .index = 0,
        .id = owned->id,
        .subject = VIEW("charter"),
        .bytes = owned->bytes,
    };
    struct ledger *ledger;
    TRY(ledger_create(store, log, secret, &first, &ledger, failure));
    ledger_close(ledger);
    return STATUS_OK;
}
