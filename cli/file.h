/*
 * File: reading whole files with a limit, and writing them so that nobody sees half of one.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <sys/types.h>

#define FILE_PATH_SIZE 4096

/*
 * Reads a file, or standard input when `path` is "-".
 *
 * Shapes  `ret_bytes` is initialised with the greatest size that is acceptable.
 * Errors  STATUS_NOT_FOUND when there is no such file; STATUS_LIMIT; STATUS_STORAGE.
 */
enum status file_read(const char *path, struct buffer *ret_bytes, struct failure *failure);

/* Whether an output named `path` is standard output: NULL or "-". */
bool file_is_standard(const char *path);

/*
 * Writes a file: to a temporary one beside it, fsync, rename, fsync of the folder; or standard
 * output when `path` is NULL or "-".
 *
 * Errors  STATUS_CONFLICT when the file exists and `may_replace` is false; STATUS_STORAGE.
 */
enum status file_write(const char *path, struct view bytes, mode_t mode, bool may_replace,
                       struct failure *failure);

/* A file that is written piece by piece, and appears whole at the end or not at all. */
struct file_out {
    int fd; /* -1 when it is not open */
    char path[FILE_PATH_SIZE];
    char temporary[FILE_PATH_SIZE];
};

/* Errors: as file_write. A file that exists already is refused at once. */
enum status file_out_open(struct file_out *out, const char *path, mode_t mode,
                          struct failure *failure);
enum status file_out_append(struct file_out *out, struct view bytes, struct failure *failure);

/* Makes it durable and gives it its name, which must still be free. */
enum status file_out_commit(struct file_out *out, struct failure *failure);

/* Forgets what was written, unless it was committed. */
void file_out_discard(struct file_out *out);
