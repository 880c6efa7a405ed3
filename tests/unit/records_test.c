#include "contracts/records/disclosure.h"
#include "contracts/records/measuring.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

/* --- Tables --- */

/* Rows as "a|b\n" in one text, for comparison. */
static enum status join_row(void *context, const struct csv_row *row, struct failure *failure)
{
    (void)failure;
    struct buffer *text = context;
    for (size_t i = 0; i < row->count; i++) {
        TRY(buffer_append_text(text, i == 0 ? "" : "|"));
        TRY(buffer_append(text, row->cells[i]));
    }
    return buffer_append_byte(text, '\n');
}

/* Reads a table in pieces of a size; what was read, or where it was refused, is in `text`. */
static void read_pieces(struct view table, size_t piece, struct buffer *text)
{
    struct csv csv;
    struct failure failure = {0};
    csv_init(&csv, ',', join_row, text);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < table.size && status == STATUS_OK; i += piece) {
        size_t size = table.size - i < piece ? table.size - i : piece;
        status = csv_push(&csv, (struct view){table.data + i, size}, &failure);
    }
    if (status == STATUS_OK) {
        status = csv_end(&csv, &failure);
    }
    if (status != STATUS_OK) {
        cr_assert(eq(str, failure.code, (char *)"RECORDS_MALFORMED"));
        buffer_clear(text);
        (void)!buffer_append_text(text, failure.at);
    }
    csv_release(&csv);
}

Test(records, a_table_is_the_same_in_pieces_of_every_size)
{
    static const struct {
        const char *table;
        const char *rows; /* or where it is refused */
    } rows[] = {
        {"a,b\n1,2\n", "a|b\n1|2\n"},
        {"a,b\r\n1,2\r\n", "a|b\n1|2\n"},
        {"a,b\n1,2", "a|b\n1|2\n"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b\n"},
        {"\xef\xbb\xbf\"a\",b\n", "a|b\n"},
        {"\xef\xbb\xbb,b\n", "\xef\xbb\xbb|b\n"}, /* begins like a mark, and is none */
        {"\xef\xbb", "row 1, column 1"},
        {"\"a\"\"b\",\"\"\n\"x\r\ny\",\",\"\n", "a\"b|\nx\r\ny|,\n"},
        {",\n,\n", "|\n|\n"},
        {"\"\"\n", "\n"},
        {"a\n\nb\n", "row 2"},
        {"a\n\r\nb\n", "row 2"},
        {"\n", "row 1"},
        {"", "row 1"},
        {"a,b\n1\n", "row 2, column 2"},
        {"a,b\n1,2,3\n", "row 2, column 3"},
        {"a,b\nx\"y,2\n", "row 2, column 1"},
        {"a,b\n\"x\"y,2\n", "row 2, column 1"},
        {"a,b\n1,\"x\n", "row 2, column 2"},
        {"a,b\r1,2\n", "row 1, column 2"},
        {"a,b\r", "row 1, column 2"},
        {"a,\xff\n", "row 1, column 2"},
        {"\xc3,\xa5\n", "row 1, column 1"}, /* half a character on each side */
        {"a,\x01\n", "row 1, column 2"},
        {"a,\"\x01\"\n", "row 1, column 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct view table = view_of(rows[i].table);
        for (size_t piece = 1; piece <= table.size + 1; piece++) {
            OWNED(buffer_release) struct buffer text;
            buffer_init(&text, 1000);
            read_pieces(table, piece, &text);
            cr_assert(eq(str, (char *)buffer_view(&text).data, (char *)rows[i].rows),
                      "row %zu in pieces of %zu", i, piece);
        }
    }
}

Test(records, a_row_is_at_most_a_megabyte)
{
    struct csv csv;
    struct failure failure = {0};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 10);
    csv_init(&csv, ',', join_row, &text);
    char *cell = calloc(1, CSV_ROW_SIZE_MAX + 1);
    memset(cell, 'x', CSV_ROW_SIZE_MAX + 1);
    cr_assert(eq(int, csv_push(&csv, (struct view){cell, CSV_ROW_SIZE_MAX}, &failure), STATUS_OK));
    cr_assert(eq(int, csv_push(&csv, (struct view){cell, 1}, &failure), STATUS_INVALID));
    cr_assert(eq(str, failure.at, (char *)"row 1, column 1"));
    csv_release(&csv);
    free(cell);
}

/* --- Sets --- */

Test(records, a_set_numbers_texts_in_the_order_in_which_they_come)
{
    struct digest_set set = {0};
    char text[32];
    size_t number;
    for (size_t turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < 5000; i++) {
            int size = snprintf(text, sizeof text, "person %zu", i);
            struct view view = {text, (size_t)size};
            cr_assert(eq(int, digest_set_add(&set, view, &number), STATUS_OK));
            cr_assert(eq(sz, number, i));
        }
    }
    cr_assert(eq(sz, set.count, 5000));
    digest_set_release(&set);
}

