/*
 * What is computed for whoever asks: balances and simulations, as the commands of these names do.
 *
 * A balance of the ledger or of a party reads every entry, so one is added up at a time, and
 * whoever asks meanwhile is told to come again. A simulation has a bounded number of rows.
 */

#include "cli/balance.h"
#include "cli/command/show.h"
#include "cli/command/simulate.h"
#include "cli/serve/answers.h"
#include "cli/serve/api_internal.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define YEAR_MAX 9999
#define SIMULATED_ROWS_MAX 2000

/* --- Balances --- */

static enum status add_up(struct balance *balance, const struct http_request *request,
                          struct json **ret_object, struct failure *failure)
{
    uint64_t year;
    TRY(api_read_number(request, "year", YEAR_MAX, 0, &year, failure));
    balance->year = year == 0 ? ACCOUNT_ALL_YEARS : (int)year;
    TRY(balance_collect(balance, failure));
    return balance_to_json(balance, ret_object) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

static void answer_balance(struct api *api, const char *name, const struct http_request *request,
                           struct http_answer *answer)
{
    struct failure failure = {0};
    struct json *object = NULL;
    const struct invocation invocation = {.values[OPTION_LEDGER] = readers_path(api->readers)};
    struct balance *balance = calloc(1, sizeof *balance);
    enum status status = STATUS_MEMORY;
    if (balance != NULL) {
        balance->invocation = &invocation;
        balance->name = name;
        status = add_up(balance, request, &object, &failure);
        balance_release(balance);
        free(balance);
    }
    answer_outcome(answer, status, object, &failure);
}

/* Of the ledger, with "" for a name, or of a party: every entry is read for it. */
static void answer_balance_of_all(struct api *api, const char *name,
                                  const struct http_request *request, struct http_answer *answer)
{
    static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
    struct failure failure = {0};
    if (pthread_mutex_trylock(&one_at_a_time) != 0) {
        enum status status =
            fail(&failure, STATUS_STORAGE, "", "another balance is being added up: try again");
        (void)status;
        answer_failure(answer, &failure);
        return;
    }
    answer_balance(api, name, request, answer);
    (void)pthread_mutex_unlock(&one_at_a_time);
}

/* --- Simulations --- */

/* The query as the command line of `utfall simulate` would have it. */
struct asked {
    struct invocation invocation;
    bool is_odd;
};

static const struct {
    const char *name;
    enum option_name option;
} SIMULATE_OPTIONS[] = {
    {"vary", OPTION_VARY},     {"set", OPTION_SET},         {"funded", OPTION_FUNDED},
    {"paid", OPTION_PAID},     {"earlier", OPTION_EARLIER}, {"line", OPTION_LINE},
    {"period", OPTION_PERIOD},
};

static void take_parameter(void *context, const char *name, const char *value)
{
    struct asked *asked = context;
    struct invocation *invocation = &asked->invocation;
    for (size_t i = 0; i < sizeof SIMULATE_OPTIONS / sizeof SIMULATE_OPTIONS[0]; i++) {
        if (strcmp(SIMULATE_OPTIONS[i].name, name) == 0 && value != NULL &&
            invocation->given_count < INVOCATION_GIVEN_MAX) {
            enum option_name option = SIMULATE_OPTIONS[i].option;
            invocation->values[option] = value;
            invocation->given[invocation->given_count] = (struct given_option){option, value};
            invocation->given_count++;
            return;
        }
    }
    asked->is_odd = asked->is_odd || strcmp(name, "lang") != 0;
}

static void answer_simulation(struct api *api, char *name, const struct http_request *request,
                              struct http_answer *answer)
{
    char *operands[] = {name};
    struct asked asked = {.invocation = {
                              .values[OPTION_LEDGER] = readers_path(api->readers),
                              .values[OPTION_JSON] = "",
                              .operand_count = 1,
                              .operands = operands,
                          }};
    struct failure failure = {0};
    struct json *object = NULL;
    http_each_parameter(request, take_parameter, &asked);
    enum status status =
        asked.is_odd ? fail(&failure, STATUS_INVALID, "",
                            "a simulation takes vary, set, funded, paid, earlier, line and period")
                     : simulate_json(&asked.invocation, SIMULATED_ROWS_MAX, &object, &failure);
    answer_outcome(answer, status, object, &failure);
}

/* --- Paths --- */

void api_handle_contract(void *context, const struct http_request *request,
                         struct http_answer *answer)
{
    struct api_parts parts;
    size_t count = api_split(request->path, API_CONTRACTS, &parts);
    bool is_part = count == 2 && show_is_contract_name(parts.part[0]);
    if (is_part && strcmp(parts.part[1], "balance") == 0) {
        answer_balance(context, parts.part[0], request, answer);
    } else if (is_part && strcmp(parts.part[1], "simulate") == 0) {
        answer_simulation(context, parts.part[0], request, answer);
    } else {
        api_answer_from(context, request, answer, api_ask_contract);
    }
}

void api_handle_party(void *context, const struct http_request *request, struct http_answer *answer)
{
    struct api_parts parts;
    size_t count = api_split(request->path, API_PARTIES, &parts);
    if (count == 2 && strcmp(parts.part[1], "balance") == 0) {
        answer_balance_of_all(context, parts.part[0], request, answer);
    } else {
        api_answer_from(context, request, answer, api_ask_party);
    }
}

void api_handle_balance(void *context, const struct http_request *request,
                        struct http_answer *answer)
{
    answer_balance_of_all(context, "", request, answer);
}
