/*
 * Changes: what new terms of a contract change, told by the members of the two statements.
 *
 *     period 2y: to (2027-12-31, now 2028-12-31)
 *     period 3y: new
 *     investor: partner.example is new
 *     line payout: round
 *
 * Outcomes, periods, lines, pays and baselines are compared by their names, roles by their parties,
 * other members whole. What is the same in canonical form is not a change, wherever it stands.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/json/json.h"

/* One change. Views live as long as the call that tells it. */
struct change {
    struct view what;          /* "period", "line", a role, or the member's own name */
    struct view name;          /* of the period, line, party ...; size 0 for a whole member */
    const struct json *before; /* NULL: it is new */
    const struct json *after;  /* NULL: it is left out */
};

typedef enum status change_visit(void *context, const struct change *change);

/*
 * Visits every change from one contract or amendment to the next.
 *
 * Errors  what the visitor answers; STATUS_MEMORY.
 */
enum status changes_visit(const struct json *before, const struct json *after, change_visit *visit,
                          void *context);

/* Prints each change, indented. Errors: STATUS_MEMORY. */
enum status changes_print(const struct json *before, const struct json *after, size_t indent);

/* Sets the member "changes" of an object. Errors: STATUS_MEMORY. */
enum status changes_set(const struct json *before, const struct json *after, struct json *object);
