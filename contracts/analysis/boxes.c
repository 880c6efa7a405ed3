/* Dividing what can be measured into boxes, each with a bound of its own: see search.h. */

#include "contracts/analysis/owed.h"
#include "contracts/analysis/searching.h"

#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

#define BOXES_MAX 400

/*
 * What is divided: inputs, then lines that a decision looks at. Others stay whole, and the bound is
 * only less narrow.
 */
#define INPUTS_MAX 16
#define SIDES_MAX 28

/* A table with more thresholds than this is not divided by. */
#define THRESHOLDS_MAX 64

/* Boxes without any bound that are divided, before there is held to be none. */
#define UNBOUNDED_MAX 40

/*
 * Ratios are quotients of decimals below 10^18 with 12 digits after the point. So a ratio that is
 * not some decimal differs from it by at least this power of ten.
 */
#define RATIO_EXPONENT 42

/* What a box is divided by: an input, or, without one, what a line comes to in a period. */
struct side {
    struct variable *variable;
    size_t period;
    size_t line;
    struct candidates thresholds; /* of a line */
};

struct box {
    struct interval sides[SIDES_MAX];
    bool is_least_open[SIDES_MAX]; /* of a line: what it comes to is no decimal */
    bool is_greatest_open[SIDES_MAX];
    bool is_bounded;
    struct rational bound; /* on the side of the goal, when is_bounded */
};

struct boxes {
    struct searching *searching;
    size_t side_count;
    struct side sides[SIDES_MAX];
    struct reach_limit limits[SIDES_MAX]; /* of the box that is looked at */
    size_t count;
    struct box *items[BOXES_MAX];
    bool has_leaf; /* the best bound of boxes that cannot be divided: */
    bool is_leaf_bounded;
    struct rational leaf;
};

/* --- Boxes --- */

static struct box *box_new(const struct boxes *boxes)
{
    struct box *box = calloc(1, sizeof *box);
    if (box == NULL) {
        return NULL;
    }
    rational_init(&box->bound);
    for (size_t i = 0; i < boxes->side_count; i++) {
        interval_init(&box->sides[i]);
    }
    return box;
}

static void box_free(const struct boxes *boxes, struct box *box)
{
    if (box == NULL) {
        return;
    }
    rational_release(&box->bound);
    for (size_t i = 0; i < boxes->side_count; i++) {
        interval_release(&box->sides[i]);
    }
    free(box);
}

static void boxes_release(struct boxes *boxes)
{
    for (size_t i = 0; i < boxes->count; i++) {
        box_free(boxes, boxes->items[i]);
    }
    for (size_t i = 0; i < boxes->side_count; i++) {
        candidates_release(&boxes->sides[i].thresholds);
        interval_release(&boxes->limits[i].range);
    }
    rational_release(&boxes->leaf);
}

/* Whether a is a better bound than b: it promises more. An absent one promises everything. */
static bool is_better(const struct boxes *boxes, const struct rational *a, const struct rational *b)
{
    if (a == NULL || b == NULL) {
        return a == NULL && b != NULL;
    }
    int compared = rational_compare(a, b);
    return boxes->searching->goal->order > 0 ? compared > 0 : compared < 0;
}

static const struct rational *bound_of(const struct box *box)
{
    return box->is_bounded ? &box->bound : NULL;
}

void search_bound(struct searcher *searcher, const struct search_goal *goal,
                  struct interval *ret_owed)
{
    struct reach *reach = &searcher->reach;
    OWNED(interval_release) struct interval owed;
    interval_init(&owed);
    reach_begin(reach, searcher->domains);
    interval_set_integers(ret_owed, 0, 0);
    for (size_t i = 0; i < goal->period_count; i++) {
        reach_compute(reach, goal->periods[i]);
        owed_by_period(reach, goal->party, &owed);
        if (owed.is_empty) {
            interval_set_empty(ret_owed);
            return;
        }
        if (goal->is_sum || i + 1 == goal->period_count) {
            interval_add(ret_owed, ret_owed, &owed);
        }
        if (goal->is_sum || i + 1 < goal->period_count) {
            reach_settle(reach);
        }
    }
    if (goal->is_sum) {
        owed_in_all(reach, goal->party, &owed);
        interval_meet(ret_owed, ret_owed, &owed);
    }
}

