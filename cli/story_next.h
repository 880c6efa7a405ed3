/*
 * What comes next in a contract: who is to do what, and when it is due.
 *
 *     due 2027-03-01     evaluator.se is to measure period 2y (2026-01-01 to 2026-12-31): Saving
 *     after 2027-12-31   period 3y (2027-01-01 to 2027-12-31) is to be settled: town.se, ...
 *     now                the dispute of entry 9 is to be decided: arbiter.se
 *
 * Tasks come from the state alone. They are sorted by the date on which they are due, else by the
 * first day on which they can be done; what can be done at once comes last. What is due and late is
 * told by today's date, which no contract knows.
 */
#pragma once

#include "contracts/state/state.h"
#include "ledger/json/json.h"

/* Prints the tasks, or that there are none. Errors: STATUS_MEMORY. */
enum status story_next_print(const struct state_contract *contract);

/* Sets the member "next": an array of tasks. Errors: STATUS_MEMORY. */
enum status story_next_set(struct json *object, const struct state_contract *contract);

/* Whether some outcome is still held by a dispute. */
bool story_holds(const struct state_contract *contract, const struct state_dispute *dispute);
