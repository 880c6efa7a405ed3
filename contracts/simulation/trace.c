#include "contracts/simulation/trace.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#define LIMIT_PARTS 1000000000 /* a limit is looked for at so small a part of the way */
#define SIDE_PARTS 10000       /* and at such a part, where rounding blurs it */
#define SLOPE_PARTS 4
#define SLOPE_SAMPLES 4        /* how far a slope is looked for */
#define BEND_PARTS 1000        /* a slope that changes by less than such a part has no bend */
#define VALUE_PARTS 1000000000 /* nor is a value that differs by less than such a part another */
#define MINOR_UNITS 2          /* what rounding to minor units can move a limit by */

/* --- Values and limits --- */

enum side {
    SIDE_BEFORE,
    SIDE_AFTER,
    SIDE_COUNT,
};

/* What computing a trace works with. */
struct tracing {
    struct simulation *simulation;
    struct settlement settlement;
    struct point *near;                 /* [side]: the far end of its slope */
    struct rational widths[SIDE_COUNT]; /* how far away that is */
    struct point *half;                 /* the farther one of two points that give a limit */
    struct point *limit;
    struct rational *scale; /* [column]: the largest value met */
    struct failure *failure;
};

/* |a - b| in `ret`. */
static enum status distance(const struct rational *a, const struct rational *b,
                            struct rational *ret)
{
    TRY(rational_subtract(ret, a, b));
    if (rational_sign(ret) < 0) {
        rational_negate(ret, ret);
    }
    return STATUS_OK;
}

/* The least difference of two values of a column that is not for rounding alone. */
static enum status find_tolerance(const struct tracing *tracing, size_t column,
                                  struct rational *ret_tolerance)
{
    const struct terms *terms = &tracing->simulation->contract->terms;
    OWNED(rational_release) struct rational part;
    rational_init(&part);
    rational_set_fraction(&part, 1, VALUE_PARTS);
    TRY(rational_multiply(ret_tolerance, &tracing->scale[column], &part));
    if (tracing->simulation->columns[column].kind == COLUMN_LINE) {
        return STATUS_OK;
    }
    struct money minor = {MINOR_UNITS, terms->currency};
    money_to_rational(minor, &part);
    return rational_add(ret_tolerance, ret_tolerance, &part);
}

/* The value at x + reach / parts * factor. */
static enum status compute_beside(struct tracing *tracing, const struct rational *x,
                                  const struct rational *reach, int64_t factor, int64_t parts,
                                  struct point *ret_point)
{
    OWNED(rational_release) struct rational place;
    rational_init(&place);
    rational_set_fraction(&place, factor, parts);
    TRY(rational_multiply(&place, &place, reach));
    TRY(rational_add(&place, &place, x));
    return simulation_compute(tracing->simulation, &place, &tracing->settlement, ret_point,
                              tracing->failure);
}

/* A straight line through two points beside the place gives the limit at it. */
static enum status extrapolate(struct tracing *tracing, const struct rational *x,
                               const struct rational *reach, int64_t parts, struct point *ret_point)
{
    TRY(compute_beside(tracing, x, reach, 1, parts, ret_point));
    TRY(compute_beside(tracing, x, reach, 2, parts, tracing->half));
    if (ret_point->refused != RULE_NONE || tracing->half->refused != RULE_NONE) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < tracing->simulation->column_count; i++) {
        struct rational *value = &ret_point->values[i];
        struct rational *farther = &tracing->half->values[i];
        TRY(rational_subtract(farther, value, farther));
        TRY(rational_add(value, value, farther));
    }
    return STATUS_OK;
}

/*
 * The limit is taken as near as it gets, unless it is another one a little farther off: then the
 * place is blurred by rounding, and what people see is beyond that.
 */
static enum status compute_limit(struct tracing *tracing, const struct rational *x,
                                 const struct rational *reach, struct point *ret_point)
{
    TRY(extrapolate(tracing, x, reach, SIDE_PARTS, ret_point));
    TRY(extrapolate(tracing, x, reach, LIMIT_PARTS, tracing->limit));
    if (ret_point->refused != tracing->limit->refused) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational apart;
    OWNED(rational_release) struct rational tolerance;
    rational_init(&apart);
    rational_init(&tolerance);
    for (size_t i = 0; i < tracing->simulation->column_count; i++) {
        TRY(distance(&ret_point->values[i], &tracing->limit->values[i], &apart));
        TRY(find_tolerance(tracing, i, &tolerance));
        if (rational_compare(&apart, &tolerance) <= 0) {
            rational_set(&ret_point->values[i], &tracing->limit->values[i]);
        }
    }
    return STATUS_OK;
}

