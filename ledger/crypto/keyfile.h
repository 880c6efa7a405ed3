/*
 * Key file: an encrypted secret key on disk, readable by openssl.
 *
 *     vkey: norrkoping.se/ekonomi+1a2b3c4d+AZ...
 *     -----BEGIN ENCRYPTED PRIVATE KEY-----
 *     ...
 *     -----END ENCRYPTED PRIVATE KEY-----
 *
 * The PEM block is PKCS#8 (RFC 5958) encrypted by PBES2 (RFC 8018) with AES-256-CBC under a key
 * that scrypt (RFC 7914, N=16384 r=8 p=5) makes of the passphrase; `openssl pkey -in FILE` reads
 * it, since PEM readers skip what stands before the block. The vkey line is public; it gives the
 * name that PKCS#8 has no field for, and must match the secret key. Files encrypted in another way
 * that OpenSSL knows are read too; unencrypted ones are refused.
 *
 * These functions convert; the caller reads and writes the file (mode 0600).
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"

/*
 * Appends the key file of `key` under `passphrase`; `vkey` is the text of its public half.
 *
 * Errors  STATUS_INVALID when the passphrase is empty; STATUS_LIMIT; STATUS_MEMORY.
 */
enum status keyfile_write(struct secret_key *key, struct view vkey, struct view passphrase,
                          struct buffer *buffer, struct failure *failure);

/*
 * Reads a key file.
 *
 * Owner   `*ret_key` is the caller's. `*ret_vkey` is a view into `file`, not yet compared with the
 *         key: the caller parses it (ledger/log/note.h) and compares.
 * Errors  STATUS_INVALID when it is not an encrypted Ed25519 key with a vkey line;
 *         STATUS_UNTRUSTED when the passphrase is wrong; STATUS_LIMIT; STATUS_MEMORY.
 */
enum status keyfile_read(struct view file, struct view passphrase, struct secret_key **ret_key,
                         struct view *ret_vkey, struct failure *failure);
