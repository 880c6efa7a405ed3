/* A shelf on a server: every file is stored on a condition, and nothing is locked. */

#include "cli/http/client.h"
#include "cli/shelf_internal.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define S3_SCHEME "s3://"
#define PLAIN_SCHEME "http://"
#define PREFIX_SIZE 1024
#define URL_SIZE (HTTP_URL_SIZE_MAX + 1)
#define REPLY_SIZE_MAX 65536 /* what servers say of errors */
#define ATTEMPTS 6
#define PAUSE_MS 200 /* before the second attempt, and twice that before each further one */
#define FOREVER "public, max-age=31536000, immutable"
#define FOR_NOW "no-cache"
#define TILE_ROOM 100 /* for what is added: a path of ledger/log/tile.h */
#define NO_SUCH_TAG "\"utfall-no-such-tag\""

struct remote {
    struct shelf base;
    struct http_client *client;
    bool is_object_storage;
    char url[URL_SIZE];        /* of the shelf, with a slash at its end */
    char etag[HTTP_ETAG_SIZE]; /* of the checkpoint that was read; "" when there was none */
};

bool shelf_is_remote(const char *place)
{
    return strncmp(place, S3_SCHEME, strlen(S3_SCHEME)) == 0 || http_is_url(place);
}

/* --- Requests --- */

static void reply_release(struct http_reply *reply)
{
    buffer_release(&reply->body);
}

static enum status full_url(const struct remote *remote, const char *path,
                            char ret_url[static URL_SIZE], struct failure *failure)
{
    int size = snprintf(ret_url, URL_SIZE, "%s%s", remote->url, path);
    return size > 0 && (size_t)size < URL_SIZE
               ? STATUS_OK
               : fail(failure, STATUS_LIMIT, path, "the URL has more than %d bytes",
                      HTTP_URL_SIZE_MAX);
}

static bool is_stored(int status)
{
    return status == 200 || status == 201 || status == 204;
}

static bool may_pass(int status)
{
    return status == 409 || status == 429 || status >= 500;
}

static void pause_before(int attempt)
{
    long ms = PAUSE_MS * (1L << (attempt - 1));
    const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL); /* woken early, it only asks early */
}

/* The word that S3 has for an error, if the answer holds one. */
static struct view error_word(const struct http_reply *reply)
{
    static const char BEGINNING[] = "<Code>";
    const char *found = reply->body.size == 0 ? NULL : strstr(reply->body.data, BEGINNING);
    if (found == NULL) {
        return VIEW("");
    }
    found += sizeof BEGINNING - 1;
    static const char LETTERS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return (struct view){.data = found, .size = strspn(found, LETTERS)};
}

static enum status refuse(const char *url, const struct http_reply *reply, struct failure *failure)
{
    struct view word = error_word(reply);
    return fail(failure, STATUS_STORAGE, url, "the server answered %d%s%.*s%s", reply->status,
                word.size > 0 ? " (" : "", VIEW_ARGS(word), word.size > 0 ? ")" : "");
}

/* Reads a file. Errors: STATUS_NOT_FOUND. */
static enum status get(struct remote *remote, const char *url, struct http_reply *reply,
                       struct failure *failure)
{
    enum status status = STATUS_STORAGE;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt > 0) {
            pause_before(attempt);
        }
        status = http_get(remote->client, url, reply, failure);
        if (status != STATUS_STORAGE && (status != STATUS_OK || !may_pass(reply->status))) {
            break;
        }
    }
    TRY(status);
    if (reply->status == 200) {
        return STATUS_OK;
    }
    return reply->status == 404 || reply->status == 410
               ? fail(failure, STATUS_NOT_FOUND, url, "the server answered %d", reply->status)
               : refuse(url, reply, failure);
}

