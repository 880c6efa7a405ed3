#include "contracts/analysis/interval.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stddef.h>

void interval_init(struct interval *interval)
{
    *interval = (struct interval){.is_empty = false};
    rational_init(&interval->least);
    rational_init(&interval->greatest);
}

void interval_release(struct interval *interval)
{
    rational_release(&interval->least);
    rational_release(&interval->greatest);
}

void interval_set_ends(struct interval *target, const struct rational *least,
                       const struct rational *greatest)
{
    assert(least != &target->greatest || least == greatest);
    target->is_empty = false;
    target->has_least = least != NULL;
    target->has_greatest = greatest != NULL;
    if (greatest != NULL && greatest != &target->greatest) {
        rational_set(&target->greatest, greatest);
    }
    if (least != NULL && least != &target->least) {
        rational_set(&target->least, least);
    }
}

static const struct rational *least_of(const struct interval *interval)
{
    return interval->has_least ? &interval->least : NULL;
}

static const struct rational *greatest_of(const struct interval *interval)
{
    return interval->has_greatest ? &interval->greatest : NULL;
}

void interval_set(struct interval *target, const struct interval *source)
{
    if (target != source) {
        interval_set_ends(target, least_of(source), greatest_of(source));
        target->is_empty = source->is_empty;
    }
}

void interval_set_all(struct interval *target)
{
    interval_set_ends(target, NULL, NULL);
}

void interval_set_empty(struct interval *target)
{
    interval_set_all(target);
    target->is_empty = true;
}

void interval_set_point(struct interval *target, const struct rational *value)
{
    interval_set_ends(target, value, value);
}

void interval_set_integers(struct interval *target, int64_t least, int64_t greatest)
{
    assert(least <= greatest);
    rational_set_integer(&target->least, least);
    rational_set_integer(&target->greatest, greatest);
    interval_set_ends(target, &target->least, &target->greatest);
}

bool interval_is_point(const struct interval *interval)
{
    return !interval->is_empty && interval->has_least && interval->has_greatest &&
           rational_compare(&interval->least, &interval->greatest) == 0;
}

bool interval_contains(const struct interval *interval, const struct rational *value)
{
    return !interval->is_empty &&
           (!interval->has_least || rational_compare(&interval->least, value) <= 0) &&
           (!interval->has_greatest || rational_compare(value, &interval->greatest) <= 0);
}

int interval_sign(const struct interval *interval)
{
    if (interval->has_least && rational_sign(&interval->least) > 0) {
        return 1;
    }
    return interval->has_greatest && rational_sign(&interval->greatest) < 0 ? -1 : 0;
}

/* --- Ends: an absent one lies beyond all numbers on its side --- */

/* Of two ends on the upper (order 1) or lower side (-1), the one that lies farther out. */
static const struct rational *outer(const struct rational *a, const struct rational *b, int order)
{
    if (a == NULL || b == NULL) {
        return NULL;
    }
    int compared = rational_compare(a, b);
    return (order > 0 ? compared >= 0 : compared <= 0) ? a : b;
}

static const struct rational *inner(const struct rational *a, const struct rational *b, int order)
{
    if (a == NULL || b == NULL) {
        return a == NULL ? b : a;
    }
    return outer(a, b, -order);
}

/* Two ends at once: they may be the target's own, in either order. */
static void set_both(struct interval *target, const struct rational *least,
                     const struct rational *greatest)
{
    OWNED(interval_release) struct interval result;
    interval_init(&result);
    interval_set_ends(&result, least, greatest);
    interval_set(target, &result);
}

void interval_hull(struct interval *target, const struct interval *a, const struct interval *b)
{
    if (a->is_empty || b->is_empty) {
        interval_set(target, a->is_empty ? b : a);
        return;
    }
    set_both(target, outer(least_of(a), least_of(b), -1), outer(greatest_of(a), greatest_of(b), 1));
}

