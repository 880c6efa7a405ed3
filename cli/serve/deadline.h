/* Deadline: waiting for a condition, but not for ever, by a clock that nobody sets. */
#pragma once

#include <pthread.h>
#include <time.h>

/* For deadlines that are made here. */
static inline void deadline_init_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(condition, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
}

/* The moment in so many milliseconds, for pthread_cond_timedwait. */
static inline struct timespec deadline_in(long ms)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}
