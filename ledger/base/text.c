#include "ledger/base/text.h"

#include <assert.h>

static const char BASE64_DIGITS[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char HEX_DIGITS[] = "0123456789abcdef";

/*
 * The value of each byte as a digit, or DIGIT_NONE. No value has that bit, so the values of a whole
 * text can be joined by `|` and looked at once.
 */
#define DIGIT_NONE 64
static const uint8_t BASE64_VALUES[256] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64, 64, 0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};

static const uint8_t HEX_VALUES[256] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 10, 11, 12, 13, 14, 15, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};

static unsigned base64_value(char digit)
{
    return BASE64_VALUES[(uint8_t)digit];
}

static unsigned hex_value(char digit)
{
    return HEX_VALUES[(uint8_t)digit];
}

/* Decides the whole text before a byte is written. `*ret_padding` is how many '=' it ends with. */
static bool base64_is_canonical(struct view text, size_t *ret_padding)
{
    if (text.size % 4 != 0) {
        return false;
    }
    size_t padding = 0;
    if (text.size > 0 && text.data[text.size - 1] == '=') {
        padding = text.data[text.size - 2] == '=' ? 2 : 1;
    }
    size_t digits = text.size - padding;
    unsigned seen = 0;
    for (size_t i = 0; i < digits; i++) {
        seen |= base64_value(text.data[i]);
    }
    if ((seen & DIGIT_NONE) != 0) {
        return false;
    }
    /* RFC 4648 section 3.5: "pad bits MUST be set to zero by conforming encoders". */
    unsigned pad_bits = padding == 2 ? 0xf : padding == 1 ? 0x3 : 0;
    if (padding > 0 && (base64_value(text.data[digits - 1]) & pad_bits) != 0) {
        return false;
    }
    *ret_padding = padding;
    return true;
}

/* The bits of four digits. A '=' counts as the zero bits that it stands for. */
static uint32_t base64_bits(const char *digits)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < 4; i++) {
        bits = bits << 6 | (base64_value(digits[i]) & 0x3f);
    }
    return bits;
}

enum status base64_read(struct view text, size_t capacity, uint8_t *ret_bytes, size_t *ret_size)
{
    size_t padding;
    if (!base64_is_canonical(text, &padding)) {
        return STATUS_INVALID;
    }
    size_t size = text.size / 4 * 3 - padding;
    if (size > capacity) {
        return STATUS_LIMIT;
    }
    const char *digits = text.data;
    size_t written = 0;
    for (; written + 3 <= size; written += 3, digits += 4) {
        uint32_t bits = base64_bits(digits);
        ret_bytes[written] = (uint8_t)(bits >> 16);
        ret_bytes[written + 1] = (uint8_t)(bits >> 8);
        ret_bytes[written + 2] = (uint8_t)bits;
    }
    if (written < size) {
        uint32_t bits = base64_bits(digits);
        for (unsigned shift = 16; written < size; shift -= 8) { /* one byte or two */
            ret_bytes[written++] = (uint8_t)(bits >> shift);
        }
    }
    *ret_size = size;
    return STATUS_OK;
}

enum status base64_write(struct buffer *buffer, struct view bytes)
{
    if (bytes.size > buffer->size_max) {
        return STATUS_LIMIT; /* so that the size below cannot overflow */
    }
    size_t size = (bytes.size + 2) / 3 * 4;
    char *room;
    TRY(buffer_reserve(buffer, size, &room));

    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) {
            bits = bits << 8 | (k < count ? (uint8_t)bytes.data[i + k] : 0);
        }
        for (size_t k = 0; k < 4; k++) {
            room[k] = BASE64_DIGITS[bits >> (18 - 6 * k) & 0x3f];
        }
        for (size_t k = count + 1; k < 4; k++) {
            room[k] = '='; /* no byte reaches this digit */
        }
        room += 4;
    }
    buffer->size += size;
    return STATUS_OK;
}

enum status hex_read(struct view text, size_t size, uint8_t *ret_bytes)
{
    if (text.size / 2 != size || text.size % 2 != 0) {
        return STATUS_INVALID;
    }
    unsigned seen = 0;
    for (size_t i = 0; i < text.size; i++) {
        seen |= hex_value(text.data[i]);
    }
    if ((seen & DIGIT_NONE) != 0) {
        return STATUS_INVALID;
    }
    for (size_t i = 0; i < size; i++) {
        unsigned high = hex_value(text.data[2 * i]);
        ret_bytes[i] = (uint8_t)(high << 4 | hex_value(text.data[2 * i + 1]));
    }
    return STATUS_OK;
}

enum status hex_write(struct buffer *buffer, struct view bytes)
{
    if (bytes.size > buffer->size_max) {
        return STATUS_LIMIT; /* so that the size below cannot overflow */
    }
    char *room;
    TRY(buffer_reserve(buffer, 2 * bytes.size, &room));
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned byte = (uint8_t)bytes.data[i];
        *room++ = HEX_DIGITS[byte >> 4];
        *room++ = HEX_DIGITS[byte & 0xf];
    }
    buffer->size += 2 * bytes.size;
    return STATUS_OK;
}

