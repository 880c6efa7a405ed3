/*
 * Secret: passphrases and key files, from where people keep them.
 *
 * A passphrase comes from --passphrase-file, --passphrase-fd or the terminal, never from an
 * argument or the environment. It is held in guarded memory and wiped after its last use.
 */
#pragma once

#include "cli/command.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"
#include "ledger/log/note.h"

struct passphrase {
    char *memory; /* guarded */
    size_t size;
};

/* Wipes and frees. For OWNED(passphrase_release). */
void passphrase_release(struct passphrase *passphrase);
struct view passphrase_view(const struct passphrase *passphrase);

/*
 * Gets the passphrase for `file`; a new one is asked for twice.
 *
 * Errors  STATUS_NOT_FOUND when there is neither an option nor a terminal; STATUS_INVALID when it
 * is empty or the two differ.
 */
enum status passphrase_get(const struct invocation *invocation, const char *file, bool is_new,
                           struct passphrase *ret_passphrase, struct failure *failure);

/*
 * Opens a key: reads a key file, decrypts, and compares the secret with the vkey beside it; or has
 * it opened by its holder, when `file` names one or stands for one (cli/signer.h).
 *
 * Owner   `*ret_secret` is the caller's; `invocation` outlives it.
 * Errors  those of file_read, keyfile_read and signer_open; STATUS_UNTRUSTED when the halves do not
 * match.
 */
enum status secret_open(const struct invocation *invocation, const char *file,
                        struct secret_key **ret_secret, struct note_key *ret_key,
                        struct failure *failure);

/* Opens the log's key: --log-key, else $UTFALL_LOG_KEY. Errors: STATUS_NOT_FOUND when neither. */
enum status secret_open_log(const struct invocation *invocation, struct secret_key **ret_secret,
                            struct note_key *ret_key, struct failure *failure);
