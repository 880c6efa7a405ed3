#include "ledger/store/postgres_internal.h"

#include "ledger/base/limits.h"
#include "ledger/store/prefix.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* A row that has another shape than the format gives it (promise 7). */
static enum status wrong_row(const struct postgres_store *store, const char *what,
                             struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, store->name, "%s is stored in a wrong shape", what);
}

enum status postgres_read_identity(struct store *base, struct buffer *ret_origin,
                                   struct buffer *ret_vkey, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(postgres_query(store, PG_IDENTITY, NULL, &result, failure));
    if (PQntuples(result) == 0) {
        return fail(failure, STATUS_NOT_FOUND, store->name, "the ledger has no identity");
    }
    struct view origin;
    struct view vkey;
    if (PQntuples(result) != 1 ||
        !postgres_column_bytes(result, 0, 0, ret_origin->size_max, &origin) ||
        !postgres_column_bytes(result, 0, 1, ret_vkey->size_max, &vkey)) {
        return wrong_row(store, "the identity", failure);
    }
    buffer_clear(ret_origin);
    buffer_clear(ret_vkey);
    return buffer_append(ret_origin, origin) == STATUS_OK &&
                   buffer_append(ret_vkey, vkey) == STATUS_OK
               ? STATUS_OK
               : fail_memory(failure);
}

