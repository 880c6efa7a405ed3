/* The clock of everything that measures. */
#pragma once

#include <time.h>

/* Seconds of a clock that never goes back. */
static inline double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}
