#include "contracts/analysis/reviewing.h"

#include "contracts/analysis/influence.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * About how many lines are computed: a second or so. Most of it goes to the liability; a search for
 * an example is short, and there are not many.
 */
#define LIABILITY_WORK_MAX 1200000
#define EXAMPLE_WORK_MAX 20000
#define EXAMPLES_MAX 30

/* A search that could try less than this many settlements is not begun. */
#define SETTLEMENTS_MIN 20

static const struct {
    const char *name;
    enum review_severity severity;
    const char *english;
    const char *swedish;
} FINDINGS[] = {
#define FINDING(name, severity, english, swedish) \
    [REVIEW_##name] = {#name, REVIEW_##severity, english, swedish},
#include "contracts/analysis/findings.def"
#undef FINDING
};

const char *review_name(enum review_code code)
{
    return FINDINGS[code].name;
}

enum review_severity review_severity(enum review_code code)
{
    return FINDINGS[code].severity;
}

const char *review_sentence(enum review_code code, const char *language)
{
    return strcmp(language, "sv") == 0 ? FINDINGS[code].swedish : FINDINGS[code].english;
}

/* --- Findings --- */

static void finding_free(struct review_finding *finding)
{
    rational_release(&finding->value);
    rational_release(&finding->limit);
    interval_release(&finding->reach);
    for (size_t i = 0; i < finding->chosen_count; i++) {
        rational_release(&finding->chosen[i].value);
    }
    free(finding->chosen);
    free(finding);
}

struct review_finding *reviewing_add(struct reviewing *reviewing, enum review_code code,
                                     size_t line, const char *format, ...)
{
    struct review *review = reviewing->review;
    if (review->count == REVIEW_FINDINGS_MAX) {
        review->is_count_cut = true;
        return NULL;
    }
    struct review_finding *finding = calloc(1, sizeof *finding);
    if (finding == NULL) {
        reviewing->status = STATUS_MEMORY;
        return NULL;
    }
    finding->code = code;
    finding->line = line;
    rational_init(&finding->value);
    rational_init(&finding->limit);
    interval_init(&finding->reach);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(finding->at, sizeof finding->at, format, arguments);
    va_end(arguments);
    review->findings[review->count] = finding;
    review->count++;
    return finding;
}

void reviewing_set_value(struct review_finding *finding, const struct rational *value,
                         const struct unit *unit)
{
    if (finding != NULL) {
        rational_set(&finding->value, value);
        finding->value_unit = *unit;
    }
}

void reviewing_set_limit(struct review_finding *finding, const struct rational *limit,
                         const struct unit *unit)
{
    if (finding != NULL) {
        rational_set(&finding->limit, limit);
        finding->limit_unit = *unit;
    }
}

void reviewing_set_when(struct review_finding *finding, struct search_result *result)
{
    if (finding != NULL) {
        finding->chosen = STEAL(result->chosen);
        finding->chosen_count = result->chosen_count;
        result->chosen_count = 0;
    }
}

void reviewing_copy_when(struct reviewing *reviewing, struct review_finding *finding,
                         const struct search_result *result)
{
    finding->chosen = calloc(result->chosen_count + 1, sizeof *finding->chosen);
    if (finding->chosen == NULL) {
        reviewing->status = STATUS_MEMORY;
        return;
    }
    for (size_t i = 0; i < result->chosen_count; i++) {
        finding->chosen[i].input = result->chosen[i].input;
        rational_init(&finding->chosen[i].value);
        rational_set(&finding->chosen[i].value, &result->chosen[i].value);
        finding->chosen_count++;
    }
}

void reviewing_currency_unit(const struct reviewing *reviewing, struct unit *ret_unit)
{
    *ret_unit = (struct unit){.count = 1};
    ret_unit->bases[0].name = reviewing->terms->currency_code;
    ret_unit->bases[0].exponent = 1;
}

/* --- Examples --- */

/* The binding periods before one, in their order, and then that one. */
static size_t life_until(const struct reviewing *reviewing, size_t period, size_t *ret_periods)
{
    const struct terms *terms = reviewing->terms;
    const struct survey *survey = &reviewing->survey;
    size_t order[TERMS_PERIODS_MAX];
    size_t count = 0;
    periods_in_order(terms, order);
    for (size_t i = 0; i < terms->period_count && order[i] != period; i++) {
        bool is_settled = terms->periods[order[i]].binding && !survey->is_refused[order[i]] &&
                          !survey->is_unpayable[order[i]];
        if (is_settled) {
            ret_periods[count] = order[i];
            count++;
        }
    }
    ret_periods[count] = period;
    return count + 1;
}

static bool depends_on_earlier(const struct reviewing *reviewing)
{
    bool depends = reviewing->inputs->is_paid_read;
    for (size_t i = 0; i < reviewing->terms->line_count && !depends; i++) {
        depends = reviewing->inputs->is_earlier[i];
    }
    return depends;
}

bool reviewing_example(struct reviewing *reviewing, const struct search_goal *goal,
                       struct search_result *ret_result)
{
    size_t lines = reviewing->terms->line_count * goal->period_count;
    if (reviewing->search_count == EXAMPLES_MAX || reviewing->status != STATUS_OK ||
        EXAMPLE_WORK_MAX / (lines + 1) < SETTLEMENTS_MIN) {
        reviewing->is_example_missing = true;
        return false;
    }
    reviewing->search_count++;
    enum status status = search(&reviewing->searcher, goal, EXAMPLE_WORK_MAX, ret_result);
    if (status != STATUS_OK) {
        reviewing->status = status;
    }
    return status == STATUS_OK && ret_result->is_found;
}

bool reviewing_search(struct reviewing *reviewing, enum search_kind kind,
                      const struct question *question, struct search_result *ret_result)
{
    size_t periods[TERMS_PERIODS_MAX];
    size_t count = 1;
    periods[0] = question->period;
    if (depends_on_earlier(reviewing)) {
        count = life_until(reviewing, question->period, periods);
    }
    const struct search_goal goal = {
        .kind = kind,
        .order = -1,
        .periods = periods,
        .period_count = count,
        .line = question->line,
        .a = question->a,
        .b = question->b,
    };
    if (!reviewing_example(reviewing, &goal, ret_result)) {
        return false;
    }
    int sign = rational_sign(&ret_result->value);
    return kind == SEARCH_ZERO ? sign == 0 : sign < 0;
}

/* --- The review --- */

/* Which outcomes lines read. */
struct reader {
    bool *is_read; /* [outcome] */
};

static void note_outcome(void *context, const struct operand *operand)
{
    const struct reader *reader = context;
    if (operand->kind == OPERAND_MEASURED) {
        reader->is_read[operand->index] = true;
    }
}

static void note_influence(struct reviewing *reviewing)
{
    const struct terms *terms = reviewing->terms;
    struct reader measured = {reviewing->is_measured};
    struct reader paying = {reviewing->is_paying};
    influence_mark_pays(terms, reviewing->is_paid);
    influence_spread(terms, reviewing->is_paid);
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_outcome, &measured);
        if (reviewing->is_paid[i]) {
            line_each_operand(&terms->lines[i], note_outcome, &paying);
        }
    }
}