Test(records, people_are_counted_once)
{
    struct people people = {0};
    for (size_t i = 0; i < 3000; i++) {
        cr_assert(eq(int, people_add(&people, i * 7 % 1000), STATUS_OK));
    }
    cr_assert(eq(u64, people.count, 1000));
    people_release(&people);
}

/* --- Measuring --- */

static const char *const CONTRACT =
    "{\"kind\":\"contract\",\"version\":1,\"ledger\":\"a.example\",\"date\":\"2026-01-15\","
    "\"contract\":\"c\",\"title\":{\"en\":\"C\"},\"agreed_on\":\"not_published\","
    "\"roles\":{\"payer\":[\"p\"],\"investor\":[\"i\"],\"evaluator\":[\"e\"]},"
    "\"cohort\":{\"description\":{\"en\":\"C\"},\"size\":\"not_published\"},\"currency\":\"SEK\","
    "\"outcomes\":[{\"outcome\":\"o\",\"label\":{\"en\":\"O\"},\"unit\":\"SEK\","
    "\"class\":\"paying\",\"evaluator\":\"e\",\"source\":\"not_published\","
    "\"missing_data\":\"not_published\",\"aggregation\":{\"value\":%s}}],"
    "\"periods\":[{\"period\":\"y\",\"from\":\"2026-01-01\",\"to\":\"2026-12-31\","
    "\"due\":\"not_published\",\"binding\":true}],"
    "\"lines\":[{\"line\":\"l\",\"label\":{\"en\":\"L\"},\"take\":\"0\"}],\"pays\":[],"
    "\"dispute\":\"not_published\",\"legal_basis\":\"not_published\","
    "\"records\":{\"columns\":[{\"column\":\"who\",\"type\":\"text\"},"
    "{\"column\":\"n\",\"type\":\"decimal\",\"optional\":true}],"
    "\"person\":\"who\",\"minimum_cell\":2,\"missing\":\"refuse\"}}";

static struct statement *make_contract(const char *aggregate)
{
    char text[4096];
    struct json *root;
    struct statement *statement;
    struct failure failure = {0};
    (void)snprintf(text, sizeof text, CONTRACT, aggregate);
    cr_assert(eq(int, json_parse(view_of(text), &root, &failure), STATUS_OK));
    cr_assert(eq(int, statement_read_tree(root, &statement, &failure), STATUS_OK), "%s %s",
              failure.at, failure.reason);
    cr_assert(eq(int, statement_check(statement, &failure), STATUS_OK), "%s %s", failure.at,
              failure.reason);
    return statement;
}

/* Salts that are known: the index, and zeros. */
static enum status known_salt(void *context, uint64_t index,
                              uint8_t ret_salt[static RECORD_SALT_SIZE], struct failure *failure)
{
    (void)context;
    (void)failure;
    memset(ret_salt, 0, RECORD_SALT_SIZE);
    memcpy(ret_salt, &index, sizeof index);
    return STATUS_OK;
}

static struct measuring *measure(const struct statement *statement, const char *table,
                                 struct measuring_hooks hooks)
{
    struct measuring_plan plan = {
        .contract = &statement->contract, .evaluator = VIEW("e"), .separator = ','};
    struct measuring *measuring;
    struct failure failure = {0};
    cr_assert(eq(int, measuring_new(&plan, &hooks, &measuring), STATUS_OK));
    cr_assert(eq(int, measuring_push(measuring, view_of(table), &failure), STATUS_OK), "%s %s",
              failure.at, failure.reason);
    cr_assert(eq(int, measuring_end(measuring, &failure), STATUS_OK), "%s %s", failure.at,
              failure.reason);
    return measuring;
}

