/* Computing: the lines, and how each pay is divided into tranches and split among receivers. */

#include "contracts/settlement/settlement.h"

#include <assert.h>
#include <stdlib.h>

void settlement_init(struct settlement *settlement)
{
    *settlement = (struct settlement){0};
    terms_values_init(&settlement->values);
}

void settlement_release(struct settlement *settlement)
{
    terms_values_release(&settlement->values);
    free(settlement->pays);
    settlement_init(settlement);
}

/* --- How much a pay is, and how much of it each tranche gets --- */

/* The value of a pay's line as money. Places are relative to the pay. */
static enum status pay_whole(const struct terms *terms, const struct pay *pay,
                             const struct settlement *settlement, struct money *ret_whole,
                             struct failure *failure)
{
    const struct rational *value = &settlement->values.lines[pay->line].value;
    if (rational_sign(value) < 0 && !pay->is_reversible) {
        return refuse(failure, RULE_PAY_NEGATIVE, "", "%.*s is negative",
                      VIEW_ARGS(pay->line_name));
    }
    if (money_from_rational(value, terms->currency, ret_whole) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                      "%.*s is not an amount that can be paid", VIEW_ARGS(pay->line_name));
    }
    return STATUS_OK;
}

/* Takes the part of a tranche from `*left`. Places are relative to the tranche. */
static enum status take_part(const struct tranche *tranche, const struct settlement *settlement,
                             struct money *left, struct money *ret_part, struct failure *failure)
{
    *ret_part = *left;
    if (tranche->has_up_to) {
        const struct rational *up_to = &settlement->values.lines[tranche->up_to].value;
        if (rational_sign(up_to) < 0) {
            return refuse(failure, RULE_PAY_NEGATIVE, "/up_to",
                          "%.*s is negative: the tranche %.*s cannot be filled up to it",
                          VIEW_ARGS(tranche->up_to_name), VIEW_ARGS(tranche->name));
        }
        /* Beyond what an amount can be, it is above all that is left. */
        struct money limit;
        if (money_from_rational(up_to, left->currency, &limit) == STATUS_OK &&
            limit.minor < left->minor) {
            *ret_part = limit;
        }
    }
    left->minor -= ret_part->minor;
    return STATUS_OK;
}

static enum status prefix_tranche(enum status refused, size_t index, struct failure *failure)
{
    shape_prefix_index(failure, index);
    shape_prefix_name(failure, "waterfall");
    return refused;
}

/* The parts of all tranches; they sum to `whole`. */
static enum status divide_pay(const struct pay *pay, const struct settlement *settlement,
                              struct money whole, struct money parts[static TERMS_TRANCHES_MAX],
                              struct failure *failure)
{
    assert(pay->tranche_count >= 1 && pay->tranche_count <= TERMS_TRANCHES_MAX);
    struct money left = whole;
    for (size_t i = 0; i < pay->tranche_count; i++) {
        enum status status = take_part(&pay->tranches[i], settlement, &left, &parts[i], failure);
        if (status != STATUS_OK) {
            return prefix_tranche(status, i, failure);
        }
    }
    assert(left.minor == 0); /* the last tranche has no `up_to` */
    return STATUS_OK;
}

/* --- How a tranche is split among its receivers --- */

static enum status read_weights(const struct terms_source *source, const struct tranche *tranche,
                                struct rational *weights, bool *ret_has_weight)
{
    *ret_has_weight = false;
    for (size_t i = 0; i < tranche->share_count; i++) {
        const struct pay_share *share = &tranche->shares[i];
        if (share->by_funding) {
            TRY(source->funded(source->context, share->party, &weights[i]));
        } else {
            rational_set(&weights[i], &share->weight);
        }
        *ret_has_weight = *ret_has_weight || rational_sign(&weights[i]) > 0;
    }
    return STATUS_OK;
}

/*
 * Splits a tranche's amount among its receivers.
 *
 * Shapes  `weights` holds tranche->share_count initialised numbers, `parts` as many amounts.
 */
