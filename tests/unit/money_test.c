/* Money: currencies, amounts, sums, and splits that lose nothing. */
#include "contracts/number/money.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* The same generator with the same seed, so that a failing row is found again. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct currency currency(const char *code)
{
    struct currency result;
    cr_assert(eq(int, currency_by_code(view_of(code), &result), STATUS_OK), "%s", code);
    return result;
}

static struct money sek(int64_t minor)
{
    return (struct money){.minor = minor, .currency = currency("SEK")};
}

static void set(struct rational *value, const char *fraction)
{
    cr_assert(eq(int, rational_read_fraction(view_of(fraction), value), STATUS_OK), "%s", fraction);
}

struct weights {
    size_t count;
    struct rational values[MONEY_SHARES_MAX + 1];
};

static void weights_init(struct weights *weights, size_t count)
{
    weights->count = count;
    for (size_t i = 0; i < count; i++) {
        rational_init(&weights->values[i]);
    }
}

static void weights_release(struct weights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        rational_release(&weights->values[i]);
    }
}

Test(currency, the_list_ascends_and_every_code_is_found)
{
    static const struct {
        const char *code;
        int decimals;
    } list[] = {
#define CURRENCY(code, decimals) {#code, decimals},
#include "contracts/number/currencies.def"
#undef CURRENCY
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        cr_assert(eq(sz, strlen(list[i].code), 3), "%s", list[i].code);
        for (size_t k = 0; k < 3; k++) {
            cr_assert(list[i].code[k] >= 'A' && list[i].code[k] <= 'Z', "%s", list[i].code);
        }
        cr_assert(i == 0 || strcmp(list[i - 1].code, list[i].code) < 0, "%s", list[i].code);
        struct currency found = currency(list[i].code);
        cr_assert(eq(str, found.code, (char *)list[i].code));
        cr_assert(eq(int, found.decimals, list[i].decimals), "%s", list[i].code);
    }
}

Test(currency, minor_units_are_those_of_the_standard)
{
    static const struct {
        int decimals;
        const char *codes;
    } rows[] = {
        {0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"},
        {3, "BHD IQD JOD KWD LYD OMR TND"},
        {2, "SEK EUR USD GBP NOK DKK CHF HUF CZK PLN RON INR IDR MGA MRU TWD IRR AFN LBP COP"},
    };
    size_t special = 0;
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (const char *code = rows[i].codes; code[0] != '\0'; code += code[3] == ' ' ? 4 : 3) {
            struct currency found;
            cr_assert(eq(int, currency_by_code((struct view){code, 3}, &found), STATUS_OK), "%.3s",
                      code);
            cr_assert(eq(int, found.decimals, rows[i].decimals), "%.3s", code);
            special += rows[i].decimals != 2;
        }
    }
    size_t listed = 0;
#define CURRENCY(code, decimals) listed += (decimals) != 2;
#include "contracts/number/currencies.def"
#undef CURRENCY
    cr_assert(eq(sz, listed, special), "no other currency has other than two decimals");
}

Test(currency, what_nobody_is_paid_in_is_not_found)
{
    static const char *const rows[] = {
        "",    "S",   "SE",  "SEKK", "sek", "Sek", " SEK", "SEK ", "XTS", "XAU",    "XAG",
        "XDR", "XBA", "XUA", "CLF",  "UYW", "UYI", "BOV",  "CHE",  "CHW", "COU",    "MXV",
        "USN", "XSU", "DEM", "HRK",  "FIM", "ZWL", "SLL",  "AAA",  "ZZZ", "SE\xc3", "752",
    };
    struct currency unchanged = {.code = "SEK", .decimals = 2};
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(int, currency_by_code(view_of(rows[i]), &unchanged), STATUS_NOT_FOUND),
                  "\"%s\"", rows[i]);
        cr_assert(currency_equal(unchanged, currency("SEK")), "\"%s\"", rows[i]);
    }
    cr_assert(eq(int, currency_by_code(VIEW("SEK\0"), &unchanged), STATUS_NOT_FOUND));
    cr_assert(eq(int, currency_by_code((struct view){NULL, 0}, &unchanged), STATUS_NOT_FOUND));
    cr_assert(not(currency_equal(currency("SEK"), currency("NOK"))));
}

