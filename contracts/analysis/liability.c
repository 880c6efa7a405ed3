#include "contracts/analysis/liability.h"

#include "contracts/analysis/owed.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

/* A search that could try less than this many settlements is not worth beginning. */
#define SETTLEMENTS_MIN 60

bool end_is_exact(const struct search_result *end)
{
    return end->is_found && end->is_bounded && rational_compare(&end->value, &end->bound) == 0;
}

/* --- A life --- */

static void liability_init(struct liability *liability, size_t period)
{
    *liability = (struct liability){.period = period, .like = period};
    search_result_init(&liability->least);
    search_result_init(&liability->greatest);
}

static void liability_release(struct liability *liability)
{
    search_result_release(&liability->least);
    search_result_release(&liability->greatest);
}

void liabilities_release(struct liabilities *liabilities)
{
    for (size_t i = 0; i < liabilities->party_count; i++) {
        struct party_liability *party = &liabilities->parties[i];
        liability_release(&party->in_all);
        for (size_t k = 0; k < liabilities->period_count; k++) {
            liability_release(&party->periods[k]);
        }
        free(party->periods);
    }
    free(liabilities->parties);
    free(liabilities->periods);
    *liabilities = (struct liabilities){0};
}

/* --- Who --- */

static bool has_party(const struct liabilities *liabilities, struct view name)
{
    for (size_t i = 0; i < liabilities->party_count; i++) {
        if (view_equal(liabilities->parties[i].party, name)) {
            return true;
        }
    }
    return false;
}

static enum status add_party(struct liabilities *liabilities, struct view name)
{
    const struct contract *contract = liabilities->inputs->contract;
    if (has_party(liabilities, name)) {
        return STATUS_OK;
    }
    struct liability *periods = calloc(liabilities->period_count + 1, sizeof *periods);
    struct party_liability *parties =
        realloc(liabilities->parties, (liabilities->party_count + 1) * sizeof *parties);
    liabilities->parties = parties != NULL ? parties : liabilities->parties;
    if (parties == NULL || periods == NULL) {
        free(periods);
        return STATUS_MEMORY;
    }
    struct party_liability *party = &parties[liabilities->party_count];
    liabilities->party_count++;
    *party = (struct party_liability){.party = name, .periods = periods};
    liability_init(&party->in_all, LIABILITY_IN_ALL);
    for (size_t i = 0; i < liabilities->period_count; i++) {
        liability_init(&periods[i], liabilities->periods[i]);
    }
    for (size_t i = 0; i < contract->cap_count; i++) {
        if (view_equal(contract->caps[i].party, name)) {
            party->cap = &contract->caps[i];
        }
    }
    return STATUS_OK;
}

static enum status add_parties(struct liabilities *liabilities)
{
    const struct terms *terms = &liabilities->inputs->contract->terms;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        TRY(add_party(liabilities, pay->from));
        for (size_t k = 0; pay->is_reversible && k < pay->tranches[0].share_count; k++) {
            TRY(add_party(liabilities, pay->tranches[0].shares[k].party));
        }
    }
    return STATUS_OK;
}

static enum status add_periods(struct liabilities *liabilities, const struct survey *survey)
{
    const struct terms *terms = &liabilities->inputs->contract->terms;
    size_t order[TERMS_PERIODS_MAX];
    periods_in_order(terms, order);
    liabilities->periods = calloc(terms->period_count + 1, sizeof *liabilities->periods);
    if (liabilities->periods == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < terms->period_count; i++) {
        bool is_possible = !survey->is_refused[order[i]] && !survey->is_unpayable[order[i]];
        bool is_open = inputs_is_open(liabilities->inputs, order[i]);
        if (terms->periods[order[i]].binding && is_open && is_possible) {
            liabilities->periods[liabilities->period_count] = order[i];
            liabilities->period_count++;
        }
    }
    return STATUS_OK;
}

/* --- Which periods are alike, and which stand alone --- */