static enum status split_tranche(const struct terms_source *source, const struct tranche *tranche,
                                 const struct settlement_pay *owed, struct rational *weights,
                                 struct money *parts, struct failure *failure)
{
    bool has_weight;
    TRY(read_weights(source, tranche, weights, &has_weight));
    if (owed->amount.minor == 0) {
        for (size_t i = 0; i < tranche->share_count; i++) {
            parts[i] = owed->amount;
        }
        return STATUS_OK;
    }
    if (!has_weight) {
        return refuse(failure, RULE_PAY_UNFUNDED, "",
                      "%.*s is shared by funding, and none of its receivers has placed any",
                      VIEW_ARGS(owed->line));
    }
    return money_split(owed->amount, weights, tranche->share_count, parts);
}

/* Adds what each receiver gets of `owed`, which is a tranche as if it had one receiver. */
static enum status owe_tranche(const struct terms_source *source, const struct tranche *tranche,
                               const struct settlement_pay *owed, struct settlement *settlement,
                               struct failure *failure)
{
    struct rational weights[MONEY_SHARES_MAX];
    struct money parts[MONEY_SHARES_MAX];
    assert(tranche->share_count <= MONEY_SHARES_MAX);
    for (size_t i = 0; i < tranche->share_count; i++) {
        rational_init(&weights[i]);
    }
    enum status status = split_tranche(source, tranche, owed, weights, parts, failure);
    for (size_t i = 0; i < tranche->share_count; i++) {
        rational_release(&weights[i]);
    }
    TRY(status);
    for (size_t i = 0; i < tranche->share_count; i++) {
        struct settlement_pay *pay = &settlement->pays[settlement->pay_count];
        *pay = *owed;
        pay->from = owed->is_reversed ? tranche->shares[i].party : owed->from;
        pay->to = owed->is_reversed ? owed->from : tranche->shares[i].party;
        pay->amount = parts[i];
        pay->whole = parts[i];
        pay->whole.minor = owed->is_reversed ? -parts[i].minor : parts[i].minor;
        pay->carried_in = (struct money){.currency = parts[i].currency};
        pay->carried_out = pay->carried_in;
        settlement->pay_count++;
    }
    return STATUS_OK;
}

/* --- The settlement --- */

enum status settlement_due(const struct pay *pay, const struct period *period, bool *ret_has_due,
                           struct date *ret_due)
{
    *ret_has_due = pay->due_kind != DUE_NOT_SAID;
    *ret_due = pay->due_date;
    return pay->due_kind == DUE_DAYS_AFTER_PERIOD
               ? date_add_days(period->to, pay->due_days, ret_due)
               : STATUS_OK;
}

/* When a pay is due for the settled period, if the contract says so. */
static enum status set_due(const struct pay *pay, const struct period *period,
                           struct settlement_pay *owed, struct failure *failure)
{
    if (settlement_due(pay, period, &owed->has_due, &owed->due) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "/due",
                      "%d days after the end of %.*s is later than 9999-12-31", pay->due_days,
                      VIEW_ARGS(period->name));
    }
    return STATUS_OK;
}

static enum status compute_pay(const struct settlement_source *source, const struct pay *pay,
                               struct settlement *settlement, struct failure *failure)
{
    const struct terms *terms = &source->contract->terms;
    struct money whole;
    TRY(pay_whole(terms, pay, settlement, &whole, failure));
    struct settlement_pay owed = {
        .line = pay->line_name,
        .from = pay->from,
        .is_reversed = whole.minor < 0,
        .is_reversible = pay->is_reversible,
    };
    TRY(set_due(pay, &terms->periods[settlement->period], &owed, failure));
    whole.minor = whole.minor < 0 ? -whole.minor : whole.minor;
    struct money parts[TERMS_TRANCHES_MAX];
    TRY(divide_pay(pay, settlement, whole, parts, failure));

    for (size_t i = 0; i < pay->tranche_count; i++) {
        const struct tranche *tranche = &pay->tranches[i];
        owed.tranche = tranche->name;
        owed.amount = parts[i];
        enum status status = owe_tranche(&source->terms, tranche, &owed, settlement, failure);
        if (status != STATUS_OK) {
            return tranche->name.size == 0 ? status : prefix_tranche(status, i, failure);
        }
    }
    return STATUS_OK;
}

