#include "ledger/store/sqlite_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>

/* A ledger of the first version has no attachments. */
static enum status has_attachments(struct sqlite_store *store, bool *ret_has,
                                   struct failure *failure)
{
    uint64_t version = 0;
    TRY(sqlite_schema_version(store, &version, failure));
    *ret_has = version >= SQLITE_FORMAT_ATTACHMENTS;
    return STATUS_OK;
}

/* Reads the row (idx, id, size, kind, bytes) that `query` stands on, and compares it with its id.
 */
static enum status attachment_row(struct sqlite_query *query, struct store_attachment *ret_found,
                                  struct failure *failure)
{
    const char *path = query->store->path;
    uint64_t index = 0;
    uint64_t kind = 0;
    struct hash id;
    if (!sqlite_column_integer(query, 0, &index) || !sqlite_column_hash(query, 1, &id) ||
        !sqlite_column_integer(query, 2, &ret_found->checkpoint_size) ||
        !sqlite_column_integer(query, 3, &kind) || kind < 1 || kind > ATTACHMENT_KIND_MAX ||
        !sqlite_column_blob(query, 4, ATTACHMENT_SIZE_MAX, &ret_found->bytes) ||
        ret_found->bytes.size == 0) {
        return fail(failure, STATUS_UNTRUSTED, path, "%s is stored in a wrong shape",
                    "an attachment");
    }
    ret_found->kind = (enum store_attachment_kind)kind;
    struct hash computed = store_attachment_id(ret_found);
    if (!hash_equal(&computed, &id)) {
        return fail(failure, STATUS_UNTRUSTED, path,
                    "attachment %" PRIu64 " is damaged: its bytes are not those of its id", index);
    }
    return STATUS_OK;
}

/* Visits the rows of a query that is bound. */
static enum status visit_rows(struct sqlite_query *query, enum store_attachment_kind kind,
                              store_visit_attachment *visit, void *context, struct failure *failure)
{
    bool row = false;
    TRY(sqlite_query_step(query, &row, failure));
    while (row) { /* bounded by the rows */
        struct store_attachment attachment = {0};
        TRY(attachment_row(query, &attachment, failure));
        if (kind == ATTACHMENT_ANY || kind == attachment.kind) {
            TRY(visit(context, &attachment, failure));
        }
        TRY(sqlite_query_step(query, &row, failure));
    }
    return STATUS_OK;
}

enum status sqlite_scan_attachments(struct store *base, uint64_t size,
                                    enum store_attachment_kind kind, store_visit_attachment *visit,
                                    void *context, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    bool has_any = false;
    TRY(has_attachments(store, &has_any, failure));
    bool is_beyond = size != STORE_NONE && size > INT64_MAX;
    if (!has_any || is_beyond) {
        return STATUS_OK;
    }
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    if (size == STORE_NONE) {
        TRY(sqlite_query_begin(store, SQL_SCAN_ATTACHMENTS, &query, failure));
    } else {
        TRY(sqlite_query_begin(store, SQL_SCAN_ATTACHMENTS_OF, &query, failure));
        TRY(sqlite_bind_integer(&query, 1, size, failure));
    }
    return visit_rows(&query, kind, visit, context, failure);
}

static enum status is_attached(struct sqlite_store *store, const struct hash *id, bool *ret_is,
                               struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_FIND_ATTACHMENT, &query, failure));
    TRY(sqlite_bind_blob(&query, 1, hash_view(id), failure));
    return sqlite_query_step(&query, ret_is, failure);
}

static enum status check_checkpoint(struct sqlite_store *store, uint64_t size,
                                    struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    return sqlite_read_checkpoint(&store->base, size, &note, failure);
}

static enum status next_index(struct sqlite_store *store, uint64_t *ret_index,
                              struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_COUNT_ATTACHMENTS, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    bool is_good = row && sqlite_column_integer(&query, 0, ret_index);
    return is_good ? STATUS_OK
                   : fail(failure, STATUS_UNTRUSTED, store->path,
                          "the indexes of the attachments have a gap");
}

enum status sqlite_insert_attachment(struct sqlite_store *store,
                                     const struct store_attachment *attachment,
                                     struct failure *failure)
{
    TRY(check_checkpoint(store, attachment->checkpoint_size, failure));
    struct hash id = store_attachment_id(attachment);
    bool is_there = false;
    TRY(is_attached(store, &id, &is_there, failure));
    if (is_there) {
        return STATUS_OK;
    }
    uint64_t index = 0;
    TRY(next_index(store, &index, failure));
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_INSERT_ATTACHMENT, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, index, failure));
    TRY(sqlite_bind_blob(&query, 2, hash_view(&id), failure));
    TRY(sqlite_bind_integer(&query, 3, attachment->checkpoint_size, failure));
    TRY(sqlite_bind_integer(&query, 4, attachment->kind, failure));
    TRY(sqlite_bind_blob(&query, 5, attachment->bytes, failure));
    bool row = false;
    return sqlite_query_step(&query, &row, failure);
}

static enum status insert(struct sqlite_store *store, const void *context, struct failure *failure)
{
    return sqlite_insert_attachment(store, context, failure);
}

enum status sqlite_attach(struct store *base, const struct store_attachment *attachment,
                          struct failure *failure)
{
    return sqlite_transact(sqlite_store(base), insert, attachment, failure);
}
