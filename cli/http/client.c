#include "cli/http/client.h"

#include "ledger/base/ownership.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STALL_BYTES_A_SECOND 100L

/* SHA-256 of nothing: the body of a request that has none. */
#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEADER_SIZE 4096

struct http_client {
    CURL *handle;
    struct http_credentials credentials;
    char why[CURL_ERROR_SIZE]; /* curl's own words about the last failure */
    bool is_too_large;
    bool is_out_of_memory;
};

bool http_is_url(const char *place)
{
    struct view view = view_of(place);
    return view_starts_with(view, VIEW("http://")) || view_starts_with(view, VIEW("https://"));
}

static void initialise(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT); /* a failure shows when a handle is made */
}

enum status http_client_new(struct http_client **ret_client, struct failure *failure)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, initialise);
    OWNED(http_client_freep) struct http_client *client = calloc(1, sizeof *client);
    if (client == NULL || (client->handle = curl_easy_init()) == NULL) {
        return fail_memory(failure);
    }
    *ret_client = STEAL(client);
    return STATUS_OK;
}

void http_client_free(struct http_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->handle);
        free(client);
    }
}

void http_client_freep(struct http_client **client)
{
    http_client_free(*client);
    *client = NULL;
}

/* What a request needs while it is under way. */
struct transfer {
    struct http_client *client;
    struct buffer *body;
};

static size_t take_body(char *data, size_t one, size_t size, void *context)
{
    struct transfer *transfer = context;
    struct view bytes = {.data = data, .size = one * size}; /* curl: `one` is always 1 */
    enum status status = buffer_append(transfer->body, bytes);
    transfer->client->is_too_large = status == STATUS_LIMIT;
    transfer->client->is_out_of_memory = status == STATUS_MEMORY;
    return status == STATUS_OK ? bytes.size : 0;
}

/* Userinfo is what stands before '@' in the authority. */
static bool has_credentials(const char *url)
{
    const char *authority = strstr(url, "://") + 3;
    return memchr(authority, '@', strcspn(authority, "/?#")) != NULL;
}

static enum status check_url(const char *url, struct failure *failure)
{
    if (!http_is_url(url)) {
        return fail(failure, STATUS_INVALID, url,
                    "expected a URL that begins with http:// or "
                    "https://");
    }
    if (strlen(url) > HTTP_URL_SIZE_MAX) {
        return fail(failure, STATUS_INVALID, "", "a URL has at most %d bytes", HTTP_URL_SIZE_MAX);
    }
    if (has_credentials(url)) {
        return fail(failure, STATUS_INVALID, "",
                    "the URL holds a name or a password; leave it out");
    }
    return STATUS_OK;
}

void http_client_authorise(struct http_client *client, const struct http_credentials *credentials)
{
    client->credentials = *credentials;
}

static void headers_freep(struct curl_slist **headers)
{
    curl_slist_free_all(*headers);
}

/* Adds "NAME: VALUE"; nothing without a value. */
static bool add_header(struct curl_slist **headers, const char *name, const char *value)
{
    char line[HEADER_SIZE];
    if (value == NULL) {
        return true;
    }
    int size = snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer =
        size < 0 || (size_t)size >= sizeof line ? NULL : curl_slist_append(*headers, line);
    if (longer == NULL) {
        return false;
    }
    *headers = longer;
    return true;
}

/* Credentials, and the headers with them; false when this libcurl lacks what it takes. */
static bool authorise(const struct http_client *client, const char *sha256,
                      struct curl_slist **headers)
{
    const struct http_credentials *credentials = &client->credentials;
    char scope[HTTP_CONTENT_TYPE_SIZE];
    CURL *handle = client->handle;
    if (credentials->region == NULL) {
        return add_header(headers, "Authorization", credentials->authorization);
    }
    int size = snprintf(scope, sizeof scope, "aws:amz:%s:s3", credentials->region);
    return size > 0 && (size_t)size < sizeof scope &&
           add_header(headers, "x-amz-content-sha256", sha256) &&
           add_header(headers, "x-amz-security-token", credentials->session) &&
           curl_easy_setopt(handle, CURLOPT_AWS_SIGV4, scope) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_USERNAME, credentials->key) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PASSWORD, credentials->secret) == CURLE_OK;
}

static bool has_credentials_set(const struct http_client *client)
{
    return client->credentials.region != NULL || client->credentials.authorization != NULL;
}

/* Sets what every request has; false when this libcurl lacks it. */
static bool prepare(struct transfer *transfer, const char *url)
{
    CURL *handle = transfer->client->handle;
    curl_easy_reset(handle); /* connections stay */
    bool is_safe = view_starts_with(view_of(url), VIEW("https://"));
    return curl_easy_setopt(handle, CURLOPT_URL, url) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR,
                            is_safe ? "https" : "http,https") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_MAXREDIRS, HTTP_REDIRECTS_MAX) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, HTTP_CONNECT_SECONDS) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_TIMEOUT, HTTP_SECONDS) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, HTTP_STALL_SECONDS) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES_A_SECOND) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_ACCEPT_ENCODING, "gzip") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_USERAGENT, "utfall/" UTFALL_VERSION) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, transfer->client->why) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, take_body) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
}

static enum status tell(const struct http_client *client, const char *url, CURLcode code,
                        const struct buffer *body, struct failure *failure)
{
    if (client->is_too_large) {
        return fail(failure, STATUS_LIMIT, url, "the answer is larger than %zu bytes",
                    body->size_max);
    }
    if (client->is_out_of_memory) {
        return fail_memory(failure);
    }
    const char *why = client->why[0] == '\0' ? curl_easy_strerror(code) : client->why;
    if (code == CURLE_URL_MALFORMAT) {
        return fail(failure, STATUS_INVALID, url, "the URL cannot be used: %s", why);
    }
    return fail(failure, STATUS_STORAGE, url, "no answer: %s", why);
}

