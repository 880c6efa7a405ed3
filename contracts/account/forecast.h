/*
 * Forecast: what each payer can come to owe by settlements that are still to come, by budget year.
 *
 * Least and greatest are bounds (contracts/analysis): whatever is measured from now on, what is
 * owed lies between them. What has been measured is taken as it stands now. Two things narrow them
 * further: credits of earlier settlements are deducted first, and a payer never owes more than what
 * is left of its cap, since a settlement above it is refused.
 *
 * What was settled counts with what it came to then, also by terms that an amendment has replaced
 * since. What other terms are still to settle first is not known here: a sum that it adds to can be
 * anything.
 *
 * A period that can be settled now, because everything its lines read has been measured and every
 * period that ends before it is settled, is known: least and greatest are what it comes to. So is a
 * settled period that a correction or amendment touched: its difference.
 *
 * Periods that do not bind, that a termination ended, or whose every settlement is refused by what
 * has been measured or published, are left out.
 */
#pragma once

#include "contracts/number/money.h"
#include "contracts/state/state.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

/* What one payer can owe by one period. */
struct forecast_item {
    struct view payer;
    struct view period;
    int year; /* when it falls due; where its pays do on several days, the first of them */
    bool is_known;
    struct money least;
    bool has_greatest; /* false: nothing bounds it */
    struct money greatest;
    bool has_expected;
    struct money expected; /* see account/expected.h */
};

/* Payers by the order of the contract's pays, periods by their last days. */
struct forecast {
    size_t count;
    size_t capacity;
    struct forecast_item *items;
};

/*
 * Finds the forecast of a contract.
 *
 * Shapes  `work_max` is about how many lines are computed at most; with less of it, least and
 *         greatest lie further apart, and still hold.
 * Owner   views point into the contract; the caller calls forecast_release.
 * Errors  STATUS_MEMORY; STATUS_LIMIT when a sum is over MONEY_MINOR_MAX.
 */
enum status forecast_init(struct forecast *forecast, const struct state_contract *contract,
                          size_t work_max);
void forecast_release(struct forecast *forecast); /* for OWNED(forecast_release) */
