#include "cli/serve/api_check.h"

#include "cli/display.h"
#include "cli/draft.h"
#include "cli/serve/answers.h"
#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <string.h>

/* As `utfall check`; nothing is stood in for, since what is checked is what is to be signed. */
static enum status judge(struct workspace *workspace, struct view draft_text, struct buffer *text,
                         struct statement **ret_statement, struct failure *failure)
{
    static const struct invocation NO_OPTIONS;
    OWNED(json_freep) struct json *draft = NULL;
    enum status status = json_parse(draft_text, &draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    TRY(draft_fill(draft, &NO_OPTIONS, workspace, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(draft_finish(draft, text, &statement, failure));
    TRY(workspace_load_for(workspace, statement, failure));
    TRY(state_check_draft(workspace_state(workspace), statement,
                          ledger_size(workspace_ledger(workspace)), failure));
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

static enum status set_refusal(const struct http_request *request, const struct failure *failure,
                               struct json *object)
{
    const char *lang = http_parameter(request, "lang");
    enum rule rule = rule_by_name(failure->code);
    TRY(json_set_string(object, "refused_as", view_of(failure->code)));
    TRY(json_set_string(object, "at", view_of(failure->at)));
    TRY(json_set_string(object, "reason", view_of(failure->reason)));
    return rule == RULE_NONE
               ? STATUS_OK
               : json_set_string(object, "sentence",
                                 view_of(rule_sentence(rule, lang == NULL ? "en" : lang)));
}

static enum status set_text(const struct statement *statement, const struct buffer *text,
                            struct json *object)
{
    struct display id = display_hash(&statement->id);
    TRY(json_set_string(object, "id", view_of(id.text)));
    return json_set_string(object, "text", buffer_view(text));
}

/* A draft that a rule refuses is answered; a store that fails is a failure. */
static bool is_refusal(const struct failure *failure)
{
    return rule_by_name(failure->code) != RULE_NONE || failure->status == STATUS_INVALID ||
           failure->status == STATUS_LIMIT || failure->status == STATUS_NOT_FOUND ||
           failure->status == STATUS_CONFLICT;
}

enum status api_check(struct workspace *workspace, const struct http_request *request,
                      struct http_answer *answer, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(json_freep) struct json *object = json_new_object();
    struct failure refusal = {0};
    enum status status = judge(workspace, request->body, &text, &statement, &refusal);
    if (status != STATUS_OK && !is_refusal(&refusal)) {
        *failure = refusal;
        return status;
    }
    if (object == NULL || json_set_boolean(object, "good", status == STATUS_OK) != STATUS_OK ||
        (status == STATUS_OK ? set_text(statement, &text, object)
                             : set_refusal(request, &refusal, object)) != STATUS_OK) {
        return fail_memory(failure);
    }
    answer_object(answer, 200, STEAL(object));
    return STATUS_OK;
}
