/* What the parts of the API share: asking the ledger, and taking paths and queries apart. */
#pragma once

#include "cli/serve/api.h"
#include "cli/workspace.h"
#include "ledger/json/json.h"

#define API_CONTRACTS "/api/v1/contracts/"
#define API_ENTRIES "/api/v1/entries/"
#define API_PARTIES "/api/v1/parties/"

/* A question about the ledger at one moment. */
typedef enum status ask(struct workspace *workspace, const struct http_request *request,
                        struct http_answer *answer, struct failure *failure);

/* Asks it of a workspace that nobody else uses meanwhile, and answers what goes wrong. */
void api_answer_from(struct api *api, const struct http_request *request,
                     struct http_answer *answer, ask *question);

/* Takes over `object`. */
enum status api_answer_json(struct http_answer *answer, struct json *object);

enum status api_no_such_path(struct failure *failure);

/*
 * Takes a path apart behind its beginning: "/api/v1/contracts/NAME/periods/PERIOD" into three.
 * Returns how many parts there are, 0 when one is empty or too long, or there are too many.
 */
#define API_PARTS_MAX 3
#define API_PART_SIZE 128
struct api_parts {
    char part[API_PARTS_MAX][API_PART_SIZE];
};
size_t api_split(const char *path, const char *beginning, struct api_parts *ret_parts);

/* A number of the query; `otherwise` when it is not there. Errors: STATUS_INVALID. */
enum status api_read_number(const struct http_request *request, const char *name, uint64_t max,
                            uint64_t otherwise, uint64_t *ret_number, struct failure *failure);

/* --- The questions, and what answers them otherwise --- */

ask api_ask_contract;
ask api_ask_entries;
ask api_ask_entry;
ask api_ask_party;

http_handle api_handle_contract; /* also its balance and its simulation */
http_handle api_handle_party;    /* also its balance */
http_handle api_handle_contracts;
http_handle api_handle_parties;
http_handle api_handle_settlements;
http_handle api_handle_search;
http_handle api_handle_balance;
http_handle api_handle_events;
