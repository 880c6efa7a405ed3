/* utfall balance: what is committed, placed, settled, held and paid, and what is to come. */

#include "cli/balance.h"
#include "cli/command.h"
#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CSV_SIZE_MAX ((size_t)256 * 1024 * 1024)
#define YEAR_MAX 9999

static enum status read_year(struct balance *balance, struct failure *failure)
{
    const char *text = balance->invocation->values[OPTION_YEAR];
    uint64_t year;
    if (text == NULL) {
        return STATUS_OK;
    }
    if (decimal_u64_read(view_of(text), YEAR_MAX, &year) != STATUS_OK || year == 0) {
        return fail(failure, STATUS_INVALID, "--year", "'%.40s' is not a year, such as 2027", text);
    }
    balance->year = (int)year;
    return STATUS_OK;
}

static enum status read_settings(struct balance *balance, struct failure *failure)
{
    size_t at = 0;
    for (const char *text = next_option(balance->invocation, OPTION_SET, &at); text != NULL;
         text = next_option(balance->invocation, OPTION_SET, &at)) {
        if (balance->setting_count == BALANCE_SETTINGS_MAX) {
            return fail(failure, STATUS_LIMIT, "--set", "at most %d numbers can be set",
                        BALANCE_SETTINGS_MAX);
        }
        struct setting *setting = &balance->settings[balance->setting_count];
        rational_init(&setting->value);
        balance->setting_count++;
        TRY(setting_read(view_of(text), setting, failure));
    }
    return STATUS_OK;
}

static enum status write_csv(const struct balance *balance)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, CSV_SIZE_MAX);
    TRY(balance_write_csv(balance, &text));
    (void)fwrite(text.data, 1, text.size, stdout);
    return STATUS_OK;
}

static enum status collect(struct balance *balance, struct failure *failure)
{
    TRY(read_year(balance, failure));
    TRY(read_settings(balance, failure));
    return balance_collect(balance, failure);
}

enum format { FORMAT_TABLE, FORMAT_CSV, FORMAT_JSON };

static int answer(const struct balance *balance, enum format format)
{
    struct failure failure = {0};
    if (format == FORMAT_JSON) {
        struct json *object;
        return balance_to_json(balance, &object) == STATUS_OK
                   ? output_json(object)
                   : output_failure(balance->invocation, "", &failure);
    }
    enum status status = format == FORMAT_CSV ? write_csv(balance)
                         : has_option(balance->invocation, OPTION_GAINS)
                             ? balance_print_gains(balance)
                             : balance_print(balance);
    if (status == STATUS_LIMIT) {
        (void)fail(&failure, STATUS_LIMIT, "",
                   "there are too many rows for a table: use --format csv, or name a contract or "
                   "a party");
    }
    return status == STATUS_OK ? EXIT_GOOD : output_failure(balance->invocation, "", &failure);
}

static bool choose_format(const struct invocation *invocation, enum format *ret_format)
{
    const char *text = invocation->values[OPTION_FORMAT];
    if (text == NULL) {
        *ret_format = output_is_json(invocation) ? FORMAT_JSON : FORMAT_TABLE;
        return true;
    }
    static const char *const NAMES[] = {"table", "csv", "json"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        if (strcmp(text, NAMES[i]) == 0) {
            *ret_format = (enum format)i;
            return true;
        }
    }
    return false;
}

int command_balance(const struct invocation *invocation)
{
    enum format format;
    if (invocation->operand_count > 1) {
        return output_usage(invocation, _("balance takes at most one contract or party"));
    }
    if (!choose_format(invocation, &format)) {
        return output_usage(invocation, _("--format is table, csv or json"));
    }
    struct failure failure = {0};
    struct balance *balance = calloc(1, sizeof *balance);
    if (balance == NULL) {
        return output_failure(invocation, "", &failure);
    }
    balance->invocation = invocation;
    balance->name = invocation->operand_count == 1 ? invocation->operands[0] : "";
    /* Without a name it is about the ledger; which of the others, the ledger tells. */
    int status = collect(balance, &failure) == STATUS_OK ? answer(balance, format)
                                                         : output_failure(invocation, "", &failure);
    balance_release(balance);
    free(balance);
    return status;
}
