/* utfall copy: moves a ledger into another file or database, and checks both. */

#include "ledger/copy.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/remember.h"
#include "cli/site.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/store/open.h"
#include "ledger/store/postgres.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 256

struct moving {
    const struct invocation *invocation;
    const char *from;
    const char *to;
    struct progress progress;
    struct copy_counts counts;
    struct hash root;
    struct note_key log;
};

/* A database is shown by the name of the ledger in it: a URI may hold a password. */
static const char *shown(const char *name)
{
    const char *mark = postgres_is_url(name) ? strchr(name, '#') : name;
    return mark == NULL ? "#ledger" : mark;
}

static void show_progress(void *context, uint64_t done, uint64_t total)
{
    struct moving *moving = context;
    progress_update(&moving->progress, done, total);
}

static void begin_progress(struct moving *moving, const char *what)
{
    bool shows = !output_is_json(moving->invocation) && !output_is_quiet(moving->invocation);
    progress_begin(&moving->progress, what, shows);
}

/* Says which of the two ledgers a failure is about. */
static enum status about(const char *name, enum status status, struct failure *failure)
{
    const char *path = shown(name);
    if (status != STATUS_OK && strcmp(failure->at, path) != 0) {
        char place[FAILURE_AT_SIZE];
        (void)snprintf(place, sizeof place, "%s%s", path, failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, place);
    }
    return status;
}

static enum status audit(struct moving *moving, struct workspace *workspace, const char *what,
                         struct failure *failure)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = processors < 1             ? 1
                       : processors > THREADS_MAX ? THREADS_MAX
                                                  : (unsigned)processors;
    struct workspace_audit_visitor visitor = {.progress = show_progress, .context = moving};
    struct workspace_audit found;
    begin_progress(moving, what);
    enum status status = workspace_audit_all(workspace, threads, &visitor, &found, failure);
    progress_end(&moving->progress);
    return status;
}

/* --- The source --- */

static enum status check_source(struct moving *moving, struct workspace *workspace,
                                struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    struct remembered remembered;
    TRY(audit(moving, workspace, _("verifying"), failure));
    TRY(remember_check(ledger, &remembered, failure));
    moving->root = *ledger_root(ledger);
    moving->log = *ledger_log_key(ledger);
    return STATUS_OK;
}

/* --- The target --- */

/* Whether nothing was ever stored: an interrupted copy or creation leaves that. */
static enum status check_empty(const struct moving *moving, struct store *store,
                               struct failure *failure)
{
    uint64_t size;
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    struct failure missing = {0};
    enum status status = store_read_latest(store, &size, &note, &missing);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        *failure = missing;
        return status;
    }
    return fail(failure, STATUS_CONFLICT, shown(moving->to),
                "it holds a ledger already, of %" PRIu64 " entries: name a new one", size);
}

static enum status open_target(const struct moving *moving, struct store **ret_store,
                               struct failure *failure)
{
    if (site_is_place(moving->to)) {
        return fail(failure, STATUS_INVALID, moving->to,
                    "a copy goes into a file or a database; utfall publish fills a folder");
    }
    struct failure there = {0};
    enum status status = store_create(moving->to, ret_store, &there);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    if (status != STATUS_CONFLICT) {
        *failure = there;
        return status;
    }
    OWNED(store_closep) struct store *store = NULL;
    TRY(store_open(moving->to, true, &store, failure));
    TRY(check_empty(moving, store, failure));
    *ret_store = STEAL(store);
    return STATUS_OK;
}

/* The copy, read anew, is sound and has the same size, root and key. */
static enum status check_target(struct moving *moving, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(moving->to, false, &workspace, failure));
    TRY(audit(moving, workspace, _("verifying the copy"), failure));
    const struct ledger *ledger = workspace_ledger(workspace);
    return ledger_size(ledger) == moving->counts.entries &&
                   hash_equal(ledger_root(ledger), &moving->root)
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, shown(moving->to),
                      "the copy is not what was copied: somebody else writes to it");
}

/* --- The whole --- */

static enum status copy_into(struct moving *moving, struct workspace *workspace,
                             struct failure *failure)
{
    OWNED(store_closep) struct store *to = NULL;
    TRY(about(moving->to, open_target(moving, &to, failure), failure));
    TRY(about(moving->from, check_source(moving, workspace, failure), failure));
    begin_progress(moving, _("copying"));
    enum status status = ledger_copy(workspace_ledger(workspace), to, show_progress, moving,
                                     &moving->counts, failure);
    progress_end(&moving->progress);
    return status;
}

static enum status copy(struct moving *moving, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    enum status opened = workspace_open(moving->from, false, &workspace, failure);
    TRY(about(moving->from, opened, failure));
    TRY(copy_into(moving, workspace, failure));
    return about(moving->to, check_target(moving, failure), failure);
}

/* What the keeper of both must know is said in either form of the answer. */
static const char *warning(void)
{
    return _("From now on append to one of the two only: a ledger that grows in two places is two "
             "histories under one key, and witnesses refuse one of them.");
}

static int answer_json(const struct moving *moving, struct view vkey)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL ||
        json_set_string(object, "from", view_of(shown(moving->from))) != STATUS_OK ||
        json_set_string(object, "to", view_of(shown(moving->to))) != STATUS_OK ||
        json_set_string(object, "origin", view_of(moving->log.name)) != STATUS_OK ||
        json_set_string(object, "log_vkey", vkey) != STATUS_OK ||
        json_set_string(object, "root", view_of(display_hash(&moving->root).text)) != STATUS_OK ||
        output_set_count(object, "entries", moving->counts.entries) != STATUS_OK ||
        output_set_count(object, "checkpoints", moving->counts.checkpoints) != STATUS_OK ||
        output_set_count(object, "attachments", moving->counts.attachments) != STATUS_OK ||
        json_set_string(object, "warning", view_of(warning())) != STATUS_OK) {
        return output_failure(moving->invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int answer(const struct moving *moving)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    if (note_key_write(&moving->log, &vkey) != STATUS_OK) {
        return output_failure(moving->invocation, "", &(struct failure){0});
    }
    if (output_is_json(moving->invocation)) {
        return answer_json(moving, buffer_view(&vkey));
    }
    output_message(moving->invocation,
                   _("%s is copied to %s and verified: %" PRIu64 " entries, %" PRIu64
                     " checkpoints, %" PRIu64 " attachments."),
                   moving->log.name, shown(moving->to), moving->counts.entries,
                   moving->counts.checkpoints, moving->counts.attachments);
    output_message(moving->invocation, "%s", warning());
    return EXIT_GOOD;
}

int command_copy(const struct invocation *invocation)
{
    if (invocation->operand_count != 2) {
        return output_usage(invocation,
                            _("copy takes the ledger to copy, and the new one to make"));
    }
    struct failure failure = {0};
    struct moving moving = {
        .invocation = invocation,
        .from = invocation->operands[0],
        .to = invocation->operands[1],
    };
    if (copy(&moving, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(&moving);
}
