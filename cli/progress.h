/* Progress: one line on standard error, on a terminal only, at most ten times a second. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *what;
    bool is_shown;
    uint64_t last_ms;
};

void progress_begin(struct progress *progress, const char *what, bool is_wanted);
void progress_update(struct progress *progress, uint64_t done, uint64_t total);

/* Clears the line. */
void progress_end(struct progress *progress);
