#include "cli/signatures.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/words.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INDENT 4
#define KIND_WIDTH 12
#define SHOWN_INDEXES_MAX 50
#define TEXT_MAX ((size_t)64 * 1024)
#define VKEY_MAX 1024

enum status signatures_init(struct signatures *signatures, const struct invocation *invocation,
                            struct failure *failure)
{
    signatures->is_first = true;
    signatures->is_listed = has_option(invocation, OPTION_SIGNATURES);
    if (signatures->is_listed && output_is_json(invocation)) {
        signatures->spool = tmpfile();
        if (signatures->spool == NULL) {
            return fail(failure, STATUS_STORAGE, "--signatures",
                        "no temporary file can be made to keep the answer in");
        }
    }
    return STATUS_OK;
}

void signatures_release(struct signatures *signatures)
{
    for (size_t i = 0; i < signatures->count; i++) {
        free(signatures->keys[i].party);
        free(signatures->keys[i].legal_name);
        free(signatures->keys[i].indexes);
    }
    free(signatures->keys);
    if (signatures->spool != NULL) {
        (void)fclose(signatures->spool);
    }
}

/* --- Keys --- */

static enum status add_key(struct signatures *signatures, const struct state_key *key)
{
    if (signatures->count == signatures->capacity) {
        size_t capacity = signatures->capacity == 0 ? 64 : 2 * signatures->capacity;
        struct signing_key *grown = realloc(signatures->keys, capacity * sizeof *grown);
        if (grown == NULL) {
            return STATUS_MEMORY;
        }
        signatures->keys = grown;
        signatures->capacity = capacity;
    }
    struct signing_key *made = &signatures->keys[signatures->count];
    *made = (struct signing_key){
        .key = key->key,
        .party = strdup(key->party->id),
        .legal_name = strdup(key->party->legal_name),
        .valid_from = key->valid_from,
        .valid_until = key->valid_until,
        .is_for_review = key->has_compromised_since,
        .compromised_since = key->compromised_since,
    };
    signatures->count++;
    signatures->has_review = signatures->has_review || made->is_for_review;
    return made->party == NULL || made->legal_name == NULL ? STATUS_MEMORY : STATUS_OK;
}

enum status signatures_add_party(struct signatures *signatures, const struct state_party *party)
{
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        TRY(add_key(signatures, key));
    }
    return STATUS_OK;
}

static int by_id(const void *a, const void *b)
{
    const struct signing_key *left = a;
    const struct signing_key *right = b;
    int order = (left->key.id > right->key.id) - (left->key.id < right->key.id);
    return order != 0 ? order : strcmp(left->key.name, right->key.name);
}

/* As people look for them: in the order of the ledger. */
static int by_entry(const void *a, const void *b)
{
    const struct signing_key *const *left = a;
    const struct signing_key *const *right = b;
    int order =
        ((*left)->valid_from > (*right)->valid_from) - ((*left)->valid_from < (*right)->valid_from);
    return order != 0 ? order : strcmp((*left)->key.name, (*right)->key.name);
}

static struct signing_key *find(const struct signatures *signatures,
                                const struct note_signature *line)
{
    struct signing_key wanted = {.key.id = line->key_id};
    if (line->name.size >= sizeof wanted.key.name) {
        return NULL;
    }
    memcpy(wanted.key.name, line->name.data, line->name.size);
    return signatures->count == 0
               ? NULL
               : bsearch(&wanted, signatures->keys, signatures->count, sizeof wanted, by_id);
}

size_t signatures_count_ended(const struct signatures *signatures)
{
    size_t count = 0;
    for (size_t i = 0; i < signatures->count; i++) {
        count += signatures->keys[i].valid_until != STATE_VALID_STILL;
    }
    return count;
}

