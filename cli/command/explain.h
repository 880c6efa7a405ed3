/* Explain: the answer of `utfall explain --json`, for whoever else gives it. */
#pragma once

#include "cli/workspace.h"
#include "ledger/json/json.h"

/*
 * Every line of a period with its value and how it came to be, and what is owed.
 *
 * Owner   `*ret_object` is the caller's.
 * Errors  CONTRACT_UNKNOWN, PERIOD_UNKNOWN; the refusals of a settlement; those of reading.
 */
enum status explain_json(struct workspace *workspace, struct view contract, struct view period,
                         struct json **ret_object, struct failure *failure);
