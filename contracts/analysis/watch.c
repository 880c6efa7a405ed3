#include "contracts/analysis/watch.h"

#include <stdlib.h>

const struct operand *operand_origin(const struct terms *terms, const struct operand *operand)
{
    while (operand->kind == OPERAND_LINE) { /* each turn names a line further up */
        const struct line *line = &terms->lines[operand->index];
        if (line->operation != OPERATION_TAKE) {
            return operand;
        }
        operand = &line->operands[0];
    }
    return operand;
}

/* Counts at first, while there are no items. */
static void add(struct watches *watches, size_t line, const struct operand *a,
                const struct operand *b)
{
    if (watches->items != NULL) {
        watches->items[watches->count] = (struct watch){.line = line, .a = a, .b = b};
    }
    watches->count++;
}

static void add_clamp(struct watches *watches, const struct line *line, size_t index)
{
    if (line->has_at_least) {
        add(watches, index, &line->operands[0], &line->at_least);
    }
    if (line->has_at_most) {
        add(watches, index, &line->operands[0], &line->at_most);
    }
    if (line->has_at_least && line->has_at_most) {
        add(watches, index, &line->at_least, &line->at_most);
    }
}

static void add_conditions(struct watches *watches, const struct line *line, size_t index)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        const struct condition *condition = &line->conditions[i];
        size_t count = condition_operand_count(condition);
        if (count > 0) {
            add(watches, index, &condition->operands[0], &condition->operands[1]);
        }
        if (count > 2) {
            add(watches, index, &condition->operands[2], &condition->operands[1]);
        }
    }
}

static void add_line(struct watches *watches, const struct line *line, size_t index)
{
    switch (line->operation) {
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        for (size_t i = 1; i < line->operand_count; i++) {
            add(watches, index, &line->operands[i], &line->operands[i - 1]);
        }
        return;
    case OPERATION_CLAMP:
        add_clamp(watches, line, index);
        return;
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
        add(watches, index, &line->operands[0], NULL);
        return;
    case OPERATION_RATE_CARD:
        for (size_t i = 0; i < line->item_count; i++) {
            if (line->items[i].has_count_at_most) {
                add(watches, index, &line->items[i].count, &line->items[i].count_at_most);
            }
        }
        return;
    case OPERATION_WHEN:
        add_conditions(watches, line, index);
        return;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_BY_PERIOD:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        return;
    }
}

static void add_all(struct watches *watches, const struct terms *terms)
{
    watches->count = 0;
    for (size_t i = 0; i < terms->line_count; i++) {
        add_line(watches, &terms->lines[i], i);
    }
}

enum status watches_init(struct watches *watches, const struct terms *terms)
{
    *watches = (struct watches){0};
    add_all(watches, terms);
    watches->items = calloc(watches->count + 1, sizeof *watches->items);
    if (watches->items == NULL) {
        return STATUS_MEMORY;
    }
    add_all(watches, terms);
    return STATUS_OK;
}

void watches_release(struct watches *watches)
{
    free(watches->items);
    *watches = (struct watches){0};
}