static void copy_point(const struct simulation *simulation, const struct point *from,
                       struct point *to)
{
    to->refused = from->refused;
    for (size_t i = 0; i < simulation->column_count; i++) {
        rational_set(&to->values[i], &from->values[i]);
    }
}

/* Whether something can be settled at the place or beside it, and something cannot. */
static bool is_edge(const struct trace *trace, size_t place)
{
    int refused = (trace->at[place].refused != RULE_NONE) +
                  (trace->before[place].refused != RULE_NONE) +
                  (trace->after[place].refused != RULE_NONE);
    return refused > 0 && refused < 3;
}

static enum status is_jump(const struct trace *trace, size_t place, size_t column,
                           const struct rational *tolerance, bool *ret_is_jump)
{
    OWNED(rational_release) struct rational size;
    rational_init(&size);
    const struct rational *at = &trace->at[place].values[column];
    TRY(distance(&trace->before[place].values[column], at, &size));
    *ret_is_jump = rational_compare(&size, tolerance) > 0;
    TRY(distance(&trace->after[place].values[column], at, &size));
    *ret_is_jump = *ret_is_jump || rational_compare(&size, tolerance) > 0;
    return STATUS_OK;
}

/* The slope between two points, and what rounding can make of it. */
struct slope {
    struct rational value;
    struct rational blur;
};

static enum status compute_slope(const struct rational *from, const struct rational *to,
                                 const struct rational *width, const struct rational *tolerance,
                                 struct slope *ret_slope)
{
    TRY(rational_subtract(&ret_slope->value, to, from));
    TRY(rational_divide(&ret_slope->value, &ret_slope->value, width));
    return rational_divide(&ret_slope->blur, tolerance, width);
}

/* Whether the slopes differ by more than rounding, and than a thousandth of the second. */
static enum status slopes_differ(struct slope *left, struct slope *right, bool *ret_differ)
{
    OWNED(rational_release) struct rational apart;
    OWNED(rational_release) struct rational least;
    OWNED(rational_release) struct rational part;
    rational_init(&apart);
    rational_init(&least);
    rational_init(&part);
    TRY(distance(&left->value, &right->value, &apart));
    TRY(distance(&right->value, &least, &least)); /* its size */
    rational_set_fraction(&part, 1, BEND_PARTS);
    TRY(rational_multiply(&least, &least, &part));
    TRY(rational_add(&least, &least, &left->blur));
    TRY(rational_add(&least, &least, &right->blur));
    *ret_differ = rational_compare(&apart, &least) > 0;
    return STATUS_OK;
}

static enum status is_bend(const struct tracing *tracing, const struct trace *trace, size_t place,
                           size_t column, const struct rational *tolerance, bool *ret_is_bend)
{
    struct slope slopes[2];
    for (size_t i = 0; i < 2; i++) {
        rational_init(&slopes[i].value);
        rational_init(&slopes[i].blur);
    }
    enum status status = compute_slope(&tracing->near[SIDE_BEFORE].values[column],
                                       &trace->before[place].values[column],
                                       &tracing->widths[SIDE_BEFORE], tolerance, &slopes[0]);
    if (status == STATUS_OK) {
        status = compute_slope(&trace->after[place].values[column],
                               &tracing->near[SIDE_AFTER].values[column],
                               &tracing->widths[SIDE_AFTER], tolerance, &slopes[1]);
    }
    if (status == STATUS_OK) {
        status = slopes_differ(&slopes[0], &slopes[1], ret_is_bend);
    }
    for (size_t i = 0; i < 2; i++) {
        rational_release(&slopes[i].value);
        rational_release(&slopes[i].blur);
    }
    return status;
}

