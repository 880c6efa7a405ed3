#include "contracts/analysis/inputs.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

bool field_is_ratio(enum measured_field field)
{
    return field == MEASURED_RATIO || field == MEASURED_CONTROL_RATIO;
}

enum measured_field ratio_numerator(enum measured_field ratio)
{
    return ratio == MEASURED_RATIO ? MEASURED_NUMERATOR : MEASURED_CONTROL_NUMERATOR;
}

enum measured_field ratio_denominator(enum measured_field ratio)
{
    return ratio == MEASURED_RATIO ? MEASURED_DENOMINATOR : MEASURED_CONTROL_DENOMINATOR;
}

size_t operand_period(const struct operand *operand, size_t settled)
{
    return operand->period == OPERAND_SETTLED_PERIOD ? settled : operand->period;
}

static size_t cell_of(const struct inputs *inputs, size_t outcome, size_t period,
                      enum measured_field field)
{
    size_t cell = period * inputs->contract->terms.outcome_count + outcome;
    return cell * MEASURED_FIELD_COUNT + field;
}

size_t inputs_measured(const struct inputs *inputs, size_t outcome, size_t period,
                       enum measured_field field)
{
    return inputs->cells[cell_of(inputs, outcome, period, field)];
}

/* --- Domains --- */

static void set_range(struct interval *domain, const struct range *range)
{
    interval_set_ends(domain, range->has_at_least ? &range->at_least : NULL,
                      range->has_at_most ? &range->at_most : NULL);
}

static void meet_not_negative(struct interval *domain)
{
    OWNED(interval_release) struct interval positive;
    OWNED(rational_release) struct rational zero;
    interval_init(&positive);
    rational_init(&zero);
    interval_set_ends(&positive, &zero, NULL);
    interval_meet(domain, domain, &positive);
}

/* A denominator is a decimal and not zero, so it is at least the smallest decimal. */
static void set_denominator(struct interval *domain, const struct range *range)
{
    OWNED(interval_release) struct interval positive;
    OWNED(rational_release) struct rational smallest;
    interval_init(&positive);
    rational_init(&smallest);
    rational_set_fraction(&smallest, 1, DECIMAL_SCALE);
    interval_set_ends(&positive, &smallest, NULL);
    set_range(domain, range);
    interval_meet(domain, domain, &positive);
}

/* A count divided by a count; in the outcome's range, when its unit is that of a ratio. */
static void set_ratio(struct interval *domain, const struct outcome *outcome)
{
    OWNED(interval_release) struct interval range;
    interval_init(&range);
    set_denominator(&range, &outcome->count_range);
    set_range(domain, &outcome->count_range);
    meet_not_negative(domain);
    interval_divide(domain, domain, &range);
    if (outcome->unit.count == 0) {
        set_range(&range, &outcome->range);
        interval_meet(domain, domain, &range);
    }
}

static void set_domain(struct interval *domain, const struct outcome *outcome,
                       enum measured_field field)
{
    switch (field) {
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
        set_range(domain, &outcome->range);
        return;
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_CONTROL_COUNT:
    case MEASURED_CONTROL_NUMERATOR:
        set_range(domain, &outcome->count_range);
        meet_not_negative(domain);
        return;
    case MEASURED_DENOMINATOR:
    case MEASURED_CONTROL_DENOMINATOR:
        set_denominator(domain, &outcome->count_range);
        return;
    case MEASURED_P_VALUE:
        interval_set_integers(domain, 0, 1);
        return;
    case MEASURED_RATIO:
    case MEASURED_CONTROL_RATIO:
        set_ratio(domain, outcome);
        return;
    case MEASURED_FIELD_COUNT:
        break;
    }
    assert(false);
}

/* What an investor can have placed: up to its commitment, which nobody may exceed. */
static void set_funded(struct interval *domain, const struct contract *contract,
                       struct view investor)
{
    OWNED(rational_release) struct rational commitment;
    rational_init(&commitment);
    interval_set_all(domain);
    for (size_t i = 0; i < contract->commitment_count; i++) {
        if (view_equal(contract->commitments[i].party, investor)) {
            money_to_rational(contract->commitments[i].amount, &commitment);
            interval_set_ends(domain, NULL, &commitment);
        }
    }
    meet_not_negative(domain);
}

/* --- Which there are --- */

/* Marks the cells that an operand reads, once for each period that can be settled. */
static void note_measured(struct inputs *inputs, const struct operand *operand)
{
    for (size_t i = 0; i < inputs->contract->terms.period_count; i++) {
        size_t period = operand_period(operand, i);
        inputs->cells[cell_of(inputs, operand->index, period, operand->field)] = 0;
    }
}

