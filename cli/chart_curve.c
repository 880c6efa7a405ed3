/* The curves of a chart, their dots and names. */

#include "cli/chart_parts.h"

#include "cli/svg.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

#define DOT 4

const struct chart_style CHART_STYLES[CHART_CURVES_MAX] = {
    {"#000000", "none"},
    {"#9a3412", "9 5"},
    {"#1e3a8a", "2 4"},
    {"#166534", "12 4 2 4"},
};

enum status chart_is_crossed(const struct drawing *drawing, int64_t from, int64_t to, int64_t top,
                             int64_t bottom, bool *ret_is_crossed)
{
    *ret_is_crossed = false;
    for (size_t i = 0; i < drawing->chart->curve_count; i++) {
        const struct chart_curve *curve = &drawing->chart->curves[i];
        for (size_t k = 0; k < curve->trace->count; k++) {
            int64_t x;
            int64_t y;
            if (curve->trace->at[k].refused != RULE_NONE) {
                continue;
            }
            TRY(scale_place(&drawing->x, &curve->trace->places->items[k].x, &x));
            TRY(scale_place(&drawing->y, &curve->trace->at[k].values[curve->column], &y));
            *ret_is_crossed = *ret_is_crossed || (x >= from && x <= to && y >= top && y <= bottom);
        }
    }
    return STATUS_OK;
}

/* --- Curves --- */

/* A curve while it is drawn: the path, and the dots that come on top of it. */
struct pen {
    const struct drawing *drawing;
    const struct chart_curve *curve;
    size_t style;
    bool is_down;
    struct buffer path;
    struct buffer dots;
};

static enum status places_of(const struct pen *pen, size_t place, const struct point *point,
                             int64_t *ret_x, int64_t *ret_y)
{
    const struct trace *trace = pen->curve->trace;
    TRY(scale_place(&pen->drawing->x, &trace->places->items[place].x, ret_x));
    return scale_place(&pen->drawing->y, &point->values[pen->curve->column], ret_y);
}

/* Draws to a point, or lifts the pen where there is none. */
static enum status draw_to(struct pen *pen, size_t place, const struct point *point)
{
    if (point->refused != RULE_NONE) {
        pen->is_down = false;
        return STATUS_OK;
    }
    int64_t x;
    int64_t y;
    TRY(places_of(pen, place, point, &x, &y));
    TRY(buffer_append_byte(&pen->path, pen->is_down ? 'L' : 'M'));
    TRY(svg_write_place(&pen->path, x));
    TRY(buffer_append_byte(&pen->path, ' '));
    TRY(svg_write_place(&pen->path, y));
    pen->is_down = true;
    return STATUS_OK;
}

static enum status draw_dot(struct pen *pen, size_t place, const struct point *point, bool is_open)
{
    int64_t x;
    int64_t y;
    TRY(places_of(pen, place, point, &x, &y));
    TRY(buffer_append_format(&pen->dots,
                             "<circle class=\"%s\" r=\"%d\" fill=\"%s\" stroke=\"%s\" "
                             "stroke-width=\"1.8\"",
                             is_open ? "open" : "filled", DOT,
                             is_open ? "#ffffff" : CHART_STYLES[pen->style].colour,
                             CHART_STYLES[pen->style].colour));
    TRY(svg_write_length(&pen->dots, "cx", x));
    TRY(svg_write_length(&pen->dots, "cy", y));
    return buffer_append_text(&pen->dots, "/>\n");
}

/* Whether two points of a place are so far apart that people see two. */
static enum status is_apart(const struct pen *pen, size_t place, const struct point *a,
                            const struct point *b, bool *ret_is_apart)
{
    int64_t x;
    int64_t first;
    int64_t second;
    *ret_is_apart = false;
    if (a->refused != RULE_NONE || b->refused != RULE_NONE) {
        return STATUS_OK;
    }
    TRY(places_of(pen, place, a, &x, &first));
    TRY(places_of(pen, place, b, &x, &second));
    *ret_is_apart = first - second > SVG_PLACE || second - first > SVG_PLACE;
    return STATUS_OK;
}

