/*
 * Ownership: who frees what, said in the declaration.
 *
 * Parameters are borrowed unless their documentation says otherwise; a `ret_` pointer becomes the
 * caller's; a plain returned pointer is a view into its parent. A local that owns something is
 * declared OWNED(x_freep): it is released on every way out, and handed on with STEAL.
 */
#pragma once

#include <stddef.h>

#define OWNED(release) __attribute__((cleanup(release)))

/* Hands the value of an owned pointer to someone else, and forgets it here. */
#define STEAL(variable)                            \
    (__extension__({                               \
        __typeof__(variable) stolen_ = (variable); \
        (variable) = NULL;                         \
        stolen_;                                   \
    }))
