#include "cli/http/server.h"

#include "ledger/base/ownership.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define PORT_SIZE 8
#define STREAM_BLOCK 4096
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* What a page of this server may do: load from here, and nothing else. */
#define CONTENT_POLICY                                                          \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct http_server {
    struct MHD_Daemon *daemon;
    int listener; /* after http_server_quiesce: to be closed; else -1 */
    struct http_server_options options;
    char place[HTTP_ADDRESS_SIZE + PORT_SIZE];
};

/* A request on its way in. */
struct http_incoming {
    struct MHD_Connection *connection; /* NULL until the head was looked at */
    bool is_odd_target;
    struct buffer body;
    bool is_too_large;
    size_t received; /* bytes, kept or not */
    char address[HTTP_ADDRESS_SIZE];
    struct http_answer answer;
    http_handle *finish; /* of an answer that was put off, else NULL */
    void *context;
    atomic_bool is_awake;
    size_t sent; /* of a stream's piece */
};

/* --- What comes in --- */

/* What the headers of a request are looked at for. */
struct headers {
    unsigned hosts;
    unsigned lengths;
    unsigned encodings;
    bool is_odd;
};

/* RFC 9110, section 5.6.2. */
static bool is_token(const char *text, size_t size)
{
    static const char MARKS[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        bool is_alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_alphanumeric && (c == '\0' || strchr(MARKS, c) == NULL)) {
            return false;
        }
    }
    return size > 0;
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return true;
        }
    }
    return false;
}

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    struct headers *headers = context;
    headers->hosts += strcasecmp(name, "Host") == 0;
    headers->lengths += strcasecmp(name, "Content-Length") == 0;
    headers->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    headers->is_odd = headers->is_odd || !is_token(name, name_size) ||
                      (value != NULL && has_control(value, value_size));
    return MHD_YES;
}

/* RFC 9112 sections 3.2 and 6.3: such a request has two readings. */
static bool is_ambiguous(struct MHD_Connection *connection)
{
    struct headers headers = {0};
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, look_at_header, &headers);
    return headers.hosts != 1 || headers.lengths + headers.encodings > 1 || headers.is_odd;
}

static void write_address(struct MHD_Connection *connection, char *text, size_t size)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    text[0] = '\0';
    if (info == NULL) {
        return;
    }
    const struct sockaddr *address = info->client_addr;
    socklen_t address_size =
        address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    (void)getnameinfo(address, address_size, text, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
}

/* --- What goes out --- */

static void answer_text(struct http_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->type = TEXT_PLAIN;
    buffer_clear(&answer->body);
    enum status kept = buffer_append_text(&answer->body, text);
    (void)kept; /* without memory the status alone has to do */
}

/* What is left of a piece, or of the next one. */
static ssize_t read_stream(void *context, uint64_t position, char *room, size_t size)
{
    (void)position;
    struct http_incoming *incoming = context;
    struct http_answer *answer = &incoming->answer;
    if (incoming->sent == answer->body.size) {
        buffer_clear(&answer->body);
        incoming->sent = 0;
        if (!answer->stream->next(answer->stream_context, &answer->body)) {
            return MHD_CONTENT_READER_END_OF_STREAM;
        }
    }
    size_t left = answer->body.size - incoming->sent;
    size_t taken = left < size ? left : size;
    if (taken > 0) {
        memcpy(room, answer->body.data + incoming->sent, taken);
    }
    incoming->sent += taken;
    return (ssize_t)taken;
}

static struct MHD_Response *create_response(struct http_incoming *incoming)
{
    struct http_answer *answer = &incoming->answer;
    if (answer->stream != NULL) {
        buffer_clear(&answer->body);
        return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream,
                                                 incoming, NULL);
    }
    struct view body = buffer_view(&answer->body);
    /* The body lives until on_completed. */
    return MHD_create_response_from_buffer(body.size, (char *)(uintptr_t)body.data,
                                           MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result queue(struct MHD_Connection *connection, struct http_incoming *incoming)
{
    const struct http_answer *answer = &incoming->answer;
    struct MHD_Response *response = create_response(incoming);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", answer->type);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Content-Security-Policy", CONTENT_POLICY);
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(response, "Cache-Control",
                                  answer->cache == NULL ? "no-store" : answer->cache);
    if (answer->stream != NULL) { /* nginx would keep pieces back */
        (void)MHD_add_response_header(response, "X-Accel-Buffering", "no");
    }
    if (answer->location != NULL) {
        (void)MHD_add_response_header(response, "Location", answer->location);
    }
    if (answer->status == 401) {
        (void)MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    }
    if (answer->retry_in_seconds > 0) {
        char seconds[16];
        (void)snprintf(seconds, sizeof seconds, "%u", answer->retry_in_seconds);
        (void)MHD_add_response_header(response, "Retry-After", seconds);
    }
    enum MHD_Result queued = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return queued;
}

