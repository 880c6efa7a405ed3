/*
 * Records: reading a table of records from a file, and keeping the salts of a commitment.
 *
 * The table and the salts are personal data. They are read where they lie and never copied; the
 * salts are written to a file of their own, which only its owner can read, and which no command
 * overwrites: without it nobody can ever show again what a measurement was made of.
 */
#pragma once

#include "cli/command.h"
#include "cli/file.h"
#include "contracts/records/measuring.h"
#include "contracts/state/state.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stdio.h>

/* Sets separator and decimal comma as the command line says. Errors: STATUS_INVALID. */
enum status records_plan_format(const struct invocation *invocation, struct measuring_plan *plan,
                                struct failure *failure);

/*
 * Goes through the table of --records, with progress on a terminal.
 *
 * Owner   `*ret_measuring` is the caller's.
 * Errors  those of measuring_push; STATUS_NOT_FOUND, STATUS_STORAGE.
 */
enum status records_read(const struct invocation *invocation, const struct measuring_plan *plan,
                         const struct measuring_hooks *hooks, struct measuring **ret_measuring,
                         struct failure *failure);

/* What a measurement or correction states; NULL for another kind. */
const struct measurement *records_measurement(const struct statement *statement);

/*
 * Finds the period that a measurement or correction is about, and fills in its plan.
 *
 * Errors  PERIOD_UNKNOWN, MEASUREMENT_UNKNOWN, RECORDS_UNDECLARED; those of records_plan_format.
 */
enum status records_plan(const struct invocation *invocation, const struct state_contract *contract,
                         const struct statement *statement, struct measuring_plan *plan,
                         struct failure *failure);

/* The file that a failure is about: --records when its place is a row of it, else "". */
const char *records_failed_file(const struct invocation *invocation, const struct failure *failure);

/* --- Salts --- */

#define SALTS_AT_ONCE 256

/* New salts, kept in a file with mode 0600. */
struct salts_out {
    struct file_out file;
    size_t left; /* of `ready` */
    uint8_t ready[SALTS_AT_ONCE][RECORD_SALT_SIZE];
    struct buffer lines;
};

/* Errors: STATUS_CONFLICT when the file exists; STATUS_STORAGE. */
enum status salts_out_open(struct salts_out *out, const char *path, struct failure *failure);

/* A hook for `struct measuring_hooks`, whose context is a salts_out. */
enum status salts_out_next(void *context, uint64_t index, uint8_t ret_salt[static RECORD_SALT_SIZE],
                           struct failure *failure);
enum status salts_out_commit(struct salts_out *out, struct failure *failure);
void salts_out_release(struct salts_out *out); /* for OWNED; forgets what was not committed */

/* Salts that were kept. */
struct salts_in {
    FILE *file;
    const char *path;
    uint64_t count; /* lines read */
};

enum status salts_in_open(struct salts_in *in, const char *path, struct failure *failure);

/* The same kind of hook. Errors: RECORDS_DIFFER when there are fewer; STATUS_INVALID. */
enum status salts_in_next(void *context, uint64_t index, uint8_t ret_salt[static RECORD_SALT_SIZE],
                          struct failure *failure);

/* Checks that none is left. Errors: RECORDS_DIFFER. */
enum status salts_in_end(struct salts_in *in, struct failure *failure);
void salts_in_release(struct salts_in *in); /* for OWNED */
