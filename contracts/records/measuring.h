/*
 * Measuring: a file of records becomes a measurement: numbers, and a commitment to the records.
 *
 * The commitment is the root of an RFC 6962 tree whose leaves are SHA-256(0x00 || salt || record):
 * 32 random bytes, and the record in canonical form. It tells nothing about any record without its
 * salt. Records can be gone through again later, with the same salts, and one record can be shown
 * with its salt and its path to the root; nobody has to keep either for the ledger to stay valid.
 *
 * Bytes are pushed in pieces; memory is bounded by what the tallies keep for each person.
 */
#pragma once

#include "contracts/records/csv.h"
#include "contracts/records/record.h"
#include "contracts/records/tally.h"
#include "contracts/statement/statement.h"
#include "ledger/log/merkle.h"

#define RECORD_SALT_SIZE 32
#define RECORD_COUNT_MAX INT32_MAX

/* A record that was committed to; valid during the visit. */
struct committed_record {
    uint64_t row;   /* of the file */
    uint64_t index; /* of the record, from 0 */
    const uint8_t *salt;
    struct view text; /* canonical */
    struct hash leaf;
};

/* Where salts come from, and who else wants to see the records. */
struct measuring_hooks {
    void *context;
    /* Gives the salt of the next record. NULL: nothing is committed to. */
    enum status (*salt)(void *context, uint64_t index, uint8_t ret_salt[static RECORD_SALT_SIZE],
                        struct failure *failure);
    /* May be NULL, and is not called without salts. */
    enum status (*visit)(void *context, const struct committed_record *record,
                         struct failure *failure);
};

struct measuring_plan {
    const struct contract *contract; /* checked; has records */
    size_t period;
    struct view evaluator; /* whose outcomes; they have aggregations */
    char separator;
    bool has_decimal_comma;
};

struct measuring;

/* Owner: the plan's contract and the hooks are borrowed. Errors: STATUS_MEMORY. */
enum status measuring_new(const struct measuring_plan *plan, const struct measuring_hooks *hooks,
                          struct measuring **ret_measuring);
void measuring_free(struct measuring *measuring);
void measuring_freep(struct measuring **measuring); /* for OWNED */

/* Errors: RECORDS_MALFORMED, RECORDS_INCOMPLETE; the hooks' own; STATUS_LIMIT, STATUS_MEMORY. */
enum status measuring_push(struct measuring *measuring, struct view bytes, struct failure *failure);
enum status measuring_end(struct measuring *measuring, struct failure *failure);

/* What was gone through. */
struct measuring_counts {
    uint64_t records;
    uint64_t missing_records;
    uint64_t people;
    uint64_t missing_people; /* of whom some record is missing */
    size_t other_columns;    /* of the file, which the contract does not have */
    bool had_mark;           /* a byte order mark was dropped */
};
void measuring_count(const struct measuring *measuring, struct measuring_counts *ret_counts);

/* The root over all records. Shapes: there were salts. */
struct hash measuring_root(const struct measuring *measuring);

/*
 * The numbers of each outcome that aggregates something, in the contract's order. Views and numbers
 * belong to `measuring`. A quotient that is no decimal is stated as numerator and denominator.
 *
 * `is_published`: refuse what would be about too few people.
 *
 * Errors  RECORDS_CELL_TOO_SMALL, RECORDS_EMPTY, MEASUREMENT_RANGE, with `at` =
 *         "/<outcome>/<field>".
 */
enum status measuring_values(struct measuring *measuring, bool is_published,
                             const struct measured_value **ret_values, size_t *ret_count,
                             struct failure *failure);

/* Whether a number of people is between 1 and the contract's minimum cell. */
bool measuring_is_small(const struct measuring *measuring, uint64_t people);

/* The leaf of a record. Errors: STATUS_MEMORY. */
enum status record_leaf(const uint8_t salt[static RECORD_SALT_SIZE], struct view text,
                        struct hash *ret_leaf);
