#include "cli/table.h"

#include "cli/display.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define CELLS_SIZE_MAX ((size_t)1024 * 1024)
#define GAP 2 /* spaces between columns, and before a note */
#define FIRST_WIDTH_MIN 16

void table_init(struct table *table, const struct table_column *columns, size_t count)
{
    assert(count >= 1 && count <= TABLE_COLUMNS_MAX);
    *table = (struct table){.column_count = count};
    buffer_init(&table->cells, CELLS_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(columns[i].kind != TABLE_NOTE || i + 1 == count);
        table->columns[i] = columns[i];
        table->columns[i].width = 0;
    }
}

void table_release(struct table *table)
{
    buffer_release(&table->cells);
}

enum status table_add(struct table *table, struct view text)
{
    TRY(buffer_append(&table->cells, text));
    TRY(buffer_append_byte(&table->cells, '\0'));
    struct table_column *column = &table->columns[table->cell_count % table->column_count];
    size_t width = display_width(text);
    if (width > 0 && column->width == 0) {
        column->width = display_width(view_of(column->heading));
    }
    column->width = width > column->width ? width : column->width;
    table->cell_count++;
    return STATUS_OK;
}

/* How wide the first column may be, so that the others stand beside it. */
static size_t first_width(const struct table *table, size_t indent)
{
    size_t others = indent;
    for (size_t i = 1; i < table->column_count; i++) {
        const struct table_column *column = &table->columns[i];
        if (column->kind != TABLE_NOTE && column->width > 0) {
            others += GAP + column->width;
        }
    }
    size_t left = others + FIRST_WIDTH_MIN < DISPLAY_COLUMNS ? DISPLAY_COLUMNS - others
                                                             : (size_t)FIRST_WIDTH_MIN;
    return table->columns[0].width < left ? table->columns[0].width : left;
}

static void print_spaces(size_t count)
{
    printf("%*s", (int)count, "");
}

/* One more than the last column that this row has something in, notes aside. */
static size_t row_end(const struct table *table, const struct view *cells)
{
    size_t end = table->column_count;
    while (end > 1 && (table->columns[end - 1].kind == TABLE_NOTE || cells[end - 1].size == 0)) {
        end--; /* stops at the first column */
    }
    return end;
}

/* Prints all columns but the first and the note, and ends the line. */
static void print_others(const struct table *table, const struct view *cells)
{
    size_t end = row_end(table, cells);
    for (size_t i = 1; i < end; i++) {
        const struct table_column *column = &table->columns[i];
        if (column->width == 0) {
            continue;
        }
        size_t room = column->width - display_width(cells[i]);
        print_spaces(GAP);
        print_spaces(column->kind == TABLE_NUMBER ? room : 0);
        printf("%.*s", VIEW_ARGS(cells[i]));
        print_spaces(column->kind == TABLE_NUMBER || i + 1 == end ? 0 : room);
    }
    printf("\n");
}

/* A row whose first cell is wider than its column ends with the line that has the other cells. */
static void print_row(const struct table *table, const struct view *cells, size_t first,
                      size_t indent)
{
    struct view rest = cells[0];
    struct view line = {0};
    print_spaces(indent);
    (void)display_cut(&rest, first, &line);
    while (rest.size > 0) { /* each turn takes a byte */
        printf("%.*s\n", VIEW_ARGS(line));
        print_spaces(indent);
        (void)display_cut(&rest, first, &line);
    }
    display_padded(line, first);
    print_others(table, cells);
}

static void print_note(const struct table *table, const struct view *cells, size_t indent)
{
    size_t last = table->column_count - 1;
    if (table->columns[last].kind == TABLE_NOTE && cells[last].size > 0) {
        print_spaces(indent + GAP);
        display_paragraph(cells[last], indent + GAP);
    }
}

void table_print(const struct table *table, size_t indent)
{
    assert(table->cell_count % table->column_count == 0);
    struct view cells[TABLE_COLUMNS_MAX];
    const size_t first = first_width(table, indent);
    for (size_t i = 0; i < table->column_count; i++) {
        cells[i] = view_of(table->columns[i].heading);
    }
    print_row(table, cells, first, indent);

    const char *at = table->cells.data;
    for (size_t row = 0; row < table->cell_count / table->column_count; row++) {
        for (size_t i = 0; i < table->column_count; i++) {
            cells[i] = view_of(at);
            at += cells[i].size + 1;
        }
        print_row(table, cells, first, indent);
        print_note(table, cells, indent);
    }
}
