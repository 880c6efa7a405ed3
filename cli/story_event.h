/*
 * Story event: one statement of a contract as a sentence with its details.
 */
#pragma once

#include "contracts/state/state.h"

/* Prints what an entry says, on lines of its own: index, date, what happened. */
enum status story_event_print(const struct state_contract *contract,
                              const struct state_entry *entry);

/*
 * The entry that replaced a value next; NULL when the value is the one that counts.
 *
 * Shapes  `entry` is of the contract, and `value` is one that it states.
 */
const struct state_entry *story_find_replacing(const struct state_contract *contract,
                                               const struct state_entry *entry,
                                               const struct measured_value *value);

/* The contract or amendment whose terms an amendment changed. */
const struct state_entry *story_terms_before(const struct state_contract *contract,
                                             const struct state_entry *entry);
