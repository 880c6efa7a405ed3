#include "contracts/simulation/places.h"

#include "contracts/simulation/search.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#define EDGE_ROUNDS 40
#define TENS_MAX 18 /* the largest and smallest decimal place looked at: 10^18, 10^-18 */

/* --- Places --- */

void places_init(struct places *places)
{
    *places = (struct places){0};
}

void places_release(struct places *places)
{
    for (size_t i = 0; i < places->count; i++) {
        rational_release(&places->items[i].x);
    }
    free(places->items);
    places_init(places);
}

static enum status grow(struct places *places)
{
    if (places->count < places->capacity) {
        return STATUS_OK;
    }
    size_t capacity = places->capacity == 0 ? (size_t)PLACES_SAMPLES * 2 : places->capacity * 2;
    struct place *items = realloc(places->items, capacity * sizeof *items);
    if (items == NULL) {
        return STATUS_MEMORY;
    }
    places->items = items;
    places->capacity = capacity;
    return STATUS_OK;
}

enum status places_add(struct places *places, const struct rational *x)
{
    TRY(grow(places));
    struct place *place = &places->items[places->count];
    *place = (struct place){.is_exact = true};
    rational_init(&place->x);
    rational_set(&place->x, x);
    places->count++;
    return STATUS_OK;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *first = a;
    const struct place *second = b;
    return rational_compare(&first->x, &second->x);
}

/* Where one operand becomes the least, another one ceases to be it: that is one turn. */
static bool is_same_turn(const struct turn *a, const struct turn *b)
{
    bool is_choice = a->kind == TURN_CHOICE;
    return a->kind == b->kind && a->line == b->line && (is_choice || a->index == b->index);
}

/* Each owner has room of its own, so that one cannot hide what the other does there. */
static bool has_room(const struct place *place, size_t owner)
{
    size_t count = 0;
    for (size_t i = 0; i < place->cause_count; i++) {
        count += place->owners[i] == owner;
    }
    return place->cause_count < PLACES_CAUSES_MAX && count < PLACES_CAUSES_MAX / 2;
}

void place_merge(struct place *place, const struct place *other)
{
    place->is_break = place->is_break || other->is_break;
    place->is_exact = place->is_exact || other->is_exact;
    for (size_t i = 0; i < other->cause_count; i++) {
        bool is_wanted = has_room(place, other->owners[i]);
        for (size_t k = 0; k < place->cause_count; k++) {
            is_wanted = is_wanted && !(place->owners[k] == other->owners[i] &&
                                       is_same_turn(&place->causes[k], &other->causes[i]));
        }
        if (is_wanted) {
            place->causes[place->cause_count] = other->causes[i];
            place->owners[place->cause_count] = other->owners[i];
            place->cause_count++;
        }
    }
}

void places_sort(struct places *places)
{
    if (places->count == 0) {
        return;
    }
    qsort(places->items, places->count, sizeof places->items[0], compare_places);
    size_t kept = 1;
    for (size_t i = 1; i < places->count; i++) {
        struct place *last = &places->items[kept - 1];
        if (rational_compare(&last->x, &places->items[i].x) == 0) {
            place_merge(last, &places->items[i]);
            rational_release(&places->items[i].x);
            continue;
        }
        places->items[kept] = places->items[i];
        kept++;
    }
    places->count = kept;
}

enum status places_simplify(struct rational *x, const struct rational *tolerance)
{
    OWNED(rational_release) struct rational step;
    OWNED(rational_release) struct rational tenth;
    OWNED(rational_release) struct rational near;
    OWNED(rational_release) struct rational away;
    rational_init(&step);
    rational_init(&tenth);
    rational_init(&near);
    rational_init(&away);
    rational_set_fraction(&tenth, 1, 10);
    rational_set_integer(&step, (int64_t)1000000000 * 1000000000);
    for (int tens = TENS_MAX; tens >= -TENS_MAX; tens--) {
        TRY(rational_round(&near, x, &step, ROUND_HALF_EVEN));
        TRY(rational_subtract(&away, &near, x));
        if (rational_sign(&away) < 0) {
            rational_negate(&away, &away);
        }
        if (rational_compare(&away, tolerance) <= 0) {
            rational_set(x, &near);
            return STATUS_OK;
        }
        TRY(rational_multiply(&step, &step, &tenth));
    }
    return STATUS_OK;
}