void interval_meet(struct interval *target, const struct interval *a, const struct interval *b)
{
    const struct rational *least = inner(least_of(a), least_of(b), -1);
    const struct rational *greatest = inner(greatest_of(a), greatest_of(b), 1);
    bool is_empty = a->is_empty || b->is_empty ||
                    (least != NULL && greatest != NULL && rational_compare(least, greatest) > 0);
    if (is_empty) {
        interval_set_empty(target);
        return;
    }
    set_both(target, least, greatest);
}

void interval_minimum(struct interval *target, const struct interval *a, const struct interval *b)
{
    if (a->is_empty || b->is_empty) {
        interval_set_empty(target);
        return;
    }
    set_both(target, outer(least_of(a), least_of(b), -1), inner(greatest_of(a), greatest_of(b), 1));
}

void interval_maximum(struct interval *target, const struct interval *a, const struct interval *b)
{
    if (a->is_empty || b->is_empty) {
        interval_set_empty(target);
        return;
    }
    set_both(target, inner(least_of(a), least_of(b), -1), outer(greatest_of(a), greatest_of(b), 1));
}

void interval_negate(struct interval *target, const struct interval *a)
{
    OWNED(interval_release) struct interval result;
    interval_init(&result);
    result.is_empty = a->is_empty;
    result.has_least = a->has_greatest;
    result.has_greatest = a->has_least;
    rational_negate(&result.least, &a->greatest);
    rational_negate(&result.greatest, &a->least);
    interval_set(target, &result);
}

void interval_add(struct interval *target, const struct interval *a, const struct interval *b)
{
    if (a->is_empty || b->is_empty) {
        interval_set_empty(target);
        return;
    }
    target->is_empty = false;
    target->has_least = a->has_least && b->has_least &&
                        rational_add(&target->least, &a->least, &b->least) == STATUS_OK;
    target->has_greatest = a->has_greatest && b->has_greatest &&
                           rational_add(&target->greatest, &a->greatest, &b->greatest) == STATUS_OK;
}

void interval_subtract(struct interval *target, const struct interval *a, const struct interval *b)
{
    OWNED(interval_release) struct interval negative;
    interval_init(&negative);
    interval_negate(&negative, b);
    interval_add(target, a, &negative);
}

/* --- Products --- */

static int sign_of_end(const struct rational *end, int order)
{
    return end == NULL ? order : rational_sign(end);
}

/* Products of ends: those that are numbers, and on which sides others lie beyond all numbers. */
struct products {
    struct interval numbers; /* empty at first */
    bool is_below;
    bool is_above;
};

static void include(struct products *products, const struct rational *value)
{
    OWNED(interval_release) struct interval point;
    interval_init(&point);
    interval_set_point(&point, value);
    interval_hull(&products->numbers, &products->numbers, &point);
}

static void include_beyond(struct products *products, int sign)
{
    products->is_below = products->is_below || sign < 0;
    products->is_above = products->is_above || sign > 0;
}

/* An absent end times zero is zero: absent means any number, and each of them gives that. */
static void include_product(struct products *products, const struct rational *a, int a_order,
                            const struct rational *b, int b_order)
{
    OWNED(rational_release) struct rational product;
    rational_init(&product);
    int sign = sign_of_end(a, a_order) * sign_of_end(b, b_order);
    bool is_number = a != NULL && b != NULL;
    if (sign != 0 && !is_number) {
        include_beyond(products, sign);
        return;
    }
    /* With too many digits it may be large, or next to nothing: from zero on, without end. */
    if (sign != 0 && rational_multiply(&product, a, b) != STATUS_OK) {
        include_beyond(products, sign);
    }
    include(products, &product);
}

