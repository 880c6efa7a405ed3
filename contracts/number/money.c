#include "contracts/number/money.h"

#include "contracts/number/numeral.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>

static_assert(MONEY_MINOR_MAX < INT64_MAX / 2, "a sum of two amounts fits in an int64_t");

static bool is_within_limit(int64_t minor)
{
    return minor >= -MONEY_MINOR_MAX && minor <= MONEY_MINOR_MAX;
}

enum status money_read(struct view text, struct currency currency, struct money *ret_money)
{
    struct numeral numeral;
    TRY(numeral_parse(text, &numeral));
    if (numeral.fraction.size != currency.decimals) {
        return STATUS_INVALID;
    }
    /* Whole digits have no leading zeros, so one digit more is 10^18 minor units or more. */
    if (numeral.whole.size > NUMERAL_DIGITS_MAX - numeral.fraction.size) {
        return STATUS_LIMIT;
    }
    uint64_t size = numeral_value(numeral.whole) * numeral_power_of_ten(currency.decimals) +
                    numeral_value(numeral.fraction);
    int64_t minor = (int64_t)size; /* at most 18 digits */
    *ret_money = (struct money){.minor = numeral.negative ? -minor : minor, .currency = currency};
    return STATUS_OK;
}

enum status money_write(struct money money, struct buffer *buffer)
{
    assert(is_within_limit(money.minor));

    const char *sign = money.minor < 0 ? "-" : "";
    uint64_t size = (uint64_t)(money.minor < 0 ? -money.minor : money.minor);
    if (money.currency.decimals == 0) {
        return buffer_append_format(buffer, "%s%" PRIu64, sign, size);
    }
    uint64_t unit = numeral_power_of_ten(money.currency.decimals);
    return buffer_append_format(buffer, "%s%" PRIu64 ".%0*" PRIu64, sign, size / unit,
                                money.currency.decimals, size % unit);
}

static enum status make_money(int64_t minor, struct currency currency, struct money *ret_money)
{
    if (!is_within_limit(minor)) {
        return STATUS_LIMIT;
    }
    *ret_money = (struct money){.minor = minor, .currency = currency};
    return STATUS_OK;
}

enum status money_add(struct money a, struct money b, struct money *ret_sum)
{
    assert(is_within_limit(a.minor) && is_within_limit(b.minor));
    if (!currency_equal(a.currency, b.currency)) {
        return STATUS_INVALID;
    }
    return make_money(a.minor + b.minor, a.currency, ret_sum);
}

enum status money_subtract(struct money a, struct money b, struct money *ret_difference)
{
    assert(is_within_limit(a.minor) && is_within_limit(b.minor));
    if (!currency_equal(a.currency, b.currency)) {
        return STATUS_INVALID;
    }
    return make_money(a.minor - b.minor, a.currency, ret_difference);
}

void money_to_rational(struct money money, struct rational *ret_value)
{
    rational_set_fraction(ret_value, money.minor,
                          (int64_t)numeral_power_of_ten(money.currency.decimals));
}

enum status money_from_rational(const struct rational *value, struct currency currency,
                                struct money *ret_money)
{
    /* In lowest terms, so it is whole in minor units just when the denominator divides a unit. */
    uint64_t unit = numeral_power_of_ten(currency.decimals);
    if (mpz_cmp_ui(mpq_denref(value->value), unit) > 0) {
        return STATUS_INVALID;
    }
    uint64_t denominator = mpz_get_ui(mpq_denref(value->value));
    assert(denominator > 0);
    if (unit % denominator != 0) {
        return STATUS_INVALID;
    }
    mpz_srcptr numerator = mpq_numref(value->value);
    int64_t factor = (int64_t)(unit / denominator);
    int64_t minor;
    if (!mpz_fits_slong_p(numerator) ||
        __builtin_mul_overflow(mpz_get_si(numerator), factor, &minor)) {
        return STATUS_LIMIT;
    }
    return make_money(minor, currency, ret_money);
}

