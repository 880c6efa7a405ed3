/* What a contract's records and aggregations can be, as far as it tells alone. */

#include "contracts/number/date.h"
#include "contracts/rule/rule.h"
#include "contracts/terms/aggregation.h"
#include "contracts/terms/terms.h"
#include "ledger/base/ownership.h"

/* --- Columns --- */

static size_t find_column(const struct record_form *form, struct view name)
{
    size_t i = 0;
    while (i < form->column_count && !view_equal(form->columns[i].name, name)) {
        i++;
    }
    return i;
}

/* Resolves the name of a column. */
static enum status resolve(const struct record_form *form, struct view name, size_t *ret_column,
                           struct failure *failure)
{
    size_t column = find_column(form, name);
    if (column == form->column_count) {
        return refuse(failure, RULE_RECORDS_COLUMN, "", "the records have no column %.*s",
                      VIEW_ARGS(name));
    }
    *ret_column = column;
    return STATUS_OK;
}

/* The same, of a column that must have a type. */
static enum status resolve_typed(const struct record_form *form, struct view name,
                                 enum record_type type, size_t *ret_column, struct failure *failure)
{
    TRY(resolve(form, name, ret_column, failure));
    enum record_type found = form->columns[*ret_column].type;
    if (found != type) {
        return refuse(failure, RULE_RECORDS_COLUMN, "",
                      "expected a column of type %s, found %.*s of type %s",
                      RECORD_TYPE_NAMES[type], VIEW_ARGS(name), RECORD_TYPE_NAMES[found]);
    }
    return STATUS_OK;
}

static enum status check_form(struct record_form *form, struct failure *failure)
{
    for (size_t i = 1; i < form->column_count; i++) {
        struct record_form before = {.column_count = i, .columns = form->columns};
        struct view name = form->columns[i].name;
        if (find_column(&before, name) < i) {
            enum status refused = refuse(failure, RULE_NAME_REPEATED, "/column",
                                         "the name %.*s is given twice", VIEW_ARGS(name));
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "columns");
            return refused;
        }
    }
    TRY_FIELD("person", resolve(form, form->person_name, &form->person, failure));
    if (form->columns[form->person].is_optional) {
        return refuse(failure, RULE_RECORDS_COLUMN, "/person",
                      "every record is about a person: %.*s cannot be optional",
                      VIEW_ARGS(form->person_name));
    }
    return STATUS_OK;
}

/* --- Conditions --- */

static bool is_of_type(struct view value, enum record_type type)
{
    OWNED(rational_release) struct rational decimal;
    rational_init(&decimal);
    struct date date;
    switch (type) {
    case RECORD_TEXT:
        return true;
    case RECORD_DECIMAL:
        return rational_read_decimal(value, &decimal) == STATUS_OK;
    case RECORD_DATE:
        return date_read(value, &date) == STATUS_OK;
    }
    return false;
}

static enum status check_test(const struct record_form *form, struct record_test *test,
                              struct failure *failure)
{
    TRY_FIELD("column", resolve(form, test->column_name, &test->column, failure));
    enum record_type type = form->columns[test->column].type;
    const char *comparison = RECORD_COMPARISON_NAMES[test->comparison];
    if (test->column == form->person) {
        return refuse(failure, RULE_RECORDS_COLUMN, "/column",
                      "%.*s names the person: no condition may single one out",
                      VIEW_ARGS(test->column_name));
    }
    if (type == RECORD_TEXT && test->comparison != RECORD_EQUALS &&
        test->comparison != RECORD_NOT_EQUALS) {
        TRY_FIELD(comparison,
                  refuse(failure, RULE_RECORDS_COLUMN, "",
                         "%.*s is text, which is only compared by equals and not_equals",
                         VIEW_ARGS(test->column_name)));
    }
    if (!is_of_type(test->value, type)) {
        TRY_FIELD(comparison,
                  refuse(failure, RULE_RECORDS_COLUMN, "", "%.*s is compared with what is no %s",
                         VIEW_ARGS(test->column_name), RECORD_TYPE_NAMES[type]));
    }
    return STATUS_OK;
}

