/*
 * Numeral: the written form of a decimal number, taken apart before anyone asks for its value.
 *
 * Every decimal in a statement has this one form, -?(0|[1-9][0-9]*)(\.[0-9]+)?, and no value has
 * "-0" as its spelling. How many digits are allowed, and whether the fraction may end with zeros,
 * is for the reader of each kind of number to decide.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

/* So many digits always fit in a uint64_t, and as a sum of two in an int64_t. */
#define NUMERAL_DIGITS_MAX 18

struct numeral {
    bool negative;
    struct view whole;    /* digits before the point, at least one */
    struct view fraction; /* digits after it; empty when there is no point */
};

/* Takes `text` apart; the parts are views into it. Errors: STATUS_INVALID for another form. */
enum status numeral_parse(struct view text, struct numeral *ret_numeral);

/* How many bytes at the start of `text` are digits of a number without leading zeros; or 0. */
size_t numeral_whole_size(struct view text);

/* The value of at most NUMERAL_DIGITS_MAX digits; 0 for none. */
uint64_t numeral_value(struct view digits);

/* 10^exponent, for an exponent of at most NUMERAL_DIGITS_MAX. */
uint64_t numeral_power_of_ten(size_t exponent);
