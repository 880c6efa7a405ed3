/*
 * Planted: a test that stands in the source, and that the program does not contain.
 *
 * expect unit: canary::is_lost is in the sources and did not run
 * expect sanitize: canary::is_lost is in the sources and did not run
 * expect valgrind: canary::is_lost is in the sources and did not run
 */
#include <criterion/criterion.h>

Test(canary, runs)
{
}

#ifdef NEVER_DEFINED
Test(canary, is_lost)
{
}
#endif
