#include "cli/prose_line.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/prose_phrase.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <assert.h>

/* --- Arithmetic --- */

/* a, sign, b, sign, c */
static enum status write_chain(struct prose *prose, const struct line *line, const char *sign)
{
    for (size_t i = 0; i < line->operand_count; i++) {
        TRY(buffer_append_text(&prose->text, i == 0 ? "" : sign));
        TRY(phrase_operand(&prose->contract->terms, &line->operands[i], &prose->text));
    }
    return STATUS_OK;
}

static bool is_factor(const struct operand *operand)
{
    return operand->kind == OPERAND_CONSTANT && operand->unit.count == 0;
}

/* "40% of X" where one of two factors is a pure number below 1, as people write shares. */
static bool is_share_of(const struct line *line, size_t *ret_factor)
{
    if (line->operand_count != 2 ||
        is_factor(&line->operands[0]) == is_factor(&line->operands[1])) {
        return false;
    }
    *ret_factor = is_factor(&line->operands[0]) ? 0 : 1;
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    rational_set_integer(&one, 1);
    const struct rational *factor = &line->operands[*ret_factor].constant;
    return rational_sign(factor) > 0 && rational_compare(factor, &one) < 0;
}

static enum status write_product(struct prose *prose, const struct line *line)
{
    size_t factor;
    if (!is_share_of(line, &factor)) {
        return write_chain(prose, line, _(" times "));
    }
    TRY(phrase_percent(&line->operands[factor].constant, &prose->text));
    TRY(buffer_append_text(&prose->text, _(" of ")));
    return phrase_operand(&prose->contract->terms, &line->operands[1 - factor], &prose->text);
}

static enum status write_choice(struct prose *prose, const struct line *line, const char *which)
{
    TRY(buffer_append_text(&prose->text, which));
    return phrase_operands(&prose->contract->terms, line->operands, line->operand_count,
                           &prose->text);
}

static enum status write_clamp(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    TRY(phrase_operand(terms, &line->operands[0], &prose->text));
    if (line->has_at_least) {
        TRY(buffer_append_text(&prose->text, _(", but at least ")));
        TRY(phrase_operand(terms, &line->at_least, &prose->text));
    }
    if (line->has_at_most) {
        TRY(buffer_append_text(&prose->text,
                               line->has_at_least ? _(" and at most ") : _(", but at most ")));
        TRY(phrase_operand(terms, &line->at_most, &prose->text));
    }
    return STATUS_OK;
}

static enum status write_power(struct prose *prose, const struct line *line)
{
    TRY(phrase_operand(&prose->contract->terms, &line->operands[0], &prose->text));
    return buffer_append_format(&prose->text, _(" to the power of %d"), line->exponent);
}

static enum status write_negated(struct prose *prose, const struct line *line)
{
    TRY(phrase_operand(&prose->contract->terms, &line->operands[0], &prose->text));
    return buffer_append_text(&prose->text, _(" with the opposite sign"));
}

static enum status write_rounded(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    TRY(phrase_operand(terms, &line->operands[0], &prose->text));
    return buffer_append_format(&prose->text, _(", rounded to whole steps of %s (%s)"),
                                display_value(&line->to.constant, &line->to.unit).text,
                                word_of_rounding(line->by));
}

/* --- Money over time --- */

static enum status write_span(struct prose *prose, const struct line *line)
{
    if (!line->has_dates) {
        return buffer_append_text(&prose->text, _(" for the settled period"));
    }
    return buffer_append_format(&prose->text, _(" from %s to %s"), display_date(line->from).text,
                                display_date(line->to_date).text);
}

static enum status write_interest(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    struct buffer *text = &prose->text;
    TRY(buffer_append_text(text, line->is_compound ? _("compound interest on ")
                                                   : _("simple interest on ")));
    TRY(phrase_operand(terms, &line->operands[0], text));
    TRY(buffer_append_text(text, _(" at the rate ")));
    TRY(phrase_operand(terms, &line->operands[1], text));
    if (line->is_compound) {
        return buffer_append_format(text, _(" a period, over %d whole periods"), line->exponent);
    }
    TRY(buffer_append_text(text, _(" a year")));
    TRY(write_span(prose, line));
    return buffer_append_format(text, " (%s)", word_of_day_count(line->day_count));
}

