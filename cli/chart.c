#include "cli/chart.h"

#include "cli/chart_parts.h"
#include "cli/display.h"
#include "cli/language.h"
#include "cli/svg.h"
#include "ledger/base/ownership.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LEFT_MIN 70
#define LEFT_MAX 240
#define RIGHT 856
#define LABELS_MAX 170 /* room for the names of curves, right of the plot */
#define THIN_SPACE "\xe2\x80\x89"
#define MINUS_SIGN "\xe2\x88\x92"
#define NUMBER_DECIMALS_MAX 6

/* --- Numbers --- */

static bool is_swedish(void)
{
    return strcmp(language(), "sv") == 0;
}

enum status chart_write_number(const struct rational *value, unsigned decimals_min,
                               struct buffer *buffer)
{
    OWNED(buffer_release) struct buffer plain;
    buffer_init(&plain, DISPLAY_SIZE);
    bool is_exact;
    unsigned decimals_max = decimals_min > NUMBER_DECIMALS_MAX ? decimals_min : NUMBER_DECIMALS_MAX;
    TRY(rational_write_decimal(value, decimals_min, decimals_max, &plain, &is_exact));
    const char *digits = plain.data;
    if (*digits == '-') {
        TRY(buffer_append_text(buffer, MINUS_SIGN));
        digits++;
    }
    size_t whole = strcspn(digits, ".");
    for (size_t i = 0; i < whole; i++) {
        TRY(buffer_append_byte(buffer, digits[i]));
        if (whole - i > 1 && (whole - i - 1) % 3 == 0) {
            TRY(buffer_append_text(buffer, THIN_SPACE));
        }
    }
    if (digits[whole] == '.') {
        TRY(buffer_append_byte(buffer, is_swedish() ? ',' : '.'));
        TRY(buffer_append_text(buffer, digits + whole + 1));
    }
    return STATUS_OK;
}

/* --- Layout --- */

static void include_point(struct scale *scale, const struct point *point, size_t column)
{
    if (point->refused == RULE_NONE) {
        scale_include(scale, &point->values[column]);
    }
}

/* Zero, the curves, and the caps that do not lie far above them. */
static enum status fit_values(struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    struct scale *scale = &drawing->y;
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct chart_curve *curve = &chart->curves[i];
        for (size_t k = 0; k < curve->trace->count; k++) {
            include_point(scale, &curve->trace->at[k], curve->column);
            include_point(scale, &curve->trace->before[k], curve->column);
            include_point(scale, &curve->trace->after[k], curve->column);
        }
    }
    OWNED(rational_release) struct rational far;
    rational_init(&far);
    rational_set(&far, &scale->high);
    TRY(rational_add(&far, &far, &far));
    for (size_t i = 0; i < chart->cap_count; i++) {
        if (rational_sign(&far) == 0 || rational_compare(chart->caps[i].y, &far) <= 0) {
            scale_include(scale, chart->caps[i].y);
        }
    }
    if (rational_compare(&scale->low, &scale->high) == 0) {
        rational_set_integer(&scale->high, 1);
    }
    return STATUS_OK;
}

static enum status widest_tick(const struct scale *scale, int64_t *ret_width)
{
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer text;
    rational_init(&value);
    buffer_init(&text, DISPLAY_SIZE);
    *ret_width = 0;
    for (size_t i = 0; i < scale->tick_count; i++) {
        TRY(scale_tick(scale, i, &value));
        buffer_clear(&text);
        TRY(chart_write_number(&value, 0, &text));
        int64_t width = svg_text_width(buffer_view(&text), SVG_TEXT_SIZE);
        *ret_width = width > *ret_width ? width : *ret_width;
    }
    return STATUS_OK;
}

/* Names stand beside the curves where there is more than one. */
static int64_t labels_width(const struct chart *chart)
{
    int64_t widest = 0;
    if (chart->has_gap) {
        return 0; /* they stand at the gap */
    }
    for (size_t i = 0; i < chart->curve_count && chart->curve_count > 1; i++) {
        int64_t width = svg_text_width(chart->curves[i].name, SVG_TEXT_SIZE) + 18;
        widest = width > widest ? width : widest;
    }
    return widest > LABELS_MAX ? LABELS_MAX : widest;
}

