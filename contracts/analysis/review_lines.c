/* Findings about single lines: what is never used, never reached, or cannot be meant. */

#include "contracts/analysis/reviewing.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- Lines that nothing uses --- */

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

static void note_use(void *context, const struct operand *operand)
{
    bool *is_used = context;
    bool is_line = operand->kind == OPERAND_LINE || operand->kind == OPERAND_EARLIER;
    if (is_line) {
        is_used[operand->index] = true;
    }
}

static void review_unused(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    OWNED(freep) bool *is_used = calloc(terms->line_count + 1, sizeof *is_used);
    if (is_used == NULL) {
        reviewing->status = STATUS_MEMORY;
        return;
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_use, is_used);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        is_used[terms->pays[i].line] = true;
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            if (terms->pays[i].tranches[k].has_up_to) {
                is_used[terms->pays[i].tranches[k].up_to] = true;
            }
        }
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        if (!is_used[i] && terms->lines[i].actor.size == 0) {
            (void)reviewing_add(reviewing, REVIEW_LINE_UNUSED, i, "/lines/%zu", i);
        }
    }
}

/* --- Lines that are always the same --- */

struct variation {
    const struct reviewing *reviewing;
    bool is_varying;
};

/* Whether an operand is one number or another, depending on what is measured or placed. */
static void note_variation(void *context, const struct operand *operand)
{
    struct variation *variation = context;
    const struct survey *survey = &variation->reviewing->survey;
    bool is_line = operand->kind == OPERAND_LINE;
    variation->is_varying = variation->is_varying || operand->kind == OPERAND_MEASURED ||
                            operand->kind == OPERAND_FUNDED ||
                            (is_line && !survey->lines[operand->index].value.is_empty &&
                             !interval_is_point(&survey->lines[operand->index].value));
}

static void review_constant(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    struct variation variation = {reviewing, false};
    line_each_operand(line, note_variation, &variation);
    if (variation.is_varying && interval_is_point(&survey->value) && !reviewing->is_open[index] &&
        !reviewing->has_part[index]) {
        struct review_finding *finding =
            reviewing_add(reviewing, REVIEW_LINE_CONSTANT, index, "/lines/%zu", index);
        reviewing_set_value(finding, &survey->value.least, &line->unit);
    }
}

/* --- Division and clamps: looking for an example --- */

static void review_division(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    if (!survey->is_zero_divided) {
        return;
    }
    const struct operand *divisor = &line->operands[line->operation == OPERATION_POWER ? 0 : 1];
    OWNED(search_result_release) struct search_result result;
    search_result_init(&result);
    const struct question question = {index, survey->zero_period, divisor, NULL};
    bool is_found = reviewing_search(reviewing, SEARCH_ZERO, &question, &result);
    struct review_finding *finding =
        reviewing_add(reviewing, is_found ? REVIEW_DIVISION_BY_ZERO : REVIEW_DIVISION_UNPROVEN,
                      index, "/lines/%zu", index);
    if (is_found) {
        reviewing_set_when(finding, &result);
    }
}

static void review_clamp(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    if (!survey->is_crossed) {
        return;
    }
    OWNED(search_result_release) struct search_result result;
    search_result_init(&result);
    const struct question question = {index, survey->crossed_period, &line->at_most,
                                      &line->at_least};
    bool is_found = reviewing_search(reviewing, SEARCH_DIFFERENCE, &question, &result);
    if (is_found) {
        reviewing_set_when(
            reviewing_add(reviewing, REVIEW_CLAMP_CROSSED, index, "/lines/%zu", index), &result);
    }
}

/* --- Limits that never count --- */

static struct view operand_name(const struct operand *operand, const char *otherwise)
{
    bool has_name = operand->kind == OPERAND_LINE || operand->kind == OPERAND_MEASURED;
    return has_name ? operand->name : view_of(otherwise);
}

static void add_idle(struct reviewing *reviewing, size_t index, const struct operand *operand,
                     const char *name, const char *place)
{
    struct review_finding *finding =
        reviewing_add(reviewing, REVIEW_LIMIT_IDLE, index, "/lines/%zu/%s", index, place);
    if (finding != NULL) {
        finding->name = operand_name(operand, name);
    }
}

/* Where the line is the same whatever is measured, that is told instead. */
static void review_limits(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    char place[40];
    bool is_extreme = line->operation == OPERATION_MINIMUM || line->operation == OPERATION_MAXIMUM;
    if (survey->value.is_empty || interval_is_point(&survey->value) || reviewing->is_open[index]) {
        return;
    }
    for (size_t i = 0; is_extreme && i < line->operand_count; i++) {
        if (!survey->is_reached[i]) {
            (void)snprintf(place, sizeof place, "%s/%zu", operation_name(line->operation), i);
            add_idle(reviewing, index, &line->operands[i], operation_name(line->operation), place);
        }
    }
    if (line->operation == OPERATION_CLAMP && !survey->is_reached[1]) {
        add_idle(reviewing, index, &line->at_least, "at_least", "at_least");
    }
    if (line->operation == OPERATION_CLAMP && !survey->is_reached[2]) {
        add_idle(reviewing, index, &line->at_most, "at_most", "at_most");
    }
}

