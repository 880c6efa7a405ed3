#include "contracts/account/expected.h"

#include "contracts/rule/rule.h"
#include "contracts/simulation/simulation.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

/* What is expected so far; sums by the places of the contract, whichever terms add to them. */
struct expectation {
    const struct state_contract *contract;
    struct forecast *forecast;
    const struct setting *settings;
    size_t setting_count;
    bool *is_taken;           /* [setting]: some period could take it */
    struct failure *refusals; /* [setting]: why the last one could not, code "" for none */
    struct rational *earlier; /* [place of a line]: what expected settlements add to its sum */
};

/* --- Assuming --- */

/* A name that only other terms have is no mistake. */
static bool is_of_other_terms(const struct failure *failure)
{
    enum rule rule = rule_by_name(failure->code);
    return rule == RULE_OUTCOME_UNKNOWN || rule == RULE_PERIOD_UNKNOWN;
}

static enum status take_settings(struct expectation *expectation, struct simulation *simulation,
                                 struct failure *failure)
{
    for (size_t i = 0; i < expectation->setting_count; i++) {
        struct failure refusal = {0};
        enum status status = simulation_set(simulation, &expectation->settings[i], &refusal);
        if (status == STATUS_OK) {
            expectation->is_taken[i] = true;
        } else if (status == STATUS_INVALID && is_of_other_terms(&refusal)) {
            expectation->refusals[i] = refusal;
        } else {
            *failure = refusal;
            return status;
        }
    }
    return STATUS_OK;
}

/* What a payer is expected to owe by the periods before, beside what it does owe. */
static enum status add_to_caps(const struct expectation *expectation,
                               struct assumptions *assumptions)
{
    const struct forecast *forecast = expectation->forecast;
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    for (size_t i = 0; i < assumptions->contract->cap_count; i++) {
        for (size_t k = 0; k < forecast->count; k++) {
            const struct forecast_item *item = &forecast->items[k];
            if (item->has_expected &&
                view_equal(item->payer, assumptions->contract->caps[i].party)) {
                money_to_rational(item->expected, &amount);
                TRY(rational_add(&assumptions->cap_used[i], &assumptions->cap_used[i], &amount));
            }
        }
    }
    return STATUS_OK;
}

static enum status assume(struct expectation *expectation, struct simulation *simulation,
                          struct failure *failure)
{
    struct assumptions *assumptions = &simulation->assumptions;
    const struct terms *terms = &assumptions->contract->terms;
    if (assumptions_take_state(assumptions, expectation->contract, simulation->period) !=
        STATUS_OK) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        size_t place = state_find_line(expectation->contract, terms->lines[i].name);
        struct rational *sum = &assumptions->earlier[i];
        if (rational_add(sum, sum, &expectation->earlier[place]) != STATUS_OK) {
            return fail_memory(failure);
        }
    }
    if (add_to_caps(expectation, assumptions) != STATUS_OK) {
        return fail_memory(failure);
    }
    return take_settings(expectation, simulation, failure);
}

/* --- One period --- */

static enum status fill_in(struct forecast *forecast, const struct settlement *settlement,
                           struct view period, struct currency currency)
{
    for (size_t i = 0; i < forecast->count; i++) {
        struct forecast_item *item = &forecast->items[i];
        if (!view_equal(item->period, period)) {
            continue;
        }
        item->expected = (struct money){.minor = 0, .currency = currency};
        item->has_expected = true;
        for (size_t k = 0; k < settlement->pay_count; k++) {
            if (view_equal(settlement->pays[k].from, item->payer)) {
                TRY(money_add(item->expected, settlement->pays[k].amount, &item->expected));
            }
        }
    }
    return STATUS_OK;
}

/* Adds what the lines come to, less what they came to when the period was settled. */
static enum status add_earlier(struct expectation *expectation, const struct terms *terms,
                               const struct terms_values *values, bool is_less)
{
    for (size_t i = 0; i < values->count; i++) {
        size_t place = state_find_line(expectation->contract, terms->lines[i].name);
        struct rational *sum = &expectation->earlier[place];
        TRY(is_less ? rational_subtract(sum, sum, &values->lines[i].value)
                    : rational_add(sum, sum, &values->lines[i].value));
    }
    return STATUS_OK;
}

