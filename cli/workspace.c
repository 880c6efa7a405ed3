#include "cli/workspace.h"

#include "cli/remember.h"
#include "cli/site.h"
#include "cli/workspace_internal.h"
#include "ledger/base/ownership.h"
#include "ledger/store/open.h"
#include "ledger/store/postgres.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "utfall.ledger"

const char *workspace_path(const struct invocation *invocation)
{
    const char *path = invocation->values[OPTION_LEDGER];
    if (path == NULL) {
        path = getenv("UTFALL_LEDGER");
    }
    return path == NULL || path[0] == '\0' ? DEFAULT_PATH : path;
}

bool workspace_may_exist(const char *path)
{
    return postgres_is_url(path) || site_is_place(path) || access(path, F_OK) == 0;
}

struct ledger *workspace_ledger(struct workspace *workspace)
{
    return workspace->ledger;
}

const struct state *workspace_state(const struct workspace *workspace)
{
    return workspace->state;
}

static void forget_all(struct workspace *workspace)
{
    for (size_t i = 0; i < LOADED_SLOTS; i++) {
        while (workspace->loaded[i] != NULL) { /* bounded by what was loaded */
            struct loaded *next = workspace->loaded[i]->next_in_slot;
            free(workspace->loaded[i]);
            workspace->loaded[i] = next;
        }
    }
    state_free(workspace->state);
    workspace->state = NULL;
}

void workspace_close(struct workspace *workspace)
{
    if (workspace != NULL) {
        forget_all(workspace);
        ledger_close(workspace->ledger);
        free(workspace->path);
        free(workspace);
    }
}

void workspace_closep(struct workspace **workspace)
{
    workspace_close(*workspace);
}

/* --- Replaying what is stored --- */

enum status workspace_fail_entry(struct failure *failure, uint64_t index, enum status status)
{
    char place[40];
    (void)snprintf(place, sizeof place, "entry %" PRIu64 "%s", index,
                   failure->at[0] == '\0' || failure->at[0] == '/' ? " " : ": ");
    if (failure->at[0] == '\0') {
        place[strlen(place) - 1] = '\0';
    }
    failure_prefix(failure, place);
    if (status == STATUS_MEMORY || status == STATUS_STORAGE) {
        return status;
    }
    failure->status = STATUS_UNTRUSTED;
    return STATUS_UNTRUSTED;
}

