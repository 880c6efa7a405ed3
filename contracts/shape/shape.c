/*
 * Spellings are decided by hand-written scanners over ASCII, not by regular expressions: each one
 * stands beside the pattern that the schemas give for it.
 */
#include "contracts/shape/shape.h"

#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>

#define SLUG_SIZE_MAX 64
#define NAME_TAIL_MAX 63 /* after the first letter */
#define PARTY_SIZE_MAX 100
#define UNIT_NAME_SIZE_MAX 32
#define AMOUNT_WHOLE_DIGITS_MAX 18
#define AMOUNT_FRACTION_DIGITS_MAX 4
#define VKEY_ID_DIGITS 8
#define VKEY_KEY_SIZE_MIN 4
#define VKEY_KEY_SIZE_MAX 2000 /* an ML-DSA-44 key takes 1,752 */
#define VKEY_PADDING_MAX 2
#define CURRENCY_SIZE 3

#define QUOTED_POINTS_MAX 40
#define POINTER_NAME_POINTS_MAX 40

/* --- What messages show --- */

/* Control characters of both blocks, and those that reorder the text around them. */
static bool is_deceptive(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point <= 0x9f) || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

/* Copies at most `points_max` code points to `target`; returns its size. */
static size_t copy_shown(struct view *text, size_t points_max, char *target)
{
    size_t used = 0;
    for (size_t i = 0; i < points_max && text->size > 0; i++) {
        uint32_t point = 0;
        size_t size = utf8_decode(*text, &point);
        if (size == 0 || is_deceptive(point)) {
            target[used++] = '?';
            size = size == 0 ? 1 : size;
        } else {
            memcpy(target + used, text->data, size);
            used += size;
        }
        text->data += size;
        text->size -= size;
    }
    return used;
}

void shape_quote(struct view text, char ret_quoted[static SHAPE_QUOTE_SIZE])
{
    static_assert((size_t)4 * QUOTED_POINTS_MAX + sizeof "\"\"..." <= SHAPE_QUOTE_SIZE,
                  "it always fits");

    size_t used = 0;
    ret_quoted[used++] = '"';
    used += copy_shown(&text, QUOTED_POINTS_MAX, ret_quoted + used);
    (void)snprintf(ret_quoted + used, SHAPE_QUOTE_SIZE - used, text.size > 0 ? "...\"" : "\"");
}

enum status shape_malformed(const struct json *node, const char *expected, struct failure *failure)
{
    char quoted[SHAPE_QUOTE_SIZE];
    expected = failure_format(expected);
    switch (json_type(node)) {
    case JSON_STRING:
        shape_quote(json_string(node), quoted);
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found %s", expected, quoted);
    case JSON_INTEGER:
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found the number %d",
                      expected, json_integer(node));
    case JSON_ARRAY:
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found an array of %zu",
                      expected, json_count(node));
    case JSON_BOOLEAN:
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found %s", expected,
                      json_boolean(node) ? "true" : "false");
    case JSON_OBJECT:
        return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found an object of %zu",
                      expected, json_count(node));
    case JSON_NULL:
        break;
    }
    return refuse(failure, RULE_FIELD_MALFORMED, "", "expected %s, found null", expected);
}

/* Appends a step of a JSON Pointer. Source: RFC 6901 section 3 for '~' and '/'. */
void shape_prefix_name(struct failure *failure, const char *name)
{
    char shown[POINTER_NAME_POINTS_MAX * 4];
    char step[sizeof "/" + 2 * sizeof shown + sizeof "..."];

    struct view rest = view_of(name);
    size_t size = copy_shown(&rest, POINTER_NAME_POINTS_MAX, shown);
    size_t used = 0;
    step[used++] = '/';
    for (size_t i = 0; i < size; i++) {
        if (shown[i] == '~' || shown[i] == '/') {
            step[used++] = '~';
            step[used++] = shown[i] == '~' ? '0' : '1';
        } else {
            step[used++] = shown[i];
        }
    }
    (void)snprintf(step + used, sizeof step - used, rest.size > 0 ? "..." : "");
    failure_prefix(failure, step);
}

void shape_prefix_index(struct failure *failure, size_t index)
{
    char step[32];
    (void)snprintf(step, sizeof step, "/%zu", index);
    failure_prefix(failure, step);
}

/* --- Objects and arrays --- */

