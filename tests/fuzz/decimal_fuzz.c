/*
 * Fuzz: what the readers of numbers accept is exactly what the writers write.
 *
 * The first byte chooses how many decimals an amount has; the rest is the text.
 */
#include "contracts/number/date.h"
#include "contracts/number/money.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void check_fraction(struct view text, const struct rational *value)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 4096);
    require(rational_write_fraction(value, &buffer) == STATUS_OK);
    require(view_equal(buffer_view(&buffer), text));
    require(rational_numerator_digits(value) <= RATIONAL_DIGITS_MAX);
    require(rational_denominator_digits(value) <= RATIONAL_DIGITS_MAX);
}

/* The text of a decimal or an amount, and the value's way through its fraction. */
static void check_decimal(struct view text, unsigned decimals_min, unsigned decimals_max,
                          const struct rational *value)
{
    OWNED(buffer_release) struct buffer buffer;
    OWNED(rational_release) struct rational again;
    buffer_init(&buffer, 4096);
    rational_init(&again);
    bool exact = false;
    require(rational_write_decimal(value, decimals_min, decimals_max, &buffer, &exact) ==
            STATUS_OK);
    require(exact);
    require(view_equal(buffer_view(&buffer), text));

    buffer_clear(&buffer);
    require(rational_write_fraction(value, &buffer) == STATUS_OK);
    require(rational_read_fraction(buffer_view(&buffer), &again) == STATUS_OK);
    require(rational_compare(value, &again) == 0);
}

static void check_money(struct view text, struct money money)
{
    OWNED(buffer_release) struct buffer buffer;
    OWNED(rational_release) struct rational value;
    buffer_init(&buffer, 4096);
    rational_init(&value);
    require(money.minor <= MONEY_MINOR_MAX && money.minor >= -MONEY_MINOR_MAX);
    require(money_write(money, &buffer) == STATUS_OK);
    require(view_equal(buffer_view(&buffer), text));

    struct money again;
    money_to_rational(money, &value);
    require(money_from_rational(&value, money.currency, &again) == STATUS_OK);
    require(again.minor == money.minor);
    require(rational_read_amount(text, money.currency.decimals, &value) == STATUS_OK);
    require(money_from_rational(&value, money.currency, &again) == STATUS_OK);
    require(again.minor == money.minor);
}

static void check_date(struct view text, struct date date)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 4096);
    require(date_write(date, &buffer) == STATUS_OK);
    require(view_equal(buffer_view(&buffer), text));
    require(date_days_inclusive(date, date) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codes[] = {"JPY", "SEK", "KWD"};
    if (size == 0) {
        return 0;
    }
    unsigned decimals = data[0] % (DECIMAL_FRACTION_DIGITS_MAX + 1);
    struct view text = {.data = (const char *)data + 1, .size = size - 1};
    struct currency currency;
    require(currency_by_code(view_of(codes[data[0] % 3]), &currency) == STATUS_OK);

    OWNED(rational_release) struct rational value;
    rational_init(&value);
    struct money money;
    struct date date;
    if (rational_read_decimal(text, &value) == STATUS_OK) {
        check_decimal(text, 0, DECIMAL_FRACTION_DIGITS_MAX, &value);
    }
    if (rational_read_amount(text, decimals, &value) == STATUS_OK) {
        check_decimal(text, decimals, decimals, &value);
    }
    if (rational_read_fraction(text, &value) == STATUS_OK) {
        check_fraction(text, &value);
    }
    if (money_read(text, currency, &money) == STATUS_OK) {
        check_money(text, money);
    }
    if (date_read(text, &date) == STATUS_OK) {
        check_date(text, date);
    }
    return 0;
}
