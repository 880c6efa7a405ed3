/* The `computed` member: a settlement as the ledger writes it, byte for byte. */

#include "contracts/settlement/settlement.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>

/* A fraction of RATIONAL_DIGITS_MAX digits a side, with sign and slash. */
#define FRACTION_TEXT_MAX (2 * RATIONAL_DIGITS_MAX + 2)

#define DATE_TEXT_MAX 16
#define DIGEST_TEXT_MAX 80

static enum status digest_write(const struct hash *hash, struct buffer *buffer)
{
    TRY(buffer_append_text(buffer, "sha256:"));
    return hex_write(buffer, hash_view(hash));
}

static enum status set_digest(struct json *object, const char *name, const struct hash *hash)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DIGEST_TEXT_MAX);
    TRY(digest_write(hash, &text));
    return json_set_string(object, name, buffer_view(&text));
}

static enum status push_input(struct json *array, const struct hash *id)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DIGEST_TEXT_MAX);
    TRY(digest_write(id, &text));
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

static enum status set_date(struct json *object, const char *name, struct date date)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DATE_TEXT_MAX);
    TRY(date_write(date, &text));
    return json_set_string(object, name, buffer_view(&text));
}

/* A credit stands where there is one. */
static enum status set_carried(struct json *object, const char *name, struct money credit)
{
    if (credit.minor == 0) {
        return STATUS_OK;
    }
    struct json *amount;
    TRY(money_to_json(credit, &amount));
    return json_set(object, name, amount);
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
    TRY(set_carried(object, "carried_in", pay->carried_in));
    TRY(set_carried(object, "carried_out", pay->carried_out));
    if (pay->has_due) {
        TRY(set_date(object, "due", pay->due));
    }
    TRY(json_set_string(object, "from", pay->from));
    TRY(json_set_string(object, "pay", pay->line));
    TRY(json_set_string(object, "to", pay->to));
    if (pay->tranche.size > 0) {
        TRY(json_set_string(object, "tranche", pay->tranche));
    }
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
    buffer_init(&lines, (size_t)TERMS_LINES_MAX * (FRACTION_TEXT_MAX + 256));
    TRY(json_write_canonical(json_member(computed, "lines"), &lines));
    struct hash hash = hash_bytes(buffer_view(&lines));
    return set_digest(without_lines, "lines_sha256", &hash);
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
    if (settlement->is_supplementary) {
        TRY(set_digest(object, "supplements", &settlement->supplements));
    }
    if (settlement->is_amended) {
        TRY(set_digest(object, "terms", &settlement->terms));
    }
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