/* What makes one period different from another. */
struct differences {
    const struct inputs *inputs;
    const struct terms *terms;
    bool is_days;                                 /* how many days it has */
    const struct line *interest[DAY_COUNT_COUNT]; /* its days by a day count */
    bool is_row[TERMS_PERIODS_MAX];               /* it has a row of its own */
    bool is_other_read; /* a line reads what was measured for some period that it names */
    bool is_alone;      /* nothing that is settled depends on what was settled before */
};

static void note_operand(void *context, const struct operand *operand)
{
    struct differences *differences = context;
    differences->is_days = differences->is_days || operand->kind == OPERAND_PERIOD_DAYS;
    differences->is_other_read =
        differences->is_other_read ||
        (operand->kind == OPERAND_MEASURED && operand->period != OPERAND_SETTLED_PERIOD);
}

static struct differences find_differences(const struct inputs *inputs)
{
    const struct terms *terms = &inputs->contract->terms;
    struct differences differences = {
        .inputs = inputs,
        .terms = terms,
        .is_alone = !inputs->is_paid_read,
    };
    for (size_t i = 0; i < terms->line_count; i++) {
        const struct line *line = &terms->lines[i];
        line_each_operand(line, note_operand, &differences);
        for (size_t k = 0; k < line->case_count; k++) {
            differences.is_row[line->cases[k].period] = true;
        }
        if (line->operation == OPERATION_INTEREST && !line->is_compound && !line->has_dates) {
            differences.interest[line->day_count] = line;
        }
        differences.is_alone = differences.is_alone && !inputs->is_earlier[i];
    }
    return differences;
}

static bool is_same_domain(const struct inputs *inputs, size_t a, size_t b)
{
    if (a == SIZE_MAX || b == SIZE_MAX) {
        return a == b;
    }
    const struct interval *first = &inputs->items[a].domain;
    const struct interval *second = &inputs->items[b].domain;
    return first->is_empty == second->is_empty && first->has_least == second->has_least &&
           first->has_greatest == second->has_greatest &&
           rational_compare(&first->least, &second->least) == 0 &&
           rational_compare(&first->greatest, &second->greatest) == 0;
}

/* Whether the same can be measured for two periods: a caller may know more about one of them. */
static bool is_measured_alike(const struct inputs *inputs, size_t a, size_t b)
{
    for (size_t i = 0; i < inputs->contract->terms.outcome_count; i++) {
        for (size_t field = 0; field < MEASURED_FIELD_COUNT; field++) {
            if (!is_same_domain(inputs, inputs_measured(inputs, i, a, (enum measured_field)field),
                                inputs_measured(inputs, i, b, (enum measured_field)field))) {
                return false;
            }
        }
    }
    return true;
}

/* Whether the lines compute the same for two periods, from the same measured numbers. */
static bool is_alike(const struct differences *differences, size_t a, size_t b)
{
    const struct period *first = &differences->terms->periods[a];
    const struct period *second = &differences->terms->periods[b];
    if (!differences->is_alone || differences->is_other_read || differences->is_row[a] ||
        differences->is_row[b]) {
        return false;
    }
    bool is_same = !differences->is_days || date_days_inclusive(first->from, first->to) ==
                                                date_days_inclusive(second->from, second->to);
    for (size_t i = 0; i < DAY_COUNT_COUNT && is_same; i++) {
        struct day_span first_span;
        struct day_span second_span;
        const struct line *line = differences->interest[i];
        is_same = line == NULL || (terms_day_span(line, first, &first_span, NULL) == STATUS_OK &&
                                   terms_day_span(line, second, &second_span, NULL) == STATUS_OK &&
                                   first_span.days == second_span.days);
    }
    return is_same && is_measured_alike(differences->inputs, a, b);
}

/* The same choice for another period. */
static enum status copy_end(const struct inputs *inputs, const struct search_result *source,
                            size_t period, struct search_result *target)
{
    target->is_searched = source->is_searched;
    target->is_found = source->is_found;
    target->is_bounded = source->is_bounded;
    rational_set(&target->value, &source->value);
    rational_set(&target->bound, &source->bound);
    target->chosen = calloc(source->chosen_count + 1, sizeof *target->chosen);
    if (target->chosen == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < source->chosen_count; i++) {
        const struct input *input = &inputs->items[source->chosen[i].input];
        struct chosen *chosen = &target->chosen[i];
        chosen->input = source->chosen[i].input;
        if (input->kind == INPUT_MEASURED && period != LIABILITY_IN_ALL) {
            chosen->input = inputs_measured(inputs, input->outcome, period, input->field);
        }
        rational_init(&chosen->value);
        rational_set(&chosen->value, &source->chosen[i].value);
        target->chosen_count++;
    }
    return STATUS_OK;
}