static enum status draw_guide(struct pen *pen, size_t place, const struct point *from,
                              const struct point *to)
{
    int64_t x;
    int64_t first;
    int64_t second;
    TRY(places_of(pen, place, from, &x, &first));
    TRY(places_of(pen, place, to, &x, &second));
    return svg_write_line(&pen->dots, "jump", x, first, x, second);
}

/* One side of a jump: an open dot where the value is not reached, and a guide to where it is. */
static enum status draw_limit(struct pen *pen, size_t place, const struct point *limit,
                              bool *is_jump)
{
    const struct point *at = &pen->curve->trace->at[place];
    bool is_seen = limit->refused == RULE_NONE && at->refused != RULE_NONE;
    bool is_far;
    TRY(is_apart(pen, place, limit, at, &is_far));
    if (is_far) {
        TRY(draw_guide(pen, place, limit, at));
        *is_jump = true;
    }
    return is_far || is_seen ? draw_dot(pen, place, limit, true) : STATUS_OK;
}

/* A place where the curve jumps, or begins or ends to be settled. */
static enum status draw_break(struct pen *pen, size_t place)
{
    const struct trace *trace = pen->curve->trace;
    const struct point *at = &trace->at[place];
    bool is_jump = false;
    bool is_first = place == 0;
    bool is_last = place + 1 == trace->count;
    if (!is_first) {
        TRY(draw_to(pen, place, &trace->before[place]));
        TRY(draw_limit(pen, place, &trace->before[place], &is_jump));
    }
    if (!is_last) {
        TRY(draw_limit(pen, place, &trace->after[place], &is_jump));
    }
    bool is_end = at->refused == RULE_NONE && (trace->before[place].refused != RULE_NONE ||
                                               trace->after[place].refused != RULE_NONE);
    if (is_jump || is_end) {
        TRY(draw_dot(pen, place, at, false));
    }
    pen->is_down = false;
    return is_last ? STATUS_OK : draw_to(pen, place, &trace->after[place]);
}

static enum status draw_curve(struct pen *pen)
{
    const struct trace *trace = pen->curve->trace;
    for (size_t i = 0; i < trace->count; i++) {
        enum course course = trace_course(trace, i, pen->curve->column);
        bool is_whole = course == COURSE_STRAIGHT || course == COURSE_BEND;
        TRY(is_whole ? draw_to(pen, i, &trace->at[i]) : draw_break(pen, i));
    }
    return STATUS_OK;
}

static enum status write_curve(const struct drawing *drawing, size_t index)
{
    struct pen pen = {.drawing = drawing, .curve = &drawing->chart->curves[index], .style = index};
    buffer_init(&pen.path, drawing->out->size_max);
    buffer_init(&pen.dots, drawing->out->size_max);
    enum status status = draw_curve(&pen);
    if (status == STATUS_OK) {
        status = buffer_append_format(
            drawing->out,
            "<path class=\"curve\" stroke=\"%s\" stroke-dasharray=\"%s\" d=\"%.*s\"/>\n",
            CHART_STYLES[index].colour, CHART_STYLES[index].dashes,
            VIEW_ARGS(buffer_view(&pen.path)));
    }
    if (status == STATUS_OK) {
        status = buffer_append(drawing->out, buffer_view(&pen.dots));
    }
    buffer_release(&pen.path);
    buffer_release(&pen.dots);
    return status;
}

/* Where the curve ends, for its name; above the axis when it does not reach the right side. */
static enum status curve_end(const struct drawing *drawing, const struct chart_curve *curve,
                             int64_t *ret_y)
{
    *ret_y = (CHART_BOTTOM - 14) * SVG_PLACE;
    for (size_t i = curve->trace->count; i > 0; i--) {
        if (curve->trace->at[i - 1].refused == RULE_NONE) {
            return scale_place(&drawing->y, &curve->trace->at[i - 1].values[curve->column], ret_y);
        }
    }
    return STATUS_OK;
}

