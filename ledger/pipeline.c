#include "ledger/pipeline.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define CHUNK_ITEMS 256 /* few, so that what was prepared is still cached when it is applied */
#define CHUNK_BYTES ((size_t)2 * 1024 * 1024)
#define CLAIM_ITEMS 4 /* taken at once: a signature takes much longer than taking the mutex */
#define THREADS_MAX 256
#define NO_FAILURE SIZE_MAX

static_assert(CHUNK_BYTES >= ENTRY_SIZE_MAX + SUBJECT_SIZE_MAX, "any item fits an empty chunk");

struct chunk {
    size_t count;
    size_t bytes_used;
    /* Guarded by the mutex from start to finish. */
    size_t claimed;  /* items that some thread has taken */
    size_t finished; /* items that were prepared, well or not */
    size_t failed;   /* the first item whose preparation failed, or NO_FAILURE */
    enum status status;
    struct failure failure;
    /* Owned by whoever claimed the item, then by the calling thread. */
    struct pipeline_item items[CHUNK_ITEMS];
    char bytes[CHUNK_BYTES];
};

struct pipeline {
    struct pipeline_steps steps;
    struct chunk *filling; /* being added to */
    struct chunk *running; /* being prepared; its count is 0 when there is none */
    size_t applied;        /* items of `running` that were applied or discarded */

    pthread_mutex_t mutex;
    pthread_cond_t work_is_there;
    pthread_cond_t work_is_done;
    struct chunk *work[2]; /* guarded by the mutex: chunks to take items from, the older first */
    bool is_ending;        /* guarded by the mutex */
    size_t thread_count;
    pthread_t threads[THREADS_MAX];
};

static void lock(struct pipeline *pipeline)
{
    int failed = pthread_mutex_lock(&pipeline->mutex);
    assert(failed == 0);
    (void)failed;
}

static void unlock(struct pipeline *pipeline)
{
    int failed = pthread_mutex_unlock(&pipeline->mutex);
    assert(failed == 0);
    (void)failed;
}

/* Prepares one claimed item; the mutex is not held. */
static void prepare_item(struct pipeline *pipeline, struct chunk *chunk, size_t index)
{
    struct failure failure = {0};
    enum status status =
        pipeline->steps.prepare(pipeline->steps.context, &chunk->items[index], &failure);
    if (status == STATUS_OK) {
        return;
    }
    lock(pipeline);
    if (index < chunk->failed) {
        chunk->failed = index;
        chunk->status = status;
        chunk->failure = failure;
    }
    unlock(pipeline);
}

/*
 * Prepares some items of the oldest chunk that has any to take, and tells whether there were. The
 * mutex is held, and let go meanwhile.
 */
static bool help(struct pipeline *pipeline)
{
    struct chunk *chunk = pipeline->work[0];
    if (chunk == NULL || chunk->claimed == chunk->count) {
        chunk = pipeline->work[1];
    }
    if (chunk == NULL || chunk->claimed == chunk->count) {
        return false;
    }
    size_t first = chunk->claimed;
    size_t end = chunk->count - first < CLAIM_ITEMS ? chunk->count : first + CLAIM_ITEMS;
    chunk->claimed = end;
    unlock(pipeline);
    for (size_t i = first; i < end; i++) {
        prepare_item(pipeline, chunk, i);
    }
    lock(pipeline);
    chunk->finished += end - first;
    if (chunk->finished == chunk->count) {
        (void)pthread_cond_broadcast(&pipeline->work_is_done);
    }
    return true;
}

static void *work(void *context)
{
    struct pipeline *pipeline = context;
    lock(pipeline);
    while (!pipeline->is_ending) { /* bounded by the life of the pipeline */
        if (!help(pipeline)) {
            (void)pthread_cond_wait(&pipeline->work_is_there, &pipeline->mutex);
        }
    }
    unlock(pipeline);
    return NULL;
}

static void start_chunk(struct pipeline *pipeline, struct chunk *chunk)
{
    lock(pipeline);
    assert(pipeline->work[1] == NULL);
    pipeline->work[pipeline->work[0] == NULL ? 0 : 1] = chunk;
    (void)pthread_cond_broadcast(&pipeline->work_is_there);
    unlock(pipeline);
}

/* Helps until the chunk, the oldest that was started, is finished; then nobody looks at it. */
static void wait_for_chunk(struct pipeline *pipeline, struct chunk *chunk)
{
    lock(pipeline);
    while (chunk->finished < chunk->count) { /* bounded by the items of the chunks */
        if (!help(pipeline)) {
            (void)pthread_cond_wait(&pipeline->work_is_done, &pipeline->mutex);
        }
    }
    if (pipeline->work[0] == chunk) {
        pipeline->work[0] = pipeline->work[1];
        pipeline->work[1] = NULL;
    }
    unlock(pipeline);
}

static void clear_chunk(struct chunk *chunk)
{
    chunk->count = 0;
    chunk->bytes_used = 0;
    chunk->claimed = 0;
    chunk->finished = 0;
    chunk->failed = NO_FAILURE;
    chunk->status = STATUS_OK;
}

/* Copies bytes into the chunk, which has room for them. */
static struct view copy_in(struct chunk *chunk, struct view source)
{
    assert(source.size <= CHUNK_BYTES - chunk->bytes_used);
    char *copy = chunk->bytes + chunk->bytes_used;
    if (source.size > 0) {
        memcpy(copy, source.data, source.size);
    }
    chunk->bytes_used += source.size;
    return (struct view){.data = copy, .size = source.size};
}