static enum status refuse_unknown(const struct json *member, const struct shape_field *fields,
                                  size_t count, struct failure *failure)
{
    char known[400] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof known - 80; i++) {
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i == 0 ? "" : ", ",
                                 fields[i].name);
    }
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(json_name(member), quoted);
    enum status refused = refuse(failure, RULE_FIELD_UNKNOWN, "",
                                 "expected one of the fields %s, found %s", known, quoted);
    shape_prefix_name(failure, json_name(member).data);
    return refused;
}

/* The place of a name among the fields, or `count`; members mostly come in the fields' order. */
static size_t find_field(struct view name, const struct shape_field *fields, size_t count,
                         size_t start)
{
    for (size_t i = 0; i < count; i++) {
        size_t index = start + i < count ? start + i : start + i - count;
        const char *field = fields[index].name;
        if (field[0] == name.data[0] && strcmp(field, name.data) == 0) {
            return index;
        }
    }
    return count;
}

enum status shape_object(const struct json *node, const struct shape_field *fields, size_t count,
                         const struct json **ret_nodes, struct failure *failure)
{
    assert(count <= SHAPE_FIELDS_MAX);

    if (json_type(node) != JSON_OBJECT) {
        return shape_malformed(node, "an object", failure);
    }
    const struct json *nodes[SHAPE_FIELDS_MAX] = {NULL};
    size_t next = 0;
    for (const struct json *member = json_first(node); member != NULL; member = json_next(member)) {
        size_t index = find_field(json_name(member), fields, count, next);
        if (index == count) {
            return refuse_unknown(member, fields, count, failure);
        }
        nodes[index] = member;
        next = index + 1 < count ? index + 1 : 0;
    }
    for (size_t i = 0; i < count; i++) {
        if (nodes[i] == NULL && fields[i].presence == SHAPE_REQUIRED) {
            enum status refused = refuse(failure, RULE_FIELD_MISSING, "",
                                         "the field \"%s\" is required here", fields[i].name);
            shape_prefix_name(failure, fields[i].name);
            return refused;
        }
    }
    for (size_t i = 0; i < count; i++) {
        ret_nodes[i] = nodes[i];
    }
    return STATUS_OK;
}

enum status shape_array(const struct json *node, size_t minimum, size_t maximum, size_t *ret_count,
                        struct failure *failure)
{
    size_t count = json_type(node) == JSON_ARRAY ? json_count(node) : SIZE_MAX;
    if (count < minimum || count > maximum) {
        char expected[80];
        if (minimum == maximum) {
            (void)snprintf(expected, sizeof expected, failure_format("an array of %zu items"),
                           minimum);
        } else {
            (void)snprintf(expected, sizeof expected,
                           failure_format("an array of %zu to %zu items"), minimum, maximum);
        }
        return shape_malformed(node, expected, failure);
    }
    if (ret_count != NULL) {
        *ret_count = count;
    }
    return STATUS_OK;
}

/* --- Texts --- */

/* How many code points there are: the gate has made sure that it is UTF-8. */
static size_t count_points(struct view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
    }
    return count;
}

enum status shape_text(const struct json *node, size_t minimum, size_t maximum,
                       struct view *ret_text, struct failure *failure)
{
    size_t count = json_type(node) == JSON_STRING ? count_points(json_string(node)) : SIZE_MAX;
    if (count < minimum || count > maximum) {
        char expected[80];
        (void)snprintf(expected, sizeof expected, failure_format("a text of %zu to %zu characters"),
                       minimum, maximum);
        return shape_malformed(node, expected, failure);
    }
    *ret_text = json_string(node);
    return STATUS_OK;
}

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_upper(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

enum status shape_localized(const struct json *node, struct localized *ret_localized,
                            struct failure *failure)
{
    size_t count = json_type(node) == JSON_OBJECT ? json_count(node) : 0;
    if (count < 1 || count > SHAPE_LANGUAGES_MAX) {
        return shape_malformed(node, "an object with a text in 1 to 8 languages: {\"en\":\"...\"}",
                               failure);
    }
    static_assert(SHAPE_LANGUAGES_MAX == 8, "the message says so");

    struct localized localized = {.count = count};
    const struct json *member = json_first(node);
    for (size_t i = 0; i < count; i++, member = json_next(member)) {
        struct view language = json_name(member);
        if (language.size != 2 || !is_lower(language.data[0]) || !is_lower(language.data[1])) {
            char quoted[SHAPE_QUOTE_SIZE];
            shape_quote(language, quoted);
            enum status refused =
                refuse(failure, RULE_FIELD_UNKNOWN, "",
                       "expected a language of two letters (ISO 639-1), found %s", quoted);
            shape_prefix_name(failure, language.data);
            return refused;
        }
        struct view text;
        TRY_FIELD(language.data, shape_text(member, 1, SHAPE_TEXT_MAX, &text, failure));
        localized.languages[i] = language;
        localized.texts[i] = text;
    }
    *ret_localized = localized;
    return STATUS_OK;
}

struct view localized_text(const struct localized *localized, const char *language)
{
    const char *const wanted[] = {language, "en"};
    for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++) {
        for (size_t i = 0; i < localized->count; i++) {
            if (view_is(localized->languages[i], wanted[k])) {
                return localized->texts[i];
            }
        }
    }
    return localized->count > 0 ? localized->texts[0] : VIEW("");
}

