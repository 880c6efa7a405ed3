/* Collecting a balance: a contract that is loaded, or all of them, one after the other. */

#include "cli/balance.h"

#include "cli/display.h"
#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* About how many lines a forecast computes: of one contract, and of one among many. */
#define WORK_ALONE 400000
#define WORK_AMONG_MANY 20000
#define THREADS_MAX 64

void balance_release(struct balance *balance)
{
    account_release(&balance->account);
    account_release(&balance->parties);
    free(balance->outlooks.items);
    for (size_t i = 0; i < balance->gains.count; i++) {
        for (size_t k = 0; k < GAIN_BASIS_COUNT; k++) {
            rational_release(&balance->gains.items[i].values[k]);
        }
    }
    free(balance->gains.items);
    free(balance->reserves);
    free(balance->fund_years);
    for (size_t i = 0; i < balance->setting_count; i++) {
        rational_release(&balance->settings[i].value);
    }
    workspace_close(balance->workspace);
}

const struct account *balance_parties(const struct balance *balance)
{
    return balance->scope == BALANCE_PARTY ? &balance->parties : &balance->account;
}

/* Room for one more item in a list whose items have this size; NULL without memory. */
static void *grow(void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    size_t larger = *capacity == 0 ? 16 : 2 * *capacity;
    void *grown = realloc(items, larger * size);
    *capacity = grown == NULL ? *capacity : larger;
    return grown;
}

static void copy_name(char target[static ACCOUNT_NAME_SIZE], struct view name)
{
    (void)snprintf(target, ACCOUNT_NAME_SIZE, "%.*s", VIEW_ARGS(name));
}

static int compare_keys(struct currency a, const char *a_name, int a_year, struct currency b,
                        const char *b_name, int b_year)
{
    int order = strcmp(a.code, b.code);
    order = order == 0 ? strcmp(a_name, b_name) : order;
    return order == 0 ? a_year - b_year : order;
}

/* --- Accounts --- */

/* Where the postings of one contract go. */
struct posting_to {
    struct balance *balance;
    struct view contract;
};

static enum status add_posting(void *context, const struct account_posting *posting)
{
    const struct posting_to *to = context;
    struct balance *balance = to->balance;
    if (balance->scope != BALANCE_PARTY) {
        return account_add(&balance->account, posting->party, posting);
    }
    if (!view_is(posting->party, balance->name)) {
        return STATUS_OK;
    }
    TRY(account_add(&balance->parties, posting->party, posting));
    return account_add(&balance->account, to->contract, posting);
}

/* --- Forecast --- */

static enum status find_outlook(struct outlooks *outlooks, const struct forecast_item *item,
                                struct outlook **ret_outlook)
{
    char payer[ACCOUNT_NAME_SIZE];
    copy_name(payer, item->payer);
    size_t place = 0;
    int order = 1;
    while (place < outlooks->count) {
        const struct outlook *other = &outlooks->items[place];
        order = compare_keys(item->least.currency, payer, item->year, other->currency, other->payer,
                             other->year);
        if (order <= 0) {
            break;
        }
        place++;
    }
    if (place == outlooks->count || order < 0) {
        struct outlook *items =
            grow(outlooks->items, outlooks->count, &outlooks->capacity, sizeof *items);
        if (items == NULL) {
            return STATUS_MEMORY;
        }
        outlooks->items = items;
        memmove(&items[place + 1], &items[place], (outlooks->count - place) * sizeof *items);
        outlooks->count++;
        const struct money zero = {.minor = 0, .currency = item->least.currency};
        items[place] = (struct outlook){
            .currency = zero.currency,
            .year = item->year,
            .least = zero,
            .has_greatest = true,
            .greatest = zero,
            .has_expected = true,
            .expected = zero,
        };
        memcpy(items[place].payer, payer, sizeof payer);
    }
    *ret_outlook = &outlooks->items[place];
    return STATUS_OK;
}

