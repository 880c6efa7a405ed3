/* What a line was computed from, for programs. */
#include "cli/display.h"
#include "cli/form.h"
#include "cli/output.h"
#include "ledger/base/ownership.h"

static enum status set_operand(const struct form *form, struct json *object, const char *name,
                               const struct operand *operand)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    TRY(terms_operand(&terms_form, operand, &value, &ignored));
    return output_set_value(object, name, &value);
}

static enum status push_block(const struct form *form, const struct line *line, size_t index,
                              struct json *blocks)
{
    OWNED(block_result_release) struct block_result block;
    block_result_init(&block);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    TRY(terms_block(&terms_form, line, index, &block, &ignored));

    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_value(object, "from", &line->steps[index].threshold.constant));
    if (index + 1 < line->step_count) {
        TRY(output_set_value(object, "to", &line->steps[index + 1].threshold.constant));
    }
    TRY(output_set_value(object, "width", &block.width));
    TRY(set_operand(form, object, "rate", &line->steps[index].then));
    TRY(output_set_value(object, "amount", &block.amount));
    return json_push(blocks, STEAL(object));
}

/* Those that are reached. */
static enum status set_blocks(const struct form *form, size_t index, struct json *object)
{
    const struct line_value *value = &form->values->lines[index];
    OWNED(json_freep) struct json *blocks = json_new_array();
    if (blocks == NULL) {
        return STATUS_MEMORY;
    }
    size_t reached = value->way == WAY_BELOW_FIRST ? 0 : value->step + 1;
    for (size_t i = 0; i < reached; i++) {
        TRY(push_block(form, &form->contract->terms.lines[index], i, blocks));
    }
    return json_set(object, "blocks", STEAL(blocks));
}

static enum status set_item(const struct form *form, const struct card_item *item,
                            const struct card_result *result, struct json *object)
{
    TRY(json_set_string(object, "item", item->name));
    TRY(output_set_value(object, "counted", &result->counted));
    TRY(output_set_value(object, "paid", &result->paid));
    TRY(set_operand(form, object, "price", &item->price));
    if (item->has_multiplier) {
        TRY(set_operand(form, object, "multiplier", &item->multiplier));
    }
    if (item->has_count_at_most) {
        TRY(set_operand(form, object, "count_at_most", &item->count_at_most));
    }
    if (item->has_amount_at_most) {
        TRY(set_operand(form, object, "amount_at_most", &item->amount_at_most));
    }
    TRY(output_set_value(object, "amount", &result->amount));
    TRY(json_set_boolean(object, "count_held", result->is_count_held));
    return json_set_boolean(object, "amount_held", result->is_amount_held);
}

static enum status push_item(const struct form *form, const struct line *line, size_t index,
                             struct json *items)
{
    OWNED(card_result_release) struct card_result result;
    card_result_init(&result);
    struct failure ignored;
    struct terms_form terms_form = form_terms(form);
    TRY(terms_card_item(&terms_form, line, index, &result, &ignored));

    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_item(form, &line->items[index], &result, object));
    return json_push(items, STEAL(object));
}

static enum status set_items(const struct form *form, const struct line *line, struct json *object)
{
    OWNED(json_freep) struct json *items = json_new_array();
    if (items == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < line->item_count; i++) {
        TRY(push_item(form, line, i, items));
    }
    return json_set(object, "items", STEAL(items));
}

/* The period's name, where it has a row. */
static enum status set_row(const struct form *form, size_t index, struct json *object)
{
    const struct line_value *value = &form->values->lines[index];
    if (value->way != WAY_STEP) {
        return STATUS_OK;
    }
    return json_set_string(object, "row",
                           form->contract->terms.lines[index].cases[value->step].period_name);
}

