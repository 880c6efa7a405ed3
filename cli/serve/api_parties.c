#include "cli/serve/api_internal.h"

#include "cli/command/show.h"
#include "cli/serve/answers.h"

enum status api_ask_party(struct workspace *workspace, const struct http_request *request,
                          struct http_answer *answer, struct failure *failure)
{
    struct api_parts parts;
    struct json *object;
    if (api_split(request->path, API_PARTIES, &parts) != 1) {
        return api_no_such_path(failure);
    }
    TRY(show_party_json(workspace, view_of(parts.part[0]), &object, failure));
    return api_answer_json(answer, object);
}
