/* The answer of `utfall simulate` for programs: CSV and JSON, in no language. */

#include "cli/simulated.h"

#include "cli/output.h"
#include "ledger/base/ownership.h"

#include <string.h>

#define NUMBER_MAX 2200 /* a fraction of 1000 digits a side */

/* --- CSV --- */

/* A plain decimal, with the currency's decimals where there is one; else an exact fraction. */
static enum status write_number(const struct rational *value, unsigned decimals_min,
                                struct buffer *buffer)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, NUMBER_MAX);
    bool is_exact;
    unsigned most = DECIMAL_FRACTION_DIGITS_MAX;
    TRY(rational_write_decimal(value, decimals_min, most, &text, &is_exact));
    return is_exact ? buffer_append(buffer, buffer_view(&text))
                    : rational_write_fraction(value, buffer);
}

static unsigned decimals_of(const struct simulation *simulation, size_t column)
{
    bool is_line = simulation->columns[column].kind == COLUMN_LINE;
    return is_line ? 0 : simulation->contract->terms.currency.decimals;
}

static enum status write_names(const struct simulated *simulated, struct buffer *buffer)
{
    for (size_t i = 0; i < simulated->axis_count; i++) {
        TRY(buffer_append_format(buffer, "%.*s,", VIEW_ARGS(simulated->axes[i].name)));
    }
    const struct simulation *first = &simulated->simulations[0];
    for (size_t i = 0; i < first->column_count; i++) {
        struct view name = first->columns[i].name;
        if (simulated->contract_count == 1 && first->columns[i].is_shown) {
            TRY(buffer_append_format(buffer, "%.*s,", VIEW_ARGS(name)));
        } else if (simulated->contract_count == 2 && simulated_is_compared(simulated, i)) {
            TRY(buffer_append_format(buffer, "A %.*s,B %.*s,B-A %.*s,", VIEW_ARGS(name),
                                     VIEW_ARGS(name), VIEW_ARGS(name)));
        }
    }
    return buffer_append_text(
        buffer, simulated->contract_count == 1 ? "refused\n" : "differs,A refused,B refused\n");
}

static enum status write_axis_values(const struct simulated *simulated, size_t row,
                                     struct buffer *buffer)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    size_t below = simulated->row_count;
    for (size_t i = 0; i < simulated->axis_count; i++) {
        below /= simulated->axes[i].count;
        TRY(axis_value(&simulated->axes[i], row / below % simulated->axes[i].count, &value));
        TRY(write_number(&value, 0, buffer));
        TRY(buffer_append_byte(buffer, ','));
    }
    return STATUS_OK;
}

/* The value and a comma; only the comma where the row was refused. */
static enum status write_value(const struct simulated *simulated, size_t contract, size_t row,
                               size_t column, struct buffer *buffer)
{
    const struct point *point = &simulated->rows[contract][row];
    if (point->refused == RULE_NONE) {
        TRY(write_number(&point->values[column],
                         decimals_of(&simulated->simulations[contract], column), buffer));
    }
    return buffer_append_byte(buffer, ',');
}

static const char *refusal_of(const struct simulated *simulated, size_t contract, size_t row)
{
    enum rule refused = simulated->rows[contract][row].refused;
    return refused == RULE_NONE ? "" : rule_name(refused);
}

static enum status write_row(const struct simulated *simulated, size_t row, struct buffer *buffer)
{
    const struct simulation *simulation = &simulated->simulations[0];
    for (size_t i = 0; i < simulation->column_count; i++) {
        if (simulation->columns[i].is_shown) {
            TRY(write_value(simulated, 0, row, i, buffer));
        }
    }
    return buffer_append_format(buffer, "%s\n", refusal_of(simulated, 0, row));
}

