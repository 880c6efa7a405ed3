/* Day counts: the conventions of the 2006 ISDA Definitions, with the ends of months. */
#include "contracts/number/day_count.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct date date(const char *text)
{
    struct date result = {.year = 0};
    cr_assert(eq(int, date_read(view_of(text), &result), STATUS_OK), "%s", text);
    return result;
}

Test(day_count, days_are_counted_as_each_convention_says)
{
    static const struct {
        const char *from;
        const char *to;
        int64_t actual;
        int64_t thirty;   /* 30/360 */
        int64_t european; /* 30E/360 */
    } rows[] = {
        /* Within months, and from one to the next. */
        {"2007-01-15", "2007-01-15", 0, 0, 0},
        {"2007-01-15", "2007-01-16", 1, 1, 1},
        {"2007-01-15", "2007-01-30", 15, 15, 15},
        {"2007-01-15", "2007-02-15", 31, 30, 30},
        {"2007-01-15", "2007-07-15", 181, 180, 180},
        {"2007-09-30", "2007-10-31", 31, 30, 30},
        {"2007-09-30", "2008-03-31", 183, 180, 180},
        {"2007-09-30", "2008-09-30", 366, 360, 360},
        /* A 31st at the end becomes a 30th only after a 30th at the beginning; 30E: always. */
        {"2007-01-15", "2007-01-31", 16, 16, 15},
        {"2007-01-29", "2007-03-31", 61, 62, 61},
        {"2007-01-30", "2007-03-31", 60, 60, 60},
        {"2007-01-31", "2007-03-31", 59, 60, 60},
        {"2007-01-30", "2007-01-31", 1, 0, 0},
        {"2007-01-31", "2007-02-01", 1, 1, 1},
        {"2007-10-31", "2007-11-28", 28, 28, 28},
        /* February ends where it ends: its last day does not become a 30th. */
        {"2007-01-31", "2007-02-28", 28, 28, 28},
        {"2007-02-14", "2007-02-28", 14, 14, 14},
        {"2007-02-28", "2007-03-01", 1, 3, 3},
        {"2007-02-28", "2007-03-05", 5, 7, 7},
        {"2007-02-28", "2007-03-31", 31, 33, 32},
        {"2006-08-31", "2007-02-28", 181, 178, 178},
        {"2007-02-28", "2007-08-31", 184, 183, 182},
        /* And in leap years. */
        {"2008-02-28", "2008-02-29", 1, 1, 1},
        {"2008-02-29", "2008-03-01", 1, 2, 2},
        {"2008-02-28", "2008-03-01", 2, 3, 3},
        {"2007-02-26", "2008-02-29", 368, 363, 363},
        {"2008-02-29", "2009-02-28", 365, 359, 359},
        {"2008-02-29", "2008-03-30", 30, 31, 31},
        {"2008-02-29", "2008-03-31", 31, 32, 31},
        {"2007-08-31", "2008-02-29", 182, 179, 179},
        {"2008-02-29", "2008-08-31", 184, 182, 181},
        {"1999-12-31", "2000-12-31", 366, 360, 360},
        {"1899-12-31", "1900-12-31", 365, 360, 360},
        {"0001-01-01", "9999-12-31", 3652058, 3599640, 3599639},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct date from = date(rows[i].from);
        struct date to = date(rows[i].to);
        const int64_t expected[DAY_COUNT_COUNT] = {
            [DAY_COUNT_ACT_365] = rows[i].actual,
            [DAY_COUNT_ACT_360] = rows[i].actual,
            [DAY_COUNT_30_360] = rows[i].thirty,
            [DAY_COUNT_30E_360] = rows[i].european,
        };
        for (size_t k = 0; k < DAY_COUNT_COUNT; k++) {
            cr_assert(eq(i64, day_count_days((enum day_count)k, from, to), expected[k]),
                      "%s from %s to %s", DAY_COUNT_NAMES[k], rows[i].from, rows[i].to);
        }
    }
}

Test(day_count, days_to_an_earlier_date_are_negative)
{
    struct date from = date("2008-03-31");
    struct date to = date("2008-02-29");
    cr_assert(eq(i64, day_count_days(DAY_COUNT_ACT_365, from, to), -31));
    cr_assert(eq(i64, day_count_days(DAY_COUNT_ACT_360, from, to), -31));
    cr_assert(eq(i64, day_count_days(DAY_COUNT_30_360, from, to), -31));
    cr_assert(eq(i64, day_count_days(DAY_COUNT_30E_360, from, to), -31));
}

/* What adjoins sums up, except where 30/360 looks at both ends at once. */
Test(day_count, adjoining_spans_add_up)
{
    static const enum day_count additive[] = {DAY_COUNT_ACT_365, DAY_COUNT_ACT_360,
                                              DAY_COUNT_30E_360};
    const struct date first = date("2007-01-01");
    struct date last;
    cr_assert(eq(int, date_add_days(first, 800, &last), STATUS_OK));
    for (int32_t i = 0; i <= 800; i++) {
        struct date middle;
        cr_assert(eq(int, date_add_days(first, i, &middle), STATUS_OK));
        for (size_t k = 0; k < COUNT(additive); k++) {
            cr_assert(eq(i64,
                         day_count_days(additive[k], first, middle) +
                             day_count_days(additive[k], middle, last),
                         day_count_days(additive[k], first, last)),
                      "%s at %04d-%02d-%02d", DAY_COUNT_NAMES[additive[k]], middle.year,
                      middle.month, middle.day);
        }
    }
}

Test(day_count, each_convention_has_its_year_and_name)
{
    static const struct {
        enum day_count day_count;
        const char *name;
        int64_t basis;
    } rows[] = {
        {DAY_COUNT_ACT_365, "act_365", 365},
        {DAY_COUNT_ACT_360, "act_360", 360},
        {DAY_COUNT_30_360, "30_360", 360},
        {DAY_COUNT_30E_360, "30e_360", 360},
    };
    cr_assert(eq(sz, COUNT(rows), (size_t)DAY_COUNT_COUNT));
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(str, (char *)DAY_COUNT_NAMES[rows[i].day_count], (char *)rows[i].name));
        cr_assert(eq(i64, day_count_basis(rows[i].day_count), rows[i].basis), "%s", rows[i].name);
    }
}
