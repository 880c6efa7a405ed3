/*
 * Turns: the places where a line begins to behave otherwise.
 *
 * A tier begins, a limit is reached, a condition comes to hold, another operand becomes the least:
 * each is a *turn*, a number that is below zero on one side of the place, zero at it, and above
 * zero on the other. Somebody who varies a measured number finds the exact place by following that
 * number to its zero.
 */
#pragma once

#include "contracts/settlement/settlement.h"
#include "contracts/simulation/simulation.h"

#include <stddef.h>
#include <stdint.h>

enum turn_kind {
    TURN_AT_LEAST,  /* clamp: its lower limit */
    TURN_AT_MOST,   /* clamp: its upper limit */
    TURN_STEP,      /* tiers, curve, brackets: the threshold `index` */
    TURN_CHOICE,    /* minimum, maximum: the operand `index` becomes the one, or is it no longer */
    TURN_CONDITION, /* when: a comparison; `index` is its node, twice, and one more for the high of
                     * an interval */
    TURN_COUNT,     /* rate_card: count_at_most of the item `index` */
    TURN_AMOUNT,    /* rate_card: amount_at_most of the item `index` */
    TURN_ROUNDING,  /* round: the value goes from one step to the next */
    TURN_SIGN,      /* the pay `index` reaches zero */
    TURN_CAP,       /* the payer of the cap `index` owes as much as it */
};

struct turn {
    enum turn_kind kind;
    size_t line; /* SIZE_MAX for a cap */
    size_t index;
    int64_t halves; /* rounding: where, in halves of its step */
};

/*
 * How many groups of turns a contract has: one for each line, pay and cap, in that order. While the
 * state of a group is the same, none of its turns has been passed.
 */
size_t turn_group_count(const struct contract *contract);

/*
 * The state of a group, for a settlement that was computed from the simulation as it is now.
 *
 * Shapes  lines up to the one that was refused, if one was; pays and caps when none was.
 * Errors  STATUS_NOT_FOUND when the settlement did not come as far, or what the line looks at has
 *         no value.
 */
enum status turn_group_state(const struct simulation *simulation,
                             const struct settlement *settlement, size_t group,
                             uint64_t *ret_state);

/*
 * The turns of a group that lie between two states; none of a line that rounds.
 *
 * `first` and `*ret_end` bound the numbers that turn_of takes.
 */
void turn_group_span(const struct contract *contract, size_t group, uint64_t one, uint64_t other,
                     size_t *ret_first, size_t *ret_end);
struct turn turn_of(const struct contract *contract, size_t group, size_t number);

/*
 * The number that is zero at the turn.
 *
 * Shapes, Errors  as turn_group_state; STATUS_NOT_FOUND also when the group has no such turn.
 */
enum status turn_value(const struct simulation *simulation, const struct settlement *settlement,
                       const struct turn *turn, struct rational *ret_value);
