/*
 * The gate: a loop that knows what may come next, and a stack of the containers that are open.
 *
 * INVARIANTS  (1) Everything before `offset` is accepted; each step takes at least one byte.
 *             (2) `depth` <= JSON_DEPTH_MAX, and `expected` is EXPECTED_END only at depth 0.
 *             (3) `names` holds the names of the open objects, the innermost object's last.
 *
 * Duplicate names: an object whose names ascend, as every canonical one's do, cannot hold one. Any
 * other is sorted when it closes, so that 100,000 hostile names cost a sort and not their square.
 *
 * Canonical (RFC 8785) is a text that has no white space, names that ascend by UTF-16 code units,
 * and only the escapes that must be, each in its one spelling. Integers and words have one spelling
 * anyway. That is seen on the way, so that no text is written again to find out.
 */
#include "ledger/json/gate.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More names than a statement has open at once: only others need memory for them. */
#define NAMES_AT_HAND 64

/* Names longer than this are not repeated in a message. */
#define NAME_SHOWN_MAX 64

enum expected {
    EXPECTED_VALUE,
    EXPECTED_NAME,
    EXPECTED_SEPARATOR, /* a comma, or the end of the container */
    EXPECTED_END,
};

struct name {
    struct view raw; /* between the quotes, as written */
    bool escaped;    /* holds a backslash */
};

struct level {
    bool is_object;
    bool ascending;    /* each name so far is above the one before it */
    size_t names_from; /* index of this object's first name */
};

struct gate {
    struct view text;
    size_t offset;
    enum expected expected;
    bool is_canonical; /* everything before `offset` is spelt as RFC 8785 does */
    size_t depth;
    struct level levels[JSON_DEPTH_MAX];
    struct name *names; /* `names_at_hand`, or allocated */
    size_t name_count;
    size_t name_capacity;
    struct failure *failure;
    struct name names_at_hand[NAMES_AT_HAND];
};

static enum status step(struct gate *gate);
static void skip_space(struct gate *gate);
static enum status refuse(const struct gate *gate, size_t offset, const char *reason);
static enum status refuse_found(const struct gate *gate, const char *wanted);

static void gate_init(struct gate *gate, struct view text, struct failure *failure)
{
    /* Room for levels and names is most of it, and is written before it is read. */
    gate->text = text;
    gate->offset = 0;
    gate->expected = EXPECTED_VALUE;
    gate->is_canonical = true;
    gate->depth = 0;
    gate->names = gate->names_at_hand;
    gate->name_count = 0;
    gate->name_capacity = NAMES_AT_HAND;
    gate->failure = failure;
}

static void gate_release(struct gate *gate)
{
    if (gate->names != gate->names_at_hand) {
        free(gate->names);
    }
}

enum status json_gate(struct view text, bool *ret_is_canonical, struct failure *failure)
{
    if (text.size > (size_t)JSON_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the text has %zu bytes; at most %d are accepted",
                    text.size, JSON_SIZE_MAX);
    }
    OWNED(gate_release) struct gate gate;
    gate_init(&gate, text, failure);

    /* RFC 8259 section 8.1: "MUST NOT add a byte order mark"; I-JSON has no use for one. */
    if (view_starts_with(text, VIEW("\xEF\xBB\xBF"))) {
        return refuse(&gate, 0, "a byte order mark is not accepted: save as UTF-8 without it");
    }
    skip_space(&gate);
    while (gate.expected != EXPECTED_END) { /* each turn takes at least one byte */
        TRY(step(&gate));
        skip_space(&gate);
    }
    if (gate.offset != text.size) {
        return refuse_found(&gate, "the end of the text");
    }
    *ret_is_canonical = gate.is_canonical;
    return STATUS_OK;
}

void json_place(struct view text, size_t offset, char ret_at[static FAILURE_AT_SIZE])
{
    assert(offset <= text.size);

    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < offset; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if (byte == '\n') {
            line++;
            column = 1;
        } else if ((byte & 0xc0) != 0x80) { /* not the inside of a code point */
            column++;
        }
    }
    (void)snprintf(ret_at, FAILURE_AT_SIZE, "line %zu, column %zu", line, column);
}

static enum status refuse(const struct gate *gate, size_t offset, const char *reason)
{
    char at[FAILURE_AT_SIZE];
    json_place(gate->text, offset, at);
    return fail(gate->failure, STATUS_INVALID, at, "%s", reason);
}

