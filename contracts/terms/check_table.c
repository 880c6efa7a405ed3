/*
 * The tables of a line: thresholds ascend, names are given once, units agree.
 */
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/check.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

/* --- Steps of `tiers`, points of `curve`, blocks of `brackets` --- */

/* How a table is written: where a failure is, and what a message calls its rows. */
struct table_form {
    const char *table;
    const char *threshold; /* NULL: "above" or "at_least" */
    const char *then;
};

static struct table_form table_form(enum operation operation)
{
    if (operation == OPERATION_CURVE) {
        return (struct table_form){"points", "0", "1"};
    }
    return operation == OPERATION_BRACKETS ? (struct table_form){"blocks", "from", "rate"}
                                           : (struct table_form){"steps", NULL, "then"};
}

static enum status check_order(const struct line *line, size_t index, struct failure *failure)
{
    if (index == 0) {
        return STATUS_OK;
    }
    const struct step *before = &line->steps[index - 1];
    const struct step *step = &line->steps[index];
    int order = rational_compare(&before->threshold.constant, &step->threshold.constant);
    /* At one threshold, `above` may follow `at_least`: the value at it alone has the first. */
    bool is_edge = line->operation == OPERATION_TIERS && !before->is_above && step->is_above;
    if (order < 0 || (order == 0 && is_edge)) {
        return STATUS_OK;
    }
    char least[CONSTANT_TEXT_SIZE];
    char found[CONSTANT_TEXT_SIZE];
    if (terms_write_constant(&before->threshold.constant, least) != STATUS_OK ||
        terms_write_constant(&step->threshold.constant, found) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_TABLE_ORDER, "",
                  "row %zu of line \"%.*s\" does not ascend: expected more than %s, found %s",
                  index + 1, VIEW_ARGS(line->name), least, found);
}

static enum status check_step(const struct check *check, struct line *line, size_t index,
                              const struct operand **published, struct failure *failure)
{
    struct step *step = &line->steps[index];
    struct table_form form = table_form(line->operation);
    if (form.threshold == NULL) {
        form.threshold = step->is_above ? "above" : "at_least";
    }
    TRY_FIELD(form.threshold,
              terms_resolve_same(check, &step->threshold, &line->operands[0], failure));
    TRY_FIELD(form.then, terms_resolve_result(check, &step->then, published, failure));
    return check_order(line, index, failure);
}

static enum status check_rows(const struct check *check, struct line *line,
                              const struct operand **published, struct failure *failure)
{
    for (size_t i = 0; i < line->step_count; i++) {
        TRY_ITEM(i, check_step(check, line, i, published, failure));
    }
    return STATUS_OK;
}

enum status terms_check_steps(const struct check *check, struct line *line, struct failure *failure)
{
    const struct operand *published = NULL;
    TRY_FIELD(table_form(line->operation).table, check_rows(check, line, &published, failure));
    if (line->has_otherwise) {
        TRY_FIELD("otherwise", terms_resolve_result(check, &line->otherwise, &published, failure));
    }
    TRY(terms_settle_result(line, published, failure));
    if (line->operation == OPERATION_BRACKETS &&
        unit_multiply(&line->operands[0].unit, &published->unit, &line->unit) != STATUS_OK) {
        return terms_refuse_unit_size(line, failure);
    }
    return STATUS_OK;
}

/* --- Items of `rate_card` --- */

static enum status check_item_names(const struct line *line, struct failure *failure)
{
    struct names names;
    names_clear(&names);
    for (size_t i = 0; i < line->item_count; i++) {
        names_add(&names, line->items[i].name);
    }
    size_t repeated = names_sort(&names);
    if (repeated != SIZE_MAX) {
        TRY_ITEM(repeated, terms_refuse_repeated(failure, "/item", line->items[repeated].name));
    }
    return STATUS_OK;
}

