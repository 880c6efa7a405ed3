#include "contracts/simulation/simulation.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TEXT_MAX 440 /* what fits into a reason beside the rest */

/* --- Columns --- */

static struct unit currency_unit(const struct terms *terms)
{
    return (struct unit){.count = 1,
                         .bases = {{.name = view_of(terms->currency.code), .exponent = 1}}};
}

static bool has_payer_column(const struct simulation *simulation, struct view payer)
{
    for (size_t i = 0; i < simulation->column_count; i++) {
        const struct column *column = &simulation->columns[i];
        if (column->kind == COLUMN_PAYER && view_equal(column->name, payer)) {
            return true;
        }
    }
    return false;
}

static void add_column(struct simulation *simulation, const struct column *column)
{
    assert(simulation->column_count < SIMULATION_COLUMNS_MAX);
    simulation->columns[simulation->column_count] = *column;
    simulation->column_count++;
}

/* A payer of the only pay owes what the pay says; the only payer owes the total. */
static void add_pay_columns(struct simulation *simulation)
{
    const struct terms *terms = &simulation->contract->terms;
    struct column column = {
        .kind = COLUMN_TOTAL, .name = VIEW("total"), .unit = currency_unit(terms)};
    add_column(simulation, &column);

    column.is_shown = true;
    column.kind = COLUMN_PAY;
    for (size_t i = 0; i < terms->pay_count; i++) {
        column.name = terms->pays[i].line_name;
        column.line = terms->pays[i].line;
        add_column(simulation, &column);
    }
    column.kind = COLUMN_PAYER;
    column.line = SIZE_MAX;
    column.is_shown = terms->pay_count > 1;
    size_t payer_count = 0;
    for (size_t i = 0; i < terms->pay_count; i++) {
        column.name = terms->pays[i].from;
        if (!has_payer_column(simulation, column.name)) {
            add_column(simulation, &column);
            payer_count++;
        }
    }
    simulation->columns[COLUMN_TOTAL_INDEX].is_shown = payer_count != 1;
}

/* --- A life --- */

enum status simulation_init(struct simulation *simulation, const struct contract *contract,
                            size_t period)
{
    assert(period < contract->terms.period_count);
    *simulation = (struct simulation){.contract = contract, .period = period};
    TRY(assumptions_init(&simulation->assumptions, contract));
    simulation->columns = calloc(SIMULATION_COLUMNS_MAX, sizeof *simulation->columns);
    simulation->settings = calloc(SIMULATION_SETTINGS_MAX, sizeof *simulation->settings);
    if (simulation->columns == NULL || simulation->settings == NULL) {
        simulation_release(simulation);
        return STATUS_MEMORY;
    }
    add_pay_columns(simulation);
    return STATUS_OK;
}

void simulation_release(struct simulation *simulation)
{
    for (size_t i = 0; i < simulation->setting_count; i++) {
        rational_release(&simulation->settings[i].value);
    }
    free(simulation->settings);
    free(simulation->columns);
    assumptions_release(&simulation->assumptions);
    *simulation = (struct simulation){0};
}

/* --- What is set and varied --- */

static bool is_same_cell(const struct assumed_cell *a, const struct assumed_cell *b)
{
    return a->outcome == b->outcome && a->period == b->period && a->field == b->field;
}

static enum status find_unused(const struct simulation *simulation, struct view name,
                               struct input *ret_input, struct failure *failure)
{
    TRY(input_find(simulation->contract, simulation->period, name, ret_input, failure));
    bool is_used = false;
    for (size_t i = 0; i < simulation->setting_count; i++) {
        is_used = is_used || is_same_cell(&simulation->settings[i].input.cell, &ret_input->cell);
    }
    for (size_t i = 0; i < simulation->axis_count; i++) {
        is_used = is_used || (simulation->axes[i].is_known &&
                              is_same_cell(&simulation->axes[i].input.cell, &ret_input->cell));
    }
    if (is_used) {
        return fail(failure, STATUS_INVALID, "",
                    "%.*s has a value already: set or vary each number once", VIEW_ARGS(name));
    }
    return STATUS_OK;
}

static bool is_ratio(const struct input *input)
{
    return input->field == MEASURED_RATIO || input->field == MEASURED_CONTROL_RATIO;
}

