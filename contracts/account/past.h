/*
 * Past: what the ledger has settled of a contract, as the analysis of one version of its terms goes
 * on from it. Internal to this folder.
 *
 * A period that was settled by other terms counts with what it came to then. What is still to be
 * settled by other terms before these, is not known, and so is every sum that it adds to.
 */
#pragma once

#include "contracts/analysis/inputs.h"
#include "contracts/state/state.h"
#include "ledger/base/status.h"

#include <stdbool.h>

struct known_past {
    struct past past; /* of the arrays below */
    size_t line_count;
    bool *is_over;
    struct interval *earlier;
    struct interval *settled;
};

/*
 * Fills in the past of the terms of these inputs.
 *
 * Owner   the caller calls known_past_release, also after a failure; `past` is zeroed.
 * Errors  STATUS_MEMORY; STATUS_LIMIT when a sum has too many digits.
 */
enum status known_past_init(struct known_past *past, const struct state_contract *contract,
                            const struct inputs *inputs);
void known_past_release(struct known_past *past);

/* Whether a period can be settled, once or again, as far as that depends on no values. */
bool past_can_settle(const struct state_contract *contract, struct view period);

/* Whether a period is settled, and its newest settlement is not the last word. */
bool past_is_touched(const struct state_contract *contract, struct view period);