static enum status write_pair(const struct simulated *simulated, size_t row, struct buffer *buffer)
{
    OWNED(rational_release) struct rational difference;
    rational_init(&difference);
    bool is_computed = simulated->rows[0][row].refused == RULE_NONE &&
                       simulated->rows[1][row].refused == RULE_NONE;
    for (size_t i = 0; i < simulated->simulations[0].column_count; i++) {
        if (!simulated_is_compared(simulated, i)) {
            continue;
        }
        TRY(write_value(simulated, 0, row, i, buffer));
        TRY(write_value(simulated, 1, row, simulated_counterpart(simulated, i), buffer));
        if (is_computed) {
            TRY(simulated_difference(simulated, row, i, &difference));
            TRY(write_number(&difference, decimals_of(&simulated->simulations[0], i), buffer));
        }
        TRY(buffer_append_byte(buffer, ','));
    }
    bool differs;
    TRY(simulated_row_differs(simulated, row, &differs));
    return buffer_append_format(buffer, "%s,%s,%s\n", differs ? "*" : "",
                                refusal_of(simulated, 0, row), refusal_of(simulated, 1, row));
}

enum status simulated_write_csv(const struct simulated *simulated, struct buffer *buffer)
{
    TRY(write_names(simulated, buffer));
    for (size_t i = 0; i < simulated->row_count; i++) {
        TRY(write_axis_values(simulated, i, buffer));
        TRY(simulated->contract_count == 1 ? write_row(simulated, i, buffer)
                                           : write_pair(simulated, i, buffer));
    }
    return STATUS_OK;
}

/* --- JSON: numbers are fractions, as in settlements --- */

static enum status push_value(struct json *array, const struct rational *value)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, NUMBER_MAX);
    TRY(rational_write_fraction(value, &text));
    return json_push_string(array, buffer_view(&text));
}

static enum status set_unit(struct json *object, const struct unit *unit)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, SHAPE_UNIT_COMPUTED_SIZE_MAX);
    TRY(unit_write(unit, &text));
    return json_set_string(object, "unit", buffer_view(&text));
}

static enum status push_setting(const struct setting *setting, struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "name", setting->name));
    TRY(output_set_value(object, "value", &setting->value));
    return json_push(array, STEAL(object));
}

static enum status push_axis(const struct simulated *simulated, size_t index, struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    const struct axis *axis = &simulated->axes[index];
    struct unit unit = simulated_axis_unit(simulated, index);
    TRY(json_set_string(object, "name", axis->name));
    TRY(json_set_string(object, "label", simulated_axis_label(simulated, index)));
    TRY(set_unit(object, &unit));
    TRY(output_set_value(object, "from", &axis->from));
    TRY(output_set_value(object, "to", &axis->to));
    TRY(output_set_value(object, "step", &axis->step));
    return json_push(array, STEAL(object));
}

static enum status push_column(const struct column *column, struct json *array)
{
    static const char *const KINDS[] = {
        [COLUMN_TOTAL] = "total",
        [COLUMN_PAY] = "pay",
        [COLUMN_PAYER] = "payer",
        [COLUMN_LINE] = "line",
    };
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "kind", view_of(KINDS[column->kind])));
    TRY(json_set_string(object, "name", column->name));
    TRY(set_unit(object, &column->unit));
    return json_push(array, STEAL(object));
}

/* Sets `member` to the values of a point, or `refused` to why it has none. */
static enum status set_point(const struct simulation *simulation, const struct point *point,
                             const char *member, struct json *object)
{
    if (point->refused != RULE_NONE) {
        return json_set_string(object, "refused", view_of(rule_name(point->refused)));
    }
    OWNED(json_freep) struct json *values = json_new_array();
    if (values == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < simulation->column_count; i++) {
        TRY(push_value(values, &point->values[i]));
    }
    return json_set(object, member, STEAL(values));
}

