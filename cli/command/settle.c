/* utfall settle: fills in the settlement of a period, as a draft to sign. */

#include "cli/clock.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

/* A period that could not be settled is refused here already, not when it is submitted. */
static enum status check_can_settle(const struct state_contract *contract, struct view period,
                                    struct failure *failure)
{
    const struct terms *terms = &contract->contract->terms;
    size_t index = terms_find_period(terms, period);
    if (index == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "", "%.*s has no period %.*s",
                      VIEW_ARGS(contract->contract->name), VIEW_ARGS(period));
    }
    if (!terms->periods[index].binding) {
        return refuse(failure, RULE_SETTLEMENT_NOT_BINDING, "", "%.*s is reported only",
                      VIEW_ARGS(period));
    }
    if (contract->settled[index] != NULL) {
        return refuse(failure, RULE_SETTLEMENT_REPEATED, "", "%.*s was settled by entry %llu",
                      VIEW_ARGS(period), (unsigned long long)contract->settled[index]->index);
    }
    return STATUS_OK;
}

static enum status make_draft(struct workspace *workspace, const struct state_contract *contract,
                              struct json *computed, struct json **ret_draft)
{
    OWNED(json_freep) struct json *owned = computed;
    OWNED(json_freep) struct json *draft = json_new_object();
    if (draft == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(draft, "kind", VIEW("settlement")));
    TRY(json_set_integer(draft, "version", STATEMENT_VERSION));
    TRY(json_set_string(draft, "ledger", state_origin(workspace_state(workspace))));
    struct display text = display_date(clock_today());
    TRY(json_set_string(draft, "date", view_of(text.text)));
    TRY(json_set_string(draft, "contract", contract->contract->name));
    text = display_hash(&contract->head);
    TRY(json_set_string(draft, "after", view_of(text.text)));
    TRY(json_set(draft, "computed", STEAL(owned)));
    *ret_draft = STEAL(draft);
    return STATUS_OK;
}

static enum status settle(const struct invocation *invocation, struct settlement *settlement,
                          struct buffer *ret_text, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    const struct state_contract *contract;
    TRY(workspace_load_contract(workspace, view_of(invocation->operands[0]), &contract, failure));
    struct view period = view_of(invocation->operands[1]);
    TRY(check_can_settle(contract, period, failure));

    struct json *computed;
    TRY(state_compute(contract, period, settlement, &computed, failure));
    OWNED(json_freep) struct json *draft = NULL;
    TRY(make_draft(workspace, contract, computed, &draft));
    TRY(json_write_pretty(draft, ret_text));
    TRY(buffer_append_byte(ret_text, '\n'));
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *pay = &settlement->pays[i];
        output_message(invocation, _("%.*s owes %.*s %s"), VIEW_ARGS(pay->from), VIEW_ARGS(pay->to),
                       display_money(pay->amount).text);
    }
    return STATUS_OK;
}

/* With --json the draft is a member of the answer, unless it goes into a file. */
static int answer_json(const struct invocation *invocation, struct view draft)
{
    OWNED(json_freep) struct json *object = json_new_object();
    struct json *member = NULL;
    struct failure failure = {0};
    if (file_is_standard(invocation->values[OPTION_OUTPUT])) {
        if (object == NULL || json_parse(draft, &member, &failure) != STATUS_OK ||
            json_set(object, "draft", member) != STATUS_OK) {
            return output_failure(invocation, "", &failure);
        }
    } else if (object == NULL ||
               json_set_string(object, "file", view_of(invocation->values[OPTION_OUTPUT])) !=
                   STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return output_json(STEAL(object));
}

int command_settle(const struct invocation *invocation)
{
    if (invocation->operand_count != 2) {
        return output_usage(invocation, _("settle takes a contract and a period"));
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    struct settlement settlement;
    settlement_init(&settlement);
    struct failure failure = {0};
    enum status status = settle(invocation, &settlement, &text, &failure);
    settlement_release(&settlement);
    if (status != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    const char *output = invocation->values[OPTION_OUTPUT];
    bool is_member = output_is_json(invocation) && file_is_standard(output);
    if (!is_member && file_write(output, buffer_view(&text), 0644,
                                 has_option(invocation, OPTION_FORCE), &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return output_is_json(invocation) ? answer_json(invocation, buffer_view(&text)) : EXIT_GOOD;
}
