/*
 * Signer: keys that are held by an agent or a token, named where a key file could stand.
 *
 *     ssh-agent:COMMENT             the Ed25519 key with this comment, or SHA256:FINGERPRINT
 *     pkcs11:token=T;object=LABEL   a PKCS#11 URI (RFC 7512), with ?module-path=
 *
 * The comment or label is the key's name in notes, when it can be one. Otherwise `utfall key vkey`
 * gives it a name, and writes a file that stands for the key:
 *
 *     vkey: town.example/finance+1a2b3c4d+AZ...
 *     held-by: ssh-agent:SHA256:...
 *
 * Such a file holds no secret. It is given wherever a key file is.
 */
#pragma once

#include "cli/command.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"

#include <stdbool.h>

#define SIGNER_LABEL_SIZE 256

/* What is known of a held key without asking for a signature. */
struct signer {
    struct public_key key;
    char label[SIGNER_LABEL_SIZE]; /* comment or label; "" when there is none */
    struct view held_by;           /* how to name it for ever: a view into `space` or the name */
    char space[SIGNER_LABEL_SIZE];
};

/* Whether a key is named in one of these forms, rather than by a file. */
bool signer_is(struct view name);

/* Finds the public half; asks for no PIN. Errors: those of ssh_agent_find and pkcs11_find. */
enum status signer_find(struct view name, struct signer *ret_signer, struct failure *failure);

/*
 * Opens a held key for signing; asks for the PIN of a token as for a passphrase.
 *
 * Owner   `*ret_secret` is the caller's; `invocation` outlives it.
 */
enum status signer_open(const struct invocation *invocation, struct view name,
                        struct secret_key **ret_secret, struct signer *ret_signer,
                        struct failure *failure);

/* Appends the file that stands for a held key. */
enum status signer_file_write(struct view vkey, struct view held_by, struct buffer *ret_text);

/* Reads such a file. Returns false when it is another file: `ret_` are views into it. */
bool signer_file_read(struct view file, struct view *ret_vkey, struct view *ret_held_by);