/* Refuses what stands at the offset, where `wanted` should be. */
static enum status refuse_found(const struct gate *gate, const char *wanted)
{
    char at[FAILURE_AT_SIZE];
    json_place(gate->text, gate->offset, at);
    wanted = failure_format(wanted);
    if (gate->offset == gate->text.size) {
        return fail(gate->failure, STATUS_INVALID, at, "expected %s, found the end of the text",
                    wanted);
    }
    uint8_t byte = (uint8_t)gate->text.data[gate->offset];
    if (byte > 0x20 && byte < 0x7f) {
        return fail(gate->failure, STATUS_INVALID, at, "expected %s, found '%c'", wanted, byte);
    }
    return fail(gate->failure, STATUS_INVALID, at, "expected %s, found byte 0x%02x", wanted, byte);
}

static struct view rest(const struct gate *gate)
{
    return (struct view){.data = gate->text.data + gate->offset,
                         .size = gate->text.size - gate->offset};
}

static bool next_is(const struct gate *gate, char byte)
{
    return gate->offset < gate->text.size && gate->text.data[gate->offset] == byte;
}

static bool take(struct gate *gate, char byte)
{
    if (!next_is(gate, byte)) {
        return false;
    }
    gate->offset++;
    return true;
}

static void skip_space(struct gate *gate)
{
    if (gate->offset < gate->text.size && gate->text.data[gate->offset] > ' ') {
        return; /* nearly always: a canonical text has no space */
    }
    while (next_is(gate, ' ') || next_is(gate, '\n') || next_is(gate, '\r') ||
           next_is(gate, '\t')) {
        gate->offset++;
        gate->is_canonical = false;
    }
}

/* --- Strings --- */

/* The value of four hexadecimal digits of either case, or -1. */
static int32_t hex4_decode(const char *digits)
{
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        char digit = digits[i];
        if (digit >= '0' && digit <= '9') {
            value = value << 4 | (digit - '0');
        } else if (digit >= 'a' && digit <= 'f') {
            value = value << 4 | (digit - 'a' + 10);
        } else if (digit >= 'A' && digit <= 'F') {
            value = value << 4 | (digit - 'A' + 10);
        } else {
            return -1;
        }
    }
    return value;
}

static size_t unicode_escape_decode(struct view text, uint32_t *ret_code_point)
{
    int32_t unit = text.size < 6 ? -1 : hex4_decode(text.data + 2);
    if (unit < 0) {
        return 0;
    }
    bool is_high = unit >= 0xd800 && unit <= 0xdbff;
    if (is_high && text.size >= 12 && text.data[6] == '\\' && text.data[7] == 'u') {
        int32_t low = hex4_decode(text.data + 8);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *ret_code_point = (uint32_t)(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            return 12;
        }
    }
    *ret_code_point = (uint32_t)unit;
    return 6;
}

/*
 * Decodes the escape that `text` starts with: 2, 6 or 12 bytes, or 0 when it is malformed.
 *
 * Half of a surrogate pair is given as it is written, for the caller to refuse.
 */
static size_t escape_decode(struct view text, uint32_t *ret_code_point)
{
    static const char LETTERS[] = "\"\\/bfnrt";
    static const char MEANINGS[] = "\"\\/\b\f\n\r\t";

    if (text.size < 2) {
        return 0;
    }
    if (text.data[1] == 'u') {
        return unicode_escape_decode(text, ret_code_point);
    }
    const char *letter = memchr(LETTERS, text.data[1], sizeof LETTERS - 1);
    if (letter == NULL) {
        return 0;
    }
    *ret_code_point = (uint8_t)MEANINGS[letter - LETTERS];
    return 2;
}

/* RFC 8785 section 3.2.2.2: what must be escaped, by its letter or else in lower-case hex. */
static bool is_canonical_escape(struct view escape, uint32_t code_point)
{
    static const char LETTERS[] = "\"\\bfnrt";
    static const char MEANINGS[] = "\"\\\b\f\n\r\t";

    if (escape.size == 2) {
        return memchr(LETTERS, escape.data[1], sizeof LETTERS - 1) != NULL;
    }
    static const char HEX[] = "0123456789abcdef";
    return code_point < 0x20 && memchr(MEANINGS, (int)code_point, sizeof MEANINGS - 1) == NULL &&
           escape.data[5] == HEX[code_point & 0xf];
}

