/* utfall timestamp: has an outside authority say by when the ledger's entries existed. */

#include "ledger/crypto/timestamp.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/http/client.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/stamps.h"
#include "cli/trusted.h"
#include "cli/workspace.h"
#include "ledger/base/instant.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <string.h>

#define QUERY_TYPE "application/timestamp-query"
#define REPLY_TYPE "application/timestamp-reply"

/* --- The request --- */

/* The newest checkpoint is looked at without the right to write: an authority may take its time. */
static enum status digest_newest(const struct invocation *invocation, struct hash *ret_digest,
                                 struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    return stamp_digest(ledger_checkpoint(workspace_ledger(workspace)), ret_digest, failure);
}

static enum status make_request(const struct invocation *invocation, struct buffer *ret_request,
                                struct failure *failure)
{
    struct hash digest;
    TRY(digest_newest(invocation, &digest, failure));
    enum status status = timestamp_request_write(&digest, invocation->values[OPTION_TSA_POLICY],
                                                 ret_request, failure);
    if (status == STATUS_INVALID) {
        failure_prefix(failure, "--tsa-policy");
    }
    return status;
}

/* --- The reply --- */

/* Source: RFC 3161 section 3.4. */
static enum status ask_authority(const char *url, struct view request, struct buffer *ret_reply,
                                 struct failure *failure)
{
    OWNED(http_client_freep) struct http_client *client = NULL;
    TRY(http_client_new(&client, failure));
    struct http_reply reply = {0};
    buffer_init(&reply.body, TIMESTAMP_SIZE_MAX);
    enum status status = http_post(client, url, QUERY_TYPE, request, &reply, failure);
    if (status == STATUS_OK && reply.status != 200) {
        status = fail(failure, STATUS_STORAGE, url, "the time-stamping authority answered with %d",
                      reply.status);
    }
    if (status == STATUS_OK && strncmp(reply.content_type, REPLY_TYPE, strlen(REPLY_TYPE)) != 0) {
        status = fail(failure, STATUS_STORAGE, url, "what answered is no time-stamping authority");
    }
    if (status == STATUS_OK && buffer_append(ret_reply, buffer_view(&reply.body)) != STATUS_OK) {
        status = fail_memory(failure);
    }
    buffer_release(&reply.body);
    return status;
}

/* The reply and the request that it answers, by network or from files. */
static enum status get_reply(const struct invocation *invocation, struct buffer *ret_reply,
                             struct buffer *ret_request, struct failure *failure)
{
    const char *url = invocation->values[OPTION_TSA];
    if (url != NULL) {
        TRY(make_request(invocation, ret_request, failure));
        return ask_authority(url, buffer_view(ret_request), ret_reply, failure);
    }
    TRY(file_read(invocation->values[OPTION_TOKEN], ret_reply, failure));
    const char *request = invocation->values[OPTION_REQUEST];
    return request == NULL ? STATUS_OK : file_read(request, ret_request, failure);
}

/* --- Keeping it --- */

struct finding {
    struct hash digest;
    uint64_t size;
    bool is_found;
};

static enum status compare(void *context, uint64_t size, struct view note, struct failure *failure)
{
    struct finding *finding = context;
    struct hash digest;
    TRY(stamp_digest(note, &digest, failure));
    if (hash_equal(&digest, &finding->digest)) {
        finding->size = size;
        finding->is_found = true;
    }
    return STATUS_OK;
}

/* The checkpoint that a token is of: the ledger may have grown since it was asked for. */
static enum status find_checkpoint(struct ledger *ledger, const struct hash *digest,
                                   uint64_t *ret_size, struct failure *failure)
{
    struct finding finding = {.digest = *digest};
    TRY(store_scan_checkpoints(ledger_store(ledger), compare, &finding, failure));
    if (!finding.is_found) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the time-stamp is of no checkpoint of this ledger");
    }
    *ret_size = finding.size;
    return STATUS_OK;
}

/* So that whoever verifies later finds what was known when the token was checked. */
static enum status keep_lists(const struct invocation *invocation, struct ledger *ledger,
                              const struct trust *trust, uint64_t size, uint64_t *ret_kept,
                              struct failure *failure)
{
    *ret_kept = 0;
    for (size_t i = 0; i < trust_list_count(trust); i++) {
        OWNED(buffer_release) struct buffer list;
        buffer_init(&list, ATTACHMENT_SIZE_MAX);
        enum status written = trust_list_write(trust, i, &list);
        if (written == STATUS_LIMIT) {
            output_message(invocation,
                           _("utfall: a revocation list of over %d bytes is not kept: keep it "
                             "yourself"),
                           ATTACHMENT_SIZE_MAX);
            continue;
        }
        TRY(written);
        struct store_attachment attachment = {
            .checkpoint_size = size,
            .kind = ATTACHMENT_REVOCATIONS,
            .bytes = buffer_view(&list),
        };
        TRY(ledger_attach(ledger, &attachment, failure));
        *ret_kept += 1;
    }
    return STATUS_OK;
}

