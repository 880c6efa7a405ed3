/*
 * Witness: cosigns the checkpoints of others, each only as a continuation of the last; C2SP
 * tlog-witness v1.0.0.
 *
 * What it remembers stands in a folder, one file for each log: <hex SHA-256 of the origin> holds
 * the last checkpoint with the log's signatures and our cosignature, as it was answered. So the
 * record is signed by ourselves, and one that was tampered with is refused. A file
 * <same>.conflict keeps the first checkpoint that could not be a continuation: with the other file
 * it is evidence against the log, signed by the log.
 *
 * INVARIANTS
 *   (1) A cosignature is answered only after the checkpoint is on disk (temporary file, fsync,
 *       rename, fsync of the folder). A crash in between leaves the log to ask again.
 *   (2) Comparing with the last checkpoint and replacing it happen alone: one thread answers
 *       (http/server.h), and one process holds the folder's lock.
 *   (3) Times of one log never go backwards, also when the clock does.
 *
 * A folder that is restored from a backup forgets: a witness must not be rolled back.
 */
#pragma once

#include "cli/http/server.h"
#include "ledger/crypto/key.h"
#include "ledger/log/cosignature.h"
#include "ledger/log/policy.h"

#include <stdint.h>

struct witness;

struct witness_options {
    const char *folder;           /* made when it is not there */
    uint32_t requests_per_minute; /* for each address and for each log */
};

/*
 * Opens a witness for the logs of a policy.
 *
 * Shapes  `secret` is the key of `cosigner`; both and `logs` outlive the witness.
 * Errors  STATUS_CONFLICT when another process uses the folder; STATUS_STORAGE.
 */
enum status witness_open(const struct witness_options *options, const struct policy *logs,
                         const struct cosigner *cosigner, struct secret_key *secret,
                         struct witness **ret_witness, struct failure *failure);
void witness_close(struct witness *witness);
void witness_closep(struct witness **witness); /* for OWNED */

/*
 * Handlers for http_route; the context is the witness.
 *
 *   POST .../add-checkpoint      200 with our line; 400 malformed, or old above new; 403 no
 *                                signature by a known key of the log, or a wrong one; 404 unknown
 *                                log; 409 old is not the size we know, which is the answer, or
 *                                another root at the same size; 422 bad proof; 429 too often;
 *                                500 the folder cannot be used
 *   GET .../<origin hash>/checkpoint   the last checkpoint that we cosigned; 404 when there is none
 */
void witness_add_checkpoint(void *context, const struct http_request *request,
                            struct http_answer *answer);
void witness_get_checkpoint(void *context, const struct http_request *request,
                            struct http_answer *answer);
