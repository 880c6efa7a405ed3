/*
 * Planted: undefined behaviour in arithmetic.
 *
 * expect sanitize: signed integer overflow
 */
#include <criterion/criterion.h>
#include <limits.h>

static volatile int seen;

Test(canary, overflows_an_int)
{
    volatile int most = INT_MAX;
    seen = most + 1;
}
