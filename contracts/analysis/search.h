/*
 * Search: measured numbers that bring about the most, or the least, that can be.
 *
 * What reach.h finds is a bound: nothing lies beyond it, but perhaps nothing reaches it. Here it is
 * tried what does. Numbers are chosen where the rule changes its way (watch.h), first one input at
 * a time, each as it serves best; then by dividing what can be measured into boxes: a box whose
 * bound is no better than what was found is done with, the one that promises most is divided
 * further. So the bound comes down while what is found goes up; where they meet, the answer is
 * exact.
 *
 * The same numbers are tried in the same order every time, and their count is bounded. Where the
 * bound on work ends a search, the bound that is left still holds.
 */
#pragma once

#include "contracts/analysis/inputs.h"
#include "contracts/analysis/interval.h"
#include "contracts/analysis/play.h"
#include "contracts/analysis/reach.h"
#include "contracts/analysis/watch.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* What is looked for. */
enum search_kind {
    SEARCH_OWED,       /* what a party owes */
    SEARCH_DIFFERENCE, /* a - b in a line of the last period, also where a later line is refused;
                        * what is below zero is enough */
    SEARCH_ZERO,       /* the same, as near to zero as it can be */
};

struct search_goal {
    enum search_kind kind;
    int order; /* 1: the greatest, -1: the least; SEARCH_DIFFERENCE is always the least */
    const size_t *periods; /* a life: settled in this order */
    size_t period_count;
    bool is_sum;                   /* what is owed by all of them; else by the last */
    struct view party;             /* SEARCH_OWED ... */
    const struct rational *enough; /* ... more than this is enough; NULL: the end is sought */
    size_t line;                   /* else */
    const struct operand *a;       /* NULL: the line itself */
    const struct operand *b;       /* NULL: zero */
};

/* A choice of one input. */
struct chosen {
    size_t input;
    struct rational value;
};

struct search_result {
    bool is_searched; /* false: there was no work left for it */
    bool is_found;
    struct rational value; /* what was found, when is_found */
    size_t chosen_count;
    struct chosen *chosen; /* the inputs that it depends on, so chosen that they bring it about */
    bool is_bounded;       /* SEARCH_OWED: nothing lies beyond ... */
    struct rational bound; /* ... this */
};

struct searcher {
    const struct inputs *inputs;
    struct watches watches;
    struct play play;
    struct reach reach;
    struct interval *domains; /* [input] */
    bool is_cut;              /* some search was ended by its bound on work */
};

enum status searcher_init(struct searcher *searcher, const struct inputs *inputs);
void searcher_release(struct searcher *searcher);

/* About how many lines have been computed so far, and how many settlements. */
size_t searcher_work(const struct searcher *searcher);

/* What can be owed, by intervals alone; empty when some settlement is always refused. */
void search_bound(struct searcher *searcher, const struct search_goal *goal,
                  struct interval *ret_owed);

/*
 * Searches, and stops after about `work_max` lines were computed.
 *
 * Owner   `*ret_result` is the caller's, to be released.
 * Errors  STATUS_MEMORY.
 */
enum status search(struct searcher *searcher, const struct search_goal *goal, size_t work_max,
                   struct search_result *ret_result);

void search_result_init(struct search_result *result);
void search_result_release(struct search_result *result); /* for OWNED(search_result_release) */
