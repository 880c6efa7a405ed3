/*
 * Server: answers HTTP requests by a table of routes, within bounds.
 *
 * With one thread, one request is answered after the other, so a handler never meets itself: what
 * it checks and then changes, it does alone. With more, handlers are called side by side. A handler
 * that would have to wait puts its answer off (http_defer) and gives the thread back: a thousand
 * clients can wait for one commit without a thousand threads.
 *
 * libmicrohttpd reads the requests; it is lenient, so a request is
 * refused with 400 before any handler sees it when it has a body of two lengths (Content-Length and
 * Transfer-Encoding), no or two Host lines, or a control character in a header: those are how a
 * proxy in front and a server behind come to read two different requests.
 *
 *   size         of a body: HTTP_BODY_SIZE_MAX (413, and from HTTP_BODY_DISCARD_MAX on no answer);
 *                of the head: HTTP_HEAD_SIZE_MAX
 *   time         a connection that says nothing for HTTP_IDLE_SECONDS is closed
 *   connections  HTTP_CONNECTIONS_MAX, of one address HTTP_CONNECTIONS_OF_ONE_MAX
 *
 * With a certificate and a key it speaks TLS, 1.2 and 1.3, and nothing older.
 *
 * Every answer says nosniff, and a page may load and run nothing but what this server sends.
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
#define HTTP_ANSWER_SIZE_MAX ((size_t)64 * 1024 * 1024)

struct http_server;

struct http_incoming;

struct http_request {
    const char *path;    /* decoded, from the slash on, without a query */
    const char *address; /* of who asks, as text */
    struct view body;
    struct http_incoming *incoming;
};

/* A parameter of the query, decoded; NULL when it is not there. Lives as long as the request. */
const char *http_parameter(const struct http_request *request, const char *name);

/* Visits the parameters of the query, in their order; a value is NULL without a '='. */
typedef void http_visit_parameter(void *context, const char *name, const char *value);
void http_each_parameter(const struct http_request *request, http_visit_parameter *visit,
                         void *context);

/* A header; NULL when it is not there. Lives as long as the request. */
const char *http_header(const struct http_request *request, const char *name);

/*
 * An answer that goes on: its pieces are asked for one after the other, by a thread of the server.
 *
 *   next  appends a piece. When there is none yet it calls http_sleep, and is asked again after
 *         somebody has called http_wake. False: that was all.
 *   end   called once, when the answer or the connection has ended
 *
 * Whoever sleeps is woken in the end: until then http_server_stop must not be called.
 */
struct http_stream {
    bool (*next)(void *context, struct buffer *piece);
    void (*end)(void *context);
};
void http_sleep(struct http_incoming *incoming);

/* What a handler fills in. Its body is initialised; `type` is a literal. */
struct http_answer {
    unsigned status;                  /* 200, ... */
    const char *type;                 /* Content-Type */
    unsigned retry_in_seconds;        /* Retry-After, when it is not 0 */
    const char *cache;                /* Cache-Control, a literal; NULL: no-store */
    const char *location;             /* lives as long as the body or the request; NULL for none */
    const struct http_stream *stream; /* instead of a body; NULL for none */
    void *stream_context;
    struct buffer body; /* its maximum may be raised, up to HTTP_ANSWER_SIZE_MAX */
};

/* A handler cannot fail: what goes wrong is an answer too. */
typedef void http_handle(void *context, const struct http_request *request,
                         struct http_answer *answer);

/* The first route that fits is taken; another method on a path that fits is 405, no path 404. */
struct http_route {
    const char *method; /* "GET" (HEAD too), "POST" */
    const char *path;   /* all of it; or its end after a '*'; or its beginning before one */
    http_handle *handle;
    bool is_open; /* also for those who may not read */
};

/*
 * Puts the answer off: the handler returns, and what it leaves in its answer is not looked at. When
 * some thread has called http_wake, once, a thread of the server calls `finish` with the context
 * that is given here; it fills in the answer. The request and its body live until then. Whoever
 * defers must wake in the end: until then http_server_stop must not be called.
 */
void http_defer(const struct http_request *request, http_handle *finish, void *context);
void http_wake(struct http_incoming *incoming);

/* Whether a request may read what is not open; else the answer is 401. */
typedef bool http_may_read(void *context, const struct http_request *request);

struct http_server_options {
    const char *place;    /* "ADDRESS:PORT" */
    unsigned threads;     /* 1: handlers are never called side by side */
    unsigned connections; /* at once; 0: HTTP_CONNECTIONS_MAX */
    unsigned of_one;      /* of one address; 0: HTTP_CONNECTIONS_OF_ONE_MAX */
    const struct http_route *routes;
    size_t route_count;
    void *context;
    http_may_read *may_read;     /* NULL: everyone may */
    const char *tls_certificate; /* PEM, the chain from the server's own on; NULL: no TLS */
    const char *tls_key;         /* PEM, beside a certificate */
};

/*
 * Listens and answers, until http_server_stop. The place has a numeric address, an IPv6 one in
 * brackets; port 0 takes a free one.
 *
 * Shapes  the options are copied; routes, their strings and the context outlive the server; SIGTERM
 * and SIGINT are to be blocked by http_server_hold_signals() before. Errors  STATUS_INVALID when
 * the place is malformed; STATUS_STORAGE when it cannot be had, or TLS not with this certificate
 * and key.
 */
enum status http_server_start(const struct http_server_options *options,
                              struct http_server **ret_server, struct failure *failure);

/* Where it listens, with the port that it got: "127.0.0.1:8080". */
const char *http_server_place(const struct http_server *server);

/* Keeps SIGTERM and SIGINT for http_server_wait(). */
void http_server_hold_signals(void);

/* Waits until somebody asks the process to end. */
void http_server_wait(void);

/* Listens no more; requests that have come in are still answered. */
void http_server_quiesce(struct http_server *server);

/* Lets the requests under way end, closes all connections, frees. Accepts NULL. */
void http_server_stop(struct http_server *server);
void http_server_stopp(struct http_server **server); /* for OWNED */
