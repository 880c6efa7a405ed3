#include "cli/simulated.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"
#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

/* --- What is shown --- */

static const struct simulation *knower_of(const struct simulated *simulated, size_t axis)
{
    size_t i = simulated->simulations[0].axes[axis].is_known ? 0 : 1;
    return &simulated->simulations[i];
}

struct unit simulated_axis_unit(const struct simulated *simulated, size_t axis)
{
    const struct simulation *simulation = knower_of(simulated, axis);
    return input_unit(&simulation->contract->terms, &simulation->axes[axis].input);
}

struct view simulated_axis_label(const struct simulated *simulated, size_t axis)
{
    const struct simulation *simulation = knower_of(simulated, axis);
    size_t outcome = simulation->axes[axis].input.cell.outcome;
    return display_localized(&simulation->contract->terms.outcomes[outcome].label);
}

enum status simulated_write_axis(const struct simulated *simulated, size_t axis,
                                 struct buffer *buffer)
{
    enum measured_field field = knower_of(simulated, axis)->axes[axis].input.field;
    TRY(buffer_append(buffer, simulated_axis_label(simulated, axis)));
    return field == MEASURED_VALUE ? STATUS_OK
                                   : buffer_append_format(buffer, ", %s", word_of_field(field));
}

static size_t line_place(const struct simulation *simulation, size_t column)
{
    size_t place = 0;
    for (size_t i = 0; i < column; i++) {
        place += simulation->columns[i].kind == COLUMN_LINE;
    }
    return place;
}

bool simulated_is_compared(const struct simulated *simulated, size_t column)
{
    enum column_kind kind = simulated->simulations[0].columns[column].kind;
    return kind == COLUMN_TOTAL || kind == COLUMN_LINE;
}

size_t simulated_counterpart(const struct simulated *simulated, size_t column)
{
    if (simulated->simulations[0].columns[column].kind == COLUMN_TOTAL) {
        return COLUMN_TOTAL_INDEX;
    }
    const struct simulation *second = &simulated->simulations[1];
    size_t wanted = line_place(&simulated->simulations[0], column);
    size_t i = 0;
    while (second->columns[i].kind != COLUMN_LINE || line_place(second, i) != wanted) {
        i++; /* both show the same lines */
    }
    return i;
}

enum status simulated_difference(const struct simulated *simulated, size_t row, size_t column,
                                 struct rational *ret_difference)
{
    return rational_subtract(
        ret_difference, &simulated->rows[1][row].values[simulated_counterpart(simulated, column)],
        &simulated->rows[0][row].values[column]);
}

enum status simulated_row_differs(const struct simulated *simulated, size_t row, bool *ret_differs)
{
    const struct point *first = &simulated->rows[0][row];
    const struct point *second = &simulated->rows[1][row];
    OWNED(rational_release) struct rational difference;
    rational_init(&difference);
    *ret_differs = first->refused != second->refused;
    for (size_t i = 0; i < simulated->simulations[0].column_count; i++) {
        if (simulated_is_compared(simulated, i) && first->refused == RULE_NONE &&
            second->refused == RULE_NONE) {
            TRY(simulated_difference(simulated, row, i, &difference));
            *ret_differs = *ret_differs || rational_sign(&difference) != 0;
        }
    }
    return STATUS_OK;
}

const struct trace *simulated_trace(const struct simulated *simulated, size_t contract)
{
    if (simulated->contract_count == 1) {
        return &simulated->trace;
    }
    return contract == 0 ? &simulated->comparison.first : &simulated->comparison.second;
}

/* --- Causes --- */

const char *simulated_turn_name(enum turn_kind kind)
{
    static const char *const NAMES[] = {
        [TURN_AT_LEAST] = "lower_limit",
        [TURN_AT_MOST] = "upper_limit",
        [TURN_STEP] = "threshold",
        [TURN_CHOICE] = "choice",
        [TURN_CONDITION] = "condition",
        [TURN_COUNT] = "count_limit",
        [TURN_AMOUNT] = "amount_limit",
        [TURN_ROUNDING] = "rounding",
        [TURN_SIGN] = "zero",
        [TURN_CAP] = "cap",
    };
    return NAMES[kind];
}