enum status workspace_check_labels(const struct store_entry *entry,
                                   const struct statement *statement, struct failure *failure)
{
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    if (statement_subject(statement, &subject) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (!hash_equal(&entry->id, &statement->id)) {
        return fail(failure, STATUS_UNTRUSTED, "", "the stored id is not that of the statement");
    }
    if (!view_equal(entry->subject, buffer_view(&subject))) {
        return fail(failure, STATUS_UNTRUSTED, "", "it is filed under %.*s, and belongs to %.*s",
                    VIEW_ARGS(entry->subject), VIEW_ARGS(buffer_view(&subject)));
    }
    return STATUS_OK;
}

static enum status read_entry(const struct store_entry *entry, struct statement **ret_statement,
                              struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    TRY(workspace_check_labels(entry, statement, failure));
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

static enum status admit(struct workspace *workspace, const struct store_entry *entry,
                         struct failure *failure)
{
    struct statement *statement;
    TRY(read_entry(entry, &statement, failure));
    return state_admit(workspace->state, statement, entry->index, failure);
}

static enum status visit_admit(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    const struct workspace *workspace = context;
    if (entry->index >= workspace->before) {
        return STATUS_OK;
    }
    enum status status = admit(context, entry, failure);
    return status == STATUS_OK ? STATUS_OK : workspace_fail_entry(failure, entry->index, status);
}

static size_t loaded_slot(struct view subject)
{
    size_t hash = 5381; /* djb2; slots only need to be spread */
    for (size_t i = 0; i < subject.size; i++) {
        hash = hash * 33 + (unsigned char)subject.data[i];
    }
    return hash % LOADED_SLOTS;
}

struct loaded *workspace_find_loaded(const struct workspace *workspace, struct view subject)
{
    struct loaded *loaded = workspace->loaded[loaded_slot(subject)];
    while (loaded != NULL && !view_equal(view_of(loaded->subject), subject)) {
        loaded = loaded->next_in_slot;
    }
    return loaded;
}

/* Notes that a chain is in the state up to `last_index`. */
static enum status note_loaded(struct workspace *workspace, struct view subject,
                               uint64_t last_index, struct failure *failure)
{
    struct loaded *loaded = workspace_find_loaded(workspace, subject);
    if (loaded == NULL) {
        loaded = calloc(1, sizeof *loaded);
        if (loaded == NULL) {
            return fail_memory(failure);
        }
        assert(subject.size <= SUBJECT_SIZE_MAX);
        memcpy(loaded->subject, subject.data, subject.size);
        size_t slot = loaded_slot(subject);
        loaded->next_in_slot = workspace->loaded[slot];
        workspace->loaded[slot] = loaded;
    }
    loaded->last_index = last_index;
    return STATUS_OK;
}

static enum status load_subject(struct workspace *workspace, struct view subject,
                                struct failure *failure)
{
    if (workspace_find_loaded(workspace, subject) != NULL) {
        return STATUS_OK;
    }
    uint64_t last_index;
    TRY(ledger_head(workspace->ledger, subject, &last_index, failure));
    struct store_scan scan = {.kind = STORE_SCAN_SUBJECT, .subject = subject};
    TRY(ledger_scan(workspace->ledger, scan, visit_admit, workspace, failure));
    return note_loaded(workspace, subject, last_index, failure);
}

static struct view make_subject(char text[static SUBJECT_SIZE_MAX + 1], const char *prefix,
                                struct view name)
{
    int size = snprintf(text, SUBJECT_SIZE_MAX + 1, "%s/%.*s", prefix, VIEW_ARGS(name));
    assert(size > 0 && size <= SUBJECT_SIZE_MAX);
    return (struct view){.data = text, .size = (size_t)size};
}

/* --- Parties: chains that depend on each other are replayed together, in ledger order --- */

/* Entries of several chains, copied, so that they can be replayed by index. */
struct gathered {
    size_t count;
    size_t capacity;
    struct gathered_entry {
        uint64_t index;
        struct hash id;
        struct buffer subject;
        struct buffer bytes;
    } * entries;
};

static void gathered_release(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->count; i++) {
        buffer_release(&gathered->entries[i].subject);
        buffer_release(&gathered->entries[i].bytes);
    }
    free(gathered->entries);
}

static enum status gather(void *context, const struct store_entry *entry, struct failure *failure)
{
    struct gathered *gathered = context;
    if (gathered->count == gathered->capacity) {
        size_t capacity = gathered->capacity == 0 ? 16 : 2 * gathered->capacity;
        struct gathered_entry *entries = realloc(gathered->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            return fail_memory(failure);
        }
        gathered->entries = entries;
        gathered->capacity = capacity;
    }
    struct gathered_entry *copy = &gathered->entries[gathered->count];
    gathered->count++;
    copy->index = entry->index;
    copy->id = entry->id;
    buffer_init(&copy->subject, SUBJECT_SIZE_MAX);
    buffer_init(&copy->bytes, ENTRY_SIZE_MAX);
    if (buffer_append(&copy->subject, entry->subject) != STATUS_OK ||
        buffer_append(&copy->bytes, entry->bytes) != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_OK;
}

static int by_index(const void *a, const void *b)
{
    const struct gathered_entry *left = a;
    const struct gathered_entry *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

static enum status gather_party(struct workspace *workspace, struct view id,
                                struct gathered *gathered, struct failure *failure)
{
    char text[SUBJECT_SIZE_MAX + 1];
    struct view subject = make_subject(text, "party", id);
    if (workspace_find_loaded(workspace, subject) != NULL) {
        return STATUS_OK; /* the operator may be a registrar too */
    }
    uint64_t last_index;
    TRY(ledger_head(workspace->ledger, subject, &last_index, failure));
    TRY(note_loaded(workspace, subject, last_index, failure));
    struct store_scan scan = {.kind = STORE_SCAN_SUBJECT, .subject = subject};
    return ledger_scan(workspace->ledger, scan, gather, gathered, failure);
}

/* The owner that a statement gives a fund; the replay refuses what cannot be read. */
static enum status gather_owner(struct workspace *workspace, size_t place,
                                struct gathered *gathered, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    enum status status =
        statement_read(buffer_view(&gathered->entries[place].bytes), &statement, NULL);
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (status != STATUS_OK || statement->kind != KIND_PARTY || !statement->party.is_fund) {
        return STATUS_OK;
    }
    return gather_party(workspace, statement->party.fund.owner, gathered, failure);
}

/* Replays what was gathered, with the owners of funds, and theirs. */
static enum status replay_gathered(struct workspace *workspace, struct gathered *gathered,
                                   struct failure *failure)
{
    for (size_t i = 0; i < gathered->count; i++) { /* bounded by the parties of the ledger */
        TRY(gather_owner(workspace, i, gathered, failure));
    }
    if (gathered->count > 0) {
        qsort(gathered->entries, gathered->count, sizeof gathered->entries[0], by_index);
    }
    for (size_t i = 0; i < gathered->count; i++) {
        const struct gathered_entry *copy = &gathered->entries[i];
        struct store_entry entry = {
            .index = copy->index,
            .id = copy->id,
            .subject = buffer_view(&copy->subject),
            .bytes = buffer_view(&copy->bytes),
        };
        TRY(visit_admit(workspace, &entry, failure));
    }
    return STATUS_OK;
}

enum status workspace_load_party(struct workspace *workspace, struct view id,
                                 struct failure *failure)
{
    OWNED(gathered_release) struct gathered gathered = {0};
    TRY(gather_party(workspace, id, &gathered, failure));
    return replay_gathered(workspace, &gathered, failure);
}

/* --- The governance: charter, operator and registrars --- */

/*
 * Registrars sign for each other, so their chains are replayed together in ledger order: each
 * signature then meets the keys that there were at its place.
 */
static enum status load_governance(struct workspace *workspace, struct failure *failure)
{
    TRY(load_subject(workspace, VIEW("charter"), failure));
    const struct charter *charter = state_charter(workspace->state);
    if (charter == NULL) {
        return fail(failure, STATUS_UNTRUSTED, "entry 0", "the ledger has no charter");
    }
    OWNED(gathered_release) struct gathered gathered = {0};
    TRY(gather_party(workspace, charter->operator.id, &gathered, failure));
    for (size_t i = 0; i < charter->registrar_count; i++) {
        TRY(gather_party(workspace, charter->registrars[i].id, &gathered, failure));
    }
    return replay_gathered(workspace, &gathered, failure);
}

enum status workspace_load_fresh(struct workspace *workspace, struct failure *failure)
{
    forget_all(workspace);
    workspace->state_size = ledger_size(workspace->ledger);
    if (state_new(ledger_log_key(workspace->ledger), &workspace->state) != STATUS_OK) {
        return fail_memory(failure);
    }
    return load_governance(workspace, failure);
}

/* A ledger in a store, or a copy of what is published at a place. */
static enum status open_store(const char *path, bool writable, struct store **ret_store,
                              struct failure *failure)
{
    if (!site_is_place(path)) {
        return store_open(path, writable, ret_store, failure);
    }
    if (writable) {
        return fail(failure, STATUS_INVALID, path,
                    "a published ledger is only read: name the file of the ledger by --ledger");
    }
    return site_open_store(path, ret_store, failure);
}

/* A writer keeps others out; a reader sees one moment until it closes. */
static enum status open_with(const char *path, bool writable, const uint32_t *wait_ms,
                             struct workspace **ret_workspace, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = calloc(1, sizeof *workspace);
    if (workspace == NULL || (workspace->path = strdup(path)) == NULL) {
        return fail_memory(failure);
    }
    workspace->before = STORE_NONE;
    struct store *store;
    TRY(open_store(path, writable, &store, failure));
    if (wait_ms != NULL) {
        store_set_lock_wait(path, store, *wait_ms);
    }
    TRY(ledger_open(store, &workspace->ledger, failure));
    TRY(writable ? ledger_lock(workspace->ledger, failure)
                 : ledger_begin(workspace->ledger, failure));
    TRY(writable ? remember_check_told(workspace->ledger, failure) : STATUS_OK);
    TRY(workspace_load_fresh(workspace, failure));
    *ret_workspace = STEAL(workspace);
    return STATUS_OK;
}

enum status workspace_open(const char *path, bool writable, struct workspace **ret_workspace,
                           struct failure *failure)
{
    return open_with(path, writable, NULL, ret_workspace, failure);
}

enum status workspace_open_within(const char *path, uint32_t wait_ms,
                                  struct workspace **ret_workspace, struct failure *failure)
{
    return open_with(path, true, &wait_ms, ret_workspace, failure);
}

void workspace_pause(struct workspace *workspace)
{
    ledger_end(workspace->ledger);
}

enum status workspace_resume(struct workspace *workspace, struct failure *failure)
{
    return ledger_begin(workspace->ledger, failure);
}

enum status workspace_refresh(struct workspace *workspace, struct failure *failure)
{
    bool has_state =
        workspace->state != NULL && ledger_size(workspace->ledger) == workspace->state_size;
    return has_state ? STATUS_OK : workspace_load_fresh(workspace, failure);
}

enum status workspace_trim(struct workspace *workspace, size_t count, struct failure *failure)
{
    size_t loaded = 0;
    for (size_t i = 0; i < LOADED_SLOTS; i++) {
        for (const struct loaded *one = workspace->loaded[i]; one != NULL;
             one = one->next_in_slot) {
            loaded++;
        }
    }
    return loaded > count ? workspace_load_fresh(workspace, failure) : STATUS_OK;
}

/* --- Loading what a question needs --- */

static enum status load_parties_of(struct workspace *workspace, const struct contract *contract,
                                   struct failure *failure)
{
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < contract->roles[role].count; i++) {
            TRY(workspace_load_party(workspace, contract->roles[role].parties[i], failure));
        }
    }
    return STATUS_OK;
}

static bool has_loaded_parties(const struct workspace *workspace, const struct contract *contract)
{
    char text[SUBJECT_SIZE_MAX + 1];
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < contract->roles[role].count; i++) {
            struct view subject = make_subject(text, "party", contract->roles[role].parties[i]);
            if (workspace_find_loaded(workspace, subject) == NULL) {
                return false;
            }
        }
    }
    return true;
}

