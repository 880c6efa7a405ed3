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
    size_t index = terms_find_outcome(&contract->contract->terms, outcome);
    if (index == SIZE_MAX || !states_outcome(stated->statement, outcome)) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "", "entry %llu does not state %.*s",
                      (unsigned long long)stated->index, VIEW_ARGS(outcome));
    }
    const struct state_dispute *other = cell_at(contract, stated->period, index)->dispute;
    if (other != NULL) {
        return refuse(failure, RULE_DISPUTE_REPEATED, "", "entry %llu disputes %.*s already",
                      (unsigned long long)other->entry->index, VIEW_ARGS(outcome));
    }
    return STATUS_OK;
}

enum status dispute_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure)
{
    const struct dispute *dispute = &statement->dispute;
    if (!contract_has_any_role(contract->contract, dispute->by)) {
        return refuse(failure, RULE_ROLE_PARTY, "/by", "%.*s has no role in %.*s",
                      VIEW_ARGS(dispute->by), VIEW_ARGS(dispute->contract));
    }
    const struct state_entry *stated = measurement_find(contract, &dispute->measurement);
    if (stated == NULL) {
        return refuse_measurement(contract->contract, "/measurement", failure);
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
    if (dispute == NULL) {
        return refuse(failure, RULE_DISPUTE_UNKNOWN, "/dispute", "%.*s has no such dispute",
                      VIEW_ARGS(decision->contract));
    }
    if (dispute->decision != NULL) {
        return refuse(failure, RULE_DECISION_REPEATED, "/dispute", "entry %llu decided it",
                      (unsigned long long)dispute->decision->index);
    }
    const struct state_entry *entry = dispute->entry;
    TRY(check_decider(contract->contract, decision, &entry->statement->dispute, failure));
    TRY(check_values(contract, decision, entry, failure));
    change->decided = dispute;
    change->period = entry->period;
    return STATUS_OK;
}

/* --- What is held --- */

/* A walk back from a pay: which line of which period it depends on, each once. */
struct dependence {
    const struct state_contract *contract;
    size_t period; /* of the line that is looked at */
    bool *is_seen; /* [period * line_count + line] */
    size_t *pending;
    size_t pending_count;
    const struct state_dispute *dispute; /* the first that was found */
};

static void depend_on(struct dependence *dependence, size_t period, size_t line)
{
    size_t place = period * dependence->contract->contract->terms.line_count + line;
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
    if (operand->kind == OPERAND_LINE) {
        depend_on(dependence, dependence->period, operand->index);
    } else if (operand->kind == OPERAND_MEASURED) {
        size_t period =
            operand->period == OPERAND_SETTLED_PERIOD ? dependence->period : operand->period;
        const struct state_dispute *dispute = cell_at(contract, period, operand->index)->dispute;
        if (dependence->dispute == NULL) {
            dependence->dispute = dispute;
        }
    } else if (operand->kind == OPERAND_EARLIER) {
        for (size_t i = 0; i < contract->contract->terms.period_count; i++) {
            if (i != dependence->period && contract->settled[i] != NULL) {
                depend_on(dependence, i, operand->index);
            }
        }
    }
}

static const struct pay *pay_of(const struct terms *terms, struct view line)
{
    size_t i = 0;
    while (!view_equal(terms->pays[i].line_name, line)) {
        i++; /* bounded: a settled pay is one of the contract's */
        assert(i < terms->pay_count);
    }
    return &terms->pays[i];
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
    const struct terms *terms = &contract->contract->terms;
    size_t count = terms->period_count * terms->line_count;
    OWNED(freep) bool *is_seen = calloc(count, sizeof *is_seen);
    OWNED(freep) size_t *pending = calloc(count, sizeof *pending);
    if (is_seen == NULL || pending == NULL) {
        return STATUS_MEMORY;
    }
    struct dependence dependence = {.contract = contract, .is_seen = is_seen, .pending = pending};
    const struct pay *pay = pay_of(terms, state_due_pay(due)->line);
    depend_on(&dependence, due->settlement->period, pay->line);
    for (size_t i = 0; i < pay->tranche_count; i++) {
        if (pay->tranches[i].has_up_to) {
            depend_on(&dependence, due->settlement->period, pay->tranches[i].up_to);
        }
    }
    while (dependence.pending_count > 0 && dependence.dispute == NULL) { /* each place once */
        dependence.pending_count--;
        size_t place = pending[dependence.pending_count];
        dependence.period = place / terms->line_count;
        line_each_operand(&terms->lines[place % terms->line_count], visit_operand, &dependence);
    }
    *ret_dispute = dependence.dispute;
    return STATUS_OK;
}
