/* The shape of a published file. */
#include "contracts/reconciliation/reader.h"

#define NOTES_MAX 100
#define SOURCES_MAX 100
#define SOURCE_SIZE_MAX 1000

const char *const PUBLISHED_SUM_NAMES[PUBLISHED_SUM_COUNT] = {
    [PUBLISHED_FUNDED] = "funded",
    [PUBLISHED_PAID] = "paid",
    [PUBLISHED_EARLIER] = "earlier",
};

/* --- Inputs --- */

static enum status number_read(const struct json *node, enum measured_field field,
                               struct measured_value *value, struct failure *failure)
{
    rational_init(&value->fields[field]);
    value->has[field] = true; /* from here on published_release sees to it */
    return measured_field_has_sign(field)
               ? published_number_read(node, &value->fields[field], failure)
               : published_unsigned_read(node, &value->fields[field], failure);
}

/* ["count", ...]: which of the numbers were computed back. */
static enum status derived_read(const struct json *node, struct published_input *input,
                                struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, MEASURED_STATED_COUNT, &count, failure));
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        size_t field = 0;
        TRY_ITEM(i, shape_word(item, MEASURED_FIELD_NAMES, MEASURED_STATED_COUNT, &field, failure));
        input->is_derived[field] = true;
    }
    return STATUS_OK;
}

static enum status input_read(const struct json *node, struct published_input *input,
                              struct failure *failure)
{
    /* The numbers first, in the order of enum measured_field. */
    enum {
        DERIVED = MEASURED_STATED_COUNT,
        NOTE,
        OUTCOME,
        PUBLISHED,
        ROUNDED_BY,
        ROUNDED_TO,
        COUNT
    };
    struct shape_field fields[COUNT] = {
        [DERIVED] = {"derived", SHAPE_OPTIONAL},
        [NOTE] = {"note", SHAPE_OPTIONAL},
        [OUTCOME] = {"outcome", SHAPE_REQUIRED},
        [PUBLISHED] = {"published", SHAPE_OPTIONAL},
        [ROUNDED_BY] = {"rounded_by", SHAPE_OPTIONAL},
        [ROUNDED_TO] = {"rounded_to", SHAPE_OPTIONAL},
    };
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        fields[i] = (struct shape_field){MEASURED_FIELD_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("outcome", shape_name(nodes[OUTCOME], &input->value.outcome, failure));
    bool says_something = nodes[PUBLISHED] != NULL;
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (nodes[i] != NULL) {
            TRY_FIELD(MEASURED_FIELD_NAMES[i],
                      number_read(nodes[i], (enum measured_field)i, &input->value, failure));
            says_something = true;
        }
    }
    if (!says_something) {
        return refuse(failure, RULE_FIELD_MISSING, "/published",
                      "a number such as value or count, or published: what was told in words, or "
                      "\"not_published\"");
    }
    if (nodes[PUBLISHED] != NULL) {
        TRY_FIELD("published", shape_text(nodes[PUBLISHED], 1, PUBLISHED_TEXT_MAX,
                                          &input->value.published, failure));
    }
    TRY(published_rounding_read(nodes[ROUNDED_TO], nodes[ROUNDED_BY], &input->rounding, failure));
    if (nodes[DERIVED] != NULL) {
        TRY_FIELD("derived", derived_read(nodes[DERIVED], input, failure));
    }
    if (nodes[NOTE] != NULL) {
        TRY_FIELD("note", shape_localized(nodes[NOTE], &input->value.note, failure));
    }
    return STATUS_OK;
}

static enum status inputs_read(const struct json *node, struct arena *arena,
                               struct published_period *period, struct failure *failure)
{
    void *inputs = NULL;
    size_t count = 0;
    TRY(published_items_new(node, (struct items_shape){TERMS_OUTCOMES_MAX, sizeof *period->inputs},
                            arena, &count, &inputs, failure));
    period->inputs = inputs;
    period->input_count = count;
    for (size_t i = 0; i < count; i++) {
        rational_init(&period->inputs[i].rounding.step);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, input_read(item, &period->inputs[i], failure));
    }
    return STATUS_OK;
}

/* --- What came before --- */