/* --- Probes --- */

static enum status probe_init(struct probe *probe, const struct simulation *simulation,
                              size_t group_count)
{
    *probe = (struct probe){
        .point = points_new(simulation, 1),
        .states = calloc(group_count + 1, sizeof *probe->states),
        .has_state = calloc(group_count + 1, sizeof *probe->has_state),
    };
    rational_init(&probe->x);
    settlement_init(&probe->settlement);
    bool is_complete = probe->point != NULL && probe->states != NULL && probe->has_state != NULL;
    return is_complete ? STATUS_OK : STATUS_MEMORY;
}

static void probe_release(struct probe *probe, const struct simulation *simulation)
{
    rational_release(&probe->x);
    settlement_release(&probe->settlement);
    points_free(probe->point, simulation, 1);
    free(probe->states);
    free(probe->has_state);
}

static enum status take_sample(struct search *search, struct probe *probe)
{
    TRY(search_look(search, probe));
    for (size_t i = 0; i < search->group_count; i++) {
        enum status status =
            turn_group_state(search->simulation, &probe->settlement, i, &probe->states[i]);
        if (status == STATUS_MEMORY) {
            return status;
        }
        probe->has_state[i] = status == STATUS_OK;
    }
    return STATUS_OK;
}

/* --- Rounding --- */

/* Where rounding goes from k steps to k + 1, in halves of a step. */
static int64_t rounding_place(enum rounding rounding, int64_t k)
{
    switch (rounding) {
    case ROUND_HALF_EVEN:
    case ROUND_HALF_UP:
        return 2 * k + 1;
    case ROUND_UP:
        return k >= 0 ? 2 * k : 2 * (k + 1);
    case ROUND_DOWN:
        return k >= 0 ? 2 * (k + 1) : 2 * k;
    case ROUND_CEILING:
        return 2 * k;
    case ROUND_FLOOR:
        break;
    }
    return 2 * (k + 1);
}

/* How many steps the line comes to at a probe; false when it was not computed. */
static bool count_steps(const struct probe *probe, const struct line *line, size_t index,
                        int64_t *ret_steps)
{
    OWNED(rational_release) struct rational steps;
    rational_init(&steps);
    return index < probe->settlement.values.count &&
           rational_divide(&steps, &probe->settlement.values.lines[index].value,
                           &line->to.constant) == STATUS_OK &&
           rational_to_integer(&steps, ret_steps) == STATUS_OK && *ret_steps > INT64_MIN / 4 &&
           *ret_steps < INT64_MAX / 4;
}

static void note_roundings(struct search *search, const struct probe *probe)
{
    const struct terms *terms = &search->simulation->contract->terms;
    for (size_t i = 0; i < terms->line_count; i++) {
        struct rounding_span *span = &search->roundings[i];
        int64_t steps;
        if (terms->lines[i].operation != OPERATION_ROUND ||
            !count_steps(probe, &terms->lines[i], i, &steps)) {
            continue;
        }
        span->least = span->is_known && span->least < steps ? span->least : steps;
        span->greatest = span->is_known && span->greatest > steps ? span->greatest : steps;
        span->is_known = true;
    }
}

/* Steps are told apart only where they are so few that people see them. */
static enum status find_roundings(struct search *search, size_t index)
{
    const struct line *line = &search->simulation->contract->terms.lines[index];
    const struct rounding_span *span = &search->roundings[index];
    int64_t left;
    int64_t right;
    if (!span->is_known || span->greatest - span->least > PLACES_ROUNDINGS_MAX ||
        !count_steps(&search->probes[PROBE_LEFT], line, index, &left) ||
        !count_steps(&search->probes[PROBE_RIGHT], line, index, &right)) {
        return STATUS_OK;
    }
    int64_t low = left < right ? left : right;
    int64_t high = left < right ? right : left;
    for (int64_t k = low; k < high && !search->places->is_cut; k++) {
        struct turn turn = {
            .kind = TURN_ROUNDING, .line = index, .halves = rounding_place(line->by, k)};
        TRY(search_turn(search, &turn));
    }
    return STATUS_OK;
}

