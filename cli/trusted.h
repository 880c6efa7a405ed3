/* Trusted: the roots and revocation lists that a reader gives by --ca and --crl. */
#pragma once

#include "cli/command.h"
#include "ledger/base/status.h"
#include "ledger/crypto/trust.h"

/*
 * Reads the files of --ca and --crl.
 *
 * Owner   `*ret_trust` is the caller's; NULL when --ca is not given.
 * Errors  those of file_read and trust_read, naming the file; STATUS_INVALID for --crl alone.
 */
enum status trusted_read(const struct invocation *invocation, struct trust **ret_trust,
                         struct failure *failure);
