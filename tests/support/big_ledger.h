/*
 * Big ledgers for measuring and stress: many contracts, each with a chain of fundings, all valid.
 */
#pragma once

#include "ledger/base/status.h"

#include <stddef.h>
#include <stdint.h>

/* How many of what. */
struct big_ledger {
    uint64_t contract_count;
    uint64_t fundings_each;
    unsigned signatures; /* on each funding: 1 to 4 */
};

/* Writes a ledger to `path`, which must not exist. Aborts with a message when it cannot. */
void big_ledger_make(const char *path, struct big_ledger shape);

/* Entries that such a ledger has. */
uint64_t big_ledger_size(struct big_ledger shape);
