/* The answer of `utfall simulate` for people: rows or a grid, and what they mean. */

#include "cli/simulated.h"

#include "cli/display.h"
#include "cli/language.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CELL_MAX 4096
#define GRID_COLUMNS_MAX 60
#define THRESHOLDS_TOLD_MAX 40
#define RANGES_TOLD_MAX 40
#define GAP 2 /* spaces between columns */

/* --- Sheets: rows of cells, all to the right, as wide as they need to be --- */

typedef enum status cell_write(const void *context, size_t row, size_t column, struct buffer *cell);

/* Row 0 holds the headings. */
struct sheet {
    size_t row_count;
    size_t column_count;
    cell_write *write;
    const void *context;
};

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

static enum status measure(const struct sheet *sheet, struct buffer *cell, size_t *widths)
{
    for (size_t row = 0; row < sheet->row_count; row++) {
        for (size_t column = 0; column < sheet->column_count; column++) {
            buffer_clear(cell);
            TRY(sheet->write(sheet->context, row, column, cell));
            size_t width = display_width(buffer_view(cell));
            widths[column] = width > widths[column] ? width : widths[column];
        }
    }
    return STATUS_OK;
}

static enum status write_cell(struct buffer *buffer, struct view text, size_t width)
{
    size_t used = display_width(text);
    for (size_t i = used; i < width; i++) {
        TRY(buffer_append_byte(buffer, ' '));
    }
    return buffer_append(buffer, text);
}

static void trim_spaces(struct buffer *buffer)
{
    while (buffer->size > 0 && buffer->data[buffer->size - 1] == ' ') {
        buffer->size--;
    }
    if (buffer->data != NULL) {
        buffer->data[buffer->size] = '\0';
    }
}

static enum status write_sheet(const struct sheet *sheet, struct buffer *buffer)
{
    OWNED(buffer_release) struct buffer cell;
    buffer_init(&cell, CELL_MAX);
    OWNED(freep) size_t *widths = calloc(sheet->column_count + 1, sizeof *widths);
    if (widths == NULL) {
        return STATUS_MEMORY;
    }
    TRY(measure(sheet, &cell, widths));
    for (size_t row = 0; row < sheet->row_count; row++) {
        for (size_t column = 0; column < sheet->column_count; column++) {
            buffer_clear(&cell);
            TRY(sheet->write(sheet->context, row, column, &cell));
            size_t gap = column == 0 ? 0 : GAP;
            TRY(write_cell(buffer, buffer_view(&cell), widths[column] + gap));
        }
        trim_spaces(buffer);
        TRY(buffer_append_byte(buffer, '\n'));
    }
    return STATUS_OK;
}

/* --- Cells --- */

static enum status write_value(const struct rational *value, const struct unit *unit,
                               struct buffer *cell)
{
    return buffer_append_text(cell, display_value(value, unit).text);
}

static enum status write_axis_cell(const struct simulated *simulated, size_t axis, size_t index,
                                   struct buffer *cell)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    struct unit unit = simulated_axis_unit(simulated, axis);
    TRY(axis_value(&simulated->axes[axis], index, &value));
    return write_value(&value, &unit, cell);
}

/* Which value of an axis a row of the grid has. */
static size_t axis_index(const struct simulated *simulated, size_t axis, size_t row)
{
    for (size_t i = simulated->axis_count; i > axis + 1; i--) {
        row /= simulated->axes[i - 1].count;
    }
    return row % simulated->axes[axis].count;
}

static enum status write_point_cell(const struct simulated *simulated, size_t contract, size_t row,
                                    size_t column, struct buffer *cell)
{
    const struct point *point = &simulated->rows[contract][row];
    if (point->refused != RULE_NONE) {
        return buffer_append_text(cell, rule_name(point->refused));
    }
    return write_value(&point->values[column],
                       &simulated->simulations[contract].columns[column].unit, cell);
}

