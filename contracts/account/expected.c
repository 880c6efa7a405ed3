#include "contracts/account/expected.h"

#include "contracts/simulation/simulation.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>

/* The sums that expected settlements would add to what later periods find settled. */
struct expectation {
    const struct state_contract *contract;
    const struct contract *governing;
    const struct setting *settings;
    size_t setting_count;
    struct rational *earlier; /* [line] of the governing terms */
};

static enum status assume(const struct expectation *expectation, struct simulation *simulation,
                          struct failure *failure)
{
    struct assumptions *assumptions = &simulation->assumptions;
    if (assumptions_take_state(assumptions, expectation->contract, simulation->period) !=
        STATUS_OK) {
        return fail_memory(failure);
    }
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    for (size_t i = 0; i < expectation->governing->terms.line_count; i++) {
        TRY(rational_add(&sum, &assumptions->earlier[i], &expectation->earlier[i]));
        assumptions_set_earlier(assumptions, i, &sum);
    }
    for (size_t i = 0; i < expectation->setting_count; i++) {
        TRY(simulation_set(simulation, &expectation->settings[i], failure));
    }
    return STATUS_OK;
}

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

static enum status expect_period(struct expectation *expectation, struct forecast *forecast,
                                 struct view period, struct failure *failure)
{
    const struct terms *terms = &expectation->governing->terms;
    OWNED(simulation_release) struct simulation simulation = {0};
    if (simulation_init(&simulation, expectation->governing, terms_find_period(terms, period)) !=
        STATUS_OK) {
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
    for (size_t i = 0; is_computed && status == STATUS_OK && i < terms->line_count; i++) {
        struct rational *sum = &expectation->earlier[i];
        status = rational_add(sum, sum, &settlement.values.lines[i].value);
    }
    return is_computed && status == STATUS_OK
               ? fill_in(forecast, &settlement, period, terms->currency)
               : status;
}

/* The open item whose period ends first of those that end after `after`, or NULL. */
static const struct forecast_item *next_item(const struct state_contract *contract,
                                             const struct forecast *forecast,
                                             const struct period *after)
{
    const struct forecast_item *found = NULL;
    const struct terms *terms = &state_newest(contract)->terms;
    size_t found_place = 0;
    for (size_t i = 0; i < forecast->count; i++) {
        const struct forecast_item *item = &forecast->items[i];
        size_t place = terms_find_period(terms, item->period);
        const struct period *period = &terms->periods[place];
        int order = after == NULL ? 1 : date_compare(period->to, after->to);
        bool is_later = order > 0 || (order == 0 && period > after);
        int found_order =
            found == NULL ? -1 : date_compare(period->to, terms->periods[found_place].to);
        bool is_first = found_order < 0 || (found_order == 0 && place < found_place);
        if (!item->is_known && is_later && is_first) {
            found = item;
            found_place = place;
        }
    }
    return found;
}

static enum status expect_all(struct expectation *expectation, struct forecast *forecast,
                              struct failure *failure)
{
    const struct state_contract *contract = expectation->contract;
    const struct terms *newest = &state_newest(contract)->terms;
    const struct period *after = NULL;
    for (size_t turns = 0; turns < newest->period_count; turns++) {
        const struct forecast_item *item = next_item(contract, forecast, after);
        if (item == NULL) {
            break;
        }
        after = &newest->periods[terms_find_period(newest, item->period)];
        const struct contract *governing = state_governing(contract, item->period);
        if (governing == expectation->governing) {
            TRY(expect_period(expectation, forecast, item->period, failure));
        }
    }
    return STATUS_OK;
}

enum status forecast_expect(struct forecast *forecast, const struct state_contract *contract,
                            const struct setting *settings, size_t setting_count,
                            struct failure *failure)
{
    struct expectation expectation = {
        .contract = contract,
        .governing = state_newest(contract),
        .settings = settings,
        .setting_count = setting_count,
    };
    size_t count = expectation.governing->terms.line_count;
    expectation.earlier = calloc(count + 1, sizeof *expectation.earlier);
    if (expectation.earlier == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        rational_init(&expectation.earlier[i]);
    }
    enum status status = expect_all(&expectation, forecast, failure);
    for (size_t i = 0; i < count; i++) {
        rational_release(&expectation.earlier[i]);
    }
    free(expectation.earlier);
    return status;
}
