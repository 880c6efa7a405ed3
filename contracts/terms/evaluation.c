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
}

void evaluation_release(struct evaluation *evaluation)
{
    for (size_t i = 0; i < EVALUATION_SCRATCH_COUNT; i++) {
        rational_release(&evaluation->scratch[i]);
    }
}

/* Passes on what a source answered, with a reason when it failed. */
static enum status from_source(enum status status, const char *what, struct failure *failure)
{
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    return fail(failure, status, "", "%s is not to be had", what);
}

static enum status measured_value(struct evaluation *evaluation, const struct operand *operand,
                                  struct rational *ret_value, struct failure *failure)
{
    const struct terms *terms = evaluation->terms;
    const struct terms_source *source = evaluation->source;
    size_t period =
        operand->period == OPERAND_SETTLED_PERIOD ? evaluation->period : operand->period;
    enum status status =
        source->measured(source->context, operand->index, period, operand->field, ret_value);
    if (status == STATUS_NOT_FOUND) {
        return refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, "",
                      "outcome \"%.*s\" has no %s for period \"%.*s\"", VIEW_ARGS(operand->name),
                      MEASURED_FIELD_NAMES[operand->field], VIEW_ARGS(terms->periods[period].name));
    }
    return from_source(status, "a measured value", failure);
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
        return from_source(source->funded(source->context, scratch), "the funded total", failure);
    case OPERAND_PAID:
        return from_source(source->paid(source->context, scratch), "the paid total", failure);
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

static enum status compare(struct evaluation *evaluation, const struct condition *condition,
                           bool *ret_holds, struct failure *failure)
{
    const struct rational *values[2];
    for (size_t i = 0; i < 2; i++) {
        TRY(evaluation_operand(evaluation, &condition->operands[i], i, &values[i], failure));
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
