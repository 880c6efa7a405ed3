/*
 * Prefix: the range of subjects that begin with the same bytes, for stores that look it up in an
 * index of bytes.
 */
#pragma once

#include "ledger/base/limits.h"
#include "ledger/base/view.h"

#include <stdbool.h>

/*
 * Writes the first bytes after all that start with `prefix`: the prefix with its last byte below
 * 0xff raised by one. Returns false when there are none.
 *
 * Shapes  prefix.size <= SUBJECT_SIZE_MAX.
 */
bool prefix_end(struct view prefix, char ret_end[static SUBJECT_SIZE_MAX], size_t *ret_size);
