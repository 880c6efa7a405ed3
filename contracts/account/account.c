#include "contracts/account/account.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const char *const ACCOUNT_ROLE_NAMES[ACCOUNT_ROLE_COUNT] = {
    [ACCOUNT_INVESTOR] = "investor",
    [ACCOUNT_PAYER] = "payer",
    [ACCOUNT_RECEIVER] = "receiver",
};

const char *const ACCOUNT_COLUMN_NAMES[ACCOUNT_COLUMN_COUNT] = {
    [ACCOUNT_COMMITTED] = "committed", [ACCOUNT_FUNDED] = "funded",
    [ACCOUNT_SETTLED] = "settled",     [ACCOUNT_HELD] = "held",
    [ACCOUNT_PAID] = "paid",           [ACCOUNT_OUTSTANDING] = "outstanding",
};

/* --- Which year --- */

int account_period_year(const struct period *period)
{
    return period->due.is_published ? period->due.date.year : period->to.year;
}

int account_pay_year(const struct pay *pay, const struct period *period)
{
    bool has_due;
    struct date due;
    bool is_dated = settlement_due(pay, period, &has_due, &due) == STATUS_OK && has_due;
    return is_dated ? due.year : account_period_year(period);
}

/* Of a settled pay: the terms that govern its period are those that it was settled by. */
static int due_year(const struct state_contract *contract, const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    if (pay->has_due) {
        return pay->due.year;
    }
    struct view name = due->settlement->statement->settlement.period;
    const struct contract *governing = state_governing(contract, name);
    assert(governing != NULL && "a settled period is governed by some version");
    const struct terms *terms = &governing->terms;
    return account_period_year(&terms->periods[terms_find_period(terms, name)]);
}

/* --- Posting --- */

/* Where the postings of one contract go. */
struct poster {
    account_visitor *visit;
    void *context;
};

static enum status post(const struct poster *poster, enum account_role role, struct view party,
                        int year, enum account_column column, struct money amount)
{
    struct account_posting posting = {role, party, year, column, amount};
    return poster->visit(poster->context, &posting);
}

/* Who owes, and who is owed the same. */
static enum status post_both(const struct poster *poster, struct view from, struct view to,
                             int year, enum account_column column, struct money amount)
{
    TRY(post(poster, ACCOUNT_PAYER, from, year, column, amount));
    return post(poster, ACCOUNT_RECEIVER, to, year, column, amount);
}

static enum status post_commitments(const struct contract *contract, const struct poster *poster)
{
    for (size_t i = 0; i < contract->commitment_count; i++) {
        const struct party_money *one = &contract->commitments[i];
        TRY(post(poster, ACCOUNT_INVESTOR, one->party, ACCOUNT_ALL_YEARS, ACCOUNT_COMMITTED,
                 one->amount));
    }
    for (size_t i = 0; i < contract->cap_count; i++) {
        const struct party_money *one = &contract->caps[i];
        TRY(post(poster, ACCOUNT_PAYER, one->party, ACCOUNT_ALL_YEARS, ACCOUNT_COMMITTED,
                 one->amount));
    }
    return STATUS_OK;
}

static enum status post_entry(const struct state_entry *entry, const struct poster *poster)
{
    const struct statement *statement = entry->statement;
    int year = statement->date.year;
    if (statement->kind == KIND_FUNDING) {
        const struct funding *funding = &statement->funding;
        TRY(post(poster, ACCOUNT_INVESTOR, funding->investor, year, ACCOUNT_FUNDED, entry->amount));
        return post(poster, ACCOUNT_RECEIVER, funding->receiver, year, ACCOUNT_FUNDED,
                    entry->amount);
    }
    if (statement->kind == KIND_PAYMENT) {
        const struct payment *payment = &statement->payment;
        return post_both(poster, payment->from, payment->to, year, ACCOUNT_PAID, entry->amount);
    }
    return STATUS_OK;
}

