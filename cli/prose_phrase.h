/*
 * Phrases: the parts of sentences that prose is made of. Every function appends to a buffer, in the
 * chosen language.
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/buffer.h"

/* A value with its unit; a pure fraction below 1 also as a percentage: "0.075 (7.5%)". */
enum status phrase_value(const struct rational *value, const struct unit *unit,
                         struct buffer *buffer);

/* "7.5%" of 0.075. */
enum status phrase_percent(const struct rational *value, struct buffer *buffer);

/* "Saving counted" [3] */
enum status phrase_line(const struct terms *terms, size_t line, struct buffer *buffer);

/* "School results" [B] */
enum status phrase_outcome(const struct terms *terms, size_t outcome, struct buffer *buffer);

/* What an operand is: a line, an outcome, a constant, a sum of the ledger. */
enum status phrase_operand(const struct terms *terms, const struct operand *operand,
                           struct buffer *buffer);

/* "a, b and c" of the operands. */
enum status phrase_operands(const struct terms *terms, const struct operand *operands, size_t count,
                            struct buffer *buffer);

/* The condition at `node`, with everything below it. */
enum status phrase_condition(const struct terms *terms, const struct line *line, size_t node,
                             struct buffer *buffer);
