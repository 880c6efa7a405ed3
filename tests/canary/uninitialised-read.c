/*
 * Planted: a decision on memory that nobody wrote.
 *
 * expect valgrind: depends on uninitialised value
 */
#include <criterion/criterion.h>
#include <stdlib.h>

static volatile int seen;

Test(canary, decides_on_what_nobody_wrote)
{
    volatile int *number = malloc(sizeof *number);
    cr_assert(number != NULL);
    if (*number == 42) {
        seen = 1;
    }
    free((void *)number);
}
