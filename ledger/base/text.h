/*
 * Text: the small encodings that every format here is made of, each with one spelling.
 *
 * Strict in both directions: what a reader accepts is exactly what the writer writes, so that a
 * signed or hashed text has one form.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdint.h>

/*
 * Base64 with padding, alphabet + and /.
 *
 * The reader refuses white space, missing padding, and padding bits that are not zero, so each
 * byte string has exactly one encoding.
 *
 * Shapes  `ret_bytes` holds `capacity` bytes; `*ret_size` is at most that.
 * Errors  STATUS_INVALID when it is not the canonical form; STATUS_LIMIT beyond `capacity`.
 * Source  RFC 4648 section 4, strict by sections 3.1, 3.2, 3.3 and 3.5.
 */
enum status base64_read(struct view text, size_t capacity, uint8_t *ret_bytes, size_t *ret_size);
enum status base64_write(struct buffer *buffer, struct view bytes);

/* Lower-case hexadecimal. Errors: STATUS_INVALID unless it is exactly 2 * size digits. */
enum status hex_read(struct view text, size_t size, uint8_t *ret_bytes);
enum status hex_write(struct buffer *buffer, struct view bytes);

/*
 * Reads an unsigned decimal without sign, leading zeros or white space: "0", "17".
 *
 * Errors  STATUS_INVALID when it is malformed; STATUS_LIMIT when it is above `max`.
 */
enum status decimal_u64_read(struct view text, uint64_t max, uint64_t *ret_value);

/* Whether `text` is well-formed UTF-8 (RFC 3629: shortest form, no surrogates, <= U+10FFFF). */
bool utf8_valid(struct view text);

/*
 * Decodes the code point at the start of `text`, which is non-empty.
 *
 * Returns how many bytes it takes (1 to 4), or 0 when it is not well-formed.
 */
size_t utf8_decode(struct view text, uint32_t *ret_code_point);

/* How many bytes from the start are ASCII that stands for itself in JSON: no quote, no backslash.
 */
size_t text_plain_size(struct view text);

/* The first control character (below U+0020) that is not a newline, or NULL. */
const char *text_find_control(struct view text);

/*
 * Cuts the first line off `*rest`: everything before the next '\n', which is dropped.
 *
 * Returns false, and changes nothing, when there is no '\n'.
 */
bool text_cut_line(struct view *rest, struct view *ret_line);