static enum status write_index(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    TRY(phrase_operand(terms, &line->operands[0], &prose->text));
    TRY(buffer_append_text(&prose->text, _(", indexed: times ")));
    TRY(phrase_operand(terms, &line->operands[2], &prose->text));
    TRY(buffer_append_text(&prose->text, _(", divided by ")));
    return phrase_operand(terms, &line->operands[1], &prose->text);
}

/* --- Conditions and tables --- */

static enum status write_when(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    struct buffer *text = &prose->text;
    TRY(phrase_operand(terms, &line->then, text));
    TRY(buffer_append_text(text, _(" if ")));
    TRY(phrase_condition(terms, line, 0, text));
    TRY(buffer_append_text(text, _("; otherwise ")));
    return phrase_operand(terms, &line->otherwise, text);
}

/* "depending on X:", whose table follows. */
static enum status begin_table(struct prose *prose, const struct line *line, const char *words)
{
    TRY(buffer_append_text(&prose->text, words));
    if (line->operand_count > 0) {
        TRY(phrase_operand(&prose->contract->terms, &line->operands[0], &prose->text));
    }
    TRY(buffer_append_byte(&prose->text, ':'));
    return prose_end(prose, PROSE_ITEM);
}

static enum status end_row(struct prose *prose, const struct operand *result)
{
    TRY(buffer_append_text(&prose->text, ": "));
    TRY(phrase_operand(&prose->contract->terms, result, &prose->text));
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_otherwise(struct prose *prose, const struct line *line)
{
    if (!line->has_otherwise) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(&prose->text, _("otherwise")));
    return end_row(prose, &line->otherwise);
}

/* Where a step of `tiers` ends; the side of the boundary is always said. */
static enum status write_step_end(struct prose *prose, const struct line *line, size_t index)
{
    if (index + 1 == line->step_count) {
        return STATUS_OK;
    }
    const struct step *next = &line->steps[index + 1];
    TRY(buffer_append_text(&prose->text, next->is_above ? _(" up to and including ")
                                                        : _(" up to but not including ")));
    return phrase_operand(&prose->contract->terms, &next->threshold, &prose->text);
}

static enum status write_tiers(struct prose *prose, const struct line *line)
{
    TRY(begin_table(prose, line, _("depends on ")));
    const struct step *first = &line->steps[0];
    TRY(buffer_append_text(&prose->text,
                           first->is_above ? _("up to and including ") : _("below ")));
    TRY(phrase_operand(&prose->contract->terms, &first->threshold, &prose->text));
    TRY(end_row(prose, &line->otherwise));
    for (size_t i = 0; i < line->step_count; i++) {
        const struct step *step = &line->steps[i];
        TRY(buffer_append_text(&prose->text, step->is_above ? _("above ") : _("from ")));
        TRY(phrase_operand(&prose->contract->terms, &step->threshold, &prose->text));
        TRY(write_step_end(prose, line, i));
        TRY(end_row(prose, &step->then));
    }
    return STATUS_OK;
}

static enum status write_curve(struct prose *prose, const struct line *line)
{
    TRY(begin_table(prose, line,
                    _("follows straight lines between these points, and stays at the "
                      "first and the last beyond them, for ")));
    for (size_t i = 0; i < line->step_count; i++) {
        TRY(buffer_append_text(&prose->text, _("at ")));
        TRY(phrase_operand(&prose->contract->terms, &line->steps[i].threshold, &prose->text));
        TRY(end_row(prose, &line->steps[i].then));
    }
    return STATUS_OK;
}

static enum status write_brackets(struct prose *prose, const struct line *line)
{
    const struct terms *terms = &prose->contract->terms;
    TRY(begin_table(prose, line, _("adds up block by block, each part at its own rate, for ")));
    for (size_t i = 0; i < line->step_count; i++) {
        TRY(buffer_append_text(&prose->text, _("the part above ")));
        TRY(phrase_operand(terms, &line->steps[i].threshold, &prose->text));
        if (i + 1 < line->step_count) {
            TRY(buffer_append_text(&prose->text, _(" up to ")));
            TRY(phrase_operand(terms, &line->steps[i + 1].threshold, &prose->text));
        }
        TRY(end_row(prose, &line->steps[i].then));
    }
    return STATUS_OK;
}

