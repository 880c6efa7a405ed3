/* Parties and keys: charter, party and key statements. */

#include "contracts/state/internal.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct state_party *party_find(const struct state *state, struct view id)
{
    struct state_party *party = state->parties[state_slot(id)];
    while (party != NULL && !view_equal(view_of(party->id), id)) {
        party = party->next_in_slot;
    }
    return party;
}

const struct state_party *party_at(const struct state_party *party, uint64_t index)
{
    const struct state_party *then = party;
    while (then->earlier != NULL && index < then->earlier->until) { /* bounded by its statements */
        then = then->earlier;
    }
    return then;
}

static size_t key_slot(uint32_t id)
{
    return id % STATE_SLOTS;
}

struct state_key *key_find(const struct state *state, struct view name, uint32_t id)
{
    struct state_key *key = state->keys[key_slot(id)];
    while (key != NULL && (key->key.id != id || !view_equal(view_of(key->key.name), name))) {
        key = key->next_in_slot;
    }
    return key;
}

static size_t public_slot(const struct public_key *key)
{
    return state_slot((struct view){.data = (const char *)key->bytes, .size = PUBLIC_KEY_SIZE});
}

static bool has_public_key(const struct state *state, const struct public_key *public_key)
{
    const struct state_key *key = state->public_keys[public_slot(public_key)];
    while (key != NULL && !public_key_equal(&key->key.key, public_key)) {
        key = key->next_in_public_slot;
    }
    return key != NULL;
}

bool state_key_valid(const struct state_key *key, uint64_t index)
{
    return key->valid_from <= index && index <= key->valid_until;
}

static void fund_free(struct state_fund *fund)
{
    if (fund != NULL) {
        free(fund->owner);
        free(fund);
    }
}

void party_free(struct state_party *party)
{
    if (party == NULL) {
        return;
    }
    struct state_key *key = party->keys;
    while (key != NULL) { /* bounded by the keys that were added */
        struct state_key *next = key->next;
        free(key);
        key = next;
    }
    while (party != NULL) { /* bounded by the statements of the party */
        struct state_party *earlier = party->earlier;
        free(party->id);
        free(party->legal_name);
        free(party->scheme_name);
        free(party->number);
        fund_free(party->fund);
        free(party);
        party = earlier;
    }
}

static void party_freep(struct state_party **party)
{
    party_free(*party);
}

static char *copy_view(struct view view)
{
    char *copy = malloc(view.size + 1);
    if (copy != NULL) {
        if (view.size > 0) {
            memcpy(copy, view.data, view.size);
        }
        copy[view.size] = '\0';
    }
    return copy;
}

/* --- Keys --- */

static enum status key_check_new(const struct state *state, const struct note_key *key,
                                 const char *at, struct failure *failure)
{
    if (public_key_equal(&key->key, &state->log.key) || has_public_key(state, &key->key) ||
        key_find(state, view_of(key->name), key->id) != NULL) {
        return refuse(failure, RULE_KEY_REPEATED, at, "%s is in the ledger already", key->name);
    }
    return STATUS_OK;
}

static struct state_key *key_new(const struct note_key *key, uint64_t index)
{
    struct state_key *made = calloc(1, sizeof *made);
    if (made != NULL) {
        made->key = *key;
        made->valid_from = index;
        made->valid_until = STATE_VALID_STILL;
    }
    return made;
}

/* Whether two parties to be made by one charter share a public key. */
static bool shares_key(const struct state_party *parties, const struct public_key *public_key)
{
    for (const struct state_party *party = parties; party != NULL; party = party->next_in_slot) {
        for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
            if (public_key_equal(&key->key.key, public_key)) {
                return true;
            }
        }
    }
    return false;
}

/* --- Making parties --- */

static enum status party_set_identity(struct state_party *party,
                                      const struct party_identity *identity,
                                      struct failure *failure)
{
    party->id = copy_view(identity->id);
    party->legal_name = copy_view(identity->legal_name);
    party->scheme = identity->registration.scheme;
    party->scheme_name = copy_view(identity->registration.scheme_name);
    party->number = copy_view(identity->registration.number);
    if (party->id == NULL || party->legal_name == NULL || party->scheme_name == NULL ||
        party->number == NULL) {
        return fail_memory(failure);
    }
    return STATUS_OK;
}

