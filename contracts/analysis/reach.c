#include "contracts/analysis/reaching.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

/* --- A life --- */

static void reached_init(struct reached *reached)
{
    interval_init(&reached->value);
    linear_init(&reached->form);
    for (size_t i = 0; i < REACH_TRACKED_MAX; i++) {
        interval_init(&reached->with[i]);
    }
    reached->is_linear = false;
    reached->is_least_open = false;
    reached->is_greatest_open = false;
    reached->has_with = false;
}

static void reached_release(struct reached *reached)
{
    interval_release(&reached->value);
    linear_release(&reached->form);
    for (size_t i = 0; i < REACH_TRACKED_MAX; i++) {
        interval_release(&reached->with[i]);
    }
}

enum status reach_init(struct reach *reach, const struct inputs *inputs)
{
    const size_t count = inputs->contract->terms.line_count;
    *reach = (struct reach){
        .inputs = inputs,
        .lines = calloc(count + 1, sizeof *reach->lines),
        .earlier = calloc(count + 1, sizeof *reach->earlier),
        .settled = calloc(count + 1, sizeof *reach->settled),
    };
    for (size_t i = 0; i < REACH_SCRATCH_COUNT; i++) {
        reached_init(&reach->scratch[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (reach->lines != NULL) {
            reached_init(&reach->lines[i]);
        }
        if (reach->earlier != NULL) {
            interval_init(&reach->earlier[i]);
        }
        if (reach->settled != NULL) {
            interval_init(&reach->settled[i]);
        }
    }
    if (reach->lines == NULL || reach->earlier == NULL || reach->settled == NULL) {
        reach_release(reach);
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count && reach->tracked_count < REACH_TRACKED_MAX; i++) {
        if (inputs->is_earlier[i]) {
            reach->tracked[reach->tracked_count] = i;
            reach->tracked_count++;
        }
    }
    return STATUS_OK;
}

void reach_release(struct reach *reach)
{
    if (reach->inputs == NULL) {
        return;
    }
    for (size_t i = 0; i < REACH_SCRATCH_COUNT; i++) {
        reached_release(&reach->scratch[i]);
    }
    for (size_t i = 0; i < reach->inputs->contract->terms.line_count; i++) {
        if (reach->lines != NULL) {
            reached_release(&reach->lines[i]);
        }
        if (reach->earlier != NULL) {
            interval_release(&reach->earlier[i]);
        }
        if (reach->settled != NULL) {
            interval_release(&reach->settled[i]);
        }
    }
    free(reach->lines);
    free(reach->earlier);
    free(reach->settled);
    *reach = (struct reach){.inputs = NULL};
}

void reach_begin(struct reach *reach, const struct interval *domains)
{
    reach->domains = domains;
    const struct past *past = reach->inputs->past;
    for (size_t i = 0; i < reach->inputs->contract->terms.line_count; i++) {
        interval_set_integers(&reach->earlier[i], 0, 0);
        interval_set_integers(&reach->settled[i], 0, 0);
        if (past != NULL) {
            interval_set(&reach->earlier[i], &past->earlier[i]);
            interval_set(&reach->settled[i], &past->settled[i]);
        }
    }
}

/* --- Atoms: inputs, then lines, their `earlier`, their `paid`, and what is paid in all --- */

static size_t line_count_of(const struct reach *reach)
{
    return reach->inputs->contract->terms.line_count;
}

static size_t line_atom(const struct reach *reach, size_t line)
{
    return reach->inputs->count + line;
}

static size_t earlier_atom(const struct reach *reach, size_t line)
{
    return reach->inputs->count + line_count_of(reach) + line;
}

static size_t paid_atom(const struct reach *reach, size_t line)
{
    size_t place = line == SIZE_MAX ? line_count_of(reach) : line;
    return reach->inputs->count + 2 * line_count_of(reach) + place;
}

static void input_value(const struct reach *reach, size_t index, struct interval *ret_value)
{
    const struct input *input = &reach->inputs->items[index];
    if (!input->is_derived) {
        interval_set(ret_value, &reach->domains[index]);
        return;
    }
    size_t numerator = inputs_measured(reach->inputs, input->outcome, input->period,
                                       ratio_numerator(input->field));
    size_t denominator = inputs_measured(reach->inputs, input->outcome, input->period,
                                         ratio_denominator(input->field));
    interval_divide(ret_value, &reach->domains[numerator], &reach->domains[denominator]);
    interval_meet(ret_value, ret_value, &reach->domains[index]);
}

/* What has been paid of a line: nothing, or up to what was settled. */
static void paid_value(const struct reach *reach, size_t line, struct interval *ret_value)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    const struct interval *part = &reach->domains[reach->inputs->paid];
    if (line != SIZE_MAX) {
        interval_multiply(ret_value, &reach->settled[line], part);
        return;
    }
    OWNED(interval_release) struct interval one;
    interval_init(&one);
    interval_set_integers(ret_value, 0, 0);
    for (size_t i = 0; i < terms->pay_count; i++) {
        interval_multiply(&one, &reach->settled[terms->pays[i].line], part);
        interval_add(ret_value, ret_value, &one);
    }
}

static void atom_value(const struct reach *reach, size_t atom, struct interval *ret_value)
{
    const size_t count = line_count_of(reach);
    if (atom < reach->inputs->count) {
        input_value(reach, atom, ret_value);
        return;
    }
    size_t place = atom - reach->inputs->count;
    if (place < count) {
        interval_set(ret_value, &reach->lines[place].value);
    } else if (place < 2 * count) {
        interval_set(ret_value, &reach->earlier[place - count]);
    } else {
        paid_value(reach, place == 3 * count ? SIZE_MAX : place - 2 * count, ret_value);
    }
}

void reaching_form_value(struct reach *reach, const struct linear *form, struct interval *ret_value)
{
    OWNED(interval_release) struct interval term;
    OWNED(interval_release) struct interval factor;
    interval_init(&term);
    interval_init(&factor);
    interval_set_point(ret_value, &form->constant);
    for (size_t i = 0; i < form->count; i++) {
        atom_value(reach, form->atoms[i], &term);
        interval_set_point(&factor, &form->factors[i]);
        interval_multiply(&term, &term, &factor);
        interval_add(ret_value, ret_value, &term);
    }
}

/* --- Operands --- */

static void set_atom(struct reach *reach, struct reached *target, size_t atom)
{
    atom_value(reach, atom, &target->value);
    linear_set_atom(&target->form, atom);
    target->is_linear = true;
    target->has_with = false;
}

static void set_point(struct reached *target, const struct rational *value)
{
    interval_set_point(&target->value, value);
    linear_set_constant(&target->form, value);
    target->is_linear = true;
    target->has_with = false;
}

void reaching_set_integer(struct reached *target, int64_t value)
{
    OWNED(rational_release) struct rational number;
    rational_init(&number);
    rational_set_integer(&number, value);
    set_point(target, &number);
}

static void set_funded(struct reach *reach, struct view investor, struct reached *target)
{
    const struct inputs *inputs = reach->inputs;
    OWNED(interval_release) struct interval one;
    OWNED(linear_release) struct linear atom;
    OWNED(rational_release) struct rational unit;
    interval_init(&one);
    linear_init(&atom);
    rational_init(&unit);
    rational_set_integer(&unit, 1);
    reaching_set_integer(target, 0);
    for (size_t i = inputs->first_funded; i < inputs->paid; i++) {
        if (investor.size > 0 && !view_equal(inputs->items[i].investor, investor)) {
            continue;
        }
        atom_value(reach, i, &one);
        interval_add(&target->value, &target->value, &one);
        linear_set_atom(&atom, i);
        target->is_linear = target->is_linear && linear_add(&target->form, &atom, &unit);
    }
}

const struct reached *reaching_look(struct reach *reach, const struct operand *operand,
                                    size_t place)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    struct reached *scratch = &reach->scratch[place];
    switch (operand->kind) {
    case OPERAND_LINE:
        return &reach->lines[operand->index];
    case OPERAND_CONSTANT:
        set_point(scratch, &operand->constant);
        return scratch;
    case OPERAND_MEASURED:
        set_atom(reach, scratch,
                 inputs_measured(reach->inputs, operand->index,
                                 operand_period(operand, reach->period), operand->field));
        return scratch;
    case OPERAND_FUNDED:
        set_funded(reach, operand->name, scratch);
        return scratch;
    case OPERAND_PAID:
        set_atom(reach, scratch, paid_atom(reach, operand->index));
        return scratch;
    case OPERAND_EARLIER:
        set_atom(reach, scratch, earlier_atom(reach, operand->index));
        return scratch;
    case OPERAND_PERIOD_DAYS:
        reaching_set_integer(scratch, date_days_inclusive(terms->periods[reach->period].from,
                                                          terms->periods[reach->period].to));
        return scratch;
    case OPERAND_UNPUBLISHED:
        reaching_set_integer(scratch, 0);
        interval_set_empty(&scratch->value);
        return scratch;
    }
    assert(false);
    return scratch;
}

