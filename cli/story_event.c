#include "cli/story_event.h"

#include "cli/changes.h"
#include "cli/display.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define EVENT_INDENT 19 /* index, date and the spaces around them */
#define NOTE_INDENT (EVENT_INDENT + 2)
#define ROLE_WIDTH 20
#define SENTENCE_SIZE 8192 /* three names and two amounts */
#define TEXT_MAX ((size_t)64 * 1024)

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
                   display_published_date(&contract->agreed_on).text);
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
                   display_published_date(&funding->placed_on).text);
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

static void print_note(struct view text)
{
    printf("%*s", NOTE_INDENT, "");
    display_paragraph(text, NOTE_INDENT);
}

static void print_why(const struct localized *why)
{
    print_note(display_localized(why));
}

/* --- Values: measured, corrected, decided --- */

/* The terms that govern the period of an entry: they have what was measured in it. */
static const struct terms *terms_of(const struct state_contract *contract,
                                    const struct state_entry *entry)
{
    return &contract->tables.periods[entry->period].version->contract->terms;
}

const struct state_entry *story_find_replacing(const struct state_contract *contract,
                                               const struct state_entry *entry,
                                               const struct measured_value *value)
{
    struct view period = contract->tables.periods[entry->period].name;
    if (state_find_cell(contract, period, value->outcome)->value == value) {
        return NULL;
    }
    for (const struct state_entry *later = entry->next; later != NULL; later = later->next) {
        size_t count;
        const struct measured_value *values = statement_values(later->statement, &count);
        for (size_t i = 0; i < count && later->period == entry->period; i++) {
            if (view_equal(values[i].outcome, value->outcome)) {
                return later;
            }
        }
    }
    return NULL;
}

static void print_replaced(const struct state_contract *contract, const struct state_entry *entry,
                           const struct measured_value *value)
{
    const struct state_entry *later = story_find_replacing(contract, entry, value);
    if (later != NULL) {
        printf("%*s", NOTE_INDENT, "");
        printf(_("replaced by entry %" PRIu64 "\n"), later->index);
    }
}

static enum status print_value(const struct state_contract *contract,
                               const struct state_entry *entry, const struct measured_value *value,
                               const struct display_columns *columns)
{
    const struct outcome *outcome = outcome_of(terms_of(contract, entry), value);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(write_measured(outcome, value, &text));
    printf("%*s", EVENT_INDENT, "");
    if (display_row_fits(columns, EVENT_INDENT)) {
        display_row(columns, display_localized(&outcome->label), buffer_view(&text), EVENT_INDENT);
    } else {
        display_paragraph(display_localized(&outcome->label), EVENT_INDENT);
        print_note(buffer_view(&text));
    }
    print_replaced(contract, entry, value);
    if (value->note.count > 0) {
        print_note(display_localized(&value->note));
    }
    return STATUS_OK;
}

static enum status print_values(const struct state_contract *contract,
                                const struct state_entry *entry)
{
    size_t count;
    const struct measured_value *values = statement_values(entry->statement, &count);
    struct display_columns columns = {0};
    for (size_t i = 0; i < count; i++) {
        const struct outcome *outcome = outcome_of(terms_of(contract, entry), &values[i]);
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, TEXT_MAX);
        TRY(write_measured(outcome, &values[i], &text));
        display_columns_fit(&columns, display_localized(&outcome->label), buffer_view(&text));
    }
    for (size_t i = 0; i < count; i++) {
        TRY(print_value(contract, entry, &values[i], &columns));
    }
    return STATUS_OK;
}

static enum status print_measurement(const struct state_contract *contract,
                                     const struct state_entry *entry)
{
    const struct measurement *measurement = &entry->statement->measurement;
    print_sentence(_("%.*s measured period %.*s:"), VIEW_ARGS(measurement->evaluator),
                   VIEW_ARGS(measurement->period));
    return print_values(contract, entry);
}

/* The index of an earlier entry of the contract that a statement names by its id. */
static uint64_t index_of(const struct state_contract *contract, const struct hash *id)
{
    const struct state_entry *entry = contract->first;
    while (entry->next != NULL && !hash_equal(&entry->statement->id, id)) {
        entry = entry->next; /* bounded by the contract's entries */
    }
    return entry->index;
}

static struct view period_of(const struct state_contract *contract, const struct state_entry *entry)
{
    return contract->tables.periods[entry->period].name;
}

static enum status print_correction(const struct state_contract *contract,
                                    const struct state_entry *entry)
{
    const struct correction *correction = &entry->statement->correction;
    print_sentence(_("%.*s corrected what entry %" PRIu64 " states of period %.*s:"),
                   VIEW_ARGS(correction->measurement.evaluator),
                   index_of(contract, &correction->corrects),
                   VIEW_ARGS(period_of(contract, entry)));
    TRY(print_values(contract, entry));
    print_why(&correction->why);
    return STATUS_OK;
}

/* --- Amendments --- */

const struct state_entry *story_terms_before(const struct state_contract *contract,
                                             const struct state_entry *entry)
{
    const struct state_version *version = contract->newest;
    while (version->entry != entry) { /* bounded: each amendment is a version */
        version = version->earlier;
    }
    return version->earlier->entry;
}