size_t settlement_count_pays(const struct terms *terms)
{
    size_t count = 0;
    for (size_t i = 0; i < terms->pay_count; i++) {
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            count += terms->pays[i].tranches[k].share_count;
        }
    }
    return count;
}

enum status settlement_compute(const struct settlement_source *source, size_t period,
                               struct settlement *settlement, struct failure *failure)
{
    const struct terms *terms = &source->contract->terms;
    assert(period < terms->period_count);

    settlement->period = period;
    settlement->pay_count = 0;
    settlement->is_supplementary = false;
    settlement->is_amended = false;
    TRY(terms_evaluate(terms, period, &source->terms, &settlement->values, failure));

    size_t pay_count = settlement_count_pays(terms);
    free(settlement->pays);
    settlement->pays = calloc(pay_count + 1, sizeof *settlement->pays);
    if (settlement->pays == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        enum status status = compute_pay(source, &terms->pays[i], settlement, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "pays");
            return status;
        }
    }
    assert(settlement->pay_count == pay_count);
    return STATUS_OK;
}

/* --- Places --- */

struct settlement_place settlement_pay_place(const struct settlement_pay *pay)
{
    return (struct settlement_place){
        .line = pay->line,
        .tranche = pay->tranche,
        .from = pay->is_reversed ? pay->to : pay->from,
        .to = pay->is_reversed ? pay->from : pay->to,
    };
}

bool settlement_place_equal(const struct settlement_place *a, const struct settlement_place *b)
{
    return view_equal(a->line, b->line) && view_equal(a->tranche, b->tranche) &&
           view_equal(a->from, b->from) && view_equal(a->to, b->to);
}

static bool is_at(const struct settlement_pay *pay, const struct settlement_place *place)
{
    struct settlement_place own = settlement_pay_place(pay);
    return settlement_place_equal(&own, place);
}

const struct settlement_pay *settlement_find_pay(const struct settlement *settlement,
                                                 const struct settlement_place *place, size_t hint)
{
    if (hint < settlement->pay_count && is_at(&settlement->pays[hint], place)) {
        return &settlement->pays[hint];
    }
    for (size_t i = 0; i < settlement->pay_count; i++) {
        if (is_at(&settlement->pays[i], place)) {
            return &settlement->pays[i];
        }
    }
    return NULL;
}

size_t settlement_find_place(const struct settlement_place *places, size_t count,
                             const struct settlement_place *place, size_t hint)
{
    if (hint < count && settlement_place_equal(&places[hint], place)) {
        return hint;
    }
    size_t i = 0;
    while (i < count && !settlement_place_equal(&places[i], place)) {
        i++;
    }
    return i;
}

void settlement_list_places(const struct terms *terms, struct settlement_place *places)
{
    size_t count = 0;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        for (size_t k = 0; k < pay->tranche_count; k++) {
            const struct tranche *tranche = &pay->tranches[k];
            for (size_t j = 0; j < tranche->share_count; j++, count++) {
                places[count] = (struct settlement_place){
                    .line = pay->line_name,
                    .tranche = tranche->name,
                    .from = pay->from,
                    .to = tranche->shares[j].party,
                };
            }
        }
    }
}

/* --- What is owed beyond what was settled --- */

static void set_reversed(struct settlement_pay *pay, bool is_reversed)
{
    if (pay->is_reversed != is_reversed) {
        struct view from = pay->from;
        pay->from = pay->to;
        pay->to = from;
        pay->is_reversed = is_reversed;
    }
}

static void carry_pay(struct money difference, struct money credit, struct settlement_pay *pay)
{
    bool is_less = difference.minor < 0;
    bool is_reversed = is_less && pay->is_reversible;
    set_reversed(pay, is_reversed);
    pay->amount = difference;
    pay->amount.minor = is_less ? -difference.minor : difference.minor;
    if (is_less && !is_reversed) {
        pay->carried_out = pay->amount;
        pay->amount.minor = 0;
    } else if (!is_reversed) {
        pay->carried_in.minor = credit.minor < pay->amount.minor ? credit.minor : pay->amount.minor;
        pay->amount.minor -= pay->carried_in.minor;
    }
}

