/*
 * Tally: one number made of records, row by row, in exact arithmetic.
 *
 * Beside the number a tally knows how many different people it is about, which decides whether it
 * may be published. People are told apart by a number that the caller gives each of them.
 *
 * Memory: a bit for each person; 16 bytes more for each person of a per_person aggregate; 40 bytes
 * for each different value that is counted.
 */
#pragma once

#include "contracts/number/date.h"
#include "contracts/number/rational.h"
#include "contracts/records/digest_set.h"
#include "contracts/records/record.h"

/* Different people, as bits. */
struct people {
    uint64_t count;
    size_t size; /* bytes */
    uint8_t *bits;
};
void people_release(struct people *people);
/* Errors: STATUS_MEMORY. */
enum status people_add(struct people *people, size_t person);

/* What is compared with, read once. */
struct tally_test {
    int128 decimal;
    int32_t day;
};

struct tally {
    const struct aggregate *aggregate;
    const struct record_form *form;
    int32_t from_day; /* the period, both included */
    int32_t to_day;
    struct tally_test *tests; /* of where, share and prices, one after the other; owned */
    int128 *prices;           /* owned */
    int128 at_most;
    uint64_t rows;        /* that the number is made of */
    uint64_t share_rows;  /* of them, those for which more holds */
    struct people people; /* behind the rows */
    struct people share_people;
    int128 whole; /* a sum, in two parts so that no number of rows can overflow it */
    int128 fraction;
    struct digest_set distinct;
    size_t worth_count;
    int128 *worth; /* [person], up to at_most; owned */
};

/* Shapes: the aggregate was checked, and outlives the tally. Errors: STATUS_MEMORY. */
enum status tally_init(struct tally *tally, const struct aggregate *aggregate,
                       const struct record_form *form, struct date from, struct date to);
void tally_release(struct tally *tally); /* of a zeroed or initialised one */

/* Adds a complete record. Errors: STATUS_MEMORY, STATUS_LIMIT. */
enum status tally_add(struct tally *tally, const struct record *record, size_t person);

/* A number, or a quotient whose divisor may be zero. */
struct tally_result {
    bool is_quotient;
    struct rational value; /* or the numerator */
    struct rational divisor;
};
void tally_result_init(struct tally_result *result);
void tally_result_release(struct tally_result *result); /* for OWNED */

/* Shapes: `ret_result` is initialised. Errors: STATUS_LIMIT. */
enum status tally_result(const struct tally *tally, struct tally_result *ret_result);

/*
 * Whether some number of it is about somebody, but fewer than `minimum` people; a number of
 * different values below the minimum is refused too.
 */
bool tally_is_small(const struct tally *tally, int32_t minimum);
