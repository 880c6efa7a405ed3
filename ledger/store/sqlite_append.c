#include "ledger/store/sqlite_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>

/* Reads how many entries there are: as the rows say, and as the latest checkpoint says. */
enum status sqlite_read_size(struct sqlite_store *store, uint64_t *ret_size,
                             struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_SIZES, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    uint64_t entries;
    uint64_t signed_size;
    if (!row || !sqlite_column_integer(&query, 0, &entries) ||
        !sqlite_column_integer(&query, 1, &signed_size) || entries != signed_size) {
        return fail(failure, STATUS_UNTRUSTED, store->path,
                    "the number of entries is not that of the latest checkpoint");
    }
    *ret_size = entries;
    return STATUS_OK;
}

/* Compares what the caller believed with what is there (promise 3). */
static enum status compare(struct sqlite_store *store, const struct store_batch *batch,
                           struct failure *failure)
{
    uint64_t size = 0;
    TRY(sqlite_read_size(store, &size, failure));
    if (size != batch->expected_size) {
        return fail(failure, STATUS_CONFLICT, store->path,
                    "the ledger has %" PRIu64 " entries by now, not %" PRIu64, size,
                    batch->expected_size);
    }
    for (size_t i = 0; i < batch->expectation_count; i++) {
        const struct store_expectation *expected = &batch->expectations[i];
        uint64_t last_index = STORE_NONE;
        TRY(sqlite_head(&store->base, expected->subject, &last_index, failure));
        if (last_index != expected->last_index) {
            return fail(failure, STATUS_CONFLICT, store->path, "%.*s has moved on",
                        VIEW_ARGS(expected->subject));
        }
    }
    return STATUS_OK;
}

enum status sqlite_insert_identity(struct sqlite_store *store, struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_INSERT_IDENTITY, &query, failure));
    TRY(sqlite_bind_text(&query, 1, buffer_view(&store->staged_origin), failure));
    TRY(sqlite_bind_text(&query, 2, buffer_view(&store->staged_vkey), failure));
    bool row = false;
    return sqlite_query_step(&query, &row, failure);
}

/* Entries of the same batch were inserted before, so a repetition among them is found too. */
static enum status refuse_known_id(struct sqlite_store *store, const struct hash *id,
                                   struct failure *failure)
{
    uint64_t index = STORE_NONE;
    TRY(sqlite_lookup(store, id, &index, failure));
    if (index != STORE_NONE) {
        return fail(failure, STATUS_CONFLICT, store->path,
                    "the statement is in the ledger already, as entry %" PRIu64, index);
    }
    return STATUS_OK;
}

enum status sqlite_insert_entry(struct sqlite_store *store, const struct store_entry *entry,
                                struct failure *failure)
{
    TRY(refuse_known_id(store, &entry->id, failure));
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_INSERT_ENTRY, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, entry->index, failure));
    TRY(sqlite_bind_blob(&query, 2, hash_view(&entry->id), failure));
    TRY(sqlite_bind_text(&query, 3, entry->subject, failure));
    TRY(sqlite_bind_blob(&query, 4, entry->bytes, failure));
    bool row = false;
    return sqlite_query_step(&query, &row, failure);
}

enum status sqlite_insert_node(struct sqlite_store *store, const struct store_node *node,
                               struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_INSERT_NODE, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, node->at.level, failure));
    TRY(sqlite_bind_integer(&query, 2, node->at.index, failure));
    TRY(sqlite_bind_blob(&query, 3, hash_view(&node->hash), failure));
    bool row = false;
    return sqlite_query_step(&query, &row, failure);
}

enum status sqlite_insert_checkpoint(struct sqlite_store *store, uint64_t size, struct view note,
                                     struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_INSERT_CHECKPOINT, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, size, failure));
    TRY(sqlite_bind_blob(&query, 2, note, failure));
    bool row = false;
    return sqlite_query_step(&query, &row, failure);
}

/* Everything between BEGIN and COMMIT. */
static enum status append_rows(struct sqlite_store *store, const void *context,
                               struct failure *failure)
{
    const struct store_batch *batch = context;
    TRY(compare(store, batch, failure));
    if (store->staged) {
        TRY(sqlite_insert_identity(store, failure));
    }
    for (size_t i = 0; i < batch->entry_count; i++) {
        TRY(sqlite_insert_entry(store, &batch->entries[i], failure));
    }
    for (size_t i = 0; i < batch->node_count; i++) {
        TRY(sqlite_insert_node(store, &batch->nodes[i], failure));
    }
    return sqlite_insert_checkpoint(store, batch->checkpoint_size, batch->checkpoint, failure);
}

/* A commit that fails is never tried again: what the disk holds is known only when it is read. */
enum status sqlite_commit(struct sqlite_store *store, struct failure *failure)
{
    enum status status = sqlite_step(store, SQL_COMMIT, failure);
    if (status == STATUS_CONFLICT) {
        return fail(failure, STATUS_STORAGE, store->path,
                    "the commit failed because %s is in use: open the ledger again", store->path);
    }
    return status;
}

enum status sqlite_transact(struct sqlite_store *store,
                            enum status (*write)(struct sqlite_store *, const void *,
                                                 struct failure *),
                            const void *context, struct failure *failure)
{
    assert(store->lock_file >= 0);
    assert(!store->reading);

    TRY(sqlite_step(store, SQL_BEGIN_WRITING, failure));
    enum status status = write(store, context, failure);
    if (status == STATUS_OK) {
        status = sqlite_commit(store, failure);
    }
    if (status != STATUS_OK) {
        sqlite_rollback(store);
    }
    return status;
}

enum status sqlite_append(struct store *base, const struct store_batch *batch,
                          struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    TRY(sqlite_transact(store, append_rows, batch, failure));
    store->staged = false;
    store->created = false;
    return STATUS_OK;
}

/* Whether there is anything in the ledger yet. */
static enum status is_empty(struct sqlite_store *store, bool *ret_empty, struct failure *failure)
{
    uint64_t size = 0;
    TRY(sqlite_read_size(store, &size, failure));
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_IDENTITY, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    *ret_empty = size == 0 && !row;
    return STATUS_OK;
}

enum status sqlite_identify(struct store *base, struct view origin, struct view vkey,
                            struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    bool empty = false;
    TRY(is_empty(store, &empty, failure));
    if (!empty) {
        return fail(failure, STATUS_CONFLICT, store->path, "the ledger has an identity already");
    }
    buffer_clear(&store->staged_origin);
    buffer_clear(&store->staged_vkey);
    TRY(buffer_append(&store->staged_origin, origin));
    TRY(buffer_append(&store->staged_vkey, vkey));
    store->staged = true;
    return STATUS_OK;
}
