#include "cli/serve/api.h"

#include "cli/case_gather.h"
#include "cli/command/explain.h"
#include "cli/command/show.h"
#include "cli/display.h"
#include "cli/entry.h"
#include "cli/output.h"
#include "cli/serve/answers.h"
#include "cli/serve/api_check.h"
#include "cli/serve/pages.h"
#include "cli/story.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PART_SIZE 128
#define FOREVER "public, max-age=31536000, immutable"
#define ENTRIES_DEFAULT 100
#define ENTRIES_MAX 1000
#define CONTRACTS_MAX 1000

/* --- Asking the ledger --- */

/* A question about the ledger at one moment. */
typedef enum status ask(struct workspace *workspace, const struct http_request *request,
                        struct http_answer *answer, struct failure *failure);

static void answer_from(struct api *api, const struct http_request *request,
                        struct http_answer *answer, ask *question)
{
    struct failure failure = {0};
    struct workspace *workspace = NULL;
    enum status status = readers_take(api->readers, &workspace, &failure);
    if (status == STATUS_OK) {
        status = question(workspace, request, answer, &failure);
        readers_give(api->readers, workspace);
    }
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
    }
}

static enum status answer_json(struct http_answer *answer, struct json *object)
{
    answer_object(answer, 200, object);
    return STATUS_OK;
}

static enum status no_such_path(struct failure *failure)
{
    return fail(failure, STATUS_NOT_FOUND, "", "there is nothing here");
}

/*
 * Takes a path apart behind its first part: "/api/v1/contracts/NAME/settlements/PERIOD" into three.
 * Returns how many parts there are, 0 when one is empty or too long.
 */
#define PARTS_MAX 3
struct parts {
    char part[PARTS_MAX][PART_SIZE];
};

static size_t split(const char *path, const char *beginning, struct parts *ret_parts)
{
    const char *rest = path + strlen(beginning);
    size_t count = 0;
    while (count < PARTS_MAX) {
        size_t size = strcspn(rest, "/");
        if (size == 0 || size >= PART_SIZE) {
            return 0;
        }
        memcpy(ret_parts->part[count], rest, size);
        ret_parts->part[count][size] = '\0';
        count++;
        if (rest[size] == '\0') {
            return count;
        }
        rest += size + 1;
    }
    return 0;
}

/* A number of the query; `otherwise` when it is not there. */
static enum status read_number(const struct http_request *request, const char *name, uint64_t max,
                               uint64_t otherwise, uint64_t *ret_number, struct failure *failure)
{
    const char *text = http_parameter(request, name);
    *ret_number = otherwise;
    if (text == NULL || decimal_u64_read(view_of(text), max, ret_number) == STATUS_OK) {
        return STATUS_OK;
    }
    return fail(failure, STATUS_INVALID, name, "%s is a number from 0 to %" PRIu64, name, max);
}

/* --- The log: C2SP tlog-tiles --- */

static enum status ask_checkpoint(struct workspace *workspace, const struct http_request *request,
                                  struct http_answer *answer, struct failure *failure)
{
    (void)request;
    answer->status = 200;
    answer->type = TYPE_TEXT;
    return case_gather_checkpoint(workspace_ledger(workspace), &answer->body, failure);
}

static enum status ask_tile(struct workspace *workspace, const struct http_request *request,
                            struct http_answer *answer, struct failure *failure)
{
    struct tile tile;
    if (tile_path_read(request->path + 1, &tile) != STATUS_OK) {
        return no_such_path(failure);
    }
    answer->status = 200;
    answer->type = TYPE_BYTES;
    TRY(publish_tile(workspace_ledger(workspace), &tile, &answer->body, failure));
    answer->cache = FOREVER; /* a tile of this width never changes */
    return STATUS_OK;
}

/* --- The ledger --- */

static enum status set_vkey(const struct note_key *key, struct json *object)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    TRY(note_key_write(key, &vkey));
    return json_set_string(object, "vkey", buffer_view(&vkey));
}

static enum status set_ledger(struct ledger *ledger, struct json *object, struct failure *failure)
{
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, COSIGNED_SIZE_MAX);
    TRY(case_gather_checkpoint(ledger, &checkpoint, failure));
    struct display root = display_hash(ledger_root(ledger));
    TRY(json_set_string(object, "origin", view_of(ledger_log_key(ledger)->name)));
    TRY(set_vkey(ledger_log_key(ledger), object));
    TRY(output_set_count(object, "size", ledger_size(ledger)));
    TRY(json_set_string(object, "root", view_of(root.text)));
    return json_set_string(object, "checkpoint", buffer_view(&checkpoint));
}

