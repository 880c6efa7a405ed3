/*
 * PKCS#11: signing with an Ed25519 key in a token (a smart card, an HSM, SoftHSM).
 *
 * The token's maker gives a module, a shared library, which the URI names by module-path; without
 * one it is p11-kit's, which offers what the machine is configured for. A module is code that runs
 * in this process: name only modules that you would run.
 *
 * The mechanism is CKM_EDDSA without parameters, which is Ed25519 of RFC 8032; the key has type
 * CKK_EC_EDWARDS. The public half must be an object of the token too (keypairgen leaves it there):
 * it is read without logging in. Modules spell its CKA_EC_POINT in three ways, as the bare 32
 * bytes, as an OCTET STRING and as a BIT STRING; all are taken.
 *
 * Source  OASIS PKCS#11 v3.0, Current Mechanisms section 2.3 (Elliptic Curve).
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/key.h"
#include "ledger/crypto/pkcs11_uri.h"

#define PKCS11_LABEL_SIZE 256
#define PKCS11_DEFAULT_MODULE "p11-kit-proxy.so"

/* How to get the PIN of a token. */
struct pkcs11_login {
    /* Gives a PIN, valid until `forget`. `token` is the token's label. */
    enum status (*ask)(void *context, const char *token, struct view *ret_pin,
                       struct failure *failure);
    void (*forget)(void *context);
    void *context;
};

struct pkcs11_key {
    struct public_key key;
    char label[PKCS11_LABEL_SIZE]; /* "" when it has none; cut when it is longer */
};

/*
 * Finds the public half of the key that the URI names.
 *
 * Errors  STATUS_NOT_FOUND when there is no such module, token or key; STATUS_INVALID when several
 *         match, or the key is not Ed25519; STATUS_STORAGE when the module fails.
 */
enum status pkcs11_find(const struct pkcs11_uri *uri, struct pkcs11_key *ret_key,
                        struct failure *failure);

/*
 * Opens the key for signing: finds it, logs in where the token wants that, and keeps the session.
 *
 * Errors  as pkcs11_find; STATUS_UNTRUSTED when the PIN is wrong, STATUS_STORAGE when it is locked.
 */
enum status pkcs11_open(const struct pkcs11_uri *uri, const struct pkcs11_login *login,
                        struct secret_key **ret_secret, struct pkcs11_key *ret_key,
                        struct failure *failure);