static enum status copy_liability(const struct inputs *inputs, const struct liability *source,
                                  struct liability *target)
{
    TRY(copy_end(inputs, &source->least, target->period, &target->least));
    return copy_end(inputs, &source->greatest, target->period, &target->greatest);
}

/* --- How much --- */

/* What is common to the searches of a contract. */
struct liable {
    struct liabilities *liabilities;
    struct searcher *searcher;
    struct differences differences;
    size_t work_max; /* of one search */
};

static void set_bound(struct liability *liability, const struct interval *owed)
{
    liability->least.is_bounded = owed->has_least;
    liability->greatest.is_bounded = owed->has_greatest;
    rational_set(&liability->least.bound, &owed->least);
    rational_set(&liability->greatest.bound, &owed->greatest);
}

/* What every party can owe, by intervals alone, in one life: what a search can only narrow. */
static enum status set_bounds(struct liabilities *liabilities, struct searcher *searcher)
{
    struct reach *reach = &searcher->reach;
    const size_t count = liabilities->party_count;
    struct interval *sums = calloc(count + 1, sizeof *sums);
    if (sums == NULL) {
        return STATUS_MEMORY;
    }
    OWNED(interval_release) struct interval owed;
    interval_init(&owed);
    for (size_t i = 0; i < count; i++) {
        interval_init(&sums[i]);
        interval_set_integers(&sums[i], 0, 0);
    }
    reach_begin(reach, searcher->domains);
    for (size_t k = 0; k < liabilities->period_count; k++) {
        reach_compute(reach, liabilities->periods[k]);
        for (size_t i = 0; i < count; i++) {
            owed_by_period(reach, liabilities->parties[i].party, &owed);
            set_bound(&liabilities->parties[i].periods[k], &owed);
            interval_add(&sums[i], &sums[i], &owed);
        }
        reach_settle(reach);
    }
    for (size_t i = 0; i < count; i++) {
        owed_in_all(reach, liabilities->parties[i].party, &owed);
        interval_meet(&owed, &owed, &sums[i]);
        set_bound(&liabilities->parties[i].in_all, &owed);
        interval_release(&sums[i]);
    }
    free(sums);
    return STATUS_OK;
}

static enum status find(struct liable *liable, struct search_goal *goal,
                        struct liability *ret_liability)
{
    size_t lines = liable->searcher->inputs->contract->terms.line_count * goal->period_count;
    if (liable->work_max / (lines + 1) < SETTLEMENTS_MIN) {
        liable->searcher->is_cut = true;
        return STATUS_OK;
    }
    goal->order = -1;
    TRY(search(liable->searcher, goal, liable->work_max, &ret_liability->least));
    goal->order = 1;
    return search(liable->searcher, goal, liable->work_max, &ret_liability->greatest);
}

static enum status find_period(struct liable *liable, struct party_liability *party, size_t place)
{
    const struct liabilities *liabilities = liable->liabilities;
    const struct inputs *inputs = liabilities->inputs;
    const size_t *periods = liabilities->periods;
    for (size_t i = 0; i < place; i++) {
        if (is_alike(&liable->differences, periods[i], periods[place])) {
            party->periods[place].like = party->periods[i].like;
            return copy_liability(inputs, &party->periods[i], &party->periods[place]);
        }
    }
    size_t first = liable->differences.is_alone ? place : 0;
    struct search_goal goal = {
        .kind = SEARCH_OWED,
        .periods = &periods[first],
        .period_count = place + 1 - first,
        .party = party->party,
    };
    return find(liable, &goal, &party->periods[place]);
}

