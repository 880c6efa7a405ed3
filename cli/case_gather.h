/* Case gather: makes the case of a contract out of the ledger. */
#pragma once

#include "cli/workspace.h"
#include "ledger/base/buffer.h"

/*
 * Appends the newest checkpoint, with the lines of those who cosigned it.
 *
 * Errors  those of the ledger.
 */
enum status case_gather_checkpoint(struct ledger *ledger, struct buffer *ret_note,
                                   struct failure *failure);

/*
 * Appends the proof of an entry, as a tlog-proof under that checkpoint.
 *
 * Errors  those of the ledger; STATUS_MEMORY.
 */
enum status case_gather_proof(struct ledger *ledger, uint64_t index, struct buffer *ret_text,
                              struct failure *failure);

/*
 * Appends the case (contracts/case) of a contract: the charter, the chains of the operator, the
 * registrars and the parties that the contract names, and the contract's own, under the newest
 * checkpoint.
 *
 * Shapes  `ret_case` is empty and may grow to CASE_SIZE_MAX.
 * Errors  CONTRACT_UNKNOWN; STATUS_LIMIT when the case would be too large; those of the ledger.
 */
enum status case_gather(struct workspace *workspace, struct view contract, struct buffer *ret_case,
                        struct failure *failure);
