#include "contracts/simulation/assumptions.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* --- A life --- */

static size_t measured_count(const struct terms *terms)
{
    return terms->period_count * terms->outcome_count;
}

static struct rational *rationals_new(size_t count)
{
    struct rational *numbers = calloc(count + 1, sizeof *numbers);
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        rational_init(&numbers[i]);
    }
    return numbers;
}

static void rationals_free(struct rational *numbers, size_t count)
{
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        rational_release(&numbers[i]);
    }
    free(numbers);
}

static void number_set(struct assumed_number *number, const struct rational *value)
{
    if (!number->is_set) {
        rational_init(&number->value);
        number->is_set = true;
    }
    rational_set(&number->value, value);
}

static void number_clear(struct assumed_number *number)
{
    if (number->is_set) {
        rational_release(&number->value);
        number->is_set = false;
    }
}

static void numbers_free(struct assumed_number *numbers, size_t count)
{
    for (size_t i = 0; numbers != NULL && i < count; i++) {
        number_clear(&numbers[i]);
    }
    free(numbers);
}

static void measured_free(struct measured_value *measured, size_t count)
{
    for (size_t i = 0; measured != NULL && i < count; i++) {
        for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
            if (measured[i].has[field]) {
                rational_release(&measured[i].fields[field]);
            }
        }
    }
    free(measured);
}

enum status assumptions_init(struct assumptions *assumptions, const struct contract *contract)
{
    const struct terms *terms = &contract->terms;
    const struct role_parties *investors = &contract->roles[ROLE_INVESTOR];
    *assumptions = (struct assumptions){
        .contract = contract,
        .measured = calloc(measured_count(terms) + 1, sizeof *assumptions->measured),
        .earlier = rationals_new(terms->line_count),
        .paid = calloc(terms->line_count + 1, sizeof *assumptions->paid),
        .fundings = calloc(investors->count + 1, sizeof *assumptions->fundings),
        .cap_used = rationals_new(contract->cap_count),
    };
    if (assumptions->measured == NULL || assumptions->earlier == NULL ||
        assumptions->paid == NULL || assumptions->fundings == NULL ||
        assumptions->cap_used == NULL) {
        assumptions_release(assumptions);
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < investors->count; i++) {
        assumptions->fundings[i].investor = investors->parties[i];
        rational_init(&assumptions->fundings[i].total);
    }
    assumptions->funding_count = investors->count;
    return STATUS_OK;
}

void assumptions_release(struct assumptions *assumptions)
{
    if (assumptions->contract == NULL) {
        return;
    }
    const struct terms *terms = &assumptions->contract->terms;
    measured_free(assumptions->measured, measured_count(terms));
    rationals_free(assumptions->earlier, terms->line_count);
    numbers_free(assumptions->paid, terms->line_count);
    number_clear(&assumptions->paid_total);
    for (size_t i = 0; i < assumptions->funding_count; i++) {
        rational_release(&assumptions->fundings[i].total);
    }
    free(assumptions->fundings);
    rationals_free(assumptions->cap_used, assumptions->contract->cap_count);
    *assumptions = (struct assumptions){0};
}

/* --- Measured numbers --- */

static struct measured_value *value_at(const struct assumptions *assumptions,
                                       const struct assumed_cell *cell)
{
    const struct terms *terms = &assumptions->contract->terms;
    assert(cell->outcome < terms->outcome_count);
    assert(cell->period < terms->period_count);
    assert(cell->field < MEASURED_STATED_COUNT);
    return &assumptions->measured[cell->period * terms->outcome_count + cell->outcome];
}

static void measured_set(struct measured_value *measured, enum measured_field field,
                         const struct rational *value)
{
    if (!measured->has[field]) {
        rational_init(&measured->fields[field]);
        measured->has[field] = true;
    }
    rational_set(&measured->fields[field], value);
}

static enum status check_value(const struct measured_value *value, const struct outcome *outcome,
                               struct failure *failure)
{
    TRY(measured_value_check(value, failure));
    return measured_value_check_outcome(value, outcome, failure);
}

