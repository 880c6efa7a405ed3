/*
 * One line: its names resolve, its units agree, its tables ascend.
 *
 * A result "not_published" has the unit of the other results; when none of them is published, the
 * line has no unit and is refused (UNITS_DIFFER).
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/check.h"
#include "contracts/terms/reader.h"

#include <assert.h>

/* Whether an array of operands stands under the key of the operation. */
static bool has_list(enum operation operation)
{
    return operation == OPERATION_ADD || operation == OPERATION_SUBTRACT ||
           operation == OPERATION_MULTIPLY || operation == OPERATION_DIVIDE ||
           operation == OPERATION_MINIMUM || operation == OPERATION_MAXIMUM;
}

static enum status check_list(const struct check *check, struct line *line, struct failure *failure)
{
    bool is_product = line->operation == OPERATION_MULTIPLY || line->operation == OPERATION_DIVIDE;
    for (size_t i = 0; i < line->operand_count; i++) {
        struct operand *operand = &line->operands[i];
        TRY_ITEM(i, i == 0 || is_product
                        ? terms_resolve(check, operand, failure)
                        : terms_resolve_same(check, operand, &line->operands[0], failure));
    }
    return STATUS_OK;
}

/* Resolves the operands that stand under the key of the operation. */
static enum status check_operands(const struct check *check, struct line *line,
                                  struct failure *failure)
{
    if (line->operand_count == 0) {
        return STATUS_OK;
    }
    return has_list(line->operation) ? check_list(check, line, failure)
                                     : terms_resolve(check, &line->operands[0], failure);
}

/* The unit of a product, quotient or power. */
static enum status combine_units(struct line *line, struct failure *failure)
{
    struct unit unit = line->operands[0].unit;
    enum status status = STATUS_OK;
    if (line->operation == OPERATION_POWER) {
        status = unit_power(&unit, line->exponent, &unit);
    }
    for (size_t i = 1; i < line->operand_count && status == STATUS_OK; i++) {
        const struct unit *other = &line->operands[i].unit;
        status = line->operation == OPERATION_DIVIDE ? unit_divide(&unit, other, &unit)
                                                     : unit_multiply(&unit, other, &unit);
    }
    if (status != STATUS_OK) {
        return terms_refuse_unit_size(line, failure);
    }
    line->unit = unit;
    return STATUS_OK;
}

static bool is_zero_constant(const struct operand *operand)
{
    return operand->kind == OPERAND_CONSTANT && rational_sign(&operand->constant) == 0;
}

static enum status check_divisor(const struct line *line, struct failure *failure)
{
    if (line->operation == OPERATION_DIVIDE && is_zero_constant(&line->operands[1])) {
        return refuse(failure, RULE_DIVISOR_ZERO, "/divide/1", "line \"%.*s\" divides by zero",
                      VIEW_ARGS(line->name));
    }
    if (line->operation == OPERATION_POWER && line->exponent < 0 &&
        is_zero_constant(&line->operands[0])) {
        return refuse(failure, RULE_DIVISOR_ZERO, "/power",
                      "line \"%.*s\" takes zero to a negative power", VIEW_ARGS(line->name));
    }
    return STATUS_OK;
}

static enum status check_index(const struct check *check, struct line *line,
                               struct failure *failure)
{
    struct operand *base = &line->operands[1];
    TRY_FIELD("base", terms_resolve(check, base, failure));
    TRY_FIELD("current", terms_resolve_same(check, &line->operands[2], base, failure));
    if (is_zero_constant(base)) {
        return refuse(failure, RULE_DIVISOR_ZERO, "/base",
                      "line \"%.*s\" divides by an index of zero", VIEW_ARGS(line->name));
    }
    return STATUS_OK;
}

static enum status check_interest(const struct check *check, struct line *line,
                                  struct failure *failure)
{
    static const struct unit pure = {.count = 0};
    TRY_FIELD("rate",
              terms_resolve_in(check, &line->operands[1], &pure, "a rate of interest", failure));
    if (line->has_dates && date_compare(line->to_date, line->from) <= 0) {
        return refuse(failure, RULE_PERIOD_ORDER, "/to",
                      "the interest of line \"%.*s\" ends on the day it begins, or before",
                      VIEW_ARGS(line->name));
    }
    return STATUS_OK;
}

static enum status check_clamp(const struct check *check, struct line *line,
                               struct failure *failure)
{
    if (line->has_at_least) {
        TRY_FIELD("at_least",
                  terms_resolve_same(check, &line->at_least, &line->operands[0], failure));
    }
    if (line->has_at_most) {
        TRY_FIELD("at_most",
                  terms_resolve_same(check, &line->at_most, &line->operands[0], failure));
    }
    return STATUS_OK;
}

