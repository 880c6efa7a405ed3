#include "cli/site.h"

#include "cli/file.h"
#include "cli/http/client.h"
#include "cli/workspace_internal.h"
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/store/sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHECKPOINT_NAME "checkpoint"
#define HTTP_OK 200
#define HTTP_NOT_FOUND 404
#define HTTP_GONE 410

struct site {
    char *place;                /* without a slash at its end */
    struct http_client *client; /* NULL for a folder */
};

bool site_is_place(const char *place)
{
    struct stat about;
    return http_is_url(place) || (stat(place, &about) == 0 && S_ISDIR(about.st_mode));
}

static enum status site_new(const char *place, struct site **ret_site, struct failure *failure)
{
    OWNED(site_closep) struct site *site = calloc(1, sizeof *site);
    if (site == NULL) {
        return fail_memory(failure);
    }
    site->place = strdup(place);
    if (site->place == NULL) {
        return fail_memory(failure);
    }
    size_t size = strlen(site->place);
    while (size > 1 && site->place[size - 1] == '/') {
        size -= 1;
        site->place[size] = '\0';
    }
    *ret_site = STEAL(site);
    return STATUS_OK;
}

enum status site_open(const char *place, struct site **ret_site, struct failure *failure)
{
    OWNED(site_closep) struct site *site = NULL;
    TRY(site_new(place, &site, failure));
    if (http_is_url(place)) {
        TRY(http_client_new(&site->client, failure));
    }
    *ret_site = STEAL(site);
    return STATUS_OK;
}

void site_close(struct site *site)
{
    if (site != NULL) {
        http_client_free(site->client);
        free(site->place);
        free(site);
    }
}

void site_closep(struct site **site)
{
    site_close(*site);
    *site = NULL;
}

/* Errors: STATUS_LIMIT. Shapes: `ret_full` holds FILE_PATH_SIZE. */
static enum status full_path(const struct site *site, const char *path,
                             char ret_full[static FILE_PATH_SIZE], struct failure *failure)
{
    int size = snprintf(ret_full, FILE_PATH_SIZE, "%s/%s", site->place, path);
    return size > 0 && size < FILE_PATH_SIZE
               ? STATUS_OK
               : fail(failure, STATUS_LIMIT, path, "the path is too long");
}

/* --- Reading --- */

static enum status fetch_url(struct site *site, const char *url, struct buffer *ret_bytes,
                             struct failure *failure)
{
    struct http_reply reply = {.body = *ret_bytes};
    enum status status = http_get(site->client, url, &reply, failure);
    *ret_bytes = reply.body;
    TRY(status);
    if (reply.status == HTTP_OK) {
        return STATUS_OK;
    }
    bool is_missing = reply.status == HTTP_NOT_FOUND || reply.status == HTTP_GONE;
    return fail(failure, is_missing ? STATUS_NOT_FOUND : STATUS_STORAGE, url,
                "the server answered %d", reply.status);
}

static enum status fetch(void *context, const char *path, struct buffer *ret_bytes,
                         struct failure *failure)
{
    struct site *site = context;
    char full[FILE_PATH_SIZE];
    TRY(full_path(site, path, full, failure));
    return site->client != NULL ? fetch_url(site, full, ret_bytes, failure)
                                : file_read(full, ret_bytes, failure);
}

struct tiles_source site_source(struct site *site)
{
    return (struct tiles_source){.fetch = fetch, .context = site};
}

enum status site_read_checkpoint(struct site *site, struct buffer *ret_note,
                                 struct failure *failure)
{
    enum status status = fetch(site, CHECKPOINT_NAME, ret_note, failure);
    if (status == STATUS_NOT_FOUND) {
        return fail(failure, STATUS_NOT_FOUND, site->place,
                    "no ledger is published here: there is no checkpoint");
    }
    return status;
}

/* --- Copying --- */

