/*
 * Bound: how large a rational can be, without knowing it.
 *
 * For a value n/d in lowest terms a bound says
 *
 *     |n/d| <= 10^size      |n| <= 10^numerator      d divides 10^scale * D,  D <= 10^other
 *
 * Decimals have a denominator that divides a power of ten, so a sum of many of them needs only the
 * longest fraction (`scale`), while unrelated denominators (`other`, from divisions) multiply.
 * Each function gives a bound that holds for every pair of values that its arguments bound.
 *
 * The estimate is part of the format (docs/model.md, section 8): another one would refuse other
 * contracts.
 */
#pragma once

#include "contracts/number/rational.h"

#include <stdbool.h>

/* 10^999 still has RATIONAL_DIGITS_MAX digits. */
#define BOUND_EXPONENT_MAX (RATIONAL_DIGITS_MAX - 1)

struct bound {
    int size; /* may be negative: the value is small */
    int numerator;
    int scale;
    int other;
};

int bound_larger(int a, int b);

/* |d| <= 10^this. */
int bound_denominator(struct bound a);

/* Whether a rational of RATIONAL_DIGITS_MAX digits a side holds every such value. */
bool bound_is_held(struct bound a);

/* |n| = |n/d| * d, which is sometimes less than what the numerator's own bound says. */
struct bound bound_tightened(struct bound a);

/* Of values that are one or the other. */
struct bound bound_either(struct bound a, struct bound b);

/* Of a sum or difference; `more_digits` is how many digits the carries can add. */
struct bound bound_sum(struct bound a, struct bound b, int more_digits);
struct bound bound_product(struct bound a, struct bound b);

/* Of 1 / a, for values other than zero: they are at least 1 / d. */
struct bound bound_inverse(struct bound a);
struct bound bound_power(struct bound a, int exponent);

/* Of a constant; of 1 / a constant, which is not zero: a quarter is a decimal, too. */
struct bound bound_rational(const struct rational *value);
struct bound bound_rational_inverse(const struct rational *value);
