#include "ledger/base/instant.h"

#include <time.h>

struct instant_text instant_write(int64_t seconds)
{
    struct instant_text text = {"?"};
    time_t time = (time_t)seconds;
    struct tm parts;
    if (gmtime_r(&time, &parts) != NULL && parts.tm_year >= -1900 && parts.tm_year <= 8099) {
        (void)strftime(text.text, sizeof text.text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
    return text;
}
