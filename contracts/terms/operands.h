/*
 * Operands: walking over everything that a line depends on, wherever it stands in the line.
 */
#pragma once

#include "contracts/terms/terms.h"

typedef void operand_visit(void *context, const struct operand *operand);

/*
 * Visits every operand of a line: operands, bounds, tables, items, conditions, branches, rounding
 * step. What the line does not have is not visited.
 */
void line_each_operand(const struct line *line, operand_visit *visit, void *context);