/* Puts the way from the root of the tree to `node` in front of the failure's place. */
static void prefix_condition(const struct line *line, size_t node, struct failure *failure)
{
    /* Child indexes on the way down, then written from the end: prefixes go in front. */
    size_t nodes[TERMS_CONDITION_DEPTH_MAX];
    size_t indexes[TERMS_CONDITION_DEPTH_MAX];
    size_t depth = 0;
    size_t at = 0;
    while (at != node) { /* each round is one level deeper */
        assert(depth < TERMS_CONDITION_DEPTH_MAX);
        size_t child = at + 1;
        size_t index = 0;
        while (child + line->conditions[child].size <= node) {
            child += line->conditions[child].size;
            index++;
        }
        nodes[depth] = at;
        indexes[depth] = index;
        depth++;
        at = child;
    }
    shape_prefix_name(failure, CONDITION_KEYS[line->conditions[node].kind]);
    for (size_t i = depth; i-- > 0;) {
        enum condition_kind kind = line->conditions[nodes[i]].kind;
        if (kind != CONDITION_NOT) {
            shape_prefix_index(failure, indexes[i]);
        }
        shape_prefix_name(failure, CONDITION_KEYS[kind]);
    }
    shape_prefix_name(failure, "when");
}

static enum status check_comparison(const struct check *check, struct condition *condition,
                                    struct failure *failure)
{
    TRY_ITEM(0, terms_resolve(check, &condition->operands[0], failure));
    TRY_ITEM(1,
             terms_resolve_same(check, &condition->operands[1], &condition->operands[0], failure));
    return STATUS_OK;
}

/* The level is compared with a p-value, or with the ends of an interval. */
static enum status check_significant(const struct check *check, struct condition *condition,
                                     struct failure *failure)
{
    struct operand *operands = condition->operands;
    TRY(terms_resolve(check, &operands[0], failure));
    TRY_FIELD(SIGNIFICANCE_NAMES[condition->significance],
              terms_resolve_same(check, &operands[1], &operands[0], failure));
    if (condition_operand_count(condition) == 3) {
        TRY(terms_resolve(check, &operands[2], failure)); /* the same outcome and period */
    }
    return STATUS_OK;
}

static enum status check_condition(const struct check *check, struct condition *condition,
                                   struct failure *failure)
{
    if (condition_operand_count(condition) == 0) {
        return STATUS_OK;
    }
    return condition->kind == CONDITION_SIGNIFICANT ? check_significant(check, condition, failure)
                                                    : check_comparison(check, condition, failure);
}

static enum status check_when(const struct check *check, struct line *line, struct failure *failure)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        enum status status = check_condition(check, &line->conditions[i], failure);
        if (status != STATUS_OK) {
            prefix_condition(line, i, failure);
            return status;
        }
    }
    const struct operand *published = NULL;
    TRY_FIELD("then", terms_resolve_result(check, &line->then, &published, failure));
    TRY_FIELD("otherwise", terms_resolve_result(check, &line->otherwise, &published, failure));
    return terms_settle_result(line, published, failure);
}

static enum status check_rounding(const struct check *check, struct line *line,
                                  struct failure *failure)
{
    TRY_FIELD("to", terms_resolve_same(check, &line->to, &line->operands[0], failure));
    if (rational_sign(&line->to.constant) <= 0) {
        char found[CONSTANT_TEXT_SIZE];
        if (terms_write_constant(&line->to.constant, found) != STATUS_OK) {
            return fail_memory(failure);
        }
        return refuse(failure, RULE_ROUND_STEP, "/to",
                      "line \"%.*s\" rounds to a positive step, found %s", VIEW_ARGS(line->name),
                      found);
    }
    return STATUS_OK;
}

enum status terms_check_line(struct check *check, struct failure *failure)
{
    struct line *line = &check->terms->lines[check->line];
    TRY_FIELD(operation_name(line->operation), check_operands(check, line, failure));
    if (line->operand_count > 0) {
        line->unit = line->operands[0].unit;
    }
    switch (line->operation) {
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
    case OPERATION_NEGATE:
        return STATUS_OK;
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
        TRY(check_divisor(line, failure));
        return combine_units(line, failure);
    case OPERATION_CLAMP:
        return check_clamp(check, line, failure);
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
        return terms_check_steps(check, line, failure);
    case OPERATION_RATE_CARD:
        return terms_check_items(check, line, failure);
    case OPERATION_BY_PERIOD:
        return terms_check_cases(check, line, failure);
    case OPERATION_INTEREST:
        return check_interest(check, line, failure);
    case OPERATION_INDEX:
        return check_index(check, line, failure);
    case OPERATION_WHEN:
        return check_when(check, line, failure);
    case OPERATION_ROUND:
        return check_rounding(check, line, failure);
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}
