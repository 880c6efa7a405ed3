#include "cli/prose_phrase.h"

#include "cli/display.h"
#include "cli/language.h"
#include "ledger/base/ownership.h"

#include <assert.h>

#define LETTERS 26

static bool is_between_zero_and_one(const struct rational *value)
{
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    rational_set_integer(&one, 1);
    return rational_sign(value) > 0 && rational_compare(value, &one) < 0;
}

enum status phrase_percent(const struct rational *value, struct buffer *buffer)
{
    OWNED(rational_release) struct rational percent;
    rational_init(&percent);
    rational_set_integer(&percent, 100);
    TRY(rational_multiply(&percent, &percent, value));
    return buffer_append_format(buffer, _("%s%%"), display_number(&percent).text);
}

enum status phrase_value(const struct rational *value, const struct unit *unit,
                         struct buffer *buffer)
{
    TRY(buffer_append_text(buffer, display_value(value, unit).text));
    if (unit->count > 0 || !is_between_zero_and_one(value)) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(buffer, " ("));
    TRY(phrase_percent(value, buffer));
    return buffer_append_byte(buffer, ')');
}

enum status phrase_line(const struct terms *terms, size_t line, struct buffer *buffer)
{
    return buffer_append_format(buffer, _("\"%.*s\" [%zu]"),
                                VIEW_ARGS(display_localized(&terms->lines[line].label)), line + 1);
}

/* A, B, ... Z, AA, AB, ... */
static enum status write_letters(size_t index, struct buffer *buffer)
{
    if (index >= LETTERS) {
        TRY(buffer_append_byte(buffer, (char)('A' + (int)(index / LETTERS) - 1)));
    }
    return buffer_append_byte(buffer, (char)('A' + (int)(index % LETTERS)));
}

enum status phrase_outcome(const struct terms *terms, size_t outcome, struct buffer *buffer)
{
    static_assert(TERMS_OUTCOMES_MAX <= LETTERS * (LETTERS + 1), "at most two letters");
    TRY(buffer_append_format(buffer, _("\"%.*s\" ["),
                             VIEW_ARGS(display_localized(&terms->outcomes[outcome].label))));
    TRY(write_letters(outcome, buffer));
    return buffer_append_byte(buffer, ']');
}

/* What stands before and after the outcome's name, for each field. */
struct around {
    const char *before;
    const char *after;
};

static struct around field_phrase(enum measured_field field)
{
    switch (field) {
    case MEASURED_VALUE:
    case MEASURED_FIELD_COUNT:
        break;
    case MEASURED_COUNT:
        return (struct around){_("the number in "), ""};
    case MEASURED_NUMERATOR:
        return (struct around){_("the numerator of "), ""};
    case MEASURED_DENOMINATOR:
        return (struct around){_("the denominator of "), ""};
    case MEASURED_CONTROL_VALUE:
        return (struct around){"", _(" in the control group")};
    case MEASURED_CONTROL_COUNT:
        return (struct around){_("the number in "), _(" in the control group")};
    case MEASURED_CONTROL_NUMERATOR:
        return (struct around){_("the numerator of "), _(" in the control group")};
    case MEASURED_CONTROL_DENOMINATOR:
        return (struct around){_("the denominator of "), _(" in the control group")};
    case MEASURED_LOW:
        return (struct around){_("the low end of the interval of "), ""};
    case MEASURED_HIGH:
        return (struct around){_("the high end of the interval of "), ""};
    case MEASURED_P_VALUE:
        return (struct around){_("the p-value of "), ""};
    case MEASURED_RATIO:
        return (struct around){_("the share (numerator divided by denominator) of "), ""};
    case MEASURED_CONTROL_RATIO:
        return (struct around){_("the share (numerator divided by denominator) of "),
                               _(" in the control group")};
    }
    return (struct around){"", ""};
}

static enum status phrase_measured(const struct terms *terms, const struct operand *operand,
                                   struct buffer *buffer)
{
    struct around around = field_phrase(operand->field);
    TRY(buffer_append_text(buffer, around.before));
    TRY(phrase_outcome(terms, operand->index, buffer));
    TRY(buffer_append_text(buffer, around.after));
    if (operand->period_name.size > 0) {
        TRY(buffer_append_format(buffer, _(" for the period %.*s"),
                                 VIEW_ARGS(operand->period_name)));
    }
    return STATUS_OK;
}

enum status phrase_operand(const struct terms *terms, const struct operand *operand,
                           struct buffer *buffer)
{
    switch (operand->kind) {
    case OPERAND_LINE:
        return phrase_line(terms, operand->index, buffer);
    case OPERAND_CONSTANT:
        return phrase_value(&operand->constant, &operand->unit, buffer);
    case OPERAND_MEASURED:
        return phrase_measured(terms, operand, buffer);
    case OPERAND_FUNDED:
        return operand->name.size == 0
                   ? buffer_append_text(buffer, _("what investors have placed so far"))
                   : buffer_append_format(buffer, _("what %.*s has placed so far"),
                                          VIEW_ARGS(operand->name));
    case OPERAND_PAID:
        if (operand->name.size == 0) {
            return buffer_append_text(buffer, _("what has been paid so far"));
        }
        TRY(buffer_append_text(buffer, _("what has been paid so far of ")));
        return phrase_line(terms, operand->index, buffer);
    case OPERAND_EARLIER:
        TRY(buffer_append_text(buffer, _("the sum in earlier settlements of ")));
        return phrase_line(terms, operand->index, buffer);
    case OPERAND_PERIOD_DAYS:
        return buffer_append_text(buffer, _("the number of days in the period"));
    case OPERAND_UNPUBLISHED:
        return buffer_append_text(buffer, _("what the published terms do not say"));
    }
    assert(false);
    return STATUS_INVALID;
}