/* Admits an entry of a contract; ends the scan at an amendment whose parties are to be loaded. */
static enum status visit_contract(void *context, const struct store_entry *entry,
                                  struct failure *failure)
{
    struct workspace *workspace = context;
    if (entry->index < workspace->from || entry->index >= workspace->before) {
        return STATUS_OK;
    }
    struct statement *statement = NULL;
    enum status status = read_entry(entry, &statement, failure);
    if (status == STATUS_OK && statement->kind == KIND_AMENDMENT &&
        !has_loaded_parties(workspace, &statement->amendment.contract)) {
        workspace->waiting = statement;
        workspace->from = entry->index;
        return STATUS_CONFLICT;
    }
    if (status == STATUS_OK) {
        status = state_admit(workspace->state, statement, entry->index, failure);
    }
    return status == STATUS_OK ? STATUS_OK : workspace_fail_entry(failure, entry->index, status);
}

/* Replays a contract whose first parties are loaded, and loads those that come later. */
static enum status replay_contract(struct workspace *workspace, struct view subject,
                                   struct failure *failure)
{
    struct store_scan scan = {.kind = STORE_SCAN_SUBJECT, .subject = subject};
    enum status status;
    workspace->from = 0;
    do { /* bounded by the amendments of the contract */
        status = ledger_scan(workspace->ledger, scan, visit_contract, workspace, failure);
        if (workspace->waiting == NULL) {
            return status;
        }
        OWNED(statement_freep) struct statement *waiting = STEAL(workspace->waiting);
        status = load_parties_of(workspace, &waiting->amendment.contract, failure);
    } while (status == STATUS_OK);
    return status;
}

