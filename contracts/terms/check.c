#include "contracts/terms/check.h"

#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

size_t terms_find_outcome(const struct terms *terms, struct view name)
{
    size_t i = 0;
    while (i < terms->outcome_count && !view_equal(terms->outcomes[i].name, name)) {
        i++;
    }
    return i < terms->outcome_count ? i : SIZE_MAX;
}

size_t terms_find_period(const struct terms *terms, struct view name)
{
    size_t i = 0;
    while (i < terms->period_count && !view_equal(terms->periods[i].name, name)) {
        i++;
    }
    return i < terms->period_count ? i : SIZE_MAX;
}

size_t terms_find_line(const struct terms *terms, struct view name)
{
    size_t i = 0;
    while (i < terms->line_count && !view_equal(terms->lines[i].name, name)) {
        i++;
    }
    return i < terms->line_count ? i : SIZE_MAX;
}

/* Puts "/<list>/<index>" in front of the failure's place; returns `status`. */
static enum status at_item(enum status status, const char *list, size_t index,
                           struct failure *failure)
{
    if (status != STATUS_OK) {
        shape_prefix_index(failure, index);
        shape_prefix_name(failure, list);
    }
    return status;
}

static enum status refuse_repeated(struct failure *failure, const char *at, struct view name)
{
    return refuse(failure, RULE_NAME_REPEATED, at, "\"%.*s\" is given twice", VIEW_ARGS(name));
}

static enum status read_unit(struct view text, const char *at, struct unit *ret_unit,
                             struct failure *failure)
{
    if (unit_read(text, ret_unit) != STATUS_OK) {
        return refuse(failure, RULE_UNIT_UNKNOWN, at, "\"%.*s\" is not the spelling of a unit",
                      VIEW_ARGS(text));
    }
    return STATUS_OK;
}

static enum status check_outcomes(struct check *check, struct failure *failure)
{
    struct terms *terms = check->terms;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        struct outcome *outcome = &terms->outcomes[i];
        names_add(&check->outcomes, outcome->name);
        TRY(at_item(read_unit(outcome->unit_text, "/unit", &outcome->unit, failure), "outcomes", i,
                    failure));
        TRY(at_item(
            read_unit(outcome->count_unit_text, "/count_unit", &outcome->count_unit, failure),
            "outcomes", i, failure));
    }
    size_t repeated = names_sort(&check->outcomes);
    if (repeated != SIZE_MAX) {
        return at_item(refuse_repeated(failure, "/outcome", terms->outcomes[repeated].name),
                       "outcomes", repeated, failure);
    }
    return STATUS_OK;
}

static enum status check_period(const struct period *period, struct failure *failure)
{
    if (date_compare(period->to, period->from) < 0) {
        return refuse(failure, RULE_PERIOD_ORDER, "/to", "period \"%.*s\" ends before it begins",
                      VIEW_ARGS(period->name));
    }
    if (period->due.is_published && date_compare(period->due.date, period->to) < 0) {
        return refuse(failure, RULE_PERIOD_ORDER, "/due", "period \"%.*s\" is due before it ends",
                      VIEW_ARGS(period->name));
    }
    return STATUS_OK;
}

static enum status check_periods(struct check *check, struct failure *failure)
{
    const struct terms *terms = check->terms;
    for (size_t i = 0; i < terms->period_count; i++) {
        names_add(&check->periods, terms->periods[i].name);
        TRY(at_item(check_period(&terms->periods[i], failure), "periods", i, failure));
    }
    size_t repeated = names_sort(&check->periods);
    if (repeated != SIZE_MAX) {
        return at_item(refuse_repeated(failure, "/period", terms->periods[repeated].name),
                       "periods", repeated, failure);
    }
    return STATUS_OK;
}

static enum status check_lines(struct check *check, struct failure *failure)
{
    const struct terms *terms = check->terms;
    for (size_t i = 0; i < terms->line_count; i++) {
        struct view name = terms->lines[i].name;
        names_add(&check->lines, name);
        if (view_is(name, NOT_PUBLISHED)) {
            return at_item(refuse(failure, RULE_NAME_REPEATED, "/line",
                                  "\"" NOT_PUBLISHED "\" already means a result that the terms "
                                  "do not say"),
                           "lines", i, failure);
        }
    }
    size_t repeated = names_sort(&check->lines);
    if (repeated != SIZE_MAX) {
        return at_item(refuse_repeated(failure, "/line", terms->lines[repeated].name), "lines",
                       repeated, failure);
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        check->line = i;
        TRY(at_item(terms_check_line(check, failure), "lines", i, failure));
    }
    return STATUS_OK;
}

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