static enum status ask_ledger(struct workspace *workspace, const struct http_request *request,
                              struct http_answer *answer, struct failure *failure)
{
    (void)request;
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || set_ledger(workspace_ledger(workspace), object, failure) != STATUS_OK) {
        return failure->status == STATUS_OK ? fail_memory(failure) : failure->status;
    }
    return answer_json(answer, STEAL(object));
}

/* --- Contracts --- */

/* The contracts of the ledger, each told by its first entry, while the scan goes by subject. */
struct listing {
    struct view after; /* names up to this one are left out */
    char name[SUBJECT_SIZE_MAX + 1];
    struct json *contracts;
    struct json *last; /* in `contracts` */
    uint64_t entries;
    uint64_t last_index;
    size_t count;
};

static enum status finish_contract(struct listing *listing)
{
    if (listing->last == NULL) {
        return STATUS_OK;
    }
    struct json *last = listing->last;
    TRY(output_set_count(last, "entries", listing->entries));
    TRY(output_set_count(last, "last_index", listing->last_index));
    TRY(json_push(listing->contracts, last));
    listing->last = NULL;
    return STATUS_OK;
}

static enum status begin_contract(struct listing *listing, const struct store_entry *entry,
                                  struct view name)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(statement_read(entry->bytes, &statement, NULL));
    TRY(json_set_string(object, "contract", name));
    static const char *const COPIED[] = {"title", "roles", "currency", "agreed_on"};
    for (size_t i = 0; i < sizeof COPIED / sizeof COPIED[0]; i++) {
        const struct json *member = json_member(statement->root, COPIED[i]);
        TRY(member == NULL ? STATUS_OK : json_set(object, COPIED[i], json_copy(member)));
    }
    TRY(output_set_count(object, "first_index", entry->index));
    listing->last = STEAL(object);
    listing->entries = 0;
    listing->count++;
    return STATUS_OK;
}

static enum status visit_contract(void *context, const struct store_entry *entry,
                                  struct failure *failure)
{
    struct listing *listing = context;
    size_t prefix = strlen("contract/");
    struct view name = {entry->subject.data + prefix, entry->subject.size - prefix};
    if (!view_is(name, listing->name)) {
        bool is_left_out = listing->after.size > 0 && view_compare(name, listing->after) <= 0;
        if (finish_contract(listing) != STATUS_OK) {
            return fail_memory(failure);
        }
        if (listing->count == CONTRACTS_MAX) {
            return STATUS_CONFLICT; /* enough */
        }
        if (!is_left_out && begin_contract(listing, entry, name) != STATUS_OK) {
            return fail_memory(failure);
        }
        (void)snprintf(listing->name, sizeof listing->name, "%.*s", VIEW_ARGS(name));
    }
    listing->entries++;
    listing->last_index = entry->index;
    return STATUS_OK;
}

static enum status list_contracts(struct workspace *workspace, struct listing *listing,
                                  struct json *object, struct failure *failure)
{
    struct store_scan scan = {STORE_SCAN_PREFIX_BY_SUBJECT, VIEW("contract/")};
    enum status status =
        ledger_scan(workspace_ledger(workspace), scan, visit_contract, listing, failure);
    bool has_more = status == STATUS_CONFLICT && listing->count == CONTRACTS_MAX;
    if (status != STATUS_OK && !has_more) {
        return status;
    }
    TRY(finish_contract(listing));
    TRY(json_set_boolean(object, "more", has_more));
    return json_set(object, "contracts", STEAL(listing->contracts));
}

static enum status ask_contracts(struct workspace *workspace, const struct http_request *request,
                                 struct http_answer *answer, struct failure *failure)
{
    const char *after = http_parameter(request, "after");
    OWNED(json_freep) struct json *object = json_new_object();
    struct listing listing = {.after = view_of(after == NULL ? "" : after),
                              .contracts = json_new_array()};
    enum status status = object == NULL || listing.contracts == NULL
                             ? STATUS_MEMORY
                             : list_contracts(workspace, &listing, object, failure);
    json_free(listing.contracts);
    json_free(listing.last);
    if (status != STATUS_OK) {
        return failure->status == STATUS_OK ? fail_memory(failure) : status;
    }
    return answer_json(answer, STEAL(object));
}

