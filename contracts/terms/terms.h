/*
 * Terms: the executable rule of a contract, as a list of named lines like a tax form.
 *
 * Each line is one operation on operands; an operand is an earlier line, a constant, a measured
 * value, or a sum the ledger knows (funded, paid, earlier settlements). Lines are computed in
 * order, all of them, in exact rational arithmetic: no loops, no recursion, no rounding except a
 * line that says `round`. A `pay` says which line is owed, by whom and to whom.
 *
 * Three steps, each relying on the one before:
 *
 *   terms_read      shape: the JSON has the form that the schema says
 *   terms_check     meaning: names resolve, units agree, tables ascend, sizes are bounded
 *   terms_evaluate  values, from a source that knows the measurements and sums
 *
 * What the published terms do not say is written "not_published" in place of a `then` or
 * `otherwise`: a settlement that reaches it is refused (TERMS_NOT_PUBLISHED), never guessed.
 *
 * docs/model.md gives the meaning of every operation, for those who implement it again.
 */
#pragma once

#include "contracts/number/date.h"
#include "contracts/number/day_count.h"
#include "contracts/number/money.h"
#include "contracts/number/rational.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/aggregation.h"
#include "contracts/terms/unit.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>

#define TERMS_LINES_MAX 500
#define TERMS_STEPS_MAX 1000      /* in one table */
#define TERMS_ALL_STEPS_MAX 20000 /* in all tables of a contract */
#define TERMS_OPERANDS_MAX 100
#define TERMS_CONDITIONS_MAX 100 /* nodes in one `when` */
#define TERMS_CONDITION_CHILDREN_MAX 20
#define TERMS_CONDITION_DEPTH_MAX 8
#define TERMS_OUTCOMES_MAX 100
#define TERMS_PERIODS_MAX 100
#define TERMS_PAYS_MAX 100
#define TERMS_TRANCHES_MAX 20    /* of one waterfall */
#define TERMS_DUE_DAYS_MAX 36525 /* a pay is due at most a hundred years after its period */

/*
 * Which number of a measured outcome. The first ones are stated by the evaluator; a ratio is
 * computed from its two counts wherever it is read, so that no rounded percentage enters a payout.
 */
enum measured_field {
    MEASURED_VALUE,               /* unit of the outcome */
    MEASURED_COUNT,               /* count_unit of the outcome */
    MEASURED_NUMERATOR,           /* count_unit */
    MEASURED_DENOMINATOR,         /* count_unit; not zero */
    MEASURED_CONTROL_VALUE,       /* unit of the outcome */
    MEASURED_CONTROL_COUNT,       /* count_unit */
    MEASURED_CONTROL_NUMERATOR,   /* count_unit */
    MEASURED_CONTROL_DENOMINATOR, /* count_unit; not zero */
    MEASURED_LOW,                 /* unit of the outcome */
    MEASURED_HIGH,                /* unit of the outcome */
    MEASURED_P_VALUE,             /* 1 */
    MEASURED_STATED_COUNT,        /* how many of them a measurement can state */

    MEASURED_RATIO = MEASURED_STATED_COUNT, /* numerator / denominator; 1 */
    MEASURED_CONTROL_RATIO,                 /* control_numerator / control_denominator; 1 */
    MEASURED_FIELD_COUNT,
};

/* "value", "count", ... */
extern const char *const MEASURED_FIELD_NAMES[MEASURED_FIELD_COUNT];

enum outcome_class {
    OUTCOME_PAYING,    /* its value moves money */
    OUTCOME_CONDITION, /* it opens or closes a payment */
    OUTCOME_REPORTED,  /* it is told, and pays nothing */
};
extern const char *const OUTCOME_CLASS_NAMES[3];

/* What a measured number can be; both ends belong to it. */
struct range {
    bool has_at_least;
    bool has_at_most;
    struct rational at_least; /* initialised where it is given */
    struct rational at_most;
};

