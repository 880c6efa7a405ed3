/*
 * Bundle: proofs and cases, checked without a ledger. Shared by `utfall verify FILE` and by
 * utfall-verify, which contains nothing else.
 *
 *     X.case                one contract with all that decides about it
 *     X.tlog-proof X.note   one statement is an entry of the log
 *
 * Three steps: every file is read whole, rights that are not needed any more are given up, and only
 * then is looked at what the files say. Nothing is fetched and no clock is read.
 *
 * What is false ends with exit status 1. What was asked and could not be established, because a
 * key, a cosignature or a file is missing, is a *doubt*: it is told, and ends with 3.
 */
#pragma once

#include "cli/command.h"
#include "contracts/case/case.h"
#include "ledger/log/policy.h"
#include "ledger/log/proof.h"

#include <stdbool.h>

#define BUNDLE_FILES_MAX 2

/* How the log's key came to be known. */
enum bundle_key {
    BUNDLE_KEY_NONE,   /* not at all: the checkpoint's signature was not checked */
    BUNDLE_KEY_POLICY, /* it is one of the policy's logs */
    BUNDLE_KEY_GIVEN,  /* it was given by --vkey */
    BUNDLE_KEY_CASE,   /* it stands in the case's own charter, and nobody else vouches for it */
};

/* What was asked and could not be established: bits. */
enum bundle_doubt {
    BUNDLE_DOUBT_LOG_KEY = 1,        /* whose key the log's key is */
    BUNDLE_DOUBT_QUORUM = 2,         /* too few witnesses of the given policy signed */
    BUNDLE_DOUBT_CHARTER_POLICY = 4, /* of the policy in the charter, or it cannot be read */
    BUNDLE_DOUBT_STATEMENT = 8,      /* what the proof is about: the note is missing */
    BUNDLE_DOUBT_INCLUSION = 16,     /* that the note is in the log: the proof is missing */
};

struct bundle_file {
    const char *path;
    struct buffer bytes;
};

/* Everything that a report can tell. */
struct bundle {
    const struct invocation *invocation;
    size_t file_count;
    struct bundle_file files[BUNDLE_FILES_MAX];
    struct bundle_file policy_file; /* path NULL: none was given */

    unsigned doubts;
    enum bundle_key key_from;
    struct note_key log;          /* unless BUNDLE_KEY_NONE */
    struct policy *policy;        /* by which witnesses were counted: given, or the charter's */
    bool is_charter_policy;       /* it is the charter's */
    struct policy_result witness; /* when there is a policy */
    struct checkpoint checkpoint;

    bool is_case;
    struct case_file file;
    struct state *state;         /* of a case */
    struct case_finding finding; /* of a case */

    bool has_proof;
    struct proof proof;
    struct statement *statement; /* the note beside a proof */
    size_t verified_count;       /* of its signatures, by keys that were given */
};

/*
 * Gives up rights that are not needed any more. `ret_is_confined` says whether this system could.
 *
 * Errors  STATUS_STORAGE when it should have been possible and was not.
 */
typedef enum status bundle_confine(bool *ret_is_confined, struct failure *failure);

/*
 * Checks the files that are the operands, prints the report and returns the exit status.
 *
 * Shapes  `policy` is the path of a tlog-policy, or NULL; `confine` may be NULL.
 */
int bundle_verify(const struct invocation *invocation, const char *policy, bundle_confine *confine);

/* Whether a file begins as a proof or a case does. False when it cannot be read. */
bool bundle_is_one(const char *path);

/* --- report.c --- */

/* Prints what was established and what was not, for people. */
enum status bundle_report(const struct bundle *bundle);

/* The same for programs. Owner: `*ret_object` is the caller's. */
enum status bundle_report_json(const struct bundle *bundle, struct json **ret_object);
