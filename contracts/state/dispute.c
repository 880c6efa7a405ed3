/* Disputes: contesting what was measured, deciding about it, and what is held meanwhile. */

#include "contracts/state/internal.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

/* --- Dispute --- */

static bool states_outcome(const struct statement *statement, struct view outcome)
{
    size_t count;
    const struct measured_value *values = statement_values(statement, &count);
    for (size_t i = 0; i < count; i++) {
        if (view_equal(values[i].outcome, outcome)) {
            return true;
        }
    }
    return false;
}

static enum status check_contested(const struct state_contract *contract,
                                   const struct state_entry *stated, struct view outcome,
                                   struct failure *failure)
{
    size_t index = outcome_find(contract, outcome);
    if (index == SIZE_MAX || !states_outcome(stated->statement, outcome)) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "", "entry %llu does not state %.*s",
                      (unsigned long long)stated->index, VIEW_ARGS(outcome));
    }
    const struct state_cell *cell = cell_at(contract, stated->period, index);
    enum rule rule = life_refusal(life_of_cell(cell), ON_CELL_DISPUTE);
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "", "entry %llu disputes %.*s already",
                      (unsigned long long)cell->dispute->entry->index, VIEW_ARGS(outcome));
    }
    return STATUS_OK;
}

enum status dispute_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure)
{
    const struct dispute *dispute = &statement->dispute;
    if (!contract_has_any_role(state_newest(contract), dispute->by)) {
        return refuse(failure, RULE_ROLE_PARTY, "/by", "%.*s has no role in %.*s",
                      VIEW_ARGS(dispute->by), VIEW_ARGS(dispute->contract));
    }
    const struct state_entry *stated = measurement_find(contract, &dispute->measurement);
    if (stated == NULL) {
        return refuse_measurement(state_newest(contract), "/measurement", failure);
    }
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        enum status status = check_contested(contract, stated, dispute->outcomes[i], failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "outcomes");
            return status;
        }
    }
    change->period = stated->period;
    change->new_dispute = calloc(1, sizeof *change->new_dispute);
    return change->new_dispute == NULL ? fail_memory(failure) : STATUS_OK;
}

/* --- Decision --- */

/* Who decides: the arbiters, or the payers and investors of a contract without one. */
static bool may_decide(const struct contract *contract, struct view party)
{
    if (contract->roles[ROLE_ARBITER].count > 0) {
        return contract_has_role(contract, ROLE_ARBITER, party);
    }
    return contract_has_role(contract, ROLE_PAYER, party) ||
           contract_has_role(contract, ROLE_INVESTOR, party);
}

static enum status check_decider(const struct contract *contract, const struct decision *decision,
                                 const struct dispute *dispute, struct failure *failure)
{
    if (decision->decision == DECISION_WITHDRAWN) {
        if (!view_equal(decision->by, dispute->by)) {
            return refuse(failure, RULE_ROLE_PARTY, "/by", "only %.*s can withdraw its dispute",
                          VIEW_ARGS(dispute->by));
        }
        return STATUS_OK;
    }
    if (!may_decide(contract, decision->by)) {
        return refuse(failure, RULE_ROLE_PARTY, "/by", "%.*s does not decide disputes of %.*s",
                      VIEW_ARGS(decision->by), VIEW_ARGS(contract->name));
    }
    return STATUS_OK;
}

static bool contests(const struct dispute *dispute, struct view outcome)
{
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        if (view_equal(dispute->outcomes[i], outcome)) {
            return true;
        }
    }
    return false;
}

static enum status check_values(const struct state_contract *contract,
                                const struct decision *decision, const struct state_entry *entry,
                                struct failure *failure)
{
    for (size_t i = 0; i < decision->value_count; i++) {
        if (!contests(&entry->statement->dispute, decision->values[i].outcome)) {
            enum status refused =
                refuse(failure, RULE_OUTCOME_UNKNOWN, "/outcome", "%.*s is not disputed by it",
                       VIEW_ARGS(decision->values[i].outcome));
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "values");
            return refused;
        }
    }
    return replacing_check(contract, decision->values, decision->value_count, entry->period,
                           VIEW(""), failure);
}

enum status decision_check(const struct state_contract *contract, const struct statement *statement,
                           struct state_change *change, struct failure *failure)
{
    const struct decision *decision = &statement->decision;
    struct state_dispute *dispute = contract->disputes;
    while (dispute != NULL && !hash_equal(&dispute->entry->statement->id, &decision->dispute)) {
        dispute = dispute->next; /* bounded by the contract's entries */
    }
    enum rule rule = life_refusal(life_of_dispute(dispute), ON_DISPUTE_DECIDE);
    if (dispute == NULL) {
        return refuse(failure, rule, "/dispute", "%.*s has no such dispute",
                      VIEW_ARGS(decision->contract));
    }
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "/dispute", "entry %llu decided it",
                      (unsigned long long)dispute->decision->index);
    }
    const struct state_entry *entry = dispute->entry;
    TRY(check_decider(state_newest(contract), decision, &entry->statement->dispute, failure));
    TRY(check_values(contract, decision, entry, failure));
    change->decided = dispute;
    change->period = entry->period;
    return STATUS_OK;
}

