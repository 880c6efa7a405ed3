/* utfall serve: the ledger as a service: statements in, answers and proofs out. */

#include "cli/command.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/secret.h"
#include "cli/serve/api.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 256
#define CONNECTIONS 1024
#define REPLICAS_MAX 100
#define PEM_SIZE_MAX 262144

struct serving {
    struct api api;
    struct buffer certificate; /* PEM */
    struct buffer tls_key;     /* PEM */
    struct note_key key;
    struct note_key log;       /* that signs the ledger */
    struct secret_key *secret; /* NULL: it only reads */
    struct http_server *server;
};

/* What is under way is answered: first the sequencer decides, then the server sends. */
static void serving_release(struct serving *serving)
{
    if (serving->server != NULL) {
        http_server_quiesce(serving->server);
    }
    sequencer_stop(serving->api.sequencer);
    events_stop(serving->api.events);
    http_server_stop(serving->server);
    events_free(serving->api.events);
    catalogue_free(serving->api.catalogue);
    tiles_kept_free(serving->api.tiles);
    ahead_free(serving->api.ahead);
    published_stop(serving->api.published);
    readers_close(serving->api.readers);
    tokens_free(serving->api.tokens);
    secret_key_free(serving->secret);
    buffer_release(&serving->certificate);
    buffer_release(&serving->tls_key);
}

static enum status read_threads(const struct invocation *invocation, unsigned *ret_threads,
                                struct failure *failure)
{
    const char *text = invocation->values[OPTION_THREADS];
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = processors < 2 ? 2 : (uint64_t)processors * 2;
    if (text != NULL &&
        (decimal_u64_read(view_of(text), THREADS_MAX, &threads) != STATUS_OK || threads == 0)) {
        return fail(failure, STATUS_LIMIT, "--threads", "it is a number from 1 to %d", THREADS_MAX);
    }
    *ret_threads = threads > THREADS_MAX ? THREADS_MAX : (unsigned)threads;
    return STATUS_OK;
}

static enum status read_replicas(const struct invocation *invocation, uint32_t *ret_replicas,
                                 struct failure *failure)
{
    const char *text = invocation->values[OPTION_REPLICAS];
    uint64_t replicas = 0;
    if (text != NULL && !has_option(invocation, OPTION_LOG_KEY)) {
        return fail(failure, STATUS_INVALID, "--replicas",
                    "it is about appending, which takes --log-key");
    }
    if (text != NULL &&
        (decimal_u64_read(view_of(text), REPLICAS_MAX, &replicas) != STATUS_OK || replicas == 0)) {
        return fail(failure, STATUS_LIMIT, "--replicas", "it is a number from 1 to %d",
                    REPLICAS_MAX);
    }
    *ret_replicas = (uint32_t)replicas;
    return STATUS_OK;
}

static void tell_obstacle(void *context, const struct failure *failure)
{
    output_message(context, _("utfall: statements cannot be appended: %s: %s"), failure->at,
                   failure->reason);
}

/* With the key of the log it appends; without, it only reads. */
static enum status start_writing(const struct invocation *invocation, struct serving *serving,
                                 struct failure *failure)
{
    struct sequencer_options options = {
        .path = workspace_path(invocation),
        .key = &serving->key,
        .is_standby = has_option(invocation, OPTION_STANDBY),
        .tell = tell_obstacle,
        .context = (void *)(uintptr_t)invocation,
    };
    TRY(read_replicas(invocation, &options.replicas, failure));
    if (!has_option(invocation, OPTION_LOG_KEY)) {
        return STATUS_OK;
    }
    TRY(secret_open_log(invocation, &serving->secret, &serving->key, failure));
    options.secret = serving->secret;
    return sequencer_start(&options, &serving->api.sequencer, failure);
}

/* Fails closed: what such a charter demands of an append, this server does not do. */
static enum status refuse_witness_policy(const struct serving *serving, struct failure *failure)
{
    struct workspace *workspace;
    if (serving->api.sequencer == NULL) {
        return STATUS_OK;
    }
    TRY(readers_take(serving->api.readers, &workspace, failure));
    bool has_policy = state_charter(workspace_state(workspace))->has_witness_policy;
    readers_give(serving->api.readers, workspace);
    return has_policy ? fail(failure, STATUS_INVALID, "",
                             "the charter demands witnesses, whom a server does not ask: append "
                             "with `utfall submit`, and serve without --log-key")
                      : STATUS_OK;
}

static bool is_loopback(const char *place)
{
    return strncmp(place, "127.", 4) == 0 || strncmp(place, "[::1]:", 6) == 0;
}

/* Tokens and statements do not cross a network in the clear: a proxy is on this machine, or there
 * is TLS. */