/* Puts a box before what is computed. */
static void set_box(struct boxes *boxes, const struct box *box)
{
    struct searcher *searcher = boxes->searching->searcher;
    size_t count = 0;
    for (size_t i = 0; i < boxes->side_count; i++) {
        const struct side *side = &boxes->sides[i];
        const struct interval *interval = &box->sides[i];
        if (side->variable != NULL) {
            interval_set(&searcher->domains[side->variable->input], interval);
        } else if (interval->has_least || interval->has_greatest) {
            struct reach_limit *limit = &boxes->limits[count];
            limit->period = side->period;
            limit->line = side->line;
            limit->is_least_open = box->is_least_open[i];
            limit->is_greatest_open = box->is_greatest_open[i];
            interval_set(&limit->range, interval);
            count++;
        }
    }
    searcher->reach.limits = boxes->limits;
    searcher->reach.limit_count = count;
}

/* Computes the bound. False when nothing in the box can be settled. */
static bool box_bound(struct boxes *boxes, struct box *box)
{
    OWNED(interval_release) struct interval value;
    interval_init(&value);
    set_box(boxes, box);
    search_bound(boxes->searching->searcher, boxes->searching->goal, &value);
    bool is_greatest = boxes->searching->goal->order > 0;
    box->is_bounded = is_greatest ? value.has_greatest : value.has_least;
    rational_set(&box->bound, is_greatest ? &value.greatest : &value.least);
    return !value.is_empty;
}

/* --- Dividing --- */

static void set_gap(const struct boxes *boxes, size_t side, struct rational *ret_gap)
{
    const struct inputs *inputs = boxes->searching->searcher->inputs;
    if (boxes->sides[side].variable == NULL) {
        rational_set_integer(ret_gap, 0); /* an open end says it */
        return;
    }
    const struct input *input = &inputs->items[boxes->sides[side].variable->input];
    smallest_decimal(ret_gap);
    if (input->kind == INPUT_MEASURED && field_is_ratio(input->field)) {
        rational_set_fraction(ret_gap, 1, 10);
        enum status status = rational_power(ret_gap, ret_gap, RATIO_EXPONENT);
        (void)status; /* few digits */
    }
}

/* A decimal in the middle of what has two ends. */
static bool set_middle(const struct interval *side, struct rational *ret_at)
{
    OWNED(rational_release) struct rational half;
    rational_init(&half);
    rational_set_fraction(&half, 1, 2);
    if (!side->has_least || !side->has_greatest ||
        rational_add(ret_at, &side->least, &side->greatest) != STATUS_OK ||
        rational_multiply(ret_at, ret_at, &half) != STATUS_OK) {
        return false;
    }
    smallest_decimal(&half);
    return rational_round(ret_at, ret_at, &half, ROUND_FLOOR) == STATUS_OK &&
           rational_compare(ret_at, &side->least) > 0 &&
           rational_compare(ret_at, &side->greatest) < 0;
}

static bool is_end(const struct candidates *candidates, size_t place, const struct rational *end)
{
    return place < candidates->count && rational_compare(&candidates->values[place], end) == 0;
}

