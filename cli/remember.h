/*
 * Remember: the last checkpoint that this user saw of each ledger.
 *
 * Kept in $XDG_STATE_HOME/utfall (else ~/.local/state/utfall), one file for each origin: the log's
 * vkey, a newline, and the signed checkpoint. A ledger that later shows less, or something else,
 * was rolled back or forked, and `verify` says so; this needs no one else's help.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stdint.h>

struct remembered {
    bool is_known;  /* there was one */
    uint64_t size;  /* of the remembered tree */
    char path[512]; /* of the file; "" when there is no folder to keep it in */
};

/*
 * Compares the ledger with what is remembered.
 *
 * Errors  STATUS_UNTRUSTED when the log key differs, the ledger is shorter, or its history is not
 *         the one that was seen.
 */
enum status remember_check(struct ledger *ledger, struct remembered *ret_remembered,
                           struct failure *failure);

/*
 * Remembers that a witness knows a tree of `size`, which is larger than the ledger: a file beside
 * the other, <origin>.told, with the size and the witness's name on a line each.
 */
enum status remember_told(const struct ledger *ledger, uint64_t size, struct view witness,
                          struct failure *failure);

/*
 * Whether the ledger may grow: not while a witness is remembered to know more than it holds.
 *
 * Errors  STATUS_UNTRUSTED, code LEDGER_BEHIND_WITNESS; STATUS_STORAGE when the file is unreadable.
 */
enum status remember_check_told(const struct ledger *ledger, struct failure *failure);

/* Remembers the ledger's checkpoint. Failing to is told, and is no reason to fail. */
enum status remember_update(struct ledger *ledger, const struct remembered *remembered,
                            struct failure *failure);
