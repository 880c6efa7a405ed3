/*
 * Key: Ed25519 signing keys and the one rule by which a signature is accepted.
 *
 * A signature is accepted iff S < L, A and R are canonical encodings of points that are not of
 * small order, and the cofactorless equation [S]B = R + [k]A holds. libsodium 1.0.18 decides so,
 * and public_key_check() adds the test of A when a key is enrolled. Signatures are never verified
 * in batches: batch verification accepts signatures that single verification refuses. A test with
 * published disagreement vectors pins the rule, so that a library update cannot widen it silently.
 *
 * A secret key lives in libsodium's guarded memory: locked, fenced by inaccessible pages, and
 * readable only while it signs. Or it lives elsewhere, in a token or an agent that signs on request
 * and never shows it (key_holder): such a key can refuse, and what it answers is verified before it
 * is believed.
 *
 * Source  RFC 8032 section 5.1, with the choices it leaves open made as above.
 */
#pragma once

#include "ledger/base/ownership.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

#define PUBLIC_KEY_SIZE 32
#define SIGNATURE_SIZE 64
#define SEED_SIZE 32

struct public_key {
    uint8_t bytes[PUBLIC_KEY_SIZE];
};

struct signature {
    uint8_t bytes[SIGNATURE_SIZE];
};

struct secret_key;

/* Prepares libsodium; call once before threads start. Errors: STATUS_STORAGE without randomness. */
enum status crypto_init(struct failure *failure);

/* Fills `size` bytes from the system's randomness, for salts. Call crypto_init before. */
void crypto_random(void *bytes, size_t size);

/* Makes a key from randomness. Errors: STATUS_MEMORY, also when memory cannot be locked. */
enum status secret_key_generate(struct secret_key **ret_key);

/* Makes the key that belongs to an RFC 8032 seed (its 32-byte private key). */
enum status secret_key_from_seed(const uint8_t seed[static SEED_SIZE], struct secret_key **ret_key);

/* Wipes and frees. Accepts NULL. For OWNED(secret_key_freep). */
void secret_key_free(struct secret_key *key);
void secret_key_freep(struct secret_key **key);

const struct public_key *secret_key_public(const struct secret_key *key);

/* Who holds a secret key that never leaves it. */
struct key_holder {
    /* Asks for a signature. Errors: STATUS_STORAGE when it does not answer or refuses. */
    enum status (*sign)(void *context, struct view message, struct signature *ret_signature,
                        struct failure *failure);
    void (*release)(void *context);
};

/*
 * Makes a key that signs by its holder.
 *
 * Shapes  `public` passes public_key_check().
 * Owner   the key takes over `context`, also when the call fails; `holder` outlives the key.
 */
enum status secret_key_held(const struct public_key *public, const struct key_holder *holder,
                            void *context, struct secret_key **ret_key);

/*
 * Signs; deterministic (RFC 8032). The same key must not be used by two threads at once.
 *
 * Errors  none by a key in memory; for one that is held elsewhere STATUS_STORAGE when its holder
 *         does not sign, and STATUS_UNTRUSTED when its answer is no signature by this key. Then
 *         secret_key_explain() has the reason.
 */
enum status secret_key_sign(struct secret_key *key, struct view message,
                            struct signature *ret_signature);

/* Copies why the last signature failed, and returns its status; for who only has the status. */
enum status secret_key_explain(const struct secret_key *key, enum status status,
                               struct failure *failure);

/* Copies the seed out, for writing a key file; the caller wipes it with secret_wipe(). Shapes: the
 * key is in memory. */
void secret_key_seed(struct secret_key *key, uint8_t ret_seed[static SEED_SIZE]);

/* Overwrites a secret so that the compiler cannot leave it out. */
void secret_wipe(void *secret, size_t size);

/* Guarded memory for a passphrase or a file with a secret; NULL without memory. Freed wiped. */
void *secret_allocate(size_t size);
void secret_free(void *secret);

/* Whether a public key may be enrolled: canonical, on the curve, in the main subgroup. */
bool public_key_check(const struct public_key *key);

bool public_key_equal(const struct public_key *a, const struct public_key *b);

/* Errors: STATUS_UNTRUSTED when the signature is not one of this message by this key. */
enum status public_key_verify(const struct public_key *key, struct view message,
                              const struct signature *signature);
