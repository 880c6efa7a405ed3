/*
 * Check: what the files of terms_check share.
 */
#pragma once

#include "contracts/terms/names.h"
#include "contracts/terms/terms.h"
#include "ledger/base/status.h"

#include <stddef.h>

struct check {
    struct terms *terms;
    size_t line; /* the one that is being checked */
    struct names outcomes;
    struct names periods;
    struct names lines;
    struct unit money; /* the contract's currency */
};

/* Checks line check->line, whose earlier lines have passed; places are relative to the line. */
enum status terms_check_line(struct check *check, struct failure *failure);

/*
 * Checks that no value of any line can exceed what a rational holds. The lines have passed.
 *
 * Errors  TERMS_TOO_LARGE with `at` = "/lines/<index>".
 */
enum status terms_check_bounds(const struct terms *terms, struct failure *failure);
