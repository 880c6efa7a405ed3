/*
 * Client: asks an HTTP server, and gets an answer of bounded size in bounded time.
 *
 * Whatever a server answers is untrusted: what is fetched here is believed for its hashes and
 * signatures, never for where it came from. So a certificate is always verified, but only to keep
 * others from seeing and disturbing; nothing above relies on it.
 *
 *   time         HTTP_CONNECT_SECONDS to connect, HTTP_SECONDS for all of it, and a transfer that
 *                nearly stands still for HTTP_STALL_SECONDS is given up
 *   size         a body above the maximum of the reply's buffer is refused as it comes, counted
 *                after any gzip is taken off
 *   redirects    followed by a GET, HTTP_REDIRECTS_MAX times, and never from https to http; nothing
 *                else follows one, nor does a client that has credentials
 *   credentials  none are sent but those of http_client_authorise: no cookies, no .netrc; a URL
 * that holds a password is refused
 *
 * One client keeps its connections open from request to request. It is used by one thread at a
 * time.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>

#define HTTP_CONNECT_SECONDS 10L
#define HTTP_SECONDS 60L
#define HTTP_STALL_SECONDS 20L
#define HTTP_REDIRECTS_MAX 5L
#define HTTP_URL_SIZE_MAX 2048
#define HTTP_CONTENT_TYPE_SIZE 100
#define HTTP_ETAG_SIZE 200

struct http_client;

struct http_reply {
    int status;                                /* 200, 404, 409, ... */
    char content_type[HTTP_CONTENT_TYPE_SIZE]; /* as the server says, cut; "" when it does not */
    char etag[HTTP_ETAG_SIZE];                 /* with its quotes; "" when there is none, or long */
    struct buffer body;                        /* initialised by the caller with its maximum */
};

/* Whether a place is a URL for this client: it begins with http:// or https://. */
bool http_is_url(const char *place);

enum status http_client_new(struct http_client **ret_client, struct failure *failure);
void http_client_free(struct http_client *client);
void http_client_freep(struct http_client **client); /* for OWNED */

/*
 * What a client shows of itself from now on, in each request.
 *
 * With a region it signs as Amazon's S3 and its like ask for (AWS Signature Version 4, service s3),
 * else `authorization` is the value of that header. What is pointed to outlives the client.
 */
struct http_credentials {
    const char *region;
    const char *key;
    const char *secret;
    const char *session; /* a temporary key's token; NULL without */
    const char *authorization;
};
void http_client_authorise(struct http_client *client, const struct http_credentials *credentials);

/*
 * Asks for `url`. Every answer of the server is STATUS_OK, whatever its number; the body is cleared
 * first.
 *
 * Errors  STATUS_INVALID when the URL cannot be used; STATUS_LIMIT when the body is too large;
 *         STATUS_STORAGE when no answer came: `at` is the URL.
 */
enum status http_get(struct http_client *client, const char *url, struct http_reply *ret_reply,
                     struct failure *failure);

/*
 * Stores `body` at `url`, on a condition (RFC 9110, 13.1): with `if_match` only over what has that
 * entity tag, without it only where nothing is. 412 says that the condition does not hold.
 *
 * `sha256` is that of the body in hexadecimal, which a signature covers.
 *
 * Errors  as http_get.
 */
struct http_put {
    struct view body;
    const char *sha256;
    const char *content_type;
    const char *cache; /* Cache-Control of whoever reads it */
    const char *if_match;
};
enum status http_put(struct http_client *client, const char *url, const struct http_put *put,
                     struct http_reply *ret_reply, struct failure *failure);

/* Makes a folder on a WebDAV server (RFC 4918, 9.3). Errors: as http_get. */
enum status http_make_folder(struct http_client *client, const char *url,
                             struct http_reply *ret_reply, struct failure *failure);

/* Sends `body` to `url`. Errors: as http_get. */
enum status http_post(struct http_client *client, const char *url, const char *content_type,
                      struct view body, struct http_reply *ret_reply, struct failure *failure);
