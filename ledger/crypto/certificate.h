/*
 * Certificate: an X.509 chain, and what it says without a clock and without a list of roots.
 *
 * A chain begins with the certificate of the one who signs (the leaf); each is issued by the next
 * one. What is decided here depends on the bytes alone, so that every program that reads a ledger
 * decides alike, today and in twenty years: the form, the links, and what the leaf's key signed.
 * Whether a chain leads to a root that the reader believes, was valid at a moment and was not
 * revoked is another question, which depends on the reader: trust.h.
 *
 *     keys         EC on the named curves P-256, P-384 and P-521, the point uncompressed; RSA of
 *                  2048 to 8192 bits
 *     signatures   ECDSA, and RSASSA-PKCS1-v1_5, with SHA-256, SHA-384 or SHA-512
 *
 * Source  RFC 5280; RFC 5480 and 8017 for keys and signatures; ETSI EN 319 412-1 5.1.4 for the
 *         identifier of an organisation.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stddef.h>
#include <stdint.h>

#define CERTIFICATE_SIZE_MAX 12288
#define CERTIFICATE_CHAIN_MAX 8
#define CERTIFICATE_SIGNATURE_MAX 1024 /* RSA of 8192 bits */
#define CERTIFICATE_NAME_SIZE 256

struct certificate_chain;

/* What the leaf says of itself. */
struct certificate_facts {
    char subject[CERTIFICATE_NAME_SIZE];         /* RFC 4514; cut with "..." when it is long */
    char issuer[CERTIFICATE_NAME_SIZE];          /* the same */
    char organization_id[CERTIFICATE_NAME_SIZE]; /* 2.5.4.97; "" unless there is exactly one */
    int64_t valid_from;                          /* seconds since 1970 */
    int64_t valid_until;
};

/*
 * Reads a chain, leaf first, each certificate as DER.
 *
 * Shapes  1 <= count <= CERTIFICATE_CHAIN_MAX.
 * Errors  STATUS_INVALID, at "/<place>", when one cannot be read, has a key of another kind, or is
 *         the leaf and not for signing; STATUS_MEMORY.
 */
enum status certificate_chain_read(const struct view *certificates, size_t count,
                                   struct certificate_chain **ret_chain, struct failure *failure);

/* Reads the certificates of a PEM file, leaf first. Errors: the same, and STATUS_LIMIT. */
enum status certificate_chain_read_pem(struct view pem, struct certificate_chain **ret_chain,
                                       struct failure *failure);

void certificate_chain_free(struct certificate_chain *chain);
void certificate_chain_freep(struct certificate_chain **chain); /* for OWNED */

size_t certificate_chain_count(const struct certificate_chain *chain);

/* Appends the DER of a certificate. Errors: STATUS_LIMIT, STATUS_MEMORY. */
enum status certificate_chain_write(const struct certificate_chain *chain, size_t place,
                                    struct buffer *buffer);

void certificate_chain_facts(const struct certificate_chain *chain,
                             struct certificate_facts *ret_facts);

/*
 * Checks that each certificate but the last was issued by the next one: its issuer is that one's
 * subject, byte for byte, its signature verifies with that one's key, and that one may issue.
 *
 * Errors  STATUS_UNTRUSTED, at "/<place>" of the certificate that the next one did not issue.
 */
enum status certificate_chain_check_links(const struct certificate_chain *chain,
                                          struct failure *failure);

/*
 * Verifies a signature over `text` by the key of the leaf: ECDSA (a DER pair, RFC 5480 A.) with
 * the digest of the curve's size, or RSASSA-PKCS1-v1_5 with SHA-256.
 */
enum status certificate_chain_verify(const struct certificate_chain *chain, struct view text,
                                     struct view signature);
