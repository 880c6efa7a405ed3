/*
 * Lattice: ML-DSA-44 signatures (FIPS 204), verified where OpenSSL knows them.
 *
 * OpenSSL has them since 3.5, so whether they are there is asked when the program runs. Pure
 * ML-DSA with an empty context, as C2SP tlog-cosignature wants it. Nothing here signs.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stdint.h>

#define LATTICE_KEY_SIZE 1312
#define LATTICE_SIGNATURE_SIZE 2420

struct lattice_key {
    uint8_t bytes[LATTICE_KEY_SIZE];
};

/* Whether this machine's OpenSSL can verify ML-DSA-44. */
bool lattice_available(void);

/*
 * Shapes  lattice_available(); `signature` has LATTICE_SIGNATURE_SIZE bytes.
 * Errors  STATUS_UNTRUSTED when the signature is not one of this message by this key.
 */
enum status lattice_verify(const struct lattice_key *key, struct view message,
                           const uint8_t *signature);
