/*
 * Record: one row of a table, as the contract describes it: typed, and with one spelling.
 *
 * The header names the columns; those of the contract are found by name, in any order, and others
 * are left out. A cell has one spelling whatever program wrote the file: a decimal loses zeros at
 * the end of its fraction, and its comma if that was asked for. The canonical form of a record (RFC
 * 8785) is an object of strings, one for each column of the contract, "" for an empty cell; it is
 * what a measurement commits to.
 */
#pragma once

#include "contracts/records/csv.h"
#include "contracts/terms/aggregation.h"

/* Decimals are computed with in units of 10^-12, the finest that they can be written in. */
__extension__ typedef __int128 int128;
#define RECORD_SCALE INT64_C(1000000000000)
#define RECORD_DECIMAL_SIZE 40

struct record_cell {
    struct view text; /* in its one spelling */
    int128 decimal;   /* of a decimal, scaled */
    int32_t day;      /* of a date; date_day_number */
    char written[RECORD_DECIMAL_SIZE];
};

struct record {
    uint64_t row;                    /* of the file, from 1 */
    const struct record_cell *cells; /* [column of the contract] */
    bool is_complete;                /* every required cell is there */
};

struct record_reader {
    const struct record_form *form;
    bool has_decimal_comma;
    size_t places[RECORDS_COLUMNS_MAX]; /* [column of the contract]: its place in the file */
    size_t order[RECORDS_COLUMNS_MAX];  /* columns in the order of the canonical form */
    size_t other_count;                 /* columns of the file that the contract does not have */
    struct record_cell cells[RECORDS_COLUMNS_MAX];
};

void record_reader_init(struct record_reader *reader, const struct record_form *form,
                        bool has_decimal_comma);

/* Reads the header. Errors: RECORDS_MALFORMED when a column is not there, or is there twice. */
enum status record_read_header(struct record_reader *reader, const struct csv_row *row,
                               struct failure *failure);

/*
 * Reads a row; the record is valid until the next one.
 *
 * Errors  RECORDS_MALFORMED; RECORDS_INCOMPLETE when a cell is missing that the contract refuses
 *         to miss. What stands in a cell is never shown.
 */
enum status record_read(struct record_reader *reader, const struct csv_row *row,
                        struct record *ret_record, struct failure *failure);

/* Appends the canonical form of a record. Errors: STATUS_LIMIT, STATUS_MEMORY. */
enum status record_write(const struct record_reader *reader, const struct record *record,
                         struct buffer *buffer);

/* The value of a decimal as contracts write it, scaled. Shapes: `text` is one. */
int128 record_decimal(struct view text);
