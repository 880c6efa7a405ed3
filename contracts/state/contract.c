/* Contracts: what a contract may be when it is signed, and keeping what follows it. */

#include "contracts/state/internal.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

struct state_contract *contract_find(const struct state *state, struct view name)
{
    struct state_contract *contract = state->contracts[state_slot(name)];
    while (contract != NULL && !view_equal(state_newest(contract)->name, name)) {
        contract = contract->next_in_slot;
    }
    return contract;
}

size_t state_find_period(const struct state_contract *contract, struct view period)
{
    const struct state_tables *tables = &contract->tables;
    for (size_t i = 0; i < tables->period_count; i++) {
        if (view_equal(tables->periods[i].name, period)) {
            return i;
        }
    }
    return SIZE_MAX;
}

enum status period_find(const struct state_contract *contract, struct view name, size_t *ret_place,
                        struct failure *failure)
{
    size_t place = state_find_period(contract, name);
    if (place == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "", "%.*s has no period %.*s",
                      VIEW_ARGS(state_newest(contract)->name), VIEW_ARGS(name));
    }
    *ret_place = place;
    return STATUS_OK;
}

static void entry_free(struct state_entry *entry)
{
    if (entry == NULL) {
        return;
    }
    statement_free(entry->statement);
    if (entry->settlement != NULL) {
        settlement_release(entry->settlement);
        free(entry->settlement);
    }
    free(entry);
}

static void dues_free(struct state_due *due)
{
    while (due != NULL) { /* bounded by the pays that were settled */
        struct state_due *next = due->next;
        free(due);
        due = next;
    }
}

static void rationals_free(struct rational *rationals, size_t count)
{
    for (size_t i = 0; rationals != NULL && i < count; i++) {
        rational_release(&rationals[i]);
    }
    free(rationals);
}

static void snapshots_free(struct state_tables *tables)
{
    for (size_t i = 0; i < tables->period_count; i++) {
        snapshot_free(tables->periods[i].snapshot);
        tables->periods[i].snapshot = NULL;
    }
}

void contract_free(struct state_contract *contract)
{
    if (contract == NULL) {
        return;
    }
    snapshots_free(&contract->tables);
    tables_release(&contract->tables);
    version_free(contract->newest);
    struct state_entry *entry = contract->first;
    while (entry != NULL) { /* bounded by the contract's entries */
        struct state_entry *next = entry->next;
        entry_free(entry);
        entry = next;
    }
    dues_free(contract->dues);
    struct state_dispute *dispute = contract->disputes;
    while (dispute != NULL) { /* bounded by the contract's entries */
        struct state_dispute *next = dispute->next;
        free(dispute);
        dispute = next;
    }
    free(contract);
}

static void contract_freep(struct state_contract **contract)
{
    contract_free(*contract);
}

void state_change_free(struct state_change *change)
{
    if (change == NULL) {
        return;
    }
    struct state_party *party = change->new_parties;
    while (party != NULL) { /* bounded by the parties of a charter */
        struct state_party *next = party->next_in_slot;
        party_free(party);
        party = next;
    }
    party_free(change->renamed);
    free(change->new_key);
    entry_free(change->entry);
    contract_free(change->new_contract);
    version_free(change->new_version);
    tables_free(change->new_tables);
    dues_free(change->new_dues);
    rationals_free(change->earlier, change->earlier_count);
    free(change->cap_used);
    free(change->credits);
    free(change->new_dispute);
    snapshot_free(change->snapshot);
    free(change);
}

void state_change_freep(struct state_change **change)
{
    state_change_free(*change);
}

/* --- Independence --- */

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (unsigned char)byte >= 0x80; /* part of a letter */
}

/* Registration numbers are compared without hyphens and spaces: 212000-0456 is 2120000456. */
static bool same_number(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') { /* bounded by the shape of a registration */
        if (*a != '\0' && !is_letter_or_digit(*a)) {
            a++;
        } else if (*b != '\0' && !is_letter_or_digit(*b)) {
            b++;
        } else if (*a++ != *b++) {
            return false;
        }
    }
    return true;
}

static bool same_registration(const struct state_party *a, const struct state_party *b)
{
    return a->scheme != REGISTRATION_NOT_PUBLISHED && a->scheme == b->scheme &&
           view_equal(view_of(a->scheme_name), view_of(b->scheme_name)) &&
           same_number(a->number, b->number);
}

static bool names_party(const struct conflict *conflict, struct view party)
{
    for (size_t i = 0; i < conflict->party_count; i++) {
        if (view_equal(conflict->parties[i], party)) {
            return true;
        }
    }
    return false;
}

