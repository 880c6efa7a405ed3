/*
 * Time-stamp: an outside authority's signed statement that a text existed at a time; RFC 3161.
 *
 * A ledger's own dates are what its signers wrote. A time-stamp token over the text of a checkpoint
 * shows that the checkpoint, and so every entry below its size, existed before the time in the
 * token: somebody who runs the ledger cannot write history later than that. It does not show that
 * the entries are not older.
 *
 *     request   SHA-256 of the checkpoint's text, a nonce, and the wish for the certificates
 *     reply     a status, and when it was granted the token
 *     token     CMS signed data (here called PKCS#7) over a TSTInfo: digest, time, policy, nonce
 *
 * What is stamped is the text of the checkpoint note, its three lines with the last newline,
 * without any signature: it depends only on the ledger's entries.
 *
 * A token is judged at its own time: the authority's certificate must have been valid then, carry
 * the key purpose timeStamping alone and marked critical, be the one that the token names
 * (ESSCertID), and lead to a root that the reader gave. What was revoked is in trust.h.
 *
 * Nothing here asks for the time or a network; the caller carries the bytes.
 *
 * Source  RFC 3161, with RFC 5816 for ESSCertIDv2. Digests other than SHA-256 are refused.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"
#include "ledger/crypto/trust.h"

#include <stdint.h>

#define TIMESTAMP_SIZE_MAX 65536 /* a reply with the authority's chain has 2 to 8 KiB */
#define TIMESTAMP_REQUEST_SIZE_MAX 1024
#define TIMESTAMP_NAME_SIZE 256
#define TIMESTAMP_POLICY_SIZE 128
#define TIMESTAMP_SERIAL_SIZE 64

/* What a token says; believed only after timestamp_verify. */
struct timestamp {
    int64_t time; /* seconds since 1970 */
    struct hash digest;
    char authority[TIMESTAMP_NAME_SIZE]; /* subject of the certificate that signed; RFC 4514 */
    int64_t authority_until;             /* when that certificate expires */
    char policy[TIMESTAMP_POLICY_SIZE];  /* dotted object identifier */
    char serial[TIMESTAMP_SERIAL_SIZE];  /* hexadecimal; cut when it is longer */
};

/*
 * Appends a request in DER, with a fresh nonce, asking for the certificates.
 *
 * Shapes  `policy` is a dotted object identifier, or NULL to leave it to the authority.
 * Errors  STATUS_INVALID when `policy` is none.
 */
enum status timestamp_request_write(const struct hash *digest, const char *policy,
                                    struct buffer *ret_request, struct failure *failure);

/*
 * Takes the token out of an authority's reply, compared with the request that it answers.
 *
 * Shapes  `request` may be empty when it is not at hand: then nonce and policy are not compared. A
 *         bare token is taken for a reply that was granted.
 * Errors  STATUS_INVALID when one of them cannot be read, or the authority did not grant the
 *         request, with its reason; STATUS_UNTRUSTED when digest, nonce or policy are not those of
 *         the request.
 */
enum status timestamp_reply_read(struct view reply, struct view request, struct buffer *ret_token,
                                 struct failure *failure);

/* Reads what a token says. Errors: STATUS_INVALID when it cannot be read, or has no certificate. */
enum status timestamp_read(struct view token, struct timestamp *ret_timestamp,
                           struct failure *failure);

/*
 * Verifies a token of `digest`: signature, certificate, chain, purpose, and the policy unless NULL.
 *
 * Errors  STATUS_UNTRUSTED with a sentence of its own for each cause; those of timestamp_read.
 */
enum status timestamp_verify(struct view token, const struct hash *digest,
                             const struct trust *trust, const char *policy,
                             struct timestamp *ret_timestamp, struct failure *failure);
