#include "cli/serve/pages.h"

#include "cli/embedded.h"
#include "cli/serve/answers.h"
#include "ledger/base/text.h"

#include <string.h>

#define FOLDER "/portal/"

static const struct embedded_file *find(const char *name)
{
    for (const struct embedded_file *file = EMBEDDED_PORTAL; file->name != NULL; file++) {
        if (strcmp(file->name, name) == 0) {
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

void pages_handle(void *context, const struct http_request *request, struct http_answer *answer)
{
    (void)context;
    struct failure failure = {0};
    bool is_start = strcmp(request->path, "/") == 0;
    const struct embedded_file *file =
        find(is_start ? "index.html" : request->path + strlen(FOLDER));
    enum status status = file == NULL
                             ? fail(&failure, STATUS_NOT_FOUND, "", "there is nothing here")
                             : buffer_append_text(&answer->body, file->text);
    if (status != STATUS_OK) {
        answer_failure(answer, &failure);
        return;
    }
    answer->status = 200;
    answer->type = type_of(file->name);
    answer->cache = "no-cache"; /* a newer program has newer pages */
}
