/* `utfall balance CONTRACT --gains`: the lines behind the sums, and what they are compared with. */

#include "cli/balance.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/table.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

#define INDENT 2
#define DETAIL_INDENT 4
#define DETAIL_SIZE_MAX ((size_t)64 * 1024)

/* --- For people --- */

static enum status add_line_value(struct table *table, const struct gain *gain,
                                  struct currency currency)
{
    struct money money;
    bool is_money = money_from_rational(&gain->value, currency, &money) == STATUS_OK;
    return table_add(
        table, view_of(is_money ? display_amount(money).text : display_number(&gain->value).text));
}

static enum status add_line(struct table *table, const struct gain *gain, struct currency currency)
{
    static const char *const BASES[GAIN_BASIS_COUNT] = {
        [GAIN_MEASURED] = N_("measured"), [GAIN_MODELLED] = N_("modelled")};
    TRY(table_add(table, gain->line));
    TRY(table_add(table, gain->actor));
    TRY(table_add(table, gain->period));
    TRY(table_add(table, view_of(_(BASES[gain->basis]))));
    TRY(table_add(table, gain->baseline == NULL ? VIEW("") : gain->baseline->name));
    TRY(table_add(table, view_of(gain->is_settled ? _("settled") : _("not settled yet"))));
    return add_line_value(table, gain, currency);
}

static enum status print_lines(const struct balance *balance, const struct gains *gains)
{
    const struct table_column columns[] = {
        {_("line"), TABLE_TEXT, 0},   {_("actor"), TABLE_TEXT, 0},    {_("period"), TABLE_TEXT, 0},
        {_("basis"), TABLE_TEXT, 0},  {_("baseline"), TABLE_TEXT, 0}, {"", TABLE_TEXT, 0},
        {_("gain"), TABLE_NUMBER, 0},
    };
    struct currency currency = state_newest(balance->contract)->terms.currency;
    OWNED(table_release) struct table table;
    table_init(&table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < gains->count; i++) {
        if (balance_shows(balance, gains->items[i].year)) {
            TRY(add_line(&table, &gains->items[i], currency));
        }
    }
    if (table.cell_count > 0) {
        printf("\n%s, %s\n", _("The lines behind these sums"), currency.code);
        table_print(&table, INDENT);
    }
    return STATUS_OK;
}

static enum status print_detail(const char *what, const struct localized *text)
{
    OWNED(buffer_release) struct buffer detail;
    buffer_init(&detail, DETAIL_SIZE_MAX);
    struct view shown = display_localized(text);
    TRY(buffer_append_format(&detail, "%s: %.*s", what, VIEW_ARGS(shown)));
    printf("%*s", DETAIL_INDENT, "");
    display_paragraph(buffer_view(&detail), DETAIL_INDENT);
    return STATUS_OK;
}

static enum status print_baseline(const struct baseline *baseline)
{
    printf(_("  %.*s, version %.*s, fixed on %s\n"), VIEW_ARGS(baseline->name),
           VIEW_ARGS(baseline->version), display_date(baseline->date).text);
    TRY(print_detail(_("source"), &baseline->source));
    return print_detail(_("method"), &baseline->method);
}

enum status balance_print_lines(const struct balance *balance)
{
    const struct contract *newest = state_newest(balance->contract);
    OWNED(gains_release) struct gains gains = {0};
    TRY(gains_init(&gains, balance->contract));
    TRY(print_lines(balance, &gains));
    if (newest->baseline_count > 0) {
        printf("\n%s\n", _("What they are compared with, signed with the contract"));
    }
    for (size_t i = 0; i < newest->baseline_count; i++) {
        TRY(print_baseline(&newest->baselines[i]));
    }
    return STATUS_OK;
}

/* --- For programs --- */

static enum status push_line(struct json *lines, const struct gain *gain)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "line", gain->line));
    TRY(json_set_string(object, "actor", gain->actor));
    TRY(json_set_string(object, "period", gain->period));
    TRY(json_set_string(object, "basis", view_of(GAIN_BASIS_NAMES[gain->basis])));
    if (gain->baseline != NULL) {
        TRY(json_set_string(object, "baseline", gain->baseline->name));
    }
    TRY(json_set_boolean(object, "settled", gain->is_settled));
    TRY(output_set_value(object, "gain", &gain->value));
    return json_push(lines, STEAL(object));
}

enum status balance_set_lines(const struct balance *balance, struct json *answer)
{
    OWNED(json_freep) struct json *lines = json_new_array();
    OWNED(gains_release) struct gains gains = {0};
    TRY(gains_init(&gains, balance->contract));
    for (size_t i = 0; lines != NULL && i < gains.count; i++) {
        if (balance_shows(balance, gains.items[i].year)) {
            TRY(push_line(lines, &gains.items[i]));
        }
    }
    const struct json *terms = balance->contract->newest->entry->statement->root;
    const struct json *baselines = json_member(terms, "baselines");
    if (baselines != NULL) {
        TRY(json_set(answer, "baselines", json_copy(baselines)));
    }
    return lines == NULL ? STATUS_MEMORY : json_set(answer, "gain_lines", STEAL(lines));
}
