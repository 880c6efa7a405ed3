/* Rational: reading, writing, arithmetic, rounding, and the exact bound of a thousand digits. */
#include "contracts/number/rational.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

typedef __int128 int128;

/* The same generator with the same seed, so that a failing row is found again. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static void set(struct rational *value, const char *fraction)
{
    cr_assert(eq(int, rational_read_fraction(view_of(fraction), value), STATUS_OK), "%s", fraction);
}

static void assert_is(const struct rational *value, const char *expected, const char *context)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 4096);
    cr_assert(eq(int, rational_write_fraction(value, &buffer), STATUS_OK), "%s", context);
    cr_assert(eq(str, buffer.data, (char *)expected), "%s", context);
}

/* Value of numerator / denominator, which need not be reduced and need not be positive. */
static void set_wide(struct rational *value, int128 numerator, int128 denominator)
{
    int128 a = numerator < 0 ? -numerator : numerator;
    int128 b = denominator < 0 ? -denominator : denominator;
    bool negative = (numerator < 0) != (denominator < 0) && numerator != 0;
    int128 x = a;
    int128 y = b;
    while (y != 0) {
        int128 rest = x % y;
        x = y;
        y = rest;
    }
    char text[120];
    int128 sides[2] = {a / x, b / x};
    size_t at = sizeof text - 1;
    text[at] = '\0';
    for (int side = sides[1] == 1 ? 0 : 1; side >= 0; side--) {
        int128 rest = sides[side];
        do {
            text[--at] = (char)('0' + (int)(rest % 10));
            rest /= 10;
        } while (rest != 0);
        if (side == 1) {
            text[--at] = '/';
        }
    }
    if (negative) {
        text[--at] = '-';
    }
    set(value, text + at);
}

/* `count` digits: the first one, then all the others the same. */
static char *digits(char first, char others, size_t count)
{
    static char text[4][2 * RATIONAL_DIGITS_MAX];
    static size_t next;
    char *result = text[next++ % 4];
    memset(result, others, count);
    result[0] = first;
    result[count] = '\0';
    return result;
}

Test(rational, a_decimal_is_read_exactly)
{
    static const struct {
        const char *text;
        const char *fraction;
    } rows[] = {
        {"0", "0"},
        {"1", "1"},
        {"-1", "-1"},
        {"10", "10"},
        {"0.5", "1/2"},
        {"-0.5", "-1/2"},
        {"0.1", "1/10"},
        {"0.25", "1/4"},
        {"0.05", "1/20"},
        {"0.075", "3/40"},
        {"1.4", "7/5"},
        {"-3.125", "-25/8"},
        {"0.2", "1/5"},
        {"0.04", "1/25"},
        {"100.01", "10001/100"},
        {"0.000000000001", "1/1000000000000"},
        {"0.999999999999", "999999999999/1000000000000"},
        {"0.000244140625", "1/4096"},
        {"0.000000000512", "1/1953125000"},
        {"999999999999999999", "999999999999999999"},
        {"-999999999999999999.999999999999", "-999999999999999999999999999999/1000000000000"},
        {"999999999999999999.5", "1999999999999999999/2"},
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(int, rational_read_decimal(view_of(rows[i].text), &value), STATUS_OK), "%s",
                  rows[i].text);
        assert_is(&value, rows[i].fraction, rows[i].text);
    }
}

Test(rational, a_decimal_in_any_other_form_is_refused_and_changes_nothing)
{
    static const char *const rows[] = {
        "",
        "-",
        "+",
        ".",
        "-.",
        "-0",
        "-0.0",
        "0.0",
        "+1",
        "--1",
        "01",
        "00",
        "-01",
        "00.5",
        "1.",
        "-1.",
        ".5",
        "-.5",
        "1.50",
        "1.0",
        "1.000",
        "0.10",
        "1e3",
        "1E3",
        "1.5e3",
        "0x10",
        "1,5",
        "1 000",
        " 1",
        "1 ",
        "1\n",
        "\t1",
        "1.5 ",
        "1. 5",
        "1..5",
        "1.5.5",
        "1.-5",
        "-1.-5",
        "1-",
        "1/2",
        "inf",
        "nan",
        "1_000",
        "1'000",
        "\302\2401",
        "1\302\240",
        "−1",
        "１",
        "1000000000000000000",
        "-1000000000000000000",
        "9999999999999999999.5",
        "0.0000000000001",
        "0.1234567890123",
        "-0.000000000000",
        "\x7f",
        "1\x80",
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    set(&value, "22/7");
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(int, rational_read_decimal(view_of(rows[i]), &value), STATUS_INVALID),
                  "row %zu: \"%s\"", i, rows[i]);
        assert_is(&value, "22/7", rows[i]);
    }
    cr_assert(eq(int, rational_read_decimal(VIEW("1\0"), &value), STATUS_INVALID));
    cr_assert(eq(int, rational_read_decimal(VIEW("\0"), &value), STATUS_INVALID));
    cr_assert(eq(int, rational_read_decimal((struct view){NULL, 0}, &value), STATUS_INVALID));
    /* A view ends where it ends, whatever stands behind it. */
    cr_assert(eq(int, rational_read_decimal((struct view){"12.5", 2}, &value), STATUS_OK));
    assert_is(&value, "12", "12");
}

