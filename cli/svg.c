#include "cli/svg.h"

#include "cli/display.h"

enum status svg_write_escaped(struct buffer *out, struct view text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        switch (byte) {
        case '&':
            TRY(buffer_append_text(out, "&amp;"));
            break;
        case '<':
            TRY(buffer_append_text(out, "&lt;"));
            break;
        case '>':
            TRY(buffer_append_text(out, "&gt;"));
            break;
        case '"':
            TRY(buffer_append_text(out, "&quot;"));
            break;
        default:
            TRY(buffer_append_byte(out, (unsigned char)byte < ' ' ? '?' : byte));
        }
    }
    return STATUS_OK;
}

enum status svg_write_place(struct buffer *out, int64_t place)
{
    int64_t size = place < 0 ? -place : place;
    return buffer_append_format(out, "%s%lld.%02lld", place < 0 ? "-" : "",
                                (long long)(size / SVG_PLACE), (long long)(size % SVG_PLACE));
}

enum status svg_write_length(struct buffer *out, const char *name, int64_t place)
{
    TRY(buffer_append_format(out, " %s=\"", name));
    TRY(svg_write_place(out, place));
    return buffer_append_byte(out, '"');
}

enum status svg_write_text(struct buffer *out, int64_t x, int64_t y, const char *more,
                           struct view text)
{
    TRY(buffer_append_text(out, "<text"));
    TRY(svg_write_length(out, "x", x));
    TRY(svg_write_length(out, "y", y));
    TRY(buffer_append_format(out, "%s>", more));
    TRY(svg_write_escaped(out, text));
    return buffer_append_text(out, "</text>\n");
}

int64_t svg_text_width(struct view text, int64_t size)
{
    return (int64_t)display_width(text) * size * 56 / 100;
}

enum status svg_write_label(struct buffer *out, int64_t x, int64_t y, const char *more,
                            struct view text)
{
    int64_t width = svg_text_width(text, SVG_TEXT_SIZE) * SVG_PLACE;
    TRY(buffer_append_text(out, "<rect fill=\"#ffffff\" fill-opacity=\"0.85\""));
    TRY(svg_write_length(out, "x", x - 2 * SVG_PLACE));
    TRY(svg_write_length(out, "y", y - 12 * SVG_PLACE));
    TRY(svg_write_length(out, "width", width + 4 * SVG_PLACE));
    TRY(svg_write_length(out, "height", 15 * SVG_PLACE));
    TRY(buffer_append_text(out, "/>\n"));
    return svg_write_text(out, x, y, more, text);
}

enum status svg_write_line(struct buffer *out, const char *class_name, int64_t x1, int64_t y1,
                           int64_t x2, int64_t y2)
{
    TRY(buffer_append_format(out, "<line class=\"%s\"", class_name));
    TRY(svg_write_length(out, "x1", x1));
    TRY(svg_write_length(out, "y1", y1));
    TRY(svg_write_length(out, "x2", x2));
    TRY(svg_write_length(out, "y2", y2));
    return buffer_append_text(out, "/>\n");
}
