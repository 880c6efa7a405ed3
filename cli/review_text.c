#include "cli/review_text.h"

#include "cli/display.h"
#include "cli/language.h"

#include <string.h>

/* Choices beyond this many are counted, not told. */
#define CHOSEN_MAX 10

/* --- Chosen numbers --- */

static const struct unit *chosen_unit(const struct outcome *outcome, enum measured_field field)
{
    static const struct unit number = {.count = 0};
    switch (field) {
    case MEASURED_VALUE:
    case MEASURED_CONTROL_VALUE:
    case MEASURED_LOW:
    case MEASURED_HIGH:
        return &outcome->unit;
    case MEASURED_COUNT:
    case MEASURED_NUMERATOR:
    case MEASURED_DENOMINATOR:
    case MEASURED_CONTROL_COUNT:
    case MEASURED_CONTROL_NUMERATOR:
    case MEASURED_CONTROL_DENOMINATOR:
        return &outcome->count_unit;
    case MEASURED_P_VALUE:
    case MEASURED_RATIO:
    case MEASURED_CONTROL_RATIO:
    case MEASURED_FIELD_COUNT:
        break;
    }
    return &number;
}

/* As --set of utfall simulate names it: "school", "school.count". */
static enum status write_measured_name(struct view name, enum measured_field field,
                                       struct buffer *buffer)
{
    TRY(buffer_append(buffer, name));
    return field == MEASURED_VALUE
               ? STATUS_OK
               : buffer_append_format(buffer, ".%s", MEASURED_FIELD_NAMES[field]);
}

/* Whether numbers of more than one period stand side by side. */
static bool has_periods(const struct review *review, const struct chosen *chosen, size_t count)
{
    const struct input *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct input *input = &review->inputs.items[chosen[i].input];
        if (input->kind != INPUT_MEASURED) {
            continue;
        }
        if (first != NULL && first->period != input->period) {
            return true;
        }
        first = input;
    }
    return false;
}

static enum status write_chosen(const struct review *review, const struct chosen *chosen,
                                bool has_period, struct buffer *buffer)
{
    const struct terms *terms = &review->contract->terms;
    const struct input *input = &review->inputs.items[chosen->input];
    struct unit unit = {.count = 1, .bases = {{.name = terms->currency_code, .exponent = 1}}};
    switch (input->kind) {
    case INPUT_MEASURED:
        TRY(write_measured_name(terms->outcomes[input->outcome].name, input->field, buffer));
        if (has_period) {
            struct view period = terms->periods[input->period].name;
            TRY(buffer_append_format(buffer, " (%.*s)", VIEW_ARGS(period)));
        }
        unit = *chosen_unit(&terms->outcomes[input->outcome], input->field);
        break;
    case INPUT_FUNDED:
        TRY(buffer_append_format(buffer, _("placed by %.*s"), VIEW_ARGS(input->investor)));
        break;
    case INPUT_PAID:
        TRY(buffer_append_text(buffer, _("part paid of what was settled")));
        unit.count = 0;
        break;
    }
    return buffer_append_format(buffer, " = %s", display_value(&chosen->value, &unit).text);
}

enum status review_write_chosen(const struct review *review, const struct chosen *chosen,
                                size_t count, struct buffer *buffer)
{
    const bool has_period = has_periods(review, chosen, count);
    size_t zeros = 0;
    for (size_t i = 0; i < count; i++) {
        zeros += rational_sign(&chosen[i].value) == 0;
    }
    size_t told = 0;
    size_t left_out = 0;
    for (size_t i = 0; i < count; i++) {
        if (zeros > 1 && rational_sign(&chosen[i].value) == 0) {
            continue;
        }
        if (told == CHOSEN_MAX) {
            left_out++;
            continue;
        }
        TRY(buffer_append_text(buffer, told == 0 ? "" : ", "));
        TRY(write_chosen(review, &chosen[i], has_period, buffer));
        told++;
    }
    if (left_out > 0) {
        TRY(buffer_append_format(buffer, _(", and %zu more"), left_out));
    }
    if (zeros > 1) {
        TRY(buffer_append_text(buffer, zeros == count ? _("everything that counts is 0")
                                                      : _(", the others 0")));
    }
    return STATUS_OK;
}