static enum status expect_open(struct expectation *expectation, const struct contract *governing,
                               struct view period, struct failure *failure)
{
    const struct terms *terms = &governing->terms;
    OWNED(simulation_release) struct simulation simulation = {0};
    if (simulation_init(&simulation, governing, terms_find_period(terms, period)) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(assume(expectation, &simulation, failure));
    OWNED(settlement_release) struct settlement settlement;
    settlement_init(&settlement);
    struct point *point = points_new(&simulation, 1);
    if (point == NULL) {
        return fail_memory(failure);
    }
    enum status status = simulation_compute(&simulation, NULL, &settlement, point, failure);
    bool is_computed = status == STATUS_OK && point->refused == RULE_NONE;
    points_free(point, &simulation, 1);
    if (!is_computed) {
        return status;
    }
    TRY(add_earlier(expectation, terms, &settlement.values, false));
    return fill_in(expectation->forecast, &settlement, period, terms->currency);
}

/* What is known is in the forecast already; the next periods find it settled. */
static enum status expect_known(struct expectation *expectation, const struct contract *governing,
                                const struct state_period *period)
{
    struct failure ignored;
    OWNED(settlement_release) struct settlement settlement;
    settlement_init(&settlement);
    TRY(state_compute(expectation->contract, period->name, &settlement, NULL, &ignored));
    TRY(add_earlier(expectation, &governing->terms, &settlement.values, false));
    const struct state_entry *settled = period->settled;
    return settled == NULL ? STATUS_OK
                           : add_earlier(expectation, &settled->version->contract->terms,
                                         &settled->settlement->values, true);
}

/* --- All of them --- */

/* The first item of a period in the forecast, or NULL. */
static const struct forecast_item *find_item(const struct forecast *forecast, struct view period)
{
    for (size_t i = 0; i < forecast->count; i++) {
        if (view_equal(forecast->items[i].period, period)) {
            return &forecast->items[i];
        }
    }
    return NULL;
}

/* The place of the period that ends first of those with an item that are not done; or SIZE_MAX. */
static size_t next_period(const struct expectation *expectation, const bool *is_done)
{
    const struct state_contract *contract = expectation->contract;
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < contract->tables.period_count; i++) {
        struct view name = contract->tables.periods[i].name;
        bool is_first =
            found == SIZE_MAX || date_compare(state_period_terms(contract, i)->to,
                                              state_period_terms(contract, found)->to) < 0;
        if (!is_done[i] && is_first && find_item(expectation->forecast, name) != NULL) {
            found = i;
        }
    }
    return found;
}

static enum status expect_all(struct expectation *expectation, bool *is_done,
                              struct failure *failure)
{
    const struct state_contract *contract = expectation->contract;
    for (size_t turns = 0; turns < contract->tables.period_count; turns++) {
        size_t place = next_period(expectation, is_done);
        if (place == SIZE_MAX) {
            break;
        }
        is_done[place] = true;
        const struct state_period *period = &contract->tables.periods[place];
        const struct contract *governing = period->version->contract;
        if (!find_item(expectation->forecast, period->name)->is_known) {
            TRY(expect_open(expectation, governing, period->name, failure));
        } else if (expect_known(expectation, governing, period) != STATUS_OK) {
            return fail_memory(failure);
        }
    }
    for (size_t i = 0; i < expectation->setting_count; i++) {
        if (!expectation->is_taken[i] && expectation->refusals[i].code[0] != '\0') {
            *failure = expectation->refusals[i];
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

enum status forecast_expect(struct forecast *forecast, const struct state_contract *contract,
                            const struct setting *settings, size_t setting_count,
                            struct failure *failure)
{
    const size_t count = contract->tables.line_count;
    struct expectation expectation = {
        .contract = contract,
        .forecast = forecast,
        .settings = settings,
        .setting_count = setting_count,
        .is_taken = calloc(setting_count + 1, sizeof *expectation.is_taken),
        .refusals = calloc(setting_count + 1, sizeof *expectation.refusals),
        .earlier = calloc(count + 1, sizeof *expectation.earlier),
    };
    bool *is_done = calloc(contract->tables.period_count + 1, sizeof *is_done);
    bool is_whole = expectation.is_taken != NULL && expectation.refusals != NULL &&
                    expectation.earlier != NULL && is_done != NULL;
    for (size_t i = 0; is_whole && i < count; i++) {
        rational_init(&expectation.earlier[i]);
    }
    enum status status =
        is_whole ? expect_all(&expectation, is_done, failure) : fail_memory(failure);
    for (size_t i = 0; is_whole && i < count; i++) {
        rational_release(&expectation.earlier[i]);
    }
    free(is_done);
    free(expectation.earlier);
    free(expectation.refusals);
    free(expectation.is_taken);
    return status;
}