static enum status write_difference_cell(const struct simulated *simulated, size_t row,
                                         size_t column, struct buffer *cell)
{
    if (simulated->rows[0][row].refused != RULE_NONE ||
        simulated->rows[1][row].refused != RULE_NONE) {
        return buffer_append_byte(cell, '-');
    }
    OWNED(rational_release) struct rational difference;
    rational_init(&difference);
    TRY(simulated_difference(simulated, row, column, &difference));
    return write_value(&difference, &simulated->simulations[0].columns[column].unit, cell);
}

/* --- Rows of one contract --- */

/* The column of the simulation that is shown as number `shown`. */
static size_t shown_column(const struct simulation *simulation, size_t shown)
{
    size_t i = 0;
    while (!simulation->columns[i].is_shown || shown > 0) {
        shown -= simulation->columns[i].is_shown;
        i++;
        assert(i < simulation->column_count);
    }
    return i;
}

static size_t count_shown(const struct simulation *simulation)
{
    size_t count = 0;
    for (size_t i = 0; i < simulation->column_count; i++) {
        count += simulation->columns[i].is_shown;
    }
    return count;
}

static struct view column_heading(const struct column *column)
{
    return column->kind == COLUMN_TOTAL ? view_of(_("total")) : column->name;
}

static enum status write_row_cell(const void *context, size_t row, size_t column,
                                  struct buffer *cell)
{
    const struct simulated *simulated = context;
    const struct simulation *simulation = &simulated->simulations[0];
    if (column < simulated->axis_count) {
        return row == 0 ? buffer_append(cell, simulated->axes[column].name)
                        : write_axis_cell(simulated, column, axis_index(simulated, column, row - 1),
                                          cell);
    }
    size_t shown = shown_column(simulation, column - simulated->axis_count);
    if (row == 0) {
        return buffer_append(cell, column_heading(&simulation->columns[shown]));
    }
    bool is_first = column == simulated->axis_count;
    if (simulated->rows[0][row - 1].refused != RULE_NONE && !is_first) {
        return buffer_append_byte(cell, '-');
    }
    return write_point_cell(simulated, 0, row - 1, shown, cell);
}

static enum status write_rows(const struct simulated *simulated, struct buffer *buffer)
{
    const struct sheet sheet = {
        .row_count = simulated->row_count + 1,
        .column_count = simulated->axis_count + count_shown(&simulated->simulations[0]),
        .write = write_row_cell,
        .context = simulated,
    };
    return write_sheet(&sheet, buffer);
}

/* --- Rows of two contracts: for each column A, B, B - A; then the mark --- */

static size_t count_compared(const struct simulated *simulated)
{
    size_t count = 0;
    for (size_t i = 0; i < simulated->simulations[0].column_count; i++) {
        count += simulated_is_compared(simulated, i);
    }
    return count;
}

static size_t compared_column(const struct simulated *simulated, size_t number)
{
    size_t i = 0;
    while (!simulated_is_compared(simulated, i) || number > 0) {
        number -= simulated_is_compared(simulated, i);
        i++;
        assert(i < simulated->simulations[0].column_count);
    }
    return i;
}

static enum status write_pair_heading(const struct simulated *simulated, size_t number, size_t part,
                                      struct buffer *cell)
{
    static const char *const PARTS[] = {"A", "B", "B - A"};
    const struct column *column =
        &simulated->simulations[0].columns[compared_column(simulated, number)];
    if (column->kind == COLUMN_TOTAL) {
        return buffer_append_text(cell, PARTS[part]);
    }
    return buffer_append_format(cell, "%s %.*s", PARTS[part], VIEW_ARGS(column->name));
}

static enum status write_mark_cell(const struct simulated *simulated, size_t row,
                                   struct buffer *cell)
{
    bool differs = false;
    if (row > 0) {
        TRY(simulated_row_differs(simulated, row - 1, &differs));
    }
    return buffer_append_text(cell, differs ? "*" : " ");
}

