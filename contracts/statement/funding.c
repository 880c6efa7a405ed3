#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_AMOUNT,
    FIELD_CONTRACT,
    FIELD_INVESTOR,
    FIELD_PLACED_ON,
    FIELD_RECEIVER,
    FIELD_REFERENCE,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_AMOUNT] = {"amount", SHAPE_REQUIRED},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_INVESTOR] = {"investor", SHAPE_REQUIRED},
    [FIELD_PLACED_ON] = {"placed_on", SHAPE_REQUIRED},
    [FIELD_RECEIVER] = {"receiver", SHAPE_REQUIRED},
    [FIELD_REFERENCE] = {"reference", SHAPE_REQUIRED},
};

static enum status funding_read(const struct json *const *nodes, struct statement *statement,
                                struct failure *failure)
{
    struct funding *funding = &statement->funding;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &funding->contract, failure));
    TRY_FIELD("investor", shape_party(nodes[FIELD_INVESTOR], &funding->investor, failure));
    TRY_FIELD("receiver", shape_party(nodes[FIELD_RECEIVER], &funding->receiver, failure));
    TRY_FIELD("amount", amount_read(nodes[FIELD_AMOUNT], &funding->amount, failure));
    TRY_FIELD("placed_on",
              shape_published_date(nodes[FIELD_PLACED_ON], &funding->placed_on, failure));
    TRY_FIELD("reference", reference_read(nodes[FIELD_REFERENCE], &funding->reference, failure));
    return STATUS_OK;
}

const struct kind_form FUNDING_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = funding_read,
};
