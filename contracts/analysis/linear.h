/*
 * Linear: a value written as a sum of multiples of others, so that what cancels out does.
 *
 * By intervals alone, x - 0.4 x could be anything from least x minus 0.4 times greatest x. Written
 * as 0.6 x it is what it is. The others are called atoms, and known by number: inputs, and lines
 * that are no sum.
 */
#pragma once

#include "contracts/number/rational.h"

#include <stdbool.h>
#include <stddef.h>

#define LINEAR_TERMS_MAX 8

struct linear {
    size_t count;
    size_t atoms[LINEAR_TERMS_MAX];            /* ascending */
    struct rational factors[LINEAR_TERMS_MAX]; /* not zero, of the terms that there are */
    struct rational constant;
};

/* Zero. Every initialised sum must be released. */
void linear_init(struct linear *linear);
void linear_release(struct linear *linear); /* for OWNED(linear_release) */

void linear_set(struct linear *target, const struct linear *source);
void linear_set_constant(struct linear *target, const struct rational *value);
void linear_set_atom(struct linear *target, size_t atom);

/*
 * Adds `factor` times another sum. False, and the target is then of no use, when there would be
 * more than LINEAR_TERMS_MAX terms, or more digits than a rational has.
 */
bool linear_add(struct linear *target, const struct linear *other, const struct rational *factor);
bool linear_scale(struct linear *target, const struct rational *factor);

/* The factor of an atom, or NULL when it is not in the sum. */
const struct rational *linear_factor(const struct linear *linear, size_t atom);