static enum status write_pair_cell(const void *context, size_t row, size_t column,
                                   struct buffer *cell)
{
    const struct simulated *simulated = context;
    if (column < simulated->axis_count) {
        return write_row_cell(context, row, column, cell);
    }
    size_t number = (column - simulated->axis_count) / 3;
    size_t part = (column - simulated->axis_count) % 3;
    if (number == count_compared(simulated)) {
        return write_mark_cell(simulated, row, cell);
    }
    if (row == 0) {
        return write_pair_heading(simulated, number, part, cell);
    }
    size_t compared = compared_column(simulated, number);
    if (part == 2) {
        return write_difference_cell(simulated, row - 1, compared, cell);
    }
    return write_point_cell(simulated, part, row - 1,
                            part == 0 ? compared : simulated_counterpart(simulated, compared),
                            cell);
}

static enum status write_pairs(const struct simulated *simulated, struct buffer *buffer)
{
    const struct sheet sheet = {
        .row_count = simulated->row_count + 1,
        .column_count = simulated->axis_count + 3 * count_compared(simulated) + 1,
        .write = write_pair_cell,
        .context = simulated,
    };
    return write_sheet(&sheet, buffer);
}

/* --- Grids: the first axis downwards, the second across --- */

struct grid {
    const struct simulated *simulated;
    size_t part;   /* which contract, or 2 for their difference */
    size_t column; /* of the first contract */
};

static enum status write_grid_cell(const void *context, size_t row, size_t column,
                                   struct buffer *cell)
{
    const struct grid *grid = context;
    const struct simulated *simulated = grid->simulated;
    if (row == 0 && column == 0) {
        return buffer_append_format(cell, "%.*s \\ %.*s", VIEW_ARGS(simulated->axes[0].name),
                                    VIEW_ARGS(simulated->axes[1].name));
    }
    if (row == 0) {
        return write_axis_cell(simulated, 1, column - 1, cell);
    }
    if (column == 0) {
        return write_axis_cell(simulated, 0, row - 1, cell);
    }
    size_t place = (row - 1) * simulated->axes[1].count + column - 1;
    if (grid->part == 2) {
        return write_difference_cell(simulated, place, grid->column, cell);
    }
    return write_point_cell(
        simulated, grid->part, place,
        grid->part == 0 ? grid->column : simulated_counterpart(simulated, grid->column), cell);
}

static enum status write_grid(const struct grid *grid, const char *heading, struct buffer *buffer)
{
    const struct simulated *simulated = grid->simulated;
    const struct sheet sheet = {
        .row_count = simulated->axes[0].count + 1,
        .column_count = simulated->axes[1].count + 1,
        .write = write_grid_cell,
        .context = grid,
    };
    struct view name = column_heading(&simulated->simulations[0].columns[grid->column]);
    TRY(buffer_append_format(buffer, "%s%.*s\n", heading, VIEW_ARGS(name)));
    return write_sheet(&sheet, buffer);
}

static enum status write_grids(const struct simulated *simulated, struct buffer *buffer)
{
    static const char *const HEADINGS[] = {"A: ", "B: ", "B - A: "};
    bool is_first = true;
    for (size_t i = 0; i < simulated->simulations[0].column_count; i++) {
        if (!simulated_is_compared(simulated, i)) {
            continue;
        }
        size_t parts = simulated->contract_count == 1 ? 1 : 3;
        for (size_t part = 0; part < parts; part++) {
            const struct grid grid = {simulated, part, i};
            TRY(buffer_append_text(buffer, is_first ? "" : "\n"));
            is_first = false;
            TRY(write_grid(&grid, parts == 1 ? "" : HEADINGS[part], buffer));
        }
    }
    return STATUS_OK;
}

/* --- What stands above --- */