static enum status add_item(struct outlooks *outlooks, const struct forecast_item *item)
{
    struct outlook *outlook;
    TRY(find_outlook(outlooks, item, &outlook));
    TRY(money_add(outlook->least, item->least, &outlook->least));
    outlook->has_greatest = outlook->has_greatest && item->has_greatest;
    if (outlook->has_greatest) {
        TRY(money_add(outlook->greatest, item->greatest, &outlook->greatest));
    }
    outlook->has_expected = outlook->has_expected && item->has_expected;
    if (outlook->has_expected) {
        TRY(money_add(outlook->expected, item->expected, &outlook->expected));
    }
    return STATUS_OK;
}

static enum status add_forecast(struct balance *balance, const struct state_contract *contract,
                                struct failure *failure)
{
    OWNED(forecast_release) struct forecast forecast = {0};
    TRY(forecast_init(&forecast, contract,
                      balance->scope == BALANCE_CONTRACT ? WORK_ALONE : WORK_AMONG_MANY));
    if (balance->setting_count > 0) {
        TRY(forecast_expect(&forecast, contract, balance->settings, balance->setting_count,
                            failure));
    }
    for (size_t i = 0; i < forecast.count; i++) {
        const struct forecast_item *item = &forecast.items[i];
        if (balance->scope != BALANCE_PARTY || view_is(item->payer, balance->name)) {
            TRY(add_item(&balance->outlooks, item));
        }
    }
    return STATUS_OK;
}

/* --- Gains --- */

static enum status find_actor(struct actor_gains *gains, struct currency currency,
                              const struct gain *gain, struct actor_gain **ret_gain)
{
    char actor[ACCOUNT_NAME_SIZE];
    copy_name(actor, gain->actor);
    size_t place = 0;
    int order = 1;
    while (place < gains->count) {
        const struct actor_gain *other = &gains->items[place];
        order =
            compare_keys(currency, actor, gain->year, other->currency, other->actor, other->year);
        if (order <= 0) {
            break;
        }
        place++;
    }
    if (place == gains->count || order < 0) {
        struct actor_gain *items =
            grow(gains->items, gains->count, &gains->capacity, sizeof *items);
        if (items == NULL) {
            return STATUS_MEMORY;
        }
        gains->items = items;
        memmove(&items[place + 1], &items[place], (gains->count - place) * sizeof *items);
        gains->count++;
        items[place] = (struct actor_gain){.currency = currency, .year = gain->year};
        memcpy(items[place].actor, actor, sizeof actor);
        for (size_t k = 0; k < GAIN_BASIS_COUNT; k++) {
            rational_init(&items[place].values[k]);
        }
    }
    *ret_gain = &gains->items[place];
    return STATUS_OK;
}

static enum status add_gains(struct balance *balance, const struct state_contract *contract)
{
    OWNED(gains_release) struct gains gains = {0};
    TRY(gains_init(&gains, contract));
    for (size_t i = 0; i < gains.count; i++) {
        const struct gain *gain = &gains.items[i];
        if (balance->scope == BALANCE_PARTY && !view_is(gain->actor, balance->name)) {
            continue;
        }
        struct actor_gain *sum;
        TRY(find_actor(&balance->gains, state_newest(contract)->terms.currency, gain, &sum));
        struct rational *value = &sum->values[gain->basis];
        TRY(rational_add(value, value, &gain->value));
        sum->has[gain->basis] = true;
    }
    return STATUS_OK;
}

/* --- A contract --- */

static enum status add_contract(struct balance *balance, const struct state_contract *contract,
                                struct failure *failure)
{
    struct posting_to to = {balance, state_newest(contract)->name};
    balance->contract_count++;
    TRY(account_post(contract, add_posting, &to));
    TRY(add_forecast(balance, contract, failure));
    return add_gains(balance, contract);
}

static void visit_contract(void *context, const struct state_contract *contract)
{
    struct balance *balance = context;
    if (balance->told == STATUS_OK) {
        struct failure ignored;
        balance->told = add_contract(balance, contract, &ignored);
    }
}

/* --- A fund --- */

