#include "contracts/analysis/owed.h"

#include "contracts/analysis/reaching.h"
#include "ledger/base/ownership.h"

#include <assert.h>

/* What is above zero of it, or, with order -1, below. */
static void keep_side(struct interval *value, int order)
{
    OWNED(interval_release) struct interval zero;
    interval_init(&zero);
    interval_set_integers(&zero, 0, 0);
    if (order < 0) {
        interval_negate(value, value);
    }
    interval_maximum(value, value, &zero);
}

/* The part of a receiver with a weight: it is a whole number of minor units, on either side. */
static void set_part(const struct terms *terms, const struct tranche *tranche,
                     const struct pay_share *share, struct interval *whole)
{
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational unit;
    OWNED(interval_release) struct interval part;
    OWNED(interval_release) struct interval up;
    rational_init(&sum);
    rational_init(&unit);
    interval_init(&part);
    interval_init(&up);
    int64_t minor_units = 1;
    for (unsigned i = 0; i < terms->currency.decimals; i++) {
        minor_units *= 10;
    }
    rational_set_fraction(&unit, 1, minor_units);
    for (size_t i = 0; i < tranche->share_count; i++) {
        if (rational_add(&sum, &sum, &tranche->shares[i].weight) != STATUS_OK) {
            return;
        }
    }
    if (rational_divide(&sum, &share->weight, &sum) != STATUS_OK) {
        return;
    }
    interval_set_point(&part, &sum);
    interval_multiply(&part, &part, whole);
    interval_round(&up, &part, &unit, ROUND_CEILING);
    interval_round(&part, &part, &unit, ROUND_FLOOR);
    interval_hull(whole, &part, &up);
}

/* What a receiver owes when a pay is reversed. */
static void owed_in_reverse(const struct reach *reach, const struct pay *pay, struct view party,
                            struct interval *ret_owed)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    OWNED(interval_release) struct interval part;
    OWNED(interval_release) struct interval zero;
    interval_init(&part);
    interval_init(&zero);
    interval_set_integers(&zero, 0, 0);
    interval_set(ret_owed, &zero);
    const struct tranche *tranche = &pay->tranches[0]; /* a waterfall is not reversible */
    for (size_t i = 0; i < tranche->share_count; i++) {
        const struct pay_share *share = &tranche->shares[i];
        if (!view_equal(share->party, party)) {
            continue;
        }
        reach_pay(reach, pay, &part);
        keep_side(&part, -1);
        if (share->by_funding && tranche->share_count > 1) {
            interval_hull(&part, &part, &zero);
        } else if (tranche->share_count > 1) {
            set_part(terms, tranche, share, &part);
        }
        interval_add(ret_owed, ret_owed, &part);
    }
}

/* How far rounding takes a value away. */
static void set_rounding(const struct line *line, struct interval *ret_change)
{
    const struct rational *step = &line->to.constant;
    OWNED(rational_release) struct rational size;
    OWNED(rational_release) struct rational zero;
    OWNED(rational_release) struct rational down;
    rational_init(&size);
    rational_init(&zero);
    rational_init(&down);
    rational_set(&size, step);
    if (line->by == ROUND_HALF_EVEN || line->by == ROUND_HALF_UP) {
        rational_set_fraction(&size, 1, 2);
        enum status status = rational_multiply(&size, &size, step);
        assert(status == STATUS_OK); /* a constant */
    }
    rational_negate(&down, &size);
    interval_set_ends(ret_change, line->by == ROUND_CEILING ? &zero : &down,
                      line->by == ROUND_FLOOR ? &zero : &size);
}

/*
 * Several pays together, by what they are before they are rounded: what cancels out between them
 * does. Narrows `owed`, which is their sum one by one.
 */
static void narrow_by_forms(struct reach *reach, struct view party, struct interval *owed)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    OWNED(linear_release) struct linear form;
    OWNED(interval_release) struct interval change;
    OWNED(interval_release) struct interval changes;
    OWNED(rational_release) struct rational one;
    linear_init(&form);
    interval_init(&change);
    interval_init(&changes);
    rational_init(&one);
    rational_set_integer(&one, 1);
    interval_set_integers(&changes, 0, 0);
    size_t count = 0;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct line *line = &terms->lines[terms->pays[i].line];
        if (!view_equal(terms->pays[i].from, party)) {
            continue;
        }
        const struct reached *value = reaching_look(reach, &line->operands[0], 0);
        if (terms->pays[i].is_reversible || !value->is_linear ||
            !linear_add(&form, &value->form, &one)) {
            return;
        }
        set_rounding(line, &change);
        interval_add(&changes, &changes, &change);
        count++;
    }
    if (count > 1) {
        reaching_form_value(reach, &form, &change);
        interval_add(&change, &change, &changes);
        interval_meet(owed, owed, &change);
    }
}

void owed_by_period(struct reach *reach, struct view party, struct interval *ret_owed)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    OWNED(interval_release) struct interval value;
    interval_init(&value);
    interval_set_integers(ret_owed, 0, 0);
    if (reach->is_refused || reach->is_unpayable) {
        interval_set_empty(ret_owed);
        return;
    }
    bool is_receiver_owing = false;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        reach_pay(reach, pay, &value);
        if (view_equal(pay->from, party)) {
            keep_side(&value, 1);
            interval_add(ret_owed, ret_owed, &value);
        }
        if (pay->is_reversible) {
            is_receiver_owing = true;
            owed_in_reverse(reach, pay, party, &value);
            interval_add(ret_owed, ret_owed, &value);
        }
    }
    if (!is_receiver_owing) {
        narrow_by_forms(reach, party, ret_owed);
    }
}

void owed_in_all(const struct reach *reach, struct view party, struct interval *ret_owed)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    interval_set_integers(ret_owed, 0, 0);
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        if (pay->is_reversible) {
            interval_set_all(ret_owed);
            return;
        }
        if (view_equal(pay->from, party)) {
            interval_add(ret_owed, ret_owed, &reach->settled[pay->line]);
        }
    }
}
