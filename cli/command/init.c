/* utfall init: creates a ledger whose first entry is the charter. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

static enum status create(const struct invocation *invocation, struct view bytes,
                          struct note_key *ret_log, struct failure *failure)
{
    OWNED(statement_freep) struct statement *charter = NULL;
    TRY(statement_read(bytes, &charter, failure));
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    TRY(secret_open_log(invocation, &secret, ret_log, failure));
    return workspace_create(workspace_path(invocation), ret_log, secret, STEAL(charter), failure);
}

static int answer(const struct invocation *invocation, const struct note_key *log)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || note_key_write(log, &vkey) != STATUS_OK ||
        json_set_string(object, "ledger", view_of(workspace_path(invocation))) != STATUS_OK ||
        json_set_string(object, "origin", view_of(log->name)) != STATUS_OK ||
        json_set_string(object, "log_vkey", buffer_view(&vkey)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    if (output_is_json(invocation)) {
        return output_json(STEAL(object));
    }
    output_message(invocation, _("The ledger %s is in %s. Its checkpoints are signed by"),
                   log->name, workspace_path(invocation));
    output_message(invocation, "  %s", vkey.data);
    output_message(invocation, "%s",
                   _("Give this key to everyone who will verify, by another way than the ledger."));
    return EXIT_GOOD;
}

int command_init(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("init takes the signed charter"));
    }
    const char *file = invocation->operands[0];
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX); /* the reader says what is too large */
    struct failure failure = {0};
    if (file_read(file, &bytes, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    struct note_key log;
    if (create(invocation, buffer_view(&bytes), &log, &failure) != STATUS_OK) {
        return output_failure(invocation, file, &failure);
    }
    return answer(invocation, &log);
}
