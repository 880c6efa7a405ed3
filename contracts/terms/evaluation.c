#include "contracts/terms/evaluation.h"
#include "contracts/rule/rule.h"

#include <assert.h>

void evaluation_init(struct evaluation *evaluation, const struct terms *terms, size_t period,
                     const struct terms_source *source, const struct terms_values *values)
{
    assert(period < terms->period_count);
    *evaluation =
        (struct evaluation){.terms = terms, .period = period, .source = source, .values = values};
    for (size_t i = 0; i < EVALUATION_SCRATCH_COUNT; i++) {
        rational_init(&evaluation->scratch[i]);
    }
    rational_init(&evaluation->divisor);
    card_result_init(&evaluation->item);
    block_result_init(&evaluation->block);
}

void evaluation_release(struct evaluation *evaluation)
{
    for (size_t i = 0; i < EVALUATION_SCRATCH_COUNT; i++) {
        rational_release(&evaluation->scratch[i]);
    }
    rational_release(&evaluation->divisor);
    card_result_release(&evaluation->item);
    block_result_release(&evaluation->block);
}

void card_result_init(struct card_result *result)
{
    *result = (struct card_result){.is_count_held = false};
    rational_init(&result->counted);
    rational_init(&result->paid);
    rational_init(&result->amount);
}

void card_result_release(struct card_result *result)
{
    rational_release(&result->counted);
    rational_release(&result->paid);
    rational_release(&result->amount);
}

void block_result_init(struct block_result *result)
{
    rational_init(&result->width);
    rational_init(&result->amount);
}

void block_result_release(struct block_result *result)
{
    rational_release(&result->width);
    rational_release(&result->amount);
}

enum status evaluation_arithmetic(enum status status, const struct line *line,
                                  struct failure *failure)
{
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                      "line \"%.*s\" would divide by zero", VIEW_ARGS(line->name));
    }
    return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                  "line \"%.*s\" needs more than %d digits", VIEW_ARGS(line->name),
                  RATIONAL_DIGITS_MAX);
}

/* --- Operands --- */

/* Passes on what a source answered, with a reason when it failed. */
static enum status from_source(enum status status, const char *what, struct failure *failure)
{
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    return fail(failure, status, "", "%s is not to be had", what);
}

/* A number that the evaluator stated. */
static enum status stated(struct evaluation *evaluation, const struct operand *operand,
                          enum measured_field field, struct rational *ret_value,
                          struct failure *failure)
{
    const struct terms *terms = evaluation->terms;
    const struct terms_source *source = evaluation->source;
    size_t period =
        operand->period == OPERAND_SETTLED_PERIOD ? evaluation->period : operand->period;
    enum status status =
        source->measured(source->context, operand->index, period, field, ret_value);
    if (status == STATUS_NOT_FOUND) {
        return refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, "",
                      "outcome \"%.*s\" has no %s for period \"%.*s\"", VIEW_ARGS(operand->name),
                      MEASURED_FIELD_NAMES[field], VIEW_ARGS(terms->periods[period].name));
    }
    return from_source(status, "a measured value", failure);
}

/* A ratio is its two counts divided, exactly, wherever it is read. */
static enum status ratio(struct evaluation *evaluation, const struct operand *operand,
                         enum measured_field numerator, enum measured_field denominator,
                         struct rational *ret_value, struct failure *failure)
{
    TRY(stated(evaluation, operand, numerator, ret_value, failure));
    TRY(stated(evaluation, operand, denominator, &evaluation->divisor, failure));
    if (rational_divide(ret_value, ret_value, &evaluation->divisor) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                      "outcome \"%.*s\" has a %s of zero", VIEW_ARGS(operand->name),
                      MEASURED_FIELD_NAMES[denominator]);
    }
    return STATUS_OK;
}

static enum status measured_value(struct evaluation *evaluation, const struct operand *operand,
                                  struct rational *ret_value, struct failure *failure)
{
    if (operand->field == MEASURED_RATIO) {
        return ratio(evaluation, operand, MEASURED_NUMERATOR, MEASURED_DENOMINATOR, ret_value,
                     failure);
    }
    if (operand->field == MEASURED_CONTROL_RATIO) {
        return ratio(evaluation, operand, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_DENOMINATOR,
                     ret_value, failure);
    }
    return stated(evaluation, operand, operand->field, ret_value, failure);
}

