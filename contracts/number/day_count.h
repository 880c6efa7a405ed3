/*
 * Day count: how much of a year lies between two dates, as interest is computed.
 *
 * `from` is counted and `to` is not, so adjoining spans add up. The conventions are those of the
 * 2006 ISDA Definitions, section 4.16: (d) Actual/365 (Fixed), (e) Actual/360, (f) 30/360, also
 * called Bond Basis, and (g) 30E/360, also called Eurobond Basis. With dates y1-m1-d1, y2-m2-d2 the
 * last two count 360 (y2 - y1) + 30 (m2 - m1) + (d2 - d1) days, where
 *
 *   30/360   d1 is 30 if it is 31; d2 is 30 if it is 31 and d1 is then 30
 *   30E/360  each is 30 if it is 31
 */
#pragma once

#include "contracts/number/date.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

enum day_count {
    DAY_COUNT_ACT_365,
    DAY_COUNT_ACT_360,
    DAY_COUNT_30_360,
    DAY_COUNT_30E_360,
    DAY_COUNT_COUNT,
};

/* "act_365", "act_360", "30_360", "30e_360" */
extern const char *const DAY_COUNT_NAMES[DAY_COUNT_COUNT];

/* Days between the dates; negative when `to` lies before `from`. */
int64_t day_count_days(enum day_count day_count, struct date from, struct date to);

/* Days of its year: 365 or 360. */
int64_t day_count_basis(enum day_count day_count);