Test(money, an_amount_has_one_spelling)
{
    static const struct {
        const char *currency;
        const char *text;
        int64_t minor;
    } rows[] = {
        {"SEK", "10000000.00", 1000000000},
        {"SEK", "0.00", 0},
        {"SEK", "0.01", 1},
        {"SEK", "-0.01", -1},
        {"SEK", "-12.34", -1234},
        {"SEK", "1.50", 150},
        {"SEK", "9999999999999999.99", MONEY_MINOR_MAX},
        {"SEK", "-9999999999999999.99", -MONEY_MINOR_MAX},
        {"JPY", "0", 0},
        {"JPY", "-5", -5},
        {"JPY", "120", 120},
        {"JPY", "999999999999999999", MONEY_MINOR_MAX},
        {"KWD", "1.250", 1250},
        {"KWD", "0.001", 1},
        {"KWD", "999999999999999.999", MONEY_MINOR_MAX},
    };
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 100);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct money money;
        struct currency unit = currency(rows[i].currency);
        cr_assert(eq(int, money_read(view_of(rows[i].text), unit, &money), STATUS_OK), "%s",
                  rows[i].text);
        cr_assert(eq(i64, money.minor, rows[i].minor), "%s", rows[i].text);
        cr_assert(currency_equal(money.currency, unit), "%s", rows[i].text);
        buffer_clear(&buffer);
        cr_assert(eq(int, money_write(money, &buffer), STATUS_OK), "%s", rows[i].text);
        cr_assert(eq(str, buffer.data, (char *)rows[i].text));
    }
}

Test(money, an_amount_in_another_form_or_too_large_is_refused)
{
    static const struct {
        const char *currency;
        const char *text;
        enum status status;
    } rows[] = {
        {"SEK", "", STATUS_INVALID},
        {"SEK", "-", STATUS_INVALID},
        {"SEK", "1", STATUS_INVALID},
        {"SEK", "1.5", STATUS_INVALID},
        {"SEK", "1.", STATUS_INVALID},
        {"SEK", "1.500", STATUS_INVALID},
        {"SEK", ".50", STATUS_INVALID},
        {"SEK", "-.50", STATUS_INVALID},
        {"SEK", "-0.00", STATUS_INVALID},
        {"SEK", "+1.50", STATUS_INVALID},
        {"SEK", "01.50", STATUS_INVALID},
        {"SEK", "00.50", STATUS_INVALID},
        {"SEK", "1,50", STATUS_INVALID},
        {"SEK", "1 000.00", STATUS_INVALID},
        {"SEK", " 1.00", STATUS_INVALID},
        {"SEK", "1.00 ", STATUS_INVALID},
        {"SEK", "1.00\n", STATUS_INVALID},
        {"SEK", "1.00kr", STATUS_INVALID},
        {"SEK", "1e2.00", STATUS_INVALID},
        {"SEK", "1.0e", STATUS_INVALID},
        {"SEK", "１.00", STATUS_INVALID},
        {"SEK", "−1.00", STATUS_INVALID},
        {"SEK", "10000000000000000", STATUS_INVALID}, /* no decimals: the form comes first */
        {"SEK", "10000000000000000.0", STATUS_INVALID},
        {"SEK", "010000000000000000.00", STATUS_INVALID},
        {"SEK", "10000000000000000.00", STATUS_LIMIT},
        {"SEK", "-10000000000000000.00", STATUS_LIMIT},
        {"SEK", "18446744073709551616.00", STATUS_LIMIT},
        {"SEK", "99999999999999999999999999999999999999999999999999.00", STATUS_LIMIT},
        {"JPY", "-0", STATUS_INVALID},
        {"JPY", "1.0", STATUS_INVALID},
        {"JPY", "1.", STATUS_INVALID},
        {"JPY", "1000000000000000000", STATUS_LIMIT},
        {"KWD", "1.25", STATUS_INVALID},
        {"KWD", "1000000000000000.000", STATUS_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct money unchanged = sek(7);
        enum status got = money_read(view_of(rows[i].text), currency(rows[i].currency), &unchanged);
        cr_assert(eq(int, got, rows[i].status), "%s \"%s\"", rows[i].currency, rows[i].text);
        cr_assert(eq(i64, unchanged.minor, 7), "%s", rows[i].text);
    }
    struct money unchanged = sek(7);
    cr_assert(
        eq(int, money_read((struct view){NULL, 0}, currency("SEK"), &unchanged), STATUS_INVALID));
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 3);
    cr_assert(eq(int, money_write(unchanged, &buffer), STATUS_LIMIT));
    cr_assert(eq(sz, buffer.size, 0));
}

