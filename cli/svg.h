/*
 * SVG: the few elements that charts are made of, written as text.
 *
 * Places and lengths are in hundredths of a pixel, so that nothing is rounded twice; SVG_PLACE of
 * them are one. Texts are plain UTF-8, and are escaped here.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdint.h>

#define SVG_PLACE INT64_C(100)
#define SVG_TEXT_SIZE 13 /* pixels, unless an element says otherwise */

/* Text as XML has it; what XML cannot hold at all is shown as '?'. */
enum status svg_write_escaped(struct buffer *out, struct view text);

/* "12.34" */
enum status svg_write_place(struct buffer *out, int64_t place);

/* ` name="12.34"` */
enum status svg_write_length(struct buffer *out, const char *name, int64_t place);

/* `more` holds further attributes, each after a space. */
enum status svg_write_text(struct buffer *out, int64_t x, int64_t y, const char *more,
                           struct view text);

/* The same on white, so that lines do not run through it. `x` is where it begins. */
enum status svg_write_label(struct buffer *out, int64_t x, int64_t y, const char *more,
                            struct view text);

enum status svg_write_line(struct buffer *out, const char *class_name, int64_t x1, int64_t y1,
                           int64_t x2, int64_t y2);

/* About how wide a text is, in whole pixels: fonts differ, and none is asked. */
int64_t svg_text_width(struct view text, int64_t size);
