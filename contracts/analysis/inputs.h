/*
 * Inputs: every number that the contract leaves open, and what it can be.
 *
 * A settlement is computed from measured numbers, from what investors have placed, and from earlier
 * settlements and payments. The first two, and how much of what was settled has been paid, are
 * inputs; everything else follows from them. What an input can be is its domain: the outcome's
 * `range` or `count_range`, what a measurement can say at all (docs/model.md, section 3.3), an
 * investor's commitment.
 *
 * A ratio counts as an input of its own, since its counts can be chosen so that it is any number.
 * Only where the lines read one of its counts too is it `is_derived`: then it follows from them.
 */
#pragma once

#include "contracts/analysis/interval.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Decimals have up to DECIMAL_FRACTION_DIGITS_MAX fraction digits, so two differ by 1 / this. */
#define DECIMAL_SCALE 1000000000000

enum input_kind {
    INPUT_MEASURED,
    INPUT_FUNDED, /* what an investor has placed */
    INPUT_PAID,   /* which part of what was settled earlier has been paid: 0 to 1 */
};

struct input {
    enum input_kind kind;
    size_t outcome; /* measured */
    size_t period;
    enum measured_field field; /* a ratio, too */
    bool is_derived;
    struct view investor; /* funded */
    struct interval domain;
};

/*
 * What has been settled already, perhaps by other terms: a life goes on from there. Payments are of
 * the lines that are paid: nothing, or up to what was settled.
 */
struct past {
    const bool *is_over;            /* [period]: it is settled, or never will be by these terms */
    const struct interval *earlier; /* [line]: its sum over the periods that are settled */
    const struct interval *settled; /* [line]: of a line that is paid, as it counts as paid */
};

struct inputs {
    const struct contract *contract;
    const struct past *past; /* borrowed; set by whoever knows one. NULL: nothing is settled */
    size_t count;
    struct input *items;
    size_t *cells; /* [period][outcome][field]: its input, or SIZE_MAX when no line reads it */
    size_t first_funded; /* the input of the first investor; the others follow */
    size_t paid;         /* the last input */
    bool *is_earlier;    /* [line]: some operand is its `earlier` */
    bool is_paid_read;   /* some operand is `paid` */
    bool is_funded_read; /* some operand is `funded` */
};

/*
 * Finds the inputs of a contract that statement_check has passed.
 *
 * Owner   the contract is borrowed, and outlives the inputs.
 * Errors  STATUS_MEMORY.
 */
enum status inputs_init(struct inputs *inputs, const struct contract *contract);
void inputs_release(struct inputs *inputs);

/* The input of a measured number, which a line reads in some period. */
size_t inputs_measured(const struct inputs *inputs, size_t outcome, size_t period,
                       enum measured_field field);

/* Whether a period can be part of a life that goes on. */
static inline bool inputs_is_open(const struct inputs *inputs, size_t period)
{
    return inputs->past == NULL || !inputs->past->is_over[period];
}

/* The stated fields of a ratio. */
bool field_is_ratio(enum measured_field field);
enum measured_field ratio_numerator(enum measured_field ratio);
enum measured_field ratio_denominator(enum measured_field ratio);

/* The period that an operand reads when `settled` is settled. */
size_t operand_period(const struct operand *operand, size_t settled);
