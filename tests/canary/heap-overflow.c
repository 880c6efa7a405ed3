/*
 * Planted: a write one byte behind an allocation.
 *
 * expect sanitize: heap-buffer-overflow
 * expect valgrind: Invalid write of size 1
 */
#include <criterion/criterion.h>
#include <stdlib.h>

Test(canary, writes_behind_its_memory)
{
    /* The compiler may not know how large it is: that would be the finding of another check. */
    char *volatile hidden = malloc(16);
    cr_assert(hidden != NULL);
    volatile char *bytes = hidden;
    volatile size_t size = 16;
    bytes[size] = 'x';
    free(hidden);
}
