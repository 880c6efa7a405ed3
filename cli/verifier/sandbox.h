/*
 * Sandbox: from a point on, a program may compute, write to what it has open, and end. Nothing
 * else.
 *
 * A filter of system calls (seccomp) that the kernel keeps until the process ends. Allowed are
 * writing to open descriptors, memory that is not executable, random numbers (OpenSSL computes on
 * curves behind them) and exit; everything else, opening a
 * file or a socket first of all, kills the process (SIGSYS). So a bundle that found a fault in a
 * parser gains nothing but the power to print.
 *
 * Written with the kernel's headers alone, so that the program needs no further library.
 */
#pragma once

#include "ledger/base/status.h"

#include <stdbool.h>

/*
 * Enters the sandbox; there is no way out of it. Whatever loads files lazily (catalogues of
 * messages, OpenSSL's configuration) must have been used before. `*ret_is_confined` is false on an
 * architecture that the filter is not written for.
 *
 * Errors  STATUS_STORAGE when the kernel refuses the filter.
 */
enum status sandbox_enter(bool *ret_is_confined, struct failure *failure);
