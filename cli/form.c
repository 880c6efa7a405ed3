#include "cli/form.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdio.h>

#define OPERANDS_SHOWN 8 /* of a long sum */

/* --- Operands --- */

static struct terms_form computed(const struct form *form)
{
    return (struct terms_form){
        .terms = &form->contract->contract->terms,
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
    struct terms_form terms_form = computed(form);
    if (terms_operand(&terms_form, operand, &value, &ignored) != STATUS_OK) {
        return buffer_append_text(buffer, "?");
    }
    return buffer_append_text(buffer, display_value(&value, &operand->unit).text);
}

/* What an operand is called: the line's label, the outcome's, or what the ledger sums. */
static enum status write_operand_name(const struct form *form, const struct operand *operand,
                                      struct buffer *buffer)
{
    const struct terms *terms = &form->contract->contract->terms;
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
        return buffer_append_text(buffer, _("placed by the investors"));
    case OPERAND_PAID:
        return buffer_append_text(buffer, _("paid so far"));
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

/* "[3] SEK 0.00", "SEK 10,000,000.00", "Saving, measured: SEK 0.00". */
static enum status write_operand(const struct form *form, const struct operand *operand,
                                 struct buffer *buffer)
{
    if (operand->kind == OPERAND_LINE) {
        TRY(write_operand_name(form, operand, buffer));
        TRY(buffer_append_text(buffer, " "));
    } else if (operand->kind != OPERAND_CONSTANT && operand->kind != OPERAND_UNPUBLISHED) {
        TRY(write_operand_name(form, operand, buffer));
        TRY(buffer_append_text(buffer, ": "));
    }
    return write_operand_value(form, operand, buffer);
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
        TRY(write_operand(form, &line->operands[i], buffer));
    }
    return STATUS_OK;
}

/* --- Conditions --- */

static const char *comparison_sign(enum condition_kind kind)
{
    switch (kind) {
    case CONDITION_AT_LEAST:
        return " \xe2\x89\xa5 ";
    case CONDITION_ABOVE:
        return " > ";
    case CONDITION_AT_MOST:
        return " \xe2\x89\xa4 ";
    case CONDITION_BELOW:
        return " < ";
    case CONDITION_EQUALS:
        return " = ";
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_NOT:
        break;
    }
    return "";
}

static const char *combination_word(enum condition_kind kind)
{
    switch (kind) {
    case CONDITION_ALL:
        return _("all of (");
    case CONDITION_ANY:
        return _("any of (");
    case CONDITION_NOT:
        return _("not (");
    case CONDITION_AT_LEAST:
    case CONDITION_ABOVE:
    case CONDITION_AT_MOST:
    case CONDITION_BELOW:
    case CONDITION_EQUALS:
        break;
    }
    return NULL;
}

static enum status write_comparison(const struct form *form, const struct line *line, size_t node,
                                    struct buffer *buffer)
{
    const struct condition *condition = &line->conditions[node];
    TRY(write_operand(form, &condition->operands[0], buffer));
    TRY(buffer_append_text(buffer, comparison_sign(condition->kind)));
    TRY(write_operand(form, &condition->operands[1], buffer));
    bool holds;
    struct failure ignored;
    struct terms_form terms_form = computed(form);
    if (terms_condition(&terms_form, line, node, &holds, &ignored) != STATUS_OK) {
        return buffer_append_text(buffer, " ?");
    }
    return buffer_append_format(buffer, " (%s)", holds ? _("yes") : _("no"));
}

/* The tree is stored in prefix order, so writing is one pass; parentheses close where trees end. */
static enum status write_condition(const struct form *form, const struct line *line,
                                   struct buffer *buffer)
{
    size_t ends[TERMS_CONDITION_DEPTH_MAX + 1];
    size_t depth = 0;
    for (size_t node = 0; node < line->condition_count; node++) {
        const char *word = combination_word(line->conditions[node].kind);
        if (word != NULL) {
            assert(depth < TERMS_CONDITION_DEPTH_MAX + 1);
            TRY(buffer_append_text(buffer, word));
            ends[depth] = node + line->conditions[node].size;
            depth++;
            continue;
        }
        TRY(write_comparison(form, line, node, buffer));
        bool closed = false;
        while (depth > 0 && ends[depth - 1] == node + 1) { /* each turn closes one */
            TRY(buffer_append_text(buffer, ")"));
            depth--;
            closed = true;
        }
        if (depth > 0) {
            TRY(buffer_append_text(buffer, closed ? "; " : ", "));
        }
    }
    return STATUS_OK;
}

/* --- Operations --- */

static enum status write_clamp(const struct form *form, const struct line *line,
                               struct buffer *buffer)
{
    TRY(write_operand(form, &line->operands[0], buffer));
    if (line->has_at_least) {
        TRY(buffer_append_format(buffer, ", %s ", _("at least")));
        TRY(write_operand(form, &line->at_least, buffer));
    }
    if (line->has_at_most) {
        TRY(buffer_append_format(buffer, ", %s ", _("at most")));
        TRY(write_operand(form, &line->at_most, buffer));
    }
    return STATUS_OK;
}

static enum status write_when(const struct form *form, const struct line *line,
                              struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s ", _("if")));
    TRY(write_condition(form, line, buffer));
    TRY(buffer_append_format(buffer, " %s ", _("then")));
    TRY(write_operand(form, &line->then, buffer));
    TRY(buffer_append_format(buffer, ", %s ", _("otherwise")));
    return write_operand(form, &line->otherwise, buffer);
}

static enum status write_round(const struct form *form, const struct line *line,
                               struct buffer *buffer)
{
    TRY(write_operand(form, &line->operands[0], buffer));
    TRY(buffer_append_format(buffer, ", %s ", _("in steps of")));
    TRY(write_operand(form, &line->to, buffer));
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
    TRY(write_operand(form, &line->operands[0], buffer));
    return buffer_append_format(buffer, ", %s (%zu)", name, line->step_count);
}

enum status form_write_operation(const struct form *form, const struct line *line,
                                 struct buffer *buffer)
{
    switch (line->operation) {
    case OPERATION_TAKE:
        return write_operand(form, &line->operands[0], buffer);
    case OPERATION_ADD:
        return write_joined(form, line, " + ", buffer);
    case OPERATION_SUBTRACT:
        return write_joined(form, line, " \xe2\x88\x92 ", buffer);
    case OPERATION_MULTIPLY:
        return write_joined(form, line, " \xc3\x97 ", buffer);
    case OPERATION_DIVIDE:
        return write_joined(form, line, " / ", buffer);
    case OPERATION_POWER:
        TRY(write_operand(form, &line->operands[0], buffer));
        return buffer_append_format(buffer, " ^ %d", (int)line->exponent);
    case OPERATION_MINIMUM:
        return write_called(form, line, _("the least of"), buffer);
    case OPERATION_MAXIMUM:
        return write_called(form, line, _("the greatest of"), buffer);
    case OPERATION_NEGATE:
        TRY(buffer_append_text(buffer, "\xe2\x88\x92 "));
        return write_operand(form, &line->operands[0], buffer);
    case OPERATION_CLAMP:
        return write_clamp(form, line, buffer);
    case OPERATION_TIERS:
        return write_table(form, line, _("by a table of steps"), buffer);
    case OPERATION_CURVE:
        return write_table(form, line, _("by a curve of points"), buffer);
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

static enum status write_step(const struct form *form, const struct line *line, size_t index,
                              struct buffer *buffer)
{
    const struct step *step = &line->steps[index];
    if (line->operation == OPERATION_CURVE) {
        TRY(buffer_append_format(buffer, _("between points %zu and %zu: from "), index + 1,
                                 index + 2));
        TRY(write_operand(form, &step->threshold, buffer));
        TRY(buffer_append_text(buffer, " \xe2\x86\x92 "));
        return write_operand(form, &step->then, buffer);
    }
    TRY(buffer_append_format(buffer, _("step %zu applies: %s "), index + 1,
                             step->is_above ? _("above") : _("at least")));
    TRY(write_operand(form, &step->threshold, buffer));
    TRY(buffer_append_text(buffer, " \xe2\x86\x92 "));
    return write_operand(form, &step->then, buffer);
}

enum status form_write_way(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct line *line = &form->contract->contract->terms.lines[index];
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
        return buffer_append_text(buffer, line->operation == OPERATION_TIERS
                                              ? _("no step applies")
                                              : _("the condition does not hold"));
    case WAY_BELOW_FIRST:
        return buffer_append_text(buffer, _("below the first point: held at its value"));
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

static const char *cause_text(enum zero_cause cause)
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
        return _("the step that applies says zero");
    case ZERO_CONDITION:
        return _("the condition chooses zero");
    case ZERO_ROUNDED:
        return _("it is rounded to zero");
    case ZERO_CANCEL:
        return _("the parts cancel out");
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
    struct terms_form terms_form = computed(form);
    return terms_zero_step(&terms_form, index, ret_step, &ignored) == STATUS_OK &&
           ret_step->cause != ZERO_NOT;
}

/* "Saving less project cost [7] is SEK -7,500,000.00, and is held at zero" */
static enum status write_held(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct line *line = &form->contract->contract->terms.lines[index];
    return buffer_append_format(buffer, _("%.*s [%zu] is %s, and is held at zero"),
                                VIEW_ARGS(display_localized(&line->label)), index + 1,
                                display_value(&form->values->lines[index].value, &line->unit).text);
}

enum status form_write_zero(const struct form *form, size_t index, struct buffer *buffer)
{
    const struct terms *terms = &form->contract->contract->terms;
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
    return step.line == SIZE_MAX ? buffer_append_text(buffer, cause_text(step.cause))
                                 : write_held(form, step.line, buffer);
}
