#include "contracts/account/account.h"

#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct money money_of(const char *code, int64_t minor)
{
    struct money money = {.minor = minor};
    cr_assert(eq(int, currency_by_code(view_of(code), &money.currency), STATUS_OK));
    return money;
}

static enum status add(struct account *account, const char *name, enum account_role role, int year,
                       enum account_column column, struct money amount)
{
    const struct account_posting posting = {role, view_of(name), year, column, amount};
    return account_add(account, view_of(name), &posting);
}

static void must_add(struct account *account, const char *name, enum account_role role, int year,
                     enum account_column column, int64_t minor)
{
    cr_assert(eq(int, add(account, name, role, year, column, money_of("SEK", minor)), STATUS_OK));
}

static int64_t amount_of(const struct account *account, enum account_role role, const char *name,
                         int year, enum account_column column)
{
    const struct account_row *row =
        account_find(account, money_of("SEK", 0).currency, role, view_of(name), year);
    return row == NULL ? -1 : row->amounts[column].minor;
}

Test(account, a_posting_counts_in_its_year_and_in_all)
{
    OWNED(account_release) struct account account = {0};
    must_add(&account, "a.se", ACCOUNT_PAYER, 2027, ACCOUNT_PAID, 150);
    must_add(&account, "a.se", ACCOUNT_PAYER, 2026, ACCOUNT_PAID, 50);
    must_add(&account, "a.se", ACCOUNT_PAYER, 2027, ACCOUNT_SETTLED, 900);
    cr_expect(eq(i64, amount_of(&account, ACCOUNT_PAYER, "a.se", 2026, ACCOUNT_PAID), 50));
    cr_expect(eq(i64, amount_of(&account, ACCOUNT_PAYER, "a.se", 2027, ACCOUNT_PAID), 150));
    cr_expect(
        eq(i64, amount_of(&account, ACCOUNT_PAYER, "a.se", ACCOUNT_ALL_YEARS, ACCOUNT_PAID), 200));
    cr_expect(eq(i64, amount_of(&account, ACCOUNT_PAYER, "a.se", 2027, ACCOUNT_SETTLED), 900));
    cr_expect(eq(i64, amount_of(&account, ACCOUNT_RECEIVER, "a.se", 2027, ACCOUNT_PAID), -1));
}

Test(account, what_has_no_year_counts_once)
{
    OWNED(account_release) struct account account = {0};
    must_add(&account, "a.se", ACCOUNT_INVESTOR, ACCOUNT_ALL_YEARS, ACCOUNT_COMMITTED, 700);
    cr_expect(eq(sz, account.count, 1));
    cr_expect(
        eq(i64, amount_of(&account, ACCOUNT_INVESTOR, "a.se", ACCOUNT_ALL_YEARS, ACCOUNT_COMMITTED),
           700));
}

/* In whatever order they come: by currency, role, name and year, the total first. */
Test(account, rows_stand_in_one_order)
{
    static const struct {
        const char *currency;
        enum account_role role;
        const char *name;
        int year;
    } POSTED[] = {
        {"SEK", ACCOUNT_RECEIVER, "a.se", 2027}, {"SEK", ACCOUNT_INVESTOR, "b.se", 2026},
        {"EUR", ACCOUNT_PAYER, "z.se", 2026},    {"SEK", ACCOUNT_INVESTOR, "a.se", 2028},
        {"SEK", ACCOUNT_INVESTOR, "a.se", 2026}, {"SEK", ACCOUNT_INVESTOR, "a", 2026},
    };
    static const char *const ROWS[] = {
        "EUR payer z.se 0",       "EUR payer z.se 2026",    "SEK investor a 0",
        "SEK investor a 2026",    "SEK investor a.se 0",    "SEK investor a.se 2026",
        "SEK investor a.se 2028", "SEK investor b.se 0",    "SEK investor b.se 2026",
        "SEK receiver a.se 0",    "SEK receiver a.se 2027",
    };
    OWNED(account_release) struct account account = {0};
    for (size_t i = 0; i < sizeof POSTED / sizeof POSTED[0]; i++) {
        cr_assert(eq(int,
                     add(&account, POSTED[i].name, POSTED[i].role, POSTED[i].year, ACCOUNT_FUNDED,
                         money_of(POSTED[i].currency, 1)),
                     STATUS_OK));
    }
    cr_assert(eq(sz, account.count, sizeof ROWS / sizeof ROWS[0]));
    for (size_t i = 0; i < account.count; i++) {
        const struct account_row *row = account.rows[i];
        char text[200];
        (void)snprintf(text, sizeof text, "%s %s %s %d", row->currency.code,
                       ACCOUNT_ROLE_NAMES[row->role], row->name, row->year);
        cr_expect(eq(str, text, (char *)ROWS[i]));
    }
}

