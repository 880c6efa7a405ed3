/*
 * Aggregation: how measured numbers come out of records, as a contract declares it.
 *
 * A contract may describe the records behind its measurements: the columns of a table, which of
 * them names the person, and how few people a published number may be about. An outcome may then
 * say, field by field, how the number is made of the rows. The records themselves never enter the
 * ledger; contracts/records computes with them.
 *
 * Here are the declarations, read and checked. Decimals and dates stay texts, which were checked.
 */
#pragma once

#include "contracts/shape/shape.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RECORDS_COLUMNS_MAX 100
#define RECORDS_CELL_MIN 2 /* of minimum_cell */
#define RECORDS_CELL_MAX 1000
#define RECORDS_TESTS_MAX 20 /* of one `where` */
#define RECORDS_PRICES_MAX 100
#define RECORDS_VALUE_MAX 1000 /* code points of what a cell is compared with */

enum record_type { RECORD_TEXT, RECORD_DECIMAL, RECORD_DATE };
extern const char *const RECORD_TYPE_NAMES[3]; /* "text", "decimal", "date" */

struct record_column {
    struct view name;
    enum record_type type;
    bool is_optional; /* a cell may be empty; else its row is missing */
};

/* What becomes of a row that lacks a required cell. */
enum record_missing {
    RECORD_MISSING_REFUSED, /* nothing is measured */
    RECORD_MISSING_COUNTED, /* it is committed to, and enters no aggregate */
};

/* The member `records` of a contract. */
struct record_form {
    size_t column_count; /* 0: the contract has no records */
    struct record_column *columns;
    struct view person_name;
    size_t person;        /* column; set by records_check */
    int32_t minimum_cell; /* no number is about fewer people, unless it is about nobody */
    enum record_missing missing;
};

enum record_comparison {
    RECORD_EQUALS,
    RECORD_NOT_EQUALS,
    RECORD_AT_LEAST,
    RECORD_AT_MOST,
    RECORD_ABOVE,
    RECORD_BELOW,
    RECORD_COMPARISON_COUNT,
};
extern const char *const RECORD_COMPARISON_NAMES[RECORD_COMPARISON_COUNT];

/* {"column": "days", "at_least": "30"} */
struct record_test {
    struct view column_name;
    size_t column; /* set by records_check */
    enum record_comparison comparison;
    struct view value; /* of the column's type */
};

/* All of them hold; none at all hold for every row. */
struct record_where {
    size_t count;
    struct record_test *tests;
};

enum aggregate_kind {
    AGGREGATE_COUNT,      /* rows */
    AGGREGATE_DISTINCT,   /* different values of a column */
    AGGREGATE_SUM,        /* of a column */
    AGGREGATE_MEAN,       /* of a column */
    AGGREGATE_SHARE,      /* of the rows, those for which more holds */
    AGGREGATE_PER_PERSON, /* what each person's rows are worth, up to a maximum */
    AGGREGATE_KIND_COUNT,
};
extern const char *const AGGREGATE_NAMES[AGGREGATE_KIND_COUNT];

struct record_price {
    struct record_where where;
    struct view price; /* a decimal, not below zero */
};

/* How one number is made of the rows that `where` and `within` choose. */
struct aggregate {
    enum aggregate_kind kind;
    struct view column_name; /* distinct, sum, mean */
    size_t column;           /* set by records_check */
    struct record_where where;
    struct view within_name; /* a date column: only rows of the measured period; size 0 absent */
    size_t within;           /* set by records_check */
    struct record_where share;
    size_t price_count;
    struct record_price *prices;
    struct view at_most; /* per_person: for each of them */
};

/* Whether it gives a quotient, which need not be a decimal. */
static inline bool aggregate_is_quotient(const struct aggregate *aggregate)
{
    return aggregate->kind == AGGREGATE_MEAN || aggregate->kind == AGGREGATE_SHARE;
}

/* Reads the member `records` of a contract. */
enum status record_form_read(const struct json *node, struct arena *arena,
                             struct record_form *ret_form, struct failure *failure);

/* Reads one aggregate. */
enum status aggregate_read(const struct json *node, struct arena *arena,
                           struct aggregate **ret_aggregate, struct failure *failure);

struct terms;

/*
 * Checks what a contract says about records: columns exist and are of a type that can be asked for,
 * and each aggregate can be stated in its field. Fills what is "set by records_check".
 *
 * Errors  NAME_REPEATED, RECORDS_COLUMN, RECORDS_AGGREGATION.
 */
enum status records_check(struct record_form *form, struct terms *terms, struct failure *failure);
