#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define INTERVAL_MS 100
#define BAR_WIDTH 30

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void progress_begin(struct progress *progress, const char *what, bool is_wanted)
{
    *progress = (struct progress){
        .what = what,
        .is_shown = is_wanted && isatty(STDERR_FILENO) != 0,
        .last_ms = now_ms(), /* what is done at once shows nothing */
    };
}

void progress_update(struct progress *progress, uint64_t done, uint64_t total)
{
    uint64_t now = now_ms();
    if (!progress->is_shown || total == 0 || now - progress->last_ms < INTERVAL_MS) {
        return;
    }
    progress->last_ms = now;
    char bar[BAR_WIDTH + 1];
    uint64_t filled = done >= total ? BAR_WIDTH : done * BAR_WIDTH / total;
    for (uint64_t i = 0; i < BAR_WIDTH; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[BAR_WIDTH] = '\0';
    (void)fprintf(stderr, "\r%s [%s] %" PRIu64 "/%" PRIu64 " ", progress->what, bar, done, total);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown) {
        (void)fprintf(stderr, "\r\033[K");
    }
}