static enum status write_step(const struct line *line, const struct step *step,
                              struct buffer *buffer)
{
    struct display threshold = display_value(&step->threshold.constant, &step->threshold.unit);
    if (line->operation == OPERATION_CURVE) {
        return buffer_append_format(buffer, _("a point of the curve, at %s"), threshold.text);
    }
    if (line->operation == OPERATION_BRACKETS) {
        return buffer_append_format(buffer, _("the block from %s"), threshold.text);
    }
    return buffer_append_format(
        buffer, step->is_above ? _("the tier above %s") : _("the tier from %s"), threshold.text);
}

static enum status write_item(const char *what, const struct card_item *item, struct buffer *buffer)
{
    struct view label = display_localized(&item->label);
    return buffer_append_format(buffer, "%s %.*s", what, VIEW_ARGS(label));
}

static enum status write_turn_of_line(const struct line *line, const struct turn *turn,
                                      struct buffer *buffer)
{
    struct view label = display_localized(&line->label);
    TRY(buffer_append_format(buffer, "%.*s: ", VIEW_ARGS(label)));
    switch (turn->kind) {
    case TURN_AT_LEAST:
        return buffer_append_text(buffer, _("the lower limit"));
    case TURN_AT_MOST:
        return buffer_append_text(buffer, _("the upper limit"));
    case TURN_STEP:
        return write_step(line, &line->steps[turn->index], buffer);
    case TURN_CHOICE:
        return buffer_append_text(buffer, line->operation == OPERATION_MINIMUM
                                              ? _("another amount becomes the least")
                                              : _("another amount becomes the greatest"));
    case TURN_CONDITION:
        return buffer_append_text(buffer, _("a condition begins or ceases to hold"));
    case TURN_COUNT:
        return write_item(_("the limit to the count of"), &line->items[turn->index], buffer);
    case TURN_AMOUNT:
        return write_item(_("the limit to the amount for"), &line->items[turn->index], buffer);
    case TURN_ROUNDING:
        return buffer_append_text(buffer, _("rounding"));
    case TURN_SIGN:
        return buffer_append_text(buffer, _("zero is passed"));
    case TURN_CAP:
        break;
    }
    return STATUS_OK;
}

static enum status write_turn(const struct contract *contract, const struct turn *turn,
                              struct buffer *buffer)
{
    if (turn->kind == TURN_CAP) {
        return buffer_append_format(buffer, _("the cap of %.*s"),
                                    VIEW_ARGS(contract->caps[turn->index].party));
    }
    return write_turn_of_line(&contract->terms.lines[turn->line], turn, buffer);
}

enum status simulated_write_causes(const struct simulated *simulated, size_t contract, size_t place,
                                   struct buffer *buffer)
{
    const struct trace *trace = simulated_trace(simulated, contract);
    const struct place *found = &trace->places->items[place];
    size_t written = 0;
    for (size_t i = 0; i < found->cause_count; i++) {
        if (found->owners[i] != contract || found->causes[i].kind == TURN_ROUNDING) {
            continue;
        }
        TRY(buffer_append_text(buffer, written == 0 ? "" : "; "));
        TRY(write_turn(simulated->simulations[contract].contract, &found->causes[i], buffer));
        written++;
    }
    return written > 0 ? STATUS_OK
                       : buffer_append_text(buffer, _("the limit of what can be settled"));
}

/* --- Places, sides and ranges --- */

static struct display axis_value_text(const struct simulated *simulated, const struct rational *x)
{
    struct unit unit = simulated_axis_unit(simulated, 0);
    return display_value(x, &unit);
}

enum status simulated_write_place(const struct simulated *simulated, const struct place *place,
                                  struct buffer *buffer)
{
    return buffer_append_format(buffer, place->is_exact ? "%s" : _("about %s"),
                                axis_value_text(simulated, &place->x).text);
}

/* The payout at a point, or why there is none. */
static struct display point_text(const struct simulated *simulated, size_t contract,
                                 const struct point *point)
{
    if (point->refused != RULE_NONE) {
        struct display code;
        (void)snprintf(code.text, sizeof code.text, "%s", rule_name(point->refused));
        return code;
    }
    const struct column *column = &simulated->simulations[contract].columns[COLUMN_TOTAL_INDEX];
    return display_value(&point->values[COLUMN_TOTAL_INDEX], &column->unit);
}

static bool is_same_point(const struct point *a, const struct point *b)
{
    return a->refused == b->refused &&
           rational_compare(&a->values[COLUMN_TOTAL_INDEX], &b->values[COLUMN_TOTAL_INDEX]) == 0;
}

