#include "contracts/settlement/settlement.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* A fraction of RATIONAL_DIGITS_MAX digits a side, with sign and slash. */
#define FRACTION_TEXT_MAX (2 * RATIONAL_DIGITS_MAX + 2)

void settlement_init(struct settlement *settlement)
{
    *settlement = (struct settlement){0};
    terms_values_init(&settlement->values);
}

void settlement_release(struct settlement *settlement)
{
    terms_values_release(&settlement->values);
    free(settlement->pays);
    settlement_init(settlement);
}

static void funded_by(const struct settlement_source *source, struct view party,
                      struct rational *ret_weight)
{
    rational_set_integer(ret_weight, 0);
    for (size_t i = 0; i < source->investor_count; i++) {
        if (view_equal(source->investors[i].party, party)) {
            money_to_rational(source->investors[i].total, ret_weight);
            return;
        }
    }
}

/*
 * Splits one line among the receivers of its pay.
 *
 * Shapes  `weights` holds pay->share_count initialised numbers, `parts` as many amounts.
 */
static enum status split_pay(const struct settlement_source *source, const struct pay *pay,
                             struct money whole, struct rational *weights, struct money *parts,
                             struct failure *failure)
{
    bool has_weight = false;
    for (size_t i = 0; i < pay->share_count; i++) {
        if (pay->shares[i].by_funding) {
            funded_by(source, pay->shares[i].party, &weights[i]);
        } else {
            rational_set(&weights[i], &pay->shares[i].weight);
        }
        has_weight = has_weight || rational_sign(&weights[i]) > 0;
    }
    if (whole.minor == 0) {
        for (size_t i = 0; i < pay->share_count; i++) {
            parts[i] = whole;
        }
        return STATUS_OK;
    }
    if (!has_weight) {
        return refuse(failure, RULE_PAY_UNFUNDED, "",
                      "%.*s is shared by funding, and none of its "
                      "receivers has placed any",
                      VIEW_ARGS(pay->line_name));
    }
    return money_split(whole, weights, pay->share_count, parts);
}

static enum status compute_pay(const struct settlement_source *source, const struct pay *pay,
                               struct settlement *settlement, struct failure *failure)
{
    const struct rational *value = &settlement->values.lines[pay->line].value;
    struct money whole;
    if (money_from_rational(value, source->contract->terms.currency, &whole) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                      "%.*s is not an amount that can be paid", VIEW_ARGS(pay->line_name));
    }
    if (whole.minor < 0) {
        return refuse(failure, RULE_PAY_NEGATIVE, "", "%.*s is negative",
                      VIEW_ARGS(pay->line_name));
    }
    struct rational weights[TERMS_OPERANDS_MAX];
    struct money parts[TERMS_OPERANDS_MAX];
    assert(pay->share_count <= TERMS_OPERANDS_MAX);
    for (size_t i = 0; i < pay->share_count; i++) {
        rational_init(&weights[i]);
    }
    enum status status = split_pay(source, pay, whole, weights, parts, failure);
    for (size_t i = 0; i < pay->share_count; i++) {
        rational_release(&weights[i]);
        if (status == STATUS_OK) {
            settlement->pays[settlement->pay_count] = (struct settlement_pay){
                .line = pay->line_name,
                .from = pay->from,
                .to = pay->shares[i].party,
                .amount = parts[i],
            };
            settlement->pay_count++;
        }
    }
    return status;
}

enum status settlement_compute(const struct settlement_source *source, size_t period,
                               struct settlement *settlement, struct failure *failure)
{
    const struct terms *terms = &source->contract->terms;
    assert(period < terms->period_count);

    settlement->period = period;
    settlement->pay_count = 0;
    TRY(terms_evaluate(terms, period, &source->terms, &settlement->values, failure));

    size_t pay_count = 0;
    for (size_t i = 0; i < terms->pay_count; i++) {
        pay_count += terms->pays[i].share_count;
    }
    free(settlement->pays);
    settlement->pays = calloc(pay_count + 1, sizeof *settlement->pays);
    if (settlement->pays == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        enum status status = compute_pay(source, &terms->pays[i], settlement, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "pays");
            return status;
        }
    }
    assert(settlement->pay_count == pay_count);
    return STATUS_OK;
}

/* --- The `computed` member --- */

static enum status push_input(struct json *array, const struct hash *id)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 80);
    TRY(buffer_append_text(&text, "sha256:"));
    TRY(hex_write(&text, hash_view(id)));
    return json_push_string(array, buffer_view(&text));
}

