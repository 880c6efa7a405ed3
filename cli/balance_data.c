/* The answer of `utfall balance` for programs: JSON and CSV, in no language. */

#include "cli/balance.h"

#include "cli/output.h"
#include "ledger/base/ownership.h"

static enum status set_year(struct json *object, int year)
{
    return year == ACCOUNT_ALL_YEARS ? json_set_string(object, "year", VIEW("all"))
                                     : output_set_count(object, "year", (uint64_t)year);
}

static enum status push_row(struct json *rows, const struct balance *balance,
                            const struct account_row *row)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "currency", view_of(row->currency.code)));
    TRY(json_set_string(object, "role", view_of(ACCOUNT_ROLE_NAMES[row->role])));
    TRY(json_set_string(object, balance->scope == BALANCE_PARTY ? "contract" : "party",
                        view_of(row->name)));
    TRY(set_year(object, row->year));
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        TRY(output_set_amount(object, ACCOUNT_COLUMN_NAMES[i], row->amounts[i]));
    }
    return json_push(rows, STEAL(object));
}

static enum status set_rows(const struct balance *balance, struct json *answer)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    for (size_t i = 0; rows != NULL && i < balance->account.count; i++) {
        if (balance_shows(balance, balance->account.rows[i]->year)) {
            TRY(push_row(rows, balance, balance->account.rows[i]));
        }
    }
    return rows == NULL ? STATUS_MEMORY : json_set(answer, "accounts", STEAL(rows));
}

static enum status push_outlook(struct json *rows, const struct outlook *outlook)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "currency", view_of(outlook->currency.code)));
    TRY(json_set_string(object, "payer", view_of(outlook->payer)));
    TRY(set_year(object, outlook->year));
    TRY(output_set_amount(object, "least", outlook->least));
    if (outlook->has_expected) {
        TRY(output_set_amount(object, "expected", outlook->expected));
    }
    if (outlook->has_greatest) {
        TRY(output_set_amount(object, "greatest", outlook->greatest));
    }
    return json_push(rows, STEAL(object));
}

static enum status set_outlooks(const struct balance *balance, struct json *answer)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    for (size_t i = 0; rows != NULL && i < balance->outlooks.count; i++) {
        if (balance_shows(balance, balance->outlooks.items[i].year)) {
            TRY(push_outlook(rows, &balance->outlooks.items[i]));
        }
    }
    return rows == NULL ? STATUS_MEMORY : json_set(answer, "forecast", STEAL(rows));
}

static enum status push_gain(struct json *rows, const struct actor_gain *gain)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "currency", view_of(gain->currency.code)));
    TRY(json_set_string(object, "actor", view_of(gain->actor)));
    TRY(set_year(object, gain->year));
    for (size_t i = GAIN_MEASURED; i < GAIN_BASIS_COUNT; i++) {
        if (gain->has[i]) {
            TRY(output_set_value(object, GAIN_BASIS_NAMES[i], &gain->values[i]));
        }
    }
    return json_push(rows, STEAL(object));
}

static enum status set_gains(const struct balance *balance, struct json *answer)
{
    OWNED(json_freep) struct json *rows = json_new_array();
    for (size_t i = 0; rows != NULL && i < balance->gains.count; i++) {
        if (balance_shows(balance, balance->gains.items[i].year)) {
            TRY(push_gain(rows, &balance->gains.items[i]));
        }
    }
    return rows == NULL ? STATUS_MEMORY : json_set(answer, "gains", STEAL(rows));
}

static enum status push_fund_year(struct json *rows, const struct fund_year *row)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_year(object, row->year));
    TRY(output_set_amount(object, "reserve", row->reserve));
    if (row->year == ACCOUNT_ALL_YEARS) {
        TRY(output_set_amount(object, "committed", row->committed));
    }
    TRY(output_set_amount(object, "placed", row->placed));
    TRY(output_set_amount(object, "repaid", row->repaid));
    TRY(output_set_amount(object, "left", row->left));
    return json_push(rows, STEAL(object));
}

static enum status set_fund(const struct balance *balance, struct json *answer)
{
    OWNED(json_freep) struct json *fund = json_new_object();
    OWNED(json_freep) struct json *rows = json_new_array();
    if (fund == NULL || rows == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < balance->fund_year_count; i++) {
        const struct fund_year *row = &balance->fund_years[i];
        if (balance_shows(balance, row->year)) {
            TRY(push_fund_year(rows, row));
        }
    }
    const struct fund_year *total = &balance->fund_years[balance->fund_year_count - 1];
    TRY(json_set_string(fund, "owner", view_of(balance->owner)));
    TRY(json_set_string(fund, "currency", view_of(total->left.currency.code)));
    TRY(json_set_boolean(fund, "over_reserve", total->left.minor < 0));
    TRY(json_set(fund, "years", STEAL(rows)));
    return json_set(answer, "fund", STEAL(fund));
}

