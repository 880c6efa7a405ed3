/*
 * Settlement: who owes whom what for a period, line by line.
 *
 * A settlement is the contract's filled-in form: the value of every line, and every pay split among
 * its receivers to the last minor unit. It is computed from a contract and what was measured,
 * placed, settled and paid before it; nothing else enters. The statement's `computed` member is
 * written here, and a settlement in the ledger must equal it byte for byte.
 *
 *     {"inputs":[...],"lines":[{"line":"saving","unit":"SEK","value":"0"},...],
 *      "pays":[{"amount":{...},"from":"...","pay":"payout","to":"..."},...],"period":"2y"}
 *
 * When its canonical form is over SETTLEMENT_COMPUTED_MAX bytes, `lines` is replaced by
 * `lines_sha256`, the digest of the canonical form of the array.
 */
#pragma once

#include "contracts/statement/statement.h"

#define SETTLEMENT_COMPUTED_MAX 40000

/* What one investor has placed so far. */
struct investor_total {
    struct view party;
    struct money total;
};

/* Where a settlement comes from. */
struct settlement_source {
    const struct contract *contract;
    struct terms_source terms;
    size_t investor_count;
    const struct investor_total *investors; /* everyone who has placed money */
};

/* One amount owed. A pay with several receivers gives one for each, in the contract's order. */
struct settlement_pay {
    struct view line;
    struct view from;
    struct view to;
    struct money amount;
};

struct settlement {
    size_t period;
    struct terms_values values; /* one for each line of the contract */
    size_t pay_count;
    struct settlement_pay *pays;
};

void settlement_init(struct settlement *settlement);
void settlement_release(struct settlement *settlement);

/*
 * Computes the form and the pays for a period. `settlement` is initialised.
 *
 * Errors  those of terms_evaluate; PAY_NEGATIVE, PAY_UNFUNDED, SETTLEMENT_NOT_COMPUTABLE when an
 *         amount exceeds its type; STATUS_MEMORY.
 */
enum status settlement_compute(const struct settlement_source *source, size_t period,
                               struct settlement *settlement, struct failure *failure);

/*
 * Builds the `computed` member as a tree of its own.
 *
 * Shapes  `inputs` are the ids that it was computed from, in ledger order.
 * Owner   `*ret_computed` is the caller's.
 */
enum status settlement_to_json(const struct contract *contract, const struct settlement *settlement,
                               const struct hash *inputs, size_t input_count,
                               struct json **ret_computed, struct failure *failure);