/* The value, "n/d", or the name of the refusal. */
static void value_of(const char *aggregate, const char *table, char ret_value[static 100])
{
    struct statement *statement = make_contract(aggregate);
    struct measuring *measuring = measure(statement, table, (struct measuring_hooks){0});
    const struct measured_value *values;
    size_t count;
    struct failure failure = {0};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 99);
    bool is_exact;
    if (measuring_values(measuring, true, &values, &count, &failure) != STATUS_OK) {
        (void)!buffer_append_text(&text, failure.code);
    } else if (values[0].has[MEASURED_VALUE]) {
        (void)!rational_write_decimal(&values[0].fields[MEASURED_VALUE], 0, 12, &text, &is_exact);
    } else {
        (void)!rational_write_decimal(&values[0].fields[MEASURED_NUMERATOR], 0, 12, &text,
                                      &is_exact);
        (void)!buffer_append_byte(&text, '/');
        (void)!rational_write_decimal(&values[0].fields[MEASURED_DENOMINATOR], 0, 12, &text,
                                      &is_exact);
    }
    (void)snprintf(ret_value, 100, "%s", text.data);
    measuring_free(measuring);
    statement_free(statement);
}

Test(records, numbers_are_exact_and_quotients_are_never_rounded)
{
    static const struct {
        const char *aggregate;
        const char *table;
        const char *value;
    } rows[] = {
        {"{\"sum\":\"n\"}", "who,n\na,0.1\nb,0.2\n", "0.3"},
        {"{\"sum\":\"n\"}", "who,n\na,999999999999999998.999999999999\nb,0.000000000001\n",
         "999999999999999999"},
        {"{\"sum\":\"n\"}", "who,n\na,-999999999999999999.999999999999\nb,0.000000000001\n",
         "-999999999999999999.999999999998"},
        {"{\"sum\":\"n\"}", "who,n\na,999999999999999999\nb,1\n", "MEASUREMENT_RANGE"},
        {"{\"sum\":\"n\"}", "who,n\na,0.5\nb,-0.5\nc,-0.0\n", "0"},
        {"{\"sum\":\"n\"}", "who,n\n", "0"},
        {"{\"mean\":\"n\"}", "who,n\na,1\nb,2\n", "1.5"},
        {"{\"mean\":\"n\"}", "who,n\na,1\nb,2\nc,2\n", "5/3"},
        {"{\"mean\":\"n\"}", "who,n\na,1\nb,2\nc,\n", "1.5"},
        {"{\"mean\":\"n\"}", "who,n\na,-1\nb,-2\nc,-2\n", "MEASUREMENT_RANGE"},
        {"{\"mean\":\"n\"}", "who,n\na,\nb,\n", "RECORDS_EMPTY"},
        {"{\"mean\":\"n\"}", "who,n\na,1\na,2\nb,\n", "RECORDS_CELL_TOO_SMALL"},
        {"{\"distinct\":\"n\"}", "who,n\na,1.0\nb,1\nc,2\n", "2"},
        {"{\"distinct\":\"n\"}", "who,n\na,1.0\nb,1\nc,1.00\n", "RECORDS_CELL_TOO_SMALL"},
        {"{\"count\":\"rows\",\"where\":[{\"column\":\"n\",\"not_equals\":\"1\"}]}",
         "who,n\na,2\nb,1\nc,\nd,3\n", "2"},
        {"{\"share\":{\"where\":[{\"column\":\"n\",\"at_least\":\"2\"}]}}",
         "who,n\na,2\nb,1\nc,1\nd,3\n", "0.5"},
        {"{\"share\":{\"where\":[{\"column\":\"n\",\"above\":\"2\"}]}}",
         "who,n\na,2\nb,1\nc,1\nd,3\n", "RECORDS_CELL_TOO_SMALL"},
        {"{\"per_person\":{\"prices\":[{\"where\":[{\"column\":\"n\",\"above\":\"0\"}],"
         "\"price\":\"1.5\"},{\"where\":[{\"column\":\"n\",\"above\":\"5\"}],\"price\":\"2\"}],"
         "\"at_most\":\"4\"}}",
         "who,n\na,6\na,1\nb,1\nb,0\nc,0\n", "5.5"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char value[100];
        value_of(rows[i].aggregate, rows[i].table, value);
        cr_assert(eq(str, value, (char *)rows[i].value), "row %zu", i);
    }
}

/* --- Commitments --- */

/* Leaves by the definition of RFC 6962, which shares nothing with the edge. */
static struct hash tree(const struct hash *leaves, size_t count)
{
    if (count == 0) {
        return hash_empty_tree();
    }
    if (count == 1) {
        return leaves[0];
    }
    size_t split = 1;
    while (split * 2 < count) {
        split *= 2;
    }
    struct hash left = tree(leaves, split);
    struct hash right = tree(leaves + split, count - split);
    return hash_node(&left, &right);
}

static enum status keep_leaf(void *context, const struct committed_record *record,
                             struct failure *failure)
{
    (void)failure;
    return record_leaves_add(context, &record->leaf);
}

static void write_table(size_t count, char table[static 4096])
{
    size_t size = (size_t)snprintf(table, 4096, "n,who\n");
    for (size_t i = 0; i < count; i++) {
        size += (size_t)snprintf(table + size, 4096 - size, "%zu.50,\"p\"\"%zu\"\n", i, i);
    }
}

Test(records, each_record_can_be_shown_and_no_other_in_its_place)
{
    struct statement *statement = make_contract("{\"sum\":\"n\"}");
    for (size_t count = 0; count <= 40; count++) {
        char table[4096];
        write_table(count, table);
        struct record_leaves leaves = {0};
        struct measuring_hooks hooks = {&leaves, known_salt, keep_leaf};
        struct measuring *measuring = measure(statement, table, hooks);
        struct commitment commitment = {true, measuring_root(measuring), (int32_t)count};
        struct hash wanted = tree(leaves.hashes, leaves.count);
        cr_assert(hash_equal(&wanted, &commitment.root), "%zu records", count);
        for (size_t i = 0; i < count; i++) {
            char text[100];
            int size = snprintf(text, sizeof text, "{\"n\":\"%zu.5\",\"who\":\"p\\\"%zu\"}", i, i);
            struct disclosure shown = {
                .index = (int32_t)i, .count = (int32_t)count, .record = {text, (size_t)size}};
            struct failure failure;
            (void)!known_salt(NULL, i, shown.salt, &failure);
            cr_assert(eq(int, record_leaves_prove(&leaves, i, &shown.proof), STATUS_OK));
            cr_assert(eq(int, disclosure_verify(&shown, &commitment, &failure), STATUS_OK));
            shown.salt[31] ^= 1;
            cr_assert(eq(int, disclosure_verify(&shown, &commitment, &failure), STATUS_UNTRUSTED));
            shown.salt[31] ^= 1;
            text[size - 3] ^= 1;
            cr_assert(eq(int, disclosure_verify(&shown, &commitment, &failure), STATUS_UNTRUSTED));
            text[size - 3] ^= 1;
            for (int32_t other = 0; other < (int32_t)count; other++) {
                shown.index = other;
                bool is_shown = disclosure_verify(&shown, &commitment, &failure) == STATUS_OK;
                cr_assert(eq(int, is_shown, other == (int32_t)i));
            }
        }
        measuring_free(measuring);
        record_leaves_release(&leaves);
    }
    statement_free(statement);
}

Test(records, a_disclosed_record_comes_back_from_its_file)
{
    struct disclosure shown = {.contract = VIEW("c"),
                               .index = 3,
                               .count = 9,
                               .record = VIEW("{\"n\":\"1\",\"who\":\"\xc3\xa5\\n\"}"),
                               .proof = {.count = 2}};
    memset(shown.salt, 7, sizeof shown.salt);
    memset(shown.measurement.bytes, 8, HASH_SIZE);
    memset(shown.proof.hashes[0].bytes, 9, HASH_SIZE);
    memset(shown.proof.hashes[1].bytes, 10, HASH_SIZE);
    struct json *root;
    struct disclosure again;
    struct failure failure = {0};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 1000);
    cr_assert(eq(int, disclosure_write(&shown, &root), STATUS_OK));
    cr_assert(eq(int, disclosure_read(root, &text, &again, &failure), STATUS_OK), "%s %s",
              failure.at, failure.reason);
    cr_assert(view_equal(again.record, shown.record));
    cr_assert(view_equal(again.contract, shown.contract));
    cr_assert(hash_equal(&again.measurement, &shown.measurement));
    cr_assert(eq(int, memcmp(again.salt, shown.salt, sizeof shown.salt), 0));
    cr_assert(eq(int, again.index, 3));
    cr_assert(eq(int, again.count, 9));
    cr_assert(eq(u32, again.proof.count, 2));
    cr_assert(hash_equal(&again.proof.hashes[1], &shown.proof.hashes[1]));
    json_free(root);
}
