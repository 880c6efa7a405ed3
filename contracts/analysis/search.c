#include "contracts/analysis/searching.h"

#include "contracts/analysis/influence.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdlib.h>

/* Candidates of one input that are tried in one round; those beside the best one come after. */
#define TRIED_MAX 24

/* Rounds over all inputs: each ends where the one before began to stand still, or here. */
#define ROUNDS_MAX 6

/* --- Lives --- */

enum status searcher_init(struct searcher *searcher, const struct inputs *inputs)
{
    *searcher = (struct searcher){.inputs = inputs};
    searcher->domains = calloc(inputs->count + 1, sizeof *searcher->domains);
    for (size_t i = 0; searcher->domains != NULL && i < inputs->count; i++) {
        interval_init(&searcher->domains[i]);
        interval_set(&searcher->domains[i], &inputs->items[i].domain);
    }
    if (searcher->domains == NULL ||
        watches_init(&searcher->watches, &inputs->contract->terms) != STATUS_OK ||
        play_init(&searcher->play, inputs) != STATUS_OK ||
        reach_init(&searcher->reach, inputs) != STATUS_OK) {
        searcher_release(searcher);
        return STATUS_MEMORY;
    }
    return STATUS_OK;
}

void searcher_release(struct searcher *searcher)
{
    for (size_t i = 0; searcher->domains != NULL && i < searcher->inputs->count; i++) {
        interval_release(&searcher->domains[i]);
    }
    free(searcher->domains);
    watches_release(&searcher->watches);
    play_release(&searcher->play);
    reach_release(&searcher->reach);
    *searcher = (struct searcher){0};
}

size_t searcher_work(const struct searcher *searcher)
{
    return searcher->play.work + 2 * searcher->reach.work;
}

void search_result_init(struct search_result *result)
{
    *result = (struct search_result){0};
    rational_init(&result->value);
    rational_init(&result->bound);
}

void search_result_release(struct search_result *result)
{
    rational_release(&result->value);
    rational_release(&result->bound);
    for (size_t i = 0; i < result->chosen_count; i++) {
        rational_release(&result->chosen[i].value);
    }
    free(result->chosen);
    *result = (struct search_result){0};
}

static struct rational *rationals_new(size_t count)
{
    struct rational *rationals = calloc(count + 1, sizeof *rationals);
    for (size_t i = 0; rationals != NULL && i < count; i++) {
        rational_init(&rationals[i]);
    }
    return rationals;
}

static void rationals_free(struct rational *rationals, size_t count)
{
    for (size_t i = 0; rationals != NULL && i < count; i++) {
        rational_release(&rationals[i]);
    }
    free(rationals);
}

static void searching_release(struct searching *searching)
{
    for (size_t i = 0; i < searching->count; i++) {
        rational_release(&searching->variables[i].value);
        rational_release(&searching->variables[i].best);
        candidates_release(&searching->variables[i].candidates);
    }
    rationals_free(searching->watched, searching->searcher->watches.count);
    rationals_free(searching->watched_before, searching->searcher->watches.count);
    rational_release(&searching->value);
    rational_release(&searching->best);
    free(searching->variables);
    free(searching->places);
    free(searching->lines);
    free(searching->is_watched);
    free(searching->is_watched_before);
}

/* --- Which inputs there are --- */

/* What reads the measured numbers of a period. */
struct reader {
    struct searching *searching;
    size_t period;
    bool is_varied;
};

static void add_variable(struct searching *searching, size_t input, bool is_varied)
{
    size_t place = searching->places[input];
    if (place == SIZE_MAX) {
        place = searching->count;
        searching->count++;
        searching->places[input] = place;
        searching->variables[place] = (struct variable){.input = input};
        play_clear(&searching->searcher->play, input);
        rational_init(&searching->variables[place].value);
        rational_init(&searching->variables[place].best);
    }
    struct variable *variable = &searching->variables[place];
    variable->is_varied = variable->is_varied || is_varied;
}

/* A ratio that follows from its counts is chosen with them. */
static void add_measured(struct reader *reader, size_t outcome, size_t period,
                         enum measured_field field)
{
    const struct inputs *inputs = reader->searching->searcher->inputs;
    size_t input = inputs_measured(inputs, outcome, period, field);
    if (!inputs->items[input].is_derived) {
        add_variable(reader->searching, input, reader->is_varied);
        return;
    }
    add_measured(reader, outcome, period, ratio_numerator(field));
    add_measured(reader, outcome, period, ratio_denominator(field));
}

