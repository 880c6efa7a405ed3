/*
 * Compare: one published figure beside one exact value. Internal to this folder.
 */
#pragma once

#include "contracts/reconciliation/reconciliation.h"

/*
 * Fills in verdict, numbers, difference and rounding of a finding.
 *
 * A figure matches if it is the value exactly or, where it says how it was rounded, what that
 * rounding makes of the value; where it says only to what, the nearest counts, ties either way.
 */
enum status finding_compare(struct finding *finding, const struct published_figure *figure,
                            const struct rational *computed);

/* The same for a number that was not rounded. */
enum status finding_compare_exact(struct finding *finding, const struct rational *published,
                                  const struct rational *computed);

/* It matches when the computed number is not above the published one. */
enum status finding_compare_bound(struct finding *finding, const struct rational *at_most,
                                  const struct rational *computed);
