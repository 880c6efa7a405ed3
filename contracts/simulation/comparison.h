/*
 * Comparison: where two readings of a rule differ along one axis, and by how much.
 *
 * Both are traced at the same places, which are all breaks of either and every place where one
 * overtakes the other; so the ranges in which they differ are exact. A range in which one of them
 * is refused, or both for different reasons, is a difference without an amount.
 */
#pragma once

#include "contracts/simulation/trace.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Where they differ, and always to the same side: where the second comes to more in place of less,
 * another range begins. Numbers are initialised.
 */
struct difference_range {
    struct rational from;
    struct rational to;
    bool has_from; /* the end belongs to the range */
    bool has_to;
    bool is_refusal;       /* somewhere in it, one is refused and not the other */
    bool has_amount;       /* somewhere in it, both are computed and differ */
    struct rational least; /* second less first, and where it is so; when has_amount */
    struct rational greatest;
    struct rational least_at;
    struct rational greatest_at;
    bool has_least; /* it is so at the place itself, and not only ever nearer beside it */
    bool has_greatest;
};

struct comparison {
    struct places places; /* of both traces */
    struct trace first;
    struct trace second;
    size_t range_count;
    struct difference_range *ranges;
};

/* What is compared: a column of a simulation. */
struct compared {
    struct simulation *simulation;
    size_t column;
};

/*
 * Compares two columns along an axis.
 *
 * Shapes  both simulations have the same one axis, which is looked at from its `from` to its `to`,
 *         and these differ; both columns have one unit. `ret_comparison` need not be initialised.
 * Owner   the simulations are borrowed, and outlive the comparison.
 * Errors  STATUS_MEMORY and the like; then there is nothing to release.
 */
enum status comparison_make(const struct compared *first, const struct compared *second,
                            const struct axis *axis, struct comparison *ret_comparison,
                            struct failure *failure);
void comparison_release(struct comparison *comparison);

/* The larger of |least| and |greatest|, and where it is. */
struct difference_most {
    struct rational amount; /* initialised by the caller */
    const struct rational *at;
    bool is_reached;
};

/* Shapes: the range has an amount. */
void difference_find_most(const struct difference_range *range, struct difference_most *ret_most);
