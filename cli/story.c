#include "cli/story.h"

#include "cli/changes.h"
#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/story_event.h"
#include "cli/story_next.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

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
    struct view title = display_localized(&state_newest(contract)->title);
    printf("%.*s\n%.*s\n\n", VIEW_ARGS(title), VIEW_ARGS(state_newest(contract)->name));
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        TRY(story_event_print(contract, entry));
    }
    print_sums(contract);
    return story_next_print(contract);
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
    if (entry->statement->kind == KIND_AMENDMENT) {
        const struct state_entry *before = story_terms_before(contract, entry);
        TRY(changes_set(before->statement->root, entry->statement->root, object));
    }
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
    TRY(json_set_boolean(object, "holds", story_holds(contract, dispute)));
    return json_push(disputes, STEAL(object));
}

static enum status push_credit(struct json *credits, const struct state_contract *contract,
                               size_t index)
{
    const struct settlement_place *place = &contract->tables.credits.places[index];
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "pay", place->line));
    if (place->tranche.size > 0) {
        TRY(json_set_string(object, "tranche", place->tranche));
    }
    TRY(json_set_string(object, "from", place->from));
    TRY(json_set_string(object, "to", place->to));
    TRY(output_set_amount(object, "amount", contract->tables.credits.amounts[index]));
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
    for (size_t i = 0; i < contract->tables.credits.count; i++) {
        if (contract->tables.credits.amounts[i].minor > 0) {
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
    TRY(json_set_string(object, "contract", state_newest(contract)->name));
    TRY(json_set_string(object, "currency", view_of(contract->funded.currency.code)));
    TRY(json_set_string(object, "head", view_of(display_hash(&contract->head).text)));
    TRY(output_set_amount(object, "funded", contract->funded));
    TRY(output_set_amount(object, "paid", contract->paid));
    TRY(json_set(object, "events", STEAL(events)));
    TRY(json_set(object, "dues", STEAL(dues)));
    TRY(set_open(object, contract));
    TRY(story_next_set(object, contract));
    if (contract->termination != NULL) {
        TRY(set_id(object, "termination", contract->termination));
    }
    *ret_object = STEAL(object);
    return STATUS_OK;
}
