/*
 * Owed: what a party can owe by a period, as intervals.
 *
 * A party owes what it pays, and where a pay is reversible, its part of what comes to it when the
 * pay is below zero. Amounts are gross: what a party is owed is not taken off.
 */
#pragma once

#include "contracts/analysis/reach.h"
#include "ledger/base/view.h"

/* By the period that was computed last; empty when its settlement is always refused. */
void owed_by_period(struct reach *reach, struct view party, struct interval *ret_owed);

/*
 * By all periods that were settled, where sums with `earlier` tell more than the periods one by
 * one; unbounded where they do not.
 */
void owed_in_all(const struct reach *reach, struct view party, struct interval *ret_owed);
