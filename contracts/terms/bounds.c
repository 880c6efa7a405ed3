/*
 * Bounds: how large the values of each line can become, for any admissible measurement.
 *
 * A rational holds at most RATIONAL_DIGITS_MAX digits a side. Terms that could need more are
 * refused when they are checked, so that a signed contract can always be settled. What evaluate.c
 * computes on the way, such as partial products, is bounded by the same steps.
 */
#include "contracts/rule/rule.h"
#include "contracts/terms/bound.h"
#include "contracts/terms/check.h"
#include "contracts/terms/operands.h"

#include <assert.h>
#include <limits.h>

/* More settlements than a contract can have: each settles another period. */
#define SETTLEMENTS_DIGITS 3
#define SETTLEMENTS_MAX 1000
static_assert(TERMS_PERIODS_MAX <= SETTLEMENTS_MAX, "one settlement a period");

/* 9999 years are 3,652,059 days. */
#define PERIOD_DAYS_DIGITS 7

#define MINOR_DIGITS 18 /* sums of money stay below 10^18 minor units */

/*
 * Every line before has passed, so an operand's exponents are at most BOUND_EXPONENT_MAX, or that
 * times SETTLEMENTS_MAX for `earlier`; a line multiplies them by at most RATIONAL_POWER_MAX, and
 * adds four such terms. Sums of more terms stop at the first that is too large. No int here can
 * overflow.
 */
static_assert(4LL * BOUND_EXPONENT_MAX * SETTLEMENTS_MAX * RATIONAL_POWER_MAX < INT_MAX &&
                  TERMS_OPERANDS_MAX <= RATIONAL_POWER_MAX,
              "exponents stay small");

/* The sum of a line over the earlier settlements, each with a denominator of its own. */
static struct bound earlier_bound(struct bound line)
{
    struct bound result = {
        .size = line.size + SETTLEMENTS_DIGITS,
        .numerator = INT_MAX,
        .scale = line.scale,
        .other = line.other * SETTLEMENTS_MAX,
    };
    return bound_tightened(result);
}

struct bounds {
    const struct terms *terms;
    struct bound lines[TERMS_LINES_MAX];
    bool is_paid[TERMS_LINES_MAX];
};

/*
 * A line that is paid was refused as an amount unless it stayed below 10^18 minor units, so its sum
 * over settlements needs three digits more, wherever the line stands.
 */
static struct bound earlier_operand_bound(const struct bounds *bounds, size_t line)
{
    const int decimals = bounds->terms->currency.decimals;
    if (bounds->is_paid[line]) {
        return (struct bound){
            .size = MINOR_DIGITS - decimals + SETTLEMENTS_DIGITS,
            .numerator = MINOR_DIGITS + SETTLEMENTS_DIGITS,
            .scale = decimals,
        };
    }
    return earlier_bound(bounds->lines[line]);
}

/* A stated number is a decimal; a ratio is one of them by another. */
static struct bound measured_bound(enum measured_field field)
{
    static const struct bound decimal = {
        .size = DECIMAL_WHOLE_DIGITS_MAX,
        .numerator = DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX,
        .scale = DECIMAL_FRACTION_DIGITS_MAX,
    };
    return field < MEASURED_STATED_COUNT ? decimal : bound_product(decimal, bound_inverse(decimal));
}

static struct bound operand_bound(const struct bounds *bounds, const struct operand *operand)
{
    const int decimals = bounds->terms->currency.decimals;
    switch (operand->kind) {
    case OPERAND_LINE:
        return bounds->lines[operand->index];
    case OPERAND_CONSTANT:
        return bound_rational(&operand->constant);
    case OPERAND_MEASURED:
        return measured_bound(operand->field);
    case OPERAND_FUNDED:
    case OPERAND_PAID:
        return (struct bound){
            .size = MINOR_DIGITS - decimals, .numerator = MINOR_DIGITS, .scale = decimals};
    case OPERAND_EARLIER:
        return earlier_operand_bound(bounds, operand->index);
    case OPERAND_PERIOD_DAYS:
        return (struct bound){.size = PERIOD_DAYS_DIGITS, .numerator = PERIOD_DAYS_DIGITS};
    case OPERAND_UNPUBLISHED:
        return (struct bound){.size = 0};
    }
    assert(false);
    return (struct bound){.size = 0};
}

