#include "cli/clock.h"

#include <time.h>

struct date clock_today(void)
{
    time_t now = time(NULL);
    struct tm parts;
    (void)gmtime_r(&now, &parts);
    return (struct date){
        .year = (int16_t)(parts.tm_year + 1900),
        .month = (uint8_t)(parts.tm_mon + 1),
        .day = (uint8_t)parts.tm_mday,
    };
}

uint64_t clock_now(void)
{
    time_t now = time(NULL);
    return now > 0 ? (uint64_t)now : 0;
}