/* What stands before the item at `index` of a list of `count`. */
static const char *separator(size_t index, size_t count, const char *last)
{
    return index == 0 ? "" : index + 1 == count ? last : ", ";
}

enum status phrase_operands(const struct terms *terms, const struct operand *operands, size_t count,
                            struct buffer *buffer)
{
    for (size_t i = 0; i < count; i++) {
        TRY(buffer_append_text(buffer, separator(i, count, _(" and "))));
        TRY(phrase_operand(terms, &operands[i], buffer));
    }
    return STATUS_OK;
}

/* --- Conditions --- */

static const char *comparison_phrase(enum condition_kind kind)
{
    switch (kind) {
    case CONDITION_AT_LEAST:
        return _(" is at least ");
    case CONDITION_ABOVE:
        return _(" is more than ");
    case CONDITION_AT_MOST:
        return _(" is at most ");
    case CONDITION_BELOW:
        return _(" is less than ");
    case CONDITION_EQUALS:
        return _(" equals ");
    case CONDITION_ALL:
    case CONDITION_ANY:
    case CONDITION_NOT:
    case CONDITION_SIGNIFICANT:
        break;
    }
    return "";
}

static enum status phrase_comparison(const struct terms *terms, const struct condition *condition,
                                     struct buffer *buffer)
{
    TRY(phrase_operand(terms, &condition->operands[0], buffer));
    TRY(buffer_append_text(buffer, comparison_phrase(condition->kind)));
    return phrase_operand(terms, &condition->operands[1], buffer);
}

/* What is said of the level, which follows. */
static const char *significance_phrase(enum significance significance)
{
    switch (significance) {
    case SIGNIFICANCE_P_BELOW:
        return _(" is significant: the p-value is below ");
    case SIGNIFICANCE_P_AT_MOST:
        return _(" is significant: the p-value is at most ");
    case SIGNIFICANCE_INTERVAL_ABOVE:
        return _(" is significant: its whole interval is above ");
    case SIGNIFICANCE_INTERVAL_BELOW:
        return _(" is significant: its whole interval is below ");
    case SIGNIFICANCE_INTERVAL_EXCLUDES:
        return _(" is significant: its interval does not contain ");
    case SIGNIFICANCE_COUNT:
        break;
    }
    return "";
}

static enum status phrase_significant(const struct terms *terms, const struct condition *condition,
                                      struct buffer *buffer)
{
    TRY(phrase_outcome(terms, condition->operands[0].index, buffer));
    if (condition->operands[0].period_name.size > 0) {
        TRY(buffer_append_format(buffer, _(" for the period %.*s"),
                                 VIEW_ARGS(condition->operands[0].period_name)));
    }
    TRY(buffer_append_text(buffer, significance_phrase(condition->significance)));
    return phrase_operand(terms, &condition->operands[1], buffer);
}

static bool has_children(const struct condition *condition)
{
    return condition->kind == CONDITION_ALL || condition->kind == CONDITION_ANY ||
           condition->kind == CONDITION_NOT;
}

/* An `all` or `any` that the writing is inside of. */
struct branch {
    size_t end;   /* the node after its last one */
    size_t child; /* how many of its children were begun */
    enum condition_kind kind;
    bool is_bracketed;
};

static const char *junction(enum condition_kind kind)
{
    return kind == CONDITION_ALL ? _(" and ") : _(" or ");
}

/* Begins an inner node; brackets keep "a and (b or c)" apart. */
static enum status begin_branch(const struct condition *condition, size_t node, bool is_outermost,
                                struct branch *branch, struct buffer *buffer)
{
    *branch = (struct branch){
        .end = node + condition->size,
        .kind = condition->kind,
        .is_bracketed = !is_outermost || condition->kind == CONDITION_NOT,
    };
    if (condition->kind == CONDITION_NOT) {
        return buffer_append_text(buffer, _("it is not so that ("));
    }
    return branch->is_bracketed ? buffer_append_byte(buffer, '(') : STATUS_OK;
}

enum status phrase_condition(const struct terms *terms, const struct line *line, size_t node,
                             struct buffer *buffer)
{
    struct branch branches[TERMS_CONDITION_DEPTH_MAX];
    size_t depth = 0;
    const size_t end = node + line->conditions[node].size;
    for (size_t at = node; at < end; at++) { /* nodes stand in prefix order */
        const struct condition *condition = &line->conditions[at];
        if (depth > 0 && branches[depth - 1].child++ > 0) {
            TRY(buffer_append_text(buffer, junction(branches[depth - 1].kind)));
        }
        if (has_children(condition)) {
            assert(depth < TERMS_CONDITION_DEPTH_MAX);
            TRY(begin_branch(condition, at, depth == 0, &branches[depth], buffer));
            depth++;
            continue;
        }
        TRY(condition->kind == CONDITION_SIGNIFICANT ? phrase_significant(terms, condition, buffer)
                                                     : phrase_comparison(terms, condition, buffer));
        while (depth > 0 && branches[depth - 1].end == at + 1) {
            depth--;
            TRY(buffer_append_text(buffer, branches[depth].is_bracketed ? ")" : ""));
        }
    }
    return STATUS_OK;
}
