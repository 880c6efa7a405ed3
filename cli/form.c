#include "cli/form.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>

#define OPERANDS_SHOWN 8 /* of a long sum */

/* --- Operands --- */

struct terms_form form_terms(const struct form *form)
{
    return (struct terms_form){
        .terms = &form->contract->terms,
        .period = form->period,
        .source = &form->source,
        .values = form->values,
    };
}

static enum status write_operand_value(const struct form *form, const struct operand *operand,
                                       struct buffer *buffer)
{
    if (operand->kind == OPERAND_UNPUBLISHED) {
        return buffer_append_text(buffer, _("not published"));
    }
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    if (terms_operand(&terms_form, operand, &value, &ignored) != STATUS_OK) {
        return buffer_append_text(buffer, "?");
    }
    return buffer_append_text(buffer, display_value(&value, &operand->unit).text);
}

/* " = 901 person / 1,000 person", of a ratio. */
static enum status write_counts(const struct form *form, const struct operand *operand,
                                struct buffer *buffer)
{
    bool is_control = operand->field == MEASURED_CONTROL_RATIO;
    if (operand->kind != OPERAND_MEASURED || (operand->field != MEASURED_RATIO && !is_control)) {
        return STATUS_OK;
    }
    struct operand count = *operand;
    count.unit = form->contract->terms.outcomes[operand->index].count_unit;
    count.field = is_control ? MEASURED_CONTROL_NUMERATOR : MEASURED_NUMERATOR;
    TRY(buffer_append_text(buffer, " = "));
    TRY(write_operand_value(form, &count, buffer));
    count.field = is_control ? MEASURED_CONTROL_DENOMINATOR : MEASURED_DENOMINATOR;
    TRY(buffer_append_text(buffer, " / "));
    return write_operand_value(form, &count, buffer);
}

/* What an operand is called: the line's label, the outcome's, or what the ledger sums. */
static enum status write_operand_name(const struct form *form, const struct operand *operand,
                                      struct buffer *buffer)
{
    const struct terms *terms = &form->contract->terms;
    switch (operand->kind) {
    case OPERAND_LINE:
        return buffer_append_format(buffer, "[%zu]", operand->index + 1);
    case OPERAND_MEASURED:
        TRY(buffer_append_format(
            buffer, "\"%.*s\"",
            VIEW_ARGS(display_localized(&terms->outcomes[operand->index].label))));
        if (operand->field != MEASURED_VALUE) {
            TRY(buffer_append_format(buffer, " (%s)", word_of_field(operand->field)));
        }
        if (operand->period_name.size > 0) {
            TRY(buffer_append_format(buffer, ", %.*s", VIEW_ARGS(operand->period_name)));
        }
        return buffer_append_format(buffer, ", %s", _("measured"));
    case OPERAND_FUNDED:
        return operand->name.size == 0
                   ? buffer_append_text(buffer, _("placed by the investors"))
                   : buffer_append_format(buffer, _("placed by %.*s"), VIEW_ARGS(operand->name));
    case OPERAND_PAID:
        return operand->name.size == 0
                   ? buffer_append_text(buffer, _("paid so far"))
                   : buffer_append_format(buffer, _("paid of [%zu] so far"), operand->index + 1);
    case OPERAND_EARLIER:
        return buffer_append_format(buffer, _("[%zu] in earlier settlements"), operand->index + 1);
    case OPERAND_PERIOD_DAYS:
        return buffer_append_text(buffer, _("days of the period"));
    case OPERAND_CONSTANT:
    case OPERAND_UNPUBLISHED:
        break;
    }
    return STATUS_OK;
}

enum status form_write_operand(const struct form *form, const struct operand *operand,
                               struct buffer *buffer)
{
    if (operand->kind == OPERAND_LINE) {
        TRY(write_operand_name(form, operand, buffer));
        TRY(buffer_append_text(buffer, " "));
    } else if (operand->kind != OPERAND_CONSTANT && operand->kind != OPERAND_UNPUBLISHED) {
        TRY(write_operand_name(form, operand, buffer));
        TRY(buffer_append_text(buffer, ": "));
    }
    TRY(write_operand_value(form, operand, buffer));
    return write_counts(form, operand, buffer);
}

