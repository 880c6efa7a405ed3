#include "cli/story.h"

#include "cli/display.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/story_event.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

#define NEXT_INDENT 2
#define TEXT_MAX ((size_t)64 * 1024)

/* --- What comes next --- */

/* Whether a period can be settled now, for the first time or again. */
static bool is_open(const struct state_contract *contract, size_t period)
{
    size_t index;
    struct failure failure;
    struct view name = contract->contract->terms.periods[period].name;
    return state_find_unsettled(contract, name, &index, &failure) == STATUS_OK;
}

static void print_next_period(const struct state_contract *contract, size_t index)
{
    const struct period *period = &contract->contract->terms.periods[index];
    if (contract->settled[index] != NULL) {
        printf(_("  period %.*s is to be settled again: what it was settled by was replaced\n"),
               VIEW_ARGS(period->name));
        return;
    }
    printf(_("  period %.*s (%s to %s) is not settled; due: %s\n"), VIEW_ARGS(period->name),
           display_date(period->from).text, display_date(period->to).text,
           display_published_date(&period->due).text);
}

static enum status print_outstanding(const struct state_contract *contract,
                                     const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    const struct state_dispute *dispute;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text, _("%.*s still owes %.*s %s (settled by entry %" PRIu64 ")"),
                             VIEW_ARGS(pay->from), VIEW_ARGS(pay->to),
                             display_money(state_due_outstanding(due)).text,
                             due->settlement->index));
    TRY(form_write_tranche(pay->tranche, &text));
    TRY(form_write_owed_remark(pay, &text));
    TRY(state_due_find_dispute(contract, due, &dispute));
    if (dispute != NULL) {
        TRY(buffer_append_format(&text, _(", held by the dispute of entry %" PRIu64),
                                 dispute->entry->index));
    }
    printf("%*s", NEXT_INDENT, "");
    display_paragraph(buffer_view(&text), NEXT_INDENT);
    return STATUS_OK;
}

/* Whether some outcome is still held by a dispute. */
static bool holds(const struct state_contract *contract, const struct state_dispute *dispute)
{
    const struct terms *terms = &contract->contract->terms;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        if (state_find_cell(contract, dispute->entry->period, i)->dispute == dispute) {
            return true;
        }
    }
    return false;
}

static bool print_dispute(const struct state_contract *contract,
                          const struct state_dispute *dispute)
{
    if (!holds(contract, dispute)) {
        return false;
    }
    if (dispute->decision == NULL) {
        printf(_("  the dispute of entry %" PRIu64 " is to be decided\n"), dispute->entry->index);
    } else {
        printf(_("  what the dispute of entry %" PRIu64 " is about is to be corrected\n"),
               dispute->entry->index);
    }
    return true;
}

/* Whose credit it is; `index` counts the receivers of all pays, as a settlement lists them. */
struct receiver {
    const struct pay *pay;
    const struct tranche *tranche;
    const struct pay_share *share;
};

static struct receiver receiver_at(const struct terms *terms, size_t index)
{
    size_t pay = 0;
    size_t tranche = 0;
    while (index >= terms->pays[pay].tranches[tranche].share_count) { /* bounded by the pays */
        index -= terms->pays[pay].tranches[tranche].share_count;
        tranche++;
        if (tranche == terms->pays[pay].tranche_count) {
            tranche = 0;
            pay++;
        }
    }
    const struct tranche *found = &terms->pays[pay].tranches[tranche];
    return (struct receiver){&terms->pays[pay], found, &found->shares[index]};
}

static enum status print_credit(const struct state_contract *contract, size_t index)
{
    struct receiver receiver = receiver_at(&contract->contract->terms, index);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text, _("%s is to be taken off what %.*s comes to owe %.*s"),
                             display_money(contract->credits[index]).text,
                             VIEW_ARGS(receiver.pay->from), VIEW_ARGS(receiver.share->party)));
    TRY(form_write_tranche(receiver.tranche->name, &text));
    printf("%*s", NEXT_INDENT, "");
    display_paragraph(buffer_view(&text), NEXT_INDENT);
    return STATUS_OK;
}

static void print_nothing(const struct state_contract *contract)
{
    printf("  %s\n", contract->termination == NULL
                         ? _("nothing: every binding period is settled and paid")
                         : _("nothing: the contract has ended, and what was settled is paid"));
}

static enum status print_next(const struct state_contract *contract)
{
    bool is_over = true;
    printf("\n%s\n", _("What comes next:"));
    for (size_t i = 0; i < contract->contract->terms.period_count; i++) {
        if (is_open(contract, i)) {
            is_over = false;
            print_next_period(contract, i);
        }
    }
    for (const struct state_dispute *dispute = contract->disputes; dispute != NULL;
         dispute = dispute->next) {
        is_over = !print_dispute(contract, dispute) && is_over;
    }
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        if (state_due_outstanding(due).minor > 0) {
            is_over = false;
            TRY(print_outstanding(contract, due));
        }
    }
    for (size_t i = 0; i < contract->credit_count; i++) {
        if (contract->credits[i].minor > 0) {
            TRY(print_credit(contract, i));
        }
    }
    if (is_over) {
        print_nothing(contract);
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
        TRY(story_event_print(contract, entry));
    }
    print_sums(contract);
    return print_next(contract);
}