/* Beside the ends of the curves, moved apart where they would cover each other. */
static enum status write_end_names(const struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    int64_t taken[CHART_CURVES_MAX];
    for (size_t i = 0; i < chart->curve_count && chart->curve_count > 1; i++) {
        int64_t y;
        TRY(curve_end(drawing, &chart->curves[i], &y));
        for (size_t tries = 0; tries < chart->curve_count; tries++) {
            for (size_t k = 0; k < i; k++) {
                int64_t apart = y - taken[k];
                bool is_near = apart < 17 * SVG_PLACE && apart > -17 * SVG_PLACE;
                y = is_near ? taken[k] + 17 * SVG_PLACE : y;
            }
        }
        taken[i] = y;
        TRY(svg_write_text(drawing->out, (drawing->x.end + 8) * SVG_PLACE, y + 430,
                           " font-weight=\"bold\"", chart->curves[i].name));
    }
    return STATUS_OK;
}

/* Two curves that may end together are named where they are farthest apart. */
static enum status write_gap_names(const struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    const struct chart_gap *gap = &chart->gap;
    int64_t x;
    TRY(scale_place(&drawing->x, gap->x, &x));
    for (size_t i = 0; i < 2; i++) {
        int64_t y;
        const struct rational *own = i == 0 ? gap->first : gap->second;
        const struct rational *other = i == 0 ? gap->second : gap->first;
        TRY(scale_place(&drawing->y, own, &y));
        bool is_upper = rational_compare(own, other) > 0;
        TRY(svg_write_label(drawing->out, x - 4 * SVG_PLACE, is_upper ? y - 900 : y + 1900,
                            " font-weight=\"bold\"", chart->curves[i].name));
    }
    return STATUS_OK;
}

static enum status write_all_names(const struct drawing *drawing)
{
    bool is_pair = drawing->chart->has_gap && drawing->chart->curve_count == 2;
    return is_pair ? write_gap_names(drawing) : write_end_names(drawing);
}

/* A line between the two values, and by how much they differ, where nothing runs through it. */
static enum status write_gap(const struct drawing *drawing)
{
    if (!drawing->chart->has_gap) {
        return STATUS_OK;
    }
    const struct chart_gap *gap = &drawing->chart->gap;
    int64_t x;
    int64_t low;
    int64_t high;
    TRY(scale_place(&drawing->x, gap->x, &x));
    TRY(scale_place(&drawing->y, gap->first, &low));
    TRY(scale_place(&drawing->y, gap->second, &high));
    TRY(svg_write_line(drawing->out, "gap", x, low, x, high));
    TRY(svg_write_line(drawing->out, "gap", x - 5 * SVG_PLACE, low, x + 5 * SVG_PLACE, low));
    TRY(svg_write_line(drawing->out, "gap", x - 5 * SVG_PLACE, high, x + 5 * SVG_PLACE, high));
    const int64_t width = (svg_text_width(gap->label, SVG_TEXT_SIZE) + 4) * SVG_PLACE;
    const int64_t upper = low < high ? low : high; /* places grow downwards */
    const int64_t lower = low < high ? high : low;
    const struct {
        int64_t x;
        int64_t y;
    } choices[] = {{x + 900, (low + high) / 2 + 450}, {x - width - 900, (low + high) / 2 + 450},
                   {x - width - 900, lower - 700},    {x + 900, lower - 700},
                   {x + 900, upper + 1600},           {x - width - 900, upper + 1600}};
    size_t chosen = 0;
    for (size_t i = sizeof choices / sizeof choices[0]; i > 0; i--) {
        const int64_t from = choices[i - 1].x;
        bool crossed;
        TRY(chart_is_crossed(drawing, from, from + width, choices[i - 1].y - 1300,
                             choices[i - 1].y + 400, &crossed));
        bool is_outside =
            from < drawing->x.start * SVG_PLACE || from + width > (CHART_WIDTH - 4) * SVG_PLACE;
        chosen = crossed || is_outside ? chosen : i - 1;
    }
    return svg_write_label(drawing->out, choices[chosen].x, choices[chosen].y,
                           " font-weight=\"bold\"", gap->label);
}

enum status chart_write_names(const struct drawing *drawing)
{
    TRY(write_gap(drawing));
    return write_all_names(drawing);
}

enum status chart_write_curves(const struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->chart->curve_count; i++) {
        TRY(write_curve(drawing, i));
    }
    return STATUS_OK;
}
