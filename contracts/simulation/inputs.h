/*
 * Inputs: how people name a number that a measurement can say, and the values it is to take.
 *
 *     saving                    the value of the outcome `saving` for the settled period
 *     graduates.numerator       another of its fields
 *     graduates.numerator@y1    for another period
 *     graduates.ratio           numerator / denominator: moves the numerator, the denominator stays
 *
 *     saving=2500000            one value
 *     saving=0:20000000:500000  from 0 to 20,000,000 in steps of 500,000: an axis
 */
#pragma once

#include "contracts/number/rational.h"
#include "contracts/simulation/assumptions.h"
#include "contracts/terms/terms.h"
#include "contracts/terms/unit.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stddef.h>

#define AXIS_VALUES_MAX 100000

/* A number of a contract's measurements. */
struct input {
    struct assumed_cell cell;  /* of a ratio: its numerator */
    enum measured_field field; /* as it was named, so perhaps a ratio */
};

/* The values that an input takes one after the other. Numbers are initialised by axis_init. */
struct axis {
    struct view name; /* of the input, as written */
    struct rational from;
    struct rational to; /* the last value is at most this */
    struct rational step;
    size_t count;
};

/* A name and the one value that is set for it. */
struct setting {
    struct view name;
    struct rational value;
};

/*
 * Finds what `name` names in a contract.
 *
 * Errors  OUTCOME_UNKNOWN, PERIOD_UNKNOWN, with what there is to choose from; STATUS_INVALID, with
 *         the code "INVALID", when the field is none.
 */
enum status input_find(const struct contract *contract, size_t settled_period, struct view name,
                       struct input *ret_input, struct failure *failure);

/* The unit that the values of an input are in; the pure number for a ratio. */
struct unit input_unit(const struct terms *terms, const struct input *input);

/* Appends the name of a stated number as input_find reads it: "saving", "saving.count@2y". */
enum status input_write(const struct terms *terms, size_t settled_period,
                        const struct assumed_cell *cell, struct buffer *buffer);

void axis_init(struct axis *axis);
void axis_release(struct axis *axis);

/*
 * Reads NAME=FROM:TO:STEP.
 *
 * Errors  STATUS_INVALID when it is another form, FROM is above TO or STEP is not positive;
 *         STATUS_LIMIT when there are more than AXIS_VALUES_MAX values. The reason says what to do.
 */
enum status axis_read(struct view text, struct axis *ret_axis, struct failure *failure);

/* The value at `index` from 0, below the axis's count. */
enum status axis_value(const struct axis *axis, size_t index, struct rational *ret_value);

/* Reads NAME=VALUE. Errors: STATUS_INVALID when it is another form. */
enum status setting_read(struct view text, struct setting *ret_setting, struct failure *failure);
