#include "contracts/records/csv.h"

#include "contracts/rule/rule.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <stdio.h>

#define MARK "\xef\xbb\xbf" /* U+FEFF in UTF-8 */
#define MARK_SIZE 3
#define MARK_DONE 4

void csv_init(struct csv *csv, char separator, csv_visit *visit, void *context)
{
    *csv = (struct csv){.separator = separator, .visit = visit, .context = context};
    buffer_init(&csv->bytes, CSV_ROW_SIZE_MAX);
    for (int byte = 0; byte < 256; byte++) {
        csv->is_plain[byte] = byte >= 0x20 && byte != '"' && byte != (unsigned char)separator;
    }
}

void csv_release(struct csv *csv)
{
    buffer_release(&csv->bytes);
}

enum status csv_refuse(struct failure *failure, uint64_t row, size_t column, const char *reason)
{
    char at[64];
    if (column == 0) {
        (void)snprintf(at, sizeof at, "row %" PRIu64, row);
    } else {
        (void)snprintf(at, sizeof at, "row %" PRIu64 ", column %zu", row, column);
    }
    return refuse(failure, RULE_RECORDS_MALFORMED, at, "%s", failure_format(reason));
}

/* Refuses the cell that is being read. */
static enum status refuse_here(const struct csv *csv, const char *reason, struct failure *failure)
{
    return csv_refuse(failure, csv->row + 1, csv->cell_count + 1, reason);
}

/* --- What a row is made of --- */

