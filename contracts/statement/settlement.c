/*
 * Only the form of `computed` is decided here. Whether it is what the ledger computes is one
 * comparison of bytes, made by contracts/state; so nothing of it is kept but its place.
 */
#include "contracts/statement/parts.h"

#define INPUTS_MAX STATEMENT_INPUTS_MAX
#define PAYS_MAX ((size_t)TERMS_PAYS_MAX * MONEY_SHARES_MAX)

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_COMPUTED,
    FIELD_CONTRACT,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_COMPUTED] = {"computed", SHAPE_REQUIRED},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
};

/* Counts the digits of a number at the start of `*rest` and drops it; 0 when it is not one. */
static size_t cut_number(struct view *rest, bool zero_allowed)
{
    size_t digits = 0;
    while (digits < rest->size && rest->data[digits] >= '0' && rest->data[digits] <= '9') {
        digits++; /* bounded by the text */
    }
    bool leads_with_zero = digits > 0 && rest->data[0] == '0';
    if (digits > RATIONAL_DIGITS_MAX || (leads_with_zero && (digits > 1 || !zero_allowed))) {
        return 0;
    }
    *rest = (struct view){.data = rest->data + digits, .size = rest->size - digits};
    return digits;
}

/* -?(0|[1-9][0-9]{0,999})(\/[1-9][0-9]{0,999})? */
static bool is_fraction(struct view text)
{
    if (text.size > 0 && text.data[0] == '-') {
        text = (struct view){.data = text.data + 1, .size = text.size - 1};
    }
    if (cut_number(&text, true) == 0) {
        return false;
    }
    if (text.size == 0) {
        return true;
    }
    if (text.data[0] != '/') {
        return false;
    }
    text = (struct view){.data = text.data + 1, .size = text.size - 1};
    return cut_number(&text, false) > 0 && text.size == 0;
}

static enum status digest_read(const struct json *node, struct failure *failure)
{
    struct hash digest;
    return shape_digest(node, &digest, failure);
}

static enum status line_read(const struct json *node, struct failure *failure)
{
    enum { LINE, UNIT, VALUE, COUNT };
    static const struct shape_field LINE_FIELDS[COUNT] = {
        [LINE] = {"line", SHAPE_REQUIRED},
        [UNIT] = {"unit", SHAPE_REQUIRED},
        [VALUE] = {"value", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, LINE_FIELDS, COUNT, nodes, failure));
    struct view text;
    TRY_FIELD("line", shape_name(nodes[LINE], &text, failure));
    TRY_FIELD("unit", shape_unit_computed(nodes[UNIT], &text, failure));
    if (json_type(nodes[VALUE]) != JSON_STRING || !is_fraction(json_string(nodes[VALUE]))) {
        TRY_FIELD("value",
                  shape_malformed(nodes[VALUE], "a fraction in quotes such as \"3\" or \"-1/3\"",
                                  failure));
    }
    return STATUS_OK;
}

static enum status pay_read(const struct json *node, struct failure *failure)
{
    enum { AMOUNT, CARRIED_IN, CARRIED_OUT, DUE, FROM, PAY, TO, TRANCHE, COUNT };
    static const struct shape_field PAY_FIELDS[COUNT] = {
        [AMOUNT] = {"amount", SHAPE_REQUIRED},
        [CARRIED_IN] = {"carried_in", SHAPE_OPTIONAL},
        [CARRIED_OUT] = {"carried_out", SHAPE_OPTIONAL},
        [DUE] = {"due", SHAPE_OPTIONAL},
        [FROM] = {"from", SHAPE_REQUIRED},
        [PAY] = {"pay", SHAPE_REQUIRED},
        [TO] = {"to", SHAPE_REQUIRED},
        [TRANCHE] = {"tranche", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, PAY_FIELDS, COUNT, nodes, failure));
    struct view text;
    struct shape_money money;
    TRY_FIELD("pay", shape_name(nodes[PAY], &text, failure));
    TRY_FIELD("from", shape_party(nodes[FROM], &text, failure));
    TRY_FIELD("to", shape_party(nodes[TO], &text, failure));
    TRY_FIELD("amount", shape_money(nodes[AMOUNT], &money, failure));
    if (nodes[CARRIED_IN] != NULL) {
        TRY_FIELD("carried_in", amount_read(nodes[CARRIED_IN], &money, failure));
    }
    if (nodes[CARRIED_OUT] != NULL) {
        TRY_FIELD("carried_out", amount_read(nodes[CARRIED_OUT], &money, failure));
    }
    if (nodes[TRANCHE] != NULL) {
        TRY_FIELD("tranche", shape_name(nodes[TRANCHE], &text, failure));
    }
    if (nodes[DUE] != NULL) {
        struct date due;
        TRY_FIELD("due", shape_date(nodes[DUE], &due, failure));
    }
    return STATUS_OK;
}