enum status balance_to_json(const struct balance *balance, struct json **ret_answer)
{
    static const char *const SCOPES[] = {"ledger", "contract", "party"};
    OWNED(json_freep) struct json *answer = json_new_object();
    if (answer == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(answer, "scope", view_of(SCOPES[balance->scope])));
    if (balance->scope != BALANCE_LEDGER) {
        TRY(json_set_string(answer, SCOPES[balance->scope], view_of(balance->name)));
    }
    TRY(output_set_count(answer, "contracts", balance->contract_count));
    TRY(set_rows(balance, answer));
    TRY(set_outlooks(balance, answer));
    TRY(set_gains(balance, answer));
    if (balance->scope == BALANCE_CONTRACT) {
        TRY(balance_set_lines(balance, answer));
    }
    if (balance->fund_year_count > 0) {
        TRY(set_fund(balance, answer));
    }
    *ret_answer = STEAL(answer);
    return STATUS_OK;
}

/* --- CSV: one table; what a row does not have is empty --- */

static enum status write_year(int year, struct buffer *buffer)
{
    return year == ACCOUNT_ALL_YEARS ? buffer_append_text(buffer, "all")
                                     : buffer_append_format(buffer, "%d", year);
}

static enum status write_row(const struct account_row *row, struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s,%s,%s,", row->currency.code, ACCOUNT_ROLE_NAMES[row->role],
                             row->name));
    TRY(write_year(row->year, buffer));
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        TRY(buffer_append_byte(buffer, ','));
        TRY(money_write(row->amounts[i], buffer));
    }
    return buffer_append_text(buffer, ",,,\n");
}

static enum status write_outlook(const struct outlook *outlook, struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s,forecast,%s,%d,,,,,,,", outlook->currency.code,
                             outlook->payer, outlook->year));
    TRY(money_write(outlook->least, buffer));
    TRY(buffer_append_byte(buffer, ','));
    if (outlook->has_expected) {
        TRY(money_write(outlook->expected, buffer));
    }
    TRY(buffer_append_byte(buffer, ','));
    if (outlook->has_greatest) {
        TRY(money_write(outlook->greatest, buffer));
    }
    return buffer_append_byte(buffer, '\n');
}

static enum status write_gain(const struct actor_gain *gain, struct buffer *buffer)
{
    TRY(buffer_append_format(buffer, "%s,%s,%d", gain->currency.code, gain->actor, gain->year));
    for (size_t i = GAIN_MEASURED; i < GAIN_BASIS_COUNT; i++) {
        TRY(buffer_append_byte(buffer, ','));
        bool is_exact = true;
        if (gain->has[i]) {
            TRY(rational_write_decimal(&gain->values[i], gain->currency.decimals,
                                       DECIMAL_FRACTION_DIGITS_MAX, buffer, &is_exact));
        }
    }
    return buffer_append_byte(buffer, '\n');
}

static enum status write_gains(const struct balance *balance, struct buffer *buffer)
{
    TRY(buffer_append_text(buffer, "currency,actor,year,measured,modelled\n"));
    for (size_t i = 0; i < balance->gains.count; i++) {
        if (balance_shows(balance, balance->gains.items[i].year)) {
            TRY(write_gain(&balance->gains.items[i], buffer));
        }
    }
    return STATUS_OK;
}

enum status balance_write_csv(const struct balance *balance, struct buffer *buffer)
{
    if (has_option(balance->invocation, OPTION_GAINS)) {
        return write_gains(balance, buffer);
    }
    TRY(buffer_append_format(buffer, "currency,role,%s,year",
                             balance->scope == BALANCE_PARTY ? "contract" : "party"));
    for (size_t i = 0; i < ACCOUNT_COLUMN_COUNT; i++) {
        TRY(buffer_append_format(buffer, ",%s", ACCOUNT_COLUMN_NAMES[i]));
    }
    TRY(buffer_append_text(buffer, ",least,expected,greatest\n"));
    for (size_t i = 0; i < balance->account.count; i++) {
        if (balance_shows(balance, balance->account.rows[i]->year)) {
            TRY(write_row(balance->account.rows[i], buffer));
        }
    }
    for (size_t i = 0; i < balance->outlooks.count; i++) {
        if (balance_shows(balance, balance->outlooks.items[i].year)) {
            TRY(write_outlook(&balance->outlooks.items[i], buffer));
        }
    }
    return STATUS_OK;
}
