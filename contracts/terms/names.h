/*
 * Names: sorted lists of them, to look one up and to find one that is given twice.
 *
 * Checking terms then takes time in proportion to the size of a contract, even when a hostile one
 * names every line in every line.
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/view.h"

#include <assert.h>
#include <stddef.h>

struct name {
    struct view text;
    size_t index; /* of the outcome, period, line, ... */
};

#define NAMES_MAX TERMS_STEPS_MAX /* the items of a rate card are the longest list */

/* Names in ascending order, once names_sort was called. */
struct names {
    size_t count;
    struct name entries[NAMES_MAX];
};
static_assert(TERMS_LINES_MAX <= NAMES_MAX, "lines fit in a list of names");
static_assert(TERMS_OUTCOMES_MAX <= NAMES_MAX, "outcomes fit in a list of names");
static_assert(TERMS_PERIODS_MAX <= NAMES_MAX, "periods fit in a list of names");
static_assert(TERMS_PAYS_MAX <= NAMES_MAX, "pays fit in a list of names");
static_assert(TERMS_TRANCHES_MAX <= NAMES_MAX, "tranches fit in a list of names");
static_assert(MONEY_SHARES_MAX <= NAMES_MAX, "receivers fit in a list of names");

/* Makes the list empty: what was never used needs not be cleared. */
void names_clear(struct names *names);

/* The next index gets this name. */
void names_add(struct names *names, struct view text);

/*
 * Sorts, and finds the first index whose name an earlier one has: SIZE_MAX when there is none.
 */
size_t names_sort(struct names *names);

/* The index of a name, or SIZE_MAX. */
size_t names_find(const struct names *names, struct view text);
