/*
 * Signatures: which key of which party made each one of a ledger, told while it is verified.
 *
 * A table of every key that a party has or had, and what each signed. With a list, every signature
 * is one line on standard output, or one object of an array with --json; chain after chain: the
 * charter, the parties in ledger order, then contract by contract. Lines go out at once, objects to
 * a temporary file until the answer is due, so memory grows with the keys, never with the entries.
 *
 * Nothing here is verified: whoever fills it in has replayed what it is told.
 */
#pragma once

#include "cli/command.h"
#include "contracts/state/state.h"
#include "ledger/json/json.h"
#include "ledger/ledger.h"

#include <stdio.h>

/* Of what a key for review signed, the first entries are named; all of them are counted. */
#define SIGNATURES_REVIEW_MAX 1000

/* A key as it was when all parties had been replayed. */
struct signing_key {
    struct note_key key;
    char *party;
    char *legal_name;
    uint64_t valid_from;  /* entry index, included */
    uint64_t valid_until; /* entry index, included; STATE_VALID_STILL */
    bool is_for_review;   /* others may have had it since compromised_since */
    struct date compromised_since;
    uint64_t signature_count; /* when is_for_review, or when they are listed: what it signed */
    uint64_t *indexes;        /* when is_for_review: the first of these entries, ascending */
    size_t index_count;
};

struct signatures {
    size_t count;
    size_t capacity;
    struct signing_key *keys; /* sorted for look-up once they are complete */
    bool has_review;          /* some key is for review */
    bool is_listed;           /* every signature is told */
    bool is_first;            /* no signature was told yet */
    FILE *spool;              /* with --json: their objects, with commas between them */
};

/* Shapes  `signatures` is zero. Errors: STATUS_STORAGE when there is no temporary file. */
enum status signatures_init(struct signatures *signatures, const struct invocation *invocation,
                            struct failure *failure);
void signatures_release(struct signatures *signatures);

/* Takes up the keys of a party. Errors: STATUS_MEMORY. */
enum status signatures_add_party(struct signatures *signatures, const struct state_party *party);

/*
 * Ends the keys, and takes up what the charter and the chains of parties are signed by, read again
 * from the ledger when it is asked for: keys that end later were not known before.
 *
 * Errors  those of ledger_scan; STATUS_STORAGE; STATUS_MEMORY.
 */
enum status signatures_end_parties(struct signatures *signatures, struct ledger *ledger,
                                   struct failure *failure);

/* Takes up what a statement is signed by. Errors: STATUS_MEMORY; STATUS_STORAGE. */
enum status signatures_add(struct signatures *signatures, const struct statement *statement,
                           uint64_t index);

/* How many keys are not valid any more. */
size_t signatures_count_ended(const struct signatures *signatures);

/* Prints what is for review, under a heading. Nothing when nothing is. Errors: STATUS_MEMORY. */
enum status signatures_print_reviews(const struct signatures *signatures);

/* Sets "keys" and "ended_keys", counts, and "for_review". Errors: STATUS_MEMORY. */
enum status signatures_set(const struct signatures *signatures, struct json *object);
