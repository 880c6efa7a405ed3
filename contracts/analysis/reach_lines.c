/* What every operation makes of what its operands can be. */

#include "contracts/analysis/reaching.h"

#include "ledger/base/ownership.h"

#include <assert.h>

/* --- Sums and products --- */

void reaching_set(struct reached *target, const struct reached *source)
{
    interval_set(&target->value, &source->value);
    target->is_linear = source->is_linear;
    if (source->is_linear) {
        linear_set(&target->form, &source->form);
    }
    target->has_with = source->has_with;
    for (size_t i = 0; source->has_with && i < REACH_TRACKED_MAX; i++) {
        interval_set(&target->with[i], &source->with[i]);
    }
}

void reaching_add(struct reached *target, const struct reached *other, int factor)
{
    OWNED(rational_release) struct rational times;
    rational_init(&times);
    rational_set_integer(&times, factor);
    assert(factor == 1 || factor == -1);
    if (factor == 1) {
        interval_add(&target->value, &target->value, &other->value);
    } else {
        interval_subtract(&target->value, &target->value, &other->value);
    }
    target->is_linear =
        target->is_linear && other->is_linear && linear_add(&target->form, &other->form, &times);
    target->has_with = false;
}

void reaching_scale(struct reached *target, const struct rational *factor)
{
    OWNED(interval_release) struct interval point;
    interval_init(&point);
    interval_set_point(&point, factor);
    interval_multiply(&target->value, &target->value, &point);
    target->is_linear = target->is_linear && linear_scale(&target->form, factor);
    target->has_with = false;
}

void reaching_multiply(struct reached *target, const struct reached *other)
{
    if (interval_is_point(&other->value)) {
        reaching_scale(target, &other->value.least);
        return;
    }
    if (interval_is_point(&target->value)) {
        OWNED(rational_release) struct rational factor;
        rational_init(&factor);
        rational_set(&factor, &target->value.least);
        reaching_set(target, other);
        reaching_scale(target, &factor);
        return;
    }
    interval_multiply(&target->value, &target->value, &other->value);
    target->is_linear = false;
    target->has_with = false;
}

/* Whether it is a multiple of one atom and nothing else. */
static bool is_one_atom(const struct reached *reached)
{
    return reached->is_linear && reached->form.count == 1 &&
           rational_sign(&reached->form.constant) == 0;
}

/*
 * With b = f·u and a = g·u + r: what r / b + g / f can be. False when a has no such part.
 */
static bool divide_by_atom(struct reach *reach, const struct reached *a, const struct reached *b,
                           struct interval *ret_quotient)
{
    if (!a->is_linear || !is_one_atom(b)) {
        return false;
    }
    const struct rational *part = linear_factor(&a->form, b->form.atoms[0]);
    OWNED(linear_release) struct linear rest;
    OWNED(interval_release) struct interval whole;
    OWNED(rational_release) struct rational times;
    linear_init(&rest);
    interval_init(&whole);
    rational_init(&times);
    linear_set(&rest, &a->form);
    if (part == NULL || rational_divide(&times, part, &b->form.factors[0]) != STATUS_OK) {
        return false;
    }
    interval_set_point(&whole, &times);
    rational_negate(&times, &times);
    if (!linear_add(&rest, &b->form, &times)) {
        return false;
    }
    reaching_form_value(reach, &rest, ret_quotient);
    interval_divide(ret_quotient, ret_quotient, &b->value);
    interval_add(ret_quotient, ret_quotient, &whole);
    return true;
}

/* a / b is also 1 / (b / a), except where a is zero: then it is zero. */
static bool divide_atom(struct reach *reach, const struct reached *a, const struct reached *b,
                        struct interval *ret_quotient)
{
    if (!divide_by_atom(reach, b, a, ret_quotient)) {
        return false;
    }
    OWNED(interval_release) struct interval zero;
    interval_init(&zero);
    interval_power(ret_quotient, ret_quotient, -1);
    if (interval_sign(&a->value) == 0) {
        interval_set_integers(&zero, 0, 0);
        interval_hull(ret_quotient, ret_quotient, &zero);
    }
    return true;
}