/* --- Spellings --- */

/* Reads a string that `is_spelled`. */
static enum status read_spelled(const struct json *node, bool (*is_spelled)(struct view text),
                                const char *expected, struct view *ret_text,
                                struct failure *failure)
{
    if (json_type(node) != JSON_STRING || !is_spelled(json_string(node))) {
        return shape_malformed(node, expected, failure);
    }
    *ret_text = json_string(node);
    return STATUS_OK;
}

/* [a-z0-9-]{1,64} */
static bool is_slug(struct view text)
{
    if (text.size < 1 || text.size > SLUG_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (!is_lower(text.data[i]) && !is_digit(text.data[i]) && text.data[i] != '-') {
            return false;
        }
    }
    return true;
}

enum status shape_slug(const struct json *node, struct view *ret_slug, struct failure *failure)
{
    return read_spelled(node, is_slug, "1 to 64 of a-z, 0-9 and '-'", ret_slug, failure);
}

/* [a-z][a-z0-9_]{0,63} */
static bool is_name(struct view text)
{
    if (text.size < 1 || text.size > 1 + NAME_TAIL_MAX || !is_lower(text.data[0])) {
        return false;
    }
    for (size_t i = 1; i < text.size; i++) {
        if (!is_lower(text.data[i]) && !is_digit(text.data[i]) && text.data[i] != '_') {
            return false;
        }
    }
    return true;
}

enum status shape_name(const struct json *node, struct view *ret_name, struct failure *failure)
{
    return read_spelled(node, is_name, "a letter a-z and up to 63 of a-z, 0-9 and '_'", ret_name,
                        failure);
}

/* [a-z0-9]([a-z0-9.-]{0,98}[a-z0-9])? */
static bool is_party(struct view text)
{
    if (text.size < 1 || text.size > PARTY_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        bool inner = i > 0 && i + 1 < text.size;
        char byte = text.data[i];
        if (!is_lower(byte) && !is_digit(byte) && !(inner && (byte == '.' || byte == '-'))) {
            return false;
        }
    }
    return true;
}

enum status shape_party(const struct json *node, struct view *ret_party, struct failure *failure)
{
    return read_spelled(node, is_party, "a party id such as norrkoping.se", ret_party, failure);
}

/* [!-*,-~]{1,255} */
static bool is_origin(struct view text)
{
    if (text.size < 1 || text.size > NAME_SIZE_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~' || text.data[i] == '+') {
            return false;
        }
    }
    return true;
}

enum status shape_origin(const struct json *node, struct view *ret_origin, struct failure *failure)
{
    return read_spelled(node, is_origin, "an origin such as ledger.norrkoping.se/utfall",
                        ret_origin, failure);
}

static bool is_base64(char byte)
{
    return is_lower(byte) || is_upper(byte) || is_digit(byte) || byte == '+' || byte == '/';
}