static enum status lay_out(struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    struct scale *x = &drawing->x;
    struct scale *y = &drawing->y;
    const struct trace *trace = chart->curves[0].trace;
    const int64_t rows = 7;
    int64_t width;

    y->start = CHART_BOTTOM;
    y->end = CHART_TOP;
    TRY(fit_values(drawing));
    TRY(scale_choose_step(y, rows));
    TRY(scale_round_ends(y));
    TRY(scale_count_ticks(y));
    TRY(widest_tick(y, &width));
    width += 26;
    x->start = width < LEFT_MIN ? LEFT_MIN : width > LEFT_MAX ? LEFT_MAX : width;
    x->end = RIGHT - labels_width(chart);

    rational_set(&x->low, &trace->places->items[0].x);
    rational_set(&x->high, &trace->places->items[trace->count - 1].x);
    for (int64_t most = 10; most > 1; most--) { /* fewer, until their labels fit */
        TRY(scale_choose_step(x, most));
        TRY(scale_count_ticks(x));
        TRY(widest_tick(x, &width));
        if ((width + 18) * (int64_t)x->tick_count <= x->end - x->start) {
            break;
        }
    }
    return STATUS_OK;
}

/* --- Frame --- */

static const char STYLE_SHEET[] =
    "<style>"
    "text{font-family:Arial,Helvetica,sans-serif;fill:#000000}"
    ".grid{stroke:#d4d4d4;stroke-width:1}"
    ".axis{stroke:#000000;stroke-width:1.4}"
    ".threshold{stroke:#555555;stroke-width:1;stroke-dasharray:2 3}"
    ".cap{stroke:#000000;stroke-width:1.4;stroke-dasharray:14 4 3 4}"
    ".jump{stroke:#555555;stroke-width:1;stroke-dasharray:1 3}"
    ".gap{stroke:#000000;stroke-width:1.2}"
    ".curve{fill:none;stroke-width:2.6;stroke-linejoin:round}"
    "</style>\n"
    "<defs><pattern id=\"refused\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
    "patternTransform=\"rotate(45)\"><rect width=\"7\" height=\"7\" fill=\"#f2f2f2\"/>"
    "<line x1=\"0\" y1=\"0\" x2=\"0\" y2=\"7\" stroke=\"#8a8a8a\" stroke-width=\"1.4\"/>"
    "</pattern></defs>\n";

static enum status write_data(struct buffer *out, const char *name, const struct rational *value)
{
    bool is_exact;
    TRY(buffer_append_format(out, " data-%s=\"", name));
    TRY(rational_write_decimal(value, 0, NUMBER_DECIMALS_MAX, out, &is_exact));
    return buffer_append_byte(out, '"');
}

static enum status write_head(const struct drawing *drawing, int64_t height)
{
    const struct chart *chart = drawing->chart;
    struct buffer *out = drawing->out;
    TRY(buffer_append_format(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %lld\" width=\"%d\" "
        "height=\"%lld\" role=\"img\" aria-labelledby=\"title description\" lang=\"%s\" "
        "font-size=\"%d\">\n<title id=\"title\">",
        CHART_WIDTH, (long long)height, CHART_WIDTH, (long long)height, language(), SVG_TEXT_SIZE));
    TRY(svg_write_escaped(out, chart->title));
    TRY(buffer_append_text(out, "</title>\n<desc id=\"description\">"));
    TRY(svg_write_escaped(out, chart->description));
    TRY(buffer_append_text(out, "</desc>\n"));
    TRY(buffer_append_text(out, STYLE_SHEET));
    return buffer_append_format(out, "<rect width=\"%d\" height=\"%lld\" fill=\"#ffffff\"/>\n",
                                CHART_WIDTH, (long long)height);
}

