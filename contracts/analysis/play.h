/*
 * Play: lives of the contract, computed from numbers that somebody chose.
 *
 * What reach.h says of all numbers at once, this says of one choice of them: the same periods in
 * the same order, by the code that settles. So an end of an interval that a play reaches is exact.
 */
#pragma once

#include "contracts/analysis/inputs.h"
#include "contracts/settlement/settlement.h"
#include "contracts/simulation/assumptions.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct play {
    const struct inputs *inputs;
    struct assumptions assumptions;
    struct settlement_source source;
    struct settlement settlement; /* of the period that was computed last */
    size_t period;
    struct rational paid; /* the input of that name */
    size_t work;          /* grows by one for each line computed */
    size_t evaluations;   /* periods computed */
};

enum status play_init(struct play *play, const struct inputs *inputs);
void play_release(struct play *play);

/*
 * Chooses an input, for every life from now on. A ratio is made of counts. False when nobody could
 * measure it so: it is not in the domain, or no decimal.
 */
bool play_set(struct play *play, size_t input, const struct rational *value);

/* Takes back what was chosen for an input: it is not measured, not placed. */
void play_clear(struct play *play, size_t input);

/* Whether what is chosen for the outcome and period of an input can be measured together. */
bool play_is_consistent(const struct play *play, size_t input);

/* Begins a life: nothing is settled but the past of the inputs. */
void play_begin(struct play *play);

/* Computes a period. Errors: refusals of settlement_compute; STATUS_MEMORY. */
enum status play_compute(struct play *play, size_t period, struct failure *failure);

/* Settles the period that was computed last. Errors: STATUS_LIMIT, when a sum grows too large. */
enum status play_settle(struct play *play);

/* What a party owes by the period that was computed last, gross. */
void play_owed(const struct play *play, struct view party, struct rational *ret_owed);

/*
 * What an operand came to in the period that was computed last; false when it stands in a line that
 * was not reached, or asks for what was not published.
 */
bool play_operand(const struct play *play, size_t line, const struct operand *operand,
                  struct rational *ret_value);