enum status postgres_read_latest(struct store *base, uint64_t *ret_size, struct buffer *ret_note,
                                 struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    TRY(postgres_query(store, PG_LATEST, NULL, &result, failure));
    if (PQntuples(result) == 0) {
        return fail(failure, STATUS_NOT_FOUND, store->name, "the ledger has no checkpoint");
    }
    uint64_t size;
    struct view note;
    if (!postgres_column_integer(result, 0, 0, &size) ||
        !postgres_column_bytes(result, 0, 1, ret_note->size_max, &note)) {
        return wrong_row(store, "the latest checkpoint", failure);
    }
    buffer_clear(ret_note);
    if (buffer_append(ret_note, note) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_size = size;
    return STATUS_OK;
}

enum status postgres_read_checkpoint(struct store *base, uint64_t size, struct buffer *ret_note,
                                     struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    if (size <= INT64_MAX) {
        postgres_add_integer(&parameters, size);
        TRY(postgres_query(store, PG_CHECKPOINT, &parameters, &result, failure));
    }
    if (result == NULL || PQntuples(result) == 0) {
        return fail(failure, STATUS_NOT_FOUND, store->name,
                    "there is no checkpoint of size %" PRIu64, size);
    }
    struct view note;
    if (!postgres_column_bytes(result, 0, 0, ret_note->size_max, &note)) {
        return wrong_row(store, "a checkpoint", failure);
    }
    buffer_clear(ret_note);
    return buffer_append(ret_note, note) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

/* Reads a row (idx, id, subject, bytes). */
static enum status entry_row(const struct postgres_store *store, const PGresult *result, int row,
                             struct store_entry *ret_entry, struct failure *failure)
{
    return postgres_column_integer(result, row, 0, &ret_entry->index) &&
                   postgres_column_hash(result, row, 1, &ret_entry->id) &&
                   postgres_column_bytes(result, row, 2, SUBJECT_SIZE_MAX, &ret_entry->subject) &&
                   postgres_column_bytes(result, row, 3, ENTRY_SIZE_MAX, &ret_entry->bytes)
               ? STATUS_OK
               : wrong_row(store, "an entry", failure);
}

enum status postgres_read_entry(struct store *base, uint64_t index, store_visit_entry *visit,
                                void *context, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    OWNED(postgres_result_freep) PGresult *result = NULL;
    if (index <= INT64_MAX) {
        struct postgres_parameters parameters = {0};
        postgres_add_integer(&parameters, index);
        TRY(postgres_query(store, PG_ENTRY, &parameters, &result, failure));
    }
    if (result == NULL || PQntuples(result) == 0) {
        return fail(failure, STATUS_NOT_FOUND, store->name, "there is no entry %" PRIu64, index);
    }
    struct store_entry entry;
    TRY(entry_row(store, result, 0, &entry, failure));
    return visit(context, &entry, failure);
}

/* The one integer that a query gives, or STORE_NONE. */
static enum status look_up(struct postgres_store *store, enum postgres_statement name,
                           struct view key, uint64_t *ret_index, struct failure *failure)
{
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_bytes(&parameters, key);
    TRY(postgres_query(store, name, &parameters, &result, failure));
    if (PQntuples(result) == 0) {
        *ret_index = STORE_NONE;
        return STATUS_OK;
    }
    return postgres_column_integer(result, 0, 0, ret_index) ? STATUS_OK
                                                            : wrong_row(store, "an index", failure);
}

enum status postgres_find(struct store *base, const struct hash *id, uint64_t *ret_index,
                          struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    uint64_t index = STORE_NONE;
    TRY(look_up(store, PG_FIND, hash_view(id), &index, failure));
    if (index == STORE_NONE) {
        return fail(failure, STATUS_NOT_FOUND, store->name, "there is no entry of this id");
    }
    *ret_index = index;
    return STATUS_OK;
}

enum status postgres_head(struct store *base, struct view subject, uint64_t *ret_last_index,
                          struct failure *failure)
{
    return look_up(postgres_store(base), PG_HEAD, subject, ret_last_index, failure);
}

/* --- Scans --- */

/* Where a scan goes on. */
struct scan_place {
    struct store_scan scan;
    char end[SUBJECT_SIZE_MAX]; /* the first bytes behind every subject that has the prefix */
    size_t end_size;
    bool has_end;
    uint64_t index;                 /* the first index to see */
    char subject[SUBJECT_SIZE_MAX]; /* from this subject on */
    size_t subject_size;
};

static enum postgres_statement scan_statement(enum store_scan_kind kind)
{
    switch (kind) {
    case STORE_SCAN_ALL:
        return PG_SCAN_ALL;
    case STORE_SCAN_SUBJECT:
        return PG_SCAN_SUBJECT;
    case STORE_SCAN_PREFIX_BY_INDEX:
        return PG_SCAN_PREFIX_BY_INDEX;
    case STORE_SCAN_PREFIX_BY_SUBJECT:
        return PG_SCAN_PREFIX_BY_SUBJECT;
    }
    return PG_SCAN_ALL;
}

static void add_scan(const struct scan_place *place, struct postgres_parameters *parameters)
{
    postgres_add_integer(parameters, place->index);
    if (place->scan.kind == STORE_SCAN_ALL) {
        return;
    }
    postgres_add_bytes(parameters, place->scan.subject);
    if (place->scan.kind == STORE_SCAN_SUBJECT) {
        return;
    }
    if (place->has_end) {
        postgres_add_bytes(parameters, (struct view){place->end, place->end_size});
    } else {
        postgres_add_null(parameters);
    }
    if (place->scan.kind == STORE_SCAN_PREFIX_BY_SUBJECT) {
        postgres_add_bytes(parameters, (struct view){place->subject, place->subject_size});
    }
}

/* Visits the rows of one page and moves the place behind them. */
static enum status visit_page(struct postgres_store *store, const PGresult *page,
                              struct scan_place *place, store_visit_entry *visit, void *context,
                              struct failure *failure)
{
    for (int row = 0; row < PQntuples(page); row++) {
        struct store_entry entry;
        TRY(entry_row(store, page, row, &entry, failure));
        if (place->scan.kind == STORE_SCAN_ALL && entry.index != place->index) {
            return fail(failure, STATUS_UNTRUSTED, store->name, "entry %" PRIu64 " is missing",
                        place->index);
        }
        TRY(visit(context, &entry, failure));
        place->index = entry.index + 1;
        memcpy(place->subject, entry.subject.data, entry.subject.size);
        place->subject_size = entry.subject.size;
    }
    return STATUS_OK;
}

enum status postgres_scan(struct store *base, struct store_scan scan, store_visit_entry *visit,
                          void *context, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    assert(scan.kind == STORE_SCAN_ALL || scan.subject.size <= SUBJECT_SIZE_MAX);
    struct scan_place place = {.scan = scan};
    place.has_end =
        scan.kind != STORE_SCAN_ALL && prefix_end(scan.subject, place.end, &place.end_size);
    for (int rows = 1; rows > 0;) { /* bounded by the rows */
        OWNED(postgres_result_freep) PGresult *page = NULL;
        struct postgres_parameters parameters = {0};
        add_scan(&place, &parameters);
        TRY(postgres_query(store, scan_statement(scan.kind), &parameters, &page, failure));
        rows = PQntuples(page);
        TRY(visit_page(store, page, &place, visit, context, failure));
    }
    return STATUS_OK;
}

/* --- Nodes and checkpoints --- */

static enum status missing_node(const struct postgres_store *store, struct merkle_position at,
                                struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, store->name,
                "the node at level %" PRIu32 ", index %" PRIu64 " is missing", at.level, at.index);
}

enum status postgres_read_node(struct store *base, struct merkle_position at, struct hash *ret_hash,
                               struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (at.index > INT64_MAX) {
        return missing_node(store, at, failure);
    }
    OWNED(postgres_result_freep) PGresult *result = NULL;
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, at.level);
    postgres_add_integer(&parameters, at.index);
    TRY(postgres_query(store, PG_NODE, &parameters, &result, failure));
    if (PQntuples(result) == 0) {
        return missing_node(store, at, failure);
    }
    return postgres_column_hash(result, 0, 0, ret_hash) ? STATUS_OK
                                                        : wrong_row(store, "a node", failure);
}

