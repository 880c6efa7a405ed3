/* How the parts of a line read: the blocks of `brackets`, the items of `rate_card`. */
#include "cli/form.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/table.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

#define ARROW "\xe2\x86\x92 "
#define TEXT_MAX ((size_t)64 * 1024)

static const struct line *line_of(const struct form *form, size_t index)
{
    return &form->contract->terms.lines[index];
}

static enum status add_value(struct table *table, const struct rational *value,
                             const struct unit *unit)
{
    return table_add(table, view_of(display_value(value, unit).text));
}

static enum status add_operand(struct table *table, const struct form *form,
                               const struct operand *operand)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    if (terms_operand(&terms_form, operand, &value, &ignored) != STATUS_OK) {
        return table_add(table, view_of("?"));
    }
    return add_value(table, &value, &operand->unit);
}

static enum status add_empty(struct table *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TRY(table_add(table, view_of("")));
    }
    return STATUS_OK;
}

/* --- Blocks --- */

/* The number of a block, with an arrow where the value ends in it; and from where to where. */
static enum status add_block_bounds(struct table *table, const struct line *line, size_t index,
                                    bool is_last)
{
    char number[32];
    (void)snprintf(number, sizeof number, "%s%zu", is_last ? ARROW : "  ", index + 1);
    TRY(table_add(table, view_of(number)));
    const struct operand *from = &line->steps[index].threshold;
    TRY(add_value(table, &from->constant, &from->unit));
    if (index + 1 == line->step_count) {
        return table_add(table, view_of(_("no end")));
    }
    const struct operand *to = &line->steps[index + 1].threshold;
    return add_value(table, &to->constant, &to->unit);
}

static enum status add_block(struct table *table, const struct form *form, const struct line *line,
                             size_t index, bool is_last)
{
    OWNED(block_result_release) struct block_result block;
    block_result_init(&block);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    TRY(terms_block(&terms_form, line, index, &block, &ignored));
    TRY(add_block_bounds(table, line, index, is_last));
    TRY(add_value(table, &block.width, &line->operands[0].unit));
    TRY(add_operand(table, form, &line->steps[index].then));
    TRY(add_value(table, &block.amount, &line->unit));
    return add_empty(table, 1);
}

/* The first block that is not reached, for all of them. */
static enum status add_unreached(struct table *table, const struct line *line, size_t index)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, TEXT_MAX);
    size_t more = line->step_count - index - 1;
    TRY(buffer_append_text(&note, _("not reached")));
    if (more > 0) {
        TRY(buffer_append_format(&note, _("; nor are the %zu blocks after it"), more));
    }
    TRY(add_block_bounds(table, line, index, false));
    TRY(add_empty(table, 3));
    return table_add(table, buffer_view(&note));
}

static enum status print_blocks(const struct form *form, size_t index, size_t indent)
{
    const struct line *line = line_of(form, index);
    const struct line_value *value = &form->values->lines[index];
    const struct table_column columns[] = {
        {_("block"), TABLE_TEXT, 0},
        {_("from"), TABLE_NUMBER, 0},
        {_("to"), TABLE_NUMBER, 0},
        {_("lies in it"), TABLE_NUMBER, 0},
        {_("at the rate"), TABLE_NUMBER, 0},
        {_("comes to"), TABLE_NUMBER, 0},
        {"", TABLE_NOTE, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    size_t reached = value->way == WAY_BELOW_FIRST ? 0 : value->step + 1;
    for (size_t i = 0; i < reached; i++) {
        TRY(add_block(&table, form, line, i, i + 1 == reached));
    }
    if (reached < line->step_count) {
        TRY(add_unreached(&table, line, reached));
    }
    table_print(&table, indent);
    return STATUS_OK;
}

/* --- Items --- */

/* "held at most 100 person; held at most SEK 10,000.00" */
static enum status add_item_note(struct table *table, const struct form *form,
                                 const struct card_item *item, const struct card_result *result)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, TEXT_MAX);
    if (result->is_count_held) {
        TRY(buffer_append_text(&note, _("held at most ")));
        TRY(form_write_operand(form, &item->count_at_most, &note));
    }
    if (result->is_amount_held) {
        TRY(buffer_append_text(&note, result->is_count_held ? "; " : ""));
        TRY(buffer_append_text(&note, _("held at most ")));
        TRY(form_write_operand(form, &item->amount_at_most, &note));
    }
    return table_add(table, buffer_view(&note));
}

static enum status add_item(struct table *table, const struct form *form, const struct line *line,
                            size_t index)
{
    const struct card_item *item = &line->items[index];
    OWNED(card_result_release) struct card_result result;
    card_result_init(&result);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    TRY(terms_card_item(&terms_form, line, index, &result, &ignored));
    TRY(table_add(table, display_localized(&item->label)));
    TRY(add_value(table, &result.counted, &item->count.unit));
    if (item->has_count_at_most) {
        TRY(add_value(table, &result.paid, &item->count.unit));
    } else {
        TRY(add_empty(table, 1));
    }
    TRY(add_operand(table, form, &item->price));
    if (item->has_multiplier) {
        TRY(add_operand(table, form, &item->multiplier));
    } else {
        TRY(add_empty(table, 1));
    }
    TRY(add_value(table, &result.amount, &line->unit));
    return add_item_note(table, form, item, &result);
}

static enum status print_items(const struct form *form, size_t index, size_t indent)
{
    const struct line *line = line_of(form, index);
    const struct table_column columns[] = {
        {_("item"), TABLE_TEXT, 0},
        {_("counted"), TABLE_NUMBER, 0},
        {_("paid count"), TABLE_NUMBER, 0},
        {_("price"), TABLE_NUMBER, 0},
        {_("times"), TABLE_NUMBER, 0},
        {_("comes to"), TABLE_NUMBER, 0},
        {"", TABLE_NOTE, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < line->item_count; i++) {
        TRY(add_item(&table, form, line, i));
    }
    table_print(&table, indent);
    return STATUS_OK;
}

enum status form_print_parts(const struct form *form, size_t line, size_t indent)
{
    switch (line_of(form, line)->operation) {
    case OPERATION_BRACKETS:
        return print_blocks(form, line, indent);
    case OPERATION_RATE_CARD:
        return print_items(form, line, indent);
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
    case OPERATION_NEGATE:
    case OPERATION_CLAMP:
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BY_PERIOD:
    case OPERATION_WHEN:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    return STATUS_OK;
}
