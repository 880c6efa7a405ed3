/* How the condition of a `when` reads, with what it compares. */
#include "cli/form.h"
#include "cli/language.h"

#include <assert.h>

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
    case CONDITION_SIGNIFICANT:
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
    case CONDITION_SIGNIFICANT:
        break;
    }
    return NULL;
}

static enum condition_kind significance_kind(enum significance significance)
{
    switch (significance) {
    case SIGNIFICANCE_P_BELOW:
    case SIGNIFICANCE_INTERVAL_BELOW:
        return CONDITION_BELOW;
    case SIGNIFICANCE_P_AT_MOST:
        return CONDITION_AT_MOST;
    case SIGNIFICANCE_INTERVAL_ABOVE:
    case SIGNIFICANCE_INTERVAL_EXCLUDES:
    case SIGNIFICANCE_COUNT:
        break;
    }
    return CONDITION_ABOVE;
}

static enum status write_sides(const struct form *form, const struct operand *left,
                               enum condition_kind kind, const struct operand *right,
                               struct buffer *buffer)
{
    TRY(form_write_operand(form, left, buffer));
    TRY(buffer_append_text(buffer, comparison_sign(kind)));
    return form_write_operand(form, right, buffer);
}

/* "the effect is significant: low > 0 or high < 0" */
static enum status write_significance(const struct form *form, const struct condition *condition,
                                      struct buffer *buffer)
{
    const struct operand *operands = condition->operands;
    TRY(buffer_append_format(buffer, "%s: ", _("the effect is significant")));
    TRY(write_sides(form, &operands[0], significance_kind(condition->significance), &operands[1],
                    buffer));
    if (condition->significance != SIGNIFICANCE_INTERVAL_EXCLUDES) {
        return STATUS_OK;
    }
    TRY(buffer_append_format(buffer, " %s ", _("or")));
    return write_sides(form, &operands[2], CONDITION_BELOW, &operands[1], buffer);
}

static enum status write_comparison(const struct form *form, const struct line *line, size_t node,
                                    struct buffer *buffer)
{
    const struct condition *condition = &line->conditions[node];
    if (condition->kind == CONDITION_SIGNIFICANT) {
        TRY(write_significance(form, condition, buffer));
    } else {
        TRY(write_sides(form, &condition->operands[0], condition->kind, &condition->operands[1],
                        buffer));
    }
    bool holds;
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    if (terms_condition(&terms_form, line, node, &holds, &ignored) != STATUS_OK) {
        return buffer_append_text(buffer, " ?");
    }
    return buffer_append_format(buffer, " (%s)", holds ? _("yes") : _("no"));
}

/* The tree is stored in prefix order, so writing is one pass; parentheses close where trees end. */
enum status form_write_condition(const struct form *form, const struct line *line,
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
