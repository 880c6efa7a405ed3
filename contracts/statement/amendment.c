#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = CONTRACT_COUNT,
    FIELD_FROM,
    FIELD_RESETTLES,
    FIELD_WHY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    CONTRACT_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_FROM] = {"from", SHAPE_REQUIRED},
    [FIELD_RESETTLES] = {"resettles", SHAPE_OPTIONAL},
    [FIELD_WHY] = {"why", SHAPE_REQUIRED},
};

static enum status resettles_read(const struct json *node, struct arena *arena,
                                  struct amendment *amendment, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_PERIODS_MAX, &count, failure));
    amendment->resettles = arena_allocate(arena, count, sizeof *amendment->resettles);
    if (amendment->resettles == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_slug(item, &amendment->resettles[i], failure));
    }
    amendment->resettles_count = count;
    return STATUS_OK;
}

static enum status amendment_read(const struct json *const *nodes, struct statement *statement,
                                  struct failure *failure)
{
    struct amendment *amendment = &statement->amendment;
    TRY_FIELD("from", shape_slug(nodes[FIELD_FROM], &amendment->from, failure));
    TRY_FIELD("why", shape_localized(nodes[FIELD_WHY], &amendment->why, failure));
    if (nodes[FIELD_RESETTLES] != NULL) {
        TRY_FIELD("resettles",
                  resettles_read(nodes[FIELD_RESETTLES], &statement->arena, amendment, failure));
    }
    return contract_read_nodes(nodes, &statement->arena, &amendment->contract, failure);
}

static enum status check_resettles(const struct amendment *amendment, struct failure *failure)
{
    size_t repeated = names_find_repeated(amendment->resettles, amendment->resettles_count,
                                          sizeof *amendment->resettles);
    if (repeated < amendment->resettles_count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "", amendment->resettles[repeated]));
    }
    return STATUS_OK;
}

static enum status amendment_check(struct statement *statement, struct failure *failure)
{
    struct amendment *amendment = &statement->amendment;
    TRY(contract_check_alone(&amendment->contract, failure));
    if (terms_find_period(&amendment->contract.terms, amendment->from) == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/from",
                      "the new terms of %.*s have no period %.*s",
                      VIEW_ARGS(amendment->contract.name), VIEW_ARGS(amendment->from));
    }
    TRY_FIELD("resettles", check_resettles(amendment, failure));
    return STATUS_OK;
}

static void amendment_release(struct statement *statement)
{
    terms_release(&statement->amendment.contract.terms);
}

const struct kind_form AMENDMENT_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = amendment_read,
    .check = amendment_check,
    .release = amendment_release,
};
