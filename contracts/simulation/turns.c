#include "contracts/simulation/turns.h"

#include "ledger/base/ownership.h"

#include <assert.h>

#define STATE_BASE 1099511628211U /* the 64-bit FNV prime: states of many signs are mixed */

/* --- Values --- */

/* What turns are computed from; the form is of lines that were computed. */
struct look {
    const struct simulation *simulation;
    const struct settlement *settlement;
    struct terms_source source;
    struct terms_form form;
};

static void look_init(struct look *look, const struct simulation *simulation,
                      const struct settlement *settlement)
{
    look->simulation = simulation;
    look->settlement = settlement;
    look->source = assumptions_source(&simulation->assumptions).terms;
    look->form = (struct terms_form){
        .terms = &simulation->contract->terms,
        .period = simulation->period,
        .source = &look->source,
        .values = &settlement->values,
    };
}

/* What has no value has no turn, whatever the reason. */
static enum status operand_value(const struct look *look, const struct operand *operand,
                                 struct rational *ret_value)
{
    struct failure failure;
    if (operand->kind == OPERAND_LINE && operand->index >= look->settlement->values.count) {
        return STATUS_NOT_FOUND;
    }
    enum status status = terms_operand(&look->form, operand, ret_value, &failure);
    return status == STATUS_OK || status == STATUS_MEMORY ? status : STATUS_NOT_FOUND;
}

static enum status difference(const struct look *look, const struct operand *a,
                              const struct operand *b, struct rational *ret_value)
{
    OWNED(rational_release) struct rational second;
    rational_init(&second);
    TRY(operand_value(look, a, ret_value));
    TRY(operand_value(look, b, &second));
    return rational_subtract(ret_value, ret_value, &second);
}

/* The operand less the extreme one of the others. */
static enum status choice_value(const struct look *look, const struct line *line, size_t index,
                                struct rational *ret_value)
{
    if (line->operand_count < 2) {
        return STATUS_NOT_FOUND;
    }
    OWNED(rational_release) struct rational best;
    OWNED(rational_release) struct rational value;
    rational_init(&best);
    rational_init(&value);
    bool is_least = line->operation == OPERATION_MINIMUM;
    bool has_best = false;
    for (size_t i = 0; i < line->operand_count; i++) {
        if (i == index) {
            continue;
        }
        TRY(operand_value(look, &line->operands[i], &value));
        int order = rational_compare(&value, &best);
        if (!has_best || (is_least ? order < 0 : order > 0)) {
            rational_set(&best, &value);
            has_best = true;
        }
    }
    TRY(operand_value(look, &line->operands[index], ret_value));
    return rational_subtract(ret_value, ret_value, &best);
}

static enum status condition_value(const struct look *look, const struct condition *condition,
                                   bool is_high, struct rational *ret_value)
{
    size_t count = condition_operand_count(condition);
    if (count < 2 || (is_high && count < 3)) {
        return STATUS_NOT_FOUND;
    }
    /* Of `significant`: the measured number, the level, and perhaps the interval's high. */
    const struct operand *measured = &condition->operands[is_high ? 2 : 0];
    return difference(look, measured, &condition->operands[1], ret_value);
}

static enum status amount_value(const struct look *look, const struct line *line, size_t index,
                                struct rational *ret_value)
{
    const struct card_item *item = &line->items[index];
    if (!item->has_amount_at_most) {
        return STATUS_NOT_FOUND;
    }
    OWNED(card_result_release) struct card_result result;
    OWNED(rational_release) struct rational factor;
    card_result_init(&result);
    rational_init(&factor);
    struct failure failure;
    if (terms_card_item(&look->form, line, index, &result, &failure) != STATUS_OK) {
        return STATUS_NOT_FOUND;
    }
    TRY(operand_value(look, &item->price, &factor));
    TRY(rational_multiply(ret_value, &result.paid, &factor));
    if (item->has_multiplier) {
        TRY(operand_value(look, &item->multiplier, &factor));
        TRY(rational_multiply(ret_value, ret_value, &factor));
    }
    TRY(operand_value(look, &item->amount_at_most, &factor));
    return rational_subtract(ret_value, ret_value, &factor);
}

static enum status rounding_value(const struct look *look, const struct line *line, int64_t halves,
                                  struct rational *ret_value)
{
    OWNED(rational_release) struct rational place;
    rational_init(&place);
    rational_set_fraction(&place, halves, 2);
    TRY(rational_multiply(&place, &place, &line->to.constant));
    TRY(operand_value(look, &line->operands[0], ret_value));
    return rational_subtract(ret_value, ret_value, &place);
}

