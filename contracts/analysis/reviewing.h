/*
 * Reviewing: what the files of review.h share: one review under way.
 *
 * A function that finds something adds it, and fills in what its sentence needs. When memory runs
 * out, or there are enough findings, it is given none: then there is nothing to fill in.
 */
#pragma once

#include "contracts/analysis/review.h"
#include "contracts/analysis/survey.h"

struct reviewing {
    struct review *review;
    const struct contract *contract;
    const struct terms *terms;
    const struct inputs *inputs;
    struct searcher searcher;
    struct survey survey;
    bool *is_paid;     /* [line]: some pay depends on it */
    bool *is_measured; /* [outcome]: some line reads it ... */
    bool *is_paying;   /* [outcome]: ... that a pay depends on */
    bool *has_part;    /* [line]: a part of it was found never to be reached */
    /*
     * [line]: it depends on a result that is not published, so that what is reached of it is not
     * all that the parties agreed on.
     */
    bool *is_open;
    size_t search_count;     /* searches so far: there are not more than a bound */
    bool is_example_missing; /* one was not looked for */
    enum status status;      /* STATUS_MEMORY ends the review */
};

/* A new finding, or NULL. `line` is SIZE_MAX when it is about no line. */
struct review_finding *reviewing_add(struct reviewing *reviewing, enum review_code code,
                                     size_t line, const char *format, ...) PRINTF_LIKE(4, 5);

/* {value} and {limit}, when there is a finding. */
void reviewing_set_value(struct review_finding *finding, const struct rational *value,
                         const struct unit *unit);
void reviewing_set_limit(struct review_finding *finding, const struct rational *limit,
                         const struct unit *unit);

/* The unit of the contract's currency. */
void reviewing_currency_unit(const struct reviewing *reviewing, struct unit *ret_unit);

/* Of which line, and in which period of a life. */
struct question {
    size_t line;
    size_t period;
    const struct operand *a; /* NULL: the line itself */
    const struct operand *b; /* NULL: zero */
};

/*
 * Looks for numbers that bring a - b below zero, or to zero. False when none was found, which does
 * not mean that there is none.
 */
bool reviewing_search(struct reviewing *reviewing, enum search_kind kind,
                      const struct question *question, struct search_result *ret_result);

/* A short search, of which there are only so many. False when nothing was found. */
bool reviewing_example(struct reviewing *reviewing, const struct search_goal *goal,
                       struct search_result *ret_result);

/* {when}: takes over what was chosen. */
void reviewing_set_when(struct review_finding *finding, struct search_result *result);

/* {when}: the same, for what somebody else keeps. */
void reviewing_copy_when(struct reviewing *reviewing, struct review_finding *finding,
                         const struct search_result *result);

void review_roles(struct reviewing *reviewing);
void review_outcomes(struct reviewing *reviewing);
void review_periods(struct reviewing *reviewing);
void review_lines(struct reviewing *reviewing);
void review_tables(struct reviewing *reviewing);
void review_constants(struct reviewing *reviewing);
void review_pays(struct reviewing *reviewing);
void review_liability(struct reviewing *reviewing);
