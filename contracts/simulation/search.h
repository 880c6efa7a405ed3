/*
 * Search: what finding the places of one simulation shares; for this folder.
 *
 * A probe is a settlement at one place of the axis, with what its lines look like there. A turn
 * that has different signs at two probes lies between them; search_turn follows it to its zero.
 */
#pragma once

#include "contracts/simulation/places.h"
#include "contracts/simulation/simulation.h"
#include "contracts/simulation/turns.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Settlements that are computed in one search; what is not found by then is left out. */
#define SEARCH_LOOKS_MAX 40000

/* A settlement at a place, and the states of its groups. */
struct probe {
    struct rational x;
    struct settlement settlement;
    struct point *point;
    uint64_t *states;
    bool *has_state;
};

enum probe_name {
    PROBE_LEFT, /* two neighbouring samples ... */
    PROBE_RIGHT,
    PROBE_BETWEEN, /* ... and what is looked at between them */
    PROBE_COUNT,
};

/* How many steps a line that rounds comes to along the axis: few ones are seen, many are not. */
struct rounding_span {
    bool is_known;
    int64_t least;
    int64_t greatest;
};

struct search {
    struct simulation *simulation;
    size_t owner;
    struct places *places;
    size_t group_count;
    size_t break_count;
    size_t look_count;
    size_t interval_start;           /* the first place that was found between these two samples */
    struct rounding_span *roundings; /* [line] */
    struct probe probes[PROBE_COUNT];
    struct failure *failure;
};

/* Computes the settlement at the probe's place. Errors: STATUS_MEMORY and the like. */
enum status search_look(struct search *search, struct probe *probe);

/*
 * Finds the place of a turn between the two samples, if its number changes sign there, and adds it
 * as a break.
 *
 * A number that comes from a rounded line can be zero along a way: then both ends of that way are
 * added. A way too short for people to care is one place, the shortest decimal on it.
 *
 * Errors  STATUS_MEMORY and the like; what has no number is no turn.
 */
enum status search_turn(struct search *search, const struct turn *turn);

/* Takes over what another place at the same x is: a break, exact, and for what causes. */
void place_merge(struct place *place, const struct place *other);