/* --- What is held --- */

/*
 * A walk back from a pay: which line of which period it depends on, each once, by their places. A
 * line is what it is in the terms that its period was settled by.
 */
struct dependence {
    const struct state_contract *contract;
    size_t own_period; /* of the pay: its lines are those of the settlement that owes it */
    const struct state_version *own_version;
    size_t period; /* of the line that is looked at */
    const struct state_version *version;
    bool *is_seen; /* [period * line_count + line] */
    size_t *pending;
    size_t pending_count;
    const struct state_dispute *dispute; /* the first that was found */
};

static void depend_on(struct dependence *dependence, size_t period, size_t line)
{
    size_t place = period * dependence->contract->tables.line_count + line;
    if (!dependence->is_seen[place]) {
        dependence->is_seen[place] = true;
        dependence->pending[dependence->pending_count] = place;
        dependence->pending_count++;
    }
}

static void visit_operand(void *context, const struct operand *operand)
{
    struct dependence *dependence = context;
    const struct state_contract *contract = dependence->contract;
    const struct state_version *version = dependence->version;
    if (operand->kind == OPERAND_LINE) {
        depend_on(dependence, dependence->period, version->lines[operand->index]);
    } else if (operand->kind == OPERAND_MEASURED) {
        const struct state_cell *cell =
            version_cell(contract, version, operand, dependence->period);
        if (dependence->dispute == NULL) {
            dependence->dispute = cell->dispute;
        }
    } else if (operand->kind == OPERAND_EARLIER) {
        for (size_t i = 0; i < contract->tables.period_count; i++) {
            if (i != dependence->period && contract->tables.periods[i].settled != NULL) {
                depend_on(dependence, i, version->lines[operand->index]);
            }
        }
    }
}

/* Looks at what one line reads, if the terms of its period have it. */
static void visit_line(struct dependence *dependence, size_t place)
{
    const struct state_contract *contract = dependence->contract;
    size_t period = place / contract->tables.line_count;
    dependence->period = period;
    dependence->version = period == dependence->own_period
                              ? dependence->own_version
                              : contract->tables.periods[period].settled->version;
    size_t line = version_line(dependence->version, place % contract->tables.line_count);
    if (line != SIZE_MAX) {
        line_each_operand(&dependence->version->contract->terms.lines[line], visit_operand,
                          dependence);
    }
}

static const struct pay *pay_of(const struct terms *terms, struct view line)
{
    size_t i = 0;
    while (!view_equal(terms->pays[i].line_name, line)) {
        i++; /* bounded: a settled pay is one of its terms' */
        assert(i < terms->pay_count);
    }
    return &terms->pays[i];
}

/* The settlement whose terms have the pay of a due: a withdrawn one is of a settlement before. */
static const struct state_entry *find_owing(const struct state_due *due)
{
    const struct state_entry *entry = due->settlement;
    struct settlement_place place = settlement_pay_place(state_due_pay(due));
    while (settlement_find_pay(entry->settlement, &place, due->pay)->is_withdrawn) {
        entry = entry->supplements; /* bounded by the settlements of a period */
    }
    return entry;
}

static void begin(struct dependence *dependence, const struct state_due *due)
{
    const struct state_entry *owing = find_owing(due);
    const struct state_version *version = owing->version;
    const struct pay *pay = pay_of(&version->contract->terms, state_due_pay(due)->line);
    dependence->own_period = owing->period;
    dependence->own_version = version;
    depend_on(dependence, owing->period, version->lines[pay->line]);
    for (size_t i = 0; i < pay->tranche_count; i++) {
        if (pay->tranches[i].has_up_to) {
            depend_on(dependence, owing->period, version->lines[pay->tranches[i].up_to]);
        }
    }
}

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

enum status state_due_find_dispute(const struct state_contract *contract,
                                   const struct state_due *due,
                                   const struct state_dispute **ret_dispute)
{
    *ret_dispute = NULL;
    if (contract->held_count == 0) {
        return STATUS_OK;
    }
    size_t count = contract->tables.period_count * contract->tables.line_count;
    OWNED(freep) bool *is_seen = calloc(count, sizeof *is_seen);
    OWNED(freep) size_t *pending = calloc(count, sizeof *pending);
    if (is_seen == NULL || pending == NULL) {
        return STATUS_MEMORY;
    }
    struct dependence dependence = {.contract = contract, .is_seen = is_seen, .pending = pending};
    begin(&dependence, due);
    while (dependence.pending_count > 0 && dependence.dispute == NULL) { /* each place once */
        dependence.pending_count--;
        visit_line(&dependence, pending[dependence.pending_count]);
    }
    *ret_dispute = dependence.dispute;
    return STATUS_OK;
}
