/* Pays: which line is owed, by whom and to whom, in one layer or several. */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

static enum status read_share(const struct json *node, struct pay_share *share,
                              struct failure *failure)
{
    static const struct shape_field fields[] = {{"party", SHAPE_REQUIRED},
                                                {"share", SHAPE_OPTIONAL}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    TRY_FIELD("party", shape_party(nodes[0], &share->party, failure));

    share->is_given = nodes[1] != NULL;
    if (!share->is_given) {
        rational_set_integer(&share->weight, 1);
        return STATUS_OK;
    }
    share->by_funding =
        json_type(nodes[1]) == JSON_STRING && view_is(json_string(nodes[1]), "funding");
    if (!share->by_funding) {
        TRY_FIELD("share", shape_decimal(nodes[1], &share->weight, failure));
        if (rational_sign(&share->weight) < 0) {
            TRY_FIELD("share",
                      shape_malformed(nodes[1], "a decimal without a minus sign", failure));
        }
    }
    return STATUS_OK;
}

static enum status read_shares(const struct json *node, struct arena *arena,
                               struct tranche *tranche, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, MONEY_SHARES_MAX, &count, failure));
    tranche->shares = arena_allocate(arena, count, sizeof *tranche->shares);
    if (tranche->shares == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        rational_init(&tranche->shares[i].weight);
    }
    tranche->share_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_share(item, &tranche->shares[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

/* {"tranche", "label", "up_to", "to"} */
static enum status read_tranche(const struct json *node, struct arena *arena,
                                struct tranche *tranche, struct failure *failure)
{
    enum { TRANCHE, LABEL, UP_TO, TO, COUNT };
    static const struct shape_field fields[COUNT] = {
        [TRANCHE] = {"tranche", SHAPE_REQUIRED},
        [LABEL] = {"label", SHAPE_OPTIONAL},
        [UP_TO] = {"up_to", SHAPE_OPTIONAL},
        [TO] = {"to", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("tranche", shape_name(nodes[TRANCHE], &tranche->name, failure));
    if (nodes[LABEL] != NULL) {
        TRY_FIELD("label", shape_localized(nodes[LABEL], &tranche->label, failure));
    }
    tranche->has_up_to = nodes[UP_TO] != NULL;
    if (tranche->has_up_to) {
        TRY_FIELD("up_to", shape_name(nodes[UP_TO], &tranche->up_to_name, failure));
    }
    TRY_FIELD("to", read_shares(nodes[TO], arena, tranche, failure));
    return STATUS_OK;
}

static enum status allocate_tranches(struct arena *arena, size_t count, struct pay *pay,
                                     struct failure *failure)
{
    pay->tranches = arena_allocate(arena, count, sizeof *pay->tranches);
    if (pay->tranches == NULL) {
        return fail_memory(failure);
    }
    pay->tranche_count = count;
    return STATUS_OK;
}

static enum status read_waterfall(const struct json *node, struct arena *arena, struct pay *pay,
                                  struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 2, TERMS_TRANCHES_MAX, &count, failure));
    TRY(allocate_tranches(arena, count, pay, failure));

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_tranche(item, arena, &pay->tranches[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

/* One of `to` and `waterfall`; each is NULL when absent. */
static enum status read_receivers(const struct json *to, const struct json *waterfall,
                                  struct arena *arena, struct pay *pay, struct failure *failure)
{
    if (to == NULL && waterfall == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "", "a pay has \"to\" or \"waterfall\"");
    }
    if (to != NULL && waterfall != NULL) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "a pay has \"to\" or \"waterfall\", not both");
    }
    if (waterfall != NULL) {
        TRY_FIELD("waterfall", read_waterfall(waterfall, arena, pay, failure));
        return STATUS_OK;
    }
    TRY(allocate_tranches(arena, 1, pay, failure));
    TRY_FIELD("to", read_shares(to, arena, &pay->tranches[0], failure));
    return STATUS_OK;
}

/* {"date": date} or {"days_after_period": integer} */
static enum status read_due(const struct json *node, struct pay *pay, struct failure *failure)
{
    static const struct shape_field fields[] = {{"date", SHAPE_OPTIONAL},
                                                {"days_after_period", SHAPE_OPTIONAL}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    if (nodes[0] == NULL && nodes[1] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "a pay is due on a \"date\" or so many \"days_after_period\"");
    }
    if (nodes[0] != NULL && nodes[1] != NULL) {
        return refuse(failure, RULE_FIELD_MALFORMED, "",
                      "a pay is due on a \"date\" or so many \"days_after_period\", not both");
    }
    if (nodes[0] != NULL) {
        pay->due_kind = DUE_DATE;
        TRY_FIELD("date", shape_date(nodes[0], &pay->due_date, failure));
        return STATUS_OK;
    }
    pay->due_kind = DUE_DAYS_AFTER_PERIOD;
    TRY_FIELD("days_after_period",
              shape_integer(nodes[1], 0, TERMS_DUE_DAYS_MAX, &pay->due_days, failure));
    return STATUS_OK;
}

static enum status read_negative(const struct json *node, struct pay *pay, struct failure *failure)
{
    static const char *const reverse = "reverse";
    size_t index;
    TRY(shape_word(node, &reverse, 1, &index, failure));
    pay->is_reversible = true;
    return STATUS_OK;
}

static enum status read_pay(const struct json *node, struct arena *arena, struct pay *pay,
                            struct failure *failure)
{
    enum { PAY, FROM, TO, WATERFALL, NEGATIVE, DUE, COUNT };
    static const struct shape_field fields[COUNT] = {
        [PAY] = {"pay", SHAPE_REQUIRED},
        [FROM] = {"from", SHAPE_REQUIRED},
        [TO] = {"to", SHAPE_OPTIONAL},
        [WATERFALL] = {"waterfall", SHAPE_OPTIONAL},
        [NEGATIVE] = {"negative", SHAPE_OPTIONAL},
        [DUE] = {"due", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("pay", shape_name(nodes[PAY], &pay->line_name, failure));
    TRY_FIELD("from", shape_party(nodes[FROM], &pay->from, failure));
    TRY(read_receivers(nodes[TO], nodes[WATERFALL], arena, pay, failure));
    if (nodes[NEGATIVE] != NULL) {
        TRY_FIELD("negative", read_negative(nodes[NEGATIVE], pay, failure));
    }
    if (nodes[DUE] != NULL) {
        TRY_FIELD("due", read_due(nodes[DUE], pay, failure));
    }
    return STATUS_OK;
}

enum status terms_read_pays(struct arena *arena, const struct json *node, struct terms *terms,
                            struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 0, TERMS_PAYS_MAX, &count, failure));
    terms->pays = arena_allocate(arena, count, sizeof *terms->pays);
    if (terms->pays == NULL) {
        return fail_memory(failure);
    }
    terms->pay_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_pay(item, arena, &terms->pays[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

void terms_release_pay(struct pay *pay)
{
    for (size_t i = 0; i < pay->tranche_count; i++) {
        for (size_t k = 0; k < pay->tranches[i].share_count; k++) {
            rational_release(&pay->tranches[i].shares[k].weight);
        }
    }
}
