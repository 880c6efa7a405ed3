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
    contract->tables.investors[change->investor] = (struct investor_total){
        .party = funding->investor,
        .total = change->investor_amount,
    };
    if (change->investor == contract->tables.investor_count) {
        contract->tables.investor_count++;
    }
}

/* What a measurement states first, and what a correction or decision states in its place. */
static void apply_values(struct state_contract *contract, const struct state_entry *entry)
{
    size_t count;
    const struct measured_value *values = statement_values(entry->statement, &count);
    for (size_t i = 0; i < count; i++) {
        size_t outcome = outcome_find(contract, values[i].outcome);
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

/* Whether an event ends what a dispute holds. */
static bool is_released(const struct state_cell *cell, enum life_event event)
{
    return life_next(life_of_cell(cell), event) == LIFE_CELL_MEASURED;
}

/* A correction releases what an upheld dispute holds; before it is decided, nothing. */
static void apply_correction(struct state_contract *contract, const struct state_entry *entry)
{
    apply_values(contract, entry);
    const struct measurement *correction = &entry->statement->correction.measurement;
    for (size_t i = 0; i < correction->value_count; i++) {
        size_t outcome = outcome_find(contract, correction->values[i].outcome);
        struct state_cell *cell = cell_at(contract, entry->period, outcome);
        if (cell->dispute != NULL && is_released(cell, ON_CELL_CORRECT)) {
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
        size_t outcome = outcome_find(contract, dispute->outcomes[i]);
        cell_at(contract, entry->period, outcome)->dispute = made;
        contract->held_count++;
    }
}

/* Upheld without values, what was not replaced since the dispute is held until it is. */
static void apply_decision(struct state_contract *contract, struct state_dispute *decided,
                           const struct state_entry *entry)
{
    const struct decision *decision = &entry->statement->decision;
    apply_values(contract, entry);
    enum life_event event = decision->decision != DECISION_UPHELD ? ON_CELL_REJECT
                            : decision->value_count > 0           ? ON_CELL_DECIDE_VALUE
                                                                  : ON_CELL_UPHOLD;
    const struct dispute *dispute = &decided->entry->statement->dispute;
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        size_t outcome = outcome_find(contract, dispute->outcomes[i]);
        struct state_cell *cell = cell_at(contract, entry->period, outcome);
        if (is_released(cell, event)) {
            release_cell(contract, cell);
        }
    }
    decided->decision = entry; /* last: until then its cells are those of an open dispute */
}

static void note_settled(struct state_contract *contract, const struct state_version *by)
{
    struct state_version *version = contract->newest;
    while (version != by) { /* bounded: it is one of the contract's */
        version = version->earlier;
    }
    version->has_settled = true;
}

static void apply_settlement(struct state_contract *contract, struct state_change *change,
                             struct state_entry *entry)
{
    struct state_tables *tables = &contract->tables;
    struct state_period *period = &tables->periods[change->period];
    period->settled = entry;
    note_settled(contract, entry->version);
    if (change->snapshot != NULL) {
        period->snapshot = STEAL(change->snapshot);
    }
    struct money *credits = tables->credits.amounts;
    tables->credits.amounts = change->credits;
    change->credits = credits;

    struct rational *earlier = tables->earlier;
    tables->earlier = change->earlier;
    change->earlier = earlier;
    struct money *cap_used = tables->cap_used;
    tables->cap_used = change->cap_used;
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

/* The old tables go with the change; what they pointed to is in the new ones. */
static void apply_amendment(struct state_contract *contract, struct state_change *change,
                            const struct state_entry *entry)
{
    struct state_tables old = contract->tables;
    contract->tables = *change->new_tables;
    *change->new_tables = old;
    struct state_version *version = STEAL(change->new_version);
    version->entry = entry;
    version->earlier = contract->newest;
    contract->newest = version;
    contract->uses_funded = contract->uses_funded || version->uses_funded;
    contract->uses_paid = contract->uses_paid || version->uses_paid;
    contract->uses_earlier = contract->uses_earlier || version->uses_earlier;
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
    case KIND_AMENDMENT:
        apply_amendment(contract, change, entry);
        return;
    case KIND_PAYMENT:
        contract->paid = change->total;
        contract->tables.paid_by_line[change->line] = change->line_total;
        change->due->paid = change->due_paid;
        return;
    case KIND_CONTRACT:
        contract->newest->entry = entry;
        return;
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
        size_t slot = state_slot(state_newest(contract)->name);
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
