/*
 * File: reading whole files with a limit, and writing them so that nobody sees half of one.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <sys/types.h>

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
