/* Text: every encoding is read back from its writing, and from nothing else. */
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdint.h>
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A literal with its size, since several texts hold a NUL. */
#define TEXT(literal)                                  \
    {                                                  \
        .data = (literal), .size = sizeof(literal) - 1 \
    }

static struct view bytes_view(const uint8_t *bytes, size_t size)
{
    return (struct view){(const char *)bytes, size};
}

/* Reads a copy that ends where the text ends, so that a sanitizer sees a step beyond it. */
static enum status base64_read_exactly(struct view text, size_t capacity, uint8_t *ret_bytes,
                                       size_t *ret_size)
{
    char *copy = malloc(text.size == 0 ? 1 : text.size);
    memcpy(copy, text.data, text.size);
    enum status status = base64_read((struct view){copy, text.size}, capacity, ret_bytes, ret_size);
    free(copy);
    return status;
}

Test(text, base64_is_written_and_read_as_in_rfc_4648)
{
    static const struct {
        struct view bytes;
        const char *base64;
    } rows[] = {
        /* RFC 4648 section 10. */
        {TEXT(""), ""},
        {TEXT("f"), "Zg=="},
        {TEXT("fo"), "Zm8="},
        {TEXT("foo"), "Zm9v"},
        {TEXT("foob"), "Zm9vYg=="},
        {TEXT("fooba"), "Zm9vYmE="},
        {TEXT("foobar"), "Zm9vYmFy"},
        /* The first and the last values, and both digits that are not letters or figures. */
        {TEXT("\0\0\0\0"), "AAAAAA=="},
        {TEXT("\377\377\377"), "////"},
        {TEXT("\373\360"), "+/A="},
        {TEXT("\000\020\203\020\121\207"), "ABCDEFGH"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer written;
        buffer_init(&written, 100);
        cr_assert(eq(int, base64_write(&written, rows[i].bytes), STATUS_OK), "row %zu", i);
        cr_assert(view_is(buffer_view(&written), rows[i].base64), "row %zu: %s", i, written.data);

        uint8_t bytes[8];
        size_t size = 99;
        enum status status =
            base64_read_exactly(buffer_view(&written), rows[i].bytes.size, bytes, &size);
        cr_assert(eq(int, status, STATUS_OK), "row %zu", i);
        cr_assert(view_equal(bytes_view(bytes, size), rows[i].bytes), "row %zu", i);
    }
}

Test(text, base64_has_one_spelling_for_each_byte_string)
{
    static const struct view rows[] = {
        TEXT("Z"),      TEXT("Zg"),        TEXT("Zg="),      TEXT("Zm8"),        TEXT("="),
        TEXT("===="),   TEXT("Z==="),      TEXT("Zg==="),    TEXT("Zg==Zg=="),   TEXT("Zm8=Zm9v"),
        TEXT("Zh=="),   TEXT("Zv=="),      TEXT("Zm9="),     TEXT("Zm+="),       TEXT("Z=g="),
        TEXT("=Zg="),   TEXT("Zm9v\n"),    TEXT("Zm9v\r\n"), TEXT("Zm 9"),       TEXT(" Zm9"),
        TEXT("Zm\n9v"), TEXT("-_A="),      TEXT("Zm9\0"),    TEXT("Zm\303\245"), TEXT("Zm9*"),
        TEXT("Zm9@"),   TEXT("Zm9["),      TEXT("Zm9`"),     TEXT("Zm9{"),       TEXT("Zm9:"),
        TEXT("Zm9,"),   TEXT("Zm9vZm9v="),
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[16];
        memset(bytes, 0xaa, sizeof bytes);
        size_t size = 99;
        enum status status = base64_read_exactly(rows[i], sizeof bytes, bytes, &size);
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu: %s", i, rows[i].data);
        cr_assert(eq(sz, size, 99), "row %zu: nothing is written on failure", i);
        cr_assert(eq(int, bytes[0], 0xaa), "row %zu: nothing is written on failure", i);
    }
}

Test(text, any_four_base64_digits_that_are_read_are_what_is_written)
{
    /* Every last digit beside every class of the one before it. */
    static const char before[] = "AQgw/=";
    for (size_t i = 0; i < sizeof before - 1; i++) {
        for (unsigned last = 0; last < 256; last++) {
            char text[4] = {'Z', 'Q', before[i], (char)last};
            uint8_t bytes[3];
            size_t size;
            if (base64_read((struct view){text, 4}, 3, bytes, &size) != STATUS_OK) {
                continue;
            }
            OWNED(buffer_release) struct buffer written;
            buffer_init(&written, 4);
            cr_assert(eq(int, base64_write(&written, bytes_view(bytes, size)), STATUS_OK));
            cr_assert(view_equal(buffer_view(&written), (struct view){text, 4}), "ZQ%c%c",
                      before[i], (int)last);
        }
    }
}

Test(text, base64_stays_within_the_capacity_of_both_sides)
{
    uint8_t bytes[6] = {0};
    size_t size = 99;
    cr_assert(eq(int, base64_read(VIEW("Zm9vYmFy"), 5, bytes, &size), STATUS_LIMIT));
    cr_assert(eq(int, base64_read(VIEW("Zm9vYmE="), 5, bytes, &size), STATUS_OK));
    cr_assert(eq(sz, size, 5));
    cr_assert(eq(int, bytes[5], 0));
    cr_assert(eq(int, base64_read(VIEW("Zm9vYm*="), 2, bytes, &size), STATUS_INVALID),
              "malformed comes before too large");

    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 7);
    cr_assert(eq(int, base64_write(&buffer, VIEW("fo")), STATUS_OK));
    cr_assert(eq(int, base64_write(&buffer, VIEW("f")), STATUS_LIMIT));
    cr_assert(eq(int, base64_write(&buffer, VIEW("longer than the buffer")), STATUS_LIMIT));
    cr_assert(eq(str, buffer.data, (char *)"Zm8="), "a full buffer stays as it was");
}

