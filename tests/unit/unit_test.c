/* Units: one spelling each, and their products. */
#include "contracts/terms/unit.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct unit unit(const char *text)
{
    struct unit result;
    cr_assert(eq(int, unit_read(view_of(text), &result), STATUS_OK), "%s", text);
    return result;
}

static void assert_written(const struct unit *unit, const char *expected, const char *row)
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 4096);
    cr_assert(eq(int, unit_write(unit, &buffer), STATUS_OK), "%s", row);
    cr_assert(eq(str, buffer.data, (char *)expected), "%s", row);
}

Test(unit, what_is_read_is_written_the_same)
{
    static const char *const rows[] = {
        "1",
        "SEK",
        "person",
        "SEK/person",
        "1/day",
        "1/day/day",
        "day*day",
        "SEK*day/person",
        "SEK/day/person",
        "CO_eq*day*tonne/SEK/SEK/person",
        "a*b*c*d*e*f",
        "a*a*a*a*a*a*a*a*a/b/b/b/b/b/b/b/b/b",
        "abcdefghijklmnopqrstuvwxyzABCDEF",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct unit read = unit(rows[i]);
        assert_written(&read, rows[i], rows[i]);
    }
}

Test(unit, another_spelling_is_refused)
{
    static const struct {
        const char *text;
        enum status expected;
    } rows[] = {
        {"", STATUS_INVALID},
        {"2", STATUS_INVALID},
        {"11", STATUS_INVALID},
        {"1*day", STATUS_INVALID},
        {"day*1", STATUS_INVALID},
        {"1/1", STATUS_INVALID},
        {"day/1", STATUS_INVALID},
        {"/day", STATUS_INVALID},
        {"day/", STATUS_INVALID},
        {"day*", STATUS_INVALID},
        {"day**day", STATUS_INVALID},
        {"a//b", STATUS_INVALID},
        {"a/b*c", STATUS_INVALID},
        {"1*a/b", STATUS_INVALID},
        {"b*a", STATUS_INVALID},
        {"1/b/a", STATUS_INVALID},
        {"a/a", STATUS_INVALID},
        {"a*b/a", STATUS_INVALID},
        {"a*b/c/b", STATUS_INVALID},
        {"SEK ", STATUS_INVALID},
        {" SEK", STATUS_INVALID},
        {"kr2", STATUS_INVALID},
        {"m^2", STATUS_INVALID},
        {"\xc3\xb6re", STATUS_INVALID},
        {"abcdefghijklmnopqrstuvwxyzABCDEFG", STATUS_INVALID}, /* 33 letters */
        {"a*b*c*d*e*f*g", STATUS_LIMIT},
        {"a*b*c*d/e/f/g", STATUS_LIMIT},
        {"a*a*a*a*a*a*a*a*a*a", STATUS_LIMIT},
        {"1/a/a/a/a/a/a/a/a/a/a", STATUS_LIMIT},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct unit untouched = {.count = 77};
        enum status status = unit_read(view_of(rows[i].text), &untouched);
        cr_assert(eq(int, status, rows[i].expected), "%s", rows[i].text);
        cr_assert(eq(int, untouched.count, 77), "%s", rows[i].text);
    }
}

Test(unit, products_and_quotients_cancel)
{
    static const struct {
        const char *a;
        const char *b;
        const char *product;
        const char *quotient;
    } rows[] = {
        {"1", "1", "1", "1"},
        {"SEK", "1", "SEK", "SEK"},
        {"1", "SEK", "SEK", "1/SEK"},
        {"SEK", "SEK", "SEK*SEK", "1"},
        {"SEK/person", "person", "SEK", "SEK/person/person"},
        {"person", "SEK/person", "SEK", "person*person/SEK"},
        {"b", "a", "a*b", "b/a"},
        {"a*c/d", "d/a", "c", "a*a*c/d/d"},
        {"1/day", "day", "1", "1/day/day"},
        {"a*b*c*d*e", "1/a/b/c/d/f", "e/f", "a*a*b*b*c*c*d*d*e*f"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct unit a = unit(rows[i].a);
        struct unit b = unit(rows[i].b);
        struct unit result;
        cr_assert(eq(int, unit_multiply(&a, &b, &result), STATUS_OK), "row %zu", i);
        assert_written(&result, rows[i].product, rows[i].a);
        cr_assert(eq(int, unit_divide(&a, &b, &result), STATUS_OK), "row %zu", i);
        assert_written(&result, rows[i].quotient, rows[i].a);
        cr_assert(unit_equal(&a, &a), "row %zu", i);
        cr_assert(eq(int, unit_equal(&a, &b), strcmp(rows[i].a, rows[i].b) == 0), "row %zu", i);
    }
}

Test(unit, powers_multiply_exponents_up_to_a_limit)
{
    static const struct {
        const char *base;
        int exponent;
        const char *expected; /* NULL: refused */
    } rows[] = {
        {"1", 400, "1"},
        {"1", -400, "1"},
        {"SEK/day", 0, "1"},
        {"day", 2, "day*day"},
        {"SEK/day", -1, "day/SEK"},
        {"SEK/day", 2, "SEK*SEK/day/day"},
        {"a", 9, "a*a*a*a*a*a*a*a*a"},
        {"a", 10, NULL},
        {"a", -10, NULL},
        {"a*a", 5, NULL},
        {"a", 400, NULL},
        {"a*a", -4, "1/a/a/a/a/a/a/a/a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct unit base = unit(rows[i].base);
        struct unit result;
        enum status status = unit_power(&base, rows[i].exponent, &result);
        if (rows[i].expected == NULL) {
            cr_assert(eq(int, status, STATUS_LIMIT), "row %zu", i);
            continue;
        }
        cr_assert(eq(int, status, STATUS_OK), "row %zu", i);
        assert_written(&result, rows[i].expected, rows[i].base);
    }
}

Test(unit, a_product_of_too_many_bases_is_refused)
{
    struct unit six = unit("a*b*c*d*e*f");
    struct unit seventh = unit("g");
    struct unit result;
    cr_assert(eq(int, unit_multiply(&six, &seventh, &result), STATUS_LIMIT));
    cr_assert(eq(int, unit_divide(&six, &seventh, &result), STATUS_LIMIT));
    struct unit ninth = unit("a*a*a*a*a*a*a*a*a");
    struct unit first = unit("a");
    cr_assert(eq(int, unit_multiply(&ninth, &first, &result), STATUS_LIMIT));
    cr_assert(eq(int, unit_divide(&ninth, &first, &result), STATUS_OK));
    assert_written(&result, "a*a*a*a*a*a*a*a", "a^8");
}
