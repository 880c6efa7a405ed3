/*
 * Evaluation of the lines, in their order.
 *
 * What a line looks at is decided by the terms, not by chance: every operand of an operation, every
 * comparison of a `when`, both bounds of a clamp; but of `then` and `otherwise` only the result
 * that applies. So a result that nobody published, or measured, is refused only when it is reached.
 */
#include "contracts/terms/evaluation.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

typedef enum status binary_operation(struct rational *target, const struct rational *a,
                                     const struct rational *b);

void terms_values_init(struct terms_values *values)
{
    *values = (struct terms_values){.count = 0};
}

void terms_values_release(struct terms_values *values)
{
    for (size_t i = 0; i < values->capacity; i++) {
        rational_release(&values->lines[i].value);
    }
    free(values->lines);
    terms_values_init(values);
}

static enum status reserve(struct terms_values *values, size_t count)
{
    if (count <= values->capacity) {
        return STATUS_OK;
    }
    struct line_value *lines = realloc(values->lines, count * sizeof *lines);
    if (lines == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = values->capacity; i < count; i++) {
        lines[i] = (struct line_value){.way = WAY_PLAIN};
        rational_init(&lines[i].value);
    }
    values->lines = lines;
    values->capacity = count;
    return STATUS_OK;
}

static enum status take(struct evaluation *evaluation, const struct operand *operand,
                        struct line_value *result, struct failure *failure)
{
    const struct rational *value;
    TRY(evaluation_operand(evaluation, operand, 0, &value, failure));
    rational_set(&result->value, value);
    return STATUS_OK;
}

/* op(op(a, b), c) ... */
static enum status fold(struct evaluation *evaluation, const struct line *line,
                        binary_operation *operation, struct line_value *result,
                        struct failure *failure)
{
    if (line->operand_count == 1) {
        return take(evaluation, &line->operands[0], result, failure);
    }
    const struct rational *left;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &left, failure));
    for (size_t i = 1; i < line->operand_count; i++) {
        const struct rational *right;
        TRY(evaluation_operand(evaluation, &line->operands[i], 1, &right, failure));
        TRY(evaluation_arithmetic(operation(&result->value, left, right), line, failure));
        left = &result->value;
    }
    return STATUS_OK;
}

/* The operand that compares with each other one as `order` says: 1 for the largest, -1. */
static enum status extreme(struct evaluation *evaluation, const struct line *line, int order,
                           struct line_value *result, struct failure *failure)
{
    TRY(take(evaluation, &line->operands[0], result, failure));
    for (size_t i = 1; i < line->operand_count; i++) {
        const struct rational *value;
        TRY(evaluation_operand(evaluation, &line->operands[i], 0, &value, failure));
        int compared = rational_compare(value, &result->value);
        if (order > 0 ? compared > 0 : compared < 0) {
            rational_set(&result->value, value);
        }
    }
    return STATUS_OK;
}

/* min(max(x, at_least), at_most) */
static enum status clamp(struct evaluation *evaluation, const struct line *line,
                         struct line_value *result, struct failure *failure)
{
    const struct rational *value;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &value, failure));
    if (line->has_at_least) {
        const struct rational *at_least;
        TRY(evaluation_operand(evaluation, &line->at_least, 1, &at_least, failure));
        if (rational_compare(value, at_least) < 0) {
            value = at_least;
            result->way = WAY_HELD_AT_LEAST;
        }
    }
    if (line->has_at_most) {
        const struct rational *at_most;
        TRY(evaluation_operand(evaluation, &line->at_most, 2, &at_most, failure));
        if (rational_compare(value, at_most) > 0) {
            value = at_most;
            result->way = WAY_HELD_AT_MOST;
        }
    }
    rational_set(&result->value, value);
    return STATUS_OK;
}

static bool step_applies(const struct step *step, const struct rational *value)
{
    int order = rational_compare(value, &step->threshold.constant);
    return step->is_above ? order > 0 : order >= 0;
}

/* How many steps apply. They ascend, so those are the first ones. */
static size_t count_applying(const struct line *line, const struct rational *value)
{
    size_t low = 0;
    size_t high = line->step_count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        if (step_applies(&line->steps[middle], value)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static enum status tiers(struct evaluation *evaluation, const struct line *line,
                         struct line_value *result, struct failure *failure)
{
    const struct rational *value;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &value, failure));
    size_t applying = count_applying(line, value);
    if (applying == 0) {
        result->way = WAY_OTHERWISE;
        return take(evaluation, &line->otherwise, result, failure);
    }
    result->way = WAY_STEP;
    result->step = applying - 1;
    return take(evaluation, &line->steps[applying - 1].then, result, failure);
}