struct opening {
    const bool *is_open;
    bool is_found;
};

static void note_open(void *context, const struct operand *operand)
{
    struct opening *opening = context;
    opening->is_found =
        opening->is_found || (operand->kind == OPERAND_LINE && opening->is_open[operand->index]);
}

static void note_openness(struct reviewing *reviewing)
{
    for (size_t i = 0; i < reviewing->terms->line_count; i++) {
        struct opening opening = {reviewing->is_open, false};
        line_each_operand(&reviewing->terms->lines[i], note_open, &opening);
        reviewing->is_open[i] =
            opening.is_found || reviewing->survey.lines[i].is_unpublished_reached;
    }
}

static int compare_findings(const void *a, const void *b)
{
    const struct review_finding *first = *(const struct review_finding *const *)a;
    const struct review_finding *second = *(const struct review_finding *const *)b;
    return first->code == second->code ? 0 : first->code < second->code ? -1 : 1;
}

/* In the order of findings.def; a sort that keeps equal ones as they are. */
static void sort_findings(struct review *review)
{
    for (size_t i = 1; i < review->count; i++) {
        struct review_finding *finding = review->findings[i];
        size_t place = i;
        while (place > 0 && compare_findings(&review->findings[place - 1], &finding) > 0) {
            review->findings[place] = review->findings[place - 1];
            place--;
        }
        review->findings[place] = finding;
    }
}

