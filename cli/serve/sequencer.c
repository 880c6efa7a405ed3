#include "cli/serve/sequencer.h"

#include "cli/serve/deadline.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/store/store.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CHAINS_MAX 4096 /* that stay loaded between commits */
#define RETRY_MS 500    /* between attempts to get the right to append */

#define ANOTHER "another server appends to this ledger, or none can: try again"

struct sequencer {
    struct sequencer_options options;
    struct workspace *workspace; /* the thread's; NULL after a failure, until it is opened again */
    uint64_t known_size;         /* of the last checkpoint that was signed or opened */
    struct buffer known;         /* that checkpoint */
    bool is_forked;              /* it was not there any more: nothing is signed again */
    struct submission *submissions; /* room for a batch */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t wake;
    struct order *first;
    struct order *last;
    bool is_stopping;
    struct failure obstacle; /* why it cannot append; STATUS_OK when it can, or another does */
    struct sequencer_counts counts;
};

/* --- The queue --- */

static bool has_room(const struct sequencer *sequencer)
{
    return !sequencer->is_stopping && sequencer->counts.waiting < SEQUENCER_QUEUE_MAX;
}

static void push(struct sequencer *sequencer, struct order *order)
{
    if (sequencer->last == NULL) {
        sequencer->first = order;
    } else {
        sequencer->last->next = order;
    }
    sequencer->last = order;
    sequencer->counts.waiting++;
    (void)pthread_cond_signal(&sequencer->wake);
}

enum status sequencer_submit(struct sequencer *sequencer, struct order *order,
                             struct failure *failure)
{
    order->next = NULL;
    (void)pthread_mutex_lock(&sequencer->mutex);
    bool is_appending = sequencer->counts.is_appending;
    bool is_taken = is_appending && has_room(sequencer);
    struct failure obstacle = sequencer->obstacle;
    if (is_taken) {
        push(sequencer, order);
    }
    (void)pthread_mutex_unlock(&sequencer->mutex);
    if (is_taken) {
        return STATUS_OK;
    }
    if (is_appending) {
        return fail(failure, STATUS_STORAGE, "",
                    "too many statements wait to be appended: try again");
    }
    return obstacle.status == STATUS_OK
               ? fail(failure, STATUS_STORAGE, "", ANOTHER)
               : fail(failure, STATUS_STORAGE, obstacle.at, "%s", obstacle.reason);
}

static void set_appending(struct sequencer *sequencer)
{
    (void)pthread_mutex_lock(&sequencer->mutex);
    sequencer->counts.is_appending = true;
    sequencer->obstacle = (struct failure){0};
    (void)pthread_mutex_unlock(&sequencer->mutex);
}

/* It appends no more for now. That another does is no obstacle. */
static void set_waiting(struct sequencer *sequencer, const struct failure *why)
{
    struct failure obstacle = why->status == STATUS_CONFLICT ? (struct failure){0} : *why;
    (void)pthread_mutex_lock(&sequencer->mutex);
    bool is_new =
        obstacle.status != STATUS_OK && strcmp(obstacle.reason, sequencer->obstacle.reason) != 0;
    sequencer->counts.is_appending = false;
    sequencer->obstacle = obstacle;
    (void)pthread_mutex_unlock(&sequencer->mutex);
    if (is_new) {
        sequencer->options.tell(sequencer->options.context, &obstacle);
    }
}

/* Waits until something is handed in, at most `ms`. The mutex is held. */
static void wait_for_order(struct sequencer *sequencer, long ms)
{
    const struct timespec until = deadline_in(ms);
    int waited = 0;
    while (sequencer->first == NULL && !sequencer->is_stopping && waited == 0) {
        waited = pthread_cond_timedwait(&sequencer->wake, &sequencer->mutex, &until);
    }
}

