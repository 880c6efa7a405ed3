/*
 * Workspace: where the two halves meet. Bytes from the ledger become statements, and statements
 * that the state allows become entries.
 *
 * A workspace replays only what a question needs: the charter and the registrars always, then the
 * parties and the contract that are asked for. So opening a ledger and settling one contract take
 * the same time however many other contracts there are. Everything that is loaded passes the same
 * checks as an append: signatures are verified and rules applied again.
 */
#pragma once

#include "cli/command.h"
#include "contracts/state/state.h"
#include "ledger/audit.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct workspace;

/* The path of the ledger: --ledger, else $UTFALL_LEDGER, else utfall.ledger here. */
const char *workspace_path(const struct invocation *invocation);

/* Whether there may be a ledger: a file of this name, or a database, which is asked when opened. */
bool workspace_may_exist(const char *path);

/*
 * Opens the ledger and loads its charter, operator and registrars. A writable workspace has the
 * right to append until it is closed; the other sees the ledger at one moment. `path` is a ledger
 * file or, for reading, the folder or URL where one is published (cli/site.h).
 *
 * Owner   `*ret_workspace` is the caller's.
 * Errors  those of ledger_open; STATUS_UNTRUSTED when what is stored breaks a rule.
 */
enum status workspace_open(const char *path, bool writable, struct workspace **ret_workspace,
                           struct failure *failure);

/*
 * As workspace_open, writable, for whoever tries again and again: waits at most `wait_ms` for
 * another writer, instead of as long as a command does.
 */
enum status workspace_open_within(const char *path, uint32_t wait_ms,
                                  struct workspace **ret_workspace, struct failure *failure);

/*
 * Creates the ledger with its charter. Takes over `charter`, also when the call fails.
 *
 * Errors  STATUS_CONFLICT when the file exists; the refusals of a charter.
 */
enum status workspace_create(const char *path, const struct note_key *log,
                             struct secret_key *secret, struct statement *charter,
                             struct failure *failure);

void workspace_close(struct workspace *workspace);
void workspace_closep(struct workspace **workspace); /* for OWNED */

struct ledger *workspace_ledger(struct workspace *workspace);
const struct state *workspace_state(const struct workspace *workspace);

/* Loads a party's chain, if there is one. Loading twice is harmless. */
enum status workspace_load_party(struct workspace *workspace, struct view id,
                                 struct failure *failure);

/*
 * Loads a contract with the parties that it names.
 *
 * Errors  CONTRACT_UNKNOWN; STATUS_UNTRUSTED when what is stored breaks a rule.
 */
enum status workspace_load_contract(struct workspace *workspace, struct view name,
                                    const struct state_contract **ret_contract,
                                    struct failure *failure);

/*
 * Loads a contract as it was before the entry at `index`: what a settlement was computed from. The
 * contract that was loaded before is forgotten.
 */
enum status workspace_load_contract_before(struct workspace *workspace, struct view name,
                                           uint64_t index,
                                           const struct state_contract **ret_contract,
                                           struct failure *failure);

/* Loads what is needed to decide about a statement. */
enum status workspace_load_for(struct workspace *workspace, const struct statement *statement,
                               struct failure *failure);

/* The id that the next statement of a chain names in `after`; false when it has no entry yet. */
enum status workspace_head(struct workspace *workspace, struct view subject, bool *ret_exists,
                           struct hash *ret_id, struct failure *failure);

/* What was appended, for the caller's report. */
struct submitted {
    uint64_t index;
    struct hash id;
    enum kind kind;
    char subject[SUBJECT_SIZE_MAX + 1];
};

/*
 * Checks notes one after the other and appends them in one commit.
 *
 * Shapes  1 <= count <= BATCH_ENTRIES_MAX; `ret_submitted` holds count.
 * Errors  the refusals of rules.def, with `*ret_refused` = which note was refused; it is left alone
 *         when no note is at fault. STATUS_CONFLICT when the ledger moved on meanwhile. Then
 *         nothing is appended.
 */
enum status workspace_submit(struct workspace *workspace, const struct view *notes, size_t count,
                             struct secret_key *secret, struct submitted *ret_submitted,
                             size_t *ret_refused, struct failure *failure);

/* One note of many, and what became of it. */
struct submission {
    struct view note;
    struct statement *ahead; /* the note, read and checked already, or NULL; it is taken over */
    bool is_accepted;
    size_t place;               /* among the accepted */
    struct submitted submitted; /* when it was accepted */
    struct failure failure;     /* when it was refused */
};

/*
 * The same for notes of people who know nothing of each other: one that is refused changes nothing
 * for the others, which are appended in one commit.
 *
 * Shapes  1 <= count <= BATCH_ENTRIES_MAX.
 * Errors  as workspace_submit, when none can be appended: then no submission is accepted. After
 *         STATUS_STORAGE the workspace must be opened again.
 */
enum status workspace_submit_each(struct workspace *workspace, struct submission *submissions,
                                  size_t count, struct secret_key *secret, struct failure *failure);

/*
 * Lets go of the moment that a reading workspace sees, and takes the newest one; between the two
 * nothing is read. What was loaded stays loaded while the ledger has not grown.
 */
void workspace_pause(struct workspace *workspace);
enum status workspace_resume(struct workspace *workspace, struct failure *failure);

/*
 * Brings the state to the moment that was resumed; before, only the ledger is to be asked.
 *
 * Errors  STATUS_UNTRUSTED when what is stored breaks a rule.
 */
enum status workspace_refresh(struct workspace *workspace, struct failure *failure);

/* Forgets contracts and parties when more than `count` chains are loaded, so that memory has a
 * bound. */
enum status workspace_trim(struct workspace *workspace, size_t count, struct failure *failure);

/* What an audit found; see workspace_audit. */
struct workspace_audit {
    struct audit_counts counts;
    uint64_t signatures;
    uint64_t parties;
    uint64_t contracts;
    uint64_t settlements;
    uint64_t statements[KIND_COUNT];
    uint64_t recovered; /* keys that registrars alone replaced */
};

/*
 * Who is told during an audit. `party`: about each party, when all of their chains were checked and
 * before the first contract. `parties`: after the last of them; what it answers may end the audit.
 * `contract`: about each contract while it is held in memory, after its last entry was checked.
 * Each may be NULL.
 */
struct workspace_audit_visitor {
    void (*party)(void *context, const struct state_party *party);
    enum status (*parties)(void *context, struct failure *failure);
    void (*contract)(void *context, const struct state_contract *contract);
    audit_progress *progress;
    void *context;
};

/*
 * Checks everything: structure, tree, checkpoints, and every entry by replay.
 *
 * Shapes  thread_count >= 1; the workspace is not writable, and is audited once. `visitor` may be
 *         NULL.
 * Errors  STATUS_UNTRUSTED or a refusal, with `at` = the entry.
 */
enum status workspace_audit_all(struct workspace *workspace, unsigned thread_count,
                                const struct workspace_audit_visitor *visitor,
                                struct workspace_audit *ret_audit, struct failure *failure);
