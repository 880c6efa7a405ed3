#include "cli/monitor.h"

#include "cli/file.h"
#include "cli/site.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/store/sqlite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VKEY_SIZE_MAX 1024
#define KEPT_SIZE_MAX (VKEY_SIZE_MAX + COSIGNED_SIZE_MAX)
#define EVIDENCE_DIGITS 8 /* bytes of the hash */

/* A checkpoint and who signed it, as kept in a file. */
struct kept {
    struct buffer text;           /* vkey, newline, note */
    struct note_key key;          /* of the log */
    struct checkpoint checkpoint; /* its views point into `text` */
};

/* A look under way. */
struct looking {
    const struct monitor *monitor;
    struct site *site;           /* NULL for a ledger file */
    struct workspace *workspace; /* the file, or the mirror; NULL before it is opened */
    bool has_old;
    struct kept old;
    struct kept new;
    struct policy_result result; /* of the new one */
    struct monitor_look *look;
};

static void looking_release(struct looking *looking)
{
    site_close(looking->site);
    workspace_close(looking->workspace);
    buffer_release(&looking->old.text);
    buffer_release(&looking->new.text);
}

/* --- The folder --- */

static enum status path_in(const struct monitor *monitor, const char *name,
                           char ret_path[static FILE_PATH_SIZE], struct failure *failure)
{
    int size = snprintf(ret_path, FILE_PATH_SIZE, "%s/%s", monitor->folder, name);
    return size > 0 && size < FILE_PATH_SIZE
               ? STATUS_OK
               : fail(failure, STATUS_LIMIT, monitor->folder, "the path is too long");
}

static enum status make_folder(const char *path, struct failure *failure)
{
    return mkdir(path, 0755) == 0 || errno == EEXIST
               ? STATUS_OK
               : fail(failure, STATUS_STORAGE, path, "cannot be created: %s", strerror(errno));
}

static struct view kept_note(const struct kept *kept)
{
    struct view rest = buffer_view(&kept->text);
    struct view vkey;
    return text_cut_line(&rest, &vkey) ? rest : VIEW("");
}

static enum status kept_parse(struct kept *kept, struct failure *failure)
{
    struct view rest = buffer_view(&kept->text);
    struct view vkey;
    if (!text_cut_line(&rest, &vkey)) {
        return STATUS_INVALID;
    }
    TRY(note_key_parse(vkey, &kept->key, failure));
    return checkpoint_open(rest, &kept->key, &kept->checkpoint, failure);
}

static enum status kept_make(struct kept *kept, const struct note_key *key, struct view note,
                             struct failure *failure)
{
    buffer_clear(&kept->text);
    if (note_key_write(key, &kept->text) != STATUS_OK ||
        buffer_append_byte(&kept->text, '\n') != STATUS_OK ||
        buffer_append(&kept->text, note) != STATUS_OK) {
        return fail_memory(failure);
    }
    return kept_parse(kept, failure);
}

static enum status read_old(struct looking *looking, struct failure *failure)
{
    char path[FILE_PATH_SIZE];
    struct failure unread = {0};
    TRY(path_in(looking->monitor, "checkpoint", path, failure));
    enum status status = file_read(path, &looking->old.text, &unread);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        *failure = unread;
        return status;
    }
    if (kept_parse(&looking->old, &unread) != STATUS_OK) {
        return fail(failure, STATUS_STORAGE, path,
                    "what was remembered of this ledger cannot be read: %s", unread.reason);
    }
    looking->has_old = true;
    return STATUS_OK;
}

static enum status write_new(const struct looking *looking, struct failure *failure)
{
    char path[FILE_PATH_SIZE];
    TRY(path_in(looking->monitor, "checkpoint", path, failure));
    return file_write(path, buffer_view(&looking->new.text), 0644, true, failure);
}