static enum status apply_item(struct pipeline *pipeline, const struct chunk *chunk, size_t index,
                              struct pipeline_item *item, struct failure *failure)
{
    const struct pipeline_steps *steps = &pipeline->steps;
    if (steps->admit != NULL) {
        TRY(steps->admit(steps->context, item, failure));
    }
    if (index == chunk->failed) {
        if (failure != NULL) {
            *failure = chunk->failure;
        }
        return chunk->status;
    }
    pipeline->applied = index + 1; /* before: what was handed to `apply` is not discarded */
    return steps->apply(steps->context, item, failure);
}

/* Applies the chunk that was prepared. */
static enum status apply_chunk(struct pipeline *pipeline, struct failure *failure)
{
    struct chunk *chunk = pipeline->running;
    for (size_t i = 0; i < chunk->count; i++) {
        TRY(apply_item(pipeline, chunk, i, &chunk->items[i], failure));
    }
    return STATUS_OK;
}

static void discard_chunk(struct pipeline *pipeline, struct chunk *chunk, size_t first)
{
    for (size_t i = first; i < chunk->count; i++) {
        if (chunk->items[i].prepared != NULL && pipeline->steps.discard != NULL) {
            pipeline->steps.discard(pipeline->steps.context, &chunk->items[i]);
        }
    }
    clear_chunk(chunk);
}

/*
 * Starts the filled chunk and applies the one before it.
 *
 * While the last items of the older chunk are under way, whoever has none takes from the younger.
 * When the older fails, the younger one is finished too before the failure is told: afterwards no
 * thread is at work.
 */
static enum status turn(struct pipeline *pipeline, struct failure *failure)
{
    start_chunk(pipeline, pipeline->filling);
    wait_for_chunk(pipeline, pipeline->running);
    pipeline->applied = 0;
    enum status status = apply_chunk(pipeline, failure);
    if (status != STATUS_OK) {
        wait_for_chunk(pipeline, pipeline->filling);
        discard_chunk(pipeline, pipeline->running, pipeline->applied);
        discard_chunk(pipeline, pipeline->filling, 0);
        return status;
    }
    struct chunk *emptied = pipeline->running;
    clear_chunk(emptied);
    pipeline->running = pipeline->filling;
    pipeline->filling = emptied;
    return STATUS_OK;
}

enum status pipeline_add(struct pipeline *pipeline, const struct store_entry *entry,
                         struct failure *failure)
{
    size_t size = entry->subject.size + entry->bytes.size;
    assert(size <= CHUNK_BYTES);
    if (pipeline->filling->count == CHUNK_ITEMS ||
        CHUNK_BYTES - pipeline->filling->bytes_used < size) {
        TRY(turn(pipeline, failure));
    }
    struct chunk *chunk = pipeline->filling;
    struct pipeline_item *item = &chunk->items[chunk->count];
    *item = (struct pipeline_item){.entry = {.index = entry->index, .id = entry->id}};
    item->entry.subject = copy_in(chunk, entry->subject);
    item->entry.bytes = copy_in(chunk, entry->bytes);
    chunk->count += 1;
    return STATUS_OK;
}

enum status pipeline_finish(struct pipeline *pipeline, struct failure *failure)
{
    TRY(turn(pipeline, failure)); /* starts the last chunk */
    return turn(pipeline, failure);
}

/* Signals are for the calling thread: a worker takes none. */
static void start_threads(struct pipeline *pipeline, size_t count)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    while (pipeline->thread_count < count) { /* bounded by THREADS_MAX */
        if (pthread_create(&pipeline->threads[pipeline->thread_count], NULL, work, pipeline) != 0) {
            break; /* fewer will do */
        }
        pipeline->thread_count += 1;
    }
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
}

enum status pipeline_new(const struct pipeline_steps *steps, unsigned thread_count,
                         struct pipeline **ret_pipeline, struct failure *failure)
{
    assert(thread_count >= 1);
    OWNED(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (pipeline == NULL) {
        return fail_memory(failure);
    }
    /* Without attributes these cannot fail in glibc. */
    (void)pthread_mutex_init(&pipeline->mutex, NULL);
    (void)pthread_cond_init(&pipeline->work_is_there, NULL);
    (void)pthread_cond_init(&pipeline->work_is_done, NULL);
    pipeline->steps = *steps;
    pipeline->filling = malloc(sizeof *pipeline->filling);
    pipeline->running = malloc(sizeof *pipeline->running);
    if (pipeline->filling == NULL || pipeline->running == NULL) {
        free(STEAL(pipeline->filling));
        free(STEAL(pipeline->running));
        return fail_memory(failure);
    }
    clear_chunk(pipeline->filling);
    clear_chunk(pipeline->running);
    size_t workers = thread_count - 1;
    start_threads(pipeline, workers > THREADS_MAX ? THREADS_MAX : workers);
    *ret_pipeline = STEAL(pipeline);
    return STATUS_OK;
}

void pipeline_free(struct pipeline *pipeline)
{
    if (pipeline == NULL) {
        return;
    }
    if (pipeline->running != NULL) {
        wait_for_chunk(pipeline, pipeline->running);
        discard_chunk(pipeline, pipeline->running, 0);
        discard_chunk(pipeline, pipeline->filling, 0); /* was never started */
    }
    lock(pipeline);
    pipeline->is_ending = true;
    (void)pthread_cond_broadcast(&pipeline->work_is_there);
    unlock(pipeline);
    for (size_t i = 0; i < pipeline->thread_count; i++) {
        (void)pthread_join(pipeline->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&pipeline->work_is_done);
    (void)pthread_cond_destroy(&pipeline->work_is_there);
    (void)pthread_mutex_destroy(&pipeline->mutex);
    free(pipeline->filling);
    free(pipeline->running);
    free(pipeline);
}

void pipeline_freep(struct pipeline **pipeline)
{
    pipeline_free(*pipeline);
    *pipeline = NULL;
}
