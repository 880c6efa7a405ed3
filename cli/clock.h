/* Clock: the only place that asks what day and what time it is. */
#pragma once

#include "contracts/number/date.h"

#include <stdint.h>

/* Today in UTC. */
struct date clock_today(void);

/* Now, in seconds since 1970-01-01T00:00:00Z. */
uint64_t clock_now(void);
