/*
 * Account: what a contract has come to in money, by party and budget year.
 *
 * Every amount of the ledger is posted where it belongs: to a party, in one of three roles, in one
 * calendar year, which is the budget year of Swedish municipalities and regions.
 *
 *     column        investor          payer                 receiver          year of
 *     committed     its commitment    its cap               -                 no year
 *     funded        what it placed    -                     what it was lent  the funding's date
 *     settled       -                 what it owes          what it is owed   when it is due
 *     outstanding   -                 of that, not paid     the same          when it is due
 *     held          -                 of that, by disputes  the same          when it is due
 *     paid          -                 what it paid          what it was paid  the payment's date
 *
 * A pay is due on its own due date, else on its period's, else on the period's last day. What is
 * owed in reverse is owed by its receiver: who owes is the payer of an amount, so no amount is
 * below zero.
 *
 * INVARIANTS, of any set of contracts in one currency
 *   (1) settled = paid + outstanding, for each party and role over all years.
 *   (2) held <= outstanding, for each party, role and year.
 *   (3) what payers settled, paid, have outstanding and held is what receivers did, over all; what
 *       investors placed is what receivers were lent.
 *
 * Nothing here refuses anything: it is derived, and never read back.
 */
#pragma once

#include "contracts/number/money.h"
#include "contracts/state/state.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stddef.h>

enum account_role { ACCOUNT_INVESTOR, ACCOUNT_PAYER, ACCOUNT_RECEIVER, ACCOUNT_ROLE_COUNT };

/* "investor", "payer", "receiver" */
extern const char *const ACCOUNT_ROLE_NAMES[ACCOUNT_ROLE_COUNT];

enum account_column {
    ACCOUNT_COMMITTED,
    ACCOUNT_FUNDED,
    ACCOUNT_SETTLED,
    ACCOUNT_HELD,
    ACCOUNT_PAID,
    ACCOUNT_OUTSTANDING,
    ACCOUNT_COLUMN_COUNT,
};

/* "committed", "funded", ... */
extern const char *const ACCOUNT_COLUMN_NAMES[ACCOUNT_COLUMN_COUNT];

#define ACCOUNT_ALL_YEARS 0

/* One amount. */
struct account_posting {
    enum account_role role;
    struct view party;
    int year; /* ACCOUNT_ALL_YEARS: it has none */
    enum account_column column;
    struct money amount; /* not below zero */
};

typedef enum status account_visitor(void *context, const struct account_posting *posting);

/*
 * Posts every amount of a contract.
 *
 * Errors  what `visit` answers; STATUS_MEMORY.
 */
enum status account_post(const struct state_contract *contract, account_visitor *visit,
                         void *context);

/* The budget year of a period: of its due date, else of its last day. */
int account_period_year(const struct period *period);

/* The budget year in which a pay of a period falls due. */
int account_pay_year(const struct pay *pay, const struct period *period);

/* --- Adding up --- */

#define ACCOUNT_NAME_SIZE 101

/* What was posted under one name in one role, in one year or in all of them. */
struct account_row {
    struct currency currency;
    enum account_role role;
    char name[ACCOUNT_NAME_SIZE]; /* of a party, or of a contract: as whoever adds says */
    int year;                     /* ACCOUNT_ALL_YEARS: the total */
    struct money amounts[ACCOUNT_COLUMN_COUNT];
};

/* Rows by currency, role, name and year; the total stands before the years. */
struct account {
    size_t count;
    size_t capacity;
    struct account_row **rows;
};

/* An empty account is one that is zeroed. */
void account_release(struct account *account); /* for OWNED(account_release) */

/*
 * Adds a posting under `name`: to its year and to the total.
 *
 * Shapes  `name` has fewer than ACCOUNT_NAME_SIZE bytes.
 * Errors  STATUS_LIMIT when a sum is over MONEY_MINOR_MAX; STATUS_MEMORY.
 */
enum status account_add(struct account *account, struct view name,
                        const struct account_posting *posting);

/* The row, or NULL where nothing was posted. */
const struct account_row *account_find(const struct account *account, struct currency currency,
                                       enum account_role role, struct view name, int year);