static enum status inputs_to_json(const struct hash *inputs, size_t count, struct json **ret_array)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(push_input(array, &inputs[i]));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}

static enum status line_to_json(const struct line *line, const struct line_value *value,
                                struct buffer *scratch, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "line", line->name));
    buffer_clear(scratch);
    TRY(unit_write(&line->unit, scratch));
    TRY(json_set_string(object, "unit", buffer_view(scratch)));
    buffer_clear(scratch);
    TRY(rational_write_fraction(&value->value, scratch));
    TRY(json_set_string(object, "value", buffer_view(scratch)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status lines_to_json(const struct terms *terms, const struct terms_values *values,
                                 struct json **ret_array)
{
    assert(values->count == terms->line_count);
    OWNED(buffer_release) struct buffer scratch;
    buffer_init(&scratch, FRACTION_TEXT_MAX);
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        struct json *object;
        TRY(line_to_json(&terms->lines[i], &values->lines[i], &scratch, &object));
        TRY(json_push(array, object));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}

static enum status money_to_json(struct money money, struct json **ret_object)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 64);
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(money_write(money, &text));
    TRY(json_set_string(object, "amount", buffer_view(&text)));
    TRY(json_set_string(object, "currency", view_of(money.currency.code)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status pay_to_json(const struct settlement_pay *pay, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    struct json *amount;
    TRY(money_to_json(pay->amount, &amount));
    TRY(json_set(object, "amount", amount));
    TRY(json_set_string(object, "from", pay->from));
    TRY(json_set_string(object, "pay", pay->line));
    TRY(json_set_string(object, "to", pay->to));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status pays_to_json(const struct settlement *settlement, struct json **ret_array)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < settlement->pay_count; i++) {
        struct json *object;
        TRY(pay_to_json(&settlement->pays[i], &object));
        TRY(json_push(array, object));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}

/* Replaces `lines` by its digest: the object then fits into a note whatever the contract. */
static enum status shorten(struct json *computed, struct json *without_lines)
{
    OWNED(buffer_release) struct buffer lines;
    OWNED(buffer_release) struct buffer digest;
    buffer_init(&lines, (size_t)TERMS_LINES_MAX * (FRACTION_TEXT_MAX + 256));
    buffer_init(&digest, 80);
    TRY(json_write_canonical(json_member(computed, "lines"), &lines));
    struct hash hash = hash_bytes(buffer_view(&lines));
    TRY(buffer_append_text(&digest, "sha256:"));
    TRY(hex_write(&digest, hash_view(&hash)));
    return json_set_string(without_lines, "lines_sha256", buffer_view(&digest));
}

static enum status computed_common(const struct contract *contract,
                                   const struct settlement *settlement, const struct hash *inputs,
                                   size_t input_count, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    struct json *array;
    TRY(inputs_to_json(inputs, input_count, &array));
    TRY(json_set(object, "inputs", array));
    TRY(pays_to_json(settlement, &array));
    TRY(json_set(object, "pays", array));
    TRY(json_set_string(object, "period", contract->terms.periods[settlement->period].name));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status computed_to_json(const struct contract *contract,
                                    const struct settlement *settlement, const struct hash *inputs,
                                    size_t input_count, struct json **ret_computed)
{
    OWNED(json_freep) struct json *full = NULL;
    TRY(computed_common(contract, settlement, inputs, input_count, &full));
    struct json *lines;
    TRY(lines_to_json(&contract->terms, &settlement->values, &lines));
    TRY(json_set(full, "lines", lines));

    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, SETTLEMENT_COMPUTED_MAX);
    enum status fits = json_write_canonical(full, &text);
    if (fits == STATUS_LIMIT) {
        OWNED(json_freep) struct json *brief = NULL;
        TRY(computed_common(contract, settlement, inputs, input_count, &brief));
        TRY(shorten(full, brief));
        *ret_computed = STEAL(brief);
        return STATUS_OK;
    }
    TRY(fits);
    *ret_computed = STEAL(full);
    return STATUS_OK;
}

enum status settlement_to_json(const struct contract *contract, const struct settlement *settlement,
                               const struct hash *inputs, size_t input_count,
                               struct json **ret_computed, struct failure *failure)
{
    enum status status = computed_to_json(contract, settlement, inputs, input_count, ret_computed);
    return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
}
