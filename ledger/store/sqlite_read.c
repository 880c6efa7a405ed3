#include "ledger/store/sqlite_internal.h"

#include "ledger/base/limits.h"
#include "ledger/store/prefix.h"

#include <assert.h>
#include <inttypes.h>

/* A row that has another shape than the format gives it (promise 7). */
static enum status wrong_row(const struct sqlite_store *store, const char *what,
                             struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, store->path, "%s is stored in a wrong shape", what);
}

enum status sqlite_read_identity(struct store *base, struct buffer *ret_origin,
                                 struct buffer *ret_vkey, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_IDENTITY, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row) {
        return fail(failure, STATUS_NOT_FOUND, store->path, "the ledger has no identity");
    }
    uint64_t one;
    struct view origin;
    struct view vkey;
    if (!sqlite_column_integer(&query, 0, &one) || one != 1 ||
        !sqlite_column_text(&query, 1, ret_origin->size_max, &origin) ||
        !sqlite_column_text(&query, 2, ret_vkey->size_max, &vkey)) {
        return wrong_row(store, "the identity", failure);
    }
    buffer_clear(ret_origin);
    buffer_clear(ret_vkey);
    if (buffer_append(ret_origin, origin) != STATUS_OK ||
        buffer_append(ret_vkey, vkey) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(sqlite_query_step(&query, &row, failure));
    return row ? wrong_row(store, "a second identity", failure) : STATUS_OK;
}

/* Reads the row (size, note) that `query` stands on. */
static enum status checkpoint_row(struct sqlite_query *query, uint64_t *ret_size,
                                  struct view *ret_note, struct failure *failure)
{
    if (!sqlite_column_integer(query, 0, ret_size) ||
        !sqlite_column_blob(query, 1, CHECKPOINT_SIZE_MAX, ret_note)) {
        return wrong_row(query->store, "a checkpoint", failure);
    }
    return STATUS_OK;
}

enum status sqlite_read_latest(struct store *base, uint64_t *ret_size, struct buffer *ret_note,
                               struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_LATEST, &query, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row) {
        return fail(failure, STATUS_NOT_FOUND, store->path, "the ledger has no checkpoint");
    }
    uint64_t size = 0;
    struct view note = {0};
    TRY(checkpoint_row(&query, &size, &note, failure));
    if (note.size > ret_note->size_max) {
        return wrong_row(store, "the latest checkpoint", failure);
    }
    buffer_clear(ret_note);
    if (buffer_append(ret_note, note) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_size = size;
    return STATUS_OK;
}

enum status sqlite_read_checkpoint(struct store *base, uint64_t size, struct buffer *ret_note,
                                   struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    bool row = false;
    if (size <= INT64_MAX) {
        TRY(sqlite_query_begin(store, SQL_CHECKPOINT, &query, failure));
        TRY(sqlite_bind_integer(&query, 1, size, failure));
        TRY(sqlite_query_step(&query, &row, failure));
    }
    if (!row) {
        return fail(failure, STATUS_NOT_FOUND, store->path,
                    "there is no checkpoint of size %" PRIu64, size);
    }
    uint64_t found = 0;
    struct view note = {0};
    TRY(checkpoint_row(&query, &found, &note, failure));
    buffer_clear(ret_note);
    enum status kept = buffer_append(ret_note, note);
    return kept == STATUS_OK
               ? STATUS_OK
               : fail(failure, kept, store->path, "there is no room for a checkpoint");
}

/* Reads the row (idx, id, subject, bytes) that `query` stands on. */
static enum status entry_row(struct sqlite_query *query, struct store_entry *ret_entry,
                             struct failure *failure)
{
    if (!sqlite_column_integer(query, 0, &ret_entry->index) ||
        !sqlite_column_hash(query, 1, &ret_entry->id) ||
        !sqlite_column_text(query, 2, SUBJECT_SIZE_MAX, &ret_entry->subject) ||
        !sqlite_column_blob(query, 3, ENTRY_SIZE_MAX, &ret_entry->bytes)) {
        return wrong_row(query->store, "an entry", failure);
    }
    return STATUS_OK;
}

