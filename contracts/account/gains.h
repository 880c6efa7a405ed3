/*
 * Gains: what actors gain by a contract, beside what it costs them, by budget year.
 *
 * A gain is a line that says how it is known: measured, or modelled (docs/model.md, section 3.5).
 * The two are told apart everywhere, and are never added up. A period's gains are those of its
 * newest settlement; of a period that is not settled, those that its lines come to from what has
 * been measured, where they can be computed.
 *
 * Costs are what account.h posts: what an actor placed as an investor and owes as a payer.
 */
#pragma once

#include "contracts/number/rational.h"
#include "contracts/state/state.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* What one line comes to in one period. */
struct gain {
    struct view actor;
    struct view line;
    const struct localized *label;
    enum gain_basis basis;
    const struct baseline *baseline; /* NULL: none is named */
    struct view period;
    int year;
    bool is_settled;
    struct rational value; /* in the contract's currency; below zero: a loss */
};

struct gains {
    size_t count;
    size_t capacity;
    struct gain *items;
};

/*
 * Finds the gains of a contract, period by period in the order of the newest terms.
 *
 * Owner   views point into the contract; the caller calls gains_release.
 * Errors  STATUS_MEMORY.
 */
enum status gains_init(struct gains *gains, const struct state_contract *contract);
void gains_release(struct gains *gains); /* for OWNED(gains_release) */
