/* The answer of `utfall balance` for people: a table for each role, the forecast, the fund. */

#include "cli/balance.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/table.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <string.h>

#define INDENT 2
#define PARAGRAPH_MAX 1000

static enum status add_text(struct table *table, const char *text)
{
    return table_add(table, view_of(text));
}

static enum status add_amount(struct table *table, struct money amount)
{
    return add_text(table, display_amount(amount).text);
}

static enum status add_year(struct table *table, int year)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", year);
    return add_text(table, year == ACCOUNT_ALL_YEARS ? _("in all") : text);
}

static void print_heading(const char *heading, struct currency currency)
{
    printf("\n%s, %s\n", heading, currency.code);
}

/* --- Accounts --- */

static const char *const ROLE_HEADINGS[ACCOUNT_ROLE_COUNT] = {
    [ACCOUNT_INVESTOR] = N_("Investors: what they committed and placed"),
    [ACCOUNT_PAYER] = N_("Payers: what they owe, and at most in all"),
    [ACCOUNT_RECEIVER] = N_("Receivers: what was placed with them, and what they are owed"),
};

static const char *const COLUMN_HEADINGS[ACCOUNT_COLUMN_COUNT] = {
    [ACCOUNT_COMMITTED] = N_("committed"), [ACCOUNT_FUNDED] = N_("placed"),
    [ACCOUNT_SETTLED] = N_("settled"),     [ACCOUNT_HELD] = N_("held"),
    [ACCOUNT_PAID] = N_("paid"),           [ACCOUNT_OUTSTANDING] = N_("outstanding"),
};

/* Which columns a role can have anything in. */
static bool has_column(enum account_role role, enum account_column column)
{
    switch (role) {
    case ACCOUNT_INVESTOR:
        return column == ACCOUNT_COMMITTED || column == ACCOUNT_FUNDED;
    case ACCOUNT_PAYER:
        return column != ACCOUNT_FUNDED;
    case ACCOUNT_RECEIVER:
        return column != ACCOUNT_COMMITTED;
    case ACCOUNT_ROLE_COUNT:
        break;
    }
    return false;
}

/* A commitment has no year, and not everybody has one. */
static bool has_amount(const struct account_row *row, enum account_column column)
{
    return has_column(row->role, column) &&
           (column != ACCOUNT_COMMITTED || row->amounts[column].minor != 0);
}

static enum status add_row(struct table *table, const struct account_row *row, const char *name)
{
    TRY(add_text(table, name));
    TRY(add_year(table, row->year));
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        TRY(has_amount(row, (enum account_column)i) ? add_amount(table, row->amounts[i])
                                                    : add_text(table, ""));
    }
    return STATUS_OK;
}

static bool is_same_table(const struct account_row *a, const struct account_row *b)
{
    return a->role == b->role && currency_equal(a->currency, b->currency);
}

/* Prints the rows of one currency and role, from `*at` on, and moves it behind them. */
static enum status print_role(const struct balance *balance, size_t *at)
{
    const struct account *account = &balance->account;
    const struct account_row *first = account->rows[*at];
    struct table_column columns[2 + ACCOUNT_COLUMN_COUNT] = {
        {balance->scope == BALANCE_PARTY ? _("contract") : _("party"), TABLE_TEXT, 0},
        {_("year"), TABLE_TEXT, 0},
    };
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        columns[2 + i] = (struct table_column){_(COLUMN_HEADINGS[i]), TABLE_NUMBER, 0};
    }
    OWNED(table_release) struct table table;
    table_init(&table, columns, 2 + ACCOUNT_COLUMN_COUNT);
    const char *told = "";
    for (; *at < account->count && is_same_table(account->rows[*at], first); (*at)++) {
        const struct account_row *row = account->rows[*at];
        if (balance_shows(balance, row->year)) {
            bool is_new = strcmp(told, row->name) != 0;
            TRY(add_row(&table, row, is_new ? row->name : ""));
            told = row->name;
        }
    }
    if (table.cell_count > 0) {
        print_heading(_(ROLE_HEADINGS[first->role]), first->currency);
        table_print(&table, INDENT);
    }
    return STATUS_OK;
}

/* --- Forecast --- */

static enum status add_outlook(struct table *table, const struct outlook *outlook)
{
    TRY(add_text(table, outlook->payer));
    TRY(add_year(table, outlook->year));
    TRY(add_amount(table, outlook->least));
    TRY(outlook->has_expected ? add_amount(table, outlook->expected) : add_text(table, ""));
    return outlook->has_greatest ? add_amount(table, outlook->greatest)
                                 : add_text(table, _("no limit"));
}