static enum status answer_story(struct workspace *workspace, const char *name,
                                struct http_answer *answer, struct failure *failure)
{
    const struct state_contract *contract;
    struct json *object;
    TRY(workspace_load_contract(workspace, view_of(name), &contract, failure));
    return story_to_json(contract, &object) == STATUS_OK ? answer_json(answer, object)
                                                         : fail_memory(failure);
}

static enum status answer_case(struct workspace *workspace, const char *name,
                               struct http_answer *answer, struct failure *failure)
{
    answer->status = 200;
    answer->type = TYPE_BYTES;
    return case_gather(workspace, view_of(name), &answer->body, failure);
}

static enum status answer_form(struct workspace *workspace, const char *name, const char *period,
                               struct http_answer *answer, struct failure *failure)
{
    struct json *object;
    TRY(explain_json(workspace, view_of(name), view_of(period), &object, failure));
    return answer_json(answer, object);
}

#define CONTRACTS "/api/v1/contracts/"

static enum status ask_contract(struct workspace *workspace, const struct http_request *request,
                                struct http_answer *answer, struct failure *failure)
{
    struct parts parts;
    size_t count = split(request->path, CONTRACTS, &parts);
    const char *name = parts.part[0];
    if (count == 1) {
        return answer_story(workspace, name, answer, failure);
    }
    if (count == 2 && strcmp(parts.part[1], "case") == 0) {
        return answer_case(workspace, name, answer, failure);
    }
    if (count == 3 && strcmp(parts.part[1], "periods") == 0) {
        return answer_form(workspace, name, parts.part[2], answer, failure);
    }
    return no_such_path(failure);
}

/* --- Entries --- */

static enum status push_entry(void *context, const struct store_entry *entry,
                              struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    return entry_push_json(context, entry, statement) == STATUS_OK ? STATUS_OK
                                                                   : fail_memory(failure);
}

static enum status ask_entries(struct workspace *workspace, const struct http_request *request,
                               struct http_answer *answer, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    uint64_t from;
    uint64_t limit;
    TRY(read_number(request, "from", INT64_MAX, 0, &from, failure));
    TRY(read_number(request, "limit", ENTRIES_MAX, ENTRIES_DEFAULT, &limit, failure));
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *entries = json_new_array();
    if (object == NULL || entries == NULL) {
        return fail_memory(failure);
    }
    uint64_t size = ledger_size(ledger);
    for (uint64_t i = from; i < size && i - from < limit; i++) {
        TRY(ledger_read(ledger, i, push_entry, entries, failure));
    }
    if (json_set(object, "entries", STEAL(entries)) != STATUS_OK ||
        output_set_count(object, "size", size) != STATUS_OK) {
        return fail_memory(failure);
    }
    return answer_json(answer, STEAL(object));
}

#define ENTRIES "/api/v1/entries/"

static enum status ask_entry(struct workspace *workspace, const struct http_request *request,
                             struct http_answer *answer, struct failure *failure)
{
    struct parts parts;
    size_t count = split(request->path, ENTRIES, &parts);
    uint64_t index;
    struct ledger *ledger = workspace_ledger(workspace);
    if (count == 0 || count > 2 || !entry_is_name(parts.part[0])) {
        return no_such_path(failure);
    }
    TRY(entry_find(ledger, parts.part[0], &index, failure));
    if (count == 2 && strcmp(parts.part[1], "proof") == 0) {
        answer->status = 200;
        answer->type = TYPE_TEXT;
        return case_gather_proof(ledger, index, &answer->body, failure);
    }
    if (count == 2) {
        return no_such_path(failure);
    }
    struct json *object;
    TRY(show_entry_json(workspace, index, &object, failure));
    return answer_json(answer, object);
}

/* --- Parties --- */

#define PARTIES "/api/v1/parties/"

static enum status ask_party(struct workspace *workspace, const struct http_request *request,
                             struct http_answer *answer, struct failure *failure)
{
    struct parts parts;
    struct json *object;
    if (split(request->path, PARTIES, &parts) != 1) {
        return no_such_path(failure);
    }
    TRY(show_party_json(workspace, view_of(parts.part[0]), &object, failure));
    return answer_json(answer, object);
}

/* --- Submitting --- */

/* A request that waits for its commit. */
struct waiting {
    struct order order;
    struct api *api;
    struct http_incoming *incoming;
};

