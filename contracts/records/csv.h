/*
 * CSV: a table of text, read as a stream by a small strict state machine.
 *
 * RFC 4180 with rows that end in CRLF or LF: cells are separated by one character; a cell that is
 * put in quotes may hold separators, line breaks and doubled quotes. What is often guessed at is
 * refused instead: a quote inside a cell that does not begin with one, anything between a closing
 * quote and the separator, a carriage return on its own, an empty line, rows of different lengths,
 * control characters, bytes that are not UTF-8. A byte order mark at the start is dropped.
 *
 * Bytes are pushed in pieces of any size; each complete row is handed to a visitor. Memory is
 * bounded by one row.
 *
 * Failures are RECORDS_MALFORMED at "row 3, column 2", counted from 1 as a spreadsheet does: the
 * header is row 1. They never show what stands in a cell, which may be personal.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_COLUMNS_MAX 1000
#define CSV_ROW_SIZE_MAX ((size_t)1 << 20)

enum csv_state {
    CSV_CELL_START,   /* nothing of the cell was read */
    CSV_PLAIN,        /* in a cell without quotes */
    CSV_QUOTED,       /* after the opening quote */
    CSV_AFTER_QUOTE,  /* after a quote in a quoted cell: its end, or half of a doubled one */
    CSV_AFTER_RETURN, /* after a carriage return: a newline must follow */
};

/* A row; the views are valid during the visit. */
struct csv_row {
    uint64_t number; /* from 1 */
    size_t count;
    const struct view *cells;
};

typedef enum status csv_visit(void *context, const struct csv_row *row, struct failure *failure);

struct csv {
    char separator;
    csv_visit *visit;
    void *context;
    enum csv_state state;
    size_t mark_size; /* bytes of a byte order mark that were matched; 4: no longer asked */
    bool had_mark;    /* it was dropped */
    uint64_t row;     /* rows handed out */
    size_t width;     /* cells of the first row */
    size_t cell_count;
    size_t ends[CSV_COLUMNS_MAX]; /* where each cell of the row ends in `bytes` */
    struct view cells[CSV_COLUMNS_MAX];
    struct buffer bytes; /* the cells of the row, without quotes and separators */
    bool is_plain[256];  /* bytes that stand for themselves in every state */
};

/* Shapes: `separator` is an ASCII character that is no quote, digit, letter or line break. */
void csv_init(struct csv *csv, char separator, csv_visit *visit, void *context);
void csv_release(struct csv *csv);

/* Takes the next bytes. Errors: RECORDS_MALFORMED; the visitor's; STATUS_MEMORY. */
enum status csv_push(struct csv *csv, struct view bytes, struct failure *failure);

/* Says that there are no more: hands out a last row that has no line break. Errors: the same. */
enum status csv_end(struct csv *csv, struct failure *failure);

/* Fills a failure with RECORDS_MALFORMED at a row and column, both from 1; column 0 for none. */
enum status csv_refuse(struct failure *failure, uint64_t row, size_t column, const char *reason);