static struct assumed_cell denominator_of(const struct input *input)
{
    struct assumed_cell cell = input->cell;
    cell.field =
        input->field == MEASURED_RATIO ? MEASURED_DENOMINATOR : MEASURED_CONTROL_DENOMINATOR;
    return cell;
}

/* Whether it is a ratio whose denominator is varied: it has a numerator at each point only. */
static bool is_over_axis(const struct simulation *simulation, const struct input *input)
{
    const struct assumed_cell denominator = denominator_of(input);
    for (size_t i = 0; i < simulation->axis_count && is_ratio(input); i++) {
        const struct simulation_input *axis = &simulation->axes[i];
        if (axis->is_known && is_same_cell(&axis->input.cell, &denominator)) {
            return true;
        }
    }
    return false;
}

/* Assumes the value of an input. A ratio moves the numerator over the denominator that is there. */
static enum status assume(struct simulation *simulation, const struct input *input,
                          const struct rational *value, struct failure *failure)
{
    if (!is_ratio(input)) {
        return assumptions_set_measured(&simulation->assumptions, &input->cell, value, failure);
    }
    const struct assumed_cell below = denominator_of(input);
    const struct rational *denominator = assumptions_measured(&simulation->assumptions, &below);
    if (denominator == NULL) {
        return fail(failure, STATUS_INVALID, "",
                    "%.*s.%s moves the numerator over a denominator: set %s too",
                    VIEW_ARGS(simulation->contract->terms.outcomes[below.outcome].name),
                    MEASURED_FIELD_NAMES[input->field], MEASURED_FIELD_NAMES[below.field]);
    }
    OWNED(rational_release) struct rational numerator;
    rational_init(&numerator);
    if (rational_multiply(&numerator, value, denominator) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                      "the numerator has too many digits");
    }
    return assumptions_set_measured(&simulation->assumptions, &input->cell, &numerator, failure);
}

enum status simulation_set(struct simulation *simulation, const struct setting *setting,
                           struct failure *failure)
{
    if (simulation->setting_count == SIMULATION_SETTINGS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "more than %d numbers are set",
                    SIMULATION_SETTINGS_MAX);
    }
    struct simulation_input *made = &simulation->settings[simulation->setting_count];
    struct input input;
    TRY(find_unused(simulation, setting->name, &input, failure));
    if (!is_over_axis(simulation, &input)) {
        TRY(assume(simulation, &input, &setting->value, failure));
    }
    *made = (struct simulation_input){.is_known = true, .input = input};
    rational_init(&made->value);
    rational_set(&made->value, &setting->value);
    simulation->setting_count++;
    return STATUS_OK;
}

static enum status add_axis(struct simulation *simulation, const struct simulation_input *axis,
                            struct failure *failure)
{
    if (simulation->axis_count == SIMULATION_AXES_MAX) {
        return fail(failure, STATUS_LIMIT, "", "more than %d numbers are varied",
                    SIMULATION_AXES_MAX);
    }
    simulation->axes[simulation->axis_count] = *axis;
    simulation->axis_count++;
    return STATUS_OK;
}

enum status simulation_vary(struct simulation *simulation, struct view name,
                            struct failure *failure)
{
    struct simulation_input axis = {.is_known = true};
    TRY(find_unused(simulation, name, &axis.input, failure));
    return add_axis(simulation, &axis, failure);
}

enum status simulation_vary_nothing(struct simulation *simulation, struct failure *failure)
{
    return add_axis(simulation, &(struct simulation_input){.is_known = false}, failure);
}

enum status simulation_show_line(struct simulation *simulation, struct view name,
                                 struct failure *failure)
{
    const struct terms *terms = &simulation->contract->terms;
    size_t line = terms_find_line(terms, name);
    if (line == SIZE_MAX) {
        OWNED(buffer_release) struct buffer names;
        buffer_init(&names, NAMES_TEXT_MAX);
        for (size_t i = 0; i < terms->line_count; i++) {
            const char *between = i == 0 ? "" : ", ";
            if (buffer_append_format(&names, "%s%.*s", between, VIEW_ARGS(terms->lines[i].name)) !=
                STATUS_OK) {
                break; /* the reason is cut there, too */
            }
        }
        return refuse(failure, RULE_LINE_UNKNOWN, "", "%.*s has no line %.*s; it has %.*s",
                      VIEW_ARGS(simulation->contract->name), VIEW_ARGS(name),
                      VIEW_ARGS(buffer_view(&names)));
    }
    if (simulation->column_count == SIMULATION_COLUMNS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "more than %d columns", SIMULATION_COLUMNS_MAX);
    }
    add_column(simulation, &(struct column){
                               .kind = COLUMN_LINE,
                               .name = terms->lines[line].name,
                               .line = line,
                               .unit = terms->lines[line].unit,
                               .is_shown = true,
                           });
    return STATUS_OK;
}