static enum status write_contract(const struct simulated *simulated, size_t index,
                                  struct buffer *buffer)
{
    const struct simulation *simulation = &simulated->simulations[index];
    const struct contract *contract = simulation->contract;
    const struct period *period = &contract->terms.periods[simulation->period];
    struct view title = display_localized(&contract->title);
    if (simulated->contract_count > 1) {
        TRY(buffer_append_text(buffer, index == 0 ? "A: " : "B: "));
    }
    TRY(buffer_append_format(buffer, "%.*s\n", VIEW_ARGS(title)));
    return buffer_append_format(buffer, _("%.*s, period %.*s, %s to %s\n"),
                                VIEW_ARGS(contract->name), VIEW_ARGS(period->name),
                                display_date(period->from).text, display_date(period->to).text);
}

static enum status write_axes(const struct simulated *simulated, struct buffer *buffer)
{
    for (size_t i = 0; i < simulated->axis_count; i++) {
        TRY(buffer_append_format(buffer, "  %.*s: ", VIEW_ARGS(simulated->axes[i].name)));
        TRY(simulated_write_axis(simulated, i, buffer));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    return STATUS_OK;
}

static enum status write_columns(const struct simulation *simulation, struct buffer *buffer)
{
    const struct terms *terms = &simulation->contract->terms;
    for (size_t i = 0; i < simulation->column_count; i++) {
        const struct column *column = &simulation->columns[i];
        if (column->kind == COLUMN_PAY || column->kind == COLUMN_LINE) {
            struct view label = display_localized(&terms->lines[column->line].label);
            TRY(buffer_append_format(buffer, "  %.*s: %.*s\n", VIEW_ARGS(column->name),
                                     VIEW_ARGS(label)));
        }
    }
    return STATUS_OK;
}

static enum status write_head(const struct simulated *simulated, struct buffer *buffer)
{
    for (size_t i = 0; i < simulated->contract_count; i++) {
        TRY(write_contract(simulated, i, buffer));
    }
    TRY(buffer_append_format(buffer, "%s\n",
                             _("A simulation: the results are supposed, nothing is settled.")));
    if (simulated->setting_count > 0) {
        TRY(buffer_append_format(buffer, "%s ", _("Set:")));
        TRY(simulated_write_settings(simulated, buffer));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    for (size_t i = 0; i < simulated->contract_count; i++) {
        TRY(simulated_write_funded(simulated, i, "\n", buffer));
    }
    TRY(write_axes(simulated, buffer));
    if (simulated->contract_count == 1) {
        TRY(write_columns(&simulated->simulations[0], buffer));
    }
    return buffer_append_byte(buffer, '\n');
}

/* --- What stands below --- */

static enum status write_threshold(const struct simulated *simulated, size_t contract, size_t place,
                                   struct buffer *buffer)
{
    TRY(buffer_append_text(buffer, "  "));
    TRY(simulated_write_place(simulated,
                              &simulated_trace(simulated, contract)->places->items[place], buffer));
    TRY(buffer_append_text(buffer, ", "));
    TRY(simulated_write_sides(simulated, contract, place, buffer));
    TRY(buffer_append_text(buffer, ": "));
    TRY(simulated_write_causes(simulated, contract, place, buffer));
    return buffer_append_byte(buffer, '\n');
}

static enum status write_thresholds(const struct simulated *simulated, size_t contract,
                                    struct buffer *buffer)
{
    const struct trace *trace = simulated_trace(simulated, contract);
    size_t told = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (!trace_is_threshold(trace, i)) {
            continue;
        }
        if (told == 0) {
            const char *letter = contract == 0 ? "A: " : "B: ";
            TRY(buffer_append_format(buffer, "\n%s%s\n",
                                     simulated->contract_count == 1 ? "" : letter,
                                     _("Where the course changes:")));
        }
        if (told < THRESHOLDS_TOLD_MAX) {
            TRY(write_threshold(simulated, contract, i, buffer));
        }
        told++;
    }
    if (told > THRESHOLDS_TOLD_MAX) {
        TRY(buffer_append_format(buffer, _("  and at %zu further places\n"),
                                 told - THRESHOLDS_TOLD_MAX));
    }
    if (trace->places->is_cut) {
        TRY(buffer_append_text(buffer, "  "));
        TRY(buffer_append_text(buffer,
                               _("Not all such places were found; look at a shorter range.")));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    return STATUS_OK;
}

static enum status write_differences(const struct simulated *simulated, struct buffer *buffer)
{
    size_t differing = 0;
    for (size_t i = 0; i < simulated->row_count; i++) {
        bool differs;
        TRY(simulated_row_differs(simulated, i, &differs));
        differing += differs;
    }
    TRY(buffer_append_format(buffer, _("\nA and B differ in %zu of %zu rows, marked with *.\n"),
                             differing, simulated->row_count));
    if (!simulated->is_traced) {
        return STATUS_OK;
    }
    const struct comparison *comparison = &simulated->comparison;
    TRY(buffer_append_format(buffer, "%s\n",
                             comparison->range_count == 0
                                 ? _("In the whole range they come to the same total.")
                                 : _("Where their totals differ:")));
    for (size_t i = 0; i < comparison->range_count && i < RANGES_TOLD_MAX; i++) {
        TRY(buffer_append_text(buffer, "  "));
        TRY(simulated_write_range(simulated, &comparison->ranges[i], buffer));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    if (comparison->range_count > RANGES_TOLD_MAX) {
        TRY(buffer_append_format(buffer, _("  and at %zu further places\n"),
                                 comparison->range_count - RANGES_TOLD_MAX));
    }
    return STATUS_OK;
}

static bool is_in_rows(const struct simulated *simulated, size_t contract, enum rule rule)
{
    for (size_t i = 0; i < simulated->row_count; i++) {
        if (simulated->rows[contract][i].refused == rule) {
            return true;
        }
    }
    return false;
}

static enum status write_refusals(const struct simulated *simulated, size_t contract,
                                  struct buffer *buffer)
{
    const struct simulation *simulation = &simulated->simulations[contract];
    bool is_first = true;
    for (size_t i = 0; i < simulation->refusal_count; i++) {
        const struct simulation_refusal *refusal = &simulation->refusals[i];
        if (!is_in_rows(simulated, contract, refusal->rule)) {
            continue;
        }
        TRY(buffer_append_text(buffer, is_first ? "\n" : ""));
        TRY(buffer_append_format(buffer, "%s: %s\n  %s\n", rule_name(refusal->rule),
                                 rule_sentence(refusal->rule, language()), refusal->reason));
        is_first = false;
    }
    return STATUS_OK;
}

static enum status write_foot(const struct simulated *simulated, struct buffer *buffer)
{
    if (simulated->contract_count > 1) {
        TRY(write_differences(simulated, buffer));
    }
    for (size_t i = 0; i < simulated->contract_count; i++) {
        if (simulated->is_traced) {
            TRY(write_thresholds(simulated, i, buffer));
        }
        TRY(write_refusals(simulated, i, buffer));
    }
    return STATUS_OK;
}

enum status simulated_write_table(const struct simulated *simulated, struct buffer *buffer,
                                  struct failure *failure)
{
    if (simulated->axis_count > 2) {
        return fail(failure, STATUS_LIMIT, "",
                    "with more than two numbers varied there is no table: take --format csv");
    }
    bool is_grid = simulated->axis_count == 2;
    if (is_grid && simulated->axes[1].count > GRID_COLUMNS_MAX) {
        return fail(failure, STATUS_LIMIT, "",
                    "the second --vary has more than %d values, too many columns: put it first, "
                    "take a larger step, or take --format csv",
                    GRID_COLUMNS_MAX);
    }
    TRY(write_head(simulated, buffer));
    if (is_grid) {
        TRY(write_grids(simulated, buffer));
    } else {
        TRY(simulated->contract_count == 1 ? write_rows(simulated, buffer)
                                           : write_pairs(simulated, buffer));
    }
    return write_foot(simulated, buffer);
}
