/*
 * Interval: everything that a number can be, from a least to a greatest value.
 *
 * The arithmetic is exact and never too narrow: whatever values lie in the operands, what a line
 * computes from them lies in the result. It may be too wide, since operands are taken to vary
 * independently of each other. An end that is absent is unbounded; so becomes an end that would
 * need more than RATIONAL_DIGITS_MAX digits.
 *
 * An empty interval is a number that is never computed: every way to it is refused. What is
 * computed from it is empty too.
 */
#pragma once

#include "contracts/number/rational.h"

#include <stdbool.h>

struct interval {
    bool is_empty;
    bool has_least;
    bool has_greatest;
    struct rational least; /* always initialised; zero where it is absent */
    struct rational greatest;
};

/* Unbounded on both sides. Every initialised interval must be released. */
void interval_init(struct interval *interval);
void interval_release(struct interval *interval); /* for OWNED(interval_release) */

void interval_set(struct interval *target, const struct interval *source);
void interval_set_all(struct interval *target);
void interval_set_empty(struct interval *target);
void interval_set_point(struct interval *target, const struct rational *value);
void interval_set_integers(struct interval *target, int64_t least, int64_t greatest);
/* NULL for an end that is absent; they are in order. The target's own ends keep their sides. */
void interval_set_ends(struct interval *target, const struct rational *least,
                       const struct rational *greatest);

bool interval_is_point(const struct interval *interval);
bool interval_contains(const struct interval *interval, const struct rational *value);
/* 1 or -1 when every value lies on that side of zero, else 0; not empty. */
int interval_sign(const struct interval *interval);

/* --- Everything from here on: the target may be one of the operands. --- */

/* The least interval that holds both; of an empty one and another, the other. */
void interval_hull(struct interval *target, const struct interval *a, const struct interval *b);
/* What is in both; empty when nothing is. */
void interval_meet(struct interval *target, const struct interval *a, const struct interval *b);

void interval_negate(struct interval *target, const struct interval *a);
void interval_add(struct interval *target, const struct interval *a, const struct interval *b);
void interval_subtract(struct interval *target, const struct interval *a, const struct interval *b);
void interval_multiply(struct interval *target, const struct interval *a, const struct interval *b);
/* By the values of `b` other than zero; empty when there are none. */
void interval_divide(struct interval *target, const struct interval *a, const struct interval *b);
/* |exponent| <= RATIONAL_POWER_MAX; a negative one is of the values other than zero. */
void interval_power(struct interval *target, const struct interval *a, int exponent);
void interval_minimum(struct interval *target, const struct interval *a, const struct interval *b);
void interval_maximum(struct interval *target, const struct interval *a, const struct interval *b);
/* Rounding keeps the order of what is rounded. `step` is positive. */
void interval_round(struct interval *target, const struct interval *a, const struct rational *step,
                    enum rounding rounding);
