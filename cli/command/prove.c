/*
 * utfall prove: writes the proof that an entry is in the ledger, as a C2SP tlog-proof, or the case
 * of a contract: everything that decides about it, to be checked without the ledger.
 */

#include "cli/case_gather.h"
#include "cli/command.h"
#include "cli/entry.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "contracts/case/case.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>

/* What was proved. */
struct proved {
    bool is_contract;
    uint64_t index; /* of an entry */
};

/* A contract may be called like an index: then it is the contract, as for `show`. */
static enum status prove(const struct invocation *invocation, struct buffer *ret_text,
                         struct proved *ret_proved, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    struct view word = view_of(invocation->operands[0]);
    enum status status = case_gather(workspace, word, ret_text, failure);
    ret_proved->is_contract = status == STATUS_OK;
    if (status == STATUS_OK || !view_is(view_of(failure->code), rule_name(RULE_CONTRACT_UNKNOWN)) ||
        !entry_is_name(invocation->operands[0])) {
        return status;
    }
    struct ledger *ledger = workspace_ledger(workspace);
    TRY(entry_find(ledger, invocation->operands[0], &ret_proved->index, failure));
    return case_gather_proof(ledger, ret_proved->index, ret_text, failure);
}

static enum status set_proved(const struct invocation *invocation, const struct proved *proved,
                              struct json *object)
{
    return proved->is_contract
               ? json_set_string(object, "contract", view_of(invocation->operands[0]))
               : output_set_count(object, "index", proved->index);
}

/* With --json the proof or case is a member of the answer, unless it goes into a file. */
static int answer_json(const struct invocation *invocation, const struct proved *proved,
                       struct view text)
{
    OWNED(json_freep) struct json *object = json_new_object();
    const char *output = invocation->values[OPTION_OUTPUT];
    bool is_member = file_is_standard(output);
    const char *member = !is_member ? "file" : proved->is_contract ? "case" : "proof";
    if (object == NULL || set_proved(invocation, proved, object) != STATUS_OK ||
        json_set_string(object, member, is_member ? text : view_of(output)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_prove(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("prove takes an index, an id or a contract"));
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, CASE_SIZE_MAX);
    struct failure failure = {0};
    struct proved proved = {0};
    if (prove(invocation, &text, &proved, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    const char *output = invocation->values[OPTION_OUTPUT];
    bool is_member = output_is_json(invocation) && file_is_standard(output);
    if (!is_member && file_write(output, buffer_view(&text), 0644,
                                 has_option(invocation, OPTION_FORCE), &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (output_is_json(invocation)) {
        return answer_json(invocation, &proved, buffer_view(&text));
    }
    if (file_is_standard(output)) {
        return EXIT_GOOD;
    }
    if (proved.is_contract) {
        output_message(invocation, _("the case of %s is in %s"), invocation->operands[0], output);
    } else {
        output_message(invocation, _("the proof of entry %" PRIu64 " is in %s"), proved.index,
                       output);
    }
    return EXIT_GOOD;
}