static void note_operand(void *context, const struct operand *operand)
{
    struct reader *reader = context;
    if (operand->kind == OPERAND_MEASURED) {
        add_measured(reader, operand->index, operand_period(operand, reader->period),
                     operand->field);
    }
}

/* Sums and payments enter lines by operands, and shares by funding. */
static void add_variables(struct searching *searching)
{
    const struct inputs *inputs = searching->searcher->inputs;
    const struct terms *terms = &inputs->contract->terms;
    for (size_t i = 0; i < searching->goal->period_count; i++) {
        struct reader reader = {searching, searching->goal->periods[i], false};
        for (size_t k = 0; k < terms->line_count; k++) {
            reader.is_varied = searching->lines[k];
            line_each_operand(&terms->lines[k], note_operand, &reader);
        }
    }
    for (size_t i = inputs->first_funded; i < inputs->paid; i++) {
        add_variable(searching, i, inputs->is_funded_read);
    }
    if (inputs->is_paid_read) {
        add_variable(searching, inputs->paid, true);
    }
}

/* What the party owes; other pays can only refuse a settlement. */
static void mark_pays(struct searching *searching)
{
    const struct terms *terms = &searching->searcher->inputs->contract->terms;
    const struct view party = searching->goal->party;
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        bool is_owing = view_equal(pay->from, party);
        for (size_t k = 0; pay->is_reversible && k < pay->tranches[0].share_count; k++) {
            is_owing = is_owing || view_equal(pay->tranches[0].shares[k].party, party);
        }
        searching->lines[pay->line] = searching->lines[pay->line] || is_owing;
    }
}

static void mark_lines(struct searching *searching)
{
    const struct terms *terms = &searching->searcher->inputs->contract->terms;
    if (searching->goal->kind == SEARCH_OWED) {
        mark_pays(searching);
    } else {
        searching->lines[searching->goal->line] = true;
    }
    influence_spread(terms, searching->lines);
}

static enum status searching_init(struct searching *searching, struct searcher *searcher,
                                  const struct search_goal *goal)
{
    const struct inputs *inputs = searcher->inputs;
    const size_t watch_count = searcher->watches.count;
    *searching = (struct searching){
        .searcher = searcher,
        .goal = goal,
        .variables = calloc(inputs->count + 1, sizeof *searching->variables),
        .places = calloc(inputs->count + 1, sizeof *searching->places),
        .lines = calloc(inputs->contract->terms.line_count + 1, sizeof *searching->lines),
        .is_watched = calloc(watch_count + 1, sizeof *searching->is_watched),
        .watched = rationals_new(watch_count),
        .is_watched_before = calloc(watch_count + 1, sizeof *searching->is_watched_before),
        .watched_before = rationals_new(watch_count),
    };
    rational_init(&searching->value);
    rational_init(&searching->best);
    if (searching->variables == NULL || searching->places == NULL || searching->lines == NULL ||
        searching->is_watched == NULL || searching->watched == NULL ||
        searching->is_watched_before == NULL || searching->watched_before == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < inputs->count; i++) {
        searching->places[i] = SIZE_MAX;
    }
    mark_lines(searching);
    add_variables(searching);
    return candidates_make(searching);
}

/* --- Playing --- */

static void watch(struct searching *searching, size_t period)
{
    const struct play *play = &searching->searcher->play;
    const struct watches *watches = &searching->searcher->watches;
    OWNED(rational_release) struct rational other;
    rational_init(&other);
    if (!searching->is_watching || searching->watched_period != period) {
        return;
    }
    for (size_t i = 0; i < watches->count; i++) {
        const struct watch *item = &watches->items[i];
        struct rational *watched = &searching->watched[i];
        searching->is_watched[i] =
            searching->lines[item->line] && play_operand(play, item->line, item->a, watched);
        if (searching->is_watched[i] && item->b != NULL) {
            searching->is_watched[i] = play_operand(play, item->line, item->b, &other) &&
                                       rational_subtract(watched, watched, &other) == STATUS_OK;
        }
    }
    searching->searcher->play.work += watches->count / 2;
}