/*
 * Bounds of lines. A line's own steps are joined into `*largest`, so that one comparison at the end
 * covers everything that is computed on the way.
 */
static struct bound note_step(struct bound *largest, struct bound step)
{
    largest->numerator = bound_larger(largest->numerator, step.numerator);
    largest->other = bound_larger(largest->other, bound_denominator(step));
    return step;
}

/* A sum from left to right of `count` terms. */
struct total {
    size_t count;
    struct bound bound;
};

/* Nothing is added once a step was too large: the line is refused whatever follows. */
static void add_term(struct total *total, struct bound term, struct bound *largest)
{
    if (bound_is_held(*largest)) {
        total->bound = total->count == 0 ? term : bound_sum(total->bound, term, 0);
        (void)note_step(largest, total->bound);
    }
    total->count++;
}

/* The sum, with the digits that carries can add. */
static struct bound total_bound(const struct total *total, struct bound *largest)
{
    static_assert(TERMS_STEPS_MAX <= 1000 && TERMS_OPERANDS_MAX <= TERMS_STEPS_MAX,
                  "three digits of carry");
    if (total->count == 1) {
        return total->bound;
    }
    int carry = total->count <= 10 ? 1 : total->count <= 100 ? 2 : 3;
    struct bound most = {.size = total->bound.size};
    return note_step(largest, bound_sum(total->bound, most, carry));
}

static struct bound sum_bound(const struct bounds *bounds, const struct line *line,
                              struct bound *largest)
{
    struct total total = {.count = 0};
    for (size_t i = 0; i < line->operand_count; i++) {
        add_term(&total, operand_bound(bounds, &line->operands[i]), largest);
    }
    return total_bound(&total, largest);
}

/* 1 / an operand. Dividing by a constant such as 4 or 100 keeps decimals decimal. */
static struct bound divisor_bound(const struct bounds *bounds, const struct operand *divisor)
{
    return divisor->kind == OPERAND_CONSTANT ? bound_rational_inverse(&divisor->constant)
                                             : bound_inverse(operand_bound(bounds, divisor));
}

static struct bound product_bound(const struct bounds *bounds, const struct line *line,
                                  struct bound *largest)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    for (size_t i = 1; i < line->operand_count; i++) {
        const struct operand *operand = &line->operands[i];
        struct bound factor = line->operation == OPERATION_DIVIDE ? divisor_bound(bounds, operand)
                                                                  : operand_bound(bounds, operand);
        result = note_step(largest, bound_product(result, factor));
    }
    return result;
}

static struct bound choice_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    for (size_t i = 1; i < line->operand_count; i++) {
        result = bound_either(result, operand_bound(bounds, &line->operands[i]));
    }
    return result;
}

static struct bound clamp_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    struct bound at_least = {.size = 0};
    struct bound at_most = {.size = 0};
    if (line->has_at_least) {
        at_least = operand_bound(bounds, &line->at_least);
        result = bound_either(result, at_least);
    }
    if (line->has_at_most) {
        at_most = operand_bound(bounds, &line->at_most);
        result = bound_either(result, at_most);
    }
    if (line->has_at_least && line->has_at_most) {
        result.size = bound_larger(at_least.size, at_most.size); /* it is one of them, or between */
    }
    return bound_tightened(result);
}

static struct bound tiers_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->otherwise);
    for (size_t i = 0; i < line->step_count; i++) {
        result = bound_either(result, operand_bound(bounds, &line->steps[i].then));
    }
    return result;
}

