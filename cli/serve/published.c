#include "cli/serve/published.h"

#include "cli/http/client.h"
#include "cli/serve/deadline.h"
#include "cli/site.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/log/checkpoint.h"
#include "ledger/log/tile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define FOR_AN_HOUR "public, max-age=3600"

struct published {
    const char *url;
    const struct note_key *log;
    void (*tell)(void *context, const struct failure *failure);
    void *context;
    struct failure obstacle; /* the thread's: the last reason that was told */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    uint64_t size; /* that is published; 0 while it is not known */
    bool is_stopping;
};

static enum status look(const struct published *published, uint64_t *ret_size,
                        struct failure *failure)
{
    OWNED(site_closep) struct site *site = NULL;
    OWNED(buffer_release) struct buffer note;
    struct checkpoint checkpoint;
    buffer_init(&note, COSIGNED_SIZE_MAX);
    TRY(site_open(published->url, &site, failure));
    TRY(site_read_checkpoint(site, &note, failure));
    TRY(checkpoint_open(buffer_view(&note), published->log, &checkpoint, failure));
    *ret_size = checkpoint.size;
    return STATUS_OK;
}

static void tell_once(struct published *published, const struct failure *failure)
{
    bool is_new =
        failure->status != STATUS_OK && strcmp(failure->reason, published->obstacle.reason) != 0;
    published->obstacle = *failure;
    if (is_new) {
        published->tell(published->context, failure);
    }
}

static void *run(void *context)
{
    struct published *published = context;
    (void)pthread_mutex_lock(&published->mutex);
    while (!published->is_stopping) { /* ends when it is stopped */
        (void)pthread_mutex_unlock(&published->mutex);
        struct failure failure = {0};
        uint64_t size = 0;
        if (look(published, &size, &failure) != STATUS_OK) {
            size = 0;
        }
        tell_once(published, &failure);
        (void)pthread_mutex_lock(&published->mutex);
        published->size = size;
        const struct timespec until = deadline_in(PUBLISHED_LOOK_MS);
        int waited = 0;
        while (!published->is_stopping && waited == 0) {
            waited = pthread_cond_timedwait(&published->wake, &published->mutex, &until);
        }
    }
    (void)pthread_mutex_unlock(&published->mutex);
    return NULL;
}

enum status published_start(const char *url, const struct note_key *log,
                            void (*tell)(void *context, const struct failure *failure),
                            void *context, struct published **ret_published,
                            struct failure *failure)
{
    if (!http_is_url(url)) {
        return fail(failure, STATUS_INVALID, "--tiles",
                    "expected the URL where the ledger is published");
    }
    struct published *published = calloc(1, sizeof *published);
    if (published == NULL) {
        return fail_memory(failure);
    }
    published->url = url;
    published->log = log;
    published->tell = tell;
    published->context = context;
    (void)pthread_mutex_init(&published->mutex, NULL);
    deadline_init_condition(&published->wake);
    published->has_thread = pthread_create(&published->thread, NULL, run, published) == 0;
    if (!published->has_thread) {
        published_stop(published);
        return fail_memory(failure);
    }
    *ret_published = published;
    return STATUS_OK;
}

void published_stop(struct published *published)
{
    if (published == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&published->mutex);
    published->is_stopping = true;
    (void)pthread_cond_signal(&published->wake);
    (void)pthread_mutex_unlock(&published->mutex);
    if (published->has_thread) {
        (void)pthread_join(published->thread, NULL);
    }
    (void)pthread_cond_destroy(&published->wake);
    (void)pthread_mutex_destroy(&published->mutex);
    free(published);
}

static bool has(struct published *published, const struct tile *tile)
{
    (void)pthread_mutex_lock(&published->mutex);
    uint64_t size = published->size;
    (void)pthread_mutex_unlock(&published->mutex);
    return tile->width == TILE_WIDTH && tile->index < tile_full_count(tile->level, size);
}

/* Appends the URL of a path, which begins with a slash. */
static enum status append_url(const struct published *published, const char *path,
                              struct buffer *url)
{
    size_t size = strlen(published->url);
    while (size > 0 && published->url[size - 1] == '/') {
        size--;
    }
    TRY(buffer_append(url, (struct view){.data = published->url, .size = size}));
    return buffer_append_text(url, path);
}

bool published_redirect(struct published *published, const struct http_request *request,
                        struct http_answer *answer)
{
    struct tile tile;
    if (tile_path_read(request->path + 1, &tile) != STATUS_OK || !has(published, &tile) ||
        append_url(published, request->path, &answer->body) != STATUS_OK) {
        buffer_clear(&answer->body);
        return false;
    }
    answer->status = 302;
    answer->type = "text/plain; charset=utf-8";
    answer->location = answer->body.data;
    answer->cache = FOR_AN_HOUR;
    return true;
}
