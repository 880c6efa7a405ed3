/*
 * Planted: a test that is killed.
 *
 * expect unit: not ok 1 - canary::is_killed
 * expect sanitize: canary::is_killed
 */
#include <criterion/criterion.h>
#include <signal.h>

Test(canary, is_killed)
{
    raise(SIGKILL);
}
