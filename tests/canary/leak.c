/*
 * Planted: a test that leaks.
 *
 * expect sanitize: LeakSanitizer: detected memory leaks
 * expect valgrind: definitely lost in loss record
 */
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile forgotten;

Test(canary, leaks_memory)
{
    forgotten = malloc(17);
    cr_assert(forgotten != NULL);
    forgotten = NULL;
}