/* --- Edges of what is refused --- */

/* The range that bounds what the axis can be, or NULL. */
static const struct range *range_of(const struct simulation *simulation)
{
    const struct input *input = &simulation->axes[0].input;
    if (!simulation->axes[0].is_known) {
        return NULL;
    }
    const struct outcome *outcome = &simulation->contract->terms.outcomes[input->cell.outcome];
    switch (input->field) {
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
        return &outcome->range;
    case MEASURED_RATIO:
    case MEASURED_CONTROL_RATIO:
        return outcome->unit.count == 0 ? &outcome->range : NULL;
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_DENOMINATOR:
    case MEASURED_CONTROL_COUNT:
    case MEASURED_CONTROL_NUMERATOR:
    case MEASURED_CONTROL_DENOMINATOR:
        return &outcome->count_range;
    case MEASURED_P_VALUE:
    case MEASURED_FIELD_COUNT:
        break;
    }
    return NULL;
}

static enum status add_range_end(struct search *search, const struct rational *end,
                                 const struct rational *from, const struct rational *to)
{
    if (rational_compare(end, from) < 0 || rational_compare(end, to) > 0) {
        return STATUS_OK;
    }
    TRY(places_add(search->places, end));
    search->places->items[search->places->count - 1].is_break = true;
    return STATUS_OK;
}

static enum status add_range(struct search *search, const struct rational *from,
                             const struct rational *to)
{
    const struct range *range = range_of(search->simulation);
    if (range != NULL && range->has_at_least) {
        TRY(add_range_end(search, &range->at_least, from, to));
    }
    if (range != NULL && range->has_at_most) {
        TRY(add_range_end(search, &range->at_most, from, to));
    }
    return STATUS_OK;
}

/* Whether a break was found between the two samples, both included. */
static bool has_break_between(const struct search *search)
{
    const struct rational *left = &search->probes[PROBE_LEFT].x;
    const struct rational *right = &search->probes[PROBE_RIGHT].x;
    for (size_t i = 0; i < search->places->count; i++) {
        const struct place *place = &search->places->items[i];
        if (place->is_break && rational_compare(&place->x, left) >= 0 &&
            rational_compare(&place->x, right) <= 0) {
            return true;
        }
    }
    return false;
}

/* What is refused on one side, for a reason that is no turn of a line, is halved to its edge. */
static enum status find_edge(struct search *search)
{
    const struct probe *left = &search->probes[PROBE_LEFT];
    const struct probe *right = &search->probes[PROBE_RIGHT];
    struct probe *between = &search->probes[PROBE_BETWEEN];
    if (left->point->refused == right->point->refused || has_break_between(search)) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational low;
    OWNED(rational_release) struct rational high;
    OWNED(rational_release) struct rational half;
    rational_init(&low);
    rational_init(&high);
    rational_init(&half);
    rational_set(&low, &left->x);
    rational_set(&high, &right->x);
    rational_set_fraction(&half, 1, 2);
    for (size_t round = 0; round < EDGE_ROUNDS; round++) {
        TRY(rational_add(&between->x, &low, &high));
        TRY(rational_multiply(&between->x, &between->x, &half));
        TRY(search_look(search, between));
        bool is_left = between->point->refused == left->point->refused;
        rational_set(is_left ? &low : &high, &between->x);
    }
    TRY(places_add(search->places, &high));
    struct place *place = &search->places->items[search->places->count - 1];
    place->is_break = true;
    place->is_exact = false;
    return STATUS_OK;
}

/* --- Finding breaks --- */

/*
 * Lines that jump come first: where they do, lines after them turn, too, and what is left undone
 * when the search is cut short is a bend, and no step.
 */
enum pass {
    PASS_JUMPS,
    PASS_BENDS,
    PASS_COUNT,
};

static enum pass pass_of(const struct contract *contract, size_t group)
{
    if (group >= contract->terms.line_count) {
        return PASS_BENDS;
    }
    enum operation operation = contract->terms.lines[group].operation;
    return operation == OPERATION_TIERS || operation == OPERATION_WHEN ? PASS_JUMPS : PASS_BENDS;
}