static enum status party_make(const struct state *state, const struct party_identity *identity,
                              uint64_t index, const struct state_party *siblings,
                              struct state_party **ret_party, struct failure *failure)
{
    OWNED(party_freep) struct state_party *party = calloc(1, sizeof *party);
    if (party == NULL) {
        return fail_memory(failure);
    }
    TRY(party_set_identity(party, identity, failure));
    struct state_key **end = &party->keys;
    for (size_t i = 0; i < identity->vkey_count; i++) {
        const struct note_key *key = &identity->keys[i];
        TRY(key_check_new(state, key, "/vkeys", failure));
        if (shares_key(siblings, &key->key) || shares_key(party, &key->key)) {
            return refuse(failure, RULE_KEY_REPEATED, "/vkeys", "%s is named twice", key->name);
        }
        *end = key_new(key, index);
        if (*end == NULL) {
            return fail_memory(failure);
        }
        end = &(*end)->next;
    }
    *ret_party = STEAL(party);
    return STATUS_OK;
}

/* Its owner was in the ledger before this entry. */
static enum status party_set_fund(const struct state *state, const struct statement *statement,
                                  uint64_t index, struct state_party *party,
                                  struct failure *failure)
{
    const struct fund *fund = &statement->party.fund;
    if (!statement->party.is_fund) {
        return STATUS_OK;
    }
    const struct state_party *owner = party_find(state, fund->owner);
    if (owner == NULL || owner->keys->valid_from >= index) {
        return refuse(failure, RULE_FUND_OWNER, "/fund/owner", "%.*s is not in the ledger",
                      VIEW_ARGS(fund->owner));
    }
    party->fund = calloc(1, sizeof *party->fund);
    if (party->fund == NULL || (party->fund->owner = copy_view(fund->owner)) == NULL) {
        return fail_memory(failure);
    }
    party->fund->reserve = fund->reserve;
    party->fund->since = statement->date;
    return STATUS_OK;
}

/* --- Charter --- */

static bool same_keys(const struct party_identity *a, const struct party_identity *b)
{
    if (a->vkey_count != b->vkey_count) {
        return false;
    }
    for (size_t i = 0; i < a->vkey_count; i++) {
        if (!note_key_equal(&a->keys[i], &b->keys[i])) {
            return false;
        }
    }
    return true;
}

static enum status charter_add_party(const struct state *state,
                                     const struct party_identity *identity,
                                     struct state_change *change, struct state_party **ret_party,
                                     struct failure *failure)
{
    struct state_party *party;
    TRY(party_make(state, identity, change->index, change->new_parties, &party, failure));
    party->next_in_slot = change->new_parties;
    change->new_parties = party;
    *ret_party = party;
    return STATUS_OK;
}

static enum status charter_add_registrar(const struct state *state, const struct charter *charter,
                                         size_t i, struct state_party *operator,
                                         struct state_change * change, struct failure *failure)
{
    const struct party_identity *registrar = &charter->registrars[i];
    if (!view_equal(registrar->id, charter->operator.id)) {
        struct state_party *party;
        TRY(charter_add_party(state, registrar, change, &party, failure));
        party->is_registrar = true;
        return STATUS_OK;
    }
    /* The operator may be a registrar too; then both places say the same. */
    if (!same_keys(registrar, &charter->operator)) {
        return refuse(failure, RULE_PARTY_KEYS, "/vkeys",
                      "the operator is named as a registrar with other keys");
    }
    operator->is_registrar = true;
    return STATUS_OK;
}

enum status charter_check(const struct state *state, const struct statement *statement,
                          struct state_change *change, struct failure *failure)
{
    const struct charter *charter = &statement->charter;
    if (state->charter != NULL || change->index != 0) {
        return refuse(failure, RULE_CHARTER_NOT_FIRST, "/kind", "a charter is entry 0 only");
    }
    if (!note_key_equal(&charter->log_key, &state->log)) {
        return refuse(failure, RULE_CHARTER_LOG_KEY, "/log_vkey",
                      "the checkpoints are signed by another key");
    }
    TRY(signers_check_operator(statement, failure));