static enum status read_escape(struct gate *gate)
{
    uint32_t code_point;
    size_t size = escape_decode(rest(gate), &code_point);
    if (size == 0) {
        return refuse(gate, gate->offset, "this is not one of the escapes of JSON");
    }
    if (code_point == 0) {
        return refuse(gate, gate->offset, "U+0000 is not accepted in a string");
    }
    if (code_point >= 0xd800 && code_point <= 0xdfff) {
        return refuse(gate, gate->offset, "half of a surrogate pair is not a character");
    }
    struct view escape = {.data = gate->text.data + gate->offset, .size = size};
    gate->is_canonical = gate->is_canonical && is_canonical_escape(escape, code_point);
    gate->offset += size;
    return STATUS_OK;
}

/* Takes one code point as it is, anything but a quote or a backslash. */
static enum status read_plain(struct gate *gate)
{
    if ((uint8_t)gate->text.data[gate->offset] < 0x20) {
        return refuse(gate, gate->offset,
                      "a control character in a string must be escaped, as in \\n");
    }
    uint32_t code_point;
    size_t size = utf8_decode(rest(gate), &code_point);
    if (size == 0) {
        return refuse(gate, gate->offset, "the text is not UTF-8 here");
    }
    gate->offset += size;
    return STATUS_OK;
}

/* Takes a run of ASCII that stands for itself: nearly all of a text is that. */
static void skip_plain(struct gate *gate)
{
    gate->offset += text_plain_size(rest(gate));
}

static enum status read_string(struct gate *gate, struct name *ret_string)
{
    size_t start = gate->offset;
    gate->offset++; /* the opening quote */
    bool escaped = false;

    skip_plain(gate);
    while (gate->offset < gate->text.size && !next_is(gate, '"')) {
        bool is_escape = next_is(gate, '\\');
        TRY(is_escape ? read_escape(gate) : read_plain(gate));
        escaped = escaped || is_escape;
        skip_plain(gate);
    }
    if (!take(gate, '"')) {
        return refuse(gate, start, "the string that starts here is not closed");
    }
    struct view raw = {gate->text.data + start + 1, gate->offset - start - 2};
    *ret_string = (struct name){.raw = raw, .escaped = escaped};
    return STATUS_OK;
}

/* --- Names of members --- */

/* Takes one code point from a string that has passed read_string(). */
static uint32_t take_code_point(struct view *raw)
{
    uint32_t code_point;
    size_t size =
        raw->data[0] == '\\' ? escape_decode(*raw, &code_point) : utf8_decode(*raw, &code_point);
    assert(size > 0 && size <= raw->size);
    raw->data += size;
    raw->size -= size;
    return code_point;
}

/* Where a code point stands in the order of UTF-16: above U+FFFF there are surrogates, 0xd800 up.
 */
static uint32_t utf16_rank(uint32_t code_point)
{
    bool is_above_surrogates = code_point >= 0xe000 && code_point <= 0xffff;
    return is_above_surrogates ? code_point + 0x110000 : code_point;
}

/* Orders as json_name_compare, whatever way the names are written. */
static int name_compare(const struct name *a, const struct name *b)
{
    if (!a->escaped && !b->escaped) {
        return json_name_compare(a->raw, b->raw);
    }
    struct view left = a->raw;
    struct view right = b->raw;
    while (left.size > 0 && right.size > 0) { /* each turn takes from both */
        uint32_t left_rank = utf16_rank(take_code_point(&left));
        uint32_t right_rank = utf16_rank(take_code_point(&right));
        if (left_rank != right_rank) {
            return left_rank < right_rank ? -1 : 1;
        }
    }
    return (left.size > 0) - (right.size > 0);
}

/* For qsort: equal names stay in the order of the text, so that the answer is always the same. */
static int name_order(const void *a, const void *b)
{
    const struct name *left = a;
    const struct name *right = b;
    int order = name_compare(left, right);
    if (order != 0) {
        return order;
    }
    return (left->raw.data > right->raw.data) - (left->raw.data < right->raw.data);
}

