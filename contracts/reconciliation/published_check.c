/* Names and units of a published file, in the contract that its figures are about. */
#include "contracts/reconciliation/published.h"
#include "ledger/base/ownership.h"

#include <stdint.h>

/* What the check looks at. */
struct check {
    struct published *published;
    const struct contract *contract;
    const struct terms *terms;
};

struct unit published_currency_unit(const struct terms *terms)
{
    return (struct unit){.count = 1, .bases = {{view_of(terms->currency.code), 1}}};
}

/* --- Rounding --- */

/* A figure that was rounded to thousands is a whole number of thousands. */
static enum status check_rounding(const struct published_rounding *rounding,
                                  const struct rational *value, const char *at,
                                  struct failure *failure)
{
    if (!rounding->is_given) {
        return STATUS_OK;
    }
    if (rational_sign(&rounding->step) == 0) {
        return refuse(failure, RULE_ROUND_STEP, "/rounded_to", "it is zero");
    }
    if (value == NULL) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational steps;
    rational_init(&steps);
    if (rational_divide(&steps, value, &rounding->step) != STATUS_OK ||
        !rational_is_integer(&steps)) {
        return fail(failure, STATUS_INVALID, at, "the figure is no multiple of its rounded_to");
    }
    return STATUS_OK;
}

/* --- What a figure is about --- */

static enum status find_item(const struct line *line, struct quantity *quantity,
                             struct failure *failure)
{
    for (size_t i = 0; i < line->item_count; i++) {
        if (view_equal(line->items[i].name, quantity->item)) {
            quantity->item_index = i;
            return STATUS_OK;
        }
    }
    return fail(failure, STATUS_INVALID, "/item", "the line %.*s has no item %.*s",
                VIEW_ARGS(quantity->name), VIEW_ARGS(quantity->item));
}

static enum status check_line(const struct check *check, struct quantity *quantity,
                              struct unit *ret_unit, struct failure *failure)
{
    quantity->index = terms_find_line(check->terms, quantity->name);
    if (quantity->index == SIZE_MAX) {
        return fail(failure, STATUS_INVALID, "/line", "the contract has no line %.*s",
                    VIEW_ARGS(quantity->name));
    }
    const struct line *line = &check->terms->lines[quantity->index];
    *ret_unit = line->unit;
    return quantity->kind == QUANTITY_ITEM ? find_item(line, quantity, failure) : STATUS_OK;
}

static size_t find_pay(const struct terms *terms, struct view name)
{
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (view_equal(terms->pays[i].line_name, name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool receives(const struct tranche *tranche, struct view party)
{
    for (size_t i = 0; i < tranche->share_count; i++) {
        if (view_equal(tranche->shares[i].party, party)) {
            return true;
        }
    }
    return false;
}

/* A receiver of the tranche, or of any; whoever pays receives a pay that is reversed. */
static enum status check_receiver(const struct pay *pay, const struct quantity *quantity,
                                  struct failure *failure)
{
    if (pay->is_reversible && view_equal(pay->from, quantity->to)) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < pay->tranche_count; i++) {
        bool counts = quantity->item.size == 0 || quantity->item_index == i;
        if (counts && receives(&pay->tranches[i], quantity->to)) {
            return STATUS_OK;
        }
    }
    return refuse(failure, RULE_ROLE_PARTY, "/to", "%.*s is no receiver of %.*s",
                  VIEW_ARGS(quantity->to), VIEW_ARGS(quantity->name));
}

static enum status check_pay(const struct check *check, struct quantity *quantity,
                             struct unit *ret_unit, struct failure *failure)
{
    quantity->index = find_pay(check->terms, quantity->name);
    if (quantity->index == SIZE_MAX) {
        return fail(failure, STATUS_INVALID, "/pay", "the contract has no pay %.*s",
                    VIEW_ARGS(quantity->name));
    }
    const struct pay *pay = &check->terms->pays[quantity->index];
    *ret_unit = published_currency_unit(check->terms);
    quantity->item_index = SIZE_MAX;
    for (size_t i = 0; i < pay->tranche_count && quantity->item.size > 0; i++) {
        if (view_equal(pay->tranches[i].name, quantity->item)) {
            quantity->item_index = i;
        }
    }
    if (quantity->item.size > 0 && quantity->item_index == SIZE_MAX) {
        return fail(failure, STATUS_INVALID, "/tranche", "the pay %.*s has no tranche %.*s",
                    VIEW_ARGS(quantity->name), VIEW_ARGS(quantity->item));
    }
    return quantity->to.size == 0 ? STATUS_OK : check_receiver(pay, quantity, failure);
}

static enum status find_outcome(const struct check *check, struct view name, size_t *ret_index,
                                struct failure *failure)
{
    *ret_index = terms_find_outcome(check->terms, name);
    if (*ret_index == SIZE_MAX) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "/outcome", "there is no outcome %.*s",
                      VIEW_ARGS(name));
    }
    return STATUS_OK;
}

