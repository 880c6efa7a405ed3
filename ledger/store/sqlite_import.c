#include "ledger/store/sqlite_internal.h"

#include <assert.h>
#include <inttypes.h>

static enum status begin_at(struct sqlite_store *store, uint64_t expected_size,
                            struct failure *failure)
{
    uint64_t size = 0;
    TRY(sqlite_read_size(store, &size, failure));
    if (size != expected_size) {
        return fail(failure, STATUS_CONFLICT, store->path,
                    "the ledger has %" PRIu64 " entries by now, not %" PRIu64, size, expected_size);
    }
    return store->staged ? sqlite_insert_identity(store, failure) : STATUS_OK;
}

enum status sqlite_import_begin(struct store *base, uint64_t expected_size, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(store->lock_file >= 0);
    assert(!store->reading);
    TRY(sqlite_step(store, SQL_BEGIN_WRITING, failure));
    enum status status = begin_at(store, expected_size, failure);
    if (status != STATUS_OK) {
        sqlite_import_cancel(base);
    }
    return status;
}

enum status sqlite_import_entry(struct store *base, const struct store_entry *entry,
                                struct failure *failure)
{
    return sqlite_insert_entry(sqlite_store(base), entry, failure);
}

enum status sqlite_import_node(struct store *base, const struct store_node *node,
                               struct failure *failure)
{
    return sqlite_insert_node(sqlite_store(base), node, failure);
}

enum status sqlite_import_checkpoint(struct store *base, uint64_t size, struct view note,
                                     struct failure *failure)
{
    return sqlite_insert_checkpoint(sqlite_store(base), size, note, failure);
}

enum status sqlite_import_attachment(struct store *base, const struct store_attachment *attachment,
                                     struct failure *failure)
{
    return sqlite_insert_attachment(sqlite_store(base), attachment, failure);
}

enum status sqlite_import_commit(struct store *base, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(!sqlite3_get_autocommit(store->database));
    uint64_t size = 0; /* the same of entries and checkpoint */
    TRY(sqlite_read_size(store, &size, failure));
    TRY(sqlite_commit(store, failure));
    store->staged = false;
    store->created = false;
    return STATUS_OK;
}

void sqlite_import_cancel(struct store *base)
{
    struct sqlite_store *store = sqlite_store(base);
    if (!sqlite3_get_autocommit(store->database)) {
        (void)sqlite3_exec(store->database, "ROLLBACK", NULL, NULL, NULL);
    }
}
