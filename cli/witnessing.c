#include "cli/witnessing.h"

#include "cli/file.h"
#include "cli/http/client.h"
#include "cli/remember.h"
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/store/open.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE_TYPE "text/x.tlog.size"
#define REPLY_SIZE_MAX 65536
#define LINE_SIZE_MAX 4096

/* The code of a failure: a witness has seen entries that the ledger does not have. */
#define BEHIND "LEDGER_BEHIND_WITNESS"

void witnessing_init(struct witnessing *witnessing)
{
    memset(witnessing, 0, sizeof *witnessing);
    witnessing->quorum = POLICY_INCOMPLETE;
    buffer_init(&witnessing->checkpoint, COSIGNED_SIZE_MAX);
}

void witnessing_release(struct witnessing *witnessing)
{
    buffer_release(&witnessing->checkpoint);
}

/* --- Whom to ask --- */

static enum status add_witness(const char *given, size_t number, struct buffer *text,
                               struct failure *failure)
{
    /* Base64 of a vkey may end in '=', a URL may contain one: the vkey has none before its end. */
    const char *equals = strchr(given, '=');
    for (const char *next = equals; next != NULL; next = strchr(next + 1, '=')) {
        struct cosigner cosigner;
        if (cosigner_parse(view_of(next + 1), &cosigner, NULL) != STATUS_OK) {
            continue;
        }
        enum status status = buffer_append_format(text, "witness %zu %s %.*s\n", number, next + 1,
                                                  (int)(next - given), given);
        return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
    }
    return fail(failure, STATUS_INVALID, "--witness",
                "a witness is given as URL=VKEY, with a vkey of type 0x04 or 0x06");
}

static enum status add_quorum(size_t count, struct buffer *text)
{
    TRY(buffer_append_text(text, "group all all"));
    for (size_t i = 0; i < count; i++) {
        TRY(buffer_append_format(text, " %zu", i));
    }
    return buffer_append_text(text, "\nquorum all\n");
}