struct outcome {
    struct view name;
    struct localized label;
    struct view unit_text;
    struct unit unit;            /* set by terms_check */
    struct view count_unit_text; /* "1" unless given */
    struct unit count_unit;      /* set by terms_check */
    struct range range;          /* of value, control_value, low, high; of ratios when unit is 1 */
    struct range count_range; /* of counts, numerators, denominators; they are never below zero */
    enum outcome_class class;
    struct view evaluator;                               /* a party id */
    struct localized source;                             /* where the numbers come from */
    struct localized missing_data;                       /* what is done about missing ones */
    struct localized baseline;                           /* count 0 when absent */
    struct aggregate *aggregates[MEASURED_STATED_COUNT]; /* from records; NULL where not said */
};

/* The unit of a measured number: the outcome's, its count unit, or 1. Set by terms_check. */
struct unit outcome_field_unit(const struct outcome *outcome, enum measured_field field);

struct period {
    struct view name;
    struct date from;
    struct date to; /* included */
    struct published_date due;
    bool binding; /* false: reported only, never settled */
    bool closing; /* settled only after a termination that names it */
};

enum operand_kind {
    OPERAND_LINE,
    OPERAND_CONSTANT,
    OPERAND_MEASURED,
    OPERAND_FUNDED,      /* {"funded":"total"}, or by one investor: {"funded":"a.se"} */
    OPERAND_PAID,        /* {"paid":"total"}, or of one pay: {"paid":"payout"} */
    OPERAND_EARLIER,     /* {"earlier":"line"}: its sum over earlier settlements; the line stands
                          * before this one, so that its unit is known, or is paid */
    OPERAND_PERIOD_DAYS, /* {"period":"days"}: days of the settled period */
    OPERAND_UNPUBLISHED, /* "not_published"; only as a `then` or `otherwise` */
};

#define OPERAND_SETTLED_PERIOD SIZE_MAX

struct operand {
    enum operand_kind kind;
    struct view name;        /* of the line, outcome or investor, as written; size 0: total */
    struct view period_name; /* size 0: the settled period */
    struct view unit_text;   /* of a constant; "1" for a bare decimal */
    enum measured_field field;
    size_t index;     /* line or outcome, SIZE_MAX for a total; set by terms_check */
    size_t period;    /* index, or OPERAND_SETTLED_PERIOD; set by terms_check */
    struct unit unit; /* set by terms_check */
    struct rational constant;
};

enum operation {
#define OPERATION(name, key) OPERATION_##name,
#include "contracts/terms/operations.def"
#undef OPERATION
    OPERATION_COUNT,
};

/* The JSON key: "add", ... */
const char *operation_name(enum operation operation);

/* A step of `tiers`, a point of `curve` (threshold x, then y), a block of `brackets`. */
struct step {
    bool is_above;            /* tiers: strictly above the threshold, else at least */
    struct operand threshold; /* a constant; brackets: where the block begins */
    struct operand then;      /* curve: a constant; brackets: the rate within the block */
};

/* An item of `rate_card`: what a count of it is worth. */
struct card_item {
    struct view name;
    struct localized label;
    struct operand count;
    struct operand price;
    bool has_multiplier;
    bool has_count_at_most;
    bool has_amount_at_most;
    struct operand multiplier;     /* unit 1: a category's factor */
    struct operand count_at_most;  /* how many are paid at most */
    struct operand amount_at_most; /* how much is paid at most */
};

/* A row of `by_period`. */
struct period_case {
    struct view period_name;
    size_t period; /* set by terms_check */
    struct operand then;
};

enum condition_kind {
    CONDITION_ALL,
    CONDITION_ANY,
    CONDITION_NOT,
    CONDITION_AT_LEAST,
    CONDITION_ABOVE,
    CONDITION_AT_MOST,
    CONDITION_BELOW,
    CONDITION_EQUALS,
    CONDITION_SIGNIFICANT,
};

/* How `significant` looks at an outcome: at its p-value, or at its interval. */
enum significance {
    SIGNIFICANCE_P_BELOW,           /* p_value < level */
    SIGNIFICANCE_P_AT_MOST,         /* p_value <= level */
    SIGNIFICANCE_INTERVAL_ABOVE,    /* low > level */
    SIGNIFICANCE_INTERVAL_BELOW,    /* high < level */
    SIGNIFICANCE_INTERVAL_EXCLUDES, /* low > level or high < level */
    SIGNIFICANCE_COUNT,
};
/* "p_below", ... */
extern const char *const SIGNIFICANCE_NAMES[SIGNIFICANCE_COUNT];