static enum status find_course(const struct tracing *tracing, const struct trace *trace,
                               size_t place, size_t column, enum course *ret_course)
{
    OWNED(rational_release) struct rational tolerance;
    rational_init(&tolerance);
    *ret_course = COURSE_STRAIGHT;
    if (is_edge(trace, place)) {
        *ret_course = COURSE_EDGE;
        return STATUS_OK;
    }
    if (trace->at[place].refused != RULE_NONE) {
        return STATUS_OK;
    }
    bool is_so;
    TRY(find_tolerance(tracing, column, &tolerance));
    TRY(is_jump(trace, place, column, &tolerance, &is_so));
    if (is_so) {
        *ret_course = COURSE_JUMP;
        return STATUS_OK;
    }
    if (place == 0 || place + 1 == trace->places->count ||
        tracing->near[SIDE_BEFORE].refused != RULE_NONE ||
        tracing->near[SIDE_AFTER].refused != RULE_NONE) {
        return STATUS_OK;
    }
    TRY(is_bend(tracing, trace, place, column, &tolerance, &is_so));
    *ret_course = is_so ? COURSE_BEND : COURSE_STRAIGHT;
    return STATUS_OK;
}

/*
 * How far one can go from a place without meeting a break, or the end; at most SLOPE_SAMPLES
 * samples. The distance has the side's sign.
 */
static enum status reach_of(const struct places *places, size_t place, enum side side,
                            struct rational *ret_reach)
{
    OWNED(rational_release) struct rational most;
    OWNED(rational_release) struct rational part;
    rational_init(&most);
    rational_init(&part);
    const struct place *items = places->items;
    size_t last = places->count - 1;
    size_t met = place;
    do { /* each turn comes closer to an end */
        met = side == SIDE_BEFORE ? met - 1 : met + 1;
    } while (met != 0 && met != last && !items[met].is_break);
    TRY(rational_subtract(ret_reach, &items[met].x, &items[place].x));

    rational_set_fraction(&part, side == SIDE_BEFORE ? -SLOPE_SAMPLES : SLOPE_SAMPLES,
                          PLACES_SAMPLES);
    TRY(rational_subtract(&most, &items[last].x, &items[0].x));
    TRY(rational_multiply(&most, &most, &part));
    int order = rational_compare(ret_reach, &most);
    if (side == SIDE_BEFORE ? order < 0 : order > 0) {
        rational_set(ret_reach, &most);
    }
    return STATUS_OK;
}

/* The limit on one side of a place, and a point for the slope. */
static enum status trace_side(struct tracing *tracing, struct trace *trace, size_t place,
                              enum side side)
{
    const struct rational *x = &trace->places->items[place].x;
    OWNED(rational_release) struct rational reach;
    OWNED(rational_release) struct rational zero;
    rational_init(&reach);
    rational_init(&zero);
    TRY(reach_of(trace->places, place, side, &reach));
    TRY(compute_limit(tracing, x, &reach,
                      side == SIDE_BEFORE ? &trace->before[place] : &trace->after[place]));
    TRY(compute_beside(tracing, x, &reach, SLOPE_PARTS - 1, SLOPE_PARTS, &tracing->near[side]));
    rational_set_fraction(&tracing->widths[side], SLOPE_PARTS - 1, SLOPE_PARTS);
    TRY(rational_multiply(&tracing->widths[side], &tracing->widths[side], &reach));
    return distance(&tracing->widths[side], &zero, &tracing->widths[side]);
}

/* Limits, slopes and courses of a break. */
static enum status trace_break(struct tracing *tracing, struct trace *trace, size_t place)
{
    size_t columns = tracing->simulation->column_count;
    if (place > 0) {
        TRY(trace_side(tracing, trace, place, SIDE_BEFORE));
    }
    if (place + 1 < trace->places->count) {
        TRY(trace_side(tracing, trace, place, SIDE_AFTER));
    }
    for (size_t i = 0; i < columns; i++) {
        TRY(find_course(tracing, trace, place, i, &trace->courses[place * columns + i]));
    }
    return STATUS_OK;
}

static enum status note_scale(struct tracing *tracing, const struct point *point)
{
    OWNED(rational_release) struct rational size;
    OWNED(rational_release) struct rational zero;
    rational_init(&size);
    rational_init(&zero);
    for (size_t i = 0; i < tracing->simulation->column_count; i++) {
        TRY(distance(&point->values[i], &zero, &size));
        if (rational_compare(&size, &tracing->scale[i]) > 0) {
            rational_set(&tracing->scale[i], &size);
        }
    }
    return STATUS_OK;
}

