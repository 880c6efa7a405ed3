/*
 * Proof: one entry's inclusion under one signed checkpoint, in one file; C2SP tlog-proof.
 *
 *     c2sp.org/tlog-proof@v1\n
 *     index <n>\n
 *     <base64 hash>\n ...            from the leaf's sibling towards the root
 *     \n
 *     <the signed checkpoint, verbatim>
 *
 * The entry itself is not in the file: whoever checks it holds the entry's bytes. The checkpoint
 * carries the lines of witnesses too; whom to believe is the reader's policy (policy.h).
 *
 * Source  c2sp.org/tlog-proof (C2SP at 5ba5ee8). The optional `extra` line is accepted and given no
 *         meaning: nothing authenticates it.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/log/merkle.h"

#include <stdbool.h>
#include <stdint.h>

struct proof {
    uint64_t index;
    struct merkle_proof path;
    struct view checkpoint; /* a signed note; a view into the text that was parsed */
};

/* Errors: STATUS_INVALID with the line that is wrong. */
enum status proof_parse(struct view text, struct proof *ret_proof, struct failure *failure);

/* Appends the file. */
enum status proof_write(const struct proof *proof, struct buffer *buffer);

/* Whether the bytes begin as a proof does. */
bool proof_is(struct view bytes);

/* --- The hash lines alone, which a case has too (contracts/case) --- */

/* Reads one line, without its newline. Errors: STATUS_INVALID unless it is one hash. */
enum status proof_read_hash(struct view line, struct hash *ret_hash);

/* Appends a line for each hash. */
enum status proof_write_path(const struct merkle_proof *path, struct buffer *buffer);
