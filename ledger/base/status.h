/*
 * Status: what a caller should do next; failure: what a person should read.
 *
 * Library code never prints, logs or exits. A function that can fail returns an `enum status`,
 * and when a person will want to know why, takes a `struct failure *` as its last parameter and
 * fills it through fail(). The status is must-use by type (C23), so a forgotten one is a warning.
 *
 * A failure carries a stable `code` for programs: the name of the status, or the name of a domain
 * rule (contracts/state/rules.def) when a rule refused. It holds no pointers and allocates
 * nothing, so it works when memory has run out.
 */
#pragma once

#include <stddef.h>

#if __STDC_VERSION__ > 201710L
#define MUST_USE [[nodiscard]]
#else
#define MUST_USE
#endif

#define PRINTF_LIKE(position, first) __attribute__((__format__(printf, position, first)))

/* One value per *reaction*, not per cause: the cause is told in struct failure. */
enum MUST_USE status {
    STATUS_OK = 0,
    STATUS_INVALID,   /* malformed, or breaks a rule: its author must change it */
    STATUS_UNTRUSTED, /* well formed, but a hash, signature or proof does not match */
    STATUS_NOT_FOUND, /* asked for something that is not in the ledger */
    STATUS_CONFLICT,  /* right when read, stale now: reload and try again */
    STATUS_LIMIT,     /* beyond a bound in limits.h, or an amount beyond its type */
    STATUS_MEMORY,    /* allocation failed; nothing was changed */
    STATUS_STORAGE,   /* the database or the file system failed */
};

#define FAILURE_CODE_SIZE 48
#define FAILURE_AT_SIZE 200
#define FAILURE_REASON_SIZE 600

/*
 * Why a call failed, for people. Owned by the caller, usually on its stack. Untouched on
 * STATUS_OK.
 */
struct failure {
    enum status status;
    char code[FAILURE_CODE_SIZE];     /* stable name for programs: "INVALID", "CHAIN_STALE" */
    char at[FAILURE_AT_SIZE];         /* where: a JSON Pointer (RFC 6901), "entry 17", a file */
    char reason[FAILURE_REASON_SIZE]; /* one sentence, no newline, never a secret */
};

/* Returns the stable upper-case name of a status: "OK", "INVALID", ... */
const char *status_name(enum status status);

/*
 * Fills `failure` (when it is not NULL) and returns `status`, so that a refusal is one line.
 *
 * `at` may be "" when there is no place to name. Control characters in the formatted reason are
 * shown as '?', so that a hostile document cannot write to a terminal through us; a reason that
 * is too long is cut.
 */
enum status fail(struct failure *failure, enum status status, const char *at, const char *format,
                 ...) PRINTF_LIKE(4, 5);

/* As fail(), with a `code` of its own instead of the name of the status. */
enum status fail_code(struct failure *failure, enum status status, const char *code, const char *at,
                      const char *format, ...) PRINTF_LIKE(5, 6);

/* Puts `where` in front of a failure's place, with no separator: "/lines/3" + "/to". */
void failure_prefix(struct failure *failure, const char *where);

/* Fills `failure` with the standard sentence for a failed allocation; returns STATUS_MEMORY. */
enum status fail_memory(struct failure *failure);

/*
 * Puts reasons into another language: `translate` is given the format of each reason, and returns
 * one with the same directives. NULL, as it is at first, leaves them as they are. Set once, before
 * other threads begin.
 */
typedef const char *failure_translate(const char *format);
void failure_translate_by(failure_translate *translate);

/* The format, or its translation: for who fills in a reason before it calls fail(). */
const char *failure_format(const char *format) __attribute__((__format_arg__(1)));

/* Returns from the calling function when `call` fails. The only macro that hides a return. */
#define TRY(call)                         \
    do {                                  \
        enum status try_status_ = (call); \
        if (try_status_ != STATUS_OK) {   \
            return try_status_;           \
        }                                 \
    } while (0)