Test(rational, an_amount_has_exactly_its_decimals)
{
    static const struct {
        const char *text;
        unsigned decimals;
        const char *fraction; /* NULL when it is refused */
    } rows[] = {
        {"10000000.00", 2, "10000000"},
        {"1.50", 2, "3/2"},
        {"-1.50", 2, "-3/2"},
        {"0.00", 2, "0"},
        {"0.01", 2, "1/100"},
        {"-0.01", 2, "-1/100"},
        {"0.10", 2, "1/10"},
        {"0.000", 3, "0"},
        {"1.250", 3, "5/4"},
        {"17", 0, "17"},
        {"0", 0, "0"},
        {"-17", 0, "-17"},
        {"0.000000000000", 12, "0"},
        {"999999999999999999.99", 2, "99999999999999999999/100"},
        {"-0.00", 2, NULL},
        {"-0", 0, NULL},
        {"1", 2, NULL},
        {"1.5", 2, NULL},
        {"1.500", 2, NULL},
        {"1.", 2, NULL},
        {"1.", 0, NULL},
        {"1.0", 0, NULL},
        {".50", 2, NULL},
        {"01.50", 2, NULL},
        {"+1.50", 2, NULL},
        {"1.5e", 2, NULL},
        {"1.5 ", 2, NULL},
        {"1,50", 2, NULL},
        {"1 000.00", 2, NULL},
        {"", 0, NULL},
        {"", 2, NULL},
        {"1000000000000000000.00", 2, NULL},
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(rows); i++) {
        set(&value, "22/7");
        enum status expected = rows[i].fraction == NULL ? STATUS_INVALID : STATUS_OK;
        enum status got = rational_read_amount(view_of(rows[i].text), rows[i].decimals, &value);
        cr_assert(eq(int, got, expected), "row %zu: %s", i, rows[i].text);
        assert_is(&value, rows[i].fraction == NULL ? "22/7" : rows[i].fraction, rows[i].text);
    }
}

Test(rational, a_fraction_is_read_only_in_lowest_terms)
{
    static const char *const accepted[] = {
        "0",
        "1",
        "-1",
        "1/2",
        "-1/2",
        "22/7",
        "10/3",
        "999999999999999999",
        "1000000000000000000",
        "9223372036854775808",
        "18446744073709551616",
        "-123456789012345678901234567890/17",
        "1/123456789012345678901234567891",
    };
    static const char *const refused[] = {
        "",      "-",     "/",
        "1/",    "/2",    "-/2",
        "1/1",   "2/4",   "0/1",
        "0/5",   "-0",    "-0/5",
        "1/0",   "0/0",   "1/-2",
        "-1/-2", "01",    "01/2",
        "1/02",  "00",    "+1",
        "1/+2",  " 1",    "1 ",
        "1 /2",  "1/ 2",  "1/2 ",
        "1/2/3", "1//2",  "1.5",
        "1e3",   "0x10",  "a",
        "1/a",   "6/3",   "3/3",
        "--1",   "1/2\n", "2000000000000000000000/4000000000000000000001000",
        "１",
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(accepted); i++) {
        set(&value, accepted[i]);
        assert_is(&value, accepted[i], accepted[i]);
    }
    set(&value, "22/7");
    for (size_t i = 0; i < COUNT(refused); i++) {
        cr_assert(eq(int, rational_read_fraction(view_of(refused[i]), &value), STATUS_INVALID),
                  "row %zu: \"%s\"", i, refused[i]);
        assert_is(&value, "22/7", refused[i]);
    }
    cr_assert(eq(int, rational_read_fraction((struct view){NULL, 0}, &value), STATUS_INVALID));
    cr_assert(eq(int, rational_read_fraction(VIEW("1\0"), &value), STATUS_INVALID));
}

Test(rational, a_fraction_of_more_than_a_thousand_digits_a_side_is_refused)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    char text[3 * RATIONAL_DIGITS_MAX];

    set(&value, digits('9', '9', 1000));
    assert_is(&value, digits('9', '9', 1000), "a thousand nines");
    (void)snprintf(text, sizeof text, "-%s/%s", digits('9', '9', 1000), digits('1', '0', 1000));
    set(&value, text);
    assert_is(&value, text, "a thousand digits on each side");

    set(&value, "22/7");
    const char *rows[] = {digits('1', '0', 1001), digits('9', '9', 1001), text, NULL};
    (void)snprintf(text, sizeof text, "1/%s", digits('1', '0', 1001));
    for (size_t i = 0; rows[i] != NULL; i++) {
        cr_assert(eq(int, rational_read_fraction(view_of(rows[i]), &value), STATUS_LIMIT),
                  "row %zu", i);
        assert_is(&value, "22/7", "refused");
    }
}

