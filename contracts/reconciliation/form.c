#include "contracts/reconciliation/form.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* --- What is not known --- */

/* Which sum is not known. */
enum unknown_sum { SUM_KNOWN, SUM_FUNDED, SUM_PAID, SUM_EARLIER };

/* The search for the first line that asks for a sum nobody has told. */
struct unknown {
    const struct terms *terms;
    const struct known_sums *known;
    enum unknown_sum sum;
};

/* What one investor placed; for the empty name, what all of them did. */
static bool is_funded_known(const struct known_sums *known, struct view investor)
{
    for (size_t i = 0; i < known->investors->count; i++) {
        bool counts = investor.size == 0 || view_equal(known->investors->parties[i], investor);
        if (counts && !known->funded[i]) {
            return false;
        }
    }
    return true;
}

static bool is_paid_known(const struct unknown *unknown, size_t line)
{
    if (line != SIZE_MAX) {
        return unknown->known->paid[line];
    }
    for (size_t i = 0; i < unknown->terms->pay_count; i++) {
        if (!unknown->known->paid[unknown->terms->pays[i].line]) {
            return false;
        }
    }
    return true;
}

static void visit_unknown(void *context, const struct operand *operand)
{
    struct unknown *unknown = context;
    if (operand->kind == OPERAND_FUNDED && !is_funded_known(unknown->known, operand->name)) {
        unknown->sum = SUM_FUNDED;
    } else if (operand->kind == OPERAND_PAID && !is_paid_known(unknown, operand->index)) {
        unknown->sum = SUM_PAID;
    } else if (operand->kind == OPERAND_EARLIER && !unknown->known->earlier[operand->index]) {
        unknown->sum = SUM_EARLIER;
    }
}

static enum status refuse_unknown(enum unknown_sum sum, const char *at, struct failure *failure)
{
    switch (sum) {
    case SUM_FUNDED:
        return refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, at,
                      "what the investors had placed is not published (funded)");
    case SUM_PAID:
        return refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, at,
                      "what had been paid before the period is not published (paid)");
    case SUM_EARLIER:
        return refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, at,
                      "a settlement before the period is not published, or could not be computed "
                      "(earlier)");
    case SUM_KNOWN:
        break;
    }
    return STATUS_OK;
}

/* Ends the form at the first of its lines that asks for an unknown sum. */
static void end_at_unknown(const struct terms *terms, const struct known_sums *known,
                           struct period_form *form)
{
    struct unknown unknown = {terms, known, SUM_KNOWN};
    /* A line that was refused may have been so because a sum that is not known counted as zero. */
    for (size_t i = 0; i <= form->line_count && i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], visit_unknown, &unknown);
        if (unknown.sum == SUM_KNOWN) {
            continue;
        }
        char at[32];
        (void)snprintf(at, sizeof at, "/lines/%zu", i);
        form->line_count = i;
        form->is_computed = false;
        form->ends_at_sum = true;
        enum status status = refuse_unknown(unknown.sum, at, &form->failure);
        (void)status; /* it is the form's */
        return;
    }
}

/* --- What is circular --- */

size_t derived_cell_count(const struct terms *terms)
{
    return terms->period_count * terms->outcome_count * MEASURED_STATED_COUNT;
}

size_t derived_cell(const struct derived *derived, const struct assumed_cell *cell)
{
    assert(cell->field < MEASURED_STATED_COUNT);
    return (cell->period * derived->terms->outcome_count + cell->outcome) * MEASURED_STATED_COUNT +
           (size_t)cell->field;
}

static bool is_either_derived(const struct derived *derived, struct assumed_cell cell,
                              enum measured_field numerator, enum measured_field denominator)
{
    cell.field = numerator;
    bool is_derived = derived->cells[derived_cell(derived, &cell)];
    cell.field = denominator;
    return is_derived || derived->cells[derived_cell(derived, &cell)];
}

bool derived_has(const struct derived *derived, const struct assumed_cell *cell)
{
    if (cell->field == MEASURED_RATIO) {
        return is_either_derived(derived, *cell, MEASURED_NUMERATOR, MEASURED_DENOMINATOR);
    }
    if (cell->field == MEASURED_CONTROL_RATIO) {
        return is_either_derived(derived, *cell, MEASURED_CONTROL_NUMERATOR,
                                 MEASURED_CONTROL_DENOMINATOR);
    }
    return derived->cells[derived_cell(derived, cell)];
}
struct circle {
    const struct derived *derived;
    const struct period_form *form;
    size_t period;
    bool is_closed;
};

