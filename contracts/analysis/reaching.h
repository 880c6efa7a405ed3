/*
 * Reaching: what the files of reach.h share.
 *
 * A working value is a `struct reached` in the line that is computed, or in a place of the scratch:
 * 0 to 2 for operands that are no lines, and REACHING_ITEM for what is put together on the way.
 */
#pragma once

#include "contracts/analysis/reach.h"

#define REACHING_ITEM 3

/* What an operand can be: a line's own, or else in scratch[place]. */
const struct reached *reaching_look(struct reach *reach, const struct operand *operand,
                                    size_t place);

void reaching_set(struct reached *target, const struct reached *source);
void reaching_set_integer(struct reached *target, int64_t value);

/* target + factor · other */
void reaching_add(struct reached *target, const struct reached *other, int factor);
void reaching_scale(struct reached *target, const struct rational *factor);
void reaching_multiply(struct reached *target, const struct reached *other);
void reaching_divide(struct reach *reach, struct reached *target, const struct reached *other);

/* The lesser (order -1) or the greater (1) of both. */
void reaching_choose(struct reach *reach, struct reached *target, const struct reached *other,
                     int order);

/* One or the other, nobody knows which. An empty one does not count. */
void reaching_join(struct reach *reach, struct reached *target, const struct reached *other);

/*
 * Joins what applies only while a sum of multiples lies in a range: so "half the saving, if it is
 * above zero" is never below zero.
 */
void reaching_join_within(struct reach *reach, struct reached *target, const struct reached *other,
                          const struct linear *form, const struct interval *range);

/* What the sum of multiples can be. */
void reaching_form_value(struct reach *reach, const struct linear *form,
                         struct interval *ret_value);

/* What a value can be together with the n-th tracked sum. */
void reaching_with(struct reach *reach, const struct reached *reached, size_t n,
                   struct interval *ret_value);

/* a - b */
void reaching_difference(struct reach *reach, const struct reached *a, const struct reached *b,
                         struct interval *ret_value);

/* Computes a line into `result`, whose value is empty when the line is always refused. */
void reaching_line(struct reach *reach, const struct line *line, struct reached *result);

/* The operations that are tables. */
void reaching_tiers(struct reach *reach, const struct line *line, struct reached *result);
void reaching_curve(struct reach *reach, const struct line *line, struct reached *result);
void reaching_brackets(struct reach *reach, const struct line *line, struct reached *result);
void reaching_rate_card(struct reach *reach, const struct line *line, struct reached *result);
