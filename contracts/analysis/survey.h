/*
 * Survey: what is ever reached of a contract, over all its periods.
 *
 * Binding periods are settled in the order of their last days; the others are computed where they
 * stand among them. Everything here is by intervals: what is said never to be reached is not, what
 * is not said so may or may not be.
 */
#pragma once

#include "contracts/analysis/reach.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Of one line; the arrays have a place for each part of it that could never be reached. */
struct line_survey {
    struct interval value;  /* over all periods */
    bool is_negative;       /* it can be below zero ... */
    size_t negative_period; /* ... first in this period */
    bool is_zero_divided;   /* a divisor can be zero */
    size_t zero_period;
    bool is_crossed; /* clamp: at_least can be above at_most */
    size_t crossed_period;
    bool is_unpublished_reached; /* some "not_published" can apply */
    bool *is_reached;            /* [part]: see survey_part_count */
    bool *is_missed;             /* [condition]: it can be false; is_reached: it can be true */
};

struct survey {
    const struct inputs *inputs;
    struct line_survey *lines;
    bool *is_refused;   /* [period]: no settlement of it can be computed ... */
    size_t *refused;    /* [period]: ... for this line is always refused */
    bool *is_unpayable; /* [period]: it can be computed, but a pay is always below zero */
};

/*
 * The parts of a line: of tiers `otherwise` and each step; of a curve each point; of brackets each
 * block; of a condition each node; of minimum, maximum and clamp each operand, then its limits; of
 * by_period each row; of others none.
 */
size_t survey_part_count(const struct line *line);

/* Owner: the inputs are borrowed. Errors: STATUS_MEMORY. */
enum status survey_init(struct survey *survey, const struct inputs *inputs, struct reach *reach,
                        const struct interval *domains);
void survey_release(struct survey *survey);

/* The periods of a contract by their last days, then as they stand; `ret_order` holds them all. */
void periods_in_order(const struct terms *terms, size_t *ret_order);