/* --- For programs --- */

/* Which values of an entry no longer count, and by which entry. */
static enum status set_replaced(struct json *event, const struct state_contract *contract,
                                const struct state_entry *entry)
{
    size_t count;
    const struct measured_value *values = statement_values(entry->statement, &count);
    OWNED(json_freep) struct json *replaced = json_new_array();
    if (replaced == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const struct state_entry *later = story_find_replacing(contract, entry, &values[i]);
        if (later != NULL) {
            OWNED(json_freep) struct json *item = json_new_object();
            if (item == NULL) {
                return STATUS_MEMORY;
            }
            TRY(json_set_string(item, "outcome", values[i].outcome));
            TRY(output_set_count(item, "by", later->index));
            TRY(json_push(replaced, STEAL(item)));
        }
    }
    return json_first(replaced) == NULL ? STATUS_OK : json_set(event, "replaced", STEAL(replaced));
}

static enum status push_event(struct json *events, const struct state_contract *contract,
                              const struct state_entry *entry)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(object, "index", entry->index));
    TRY(json_set_string(object, "id", view_of(display_hash(&entry->statement->id).text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(entry->statement->kind))));
    TRY(json_set(object, "statement", json_copy(entry->statement->root)));
    TRY(set_replaced(object, contract, entry));
    return json_push(events, STEAL(object));
}

static enum status set_id(struct json *object, const char *name, const struct state_entry *entry)
{
    return json_set_string(object, name, view_of(display_hash(&entry->statement->id).text));
}

static enum status push_due(struct json *dues, const struct state_contract *contract,
                            const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    const struct state_dispute *dispute;
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
    TRY(set_id(object, "settlement", due->settlement));
    TRY(state_due_find_dispute(contract, due, &dispute));
    if (dispute != NULL) {
        TRY(set_id(object, "held_by", dispute->entry));
    }
    return json_push(dues, STEAL(object));
}

static enum status push_dispute(struct json *disputes, const struct state_contract *contract,
                                const struct state_dispute *dispute)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_id(object, "dispute", dispute->entry));
    if (dispute->decision != NULL) {
        TRY(set_id(object, "decision", dispute->decision));
    }
    TRY(json_set_boolean(object, "holds", holds(contract, dispute)));
    return json_push(disputes, STEAL(object));
}

static enum status push_credit(struct json *credits, const struct state_contract *contract,
                               size_t index)
{
    struct receiver receiver = receiver_at(&contract->contract->terms, index);
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "pay", receiver.pay->line_name));
    if (receiver.tranche->name.size > 0) {
        TRY(json_set_string(object, "tranche", receiver.tranche->name));
    }
    TRY(json_set_string(object, "from", receiver.pay->from));
    TRY(json_set_string(object, "to", receiver.share->party));
    TRY(output_set_amount(object, "amount", contract->credits[index]));
    return json_push(credits, STEAL(object));
}

/* What disputes and corrections left open. */
static enum status set_open(struct json *object, const struct state_contract *contract)
{
    OWNED(json_freep) struct json *disputes = json_new_array();
    OWNED(json_freep) struct json *credits = json_new_array();
    if (disputes == NULL || credits == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct state_dispute *dispute = contract->disputes; dispute != NULL;
         dispute = dispute->next) {
        TRY(push_dispute(disputes, contract, dispute));
    }
    for (size_t i = 0; i < contract->credit_count; i++) {
        if (contract->credits[i].minor > 0) {
            TRY(push_credit(credits, contract, i));
        }
    }
    TRY(json_set(object, "disputes", STEAL(disputes)));
    return json_set(object, "credits", STEAL(credits));
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
        TRY(push_event(events, contract, entry));
    }
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        TRY(push_due(dues, contract, due));
    }
    TRY(json_set_string(object, "contract", contract->contract->name));
    TRY(json_set_string(object, "currency", view_of(contract->funded.currency.code)));
    TRY(json_set_string(object, "head", view_of(display_hash(&contract->head).text)));
    TRY(output_set_amount(object, "funded", contract->funded));
    TRY(output_set_amount(object, "paid", contract->paid));
    TRY(json_set(object, "events", STEAL(events)));
    TRY(json_set(object, "dues", STEAL(dues)));
    TRY(set_open(object, contract));
    if (contract->termination != NULL) {
        TRY(set_id(object, "termination", contract->termination));
    }
    *ret_object = STEAL(object);
    return STATUS_OK;
}
