/*
 * Simulation: what a contract pays over a range of results that nobody has measured yet.
 *
 * A simulation is a contract, a period and assumptions, of which up to SIMULATION_AXES_MAX numbers
 * are varied. Each point of the grid is a whole settlement, computed and refused by the same code
 * as a real one; of it, the columns are kept:
 *
 *     total   what all pays come to
 *     pay     the line of one pay
 *     payer   what all pays of one payer come to
 *     line    any other line that somebody wants to see
 *
 * A pay that can be reversed counts below zero where it is.
 */
#pragma once

#include "contracts/rule/rule.h"
#include "contracts/settlement/settlement.h"
#include "contracts/simulation/assumptions.h"
#include "contracts/simulation/inputs.h"

#include <stdbool.h>
#include <stddef.h>

#define SIMULATION_AXES_MAX 8
#define SIMULATION_SETTINGS_MAX 200
#define SIMULATION_LINES_MAX 100
#define SIMULATION_COLUMNS_MAX (1 + 2 * TERMS_PAYS_MAX + SIMULATION_LINES_MAX)
#define SIMULATION_REFUSALS_MAX 8

enum column_kind {
    COLUMN_TOTAL,
    COLUMN_PAY,
    COLUMN_PAYER,
    COLUMN_LINE,
};

struct column {
    enum column_kind kind;
    struct view name; /* of the line or payer; "total" */
    size_t line;      /* of a pay or line */
    struct unit unit;
    bool is_shown; /* false: another column says the same */
};

/* The first column of every simulation. */
#define COLUMN_TOTAL_INDEX 0

/* What came out at one place of the grid. */
struct point {
    enum rule refused;       /* RULE_NONE: the settlement was computed */
    struct rational *values; /* [column]; zeros where it was refused */
};

/* The first refusal by each rule, to tell people why. */
struct simulation_refusal {
    enum rule rule;
    char reason[FAILURE_REASON_SIZE];
};

/* A number that is set or varied. */
struct simulation_input {
    bool is_known; /* false: the contract has no such outcome, and the axis changes nothing */
    struct input input;
    struct rational value; /* of a setting */
};

struct simulation {
    const struct contract *contract;
    size_t period;
    struct assumptions assumptions;
    size_t setting_count;
    struct simulation_input *settings;
    size_t axis_count;
    struct simulation_input axes[SIMULATION_AXES_MAX];
    size_t column_count;
    struct column *columns;
    size_t refusal_count;
    struct simulation_refusal refusals[SIMULATION_REFUSALS_MAX];
};

/*
 * A simulation of a checked contract for the period with index `period`, with nothing assumed:
 * change `assumptions` before anything is set.
 *
 * Owner   the contract is borrowed.
 * Errors  STATUS_MEMORY; then there is nothing to release.
 */
enum status simulation_init(struct simulation *simulation, const struct contract *contract,
                            size_t period);
void simulation_release(struct simulation *simulation); /* accepts a zeroed struct */

/*
 * Sets a number, once. What is varied comes before what is set, and a denominator before a ratio.
 *
 * Errors  those of input_find and assumptions_set_measured; STATUS_INVALID when the number is set
 *         or varied already; for a ratio, STATUS_INVALID when its denominator is not there.
 */
enum status simulation_set(struct simulation *simulation, const struct setting *setting,
                           struct failure *failure);

/* Adds an axis. Errors: as simulation_set; STATUS_LIMIT beyond SIMULATION_AXES_MAX. */
enum status simulation_vary(struct simulation *simulation, struct view name,
                            struct failure *failure);

/* Adds an axis that changes nothing, for a contract without that outcome. */
enum status simulation_vary_nothing(struct simulation *simulation, struct failure *failure);

/* Adds a column for a line. Errors: LINE_UNKNOWN, with what there is to choose from. */
enum status simulation_show_line(struct simulation *simulation, struct view name,
                                 struct failure *failure);

/*
 * Checks that every number that is always read has been measured, set or varied.
 *
 * Errors  SETTLEMENT_NOT_MEASURED, naming all that are missing.
 */
enum status simulation_check(const struct simulation *simulation, struct failure *failure);

/*
 * Puts the varied numbers in place: what the source of the assumptions answers from then on.
 *
 * Shapes  `at` holds a value for each axis.
 * Errors  MEASUREMENT_RANGE, MEASUREMENT_RATIO when no measurement can say them.
 */
enum status simulation_assume(struct simulation *simulation, const struct rational *at,
                              struct failure *failure);

/*
 * Computes one settlement.
 *
 * Shapes  `at` holds a value for each axis; `settlement` is initialised, and may be one that was
 *         used before; `ret_point` is of this simulation.
 * Errors  STATUS_MEMORY and the like. A refusal is an answer: it is told in `ret_point` and
 *         `failure`, and the status is STATUS_OK.
 */
enum status simulation_compute(struct simulation *simulation, const struct rational *at,
                               struct settlement *settlement, struct point *ret_point,
                               struct failure *failure);

/* Puts into words what arithmetic or an allocation answered, where no refusal has. */
enum status simulation_tell(enum status status, struct failure *failure);

/* 1 or more points of a simulation. Owner: the caller's. NULL without memory. */
struct point *points_new(const struct simulation *simulation, size_t count);
void points_free(struct point *points, const struct simulation *simulation, size_t count);

/*
 * How many places a grid has; 1 without axes.
 *
 * Errors  STATUS_LIMIT when there are more than AXIS_VALUES_MAX.
 */
enum status grid_count(const struct axis *axes, size_t axis_count, size_t *ret_count,
                       struct failure *failure);

/* The place at `index`, the last axis running fastest. Shapes: `ret_at` holds axis_count numbers.
 */
enum status grid_at(const struct axis *axes, size_t axis_count, size_t index,
                    struct rational *ret_at);

/*
 * Computes every place of a grid.
 *
 * Shapes  `axes` are those that were varied, in the same order; `ret_points` holds grid_count.
 */
enum status simulation_grid(struct simulation *simulation, const struct axis *axes,
                            struct point *ret_points, struct failure *failure);
