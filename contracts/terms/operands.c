#include "contracts/terms/operands.h"

static bool is_comparison(enum condition_kind kind)
{
    return kind != CONDITION_ALL && kind != CONDITION_ANY && kind != CONDITION_NOT;
}

static void visit_tables(const struct line *line, operand_visit *visit, void *context)
{
    for (size_t i = 0; i < line->step_count; i++) {
        visit(context, &line->steps[i].threshold);
        visit(context, &line->steps[i].then);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        if (is_comparison(line->conditions[i].kind)) {
            visit(context, &line->conditions[i].operands[0]);
            visit(context, &line->conditions[i].operands[1]);
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
    visit_tables(line, visit, context);
    if (line->operation == OPERATION_WHEN) {
        visit(context, &line->then);
    }
    if (line->operation == OPERATION_WHEN || line->operation == OPERATION_TIERS) {
        visit(context, &line->otherwise);
    }
    if (line->operation == OPERATION_ROUND) {
        visit(context, &line->to);
    }
}
