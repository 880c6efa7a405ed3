/*
 * Bounds: how large the values of each line can become, for any admissible measurement.
 *
 * A rational holds at most RATIONAL_DIGITS_MAX digits a side. Terms that could need more are
 * refused when they are checked, so that a signed contract can always be settled.
 *
 * For a value n/d in lowest terms a bound says
 *
 *     |n/d| <= 10^size      |n| <= 10^numerator      d divides 10^scale * D,  D <= 10^other
 *
 * Decimals have a denominator that divides a power of ten, so a sum of many of them needs only the
 * longest fraction (`scale`), while unrelated denominators (`other`, from divisions) multiply.
 * Rounding replaces both by those of its step. Each function below gives a bound that holds for
 * every pair of values that its arguments bound; what evaluate.c computes on the way, such as
 * partial products, is bounded by the same steps.
 */
#include "contracts/rule/rule.h"
#include "contracts/terms/check.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <limits.h>

/* 10^999 still has RATIONAL_DIGITS_MAX digits. */
#define EXPONENT_MAX (RATIONAL_DIGITS_MAX - 1)

/* More settlements than a contract can have: each settles another period. */
#define SETTLEMENTS_DIGITS 3
#define SETTLEMENTS_MAX 1000
static_assert(TERMS_PERIODS_MAX <= SETTLEMENTS_MAX, "one settlement a period");

/* 9999 years are 3,652,059 days. */
#define PERIOD_DAYS_DIGITS 7

#define MINOR_DIGITS 18 /* sums of money stay below 10^18 minor units */

/* A constant n/d with d dividing a power of ten up to this one counts as a decimal. */
#define SCALE_SEARCHED_MAX 32

/*
 * Every line before has passed, so an operand's exponents are at most EXPONENT_MAX, or that times
 * SETTLEMENTS_MAX for `earlier`; a line multiplies them by at most RATIONAL_POWER_MAX, and adds
 * four such terms. No int here can overflow.
 */
static_assert(4LL * EXPONENT_MAX * SETTLEMENTS_MAX * RATIONAL_POWER_MAX < INT_MAX &&
                  TERMS_OPERANDS_MAX <= RATIONAL_POWER_MAX,
              "exponents stay small");

struct bound {
    int size; /* may be negative: the value is small */
    int numerator;
    int scale;
    int other;
};

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int denominator_of(struct bound a)
{
    return a.scale + a.other;
}

/* |n| = |n/d| * d, which is sometimes less than what the numerator's own bound says. */
static struct bound tightened(struct bound a)
{
    int numerator = larger(a.size + denominator_of(a), 0);
    if (numerator < a.numerator) {
        a.numerator = numerator;
    }
    return a;
}

static bool is_held(struct bound a)
{
    return a.numerator <= EXPONENT_MAX && denominator_of(a) <= EXPONENT_MAX;
}

/* A bound of values that are one or the other. */
static struct bound either(struct bound a, struct bound b)
{
    return (struct bound){
        .size = larger(a.size, b.size),
        .numerator = larger(a.numerator, b.numerator),
        .scale = larger(a.scale, b.scale),
        .other = larger(a.other, b.other),
    };
}

/* A sum or difference; `more_digits` is how many digits the carries can add. */
static struct bound sum(struct bound a, struct bound b, int more_digits)
{
    struct bound result = {
        .size = larger(a.size, b.size) + more_digits,
        .numerator = INT_MAX,
        .scale = larger(a.scale, b.scale),
        .other = a.other + b.other,
    };
    return tightened(result);
}

static struct bound product(struct bound a, struct bound b)
{
    struct bound result = {
        .size = a.size + b.size,
        .numerator = a.numerator + b.numerator,
        .scale = a.scale + b.scale,
        .other = a.other + b.other,
    };
    return tightened(result);
}

/* 1 / a, for values other than zero: they are at least 1 / d. */
static struct bound inverse(struct bound a)
{
    return (struct bound){
        .size = denominator_of(a),
        .numerator = denominator_of(a),
        .scale = 0,
        .other = a.numerator,
    };
}

