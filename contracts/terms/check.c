#include "contracts/terms/check.h"

#include "contracts/rule/rule.h"

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

enum status terms_refuse_repeated(struct failure *failure, const char *at, struct view name)
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

static enum status check_range(const struct range *range, struct failure *failure)
{
    if (!range->has_at_least || !range->has_at_most ||
        rational_compare(&range->at_least, &range->at_most) <= 0) {
        return STATUS_OK;
    }
    char at_least[CONSTANT_TEXT_SIZE];
    char at_most[CONSTANT_TEXT_SIZE];
    if (terms_write_constant(&range->at_least, at_least) != STATUS_OK ||
        terms_write_constant(&range->at_most, at_most) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_RANGE_ORDER, "",
                  "a range ends where it begins or above: found at least %s and at most %s",
                  at_least, at_most);
}

static enum status check_outcome(struct outcome *outcome, struct failure *failure)
{
    TRY(read_unit(outcome->unit_text, "/unit", &outcome->unit, failure));
    TRY(read_unit(outcome->count_unit_text, "/count_unit", &outcome->count_unit, failure));
    TRY_FIELD("range", check_range(&outcome->range, failure));
    TRY_FIELD("count_range", check_range(&outcome->count_range, failure));
    if (outcome->count_range.has_at_most && rational_sign(&outcome->count_range.at_most) < 0) {
        return refuse(failure, RULE_RANGE_ORDER, "/count_range/at_most",
                      "a count is never below zero, so none of outcome \"%.*s\" could be measured",
                      VIEW_ARGS(outcome->name));
    }
    return STATUS_OK;
}

static enum status check_outcomes(struct check *check, struct failure *failure)
{
    struct terms *terms = check->terms;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        names_add(&check->outcomes, terms->outcomes[i].name);
        TRY(at_item(check_outcome(&terms->outcomes[i], failure), "outcomes", i, failure));
    }
    size_t repeated = names_sort(&check->outcomes);
    if (repeated != SIZE_MAX) {
        return at_item(terms_refuse_repeated(failure, "/outcome", terms->outcomes[repeated].name),
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
        return at_item(terms_refuse_repeated(failure, "/period", terms->periods[repeated].name),
                       "periods", repeated, failure);
    }
    return STATUS_OK;
}

/* Gains and payouts stand in one table, so both are in the contract's currency. */
static enum status check_gain(const struct check *check, const struct line *line,
                              struct failure *failure)
{
    if (line->basis != GAIN_NONE && !unit_equal(&line->unit, &check->money)) {
        return refuse(failure, RULE_UNITS_DIFFER, "/basis",
                      "the gain \"%.*s\" must be in %.*s, the contract's currency",
                      VIEW_ARGS(line->name), VIEW_ARGS(check->terms->currency_code));
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
        return at_item(terms_refuse_repeated(failure, "/line", terms->lines[repeated].name),
                       "lines", repeated, failure);
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        check->line = i;
        TRY(at_item(terms_check_line(check, failure), "lines", i, failure));
        TRY(at_item(check_gain(check, &terms->lines[i], failure), "lines", i, failure));
    }
    return STATUS_OK;
}

/* Which lines are paid, for operands that name them; that they exist is checked with the pays. */
static void note_paid(struct check *check)
{
    for (size_t i = 0; i < check->terms->pay_count; i++) {
        names_add(&check->paid, check->terms->pays[i].line_name);
    }
    check->repeated_pay = names_sort(&check->paid);
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
    note_paid(&check);
    TRY(check_lines(&check, failure));
    TRY(terms_check_pays(&check, failure));
    return terms_check_bounds(terms, failure);
}