/* An array whose items each have the form that `item_read` decides. */
static enum status items_read(const struct json *node, size_t minimum, size_t maximum,
                              enum status (*item_read)(const struct json *item,
                                                       struct failure *failure),
                              struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, minimum, maximum, &count, failure));
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, item_read(item, failure));
    }
    return STATUS_OK;
}

static enum status computed_read(const struct json *node, struct settlement_statement *settlement,
                                 struct failure *failure)
{
    enum { INPUTS, LINES, LINES_SHA256, PAYS, PERIOD, SUPPLEMENTS, TERMS, COUNT };
    static const struct shape_field COMPUTED_FIELDS[COUNT] = {
        [INPUTS] = {"inputs", SHAPE_REQUIRED},
        [LINES] = {"lines", SHAPE_OPTIONAL},
        [LINES_SHA256] = {"lines_sha256", SHAPE_OPTIONAL},
        [PAYS] = {"pays", SHAPE_REQUIRED},
        [PERIOD] = {"period", SHAPE_REQUIRED},
        [SUPPLEMENTS] = {"supplements", SHAPE_OPTIONAL},
        [TERMS] = {"terms", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, COMPUTED_FIELDS, COUNT, nodes, failure));
    if (nodes[LINES] == NULL && nodes[LINES_SHA256] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/lines",
                      "the field \"lines\" (or \"lines_sha256\") is required here");
    }
    if (nodes[LINES] != NULL && nodes[LINES_SHA256] != NULL) {
        return refuse(failure, RULE_FIELD_UNKNOWN, "/lines_sha256",
                      "\"lines_sha256\" stands in place of \"lines\", never beside it");
    }
    TRY_FIELD("period", shape_slug(nodes[PERIOD], &settlement->period, failure));
    if (nodes[SUPPLEMENTS] != NULL) {
        TRY_FIELD("supplements", digest_read(nodes[SUPPLEMENTS], failure));
    }
    if (nodes[TERMS] != NULL) {
        TRY_FIELD("terms", digest_read(nodes[TERMS], failure));
    }
    TRY_FIELD("inputs", items_read(nodes[INPUTS], 0, INPUTS_MAX, digest_read, failure));
    if (nodes[LINES] != NULL) {
        TRY_FIELD("lines", items_read(nodes[LINES], 1, TERMS_LINES_MAX, line_read, failure));
    } else {
        TRY_FIELD("lines_sha256", digest_read(nodes[LINES_SHA256], failure));
    }
    TRY_FIELD("pays", items_read(nodes[PAYS], 0, PAYS_MAX, pay_read, failure));
    settlement->computed = node;
    return STATUS_OK;
}

static enum status settlement_read(const struct json *const *nodes, struct statement *statement,
                                   struct failure *failure)
{
    struct settlement_statement *settlement = &statement->settlement;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &settlement->contract, failure));
    TRY_FIELD("computed", computed_read(nodes[FIELD_COMPUTED], settlement, failure));
    return STATUS_OK;
}

const struct kind_form SETTLEMENT_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = settlement_read,
};