/* Copies the first entry of a chain, and ends the scan. */
static enum status visit_first(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    struct buffer *bytes = context;
    if (buffer_append(bytes, entry->bytes) != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_CONFLICT; /* enough */
}

/* The contract itself tells which parties its chain is signed by; they are loaded before it. */
static enum status load_contract_parties(struct workspace *workspace, struct view subject,
                                         struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, ENTRY_SIZE_MAX);
    struct store_scan scan = {.kind = STORE_SCAN_SUBJECT, .subject = subject};
    enum status status = ledger_scan(workspace->ledger, scan, visit_first, &bytes, failure);
    if (status != STATUS_CONFLICT) {
        return status;
    }
    OWNED(statement_freep) struct statement *statement = NULL;
    status = statement_read(buffer_view(&bytes), &statement, failure);
    if (status != STATUS_OK || statement->kind != KIND_CONTRACT) {
        return STATUS_OK; /* the replay refuses it by name and place */
    }
    return load_parties_of(workspace, &statement->contract, failure);
}

static enum status load_contract_if_any(struct workspace *workspace, struct view name,
                                        struct failure *failure)
{
    char text[SUBJECT_SIZE_MAX + 1];
    struct view subject = make_subject(text, "contract", name);
    if (workspace_find_loaded(workspace, subject) != NULL) {
        return STATUS_OK;
    }
    uint64_t last_index;
    TRY(load_contract_parties(workspace, subject, failure));
    TRY(ledger_head(workspace->ledger, subject, &last_index, failure));
    TRY(replay_contract(workspace, subject, failure));
    return note_loaded(workspace, subject, last_index, failure);
}

