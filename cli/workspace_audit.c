/*
 * Auditing a whole ledger: the tree first, then every entry by replay.
 *
 * Entries are visited in three scans, so that memory holds all parties but one contract at a time:
 *
 *   the charter                       one entry, at index 0
 *   party/...     by index            keys of registrars and parties meet in ledger order
 *   contract/...  by contract         signatures are verified on all cores, rules in order
 *
 * An entry that is in none of the three, or filed in the wrong place, shows: labels are compared
 * with the statement, and the counts must add up to the size of the tree.
 */

#include "cli/workspace.h"
#include "cli/workspace_internal.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct auditor {
    struct state *state;
    bool verifies_in_prepare; /* keys do not change any more */
    struct workspace_audit *audit;
    workspace_contract_visit *visit;
    audit_progress *progress;
    void *context;
    struct buffer contract; /* the name of the contract that is being replayed */
    uint64_t visited;       /* entries of earlier scans */
    uint64_t total;
};

static enum status prepare_statement(const struct auditor *auditor, const struct store_entry *entry,
                                     struct statement **ret_statement, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    TRY(workspace_check_labels(entry, statement, failure));
    TRY(statement_check(statement, failure));
    if (auditor->verifies_in_prepare) {
        TRY(state_verify_signatures(auditor->state, statement, failure));
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

static enum status prepare(void *context, const struct store_entry *entry, void **ret_prepared,
                           struct failure *failure)
{
    struct statement *statement;
    enum status status = prepare_statement(context, entry, &statement, failure);
    if (status != STATUS_OK) {
        return workspace_fail_entry(failure, entry->index, status);
    }
    *ret_prepared = statement;
    return STATUS_OK;
}

static void discard(void *context, void *prepared)
{
    (void)context;
    statement_free(prepared);
}

/* The contract that was replayed is complete: tell it, and make room for the next. */
static void finish_contract(struct auditor *auditor)
{
    if (auditor->contract.size == 0) {
        return;
    }
    struct view name = buffer_view(&auditor->contract);
    const struct state_contract *contract = state_find_contract(auditor->state, name);
    if (contract != NULL && auditor->visit != NULL) {
        auditor->visit(auditor->context, contract);
    }
    state_forget_contract(auditor->state, name);
    buffer_clear(&auditor->contract);
}

/* "contract/<name>": when the name changes, the contract before it is complete. */
static enum status follow_contract(struct auditor *auditor, struct view subject,
                                   struct failure *failure)
{
    struct view prefix = VIEW("contract/");
    if (!view_starts_with(subject, prefix)) {
        return STATUS_OK;
    }
    struct view name = {subject.data + prefix.size, subject.size - prefix.size};
    if (view_equal(name, buffer_view(&auditor->contract))) {
        return STATUS_OK;
    }
    finish_contract(auditor);
    auditor->audit->contracts++;
    return buffer_append(&auditor->contract, name) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

static enum status apply_statement(struct auditor *auditor, const struct store_entry *entry,
                                   struct statement **statement, struct failure *failure)
{
    TRY(follow_contract(auditor, entry->subject, failure));
    if (!auditor->verifies_in_prepare) {
        TRY(state_verify_signatures(auditor->state, *statement, failure));
    }
    enum kind kind = (*statement)->kind;
    size_t signature_count = (*statement)->note.count;
    struct state_change *change;
    TRY(state_check(auditor->state, *statement, entry->index, &change, failure));
    state_apply(auditor->state, statement, &change);

    auditor->audit->signatures += signature_count;
    auditor->audit->statements[kind]++;
    auditor->audit->settlements += kind == KIND_SETTLEMENT;
    return STATUS_OK;
}

static enum status apply(void *context, const struct store_entry *entry, void *prepared,
                         struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = prepared;
    enum status status = apply_statement(context, entry, &statement, failure);
    return status == STATUS_OK ? STATUS_OK : workspace_fail_entry(failure, entry->index, status);
}

static void report_progress(void *context, uint64_t done, uint64_t total)
{
    (void)total;
    const struct auditor *auditor = context;
    if (auditor->progress != NULL) {
        auditor->progress(auditor->context, auditor->visited + done, auditor->total);
    }
}

static enum status audit_scan(struct workspace *workspace, struct auditor *auditor,
                              enum store_scan_kind kind, const char *subject, unsigned thread_count,
                              struct failure *failure)
{
    struct audit_visitor visitor = {prepare, apply, discard, report_progress, auditor};
    struct store_scan scan = {.kind = kind, .subject = view_of(subject)};
    struct audit_counts counts = {0};
    TRY(audit_entries(workspace->ledger, scan, thread_count, &visitor, &counts, failure));
    auditor->visited += counts.entries;
    return STATUS_OK;
}

static bool count_party(void *context, const struct state_party *party)
{
    struct workspace_audit *audit = context;
    audit->parties++;
    audit->recovered += party->recovered_count;
    return true;
}

static enum status audit_statements(struct workspace *workspace, struct auditor *auditor,
                                    unsigned thread_count, struct failure *failure)
{
    TRY(audit_scan(workspace, auditor, STORE_SCAN_SUBJECT, "charter", 1, failure));
    TRY(audit_scan(workspace, auditor, STORE_SCAN_PREFIX_BY_INDEX, "party/", thread_count,
                   failure));
    auditor->verifies_in_prepare = true;
    TRY(audit_scan(workspace, auditor, STORE_SCAN_PREFIX_BY_SUBJECT, "contract/", thread_count,
                   failure));
    finish_contract(auditor);
    if (auditor->visited != auditor->total) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "%" PRIu64 " entries are filed where no chain finds them",
                    auditor->total - auditor->visited);
    }
    state_each_party(auditor->state, count_party, auditor->audit);
    return STATUS_OK;
}

enum status workspace_audit_all(struct workspace *workspace, unsigned thread_count,
                                workspace_contract_visit *visit, audit_progress *progress,
                                void *context, struct workspace_audit *ret_audit,
                                struct failure *failure)
{
    struct workspace_audit audit = {0};
    ledger_end(workspace->ledger); /* an audit chooses its own moment, and can take long */
    TRY(audit_tree(workspace->ledger, thread_count, &audit.counts, failure));

    OWNED(state_freep) struct state *state = NULL;
    if (state_new(ledger_log_key(workspace->ledger), &state) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct auditor auditor = {
        .state = state,
        .audit = &audit,
        .visit = visit,
        .progress = progress,
        .context = context,
        .total = ledger_size(workspace->ledger),
    };
    buffer_init(&auditor.contract, SUBJECT_SIZE_MAX);
    enum status status = audit_statements(workspace, &auditor, thread_count, failure);
    buffer_release(&auditor.contract);
    TRY(status);
    audit.counts.entries = auditor.visited;
    *ret_audit = audit;
    return STATUS_OK;
}
