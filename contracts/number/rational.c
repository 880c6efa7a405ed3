#include "contracts/number/rational.h"

#include "contracts/number/numeral.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <limits.h>

/*
 * 10^1000 is a number of 3322 bits. So a number of fewer bits is below it and one of more bits is
 * above it, and only a number of exactly as many bits must be compared with the power itself.
 */
#define LIMIT_BITS 3322

static_assert(RATIONAL_DIGITS_MAX == 1000, "LIMIT_BITS belongs to 10^1000");
static_assert(ULONG_MAX == UINT64_MAX, "GMP's functions of machine words take 64 bits here");
static_assert(DECIMAL_WHOLE_DIGITS_MAX <= NUMERAL_DIGITS_MAX &&
                  DECIMAL_FRACTION_DIGITS_MAX <= NUMERAL_DIGITS_MAX,
              "both sides of a decimal's point fit in a machine word");

typedef void binary_operation(mpq_ptr target, mpq_srcptr a, mpq_srcptr b);

static void integer_release(mpz_t *integer)
{
    mpz_clear(*integer);
}

void rational_init(struct rational *rational)
{
    mpq_init(rational->value);
}

void rational_release(struct rational *rational)
{
    mpq_clear(rational->value);
}

void rational_set(struct rational *target, const struct rational *source)
{
    mpq_set(target->value, source->value);
}

void rational_set_integer(struct rational *target, int64_t value)
{
    mpq_set_si(target->value, value, 1);
}

void rational_set_fraction(struct rational *target, int64_t numerator, int64_t denominator)
{
    assert(denominator > 0);
    mpq_set_si(target->value, numerator, (unsigned long)denominator);
    mpq_canonicalize(target->value);
}

/*
 * Sets `target` to the numeral's value, in lowest terms.
 *
 * The fraction is reduced while it is a machine word: its denominator is a power of ten, so only
 * twos and fives can be shared, and adding a whole number shares no more. GMP then has no greatest
 * common divisor to find.
 */
static void set_numeral(struct rational *target, const struct numeral *numeral)
{
    uint64_t fraction = numeral_value(numeral->fraction);
    uint64_t denominator = 1;
    if (fraction != 0) {
        denominator = numeral_power_of_ten(numeral->fraction.size);
        for (size_t i = 0; i < numeral->fraction.size && fraction % 2 == 0; i++) {
            fraction /= 2;
            denominator /= 2;
        }
        for (size_t i = 0; i < numeral->fraction.size && fraction % 5 == 0; i++) {
            fraction /= 5;
            denominator /= 5;
        }
    }
    mpz_ptr numerator = mpq_numref(target->value);
    mpz_set_ui(numerator, numeral_value(numeral->whole));
    mpz_mul_ui(numerator, numerator, denominator);
    mpz_add_ui(numerator, numerator, fraction);
    if (numeral->negative) {
        mpz_neg(numerator, numerator);
    }
    mpz_set_ui(mpq_denref(target->value), denominator);
}

enum status rational_read_decimal(struct view text, struct rational *ret_value)
{
    struct numeral numeral;
    TRY(numeral_parse(text, &numeral));
    struct view fraction = numeral.fraction;
    if (numeral.whole.size > DECIMAL_WHOLE_DIGITS_MAX ||
        fraction.size > DECIMAL_FRACTION_DIGITS_MAX) {
        return STATUS_INVALID;
    }
    if (fraction.size > 0 && fraction.data[fraction.size - 1] == '0') {
        return STATUS_INVALID; /* "1.50" would be a second spelling of "1.5" */
    }
    set_numeral(ret_value, &numeral);
    return STATUS_OK;
}

enum status rational_read_amount(struct view text, unsigned decimals, struct rational *ret_value)
{
    assert(decimals <= DECIMAL_FRACTION_DIGITS_MAX);

    struct numeral numeral;
    TRY(numeral_parse(text, &numeral));
    if (numeral.whole.size > DECIMAL_WHOLE_DIGITS_MAX || numeral.fraction.size != decimals) {
        return STATUS_INVALID;
    }
    set_numeral(ret_value, &numeral);
    return STATUS_OK;
}