static void note_operand(void *context, const struct operand *operand)
{
    struct inputs *inputs = context;
    switch (operand->kind) {
    case OPERAND_MEASURED:
        note_measured(inputs, operand);
        return;
    case OPERAND_FUNDED:
        inputs->is_funded_read = true;
        return;
    case OPERAND_PAID:
        inputs->is_paid_read = true;
        return;
    case OPERAND_EARLIER:
        inputs->is_earlier[operand->index] = true;
        return;
    case OPERAND_LINE:
    case OPERAND_CONSTANT:
    case OPERAND_PERIOD_DAYS:
    case OPERAND_UNPUBLISHED:
        return;
    }
}

/* A ratio follows from its counts where one of them is read, too; then both are inputs. */
static void note_counts(struct inputs *inputs, size_t outcome, size_t period,
                        enum measured_field ratio)
{
    if (inputs_measured(inputs, outcome, period, ratio) == SIZE_MAX) {
        return;
    }
    size_t *numerator = &inputs->cells[cell_of(inputs, outcome, period, ratio_numerator(ratio))];
    size_t *denominator =
        &inputs->cells[cell_of(inputs, outcome, period, ratio_denominator(ratio))];
    if (*numerator != SIZE_MAX || *denominator != SIZE_MAX) {
        *numerator = 0;
        *denominator = 0;
    }
}

static void note_cells(struct inputs *inputs, size_t cell_count)
{
    const struct terms *terms = &inputs->contract->terms;
    for (size_t i = 0; i < cell_count; i++) {
        inputs->cells[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_operand, inputs);
    }
    for (size_t period = 0; period < terms->period_count; period++) {
        for (size_t outcome = 0; outcome < terms->outcome_count; outcome++) {
            note_counts(inputs, outcome, period, MEASURED_RATIO);
            note_counts(inputs, outcome, period, MEASURED_CONTROL_RATIO);
        }
    }
}

static struct input *add_input(struct inputs *inputs, enum input_kind kind)
{
    struct input *input = &inputs->items[inputs->count];
    inputs->count++;
    *input = (struct input){.kind = kind};
    interval_init(&input->domain);
    return input;
}

static void add_measured(struct inputs *inputs, size_t outcome, size_t period,
                         enum measured_field field)
{
    size_t *cell = &inputs->cells[cell_of(inputs, outcome, period, field)];
    if (*cell == SIZE_MAX) {
        return;
    }
    *cell = inputs->count;
    struct input *input = add_input(inputs, INPUT_MEASURED);
    input->outcome = outcome;
    input->period = period;
    input->field = field;
    input->is_derived =
        field_is_ratio(field) &&
        inputs_measured(inputs, outcome, period, ratio_numerator(field)) != SIZE_MAX;
    set_domain(&input->domain, &inputs->contract->terms.outcomes[outcome], field);
}

static void add_all(struct inputs *inputs)
{
    const struct terms *terms = &inputs->contract->terms;
    const struct role_parties *investors = &inputs->contract->roles[ROLE_INVESTOR];
    for (size_t period = 0; period < terms->period_count; period++) {
        for (size_t outcome = 0; outcome < terms->outcome_count; outcome++) {
            for (unsigned field = 0; field < MEASURED_FIELD_COUNT; field++) {
                add_measured(inputs, outcome, period, (enum measured_field)field);
            }
        }
    }
    inputs->first_funded = inputs->count;
    for (size_t i = 0; i < investors->count; i++) {
        struct input *input = add_input(inputs, INPUT_FUNDED);
        input->investor = investors->parties[i];
        set_funded(&input->domain, inputs->contract, input->investor);
    }
    inputs->paid = inputs->count;
    interval_set_integers(&add_input(inputs, INPUT_PAID)->domain, 0, 1);
}

enum status inputs_init(struct inputs *inputs, const struct contract *contract)
{
    const struct terms *terms = &contract->terms;
    size_t cell_count = terms->period_count * terms->outcome_count * MEASURED_FIELD_COUNT;
    *inputs = (struct inputs){.contract = contract};
    inputs->cells = calloc(cell_count + 1, sizeof *inputs->cells);
    inputs->is_earlier = calloc(terms->line_count + 1, sizeof *inputs->is_earlier);
    if (inputs->cells == NULL || inputs->is_earlier == NULL) {
        inputs_release(inputs);
        return STATUS_MEMORY;
    }
    note_cells(inputs, cell_count);
    size_t count = contract->roles[ROLE_INVESTOR].count + 1;
    for (size_t i = 0; i < cell_count; i++) {
        count += inputs->cells[i] != SIZE_MAX;
    }
    inputs->items = calloc(count, sizeof *inputs->items);
    if (inputs->items == NULL) {
        inputs_release(inputs);
        return STATUS_MEMORY;
    }
    add_all(inputs);
    assert(inputs->count == count);
    return STATUS_OK;
}

void inputs_release(struct inputs *inputs)
{
    for (size_t i = 0; inputs->items != NULL && i < inputs->count; i++) {
        interval_release(&inputs->items[i].domain);
    }
    free(inputs->items);
    free(inputs->cells);
    free(inputs->is_earlier);
    *inputs = (struct inputs){0};
}