void reaching_divide(struct reach *reach, struct reached *target, const struct reached *other)
{
    if (interval_is_point(&other->value) && rational_sign(&other->value.least) != 0) {
        OWNED(rational_release) struct rational inverse;
        rational_init(&inverse);
        if (rational_power(&inverse, &other->value.least, -1) == STATUS_OK) {
            reaching_scale(target, &inverse);
            return;
        }
    }
    OWNED(interval_release) struct interval quotient;
    OWNED(interval_release) struct interval narrower;
    interval_init(&quotient);
    interval_init(&narrower);
    interval_divide(&quotient, &target->value, &other->value);
    if (divide_by_atom(reach, target, other, &narrower) ||
        divide_atom(reach, target, other, &narrower)) {
        interval_meet(&quotient, &quotient, &narrower);
    }
    interval_set(&target->value, &quotient);
    target->is_linear = false;
    target->has_with = false;
}

/* --- One or the other --- */

void reaching_choose(struct reach *reach, struct reached *target, const struct reached *other,
                     int order)
{
    if (target->value.is_empty || other->value.is_empty) {
        interval_set_empty(&target->value);
        return;
    }
    OWNED(interval_release) struct interval difference;
    interval_init(&difference);
    reaching_difference(reach, target, other, &difference);
    bool is_never_below = difference.has_least && rational_sign(&difference.least) >= 0;
    bool is_never_above = difference.has_greatest && rational_sign(&difference.greatest) <= 0;
    if (order > 0 ? is_never_below : is_never_above) {
        return;
    }
    if (order > 0 ? is_never_above : is_never_below) {
        reaching_set(target, other);
        return;
    }
    OWNED(interval_release) struct interval with;
    OWNED(interval_release) struct interval other_with;
    interval_init(&with);
    interval_init(&other_with);
    for (size_t i = 0; i < reach->tracked_count; i++) {
        reaching_with(reach, target, i, &with);
        reaching_with(reach, other, i, &other_with);
        if (order > 0) {
            interval_maximum(&target->with[i], &with, &other_with);
        } else {
            interval_minimum(&target->with[i], &with, &other_with);
        }
    }
    if (order > 0) {
        interval_maximum(&target->value, &target->value, &other->value);
    } else {
        interval_minimum(&target->value, &target->value, &other->value);
    }
    target->has_with = true;
    target->is_linear = false;
}

void reaching_join(struct reach *reach, struct reached *target, const struct reached *other)
{
    if (other->value.is_empty) {
        return;
    }
    if (target->value.is_empty) {
        reaching_set(target, other);
        return;
    }
    OWNED(interval_release) struct interval with;
    OWNED(interval_release) struct interval other_with;
    interval_init(&with);
    interval_init(&other_with);
    for (size_t i = 0; i < reach->tracked_count; i++) {
        reaching_with(reach, target, i, &with);
        reaching_with(reach, other, i, &other_with);
        interval_hull(&target->with[i], &with, &other_with);
    }
    interval_hull(&target->value, &target->value, &other->value);
    target->has_with = true;
    target->is_linear = false;
}

/* With value = k · form + rest: narrows the value to what it is while the form lies in the range.
 */
static void narrow_within(struct reach *reach, struct reached *value, const struct linear *form,
                          const struct interval *range)
{
    OWNED(linear_release) struct linear rest;
    OWNED(interval_release) struct interval narrower;
    OWNED(interval_release) struct interval factor;
    OWNED(rational_release) struct rational times;
    linear_init(&rest);
    interval_init(&narrower);
    interval_init(&factor);
    rational_init(&times);
    const struct rational *part =
        form->count == 0 ? NULL : linear_factor(&value->form, form->atoms[0]);
    if (part == NULL || rational_divide(&times, part, &form->factors[0]) != STATUS_OK) {
        return;
    }
    interval_set_point(&factor, &times);
    linear_set(&rest, &value->form);
    rational_negate(&times, &times);
    if (linear_add(&rest, form, &times)) {
        reaching_form_value(reach, &rest, &narrower);
        interval_multiply(&factor, &factor, range);
        interval_add(&narrower, &narrower, &factor);
        interval_meet(&value->value, &value->value, &narrower);
    }
}