/* Where a side is divided: at the middle one of its candidates, at an end, in its middle. */
static bool set_division(const struct boxes *boxes, const struct box *box, size_t side,
                         struct rational *ret_at)
{
    const struct interval *interval = &box->sides[side];
    const struct variable *variable = boxes->sides[side].variable;
    const struct candidates *candidates =
        variable != NULL ? &variable->candidates : &boxes->sides[side].thresholds;
    if (interval_is_point(interval)) {
        return false;
    }
    size_t first = interval->has_least ? candidates_from(candidates, &interval->least, true) : 0;
    size_t end = interval->has_greatest ? candidates_from(candidates, &interval->greatest, false)
                                        : candidates->count;
    if (first < end) {
        rational_set(ret_at, &candidates->values[first + (end - first) / 2]);
        return true;
    }
    if (interval->has_greatest && !box->is_greatest_open[side] &&
        is_end(candidates, end, &interval->greatest)) {
        rational_set(ret_at, &interval->greatest);
        return true;
    }
    if (interval->has_least && !box->is_least_open[side] && first > 0 &&
        is_end(candidates, first - 1, &interval->least)) {
        rational_set(ret_at, &interval->least);
        return true;
    }
    return variable != NULL && set_middle(interval, ret_at);
}

/* The part of a side below (-1), at (0) or above (1) where it is divided. */
static void set_part(const struct boxes *boxes, size_t side, const struct rational *at, int part,
                     struct interval *ret_part)
{
    OWNED(rational_release) struct rational end;
    OWNED(rational_release) struct rational gap;
    rational_init(&end);
    rational_init(&gap);
    set_gap(boxes, side, &gap);
    if (part == 0) {
        interval_set_point(ret_part, at);
        return;
    }
    enum status status =
        part < 0 ? rational_subtract(&end, at, &gap) : rational_add(&end, at, &gap);
    (void)status; /* few digits */
    interval_set_ends(ret_part, part > 0 ? &end : NULL, part < 0 ? &end : NULL);
}

/* A box like another one, but for a part of one side; NULL when nothing is in it. */
static enum status box_part(struct boxes *boxes, const struct box *box, size_t side,
                            const struct rational *at, int part, struct box **ret_box)
{
    struct box *made = box_new(boxes);
    if (made == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < boxes->side_count; i++) {
        interval_set(&made->sides[i], &box->sides[i]);
        made->is_least_open[i] = box->is_least_open[i];
        made->is_greatest_open[i] = box->is_greatest_open[i];
    }
    if (boxes->sides[side].variable == NULL) {
        made->is_least_open[side] = part == 1 || (part == -1 && box->is_least_open[side]);
        made->is_greatest_open[side] = part == -1 || (part == 1 && box->is_greatest_open[side]);
    }
    OWNED(interval_release) struct interval interval;
    interval_init(&interval);
    set_part(boxes, side, at, part, &interval);
    interval_meet(&made->sides[side], &made->sides[side], &interval);
    bool is_open = made->is_least_open[side] || made->is_greatest_open[side];
    bool is_nothing =
        made->sides[side].is_empty || (is_open && interval_is_point(&made->sides[side]));
    if (is_nothing || !box_bound(boxes, made)) {
        box_free(boxes, made);
        made = NULL;
    }
    *ret_box = made;
    return STATUS_OK;
}

static void free_parts(const struct boxes *boxes, struct box **parts)
{
    for (size_t i = 0; i < 3; i++) {
        box_free(boxes, parts[i]);
        parts[i] = NULL;
    }
}

/* The part that promises most decides; NULL when there is none. */
static const struct box *best_part(const struct boxes *boxes, struct box **parts)
{
    const struct box *best = NULL;
    for (size_t i = 0; i < 3; i++) {
        if (parts[i] != NULL &&
            (best == NULL || is_better(boxes, bound_of(parts[i]), bound_of(best)))) {
            best = parts[i];
        }
    }
    return best;
}

