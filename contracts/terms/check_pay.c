/*
 * Pays: they take lines that are whole money, and what they share out has receivers.
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/check.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

/* Whether every value of a line that rounds to `step` is a whole number of minor units. */
static bool is_minor_multiple(const struct rational *step, struct currency currency)
{
    OWNED(rational_release) struct rational minor_units;
    rational_init(&minor_units);
    int64_t factor = 1;
    for (unsigned i = 0; i < currency.decimals; i++) {
        factor *= 10; /* ISO 4217 has at most 4 decimals */
    }
    rational_set_integer(&minor_units, factor);
    return rational_multiply(&minor_units, &minor_units, step) == STATUS_OK &&
           rational_is_integer(&minor_units);
}

static enum status refuse_unit(const struct line *line, struct currency currency,
                               struct failure *failure)
{
    OWNED(buffer_release) struct buffer unit;
    buffer_init(&unit, SHAPE_UNIT_COMPUTED_SIZE_MAX);
    if (unit_write(&line->unit, &unit) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_PAY_NOT_ROUNDED, "", "expected a line in %s, found \"%.*s\" in %s",
                  currency.code, VIEW_ARGS(line->name), unit.data);
}

/* Finds a line whose every value is an amount of the contract's currency. */
static enum status find_money_line(const struct check *check, struct view name, size_t *ret_line,
                                   struct failure *failure)
{
    const struct terms *terms = check->terms;
    size_t found = names_find(&check->lines, name);
    if (found == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "", "there is no line \"%.*s\"", VIEW_ARGS(name));
    }
    const struct line *line = &terms->lines[found];
    if (line->operation != OPERATION_ROUND) {
        return refuse(failure, RULE_PAY_NOT_ROUNDED, "",
                      "expected a line that rounds (\"round\"), found \"%.*s\" with \"%s\"",
                      VIEW_ARGS(name), operation_name(line->operation));
    }
    if (!unit_equal(&line->unit, &check->money)) {
        return refuse_unit(line, terms->currency, failure);
    }
    if (!is_minor_multiple(&line->to.constant, terms->currency)) {
        return refuse(failure, RULE_PAY_NOT_ROUNDED, "",
                      "line \"%.*s\" rounds to a step that is not a whole number of minor units "
                      "(%s has %u decimals)",
                      VIEW_ARGS(name), terms->currency.code, (unsigned)terms->currency.decimals);
    }
    *ret_line = found;
    return STATUS_OK;
}

static enum status check_receivers(const struct tranche *tranche, struct failure *failure)
{
    struct names receivers;
    names_clear(&receivers);
    for (size_t i = 0; i < tranche->share_count; i++) {
        names_add(&receivers, tranche->shares[i].party);
    }
    size_t repeated = names_sort(&receivers);
    if (repeated != SIZE_MAX) {
        TRY_ITEM(repeated,
                 terms_refuse_repeated(failure, "/party", tranche->shares[repeated].party));
    }
    return STATUS_OK;
}

static enum status check_share(const struct tranche *tranche, const struct pay_share *share,
                               struct failure *failure)
{
    if (!share->is_given && tranche->share_count > 1) {
        return refuse(failure, RULE_PAY_SHARES, "", "\"%.*s\" has no share beside other receivers",
                      VIEW_ARGS(share->party));
    }
    if (share->by_funding != tranche->shares[0].by_funding) {
        return refuse(failure, RULE_PAY_SHARES, "/share",
                      "shares are all by funding, or all weights");
    }
    if (!share->by_funding && rational_sign(&share->weight) < 0) {
        return refuse(failure, RULE_PAY_SHARES, "/share", "a weight is negative");
    }
    return STATUS_OK;
}

/* Shares are one without a `share`, or all by funding, or all weights with a positive sum. */
static enum status check_shares(const struct tranche *tranche, struct failure *failure)
{
    TRY(check_receivers(tranche, failure));
    bool has_weight = false;
    for (size_t i = 0; i < tranche->share_count; i++) {
        const struct pay_share *share = &tranche->shares[i];
        TRY_ITEM(i, check_share(tranche, share, failure));
        has_weight = has_weight || share->by_funding || rational_sign(&share->weight) > 0;
    }
    if (!has_weight) {
        return refuse(failure, RULE_PAY_SHARES, "", "all weights are zero");
    }
    return STATUS_OK;
}

static enum status check_up_to(const struct check *check, struct tranche *tranche, bool is_last,
                               struct failure *failure)
{
    if (is_last && tranche->has_up_to) {
        return refuse(failure, RULE_PAY_TRANCHES, "/up_to",
                      "the last tranche \"%.*s\" gets all that is left, so it has no \"up_to\"",
                      VIEW_ARGS(tranche->name));
    }
    if (is_last) {
        return STATUS_OK;
    }
    if (!tranche->has_up_to) {
        return refuse(failure, RULE_PAY_TRANCHES, "",
                      "tranche \"%.*s\" has no \"up_to\", so the next one would get nothing",
                      VIEW_ARGS(tranche->name));
    }
    TRY_FIELD("up_to", find_money_line(check, tranche->up_to_name, &tranche->up_to, failure));
    return STATUS_OK;
}

static enum status check_tranche_names(const struct pay *pay, struct failure *failure)
{
    struct names names;
    names_clear(&names);
    for (size_t i = 0; i < pay->tranche_count; i++) {
        names_add(&names, pay->tranches[i].name);
    }
    size_t repeated = names_sort(&names);
    if (repeated != SIZE_MAX) {
        TRY_ITEM(repeated,
                 terms_refuse_repeated(failure, "/tranche", pay->tranches[repeated].name));
    }
    return STATUS_OK;
}

static enum status check_waterfall(const struct check *check, struct pay *pay,
                                   struct failure *failure)
{
    TRY(check_tranche_names(pay, failure));
    for (size_t i = 0; i < pay->tranche_count; i++) {
        struct tranche *tranche = &pay->tranches[i];
        TRY_ITEM(i, check_up_to(check, tranche, i + 1 == pay->tranche_count, failure));
        enum status status = check_shares(tranche, failure);
        if (status != STATUS_OK) {
            shape_prefix_name(failure, "to");
            shape_prefix_index(failure, i);
            return status;
        }
    }
    return STATUS_OK;
}

static enum status check_pay(const struct check *check, struct pay *pay, struct failure *failure)
{
    TRY_FIELD("pay", find_money_line(check, pay->line_name, &pay->line, failure));
    if (pay->tranches[0].name.size == 0) {
        TRY_FIELD("to", check_shares(&pay->tranches[0], failure));
        return STATUS_OK;
    }
    if (pay->is_reversible) {
        return refuse(failure, RULE_PAY_TRANCHES, "/negative",
                      "a pay with a \"waterfall\" cannot be reversed: who gives back what is "
                      "not said");
    }
    TRY_FIELD("waterfall", check_waterfall(check, pay, failure));
    return STATUS_OK;
}

static enum status check_each(const struct check *check, struct failure *failure)
{
    const struct terms *terms = check->terms;
    for (size_t i = 0; i < terms->pay_count; i++) {
        TRY_ITEM(i, check_pay(check, &terms->pays[i], failure));
    }
    size_t repeated = check->repeated_pay;
    if (repeated != SIZE_MAX) {
        TRY_ITEM(repeated, terms_refuse_repeated(failure, "/pay", terms->pays[repeated].line_name));
    }
    return STATUS_OK;
}

enum status terms_check_pays(const struct check *check, struct failure *failure)
{
    TRY_FIELD("pays", check_each(check, failure));
    return STATUS_OK;
}
