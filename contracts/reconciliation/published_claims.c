/* Figures, what they are about, and claims. */
#include "contracts/number/numeral.h"
#include "contracts/reconciliation/reader.h"

#define ROUNDING_COUNT ((size_t)ROUND_FLOOR + 1)

/* How a settlement can be refused, which a claim can be about. */
static const enum rule REFUSALS[] = {
    RULE_SETTLEMENT_NOT_MEASURED,
    RULE_SETTLEMENT_NOT_COMPUTABLE,
    RULE_TERMS_NOT_PUBLISHED,
    RULE_PAY_NEGATIVE,
    RULE_PAY_UNFUNDED,
    RULE_PAY_ABOVE_CAP,
};
#define REFUSAL_COUNT (sizeof REFUSALS / sizeof REFUSALS[0])

/* --- Numbers --- */

/* A decimal as people print it: "620978.40". `ret_value` is initialised by the caller. */
enum status published_number_read(const struct json *node, struct rational *ret_value,
                                  struct failure *failure)
{
    struct numeral numeral;
    if (json_type(node) == JSON_STRING && numeral_parse(json_string(node), &numeral) == STATUS_OK &&
        numeral.fraction.size <= DECIMAL_FRACTION_DIGITS_MAX &&
        rational_read_amount(json_string(node), (unsigned)numeral.fraction.size, ret_value) ==
            STATUS_OK) {
        return STATUS_OK;
    }
    return shape_malformed(node, "a figure such as \"620978.40\"", failure);
}

enum status published_unsigned_read(const struct json *node, struct rational *ret_value,
                                    struct failure *failure)
{
    TRY(published_number_read(node, ret_value, failure));
    if (rational_sign(ret_value) < 0) {
        return shape_malformed(node, "a figure without a minus sign", failure);
    }
    return STATUS_OK;
}

/* The members "rounded_to" and "rounded_by"; the second says nothing without the first. */
enum status published_rounding_read(const struct json *to, const struct json *by,
                                    struct published_rounding *rounding, struct failure *failure)
{
    rounding->is_given = to != NULL;
    if (to != NULL) {
        TRY_FIELD("rounded_to", published_unsigned_read(to, &rounding->step, failure));
    }
    if (by == NULL) {
        return STATUS_OK;
    }
    if (to == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/rounded_to",
                      "rounded_by stands beside rounded_to");
    }
    const char *names[ROUNDING_COUNT];
    for (size_t i = 0; i < ROUNDING_COUNT; i++) {
        names[i] = rounding_name((enum rounding)i);
    }
    size_t index = 0;
    TRY_FIELD("rounded_by", shape_word(by, names, ROUNDING_COUNT, &index, failure));
    rounding->way = (enum rounding)index;
    rounding->has_way = true;
    return STATUS_OK;
}

/* --- Arrays --- */

enum status published_items_new(const struct json *node, struct items_shape shape,
                                struct arena *arena, size_t *ret_count, void **ret_items,
                                struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, shape.maximum, &count, failure));
    void *items = arena_allocate(arena, count, shape.size);
    if (items == NULL) {
        return fail_memory(failure);
    }
    *ret_count = count;
    *ret_items = items;
    return STATUS_OK;
}

/* --- What a figure is about --- */

static enum status companion_refuse(const char *name, const char *of, struct failure *failure)
{
    enum status status = refuse(failure, RULE_FIELD_UNKNOWN, "", "%s stands beside %s", name, of);
    shape_prefix_name(failure, name);
    return status;
}

/* Exactly one of line, pay, outcome and refused, and only what belongs to it. */
static enum status quantity_check_form(const struct quantity_nodes *nodes, struct failure *failure)
{
    size_t count = (nodes->line != NULL) + (size_t)(nodes->pay != NULL) +
                   (size_t)(nodes->outcome != NULL) + (size_t)(nodes->refused != NULL);
    if (count == 0) {
        return refuse(failure, RULE_FIELD_MISSING, "/line",
                      "it is about a line or a pay; a claim, also about an outcome or a refusal");
    }
    if (count > 1) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "it is about one thing, not about %zu: line, pay, outcome or refused", count);
    }
    if (nodes->item != NULL && nodes->line == NULL) {
        return companion_refuse("item", "line", failure);
    }
    if (nodes->tranche != NULL && nodes->pay == NULL) {
        return companion_refuse("tranche", "pay", failure);
    }
    if (nodes->to != NULL && nodes->pay == NULL) {
        return companion_refuse("to", "pay", failure);
    }
    if (nodes->field != NULL && nodes->outcome == NULL) {
        return companion_refuse("field", "outcome", failure);
    }
    return STATUS_OK;
}