void reaching_join_within(struct reach *reach, struct reached *target, const struct reached *other,
                          const struct linear *form, const struct interval *range)
{
    struct reached *narrowed = &reach->scratch[REACHING_ITEM];
    reaching_set(narrowed, other);
    if (narrowed->is_linear && !range->is_empty && !narrowed->value.is_empty) {
        narrow_within(reach, narrowed, form, range);
    }
    reaching_join(reach, target, narrowed);
}

/* --- Operations --- */

static void take(struct reach *reach, const struct line *line, struct reached *result)
{
    const struct reached *operand = reaching_look(reach, &line->operands[0], 0);
    reaching_set(result, operand);
    result->is_least_open = operand->is_least_open;
    result->is_greatest_open = operand->is_greatest_open;
}

static void sum(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    for (size_t i = 1; i < line->operand_count; i++) {
        reaching_add(result, reaching_look(reach, &line->operands[i], 0),
                     line->operation == OPERATION_ADD ? 1 : -1);
    }
}

static void product(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    for (size_t i = 1; i < line->operand_count; i++) {
        const struct reached *operand = reaching_look(reach, &line->operands[i], 0);
        if (line->operation == OPERATION_DIVIDE) {
            reaching_divide(reach, result, operand);
        } else {
            reaching_multiply(result, operand);
        }
    }
}

static void extreme(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    for (size_t i = 1; i < line->operand_count; i++) {
        reaching_choose(reach, result, reaching_look(reach, &line->operands[i], 0),
                        line->operation == OPERATION_MAXIMUM ? 1 : -1);
    }
}

/* Both limits are looked at, also where the first decides. */
static void clamp(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    if (line->has_at_least) {
        reaching_choose(reach, result, reaching_look(reach, &line->at_least, 0), 1);
    }
    if (line->has_at_most) {
        reaching_choose(reach, result, reaching_look(reach, &line->at_most, 0), -1);
    }
}

static void power(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    if (line->exponent != 1) {
        interval_power(&result->value, &result->value, line->exponent);
        result->is_linear = false;
        result->has_with = false;
    }
}

static void negate(struct reach *reach, const struct line *line, struct reached *result)
{
    OWNED(rational_release) struct rational minus;
    rational_init(&minus);
    rational_set_integer(&minus, -1);
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    reaching_scale(result, &minus);
}

/* Whether every sum of a tracked line is a multiple of a step: it is rounded to a multiple. */
static bool is_multiple(const struct reach *reach, size_t tracked, const struct rational *step)
{
    const struct line *line = &reach->inputs->contract->terms.lines[tracked];
    OWNED(rational_release) struct rational quotient;
    rational_init(&quotient);
    return line->operation == OPERATION_ROUND &&
           rational_divide(&quotient, &line->to.constant, step) == STATUS_OK &&
           rational_is_integer(&quotient);
}

/* A value rounded either way and a multiple of the step are the sum of both, rounded either way. */
static void round_with(struct reach *reach, const struct line *line, struct reached *result)
{
    const struct rational *step = &line->to.constant;
    OWNED(interval_release) struct interval with;
    OWNED(interval_release) struct interval up;
    interval_init(&with);
    interval_init(&up);
    for (size_t i = 0; i < reach->tracked_count; i++) {
        interval_set_all(&result->with[i]);
        if (is_multiple(reach, reach->tracked[i], step)) {
            reaching_with(reach, reaching_look(reach, &line->operands[0], 0), i, &with);
            interval_round(&up, &with, step, ROUND_CEILING);
            interval_round(&with, &with, step, ROUND_FLOOR);
            interval_hull(&result->with[i], &with, &up);
        }
    }
    result->has_with = true;
}

static void rounded(struct reach *reach, const struct line *line, struct reached *result)
{
    interval_round(&result->value, &reaching_look(reach, &line->operands[0], 0)->value,
                   &line->to.constant, line->by);
    result->is_linear = false;
    if (!result->value.is_empty) {
        round_with(reach, line, result);
    }
}

