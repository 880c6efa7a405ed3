/*
 * Planted: a read of memory that was freed.
 *
 * expect sanitize: heap-use-after-free
 * expect valgrind: Invalid read of size 4
 */
#include <criterion/criterion.h>
#include <stdlib.h>

static volatile int seen;

Test(canary, reads_what_it_freed)
{
    int *volatile number = malloc(sizeof *number);
    cr_assert(number != NULL);
    *number = 1;
    free(number);
    seen = *number;
}
