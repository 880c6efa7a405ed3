/* utfall log: lists the entries of the ledger or of a contract. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/entry.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/words.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

#define KIND_WIDTH 14

/* One line of the list, for a person or a program. */
struct listing {
    const struct invocation *invocation;
    struct json *entries; /* with --json */
};

static enum status visit(void *context, const struct store_entry *entry, struct failure *failure)
{
    const struct listing *listing = context;
    if (listing->entries != NULL) {
        return entry_push_json(listing->entries, entry, failure);
    }
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    printf("%6" PRIu64 "  %s  %s  ", entry->index, display_date(statement->date).text,
           display_hash_short(&statement->id).text);
    display_padded(view_of(word_of_kind(statement->kind)), KIND_WIDTH);
    printf("%.*s\n", VIEW_ARGS(entry->subject));
    return STATUS_OK;
}

static enum status list(const struct invocation *invocation, struct listing *listing,
                        struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    struct store_scan scan = {.kind = STORE_SCAN_ALL, .subject = VIEW("")};
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    if (invocation->operand_count == 1) {
        const struct state_contract *contract;
        struct view name = view_of(invocation->operands[0]);
        TRY(workspace_load_contract(workspace, name, &contract, failure));
        TRY(buffer_append_format(&subject, "contract/%.*s", VIEW_ARGS(name)));
        scan = (struct store_scan){STORE_SCAN_SUBJECT, buffer_view(&subject)};
    }
    return ledger_scan(workspace_ledger(workspace), scan, visit, listing, failure);
}

int command_log(const struct invocation *invocation)
{
    if (invocation->operand_count > 1) {
        return output_usage(invocation, _("log takes at most one contract"));
    }
    OWNED(json_freep) struct json *entries = NULL;
    struct failure failure = {0};
    if (output_is_json(invocation)) {
        entries = json_new_array();
        if (entries == NULL) {
            return output_failure(invocation, "", &failure);
        }
    }
    struct listing listing = {invocation, entries};
    if (list(invocation, &listing, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (!output_is_json(invocation)) {
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set(object, "entries", STEAL(entries)) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return output_json(STEAL(object));
}
