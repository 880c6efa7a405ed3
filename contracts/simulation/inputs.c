#include "contracts/simulation/inputs.h"

#include "ledger/base/ownership.h"

#include <stdint.h>
#include <string.h>

#define NAMES_TEXT_MAX 400 /* what fits into a reason beside the rest */

/* --- Names --- */

/* Cuts `*text` before the first `mark`, and returns what stood behind it; empty without one. */
static struct view cut_behind(struct view *text, char mark)
{
    const char *found = text->size == 0 ? NULL : memchr(text->data, mark, text->size);
    if (found == NULL) {
        return (struct view){"", 0};
    }
    size_t size = (size_t)(found - text->data);
    struct view behind = {found + 1, text->size - size - 1};
    text->size = size;
    return behind;
}

/* Appends ", name", and "..." in place of names that do not fit. */
static void append_name(struct buffer *names, struct view name)
{
    const char *between = names->size == 0 ? "" : ", ";
    if (buffer_append_format(names, "%s%.*s", between, VIEW_ARGS(name)) != STATUS_OK) {
        buffer_clear(names); /* half a list would mislead */
    }
}

static enum status find_outcome(const struct contract *contract, struct view name,
                                size_t *ret_outcome, struct failure *failure)
{
    const struct terms *terms = &contract->terms;
    *ret_outcome = terms_find_outcome(terms, name);
    if (*ret_outcome != SIZE_MAX) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer names;
    buffer_init(&names, NAMES_TEXT_MAX);
    for (size_t i = 0; i < terms->outcome_count; i++) {
        append_name(&names, terms->outcomes[i].name);
    }
    return refuse(failure, RULE_OUTCOME_UNKNOWN, "", "%.*s has no outcome %.*s; it has %.*s",
                  VIEW_ARGS(contract->name), VIEW_ARGS(name), VIEW_ARGS(buffer_view(&names)));
}

static enum status find_period(const struct contract *contract, struct view name,
                               size_t *ret_period, struct failure *failure)
{
    const struct terms *terms = &contract->terms;
    *ret_period = terms_find_period(terms, name);
    if (*ret_period != SIZE_MAX) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer names;
    buffer_init(&names, NAMES_TEXT_MAX);
    for (size_t i = 0; i < terms->period_count; i++) {
        append_name(&names, terms->periods[i].name);
    }
    return refuse(failure, RULE_PERIOD_UNKNOWN, "", "%.*s has no period %.*s; it has %.*s",
                  VIEW_ARGS(contract->name), VIEW_ARGS(name), VIEW_ARGS(buffer_view(&names)));
}

static enum status find_field(struct view name, enum measured_field *ret_field,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer names;
    buffer_init(&names, NAMES_TEXT_MAX);
    for (unsigned field = 0; field < MEASURED_FIELD_COUNT; field++) {
        if (view_is(name, MEASURED_FIELD_NAMES[field])) {
            *ret_field = (enum measured_field)field;
            return STATUS_OK;
        }
        append_name(&names, view_of(MEASURED_FIELD_NAMES[field]));
    }
    return fail(failure, STATUS_INVALID, "", "'%.*s' is no field of an outcome; there are %.*s",
                VIEW_ARGS(name), VIEW_ARGS(buffer_view(&names)));
}

enum status input_find(const struct contract *contract, size_t settled_period, struct view name,
                       struct input *ret_input, struct failure *failure)
{
    struct view outcome_name = name;
    struct view period_name = cut_behind(&outcome_name, '@');
    struct view field_name = cut_behind(&outcome_name, '.');
    struct input input = {.cell.period = settled_period, .field = MEASURED_VALUE};

    TRY(find_outcome(contract, outcome_name, &input.cell.outcome, failure));
    if (period_name.size > 0) {
        TRY(find_period(contract, period_name, &input.cell.period, failure));
    }
    if (field_name.size > 0) {
        TRY(find_field(field_name, &input.field, failure));
    }
    input.cell.field = input.field;
    if (input.field == MEASURED_RATIO) {
        input.cell.field = MEASURED_NUMERATOR;
    } else if (input.field == MEASURED_CONTROL_RATIO) {
        input.cell.field = MEASURED_CONTROL_NUMERATOR;
    }
    *ret_input = input;
    return STATUS_OK;
}

struct unit input_unit(const struct terms *terms, const struct input *input)
{
    return outcome_field_unit(&terms->outcomes[input->cell.outcome], input->field);
}

