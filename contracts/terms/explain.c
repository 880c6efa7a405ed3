#include "contracts/terms/evaluation.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>

enum status terms_operand(const struct terms_form *form, const struct operand *operand,
                          struct rational *ret_value, struct failure *failure)
{
    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, form->terms, form->period, form->source, form->values);
    const struct rational *value;
    TRY(evaluation_operand(&evaluation, operand, 0, &value, failure));
    rational_set(ret_value, value);
    return STATUS_OK;
}

enum status terms_condition(const struct terms_form *form, const struct line *line, size_t node,
                            bool *ret_holds, struct failure *failure)
{
    assert(node < line->condition_count);

    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, form->terms, form->period, form->source, form->values);
    return evaluation_condition(&evaluation, line, node, ret_holds, failure);
}

enum status terms_card_item(const struct terms_form *form, const struct line *line, size_t item,
                            struct card_result *ret_result, struct failure *failure)
{
    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, form->terms, form->period, form->source, form->values);
    return evaluation_card_item(&evaluation, line, item, ret_result, failure);
}

enum status terms_block(const struct terms_form *form, const struct line *line, size_t block,
                        struct block_result *ret_result, struct failure *failure)
{
    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, form->terms, form->period, form->source, form->values);
    const struct rational *x;
    TRY(evaluation_operand(&evaluation, &line->operands[0], 0, &x, failure));
    assert(block < evaluation_blocks_reached(line, x));
    return evaluation_block(&evaluation, line, block, x, ret_result, failure);
}

/* --- Why a line is zero --- */

static struct zero_step end_at(enum zero_cause cause)
{
    return (struct zero_step){.cause = cause, .line = SIZE_MAX};
}

/* The step to an operand that is zero. */
static struct zero_step step_to(const struct operand *operand)
{
    switch (operand->kind) {
    case OPERAND_LINE:
        return (struct zero_step){.cause = ZERO_LINE, .line = operand->index};
    case OPERAND_CONSTANT:
        return end_at(ZERO_CONSTANT);
    case OPERAND_MEASURED:
        return end_at(ZERO_MEASURED);
    case OPERAND_FUNDED:
    case OPERAND_PAID:
    case OPERAND_EARLIER:
        return end_at(ZERO_SUM);
    case OPERAND_PERIOD_DAYS: /* a period has at least one day */
    case OPERAND_UNPUBLISHED: /* it has no value */
        break;
    }
    assert(false);
    return end_at(ZERO_NOT);
}

/* A choice of the line, which goes on where the chosen operand is a line. */
static struct zero_step chosen(enum zero_cause cause, const struct operand *operand)
{
    return (struct zero_step){.cause = cause,
                              .line = operand->kind == OPERAND_LINE ? operand->index : SIZE_MAX};
}

static enum status is_zero(struct evaluation *evaluation, const struct operand *operand,
                           bool *ret_is_zero, struct failure *failure)
{
    const struct rational *value;
    TRY(evaluation_operand(evaluation, operand, 0, &value, failure));
    *ret_is_zero = rational_sign(value) == 0;
    return STATUS_OK;
}

/* The first operand that is zero explains a product, a quotient, a minimum, a maximum, an index. */
static enum status first_zero(struct evaluation *evaluation, const struct line *line,
                              struct zero_step *ret_step, struct failure *failure)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        bool zero;
        TRY(is_zero(evaluation, &line->operands[i], &zero, failure));
        if (zero) {
            *ret_step = step_to(&line->operands[i]);
            return STATUS_OK;
        }
    }
    assert(false);
    *ret_step = end_at(ZERO_NOT);
    return STATUS_OK;
}

/* A sum is zero because all of it is, or because its parts cancel out. */
static enum status sum_of_zeros(struct evaluation *evaluation, const struct line *line,
                                struct zero_step *ret_step, struct failure *failure)
{
    const struct operand *shown = &line->operands[0];
    for (size_t i = 0; i < line->operand_count; i++) {
        const struct operand *operand = &line->operands[i];
        bool zero;
        TRY(is_zero(evaluation, operand, &zero, failure));
        if (!zero) {
            *ret_step = end_at(ZERO_CANCEL);
            return STATUS_OK;
        }
        /* A line tells more than a constant zero beside it. */
        if (operand->kind == OPERAND_LINE && shown->kind != OPERAND_LINE) {
            shown = operand;
        }
    }
    *ret_step = step_to(shown);
    return STATUS_OK;
}

/* When the bound is not a line, what is held there is what to look at. */
static struct zero_step held_at(const struct line *line, const struct operand *bound)
{
    struct zero_step step = chosen(ZERO_HELD, bound);
    return step.line != SIZE_MAX ? step : chosen(ZERO_HELD, &line->operands[0]);
}

