#include "contracts/terms/terms.h"

#include <assert.h>

const char *const MEASURED_FIELD_NAMES[MEASURED_FIELD_COUNT] = {
    [MEASURED_VALUE] = "value",
    [MEASURED_COUNT] = "count",
    [MEASURED_NUMERATOR] = "numerator",
    [MEASURED_DENOMINATOR] = "denominator",
    [MEASURED_CONTROL_VALUE] = "control_value",
    [MEASURED_CONTROL_COUNT] = "control_count",
    [MEASURED_CONTROL_NUMERATOR] = "control_numerator",
    [MEASURED_CONTROL_DENOMINATOR] = "control_denominator",
    [MEASURED_LOW] = "low",
    [MEASURED_HIGH] = "high",
    [MEASURED_P_VALUE] = "p_value",
    [MEASURED_RATIO] = "ratio",
    [MEASURED_CONTROL_RATIO] = "control_ratio",
};

const char *const OUTCOME_CLASS_NAMES[3] = {
    [OUTCOME_PAYING] = "paying",
    [OUTCOME_CONDITION] = "condition",
    [OUTCOME_REPORTED] = "reported",
};

const char *const SIGNIFICANCE_NAMES[SIGNIFICANCE_COUNT] = {
    [SIGNIFICANCE_P_BELOW] = "p_below",
    [SIGNIFICANCE_P_AT_MOST] = "p_at_most",
    [SIGNIFICANCE_INTERVAL_ABOVE] = "interval_above",
    [SIGNIFICANCE_INTERVAL_BELOW] = "interval_below",
    [SIGNIFICANCE_INTERVAL_EXCLUDES] = "interval_excludes",
};

const char *operation_name(enum operation operation)
{
    static const char *const names[OPERATION_COUNT] = {
#define OPERATION(name, key) [OPERATION_##name] = (key),
#include "contracts/terms/operations.def"
#undef OPERATION
    };
    assert(operation < OPERATION_COUNT);
    return names[operation];
}
