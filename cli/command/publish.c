/* utfall publish: writes the ledger as static files, tiles that anyone can audit. */

#include "ledger/publish.h"
#include "cli/command.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/shelf.h"
#include "cli/workspace.h"
#include "ledger/attached.h"
#include "ledger/base/ownership.h"
#include "ledger/log/policy.h"

#include <inttypes.h>
#include <stdio.h>

/* One publishing. */
struct publishing {
    struct ledger *ledger;
    struct shelf *shelf;
    uint64_t size;     /* that is published */
    uint64_t old_size; /* that was; 0 for none */
    uint64_t new_files;
    uint64_t same_files;
    bool lacks_quorum; /* and so nothing was published */
};

static enum status add(void *context, const char *path, struct view bytes, struct failure *failure)
{
    struct publishing *publishing = context;
    bool is_new = false;
    TRY(shelf_add(publishing->shelf, path, bytes, &is_new, failure));
    publishing->new_files += is_new;
    publishing->same_files += !is_new;
    return STATUS_OK;
}

/* A published checkpoint is one that this ledger signed, of the same history, not later. */
static enum status check_continues(struct publishing *publishing,
                                   const struct checkpoint *published, struct failure *failure)
{
    struct ledger *ledger = publishing->ledger;
    if (published->size > publishing->size) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "%" PRIu64 " entries were published, and the ledger has %" PRIu64
                    ": it was cut off or restored from a backup",
                    published->size, publishing->size);
    }
    struct merkle_proof proof = {0};
    if (published->size > 0) {
        TRY(ledger_prove_consistency(ledger, published->size, &proof, failure));
    }
    if (merkle_verify_consistency(published->size, &published->root, publishing->size,
                                  ledger_root(ledger), &proof) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "checkpoint",
                    "what was published is another history than that of the ledger: a copy that "
                    "went its own way must not be published under the same name");
    }
    return STATUS_OK;
}

/* Reads what was published last, into `note`; leaves it empty when there is nothing. */
static enum status check_published(struct publishing *publishing, struct buffer *note,
                                   struct failure *failure)
{
    struct failure unread = {0};
    enum status status = shelf_read_checkpoint(publishing->shelf, note, &unread);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        *failure = unread;
        return status;
    }
    struct checkpoint published;
    enum status opened =
        checkpoint_open(buffer_view(note), ledger_log_key(publishing->ledger), &published, failure);
    if (opened != STATUS_OK) {
        failure_prefix(failure, "checkpoint ");
        return opened;
    }
    TRY(check_continues(publishing, &published, failure));
    publishing->old_size = published.size;
    return STATUS_OK;
}

/* Readers who hold to the charter would refuse a checkpoint that lacks its witnesses. */
static enum status check_quorum(struct publishing *publishing, const struct charter *charter,
                                struct view note, struct failure *failure)
{
    if (!charter->has_witness_policy) {
        return STATUS_OK;
    }
    OWNED(policy_freep) struct policy *policy = NULL;
    struct policy_result result = {0};
    TRY(policy_parse(charter->witness_policy, &policy, failure));
    TRY(policy_check(policy, ledger_log_key(publishing->ledger), note, &result, failure));
    if (result.quorum == POLICY_INCOMPLETE) {
        publishing->lacks_quorum = true;
        return fail_code(failure, STATUS_CONFLICT, "INCOMPLETE", "checkpoint",
                         "%zu witnesses of the charter's policy signed the checkpoint of size "
                         "%" PRIu64 ", which is too few: ask them by utfall checkpoint --witness, "
                         "and publish then",
                         result.signed_count, publishing->size);
    }
    return STATUS_OK;
}

/* The checkpoint is the last step: before it, readers see what was published before. */
static enum status publish_all(struct publishing *publishing, const struct charter *charter,
                               struct failure *failure)
{
    OWNED(buffer_release) struct buffer published;
    OWNED(buffer_release) struct buffer note;
    buffer_init(&published, COSIGNED_SIZE_MAX);
    buffer_init(&note, COSIGNED_SIZE_MAX);
    TRY(check_published(publishing, &published, failure));
    TRY(ledger_cosigned_checkpoint(publishing->ledger, publishing->size, &note, failure));
    TRY(check_quorum(publishing, charter, buffer_view(&note), failure));
    struct publish_sink sink = {.put = add, .context = publishing};
    TRY(publish_tiles(publishing->ledger, publishing->old_size, &sink, failure));
    TRY(attached_publish(publishing->ledger, &sink, failure));
    if (view_equal(buffer_view(&published), buffer_view(&note))) {
        return STATUS_OK;
    }
    return shelf_put_checkpoint(publishing->shelf, buffer_view(&note), failure);
}

static enum status publish(const struct invocation *invocation, struct publishing *publishing,
                           struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    OWNED(shelf_closep) struct shelf *shelf = NULL;
    const struct shelf_options options = {
        .endpoint = invocation->values[OPTION_ENDPOINT],
        .region = invocation->values[OPTION_REGION],
    };
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    TRY(shelf_open(invocation->operands[0], &options, &shelf, failure));
    publishing->ledger = workspace_ledger(workspace);
    publishing->shelf = shelf;
    publishing->size = ledger_size(publishing->ledger);
    return publish_all(publishing, state_charter(workspace_state(workspace)), failure);
}

static int answer(const struct invocation *invocation, const struct publishing *publishing)
{
    if (!output_is_json(invocation)) {
        if (!output_is_quiet(invocation)) {
            printf(_("published in %s: %" PRIu64 " entries, %" PRIu64 " new files\n"),
                   invocation->operands[0], publishing->size, publishing->new_files);
        }
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || output_set_count(object, "size", publishing->size) != STATUS_OK ||
        output_set_count(object, "size_before", publishing->old_size) != STATUS_OK ||
        output_set_count(object, "files_new", publishing->new_files) != STATUS_OK ||
        output_set_count(object, "files_same", publishing->same_files) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_publish(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation,
                            _("publish takes the folder, s3://BUCKET or URL to publish to"));
    }
    struct failure failure = {0};
    struct publishing publishing = {0};
    if (publish(invocation, &publishing, &failure) != STATUS_OK) {
        int status = output_failure(invocation, "", &failure);
        return publishing.lacks_quorum ? EXIT_INCOMPLETE : status;
    }
    return answer(invocation, &publishing);
}