Test(rational, a_decimal_for_people_is_exact_or_cut_towards_zero)
{
    static const struct {
        const char *fraction;
        unsigned decimals_min;
        unsigned decimals_max;
        const char *text;
        bool exact;
    } rows[] = {
        {"0", 0, 0, "0", true},
        {"0", 2, 2, "0.00", true},
        {"0", 0, 12, "0", true},
        {"1/2", 0, 12, "0.5", true},
        {"1/2", 2, 12, "0.50", true},
        {"1/2", 0, 0, "0", false},
        {"-1/2", 0, 0, "0", false},
        {"-3/2", 0, 0, "-1", false},
        {"1/3", 0, 3, "0.333", false},
        {"-1/3", 0, 3, "-0.333", false},
        {"2/3", 0, 3, "0.666", false},
        {"-2/3", 2, 3, "-0.666", false},
        {"1/1000", 0, 2, "0", false},
        {"-1/1000", 2, 2, "0.00", false},
        {"-1/1000", 0, 3, "-0.001", true},
        {"10001/10000", 0, 3, "1", false},
        {"10001/10000", 1, 3, "1.0", false},
        {"100", 0, 3, "100", true},
        {"100", 3, 3, "100.000", true},
        {"-1200", 0, 0, "-1200", true},
        {"1/8", 0, 3, "0.125", true},
        {"1/8", 0, 2, "0.12", false},
        {"12345678901234567890", 0, 2, "12345678901234567890", true},
        {"1/1000000000000", 0, 12, "0.000000000001", true},
    };
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer buffer;
    rational_init(&value);
    buffer_init(&buffer, 4096);
    for (size_t i = 0; i < COUNT(rows); i++) {
        set(&value, rows[i].fraction);
        bool exact = !rows[i].exact;
        buffer_clear(&buffer);
        cr_assert(eq(int,
                     rational_write_decimal(&value, rows[i].decimals_min, rows[i].decimals_max,
                                            &buffer, &exact),
                     STATUS_OK),
                  "row %zu", i);
        cr_assert(eq(str, buffer.data, (char *)rows[i].text), "row %zu: %s", i, rows[i].fraction);
        cr_assert(eq(int, exact, rows[i].exact), "row %zu: %s", i, rows[i].fraction);
    }
}

Test(rational, the_longest_values_are_written_and_a_full_buffer_stays_as_it_was)
{
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer buffer;
    rational_init(&value);
    char text[3 * RATIONAL_DIGITS_MAX];
    (void)snprintf(text, sizeof text, "-%s/%s", digits('9', '9', 1000), digits('1', '0', 1000));
    set(&value, text);

    buffer_init(&buffer, 2002); /* a sign, a slash, and a thousand digits twice: just enough */
    cr_assert(eq(int, rational_write_fraction(&value, &buffer), STATUS_OK));
    cr_assert(eq(str, buffer.data, text));
    cr_assert(eq(int, rational_write_fraction(&value, &buffer), STATUS_LIMIT));
    cr_assert(eq(str, buffer.data, text));

    bool exact = false;
    buffer_clear(&buffer);
    cr_assert(eq(int, rational_write_decimal(&value, 1000, 1000, &buffer, &exact), STATUS_OK));
    (void)snprintf(text, sizeof text, "-9.%s0", digits('9', '9', 999));
    cr_assert(eq(str, buffer.data, text));
    cr_assert(exact);

    set(&value, digits('9', '9', 1000));
    buffer_clear(&buffer);
    cr_assert(eq(int, rational_write_decimal(&value, 1000, 1000, &buffer, &exact), STATUS_OK));
    cr_assert(eq(sz, buffer.size, 2001));
    exact = false;
    cr_assert(eq(int, rational_write_decimal(&value, 0, 2, &buffer, &exact), STATUS_LIMIT));
    cr_assert(eq(sz, buffer.size, 2001));
    cr_assert(not(exact), "an output is written only on success");
}

enum operation { ADD, SUBTRACT, MULTIPLY, DIVIDE };

static enum status operate(enum operation operation, struct rational *target,
                           const struct rational *a, const struct rational *b)
{
    switch (operation) {
    case ADD:
        return rational_add(target, a, b);
    case SUBTRACT:
        return rational_subtract(target, a, b);
    case MULTIPLY:
        return rational_multiply(target, a, b);
    case DIVIDE:
        return rational_divide(target, a, b);
    }
    abort();
}

