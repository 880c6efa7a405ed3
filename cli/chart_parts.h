/*
 * Parts of a chart: what the files that draw one share. Lengths are pixels; places are in
 * hundredths of one.
 */
#pragma once

#include "cli/chart.h"
#include "cli/chart_scale.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"

#include <stdint.h>

#define CHART_WIDTH 900
#define CHART_HEIGHT 560 /* of the plot with its titles; the key comes below */
#define CHART_TOP 134    /* of the plot itself */
#define CHART_BOTTOM 488

/* Black first: what is printed without colour loses nothing but a hint. */
struct chart_style {
    const char *colour;
    const char *dashes;
};
extern const struct chart_style CHART_STYLES[CHART_CURVES_MAX];

/* A chart while it is drawn. */
struct drawing {
    const struct chart *chart;
    struct buffer *out;
    struct scale x;
    struct scale y;
};

/* Draws every curve, with its dots. */
enum status chart_write_curves(const struct drawing *drawing);

/* Draws the gap between the first two curves, and writes the names of curves beside them. */
enum status chart_write_names(const struct drawing *drawing);

/* Whether some curve runs through a rectangle of places. */
enum status chart_is_crossed(const struct drawing *drawing, int64_t from, int64_t to, int64_t top,
                             int64_t bottom, bool *ret_is_crossed);

/* Writes what stands below the plot; with `out` NULL it is only measured. `*ret_y` is its end. */
enum status chart_write_key(const struct chart *chart, struct buffer *out, int64_t *ret_y);