/* --- What is missing --- */

/* The cells that are needed and not there, each once. */
struct missing {
    const struct simulation *simulation;
    bool *is_told; /* [period][outcome][field] */
    struct buffer names;
};

static bool is_given(const struct simulation *simulation, const struct assumed_cell *cell)
{
    for (size_t i = 0; i < simulation->axis_count; i++) {
        const struct simulation_input *axis = &simulation->axes[i];
        if (axis->is_known && is_same_cell(&axis->input.cell, cell)) {
            return true;
        }
    }
    for (size_t i = 0; i < simulation->setting_count; i++) {
        if (is_same_cell(&simulation->settings[i].input.cell, cell)) {
            return true;
        }
    }
    return assumptions_measured(&simulation->assumptions, cell) != NULL;
}

static void note_cell(struct missing *missing, const struct assumed_cell *cell)
{
    const struct terms *terms = &missing->simulation->contract->terms;
    size_t place = cell->period * terms->outcome_count + cell->outcome;
    bool *is_told = &missing->is_told[place * MEASURED_STATED_COUNT + cell->field];
    if (*is_told || is_given(missing->simulation, cell)) {
        return;
    }
    *is_told = true;
    if (missing->names.size > 0) {
        /* A list that is too long for a reason is cut; what it names is missing in any case. */
        enum status status = buffer_append_text(&missing->names, ", ");
        (void)status;
    }
    enum status status = input_write(terms, missing->simulation->period, cell, &missing->names);
    (void)status;
}

static void note_operand(struct missing *missing, const struct operand *operand)
{
    if (operand->kind != OPERAND_MEASURED) {
        return;
    }
    struct assumed_cell cell = {.outcome = operand->index,
                                .period = operand->period == OPERAND_SETTLED_PERIOD
                                              ? missing->simulation->period
                                              : operand->period,
                                .field = operand->field};
    if (operand->field == MEASURED_RATIO || operand->field == MEASURED_CONTROL_RATIO) {
        bool is_control = operand->field == MEASURED_CONTROL_RATIO;
        cell.field = is_control ? MEASURED_CONTROL_NUMERATOR : MEASURED_NUMERATOR;
        note_cell(missing, &cell);
        cell.field = is_control ? MEASURED_CONTROL_DENOMINATOR : MEASURED_DENOMINATOR;
    }
    note_cell(missing, &cell);
}

static void note_item(struct missing *missing, const struct card_item *item)
{
    note_operand(missing, &item->count);
    note_operand(missing, &item->price);
    if (item->has_multiplier) {
        note_operand(missing, &item->multiplier);
    }
    if (item->has_count_at_most) {
        note_operand(missing, &item->count_at_most);
    }
    if (item->has_amount_at_most) {
        note_operand(missing, &item->amount_at_most);
    }
}

/* What the line reads whichever way it takes: all but the results of its tables and conditions. */
static void note_line(struct missing *missing, const struct line *line)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        note_operand(missing, &line->operands[i]);
    }
    if (line->has_at_least) {
        note_operand(missing, &line->at_least);
    }
    if (line->has_at_most) {
        note_operand(missing, &line->at_most);
    }
    for (size_t i = 0; i < line->item_count; i++) {
        note_item(missing, &line->items[i]);
    }
    for (size_t i = 0; i < line->condition_count; i++) {
        const struct condition *condition = &line->conditions[i];
        for (size_t k = 0; k < condition_operand_count(condition); k++) {
            note_operand(missing, &condition->operands[k]);
        }
    }
}

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