enum status input_write(const struct terms *terms, size_t settled_period,
                        const struct assumed_cell *cell, struct buffer *buffer)
{
    TRY(buffer_append(buffer, terms->outcomes[cell->outcome].name));
    if (cell->field != MEASURED_VALUE) {
        TRY(buffer_append_format(buffer, ".%s", MEASURED_FIELD_NAMES[cell->field]));
    }
    if (cell->period != settled_period) {
        TRY(buffer_append_format(buffer, "@%.*s", VIEW_ARGS(terms->periods[cell->period].name)));
    }
    return STATUS_OK;
}

/* --- Values --- */

void axis_init(struct axis *axis)
{
    *axis = (struct axis){0};
    rational_init(&axis->from);
    rational_init(&axis->to);
    rational_init(&axis->step);
}

void axis_release(struct axis *axis)
{
    rational_release(&axis->from);
    rational_release(&axis->to);
    rational_release(&axis->step);
}

static enum status read_number(struct view text, struct view number, struct rational *ret_value,
                               struct failure *failure)
{
    if (rational_read_decimal(number, ret_value) == STATUS_OK) {
        return STATUS_OK;
    }
    return fail(failure, STATUS_INVALID, "",
                "%.*s: '%.*s' is not a decimal; write -1.5 or 2000000, with a point, without "
                "spaces and without zeros at the end of a fraction",
                VIEW_ARGS(text), VIEW_ARGS(number));
}

static enum status count_values(struct view text, struct axis *axis, struct failure *failure)
{
    OWNED(rational_release) struct rational steps;
    OWNED(rational_release) struct rational one;
    rational_init(&steps);
    rational_init(&one);
    rational_set_integer(&one, 1);
    int64_t count;
    TRY(rational_subtract(&steps, &axis->to, &axis->from));
    TRY(rational_divide(&steps, &steps, &axis->step));
    TRY(rational_round(&steps, &steps, &one, ROUND_FLOOR));
    if (rational_to_integer(&steps, &count) != STATUS_OK || count >= AXIS_VALUES_MAX) {
        return fail(failure, STATUS_LIMIT, "", "%.*s: more than %d values; take a larger step",
                    VIEW_ARGS(text), AXIS_VALUES_MAX);
    }
    axis->count = (size_t)count + 1;
    return STATUS_OK;
}

enum status axis_read(struct view text, struct axis *ret_axis, struct failure *failure)
{
    ret_axis->name = text;
    struct view from = cut_behind(&ret_axis->name, '=');
    struct view to = cut_behind(&from, ':');
    struct view step = cut_behind(&to, ':');
    if (ret_axis->name.size == 0 || from.size == 0 || to.size == 0 || step.size == 0) {
        return fail(failure, STATUS_INVALID, "",
                    "%.*s: write OUTCOME=FROM:TO:STEP, such as saving=0:2000000:100000",
                    VIEW_ARGS(text));
    }
    TRY(read_number(text, from, &ret_axis->from, failure));
    TRY(read_number(text, to, &ret_axis->to, failure));
    TRY(read_number(text, step, &ret_axis->step, failure));
    if (rational_sign(&ret_axis->step) <= 0) {
        return fail(failure, STATUS_INVALID, "",
                    "%.*s: the step must be above zero; values go from FROM up to TO",
                    VIEW_ARGS(text));
    }
    if (rational_compare(&ret_axis->from, &ret_axis->to) > 0) {
        return fail(failure, STATUS_INVALID, "",
                    "%.*s: FROM is above TO; change them round, values go upwards",
                    VIEW_ARGS(text));
    }
    return count_values(text, ret_axis, failure);
}

enum status axis_value(const struct axis *axis, size_t index, struct rational *ret_value)
{
    rational_set_integer(ret_value, (int64_t)index);
    TRY(rational_multiply(ret_value, ret_value, &axis->step));
    return rational_add(ret_value, ret_value, &axis->from);
}

enum status setting_read(struct view text, struct setting *ret_setting, struct failure *failure)
{
    ret_setting->name = text;
    struct view value = cut_behind(&ret_setting->name, '=');
    if (ret_setting->name.size == 0 || value.size == 0) {
        return fail(failure, STATUS_INVALID, "", "%.*s: write NAME=VALUE, such as saving=2500000",
                    VIEW_ARGS(text));
    }
    return read_number(text, value, &ret_setting->value, failure);
}
