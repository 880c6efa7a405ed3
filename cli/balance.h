/*
 * Balance: the answer of `utfall balance`, collected and shown.
 *
 * About the whole ledger or one party, contracts are read one after the other and forgotten: what
 * is kept grows with parties and years, and about a party with its contracts. About one contract
 * only that is read.
 */
#pragma once

#include "cli/command.h"
#include "cli/workspace.h"
#include "contracts/account/account.h"
#include "contracts/account/expected.h"
#include "contracts/account/forecast.h"
#include "contracts/account/gains.h"
#include "ledger/base/buffer.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#include <stdbool.h>
#include <stddef.h>

#define BALANCE_SETTINGS_MAX 200
#define BALANCE_TITLE_SIZE 1200

enum balance_scope { BALANCE_LEDGER, BALANCE_CONTRACT, BALANCE_PARTY };

/* What one payer can come to owe in one year, by all contracts. */
struct outlook {
    struct currency currency;
    char payer[ACCOUNT_NAME_SIZE];
    int year;
    struct money least;
    bool has_greatest; /* false: nothing bounds it */
    struct money greatest;
    bool has_expected; /* something is expected of every period in it */
    struct money expected;
};

struct outlooks {
    size_t count;
    size_t capacity;
    struct outlook *items; /* by currency, payer and year */
};

/* What one actor gains in one year; costs are in the account. */
struct actor_gain {
    struct currency currency;
    char actor[ACCOUNT_NAME_SIZE];
    int year;
    bool has[GAIN_BASIS_COUNT];
    struct rational values[GAIN_BASIS_COUNT];
};

struct actor_gains {
    size_t count;
    size_t capacity;
    struct actor_gain *items; /* by currency, actor and year */
};

/* A reserve as a statement about a fund gave it. */
struct reserve {
    struct date since;
    struct money amount;
};

/* What a fund stands at in one year; the last row is of all years. */
struct fund_year {
    int year; /* ACCOUNT_ALL_YEARS: the total */
    struct money reserve;
    struct money committed; /* of all years alone: a commitment has no year */
    struct money placed;
    struct money repaid;
    struct money
        left; /* reserve - placed + repaid, up to the end of the year; perhaps below zero */
};

struct balance {
    const struct invocation *invocation;
    enum balance_scope scope;
    const char *name; /* of the contract or party; "" for the ledger */
    char title[BALANCE_TITLE_SIZE];
    int year; /* ACCOUNT_ALL_YEARS: every one */
    size_t setting_count;
    struct setting settings[BALANCE_SETTINGS_MAX];
    size_t contract_count;
    struct account account; /* by party; about a party, by contract */
    struct account parties; /* about a party: its own rows, over all contracts */
    struct outlooks outlooks;
    struct actor_gains gains;
    size_t reserve_count;     /* 0: it is no fund */
    struct reserve *reserves; /* oldest first */
    char owner[ACCOUNT_NAME_SIZE];
    size_t fund_year_count;
    struct fund_year *fund_years;
    enum status told;                      /* by visitors, which cannot fail */
    struct workspace *workspace;           /* owned; open as long as the balance */
    const struct state_contract *contract; /* in the workspace; NULL unless it is about one */
};

/*
 * Collects what was asked for.
 *
 * Owner   the caller calls balance_release, also after a failure.
 * Errors  those of reading the ledger; STATUS_NOT_FOUND for a name that the ledger does not have;
 *         those of forecast_expect; STATUS_LIMIT when a sum is too large.
 */
enum status balance_collect(struct balance *balance, struct failure *failure);
void balance_release(struct balance *balance);

/* The accounts that are of parties, whatever the scope. */
const struct account *balance_parties(const struct balance *balance);

/* Whether a row of this year is shown. */
static inline bool balance_shows(const struct balance *balance, int year)
{
    return balance->year == ACCOUNT_ALL_YEARS || balance->year == year;
}

/* --- Showing; each: STATUS_LIMIT or STATUS_MEMORY --- */

enum status balance_print(const struct balance *balance);
enum status balance_print_gains(const struct balance *balance);
enum status balance_to_json(const struct balance *balance, struct json **ret_answer);
enum status balance_print_lines(const struct balance *balance); /* about one contract */
enum status balance_set_lines(const struct balance *balance, struct json *answer);
enum status balance_write_csv(const struct balance *balance, struct buffer *buffer);