/* The difference that is looked for, as far as it was computed. */
static void note_difference(struct searching *searching)
{
    const struct search_goal *goal = searching->goal;
    const struct play *play = &searching->searcher->play;
    const struct terms_values *values = &play->settlement.values;
    OWNED(rational_release) struct rational other;
    rational_init(&other);
    if (goal->a != NULL) {
        searching->has_value = play_operand(play, goal->line, goal->a, &searching->value);
    } else if (values->count > goal->line) {
        searching->has_value = true;
        rational_set(&searching->value, &values->lines[goal->line].value);
    }
    if (searching->has_value && goal->b != NULL) {
        searching->has_value =
            play_operand(play, goal->line, goal->b, &other) &&
            rational_subtract(&searching->value, &searching->value, &other) == STATUS_OK;
    }
    if (goal->kind == SEARCH_ZERO && rational_sign(&searching->value) < 0) {
        rational_negate(&searching->value, &searching->value);
    }
}

/* After a period that was computed: what it adds to the goal. */
static void note_owed(struct searching *searching, size_t turn)
{
    const struct search_goal *goal = searching->goal;
    OWNED(rational_release) struct rational owed;
    rational_init(&owed);
    if (!goal->is_sum && turn + 1 < goal->period_count) {
        return;
    }
    play_owed(&searching->searcher->play, goal->party, &owed);
    searching->has_value = rational_add(&searching->value, &searching->value, &owed) == STATUS_OK;
}

void searching_play(struct searching *searching)
{
    const struct search_goal *goal = searching->goal;
    struct play *play = &searching->searcher->play;
    searching->has_value = false;
    searching->depth = 0;
    rational_set_integer(&searching->value, 0);
    play_begin(play);
    for (size_t i = 0; i < goal->period_count; i++) {
        enum status status = play_compute(play, goal->periods[i], NULL);
        searching->depth += play->settlement.values.count + (status == STATUS_OK);
        watch(searching, goal->periods[i]);
        if (goal->kind != SEARCH_OWED && i + 1 == goal->period_count) {
            note_difference(searching);
            return;
        }
        if (status != STATUS_OK) {
            searching->has_value = false;
            return;
        }
        if (goal->kind == SEARCH_OWED) {
            note_owed(searching, i);
        }
        if (i + 1 < goal->period_count && play_settle(play) != STATUS_OK) {
            searching->has_value = false;
            return;
        }
    }
}

bool searching_is_over(const struct searching *searching)
{
    return searcher_work(searching->searcher) >= searching->work_end;
}

/* Whether a value is all that is looked for; where an end is looked for, nobody can tell. */
static bool is_enough(const struct search_goal *goal, const struct rational *value)
{
    switch (goal->kind) {
    case SEARCH_OWED:
        return goal->enough != NULL && rational_compare(value, goal->enough) > 0;
    case SEARCH_DIFFERENCE:
        return rational_sign(value) < 0;
    case SEARCH_ZERO:
        break;
    }
    return rational_sign(value) == 0;
}

static bool is_satisfied(const struct searching *searching)
{
    return searching->has_best && is_enough(searching->goal, &searching->best);
}

/* Whether there is a value that is enough, so that it need not be the end. */
static bool is_end_sought(const struct search_goal *goal)
{
    return goal->kind == SEARCH_OWED && goal->enough == NULL;
}

static bool is_better(const struct searching *searching)
{
    if (searching->has_value != searching->has_best) {
        return searching->has_value;
    }
    if (!searching->has_value) {
        return searching->depth > searching->best_depth;
    }
    int compared = rational_compare(&searching->value, &searching->best);
    return searching->goal->order > 0 ? compared > 0 : compared < 0;
}

static void set_best(struct searching *searching)
{
    searching->has_best = searching->has_value;
    searching->best_depth = searching->depth;
    rational_set(&searching->best, &searching->value);
    for (size_t i = 0; i < searching->count; i++) {
        rational_set(&searching->variables[i].best, &searching->variables[i].value);
    }
}

bool searching_keep(struct searching *searching)
{
    if (is_better(searching)) {
        set_best(searching);
        return true;
    }
    return false;
}

bool searching_choose(struct searching *searching, struct variable *variable,
                      const struct rational *value)
{
    struct play *play = &searching->searcher->play;
    if (play_set(play, variable->input, value) && play_is_consistent(play, variable->input)) {
        rational_set(&variable->value, value);
        variable->is_chosen = true;
        return true;
    }
    bool is_back = variable->is_chosen && play_set(play, variable->input, &variable->value);
    if (!is_back) {
        play_clear(play, variable->input);
    }
    return false;
}