/* Places are relative to the object that has the `where`. */
static enum status check_where(const struct record_form *form, const struct record_where *where,
                               struct failure *failure)
{
    for (size_t i = 0; i < where->count; i++) {
        enum status checked = check_test(form, &where->tests[i], failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "where");
            return checked;
        }
    }
    return STATUS_OK;
}

/* --- Aggregates --- */

static enum status check_prices(const struct record_form *form, const struct aggregate *aggregate,
                                struct failure *failure)
{
    for (size_t i = 0; i < aggregate->price_count; i++) {
        enum status checked = check_where(form, &aggregate->prices[i].where, failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "prices");
            return checked;
        }
    }
    return STATUS_OK;
}

static enum status check_operation(const struct record_form *form, struct aggregate *aggregate,
                                   struct failure *failure)
{
    switch (aggregate->kind) {
    case AGGREGATE_DISTINCT:
        return resolve(form, aggregate->column_name, &aggregate->column, failure);
    case AGGREGATE_SUM:
    case AGGREGATE_MEAN:
        return resolve_typed(form, aggregate->column_name, RECORD_DECIMAL, &aggregate->column,
                             failure);
    case AGGREGATE_SHARE:
        return check_where(form, &aggregate->share, failure);
    case AGGREGATE_PER_PERSON:
        return check_prices(form, aggregate, failure);
    case AGGREGATE_COUNT:
    case AGGREGATE_KIND_COUNT:
        break;
    }
    return STATUS_OK;
}

static enum status check_aggregate(const struct record_form *form, struct aggregate *aggregate,
                                   struct failure *failure)
{
    TRY_FIELD(AGGREGATE_NAMES[aggregate->kind], check_operation(form, aggregate, failure));
    TRY(check_where(form, &aggregate->where, failure));
    if (aggregate->within_name.size > 0) {
        TRY_FIELD("within", resolve_typed(form, aggregate->within_name, RECORD_DATE,
                                          &aggregate->within, failure));
    }
    return STATUS_OK;
}

/*
 * A quotient that is no decimal is stated as numerator and denominator. So it stands for a value,
 * and the two are free.
 */
static enum status check_quotient(const struct outcome *outcome, size_t field,
                                  struct failure *failure)
{
    if (field != MEASURED_VALUE && field != MEASURED_CONTROL_VALUE) {
        return refuse(failure, RULE_RECORDS_AGGREGATION, "",
                      "a mean or share is a value or control_value, not a %s",
                      MEASURED_FIELD_NAMES[field]);
    }
    bool is_control = field == MEASURED_CONTROL_VALUE;
    if (outcome->aggregates[is_control ? MEASURED_CONTROL_NUMERATOR : MEASURED_NUMERATOR] != NULL ||
        outcome->aggregates[is_control ? MEASURED_CONTROL_DENOMINATOR : MEASURED_DENOMINATOR] !=
            NULL) {
        return refuse(failure, RULE_RECORDS_AGGREGATION, "",
                      "a mean or share that is no decimal is stated as numerator and denominator, "
                      "which are aggregated here in another way");
    }
    return STATUS_OK;
}

static enum status check_outcome(const struct record_form *form, const struct outcome *outcome,
                                 struct failure *failure)
{
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        struct aggregate *aggregate = outcome->aggregates[field];
        if (aggregate == NULL) {
            continue;
        }
        if (form->column_count == 0) {
            return refuse(failure, RULE_RECORDS_AGGREGATION, "",
                          "the contract has aggregations, and says nothing of its records: add "
                          "\"records\" to it");
        }
        TRY_FIELD(MEASURED_FIELD_NAMES[field], check_aggregate(form, aggregate, failure));
        if (aggregate_is_quotient(aggregate)) {
            TRY_FIELD(MEASURED_FIELD_NAMES[field], check_quotient(outcome, field, failure));
        }
    }
    return STATUS_OK;
}

enum status records_check(struct record_form *form, struct terms *terms, struct failure *failure)
{
    if (form->column_count > 0) {
        TRY_FIELD("records", check_form(form, failure));
    }
    for (size_t i = 0; i < terms->outcome_count; i++) {
        enum status checked = check_outcome(form, &terms->outcomes[i], failure);
        if (checked != STATUS_OK) {
            shape_prefix_name(failure, "aggregation");
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "outcomes");
            return checked;
        }
    }
    return STATUS_OK;
}
