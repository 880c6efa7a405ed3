#include "contracts/analysis/influence.h"

#include "contracts/terms/operands.h"

/* An `earlier` or `paid` may name a line that stands further down: that one must be looked at. */
struct spread {
    const struct terms *terms;
    bool *marked;
    bool is_done;
};

static void mark(struct spread *spread, size_t line)
{
    if (!spread->marked[line]) {
        spread->marked[line] = true;
        spread->is_done = false;
    }
}

static void mark_operand(void *context, const struct operand *operand)
{
    struct spread *spread = context;
    bool is_line = operand->kind == OPERAND_LINE || operand->kind == OPERAND_EARLIER ||
                   operand->kind == OPERAND_PAID;
    if (is_line && operand->index < spread->terms->line_count) {
        mark(spread, operand->index);
    } else if (operand->kind == OPERAND_PAID) {
        for (size_t i = 0; i < spread->terms->pay_count; i++) {
            mark(spread, spread->terms->pays[i].line);
        }
    }
}

void influence_spread(const struct terms *terms, bool *marked)
{
    struct spread spread = {.terms = terms, .marked = marked};
    while (!spread.is_done) { /* each turn but the last marks a line */
        spread.is_done = true;
        for (size_t i = terms->line_count; i-- > 0;) {
            if (marked[i]) {
                line_each_operand(&terms->lines[i], mark_operand, &spread);
            }
        }
    }
}

void influence_mark_pays(const struct terms *terms, bool *marked)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        marked[pay->line] = true;
        for (size_t k = 0; k < pay->tranche_count; k++) {
            if (pay->tranches[k].has_up_to) {
                marked[pay->tranches[k].up_to] = true;
            }
        }
    }
}