static enum status read_tls(const struct invocation *invocation, struct serving *serving,
                            struct http_server_options *options, struct failure *failure)
{
    const char *certificate = invocation->values[OPTION_TLS_CERTIFICATE];
    const char *key = invocation->values[OPTION_TLS_KEY];
    if ((certificate == NULL) != (key == NULL)) {
        return fail(failure, STATUS_INVALID, "--tls-certificate",
                    "TLS takes both, --tls-certificate and --tls-key");
    }
    if (certificate == NULL) {
        return is_loopback(options->place)
                   ? STATUS_OK
                   : fail(failure, STATUS_INVALID, "--listen",
                          "%s can be reached from other machines: give --tls-certificate and "
                          "--tls-key, or listen at 127.0.0.1 behind a proxy that does TLS",
                          options->place);
    }
    TRY(file_read(certificate, &serving->certificate, failure));
    TRY(file_read(key, &serving->tls_key, failure));
    options->tls_certificate = serving->certificate.data;
    options->tls_key = serving->tls_key.data;
    return STATUS_OK;
}

static enum status read_tokens(const struct invocation *invocation, struct serving *serving,
                               struct http_server_options *options, struct failure *failure)
{
    if (!has_option(invocation, OPTION_TOKENS)) {
        return STATUS_OK;
    }
    options->may_read = api_may_read;
    return tokens_read(invocation->values[OPTION_TOKENS], &serving->api.tokens, failure);
}

static void tell_unpublished(void *context, const struct failure *failure)
{
    output_message(context, _("utfall: tiles are answered here: %s: %s"), failure->at,
                   failure->reason);
}

/* What is published is for everyone to read. */
static enum status read_published(const struct invocation *invocation, struct serving *serving,
                                  struct failure *failure)
{
    struct workspace *workspace;
    if (!has_option(invocation, OPTION_TILES)) {
        return STATUS_OK;
    }
    if (has_option(invocation, OPTION_TOKENS)) {
        return fail(failure, STATUS_INVALID, "--tiles",
                    "what is published is for everyone to read, so tokens would protect nothing");
    }
    TRY(readers_take_ledger(serving->api.readers, &workspace, failure));
    serving->log = *ledger_log_key(workspace_ledger(workspace));
    readers_give(serving->api.readers, workspace);
    return published_start(invocation->values[OPTION_TILES], &serving->log, tell_unpublished,
                           (void *)(uintptr_t)invocation, &serving->api.published, failure);
}

static enum status start(const struct invocation *invocation, struct serving *serving,
                         struct failure *failure)
{
    struct http_server_options options = {
        .place = invocation->values[OPTION_LISTEN],
        .connections = CONNECTIONS,
        .of_one = CONNECTIONS,
        .routes = API_ROUTES,
        .route_count = API_ROUTE_COUNT,
        .context = &serving->api,
    };
    TRY(read_threads(invocation, &options.threads, failure));
    TRY(read_tls(invocation, serving, &options, failure));
    TRY(read_tokens(invocation, serving, &options, failure));
    http_server_hold_signals();
    TRY(start_writing(invocation, serving, failure));
    TRY(readers_open(workspace_path(invocation), &serving->api.readers, failure));
    TRY(refuse_witness_policy(serving, failure));
    TRY(read_published(invocation, serving, failure));
    TRY(tiles_kept_new(&serving->api.tiles, failure));
    TRY(ahead_new(&serving->api.ahead, failure));
    TRY(catalogue_new(&serving->api.catalogue, failure));
    TRY(events_start(serving->api.readers, serving->api.catalogue, &serving->api.events, failure));
    return http_server_start(&options, &serving->server, failure);
}

/* Where it listens, at once: programs wait for it. */
static int announce(const struct invocation *invocation, const struct serving *serving)
{
    char url[200];
    (void)snprintf(url, sizeof url, "%s://%s",
                   has_option(invocation, OPTION_TLS_CERTIFICATE) ? "https" : "http",
                   http_server_place(serving->server));
    if (!output_is_json(invocation)) {
        printf("%s\n", url);
        (void)fflush(stdout);
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "url", view_of(url)) != STATUS_OK ||
        json_set_boolean(object, "appends", serving->secret != NULL) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    int printed = output_json(STEAL(object));
    (void)fflush(stdout);
    return printed;
}

int command_serve(const struct invocation *invocation)
{
    if (invocation->operand_count != 0 || !has_option(invocation, OPTION_LISTEN)) {
        return output_usage(invocation, _("serve needs --listen ADDRESS:PORT"));
    }
    OWNED(serving_release) struct serving serving = {0};
    struct failure failure = {0};
    buffer_init(&serving.certificate, PEM_SIZE_MAX);
    buffer_init(&serving.tls_key, PEM_SIZE_MAX);
    if (start(invocation, &serving, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    int announced = announce(invocation, &serving);
    if (announced == EXIT_GOOD) {
        http_server_wait();
    }
    return announced;
}
