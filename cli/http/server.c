#include "cli/http/server.h"

#include "ledger/base/ownership.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define TEXT_PLAIN "text/plain; charset=utf-8"
#define PORT_SIZE 8

struct http_server {
    struct MHD_Daemon *daemon;
    const struct http_route *routes;
    size_t route_count;
    void *context;
    char place[HTTP_ADDRESS_SIZE + PORT_SIZE];
};

/* A request on its way in. */
struct incoming {
    struct buffer body;
    bool is_too_large;
    size_t received; /* bytes, kept or not */
};

/* --- What comes in --- */

/* What the headers of a request are looked at for. */
struct headers {
    unsigned hosts;
    unsigned lengths;
    unsigned encodings;
    bool has_control;
};

static enum MHD_Result look_at_header(void *context, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    (void)kind;
    struct headers *headers = context;
    headers->hosts += strcasecmp(name, "Host") == 0;
    headers->lengths += strcasecmp(name, "Content-Length") == 0;
    headers->encodings += strcasecmp(name, "Transfer-Encoding") == 0;
    for (const char *c = value == NULL ? "" : value; *c != '\0'; c++) {
        headers->has_control = headers->has_control || ((unsigned char)*c < 0x20 && *c != '\t');
    }
    return MHD_YES;
}

/* RFC 9112 sections 3.2 and 6.3: such a request has two readings. */
static bool is_ambiguous(struct MHD_Connection *connection)
{
    struct headers headers = {0};
    (void)MHD_get_connection_values(connection, MHD_HEADER_KIND, look_at_header, &headers);
    return headers.hosts != 1 || headers.lengths + headers.encodings > 1 || headers.has_control;
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

static enum MHD_Result queue(struct MHD_Connection *connection, const struct http_answer *answer)
{
    struct view body = buffer_view(&answer->body);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.size, (char *)(uintptr_t)body.data, MHD_RESPMEM_MUST_COPY);
    if (response == NULL) {
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, "Content-Type", answer->type);
    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
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
    for (size_t i = 0; i < server->route_count; i++) {
        const struct http_route *candidate = &server->routes[i];
        if (!path_fits(candidate->path, request->path)) {
            continue;
        }
        is_known = true;
        if (method_fits(candidate->method, method)) {
            candidate->handle(server->context, request, answer);
            return;
        }
    }
    answer_text(answer, is_known ? 405 : 404,
                is_known ? "this path takes another method\n" : "there is nothing here\n");
}

static enum MHD_Result answer_incoming(const struct http_server *server,
                                       struct MHD_Connection *connection, const char *path,
                                       const char *method, const struct incoming *incoming)
{
    char address[HTTP_ADDRESS_SIZE];
    write_address(connection, address, sizeof address);
    struct http_request request = {
        .path = path, .address = address, .body = buffer_view(&incoming->body)};
    struct http_answer answer = {.status = 500, .type = TEXT_PLAIN};
    buffer_init(&answer.body, HTTP_BODY_SIZE_MAX);
    if (incoming->is_too_large) {
        answer_text(&answer, 413, "the body is too large\n");
    } else {
        route(server, method, &request, &answer);
    }
    enum MHD_Result queued = queue(connection, &answer);
    buffer_release(&answer.body);
    return queued;
}

/* The first call for a request: only its head is there. */
static enum MHD_Result begin_incoming(struct MHD_Connection *connection, void **slot)
{
    if (is_ambiguous(connection)) {
        struct http_answer answer = {.status = 400, .type = TEXT_PLAIN};
        buffer_init(&answer.body, 200);
        answer_text(&answer, 400, "the request has two readings\n");
        enum MHD_Result queued = queue(connection, &answer);
        buffer_release(&answer.body);
        return queued;
    }
    struct incoming *incoming = calloc(1, sizeof *incoming);
    if (incoming == NULL) {
        return MHD_NO;
    }
    buffer_init(&incoming->body, HTTP_BODY_SIZE_MAX);
    *slot = incoming;
    return MHD_YES;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *data, size_t *size, void **slot)
{
    (void)version;
    if (*slot == NULL) {
        return begin_incoming(connection, slot);
    }
    struct incoming *incoming = *slot;
    if (*size == 0) {
        return answer_incoming(context, connection, path, method, incoming);
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
    struct incoming *incoming = *slot;
    if (incoming != NULL) {
        buffer_release(&incoming->body);
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
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO;
    flags |= at->ai_family == AF_INET6 ? MHD_USE_IPv6 : 0;
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, server, MHD_OPTION_SOCK_ADDR,
                            at->ai_addr, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
                            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)HTTP_CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                            (unsigned)HTTP_CONNECTIONS_OF_ONE_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                            (unsigned)HTTP_IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                            (size_t)HTTP_HEAD_SIZE_MAX, MHD_OPTION_END);
}

static void note_place(struct http_server *server, const char *place)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
    int address_size = (int)(strrchr(place, ':') - place);
    (void)snprintf(server->place, sizeof server->place, "%.*s:%u", address_size, place,
                   info == NULL ? 0U : (unsigned)info->port);
}

enum status http_server_start(const char *place, const struct http_route *routes,
                              size_t route_count, void *context, struct http_server **ret_server,
                              struct failure *failure)
{
    struct addrinfo *at = NULL;
    TRY(resolve(place, &at, failure));
    OWNED(http_server_stopp) struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        freeaddrinfo(at);
        return fail_memory(failure);
    }
    *server =
        (struct http_server){.routes = routes, .route_count = route_count, .context = context};
    errno = 0;
    server->daemon = listen_at(server, at);
    int cause = errno;
    freeaddrinfo(at);
    if (server->daemon == NULL) {
        return fail(failure, STATUS_STORAGE, place, "%s cannot be listened at: %s", place,
                    strerror(cause));
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

void http_server_stop(struct http_server *server)
{
    if (server != NULL) {
        if (server->daemon != NULL) {
            MHD_stop_daemon(server->daemon);
        }
        free(server);
    }
}

void http_server_stopp(struct http_server **server)
{
    http_server_stop(*server);
    *server = NULL;
}
