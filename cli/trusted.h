/* Trusted: the roots and revocation lists that a reader gives by --ca and --crl. */
#pragma once

#include "cli/command.h"
#include "ledger/base/status.h"
#include "ledger/crypto/trust.h"
#include "ledger/ledger.h"

/*
 * Reads the files of --ca and --crl.
 *
 * Owner   `*ret_trust` is the caller's; NULL when --ca is not given.
 * Errors  those of file_read and trust_read, naming the file; STATUS_INVALID for --crl alone.
 */
enum status trusted_read(const struct invocation *invocation, struct trust **ret_trust,
                         struct failure *failure);

/*
 * Adds the revocation lists that are kept with a ledger; does nothing without trust.
 *
 * Errors  STATUS_UNTRUSTED when one of them cannot be read; those of the store.
 */
enum status trusted_keep_lists(struct ledger *ledger, struct trust *trust, struct failure *failure);