static enum status line_read(const struct quantity_nodes *nodes, struct quantity *quantity,
                             struct failure *failure)
{
    quantity->kind = nodes->item == NULL ? QUANTITY_LINE : QUANTITY_ITEM;
    TRY_FIELD("line", shape_name(nodes->line, &quantity->name, failure));
    if (nodes->item != NULL) {
        TRY_FIELD("item", shape_name(nodes->item, &quantity->item, failure));
    }
    return STATUS_OK;
}

static enum status pay_read(const struct quantity_nodes *nodes, struct quantity *quantity,
                            struct failure *failure)
{
    quantity->kind = QUANTITY_PAY;
    TRY_FIELD("pay", shape_name(nodes->pay, &quantity->name, failure));
    if (nodes->tranche != NULL) {
        TRY_FIELD("tranche", shape_name(nodes->tranche, &quantity->item, failure));
    }
    if (nodes->to != NULL) {
        TRY_FIELD("to", shape_party(nodes->to, &quantity->to, failure));
    }
    return STATUS_OK;
}

static enum status outcome_read(const struct quantity_nodes *nodes, struct quantity *quantity,
                                struct failure *failure)
{
    quantity->kind = QUANTITY_OUTCOME;
    TRY_FIELD("outcome", shape_name(nodes->outcome, &quantity->name, failure));
    if (nodes->field == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/field", "which number of the outcome it is");
    }
    size_t index = 0;
    TRY_FIELD("field", shape_word(nodes->field, MEASURED_FIELD_NAMES, MEASURED_FIELD_COUNT, &index,
                                  failure));
    quantity->field = (enum measured_field)index;
    return STATUS_OK;
}

static enum status refusal_read(const struct json *node, struct quantity *quantity,
                                struct failure *failure)
{
    const char *names[REFUSAL_COUNT];
    for (size_t i = 0; i < REFUSAL_COUNT; i++) {
        names[i] = rule_name(REFUSALS[i]);
    }
    size_t index = 0;
    TRY_FIELD("refused", shape_word(node, names, REFUSAL_COUNT, &index, failure));
    quantity->kind = QUANTITY_REFUSAL;
    quantity->rule = REFUSALS[index];
    return STATUS_OK;
}

enum status published_quantity_read(const struct quantity_nodes *nodes, struct quantity *quantity,
                                    struct failure *failure)
{
    TRY(quantity_check_form(nodes, failure));
    if (nodes->line != NULL) {
        return line_read(nodes, quantity, failure);
    }
    if (nodes->pay != NULL) {
        return pay_read(nodes, quantity, failure);
    }
    if (nodes->outcome != NULL) {
        return outcome_read(nodes, quantity, failure);
    }
    return refusal_read(nodes->refused, quantity, failure);
}

/* --- A published figure --- */

/* All of it is optional here. The numbers are initialised. */
enum status published_figure_read(const struct figure_nodes *nodes, struct published_figure *figure,
                                  struct failure *failure)
{
    figure->is_published = nodes->published != NULL && !shape_is_not_published(nodes->published);
    if (figure->is_published) {
        TRY_FIELD("published", published_number_read(nodes->published, &figure->value, failure));
        figure->text = json_string(nodes->published);
    }
    TRY(published_rounding_read(nodes->rounded_to, nodes->rounded_by, &figure->rounding, failure));
    if (nodes->unit != NULL) {
        TRY_FIELD("unit", shape_unit(nodes->unit, &figure->unit_text, failure));
    }
    if (nodes->circular != NULL) {
        TRY_FIELD("circular", shape_boolean(nodes->circular, &figure->is_circular, failure));
    }
    if (nodes->note != NULL) {
        TRY_FIELD("note", shape_localized(nodes->note, &figure->note, failure));
    }
    return STATUS_OK;
}

/* --- Claims --- */

enum {
    CLAIM_CIRCULAR,
    CLAIM_FIELD,
    CLAIM_ITEM,
    CLAIM_LINE,
    CLAIM_NOTE,
    CLAIM_OUTCOME,
    CLAIM_PAY,
    CLAIM_PUBLISHED,
    CLAIM_REFUSED,
    CLAIM_ROUNDED_BY,
    CLAIM_ROUNDED_TO,
    CLAIM_TO,
    CLAIM_TRANCHE,
    CLAIM_UNIT,
    CLAIM_FIELD_COUNT,
};