static enum status write_joined(const struct form *form, const struct line *line, const char *sign,
                                struct buffer *buffer)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        if (i == OPERANDS_SHOWN && line->operand_count > OPERANDS_SHOWN + 1) {
            return buffer_append_format(buffer, "%s... (%zu)", sign, line->operand_count);
        }
        if (i > 0) {
            TRY(buffer_append_text(buffer, sign));
        }
        TRY(form_write_operand(form, &line->operands[i], buffer));
    }
    return STATUS_OK;
}

/* --- Operations --- */

static enum status write_clamp(const struct form *form, const struct line *line,
                               struct buffer *buffer)
{
    TRY(form_write_operand(form, &line->operands[0], buffer));
    if (line->has_at_least) {
        TRY(buffer_append_format(buffer, ", %s ", _("at least")));
        TRY(form_write_operand(form, &line->at_least, buffer));
    }
    if (line->has_at_most) {
        TRY(buffer_append_format(buffer, ", %s ", _("at most")));
        TRY(form_write_operand(form, &line->at_most, buffer));
    }
    return STATUS_OK;
}

static enum status write_when(const struct form *form, const struct line *line,
                              struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s ", _("if")));
    TRY(form_write_condition(form, line, buffer));
    TRY(buffer_append_format(buffer, " %s ", _("then")));
    TRY(form_write_operand(form, &line->then, buffer));
    TRY(buffer_append_format(buffer, ", %s ", _("otherwise")));
    return form_write_operand(form, &line->otherwise, buffer);
}

static enum status write_round(const struct form *form, const struct line *line,
                               struct buffer *buffer)
{
    TRY(form_write_operand(form, &line->operands[0], buffer));
    TRY(buffer_append_format(buffer, ", %s ", _("in steps of")));
    TRY(form_write_operand(form, &line->to, buffer));
    return buffer_append_format(buffer, " (%s)", word_of_rounding(line->by));
}

