/*
 * Contract source: the contract that a command is about, a draft in a file or one of the ledger.
 *
 * A draft needs no ledger, and nobody has to have signed it: what only signing adds is stood in
 * for. A name that ends in ".json", and "-" for standard input, is a file; other names are looked
 * for in the ledger.
 */
#pragma once

#include "cli/command.h"
#include "cli/workspace.h"
#include "contracts/simulation/assumptions.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stdint.h>

struct contract_source {
    struct statement *statement; /* of its own, also for a contract of the ledger */
    struct workspace *workspace; /* NULL for a draft */
    uint64_t *settled_by;        /* [period]: the entry that settled it, or STORE_NONE */
    size_t version_count;
    struct contract_version **versions; /* those that were asked for */
};

/* The terms that govern one period, and what was settled by them. */
struct contract_period {
    const struct contract *contract;
    uint64_t settled_by; /* the entry of its newest settlement, or STORE_NONE */
};

/*
 * Finds the contract, reads and checks it: of the ledger, its newest terms.
 *
 * Owner   the caller calls contract_source_close, also after a failure; `source` is zeroed.
 * Errors  the refusals of a contract; KIND_UNKNOWN for a draft of another kind; those of opening
 *         the ledger and loading the contract.
 */
enum status contract_source_open(struct contract_source *source, const char *name,
                                 const struct invocation *invocation, struct failure *failure);
void contract_source_close(struct contract_source *source);

/*
 * Takes the terms that govern a period in place of the newest ones, for a command that is about one
 * period; contract_source_assume is not asked afterwards. No effect on a draft, nor when no version
 * has the period.
 */
enum status contract_source_govern(struct contract_source *source, struct view period,
                                   struct failure *failure);

/*
 * Finds the terms that govern a period, with the caps of the newest ones, which hold for all; of a
 * draft, and of a period that no version has, those of the source.
 *
 * Owner   the terms are the source's.
 * Errors  those of loading the contract.
 */
enum status contract_source_period(struct contract_source *source, struct view name,
                                   struct contract_period *ret_period, struct failure *failure);

static inline const struct contract *contract_source_contract(const struct contract_source *source)
{
    return statement_terms(source->statement);
}

/*
 * What the ledger knew of its contract before a period was settled, or what it knows now if it is
 * not settled. Not for a draft.
 *
 * Shapes  `assumptions` are initialised with the contract of this source.
 */
enum status contract_source_assume(const struct contract_source *source, size_t period,
                                   struct assumptions *assumptions, struct failure *failure);

/* The same of a period of other terms, which the assumptions are initialised with. */
enum status contract_source_assume_before(const struct contract_source *source, uint64_t settled_by,
                                          size_t period, struct assumptions *assumptions,
                                          struct failure *failure);