/* Makes the folders of a file, the outermost first. Those that are there answer 405, or 403. */
static enum status make_folders(struct remote *remote, const char *url, struct failure *failure)
{
    char folder[URL_SIZE];
    const char *root = strchr(strstr(url, "://") + 3, '/'); /* keep_url ends in a slash */
    const char *slash = strchr(root + 1, '/');
    while (slash != NULL) { /* bounded by the depth of a path */
        OWNED(reply_release) struct http_reply reply = {0};
        buffer_init(&reply.body, REPLY_SIZE_MAX);
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash + 1 - url), url);
        TRY(http_make_folder(remote->client, folder, &reply, failure));
        slash = strchr(slash + 1, '/');
    }
    return STATUS_OK; /* what is still wrong, the next attempt to store tells */
}

/* Whether a server may mean that the folder of the file is missing: RFC 4918, 9.7.1, and others. */
static bool may_lack_folder(const struct remote *remote, int status)
{
    return !remote->is_object_storage && (status == 409 || status == 404 || status == 403);
}

/* Stores on a condition. `*ret_holds` is false when the condition did not hold. */
static enum status put(struct remote *remote, const char *url, const struct http_put *what,
                       bool *ret_holds, struct failure *failure)
{
    OWNED(reply_release) struct http_reply reply = {0};
    buffer_init(&reply.body, REPLY_SIZE_MAX);
    enum status status = STATUS_STORAGE;
    bool has_folders = false;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        if (attempt > 0) {
            pause_before(attempt);
        }
        status = http_put(remote->client, url, what, &reply, failure);
        if (status == STATUS_OK && !has_folders && may_lack_folder(remote, reply.status)) {
            has_folders = true;
            TRY(make_folders(remote, url, failure));
            status = http_put(remote->client, url, what, &reply, failure);
        }
        if (status != STATUS_STORAGE && (status != STATUS_OK || !may_pass(reply.status))) {
            break;
        }
    }
    TRY(status);
    *ret_holds = is_stored(reply.status);
    return *ret_holds || reply.status == 412 ? STATUS_OK : refuse(url, &reply, failure);
}

static struct http_put make_put(struct view bytes, char ret_sha256[static 2 * HASH_SIZE + 1])
{
    static const char DIGITS[] = "0123456789abcdef";
    struct hash hash = hash_bytes(bytes);
    for (size_t i = 0; i < HASH_SIZE; i++) {
        ret_sha256[2 * i] = DIGITS[hash.bytes[i] >> 4];
        ret_sha256[2 * i + 1] = DIGITS[hash.bytes[i] & 15];
    }
    ret_sha256[2 * HASH_SIZE] = '\0';
    return (struct http_put){.body = bytes,
                             .sha256 = ret_sha256,
                             .content_type = "application/octet-stream",
                             .cache = FOREVER};
}

/* --- Publishing --- */

/* Whether these bytes are there. */
static enum status is_there(struct remote *remote, const char *url, struct view bytes,
                            bool *ret_is_there, struct failure *failure)
{
    OWNED(reply_release) struct http_reply reply = {0};
    buffer_init(&reply.body, bytes.size + 1);
    enum status status = get(remote, url, &reply, failure);
    *ret_is_there = status == STATUS_OK && view_equal(buffer_view(&reply.body), bytes);
    return status == STATUS_LIMIT ? STATUS_OK : status; /* larger: other bytes */
}

static enum status remote_add(struct shelf *shelf, const char *path, struct view bytes,
                              bool *ret_is_new, struct failure *failure)
{
    struct remote *remote = (struct remote *)shelf;
    char url[URL_SIZE];
    char sha256[2 * HASH_SIZE + 1];
    struct http_put what = make_put(bytes, sha256);
    bool is_same = false;
    TRY(full_url(remote, path, url, failure));
    TRY(put(remote, url, &what, ret_is_new, failure));
    if (*ret_is_new) {
        return STATUS_OK;
    }
    TRY(is_there(remote, url, bytes, &is_same, failure));
    return is_same ? STATUS_OK : shelf_refuse_other(url, failure);
}

/* If-Match compares strong tags alone (RFC 9110, 13.1.1). */
static bool has_strong_tag(const struct http_reply *reply)
{
    return reply->etag[0] == '"';
}

