/*
 * Published: what somebody has told in public about a contract, to be compared with what its lines
 * say.
 *
 * A published file (docs/published.md, schemas/published.schema.json) names, for periods of one
 * contract, the measured numbers, what had been placed, paid and settled before, and *claims*: a
 * figure that was published for a line, an item of a rate card, a pay, a measured number, or the
 * refusal that is expected. *Totals* are figures over several periods or parts.
 *
 * It is no statement: nobody signs it, and no ledger holds it. A figure is a decimal as people
 * print it, so zeros at the end are allowed; "not_published" stands for one that is not known.
 *
 * Two steps, as for statements: published_read (shape) and published_check (names resolve in the
 * contract, units agree, periods ascend).
 */
#pragma once

#include "contracts/number/rational.h"
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/statement/statement.h"
#include "contracts/terms/terms.h"
#include "contracts/terms/unit.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>

#define PUBLISHED_VERSION 1
#define PUBLISHED_CLAIMS_MAX 1000 /* of one period */
#define PUBLISHED_TOTALS_MAX 1000
#define PUBLISHED_PARTS_MAX 1000 /* of one total */
#define PUBLISHED_SUMS_MAX 500
#define PUBLISHED_TEXT_MAX 200 /* code points of a figure that is told in words */

/* The unit in which a pure number may be published: a hundredth. */
#define PUBLISHED_PERCENT "percent"

/* How a published figure was rounded before it was published. */
struct published_rounding {
    bool is_given;
    bool has_way; /* else to the nearest, ties either way */
    struct rational step;
    enum rounding way;
};

/* A published figure, and how it is to be compared. */
struct published_figure {
    bool is_published;
    struct rational value; /* initialised where is_published */
    struct view text;      /* as it was written */
    struct published_rounding rounding;
    struct view unit_text; /* size 0: that of the quantity */
    struct unit unit;      /* set by published_check */
    bool is_percent;       /* set by published_check: the quantity is compared times 100 */
    bool is_circular;      /* its author says that it was used to find a term or an input */
    struct localized note; /* count 0 when absent */
};

/* Which number of a computed form a figure is about. */
enum quantity_kind {
    QUANTITY_PART,    /* none: a published part of a total */
    QUANTITY_LINE,    /* the value of a line */
    QUANTITY_ITEM,    /* what an item of a rate card comes to */
    QUANTITY_PAY,     /* what a pay owes: in all, or one tranche or receiver of it */
    QUANTITY_OUTCOME, /* a measured number, or a ratio of two */
    QUANTITY_REFUSAL, /* none: the period is refused by a rule */
};

struct quantity {
    enum quantity_kind kind;
    struct view name;        /* of the line, pay or outcome */
    struct view item;        /* of the rate card; or the tranche; size 0: all */
    struct view to;          /* the receiver of a pay; size 0: all */
    struct view period_name; /* in a total; else the period that it stands in */
    enum measured_field field;
    enum rule rule;       /* of a refusal */
    struct rational part; /* initialised for QUANTITY_PART */
    struct view part_text;
    size_t index;      /* of the line, the pay or the outcome; set by published_check */
    size_t item_index; /* of the item or tranche; set by published_check */
    size_t period;     /* index into the published periods; set by published_check */
};

struct published_claim {
    struct quantity quantity;
    struct published_figure figure;
};

/* What was measured, as far as it was published. */
struct published_input {
    struct measured_value value;            /* may have no number, only `published` */
    struct published_rounding rounding;     /* of a ratio that is stated beside its counts */
    bool is_derived[MEASURED_STATED_COUNT]; /* it was computed back from what was paid */
    size_t outcome;                         /* set by published_check */
};

/* What had been placed, paid or settled before the period. */
enum published_sum_kind {
    PUBLISHED_FUNDED,
    PUBLISHED_PAID,
    PUBLISHED_EARLIER,
    PUBLISHED_SUM_COUNT
};
/* The members: "funded", "paid", "earlier". */
extern const char *const PUBLISHED_SUM_NAMES[PUBLISHED_SUM_COUNT];

struct published_sum {
    enum published_sum_kind kind;
    struct view name; /* the investor; the pay's line; the line */
    struct rational amount;
    size_t line; /* paid, earlier; set by published_check */
};

struct published_period {
    struct view name;
    /* The terms that govern it. Set by whoever knows; else published_check sets its own. */
    const struct contract *contract;
    size_t index; /* of that contract's period; set by published_check */
    size_t input_count;
    struct published_input *inputs;
    size_t sum_count;
    struct published_sum *sums; /* funded, paid, earlier, in that order */
    size_t claim_count;
    struct published_claim *claims;
};

struct published_total {
    struct localized label;
    bool has_figure;
    struct published_figure figure;
    bool has_at_most;
    struct rational at_most;
    size_t part_count;
    struct quantity *parts;
};

struct published {
    struct view contract;
    struct localized title; /* count 0 when absent */
    size_t period_count;
    struct published_period *periods;
    size_t total_count;
    struct published_total *totals;
    size_t source_count;
    struct view *sources;
    size_t note_count;
    struct localized *notes;
};

/*
 * Reads the shape of a published file.
 *
 * Owner   arrays live in `arena`, views in the JSON tree; numbers are released by
 *         published_release, which must be called also after a failure. `published` is zeroed.
 * Errors  KIND_UNKNOWN, VERSION_UNKNOWN, FIELD_...; STATUS_MEMORY.
 */
enum status published_read(const struct json *root, struct arena *arena,
                           struct published *published, struct failure *failure);

/* Releases the numbers; accepts a zeroed struct. */
void published_release(struct published *published);

/*
 * Resolves names in the contract that the figures are about, and fills what is "set by
 * published_check".
 *
 * Shapes  the contract was checked, and outlives the published file. It is the newest version of
 *         its terms; periods that other versions govern have theirs already.
 * Errors  PERIOD_UNKNOWN, OUTCOME_UNKNOWN, ROLE_PARTY, NAME_REPEATED, UNIT_UNKNOWN, UNITS_DIFFER,
 *         ROUND_STEP, AMOUNT_MALFORMED, MEASUREMENT_RANGE; STATUS_INVALID for another contract, a
 *         line, pay, item or tranche that it does not have, periods out of order, and a figure that
 *         is no multiple of what it was rounded to. Each has its place.
 */
enum status published_check(struct published *published, const struct contract *contract,
                            struct failure *failure);

/* The unit of money: the base unit of the currency's code. Owner: a view into the terms. */
struct unit published_currency_unit(const struct terms *terms);
