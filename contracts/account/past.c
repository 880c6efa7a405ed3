#include "contracts/account/past.h"

#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

void known_past_release(struct known_past *past)
{
    for (size_t i = 0; i < past->line_count; i++) {
        interval_release(&past->earlier[i]);
        interval_release(&past->settled[i]);
    }
    free(past->is_over);
    free(past->earlier);
    free(past->settled);
    *past = (struct known_past){0};
}

static const struct state_period *find_period(const struct state_contract *contract,
                                              struct view name)
{
    size_t place = state_find_period(contract, name);
    return place == SIZE_MAX ? NULL : &contract->tables.periods[place];
}

bool past_can_settle(const struct state_contract *contract, struct view period)
{
    size_t index;
    struct failure ignored;
    return state_find_unsettled(contract, period, &index, &ignored) == STATUS_OK;
}

bool past_is_touched(const struct state_contract *contract, struct view period)
{
    const struct state_period *found = find_period(contract, period);
    return found != NULL && found->settled != NULL && past_can_settle(contract, period);
}

static bool is_governed_by(const struct state_contract *contract, struct view period,
                           const struct contract *terms)
{
    return state_governing(contract, period) == terms;
}

/* --- Sums of lines --- */

/* What a line came to by a settlement; nothing, if its terms did not have the line. */
static void value_of(const struct contract *terms, const struct settlement *settlement,
                     struct view line, struct rational *ret_value)
{
    size_t place = terms_find_line(&terms->terms, line);
    rational_set_integer(ret_value, 0);
    if (place != SIZE_MAX) {
        rational_set(ret_value, &settlement->values.lines[place].value);
    }
}

/* A period that is to be settled again adds what it then comes to, in place of what it did. */
static enum status widen_by_touched(const struct state_contract *contract,
                                    const struct state_period *period, struct view line,
                                    struct interval *sum)
{
    OWNED(interval_release) struct interval again;
    OWNED(interval_release) struct interval difference;
    OWNED(rational_release) struct rational before;
    OWNED(rational_release) struct rational after;
    interval_init(&again);
    interval_init(&difference);
    rational_init(&before);
    rational_init(&after);
    struct failure ignored;
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status = state_compute(contract, period->name, &settlement, NULL, &ignored);
    if (status == STATUS_OK) {
        value_of(period->settled->version->contract, period->settled->settlement, line, &before);
        value_of(period->version->contract, &settlement, line, &after);
        status = rational_subtract(&after, &after, &before);
    } else if (status != STATUS_MEMORY) {
        status = STATUS_OK; /* it is refused: what it came to stays */
    }
    settlement_release(&settlement);
    TRY(status);
    interval_set_point(&difference, &after);
    interval_add(&again, sum, &difference);
    interval_hull(sum, sum, &again);
    return STATUS_OK;
}

static enum status find_earlier(const struct state_contract *contract, struct view line,
                                struct interval *ret_sum)
{
    OWNED(rational_release) struct rational sum;
    rational_init(&sum);
    TRY(state_sum_earlier(contract, SIZE_MAX, line, &sum));
    interval_set_point(ret_sum, &sum);
    for (size_t i = 0; i < contract->tables.period_count; i++) {
        const struct state_period *period = &contract->tables.periods[i];
        if (past_is_touched(contract, period->name)) {
            TRY(widen_by_touched(contract, period, line, ret_sum));
        }
    }
    return STATUS_OK;
}

/* --- What is paid of them --- */

/* From nothing to what was settled, and what was paid of it, up or down. */
static enum status find_settled(const struct state_contract *contract, struct view line,
                                struct interval *ret_settled)
{
    OWNED(rational_release) struct rational paid;
    OWNED(rational_release) struct rational left;
    OWNED(interval_release) struct interval end;
    rational_init(&paid);
    rational_init(&left);
    interval_init(&end);
    TRY(state_sum_paid(contract, SIZE_MAX, line, &paid));
    interval_set_integers(ret_settled, 0, 0);
    interval_set_point(&end, &paid);
    interval_hull(ret_settled, ret_settled, &end);
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        const struct settlement_pay *pay = state_due_pay(due);
        if (!view_equal(pay->line, line)) {
            continue;
        }
        money_to_rational(state_due_outstanding(due), &left);
        TRY(pay->is_reversed ? rational_subtract(&paid, &paid, &left)
                             : rational_add(&paid, &paid, &left));
        interval_set_point(&end, &paid);
        interval_hull(ret_settled, ret_settled, &end);
    }
    return STATUS_OK;
}

