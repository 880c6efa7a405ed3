#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <inttypes.h>

/* A ledger of the first version has no attachments. */
static enum status has_attachments(struct postgres_store *store, bool *ret_has,
                                   struct failure *failure)
{
    uint64_t version = 0;
    TRY(postgres_schema_version(store, &version, failure));
    *ret_has = version >= POSTGRES_FORMAT_ATTACHMENTS;
    return STATUS_OK;
}

/* Reads a row (idx, id, size, kind, bytes), and compares it with its id. */
static enum status attachment_row(const struct postgres_store *store, const PGresult *page, int row,
                                  uint64_t *ret_index, struct store_attachment *ret_found,
                                  struct failure *failure)
{
    uint64_t kind = 0;
    struct hash id;
    if (!postgres_column_integer(page, row, 0, ret_index) || *ret_index == INT64_MAX ||
        !postgres_column_hash(page, row, 1, &id) ||
        !postgres_column_integer(page, row, 2, &ret_found->checkpoint_size) ||
        !postgres_column_integer(page, row, 3, &kind) || kind < 1 || kind > ATTACHMENT_KIND_MAX ||
        !postgres_column_bytes(page, row, 4, ATTACHMENT_SIZE_MAX, &ret_found->bytes) ||
        ret_found->bytes.size == 0) {
        return fail(failure, STATUS_UNTRUSTED, store->name, "%s is stored in a wrong shape",
                    "an attachment");
    }
    ret_found->kind = (enum store_attachment_kind)kind;
    struct hash computed = store_attachment_id(ret_found);
    if (!hash_equal(&computed, &id)) {
        return fail(failure, STATUS_UNTRUSTED, store->name,
                    "attachment %" PRIu64 " is damaged: its bytes are not those of its id",
                    *ret_index);
    }
    return STATUS_OK;
}

static enum status read_page(struct postgres_store *store, uint64_t from, uint64_t size,
                             PGresult **ret_page, struct failure *failure)
{
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, from);
    if (size == STORE_NONE) {
        return postgres_query(store, PG_SCAN_ATTACHMENTS, &parameters, ret_page, failure);
    }
    postgres_add_integer(&parameters, size);
    return postgres_query(store, PG_SCAN_ATTACHMENTS_OF, &parameters, ret_page, failure);
}

enum status postgres_scan_attachments(struct store *base, uint64_t size,
                                      enum store_attachment_kind kind,
                                      store_visit_attachment *visit, void *context,
                                      struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    bool has_any = false;
    TRY(has_attachments(store, &has_any, failure));
    if (!has_any || (size != STORE_NONE && size > INT64_MAX)) {
        return STATUS_OK;
    }
    uint64_t from = 0;
    for (int rows = 1; rows > 0;) { /* bounded by the rows */
        OWNED(postgres_result_freep) PGresult *page = NULL;
        TRY(read_page(store, from, size, &page, failure));
        rows = PQntuples(page);
        for (int row = 0; row < rows; row++) {
            struct store_attachment attachment = {0};
            TRY(attachment_row(store, page, row, &from, &attachment, failure));
            if (kind == ATTACHMENT_ANY || kind == attachment.kind) {
                TRY(visit(context, &attachment, failure));
            }
            from += 1;
        }
    }
    return STATUS_OK;
}

static enum status is_attached(struct postgres_store *store, const struct hash *id, bool *ret_is,
                               struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_bytes(&parameters, hash_view(id));
    TRY(postgres_query(store, PG_FIND_ATTACHMENT, &parameters, &result, failure));
    *ret_is = PQntuples(result) > 0;
    return STATUS_OK;
}

static enum status next_index(struct postgres_store *store, uint64_t *ret_index,
                              struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    uint64_t count = 0;
    TRY(postgres_query(store, PG_COUNT_ATTACHMENTS, NULL, &result, failure));
    bool is_good = postgres_column_integer(result, 0, 0, &count) &&
                   postgres_column_integer(result, 0, 1, ret_index) && count == *ret_index;
    return is_good ? STATUS_OK
                   : fail(failure, STATUS_UNTRUSTED, store->name,
                          "the indexes of the attachments have a gap");
}

static enum status check_checkpoint(struct postgres_store *store, uint64_t size,
                                    struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    return postgres_read_checkpoint(&store->base, size, &note, failure);
}

enum status postgres_insert_attachment(struct postgres_store *store,
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
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, index);
    postgres_add_bytes(&parameters, hash_view(&id));
    postgres_add_integer(&parameters, attachment->checkpoint_size);
    postgres_add_integer(&parameters, (uint64_t)attachment->kind);
    postgres_add_bytes(&parameters, attachment->bytes);
    return postgres_query(store, PG_INSERT_ATTACHMENT, &parameters, &result, failure);
}

enum status postgres_attach(struct store *base, const struct store_attachment *attachment,
                            struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    bool has_any = false;
    TRY(has_attachments(store, &has_any, failure));
    if (!has_any) {
        return fail(failure, STATUS_STORAGE, store->name,
                    "the ledger is of format version 1, which keeps no attachments, and this role "
                    "may not add their table: write to the ledger once as the role that created "
                    "it, which adds it");
    }
    TRY(postgres_begin_writing(store, failure));
    return postgres_end_writing(store, postgres_insert_attachment(store, attachment, failure),
                                failure);
}
