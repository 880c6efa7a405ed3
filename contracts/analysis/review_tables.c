/* Findings about tables: steps that never apply, results that are not published or uneven. */

#include "contracts/analysis/reviewing.h"

#include "ledger/base/ownership.h"

#include <stdint.h>

/* --- What never applies --- */

/* What the table's operand can be, which is why. */
static void set_reach(struct reviewing *reviewing, const struct line *line,
                      struct review_finding *finding)
{
    const struct operand *x = &line->operands[0];
    if (finding == NULL) {
        return;
    }
    if (x->kind == OPERAND_LINE) {
        interval_set(&finding->reach, &reviewing->survey.lines[x->index].value);
    } else if (x->kind == OPERAND_MEASURED) {
        size_t period = operand_period(x, 0);
        size_t input = inputs_measured(reviewing->inputs, x->index, period, x->field);
        interval_set(&finding->reach, &reviewing->inputs->items[input].domain);
    } else {
        return;
    }
    finding->has_reach = !finding->reach.is_empty;
    finding->reach_unit = x->unit;
}

static void add_part(struct reviewing *reviewing, size_t index, size_t step)
{
    const struct line *line = &reviewing->terms->lines[index];
    enum review_code code = line->operation == OPERATION_TIERS   ? REVIEW_STEP_UNREACHABLE
                            : line->operation == OPERATION_CURVE ? REVIEW_POINT_UNREACHABLE
                                                                 : REVIEW_BLOCK_UNREACHABLE;
    const char *member = line->operation == OPERATION_TIERS   ? "steps"
                         : line->operation == OPERATION_CURVE ? "points"
                                                              : "blocks";
    const struct operand *threshold = &line->steps[step].threshold;
    struct review_finding *finding =
        reviewing_add(reviewing, code, index, "/lines/%zu/%s/%zu", index, member, step);
    reviewing_set_limit(finding, &threshold->constant, &threshold->unit);
    set_reach(reviewing, line, finding);
    reviewing->has_part[index] = true;
}

static void review_reached(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const bool *is_reached = reviewing->survey.lines[index].is_reached;
    size_t first = line->operation == OPERATION_TIERS ? 1 : 0; /* its part 0 is `otherwise` */
    const struct operand *x = &line->operands[0];
    bool is_open = x->kind == OPERAND_LINE && reviewing->is_open[x->index];
    if (reviewing->survey.lines[index].value.is_empty || is_open) {
        return; /* it is never computed, or refused wherever it leads, or not all is published */
    }
    for (size_t i = 0; i < line->step_count; i++) {
        if (!is_reached[first + i]) {
            add_part(reviewing, index, i);
        }
    }
}

/* --- Results that are not published --- */

static void add_unpublished(struct reviewing *reviewing, size_t index, const char *place)
{
    (void)reviewing_add(reviewing, REVIEW_RESULT_NOT_PUBLISHED, index, "/lines/%zu/%s", index,
                        place);
}

static void add_unpublished_at(struct reviewing *reviewing, size_t index, const char *member,
                               size_t place, const char *result)
{
    (void)reviewing_add(reviewing, REVIEW_RESULT_NOT_PUBLISHED, index, "/lines/%zu/%s/%zu/%s",
                        index, member, place, result);
}

static void review_unpublished(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    const bool is_tiers = line->operation == OPERATION_TIERS;
    if (!survey->is_unpublished_reached) {
        return;
    }
    for (size_t i = 0; i < line->step_count; i++) {
        bool is_reached = survey->is_reached[is_tiers ? i + 1 : i];
        if (is_reached && line->steps[i].then.kind == OPERAND_UNPUBLISHED) {
            add_unpublished_at(reviewing, index, is_tiers ? "steps" : "blocks", i,
                               is_tiers ? "then" : "rate");
        }
    }
    for (size_t i = 0; i < line->case_count; i++) {
        if (survey->is_reached[i] && line->cases[i].then.kind == OPERAND_UNPUBLISHED) {
            add_unpublished_at(reviewing, index, "by_period", i, "then");
        }
    }
    bool is_when = line->operation == OPERATION_WHEN;
    if (is_when && survey->is_reached[0] && line->then.kind == OPERAND_UNPUBLISHED) {
        add_unpublished(reviewing, index, "then");
    }
    bool is_otherwise = is_when                                  ? survey->is_missed[0]
                        : line->operation == OPERATION_BY_PERIOD ? true
                                                                 : survey->is_reached[0];
    if (line->has_otherwise && is_otherwise && line->otherwise.kind == OPERAND_UNPUBLISHED) {
        add_unpublished(reviewing, index, "otherwise");
    }
}

/* --- Results that rise and fall --- */

/* The result of a place in the table: tiers begin with `otherwise`. NULL when it is no constant. */
static const struct rational *result_at(const struct reviewing *reviewing, const struct line *line,
                                        size_t place)
{
    const struct operand *result = &line->steps[place].then;
    if (line->operation == OPERATION_TIERS) {
        result = place == 0 ? &line->otherwise : &line->steps[place - 1].then;
    }
    result = operand_origin(reviewing->terms, result);
    return result->kind == OPERAND_CONSTANT ? &result->constant : NULL;
}

static void review_evenness(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const bool is_tiers = line->operation == OPERATION_TIERS;
    const size_t count = line->step_count + is_tiers;
    int direction = 0;
    const struct rational *before = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct rational *result = result_at(reviewing, line, i);
        if (result == NULL) {
            continue;
        }
        int compared = before == NULL ? 0 : rational_compare(result, before);
        int turn = (compared > 0) - (compared < 0);
        if (turn * direction < 0) {
            size_t step = i - is_tiers; /* the first place gives no direction */
            struct review_finding *finding =
                reviewing_add(reviewing, REVIEW_TIERS_UNEVEN, index, "/lines/%zu/%s/%zu", index,
                              is_tiers ? "steps" : "points", step);
            reviewing_set_value(finding, before, &line->unit);
            reviewing_set_limit(finding, result, &line->unit);
            return;
        }
        direction = turn != 0 ? turn : direction;
        before = result;
    }
}

void review_tables(struct reviewing *reviewing)
{
    for (size_t i = 0; i < reviewing->terms->line_count; i++) {
        enum operation operation = reviewing->terms->lines[i].operation;
        if (operation == OPERATION_TIERS || operation == OPERATION_CURVE ||
            operation == OPERATION_BRACKETS) {
            review_reached(reviewing, i);
        }
        if (operation == OPERATION_TIERS || operation == OPERATION_CURVE) {
            review_evenness(reviewing, i);
        }
        review_unpublished(reviewing, i);
    }
}
