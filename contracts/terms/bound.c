#include "contracts/terms/bound.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <limits.h>

/* A constant n/d with d dividing a power of ten up to this one counts as a decimal. */
#define SCALE_SEARCHED_MAX 32

int bound_larger(int a, int b)
{
    return a > b ? a : b;
}

int bound_denominator(struct bound a)
{
    return a.scale + a.other;
}

struct bound bound_tightened(struct bound a)
{
    int numerator = bound_larger(a.size + bound_denominator(a), 0);
    if (numerator < a.numerator) {
        a.numerator = numerator;
    }
    return a;
}

bool bound_is_held(struct bound a)
{
    return a.numerator <= BOUND_EXPONENT_MAX && bound_denominator(a) <= BOUND_EXPONENT_MAX;
}

struct bound bound_either(struct bound a, struct bound b)
{
    return (struct bound){
        .size = bound_larger(a.size, b.size),
        .numerator = bound_larger(a.numerator, b.numerator),
        .scale = bound_larger(a.scale, b.scale),
        .other = bound_larger(a.other, b.other),
    };
}

struct bound bound_sum(struct bound a, struct bound b, int more_digits)
{
    struct bound result = {
        .size = bound_larger(a.size, b.size) + more_digits,
        .numerator = INT_MAX,
        .scale = bound_larger(a.scale, b.scale),
        .other = a.other + b.other,
    };
    return bound_tightened(result);
}

struct bound bound_product(struct bound a, struct bound b)
{
    struct bound result = {
        .size = a.size + b.size,
        .numerator = a.numerator + b.numerator,
        .scale = a.scale + b.scale,
        .other = a.other + b.other,
    };
    return bound_tightened(result);
}

struct bound bound_inverse(struct bound a)
{
    return (struct bound){
        .size = bound_denominator(a),
        .numerator = bound_denominator(a),
        .scale = 0,
        .other = a.numerator,
    };
}

struct bound bound_power(struct bound a, int exponent)
{
    struct bound base = exponent < 0 ? bound_inverse(a) : a;
    int times = exponent < 0 ? -exponent : exponent;
    struct bound result = {
        .size = base.size * times,
        .numerator = base.numerator * times,
        .scale = base.scale * times,
        .other = base.other * times,
    };
    return bound_tightened(result);
}

struct bound bound_rational(const struct rational *value)
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

struct bound bound_rational_inverse(const struct rational *value)
{
    OWNED(rational_release) struct rational inverted;
    rational_init(&inverted);
    enum status status = rational_power(&inverted, value, -1);
    assert(status == STATUS_OK); /* a zero was refused with DIVISOR_ZERO */
    return bound_rational(&inverted);
}
