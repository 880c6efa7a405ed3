/*
 * Checkpoint: the log's signed statement of its size and root; C2SP tlog-checkpoint.
 *
 *     <origin>\n<size>\n<base64 of root>\n        the text of a signed note
 *
 * No extension lines: they are not recommended, some witnesses refuse them, and ML-DSA
 * cosignatures do not cover them.
 *
 * Source  c2sp.org/tlog-checkpoint v1.0.0.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/limits.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/hash.h"
#include "ledger/log/note.h"

#include <stdint.h>

struct checkpoint {
    struct view origin; /* a view into the text that was parsed; 1 to NAME_SIZE_MAX bytes */
    uint64_t size;      /* entries; below 2^63 */
    struct hash root;
};

/* Parses the text of a checkpoint. Errors: STATUS_INVALID with the line that is wrong. */
enum status checkpoint_parse(struct view text, struct checkpoint *ret_checkpoint,
                             struct failure *failure);

/* Appends the text. */
enum status checkpoint_write(const struct checkpoint *checkpoint, struct buffer *buffer);

/*
 * Opens a signed checkpoint: a note whose text is a checkpoint of `log`'s name, signed by `log`.
 *
 * Errors  STATUS_INVALID when it is malformed or names another origin; STATUS_UNTRUSTED when the
 *         signature of `log` is missing or wrong.
 */
enum status checkpoint_open(struct view bytes, const struct note_key *log,
                            struct checkpoint *ret_checkpoint, struct failure *failure);

/* Appends the signed note. */
enum status checkpoint_sign(const struct checkpoint *checkpoint, const struct note_key *log,
                            struct secret_key *secret, struct buffer *buffer);