/* y0 + (x - x0) * (y1 - y0) / (x1 - x0); bounds.c bounds each step of it. */
static enum status interpolate(struct evaluation *evaluation, const struct step *points,
                               const struct rational *x, struct rational *result)
{
    const struct rational *x0 = &points[0].threshold.constant;
    const struct rational *y0 = &points[0].then.constant;
    struct rational *difference = &evaluation->scratch[1];

    TRY(rational_subtract(result, x, x0));
    TRY(rational_subtract(difference, &points[1].then.constant, y0));
    TRY(rational_multiply(result, result, difference));
    TRY(rational_subtract(difference, &points[1].threshold.constant, x0));
    TRY(rational_divide(result, result, difference));
    return rational_add(result, result, y0);
}

static enum status curve(struct evaluation *evaluation, const struct line *line,
                         struct line_value *result, struct failure *failure)
{
    const struct rational *x;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &x, failure));

    const size_t last = line->step_count - 1;
    if (rational_compare(x, &line->steps[0].threshold.constant) < 0) {
        result->way = WAY_BELOW_FIRST;
        rational_set(&result->value, &line->steps[0].then.constant);
        return STATUS_OK;
    }
    if (rational_compare(x, &line->steps[last].threshold.constant) > 0) {
        result->way = WAY_ABOVE_LAST;
        rational_set(&result->value, &line->steps[last].then.constant);
        return STATUS_OK;
    }
    /* At the last point the segment before it is used. */
    size_t reached = count_applying(line, x);
    result->way = WAY_STEP;
    result->step = reached <= last ? reached - 1 : last - 1;
    return evaluation_arithmetic(
        interpolate(evaluation, &line->steps[result->step], x, &result->value), line, failure);
}

/* Full blocks first, then the one in which the value ends. */
static enum status brackets(struct evaluation *evaluation, const struct line *line,
                            struct line_value *result, struct failure *failure)
{
    const struct rational *x;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &x, failure));
    const size_t reached = evaluation_blocks_reached(line, x);
    rational_set_integer(&result->value, 0);
    result->way = reached == 0 ? WAY_BELOW_FIRST : WAY_STEP;
    result->step = reached == 0 ? 0 : reached - 1;
    for (size_t i = 0; i < reached; i++) {
        struct block_result *block = &evaluation->block;
        TRY(evaluation_block(evaluation, line, i, x, block, failure));
        TRY(evaluation_arithmetic(rational_add(&result->value, &result->value, &block->amount),
                                  line, failure));
    }
    return STATUS_OK;
}

static enum status rate_card(struct evaluation *evaluation, const struct line *line,
                             struct line_value *result, struct failure *failure)
{
    rational_set_integer(&result->value, 0);
    for (size_t i = 0; i < line->item_count; i++) {
        struct card_result *item = &evaluation->item;
        TRY(evaluation_card_item(evaluation, line, i, item, failure));
        TRY(evaluation_arithmetic(rational_add(&result->value, &result->value, &item->amount), line,
                                  failure));
    }
    return STATUS_OK;
}

static enum status by_period(struct evaluation *evaluation, const struct line *line,
                             struct line_value *result, struct failure *failure)
{
    for (size_t i = 0; i < line->case_count; i++) {
        if (line->cases[i].period == evaluation->period) {
            result->way = WAY_STEP;
            result->step = i;
            return take(evaluation, &line->cases[i].then, result, failure);
        }
    }
    assert(line->has_otherwise); /* else every period has a row */
    result->way = WAY_OTHERWISE;
    return take(evaluation, &line->otherwise, result, failure);
}

/* x * rate * days / basis */
static enum status simple_interest(struct evaluation *evaluation, const struct line *line,
                                   const struct rational *x, const struct rational *rate,
                                   struct rational *result, struct failure *failure)
{
    struct day_span span;
    TRY(terms_day_span(line, &evaluation->terms->periods[evaluation->period], &span, failure));
    struct rational *years = &evaluation->scratch[2];
    rational_set_fraction(years, span.days, span.basis);
    TRY(evaluation_arithmetic(rational_multiply(result, x, rate), line, failure));
    return evaluation_arithmetic(rational_multiply(result, result, years), line, failure);
}

/* x * ((1 + rate)^periods - 1); bounds.c bounds each step of it. */
static enum status compound_interest(struct evaluation *evaluation, const struct line *line,
                                     const struct rational *x, const struct rational *rate,
                                     struct rational *result)
{
    struct rational *one = &evaluation->scratch[2];
    rational_set_integer(one, 1);
    TRY(rational_add(result, one, rate));
    TRY(rational_power(result, result, line->exponent));
    TRY(rational_subtract(result, result, one));
    return rational_multiply(result, result, x);
}

