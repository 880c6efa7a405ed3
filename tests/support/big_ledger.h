/*
 * Big ledgers for measuring and stress: many contracts, each with a chain of fundings, all valid.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/log/note.h"

#include <stddef.h>
#include <stdint.h>

/* How many of what. */
struct big_ledger {
    uint64_t contract_count;
    uint64_t fundings_each;
    unsigned signatures; /* on each funding: 1 to 4 */
};

/* Writes a ledger to `path`, which must not exist. Aborts with a message when it cannot. */
void big_ledger_make(const char *path, struct big_ledger shape);

/*
 * Writes the notes of further fundings of one contract, behind those that it has: to be submitted
 * one after the other. Shapes: `notes` holds `count` buffers, which are initialised.
 */
void big_ledger_fundings(struct big_ledger shape, uint64_t contract, size_t count,
                         struct buffer *notes);

/* The key of the investor, who signs every funding. */
void big_ledger_investor(struct note_key *ret_key);

/* Writes the log's key file, under a passphrase. */
void big_ledger_write_key(const char *path, const char *passphrase);

/* Entries that such a ledger has. */
uint64_t big_ledger_size(struct big_ledger shape);
