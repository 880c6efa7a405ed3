/* Submitting: notes are checked one after the other, and appended in one commit. */

#include "cli/workspace.h"
#include "cli/workspace_internal.h"
#include "ledger/base/ownership.h"
#include "ledger/store/sqlite.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a batch is made of while it grows. */
struct batch {
    size_t count;
    struct store_entry *entries;
    struct submitted *submitted; /* the caller's; also holds the subjects */
    size_t expectation_count;
    size_t expectation_capacity;
    struct store_expectation *expectations;
};

static void batch_release(struct batch *batch)
{
    free(batch->entries);
    free(batch->expectations);
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

/* Whether two statements name a common public key. */
static bool share_key(const struct statement *a, const struct statement *b)
{
    size_t a_count;
    size_t b_count;
    const struct note_key *a_keys = new_keys(a, &a_count);
    const struct note_key *b_keys = new_keys(b, &b_count);
    for (size_t i = 0; i < a_count; i++) {
        for (size_t k = 0; k < b_count; k++) {
            if (public_key_equal(&a_keys[i].key, &b_keys[k].key)) {
                return true;
            }
        }
    }
    return false;
}

struct holder_search {
    const struct statement *statement;
    struct buffer *ret_subject; /* of a chain that has one of its keys */
};

static enum status visit_holder(void *context, const struct store_entry *entry,
                                struct failure *failure)
{
    const struct holder_search *search = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    TRY(statement_check(statement, failure));
    if (!share_key(search->statement, statement)) {
        return STATUS_OK;
    }
    if (buffer_append(search->ret_subject, entry->subject) != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_CONFLICT; /* found: ends the scan */
}

/*
 * A public key belongs to one party for ever: if any party of the ledger has one of the keys, it
 * is loaded, so that the state refuses.
 */
static enum status load_holder(struct workspace *workspace, const struct statement *statement,
                               struct failure *failure)
{
    size_t count;
    if (new_keys(statement, &count) == NULL) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    struct holder_search search = {statement, &subject};
    struct view prefix = VIEW("party/");
    struct store_scan scan = {.kind = STORE_SCAN_PREFIX_BY_INDEX, .subject = prefix};
    enum status status = ledger_scan(workspace->ledger, scan, visit_holder, &search, failure);
    if (status != STATUS_CONFLICT) {
        return status;
    }
    struct view party = {subject.data + prefix.size, subject.size - prefix.size};
    return workspace_load_party(workspace, party, failure);
}

static enum status batch_add(struct workspace *workspace, struct batch *batch, struct view note,
                             struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(state_change_freep) struct state_change *change = NULL;
    uint64_t index = ledger_size(workspace->ledger) + batch->count;

    TRY(statement_read(note, &statement, failure));
    TRY(statement_check(statement, failure));
    TRY(refuse_repeated(workspace, batch, statement, failure));
    TRY(workspace_load_for(workspace, statement, failure));
    TRY(load_signers(workspace, statement, failure));
    TRY(load_holder(workspace, statement, failure));
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
        enum status status = batch_add(workspace, &batch, notes[i], failure);
        if (status != STATUS_OK) {
            *ret_refused = i;
            return give_up(workspace, status);
        }
    }
    struct ledger_batch append = {
        .entry_count = batch.count,
        .entries = batch.entries,
        .expectation_count = batch.expectation_count,
        .expectations = batch.expectations,
    };
    enum status status = ledger_append(workspace->ledger, &append, secret, failure);
    if (status != STATUS_OK) {
        *ret_refused = 0;
        return give_up(workspace, status);
    }
    note_appended(workspace, &batch);
    return STATUS_OK;
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
    TRY(sqlite_store_create(path, &store, failure));
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