/* Divides by the side that brings the bound down most. False when no side can be divided. */
static enum status divide(struct boxes *boxes, const struct box *box, struct box **ret_parts,
                          bool *ret_is_divided)
{
    OWNED(rational_release) struct rational at;
    rational_init(&at);
    *ret_is_divided = false;
    for (size_t side = 0; side < boxes->side_count; side++) {
        struct box *parts[3] = {NULL, NULL, NULL};
        if (!set_division(boxes, box, side, &at)) {
            continue;
        }
        for (int part = -1; part <= 1; part++) {
            enum status status = box_part(boxes, box, side, &at, part, &parts[part + 1]);
            if (status != STATUS_OK) {
                free_parts(boxes, parts);
                return status;
            }
        }
        const struct box *best = best_part(boxes, parts);
        const struct box *best_so_far = best_part(boxes, ret_parts);
        bool is_chosen =
            !*ret_is_divided || best == NULL ||
            (best_so_far != NULL && is_better(boxes, bound_of(best_so_far), bound_of(best)));
        if (is_chosen) {
            free_parts(boxes, ret_parts);
            for (size_t i = 0; i < 3; i++) {
                ret_parts[i] = STEAL(parts[i]);
            }
        }
        free_parts(boxes, parts);
        *ret_is_divided = true;
    }
    return STATUS_OK;
}

/* --- Trying what is in a box --- */

/* The number of the side nearest to a value, or at the end on the side of `order`. */
static void set_nearest(const struct interval *side, const struct rational *value, int order,
                        struct rational *ret_value)
{
    OWNED(rational_release) struct rational step;
    rational_init(&step);
    smallest_decimal(&step);
    const struct rational *least = side->has_least ? &side->least : NULL;
    const struct rational *greatest = side->has_greatest ? &side->greatest : NULL;
    rational_set(ret_value, value);
    enum status status = STATUS_OK;
    if (greatest != NULL && (order > 0 || rational_compare(value, greatest) > 0)) {
        status = rational_round(ret_value, greatest, &step, ROUND_FLOOR);
    } else if (least != NULL && (order < 0 || rational_compare(value, least) < 0)) {
        status = rational_round(ret_value, least, &step, ROUND_CEILING);
    }
    (void)status; /* a decimal, or a gap away from one */
}

static void try_at(struct boxes *boxes, const struct box *box, size_t side, int order)
{
    struct variable *variable = boxes->sides[side].variable;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    if (variable == NULL) {
        return; /* nobody can choose what a line comes to */
    }
    set_nearest(&box->sides[side], &variable->value, order, &value);
    bool is_chosen = searching_choose(boxes->searching, variable, &value);
    (void)is_chosen;
}

static void play(struct boxes *boxes)
{
    if (!searching_is_over(boxes->searching)) {
        searching_play(boxes->searching);
        (void)searching_keep(boxes->searching);
    }
}

/* The point nearest to the best choice; from there each side's ends; and both far corners. */
static void try_box(struct boxes *boxes, const struct box *box)
{
    searching_return(boxes->searching);
    for (size_t i = 0; i < boxes->side_count; i++) {
        try_at(boxes, box, i, 0);
    }
    play(boxes);
    for (size_t i = 0; i < boxes->side_count && boxes->sides[i].variable != NULL; i++) {
        OWNED(rational_release) struct rational value;
        rational_init(&value);
        rational_set(&value, &boxes->sides[i].variable->value);
        for (int order = -1; order <= 1; order += 2) {
            try_at(boxes, box, i, order);
            play(boxes);
        }
        bool is_back = searching_choose(boxes->searching, boxes->sides[i].variable, &value);
        (void)is_back;
    }
    for (int order = -1; order <= 1; order += 2) {
        for (size_t i = 0; i < boxes->side_count; i++) {
            try_at(boxes, box, i, order);
        }
        play(boxes);
    }
}

/* --- The search --- */

static struct box *take_best(struct boxes *boxes)
{
    size_t best = 0;
    for (size_t i = 1; i < boxes->count; i++) {
        if (is_better(boxes, bound_of(boxes->items[i]), bound_of(boxes->items[best]))) {
            best = i;
        }
    }
    struct box *box = boxes->items[best];
    boxes->count--;
    boxes->items[best] = boxes->items[boxes->count];
    return box;
}

