/* What stands below a chart: its curves, thresholds and bands in words. */

#include "cli/chart_parts.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/svg.h"

#include <stdio.h>

#define LINE_HEIGHT 20
#define KEY_COLUMNS 116 /* characters of a line */

/* One text of the key, broken into lines; `*y` moves on. With `out` NULL only counts. */
static enum status write_key_text(struct buffer *out, int64_t x, struct view text, int64_t *y)
{
    struct view line;
    while (display_cut(&text, KEY_COLUMNS, &line)) { /* each turn takes a byte */
        if (out != NULL) {
            TRY(svg_write_text(out, x * SVG_PLACE, *y * SVG_PLACE, "", line));
        }
        *y += LINE_HEIGHT;
    }
    return STATUS_OK;
}

static enum status write_key_curves(const struct chart *chart, struct buffer *out, int64_t *y)
{
    for (size_t i = 0; i < chart->curve_count && chart->curve_count > 1; i++) {
        if (out != NULL) {
            TRY(buffer_append_format(
                out,
                "<line x1=\"28\" y1=\"%lld\" x2=\"62\" y2=\"%lld\" stroke=\"%s\" "
                "stroke-width=\"2.6\" stroke-dasharray=\"%s\"/>\n",
                (long long)*y - 4, (long long)*y - 4, CHART_STYLES[i].colour,
                CHART_STYLES[i].dashes));
        }
        TRY(write_key_text(out, 72, chart->curves[i].label, y));
    }
    return STATUS_OK;
}

static enum status write_key_marks(const struct chart *chart, struct buffer *out, int64_t *y)
{
    for (size_t i = 0; i < chart->mark_count; i++) {
        if (out != NULL) {
            char number[24];
            (void)snprintf(number, sizeof number, "%zu", i + 1);
            TRY(buffer_append_format(out,
                                     "<circle cx=\"45\" cy=\"%lld\" r=\"8\" fill=\"#ffffff\" "
                                     "stroke=\"#000000\"/>\n",
                                     (long long)*y - 4));
            TRY(svg_write_text(out, 45 * SVG_PLACE, *y * SVG_PLACE,
                               " text-anchor=\"middle\" font-size=\"12\"", view_of(number)));
        }
        TRY(write_key_text(out, 72, chart->marks[i].text, y));
    }
    return STATUS_OK;
}

static enum status write_key_bands(const struct chart *chart, struct buffer *out, int64_t *y)
{
    for (size_t i = 0; i < chart->band_count; i++) {
        const struct chart_band *band = &chart->bands[i];
        if (band->text.size == 0) {
            continue;
        }
        if (out != NULL) {
            bool is_refused = band->kind == CHART_REFUSED;
            TRY(buffer_append_format(out,
                                     "<rect x=\"28\" y=\"%lld\" width=\"34\" height=\"%d\" "
                                     "fill=\"%s\"/>\n",
                                     (long long)*y - (is_refused ? 11 : 7), is_refused ? 13 : 6,
                                     is_refused ? "url(#refused)" : "#000000"));
        }
        TRY(write_key_text(out, 72, band->text, y));
    }
    return STATUS_OK;
}

static bool has_jump(const struct chart *chart)
{
    for (size_t i = 0; i < chart->curve_count; i++) {
        const struct chart_curve *curve = &chart->curves[i];
        for (size_t k = 0; k < curve->trace->count; k++) {
            enum course course = trace_course(curve->trace, k, curve->column);
            if (course == COURSE_JUMP || course == COURSE_EDGE) {
                return true;
            }
        }
    }
    return false;
}

enum status chart_write_key(const struct chart *chart, struct buffer *out, int64_t *ret_y)
{
    int64_t *y = ret_y;
    *y = CHART_HEIGHT + 12;
    TRY(write_key_curves(chart, out, y));
    TRY(write_key_marks(chart, out, y));
    TRY(write_key_bands(chart, out, y));
    if (has_jump(chart)) {
        TRY(write_key_text(out, 28,
                           view_of(_("A filled dot is the value at the place itself; an "
                                     "open dot is a value that is not reached.")),
                           y));
    }
    for (size_t i = 0; i < chart->note_count; i++) {
        TRY(write_key_text(out, 28, chart->notes[i], y));
    }
    return STATUS_OK;
}
