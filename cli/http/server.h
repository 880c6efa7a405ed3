/*
 * Server: answers HTTP requests by a table of routes, within bounds.
 *
 * One thread answers one request after the other, so a handler never meets itself: what it checks
 * and then changes, it does alone. libmicrohttpd reads the requests; it is lenient, so a request is
 * refused with 400 before any handler sees it when it has a body of two lengths (Content-Length and
 * Transfer-Encoding), no or two Host lines, or a control character in a header: those are how a
 * proxy in front and a server behind come to read two different requests.
 *
 *   size         of a body: HTTP_BODY_SIZE_MAX (413, and from HTTP_BODY_DISCARD_MAX on no answer);
 *                of the head: HTTP_HEAD_SIZE_MAX
 *   time         a connection that says nothing for HTTP_IDLE_SECONDS is closed
 *   connections  HTTP_CONNECTIONS_MAX, of one address HTTP_CONNECTIONS_OF_ONE_MAX
 *
 * There is no TLS: on the Internet a proxy stands in front.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stddef.h>

#define HTTP_BODY_SIZE_MAX 65536
#define HTTP_BODY_DISCARD_MAX 1048576
#define HTTP_HEAD_SIZE_MAX 32768
#define HTTP_IDLE_SECONDS 15
#define HTTP_CONNECTIONS_MAX 256
#define HTTP_CONNECTIONS_OF_ONE_MAX 64
#define HTTP_ADDRESS_SIZE 80

struct http_server;

struct http_request {
    const char *path;    /* decoded, from the slash on, without a query */
    const char *address; /* of who asks, as text */
    struct view body;
};

/* What a handler fills in. Its body is initialised; `type` is a literal. */
struct http_answer {
    unsigned status;           /* 200, ... */
    const char *type;          /* Content-Type */
    unsigned retry_in_seconds; /* Retry-After, when it is not 0 */
    struct buffer body;
};

/* A handler cannot fail: what goes wrong is an answer too. */
typedef void http_handle(void *context, const struct http_request *request,
                         struct http_answer *answer);

/* The first route that fits is taken; another method on a path that fits is 405, no path 404. */
struct http_route {
    const char *method; /* "GET" (HEAD too), "POST" */
    const char *path;   /* all of it; or its end, after a '*': any beginning */
    http_handle *handle;
};

/*
 * Listens and answers, until http_server_stop. `place` is "ADDRESS:PORT" with a numeric address,
 * an IPv6 one in brackets; port 0 takes a free one.
 *
 * Shapes  routes, their strings and the context outlive the server; SIGTERM and SIGINT are to be
 *         blocked by http_server_hold_signals() before.
 * Errors  STATUS_INVALID when the place is malformed; STATUS_STORAGE when it cannot be had.
 */
enum status http_server_start(const char *place, const struct http_route *routes,
                              size_t route_count, void *context, struct http_server **ret_server,
                              struct failure *failure);

/* Where it listens, with the port that it got: "127.0.0.1:8080". */
const char *http_server_place(const struct http_server *server);

/* Keeps SIGTERM and SIGINT for http_server_wait(). */
void http_server_hold_signals(void);

/* Waits until somebody asks the process to end. */
void http_server_wait(void);

/* Lets the request under way end, closes all connections, frees. Accepts NULL. */
void http_server_stop(struct http_server *server);
void http_server_stopp(struct http_server **server); /* for OWNED */
