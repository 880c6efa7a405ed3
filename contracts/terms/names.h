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
    size_t index; /* of the outcome, period or line */
};

/* Names in ascending order, once names_sort was called. */
struct names {
    size_t count;
    struct name entries[TERMS_LINES_MAX];
};
static_assert(TERMS_OUTCOMES_MAX <= TERMS_LINES_MAX, "outcomes fit in a list of names");
static_assert(TERMS_PERIODS_MAX <= TERMS_LINES_MAX, "periods fit in a list of names");
static_assert(TERMS_PAYS_MAX <= TERMS_LINES_MAX, "pays fit in a list of names");
static_assert(MONEY_SHARES_MAX <= TERMS_LINES_MAX, "receivers fit in a list of names");

/* The next index gets this name. */
void names_add(struct names *names, struct view text);

/*
 * Sorts, and finds the first index whose name an earlier one has: SIZE_MAX when there is none.
 */
size_t names_sort(struct names *names);

/* The index of a name, or SIZE_MAX. */
size_t names_find(const struct names *names, struct view text);