/* y0 + (x - x0) * (y1 - y0) / (x1 - x0), in the order in which it is computed. */
static struct bound curve_bound(const struct bounds *bounds, const struct line *line,
                                struct bound *largest)
{
    struct bound x = operand_bound(bounds, &line->steps[0].threshold);
    struct bound y = operand_bound(bounds, &line->steps[0].then);
    for (size_t i = 1; i < line->step_count; i++) {
        x = bound_either(x, operand_bound(bounds, &line->steps[i].threshold));
        y = bound_either(y, operand_bound(bounds, &line->steps[i].then));
    }
    struct bound operand = operand_bound(bounds, &line->operands[0]);
    struct bound width = note_step(largest, bound_sum(x, x, 1));
    struct bound height = note_step(largest, bound_sum(y, y, 1));
    struct bound result = note_step(largest, bound_sum(operand, x, 1));
    result = note_step(largest, bound_product(result, height));
    result = note_step(largest, bound_product(result, bound_inverse(width)));
    result = note_step(largest, bound_sum(result, y, 1));
    result.size = y.size; /* it is a y, or between two */
    return bound_tightened(result);
}

/* The full blocks, and a part of another one: (x - from) times its rate. */
static struct bound brackets_bound(const struct bounds *bounds, const struct line *line,
                                   struct bound *largest)
{
    struct bound from = operand_bound(bounds, &line->steps[0].threshold);
    for (size_t i = 1; i < line->step_count; i++) {
        from = bound_either(from, operand_bound(bounds, &line->steps[i].threshold));
    }
    struct bound width = note_step(largest, bound_sum(from, from, 1));
    struct bound rates = operand_bound(bounds, &line->steps[0].then);
    struct total full = {.count = 0};
    for (size_t i = 0; i < line->step_count; i++) {
        struct bound rate = operand_bound(bounds, &line->steps[i].then);
        rates = bound_either(rates, rate);
        add_term(&full, bound_product(width, rate), largest);
    }
    struct bound blocks = total_bound(&full, largest);
    struct bound operand = operand_bound(bounds, &line->operands[0]);
    struct bound part = note_step(largest, bound_sum(operand, from, 1));
    part = note_step(largest, bound_product(part, rates));
    return note_step(largest, bound_sum(blocks, part, 1));
}

static struct bound item_bound(const struct bounds *bounds, const struct card_item *item,
                               struct bound *largest)
{
    struct bound count = operand_bound(bounds, &item->count);
    if (item->has_count_at_most) {
        count = bound_either(count, operand_bound(bounds, &item->count_at_most));
    }
    struct bound amount =
        note_step(largest, bound_product(count, operand_bound(bounds, &item->price)));
    if (item->has_multiplier) {
        amount =
            note_step(largest, bound_product(amount, operand_bound(bounds, &item->multiplier)));
    }
    if (item->has_amount_at_most) {
        amount = bound_either(amount, operand_bound(bounds, &item->amount_at_most));
    }
    return amount;
}

static struct bound card_bound(const struct bounds *bounds, const struct line *line,
                               struct bound *largest)
{
    struct total total = {.count = 0};
    for (size_t i = 0; i < line->item_count; i++) {
        add_term(&total, item_bound(bounds, &line->items[i], largest), largest);
    }
    return total_bound(&total, largest);
}

static struct bound cases_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->cases[0].then);
    for (size_t i = 1; i < line->case_count; i++) {
        result = bound_either(result, operand_bound(bounds, &line->cases[i].then));
    }
    return line->has_otherwise ? bound_either(result, operand_bound(bounds, &line->otherwise))
                               : result;
}

static struct bound index_bound(const struct bounds *bounds, const struct line *line,
                                struct bound *largest)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    result = note_step(largest, bound_product(result, operand_bound(bounds, &line->operands[2])));
    return note_step(largest, bound_product(result, divisor_bound(bounds, &line->operands[1])));
}

