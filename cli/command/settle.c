/* utfall settle: fills in the settlement of a period, as a draft to sign. */

#include "cli/clock.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/file.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

#define OWED_TEXT_MAX 2048 /* two parties, an amount, a tranche */

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
    TRY(json_set_string(draft, "contract", state_newest(contract)->name));
    text = display_hash(&contract->head);
    TRY(json_set_string(draft, "after", view_of(text.text)));
    TRY(json_set(draft, "computed", STEAL(owned)));
    *ret_draft = STEAL(draft);
    return STATUS_OK;
}

/* What the ledger would refuse once everybody has signed is refused here already. */
static enum status compute(const struct state_contract *contract, struct view period,
                           struct settlement *settlement, struct json **ret_computed,
                           struct failure *failure)
{
    size_t index;
    TRY(state_find_unsettled(contract, period, &index, failure));
    OWNED(json_freep) struct json *computed = NULL;
    TRY(state_compute(contract, period, settlement, &computed, failure));
    TRY(state_check_caps(contract, settlement, failure));
    *ret_computed = STEAL(computed);
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
    OWNED(json_freep) struct json *computed = NULL;
    TRY(compute(contract, period, settlement, &computed, failure));
    OWNED(json_freep) struct json *draft = NULL;
    TRY(make_draft(workspace, contract, STEAL(computed), &draft));
    TRY(json_write_pretty(draft, ret_text));
    TRY(buffer_append_byte(ret_text, '\n'));
    OWNED(buffer_release) struct buffer owed;
    buffer_init(&owed, OWED_TEXT_MAX);
    for (size_t i = 0; i < settlement->pay_count; i++) {
        buffer_clear(&owed);
        TRY(form_write_owed(&settlement->pays[i], &owed));
        output_message(invocation, "%.*s", VIEW_ARGS(buffer_view(&owed)));
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