/* [!-*,-~]{1,255}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{4,2000}={0,2} */
static bool is_vkey(struct view text)
{
    const char *plus = text.size == 0 ? NULL : memchr(text.data, '+', text.size);
    size_t name_size = plus == NULL ? 0 : (size_t)(plus - text.data);
    if (!is_origin((struct view){.data = text.data, .size = name_size})) {
        return false;
    }
    size_t used = name_size + 1;
    if (text.size < used + VKEY_ID_DIGITS + 1 || text.data[used + VKEY_ID_DIGITS] != '+') {
        return false;
    }
    for (size_t i = 0; i < VKEY_ID_DIGITS; i++, used++) {
        if (!is_digit(text.data[used]) && !(text.data[used] >= 'a' && text.data[used] <= 'f')) {
            return false;
        }
    }
    used++;
    size_t key_size = 0;
    while (used < text.size && is_base64(text.data[used])) { /* bounded by the text */
        used++;
        key_size++;
    }
    if (key_size < VKEY_KEY_SIZE_MIN || key_size > VKEY_KEY_SIZE_MAX ||
        text.size - used > VKEY_PADDING_MAX) {
        return false;
    }
    for (; used < text.size; used++) {
        if (text.data[used] != '=') {
            return false;
        }
    }
    return true;
}

enum status shape_vkey(const struct json *node, struct view *ret_vkey, struct failure *failure)
{
    return read_spelled(node, is_vkey, "a vkey: <name>+<8 hex digits>+<base64>", ret_vkey, failure);
}

/* [A-Z]{3} */
static bool is_currency(struct view text)
{
    return text.size == CURRENCY_SIZE && is_upper(text.data[0]) && is_upper(text.data[1]) &&
           is_upper(text.data[2]);
}

enum status shape_currency(const struct json *node, struct view *ret_code, struct failure *failure)
{
    return read_spelled(node, is_currency, "a currency code such as SEK (ISO 4217)", ret_code,
                        failure);
}

/* (1|[A-Za-z_]{1,32})([*\/](1|[A-Za-z_]{1,32}))* of at most `size_max` bytes */
static bool is_unit(struct view text, size_t size_max)
{
    if (text.size > size_max) {
        return false;
    }
    size_t name_size = 0;
    bool is_one = false;
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '*' || byte == '/') {
            if (name_size == 0) {
                return false;
            }
            name_size = 0;
            is_one = false;
            continue;
        }
        bool is_letter = is_lower(byte) || is_upper(byte) || byte == '_';
        if (is_one || !(is_letter || (byte == '1' && name_size == 0))) {
            return false;
        }
        is_one = byte == '1';
        name_size++;
        if (name_size > UNIT_NAME_SIZE_MAX) {
            return false;
        }
    }
    return name_size > 0;
}

static bool is_unit_written(struct view text)
{
    return is_unit(text, SHAPE_UNIT_SIZE_MAX);
}

static bool is_unit_computed(struct view text)
{
    return is_unit(text, SHAPE_UNIT_COMPUTED_SIZE_MAX);
}

enum status shape_unit(const struct json *node, struct view *ret_unit, struct failure *failure)
{
    return read_spelled(node, is_unit_written, "a unit such as SEK, person, SEK/person or 1",
                        ret_unit, failure);
}

enum status shape_unit_computed(const struct json *node, struct view *ret_unit,
                                struct failure *failure)
{
    return read_spelled(node, is_unit_computed, "a unit such as SEK, person, SEK/person or 1",
                        ret_unit, failure);
}

/* --- Values --- */

enum status shape_date(const struct json *node, struct date *ret_date, struct failure *failure)
{
    if (json_type(node) != JSON_STRING || date_read(json_string(node), ret_date) != STATUS_OK) {
        return shape_malformed(node, "a date such as 2016-08-01", failure);
    }
    return STATUS_OK;
}

enum status shape_published_date(const struct json *node, struct published_date *ret_date,
                                 struct failure *failure)
{
    if (shape_is_not_published(node)) {
        *ret_date = (struct published_date){.is_published = false};
        return STATUS_OK;
    }
    struct date date;
    if (json_type(node) != JSON_STRING || date_read(json_string(node), &date) != STATUS_OK) {
        return shape_malformed(node, "a date such as 2016-08-01 or \"not_published\"", failure);
    }
    *ret_date = (struct published_date){.is_published = true, .date = date};
    return STATUS_OK;
}

enum status shape_decimal(const struct json *node, struct rational *ret_value,
                          struct failure *failure)
{
    if (json_type(node) != JSON_STRING ||
        rational_read_decimal(json_string(node), ret_value) != STATUS_OK) {
        return shape_malformed(node, "a decimal in quotes such as \"0.075\"", failure);
    }
    return STATUS_OK;
}

