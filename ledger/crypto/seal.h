/*
 * Seal: an organisation's X.509 signature over a statement; CMS, detached, in the way of CAdES.
 *
 * A statement is signed by vkeys, and says itself whose they are. A seal adds who vouches for that
 * outside of the ledger: a certificate that an authority issued to an organisation. Over a `party`
 * statement it binds the vkeys in it to the organisation in the certificate; over any other it says
 * that the organisation stands by the text.
 *
 *     content   the text of the note (docs/formats.md, 4), not contained
 *     signer    one, with signed attributes: digest, signing time, signing certificate (ESS)
 *     digest    SHA-256; keys as trust.h allows them, P-256 above all
 *     file      DER, a .p7s; `openssl cms -verify -inform DER -binary -content TEXT` reads it
 *
 * The chain is judged at the signing time, which the signer wrote: a thief of a certificate can
 * write any, and only a revocation list with the reason keyCompromise (trust.h), or a time-stamp,
 * tells. Nothing here says that a seal, a certificate or an authority is qualified in the meaning
 * of a law; that is not looked up.
 *
 * Source  RFC 5652; ETSI EN 319 122-1 for the attributes; ETSI EN 319 412-1 for the identifier.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/trust.h"

#include <stdint.h>

#define SEAL_SIZE_MAX 65536
#define SEAL_NAME_SIZE 256

/* What a seal says; believed only after seal_verify. */
struct seal {
    char subject[SEAL_NAME_SIZE];         /* of the certificate; RFC 4514 */
    char organization_id[SEAL_NAME_SIZE]; /* organizationIdentifier 2.5.4.97; "" when absent */
    int64_t signed_at;                    /* seconds since 1970, as the signer wrote */
    int64_t certificate_until;
};

/* What a seal is made with, all in PEM. */
struct seal_maker {
    struct view certificates; /* the signer's first, then those that lead to a root */
    struct view key;          /* of the first certificate */
    struct view passphrase;   /* of the key; empty when it is not encrypted */
};

/* Whether the PEM of a key is encrypted, so that its passphrase is to be asked for. */
bool seal_key_is_encrypted(struct view key);

/*
 * Appends a seal over `text`, with the present time in it.
 *
 * Errors  STATUS_INVALID when certificate or key cannot be read, or do not belong together;
 *         STATUS_UNTRUSTED when the passphrase is wrong.
 */
enum status seal_write(struct view text, const struct seal_maker *maker, struct buffer *ret_seal,
                       struct failure *failure);

/*
 * Appends a bare signature over `text` by the key of the first certificate, as certificate.h
 * verifies them, and hands out the chain.
 *
 * Owner   `*ret_chain` is the caller's.
 * Errors  those of seal_write and certificate_chain_read_pem.
 */
enum status seal_sign(struct view text, const struct seal_maker *maker,
                      struct certificate_chain **ret_chain, struct buffer *ret_signature,
                      struct failure *failure);

/*
 * Verifies a seal over `text`: signature, attributes, chain at the signing time, revocation.
 *
 * Errors  STATUS_INVALID when it cannot be read; STATUS_UNTRUSTED with a sentence for each cause.
 */
enum status seal_verify(struct view text, struct view seal, const struct trust *trust,
                        struct seal *ret_seal, struct failure *failure);
