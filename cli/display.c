#include "cli/display.h"

#include "cli/language.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>
#include <string.h>

#define NO_BREAK_SPACE "\xc2\xa0"
#define MINUS_SIGN "\xe2\x88\x92"
#define NUMBER_DECIMALS_MAX 12
#define COLUMN_GAP 2
#define UTF8_SIZE_MAX 4 /* bytes of a code point */

static bool is_swedish(void)
{
    return strcmp(language(), "sv") == 0;
}

static struct display display_of(const struct buffer *buffer)
{
    struct display display;
    (void)snprintf(display.text, sizeof display.text, "%s",
                   buffer->data == NULL ? "" : buffer->data);
    return display;
}

/* Groups the digits of a plain decimal by three, with the language's signs. */
static enum status group_digits(struct view plain, struct buffer *buffer)
{
    size_t at = 0;
    if (plain.size > 0 && plain.data[0] == '-') {
        TRY(buffer_append_text(buffer, is_swedish() ? MINUS_SIGN : "-"));
        at = 1;
    }
    const char *point = memchr(plain.data, '.', plain.size);
    size_t end = point == NULL ? plain.size : (size_t)(point - plain.data);
    for (; at < end; at++) {
        TRY(buffer_append_byte(buffer, plain.data[at]));
        size_t left = end - at - 1;
        if (left > 0 && left % 3 == 0) {
            TRY(buffer_append_text(buffer, is_swedish() ? NO_BREAK_SPACE : ","));
        }
    }
    if (point != NULL) {
        TRY(buffer_append_byte(buffer, is_swedish() ? ',' : '.'));
        TRY(buffer_append(buffer, (struct view){point + 1, plain.size - end - 1}));
    }
    return STATUS_OK;
}

static enum status write_number(const struct rational *value, unsigned decimals_min,
                                struct buffer *buffer)
{
    OWNED(buffer_release) struct buffer plain;
    buffer_init(&plain, DISPLAY_SIZE);
    bool is_exact;
    TRY(rational_write_decimal(value, decimals_min, NUMBER_DECIMALS_MAX, &plain, &is_exact));
    TRY(group_digits(buffer_view(&plain), buffer));
    return is_exact ? STATUS_OK : buffer_append_text(buffer, "...");
}

/* A currency before the number in English; after it in Swedish, where SEK is kr. */
static enum status write_with_currency(const struct rational *value, struct currency currency,
                                       struct buffer *buffer)
{
    if (!is_swedish()) {
        TRY(buffer_append_text(buffer, currency.code));
        TRY(buffer_append_byte(buffer, ' '));
        return write_number(value, currency.decimals, buffer);
    }
    TRY(write_number(value, currency.decimals, buffer));
    TRY(buffer_append_text(buffer, NO_BREAK_SPACE));
    return buffer_append_text(buffer, strcmp(currency.code, "SEK") == 0 ? "kr" : currency.code);
}

/* Money, or money for something: the one base that is not divided by is a currency. */
static bool is_money(const struct unit *unit, struct currency *ret_currency)
{
    size_t numerators = 0;
    bool is_currency = false;
    for (uint32_t i = 0; i < unit->count; i++) {
        if (unit->bases[i].exponent > 0) {
            numerators += (size_t)unit->bases[i].exponent;
            is_currency = currency_by_code(unit->bases[i].name, ret_currency) == STATUS_OK;
        }
    }
    return numerators == 1 && is_currency;
}

/* "/person/day" */
static enum status write_denominators(const struct unit *unit, struct buffer *buffer)
{
    for (uint32_t i = 0; i < unit->count; i++) {
        for (int8_t exponent = unit->bases[i].exponent; exponent < 0; exponent++) {
            TRY(buffer_append_format(buffer, "/%.*s", VIEW_ARGS(unit->bases[i].name)));
        }
    }
    return STATUS_OK;
}

static enum status write_value(const struct rational *value, const struct unit *unit,
                               struct buffer *buffer)
{
    struct currency currency;
    if (is_money(unit, &currency)) {
        TRY(write_with_currency(value, currency, buffer));
        return write_denominators(unit, buffer);
    }
    TRY(write_number(value, 0, buffer));
    if (unit->count > 0) {
        TRY(buffer_append_text(buffer, NO_BREAK_SPACE));
        TRY(unit_write(unit, buffer));
    }
    return STATUS_OK;
}

struct display display_value(const struct rational *value, const struct unit *unit)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DISPLAY_SIZE - 1);
    if (write_value(value, unit, &text) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_of(&text);
}

struct display display_number(const struct rational *value)
{
    struct unit one = {0};
    return display_value(value, &one);
}

struct display display_money(struct money money)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DISPLAY_SIZE - 1);
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    money_to_rational(money, &value);
    if (write_with_currency(&value, money.currency, &text) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_of(&text);
}

struct display display_amount(struct money money)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DISPLAY_SIZE - 1);
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    money_to_rational(money, &value);
    if (write_number(&value, money.currency.decimals, &text) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_of(&text);
}

struct display display_date(struct date date)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 32);
    if (date_write(date, &text) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_of(&text);
}

