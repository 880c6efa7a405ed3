/* utfall prove: writes the proof that an entry is in the ledger, as a C2SP tlog-proof. */

#include "cli/command.h"
#include "cli/entry.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "ledger/log/proof.h"

#include <inttypes.h>

static enum status prove(const struct invocation *invocation, struct buffer *ret_text,
                         uint64_t *ret_index, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    struct ledger *ledger = workspace_ledger(workspace);
    TRY(entry_find(ledger, invocation->operands[0], ret_index, failure));

    struct proof proof = {.index = *ret_index, .checkpoint = ledger_checkpoint(ledger)};
    TRY(ledger_prove(ledger, *ret_index, &proof.path, failure));
    return proof_write(&proof, ret_text);
}

/* With --json the proof is a member of the answer, unless it goes into a file. */
static int answer_json(const struct invocation *invocation, uint64_t index, struct view proof)
{
    OWNED(json_freep) struct json *object = json_new_object();
    const char *output = invocation->values[OPTION_OUTPUT];
    bool is_member = file_is_standard(output);
    if (object == NULL || output_set_count(object, "index", index) != STATUS_OK ||
        json_set_string(object, is_member ? "proof" : "file",
                        is_member ? proof : view_of(output)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_prove(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("prove takes an index or id"));
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, (size_t)64 * 1024);
    struct failure failure = {0};
    uint64_t index;
    if (prove(invocation, &text, &index, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    const char *output = invocation->values[OPTION_OUTPUT];
    bool is_member = output_is_json(invocation) && file_is_standard(output);
    if (!is_member && file_write(output, buffer_view(&text), 0644,
                                 has_option(invocation, OPTION_FORCE), &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (output_is_json(invocation)) {
        return answer_json(invocation, index, buffer_view(&text));
    }
    if (!file_is_standard(output)) {
        output_message(invocation, _("the proof of entry %" PRIu64 " is in %s"), index, output);
    }
    return EXIT_GOOD;
}