Test(text, hexadecimal_is_lower_case_and_of_the_size_that_is_asked)
{
    uint8_t every[256];
    for (size_t i = 0; i < sizeof every; i++) {
        every[i] = (uint8_t)i;
    }
    OWNED(buffer_release) struct buffer written;
    buffer_init(&written, 512);
    cr_assert(eq(int, hex_write(&written, bytes_view(every, sizeof every)), STATUS_OK));
    cr_assert(view_starts_with(buffer_view(&written), VIEW("000102030405060708090a0b0c0d0e0f10")));
    cr_assert(view_is((struct view){written.data + 508, 4}, "feff"));
    uint8_t read[256];
    cr_assert(eq(int, hex_read(buffer_view(&written), sizeof read, read), STATUS_OK));
    cr_assert(memcmp(read, every, sizeof every) == 0);
    cr_assert(eq(int, hex_write(&written, VIEW("x")), STATUS_LIMIT));
    cr_assert(eq(sz, written.size, 512));

    static const struct {
        struct view text;
        size_t size;
        enum status status;
    } rows[] = {
        {TEXT(""), 0, STATUS_OK},
        {TEXT("0f"), 1, STATUS_OK},
        {TEXT("a9"), 1, STATUS_OK},
        {TEXT("0F"), 1, STATUS_INVALID},
        {TEXT("0g"), 1, STATUS_INVALID},
        {TEXT("g0"), 1, STATUS_INVALID},
        {TEXT("0`"), 1, STATUS_INVALID},
        {TEXT("0/"), 1, STATUS_INVALID},
        {TEXT("0:"), 1, STATUS_INVALID},
        {TEXT("0x"), 1, STATUS_INVALID},
        {TEXT(" 0"), 1, STATUS_INVALID},
        {TEXT("0\0"), 1, STATUS_INVALID},
        {TEXT("0"), 1, STATUS_INVALID},
        {TEXT("0"), 0, STATUS_INVALID},
        {TEXT("00"), 0, STATUS_INVALID},
        {TEXT("000"), 1, STATUS_INVALID},
        {TEXT("00"), 2, STATUS_INVALID},
        {TEXT("00"), SIZE_MAX / 2 + 2, STATUS_INVALID}, /* twice that is 2 when it wraps */
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t bytes[2] = {0xaa, 0xaa};
        cr_assert(eq(int, hex_read(rows[i].text, rows[i].size, bytes), rows[i].status), "row %zu",
                  i);
        if (rows[i].status != STATUS_OK) {
            cr_assert(eq(int, bytes[0], 0xaa), "row %zu: nothing is written on failure", i);
        }
    }
}