static enum status keep_evidence(const struct monitor *monitor, const struct kept *kept,
                                 struct failure *failure)
{
    char name[100];
    char path[FILE_PATH_SIZE];
    struct hash hash = hash_bytes(kept_note(kept));
    OWNED(buffer_release) struct buffer digits;
    buffer_init(&digits, 2 * EVIDENCE_DIGITS);
    TRY(hex_write(&digits, (struct view){(const char *)hash.bytes, EVIDENCE_DIGITS}));
    (void)snprintf(name, sizeof name, "evidence/%" PRIu64 "-%s.checkpoint", kept->checkpoint.size,
                   digits.data);
    TRY(path_in(monitor, name, path, failure));
    enum status status = file_write(path, buffer_view(&kept->text), 0644, false, failure);
    return status == STATUS_CONFLICT ? STATUS_OK : status; /* named by its content */
}

/* Keeps both checkpoints, and tells `what` happened. */
static enum status accuse(const struct looking *looking, const char *code, const char *what,
                          struct failure *failure)
{
    char folder[FILE_PATH_SIZE];
    TRY(path_in(looking->monitor, "evidence", folder, failure));
    TRY(make_folder(folder, failure));
    TRY(keep_evidence(looking->monitor, &looking->old, failure));
    TRY(keep_evidence(looking->monitor, &looking->new, failure));
    return fail_code(failure, STATUS_UNTRUSTED, code, looking->monitor->place,
                     "%s: the checkpoints of %" PRIu64 " and %" PRIu64
                     " entries are kept in %s/evidence",
                     failure_format(what), looking->old.checkpoint.size,
                     looking->new.checkpoint.size, looking->monitor->folder);
}

/* --- The checkpoint --- */

static enum status open_file(struct looking *looking, struct failure *failure)
{
    return workspace_open(looking->monitor->place, false, &looking->workspace, failure);
}

static enum status read_note(struct looking *looking, struct buffer *ret_note,
                             struct failure *failure)
{
    if (looking->site != NULL) {
        return site_read_checkpoint(looking->site, ret_note, failure);
    }
    TRY(open_file(looking, failure));
    struct ledger *ledger = workspace_ledger(looking->workspace);
    return ledger_cosigned_checkpoint(ledger, ledger_size(ledger), ret_note, failure);
}

static enum status read_new(struct looking *looking, struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, COSIGNED_SIZE_MAX);
    TRY(read_note(looking, &note, failure));
    TRY(policy_check(looking->monitor->policy, NULL, buffer_view(&note), &looking->result,
                     failure));
    TRY(kept_make(&looking->new, looking->result.log, buffer_view(&note), failure));
    looking->result.checkpoint = looking->new.checkpoint; /* the other was a view of `note` */
    looking->look->size = looking->new.checkpoint.size;
    looking->look->signed_count = looking->result.signed_count;
    return STATUS_OK;
}

/* --- Against what was known --- */

static enum status continues_site(struct looking *looking, bool *ret_continues,
                                  struct failure *failure)
{
    const struct checkpoint *old = &looking->old.checkpoint;
    const struct checkpoint *new = &looking->new.checkpoint;
    struct tiles *tiles = calloc(1, sizeof *tiles);
    if (tiles == NULL) {
        return fail_memory(failure);
    }
    struct hash root;
    tiles_init(tiles, site_source(looking->site), new->size);
    enum status status = tiles_root_at(tiles, old->size, new, &root, failure);
    free(tiles);
    TRY(status);
    *ret_continues = hash_equal(&root, &old->root);
    return STATUS_OK;
}

static enum status continues_file(struct looking *looking, bool *ret_continues,
                                  struct failure *failure)
{
    const struct checkpoint *old = &looking->old.checkpoint;
    const struct checkpoint *new = &looking->new.checkpoint;
    struct merkle_proof proof;
    TRY(ledger_prove_consistency(workspace_ledger(looking->workspace), old->size, &proof, failure));
    *ret_continues = merkle_verify_consistency(old->size, &old->root, new->size, &new->root,
                                               &proof) == STATUS_OK;
    return STATUS_OK;
}

