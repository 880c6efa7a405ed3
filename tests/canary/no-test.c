/*
 * Planted: a suite that runs nothing, to which Criterion answers 0.
 *
 * expect unit: no test ran
 */
#include <criterion/criterion.h>