/* The integers of a split: `weights` over a common denominator become remainders on the way. */
struct split {
    size_t count;
    mpz_t sum;
    mpz_t remainders[MONEY_SHARES_MAX];
};

static void split_init(struct split *split, size_t count)
{
    split->count = count;
    mpz_init(split->sum);
    for (size_t i = 0; i < count; i++) {
        mpz_init(split->remainders[i]);
    }
}

static void split_release(struct split *split)
{
    mpz_clear(split->sum);
    for (size_t i = 0; i < split->count; i++) {
        mpz_clear(split->remainders[i]);
    }
}

/* Puts the weights over a common denominator, which a split need not know, and sums them. */
static void split_weigh(struct split *split, const struct rational *weights)
{
    OWNED(rational_release) struct rational common;
    rational_init(&common);
    mpz_ptr denominator = mpq_denref(common.value);
    for (size_t i = 0; i < split->count; i++) {
        mpz_lcm(denominator, denominator, mpq_denref(weights[i].value));
    }
    for (size_t i = 0; i < split->count; i++) {
        mpz_ptr weight = split->remainders[i];
        mpz_divexact(weight, denominator, mpq_denref(weights[i].value));
        mpz_mul(weight, weight, mpq_numref(weights[i].value));
        mpz_add(split->sum, split->sum, weight);
    }
}

/* Gives each part its whole units, keeps its remainder, and returns how many units are left. */
static int64_t split_divide(struct split *split, int64_t whole, struct money *parts)
{
    int64_t left = whole;
    OWNED(rational_release) struct rational share;
    rational_init(&share);
    mpz_ptr units = mpq_numref(share.value);
    for (size_t i = 0; i < split->count; i++) {
        mpz_ptr weight = split->remainders[i];
        mpz_mul_ui(weight, weight, (unsigned long)whole);
        mpz_tdiv_qr(units, weight, weight, split->sum);
        parts[i].minor = mpz_get_si(units); /* at most `whole` */
        left -= parts[i].minor;
    }
    return left;
}

/*
 * Gives the unit that is left to the largest remainder, the first of several, and takes the
 * remainder away. The remainders are each below the sum of weights and together `left` times it,
 * so more than `left` of them are positive: a weight of zero never gets a unit.
 */
static void split_give_unit(struct split *split, struct money *parts)
{
    size_t largest = 0;
    for (size_t i = 1; i < split->count; i++) {
        if (mpz_cmp(split->remainders[i], split->remainders[largest]) > 0) {
            largest = i;
        }
    }
    assert(mpz_sgn(split->remainders[largest]) > 0);
    mpz_set_ui(split->remainders[largest], 0);
    parts[largest].minor++;
}

enum status money_split(struct money whole, const struct rational *weights, size_t count,
                        struct money *ret_parts)
{
    assert(is_within_limit(whole.minor));
    if (count < 1 || count > MONEY_SHARES_MAX) {
        return STATUS_INVALID;
    }
    bool has_weight = false;
    for (size_t i = 0; i < count; i++) {
        if (rational_sign(&weights[i]) < 0) {
            return STATUS_INVALID;
        }
        has_weight = has_weight || rational_sign(&weights[i]) > 0;
    }
    if (!has_weight) {
        return STATUS_INVALID;
    }

    OWNED(split_release) struct split split;
    split_init(&split, count);
    split_weigh(&split, weights);
    int64_t size = whole.minor < 0 ? -whole.minor : whole.minor;
    int64_t left = split_divide(&split, size, ret_parts);
    assert(left >= 0 && (size_t)left < count);
    for (int64_t unit = 0; unit < left; unit++) {
        split_give_unit(&split, ret_parts);
    }
    for (size_t i = 0; i < count; i++) {
        ret_parts[i].currency = whole.currency;
        if (whole.minor < 0) {
            ret_parts[i].minor = -ret_parts[i].minor;
        }
    }
    return STATUS_OK;
}
