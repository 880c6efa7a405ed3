#include "cli/story.h"

#include "cli/display.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define EVENT_INDENT 19 /* index, date and the spaces around them */
#define NOTE_INDENT (EVENT_INDENT + 2)
#define ROLE_WIDTH 20
#define NEXT_INDENT 2
#define SENTENCE_SIZE 8192 /* three names and two amounts */
#define TEXT_MAX ((size_t)64 * 1024)

static struct display published_date(const struct published_date *date)
{
    struct display text;
    if (date->is_published) {
        return display_date(date->date);
    }
    (void)snprintf(text.text, sizeof text.text, "%s", _("date not published"));
    return text;
}

/* --- Events: what happened, after index and date --- */

/* Prints a sentence that may need several lines. Takes a format for gettext's sake. */
static void print_sentence(const char *format, ...) PRINTF_LIKE(1, 2);

static void print_sentence(const char *format, ...)
{
    char text[SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    display_paragraph(view_of(text), EVENT_INDENT);
}

static void print_agreed(const struct contract *contract)
{
    print_sentence(_("agreed (%s), signed by every party:"),
                   published_date(&contract->agreed_on).text);
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        for (size_t i = 0; i < contract->roles[role].count; i++) {
            printf("%*s", EVENT_INDENT, "");
            display_padded(view_of(word_of_role((enum role)role)), ROLE_WIDTH);
            printf("%.*s\n", VIEW_ARGS(contract->roles[role].parties[i]));
        }
    }
}

static void print_funding(const struct state_entry *entry)
{
    const struct funding *funding = &entry->statement->funding;
    print_sentence(_("%.*s placed %s with %.*s (%s)"), VIEW_ARGS(funding->investor),
                   display_money(entry->amount).text, VIEW_ARGS(funding->receiver),
                   published_date(&funding->placed_on).text);
}

/* "0.42, low 0.31, high 0.53" */
static enum status write_measured(const struct outcome *outcome, const struct measured_value *value,
                                  struct buffer *buffer)
{
    for (unsigned i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (!value->has[i]) {
            continue;
        }
        enum measured_field field = (enum measured_field)i;
        const struct unit unit = outcome_field_unit(outcome, field);
        TRY(buffer_append_text(buffer, buffer->size == 0 ? "" : ", "));
        if (field != MEASURED_VALUE) {
            TRY(buffer_append_format(buffer, "%s ", word_of_field(field)));
        }
        TRY(buffer_append_text(buffer, display_value(&value->fields[field], &unit).text));
    }
    return STATUS_OK;
}

static const struct outcome *outcome_of(const struct terms *terms,
                                        const struct measured_value *value)
{
    return &terms->outcomes[terms_find_outcome(terms, value->outcome)];
}

static enum status print_measured_value(const struct terms *terms,
                                        const struct measured_value *value,
                                        const struct display_columns *columns)
{
    const struct outcome *outcome = outcome_of(terms, value);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(write_measured(outcome, value, &text));
    printf("%*s", EVENT_INDENT, "");
    if (display_row_fits(columns, EVENT_INDENT)) {
        display_row(columns, display_localized(&outcome->label), buffer_view(&text), EVENT_INDENT);
    } else {
        display_paragraph(display_localized(&outcome->label), EVENT_INDENT);
        printf("%*s", NOTE_INDENT, "");
        display_paragraph(buffer_view(&text), NOTE_INDENT);
    }
    if (value->note.count > 0) {
        printf("%*s", NOTE_INDENT, "");
        display_paragraph(display_localized(&value->note), NOTE_INDENT);
    }
    return STATUS_OK;
}

static enum status print_measurement(const struct terms *terms, const struct state_entry *entry)
{
    const struct measurement *measurement = &entry->statement->measurement;
    print_sentence(_("%.*s measured period %.*s:"), VIEW_ARGS(measurement->evaluator),
                   VIEW_ARGS(measurement->period));
    struct display_columns columns = {0};
    for (size_t i = 0; i < measurement->value_count; i++) {
        const struct outcome *outcome = outcome_of(terms, &measurement->values[i]);
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, TEXT_MAX);
        TRY(write_measured(outcome, &measurement->values[i], &text));
        display_columns_fit(&columns, display_localized(&outcome->label), buffer_view(&text));
    }
    for (size_t i = 0; i < measurement->value_count; i++) {
        TRY(print_measured_value(terms, &measurement->values[i], &columns));
    }
    return STATUS_OK;
}

static enum status print_settlement(const struct state_entry *entry)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    print_sentence(_("period %.*s settled:"), VIEW_ARGS(entry->statement->settlement.period));
    for (size_t i = 0; i < entry->settlement->pay_count; i++) {
        buffer_clear(&text);
        TRY(form_write_owed(&entry->settlement->pays[i], &text));
        printf("%*s", EVENT_INDENT, "");
        display_paragraph(buffer_view(&text), EVENT_INDENT);
    }
    return STATUS_OK;
}

static enum status print_payment(const struct state_entry *entry)
{
    const struct payment *payment = &entry->statement->payment;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text, _("%.*s paid %.*s %s (%s)"), VIEW_ARGS(payment->from),
                             VIEW_ARGS(payment->to), display_money(entry->amount).text,
                             published_date(&payment->paid_on).text));
    TRY(form_write_tranche(payment->tranche, &text));
    display_paragraph(buffer_view(&text), EVENT_INDENT);
    return STATUS_OK;
}

