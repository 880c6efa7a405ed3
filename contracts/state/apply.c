/* Applying: keeping what follows a contract. Everything was allocated by the check. */

#include "contracts/state/internal.h"

#include "ledger/base/ownership.h"

static void append_entry(struct state_contract *contract, struct state_entry *entry)
{
    if (contract->last == NULL) {
        contract->first = entry;
    } else {
        contract->last->next = entry;
    }
    contract->last = entry;
    contract->entry_count++;
    contract->head = entry->statement->id;
    contract->head_index = entry->index;
}

static void apply_funding(struct state_contract *contract, const struct state_change *change,
                          const struct funding *funding)
{
    contract->funded = change->total;
    contract->investors[change->investor] = (struct investor_total){
        .party = funding->investor,
        .total = change->investor_amount,
    };
    if (change->investor == contract->investor_count) {
        contract->investor_count++;
    }
}

/* What a measurement states first, and what a correction or decision states in its place. */
static void apply_values(struct state_contract *contract, const struct state_entry *entry)
{
    size_t count;
    const struct measured_value *values = statement_values(entry->statement, &count);
    for (size_t i = 0; i < count; i++) {
        size_t outcome = terms_find_outcome(&contract->contract->terms, values[i].outcome);
        struct state_cell *cell = cell_at(contract, entry->period, outcome);
        cell->value = &values[i];
        cell->source = entry;
        if (entry->statement->kind != KIND_MEASUREMENT) {
            cell->replaced = entry->index;
        }
    }
}

static void release_cell(struct state_contract *contract, struct state_cell *cell)
{
    cell->dispute = NULL;
    contract->held_count--;
}

/* A correction releases what an upheld dispute holds; before it is decided, nothing. */
static void apply_correction(struct state_contract *contract, const struct state_entry *entry)
{
    apply_values(contract, entry);
    const struct measurement *correction = &entry->statement->correction.measurement;
    for (size_t i = 0; i < correction->value_count; i++) {
        size_t outcome =
            terms_find_outcome(&contract->contract->terms, correction->values[i].outcome);
        struct state_cell *cell = cell_at(contract, entry->period, outcome);
        if (cell->dispute != NULL && cell->dispute->decision != NULL) {
            release_cell(contract, cell);
        }
    }
}

static void apply_dispute(struct state_contract *contract, struct state_dispute *made,
                          const struct state_entry *entry)
{
    made->entry = entry;
    if (contract->last_dispute == NULL) {
        contract->disputes = made;
    } else {
        contract->last_dispute->next = made;
    }
    contract->last_dispute = made;
    const struct dispute *dispute = &entry->statement->dispute;
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        size_t outcome = terms_find_outcome(&contract->contract->terms, dispute->outcomes[i]);
        cell_at(contract, entry->period, outcome)->dispute = made;
        contract->held_count++;
    }
}

/* Upheld without values, what was not replaced since the dispute is held until it is. */
static void apply_decision(struct state_contract *contract, struct state_dispute *decided,
                           const struct state_entry *entry)
{
    const struct decision *decision = &entry->statement->decision;
    decided->decision = entry;
    apply_values(contract, entry);
    bool waits = decision->decision == DECISION_UPHELD && decision->value_count == 0;
    const struct dispute *dispute = &decided->entry->statement->dispute;
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        size_t outcome = terms_find_outcome(&contract->contract->terms, dispute->outcomes[i]);
        struct state_cell *cell = cell_at(contract, entry->period, outcome);
        if (!waits || cell->replaced > decided->entry->index) {
            release_cell(contract, cell);
        }
    }
}

static void apply_settlement(struct state_contract *contract, struct state_change *change,
                             struct state_entry *entry)
{
    contract->settled[change->period] = entry;
    if (change->snapshot != NULL) {
        contract->views[change->period].snapshot = STEAL(change->snapshot);
    }
    struct money *credits = contract->credits;
    contract->credits = change->credits;
    change->credits = credits;

    struct rational *earlier = contract->earlier;
    contract->earlier = change->earlier;
    change->earlier = earlier;
    struct money *cap_used = contract->cap_used;
    contract->cap_used = change->cap_used;
    change->cap_used = cap_used;

    struct state_due *due = STEAL(change->new_dues);
    while (due != NULL) { /* bounded by the pays of a settlement */
        if (contract->last_due == NULL) {
            contract->dues = due;
        } else {
            contract->last_due->next = due;
        }
        contract->last_due = due;
        due->settlement = entry;
        due = due->next;
    }
}

static void apply_contents(struct state_contract *contract, struct state_change *change,
                           struct state_entry *entry)
{
    const struct statement *statement = entry->statement;
    switch (change->kind) {
    case KIND_FUNDING:
        apply_funding(contract, change, &statement->funding);
        return;
    case KIND_MEASUREMENT:
        apply_values(contract, entry);
        return;
    case KIND_CORRECTION:
        apply_correction(contract, entry);
        return;
    case KIND_DISPUTE:
        apply_dispute(contract, STEAL(change->new_dispute), entry);
        return;
    case KIND_DECISION:
        apply_decision(contract, change->decided, entry);
        return;
    case KIND_TERMINATION:
        contract->termination = entry;
        return;
    case KIND_SETTLEMENT:
        apply_settlement(contract, change, entry);
        return;
    case KIND_PAYMENT:
        contract->paid = change->total;
        contract->paid_by_line[change->line] = change->line_total;
        change->due->paid = change->due_paid;
        return;
    case KIND_CONTRACT:
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_COUNT:
        return;
    }
}

void contract_apply(struct state *state, struct statement *statement, struct state_change *change)
{
    struct state_contract *contract = change->contract;
    if (change->kind == KIND_CONTRACT) {
        contract = STEAL(change->new_contract);
        size_t slot = state_slot(contract->contract->name);
        contract->next_in_slot = state->contracts[slot];
        state->contracts[slot] = contract;
    }
    struct state_entry *entry = STEAL(change->entry);
    entry->statement = statement;
    entry->index = change->index;
    entry->period = change->period;
    append_entry(contract, entry);
    apply_contents(contract, change, entry);
}
