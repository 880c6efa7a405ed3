#include "cli/serve/api.h"

#include "cli/case_gather.h"
#include "cli/display.h"
#include "cli/output.h"
#include "cli/serve/answers.h"
#include "cli/serve/api_check.h"
#include "cli/serve/api_internal.h"
#include "cli/serve/pages.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/publish.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOREVER "public, max-age=31536000, immutable"

/* --- Asking the ledger --- */

typedef enum status take(struct readers *readers, struct workspace **ret_workspace,
                         struct failure *failure);

static void answer_by(struct api *api, take *taken, const struct http_request *request,
                      struct http_answer *answer, ask *question)
{
    struct failure failure = {0};
    struct workspace *workspace = NULL;
    enum status status = taken(api->readers, &workspace, &failure);
    if (status == STATUS_OK) {
        status = question(workspace, request, answer, &failure);
        readers_give(api->readers, workspace);
    }
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
    }
}

void api_answer_from(struct api *api, const struct http_request *request,
                     struct http_answer *answer, ask *question)
{
    answer_by(api, readers_take, request, answer, question);
}

/* A question that needs the ledger alone. */
static void answer_from_ledger(struct api *api, const struct http_request *request,
                               struct http_answer *answer, ask *question)
{
    answer_by(api, readers_take_ledger, request, answer, question);
}

enum status api_answer_json(struct http_answer *answer, struct json *object)
{
    answer_object(answer, 200, object);
    return STATUS_OK;
}

enum status api_no_such_path(struct failure *failure)
{
    return fail(failure, STATUS_NOT_FOUND, "", "there is nothing here");
}

size_t api_split(const char *path, const char *beginning, struct api_parts *ret_parts)
{
    const char *rest = path + strlen(beginning);
    size_t count = 0;
    while (count < API_PARTS_MAX) {
        size_t size = strcspn(rest, "/");
        if (size == 0 || size >= API_PART_SIZE) {
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

enum status api_read_number(const struct http_request *request, const char *name, uint64_t max,
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
        return api_no_such_path(failure);
    }
    answer->status = 200;
    answer->type = TYPE_BYTES;
    TRY(publish_tile(workspace_ledger(workspace), &tile, &answer->body, failure));
    answer->cache = FOREVER; /* a tile of this width never changes */
    return STATUS_OK;
}

static void handle_tile(void *context, const struct http_request *request,
                        struct http_answer *answer)
{
    struct api *api = context;
    if (api->published != NULL && published_redirect(api->published, request, answer)) {
        return;
    }
    if (tiles_kept_find(api->tiles, request->path, &answer->body)) {
        answer->status = 200;
        answer->type = TYPE_BYTES;
        answer->cache = FOREVER;
        return;
    }
    answer_from_ledger(api, request, answer, ask_tile);
    if (answer->status == 200) {
        tiles_kept_add(api->tiles, request->path, buffer_view(&answer->body));
    }
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
    return api_answer_json(answer, STEAL(object));
}

/* --- Submitting --- */

/* A request that waits for its commit. */
struct waiting {
    struct order order;
    struct api *api;
    struct http_incoming *incoming;
    bool is_known; /* the keys of all its signatures were */
};

static void waiting_free(struct waiting *waiting)
{
    statement_free(waiting->order.submission.ahead);
    free(waiting);
}

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
        status = readers_take_ledger(waiting->api->readers, &workspace, &failure);
    }
    if (status == STATUS_OK) {
        status = tell_decided(workspace, submission, answer, &failure);
        if (submission->is_accepted && !waiting->is_known) {
            ahead_learn(waiting->api->ahead, workspace, submission->note);
        }
        readers_give(waiting->api->readers, workspace);
    }
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
    }
    waiting_free(waiting);
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
    waiting->is_known = ahead_read(api->ahead, request->body, &waiting->order.submission.ahead);
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
    answer_from_ledger(api, request, answer, ask_size);
    if (answer->status == 200 && api->sequencer != NULL &&
        write_counts(api, &answer->body) != STATUS_OK) {
        answer_failure(answer, &(struct failure){0});
    }
}

static void handle_check(void *context, const struct http_request *request,
                         struct http_answer *answer)
{
    api_answer_from(context, request, answer, api_check);
}

/* --- Routes --- */

#define HANDLER(name, answer_from, question)                                     \
    static void handle_##name(void *context, const struct http_request *request, \
                              struct http_answer *answer)                        \
    {                                                                            \
        answer_from(context, request, answer, question);                         \
    }
HANDLER(checkpoint, answer_from_ledger, ask_checkpoint)
HANDLER(ledger, answer_from_ledger, ask_ledger)
HANDLER(entries, answer_from_ledger, api_ask_entries)
HANDLER(entry, api_answer_from, api_ask_entry)
HANDLER(health, answer_from_ledger, ask_health)

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
    {"GET", "/api/v1/contracts", api_handle_contracts, false},
    {"GET", API_CONTRACTS "*", api_handle_contract, false},
    {"GET", "/api/v1/entries", handle_entries, false},
    {"GET", API_ENTRIES "*", handle_entry, false},
    {"GET", "/api/v1/events", api_handle_events, false},
    {"GET", "/api/v1/parties", api_handle_parties, false},
    {"GET", API_PARTIES "*", api_handle_party, false},
    {"GET", "/api/v1/settlements", api_handle_settlements, false},
    {"GET", "/api/v1/search", api_handle_search, false},
    {"GET", "/api/v1/balance", api_handle_balance, false},
    {"GET", "/healthz", handle_health, true},
    {"GET", "/metrics", handle_metrics, false},
};
const size_t API_ROUTE_COUNT = sizeof API_ROUTES / sizeof API_ROUTES[0];