static enum status print_event(const struct contract *contract, const struct state_entry *entry)
{
    printf("%5" PRIu64 "  %s  ", entry->index, display_date(entry->statement->date).text);
    switch (entry->statement->kind) {
    case KIND_CONTRACT:
        print_agreed(contract);
        return STATUS_OK;
    case KIND_FUNDING:
        print_funding(entry);
        return STATUS_OK;
    case KIND_MEASUREMENT:
        return print_measurement(&contract->terms, entry);
    case KIND_SETTLEMENT:
        return print_settlement(entry);
    case KIND_PAYMENT:
        return print_payment(entry);
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_COUNT:
        break;
    }
    return STATUS_OK;
}

/* --- What comes next --- */

static void print_next_period(const struct state_contract *contract, size_t index)
{
    const struct period *period = &contract->contract->terms.periods[index];
    if (contract->settled[index] != NULL || !period->binding) {
        return;
    }
    printf(_("  period %.*s (%s to %s) is not settled; due: %s\n"), VIEW_ARGS(period->name),
           display_date(period->from).text, display_date(period->to).text,
           published_date(&period->due).text);
}

static bool has_open_period(const struct state_contract *contract)
{
    const struct terms *terms = &contract->contract->terms;
    for (size_t i = 0; i < terms->period_count; i++) {
        if (terms->periods[i].binding && contract->settled[i] == NULL) {
            return true;
        }
    }
    return false;
}

static enum status print_outstanding(const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text, _("%.*s still owes %.*s %s (settled by entry %" PRIu64 ")"),
                             VIEW_ARGS(pay->from), VIEW_ARGS(pay->to),
                             display_money(state_due_outstanding(due)).text,
                             due->settlement->index));
    TRY(form_write_tranche(pay->tranche, &text));
    TRY(form_write_owed_remark(pay, &text));
    printf("%*s", NEXT_INDENT, "");
    display_paragraph(buffer_view(&text), NEXT_INDENT);
    return STATUS_OK;
}

static enum status print_next(const struct state_contract *contract)
{
    bool owes = false;
    printf("\n%s\n", _("What comes next:"));
    for (size_t i = 0; i < contract->contract->terms.period_count; i++) {
        print_next_period(contract, i);
    }
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        if (state_due_outstanding(due).minor > 0) {
            owes = true;
            TRY(print_outstanding(due));
        }
    }
    if (!owes && !has_open_period(contract)) {
        printf("  %s\n", _("nothing: every binding period is settled and paid"));
    }
    return STATUS_OK;
}

static void print_sums(const struct state_contract *contract)
{
    struct view placed = view_of(_("Placed in all:"));
    struct view paid = view_of(_("Paid in all:"));
    struct display placed_sum = display_money(contract->funded);
    struct display paid_sum = display_money(contract->paid);
    struct display_columns columns = {0};
    display_columns_fit(&columns, placed, view_of(placed_sum.text));
    display_columns_fit(&columns, paid, view_of(paid_sum.text));
    printf("\n");
    display_row(&columns, placed, view_of(placed_sum.text), 0);
    display_row(&columns, paid, view_of(paid_sum.text), 0);
}

enum status story_print(const struct state_contract *contract)
{
    struct view title = display_localized(&contract->contract->title);
    printf("%.*s\n%.*s\n\n", VIEW_ARGS(title), VIEW_ARGS(contract->contract->name));
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        TRY(print_event(contract->contract, entry));
    }
    print_sums(contract);
    return print_next(contract);
}

/* --- For programs --- */

static enum status push_event(struct json *events, const struct state_entry *entry)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(object, "index", entry->index));
    TRY(json_set_string(object, "id", view_of(display_hash(&entry->statement->id).text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(entry->statement->kind))));
    TRY(json_set(object, "statement", json_copy(entry->statement->root)));
    return json_push(events, STEAL(object));
}

static enum status push_due(struct json *dues, const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "pay", pay->line));
    if (pay->tranche.size > 0) {
        TRY(json_set_string(object, "tranche", pay->tranche));
    }
    TRY(json_set_string(object, "from", pay->from));
    TRY(json_set_string(object, "to", pay->to));
    if (pay->has_due) {
        TRY(json_set_string(object, "due", view_of(display_date(pay->due).text)));
    }
    TRY(output_set_amount(object, "settled", pay->amount));
    TRY(output_set_amount(object, "paid", due->paid));
    TRY(json_set_string(object, "settlement",
                        view_of(display_hash(&due->settlement->statement->id).text)));
    return json_push(dues, STEAL(object));
}

enum status story_to_json(const struct state_contract *contract, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *events = json_new_array();
    OWNED(json_freep) struct json *dues = json_new_array();
    if (object == NULL || events == NULL || dues == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        TRY(push_event(events, entry));
    }
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        TRY(push_due(dues, due));
    }
    TRY(json_set_string(object, "contract", contract->contract->name));
    TRY(json_set_string(object, "currency", view_of(contract->funded.currency.code)));
    TRY(json_set_string(object, "head", view_of(display_hash(&contract->head).text)));
    TRY(output_set_amount(object, "funded", contract->funded));
    TRY(output_set_amount(object, "paid", contract->paid));
    TRY(json_set(object, "events", STEAL(events)));
    TRY(json_set(object, "dues", STEAL(dues)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}