static void note_leaf(struct boxes *boxes, const struct rational *bound)
{
    const struct rational *leaf = boxes->is_leaf_bounded ? &boxes->leaf : NULL;
    if (boxes->has_leaf && !is_better(boxes, bound, leaf)) {
        return;
    }
    boxes->has_leaf = true;
    boxes->is_leaf_bounded = bound != NULL;
    if (bound != NULL) {
        rational_set(&boxes->leaf, bound);
    }
}

/* Whether a bound promises more than what was found. */
static bool is_promising(const struct boxes *boxes, const struct box *box)
{
    return !boxes->searching->has_best || is_better(boxes, bound_of(box), &boxes->searching->best);
}

/* Divides the box, and keeps the parts that promise more than what was found. */
static enum status work_on(struct boxes *boxes, const struct box *box)
{
    struct box *parts[3] = {NULL, NULL, NULL};
    bool is_divided;
    enum status status = divide(boxes, box, parts, &is_divided);
    if (status != STATUS_OK) {
        free_parts(boxes, parts);
        return status;
    }
    if (!is_divided || boxes->count + 3 > BOXES_MAX) {
        note_leaf(boxes, bound_of(box));
    } else {
        for (size_t i = 0; i < 3; i++) {
            if (parts[i] != NULL && is_promising(boxes, parts[i])) {
                boxes->items[boxes->count] = STEAL(parts[i]);
                boxes->count++;
            }
        }
    }
    free_parts(boxes, parts);
    return STATUS_OK;
}

static enum status run(struct boxes *boxes)
{
    struct searcher *searcher = boxes->searching->searcher;
    size_t unbounded_count = 0;
    for (size_t turn = 0; boxes->count > 0; turn++) {
        struct box *box = take_best(boxes);
        unbounded_count += !box->is_bounded;
        bool is_end = turn == BOXES_MAX || unbounded_count > UNBOUNDED_MAX ||
                      searching_is_over(boxes->searching);
        bool is_done = !is_promising(boxes, box);
        enum status status = STATUS_OK;
        if (!is_end && !is_done) {
            try_box(boxes, box);
            status = work_on(boxes, box);
        } else if (!is_done) {
            note_leaf(boxes, bound_of(box));
            searcher->is_cut = searcher->is_cut || box->is_bounded;
        }
        box_free(boxes, box);
        if (status != STATUS_OK || is_end || is_done) {
            return status; /* the others promise no more */
        }
    }
    return STATUS_OK;
}

static struct side *add_side(struct boxes *boxes)
{
    struct side *side = &boxes->sides[boxes->side_count];
    interval_init(&boxes->limits[boxes->side_count].range);
    boxes->side_count++;
    *side = (struct side){.variable = NULL};
    return side;
}

static void add_inputs(struct boxes *boxes)
{
    struct searching *searching = boxes->searching;
    for (size_t i = 0; i < searching->count && boxes->side_count < INPUTS_MAX; i++) {
        struct variable *variable = &searching->variables[i];
        const struct input *input = &searching->searcher->inputs->items[variable->input];
        /* What is placed and paid may change between settlements: it has no one value to divide. */
        if (variable->is_varied && input->kind == INPUT_MEASURED) {
            add_side(boxes)->variable = variable;
        }
    }
}

/* The side of a line in a period, made when there is none yet; NULL when there are enough. */
static struct side *side_of(struct boxes *boxes, size_t line, size_t period)
{
    for (size_t i = 0; i < boxes->side_count; i++) {
        struct side *side = &boxes->sides[i];
        if (side->variable == NULL && side->line == line && side->period == period) {
            return side;
        }
    }
    if (boxes->side_count == SIDES_MAX) {
        return NULL;
    }
    struct side *side = add_side(boxes);
    side->line = line;
    side->period = period;
    return side;
}

