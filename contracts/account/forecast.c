#include "contracts/account/forecast.h"

#include "contracts/account/account.h"
#include "contracts/account/past.h"
#include "contracts/analysis/inputs.h"
#include "contracts/analysis/liability.h"
#include "contracts/analysis/search.h"
#include "contracts/analysis/survey.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

void forecast_release(struct forecast *forecast)
{
    free(forecast->items);
    *forecast = (struct forecast){0};
}

static enum status add_item(struct forecast *forecast, const struct forecast_item *item)
{
    if (forecast->count == forecast->capacity) {
        size_t capacity = forecast->capacity == 0 ? 16 : 2 * forecast->capacity;
        struct forecast_item *items = realloc(forecast->items, capacity * sizeof *items);
        if (items == NULL) {
            return STATUS_MEMORY;
        }
        forecast->items = items;
        forecast->capacity = capacity;
    }
    forecast->items[forecast->count] = *item;
    forecast->count++;
    return STATUS_OK;
}

/* --- What has happened --- */

static bool is_settled(const struct state_contract *contract, struct view period)
{
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (entry->statement->kind == KIND_SETTLEMENT &&
            view_equal(entry->statement->settlement.period, period)) {
            return true;
        }
    }
    return false;
}

/* Whether no period that is still to be settled ends before this one. */
static bool is_next(const struct state_contract *contract, const struct period *period)
{
    const struct terms *terms = &state_newest(contract)->terms;
    for (size_t i = 0; i < terms->period_count; i++) {
        const struct period *other = &terms->periods[i];
        if (date_compare(other->to, period->to) < 0 && !is_settled(contract, other->name) &&
            past_can_settle(contract, other->name)) {
            return false;
        }
    }
    return true;
}

/* What has been measured is no longer open. */
static enum status narrow_measured(const struct measured_value *value, struct input *input)
{
    if (!field_is_ratio(input->field)) {
        if (value->has[input->field]) {
            interval_set_point(&input->domain, &value->fields[input->field]);
        }
        return STATUS_OK;
    }
    enum measured_field above = ratio_numerator(input->field);
    enum measured_field below = ratio_denominator(input->field);
    if (!value->has[above] || !value->has[below]) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational ratio;
    rational_init(&ratio);
    TRY(rational_divide(&ratio, &value->fields[above], &value->fields[below]));
    interval_set_point(&input->domain, &ratio);
    return STATUS_OK;
}

/* What has been placed stays so; more may come, unless the contract has ended. */
static enum status narrow_funded(const struct state_contract *contract, struct input *input)
{
    struct money placed = {0, state_newest(contract)->terms.currency};
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (entry->statement->kind == KIND_FUNDING &&
            view_equal(entry->statement->funding.investor, input->investor)) {
            TRY(money_add(placed, entry->amount, &placed));
        }
    }
    OWNED(rational_release) struct rational least;
    rational_init(&least);
    money_to_rational(placed, &least);
    OWNED(rational_release) struct rational greatest;
    rational_init(&greatest);
    rational_set(&greatest, contract->termination != NULL ? &least : &input->domain.greatest);
    bool has_greatest = contract->termination != NULL || input->domain.has_greatest;
    interval_set_ends(&input->domain, &least, has_greatest ? &greatest : NULL);
    return STATUS_OK;
}

static enum status narrow_inputs(const struct state_contract *contract, struct inputs *inputs)
{
    const struct terms *terms = &inputs->contract->terms;
    for (size_t i = 0; i < inputs->count; i++) {
        struct input *input = &inputs->items[i];
        if (input->kind == INPUT_FUNDED) {
            TRY(narrow_funded(contract, input));
        } else if (input->kind == INPUT_MEASURED) {
            const struct state_cell *cell = state_find_cell(
                contract, terms->periods[input->period].name, terms->outcomes[input->outcome].name);
            if (cell != NULL && cell->value != NULL) {
                TRY(narrow_measured(cell->value, input));
            }
        }
    }
    return STATUS_OK;
}

/* --- Payers --- */

/* Under which year a payer's part of a period falls: the first of its due dates. */
static int find_year(const struct terms *terms, struct view payer, const struct period *period)
{
    int year = INT32_MAX;
    for (size_t i = 0; i < terms->pay_count; i++) {
        int own = account_pay_year(&terms->pays[i], period);
        if (view_equal(terms->pays[i].from, payer) && own < year) {
            year = own;
        }
    }
    return year == INT32_MAX ? account_period_year(period) : year;
}