static struct zero_step clamp_step(const struct line *line, enum line_way way)
{
    if (way == WAY_HELD_AT_LEAST) {
        return held_at(line, &line->at_least);
    }
    if (way == WAY_HELD_AT_MOST) {
        return held_at(line, &line->at_most);
    }
    return step_to(&line->operands[0]);
}

/* No block is reached, no rate of those that are is other than zero, or the blocks cancel out. */
static enum status brackets_step(struct evaluation *evaluation, const struct line *line,
                                 const struct line_value *value, struct zero_step *ret_step,
                                 struct failure *failure)
{
    if (value->way == WAY_BELOW_FIRST) {
        *ret_step = end_at(ZERO_BLOCK);
        return STATUS_OK;
    }
    for (size_t i = 0; i <= value->step; i++) {
        bool zero;
        TRY(is_zero(evaluation, &line->steps[i].then, &zero, failure));
        if (!zero) {
            *ret_step = end_at(ZERO_CANCEL);
            return STATUS_OK;
        }
    }
    *ret_step = chosen(ZERO_BLOCK, &line->steps[value->step].then);
    return STATUS_OK;
}

static enum status card_step(struct evaluation *evaluation, const struct line *line,
                             struct zero_step *ret_step, struct failure *failure)
{
    for (size_t i = 0; i < line->item_count; i++) {
        TRY(evaluation_card_item(evaluation, line, i, &evaluation->item, failure));
        if (rational_sign(&evaluation->item.amount) != 0) {
            *ret_step = end_at(ZERO_CANCEL);
            return STATUS_OK;
        }
    }
    *ret_step = end_at(ZERO_ITEMS);
    return STATUS_OK;
}

/* Without principal and without rate there is none; else it ran for no time, or growth cancels. */
static enum status interest_step(struct evaluation *evaluation, const struct line *line,
                                 struct zero_step *ret_step, struct failure *failure)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        bool zero;
        TRY(is_zero(evaluation, &line->operands[i], &zero, failure));
        if (zero) {
            *ret_step = step_to(&line->operands[i]);
            return STATUS_OK;
        }
    }
    *ret_step = end_at(line->is_compound && line->exponent > 0 ? ZERO_CANCEL : ZERO_DAYS);
    return STATUS_OK;
}

static enum status explain_zero(struct evaluation *evaluation, size_t index,
                                struct zero_step *ret_step, struct failure *failure)
{
    const struct line *line = &evaluation->terms->lines[index];
    const struct line_value *value = &evaluation->values->lines[index];
    switch (line->operation) {
    case OPERATION_TAKE:
    case OPERATION_NEGATE:
    case OPERATION_POWER:
        *ret_step = step_to(&line->operands[0]);
        return STATUS_OK;
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
        return sum_of_zeros(evaluation, line, ret_step, failure);
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
    case OPERATION_INDEX:
        return first_zero(evaluation, line, ret_step, failure);
    case OPERATION_CLAMP:
        *ret_step = clamp_step(line, value->way);
        return STATUS_OK;
    case OPERATION_TIERS:
        *ret_step = chosen(ZERO_STEP, value->way == WAY_STEP ? &line->steps[value->step].then
                                                             : &line->otherwise);
        return STATUS_OK;
    case OPERATION_CURVE:
        *ret_step = end_at(ZERO_STEP);
        return STATUS_OK;
    case OPERATION_BRACKETS:
        return brackets_step(evaluation, line, value, ret_step, failure);
    case OPERATION_RATE_CARD:
        return card_step(evaluation, line, ret_step, failure);
    case OPERATION_BY_PERIOD:
        *ret_step = chosen(ZERO_STEP, value->way == WAY_STEP ? &line->cases[value->step].then
                                                             : &line->otherwise);
        return STATUS_OK;
    case OPERATION_INTEREST:
        return interest_step(evaluation, line, ret_step, failure);
    case OPERATION_WHEN:
        *ret_step = chosen(ZERO_CONDITION, value->way == WAY_THEN ? &line->then : &line->otherwise);
        return STATUS_OK;
    case OPERATION_ROUND:
        *ret_step = value->way == WAY_ROUNDED ? end_at(ZERO_ROUNDED) : step_to(&line->operands[0]);
        return STATUS_OK;
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}

enum status terms_zero_step(const struct terms_form *form, size_t index, struct zero_step *ret_step,
                            struct failure *failure)
{
    assert(index < form->values->count);

    if (rational_sign(&form->values->lines[index].value) != 0) {
        *ret_step = end_at(ZERO_NOT);
        return STATUS_OK;
    }
    OWNED(evaluation_release) struct evaluation evaluation;
    evaluation_init(&evaluation, form->terms, form->period, form->source, form->values);
    return explain_zero(&evaluation, index, ret_step, failure);
}
