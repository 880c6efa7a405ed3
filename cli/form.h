/*
 * Form: how a line of a contract reads, with the values put in; for `explain`.
 */
#pragma once

#include "contracts/settlement/settlement.h"
#include "contracts/statement/statement.h"
#include "ledger/base/buffer.h"
#include "ledger/json/json.h"

/* A computed form: the contract, the period, and the value of every line. */
struct form {
    const struct contract *contract;
    size_t period;
    struct terms_source source;
    const struct terms_values *values;
};

/* The same, as the functions of terms.h look at it. */
struct terms_form form_terms(const struct form *form);

/* Appends an operand: "[3] SEK 0.00", "SEK 10,000,000.00", "Saving, measured: SEK 0.00". */
enum status form_write_operand(const struct form *form, const struct operand *operand,
                               struct buffer *buffer);

/* Appends the condition of a `when`, each comparison with its answer: "[1] 0.4 > 0.3 (yes)". */
enum status form_write_condition(const struct form *form, const struct line *line,
                                 struct buffer *buffer);

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

/*
 * Prints the parts that a line was added up from, as a table after `indent` spaces: the blocks of
 * `brackets`, the items of `rate_card`. Nothing for the other operations.
 *
 * Shapes  the line was computed.
 * Errors  STATUS_MEMORY; STATUS_LIMIT when the table would be over a megabyte.
 */
enum status form_print_parts(const struct form *form, size_t line, size_t indent);

/*
 * The same for programs, and what an operation was done with beside its operands: adds a member
 * `blocks`, `items`, `row`, `interest` or `index` to the line's object. Numbers are fractions.
 *
 * Shapes  the line was computed.
 */
enum status form_set_parts(const struct form *form, size_t line, struct json *object);

/* --- What is owed: settlement->pays, of which each pay has a run, and each tranche a part. --- */

/* How many receivers the tranches of a pay have together, from tranche `first` on. */
size_t form_count_owed(const struct pay *pay, size_t first);

/* What `count` places of one pay, at least one, come to: of it, less may be left to pay. */
struct money form_sum_owed(const struct settlement_pay *owed, size_t count);

/*
 * Adds a member `waterfalls` to an object: for each pay that has one, what its tranches got and
 * what each left. Nothing when no pay has one.
 */
enum status form_set_waterfalls(const struct terms *terms, const struct settlement *settlement,
                                struct json *object);

/* Appends ", tranche senior", where there is one. */
enum status form_write_tranche(struct view tranche, struct buffer *buffer);

/* Appends "a.se owes b.se 5.00 SEK", with its tranche and what the next two append. */
enum status form_write_owed(const struct settlement_pay *owed, struct buffer *buffer);

/* Appends when it is due, and why it is owed back: ", due 2019-06-30". Nothing for most. */
enum status form_write_owed_remark(const struct settlement_pay *owed, struct buffer *buffer);

/*
 * What a pay of a supplementary settlement differs by from what was settled before: its amount,
 * less than zero when it is owed back, with what was carried in or out.
 */
struct money form_difference(const struct settlement_pay *owed);

/* Appends what was carried in from earlier settlements, or out to later ones. Nothing for most. */
enum status form_write_carried(const struct settlement_pay *owed, struct buffer *buffer);