    struct state_party *operator;
    TRY_FIELD("operator", charter_add_party(state, &charter->operator, change, &operator, failure));
    operator->is_operator = true;
    for (size_t i = 0; i < charter->registrar_count; i++) {
        enum status status = charter_add_registrar(state, charter, i, operator, change, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "registrars");
            return status;
        }
    }
    return STATUS_OK;
}

/* --- Party --- */

static enum status check_after(const struct statement *statement, const struct hash *head,
                               struct failure *failure)
{
    if (!statement->has_after || !hash_equal(&statement->after, head)) {
        return refuse(failure, RULE_AFTER_STALE, "/after",
                      "the chain has moved on since this was drafted: draft and sign it again");
    }
    return STATUS_OK;
}

/* A later party statement repeats exactly the valid keys: they change by key statements only. */
static bool names_valid_keys(const struct state_party *party, const struct party_identity *identity)
{
    size_t valid_count = 0;
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        if (key->valid_until != STATE_VALID_STILL) {
            continue;
        }
        valid_count++;
        bool is_named = false;
        for (size_t i = 0; i < identity->vkey_count; i++) {
            is_named = is_named || note_key_equal(&key->key, &identity->keys[i]);
        }
        if (!is_named) {
            return false;
        }
    }
    return valid_count == identity->vkey_count;
}

static uint64_t certified_at(const struct statement *statement, uint64_t index)
{
    return statement->party.binding_count > 0 ? index : 0;
}

static enum status party_check_rename(const struct state *state, const struct statement *statement,
                                      struct state_party *party, struct state_change *change,
                                      struct failure *failure)
{
    const struct party_identity *identity = &statement->party.identity;
    TRY(check_after(statement, &party->head, failure));
    if (!names_valid_keys(party, identity)) {
        return refuse(failure, RULE_PARTY_KEYS, "/vkeys",
                      "%s has other valid keys: change them by a key statement", party->id);
    }
    change->party = party;
    change->renamed = calloc(1, sizeof *change->renamed);
    if (change->renamed == NULL) {
        return fail_memory(failure);
    }
    TRY(party_set_identity(change->renamed, identity, failure));
    change->renamed->certified_at = certified_at(statement, change->index);
    return party_set_fund(state, statement, change->index, change->renamed, failure);
}

enum status party_check(const struct state *state, const struct statement *statement,
                        struct state_change *change, struct failure *failure)
{
    const struct party_identity *identity = &statement->party.identity;
    struct state_party *party = party_find(state, identity->id);
    if (party != NULL) {
        TRY(party_check_rename(state, statement, party, change, failure));
        return signers_check_party(state, statement, change->index, failure);
    }
    if (statement->has_after) {
        return refuse(failure, RULE_AFTER_STALE, "/after",
                      "%.*s has no statement in the ledger yet, so there is none to follow",
                      VIEW_ARGS(identity->id));
    }
    TRY(signers_check_party(state, statement, change->index, failure));
    TRY(party_make(state, identity, change->index, NULL, &change->new_parties, failure));
    change->new_parties->certified_at = certified_at(statement, change->index);
    return party_set_fund(state, statement, change->index, change->new_parties, failure);
}

/* --- Key --- */

static enum status key_check_old(const struct state *state, const struct state_party *party,
                                 const struct key_change *key, struct state_key **ret_old,
                                 struct failure *failure)
{
    struct state_key *old = key_find(state, view_of(key->old_key.name), key->old_key.id);
    if (old == NULL || old->party != party || !note_key_equal(&old->key, &key->old_key) ||
        life_refusal(life_of_key(old, STATE_VALID_STILL), ON_KEY_REPLACE) != RULE_NONE) {
        return refuse(failure, life_refusal(LIFE_KEY_ABSENT, ON_KEY_REPLACE),
                      key->action == KEY_REVOKE ? "/revokes" : "/replaces",
                      "%s has no valid key %s", party->id, key->old_key.name);
    }
    *ret_old = old;
    return STATUS_OK;
}