/* The place of an outcome, which its name tells; names need no NUL in the statement. */
static void prefix_outcome(const struct outcome *outcome, struct failure *failure)
{
    char name[80];
    (void)snprintf(name, sizeof name, "%.*s", VIEW_ARGS(outcome->name));
    shape_prefix_name(failure, name);
}

enum status assumptions_set_measured(struct assumptions *assumptions,
                                     const struct assumed_cell *cell, const struct rational *value,
                                     struct failure *failure)
{
    const struct outcome *outcome = &assumptions->contract->terms.outcomes[cell->outcome];
    struct measured_value *measured = value_at(assumptions, cell);
    struct measured_value alone = {.outcome = outcome->name};
    alone.has[cell->field] = true;
    alone.fields[cell->field] = *value; /* borrowed: it is only looked at */

    enum status status;
    if (rational_sign(value) < 0 && !measured_field_has_sign(cell->field)) {
        char at[48];
        (void)snprintf(at, sizeof at, "/%s", MEASURED_FIELD_NAMES[cell->field]);
        status = refuse(failure, RULE_MEASUREMENT_RANGE, at, "it is not below zero");
    } else {
        status = check_value(&alone, outcome, failure);
    }
    if (status != STATUS_OK) {
        prefix_outcome(outcome, failure);
        return status;
    }
    measured_set(measured, cell->field, value);
    return STATUS_OK;
}

enum status assumptions_check_measured(const struct assumptions *assumptions,
                                       const struct assumed_cell *cell, struct failure *failure)
{
    const struct outcome *outcome = &assumptions->contract->terms.outcomes[cell->outcome];
    enum status status = check_value(value_at(assumptions, cell), outcome, failure);
    if (status != STATUS_OK) {
        prefix_outcome(outcome, failure);
    }
    return status;
}

void assumptions_clear_measured(struct assumptions *assumptions, const struct assumed_cell *cell)
{
    struct measured_value *measured = value_at(assumptions, cell);
    if (measured->has[cell->field]) {
        rational_release(&measured->fields[cell->field]);
        measured->has[cell->field] = false;
    }
}

const struct rational *assumptions_measured(const struct assumptions *assumptions,
                                            const struct assumed_cell *cell)
{
    const struct measured_value *measured = value_at(assumptions, cell);
    return measured->has[cell->field] ? &measured->fields[cell->field] : NULL;
}

/* --- Sums --- */

static struct assumed_funding *find_funding(const struct assumptions *assumptions,
                                            struct view investor)
{
    for (size_t i = 0; i < assumptions->funding_count; i++) {
        if (view_equal(assumptions->fundings[i].investor, investor)) {
            return &assumptions->fundings[i];
        }
    }
    return NULL;
}

void assumptions_fund_committed(struct assumptions *assumptions)
{
    const struct contract *contract = assumptions->contract;
    for (size_t i = 0; i < contract->commitment_count; i++) {
        struct assumed_funding *funding = find_funding(assumptions, contract->commitments[i].party);
        if (funding != NULL) {
            money_to_rational(contract->commitments[i].amount, &funding->total);
        }
    }
}

enum status assumptions_set_funded(struct assumptions *assumptions, struct view investor,
                                   const struct rational *amount, struct failure *failure)
{
    struct assumed_funding *funding = find_funding(assumptions, investor);
    if (funding == NULL) {
        return refuse(failure, RULE_ROLE_PARTY, "", "%.*s is not an investor of %.*s",
                      VIEW_ARGS(investor), VIEW_ARGS(assumptions->contract->name));
    }
    struct money money;
    if (rational_sign(amount) < 0 ||
        money_from_rational(amount, assumptions->contract->terms.currency, &money) != STATUS_OK) {
        return refuse(failure, RULE_AMOUNT_MALFORMED, "",
                      "what %.*s has placed is an amount of %s, not below zero",
                      VIEW_ARGS(investor), assumptions->contract->terms.currency.code);
    }
    rational_set(&funding->total, amount);
    return STATUS_OK;
}