Test(rational, arithmetic_is_exact_also_into_its_own_operand)
{
    static const struct {
        const char *a;
        const char *b;
        const char *results[4]; /* sum, difference, product, quotient; NULL when refused */
    } rows[] = {
        {"1/2", "1/3", {"5/6", "1/6", "1/6", "3/2"}},
        {"1/10", "1/5", {"3/10", "-1/10", "1/50", "1/2"}},
        {"-7/4", "1/4", {"-3/2", "-2", "-7/16", "-7"}},
        {"5", "0", {"5", "5", "0", NULL}},
        {"0", "0", {"0", "0", "0", NULL}},
        {"0", "-3/7", {"-3/7", "3/7", "0", "0"}},
        {"2/3", "2/3", {"4/3", "0", "4/9", "1"}},
        {"9223372036854775807",
         "1",
         {"9223372036854775808", "9223372036854775806", "9223372036854775807",
          "9223372036854775807"}},
        {"18446744073709551615",
         "18446744073709551615",
         {"36893488147419103230", "0", "340282366920938463426481119284349108225", "1"}},
    };
    OWNED(rational_release) struct rational a;
    OWNED(rational_release) struct rational b;
    OWNED(rational_release) struct rational target;
    rational_init(&a);
    rational_init(&b);
    rational_init(&target);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum operation operation = ADD; operation <= DIVIDE; operation++) {
            char context[40];
            (void)snprintf(context, sizeof context, "row %zu operation %d", i, (int)operation);
            const char *result = rows[i].results[operation];
            enum status expected = result == NULL ? STATUS_INVALID : STATUS_OK;

            set(&a, rows[i].a);
            set(&b, rows[i].b);
            set(&target, "22/7");
            cr_assert(eq(int, operate(operation, &target, &a, &b), expected), "%s", context);
            assert_is(&target, result == NULL ? "22/7" : result, context);
            assert_is(&a, rows[i].a, context);
            assert_is(&b, rows[i].b, context);

            cr_assert(eq(int, operate(operation, &a, &a, &b), expected), "%s", context);
            assert_is(&a, result == NULL ? rows[i].a : result, context);
            set(&a, rows[i].a);
            cr_assert(eq(int, operate(operation, &b, &a, &b), expected), "%s", context);
            assert_is(&b, result == NULL ? rows[i].b : result, context);
        }
    }
}

Test(rational, arithmetic_agrees_with_wide_integers)
{
    OWNED(rational_release) struct rational a;
    OWNED(rational_release) struct rational b;
    OWNED(rational_release) struct rational got;
    OWNED(rational_release) struct rational expected;
    rational_init(&a);
    rational_init(&b);
    rational_init(&got);
    rational_init(&expected);
    uint64_t random = 1;
    for (int row = 0; row < 3000; row++) {
        int64_t an = (int64_t)(next_random(&random) >> 34) - (1 << 29);
        int64_t bn = (int64_t)(next_random(&random) >> 34) - (1 << 29);
        int64_t ad = (int64_t)(next_random(&random) >> (34 + row % 28)) + 1;
        int64_t bd = (int64_t)(next_random(&random) >> (34 + row % 25)) + 1;
        if (row % 50 == 0) {
            bn = 0;
        }
        rational_set_fraction(&a, an, ad);
        rational_set_fraction(&b, bn, bd);

        cr_assert(eq(int, rational_add(&got, &a, &b), STATUS_OK));
        set_wide(&expected, (int128)an * bd + (int128)bn * ad, (int128)ad * bd);
        cr_assert(eq(int, rational_compare(&got, &expected), 0), "sum of row %d", row);

        cr_assert(eq(int, rational_subtract(&got, &a, &b), STATUS_OK));
        set_wide(&expected, (int128)an * bd - (int128)bn * ad, (int128)ad * bd);
        cr_assert(eq(int, rational_compare(&got, &expected), 0), "difference of row %d", row);

        cr_assert(eq(int, rational_multiply(&got, &a, &b), STATUS_OK));
        set_wide(&expected, (int128)an * bn, (int128)ad * bd);
        cr_assert(eq(int, rational_compare(&got, &expected), 0), "product of row %d", row);

        enum status divided = rational_divide(&got, &a, &b);
        cr_assert(eq(int, divided, bn == 0 ? STATUS_INVALID : STATUS_OK), "row %d", row);
        if (bn != 0) {
            set_wide(&expected, (int128)an * bd, (int128)ad * bn);
            cr_assert(eq(int, rational_compare(&got, &expected), 0), "quotient of row %d", row);
        }
        int128 order = (int128)an * bd - (int128)bn * ad;
        int sign = (order > 0) - (order < 0);
        int compared = rational_compare(&a, &b);
        cr_assert(eq(int, (compared > 0) - (compared < 0), sign), "order of row %d", row);
    }
}

