/*
 * Auditing a whole ledger: the tree, and every entry by replay.
 *
 * The tree of a large ledger is audited beside the entries, by a thread with a connection of its
 * own, at the same moment. What is wrong with the tree is told first, whoever is done first.
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
#include "ledger/store/open.h"

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For fewer entries another connection is not worth it. */
#define BESIDE_ENTRIES_MIN 1024

struct auditor {
    struct state *state;
    bool verifies_in_prepare; /* keys do not change any more */
    struct workspace_audit *audit;
    struct workspace_audit_visitor visitor;
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
    if (contract != NULL && auditor->visitor.contract != NULL) {
        auditor->visitor.contract(auditor->visitor.context, contract);
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
    if (auditor->visitor.progress != NULL) {
        auditor->visitor.progress(auditor->visitor.context, auditor->visited + done,
                                  auditor->total);
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

static bool finish_party(void *context, const struct state_party *party)
{
    struct auditor *auditor = context;
    auditor->audit->parties++;
    auditor->audit->recovered += party->recovered_count;
    if (auditor->visitor.party != NULL) {
        auditor->visitor.party(auditor->visitor.context, party);
    }
    return true;
}

static enum status audit_statements(struct workspace *workspace, struct auditor *auditor,
                                    unsigned thread_count, struct failure *failure)
{
    TRY(audit_scan(workspace, auditor, STORE_SCAN_SUBJECT, "charter", 1, failure));
    TRY(audit_scan(workspace, auditor, STORE_SCAN_PREFIX_BY_INDEX, "party/", thread_count,
                   failure));
    state_each_party(auditor->state, finish_party, auditor);
    if (auditor->visitor.parties != NULL) {
        TRY(auditor->visitor.parties(auditor->visitor.context, failure));
    }
    auditor->verifies_in_prepare = true;
    TRY(audit_scan(workspace, auditor, STORE_SCAN_PREFIX_BY_SUBJECT, "contract/", thread_count,
                   failure));
    finish_contract(auditor);
    if (auditor->visited != auditor->total) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "%" PRIu64 " entries are filed where no chain finds them",
                    auditor->total - auditor->visited);
    }
    return STATUS_OK;
}

/* The audit of the tree by a thread of its own. */
struct tree_audit {
    struct ledger *ledger; /* another connection, at the same moment as the workspace's */
    unsigned thread_count;
    struct audit_counts counts;
    enum status status;
    struct failure failure;
    pthread_t thread;
};

static void *run_tree_audit(void *context)
{
    struct tree_audit *tree = context;
    tree->status =
        audit_tree_begun(tree->ledger, tree->thread_count, &tree->counts, &tree->failure);
    return NULL;
}

/* Signals are for the calling thread. */
static bool start_thread(struct tree_audit *tree)
{
    sigset_t all;
    sigset_t old;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&tree->thread, NULL, run_tree_audit, tree);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed == 0;
}

/* Opens the ledger again, at its newest moment. */
static enum status open_again(const char *path, struct ledger **ret_ledger)
{
    struct store *store;
    TRY(store_open(path, false, &store, NULL));
    OWNED(ledger_closep) struct ledger *ledger = NULL;
    TRY(ledger_open(store, &ledger, NULL));
    TRY(ledger_begin(ledger, NULL));
    *ret_ledger = STEAL(ledger);
    return STATUS_OK;
}

/*
 * Starts the audit of the tree beside what follows, if that is worth it and possible.
 *
 * Both connections must be at one moment: an append in between leaves the audit to be done first.
 */
static bool start_tree_audit(struct workspace *workspace, struct tree_audit *tree)
{
    if (tree->thread_count == 1 || ledger_size(workspace->ledger) < BESIDE_ENTRIES_MIN ||
        open_again(workspace->path, &tree->ledger) != STATUS_OK) {
        return false;
    }
    bool is_same = ledger_size(tree->ledger) == ledger_size(workspace->ledger) &&
                   hash_equal(ledger_root(tree->ledger), ledger_root(workspace->ledger)) &&
                   note_key_equal(ledger_log_key(tree->ledger), ledger_log_key(workspace->ledger));
    if (is_same && start_thread(tree)) {
        return true;
    }
    ledger_close(STEAL(tree->ledger));
    return false;
}

/* Waits for the audit of the tree and gives its answer. */
static enum status finish_tree_audit(struct tree_audit *tree, struct audit_counts *counts,
                                     struct failure *failure)
{
    int failed = pthread_join(tree->thread, NULL);
    assert(failed == 0);
    (void)failed;
    ledger_close(STEAL(tree->ledger));
    if (tree->status == STATUS_OK) {
        counts->nodes = tree->counts.nodes;
        counts->checkpoints = tree->counts.checkpoints;
    } else if (failure != NULL) {
        *failure = tree->failure;
    }
    return tree->status;
}

static enum status audit_replay(struct workspace *workspace, struct auditor *auditor,
                                unsigned thread_count, struct failure *failure)
{
    OWNED(state_freep) struct state *state = NULL;
    if (state_new(ledger_log_key(workspace->ledger), &state) != STATUS_OK) {
        return fail_memory(failure);
    }
    auditor->state = state;
    auditor->total = ledger_size(workspace->ledger);
    buffer_init(&auditor->contract, SUBJECT_SIZE_MAX);
    enum status status = audit_statements(workspace, auditor, thread_count, failure);
    buffer_release(&auditor->contract);
    return status;
}

enum status workspace_audit_all(struct workspace *workspace, unsigned thread_count,
                                const struct workspace_audit_visitor *visitor,
                                struct workspace_audit *ret_audit, struct failure *failure)
{
    struct workspace_audit audit = {0};
    struct auditor auditor = {.audit = &audit};
    if (visitor != NULL) {
        auditor.visitor = *visitor;
    }
    struct tree_audit tree = {.thread_count = thread_count};
    ledger_end(workspace->ledger); /* an audit chooses its own moment, and can take long */
    TRY(ledger_begin(workspace->ledger, failure));
    ledger_end(workspace->ledger);

    bool is_beside = start_tree_audit(workspace, &tree);
    if (!is_beside) {
        TRY(audit_tree(workspace->ledger, thread_count, &audit.counts, failure));
    }
    struct failure replay_failure = {0};
    enum status replayed = audit_replay(workspace, &auditor, thread_count, &replay_failure);
    if (is_beside) {
        TRY(finish_tree_audit(&tree, &audit.counts, failure));
    }
    if (replayed != STATUS_OK) {
        if (failure != NULL) {
            *failure = replay_failure;
        }
        return replayed;
    }
    audit.counts.entries = auditor.visited;
    *ret_audit = audit;
    return STATUS_OK;
}