enum status key_check(const struct state *state, const struct statement *statement,
                      struct state_change *change, struct failure *failure)
{
    const struct key_change *key = &statement->key;
    struct state_party *party = party_find(state, key->party);
    if (party == NULL) {
        return refuse(failure, RULE_PARTY_UNKNOWN, "/party", "%.*s is not in the ledger",
                      VIEW_ARGS(key->party));
    }
    TRY(check_after(statement, &party->head, failure));
    change->party = party;
    if (key->action != KEY_ADD) {
        TRY(key_check_old(state, party, key, &change->ended_key, failure));
    }
    if (key->action != KEY_REVOKE) {
        TRY(key_check_new(state, &key->key, "/vkey", failure));
        change->new_key = key_new(&key->key, change->index);
        if (change->new_key == NULL) {
            return fail_memory(failure);
        }
    }
    return signers_check_key(state, statement, change->index, &change->is_recovery, failure);
}

/* --- Applying --- */

static void key_insert(struct state *state, struct state_party *party, struct state_key *key)
{
    key->party = party;
    size_t slot = key_slot(key->key.id);
    key->next_in_slot = state->keys[slot];
    state->keys[slot] = key;
    slot = public_slot(&key->key.key);
    key->next_in_public_slot = state->public_keys[slot];
    state->public_keys[slot] = key;
}

static void party_insert(struct state *state, struct state_party *party)
{
    size_t slot = state_slot(view_of(party->id));
    party->next_in_slot = state->parties[slot];
    state->parties[slot] = party;
    for (struct state_key *key = party->keys; key != NULL; key = key->next) {
        key_insert(state, party, key);
    }
}

static void swap_strings(char **a, char **b)
{
    char *kept = *a;
    *a = *b;
    *b = kept;
}

/* After the swap `renamed` is who the party was, and is kept as that. */
static void party_rename(struct state_party *party, struct state_party *renamed, uint64_t index)
{
    enum registration_scheme scheme = party->scheme;
    swap_strings(&party->legal_name, &renamed->legal_name);
    swap_strings(&party->scheme_name, &renamed->scheme_name);
    swap_strings(&party->number, &renamed->number);
    party->scheme = renamed->scheme;
    renamed->scheme = scheme;
    struct state_fund *fund = party->fund;
    party->fund = renamed->fund;
    renamed->fund = fund;
    uint64_t certified = party->certified_at;
    party->certified_at = renamed->certified_at;
    renamed->certified_at = certified;

    renamed->until = index;
    renamed->earlier = party->earlier;
    party->earlier = renamed;
}

static void party_change_keys(struct state *state, const struct statement *statement,
                              struct state_change *change)
{
    const struct key_change *key = &statement->key; /* read for a key statement only */
    if (change->ended_key != NULL) {
        change->ended_key->valid_until = change->index;
        change->ended_key->has_compromised_since = key->has_compromised_since;
        change->ended_key->compromised_since = key->compromised_since;
    }
    if (change->new_key != NULL) {
        struct state_key **end = &change->party->keys;
        while (*end != NULL) { /* bounded by the party's keys */
            end = &(*end)->next;
        }
        *end = STEAL(change->new_key);
        key_insert(state, change->party, *end);
    }
    if (change->is_recovery) {
        change->party->recovered_count++;
    }
}

void parties_apply(struct state *state, const struct statement *statement,
                   struct state_change *change)
{
    struct state_party *party = STEAL(change->new_parties);
    while (party != NULL) { /* bounded by the parties of a charter */
        struct state_party *next = party->next_in_slot;
        party->head = statement->id;
        party->head_index = change->index;
        party_insert(state, party);
        party = next;
    }
    if (change->party == NULL) {
        return;
    }
    if (change->renamed != NULL) {
        party_rename(change->party, STEAL(change->renamed), change->index);
    }
    party_change_keys(state, statement, change);
    change->party->head = statement->id;
    change->party->head_index = change->index;
}