Test(rational, the_limit_is_exactly_a_thousand_digits_a_side)
{
    char below[1100];   /* 10^1000 - 1 */
    char less[1100];    /* 10^1000 - 2 */
    char unit[1100];    /* 10^999 */
    char inverse[1100]; /* 10^-999 */
    char shorter[1100]; /* 10^-998 */
    (void)snprintf(below, sizeof below, "%s", digits('9', '9', 1000));
    (void)snprintf(less, sizeof less, "%.999s8", below);
    (void)snprintf(unit, sizeof unit, "%s", digits('1', '0', 1000));
    (void)snprintf(inverse, sizeof inverse, "1/%.1000s", unit);
    (void)snprintf(shorter, sizeof shorter, "1/%.999s", unit);
    const struct {
        const char *a;
        enum operation operation;
        const char *b;
        const char *result; /* NULL when it is beyond the limit */
    } rows[] = {
        {below, ADD, "0", below},          {below, ADD, "1", NULL},
        {below, ADD, "1/2", NULL},         {below, ADD, "-1", less},
        {less, ADD, "1", below},           {below, SUBTRACT, "-1", NULL},
        {below, SUBTRACT, below, "0"},     {below, MULTIPLY, "1", below},
        {below, MULTIPLY, "-2", NULL},     {below, MULTIPLY, below, NULL},
        {below, DIVIDE, below, "1"},       {below, DIVIDE, "1/2", NULL},
        {unit, MULTIPLY, "10", NULL}, /* 10^1000 itself */
        {inverse, MULTIPLY, "1/10", NULL}, {inverse, MULTIPLY, "10", shorter},
        {inverse, DIVIDE, "10", NULL},     {inverse, DIVIDE, "11", NULL},
        {inverse, ADD, "1/11", NULL},      {inverse, SUBTRACT, inverse, "0"},
        {"1", DIVIDE, inverse, unit},      {"10", DIVIDE, inverse, NULL},
    };

    OWNED(rational_release) struct rational a;
    OWNED(rational_release) struct rational b;
    OWNED(rational_release) struct rational target;
    rational_init(&a);
    rational_init(&b);
    rational_init(&target);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char context[40];
        (void)snprintf(context, sizeof context, "row %zu", i);
        const char *result = rows[i].result;
        enum status expected = result == NULL ? STATUS_LIMIT : STATUS_OK;
        set(&a, rows[i].a);
        set(&b, rows[i].b);
        set(&target, "22/7");
        cr_assert(eq(int, operate(rows[i].operation, &target, &a, &b), expected), "row %zu", i);
        assert_is(&target, result == NULL ? "22/7" : result, context);
        cr_assert(eq(int, operate(rows[i].operation, &a, &a, &b), expected), "row %zu", i);
        assert_is(&a, result == NULL ? rows[i].a : result, context);
    }
}

Test(rational, a_power_is_exact_and_bounded_before_it_is_computed)
{
    char nines[1100];
    (void)snprintf(nines, sizeof nines, "%s", digits('9', '9', 1000));
    char thousand[1100];
    (void)snprintf(thousand, sizeof thousand, "%s", digits('1', '0', 1000));
    const struct {
        const char *base;
        int exponent;
        enum status status;
        const char *result; /* NULL: only the status is looked at */
    } rows[] = {
        {"2", 10, STATUS_OK, "1024"},
        {"-2", 3, STATUS_OK, "-8"},
        {"-2", -3, STATUS_OK, "-1/8"},
        {"-2", 4, STATUS_OK, "16"},
        {"2/3", 3, STATUS_OK, "8/27"},
        {"2/3", -3, STATUS_OK, "27/8"},
        {"-2/3", -3, STATUS_OK, "-27/8"},
        {"-2/3", -2, STATUS_OK, "9/4"},
        {"103/100", 2, STATUS_OK, "10609/10000"},
        {"7", 1, STATUS_OK, "7"},
        {"7", 0, STATUS_OK, "1"},
        {"0", 0, STATUS_OK, "1"},
        {"0", 5, STATUS_OK, "0"},
        {"0", 400, STATUS_OK, "0"},
        {"1", 400, STATUS_OK, "1"},
        {"-1", 399, STATUS_OK, "-1"},
        {"-1", -400, STATUS_OK, "1"},
        {"0", -1, STATUS_INVALID, NULL},
        {"0", -400, STATUS_INVALID, NULL},
        {"1", 401, STATUS_LIMIT, NULL},
        {"1", -401, STATUS_LIMIT, NULL},
        {"1", INT_MAX, STATUS_LIMIT, NULL},
        {"1", INT_MIN, STATUS_LIMIT, NULL},
        {"1000", 333, STATUS_OK, thousand},
        {"100000", 200, STATUS_LIMIT, NULL}, /* 10^1000 itself */
        {"1/100000", 200, STATUS_LIMIT, NULL},
        {"100000", -200, STATUS_LIMIT, NULL},
        {"99999", 200, STATUS_OK, NULL},
        {"316", 400, STATUS_OK, NULL},
        {"317", 400, STATUS_LIMIT, NULL}, /* 316.2... to the power 400 is 10^1000 */
        {"1/317", 400, STATUS_LIMIT, NULL},
        {nines, 1, STATUS_OK, nines},
        {nines, 2, STATUS_LIMIT, NULL},
        {nines, 400, STATUS_LIMIT, NULL},
        {nines, -400, STATUS_LIMIT, NULL},
    };
    OWNED(rational_release) struct rational base;
    OWNED(rational_release) struct rational target;
    rational_init(&base);
    rational_init(&target);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char context[40];
        (void)snprintf(context, sizeof context, "row %zu", i);
        set(&base, rows[i].base);
        set(&target, "22/7");
        enum status got = rational_power(&target, &base, rows[i].exponent);
        cr_assert(eq(int, got, rows[i].status), "row %zu", i);
        if (got != STATUS_OK || rows[i].result != NULL) {
            assert_is(&target, got == STATUS_OK ? rows[i].result : "22/7", context);
        }
        got = rational_power(&base, &base, rows[i].exponent);
        cr_assert(eq(int, got, rows[i].status), "into its operand, row %zu", i);
        if (got != STATUS_OK || rows[i].result != NULL) {
            assert_is(&base, got == STATUS_OK ? rows[i].result : rows[i].base, context);
        }
    }
}

