#include "contracts/statement/parts.h"

#define ANNEX_NAME_MAX 300
#define REMARK_ABOUT_MAX 200
#define REFERENCE_MAX 200

enum status parties_read(const struct json *node, size_t minimum, size_t maximum,
                         struct arena *arena, struct role_parties *ret_parties,
                         struct failure *failure)
{
    struct role_parties parties;
    TRY(shape_array(node, minimum, maximum, &parties.count, failure));
    parties.parties = arena_allocate(arena, parties.count, sizeof *parties.parties);
    if (parties.parties == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < parties.count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_party(item, &parties.parties[i], failure));
    }
    *ret_parties = parties;
    return STATUS_OK;
}

static enum status annex_read(const struct json *node, struct annex *ret_annex,
                              struct failure *failure)
{
    enum { NAME, SHA256, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [NAME] = {"name", SHAPE_REQUIRED},
        [SHA256] = {"sha256", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("name", shape_text(nodes[NAME], 1, ANNEX_NAME_MAX, &ret_annex->name, failure));
    TRY_FIELD("sha256", shape_digest(nodes[SHA256], &ret_annex->digest, failure));
    return STATUS_OK;
}

enum status annexes_read(const struct json *node, struct arena *arena, size_t *ret_count,
                         struct annex **ret_annexes, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_ANNEXES_MAX, &count, failure));
    struct annex *annexes = arena_allocate(arena, count, sizeof *annexes);
    if (annexes == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, annex_read(item, &annexes[i], failure));
    }
    *ret_count = count;
    *ret_annexes = annexes;
    return STATUS_OK;
}

static enum status remark_read(const struct json *node, struct remark *ret_remark,
                               struct failure *failure)
{
    enum { ABOUT, TEXT, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [ABOUT] = {"about", SHAPE_OPTIONAL},
        [TEXT] = {"text", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    if (nodes[ABOUT] != NULL) {
        TRY_FIELD("about",
                  shape_text(nodes[ABOUT], 1, REMARK_ABOUT_MAX, &ret_remark->about, failure));
    }
    TRY_FIELD("text", shape_localized(nodes[TEXT], &ret_remark->text, failure));
    return STATUS_OK;
}

enum status remarks_read(const struct json *node, struct arena *arena, size_t *ret_count,
                         struct remark **ret_remarks, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_NOTES_MAX, &count, failure));
    struct remark *remarks = arena_allocate(arena, count, sizeof *remarks);
    if (remarks == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, remark_read(item, &remarks[i], failure));
    }
    *ret_count = count;
    *ret_remarks = remarks;
    return STATUS_OK;
}

enum status amount_read(const struct json *node, struct shape_money *ret_money,
                        struct failure *failure)
{
    struct shape_money money;
    TRY(shape_money(node, &money, failure));
    if (money.amount.data[0] == '-') {
        TRY_FIELD("amount", shape_malformed(json_member(node, "amount"),
                                            "an amount without a minus sign", failure));
    }
    *ret_money = money;
    return STATUS_OK;
}

enum status reference_read(const struct json *node, struct view *ret_reference,
                           struct failure *failure)
{
    return shape_text(node, 1, REFERENCE_MAX, ret_reference, failure);
}

/* --- Names --- */

static const struct view *name_at(const struct view *first, size_t index, size_t stride)
{
    return (const struct view *)(const void *)((const char *)first + index * stride);
}

size_t names_find_repeated(const struct view *first, size_t count, size_t stride)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (view_equal(*name_at(first, i, stride), *name_at(first, k, stride))) {
                return i;
            }
        }
    }
    return count;
}

enum status refuse_repeated(struct failure *failure, const char *at, struct view name)
{
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(name, quoted);
    return refuse(failure, RULE_NAME_REPEATED, at, "%s is given twice", quoted);
}

enum status published_text_read(const struct json *node, struct localized *ret_text,
                                struct failure *failure)
{
    if (shape_is_not_published(node)) {
        *ret_text = (struct localized){.count = 0};
        return STATUS_OK;
    }
    if (json_type(node) != JSON_OBJECT) {
        return shape_malformed(node, "a text by language or \"not_published\"", failure);
    }
    return shape_localized(node, ret_text, failure);
}