/* --- The whole --- */

/* The last day on which a period ends that these terms are still to settle; NULL: there is none. */
static const struct period *last_open(const struct known_past *past, const struct terms *terms)
{
    const struct period *last = NULL;
    for (size_t i = 0; i < terms->period_count; i++) {
        const struct period *period = &terms->periods[i];
        bool is_later = last == NULL || date_compare(period->to, last->to) > 0;
        last = !past->is_over[i] && is_later ? period : last;
    }
    return last;
}

/* Whether other terms still have something to settle that these can read. */
static bool has_other_open(const struct state_contract *contract, const struct contract *terms,
                           const struct period *last)
{
    for (size_t i = 0; i < contract->tables.period_count && last != NULL; i++) {
        struct view name = contract->tables.periods[i].name;
        if (!is_governed_by(contract, name, terms) && past_can_settle(contract, name) &&
            !past_is_touched(contract, name) &&
            date_compare(state_period_terms(contract, i)->to, last->to) < 0) {
            return true;
        }
    }
    return false;
}

/* Whether no settlement by any terms takes off from the sum of a line. */
static bool only_grows(const struct state_contract *contract, struct view line)
{
    for (const struct state_version *version = contract->newest; version != NULL;
         version = version->earlier) {
        const struct terms *terms = &version->contract->terms;
        bool is_paid = terms_find_line(terms, line) == SIZE_MAX;
        for (size_t i = 0; i < terms->pay_count; i++) {
            bool is_it = view_equal(terms->pays[i].line_name, line);
            is_paid = is_paid || (is_it && !terms->pays[i].is_reversible);
        }
        if (!is_paid) {
            return false;
        }
    }
    return true;
}

static void widen_by_unknown(const struct state_contract *contract, struct view line,
                             struct interval *sum)
{
    OWNED(rational_release) struct rational least;
    rational_init(&least);
    rational_set(&least, &sum->least);
    interval_set_all(sum);
    if (only_grows(contract, line)) {
        interval_set_ends(sum, &least, NULL);
    }
}

static enum status fill(struct known_past *past, const struct state_contract *contract,
                        const struct inputs *inputs)
{
    const struct contract *terms = inputs->contract;
    for (size_t i = 0; i < terms->terms.period_count; i++) {
        struct view name = terms->terms.periods[i].name;
        past->is_over[i] = !is_governed_by(contract, name, terms) ||
                           !past_can_settle(contract, name) || past_is_touched(contract, name);
    }
    bool is_unknown = has_other_open(contract, terms, last_open(past, &terms->terms));
    bool is_amended = contract->newest->earlier != NULL;
    for (size_t i = 0; i < past->line_count; i++) {
        struct view line = terms->terms.lines[i].name;
        interval_set_integers(&past->earlier[i], 0, 0);
        interval_set_integers(&past->settled[i], 0, 0);
        if (inputs->is_earlier[i]) {
            TRY(find_earlier(contract, line, &past->earlier[i]));
        }
        if (inputs->is_paid_read) {
            TRY(find_settled(contract, line, &past->settled[i]));
        }
        if (is_unknown) {
            widen_by_unknown(contract, line, &past->earlier[i]);
        }
        if (is_amended && inputs->is_paid_read) { /* also by lines that these terms do not have */
            interval_set_all(&past->settled[i]);
        }
    }
    return STATUS_OK;
}

enum status known_past_init(struct known_past *past, const struct state_contract *contract,
                            const struct inputs *inputs)
{
    const struct terms *terms = &inputs->contract->terms;
    past->is_over = calloc(terms->period_count + 1, sizeof *past->is_over);
    past->earlier = calloc(terms->line_count + 1, sizeof *past->earlier);
    past->settled = calloc(terms->line_count + 1, sizeof *past->settled);
    if (past->is_over == NULL || past->earlier == NULL || past->settled == NULL) {
        return STATUS_MEMORY;
    }
    past->line_count = terms->line_count;
    for (size_t i = 0; i < terms->line_count; i++) {
        interval_init(&past->earlier[i]);
        interval_init(&past->settled[i]);
    }
    past->past = (struct past){past->is_over, past->earlier, past->settled};
    return fill(past, contract, inputs);
}
