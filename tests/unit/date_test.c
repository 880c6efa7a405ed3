/* Date: which days there are, how they are written, and how they are counted. */
#include "contracts/number/date.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

static struct date date(const char *text)
{
    struct date result = {0};
    cr_assert(eq(int, date_read(view_of(text), &result), STATUS_OK), "%s", text);
    return result;
}

/* The day after, from nothing but the calendar's rule. */
static struct date next_day(struct date day)
{
    bool leap = day.year % 400 == 0 || (day.year % 4 == 0 && day.year % 100 != 0);
    int last = 31;
    if (day.month == 4 || day.month == 6 || day.month == 9 || day.month == 11) {
        last = 30;
    } else if (day.month == 2) {
        last = leap ? 29 : 28;
    }
    day.day++;
    if (day.day > last) {
        day.day = 1;
        day.month++;
    }
    if (day.month > 12) {
        day.month = 1;
        day.year++;
    }
    return day;
}

Test(date, a_date_is_read_and_written_in_one_form)
{
    static const char *const rows[] = {
        "0001-01-01", "0999-12-31", "1900-02-28", "1904-02-29", "2000-02-29",
        "2016-02-29", "2016-08-01", "2017-04-30", "2018-07-31", "2023-02-28",
        "2024-12-31", "2400-02-29", "9999-12-31",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer buffer;
        buffer_init(&buffer, 10);
        cr_assert(eq(int, date_write(date(rows[i]), &buffer), STATUS_OK), "%s", rows[i]);
        cr_assert(eq(str, buffer.data, (char *)rows[i]));
        cr_assert(eq(int, date_write(date(rows[i]), &buffer), STATUS_LIMIT), "%s", rows[i]);
    }
    struct date norrkoping = date("2016-08-01");
    cr_assert(eq(int, norrkoping.year, 2016));
    cr_assert(eq(int, norrkoping.month, 8));
    cr_assert(eq(int, norrkoping.day, 1));
}

Test(date, another_form_or_a_day_that_does_not_exist_is_refused)
{
    static const char *const rows[] = {
        "",
        "2016",
        "2016-08",
        "2016-8-1",
        "2016-08-1",
        "16-08-01",
        "2016/08/01",
        "2016.08.01",
        "20160801",
        "01-08-2016",
        "2016-08-01 ",
        " 2016-08-01",
        "2016-08-0a",
        "2016-0a-01",
        "a016-08-01",
        "+016-08-01",
        "-016-08-01",
        "2016-+8-01",
        "2016-08--1",
        "2016-08- 1",
        "2016-08-01Z",
        "12016-08-01",
        "2016-08-01T00:00:00Z",
        "0000-01-01",
        "2016-00-01",
        "2016-13-01",
        "2016-99-01",
        "2016-08-00",
        "2016-01-32",
        "2016-02-30",
        "2017-02-29",
        "1900-02-29",
        "2100-02-29",
        "2000-02-30",
        "2016-03-32",
        "2016-04-31",
        "2016-05-32",
        "2016-06-31",
        "2016-07-32",
        "2016-08-32",
        "2016-09-31",
        "2016-10-32",
        "2016-11-31",
        "2016-12-32",
        "2016-08-99",
        "2016_08_01",
        "2016-08:01",
        "２0-08-01",
        "2016-08-１",
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct date unchanged = {.year = 1789, .month = 7, .day = 14};
        cr_assert(eq(int, date_read(view_of(rows[i]), &unchanged), STATUS_INVALID), "\"%s\"",
                  rows[i]);
        cr_assert(eq(int, unchanged.year, 1789), "\"%s\"", rows[i]);
        cr_assert(eq(int, unchanged.month, 7), "\"%s\"", rows[i]);
        cr_assert(eq(int, unchanged.day, 14), "\"%s\"", rows[i]);
    }
    struct date ignored;
    cr_assert(eq(int, date_read(VIEW("2016-08-0\0"), &ignored), STATUS_INVALID));
    cr_assert(eq(int, date_read((struct view){NULL, 0}, &ignored), STATUS_INVALID));
}

Test(date, every_day_of_ten_thousand_years_has_the_next_number)
{
    struct date day = {.year = 1, .month = 1, .day = 1};
    struct date last = {.year = 9999, .month = 12, .day = 31};
    int32_t number = 0;
    while (date_compare(day, last) < 0) { /* 3,652,058 times */
        if (date_day_number(day) != number) {
            cr_fatal("%04d-%02d-%02d is day %d, not %d", day.year, day.month, day.day, number,
                     date_day_number(day));
        }
        struct date next = next_day(day);
        if (date_compare(day, next) >= 0 || date_compare(next, day) <= 0) {
            cr_fatal("%04d-%02d-%02d does not come before its next day", day.year, day.month,
                     day.day);
        }
        day = next;
        number++;
    }
    cr_assert(eq(i32, number, 3652058));
    cr_assert(eq(i32, date_day_number(last), 3652058));
}

