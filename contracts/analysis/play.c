#include "contracts/analysis/play.h"

#include "ledger/base/ownership.h"

#include <stdint.h>

enum status play_init(struct play *play, const struct inputs *inputs)
{
    *play = (struct play){.inputs = inputs};
    enum status status = assumptions_init(&play->assumptions, inputs->contract);
    if (status != STATUS_OK) {
        *play = (struct play){.inputs = NULL};
        return status;
    }
    play->source = assumptions_source(&play->assumptions);
    settlement_init(&play->settlement);
    rational_init(&play->paid);
    return STATUS_OK;
}

void play_release(struct play *play)
{
    if (play->inputs == NULL) {
        return;
    }
    assumptions_release(&play->assumptions);
    settlement_release(&play->settlement);
    rational_release(&play->paid);
    *play = (struct play){.inputs = NULL};
}

/* --- Choosing --- */

/* Whether it can be written as a decimal. */
static bool is_decimal(const struct rational *value)
{
    OWNED(rational_release) struct rational scaled;
    OWNED(rational_release) struct rational scale;
    rational_init(&scaled);
    rational_init(&scale);
    rational_set_integer(&scale, DECIMAL_SCALE);
    return rational_multiply(&scaled, value, &scale) == STATUS_OK && rational_is_integer(&scaled) &&
           rational_numerator_digits(&scaled) <=
               DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX;
}

static bool set_cell(struct play *play, const struct input *input, enum measured_field field,
                     const struct rational *value)
{
    const struct assumed_cell cell = {input->outcome, input->period, field};
    return is_decimal(value) &&
           assumptions_set_measured(&play->assumptions, &cell, value, NULL) == STATUS_OK;
}

/* A ratio of some denominator. */
static bool set_ratio_of(struct play *play, const struct input *input, const struct rational *ratio,
                         const struct rational *denominator)
{
    OWNED(rational_release) struct rational numerator;
    rational_init(&numerator);
    return rational_sign(denominator) > 0 &&
           rational_multiply(&numerator, ratio, denominator) == STATUS_OK &&
           set_cell(play, input, ratio_numerator(input->field), &numerator) &&
           set_cell(play, input, ratio_denominator(input->field), denominator);
}

static bool set_ratio(struct play *play, const struct input *input, const struct rational *ratio)
{
    static const int64_t denominators[] = {100, 1, 10, 1000, 1000000};
    const struct outcome *outcome = &play->inputs->contract->terms.outcomes[input->outcome];
    const struct range *range = &outcome->count_range;
    if ((range->has_at_most && set_ratio_of(play, input, ratio, &range->at_most)) ||
        (range->has_at_least && set_ratio_of(play, input, ratio, &range->at_least))) {
        return true;
    }
    OWNED(rational_release) struct rational denominator;
    rational_init(&denominator);
    for (size_t i = 0; i < sizeof denominators / sizeof denominators[0]; i++) {
        rational_set_integer(&denominator, denominators[i]);
        if (set_ratio_of(play, input, ratio, &denominator)) {
            return true;
        }
    }
    return false;
}

bool play_set(struct play *play, size_t index, const struct rational *value)
{
    const struct input *input = &play->inputs->items[index];
    if (!interval_contains(&input->domain, value)) {
        return false;
    }
    switch (input->kind) {
    case INPUT_MEASURED:
        return field_is_ratio(input->field) ? input->is_derived || set_ratio(play, input, value)
                                            : set_cell(play, input, input->field, value);
    case INPUT_FUNDED:
        return assumptions_set_funded(&play->assumptions, input->investor, value, NULL) ==
               STATUS_OK;
    case INPUT_PAID:
        rational_set(&play->paid, value);
        return true;
    }
    return false;
}

static void clear_cell(struct play *play, const struct input *input, enum measured_field field)
{
    const struct assumed_cell cell = {input->outcome, input->period, field};
    assumptions_clear_measured(&play->assumptions, &cell);
}

