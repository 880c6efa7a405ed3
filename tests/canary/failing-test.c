/*
 * Planted: a test that fails.
 *
 * expect unit: not ok 1 - canary::fails
 * expect sanitize: canary::fails
 * expect valgrind: canary::fails
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(canary, fails)
{
    cr_assert(eq(int, 1, 2));
}