enum status workspace_load_contract(struct workspace *workspace, struct view name,
                                    const struct state_contract **ret_contract,
                                    struct failure *failure)
{
    if (name.size > 64) {
        return refuse(failure, RULE_CONTRACT_UNKNOWN, "", "%.*s... is not in the ledger", 64,
                      name.data);
    }
    TRY(load_contract_if_any(workspace, name, failure));
    *ret_contract = state_find_contract(workspace->state, name);
    if (*ret_contract == NULL) {
        return refuse(failure, RULE_CONTRACT_UNKNOWN, "", "%.*s is not in the ledger",
                      VIEW_ARGS(name));
    }
    return STATUS_OK;
}

enum status workspace_load_contract_before(struct workspace *workspace, struct view name,
                                           uint64_t index,
                                           const struct state_contract **ret_contract,
                                           struct failure *failure)
{
    char text[SUBJECT_SIZE_MAX + 1];
    struct view subject = make_subject(text, "contract", name);
    state_forget_contract(workspace->state, name);
    workspace->before = index;
    enum status status = replay_contract(workspace, subject, failure);
    workspace->before = STORE_NONE;
    TRY(status);
    return workspace_load_contract(workspace, name, ret_contract, failure);
}

enum status workspace_load_for(struct workspace *workspace, const struct statement *statement,
                               struct failure *failure)
{
    struct view name = statement_subject_name(statement);
    switch (kind_subject_class(statement->kind)) {
    case SUBJECT_CHARTER:
        return STATUS_OK;
    case SUBJECT_PARTY:
        if (statement->kind == KIND_PARTY && statement->party.is_fund) {
            TRY(workspace_load_party(workspace, statement->party.fund.owner, failure));
        }
        return workspace_load_party(workspace, name, failure);
    case SUBJECT_CONTRACT:
        if (statement_terms(statement) != NULL) {
            TRY(load_parties_of(workspace, statement_terms(statement), failure));
        }
        return load_contract_if_any(workspace, name, failure);
    }
    assert(false && "a statement has a subject");
    return STATUS_INVALID;
}

static enum status visit_id(void *context, const struct store_entry *entry, struct failure *failure)
{
    (void)failure;
    *(struct hash *)context = entry->id;
    return STATUS_OK;
}

enum status workspace_head(struct workspace *workspace, struct view subject, bool *ret_exists,
                           struct hash *ret_id, struct failure *failure)
{
    uint64_t last_index;
    TRY(ledger_head(workspace->ledger, subject, &last_index, failure));
    *ret_exists = last_index != STORE_NONE;
    if (*ret_exists) {
        return ledger_read(workspace->ledger, last_index, visit_id, ret_id, failure);
    }
    /* A party that the charter names has the charter as the beginning of its chain. */
    struct view prefix = VIEW("party/");
    if (view_starts_with(subject, prefix)) {
        struct view id = {subject.data + prefix.size, subject.size - prefix.size};
        const struct state_party *party = state_find_party(workspace->state, id);
        *ret_exists = party != NULL;
        if (party != NULL) {
            *ret_id = party->head;
        }
    }
    return STATUS_OK;
}
