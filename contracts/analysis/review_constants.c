/*
 * Findings about constants of several lines: the same threshold with another boundary side, and the
 * same amount written twice.
 */

#include "contracts/analysis/reviewing.h"

#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

/* --- Boundary sides --- */

/* A number at which a line looks, and to which side that number itself counts. */
struct boundary {
    const struct operand *x; /* what is looked at, not a line that only takes it */
    const struct rational *limit;
    const struct unit *unit;
    bool is_upper; /* the limit itself counts with what is above it */
    size_t line;
    size_t step; /* in a table, or SIZE_MAX */
};

struct boundaries {
    size_t count;
    struct boundary *items; /* NULL while they are counted */
};

static void add_boundary(struct boundaries *boundaries, struct boundary boundary)
{
    if (boundaries->items != NULL) {
        boundaries->items[boundaries->count] = boundary;
    }
    boundaries->count++;
}

static void add_comparison(struct boundaries *boundaries, const struct terms *terms, size_t index,
                           const struct condition *condition)
{
    const struct operand *x = operand_origin(terms, &condition->operands[0]);
    const struct operand *limit = operand_origin(terms, &condition->operands[1]);
    bool is_turned = x->kind == OPERAND_CONSTANT;
    enum condition_kind kind = condition->kind;
    if (is_turned == (limit->kind == OPERAND_CONSTANT) || kind == CONDITION_EQUALS ||
        kind == CONDITION_SIGNIFICANT) {
        return;
    }
    bool is_upper = kind == CONDITION_AT_LEAST || kind == CONDITION_BELOW;
    add_boundary(boundaries, (struct boundary){
                                 .x = is_turned ? limit : x,
                                 .limit = is_turned ? &x->constant : &limit->constant,
                                 .unit = is_turned ? &x->unit : &limit->unit,
                                 .is_upper = is_upper != is_turned,
                                 .line = index,
                                 .step = SIZE_MAX,
                             });
}

static void add_line(struct boundaries *boundaries, const struct terms *terms, size_t index)
{
    const struct line *line = &terms->lines[index];
    for (size_t i = 0; line->operation == OPERATION_TIERS && i < line->step_count; i++) {
        const struct operand *threshold = &line->steps[i].threshold;
        add_boundary(boundaries, (struct boundary){
                                     .x = operand_origin(terms, &line->operands[0]),
                                     .limit = &threshold->constant,
                                     .unit = &threshold->unit,
                                     .is_upper = !line->steps[i].is_above,
                                     .line = index,
                                     .step = i,
                                 });
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        if (condition_operand_count(&line->conditions[i]) == 2) {
            add_comparison(boundaries, terms, index, &line->conditions[i]);
        }
    }
}

static int compare_sizes(size_t a, size_t b)
{
    return a == b ? 0 : a < b ? -1 : 1;
}

/* Operands that are equal read the same. Sums by name are told apart by their names. */
static int compare_operands(const struct operand *a, const struct operand *b)
{
    const int orders[] = {
        compare_sizes(a->kind, b->kind),
        compare_sizes(a->index, b->index),
        compare_sizes(a->field, b->field),
        compare_sizes(a->period, b->period),
    };
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        if (orders[i] != 0) {
            return orders[i];
        }
    }
    return view_compare(a->name, b->name);
}

static int compare_boundaries(const void *a, const void *b)
{
    const struct boundary *first = a;
    const struct boundary *second = b;
    int order = compare_operands(first->x, second->x);
    if (order == 0) {
        order = rational_compare(first->limit, second->limit);
    }
    if (order == 0) {
        order = compare_sizes(first->line, second->line);
    }
    return order != 0 ? order : compare_sizes(first->step, second->step);
}

/*
 * Whether a line says both at one number: a table may, to tell the number itself from what is
 * beyond it.
 */
static bool is_both(const struct boundaries *boundaries, size_t place)
{
    const struct boundary *boundary = &boundaries->items[place];
    for (size_t i = place == 0 ? 0 : place - 1; i < boundaries->count && i <= place + 1; i++) {
        const struct boundary *other = &boundaries->items[i];
        if (i != place && other->line == boundary->line &&
            compare_operands(other->x, boundary->x) == 0 &&
            rational_compare(other->limit, boundary->limit) == 0) {
            return true;
        }
    }
    return false;
}

static void review_sides(struct reviewing *reviewing, const struct boundaries *boundaries)
{
    size_t first = 0;
    for (size_t i = 1; i < boundaries->count; i++) {
        const struct boundary *boundary = &boundaries->items[i];
        const struct boundary *before = &boundaries->items[first];
        bool is_same = compare_operands(before->x, boundary->x) == 0 &&
                       rational_compare(before->limit, boundary->limit) == 0;
        if (!is_same) {
            first = i;
            continue;
        }
        if (before->line == boundary->line || before->is_upper == boundary->is_upper ||
            is_both(boundaries, i) || is_both(boundaries, first)) {
            continue;
        }
        struct review_finding *finding =
            boundary->step == SIZE_MAX
                ? reviewing_add(reviewing, REVIEW_BOUNDARY_SIDES, boundary->line, "/lines/%zu/when",
                                boundary->line)
                : reviewing_add(reviewing, REVIEW_BOUNDARY_SIDES, boundary->line,
                                "/lines/%zu/steps/%zu", boundary->line, boundary->step);
        reviewing_set_limit(finding, boundary->limit, boundary->unit);
        if (finding != NULL) {
            finding->name = reviewing->terms->lines[before->line].name;
        }
    }
}