static void wake(struct order *order)
{
    http_wake(((struct waiting *)order->context)->incoming);
}

/* Where a note is that was submitted before; the answer to it is the same, whoever asks again. */
static enum status find_repeated(struct workspace *workspace, struct view note,
                                 struct submitted *ret_found, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(note, &statement, failure));
    TRY(ledger_find(workspace_ledger(workspace), &statement->id, &ret_found->index, failure));
    OWNED(buffer_release) struct buffer subject;
    buffer_init(&subject, SUBJECT_SIZE_MAX);
    TRY(statement_subject(statement, &subject));
    ret_found->id = statement->id;
    ret_found->kind = statement->kind;
    (void)snprintf(ret_found->subject, sizeof ret_found->subject, "%s", subject.data);
    return STATUS_OK;
}

static enum status set_submitted(struct workspace *workspace, const struct submitted *submitted,
                                 struct json *object, struct failure *failure)
{
    OWNED(buffer_release) struct buffer proof;
    buffer_init(&proof, JSON_SIZE_MAX);
    TRY(case_gather_proof(workspace_ledger(workspace), submitted->index, &proof, failure));
    struct display id = display_hash(&submitted->id);
    TRY(output_set_count(object, "index", submitted->index));
    TRY(json_set_string(object, "id", view_of(id.text)));
    TRY(json_set_string(object, "kind", view_of(kind_word(submitted->kind))));
    TRY(json_set_string(object, "subject", view_of(submitted->subject)));
    return json_set_string(object, "proof", buffer_view(&proof));
}

/* What was decided, as an answer. */
static enum status tell_decided(struct workspace *workspace, const struct submission *submission,
                                struct http_answer *answer, struct failure *failure)
{
    struct submitted submitted = submission->submitted;
    OWNED(json_freep) struct json *object = json_new_object();
    if (!submission->is_accepted) {
        TRY(find_repeated(workspace, submission->note, &submitted, failure));
    }
    if (object == NULL || set_submitted(workspace, &submitted, object, failure) != STATUS_OK) {
        return failure->status == STATUS_OK ? fail_memory(failure) : failure->status;
    }
    answer_object(answer, submission->is_accepted ? 201 : 200, STEAL(object));
    return STATUS_OK;
}

static bool is_repeated(const struct submission *submission)
{
    return rule_by_name(submission->failure.code) == RULE_STATEMENT_REPEATED;
}

/* Called by a thread of the server when the sequencer has decided. */
static void finish_submission(void *context, const struct http_request *request,
                              struct http_answer *answer)
{
    (void)request;
    struct waiting *waiting = context;
    const struct submission *submission = &waiting->order.submission;
    struct failure failure = waiting->order.failure;
    struct workspace *workspace = NULL;
    enum status status = waiting->order.status;
    if (status == STATUS_OK && !submission->is_accepted && !is_repeated(submission)) {
        failure = submission->failure;
        status = failure.status;
    }
    if (status == STATUS_OK) {
        failure = (struct failure){0};
        status = readers_take(waiting->api->readers, &workspace, &failure);
    }
    if (status == STATUS_OK) {
        status = tell_decided(workspace, submission, answer, &failure);
        readers_give(waiting->api->readers, workspace);
    }
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
    }
    free(waiting);
}

static void refuse_busy(struct http_answer *answer)
{
    struct failure failure = {0};
    enum status status =
        fail(&failure, STATUS_STORAGE, "", "too many statements wait to be appended: try again");
    (void)status;
    answer_failure(answer, &failure);
}

static void handle_submission(void *context, const struct http_request *request,
                              struct http_answer *answer)
{
    struct api *api = context;
    if (api->sequencer == NULL) {
        struct failure failure = {0};
        enum status status =
            fail(&failure, STATUS_NOT_FOUND, "", "this server only reads: it has no log key");
        (void)status;
        answer_failure(answer, &failure);
        return;
    }
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL) {
        refuse_busy(answer);
        return;
    }
    *waiting = (struct waiting){.api = api, .incoming = request->incoming};
    waiting->order =
        (struct order){.submission = {.note = request->body}, .done = wake, .context = waiting};
    http_defer(request, finish_submission, waiting);
    enum status status = sequencer_submit(api->sequencer, &waiting->order, &waiting->order.failure);
    if (status != STATUS_OK) {
        waiting->order.status = status;
        http_wake(request->incoming);
    }
}

/* --- The service --- */