/* Takes what waits, at most a batch; NULL when nothing came for `ms`. */
static struct order *take(struct sequencer *sequencer, long ms, size_t *ret_count,
                          bool *ret_is_stopping)
{
    (void)pthread_mutex_lock(&sequencer->mutex);
    wait_for_order(sequencer, ms);
    *ret_is_stopping = sequencer->is_stopping;
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

/* Keeps the checkpoint that is newest now. */
static enum status note_checkpoint(struct sequencer *sequencer)
{
    const struct ledger *ledger = workspace_ledger(sequencer->workspace);
    buffer_clear(&sequencer->known);
    sequencer->known_size = ledger_size(ledger);
    return buffer_append(&sequencer->known, ledger_checkpoint(ledger));
}

/* What was signed or seen before must still be there: a log has one history. */
static enum status refuse_fork(struct sequencer *sequencer, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(sequencer->workspace);
    if (sequencer->known.size == 0) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer stored;
    buffer_init(&stored, CHECKPOINT_SIZE_MAX);
    enum status status =
        sequencer->known_size > ledger_size(ledger)
            ? STATUS_NOT_FOUND
            : store_read_checkpoint(ledger_store(ledger), sequencer->known_size, &stored, failure);
    if (status == STATUS_STORAGE || status == STATUS_MEMORY) {
        return status; /* it could not be read: ask again */
    }
    if (status == STATUS_OK && view_equal(buffer_view(&stored), buffer_view(&sequencer->known))) {
        return STATUS_OK;
    }
    sequencer->is_forked = true;
    return fail(failure, STATUS_UNTRUSTED, sequencer->options.path,
                "the ledger no longer holds the checkpoint of %" PRIu64
                " entries that this server knows: it was restored, or a copy that lagged took its "
                "place; nothing is appended any more",
                sequencer->known_size);
}

static enum status check_replicas(struct sequencer *sequencer, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(sequencer->workspace);
    return sequencer->options.replicas == 0
               ? STATUS_OK
               : store_check_replicas(ledger_store(ledger), sequencer->options.replicas, failure);
}

static enum status open_and_check(struct sequencer *sequencer, struct failure *failure)
{
    const struct sequencer_options *options = &sequencer->options;
    if (sequencer->is_forked) {
        *failure = sequencer->obstacle; /* nobody else writes it */
        return failure->status;
    }
    /* A thread that tries again must see soon that it is to end. */
    TRY(sequencer->has_thread
            ? workspace_open_within(options->path, RETRY_MS, &sequencer->workspace, failure)
            : workspace_open(options->path, true, &sequencer->workspace, failure));
    if (!note_key_equal(options->key, ledger_log_key(workspace_ledger(sequencer->workspace)))) {
        return fail(failure, STATUS_INVALID, "--log-key",
                    "%s is not the key that signs this ledger", options->key->name);
    }
    TRY(check_replicas(sequencer, failure));
    TRY(refuse_fork(sequencer, failure));
    return note_checkpoint(sequencer) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

/* Takes the right to append, waiting for it as long as the store does. */
static enum status open_again(struct sequencer *sequencer, struct failure *failure)
{
    if (sequencer->workspace != NULL) {
        return STATUS_OK;
    }
    enum status status = open_and_check(sequencer, failure);
    if (status == STATUS_OK) {
        set_appending(sequencer);
        return STATUS_OK;
    }
    set_waiting(sequencer, failure);
    workspace_close(STEAL(sequencer->workspace));
    return status;
}

static enum status submit(struct sequencer *sequencer, size_t count, struct failure *failure)
{
    TRY(check_replicas(sequencer, failure));
    TRY(workspace_submit_each(sequencer->workspace, sequencer->submissions, count,
                              sequencer->options.secret, failure));
    return check_replicas(sequencer, failure);
}

static enum status append(struct sequencer *sequencer, struct order *orders, size_t count,
                          struct failure *failure)
{
    size_t i = 0;
    for (struct order *order = orders; order != NULL; order = order->next) {
        sequencer->submissions[i] = order->submission;
        i++;
    }
    enum status status = open_again(sequencer, failure);
    if (status == STATUS_OK) {
        status = submit(sequencer, count, failure);
    }
    struct failure untrimmed = {.status = STATUS_MEMORY, .reason = "out of memory"};
    bool is_sound = status == STATUS_OK && note_checkpoint(sequencer) == STATUS_OK &&
                    workspace_trim(sequencer->workspace, CHAINS_MAX, &untrimmed) == STATUS_OK;
    if (!is_sound) { /* what is loaded, or stored, is not known any more */
        set_waiting(sequencer, status == STATUS_OK ? &untrimmed : failure);
        workspace_close(STEAL(sequencer->workspace));
    }
    i = 0;
    for (struct order *order = orders; order != NULL; order = order->next) {
        order->submission = sequencer->submissions[i];
        i++;
    }
    /* The right to append is another's by now. Nothing was stored, and asking again is right. */
    return status == STATUS_CONFLICT ? fail(failure, STATUS_STORAGE, "", ANOTHER) : status;
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

/* Says that it lives; whoever cannot, has no right to append until it has opened the ledger again.
 */
static void keep(struct sequencer *sequencer)
{
    struct failure failure = {0};
    if (sequencer->workspace == NULL) {
        return;
    }
    enum status status = ledger_keep(workspace_ledger(sequencer->workspace), &failure);
    if (status == STATUS_OK) {
        status = check_replicas(sequencer, &failure);
    }
    if (status != STATUS_OK) {
        set_waiting(sequencer, &failure);
        workspace_close(STEAL(sequencer->workspace));
    }
}

static void *run(void *context)
{
    struct sequencer *sequencer = context;
    struct failure failure = {0};
    bool is_stopping = false;
    while (!is_stopping) { /* ends when it is stopped and nothing waits */
        size_t count;
        bool is_open = open_again(sequencer, &failure) == STATUS_OK;
        struct order *orders =
            take(sequencer, is_open ? SEQUENCER_KEEP_MS : RETRY_MS, &count, &is_stopping);
        if (orders != NULL) {
            decide(sequencer, orders, count);
            is_stopping = false; /* there may be more */
        } else {
            keep(sequencer);
        }
    }
    return NULL;
}

/* --- Starting and stopping --- */

static enum status start(struct sequencer *sequencer, struct failure *failure)
{
    TRY(sequencer->options.is_standby ? STATUS_OK : open_again(sequencer, failure));
    sequencer->submissions = calloc(BATCH_ENTRIES_MAX, sizeof *sequencer->submissions);
    if (sequencer->submissions == NULL) {
        return fail_memory(failure);
    }
    sequencer->has_thread = true; /* before it starts: the thread reads it */
    if (pthread_create(&sequencer->thread, NULL, run, sequencer) != 0) {
        sequencer->has_thread = false;
        return fail_memory(failure);
    }
    return STATUS_OK;
}

enum status sequencer_start(const struct sequencer_options *options,
                            struct sequencer **ret_sequencer, struct failure *failure)
{
    OWNED(sequencer_stopp) struct sequencer *sequencer = calloc(1, sizeof *sequencer);
    if (sequencer == NULL) {
        return fail_memory(failure);
    }
    sequencer->options = *options;
    buffer_init(&sequencer->known, CHECKPOINT_SIZE_MAX);
    (void)pthread_mutex_init(&sequencer->mutex, NULL);
    deadline_init_condition(&sequencer->wake);
    TRY(start(sequencer, failure));
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
    buffer_release(&sequencer->known);
    (void)pthread_cond_destroy(&sequencer->wake);
    (void)pthread_mutex_destroy(&sequencer->mutex);
    free(sequencer);
}

void sequencer_stopp(struct sequencer **sequencer)
{
    sequencer_stop(*sequencer);
}
