/* Sealing: the certificate and private key of an organisation that --certificate and --key name. */
#pragma once

#include "cli/command.h"
#include "cli/secret.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/crypto/seal.h"

struct sealing {
    struct buffer certificates;
    struct buffer key; /* wiped when it is released */
    struct passphrase passphrase;
    struct seal_maker maker; /* views into the others */
};

/*
 * Reads both files, and asks for the passphrase when the key is encrypted.
 *
 * Owner   sealing_release() afterwards, also when this fails.
 * Errors  those of file_read and passphrase_get.
 */
enum status sealing_read(const struct invocation *invocation, struct sealing *sealing,
                         struct failure *failure);
void sealing_release(struct sealing *sealing); /* for OWNED */
