#include "cli/chart_scale.h"

#include "cli/svg.h"
#include "ledger/base/ownership.h"

#define TICKS_MAX 40

void scale_init(struct scale *scale)
{
    *scale = (struct scale){0};
    rational_init(&scale->low);
    rational_init(&scale->high);
    rational_init(&scale->step);
    rational_init(&scale->first_tick);
}

void scale_release(struct scale *scale)
{
    rational_release(&scale->low);
    rational_release(&scale->high);
    rational_release(&scale->step);
    rational_release(&scale->first_tick);
}

enum status scale_place(const struct scale *scale, const struct rational *value, int64_t *ret_place)
{
    OWNED(rational_release) struct rational part;
    OWNED(rational_release) struct rational whole;
    rational_init(&part);
    rational_init(&whole);
    TRY(rational_subtract(&part, value, &scale->low));
    TRY(rational_subtract(&whole, &scale->high, &scale->low));
    TRY(rational_divide(&part, &part, &whole));
    rational_set_integer(&whole, (scale->end - scale->start) * SVG_PLACE);
    TRY(rational_multiply(&part, &part, &whole));
    rational_set_integer(&whole, 1);
    TRY(rational_round(&part, &part, &whole, ROUND_HALF_UP));
    TRY(rational_to_integer(&part, ret_place));
    *ret_place += scale->start * SVG_PLACE;
    return STATUS_OK;
}

/* value * numerator / denominator */
static enum status times(struct rational *value, int64_t numerator, int64_t denominator)
{
    OWNED(rational_release) struct rational factor;
    rational_init(&factor);
    rational_set_fraction(&factor, numerator, denominator);
    return rational_multiply(value, value, &factor);
}

/* How many steps fit between the ends; more than `limit` is limit + 1. */
static enum status count_steps(const struct scale *scale, int64_t limit, int64_t *ret_count)
{
    OWNED(rational_release) struct rational count;
    OWNED(rational_release) struct rational one;
    rational_init(&count);
    rational_init(&one);
    rational_set_integer(&one, 1);
    TRY(rational_subtract(&count, &scale->high, &scale->low));
    TRY(rational_divide(&count, &count, &scale->step));
    TRY(rational_round(&count, &count, &one, ROUND_FLOOR));
    if (rational_to_integer(&count, ret_count) != STATUS_OK || *ret_count > limit) {
        *ret_count = limit + 1;
    }
    return STATUS_OK;
}

enum status scale_choose_step(struct scale *scale, int64_t most)
{
    static const struct {
        int64_t numerator;
        int64_t denominator;
    } UP[3] = {{2, 1}, {5, 2}, {2, 1}}; /* 1 -> 2 -> 5 -> 10 */
    const int tens_max = 40;
    rational_set_integer(&scale->step, 1);
    int64_t count = most + 1;
    for (int i = 0; i < tens_max; i++) { /* down, until there are too many */
        TRY(count_steps(scale, most, &count));
        if (count > most) {
            break;
        }
        TRY(times(&scale->step, 1, 10));
    }
    for (int i = 0; i < 6 * tens_max && count > most; i++) {
        TRY(times(&scale->step, UP[i % 3].numerator, UP[i % 3].denominator));
        TRY(count_steps(scale, most, &count));
    }
    return count > most ? STATUS_LIMIT : STATUS_OK;
}

static enum status round_to_step(struct rational *value, const struct scale *scale,
                                 enum rounding rounding)
{
    return rational_round(value, value, &scale->step, rounding);
}

enum status scale_count_ticks(struct scale *scale)
{
    rational_set(&scale->first_tick, &scale->low);
    TRY(round_to_step(&scale->first_tick, scale, ROUND_CEILING));
    OWNED(rational_release) struct rational tick;
    rational_init(&tick);
    rational_set(&tick, &scale->first_tick);
    scale->tick_count = 0;
    while (rational_compare(&tick, &scale->high) <= 0 && scale->tick_count < TICKS_MAX) {
        scale->tick_count++;
        TRY(rational_add(&tick, &tick, &scale->step));
    }
    return STATUS_OK;
}

enum status scale_tick(const struct scale *scale, size_t index, struct rational *ret_value)
{
    rational_set_integer(ret_value, (int64_t)index);
    TRY(rational_multiply(ret_value, ret_value, &scale->step));
    return rational_add(ret_value, ret_value, &scale->first_tick);
}

void scale_include(struct scale *scale, const struct rational *value)
{
    if (rational_compare(value, &scale->low) < 0) {
        rational_set(&scale->low, value);
    }
    if (rational_compare(value, &scale->high) > 0) {
        rational_set(&scale->high, value);
    }
}

enum status scale_round_ends(struct scale *scale)
{
    OWNED(rational_release) struct rational room;
    rational_init(&room);
    rational_set(&room, &scale->step);
    TRY(times(&room, 1, 4));
    TRY(rational_add(&scale->high, &scale->high, &room));
    TRY(round_to_step(&scale->high, scale, ROUND_CEILING));
    return round_to_step(&scale->low, scale, ROUND_FLOOR);
}

bool scale_holds(const struct scale *scale, const struct rational *value)
{
    return rational_compare(value, &scale->low) >= 0 && rational_compare(value, &scale->high) <= 0;
}
