/* Clock: the only place that asks what day it is. */
#pragma once

#include "contracts/number/date.h"

/* Today in UTC. */
struct date clock_today(void);
