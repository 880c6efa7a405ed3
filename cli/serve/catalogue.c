#include "cli/serve/catalogue.h"

#include "cli/display.h"
#include "cli/output.h"
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define WORDS_SIZE_MAX 65536
#define SEARCH_SIZE_MAX 200

/* A contract or a party. */
struct item {
    char name[SUBJECT_SIZE_MAX + 1];
    struct json *object; /* what the first entry says of a contract, the newest of a party */
    struct buffer words; /* what it is found by, folded */
    uint64_t entries;
    uint64_t first_index;
    uint64_t last_index;
};

struct items {
    size_t count;
    size_t capacity;
    struct item **items; /* by name */
};

struct settled {
    uint64_t index;
    char contract[SUBJECT_SIZE_MAX + 1];
    struct json *object;
};

static const char *const PART_NAMES[CATALOGUE_PART_COUNT] = {"contracts", "parties"};

struct catalogue {
    pthread_mutex_t mutex; /* guards what follows */
    uint64_t size;
    struct items parts[CATALOGUE_PART_COUNT];
    size_t settled_count;
    size_t settled_capacity;
    struct settled *settled; /* by index */
};

/* --- Words --- */

/* Appends text in lower case, letter by letter as the locale has them (C.UTF-8). */
static enum status append_folded(struct view text, struct buffer *buffer)
{
    while (text.size > 0) { /* each turn takes a letter */
        uint32_t letter;
        char bytes[MB_LEN_MAX];
        mbstate_t state = {0};
        size_t size = utf8_decode(text, &letter);
        if (size == 0) {
            return STATUS_INVALID;
        }
        size_t folded = wcrtomb(bytes, (wchar_t)towlower((wint_t)letter), &state);
        struct view as_it_is = {text.data, size};
        struct view lower = {bytes, folded};
        TRY(buffer_append(buffer, folded == (size_t)-1 ? as_it_is : lower));
        text.data += size;
        text.size -= size;
    }
    return buffer_append_byte(buffer, ' ');
}

/* Every string in it. Shapes: as deep as a statement is. */
static enum status append_strings(const struct json *node, struct buffer *buffer)
{
    if (node == NULL) {
        return STATUS_OK;
    }
    if (json_type(node) == JSON_STRING) {
        enum status status = append_folded(json_string(node), buffer);
        return status == STATUS_LIMIT ? STATUS_OK : status; /* found by its beginning */
    }
    if (json_type(node) != JSON_OBJECT && json_type(node) != JSON_ARRAY) {
        return STATUS_OK;
    }
    for (const struct json *child = json_first(node); child != NULL; child = json_next(child)) {
        TRY(append_strings(child, buffer));
    }
    return STATUS_OK;
}

/* --- Items --- */

static void item_free(struct item *item)
{
    if (item != NULL) {
        json_free(item->object);
        buffer_release(&item->words);
        free(item);
    }
}

/* The place of a name, or where it belongs. */
static size_t find_place(const struct items *items, struct view name, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = items->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = view_compare(view_of(items->items[middle]->name), name);
        if (order == 0) {
            *ret_is_there = true;
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *ret_is_there = false;
    return low;
}

static enum status make_room(struct items *items)
{
    if (items->count < items->capacity) {
        return STATUS_OK;
    }
    size_t capacity = items->capacity == 0 ? 64 : 2 * items->capacity;
    struct item **grown = realloc((void *)items->items, capacity * sizeof(struct item *));
    if (grown == NULL) {
        return STATUS_MEMORY;
    }
    items->items = grown;
    items->capacity = capacity;
    return STATUS_OK;
}

/* The item of a name; a new one has no object. */
static enum status take_item(struct items *items, struct view name, struct item **ret_item)
{
    bool is_there;
    size_t place = find_place(items, name, &is_there);
    if (!is_there) {
        TRY(make_room(items));
        struct item *item = calloc(1, sizeof *item);
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        memcpy(item->name, name.data, name.size);
        buffer_init(&item->words, WORDS_SIZE_MAX);
        memmove((void *)&items->items[place + 1], (void *)&items->items[place],
                (items->count - place) * sizeof(struct item *));
        items->items[place] = item;
        items->count++;
    }
    *ret_item = items->items[place];
    return STATUS_OK;
}

static enum status copy_members(struct json *object, const char *const members[], size_t count,
                                const struct json *from)
{
    for (size_t i = 0; from != NULL && i < count; i++) {
        const struct json *member = json_member(from, members[i]);
        TRY(member == NULL ? STATUS_OK : json_set(object, members[i], json_copy(member)));
    }
    return STATUS_OK;
}

/* Says what an item is, in the place of what was said before. */
static enum status describe(struct item *item, const char *name_member, const char *const members[],
                            size_t count, const struct json *root)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    buffer_clear(&item->words);
    TRY(json_set_string(object, name_member, view_of(item->name)));
    TRY(append_folded(view_of(item->name), &item->words));
    TRY(copy_members(object, members, count, root));
    for (size_t i = 0; i < count; i++) {
        TRY(append_strings(json_member(root, members[i]), &item->words));
    }
    json_free(item->object);
    item->object = STEAL(object);
    return STATUS_OK;
}

