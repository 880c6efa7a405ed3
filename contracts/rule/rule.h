/*
 * Rule: the names of every refusal.
 *
 * A domain refusal has one stable name and one sentence in English and Swedish; rules.def is the
 * one list, which this header, the manual and the tests read. Names are part of the interface:
 * programs and test scenarios match on them, so a name is never reused for another meaning.
 */
#pragma once

#include "ledger/base/status.h"

enum rule {
    RULE_NONE = 0,
#define RULE(name, status, english, swedish) RULE_##name,
#include "contracts/rule/rules.def"
#undef RULE
    RULE_COUNT,
};

/* The stable name, as in rules.def; "NONE" for RULE_NONE. */
const char *rule_name(enum rule rule);

/* One sentence for a person; `language` is "sv" or anything else for English. */
const char *rule_sentence(enum rule rule, const char *language);

/* The rule of that name, or RULE_NONE. For a `failure.code`. */
enum rule rule_by_name(const char *name);

/*
 * Fills a failure with the rule's name as its code, and the details of this case as its reason.
 * Returns the status that rules.def gives the rule: INVALID, UNTRUSTED, CONFLICT or LIMIT.
 */
enum status refuse(struct failure *failure, enum rule rule, const char *at, const char *format, ...)
    PRINTF_LIKE(4, 5);