Test(account, a_sum_beyond_what_money_is_is_refused)
{
    OWNED(account_release) struct account account = {0};
    must_add(&account, "a.se", ACCOUNT_PAYER, 2026, ACCOUNT_PAID, MONEY_MINOR_MAX);
    cr_expect(eq(int, add(&account, "a.se", ACCOUNT_PAYER, 2027, ACCOUNT_PAID, money_of("SEK", 1)),
                 STATUS_LIMIT));
    cr_expect(eq(int, add(&account, "a.se", ACCOUNT_PAYER, 2027, ACCOUNT_PAID, money_of("EUR", 1)),
                 STATUS_OK));
}

/* Against sums that are kept in plain tables. */
Test(account, many_postings_add_up)
{
    enum { NAMES = 40, YEARS = 7, POSTINGS = 5000 };
    static int64_t sums[ACCOUNT_ROLE_COUNT][NAMES][YEARS];
    OWNED(account_release) struct account account = {0};
    uint64_t seed = 1;
    for (size_t i = 0; i < POSTINGS; i++) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        size_t name = (seed >> 33) % NAMES;
        size_t year = (seed >> 40) % YEARS;
        enum account_role role = (enum account_role)((seed >> 50) % ACCOUNT_ROLE_COUNT);
        char text[20];
        (void)snprintf(text, sizeof text, "party-%zu.se", name);
        must_add(&account, text, role, 2020 + (int)year, ACCOUNT_SETTLED, (int64_t)(seed % 1000));
        sums[role][name][year] += (int64_t)(seed % 1000);
    }
    for (size_t i = 0; i < account.count; i++) {
        const struct account_row *row = account.rows[i];
        size_t name;
        cr_assert(eq(int, sscanf(row->name, "party-%zu.se", &name), 1));
        int64_t wanted = 0;
        for (int year = 0; year < YEARS; year++) {
            bool is_in = row->year == ACCOUNT_ALL_YEARS || row->year == 2020 + year;
            wanted += is_in ? sums[row->role][name][year] : 0;
        }
        cr_expect(eq(i64, row->amounts[ACCOUNT_SETTLED].minor, wanted), "%s %d", row->name,
                  row->year);
    }
    cr_expect(gt(sz, account.count, 500));
}

Test(account, a_pay_falls_due_on_its_own_date_first)
{
    const struct date last = {.year = 2026, .month = 12, .day = 31};
    struct period period = {.to = last};
    struct pay pay = {.due_kind = DUE_NOT_SAID};
    cr_expect(eq(int, account_pay_year(&pay, &period), 2026));
    period.due = (struct published_date){true, {.year = 2027, .month = 3, .day = 31}};
    cr_expect(eq(int, account_pay_year(&pay, &period), 2027));
    pay.due_kind = DUE_DAYS_AFTER_PERIOD;
    pay.due_days = 366;
    cr_expect(eq(int, account_pay_year(&pay, &period), 2028));
    pay.due_days = 365;
    cr_expect(eq(int, account_pay_year(&pay, &period), 2027));
    pay.due_kind = DUE_DATE;
    pay.due_date = (struct date){.year = 2030, .month = 1, .day = 1};
    cr_expect(eq(int, account_pay_year(&pay, &period), 2030));
}