/* Reads it with a tag. Apache's is weak in the second in which a file was stored. */
static enum status get_tagged(struct remote *remote, const char *url, struct http_reply *reply,
                              struct failure *failure)
{
    TRY(get(remote, url, reply, failure));
    for (int attempt = 1; attempt < ATTEMPTS && !has_strong_tag(reply); attempt++) {
        pause_before(attempt);
        TRY(get(remote, url, reply, failure));
    }
    return has_strong_tag(reply) ? STATUS_OK
                                 : fail(failure, STATUS_STORAGE, url,
                                        "the server gives the checkpoint no strong entity tag, so "
                                        "that it cannot be replaced safely");
}

static enum status remote_read_checkpoint(struct shelf *shelf, struct buffer *ret_note,
                                          struct failure *failure)
{
    struct remote *remote = (struct remote *)shelf;
    char url[URL_SIZE];
    struct http_reply reply = {.body = *ret_note};
    TRY(full_url(remote, SHELF_CHECKPOINT, url, failure));
    enum status status = get_tagged(remote, url, &reply, failure);
    *ret_note = reply.body;
    if (status == STATUS_NOT_FOUND) {
        buffer_clear(ret_note);
    }
    TRY(status);
    memcpy(remote->etag, reply.etag, sizeof remote->etag);
    return STATUS_OK;
}

static enum status remote_put_checkpoint(struct shelf *shelf, struct view note,
                                         struct failure *failure)
{
    struct remote *remote = (struct remote *)shelf;
    char url[URL_SIZE];
    char sha256[2 * HASH_SIZE + 1];
    struct http_put what = make_put(note, sha256);
    bool holds = false;
    bool is_same = false;
    what.content_type = "text/plain; charset=utf-8";
    what.cache = FOR_NOW;
    what.if_match = remote->etag[0] == '\0' ? NULL : remote->etag;
    TRY(full_url(remote, SHELF_CHECKPOINT, url, failure));
    TRY(put(remote, url, &what, &holds, failure));
    if (holds) {
        return STATUS_OK;
    }
    TRY(is_there(remote, url, note, &is_same,
                 failure)); /* an answer was lost, or it is another's */
    return is_same ? STATUS_OK
                   : fail(failure, STATUS_CONFLICT, url,
                          "another program has published a checkpoint meanwhile: publish again, "
                          "and it is compared with that");
}

/* --- Opening --- */

/*
 * A server that ignores conditions would let an old checkpoint replace a new one. Stored twice,
 * the mark must be refused the second time; and replaced where it is not what is said, too.
 */
static enum status check_conditions(struct remote *remote, struct failure *failure)
{
    char url[URL_SIZE];
    char sha256[2 * HASH_SIZE + 1];
    struct http_put mark = make_put(VIEW(""), sha256);
    struct http_put other = mark;
    bool is_first = false;
    bool is_second = false;
    bool is_other = false;
    other.if_match = NO_SUCH_TAG;
    TRY(full_url(remote, SHELF_MARK, url, failure));
    TRY(put(remote, url, &mark, &is_first, failure));
    TRY(put(remote, url, &mark, &is_second, failure));
    TRY(put(remote, url, &other, &is_other, failure));
    return !is_second && !is_other
               ? STATUS_OK
               : fail(failure, STATUS_STORAGE, url,
                      "the server does not heed If-None-Match and If-Match when it stores a file; "
                      "without them an old checkpoint could replace a new one: use a storage that "
                      "has conditional writes, or publish into a folder");
}

static void remote_close(struct shelf *shelf)
{
    struct remote *remote = (struct remote *)shelf;
    http_client_free(remote->client);
    free(remote);
}

static const struct shelf_operations OPERATIONS = {
    .read_checkpoint = remote_read_checkpoint,
    .add = remote_add,
    .put_checkpoint = remote_put_checkpoint,
    .close = remote_close,
};

static const char *setting(const char *given, const char *variable, const char *otherwise)
{
    const char *found = given != NULL ? given : getenv(variable);
    return found == NULL || found[0] == '\0' ? otherwise : found;
}