Test(money, sums_and_differences_are_exact_or_refused)
{
    static const struct {
        int64_t a;
        int64_t b;
        enum status sum_status;
        enum status difference_status;
    } rows[] = {
        {0, 0, STATUS_OK, STATUS_OK},
        {150, -50, STATUS_OK, STATUS_OK},
        {-150, -50, STATUS_OK, STATUS_OK},
        {MONEY_MINOR_MAX, 0, STATUS_OK, STATUS_OK},
        {MONEY_MINOR_MAX - 1, 1, STATUS_OK, STATUS_OK},
        {MONEY_MINOR_MAX, 1, STATUS_LIMIT, STATUS_OK},
        {MONEY_MINOR_MAX, -1, STATUS_OK, STATUS_LIMIT},
        {-MONEY_MINOR_MAX, 1, STATUS_OK, STATUS_LIMIT},
        {-MONEY_MINOR_MAX, -1, STATUS_LIMIT, STATUS_OK},
        {MONEY_MINOR_MAX, MONEY_MINOR_MAX, STATUS_LIMIT, STATUS_OK},
        {-MONEY_MINOR_MAX, MONEY_MINOR_MAX, STATUS_OK, STATUS_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct money result = sek(7);
        cr_assert(eq(int, money_add(sek(rows[i].a), sek(rows[i].b), &result), rows[i].sum_status),
                  "row %zu", i);
        int64_t expected = rows[i].sum_status == STATUS_OK ? rows[i].a + rows[i].b : 7;
        cr_assert(eq(i64, result.minor, expected), "row %zu", i);
        result = sek(7);
        cr_assert(eq(int, money_subtract(sek(rows[i].a), sek(rows[i].b), &result),
                     rows[i].difference_status),
                  "row %zu", i);
        expected = rows[i].difference_status == STATUS_OK ? rows[i].a - rows[i].b : 7;
        cr_assert(eq(i64, result.minor, expected), "row %zu", i);
        cr_assert(currency_equal(result.currency, currency("SEK")), "row %zu", i);
    }
    struct money result = sek(7);
    struct money euro = {.minor = 1, .currency = currency("EUR")};
    cr_assert(eq(int, money_add(sek(1), euro, &result), STATUS_INVALID));
    cr_assert(eq(int, money_subtract(euro, sek(1), &result), STATUS_INVALID));
    cr_assert(eq(i64, result.minor, 7));
}

Test(money, an_amount_and_its_value_in_whole_units_are_the_same)
{
    static const struct {
        const char *currency;
        int64_t minor;
        const char *value;
    } rows[] = {
        {"SEK", 150, "3/2"},
        {"SEK", -1, "-1/100"},
        {"SEK", 0, "0"},
        {"SEK", 1000000000, "10000000"},
        {"SEK", MONEY_MINOR_MAX, "999999999999999999/100"},
        {"SEK", -MONEY_MINOR_MAX, "-999999999999999999/100"},
        {"JPY", 150, "150"},
        {"JPY", MONEY_MINOR_MAX, "999999999999999999"},
        {"KWD", 1, "1/1000"},
        {"KWD", 125, "1/8"},
    };
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational expected;
    rational_init(&value);
    rational_init(&expected);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct money money = {.minor = rows[i].minor, .currency = currency(rows[i].currency)};
        struct money back = sek(7);
        money_to_rational(money, &value);
        set(&expected, rows[i].value);
        cr_assert(eq(int, rational_compare(&value, &expected), 0), "row %zu", i);
        cr_assert(eq(int, money_from_rational(&value, money.currency, &back), STATUS_OK), "row %zu",
                  i);
        cr_assert(eq(i64, back.minor, money.minor), "row %zu", i);
        cr_assert(currency_equal(back.currency, money.currency), "row %zu", i);
    }
}

