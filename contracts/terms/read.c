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

/* Reads an end of a range, if it is there; it is initialised then, also when it is refused. */
static enum status read_end(const struct json *node, bool *ret_has, struct rational *end,
                            struct failure *failure)
{
    *ret_has = node != NULL;
    if (node == NULL) {
        return STATUS_OK;
    }
    rational_init(end);
    return shape_decimal(node, end, failure);
}

/* {"at_least": decimal, "at_most": decimal}, or one of them */
static enum status read_range(const struct json *node, struct range *range, struct failure *failure)
{
    static const struct shape_field fields[] = {{"at_least", SHAPE_OPTIONAL},
                                                {"at_most", SHAPE_OPTIONAL}};
    const struct json *nodes[2];
    TRY(shape_object(node, fields, 2, nodes, failure));
    if (nodes[0] == NULL && nodes[1] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "",
                      "a range has \"at_least\", \"at_most\" or both");
    }
    TRY_FIELD("at_least", read_end(nodes[0], &range->has_at_least, &range->at_least, failure));
    TRY_FIELD("at_most", read_end(nodes[1], &range->has_at_most, &range->at_most, failure));
    return STATUS_OK;
}

/* The parts that an outcome may leave out. */
static enum status read_optional(const struct json *const nodes[static 4], struct outcome *outcome,
                                 struct failure *failure)
{
    outcome->count_unit_text = VIEW("1");
    if (nodes[0] != NULL) {
        TRY_FIELD("count_unit", shape_unit(nodes[0], &outcome->count_unit_text, failure));
    }
    if (nodes[1] != NULL) {
        TRY_FIELD("baseline", shape_localized(nodes[1], &outcome->baseline, failure));
    }
    if (nodes[2] != NULL) {
        TRY_FIELD("range", read_range(nodes[2], &outcome->range, failure));
    }
    if (nodes[3] != NULL) {
        TRY_FIELD("count_range", read_range(nodes[3], &outcome->count_range, failure));
    }
    return STATUS_OK;
}

/* {"value": {"sum": "days"}, "count": {"count": "rows"}} */
static enum status read_aggregation(const struct json *node, struct arena *arena,
                                    struct outcome *outcome, struct failure *failure)
{
    enum { COUNT = MEASURED_CONTROL_DENOMINATOR + 1 }; /* the others are not counted or summed */
    struct shape_field fields[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        fields[i] = (struct shape_field){MEASURED_FIELD_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    if (json_first(node) == NULL) {
        return shape_malformed(node, "at least one number with its aggregate", failure);
    }
    for (size_t i = 0; i < COUNT; i++) {
        if (nodes[i] != NULL) {
            TRY_FIELD(fields[i].name,
                      aggregate_read(nodes[i], arena, &outcome->aggregates[i], failure));
        }
    }
    return STATUS_OK;
}

static enum status read_outcome(const struct json *node, struct arena *arena,
                                struct outcome *outcome, struct failure *failure)
{
    enum {
        NAME,
        LABEL,
        UNIT,
        CLASS,
        EVALUATOR,
        SOURCE,
        MISSING_DATA,
        COUNT_UNIT, /* from here on as read_optional takes them */
        BASELINE,
        RANGE,
        COUNT_RANGE,
        AGGREGATION,
        COUNT
    };
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
        [RANGE] = {"range", SHAPE_OPTIONAL},
        [COUNT_RANGE] = {"count_range", SHAPE_OPTIONAL},
        [AGGREGATION] = {"aggregation", SHAPE_OPTIONAL},
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
    if (nodes[AGGREGATION] != NULL) {
        TRY_FIELD("aggregation", read_aggregation(nodes[AGGREGATION], arena, outcome, failure));
    }
    return read_optional(nodes + COUNT_UNIT, outcome, failure);
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
        TRY_ITEM(i, read_outcome(item, arena, &terms->outcomes[i], failure));
        item = json_next(item);
    }
    return STATUS_OK;
}

static enum status read_period(const struct json *node, struct period *period,
                               struct failure *failure)
{
    enum { NAME, FROM, TO, DUE, BINDING, CLOSING, COUNT };
    static const struct shape_field fields[COUNT] = {
        [NAME] = {"period", SHAPE_REQUIRED},     [FROM] = {"from", SHAPE_REQUIRED},
        [TO] = {"to", SHAPE_REQUIRED},           [DUE] = {"due", SHAPE_REQUIRED},
        [BINDING] = {"binding", SHAPE_REQUIRED}, [CLOSING] = {"closing", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("period", shape_slug(nodes[NAME], &period->name, failure));
    TRY_FIELD("from", shape_date(nodes[FROM], &period->from, failure));
    TRY_FIELD("to", shape_date(nodes[TO], &period->to, failure));
    TRY_FIELD("due", shape_published_date(nodes[DUE], &period->due, failure));
    TRY_FIELD("binding", shape_boolean(nodes[BINDING], &period->binding, failure));
    if (nodes[CLOSING] != NULL) {
        TRY_FIELD("closing", shape_boolean(nodes[CLOSING], &period->closing, failure));
    }
    if (period->closing && !period->binding) {
        return refuse(failure, RULE_FIELD_MALFORMED, "/closing",
                      "a closing period is one that binds");
    }
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

enum status terms_read(const struct terms_nodes *nodes, struct arena *arena, struct terms *terms,
                       struct failure *failure)
{
    *terms = (struct terms){.outcome_count = 0};
    struct terms_reader reader = {.arena = arena};
    TRY_FIELD("currency", shape_currency(nodes->currency, &terms->currency_code, failure));
    TRY_FIELD("outcomes", read_outcomes(nodes->outcomes, arena, terms, failure));
    TRY_FIELD("periods", read_periods(nodes->periods, arena, terms, failure));
    TRY_FIELD("lines", terms_read_lines(&reader, nodes->lines, terms, failure));
    TRY_FIELD("pays", terms_read_pays(arena, nodes->pays, terms, failure));
    return STATUS_OK;
}

static void release_range(struct range *range)
{
    if (range->has_at_least) {
        rational_release(&range->at_least);
    }
    if (range->has_at_most) {
        rational_release(&range->at_most);
    }
}

void terms_release(struct terms *terms)
{
    for (size_t i = 0; i < terms->outcome_count; i++) {
        release_range(&terms->outcomes[i].range);
        release_range(&terms->outcomes[i].count_range);
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        terms_release_line(&terms->lines[i]);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        terms_release_pay(&terms->pays[i]);
    }
    *terms = (struct terms){.outcome_count = 0};
}
