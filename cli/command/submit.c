/* utfall submit: appends signed notes to the ledger, all of them or none. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "cli/witnessing.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The notes of one call, held in memory. */
struct notes {
    size_t count;
    struct buffer *buffers;
    struct view *views;
    struct submitted *submitted;
    bool needs_witnesses; /* the charter has a witness policy */
    bool is_complete;     /* its quorum holds, or there is none */
};

static void notes_release(struct notes *notes)
{
    for (size_t i = 0; notes->buffers != NULL && i < notes->count; i++) {
        buffer_release(&notes->buffers[i]);
    }
    free(notes->buffers);
    free(notes->views);
    free(notes->submitted);
}

static enum status notes_read(const struct invocation *invocation, struct notes *notes,
                              struct failure *failure)
{
    size_t count = (size_t)invocation->operand_count;
    notes->buffers = calloc(count, sizeof *notes->buffers);
    notes->views = calloc(count, sizeof *notes->views);
    notes->submitted = calloc(count, sizeof *notes->submitted);
    if (notes->buffers == NULL || notes->views == NULL || notes->submitted == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        buffer_init(&notes->buffers[i], JSON_SIZE_MAX); /* the reader says what is too large */
        notes->count++;
        TRY(file_read(invocation->operands[i], &notes->buffers[i], failure));
        notes->views[i] = buffer_view(&notes->buffers[i]);
    }
    return STATUS_OK;
}

static enum status submit(const struct invocation *invocation, struct notes *notes,
                          size_t *ret_refused, struct failure *failure)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct note_key key;
    TRY(secret_open_log(invocation, &secret, &key, failure));

    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), true, &workspace, failure));
    if (!note_key_equal(&key, ledger_log_key(workspace_ledger(workspace)))) {
        return fail(failure, STATUS_INVALID, "--log-key",
                    "%s is not the key that signs this ledger", key.name);
    }
    notes->needs_witnesses = state_charter(workspace_state(workspace))->has_witness_policy;
    return workspace_submit(workspace, notes->views, notes->count, secret, notes->submitted,
                            ret_refused, failure);
}

/* Has the witnesses of the charter cosign the new checkpoint; the ledger is free meanwhile. */
static enum status ask_witnesses(const char *path, bool *ret_is_complete, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    OWNED(policy_freep) struct policy *policy = NULL;
    OWNED(witnessing_release) struct witnessing witnessing;
    witnessing_init(&witnessing);
    TRY(workspace_open(path, false, &workspace, failure));
    TRY(witnessing_charter_policy(workspace_ledger(workspace), &policy, failure));
    workspace_close(STEAL(workspace));
    TRY(policy == NULL ? STATUS_OK : witnessing_ask(path, policy, &witnessing, failure));
    *ret_is_complete = policy == NULL || witnessing.quorum == POLICY_HOLDS;
    return STATUS_OK;
}

/* Fails closed: what was appended stays, and is not complete without its witnesses. */
static void complete(const struct invocation *invocation, struct notes *notes)
{
    struct failure failure = {0};
    notes->is_complete = !notes->needs_witnesses;
    if (notes->needs_witnesses &&
        ask_witnesses(workspace_path(invocation), &notes->is_complete, &failure) != STATUS_OK) {
        output_message(invocation, _("utfall: the witnesses could not be asked: %s"),
                       failure.reason);
    }
    if (!notes->is_complete) {
        output_message(invocation,
                       _("incomplete: appended, and too few of the witnesses that the charter "
                         "names have cosigned; ask again with utfall checkpoint --cosign"));
    }
}

static enum status entry_to_json(const struct submitted *submitted, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    struct display id = display_hash(&submitted->id);
    TRY(output_set_count(object, "index", submitted->index));
    TRY(json_set_string(object, "id", view_of(id.text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(submitted->kind))));
    TRY(json_set_string(object, "subject", view_of(submitted->subject)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status entries_to_json(const struct notes *notes, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *array = json_new_array();
    if (object == NULL || array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < notes->count; i++) {
        struct json *entry;
        TRY(entry_to_json(&notes->submitted[i], &entry));
        TRY(json_push(array, entry));
    }
    TRY(json_set(object, "entries", STEAL(array)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static int answer(const struct invocation *invocation, const struct notes *notes)
{
    if (output_is_json(invocation)) {
        struct json *object;
        if (entries_to_json(notes, &object) != STATUS_OK) {
            return output_failure(invocation, "", &(struct failure){0});
        }
        if (!notes->is_complete &&
            json_set_string(object, "code", VIEW("INCOMPLETE")) != STATUS_OK) {
            return output_failure(invocation, "", &(struct failure){0});
        }
        int printed = output_json_verdict(object, notes->is_complete);
        return printed == EXIT_GOOD && !notes->is_complete ? EXIT_INCOMPLETE : printed;
    }
    for (size_t i = 0; i < notes->count && !output_is_quiet(invocation); i++) {
        const struct submitted *submitted = &notes->submitted[i];
        printf("%" PRIu64 "\t%s\t%s\t%s\n", submitted->index, display_hash(&submitted->id).text,
               kind_word(submitted->kind), submitted->subject);
    }
    return notes->is_complete ? EXIT_GOOD : EXIT_INCOMPLETE;
}

int command_submit(const struct invocation *invocation)
{
    if (invocation->operand_count < 1 || invocation->operand_count > BATCH_ENTRIES_MAX) {
        return output_usage(invocation, _("submit takes 1 to %d signed notes"), BATCH_ENTRIES_MAX);
    }
    OWNED(notes_release) struct notes notes = {0};
    struct failure failure = {0};
    if (notes_read(invocation, &notes, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    size_t refused = SIZE_MAX;
    if (submit(invocation, &notes, &refused, &failure) != STATUS_OK) {
        return output_failure(invocation, refused == SIZE_MAX ? "" : invocation->operands[refused],
                              &failure);
    }
    complete(invocation, &notes);
    return answer(invocation, &notes);
}
