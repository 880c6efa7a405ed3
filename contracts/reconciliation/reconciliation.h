/*
 * Reconciliation: what was published about a contract, beside what its lines give.
 *
 * Each period of a published file is computed by the code that settles: from what the ledger knows
 * of the contract, and where it knows nothing, from the published inputs. Every published number
 * then gets a *finding*: it matches, exactly or to the rounding that it was published in; it
 * differs, by so much; or it cannot be computed, and why. Nothing is guessed: what a line needs and
 * nobody has published makes that line, and those after it, not computable.
 *
 * A figure is *circular* when it rests on a number that was computed back from what was paid
 * (`derived` inputs, `circular` figures). That it matches says nothing about the contract.
 *
 * Ratios are computed from counts. A ratio that was published beside them is compared, not used.
 */
#pragma once

#include "contracts/reconciliation/published.h"
#include "contracts/simulation/assumptions.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

enum verdict {
    VERDICT_MATCHES,
    VERDICT_DIFFERS,
    VERDICT_NOT_COMPUTABLE,
    VERDICT_NOT_PUBLISHED, /* it was computed, and there is no figure to compare it with */
    VERDICT_TAKEN,         /* an input that nothing contradicts: it was computed from */
    VERDICT_COUNT,
};
/* "MATCHES", ...: stable names for programs. */
extern const char *const VERDICT_NAMES[VERDICT_COUNT];

enum finding_kind {
    FINDING_INPUT, /* a published number, beside the ledger's where it has one */
    FINDING_WORDS, /* an input without a number: it was not computed from */
    FINDING_RATIO, /* a published ratio, beside its counts */
    FINDING_SUM,   /* what had been placed, paid or settled, beside the ledger's */
    FINDING_CLAIM,
    FINDING_TOTAL,
    FINDING_BOUND, /* what a total is at most */
    FINDING_COUNT,
};
/* "input", ...: stable names for programs. */
extern const char *const FINDING_NAMES[FINDING_COUNT];

#define FINDING_NO_PERIOD SIZE_MAX

/* One published number, and what became of it. Numbers are always initialised. */
struct finding {
    enum finding_kind kind;
    enum verdict verdict;
    const struct contract *contract; /* the terms that it was computed by */
    bool is_circular;
    size_t period;             /* of the published periods, or FINDING_NO_PERIOD */
    size_t item;               /* which input, sum, claim or total */
    enum measured_field field; /* of an input or a ratio */
    struct unit unit;          /* of all its numbers; percent where it was published so */
    bool has_published;
    bool has_computed;
    struct rational published;
    struct rational computed;   /* exact */
    struct rational difference; /* published - computed; both are there */
    bool has_share;
    struct rational share; /* difference / |computed|, unless that is zero */
    /* The rounding that makes the published figure of the computed one: it matches by that, or, if
     * it differs, it would. */
    bool has_rounding;
    enum rounding rounding;
    struct failure failure; /* why it is not computable; what a refusal was, code "" for none */
};

struct reconciliation {
    const struct contract *contract;
    const struct published *published;
    size_t count;
    size_t capacity;
    struct finding *findings; /* period by period, then totals */
    size_t verdicts[VERDICT_COUNT];
    size_t circular_count; /* of those that match */
};

/*
 * What is known of a contract of the ledger before a published period: assumptions as
 * assumptions_take_state fills them. `assumptions` is initialised with the terms that govern the
 * period, and empty.
 */
struct reconciliation_base {
    enum status (*begin)(void *context, size_t period, struct assumptions *assumptions,
                         struct failure *failure);
    void *context;
};

void reconciliation_init(struct reconciliation *reconciliation);
void reconciliation_release(struct reconciliation *reconciliation);

/*
 * Compares everything, each period with the terms that govern it. `base` is NULL for a draft that
 * no ledger knows: then a sum over earlier settlements is that of the published periods before, if
 * none is missing, and what was placed or paid is what the file says.
 *
 * Shapes  contract and published file were checked and outlive the reconciliation, which is
 *         initialised.
 * Errors  what `base` answers; STATUS_MEMORY. A contract that refuses to be computed is no error
 *         but a finding.
 */
enum status reconcile(const struct published *published, const struct contract *contract,
                      const struct reconciliation_base *base, struct reconciliation *reconciliation,
                      struct failure *failure);
