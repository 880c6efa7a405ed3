#include "cli/serve/sequencer.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <pthread.h>
#include <stdlib.h>

#define CHAINS_MAX 4096 /* that stay loaded between commits */

struct sequencer {
    const char *path;
    struct secret_key *secret;
    struct workspace *workspace; /* the thread's; NULL after a failure, until it is opened again */
    struct submission *submissions; /* room for a batch */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct order *first;
    struct order *last;
    bool is_stopping;
    struct sequencer_counts counts;
};

/* --- The queue --- */

bool sequencer_submit(struct sequencer *sequencer, struct order *order)
{
    order->next = NULL;
    (void)pthread_mutex_lock(&sequencer->mutex);
    bool has_room = !sequencer->is_stopping && sequencer->counts.waiting < SEQUENCER_QUEUE_MAX;
    if (has_room) {
        if (sequencer->last == NULL) {
            sequencer->first = order;
        } else {
            sequencer->last->next = order;
        }
        sequencer->last = order;
        sequencer->counts.waiting++;
        (void)pthread_cond_signal(&sequencer->wake);
    }
    (void)pthread_mutex_unlock(&sequencer->mutex);
    return has_room;
}

/* Takes what waits, at most a batch; NULL when it is to stop and nothing waits. */
static struct order *take(struct sequencer *sequencer, size_t *ret_count)
{
    (void)pthread_mutex_lock(&sequencer->mutex);
    while (sequencer->first == NULL && !sequencer->is_stopping) {
        (void)pthread_cond_wait(&sequencer->wake, &sequencer->mutex);
    }
    struct order *orders = sequencer->first;
    struct order *last = orders;
    *ret_count = orders == NULL ? 0 : 1;
    while (last != NULL && last->next != NULL && *ret_count < BATCH_ENTRIES_MAX) {
        last = last->next;
        *ret_count += 1;
    }
    if (last != NULL) {
        sequencer->first = last->next;
        sequencer->last = sequencer->first == NULL ? NULL : sequencer->last;
        last->next = NULL;
    }
    sequencer->counts.waiting -= *ret_count;
    (void)pthread_mutex_unlock(&sequencer->mutex);
    return orders;
}

static void note_decided(struct sequencer *sequencer, const struct order *orders,
                         enum status status)
{
    uint64_t accepted = 0;
    uint64_t refused = 0;
    for (const struct order *order = orders; order != NULL; order = order->next) {
        accepted += order->submission.is_accepted;
        refused += status == STATUS_OK && !order->submission.is_accepted;
    }
    (void)pthread_mutex_lock(&sequencer->mutex);
    sequencer->counts.commits += accepted > 0;
    sequencer->counts.accepted += accepted;
    sequencer->counts.refused += refused;
    sequencer->counts.failed += status != STATUS_OK;
    (void)pthread_mutex_unlock(&sequencer->mutex);
}

struct sequencer_counts sequencer_count(struct sequencer *sequencer)
{
    (void)pthread_mutex_lock(&sequencer->mutex);
    struct sequencer_counts counts = sequencer->counts;
    (void)pthread_mutex_unlock(&sequencer->mutex);
    return counts;
}

/* --- The thread --- */

static enum status open_again(struct sequencer *sequencer, struct failure *failure)
{
    return sequencer->workspace != NULL
               ? STATUS_OK
               : workspace_open(sequencer->path, true, &sequencer->workspace, failure);
}

static enum status append(struct sequencer *sequencer, struct order *orders, size_t count,
                          struct failure *failure)
{
    size_t i = 0;
    for (struct order *order = orders; order != NULL; order = order->next) {
        sequencer->submissions[i] = order->submission;
        i++;
    }
    TRY(open_again(sequencer, failure));
    enum status status = workspace_submit_each(sequencer->workspace, sequencer->submissions, count,
                                               sequencer->secret, failure);
    struct failure ignored;
    bool is_sound = status == STATUS_OK &&
                    workspace_trim(sequencer->workspace, CHAINS_MAX, &ignored) == STATUS_OK;
    if (!is_sound) { /* what is loaded, or stored, is not known any more */
        workspace_close(STEAL(sequencer->workspace));
    }
    i = 0;
    for (struct order *order = orders; order != NULL; order = order->next) {
        order->submission = sequencer->submissions[i];
        i++;
    }
    return status;
}

static void decide(struct sequencer *sequencer, struct order *orders, size_t count)
{
    struct failure failure = {0};
    enum status status = append(sequencer, orders, count, &failure);
    note_decided(sequencer, orders, status);
    while (orders != NULL) { /* bounded by a batch */
        struct order *next = orders->next;
        orders->status = status;
        orders->failure = failure;
        orders->done(orders); /* from here on the order may be gone */
        orders = next;
    }
}

static void *run(void *context)
{
    struct sequencer *sequencer = context;
    size_t count;
    struct order *orders;
    while ((orders = take(sequencer, &count)) != NULL) { /* ends when it is stopped */
        decide(sequencer, orders, count);
    }
    return NULL;
}

/* --- Starting and stopping --- */

static enum status start(struct sequencer *sequencer, const struct note_key *key,
                         struct failure *failure)
{
    TRY(workspace_open(sequencer->path, true, &sequencer->workspace, failure));
    if (!note_key_equal(key, ledger_log_key(workspace_ledger(sequencer->workspace)))) {
        return fail(failure, STATUS_INVALID, "--log-key",
                    "%s is not the key that signs this ledger", key->name);
    }
    sequencer->submissions = calloc(BATCH_ENTRIES_MAX, sizeof *sequencer->submissions);
    if (sequencer->submissions == NULL ||
        pthread_create(&sequencer->thread, NULL, run, sequencer) != 0) {
        return fail_memory(failure);
    }
    sequencer->has_thread = true;
    return STATUS_OK;
}

enum status sequencer_start(const char *path, const struct note_key *key, struct secret_key *secret,
                            struct sequencer **ret_sequencer, struct failure *failure)
{
    OWNED(sequencer_stopp) struct sequencer *sequencer = calloc(1, sizeof *sequencer);
    if (sequencer == NULL) {
        return fail_memory(failure);
    }
    sequencer->path = path;
    sequencer->secret = secret;
    (void)pthread_mutex_init(&sequencer->mutex, NULL);
    (void)pthread_cond_init(&sequencer->wake, NULL);
    TRY(start(sequencer, key, failure));
    *ret_sequencer = STEAL(sequencer);
    return STATUS_OK;
}

void sequencer_stop(struct sequencer *sequencer)
{
    if (sequencer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&sequencer->mutex);
    sequencer->is_stopping = true;
    (void)pthread_cond_signal(&sequencer->wake);
    (void)pthread_mutex_unlock(&sequencer->mutex);
    if (sequencer->has_thread) {
        (void)pthread_join(sequencer->thread, NULL);
    }
    workspace_close(sequencer->workspace);
    free(sequencer->submissions);
    (void)pthread_cond_destroy(&sequencer->wake);
    (void)pthread_mutex_destroy(&sequencer->mutex);
    free(sequencer);
}

void sequencer_stopp(struct sequencer **sequencer)
{
    sequencer_stop(*sequencer);
}