static enum status find_turns(struct search *search, size_t group)
{
    const struct contract *contract = search->simulation->contract;
    const struct probe *left = &search->probes[PROBE_LEFT];
    const struct probe *right = &search->probes[PROBE_RIGHT];
    if (!left->has_state[group] || !right->has_state[group] ||
        left->states[group] == right->states[group]) {
        return STATUS_OK;
    }
    size_t first;
    size_t end;
    turn_group_span(contract, group, left->states[group], right->states[group], &first, &end);
    for (size_t i = first; i < end && !search->places->is_cut; i++) {
        struct turn turn = turn_of(contract, group, i);
        TRY(search_turn(search, &turn));
    }
    return STATUS_OK;
}

static enum status find_between(struct search *search, enum pass pass)
{
    const struct contract *contract = search->simulation->contract;
    for (size_t i = 0; i < contract->terms.line_count && pass == PASS_JUMPS; i++) {
        TRY(find_roundings(search, i));
    }
    for (size_t i = 0; i < search->group_count; i++) {
        if (pass_of(contract, i) == pass) {
            TRY(find_turns(search, i));
        }
    }
    return pass == PASS_BENDS ? find_edge(search) : STATUS_OK;
}

/* from + (to - from) * index / PLACES_SAMPLES */
static enum status sample_place(const struct rational *from, const struct rational *to,
                                size_t index, struct rational *ret_x)
{
    OWNED(rational_release) struct rational part;
    rational_init(&part);
    rational_set_fraction(&part, (int64_t)index, PLACES_SAMPLES);
    TRY(rational_subtract(ret_x, to, from));
    TRY(rational_multiply(ret_x, ret_x, &part));
    return rational_add(ret_x, ret_x, from);
}

/* Goes along the axis once, to see how often lines are rounded. */
static enum status look_ahead(struct search *search, const struct rational *from,
                              const struct rational *to)
{
    struct probe *probe = &search->probes[PROBE_BETWEEN];
    for (size_t i = 0; i <= PLACES_SAMPLES; i++) {
        TRY(sample_place(from, to, i, &probe->x));
        TRY(search_look(search, probe));
        note_roundings(search, probe);
    }
    return STATUS_OK;
}

static enum status find_in_pass(struct search *search, const struct rational *from,
                                const struct rational *to, enum pass pass)
{
    for (size_t i = 0; i <= PLACES_SAMPLES; i++) {
        struct probe swapped = search->probes[PROBE_LEFT];
        search->probes[PROBE_LEFT] = search->probes[PROBE_RIGHT];
        search->probes[PROBE_RIGHT] = swapped;
        struct probe *right = &search->probes[PROBE_RIGHT];
        TRY(sample_place(from, to, i, &right->x));
        TRY(take_sample(search, right));
        if (i > 0) {
            TRY(find_between(search, pass));
        }
        if (pass == PASS_BENDS) {
            TRY(places_add(search->places, &right->x));
        }
    }
    return STATUS_OK;
}

static enum status find_all(struct search *search, const struct rational *from,
                            const struct rational *to)
{
    TRY(look_ahead(search, from, to));
    TRY(add_range(search, from, to));
    TRY(find_in_pass(search, from, to, PASS_JUMPS));
    return find_in_pass(search, from, to, PASS_BENDS);
}

enum status places_find(struct simulation *simulation, size_t owner, const struct rational *from,
                        const struct rational *to, struct places *places, struct failure *failure)
{
    assert(simulation->axis_count == 1);
    struct search search = {
        .simulation = simulation,
        .owner = owner,
        .places = places,
        .group_count = turn_group_count(simulation->contract),
        .roundings = calloc(simulation->contract->terms.line_count, sizeof *search.roundings),
        .failure = failure,
    };
    enum status status = search.roundings == NULL ? STATUS_MEMORY : STATUS_OK;
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        enum status made = probe_init(&search.probes[i], simulation, search.group_count);
        status = status == STATUS_OK ? made : status;
    }
    if (status == STATUS_OK) {
        status = find_all(&search, from, to);
    }
    for (size_t i = 0; i < PROBE_COUNT; i++) {
        probe_release(&search.probes[i], simulation);
    }
    free(search.roundings);
    return simulation_tell(status, failure);
}