static enum status compare(struct looking *looking, struct failure *failure)
{
    const struct checkpoint *old = &looking->old.checkpoint;
    const struct checkpoint *new = &looking->new.checkpoint;
    if (!note_key_equal(&looking->old.key, &looking->new.key)) {
        return fail(failure, STATUS_UNTRUSTED, looking->monitor->place,
                    "another log of the policy signed this ledger before, %s: use another --state "
                    "for another ledger",
                    looking->old.key.name);
    }
    if (new->size < old->size) {
        return accuse(looking, MONITOR_ROLLBACK,
                      "the ledger is shorter than it was: it was cut off, restored from a backup, "
                      "or an old copy is shown",
                      failure);
    }
    bool continues = hash_equal(&old->root, &new->root);
    if (new->size > old->size && old->size > 0) {
        TRY(looking->site != NULL ? continues_site(looking, &continues, failure)
                                  : continues_file(looking, &continues, failure));
    }
    return continues
               ? STATUS_OK
               : accuse(looking, MONITOR_FORK,
                        "the log has signed two histories that contradict each other", failure);
}

/* --- The entries --- */

static enum status open_mirror(const char *path, struct store **ret_store, struct failure *failure)
{
    struct failure missing = {0};
    enum status status = sqlite_store_open(path, true, ret_store, &missing);
    if (status == STATUS_NOT_FOUND) {
        return sqlite_store_create(path, ret_store, failure);
    }
    if (status != STATUS_OK) {
        *failure = missing;
    }
    return status;
}

/* Brings the mirror to the checkpoint, and opens it in the place of the site. */
static enum status open_grown_mirror(struct looking *looking, struct failure *failure)
{
    char path[FILE_PATH_SIZE];
    TRY(path_in(looking->monitor, "mirror.ledger", path, failure));
    OWNED(store_closep) struct store *store = NULL;
    TRY(open_mirror(path, &store, failure));
    TRY(site_mirror(looking->site, kept_note(&looking->new), store, NULL, NULL, failure));
    store_close(STEAL(store));
    return workspace_open(path, false, &looking->workspace, failure);
}

static enum status check_entries(struct looking *looking, struct failure *failure)
{
    if (looking->site != NULL) {
        TRY(open_grown_mirror(looking, failure));
    }
    struct workspace_audit audit;
    return workspace_audit_all(looking->workspace, looking->monitor->thread_count, NULL, &audit,
                               failure);
}

static enum status tell_entries(const struct looking *looking, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(looking->workspace);
    const struct monitor *monitor = looking->monitor;
    for (uint64_t i = looking->look->old_size; i < looking->look->size; i++) {
        TRY(ledger_read(ledger, i, monitor->statement, monitor->context, failure));
    }
    return STATUS_OK;
}

/* --- The look --- */

static enum status check_quorum(const struct looking *looking, struct failure *failure)
{
    if (looking->result.quorum == POLICY_HOLDS) {
        return STATUS_OK;
    }
    return fail_code(failure, STATUS_CONFLICT, MONITOR_INCOMPLETE, looking->monitor->place,
                     "%zu witnesses of the policy signed the checkpoint of %" PRIu64
                     " entries, and its quorum asks for more",
                     looking->result.signed_count, looking->new.checkpoint.size);
}

static enum status look(struct looking *looking, struct failure *failure)
{
    TRY(make_folder(looking->monitor->folder, failure));
    TRY(read_old(looking, failure));
    looking->look->is_first = !looking->has_old;
    looking->look->old_size = looking->has_old ? looking->old.checkpoint.size : 0;
    TRY(read_new(looking, failure));
    TRY(looking->has_old ? compare(looking, failure) : STATUS_OK);
    TRY(check_quorum(looking, failure));
    if (looking->look->size > looking->look->old_size) {
        TRY(check_entries(looking, failure));
        TRY(tell_entries(looking, failure));
    }
    return write_new(looking, failure);
}

enum status monitor_look(const struct monitor *monitor, struct monitor_look *ret_look,
                         struct failure *failure)
{
    struct monitor_look found = {0};
    OWNED(looking_release) struct looking looking = {.monitor = monitor, .look = &found};
    buffer_init(&looking.old.text, KEPT_SIZE_MAX);
    buffer_init(&looking.new.text, KEPT_SIZE_MAX);
    if (site_is_place(monitor->place)) {
        TRY(site_open(monitor->place, &looking.site, failure));
    }
    TRY(look(&looking, failure));
    *ret_look = found;
    return STATUS_OK;
}