/* Reads digits without leading zeros, and nothing else. */
static enum status read_digits(struct view text, mpz_ptr ret_integer)
{
    if (text.size == 0 || numeral_whole_size(text) != text.size) {
        return STATUS_INVALID;
    }
    if (text.size > RATIONAL_DIGITS_MAX) {
        return STATUS_LIMIT;
    }
    if (text.size <= NUMERAL_DIGITS_MAX) {
        mpz_set_ui(ret_integer, numeral_value(text));
        return STATUS_OK;
    }
    char digits[RATIONAL_DIGITS_MAX + 1];
    memcpy(digits, text.data, text.size);
    digits[text.size] = '\0';
    int refused = mpz_set_str(ret_integer, digits, 10);
    assert(refused == 0);
    return STATUS_OK;
}

static bool is_reduced(const struct rational *value)
{
    mpz_srcptr denominator = mpq_denref(value->value);
    if (mpz_cmp_ui(denominator, 1) == 0) {
        return true;
    }
    OWNED(integer_release) mpz_t divisor;
    mpz_init(divisor);
    mpz_gcd(divisor, mpq_numref(value->value), denominator);
    return mpz_cmp_ui(divisor, 1) == 0;
}

enum status rational_read_fraction(struct view text, struct rational *ret_value)
{
    bool negative = text.size > 0 && text.data[0] == '-';
    struct view numerator = text;
    if (negative) {
        numerator = (struct view){.data = text.data + 1, .size = text.size - 1};
    }
    const char *slash = numerator.size == 0 ? NULL : memchr(numerator.data, '/', numerator.size);
    struct view denominator = {.data = NULL};
    if (slash != NULL) {
        size_t numerator_size = (size_t)(slash - numerator.data);
        denominator = (struct view){.data = slash + 1, .size = numerator.size - numerator_size - 1};
        numerator.size = numerator_size;
    }

    OWNED(rational_release) struct rational value;
    rational_init(&value);
    TRY(read_digits(numerator, mpq_numref(value.value)));
    if (negative) {
        if (rational_sign(&value) == 0) {
            return STATUS_INVALID;
        }
        rational_negate(&value, &value);
    }
    if (slash != NULL) {
        mpz_ptr divisor = mpq_denref(value.value);
        TRY(read_digits(denominator, divisor));
        if (mpz_cmp_ui(divisor, 1) <= 0 || !is_reduced(&value)) {
            return STATUS_INVALID;
        }
    }
    mpq_swap(ret_value->value, value.value);
    return STATUS_OK;
}

enum status rational_write_fraction(const struct rational *value, struct buffer *buffer)
{
    /* Each side with what mpz_get_str asks for beside the digits: a sign and a NUL, and one digit
     * that it may count too many; then the slash. */
    char text[2 * (RATIONAL_DIGITS_MAX + 3) + 1];
    assert(mpz_sizeinbase(mpq_numref(value->value), 10) <= RATIONAL_DIGITS_MAX + 1);
    assert(mpz_sizeinbase(mpq_denref(value->value), 10) <= RATIONAL_DIGITS_MAX + 1);

    mpz_get_str(text, 10, mpq_numref(value->value));
    if (!rational_is_integer(value)) {
        size_t size = strlen(text);
        text[size] = '/';
        mpz_get_str(text + size + 1, 10, mpq_denref(value->value));
    }
    return buffer_append_text(buffer, text);
}

enum status rational_write_decimal(const struct rational *value, unsigned decimals_min,
                                   unsigned decimals_max, struct buffer *buffer, bool *ret_exact)
{
    assert(decimals_min <= decimals_max);
    assert(decimals_max <= RATIONAL_DIGITS_MAX);

    OWNED(integer_release) mpz_t scaled;
    OWNED(integer_release) mpz_t rest;
    mpz_init(scaled);
    mpz_init(rest);
    mpz_ui_pow_ui(scaled, 10, decimals_max);
    mpz_mul(scaled, scaled, mpq_numref(value->value));
    mpz_tdiv_qr(scaled, rest, scaled, mpq_denref(value->value));
    /* What is cut down to nothing has no sign. */
    const char *sign = mpz_sgn(scaled) < 0 ? "-" : "";
    mpz_abs(scaled, scaled);

    char digits[2 * RATIONAL_DIGITS_MAX + 3];
    assert(mpz_sizeinbase(scaled, 10) <= 2 * RATIONAL_DIGITS_MAX + 1);
    mpz_get_str(digits, 10, scaled);
    size_t size = strlen(digits);
    if (size <= decimals_max) {
        size_t missing = decimals_max + 1 - size; /* up to one digit before the point */
        memmove(digits + missing, digits, size + 1);
        memset(digits, '0', missing);
        size += missing;
    }
    size_t whole_size = size - decimals_max;
    unsigned decimals = decimals_max;
    while (decimals > decimals_min && digits[whole_size + decimals - 1] == '0') {
        decimals--;
    }
    TRY(buffer_append_format(buffer, "%s%.*s%s%.*s", sign, (int)whole_size, digits,
                             decimals > 0 ? "." : "", (int)decimals, digits + whole_size));
    *ret_exact = mpz_sgn(rest) == 0;
    return STATUS_OK;
}