static void visit_circle(void *context, const struct operand *operand)
{
    struct circle *circle = context;
    const struct assumed_cell cell = {
        .outcome = operand->index,
        .period = operand->period == OPERAND_SETTLED_PERIOD ? circle->period : operand->period,
        .field = operand->field,
    };
    switch (operand->kind) {
    case OPERAND_LINE:
        circle->is_closed = circle->is_closed || circle->form->is_circular[operand->index];
        break;
    case OPERAND_MEASURED:
        circle->is_closed = circle->is_closed || derived_has(circle->derived, &cell);
        break;
    case OPERAND_EARLIER:
        circle->is_closed = circle->is_closed || circle->derived->lines[operand->index];
        break;
    case OPERAND_CONSTANT:
    case OPERAND_FUNDED:
    case OPERAND_PAID:
    case OPERAND_PERIOD_DAYS:
    case OPERAND_UNPUBLISHED:
        break;
    }
}

static void find_circles(const struct terms *terms, size_t period, const struct derived *derived,
                         struct period_form *form)
{
    for (size_t i = 0; i < terms->line_count; i++) {
        struct circle circle = {derived, form, period, false};
        line_each_operand(&terms->lines[i], visit_circle, &circle);
        form->is_circular[i] = circle.is_closed;
    }
}

static bool is_item_circular(const struct period_form *form, const struct derived *derived,
                             size_t period, const struct card_item *item)
{
    struct circle circle = {derived, form, period, false};
    visit_circle(&circle, &item->count);
    visit_circle(&circle, &item->price);
    if (item->has_multiplier) {
        visit_circle(&circle, &item->multiplier);
    }
    if (item->has_count_at_most) {
        visit_circle(&circle, &item->count_at_most);
    }
    if (item->has_amount_at_most) {
        visit_circle(&circle, &item->amount_at_most);
    }
    return circle.is_closed;
}

static bool is_pay_circular(const struct period_form *form, const struct pay *pay)
{
    bool is_closed = form->is_circular[pay->line];
    for (size_t i = 0; i < pay->tranche_count; i++) {
        const struct tranche *tranche = &pay->tranches[i];
        is_closed = is_closed || (tranche->has_up_to && form->is_circular[tranche->up_to]);
    }
    return is_closed;
}

bool period_form_is_circular(const struct period_form *form, const struct derived *derived,
                             size_t period, const struct quantity *quantity)
{
    const struct terms *terms = derived->terms;
    switch (quantity->kind) {
    case QUANTITY_LINE:
        return form->is_circular[quantity->index];
    case QUANTITY_ITEM:
        return is_item_circular(form, derived, period,
                                &terms->lines[quantity->index].items[quantity->item_index]);
    case QUANTITY_PAY:
        return is_pay_circular(form, &terms->pays[quantity->index]);
    case QUANTITY_OUTCOME: {
        const struct assumed_cell cell = {quantity->index, period, quantity->field};
        return derived_has(derived, &cell);
    }
    case QUANTITY_PART:
    case QUANTITY_REFUSAL:
        break;
    }
    return false;
}

/* --- Computing --- */

enum status period_form_compute(const struct assumptions *assumptions, size_t period,
                                const struct known_sums *known, const struct derived *derived,
                                struct period_form *form, struct failure *failure)
{
    const struct terms *terms = &assumptions->contract->terms;
    form->terms = terms;
    settlement_init(&form->settlement);
    form->is_circular = calloc(terms->line_count + 1, sizeof *form->is_circular);
    if (form->is_circular == NULL) {
        return fail_memory(failure);
    }
    find_circles(terms, period, derived, form);

    const struct settlement_source source = assumptions_source(assumptions);
    enum status status = settlement_compute(&source, period, &form->settlement, &form->failure);
    if (status == STATUS_OK && terms->periods[period].binding) {
        status = assumptions_check_caps(assumptions, &form->settlement, &form->failure);
    }
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    form->is_computed = status == STATUS_OK;
    form->line_count = form->settlement.values.count;
    if (status != STATUS_OK && !is_funded_known(known, (struct view){0}) &&
        view_is(view_of(form->failure.code), rule_name(RULE_PAY_UNFUNDED))) {
        enum status refused = refuse_unknown(SUM_FUNDED, form->failure.at, &form->failure);
        (void)refused; /* it is the form's */
    }
    end_at_unknown(terms, known, form);
    return STATUS_OK;
}

