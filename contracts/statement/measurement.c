#include "contracts/statement/parts.h"

#include <stdint.h>

#define PUBLISHED_MAX 200

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_COHORT,
    FIELD_CONTRACT,
    FIELD_EVALUATOR,
    FIELD_EVIDENCE,
    FIELD_NOTES,
    FIELD_PERIOD,
    FIELD_RECORDS,
    FIELD_VALUES,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_COHORT] = {"cohort", SHAPE_OPTIONAL},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_EVALUATOR] = {"evaluator", SHAPE_REQUIRED},
    [FIELD_EVIDENCE] = {"evidence", SHAPE_OPTIONAL},
    [FIELD_NOTES] = {"notes", SHAPE_OPTIONAL},
    [FIELD_PERIOD] = {"period", SHAPE_REQUIRED},
    [FIELD_RECORDS] = {"records", SHAPE_OPTIONAL},
    [FIELD_VALUES] = {"values", SHAPE_REQUIRED},
};

/* --- Reading --- */

static enum status number_read(const struct json *node, enum measured_field field,
                               struct measured_value *value, struct failure *failure)
{
    rational_init(&value->fields[field]);
    value->has[field] = true; /* from here on values_release sees to it */
    TRY(shape_decimal(node, &value->fields[field], failure));
    if (!measured_field_has_sign(field) && rational_sign(&value->fields[field]) < 0) {
        return shape_malformed(node, "a decimal without a minus sign", failure);
    }
    return STATUS_OK;
}

static enum status value_read(const struct json *node, struct measured_value *value,
                              struct failure *failure)
{
    /* The numbers first, in the order of enum measured_field. */
    enum { NOTE = MEASURED_STATED_COUNT, OUTCOME, PUBLISHED, COUNT };
    struct shape_field fields[COUNT] = {
        [NOTE] = {"note", SHAPE_OPTIONAL},
        [OUTCOME] = {"outcome", SHAPE_REQUIRED},
        [PUBLISHED] = {"published", SHAPE_OPTIONAL},
    };
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        fields[i] = (struct shape_field){MEASURED_FIELD_NAMES[i], SHAPE_OPTIONAL};
    }
    const struct json *nodes[COUNT];
    TRY(shape_object(node, fields, COUNT, nodes, failure));

    TRY_FIELD("outcome", shape_name(nodes[OUTCOME], &value->outcome, failure));
    size_t numbers = 0;
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        TRY_FIELD(MEASURED_FIELD_NAMES[i],
                  number_read(nodes[i], (enum measured_field)i, value, failure));
        numbers++;
    }
    if (numbers == 0) {
        return refuse(failure, RULE_FIELD_MISSING, "/value",
                      "at least one number is required here: value, count, numerator and "
                      "denominator, the same with control_ before them, low, high or p_value");
    }
    if (nodes[PUBLISHED] != NULL) {
        TRY_FIELD("published",
                  shape_text(nodes[PUBLISHED], 1, PUBLISHED_MAX, &value->published, failure));
    }
    if (nodes[NOTE] != NULL) {
        TRY_FIELD("note", shape_localized(nodes[NOTE], &value->note, failure));
    }
    return STATUS_OK;
}

enum status values_read(const struct json *node, struct arena *arena, size_t *count,
                        struct measured_value **values, struct failure *failure)
{
    size_t wanted;
    TRY(shape_array(node, 1, STATEMENT_VALUES_MAX, &wanted, failure));
    *values = arena_allocate(arena, wanted, sizeof **values);
    if (*values == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < wanted; i++, item = json_next(item)) {
        *count = i + 1; /* what was begun is released */
        TRY_ITEM(i, value_read(item, &(*values)[i], failure));
    }
    return STATUS_OK;
}

void values_release(struct measured_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
            if (values[i].has[field]) {
                rational_release(&values[i].fields[field]);
            }
        }
    }
}

