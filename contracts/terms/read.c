#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/reader.h"

/* Reads a localized text, or "not_published" as one of no languages. */
static enum status read_published_text(const struct json *node, struct localized *localized,
                                       struct failure *failure)
{
    if (shape_is_not_published(node)) {
        *localized = (struct localized){.count = 0};
        return STATUS_OK;
    }
    return shape_localized(node, localized, failure);
}

static enum status read_outcome(const struct json *node, struct outcome *outcome,
                                struct failure *failure)
{
    enum { NAME, LABEL, UNIT, CLASS, EVALUATOR, SOURCE, MISSING_DATA, COUNT_UNIT, BASELINE, COUNT };
    static const struct shape_field fields[COUNT] = {
        [NAME] = {"outcome", SHAPE_REQUIRED},
        [LABEL] = {"label", SHAPE_REQUIRED},
        [UNIT] = {"unit", SHAPE_REQUIRED},
        [CLASS] = {"class", SHAPE_REQUIRED},
        [EVALUATOR] = {"evaluator", SHAPE_REQUIRED},
        [SOURCE] = {"source", SHAPE_REQUIRED},
        [MISSING_DATA] = {"missing_data", SHAPE_REQUIRED},
        [COUNT_UNIT] = {"count_unit", SHAPE_OPTIONAL},
        [BASELINE] = {"baseline", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));

    size_t class;
    TRY_FIELD("outcome", shape_name(nodes[NAME], &outcome->name, failure));
    TRY_FIELD("label", shape_localized(nodes[LABEL], &outcome->label, failure));
    TRY_FIELD("unit", shape_unit(nodes[UNIT], &outcome->unit_text, failure));
    TRY_FIELD("class", shape_word(nodes[CLASS], OUTCOME_CLASS_NAMES, 3, &class, failure));
    outcome->class = (enum outcome_class) class;
    TRY_FIELD("evaluator", shape_party(nodes[EVALUATOR], &outcome->evaluator, failure));
    TRY_FIELD("source", read_published_text(nodes[SOURCE], &outcome->source, failure));
    TRY_FIELD("missing_data",
              read_published_text(nodes[MISSING_DATA], &outcome->missing_data, failure));
    outcome->count_unit_text = VIEW("1");
    if (nodes[COUNT_UNIT] != NULL) {
        TRY_FIELD("count_unit", shape_unit(nodes[COUNT_UNIT], &outcome->count_unit_text, failure));
    }
    if (nodes[BASELINE] != NULL) {
        TRY_FIELD("baseline", shape_localized(nodes[BASELINE], &outcome->baseline, failure));
    }
    return STATUS_OK;
}

static enum status read_outcomes(const struct json *node, struct arena *arena, struct terms *terms,
                                 struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_OUTCOMES_MAX, &count, failure));
    terms->outcomes = arena_allocate(arena, count, sizeof *terms->outcomes);
    if (terms->outcomes == NULL) {
        return fail_memory(failure);
    }
    terms->outcome_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_outcome(item, &terms->outcomes[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

static enum status read_period(const struct json *node, struct period *period,
                               struct failure *failure)
{
    static const struct shape_field fields[] = {{"period", SHAPE_REQUIRED},
                                                {"from", SHAPE_REQUIRED},
                                                {"to", SHAPE_REQUIRED},
                                                {"due", SHAPE_REQUIRED},
                                                {"binding", SHAPE_REQUIRED}};
    const struct json *nodes[5];
    TRY(shape_object(node, fields, 5, nodes, failure));
    TRY_FIELD("period", shape_slug(nodes[0], &period->name, failure));
    TRY_FIELD("from", shape_date(nodes[1], &period->from, failure));
    TRY_FIELD("to", shape_date(nodes[2], &period->to, failure));
    TRY_FIELD("due", shape_published_date(nodes[3], &period->due, failure));
    TRY_FIELD("binding", shape_boolean(nodes[4], &period->binding, failure));
    return STATUS_OK;
}

static enum status read_periods(const struct json *node, struct arena *arena, struct terms *terms,
                                struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, TERMS_PERIODS_MAX, &count, failure));
    terms->periods = arena_allocate(arena, count, sizeof *terms->periods);
    if (terms->periods == NULL) {
        return fail_memory(failure);
    }
    terms->period_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_period(item, &terms->periods[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

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

static enum status read_shares(const struct json *node, struct arena *arena, struct pay *pay,
                               struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, MONEY_SHARES_MAX, &count, failure));
    pay->shares = arena_allocate(arena, count, sizeof *pay->shares);
    if (pay->shares == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        rational_init(&pay->shares[i].weight);
    }
    pay->share_count = count;

    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, read_share(item, &pay->shares[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

static enum status read_pay(const struct json *node, struct arena *arena, struct pay *pay,
                            struct failure *failure)
{
    static const struct shape_field fields[] = {
        {"pay", SHAPE_REQUIRED}, {"from", SHAPE_REQUIRED}, {"to", SHAPE_REQUIRED}};
    const struct json *nodes[3];
    TRY(shape_object(node, fields, 3, nodes, failure));
    TRY_FIELD("pay", shape_name(nodes[0], &pay->line_name, failure));
    TRY_FIELD("from", shape_party(nodes[1], &pay->from, failure));
    TRY_FIELD("to", read_shares(nodes[2], arena, pay, failure));
    return STATUS_OK;
}

static enum status read_pays(const struct json *node, struct arena *arena, struct terms *terms,
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

enum status terms_read(const struct terms_nodes *nodes, struct arena *arena, struct terms *terms,
                       struct failure *failure)
{
    *terms = (struct terms){.outcome_count = 0};
    struct terms_reader reader = {.arena = arena};
    TRY_FIELD("currency", shape_currency(nodes->currency, &terms->currency_code, failure));
    TRY_FIELD("outcomes", read_outcomes(nodes->outcomes, arena, terms, failure));
    TRY_FIELD("periods", read_periods(nodes->periods, arena, terms, failure));
    TRY_FIELD("lines", terms_read_lines(&reader, nodes->lines, terms, failure));
    TRY_FIELD("pays", read_pays(nodes->pays, arena, terms, failure));
    return STATUS_OK;
}

void terms_release(struct terms *terms)
{
    for (size_t i = 0; i < terms->line_count; i++) {
        terms_release_line(&terms->lines[i]);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        for (size_t k = 0; k < terms->pays[i].share_count; k++) {
            rational_release(&terms->pays[i].shares[k].weight);
        }
    }
    *terms = (struct terms){.outcome_count = 0};
}