/* Resolves what a figure is about, and its unit. */
static enum status check_quantity(const struct check *check, struct quantity *quantity,
                                  struct unit *ret_unit, struct failure *failure)
{
    switch (quantity->kind) {
    case QUANTITY_LINE:
    case QUANTITY_ITEM:
        return check_line(check, quantity, ret_unit, failure);
    case QUANTITY_PAY:
        return check_pay(check, quantity, ret_unit, failure);
    case QUANTITY_OUTCOME:
        TRY(find_outcome(check, quantity->name, &quantity->index, failure));
        *ret_unit = outcome_field_unit(&check->terms->outcomes[quantity->index], quantity->field);
        return STATUS_OK;
    case QUANTITY_PART:
    case QUANTITY_REFUSAL:
        break;
    }
    return STATUS_OK;
}

/* --- Figures --- */

static enum status read_unit(struct view text, struct unit *ret_unit, struct failure *failure)
{
    if (unit_read(text, ret_unit) != STATUS_OK) {
        return refuse(failure, RULE_UNIT_UNKNOWN, "/unit", "%.*s is no unit in its one spelling",
                      VIEW_ARGS(text));
    }
    return STATUS_OK;
}

/* A figure is in the unit of what it is about; a pure number may be published in percent. */
static enum status check_figure(struct published_figure *figure, const struct unit *unit,
                                struct failure *failure)
{
    figure->unit = *unit;
    if (figure->unit_text.size > 0) {
        struct unit given;
        TRY(read_unit(figure->unit_text, &given, failure));
        figure->is_percent = unit->count == 0 && view_is(figure->unit_text, PUBLISHED_PERCENT);
        if (!figure->is_percent && !unit_equal(&given, unit)) {
            OWNED(buffer_release) struct buffer wanted;
            buffer_init(&wanted, SHAPE_UNIT_COMPUTED_SIZE_MAX);
            TRY(unit_write(unit, &wanted));
            return refuse(failure, RULE_UNITS_DIFFER, "/unit",
                          "the figure is in %.*s, and what it is about in %s",
                          VIEW_ARGS(figure->unit_text), wanted.data);
        }
        figure->unit = given;
    }
    return check_rounding(&figure->rounding, figure->is_published ? &figure->value : NULL,
                          "/published", failure);
}

static enum status check_claim(const struct check *check, size_t period,
                               struct published_claim *claim, struct failure *failure)
{
    struct unit unit = {.count = 0};
    claim->quantity.period = period;
    TRY(check_quantity(check, &claim->quantity, &unit, failure));
    return check_figure(&claim->figure, &unit, failure);
}

/* --- Inputs --- */

/* A ratio that stands beside its counts is compared with them, not refused. */
static bool states_ratio(const struct measured_value *value, enum measured_field ratio,
                         enum measured_field numerator, enum measured_field denominator)
{
    return value->has[ratio] && value->has[numerator] && value->has[denominator];
}

