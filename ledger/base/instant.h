/*
 * Instant: a moment as seconds since 1970-01-01T00:00:00Z, and how people read it.
 *
 * Leap seconds do not count (POSIX). Nothing here asks what time it is.
 */
#pragma once

#include <stdint.h>

#define INSTANT_TEXT_SIZE 24

struct instant_text {
    char text[INSTANT_TEXT_SIZE]; /* "2026-11-23T12:00:00Z"; "?" outside the years 0 to 9999 */
};

/* RFC 3339 in UTC. */
struct instant_text instant_write(int64_t seconds);