void assumptions_set_paid(struct assumptions *assumptions, size_t line,
                          const struct rational *value)
{
    number_set(line == SIZE_MAX ? &assumptions->paid_total : &assumptions->paid[line], value);
}

/* What the payers of capped amounts owe by earlier settlements, from the lines that they pay. */
static void count_against_caps(struct assumptions *assumptions)
{
    const struct contract *contract = assumptions->contract;
    for (size_t i = 0; i < contract->cap_count; i++) {
        struct rational *used = &assumptions->cap_used[i];
        rational_set_integer(used, 0);
        for (size_t k = 0; k < contract->terms.pay_count; k++) {
            const struct pay *pay = &contract->terms.pays[k];
            if (view_equal(pay->from, contract->caps[i].party)) {
                /* Too many digits leave the sum as it was; such a sum refuses the settlement. */
                enum status status = rational_add(used, used, &assumptions->earlier[pay->line]);
                (void)status;
            }
        }
    }
}

void assumptions_set_earlier(struct assumptions *assumptions, size_t line,
                             const struct rational *value)
{
    rational_set(&assumptions->earlier[line], value);
    count_against_caps(assumptions);
}

/* --- From the ledger --- */

static void take_measured(struct assumptions *assumptions, const struct state_contract *state,
                          size_t period, size_t outcome)
{
    const struct terms *terms = &assumptions->contract->terms;
    const struct state_cell *cell =
        state_find_cell(state, terms->periods[period].name, terms->outcomes[outcome].name);
    for (unsigned field = 0; field < MEASURED_STATED_COUNT; field++) {
        if (cell != NULL && cell->value != NULL && cell->value->has[field]) {
            const struct assumed_cell place = {outcome, period, (enum measured_field)field};
            measured_set(value_at(assumptions, &place), place.field, &cell->value->fields[field]);
        }
    }
}

static enum status take_lines(struct assumptions *assumptions, const struct state_contract *state,
                              size_t place)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    const struct terms *terms = &assumptions->contract->terms;
    for (size_t i = 0; i < terms->line_count; i++) {
        TRY(state_sum_earlier(state, place, terms->lines[i].name, &assumptions->earlier[i]));
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        TRY(state_sum_paid(state, place, terms->pays[i].line_name, &value));
        number_set(&assumptions->paid[terms->pays[i].line], &value);
    }
    TRY(state_sum_paid(state, place, VIEW(""), &value));
    number_set(&assumptions->paid_total, &value);
    return STATUS_OK;
}

/* What counts against a cap without the settlements of a period, which is settled anew. */
static struct money used_without(const struct state_contract *state, const struct party_money *cap,
                                 struct view period)
{
    struct money used = {.currency = cap->amount.currency};
    size_t place = state_find_period(state, period);
    for (const struct state_entry *entry = state->first; entry != NULL; entry = entry->next) {
        bool is_counted = entry->settlement != NULL && entry->period != place;
        for (size_t i = 0; is_counted && i < entry->settlement->pay_count; i++) {
            const struct settlement_pay *pay = &entry->settlement->pays[i];
            if (view_equal(pay->from, cap->party)) {
                used.minor += pay->amount.minor; /* the ledger kept it below the cap */
            }
        }
    }
    return used;
}

enum status assumptions_take_state(struct assumptions *assumptions,
                                   const struct state_contract *state, size_t settled_period)
{
    const struct terms *terms = &assumptions->contract->terms;
    struct view settled = terms->periods[settled_period].name;
    size_t place = state_find_period(state, settled);
    for (size_t period = 0; period < terms->period_count; period++) {
        for (size_t outcome = 0; outcome < terms->outcome_count; outcome++) {
            take_measured(assumptions, state, period, outcome);
        }
    }
    for (size_t i = 0; i < assumptions->funding_count; i++) {
        struct assumed_funding *funding = &assumptions->fundings[i];
        TRY(state_sum_funded(state, place, funding->investor, &funding->total));
    }
    TRY(take_lines(assumptions, state, place));
    for (size_t i = 0; i < assumptions->contract->cap_count; i++) {
        struct money used = used_without(state, &assumptions->contract->caps[i], settled);
        money_to_rational(used, &assumptions->cap_used[i]);
    }
    return STATUS_OK;
}