void reaching_difference(struct reach *reach, const struct reached *a, const struct reached *b,
                         struct interval *ret_value)
{
    interval_subtract(ret_value, &a->value, &b->value);
    if (!a->is_linear || !b->is_linear || a->form.count == 0 || b->form.count == 0) {
        return;
    }
    OWNED(linear_release) struct linear form;
    OWNED(interval_release) struct interval narrower;
    OWNED(rational_release) struct rational minus;
    linear_init(&form);
    interval_init(&narrower);
    rational_init(&minus);
    rational_set_integer(&minus, -1);
    linear_set(&form, &a->form);
    if (linear_add(&form, &b->form, &minus)) {
        reaching_form_value(reach, &form, &narrower);
        interval_meet(ret_value, ret_value, &narrower);
    }
}

/* Narrows by a term that is a line: what the line is with the sum is known, add the rest. */
static void narrow_by_term(struct reach *reach, const struct linear *form, size_t term, size_t n,
                           struct interval *ret_value)
{
    const size_t atom = form->atoms[term];
    const size_t first = line_atom(reach, 0);
    OWNED(linear_release) struct linear rest;
    OWNED(rational_release) struct rational one;
    linear_init(&rest);
    rational_init(&one);
    rational_set_integer(&one, 1);
    if (atom < first || atom >= first + line_count_of(reach) ||
        !reach->lines[atom - first].has_with || rational_compare(&form->factors[term], &one) != 0) {
        return;
    }
    OWNED(interval_release) struct interval narrower;
    OWNED(linear_release) struct linear line;
    interval_init(&narrower);
    linear_init(&line);
    linear_set(&rest, form);
    linear_set_atom(&line, atom);
    rational_set_integer(&one, -1);
    if (linear_add(&rest, &line, &one)) {
        reaching_form_value(reach, &rest, &narrower);
        interval_add(&narrower, &narrower, &reach->lines[atom - first].with[n]);
        interval_meet(ret_value, ret_value, &narrower);
    }
}

