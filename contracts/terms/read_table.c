/*
 * The tables of a line: steps of `tiers`, points of `curve`, blocks of `brackets`, items of
 * `rate_card`, rows of `by_period`.
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

/* Counts `count` more rows in the tables of the contract. */
static enum status count_rows(struct terms_reader *reader, size_t count, struct failure *failure)
{
    reader->step_count += count;
    if (reader->step_count > TERMS_ALL_STEPS_MAX) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "",
                      "the tables of a contract have at most %d rows together, found %zu so far",
                      TERMS_ALL_STEPS_MAX, reader->step_count);
    }
    return STATUS_OK;
}

/* {"at_least" or "above": constant, "then": result} */
static enum status read_tier(const struct json *node, struct step *step, struct failure *failure)
{
    static const struct shape_field fields[] = {
        {"at_least", SHAPE_OPTIONAL}, {"above", SHAPE_OPTIONAL}, {"then", SHAPE_REQUIRED}};
    const struct json *nodes[3];
    TRY(shape_object(node, fields, 3, nodes, failure));
    if (nodes[0] == NULL && nodes[1] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "", "a step has \"at_least\" or \"above\"");
    }
    if (nodes[0] != NULL && nodes[1] != NULL) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "a step has \"at_least\" or \"above\", not both");
    }
    step->is_above = nodes[1] != NULL;
    size_t which = step->is_above ? 1 : 0;
    TRY_FIELD(fields[which].name, terms_read_constant(nodes[which], &step->threshold, failure));
    TRY_FIELD("then", terms_read_result(nodes[2], &step->then, failure));
    return STATUS_OK;
}

/* [x, y] */
static enum status read_point(const struct json *node, struct step *step, struct failure *failure)
{
    TRY(shape_array(node, 2, 2, NULL, failure));
    const struct json *x = json_first(node);
    TRY_ITEM(0, terms_read_constant(x, &step->threshold, failure));
    TRY_ITEM(1, terms_read_constant(json_next(x), &step->then, failure));
    return STATUS_OK;
}

/* {"from": constant, "rate": result} */
static enum status read_block(const struct json *node, struct step *step, struct failure *failure)
{
    static const struct shape_field fields[] = {{"from", SHAPE_REQUIRED}, {"rate", SHAPE_REQUIRED}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    TRY_FIELD("from", terms_read_constant(nodes[0], &step->threshold, failure));
    TRY_FIELD("rate", terms_read_result(nodes[1], &step->then, failure));
    return STATUS_OK;
}

static enum status read_step(enum operation operation, const struct json *node, struct step *step,
                             struct failure *failure)
{
    if (operation == OPERATION_CURVE) {
        return read_point(node, step, failure);
    }
    return operation == OPERATION_BRACKETS ? read_block(node, step, failure)
                                           : read_tier(node, step, failure);
}

enum status terms_read_steps(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, line->operation == OPERATION_CURVE ? 2 : 1, TERMS_STEPS_MAX, &count,
                    failure));
    TRY(count_rows(reader, count, failure));
    line->steps = arena_allocate(reader->arena, count, sizeof *line->steps);
    if (line->steps == NULL) {
        return fail_memory(failure);
    }
    line->step_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_step(line->operation, item, &line->steps[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

/* Reads an operand that may be absent. */
static enum status read_optional(const struct json *node, bool *ret_has, struct operand *operand,
                                 struct failure *failure)
{
    *ret_has = node != NULL;
    return node != NULL ? terms_read_operand(node, operand, failure) : STATUS_OK;
}

/* {"item", "label", "count", "price", "multiplier", "count_at_most", "amount_at_most"} */
static enum status read_item(const struct json *node, struct card_item *item,
                             struct failure *failure)
{
    enum { ITEM, LABEL, NUMBER, PRICE, MULTIPLIER, COUNT_AT_MOST, AMOUNT_AT_MOST, COUNT };
    static const struct shape_field fields[COUNT] = {
        [ITEM] = {"item", SHAPE_REQUIRED},
        [LABEL] = {"label", SHAPE_REQUIRED},
        [NUMBER] = {"count", SHAPE_REQUIRED},
        [PRICE] = {"price", SHAPE_REQUIRED},
        [MULTIPLIER] = {"multiplier", SHAPE_OPTIONAL},
        [COUNT_AT_MOST] = {"count_at_most", SHAPE_OPTIONAL},
        [AMOUNT_AT_MOST] = {"amount_at_most", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("item", shape_name(nodes[ITEM], &item->name, failure));
    TRY_FIELD("label", shape_localized(nodes[LABEL], &item->label, failure));
    TRY_FIELD("count", terms_read_operand(nodes[NUMBER], &item->count, failure));
    TRY_FIELD("price", terms_read_operand(nodes[PRICE], &item->price, failure));
    TRY_FIELD("multiplier",
              read_optional(nodes[MULTIPLIER], &item->has_multiplier, &item->multiplier, failure));
    TRY_FIELD("count_at_most", read_optional(nodes[COUNT_AT_MOST], &item->has_count_at_most,
                                             &item->count_at_most, failure));
    TRY_FIELD("amount_at_most", read_optional(nodes[AMOUNT_AT_MOST], &item->has_amount_at_most,
                                              &item->amount_at_most, failure));
    return STATUS_OK;
}

enum status terms_read_items(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_STEPS_MAX, &count, failure));
    TRY(count_rows(reader, count, failure));
    line->items = arena_allocate(reader->arena, count, sizeof *line->items);
    if (line->items == NULL) {
        return fail_memory(failure);
    }
    line->item_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_item(item, &line->items[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

/* {"period": slug, "then": result} */
static enum status read_case(const struct json *node, struct period_case *row,
                             struct failure *failure)
{
    static const struct shape_field fields[] = {{"period", SHAPE_REQUIRED},
                                                {"then", SHAPE_REQUIRED}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    TRY_FIELD("period", shape_slug(nodes[0], &row->period_name, failure));
    TRY_FIELD("then", terms_read_result(nodes[1], &row->then, failure));
    return STATUS_OK;
}

enum status terms_read_cases(struct terms_reader *reader, const struct json *node,
                             struct line *line, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_PERIODS_MAX, &count, failure));
    line->cases = arena_allocate(reader->arena, count, sizeof *line->cases);
    if (line->cases == NULL) {
        return fail_memory(failure);
    }
    line->case_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_case(item, &line->cases[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}
