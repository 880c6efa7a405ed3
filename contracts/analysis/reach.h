/*
 * Reach: what every line can be, computed as the lines are, with intervals in place of numbers.
 *
 * A life of the contract is followed: its binding periods, one after the other, each settled before
 * the next is computed; so what `earlier` and `paid` can be is known. Nothing that a settlement can
 * compute lies outside of what is found here; what is found may be wider, since operands are taken
 * to vary independently of each other, except that
 *
 *   - a line that is a sum of multiples of others is kept as one (linear.h), so what cancels out
 *     does, and a comparison looks at the difference of its sides;
 *   - a line's sum with an `earlier` is followed beside the line (struct reached, `with`), so that
 *     "the target, less what was settled earlier" stays below the target over all periods.
 *
 * A line that no value can reach without being refused is empty, and so are all after it.
 */
#pragma once

#include "contracts/analysis/inputs.h"
#include "contracts/analysis/interval.h"
#include "contracts/analysis/linear.h"
#include "contracts/terms/terms.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Lines whose sums with an `earlier` are followed; what is beyond is only less narrow. */
#define REACH_TRACKED_MAX 3

#define REACH_SCRATCH_COUNT 4

/* What a value can be. */
struct reached {
    struct interval value;
    bool is_linear;
    struct linear form; /* when is_linear: the value is exactly this */
    /*
     * Of a line that is held in a limit: the end itself is not among the values. Only what decides
     * at that very number looks at it.
     */
    bool is_least_open;
    bool is_greatest_open;
    bool has_with;
    struct interval with[REACH_TRACKED_MAX]; /* when has_with: the value and the n-th tracked sum */
};

/* Whether a condition holds. */
enum holds { HOLDS_NEVER, HOLDS_ALWAYS, HOLDS_SOMETIMES };

/* A line that is looked at only where its value lies in a part of what it can be. */
struct reach_limit {
    size_t period;
    size_t line;
    struct interval range;
    bool is_least_open;
    bool is_greatest_open;
};

struct reach {
    const struct inputs *inputs;
    const struct interval *domains; /* [input] */
    size_t limit_count;
    const struct reach_limit *limits; /* borrowed; set by who wants some */
    size_t period;
    bool is_refused;   /* no settlement of the period can be computed ... */
    size_t refused;    /* ... for this line is the first that is empty */
    bool is_unpayable; /* every settlement is refused, for a pay is always below zero */
    struct reached *lines;
    struct interval *earlier; /* [line]: its sum over the periods settled so far */
    struct interval *settled; /* [line]: the same of a line that is paid, as it counts as paid */
    size_t tracked_count;
    size_t tracked[REACH_TRACKED_MAX];           /* lines whose `earlier` is followed */
    struct reached scratch[REACH_SCRATCH_COUNT]; /* of reach_lines.c and reach_tables.c */
    size_t work; /* grows by about one for each line computed: for who must bound it */
};

/* Owner: the inputs are borrowed. Errors: STATUS_MEMORY. */
enum status reach_init(struct reach *reach, const struct inputs *inputs);
void reach_release(struct reach *reach);

/* Begins a life: nothing is settled but the past of the inputs. `domains`: what each input can be,
 * borrowed. */
void reach_begin(struct reach *reach, const struct interval *domains);

/* Computes every line for a period, after the periods that were settled so far. */
void reach_compute(struct reach *reach, size_t period);

/* Settles the period that was computed last, and can be. */
void reach_settle(struct reach *reach);

/*
 * What the pay of a line can come to: a settlement with a whole below zero is refused, unless the
 * pay is reversible.
 */
void reach_pay(const struct reach *reach, const struct pay *pay, struct interval *ret_value);

/* What an operand of a computed line can be. */
void reach_operand(struct reach *reach, const struct operand *operand, struct interval *ret_value);

/* What a - b can be. */
void reach_difference(struct reach *reach, const struct operand *a, const struct operand *b,
                      struct interval *ret_value);

/* Whether a node of the line's conditions holds. */
enum holds reach_condition(struct reach *reach, const struct line *line, size_t node);

/*
 * Which steps of `tiers` apply to some value: from `*ret_first` to `*ret_end` - 1, counted from 1;
 * 0 is `otherwise`.
 *
 * Shapes  `x` is not empty.
 */
void reach_steps(const struct line *line, const struct interval *x, size_t *ret_first,
                 size_t *ret_end);
