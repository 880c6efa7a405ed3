/* What the parts of the bench share. */
#pragma once

#include "bench/clock.h"
#include "ledger/base/status.h"

#include <stdbool.h>

/* Says what failed, and ends the program. */
void die(const char *what, const struct failure *failure);

/* Prints a ratio beside the bound that it is to keep; returns `holds`. */
bool report(const char *what, double ratio, const char *relation, double bound, bool holds);

/* bench_terms.c: settlements a minute, and tables that grow. */
bool bench_terms(void);