static void simple_interest(struct reach *reach, const struct line *line, struct reached *result)
{
    struct day_span span;
    const struct terms *terms = &reach->inputs->contract->terms;
    if (terms_day_span(line, &terms->periods[reach->period], &span, NULL) != STATUS_OK) {
        interval_set_empty(&result->value);
        return;
    }
    OWNED(rational_release) struct rational years;
    rational_init(&years);
    rational_set_fraction(&years, span.days, span.basis);
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    reaching_multiply(result, reaching_look(reach, &line->operands[1], 1));
    reaching_scale(result, &years);
}

static void compound_interest(struct reach *reach, const struct line *line, struct reached *result)
{
    struct reached *growth = &reach->scratch[REACHING_ITEM];
    OWNED(interval_release) struct interval one;
    interval_init(&one);
    interval_set_integers(&one, 1, 1);
    reaching_set(growth, reaching_look(reach, &line->operands[1], 1));
    interval_add(&growth->value, &growth->value, &one);
    interval_power(&growth->value, &growth->value, line->exponent);
    interval_subtract(&growth->value, &growth->value, &one);
    growth->is_linear = false;
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    reaching_multiply(result, growth);
}

/* x · current / base */
static void index_by(struct reach *reach, const struct line *line, struct reached *result)
{
    reaching_set(result, reaching_look(reach, &line->operands[0], 0));
    reaching_multiply(result, reaching_look(reach, &line->operands[2], 0));
    reaching_divide(reach, result, reaching_look(reach, &line->operands[1], 0));
}

static void by_period(struct reach *reach, const struct line *line, struct reached *result)
{
    for (size_t i = 0; i < line->case_count; i++) {
        if (line->cases[i].period == reach->period) {
            reaching_set(result, reaching_look(reach, &line->cases[i].then, 0));
            return;
        }
    }
    assert(line->has_otherwise); /* else every period has a row */
    reaching_set(result, reaching_look(reach, &line->otherwise, 0));
}

/* --- Conditions --- */

static enum holds negated(enum holds holds)
{
    switch (holds) {
    case HOLDS_NEVER:
        return HOLDS_ALWAYS;
    case HOLDS_ALWAYS:
        return HOLDS_NEVER;
    case HOLDS_SOMETIMES:
        break;
    }
    return HOLDS_SOMETIMES;
}

/* A difference, and whether zero itself is not among its values though it is an end of them. */
struct difference {
    struct interval value;
    bool is_above_zero; /* zero is the least end, and open */
    bool is_below_zero;
};

static void difference_init(struct difference *difference)
{
    interval_init(&difference->value);
}

static void difference_release(struct difference *difference)
{
    interval_release(&difference->value);
}

static void set_difference(struct reach *reach, const struct operand *left,
                           const struct operand *right, struct difference *ret_difference)
{
    struct interval *value = &ret_difference->value;
    const struct reached *a = reaching_look(reach, left, 0);
    const struct reached *b = reaching_look(reach, right, 1);
    reaching_difference(reach, a, b, value);
    bool is_a = interval_is_point(&b->value);
    bool is_b = interval_is_point(&a->value);
    ret_difference->is_above_zero = value->has_least && rational_sign(&value->least) == 0 &&
                                    ((is_a && a->is_least_open) || (is_b && b->is_greatest_open));
    ret_difference->is_below_zero = value->has_greatest && rational_sign(&value->greatest) == 0 &&
                                    ((is_a && a->is_greatest_open) || (is_b && b->is_least_open));
}

/* Whether all, some or no values are above zero, or with `at_zero` at it. */
static enum holds is_positive(const struct difference *difference, bool at_zero)
{
    const struct interval *value = &difference->value;
    int least = value->has_least ? rational_sign(&value->least) : -1;
    int greatest = value->has_greatest ? rational_sign(&value->greatest) : 1;
    least += difference->is_above_zero;
    greatest -= difference->is_below_zero;
    if (at_zero ? least >= 0 : least > 0) {
        return HOLDS_ALWAYS;
    }
    return (at_zero ? greatest < 0 : greatest <= 0) ? HOLDS_NEVER : HOLDS_SOMETIMES;
}

static enum holds is_zero(const struct difference *difference)
{
    if (interval_sign(&difference->value) != 0 || difference->is_above_zero ||
        difference->is_below_zero) {
        return HOLDS_NEVER;
    }
    return interval_is_point(&difference->value) ? HOLDS_ALWAYS : HOLDS_SOMETIMES;
}