struct display display_published_date(const struct published_date *date)
{
    struct display text;
    if (date->is_published) {
        return display_date(date->date);
    }
    (void)snprintf(text.text, sizeof text.text, "%s", _("date not published"));
    return text;
}

struct display display_hash(const struct hash *id)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 100);
    if (buffer_append_text(&text, "sha256:") != STATUS_OK ||
        hex_write(&text, hash_view(id)) != STATUS_OK) {
        return (struct display){"?"};
    }
    return display_of(&text);
}

struct display display_hash_short(const struct hash *id)
{
    struct display display = display_hash(id);
    memmove(display.text, display.text + strlen("sha256:"), 12);
    display.text[12] = '\0';
    return display;
}

struct display display_place(const char *at)
{
    struct display place;
    unsigned long long first;
    unsigned long long second;
    int size = 0;
    if (sscanf(at, "entry %llu%n", &first, &size) == 1 && at[size] == '\0') {
        (void)snprintf(place.text, sizeof place.text, _("entry %llu"), first);
        return place;
    }
    size = 0;
    if (sscanf(at, "line %llu, column %llu%n", &first, &second, &size) == 2 && at[size] == '\0') {
        (void)snprintf(place.text, sizeof place.text, _("line %llu, column %llu"), first, second);
        return place;
    }
    size = 0;
    if (sscanf(at, "row %llu, column %llu%n", &first, &second, &size) == 2 && at[size] == '\0') {
        (void)snprintf(place.text, sizeof place.text, _("row %llu, column %llu"), first, second);
        return place;
    }
    size = 0;
    if (sscanf(at, "row %llu%n", &first, &size) == 1 && at[size] == '\0') {
        (void)snprintf(place.text, sizeof place.text, _("row %llu"), first);
        return place;
    }
    (void)snprintf(place.text, sizeof place.text, "%s", at);
    return place;
}

struct view display_localized(const struct localized *localized)
{
    return localized_text(localized, language());
}

size_t display_width(struct view text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.size; i++) {
        width += ((unsigned char)text.data[i] & 0xc0U) != 0x80U; /* not a continuation byte */
    }
    return width;
}

static void print_spaces(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        (void)putchar(' ');
    }
}

void display_padded(struct view text, size_t width)
{
    (void)fwrite(text.data, 1, text.size, stdout);
    size_t used = display_width(text);
    print_spaces(used < width ? width - used : 0);
}

/* Whether a line may end before the byte at `index`, which is a space. */
static bool may_break(struct view text, size_t index)
{
    size_t next = index + 1;
    if (text.data[index] != ' ' || next == text.size) {
        return false;
    }
    return text.data[next] != '-' && !(text.data[next] >= '0' && text.data[next] <= '9');
}

bool display_cut(struct view *rest, size_t width, struct view *ret_line)
{
    if (rest->size == 0) {
        return false;
    }
    size_t end = rest->size;
    for (size_t i = 0; i < rest->size; i++) {
        if (!may_break(*rest, i)) {
            continue;
        }
        if (end != rest->size && display_width((struct view){rest->data, i}) > width) {
            break;
        }
        end = i;
    }
    if (rest->size <= UTF8_SIZE_MAX * width && display_width(*rest) <= width) {
        end = rest->size;
    }
    *ret_line = (struct view){rest->data, end};
    size_t next = end < rest->size ? end + 1 : end;
    *rest = (struct view){rest->data + next, rest->size - next};
    return true;
}

void display_paragraph(struct view text, size_t indent)
{
    struct view line;
    size_t width = indent < DISPLAY_COLUMNS ? DISPLAY_COLUMNS - indent : 1;
    bool is_first = true;
    while (display_cut(&text, width, &line)) { /* each turn takes a byte */
        print_spaces(is_first ? 0 : indent);
        printf("%.*s\n", VIEW_ARGS(line));
        is_first = false;
    }
}

void display_columns_fit(struct display_columns *columns, struct view label, struct view value)
{
    size_t label_width = display_width(label);
    size_t value_width = display_width(value);
    if (label_width > DISPLAY_LABEL_MAX) {
        label_width = DISPLAY_LABEL_MAX;
    }
    columns->label = label_width > columns->label ? label_width : columns->label;
    columns->value = value_width > columns->value ? value_width : columns->value;
}

bool display_row_fits(const struct display_columns *columns, size_t indent)
{
    return indent + columns->label + COLUMN_GAP + columns->value <= DISPLAY_COLUMNS;
}

void display_row(const struct display_columns *columns, struct view label, struct view value,
                 size_t indent)
{
    struct view line = {0};
    (void)display_cut(&label, columns->label, &line);
    while (label.size > 0) { /* each turn takes a byte */
        printf("%.*s\n", VIEW_ARGS(line));
        print_spaces(indent);
        (void)display_cut(&label, columns->label, &line);
    }
    size_t width = display_width(value);
    display_padded(line, columns->label + COLUMN_GAP);
    print_spaces(width < columns->value ? columns->value - width : 0);
    printf("%.*s\n", VIEW_ARGS(value));
}
