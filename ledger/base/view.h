/*
 * View: borrowed bytes with a size; the way text travels between functions.
 *
 * A view owns nothing and is not terminated by a NUL. It is valid as long as what it was taken
 * from. Text is UTF-8 unless said otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct view {
    const char *data;
    size_t size; /* bytes */
};

/* A view of a string literal, without its terminator. */
#define VIEW(literal) ((struct view){.data = (literal), .size = sizeof(literal) - 1})

/* For printf("%.*s"): only for views that are known to be shorter than INT_MAX. */
#define VIEW_ARGS(view) ((int)(view).size), ((view).data)

static inline struct view view_of(const char *string)
{
    return (struct view){.data = string, .size = strlen(string)};
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static inline bool view_is(struct view view, const char *string)
{
    return view_equal(view, view_of(string));
}

/* Orders by bytes, as memcmp; a proper prefix comes first. Returns <0, 0 or >0. */
static inline int view_compare(struct view a, struct view b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0) {
        return order;
    }
    return (a.size > b.size) - (a.size < b.size);
}

static inline bool view_starts_with(struct view view, struct view prefix)
{
    return view.size >= prefix.size && memcmp(view.data, prefix.data, prefix.size) == 0;
}
