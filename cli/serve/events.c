#include "cli/serve/events.h"

#include "cli/entry.h"
#include "cli/serve/answers.h"
#include "cli/serve/deadline.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define TYPE_EVENTS "text/event-stream"
#define ENTRIES_AT_ONCE 100
#define CATALOGUE_STEP 500 /* so that those who ask need not wait long for the catalogue */

struct follower {
    struct events *events;
    struct http_incoming *incoming;
    uint64_t next; /* the entry that it has not heard of */
    int64_t told_at;
    bool is_asleep;
    struct follower *before;
    struct follower *after;
};

struct events {
    struct readers *readers;
    struct catalogue *catalogue;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t mutex; /* guards what follows, and who sleeps */
    pthread_cond_t wake;
    uint64_t size; /* of the ledger, as far as is known */
    struct follower *first;
    size_t count;
    bool is_stopping;
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- Telling one who follows --- */

static enum status tell_entry(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    OWNED(json_freep) struct json *object = NULL;
    struct buffer *piece = context;
    TRY(entry_to_json(entry, &object, failure));
    if (buffer_append_format(piece, "id: %" PRIu64 "\ndata: ", entry->index) != STATUS_OK ||
        json_write_canonical(object, piece) != STATUS_OK ||
        buffer_append_text(piece, "\n\n") != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_OK;
}

static enum status tell_entries(struct follower *follower, uint64_t size, struct buffer *piece)
{
    struct failure ignored;
    struct workspace *workspace;
    TRY(readers_take_ledger(follower->events->readers, &workspace, &ignored));
    enum status status = STATUS_OK;
    uint64_t end =
        size - follower->next > ENTRIES_AT_ONCE ? follower->next + ENTRIES_AT_ONCE : size;
    while (status == STATUS_OK && follower->next < end) {
        status =
            ledger_read(workspace_ledger(workspace), follower->next, tell_entry, piece, &ignored);
        follower->next++;
    }
    readers_give(follower->events->readers, workspace);
    return status;
}

/* What there is to tell; nothing, and it sleeps until the thread wakes it. */
static bool next_piece(void *context, struct buffer *piece)
{
    struct follower *follower = context;
    struct events *events = follower->events;
    int64_t now = now_ms();
    (void)pthread_mutex_lock(&events->mutex);
    uint64_t size = events->size;
    bool is_stopping = events->is_stopping;
    bool is_due = now - follower->told_at >= EVENTS_HEARTBEAT_MS;
    if (!is_stopping && !is_due && follower->next >= size) {
        follower->is_asleep = true;
        http_sleep(follower->incoming);
    }
    bool is_asleep = follower->is_asleep;
    (void)pthread_mutex_unlock(&events->mutex);
    if (is_stopping || is_asleep) {
        return !is_stopping;
    }
    follower->told_at = now;
    return (follower->next < size ? tell_entries(follower, size, piece)
                                  : buffer_append_text(piece, ":\n\n")) == STATUS_OK;
}

static void end_follower(void *context)
{
    struct follower *follower = context;
    struct events *events = follower->events;
    (void)pthread_mutex_lock(&events->mutex);
    if (follower->before == NULL) {
        events->first = follower->after;
    } else {
        follower->before->after = follower->after;
    }
    if (follower->after != NULL) {
        follower->after->before = follower->before;
    }
    events->count--;
    (void)pthread_mutex_unlock(&events->mutex);
    free(follower);
}

/* --- Beginning to follow --- */

/* Behind the entry that was heard of last; else from ?from= on; else what comes from now on. */
static enum status read_start(const struct http_request *request, uint64_t size,
                              uint64_t *ret_start, struct failure *failure)
{
    const char *last = http_header(request, "Last-Event-ID");
    const char *from = http_parameter(request, "from");
    const char *text = last != NULL ? last : from;
    *ret_start = size;
    if (text == NULL || text[0] == '\0') {
        return STATUS_OK;
    }
    if (decimal_u64_read(view_of(text), INT64_MAX, ret_start) != STATUS_OK) {
        return fail(failure, STATUS_INVALID, last != NULL ? "Last-Event-ID" : "from",
                    "'%.40s' is not the number of an entry", text);
    }
    *ret_start += last != NULL;
    return STATUS_OK;
}

static enum status join(struct events *events, struct follower *follower, struct failure *failure)
{
    (void)pthread_mutex_lock(&events->mutex);
    bool has_room = !events->is_stopping && events->count < EVENTS_FOLLOWERS_MAX;
    if (has_room) {
        follower->after = events->first;
        if (events->first != NULL) {
            events->first->before = follower;
        }
        events->first = follower;
        events->count++;
        (void)pthread_cond_signal(&events->wake);
    }
    (void)pthread_mutex_unlock(&events->mutex);
    return has_room ? STATUS_OK
                    : fail(failure, STATUS_STORAGE, "", "too many follow the ledger: try again");
}

static enum status follow(struct events *events, const struct http_request *request,
                          struct follower **ret_follower, struct failure *failure)
{
    struct workspace *workspace;
    TRY(readers_take_ledger(events->readers, &workspace, failure));
    uint64_t size = ledger_size(workspace_ledger(workspace));
    readers_give(events->readers, workspace);
    uint64_t start;
    TRY(read_start(request, size, &start, failure));
    struct follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL) {
        return fail_memory(failure);
    }
    *follower = (struct follower){
        .events = events,
        .incoming = request->incoming,
        .next = start,
        .told_at = -EVENTS_HEARTBEAT_MS, /* the first thing that is said is that it follows */
    };
    enum status status = join(events, follower, failure);
    if (status != STATUS_OK) {
        free(follower);
        return status;
    }
    *ret_follower = follower;
    return STATUS_OK;
}

void events_follow(struct events *events, const struct http_request *request,
                   struct http_answer *answer)
{
    static const struct http_stream STREAM = {next_piece, end_follower};
    struct failure failure = {0};
    struct follower *follower = NULL;
    if (follow(events, request, &follower, &failure) != STATUS_OK) {
        answer_failure(answer, &failure);
        return;
    }
    answer->status = 200;
    answer->type = TYPE_EVENTS;
    answer->stream = &STREAM;
    answer->stream_context = follower;
}

/* --- The thread --- */

/* How large the ledger is; the catalogue follows, by a step. True: there is more to read at once.
 */
static bool look(struct events *events, uint64_t *ret_size)
{
    struct failure ignored = {0};
    struct workspace *workspace;
    if (readers_take_ledger(events->readers, &workspace, &ignored) != STATUS_OK) {
        return false;
    }
    struct ledger *ledger = workspace_ledger(workspace);
    bool is_there;
    *ret_size = ledger_size(ledger);
    enum status status =
        catalogue_follow(events->catalogue, ledger, CATALOGUE_STEP, &is_there, &ignored);
    readers_give(events->readers, workspace);
    return status == STATUS_OK && !is_there;
}

/* Shapes: the mutex is held. */
static void wake_all(struct events *events)
{
    int64_t now = now_ms();
    for (struct follower *one = events->first; one != NULL; one = one->after) {
        if (!one->is_asleep) {
            continue; /* what it was told is its own until it sleeps */
        }
        bool is_due = now - one->told_at >= EVENTS_HEARTBEAT_MS;
        if (events->is_stopping || is_due || one->next < events->size) {
            one->is_asleep = false;
            http_wake(one->incoming);
        }
    }
}

static void rest(struct events *events)
{
    const struct timespec until =
        deadline_in(events->first == NULL ? EVENTS_IDLE_MS : EVENTS_POLL_MS);
    (void)pthread_cond_timedwait(&events->wake, &events->mutex, &until);
}

static void *run(void *context)
{
    struct events *events = context;
    (void)pthread_mutex_lock(&events->mutex);
    while (!events->is_stopping) { /* ends when it is stopped */
        (void)pthread_mutex_unlock(&events->mutex);
        uint64_t size = 0;
        bool has_more = look(events, &size);
        (void)pthread_mutex_lock(&events->mutex);
        events->size = size > events->size ? size : events->size;
        wake_all(events);
        if (!has_more && !events->is_stopping) {
            rest(events);
        }
    }
    wake_all(events);
    (void)pthread_mutex_unlock(&events->mutex);
    return NULL;
}

enum status events_start(struct readers *readers, struct catalogue *catalogue,
                         struct events **ret_events, struct failure *failure)
{
    struct events *events = calloc(1, sizeof *events);
    if (events == NULL) {
        return fail_memory(failure);
    }
    events->readers = readers;
    events->catalogue = catalogue;
    (void)pthread_mutex_init(&events->mutex, NULL);
    deadline_init_condition(&events->wake);
    events->has_thread = pthread_create(&events->thread, NULL, run, events) == 0;
    if (!events->has_thread) {
        events_free(events);
        return fail_memory(failure);
    }
    *ret_events = events;
    return STATUS_OK;
}

void events_stop(struct events *events)
{
    if (events == NULL || !events->has_thread) {
        return;
    }
    (void)pthread_mutex_lock(&events->mutex);
    events->is_stopping = true;
    (void)pthread_cond_signal(&events->wake);
    (void)pthread_mutex_unlock(&events->mutex);
    (void)pthread_join(events->thread, NULL);
    events->has_thread = false;
}

void events_free(struct events *events)
{
    if (events != NULL) {
        events_stop(events);
        (void)pthread_cond_destroy(&events->wake);
        (void)pthread_mutex_destroy(&events->mutex);
        free(events);
    }
}
