#include "contracts/number/day_count.h"

#include <assert.h>

const char *const DAY_COUNT_NAMES[DAY_COUNT_COUNT] = {
    [DAY_COUNT_ACT_365] = "act_365",
    [DAY_COUNT_ACT_360] = "act_360",
    [DAY_COUNT_30_360] = "30_360",
    [DAY_COUNT_30E_360] = "30e_360",
};

/* Days of a year of twelve months of thirty days. */
static int64_t thirty_days(struct date from, struct date to, int64_t from_day, int64_t to_day)
{
    return 360 * ((int64_t)to.year - from.year) + 30 * ((int64_t)to.month - from.month) +
           (to_day - from_day);
}

int64_t day_count_days(enum day_count day_count, struct date from, struct date to)
{
    int64_t from_day = from.day == 31 ? 30 : from.day;
    switch (day_count) {
    case DAY_COUNT_ACT_365:
    case DAY_COUNT_ACT_360:
        return (int64_t)date_day_number(to) - date_day_number(from);
    case DAY_COUNT_30_360:
        return thirty_days(from, to, from_day, to.day == 31 && from_day == 30 ? 30 : to.day);
    case DAY_COUNT_30E_360:
        return thirty_days(from, to, from_day, to.day == 31 ? 30 : to.day);
    case DAY_COUNT_COUNT:
        break;
    }
    assert(false);
    return 0;
}

int64_t day_count_basis(enum day_count day_count)
{
    return day_count == DAY_COUNT_ACT_365 ? 365 : 360;
}
