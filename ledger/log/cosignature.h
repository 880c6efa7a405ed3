/*
 * Cosignature: a witness's line under a checkpoint; C2SP tlog-cosignature.
 *
 *     — <cosigner name> base64(key id (4) || timestamp (8) || signature (64 or 2420))
 *
 * It says: at that time, this was the largest checkpoint of this log that the cosigner had seen,
 * and everything that it had seen before is consistent with it. Two histories of one log cannot
 * both have the line of an honest witness.
 *
 * Two types, told apart by the first byte of the key in the vkey:
 *
 *   0x04  Ed25519 over "cosignature/v1\ntime <decimal>\n" and the text of the checkpoint. It does
 *         not commit to the cosigner's name: a key belongs to one cosigner.
 *   0x06  ML-DSA-44 (FIPS 204, pure, empty context) over a structure that commits to the names of
 *         cosigner and log, the time, the size and the root. It can be verified where
 *         lattice_available(); elsewhere cosigner_is_usable() is false, and who reads such a line
 *         treats it as one by an unknown key and says so. We never make one.
 *
 * Pure: no clock, no I/O. Whether a cosigner is trusted is the policy's question (policy.h).
 *
 * Source  c2sp.org/tlog-cosignature (C2SP at 5ba5ee8, v1.1.0-rc.1).
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/lattice.h"
#include "ledger/log/checkpoint.h"
#include "ledger/log/note.h"

#include <stdbool.h>
#include <stdint.h>

/* "It MUST NOT exceed 2^63 - 1": POSIX seconds. */
#define COSIGNATURE_TIME_MAX INT64_MAX

/* The longest vkey: a name, an id and an ML-DSA-44 key. */
#define COSIGNER_VKEY_SIZE_MAX (NAME_SIZE_MAX + 1 + 8 + 1 + (1 + LATTICE_KEY_SIZE + 2) / 3 * 4)

enum cosigner_type {
    COSIGNER_ED25519 = 0x04,
    COSIGNER_LATTICE = 0x06, /* ML-DSA-44 */
};

/* Who cosigns: a name and a key of one of the two types. */
struct cosigner {
    char name[NAME_SIZE_MAX + 1]; /* ends in NUL */
    uint32_t id;
    enum cosigner_type type;
    struct public_key key;      /* of COSIGNER_ED25519, else zero */
    struct lattice_key lattice; /* of COSIGNER_LATTICE, else zero */
};

/* Builds an Ed25519 cosigner. Errors: STATUS_INVALID for a bad name; STATUS_LIMIT for a long one.
 */
enum status cosigner_make(struct view name, const struct public_key *key,
                          struct cosigner *ret_cosigner);

/*
 * Reads a vkey of type 0x04 or 0x06.
 *
 * Errors  STATUS_INVALID when it is malformed, of another type (0x01 is a log's key), its id is
 *         not that of its key, or an Ed25519 key fails public_key_check(); STATUS_LIMIT when its
 *         name is too long.
 */
enum status cosigner_parse(struct view vkey, struct cosigner *ret_cosigner,
                           struct failure *failure);

/* Appends the vkey. */
enum status cosigner_write(const struct cosigner *cosigner, struct buffer *buffer);

/* Whether both have the same public key, whatever they are called. */
bool cosigner_same_key(const struct cosigner *a, const struct cosigner *b);

/* Whether this program can verify cosignatures by it. */
bool cosigner_is_usable(const struct cosigner *cosigner);

/*
 * Verifies the line of `cosigner` under a checkpoint.
 *
 * Shapes  `note` is parsed, and its text is a checkpoint; the cosigner is usable.
 * Errors  STATUS_NOT_FOUND when there is no line by its (name, id); STATUS_INVALID when the text
 *         is not a checkpoint; STATUS_UNTRUSTED when the line has a wrong size, a time beyond
 *         COSIGNATURE_TIME_MAX, or does not verify.
 */
enum status cosignature_verify(const struct note *note, const struct cosigner *cosigner,
                               uint64_t *ret_time);

/*
 * Cosigns: appends the signature line with its newline.
 *
 * Shapes  `text` is the text of a checkpoint; the cosigner is of type Ed25519 and `secret` is its
 *         key; 0 < time <= COSIGNATURE_TIME_MAX: a witness never leaves the time out.
 */
enum status cosignature_sign_line(struct view text, const struct cosigner *cosigner,
                                  struct secret_key *secret, uint64_t time, struct buffer *buffer);