/* An end without a limit has nothing to come nearer to. */
static bool is_done(const struct search_result *end)
{
    return end_is_exact(end) || !end->is_bounded;
}

static bool is_all_exact(const struct review *review)
{
    bool is_exact = true;
    for (size_t i = 0; i < review->liabilities.party_count; i++) {
        const struct party_liability *party = &review->liabilities.parties[i];
        is_exact = is_exact && is_done(&party->in_all.least) && is_done(&party->in_all.greatest);
        for (size_t k = 0; k < review->liabilities.period_count; k++) {
            is_exact = is_exact && is_done(&party->periods[k].least) &&
                       is_done(&party->periods[k].greatest);
        }
    }
    return is_exact;
}

static enum status run(struct reviewing *reviewing)
{
    struct review *review = reviewing->review;
    struct searcher *searcher = &reviewing->searcher;
    TRY(survey_init(&reviewing->survey, &review->inputs, &searcher->reach, searcher->domains));
    TRY(liabilities_init(&review->liabilities, searcher, &reviewing->survey, LIABILITY_WORK_MAX));
    note_influence(reviewing);
    note_openness(reviewing);
    review_roles(reviewing);
    review_outcomes(reviewing);
    review_periods(reviewing);
    review_tables(reviewing);
    review_lines(reviewing);
    review_constants(reviewing);
    review_pays(reviewing);
    review_liability(reviewing);
    sort_findings(review);
    review->is_cut = reviewing->is_example_missing || (searcher->is_cut && !is_all_exact(review));
    review->evaluations = searcher->play.evaluations;
    return reviewing->status;
}

static void reviewing_release(struct reviewing *reviewing)
{
    survey_release(&reviewing->survey);
    searcher_release(&reviewing->searcher);
    free(reviewing->is_paid);
    free(reviewing->is_measured);
    free(reviewing->is_paying);
    free(reviewing->has_part);
    free(reviewing->is_open);
}

static enum status reviewing_init(struct reviewing *reviewing, struct review *review)
{
    const struct terms *terms = &review->contract->terms;
    *reviewing = (struct reviewing){
        .review = review,
        .contract = review->contract,
        .terms = terms,
        .inputs = &review->inputs,
        .is_paid = calloc(terms->line_count + 1, sizeof *reviewing->is_paid),
        .is_measured = calloc(terms->outcome_count + 1, sizeof *reviewing->is_measured),
        .is_paying = calloc(terms->outcome_count + 1, sizeof *reviewing->is_paying),
        .has_part = calloc(terms->line_count + 1, sizeof *reviewing->has_part),
        .is_open = calloc(terms->line_count + 1, sizeof *reviewing->is_open),
    };
    if (reviewing->is_paid == NULL || reviewing->is_measured == NULL ||
        reviewing->is_paying == NULL || reviewing->has_part == NULL || reviewing->is_open == NULL) {
        return STATUS_MEMORY;
    }
    return searcher_init(&reviewing->searcher, &review->inputs);
}

enum status review_init(struct review *review, const struct contract *contract)
{
    *review = (struct review){.contract = contract};
    TRY(inputs_init(&review->inputs, contract));
    review->findings = calloc(REVIEW_FINDINGS_MAX, sizeof *review->findings);
    OWNED(reviewing_release) struct reviewing reviewing = {.review = NULL};
    enum status status = STATUS_MEMORY;
    if (review->findings != NULL) {
        status = reviewing_init(&reviewing, review);
    }
    if (status == STATUS_OK) {
        status = run(&reviewing);
    }
    if (status != STATUS_OK) {
        review_release(review);
    }
    return status;
}

void review_release(struct review *review)
{
    for (size_t i = 0; review->findings != NULL && i < review->count; i++) {
        finding_free(review->findings[i]);
    }
    free(review->findings);
    liabilities_release(&review->liabilities);
    inputs_release(&review->inputs);
    *review = (struct review){0};
}