static enum status note_contract(struct catalogue *catalogue, const struct statement *statement,
                                 uint64_t index, struct view name)
{
    static const char *const MEMBERS[] = {"title", "roles", "currency", "agreed_on"};
    struct item *item;
    TRY(take_item(&catalogue->parts[CATALOGUE_CONTRACTS], name, &item));
    if (item->object == NULL) {
        TRY(describe(item, "contract", MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0],
                     statement->root));
        item->first_index = index;
    }
    item->last_index = index;
    item->entries++;
    return STATUS_OK;
}

static enum status note_party(struct catalogue *catalogue, const struct statement *statement,
                              uint64_t index, struct view name)
{
    static const char *const MEMBERS[] = {"legal_name"};
    struct item *item;
    TRY(take_item(&catalogue->parts[CATALOGUE_PARTIES], name, &item));
    if (item->object == NULL) {
        item->first_index = index;
    }
    if (item->object == NULL || statement->kind == KIND_PARTY) {
        TRY(describe(item, "party", MEMBERS, sizeof MEMBERS / sizeof MEMBERS[0], statement->root));
        TRY(json_set_boolean(item->object, "is_fund",
                             json_member(statement->root, "fund") != NULL));
    }
    item->last_index = index;
    item->entries++;
    return STATUS_OK;
}

static enum status note_settlement(struct catalogue *catalogue, const struct statement *statement,
                                   uint64_t index, struct view contract)
{
    static const char *const STATED[] = {"contract", "date"};
    static const char *const COMPUTED[] = {"period", "pays"};
    if (catalogue->settled_count == catalogue->settled_capacity) {
        size_t capacity = catalogue->settled_capacity == 0 ? 64 : 2 * catalogue->settled_capacity;
        struct settled *grown = realloc(catalogue->settled, capacity * sizeof *grown);
        if (grown == NULL) {
            return STATUS_MEMORY;
        }
        catalogue->settled = grown;
        catalogue->settled_capacity = capacity;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    struct display id = display_hash(&statement->id);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(object, "index", index));
    TRY(json_set_string(object, "id", view_of(id.text)));
    TRY(copy_members(object, STATED, 2, statement->root));
    TRY(copy_members(object, COMPUTED, 2, json_member(statement->root, "computed")));
    struct settled *row = &catalogue->settled[catalogue->settled_count];
    *row = (struct settled){.index = index, .object = STEAL(object)};
    memcpy(row->contract, contract.data, contract.size);
    catalogue->settled_count++;
    return STATUS_OK;
}

/* --- Following --- */

static enum status note_entry(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    struct catalogue *catalogue = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    enum status status = STATUS_OK;
    struct view name = statement_subject_name(statement);
    switch (kind_subject_class(statement->kind)) {
    case SUBJECT_CHARTER:
        break;
    case SUBJECT_PARTY:
        status = note_party(catalogue, statement, entry->index, name);
        break;
    case SUBJECT_CONTRACT:
        status = note_contract(catalogue, statement, entry->index, name);
        if (status == STATUS_OK && statement->kind == KIND_SETTLEMENT) {
            status = note_settlement(catalogue, statement, entry->index, name);
        }
        break;
    }
    return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

static enum status follow(struct catalogue *catalogue, struct ledger *ledger, uint64_t count,
                          bool *ret_is_there, struct failure *failure)
{
    uint64_t size = ledger_size(ledger);
    for (uint64_t i = 0; i < count && catalogue->size < size; i++) {
        TRY(ledger_read(ledger, catalogue->size, note_entry, catalogue, failure));
        catalogue->size++;
    }
    *ret_is_there = catalogue->size >= size;
    return STATUS_OK;
}

enum status catalogue_follow(struct catalogue *catalogue, struct ledger *ledger, uint64_t count,
                             bool *ret_is_there, struct failure *failure)
{
    (void)pthread_mutex_lock(&catalogue->mutex);
    enum status status = follow(catalogue, ledger, count, ret_is_there, failure);
    (void)pthread_mutex_unlock(&catalogue->mutex);
    return status;
}

enum status catalogue_new(struct catalogue **ret_catalogue, struct failure *failure)
{
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    if (catalogue == NULL) {
        return fail_memory(failure);
    }
    (void)pthread_mutex_init(&catalogue->mutex, NULL);
    *ret_catalogue = catalogue;
    return STATUS_OK;
}

static void items_release(struct items *items)
{
    for (size_t i = 0; i < items->count; i++) {
        item_free(items->items[i]);
    }
    free((void *)items->items);
}

void catalogue_free(struct catalogue *catalogue)
{
    if (catalogue == NULL) {
        return;
    }
    for (size_t i = 0; i < CATALOGUE_PART_COUNT; i++) {
        items_release(&catalogue->parts[i]);
    }
    for (size_t i = 0; i < catalogue->settled_count; i++) {
        json_free(catalogue->settled[i].object);
    }
    free(catalogue->settled);
    (void)pthread_mutex_destroy(&catalogue->mutex);
    free(catalogue);
}

/* --- Listing --- */

static enum status push_item(struct json *rows, const struct item *item)
{
    OWNED(json_freep) struct json *row = json_copy(item->object);
    if (row == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(row, "entries", item->entries));
    TRY(output_set_count(row, "first_index", item->first_index));
    TRY(output_set_count(row, "last_index", item->last_index));
    return json_push(rows, STEAL(row));
}

static enum status list_items(const struct items *items, const char *member, struct view after,
                              struct json *object)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    if (rows == NULL) {
        return STATUS_MEMORY;
    }
    bool is_there;
    size_t first = find_place(items, after, &is_there);
    first += is_there;
    size_t end =
        items->count - first > CATALOGUE_LIST_MAX ? first + CATALOGUE_LIST_MAX : items->count;
    for (size_t i = first; i < end; i++) {
        TRY(push_item(rows, items->items[i]));
    }
    TRY(json_set_boolean(object, "more", end < items->count));
    return json_set(object, member, STEAL(rows));
}

