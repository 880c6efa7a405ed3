/*
 * Trace: the course of a simulation along its one axis, exact at the places where it changes.
 *
 * At a break, the columns have a value, and a limit from either side; so a step of a table is told
 * from a steep rise, and on which side of the step its threshold belongs.
 */
#pragma once

#include "contracts/simulation/places.h"
#include "contracts/simulation/simulation.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* How a column runs through a place. */
enum course {
    COURSE_STRAIGHT,
    COURSE_BEND, /* its slope changes */
    COURSE_JUMP, /* its value differs from a limit */
    COURSE_EDGE, /* on one side the settlement is refused, and not on the other */
};

/* The columns of a simulation at places. Where there is no break, the limits are the value. */
struct trace {
    const struct simulation *simulation;
    size_t owner; /* whose causes are its own */
    const struct places *places;
    size_t count;
    struct point *at;     /* [place] */
    struct point *before; /* [place]: the limit from below; of the first place, the value */
    struct point *after;  /* [place]: the limit from above; of the last place, the value */
    enum course *courses; /* [place * column_count + column] */
};

/*
 * Computes the columns at every place.
 *
 * Owner   places and simulation are borrowed, and outlive the trace.
 * Errors  STATUS_MEMORY; then there is nothing to release.
 */
enum status trace_compute(struct simulation *simulation, size_t owner, const struct places *places,
                          struct trace *ret_trace, struct failure *failure);
void trace_release(struct trace *trace); /* accepts a zeroed struct */

enum course trace_course(const struct trace *trace, size_t place, size_t column);

/*
 * Whether people should be told of a place: some shown column changes its course there, and not
 * only because it is rounded.
 */
bool trace_is_threshold(const struct trace *trace, size_t place);