/* `all`, or with `decides` HOLDS_ALWAYS `any`: one child that is so decides it. */
static enum holds combine(enum holds decides, enum holds a, enum holds b)
{
    if (a == decides || b == decides) {
        return decides;
    }
    return a == b ? a : HOLDS_SOMETIMES;
}

static enum holds is_significant(struct reach *reach, const struct condition *condition)
{
    OWNED(difference_release) struct difference difference;
    difference_init(&difference);
    set_difference(reach, &condition->operands[0], &condition->operands[1], &difference);
    enum holds above = is_positive(&difference, false);
    switch (condition->significance) {
    case SIGNIFICANCE_P_BELOW:
    case SIGNIFICANCE_INTERVAL_BELOW:
        return negated(is_positive(&difference, true));
    case SIGNIFICANCE_P_AT_MOST:
        return negated(above);
    case SIGNIFICANCE_INTERVAL_ABOVE:
        return above;
    case SIGNIFICANCE_INTERVAL_EXCLUDES:
        set_difference(reach, &condition->operands[2], &condition->operands[1], &difference);
        return combine(HOLDS_ALWAYS, above, negated(is_positive(&difference, true)));
    case SIGNIFICANCE_COUNT:
        break;
    }
    assert(false);
    return HOLDS_SOMETIMES;
}

static enum holds compare(struct reach *reach, const struct condition *condition)
{
    if (condition->kind == CONDITION_SIGNIFICANT) {
        return is_significant(reach, condition);
    }
    OWNED(difference_release) struct difference difference;
    difference_init(&difference);
    set_difference(reach, &condition->operands[0], &condition->operands[1], &difference);
    switch (condition->kind) {
    case CONDITION_AT_LEAST:
        return is_positive(&difference, true);
    case CONDITION_ABOVE:
        return is_positive(&difference, false);
    case CONDITION_AT_MOST:
        return negated(is_positive(&difference, false));
    case CONDITION_BELOW:
        return negated(is_positive(&difference, true));
    case CONDITION_EQUALS:
        return is_zero(&difference);
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_NOT:
    case CONDITION_SIGNIFICANT:
        break;
    }
    assert(false);
    return HOLDS_SOMETIMES;
}

static enum holds combine_children(const struct condition *conditions, size_t node,
                                   const enum holds *holds)
{
    const struct condition *condition = &conditions[node];
    if (condition->kind == CONDITION_NOT) {
        return negated(holds[node + 1]);
    }
    enum holds decides = condition->kind == CONDITION_ALL ? HOLDS_NEVER : HOLDS_ALWAYS;
    enum holds result = holds[node + 1];
    for (size_t child = node + 1; child < node + condition->size; child += conditions[child].size) {
        result = combine(decides, result, holds[child]);
    }
    return result;
}

enum holds reach_condition(struct reach *reach, const struct line *line, size_t node)
{
    const struct condition *conditions = line->conditions;
    const size_t end = node + conditions[node].size;
    assert(end <= TERMS_CONDITIONS_MAX);
    enum holds holds[TERMS_CONDITIONS_MAX] = {HOLDS_NEVER};
    for (size_t i = end; i-- > node;) { /* children stand after their parent */
        holds[i] = condition_operand_count(&conditions[i]) > 0
                       ? compare(reach, &conditions[i])
                       : combine_children(conditions, i, holds);
    }
    return holds[node];
}

/* All comparisons are computed: the line is refused where one of their operands always is. */
static bool is_condition_refused(struct reach *reach, const struct line *line)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        const struct condition *condition = &line->conditions[i];
        for (size_t k = 0; k < condition_operand_count(condition); k++) {
            if (reaching_look(reach, &condition->operands[k], 0)->value.is_empty) {
                return true;
            }
        }
    }
    return false;
}

