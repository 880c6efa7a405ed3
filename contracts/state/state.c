#include "contracts/state/state.h"

#include "contracts/state/internal.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

enum status state_new(const struct note_key *log, struct state **ret_state)
{
    struct state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return STATUS_MEMORY;
    }
    state->log = *log;
    *ret_state = state;
    return STATUS_OK;
}

void state_free(struct state *state)
{
    if (state == NULL) {
        return;
    }
    for (size_t i = 0; i < STATE_SLOTS; i++) {
        while (state->parties[i] != NULL) { /* bounded by what was applied */
            struct state_party *next = state->parties[i]->next_in_slot;
            party_free(state->parties[i]);
            state->parties[i] = next;
        }
        while (state->contracts[i] != NULL) { /* bounded by what was applied */
            struct state_contract *next = state->contracts[i]->next_in_slot;
            contract_free(state->contracts[i]);
            state->contracts[i] = next;
        }
    }
    statement_free(state->charter);
    free(state);
}

void state_freep(struct state **state)
{
    state_free(*state);
}

void state_forget_contract(struct state *state, struct view name)
{
    struct state_contract **place = &state->contracts[state_slot(name)];
    while (*place != NULL && !view_equal(state_newest(*place)->name, name)) {
        place = &(*place)->next_in_slot;
    }
    if (*place != NULL) {
        struct state_contract *forgotten = *place;
        *place = forgotten->next_in_slot;
        contract_free(forgotten);
    }
}

/* --- Check, then apply --- */

/* What follows a contract names it, and its newest statement. */
static enum status check_place(const struct state *state, const struct statement *statement,
                               struct state_change *change, struct failure *failure)
{
    struct view name = statement_subject_name(statement);
    struct state_contract *contract = contract_find(state, name);
    if (contract == NULL) {
        return refuse(failure, life_refusal(LIFE_CONTRACT_ABSENT, ON_CONTRACT_FOLLOW), "/contract",
                      "%.*s is not in the ledger", VIEW_ARGS(name));
    }
    if (!hash_equal(&statement->after, &contract->head)) {
        return refuse(failure, RULE_AFTER_STALE, "/after",
                      "%.*s has moved on to entry %llu since this was drafted: draft and sign it "
                      "again",
                      VIEW_ARGS(name), (unsigned long long)contract->head_index);
    }
    change->contract = contract;
    return STATUS_OK;
}

/* What every statement of a running contract must satisfy, before what its kind asks. */
static enum status check_following(const struct state *state, const struct statement *statement,
                                   struct state_change *change, struct failure *failure)
{
    TRY(check_place(state, statement, change, failure));
    return signers_check_contract(state, change->contract, statement, change->index, failure);
}

static enum status check_kind(const struct state *state, const struct statement *statement,
                              struct state_change *change, struct failure *failure)
{
    switch (statement->kind) {
    case KIND_CHARTER:
        return charter_check(state, statement, change, failure);
    case KIND_PARTY:
        return party_check(state, statement, change, failure);
    case KIND_KEY:
        return key_check(state, statement, change, failure);
    case KIND_CONTRACT:
        return contract_check(state, statement, change, failure);
    case KIND_AMENDMENT:
        TRY(check_place(state, statement, change, failure));
        return amendment_check(state, statement, change, failure);
    case KIND_FUNDING:
        TRY(check_following(state, statement, change, failure));
        return funding_check(change->contract, statement, change, failure);
    case KIND_MEASUREMENT:
        TRY(check_following(state, statement, change, failure));
        return measurement_check(change->contract, statement, change, failure);
    case KIND_SETTLEMENT:
        TRY(check_following(state, statement, change, failure));
        return settlement_check(change->contract, statement, change, failure);
    case KIND_PAYMENT:
        TRY(check_following(state, statement, change, failure));
        return payment_check(change->contract, statement, change, failure);
    case KIND_CORRECTION:
        TRY(check_following(state, statement, change, failure));
        return correction_check(change->contract, statement, change, failure);
    case KIND_DISPUTE:
        TRY(check_following(state, statement, change, failure));
        return dispute_check(change->contract, statement, change, failure);
    case KIND_DECISION:
        TRY(check_following(state, statement, change, failure));
        return decision_check(change->contract, statement, change, failure);
    case KIND_TERMINATION:
        TRY(check_following(state, statement, change, failure));
        return termination_check(change->contract, statement, failure);
    case KIND_COUNT:
        break;
    }
    assert(false && "a statement has a kind");
    return STATUS_INVALID;
}