static enum status check_paid_line(struct check *check, struct pay *pay, struct failure *failure)
{
    const struct terms *terms = check->terms;
    struct view name = pay->line_name;
    pay->line = names_find(&check->lines, name);
    if (pay->line == SIZE_MAX) {
        return refuse(failure, RULE_LINE_UNKNOWN, "/pay", "there is no line \"%.*s\"",
                      VIEW_ARGS(name));
    }
    const struct line *line = &terms->lines[pay->line];
    if (line->operation != OPERATION_ROUND) {
        return refuse(failure, RULE_PAY_NOT_ROUNDED, "/pay", "line \"%.*s\" does not round",
                      VIEW_ARGS(name));
    }
    if (!unit_equal(&line->unit, &check->money)) {
        return refuse(failure, RULE_PAY_NOT_ROUNDED, "/pay", "line \"%.*s\" is not in %s",
                      VIEW_ARGS(name), terms->currency.code);
    }
    if (!is_minor_multiple(&line->to.constant, terms->currency)) {
        return refuse(failure, RULE_PAY_NOT_ROUNDED, "/pay",
                      "line \"%.*s\" rounds to a step that is not a whole number of minor units "
                      "(%s has %u decimals)",
                      VIEW_ARGS(name), terms->currency.code, (unsigned)terms->currency.decimals);
    }
    return STATUS_OK;
}

static enum status check_receivers(const struct pay *pay, struct failure *failure)
{
    struct names receivers = {.count = 0};
    for (size_t i = 0; i < pay->share_count; i++) {
        names_add(&receivers, pay->shares[i].party);
    }
    size_t repeated = names_sort(&receivers);
    if (repeated != SIZE_MAX) {
        return at_item(refuse_repeated(failure, "/party", pay->shares[repeated].party), "to",
                       repeated, failure);
    }
    return STATUS_OK;
}

/* Shares are one without a `share`, or all by funding, or all weights with a positive sum. */
static enum status check_shares(const struct pay *pay, struct failure *failure)
{
    bool has_weight = false;
    for (size_t i = 0; i < pay->share_count; i++) {
        const struct pay_share *share = &pay->shares[i];
        if (!share->is_given && pay->share_count > 1) {
            return at_item(refuse(failure, RULE_PAY_SHARES, "",
                                  "\"%.*s\" has no share beside other receivers",
                                  VIEW_ARGS(share->party)),
                           "to", i, failure);
        }
        if (share->by_funding != pay->shares[0].by_funding) {
            return at_item(refuse(failure, RULE_PAY_SHARES, "/share",
                                  "shares are all by funding, or all weights"),
                           "to", i, failure);
        }
        if (!share->by_funding && rational_sign(&share->weight) < 0) {
            return at_item(refuse(failure, RULE_PAY_SHARES, "/share", "a weight is negative"), "to",
                           i, failure);
        }
        has_weight = has_weight || share->by_funding || rational_sign(&share->weight) > 0;
    }
    if (!has_weight) {
        return refuse(failure, RULE_PAY_SHARES, "/to", "all weights are zero");
    }
    return STATUS_OK;
}

static enum status check_pay(struct check *check, struct pay *pay, struct failure *failure)
{
    TRY(check_paid_line(check, pay, failure));
    TRY(check_receivers(pay, failure));
    return check_shares(pay, failure);
}

static enum status check_pays(struct check *check, struct failure *failure)
{
    const struct terms *terms = check->terms;
    struct names paid = {.count = 0};
    for (size_t i = 0; i < terms->pay_count; i++) {
        names_add(&paid, terms->pays[i].line_name);
        TRY(at_item(check_pay(check, &terms->pays[i], failure), "pays", i, failure));
    }
    size_t repeated = names_sort(&paid);
    if (repeated != SIZE_MAX) {
        return at_item(refuse_repeated(failure, "/pay", terms->pays[repeated].line_name), "pays",
                       repeated, failure);
    }
    return STATUS_OK;
}

enum status terms_check(struct terms *terms, struct failure *failure)
{
    struct check check = {.terms = terms};
    struct view code = terms->currency_code;
    if (currency_by_code(code, &terms->currency) != STATUS_OK) {
        return refuse(failure, RULE_CURRENCY_UNKNOWN, "/currency",
                      "\"%.*s\" is not a currency of ISO 4217", VIEW_ARGS(code));
    }
    check.money = (struct unit){.count = 1, .bases = {{.name = code, .exponent = 1}}};

    TRY(check_outcomes(&check, failure));
    TRY(check_periods(&check, failure));
    TRY(check_lines(&check, failure));
    TRY(check_pays(&check, failure));
    return terms_check_bounds(terms, failure);
}