/* What the payer owes, with earlier settlements, less its cap. */
static enum status cap_value(const struct look *look, size_t index, struct rational *ret_value)
{
    const struct contract *contract = look->simulation->contract;
    const struct party_money *cap = &contract->caps[index];
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    rational_set(ret_value, &look->simulation->assumptions.cap_used[index]);
    for (size_t i = 0; i < contract->terms.pay_count; i++) {
        const struct pay *pay = &contract->terms.pays[i];
        const struct rational *value = &look->settlement->values.lines[pay->line].value;
        if (view_equal(pay->from, cap->party) && rational_sign(value) > 0) {
            TRY(rational_add(ret_value, ret_value, value));
        }
    }
    money_to_rational(cap->amount, &amount);
    return rational_subtract(ret_value, ret_value, &amount);
}

static enum status line_turn_value(const struct look *look, const struct line *line,
                                   const struct turn *turn, struct rational *ret_value)
{
    const struct card_item *item = NULL;
    switch (turn->kind) {
    case TURN_AT_LEAST:
        return !line->has_at_least
                   ? STATUS_NOT_FOUND
                   : difference(look, &line->operands[0], &line->at_least, ret_value);
    case TURN_AT_MOST:
        return !line->has_at_most ? STATUS_NOT_FOUND
                                  : difference(look, &line->operands[0], &line->at_most, ret_value);
    case TURN_STEP:
        return difference(look, &line->operands[0], &line->steps[turn->index].threshold, ret_value);
    case TURN_CHOICE:
        return choice_value(look, line, turn->index, ret_value);
    case TURN_CONDITION:
        return condition_value(look, &line->conditions[turn->index / 2], turn->index % 2 == 1,
                               ret_value);
    case TURN_COUNT:
        item = &line->items[turn->index];
        return !item->has_count_at_most
                   ? STATUS_NOT_FOUND
                   : difference(look, &item->count, &item->count_at_most, ret_value);
    case TURN_AMOUNT:
        return amount_value(look, line, turn->index, ret_value);
    case TURN_ROUNDING:
        return rounding_value(look, line, turn->halves, ret_value);
    case TURN_SIGN:
    case TURN_CAP:
        break;
    }
    assert(false);
    return STATUS_NOT_FOUND;
}

static enum status value_of(const struct look *look, const struct turn *turn,
                            struct rational *ret_value)
{
    const struct terms *terms = look->form.terms;
    size_t computed = look->settlement->values.count;
    if (turn->kind == TURN_SIGN || turn->kind == TURN_CAP) {
        if (computed < terms->line_count) {
            return STATUS_NOT_FOUND;
        }
        if (turn->kind == TURN_CAP) {
            return cap_value(look, turn->index, ret_value);
        }
        rational_set(ret_value, &look->settlement->values.lines[turn->line].value);
        return STATUS_OK;
    }
    if (turn->line > computed) {
        return STATUS_NOT_FOUND;
    }
    return line_turn_value(look, &terms->lines[turn->line], turn, ret_value);
}

enum status turn_value(const struct simulation *simulation, const struct settlement *settlement,
                       const struct turn *turn, struct rational *ret_value)
{
    struct look look;
    look_init(&look, simulation, settlement);
    return value_of(&look, turn, ret_value);
}

/* --- Groups --- */

size_t turn_group_count(const struct contract *contract)
{
    return contract->terms.line_count + contract->terms.pay_count + contract->cap_count;
}

/* How many turns a line has, other than those of rounding. */
static size_t line_turn_count(const struct line *line)
{
    switch (line->operation) {
    case OPERATION_CLAMP:
        return 2;
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
        return line->step_count;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        return line->operand_count;
    case OPERATION_WHEN:
        return 2 * line->condition_count;
    case OPERATION_RATE_CARD:
        return 2 * line->item_count;
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_BY_PERIOD:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        break;
    }
    return 0;
}