static bool path_fits(const char *pattern, const char *path)
{
    size_t start = strcspn(pattern, "*");
    if (start > 0 && pattern[start] == '*') {
        return strncmp(pattern, path, start) == 0;
    }
    if (pattern[0] != '*') {
        return strcmp(pattern, path) == 0;
    }
    size_t end = strlen(pattern + 1);
    size_t size = strlen(path);
    return size >= end && strcmp(path + size - end, pattern + 1) == 0;
}

static bool method_fits(const char *wanted, const char *method)
{
    return strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

static void route(const struct http_server *server, const char *method,
                  const struct http_request *request, struct http_answer *answer)
{
    bool is_known = false;
    for (size_t i = 0; i < server->options.route_count; i++) {
        const struct http_route *candidate = &server->options.routes[i];
        if (!path_fits(candidate->path, request->path)) {
            continue;
        }
        is_known = true;
        if (method_fits(candidate->method, method)) {
            if (!candidate->is_open && server->options.may_read != NULL &&
                !server->options.may_read(server->options.context, request)) {
                answer_text(answer, 401, "this takes a token that lets you read\n");
                return;
            }
            candidate->handle(server->options.context, request, answer);
            if (!candidate->is_open && server->options.may_read != NULL) {
                answer->cache = NULL; /* RFC 9111, 3.5: "public" would hand it to others */
            }
            return;
        }
    }
    answer_text(answer, is_known ? 405 : 404,
                is_known ? "this path takes another method\n" : "there is nothing here\n");
}

const char *http_parameter(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->incoming->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->incoming->connection, MHD_HEADER_KIND, name);
}

struct visit {
    http_visit_parameter *visit;
    void *context;
};

static enum MHD_Result visit_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                       const char *value)
{
    (void)kind;
    const struct visit *visit = context;
    visit->visit(visit->context, name, value);
    return MHD_YES;
}

void http_each_parameter(const struct http_request *request, http_visit_parameter *visit,
                         void *context)
{
    struct visit each = {visit, context};
    (void)MHD_get_connection_values(request->incoming->connection, MHD_GET_ARGUMENT_KIND,
                                    visit_parameter, &each);
}

void http_sleep(struct http_incoming *incoming)
{
    MHD_suspend_connection(incoming->connection);
}

void http_defer(const struct http_request *request, http_handle *finish, void *context)
{
    request->incoming->finish = finish;
    request->incoming->context = context;
    MHD_suspend_connection(request->incoming->connection);
}

void http_wake(struct http_incoming *incoming)
{
    struct MHD_Connection *connection = incoming->connection;
    atomic_store(&incoming->is_awake, true);
    MHD_resume_connection(connection); /* from here on `incoming` may be gone */
}

static enum MHD_Result answer_incoming(const struct http_server *server, const char *path,
                                       const char *method, struct http_incoming *incoming)
{
    struct MHD_Connection *connection = incoming->connection;
    if (incoming->finish != NULL && !atomic_load(&incoming->is_awake)) {
        return MHD_YES;
    }
    write_address(connection, incoming->address, sizeof incoming->address);
    const struct http_request request = {
        .path = path,
        .address = incoming->address,
        .body = buffer_view(&incoming->body),
        .incoming = incoming,
    };
    struct http_answer *answer = &incoming->answer;
    if (incoming->finish != NULL) {
        incoming->finish(incoming->context, &request, answer);
        return queue(connection, incoming);
    }
    if (incoming->is_too_large) {
        answer_text(answer, 413, "the body is too large\n");
    } else {
        route(server, method, &request, answer);
    }
    return incoming->finish != NULL ? MHD_YES : queue(connection, incoming);
}

/*
 * Called with the target as it came, before it is decoded: "%00" would end the decoded one early.
 * What this returns is the slot of the request.
 */
static void *begin_incoming(void *context, const char *target, struct MHD_Connection *connection)
{
    (void)context;
    (void)connection;
    struct http_incoming *incoming = calloc(1, sizeof *incoming);
    if (incoming != NULL) {
        incoming->is_odd_target =
            strstr(target, "%00") != NULL || has_control(target, strlen(target));
        buffer_init(&incoming->body, HTTP_BODY_SIZE_MAX);
        incoming->answer = (struct http_answer){.status = 500, .type = TEXT_PLAIN};
        buffer_init(&incoming->answer.body, HTTP_ANSWER_SIZE_MAX);
    }
    return incoming;
}

/* The first call for a request: only its head is there. */
static enum MHD_Result look_at_head(struct MHD_Connection *connection,
                                    struct http_incoming *incoming)
{
    incoming->connection = connection;
    if (incoming->is_odd_target || is_ambiguous(connection)) {
        answer_text(&incoming->answer, 400, "the request has two readings\n");
        return queue(connection, incoming);
    }
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **slot)
{
    (void)version;
    struct http_incoming *incoming = *slot;
    if (incoming == NULL) {
        return MHD_NO; /* no memory */
    }
    if (incoming->connection == NULL) {
        return look_at_head(connection, incoming);
    }
    if (*size == 0) {
        return answer_incoming(context, path, method, incoming);
    }
    struct view piece = {.data = data, .size = *size};
    incoming->received += *size;
    if (incoming->received > HTTP_BODY_DISCARD_MAX) {
        return MHD_NO; /* nobody waits for the rest */
    }
    if (incoming->is_too_large || buffer_append(&incoming->body, piece) != STATUS_OK) {
        incoming->is_too_large = true; /* read on: a client that still sends hears no answer */
    }
    *size = 0;
    return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **slot,
                         enum MHD_RequestTerminationCode how)
{
    (void)context;
    (void)connection;
    (void)how;
    struct http_incoming *incoming = *slot;
    if (incoming != NULL) {
        if (incoming->answer.stream != NULL) {
            incoming->answer.stream->end(incoming->answer.stream_context);
        }
        buffer_release(&incoming->body);
        buffer_release(&incoming->answer.body);
        free(incoming);
    }
}

