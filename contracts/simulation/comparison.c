#include "contracts/simulation/comparison.h"

#include "ledger/base/ownership.h"

#include <stdlib.h>

#define ROWS_LOOKED_AT_MAX 2000 /* rows of the table, which people see beside the ranges */

static void range_release(struct difference_range *range)
{
    rational_release(&range->from);
    rational_release(&range->to);
    rational_release(&range->least);
    rational_release(&range->greatest);
    rational_release(&range->least_at);
    rational_release(&range->greatest_at);
}

void comparison_release(struct comparison *comparison)
{
    trace_release(&comparison->first);
    trace_release(&comparison->second);
    places_release(&comparison->places);
    for (size_t i = 0; i < comparison->range_count; i++) {
        range_release(&comparison->ranges[i]);
    }
    free(comparison->ranges);
    *comparison = (struct comparison){0};
}

/* --- Ranges --- */

/* What is compared, and where the ranges are put. */
struct comparing {
    struct comparison *comparison;
    size_t first_column;
    size_t second_column;
    bool is_open;    /* the last range goes on */
    size_t capacity; /* of the ranges */
};

/* How the two stand at a point, or at a limit of one. */
struct standing {
    bool is_refusal;
    struct rational amount; /* second less first */
};

static enum status stand(const struct comparing *comparing, const struct point *first,
                         const struct point *second, struct standing *ret_standing)
{
    ret_standing->is_refusal = first->refused != second->refused;
    rational_set_integer(&ret_standing->amount, 0);
    if (first->refused != RULE_NONE || second->refused != RULE_NONE) {
        return STATUS_OK;
    }
    return rational_subtract(&ret_standing->amount, &second->values[comparing->second_column],
                             &first->values[comparing->first_column]);
}

static bool differs(const struct standing *standing)
{
    return standing->is_refusal || rational_sign(&standing->amount) != 0;
}

static enum status open_range(struct comparing *comparing, const struct rational *x, bool has_from)
{
    struct comparison *comparison = comparing->comparison;
    if (comparison->range_count == comparing->capacity) {
        size_t capacity = comparing->capacity == 0 ? 16 : comparing->capacity * 2;
        struct difference_range *ranges =
            realloc(comparison->ranges, capacity * sizeof *comparison->ranges);
        if (ranges == NULL) {
            return STATUS_MEMORY;
        }
        comparison->ranges = ranges;
        comparing->capacity = capacity;
    }
    struct difference_range *range = &comparison->ranges[comparison->range_count];
    *range = (struct difference_range){.has_from = has_from};
    rational_init(&range->from);
    rational_init(&range->to);
    rational_init(&range->least);
    rational_init(&range->greatest);
    rational_init(&range->least_at);
    rational_init(&range->greatest_at);
    rational_set(&range->from, x);
    comparison->range_count++;
    comparing->is_open = true;
    return STATUS_OK;
}

/* Takes a standing at `x` into the last range. */
static void extend(struct difference_range *range, const struct rational *x, bool has_to,
                   const struct standing *standing)
{
    rational_set(&range->to, x);
    range->has_to = has_to;
    range->is_refusal = range->is_refusal || standing->is_refusal;
    if (standing->is_refusal || rational_sign(&standing->amount) == 0) {
        return;
    }
    int below = range->has_amount ? rational_compare(&standing->amount, &range->least) : -1;
    int above = range->has_amount ? rational_compare(&standing->amount, &range->greatest) : 1;
    if (below < 0 || (below == 0 && has_to && !range->has_least)) {
        rational_set(&range->least, &standing->amount);
        rational_set(&range->least_at, x);
        range->has_least = has_to;
    }
    if (above > 0 || (above == 0 && has_to && !range->has_greatest)) {
        rational_set(&range->greatest, &standing->amount);
        rational_set(&range->greatest_at, x);
        range->has_greatest = has_to;
    }
    range->has_amount = true;
}

/* Whether the last range goes on with such a standing: of the same kind, to the same side. */
static bool goes_on(const struct comparing *comparing, const struct standing *standing)
{
    if (!comparing->is_open) {
        return false;
    }
    const struct comparison *comparison = comparing->comparison;
    const struct difference_range *last = &comparison->ranges[comparison->range_count - 1];
    if (last->is_refusal || standing->is_refusal) {
        return last->is_refusal == standing->is_refusal;
    }
    int sign = rational_sign(&standing->amount);
    return !last->has_amount || sign == 0 || sign == rational_sign(&last->least);
}

static enum status take(struct comparing *comparing, const struct rational *x, bool is_place,
                        const struct standing *standing)
{
    if (!goes_on(comparing, standing)) {
        TRY(open_range(comparing, x, is_place));
    }
    struct comparison *comparison = comparing->comparison;
    extend(&comparison->ranges[comparison->range_count - 1], x, is_place, standing);
    return STATUS_OK;
}

/* The place itself, then what lies between it and the next one. */
static enum status take_place(struct comparing *comparing, size_t i, struct standing *standing,
                              struct standing *end)
{
    const struct comparison *comparison = comparing->comparison;
    const struct trace *first = &comparison->first;
    const struct trace *second = &comparison->second;
    const struct place *places = comparison->places.items;
    TRY(stand(comparing, &first->at[i], &second->at[i], standing));
    if (differs(standing)) {
        TRY(take(comparing, &places[i].x, true, standing));
    } else {
        comparing->is_open = false;
    }
    if (i + 1 == comparison->places.count) {
        return STATUS_OK;
    }
    TRY(stand(comparing, &first->after[i], &second->after[i], standing));
    TRY(stand(comparing, &first->before[i + 1], &second->before[i + 1], end));
    if (!differs(standing) && !differs(end)) {
        comparing->is_open = false;
        return STATUS_OK;
    }
    TRY(take(comparing, &places[i].x, false, standing));
    return take(comparing, &places[i + 1].x, false, end);
}