enum status simulation_check(const struct simulation *simulation, struct failure *failure)
{
    const struct terms *terms = &simulation->contract->terms;
    size_t cell_count = terms->period_count * terms->outcome_count * MEASURED_STATED_COUNT;
    OWNED(freep) bool *is_told = calloc(cell_count + 1, sizeof *is_told);
    if (is_told == NULL) {
        return fail_memory(failure);
    }
    struct missing missing = {.simulation = simulation, .is_told = is_told};
    buffer_init(&missing.names, NAMES_TEXT_MAX);
    for (size_t i = 0; i < terms->line_count; i++) {
        note_line(&missing, &terms->lines[i]);
    }
    enum status status = STATUS_OK;
    if (missing.names.size > 0) {
        status =
            refuse(failure, RULE_SETTLEMENT_NOT_MEASURED, "",
                   "%.*s needs a value for each of these, set or varied: %.*s",
                   VIEW_ARGS(simulation->contract->name), VIEW_ARGS(buffer_view(&missing.names)));
    }
    buffer_release(&missing.names);
    return status;
}

/* --- Points --- */

struct point *points_new(const struct simulation *simulation, size_t count)
{
    size_t column_count = simulation->column_count;
    struct point *points = calloc(count, sizeof *points);
    struct rational *values = calloc(count * column_count, sizeof *values);
    if (points == NULL || values == NULL) {
        free(points);
        free(values);
        return NULL;
    }
    for (size_t i = 0; i < count * column_count; i++) {
        rational_init(&values[i]);
    }
    for (size_t i = 0; i < count; i++) {
        points[i].values = values + i * column_count;
    }
    return points;
}

void points_free(struct point *points, const struct simulation *simulation, size_t count)
{
    if (points == NULL) {
        return;
    }
    struct rational *values = points[0].values;
    for (size_t i = 0; i < count * simulation->column_count; i++) {
        rational_release(&values[i]);
    }
    free(values);
    free(points);
}

static enum status add_pays(const struct simulation *simulation, const struct column *column,
                            const struct settlement *settlement, struct rational *ret_sum)
{
    const struct terms *terms = &simulation->contract->terms;
    rational_set_integer(ret_sum, 0);
    for (size_t i = 0; i < terms->pay_count; i++) {
        const struct pay *pay = &terms->pays[i];
        if (column->kind == COLUMN_TOTAL || view_equal(pay->from, column->name)) {
            TRY(rational_add(ret_sum, ret_sum, &settlement->values.lines[pay->line].value));
        }
    }
    return STATUS_OK;
}

static enum status fill_point(const struct simulation *simulation,
                              const struct settlement *settlement, struct point *point)
{
    for (size_t i = 0; i < simulation->column_count; i++) {
        const struct column *column = &simulation->columns[i];
        switch (column->kind) {
        case COLUMN_TOTAL:
        case COLUMN_PAYER:
            TRY(add_pays(simulation, column, settlement, &point->values[i]));
            break;
        case COLUMN_PAY:
        case COLUMN_LINE:
            rational_set(&point->values[i], &settlement->values.lines[column->line].value);
            break;
        }
    }
    return STATUS_OK;
}

static void note_refusal(struct simulation *simulation, enum rule rule,
                         const struct failure *failure)
{
    for (size_t i = 0; i < simulation->refusal_count; i++) {
        if (simulation->refusals[i].rule == rule) {
            return;
        }
    }
    if (simulation->refusal_count < SIMULATION_REFUSALS_MAX) {
        struct simulation_refusal *refusal = &simulation->refusals[simulation->refusal_count];
        refusal->rule = rule;
        memcpy(refusal->reason, failure->reason, sizeof refusal->reason);
        simulation->refusal_count++;
    }
}

