/*
 * Monitor: follows a ledger from one look to the next, and notices when it is not one history.
 *
 * In a folder of its own a monitor keeps what it knows:
 *
 *   checkpoint       the log's vkey, a newline, and the last checkpoint that passed every check
 *   mirror.ledger    a copy of the published ledger, which every rule is checked on
 *   evidence/        pairs of checkpoints that contradict each other, in the same form, named by
 *                    size and the first digits of the hash: whoever has the log's key can verify
 *                    both, and needs nothing else to see that the log signed two histories
 *
 * A look, in its order: the checkpoint is read and held against the policy's keys; against the one
 * before, by the tree itself; against the policy's quorum; then what is new is copied, and all of
 * the ledger audited; what is new is told; and the checkpoint is remembered. A look that is cut
 * off changes nothing that counts: the next one tells the same statements again.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/log/policy.h"
#include "ledger/store/store.h"

#include <stdbool.h>
#include <stdint.h>

struct monitor {
    const char *place;           /* a site, or a ledger file */
    const char *folder;          /* of the state; made when it is missing */
    const struct policy *policy; /* whom to believe */
    unsigned thread_count;

    /* Told about each new statement, after all of them were checked. */
    store_visit_entry *statement;
    void *context;
};

/* What a look found. */
struct monitor_look {
    bool is_first;       /* nothing was known before */
    uint64_t old_size;   /* 0 when nothing was */
    uint64_t size;       /* of the checkpoint */
    size_t signed_count; /* witnesses of the policy that signed it */
};

#define MONITOR_FORK "FORK"
#define MONITOR_ROLLBACK "ROLLBACK"
#define MONITOR_INCOMPLETE "INCOMPLETE"

/*
 * Takes one look.
 *
 * Errors  by the failure's code: FORK, when two checkpoints of the log contradict each other, and
 *         ROLLBACK, when the ledger is shorter than before (both STATUS_UNTRUSTED, with evidence
 *         kept); INCOMPLETE when the quorum is not reached (STATUS_CONFLICT); STATUS_UNTRUSTED
 *         when anything else is wrong; STATUS_STORAGE and STATUS_NOT_FOUND when it could not be
 *         looked.
 */
enum status monitor_look(const struct monitor *monitor, struct monitor_look *ret_look,
                         struct failure *failure);
