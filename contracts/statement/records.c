/* The records behind a measurement, as far as a statement says. */

#include "contracts/statement/parts.h"

enum status commitment_read(const struct json *node, struct commitment *ret_commitment,
                            struct failure *failure)
{
    enum { COUNT, ROOT, FIELDS_COUNT };
    static const struct shape_field FIELDS[FIELDS_COUNT] = {
        [COUNT] = {"count", SHAPE_REQUIRED},
        [ROOT] = {"root", SHAPE_REQUIRED},
    };
    const struct json *nodes[FIELDS_COUNT];
    TRY(shape_object(node, FIELDS, FIELDS_COUNT, nodes, failure));
    struct commitment commitment = {.is_given = true};
    TRY_FIELD("root", shape_digest(nodes[ROOT], &commitment.root, failure));
    TRY_FIELD("count", shape_integer(nodes[COUNT], 0, INT32_MAX, &commitment.count, failure));
    *ret_commitment = commitment;
    return STATUS_OK;
}

/* Whether a number that has an aggregate is stated, as itself or as the quotient that it is. */
static bool is_stated(const struct aggregate *aggregate, enum measured_field field,
                      const struct measured_value *value)
{
    if (value->has[field] || !aggregate_is_quotient(aggregate)) {
        return value->has[field];
    }
    return field == MEASURED_VALUE
               ? value->has[MEASURED_NUMERATOR] && value->has[MEASURED_DENOMINATOR]
               : value->has[MEASURED_CONTROL_NUMERATOR] && value->has[MEASURED_CONTROL_DENOMINATOR];
}

static enum status check_value(const struct outcome *outcome, const struct measured_value *value,
                               struct failure *failure)
{
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        const struct aggregate *aggregate = outcome->aggregates[field];
        if (aggregate != NULL && !is_stated(aggregate, (enum measured_field)field, value)) {
            TRY_FIELD(MEASURED_FIELD_NAMES[field],
                      refuse(failure, RULE_RECORDS_VALUES, "",
                             "%.*s has a %s that is made of the records: state it too",
                             VIEW_ARGS(outcome->name), MEASURED_FIELD_NAMES[field]));
        }
    }
    return STATUS_OK;
}

enum status measurement_check_records(const struct contract *contract,
                                      const struct measurement *measurement,
                                      struct failure *failure)
{
    if (!measurement->records.is_given) {
        return STATUS_OK;
    }
    if (contract->records.column_count == 0) {
        return refuse(failure, RULE_RECORDS_UNDECLARED, "/records",
                      "%.*s does not say what its records are", VIEW_ARGS(contract->name));
    }
    for (size_t i = 0; i < measurement->value_count; i++) {
        const struct measured_value *value = &measurement->values[i];
        size_t outcome = terms_find_outcome(&contract->terms, value->outcome);
        if (outcome == SIZE_MAX) {
            continue; /* OUTCOME_UNKNOWN is said elsewhere */
        }
        enum status checked = check_value(&contract->terms.outcomes[outcome], value, failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "values");
            return checked;
        }
    }
    return STATUS_OK;
}