static struct bound power(struct bound a, int exponent)
{
    struct bound base = exponent < 0 ? inverse(a) : a;
    int times = exponent < 0 ? -exponent : exponent;
    struct bound result = {
        .size = base.size * times,
        .numerator = base.numerator * times,
        .scale = base.scale * times,
        .other = base.other * times,
    };
    return tightened(result);
}

static struct bound rational_bound(const struct rational *value)
{
    int numerator = (int)rational_numerator_digits(value);
    int denominator = (int)rational_denominator_digits(value);
    struct bound result = {.size = numerator - denominator + 1, .numerator = numerator};

    if (rational_is_integer(value)) {
        return result;
    }
    /* The least power of ten that the denominator divides: not less than the denominator. */
    OWNED(rational_release) struct rational scaled;
    OWNED(rational_release) struct rational ten;
    rational_init(&scaled);
    rational_init(&ten);
    rational_set_integer(&ten, 10);
    result.scale = denominator - 1;
    enum status status = rational_power(&scaled, &ten, result.scale);
    assert(status == STATUS_OK); /* constants and their inverses have at most 30 digits a side */
    status = rational_multiply(&scaled, &scaled, value);
    assert(status == STATUS_OK);
    while (!rational_is_integer(&scaled) && result.scale < SCALE_SEARCHED_MAX) {
        status = rational_multiply(&scaled, &scaled, &ten);
        assert(status == STATUS_OK);
        result.scale++;
    }
    if (!rational_is_integer(&scaled)) {
        result.scale = 0;
        result.other = denominator;
    }
    return result;
}

/* 1 / a constant: dividing by 4 or 100 keeps decimals decimal. */
static struct bound constant_inverse(const struct rational *value)
{
    OWNED(rational_release) struct rational inverted;
    rational_init(&inverted);
    enum status status = rational_power(&inverted, value, -1);
    assert(status == STATUS_OK); /* a zero was refused with DIVISOR_ZERO */
    return rational_bound(&inverted);
}

/* The sum of a line over the earlier settlements, each with a denominator of its own. */
static struct bound earlier_bound(struct bound line)
{
    struct bound result = {
        .size = line.size + SETTLEMENTS_DIGITS,
        .numerator = INT_MAX,
        .scale = line.scale,
        .other = line.other * SETTLEMENTS_MAX,
    };
    return tightened(result);
}

struct bounds {
    const struct terms *terms;
    struct bound lines[TERMS_LINES_MAX];
};

/*
 * A line that is paid was refused as an amount unless it stayed below 10^18 minor units, so its sum
 * over settlements needs three digits more, wherever the line stands.
 */
static bool is_paid_line(const struct terms *terms, size_t line)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (view_equal(terms->pays[i].line_name, terms->lines[line].name)) {
            return true;
        }
    }
    return false;
}

static struct bound earlier_operand_bound(const struct bounds *bounds, size_t line)
{
    const int decimals = bounds->terms->currency.decimals;
    if (is_paid_line(bounds->terms, line)) {
        return (struct bound){
            .size = MINOR_DIGITS - decimals + SETTLEMENTS_DIGITS,
            .numerator = MINOR_DIGITS + SETTLEMENTS_DIGITS,
            .scale = decimals,
        };
    }
    return earlier_bound(bounds->lines[line]);
}