static enum status query_nodes(struct postgres_store *store, struct merkle_position from,
                               size_t count, PGresult **ret_result, struct failure *failure)
{
    struct postgres_parameters parameters = {0};
    postgres_add_integer(&parameters, from.level);
    postgres_add_integer(&parameters, from.index);
    postgres_add_integer(&parameters, count);
    return postgres_query(store, PG_NODES, &parameters, ret_result, failure);
}

enum status postgres_read_nodes(struct store *base, struct merkle_position from, size_t count,
                                struct hash *ret_hashes, size_t *ret_count, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    size_t seen = 0;
    if (from.index <= INT64_MAX && count <= INT32_MAX) {
        OWNED(postgres_result_freep) PGresult *result = NULL;
        TRY(query_nodes(store, from, count, &result, failure));
        size_t rows = (size_t)PQntuples(result);
        uint64_t index = 0;
        while (seen < rows && postgres_column_integer(result, (int)seen, 0, &index) &&
               index == from.index + seen &&
               postgres_column_hash(result, (int)seen, 1, &ret_hashes[seen])) {
            seen++;
        }
    }
    *ret_count = seen;
    return STATUS_OK;
}

static enum status visit_nodes(struct postgres_store *store, const PGresult *page,
                               struct merkle_position *at, store_visit_node *visit, void *context,
                               struct failure *failure)
{
    for (int row = 0; row < PQntuples(page); row++) {
        struct store_node node = {.at = *at};
        if (!postgres_column_integer(page, row, 0, &node.at.index) ||
            !postgres_column_hash(page, row, 1, &node.hash)) {
            return wrong_row(store, "a node", failure);
        }
        if (node.at.index != at->index) {
            return missing_node(store, *at, failure);
        }
        TRY(visit(context, &node, failure));
        at->index++;
    }
    return STATUS_OK;
}

#define NODES_PAGE 4096

enum status postgres_scan_nodes(struct store *base, struct merkle_position from,
                                store_visit_node *visit, void *context, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    if (from.index > INT64_MAX) {
        return STATUS_OK; /* there are none */
    }
    for (int rows = 1; rows > 0;) { /* bounded by the rows */
        OWNED(postgres_result_freep) PGresult *page = NULL;
        TRY(query_nodes(store, from, NODES_PAGE, &page, failure));
        rows = PQntuples(page);
        TRY(visit_nodes(store, page, &from, visit, context, failure));
    }
    return STATUS_OK;
}

enum status postgres_scan_checkpoints(struct store *base, store_visit_checkpoint *visit,
                                      void *context, struct failure *failure)
{
    struct postgres_store *store = postgres_store(base);
    uint64_t from = 0;
    for (int rows = 1; rows > 0;) { /* bounded by the rows */
        OWNED(postgres_result_freep) PGresult *page = NULL;
        struct postgres_parameters parameters = {0};
        postgres_add_integer(&parameters, from);
        TRY(postgres_query(store, PG_SCAN_CHECKPOINTS, &parameters, &page, failure));
        rows = PQntuples(page);
        for (int row = 0; row < rows; row++) {
            uint64_t size;
            struct view note;
            if (!postgres_column_integer(page, row, 0, &size) || size == INT64_MAX ||
                !postgres_column_bytes(page, row, 1, CHECKPOINT_SIZE_MAX, &note)) {
                return wrong_row(store, "a checkpoint", failure);
            }
            TRY(visit(context, size, note, failure));
            from = size + 1;
        }
    }
    return STATUS_OK;
}
