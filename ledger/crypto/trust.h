/*
 * Trust: whose certificates are believed, and when one of them stopped being believed.
 *
 * A chain is judged at a moment: that of the signature, not that of the check. So what was sound
 * when it was made stays sound after its certificates have expired, and the same ledger gets the
 * same verdict next year. What trust cannot know is whether a key was stolen after its certificate
 * expired; whoever shows a verdict says until when the certificate was valid.
 *
 * Roots are whatever the reader gave: also an intermediate or end certificate that he pinned.
 * Revocation lists (CRLs) are given too, or were kept with what is judged; nothing is fetched. A
 * given list that its authority did not sign is refused; such a kept one is left aside, since who
 * kept it is not whom the reader believes. A certificate that a list names is
 * refused when it was revoked at or before the moment, and at any moment when its key, or that of
 * its authority, was compromised: then nobody can tell when the signature was really made.
 * A certificate whose authority has no list among those given is not looked up: that is told by
 * trust_has_lists(), so that a caller never says more than was checked.
 *
 * Source  RFC 5280 sections 5.3 and 6; weak keys and digests are refused (OpenSSL's level 2: at
 *         least 112 bits).
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/certificate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRUST_SIZE_MAX 4194304 /* a file of roots or of revocation lists; Debian's has 200 KiB */
#define TRUST_CERTIFICATES_MAX 1000

struct trust;

/*
 * Reads roots and revocation lists, PEM or a single DER; `lists` may be empty.
 *
 * Errors  STATUS_INVALID when there is no certificate, or a list that cannot be read; STATUS_LIMIT.
 */
enum status trust_read(struct view roots, struct view lists, struct trust **ret_trust,
                       struct failure *failure);

void trust_free(struct trust *trust);
void trust_freep(struct trust **trust); /* for OWNED */

/* Whether revocation lists were given or kept. */
bool trust_has_lists(const struct trust *trust);

/* Adds a list that was kept, in DER. Errors: STATUS_INVALID, STATUS_LIMIT. */
enum status trust_keep_list(struct trust *trust, struct view list, struct failure *failure);

/* The lists that were given, in DER, for keeping. Shapes: place < count. Errors: STATUS_LIMIT. */
size_t trust_list_count(const struct trust *trust);
enum status trust_list_write(const struct trust *trust, size_t place, struct buffer *buffer);

/*
 * Judges a chain at a moment, in seconds since 1970: that it leads to a root, was valid then and
 * not revoked.
 *
 * Errors  STATUS_UNTRUSTED, with a sentence of its own for each cause; STATUS_MEMORY.
 */
enum status trust_judge(const struct trust *trust, const struct certificate_chain *chain,
                        int64_t at, struct failure *failure);
