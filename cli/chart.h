/*
 * Chart: curves of a simulation as SVG, for people who read it on paper.
 *
 * The drawing stands alone: no script, no font, no reference to anything outside. Nothing in it
 * depends on colour: curves differ by their dashes and have their names beside them, thresholds are
 * numbered lines, and what the numbers mean is said below. A jump is drawn as one: a filled dot is
 * the value at the place, an open dot the value that is not reached. Every number is exact up to a
 * hundredth of a pixel, and set in the chosen language.
 */
#pragma once

#include "contracts/simulation/trace.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

#define CHART_CURVES_MAX 4
#define CHART_MARKS_MAX 12
#define CHART_CAPS_MAX 8
#define CHART_BANDS_MAX 24
#define CHART_NOTES_MAX 24

/* A column of a trace. Several curves are of traces along the same axis. */
struct chart_curve {
    const struct trace *trace;
    size_t column;
    struct view name;  /* stands beside the curve where there are several: short */
    struct view label; /* stands in the key */
};

/* A numbered place on the x axis. */
struct chart_mark {
    const struct rational *x;
    struct view text; /* stands below the chart, after the number */
};

/* An amount that is not to be exceeded. */
struct chart_cap {
    const struct rational *y;
    struct view label;
};

enum chart_band_kind {
    CHART_REFUSED,    /* nothing can be settled there: hatched */
    CHART_DIFFERENCE, /* two curves differ there: a bar at the foot */
};

struct chart_band {
    enum chart_band_kind kind;
    const struct rational *from;
    const struct rational *to;
    struct view text; /* stands below the chart; may be empty */
};

/* The values of the first two curves at a place, with a line between them. */
struct chart_gap {
    const struct rational *x;
    const struct rational *first;
    const struct rational *second;
    struct view label;
};

/* Everything is borrowed. Texts are plain UTF-8. */
struct chart {
    struct view title;
    struct view subtitle;
    struct view description; /* for those who cannot see it */
    struct view x_title;     /* with its unit */
    struct view y_title;
    size_t curve_count; /* at least 1 */
    struct chart_curve curves[CHART_CURVES_MAX];
    size_t mark_count;
    struct chart_mark marks[CHART_MARKS_MAX];
    size_t cap_count;
    struct chart_cap caps[CHART_CAPS_MAX];
    size_t band_count;
    struct chart_band bands[CHART_BANDS_MAX];
    bool has_gap;
    struct chart_gap gap;
    size_t note_count;
    struct view notes[CHART_NOTES_MAX]; /* whole lines below the chart */
};

/* Appends a number as it stands in a chart: thin spaces between groups, the language's signs. */
enum status chart_write_number(const struct rational *value, unsigned decimals_min,
                               struct buffer *buffer);

/*
 * Appends the chart.
 *
 * Errors  STATUS_LIMIT when the buffer is full or a number is beyond what can be drawn;
 *         STATUS_MEMORY.
 */
enum status chart_write(const struct chart *chart, struct buffer *buffer);