static enum status check(const struct state *state, const struct statement *statement,
                         uint64_t index, struct state_change **ret_change, struct failure *failure)
{
    if (statement->kind != KIND_CHARTER && state->charter == NULL) {
        return refuse(failure, RULE_CHARTER_NOT_FIRST, "/kind", "the ledger has no charter yet");
    }
    OWNED(state_change_freep) struct state_change *change = calloc(1, sizeof *change);
    if (change == NULL) {
        return fail_memory(failure);
    }
    change->kind = statement->kind;
    change->index = index;
    if (kind_subject_class(statement->kind) == SUBJECT_CONTRACT) {
        change->entry = calloc(1, sizeof *change->entry);
        if (change->entry == NULL) {
            return fail_memory(failure);
        }
    }
    TRY(check_kind(state, statement, change, failure));
    *ret_change = STEAL(change);
    return STATUS_OK;
}

enum status state_check(const struct state *state, const struct statement *statement,
                        uint64_t index, struct state_change **ret_change, struct failure *failure)
{
    assert(statement->is_verified && !statement_is_draft(statement));
    return check(state, statement, index, ret_change, failure);
}

enum status state_check_draft(const struct state *state, const struct statement *statement,
                              uint64_t index, struct failure *failure)
{
    assert(statement_is_draft(statement));
    TRY(origin_check(state, statement, failure));
    OWNED(state_change_freep) struct state_change *change = NULL;
    return check(state, statement, index, &change, failure);
}

void state_apply(struct state *state, struct statement **statement, struct state_change **change)
{
    switch ((*change)->kind) {
    case KIND_CHARTER:
        parties_apply(state, *statement, *change);
        state->charter = STEAL(*statement);
        break;
    case KIND_PARTY:
    case KIND_KEY:
        parties_apply(state, *statement, *change);
        statement_free(*statement);
        *statement = NULL;
        break;
    case KIND_CONTRACT:
    case KIND_FUNDING:
    case KIND_MEASUREMENT:
    case KIND_SETTLEMENT:
    case KIND_PAYMENT:
    case KIND_CORRECTION:
    case KIND_DISPUTE:
    case KIND_DECISION:
    case KIND_TERMINATION:
    case KIND_AMENDMENT:
        contract_apply(state, *statement, *change);
        *statement = NULL;
        break;
    case KIND_COUNT:
        break;
    }
    state_change_free(*change);
    *change = NULL;
}

enum status state_admit(struct state *state, struct statement *statement, uint64_t index,
                        struct failure *failure)
{
    OWNED(statement_freep) struct statement *owned = statement;
    OWNED(state_change_freep) struct state_change *change = NULL;
    TRY(statement_check(owned, failure));
    TRY(state_verify_signatures(state, owned, failure));
    TRY(state_check(state, owned, index, &change, failure));
    state_apply(state, &owned, &change);
    return STATUS_OK;
}

/* --- Reading --- */

const struct charter *state_charter(const struct state *state)
{
    return state->charter == NULL ? NULL : &state->charter->charter;
}

const struct hash *state_charter_id(const struct state *state)
{
    return state->charter == NULL ? NULL : &state->charter->id;
}

struct view state_origin(const struct state *state)
{
    return view_of(state->log.name);
}

const struct state_party *state_find_party(const struct state *state, struct view id)
{
    return party_find(state, id);
}

const struct state_contract *state_find_contract(const struct state *state, struct view name)
{
    return contract_find(state, name);
}

const struct contract *state_newest(const struct state_contract *contract)
{
    return contract->newest->contract;
}

const struct contract *state_governing(const struct state_contract *contract, struct view period)
{
    size_t place = state_find_period(contract, period);
    return place == SIZE_MAX ? NULL : contract->tables.periods[place].version->contract;
}

const struct period *state_period_terms(const struct state_contract *contract, size_t place)
{
    assert(place < contract->tables.period_count);
    const struct state_period *period = &contract->tables.periods[place];
    return &period->version->contract->terms.periods[period->index];
}

const struct state_key *state_find_key(const struct state *state, struct view name, uint32_t id)
{
    return key_find(state, name, id);
}

void state_each_party(const struct state *state,
                      bool (*visit)(void *context, const struct state_party *party), void *context)
{
    for (size_t i = 0; i < STATE_SLOTS; i++) {
        for (const struct state_party *party = state->parties[i]; party != NULL;
             party = party->next_in_slot) {
            if (!visit(context, party)) {
                return;
            }
        }
    }
}
