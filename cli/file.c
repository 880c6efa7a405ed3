#include "cli/file.h"

#include "cli/language.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `failed` is "cannot be opened" or the like, marked for translation. */
static enum status fail_errno(struct failure *failure, const char *path, const char *failed)
{
    enum status status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_STORAGE;
    return fail(failure, status, path, "%s: %s", _(failed), strerror(errno));
}

static enum status read_all(int fd, const char *path, struct buffer *bytes, struct failure *failure)
{
    for (;;) { /* bounded by the buffer's maximum */
        char chunk[16384];
        ssize_t size = read(fd, chunk, sizeof chunk);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return fail_errno(failure, path, N_("cannot be read"));
        }
        if (size == 0) {
            return STATUS_OK;
        }
        enum status status =
            buffer_append(bytes, (struct view){.data = chunk, .size = (size_t)size});
        if (status == STATUS_LIMIT) {
            return fail(failure, STATUS_LIMIT, path, "the file is larger than %zu bytes",
                        bytes->size_max);
        }
        if (status != STATUS_OK) {
            return fail_memory(failure);
        }
    }
}

enum status file_read(const char *path, struct buffer *ret_bytes, struct failure *failure)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, "standard input", ret_bytes, failure);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return fail_errno(failure, path, N_("cannot be opened"));
    }
    enum status status = read_all(fd, path, ret_bytes, failure);
    (void)close(fd);
    return status;
}

static enum status write_all(int fd, const char *path, struct view bytes, struct failure *failure)
{
    size_t written = 0;
    while (written < bytes.size) { /* each turn writes at least a byte */
        ssize_t size = write(fd, bytes.data + written, bytes.size - written);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0) {
            return fail_errno(failure, path, N_("cannot be written"));
        }
        written += (size_t)size;
    }
    return STATUS_OK;
}

/* Makes the rename itself durable. Some file systems cannot; then nothing is lost by not trying. */
static void sync_folder(const char *path)
{
    char copy[PATH_MAX];
    (void)snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        (void)close(fd);
    }
}

static enum status publish(const char *temporary, const char *path, bool may_replace,
                           struct failure *failure)
{
    if (may_replace) {
        if (rename(temporary, path) != 0) {
            return fail_errno(failure, path, N_("cannot be renamed into place"));
        }
        sync_folder(path);
        return STATUS_OK;
    }
    /* link() fails when the name is taken, so two writers cannot both believe they made it. */
    if (link(temporary, path) != 0) {
        if (errno == EEXIST) {
            return fail(failure, STATUS_CONFLICT, path,
                        "the file exists; choose another name, or --force where it is offered");
        }
        return fail_errno(failure, path, N_("cannot be created"));
    }
    (void)unlink(temporary);
    sync_folder(path);
    return STATUS_OK;
}

static enum status write_temporary(const char *temporary, struct view bytes, mode_t mode,
                                   struct failure *failure)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        return fail_errno(failure, temporary, N_("cannot be created"));
    }
    enum status status = write_all(fd, temporary, bytes, failure);
    if (status == STATUS_OK && fsync(fd) != 0) {
        status = fail_errno(failure, temporary, N_("cannot be written to disk"));
    }
    if (close(fd) != 0 && status == STATUS_OK) {
        status = fail_errno(failure, temporary, N_("cannot be closed"));
    }
    return status;
}

bool file_is_standard(const char *path)
{
    return path == NULL || strcmp(path, "-") == 0;
}

enum status file_write(const char *path, struct view bytes, mode_t mode, bool may_replace,
                       struct failure *failure)
{
    if (file_is_standard(path)) {
        if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size || fflush(stdout) != 0) {
            return fail_errno(failure, "standard output", N_("cannot be written"));
        }
        return STATUS_OK;
    }
    char temporary[PATH_MAX];
    int length = snprintf(temporary, sizeof temporary, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof temporary) {
        return fail(failure, STATUS_LIMIT, path, "the path is too long");
    }
    enum status status = write_temporary(temporary, bytes, mode, failure);
    if (status == STATUS_OK) {
        status = publish(temporary, path, may_replace, failure);
    }
    if (status != STATUS_OK) {
        (void)unlink(temporary);
    }
    return status;
}

/* --- Piece by piece --- */

enum status file_out_open(struct file_out *out, const char *path, mode_t mode,
                          struct failure *failure)
{
    out->fd = -1;
    int length =
        snprintf(out->temporary, sizeof out->temporary, "%s.%ld.tmp", path, (long)getpid());
    if (length < 0 || (size_t)length >= sizeof out->temporary) {
        return fail(failure, STATUS_LIMIT, path, "the path is too long");
    }
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    if (access(path, F_OK) == 0) {
        return fail(failure, STATUS_CONFLICT, path,
                    "the file exists; choose another name, or --force where it is offered");
    }
    out->fd = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return out->fd < 0 ? fail_errno(failure, out->temporary, N_("cannot be created")) : STATUS_OK;
}

enum status file_out_append(struct file_out *out, struct view bytes, struct failure *failure)
{
    return write_all(out->fd, out->temporary, bytes, failure);
}

enum status file_out_commit(struct file_out *out, struct failure *failure)
{
    if (fsync(out->fd) != 0) {
        return fail_errno(failure, out->temporary, N_("cannot be written to disk"));
    }
    (void)close(out->fd);
    out->fd = -1;
    enum status status = publish(out->temporary, out->path, false, failure);
    if (status != STATUS_OK) {
        (void)unlink(out->temporary);
    }
    return status;
}

void file_out_discard(struct file_out *out)
{
    if (out->fd >= 0) {
        (void)close(out->fd);
        (void)unlink(out->temporary);
        out->fd = -1;
    }
}
