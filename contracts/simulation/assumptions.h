/*
 * Assumptions: what a settlement is computed from when nothing has happened yet.
 *
 * A settlement asks for measured values, for money placed and paid, and for earlier settlements.
 * The ledger answers from its entries; assumptions answer from what somebody supposes, or has read
 * in a published report. So a draft that nobody has signed can be computed by the same code as a
 * contract of the ledger.
 *
 * What is not assumed is not measured (SETTLEMENT_NOT_MEASURED), and zero where it is a sum.
 * Assumptions can be changed at any time; a source made of them sees the change.
 */
#pragma once

#include "contracts/settlement/settlement.h"
#include "contracts/state/state.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* One stated number of a measurement: of which outcome, for which period, and which field. */
struct assumed_cell {
    size_t outcome;
    size_t period;
    enum measured_field field; /* a stated one: ratios follow from their counts */
};

struct assumed_number {
    bool is_set;
    struct rational value;
};

/* What one investor has placed. */
struct assumed_funding {
    struct view investor;
    struct rational total;
};

struct assumptions {
    const struct contract *contract;
    struct measured_value *measured; /* [period * outcome_count + outcome] */
    struct rational *earlier;        /* [line]: its sum over earlier settlements */
    struct assumed_number *paid;     /* [line]: what its pay has paid */
    struct assumed_number paid_total;
    size_t funding_count;
    struct assumed_funding *fundings; /* one for each investor of the contract */
    struct rational *cap_used;        /* [cap]: what its payer owes by earlier settlements */
};

/*
 * Nothing assumed about a contract that statement_check has passed.
 *
 * Owner   the contract is borrowed, and outlives the assumptions.
 * Errors  STATUS_MEMORY; then there is nothing to release.
 */
enum status assumptions_init(struct assumptions *assumptions, const struct contract *contract);
void assumptions_release(struct assumptions *assumptions);

/* Each investor has placed what it committed, if it committed anything. */
void assumptions_fund_committed(struct assumptions *assumptions);

/*
 * Takes over what the ledger knows of the contract so far: measurements, fundings, payments and
 * sums of earlier settlements; for a settled period, the sums as at its first settlement.
 *
 * Shapes  `state` is of the same contract, perhaps of a time when other terms were its newest: what
 *         they have is found by name. `settled_period` is an index of the assumptions' terms.
 */
enum status assumptions_take_state(struct assumptions *assumptions,
                                   const struct state_contract *state, size_t settled_period);

/*
 * Assumes a measured number.
 *
 * Errors  MEASUREMENT_RANGE when no measurement can say it, whatever it says besides: below zero
 *         for a count, outside the outcome's range, ...; with `at` = "/<outcome>/<field>".
 */
enum status assumptions_set_measured(struct assumptions *assumptions,
                                     const struct assumed_cell *cell, const struct rational *value,
                                     struct failure *failure);

/*
 * Checks the numbers of one outcome together, as a measurement that says them all.
 *
 * Shapes  the field of `cell` is not looked at.
 * Errors  MEASUREMENT_RANGE, MEASUREMENT_RATIO, with `at` as above.
 */
enum status assumptions_check_measured(const struct assumptions *assumptions,
                                       const struct assumed_cell *cell, struct failure *failure);

/* Forgets a measured number. */
void assumptions_clear_measured(struct assumptions *assumptions, const struct assumed_cell *cell);

/* The number, or NULL where none is assumed. */
const struct rational *assumptions_measured(const struct assumptions *assumptions,
                                            const struct assumed_cell *cell);

/*
 * What an investor has placed, in place of what was assumed before.
 *
 * Errors  ROLE_PARTY when it is no investor of the contract; AMOUNT_MALFORMED when the amount is
 *         below zero or no whole number of minor units.
 */
enum status assumptions_set_funded(struct assumptions *assumptions, struct view investor,
                                   const struct rational *amount, struct failure *failure);

/*
 * What has been paid, by the pay of `line`, or in all when it is SIZE_MAX. A total that is not
 * assumed is the sum of the lines; where one pay is the contract's only one, its line's is the
 * total.
 */
void assumptions_set_paid(struct assumptions *assumptions, size_t line,
                          const struct rational *value);

/*
 * The sum of a line over earlier settlements. What it says of a line that is paid counts against
 * the cap of the payer, too.
 */
void assumptions_set_earlier(struct assumptions *assumptions, size_t line,
                             const struct rational *value);

/* Where settlement_compute finds all that. Valid as long as the assumptions. */
struct settlement_source assumptions_source(const struct assumptions *assumptions);

/*
 * Checks a settlement that was computed from these assumptions against the contract's caps.
 *
 * Errors  PAY_ABOVE_CAP; STATUS_LIMIT when a sum has too many digits.
 */
enum status assumptions_check_caps(const struct assumptions *assumptions,
                                   const struct settlement *settlement, struct failure *failure);