Test(rational, a_power_is_the_product_of_its_factors)
{
    OWNED(rational_release) struct rational base;
    OWNED(rational_release) struct rational product;
    OWNED(rational_release) struct rational power;
    rational_init(&base);
    rational_init(&product);
    rational_init(&power);
    set(&base, "-201/200");
    rational_set_integer(&product, 1);
    for (int exponent = 0; exponent <= 400; exponent++) {
        cr_assert(eq(int, rational_power(&power, &base, exponent), STATUS_OK));
        cr_assert(eq(int, rational_compare(&power, &product), 0), "exponent %d", exponent);
        cr_assert(eq(int, rational_multiply(&product, &product, &base), STATUS_OK));
    }
}

Test(rational, each_rounding_decides_ties_negatives_and_steps_its_own_way)
{
    static const struct {
        const char *value;
        const char *step;
        const char *results[6]; /* half even, half up, up, down, ceiling, floor */
    } rows[] = {
        {"0", "1", {"0", "0", "0", "0", "0", "0"}},
        {"4", "1", {"4", "4", "4", "4", "4", "4"}},
        {"-4", "1", {"-4", "-4", "-4", "-4", "-4", "-4"}},
        {"1/2", "1", {"0", "1", "1", "0", "1", "0"}},
        {"3/2", "1", {"2", "2", "2", "1", "2", "1"}},
        {"5/2", "1", {"2", "3", "3", "2", "3", "2"}},
        {"-1/2", "1", {"0", "-1", "-1", "0", "0", "-1"}},
        {"-3/2", "1", {"-2", "-2", "-2", "-1", "-1", "-2"}},
        {"-5/2", "1", {"-2", "-3", "-3", "-2", "-2", "-3"}},
        {"7/3", "1", {"2", "2", "3", "2", "3", "2"}},
        {"-7/3", "1", {"-2", "-2", "-3", "-2", "-2", "-3"}},
        {"8/3", "1", {"3", "3", "3", "2", "3", "2"}},
        {"-8/3", "1", {"-3", "-3", "-3", "-2", "-2", "-3"}},
        {"1/1000000", "1", {"0", "0", "1", "0", "1", "0"}},
        {"-1/1000000", "1", {"0", "0", "-1", "0", "0", "-1"}},
        /* 0.05 */
        {"1/40", "1/20", {"0", "1/20", "1/20", "0", "1/20", "0"}},
        {"3/40", "1/20", {"1/10", "1/10", "1/10", "1/20", "1/10", "1/20"}},
        {"-3/40", "1/20", {"-1/10", "-1/10", "-1/10", "-1/20", "-1/20", "-1/10"}},
        {"113/100", "1/20", {"23/20", "23/20", "23/20", "11/10", "23/20", "11/10"}},
        {"-28/25", "1/20", {"-11/10", "-11/10", "-23/20", "-11/10", "-11/10", "-23/20"}},
        /* 1000 */
        {"500", "1000", {"0", "1000", "1000", "0", "1000", "0"}},
        {"1500", "1000", {"2000", "2000", "2000", "1000", "2000", "1000"}},
        {"-2500", "1000", {"-2000", "-3000", "-3000", "-2000", "-2000", "-3000"}},
        {"1499", "1000", {"1000", "1000", "2000", "1000", "2000", "1000"}},
        {"3001/2", "1000", {"2000", "2000", "2000", "1000", "2000", "1000"}},
        {"-1", "1000", {"0", "0", "-1000", "0", "0", "-1000"}},
        /* 0.01 */
        {"1/200", "1/100", {"0", "1/100", "1/100", "0", "1/100", "0"}},
        {"201/200", "1/100", {"1", "101/100", "101/100", "1", "101/100", "1"}},
        {"1/3", "1/100", {"33/100", "33/100", "17/50", "33/100", "17/50", "33/100"}},
        /* steps that are no decimals */
        {"1", "3/7", {"6/7", "6/7", "9/7", "6/7", "9/7", "6/7"}},
        {"1/2", "1/3", {"2/3", "2/3", "2/3", "1/3", "2/3", "1/3"}},
        {"-1/2", "1/3", {"-2/3", "-2/3", "-2/3", "-1/3", "-1/3", "-2/3"}},
    };
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational step;
    OWNED(rational_release) struct rational target;
    rational_init(&value);
    rational_init(&step);
    rational_init(&target);
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (enum rounding rounding = ROUND_HALF_EVEN; rounding <= ROUND_FLOOR; rounding++) {
            char context[60];
            (void)snprintf(context, sizeof context, "row %zu %s", i, rounding_name(rounding));
            set(&value, rows[i].value);
            set(&step, rows[i].step);
            cr_assert(eq(int, rational_round(&target, &value, &step, rounding), STATUS_OK));
            assert_is(&target, rows[i].results[rounding], context);
            cr_assert(eq(int, rational_round(&step, &value, &step, rounding), STATUS_OK));
            assert_is(&step, rows[i].results[rounding], context);
            set(&step, rows[i].step);
            cr_assert(eq(int, rational_round(&value, &value, &step, rounding), STATUS_OK));
            assert_is(&value, rows[i].results[rounding], context);
        }
    }
}

