/*
 * Policy: whom a reader trusts, and how many witnesses must have signed; C2SP tlog-policy.
 *
 *     log <vkey> [url]
 *     witness <name> <vkey> [url]
 *     group <name> all|any|<k> <member>...
 *     quorum <name>|none                       exactly one
 *
 * One item a line; items are separated by spaces and tabs; empty lines and lines that start with
 * '#' say nothing. A checkpoint is good when a log of the policy signed it and the quorum holds: a
 * witness holds when it cosigned, a group when at least k of its members hold. Names are bytes,
 * mean nothing outside the file, and are defined before they are used; each is a member of at most
 * one group, so that a witness counts in one way only. Two logs, or two witnesses, with one public
 * key are refused, however they are called.
 *
 * Stricter than the specification, so that the order of lines in a note never matters: every line
 * by a known key must verify, and repeated lines by one key are refused (by note_parse).
 *
 * Pure: no clock, no I/O; times are handed out, not judged.
 *
 * Source  c2sp.org/tlog-policy (C2SP at 5ba5ee8).
 */
#pragma once

#include "ledger/base/ownership.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/log/checkpoint.h"
#include "ledger/log/cosignature.h"
#include "ledger/log/note.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "Strongly recommended that an implementation supports at least up to 32" of each. */
#define POLICY_LOGS_MAX 32
#define POLICY_WITNESSES_MAX 63 /* with the log's line they fit in a note: NOTE_SIGNATURES_MAX */
#define POLICY_GROUPS_MAX 64
#define POLICY_SIZE_MAX 262144
#define POLICY_NODES_MAX (POLICY_WITNESSES_MAX + POLICY_GROUPS_MAX)

/* "No node": the quorum `none`, and what is a member of no group. */
#define POLICY_NONE SIZE_MAX

struct policy_log {
    struct note_key key; /* of type Ed25519; its name is the log's origin */
    struct view url;     /* empty when there is none */
};

struct policy_witness {
    struct view name; /* in the policy; the name in notes is the cosigner's */
    struct cosigner cosigner;
    struct view url; /* submission prefix; empty when there is none */
};

/* A witness or a group, in the order of their definition. */
struct policy_node {
    struct view name;
    size_t witness;   /* index of the witness, or POLICY_NONE for a group */
    size_t threshold; /* of a group: how many members must hold */
    size_t parent;    /* the node of the group it is a member of (a later one), or POLICY_NONE */
};

/* A parsed policy; every view points into `text`, which it owns. */
struct policy {
    char *text;
    size_t log_count;
    struct policy_log logs[POLICY_LOGS_MAX];
    size_t witness_count;
    struct policy_witness witnesses[POLICY_WITNESSES_MAX];
    size_t node_count;
    struct policy_node nodes[POLICY_NODES_MAX];
    size_t quorum; /* a node, or POLICY_NONE for `quorum none` */
};

/*
 * Parses a policy.
 *
 * Owner   `*ret_policy` is the caller's; it keeps a copy of the text.
 * Errors  STATUS_INVALID with the line that is wrong; STATUS_LIMIT beyond a maximum above;
 *         STATUS_MEMORY.
 */
enum status policy_parse(struct view text, struct policy **ret_policy, struct failure *failure);

/* Frees. Accepts NULL. For OWNED(policy_freep). */
void policy_free(struct policy *policy);
void policy_freep(struct policy **policy);

/* What became of one witness of the policy. */
enum policy_witnessed {
    POLICY_ABSENT,   /* no line by it */
    POLICY_SIGNED,   /* its line verifies */
    POLICY_UNUSABLE, /* there is a line, of a type that this program cannot verify */
};

enum policy_quorum {
    POLICY_HOLDS,
    POLICY_INCOMPLETE, /* the checkpoint may be good, and too few usable witnesses signed it */
};

/* What a checkpoint has to show for itself. */
struct policy_result {
    struct checkpoint checkpoint; /* a view into the note that was checked */
    const struct note_key *log;   /* who signed it: into the policy, or the `log` asked for */
    enum policy_quorum quorum;
    size_t signed_count;                                   /* witnesses of the policy that signed */
    enum policy_witnessed witnessed[POLICY_WITNESSES_MAX]; /* by index of the witness */
    uint64_t times[POLICY_WITNESSES_MAX];                  /* of those that signed */
};

/*
 * Checks a checkpoint, as a signed note with its cosignatures, against a policy.
 *
 * `log` names the one log that is meant, when the caller knows it from elsewhere; it must be among
 * the policy's logs unless that lists none. With NULL any log of the policy will do.
 *
 * Errors  STATUS_INVALID when the note is malformed; STATUS_UNTRUSTED when no log that is accepted
 *         signed it, or a line by a known log or witness does not verify. A quorum that is not
 *         reached is no error: the caller looks at `quorum`.
 */
enum status policy_check(const struct policy *policy, const struct note_key *log, struct view note,
                         struct policy_result *ret_result, struct failure *failure);

/* Whether the quorum holds when exactly the witnesses marked in `has_signed` signed. */
bool policy_quorum_holds(const struct policy *policy,
                         const bool has_signed[static POLICY_WITNESSES_MAX]);