static enum status write_called(const struct form *form, const struct line *line, const char *name,
                                struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s (", name));
    TRY(write_joined(form, line, ", ", buffer));
    return buffer_append_text(buffer, ")");
}

static enum status write_table(const struct form *form, const struct line *line, const char *name,
                               struct buffer *buffer)
{
    TRY(form_write_operand(form, &line->operands[0], buffer));
    return buffer_append_format(buffer, ", %s (%zu)", name, line->step_count);
}

/* The rate as a percentage, without the sign: "2". */
static struct display percentage_of(const struct form *form, const struct operand *rate)
{
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational hundred;
    rational_init(&value);
    rational_init(&hundred);
    rational_set_integer(&hundred, 100);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    if (terms_operand(&terms_form, rate, &value, &ignored) != STATUS_OK ||
        rational_multiply(&value, &value, &hundred) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_number(&value);
}

/* "SEK 1,000.00 × 0.02 (2% a year) × 365/365, from 2016-08-01 up to ... 2017-08-01 (...)" */
static enum status write_simple_interest(const struct form *form, const struct line *line,
                                         struct buffer *buffer)
{
    struct day_span span;
    struct failure ignored;
    const struct period *period = &form->contract->terms.periods[form->period];
    TRY(write_joined(form, line, " \xc3\x97 ", buffer));
    TRY(buffer_append_format(buffer, _(" (%s%% a year)"),
                             percentage_of(form, &line->operands[1]).text));
    if (terms_day_span(line, period, &span, &ignored) != STATUS_OK) {
        return STATUS_OK; /* the settlement is refused for it, and says so */
    }
    TRY(buffer_append_format(buffer, " \xc3\x97 %" PRId64 "/%" PRId64 ", ", span.days, span.basis));
    TRY(buffer_append_format(buffer, _("from %s up to but not including %s"),
                             display_date(span.from).text, display_date(span.to).text));
    return buffer_append_format(buffer, " (%s)", word_of_day_count(line->day_count));
}

/* "SEK 1,000.00 × ((1 + 0.02)^3 − 1) (2% for each of 3 periods, ...)" */
static enum status write_compound_interest(const struct form *form, const struct line *line,
                                           struct buffer *buffer)
{
    TRY(form_write_operand(form, &line->operands[0], buffer));
    TRY(buffer_append_text(buffer, " \xc3\x97 ((1 + "));
    TRY(form_write_operand(form, &line->operands[1], buffer));
    TRY(buffer_append_format(buffer, ")^%d \xe2\x88\x92 1)", (int)line->exponent));
    return buffer_append_format(buffer,
                                _(" (%s%% for each of %d periods, with interest on interest)"),
                                percentage_of(form, &line->operands[1]).text, (int)line->exponent);
}

/* "SEK 1,000.00 × 112.3 (the index now) / 104.1 (the index at the base)" */
static enum status write_index(const struct form *form, const struct line *line,
                               struct buffer *buffer)
{
    TRY(form_write_operand(form, &line->operands[0], buffer));
    TRY(buffer_append_text(buffer, " \xc3\x97 "));
    TRY(form_write_operand(form, &line->operands[2], buffer));
    TRY(buffer_append_format(buffer, " (%s) / ", _("the index now")));
    TRY(form_write_operand(form, &line->operands[1], buffer));
    return buffer_append_format(buffer, " (%s)", _("the index at the base"));
}

enum status form_write_operation(const struct form *form, const struct line *line,
                                 struct buffer *buffer)
{
    switch (line->operation) {
    case OPERATION_TAKE:
        return form_write_operand(form, &line->operands[0], buffer);
    case OPERATION_ADD:
        return write_joined(form, line, " + ", buffer);
    case OPERATION_SUBTRACT:
        return write_joined(form, line, " \xe2\x88\x92 ", buffer);
    case OPERATION_MULTIPLY:
        return write_joined(form, line, " \xc3\x97 ", buffer);
    case OPERATION_DIVIDE:
        return write_joined(form, line, " / ", buffer);
    case OPERATION_POWER:
        TRY(form_write_operand(form, &line->operands[0], buffer));
        return buffer_append_format(buffer, " ^ %d", (int)line->exponent);
    case OPERATION_MINIMUM:
        return write_called(form, line, _("the least of"), buffer);
    case OPERATION_MAXIMUM:
        return write_called(form, line, _("the greatest of"), buffer);
    case OPERATION_NEGATE:
        TRY(buffer_append_text(buffer, "\xe2\x88\x92 "));
        return form_write_operand(form, &line->operands[0], buffer);
    case OPERATION_CLAMP:
        return write_clamp(form, line, buffer);
    case OPERATION_TIERS:
        return write_table(form, line, _("by a table of steps"), buffer);
    case OPERATION_CURVE:
        return write_table(form, line, _("by a curve of points"), buffer);
    case OPERATION_BRACKETS:
        return write_table(form, line, _("by blocks, each at its own rate"), buffer);
    case OPERATION_RATE_CARD:
        return buffer_append_format(buffer, "%s (%zu)", _("the sum of its items"),
                                    line->item_count);
    case OPERATION_BY_PERIOD:
        return buffer_append_format(buffer, "%s (%zu)", _("by a table of periods"),
                                    line->case_count);
    case OPERATION_INTEREST:
        return line->is_compound ? write_compound_interest(form, line, buffer)
                                 : write_simple_interest(form, line, buffer);
    case OPERATION_INDEX:
        return write_index(form, line, buffer);
    case OPERATION_WHEN:
        return write_when(form, line, buffer);
    case OPERATION_ROUND:
        return write_round(form, line, buffer);
    case OPERATION_COUNT:
        break;
    }
    assert(false); /* a line has an operation */
    return STATUS_INVALID;
}

/* --- Ways --- */

/* The row of a table that decided. */
static enum status write_step(const struct form *form, const struct line *line, size_t index,
                              struct buffer *buffer)
{
    if (line->operation == OPERATION_BY_PERIOD) {
        const struct period_case *row = &line->cases[index];
        TRY(buffer_append_format(buffer, _("row %zu is that of period %.*s"), index + 1,
                                 VIEW_ARGS(row->period_name)));
        TRY(buffer_append_text(buffer, " \xe2\x86\x92 "));
        return form_write_operand(form, &row->then, buffer);
    }
    if (line->operation == OPERATION_BRACKETS) {
        return buffer_append_format(buffer, _("the value ends in block %zu"), index + 1);
    }
    const struct step *step = &line->steps[index];
    if (line->operation == OPERATION_CURVE) {
        TRY(buffer_append_format(buffer, _("between points %zu and %zu: from "), index + 1,
                                 index + 2));
        TRY(form_write_operand(form, &step->threshold, buffer));
        TRY(buffer_append_text(buffer, " \xe2\x86\x92 "));
        return form_write_operand(form, &step->then, buffer);
    }
    TRY(buffer_append_format(buffer, _("step %zu applies: %s "), index + 1,
                             step->is_above ? _("above") : _("at least")));
    TRY(form_write_operand(form, &step->threshold, buffer));
    TRY(buffer_append_text(buffer, " \xe2\x86\x92 "));
    return form_write_operand(form, &step->then, buffer);
}

static enum status write_otherwise(const struct form *form, const struct line *line,
                                   struct buffer *buffer)
{
    if (line->operation == OPERATION_WHEN) {
        return buffer_append_text(buffer, _("the condition does not hold"));
    }
    if (line->operation == OPERATION_TIERS) {
        return buffer_append_text(buffer, _("no step applies"));
    }
    TRY(buffer_append_format(buffer, _("period %.*s has no row: otherwise "),
                             VIEW_ARGS(form->contract->terms.periods[form->period].name)));
    return form_write_operand(form, &line->otherwise, buffer);
}

static enum status write_below_first(const struct form *form, const struct line *line,
                                     struct buffer *buffer)
{
    if (line->operation == OPERATION_CURVE) {
        return buffer_append_text(buffer, _("below the first point: held at its value"));
    }
    TRY(buffer_append_text(buffer, _("not above the beginning of the first block, ")));
    return form_write_operand(form, &line->steps[0].threshold, buffer);
}

enum status form_write_way(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct line *line = &form->contract->terms.lines[index];
    const struct line_value *value = &form->values->lines[index];
    switch (value->way) {
    case WAY_PLAIN:
        return STATUS_OK;
    case WAY_HELD_AT_LEAST:
        return buffer_append_text(buffer, _("it would be less, and is held at the least"));
    case WAY_HELD_AT_MOST:
        return buffer_append_text(buffer, _("it would be more, and is held at the most"));
    case WAY_STEP:
        return write_step(form, line, value->step, buffer);
    case WAY_OTHERWISE:
        return write_otherwise(form, line, buffer);
    case WAY_BELOW_FIRST:
        return write_below_first(form, line, buffer);
    case WAY_ABOVE_LAST:
        return buffer_append_text(buffer, _("above the last point: held at its value"));
    case WAY_THEN:
        return buffer_append_text(buffer, _("the condition holds"));
    case WAY_ROUNDED:
        return buffer_append_text(buffer, _("rounding changed the value"));
    }
    return STATUS_OK;
}

/* --- Zeros --- */

static const char *cause_text(enum zero_cause cause, enum operation operation)
{
    switch (cause) {
    case ZERO_NOT:
    case ZERO_LINE:
        return "";
    case ZERO_CONSTANT:
        return _("the contract says zero");
    case ZERO_MEASURED:
        return _("zero was measured");
    case ZERO_SUM:
        return _("nothing was placed, paid or settled");
    case ZERO_HELD:
        return _("it is held at zero");
    case ZERO_STEP:
        return operation == OPERATION_BY_PERIOD ? _("the row that applies says zero")
                                                : _("the step that applies says zero");
    case ZERO_CONDITION:
        return _("the condition chooses zero");
    case ZERO_ROUNDED:
        return _("it is rounded to zero");
    case ZERO_CANCEL:
        return _("the parts cancel out");
    case ZERO_ITEMS:
        return _("no item comes to anything");
    case ZERO_BLOCK:
        return _("it reaches no block that has a rate");
    case ZERO_DAYS:
        return _("it ran for no time");
    }
    return "";
}

static bool is_zero_line(const struct form *form, size_t index)
{
    return rational_sign(&form->values->lines[index].value) == 0;
}

/* The step from a line that is zero to why; false when there is nothing to tell. */
static bool zero_step(const struct form *form, size_t index, struct zero_step *ret_step)
{
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    return terms_zero_step(&terms_form, index, ret_step, &ignored) == STATUS_OK &&
           ret_step->cause != ZERO_NOT;
}

/* "Saving less project cost [7] is SEK -7,500,000.00, and is held at zero" */
static enum status write_held(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct line *line = &form->contract->terms.lines[index];
    return buffer_append_format(buffer, _("%.*s [%zu] is %s, and is held at zero"),
                                VIEW_ARGS(display_localized(&line->label)), index + 1,
                                display_value(&form->values->lines[index].value, &line->unit).text);
}

enum status form_write_zero(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct terms *terms = &form->contract->terms;
    struct zero_step step;
    if (!zero_step(form, index, &step)) {
        return STATUS_OK;
    }
    /* What stands between a zero and the line where it began tells nothing more. */
    size_t origin = index;
    while (step.line != SIZE_MAX && is_zero_line(form, step.line)) { /* the index descends */
        origin = step.line;
        if (!zero_step(form, origin, &step)) {
            return STATUS_OK;
        }
    }
    if (origin != index) {
        TRY(buffer_append_format(buffer, _("%.*s [%zu] is zero: "),
                                 VIEW_ARGS(display_localized(&terms->lines[origin].label)),
                                 origin + 1));
    }
    if (step.line != SIZE_MAX) {
        return write_held(form, step.line, buffer);
    }
    return buffer_append_text(buffer, cause_text(step.cause, terms->lines[origin].operation));
}

/* --- What is owed --- */

struct money form_sum_owed(const struct settlement_pay *owed, size_t count)
{
    assert(count >= 1);
    struct money sum = owed[0].whole;
    for (size_t i = 1; i < count; i++) {
        enum status status = money_add(sum, owed[i].whole, &sum);
        assert(status == STATUS_OK); /* they are parts of one amount */
    }
    return sum;
}

size_t form_count_owed(const struct pay *pay, size_t first)
{
    size_t count = 0;
    for (size_t i = first; i < pay->tranche_count; i++) {
        count += pay->tranches[i].share_count;
    }
    return count;
}

struct money form_difference(const struct settlement_pay *owed)
{
    struct money difference = owed->amount;
    if (owed->is_reversed) {
        difference.minor = -difference.minor;
    } else { /* each is below 10^18 and one of the two is zero */
        difference.minor += owed->carried_in.minor - owed->carried_out.minor;
    }
    return difference;
}

enum status form_write_tranche(struct view tranche, struct buffer *buffer)
{
    return tranche.size == 0
               ? STATUS_OK
               : buffer_append_format(buffer, _(", tranche %.*s"), VIEW_ARGS(tranche));
}

enum status form_write_owed(const struct settlement_pay *owed, struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, _("%.*s owes %.*s %s"), VIEW_ARGS(owed->from),
                             VIEW_ARGS(owed->to), display_money(owed->amount).text));
    TRY(form_write_tranche(owed->tranche, buffer));
    TRY(form_write_owed_remark(owed, buffer));
    return form_write_carried(owed, buffer);
}

enum status form_write_owed_remark(const struct settlement_pay *owed, struct buffer *buffer)
{
    if (owed->has_due) {
        TRY(buffer_append_format(buffer, _(", due %s"), display_date(owed->due).text));
    }
    if (owed->is_reversed) {
        TRY(buffer_append_format(buffer, _(", owed back since \"%.*s\" is below zero"),
                                 VIEW_ARGS(owed->line)));
    }
    return STATUS_OK;
}

enum status form_write_carried(const struct settlement_pay *owed, struct buffer *buffer)
{
    if (owed->carried_in.minor > 0) {
        TRY(buffer_append_format(buffer, _(", less %s that was settled too much before"),
                                 display_money(owed->carried_in).text));
    }
    if (owed->carried_out.minor > 0) {
        TRY(buffer_append_format(buffer, _(", and %s settled too much is carried forward"),
                                 display_money(owed->carried_out).text));
    }
    return STATUS_OK;
}