static enum status refuse_duplicate(const struct gate *gate, struct view raw)
{
    char at[FAILURE_AT_SIZE];
    json_place(gate->text, (size_t)(raw.data - gate->text.data) - 1, at);
    if (raw.size > NAME_SHOWN_MAX) {
        return fail(gate->failure, STATUS_INVALID, at, "this name stands twice in one object");
    }
    return fail(gate->failure, STATUS_INVALID, at, "the name \"%.*s\" stands twice in one object",
                VIEW_ARGS(raw));
}

/* Refuses the first name of the innermost object, in the order of the text, that is a repetition.
 */
static enum status check_duplicates(struct gate *gate, size_t names_from)
{
    struct name *names = gate->names + names_from;
    size_t count = gate->name_count - names_from;
    qsort(names, count, sizeof *names, name_order);

    const struct name *duplicate = NULL;
    for (size_t i = 1; i < count; i++) {
        bool is_repeated = name_compare(&names[i - 1], &names[i]) == 0;
        if (is_repeated && (duplicate == NULL || names[i].raw.data < duplicate->raw.data)) {
            duplicate = &names[i];
        }
    }
    return duplicate == NULL ? STATUS_OK : refuse_duplicate(gate, duplicate->raw);
}

static enum status grow_names(struct gate *gate)
{
    /* Cannot overflow: there are fewer names than bytes, at most JSON_SIZE_MAX. */
    size_t capacity = 2 * gate->name_capacity;
    bool is_at_hand = gate->names == gate->names_at_hand;
    struct name *names = realloc(is_at_hand ? NULL : gate->names, capacity * sizeof *names);
    if (names == NULL) {
        return fail_memory(gate->failure);
    }
    if (is_at_hand) {
        memcpy(names, gate->names_at_hand, sizeof gate->names_at_hand);
    }
    gate->names = names;
    gate->name_capacity = capacity;
    return STATUS_OK;
}

static enum status add_name(struct gate *gate, struct name name)
{
    struct level *level = &gate->levels[gate->depth - 1];
    if (gate->name_count > level->names_from) {
        const struct name *previous = &gate->names[gate->name_count - 1];
        level->ascending = level->ascending && name_compare(previous, &name) < 0;
        gate->is_canonical = gate->is_canonical && level->ascending;
    }
    if (gate->name_count == gate->name_capacity) {
        TRY(grow_names(gate));
    }
    gate->names[gate->name_count++] = name;
    return STATUS_OK;
}

static enum status read_name(struct gate *gate)
{
    if (!next_is(gate, '"')) {
        return refuse_found(gate, "the name of a member, in double quotes");
    }
    struct name name;
    TRY(read_string(gate, &name));
    TRY(add_name(gate, name));
    skip_space(gate);
    if (!take(gate, ':')) {
        return refuse_found(gate, "':' after the name of a member");
    }
    gate->expected = EXPECTED_VALUE;
    return STATUS_OK;
}

/* --- Numbers and words --- */

/* Our rule, after the grammar's: what is not an integer in range is written as a string. */
static enum status refuse_number(const struct gate *gate, size_t start, const char *what)
{
    char at[FAILURE_AT_SIZE];
    json_place(gate->text, start, at);
    return fail(gate->failure, STATUS_INVALID, at,
                "a number %s is not accepted: write a decimal string, such as \"12.5\", or an "
                "integer within +-%d",
                what, JSON_INTEGER_MAX);
}

static size_t take_digits(struct gate *gate)
{
    size_t start = gate->offset;
    while (gate->offset < gate->text.size && gate->text.data[gate->offset] >= '0' &&
           gate->text.data[gate->offset] <= '9') {
        gate->offset++;
    }
    return gate->offset - start;
}

/* Whether a number that ends here has ended: "12x" is no number with something after it. */
static bool is_at_delimiter(const struct gate *gate)
{
    static const char DELIMITERS[] = " \n\r\t,]}";
    return gate->offset == gate->text.size ||
           memchr(DELIMITERS, gate->text.data[gate->offset], sizeof DELIMITERS - 1) != NULL;
}

