#include "cli/remember.h"

#include "cli/file.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The folder, made if need be; false when the environment names none. */
static bool state_folder(char *path, size_t size)
{
    const char *state = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (state != NULL && state[0] == '/') {
        length = snprintf(path, size, "%s/utfall", state);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(path, size, "%s/.local/state/utfall", home);
    }
    if (length < 0 || (size_t)length >= size) {
        return false;
    }
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static void state_path(const struct ledger *ledger, const char *suffix, char *path, size_t size)
{
    char folder[384];
    path[0] = '\0';
    if (!state_folder(folder, sizeof folder)) {
        return;
    }
    struct hash hash = hash_bytes(view_of(ledger_log_key(ledger)->name));
    OWNED(buffer_release) struct buffer name;
    buffer_init(&name, 100);
    if (hex_write(&name, (struct view){.data = (const char *)hash.bytes, .size = 16}) ==
        STATUS_OK) {
        (void)snprintf(path, size, "%s/%s.%s", folder, name.data, suffix);
    }
}

static enum status check_history(struct ledger *ledger, const struct checkpoint *seen,
                                 const char *path, struct failure *failure)
{
    if (seen->size > ledger_size(ledger)) {
        return fail(failure, STATUS_UNTRUSTED, path,
                    "the ledger had %" PRIu64 " entries when it was last verified here, and has "
                    "%" PRIu64 " now: it was cut off or restored from a backup",
                    seen->size, ledger_size(ledger));
    }
    struct merkle_proof proof = {0};
    if (seen->size > 0) {
        TRY(ledger_prove_consistency(ledger, seen->size, &proof, failure));
    }
    if (merkle_verify_consistency(seen->size, &seen->root, ledger_size(ledger), ledger_root(ledger),
                                  &proof) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, path,
                    "the first %" PRIu64 " entries are not those that were verified here before: "
                    "this is another history under the same name",
                    seen->size);
    }
    return STATUS_OK;
}

static enum status check_remembered(struct ledger *ledger, struct view bytes,
                                    struct remembered *remembered, struct failure *failure)
{
    struct view rest = bytes;
    struct view vkey;
    struct note_key key;
    struct checkpoint seen;
    if (!text_cut_line(&rest, &vkey) || note_key_parse(vkey, &key, failure) != STATUS_OK ||
        checkpoint_open(rest, &key, &seen, failure) != STATUS_OK) {
        return fail(failure, STATUS_STORAGE, remembered->path,
                    "what was remembered of this ledger cannot be read: remove the file to start "
                    "anew");
    }
    if (!note_key_equal(&key, ledger_log_key(ledger))) {
        return fail(failure, STATUS_UNTRUSTED, remembered->path,
                    "another key signed the ledger %s when it was last verified here; if this is "
                    "meant to be another ledger, remove the file",
                    key.name);
    }
    remembered->is_known = true;
    remembered->size = seen.size;
    return check_history(ledger, &seen, remembered->path, failure);
}

enum status remember_check(struct ledger *ledger, struct remembered *ret_remembered,
                           struct failure *failure)
{
    *ret_remembered = (struct remembered){0};
    state_path(ledger, "checkpoint", ret_remembered->path, sizeof ret_remembered->path);
    if (ret_remembered->path[0] == '\0') {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, CHECKPOINT_SIZE_MAX + 1024);
    struct failure unread;
    enum status status = file_read(ret_remembered->path, &bytes, &unread);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        *failure = unread;
        return status;
    }
    return check_remembered(ledger, buffer_view(&bytes), ret_remembered, failure);
}

enum status remember_update(struct ledger *ledger, const struct remembered *remembered,
                            struct failure *failure)
{
    if (remembered->path[0] == '\0') {
        return fail(failure, STATUS_STORAGE, "", "neither XDG_STATE_HOME nor HOME is set");
    }
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, CHECKPOINT_SIZE_MAX + 1024);
    TRY(note_key_write(ledger_log_key(ledger), &text));
    TRY(buffer_append_byte(&text, '\n'));
    TRY(buffer_append(&text, ledger_checkpoint(ledger)));
    return file_write(remembered->path, buffer_view(&text), 0600, true, failure);
}

enum status remember_told(const struct ledger *ledger, uint64_t size, struct view witness,
                          struct failure *failure)
{
    char path[512];
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 1024);
    state_path(ledger, "told", path, sizeof path);
    if (path[0] == '\0') {
        return fail(failure, STATUS_STORAGE, "", "neither XDG_STATE_HOME nor HOME is set");
    }
    TRY(buffer_append_format(&text, "%" PRIu64 "\n%.*s\n", size, VIEW_ARGS(witness)));
    return file_write(path, buffer_view(&text), 0600, true, failure);
}

enum status remember_check_told(const struct ledger *ledger, struct failure *failure)
{
    char path[512];
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 1024);
    state_path(ledger, "told", path, sizeof path);
    enum status read = path[0] == '\0' ? STATUS_NOT_FOUND : file_read(path, &text, failure);
    if (read == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    TRY(read);
    struct view rest = buffer_view(&text);
    struct view digits;
    struct view witness;
    uint64_t size = 0;
    if (!text_cut_line(&rest, &digits) || !text_cut_line(&rest, &witness) ||
        decimal_u64_read(digits, INT64_MAX, &size) != STATUS_OK) {
        return fail(failure, STATUS_STORAGE, path,
                    "what a witness told cannot be read: ask the witnesses again, then remove it");
    }
    if (size <= ledger_size(ledger)) {
        return STATUS_OK;
    }
    return fail_code(failure, STATUS_UNTRUSTED, "LEDGER_BEHIND_WITNESS", path,
                     "the witness %.*s has cosigned %" PRIu64 " entries, and the ledger holds "
                     "%" PRIu64 ": it was restored from a backup or cut off, and signing more "
                     "would be a fork; if the witness is wrong, remove the file",
                     VIEW_ARGS(witness), size, ledger_size(ledger));
}
