/* A shelf that is a folder: files are brought to disk and then named; a lock keeps others out. */

#include "cli/file.h"
#include "cli/shelf_internal.h"
#include "ledger/base/ownership.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    struct shelf base;
    char *place; /* without a slash at its end */
    int lock;    /* -1 before it is taken */
};

/* Errors: STATUS_LIMIT. Shapes: `ret_full` holds FILE_PATH_SIZE. */
static enum status full_path(const struct folder *folder, const char *path,
                             char ret_full[static FILE_PATH_SIZE], struct failure *failure)
{
    int size = snprintf(ret_full, FILE_PATH_SIZE, "%s/%s", folder->place, path);
    return size > 0 && size < FILE_PATH_SIZE
               ? STATUS_OK
               : fail(failure, STATUS_LIMIT, path, "the path is too long");
}

/* Makes the name of a new folder durable. */
static void sync_parent(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return;
    }
    *slash = '\0';
    int parent = open(slash == path ? "/" : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *slash = '/';
    if (parent >= 0) {
        (void)fsync(parent);
        (void)close(parent);
    }
}

static enum status make_folder(char *path, struct failure *failure)
{
    if (mkdir(path, 0755) == 0) {
        sync_parent(path);
        return STATUS_OK;
    }
    return errno == EEXIST
               ? STATUS_OK
               : fail(failure, STATUS_STORAGE, path, "cannot be created: %s", strerror(errno));
}

/* Makes the folders between the site and a file. */
static enum status make_folders(const struct folder *folder, char *full, struct failure *failure)
{
    char *slash = strchr(full + strlen(folder->place) + 1, '/');
    while (slash != NULL) { /* bounded by the depth of a path */
        *slash = '\0';
        enum status status = make_folder(full, failure);
        *slash = '/';
        TRY(status);
        slash = strchr(slash + 1, '/');
    }
    return STATUS_OK;
}

static enum status take_lock(struct folder *folder, struct failure *failure)
{
    char path[FILE_PATH_SIZE];
    TRY(full_path(folder, SHELF_MARK, path, failure));
    folder->lock = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (folder->lock < 0) {
        return fail(failure, STATUS_STORAGE, path, "cannot be created: %s", strerror(errno));
    }
    if (flock(folder->lock, LOCK_EX | LOCK_NB) != 0) {
        return fail(failure, STATUS_CONFLICT, folder->place,
                    "another program publishes into this folder: try again when it is done");
    }
    return STATUS_OK;
}

/* Whether a file of these bytes is there. */
static enum status compare(const char *path, struct view bytes, bool *ret_exists,
                           struct failure *failure)
{
    OWNED(buffer_release) struct buffer found;
    buffer_init(&found, bytes.size);
    enum status status = file_read(path, &found, failure);
    *ret_exists = status == STATUS_OK;
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_LIMIT ||
        (status == STATUS_OK && !view_equal(buffer_view(&found), bytes))) {
        return shelf_refuse_other(path, failure);
    }
    return status;
}

static enum status folder_add(struct shelf *shelf, const char *path, struct view bytes,
                              bool *ret_is_new, struct failure *failure)
{
    struct folder *folder = (struct folder *)shelf;
    char full[FILE_PATH_SIZE];
    bool exists = false;
    TRY(full_path(folder, path, full, failure));
    TRY(compare(full, bytes, &exists, failure));
    *ret_is_new = !exists;
    if (exists) {
        return STATUS_OK;
    }
    TRY(make_folders(folder, full, failure));
    return file_write(full, bytes, 0644, false, failure);
}

static enum status folder_put_checkpoint(struct shelf *shelf, struct view note,
                                         struct failure *failure)
{
    char full[FILE_PATH_SIZE];
    TRY(full_path((struct folder *)shelf, SHELF_CHECKPOINT, full, failure));
    return file_write(full, note, 0644, true, failure);
}

static enum status folder_read_checkpoint(struct shelf *shelf, struct buffer *ret_note,
                                          struct failure *failure)
{
    char full[FILE_PATH_SIZE];
    TRY(full_path((struct folder *)shelf, SHELF_CHECKPOINT, full, failure));
    return file_read(full, ret_note, failure);
}

static void folder_close(struct shelf *shelf)
{
    struct folder *folder = (struct folder *)shelf;
    if (folder->lock >= 0) {
        (void)close(folder->lock); /* the lock ends with the open file */
    }
    free(folder->place);
    free(folder);
}

static const struct shelf_operations OPERATIONS = {
    .read_checkpoint = folder_read_checkpoint,
    .add = folder_add,
    .put_checkpoint = folder_put_checkpoint,
    .close = folder_close,
};

static void cut_slashes(char *place)
{
    size_t size = strlen(place);
    while (size > 1 && place[size - 1] == '/') {
        size -= 1;
        place[size] = '\0';
    }
}

enum status shelf_open_folder(const char *path, struct shelf **ret_shelf, struct failure *failure)
{
    struct folder *folder = calloc(1, sizeof *folder);
    if (folder == NULL) {
        return fail_memory(failure);
    }
    OWNED(shelf_closep) struct shelf *shelf = &folder->base;
    folder->base.operations = &OPERATIONS;
    folder->lock = -1;
    folder->place = strdup(path);
    if (folder->place == NULL) {
        return fail_memory(failure);
    }
    cut_slashes(folder->place);
    TRY(make_folder(folder->place, failure));
    TRY(take_lock(folder, failure));
    *ret_shelf = STEAL(shelf);
    return STATUS_OK;
}
