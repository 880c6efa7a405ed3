/*
 * The gate: decides whether a text is JSON that we accept, before anything else looks at it.
 *
 * Internal to this folder; everyone else calls json_parse(). What passes is what cJSON reads as we
 * do: the gate exists so that no leniency of cJSON can be reached from outside.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>

/*
 * Checks the whole text in one pass, without recursion, in O(n log n) for any input, and tells
 * whether it is the canonical form of what it says.
 *
 * Errors  as json_parse().
 * Source  RFC 8259 sections 2 to 8; RFC 7493 (I-JSON) section 2; RFC 8785; ledger/base/limits.h.
 */
enum status json_gate(struct view text, bool *ret_is_canonical, struct failure *failure);

/*
 * Orders names by UTF-16 code units, without converting. They are valid UTF-8, without escapes.
 *
 * Source  RFC 8785 section 3.2.3.
 */
int json_name_compare(struct view a, struct view b);

/* Writes "line L, column C" for a byte of `text`: both from 1, columns in code points. */
void json_place(struct view text, size_t offset, char ret_at[static FAILURE_AT_SIZE]);
