/* Prose of gains: what lines say that somebody gains, how it is known, and compared with what. */
#pragma once

#include "cli/prose_line.h"

/* The paragraphs with their heading; none for a contract without gains and baselines. */
enum status prose_gains(struct prose *prose);