/* A node of a condition tree, stored in prefix order: a node's children follow it. */
struct condition {
    enum condition_kind kind;
    size_t size; /* nodes of this subtree, itself included */
    enum significance significance;
    /*
     * Of a comparison: its two sides. Of `significant`: the measured number, the level (a
     * constant), and for "interval_excludes" the interval's high, after its low; else the third is
     * a line operand that nobody reads.
     */
    struct operand operands[3];
};

/* How many operands a node has: 0 for all, any, not; 2 or 3. */
size_t condition_operand_count(const struct condition *condition);

/*
 * How the gain of an actor is known: it was measured, or a model says so. GAIN_NONE: the line is
 * no gain, whoever its actor is.
 */
enum gain_basis { GAIN_NONE, GAIN_MEASURED, GAIN_MODELLED, GAIN_BASIS_COUNT };

/* "", "measured", "modelled" */
extern const char *const GAIN_BASIS_NAMES[GAIN_BASIS_COUNT];

struct line {
    struct view name;
    struct localized label;
    struct localized note; /* count 0 when absent */
    struct view actor;     /* who gains or bears it; size 0 when absent */
    enum gain_basis basis; /* of an actor's gain or cost, in the contract's currency */
    struct view baseline;  /* what the gain is compared with; size 0 when not said */
    enum operation operation;
    /*
     * 0 for when, rate_card, by_period; 1 for take, negate, power, clamp, tiers, curve, brackets,
     * round; interest: principal, rate; index: amount, base, current.
     */
    size_t operand_count;
    struct operand *operands;
    int32_t exponent; /* power; interest: how many whole periods it compounds over */
    bool is_compound; /* interest */
    bool has_dates;   /* simple interest: from `from` to `to`, else over the settled period */
    enum day_count day_count; /* simple interest */
    struct date from;
    struct date to_date;
    bool has_at_least; /* clamp */
    bool has_at_most;
    struct operand at_least;
    struct operand at_most;
    size_t step_count; /* tiers, curve, brackets */
    struct step *steps;
    size_t item_count; /* rate_card */
    struct card_item *items;
    size_t case_count; /* by_period */
    struct period_case *cases;
    size_t condition_count; /* when */
    struct condition *conditions;
    struct operand then; /* when */
    bool has_otherwise;  /* always for tiers and when; by_period may list every period instead */
    struct operand otherwise; /* tiers, when, by_period */
    struct operand to;        /* round: a positive constant */
    enum rounding by;
    struct unit unit; /* of the result; set by terms_check */
};

/* One receiver of a pay. */
struct pay_share {
    struct view party;
    bool is_given;          /* false: no `share`; only for a single receiver */
    bool by_funding;        /* share: "funding" */
    struct rational weight; /* else; 1 when there is one receiver and no share */
};

/*
 * A layer of a pay. A pay with `to` has one, without a name; a `waterfall` has several, of which
 * each but the last is filled up to the value of a line before the next gets anything.
 */
struct tranche {
    struct view name;       /* size 0: the pay's only one */
    struct localized label; /* count 0 when absent */
    bool has_up_to;
    struct view up_to_name;
    size_t up_to; /* a line like one that is paid; set by terms_check */
    size_t share_count;
    struct pay_share *shares;
};

enum due_kind {
    DUE_NOT_SAID,
    DUE_DATE,              /* on a date */
    DUE_DAYS_AFTER_PERIOD, /* so many days after the settled period's last day */
};

struct pay {
    struct view line_name;
    size_t line; /* set by terms_check */
    struct view from;
    bool is_reversible; /* negative: "reverse": below zero, the receivers owe it to `from` */
    enum due_kind due_kind;
    struct date due_date;
    int32_t due_days;
    size_t tranche_count; /* at least 1 */
    struct tranche *tranches;
};