static void review_boundaries(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    struct boundaries boundaries = {0};
    for (size_t i = 0; i < terms->line_count; i++) {
        add_line(&boundaries, terms, i);
    }
    OWNED(freep) struct boundary *items = calloc(boundaries.count + 1, sizeof *items);
    if (items == NULL) {
        reviewing->status = STATUS_MEMORY;
        return;
    }
    boundaries = (struct boundaries){.items = items};
    for (size_t i = 0; i < terms->line_count; i++) {
        add_line(&boundaries, terms, i);
    }
    qsort(items, boundaries.count, sizeof *items, compare_boundaries);
    review_sides(reviewing, &boundaries);
}

/* --- Amounts that are written twice --- */

/* A constant with a unit, where a line could stand in its place. */
struct amount {
    const struct operand *constant;
    size_t line;
};

struct amounts {
    size_t count;
    size_t line;
    struct amount *items; /* NULL while they are counted */
};

static void add_amount(struct amounts *amounts, const struct operand *operand)
{
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    rational_set_integer(&one, 1);
    /* Nothing and one unit are no terms that somebody agreed on. */
    if (operand->kind != OPERAND_CONSTANT || operand->unit.count == 0 ||
        rational_sign(&operand->constant) == 0 || rational_compare(&operand->constant, &one) == 0) {
        return;
    }
    if (amounts->items != NULL) {
        amounts->items[amounts->count] = (struct amount){operand, amounts->line};
    }
    amounts->count++;
}

static void add_amounts(struct amounts *amounts, const struct line *line)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        add_amount(amounts, &line->operands[i]);
    }
    if (line->has_at_least) {
        add_amount(amounts, &line->at_least);
    }
    if (line->has_at_most) {
        add_amount(amounts, &line->at_most);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        for (size_t k = 0; k < condition_operand_count(&line->conditions[i]); k++) {
            add_amount(amounts, &line->conditions[i].operands[k]);
        }
    }
    if (line->operation == OPERATION_WHEN) {
        add_amount(amounts, &line->then);
        add_amount(amounts, &line->otherwise);
    }
}

static int compare_amounts(const void *a, const void *b)
{
    const struct amount *first = a;
    const struct amount *second = b;
    int order = view_compare(first->constant->unit_text, second->constant->unit_text);
    if (order == 0) {
        order = rational_compare(&first->constant->constant, &second->constant->constant);
    }
    return order != 0 ? order : compare_sizes(first->line, second->line);
}

/* One finding for each amount, at the second line that has it. */
static void review_repeated(struct reviewing *reviewing, const struct amounts *amounts)
{
    size_t first = 0;
    bool is_told = false;
    for (size_t i = 1; i < amounts->count; i++) {
        const struct amount *amount = &amounts->items[i];
        const struct amount *before = &amounts->items[first];
        bool is_same =
            view_equal(before->constant->unit_text, amount->constant->unit_text) &&
            rational_compare(&before->constant->constant, &amount->constant->constant) == 0;
        first = is_same ? first : i;
        is_told = is_same && is_told;
        if (!is_same || is_told || before->line == amount->line) {
            continue;
        }
        is_told = true;
        struct review_finding *finding = reviewing_add(reviewing, REVIEW_CONSTANT_REPEATED,
                                                       amount->line, "/lines/%zu", amount->line);
        reviewing_set_value(finding, &amount->constant->constant, &amount->constant->unit);
        if (finding != NULL) {
            finding->name = reviewing->terms->lines[before->line].name;
        }
    }
}

static void add_all_amounts(struct amounts *amounts, const struct terms *terms)
{
    amounts->count = 0;
    for (size_t i = 0; i < terms->line_count; i++) {
        amounts->line = i;
        add_amounts(amounts, &terms->lines[i]);
    }
}

void review_constants(struct reviewing *reviewing)
{
    struct amounts amounts = {0};
    review_boundaries(reviewing);
    add_all_amounts(&amounts, reviewing->terms);
    OWNED(freep) struct amount *items = calloc(amounts.count + 1, sizeof *items);
    if (items == NULL) {
        reviewing->status = STATUS_MEMORY;
        return;
    }
    amounts.items = items;
    add_all_amounts(&amounts, reviewing->terms);
    qsort(items, amounts.count, sizeof *items, compare_amounts);
    review_repeated(reviewing, &amounts);
}