static enum status check_measured(const struct measured_value *value, const struct outcome *outcome,
                                  struct failure *failure)
{
    TRY(measured_value_check(value, failure));
    struct measured_value counts = *value; /* numbers are borrowed: they are only looked at */
    struct measured_value ratios = {.outcome = value->outcome};
    static const enum measured_field STATED[2][3] = {
        {MEASURED_VALUE, MEASURED_NUMERATOR, MEASURED_DENOMINATOR},
        {MEASURED_CONTROL_VALUE, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_DENOMINATOR},
    };
    for (size_t i = 0; i < 2; i++) {
        enum measured_field field = STATED[i][0];
        if (outcome->unit.count == 0 && states_ratio(value, field, STATED[i][1], STATED[i][2])) {
            ratios.has[field] = true;
            ratios.fields[field] = value->fields[field];
            counts.has[field] = false;
        }
    }
    TRY(measured_value_check_outcome(&counts, outcome, failure));
    return measured_value_check_outcome(&ratios, outcome, failure);
}

static enum status check_input(const struct check *check, struct published_input *input,
                               struct failure *failure)
{
    TRY(find_outcome(check, input->value.outcome, &input->outcome, failure));
    TRY(check_measured(&input->value, &check->terms->outcomes[input->outcome], failure));
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (input->is_derived[i] && !input->value.has[i]) {
            return fail(failure, STATUS_INVALID, "/derived", "the input does not state its %s",
                        MEASURED_FIELD_NAMES[i]);
        }
    }
    return check_rounding(&input->rounding, NULL, "", failure);
}

static enum status check_inputs(const struct check *check, struct published_period *period,
                                struct failure *failure)
{
    bool seen[TERMS_OUTCOMES_MAX] = {false};
    for (size_t i = 0; i < period->input_count; i++) {
        struct published_input *input = &period->inputs[i];
        TRY_ITEM(i, check_input(check, input, failure));
        if (seen[input->outcome]) {
            TRY_ITEM(i, refuse(failure, RULE_NAME_REPEATED, "/outcome", "%.*s stands here twice",
                               VIEW_ARGS(input->value.outcome)));
        }
        seen[input->outcome] = true;
    }
    return STATUS_OK;
}

/* --- What came before --- */

static enum status check_funded(const struct check *check, const struct published_sum *sum,
                                struct failure *failure)
{
    if (!contract_has_role(check->contract, ROLE_INVESTOR, sum->name)) {
        return refuse(failure, RULE_ROLE_PARTY, "/party", "%.*s is no investor of the contract",
                      VIEW_ARGS(sum->name));
    }
    struct money money;
    if (money_from_rational(&sum->amount, check->terms->currency, &money) != STATUS_OK) {
        return refuse(failure, RULE_AMOUNT_MALFORMED, "/amount",
                      "it is no whole number of minor units of %s", check->terms->currency.code);
    }
    return STATUS_OK;
}

static enum status check_sum(const struct check *check, struct published_sum *sum,
                             struct failure *failure)
{
    switch (sum->kind) {
    case PUBLISHED_FUNDED:
        return check_funded(check, sum, failure);
    case PUBLISHED_PAID:
        sum->line = terms_find_line(check->terms, sum->name);
        if (find_pay(check->terms, sum->name) == SIZE_MAX) {
            return fail(failure, STATUS_INVALID, "/pay", "the contract has no pay %.*s",
                        VIEW_ARGS(sum->name));
        }
        return STATUS_OK;
    case PUBLISHED_EARLIER:
        sum->line = terms_find_line(check->terms, sum->name);
        if (sum->line == SIZE_MAX) {
            return fail(failure, STATUS_INVALID, "/line", "the contract has no line %.*s",
                        VIEW_ARGS(sum->name));
        }
        return STATUS_OK;
    case PUBLISHED_SUM_COUNT:
        break;
    }
    return STATUS_OK;
}

static enum status check_sums(const struct check *check, struct published_period *period,
                              struct failure *failure)
{
    size_t place = 0; /* within the array of its kind */
    for (size_t i = 0; i < period->sum_count; i++) {
        struct published_sum *sum = &period->sums[i];
        place = i > 0 && period->sums[i - 1].kind == sum->kind ? place + 1 : 0;
        enum status status = check_sum(check, sum, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, place);
            shape_prefix_name(failure, PUBLISHED_SUM_NAMES[sum->kind]);
            return status;
        }
    }
    return STATUS_OK;
}