void reaching_with(struct reach *reach, const struct reached *reached, size_t n,
                   struct interval *ret_value)
{
    const size_t tracked = reach->tracked[n];
    interval_add(ret_value, &reached->value, &reach->earlier[tracked]);
    if (reached->has_with) {
        interval_meet(ret_value, ret_value, &reached->with[n]);
    }
    if (!reached->is_linear) {
        return;
    }
    OWNED(linear_release) struct linear form;
    OWNED(linear_release) struct linear atom;
    OWNED(interval_release) struct interval narrower;
    OWNED(rational_release) struct rational one;
    linear_init(&form);
    linear_init(&atom);
    interval_init(&narrower);
    rational_init(&one);
    rational_set_integer(&one, 1);
    linear_set(&form, &reached->form);
    linear_set_atom(&atom, earlier_atom(reach, tracked));
    if (linear_add(&form, &atom, &one)) {
        reaching_form_value(reach, &form, &narrower);
        interval_meet(ret_value, ret_value, &narrower);
    }
    for (size_t i = 0; i < reached->form.count; i++) {
        narrow_by_term(reach, &reached->form, i, n, ret_value);
    }
}

/* --- Periods --- */

static bool is_end_at(const struct rational *end, bool has_end, const struct rational *other)
{
    return has_end && rational_compare(end, other) == 0;
}

/* Holds a line in its limit. */
static void hold(struct reach *reach, size_t index)
{
    struct reached *line = &reach->lines[index];
    for (size_t i = 0; i < reach->limit_count; i++) {
        const struct reach_limit *limit = &reach->limits[i];
        const struct interval *range = &limit->range;
        if (limit->line != index || limit->period != reach->period) {
            continue;
        }
        interval_meet(&line->value, &line->value, range);
        line->is_least_open = limit->is_least_open &&
                              is_end_at(&line->value.least, line->value.has_least, &range->least);
        line->is_greatest_open =
            limit->is_greatest_open &&
            is_end_at(&line->value.greatest, line->value.has_greatest, &range->greatest);
        if (interval_is_point(&line->value) && (line->is_least_open || line->is_greatest_open)) {
            interval_set_empty(&line->value);
        }
    }
}