static enum status add_reserve(struct balance *balance, const struct state_fund *fund)
{
    struct reserve *reserves =
        realloc(balance->reserves, (balance->reserve_count + 1) * sizeof *reserves);
    if (reserves == NULL) {
        return STATUS_MEMORY;
    }
    balance->reserves = reserves;
    memmove(&reserves[1], &reserves[0], balance->reserve_count * sizeof *reserves);
    reserves[0] = (struct reserve){fund->since, fund->reserve};
    balance->reserve_count++;
    return STATUS_OK;
}

/* Who it is, and what it was as a fund, from the newest statement back. */
static enum status note_party(struct balance *balance, const struct state_party *party)
{
    (void)snprintf(balance->title, sizeof balance->title, "%s (%s)", party->legal_name, party->id);
    for (; party != NULL; party = party->earlier) { /* bounded by the party's statements */
        if (party->fund == NULL) {
            continue;
        }
        if (balance->reserve_count == 0) {
            copy_name(balance->owner, view_of(party->fund->owner));
        }
        TRY(add_reserve(balance, party->fund));
    }
    return STATUS_OK;
}

/* The reserve at the end of a year; before the fund there was none. */
static struct money reserve_in(const struct balance *balance, int year)
{
    const struct reserve *newest = &balance->reserves[balance->reserve_count - 1];
    struct money reserve = {.minor = 0, .currency = newest->amount.currency};
    for (size_t i = 0; i < balance->reserve_count; i++) {
        const struct reserve *one = &balance->reserves[i];
        bool is_then = year == ACCOUNT_ALL_YEARS || one->since.year <= year;
        if (is_then && currency_equal(one->amount.currency, reserve.currency)) {
            reserve = one->amount;
        }
    }
    return reserve;
}

static struct money amount_of(const struct balance *balance, struct currency currency,
                              enum account_role role, int year, enum account_column column)
{
    const struct account_row *row =
        account_find(&balance->parties, currency, role, view_of(balance->name), year);
    return row == NULL ? (struct money){.minor = 0, .currency = currency} : row->amounts[column];
}

/* Years in which something was placed, repaid or set aside; ascending, each once. */
static bool next_year(const struct balance *balance, struct currency currency, int after,
                      int *ret_year)
{
    int found = 0;
    for (size_t i = 0; i < balance->parties.count; i++) {
        const struct account_row *row = balance->parties.rows[i];
        bool is_fund = row->role != ACCOUNT_PAYER && currency_equal(row->currency, currency);
        bool has_moved =
            row->amounts[ACCOUNT_FUNDED].minor != 0 || row->amounts[ACCOUNT_PAID].minor != 0;
        if (is_fund && has_moved && row->year > after && (found == 0 || row->year < found)) {
            found = row->year;
        }
    }
    for (size_t i = 0; i < balance->reserve_count; i++) {
        int year = balance->reserves[i].since.year;
        found = year > after && (found == 0 || year < found) ? year : found;
    }
    *ret_year = found;
    return found != 0;
}

static enum status add_fund_year(struct balance *balance, int year, struct money before,
                                 struct money *ret_left)
{
    struct currency currency = before.currency;
    struct fund_year row = {
        .year = year,
        .reserve = reserve_in(balance, year),
        .committed = amount_of(balance, currency, ACCOUNT_INVESTOR, year, ACCOUNT_COMMITTED),
        .placed = amount_of(balance, currency, ACCOUNT_INVESTOR, year, ACCOUNT_FUNDED),
        .repaid = amount_of(balance, currency, ACCOUNT_RECEIVER, year, ACCOUNT_PAID),
    };
    TRY(money_subtract(before, row.placed, ret_left));
    TRY(money_add(*ret_left, row.repaid, ret_left));
    TRY(money_add(row.reserve, *ret_left, &row.left));
    struct fund_year *rows =
        realloc(balance->fund_years, (balance->fund_year_count + 1) * sizeof *rows);
    if (rows == NULL) {
        return STATUS_MEMORY;
    }
    balance->fund_years = rows;
    rows[balance->fund_year_count] = row;
    balance->fund_year_count++;
    return STATUS_OK;
}