/* --- Listening --- */

/* Takes "ADDRESS:PORT" apart; the brackets of an IPv6 address are dropped. */
static bool split_place(const char *place, char address[static HTTP_ADDRESS_SIZE],
                        const char **ret_port)
{
    const char *colon = strrchr(place, ':');
    if (colon == NULL || colon == place || colon[1] == '\0') {
        return false;
    }
    size_t size = (size_t)(colon - place);
    bool is_bracketed = place[0] == '[' && size > 2 && colon[-1] == ']';
    const char *start = is_bracketed ? place + 1 : place;
    size -= is_bracketed ? 2 : 0;
    if (size >= HTTP_ADDRESS_SIZE || (!is_bracketed && memchr(start, ':', size) != NULL)) {
        return false;
    }
    memcpy(address, start, size);
    address[size] = '\0';
    *ret_port = colon + 1;
    return true;
}

static enum status resolve(const char *place, struct addrinfo **ret_found, struct failure *failure)
{
    char address[HTTP_ADDRESS_SIZE];
    const char *port;
    const struct addrinfo hints = {
        .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
        .ai_socktype = SOCK_STREAM,
    };
    if (!split_place(place, address, &port) || getaddrinfo(address, port, &hints, ret_found) != 0) {
        return fail(failure, STATUS_INVALID, place,
                    "say where to listen as ADDRESS:PORT, with a numeric address");
    }
    return STATUS_OK;
}

static struct MHD_Daemon *listen_at(struct http_server *server, const struct addrinfo *at)
{
    const struct http_server_options *options = &server->options;
    unsigned connections = options->connections == 0 ? HTTP_CONNECTIONS_MAX : options->connections;
    unsigned of_one = options->of_one == 0 ? HTTP_CONNECTIONS_OF_ONE_MAX : options->of_one;
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO | MHD_ALLOW_SUSPEND_RESUME;
    flags |= at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    flags |= options->tls_certificate == NULL ? 0 : MHD_USE_TLS;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->tls_certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->tls_key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem *first = options->tls_certificate == NULL ? &tls[3] : tls;
    /* A pool of one is refused: then there is none. */
    enum MHD_OPTION pool = options->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR, at->ai_addr,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        begin_incoming, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
        connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, of_one, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_SIZE_MAX,
        MHD_OPTION_ARRAY, first, pool, options->threads, MHD_OPTION_END);
}

static void note_place(struct http_server *server, const char *place)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    int address_size = (int)(strrchr(place, ':') - place);
    (void)snprintf(server->place, sizeof server->place, "%.*s:%u", address_size, place,
                   info == NULL ? 0U : (unsigned)info->port);
}

enum status http_server_start(const struct http_server_options *options,
                              struct http_server **ret_server, struct failure *failure)
{
    struct addrinfo *at = NULL;
    const char *place = options->place;
    TRY(resolve(place, &at, failure));
    OWNED(http_server_stopp) struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        freeaddrinfo(at);
        return fail_memory(failure);
    }
    *server = (struct http_server){.options = *options, .listener = -1};
    errno = 0;
    server->daemon = listen_at(server, at);
    int cause = errno;
    freeaddrinfo(at);
    if (server->daemon == NULL) {
        return fail(failure, STATUS_STORAGE, place, "%s cannot be listened at%s%s", place,
                    cause == 0 ? ", or not with this certificate and key" : ": ",
                    cause == 0 ? "" : strerror(cause));
    }
    note_place(server, place);
    *ret_server = STEAL(server);
    return STATUS_OK;
}

const char *http_server_place(const struct http_server *server)
{
    return server->place;
}

static sigset_t ending_signals(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    return set;
}

void http_server_hold_signals(void)
{
    sigset_t set = ending_signals();
    (void)pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void http_server_wait(void)
{
    sigset_t set = ending_signals();
    int which;
    while (sigwait(&set, &which) != 0) { /* ends with the first signal */
    }
}

void http_server_quiesce(struct http_server *server)
{
    server->listener = MHD_quiesce_daemon(server->daemon);
}

void http_server_stop(struct http_server *server)
{
    if (server != NULL) {
        if (server->daemon != NULL) {
            MHD_stop_daemon(server->daemon);
        }
        if (server->listener >= 0) {
            (void)close(server->listener);
        }
        free(server);
    }
}

void http_server_stopp(struct http_server **server)
{
    http_server_stop(*server);
    *server = NULL;
}