static enum status push_row(const struct simulated *simulated, size_t contract, size_t row,
                            struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *at = json_new_array();
    if (object == NULL || at == NULL) {
        return STATUS_MEMORY;
    }
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    size_t below = simulated->row_count;
    for (size_t i = 0; i < simulated->axis_count; i++) {
        below /= simulated->axes[i].count;
        TRY(axis_value(&simulated->axes[i], row / below % simulated->axes[i].count, &value));
        TRY(push_value(at, &value));
    }
    TRY(json_set(object, "at", STEAL(at)));
    TRY(set_point(&simulated->simulations[contract], &simulated->rows[contract][row], "values",
                  object));
    if (simulated->contract_count == 2) {
        bool differs;
        TRY(simulated_row_differs(simulated, row, &differs));
        TRY(json_set_boolean(object, "differs", differs));
    }
    return json_push(array, STEAL(object));
}

static enum status push_cause(const struct contract *contract, const struct turn *turn,
                              struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "kind", view_of(simulated_turn_name(turn->kind))));
    TRY(turn->kind == TURN_CAP
            ? json_set_string(object, "payer", contract->caps[turn->index].party)
            : json_set_string(object, "line", contract->terms.lines[turn->line].name));
    return json_push(array, STEAL(object));
}

static enum status set_causes(const struct simulated *simulated, size_t contract,
                              const struct place *place, struct json *object)
{
    OWNED(json_freep) struct json *causes = json_new_array();
    if (causes == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < place->cause_count; i++) {
        if (place->owners[i] == contract) {
            TRY(push_cause(simulated->simulations[contract].contract, &place->causes[i], causes));
        }
    }
    return json_set(object, "causes", STEAL(causes));
}

/* A side of a threshold: its values, or why there are none. */
static enum status set_side(const struct simulation *simulation, const struct point *point,
                            const char *name, struct json *object)
{
    OWNED(json_freep) struct json *side = json_new_object();
    if (side == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_point(simulation, point, "values", side));
    return json_set(object, name, STEAL(side));
}

static enum status push_threshold(const struct simulated *simulated, size_t contract, size_t index,
                                  struct json *array)
{
    static const char *const COURSES[] = {
        [COURSE_STRAIGHT] = "straight",
        [COURSE_BEND] = "bend",
        [COURSE_JUMP] = "jump",
        [COURSE_EDGE] = "edge",
    };
    const struct trace *trace = simulated_trace(simulated, contract);
    const struct place *place = &trace->places->items[index];
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_value(object, "at", &place->x));
    TRY(json_set_boolean(object, "exact", place->is_exact));
    TRY(json_set_string(object, "course",
                        view_of(COURSES[trace_course(trace, index, COLUMN_TOTAL_INDEX)])));
    TRY(set_side(trace->simulation, &trace->before[index], "before", object));
    TRY(set_side(trace->simulation, &trace->at[index], "value", object));
    TRY(set_side(trace->simulation, &trace->after[index], "after", object));
    TRY(set_causes(simulated, contract, place, object));
    return json_push(array, STEAL(object));
}

static enum status set_thresholds(const struct simulated *simulated, size_t contract,
                                  struct json *object)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    const struct trace *trace = simulated_trace(simulated, contract);
    for (size_t i = 0; i < trace->count; i++) {
        if (trace_is_threshold(trace, i)) {
            TRY(push_threshold(simulated, contract, i, array));
        }
    }
    TRY(json_set_boolean(object, "thresholds_complete", !trace->places->is_cut));
    return json_set(object, "thresholds", STEAL(array));
}

static enum status set_refusals(const struct simulation *simulation, struct json *object)
{
    OWNED(json_freep) struct json *refusals = json_new_object();
    if (refusals == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < simulation->refusal_count; i++) {
        const struct simulation_refusal *refusal = &simulation->refusals[i];
        TRY(json_set_string(refusals, rule_name(refusal->rule), view_of(refusal->reason)));
    }
    return json_set(object, "refusals", STEAL(refusals));
}

