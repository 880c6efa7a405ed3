/* Simulate: the answer of `utfall simulate --json`, for whoever else gives it. */
#pragma once

#include "cli/command.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#include <stddef.h>

/*
 * Computes what the options ask for; an operand that names a file is read.
 *
 * Owner   `*ret_object` is the caller's.
 * Errors  those of the command; STATUS_LIMIT beyond `rows_max` rows.
 */
enum status simulate_json(const struct invocation *invocation, size_t rows_max,
                          struct json **ret_object, struct failure *failure);
