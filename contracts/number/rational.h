/*
 * Rational: exact fractions of bounded size, the numbers that contracts are computed in.
 *
 * A value is always in lowest terms with a positive denominator, so equal values have one written
 * form. Nothing is ever rounded except by rational_round, which the contract names. Numerator and
 * denominator stay below 10^RATIONAL_DIGITS_MAX; an operation that would exceed it fails with
 * STATUS_LIMIT and leaves its output as it was.
 *
 * GMP does the arithmetic (this folder is its only user). GMP aborts the process when memory runs
 * out; sizes here are bounded to kilobytes, so that is a machine that is lost anyway.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>

#define RATIONAL_DIGITS_MAX 1000
#define RATIONAL_POWER_MAX 400

/* Decimal strings: at most 18 digits before the point and 12 after (docs/formats.md). */
#define DECIMAL_WHOLE_DIGITS_MAX 18
#define DECIMAL_FRACTION_DIGITS_MAX 12

struct rational {
    mpq_t value;
};

/* How rational_round decides. Ties are values exactly half way between two steps. */
enum rounding {
    ROUND_HALF_EVEN, /* nearest; a tie goes to the even multiple of the step */
    ROUND_HALF_UP,   /* nearest; a tie goes away from zero */
    ROUND_UP,        /* away from zero */
    ROUND_DOWN,      /* towards zero */
    ROUND_CEILING,   /* towards plus infinity */
    ROUND_FLOOR,     /* towards minus infinity */
};

/* Zero. Every initialised value must be released. */
void rational_init(struct rational *rational);
void rational_release(struct rational *rational); /* for OWNED(rational_release) */
void rational_set(struct rational *target, const struct rational *source);
void rational_set_integer(struct rational *target, int64_t value);
/* numerator / denominator; the denominator is positive. */
void rational_set_fraction(struct rational *target, int64_t numerator, int64_t denominator);

/*
 * Reads a decimal string: -?(0|[1-9][0-9]{0,17})(\.[0-9]{1,12})?, one spelling for each value: no
 * "-0", no zeros at the end of the fraction.
 *
 * Every reader sets an initialised value, and leaves it as it was when it fails.
 *
 * Errors  STATUS_INVALID when it is another form.
 */
enum status rational_read_decimal(struct view text, struct rational *ret_value);

/*
 * The same, but the fraction has exactly `decimals` digits (no point when 0): a money amount.
 *
 * Shapes  decimals <= DECIMAL_FRACTION_DIGITS_MAX.
 */
enum status rational_read_amount(struct view text, unsigned decimals, struct rational *ret_value);

/*
 * Reads "p" or "p/q" in lowest terms, q > 1, no leading zeros, no "-0".
 *
 * Errors  STATUS_INVALID when it is another form; STATUS_LIMIT beyond RATIONAL_DIGITS_MAX digits.
 */
enum status rational_read_fraction(struct view text, struct rational *ret_value);

/* Appends "p" or "p/q". Errors: STATUS_LIMIT when the buffer is full; STATUS_MEMORY. */
enum status rational_write_fraction(const struct rational *value, struct buffer *buffer);

/*
 * Appends a decimal for people: exact when it fits in `decimals_max` fraction digits, else cut
 * towards zero after that many. `*ret_exact` says which. No trailing zeros, unless `decimals_min`
 * asks for them; no sign on what is cut down to zero.
 *
 * Shapes  decimals_min <= decimals_max <= RATIONAL_DIGITS_MAX.
 * Errors  STATUS_LIMIT when the buffer is full; STATUS_MEMORY.
 */
enum status rational_write_decimal(const struct rational *value, unsigned decimals_min,
                                   unsigned decimals_max, struct buffer *buffer, bool *ret_exact);

/* The target may be one of the operands. Errors: STATUS_LIMIT. */
enum status rational_add(struct rational *target, const struct rational *a,
                         const struct rational *b);
enum status rational_subtract(struct rational *target, const struct rational *a,
                              const struct rational *b);
enum status rational_multiply(struct rational *target, const struct rational *a,
                              const struct rational *b);

/* Errors: STATUS_INVALID when `b` is zero; STATUS_LIMIT. */
enum status rational_divide(struct rational *target, const struct rational *a,
                            const struct rational *b);

/*
 * Anything to the power 0 is 1.
 *
 * Errors  STATUS_INVALID for 0 to a negative power; STATUS_LIMIT beyond RATIONAL_POWER_MAX either
 *         way, or for a result too large.
 */
enum status rational_power(struct rational *target, const struct rational *base, int exponent);

void rational_negate(struct rational *target, const struct rational *a);

/* <0, 0 or >0. */
int rational_compare(const struct rational *a, const struct rational *b);
int rational_sign(const struct rational *a);
bool rational_is_integer(const struct rational *a);

/* Rounds to a multiple of `step`, which is positive. Errors: STATUS_LIMIT. */
enum status rational_round(struct rational *target, const struct rational *a,
                           const struct rational *step, enum rounding rounding);

/* The value when it is an integer that fits. Errors: STATUS_INVALID; STATUS_LIMIT. */
enum status rational_to_integer(const struct rational *a, int64_t *ret_value);

/* Decimal digits of numerator and denominator: for the bounds that terms are checked against. */
size_t rational_numerator_digits(const struct rational *a);
size_t rational_denominator_digits(const struct rational *a);

/* Names as contracts write them: "half_even", ... */
const char *rounding_name(enum rounding rounding);
bool rounding_by_name(struct view name, enum rounding *ret_rounding);