static enum status set_key(const struct signing_key *key, struct json *object)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, VKEY_MAX);
    TRY(note_key_write(&key->key, &vkey));
    TRY(json_set_string(object, "vkey", buffer_view(&vkey)));
    TRY(json_set_string(object, "party", view_of(key->party)));
    TRY(json_set_string(object, "legal_name", view_of(key->legal_name)));
    TRY(output_set_count(object, "valid_from", key->valid_from));
    if (key->valid_until != STATE_VALID_STILL) {
        TRY(output_set_count(object, "valid_until", key->valid_until));
    }
    return key->is_for_review ? json_set_string(object, "compromised_since",
                                                view_of(display_date(key->compromised_since).text))
                              : STATUS_OK;
}

/* --- What they signed --- */

static void print_signature(const struct signing_key *key, const struct statement *statement,
                            uint64_t index)
{
    printf("%6" PRIu64 "  ", index);
    display_padded(view_of(word_of_kind(statement->kind)), KIND_WIDTH);
    printf("  %s+%08x  %s (%s), ", key->key.name, (unsigned)key->key.id, key->party,
           key->legal_name);
    if (key->valid_until == STATE_VALID_STILL) {
        printf(_("valid from entry %" PRIu64), key->valid_from);
    } else {
        printf(_("valid from entry %" PRIu64 " to %" PRIu64), key->valid_from, key->valid_until);
    }
    printf("%s\n", key->is_for_review ? _(", for review") : "");
}

static enum status spool_signature(struct signatures *signatures, const struct signing_key *key,
                                   const struct statement *statement, uint64_t index)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(object, "index", index));
    TRY(json_set_string(object, "kind", view_of(kind_word(statement->kind))));
    TRY(set_key(key, object));
    TRY(json_write_canonical(object, &text));
    if ((!signatures->is_first && fputc(',', signatures->spool) == EOF) ||
        fwrite(text.data, 1, text.size, signatures->spool) != text.size) {
        return STATUS_STORAGE;
    }
    return STATUS_OK;
}

static enum status note_review(struct signing_key *key, uint64_t index)
{
    if (key->indexes == NULL) {
        key->indexes = calloc(SIGNATURES_REVIEW_MAX, sizeof *key->indexes);
        if (key->indexes == NULL) {
            return STATUS_MEMORY;
        }
    }
    /* Chains come one after the other: an entry is put in its place, and the last falls out. */
    size_t place = key->index_count;
    while (place > 0 && key->indexes[place - 1] > index) {
        place--;
    }
    if (place == SIGNATURES_REVIEW_MAX) {
        return STATUS_OK;
    }
    if (key->index_count < SIGNATURES_REVIEW_MAX) {
        key->index_count++;
    }
    memmove(&key->indexes[place + 1], &key->indexes[place],
            (key->index_count - place - 1) * sizeof *key->indexes);
    key->indexes[place] = index;
    return STATUS_OK;
}

enum status signatures_add(struct signatures *signatures, const struct statement *statement,
                           uint64_t index)
{
    if (!signatures->is_listed && !signatures->has_review) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < statement->note.count; i++) {
        struct signing_key *key = find(signatures, &statement->note.signatures[i]);
        if (key == NULL) {
            continue; /* not possible of what was verified */
        }
        key->signature_count++;
        if (key->is_for_review) {
            TRY(note_review(key, index));
        }
        if (signatures->spool != NULL) {
            TRY(spool_signature(signatures, key, statement, index));
        } else if (signatures->is_listed) {
            print_signature(key, statement, index);
        }
        signatures->is_first = false;
    }
    return STATUS_OK;
}

static enum status visit_entry(void *context, const struct store_entry *entry,
                               struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    enum status status = signatures_add(context, statement, entry->index);
    return status == STATUS_OK ? STATUS_OK
                               : fail(failure, status, "", "the signatures cannot be listed");
}

enum status signatures_end_parties(struct signatures *signatures, struct ledger *ledger,
                                   struct failure *failure)
{
    if (signatures->count > 0) {
        qsort(signatures->keys, signatures->count, sizeof signatures->keys[0], by_id);
    }
    if (!signatures->is_listed && !signatures->has_review) {
        return STATUS_OK;
    }
    struct store_scan charter = {.kind = STORE_SCAN_SUBJECT, .subject = VIEW("charter")};
    struct store_scan parties = {.kind = STORE_SCAN_PREFIX_BY_INDEX, .subject = VIEW("party/")};
    TRY(ledger_scan(ledger, charter, visit_entry, signatures, failure));
    return ledger_scan(ledger, parties, visit_entry, signatures, failure);
}