enum status sqlite_read_entry(struct store *base, uint64_t index, store_visit_entry *visit,
                              void *context, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    bool row = false;
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    if (index <= INT64_MAX) {
        TRY(sqlite_query_begin(store, SQL_ENTRY, &query, failure));
        TRY(sqlite_bind_integer(&query, 1, index, failure));
        TRY(sqlite_query_step(&query, &row, failure));
    }
    if (!row) {
        return fail(failure, STATUS_NOT_FOUND, store->path, "there is no entry %" PRIu64, index);
    }
    struct store_entry entry;
    TRY(entry_row(&query, &entry, failure));
    return visit(context, &entry, failure);
}

enum status sqlite_lookup(struct sqlite_store *store, const struct hash *id, uint64_t *ret_index,
                          struct failure *failure)
{
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_FIND, &query, failure));
    TRY(sqlite_bind_blob(&query, 1, hash_view(id), failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row) {
        *ret_index = STORE_NONE;
        return STATUS_OK;
    }
    return sqlite_column_integer(&query, 0, ret_index) ? STATUS_OK
                                                       : wrong_row(store, "an index", failure);
}

enum status sqlite_find(struct store *base, const struct hash *id, uint64_t *ret_index,
                        struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    uint64_t index = STORE_NONE;
    TRY(sqlite_lookup(store, id, &index, failure));
    if (index == STORE_NONE) {
        return fail(failure, STATUS_NOT_FOUND, store->path, "there is no entry of this id");
    }
    *ret_index = index;
    return STATUS_OK;
}

enum status sqlite_head(struct store *base, struct view subject, uint64_t *ret_last_index,
                        struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_HEAD, &query, failure));
    TRY(sqlite_bind_text(&query, 1, subject, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row) {
        *ret_last_index = STORE_NONE;
        return STATUS_OK;
    }
    return sqlite_column_integer(&query, 0, ret_last_index) ? STATUS_OK
                                                            : wrong_row(store, "an index", failure);
}

static enum sqlite_statement scan_statement(enum store_scan_kind kind)
{
    switch (kind) {
    case STORE_SCAN_ALL:
        return SQL_SCAN_ALL;
    case STORE_SCAN_SUBJECT:
        return SQL_SCAN_SUBJECT;
    case STORE_SCAN_PREFIX_BY_INDEX:
        return SQL_SCAN_PREFIX_BY_INDEX;
    case STORE_SCAN_PREFIX_BY_SUBJECT:
        return SQL_SCAN_PREFIX_BY_SUBJECT;
    }
    return SQL_SCAN_ALL;
}

/* Binds what a scan asks for. `end` keeps the bytes that a parameter borrows. */
static enum status bind_scan(struct sqlite_query *query, struct store_scan scan,
                             char end[static SUBJECT_SIZE_MAX], struct failure *failure)
{
    if (scan.kind == STORE_SCAN_ALL) {
        return STATUS_OK;
    }
    TRY(sqlite_bind_text(query, 1, scan.subject, failure));
    if (scan.kind == STORE_SCAN_SUBJECT) {
        return STATUS_OK;
    }
    size_t end_size;
    if (prefix_end(scan.subject, end, &end_size)) {
        return sqlite_bind_text(query, 2, (struct view){.data = end, .size = end_size}, failure);
    }
    return sqlite_bind_blob(query, 2, VIEW(""), failure); /* any text is less than any blob */
}

enum status sqlite_scan(struct store *base, struct store_scan scan, store_visit_entry *visit,
                        void *context, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    assert(scan.kind == STORE_SCAN_ALL || scan.subject.size <= SUBJECT_SIZE_MAX);
    char end[SUBJECT_SIZE_MAX];
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, scan_statement(scan.kind), &query, failure));
    TRY(bind_scan(&query, scan, end, failure));

    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    for (uint64_t count = 0; row; count++) { /* bounded by the rows */
        struct store_entry entry;
        TRY(entry_row(&query, &entry, failure));
        if (scan.kind == STORE_SCAN_ALL && entry.index != count) {
            return fail(failure, STATUS_UNTRUSTED, store->path, "entry %" PRIu64 " is missing",
                        count);
        }
        TRY(visit(context, &entry, failure));
        TRY(sqlite_query_step(&query, &row, failure));
    }
    return STATUS_OK;
}

