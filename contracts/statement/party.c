#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_LEGAL_NAME,
    FIELD_PARTY,
    FIELD_REGISTRATION,
    FIELD_VKEYS,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_OPTIONAL},
    [FIELD_LEGAL_NAME] = {"legal_name", SHAPE_REQUIRED},
    [FIELD_PARTY] = {"party", SHAPE_REQUIRED},
    [FIELD_REGISTRATION] = {"registration", SHAPE_REQUIRED},
    [FIELD_VKEYS] = {"vkeys", SHAPE_REQUIRED},
};

static enum status party_read(const struct json *const *nodes, struct statement *statement,
                              struct failure *failure)
{
    struct identity_nodes identity = {
        .party = nodes[FIELD_PARTY],
        .legal_name = nodes[FIELD_LEGAL_NAME],
        .registration = nodes[FIELD_REGISTRATION],
        .vkeys = nodes[FIELD_VKEYS],
    };
    return identity_read_nodes(&identity, &statement->arena, &statement->party.identity, failure);
}

static enum status party_check(struct statement *statement, struct failure *failure)
{
    return identity_check(&statement->party.identity, failure);
}

const struct kind_form PARTY_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = party_read,
    .check = party_check,
};