enum status evaluation_operand(struct evaluation *evaluation, const struct operand *operand,
                               size_t place, const struct rational **ret_value,
                               struct failure *failure)
{
    assert(place < EVALUATION_SCRATCH_COUNT);
    struct rational *scratch = &evaluation->scratch[place];
    const struct terms_source *source = evaluation->source;
    const struct period *period = &evaluation->terms->periods[evaluation->period];
    *ret_value = scratch;
    switch (operand->kind) {
    case OPERAND_LINE:
        assert(operand->index < evaluation->values->count);
        *ret_value = &evaluation->values->lines[operand->index].value;
        return STATUS_OK;
    case OPERAND_CONSTANT:
        *ret_value = &operand->constant;
        return STATUS_OK;
    case OPERAND_MEASURED:
        return measured_value(evaluation, operand, scratch, failure);
    case OPERAND_FUNDED:
        return from_source(source->funded(source->context, operand->name, scratch),
                           "what was funded", failure);
    case OPERAND_PAID:
        return from_source(source->paid(source->context, operand->index, scratch), "what was paid",
                           failure);
    case OPERAND_EARLIER:
        return from_source(source->earlier(source->context, operand->index, scratch),
                           "a sum of earlier settlements", failure);
    case OPERAND_PERIOD_DAYS:
        rational_set_integer(scratch, date_days_inclusive(period->from, period->to));
        return STATUS_OK;
    case OPERAND_UNPUBLISHED:
        return refuse(failure, RULE_TERMS_NOT_PUBLISHED, "",
                      "the published terms do not say what applies here");
    }
    assert(false);
    return STATUS_INVALID;
}

/* --- Conditions --- */

/* Whether what was measured is significant; `high` is read for an interval's exclusion only. */
static bool is_significant(enum significance significance, const struct rational *measured,
                           const struct rational *level, const struct rational *high)
{
    int order = rational_compare(measured, level);
    switch (significance) {
    case SIGNIFICANCE_P_BELOW:
    case SIGNIFICANCE_INTERVAL_BELOW:
        return order < 0;
    case SIGNIFICANCE_P_AT_MOST:
        return order <= 0;
    case SIGNIFICANCE_INTERVAL_ABOVE:
        return order > 0;
    case SIGNIFICANCE_INTERVAL_EXCLUDES:
        return order > 0 || rational_compare(high, level) < 0;
    case SIGNIFICANCE_COUNT:
        break;
    }
    assert(false);
    return false;
}

