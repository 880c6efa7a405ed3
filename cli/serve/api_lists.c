/* What is listed and found: answered from the catalogue, after it has followed the ledger. */

#include "cli/serve/answers.h"
#include "cli/serve/api_internal.h"
#include "ledger/base/ownership.h"

/* Fills the answer from a catalogue that is as new as the request. */
typedef enum status list(struct catalogue *catalogue, const struct http_request *request,
                         struct json *object, struct failure *failure);

static enum status follow(struct api *api, struct failure *failure)
{
    struct workspace *workspace;
    bool is_there = false;
    TRY(readers_take_ledger(api->readers, &workspace, failure));
    enum status status = catalogue_follow(api->catalogue, workspace_ledger(workspace),
                                          CATALOGUE_BEHIND_MAX, &is_there, failure);
    readers_give(api->readers, workspace);
    return status != STATUS_OK || is_there
               ? status
               : fail(failure, STATUS_STORAGE, "", "the server still reads the ledger: try again");
}

static enum status make(struct api *api, const struct http_request *request, list *fill,
                        struct json **ret_object, struct failure *failure)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return fail_memory(failure);
    }
    TRY(follow(api, failure));
    TRY(fill(api->catalogue, request, object, failure));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static void answer_list(struct api *api, const struct http_request *request,
                        struct http_answer *answer, list *fill)
{
    struct failure failure = {0};
    struct json *object = NULL;
    enum status status = make(api, request, fill, &object, &failure);
    answer_outcome(answer, status, object, &failure);
}

static struct view parameter(const struct http_request *request, const char *name)
{
    const char *text = http_parameter(request, name);
    return view_of(text == NULL ? "" : text);
}

static enum status list_part(struct catalogue *catalogue, enum catalogue_part part,
                             const struct http_request *request, struct json *object,
                             struct failure *failure)
{
    return catalogue_list(catalogue, part, parameter(request, "after"), object) == STATUS_OK
               ? STATUS_OK
               : fail_memory(failure);
}

static enum status list_contracts(struct catalogue *catalogue, const struct http_request *request,
                                  struct json *object, struct failure *failure)
{
    return list_part(catalogue, CATALOGUE_CONTRACTS, request, object, failure);
}

static enum status list_parties(struct catalogue *catalogue, const struct http_request *request,
                                struct json *object, struct failure *failure)
{
    return list_part(catalogue, CATALOGUE_PARTIES, request, object, failure);
}

static enum status list_settlements(struct catalogue *catalogue, const struct http_request *request,
                                    struct json *object, struct failure *failure)
{
    uint64_t from;
    TRY(api_read_number(request, "from", INT64_MAX, 0, &from, failure));
    return catalogue_list_settlements(catalogue, parameter(request, "contract"), from, object) ==
                   STATUS_OK
               ? STATUS_OK
               : fail_memory(failure);
}

static enum status search(struct catalogue *catalogue, const struct http_request *request,
                          struct json *object, struct failure *failure)
{
    return catalogue_search(catalogue, parameter(request, "q"), object, failure);
}

#define HANDLER(name, fill)                                                   \
    void api_handle_##name(void *context, const struct http_request *request, \
                           struct http_answer *answer)                        \
    {                                                                         \
        answer_list(context, request, answer, fill);                          \
    }
HANDLER(contracts, list_contracts)
HANDLER(parties, list_parties)
HANDLER(settlements, list_settlements)
HANDLER(search, search)

void api_handle_events(void *context, const struct http_request *request,
                       struct http_answer *answer)
{
    events_follow(((struct api *)context)->events, request, answer);
}