struct terms {
    struct view currency_code;
    struct currency currency; /* set by terms_check */
    size_t outcome_count;
    struct outcome *outcomes;
    size_t period_count;
    struct period *periods;
    size_t line_count;
    struct line *lines;
    size_t pay_count;
    struct pay *pays;
};

/*
 * Reads the members `currency`, `outcomes`, `periods`, `lines` and `pays` of a contract.
 *
 * Shapes  nodes are those members, found by shape_object.
 * Owner   arrays live in `arena`, views in the JSON tree; numbers are released by terms_release,
 *         which must be called also after a failure.
 */
struct terms_nodes {
    const struct json *currency;
    const struct json *outcomes;
    const struct json *periods;
    const struct json *lines;
    const struct json *pays;
};
enum status terms_read(const struct terms_nodes *nodes, struct arena *arena, struct terms *terms,
                       struct failure *failure);

/* Releases the numbers; accepts a zeroed struct. */
void terms_release(struct terms *terms);

/*
 * Resolves names and checks meaning; fills what is marked "set by terms_check".
 *
 * What passes can be evaluated for every measurement in decimals, whatever its size: no line can
 * need more digits than a rational has (bounds.c). "not_published" takes the unit of the line's
 * other results; a line none of whose results is published is refused (UNITS_DIFFER).
 *
 * Errors  refusals of rules.def, from CURRENCY_UNKNOWN and NAME_REPEATED to PAY_TRANCHES.
 */
enum status terms_check(struct terms *terms, struct failure *failure);

/* The index of an outcome, period or line by name, or SIZE_MAX. */
size_t terms_find_outcome(const struct terms *terms, struct view name);
size_t terms_find_period(const struct terms *terms, struct view name);
size_t terms_find_line(const struct terms *terms, struct view name);

/*
 * Where values come from. Each function writes an initialised rational.
 *
 * `measured` is asked for stated fields only. It answers STATUS_NOT_FOUND when the outcome has no
 * such value for the period; the evaluation is then refused with SETTLEMENT_NOT_MEASURED.
 */
struct terms_source {
    enum status (*measured)(const void *context, size_t outcome, size_t period,
                            enum measured_field field, struct rational *ret_value);
    /* Everyone's when the size of `investor` is 0. */
    enum status (*funded)(const void *context, struct view investor, struct rational *ret_value);
    /* Of the pay of `line`, or of all pays when it is SIZE_MAX; reverse payments count negative. */
    enum status (*paid)(const void *context, size_t line, struct rational *ret_value);
    enum status (*earlier)(const void *context, size_t line, struct rational *ret_value);
    const void *context;
};

/* Which way a line took, for the explanation. */
enum line_way {
    WAY_PLAIN,
    WAY_HELD_AT_LEAST, /* clamp: below its lower bound */
    WAY_HELD_AT_MOST,  /* clamp: above its upper bound */
    WAY_STEP,          /* tiers: step `step` applied; curve: between points `step` and step + 1;
                        * brackets: the value ends in block `step`; by_period: row `step` */
    WAY_OTHERWISE,     /* tiers: no step applied; when: the condition is false; by_period: no row */
    WAY_BELOW_FIRST,   /* curve: held at the first point; brackets: not above the first block */
    WAY_ABOVE_LAST,    /* curve: held at the last point */
    WAY_THEN,          /* when: the condition is true */
    WAY_ROUNDED,       /* round: the value changed */
};

struct line_value {
    struct rational value;
    enum line_way way;
    size_t step;
};

/* The filled-in form. */
struct terms_values {
    size_t count; /* lines computed so far; all of them after success */
    size_t capacity;
    struct line_value *lines;
};

void terms_values_init(struct terms_values *values);
void terms_values_release(struct terms_values *values);

/*
 * Computes every line for the period with index `period`. `values` is initialised, and may be one
 * that was used before; after a refusal it holds the lines before the refused one.
 *
 * A line looks at every operand of its operation and at every comparison of its `when`, but only at
 * the one `then` or `otherwise` that applies: so what is missing there matters only when reached.
 *
 * Errors  SETTLEMENT_NOT_MEASURED, SETTLEMENT_NOT_COMPUTABLE (a zero divisor; too many digits),
 *         TERMS_NOT_PUBLISHED, with `at` = "/lines/<index>"; STATUS_MEMORY.
 */