/* What a payer owes gross by earlier settlements, and what of it is to be deducted later. */
static enum status sum_settled(const struct state_contract *contract, struct view payer,
                               struct money *ret_used, struct money *ret_credit)
{
    ret_used->currency = state_newest(contract)->terms.currency;
    ret_credit->currency = ret_used->currency;
    ret_used->minor = 0;
    ret_credit->minor = 0;
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        const struct settlement *settlement = entry->settlement;
        for (size_t i = 0; settlement != NULL && i < settlement->pay_count; i++) {
            const struct settlement_pay *pay = &settlement->pays[i];
            if (pay->is_reversed || !view_equal(pay->from, payer)) {
                continue;
            }
            TRY(money_add(*ret_used, pay->amount, ret_used));
            TRY(money_add(*ret_credit, pay->carried_out, ret_credit));
            TRY(money_subtract(*ret_credit, pay->carried_in, ret_credit));
        }
    }
    return STATUS_OK;
}

static const struct party_money *find_cap(const struct contract *contract, struct view payer)
{
    for (size_t i = 0; i < contract->cap_count; i++) {
        if (view_equal(contract->caps[i].party, payer)) {
            return &contract->caps[i];
        }
    }
    return NULL;
}

/* --- A period that is known --- */

/* Adds what the computed settlement lets each payer owe. */
static enum status add_known(struct forecast *forecast, const struct terms *terms,
                             const struct period *period, const struct settlement *settlement)
{
    size_t first = forecast->count;
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *pay = &settlement->pays[i];
        size_t place = first;
        while (place < forecast->count && !view_equal(forecast->items[place].payer, pay->from)) {
            place++;
        }
        if (place == forecast->count) {
            struct forecast_item item = {
                .payer = pay->from,
                .period = period->name,
                .year = find_year(terms, pay->from, period),
                .is_known = true,
                .least = {0, terms->currency},
                .has_greatest = true,
            };
            TRY(add_item(forecast, &item));
        }
        struct forecast_item *item = &forecast->items[place];
        TRY(money_add(item->least, pay->amount, &item->least));
        item->greatest = item->least;
        item->has_expected = true;
        item->expected = item->least;
    }
    return STATUS_OK;
}

/* The parties of a computed settlement are those of the contract, which outlives it. */
static enum status try_known(const struct state_contract *contract, const struct contract *terms,
                             const struct period *period, struct forecast *forecast,
                             bool *ret_is_known)
{
    struct failure ignored;
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status = state_compute(contract, period->name, &settlement, NULL, &ignored);
    *ret_is_known = status == STATUS_OK;
    if (status == STATUS_OK) {
        status = add_known(forecast, &terms->terms, period, &settlement);
    } else if (status != STATUS_MEMORY) {
        status = STATUS_OK; /* not measured, not published: the bounds say what can be */
    }
    settlement_release(&settlement);
    return status;
}

/* --- A period that is open --- */

/* A bound as money: the least amount above it, or the greatest below it. */
static bool bound_to_money(const struct search_result *end, enum rounding rounding,
                           struct currency currency, struct money *ret_money)
{
    OWNED(rational_release) struct rational step;
    rational_init(&step);
    money_to_rational((struct money){.minor = 1, .currency = currency}, &step);
    OWNED(rational_release) struct rational rounded;
    rational_init(&rounded);
    return end->is_bounded && rational_round(&rounded, &end->bound, &step, rounding) == STATUS_OK &&
           money_from_rational(&rounded, currency, ret_money) == STATUS_OK;
}

/* Credits are deducted first, and caps hold. */
static enum status narrow_item(const struct state_contract *contract, struct forecast_item *item)
{
    struct money used;
    struct money credit;
    TRY(sum_settled(contract, item->payer, &used, &credit));
    int64_t least = item->least.minor > credit.minor ? item->least.minor - credit.minor : 0;
    item->least.minor = least;
    const struct party_money *cap = find_cap(state_newest(contract), item->payer);
    if (cap == NULL) {
        return STATUS_OK;
    }
    struct money left = cap->amount;
    left.minor = left.minor > used.minor ? left.minor - used.minor : 0;
    if (!item->has_greatest || item->greatest.minor > left.minor) {
        item->has_greatest = true;
        item->greatest = left;
    }
    if (item->least.minor > item->greatest.minor) {
        item->least = item->greatest; /* no settlement will come to less than this or pass */
    }
    return STATUS_OK;
}

