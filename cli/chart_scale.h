/*
 * Scale: an axis of a chart, from values to places and to round numbers that people count by.
 */
#pragma once

#include "contracts/number/rational.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An axis: from `low` at `start` to `high` at `end`, in pixels. */
struct scale {
    struct rational low;
    struct rational high;
    struct rational step; /* between ticks */
    int64_t start;
    int64_t end;
    size_t tick_count;
    struct rational first_tick;
};

void scale_init(struct scale *scale);
void scale_release(struct scale *scale);

/* Widens the scale so that the value lies in it. */
void scale_include(struct scale *scale, const struct rational *value);
bool scale_holds(const struct scale *scale, const struct rational *value);

/*
 * Chooses the smallest of 1, 2, 5, 10, 20, ... and their tenths that gives at most `most` steps.
 *
 * Errors  STATUS_LIMIT when the ends are too far apart.
 */
enum status scale_choose_step(struct scale *scale, int64_t most);

/* Moves the ends out to whole steps, with some room over a curve that runs at the top. */
enum status scale_round_ends(struct scale *scale);

/* Counts the ticks between the ends; scale_tick gives their values. */
enum status scale_count_ticks(struct scale *scale);
enum status scale_tick(const struct scale *scale, size_t index, struct rational *ret_value);

/* Where a value stands, in hundredths of a pixel; one outside the scale stands outside. */
enum status scale_place(const struct scale *scale, const struct rational *value,
                        int64_t *ret_place);