/* Runs the request that was set up. */
static enum status perform(struct transfer *transfer, const char *url, struct http_reply *ret_reply,
                           struct failure *failure)
{
    struct http_client *client = transfer->client;
    client->why[0] = '\0';
    client->is_too_large = false;
    client->is_out_of_memory = false;
    CURLcode code = curl_easy_perform(client->handle);
    if (code != CURLE_OK) {
        return tell(client, url, code, transfer->body, failure);
    }
    long status = 0;
    const char *type = NULL;
    struct curl_header *etag = NULL;
    (void)curl_easy_getinfo(client->handle, CURLINFO_RESPONSE_CODE, &status);
    bool has_etag =
        curl_easy_header(client->handle, "ETag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK &&
        strlen(etag->value) < sizeof ret_reply->etag;
    (void)snprintf(ret_reply->etag, sizeof ret_reply->etag, "%s", has_etag ? etag->value : "");
    (void)curl_easy_getinfo(client->handle, CURLINFO_CONTENT_TYPE, &type);
    ret_reply->status = (int)status;
    (void)snprintf(ret_reply->content_type, sizeof ret_reply->content_type, "%s",
                   type == NULL ? "" : type);
    return STATUS_OK;
}

enum status http_get(struct http_client *client, const char *url, struct http_reply *ret_reply,
                     struct failure *failure)
{
    TRY(check_url(url, failure));
    buffer_clear(&ret_reply->body);
    struct transfer transfer = {.client = client, .body = &ret_reply->body};
    OWNED(headers_freep) struct curl_slist *headers = NULL;
    bool follows = !has_credentials_set(client);
    if (!prepare(&transfer, url) || !authorise(client, EMPTY_SHA256, &headers) ||
        curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers) != CURLE_OK ||
        curl_easy_setopt(client->handle, CURLOPT_FOLLOWLOCATION, follows ? 1L : 0L) != CURLE_OK) {
        return fail_memory(failure);
    }
    return perform(&transfer, url, ret_reply, failure);
}

/* curl signs the body only where it is posted, so it is posted by another name. */
static bool prepare_put(const struct http_client *client, const struct http_put *put,
                        struct curl_slist **headers)
{
    CURL *handle = client->handle;
    curl_off_t size = (curl_off_t)put->body.size;
    return add_header(headers, "Content-Type", put->content_type) &&
           add_header(headers, "Cache-Control", put->cache) &&
           add_header(headers, put->if_match == NULL ? "If-None-Match" : "If-Match",
                      put->if_match == NULL ? "*" : put->if_match) &&
           authorise(client, put->sha256, headers) &&
           curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, size) == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_POSTFIELDS, size == 0 ? "" : put->body.data) ==
               CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT") == CURLE_OK &&
           curl_easy_setopt(handle, CURLOPT_HTTPHEADER, *headers) == CURLE_OK;
}

enum status http_put(struct http_client *client, const char *url, const struct http_put *put,
                     struct http_reply *ret_reply, struct failure *failure)
{
    TRY(check_url(url, failure));
    buffer_clear(&ret_reply->body);
    struct transfer transfer = {.client = client, .body = &ret_reply->body};
    OWNED(headers_freep) struct curl_slist *headers = NULL;
    if (!prepare(&transfer, url) || !prepare_put(client, put, &headers)) {
        return fail_memory(failure);
    }
    return perform(&transfer, url, ret_reply, failure);
}

enum status http_make_folder(struct http_client *client, const char *url,
                             struct http_reply *ret_reply, struct failure *failure)
{
    TRY(check_url(url, failure));
    buffer_clear(&ret_reply->body);
    struct transfer transfer = {.client = client, .body = &ret_reply->body};
    OWNED(headers_freep) struct curl_slist *headers = NULL;
    if (!prepare(&transfer, url) || !authorise(client, EMPTY_SHA256, &headers) ||
        curl_easy_setopt(client->handle, CURLOPT_CUSTOMREQUEST, "MKCOL") != CURLE_OK ||
        curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        return fail_memory(failure);
    }
    return perform(&transfer, url, ret_reply, failure);
}

/* "Expect:" alone keeps curl from waiting for a "100 Continue" that small servers never send. */
static struct curl_slist *post_headers(const char *content_type)
{
    char line[HTTP_CONTENT_TYPE_SIZE + 20];
    (void)snprintf(line, sizeof line, "Content-Type: %s", content_type);
    struct curl_slist *first = curl_slist_append(NULL, line);
    struct curl_slist *headers = first == NULL ? NULL : curl_slist_append(first, "Expect:");
    if (headers == NULL) {
        curl_slist_free_all(first);
    }
    return headers;
}

enum status http_post(struct http_client *client, const char *url, const char *content_type,
                      struct view body, struct http_reply *ret_reply, struct failure *failure)
{
    TRY(check_url(url, failure));
    buffer_clear(&ret_reply->body);
    struct transfer transfer = {.client = client, .body = &ret_reply->body};
    OWNED(headers_freep) struct curl_slist *headers = post_headers(content_type);
    if (headers == NULL || !prepare(&transfer, url) ||
        curl_easy_setopt(client->handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.size) !=
            CURLE_OK ||
        curl_easy_setopt(client->handle, CURLOPT_POSTFIELDS, body.data) != CURLE_OK ||
        curl_easy_setopt(client->handle, CURLOPT_HTTPHEADER, headers) != CURLE_OK) {
        return fail_memory(failure);
    }
    return perform(&transfer, url, ret_reply, failure);
}
