#include "cli/serve/readers.h"

#include "ledger/base/ownership.h"

#include <pthread.h>
#include <stdlib.h>

#define IDLE_MAX 64
#define CHAINS_MAX 1024 /* that a workspace keeps loaded */

struct readers {
    const char *path;
    pthread_mutex_t mutex;
    size_t idle_count;
    struct workspace *idle[IDLE_MAX]; /* paused */
};

static struct workspace *pop(struct readers *readers)
{
    struct workspace *workspace = NULL;
    (void)pthread_mutex_lock(&readers->mutex);
    if (readers->idle_count > 0) {
        readers->idle_count--;
        workspace = readers->idle[readers->idle_count];
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    return workspace;
}

static bool push(struct readers *readers, struct workspace *workspace)
{
    (void)pthread_mutex_lock(&readers->mutex);
    bool has_room = readers->idle_count < IDLE_MAX;
    if (has_room) {
        readers->idle[readers->idle_count] = workspace;
        readers->idle_count++;
    }
    (void)pthread_mutex_unlock(&readers->mutex);
    return has_room;
}

enum status readers_take_ledger(struct readers *readers, struct workspace **ret_workspace,
                                struct failure *failure)
{
    struct workspace *workspace = pop(readers);
    if (workspace == NULL) {
        return workspace_open(readers->path, false, ret_workspace, failure);
    }
    enum status status = workspace_resume(workspace, failure);
    if (status != STATUS_OK) {
        workspace_close(workspace);
        return status;
    }
    *ret_workspace = workspace;
    return STATUS_OK;
}

enum status readers_take(struct readers *readers, struct workspace **ret_workspace,
                         struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(readers_take_ledger(readers, &workspace, failure));
    TRY(workspace_refresh(workspace, failure));
    TRY(workspace_trim(workspace, CHAINS_MAX, failure));
    *ret_workspace = STEAL(workspace);
    return STATUS_OK;
}

void readers_give(struct readers *readers, struct workspace *workspace)
{
    workspace_pause(workspace);
    if (!push(readers, workspace)) {
        workspace_close(workspace);
    }
}

enum status readers_open(const char *path, struct readers **ret_readers, struct failure *failure)
{
    OWNED(readers_closep) struct readers *readers = calloc(1, sizeof *readers);
    if (readers == NULL) {
        return fail_memory(failure);
    }
    readers->path = path;
    (void)pthread_mutex_init(&readers->mutex, NULL);
    struct workspace *first = NULL;
    TRY(workspace_open(path, false, &first, failure));
    readers_give(readers, first);
    *ret_readers = STEAL(readers);
    return STATUS_OK;
}

const char *readers_path(const struct readers *readers)
{
    return readers->path;
}

void readers_close(struct readers *readers)
{
    if (readers == NULL) {
        return;
    }
    for (size_t i = 0; i < readers->idle_count; i++) {
        workspace_close(readers->idle[i]);
    }
    (void)pthread_mutex_destroy(&readers->mutex);
    free(readers);
}

void readers_closep(struct readers **readers)
{
    readers_close(*readers);
}
