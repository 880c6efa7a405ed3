#include "contracts/terms/aggregation.h"

#include "contracts/number/rational.h"
#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"

const char *const RECORD_TYPE_NAMES[3] = {
    [RECORD_TEXT] = "text",
    [RECORD_DECIMAL] = "decimal",
    [RECORD_DATE] = "date",
};

const char *const RECORD_COMPARISON_NAMES[RECORD_COMPARISON_COUNT] = {
    [RECORD_EQUALS] = "equals",     [RECORD_NOT_EQUALS] = "not_equals",
    [RECORD_AT_LEAST] = "at_least", [RECORD_AT_MOST] = "at_most",
    [RECORD_ABOVE] = "above",       [RECORD_BELOW] = "below",
};

const char *const AGGREGATE_NAMES[AGGREGATE_KIND_COUNT] = {
    [AGGREGATE_COUNT] = "count", [AGGREGATE_DISTINCT] = "distinct",
    [AGGREGATE_SUM] = "sum",     [AGGREGATE_MEAN] = "mean",
    [AGGREGATE_SHARE] = "share", [AGGREGATE_PER_PERSON] = "per_person",
};

/* --- The records --- */

static enum status column_read(const struct json *node, struct record_column *column,
                               struct failure *failure)
{
    enum { COLUMN, OPTIONAL, TYPE, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [COLUMN] = {"column", SHAPE_REQUIRED},
        [OPTIONAL] = {"optional", SHAPE_OPTIONAL},
        [TYPE] = {"type", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    size_t type;
    TRY_FIELD("column", shape_name(nodes[COLUMN], &column->name, failure));
    TRY_FIELD("type", shape_word(nodes[TYPE], RECORD_TYPE_NAMES, 3, &type, failure));
    column->type = (enum record_type)type;
    if (nodes[OPTIONAL] != NULL) {
        TRY_FIELD("optional", shape_boolean(nodes[OPTIONAL], &column->is_optional, failure));
    }
    return STATUS_OK;
}

static enum status columns_read(const struct json *node, struct arena *arena,
                                struct record_form *form, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, RECORDS_COLUMNS_MAX, &count, failure));
    form->columns = arena_allocate(arena, count, sizeof *form->columns);
    if (form->columns == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, column_read(item, &form->columns[i], failure));
    }
    form->column_count = count;
    return STATUS_OK;
}

enum status record_form_read(const struct json *node, struct arena *arena,
                             struct record_form *ret_form, struct failure *failure)
{
    enum { COLUMNS, MINIMUM_CELL, MISSING, PERSON, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [COLUMNS] = {"columns", SHAPE_REQUIRED},
        [MINIMUM_CELL] = {"minimum_cell", SHAPE_REQUIRED},
        [MISSING] = {"missing", SHAPE_REQUIRED},
        [PERSON] = {"person", SHAPE_REQUIRED},
    };
    static const char *const MISSING_NAMES[] = {"refuse", "count_as_missing"};
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    size_t missing;
    struct record_form form = {0};
    TRY_FIELD("columns", columns_read(nodes[COLUMNS], arena, &form, failure));
    TRY_FIELD("person", shape_name(nodes[PERSON], &form.person_name, failure));
    TRY_FIELD("minimum_cell", shape_integer(nodes[MINIMUM_CELL], RECORDS_CELL_MIN, RECORDS_CELL_MAX,
                                            &form.minimum_cell, failure));
    TRY_FIELD("missing", shape_word(nodes[MISSING], MISSING_NAMES, 2, &missing, failure));
    form.missing = (enum record_missing)missing;
    *ret_form = form;
    return STATUS_OK;
}

/* --- Conditions on a row --- */

static enum status test_read(const struct json *node, struct record_test *test,
                             struct failure *failure)
{
    /* The comparisons first, in the order of enum record_comparison. */
    enum { COLUMN = RECORD_COMPARISON_COUNT, COUNT };
    struct shape_field fields[COUNT] = {[COLUMN] = {"column", SHAPE_REQUIRED}};
    for (size_t i = 0; i < RECORD_COMPARISON_COUNT; i++) {
        fields[i] = (struct shape_field){RECORD_COMPARISON_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    TRY_FIELD("column", shape_name(nodes[COLUMN], &test->column_name, failure));
    size_t found = 0;
    for (size_t i = 0; i < RECORD_COMPARISON_COUNT; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        if (++found > 1) {
            TRY_FIELD(fields[i].name, refuse(failure, RULE_FIELD_MALFORMED, "",
                                             "a condition on a row compares once; add another "
                                             "condition"));
        }
        test->comparison = (enum record_comparison)i;
        TRY_FIELD(fields[i].name,
                  shape_text(nodes[i], 1, RECORDS_VALUE_MAX, &test->value, failure));
    }
    if (found == 0) {
        return refuse(failure, RULE_FIELD_MISSING, "/equals",
                      "a condition on a row has one of equals, not_equals, at_least, at_most, "
                      "above, below");
    }
    return STATUS_OK;
}

static enum status where_read(const struct json *node, struct arena *arena,
                              struct record_where *where, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, RECORDS_TESTS_MAX, &count, failure));
    where->tests = arena_allocate(arena, count, sizeof *where->tests);
    if (where->tests == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, test_read(item, &where->tests[i], failure));
    }
    where->count = count;
    return STATUS_OK;
}