static enum status print_amendment(const struct state_contract *contract,
                                   const struct state_entry *entry)
{
    const struct amendment *amendment = &entry->statement->amendment;
    print_sentence(_("new terms agreed, from period %.*s on"), VIEW_ARGS(amendment->from));
    print_why(&amendment->why);
    for (size_t i = 0; i < amendment->resettles_count; i++) {
        printf("%*s", NOTE_INDENT, "");
        printf(_("period %.*s is to be settled again\n"), VIEW_ARGS(amendment->resettles[i]));
    }
    const struct state_entry *before = story_terms_before(contract, entry);
    return changes_print(before->statement->root, entry->statement->root, NOTE_INDENT);
}

/* --- Disputes and decisions --- */

static void print_dispute(const struct state_contract *contract, const struct state_entry *entry)
{
    const struct dispute *dispute = &entry->statement->dispute;
    const struct terms *terms = terms_of(contract, entry);
    print_sentence(_("%.*s disputes what entry %" PRIu64 " states of period %.*s:"),
                   VIEW_ARGS(dispute->by), index_of(contract, &dispute->measurement),
                   VIEW_ARGS(period_of(contract, entry)));
    for (size_t i = 0; i < dispute->outcome_count; i++) {
        size_t outcome = terms_find_outcome(terms, dispute->outcomes[i]);
        printf("%*s", EVENT_INDENT, "");
        display_paragraph(display_localized(&terms->outcomes[outcome].label), EVENT_INDENT);
    }
    print_why(&dispute->why);
}

static enum status print_decision(const struct state_contract *contract,
                                  const struct state_entry *entry)
{
    const struct decision *decision = &entry->statement->decision;
    uint64_t dispute = index_of(contract, &decision->dispute);
    switch (decision->decision) {
    case DECISION_REJECTED:
        print_sentence(_("%.*s rejected the dispute of entry %" PRIu64), VIEW_ARGS(decision->by),
                       dispute);
        break;
    case DECISION_UPHELD:
        print_sentence(_("%.*s upheld the dispute of entry %" PRIu64), VIEW_ARGS(decision->by),
                       dispute);
        break;
    case DECISION_WITHDRAWN:
        print_sentence(_("%.*s withdrew its dispute of entry %" PRIu64), VIEW_ARGS(decision->by),
                       dispute);
        break;
    }
    TRY(print_values(contract, entry));
    print_why(&decision->why);
    return STATUS_OK;
}

static void print_termination(const struct state_entry *entry)
{
    const struct termination *termination = &entry->statement->termination;
    if (termination->closing.size > 0) {
        print_sentence(_("the contract ends on %s, and is closed by period %.*s"),
                       display_date(termination->on).text, VIEW_ARGS(termination->closing));
    } else {
        print_sentence(_("the contract ends on %s"), display_date(termination->on).text);
    }
    print_why(&termination->why);
}

/* --- Settlements and payments --- */

/* Of a period that is settled again, most pays are as they were. */
static bool tells_anything(const struct settlement *settlement, const struct settlement_pay *pay)
{
    return !settlement->is_supplementary || pay->amount.minor != 0 || pay->carried_in.minor != 0 ||
           pay->carried_out.minor != 0;
}

static enum status print_settlement(const struct state_contract *contract,
                                    const struct state_entry *entry)
{
    const struct settlement *settlement = entry->settlement;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    if (settlement->is_supplementary) {
        print_sentence(_("period %.*s settled again; what differs from entry %" PRIu64 ":"),
                       VIEW_ARGS(period_of(contract, entry)),
                       index_of(contract, &settlement->supplements));
    } else {
        print_sentence(_("period %.*s settled:"), VIEW_ARGS(period_of(contract, entry)));
    }
    bool is_silent = settlement->is_supplementary;
    for (size_t i = 0; i < settlement->pay_count; i++) {
        if (tells_anything(settlement, &settlement->pays[i])) {
            is_silent = false;
            buffer_clear(&text);
            TRY(form_write_owed(&settlement->pays[i], &text));
            printf("%*s", EVENT_INDENT, "");
            display_paragraph(buffer_view(&text), EVENT_INDENT);
        }
    }
    if (is_silent) {
        printf("%*s%s\n", EVENT_INDENT, "", _("nothing"));
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
                             display_published_date(&payment->paid_on).text));
    TRY(form_write_tranche(payment->tranche, &text));
    display_paragraph(buffer_view(&text), EVENT_INDENT);
    return STATUS_OK;
}

enum status story_event_print(const struct state_contract *contract,
                              const struct state_entry *entry)
{
    printf("%5" PRIu64 "  %s  ", entry->index, display_date(entry->statement->date).text);
    switch (entry->statement->kind) {
    case KIND_CONTRACT:
        print_agreed(&entry->statement->contract);
        return STATUS_OK;
    case KIND_AMENDMENT:
        return print_amendment(contract, entry);
    case KIND_FUNDING:
        print_funding(entry);
        return STATUS_OK;
    case KIND_MEASUREMENT:
        return print_measurement(contract, entry);
    case KIND_CORRECTION:
        return print_correction(contract, entry);
    case KIND_DISPUTE:
        print_dispute(contract, entry);
        return STATUS_OK;
    case KIND_DECISION:
        return print_decision(contract, entry);
    case KIND_SETTLEMENT:
        return print_settlement(contract, entry);
    case KIND_PAYMENT:
        return print_payment(entry);
    case KIND_TERMINATION:
        print_termination(entry);
        return STATUS_OK;
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_COUNT:
        break;
    }
    return STATUS_OK;
}
