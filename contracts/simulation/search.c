#include "contracts/simulation/search.h"

#include "ledger/base/ownership.h"

#define SEARCH_ROUNDS_MAX 80
#define ROUNDS_EXACT 3 /* in the first rounds a place may be any fraction */
#define HALVINGS 40
#define STEP_PARTS 1000000000 /* a turn is found to so small a part of a sample's step */
#define BLUR_PARTS 100000     /* a shorter part of it is too short for people to care */

/* --- Looking --- */

enum status search_look(struct search *search, struct probe *probe)
{
    search->look_count++;
    if (search->look_count > SEARCH_LOOKS_MAX) {
        search->places->is_cut = true;
    }
    return simulation_compute(search->simulation, &probe->x, &probe->settlement, probe->point,
                              search->failure);
}

/* What a turn's number is at a probe: the measured numbers are put back to where it was taken. */
static enum status value_at(struct search *search, const struct probe *probe,
                            const struct turn *turn, struct rational *ret_value)
{
    struct failure ignored;
    if (simulation_assume(search->simulation, &probe->x, &ignored) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    return turn_value(search->simulation, &probe->settlement, turn, ret_value);
}

/* The sign of a turn at a place, which becomes that of the probe between. */
static enum status sign_at(struct search *search, const struct turn *turn, const struct rational *x,
                           int *ret_sign)
{
    struct probe *between = &search->probes[PROBE_BETWEEN];
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    if (x != &between->x) {
        rational_set(&between->x, x);
    }
    TRY(search_look(search, between));
    TRY(value_at(search, between, turn, &value));
    *ret_sign = rational_sign(&value);
    return STATUS_OK;
}

/* A part of the way from one sample to the next. */
static enum status part_of_step(const struct search *search, int64_t parts,
                                struct rational *ret_part)
{
    OWNED(rational_release) struct rational share;
    rational_init(&share);
    rational_set_fraction(&share, 1, parts);
    TRY(rational_subtract(ret_part, &search->probes[PROBE_RIGHT].x, &search->probes[PROBE_LEFT].x));
    return rational_multiply(ret_part, ret_part, &share);
}

/* The break at `x` that was found already, or NULL. */
static struct place *find_break(const struct search *search, const struct rational *x)
{
    for (size_t i = 0; i < search->places->count; i++) {
        struct place *place = &search->places->items[i];
        if (place->is_break && rational_compare(&place->x, x) == 0) {
            return place;
        }
    }
    return NULL;
}

static enum status add_break(struct search *search, const struct rational *x, bool is_exact,
                             const struct turn *turn)
{
    struct place cause = {.is_break = true,
                          .is_exact = is_exact,
                          .cause_count = 1,
                          .causes = {*turn},
                          .owners = {search->owner}};
    struct place *known = find_break(search, x);
    if (known != NULL) {
        place_merge(known, &cause);
        return STATUS_OK;
    }
    if (search->break_count == PLACES_BREAKS_MAX) {
        search->places->is_cut = true;
        return STATUS_OK;
    }
    TRY(places_add(search->places, x));
    struct place *place = &search->places->items[search->places->count - 1];
    place->is_exact = is_exact;
    place_merge(place, &cause);
    search->break_count++;
    return STATUS_OK;
}

/* --- Where a turn is zero --- */

/*
 * Moves `zero`, where the turn is zero, to a shorter decimal within `reach`, if it is zero there,
 * too. STATUS_NOT_FOUND: it has no number there.
 */
static enum status shorten_zero(struct search *search, const struct turn *turn,
                                const struct rational *reach, struct rational *zero)
{
    OWNED(rational_release) struct rational shorter;
    rational_init(&shorter);
    int sign;
    rational_set(&shorter, zero);
    TRY(places_simplify(&shorter, reach));
    TRY(sign_at(search, turn, &shorter, &sign));
    if (sign == 0) {
        rational_set(zero, &shorter);
    }
    return STATUS_OK;
}

/* Halves the way from `zero`, where the turn is zero, to `other`, where it is not. */
static enum status halve_to_end(struct search *search, const struct turn *turn,
                                struct rational *zero, struct rational *other)
{
    OWNED(rational_release) struct rational middle;
    OWNED(rational_release) struct rational half;
    rational_init(&middle);
    rational_init(&half);
    rational_set_fraction(&half, 1, 2);
    for (size_t i = 0; i < HALVINGS; i++) {
        int sign;
        TRY(rational_add(&middle, zero, other));
        TRY(rational_multiply(&middle, &middle, &half));
        TRY(sign_at(search, turn, &middle, &sign));
        rational_set(sign == 0 ? zero : other, &middle);
    }
    return STATUS_OK;
}

/* Whether the turn has different signs a little before `x` and a little after it. */
static enum status changes_at(struct search *search, const struct turn *turn,
                              const struct rational *x, const struct rational *little,
                              bool *ret_changes)
{
    OWNED(rational_release) struct rational beside;
    rational_init(&beside);
    int before;
    int after;
    TRY(rational_subtract(&beside, x, little));
    TRY(sign_at(search, turn, &beside, &before));
    TRY(rational_add(&beside, x, little));
    TRY(sign_at(search, turn, &beside, &after));
    *ret_changes = before != after;
    return STATUS_OK;
}

/* Adds the end of the way on which the turn is zero, which lies between the two places. */
static enum status add_end(struct search *search, const struct turn *turn, struct rational *zero,
                           struct rational *other)
{
    OWNED(rational_release) struct rational little;
    rational_init(&little);
    bool is_exact;
    TRY(halve_to_end(search, turn, zero, other));
    TRY(part_of_step(search, STEP_PARTS, &little));
    TRY(places_simplify(zero, &little));
    TRY(rational_add(&little, &little, &little));
    TRY(changes_at(search, turn, zero, &little, &is_exact));
    return add_break(search, zero, is_exact, turn);
}

/* A pay matters below zero only, and a cap above. */
static bool matters(const struct turn *turn, int sign)
{
    return turn->kind == TURN_SIGN ? sign < 0 : turn->kind != TURN_CAP || sign > 0;
}

/*
 * Adds the place where the turn ceases to be zero on the way from `zero` to `other`, where it has
 * the sign `other_sign`.
 */
static enum status leave_zero(struct search *search, const struct turn *turn,
                              const struct rational *zero, const struct rational *other,
                              int other_sign)
{
    if (!matters(turn, other_sign)) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational near;
    OWNED(rational_release) struct rational far;
    OWNED(rational_release) struct rational reach;
    rational_init(&near);
    rational_init(&far);
    rational_init(&reach);
    rational_set(&near, zero);
    rational_set(&far, other);
    TRY(part_of_step(search, BLUR_PARTS, &reach));
    bool is_right = rational_compare(other, zero) > 0;
    int sign;
    TRY(is_right ? rational_add(&far, zero, &reach) : rational_subtract(&far, zero, &reach));
    bool is_beyond =
        is_right ? rational_compare(&far, other) >= 0 : rational_compare(&far, other) <= 0;
    TRY(sign_at(search, turn, is_beyond ? other : &far, &sign));
    if (sign != 0) {
        TRY(shorten_zero(search, turn, &reach, &near));
        return add_break(search, &near, true, turn);
    }
    rational_set(&far, other);
    return add_end(search, turn, &near, &far);
}

/* --- Following a turn to its zero --- */

/* Both ends of what is left of the way; the numbers at them have different signs. */
struct bracket {
    struct rational low;
    struct rational high;
    struct rational low_value;
    struct rational high_value;
    struct rational step; /* places between decimals are left to the first rounds */
};

static bool is_inside(const struct bracket *bracket, const struct rational *x)
{
    return rational_compare(x, &bracket->low) > 0 && rational_compare(x, &bracket->high) < 0;
}

/* low + (high - low) * part */
static enum status place_at(const struct bracket *bracket, const struct rational *part,
                            struct rational *ret_x)
{
    OWNED(rational_release) struct rational way;
    rational_init(&way);
    TRY(rational_subtract(&way, &bracket->high, &bracket->low));
    TRY(rational_multiply(&way, &way, part));
    return rational_add(ret_x, &bracket->low, &way);
}

/* Where a straight line from one end to the other is zero, in every other round; or the middle. */
static enum status choose_place(const struct bracket *bracket, size_t round, struct rational *ret_x)
{
    OWNED(rational_release) struct rational part;
    OWNED(rational_release) struct rational whole;
    rational_init(&part);
    rational_init(&whole);
    if (round % 2 == 0) {
        TRY(rational_subtract(&whole, &bracket->low_value, &bracket->high_value));
        TRY(rational_divide(&part, &bracket->low_value, &whole));
        TRY(place_at(bracket, &part, ret_x));
        if (round < ROUNDS_EXACT) {
            return STATUS_OK;
        }
        TRY(rational_round(ret_x, ret_x, &bracket->step, ROUND_HALF_EVEN));
        if (is_inside(bracket, ret_x)) {
            return STATUS_OK;
        }
    }
    rational_set_fraction(&part, 1, 2);
    TRY(place_at(bracket, &part, ret_x));
    TRY(rational_round(ret_x, ret_x, &bracket->step, ROUND_HALF_EVEN));
    return is_inside(bracket, ret_x) ? STATUS_OK : STATUS_NOT_FOUND;
}

/* STATUS_NOT_FOUND: what is left is as small as it gets, or has no number. */
static enum status narrow(struct search *search, const struct turn *turn, struct bracket *bracket,
                          size_t round, bool *ret_found)
{
    struct probe *between = &search->probes[PROBE_BETWEEN];
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    TRY(choose_place(bracket, round, &between->x));
    TRY(search_look(search, between));
    TRY(value_at(search, between, turn, &value));
    *ret_found = rational_sign(&value) == 0;
    if (!*ret_found) {
        bool is_low = rational_sign(&value) == rational_sign(&bracket->low_value);
        rational_set(is_low ? &bracket->low : &bracket->high, &between->x);
        rational_set(is_low ? &bracket->low_value : &bracket->high_value, &value);
    }
    return STATUS_OK;
}

/* The number may jump over zero: the place is close to what is left, perhaps a short decimal. */
static enum status add_jump(struct search *search, const struct turn *turn,
                            const struct bracket *bracket)
{
    OWNED(rational_release) struct rational place;
    OWNED(rational_release) struct rational reach;
    rational_init(&place);
    rational_init(&reach);
    TRY(rational_add(&reach, &bracket->step, &bracket->step));
    rational_set(&place, &bracket->high);
    TRY(places_simplify(&place, &reach));
    int sign;
    TRY(sign_at(search, turn, &place, &sign));
    return add_break(search, &place, sign == 0, turn);
}

/*
 * Whether the number jumps over zero at a break that is known already, because a line before it
 * jumps there. Then the turn is one more cause of that break.
 */
static enum status jumps_at_break(struct search *search, const struct turn *turn,
                                  const struct bracket *bracket, bool *ret_jumps)
{
    OWNED(rational_release) struct rational little;
    rational_init(&little);
    TRY(part_of_step(search, STEP_PARTS, &little));
    *ret_jumps = false;
    for (size_t i = 0; i < search->places->count && !*ret_jumps; i++) {
        const struct place *place = &search->places->items[i];
        if (place->is_break && is_inside(bracket, &place->x)) {
            TRY(changes_at(search, turn, &place->x, &little, ret_jumps));
            if (*ret_jumps) {
                return add_break(search, &place->x, place->is_exact, turn);
            }
        }
    }
    return STATUS_OK;
}

static enum status follow(struct search *search, const struct turn *turn, struct bracket *bracket)
{
    const int low_sign = rational_sign(&bracket->low_value);
    for (size_t round = 0; round < SEARCH_ROUNDS_MAX; round++) {
        bool is_found = false;
        if (round == ROUNDS_EXACT) {
            TRY(jumps_at_break(search, turn, bracket, &is_found));
            if (is_found) {
                return STATUS_OK;
            }
        }
        enum status status = narrow(search, turn, bracket, round, &is_found);
        if (status == STATUS_NOT_FOUND) {
            break;
        }
        TRY(status);
        if (is_found) {
            OWNED(rational_release) struct rational zero;
            rational_init(&zero);
            rational_set(&zero, &search->probes[PROBE_BETWEEN].x);
            TRY(leave_zero(search, turn, &zero, &bracket->low, low_sign));
            return leave_zero(search, turn, &zero, &bracket->high, -low_sign);
        }
    }
    return add_jump(search, turn, bracket);
}

static void bracket_init(struct bracket *bracket)
{
    rational_init(&bracket->low);
    rational_init(&bracket->high);
    rational_init(&bracket->low_value);
    rational_init(&bracket->high_value);
    rational_init(&bracket->step);
}

static void bracket_release(struct bracket *bracket)
{
    rational_release(&bracket->low);
    rational_release(&bracket->high);
    rational_release(&bracket->low_value);
    rational_release(&bracket->high_value);
    rational_release(&bracket->step);
}

static enum status find_turn(struct search *search, const struct turn *turn)
{
    const struct probe *left = &search->probes[PROBE_LEFT];
    const struct probe *right = &search->probes[PROBE_RIGHT];
    OWNED(bracket_release) struct bracket bracket;
    bracket_init(&bracket);
    TRY(value_at(search, left, turn, &bracket.low_value));
    TRY(value_at(search, right, turn, &bracket.high_value));
    int low_sign = rational_sign(&bracket.low_value);
    int high_sign = rational_sign(&bracket.high_value);
    if (low_sign == high_sign) {
        return STATUS_OK;
    }
    if (low_sign == 0) {
        return leave_zero(search, turn, &left->x, &right->x, high_sign);
    }
    if (high_sign == 0) {
        return leave_zero(search, turn, &right->x, &left->x, low_sign);
    }
    rational_set(&bracket.low, &left->x);
    rational_set(&bracket.high, &right->x);
    TRY(part_of_step(search, STEP_PARTS, &bracket.step));
    return follow(search, turn, &bracket);
}

enum status search_turn(struct search *search, const struct turn *turn)
{
    enum status status = find_turn(search, turn);
    return status == STATUS_NOT_FOUND || status == STATUS_LIMIT ? STATUS_OK : status;
}