static enum status set_days(const struct form *form, const struct line *line, struct json *object)
{
    struct day_span span;
    struct failure ignored;
    TRY(terms_day_span(line, &form->contract->terms.periods[form->period], &span, &ignored));
    TRY(json_set_string(object, "count", view_of(DAY_COUNT_NAMES[line->day_count])));
    TRY(json_set_string(object, "from", view_of(display_date(span.from).text)));
    TRY(json_set_string(object, "to", view_of(display_date(span.to).text)));
    TRY(json_set_integer(object, "days", (int32_t)span.days)); /* 9,998 years fit */
    return json_set_integer(object, "basis", (int32_t)span.basis);
}

static enum status set_interest(const struct form *form, const struct line *line,
                                struct json *object)
{
    OWNED(json_freep) struct json *interest = json_new_object();
    if (interest == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_operand(form, interest, "principal", &line->operands[0]));
    TRY(set_operand(form, interest, "rate", &line->operands[1]));
    if (line->is_compound) {
        TRY(json_set_integer(interest, "periods", line->exponent));
    } else {
        TRY(set_days(form, line, interest));
    }
    return json_set(object, "interest", STEAL(interest));
}

static enum status set_index(const struct form *form, const struct line *line, struct json *object)
{
    OWNED(json_freep) struct json *index = json_new_object();
    if (index == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_operand(form, index, "base", &line->operands[1]));
    TRY(set_operand(form, index, "current", &line->operands[2]));
    return json_set(object, "index", STEAL(index));
}

enum status form_set_parts(const struct form *form, size_t index, struct json *object)
{
    const struct line *line = &form->contract->terms.lines[index];
    switch (line->operation) {
    case OPERATION_BRACKETS:
        return set_blocks(form, index, object);
    case OPERATION_RATE_CARD:
        return set_items(form, line, object);
    case OPERATION_BY_PERIOD:
        return set_row(form, index, object);
    case OPERATION_INTEREST:
        return set_interest(form, line, object);
    case OPERATION_INDEX:
        return set_index(form, line, object);
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
    case OPERATION_WHEN:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    return STATUS_OK;
}

/* --- Waterfalls --- */

/* Shapes  `owed` is what the tranche and those after it give, in order. */
static enum status push_tranche(const struct pay *pay, size_t index,
                                const struct settlement_pay *owed, struct json *tranches)
{
    const struct tranche *tranche = &pay->tranches[index];
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "tranche", tranche->name));
    if (tranche->has_up_to) {
        TRY(json_set_string(object, "up_to", tranche->up_to_name));
    }
    TRY(output_set_amount(object, "amount", form_sum_owed(owed, tranche->share_count)));
    if (tranche->has_up_to) {
        size_t later = form_count_owed(pay, index + 1);
        TRY(output_set_amount(object, "left", form_sum_owed(owed + tranche->share_count, later)));
    }
    return json_push(tranches, STEAL(object));
}

static enum status push_waterfall(const struct pay *pay, const struct settlement_pay *owed,
                                  struct json *waterfalls)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *tranches = json_new_array();
    if (object == NULL || tranches == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < pay->tranche_count; i++) {
        TRY(push_tranche(pay, i, owed, tranches));
        owed += pay->tranches[i].share_count;
    }
    TRY(json_set_string(object, "pay", pay->line_name));
    TRY(json_set(object, "tranches", STEAL(tranches)));
    return json_push(waterfalls, STEAL(object));
}

enum status form_set_waterfalls(const struct terms *terms, const struct settlement *settlement,
                                struct json *object)
{
    OWNED(json_freep) struct json *waterfalls = json_new_array();
    if (waterfalls == NULL) {
        return STATUS_MEMORY;
    }
    const struct settlement_pay *owed = settlement->pays;
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (terms->pays[i].tranche_count > 1) {
            TRY(push_waterfall(&terms->pays[i], owed, waterfalls));
        }
        owed += form_count_owed(&terms->pays[i], 0);
    }
    if (json_first(waterfalls) == NULL) {
        return STATUS_OK;
    }
    return json_set(object, "waterfalls", STEAL(waterfalls));
}
