#include "contracts/records/record.h"

#include "contracts/number/date.h"
#include "contracts/number/numeral.h"
#include "contracts/number/rational.h"
#include "contracts/rule/rule.h"
#include "ledger/json/json.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

void record_reader_init(struct record_reader *reader, const struct record_form *form,
                        bool has_decimal_comma)
{
    assert(form->column_count <= RECORDS_COLUMNS_MAX);

    *reader = (struct record_reader){.form = form, .has_decimal_comma = has_decimal_comma};
    /* Insertion into the sorted ones before: names are ASCII, whose bytes order as UTF-16 does. */
    for (size_t i = 0; i < form->column_count; i++) {
        size_t at = i;
        while (at > 0 &&
               view_compare(form->columns[i].name, form->columns[reader->order[at - 1]].name) < 0) {
            reader->order[at] = reader->order[at - 1];
            at--;
        }
        reader->order[at] = i;
    }
}

/* --- The header --- */

static enum status find_place(const struct record_column *column, const struct csv_row *row,
                              size_t *ret_place, struct failure *failure)
{
    size_t found = SIZE_MAX;
    for (size_t i = 0; i < row->count; i++) {
        if (!view_equal(row->cells[i], column->name)) {
            continue;
        }
        if (found != SIZE_MAX) {
            char at[64];
            (void)snprintf(at, sizeof at, "row 1, column %zu", i + 1);
            return refuse(failure, RULE_RECORDS_MALFORMED, at, "the column %.*s is there twice",
                          VIEW_ARGS(column->name));
        }
        found = i;
    }
    if (found == SIZE_MAX) {
        return refuse(failure, RULE_RECORDS_MALFORMED, "row 1",
                      "the header has no column %.*s: it is matched to the letter, and columns are "
                      "separated by a comma unless --separator says otherwise",
                      VIEW_ARGS(column->name));
    }
    *ret_place = found;
    return STATUS_OK;
}

enum status record_read_header(struct record_reader *reader, const struct csv_row *row,
                               struct failure *failure)
{
    const struct record_form *form = reader->form;
    for (size_t i = 0; i < form->column_count; i++) {
        TRY(find_place(&form->columns[i], row, &reader->places[i], failure));
    }
    reader->other_count = row->count - form->column_count;
    return STATUS_OK;
}

/* --- Cells --- */

/* What is wrong with a cell, without what stands in it. */
struct complaint {
    uint64_t row;
    size_t place;
    const struct record_column *column;
};

static enum status refuse_cell(const struct complaint *is, enum rule rule, const char *reason,
                               struct failure *failure)
{
    char at[64];
    (void)snprintf(at, sizeof at, "row %" PRIu64 ", column %zu", is->row, is->place + 1);
    return refuse(failure, rule, at, "%.*s: %s", VIEW_ARGS(is->column->name),
                  failure_format(reason));
}

int128 record_decimal(struct view text)
{
    struct numeral numeral;
    if (numeral_parse(text, &numeral) != STATUS_OK) {
        assert(false);
        return 0;
    }
    assert(numeral.whole.size <= DECIMAL_WHOLE_DIGITS_MAX);
    assert(numeral.fraction.size <= DECIMAL_FRACTION_DIGITS_MAX);
    uint64_t scale = numeral_power_of_ten(DECIMAL_FRACTION_DIGITS_MAX - numeral.fraction.size);
    /* Below 10^18 * 10^12, which fits. */
    int128 value = (int128)numeral_value(numeral.whole) * RECORD_SCALE +
                   (int128)(numeral_value(numeral.fraction) * scale);
    return numeral.negative ? -value : value;
}

