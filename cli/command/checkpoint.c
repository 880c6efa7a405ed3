/* utfall checkpoint: prints the newest checkpoint, and asks witnesses to cosign it. */

#include "cli/command.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/witnessing.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "ledger/store/open.h"

#include <inttypes.h>

/* Everything that an answer tells. */
struct asked {
    const struct invocation *invocation;
    struct policy *policy;         /* whose witnesses were asked; NULL when nobody was */
    struct policy *charter_policy; /* NULL when the charter asks for none */
    struct witnessing witnessing;
    bool is_asked;
    bool is_complete; /* every quorum holds */
};

static void asked_release(struct asked *asked)
{
    policy_freep(&asked->policy);
    policy_freep(&asked->charter_policy);
    witnessing_release(&asked->witnessing);
}

/* What is asked of the newest checkpoint: by the charter, and by the options. */
static enum status judge(struct asked *asked, const char *path, struct failure *failure)
{
    OWNED(ledger_closep) struct ledger *ledger = NULL;
    struct store *store = NULL;
    TRY(store_open(path, false, &store, failure));
    TRY(ledger_open(store, &ledger, failure));
    TRY(ledger_begin(ledger, failure));
    TRY(witnessing_charter_policy(ledger, &asked->charter_policy, failure));
    TRY(witnessing_judge(ledger, asked->charter_policy, &asked->witnessing, failure));
    asked->is_complete = asked->witnessing.quorum == POLICY_HOLDS;
    return STATUS_OK;
}

/* The charter's witnesses, when --cosign names no others. */
static enum status choose_policy(struct asked *asked, struct failure *failure)
{
    TRY(witnessing_read_options(asked->invocation, &asked->policy, failure));
    asked->is_asked = asked->policy != NULL || has_option(asked->invocation, OPTION_COSIGN);
    if (asked->is_asked && asked->policy == NULL && asked->charter_policy == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "--cosign",
                    "the charter names no witnesses: name them by --policy or --witness");
    }
    return STATUS_OK;
}

static enum status ask(struct asked *asked, struct failure *failure)
{
    const char *path = workspace_path(asked->invocation);
    TRY(judge(asked, path, failure));
    TRY(choose_policy(asked, failure));
    if (!asked->is_asked) {
        return STATUS_OK;
    }
    const struct policy *policy = asked->policy != NULL ? asked->policy : asked->charter_policy;
    TRY(witnessing_ask(path, policy, &asked->witnessing, failure));
    bool holds = asked->witnessing.quorum == POLICY_HOLDS;
    policy_freep(&asked->charter_policy);
    TRY(judge(asked, path, failure));
    asked->is_complete = asked->is_complete && holds;
    return STATUS_OK;
}

static const char *outcome_text(const struct witnessing_row *row)
{
    switch (row->outcome) {
    case WITNESSING_NOT_ASKED:
        return _("not asked: it has no URL, or a key that this program cannot verify");
    case WITNESSING_BEFORE:
        return _("had cosigned before");
    case WITNESSING_SIGNED:
        return _("has cosigned");
    case WITNESSING_FAILED:
        return row->failure.reason;
    }
    return "";
}

static const struct policy *asked_policy(const struct asked *asked)
{
    return asked->policy != NULL ? asked->policy : asked->charter_policy;
}

static enum status rows_to_json(const struct asked *asked, struct json *array)
{
    const struct policy *policy = asked_policy(asked);
    for (size_t i = 0; asked->is_asked && i < policy->witness_count; i++) {
        const struct witnessing_row *row = &asked->witnessing.rows[i];
        bool has_signed = row->outcome == WITNESSING_SIGNED || row->outcome == WITNESSING_BEFORE;
        OWNED(json_freep) struct json *object = json_new_object();
        if (object == NULL) {
            return STATUS_MEMORY;
        }
        TRY(json_set_string(object, "name", view_of(policy->witnesses[i].cosigner.name)));
        TRY(json_set_boolean(object, "signed", has_signed));
        if (row->outcome == WITNESSING_FAILED) {
            TRY(json_set_string(object, "code", view_of(row->failure.code)));
            TRY(json_set_string(object, "reason", view_of(row->failure.reason)));
        }
        TRY(json_push(array, STEAL(object)));
    }
    return STATUS_OK;
}

static const char *verdict_code(const struct asked *asked)
{
    return asked->witnessing.is_behind ? "LEDGER_BEHIND_WITNESS" : "INCOMPLETE";
}

static int answer_json(const struct asked *asked, bool is_good)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *rows = json_new_array();
    if (object == NULL || rows == NULL || rows_to_json(asked, rows) != STATUS_OK ||
        output_set_count(object, "size", asked->witnessing.size) != STATUS_OK ||
        json_set_string(object, "checkpoint", buffer_view(&asked->witnessing.checkpoint)) !=
            STATUS_OK ||
        json_set_boolean(object, "quorum", asked->is_complete) != STATUS_OK ||
        json_set(object, "witnesses", STEAL(rows)) != STATUS_OK ||
        (!is_good && json_set_string(object, "code", view_of(verdict_code(asked))) != STATUS_OK)) {
        return output_failure(asked->invocation, "", &(struct failure){0});
    }
    return output_json_verdict(STEAL(object), is_good);
}

static void tell_rows(const struct asked *asked)
{
    const struct policy *policy = asked_policy(asked);
    for (size_t i = 0; asked->is_asked && i < policy->witness_count; i++) {
        output_message(asked->invocation, "%s: %s", policy->witnesses[i].cosigner.name,
                       outcome_text(&asked->witnessing.rows[i]));
    }
    if (!asked->is_complete) {
        output_message(
            asked->invocation,
            _("incomplete: too few witnesses have cosigned the checkpoint of size %" PRIu64),
            asked->witnessing.size);
    }
}

static int answer(const struct asked *asked)
{
    bool is_good = asked->is_complete && !asked->witnessing.is_behind;
    int status = is_good ? EXIT_GOOD : asked->witnessing.is_behind ? EXIT_FALSE : EXIT_INCOMPLETE;
    const char *output = asked->invocation->values[OPTION_OUTPUT];
    struct failure failure = {0};
    bool is_member = output_is_json(asked->invocation) && file_is_standard(output);
    if (!is_member &&
        file_write(output, buffer_view(&asked->witnessing.checkpoint), 0644,
                   has_option(asked->invocation, OPTION_FORCE), &failure) != STATUS_OK) {
        return output_failure(asked->invocation, "", &failure);
    }
    if (output_is_json(asked->invocation)) {
        int printed = answer_json(asked, is_good);
        return printed == EXIT_GOOD ? status : printed;
    }
    tell_rows(asked);
    return status;
}

int command_checkpoint(const struct invocation *invocation)
{
    if (invocation->operand_count != 0) {
        return output_usage(invocation,
                            _("checkpoint takes no operand; name the ledger by --ledger"));
    }
    OWNED(asked_release) struct asked asked = {.invocation = invocation};
    witnessing_init(&asked.witnessing);
    struct failure failure = {0};
    if (ask(&asked, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(&asked);
}