static struct turn line_turn(const struct terms *terms, size_t line, size_t number)
{
    struct turn turn = {.line = line, .index = number};
    switch (terms->lines[line].operation) {
    case OPERATION_CLAMP:
        turn.kind = number == 0 ? TURN_AT_LEAST : TURN_AT_MOST;
        break;
    case OPERATION_MINIMUM:
    case OPERATION_MAXIMUM:
        turn.kind = TURN_CHOICE;
        break;
    case OPERATION_WHEN:
        turn.kind = TURN_CONDITION;
        break;
    case OPERATION_RATE_CARD:
        turn.kind = number % 2 == 0 ? TURN_COUNT : TURN_AMOUNT;
        turn.index = number / 2;
        break;
    case OPERATION_TIERS:
    case OPERATION_CURVE:
    case OPERATION_BRACKETS:
    case OPERATION_TAKE:
    case OPERATION_ADD:
    case OPERATION_SUBTRACT:
    case OPERATION_MULTIPLY:
    case OPERATION_DIVIDE:
    case OPERATION_POWER:
    case OPERATION_NEGATE:
    case OPERATION_BY_PERIOD:
    case OPERATION_INTEREST:
    case OPERATION_INDEX:
    case OPERATION_ROUND:
    case OPERATION_COUNT:
        turn.kind = TURN_STEP;
        break;
    }
    return turn;
}

struct turn turn_of(const struct contract *contract, size_t group, size_t number)
{
    const struct terms *terms = &contract->terms;
    if (group < terms->line_count) {
        return line_turn(terms, group, number);
    }
    size_t index = group - terms->line_count;
    if (index < terms->pay_count) {
        return (struct turn){.kind = TURN_SIGN, .line = terms->pays[index].line, .index = index};
    }
    return (struct turn){.kind = TURN_CAP, .line = SIZE_MAX, .index = index - terms->pay_count};
}

static bool is_table(const struct line *line)
{
    return line->operation == OPERATION_TIERS || line->operation == OPERATION_CURVE ||
           line->operation == OPERATION_BRACKETS;
}

/* Twice the number of thresholds below the operand, and one more when it is on the next one. */
static enum status table_state(const struct look *look, const struct line *line,
                               uint64_t *ret_state)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    TRY(operand_value(look, &line->operands[0], &value));
    size_t low = 0;
    size_t high = line->step_count;
    while (low < high) { /* halves each round */
        size_t middle = low + (high - low) / 2;
        if (rational_compare(&line->steps[middle].threshold.constant, &value) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_on = low < line->step_count &&
                 rational_compare(&line->steps[low].threshold.constant, &value) == 0;
    *ret_state = 2 * (uint64_t)low + (is_on ? 1 : 0);
    return STATUS_OK;
}

static enum status mixed_state(const struct look *look, size_t group, size_t count,
                               uint64_t *ret_state)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    uint64_t state = 0;
    for (size_t i = 0; i < count; i++) {
        struct turn turn = turn_of(look->simulation->contract, group, i);
        enum status status = value_of(look, &turn, &value);
        if (status == STATUS_MEMORY) {
            return status;
        }
        uint64_t sign = status == STATUS_OK ? (uint64_t)(rational_sign(&value) + 2) : 0;
        state = state * STATE_BASE + sign;
    }
    *ret_state = state;
    return STATUS_OK;
}

enum status turn_group_state(const struct simulation *simulation,
                             const struct settlement *settlement, size_t group, uint64_t *ret_state)
{
    const struct terms *terms = &simulation->contract->terms;
    struct look look;
    look_init(&look, simulation, settlement);
    if (group >= terms->line_count) {
        return settlement->values.count < terms->line_count
                   ? STATUS_NOT_FOUND
                   : mixed_state(&look, group, 1, ret_state);
    }
    if (group > settlement->values.count) {
        return STATUS_NOT_FOUND;
    }
    const struct line *line = &terms->lines[group];
    return is_table(line) ? table_state(&look, line, ret_state)
                          : mixed_state(&look, group, line_turn_count(line), ret_state);
}

void turn_group_span(const struct contract *contract, size_t group, uint64_t one, uint64_t other,
                     size_t *ret_first, size_t *ret_end)
{
    const struct terms *terms = &contract->terms;
    *ret_first = 0;
    *ret_end = 1;
    if (group >= terms->line_count) {
        return;
    }
    const struct line *line = &terms->lines[group];
    *ret_end = line_turn_count(line);
    if (is_table(line)) {
        uint64_t low = one < other ? one : other;
        uint64_t high = one < other ? other : one;
        *ret_first = (size_t)(low / 2);
        *ret_end = (size_t)((high + 1) / 2);
    }
}
