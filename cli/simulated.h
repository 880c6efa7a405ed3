/*
 * Simulated: the answers of `utfall simulate`, as a table, as CSV, as JSON and as a chart.
 *
 * One contract is shown with its pays, payers and lines. Two are laid side by side, column by
 * column: A, B, and B less A.
 */
#pragma once

#include "cli/command.h"
#include "contracts/simulation/comparison.h"
#include "contracts/simulation/simulation.h"
#include "contracts/simulation/trace.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>

#define SIMULATED_CONTRACTS_MAX 2

/* Everything that was computed. */
struct simulated {
    size_t contract_count;
    struct simulation simulations[SIMULATED_CONTRACTS_MAX];
    const char *names[SIMULATED_CONTRACTS_MAX]; /* as they were given */
    size_t setting_count;
    struct setting *settings; /* as they were given */
    size_t axis_count;
    struct axis axes[SIMULATION_AXES_MAX];
    size_t row_count;
    struct point *rows[SIMULATED_CONTRACTS_MAX];
    /* Along one axis that has a length; of one contract the trace, of two the comparison. */
    bool is_traced;
    struct places places;
    struct trace trace;
    struct comparison comparison;
};

/* The unit of an axis, by the first contract that knows it; and the label of its outcome. */
struct unit simulated_axis_unit(const struct simulated *simulated, size_t axis);
struct view simulated_axis_label(const struct simulated *simulated, size_t axis);

/* Appends the label, and which number of the outcome it is: "Restored, ratio". */
enum status simulated_write_axis(const struct simulated *simulated, size_t axis,
                                 struct buffer *buffer);

/* What is compared of two contracts: the total and the lines asked for, in the same places. */
bool simulated_is_compared(const struct simulated *simulated, size_t column);

/* The column of the second contract that a compared one of the first is laid beside. */
size_t simulated_counterpart(const struct simulated *simulated, size_t column);

/* Second less first. Shapes: neither point is refused. */
enum status simulated_difference(const struct simulated *simulated, size_t row, size_t column,
                                 struct rational *ret_difference);

/* Whether a row comes out otherwise by the second contract: refused, or by any column compared. */
enum status simulated_row_differs(const struct simulated *simulated, size_t row, bool *ret_differs);

/* Which trace people look at for thresholds. */
const struct trace *simulated_trace(const struct simulated *simulated, size_t contract);

/* --- Phrases in the chosen language --- */

/* "SEK 10,000,000.00"; "about ..." where the place is not exact. */
enum status simulated_write_place(const struct simulated *simulated, const struct place *place,
                                  struct buffer *buffer);

/* What changes there, by its causes in one contract: "Saving counted: upper limit". */
enum status simulated_write_causes(const struct simulated *simulated, size_t contract, size_t place,
                                   struct buffer *buffer);

/* What the total is there; where it jumps, also just below and just above it. */
enum status simulated_write_sides(const struct simulated *simulated, size_t contract, size_t place,
                                  struct buffer *buffer);

/* "above SEK 0.00 to below SEK 10,000,000.00: B is less, by at most ... at ..." */
enum status simulated_write_range(const struct simulated *simulated,
                                  const struct difference_range *range, struct buffer *buffer);

/* "social_service_saving = SEK 2,500,000.00, ..." of what was set. */
enum status simulated_write_settings(const struct simulated *simulated, struct buffer *buffer);

/*
 * "Placed by a.se: SEK 10,000,000.00" for each investor, where some line of the contract reads what
 * was placed; `end` after each.
 */
enum status simulated_write_funded(const struct simulated *simulated, size_t contract,
                                   const char *end, struct buffer *buffer);

/* "upper_limit": the kind of a turn, for programs. */
const char *simulated_turn_name(enum turn_kind kind);

/* --- Answers --- */

/* Errors: STATUS_LIMIT when it is no table people can read; STATUS_MEMORY. */
enum status simulated_write_table(const struct simulated *simulated, struct buffer *buffer,
                                  struct failure *failure);

/* As RFC 4180 says, with LF; numbers are plain decimals, or fractions where no decimal is exact. */
enum status simulated_write_csv(const struct simulated *simulated, struct buffer *buffer);

/* Owner: `*ret_object` is the caller's. */
enum status simulated_to_json(const struct simulated *simulated, struct json **ret_object);

/* Shapes: the simulation is traced. Errors: as chart_write. */
enum status simulated_write_chart(const struct simulated *simulated, struct buffer *buffer,
                                  struct failure *failure);