/* The charter is the first entry, and names the key of the log. */
static enum status log_key(void *context, struct view entry, struct note_key *ret_key,
                           struct failure *failure)
{
    (void)context;
    OWNED(statement_freep) struct statement *statement = NULL;
    if (statement_read(entry, &statement, failure) != STATUS_OK ||
        statement->kind != KIND_CHARTER || statement_check(statement, failure) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "entry 0",
                    "it is no charter, so that nothing tells whose key signs this ledger");
    }
    *ret_key = statement->charter.log_key;
    return STATUS_OK;
}

static enum status label(void *context, uint64_t index, struct view entry, struct hash *ret_id,
                         struct buffer *ret_subject, struct failure *failure)
{
    (void)context;
    OWNED(statement_freep) struct statement *statement = NULL;
    enum status status = statement_read(entry, &statement, failure);
    if (status != STATUS_OK) {
        return workspace_fail_entry(failure, index, status);
    }
    *ret_id = statement->id;
    return statement_subject(statement, ret_subject) == STATUS_OK ? STATUS_OK
                                                                  : fail_memory(failure);
}

enum status site_mirror(struct site *site, struct view checkpoint, struct store *store,
                        site_progress *progress, void *context, struct failure *failure)
{
    struct mirror_source source = {
        .tiles = site_source(site),
        .log_key = log_key,
        .label = label,
        .progress = progress,
        .context = context,
    };
    return mirror_grow(store, &source, checkpoint, failure);
}

#define TEMPORARY_SIZE 400

struct temporary {
    char folder[TEMPORARY_SIZE];
    char file[TEMPORARY_SIZE + 20];
};

static void remove_beside(const struct temporary *temporary, const char *suffix)
{
    char name[sizeof temporary->file + 10];
    (void)snprintf(name, sizeof name, "%s%s", temporary->file, suffix);
    (void)unlink(name);
}

/* The files live on, without names, as long as the store is open. */
static void remove_names(const struct temporary *temporary)
{
    remove_beside(temporary, "");
    remove_beside(temporary, "-wal");
    remove_beside(temporary, "-shm");
    remove_beside(temporary, ".lock");
    (void)rmdir(temporary->folder);
}

static enum status make_temporary(struct temporary *temporary, struct failure *failure)
{
    const char *parent = getenv("TMPDIR");
    int size = snprintf(temporary->folder, sizeof temporary->folder, "%s/utfall-XXXXXX",
                        parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (size < 0 || (size_t)size >= sizeof temporary->folder) {
        return fail(failure, STATUS_LIMIT, "TMPDIR", "the path is too long");
    }
    if (mkdtemp(temporary->folder) == NULL) {
        return fail(failure, STATUS_STORAGE, temporary->folder, "cannot be created: %s",
                    strerror(errno));
    }
    (void)snprintf(temporary->file, sizeof temporary->file, "%s/ledger", temporary->folder);
    return STATUS_OK;
}

static enum status copy_site(const char *place, struct store *store, struct failure *failure)
{
    OWNED(site_closep) struct site *site = NULL;
    OWNED(buffer_release) struct buffer checkpoint;
    buffer_init(&checkpoint, COSIGNED_SIZE_MAX);
    TRY(site_open(place, &site, failure));
    TRY(site_read_checkpoint(site, &checkpoint, failure));
    return site_mirror(site, buffer_view(&checkpoint), store, NULL, NULL, failure);
}

enum status site_open_store(const char *place, struct store **ret_store, struct failure *failure)
{
    struct temporary temporary;
    OWNED(store_closep) struct store *store = NULL;
    TRY(make_temporary(&temporary, failure));
    enum status status = sqlite_store_create(temporary.file, &store, failure);
    if (status == STATUS_OK) {
        status = copy_site(place, store, failure);
    }
    remove_names(&temporary);
    TRY(status);
    *ret_store = STEAL(store);
    return STATUS_OK;
}
