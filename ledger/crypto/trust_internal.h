/* What the files of ledger/crypto share about judging certificates of OpenSSL. */
#pragma once

#include "ledger/base/status.h"
#include "ledger/crypto/certificate_internal.h"
#include "ledger/crypto/trust.h"

#include <openssl/x509.h>
#include <stdint.h>

/* What a certificate is asked for. */
struct trust_use {
    int64_t at;  /* seconds since 1970 */
    int purpose; /* X509_PURPOSE_..., or 0 for any */
};

/* A store that judges at a moment; NULL without memory. The caller frees it. */
X509_STORE *trust_store(const struct trust *trust, int64_t at);

/*
 * Checks that the chain of `leaf` leads to a root, was valid at the moment and not revoked.
 *
 * Shapes  `others` are certificates that may help to build the chain, or NULL.
 * Errors  STATUS_UNTRUSTED, with a sentence of its own for each cause; STATUS_MEMORY.
 */
enum status trust_check(const struct trust *trust, X509 *leaf, STACK_OF(X509) * others,
                        const struct trust_use *use, struct failure *failure);

void x509_store_freep(X509_STORE **store);
