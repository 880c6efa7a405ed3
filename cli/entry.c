#include "cli/entry.h"

#include "cli/display.h"
#include "cli/output.h"
#include "cli/workspace_internal.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <inttypes.h>
#include <string.h>

static struct view id_digits(const char *word)
{
    const char *prefix = "sha256:";
    bool has_prefix = strncmp(word, prefix, strlen(prefix)) == 0;
    return view_of(has_prefix ? word + strlen(prefix) : word);
}

static bool read_id(const char *word, struct hash *ret_id)
{
    return hex_read(id_digits(word), HASH_SIZE, ret_id->bytes) == STATUS_OK;
}

bool entry_is_name(const char *word)
{
    uint64_t index;
    struct hash id;
    return decimal_u64_read(view_of(word), INT64_MAX, &index) == STATUS_OK || read_id(word, &id);
}

enum status entry_find(struct ledger *ledger, const char *word, uint64_t *ret_index,
                       struct failure *failure)
{
    uint64_t index;
    if (decimal_u64_read(view_of(word), INT64_MAX, &index) == STATUS_OK) {
        if (index >= ledger_size(ledger)) {
            return fail(failure, STATUS_NOT_FOUND, "",
                        "there is no entry %" PRIu64 ": the ledger has %" PRIu64, index,
                        ledger_size(ledger));
        }
        *ret_index = index;
        return STATUS_OK;
    }
    struct hash id;
    if (!read_id(word, &id)) {
        return fail(failure, STATUS_INVALID, "",
                    "%.80s is neither an index nor an id (sha256: and 64 hexadecimal digits)",
                    word);
    }
    return ledger_find(ledger, &id, ret_index, failure);
}

static enum status visit_read(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    struct statement **ret_statement = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    enum status status = statement_read(entry->bytes, &statement, failure);
    if (status == STATUS_OK) {
        status = workspace_check_labels(entry, statement, failure);
    }
    if (status == STATUS_OK) {
        status = statement_check(statement, failure);
    }
    if (status != STATUS_OK) {
        return workspace_fail_entry(failure, entry->index, status);
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

enum status entry_read(struct ledger *ledger, uint64_t index, struct statement **ret_statement,
                       struct failure *failure)
{
    return ledger_read(ledger, index, visit_read, ret_statement, failure);
}

static enum status set_entry(struct json *object, const struct store_entry *entry,
                             const struct statement *statement)
{
    TRY(output_set_count(object, "index", entry->index));
    TRY(json_set_string(object, "id", view_of(display_hash(&statement->id).text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(statement->kind))));
    TRY(json_set_string(object, "subject", entry->subject));
    return json_set_string(object, "date", view_of(display_date(statement->date).text));
}

enum status entry_to_json(const struct store_entry *entry, struct json **ret_object,
                          struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(json_freep) struct json *object = json_new_object();
    TRY(statement_read(entry->bytes, &statement, failure));
    if (object == NULL || set_entry(object, entry, statement) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_object = STEAL(object);
    return STATUS_OK;
}

enum status entry_push_json(void *context, const struct store_entry *entry, struct failure *failure)
{
    struct json *object;
    TRY(entry_to_json(entry, &object, failure));
    return json_push(context, object) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}