/* Keys do not cross a network in the clear. */
static bool is_on_this_machine(const char *url)
{
    const char *host = url + strlen(PLAIN_SCHEME);
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 ||
           strncmp(host, "localhost", 9) == 0;
}

/* Keeps a URL, or BASE/PART/, with one slash at its end. */
static enum status keep_url(struct remote *remote, const char *base, const char *part,
                            struct failure *failure)
{
    size_t base_size = strlen(base);
    while (base_size > 0 && base[base_size - 1] == '/') {
        base_size--;
    }
    size_t part_size = strlen(part);
    while (part_size > 0 && part[part_size - 1] == '/') {
        part_size--;
    }
    int size = snprintf(remote->url, sizeof remote->url, "%.*s%s%.*s/", (int)base_size, base,
                        part_size > 0 ? "/" : "", (int)part_size, part);
    if (size < 0 || (size_t)size >= sizeof remote->url - TILE_ROOM) {
        return fail(failure, STATUS_LIMIT, base, "the URL is too long");
    }
    if (strncmp(remote->url, PLAIN_SCHEME, strlen(PLAIN_SCHEME)) == 0 &&
        !is_on_this_machine(remote->url)) {
        return fail(failure, STATUS_INVALID, base,
                    "to publish over a network takes https://, which keeps others from changing "
                    "what is sent");
    }
    return STATUS_OK;
}

static enum status open_object_storage(struct remote *remote, const char *place,
                                       const struct shelf_options *options, struct failure *failure)
{
    static const char ALLOWED[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-._/";
    const char *name = place + strlen(S3_SCHEME);
    struct http_credentials credentials = {
        .region = setting(options->region, "AWS_REGION", "us-east-1"),
        .key = setting(NULL, "AWS_ACCESS_KEY_ID", NULL),
        .secret = setting(NULL, "AWS_SECRET_ACCESS_KEY", NULL),
        .session = setting(NULL, "AWS_SESSION_TOKEN", NULL),
    };
    if (name[0] == '\0' || name[0] == '/' || strspn(name, ALLOWED) != strlen(name) ||
        strstr(name, "//") != NULL) {
        return fail(failure, STATUS_INVALID, place,
                    "expected s3://BUCKET or s3://BUCKET/FOLDER, of letters, digits, '-', '_' and "
                    "'.'");
    }
    if (credentials.key == NULL || credentials.secret == NULL) {
        return fail(failure, STATUS_INVALID, place,
                    "the keys of the storage are missing: set AWS_ACCESS_KEY_ID and "
                    "AWS_SECRET_ACCESS_KEY");
    }
    char amazon[PREFIX_SIZE];
    (void)snprintf(amazon, sizeof amazon, "https://s3.%s.amazonaws.com", credentials.region);
    const char *endpoint = setting(options->endpoint, "AWS_ENDPOINT_URL", amazon);
    if (!http_is_url(endpoint)) {
        return fail(failure, STATUS_INVALID, endpoint, "expected a URL that begins with https://");
    }
    http_client_authorise(remote->client, &credentials);
    remote->is_object_storage = true;
    return keep_url(remote, endpoint, name, failure);
}

static enum status open_server(struct remote *remote, const char *place, struct failure *failure)
{
    struct http_credentials credentials = {
        .authorization = setting(NULL, "UTFALL_AUTHORIZATION", NULL),
    };
    http_client_authorise(remote->client, &credentials);
    return keep_url(remote, place, "", failure);
}

enum status shelf_open_remote(const char *place, const struct shelf_options *options,
                              struct shelf **ret_shelf, struct failure *failure)
{
    struct remote *remote = calloc(1, sizeof *remote);
    if (remote == NULL) {
        return fail_memory(failure);
    }
    OWNED(shelf_closep) struct shelf *shelf = &remote->base;
    remote->base.operations = &OPERATIONS;
    TRY(http_client_new(&remote->client, failure));
    TRY(http_is_url(place) ? open_server(remote, place, failure)
                           : open_object_storage(remote, place, options, failure));
    TRY(check_conditions(remote, failure));
    *ret_shelf = STEAL(shelf);
    return STATUS_OK;
}