enum status decimal_u64_read(struct view text, uint64_t max, uint64_t *ret_value)
{
    if (text.size == 0 || (text.size > 1 && text.data[0] == '0')) {
        return STATUS_INVALID;
    }
    uint64_t value = 0;
    bool beyond = false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return STATUS_INVALID; /* also when the digits before it are beyond `max` */
        }
        beyond = beyond || __builtin_mul_overflow(value, UINT64_C(10), &value) ||
                 __builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value);
    }
    if (beyond || value > max) {
        return STATUS_LIMIT;
    }
    *ret_value = value;
    return STATUS_OK;
}

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The first eight bytes of a text that has them. */
static uint64_t word_at(const char *text)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/*
 * Whether some byte of the word is below `limit`, which is at most 0x80. A byte above 0x7f never
 * is; borrowing from the next byte can only begin at one that is, so there is no false alarm.
 */
static bool has_below(uint64_t word, unsigned limit)
{
    return ((word - EACH_BYTE(limit)) & ~word & EACH_BYTE(0x80)) != 0;
}

static bool has_byte(uint64_t word, unsigned byte)
{
    return has_below(word ^ EACH_BYTE(byte), 1);
}

static bool has_above_ascii(uint64_t word)
{
    return (word & EACH_BYTE(0x80)) != 0;
}

/* How many bytes from the start are ASCII, in whole words: most of what we read is. */
static size_t ascii_words(struct view text)
{
    size_t size = 0;
    while (text.size - size >= sizeof(uint64_t) && !has_above_ascii(word_at(text.data + size))) {
        size += sizeof(uint64_t);
    }
    return size;
}

size_t text_plain_size(struct view text)
{
    size_t size = 0;
    while (text.size - size >= sizeof(uint64_t)) { /* each turn takes a word */
        uint64_t word = word_at(text.data + size);
        if (has_above_ascii(word) || has_below(word, 0x20) || has_byte(word, '"') ||
            has_byte(word, '\\')) {
            break;
        }
        size += sizeof word;
    }
    while (size < text.size) {
        uint8_t byte = (uint8_t)text.data[size];
        if (byte < 0x20 || byte >= 0x80 || byte == '"' || byte == '\\') {
            break;
        }
        size++;
    }
    return size;
}

/* A control character but newlines among `size` bytes, or NULL. */
static const char *control_in(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((uint8_t)bytes[i] < 0x20 && bytes[i] != '\n') {
            return bytes + i;
        }
    }
    return NULL;
}

const char *text_find_control(struct view text)
{
    size_t size = 0;
    for (; text.size - size >= sizeof(uint64_t); size += sizeof(uint64_t)) {
        const char *bytes = text.data + size;
        const char *control =
            has_below(word_at(bytes), 0x20) ? control_in(bytes, sizeof(uint64_t)) : NULL;
        if (control != NULL) {
            return control;
        }
    }
    return text.size == size ? NULL : control_in(text.data + size, text.size - size);
}

bool utf8_valid(struct view text)
{
    while (text.size > 0) { /* each turn takes at least one byte */
        size_t ascii = ascii_words(text);
        text.data += ascii;
        text.size -= ascii;
        if (text.size == 0) {
            break;
        }
        uint32_t code_point;
        size_t size = utf8_decode(text, &code_point);
        if (size == 0) {
            return false;
        }
        text.data += size;
        text.size -= size;
    }
    return true;
}

size_t utf8_decode(struct view text, uint32_t *ret_code_point)
{
    assert(text.size > 0);

    /* The smallest code point that needs so many bytes: anything less has a shorter form. */
    static const uint32_t SMALLEST[] = {0, 0, 0x80, 0x800, 0x10000};

    uint8_t lead = (uint8_t)text.data[0];
    if (lead < 0x80) {
        *ret_code_point = lead;
        return 1;
    }
    size_t size;
    uint32_t code_point;
    if ((lead & 0xe0) == 0xc0) {
        size = 2;
        code_point = lead & 0x1f;
    } else if ((lead & 0xf0) == 0xe0) {
        size = 3;
        code_point = lead & 0x0f;
    } else if ((lead & 0xf8) == 0xf0) {
        size = 4;
        code_point = lead & 0x07;
    } else {
        return 0;
    }
    if (text.size < size) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        uint8_t byte = (uint8_t)text.data[i];
        if ((byte & 0xc0) != 0x80) {
            return 0;
        }
        code_point = code_point << 6 | (byte & 0x3f);
    }
    bool is_surrogate = code_point >= 0xd800 && code_point <= 0xdfff;
    if (code_point < SMALLEST[size] || code_point > 0x10ffff || is_surrogate) {
        return 0;
    }
    *ret_code_point = code_point;
    return size;
}

bool text_cut_line(struct view *rest, struct view *ret_line)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->data, '\n', rest->size);
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - rest->data);
    *ret_line = (struct view){.data = rest->data, .size = size};
    rest->data += size + 1;
    rest->size -= size + 1;
    return true;
}
