/* What tables make of what their operand can be. */

#include "contracts/analysis/reaching.h"

#include "ledger/base/ownership.h"

#include <assert.h>

/* Whether a step applies to a value; with `beside`, to the values just above (1) or below it. */
static bool applies(const struct step *step, const struct rational *value, int beside)
{
    int compared = rational_compare(value, &step->threshold.constant);
    if (beside != 0) {
        return beside > 0 ? compared >= 0 : compared > 0;
    }
    return step->is_above ? compared > 0 : compared >= 0;
}

/* How many do; NULL is beyond all of them, on the side of `order`. */
static size_t count_applying_beside(const struct line *line, const struct rational *value,
                                    int order, int beside)
{
    if (value == NULL) {
        return order < 0 ? 0 : line->step_count;
    }
    size_t low = 0;
    size_t high = line->step_count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        if (applies(&line->steps[middle], value, beside)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t count_applying(const struct line *line, const struct rational *value, int order)
{
    return count_applying_beside(line, value, order, 0);
}

static const struct rational *least_of(const struct interval *interval)
{
    return interval->has_least ? &interval->least : NULL;
}

static const struct rational *greatest_of(const struct interval *interval)
{
    return interval->has_greatest ? &interval->greatest : NULL;
}

void reach_steps(const struct line *line, const struct interval *x, size_t *ret_first,
                 size_t *ret_end)
{
    *ret_first = count_applying(line, least_of(x), -1);
    *ret_end = count_applying(line, greatest_of(x), 1) + 1;
}

/* Where a step applies: from its threshold to the next; step 0 is `otherwise`. */
static void set_region(const struct line *line, size_t step, const struct interval *x,
                       struct interval *ret_region)
{
    interval_set_ends(ret_region, step == 0 ? NULL : &line->steps[step - 1].threshold.constant,
                      step == line->step_count ? NULL : &line->steps[step].threshold.constant);
    interval_meet(ret_region, ret_region, x);
}

void reaching_tiers(struct reach *reach, const struct line *line, struct reached *result)
{
    const struct reached *x = reaching_look(reach, &line->operands[0], 0);
    OWNED(interval_release) struct interval region;
    interval_init(&region);
    interval_set_empty(&result->value);
    if (x->value.is_empty) {
        return;
    }
    size_t first = count_applying_beside(line, least_of(&x->value), -1, x->is_least_open ? 1 : 0);
    size_t end =
        count_applying_beside(line, greatest_of(&x->value), 1, x->is_greatest_open ? -1 : 0) + 1;
    for (size_t i = first; i < end; i++) {
        const struct operand *then = i == 0 ? &line->otherwise : &line->steps[i - 1].then;
        set_region(line, i, &x->value, &region);
        if (x->is_linear && then->kind == OPERAND_LINE) {
            reaching_join_within(reach, result, reaching_look(reach, then, 1), &x->form, &region);
        } else {
            reaching_join(reach, result, reaching_look(reach, then, 1));
        }
    }
    reach->work += (end - first) / 2;
}

/* --- Curves --- */

/* The slope from point i to the next one. Constants are short: nothing here can fail. */
static void slope_of(const struct line *line, size_t i, struct rational *ret_slope)
{
    const struct step *from = &line->steps[i];
    const struct step *to = &line->steps[i + 1];
    OWNED(rational_release) struct rational width;
    rational_init(&width);
    enum status status = rational_subtract(ret_slope, &to->then.constant, &from->then.constant);
    assert(status == STATUS_OK);
    status = rational_subtract(&width, &to->threshold.constant, &from->threshold.constant);
    assert(status == STATUS_OK);
    status = rational_divide(ret_slope, ret_slope, &width);
    assert(status == STATUS_OK);
}

/* The curve at one end of what its operand can be: a point, since the curve has no way but one. */
static void curve_at(const struct line *line, const struct rational *x, int order,
                     struct interval *ret_y)
{
    const size_t last = line->step_count - 1;
    size_t reached = count_applying(line, x, order);
    if (reached == 0 || reached > last) {
        interval_set_point(ret_y, &line->steps[reached == 0 ? 0 : last].then.constant);
        return;
    }
    OWNED(rational_release) struct rational y;
    OWNED(rational_release) struct rational slope;
    rational_init(&y);
    rational_init(&slope);
    slope_of(line, reached - 1, &slope);
    const struct step *from = &line->steps[reached - 1];
    bool fits = rational_subtract(&y, x, &from->threshold.constant) == STATUS_OK &&
                rational_multiply(&y, &y, &slope) == STATUS_OK &&
                rational_add(&y, &y, &from->then.constant) == STATUS_OK;
    interval_set_point(ret_y, &y);
    if (!fits) { /* between its neighbours, at least */
        interval_set_point(ret_y, &from->then.constant);
        OWNED(interval_release) struct interval next;
        interval_init(&next);
        interval_set_point(&next, &line->steps[reached].then.constant);
        interval_hull(ret_y, ret_y, &next);
    }
}

/* Within one segment a curve is a line: y_i + slope · (x - x_i). */
static void set_segment(struct reach *reach, const struct line *line, size_t i,
                        struct reached *result)
{
    OWNED(rational_release) struct rational slope;
    OWNED(rational_release) struct rational minus;
    OWNED(linear_release) struct linear constant;
    rational_init(&slope);
    rational_init(&minus);
    linear_init(&constant);
    slope_of(line, i, &slope);
    const struct reached *x = reaching_look(reach, &line->operands[0], 0);
    result->is_linear = x->is_linear;
    if (!x->is_linear) {
        return;
    }
    linear_set(&result->form, &x->form);
    rational_negate(&minus, &line->steps[i].threshold.constant);
    linear_set_constant(&constant, &minus);
    rational_set_integer(&minus, 1);
    result->is_linear =
        linear_add(&result->form, &constant, &minus) && linear_scale(&result->form, &slope);
    linear_set_constant(&constant, &line->steps[i].then.constant);
    result->is_linear = result->is_linear && linear_add(&result->form, &constant, &minus);
}

void reaching_curve(struct reach *reach, const struct line *line, struct reached *result)
{
    const struct interval *x = &reaching_look(reach, &line->operands[0], 0)->value;
    result->is_linear = false;
    result->has_with = false;
    if (x->is_empty) {
        interval_set_empty(&result->value);
        return;
    }
    OWNED(interval_release) struct interval y;
    interval_init(&y);
    size_t first = count_applying(line, least_of(x), -1);
    size_t end = count_applying(line, greatest_of(x), 1);
    if (end > first && x->has_greatest &&
        rational_compare(&x->greatest, &line->steps[end - 1].threshold.constant) == 0) {
        end--; /* the greatest value is looked at itself */
    }
    curve_at(line, least_of(x), -1, &result->value);
    curve_at(line, greatest_of(x), 1, &y);
    interval_hull(&result->value, &result->value, &y);
    for (size_t i = first; i < end; i++) { /* the points between */
        interval_set_point(&y, &line->steps[i].then.constant);
        interval_hull(&result->value, &result->value, &y);
    }
    reach->work += (end - first) / 8;
    if (first == end && first > 0 && first < line->step_count) {
        set_segment(reach, line, first - 1, result);
    }
}

/* --- Brackets --- */

/* What the blocks before one come to together, and its own part of the operand. */
struct block {
    struct interval below;
    struct interval width;
    struct interval amount;
};

static void block_init(struct block *block)
{
    interval_init(&block->below);
    interval_init(&block->width);
    interval_init(&block->amount);
    interval_set_integers(&block->below, 0, 0);
}

static void block_release(struct block *block)
{
    interval_release(&block->below);
    interval_release(&block->width);
    interval_release(&block->amount);
}

static const struct rational *from_of(const struct line *line, size_t i)
{
    return i < line->step_count ? &line->steps[i].threshold.constant : NULL;
}

/* How much of the operand can lie in block i: empty when it never ends in it. */
static void set_width(const struct line *line, size_t i, const struct interval *x,
                      struct block *block)
{
    OWNED(interval_release) struct interval from;
    interval_init(&from);
    interval_set_ends(&block->width, from_of(line, i), from_of(line, i + 1));
    interval_meet(&block->width, &block->width, x);
    interval_set_point(&from, from_of(line, i));
    interval_subtract(&block->width, &block->width, &from);
}

/* Puts a whole block below the next one. */
static void pass_block(const struct line *line, size_t i, const struct interval *rate,
                       struct block *block)
{
    OWNED(interval_release) struct interval from;
    interval_init(&from);
    interval_set_point(&block->width, from_of(line, i + 1));
    interval_set_point(&from, from_of(line, i));
    interval_subtract(&block->width, &block->width, &from);
    interval_multiply(&block->width, &block->width, rate);
    interval_add(&block->below, &block->below, &block->width);
}

/* Within one block of known rates: below + rate · (x - from). */
static void set_block_form(const struct line *line, size_t i, const struct reached *x,
                           const struct reached *rate, const struct block *block,
                           struct reached *result)
{
    bool is_within = x->value.has_least && x->is_linear && interval_is_point(&block->below) &&
                     interval_is_point(&rate->value) &&
                     rational_compare(&x->value.least, from_of(line, i)) >= 0 &&
                     (i + 1 == line->step_count ||
                      (x->value.has_greatest &&
                       rational_compare(&x->value.greatest, from_of(line, i + 1)) <= 0));
    if (!is_within) {
        return;
    }
    OWNED(linear_release) struct linear constant;
    OWNED(rational_release) struct rational factor;
    linear_init(&constant);
    rational_init(&factor);
    rational_set_integer(&factor, -1);
    linear_set(&result->form, &x->form);
    linear_set_constant(&constant, from_of(line, i));
    result->is_linear = linear_add(&result->form, &constant, &factor) &&
                        linear_scale(&result->form, &rate->value.least);
    linear_set_constant(&constant, &block->below.least);
    rational_set_integer(&factor, 1);
    result->is_linear = result->is_linear && linear_add(&result->form, &constant, &factor);
}

void reaching_brackets(struct reach *reach, const struct line *line, struct reached *result)
{
    const struct reached *x = reaching_look(reach, &line->operands[0], 0);
    OWNED(block_release) struct block block;
    block_init(&block);
    result->is_linear = false;
    result->has_with = false;
    interval_set_empty(&result->value);
    if (x->value.is_empty) {
        return;
    }
    if (!x->value.has_least || rational_compare(&x->value.least, from_of(line, 0)) <= 0) {
        interval_set_integers(&result->value, 0, 0);
    }
    for (size_t i = 0; i < line->step_count; i++) {
        if (x->value.has_greatest && rational_compare(&x->value.greatest, from_of(line, i)) <= 0) {
            return;
        }
        const struct reached *rate = reaching_look(reach, &line->steps[i].then, 1);
        reach->work++;
        set_width(line, i, &x->value, &block);
        interval_multiply(&block.amount, &block.width, &rate->value);
        interval_add(&block.amount, &block.amount, &block.below);
        interval_hull(&result->value, &result->value, &block.amount);
        set_block_form(line, i, x, rate, &block, result);
        if (i + 1 < line->step_count) {
            pass_block(line, i, &rate->value, &block);
        }
    }
}

/* --- Rate cards --- */

void reaching_rate_card(struct reach *reach, const struct line *line, struct reached *result)
{
    struct reached *item = &reach->scratch[REACHING_ITEM];
    reaching_set_integer(result, 0);
    for (size_t i = 0; i < line->item_count; i++) {
        const struct card_item *card = &line->items[i];
        reaching_set(item, reaching_look(reach, &card->count, 0));
        if (card->has_count_at_most) {
            reaching_choose(reach, item, reaching_look(reach, &card->count_at_most, 0), -1);
        }
        reaching_multiply(item, reaching_look(reach, &card->price, 0));
        if (card->has_multiplier) {
            reaching_multiply(item, reaching_look(reach, &card->multiplier, 0));
        }
        if (card->has_amount_at_most) {
            reaching_choose(reach, item, reaching_look(reach, &card->amount_at_most, 0), -1);
        }
        reaching_add(result, item, 1);
    }
    reach->work += 2 * line->item_count;
}