static enum status print_outlooks(const struct balance *balance, size_t *at)
{
    const struct outlooks *outlooks = &balance->outlooks;
    struct currency currency = outlooks->items[*at].currency;
    const struct table_column columns[] = {
        {_("payer"), TABLE_TEXT, 0},      {_("year"), TABLE_TEXT, 0},
        {_("least"), TABLE_NUMBER, 0},    {_("expected"), TABLE_NUMBER, 0},
        {_("greatest"), TABLE_NUMBER, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (; *at < outlooks->count && currency_equal(outlooks->items[*at].currency, currency);
         (*at)++) {
        if (balance_shows(balance, outlooks->items[*at].year)) {
            TRY(add_outlook(&table, &outlooks->items[*at]));
        }
    }
    if (table.cell_count > 0) {
        print_heading(_("Still to be settled: what can come to be owed, by the year it falls due"),
                      currency);
        table_print(&table, INDENT);
    }
    return STATUS_OK;
}

/* --- Fund --- */

static enum status add_fund_year(struct table *table, const struct fund_year *row)
{
    TRY(add_year(table, row->year));
    TRY(add_amount(table, row->reserve));
    TRY(row->year == ACCOUNT_ALL_YEARS ? add_amount(table, row->committed) : add_text(table, ""));
    TRY(add_amount(table, row->placed));
    TRY(add_amount(table, row->repaid));
    return add_amount(table, row->left);
}

static enum status print_fund(const struct balance *balance)
{
    const struct table_column columns[] = {
        {_("year"), TABLE_TEXT, 0},        {_("reserve"), TABLE_NUMBER, 0},
        {_("committed"), TABLE_NUMBER, 0}, {_("placed"), TABLE_NUMBER, 0},
        {_("repaid"), TABLE_NUMBER, 0},    {_("left"), TABLE_NUMBER, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < balance->fund_year_count; i++) {
        if (balance_shows(balance, balance->fund_years[i].year)) {
            TRY(add_fund_year(&table, &balance->fund_years[i]));
        }
    }
    const struct fund_year *total = &balance->fund_years[balance->fund_year_count - 1];
    char heading[PARAGRAPH_MAX];
    (void)snprintf(heading, sizeof heading, _("The fund of %s"), balance->owner);
    print_heading(heading, total->left.currency);
    table_print(&table, INDENT);
    if (total->left.minor < 0) {
        printf("\n");
        display_paragraph(view_of(_("More has been placed than the reserve holds and than has been "
                                    "repaid. No rule refuses that: a contract does not see the "
                                    "other contracts.")),
                          0);
    }
    return STATUS_OK;
}

static void print_title(const struct balance *balance)
{
    if (balance->scope == BALANCE_LEDGER) {
        printf(ngettext("The ledger: %zu contract\n", "The ledger: %zu contracts\n",
                        (unsigned long)balance->contract_count),
               balance->contract_count);
    } else {
        display_paragraph(view_of(balance->title), 0);
    }
}

enum status balance_print(const struct balance *balance)
{
    print_title(balance);
    if (balance->fund_year_count > 0) {
        TRY(print_fund(balance));
    }
    for (size_t at = 0; at < balance->account.count;) { /* each turn takes a row */
        TRY(print_role(balance, &at));
    }
    for (size_t at = 0; at < balance->outlooks.count;) { /* each turn takes a row */
        TRY(print_outlooks(balance, &at));
    }
    return STATUS_OK;
}

/* --- Gains --- */

static enum status add_value(struct table *table, const struct actor_gain *gain,
                             enum gain_basis basis)
{
    if (!gain->has[basis]) {
        return add_text(table, "");
    }
    struct money money;
    bool is_money = money_from_rational(&gain->values[basis], gain->currency, &money) == STATUS_OK;
    return add_text(table, is_money ? display_amount(money).text
                                    : display_number(&gain->values[basis]).text);
}

static enum status add_cost(struct table *table, const struct balance *balance,
                            const struct actor_gain *gain, enum account_role role,
                            enum account_column column)
{
    const struct account_row *row = account_find(balance_parties(balance), gain->currency, role,
                                                 view_of(gain->actor), gain->year);
    bool is_there = row != NULL && row->amounts[column].minor != 0;
    return is_there ? add_amount(table, row->amounts[column]) : add_text(table, "");
}

static enum status add_gain(struct table *table, const struct balance *balance,
                            const struct actor_gain *gain)
{
    TRY(add_text(table, gain->actor));
    TRY(add_year(table, gain->year));
    TRY(add_value(table, gain, GAIN_MEASURED));
    TRY(add_value(table, gain, GAIN_MODELLED));
    TRY(add_cost(table, balance, gain, ACCOUNT_INVESTOR, ACCOUNT_FUNDED));
    return add_cost(table, balance, gain, ACCOUNT_PAYER, ACCOUNT_SETTLED);
}

static enum status print_gains(const struct balance *balance, size_t *at)
{
    const struct actor_gains *gains = &balance->gains;
    struct currency currency = gains->items[*at].currency;
    const struct table_column columns[] = {
        {_("actor"), TABLE_TEXT, 0},
        {_("year"), TABLE_TEXT, 0},
        {_("gain, measured"), TABLE_NUMBER, 0},
        {_("gain, modelled"), TABLE_NUMBER, 0},
        {_("cost, placed"), TABLE_NUMBER, 0},
        {_("cost, settled"), TABLE_NUMBER, 0},
    };
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (; *at < gains->count && currency_equal(gains->items[*at].currency, currency); (*at)++) {
        if (balance_shows(balance, gains->items[*at].year)) {
            TRY(add_gain(&table, balance, &gains->items[*at]));
        }
    }
    if (table.cell_count > 0) {
        print_heading(_("Who gains, and what it costs them"), currency);
        table_print(&table, INDENT);
    }
    return STATUS_OK;
}

enum status balance_print_gains(const struct balance *balance)
{
    print_title(balance);
    for (size_t at = 0; at < balance->gains.count;) { /* each turn takes a row */
        TRY(print_gains(balance, &at));
    }
    if (balance->gains.count == 0) {
        printf("\n%s\n", _("No line says what anybody gains (`basis`)."));
    }
    if (balance->scope == BALANCE_CONTRACT) {
        return balance_print_lines(balance);
    }
    if (balance->gains.count > 0) {
        printf("\n%s\n", _("About one contract, `--gains` shows the lines and baselines too."));
    }
    return STATUS_OK;
}
