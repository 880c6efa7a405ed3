/* What the files of ledger/crypto share about certificates of OpenSSL. */
#pragma once

#include "ledger/base/ownership.h"
#include "ledger/crypto/certificate.h"

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#define SUBJECT_TEXT_SIZE CERTIFICATE_NAME_SIZE

struct certificate_chain {
    STACK_OF(X509) * certificates; /* leaf first */
};

/* Seconds since 1970. Returns false when it is no time. */
bool time_of_asn1(const ASN1_TIME *time, int64_t *ret_seconds);

/* A name in the form of RFC 4514, without control characters; cut with "..." when it is long. */
void subject_write(const X509_NAME *name, char ret_text[static SUBJECT_TEXT_SIZE]);

/* The organizationIdentifier of a subject: "" unless there is exactly one; '?' for what is not
 * printable ASCII. */
void organization_read(const X509_NAME *name, char ret_text[static SUBJECT_TEXT_SIZE]);

/* Whether the certificate's key usage lets it sign documents. */
bool certificate_is_for_signing(const X509 *certificate);

/* The digest that a key of the leaf signs with; NULL for a kind of key that is not accepted. */
const EVP_MD *certificate_digest(X509 *certificate);

void bio_freep(BIO **bio);
void key_freep(EVP_PKEY **key);
void x509_freep(X509 **certificate);
