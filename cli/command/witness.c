/* utfall witness: serves as a witness to the ledgers of others. */

#include "cli/witness.h"
#include "cli/command.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>
#include <string.h>

#define REQUESTS_PER_MINUTE 600
#define REQUESTS_PER_MINUTE_MAX 1000000

static const struct http_route ROUTES[] = {
    {"POST", "*/add-checkpoint", witness_add_checkpoint, true},
    {"GET", "*/checkpoint", witness_get_checkpoint, true},
};

/* Everything that a witness needs; in the order in which it is got. */
struct serving {
    struct policy *logs;
    struct secret_key *secret;
    struct cosigner cosigner;
    struct witness *witness;
    struct http_server *server;
};

static void serving_release(struct serving *serving)
{
    http_server_stopp(&serving->server);
    witness_closep(&serving->witness);
    secret_key_freep(&serving->secret);
    policy_freep(&serving->logs);
}

/* The logs of --log, as a policy. */
static enum status write_logs(const struct invocation *invocation, struct buffer *text)
{
    size_t at = 0;
    for (const char *vkey = next_option(invocation, OPTION_LOG, &at); vkey != NULL;
         vkey = next_option(invocation, OPTION_LOG, &at)) {
        TRY(buffer_append_format(text, "log %s\n", vkey));
    }
    return buffer_append_text(text, "quorum none\n");
}

static enum status read_logs(const struct invocation *invocation, struct policy **ret_logs,
                             struct failure *failure)
{
    const char *file = invocation->values[OPTION_POLICY];
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, POLICY_SIZE_MAX);
    if (file != NULL) {
        TRY(file_read(file, &text, failure));
    } else if (write_logs(invocation, &text) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(policy_parse(buffer_view(&text), ret_logs, failure));
    return (*ret_logs)->log_count > 0 ? STATUS_OK
                                      : fail(failure, STATUS_INVALID, file == NULL ? "--log" : file,
                                             "it names no log to witness");
}

/* A key of its own kind: the same secret under type 0x04. */
static enum status open_key(const struct invocation *invocation, struct serving *serving,
                            struct failure *failure)
{
    struct note_key key;
    TRY(secret_open(invocation, invocation->values[OPTION_KEY], &serving->secret, &key, failure));
    const char *name = invocation->values[OPTION_NAME];
    enum status made =
        cosigner_make(view_of(name == NULL ? key.name : name), &key.key, &serving->cosigner);
    if (made != STATUS_OK) {
        return fail(failure, made, "--name",
                    "a key name has 1 to 255 bytes without space, control character or '+'");
    }
    for (size_t i = 0; i < serving->logs->log_count; i++) {
        if (public_key_equal(&serving->logs->logs[i].key.key, &key.key)) {
            return fail(failure, STATUS_INVALID, invocation->values[OPTION_KEY],
                        "the log %s has the same key: a witness needs one of its own",
                        serving->logs->logs[i].key.name);
        }
    }
    return STATUS_OK;
}

static enum status read_rate(const struct invocation *invocation, uint32_t *ret_rate,
                             struct failure *failure)
{
    const char *text = invocation->values[OPTION_RATE];
    uint64_t rate = REQUESTS_PER_MINUTE;
    if (text != NULL &&
        (decimal_u64_read(view_of(text), REQUESTS_PER_MINUTE_MAX, &rate) != STATUS_OK ||
         rate == 0)) {
        return fail(failure, STATUS_INVALID, "--rate", "say a number from 1 to %d",
                    REQUESTS_PER_MINUTE_MAX);
    }
    *ret_rate = (uint32_t)rate;
    return STATUS_OK;
}

static enum status start(const struct invocation *invocation, struct serving *serving,
                         struct failure *failure)
{
    struct witness_options options = {.folder = invocation->values[OPTION_STATE]};
    TRY(read_rate(invocation, &options.requests_per_minute, failure));
    TRY(read_logs(invocation, &serving->logs, failure));
    TRY(open_key(invocation, serving, failure));
    TRY(witness_open(&options, serving->logs, &serving->cosigner, serving->secret,
                     &serving->witness, failure));
    http_server_hold_signals();
    const struct http_server_options server = {
        .place = invocation->values[OPTION_LISTEN],
        .threads = 1,
        .routes = ROUTES,
        .route_count = sizeof ROUTES / sizeof ROUTES[0],
        .context = serving->witness,
    };
    return http_server_start(&server, &serving->server, failure);
}

/* Where it listens and by which key it cosigns, at once: programs wait for it. */
static int announce(const struct invocation *invocation, const struct serving *serving)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, COSIGNER_VKEY_SIZE_MAX);
    char url[200];
    (void)snprintf(url, sizeof url, "http://%s", http_server_place(serving->server));
    if (cosigner_write(&serving->cosigner, &vkey) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    if (!output_is_json(invocation)) {
        printf("%s %s\n", url, vkey.data);
        (void)fflush(stdout);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "url", view_of(url)) != STATUS_OK ||
        json_set_string(object, "vkey", buffer_view(&vkey)) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    int printed = output_json(STEAL(object));
    (void)fflush(stdout);
    return printed;
}

int command_witness(const struct invocation *invocation)
{
    if (invocation->operand_count != 1 || strcmp(invocation->operands[0], "serve") != 0) {
        return output_usage(invocation, _("say 'witness serve'"));
    }
    bool has_logs = has_option(invocation, OPTION_LOG) != has_option(invocation, OPTION_POLICY);
    if (!has_option(invocation, OPTION_LISTEN) || !has_option(invocation, OPTION_STATE) ||
        !has_option(invocation, OPTION_KEY) || !has_logs) {
        return output_usage(
            invocation,
            _("a witness needs --listen, --state, --key, and either --log or --policy"));
    }
    OWNED(serving_release) struct serving serving = {0};
    struct failure failure = {0};
    if (start(invocation, &serving, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    int announced = announce(invocation, &serving);
    if (announced != EXIT_GOOD) {
        return announced;
    }
    http_server_wait();
    return EXIT_GOOD;
}
