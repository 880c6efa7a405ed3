/*
 * Fuzz: any bytes are refused as a table, or are rows that are the same however the bytes arrive,
 * and that come back when they are written with quotes.
 *
 * The first byte chooses the separator; the rest is the table.
 */
#include "contracts/records/csv.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdlib.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* What was read, written again with every cell in quotes. */
struct reading {
    char separator;
    struct buffer text;
    uint64_t rows;
};

static enum status visit(void *context, const struct csv_row *row, struct failure *failure)
{
    (void)failure;
    struct reading *reading = context;
    reading->rows++;
    require(row->number == reading->rows && row->count >= 1);
    for (size_t i = 0; i < row->count; i++) {
        struct view cell = row->cells[i];
        require(utf8_valid(cell) && memchr(cell.data, '\0', cell.size) == NULL);
        if (i > 0) {
            require(buffer_append_byte(&reading->text, reading->separator) == STATUS_OK);
        }
        require(buffer_append_byte(&reading->text, '"') == STATUS_OK);
        for (size_t k = 0; k < cell.size; k++) {
            require(cell.data[k] != '"' || buffer_append_byte(&reading->text, '"') == STATUS_OK);
            require(buffer_append_byte(&reading->text, cell.data[k]) == STATUS_OK);
        }
        require(buffer_append_byte(&reading->text, '"') == STATUS_OK);
    }
    return buffer_append_byte(&reading->text, '\n');
}

static bool read_table(struct view table, size_t piece, struct reading *reading,
                       struct failure *failure)
{
    struct csv csv;
    csv_init(&csv, reading->separator, visit, reading);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < table.size && status == STATUS_OK; i += piece) {
        size_t size = table.size - i < piece ? table.size - i : piece;
        status = csv_push(&csv, (struct view){table.data + i, size}, failure);
    }
    if (status == STATUS_OK) {
        status = csv_end(&csv, failure);
    }
    csv_release(&csv);
    return status == STATUS_OK;
}

static void reading_init(struct reading *reading, char separator)
{
    *reading = (struct reading){.separator = separator};
    buffer_init(&reading->text, (size_t)64 * 1024 * 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char SEPARATORS[] = {',', ';', '\t', '|'};
    if (size == 0) {
        return 0;
    }
    char separator = SEPARATORS[data[0] % 4];
    struct view table = {.data = (const char *)data + 1, .size = size - 1};
    struct reading whole;
    struct reading pieces;
    struct reading again;
    reading_init(&whole, separator);
    reading_init(&pieces, separator);
    reading_init(&again, separator);
    struct failure failures[2] = {{0}};

    bool is_table = read_table(table, table.size + 1, &whole, &failures[0]);
    require(read_table(table, 1, &pieces, &failures[1]) == is_table);
    require(view_equal(buffer_view(&whole.text), buffer_view(&pieces.text)));
    require(strcmp(failures[0].at, failures[1].at) == 0);
    require(strcmp(failures[0].reason, failures[1].reason) == 0);
    if (is_table) {
        require(read_table(buffer_view(&whole.text), 7, &again, &failures[0]));
        require(view_equal(buffer_view(&whole.text), buffer_view(&again.text)));
    }
    buffer_release(&whole.text);
    buffer_release(&pieces.text);
    buffer_release(&again.text);
    return 0;
}
