/*
 * Unit: what a number counts, so that kronor are not added to persons.
 *
 *     1                 a pure number
 *     SEK  person  day  a base unit: letters and underscores, at most 32
 *     SEK/person        quotient; a*b/c/d is a*b over c*d
 *
 * A unit is a product of base units with integer exponents. It is written with the bases in byte
 * order, numerators joined by '*', then each denominator after a '/'; "1/day" when there is no
 * numerator. Reading accepts only that spelling, so a unit has one form. At most 6 bases, exponents
 * from -9 to 9 (a base with exponent 2 is written twice: "day*day").
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

#define UNIT_BASES_MAX 6
#define UNIT_EXPONENT_MAX 9
#define UNIT_NAME_MAX 32

struct unit_base {
    struct view name; /* a view into the text that was read */
    int8_t exponent;  /* never 0 */
};

struct unit {
    uint32_t count; /* 0: a pure number */
    struct unit_base bases[UNIT_BASES_MAX];
};

/* Errors: STATUS_INVALID for another spelling; STATUS_LIMIT for too many bases. */
enum status unit_read(struct view text, struct unit *ret_unit);
enum status unit_write(const struct unit *unit, struct buffer *buffer);
bool unit_equal(const struct unit *a, const struct unit *b);

/* Errors: STATUS_LIMIT beyond UNIT_BASES_MAX or UNIT_EXPONENT_MAX. */
enum status unit_multiply(const struct unit *a, const struct unit *b, struct unit *ret_product);
enum status unit_divide(const struct unit *a, const struct unit *b, struct unit *ret_quotient);
enum status unit_power(const struct unit *a, int exponent, struct unit *ret_power);