static enum status write_item(struct prose *prose, const struct card_item *item)
{
    const struct terms *terms = &prose->contract->terms;
    struct buffer *text = &prose->text;
    TRY(buffer_append_format(text, "\"%.*s\": ", VIEW_ARGS(display_localized(&item->label))));
    TRY(phrase_operand(terms, &item->price, text));
    TRY(buffer_append_text(text, _(" for each of ")));
    TRY(phrase_operand(terms, &item->count, text));
    if (item->has_multiplier) {
        TRY(buffer_append_text(text, _(", times ")));
        TRY(phrase_operand(terms, &item->multiplier, text));
    }
    if (item->has_count_at_most) {
        TRY(buffer_append_text(text, _(", for no more than ")));
        TRY(phrase_operand(terms, &item->count_at_most, text));
    }
    if (item->has_amount_at_most) {
        TRY(buffer_append_text(text, _(", but at most ")));
        TRY(phrase_operand(terms, &item->amount_at_most, text));
        TRY(buffer_append_text(text, _(" in all")));
    }
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_rate_card(struct prose *prose, const struct line *line)
{
    TRY(begin_table(prose, line, _("the sum of this price list")));
    for (size_t i = 0; i < line->item_count; i++) {
        TRY(write_item(prose, &line->items[i]));
    }
    return STATUS_OK;
}

static enum status write_by_period(struct prose *prose, const struct line *line)
{
    TRY(begin_table(prose, line, _("depends on the settled period")));
    for (size_t i = 0; i < line->case_count; i++) {
        TRY(buffer_append_format(&prose->text, _("period %.*s"),
                                 VIEW_ARGS(line->cases[i].period_name)));
        TRY(end_row(prose, &line->cases[i].then));
    }
    return write_otherwise(prose, line);
}

/* --- A line --- */

/* The table operations end their own paragraphs. */
static bool has_table(enum operation operation)
{
    return operation == OPERATION_TIERS || operation == OPERATION_CURVE ||
           operation == OPERATION_BRACKETS || operation == OPERATION_RATE_CARD ||
           operation == OPERATION_BY_PERIOD;
}

static enum status write_operation(struct prose *prose, const struct line *line)
{
    switch (line->operation) {
    case OPERATION_TAKE:
        return write_chain(prose, line, "");
    case OPERATION_ADD:
        return write_chain(prose, line, _(" plus "));
    case OPERATION_SUBTRACT:
        return write_chain(prose, line, _(" less "));
    case OPERATION_MULTIPLY:
        return write_product(prose, line);
    case OPERATION_DIVIDE:
        return write_chain(prose, line, _(" divided by "));
    case OPERATION_POWER:
        return write_power(prose, line);
    case OPERATION_MINIMUM:
        return write_choice(prose, line, _("the least of "));
    case OPERATION_MAXIMUM:
        return write_choice(prose, line, _("the greatest of "));
    case OPERATION_NEGATE:
        return write_negated(prose, line);
    case OPERATION_CLAMP:
        return write_clamp(prose, line);
    case OPERATION_TIERS:
        return write_tiers(prose, line);
    case OPERATION_CURVE:
        return write_curve(prose, line);
    case OPERATION_BRACKETS:
        return write_brackets(prose, line);
    case OPERATION_RATE_CARD:
        return write_rate_card(prose, line);
    case OPERATION_BY_PERIOD:
        return write_by_period(prose, line);
    case OPERATION_WHEN:
        return write_when(prose, line);
    case OPERATION_INTEREST:
        return write_interest(prose, line);
    case OPERATION_INDEX:
        return write_index(prose, line);
    case OPERATION_ROUND:
        return write_rounded(prose, line);
    case OPERATION_COUNT:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}

enum status prose_line(struct prose *prose, size_t index)
{
    const struct line *line = &prose->contract->terms.lines[index];
    TRY(buffer_append_format(&prose->text, "[%zu] %.*s = ", index + 1,
                             VIEW_ARGS(display_localized(&line->label))));
    TRY(write_operation(prose, line));
    if (!has_table(line->operation)) {
        TRY(buffer_append_byte(&prose->text, '.'));
        TRY(prose_end(prose, PROSE_ITEM));
    }
    if (line->actor.size > 0) {
        TRY(buffer_append_format(&prose->text, _("falls to %.*s; reported, not paid by itself"),
                                 VIEW_ARGS(line->actor)));
        TRY(prose_end(prose, PROSE_SUBITEM));
    }
    return STATUS_OK;
}