static enum status compare(struct evaluation *evaluation, const struct condition *condition,
                           bool *ret_holds, struct failure *failure)
{
    const struct rational *values[3] = {NULL};
    const size_t count = condition_operand_count(condition);
    assert(count >= 2 && count <= 3);
    for (size_t i = 0; i < count; i++) {
        TRY(evaluation_operand(evaluation, &condition->operands[i], i, &values[i], failure));
    }
    if (condition->kind == CONDITION_SIGNIFICANT) {
        *ret_holds = is_significant(condition->significance, values[0], values[1], values[2]);
        return STATUS_OK;
    }
    int order = rational_compare(values[0], values[1]);
    switch (condition->kind) {
    case CONDITION_AT_LEAST:
        *ret_holds = order >= 0;
        return STATUS_OK;
    case CONDITION_ABOVE:
        *ret_holds = order > 0;
        return STATUS_OK;
    case CONDITION_AT_MOST:
        *ret_holds = order <= 0;
        return STATUS_OK;
    case CONDITION_BELOW:
        *ret_holds = order < 0;
        return STATUS_OK;
    case CONDITION_EQUALS:
        *ret_holds = order == 0;
        return STATUS_OK;
    case CONDITION_SIGNIFICANT:
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_NOT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}

static bool is_comparison(const struct condition *condition)
{
    return condition->kind >= CONDITION_AT_LEAST;
}

/* Whether `all`, `any` or `not` at `node` holds, when its children are known. */
static bool combine(const struct condition *conditions, size_t node, const bool *holds)
{
    const struct condition *condition = &conditions[node];
    if (condition->kind == CONDITION_NOT) {
        return !holds[node + 1];
    }
    bool is_all = condition->kind == CONDITION_ALL;
    for (size_t child = node + 1; child < node + condition->size; child += conditions[child].size) {
        if (holds[child] != is_all) {
            return !is_all;
        }
    }
    return is_all;
}

enum status evaluation_condition(struct evaluation *evaluation, const struct line *line,
                                 size_t node, bool *ret_holds, struct failure *failure)
{
    const struct condition *conditions = line->conditions;
    const size_t end = node + conditions[node].size;
    assert(end <= TERMS_CONDITIONS_MAX);
    bool holds[TERMS_CONDITIONS_MAX];

    for (size_t i = node; i < end; i++) {
        if (!is_comparison(&conditions[i])) {
            continue;
        }
        TRY(compare(evaluation, &conditions[i], &holds[i], failure));
    }
    /* Children stand after their parent, so going backwards meets them first. */
    for (size_t i = end; i-- > node;) {
        if (!is_comparison(&conditions[i])) {
            holds[i] = combine(conditions, i, holds);
        }
    }
    *ret_holds = holds[node];
    return STATUS_OK;
}

/* --- Parts of a table, and time --- */

/* min(min(count, count_at_most) * price * multiplier, amount_at_most) */
enum status evaluation_card_item(struct evaluation *evaluation, const struct line *line,
                                 size_t item, struct card_result *ret_result,
                                 struct failure *failure)
{
    assert(item < line->item_count);

    const struct card_item *card_item = &line->items[item];
    const struct rational *value;
    ret_result->is_count_held = false;
    ret_result->is_amount_held = false;
    TRY(evaluation_operand(evaluation, &card_item->count, 0, &value, failure));
    rational_set(&ret_result->counted, value);
    if (card_item->has_count_at_most) {
        const struct rational *at_most;
        TRY(evaluation_operand(evaluation, &card_item->count_at_most, 1, &at_most, failure));
        ret_result->is_count_held = rational_compare(value, at_most) > 0;
        value = ret_result->is_count_held ? at_most : value;
    }
    rational_set(&ret_result->paid, value);

    struct rational *amount = &ret_result->amount;
    TRY(evaluation_operand(evaluation, &card_item->price, 0, &value, failure));
    TRY(evaluation_arithmetic(rational_multiply(amount, &ret_result->paid, value), line, failure));
    if (card_item->has_multiplier) {
        TRY(evaluation_operand(evaluation, &card_item->multiplier, 0, &value, failure));
        TRY(evaluation_arithmetic(rational_multiply(amount, amount, value), line, failure));
    }
    if (card_item->has_amount_at_most) {
        TRY(evaluation_operand(evaluation, &card_item->amount_at_most, 0, &value, failure));
        ret_result->is_amount_held = rational_compare(amount, value) > 0;
        if (ret_result->is_amount_held) {
            rational_set(amount, value);
        }
    }
    return STATUS_OK;
}

size_t evaluation_blocks_reached(const struct line *line, const struct rational *x)
{
    size_t low = 0;
    size_t high = line->step_count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        if (rational_compare(x, &line->steps[middle].threshold.constant) > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* (min(x, the next block's beginning) - its beginning) * rate */
enum status evaluation_block(struct evaluation *evaluation, const struct line *line, size_t block,
                             const struct rational *x, struct block_result *ret_result,
                             struct failure *failure)
{
    assert(block < line->step_count);

    const struct step *step = &line->steps[block];
    const struct rational *end = x;
    if (block + 1 < line->step_count &&
        rational_compare(x, &line->steps[block + 1].threshold.constant) > 0) {
        end = &line->steps[block + 1].threshold.constant;
    }
    const struct rational *rate;
    TRY(evaluation_operand(evaluation, &step->then, 1, &rate, failure));
    TRY(evaluation_arithmetic(rational_subtract(&ret_result->width, end, &step->threshold.constant),
                              line, failure));
    assert(rational_sign(&ret_result->width) > 0);
    return evaluation_arithmetic(rational_multiply(&ret_result->amount, &ret_result->width, rate),
                                 line, failure);
}

enum status terms_day_span(const struct line *line, const struct period *period,
                           struct day_span *ret_span, struct failure *failure)
{
    assert(line->operation == OPERATION_INTEREST && !line->is_compound);

    struct day_span span = {.from = line->from, .to = line->to_date};
    if (!line->has_dates) {
        span.from = period->from;
        if (date_add_days(period->to, 1, &span.to) != STATUS_OK) {
            return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                          "line \"%.*s\" needs the day after the last of period \"%.*s\", and no "
                          "day follows 9999-12-31",
                          VIEW_ARGS(line->name), VIEW_ARGS(period->name));
        }
    }
    span.days = day_count_days(line->day_count, span.from, span.to);
    span.basis = day_count_basis(line->day_count);
    *ret_span = span;
    return STATUS_OK;
}
