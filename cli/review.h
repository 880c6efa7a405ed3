/*
 * Review: what was found about a contract, and what each party can owe, as people and programs read
 * it.
 */
#pragma once

#include "contracts/analysis/review.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

/*
 * Prints the findings, then the least and the greatest amount of each party, in the chosen
 * language.
 *
 * Errors  STATUS_MEMORY.
 */
enum status review_print(const struct review *review);

/*
 * Adds the members "findings" and "liability" to an answer, and "cut" when the work was bounded.
 *
 * Errors  STATUS_MEMORY.
 */
enum status review_to_json(const struct review *review, struct json *object);

/* How many findings have a severity. */
size_t review_count(const struct review *review, enum review_severity severity);
