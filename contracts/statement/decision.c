#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_BY,
    FIELD_CONTRACT,
    FIELD_DECISION,
    FIELD_DISPUTE,
    FIELD_VALUES,
    FIELD_WHY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_BY] = {"by", SHAPE_REQUIRED},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_DECISION] = {"decision", SHAPE_REQUIRED},
    [FIELD_DISPUTE] = {"dispute", SHAPE_REQUIRED},
    [FIELD_VALUES] = {"values", SHAPE_OPTIONAL},
    [FIELD_WHY] = {"why", SHAPE_REQUIRED},
};

const char *const DECISION_WORDS[3] = {
    [DECISION_REJECTED] = "rejected",
    [DECISION_UPHELD] = "upheld",
    [DECISION_WITHDRAWN] = "withdrawn",
};

static enum status decision_read(const struct json *const *nodes, struct statement *statement,
                                 struct failure *failure)
{
    struct decision *decision = &statement->decision;
    size_t word;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &decision->contract, failure));
    TRY_FIELD("dispute", shape_digest(nodes[FIELD_DISPUTE], &decision->dispute, failure));
    TRY_FIELD("decision", shape_word(nodes[FIELD_DECISION], DECISION_WORDS, 3, &word, failure));
    decision->decision = (enum decision_word)word;
    TRY_FIELD("by", shape_party(nodes[FIELD_BY], &decision->by, failure));
    TRY_FIELD("why", shape_localized(nodes[FIELD_WHY], &decision->why, failure));
    if (nodes[FIELD_VALUES] == NULL) {
        return STATUS_OK;
    }
    if (decision->decision != DECISION_UPHELD) {
        return refuse(failure, RULE_FIELD_UNKNOWN, "/values",
                      "the decision \"%s\" has no field \"values\": only \"upheld\" has",
                      DECISION_WORDS[decision->decision]);
    }
    TRY_FIELD("values", values_read(nodes[FIELD_VALUES], &statement->arena, &decision->value_count,
                                    &decision->values, failure));
    return STATUS_OK;
}

static enum status decision_check(struct statement *statement, struct failure *failure)
{
    const struct decision *decision = &statement->decision;
    if (decision->value_count > 0) {
        TRY_FIELD("values", values_check(decision->values, decision->value_count, failure));
    }
    return STATUS_OK;
}

static void decision_release(struct statement *statement)
{
    values_release(statement->decision.values, statement->decision.value_count);
}

const struct kind_form DECISION_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = decision_read,
    .check = decision_check,
    .release = decision_release,
};