static enum status cohort_read(const struct json *node, struct measurement *measurement,
                               struct failure *failure)
{
    enum { COUNT, MISSING, FIELDS_COUNT };
    static const struct shape_field COHORT_FIELDS[FIELDS_COUNT] = {
        [COUNT] = {"count", SHAPE_REQUIRED},
        [MISSING] = {"missing", SHAPE_REQUIRED},
    };
    const struct json *nodes[FIELDS_COUNT];
    TRY(shape_object(node, COHORT_FIELDS, FIELDS_COUNT, nodes, failure));
    TRY_FIELD("count",
              shape_integer(nodes[COUNT], 0, INT32_MAX, &measurement->cohort_count, failure));
    TRY_FIELD("missing",
              shape_integer(nodes[MISSING], 0, INT32_MAX, &measurement->missing_count, failure));
    return STATUS_OK;
}

enum status measurement_read_nodes(const struct measurement_nodes *nodes, struct arena *arena,
                                   struct measurement *measurement, struct failure *failure)
{
    measurement->cohort_count = -1;
    measurement->missing_count = -1;
    TRY_FIELD("contract", shape_slug(nodes->contract, &measurement->contract, failure));
    TRY_FIELD("evaluator", shape_party(nodes->evaluator, &measurement->evaluator, failure));
    TRY_FIELD("values", values_read(nodes->values, arena, &measurement->value_count,
                                    &measurement->values, failure));
    if (nodes->cohort != NULL) {
        TRY_FIELD("cohort", cohort_read(nodes->cohort, measurement, failure));
    }
    if (nodes->records != NULL) {
        TRY_FIELD("records", commitment_read(nodes->records, &measurement->records, failure));
    }
    if (nodes->evidence != NULL) {
        TRY_FIELD("evidence", annexes_read(nodes->evidence, arena, &measurement->evidence_count,
                                           &measurement->evidence, failure));
    }
    if (nodes->notes != NULL) {
        TRY_FIELD("notes", remarks_read(nodes->notes, arena, &measurement->remark_count,
                                        &measurement->remarks, failure));
    }
    return STATUS_OK;
}

static enum status measurement_read(const struct json *const *nodes, struct statement *statement,
                                    struct failure *failure)
{
    struct measurement *measurement = &statement->measurement;
    struct measurement_nodes stated = {
        .cohort = nodes[FIELD_COHORT],
        .contract = nodes[FIELD_CONTRACT],
        .evaluator = nodes[FIELD_EVALUATOR],
        .evidence = nodes[FIELD_EVIDENCE],
        .notes = nodes[FIELD_NOTES],
        .records = nodes[FIELD_RECORDS],
        .values = nodes[FIELD_VALUES],
    };
    TRY_FIELD("period", shape_slug(nodes[FIELD_PERIOD], &measurement->period, failure));
    return measurement_read_nodes(&stated, &statement->arena, measurement, failure);
}

static void measurement_release(struct statement *statement)
{
    values_release(statement->measurement.values, statement->measurement.value_count);
}

/* --- Checking --- */

enum status values_check(const struct measured_value *values, size_t count, struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, measured_value_check(&values[i], failure));
    }
    size_t repeated = names_find_repeated(&values[0].outcome, count, sizeof values[0]);
    if (repeated < count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "/outcome", values[repeated].outcome));
    }
    return STATUS_OK;
}

static enum status check_evidence(const struct measurement *measurement, struct failure *failure)
{
    if (measurement->evidence_count == 0) {
        return STATUS_OK;
    }
    size_t repeated =
        names_find_repeated(&measurement->evidence[0].name, measurement->evidence_count,
                            sizeof measurement->evidence[0]);
    if (repeated < measurement->evidence_count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "/name", measurement->evidence[repeated].name));
    }
    return STATUS_OK;
}

enum status measurement_check_stated(const struct measurement *measurement, struct failure *failure)
{
    TRY_FIELD("values", values_check(measurement->values, measurement->value_count, failure));
    if (measurement->missing_count > measurement->cohort_count) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "/cohort/missing",
                      "%d people without data are more than the %d in the cohort",
                      measurement->missing_count, measurement->cohort_count);
    }
    TRY_FIELD("evidence", check_evidence(measurement, failure));
    return STATUS_OK;
}

static enum status measurement_check(struct statement *statement, struct failure *failure)
{
    return measurement_check_stated(&statement->measurement, failure);
}

const struct kind_form MEASUREMENT_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = measurement_read,
    .check = measurement_check,
    .release = measurement_release,
};
