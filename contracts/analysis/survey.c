#include "contracts/analysis/survey.h"

#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

size_t survey_part_count(const struct line *line)
{
    switch (line->operation) {
    case OPERATION_TIERS:
        return line->step_count + 1;
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
        return line->step_count;
    case OPERATION_WHEN:
        return line->condition_count;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        return line->operand_count;
    case OPERATION_CLAMP:
        return 3;
    case OPERATION_BY_PERIOD:
        return line->case_count;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_RATE_CARD:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    return 0;
}

/* --- Periods --- */

void periods_in_order(const struct terms *terms, size_t *ret_order)
{
    for (size_t i = 0; i < terms->period_count; i++) {
        size_t place = i;
        while (place > 0 &&
               date_compare(terms->periods[ret_order[place - 1]].to, terms->periods[i].to) > 0) {
            ret_order[place] = ret_order[place - 1];
            place--;
        }
        ret_order[place] = i;
    }
}

/* --- One line in one period --- */

static void note_first(bool is_so, size_t period, bool *is_noted, size_t *ret_period)
{
    if (is_so && !*is_noted) {
        *is_noted = true;
        *ret_period = period;
    }
}

static void note_tiers(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    OWNED(interval_release) struct interval x;
    interval_init(&x);
    reach_operand(reach, &line->operands[0], &x);
    size_t first;
    size_t end;
    reach_steps(line, &x, &first, &end);
    for (size_t i = first; i < end; i++) {
        const struct operand *then = i == 0 ? &line->otherwise : &line->steps[i - 1].then;
        survey->is_reached[i] = true;
        survey->is_unpublished_reached =
            survey->is_unpublished_reached || then->kind == OPERAND_UNPUBLISHED;
    }
}

/* A point matters when the operand can come nearer to it than the point next to it. */
static void note_curve(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    OWNED(interval_release) struct interval x;
    OWNED(interval_release) struct interval around;
    interval_init(&x);
    interval_init(&around);
    reach_operand(reach, &line->operands[0], &x);
    const size_t last = line->step_count - 1;
    for (size_t i = 0; i <= last; i++) {
        const struct rational *before = i == 0 ? NULL : &line->steps[i - 1].threshold.constant;
        const struct rational *after = i == last ? NULL : &line->steps[i + 1].threshold.constant;
        bool is_after =
            before == NULL || !x.has_greatest || rational_compare(&x.greatest, before) > 0;
        bool is_before = after == NULL || !x.has_least || rational_compare(&x.least, after) < 0;
        survey->is_reached[i] = survey->is_reached[i] || (is_after && is_before);
    }
}

static void note_brackets(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    OWNED(interval_release) struct interval x;
    interval_init(&x);
    reach_operand(reach, &line->operands[0], &x);
    for (size_t i = 0; i < line->step_count; i++) {
        const struct step *step = &line->steps[i];
        bool is_reached =
            !x.has_greatest || rational_compare(&x.greatest, &step->threshold.constant) > 0;
        survey->is_reached[i] = survey->is_reached[i] || is_reached;
        survey->is_unpublished_reached = survey->is_unpublished_reached ||
                                         (is_reached && step->then.kind == OPERAND_UNPUBLISHED);
    }
}

static void note_conditions(struct reach *reach, const struct line *line,
                            struct line_survey *survey)
{
    for (size_t i = 0; i < line->condition_count; i++) {
        enum holds holds = reach_condition(reach, line, i);
        survey->is_reached[i] = survey->is_reached[i] || holds != HOLDS_NEVER;
        survey->is_missed[i] = survey->is_missed[i] || holds != HOLDS_ALWAYS;
    }
    survey->is_unpublished_reached =
        (survey->is_reached[0] && line->then.kind == OPERAND_UNPUBLISHED) ||
        (survey->is_missed[0] && line->otherwise.kind == OPERAND_UNPUBLISHED);
}

/* Whether a can be at least b (order 1), or at most b (-1). */
static bool can_be(struct reach *reach, const struct operand *a, const struct operand *b, int order)
{
    OWNED(interval_release) struct interval difference;
    interval_init(&difference);
    reach_difference(reach, a, b, &difference);
    return interval_sign(&difference) != -order;
}

/* An operand decides when it can be as extreme as each of the others. */
static void note_extreme(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    int order = line->operation == OPERATION_MAXIMUM ? 1 : -1;
    for (size_t i = 0; i < line->operand_count; i++) {
        bool decides = true;
        for (size_t k = 0; k < line->operand_count && decides; k++) {
            decides = k == i || can_be(reach, &line->operands[i], &line->operands[k], order);
        }
        survey->is_reached[i] = survey->is_reached[i] || decides;
    }
}

static void note_clamp(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    const struct operand *x = &line->operands[0];
    OWNED(interval_release) struct interval room;
    interval_init(&room);
    survey->is_reached[0] = true;
    survey->is_reached[1] =
        survey->is_reached[1] || !line->has_at_least || can_be(reach, x, &line->at_least, -1);
    survey->is_reached[2] =
        survey->is_reached[2] || !line->has_at_most || can_be(reach, x, &line->at_most, 1);
    if (!line->has_at_least || !line->has_at_most) {
        return;
    }
    reach_difference(reach, &line->at_most, &line->at_least, &room);
    note_first(!room.has_least || rational_sign(&room.least) < 0, reach->period,
               &survey->is_crossed, &survey->crossed_period);
}

static void note_divisor(struct reach *reach, const struct operand *divisor,
                         struct line_survey *survey)
{
    OWNED(interval_release) struct interval value;
    interval_init(&value);
    reach_operand(reach, divisor, &value);
    note_first(interval_sign(&value) == 0, reach->period, &survey->is_zero_divided,
               &survey->zero_period);
}

static void note_period(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    const struct operand *then = &line->otherwise;
    for (size_t i = 0; i < line->case_count; i++) {
        if (line->cases[i].period == reach->period) {
            survey->is_reached[i] = true;
            then = &line->cases[i].then;
        }
    }
    survey->is_unpublished_reached =
        survey->is_unpublished_reached || then->kind == OPERAND_UNPUBLISHED;
}

static void note_parts(struct reach *reach, const struct line *line, struct line_survey *survey)
{
    switch (line->operation) {
    case OPERATION_TIERS:
        note_tiers(reach, line, survey);
        return;
    case OPERATION_CURVE:
        note_curve(reach, line, survey);
        return;
    case OPERATION_BRACKETS:
        note_brackets(reach, line, survey);
        return;
    case OPERATION_WHEN:
        note_conditions(reach, line, survey);
        return;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        note_extreme(reach, line, survey);
        return;
    case OPERATION_CLAMP:
        note_clamp(reach, line, survey);
        return;
    case OPERATION_DIVIDE:
    case OPERATION_INDEX:
        note_divisor(reach, &line->operands[1], survey);
        return;
    case OPERATION_POWER:
        if (line->exponent < 0) {
            note_divisor(reach, &line->operands[0], survey);
        }
        return;
    case OPERATION_BY_PERIOD:
        note_period(reach, line, survey);
        return;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_NEGATE:
    case OPERATION_RATE_CARD:
    case OPERATION_INTEREST:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        return;
    }
}

/* --- All of them --- */

static void note_lines(struct survey *survey, struct reach *reach)
{
    const struct terms *terms = &survey->inputs->contract->terms;
    survey->is_refused[reach->period] = reach->is_refused;
    survey->refused[reach->period] = reach->refused;
    survey->is_unpayable[reach->period] = reach->is_unpayable;
    for (size_t i = 0; i < terms->line_count; i++) {
        struct line_survey *line = &survey->lines[i];
        /* Of the line that is always refused, it is still told which way leads there. */
        if (!reach->is_refused || i <= reach->refused) {
            note_parts(reach, &terms->lines[i], line);
        }
        const struct interval *value = &reach->lines[i].value;
        bool is_negative =
            !value->is_empty && (!value->has_least || rational_sign(&value->least) < 0);
        note_first(is_negative, reach->period, &line->is_negative, &line->negative_period);
        interval_hull(&line->value, &line->value, value);
    }
}

static bool lines_init(struct survey *survey)
{
    const struct terms *terms = &survey->inputs->contract->terms;
    bool is_whole = true;
    for (size_t i = 0; i < terms->line_count; i++) {
        struct line_survey *line = &survey->lines[i];
        size_t count = survey_part_count(&terms->lines[i]);
        interval_init(&line->value);
        interval_set_empty(&line->value);
        line->is_reached = calloc(count + 1, sizeof *line->is_reached);
        line->is_missed = calloc(count + 1, sizeof *line->is_missed);
        is_whole = is_whole && line->is_reached != NULL && line->is_missed != NULL;
    }
    return is_whole;
}

enum status survey_init(struct survey *survey, const struct inputs *inputs, struct reach *reach,
                        const struct interval *domains)
{
    const struct terms *terms = &inputs->contract->terms;
    *survey = (struct survey){
        .inputs = inputs,
        .lines = calloc(terms->line_count + 1, sizeof *survey->lines),
        .is_refused = calloc(terms->period_count + 1, sizeof *survey->is_refused),
        .refused = calloc(terms->period_count + 1, sizeof *survey->refused),
        .is_unpayable = calloc(terms->period_count + 1, sizeof *survey->is_unpayable),
    };
    if (survey->lines == NULL) {
        survey_release(survey);
        return STATUS_MEMORY;
    }
    bool is_whole = lines_init(survey);
    if (!is_whole || survey->is_refused == NULL || survey->refused == NULL ||
        survey->is_unpayable == NULL) {
        survey_release(survey);
        return STATUS_MEMORY;
    }
    size_t order[TERMS_PERIODS_MAX];
    periods_in_order(terms, order);
    reach_begin(reach, domains);
    for (size_t i = 0; i < terms->period_count; i++) {
        reach_compute(reach, order[i]);
        note_lines(survey, reach);
        bool is_settled = terms->periods[order[i]].binding && inputs_is_open(inputs, order[i]);
        if (is_settled && !reach->is_refused && !reach->is_unpayable) {
            reach_settle(reach);
        }
    }
    return STATUS_OK;
}

void survey_release(struct survey *survey)
{
    size_t count = survey->lines == NULL ? 0 : survey->inputs->contract->terms.line_count;
    for (size_t i = 0; i < count; i++) {
        interval_release(&survey->lines[i].value);
        free(survey->lines[i].is_reached);
        free(survey->lines[i].is_missed);
    }
    free(survey->lines);
    free(survey->is_refused);
    free(survey->refused);
    free(survey->is_unpayable);
    *survey = (struct survey){0};
}