static enum status read_number(struct gate *gate)
{
    size_t start = gate->offset;
    bool is_negative = take(gate, '-');
    struct view digits = rest(gate);
    digits.size = take_digits(gate);
    if (digits.size == 0) {
        return refuse_found(gate, "a digit after '-'");
    }
    if (digits.size > 1 && digits.data[0] == '0') {
        return refuse(gate, start, "a number must not start with a needless 0");
    }
    bool has_fraction = take(gate, '.');
    if (has_fraction && take_digits(gate) == 0) {
        return refuse_found(gate, "a digit after the decimal point");
    }
    bool has_exponent = take(gate, 'e') || take(gate, 'E');
    if (has_exponent) {
        (void)(take(gate, '+') || take(gate, '-'));
        if (take_digits(gate) == 0) {
            return refuse_found(gate, "a digit of the exponent");
        }
    }

    if (!is_at_delimiter(gate)) {
        return refuse_found(gate, "the end of the number");
    }

    /* It is JSON. Is it ours? */
    if (has_exponent) {
        return refuse_number(gate, start, "with an exponent");
    }
    if (has_fraction) {
        return refuse_number(gate, start, "with a fraction");
    }
    uint64_t magnitude;
    if (decimal_u64_read(digits, JSON_INTEGER_MAX, &magnitude) != STATUS_OK) {
        return refuse_number(gate, start, "so large");
    }
    if (is_negative && magnitude == 0) {
        return refuse_number(gate, start, "that is minus zero");
    }
    return STATUS_OK;
}

static enum status read_word(struct gate *gate)
{
    static const char *const WORDS[] = {"false", "null", "true"};

    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        struct view word = view_of(WORDS[i]);
        if (view_starts_with(rest(gate), word)) {
            gate->offset += word.size;
            return STATUS_OK;
        }
    }
    return refuse_found(gate, "a value (without quotes only numbers, true, false and null)");
}

/* --- Values and containers --- */

static void value_ended(struct gate *gate)
{
    gate->expected = gate->depth == 0 ? EXPECTED_END : EXPECTED_SEPARATOR;
}

static enum status close_container(struct gate *gate)
{
    const struct level *level = &gate->levels[gate->depth - 1];
    if (!level->ascending) { /* an object's names; an array has none */
        TRY(check_duplicates(gate, level->names_from));
    }
    gate->name_count = level->names_from;
    gate->depth--;
    value_ended(gate);
    return STATUS_OK;
}

static enum status open_container(struct gate *gate, bool is_object)
{
    if (gate->depth == JSON_DEPTH_MAX) {
        char at[FAILURE_AT_SIZE];
        json_place(gate->text, gate->offset, at);
        return fail(gate->failure, STATUS_LIMIT, at,
                    "arrays and objects are nested more than %d deep", JSON_DEPTH_MAX);
    }
    gate->offset++; /* the bracket */
    gate->levels[gate->depth++] = (struct level){
        .is_object = is_object,
        .ascending = true,
        .names_from = gate->name_count,
    };
    skip_space(gate);
    if (take(gate, is_object ? '}' : ']')) {
        return close_container(gate);
    }
    gate->expected = is_object ? EXPECTED_NAME : EXPECTED_VALUE;
    return STATUS_OK;
}

static enum status read_value(struct gate *gate)
{
    if (next_is(gate, '{') || next_is(gate, '[')) {
        return open_container(gate, next_is(gate, '{'));
    }
    struct view ahead = rest(gate);
    if (ahead.size > 0 && ahead.data[0] == '"') {
        struct name string;
        TRY(read_string(gate, &string));
    } else if (ahead.size > 0 &&
               (ahead.data[0] == '-' || (ahead.data[0] >= '0' && ahead.data[0] <= '9'))) {
        TRY(read_number(gate));
    } else {
        TRY(read_word(gate));
    }
    value_ended(gate);
    return STATUS_OK;
}

static enum status read_separator(struct gate *gate)
{
    bool is_object = gate->levels[gate->depth - 1].is_object;
    if (take(gate, ',')) {
        gate->expected = is_object ? EXPECTED_NAME : EXPECTED_VALUE;
        return STATUS_OK;
    }
    if (take(gate, is_object ? '}' : ']')) {
        return close_container(gate);
    }
    return refuse_found(gate, is_object ? "',' or '}'" : "',' or ']'");
}

static enum status step(struct gate *gate)
{
    switch (gate->expected) {
    case EXPECTED_VALUE:
        return read_value(gate);
    case EXPECTED_NAME:
        return read_name(gate);
    case EXPECTED_SEPARATOR:
        return read_separator(gate);
    case EXPECTED_END:
        break;
    }
    assert(false);
    return STATUS_INVALID;
}