/* The title of the y axis stands above it, and higher where numbers of marks would cover it. */
static enum status write_y_title(const struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    const int64_t left = 28;
    int64_t end =
        left + svg_text_width(chart->y_title, SVG_TEXT_SIZE) * 11 / 10 + 12; /* it is bold */
    bool is_covered = false;
    for (size_t i = 0; i < chart->mark_count; i++) {
        int64_t x;
        TRY(scale_place(&drawing->x, chart->marks[i].x, &x));
        is_covered = is_covered || x < end * SVG_PLACE;
    }
    return svg_write_text(drawing->out, left * SVG_PLACE,
                          (CHART_TOP - (is_covered ? 50 : 16)) * SVG_PLACE, " font-weight=\"bold\"",
                          chart->y_title);
}

static enum status write_titles(const struct drawing *drawing)
{
    const struct chart *chart = drawing->chart;
    struct view rest = chart->title;
    struct view line;
    int64_t y = 30;
    for (int i = 0; i < 2 && display_cut(&rest, i == 0 ? 88 : 200, &line); i++) {
        TRY(svg_write_text(drawing->out, 28 * SVG_PLACE, y * SVG_PLACE,
                           " font-size=\"18\" font-weight=\"bold\"", line));
        y += 22;
    }
    TRY(svg_write_text(drawing->out, 28 * SVG_PLACE, y * SVG_PLACE, "", chart->subtitle));
    TRY(write_y_title(drawing));
    int64_t middle = (drawing->x.start + drawing->x.end) / 2;
    return svg_write_text(drawing->out, middle * SVG_PLACE, (CHART_BOTTOM + 48) * SVG_PLACE,
                          " text-anchor=\"middle\" font-weight=\"bold\"", chart->x_title);
}

static enum status write_y_ticks(const struct drawing *drawing)
{
    const struct scale *scale = &drawing->y;
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer text;
    rational_init(&value);
    buffer_init(&text, DISPLAY_SIZE);
    for (size_t i = 0; i < scale->tick_count; i++) {
        int64_t place;
        TRY(scale_tick(scale, i, &value));
        TRY(scale_place(scale, &value, &place));
        buffer_clear(&text);
        TRY(chart_write_number(&value, 0, &text));
        TRY(svg_write_line(drawing->out, rational_sign(&value) == 0 ? "axis" : "grid",
                           drawing->x.start * SVG_PLACE, place, drawing->x.end * SVG_PLACE, place));
        TRY(svg_write_text(drawing->out, (drawing->x.start - 8) * SVG_PLACE, place + 450,
                           " text-anchor=\"end\"", buffer_view(&text)));
    }
    return STATUS_OK;
}

static enum status write_x_ticks(const struct drawing *drawing)
{
    const struct scale *scale = &drawing->x;
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer text;
    rational_init(&value);
    buffer_init(&text, DISPLAY_SIZE);
    for (size_t i = 0; i < scale->tick_count; i++) {
        int64_t place;
        TRY(scale_tick(scale, i, &value));
        TRY(scale_place(scale, &value, &place));
        buffer_clear(&text);
        TRY(chart_write_number(&value, 0, &text));
        TRY(svg_write_line(drawing->out, "axis", place, CHART_BOTTOM * SVG_PLACE, place,
                           (CHART_BOTTOM + 5) * SVG_PLACE));
        int64_t half = svg_text_width(buffer_view(&text), SVG_TEXT_SIZE) * SVG_PLACE / 2;
        bool is_wide = place + half > (CHART_WIDTH - 4) * SVG_PLACE;
        TRY(svg_write_text(drawing->out, is_wide ? (CHART_WIDTH - 4) * SVG_PLACE : place,
                           (CHART_BOTTOM + 21) * SVG_PLACE,
                           is_wide ? " text-anchor=\"end\"" : " text-anchor=\"middle\"",
                           buffer_view(&text)));
    }
    return STATUS_OK;
}