static enum status refuse_item_unit(const struct line *line, const struct card_item *item,
                                    const struct unit *unit, struct failure *failure)
{
    OWNED(buffer_release) struct buffer found;
    OWNED(buffer_release) struct buffer expected;
    buffer_init(&found, SHAPE_UNIT_COMPUTED_SIZE_MAX);
    buffer_init(&expected, SHAPE_UNIT_COMPUTED_SIZE_MAX);
    if (unit_write(unit, &found) != STATUS_OK || unit_write(&line->unit, &expected) != STATUS_OK) {
        return fail_memory(failure);
    }
    return refuse(failure, RULE_UNITS_DIFFER, "",
                  "count times price of item \"%.*s\" is in %s, but that of item \"%.*s\" is in %s",
                  VIEW_ARGS(item->name), found.data, VIEW_ARGS(line->items[0].name), expected.data);
}

/* The first item decides the unit of the line. */
static enum status check_item(const struct check *check, struct line *line, size_t index,
                              struct failure *failure)
{
    static const struct unit pure = {.count = 0};
    struct card_item *item = &line->items[index];
    TRY_FIELD("count", terms_resolve(check, &item->count, failure));
    TRY_FIELD("price", terms_resolve(check, &item->price, failure));
    struct unit unit;
    if (unit_multiply(&item->count.unit, &item->price.unit, &unit) != STATUS_OK) {
        return terms_refuse_unit_size(line, failure);
    }
    if (index == 0) {
        line->unit = unit;
    }
    if (!unit_equal(&unit, &line->unit)) {
        return refuse_item_unit(line, item, &unit, failure);
    }
    if (item->has_multiplier) {
        TRY_FIELD("multiplier",
                  terms_resolve_in(check, &item->multiplier, &pure, "a multiplier", failure));
    }
    if (item->has_count_at_most) {
        TRY_FIELD("count_at_most",
                  terms_resolve_same(check, &item->count_at_most, &item->count, failure));
    }
    if (item->has_amount_at_most) {
        TRY_FIELD("amount_at_most", terms_resolve_in(check, &item->amount_at_most, &unit,
                                                     "count times price", failure));
    }
    return STATUS_OK;
}

enum status terms_check_items(const struct check *check, struct line *line, struct failure *failure)
{
    TRY_FIELD("rate_card", check_item_names(line, failure));
    for (size_t i = 0; i < line->item_count; i++) {
        enum status status = check_item(check, line, i, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "rate_card");
            return status;
        }
    }
    return STATUS_OK;
}

/* --- Rows of `by_period` --- */

static enum status check_case(const struct check *check, struct period_case *row,
                              bool has_row[static TERMS_PERIODS_MAX],
                              const struct operand **published, struct failure *failure)
{
    struct view name = row->period_name;
    row->period = names_find(&check->periods, name);
    if (row->period == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "there is no period \"%.*s\"",
                      VIEW_ARGS(name));
    }
    if (has_row[row->period]) {
        return terms_refuse_repeated(failure, "/period", name);
    }
    has_row[row->period] = true;
    TRY_FIELD("then", terms_resolve_result(check, &row->then, published, failure));
    return STATUS_OK;
}

/* Without `otherwise`, each period has a row. */
static enum status check_complete(const struct check *check, const struct line *line,
                                  const bool has_row[static TERMS_PERIODS_MAX],
                                  struct failure *failure)
{
    for (size_t i = 0; i < check->terms->period_count && !line->has_otherwise; i++) {
        if (!has_row[i]) {
            return refuse(failure, RULE_TABLE_INCOMPLETE, "/by_period",
                          "line \"%.*s\" has no row for period \"%.*s\", and no \"otherwise\"",
                          VIEW_ARGS(line->name), VIEW_ARGS(check->terms->periods[i].name));
        }
    }
    return STATUS_OK;
}

enum status terms_check_cases(const struct check *check, struct line *line, struct failure *failure)
{
    bool has_row[TERMS_PERIODS_MAX] = {false};
    const struct operand *published = NULL;
    for (size_t i = 0; i < line->case_count; i++) {
        enum status status = check_case(check, &line->cases[i], has_row, &published, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "by_period");
            return status;
        }
    }
    TRY(check_complete(check, line, has_row, failure));
    if (line->has_otherwise) {
        TRY_FIELD("otherwise", terms_resolve_result(check, &line->otherwise, &published, failure));
    }
    return terms_settle_result(line, published, failure);
}