void play_clear(struct play *play, size_t index)
{
    const struct input *input = &play->inputs->items[index];
    OWNED(rational_release) struct rational zero;
    rational_init(&zero);
    enum status status = STATUS_OK;
    switch (input->kind) {
    case INPUT_MEASURED:
        if (field_is_ratio(input->field)) {
            clear_cell(play, input, ratio_numerator(input->field));
            clear_cell(play, input, ratio_denominator(input->field));
        } else {
            clear_cell(play, input, input->field);
        }
        return;
    case INPUT_FUNDED:
        status = assumptions_set_funded(&play->assumptions, input->investor, &zero, NULL);
        (void)status; /* an investor, and an amount */
        return;
    case INPUT_PAID:
        rational_set(&play->paid, &zero);
        return;
    }
}

bool play_is_consistent(const struct play *play, size_t index)
{
    const struct input *input = &play->inputs->items[index];
    const struct assumed_cell cell = {input->outcome, input->period, MEASURED_VALUE};
    return input->kind != INPUT_MEASURED ||
           assumptions_check_measured(&play->assumptions, &cell, NULL) == STATUS_OK;
}

/* --- A life --- */

/* One number that a sum of the past can be. */
static void choose_past(const struct interval *can_be, struct rational *ret_sum)
{
    rational_set_integer(ret_sum, 0);
    if (can_be != NULL && can_be->has_greatest) {
        rational_set(ret_sum, &can_be->greatest);
    } else if (can_be != NULL && can_be->has_least) {
        rational_set(ret_sum, &can_be->least);
    }
}

void play_begin(struct play *play)
{
    const struct terms *terms = &play->inputs->contract->terms;
    const struct past *past = play->inputs->past;
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    for (size_t i = 0; i < terms->line_count; i++) {
        if (play->inputs->is_earlier[i]) {
            choose_past(past == NULL ? NULL : &past->earlier[i], &sum);
            assumptions_set_earlier(&play->assumptions, i, &sum);
        }
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        size_t line = terms->pays[i].line;
        choose_past(past == NULL ? NULL : &past->settled[line], &sum);
        if (rational_multiply(&sum, &sum, &play->paid) != STATUS_OK) {
            rational_set_integer(&sum, 0); /* none of it is paid, which is possible */
        }
        assumptions_set_paid(&play->assumptions, line, &sum);
    }
}

enum status play_compute(struct play *play, size_t period, struct failure *failure)
{
    play->period = period;
    play->evaluations++;
    play->work += play->inputs->contract->terms.line_count;
    return settlement_compute(&play->source, period, &play->settlement, failure);
}

enum status play_settle(struct play *play)
{
    const struct terms *terms = &play->inputs->contract->terms;
    struct assumptions *assumptions = &play->assumptions;
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    for (size_t i = 0; i < terms->line_count; i++) {
        if (play->inputs->is_earlier[i]) {
            TRY(rational_add(&sum, &assumptions->earlier[i],
                             &play->settlement.values.lines[i].value));
            assumptions_set_earlier(assumptions, i, &sum);
        }
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        size_t line = terms->pays[i].line;
        TRY(rational_multiply(&sum, &play->settlement.values.lines[line].value, &play->paid));
        TRY(rational_add(&sum, &sum, &assumptions->paid[line].value));
        assumptions_set_paid(assumptions, line, &sum);
    }
    return STATUS_OK;
}

void play_owed(const struct play *play, struct view party, struct rational *ret_owed)
{
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    rational_set_integer(ret_owed, 0);
    for (size_t i = 0; i < play->settlement.pay_count; i++) {
        const struct settlement_pay *pay = &play->settlement.pays[i];
        if (view_equal(pay->from, party)) {
            money_to_rational(pay->amount, &amount);
            enum status status = rational_add(ret_owed, ret_owed, &amount);
            (void)status; /* few amounts of 18 digits */
        }
    }
}

bool play_operand(const struct play *play, size_t line, const struct operand *operand,
                  struct rational *ret_value)
{
    const struct terms_form form = {
        .terms = &play->inputs->contract->terms,
        .period = play->period,
        .source = &play->source.terms,
        .values = &play->settlement.values,
    };
    return play->settlement.values.count >= line &&
           terms_operand(&form, operand, ret_value, NULL) == STATUS_OK;
}