void interval_multiply(struct interval *target, const struct interval *a, const struct interval *b)
{
    if (a->is_empty || b->is_empty) {
        interval_set_empty(target);
        return;
    }
    struct products products = {.is_below = false};
    interval_init(&products.numbers);
    interval_set_empty(&products.numbers);
    include_product(&products, least_of(a), -1, least_of(b), -1);
    include_product(&products, least_of(a), -1, greatest_of(b), 1);
    include_product(&products, greatest_of(a), 1, least_of(b), -1);
    include_product(&products, greatest_of(a), 1, greatest_of(b), 1);
    set_both(target, products.is_below ? NULL : least_of(&products.numbers),
             products.is_above ? NULL : greatest_of(&products.numbers));
    interval_release(&products.numbers);
}

/* 1 / x for the x > 0 of an interval that has no x below zero. */
static void invert_positive(struct interval *target, const struct interval *a)
{
    OWNED(interval_release) struct interval result;
    interval_init(&result);
    result.has_least = true; /* zero below the values of an unbounded interval */
    result.has_greatest = rational_sign(&a->least) > 0 &&
                          rational_power(&result.greatest, &a->least, -1) == STATUS_OK;
    if (a->has_greatest && rational_power(&result.least, &a->greatest, -1) != STATUS_OK) {
        rational_set_integer(&result.least, 0);
    }
    interval_set(target, &result);
}

/* 1 / x for every x of the interval but zero. */
static void invert(struct interval *target, const struct interval *a)
{
    if (a->is_empty || (interval_is_point(a) && rational_sign(&a->least) == 0)) {
        interval_set_empty(target);
        return;
    }
    if (a->has_least && rational_sign(&a->least) >= 0) {
        invert_positive(target, a);
        return;
    }
    if (a->has_greatest && rational_sign(&a->greatest) <= 0) {
        interval_negate(target, a);
        invert_positive(target, target);
        interval_negate(target, target);
        return;
    }
    interval_set_all(target);
}

void interval_divide(struct interval *target, const struct interval *a, const struct interval *b)
{
    OWNED(interval_release) struct interval inverse;
    interval_init(&inverse);
    invert(&inverse, b);
    interval_multiply(target, a, &inverse);
}

/* The distance of every value from zero. */
static void set_size(struct interval *target, const struct interval *a)
{
    OWNED(interval_release) struct interval negative;
    OWNED(rational_release) struct rational zero;
    interval_init(&negative);
    rational_init(&zero);
    interval_negate(&negative, a);
    bool has_zero = interval_contains(a, &zero);
    interval_maximum(target, a, &negative); /* its greatest end is right, its least not always */
    if (has_zero) {
        interval_set_ends(target, &zero, greatest_of(target));
    }
}

/* end^exponent, for an end whose powers keep their order. What is too large becomes unbounded. */
static void raise_end(struct rational *end, bool *has_end, int order, int exponent)
{
    if (!*has_end || rational_power(end, end, exponent) == STATUS_OK) {
        return;
    }
    *has_end = rational_sign(end) * order < 0; /* it lies between zero and the other end */
    rational_set_integer(end, 0);
}

void interval_power(struct interval *target, const struct interval *a, int exponent)
{
    if (a->is_empty) {
        interval_set_empty(target);
        return;
    }
    if (exponent == 0) {
        interval_set_integers(target, 1, 1);
        return;
    }
    if (exponent < 0) {
        invert(target, a);
        exponent = -exponent;
    } else {
        interval_set(target, a);
    }
    if (target->is_empty) {
        return;
    }
    if (exponent % 2 == 0) {
        set_size(target, target);
    }
    raise_end(&target->least, &target->has_least, -1, exponent);
    raise_end(&target->greatest, &target->has_greatest, 1, exponent);
}

void interval_round(struct interval *target, const struct interval *a, const struct rational *step,
                    enum rounding rounding)
{
    interval_set(target, a);
    target->has_least = target->has_least &&
                        rational_round(&target->least, &target->least, step, rounding) == STATUS_OK;
    target->has_greatest =
        target->has_greatest &&
        rational_round(&target->greatest, &target->greatest, step, rounding) == STATUS_OK;
}
