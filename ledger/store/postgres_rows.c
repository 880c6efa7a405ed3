#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>

#define OID_BIGINT 20
#define OID_BYTEA 17
#define ARRAY_SIZE_MAX ((size_t)(BATCH_ENTRIES_MAX + 1) * (ENTRY_SIZE_MAX + 64))
#define COUNT_AT 12 /* where the count of an array stands in it */

static void write_u32(char bytes[static 4], uint32_t value)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (char)(value >> (24 - 8 * i));
    }
}

static enum status add_u32(struct buffer *array, uint32_t value)
{
    char bytes[4];
    write_u32(bytes, value);
    return buffer_append(array, (struct view){bytes, sizeof bytes});
}

/* One dimension, no NULL, the first index is 1. */
static enum status start_array(struct buffer *array, uint32_t type)
{
    buffer_clear(array);
    TRY(add_u32(array, 1));
    TRY(add_u32(array, 0));
    TRY(add_u32(array, type));
    TRY(add_u32(array, 0)); /* the count, told when the rows are sent */
    return add_u32(array, 1);
}

static enum status add_integer(struct buffer *array, uint64_t value)
{
    TRY(add_u32(array, 8));
    TRY(add_u32(array, (uint32_t)(value >> 32)));
    return add_u32(array, (uint32_t)value);
}

static enum status add_bytes(struct buffer *array, struct view bytes)
{
    TRY(add_u32(array, (uint32_t)bytes.size));
    return buffer_append(array, bytes);
}

void postgres_rows_init(struct postgres_rows *rows)
{
    for (size_t i = 0; i < POSTGRES_COLUMNS_MAX; i++) {
        buffer_init(&rows->arrays[i], ARRAY_SIZE_MAX);
    }
    rows->column_count = 0;
    rows->count = 0;
}

void postgres_rows_release(struct postgres_rows *rows)
{
    for (size_t i = 0; i < POSTGRES_COLUMNS_MAX; i++) {
        buffer_release(&rows->arrays[i]);
    }
}

static enum status start(struct postgres_rows *rows, const uint32_t *types, size_t column_count)
{
    assert(column_count <= POSTGRES_COLUMNS_MAX);
    rows->count = 0;
    rows->column_count = column_count;
    for (size_t i = 0; i < column_count; i++) {
        TRY(start_array(&rows->arrays[i], types[i]));
    }
    return STATUS_OK;
}

enum status postgres_rows_start_entries(struct postgres_rows *rows)
{
    static const uint32_t TYPES[] = {OID_BIGINT, OID_BYTEA, OID_BYTEA, OID_BYTEA};
    return start(rows, TYPES, 4);
}

enum status postgres_rows_start_nodes(struct postgres_rows *rows)
{
    static const uint32_t TYPES[] = {OID_BIGINT, OID_BIGINT, OID_BYTEA};
    return start(rows, TYPES, 3);
}

enum status postgres_rows_start_checkpoints(struct postgres_rows *rows)
{
    static const uint32_t TYPES[] = {OID_BIGINT, OID_BYTEA};
    return start(rows, TYPES, 2);
}

enum status postgres_rows_add_entry(struct postgres_rows *rows, const struct store_entry *entry)
{
    TRY(add_integer(&rows->arrays[0], entry->index));
    TRY(add_bytes(&rows->arrays[1], hash_view(&entry->id)));
    TRY(add_bytes(&rows->arrays[2], entry->subject));
    TRY(add_bytes(&rows->arrays[3], entry->bytes));
    rows->count++;
    return STATUS_OK;
}

enum status postgres_rows_add_node(struct postgres_rows *rows, const struct store_node *node)
{
    TRY(add_integer(&rows->arrays[0], node->at.level));
    TRY(add_integer(&rows->arrays[1], node->at.index));
    TRY(add_bytes(&rows->arrays[2], hash_view(&node->hash)));
    rows->count++;
    return STATUS_OK;
}

enum status postgres_rows_add_checkpoint(struct postgres_rows *rows, uint64_t size,
                                         struct view note)
{
    TRY(add_integer(&rows->arrays[0], size));
    TRY(add_bytes(&rows->arrays[1], note));
    rows->count++;
    return STATUS_OK;
}

void postgres_add_rows(struct postgres_parameters *parameters, struct postgres_rows *rows)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        write_u32(rows->arrays[i].data + COUNT_AT, rows->count);
        postgres_add_bytes(parameters, buffer_view(&rows->arrays[i]));
    }
}
