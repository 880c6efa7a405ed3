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
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>

#define DESCRIPTION_MAX 4096 /* a name, a label and the longest unit */

/* --- Names --- */

static enum status resolve_line(const struct check *check, struct operand *operand,
                                struct failure *failure)
{
    size_t index = names_find(&check->lines, operand->name);
    if (index == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "", "there is no line \"%.*s\"",
                      VIEW_ARGS(operand->name));
    }
    if (index >= check->line) {
        return refuse(failure, RULE_LINE_UNKNOWN, "",
                      "line \"%.*s\" does not stand before \"%.*s\"", VIEW_ARGS(operand->name),
                      VIEW_ARGS(check->terms->lines[check->line].name));
    }
    operand->index = index;
    operand->unit = check->terms->lines[index].unit;
    return STATUS_OK;
}

static bool is_paid(const struct terms *terms, struct view line)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (view_equal(terms->pays[i].line_name, line)) {
            return true;
        }
    }
    return false;
}

/*
 * What earlier settlements made of a line. A line that is paid is money and bounded as money, so it
 * may stand anywhere: "what is due by now, less what was settled before" names the payout itself.
 */
static enum status resolve_earlier(const struct check *check, struct operand *operand,
                                   struct failure *failure)
{
    size_t index = names_find(&check->lines, operand->name);
    if (index == SIZE_MAX || !is_paid(check->terms, operand->name)) {
        return resolve_line(check, operand, failure);
    }
    operand->index = index;
    operand->unit = check->money;
    return STATUS_OK;
}

static enum status resolve_measured(const struct check *check, struct operand *operand,
                                    struct failure *failure)
{
    operand->index = names_find(&check->outcomes, operand->name);
    if (operand->index == SIZE_MAX) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "/measured", "there is no outcome \"%.*s\"",
                      VIEW_ARGS(operand->name));
    }
    operand->period = OPERAND_SETTLED_PERIOD;
    if (operand->period_name.size > 0) {
        operand->period = names_find(&check->periods, operand->period_name);
        if (operand->period == SIZE_MAX) {
            return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "there is no period \"%.*s\"",
                          VIEW_ARGS(operand->period_name));
        }
    }
    const struct outcome *outcome = &check->terms->outcomes[operand->index];
    switch (operand->field) {
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
        operand->unit = outcome->unit;
        break;
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_DENOMINATOR:
        operand->unit = outcome->count_unit;
        break;
    case MEASURED_P_VALUE:
    case MEASURED_FIELD_COUNT:
        operand->unit = (struct unit){.count = 0};
        break;
    }
    return STATUS_OK;
}

static enum status resolve(const struct check *check, struct operand *operand,
                           struct failure *failure)
{
    switch (operand->kind) {
    case OPERAND_LINE:
        return resolve_line(check, operand, failure);
    case OPERAND_EARLIER:
        return resolve_earlier(check, operand, failure);
    case OPERAND_CONSTANT:
        if (unit_read(operand->unit_text, &operand->unit) != STATUS_OK) {
            return refuse(failure, RULE_UNIT_UNKNOWN, "/unit",
                          "\"%.*s\" is not the spelling of a unit", VIEW_ARGS(operand->unit_text));
        }
        return STATUS_OK;
    case OPERAND_MEASURED:
        return resolve_measured(check, operand, failure);
    case OPERAND_FUNDED:
    case OPERAND_PAID:
        operand->unit = check->money;
        return STATUS_OK;
    case OPERAND_PERIOD_DAYS:
        operand->unit = (struct unit){.count = 1, .bases = {{.name = VIEW("day"), .exponent = 1}}};
        return STATUS_OK;
    case OPERAND_UNPUBLISHED:
        return STATUS_OK;
    }
    assert(false);
    return STATUS_INVALID;
}

/* --- Units --- */

static enum status describe_named(const char *what, struct view name, const struct localized *label,
                                  struct buffer *text)
{
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(localized_text(label, "en"), quoted);
    return buffer_append_format(text, "%s %.*s (%s)", what, VIEW_ARGS(name), quoted);
}

