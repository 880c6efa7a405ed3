#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_CLOSING,
    FIELD_CONTRACT,
    FIELD_ON,
    FIELD_WHY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_CLOSING] = {"closing", SHAPE_OPTIONAL},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_ON] = {"on", SHAPE_REQUIRED},
    [FIELD_WHY] = {"why", SHAPE_REQUIRED},
};

static enum status termination_read(const struct json *const *nodes, struct statement *statement,
                                    struct failure *failure)
{
    struct termination *termination = &statement->termination;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &termination->contract, failure));
    TRY_FIELD("on", shape_date(nodes[FIELD_ON], &termination->on, failure));
    TRY_FIELD("why", shape_localized(nodes[FIELD_WHY], &termination->why, failure));
    if (nodes[FIELD_CLOSING] != NULL) {
        TRY_FIELD("closing", shape_slug(nodes[FIELD_CLOSING], &termination->closing, failure));
    }
    return STATUS_OK;
}

const struct kind_form TERMINATION_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = termination_read,
};