static enum status missing_node(const struct sqlite_store *store, struct merkle_position at,
                                struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, store->path,
                "the node at level %" PRIu32 ", index %" PRIu64 " is missing", at.level, at.index);
}

enum status sqlite_read_node(struct store *base, struct merkle_position at, struct hash *ret_hash,
                             struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    if (at.index > INT64_MAX) {
        return missing_node(store, at, failure);
    }
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_NODE, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, at.level, failure));
    TRY(sqlite_bind_integer(&query, 2, at.index, failure));
    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    if (!row) {
        return missing_node(store, at, failure);
    }
    return sqlite_column_hash(&query, 0, ret_hash) ? STATUS_OK
                                                   : wrong_row(store, "a node", failure);
}

enum status sqlite_read_nodes(struct store *base, struct merkle_position from, size_t count,
                              struct hash *ret_hashes, size_t *ret_count, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    size_t seen = 0;
    if (from.index <= INT64_MAX && count <= INT32_MAX) {
        OWNED(sqlite_query_end) struct sqlite_query query = {0};
        TRY(sqlite_query_begin(store, SQL_NODES, &query, failure));
        TRY(sqlite_bind_integer(&query, 1, from.level, failure));
        TRY(sqlite_bind_integer(&query, 2, from.index, failure));
        TRY(sqlite_bind_integer(&query, 3, count, failure));
        bool row = false;
        uint64_t index = 0;
        TRY(sqlite_query_step(&query, &row, failure));
        while (row && seen < count && sqlite_column_integer(&query, 0, &index) &&
               index == from.index + seen && sqlite_column_hash(&query, 1, &ret_hashes[seen])) {
            seen++;
            TRY(sqlite_query_step(&query, &row, failure));
        }
    }
    *ret_count = seen;
    return STATUS_OK;
}

enum status sqlite_scan_nodes(struct store *base, struct merkle_position from,
                              store_visit_node *visit, void *context, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    if (from.index > INT64_MAX) {
        return STATUS_OK; /* there are none */
    }
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_SCAN_NODES, &query, failure));
    TRY(sqlite_bind_integer(&query, 1, from.level, failure));
    TRY(sqlite_bind_integer(&query, 2, from.index, failure));

    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    for (struct merkle_position at = from; row; at.index++) { /* bounded by the rows */
        struct store_node node = {.at = at};
        if (!sqlite_column_integer(&query, 0, &node.at.index) ||
            !sqlite_column_hash(&query, 1, &node.hash)) {
            return wrong_row(store, "a node", failure);
        }
        if (node.at.index != at.index) {
            return missing_node(store, at, failure);
        }
        TRY(visit(context, &node, failure));
        TRY(sqlite_query_step(&query, &row, failure));
    }
    return STATUS_OK;
}

enum status sqlite_scan_checkpoints(struct store *base, store_visit_checkpoint *visit,
                                    void *context, struct failure *failure)
{
    struct sqlite_store *store = sqlite_store(base);
    OWNED(sqlite_query_end) struct sqlite_query query = {0};
    TRY(sqlite_query_begin(store, SQL_SCAN_CHECKPOINTS, &query, failure));

    bool row = false;
    TRY(sqlite_query_step(&query, &row, failure));
    while (row) { /* bounded by the rows */
        uint64_t size = 0;
        struct view note = {0};
        TRY(checkpoint_row(&query, &size, &note, failure));
        TRY(visit(context, size, note, failure));
        TRY(sqlite_query_step(&query, &row, failure));
    }
    return STATUS_OK;
}