static enum status push_contract(const struct simulated *simulated, size_t index,
                                 struct json *array)
{
    const struct simulation *simulation = &simulated->simulations[index];
    const struct terms *terms = &simulation->contract->terms;
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *columns = json_new_array();
    OWNED(json_freep) struct json *rows = json_new_array();
    if (object == NULL || columns == NULL || rows == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < simulation->column_count; i++) {
        TRY(push_column(&simulation->columns[i], columns));
    }
    for (size_t i = 0; i < simulated->row_count; i++) {
        TRY(push_row(simulated, index, i, rows));
    }
    TRY(json_set_string(object, "name", view_of(simulated->names[index])));
    TRY(json_set_string(object, "contract", simulation->contract->name));
    TRY(json_set_string(object, "period", terms->periods[simulation->period].name));
    TRY(json_set_string(object, "currency", view_of(terms->currency.code)));
    TRY(json_set(object, "columns", STEAL(columns)));
    TRY(json_set(object, "rows", STEAL(rows)));
    if (simulated->is_traced) {
        TRY(set_thresholds(simulated, index, object));
    }
    TRY(set_refusals(simulation, object));
    return json_push(array, STEAL(object));
}

static enum status push_range(const struct difference_range *range, struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_value(object, "from", &range->from));
    TRY(json_set_boolean(object, "from_included", range->has_from));
    TRY(output_set_value(object, "to", &range->to));
    TRY(json_set_boolean(object, "to_included", range->has_to));
    TRY(json_set_boolean(object, "refused", range->is_refusal));
    if (range->has_amount) {
        TRY(output_set_value(object, "least", &range->least));
        TRY(output_set_value(object, "least_at", &range->least_at));
        TRY(json_set_boolean(object, "least_reached", range->has_least));
        TRY(json_set_boolean(object, "greatest_reached", range->has_greatest));
        TRY(output_set_value(object, "greatest", &range->greatest));
        TRY(output_set_value(object, "greatest_at", &range->greatest_at));
    }
    return json_push(array, STEAL(object));
}

static enum status set_comparison(const struct simulated *simulated, struct json *object)
{
    OWNED(json_freep) struct json *ranges = json_new_array();
    if (ranges == NULL) {
        return STATUS_MEMORY;
    }
    uint64_t differing = 0;
    for (size_t i = 0; i < simulated->row_count; i++) {
        bool differs;
        TRY(simulated_row_differs(simulated, i, &differs));
        differing += differs;
    }
    TRY(output_set_count(object, "differing_rows", differing));
    if (!simulated->is_traced) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < simulated->comparison.range_count; i++) {
        TRY(push_range(&simulated->comparison.ranges[i], ranges));
    }
    return json_set(object, "differences", STEAL(ranges));
}

static enum status push_inputs(const struct simulated *simulated, struct json *object)
{
    OWNED(json_freep) struct json *settings = json_new_array();
    OWNED(json_freep) struct json *axes = json_new_array();
    if (settings == NULL || axes == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < simulated->setting_count; i++) {
        TRY(push_setting(&simulated->settings[i], settings));
    }
    for (size_t i = 0; i < simulated->axis_count; i++) {
        TRY(push_axis(simulated, i, axes));
    }
    TRY(json_set(object, "set", STEAL(settings)));
    return json_set(object, "vary", STEAL(axes));
}

enum status simulated_to_json(const struct simulated *simulated, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *contracts = json_new_array();
    if (object == NULL || contracts == NULL) {
        return STATUS_MEMORY;
    }
    TRY(push_inputs(simulated, object));
    for (size_t i = 0; i < simulated->contract_count; i++) {
        TRY(push_contract(simulated, i, contracts));
    }
    TRY(json_set(object, "contracts", STEAL(contracts)));
    if (simulated->contract_count == 2) {
        TRY(set_comparison(simulated, object));
    }
    *ret_object = STEAL(object);
    return STATUS_OK;
}