static bool is_gone(const struct settlement *settlement, const struct settlement_pay *settled,
                    size_t hint)
{
    struct settlement_place place = settlement_pay_place(settled);
    return settled->whole.minor != 0 && settlement_find_pay(settlement, &place, hint) == NULL;
}

/* Adds what was settled at places that the terms do not have any more, and is owed no longer. */
static enum status add_withdrawn(const struct settlement *previous, struct settlement *settlement,
                                 struct failure *failure)
{
    size_t count = settlement->pay_count;
    for (size_t i = 0; i < previous->pay_count; i++) {
        count += is_gone(settlement, &previous->pays[i], i);
    }
    if (count == settlement->pay_count) {
        return STATUS_OK;
    }
    struct settlement_pay *pays = realloc(settlement->pays, (count + 1) * sizeof *pays);
    if (pays == NULL) {
        return fail_memory(failure);
    }
    settlement->pays = pays;
    for (size_t i = 0; i < previous->pay_count; i++) {
        if (!is_gone(settlement, &previous->pays[i], i)) {
            continue;
        }
        struct settlement_pay *gone = &pays[settlement->pay_count];
        *gone = previous->pays[i];
        gone->whole.minor = 0;
        gone->carried_in.minor = 0;
        gone->carried_out.minor = 0;
        gone->is_withdrawn = true;
        settlement->pay_count++;
    }
    return STATUS_OK;
}

/* What is owed of a pay beyond what was settled at its place. */
static enum status subtract_settled(const struct settlement *previous, size_t index,
                                    const struct settlement_pay *pay, struct money *ret_difference,
                                    struct failure *failure)
{
    *ret_difference = pay->whole;
    if (previous == NULL) {
        return STATUS_OK;
    }
    struct settlement_place place = settlement_pay_place(pay);
    const struct settlement_pay *settled = settlement_find_pay(previous, &place, index);
    if (settled != NULL &&
        money_subtract(pay->whole, settled->whole, ret_difference) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "/pays",
                      "the difference of %.*s is larger than an amount can be",
                      VIEW_ARGS(pay->line));
    }
    return STATUS_OK;
}

enum status settlement_carry(const struct settlement *previous,
                             const struct settlement_credits *credits,
                             struct settlement *settlement, struct failure *failure)
{
    if (previous != NULL) {
        TRY(add_withdrawn(previous, settlement, failure));
    }
    for (size_t i = 0; i < settlement->pay_count; i++) {
        struct settlement_pay *pay = &settlement->pays[i];
        if (previous == NULL && pay->is_reversed) {
            continue; /* a part of nothing is reversed with the others */
        }
        struct money difference;
        TRY(subtract_settled(previous, i, pay, &difference, failure));
        struct settlement_place place = settlement_pay_place(pay);
        size_t credit = settlement_find_place(credits->places, credits->count, &place, i);
        assert(credit < credits->count);
        carry_pay(difference, credits->amounts[credit], pay);
    }
    return STATUS_OK;
}

/* --- Caps --- */

static enum status add_to_cap(const struct party_money *cap, const struct settlement *settlement,
                              struct money *used, struct failure *failure)
{
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *pay = &settlement->pays[i];
        if (view_equal(pay->from, cap->party) && money_add(*used, pay->amount, used) != STATUS_OK) {
            return refuse(failure, RULE_PAY_ABOVE_CAP, "/pays", "the sum is too large");
        }
    }
    if (used->minor > cap->amount.minor) {
        return refuse(failure, RULE_PAY_ABOVE_CAP, "/pays",
                      "%.*s would owe more than %.*s %.*s: the lines and the cap of the contract "
                      "disagree, and its parties must amend it",
                      VIEW_ARGS(cap->party), VIEW_ARGS(cap->text.amount),
                      VIEW_ARGS(cap->text.currency));
    }
    return STATUS_OK;
}

enum status settlement_add_to_caps(const struct contract *contract,
                                   const struct settlement *settlement, const struct money *used,
                                   struct money *ret_used, struct failure *failure)
{
    for (size_t i = 0; i < contract->cap_count; i++) {
        struct money sum = used[i];
        TRY(add_to_cap(&contract->caps[i], settlement, &sum, failure));
        if (ret_used != NULL) {
            ret_used[i] = sum;
        }
    }
    return STATUS_OK;
}
