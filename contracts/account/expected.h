/*
 * Expected: what a forecast comes to if the parties' own expectation comes true.
 *
 * No contract says what is expected; whoever asks does, as for a simulation: "saving@2y=3000000".
 * What has been measured, placed, settled and paid is taken from the ledger, and what is expected
 * of one period counts as settled for the next (`earlier`).
 */
#pragma once

#include "contracts/account/forecast.h"
#include "contracts/simulation/inputs.h"
#include "contracts/state/state.h"
#include "ledger/base/status.h"

#include <stddef.h>

/*
 * Fills in what is expected of the open periods of a forecast, in the order of their last days; a
 * period for which too little is expected is left as it is.
 *
 * Shapes  the forecast is of this contract; a ratio stands after its denominator.
 * Errors  OUTCOME_UNKNOWN, PERIOD_UNKNOWN, MEASUREMENT_RANGE and those of simulation_set, for a
 *         setting that no period can take; STATUS_MEMORY.
 */
enum status forecast_expect(struct forecast *forecast, const struct state_contract *contract,
                            const struct setting *settings, size_t setting_count,
                            struct failure *failure);