/*
 * Chooses a number for one variable, and plays. Keeps it when that is better than the best so far;
 * else the variable is as before.
 */
static bool try_value(struct searching *searching, struct variable *variable,
                      const struct rational *value)
{
    bool is_there = variable->is_chosen && rational_compare(value, &variable->value) == 0;
    if (searching_is_over(searching) || is_there) {
        return false;
    }
    OWNED(rational_release) struct rational before;
    rational_init(&before);
    rational_set(&before, &variable->value);
    if (!searching_choose(searching, variable, value)) {
        return false;
    }
    searching_play(searching);
    if (searching_keep(searching)) {
        return true;
    }
    bool is_back = searching_choose(searching, variable, &before);
    (void)is_back;
    return false;
}

void searching_return(struct searching *searching)
{
    /* Numbers that fit each other may not fit those of now: so none is there while they come. */
    for (size_t i = 0; i < searching->count; i++) {
        play_clear(&searching->searcher->play, searching->variables[i].input);
        searching->variables[i].is_chosen = false;
    }
    for (size_t i = 0; i < searching->count; i++) {
        struct variable *variable = &searching->variables[i];
        bool is_chosen = searching_choose(searching, variable, &variable->best);
        (void)is_chosen; /* what was never chosen may stay so */
    }
}

/* --- One input at a time --- */

/* The number itself, and the nearest ones on both sides. */
static void try_around(struct searching *searching, struct variable *variable,
                       const struct rational *value)
{
    OWNED(rational_release) struct rational step;
    OWNED(rational_release) struct rational beside;
    OWNED(rational_release) struct rational copy;
    rational_init(&step);
    rational_init(&beside);
    rational_init(&copy);
    rational_set(&copy, value); /* candidates move when some are added */
    smallest_decimal(&step);
    (void)try_value(searching, variable, &copy);
    if (rational_subtract(&beside, &copy, &step) == STATUS_OK) {
        (void)try_value(searching, variable, &beside);
    }
    if (rational_add(&beside, &copy, &step) == STATUS_OK) {
        (void)try_value(searching, variable, &beside);
    }
}

/* Some candidates, evenly; then those that were left out, beside the best. */
static void improve(struct searching *searching, struct variable *variable)
{
    const struct candidates *candidates = &variable->candidates;
    size_t stride = candidates->count / TRIED_MAX + 1;
    for (size_t i = 0; i < candidates->count; i += stride) {
        try_around(searching, variable, &candidates->values[i]);
    }
    if (candidates->count > 0) {
        try_around(searching, variable, &candidates->values[candidates->count - 1]);
    }
    while (stride > 1 && !searching_is_over(searching)) { /* halves each round */
        stride /= 2;
        size_t best = candidates_from(candidates, &variable->best, false);
        size_t first = best > 2 * stride ? best - 2 * stride : 0;
        for (size_t i = first; i < candidates->count && i <= best + 2 * stride; i += stride) {
            try_around(searching, variable, &candidates->values[i]);
        }
    }
}

/* Chooses a candidate and watches; from the one before, looks for turns between the two. */
static enum status look_between(struct searching *searching, struct variable *variable,
                                const struct rational *value, bool *has_before,
                                struct rational *before)
{
    if (!searching_choose(searching, variable, value)) {
        return STATUS_OK;
    }
    searching_play(searching);
    (void)searching_keep(searching);
    if (*has_before) {
        TRY(candidates_add_turns(searching, variable, before));
    }
    struct rational *watched = searching->watched;
    bool *is_watched = searching->is_watched;
    searching->watched = searching->watched_before;
    searching->is_watched = searching->is_watched_before;
    searching->watched_before = watched;
    searching->is_watched_before = is_watched;
    rational_set(before, value);
    *has_before = true;
    return STATUS_OK;
}