static enum status describe_source(const struct check *check, const struct operand *operand,
                                   struct buffer *text)
{
    const struct terms *terms = check->terms;
    bool is_exact;
    switch (operand->kind) {
    case OPERAND_LINE:
        return describe_named("line", operand->name, &terms->lines[operand->index].label, text);
    case OPERAND_EARLIER:
        return describe_named("the earlier sum of line", operand->name,
                              &terms->lines[operand->index].label, text);
    case OPERAND_CONSTANT:
        TRY(buffer_append_text(text, "the constant "));
        return rational_write_decimal(&operand->constant, 0, DECIMAL_FRACTION_DIGITS_MAX, text,
                                      &is_exact);
    case OPERAND_MEASURED:
        TRY(buffer_append_format(text, "the %s of ", MEASURED_FIELD_NAMES[operand->field]));
        return describe_named("outcome", operand->name, &terms->outcomes[operand->index].label,
                              text);
    case OPERAND_FUNDED:
        return buffer_append_text(text, "the funded total");
    case OPERAND_PAID:
        return buffer_append_text(text, "the paid total");
    case OPERAND_PERIOD_DAYS:
        return buffer_append_text(text, "the length of the period");
    case OPERAND_UNPUBLISHED:
        break;
    }
    assert(false); /* it has the unit of the others */
    return STATUS_INVALID;
}

static enum status describe(const struct check *check, const struct operand *operand,
                            struct buffer *text)
{
    TRY(describe_source(check, operand, text));
    TRY(buffer_append_text(text, " is in "));
    return unit_write(&operand->unit, text);
}

/* Names both operands, with their labels and units. */
static enum status refuse_units(const struct check *check, const struct operand *a,
                                const struct operand *b, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2 * (size_t)DESCRIPTION_MAX);
    if (describe(check, a, &text) != STATUS_OK ||
        buffer_append_text(&text, ", but ") != STATUS_OK ||
        describe(check, b, &text) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_UNITS_DIFFER, "", "%s", text.data);
}

static enum status require_same(const struct check *check, const struct operand *a,
                                const struct operand *b, struct failure *failure)
{
    return unit_equal(&a->unit, &b->unit) ? STATUS_OK : refuse_units(check, a, b, failure);
}

/* Resolves an operand that must have the unit of `other`. */
static enum status resolve_same(const struct check *check, struct operand *operand,
                                const struct operand *other, struct failure *failure)
{
    TRY(resolve(check, operand, failure));
    return require_same(check, other, operand, failure);
}

/* The first published result of a line, with whose unit all others must agree. */
struct result {
    const struct operand *published; /* NULL: none so far */
};

static enum status resolve_result(const struct check *check, struct operand *operand,
                                  struct result *result, struct failure *failure)
{
    if (operand->kind == OPERAND_UNPUBLISHED) {
        return STATUS_OK;
    }
    if (result->published != NULL) {
        return resolve_same(check, operand, result->published, failure);
    }
    TRY(resolve(check, operand, failure));
    result->published = operand;
    return STATUS_OK;
}

static void settle_unpublished(struct operand *operand, const struct unit *unit)
{
    if (operand->kind == OPERAND_UNPUBLISHED) {
        operand->unit = *unit;
    }
}

/* Gives the line the unit of its results. */
static enum status settle_result(struct line *line, const struct result *result,
                                 struct failure *failure)
{
    if (result->published == NULL) {
        return refuse(failure, RULE_UNITS_DIFFER, "",
                      "line \"%.*s\" publishes no result, so it has no unit",
                      VIEW_ARGS(line->name));
    }
    line->unit = result->published->unit;
    for (size_t i = 0; i < line->step_count; i++) {
        settle_unpublished(&line->steps[i].then, &line->unit);
    }
    settle_unpublished(&line->then, &line->unit);
    settle_unpublished(&line->otherwise, &line->unit);
    return STATUS_OK;
}

/* --- Operations --- */