/* --- The source --- */

static enum status read_measured(const void *context, size_t outcome, size_t period,
                                 enum measured_field field, struct rational *ret_value)
{
    const struct assumed_cell cell = {outcome, period, field};
    const struct rational *value = assumptions_measured(context, &cell);
    if (value == NULL) {
        return STATUS_NOT_FOUND;
    }
    rational_set(ret_value, value);
    return STATUS_OK;
}

static enum status read_funded(const void *context, struct view investor,
                               struct rational *ret_value)
{
    const struct assumptions *assumptions = context;
    rational_set_integer(ret_value, 0);
    for (size_t i = 0; i < assumptions->funding_count; i++) {
        const struct assumed_funding *funding = &assumptions->fundings[i];
        if (investor.size == 0 || view_equal(funding->investor, investor)) {
            TRY(rational_add(ret_value, ret_value, &funding->total));
        }
    }
    return STATUS_OK;
}

static enum status read_paid_total(const struct assumptions *assumptions,
                                   struct rational *ret_value)
{
    if (assumptions->paid_total.is_set) {
        rational_set(ret_value, &assumptions->paid_total.value);
        return STATUS_OK;
    }
    rational_set_integer(ret_value, 0);
    for (size_t i = 0; i < assumptions->contract->terms.line_count; i++) {
        if (assumptions->paid[i].is_set) {
            TRY(rational_add(ret_value, ret_value, &assumptions->paid[i].value));
        }
    }
    return STATUS_OK;
}

static enum status read_paid(const void *context, size_t line, struct rational *ret_value)
{
    const struct assumptions *assumptions = context;
    if (line == SIZE_MAX) {
        return read_paid_total(assumptions, ret_value);
    }
    const struct assumed_number *paid = &assumptions->paid[line];
    bool is_only_pay = assumptions->contract->terms.pay_count == 1;
    if (!paid->is_set && is_only_pay && assumptions->paid_total.is_set) {
        paid = &assumptions->paid_total;
    }
    if (paid->is_set) {
        rational_set(ret_value, &paid->value);
    } else {
        rational_set_integer(ret_value, 0);
    }
    return STATUS_OK;
}

static enum status read_earlier(const void *context, size_t line, struct rational *ret_value)
{
    const struct assumptions *assumptions = context;
    rational_set(ret_value, &assumptions->earlier[line]);
    return STATUS_OK;
}

struct settlement_source assumptions_source(const struct assumptions *assumptions)
{
    return (struct settlement_source){
        .contract = assumptions->contract,
        .terms =
            {
                .measured = read_measured,
                .funded = read_funded,
                .paid = read_paid,
                .earlier = read_earlier,
                .context = assumptions,
            },
    };
}

/* --- Caps --- */

enum status assumptions_check_caps(const struct assumptions *assumptions,
                                   const struct settlement *settlement, struct failure *failure)
{
    const struct contract *contract = assumptions->contract;
    OWNED(rational_release) struct rational owed;
    OWNED(rational_release) struct rational amount;
    rational_init(&owed);
    rational_init(&amount);
    for (size_t i = 0; i < contract->cap_count; i++) {
        const struct party_money *cap = &contract->caps[i];
        rational_set(&owed, &assumptions->cap_used[i]);
        for (size_t k = 0; k < settlement->pay_count; k++) {
            if (view_equal(settlement->pays[k].from, cap->party)) {
                money_to_rational(settlement->pays[k].amount, &amount);
                TRY(rational_add(&owed, &owed, &amount));
            }
        }
        money_to_rational(cap->amount, &amount);
        if (rational_compare(&owed, &amount) > 0) {
            return refuse(failure, RULE_PAY_ABOVE_CAP, "", "%.*s would owe more than %.*s %.*s",
                          VIEW_ARGS(cap->party), VIEW_ARGS(cap->text.amount),
                          VIEW_ARGS(cap->text.currency));
        }
    }
    return STATUS_OK;
}