/* The multiple of a step that is chosen for numerator / denominator steps, the slow way. */
static int128 steps_by_definition(int128 numerator, int128 denominator, enum rounding rounding)
{
    int128 below = numerator / denominator;
    while (below * denominator > numerator) {
        below--;
    }
    int128 above = below * denominator == numerator ? below : below + 1;
    int128 to_below = numerator - below * denominator;
    int128 to_above = above * denominator - numerator;
    int128 outer = numerator < 0 ? below : above;
    int128 inner = numerator < 0 ? above : below;
    switch (rounding) {
    case ROUND_HALF_EVEN:
        if (to_below == to_above) {
            return below % 2 == 0 ? below : above;
        }
        return to_below < to_above ? below : above;
    case ROUND_HALF_UP:
        if (to_below == to_above) {
            return outer;
        }
        return to_below < to_above ? below : above;
    case ROUND_UP:
        return outer;
    case ROUND_DOWN:
        return inner;
    case ROUND_CEILING:
        return above;
    case ROUND_FLOOR:
        return below;
    }
    abort();
}

Test(rational, rounding_agrees_with_its_definition)
{
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational step;
    OWNED(rational_release) struct rational got;
    OWNED(rational_release) struct rational expected;
    rational_init(&value);
    rational_init(&step);
    rational_init(&got);
    rational_init(&expected);
    uint64_t random = 42;
    for (int row = 0; row < 3000; row++) {
        /* Small denominators, so that many rows are ties or exact. */
        int64_t n = (int64_t)(next_random(&random) % 20001) - 10000;
        int64_t d = (int64_t)(next_random(&random) % 12) + 1;
        int64_t p = (int64_t)(next_random(&random) % 30) + 1;
        int64_t q = (int64_t)(next_random(&random) % 12) + 1;
        enum rounding rounding = (enum rounding)(row % 6);
        rational_set_fraction(&value, n, d);
        rational_set_fraction(&step, p, q);
        cr_assert(eq(int, rational_round(&got, &value, &step, rounding), STATUS_OK));
        int128 steps = steps_by_definition((int128)n * q, (int128)d * p, rounding);
        set_wide(&expected, steps * p, q);
        cr_assert(eq(int, rational_compare(&got, &expected), 0), "row %d: %s of %d/%d to %d/%d",
                  row, rounding_name(rounding), (int)n, (int)d, (int)p, (int)q);
    }
}

Test(rational, a_rounding_beyond_the_limit_is_refused)
{
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational step;
    rational_init(&value);
    rational_init(&step);
    set(&value, digits('9', '9', 1000));
    set(&step, "10");
    cr_assert(eq(int, rational_round(&value, &value, &step, ROUND_UP), STATUS_LIMIT));
    assert_is(&value, digits('9', '9', 1000), "unchanged");
    cr_assert(eq(int, rational_round(&value, &value, &step, ROUND_DOWN), STATUS_OK));
    char expected[1100];
    (void)snprintf(expected, sizeof expected, "%s0", digits('9', '9', 999));
    assert_is(&value, expected, "rounded down");
}