static bool is_within_limit(mpz_srcptr integer)
{
    size_t bits = mpz_sizeinbase(integer, 2);
    if (bits != LIMIT_BITS) {
        return bits < LIMIT_BITS;
    }
    /* So near the limit that making the power here costs less than keeping it for all threads. */
    OWNED(integer_release) mpz_t limit;
    mpz_init(limit);
    mpz_ui_pow_ui(limit, 10, RATIONAL_DIGITS_MAX);
    return mpz_cmpabs(integer, limit) < 0;
}

/* Hands a finished value to the target, unless it is too large. */
static enum status keep(struct rational *target, struct rational *result)
{
    if (!is_within_limit(mpq_numref(result->value)) ||
        !is_within_limit(mpq_denref(result->value))) {
        return STATUS_LIMIT;
    }
    mpq_swap(target->value, result->value);
    return STATUS_OK;
}

/* Bits of the larger side, at least 1. */
static size_t size_in_bits(const struct rational *a)
{
    size_t numerator = mpz_sizeinbase(mpq_numref(a->value), 2);
    size_t denominator = mpz_sizeinbase(mpq_denref(a->value), 2);
    return numerator > denominator ? numerator : denominator;
}

/*
 * Does one of the four operations. A side of the result is at most a product of a side of `a` and
 * one of `b`, or the sum of two such products: one bit more than the sizes together. Where that
 * cannot reach the limit, which is nearly always, the target is written without a copy.
 */