/* `left` of a row counts what was placed and repaid since the beginning. */
static enum status add_fund_years(struct balance *balance)
{
    if (balance->reserve_count == 0) {
        return STATUS_OK;
    }
    struct currency currency = balance->reserves[balance->reserve_count - 1].amount.currency;
    const struct money zero = {.minor = 0, .currency = currency};
    struct money moved = zero;
    int year = 0;
    while (next_year(balance, currency, year, &year)) { /* bounded by the years of a calendar */
        TRY(add_fund_year(balance, year, moved, &moved));
    }
    return add_fund_year(balance, ACCOUNT_ALL_YEARS, zero, &moved);
}

/* --- The ledger --- */

static void visit_party(void *context, const struct state_party *party)
{
    struct balance *balance = context;
    if (balance->told == STATUS_OK && balance->scope == BALANCE_PARTY &&
        strcmp(party->id, balance->name) == 0) {
        balance->told = note_party(balance, party);
    }
}

static enum status collect_all(struct balance *balance, struct workspace *workspace,
                               struct failure *failure)
{
    if (balance->setting_count > 0) {
        return fail(failure, STATUS_INVALID, "--set",
                    "what is expected is said for one contract: name it");
    }
    struct workspace_audit_visitor visitor = {
        .party = visit_party,
        .contract = visit_contract,
        .context = balance,
    };
    struct workspace_audit audit;
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = processors < 1             ? 1
                       : processors > THREADS_MAX ? THREADS_MAX
                                                  : (unsigned)processors;
    TRY(workspace_audit_all(workspace, threads, &visitor, &audit, failure));
    if (balance->told == STATUS_LIMIT) {
        return fail(failure, STATUS_LIMIT, "", "a sum is over what money can be");
    }
    return balance->told == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

static enum status collect_contract(struct balance *balance, const struct state_contract *contract,
                                    struct failure *failure)
{
    struct failure told = {0};
    const struct contract *newest = state_newest(contract);
    (void)snprintf(balance->title, sizeof balance->title, "%.*s (%s)",
                   VIEW_ARGS(display_localized(&newest->title)), balance->name);
    enum status status = add_contract(balance, contract, &told);
    if (status == STATUS_OK) {
        return STATUS_OK;
    }
    if (told.status != STATUS_OK) {
        *failure = told;
        return status;
    }
    return status == STATUS_LIMIT
               ? fail(failure, STATUS_LIMIT, "", "a sum is over what money can be")
               : fail_memory(failure);
}

enum status balance_collect(struct balance *balance, struct failure *failure)
{
    TRY(workspace_open(workspace_path(balance->invocation), false, &balance->workspace, failure));
    struct workspace *workspace = balance->workspace;
    struct view name = view_of(balance->name);
    if (name.size == 0) {
        return collect_all(balance, workspace, failure);
    }
    const struct state_contract *contract;
    enum status status = name.size < ACCOUNT_NAME_SIZE
                             ? workspace_load_contract(workspace, name, &contract, failure)
                             : STATUS_NOT_FOUND;
    if (status == STATUS_OK) {
        balance->scope = BALANCE_CONTRACT;
        balance->contract = contract;
        return collect_contract(balance, contract, failure);
    }
    if (status != STATUS_NOT_FOUND && rule_by_name(failure->code) != RULE_CONTRACT_UNKNOWN) {
        return status;
    }
    if (name.size < ACCOUNT_NAME_SIZE) {
        TRY(workspace_load_party(workspace, name, failure));
    }
    if (state_find_party(workspace_state(workspace), name) == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the ledger has no contract or party called %.100s", balance->name);
    }
    balance->scope = BALANCE_PARTY;
    TRY(collect_all(balance, workspace, failure));
    return add_fund_years(balance) == STATUS_OK ? STATUS_OK : fail_memory(failure);
}