enum status catalogue_list(struct catalogue *catalogue, enum catalogue_part part, struct view after,
                           struct json *object)
{
    (void)pthread_mutex_lock(&catalogue->mutex);
    enum status status = list_items(&catalogue->parts[part], PART_NAMES[part], after, object);
    (void)pthread_mutex_unlock(&catalogue->mutex);
    return status;
}

static enum status list_settlements(const struct catalogue *catalogue, struct view contract,
                                    uint64_t from, struct json *object)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    bool has_more = false;
    if (rows == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < catalogue->settled_count && !has_more; i++) {
        const struct settled *row = &catalogue->settled[i];
        if (row->index < from || (contract.size > 0 && !view_is(contract, row->contract))) {
            continue;
        }
        has_more = json_count(rows) == CATALOGUE_LIST_MAX;
        TRY(has_more ? STATUS_OK : json_push(rows, json_copy(row->object)));
    }
    TRY(json_set_boolean(object, "more", has_more));
    return json_set(object, "settlements", STEAL(rows));
}

enum status catalogue_list_settlements(struct catalogue *catalogue, struct view contract,
                                       uint64_t from, struct json *object)
{
    (void)pthread_mutex_lock(&catalogue->mutex);
    enum status status = list_settlements(catalogue, contract, from, object);
    (void)pthread_mutex_unlock(&catalogue->mutex);
    return status;
}

/* --- Searching --- */

/* Whether every word of folded text is in `words`; between the words are blanks. */
static bool has_words(const struct item *item, struct view text)
{
    char word[SEARCH_SIZE_MAX + 1];
    while (text.size > 0) { /* each turn takes a word and the blank behind it */
        const char *blank = memchr(text.data, ' ', text.size);
        size_t size = blank == NULL ? text.size : (size_t)(blank - text.data);
        memcpy(word, text.data, size);
        word[size] = '\0';
        if (strstr(item->words.data, word) == NULL) {
            return false;
        }
        size += blank != NULL;
        text.data += size;
        text.size -= size;
    }
    return true;
}

static enum status search_items(const struct items *items, const char *member, struct view text,
                                struct json *object)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    if (rows == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < items->count && json_count(rows) < CATALOGUE_FOUND_MAX; i++) {
        if (has_words(items->items[i], text)) {
            TRY(push_item(rows, items->items[i]));
        }
    }
    return json_set(object, member, STEAL(rows));
}

enum status catalogue_search(struct catalogue *catalogue, struct view text, struct json *object,
                             struct failure *failure)
{
    OWNED(buffer_release) struct buffer folded;
    buffer_init(&folded, SEARCH_SIZE_MAX);
    if (text.size == 0 || append_folded(text, &folded) != STATUS_OK) {
        return fail(failure, STATUS_INVALID, "q", "q is what is looked for, of 1 to %d bytes",
                    SEARCH_SIZE_MAX - 1);
    }
    (void)pthread_mutex_lock(&catalogue->mutex);
    enum status status = STATUS_OK;
    for (size_t i = 0; i < CATALOGUE_PART_COUNT && status == STATUS_OK; i++) {
        status = search_items(&catalogue->parts[i], PART_NAMES[i], buffer_view(&folded), object);
    }
    (void)pthread_mutex_unlock(&catalogue->mutex);
    return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
}
