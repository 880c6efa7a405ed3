#include "contracts/statement/parts.h"

enum {
    FIELD_AFTER = COMMON_COUNT,
    FIELD_COHORT,
    FIELD_CONTRACT,
    FIELD_CORRECTS,
    FIELD_EVALUATOR,
    FIELD_EVIDENCE,
    FIELD_NOTES,
    FIELD_RECORDS,
    FIELD_VALUES,
    FIELD_WHY,
    FIELD_COUNT,
};

static const struct shape_field FIELDS[FIELD_COUNT] = {
    COMMON_FIELDS,
    [FIELD_AFTER] = {"after", SHAPE_REQUIRED},
    [FIELD_COHORT] = {"cohort", SHAPE_OPTIONAL},
    [FIELD_CONTRACT] = {"contract", SHAPE_REQUIRED},
    [FIELD_CORRECTS] = {"corrects", SHAPE_REQUIRED},
    [FIELD_EVALUATOR] = {"evaluator", SHAPE_REQUIRED},
    [FIELD_EVIDENCE] = {"evidence", SHAPE_OPTIONAL},
    [FIELD_NOTES] = {"notes", SHAPE_OPTIONAL},
    [FIELD_RECORDS] = {"records", SHAPE_OPTIONAL},
    [FIELD_VALUES] = {"values", SHAPE_REQUIRED},
    [FIELD_WHY] = {"why", SHAPE_REQUIRED},
};

static enum status correction_read(const struct json *const *nodes, struct statement *statement,
                                   struct failure *failure)
{
    struct correction *correction = &statement->correction;
    struct measurement_nodes stated = {
        .cohort = nodes[FIELD_COHORT],
        .contract = nodes[FIELD_CONTRACT],
        .evaluator = nodes[FIELD_EVALUATOR],
        .evidence = nodes[FIELD_EVIDENCE],
        .notes = nodes[FIELD_NOTES],
        .records = nodes[FIELD_RECORDS],
        .values = nodes[FIELD_VALUES],
    };
    TRY_FIELD("corrects", shape_digest(nodes[FIELD_CORRECTS], &correction->corrects, failure));
    TRY_FIELD("why", shape_localized(nodes[FIELD_WHY], &correction->why, failure));
    return measurement_read_nodes(&stated, &statement->arena, &correction->measurement, failure);
}

static enum status correction_check(struct statement *statement, struct failure *failure)
{
    return measurement_check_stated(&statement->correction.measurement, failure);
}

static void correction_release(struct statement *statement)
{
    const struct measurement *measurement = &statement->correction.measurement;
    values_release(measurement->values, measurement->value_count);
}

const struct kind_form CORRECTION_FORM = {
    .fields = FIELDS,
    .count = FIELD_COUNT,
    .read = correction_read,
    .check = correction_check,
    .release = correction_release,
};
