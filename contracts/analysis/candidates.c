/* The numbers worth trying: ends of what can be measured, and where the rule turns. */

#include "contracts/analysis/searching.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Thresholds of one table that are looked for between two choices. */
#define TURNS_MAX 6

void candidates_release(struct candidates *candidates)
{
    for (size_t i = 0; i < candidates->count; i++) {
        rational_release(&candidates->values[i]);
    }
    free(candidates->values);
    *candidates = (struct candidates){0};
}

size_t candidates_from(const struct candidates *candidates, const struct rational *value,
                       bool is_above)
{
    size_t low = 0;
    size_t high = candidates->count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        int compared = rational_compare(&candidates->values[middle], value);
        if (is_above ? compared > 0 : compared >= 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

static enum status reserve(struct candidates *candidates)
{
    if (candidates->count < candidates->capacity) {
        return STATUS_OK;
    }
    size_t capacity = 2 * candidates->capacity + 16;
    struct rational *values = realloc(candidates->values, capacity * sizeof *values);
    if (values == NULL) {
        return STATUS_MEMORY;
    }
    candidates->values = values;
    candidates->capacity = capacity;
    return STATUS_OK;
}

enum status candidates_add(struct candidates *candidates, const struct interval *domain,
                           const struct rational *value)
{
    size_t place = candidates_from(candidates, value, false);
    bool is_there =
        place < candidates->count && rational_compare(&candidates->values[place], value) == 0;
    if (is_there || candidates->count == CANDIDATES_MAX || !interval_contains(domain, value) ||
        rational_numerator_digits(value) > DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX) {
        return STATUS_OK;
    }
    TRY(reserve(candidates));
    memmove(&candidates->values[place + 1], &candidates->values[place],
            (candidates->count - place) * sizeof *candidates->values);
    rational_init(&candidates->values[place]);
    rational_set(&candidates->values[place], value);
    candidates->count++;
    return STATUS_OK;
}

static const struct interval *domain_of(const struct searching *searching,
                                        const struct variable *variable)
{
    return &searching->searcher->inputs->items[variable->input].domain;
}

static enum status add(struct searching *searching, struct variable *variable,
                       const struct rational *value)
{
    return candidates_add(&variable->candidates, domain_of(searching, variable), value);
}

static enum status add_integer(struct searching *searching, struct variable *variable,
                               int64_t value)
{
    OWNED(rational_release) struct rational number;
    rational_init(&number);
    rational_set_integer(&number, value);
    return add(searching, variable, &number);
}

void smallest_decimal(struct rational *ret_value)
{
    rational_set_fraction(ret_value, 1, DECIMAL_SCALE);
}

/* --- Thresholds that a measured number is compared with --- */

/* The variable that an operand reads in a period, or NULL when it is no measured one. */
static struct variable *variable_of(struct searching *searching, const struct operand *operand,
                                    size_t period)
{
    const struct inputs *inputs = searching->searcher->inputs;
    const struct operand *origin = operand_origin(&inputs->contract->terms, operand);
    if (origin->kind != OPERAND_MEASURED) {
        return NULL;
    }
    size_t input =
        inputs_measured(inputs, origin->index, operand_period(origin, period), origin->field);
    size_t place = searching->places[input];
    return place == SIZE_MAX ? NULL : &searching->variables[place];
}

static enum status add_table(struct searching *searching, struct variable *variable,
                             const struct line *line)
{
    for (size_t i = 0; i < line->step_count; i++) {
        TRY(add(searching, variable, &line->steps[i].threshold.constant));
    }
    return STATUS_OK;
}

static enum status add_side(struct searching *searching, const struct operand *side,
                            const struct operand *other, size_t period)
{
    const struct terms *terms = &searching->searcher->inputs->contract->terms;
    struct variable *variable = variable_of(searching, side, period);
    const struct operand *origin = operand_origin(terms, other);
    if (variable == NULL || origin->kind != OPERAND_CONSTANT) {
        return STATUS_OK;
    }
    return add(searching, variable, &origin->constant);
}

static enum status add_watch(struct searching *searching, const struct watch *watch, size_t period)
{
    const struct terms *terms = &searching->searcher->inputs->contract->terms;
    if (watch->b != NULL) {
        TRY(add_side(searching, watch->a, watch->b, period));
        return add_side(searching, watch->b, watch->a, period);
    }
    struct variable *variable = variable_of(searching, watch->a, period);
    return variable == NULL ? STATUS_OK
                            : add_table(searching, variable, &terms->lines[watch->line]);
}

/* --- The ends of what can be measured --- */

/* Both decimals around a number: the nearest that somebody can measure. */
static enum status add_decimals(struct searching *searching, struct variable *variable,
                                const struct rational *value)
{
    OWNED(rational_release) struct rational step;
    OWNED(rational_release) struct rational rounded;
    rational_init(&step);
    rational_init(&rounded);
    smallest_decimal(&step);
    if (rational_round(&rounded, value, &step, ROUND_FLOOR) != STATUS_OK) {
        return STATUS_OK;
    }
    TRY(add(searching, variable, &rounded));
    if (rational_round(&rounded, value, &step, ROUND_CEILING) != STATUS_OK) {
        return STATUS_OK;
    }
    return add(searching, variable, &rounded);
}

static enum status add_middle(struct searching *searching, struct variable *variable)
{
    const struct interval *domain = domain_of(searching, variable);
    OWNED(rational_release) struct rational middle;
    OWNED(rational_release) struct rational half;
    rational_init(&middle);
    rational_init(&half);
    rational_set_fraction(&half, 1, 2);
    bool is_known = domain->has_least && domain->has_greatest &&
                    rational_add(&middle, &domain->least, &domain->greatest) == STATUS_OK &&
                    rational_multiply(&middle, &middle, &half) == STATUS_OK;
    return is_known ? add_decimals(searching, variable, &middle) : STATUS_OK;
}

/* Where there is no end: well beyond the last candidate on that side. */
static enum status add_beyond(struct searching *searching, struct variable *variable, int order)
{
    struct candidates *candidates = &variable->candidates;
    OWNED(rational_release) struct rational size;
    OWNED(rational_release) struct rational two;
    rational_init(&size);
    rational_init(&two);
    rational_set_integer(&two, 2);
    rational_set_integer(&size, 1);
    if (candidates->count > 0) {
        rational_set(&size, &candidates->values[order > 0 ? candidates->count - 1 : 0]);
    }
    if (rational_sign(&size) < 0) {
        rational_negate(&size, &size);
    }
    enum status status = rational_multiply(&size, &size, &two);
    assert(status == STATUS_OK); /* a decimal */
    if (order < 0) {
        rational_negate(&size, &size);
    }
    TRY(add(searching, variable, &size));
    return add_integer(searching, variable, order * INT64_C(1000000000000));
}

static enum status add_ends(struct searching *searching, struct variable *variable)
{
    const struct interval *domain = domain_of(searching, variable);
    TRY(add_integer(searching, variable, 0));
    TRY(add_integer(searching, variable, 1));
    TRY(add_middle(searching, variable));
    if (domain->has_least) {
        TRY(add(searching, variable, &domain->least));
    } else {
        TRY(add_beyond(searching, variable, -1));
    }
    if (domain->has_greatest) {
        return add(searching, variable, &domain->greatest);
    }
    return add_beyond(searching, variable, 1);
}

enum status candidates_make(struct searching *searching)
{
    const struct watches *watches = &searching->searcher->watches;
    const struct search_goal *goal = searching->goal;
    for (size_t i = 0; i < goal->period_count; i++) {
        for (size_t k = 0; k < watches->count; k++) {
            if (searching->lines[watches->items[k].line]) {
                TRY(add_watch(searching, &watches->items[k], goal->periods[i]));
            }
        }
    }
    for (size_t i = 0; i < searching->count; i++) {
        TRY(add_ends(searching, &searching->variables[i]));
    }
    return STATUS_OK;
}

/* --- Turns of what is computed from a measured number --- */

/* A straight line through two choices and what was watched there. */
struct secant {
    const struct rational *from;
    const struct rational *to;
    const struct rational *from_watched;
    const struct rational *to_watched;
};

/* Where the straight line meets a level that lies between its ends. */
static enum status add_crossing(struct searching *searching, struct variable *variable,
                                const struct secant *secant, const struct rational *level)
{
    OWNED(rational_release) struct rational rise;
    OWNED(rational_release) struct rational crossing;
    rational_init(&rise);
    rational_init(&crossing);
    bool is_crossing =
        rational_subtract(&rise, secant->to_watched, secant->from_watched) == STATUS_OK &&
        rational_subtract(&crossing, level, secant->from_watched) == STATUS_OK &&
        rational_divide(&crossing, &crossing, &rise) == STATUS_OK &&
        rational_subtract(&rise, secant->to, secant->from) == STATUS_OK &&
        rational_multiply(&crossing, &crossing, &rise) == STATUS_OK &&
        rational_add(&crossing, &crossing, secant->from) == STATUS_OK;
    return is_crossing ? add_decimals(searching, variable, &crossing) : STATUS_OK;
}

static bool is_between(const struct rational *level, const struct rational *a,
                       const struct rational *b)
{
    int below = rational_compare(a, level);
    int above = rational_compare(b, level);
    return (below < 0 && above > 0) || (below > 0 && above < 0);
}

static enum status add_table_turns(struct searching *searching, struct variable *variable,
                                   const struct secant *secant, const struct line *line)
{
    size_t first = line->step_count;
    size_t count = 0;
    for (size_t i = 0; i < line->step_count; i++) {
        const struct rational *threshold = &line->steps[i].threshold.constant;
        if (is_between(threshold, secant->from_watched, secant->to_watched)) {
            first = count == 0 ? i : first;
            count++;
        }
    }
    size_t stride = count / TURNS_MAX + 1;
    for (size_t i = 0; i < count; i += stride) {
        TRY(add_crossing(searching, variable, secant, &line->steps[first + i].threshold.constant));
    }
    return STATUS_OK;
}

enum status candidates_add_turns(struct searching *searching, struct variable *variable,
                                 const struct rational *before)
{
    const struct watches *watches = &searching->searcher->watches;
    const struct terms *terms = &searching->searcher->inputs->contract->terms;
    OWNED(rational_release) struct rational zero;
    OWNED(rational_release) struct rational here;
    rational_init(&zero);
    rational_init(&here);
    rational_set(&here, &variable->value);
    for (size_t i = 0; i < watches->count; i++) {
        if (!searching->is_watched_before[i] || !searching->is_watched[i]) {
            continue;
        }
        struct secant secant = {before, &here, &searching->watched_before[i],
                                &searching->watched[i]};
        if (watches->items[i].b == NULL) {
            TRY(add_table_turns(searching, variable, &secant,
                                &terms->lines[watches->items[i].line]));
        } else if (is_between(&zero, secant.from_watched, secant.to_watched)) {
            TRY(add_crossing(searching, variable, &secant, &zero));
        }
    }
    return STATUS_OK;
}
