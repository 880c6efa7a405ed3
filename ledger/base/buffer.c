#include "ledger/base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CAPACITY_MIN 256

void buffer_init(struct buffer *buffer, size_t size_max)
{
    assert(size_max < SIZE_MAX / 4);
    *buffer = (struct buffer){.size_max = size_max};
}

void buffer_release(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.size_max = buffer->size_max};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->size = 0;
    if (buffer->data != NULL) {
        buffer->data[0] = '\0';
    }
}

enum status buffer_reserve(struct buffer *buffer, size_t size, char **ret_room)
{
    assert(buffer->size <= buffer->size_max);
    if (size > buffer->size_max - buffer->size) {
        return STATUS_LIMIT;
    }
    size_t needed = buffer->size + size + 1; /* cannot overflow: size_max < SIZE_MAX / 4 */
    if (needed > buffer->capacity) {
        size_t capacity = buffer->capacity < CAPACITY_MIN ? CAPACITY_MIN : buffer->capacity;
        while (capacity < needed) {
            capacity *= 2;
        }
        char *data = realloc(buffer->data, capacity);
        if (data == NULL) {
            return STATUS_MEMORY;
        }
        buffer->data = data;
        buffer->capacity = capacity;
    }
    buffer->data[buffer->size + size] = '\0';
    *ret_room = buffer->data + buffer->size;
    return STATUS_OK;
}

enum status buffer_append(struct buffer *buffer, struct view bytes)
{
    char *room;
    TRY(buffer_reserve(buffer, bytes.size, &room));
    if (bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
    buffer->size += bytes.size;
    return STATUS_OK;
}

enum status buffer_append_text(struct buffer *buffer, const char *string)
{
    return buffer_append(buffer, view_of(string));
}

enum status buffer_append_byte(struct buffer *buffer, char byte)
{
    return buffer_append(buffer, (struct view){.data = &byte, .size = 1});
}

enum status buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    assert(length >= 0);

    char *room;
    TRY(buffer_reserve(buffer, (size_t)length, &room));
    va_start(arguments, format);
    (void)vsnprintf(room, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return STATUS_OK;
}