static enum status write_axes(const struct drawing *drawing)
{
    int64_t left = drawing->x.start * SVG_PLACE;
    TRY(write_y_ticks(drawing));
    TRY(svg_write_line(drawing->out, "axis", left, CHART_TOP * SVG_PLACE, left,
                       CHART_BOTTOM * SVG_PLACE));
    TRY(svg_write_line(drawing->out, "axis", left, CHART_BOTTOM * SVG_PLACE,
                       drawing->x.end * SVG_PLACE, CHART_BOTTOM * SVG_PLACE));
    return write_x_ticks(drawing);
}

/* --- Bands, thresholds and caps --- */

static enum status write_band(const struct drawing *drawing, const struct chart_band *band)
{
    int64_t from;
    int64_t to;
    TRY(scale_place(&drawing->x, band->from, &from));
    TRY(scale_place(&drawing->x, band->to, &to));
    bool is_refused = band->kind == CHART_REFUSED;
    int64_t top = is_refused ? CHART_TOP : CHART_BOTTOM - 9;
    int64_t height = is_refused ? CHART_BOTTOM - CHART_TOP : 6;
    int64_t least = 2 * SVG_PLACE; /* a single place is seen, too */
    TRY(buffer_append_format(drawing->out, "<rect class=\"%s\" fill=\"%s\"",
                             is_refused ? "refused" : "difference",
                             is_refused ? "url(#refused)" : "#000000"));
    TRY(svg_write_length(drawing->out, "x", to - from < least ? from - least / 2 : from));
    TRY(svg_write_length(drawing->out, "y", top * SVG_PLACE));
    TRY(svg_write_length(drawing->out, "width", to - from < least ? least : to - from));
    TRY(svg_write_length(drawing->out, "height", height * SVG_PLACE));
    TRY(write_data(drawing->out, "from", band->from));
    TRY(write_data(drawing->out, "to", band->to));
    return buffer_append_text(drawing->out, "/>\n");
}

static enum status write_bands(const struct drawing *drawing, enum chart_band_kind kind)
{
    for (size_t i = 0; i < drawing->chart->band_count; i++) {
        if (drawing->chart->bands[i].kind == kind) {
            TRY(write_band(drawing, &drawing->chart->bands[i]));
        }
    }
    return STATUS_OK;
}

static enum status write_circle(struct buffer *out, int64_t x, int64_t y, size_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", number);
    TRY(buffer_append_text(out, "<circle r=\"9\" fill=\"#ffffff\" stroke=\"#000000\""));
    TRY(svg_write_length(out, "cx", x));
    TRY(svg_write_length(out, "cy", y));
    TRY(buffer_append_text(out, "/>\n"));
    return svg_write_text(out, x, y + 430, " text-anchor=\"middle\" font-size=\"12\"",
                          view_of(text));
}

/*
 * A line for each, and its number in a circle above the plot, in one of two rows: where both are
 * taken, the line alone.
 */
static enum status write_marks(const struct drawing *drawing)
{
    enum { ROWS = 2 };
    static const int64_t HEIGHTS[ROWS] = {(CHART_TOP - 12) * SVG_PLACE,
                                          (CHART_TOP - 34) * SVG_PLACE};
    struct buffer *out = drawing->out;
    int64_t taken[ROWS] = {INT64_MIN / 2, INT64_MIN / 2};
    for (size_t i = 0; i < drawing->chart->mark_count; i++) {
        int64_t x;
        TRY(scale_place(&drawing->x, drawing->chart->marks[i].x, &x));
        size_t row = 0;
        while (row < ROWS && x - taken[row] < 20 * SVG_PLACE) {
            row++;
        }
        bool has_circle = row < ROWS;
        TRY(buffer_append_text(out, "<g class=\"mark\""));
        TRY(write_data(out, "x", drawing->chart->marks[i].x));
        TRY(buffer_append_text(out, ">\n"));
        TRY(svg_write_line(out, "threshold", x,
                           has_circle ? HEIGHTS[row] + 9 * SVG_PLACE : CHART_TOP * SVG_PLACE, x,
                           CHART_BOTTOM * SVG_PLACE));
        if (has_circle) {
            TRY(write_circle(out, x, HEIGHTS[row], i + 1));
            taken[row] = x;
        }
        TRY(buffer_append_text(out, "</g>\n"));
    }
    return STATUS_OK;
}