/* The sum over periods that do not depend on each other. */
static enum status add_end(struct search_result *sum, const struct search_result *end)
{
    struct chosen *chosen =
        realloc(sum->chosen, (sum->chosen_count + end->chosen_count + 1) * sizeof *sum->chosen);
    if (chosen == NULL) {
        return STATUS_MEMORY;
    }
    sum->chosen = chosen;
    for (size_t i = 0; i < end->chosen_count; i++) {
        chosen = &sum->chosen[sum->chosen_count];
        sum->chosen_count++;
        chosen->input = end->chosen[i].input;
        rational_init(&chosen->value);
        rational_set(&chosen->value, &end->chosen[i].value);
    }
    sum->is_searched = sum->is_searched && end->is_searched;
    sum->is_found = sum->is_found && end->is_found &&
                    rational_add(&sum->value, &sum->value, &end->value) == STATUS_OK;
    sum->is_bounded = sum->is_bounded && end->is_bounded &&
                      rational_add(&sum->bound, &sum->bound, &end->bound) == STATUS_OK;
    return STATUS_OK;
}

static void begin_sum(struct search_result *sum)
{
    sum->is_searched = true;
    sum->is_found = true;
    sum->is_bounded = true;
    rational_set_integer(&sum->bound, 0);
}

static enum status add_periods_up(const struct liabilities *liabilities,
                                  struct party_liability *party)
{
    party->in_all.is_sum = true;
    begin_sum(&party->in_all.least);
    begin_sum(&party->in_all.greatest);
    for (size_t i = 0; i < liabilities->period_count; i++) {
        TRY(add_end(&party->in_all.least, &party->periods[i].least));
        TRY(add_end(&party->in_all.greatest, &party->periods[i].greatest));
    }
    return STATUS_OK;
}

static enum status find_in_all(struct liable *liable, struct party_liability *party)
{
    const struct liabilities *liabilities = liable->liabilities;
    if (liabilities->period_count == 1) {
        return copy_liability(liabilities->inputs, &party->periods[0], &party->in_all);
    }
    bool is_sum = liable->differences.is_alone && !liable->differences.is_other_read &&
                  !liabilities->inputs->is_funded_read;
    if (is_sum) {
        return add_periods_up(liabilities, party);
    }
    struct search_goal goal = {
        .kind = SEARCH_OWED,
        .periods = liabilities->periods,
        .period_count = liabilities->period_count,
        .is_sum = true,
        .party = party->party,
    };
    return find(liable, &goal, &party->in_all);
}

/* How many searches there will be, at most. */
static size_t count_searches(const struct liabilities *liabilities,
                             const struct differences *differences)
{
    size_t distinct = 1;
    for (size_t i = 0; i < liabilities->period_count; i++) {
        bool is_new = true;
        for (size_t k = 0; k < i && is_new; k++) {
            is_new = !is_alike(differences, liabilities->periods[k], liabilities->periods[i]);
        }
        distinct += is_new;
    }
    return 2 * liabilities->party_count * distinct;
}

enum status liabilities_init(struct liabilities *liabilities, struct searcher *searcher,
                             const struct survey *survey, size_t work_max)
{
    *liabilities = (struct liabilities){.inputs = searcher->inputs};
    enum status status = add_periods(liabilities, survey);
    if (status == STATUS_OK) {
        status = add_parties(liabilities);
    }
    if (status == STATUS_OK) {
        status = set_bounds(liabilities, searcher);
    }
    struct liable liable = {
        .liabilities = liabilities,
        .searcher = searcher,
        .differences = find_differences(searcher->inputs),
    };
    liable.work_max = work_max / (count_searches(liabilities, &liable.differences) + 1);
    for (size_t i = 0; i < liabilities->party_count && status == STATUS_OK; i++) {
        struct party_liability *party = &liabilities->parties[i];
        for (size_t k = 0; k < liabilities->period_count && status == STATUS_OK; k++) {
            status = find_period(&liable, party, k);
        }
        if (status == STATUS_OK && liabilities->period_count > 0) {
            status = find_in_all(&liable, party);
        }
    }
    if (status != STATUS_OK) {
        liabilities_release(liabilities);
    }
    return status;
}
