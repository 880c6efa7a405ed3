/*
 * Portion: how many of its random cases a test plays. All of them, but under memcheck, where each
 * takes fifty times as long, one of so many as TEST_PORTION says (tests/support/run-unit sets it).
 */
#pragma once

#include <stdint.h>

/* 1 for all cases; n for every n-th. */
uint64_t test_portion(void);