Test(money, a_value_that_is_no_amount_is_refused)
{
    static const struct {
        const char *currency;
        const char *value;
        enum status status;
    } rows[] = {
        {"SEK", "1/3", STATUS_INVALID},
        {"SEK", "1/1000", STATUS_INVALID},
        {"SEK", "1/200", STATUS_INVALID},
        {"SEK", "-1/8", STATUS_INVALID},
        {"SEK", "1/100000000000000000000000", STATUS_INVALID},
        {"SEK", "99999999999999999999999999/7", STATUS_INVALID},
        {"JPY", "1/2", STATUS_INVALID},
        {"SEK", "1/18446744073709551620", STATUS_INVALID}, /* 2^64 + 4: its last word divides 100 */
        {"KWD", "1/16", STATUS_INVALID},
        {"SEK", "10000000000000000", STATUS_LIMIT},
        {"SEK", "-10000000000000000", STATUS_LIMIT},
        {"SEK", "92233720368547759", STATUS_LIMIT},
        {"SEK", "9223372036854775807", STATUS_LIMIT},
        {"SEK", "99999999999999999999999999", STATUS_LIMIT},
        {"JPY", "1000000000000000000", STATUS_LIMIT},
        {"JPY", "-9223372036854775808", STATUS_LIMIT},
        {"JPY", "18446744073709551617", STATUS_LIMIT}, /* 2^64 + 1: its last word is 1 */
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct money unchanged = sek(7);
        set(&value, rows[i].value);
        enum status got = money_from_rational(&value, currency(rows[i].currency), &unchanged);
        cr_assert(eq(int, got, rows[i].status), "row %zu: %s", i, rows[i].value);
        cr_assert(eq(i64, unchanged.minor, 7), "row %zu: %s", i, rows[i].value);
    }
}