static enum status interest(struct evaluation *evaluation, const struct line *line,
                            struct line_value *result, struct failure *failure)
{
    const struct rational *x;
    const struct rational *rate;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &x, failure));
    TRY(evaluation_operand(evaluation, &line->operands[1], 1, &rate, failure));
    if (!line->is_compound) {
        return simple_interest(evaluation, line, x, rate, &result->value, failure);
    }
    return evaluation_arithmetic(compound_interest(evaluation, line, x, rate, &result->value), line,
                                 failure);
}

/* x * current / base */
static enum status index_by(struct evaluation *evaluation, const struct line *line,
                            struct line_value *result, struct failure *failure)
{
    const struct rational *values[3]; /* x, base, current */
    for (size_t i = 0; i < 3; i++) {
        TRY(evaluation_operand(evaluation, &line->operands[i], i, &values[i], failure));
    }
    TRY(evaluation_arithmetic(rational_multiply(&result->value, values[0], values[2]), line,
                              failure));
    return evaluation_arithmetic(rational_divide(&result->value, &result->value, values[1]), line,
                                 failure);
}

static enum status when(struct evaluation *evaluation, const struct line *line,
                        struct line_value *result, struct failure *failure)
{
    bool holds;
    TRY(evaluation_condition(evaluation, line, 0, &holds, failure));
    result->way = holds ? WAY_THEN : WAY_OTHERWISE;
    return take(evaluation, holds ? &line->then : &line->otherwise, result, failure);
}

/* The operations of one operand and a fixed number. */
static enum status transform(struct evaluation *evaluation, const struct line *line,
                             struct line_value *result, struct failure *failure)
{
    const struct rational *value;
    TRY(evaluation_operand(evaluation, &line->operands[0], 0, &value, failure));
    if (line->operation == OPERATION_NEGATE) {
        rational_negate(&result->value, value);
        return STATUS_OK;
    }
    if (line->operation == OPERATION_POWER) {
        return evaluation_arithmetic(rational_power(&result->value, value, line->exponent), line,
                                     failure);
    }
    assert(line->operation == OPERATION_ROUND);
    TRY(evaluation_arithmetic(rational_round(&result->value, value, &line->to.constant, line->by),
                              line, failure));
    result->way = rational_compare(&result->value, value) == 0 ? WAY_PLAIN : WAY_ROUNDED;
    return STATUS_OK;
}

static enum status compute(struct evaluation *evaluation, const struct line *line,
                           struct line_value *result, struct failure *failure)
{
    result->way = WAY_PLAIN;
    result->step = 0;
    switch (line->operation) {
    case OPERATION_TAKE:
        return take(evaluation, &line->operands[0], result, failure);
    case OPERATION_ADD:
        return fold(evaluation, line, rational_add, result, failure);
    case OPERATION_SUBTRACT:
        return fold(evaluation, line, rational_subtract, result, failure);
    case OPERATION_MULTIPLY:
        return fold(evaluation, line, rational_multiply, result, failure);
    case OPERATION_DIVIDE:
        return fold(evaluation, line, rational_divide, result, failure);
    case OPERATION_MINIMUM:
        return extreme(evaluation, line, -1, result, failure);
    case OPERATION_MAXIMUM:
        return extreme(evaluation, line, 1, result, failure);
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_ROUND:
        return transform(evaluation, line, result, failure);
    case OPERATION_CLAMP:
        return clamp(evaluation, line, result, failure);
    case OPERATION_TIERS:
        return tiers(evaluation, line, result, failure);
    case OPERATION_CURVE:
        return curve(evaluation, line, result, failure);
    case OPERATION_BRACKETS:
        return brackets(evaluation, line, result, failure);
    case OPERATION_RATE_CARD:
        return rate_card(evaluation, line, result, failure);
    case OPERATION_BY_PERIOD:
        return by_period(evaluation, line, result, failure);
    case OPERATION_INTEREST:
        return interest(evaluation, line, result, failure);
    case OPERATION_INDEX:
        return index_by(evaluation, line, result, failure);
    case OPERATION_WHEN:
        return when(evaluation, line, result, failure);
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}

enum status terms_evaluate(const struct terms *terms, size_t period,
                           const struct terms_source *source, struct terms_values *values,
                           struct failure *failure)
{
    values->count = 0;
    if (reserve(values, terms->line_count) != STATUS_OK) {
        return fail_memory(failure);
    }
    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, terms, period, source, values);
    for (size_t i = 0; i < terms->line_count; i++) {
        enum status status = compute(&evaluation, &terms->lines[i], &values->lines[i], failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "lines");
            return status;
        }
        values->count = i + 1;
    }
    return STATUS_OK;
}
