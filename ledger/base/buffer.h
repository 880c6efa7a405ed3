/*
 * Buffer: bytes that grow, up to a maximum that is set when the buffer is made.
 *
 * `data` is always terminated by a NUL that `size` does not count, so that a buffer of text can be
 * handed to C functions. An append that would exceed `size_max` fails with STATUS_LIMIT and leaves
 * the buffer as it was.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdint.h>

struct buffer {
    char *data; /* NULL until the first append */
    size_t size;
    size_t capacity; /* allocated bytes, with the terminator */
    size_t size_max;
};

/* An empty buffer that may grow to `size_max` bytes; allocates nothing yet. */
void buffer_init(struct buffer *buffer, size_t size_max);

/* Frees the bytes; the buffer is as after buffer_init. For OWNED(buffer_release). */
void buffer_release(struct buffer *buffer);

/* Forgets the content and keeps the memory, for reuse. */
void buffer_clear(struct buffer *buffer);

/* Errors: STATUS_LIMIT beyond size_max, STATUS_MEMORY. */
enum status buffer_append(struct buffer *buffer, struct view bytes);
enum status buffer_append_text(struct buffer *buffer, const char *string);
enum status buffer_append_byte(struct buffer *buffer, char byte);
enum status buffer_append_format(struct buffer *buffer, const char *format, ...) PRINTF_LIKE(2, 3);

/* Makes room for `size` more bytes and returns where they go; the caller then adds to `size`. */
enum status buffer_reserve(struct buffer *buffer, size_t size, char **ret_room);

/* The content; valid until the next append. */
static inline struct view buffer_view(const struct buffer *buffer)
{
    return (struct view){.data = buffer->data == NULL ? "" : buffer->data, .size = buffer->size};
}