static enum status append(struct csv *csv, struct view bytes, struct failure *failure)
{
    enum status status = buffer_append(&csv->bytes, bytes);
    if (status == STATUS_LIMIT) {
        return refuse_here(csv, "the row is larger than a megabyte: a quote may be missing",
                           failure);
    }
    return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

static enum status end_cell(struct csv *csv, struct failure *failure)
{
    if (csv->cell_count == CSV_COLUMNS_MAX) {
        return refuse_here(csv, "the row has more than 1,000 cells", failure);
    }
    size_t from = csv->cell_count == 0 ? 0 : csv->ends[csv->cell_count - 1];
    struct view all = buffer_view(&csv->bytes);
    if (!utf8_valid((struct view){all.data + from, all.size - from})) {
        return refuse_here(csv, "the cell is not UTF-8: save the table in that encoding", failure);
    }
    csv->ends[csv->cell_count] = all.size;
    csv->cell_count++;
    csv->state = CSV_CELL_START;
    return STATUS_OK;
}

static enum status check_width(struct csv *csv, struct failure *failure)
{
    if (csv->row == 0) {
        csv->width = csv->cell_count;
    }
    if (csv->cell_count < csv->width) {
        return csv_refuse(failure, csv->row + 1, csv->cell_count + 1,
                          "the row has fewer cells than the header");
    }
    if (csv->cell_count > csv->width) {
        return csv_refuse(failure, csv->row + 1, csv->width + 1,
                          "the row has more cells than the header");
    }
    return STATUS_OK;
}

static enum status end_row(struct csv *csv, struct failure *failure)
{
    if (csv->state == CSV_CELL_START && csv->cell_count == 0) {
        return csv_refuse(failure, csv->row + 1, 0, "the line is empty: remove it");
    }
    TRY(end_cell(csv, failure));
    TRY(check_width(csv, failure));
    struct view all = buffer_view(&csv->bytes);
    size_t from = 0;
    for (size_t i = 0; i < csv->cell_count; i++) {
        csv->cells[i] = (struct view){all.data + from, csv->ends[i] - from};
        from = csv->ends[i];
    }
    csv->row++;
    struct csv_row row = {.number = csv->row, .count = csv->cell_count, .cells = csv->cells};
    TRY(csv->visit(csv->context, &row, failure));
    buffer_clear(&csv->bytes);
    csv->cell_count = 0;
    return STATUS_OK;
}

/* --- Bytes that are not plain --- */

static enum status take_quote(struct csv *csv, struct failure *failure)
{
    switch (csv->state) {
    case CSV_CELL_START:
        csv->state = CSV_QUOTED;
        return STATUS_OK;
    case CSV_QUOTED:
        csv->state = CSV_AFTER_QUOTE;
        return STATUS_OK;
    case CSV_AFTER_QUOTE:
        csv->state = CSV_QUOTED;
        return append(csv, VIEW("\""), failure);
    case CSV_PLAIN:
    case CSV_AFTER_RETURN:
        break;
    }
    return refuse_here(csv, "a quote stands in a cell that does not begin with one", failure);
}

/* A separator, line break or control character; not in quotes. */
static enum status take_special(struct csv *csv, char byte, struct failure *failure)
{
    if (byte == csv->separator) {
        return end_cell(csv, failure);
    }
    if (byte == '\n') {
        return end_row(csv, failure);
    }
    if (byte == '\t') {
        csv->state = CSV_PLAIN;
        return append(csv, VIEW("\t"), failure);
    }
    return refuse_here(csv, "a control character stands in the cell", failure);
}

static enum status take_quoted(struct csv *csv, char byte, struct failure *failure)
{
    if ((unsigned char)byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') {
        return refuse_here(csv, "a control character stands in the cell", failure);
    }
    return append(csv, (struct view){&byte, 1}, failure);
}

static enum status take(struct csv *csv, char byte, struct failure *failure)
{
    if (csv->state == CSV_AFTER_RETURN) {
        return byte == '\n'
                   ? end_row(csv, failure)
                   : refuse_here(csv, "a carriage return stands without a newline", failure);
    }
    if (byte == '"') {
        return take_quote(csv, failure);
    }
    if (csv->state == CSV_QUOTED) {
        return take_quoted(csv, byte, failure);
    }
    if (byte == '\r') {
        if (csv->state == CSV_CELL_START && csv->cell_count == 0) {
            return csv_refuse(failure, csv->row + 1, 0, "the line is empty: remove it");
        }
        csv->state = CSV_AFTER_RETURN;
        return STATUS_OK;
    }
    if (csv->state == CSV_AFTER_QUOTE && byte != csv->separator && byte != '\n') {
        return refuse_here(csv, "something stands behind the closing quote", failure);
    }
    if (csv->is_plain[(unsigned char)byte]) {
        csv->state = CSV_PLAIN;
        return append(csv, (struct view){&byte, 1}, failure);
    }
    return take_special(csv, byte, failure);
}

/* --- The stream --- */

/* Bytes at the start that could be a byte order mark; what turns out not to be one is content. */
static enum status take_mark(struct csv *csv, struct view *bytes, struct failure *failure)
{
    while (bytes->size > 0 && csv->mark_size < MARK_SIZE &&
           bytes->data[0] == MARK[csv->mark_size]) {
        csv->mark_size++;
        bytes->data++;
        bytes->size--;
    }
    if (csv->mark_size < MARK_SIZE && bytes->size == 0) {
        return STATUS_OK;
    }
    size_t matched = csv->mark_size;
    csv->mark_size = MARK_DONE;
    csv->had_mark = matched == MARK_SIZE;
    if (!csv->had_mark && matched > 0) {
        csv->state = CSV_PLAIN;
        return append(csv, (struct view){MARK, matched}, failure);
    }
    return STATUS_OK;
}

enum status csv_push(struct csv *csv, struct view bytes, struct failure *failure)
{
    if (csv->mark_size < MARK_DONE) {
        TRY(take_mark(csv, &bytes, failure));
    }
    size_t i = 0;
    while (i < bytes.size) { /* each turn takes at least a byte */
        size_t end = i;
        while (end < bytes.size && csv->is_plain[(unsigned char)bytes.data[end]]) {
            end++;
        }
        bool is_inside = csv->state != CSV_AFTER_QUOTE && csv->state != CSV_AFTER_RETURN;
        if (end > i && is_inside) {
            csv->state = csv->state == CSV_QUOTED ? CSV_QUOTED : CSV_PLAIN;
            TRY(append(csv, (struct view){bytes.data + i, end - i}, failure));
            i = end;
            continue;
        }
        TRY(take(csv, bytes.data[i], failure));
        i++;
    }
    return STATUS_OK;
}

enum status csv_end(struct csv *csv, struct failure *failure)
{
    if (csv->mark_size > 0 && csv->mark_size < MARK_SIZE) { /* the file is half a mark */
        return csv_refuse(failure, 1, 1, "the cell is not UTF-8: save the table in that encoding");
    }
    switch (csv->state) {
    case CSV_QUOTED:
        return refuse_here(csv, "the file ends inside quotes", failure);
    case CSV_AFTER_RETURN:
        return refuse_here(csv, "a carriage return stands without a newline", failure);
    case CSV_CELL_START:
        if (csv->cell_count == 0) {
            return csv->row > 0 ? STATUS_OK : csv_refuse(failure, 1, 0, "the file has no header");
        }
        break;
    case CSV_PLAIN:
    case CSV_AFTER_QUOTE:
        break;
    }
    return end_row(csv, failure);
}
