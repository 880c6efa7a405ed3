#include "contracts/terms/terms.h"

#include <assert.h>

const char *const MEASURED_FIELD_NAMES[MEASURED_FIELD_COUNT] = {
    [MEASURED_VALUE] = "value",
    [MEASURED_COUNT] = "count",
    [MEASURED_NUMERATOR] = "numerator",
    [MEASURED_DENOMINATOR] = "denominator",
    [MEASURED_CONTROL_VALUE] = "control_value",
    [MEASURED_LOW] = "low",
    [MEASURED_HIGH] = "high",
    [MEASURED_P_VALUE] = "p_value",
};

const char *const OUTCOME_CLASS_NAMES[3] = {
    [OUTCOME_PAYING] = "paying",
    [OUTCOME_CONDITION] = "condition",
    [OUTCOME_REPORTED] = "reported",
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