static bool is_declared(const struct contract *contract, struct view a, struct view b)
{
    for (size_t i = 0; i < contract->conflict_count; i++) {
        if (names_party(&contract->conflicts[i], a) && names_party(&contract->conflicts[i], b)) {
            return true;
        }
    }
    return false;
}

/* The party itself, or another one with its registration. */
static bool is_same_party(const struct state *state, struct view id, struct view other,
                          uint64_t index)
{
    return view_equal(id, other) || same_registration(party_at(party_find(state, id), index),
                                                      party_at(party_find(state, other), index));
}

/* What a fund gains or loses is its owner's. */
static bool is_owner(const struct state *state, struct view id, struct view fund, uint64_t index)
{
    const struct state_party *party = party_at(party_find(state, fund), index);
    return party->fund != NULL && is_same_party(state, id, view_of(party->fund->owner), index);
}

/*
 * A key belongs to one party for ever, so an evaluator shares a key with a payer or investor
 * exactly when it is the same party.
 */
static enum status check_independent(const struct state *state, const struct contract *contract,
                                     struct view evaluator, enum role role, uint64_t index,
                                     struct failure *failure)
{
    const struct role_parties *others = &contract->roles[role];
    for (size_t i = 0; i < others->count; i++) {
        struct view other = others->parties[i];
        bool is_conflict = is_same_party(state, evaluator, other, index) ||
                           is_owner(state, evaluator, other, index);
        if (is_conflict && !is_declared(contract, evaluator, other)) {
            return refuse(failure, RULE_EVALUATOR_CONFLICT, "/roles/evaluator",
                          "%.*s evaluates and is not independent of the %s %.*s: declare it in "
                          "`conflicts` or name another evaluator",
                          VIEW_ARGS(evaluator), ROLE_NAMES[role], VIEW_ARGS(other));
        }
    }
    return STATUS_OK;
}

static enum status check_role_parties(const struct state *state, const struct contract *contract,
                                      enum role role, struct failure *failure)
{
    for (size_t i = 0; i < contract->roles[role].count; i++) {
        struct view party = contract->roles[role].parties[i];
        if (party_find(state, party) == NULL) {
            return refuse(failure, RULE_PARTY_UNKNOWN, "/roles", "%.*s is not in the ledger",
                          VIEW_ARGS(party));
        }
    }
    return STATUS_OK;
}

enum status roles_check(const struct state *state, const struct contract *contract, uint64_t index,
                        struct failure *failure)
{
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        TRY(check_role_parties(state, contract, (enum role)role, failure));
    }
    const struct role_parties *evaluators = &contract->roles[ROLE_EVALUATOR];
    for (size_t i = 0; i < evaluators->count; i++) {
        struct view evaluator = evaluators->parties[i];
        TRY(check_independent(state, contract, evaluator, ROLE_PAYER, index, failure));
        TRY(check_independent(state, contract, evaluator, ROLE_INVESTOR, index, failure));
    }
    return STATUS_OK;
}

/* --- Making a contract --- */

static enum status contract_make(const struct contract *contract, struct state_contract **ret_made,
                                 struct failure *failure)
{
    OWNED(contract_freep) struct state_contract *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return fail_memory(failure);
    }
    struct state_tables *tables;
    TRY(version_make(contract, NULL, &made->newest, &tables, failure));
    made->tables = *tables;
    free(tables);
    made->funded.currency = contract->terms.currency;
    made->paid.currency = contract->terms.currency;
    made->uses_funded = made->newest->uses_funded;
    made->uses_paid = made->newest->uses_paid;
    made->uses_earlier = made->newest->uses_earlier;
    for (size_t i = 0; i < contract->terms.period_count; i++) {
        struct state_period *period = &made->tables.periods[i];
        period->contract = made;
        period->version = made->newest;
        period->index = i;
    }
    *ret_made = STEAL(made);
    return STATUS_OK;
}

enum status contract_check(const struct state *state, const struct statement *statement,
                           struct state_change *change, struct failure *failure)
{
    const struct contract *contract = &statement->contract;
    const struct state_contract *same = contract_find(state, contract->name);
    enum rule rule = life_refusal(life_of_contract(same), ON_CONTRACT_AGREE);
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "/contract", "%.*s is in the ledger already",
                      VIEW_ARGS(contract->name));
    }
    TRY(roles_check(state, contract, change->index, failure));
    TRY(signers_check_contract(state, NULL, statement, change->index, failure));
    return contract_make(contract, &change->new_contract, failure);
}