/* --- Conditions --- */

/* The JSON Pointer of a node, below the line's `when`. */
static void write_node(const struct line *line, size_t node, char *ret_place, size_t size)
{
    const struct condition *conditions = line->conditions;
    size_t at = 0;
    size_t used = 0;
    ret_place[0] = '\0';
    while (at != node) { /* each turn goes down */
        const char *name = conditions[at].kind == CONDITION_ALL   ? "all"
                           : conditions[at].kind == CONDITION_ANY ? "any"
                                                                  : "not";
        size_t child = at + 1;
        size_t place = 0;
        while (node >= child + conditions[child].size) {
            child += conditions[child].size;
            place++;
        }
        int written = conditions[at].kind == CONDITION_NOT
                          ? snprintf(ret_place + used, size - used, "/%s", name)
                          : snprintf(ret_place + used, size - used, "/%s/%zu", name, place);
        used = written < 0 || (size_t)written >= size - used ? used : used + (size_t)written;
        at = child;
    }
}

static void add_condition(struct reviewing *reviewing, enum review_code code, size_t index,
                          size_t node)
{
    char place[120];
    write_node(&reviewing->terms->lines[index], node, place, sizeof place);
    (void)reviewing_add(reviewing, code, index, "/lines/%zu/when%s", index, place);
    reviewing->has_part[index] = true;
}

/* A measured quotient, or a constant that is no whole number. */
static bool is_fraction(const struct terms *terms, const struct operand *operand)
{
    const struct operand *origin = operand_origin(terms, operand);
    return (origin->kind == OPERAND_CONSTANT && !rational_is_integer(&origin->constant)) ||
           (origin->kind == OPERAND_MEASURED && field_is_ratio(origin->field));
}

static void review_conditions(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct line_survey *survey = &reviewing->survey.lines[index];
    bool is_leaf_told = false;
    for (size_t i = 0; i < line->condition_count; i++) {
        const struct condition *condition = &line->conditions[i];
        if (condition_operand_count(condition) == 0) {
            continue;
        }
        if (survey->is_reached[i] != survey->is_missed[i]) {
            add_condition(reviewing,
                          survey->is_reached[i] ? REVIEW_CONDITION_ALWAYS : REVIEW_CONDITION_NEVER,
                          index, i);
            is_leaf_told = true;
        } else if (condition->kind == CONDITION_EQUALS &&
                   (is_fraction(reviewing->terms, &condition->operands[0]) ||
                    is_fraction(reviewing->terms, &condition->operands[1]))) {
            char place[120];
            write_node(line, i, place, sizeof place);
            (void)reviewing_add(reviewing, REVIEW_EQUALS_FRACTION, index, "/lines/%zu/when%s",
                                index, place);
        }
    }
    bool is_whole = line->condition_count > 0 && survey->is_reached[0] != survey->is_missed[0];
    if (is_whole && !is_leaf_told) {
        add_condition(reviewing,
                      survey->is_reached[0] ? REVIEW_CONDITION_ALWAYS : REVIEW_CONDITION_NEVER,
                      index, 0);
    }
}

/* --- Numbers that cannot be meant --- */

/* The last day of any binding period after which an operand of another period is measured. */
struct later {
    const struct terms *terms;
    const struct period *read;   /* the period that is read ... */
    const struct period *before; /* ... and one that ends before it; NULL when there is none */
};

static void note_later(void *context, const struct operand *operand)
{
    struct later *later = context;
    if (operand->kind != OPERAND_MEASURED || operand->period == OPERAND_SETTLED_PERIOD ||
        later->before != NULL) {
        return;
    }
    for (size_t i = 0; i < later->terms->period_count; i++) {
        const struct period *period = &later->terms->periods[i];
        later->read = &later->terms->periods[operand->period];
        if (period->binding && date_compare(period->to, later->read->to) < 0) {
            later->before = period;
            return;
        }
    }
}

/* Results are looked at only where they apply: what they read may be later. */
static void review_later(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    struct later later = {.terms = reviewing->terms};
    for (size_t i = 0; i < line->operand_count; i++) {
        note_later(&later, &line->operands[i]);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        for (size_t k = 0; k < condition_operand_count(&line->conditions[i]); k++) {
            note_later(&later, &line->conditions[i].operands[k]);
        }
    }
    for (size_t i = 0; i < line->item_count; i++) {
        note_later(&later, &line->items[i].count);
        note_later(&later, &line->items[i].price);
    }
    if (later.before == NULL) {
        return;
    }
    struct review_finding *finding =
        reviewing_add(reviewing, REVIEW_MEASURED_LATER, index, "/lines/%zu", index);
    if (finding != NULL) {
        finding->name = later.read->name;
        finding->other = later.before->name;
    }
}