void period_form_release(struct period_form *form)
{
    settlement_release(&form->settlement);
    free(form->is_circular);
    *form = (struct period_form){0};
}

/* --- Values --- */

static enum status refused(const struct period_form *form, struct failure *failure)
{
    assert(!form->is_computed);
    *failure = form->failure;
    return form->failure.status;
}

/* An item needs the lines before its own, not the other items. */
static enum status item_value(const struct period_form *form, const struct assumptions *assumptions,
                              size_t period, const struct quantity *quantity,
                              struct rational *ret_value, struct failure *failure)
{
    if (quantity->index > form->line_count ||
        (quantity->index == form->line_count && form->ends_at_sum)) {
        return refused(form, failure);
    }
    const struct settlement_source source = assumptions_source(assumptions);
    const struct terms *terms = &assumptions->contract->terms;
    const struct terms_form computed = {terms, period, &source.terms, &form->settlement.values};
    struct card_result result;
    rational_init(&result.counted);
    rational_init(&result.paid);
    rational_init(&result.amount);
    enum status status = terms_card_item(&computed, &terms->lines[quantity->index],
                                         quantity->item_index, &result, failure);
    if (status == STATUS_OK) {
        rational_set(ret_value, &result.amount);
    }
    rational_release(&result.counted);
    rational_release(&result.paid);
    rational_release(&result.amount);
    return status;
}

/* Whether an amount of the settlement belongs to the pay, the tranche and the receiver. */
static bool is_part(const struct terms *terms, const struct settlement_pay *pay,
                    const struct quantity *quantity)
{
    return view_equal(pay->line, terms->pays[quantity->index].line_name) &&
           (quantity->item.size == 0 || view_equal(pay->tranche, quantity->item)) &&
           (quantity->to.size == 0 || view_equal(pay->to, quantity->to));
}

/* What is owed by a reversed pay counts negative, unless it is asked for by its receiver. */
static enum status pay_value(const struct period_form *form, const struct quantity *quantity,
                             struct rational *ret_value, struct failure *failure)
{
    if (!form->is_computed) {
        return refused(form, failure);
    }
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    rational_set_integer(ret_value, 0);
    for (size_t i = 0; i < form->settlement.pay_count; i++) {
        const struct settlement_pay *pay = &form->settlement.pays[i];
        if (!is_part(form->terms, pay, quantity)) {
            continue;
        }
        money_to_rational(pay->amount, &amount);
        if (pay->is_reversed && quantity->to.size == 0) {
            rational_negate(&amount, &amount);
        }
        TRY(rational_add(ret_value, ret_value, &amount));
    }
    return STATUS_OK;
}

/* Reads it as a line would: so ratios and refusals are those of the terms. */
static enum status outcome_value(const struct period_form *form,
                                 const struct assumptions *assumptions, size_t period,
                                 const struct quantity *quantity, struct rational *ret_value,
                                 struct failure *failure)
{
    const struct settlement_source source = assumptions_source(assumptions);
    const struct terms_form computed = {&assumptions->contract->terms, period, &source.terms,
                                        &form->settlement.values};
    const struct operand operand = {
        .kind = OPERAND_MEASURED,
        .name = quantity->name,
        .field = quantity->field,
        .index = quantity->index,
        .period = OPERAND_SETTLED_PERIOD,
    };
    return terms_operand(&computed, &operand, ret_value, failure);
}

enum status period_form_value(const struct period_form *form, const struct assumptions *assumptions,
                              size_t period, const struct quantity *quantity,
                              struct rational *ret_value, struct failure *failure)
{
    switch (quantity->kind) {
    case QUANTITY_LINE:
        if (quantity->index >= form->line_count) {
            return refused(form, failure);
        }
        rational_set(ret_value, &form->settlement.values.lines[quantity->index].value);
        return STATUS_OK;
    case QUANTITY_ITEM:
        return item_value(form, assumptions, period, quantity, ret_value, failure);
    case QUANTITY_PAY:
        return pay_value(form, quantity, ret_value, failure);
    case QUANTITY_OUTCOME:
        return outcome_value(form, assumptions, period, quantity, ret_value, failure);
    case QUANTITY_PART:
        rational_set(ret_value, &quantity->part);
        return STATUS_OK;
    case QUANTITY_REFUSAL:
        break;
    }
    return refused(form, failure);
}
