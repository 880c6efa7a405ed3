/*
 * Trust: whose certificates are believed, and when one of them stopped being believed.
 *
 * A chain is judged at a moment: that of the signature, not that of the check. So what was sound
 * when it was made stays sound after its certificates have expired, and the same ledger gets the
 * same verdict next year. What trust cannot know is whether a key was stolen after its certificate
 * expired; whoever shows a verdict says until when the certificate was valid.
 *
 * Roots are whatever the reader gave: also an intermediate or end certificate that he pinned.
 * Revocation lists (CRLs) are given too; nothing is fetched. A certificate that a list names is
 * refused when it was revoked at or before the moment, and at any moment when its key, or that of
 * its authority, was compromised: then nobody can tell when the signature was really made.
 * A certificate whose authority has no list among those given is not looked up: that is told by
 * trust_has_lists(), so that a caller never says more than was checked.
 *
 * Source  RFC 5280 sections 5.3 and 6; weak keys and digests are refused (OpenSSL's level 2: at
 *         least 112 bits).
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>

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

/* Whether revocation lists were given. */
bool trust_has_lists(const struct trust *trust);
