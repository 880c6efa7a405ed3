#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_AMOUNT,
    FIELD_CONTRACT,
    FIELD_FROM,
    FIELD_PAID_ON,
    FIELD_PAY,
    FIELD_REFERENCE,
    FIELD_SETTLEMENT,
    FIELD_TO,
    FIELD_TRANCHE,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_AMOUNT] = {"amount", SHAPE_REQUIRED},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_FROM] = {"from", SHAPE_REQUIRED},
    [FIELD_PAID_ON] = {"paid_on", SHAPE_REQUIRED},
    [FIELD_PAY] = {"pay", SHAPE_REQUIRED},
    [FIELD_REFERENCE] = {"reference", SHAPE_REQUIRED},
    [FIELD_SETTLEMENT] = {"settlement", SHAPE_REQUIRED},
    [FIELD_TO] = {"to", SHAPE_REQUIRED},
    [FIELD_TRANCHE] = {"tranche", SHAPE_OPTIONAL},
};

static enum status payment_read(const struct json *const *nodes, struct statement *statement,
                                struct failure *failure)
{
    struct payment *payment = &statement->payment;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &payment->contract, failure));
    TRY_FIELD("settlement", shape_digest(nodes[FIELD_SETTLEMENT], &payment->settlement, failure));
    TRY_FIELD("pay", shape_name(nodes[FIELD_PAY], &payment->line, failure));
    if (nodes[FIELD_TRANCHE] != NULL) {
        TRY_FIELD("tranche", shape_name(nodes[FIELD_TRANCHE], &payment->tranche, failure));
    }
    TRY_FIELD("from", shape_party(nodes[FIELD_FROM], &payment->from, failure));
    TRY_FIELD("to", shape_party(nodes[FIELD_TO], &payment->to, failure));
    TRY_FIELD("amount", amount_read(nodes[FIELD_AMOUNT], &payment->amount, failure));
    TRY_FIELD("paid_on", shape_published_date(nodes[FIELD_PAID_ON], &payment->paid_on, failure));
    TRY_FIELD("reference", reference_read(nodes[FIELD_REFERENCE], &payment->reference, failure));
    return STATUS_OK;
}

const struct kind_form PAYMENT_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = payment_read,
};