bool api_may_read(void *context, const struct http_request *request)
{
    const struct api *api = context;
    return tokens_have(api->tokens, http_header(request, "Authorization"));
}

static enum status ask_health(struct workspace *workspace, const struct http_request *request,
                              struct http_answer *answer, struct failure *failure)
{
    (void)workspace;
    (void)request;
    answer->status = 200;
    answer->type = TYPE_TEXT;
    return buffer_append_text(&answer->body, "ok\n") == STATUS_OK ? STATUS_OK
                                                                  : fail_memory(failure);
}

static enum status write_counts(struct api *api, struct buffer *text)
{
    struct sequencer_counts counts = sequencer_count(api->sequencer);
    const struct {
        const char *name;
        const char *type;
        const char *help;
        uint64_t value;
    } ROWS[] = {
        {"utfall_commits_total", "counter", "Commits of one or more statements.", counts.commits},
        {"utfall_statements_accepted_total", "counter", "Statements appended.", counts.accepted},
        {"utfall_statements_refused_total", "counter", "Statements refused.", counts.refused},
        {"utfall_store_failures_total", "counter", "Times that the store failed.", counts.failed},
        {"utfall_statements_waiting", "gauge", "Statements that wait for a commit.",
         counts.waiting},
        {"utfall_appending", "gauge", "Whether this server has the right to append.",
         counts.is_appending},
    };
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        TRY(buffer_append_format(text, "# HELP %s %s\n# TYPE %s %s\n%s %" PRIu64 "\n", ROWS[i].name,
                                 ROWS[i].help, ROWS[i].name, ROWS[i].type, ROWS[i].name,
                                 ROWS[i].value));
    }
    return STATUS_OK;
}

static enum status ask_size(struct workspace *workspace, const struct http_request *request,
                            struct http_answer *answer, struct failure *failure)
{
    (void)request;
    answer->status = 200;
    answer->type = "text/plain; version=0.0.4; charset=utf-8";
    return buffer_append_format(&answer->body,
                                "# HELP utfall_entries Entries of the ledger.\n"
                                "# TYPE utfall_entries gauge\nutfall_entries %" PRIu64 "\n",
                                ledger_size(workspace_ledger(workspace))) == STATUS_OK
               ? STATUS_OK
               : fail_memory(failure);
}

static void handle_metrics(void *context, const struct http_request *request,
                           struct http_answer *answer)
{
    struct api *api = context;
    answer_from(api, request, answer, ask_size);
    if (answer->status == 200 && api->sequencer != NULL &&
        write_counts(api, &answer->body) != STATUS_OK) {
        answer_failure(answer, &(struct failure){0});
    }
}

static void handle_check(void *context, const struct http_request *request,
                         struct http_answer *answer)
{
    answer_from(context, request, answer, api_check);
}

/* --- Routes --- */

#define HANDLER(name)                                                            \
    static void handle_##name(void *context, const struct http_request *request, \
                              struct http_answer *answer)                        \
    {                                                                            \
        answer_from(context, request, answer, ask_##name);                       \
    }
HANDLER(checkpoint)
HANDLER(tile)
HANDLER(ledger)
HANDLER(contracts)
HANDLER(contract)
HANDLER(entries)
HANDLER(entry)
HANDLER(party)
HANDLER(health)

/* Open are the pages, which hold nothing of the ledger, and statements: those have signatures. */
const struct http_route API_ROUTES[] = {
    {"GET", "/", pages_handle, true},
    {"GET", "/portal/*", pages_handle, true},
    {"GET", "/checkpoint", handle_checkpoint, false},
    {"GET", "/tile/*", handle_tile, false},
    {"GET", "/schemas/*", pages_handle_schema, true},
    {"POST", "/statements", handle_submission, true},
    {"GET", "/api/v1/openapi.json", pages_handle_api, true},
    {"POST", "/api/v1/check", handle_check, false},
    {"GET", "/api/v1/ledger", handle_ledger, false},
    {"GET", "/api/v1/contracts", handle_contracts, false},
    {"GET", CONTRACTS "*", handle_contract, false},
    {"GET", "/api/v1/entries", handle_entries, false},
    {"GET", ENTRIES "*", handle_entry, false},
    {"GET", PARTIES "*", handle_party, false},
    {"GET", "/healthz", handle_health, true},
    {"GET", "/metrics", handle_metrics, false},
};
const size_t API_ROUTE_COUNT = sizeof API_ROUTES / sizeof API_ROUTES[0];
