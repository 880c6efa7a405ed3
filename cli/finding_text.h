/*
 * Finding text: what a reconciliation found, as people read it, in the chosen language.
 *
 *     differs       Interest rate: 8.9 % published, 7.5 % recomputed:
 *                   1.4 percentage points higher (18.666666666666... %)
 */
#pragma once

#include "contracts/reconciliation/reconciliation.h"

/* Prints every finding, period by period, then the totals and a summary. */
enum status finding_text_print(const struct reconciliation *reconciliation);