/* --- Places in sentences --- */

static enum status write_when(const struct review *review, const struct review_finding *finding,
                              struct buffer *buffer)
{
    if (finding->chosen_count == 0) {
        return buffer_append_text(buffer, _(", whatever is measured"));
    }
    TRY(buffer_append_text(buffer, _(", when ")));
    return review_write_chosen(review, finding->chosen, finding->chosen_count, buffer);
}

/* What the operand of a table can be. */
static enum status write_reach(const struct review_finding *finding, struct buffer *buffer)
{
    const struct interval *reach = &finding->reach;
    struct display least = display_value(&reach->least, &finding->reach_unit);
    struct display greatest = display_value(&reach->greatest, &finding->reach_unit);
    if (!finding->has_reach || (!reach->has_least && !reach->has_greatest)) {
        return buffer_append_text(buffer, _("what it looks at never comes there"));
    }
    if (!reach->has_greatest) {
        return buffer_append_format(buffer, _("what it looks at is at least %s"), least.text);
    }
    if (!reach->has_least) {
        return buffer_append_format(buffer, _("what it looks at is at most %s"), greatest.text);
    }
    return buffer_append_format(buffer, _("what it looks at is from %s to %s"), least.text,
                                greatest.text);
}

static enum status write_item(const struct review_item *item, struct buffer *buffer)
{
    if (item->kind == INPUT_MEASURED) {
        TRY(write_measured_name(item->name, item->field, buffer));
        return buffer_append_text(buffer, _(" (the outcome has no range for it)"));
    }
    return buffer_append_format(buffer, _("what %.*s places (it has no commitment)"),
                                VIEW_ARGS(item->name));
}

static enum status write_list(const struct review_finding *finding, struct buffer *buffer)
{
    if (finding->code != REVIEW_LIABILITY_UNBOUNDED) {
        return write_reach(finding, buffer);
    }
    if (finding->item_count == 0) {
        return buffer_append_text(buffer, _("what is measured"));
    }
    for (size_t i = 0; i < finding->item_count; i++) {
        TRY(buffer_append_text(buffer, i == 0 ? "" : ", "));
        TRY(write_item(&finding->items[i], buffer));
    }
    return STATUS_OK;
}

static enum status write_place(const struct review *review, const struct review_finding *finding,
                               struct view place, struct buffer *buffer)
{
    if (view_is(place, "name")) {
        return buffer_append(buffer, finding->name);
    }
    if (view_is(place, "other")) {
        return buffer_append(buffer, finding->other);
    }
    if (view_is(place, "value")) {
        return buffer_append_text(buffer,
                                  display_value(&finding->value, &finding->value_unit).text);
    }
    if (view_is(place, "limit")) {
        return buffer_append_text(buffer,
                                  display_value(&finding->limit, &finding->limit_unit).text);
    }
    if (view_is(place, "from")) {
        return buffer_append_text(buffer, display_date(finding->from).text);
    }
    if (view_is(place, "to")) {
        return buffer_append_text(buffer, display_date(finding->to).text);
    }
    if (view_is(place, "when")) {
        return write_when(review, finding, buffer);
    }
    return write_list(finding, buffer);
}

enum status review_write_sentence(const struct review *review, const struct review_finding *finding,
                                  struct buffer *buffer)
{
    const char *rest = review_sentence(finding->code, language());
    for (const char *open = strchr(rest, '{'); open != NULL; open = strchr(rest, '{')) {
        const char *close = strchr(open, '}');
        if (close == NULL) {
            break;
        }
        TRY(buffer_append(buffer, (struct view){rest, (size_t)(open - rest)}));
        TRY(write_place(review, finding, (struct view){open + 1, (size_t)(close - open - 1)},
                        buffer));
        rest = close + 1;
    }
    return buffer_append_text(buffer, rest);
}
