/*
 * Watch: where the rule of a contract changes its way.
 *
 * A comparison turns where its sides are equal, a clamp where it begins to hold, a table at each of
 * its thresholds. The least and the greatest payout lie at such places, or at the ends of what can
 * be measured, unless the rule is curved in between.
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/status.h"

#include <stddef.h>

struct watch {
    size_t line;
    const struct operand *a;
    const struct operand *b; /* it turns where a = b; NULL: at each threshold of the line's table */
};

struct watches {
    size_t count;
    struct watch *items;
};

/* Errors: STATUS_MEMORY. */
enum status watches_init(struct watches *watches, const struct terms *terms);
void watches_release(struct watches *watches);

/* Follows lines that only take another operand. */
const struct operand *operand_origin(const struct terms *terms, const struct operand *operand);
