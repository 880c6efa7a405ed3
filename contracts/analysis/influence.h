/*
 * Influence: which lines a result depends on, through whatever ways.
 */
#pragma once

#include "contracts/terms/terms.h"

#include <stdbool.h>

/*
 * Marks every line that the marked ones depend on, and they themselves stay marked.
 *
 * Shapes  `marked` holds one for each line.
 */
void influence_spread(const struct terms *terms, bool *marked);

/* Marks the lines of every pay: what is paid, and what fills a tranche. */
void influence_mark_pays(const struct terms *terms, bool *marked);