static bool has_list(enum operation operation)
{
    switch (operation) {
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        return true;
    case OPERATION_TAKE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_CLAMP:
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_WHEN:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    return false;
}

/* Resolves what stands under the key of the operation. */
static enum status check_operands(const struct check *check, struct line *line,
                                  struct failure *failure)
{
    bool is_list = has_list(line->operation);
    bool is_product = line->operation == OPERATION_MULTIPLY || line->operation == OPERATION_DIVIDE;
    for (size_t i = 0; i < line->operand_count; i++) {
        struct operand *operand = &line->operands[i];
        enum status status = i == 0 || is_product
                                 ? resolve(check, operand, failure)
                                 : resolve_same(check, operand, &line->operands[0], failure);
        if (status != STATUS_OK && is_list) {
            shape_prefix_index(failure, i);
        }
        TRY(status);
    }
    return STATUS_OK;
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
        return refuse(failure, RULE_TERMS_TOO_LARGE, "",
                      "the unit of line \"%.*s\" would have more than %d bases, or one to a power "
                      "above %d",
                      VIEW_ARGS(line->name), UNIT_BASES_MAX, UNIT_EXPONENT_MAX);
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

static enum status check_clamp(const struct check *check, struct line *line,
                               struct failure *failure)
{
    if (line->has_at_least) {
        TRY_FIELD("at_least", resolve_same(check, &line->at_least, &line->operands[0], failure));
    }
    if (line->has_at_most) {
        TRY_FIELD("at_most", resolve_same(check, &line->at_most, &line->operands[0], failure));
    }
    return STATUS_OK;
}

static enum status check_order(const struct line *line, size_t index, struct failure *failure)
{
    if (index == 0) {
        return STATUS_OK;
    }
    const struct step *before = &line->steps[index - 1];
    const struct step *step = &line->steps[index];
    int order = rational_compare(&before->threshold.constant, &step->threshold.constant);
    /* At one threshold, `above` may follow `at_least`: the value at it alone has the first. */
    bool is_edge = line->operation == OPERATION_TIERS && !before->is_above && step->is_above;
    if (order < 0 || (order == 0 && is_edge)) {
        return STATUS_OK;
    }
    return refuse(failure, RULE_TABLE_ORDER, "", "%s %zu of line \"%.*s\" does not ascend",
                  line->operation == OPERATION_TIERS ? "step" : "point", index + 1,
                  VIEW_ARGS(line->name));
}

static enum status check_step(const struct check *check, struct line *line, size_t index,
                              struct result *result, struct failure *failure)
{
    struct step *step = &line->steps[index];
    bool is_curve = line->operation == OPERATION_CURVE;
    const char *threshold = is_curve ? "0" : step->is_above ? "above" : "at_least";
    TRY_FIELD(threshold, resolve_same(check, &step->threshold, &line->operands[0], failure));
    TRY_FIELD(is_curve ? "1" : "then", resolve_result(check, &step->then, result, failure));
    return check_order(line, index, failure);
}

static enum status check_table(const struct check *check, struct line *line,
                               struct failure *failure)
{
    bool is_curve = line->operation == OPERATION_CURVE;
    struct result result = {.published = NULL};
    for (size_t i = 0; i < line->step_count; i++) {
        enum status status = check_step(check, line, i, &result, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, is_curve ? "points" : "steps");
            return status;
        }
    }
    if (!is_curve) {
        TRY_FIELD("otherwise", resolve_result(check, &line->otherwise, &result, failure));
    }
    return settle_result(line, &result, failure);
}

static bool is_comparison(const struct condition *condition)
{
    return condition->kind >= CONDITION_AT_LEAST;
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
    TRY_ITEM(0, resolve(check, &condition->operands[0], failure));
    TRY_ITEM(1, resolve_same(check, &condition->operands[1], &condition->operands[0], failure));
    return STATUS_OK;
}

static enum status check_when(const struct check *check, struct line *line, struct failure *failure)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        if (!is_comparison(&line->conditions[i])) {
            continue;
        }
        enum status status = check_comparison(check, &line->conditions[i], failure);
        if (status != STATUS_OK) {
            prefix_condition(line, i, failure);
            return status;
        }
    }
    struct result result = {.published = NULL};
    TRY_FIELD("then", resolve_result(check, &line->then, &result, failure));
    TRY_FIELD("otherwise", resolve_result(check, &line->otherwise, &result, failure));
    return settle_result(line, &result, failure);
}

static enum status check_rounding(const struct check *check, struct line *line,
                                  struct failure *failure)
{
    TRY_FIELD("to", resolve_same(check, &line->to, &line->operands[0], failure));
    if (rational_sign(&line->to.constant) <= 0) {
        return refuse(failure, RULE_ROUND_STEP, "/to",
                      "line \"%.*s\" does not round to a positive "
                      "step",
                      VIEW_ARGS(line->name));
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
        return check_table(check, line, failure);
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
