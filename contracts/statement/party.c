#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_CERTIFICATES,
    FIELD_FUND,
    FIELD_LEGAL_NAME,
    FIELD_PARTY,
    FIELD_REGISTRATION,
    FIELD_VKEYS,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_OPTIONAL},
    [FIELD_CERTIFICATES] = {"certificates", SHAPE_OPTIONAL},
    [FIELD_FUND] = {"fund", SHAPE_OPTIONAL},
    [FIELD_LEGAL_NAME] = {"legal_name", SHAPE_REQUIRED},
    [FIELD_PARTY] = {"party", SHAPE_REQUIRED},
    [FIELD_REGISTRATION] = {"registration", SHAPE_REQUIRED},
    [FIELD_VKEYS] = {"vkeys", SHAPE_REQUIRED},
};

static enum status fund_read(const struct json *node, struct fund *ret_fund,
                             struct failure *failure)
{
    enum { OWNER, REPAYMENT, RESERVE, RULES, COUNT };
    static const struct shape_field FUND_FIELDS[COUNT] = {
        [OWNER] = {"owner", SHAPE_REQUIRED},
        [REPAYMENT] = {"repayment", SHAPE_REQUIRED},
        [RESERVE] = {"reserve", SHAPE_REQUIRED},
        [RULES] = {"rules", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FUND_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("owner", shape_party(nodes[OWNER], &ret_fund->owner, failure));
    TRY_FIELD("reserve", amount_read(nodes[RESERVE], &ret_fund->reserve_text, failure));
    TRY_FIELD("rules", shape_localized(nodes[RULES], &ret_fund->rules, failure));
    TRY_FIELD("repayment", published_text_read(nodes[REPAYMENT], &ret_fund->repayment, failure));
    return STATUS_OK;
}

static enum status party_read(const struct json *const *nodes, struct statement *statement,
                              struct failure *failure)
{
    struct identity_nodes identity = {
        .party = nodes[FIELD_PARTY],
        .legal_name = nodes[FIELD_LEGAL_NAME],
        .registration = nodes[FIELD_REGISTRATION],
        .vkeys = nodes[FIELD_VKEYS],
    };
    struct party *party = &statement->party;
    TRY(identity_read_nodes(&identity, &statement->arena, &party->identity, failure));
    if (nodes[FIELD_CERTIFICATES] != NULL) {
        TRY_FIELD("certificates",
                  bindings_read(nodes[FIELD_CERTIFICATES], &statement->arena, party, failure));
    }
    if (nodes[FIELD_FUND] != NULL) {
        TRY_FIELD("fund", fund_read(nodes[FIELD_FUND], &party->fund, failure));
        party->is_fund = true;
    }
    return STATUS_OK;
}

/* The reserve is in any currency; the owner is somebody else. */
static enum status fund_check(struct party *party, struct failure *failure)
{
    struct fund *fund = &party->fund;
    struct currency currency;
    if (view_equal(fund->owner, party->identity.id)) {
        return refuse(failure, RULE_FUND_OWNER, "/owner", "%.*s cannot own itself",
                      VIEW_ARGS(fund->owner));
    }
    if (currency_by_code(fund->reserve_text.currency, &currency) != STATUS_OK) {
        return refuse(failure, RULE_CURRENCY_UNKNOWN, "/reserve/currency",
                      "\"%.*s\" is not a currency of ISO 4217",
                      VIEW_ARGS(fund->reserve_text.currency));
    }
    TRY_FIELD("reserve", statement_money(&fund->reserve_text, currency, &fund->reserve, failure));
    return STATUS_OK;
}

static enum status party_check(struct statement *statement, struct failure *failure)
{
    struct party *party = &statement->party;
    TRY(identity_check(&party->identity, failure));
    TRY_FIELD("certificates", bindings_check(statement, failure));
    if (party->is_fund) {
        TRY_FIELD("fund", fund_check(party, failure));
    }
    return STATUS_OK;
}

const struct kind_form PARTY_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = party_read,
    .check = party_check,
};