Test(rational, an_integer_is_given_only_when_it_is_one_and_fits)
{
    static const struct {
        const char *value;
        enum status status;
        int64_t integer;
    } rows[] = {
        {"0", STATUS_OK, 0},
        {"-17", STATUS_OK, -17},
        {"9223372036854775807", STATUS_OK, INT64_MAX},
        {"-9223372036854775808", STATUS_OK, INT64_MIN},
        {"9223372036854775808", STATUS_LIMIT, 5},
        {"-9223372036854775809", STATUS_LIMIT, 5},
        {"1/2", STATUS_INVALID, 5},
        {"-36893488147419103233/2", STATUS_INVALID, 5},
    };
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int64_t integer = 5;
        set(&value, rows[i].value);
        cr_assert(eq(int, rational_to_integer(&value, &integer), rows[i].status), "row %zu", i);
        cr_assert(eq(i64, integer, rows[i].integer), "row %zu", i);
        cr_assert(eq(int, rational_is_integer(&value), rows[i].status != STATUS_INVALID), "row %zu",
                  i);
    }
    const int64_t integers[] = {0, 1, -1, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < COUNT(integers); i++) {
        int64_t integer = 5;
        rational_set_integer(&value, integers[i]);
        cr_assert(eq(int, rational_to_integer(&value, &integer), STATUS_OK), "integer %zu", i);
        cr_assert(eq(i64, integer, integers[i]), "integer %zu", i);
    }
}

Test(rational, signs_order_and_copies)
{
    static const char *const ascending[] = {
        "-100000000000000000000",
        "-7/2",
        "-10/3",
        "-1/1000",
        "0",
        "1/1000",
        "1/3",
        "34/101",
        "1/2",
        "1",
        "100000000000000000000",
    };
    OWNED(rational_release) struct rational a;
    OWNED(rational_release) struct rational b;
    rational_init(&a);
    rational_init(&b);
    assert_is(&a, "0", "a new value is zero");
    for (size_t i = 0; i < COUNT(ascending); i++) {
        set(&a, ascending[i]);
        int sign = (i > 4) - (i < 4);
        cr_assert(eq(int, rational_sign(&a), sign), "%s", ascending[i]);
        for (size_t k = 0; k < COUNT(ascending); k++) {
            set(&b, ascending[k]);
            int order = rational_compare(&a, &b);
            cr_assert(eq(int, (order > 0) - (order < 0), (i > k) - (i < k)), "%s and %s",
                      ascending[i], ascending[k]);
        }
        rational_set(&b, &a);
        rational_negate(&a, &a);
        cr_assert(eq(int, rational_sign(&a), -sign), "%s", ascending[i]);
        assert_is(&b, ascending[i], "a copy is not changed with its source");
        rational_negate(&a, &b);
        rational_negate(&b, &a);
        assert_is(&b, ascending[i], "negated twice");
    }
    rational_set_fraction(&a, -6, 4);
    assert_is(&a, "-3/2", "a fraction is reduced");
    rational_set_fraction(&a, INT64_MIN, INT64_MAX);
    assert_is(&a, "-9223372036854775808/9223372036854775807", "the widest fraction");
    rational_set_fraction(&a, 0, 12);
    assert_is(&a, "0", "zero has one form");
}

Test(rational, digits_are_counted_exactly)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    cr_assert(eq(sz, rational_numerator_digits(&value), 1));
    cr_assert(eq(sz, rational_denominator_digits(&value), 1));
    char text[1100];
    for (size_t count = 1; count <= 1000; count += count < 100 ? 1 : 90) {
        set(&value, digits('9', '9', count));
        cr_assert(eq(sz, rational_numerator_digits(&value), count), "%zu nines", count);
        set(&value, digits('1', '0', count));
        cr_assert(eq(sz, rational_numerator_digits(&value), count), "one and %zu zeros", count - 1);
        (void)snprintf(text, sizeof text, "-11/%s", digits('1', '0', count + (count == 1)));
        set(&value, text);
        cr_assert(eq(sz, rational_denominator_digits(&value), count + (count == 1)), "%s", text);
        cr_assert(eq(sz, rational_numerator_digits(&value), 2), "%s", text);
    }
}

Test(rational, roundings_are_known_by_the_names_that_contracts_write)
{
    static const char *const names[] = {"half_even", "half_up", "up", "down", "ceiling", "floor"};
    static const char *const unknown[] = {"", "half", "half_down", "UP", "up ", "nearest"};
    for (size_t i = 0; i < COUNT(names); i++) {
        enum rounding rounding = ROUND_FLOOR;
        cr_assert(rounding_by_name(view_of(names[i]), &rounding), "%s", names[i]);
        cr_assert(eq(int, (int)rounding, (int)i), "%s", names[i]);
        cr_assert(eq(str, (char *)rounding_name(rounding), (char *)names[i]));
    }
    for (size_t i = 0; i < COUNT(unknown); i++) {
        enum rounding rounding = ROUND_DOWN;
        cr_assert(not(rounding_by_name(view_of(unknown[i]), &rounding)), "%s", unknown[i]);
        cr_assert(eq(int, rounding, ROUND_DOWN), "%s", unknown[i]);
    }
}
