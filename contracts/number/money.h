/*
 * Money: whole minor units of one currency, and the only ways to change them.
 *
 * No floating point, no silent rounding, no silent overflow: each function either gives the exact
 * answer or refuses. Amounts stay strictly below 10^18 minor units in size, so that one sum of two
 * cannot overflow an int64_t.
 */
#pragma once

#include "contracts/number/rational.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

#define MONEY_MINOR_MAX 999999999999999999 /* |minor| */
#define MONEY_SHARES_MAX 100

/* An ISO 4217 currency: its code and how many decimals its minor unit has. */
struct currency {
    char code[4]; /* "SEK" and NUL */
    uint8_t decimals;
};

struct money {
    int64_t minor; /* öre, cents, ...; negative means owed the other way */
    struct currency currency;
};

/*
 * Looks up a currency in currencies.def: the active codes of ISO 4217 with a minor unit; no funds
 * codes, precious metals or codes for tests. Upper case only.
 *
 * Errors  STATUS_NOT_FOUND.
 */
enum status currency_by_code(struct view code, struct currency *ret_currency);
bool currency_equal(struct currency a, struct currency b);

/*
 * Reads an amount such as "10000000.00": exactly the currency's decimals, one spelling, no "-0.00".
 *
 * Errors  STATUS_INVALID for another form; STATUS_LIMIT from 10^18 minor units on.
 */
enum status money_read(struct view text, struct currency currency, struct money *ret_money);

/* Appends the amount as money_read reads it. */
enum status money_write(struct money money, struct buffer *buffer);

/* Errors: STATUS_INVALID when the currencies differ, STATUS_LIMIT beyond MONEY_MINOR_MAX. */
enum status money_add(struct money a, struct money b, struct money *ret_sum);
enum status money_subtract(struct money a, struct money b, struct money *ret_difference);

/* The value in whole currency units: 1.50 SEK is 3/2. */
void money_to_rational(struct money money, struct rational *ret_value);

/* Errors: STATUS_INVALID when it is not a whole number of minor units; STATUS_LIMIT. */
enum status money_from_rational(const struct rational *value, struct currency currency,
                                struct money *ret_money);

/*
 * Splits `whole` by `weights`, so that the parts sum to `whole` to the last minor unit.
 *
 * Each part is floor(whole * weight / sum); left-over units go one each to the largest remainders,
 * ties to the lower index. A negative whole is split as its absolute value, then negated.
 *
 * Shapes  1 <= count <= MONEY_SHARES_MAX; weights are not negative; both arrays hold count.
 * Errors  STATUS_INVALID when the shape is wrong or all weights are zero.
 */
enum status money_split(struct money whole, const struct rational *weights, size_t count,
                        struct money *ret_parts);
