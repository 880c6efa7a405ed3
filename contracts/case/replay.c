/* Replaying a case: every entry under the root of the checkpoint, then every rule in its order. */

#include "contracts/case/case.h"

#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A refusal of something that the case holds is distrust of the case; it keeps its rule's name. */
static enum status fail_entry(struct failure *failure, uint64_t index, enum status status)
{
    char place[40];
    const char *glue = failure->at[0] == '\0' ? "" : failure->at[0] == '/' ? " " : ": ";
    (void)snprintf(place, sizeof place, "entry %" PRIu64 "%s", index, glue);
    failure_prefix(failure, place);
    if (status == STATUS_MEMORY) {
        return status;
    }
    failure->status = STATUS_UNTRUSTED;
    return STATUS_UNTRUSTED;
}

static enum status check_inclusion(const struct case_entry *entry,
                                   const struct checkpoint *checkpoint, struct failure *failure)
{
    if (entry->index >= checkpoint->size) {
        return fail(failure, STATUS_UNTRUSTED, "", "the checkpoint is of %" PRIu64 " entries",
                    checkpoint->size);
    }
    struct merkle_proof path = {.count = 0};
    case_path(entry, &path);
    struct hash leaf = hash_leaf(entry->note);
    if (merkle_verify_inclusion(entry->index, checkpoint->size, &leaf, &path, &checkpoint->root) !=
        STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "its proof does not lead to the root of the checkpoint");
    }
    return STATUS_OK;
}

/* A case is about one contract: what is said of another one has no business in it. */
static enum status check_belongs(const struct case_file *file, const struct statement *statement,
                                 struct failure *failure)
{
    if (kind_subject_class(statement->kind) == SUBJECT_CONTRACT &&
        !view_equal(statement_subject_name(statement), file->contract)) {
        return fail(failure, STATUS_UNTRUSTED, "", "it is of another contract than the case");
    }
    return STATUS_OK;
}

static enum status admit(const struct case_file *file, const struct case_entry *entry,
                         struct state *state, struct case_finding *finding, struct failure *failure)
{
    TRY(check_inclusion(entry, &finding->checkpoint, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->note, &statement, failure));
    TRY(check_belongs(file, statement, failure));
    finding->signature_count += statement->note.count;
    finding->settlement_count += statement->kind == KIND_SETTLEMENT;
    return state_admit(state, STEAL(statement), entry->index, failure);
}

enum status case_log_key(const struct case_file *file, struct note_key *ret_key,
                         struct failure *failure)
{
    OWNED(statement_freep) struct statement *charter = NULL;
    enum status status = statement_read(file->entries[0].note, &charter, failure);
    if (status == STATUS_OK) {
        status = statement_check(charter, failure);
    }
    if (status != STATUS_OK) {
        return fail_entry(failure, 0, status);
    }
    if (charter->kind != KIND_CHARTER) {
        return fail(failure, STATUS_UNTRUSTED, "entry 0", "it is no charter");
    }
    *ret_key = charter->charter.log_key;
    return STATUS_OK;
}

static enum status open_checkpoint(const struct case_file *file, const struct note_key *log,
                                   struct checkpoint *ret_checkpoint, struct failure *failure)
{
    enum status status = checkpoint_open(file->checkpoint, log, ret_checkpoint, failure);
    if (status != STATUS_OK) {
        failure_prefix(failure, failure->at[0] == '\0' ? "checkpoint" : "checkpoint: ");
    }
    return status;
}

enum status case_replay(const struct case_file *file, const struct note_key *log,
                        struct state **ret_state, struct case_finding *ret_finding,
                        struct failure *failure)
{
    struct case_finding finding = {0};
    TRY(open_checkpoint(file, log, &finding.checkpoint, failure));
    OWNED(state_freep) struct state *state = NULL;
    if (state_new(log, &state) != STATUS_OK) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < file->entry_count; i++) {
        enum status status = admit(file, &file->entries[i], state, &finding, failure);
        if (status != STATUS_OK) {
            return fail_entry(failure, file->entries[i].index, status);
        }
    }
    finding.contract = state_find_contract(state, file->contract);
    if (finding.contract == NULL) {
        return fail(failure, STATUS_UNTRUSTED, "", "the case does not hold its contract, %.*s",
                    VIEW_ARGS(file->contract));
    }
    *ret_state = STEAL(state);
    *ret_finding = finding;
    return STATUS_OK;
}