static enum status compute_all(struct tracing *tracing, struct trace *trace)
{
    const struct places *places = trace->places;
    for (size_t i = 0; i < places->count; i++) {
        TRY(simulation_compute(tracing->simulation, &places->items[i].x, &tracing->settlement,
                               &trace->at[i], tracing->failure));
        copy_point(tracing->simulation, &trace->at[i], &trace->before[i]);
        copy_point(tracing->simulation, &trace->at[i], &trace->after[i]);
        TRY(note_scale(tracing, &trace->at[i]));
    }
    for (size_t i = 0; i < places->count; i++) {
        if (places->items[i].is_break) {
            TRY(trace_break(tracing, trace, i));
        }
    }
    return STATUS_OK;
}

void trace_release(struct trace *trace)
{
    if (trace->simulation == NULL) {
        return;
    }
    points_free(trace->at, trace->simulation, trace->count);
    points_free(trace->before, trace->simulation, trace->count);
    points_free(trace->after, trace->simulation, trace->count);
    free(trace->courses);
    *trace = (struct trace){0};
}

static enum status tracing_run(struct tracing *tracing, struct trace *trace)
{
    if (trace->at == NULL || trace->before == NULL || trace->after == NULL ||
        trace->courses == NULL || tracing->near == NULL || tracing->half == NULL ||
        tracing->limit == NULL || tracing->scale == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < tracing->simulation->column_count; i++) {
        rational_init(&tracing->scale[i]);
    }
    enum status status = compute_all(tracing, trace);
    for (size_t i = 0; i < tracing->simulation->column_count; i++) {
        rational_release(&tracing->scale[i]);
    }
    return status;
}

enum status trace_compute(struct simulation *simulation, size_t owner, const struct places *places,
                          struct trace *ret_trace, struct failure *failure)
{
    size_t columns = simulation->column_count;
    assert(places->count > 0);
    struct tracing tracing = {
        .simulation = simulation,
        .near = points_new(simulation, SIDE_COUNT),
        .half = points_new(simulation, 1),
        .limit = points_new(simulation, 1),
        .scale = calloc(columns, sizeof *tracing.scale),
        .failure = failure,
    };
    settlement_init(&tracing.settlement);
    rational_init(&tracing.widths[SIDE_BEFORE]);
    rational_init(&tracing.widths[SIDE_AFTER]);
    struct trace trace = {
        .simulation = simulation,
        .owner = owner,
        .places = places,
        .count = places->count,
        .at = points_new(simulation, places->count),
        .before = points_new(simulation, places->count),
        .after = points_new(simulation, places->count),
        .courses = calloc(places->count * columns, sizeof *trace.courses),
    };
    enum status status = tracing_run(&tracing, &trace);
    settlement_release(&tracing.settlement);
    points_free(tracing.near, simulation, SIDE_COUNT);
    points_free(tracing.half, simulation, 1);
    points_free(tracing.limit, simulation, 1);
    rational_release(&tracing.widths[SIDE_BEFORE]);
    rational_release(&tracing.widths[SIDE_AFTER]);
    free(tracing.scale);
    if (status != STATUS_OK) {
        trace_release(&trace);
        return simulation_tell(status, failure);
    }
    *ret_trace = trace;
    return STATUS_OK;
}

enum course trace_course(const struct trace *trace, size_t place, size_t column)
{
    return trace->courses[place * trace->simulation->column_count + column];
}

/* Whether all that happens there is that a line of this simulation is rounded. */
static bool is_rounding_only(const struct trace *trace, const struct place *place)
{
    bool is_rounding = false;
    for (size_t i = 0; i < place->cause_count; i++) {
        if (place->owners[i] == trace->owner && place->causes[i].kind != TURN_ROUNDING) {
            return false;
        }
        is_rounding = is_rounding || place->owners[i] == trace->owner;
    }
    return is_rounding;
}

bool trace_is_threshold(const struct trace *trace, size_t place)
{
    const struct place *found = &trace->places->items[place];
    if (!found->is_break || is_rounding_only(trace, found)) {
        return false;
    }
    for (size_t i = 0; i < trace->simulation->column_count; i++) {
        bool is_seen = i == COLUMN_TOTAL_INDEX || trace->simulation->columns[i].is_shown;
        if (is_seen && trace_course(trace, place, i) != COURSE_STRAIGHT) {
            return true;
        }
    }
    return false;
}
