/*
 * Table: rows of cells under headings, in columns that fit what stands in them.
 *
 *     item                  counted        paid              price          amount
 *     Back in work       120 person  100 person  SEK 700.00/person   SEK 70,000.00
 *       held at most 100 person
 *
 * Cells are added from left to right, row by row. Texts stand to the left and numbers to the right;
 * a first column that would make the rows wider than DISPLAY_COLUMNS is broken into lines. What a
 * TABLE_NOTE column holds stands on a line of its own below the row. A column without any content
 * is left out.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_COLUMNS_MAX 8

enum table_kind {
    TABLE_TEXT,
    TABLE_NUMBER,
    TABLE_NOTE, /* only as the last column */
};

struct table_column {
    const char *heading; /* translated; "" for a note */
    enum table_kind kind;
    size_t width; /* of its widest cell; 0: it has no content */
};

struct table {
    size_t column_count;
    struct table_column columns[TABLE_COLUMNS_MAX];
    size_t cell_count;
    struct buffer cells; /* each ends with a NUL */
};

/* An empty table with the headings and kinds of `columns`, which it copies. */
void table_init(struct table *table, const struct table_column *columns, size_t count);
void table_release(struct table *table); /* for OWNED(table_release) */

/* Adds the next cell. Errors: STATUS_LIMIT when the table is over a megabyte; STATUS_MEMORY. */
enum status table_add(struct table *table, struct view text);

/* Prints the headings and the rows, each after `indent` spaces. The last row is complete. */
void table_print(const struct table *table, size_t indent);
