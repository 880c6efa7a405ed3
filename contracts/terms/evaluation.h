/*
 * Evaluation: what computing a line and explaining it share.
 *
 * Every function fills the failure with the place "".
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Room for what sources answer: a line looks at no more operands than this at once. */
#define EVALUATION_SCRATCH_COUNT 3

/* What a source is asked in one evaluation, and the room that its lines share. */

struct evaluation {
    const struct terms *terms;
    size_t period;
    const struct terms_source *source;
    const struct terms_values *values;
    struct rational scratch[EVALUATION_SCRATCH_COUNT];
    struct rational divisor; /* of a ratio, while it is read */
    struct card_result item;
    struct block_result block;
};

void evaluation_init(struct evaluation *evaluation, const struct terms *terms, size_t period,
                     const struct terms_source *source, const struct terms_values *values);
void evaluation_release(struct evaluation *evaluation); /* for OWNED(evaluation_release) */

/* Names the refusal of an arithmetic operation: a zero divisor, or too many digits. */
enum status evaluation_arithmetic(enum status status, const struct line *line,
                                  struct failure *failure);

/*
 * The value of an operand. `*ret_value` points to the value itself, or to scratch[place] when a
 * source had to be asked; then it is valid until that place is used again.
 *
 * Errors  SETTLEMENT_NOT_MEASURED, TERMS_NOT_PUBLISHED, and what a source answers.
 */
enum status evaluation_operand(struct evaluation *evaluation, const struct operand *operand,
                               size_t place, const struct rational **ret_value,
                               struct failure *failure);

/*
 * Whether the condition `node` of the line holds. All its comparisons are computed, also those that
 * cannot change the answer: so what must have been measured does not depend on their order.
 */
enum status evaluation_condition(struct evaluation *evaluation, const struct line *line,
                                 size_t node, bool *ret_holds, struct failure *failure);

/* What an item of a rate card comes to. All its operands are computed, also where one is zero. */
enum status evaluation_card_item(struct evaluation *evaluation, const struct line *line,
                                 size_t item, struct card_result *ret_result,
                                 struct failure *failure);

/* How many blocks of `brackets` begin below `x`. They ascend, so those are the first ones. */
size_t evaluation_blocks_reached(const struct line *line, const struct rational *x);

/*
 * What a block that begins below `x` comes to.
 *
 * Shapes  `x` may stand in scratch[0], and nowhere else of what the evaluation owns.
 */
enum status evaluation_block(struct evaluation *evaluation, const struct line *line, size_t block,
                             const struct rational *x, struct block_result *ret_result,
                             struct failure *failure);