/* Where what is computed from this input turns, while the others stay. */
static enum status look_for_turns(struct searching *searching, struct variable *variable)
{
    const struct input *input = &searching->searcher->inputs->items[variable->input];
    const size_t last = searching->goal->periods[searching->goal->period_count - 1];
    OWNED(rational_release) struct rational before;
    OWNED(rational_release) struct rational here;
    rational_init(&before);
    rational_init(&here);
    searching->is_watching = true;
    searching->watched_period = input->kind == INPUT_MEASURED ? input->period : last;
    const size_t stride = variable->candidates.count / TRIED_MAX + 1;
    bool has_before = false;
    size_t i = 0;
    while (i < variable->candidates.count && !searching_is_over(searching)) {
        size_t count = variable->candidates.count;
        rational_set(&here, &variable->candidates.values[i]);
        TRY(look_between(searching, variable, &here, &has_before, &before));
        i += variable->candidates.count - count; /* what was added lies before */
        bool is_near_end =
            i + 1 < variable->candidates.count && i + stride >= variable->candidates.count;
        i = is_near_end ? variable->candidates.count - 1 : i + stride;
    }
    searching->is_watching = false;
    searching_return(searching);
    return STATUS_OK;
}

/* Where the search begins: every input at one end of its candidates, or in their middle. */
enum start { START_MIDDLE, START_GREATEST, START_LEAST };

static void begin_at(struct searching *searching, enum start start)
{
    for (size_t i = 0; i < searching->count; i++) {
        struct variable *variable = &searching->variables[i];
        const struct candidates *candidates = &variable->candidates;
        const struct input *input = &searching->searcher->inputs->items[variable->input];
        if (candidates->count == 0) {
            continue;
        }
        size_t place = candidates->count / 2;
        if (start == START_GREATEST || input->kind == INPUT_FUNDED) {
            place = candidates->count - 1; /* investors have placed all they committed */
        } else if (start == START_LEAST) {
            place = 0;
        }
        bool is_chosen = searching_choose(searching, variable, &candidates->values[place]);
        (void)is_chosen; /* where it cannot be: as before */
    }
    searching_play(searching);
    if (start == START_MIDDLE) {
        set_best(searching);
    }
    (void)searching_keep(searching);
}

/* While every choice is refused, also what the goal does not depend on is varied. */
static bool is_tried(const struct searching *searching, const struct variable *variable)
{
    return variable->is_varied || !searching->has_best;
}

/* Turns are looked for while what was found may still be far from the best. */
#define TURNING_ROUNDS 2

static enum status improve_all(struct searching *searching, size_t round)
{
    for (size_t i = 0; i < searching->count; i++) {
        struct variable *variable = &searching->variables[i];
        if (!is_tried(searching, variable) || is_satisfied(searching)) {
            continue;
        }
        if (round < TURNING_ROUNDS) {
            TRY(look_for_turns(searching, variable));
        }
        improve(searching, variable);
    }
    return STATUS_OK;
}

static enum status ascend(struct searching *searching)
{
    OWNED(rational_release) struct rational best;
    rational_init(&best);
    for (size_t round = 0; round < ROUNDS_MAX && !searching_is_over(searching); round++) {
        bool had_best = searching->has_best;
        rational_set(&best, &searching->best);
        TRY(improve_all(searching, round));
        bool is_still =
            had_best == searching->has_best && rational_compare(&best, &searching->best) == 0;
        if (is_satisfied(searching) || (is_still && round > 0)) {
            return STATUS_OK;
        }
    }
    return STATUS_OK;
}

/* --- What is told --- */

/* Whether what was played would be told as well. */
static bool is_as_good(const struct searching *searching)
{
    if (!searching->has_value) {
        return false;
    }
    return is_end_sought(searching->goal)
               ? rational_compare(&searching->value, &searching->best) == 0
               : is_enough(searching->goal, &searching->value);
}

/* Chooses something simpler that brings about the same. */
static bool simplify_to(struct searching *searching, struct variable *variable,
                        const struct rational *value)
{
    if (rational_compare(value, &variable->best) == 0) {
        return true;
    }
    if (!searching_choose(searching, variable, value)) {
        return false;
    }
    searching_play(searching);
    if (is_as_good(searching)) {
        rational_set(&variable->best, value);
        rational_set(&searching->best, &searching->value);
        return true;
    }
    bool is_back = searching_choose(searching, variable, &variable->best);
    (void)is_back;
    return false;
}

/* The first candidate, or the first whole one, that will do, from the smallest on. */
static bool simplify_to_candidate(struct searching *searching, struct variable *variable,
                                  bool is_whole)
{
    const struct candidates *candidates = &variable->candidates;
    OWNED(rational_release) struct rational zero;
    rational_init(&zero);
    size_t above = candidates_from(candidates, &zero, false);
    size_t below = above;
    for (size_t i = 0; i < TRIED_MAX && (below > 0 || above < candidates->count); i++) {
        bool is_up = above < candidates->count && (i % 2 == 0 || below == 0);
        size_t place = is_up ? above : below - 1;
        above += is_up;
        below -= !is_up;
        if (is_whole && !rational_is_integer(&candidates->values[place])) {
            continue;
        }
        if (simplify_to(searching, variable, &candidates->values[place])) {
            return true;
        }
    }
    return false;
}

