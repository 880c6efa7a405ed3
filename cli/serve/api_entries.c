#include "cli/serve/api_internal.h"

#include "cli/case_gather.h"
#include "cli/command/show.h"
#include "cli/entry.h"
#include "cli/output.h"
#include "cli/serve/answers.h"
#include "ledger/base/ownership.h"

#include <string.h>

#define ENTRIES_DEFAULT 100
#define ENTRIES_MAX 1000

/* The entries of one contract, from a number on, as many as are asked for. */
struct part {
    uint64_t from;
    uint64_t limit;
    struct json *entries;
};

static enum status visit_part(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    const struct part *part = context;
    if (json_count(part->entries) == part->limit) {
        return STATUS_CONFLICT; /* enough */
    }
    return entry->index < part->from ? STATUS_OK : entry_push_json(part->entries, entry, failure);
}

static enum status list_part(struct ledger *ledger, const char *contract, struct part *part,
                             struct failure *failure)
{
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    if (buffer_append_format(&subject, "contract/%s", contract) != STATUS_OK) {
        return STATUS_OK; /* there is none of such a name */
    }
    struct store_scan scan = {STORE_SCAN_SUBJECT, buffer_view(&subject)};
    enum status status = ledger_scan(ledger, scan, visit_part, part, failure);
    return status == STATUS_CONFLICT && json_count(part->entries) == part->limit ? STATUS_OK
                                                                                 : status;
}

enum status api_ask_entries(struct workspace *workspace, const struct http_request *request,
                            struct http_answer *answer, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    uint64_t from;
    uint64_t limit;
    TRY(api_read_number(request, "from", INT64_MAX, 0, &from, failure));
    TRY(api_read_number(request, "limit", ENTRIES_MAX, ENTRIES_DEFAULT, &limit, failure));
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *entries = json_new_array();
    if (object == NULL || entries == NULL) {
        return fail_memory(failure);
    }
    uint64_t size = ledger_size(ledger);
    const char *contract = http_parameter(request, "contract");
    if (contract != NULL) {
        TRY(list_part(ledger, contract, &(struct part){from, limit, entries}, failure));
    }
    for (uint64_t i = from; contract == NULL && i < size && i - from < limit; i++) {
        TRY(ledger_read(ledger, i, entry_push_json, entries, failure));
    }
    if (json_set(object, "entries", STEAL(entries)) != STATUS_OK ||
        output_set_count(object, "size", size) != STATUS_OK) {
        return fail_memory(failure);
    }
    return api_answer_json(answer, STEAL(object));
}

enum status api_ask_entry(struct workspace *workspace, const struct http_request *request,
                          struct http_answer *answer, struct failure *failure)
{
    struct api_parts parts;
    size_t count = api_split(request->path, API_ENTRIES, &parts);
    uint64_t index;
    struct ledger *ledger = workspace_ledger(workspace);
    if (count == 0 || count > 2 || !entry_is_name(parts.part[0])) {
        return api_no_such_path(failure);
    }
    TRY(entry_find(ledger, parts.part[0], &index, failure));
    if (count == 2 && strcmp(parts.part[1], "proof") == 0) {
        answer->status = 200;
        answer->type = TYPE_TEXT;
        return case_gather_proof(ledger, index, &answer->body, failure);
    }
    if (count == 2) {
        return api_no_such_path(failure);
    }
    struct json *object;
    TRY(show_entry_json(workspace, index, &object, failure));
    return api_answer_json(answer, object);
}