static enum status operate(binary_operation *operation, struct rational *target,
                           const struct rational *a, const struct rational *b)
{
    if (size_in_bits(a) + size_in_bits(b) + 1 < LIMIT_BITS) {
        operation(target->value, a->value, b->value);
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational result;
    rational_init(&result);
    operation(result.value, a->value, b->value);
    return keep(target, &result);
}

enum status rational_add(struct rational *target, const struct rational *a,
                         const struct rational *b)
{
    return operate(mpq_add, target, a, b);
}

enum status rational_subtract(struct rational *target, const struct rational *a,
                              const struct rational *b)
{
    return operate(mpq_sub, target, a, b);
}

enum status rational_multiply(struct rational *target, const struct rational *a,
                              const struct rational *b)
{
    return operate(mpq_mul, target, a, b);
}

enum status rational_divide(struct rational *target, const struct rational *a,
                            const struct rational *b)
{
    if (rational_sign(b) == 0) {
        return STATUS_INVALID;
    }
    return operate(mpq_div, target, a, b);
}

enum status rational_power(struct rational *target, const struct rational *base, int exponent)
{
    if (exponent > RATIONAL_POWER_MAX || exponent < -RATIONAL_POWER_MAX) {
        return STATUS_LIMIT;
    }
    if (exponent < 0 && rational_sign(base) == 0) {
        return STATUS_INVALID;
    }
    unsigned long times = (unsigned long)(exponent < 0 ? -exponent : exponent);

    /* A side of n bits is at least 2^(n-1): refused before a huge power is computed. What passes
     * stays below 2^(LIMIT_BITS + RATIONAL_POWER_MAX). */
    if ((size_in_bits(base) - 1) * times >= LIMIT_BITS) {
        return STATUS_LIMIT;
    }
    OWNED(rational_release) struct rational result;
    rational_init(&result);
    /* Powers of two numbers without a common divisor have none either. */
    mpz_pow_ui(mpq_numref(result.value), mpq_numref(base->value), times);
    mpz_pow_ui(mpq_denref(result.value), mpq_denref(base->value), times);
    if (exponent < 0) {
        mpq_inv(result.value, result.value);
    }
    return keep(target, &result);
}

void rational_negate(struct rational *target, const struct rational *a)
{
    mpq_neg(target->value, a->value);
}

int rational_compare(const struct rational *a, const struct rational *b)
{
    return mpq_cmp(a->value, b->value);
}

int rational_sign(const struct rational *a)
{
    return mpq_sgn(a->value);
}

bool rational_is_integer(const struct rational *a)
{
    return mpz_cmp_ui(mpq_denref(a->value), 1) == 0;
}

/* The nearest integer to numerator / denominator; a tie goes away from zero, or to the even. */
static void divide_to_nearest(mpz_ptr quotient, mpz_srcptr numerator, mpz_srcptr denominator,
                              bool tie_to_even)
{
    OWNED(integer_release) mpz_t rest;
    mpz_init(rest);
    mpz_tdiv_qr(quotient, rest, numerator, denominator);
    mpz_mul_2exp(rest, rest, 1);
    int half = mpz_cmpabs(rest, denominator);
    bool away = half > 0 || (half == 0 && (!tie_to_even || mpz_odd_p(quotient)));
    if (!away) {
        return;
    }
    if (mpz_sgn(numerator) < 0) {
        mpz_sub_ui(quotient, quotient, 1);
    } else {
        mpz_add_ui(quotient, quotient, 1);
    }
}

static void divide_to_integer(mpz_ptr quotient, mpz_srcptr numerator, mpz_srcptr denominator,
                              enum rounding rounding)
{
    switch (rounding) {
    case ROUND_HALF_EVEN:
        divide_to_nearest(quotient, numerator, denominator, true);
        return;
    case ROUND_HALF_UP:
        divide_to_nearest(quotient, numerator, denominator, false);
        return;
    case ROUND_UP:
        if (mpz_sgn(numerator) < 0) {
            mpz_fdiv_q(quotient, numerator, denominator);
        } else {
            mpz_cdiv_q(quotient, numerator, denominator);
        }
        return;
    case ROUND_DOWN:
        mpz_tdiv_q(quotient, numerator, denominator);
        return;
    case ROUND_CEILING:
        mpz_cdiv_q(quotient, numerator, denominator);
        return;
    case ROUND_FLOOR:
        mpz_fdiv_q(quotient, numerator, denominator);
        return;
    }
}

enum status rational_round(struct rational *target, const struct rational *a,
                           const struct rational *step, enum rounding rounding)
{
    assert(rational_sign(step) > 0);

    OWNED(integer_release) mpz_t steps;
    OWNED(rational_release) struct rational result;
    mpz_init(steps);
    rational_init(&result);
    mpq_div(result.value, a->value, step->value);
    divide_to_integer(steps, mpq_numref(result.value), mpq_denref(result.value), rounding);
    mpq_set_z(result.value, steps);
    mpq_mul(result.value, result.value, step->value);
    return keep(target, &result);
}

enum status rational_to_integer(const struct rational *a, int64_t *ret_value)
{
    if (!rational_is_integer(a)) {
        return STATUS_INVALID;
    }
    if (!mpz_fits_slong_p(mpq_numref(a->value))) {
        return STATUS_LIMIT;
    }
    *ret_value = mpz_get_si(mpq_numref(a->value));
    return STATUS_OK;
}

static size_t decimal_digits(mpz_srcptr integer)
{
    size_t digits = mpz_sizeinbase(integer, 10); /* exact, or one too many */
    if (digits == 1) {
        return 1;
    }
    OWNED(integer_release) mpz_t least;
    mpz_init(least);
    mpz_ui_pow_ui(least, 10, digits - 1);
    return mpz_cmpabs(integer, least) < 0 ? digits - 1 : digits;
}

size_t rational_numerator_digits(const struct rational *a)
{
    return decimal_digits(mpq_numref(a->value));
}

size_t rational_denominator_digits(const struct rational *a)
{
    return decimal_digits(mpq_denref(a->value));
}

static const char *const ROUNDING_NAMES[] = {
    [ROUND_HALF_EVEN] = "half_even", [ROUND_HALF_UP] = "half_up", [ROUND_UP] = "up",
    [ROUND_DOWN] = "down",           [ROUND_CEILING] = "ceiling", [ROUND_FLOOR] = "floor",
};
#define ROUNDING_COUNT (sizeof ROUNDING_NAMES / sizeof ROUNDING_NAMES[0])

const char *rounding_name(enum rounding rounding)
{
    assert((size_t)rounding < ROUNDING_COUNT);
    return ROUNDING_NAMES[rounding];
}

bool rounding_by_name(struct view name, enum rounding *ret_rounding)
{
    for (size_t i = 0; i < ROUNDING_COUNT; i++) {
        if (view_is(name, ROUNDING_NAMES[i])) {
            *ret_rounding = (enum rounding)i;
            return true;
        }
    }
    return false;
}