/* Gives a computed line its final shape: narrowed, and written as a sum or as an atom. */
static void finish(struct reach *reach, size_t index)
{
    struct reached *line = &reach->lines[index];
    if (line->is_linear && line->form.count > 1) {
        OWNED(interval_release) struct interval narrower;
        interval_init(&narrower);
        reaching_form_value(reach, &line->form, &narrower);
        interval_meet(&line->value, &line->value, &narrower);
    }
    if (!line->value.is_empty && interval_is_point(&line->value)) {
        linear_set_constant(&line->form, &line->value.least);
    } else if (!line->is_linear) {
        linear_set_atom(&line->form, line_atom(reach, index));
    }
    line->is_linear = true;
}

void reach_compute(struct reach *reach, size_t period)
{
    const struct terms *terms = &reach->inputs->contract->terms;
    assert(period < terms->period_count);
    reach->period = period;
    reach->is_refused = false;
    for (size_t i = 0; i < terms->line_count; i++) {
        struct reached *line = &reach->lines[i];
        line->has_with = false;
        line->is_least_open = false;
        line->is_greatest_open = false;
        if (reach->is_refused) {
            interval_set_empty(&line->value);
            continue;
        }
        reaching_line(reach, &terms->lines[i], line);
        hold(reach, i);
        finish(reach, i);
        reach->work++;
        if (line->value.is_empty) {
            reach->is_refused = true;
            reach->refused = i;
        }
    }
    reach->is_unpayable = false;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct interval *value = &reach->lines[terms->pays[i].line].value;
        reach->is_unpayable = reach->is_unpayable || value->is_empty ||
                              (!terms->pays[i].is_reversible && interval_sign(value) < 0);
    }
}

void reach_pay(const struct reach *reach, const struct pay *pay, struct interval *ret_value)
{
    interval_set(ret_value, &reach->lines[pay->line].value);
    if (!pay->is_reversible) {
        OWNED(interval_release) struct interval payable;
        OWNED(rational_release) struct rational zero;
        interval_init(&payable);
        rational_init(&zero);
        interval_set_ends(&payable, &zero, NULL);
        interval_meet(ret_value, ret_value, &payable);
    }
}

/* What can have been paid of what is settled: each part of it, and nothing. */
static void add_to_settled(struct reach *reach, const struct pay *pay)
{
    struct interval *settled = &reach->settled[pay->line];
    OWNED(interval_release) struct interval value;
    OWNED(interval_release) struct interval nothing;
    interval_init(&value);
    interval_init(&nothing);
    interval_set_integers(&nothing, 0, 0);
    interval_set(&value, &reach->lines[pay->line].value);
    if (pay->is_reversible) { /* later payments may take off what earlier ones added */
        interval_hull(&value, &value, &nothing);
    }
    interval_add(settled, settled, &value);
    if (!pay->is_reversible && reach->inputs->is_earlier[pay->line]) {
        interval_meet(settled, settled, &reach->earlier[pay->line]);
    }
}

void reach_settle(struct reach *reach)
{
    assert(!reach->is_refused && !reach->is_unpayable);
    const struct terms *terms = &reach->inputs->contract->terms;
    struct interval with[REACH_TRACKED_MAX];
    for (size_t i = 0; i < terms->pay_count; i++) {
        reach_pay(reach, &terms->pays[i], &reach->lines[terms->pays[i].line].value);
    }
    /* Sums are changed when nothing is computed from them any more. */
    for (size_t n = 0; n < reach->tracked_count; n++) {
        interval_init(&with[n]);
        reaching_with(reach, &reach->lines[reach->tracked[n]], n, &with[n]);
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        if (reach->inputs->is_earlier[i]) {
            interval_add(&reach->earlier[i], &reach->earlier[i], &reach->lines[i].value);
        }
    }
    for (size_t n = 0; n < reach->tracked_count; n++) {
        struct interval *earlier = &reach->earlier[reach->tracked[n]];
        interval_meet(earlier, earlier, &with[n]);
        interval_release(&with[n]);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        add_to_settled(reach, &terms->pays[i]);
    }
}

void reach_operand(struct reach *reach, const struct operand *operand, struct interval *ret_value)
{
    interval_set(ret_value, &reaching_look(reach, operand, 0)->value);
}

void reach_difference(struct reach *reach, const struct operand *a, const struct operand *b,
                      struct interval *ret_value)
{
    const struct reached *left = reaching_look(reach, a, 0);
    const struct reached *right = reaching_look(reach, b, 1);
    reaching_difference(reach, left, right, ret_value);
}