enum status simulated_write_sides(const struct simulated *simulated, size_t contract, size_t place,
                                  struct buffer *buffer)
{
    const struct trace *trace = simulated_trace(simulated, contract);
    const struct point *at = &trace->at[place];
    enum course course = trace_course(trace, place, COLUMN_TOTAL_INDEX);
    bool has_sides = course == COURSE_JUMP || course == COURSE_EDGE;
    TRY(buffer_append_format(buffer,
                             at->refused == RULE_NONE ? _("payout %s") : _("no settlement, %s"),
                             point_text(simulated, contract, at).text));
    if (has_sides && !is_same_point(at, &trace->before[place])) {
        TRY(buffer_append_format(buffer, _(", just below %s"),
                                 point_text(simulated, contract, &trace->before[place]).text));
    }
    if (has_sides && !is_same_point(at, &trace->after[place])) {
        TRY(buffer_append_format(buffer, _(", just above %s"),
                                 point_text(simulated, contract, &trace->after[place]).text));
    }
    return STATUS_OK;
}

static enum status write_ends(const struct simulated *simulated,
                              const struct difference_range *range, struct buffer *buffer)
{
    struct display from = axis_value_text(simulated, &range->from);
    struct display to = axis_value_text(simulated, &range->to);
    if (rational_compare(&range->from, &range->to) == 0) {
        return buffer_append_format(buffer, _("at %s"), from.text);
    }
    TRY(buffer_append_format(buffer, range->has_from ? _("from %s") : _("above %s"), from.text));
    return buffer_append_format(
        buffer, range->has_to ? _(" up to and including %s") : _(" to below %s"), to.text);
}

static enum status write_most(const struct simulated *simulated,
                              const struct difference_range *range,
                              const struct difference_most *most, struct buffer *buffer)
{
    const struct unit *unit = &simulated->simulations[0].columns[COLUMN_TOTAL_INDEX].unit;
    bool is_more = rational_sign(&range->greatest) > 0;
    TRY(buffer_append_format(
        buffer, is_more ? _(": B is more, by at most %s") : _(": B is less, by at most %s"),
        display_value(&most->amount, unit).text));
    return buffer_append_format(buffer, most->is_reached ? _(", at %s") : _(", close to %s"),
                                axis_value_text(simulated, most->at).text);
}

static enum status write_amount(const struct simulated *simulated,
                                const struct difference_range *range, struct buffer *buffer)
{
    struct difference_most most;
    rational_init(&most.amount);
    difference_find_most(range, &most);
    enum status status = write_most(simulated, range, &most, buffer);
    rational_release(&most.amount);
    return status;
}

enum status simulated_write_range(const struct simulated *simulated,
                                  const struct difference_range *range, struct buffer *buffer)
{
    TRY(write_ends(simulated, range, buffer));
    if (range->has_amount) {
        TRY(write_amount(simulated, range, buffer));
    }
    if (range->is_refusal) {
        TRY(buffer_append_text(buffer,
                               _(": one cannot be settled, or both cannot for different reasons")));
    }
    return STATUS_OK;
}

/* --- What was set --- */

enum status simulated_write_settings(const struct simulated *simulated, struct buffer *buffer)
{
    for (size_t i = 0; i < simulated->setting_count; i++) {
        const struct setting *setting = &simulated->settings[i];
        TRY(buffer_append_format(buffer, "%s%.*s = %s", i == 0 ? "" : ", ",
                                 VIEW_ARGS(setting->name), display_number(&setting->value).text));
    }
    return STATUS_OK;
}

static void note_funded(void *context, const struct operand *operand)
{
    bool *is_read = context;
    *is_read = *is_read || operand->kind == OPERAND_FUNDED;
}

enum status simulated_write_funded(const struct simulated *simulated, size_t contract,
                                   const char *end, struct buffer *buffer)
{
    const struct simulation *simulation = &simulated->simulations[contract];
    const struct terms *terms = &simulation->contract->terms;
    bool is_read = false;
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_funded, &is_read);
    }
    const struct unit *unit = &simulation->columns[COLUMN_TOTAL_INDEX].unit;
    for (size_t i = 0; i < simulation->assumptions.funding_count && is_read; i++) {
        const struct assumed_funding *funding = &simulation->assumptions.fundings[i];
        if (simulated->contract_count == 2) {
            TRY(buffer_append_text(buffer, contract == 0 ? "A: " : "B: "));
        }
        TRY(buffer_append_format(buffer, _("Placed by %.*s: %s"), VIEW_ARGS(funding->investor),
                                 display_value(&funding->total, unit).text));
        TRY(buffer_append_text(buffer, end));
    }
    return STATUS_OK;
}