/* --- Answers --- */

/* The keys for review, in the order of the ledger. Owner: `*ret_keys` is the caller's. */
static enum status sort_reviews(const struct signatures *signatures,
                                const struct signing_key ***ret_keys, size_t *ret_count)
{
    const struct signing_key **keys = calloc(signatures->count + 1, sizeof *keys);
    if (keys == NULL) {
        return STATUS_MEMORY;
    }
    size_t count = 0;
    for (size_t i = 0; i < signatures->count; i++) {
        if (signatures->keys[i].is_for_review) {
            keys[count] = &signatures->keys[i];
            count++;
        }
    }
    qsort((void *)keys, count, sizeof keys[0], by_entry);
    *ret_keys = keys;
    *ret_count = count;
    return STATUS_OK;
}

static void keys_free(const struct signing_key ***keys)
{
    free((void *)*keys);
}

/* "4, 7, 9 and 12 more" */
static enum status write_indexes(const struct signing_key *key, struct buffer *text)
{
    for (size_t i = 0; i < key->index_count && i < SHOWN_INDEXES_MAX; i++) {
        TRY(buffer_append_format(text, "%s%" PRIu64, i == 0 ? "" : ", ", key->indexes[i]));
    }
    return key->signature_count <= SHOWN_INDEXES_MAX
               ? STATUS_OK
               : buffer_append_format(text, _(" and %" PRIu64 " more (see --signatures)"),
                                      key->signature_count - SHOWN_INDEXES_MAX);
}

static enum status print_review(const struct signing_key *key)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text,
                             _("%s (%s): what %s+%08x signed from entry %" PRIu64 " to %" PRIu64
                               " (others may have had it since %s), %" PRIu64 " in all"),
                             key->party, key->legal_name, key->key.name, (unsigned)key->key.id,
                             key->valid_from, key->valid_until,
                             display_date(key->compromised_since).text, key->signature_count));
    TRY(buffer_append_text(&text, key->signature_count == 0 ? "" : ": "));
    TRY(write_indexes(key, &text));
    printf("  ");
    display_paragraph(buffer_view(&text), INDENT);
    return STATUS_OK;
}

enum status signatures_print_reviews(const struct signatures *signatures)
{
    if (!signatures->has_review) {
        return STATUS_OK;
    }
    OWNED(keys_free) const struct signing_key **keys = NULL;
    size_t count = 0;
    TRY(sort_reviews(signatures, &keys, &count));
    printf("\n%s\n", _("For review, since others may have had the key:"));
    for (size_t i = 0; i < count; i++) {
        TRY(print_review(keys[i]));
    }
    return STATUS_OK;
}

static enum status set_review(const struct signing_key *key, struct json *object)
{
    OWNED(json_freep) struct json *indexes = json_new_array();
    if (indexes == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < key->index_count; i++) {
        OWNED(json_freep) struct json *item = json_new_object();
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        TRY(output_set_count(item, "index", key->indexes[i]));
        TRY(json_push(indexes, STEAL(item)));
    }
    TRY(output_set_count(object, "entries", key->signature_count));
    return json_set(object, "signed", STEAL(indexes));
}

enum status signatures_set(const struct signatures *signatures, struct json *object)
{
    OWNED(keys_free) const struct signing_key **keys = NULL;
    OWNED(json_freep) struct json *reviews = json_new_array();
    size_t count = 0;
    TRY(sort_reviews(signatures, &keys, &count));
    if (reviews == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        OWNED(json_freep) struct json *item = json_new_object();
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        TRY(set_key(keys[i], item));
        TRY(set_review(keys[i], item));
        TRY(json_push(reviews, STEAL(item)));
    }
    TRY(output_set_count(object, "keys", signatures->count));
    TRY(output_set_count(object, "ended_keys", signatures_count_ended(signatures)));
    return json_set(object, "for_review", STEAL(reviews));
}
