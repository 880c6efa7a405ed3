/*
 * Sequencer: the one who appends, for everyone who asks.
 *
 * One thread owns the writable workspace. Whoever has a note hands it in and goes on; the sequencer
 * takes all that wait, decides about one after the other, appends the good ones in one commit, and
 * tells each of them what became of it. So a commit, with its wait for the disk, is shared by all
 * who came while the one before was under way (group commit), and one that is refused hurts nobody.
 *
 *   - `done` is called once for each note, by the sequencer's thread. "Accepted" is said after the
 *     commit is durable, never before.
 *   - After a failure of the store the ledger is opened again, before anything else is decided:
 *     what the disk holds is known only when it is read.
 *   - A note waits in a queue of at most SEQUENCER_QUEUE_MAX.
 *
 * STANDBY. Several servers may be started on one ledger; one of them appends. A standby waits for
 * the right to append and takes it over when the other gives it back, or dies or hangs and its
 * lease runs out. Until then it takes no notes. Who appends says every SEQUENCER_KEEP_MS that it
 * lives; who has lost the right, by a pause or a cut, appends nothing more (store.h, promise 4) and
 * waits like any other standby.
 *
 * REPLICAS. Asked for, they are looked at when the right to append is taken, each time it is kept,
 * and before and after each commit: what was committed while nobody was waited for is not called
 * accepted.
 *
 * NEVER BACK. Whoever signs checkpoints must not sign two histories. A sequencer remembers the last
 * checkpoint that it signed or opened; when it opens the ledger again and that checkpoint is not in
 * it, as after a fail-over to a copy that lagged behind, it never appends again.
 */
#pragma once

#include "cli/workspace.h"
#include "ledger/crypto/key.h"

#include <stdint.h>

#define SEQUENCER_QUEUE_MAX 4096
#define SEQUENCER_KEEP_MS 3000

struct sequencer;

/* A note that was handed in. The caller owns it, and what it points to, until `done`. */
struct order {
    struct submission submission;
    enum status status;     /* STATUS_OK: decided, see submission; else nobody could decide */
    struct failure failure; /* when it is not STATUS_OK */
    void (*done)(struct order *order);
    void *context;
    struct order *next; /* the sequencer's */
};

struct sequencer_options {
    const char *path; /* of the ledger */
    const struct note_key *key;
    struct secret_key *secret;
    bool is_standby;
    uint32_t replicas; /* that a commit must wait for: see store_check_replicas; 0 asks for none */
    /* Called by the sequencer's thread, once for each new reason why it cannot append. */
    void (*tell)(void *context, const struct failure *failure);
    void *context;
};

/*
 * Starts the thread. Unless it is a standby, the ledger is open for writing by then. What the
 * options point to outlives the sequencer.
 *
 * Errors  those of workspace_open and store_check_replicas; STATUS_INVALID when `key` does not sign
 *         this ledger.
 */
enum status sequencer_start(const struct sequencer_options *options,
                            struct sequencer **ret_sequencer, struct failure *failure);

/*
 * Hands a note in. `done` is not called, and an error says why, when it is not taken:
 * STATUS_STORAGE while another server appends or something else keeps this one from it, and when
 * the queue is full or the sequencer stops.
 */
enum status sequencer_submit(struct sequencer *sequencer, struct order *order,
                             struct failure *failure);

/* How many commits there were, and how many notes were accepted by them. */
struct sequencer_counts {
    uint64_t commits;
    uint64_t accepted;
    uint64_t refused;
    uint64_t failed; /* times that the store failed */
    uint64_t waiting;
    bool is_appending; /* it has the right to append */
};
struct sequencer_counts sequencer_count(struct sequencer *sequencer);

/* Decides about everything that waits, then ends the thread and closes the ledger. Accepts NULL. */
void sequencer_stop(struct sequencer *sequencer);
void sequencer_stopp(struct sequencer **sequencer); /* for OWNED */
