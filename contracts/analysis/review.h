/*
 * Review: what a careful reader would say about a contract that no rule refuses.
 *
 * A finding has a stable name, a severity, a place, and what fills its sentence in (findings.def).
 * The sentences stand in that list, in English and Swedish; whoever shows a finding puts in the
 * names, numbers and dates as people write them.
 *
 * What is said never to be reached never is, and what is said to happen does: an example is given.
 * Where neither could be shown, a note says that it is not certain. The work is bounded.
 */
#pragma once

#include "contracts/analysis/liability.h"
#include "contracts/analysis/search.h"
#include "contracts/number/date.h"
#include "contracts/statement/statement.h"
#include "contracts/terms/unit.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

enum review_severity { REVIEW_WARNING, REVIEW_NOTE };

enum review_code {
#define FINDING(name, severity, english, swedish) REVIEW_##name,
#include "contracts/analysis/findings.def"
#undef FINDING
    REVIEW_CODE_COUNT,
};

/* The stable name, as in findings.def. */
const char *review_name(enum review_code code);
enum review_severity review_severity(enum review_code code);

/* The sentence, with its places in braces; `language` is "sv" or anything else for English. */
const char *review_sentence(enum review_code code, const char *language);

/* More findings than this are not kept. */
#define REVIEW_FINDINGS_MAX 500

#define REVIEW_LIST_MAX 8 /* names in a list */

/* A measured number or sum that a list names. */
struct review_item {
    enum input_kind kind;
    struct view name; /* of the outcome or investor */
    enum measured_field field;
};

struct review_finding {
    enum review_code code;
    char at[FAILURE_AT_SIZE]; /* a JSON Pointer into the contract */
    size_t line;              /* whose label tells what it is about, or SIZE_MAX */
    struct view name;         /* {name} */
    struct view other;        /* {other} */
    struct date from;         /* {from} */
    struct date to;           /* {to} */
    struct rational value;    /* {value} */
    struct unit value_unit;
    struct rational limit; /* {limit} */
    struct unit limit_unit;
    bool has_reach; /* {list}: what the table's operand can be */
    struct interval reach;
    struct unit reach_unit;
    size_t item_count; /* or {list}: what nothing bounds */
    struct review_item items[REVIEW_LIST_MAX];
    size_t chosen_count; /* {when} */
    struct chosen *chosen;
};

struct review {
    const struct contract *contract;
    struct inputs inputs;
    struct liabilities liabilities;
    size_t count;
    struct review_finding **findings; /* in the order of findings.def, then of their places */
    bool is_cut;        /* the work was bounded: some bounds may be wider than they need be */
    bool is_count_cut;  /* there are more findings */
    size_t evaluations; /* settlements that were computed */
};

/*
 * Reviews a contract that statement_check has passed.
 *
 * Owner   the contract is borrowed, and outlives the review.
 * Errors  STATUS_MEMORY.
 */
enum status review_init(struct review *review, const struct contract *contract);
void review_release(struct review *review); /* for OWNED(review_release) */