static void review_rate(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    const struct operand *rate = operand_origin(reviewing->terms, &line->operands[1]);
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    rational_set_integer(&one, 1);
    const struct rational *least = NULL;
    if (rate->kind == OPERAND_CONSTANT) {
        least = &rate->constant;
    } else if (rate->kind == OPERAND_LINE && reviewing->survey.lines[rate->index].value.has_least) {
        least = &reviewing->survey.lines[rate->index].value.least;
    }
    if (least != NULL && rational_compare(least, &one) >= 0) {
        const struct unit number = {.count = 0};
        reviewing_set_value(
            reviewing_add(reviewing, REVIEW_RATE_ABOVE_ONE, index, "/lines/%zu/rate", index), least,
            &number);
    }
}

/* Reads a decimal at the start of a text, with a point or a comma; 0 bytes when there is none. */
static size_t read_number(struct view text, struct rational *ret_value)
{
    char decimal[DECIMAL_WHOLE_DIGITS_MAX + DECIMAL_FRACTION_DIGITS_MAX + 2];
    size_t size = 0;
    while (size < text.size && size < sizeof decimal - 1 &&
           ((text.data[size] >= '0' && text.data[size] <= '9') ||
            (size > 0 && (text.data[size] == '.' || text.data[size] == ',')))) {
        decimal[size] = text.data[size];
        if (decimal[size] == ',') {
            decimal[size] = '.';
        }
        size++;
    }
    bool is_number =
        size > 0 && rational_read_decimal((struct view){decimal, size}, ret_value) == STATUS_OK;
    return is_number ? size : 0;
}

/* Whether a text says a number in per cent: "40 %", "40%", with any kind of space. */
static bool says_percent(struct view text, const struct rational *value)
{
    OWNED(rational_release) struct rational said;
    rational_init(&said);
    for (size_t i = 0; i < text.size; i++) {
        bool is_within = i > 0 && (text.data[i - 1] == '.' || text.data[i - 1] == ',' ||
                                   (text.data[i - 1] >= '0' && text.data[i - 1] <= '9'));
        size_t size =
            is_within ? 0 : read_number((struct view){text.data + i, text.size - i}, &said);
        size_t end = i + size;
        while (size > 0 && end < text.size &&
               (text.data[end] == ' ' || ((unsigned char)text.data[end] & 0x80U) != 0)) {
            end++; /* a no-break space has several bytes */
        }
        if (size > 0 && end < text.size && text.data[end] == '%' &&
            rational_compare(&said, value) == 0) {
            return true;
        }
    }
    return false;
}

static void review_percent(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    OWNED(rational_release) struct rational share;
    OWNED(rational_release) struct rational hundred;
    rational_init(&share);
    rational_init(&hundred);
    rational_set_integer(&hundred, 100);
    for (size_t i = 0; i < line->operand_count; i++) {
        const struct operand *operand = operand_origin(reviewing->terms, &line->operands[i]);
        bool is_said = false;
        for (size_t k = 0; k < line->label.count && operand->kind == OPERAND_CONSTANT; k++) {
            is_said = is_said || says_percent(line->label.texts[k], &operand->constant);
        }
        if (!is_said || operand->unit.count > 0 ||
            rational_divide(&share, &operand->constant, &hundred) != STATUS_OK) {
            continue;
        }
        struct review_finding *finding = reviewing_add(reviewing, REVIEW_PERCENT_AS_NUMBER, index,
                                                       "/lines/%zu/multiply/%zu", index, i);
        reviewing_set_value(finding, &operand->constant, &operand->unit);
        reviewing_set_limit(finding, &share, &operand->unit);
    }
}

static void note_sum(void *context, const struct operand *operand)
{
    bool *is_sum = context;
    *is_sum = *is_sum || operand->kind == OPERAND_EARLIER || operand->kind == OPERAND_PAID;
}

static void review_sums(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    size_t binding = 0;
    for (size_t i = 0; i < terms->period_count; i++) {
        binding += terms->periods[i].binding;
    }
    for (size_t i = 0; i < terms->line_count && binding < 2; i++) {
        bool is_sum = false;
        line_each_operand(&terms->lines[i], note_sum, &is_sum);
        if (is_sum) {
            (void)reviewing_add(reviewing, REVIEW_EARLIER_ALWAYS_ZERO, i, "/lines/%zu", i);
        }
    }
}

/* --- All of them --- */

static void review_line(struct reviewing *reviewing, size_t index)
{
    const struct line *line = &reviewing->terms->lines[index];
    switch (line->operation) {
    case OPERATION_CLAMP:
        review_clamp(reviewing, index);
        review_limits(reviewing, index);
        break;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        review_limits(reviewing, index);
        break;
    case OPERATION_WHEN:
        review_conditions(reviewing, index);
        break;
    case OPERATION_MULTIPLY:
        review_percent(reviewing, index);
        break;
    case OPERATION_INTEREST:
        review_rate(reviewing, index);
        break;
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_INDEX:
        review_division(reviewing, index);
        break;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_NEGATE:
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
    case OPERATION_RATE_CARD:
    case OPERATION_BY_PERIOD:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    review_constant(reviewing, index);
    review_later(reviewing, index);
}

void review_lines(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    if (terms->pay_count > 0) {
        review_unused(reviewing);
    }
    review_sums(reviewing);
    for (size_t i = 0; i < terms->line_count; i++) {
        review_line(reviewing, i);
    }
}
