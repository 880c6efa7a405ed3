/*
 * Liability: the least and the most that each party can come to owe, by each period and in all.
 *
 * A party is liable for the pays that come from it, and, where a pay is reversible, for its part of
 * what it was paid. Amounts are gross, and as the lines give them: before a cap, which cuts nothing
 * but refuses a settlement above it.
 *
 * Both ends are for contracts whose binding periods are all settled, in the order of their last
 * days, and where every investor has placed between nothing and its commitment.
 */
#pragma once

#include "contracts/analysis/search.h"
#include "contracts/analysis/survey.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

/* Of all binding periods together. */
#define LIABILITY_IN_ALL SIZE_MAX

struct liability {
    size_t period;                 /* or LIABILITY_IN_ALL */
    size_t like;                   /* the period that it is the same as, or its own */
    bool is_sum;                   /* in all: the ends of the periods, added up */
    struct search_result least;    /* its bound: never less than */
    struct search_result greatest; /* its bound: never more than; without one: unbounded */
};

struct party_liability {
    struct view party;
    const struct party_money *cap; /* or NULL */
    struct liability in_all;
    struct liability *periods; /* as liabilities.periods */
};

struct liabilities {
    const struct inputs *inputs;
    size_t period_count; /* binding ones, of which some settlement is not refused ... */
    size_t *periods;     /* ... in the order of their last days */
    size_t party_count;
    struct party_liability *parties;
};

/*
 * Finds what every party can owe.
 *
 * Shapes  `work_max` is about how many lines are computed at most.
 * Owner   the inputs are borrowed.
 * Errors  STATUS_MEMORY.
 */
enum status liabilities_init(struct liabilities *liabilities, struct searcher *searcher,
                             const struct survey *survey, size_t work_max);
void liabilities_release(struct liabilities *liabilities);

/* Whether what was found is also the bound. */
bool end_is_exact(const struct search_result *end);
