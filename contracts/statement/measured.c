/* What the numbers of a measurement can be: docs/model.md, section 3.3. */

#include "contracts/statement/statement.h"

#include "ledger/base/ownership.h"

/* Room for a quotient of two decimals as a fraction. */
#define NUMBER_TEXT_MAX 100

/* The treated group and the control group, which say the same of themselves. */
struct group {
    enum measured_field value;
    enum measured_field numerator;
    enum measured_field denominator;
    const char *quotient;
};
static const struct group GROUPS[] = {
    {MEASURED_VALUE, MEASURED_NUMERATOR, MEASURED_DENOMINATOR, "numerator / denominator"},
    {MEASURED_CONTROL_VALUE, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_DENOMINATOR,
     "control_numerator / control_denominator"},
};

/* Which numbers a field belongs to. */
enum family { FAMILY_VALUE, FAMILY_COUNT, FAMILY_P_VALUE };

static enum family family_of(enum measured_field field)
{
    switch (field) {
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_DENOMINATOR:
    case MEASURED_CONTROL_COUNT:
    case MEASURED_CONTROL_NUMERATOR:
    case MEASURED_CONTROL_DENOMINATOR:
        return FAMILY_COUNT;
    case MEASURED_P_VALUE:
        return FAMILY_P_VALUE;
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
    case MEASURED_RATIO:
    case MEASURED_CONTROL_RATIO:
    case MEASURED_FIELD_COUNT:
        break;
    }
    return FAMILY_VALUE;
}

bool measured_field_has_sign(enum measured_field field)
{
    return family_of(field) == FAMILY_VALUE;
}

/* Appends a decimal, or a fraction where a decimal has no end. */
static enum status write_number(const struct rational *number, struct buffer *text)
{
    bool is_exact;
    TRY(rational_write_decimal(number, 0, DECIMAL_FRACTION_DIGITS_MAX, text, &is_exact));
    if (is_exact) {
        return STATUS_OK;
    }
    buffer_clear(text);
    return rational_write_fraction(number, text);
}

/* "<what> is <found>, and <against> is <other><remedy>" */
struct disagreement {
    enum rule rule;
    const char *what;
    const struct rational *found;
    const char *against;
    const struct rational *other;
    const char *remedy;
};

static enum status refuse_number(const struct disagreement *is, struct failure *failure)
{
    OWNED(buffer_release) struct buffer found;
    OWNED(buffer_release) struct buffer other;
    buffer_init(&found, NUMBER_TEXT_MAX);
    buffer_init(&other, NUMBER_TEXT_MAX);
    if (write_number(is->found, &found) != STATUS_OK ||
        write_number(is->other, &other) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, is->rule, "", "%s is %.*s, and %s is %.*s%s", is->what,
                  VIEW_ARGS(buffer_view(&found)), is->against, VIEW_ARGS(buffer_view(&other)),
                  is->remedy);
}

/* Both ends belong to the range. */
static enum status check_within(const struct rational *number, const struct range *range,
                                const char *what, struct failure *failure)
{
    struct disagreement is = {
        .rule = RULE_MEASUREMENT_RANGE, .what = what, .found = number, .remedy = ""};
    if (range->has_at_least && rational_compare(number, &range->at_least) < 0) {
        is.against = "the least that the contract allows";
        is.other = &range->at_least;
        return refuse_number(&is, failure);
    }
    if (range->has_at_most && rational_compare(number, &range->at_most) > 0) {
        is.against = "the most that the contract allows";
        is.other = &range->at_most;
        return refuse_number(&is, failure);
    }
    return STATUS_OK;
}

/* --- What any contract asks --- */

static bool is_above_one(const struct rational *value)
{
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    rational_set_integer(&one, 1);
    return rational_compare(value, &one) > 0;
}

/* The place is that of the field. */
static enum status check_possible(enum measured_field field, const struct rational *number,
                                  struct failure *failure)
{
    if (!measured_field_has_sign(field) && rational_sign(number) < 0) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "", "a %s is not below zero",
                      MEASURED_FIELD_NAMES[field]);
    }
    bool is_divisor = field == MEASURED_DENOMINATOR || field == MEASURED_CONTROL_DENOMINATOR;
    if (is_divisor && rational_sign(number) == 0) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "", "a denominator is not zero");
    }
    if (field == MEASURED_P_VALUE && is_above_one(number)) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "", "a p-value is from 0 to 1");
    }
    return STATUS_OK;
}

static enum status check_interval(const struct measured_value *value, struct failure *failure)
{
    if (value->has[MEASURED_LOW] && value->has[MEASURED_HIGH] &&
        rational_compare(&value->fields[MEASURED_LOW], &value->fields[MEASURED_HIGH]) > 0) {
        return refuse(failure, RULE_MEASUREMENT_RANGE, "/low",
                      "the interval's low is above its high");
    }
    return STATUS_OK;
}

enum status measured_value_check(const struct measured_value *value, struct failure *failure)
{
    TRY(check_interval(value, failure));
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (value->has[i]) {
            TRY_FIELD(MEASURED_FIELD_NAMES[i],
                      check_possible((enum measured_field)i, &value->fields[i], failure));
        }
    }
    return STATUS_OK;
}

/* --- What one contract asks --- */

static enum status check_ranges(const struct measured_value *value, const struct outcome *outcome,
                                struct failure *failure)
{
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        enum family family = family_of((enum measured_field)i);
        if (!value->has[i] || family == FAMILY_P_VALUE) {
            continue;
        }
        const struct range *range =
            family == FAMILY_COUNT ? &outcome->count_range : &outcome->range;
        const char *name = MEASURED_FIELD_NAMES[i];
        TRY_FIELD(name, check_within(&value->fields[i], range, name, failure));
    }
    return STATUS_OK;
}

/* Of an outcome of unit 1: the quotient is in the range, and is the stated value if there is one.
 */
static enum status check_quotient(const struct measured_value *value, const struct outcome *outcome,
                                  const struct group *group, struct failure *failure)
{
    if (!value->has[group->numerator] || !value->has[group->denominator]) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational quotient;
    rational_init(&quotient);
    if (rational_divide(&quotient, &value->fields[group->numerator],
                        &value->fields[group->denominator]) != STATUS_OK) {
        return STATUS_OK; /* a denominator of zero: measured_value_check refuses it */
    }
    TRY_FIELD(MEASURED_FIELD_NAMES[group->numerator],
              check_within(&quotient, &outcome->range, group->quotient, failure));
    const struct rational *stated = &value->fields[group->value];
    if (value->has[group->value] && rational_compare(stated, &quotient) != 0) {
        const char *name = MEASURED_FIELD_NAMES[group->value];
        struct disagreement is = {
            .rule = RULE_MEASUREMENT_RATIO,
            .what = name,
            .found = stated,
            .against = group->quotient,
            .other = &quotient,
            .remedy = ": state the counts alone, and a printed figure in \"published\"",
        };
        TRY_FIELD(name, refuse_number(&is, failure));
    }
    return STATUS_OK;
}

enum status measured_value_check_outcome(const struct measured_value *value,
                                         const struct outcome *outcome, struct failure *failure)
{
    TRY(check_ranges(value, outcome, failure));
    if (outcome->unit.count > 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof GROUPS / sizeof GROUPS[0]; i++) {
        TRY(check_quotient(value, outcome, &GROUPS[i], failure));
    }
    return STATUS_OK;
}