static enum status find_ranges(struct comparing *comparing)
{
    struct standing standing;
    struct standing end;
    rational_init(&standing.amount);
    rational_init(&end.amount);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < comparing->comparison->places.count && status == STATUS_OK; i++) {
        status = take_place(comparing, i, &standing, &end);
    }
    rational_release(&standing.amount);
    rational_release(&end.amount);
    return status;
}

/* --- Crossings --- */

/* In `distance`, which is that of the two places: how far rounding may have moved a crossing. */
static enum status crossing_blur(const struct comparison *comparison, const struct standing *left,
                                 const struct standing *right, struct rational *distance)
{
    OWNED(rational_release) struct rational rise;
    OWNED(rational_release) struct rational minor;
    rational_init(&rise);
    rational_init(&minor);
    const struct money unit = {1, comparison->first.simulation->contract->terms.currency};
    money_to_rational(unit, &minor);
    TRY(rational_subtract(&rise, &right->amount, &left->amount));
    if (rational_sign(&rise) < 0) {
        rational_negate(&rise, &rise);
    }
    TRY(rational_multiply(distance, distance, &minor));
    return rational_divide(distance, distance, &rise);
}

/* Adds the place between i and i + 1 where the two are equal, when one overtakes the other. */
static enum status add_crossing(const struct comparing *comparing, size_t i, struct standing *left,
                                struct standing *right, struct places *crossings)
{
    const struct comparison *comparison = comparing->comparison;
    const struct place *places = comparison->places.items;
    TRY(stand(comparing, &comparison->first.after[i], &comparison->second.after[i], left));
    TRY(stand(comparing, &comparison->first.before[i + 1], &comparison->second.before[i + 1],
              right));
    if (rational_sign(&left->amount) * rational_sign(&right->amount) >= 0) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational part;
    OWNED(rational_release) struct rational whole;
    rational_init(&part);
    rational_init(&whole);
    TRY(rational_subtract(&whole, &left->amount, &right->amount));
    TRY(rational_divide(&part, &left->amount, &whole));
    TRY(rational_subtract(&whole, &places[i + 1].x, &places[i].x));
    TRY(rational_multiply(&part, &part, &whole));
    TRY(rational_add(&part, &part, &places[i].x));
    TRY(crossing_blur(comparison, left, right, &whole));
    TRY(places_simplify(&part, &whole));
    return places_add(crossings, &part);
}

static enum status find_crossings(const struct comparing *comparing, struct places *crossings)
{
    struct standing left;
    struct standing right;
    rational_init(&left.amount);
    rational_init(&right.amount);
    enum status status = STATUS_OK;
    for (size_t i = 0; i + 1 < comparing->comparison->places.count && status == STATUS_OK; i++) {
        status = add_crossing(comparing, i, &left, &right, crossings);
    }
    rational_release(&left.amount);
    rational_release(&right.amount);
    return status;
}

/* --- Making --- */

static enum status add_rows(const struct axis *axis, struct places *places)
{
    OWNED(rational_release) struct rational x;
    rational_init(&x);
    for (size_t i = 0; i < axis->count && axis->count <= ROWS_LOOKED_AT_MAX; i++) {
        TRY(axis_value(axis, i, &x));
        TRY(places_add(places, &x));
    }
    return STATUS_OK;
}

static enum status trace_both(struct comparison *comparison, struct simulation *first,
                              struct simulation *second, struct failure *failure)
{
    trace_release(&comparison->first);
    trace_release(&comparison->second);
    places_sort(&comparison->places);
    TRY(trace_compute(first, 0, &comparison->places, &comparison->first, failure));
    return trace_compute(second, 1, &comparison->places, &comparison->second, failure);
}

static enum status compare(struct comparing *comparing, struct simulation *first,
                           struct simulation *second, const struct axis *axis,
                           struct failure *failure)
{
    struct comparison *comparison = comparing->comparison;
    struct places *places = &comparison->places;
    TRY(places_find(first, 0, &axis->from, &axis->to, places, failure));
    TRY(places_find(second, 1, &axis->from, &axis->to, places, failure));
    TRY(add_rows(axis, places));
    TRY(trace_both(comparison, first, second, failure));

    OWNED(places_release) struct places crossings;
    places_init(&crossings);
    TRY(find_crossings(comparing, &crossings));
    if (crossings.count > 0) {
        for (size_t i = 0; i < crossings.count; i++) {
            TRY(places_add(places, &crossings.items[i].x));
        }
        TRY(trace_both(comparison, first, second, failure));
    }
    return find_ranges(comparing);
}

enum status comparison_make(const struct compared *first, const struct compared *second,
                            const struct axis *axis, struct comparison *ret_comparison,
                            struct failure *failure)
{
    *ret_comparison = (struct comparison){0};
    places_init(&ret_comparison->places);
    struct comparing comparing = {
        .comparison = ret_comparison,
        .first_column = first->column,
        .second_column = second->column,
    };
    enum status status = compare(&comparing, first->simulation, second->simulation, axis, failure);
    if (status != STATUS_OK) {
        comparison_release(ret_comparison);
        return simulation_tell(status, failure);
    }
    return STATUS_OK;
}

void difference_find_most(const struct difference_range *range, struct difference_most *ret_most)
{
    OWNED(rational_release) struct rational below;
    rational_init(&below);
    rational_negate(&below, &range->least);
    bool is_below = rational_compare(&below, &range->greatest) > 0;
    rational_set(&ret_most->amount, is_below ? &below : &range->greatest);
    ret_most->at = is_below ? &range->least_at : &range->greatest_at;
    ret_most->is_reached = is_below ? range->has_least : range->has_greatest;
}