/* A tenth, as long as that will do: for what need not be so large. */
static void simplify_size(struct searching *searching, struct variable *variable)
{
    OWNED(rational_release) struct rational tenth;
    OWNED(rational_release) struct rational one;
    rational_init(&tenth);
    rational_init(&one);
    rational_set_integer(&one, 1);
    for (size_t i = 0; i < DECIMAL_WHOLE_DIGITS_MAX; i++) {
        rational_set_fraction(&tenth, 1, 10);
        bool is_tried = rational_multiply(&tenth, &tenth, &variable->best) == STATUS_OK &&
                        rational_round(&tenth, &tenth, &one, ROUND_UP) == STATUS_OK;
        if (!is_tried || !simplify_to(searching, variable, &tenth)) {
            return;
        }
    }
}

/* Nothing, or one; where the rule turns; else as few decimals as will do. */
static void simplify(struct searching *searching, struct variable *variable)
{
    const struct input *input = &searching->searcher->inputs->items[variable->input];
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational step;
    rational_init(&value);
    rational_init(&step);
    if (input->kind == INPUT_FUNDED && input->domain.has_greatest &&
        simplify_to(searching, variable, &input->domain.greatest)) {
        return;
    }
    for (int i = 0; i < 2; i++) {
        rational_set_integer(&value, i);
        if (simplify_to(searching, variable, &value)) {
            return;
        }
    }
    if (simplify_to_candidate(searching, variable, true) ||
        simplify_to_candidate(searching, variable, false)) {
        if (!is_end_sought(searching->goal)) {
            simplify_size(searching, variable);
        }
        return;
    }
    int64_t scale = 1;
    for (int i = 0; i < DECIMAL_FRACTION_DIGITS_MAX; i++) {
        static const enum rounding ways[] = {ROUND_HALF_UP, ROUND_FLOOR, ROUND_CEILING};
        rational_set_fraction(&step, 1, scale);
        for (size_t k = 0; k < sizeof ways / sizeof ways[0]; k++) {
            if (rational_round(&value, &variable->best, &step, ways[k]) == STATUS_OK &&
                simplify_to(searching, variable, &value)) {
                return;
            }
        }
        scale *= 10;
    }
}

static enum status tell(struct searching *searching, struct search_result *result)
{
    result->is_searched = true;
    result->is_found = searching->has_best;
    rational_set(&result->value, &searching->best);
    result->chosen = calloc(searching->count + 1, sizeof *result->chosen);
    if (result->chosen == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < searching->count; i++) {
        const struct variable *variable = &searching->variables[i];
        if (!variable->is_varied) {
            continue;
        }
        struct chosen *chosen = &result->chosen[result->chosen_count];
        result->chosen_count++;
        chosen->input = variable->input;
        rational_init(&chosen->value);
        rational_set(&chosen->value, &variable->best);
    }
    return STATUS_OK;
}

enum status search(struct searcher *searcher, const struct search_goal *goal, size_t work_max,
                   struct search_result *ret_result)
{
    OWNED(searching_release) struct searching searching;
    TRY(searching_init(&searching, searcher, goal));
    searching.work_end = searcher_work(searcher) + work_max / 2;
    begin_at(&searching, START_MIDDLE);
    begin_at(&searching, START_GREATEST);
    begin_at(&searching, START_LEAST);
    searching_return(&searching);
    TRY(ascend(&searching));
    searcher->is_cut = searcher->is_cut || searching_is_over(&searching);

    searching.work_end = searcher_work(searcher) + work_max / 2;
    if (is_end_sought(goal)) {
        TRY(boxes_search(&searching, &ret_result->is_bounded, &ret_result->bound));
    }
    searching_return(&searching);
    bool is_told = is_end_sought(goal) ? searching.has_best : is_satisfied(&searching);
    for (size_t i = 0; i < searching.count && is_told; i++) {
        simplify(&searching, &searching.variables[i]);
    }
    return tell(&searching, ret_result);
}
