/*
 * Places: where along its one axis a simulation is looked at.
 *
 * The axis is looked at in PLACES_SAMPLES equal steps. Where a line behaves otherwise at two
 * neighbouring samples, the turns between them (turns.h) are followed to their zero: exactly where
 * the number is a straight line there, as in nearly every contract, else to a billionth of a step.
 * Each place found is a *break*.
 *
 * What changes and changes back between two samples, at no threshold of its own, is not seen.
 */
#pragma once

#include "contracts/simulation/simulation.h"
#include "contracts/simulation/turns.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

#define PLACES_SAMPLES 256
#define PLACES_BREAKS_MAX 1000
#define PLACES_CAUSES_MAX 8
#define PLACES_ROUNDINGS_MAX 400 /* rounding steps along the axis that are told apart */

/* A place on the axis. A break without a cause is an edge of what a measurement can say. */
struct place {
    struct rational x;
    bool is_break;
    bool is_exact;
    size_t cause_count;
    struct turn causes[PLACES_CAUSES_MAX];
    size_t owners[PLACES_CAUSES_MAX]; /* which of the simulations that share the places */
};

/* Places in ascending order, each once. */
struct places {
    size_t count;
    size_t capacity;
    bool is_cut; /* there are more breaks than PLACES_BREAKS_MAX */
    struct place *items;
};

void places_init(struct places *places);
void places_release(struct places *places); /* for OWNED(places_release) */

/* Adds a place in any order; places_sort brings them into theirs. Errors: STATUS_MEMORY. */
enum status places_add(struct places *places, const struct rational *x);
void places_sort(struct places *places);

/*
 * Adds the samples from `from` to `to`, and every break of the simulation between them, as causes
 * of `owner`.
 *
 * Shapes  the simulation has one axis; from < to. The places are left unsorted.
 */
enum status places_find(struct simulation *simulation, size_t owner, const struct rational *from,
                        const struct rational *to, struct places *places, struct failure *failure);

/*
 * Moves `x` to the decimal with the fewest digits that is not farther away than `tolerance`: where
 * rounding blurs a place, the one that people wrote is among those it could be.
 */
enum status places_simplify(struct rational *x, const struct rational *tolerance);
