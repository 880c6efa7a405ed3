#include "contracts/terms/operands.h"

#include <assert.h>

size_t condition_operand_count(const struct condition *condition)
{
    switch (condition->kind) {
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_NOT:
        return 0;
    case CONDITION_AT_LEAST:
    case CONDITION_ABOVE:
    case CONDITION_AT_MOST:
    case CONDITION_BELOW:
    case CONDITION_EQUALS:
        return 2;
    case CONDITION_SIGNIFICANT:
        return condition->significance == SIGNIFICANCE_INTERVAL_EXCLUDES ? 3 : 2;
    }
    assert(false);
    return 0;
}

static void visit_steps(const struct line *line, operand_visit *visit, void *context)
{
    for (size_t i = 0; i < line->step_count; i++) {
        visit(context, &line->steps[i].threshold);
        visit(context, &line->steps[i].then);
    }
}

static void visit_items(const struct line *line, operand_visit *visit, void *context)
{
    for (size_t i = 0; i < line->item_count; i++) {
        const struct card_item *item = &line->items[i];
        visit(context, &item->count);
        visit(context, &item->price);
        if (item->has_multiplier) {
            visit(context, &item->multiplier);
        }
        if (item->has_count_at_most) {
            visit(context, &item->count_at_most);
        }
        if (item->has_amount_at_most) {
            visit(context, &item->amount_at_most);
        }
    }
}

static void visit_conditions(const struct line *line, operand_visit *visit, void *context)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        const struct condition *condition = &line->conditions[i];
        for (size_t k = 0; k < condition_operand_count(condition); k++) {
            visit(context, &condition->operands[k]);
        }
    }
}

void line_each_operand(const struct line *line, operand_visit *visit, void *context)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        visit(context, &line->operands[i]);
    }
    if (line->has_at_least) {
        visit(context, &line->at_least);
    }
    if (line->has_at_most) {
        visit(context, &line->at_most);
    }
    visit_steps(line, visit, context);
    visit_items(line, visit, context);
    for (size_t i = 0; i < line->case_count; i++) {
        visit(context, &line->cases[i].then);
    }
    visit_conditions(line, visit, context);
    if (line->operation == OPERATION_WHEN) {
        visit(context, &line->then);
    }
    if (line->has_otherwise) {
        visit(context, &line->otherwise);
    }
    if (line->operation == OPERATION_ROUND) {
        visit(context, &line->to);
    }
}

struct unit outcome_field_unit(const struct outcome *outcome, enum measured_field field)
{
    switch (field) {
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
        return outcome->unit;
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_DENOMINATOR:
    case MEASURED_CONTROL_COUNT:
    case MEASURED_CONTROL_NUMERATOR:
    case MEASURED_CONTROL_DENOMINATOR:
        return outcome->count_unit;
    case MEASURED_P_VALUE:
    case MEASURED_RATIO:
    case MEASURED_CONTROL_RATIO:
    case MEASURED_FIELD_COUNT:
        break;
    }
    return (struct unit){.count = 0};
}
