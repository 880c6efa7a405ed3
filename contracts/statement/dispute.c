#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_BY,
    FIELD_CONTRACT,
    FIELD_MEASUREMENT,
    FIELD_OUTCOMES,
    FIELD_WHY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_BY] = {"by", SHAPE_REQUIRED},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_MEASUREMENT] = {"measurement", SHAPE_REQUIRED},
    [FIELD_OUTCOMES] = {"outcomes", SHAPE_REQUIRED},
    [FIELD_WHY] = {"why", SHAPE_REQUIRED},
};

static enum status outcomes_read(const struct json *node, struct arena *arena,
                                 struct dispute *dispute, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_VALUES_MAX, &count, failure));
    dispute->outcomes = arena_allocate(arena, count, sizeof *dispute->outcomes);
    if (dispute->outcomes == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_name(item, &dispute->outcomes[i], failure));
    }
    dispute->outcome_count = count;
    return STATUS_OK;
}

static enum status dispute_read(const struct json *const *nodes, struct statement *statement,
                                struct failure *failure)
{
    struct dispute *dispute = &statement->dispute;
    TRY_FIELD("contract", shape_slug(nodes[FIELD_CONTRACT], &dispute->contract, failure));
    TRY_FIELD("measurement",
              shape_digest(nodes[FIELD_MEASUREMENT], &dispute->measurement, failure));
    TRY_FIELD("outcomes",
              outcomes_read(nodes[FIELD_OUTCOMES], &statement->arena, dispute, failure));
    TRY_FIELD("by", shape_party(nodes[FIELD_BY], &dispute->by, failure));
    TRY_FIELD("why", shape_localized(nodes[FIELD_WHY], &dispute->why, failure));
    return STATUS_OK;
}

static enum status dispute_check(struct statement *statement, struct failure *failure)
{
    const struct dispute *dispute = &statement->dispute;
    size_t repeated = names_find_repeated(&dispute->outcomes[0], dispute->outcome_count,
                                          sizeof dispute->outcomes[0]);
    if (repeated == dispute->outcome_count) {
        return STATUS_OK;
    }
    enum status refused = refuse_repeated(failure, "", dispute->outcomes[repeated]);
    shape_prefix_index(failure, repeated);
    shape_prefix_name(failure, "outcomes");
    return refused;
}

const struct kind_form DISPUTE_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = dispute_read,
    .check = dispute_check,
};
