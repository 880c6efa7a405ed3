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
 * A period that an amendment governs has its id, too: `terms`. What was settled under other terms
 * is compared by place: the pay, the tranche, from whom and to whom.
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
    bool is_reversible;       /* below zero, it is owed in reverse */
    bool is_withdrawn;        /* the terms do not have it any more: its whole is zero */
};

/* Which pay it is, whatever the version of the terms: `from` and `to` as the contract says. */
struct settlement_place {
    struct view line;
    struct view tranche; /* size 0: the pay has none */
    struct view from;
    struct view to;
};

/* What was settled too much at each place, and is to be deducted there. */
struct settlement_credits {
    size_t count;
    struct settlement_place *places;
    struct money *amounts;
};

struct settlement {
    size_t period;
    struct terms_values values; /* one for each line of the contract */
    size_t pay_count;
    struct settlement_pay *pays; /* as the terms order them; then those that are withdrawn */
    bool is_supplementary;
    struct hash supplements; /* when it is: the id of the period's settlement before this one */
    bool is_amended;
    struct hash terms; /* when it is: the id of the amendment that it was computed by */
};

void settlement_init(struct settlement *settlement);
void settlement_release(struct settlement *settlement);

/*
 * When a pay is due for a period, if the contract says so.
 *
 * Errors  STATUS_LIMIT after 9999-12-31.
 */
enum status settlement_due(const struct pay *pay, const struct period *period, bool *ret_has_due,
                           struct date *ret_due);

/* How many pays the terms lead to: one for each receiver of each tranche. */
size_t settlement_count_pays(const struct terms *terms);

/* The places of these pays. Shapes: `places` has room for settlement_count_pays of them. */
void settlement_list_places(const struct terms *terms, struct settlement_place *places);

struct settlement_place settlement_pay_place(const struct settlement_pay *pay);
bool settlement_place_equal(const struct settlement_place *a, const struct settlement_place *b);

/*
 * The pay at a place, or NULL; and the index of a place, or `count`. `hint` is where it stands if
 * the terms are the same.
 */
const struct settlement_pay *settlement_find_pay(const struct settlement *settlement,
                                                 const struct settlement_place *place, size_t hint);
size_t settlement_find_place(const struct settlement_place *places, size_t count,
                             const struct settlement_place *place, size_t hint);

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
 * settlement (NULL: it is the first), and takes off the credits. What `previous` settled at a place
 * that the terms do not have any more is added as a withdrawn pay.
 *
 * Shapes  `credits` has each place of the settlement; it is read only.
 * Errors  SETTLEMENT_NOT_COMPUTABLE when a difference exceeds its type, with `at` = "/pays".
 */
enum status settlement_carry(const struct settlement *previous,
                             const struct settlement_credits *credits,
                             struct settlement *settlement, struct failure *failure);

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