/* (1 + rate)^periods - 1, times the principal; or the rate times a part of years. */
static struct bound interest_bound(const struct bounds *bounds, const struct line *line,
                                   struct bound *largest)
{
    static const struct bound one = {.size = 1, .numerator = 1};
    /* 9999 years are below 10^5 years of 360 days, and 365 and 360 are below 10^3. */
    static const struct bound years = {.size = 5, .numerator = PERIOD_DAYS_DIGITS, .other = 3};
    struct bound principal = operand_bound(bounds, &line->operands[0]);
    struct bound rate = operand_bound(bounds, &line->operands[1]);
    if (!line->is_compound) {
        struct bound yearly = note_step(largest, bound_product(principal, rate));
        return note_step(largest, bound_product(yearly, years));
    }
    struct bound growth = note_step(largest, bound_sum(rate, one, 1));
    growth = note_step(largest, bound_power(growth, line->exponent));
    growth = note_step(largest, bound_sum(growth, one, 1));
    return note_step(largest, bound_product(principal, growth));
}

static struct bound rounded_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound operand = operand_bound(bounds, &line->operands[0]);
    struct bound step = operand_bound(bounds, &line->to);
    step.size = bound_larger(operand.size, step.size) + 1; /* at most one step away */
    step.numerator = INT_MAX;
    return bound_tightened(step);
}

static struct bound line_bound(const struct bounds *bounds, const struct line *line,
                               struct bound *largest)
{
    switch (line->operation) {
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
        return sum_bound(bounds, line, largest);
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
        return product_bound(bounds, line, largest);
    case OPERATION_POWER:
        return bound_power(operand_bound(bounds, &line->operands[0]), line->exponent);
    case OPERATION_TAKE:
    case OPERATION_NEGATE:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        return choice_bound(bounds, line);
    case OPERATION_CLAMP:
        return clamp_bound(bounds, line);
    case OPERATION_TIERS:
        return tiers_bound(bounds, line);
    case OPERATION_CURVE:
        return curve_bound(bounds, line, largest);
    case OPERATION_BRACKETS:
        return brackets_bound(bounds, line, largest);
    case OPERATION_RATE_CARD:
        return card_bound(bounds, line, largest);
    case OPERATION_BY_PERIOD:
        return cases_bound(bounds, line);
    case OPERATION_INTEREST:
        return interest_bound(bounds, line, largest);
    case OPERATION_INDEX:
        return index_bound(bounds, line, largest);
    case OPERATION_WHEN:
        return bound_either(operand_bound(bounds, &line->then),
                            operand_bound(bounds, &line->otherwise));
    case OPERATION_ROUND:
        return rounded_bound(bounds, line);
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return (struct bound){.size = 0};
}

/* Where a line meets an `earlier`, and what it may become. */
struct earlier_visit {
    const struct bounds *bounds;
    struct bound *largest;
};

/*
 * The ledger keeps the sum behind an `earlier` itself, from settlement to settlement, so it must
 * fit wherever in a line it stands, also where the line's own value does not depend on its size.
 */
static void note_earlier(void *context, const struct operand *operand)
{
    const struct earlier_visit *visit = context;
    if (operand->kind == OPERAND_EARLIER) {
        (void)note_step(visit->largest, operand_bound(visit->bounds, operand));
    }
}

enum status terms_check_bounds(const struct terms *terms, struct failure *failure)
{
    struct bounds bounds = {.terms = terms};
    for (size_t i = 0; i < terms->pay_count; i++) {
        bounds.is_paid[terms->pays[i].line] = true;
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        const struct line *line = &terms->lines[i];
        struct bound largest = {.size = 0};
        bounds.lines[i] = note_step(&largest, line_bound(&bounds, line, &largest));
        line_each_operand(line, note_earlier, &(struct earlier_visit){&bounds, &largest});
        if (bound_is_held(largest)) {
            continue;
        }
        enum status status = refuse(
            failure, RULE_TERMS_TOO_LARGE, "",
            "line \"%.*s\" could need %d digits in its %s, of %d that a number can have; "
            "a line that rounds before it would keep it small",
            VIEW_ARGS(line->name), 1 + bound_larger(largest.numerator, bound_denominator(largest)),
            largest.numerator > BOUND_EXPONENT_MAX ? "numerator" : "denominator",
            RATIONAL_DIGITS_MAX);
        shape_prefix_index(failure, i);
        shape_prefix_name(failure, "lines");
        return status;
    }
    return STATUS_OK;
}
