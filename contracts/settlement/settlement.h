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
 * A period that was settled is settled again by its difference: `supplements` names the settlement
 * before. What is owed less now is owed in reverse, where the pay can be; else it is carried
 * forward, as a credit that later settlements take off (`carried_out`, `carried_in`).
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
    struct date due;          /* when has_due */
    struct money amount;      /* owed by this settlement, never below zero */
    struct money carried_in;  /* a credit of earlier settlements that was taken off */
    struct money carried_out; /* what was settled too much: a credit for later settlements */
    struct money whole;       /* what the period comes to; below zero when it is reversed */
};

struct settlement {
    size_t period;
    struct terms_values values; /* one for each line of the contract */
    size_t pay_count;
    struct settlement_pay *pays; /* the same receivers in the same order in every settlement */
    bool is_supplementary;
    struct hash supplements; /* when it is: the id of the period's settlement before this one */
};

void settlement_init(struct settlement *settlement);
void settlement_release(struct settlement *settlement);

/* How many pays every settlement has: one for each receiver of each tranche. */
size_t settlement_count_pays(const struct terms *terms);

/*
 * Computes the form and the pays for a period, as if nothing had been settled before.
 * `settlement` is initialised.
 *
 * Errors  those of terms_evaluate; with `at` = "/pays/<index>" and what follows, PAY_NEGATIVE,
 *         PAY_UNFUNDED, and SETTLEMENT_NOT_COMPUTABLE when an amount exceeds its type or a due date
 *         the calendar; STATUS_MEMORY.
 */
enum status settlement_compute(const struct settlement_source *source, size_t period,
                               struct settlement *settlement, struct failure *failure);

/*
 * Leaves of each pay of a computed settlement what it owes beyond `previous`, the period's newest
 * settlement (NULL: it is the first), and takes off the credits.
 *
 * Shapes  `credits` holds an amount for each pay of a settlement; it is read only.
 * Errors  SETTLEMENT_NOT_COMPUTABLE when a difference exceeds its type, with `at` = "/pays".
 */
enum status settlement_carry(const struct contract *contract, const struct settlement *previous,
                             const struct money *credits, struct settlement *settlement,
                             struct failure *failure);

/*
 * Adds what each payer with a cap owes by this settlement to what it owes already. The contract's
 * caps hold gross amounts: what somebody owes in reverse is not taken off. Of a pay, its amount
 * counts: the difference, less what was carried in.
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