/* Ratios come last: their denominators may be varied, too. */
enum status simulation_assume(struct simulation *simulation, const struct rational *at,
                              struct failure *failure)
{
    for (size_t i = 0; i < simulation->axis_count; i++) {
        const struct simulation_input *axis = &simulation->axes[i];
        if (axis->is_known && !is_ratio(&axis->input)) {
            TRY(assume(simulation, &axis->input, &at[i], failure));
        }
    }
    for (size_t i = 0; i < simulation->setting_count; i++) {
        const struct simulation_input *setting = &simulation->settings[i];
        if (is_ratio(&setting->input)) {
            TRY(assume(simulation, &setting->input, &setting->value, failure));
        }
    }
    for (size_t i = 0; i < simulation->axis_count; i++) {
        const struct simulation_input *axis = &simulation->axes[i];
        if (axis->is_known && is_ratio(&axis->input)) {
            TRY(assume(simulation, &axis->input, &at[i], failure));
        }
    }
    for (size_t i = 0; i < simulation->axis_count; i++) {
        const struct simulation_input *axis = &simulation->axes[i];
        if (axis->is_known) {
            TRY(assumptions_check_measured(&simulation->assumptions, &axis->input.cell, failure));
        }
    }
    return STATUS_OK;
}

static enum status compute(struct simulation *simulation, const struct rational *at,
                           struct settlement *settlement, struct point *ret_point,
                           struct failure *failure)
{
    const struct settlement_source source = assumptions_source(&simulation->assumptions);
    TRY(simulation_assume(simulation, at, failure));
    TRY(settlement_compute(&source, simulation->period, settlement, failure));
    TRY(assumptions_check_caps(&simulation->assumptions, settlement, failure));
    if (fill_point(simulation, settlement, ret_point) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "", "a sum has too many digits");
    }
    return STATUS_OK;
}

enum status simulation_compute(struct simulation *simulation, const struct rational *at,
                               struct settlement *settlement, struct point *ret_point,
                               struct failure *failure)
{
    settlement->values.count = 0; /* a refusal before the first line leaves none of earlier ones */
    ret_point->refused = RULE_NONE;
    enum status status = compute(simulation, at, settlement, ret_point, failure);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    enum rule rule = rule_by_name(failure->code);
    if (rule == RULE_NONE) {
        return status;
    }
    for (size_t i = 0; i < simulation->column_count; i++) {
        rational_set_integer(&ret_point->values[i], 0);
    }
    ret_point->refused = rule;
    note_refusal(simulation, rule, failure);
    return STATUS_OK;
}

enum status simulation_tell(enum status status, struct failure *failure)
{
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    if (status == STATUS_LIMIT) {
        return fail(failure, STATUS_LIMIT, "", "the numbers have too many digits to be followed");
    }
    return status;
}

/* --- Grids --- */

enum status grid_count(const struct axis *axes, size_t axis_count, size_t *ret_count,
                       struct failure *failure)
{
    size_t count = 1;
    for (size_t i = 0; i < axis_count; i++) {
        count *= axes[i].count; /* both factors are at most AXIS_VALUES_MAX */
        if (count > AXIS_VALUES_MAX) {
            return fail(failure, STATUS_LIMIT, "",
                        "more than %d rows; take larger steps or vary fewer numbers",
                        AXIS_VALUES_MAX);
        }
    }
    *ret_count = count;
    return STATUS_OK;
}

enum status grid_at(const struct axis *axes, size_t axis_count, size_t index,
                    struct rational *ret_at)
{
    for (size_t i = axis_count; i > 0; i--) {
        const struct axis *axis = &axes[i - 1];
        TRY(axis_value(axis, index % axis->count, &ret_at[i - 1]));
        index /= axis->count;
    }
    return STATUS_OK;
}

static enum status compute_grid(struct simulation *simulation, const struct axis *axes,
                                struct settlement *settlement, struct rational *at,
                                struct point *ret_points, struct failure *failure)
{
    size_t count = 0;
    TRY(grid_count(axes, simulation->axis_count, &count, failure));
    for (size_t i = 0; i < count; i++) {
        TRY(grid_at(axes, simulation->axis_count, i, at));
        TRY(simulation_compute(simulation, at, settlement, &ret_points[i], failure));
    }
    return STATUS_OK;
}

enum status simulation_grid(struct simulation *simulation, const struct axis *axes,
                            struct point *ret_points, struct failure *failure)
{
    struct rational at[SIMULATION_AXES_MAX];
    for (size_t i = 0; i < SIMULATION_AXES_MAX; i++) {
        rational_init(&at[i]);
    }
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status = compute_grid(simulation, axes, &settlement, at, ret_points, failure);
    settlement_release(&settlement);
    for (size_t i = 0; i < SIMULATION_AXES_MAX; i++) {
        rational_release(&at[i]);
    }
    return status;
}
