#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"

#include <assert.h>
#include <inttypes.h>

/* --- Reading --- */

/* Reads the row (idx, id, size, kind, bytes), and compares it with its id. */
static enum status attachment_row(const struct postgres_store *store, const PGresult *page, int row,
                                  uint64_t *ret_index, struct store_attachment *ret_found,
                                  struct failure *failure)
{
    uint64_t kind = 0;
    struct hash id;
    if (!postgres_column_integer(page, row, 0, ret_index) ||
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
    return hash_equal(&computed, &id)
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, store->name,
                      "attachment %" PRIu64 " is damaged: its bytes are not those of its id",
                      *ret_index);
}

/* Visits the rows of a page; `*next` becomes the first index behind them. */
static enum status visit_page(const struct postgres_store *store, const PGresult *page,
                              enum store_attachment_kind kind, store_visit_attachment *visit,
                              void *context, uint64_t *next, struct failure *failure)
{
    for (int row = 0; row < PQntuples(page); row++) {
        uint64_t index;
        struct store_attachment found = {0};
        TRY(attachment_row(store, page, row, &index, &found, failure));
        if (kind == ATTACHMENT_ANY || kind == found.kind) {
            TRY(visit(context, &found, failure));
        }
        *next = index + 1;
    }
    return STATUS_OK;
}

enum status postgres_scan_attachments(struct store *base, uint64_t size,
                                      enum store_attachment_kind kind,
                                      store_visit_attachment *visit, void *context,
                                      struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (size != STORE_NONE && size > INT64_MAX) {
        return STATUS_OK; /* there are none */
    }
    uint64_t next = 0;
    for (int rows = 1; rows > 0;) { /* bounded by the rows */
        OWNED(postgres_result_freep) PGresult *page = NULL;
        struct postgres_parameters parameters = {0};
        postgres_add_integer(&parameters, next);
        if (size == STORE_NONE) {
            postgres_add_null(&parameters);
        } else {
            postgres_add_integer(&parameters, size);
        }
        TRY(postgres_query(store, PG_SCAN_ATTACHMENTS, &parameters, &page, failure));
        rows = PQntuples(page);
        TRY(visit_page(store, page, kind, visit, context, &next, failure));
    }
    return STATUS_OK;
}

/* --- Writing --- */

/* The rights of a writer, as an append asks for them: the row of the lease stays locked. */
static enum status hold_lease(struct postgres_store *store, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(postgres_query(store, PG_HOLD_LEASE, NULL, &result, failure));
    return postgres_compare_lease(store, result, failure);
}

static enum status check_checkpoint(struct postgres_store *store, uint64_t size,
                                    struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    return postgres_read_checkpoint(&store->base, size, &note, failure);
}

static enum status insert(struct postgres_store *store, const struct store_attachment *attachment,
                          struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct hash id = store_attachment_id(attachment);
    struct postgres_parameters parameters = {0};
    postgres_add_bytes(&parameters, hash_view(&id));
    postgres_add_integer(&parameters, attachment->checkpoint_size);
    postgres_add_integer(&parameters, attachment->kind);
    postgres_add_bytes(&parameters, attachment->bytes);
    return postgres_query(store, PG_INSERT_ATTACHMENT, &parameters, &result, failure);
}

static enum status write_attachment(struct postgres_store *store,
                                    const struct store_attachment *attachment,
                                    struct failure *failure)
{
    TRY(hold_lease(store, failure));
    TRY(check_checkpoint(store, attachment->checkpoint_size, failure));
    return insert(store, attachment, failure);
}

enum status postgres_attach(struct store *base, const struct store_attachment *attachment,
                            struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(store->epoch != 0);
    assert(!store->reading);
    TRY(postgres_run(store, "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", failure));
    enum status status = write_attachment(store, attachment, failure);
    if (status == STATUS_OK) {
        store->is_warned = false;
        status = postgres_run(store, "COMMIT", failure);
    }
    if (status == STATUS_OK && store->is_warned) {
        return fail(failure, STATUS_STORAGE, store->name,
                    "the commit was not confirmed: open the ledger again to learn whether it "
                    "took place");
    }
    if (PQtransactionStatus(store->connection) != PQTRANS_IDLE) {
        (void)postgres_run(store, "ROLLBACK", NULL); /* if this fails, the server does it */
    }
    return status;
}