/* What the difference of a comparison's sides can be where it holds, or does not. */
static bool set_side(struct reach *reach, const struct condition *condition, bool is_held,
                     struct linear *ret_form, struct interval *ret_range)
{
    bool is_below = condition->kind == CONDITION_AT_MOST || condition->kind == CONDITION_BELOW;
    bool is_above = condition->kind == CONDITION_AT_LEAST || condition->kind == CONDITION_ABOVE;
    bool is_equal = condition->kind == CONDITION_EQUALS && is_held;
    if (!is_below && !is_above && !is_equal) {
        return false;
    }
    const struct reached *a = reaching_look(reach, &condition->operands[0], 0);
    const struct reached *b = reaching_look(reach, &condition->operands[1], 1);
    OWNED(interval_release) struct interval side;
    OWNED(rational_release) struct rational number;
    interval_init(&side);
    rational_init(&number);
    if (!a->is_linear || !b->is_linear) {
        return false;
    }
    bool has_least = is_equal || is_above == is_held;
    bool has_greatest = is_equal || is_below == is_held;
    interval_set_ends(&side, has_least ? &number : NULL, has_greatest ? &number : NULL);
    reaching_difference(reach, a, b, ret_range);
    interval_meet(ret_range, ret_range, &side);
    rational_set_integer(&number, -1);
    linear_set(ret_form, &a->form);
    return linear_add(ret_form, &b->form, &number);
}

/*
 * The one comparison that surely holds where the result applies, or surely does not: the condition
 * itself, or the first of those that all must hold. NULL when there is none.
 */
static const struct condition *certain_comparison(const struct line *line, bool is_then)
{
    const struct condition *root = &line->conditions[0];
    bool is_list = root->kind == (is_then ? CONDITION_ALL : CONDITION_ANY);
    const struct condition *certain = is_list ? &line->conditions[1] : root;
    return condition_operand_count(certain) == 2 ? certain : NULL;
}

static void join_result(struct reach *reach, const struct line *line, bool is_then,
                        struct reached *result)
{
    const struct operand *operand = is_then ? &line->then : &line->otherwise;
    const struct condition *certain = certain_comparison(line, is_then);
    OWNED(linear_release) struct linear form;
    OWNED(interval_release) struct interval range;
    linear_init(&form);
    interval_init(&range);
    if (certain != NULL && set_side(reach, certain, is_then, &form, &range)) {
        reaching_join_within(reach, result, reaching_look(reach, operand, 0), &form, &range);
    } else {
        reaching_join(reach, result, reaching_look(reach, operand, 0));
    }
}

static void when(struct reach *reach, const struct line *line, struct reached *result)
{
    interval_set_empty(&result->value);
    if (is_condition_refused(reach, line)) {
        return;
    }
    enum holds holds = reach_condition(reach, line, 0);
    reach->work += line->condition_count / 2;
    if (holds != HOLDS_NEVER) {
        join_result(reach, line, true, result);
    }
    if (holds != HOLDS_ALWAYS) {
        join_result(reach, line, false, result);
    }
}

void reaching_line(struct reach *reach, const struct line *line, struct reached *result)
{
    switch (line->operation) {
    case OPERATION_TAKE:
        take(reach, line, result);
        return;
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
        sum(reach, line, result);
        return;
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
        product(reach, line, result);
        return;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        extreme(reach, line, result);
        return;
    case OPERATION_POWER:
        power(reach, line, result);
        return;
    case OPERATION_NEGATE:
        negate(reach, line, result);
        return;
    case OPERATION_CLAMP:
        clamp(reach, line, result);
        return;
    case OPERATION_TIERS:
        reaching_tiers(reach, line, result);
        return;
    case OPERATION_CURVE:
        reaching_curve(reach, line, result);
        return;
    case OPERATION_BRACKETS:
        reaching_brackets(reach, line, result);
        return;
    case OPERATION_RATE_CARD:
        reaching_rate_card(reach, line, result);
        return;
    case OPERATION_BY_PERIOD:
        by_period(reach, line, result);
        return;
    case OPERATION_INTEREST:
        if (line->is_compound) {
            compound_interest(reach, line, result);
        } else {
            simple_interest(reach, line, result);
        }
        return;
    case OPERATION_INDEX:
        index_by(reach, line, result);
        return;
    case OPERATION_WHEN:
        when(reach, line, result);
        return;
    case OPERATION_ROUND:
        rounded(reach, line, result);
        return;
    case OPERATION_COUNT:
        break;
    }
    assert(false);
}