static enum status add_open(struct forecast *forecast, const struct state_contract *contract,
                            const struct contract *governing, const struct party_liability *party,
                            const struct liability *liability)
{
    const struct terms *terms = &governing->terms;
    const struct period *period = &terms->periods[liability->period];
    struct forecast_item item = {
        .payer = party->party,
        .period = period->name,
        .year = find_year(terms, party->party, period),
        .least = {0, terms->currency},
        .greatest = {0, terms->currency},
    };
    (void)bound_to_money(&liability->least, ROUND_CEILING, terms->currency, &item.least);
    item.least.minor = item.least.minor < 0 ? 0 : item.least.minor;
    item.has_greatest =
        bound_to_money(&liability->greatest, ROUND_FLOOR, terms->currency, &item.greatest);
    TRY(narrow_item(contract, &item));
    return add_item(forecast, &item);
}

/* --- All periods of one version of the terms --- */

struct analysis {
    struct inputs inputs;
    struct known_past past;
    struct searcher searcher;
    struct survey survey;
    struct liabilities liabilities;
};

static void analysis_release(struct analysis *analysis)
{
    liabilities_release(&analysis->liabilities);
    survey_release(&analysis->survey);
    searcher_release(&analysis->searcher);
    known_past_release(&analysis->past);
    inputs_release(&analysis->inputs);
}

static enum status analysis_init(struct analysis *analysis, const struct state_contract *contract,
                                 const struct contract *governing, size_t work_max)
{
    TRY(inputs_init(&analysis->inputs, governing));
    TRY(narrow_inputs(contract, &analysis->inputs));
    TRY(known_past_init(&analysis->past, contract, &analysis->inputs));
    analysis->inputs.past = &analysis->past.past;
    TRY(searcher_init(&analysis->searcher, &analysis->inputs));
    TRY(survey_init(&analysis->survey, &analysis->inputs, &analysis->searcher.reach,
                    analysis->searcher.domains));
    return liabilities_init(&analysis->liabilities, &analysis->searcher, &analysis->survey,
                            work_max);
}

/* Adds the periods in `is_open`, of one version. */
static enum status add_version(struct forecast *forecast, const struct state_contract *contract,
                               const struct contract *governing, const bool *is_open,
                               size_t work_max)
{
    OWNED(analysis_release) struct analysis analysis = {0};
    TRY(analysis_init(&analysis, contract, governing, work_max));
    const struct liabilities *liabilities = &analysis.liabilities;
    for (size_t k = 0; k < liabilities->period_count; k++) {
        for (size_t i = 0; i < liabilities->party_count; i++) {
            const struct party_liability *party = &liabilities->parties[i];
            if (is_open[party->periods[k].period]) {
                TRY(add_open(forecast, contract, governing, party, &party->periods[k]));
            }
        }
    }
    return STATUS_OK;
}

/*
 * Sorts the periods of the newest terms: what is known is added, what is open is marked under the
 * version that governs it.
 */
static enum status add_periods(struct forecast *forecast, const struct state_contract *contract,
                               const struct contract *governing, size_t work_max)
{
    const struct terms *terms = &governing->terms;
    bool is_open[TERMS_PERIODS_MAX] = {false};
    bool is_any = false;
    for (size_t i = 0; i < terms->period_count; i++) {
        const struct period *period = &terms->periods[i];
        if (state_governing(contract, period->name) != governing ||
            !past_can_settle(contract, period->name)) {
            continue;
        }
        bool is_again = is_settled(contract, period->name);
        bool is_known = false;
        if (is_again || is_next(contract, period)) {
            TRY(try_known(contract, governing, period, forecast, &is_known));
        }
        is_open[i] = !is_known && !is_again;
        is_any = is_any || is_open[i];
    }
    return is_any ? add_version(forecast, contract, governing, is_open, work_max) : STATUS_OK;
}

enum status forecast_init(struct forecast *forecast, const struct state_contract *contract,
                          size_t work_max)
{
    *forecast = (struct forecast){0};
    const struct contract *versions[TERMS_PERIODS_MAX];
    size_t count = 0;
    const struct terms *terms = &state_newest(contract)->terms;
    enum status status = STATUS_OK;
    for (size_t i = 0; i < terms->period_count && status == STATUS_OK; i++) {
        const struct contract *governing = state_governing(contract, terms->periods[i].name);
        size_t place = 0;
        while (place < count && versions[place] != governing) {
            place++;
        }
        if (place == count && governing != NULL) {
            versions[count] = governing;
            count++;
            status = add_periods(forecast, contract, governing, work_max);
        }
    }
    if (status != STATUS_OK) {
        forecast_release(forecast);
    }
    return status;
}
