/* utfall check: says what is wrong with drafts before anyone signs them. */

#include "cli/changes.h"
#include "cli/clock.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/draft.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/prose.h"
#include "cli/review.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#define CHANGES_INDENT 4

/* Only the form that the schema describes, of a text that is complete. */
static enum status check_shape(struct view bytes, struct failure *failure)
{
    struct json *root;
    enum status status = json_parse(bytes, &root, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    OWNED(statement_freep) struct statement *statement = NULL;
    return statement_read_tree(root, &statement, failure);
}

/*
 * Everything that a draft alone can tell, and, with a ledger, every rule but those about
 * signatures. What only signing adds is stood in for.
 */
static enum status check_draft(struct view bytes, const struct invocation *invocation,
                               struct workspace *workspace, struct statement **ret_statement,
                               struct failure *failure)
{
    OWNED(json_freep) struct json *draft = NULL;
    enum status status = json_parse(bytes, &draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    if (workspace != NULL) {
        TRY(draft_fill(draft, invocation, workspace, failure));
    } else if (json_type(draft) == JSON_OBJECT && json_member(draft, "date") == NULL) {
        struct display today = display_date(clock_today());
        TRY(json_set_string(draft, "date", view_of(today.text)));
    }
    TRY(draft_stand_in(draft, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(draft_finish(draft, &text, &statement, failure));
    if (workspace != NULL) {
        TRY(workspace_load_for(workspace, statement, failure));
        TRY(state_check_draft(workspace_state(workspace), statement,
                              ledger_size(workspace_ledger(workspace)), failure));
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

/* `*ret_statement` stays NULL where only the form was checked. */
static enum status check_file(const struct invocation *invocation, const char *file,
                              struct workspace *workspace, struct statement **ret_statement,
                              struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(file, &bytes, failure));
    if (has_option(invocation, OPTION_SHAPE)) {
        return check_shape(buffer_view(&bytes), failure);
    }
    return check_draft(buffer_view(&bytes), invocation, workspace, ret_statement, failure);
}

/* --- Answers: a line or an object for each file --- */

/* One file, and what was found about it. */
struct checked {
    const char *file;
    bool is_good;
    struct failure failure;
    struct statement *statement; /* when it is good; NULL with --shape */
    bool is_reviewed;            /* it is a contract or an amendment */
    bool wants_words;
    struct review review;
    const struct state_entry *before; /* of an amendment: the terms that it changes, or NULL */
};

static void checked_release(struct checked *checked)
{
    if (checked->is_reviewed) {
        review_release(&checked->review);
    }
    statement_free(checked->statement);
}

static enum status review_contract(struct checked *checked)
{
    if (checked->statement == NULL || statement_terms(checked->statement) == NULL) {
        return STATUS_OK;
    }
    enum status status = review_init(&checked->review, statement_terms(checked->statement));
    checked->is_reviewed = status == STATUS_OK;
    return status;
}

/* The terms in force, which an amendment is read beside. Without a ledger there are none. */
static void find_before(struct checked *checked, const struct workspace *workspace)
{
    if (workspace == NULL || checked->statement == NULL ||
        checked->statement->kind != KIND_AMENDMENT) {
        return;
    }
    const struct state_contract *contract =
        state_find_contract(workspace_state(workspace), statement_terms(checked->statement)->name);
    checked->before = contract == NULL ? NULL : contract->newest->entry;
}

static enum status print_changes(const struct checked *checked)
{
    if (checked->before == NULL) {
        return STATUS_OK;
    }
    printf(_("  What it changes in the terms of entry %" PRIu64 ":\n"), checked->before->index);
    return changes_print(checked->before->statement->root, checked->statement->root,
                         CHANGES_INDENT);
}

static enum status push_verdict(struct json *array, const struct checked *checked)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "file", view_of(checked->file)));
    TRY(json_set_boolean(object, "ok", checked->is_good));
    if (!checked->is_good) {
        TRY(json_set_string(object, "code", view_of(checked->failure.code)));
        TRY(json_set_string(object, "at", view_of(checked->failure.at)));
        TRY(json_set_string(object, "reason", view_of(checked->failure.reason)));
    }
    if (checked->is_reviewed) {
        TRY(review_to_json(&checked->review, object));
    }
    if (checked->before != NULL) {
        TRY(changes_set(checked->before->statement->root, checked->statement->root, object));
    }
    if (checked->is_reviewed && checked->wants_words) {
        TRY(prose_to_json(statement_terms(checked->statement), object));
    }
    return json_push(array, STEAL(object));
}

static enum status print_verdict(const struct invocation *invocation, const struct checked *checked)
{
    const struct failure *failure = &checked->failure;
    if (checked->is_good) {
        if (output_is_quiet(invocation)) {
            return STATUS_OK;
        }
        if (checked->is_reviewed && checked->wants_words) {
            return prose_print(statement_terms(checked->statement));
        }
        printf("%s: %s\n", checked->file, _("OK"));
        TRY(print_changes(checked));
        return checked->is_reviewed ? review_print(&checked->review) : STATUS_OK;
    }
    printf("%s: %s %s%s%s\n", checked->file, failure->code, display_place(failure->at).text,
           failure->at[0] == '\0' ? "" : ": ", failure->reason);
    enum rule rule = rule_by_name(failure->code);
    if (rule != RULE_NONE && !has_option(invocation, OPTION_SHAPE)) {
        printf("  %s\n", rule_sentence(rule, language()));
    }
    return STATUS_OK;
}

/* With --strict a contract that has warnings is told like one that is refused. */
static void apply_strict(const struct invocation *invocation, const struct checked *checked,
                         struct failure *ret_failure)
{
    if (has_option(invocation, OPTION_STRICT) && checked->is_reviewed &&
        review_count(&checked->review, REVIEW_WARNING) > 0) {
        enum status status =
            fail_code(ret_failure, STATUS_INVALID, "WARNINGS", "", "there are warnings");
        (void)status;
    }
}

/* Checks and tells one file. `*ret_failure` says why it does not pass, if it does not. */
static enum status check_one(const struct invocation *invocation, const char *file,
                             struct workspace *workspace, struct json *verdicts,
                             struct failure *ret_failure)
{
    OWNED(checked_release)
    struct checked checked = {.file = file, .wants_words = has_option(invocation, OPTION_WORDS)};
    enum status status =
        check_file(invocation, file, workspace, &checked.statement, &checked.failure);
    checked.is_good = status == STATUS_OK;
    if (!checked.is_good && checked.failure.status == STATUS_OK) {
        return status; /* nothing says why: no memory */
    }
    TRY(review_contract(&checked));
    find_before(&checked, workspace);
    TRY(output_is_json(invocation) ? push_verdict(verdicts, &checked)
                                   : print_verdict(invocation, &checked));
    *ret_failure = checked.failure;
    apply_strict(invocation, &checked, ret_failure);
    return STATUS_OK;
}

/* Checks every file; the worst exit status counts, and `ret_worst` is the first failure with it. */
static int check_files(const struct invocation *invocation, struct workspace *workspace,
                       struct json *verdicts, struct failure *ret_worst)
{
    int worst = EXIT_GOOD;
    for (int i = 0; i < invocation->operand_count; i++) {
        struct failure failure = {0};
        const char *file = invocation->operands[i];
        if (check_one(invocation, file, workspace, verdicts, &failure) != STATUS_OK) {
            return output_failure(invocation, file, &(struct failure){0});
        }
        if (failure.status != STATUS_OK && output_exit_status(&failure) > worst) {
            worst = output_exit_status(&failure);
            *ret_worst = failure;
        }
    }
    return worst;
}

static int answer_json(const struct invocation *invocation, struct json *verdicts, int status,
                       const struct failure *worst)
{
    OWNED(json_freep) struct json *owned = verdicts;
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set(object, "files", STEAL(owned)) != STATUS_OK ||
        json_set_string(object, "code", view_of(worst->code)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    int printed = output_json_verdict(STEAL(object), status == EXIT_GOOD);
    return printed == EXIT_GOOD ? status : printed;
}

int command_check(const struct invocation *invocation)
{
    if (invocation->operand_count == 0) {
        return output_usage(invocation, _("check takes the drafts to check"));
    }
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    const char *path = workspace_path(invocation);
    if (!has_option(invocation, OPTION_SHAPE) &&
        (has_option(invocation, OPTION_LEDGER) || workspace_may_exist(path)) &&
        workspace_open(path, false, &workspace, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    OWNED(json_freep) struct json *verdicts = json_new_array();
    if (verdicts == NULL) {
        return output_failure(invocation, "", &failure);
    }
    int status = check_files(invocation, workspace, verdicts, &failure);
    return output_is_json(invocation) ? answer_json(invocation, STEAL(verdicts), status, &failure)
                                      : status;
}
