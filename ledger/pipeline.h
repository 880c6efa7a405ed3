/*
 * Pipeline: items are prepared on all cores and applied in order.
 *
 * The calling thread adds items, which are copied into a chunk. A full chunk is prepared by the
 * worker threads while the calling thread applies the chunk before it and fills the next one; when
 * it has to wait it helps. With one thread there are no workers, and the same code does it all.
 * Two chunks exist, so memory does not grow with the number of items.
 *
 * What is told does not depend on the number of threads: the first failure in the order of adding.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/crypto/hash.h"
#include "ledger/store/store.h"

/* One item; the views of `entry` stay valid until it was applied or discarded. */
struct pipeline_item {
    struct store_entry entry;
    struct hash hash; /* for the steps to use */
    void *prepared;   /* what `prepare` made; NULL before */
};

/* What is done with each item. */
struct pipeline_steps {
    /* On any thread, in any order. */
    enum status (*prepare)(void *context, struct pipeline_item *item, struct failure *failure);
    /* In order, on the calling thread, before a failure of `prepare` is told. May be NULL. */
    enum status (*admit)(void *context, struct pipeline_item *item, struct failure *failure);
    /* In order, on the calling thread; `prepared` is now its own, also when it fails. */
    enum status (*apply)(void *context, struct pipeline_item *item, struct failure *failure);
    /* For each item that was prepared and is not applied. May be NULL. */
    void (*discard)(void *context, struct pipeline_item *item);
    void *context;
};

struct pipeline;

/*
 * Shapes  thread_count >= 1, the calling thread included. Threads that cannot be started are done
 *         without.
 * Errors  STATUS_MEMORY.
 */
enum status pipeline_new(const struct pipeline_steps *steps, unsigned thread_count,
                         struct pipeline **ret_pipeline, struct failure *failure);

/* Copies an item in. Errors: those of the steps, for this item or one before it. */
enum status pipeline_add(struct pipeline *pipeline, const struct store_entry *entry,
                         struct failure *failure);

/* Applies all that was added. Errors: those of the steps. */
enum status pipeline_finish(struct pipeline *pipeline, struct failure *failure);

/* Discards what was not applied, and ends the threads. For OWNED(pipeline_freep). */
void pipeline_free(struct pipeline *pipeline);
void pipeline_freep(struct pipeline **pipeline);
