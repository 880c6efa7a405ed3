/*
 * Searching: what the files of search.h share: one search under way.
 */
#pragma once

#include "contracts/analysis/search.h"

/* Numbers worth trying for one input: there at most so many. */
#define CANDIDATES_MAX 4096

struct candidates {
    size_t count;
    size_t capacity;
    struct rational *values; /* ascending */
};

/* An input that the goal, or its being computed, depends on. */
struct variable {
    size_t input;
    bool is_varied; /* the goal depends on it */
    bool is_chosen; /* it has a value */
    struct rational value;
    struct rational best;
    struct candidates candidates;
};

struct searching {
    struct searcher *searcher;
    const struct search_goal *goal;
    size_t count;
    struct variable *variables;
    size_t *places;  /* [input]: its variable, or SIZE_MAX */
    bool *lines;     /* [line]: the goal depends on it */
    size_t work_end; /* searcher_work where the search ends */

    bool has_value; /* the last choice: */
    struct rational value;
    size_t depth; /* how many lines were computed, when it was refused */

    bool has_best; /* the best choice: */
    struct rational best;
    size_t best_depth;

    bool is_watching; /* the last choice, when it is asked for: */
    size_t watched_period;
    bool *is_watched;         /* [watch]: there is a value */
    struct rational *watched; /* [watch]: a - b, or the operand of a table */
    bool *is_watched_before;  /* the same at another choice */
    struct rational *watched_before;
};

/* Adds a number that the input can be. Errors: STATUS_MEMORY. */
enum status candidates_add(struct candidates *candidates, const struct interval *domain,
                           const struct rational *value);
void candidates_release(struct candidates *candidates);

/* The first candidate that is not below (or, with `is_above`, above) a value; count if none is. */
size_t candidates_from(const struct candidates *candidates, const struct rational *value,
                       bool is_above);

/* Fills the candidates of every variable that is varied. */
enum status candidates_make(struct searching *searching);

/*
 * Adds where watched values turn on the way from the choice before, when the variable was `before`,
 * to the last one.
 */
enum status candidates_add_turns(struct searching *searching, struct variable *variable,
                                 const struct rational *before);

bool searching_is_over(const struct searching *searching);

/* Chooses a number for one variable; where nobody could measure it so, nothing is changed. */
bool searching_choose(struct searching *searching, struct variable *variable,
                      const struct rational *value);

/* Plays what is chosen; fills has_value, value, depth. */
void searching_play(struct searching *searching);

/* Keeps what was played, if it is better than the best so far. */
bool searching_keep(struct searching *searching);

/* Goes back to the best choice. */
void searching_return(struct searching *searching);

/*
 * Divides what can be measured, from the best choice so far on, until the bound is what was found
 * or the work is done. Of SEARCH_OWED only.
 */
enum status boxes_search(struct searching *searching, bool *ret_is_bounded,
                         struct rational *ret_bound);

/* What two decimals differ by at least. */
void smallest_decimal(struct rational *ret_value);