Test(money, a_split_follows_the_largest_remainders)
{
    static const struct {
        int64_t whole;
        const char *weights[4]; /* NULL ends a shorter row */
        int64_t parts[4];
    } rows[] = {
        {100, {"1", "1", "1"}, {34, 33, 33}},
        {-100, {"1", "1", "1"}, {-34, -33, -33}},
        {101, {"1", "1", "1"}, {34, 34, 33}},
        {1, {"1", "1", "1"}, {1, 0, 0}},
        {0, {"1", "1", "1"}, {0, 0, 0}},
        {1, {"0", "1", "1"}, {0, 1, 0}},
        {1, {"1", "2", "1"}, {0, 1, 0}},
        {10, {"1", "1", "1", "0"}, {4, 3, 3, 0}},
        {7200000, {"75", "25", "0"}, {5400000, 1800000, 0}},
        {7200000, {"3/4", "1/4"}, {5400000, 1800000}},
        {100, {"1/3", "1/6", "1/2"}, {33, 17, 50}},
        {100, {"2/7", "5/7"}, {29, 71}},
        {5, {"1000000000000000000000", "1"}, {5, 0}},
        {5, {"1/1000000000000", "1/1000000000000"}, {3, 2}},
        {17, {"1"}, {17}},
        {17, {"22/7"}, {17}},
        {MONEY_MINOR_MAX, {"1"}, {MONEY_MINOR_MAX}},
        {MONEY_MINOR_MAX, {"1", "1"}, {500000000000000000, 499999999999999999}},
        {-MONEY_MINOR_MAX, {"1", "1"}, {-500000000000000000, -499999999999999999}},
        {MONEY_MINOR_MAX,
         {"1", "1", "1"},
         {333333333333333333, 333333333333333333, 333333333333333333}},
        {MONEY_MINOR_MAX, {"999999999999999999", "1/1000000000000"}, {MONEY_MINOR_MAX, 0}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t count = 0;
        OWNED(weights_release) struct weights weights;
        weights_init(&weights, 4);
        while (count < 4 && rows[i].weights[count] != NULL) {
            set(&weights.values[count], rows[i].weights[count]);
            count++;
        }
        struct money parts[4];
        cr_assert(eq(int, money_split(sek(rows[i].whole), weights.values, count, parts), STATUS_OK),
                  "row %zu", i);
        for (size_t k = 0; k < count; k++) {
            cr_assert(eq(i64, parts[k].minor, rows[i].parts[k]), "row %zu part %zu", i, k);
            cr_assert(currency_equal(parts[k].currency, currency("SEK")), "row %zu", i);
        }
    }
}

Test(money, a_split_of_the_wrong_shape_is_refused)
{
    OWNED(weights_release) struct weights weights;
    weights_init(&weights, MONEY_SHARES_MAX + 1);
    struct money parts[MONEY_SHARES_MAX + 1];
    parts[0] = sek(7);
    cr_assert(eq(int, money_split(sek(100), weights.values, 3, parts), STATUS_INVALID),
              "all weights are zero");
    rational_set_integer(&weights.values[0], 1);
    cr_assert(eq(int, money_split(sek(100), weights.values, 0, parts), STATUS_INVALID), "no parts");
    cr_assert(
        eq(int, money_split(sek(100), weights.values, MONEY_SHARES_MAX + 1, parts), STATUS_INVALID),
        "too many parts");
    rational_set_integer(&weights.values[1], -1);
    cr_assert(eq(int, money_split(sek(100), weights.values, 2, parts), STATUS_INVALID),
              "a negative weight");
    cr_assert(eq(i64, parts[0].minor, 7), "an output is written only on success");
    rational_set_integer(&weights.values[1], 0);
    cr_assert(eq(int, money_split(sek(100), weights.values, MONEY_SHARES_MAX, parts), STATUS_OK));
    cr_assert(eq(i64, parts[0].minor, 100));
    cr_assert(eq(i64, parts[MONEY_SHARES_MAX - 1].minor, 0));
}

/*
 * Checks a split by what it promises, not by how it is made: sums to the whole, each part is its
 * exact share or less than a unit from it, and who was rounded up had the larger remainder.
 */
static void assert_fair(int64_t whole, const struct weights *weights, const struct money *parts,
                        int row)
{
    OWNED(weights_release) struct weights remainders;
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational size;
    OWNED(rational_release) struct rational one;
    weights_init(&remainders, weights->count);
    rational_init(&sum);
    rational_init(&size);
    rational_init(&one);
    rational_set_integer(&one, 1);
    rational_set_integer(&size, whole < 0 ? -whole : whole);
    bool rounded_up[MONEY_SHARES_MAX];
    int64_t total = 0;
    for (size_t i = 0; i < weights->count; i++) {
        cr_assert(eq(int, rational_add(&sum, &sum, &weights->values[i]), STATUS_OK));
    }
    for (size_t i = 0; i < weights->count; i++) {
        OWNED(rational_release) struct rational part;
        rational_init(&part);
        struct rational *rest = &remainders.values[i];
        cr_assert(eq(int, rational_divide(rest, &weights->values[i], &sum), STATUS_OK));
        cr_assert(eq(int, rational_multiply(rest, rest, &size), STATUS_OK));
        rational_set_integer(&part, whole < 0 ? -parts[i].minor : parts[i].minor);
        cr_assert(eq(int, rational_subtract(rest, rest, &part), STATUS_OK));
        rounded_up[i] = rational_sign(rest) < 0;
        if (rounded_up[i]) {
            cr_assert(eq(int, rational_add(rest, rest, &one), STATUS_OK));
        }
        cr_assert(rational_sign(rest) >= 0 && rational_compare(rest, &one) < 0,
                  "row %d: part %zu is a unit or more from its share", row, i);
        cr_assert(rational_sign(rest) > 0 || !rounded_up[i], "row %d part %zu", row, i);
        total += parts[i].minor;
    }
    cr_assert(eq(i64, total, whole), "row %d", row);
    for (size_t i = 0; i < weights->count; i++) {
        for (size_t k = 0; k < weights->count; k++) {
            if (!rounded_up[i] || rounded_up[k]) {
                continue;
            }
            int order = rational_compare(&remainders.values[i], &remainders.values[k]);
            cr_assert(order > 0 || (order == 0 && i < k),
                      "row %d: part %zu was rounded up before part %zu", row, i, k);
        }
    }
}

Test(money, any_split_sums_to_the_whole_and_is_fair)
{
    uint64_t random = 20160801;
    for (int row = 0; row < 1500; row++) {
        size_t count = row % 100 == 99 ? MONEY_SHARES_MAX : next_random(&random) % 9 + 1;
        OWNED(weights_release) struct weights weights;
        weights_init(&weights, count);
        for (size_t i = 0; i < count; i++) {
            /* Few different weights give ties; many give unlike denominators. */
            uint64_t range = row % 3 == 0 ? 3 : row % 3 == 1 ? 1000 : 1000000000000;
            int64_t numerator = (int64_t)(next_random(&random) % range);
            int64_t denominator = row % 2 == 0 ? 1 : (int64_t)(next_random(&random) % 12) + 1;
            rational_set_fraction(&weights.values[i], numerator + (i == 0), denominator);
        }
        int64_t whole = (int64_t)(next_random(&random) % (MONEY_MINOR_MAX + UINT64_C(1)));
        whole >>= row % 60;
        if (row % 7 == 0) {
            whole = -whole;
        }
        if (row % 50 == 0) {
            whole = MONEY_MINOR_MAX;
        }
        struct money parts[MONEY_SHARES_MAX];
        cr_assert(eq(int, money_split(sek(whole), weights.values, count, parts), STATUS_OK),
                  "row %d", row);
        assert_fair(whole, &weights, parts, row);
    }
}

Test(money, weights_as_long_as_they_can_be_still_split_exactly)
{
    OWNED(weights_release) struct weights weights;
    weights_init(&weights, MONEY_SHARES_MAX);
    /* Each denominator is odd and ends alike, so that hardly two have a common divisor. */
    char text[1100];
    for (size_t i = 0; i < MONEY_SHARES_MAX; i++) {
        (void)snprintf(text, sizeof text, "1/%03zu%0997d", 100 + i, 1);
        set(&weights.values[i], text);
    }
    struct money parts[MONEY_SHARES_MAX];
    cr_assert(eq(int, money_split(sek(MONEY_MINOR_MAX), weights.values, MONEY_SHARES_MAX, parts),
                 STATUS_OK));
    int64_t total = 0;
    for (size_t i = 0; i < MONEY_SHARES_MAX; i++) {
        cr_assert(i == 0 || parts[i].minor < parts[i - 1].minor, "part %zu", i);
        total += parts[i].minor;
    }
    cr_assert(eq(i64, total, MONEY_MINOR_MAX));
}
