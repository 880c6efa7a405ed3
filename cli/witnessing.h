/*
 * Witnessing: asks witnesses to cosign the newest checkpoint of a ledger, and judges who did.
 *
 * A witness is asked for the continuation of the last checkpoint that it cosigned, as far as the
 * ledger knows; a 409 tells the size that it knows instead, and it is asked once more. A line that
 * verifies is attached to the checkpoint (ledger.h), others are ignored. Who has cosigned that
 * checkpoint before is asked too, only to hear whether it knows more. Nothing is locked while the
 * network is waited for.
 *
 * A witness that knows more than the ledger holds has seen entries that are gone: the ledger was
 * restored from a backup, and signing more would be a fork. That is remembered (remember.h), and
 * signing is refused until the ledger is as large again.
 */
#pragma once

#include "cli/command.h"
#include "ledger/ledger.h"
#include "ledger/log/policy.h"

#include <stdbool.h>
#include <stdint.h>

enum witnessing_outcome {
    WITNESSING_NOT_ASKED, /* it has no URL, or is of a type that cannot be verified here */
    WITNESSING_BEFORE,    /* its line was attached already */
    WITNESSING_SIGNED,
    WITNESSING_FAILED, /* see `failure` */
};

struct witnessing_row {
    enum witnessing_outcome outcome;
    struct failure failure;
};

/* What came of it; rows go with the witnesses of the policy. */
struct witnessing {
    uint64_t size;
    bool is_behind; /* a witness knows more than the ledger holds */
    struct witnessing_row rows[POLICY_WITNESSES_MAX];
    enum policy_quorum quorum;
    struct buffer checkpoint; /* with its cosignatures */
};

void witnessing_init(struct witnessing *witnessing);
void witnessing_release(struct witnessing *witnessing); /* for OWNED */

/*
 * Makes the policy that the options name: --policy FILE, or every --witness URL=VKEY, all of which
 * are to sign; `*ret_policy` is NULL when there is neither.
 *
 * Errors  STATUS_INVALID when one is malformed, or both are given; those of file_read.
 */
enum status witnessing_read_options(const struct invocation *invocation, struct policy **ret_policy,
                                    struct failure *failure);

/*
 * The policy of the ledger's charter; NULL when that asks for none.
 *
 * Errors  STATUS_INVALID, code WITNESS_POLICY_UNREADABLE, when it is malformed: nothing can then
 *         fulfil it.
 */
enum status witnessing_charter_policy(struct ledger *ledger, struct policy **ret_policy,
                                      struct failure *failure);

/*
 * Asks every witness of the policy that has a URL about the newest checkpoint of the ledger at
 * `path`, attaches what verifies, and fills in the report as witnessing_judge does.
 *
 * Errors  those of opening the ledger. What a witness does wrong stands in its row.
 */
enum status witnessing_ask(const char *path, const struct policy *policy,
                           struct witnessing *ret_witnessing, struct failure *failure);

/* Reads the newest checkpoint with its cosignatures, and whether the policy's quorum holds. */
enum status witnessing_judge(struct ledger *ledger, const struct policy *policy,
                             struct witnessing *ret_witnessing, struct failure *failure);