static enum status read_witnesses(const struct invocation *invocation, struct buffer *text,
                                  struct failure *failure)
{
    size_t at = 0;
    size_t count = 0;
    for (const char *given = next_option(invocation, OPTION_WITNESS, &at); given != NULL;
         given = next_option(invocation, OPTION_WITNESS, &at)) {
        TRY(add_witness(given, count, text, failure));
        count++;
    }
    return add_quorum(count, text) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

enum status witnessing_read_options(const struct invocation *invocation, struct policy **ret_policy,
                                    struct failure *failure)
{
    const char *file = invocation->values[OPTION_POLICY];
    bool has_witness = has_option(invocation, OPTION_WITNESS);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    *ret_policy = NULL;
    if (file == NULL && !has_witness) {
        return STATUS_OK;
    }
    if (file != NULL && has_witness) {
        return fail(failure, STATUS_INVALID, "--witness", "give either --policy or --witness");
    }
    TRY(file != NULL ? file_read(file, &text, failure)
                     : read_witnesses(invocation, &text, failure));
    enum status parsed = policy_parse(buffer_view(&text), ret_policy, failure);
    if (parsed != STATUS_OK) {
        char place[FAILURE_AT_SIZE];
        (void)snprintf(place, sizeof place, "%s%s", file == NULL ? "--witness" : file,
                       failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, place);
    }
    return parsed;
}

static enum status visit_charter(void *context, const struct store_entry *entry,
                                 struct failure *failure)
{
    struct policy **ret_policy = context;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(entry->bytes, &statement, failure));
    if (statement->kind != KIND_CHARTER || !statement->charter.has_witness_policy) {
        return STATUS_OK;
    }
    struct failure cause = {0};
    enum status parsed = policy_parse(statement->charter.witness_policy, ret_policy, &cause);
    if (parsed == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    return parsed == STATUS_OK
               ? STATUS_OK
               : fail_code(failure, STATUS_INVALID, "WITNESS_POLICY_UNREADABLE", "entry 0",
                           "the witness policy of the charter cannot be read, so nothing can "
                           "fulfil it: %s: %s",
                           cause.at, cause.reason);
}

enum status witnessing_charter_policy(struct ledger *ledger, struct policy **ret_policy,
                                      struct failure *failure)
{
    *ret_policy = NULL;
    return ledger_read(ledger, 0, visit_charter, ret_policy, failure);
}

/* --- Asking --- */

/* One round of questions. */
struct asking {
    struct ledger *ledger; /* at one moment */
    const struct policy *policy;
    struct http_client *client;
    struct witnessing *witnessing;
    struct buffer lines[POLICY_WITNESSES_MAX]; /* of those that signed: as they are attached */
};

static void asking_release(struct asking *asking)
{
    for (size_t i = 0; i < POLICY_WITNESSES_MAX; i++) {
        buffer_release(&asking->lines[i]);
    }
    http_client_freep(&asking->client);
    ledger_closep(&asking->ledger);
}

/* The largest checkpoint that a witness cosigned, as far as the ledger knows. */
struct last_seen {
    struct view vkey_line; /* with its newline */
    uint64_t size;
};

static enum status see(void *context, const struct store_attachment *attachment,
                       struct failure *failure)
{
    (void)failure;
    struct last_seen *last = context;
    if (view_starts_with(attachment->bytes, last->vkey_line) &&
        attachment->checkpoint_size > last->size) {
        last->size = attachment->checkpoint_size;
    }
    return STATUS_OK;
}

static enum status write_vkey_line(const struct cosigner *cosigner, struct buffer *text)
{
    TRY(cosigner_write(cosigner, text));
    return buffer_append_byte(text, '\n');
}

/* The body of add-checkpoint. */
static enum status write_request(struct asking *asking, uint64_t old_size, struct buffer *body,
                                 struct failure *failure)
{
    struct merkle_proof proof = {.count = 0};
    TRY(ledger_prove_consistency(asking->ledger, old_size, &proof, failure));
    buffer_clear(body);
    TRY(buffer_append_format(body, "old %" PRIu64 "\n", old_size));
    for (uint32_t i = 0; i < proof.count; i++) {
        TRY(base64_write(body, hash_view(&proof.hashes[i])));
        TRY(buffer_append_byte(body, '\n'));
    }
    TRY(buffer_append_byte(body, '\n'));
    return buffer_append(body, ledger_checkpoint(asking->ledger));
}

/* "The client MUST ignore any cosignatures from unknown keys." Takes the first line that is good.
 */
static enum status take_line(struct asking *asking, size_t index, struct view reply,
                             struct failure *failure)
{
    const struct cosigner *cosigner = &asking->policy->witnesses[index].cosigner;
    struct note ours;
    struct view line;
    TRY(note_parse(ledger_checkpoint(asking->ledger), &ours, failure));
    while (text_cut_line(&reply, &line)) { /* bounded by REPLY_SIZE_MAX */
        struct note note;
        uint64_t time = 0;
        OWNED(buffer_release) struct buffer bytes;
        buffer_init(&bytes, COSIGNED_SIZE_MAX);
        struct view with_newline = {.data = line.data, .size = line.size + 1};
        if (note_write_with_lines(&ours, with_newline, &bytes, NULL) != STATUS_OK ||
            note_parse(buffer_view(&bytes), &note, NULL) != STATUS_OK ||
            cosignature_verify(&note, cosigner, &time) != STATUS_OK || time == 0) {
            continue;
        }
        TRY(write_vkey_line(cosigner, &asking->lines[index]));
        return buffer_append(&asking->lines[index], with_newline);
    }
    return fail(failure, STATUS_UNTRUSTED, "", "its answer has no line by %s+%08x that verifies",
                cosigner->name, (unsigned int)cosigner->id);
}

/* Reads the size that a 409 tells. */
static enum status read_told(const struct http_reply *reply, uint64_t *ret_size,
                             struct failure *failure)
{
    struct view body = buffer_view(&reply->body);
    struct view line;
    if (strncmp(reply->content_type, SIZE_TYPE, strlen(SIZE_TYPE)) != 0 ||
        !text_cut_line(&body, &line) || body.size != 0 ||
        decimal_u64_read(line, INT64_MAX, ret_size) != STATUS_OK) {
        return fail(failure, STATUS_INVALID, "",
                    "it answered 409 without the size that it knows, as %s", SIZE_TYPE);
    }
    return STATUS_OK;
}

static enum status check_told(struct asking *asking, size_t index, uint64_t asked, uint64_t told,
                              struct failure *failure)
{
    uint64_t size = ledger_size(asking->ledger);
    if (told > size) {
        struct failure ignored = {0};
        struct view name = view_of(asking->policy->witnesses[index].cosigner.name);
        asking->witnessing->is_behind = true;
        enum status kept = remember_told(asking->ledger, told, name, &ignored);
        return fail_code(failure, STATUS_UNTRUSTED, BEHIND, "",
                         "it has cosigned %" PRIu64 " entries, and the ledger holds %" PRIu64
                         ": it was restored from a backup or cut off; signing more would be a "
                         "fork%s%s",
                         told, size, kept == STATUS_OK ? "" : "; this could not be remembered: ",
                         kept == STATUS_OK ? "" : ignored.reason);
    }
    if (told == asked) {
        return fail_code(failure, STATUS_UNTRUSTED, "WITNESS_SAW_FORK", "",
                         "it has cosigned another checkpoint of size %" PRIu64
                         ": there are two histories of this ledger",
                         told);
    }
    return STATUS_OK;
}

static enum status refused(const struct http_reply *reply, struct failure *failure)
{
    struct view body = buffer_view(&reply->body);
    struct view line = body;
    (void)text_cut_line(&body, &line);
    int shown = line.size > 200 ? 200 : (int)line.size;
    return fail(failure, reply->status == 422 ? STATUS_UNTRUSTED : STATUS_STORAGE, "",
                "it answered %d: %.*s", reply->status, shown, line.data);
}

/* Asks once, and once more when the witness knows another size than we thought. */
static enum status ask_at(struct asking *asking, size_t index, const char *url, uint64_t old_size,
                          struct failure *failure)
{
    OWNED(buffer_release) struct buffer body;
    struct http_reply reply = {0};
    buffer_init(&body, CHECKPOINT_SIZE_MAX + 4096);
    buffer_init(&reply.body, REPLY_SIZE_MAX);
    enum status status = STATUS_OK;
    for (int attempt = 0; attempt < 2 && status == STATUS_OK; attempt++) {
        uint64_t told = 0;
        status = write_request(asking, old_size, &body, failure);
        if (status == STATUS_OK) {
            status = http_post(asking->client, url, "text/plain; charset=utf-8", buffer_view(&body),
                               &reply, failure);
        }
        if (status != STATUS_OK || reply.status != 409) {
            break;
        }
        status = read_told(&reply, &told, failure);
        if (status == STATUS_OK) {
            status = check_told(asking, index, old_size, told, failure);
        }
        old_size = told;
    }
    if (status == STATUS_OK) {
        status = reply.status == 200 ? take_line(asking, index, buffer_view(&reply.body), failure)
                                     : refused(&reply, failure);
    }
    buffer_release(&reply.body);
    return status;
}

static enum status ask_witness(struct asking *asking, size_t index, uint64_t old_size,
                               struct failure *failure)
{
    struct view prefix = asking->policy->witnesses[index].url;
    char url[HTTP_URL_SIZE_MAX];
    while (prefix.size > 0 && prefix.data[prefix.size - 1] == '/') {
        prefix.size--;
    }
    int size = snprintf(url, sizeof url, "%.*s/add-checkpoint", VIEW_ARGS(prefix));
    if (size < 0 || (size_t)size >= sizeof url) {
        return fail(failure, STATUS_LIMIT, "", "the URL is too long");
    }
    return ask_at(asking, index, url, old_size, failure);
}

static enum status ask_one(struct asking *asking, size_t index, struct failure *failure)
{
    const struct policy_witness *witness = &asking->policy->witnesses[index];
    struct witnessing_row *row = &asking->witnessing->rows[index];
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, COSIGNER_VKEY_SIZE_MAX + 1);
    if (write_vkey_line(&witness->cosigner, &vkey) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct last_seen last = {.vkey_line = buffer_view(&vkey)};
    TRY(ledger_each_attachment(asking->ledger, STORE_NONE, ATTACHMENT_COSIGNATURE, see, &last,
                               failure));
    bool has_signed = last.size == asking->witnessing->size;
    row->outcome = has_signed ? WITNESSING_BEFORE : WITNESSING_NOT_ASKED;
    if (witness->url.size == 0 || !cosigner_is_usable(&witness->cosigner)) {
        return STATUS_OK;
    }
    /* Also who has signed is asked: only so a ledger learns that it was put back to this size. */
    enum status asked = ask_witness(asking, index, last.size, &row->failure);
    bool is_behind = view_is(view_of(row->failure.code), BEHIND);
    if (has_signed && !is_behind) {
        buffer_clear(&asking->lines[index]); /* one line of each is enough */
        return STATUS_OK;
    }
    row->outcome = asked == STATUS_OK ? WITNESSING_SIGNED : WITNESSING_FAILED;
    return asked == STATUS_MEMORY ? fail_memory(failure) : STATUS_OK;
}

static enum status open_ledger(const char *path, bool writable, struct ledger **ret_ledger,
                               struct failure *failure)
{
    struct store *store = NULL;
    TRY(store_open(path, writable, &store, failure));
    return ledger_open(store, ret_ledger, failure);
}

/* Opens the ledger once more, now for writing, and attaches what came. */
static enum status attach_all(const char *path, const struct asking *asking,
                              struct failure *failure)
{
    OWNED(ledger_closep) struct ledger *ledger = NULL;
    TRY(open_ledger(path, true, &ledger, failure));
    TRY(ledger_lock(ledger, failure));
    for (size_t i = 0; i < asking->policy->witness_count; i++) {
        struct store_attachment attachment = {
            .checkpoint_size = asking->witnessing->size,
            .kind = ATTACHMENT_COSIGNATURE,
            .bytes = buffer_view(&asking->lines[i]),
        };
        TRY(attachment.bytes.size == 0 ? STATUS_OK : ledger_attach(ledger, &attachment, failure));
    }
    ledger_unlock(ledger);
    TRY(ledger_begin(ledger, failure));
    return witnessing_judge(ledger, asking->policy, asking->witnessing, failure);
}

enum status witnessing_ask(const char *path, const struct policy *policy,
                           struct witnessing *ret_witnessing, struct failure *failure)
{
    OWNED(asking_release)
    struct asking asking = {.policy = policy, .witnessing = ret_witnessing};
    for (size_t i = 0; i < POLICY_WITNESSES_MAX; i++) {
        buffer_init(&asking.lines[i], COSIGNER_VKEY_SIZE_MAX + 1 + LINE_SIZE_MAX);
    }
    TRY(open_ledger(path, false, &asking.ledger, failure));
    TRY(http_client_new(&asking.client, failure));
    TRY(ledger_begin(asking.ledger, failure));
    ret_witnessing->size = ledger_size(asking.ledger);
    for (size_t i = 0; i < policy->witness_count; i++) {
        TRY(ask_one(&asking, i, failure));
    }
    ledger_closep(&asking.ledger);
    return attach_all(path, &asking, failure);
}

enum status witnessing_judge(struct ledger *ledger, const struct policy *policy,
                             struct witnessing *ret_witnessing, struct failure *failure)
{
    ret_witnessing->size = ledger_size(ledger);
    buffer_clear(&ret_witnessing->checkpoint);
    TRY(ledger_cosigned_checkpoint(ledger, ret_witnessing->size, &ret_witnessing->checkpoint,
                                   failure));
    if (policy == NULL) {
        ret_witnessing->quorum = POLICY_HOLDS;
        return STATUS_OK;
    }
    struct policy_result result;
    TRY(policy_check(policy, ledger_log_key(ledger), buffer_view(&ret_witnessing->checkpoint),
                     &result, failure));
    ret_witnessing->quorum = result.quorum;
    return STATUS_OK;
}
