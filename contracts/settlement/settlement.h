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
 * A pay has `tranche` and `due` beside these where the contract gives it a waterfall or a due date.
 *
 * When its canonical form is over SETTLEMENT_COMPUTED_MAX bytes, `lines` is replaced by
 * `lines_sha256`, the digest of the canonical form of the array.
 */
#pragma once

#include "contracts/statement/statement.h"

#define SETTLEMENT_COMPUTED_MAX 40000

/*
 * Where a settlement comes from. What each investor has placed, which shares by funding are split
 * by, is asked of the terms' source: of a party that is no investor it answers zero.
 */
struct settlement_source {
    const struct contract *contract;
    struct terms_source terms;
};

/*
 * One amount owed. A pay with several receivers gives one for each, tranche after tranche, in the
 * contract's order. In a reversed pay `from` is the receiver, and `to` whom the contract lets pay.
 */
struct settlement_pay {
    struct view line;
    struct view tranche; /* size 0: the pay has none */
    struct view from;
    struct view to;
    bool is_reversed;
    bool has_due;
    struct date due;     /* when has_due */
    struct money amount; /* never below zero */
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
 * Errors  those of terms_evaluate; with `at` = "/pays/<index>" and what follows, PAY_NEGATIVE,
 *         PAY_UNFUNDED, and SETTLEMENT_NOT_COMPUTABLE when an amount exceeds its type or a due date
 *         the calendar; STATUS_MEMORY.
 */
enum status settlement_compute(const struct settlement_source *source, size_t period,
                               struct settlement *settlement, struct failure *failure);

/*
 * Adds what each payer with a cap owes by this settlement to what it owes already. The contract's
 * caps hold gross amounts: what somebody owes in reverse is not taken off.
 *
 * Shapes  `used` and `ret_used` hold an amount for each of contract->caps; `ret_used` may be NULL.
 * Errors  PAY_ABOVE_CAP, with `at` = "/pays".
 */
enum status settlement_add_to_caps(const struct contract *contract,
                                   const struct settlement *settlement, const struct money *used,
                                   struct money *ret_used, struct failure *failure);

/*
 * Builds the `computed` member as a tree of its own.
 *
 * Shapes  `inputs` are the ids that it was computed from, in ledger order.
 * Owner   `*ret_computed` is the caller's.
 */
enum status settlement_to_json(const struct contract *contract, const struct settlement *settlement,
                               const struct hash *inputs, size_t input_count,
                               struct json **ret_computed, struct failure *failure);