static enum status post_due(const struct state_contract *contract, const struct state_due *due,
                            const struct poster *poster)
{
    const struct settlement_pay *pay = state_due_pay(due);
    struct money outstanding = state_due_outstanding(due);
    int year = due_year(contract, due);
    TRY(post_both(poster, pay->from, pay->to, year, ACCOUNT_SETTLED, pay->amount));
    TRY(post_both(poster, pay->from, pay->to, year, ACCOUNT_OUTSTANDING, outstanding));
    const struct state_dispute *dispute;
    TRY(state_due_find_dispute(contract, due, &dispute));
    if (dispute == NULL) {
        return STATUS_OK;
    }
    return post_both(poster, pay->from, pay->to, year, ACCOUNT_HELD, outstanding);
}

enum status account_post(const struct state_contract *contract, account_visitor *visit,
                         void *context)
{
    const struct poster poster = {visit, context};
    TRY(post_commitments(state_newest(contract), &poster));
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        TRY(post_entry(entry, &poster));
    }
    for (const struct state_due *due = contract->dues; due != NULL; due = due->next) {
        TRY(post_due(contract, due, &poster));
    }
    return STATUS_OK;
}

/* --- Adding up --- */

void account_release(struct account *account)
{
    for (size_t i = 0; i < account->count; i++) {
        free(account->rows[i]);
    }
    free((void *)account->rows);
    *account = (struct account){0};
}

/* What a row is found by. */
struct key {
    struct currency currency;
    enum account_role role;
    struct view name;
    int year;
};

static int key_compare(const struct key *key, const struct account_row *row)
{
    int order = memcmp(key->currency.code, row->currency.code, sizeof row->currency.code);
    if (order == 0) {
        order = (int)key->role - (int)row->role;
    }
    if (order == 0) {
        order = view_compare(key->name, view_of(row->name));
    }
    return order == 0 ? key->year - row->year : order;
}

/* The place of a row, or where it would stand. */
static size_t find_place(const struct account *account, const struct key *key, bool *ret_is_there)
{
    size_t low = 0;
    size_t high = account->count;
    *ret_is_there = false;
    while (low < high) { /* halves each turn */
        size_t middle = low + (high - low) / 2;
        int order = key_compare(key, account->rows[middle]);
        if (order == 0) {
            *ret_is_there = true;
            return middle;
        }
        low = order > 0 ? middle + 1 : low;
        high = order > 0 ? high : middle;
    }
    return low;
}

static struct account_row *row_new(const struct key *key)
{
    struct account_row *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    row->currency = key->currency;
    row->role = key->role;
    row->year = key->year;
    assert(key->name.size < ACCOUNT_NAME_SIZE);
    memcpy(row->name, key->name.data, key->name.size);
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        row->amounts[i].currency = key->currency;
    }
    return row;
}

static enum status insert_row(struct account *account, size_t place, struct account_row *row)
{
    if (account->count == account->capacity) {
        size_t capacity = account->capacity == 0 ? 32 : 2 * account->capacity;
        struct account_row **rows = realloc((void *)account->rows, capacity * sizeof *rows);
        if (rows == NULL) {
            return STATUS_MEMORY;
        }
        account->rows = rows;
        account->capacity = capacity;
    }
    memmove((void *)&account->rows[place + 1], (const void *)&account->rows[place],
            (account->count - place) * sizeof account->rows[0]);
    account->rows[place] = row;
    account->count++;
    return STATUS_OK;
}

static enum status add_to(struct account *account, const struct key *key,
                          const struct account_posting *posting)
{
    bool is_there;
    size_t place = find_place(account, key, &is_there);
    if (!is_there) {
        struct account_row *row = row_new(key);
        if (row == NULL || insert_row(account, place, row) != STATUS_OK) {
            free(row);
            return STATUS_MEMORY;
        }
    }
    struct money *sum = &account->rows[place]->amounts[posting->column];
    return money_add(*sum, posting->amount, sum);
}

enum status account_add(struct account *account, struct view name,
                        const struct account_posting *posting)
{
    struct key key = {posting->amount.currency, posting->role, name, ACCOUNT_ALL_YEARS};
    TRY(add_to(account, &key, posting));
    key.year = posting->year;
    return posting->year == ACCOUNT_ALL_YEARS ? STATUS_OK : add_to(account, &key, posting);
}

const struct account_row *account_find(const struct account *account, struct currency currency,
                                       enum account_role role, struct view name, int year)
{
    const struct key key = {currency, role, name, year};
    bool is_there;
    size_t place = find_place(account, &key, &is_there);
    return is_there ? account->rows[place] : NULL;
}
