/*
 * Note: a text signed by one or more named keys; the C2SP signed-note format.
 *
 *     <text, one or more lines, each ending in \n>
 *     <empty line>
 *     — <key name> <base64 of 4-byte key id || signature>\n      one or more
 *
 * Everything that utfall signs is a note: statements and checkpoints alike. The signature covers
 * the text with its last newline, not the empty line.
 *
 * A verifier key ("vkey") is `<name>+<8 hex digits of key id>+<base64 of type || public key>`;
 * its key id is the first four bytes of SHA-256(name || 0x0A || type || public key). The id is a
 * hint of 32 bits that anyone can collide: a signature is believed only when it verifies with the
 * configured key.
 *
 * Reading is stricter than the specification asks, so that a note has one form: every signature
 * line by a known (name, id) must verify, repeated (name, id) lines are refused, base64 is
 * canonical. Sorted lines are an extra rule, for statements only: note_check_sorted().
 *
 * Source  c2sp.org/signed-note v1.0.0.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/limits.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"

#include <stdint.h>

/* Bytes of a signature; ML-DSA-44 cosignatures take 2428. Bounds what a reader decodes at once. */
#define NOTE_SIGNATURE_SIZE_MAX 4096

enum note_key_type {
    NOTE_KEY_ED25519 = 0x01,
    NOTE_KEY_COSIGNATURE = 0x04, /* tlog-cosignature: a timestamp and an Ed25519 signature */
};

/* A verifier key. */
struct note_key {
    char name[NAME_SIZE_MAX + 1]; /* ends in NUL */
    uint32_t id;
    enum note_key_type type;
    struct public_key key;
};

/* One signature line; the views point into the note. */
struct note_signature {
    struct view name;
    uint32_t key_id;
    struct view encoded; /* base64 of key id || signature; known to be canonical */
    size_t size;         /* bytes without the key id; 1 to NOTE_SIGNATURE_SIZE_MAX */
};

/* A parsed note; a view into its bytes, owning nothing. */
struct note {
    struct view text; /* with its last newline */
    size_t count;
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
};

/* Whether a key name is well formed: non-empty UTF-8, no space, no control character, no '+'. */
bool note_name_valid(struct view name);

/* The key id of a name and a key. Shapes: the name has at most NAME_SIZE_MAX bytes. */
uint32_t note_key_id(struct view name, enum note_key_type type, const struct public_key *key);

/* Builds a verifier key. Errors: STATUS_INVALID for a bad name; STATUS_LIMIT for a long one. */
enum status note_key_make(struct view name, enum note_key_type type, const struct public_key *key,
                          struct note_key *ret_key);

/*
 * Reads a vkey.
 *
 * Errors  STATUS_INVALID when it is malformed, its id is not that of its key, its type is not
 *         supported, or its key fails public_key_check(); STATUS_LIMIT when its name is too long.
 */
enum status note_key_parse(struct view vkey, struct note_key *ret_key, struct failure *failure);

/* Appends the vkey. */
enum status note_key_write(const struct note_key *key, struct buffer *buffer);

bool note_key_equal(const struct note_key *a, const struct note_key *b);

/*
 * The parts of a vkey of any type, for those that struct note_key does not hold (cosignature.h).
 *
 * Reading checks the form and that the id is that of name and blob, not the key itself. `blob` is
 * the type byte and the key.
 *
 * Shapes  `ret_blob` holds `capacity` bytes; a name has at most NAME_SIZE_MAX bytes.
 * Errors  STATUS_INVALID; STATUS_LIMIT when name or blob are too long.
 */
struct note_vkey {
    struct view name; /* a view into the vkey that was read */
    uint32_t id;
    struct view blob;
};
enum status note_vkey_read(struct view vkey, size_t capacity, uint8_t *ret_blob,
                           struct note_vkey *ret_parts, struct failure *failure);
enum status note_vkey_write(const struct note_vkey *parts, struct buffer *buffer);

/* The key id of a name and a blob of any size. Shapes: the name is not over NAME_SIZE_MAX. */
uint32_t note_vkey_id(struct view name, struct view blob);

/*
 * Parses a note; verifies nothing.
 *
 * Errors  STATUS_INVALID with the line that is wrong; STATUS_LIMIT above NOTE_SIGNATURES_MAX or
 *         NOTE_SIGNATURE_SIZE_MAX.
 */
enum status note_parse(struct view bytes, struct note *ret_note, struct failure *failure);

/*
 * Whether the signature lines ascend strictly by (name bytes, key id).
 *
 * Errors  STATUS_INVALID naming the line that is out of order.
 */
enum status note_check_sorted(const struct note *note, struct failure *failure);

/* Copies the bytes of a signature (without key id). `ret_bytes` holds signature->size bytes. */
void note_signature_bytes(const struct note_signature *signature, uint8_t *ret_bytes);

/* The index of the line by this key's (name, id), or note->count when there is none. */
size_t note_find(const struct note *note, const struct note_key *key);

/*
 * Verifies the line of `key`, which has type NOTE_KEY_ED25519.
 *
 * Errors  STATUS_NOT_FOUND when there is no line by its (name, id); STATUS_UNTRUSTED when the line
 *         does not verify.
 */
enum status note_verify(const struct note *note, const struct note_key *key);

/* Appends a signature line with its newline. Shapes: `signature` has 1 to NOTE_SIGNATURE_SIZE_MAX
 * bytes. */
enum status note_write_line(struct view name, uint32_t key_id, struct view signature,
                            struct buffer *buffer);

/*
 * Signs `text`, which ends in a newline, and appends the signature line (with its newline).
 *
 * Errors  those of secret_key_sign, which secret_key_explain() tells; STATUS_LIMIT.
 */
enum status note_sign_line(struct view text, const struct note_key *key, struct secret_key *secret,
                           struct buffer *buffer);

/*
 * Appends the note of `text` with one signature by `key`.
 *
 * Shapes  `text` is valid UTF-8 that ends in a newline, without other control characters.
 * Errors  as note_sign_line; then the buffer is as it was.
 */
enum status note_write_signed(struct view text, const struct note_key *key,
                              struct secret_key *secret, struct buffer *buffer);

/*
 * Appends `note` again with one more signature, its lines sorted by (name, key id).
 *
 * Errors  STATUS_CONFLICT when a line by this (name, id) is there already; STATUS_LIMIT; those of
 *         secret_key_sign.
 */
enum status note_write_with_signature(const struct note *note, const struct note_key *key,
                                      struct secret_key *secret, struct buffer *buffer,
                                      struct failure *failure);

/*
 * Appends `note` again with the signature lines that others sent, sorted as above.
 *
 * Shapes  `lines` is signature lines, each with its newline.
 * Errors  STATUS_INVALID when they are malformed; STATUS_CONFLICT when two lines have the same
 *         (name, id); STATUS_LIMIT.
 */
enum status note_write_with_lines(const struct note *note, struct view lines, struct buffer *buffer,
                                  struct failure *failure);
