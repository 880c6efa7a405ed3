/*
 * Date: days of the proleptic Gregorian calendar, written as RFC 3339 full-dates.
 *
 * Contracts know days, never clocks or time zones. Years 0001 to 9999.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdint.h>

struct date {
    int16_t year;
    uint8_t month; /* 1 to 12 */
    uint8_t day;   /* 1 to 31, as the month has */
};

/* Reads "2016-08-01". Errors: STATUS_INVALID when it is another form or no such day. */
enum status date_read(struct view text, struct date *ret_date);
enum status date_write(struct date date, struct buffer *buffer);

/* <0, 0 or >0. */
int date_compare(struct date a, struct date b);

/* Days from 0001-01-01, which is day 0. */
int32_t date_day_number(struct date date);

/* How many days `from` to `to` are, both included; negative or 0 when `to` is earlier. */
int32_t date_days_inclusive(struct date from, struct date to);

/* The day so many days later, or earlier. Errors: STATUS_LIMIT outside years 1 to 9999. */
enum status date_add_days(struct date date, int32_t days, struct date *ret_date);