static enum status add_threshold(struct boxes *boxes, const struct operand *x,
                                 const struct rational *threshold, size_t period)
{
    const struct terms *terms = &boxes->searching->searcher->inputs->contract->terms;
    const struct operand *origin = operand_origin(terms, x);
    struct side *side = origin->kind == OPERAND_LINE ? side_of(boxes, origin->index, period) : NULL;
    OWNED(interval_release) struct interval all;
    interval_init(&all);
    return side == NULL ? STATUS_OK : candidates_add(&side->thresholds, &all, threshold);
}

/* A decision that looks at a line and a constant. Curves and blocks have no sudden turns. */
static enum status add_decision(struct boxes *boxes, const struct watch *watch, size_t period)
{
    const struct terms *terms = &boxes->searching->searcher->inputs->contract->terms;
    const struct line *line = &terms->lines[watch->line];
    if (watch->b == NULL) {
        bool is_divided = line->operation == OPERATION_TIERS && line->step_count <= THRESHOLDS_MAX;
        for (size_t i = 0; is_divided && i < line->step_count; i++) {
            TRY(add_threshold(boxes, watch->a, &line->steps[i].threshold.constant, period));
        }
        return STATUS_OK;
    }
    const struct operand *a = operand_origin(terms, watch->a);
    const struct operand *b = operand_origin(terms, watch->b);
    if (a->kind == OPERAND_CONSTANT) {
        return add_threshold(boxes, b, &a->constant, period);
    }
    return b->kind == OPERAND_CONSTANT ? add_threshold(boxes, a, &b->constant, period) : STATUS_OK;
}

static enum status add_decisions(struct boxes *boxes)
{
    const struct searching *searching = boxes->searching;
    const struct watches *watches = &searching->searcher->watches;
    for (size_t i = 0; i < searching->goal->period_count; i++) {
        for (size_t k = 0; k < watches->count; k++) {
            if (searching->lines[watches->items[k].line]) {
                TRY(add_decision(boxes, &watches->items[k], searching->goal->periods[i]));
            }
        }
    }
    return STATUS_OK;
}

/* The box of everything that can be. */
static enum status add_root(struct boxes *boxes)
{
    const struct inputs *inputs = boxes->searching->searcher->inputs;
    struct box *root = box_new(boxes);
    if (root == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < boxes->side_count; i++) {
        const struct variable *variable = boxes->sides[i].variable;
        if (variable != NULL) {
            interval_set(&root->sides[i], &inputs->items[variable->input].domain);
        }
    }
    boxes->items[0] = root;
    boxes->count = 1;
    return STATUS_OK;
}

/* Leaves what is computed as it was. */
static void remove_box(struct boxes *boxes)
{
    struct searcher *searcher = boxes->searching->searcher;
    searcher->reach.limits = NULL;
    searcher->reach.limit_count = 0;
    for (size_t i = 0; i < searcher->inputs->count; i++) {
        interval_set(&searcher->domains[i], &searcher->inputs->items[i].domain);
    }
}

enum status boxes_search(struct searching *searching, bool *ret_is_bounded,
                         struct rational *ret_bound)
{
    OWNED(boxes_release) struct boxes boxes = {.searching = searching};
    rational_init(&boxes.leaf);
    add_inputs(&boxes);
    TRY(add_decisions(&boxes));
    TRY(add_root(&boxes));
    enum status status = box_bound(&boxes, boxes.items[0]) ? run(&boxes) : STATUS_OK;
    remove_box(&boxes);
    const struct rational *leaf = boxes.is_leaf_bounded ? &boxes.leaf : NULL;
    bool is_found =
        !boxes.has_leaf || (searching->has_best && !is_better(&boxes, leaf, &searching->best));
    *ret_is_bounded = is_found || leaf != NULL;
    rational_set(ret_bound, is_found ? &searching->best : &boxes.leaf);
    return status;
}