/* --- Periods and totals --- */

/* By the newest terms that have it; periods that they leave out come in any order. */
static enum status check_order(const struct check *check, size_t index, struct failure *failure)
{
    const struct published_period *periods = check->published->periods;
    size_t place = terms_find_period(check->terms, periods[index].name);
    for (size_t i = 0; i < index; i++) {
        size_t before = terms_find_period(check->terms, periods[i].name);
        bool is_after = place == SIZE_MAX ? !view_equal(periods[i].name, periods[index].name)
                                          : before == SIZE_MAX || before < place;
        if (!is_after) {
            return fail(failure, STATUS_INVALID, "/period",
                        "periods stand in the order of the contract, each once");
        }
    }
    return STATUS_OK;
}

/* What the terms that govern a published period are looked at with. */
static struct check check_of(const struct check *check, const struct published_period *period)
{
    return (struct check){check->published, period->contract, &period->contract->terms};
}

static enum status check_period(const struct check *whole, size_t index, struct failure *failure)
{
    struct published_period *period = &whole->published->periods[index];
    period->contract = period->contract == NULL ? whole->contract : period->contract;
    const struct check governing = check_of(whole, period);
    const struct check *check = &governing;
    period->index = terms_find_period(check->terms, period->name);
    if (period->index == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "there is no period %.*s",
                      VIEW_ARGS(period->name));
    }
    TRY(check_order(whole, index, failure));
    TRY_FIELD("inputs", check_inputs(check, period, failure));
    TRY(check_sums(check, period, failure));
    for (size_t i = 0; i < period->claim_count; i++) {
        enum status status = check_claim(check, index, &period->claims[i], failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "claims");
            return status;
        }
    }
    return STATUS_OK;
}

/* A part names one of the published periods, since only those are computed. */
static enum status check_part(const struct check *check, struct quantity *part,
                              struct unit *ret_unit, struct failure *failure)
{
    for (size_t i = 0; i < check->published->period_count; i++) {
        if (view_equal(check->published->periods[i].name, part->period_name)) {
            const struct check governing = check_of(check, &check->published->periods[i]);
            part->period = i;
            return check_quantity(&governing, part, ret_unit, failure);
        }
    }
    return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "nothing is published here for %.*s",
                  VIEW_ARGS(part->period_name));
}

/* The parts have one unit: that of what they are about, else the one that is given, else money. */
static enum status check_total(const struct check *check, struct published_total *total,
                               struct failure *failure)
{
    struct unit unit = published_currency_unit(check->terms);
    if (total->figure.unit_text.size > 0) {
        TRY(read_unit(total->figure.unit_text, &unit, failure));
    }
    bool is_known = false;
    for (size_t i = 0; i < total->part_count; i++) {
        struct unit part;
        if (total->parts[i].kind == QUANTITY_PART) {
            continue;
        }
        enum status status = check_part(check, &total->parts[i], &part, failure);
        if (status == STATUS_OK && is_known && !unit_equal(&part, &unit)) {
            status = refuse(failure, RULE_UNITS_DIFFER, "", "the parts of a sum have one unit");
        }
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "sum_of");
            return status;
        }
        unit = part;
        is_known = true;
    }
    return check_figure(&total->figure, &unit, failure);
}

enum status published_check(struct published *published, const struct contract *contract,
                            struct failure *failure)
{
    const struct check check = {published, contract, &contract->terms};
    if (!view_equal(published->contract, contract->name)) {
        return fail(failure, STATUS_INVALID, "/contract",
                    "the figures are about %.*s, and the contract is %.*s",
                    VIEW_ARGS(published->contract), VIEW_ARGS(contract->name));
    }
    for (size_t i = 0; i < published->period_count; i++) {
        enum status status = check_period(&check, i, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "periods");
            return status;
        }
    }
    for (size_t i = 0; i < published->total_count; i++) {
        enum status status = check_total(&check, &published->totals[i], failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "totals");
            return status;
        }
    }
    return STATUS_OK;
}