/* --- Aggregates --- */

static enum status share_read(const struct json *node, struct arena *arena,
                              struct aggregate *aggregate, struct failure *failure)
{
    static const struct shape_field FIELDS[] = {{"where", SHAPE_REQUIRED}};
    const struct json *nodes[1];
    TRY(shape_object(node, FIELDS, 1, nodes, failure));
    TRY_FIELD("where", where_read(nodes[0], arena, &aggregate->share, failure));
    return STATUS_OK;
}

static enum status amount_of_read(const struct json *node, struct view *ret_text,
                                  struct failure *failure)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    TRY(shape_decimal(node, &value, failure));
    if (rational_sign(&value) < 0) {
        return shape_malformed(node, "a decimal without a minus sign", failure);
    }
    *ret_text = json_string(node);
    return STATUS_OK;
}

static enum status price_read(const struct json *node, struct arena *arena,
                              struct record_price *price, struct failure *failure)
{
    enum { PRICE, WHERE, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [PRICE] = {"price", SHAPE_REQUIRED},
        [WHERE] = {"where", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("where", where_read(nodes[WHERE], arena, &price->where, failure));
    TRY_FIELD("price", amount_of_read(nodes[PRICE], &price->price, failure));
    return STATUS_OK;
}

static enum status prices_read(const struct json *node, struct arena *arena,
                               struct aggregate *aggregate, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, RECORDS_PRICES_MAX, &count, failure));
    aggregate->prices = arena_allocate(arena, count, sizeof *aggregate->prices);
    if (aggregate->prices == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, price_read(item, arena, &aggregate->prices[i], failure));
    }
    aggregate->price_count = count;
    return STATUS_OK;
}

static enum status per_person_read(const struct json *node, struct arena *arena,
                                   struct aggregate *aggregate, struct failure *failure)
{
    enum { AT_MOST, PRICES, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [AT_MOST] = {"at_most", SHAPE_REQUIRED},
        [PRICES] = {"prices", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("prices", prices_read(nodes[PRICES], arena, aggregate, failure));
    TRY_FIELD("at_most", amount_of_read(nodes[AT_MOST], &aggregate->at_most, failure));
    return STATUS_OK;
}

static enum status operation_read(const struct json *node, struct arena *arena,
                                  struct aggregate *aggregate, struct failure *failure)
{
    static const char *const ROWS[] = {"rows"};
    size_t word;
    switch (aggregate->kind) {
    case AGGREGATE_COUNT:
        return shape_word(node, ROWS, 1, &word, failure);
    case AGGREGATE_DISTINCT:
    case AGGREGATE_SUM:
    case AGGREGATE_MEAN:
        return shape_name(node, &aggregate->column_name, failure);
    case AGGREGATE_SHARE:
        return share_read(node, arena, aggregate, failure);
    case AGGREGATE_PER_PERSON:
        return per_person_read(node, arena, aggregate, failure);
    case AGGREGATE_KIND_COUNT:
        break;
    }
    return STATUS_INVALID;
}

/* The one operation that is there. */
static enum status kind_read(const struct json *const *nodes, struct arena *arena,
                             struct aggregate *aggregate, struct failure *failure)
{
    size_t found = 0;
    for (size_t i = 0; i < AGGREGATE_KIND_COUNT; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        if (++found > 1) {
            TRY_FIELD(AGGREGATE_NAMES[i], refuse(failure, RULE_FIELD_MALFORMED, "",
                                                 "a number is made of records in one way"));
        }
        aggregate->kind = (enum aggregate_kind)i;
        TRY_FIELD(AGGREGATE_NAMES[i], operation_read(nodes[i], arena, aggregate, failure));
    }
    if (found == 0) {
        return refuse(failure, RULE_FIELD_MISSING, "/count",
                      "one of count, distinct, sum, mean, share, per_person is required here");
    }
    return STATUS_OK;
}

enum status aggregate_read(const struct json *node, struct arena *arena,
                           struct aggregate **ret_aggregate, struct failure *failure)
{
    /* The operations first, in the order of enum aggregate_kind. */
    enum { WHERE = AGGREGATE_KIND_COUNT, WITHIN, COUNT };
    struct shape_field fields[COUNT] = {
        [WHERE] = {"where", SHAPE_OPTIONAL}, [WITHIN] = {"within", SHAPE_OPTIONAL}};
    for (size_t i = 0; i < AGGREGATE_KIND_COUNT; i++) {
        fields[i] = (struct shape_field){AGGREGATE_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));
    struct aggregate *aggregate = arena_allocate(arena, 1, sizeof *aggregate);
    if (aggregate == NULL) {
        return fail_memory(failure);
    }
    TRY(kind_read(nodes, arena, aggregate, failure));
    if (nodes[WHERE] != NULL) {
        TRY_FIELD("where", where_read(nodes[WHERE], arena, &aggregate->where, failure));
    }
    if (nodes[WITHIN] != NULL) {
        TRY_FIELD("within", shape_name(nodes[WITHIN], &aggregate->within_name, failure));
    }
    *ret_aggregate = aggregate;
    return STATUS_OK;
}
