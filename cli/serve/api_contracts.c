#include "cli/serve/api_internal.h"

#include "cli/case_gather.h"
#include "cli/command/explain.h"
#include "cli/serve/answers.h"
#include "cli/story.h"

#include <string.h>

static enum status answer_story(struct workspace *workspace, const char *name,
                                struct http_answer *answer, struct failure *failure)
{
    const struct state_contract *contract;
    struct json *object;
    TRY(workspace_load_contract(workspace, view_of(name), &contract, failure));
    return story_to_json(contract, &object) == STATUS_OK ? api_answer_json(answer, object)
                                                         : fail_memory(failure);
}

static enum status answer_case(struct workspace *workspace, const char *name,
                               struct http_answer *answer, struct failure *failure)
{
    answer->status = 200;
    answer->type = TYPE_BYTES;
    return case_gather(workspace, view_of(name), &answer->body, failure);
}

static enum status answer_form(struct workspace *workspace, const char *name, const char *period,
                               struct http_answer *answer, struct failure *failure)
{
    struct json *object;
    TRY(explain_json(workspace, view_of(name), view_of(period), &object, failure));
    return api_answer_json(answer, object);
}

enum status api_ask_contract(struct workspace *workspace, const struct http_request *request,
                             struct http_answer *answer, struct failure *failure)
{
    struct api_parts parts;
    size_t count = api_split(request->path, API_CONTRACTS, &parts);
    const char *name = parts.part[0];
    if (count == 1) {
        return answer_story(workspace, name, answer, failure);
    }
    if (count == 2 && strcmp(parts.part[1], "case") == 0) {
        return answer_case(workspace, name, answer, failure);
    }
    if (count == 3 && strcmp(parts.part[1], "periods") == 0) {
        return answer_form(workspace, name, parts.part[2], answer, failure);
    }
    return api_no_such_path(failure);
}