/* {"party", "amount"}, {"pay", "amount"} or {"line", "amount"} */
static enum status sum_read(const struct json *node, struct published_sum *sum,
                            struct failure *failure)
{
    enum { NAME, AMOUNT, COUNT };
    static const char *const NAMES[PUBLISHED_SUM_COUNT] = {
        [PUBLISHED_FUNDED] = "party",
        [PUBLISHED_PAID] = "pay",
        [PUBLISHED_EARLIER] = "line",
    };
    const struct shape_field fields[COUNT] = {
        [NAME] = {NAMES[sum->kind], SHAPE_REQUIRED},
        [AMOUNT] = {"amount", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD(NAMES[sum->kind], sum->kind == PUBLISHED_FUNDED
                                    ? shape_party(nodes[NAME], &sum->name, failure)
                                    : shape_name(nodes[NAME], &sum->name, failure));
    TRY_FIELD("amount", sum->kind == PUBLISHED_FUNDED
                            ? published_unsigned_read(nodes[AMOUNT], &sum->amount, failure)
                            : published_number_read(nodes[AMOUNT], &sum->amount, failure));
    return STATUS_OK;
}

/* The three arrays, each of them optional, one after the other. */
static enum status sums_read(const struct json *const *nodes, struct arena *arena,
                             struct published_period *period, struct failure *failure)
{
    size_t total = 0;
    for (size_t kind = 0; kind < PUBLISHED_SUM_COUNT; kind++) {
        size_t count = 0;
        if (nodes[kind] != NULL) {
            TRY_FIELD(PUBLISHED_SUM_NAMES[kind],
                      shape_array(nodes[kind], 1, PUBLISHED_SUMS_MAX, &count, failure));
        }
        total += count;
    }
    period->sums = arena_allocate(arena, total + 1, sizeof *period->sums);
    if (period->sums == NULL) {
        return fail_memory(failure);
    }
    for (size_t kind = 0; kind < PUBLISHED_SUM_COUNT; kind++) {
        const struct json *item = nodes[kind] == NULL ? NULL : json_first(nodes[kind]);
        for (size_t i = 0; item != NULL; i++, item = json_next(item)) { /* bounded by shape_array */
            struct published_sum *sum = &period->sums[period->sum_count++];
            rational_init(&sum->amount);
            sum->kind = (enum published_sum_kind)kind;
            enum status status = sum_read(item, sum, failure);
            if (status != STATUS_OK) {
                shape_prefix_index(failure, i);
                shape_prefix_name(failure, PUBLISHED_SUM_NAMES[kind]);
                return status;
            }
        }
    }
    return STATUS_OK;
}

/* --- Periods --- */

static enum status period_read(const struct json *node, struct arena *arena,
                               struct published_period *period, struct failure *failure)
{
    /* The sums first, in the order of enum published_sum_kind. */
    enum { CLAIMS = PUBLISHED_SUM_COUNT, INPUTS, PERIOD, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [PUBLISHED_FUNDED] = {"funded", SHAPE_OPTIONAL},
        [PUBLISHED_PAID] = {"paid", SHAPE_OPTIONAL},
        [PUBLISHED_EARLIER] = {"earlier", SHAPE_OPTIONAL},
        [CLAIMS] = {"claims", SHAPE_OPTIONAL},
        [INPUTS] = {"inputs", SHAPE_OPTIONAL},
        [PERIOD] = {"period", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("period", shape_slug(nodes[PERIOD], &period->name, failure));
    if (nodes[INPUTS] != NULL) {
        TRY_FIELD("inputs", inputs_read(nodes[INPUTS], arena, period, failure));
    }
    TRY(sums_read(nodes, arena, period, failure));
    if (nodes[CLAIMS] != NULL) {
        TRY_FIELD("claims", published_claims_read(nodes[CLAIMS], arena, period, failure));
    }
    return STATUS_OK;
}

static enum status periods_read(const struct json *node, struct arena *arena,
                                struct published *published, struct failure *failure)
{
    void *periods = NULL;
    TRY(published_items_new(node,
                            (struct items_shape){TERMS_PERIODS_MAX, sizeof *published->periods},
                            arena, &published->period_count, &periods, failure));
    published->periods = periods;
    const struct json *item = json_first(node);
    for (size_t i = 0; i < published->period_count; i++, item = json_next(item)) {
        TRY_ITEM(i, period_read(item, arena, &published->periods[i], failure));
    }
    return STATUS_OK;
}

/* --- Totals --- */

/* A figure, or {"period", and the line or pay that it is about}. */
static enum status part_read(const struct json *node, struct quantity *part,
                             struct failure *failure)
{
    enum { LINE, PAY, PERIOD, TO, TRANCHE, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [LINE] = {"line", SHAPE_OPTIONAL},       [PAY] = {"pay", SHAPE_OPTIONAL},
        [PERIOD] = {"period", SHAPE_REQUIRED},   [TO] = {"to", SHAPE_OPTIONAL},
        [TRANCHE] = {"tranche", SHAPE_OPTIONAL},
    };
    if (json_type(node) == JSON_STRING) {
        part->kind = QUANTITY_PART;
        part->part_text = json_string(node);
        return published_number_read(node, &part->part, failure);
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("period", shape_slug(nodes[PERIOD], &part->period_name, failure));
    const struct quantity_nodes quantity = {
        .line = nodes[LINE],
        .pay = nodes[PAY],
        .tranche = nodes[TRANCHE],
        .to = nodes[TO],
    };
    return published_quantity_read(&quantity, part, failure);
}

static enum status parts_read(const struct json *node, struct arena *arena,
                              struct published_total *total, struct failure *failure)
{
    void *parts = NULL;
    size_t count = 0;
    TRY(published_items_new(node, (struct items_shape){PUBLISHED_PARTS_MAX, sizeof *total->parts},
                            arena, &count, &parts, failure));
    total->parts = parts;
    total->part_count = count;
    for (size_t i = 0; i < count; i++) {
        rational_init(&total->parts[i].part);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, part_read(item, &total->parts[i], failure));
    }
    return STATUS_OK;
}

static enum status total_read(const struct json *node, struct arena *arena,
                              struct published_total *total, struct failure *failure)
{
    enum { AT_MOST, CIRCULAR, LABEL, NOTE, PUBLISHED, ROUNDED_BY, ROUNDED_TO, SUM_OF, UNIT, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [AT_MOST] = {"at_most", SHAPE_OPTIONAL},
        [CIRCULAR] = {"circular", SHAPE_OPTIONAL},
        [LABEL] = {"label", SHAPE_REQUIRED},
        [NOTE] = {"note", SHAPE_OPTIONAL},
        [PUBLISHED] = {"published", SHAPE_OPTIONAL},
        [ROUNDED_BY] = {"rounded_by", SHAPE_OPTIONAL},
        [ROUNDED_TO] = {"rounded_to", SHAPE_OPTIONAL},
        [SUM_OF] = {"sum_of", SHAPE_REQUIRED},
        [UNIT] = {"unit", SHAPE_OPTIONAL},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("label", shape_localized(nodes[LABEL], &total->label, failure));
    total->has_figure = nodes[PUBLISHED] != NULL;
    total->has_at_most = nodes[AT_MOST] != NULL;
    if (!total->has_figure && !total->has_at_most) {
        return refuse(failure, RULE_FIELD_MISSING, "/published",
                      "published, at_most, or both: what the sum is compared with");
    }
    const struct figure_nodes figure = {
        .published = nodes[PUBLISHED],
        .rounded_to = nodes[ROUNDED_TO],
        .rounded_by = nodes[ROUNDED_BY],
        .unit = nodes[UNIT],
        .circular = nodes[CIRCULAR],
        .note = nodes[NOTE],
    };
    TRY(published_figure_read(&figure, &total->figure, failure));
    if (total->has_at_most) {
        TRY_FIELD("at_most", published_number_read(nodes[AT_MOST], &total->at_most, failure));
    }
    TRY_FIELD("sum_of", parts_read(nodes[SUM_OF], arena, total, failure));
    return STATUS_OK;
}

static enum status totals_read(const struct json *node, struct arena *arena,
                               struct published *published, struct failure *failure)
{
    void *totals = NULL;
    size_t count = 0;
    TRY(published_items_new(node,
                            (struct items_shape){PUBLISHED_TOTALS_MAX, sizeof *published->totals},
                            arena, &count, &totals, failure));
    published->totals = totals;
    published->total_count = count;
    for (size_t i = 0; i < count; i++) {
        published_figure_init(&published->totals[i].figure);
        rational_init(&published->totals[i].at_most);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, total_read(item, arena, &published->totals[i], failure));
    }
    return STATUS_OK;
}

/* --- The file --- */

static enum status sources_read(const struct json *node, struct arena *arena,
                                struct published *published, struct failure *failure)
{
    void *sources = NULL;
    TRY(published_items_new(node, (struct items_shape){SOURCES_MAX, sizeof *published->sources},
                            arena, &published->source_count, &sources, failure));
    published->sources = sources;
    const struct json *item = json_first(node);
    for (size_t i = 0; i < published->source_count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_text(item, 1, SOURCE_SIZE_MAX, &published->sources[i], failure));
    }
    return STATUS_OK;
}

static enum status notes_read(const struct json *node, struct arena *arena,
                              struct published *published, struct failure *failure)
{
    void *notes = NULL;
    TRY(published_items_new(node, (struct items_shape){NOTES_MAX, sizeof *published->notes}, arena,
                            &published->note_count, &notes, failure));
    published->notes = notes;
    const struct json *item = json_first(node);
    for (size_t i = 0; i < published->note_count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_localized(item, &published->notes[i], failure));
    }
    return STATUS_OK;
}

/* A file that says it is something else is told so before its fields are looked at. */
static enum status kind_read(const struct json *root, struct failure *failure)
{
    const struct json *kind = json_member(root, "kind");
    if (kind != NULL &&
        (json_type(kind) != JSON_STRING || !view_is(json_string(kind), "published"))) {
        return refuse(failure, RULE_KIND_UNKNOWN, "/kind",
                      "a published file has the kind published");
    }
    const struct json *version = json_member(root, "version");
    if (version != NULL &&
        (json_type(version) != JSON_INTEGER || json_integer(version) != PUBLISHED_VERSION)) {
        return refuse(failure, RULE_VERSION_UNKNOWN, "/version", "version %d is known here",
                      PUBLISHED_VERSION);
    }
    return STATUS_OK;
}

enum status published_read(const struct json *root, struct arena *arena,
                           struct published *published, struct failure *failure)
{
    enum { CONTRACT, KIND, NOTES, PERIODS, SOURCES, TITLE, TOTALS, VERSION, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [CONTRACT] = {"contract", SHAPE_REQUIRED}, [KIND] = {"kind", SHAPE_REQUIRED},
        [NOTES] = {"notes", SHAPE_OPTIONAL},       [PERIODS] = {"periods", SHAPE_OPTIONAL},
        [SOURCES] = {"sources", SHAPE_REQUIRED},   [TITLE] = {"title", SHAPE_OPTIONAL},
        [TOTALS] = {"totals", SHAPE_OPTIONAL},     [VERSION] = {"version", SHAPE_REQUIRED},
    };
    TRY(kind_read(root, failure));
    const struct json *nodes[COUNT];
    TRY(shape_object(root, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("contract", shape_slug(nodes[CONTRACT], &published->contract, failure));
    TRY_FIELD("sources", sources_read(nodes[SOURCES], arena, published, failure));
    if (nodes[TITLE] != NULL) {
        TRY_FIELD("title", shape_localized(nodes[TITLE], &published->title, failure));
    }
    if (nodes[NOTES] != NULL) {
        TRY_FIELD("notes", notes_read(nodes[NOTES], arena, published, failure));
    }
    if (nodes[PERIODS] == NULL && nodes[TOTALS] == NULL) {
        return refuse(failure, RULE_FIELD_MISSING, "/periods", "periods, totals, or both");
    }
    if (nodes[PERIODS] != NULL) {
        TRY_FIELD("periods", periods_read(nodes[PERIODS], arena, published, failure));
    }
    if (nodes[TOTALS] != NULL) {
        TRY_FIELD("totals", totals_read(nodes[TOTALS], arena, published, failure));
    }
    return STATUS_OK;
}

/* --- Releasing --- */

static void figure_release(struct published_figure *figure)
{
    rational_release(&figure->value);
    rational_release(&figure->rounding.step);
}

static void period_release(struct published_period *period)
{
    for (size_t i = 0; i < period->input_count; i++) {
        rational_release(&period->inputs[i].rounding.step);
        struct measured_value *value = &period->inputs[i].value;
        for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
            if (value->has[field]) {
                rational_release(&value->fields[field]);
            }
        }
    }
    for (size_t i = 0; i < period->sum_count; i++) {
        rational_release(&period->sums[i].amount);
    }
    for (size_t i = 0; i < period->claim_count; i++) {
        rational_release(&period->claims[i].quantity.part);
        figure_release(&period->claims[i].figure);
    }
}

void published_release(struct published *published)
{
    for (size_t i = 0; i < published->period_count; i++) {
        period_release(&published->periods[i]);
    }
    for (size_t i = 0; i < published->total_count; i++) {
        struct published_total *total = &published->totals[i];
        figure_release(&total->figure);
        rational_release(&total->at_most);
        for (size_t k = 0; k < total->part_count; k++) {
            rational_release(&total->parts[k].part);
        }
    }
    *published = (struct published){0};
}