enum status terms_evaluate(const struct terms *terms, size_t period,
                           const struct terms_source *source, struct terms_values *values,
                           struct failure *failure);

/* A computed form, for explanations: terms_evaluate has succeeded with these, or up to a line. */
struct terms_form {
    const struct terms *terms;
    size_t period;
    const struct terms_source *source;
    const struct terms_values *values;
};

/* The value of one operand of a computed line. */
enum status terms_operand(const struct terms_form *form, const struct operand *operand,
                          struct rational *ret_value, struct failure *failure);

/* Whether one condition node of a line holds, from the computed values: for explanations. */
enum status terms_condition(const struct terms_form *form, const struct line *line, size_t node,
                            bool *ret_holds, struct failure *failure);

/* How an item of a rate card came out. */
struct card_result {
    struct rational counted; /* the count as it is */
    struct rational paid;    /* the count that is paid */
    struct rational amount;
    bool is_count_held;  /* count_at_most lies below the count */
    bool is_amount_held; /* amount_at_most lies below what the count came to */
};
void card_result_init(struct card_result *result);
void card_result_release(struct card_result *result); /* for OWNED(card_result_release) */
enum status terms_card_item(const struct terms_form *form, const struct line *line, size_t item,
                            struct card_result *ret_result, struct failure *failure);

/* How much of a value lies in a block of `brackets`, and what that comes to. */
struct block_result {
    struct rational width; /* above zero */
    struct rational amount;
};
void block_result_init(struct block_result *result);
void block_result_release(struct block_result *result); /* for OWNED(block_result_release) */

/* Shapes: the block begins below the line's operand: the line went WAY_STEP, block <= step. */
enum status terms_block(const struct terms_form *form, const struct line *line, size_t block,
                        struct block_result *ret_result, struct failure *failure);

/*
 * The days that a line's simple interest runs over, and how many are a year.
 *
 * Errors  SETTLEMENT_NOT_COMPUTABLE for a period that ends on 9999-12-31: no day follows it.
 */
struct day_span {
    struct date from; /* counted */
    struct date to;   /* not counted */
    int64_t days;     /* 0 or more */
    int64_t basis;
};
enum status terms_day_span(const struct line *line, const struct period *period,
                           struct day_span *ret_span, struct failure *failure);

/* Why a line is zero: the first step on the way back to a cause. */
enum zero_cause {
    ZERO_NOT,       /* it is not zero */
    ZERO_CONSTANT,  /* a constant zero is taken */
    ZERO_MEASURED,  /* a measured value is zero */
    ZERO_SUM,       /* a ledger sum (funded, paid, earlier) is zero */
    ZERO_LINE,      /* an operand line is zero: see `line` */
    ZERO_HELD,      /* the clamp's bound is zero, and holds the value there: `line` is that
                     * bound, or when it is no line, the value that is held */
    ZERO_STEP,      /* the tier, point or row that applies is zero: `line`, when it is one */
    ZERO_CONDITION, /* the condition chose a zero: `line`, when it is one */
    ZERO_ROUNDED,   /* it was rounded to zero */
    ZERO_CANCEL,    /* the operands cancel out */
    ZERO_ITEMS,     /* no item of the rate card comes to anything */
    ZERO_BLOCK,     /* the value is not above the first block; or the rates of all blocks that it
                     * reaches are zero: `line`, when the last of them is one */
    ZERO_DAYS,      /* interest over no time */
};

struct zero_step {
    enum zero_cause cause;
    size_t line; /* the line to look at next, or SIZE_MAX when this is the end */
};

/*
 * One step of the answer to "why is line `index` zero"; follow `line` until SIZE_MAX (it always
 * descends, so at most line_count steps).
 */
enum status terms_zero_step(const struct terms_form *form, size_t index, struct zero_step *ret_step,
                            struct failure *failure);