Test(date, known_days_have_known_numbers)
{
    static const struct {
        const char *date;
        int32_t number;
    } rows[] = {
        {"0001-01-01", 0},      {"0001-12-31", 364},    {"0005-01-01", 1461},
        {"1582-10-15", 577735}, /* the first day of the Gregorian calendar, Julian day 2299161 */
        {"1858-11-17", 678575}, /* day 0 of the Modified Julian Date */
        {"1900-03-01", 693654}, {"1970-01-01", 719162}, /* day 0 of Unix time */
        {"2000-01-01", 730119}, {"2000-03-01", 730179},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(i32, date_day_number(date(rows[i].date)), rows[i].number), "%s", rows[i].date);
    }
}

Test(date, days_of_a_period_include_both_ends)
{
    static const struct {
        const char *from;
        const char *to;
        int32_t days;
    } rows[] = {
        {"2016-08-01", "2016-08-01", 1},        {"2016-08-01", "2016-08-02", 2},
        {"2016-08-01", "2018-07-31", 730},      {"2015-08-01", "2016-07-31", 366},
        {"2000-01-01", "2000-12-31", 366},      {"1900-01-01", "1900-12-31", 365},
        {"2000-02-28", "2000-03-01", 3},        {"1900-02-28", "1900-03-01", 2},
        {"2016-12-31", "2017-01-01", 2},        {"2016-08-01", "2016-07-31", 0},
        {"2016-08-01", "2016-07-30", -1},       {"0001-01-01", "9999-12-31", 3652059},
        {"9999-12-31", "0001-01-01", -3652057},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(i32, date_days_inclusive(date(rows[i].from), date(rows[i].to)), rows[i].days),
                  "%s to %s", rows[i].from, rows[i].to);
    }
}

Test(date, dates_are_ordered_by_year_then_month_then_day)
{
    static const char *const ascending[] = {"0001-12-31", "1999-12-31", "2000-01-02", "2000-01-31",
                                            "2000-02-01", "2000-11-30", "2001-01-01"};
    for (size_t i = 0; i < COUNT(ascending); i++) {
        for (size_t k = 0; k < COUNT(ascending); k++) {
            int order = date_compare(date(ascending[i]), date(ascending[k]));
            cr_assert(eq(int, (order > 0) - (order < 0), (i > k) - (i < k)), "%s and %s",
                      ascending[i], ascending[k]);
        }
    }
}

Test(date, days_are_added_across_months_years_and_leap_days)
{
    static const struct {
        const char *from;
        int32_t days;
        const char *to;
    } rows[] = {
        {"2016-08-01", 0, "2016-08-01"},       {"2016-08-01", 30, "2016-08-31"},
        {"2016-08-01", 31, "2016-09-01"},      {"2016-08-01", -1, "2016-07-31"},
        {"2016-02-28", 1, "2016-02-29"},       {"2016-02-28", 2, "2016-03-01"},
        {"2015-02-28", 1, "2015-03-01"},       {"1900-02-28", 1, "1900-03-01"},
        {"2000-02-28", 1, "2000-02-29"},       {"2016-12-31", 1, "2017-01-01"},
        {"2017-01-01", -1, "2016-12-31"},      {"2016-07-31", 365, "2017-07-31"},
        {"2015-07-31", 365, "2016-07-30"},     {"2018-07-31", 36525, "2118-08-01"},
        {"0001-01-01", 3652058, "9999-12-31"}, {"9999-12-31", -3652058, "0001-01-01"},
        {"0001-01-01", 146097, "0401-01-01"},  {"0400-12-31", 1, "0401-01-01"},
        {"9999-12-30", 1, "9999-12-31"},       {"0001-01-02", -1, "0001-01-01"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct date to;
        cr_assert(eq(int, date_add_days(date(rows[i].from), rows[i].days, &to), STATUS_OK), "%s",
                  rows[i].from);
        cr_assert(eq(int, date_compare(to, date(rows[i].to)), 0), "%s and %d: %04d-%02d-%02d",
                  rows[i].from, rows[i].days, to.year, to.month, to.day);
    }
}

Test(date, every_day_is_reached_by_adding_days_to_the_first)
{
    const struct date first = {.year = 1, .month = 1, .day = 1};
    struct date day = first;
    for (int32_t number = 0; number <= 3652058; number++) {
        struct date found;
        if (date_add_days(first, number, &found) != STATUS_OK || date_compare(found, day) != 0) {
            cr_fatal("day %d is %04d-%02d-%02d", number, day.year, day.month, day.day);
        }
        if (number < 3652058) {
            day = next_day(day);
        }
    }
}

Test(date, there_are_no_days_outside_the_years_1_to_9999)
{
    static const struct {
        const char *from;
        int32_t days;
    } rows[] = {
        {"9999-12-31", 1},         {"0001-01-01", -1},        {"9999-12-31", INT32_MAX},
        {"0001-01-01", INT32_MIN}, {"0001-01-01", INT32_MAX}, {"9999-12-31", INT32_MIN},
        {"0001-01-01", 3652059},   {"9999-12-31", -3652059},  {"9963-12-31", 36525},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct date unchanged = {.year = 1789, .month = 7, .day = 14};
        enum status status = date_add_days(date(rows[i].from), rows[i].days, &unchanged);
        cr_assert(eq(int, status, STATUS_LIMIT), "%s and %d", rows[i].from, rows[i].days);
        cr_assert(eq(int, unchanged.year, 1789), "%s and %d", rows[i].from, rows[i].days);
    }
}