static const struct shape_field CLAIM_FIELDS[CLAIM_FIELD_COUNT] = {
    [CLAIM_CIRCULAR] = {"circular", SHAPE_OPTIONAL},
    [CLAIM_FIELD] = {"field", SHAPE_OPTIONAL},
    [CLAIM_ITEM] = {"item", SHAPE_OPTIONAL},
    [CLAIM_LINE] = {"line", SHAPE_OPTIONAL},
    [CLAIM_NOTE] = {"note", SHAPE_OPTIONAL},
    [CLAIM_OUTCOME] = {"outcome", SHAPE_OPTIONAL},
    [CLAIM_PAY] = {"pay", SHAPE_OPTIONAL},
    [CLAIM_PUBLISHED] = {"published", SHAPE_OPTIONAL},
    [CLAIM_REFUSED] = {"refused", SHAPE_OPTIONAL},
    [CLAIM_ROUNDED_BY] = {"rounded_by", SHAPE_OPTIONAL},
    [CLAIM_ROUNDED_TO] = {"rounded_to", SHAPE_OPTIONAL},
    [CLAIM_TO] = {"to", SHAPE_OPTIONAL},
    [CLAIM_TRANCHE] = {"tranche", SHAPE_OPTIONAL},
    [CLAIM_UNIT] = {"unit", SHAPE_OPTIONAL},
};

/* A refusal has no figure; everything else says one, or that there is none. */
static enum status claim_check_form(const struct json *const *nodes, struct failure *failure)
{
    if (nodes[CLAIM_REFUSED] == NULL) {
        return nodes[CLAIM_PUBLISHED] != NULL ? STATUS_OK
                                              : refuse(failure, RULE_FIELD_MISSING, "/published",
                                                       "the figure, or \"not_published\"");
    }
    static const size_t OF_A_FIGURE[] = {CLAIM_PUBLISHED, CLAIM_ROUNDED_BY, CLAIM_ROUNDED_TO,
                                         CLAIM_UNIT, CLAIM_CIRCULAR};
    for (size_t i = 0; i < sizeof OF_A_FIGURE / sizeof OF_A_FIGURE[0]; i++) {
        if (nodes[OF_A_FIGURE[i]] != NULL) {
            const char *name = CLAIM_FIELDS[OF_A_FIGURE[i]].name;
            enum status status =
                refuse(failure, RULE_FIELD_UNKNOWN, "", "a refusal has no %s", name);
            shape_prefix_name(failure, name);
            return status;
        }
    }
    return STATUS_OK;
}

static enum status claim_read(const struct json *node, struct published_claim *claim,
                              struct failure *failure)
{
    const struct json *nodes[CLAIM_FIELD_COUNT];
    TRY(shape_object(node, CLAIM_FIELDS, CLAIM_FIELD_COUNT, nodes, failure));
    const struct quantity_nodes quantity = {
        .line = nodes[CLAIM_LINE],
        .item = nodes[CLAIM_ITEM],
        .pay = nodes[CLAIM_PAY],
        .tranche = nodes[CLAIM_TRANCHE],
        .to = nodes[CLAIM_TO],
        .outcome = nodes[CLAIM_OUTCOME],
        .field = nodes[CLAIM_FIELD],
        .refused = nodes[CLAIM_REFUSED],
    };
    TRY(published_quantity_read(&quantity, &claim->quantity, failure));
    TRY(claim_check_form(nodes, failure));
    const struct figure_nodes figure = {
        .published = nodes[CLAIM_PUBLISHED],
        .rounded_to = nodes[CLAIM_ROUNDED_TO],
        .rounded_by = nodes[CLAIM_ROUNDED_BY],
        .unit = nodes[CLAIM_UNIT],
        .circular = nodes[CLAIM_CIRCULAR],
        .note = nodes[CLAIM_NOTE],
    };
    return published_figure_read(&figure, &claim->figure, failure);
}

void published_figure_init(struct published_figure *figure)
{
    rational_init(&figure->value);
    rational_init(&figure->rounding.step);
}

enum status published_claims_read(const struct json *node, struct arena *arena,
                                  struct published_period *period, struct failure *failure)
{
    void *claims = NULL;
    size_t count = 0;
    TRY(published_items_new(node,
                            (struct items_shape){PUBLISHED_CLAIMS_MAX, sizeof *period->claims},
                            arena, &count, &claims, failure));
    period->claims = claims;
    period->claim_count = count;
    for (size_t i = 0; i < count; i++) {
        rational_init(&period->claims[i].quantity.part);
        published_figure_init(&period->claims[i].figure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, claim_read(item, &period->claims[i], failure));
    }
    return STATUS_OK;
}
