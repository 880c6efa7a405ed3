#include "contracts/number/date.h"

#include <assert.h>

#define DATE_SIZE 10 /* "2016-08-01" */
#define YEAR_MIN 1
#define YEAR_MAX 9999
#define DAYS_OF_400_YEARS 146097

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

static bool is_date(struct date date)
{
    return date.year >= YEAR_MIN && date.year <= YEAR_MAX && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

/* The number that `count` digits at `text` make, or -1. */
static int read_digits(const char *text, size_t count)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

enum status date_read(struct view text, struct date *ret_date)
{
    if (text.size != DATE_SIZE || text.data[4] != '-' || text.data[7] != '-') {
        return STATUS_INVALID;
    }
    int year = read_digits(text.data, 4);
    int month = read_digits(text.data + 5, 2);
    int day = read_digits(text.data + 8, 2);
    if (year < 0 || month < 0 || day < 0) {
        return STATUS_INVALID;
    }
    struct date date = {.year = (int16_t)year, .month = (uint8_t)month, .day = (uint8_t)day};
    if (!is_date(date)) {
        return STATUS_INVALID;
    }
    *ret_date = date;
    return STATUS_OK;
}

enum status date_write(struct date date, struct buffer *buffer)
{
    assert(is_date(date));
    return buffer_append_format(buffer, "%04d-%02d-%02d", date.year, date.month, date.day);
}

int date_compare(struct date a, struct date b)
{
    if (a.year != b.year) {
        return a.year < b.year ? -1 : 1;
    }
    if (a.month != b.month) {
        return a.month < b.month ? -1 : 1;
    }
    return (a.day > b.day) - (a.day < b.day);
}

int32_t date_day_number(struct date date)
{
    static const int16_t days_before_month[] = {0,   31,  59,  90,  120, 151,
                                                181, 212, 243, 273, 304, 334};
    assert(is_date(date));

    int32_t years = date.year - 1;
    int32_t leap_days = years / 4 - years / 100 + years / 400;
    if (date.month > 2 && is_leap_year(date.year)) {
        leap_days++;
    }
    return years * 365 + leap_days + days_before_month[date.month - 1] + date.day - 1;
}

int32_t date_days_inclusive(struct date from, struct date to)
{
    return date_day_number(to) - date_day_number(from) + 1;
}

/* The day with this number, from 0 to that of 9999-12-31. */
static struct date date_of_number(int32_t number)
{
    /* 400 years have 146,097 days: a guess that is not too late, and early by two at most. */
    int16_t year = (int16_t)((int64_t)number * 400 / DAYS_OF_400_YEARS);
    if (year < YEAR_MIN) {
        year = YEAR_MIN;
    }
    while (year < YEAR_MAX && date_day_number((struct date){(int16_t)(year + 1), 1, 1}) <= number) {
        year++;
    }
    uint8_t month = 12;
    while (date_day_number((struct date){year, month, 1}) > number) {
        month--;
    }
    int32_t first = date_day_number((struct date){year, month, 1});
    return (struct date){year, month, (uint8_t)(number - first + 1)};
}

enum status date_add_days(struct date date, int32_t days, struct date *ret_date)
{
    static const struct date last = {YEAR_MAX, 12, 31};
    int64_t number = (int64_t)date_day_number(date) + days;
    if (number < 0 || number > date_day_number(last)) {
        return STATUS_LIMIT;
    }
    *ret_date = date_of_number((int32_t)number);
    return STATUS_OK;
}
