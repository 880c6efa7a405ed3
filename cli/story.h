/*
 * Story: a contract from its signing on, in order, as a person would tell it.
 */
#pragma once

#include "contracts/state/state.h"

/* Prints what was agreed, placed, measured, settled and paid, and what comes next. */
enum status story_print(const struct state_contract *contract);

/* The same for programs. Owner: `*ret_object` is the caller's. */
enum status story_to_json(const struct state_contract *contract, struct json **ret_object);