Test(text, a_decimal_has_one_spelling_and_a_greatest_value)
{
    static const struct {
        struct view text;
        uint64_t max;
        enum status status;
        uint64_t value;
    } rows[] = {
        {TEXT("0"), 0, STATUS_OK, 0},
        {TEXT("17"), 17, STATUS_OK, 17},
        {TEXT("18"), 17, STATUS_LIMIT, 0},
        {TEXT("10"), 100, STATUS_OK, 10},
        {TEXT("9223372036854775808"), UINT64_MAX, STATUS_OK, UINT64_C(9223372036854775808)},
        {TEXT("18446744073709551615"), UINT64_MAX, STATUS_OK, UINT64_MAX},
        {TEXT("18446744073709551616"), UINT64_MAX, STATUS_LIMIT, 0},
        {TEXT("18446744073709551620"), UINT64_MAX, STATUS_LIMIT, 0},
        {TEXT("184467440737095516150"), UINT64_MAX, STATUS_LIMIT, 0},
        {TEXT("1844674407370955161600"), UINT64_MAX, STATUS_LIMIT, 0}, /* wraps, then is small */
        {TEXT("36893488147419103232"), UINT64_MAX, STATUS_LIMIT, 0},   /* 2^65 wraps to 0 */
        {TEXT("99999999999999999999999999999999999999x"), UINT64_MAX, STATUS_INVALID, 0},
        {TEXT(""), 9, STATUS_INVALID, 0},
        {TEXT("00"), 9, STATUS_INVALID, 0},
        {TEXT("01"), 9, STATUS_INVALID, 0},
        {TEXT("+1"), 9, STATUS_INVALID, 0},
        {TEXT("-1"), 9, STATUS_INVALID, 0},
        {TEXT("-0"), 9, STATUS_INVALID, 0},
        {TEXT(" 1"), 9, STATUS_INVALID, 0},
        {TEXT("1 "), 9, STATUS_INVALID, 0},
        {TEXT("1\n"), 9, STATUS_INVALID, 0},
        {TEXT("1\0"), 9, STATUS_INVALID, 0},
        {TEXT("1."), 9, STATUS_INVALID, 0},
        {TEXT("1e1"), 99, STATUS_INVALID, 0},
        {TEXT("0x1"), 99, STATUS_INVALID, 0},
        {TEXT("1/"), 99, STATUS_INVALID, 0},
        {TEXT("1:"), 99, STATUS_INVALID, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint64_t value = 12345;
        enum status status = decimal_u64_read(rows[i].text, rows[i].max, &value);
        cr_assert(eq(int, status, rows[i].status), "row %zu: %s", i, rows[i].text.data);
        uint64_t expected = rows[i].status == STATUS_OK ? rows[i].value : 12345;
        cr_assert(eq(u64, value, expected), "row %zu: %s", i, rows[i].text.data);
    }
}

/* RFC 3629 section 3, written out: the encoding of one code point. */
static size_t utf8_encode(uint32_t code_point, char *ret_bytes)
{
    uint8_t *bytes = (uint8_t *)ret_bytes;
    if (code_point < 0x80) {
        bytes[0] = (uint8_t)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (uint8_t)(0xc0 + code_point / 64);
        bytes[1] = (uint8_t)(0x80 + code_point % 64);
        return 2;
    }
    if (code_point < 0x10000) {
        bytes[0] = (uint8_t)(0xe0 + code_point / 4096);
        bytes[1] = (uint8_t)(0x80 + code_point / 64 % 64);
        bytes[2] = (uint8_t)(0x80 + code_point % 64);
        return 3;
    }
    bytes[0] = (uint8_t)(0xf0 + code_point / 262144);
    bytes[1] = (uint8_t)(0x80 + code_point / 4096 % 64);
    bytes[2] = (uint8_t)(0x80 + code_point / 64 % 64);
    bytes[3] = (uint8_t)(0x80 + code_point % 64);
    return 4;
}

Test(text, utf8_decodes_every_code_point_and_no_surrogate)
{
    size_t decoded = 0;
    for (uint32_t code_point = 0; code_point < 0x120000; code_point++) {
        char bytes[4];
        size_t size = utf8_encode(code_point, bytes);
        bool is_character = code_point <= 0x10ffff && (code_point < 0xd800 || code_point > 0xdfff);
        uint32_t found = UINT32_MAX;
        size_t taken = utf8_decode((struct view){bytes, size}, &found);
        bool is_right = is_character ? taken == size && found == code_point : taken == 0;
        cr_assert(is_right, "U+%04X: %zu", (unsigned)code_point, taken);
        /* Cut short it is nothing; followed by more it is the same. */
        for (size_t cut = 1; cut < size; cut++) {
            cr_assert(utf8_decode((struct view){bytes, cut}, &found) == 0, "U+%04X",
                      (unsigned)code_point);
        }
        decoded += taken > 0;
    }
    cr_assert(eq(sz, decoded, 0x110000 - 2048));
}

Test(text, utf8_accepts_one_encoding_of_each_code_point)
{
    /* Every two and three bytes: what decodes is what encoding gives. */
    size_t accepted[4] = {0};
    for (unsigned lead = 0; lead < 256; lead++) {
        for (unsigned second = 0; second < 256; second++) {
            for (unsigned third = 0; third < 256; third += lead >= 0xe0 && lead < 0xf0 ? 1 : 256) {
                char bytes[3] = {(char)lead, (char)second, (char)third};
                char again[4];
                uint32_t code_point = 0;
                size_t size = utf8_decode((struct view){bytes, 3}, &code_point);
                if (size == 0) {
                    continue;
                }
                accepted[size]++;
                cr_assert(utf8_encode(code_point, again) == size && memcmp(again, bytes, size) == 0,
                          "%02x %02x %02x", lead, second, third);
            }
        }
    }
    cr_assert(eq(sz, accepted[1], 128 * 256));
    cr_assert(eq(sz, accepted[2], 0x800 - 0x80));
    cr_assert(eq(sz, accepted[3], 0x10000 - 0x800 - 2048));
}

Test(text, a_text_is_utf8_when_every_part_of_it_is)
{
    static const struct {
        struct view text;
        bool is_valid;
    } rows[] = {
        {TEXT(""), true},
        {TEXT("Norrk\303\266ping"), true},
        {TEXT("a\0b"), true},
        {TEXT("\356\200\200\360\220\200\200\364\217\277\277"), true},
        {TEXT("Norrk\366ping"), false},
        {TEXT("abc\303"), false},
        {TEXT("\303abc"), false},
        {TEXT("\200"), false},
        {TEXT("\300\200"), false},
        {TEXT("\340\200\200"), false},
        {TEXT("\360\200\200\200"), false},
        {TEXT("\360\217\277\277"), false},
        {TEXT("\355\240\275\355\270\200"), false}, /* a pair of surrogates, as in CESU-8 */
        {TEXT("\364\220\200\200"), false},
        {TEXT("\365\200\200\200"), false},
        {TEXT("\370\210\200\200\200"), false},
        {TEXT("\377"), false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(int, utf8_valid(rows[i].text), rows[i].is_valid), "row %zu", i);
    }
    cr_assert(utf8_valid((struct view){NULL, 0}));
}

/* Any byte at any place, before and behind the last whole word. */
Test(text, plain_text_and_control_characters_are_found_at_any_place)
{
    char bytes[21];
    struct view text = {bytes, sizeof bytes};
    memset(bytes, 'a', sizeof bytes);
    cr_assert(eq(sz, text_plain_size(text), sizeof bytes));
    cr_assert(eq(sz, text_plain_size((struct view){bytes, 0}), 0));
    cr_assert(text_find_control((struct view){bytes, 0}) == NULL);
    for (size_t place = 0; place < sizeof bytes; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memset(bytes, byte % 2 == 0 ? '\n' : 0xff, sizeof bytes);
            bytes[place] = (char)byte;
            const char *wanted = byte < 0x20 && byte != '\n' ? bytes + place : NULL;
            cr_assert(text_find_control(text) == wanted, "byte %u at %zu", byte, place);

            memset(bytes, byte % 2 == 0 ? ' ' : 0x7f, sizeof bytes);
            bytes[place] = (char)byte;
            bool is_plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            cr_assert(eq(sz, text_plain_size(text), is_plain ? sizeof bytes : place),
                      "byte %u at %zu", byte, place);
        }
    }
}

Test(text, lines_are_cut_off_one_by_one)
{
    struct view rest = VIEW("first\n\nthird\r\nrest");
    static const char *const lines[] = {"first", "", "third\r"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        struct view line = {NULL, 0};
        cr_assert(text_cut_line(&rest, &line), "line %zu", i);
        cr_assert(view_is(line, lines[i]), "line %zu", i);
    }
    struct view line = VIEW("untouched");
    cr_assert(not(text_cut_line(&rest, &line)));
    cr_assert(view_is(rest, "rest") && view_is(line, "untouched"));

    rest = VIEW("only\n");
    cr_assert(text_cut_line(&rest, &line) && view_is(line, "only") && rest.size == 0);
    cr_assert(not(text_cut_line(&rest, &line)), "nothing is left");
    rest = (struct view){NULL, 0};
    cr_assert(not(text_cut_line(&rest, &line)));
}
