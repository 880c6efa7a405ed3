/*
 * Form: how a line of a contract reads, with the values put in; for `explain`.
 */
#pragma once

#include "contracts/state/state.h"
#include "ledger/base/buffer.h"

/* A computed form: the contract, the period, and the value of every line. */
struct form {
    const struct state_contract *contract;
    size_t period;
    struct terms_source source;
    const struct terms_values *values;
};

/*
 * Appends what the line does, with values: "SEK 7,500,000.00 × 0.4". In the chosen language.
 *
 * Errors  STATUS_MEMORY; STATUS_LIMIT when the buffer is full.
 */
enum status form_write_operation(const struct form *form, const struct line *line,
                                 struct buffer *buffer);

/* Appends which way the line took, or nothing: "the condition holds". */
enum status form_write_way(const struct form *form, size_t line, struct buffer *buffer);

/*
 * Appends where its zero comes from: the line where it began, and the cause. Nothing when the line
 * is not zero.
 */
enum status form_write_zero(const struct form *form, size_t line, struct buffer *buffer);