/* -?(0|[1-9][0-9]{0,17})(\.[0-9]{1,4})?, and not zero behind a minus sign */
static bool is_amount(struct view text)
{
    size_t used = text.size > 0 && text.data[0] == '-' ? 1 : 0;
    bool is_negative = used == 1;
    bool is_zero = true;

    size_t whole = used;
    while (used < text.size && is_digit(text.data[used])) { /* bounded by the text */
        is_zero = is_zero && text.data[used] == '0';
        used++;
    }
    size_t whole_digits = used - whole;
    if (whole_digits < 1 || whole_digits > AMOUNT_WHOLE_DIGITS_MAX ||
        (whole_digits > 1 && text.data[whole] == '0')) {
        return false;
    }
    if (used < text.size) {
        if (text.data[used] != '.') {
            return false;
        }
        size_t fraction = ++used;
        while (used < text.size && is_digit(text.data[used])) { /* bounded by the text */
            is_zero = is_zero && text.data[used] == '0';
            used++;
        }
        if (used != text.size || used == fraction || used - fraction > AMOUNT_FRACTION_DIGITS_MAX) {
            return false;
        }
    }
    return !(is_negative && is_zero);
}

enum status shape_money(const struct json *node, struct shape_money *ret_money,
                        struct failure *failure)
{
    enum { AMOUNT, CURRENCY, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [AMOUNT] = {"amount", SHAPE_REQUIRED},
        [CURRENCY] = {"currency", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT] = {NULL};
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));

    struct shape_money money;
    TRY_FIELD("amount",
              read_spelled(nodes[AMOUNT], is_amount, "an amount in quotes such as \"10000000.00\"",
                           &money.amount, failure));
    TRY_FIELD("currency", shape_currency(nodes[CURRENCY], &money.currency, failure));
    *ret_money = money;
    return STATUS_OK;
}

enum status shape_digest(const struct json *node, struct hash *ret_hash, struct failure *failure)
{
    const struct view prefix = VIEW("sha256:");
    struct view text = json_type(node) == JSON_STRING ? json_string(node) : VIEW("");
    if (view_starts_with(text, prefix)) {
        text = (struct view){.data = text.data + prefix.size, .size = text.size - prefix.size};
        struct hash hash;
        if (hex_read(text, HASH_SIZE, hash.bytes) == STATUS_OK) {
            *ret_hash = hash;
            return STATUS_OK;
        }
    }
    return shape_malformed(node, "\"sha256:\" and 64 hexadecimal digits in lower case", failure);
}

enum status shape_integer(const struct json *node, int32_t minimum, int32_t maximum,
                          int32_t *ret_value, struct failure *failure)
{
    if (json_type(node) != JSON_INTEGER || json_integer(node) < minimum ||
        json_integer(node) > maximum) {
        char expected[80];
        (void)snprintf(expected, sizeof expected, failure_format("an integer from %d to %d"),
                       minimum, maximum);
        return shape_malformed(node, expected, failure);
    }
    *ret_value = json_integer(node);
    return STATUS_OK;
}

enum status shape_boolean(const struct json *node, bool *ret_value, struct failure *failure)
{
    if (json_type(node) != JSON_BOOLEAN) {
        return shape_malformed(node, "true or false", failure);
    }
    *ret_value = json_boolean(node);
    return STATUS_OK;
}

enum status shape_word(const struct json *node, const char *const *words, size_t count,
                       size_t *ret_index, struct failure *failure)
{
    struct view text = json_type(node) == JSON_STRING ? json_string(node) : VIEW("");
    for (size_t i = 0; i < count; i++) {
        if (json_type(node) == JSON_STRING && view_is(text, words[i])) {
            *ret_index = i;
            return STATUS_OK;
        }
    }
    char expected[300];
    size_t used = (size_t)snprintf(expected, sizeof expected, failure_format("one of"));
    for (size_t i = 0; i < count && used < sizeof expected - 50; i++) {
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s \"%s\"",
                                 i == 0 ? "" : ",", words[i]);
    }
    return shape_malformed(node, expected, failure);
}

bool shape_is_not_published(const struct json *node)
{
    return json_type(node) == JSON_STRING && view_is(json_string(node), NOT_PUBLISHED);
}