static struct bound operand_bound(const struct bounds *bounds, const struct operand *operand)
{
    const int decimals = bounds->terms->currency.decimals;
    switch (operand->kind) {
    case OPERAND_LINE:
        return bounds->lines[operand->index];
    case OPERAND_CONSTANT:
        return rational_bound(&operand->constant);
    case OPERAND_MEASURED:
        return (struct bound){
            .size = DECIMAL_WHOLE_DIGITS_MAX,
            .numerator = DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX,
            .scale = DECIMAL_FRACTION_DIGITS_MAX,
        };
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
    largest->numerator = larger(largest->numerator, step.numerator);
    largest->other = larger(largest->other, denominator_of(step));
    return step;
}

static struct bound sum_bound(const struct bounds *bounds, const struct line *line)
{
    /* At most 100 operands: the carries add two digits, or one up to 10 operands. */
    static_assert(TERMS_OPERANDS_MAX <= 100, "two digits of carry");
    struct bound result = operand_bound(bounds, &line->operands[0]);
    for (size_t i = 1; i < line->operand_count; i++) {
        result = sum(result, operand_bound(bounds, &line->operands[i]), 0);
    }
    if (line->operand_count > 1) {
        result = sum(result, (struct bound){.size = result.size}, line->operand_count > 10 ? 2 : 1);
    }
    return result;
}

static struct bound product_bound(const struct bounds *bounds, const struct line *line,
                                  struct bound *largest)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    for (size_t i = 1; i < line->operand_count; i++) {
        struct bound factor = operand_bound(bounds, &line->operands[i]);
        if (line->operation == OPERATION_DIVIDE) {
            const struct operand *divisor = &line->operands[i];
            factor = divisor->kind == OPERAND_CONSTANT ? constant_inverse(&divisor->constant)
                                                       : inverse(factor);
        }
        result = note_step(largest, product(result, factor));
    }
    return result;
}

static struct bound choice_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->operands[0]);
    for (size_t i = 1; i < line->operand_count; i++) {
        result = either(result, operand_bound(bounds, &line->operands[i]));
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
        result = either(result, at_least);
    }
    if (line->has_at_most) {
        at_most = operand_bound(bounds, &line->at_most);
        result = either(result, at_most);
    }
    if (line->has_at_least && line->has_at_most) {
        result.size = larger(at_least.size, at_most.size); /* it is one of them, or between */
    }
    return tightened(result);
}

static struct bound tiers_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound result = operand_bound(bounds, &line->otherwise);
    for (size_t i = 0; i < line->step_count; i++) {
        result = either(result, operand_bound(bounds, &line->steps[i].then));
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
        x = either(x, operand_bound(bounds, &line->steps[i].threshold));
        y = either(y, operand_bound(bounds, &line->steps[i].then));
    }
    struct bound operand = operand_bound(bounds, &line->operands[0]);
    struct bound width = note_step(largest, sum(x, x, 1));
    struct bound height = note_step(largest, sum(y, y, 1));
    struct bound result = note_step(largest, sum(operand, x, 1));
    result = note_step(largest, product(result, height));
    result = note_step(largest, product(result, inverse(width)));
    result = note_step(largest, sum(result, y, 1));
    result.size = y.size; /* it is a y, or between two */
    return tightened(result);
}

static struct bound rounded_bound(const struct bounds *bounds, const struct line *line)
{
    struct bound operand = operand_bound(bounds, &line->operands[0]);
    struct bound step = operand_bound(bounds, &line->to);
    step.size = larger(operand.size, step.size) + 1; /* at most one step away */
    step.numerator = INT_MAX;
    return tightened(step);
}

static struct bound line_bound(const struct bounds *bounds, const struct line *line,
                               struct bound *largest)
{
    switch (line->operation) {
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
        return sum_bound(bounds, line);
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
        return product_bound(bounds, line, largest);
    case OPERATION_POWER:
        return power(operand_bound(bounds, &line->operands[0]), line->exponent);
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
    case OPERATION_WHEN:
        return either(operand_bound(bounds, &line->then), operand_bound(bounds, &line->otherwise));
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
    for (size_t i = 0; i < terms->line_count; i++) {
        const struct line *line = &terms->lines[i];
        struct bound largest = {.size = 0};
        bounds.lines[i] = note_step(&largest, line_bound(&bounds, line, &largest));
        line_each_operand(line, note_earlier, &(struct earlier_visit){&bounds, &largest});
        if (is_held(largest)) {
            continue;
        }
        enum status status = refuse(
            failure, RULE_TERMS_TOO_LARGE, "",
            "line \"%.*s\" could need %d digits in its %s, of %d that a number can have; "
            "a line that rounds before it would keep it small",
            VIEW_ARGS(line->name), 1 + larger(largest.numerator, denominator_of(largest)),
            largest.numerator > EXPONENT_MAX ? "numerator" : "denominator", RATIONAL_DIGITS_MAX);
        shape_prefix_index(failure, i);
        shape_prefix_name(failure, "lines");
        return status;
    }
    return STATUS_OK;
}
