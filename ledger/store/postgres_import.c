#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

/* Rows are held back until there are so many, or so many bytes, and then sent together. */
#define ROWS_HELD 2000
#define BYTES_HELD ((size_t)8 * 1024 * 1024)

struct postgres_import {
    struct postgres_rows entries;
    struct postgres_rows nodes;
    struct postgres_rows checkpoints;
};

static void import_freep(struct postgres_import **import)
{
    if (*import != NULL) {
        postgres_rows_release(&(*import)->entries);
        postgres_rows_release(&(*import)->nodes);
        postgres_rows_release(&(*import)->checkpoints);
        free(*import);
    }
}

static enum status import_new(struct postgres_import **ret_import)
{
    OWNED(import_freep) struct postgres_import *import = calloc(1, sizeof *import);
    if (import == NULL) {
        return STATUS_MEMORY;
    }
    postgres_rows_init(&import->entries);
    postgres_rows_init(&import->nodes);
    postgres_rows_init(&import->checkpoints);
    TRY(postgres_rows_start_entries(&import->entries));
    TRY(postgres_rows_start_nodes(&import->nodes));
    TRY(postgres_rows_start_checkpoints(&import->checkpoints));
    *ret_import = STEAL(import);
    return STATUS_OK;
}

/* Sends rows, and starts them anew. */
static enum status send_rows(struct postgres_store *store, enum postgres_statement name,
                             struct postgres_rows *rows,
                             enum status (*start)(struct postgres_rows *), struct failure *failure)
{
    if (rows->count == 0) {
        return STATUS_OK;
    }
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_rows(&parameters, rows);
    rows->count = 0; /* the query below must not send them too */
    TRY(postgres_query(store, name, &parameters, &result, failure));
    return start(rows) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

enum status postgres_import_flush(struct postgres_store *store, struct failure *failure)
{
    struct postgres_import *import = store->import;
    if (import == NULL) {
        return STATUS_OK;
    }
    TRY(send_rows(store, PG_INSERT_ENTRIES, &import->entries, postgres_rows_start_entries,
                  failure));
    TRY(send_rows(store, PG_INSERT_NODES, &import->nodes, postgres_rows_start_nodes, failure));
    return send_rows(store, PG_INSERT_CHECKPOINTS, &import->checkpoints,
                     postgres_rows_start_checkpoints, failure);
}

static enum status flush_if_many(struct postgres_store *store, const struct postgres_rows *rows,
                                 struct failure *failure)
{
    bool is_many = rows->count >= ROWS_HELD;
    for (size_t i = 0; i < rows->column_count; i++) {
        is_many = is_many || rows->arrays[i].size >= BYTES_HELD;
    }
    return is_many ? postgres_import_flush(store, failure) : STATUS_OK;
}

static enum status read_sizes(struct postgres_store *store, uint64_t *ret_entries,
                              struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    uint64_t signed_size;
    TRY(postgres_query(store, PG_SIZES, NULL, &result, failure));
    return postgres_column_integer(result, 0, 0, ret_entries) &&
                   postgres_column_integer(result, 0, 1, &signed_size) &&
                   *ret_entries == signed_size
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, store->name,
                      "the number of entries is not that of the latest checkpoint");
}

static enum status insert_identity(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_bytes(&parameters, buffer_view(&store->staged_origin));
    postgres_add_bytes(&parameters, buffer_view(&store->staged_vkey));
    return postgres_query(store, PG_INSERT_IDENTITY, &parameters, &result, failure);
}

static enum status begin_at(struct postgres_store *store, uint64_t expected_size,
                            struct failure *failure)
{
    uint64_t size = 0;
    TRY(read_sizes(store, &size, failure));
    if (size != expected_size) {
        return fail(failure, STATUS_CONFLICT, store->name,
                    "the ledger has %" PRIu64 " entries by now, not %" PRIu64, size, expected_size);
    }
    TRY(store->staged ? insert_identity(store, failure) : STATUS_OK);
    return import_new(&store->import) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

enum status postgres_import_begin(struct store *base, uint64_t expected_size,
                                  struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->import == NULL);
    TRY(postgres_begin_writing(store, failure));
    enum status status = begin_at(store, expected_size, failure);
    if (status != STATUS_OK) {
        postgres_import_cancel(base);
    }
    return status;
}

enum status postgres_import_entry(struct store *base, const struct store_entry *entry,
                                  struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (postgres_rows_add_entry(&store->import->entries, entry) != STATUS_OK) {
        return fail_memory(failure);
    }
    return flush_if_many(store, &store->import->entries, failure);
}

enum status postgres_import_node(struct store *base, const struct store_node *node,
                                 struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (postgres_rows_add_node(&store->import->nodes, node) != STATUS_OK) {
        return fail_memory(failure);
    }
    return flush_if_many(store, &store->import->nodes, failure);
}

enum status postgres_import_checkpoint(struct store *base, uint64_t size, struct view note,
                                       struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (postgres_rows_add_checkpoint(&store->import->checkpoints, size, note) != STATUS_OK) {
        return fail_memory(failure);
    }
    return flush_if_many(store, &store->import->checkpoints, failure);
}

enum status postgres_import_attachment(struct store *base,
                                       const struct store_attachment *attachment,
                                       struct failure *failure)
{
    return postgres_insert_attachment(postgres_store(base), attachment, failure);
}

enum status postgres_import_commit(struct store *base, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->import != NULL);
    uint64_t size = 0;
    TRY(read_sizes(store, &size, failure)); /* sends what was held back */
    TRY(postgres_end_writing(store, STATUS_OK, failure));
    import_freep(&store->import);
    store->import = NULL;
    store->staged = false;
    store->created = false;
    return STATUS_OK;
}

void postgres_import_cancel(struct store *base)
{
    struct postgres_store *store = postgres_store(base);
    import_freep(&store->import);
    store->import = NULL;
    if (PQtransactionStatus(store->connection) != PQTRANS_IDLE) {
        (void)postgres_run(store, "ROLLBACK", NULL);
    }
}