static enum status keep(const struct invocation *invocation, struct view token,
                        const struct trust *trust, struct stamp *ret_stamp, uint64_t *ret_kept,
                        struct failure *failure)
{
    TRY(timestamp_read(token, &ret_stamp->timestamp, failure));
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), true, &workspace, failure));
    struct ledger *ledger = workspace_ledger(workspace);
    struct hash digest = ret_stamp->timestamp.digest;
    TRY(find_checkpoint(ledger, &digest, &ret_stamp->size, failure));
    TRY(timestamp_verify(token, &digest, trust, invocation->values[OPTION_TSA_POLICY],
                         &ret_stamp->timestamp, failure));
    struct store_attachment attachment = {
        .checkpoint_size = ret_stamp->size,
        .kind = ATTACHMENT_TIMESTAMP,
        .bytes = token,
    };
    /* The lists first: a token that is there has them beside it, wherever this was interrupted. */
    TRY(keep_lists(invocation, ledger, trust, ret_stamp->size, ret_kept, failure));
    return ledger_attach(ledger, &attachment, failure);
}

static enum status stamp(const struct invocation *invocation, struct stamp *ret_stamp,
                         uint64_t *ret_kept, struct failure *failure)
{
    OWNED(trust_freep) struct trust *trust = NULL;
    TRY(trusted_read(invocation, &trust, failure));
    OWNED(buffer_release) struct buffer reply;
    OWNED(buffer_release) struct buffer request;
    OWNED(buffer_release) struct buffer token;
    buffer_init(&reply, TIMESTAMP_SIZE_MAX);
    buffer_init(&request, TIMESTAMP_REQUEST_SIZE_MAX);
    buffer_init(&token, TIMESTAMP_SIZE_MAX);
    TRY(get_reply(invocation, &reply, &request, failure));

    const char *url = invocation->values[OPTION_TSA];
    const char *source = url == NULL ? invocation->values[OPTION_TOKEN] : url;
    enum status status =
        timestamp_reply_read(buffer_view(&reply), buffer_view(&request), &token, failure);
    if (status == STATUS_OK) {
        status = keep(invocation, buffer_view(&token), trust, ret_stamp, ret_kept, failure);
    }
    if (status != STATUS_OK && failure->at[0] == '\0') {
        failure_prefix(failure, source);
    }
    return status;
}

/* --- The command --- */

static int answer(const struct invocation *invocation, const struct stamp *stamp, uint64_t kept)
{
    if (!output_is_json(invocation)) {
        output_message(invocation, _("the first %" PRIu64 " entries existed before %s, says %s"),
                       stamp->size, instant_write(stamp->timestamp.time).text,
                       stamp->timestamp.authority);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = NULL;
    if (stamp_to_json(stamp, true, &object) != STATUS_OK ||
        output_set_count(object, "lists_kept", kept) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int write_request(const struct invocation *invocation)
{
    const char *file = invocation->values[OPTION_REQUEST];
    OWNED(buffer_release) struct buffer request;
    buffer_init(&request, TIMESTAMP_REQUEST_SIZE_MAX);
    struct failure failure = {0};
    if (make_request(invocation, &request, &failure) != STATUS_OK ||
        file_write(file, buffer_view(&request), 0644, has_option(invocation, OPTION_FORCE),
                   &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (!output_is_json(invocation)) {
        output_message(invocation, _("the request is in %s: send it to a time-stamping authority"),
                       file);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "file", view_of(file)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_timestamp(const struct invocation *invocation)
{
    bool has_url = has_option(invocation, OPTION_TSA);
    bool has_token = has_option(invocation, OPTION_TOKEN);
    bool has_request = has_option(invocation, OPTION_REQUEST);
    if (invocation->operand_count != 0 || (has_url && (has_token || has_request)) ||
        (!has_url && !has_token && !has_request)) {
        return output_usage(invocation, _("timestamp takes --tsa, or --request and then --token"));
    }
    if (!has_url && !has_token && output_is_json(invocation) &&
        file_is_standard(invocation->values[OPTION_REQUEST])) {
        return output_usage(invocation,
                            _("--json needs a file for --request, since both are written"));
    }
    if (!has_url && !has_token) {
        return write_request(invocation);
    }
    if (!has_option(invocation, OPTION_CA)) {
        return output_usage(invocation, _("a time-stamp is kept when it is verified: give the "
                                          "authority's root by --ca"));
    }
    struct stamp stamped = {0};
    uint64_t kept = 0;
    struct failure failure = {0};
    if (stamp(invocation, &stamped, &kept, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(invocation, &stamped, kept);
}
