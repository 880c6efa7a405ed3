#include "cli/serve/pages.h"

#include "cli/embedded.h"
#include "cli/serve/answers.h"
#include "ledger/base/text.h"

#include <string.h>

#define FOLDER "/portal/"
#define SCHEMAS "/schemas/"
#define ENDING ".schema.json"

static const struct embedded_file *find(const struct embedded_file *files, const char *name,
                                        size_t size)
{
    for (const struct embedded_file *file = files; file->name != NULL; file++) {
        if (strlen(file->name) == size && strncmp(file->name, name, size) == 0) {
            return file;
        }
    }
    return NULL;
}

/* A browser runs and shows nothing whose type it would have to guess. */
static const char *type_of(const char *name)
{
    static const struct {
        const char *ending;
        const char *type;
    } TYPES[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", TYPE_JSON},
        {".svg", "image/svg+xml"},
    };
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending != NULL && i < sizeof TYPES / sizeof TYPES[0]; i++) {
        if (strcmp(ending, TYPES[i].ending) == 0) {
            return TYPES[i].type;
        }
    }
    return TYPE_TEXT;
}

static void answer_file(const struct embedded_file *file, const char *type,
                        struct http_answer *answer)
{
    struct failure failure = {0};
    enum status status = file == NULL
                             ? fail(&failure, STATUS_NOT_FOUND, "", "there is nothing here")
                             : buffer_append_text(&answer->body, file->text);
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
        return;
    }
    answer->status = 200;
    answer->type = type;
    answer->cache = "no-cache"; /* a newer program has newer pages */
}

void pages_handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)context;
    bool is_start = strcmp(request->path, "/") == 0;
    const char *name = is_start ? "index.html" : request->path + strlen(FOLDER);
    answer_file(find(EMBEDDED_PORTAL, name, strlen(name)), type_of(name), answer);
}

void pages_handle_schema(void *context, const struct http_request *request,
                         struct http_answer *answer)
{
    (void)context;
    const char *name = request->path + strlen(SCHEMAS);
    const char *end = strstr(name, ENDING);
    bool is_schema = end != NULL && strcmp(end, ENDING) == 0;
    answer_file(is_schema ? find(EMBEDDED_SCHEMAS, name, (size_t)(end - name)) : NULL,
                "application/schema+json", answer);
}

void pages_handle_api(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)context;
    (void)request;
    answer_file(&EMBEDDED_API[0], TYPE_JSON, answer);
}