/* Reads a decimal as programs write them into its one spelling. False when it is none. */
static bool read_decimal(const struct record_reader *reader, struct view text,
                         struct record_cell *cell)
{
    char point = reader->has_decimal_comma ? ',' : '.';
    const char *found = memchr(text.data, point, text.size);
    size_t size = text.size;
    while (found != NULL && size > 0 && text.data[size - 1] == '0') {
        size--;
    }
    if (found != NULL && size > 0 && text.data + size - 1 == found) {
        if (size == text.size) {
            return false; /* nothing stands behind the point */
        }
        size--;
    }
    if (size == 0 || size >= sizeof cell->written ||
        (reader->has_decimal_comma && memchr(text.data, '.', text.size) != NULL)) {
        return false;
    }
    memcpy(cell->written, text.data, size);
    if (found != NULL && (size_t)(found - text.data) < size) {
        cell->written[found - text.data] = '.';
    }
    if (size == 2 && cell->written[0] == '-' && cell->written[1] == '0') {
        cell->written[0] = '0';
        size = 1;
    }
    cell->text = (struct view){cell->written, size};
    struct numeral numeral;
    if (numeral_parse(cell->text, &numeral) != STATUS_OK ||
        numeral.whole.size > DECIMAL_WHOLE_DIGITS_MAX ||
        numeral.fraction.size > DECIMAL_FRACTION_DIGITS_MAX) {
        return false;
    }
    cell->decimal = record_decimal(cell->text);
    return true;
}

static enum status refuse_decimal(const struct complaint *is, bool has_comma,
                                  struct failure *failure)
{
    if (has_comma) {
        return refuse_cell(is, RULE_RECORDS_MALFORMED,
                           "expected a decimal such as 12,5: at most 18 digits before the comma "
                           "and 12 after it, no spaces, no exponent",
                           failure);
    }
    return refuse_cell(is, RULE_RECORDS_MALFORMED,
                       "expected a decimal such as 12.5: at most 18 digits before the point and 12 "
                       "after it, no spaces, no exponent",
                       failure);
}

static enum status read_cell(const struct record_reader *reader, const struct complaint *is,
                             struct view text, struct record_cell *cell, struct failure *failure)
{
    struct date date;
    cell->text = text;
    switch (is->column->type) {
    case RECORD_TEXT:
        break;
    case RECORD_DECIMAL:
        if (!read_decimal(reader, text, cell)) {
            return refuse_decimal(is, reader->has_decimal_comma, failure);
        }
        break;
    case RECORD_DATE:
        if (date_read(text, &date) != STATUS_OK) {
            return refuse_cell(is, RULE_RECORDS_MALFORMED, "expected a date such as 2016-08-01",
                               failure);
        }
        cell->day = date_day_number(date);
        break;
    }
    return STATUS_OK;
}

/* An empty cell: allowed, missing, or refused. */
static enum status read_empty(const struct record_reader *reader, const struct complaint *is,
                              bool *is_complete, struct failure *failure)
{
    const struct record_form *form = reader->form;
    if (is->column == &form->columns[form->person]) {
        return refuse_cell(is, RULE_RECORDS_INCOMPLETE,
                           "the cell is empty, and it names the person", failure);
    }
    if (is->column->is_optional) {
        return STATUS_OK;
    }
    if (form->missing == RECORD_MISSING_REFUSED) {
        return refuse_cell(is, RULE_RECORDS_INCOMPLETE,
                           "the cell is empty, and the contract does not count such rows as "
                           "missing",
                           failure);
    }
    *is_complete = false;
    return STATUS_OK;
}

enum status record_read(struct record_reader *reader, const struct csv_row *row,
                        struct record *ret_record, struct failure *failure)
{
    const struct record_form *form = reader->form;
    bool is_complete = true;
    for (size_t i = 0; i < form->column_count; i++) {
        struct complaint is = {row->number, reader->places[i], &form->columns[i]};
        struct record_cell *cell = &reader->cells[i];
        struct view text = row->cells[reader->places[i]];
        if (text.size == 0) {
            cell->text = VIEW("");
            TRY(read_empty(reader, &is, &is_complete, failure));
            continue;
        }
        TRY(read_cell(reader, &is, text, cell, failure));
    }
    *ret_record =
        (struct record){.row = row->number, .cells = reader->cells, .is_complete = is_complete};
    return STATUS_OK;
}

enum status record_write(const struct record_reader *reader, const struct record *record,
                         struct buffer *buffer)
{
    const struct record_form *form = reader->form;
    for (size_t i = 0; i < form->column_count; i++) {
        size_t column = reader->order[i];
        TRY(buffer_append_byte(buffer, i == 0 ? '{' : ','));
        TRY(json_write_string(form->columns[column].name, buffer));
        TRY(buffer_append_byte(buffer, ':'));
        TRY(json_write_string(record->cells[column].text, buffer));
    }
    return buffer_append_byte(buffer, '}');
}