/* The label stands above its line, at the left; if a curve runs there, at the right or below. */
static enum status write_cap(const struct drawing *drawing, const struct chart_cap *cap)
{
    int64_t y;
    TRY(scale_place(&drawing->y, cap->y, &y));
    int64_t left = drawing->x.start * SVG_PLACE;
    int64_t right = drawing->x.end * SVG_PLACE;
    int64_t width = svg_text_width(cap->label, SVG_TEXT_SIZE) * SVG_PLACE;
    TRY(svg_write_line(drawing->out, "cap", left, y, right, y));

    const struct {
        int64_t from;
        int64_t baseline;
    } choices[] = {{left + 800, y - 600},
                   {right - width - 800, y - 600},
                   {left + 800, y + 1700},
                   {right - width - 800, y + 1700}};
    size_t chosen = 0;
    for (size_t i = sizeof choices / sizeof choices[0]; i > 0; i--) {
        bool crossed;
        TRY(chart_is_crossed(drawing, choices[i - 1].from, choices[i - 1].from + width,
                             choices[i - 1].baseline - 1300, choices[i - 1].baseline + 400,
                             &crossed));
        chosen = crossed ? chosen : i - 1;
    }
    return svg_write_label(drawing->out, choices[chosen].from, choices[chosen].baseline, "",
                           cap->label);
}

static enum status write_caps(const struct drawing *drawing)
{
    for (size_t i = 0; i < drawing->chart->cap_count; i++) {
        if (scale_holds(&drawing->y, drawing->chart->caps[i].y)) {
            TRY(write_cap(drawing, &drawing->chart->caps[i]));
        }
    }
    return STATUS_OK;
}

/* --- The whole --- */

static enum status write_plot(const struct drawing *drawing)
{
    TRY(buffer_append_text(drawing->out, "<g id=\"plot\""));
    TRY(write_data(drawing->out, "x-low", &drawing->x.low));
    TRY(write_data(drawing->out, "x-high", &drawing->x.high));
    TRY(write_data(drawing->out, "y-low", &drawing->y.low));
    TRY(write_data(drawing->out, "y-high", &drawing->y.high));
    TRY(buffer_append_format(
        drawing->out,
        " data-left=\"%lld\" data-right=\"%lld\" data-top=\"%d\" data-bottom=\"%d\">\n",
        (long long)drawing->x.start, (long long)drawing->x.end, CHART_TOP, CHART_BOTTOM));
    TRY(write_bands(drawing, CHART_REFUSED));
    TRY(write_axes(drawing));
    TRY(write_marks(drawing));
    TRY(write_caps(drawing));
    TRY(chart_write_curves(drawing));
    TRY(write_bands(drawing, CHART_DIFFERENCE));
    TRY(chart_write_names(drawing));
    return buffer_append_text(drawing->out, "</g>\n");
}

enum status chart_write(const struct chart *chart, struct buffer *buffer)
{
    struct drawing drawing = {.chart = chart, .out = buffer};
    int64_t height;
    TRY(chart_write_key(chart, NULL, &height));
    scale_init(&drawing.x);
    scale_init(&drawing.y);
    enum status status = lay_out(&drawing);
    if (status == STATUS_OK) {
        status = write_head(&drawing, height);
    }
    if (status == STATUS_OK) {
        status = write_titles(&drawing);
    }
    if (status == STATUS_OK) {
        status = write_plot(&drawing);
    }
    scale_release(&drawing.x);
    scale_release(&drawing.y);
    TRY(status);
    TRY(chart_write_key(chart, buffer, &height));
    return buffer_append_text(buffer, "</svg>\n");
}
