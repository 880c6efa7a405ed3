/*
 * JSON: what the gate lets in, what it says when it does not, and the one canonical writing.
 *
 * The tables of texts follow the cases and the names of JSONTestSuite ("Parsing JSON is a
 * Minefield"): its n_ cases must be refused, its y_ cases are legal JSON. The canonical forms are
 * those of RFC 8785.
 */
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/json/json.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A literal with its size, since several texts hold a NUL. */
#define TEXT(literal)                                  \
    {                                                  \
        .data = (literal), .size = sizeof(literal) - 1 \
    }

/* Parses a copy that ends where the text ends, so that a sanitizer sees a step beyond it. */
static enum status parse_exactly(struct view text, struct json **ret_root, struct failure *failure)
{
    char *exact = malloc(text.size == 0 ? 1 : text.size);
    memcpy(exact, text.data, text.size);
    enum status status = json_parse((struct view){exact, text.size}, ret_root, failure);
    free(exact);
    return status;
}

/* Parses what must be accepted. */
static struct json *parsed(struct view text)
{
    struct json *root = NULL;
    struct failure failure = {0};
    enum status status = parse_exactly(text, &root, &failure);
    cr_assert(eq(int, status, STATUS_OK), "%.*s: %s: %s", VIEW_ARGS(text), failure.at,
              failure.reason);
    return root;
}

static struct buffer canonical_of(const struct json *node)
{
    struct buffer buffer;
    buffer_init(&buffer, 8 * JSON_SIZE_MAX);
    cr_assert(eq(int, json_write_canonical(node, &buffer), STATUS_OK));
    return buffer;
}

/* A text of `count` times `unit`. The caller frees it with buffer_release. */
static struct buffer repeated(const char *unit, size_t count)
{
    struct buffer buffer;
    buffer_init(&buffer, 8 * JSON_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int, buffer_append_text(&buffer, unit), STATUS_OK));
    }
    return buffer;
}

/* A small generator of our own, so that a failing row is the same on every machine. */
static uint32_t random_next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* --- What must be refused --- */

#define ROW(name, text)  \
    {                    \
        name, TEXT(text) \
    }

static const struct {
    const char *name;
    struct view text;
} MUST_REFUSE[] = {
    ROW("array_1_true_without_comma", "[1 true]"),
    ROW("array_a_invalid_utf8", "[a\345]"),
    ROW("array_colon_instead_of_comma", "[\"\": 1]"),
    ROW("array_comma_after_close", "[\"\"],"),
    ROW("array_comma_and_number", "[,1]"),
    ROW("array_double_comma", "[1,,2]"),
    ROW("array_double_extra_comma", "[\"x\",,]"),
    ROW("array_extra_close", "[\"x\"]]"),
    ROW("array_extra_comma", "[\"\",]"),
    ROW("array_incomplete", "[\"x\""),
    ROW("array_incomplete_invalid_value", "[x"),
    ROW("array_inner_array_no_comma", "[3[4]]"),
    ROW("array_invalid_utf8", "[\377]"),
    ROW("array_items_separated_by_semicolon", "[1:2]"),
    ROW("array_just_comma", "[,]"),
    ROW("array_just_minus", "[-]"),
    ROW("array_missing_value", "[   , \"\"]"),
    ROW("array_newlines_unclosed", "[\"a\",\n4\n,1,"),
    ROW("array_number_and_comma", "[1,]"),
    ROW("array_number_and_several_commas", "[1,,]"),
    ROW("array_spaces_vertical_tab_formfeed", "[\"\013a\"\\f]"),
    ROW("array_star_inside", "[*]"),
    ROW("array_unclosed", "[\"\""),
    ROW("array_unclosed_trailing_comma", "[1,"),
    ROW("array_unclosed_with_new_lines", "[1,\n1\n,1"),
    ROW("array_unclosed_with_object_inside", "[{}"),
    ROW("incomplete_false", "[fals]"),
    ROW("incomplete_null", "[nul]"),
    ROW("incomplete_true", "[tru]"),
    ROW("multidigit_number_then_00", "123\000"),
    ROW("number_++", "[++1234]"),
    ROW("number_+1", "[+1]"),
    ROW("number_+Inf", "[+Inf]"),
    ROW("number_-01", "[-01]"),
    ROW("number_-1.0.", "[-1.0.]"),
    ROW("number_-2.", "[-2.]"),
    ROW("number_-NaN", "[-NaN]"),
    ROW("number_.-1", "[.-1]"),
    ROW("number_.2e-3", "[.2e-3]"),
    ROW("number_0.1.2", "[0.1.2]"),
    ROW("number_0.3e+", "[0.3e+]"),
    ROW("number_0.3e", "[0.3e]"),
    ROW("number_0.e1", "[0.e1]"),
    ROW("number_0_capital_E+", "[0E+]"),
    ROW("number_0_capital_E", "[0E]"),
    ROW("number_0e+", "[0e+]"),
    ROW("number_0e", "[0e]"),
    ROW("number_1.0e+", "[1.0e+]"),
    ROW("number_1.0e-", "[1.0e-]"),
    ROW("number_1.0e", "[1.0e]"),
    ROW("number_1_000", "[1 000.0]"),
    ROW("number_1eE2", "[1eE2]"),
    ROW("number_2.e+3", "[2.e+3]"),
    ROW("number_2.e-3", "[2.e-3]"),
    ROW("number_2.e3", "[2.e3]"),
    ROW("number_9.e+", "[9.e+]"),
    ROW("number_Inf", "[Inf]"),
    ROW("number_NaN", "[NaN]"),
    ROW("number_U+FF11_fullwidth_digit_one", "[\357\274\221]"),
    ROW("number_expression", "[1+2]"),
    ROW("number_hex_1_digit", "[0x1]"),
    ROW("number_hex_2_digits", "[0x42]"),
    ROW("number_infinity", "[Infinity]"),
    ROW("number_invalid+-", "[0e+-1]"),
    ROW("number_invalid-negative-real", "[-123.123foo]"),
    ROW("number_invalid-utf-8-in-bigger-int", "[123\345]"),
    ROW("number_invalid-utf-8-in-exponent", "[1e1\345]"),
    ROW("number_invalid-utf-8-in-int", "[0\345]\n"),
    ROW("number_minus_infinity", "[-Infinity]"),
    ROW("number_minus_sign_with_trailing_garbage", "[-foo]"),
    ROW("number_minus_space_1", "[- 1]"),
    ROW("number_neg_int_starting_with_zero", "[-012]"),
    ROW("number_neg_real_without_int_part", "[-.123]"),
    ROW("number_neg_with_garbage_at_end", "[-1x]"),
    ROW("number_real_garbage_after_e", "[1ea]"),
    ROW("number_real_with_invalid_utf8_after_e", "[1e\345]"),
    ROW("number_real_without_fractional_part", "[1.]"),
    ROW("number_starting_with_dot", "[.123]"),
    ROW("number_with_alpha", "[1.2a-3]"),
    ROW("number_with_alpha_char", "[1.8011670033376514H-308]"),
    ROW("number_with_leading_zero", "[012]"),
    ROW("object_bad_value", "[\"x\", truth]"),
    ROW("object_bracket_key", "{[: \"x\"}\n"),
    ROW("object_comma_instead_of_colon", "{\"x\", null}"),
    ROW("object_double_colon", "{\"x\"::\"b\"}"),
    ROW("object_emoji", "{\360\237\207\250\360\237\207\255}"),
    ROW("object_garbage_at_end", "{\"a\":\"a\" 123}"),
    ROW("object_key_with_single_quotes", "{key: 'value'}"),
    ROW("object_lone_continuation_byte_in_key_and_trailing_comma", "{\"\271\":\"0\",}"),
    ROW("object_missing_colon", "{\"a\" b}"),
    ROW("object_missing_key", "{:\"b\"}"),
    ROW("object_missing_semicolon", "{\"a\" \"b\"}"),
    ROW("object_missing_value", "{\"a\":"),
    ROW("object_no-colon", "{\"a\""),
    ROW("object_non_string_key", "{1:1}"),
    ROW("object_non_string_key_but_huge_number_instead", "{9999E9999:1}"),
    ROW("object_repeated_null_null", "{null:null,null:null}"),
    ROW("object_several_trailing_commas", "{\"id\":0,,,,,}"),
    ROW("object_single_quote", "{'a':0}"),
    ROW("object_trailing_comma", "{\"id\":0,}"),
    ROW("object_trailing_comment", "{\"a\":\"b\"}/**/"),
    ROW("object_trailing_comment_open", "{\"a\":\"b\"}/**//"),
    ROW("object_trailing_comment_slash_open", "{\"a\":\"b\"}//"),
    ROW("object_trailing_comment_slash_open_incomplete", "{\"a\":\"b\"}/"),
    ROW("object_two_commas_in_a_row", "{\"a\":\"b\",,\"c\":\"d\"}"),
    ROW("object_unquoted_key", "{a: \"b\"}"),
    ROW("object_unterminated-value", "{\"a\":\"a"),
    ROW("object_with_single_string", "{ \"foo\" : \"bar\", \"a\" }"),
    ROW("object_with_trailing_garbage", "{\"a\":\"b\"}#"),
    ROW("single_space", " "),
    ROW("string_1_surrogate_then_escape", "[\"\\uD800\\\"]"),
    ROW("string_1_surrogate_then_escape_u", "[\"\\uD800\\u\"]"),
    ROW("string_1_surrogate_then_escape_u1", "[\"\\uD800\\u1\"]"),
    ROW("string_1_surrogate_then_escape_u1x", "[\"\\uD800\\u1x\"]"),
    ROW("string_accentuated_char_no_quotes", "[\303\251]"),
    ROW("string_backslash_00", "[\"\\\000\"]"),
    ROW("string_escape_x", "[\"\\x00\"]"),
    ROW("string_escaped_backslash_bad", "[\"\\\\\\\"]"),
    ROW("string_escaped_ctrl_char_tab", "[\"\\\t\"]"),
    ROW("string_escaped_emoji", "[\"\\\360\237\214\200\"]"),
    ROW("string_incomplete_escape", "[\"\\\"]"),
    ROW("string_incomplete_escaped_character", "[\"\\u00A\"]"),
    ROW("string_incomplete_surrogate", "[\"\\uD834\\uDd\"]"),
    ROW("string_incomplete_surrogate_escape_invalid", "[\"\\uD800\\uD800\\x\"]"),
    ROW("string_invalid-utf-8-in-escape", "[\"\\u\345\"]"),
    ROW("string_invalid_backslash_esc", "[\"\\a\"]"),
    ROW("string_invalid_unicode_escape", "[\"\\uqqqq\"]"),
    ROW("string_invalid_utf8_after_escape", "[\"\\\345\"]"),
    ROW("string_leading_uescaped_thinspace", "[\\u0020\"asd\"]"),
    ROW("string_no_quotes_with_bad_escape", "[\\n]"),
    ROW("string_single_doublequote", "\""),
    ROW("string_single_quote", "['single quote']"),
    ROW("string_single_string_no_double_quotes", "abc"),
    ROW("string_start_escape_unclosed", "[\"\\"),
    ROW("string_unescaped_ctrl_char", "[\"a\000a\"]"),
    ROW("string_unescaped_newline", "[\"new\nline\"]"),
    ROW("string_unescaped_tab", "[\"\t\"]"),
    ROW("string_unicode_CapitalU", "\"\\UA66D\""),
    ROW("string_with_trailing_garbage", "\"\"x"),
    ROW("structure_U+2060_word_joined", "[\342\201\240]"),
    ROW("structure_UTF8_BOM_no_data", "\357\273\277"),
    ROW("structure_angle_bracket_.", "<.>"),
    ROW("structure_angle_bracket_null", "[<null>]"),
    ROW("structure_array_trailing_garbage", "[1]x"),
    ROW("structure_array_with_extra_array_close", "[1]]"),
    ROW("structure_array_with_unclosed_string", "[\"asd]"),
    ROW("structure_ascii-unicode-identifier", "a\303\245"),
    ROW("structure_capitalized_True", "[True]"),
    ROW("structure_close_unopened_array", "1]"),
    ROW("structure_comma_instead_of_closing_brace", "{\"x\": true,"),
    ROW("structure_double_array", "[][]"),
    ROW("structure_end_array", "]"),
    ROW("structure_incomplete_UTF8_BOM", "\357\273{}"),
    ROW("structure_lone-invalid-utf-8", "\345"),
    ROW("structure_lone-open-bracket", "["),
    ROW("structure_no_data", ""),
    ROW("structure_null-byte-outside-string", "[\000]"),
    ROW("structure_number_with_trailing_garbage", "2@"),
    ROW("structure_object_followed_by_closing_object", "{}}"),
    ROW("structure_object_unclosed_no_value", "{\"\":"),
    ROW("structure_object_with_comment", "{\"a\":/*comment*/\"b\"}"),
    ROW("structure_object_with_trailing_garbage", "{\"a\": true} \"x\""),
    ROW("structure_open_array_apostrophe", "['"),
    ROW("structure_open_array_comma", "[,"),
    ROW("structure_open_array_open_object", "[{"),
    ROW("structure_open_array_open_string", "[\"a"),
    ROW("structure_open_array_string", "[\"a\""),
    ROW("structure_open_object", "{"),
    ROW("structure_open_object_close_array", "{]"),
    ROW("structure_open_object_comma", "{,"),
    ROW("structure_open_object_open_array", "{["),
    ROW("structure_open_object_open_string", "{\"a"),
    ROW("structure_open_object_string_with_apostrophes", "{'a'"),
    ROW("structure_open_open", "[\"\\{[\"\\{[\"\\{[\"\\{"),
    ROW("structure_single_eacute", "\351"),
    ROW("structure_single_star", "*"),
    ROW("structure_trailing_#", "{\"a\":\"b\"}#{}"),
    ROW("structure_uescaped_LF_before_string", "[\\u000A\"\"]"),
    ROW("structure_unclosed_array", "[1"),
    ROW("structure_unclosed_array_partial_null", "[ false, nul"),
    ROW("structure_unclosed_array_unfinished_false", "[ true, fals"),
    ROW("structure_unclosed_array_unfinished_true", "[ false, tru"),
    ROW("structure_unclosed_object", "{\"asd\":\"asd\""),
    ROW("structure_unicode-identifier", "\303\245"),
    ROW("structure_whitespace_U+2060_word_joiner", "[\342\201\240]"),
    ROW("structure_whitespace_formfeed", "[\014]"),
};
#undef ROW

Test(json, every_must_reject_case_of_the_test_suite_is_refused)
{
    cr_assert(eq(sz, COUNT(MUST_REFUSE), 186), "two more are built below");

    for (size_t i = 0; i < COUNT(MUST_REFUSE); i++) {
        struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(MUST_REFUSE[i].text, &root, &failure);

        cr_assert(eq(int, status, STATUS_INVALID), "%s", MUST_REFUSE[i].name);
        cr_assert(root == NULL, "%s", MUST_REFUSE[i].name);
        cr_assert(eq(int, failure.status, STATUS_INVALID), "%s", MUST_REFUSE[i].name);
        cr_assert(strncmp(failure.at, "line ", 5) == 0, "%s: %s", MUST_REFUSE[i].name, failure.at);
        /* By the grammar: our own rule for numbers must not be what saves us. */
        cr_assert(strstr(failure.reason, "decimal string") == NULL, "%s: %s", MUST_REFUSE[i].name,
                  failure.reason);
    }
}

Test(json, hostile_nesting_is_refused_at_the_limit)
{
    static const struct {
        const char *name;
        const char *unit;
        size_t count;
    } rows[] = {
        {"structure_100000_opening_arrays", "[", 100000},
        {"structure_open_array_object", "[{\"\":", 50000},
        {"only objects", "{\"a\":", 100000},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer text = repeated(rows[i].unit, rows[i].count);
        struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(buffer_view(&text), &root, &failure);
        cr_assert(eq(int, status, STATUS_LIMIT), "%s", rows[i].name);
        cr_assert(root == NULL, "%s", rows[i].name);
    }
}

/* --- What is legal JSON --- */

#define ROW(name, text, canonical)        \
    {                                     \
        name, TEXT(text), TEXT(canonical) \
    }

static const struct {
    const char *name;
    struct view text;
    struct view canonical;
} MUST_ACCEPT[] = {
    ROW("array_arraysWithSpaces", "[[]   ]", "[[]]"),
    ROW("array_empty-string", "[\"\"]", "[\"\"]"),
    ROW("array_empty", "[]", "[]"),
    ROW("array_ending_with_newline", "[\"a\"]", "[\"a\"]"),
    ROW("array_false", "[false]", "[false]"),
    ROW("array_heterogeneous", "[null, 1, \"1\", {}]", "[null,1,\"1\",{}]"),
    ROW("array_null", "[null]", "[null]"),
    ROW("array_with_1_and_newline", "[1\n]", "[1]"),
    ROW("array_with_leading_space", " [1]", "[1]"),
    ROW("array_with_several_null", "[1,null,null,null,2]", "[1,null,null,null,2]"),
    ROW("array_with_trailing_space", "[2] ", "[2]"),
    ROW("number_after_space", "[ 4]", "[4]"),
    ROW("number_negative_int", "[-123]", "[-123]"),
    ROW("number_negative_one", "[-1]", "[-1]"),
    ROW("number_simple_int", "[123]", "[123]"),
    ROW("object", "{\"asd\":\"sdf\", \"dfg\":\"fgh\"}", "{\"asd\":\"sdf\",\"dfg\":\"fgh\"}"),
    ROW("object_basic", "{\"asd\":\"sdf\"}", "{\"asd\":\"sdf\"}"),
    ROW("object_empty", "{}", "{}"),
    ROW("object_empty_key", "{\"\":0}", "{\"\":0}"),
    ROW("object_long_strings",
        "{\"x\":[{\"id\": \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}], \"id\": "
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}",
        "{\"id\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\",\"x\":[{\"id\":"
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"}]}"),
    ROW("object_simple", "{\"a\":[]}", "{\"a\":[]}"),
    ROW("object_string_unicode",
        "{\"title\":\"\\u041f\\u043e\\u043b\\u0442\\u043e\\u0440\\u0430 "
        "\\u0417\\u0435\\u043c\\u043b\\u0435\\u043a\\u043e\\u043f\\u0430\" }",
        "{\"title\":\"\320\237\320\276\320\273\321\202\320\276\321\200\320\260 "
        "\320\227\320\265\320\274\320\273\320\265\320\272\320\276\320\277\320\260\"}"),
    ROW("object_with_newlines", "{\n\"a\": \"b\"\n}", "{\"a\":\"b\"}"),
    ROW("string_1_2_3_bytes_UTF-8_sequences", "[\"\\u0060\\u012a\\u12AB\"]",
        "[\"`\304\252\341\212\253\"]"),
    ROW("string_accepted_surrogate_pair", "[\"\\uD801\\udc37\"]", "[\"\360\220\220\267\"]"),
    ROW("string_accepted_surrogate_pairs", "[\"\\ud83d\\ude39\\ud83d\\udc8d\"]",
        "[\"\360\237\230\271\360\237\222\215\"]"),
    ROW("string_allowed_escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
        "[\"\\\"\\\\/\\b\\f\\n\\r\\t\"]"),
    ROW("string_backslash_and_u_escaped_zero", "[\"\\\\u0000\"]", "[\"\\\\u0000\"]"),
    ROW("string_backslash_doublequotes", "[\"\\\"\"]", "[\"\\\"\"]"),
    ROW("string_comments", "[\"a/*b*/c/*d//e\"]", "[\"a/*b*/c/*d//e\"]"),
    ROW("string_double_escape_a", "[\"\\\\a\"]", "[\"\\\\a\"]"),
    ROW("string_double_escape_n", "[\"\\\\n\"]", "[\"\\\\n\"]"),
    ROW("string_escaped_control_character", "[\"\\u0012\"]", "[\"\\u0012\"]"),
    ROW("string_escaped_noncharacter", "[\"\\uFFFF\"]", "[\"\357\277\277\"]"),
    ROW("string_in_array", "[\"asd\"]", "[\"asd\"]"),
    ROW("string_in_array_with_leading_space", "[ \"asd\"]", "[\"asd\"]"),
    ROW("string_last_surrogates_1_and_2", "[\"\\uDBFF\\uDFFF\"]", "[\"\364\217\277\277\"]"),
    ROW("string_nbsp_uescaped", "[\"new\\u00A0line\"]", "[\"new\302\240line\"]"),
    ROW("string_nonCharacterInUTF-8_U+10FFFF", "[\"\364\217\277\277\"]", "[\"\364\217\277\277\"]"),
    ROW("string_nonCharacterInUTF-8_U+FFFF", "[\"\357\277\277\"]", "[\"\357\277\277\"]"),
    ROW("string_one-byte-utf-8", "[\"\\u002c\"]", "[\",\"]"),
    ROW("string_pi", "[\"\317\200\"]", "[\"\317\200\"]"),
    ROW("string_reservedCharacterInUTF-8_U+1BFFF", "[\"\360\233\277\277\"]",
        "[\"\360\233\277\277\"]"),
    ROW("string_simple_ascii", "[\"asd \"]", "[\"asd \"]"),
    ROW("string_space", "\" \"", "\" \""),
    ROW("string_surrogates_U+1D11E_MUSICAL_SYMBOL_G_CLEF", "[\"\\uD834\\uDd1e\"]",
        "[\"\360\235\204\236\"]"),
    ROW("string_three-byte-utf-8", "[\"\\u0821\"]", "[\"\340\240\241\"]"),
    ROW("string_two-byte-utf-8", "[\"\\u0123\"]", "[\"\304\243\"]"),
    ROW("string_u+2028_line_sep", "[\"\342\200\250\"]", "[\"\342\200\250\"]"),
    ROW("string_u+2029_par_sep", "[\"\342\200\251\"]", "[\"\342\200\251\"]"),
    ROW("string_uEscape", "[\"\\u0061\\u30af\\u30EA\\u30b9\"]",
        "[\"a\343\202\257\343\203\252\343\202\271\"]"),
    ROW("string_uescaped_newline", "[\"new\\u000Aline\"]", "[\"new\\nline\"]"),
    ROW("string_unescaped_char_delete", "[\"\177\"]", "[\"\177\"]"),
    ROW("string_unicode", "[\"\\uA66D\"]", "[\"\352\231\255\"]"),
    ROW("string_unicodeEscapedBackslash", "[\"\\u005C\"]", "[\"\\\\\"]"),
    ROW("string_unicode_2", "[\"\342\215\202\343\210\264\342\215\202\"]",
        "[\"\342\215\202\343\210\264\342\215\202\"]"),
    ROW("string_unicode_U+10FFFE_nonchar", "[\"\\uDBFF\\uDFFE\"]", "[\"\364\217\277\276\"]"),
    ROW("string_unicode_U+1FFFE_nonchar", "[\"\\uD83F\\uDFFE\"]", "[\"\360\237\277\276\"]"),
    ROW("string_unicode_U+200B_ZERO_WIDTH_SPACE", "[\"\\u200B\"]", "[\"\342\200\213\"]"),
    ROW("string_unicode_U+2064_invisible_plus", "[\"\\u2064\"]", "[\"\342\201\244\"]"),
    ROW("string_unicode_U+FDD0_nonchar", "[\"\\uFDD0\"]", "[\"\357\267\220\"]"),
    ROW("string_unicode_U+FFFE_nonchar", "[\"\\uFFFE\"]", "[\"\357\277\276\"]"),
    ROW("string_unicode_escaped_double_quote", "[\"\\u0022\"]", "[\"\\\"\"]"),
    ROW("string_utf8", "[\"\342\202\254\360\235\204\236\"]", "[\"\342\202\254\360\235\204\236\"]"),
    ROW("string_with_del_character", "[\"a\177a\"]", "[\"a\177a\"]"),
    ROW("structure_lonely_false", "false", "false"),
    ROW("structure_lonely_int", "42", "42"),
    ROW("structure_lonely_null", "null", "null"),
    ROW("structure_lonely_string", "\"asd\"", "\"asd\""),
    ROW("structure_lonely_true", "true", "true"),
    ROW("structure_string_empty", "\"\"", "\"\""),
    ROW("structure_trailing_newline", "[\"a\"]\n", "[\"a\"]"),
    ROW("structure_true_in_array", "[true]", "[true]"),
    ROW("structure_whitespace_array", " [] ", "[]"),
};
#undef ROW

#define ROW(name, text, reason)  \
    {                            \
        name, TEXT(text), reason \
    }

/* Legal JSON that has no place in a ledger, with a part of what we say about it. */
static const struct {
    const char *name;
    struct view text;
    const char *reason;
} OUR_RULES_REFUSE[] = {
    ROW("number", "[123e65]", "decimal string"),
    ROW("number_0e+1", "[0e+1]", "decimal string"),
    ROW("number_0e1", "[0e1]", "decimal string"),
    ROW("number_double_close_to_zero",
        "[-0.000000000000000000000000000000000000000000000000000000000000000000000000000001]\n",
        "decimal string"),
    ROW("number_int_with_exp", "[20e1]", "decimal string"),
    ROW("number_minus_zero", "[-0]", "decimal string"),
    ROW("number_negative_zero", "[-0]", "decimal string"),
    ROW("number_real_capital_e", "[1E22]", "decimal string"),
    ROW("number_real_capital_e_neg_exp", "[1E-2]", "decimal string"),
    ROW("number_real_capital_e_pos_exp", "[1E+2]", "decimal string"),
    ROW("number_real_exponent", "[123e45]", "decimal string"),
    ROW("number_real_fraction_exponent", "[123.456e78]", "decimal string"),
    ROW("number_real_neg_exp", "[1e-2]", "decimal string"),
    ROW("number_real_pos_exponent", "[1e+2]", "decimal string"),
    ROW("number_simple_real", "[123.456789]", "decimal string"),
    ROW("object_duplicated_key", "{\"a\":\"b\",\"a\":\"c\"}", "twice in one object"),
    ROW("object_duplicated_key_and_value", "{\"a\":\"b\",\"a\":\"b\"}", "twice in one object"),
    ROW("object_escaped_null_in_key", "{\"foo\\u0000bar\": 42}", "U+0000"),
    ROW("object_extreme_numbers", "{ \"min\": -1.0e+28, \"max\": 1.0e+28 }", "decimal string"),
    ROW("string_null_escape", "[\"\\u0000\"]", "U+0000"),
    ROW("structure_lonely_negative_real", "-0.1", "decimal string"),
};
#undef ROW

Test(json, every_must_accept_case_of_the_test_suite_is_read_and_written)
{
    cr_assert(eq(sz, COUNT(MUST_ACCEPT) + COUNT(OUR_RULES_REFUSE), 95));

    for (size_t i = 0; i < COUNT(MUST_ACCEPT); i++) {
        OWNED(json_freep) struct json *root = parsed(MUST_ACCEPT[i].text);
        OWNED(buffer_release) struct buffer canonical = canonical_of(root);
        cr_assert(view_equal(buffer_view(&canonical), MUST_ACCEPT[i].canonical), "%s: %s",
                  MUST_ACCEPT[i].name, canonical.data);
    }
}

Test(json, legal_cases_that_break_our_rules_are_refused_with_the_rule)
{
    for (size_t i = 0; i < COUNT(OUR_RULES_REFUSE); i++) {
        struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(OUR_RULES_REFUSE[i].text, &root, &failure);
        cr_assert(eq(int, status, STATUS_INVALID), "%s", OUR_RULES_REFUSE[i].name);
        cr_assert(root == NULL, "%s", OUR_RULES_REFUSE[i].name);
        cr_assert(strstr(failure.reason, OUR_RULES_REFUSE[i].reason) != NULL, "%s: %s",
                  OUR_RULES_REFUSE[i].name, failure.reason);
    }
}

Test(json, numbers_are_integers_within_the_limit)
{
    static const struct {
        const char *text;
        bool accepted;
        int32_t value;
    } rows[] = {
        {"0", true, 0},
        {"7", true, 7},
        {"-1", true, -1},
        {"2147483647", true, 2147483647},
        {"-2147483647", true, -2147483647},
        {"2147483648", false, 0},
        {"-2147483648", false, 0},
        {"9007199254740993", false, 0},
        {"18446744073709551617", false, 0},
        {"100000000000000000000000000000000000000000000000000000000000000000000000", false, 0},
        {"-0", false, 0},
        {"0.0", false, 0},
        {"1.0", false, 0},
        {"1e2", false, 0},
        {"1E2", false, 0},
        {"1e400", false, 0},
        {"-0e0", false, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(view_of(rows[i].text), &root, &failure);
        if (rows[i].accepted) {
            cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].text, failure.reason);
            cr_assert(eq(int, json_type(root), JSON_INTEGER), "%s", rows[i].text);
            cr_assert(eq(i32, json_integer(root), rows[i].value), "%s", rows[i].text);
        } else {
            cr_assert(eq(int, status, STATUS_INVALID), "%s", rows[i].text);
            cr_assert(strstr(failure.reason, "write a decimal string") != NULL, "%s: %s",
                      rows[i].text, failure.reason);
        }
    }
}

Test(json, depth_and_size_are_accepted_up_to_their_limits)
{
    for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1; depth++) {
        OWNED(buffer_release) struct buffer text = repeated("[", depth);
        for (size_t i = 0; i < depth; i++) {
            cr_assert(eq(int, buffer_append_byte(&text, ']'), STATUS_OK));
        }
        OWNED(json_freep) struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(buffer_view(&text), &root, &failure);
        bool is_allowed = depth <= JSON_DEPTH_MAX;
        cr_assert(eq(int, status, is_allowed ? STATUS_OK : STATUS_LIMIT), "depth %zu", depth);
        if (!is_allowed) {
            cr_assert(eq(str, failure.at, (char *)"line 1, column 33"));
        }
    }
    for (size_t size = JSON_SIZE_MAX; size <= JSON_SIZE_MAX + 1; size++) {
        OWNED(buffer_release) struct buffer text = repeated("7", 1);
        char *room;
        cr_assert(eq(int, buffer_reserve(&text, size - 1, &room), STATUS_OK));
        memset(room, ' ', size - 1);
        text.size += size - 1;
        OWNED(json_freep) struct json *root = NULL;
        enum status status = parse_exactly(buffer_view(&text), &root, NULL);
        cr_assert(eq(int, status, size <= JSON_SIZE_MAX ? STATUS_OK : STATUS_LIMIT), "%zu", size);
    }
}

Test(json, a_text_needs_no_terminator_and_ends_where_its_view_ends)
{
    static const char text[] = "[1,{\"a\":\"b\"}]7,8";
    static const struct {
        size_t from;
        size_t size;
        const char *canonical; /* NULL: refused */
    } rows[] = {
        {0, 13, "[1,{\"a\":\"b\"}]"},
        {0, 14, NULL},
        {0, 12, NULL},
        {1, 1, "1"},
        {3, 9, "{\"a\":\"b\"}"},
        {8, 3, "\"b\""},
        {13, 1, "7"},
        {13, 2, NULL},
        {0, 0, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = NULL;
        struct view slice = {text + rows[i].from, rows[i].size};
        enum status status = json_parse(slice, &root, NULL);
        cr_assert(eq(int, status, rows[i].canonical == NULL ? STATUS_INVALID : STATUS_OK),
                  "row %zu", i);
        if (root != NULL) {
            OWNED(buffer_release) struct buffer canonical = canonical_of(root);
            cr_assert(eq(str, canonical.data, (char *)rows[i].canonical), "row %zu", i);
        }
    }
    struct json *root = NULL;
    cr_assert(eq(int, json_parse((struct view){NULL, 0}, &root, NULL), STATUS_INVALID));
}

Test(json, a_refusal_says_where_and_why)
{
    static const struct {
        struct view text;
        const char *at;
        const char *reason;
    } rows[] = {
        {TEXT(""), "line 1, column 1", "found the end of the text"},
        {TEXT("\n\n  x"), "line 3, column 3", "found 'x'"},
        {TEXT("{\n  \"a\": 1,\n}"), "line 3, column 1", "expected the name of a member"},
        {TEXT("[1,]"), "line 1, column 4", "expected a value"},
        {TEXT("[1 2]"), "line 1, column 4", "expected ',' or ']', found '2'"},
        {TEXT("{\"a\" 1}"), "line 1, column 6", "expected ':'"},
        {TEXT("{\"a\":1]"), "line 1, column 7", "expected ',' or '}', found ']'"},
        {TEXT("[\"\303\245\303\244\303\266\", \303\245]"), "line 1, column 9", "found byte 0xc3"},
        {TEXT("[\"\360\237\230\200\", x]"), "line 1, column 7", "found 'x'"},
        {TEXT("[\"a\nb\"]"), "line 1, column 4", "control character"},
        {TEXT("[\"a\377\"]"), "line 1, column 4", "not UTF-8"},
        {TEXT("[\"a\\x\"]"), "line 1, column 4", "not one of the escapes"},
        {TEXT("[\"a\\u12\"]"), "line 1, column 4", "not one of the escapes"},
        {TEXT("[\"\\u0000\"]"), "line 1, column 3", "U+0000"},
        {TEXT("[\"\\ud800\"]"), "line 1, column 3", "surrogate"},
        {TEXT("[\"\\udc00\"]"), "line 1, column 3", "surrogate"},
        {TEXT("[\"\\ud800\\ud800\"]"), "line 1, column 3", "surrogate"},
        {TEXT("[\"\\ud800\\u0041\"]"), "line 1, column 3", "surrogate"},
        {TEXT("[\"\\udc00\\ud800\"]"), "line 1, column 3", "surrogate"},
        {TEXT("[\"\\ud83d\\ude00\\ud83d\"]"), "line 1, column 15", "surrogate"},
        {TEXT("[\"abc"), "line 1, column 2", "not closed"},
        {TEXT("[\"abc\\"), "line 1, column 6", "not one of the escapes"},
        {TEXT("\357\273\277{}"), "line 1, column 1", "byte order mark"},
        {TEXT("{}\0"), "line 1, column 3", "found byte 0x00"},
        {TEXT("{} {}"), "line 1, column 4", "expected the end of the text"},
        {TEXT("[01]"), "line 1, column 2", "needless 0"},
        {TEXT("[-]"), "line 1, column 3", "a digit after '-'"},
        {TEXT("[1.]"), "line 1, column 4", "a digit after the decimal point"},
        {TEXT("[1e]"), "line 1, column 4", "a digit of the exponent"},
        {TEXT("[1.5]"), "line 1, column 2", "a number with a fraction"},
        {TEXT("[1e5]"), "line 1, column 2", "a number with an exponent"},
        {TEXT("[True]"), "line 1, column 2", "without quotes only"},
        {TEXT("['a']"), "line 1, column 2", "found '''"},
        {TEXT("[\033]"), "line 1, column 2", "found byte 0x1b"},
        {TEXT("{\"a\":1,\r\n\"b\":2,\r\n \"a\":3}"), "line 3, column 2", "\"a\" stands twice"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(rows[i].text, &root, &failure);
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu: %s", i, failure.reason);
        cr_assert(strstr(failure.reason, rows[i].reason) != NULL, "row %zu: %s", i, failure.reason);
    }
}

Test(json, bytes_that_are_not_utf8_are_refused_in_strings_and_names)
{
    static const struct view bytes[] = {
        TEXT("\200"),             /* a continuation without a lead */
        TEXT("\302"),             /* a lead without its continuation */
        TEXT("\300\257"),         /* '/' in two bytes */
        TEXT("\301\277"),         /* U+007F in two bytes */
        TEXT("\340\200\257"),     /* '/' in three bytes */
        TEXT("\340\237\277"),     /* U+07FF in three bytes */
        TEXT("\360\217\277\277"), /* U+FFFF in four bytes */
        TEXT("\355\240\200"),     /* the surrogate D800 */
        TEXT("\355\277\277"),     /* the surrogate DFFF */
        TEXT("\364\220\200\200"), /* U+110000 */
        TEXT("\370\210\200\200\200"),
        TEXT("\376"),
        TEXT("\377"),
    };
    for (size_t i = 0; i < COUNT(bytes); i++) {
        char text[32];
        struct json *root = NULL;
        struct failure failure = {0};
        int size = snprintf(text, sizeof text, "[\"%.*s\"]", VIEW_ARGS(bytes[i]));
        enum status status = parse_exactly((struct view){text, (size_t)size}, &root, &failure);
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu", i);
        cr_assert(strstr(failure.reason, "UTF-8") != NULL, "row %zu: %s", i, failure.reason);

        size = snprintf(text, sizeof text, "{\"%.*s\":1}", VIEW_ARGS(bytes[i]));
        status = parse_exactly((struct view){text, (size_t)size}, &root, &failure);
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu", i);
    }
}

/* --- Duplicate names --- */

Test(json, a_name_may_stand_once_in_an_object_however_it_is_written)
{
    static const struct {
        const char *text;
        const char *at; /* NULL: accepted */
    } rows[] = {
        {"{\"a\":1,\"a\":1}", "line 1, column 8"},
        {"{\"b\":1,\"a\":2,\"b\":3}", "line 1, column 14"},
        {"{\"b\":1,\"b\":2,\"a\":3,\"a\":4}", "line 1, column 8"},
        {"{\"c\":1,\"a\":2,\"a\":3,\"c\":4}", "line 1, column 14"},
        {"{\"a\":1,\"\\u0061\":2}", "line 1, column 8"},
        {"{\"\\u0061\":1,\"a\":2}", "line 1, column 13"},
        {"{\"\\u006a\":1,\"\\u006A\":2}", "line 1, column 13"},
        {"{\"a\\/b\":1,\"a/b\":2}", "line 1, column 11"},
        {"{\"\\n\":1,\"\\u000a\":2}", "line 1, column 9"},
        {"{\"\":1,\"\":2}", "line 1, column 7"},
        {"{\"\360\237\230\200\":1,\"\\ud83d\\uDE00\":2}", "line 1, column 8"},
        {"{\"\303\245\":1,\"\\u00e5\":2}", "line 1, column 8"},
        {"[{\"x\":{\"a\":1,\"a\":2}}]", "line 1, column 14"},
        {"{\"x\":1,\"y\":{\"x\":2},\"x\":3}", "line 1, column 20"},
        {"{\"x\":{\"a\":1},\"a\":2,\"x\":{}}", "line 1, column 20"},
        {"{\"a\":{\"a\":{\"a\":1}}}", NULL},
        {"[{\"a\":1},{\"a\":1}]", NULL},
        {"{\"a\":1,\"A\":2}", NULL},
        {"{\"ab\":1,\"a\":2,\"abc\":3,\"\":4}", NULL},
        {"{\"a\\u0062\":1,\"a\":2,\"ab\\u0063\":3}", NULL},
        /* Equal on a screen, but not the same code points. */
        {"{\"\303\205\":1,\"A\314\212\":2}", NULL},
        {"{\"\\u005c\":1,\"\\u005c\\u005c\":2,\"\\\\n\":3,\"\\n\":4}", NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = NULL;
        struct failure failure = {0};
        enum status status = parse_exactly(view_of(rows[i].text), &root, &failure);
        if (rows[i].at == NULL) {
            cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].text, failure.reason);
        } else {
            cr_assert(eq(int, status, STATUS_INVALID), "%s", rows[i].text);
            cr_assert(eq(str, failure.at, (char *)rows[i].at), "%s", rows[i].text);
            cr_assert(strstr(failure.reason, "twice in one object") != NULL, "%s: %s", rows[i].text,
                      failure.reason);
        }
    }
}

#define NAMES_RANDOM_MAX 9

Test(json, duplicates_are_found_exactly_when_two_names_are_equal)
{
    /* Each character in the ways it can be written. */
    static const char *const SPELLINGS[][3] = {
        {"a", "\\u0061", "a"},
        {"/", "\\/", "\\u002f"},
        {"\303\245", "\\u00e5", "\\u00E5"},
        {"\356\200\200", "\\ue000", "\\uE000"},
        {"\360\237\230\200", "\\ud83d\\ude00", "\\uD83D\\uDE00"},
    };
    uint32_t state = 1;
    size_t refused = 0;

    for (size_t round = 0; round < 4000; round++) {
        char names[NAMES_RANDOM_MAX][4]; /* the characters' indexes, as a string */
        size_t count = random_next(&state) % NAMES_RANDOM_MAX + 1;
        bool has_duplicate = false;
        OWNED(buffer_release) struct buffer text = repeated("{", 1);

        for (size_t i = 0; i < count; i++) {
            size_t length = random_next(&state) % 4;
            cr_assert(eq(int, buffer_append_text(&text, i == 0 ? "\"" : ",\""), STATUS_OK));
            for (size_t k = 0; k < length; k++) {
                size_t character = random_next(&state) % COUNT(SPELLINGS);
                names[i][k] = (char)('0' + character);
                const char *spelling = SPELLINGS[character][random_next(&state) % 3];
                cr_assert(eq(int, buffer_append_text(&text, spelling), STATUS_OK));
            }
            names[i][length] = '\0';
            cr_assert(eq(int, buffer_append_text(&text, "\":0"), STATUS_OK));
            for (size_t k = 0; k < i; k++) {
                has_duplicate = has_duplicate || strcmp(names[k], names[i]) == 0;
            }
        }
        cr_assert(eq(int, buffer_append_byte(&text, '}'), STATUS_OK));

        OWNED(json_freep) struct json *root = NULL;
        enum status status = parse_exactly(buffer_view(&text), &root, NULL);
        cr_assert(eq(int, status, has_duplicate ? STATUS_INVALID : STATUS_OK), "%s", text.data);
        refused += has_duplicate;
    }
    cr_assert(refused > 500 && refused < 3500, "the rows are of both kinds: %zu", refused);
}

/* Seconds that parsing, reading and writing take; `status` is what parsing must answer. */
static double seconds_of(struct view text, enum status expected)
{
    clock_t start = clock();
    OWNED(json_freep) struct json *root = NULL;
    enum status status = json_parse(text, &root, NULL);
    cr_assert(eq(int, status, expected));
    if (root != NULL) {
        OWNED(buffer_release) struct buffer canonical = canonical_of(root);
        cr_assert(eq(int, json_check_canonical(root, buffer_view(&canonical), NULL), STATUS_OK));
    }
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

Test(json, hostile_objects_cost_no_more_than_sorting_them)
{
    /* Comparing 100,000 names pairwise takes half a minute; sorting them a fraction of a second. */
    static const struct {
        const char *name;
        const char *format;
        uint32_t count;
        uint32_t step; /* name i is i * step modulo 2^17: 1 ascends, an odd one scatters */
        enum status expected;
    } rows[] = {
        {"ascending", "\"%05x\":0", 100000, 1, STATUS_OK},
        {"scattered", "\"%05x\":0", 100000, 77777, STATUS_OK},
        {"descending", "\"%05x\":0", 100000, 131071, STATUS_OK},
        {"escaped", "\"\\u0061%x\":0", 64000, 77777, STATUS_OK},
        {"with a long prefix in common", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa%05x\":0", 23000,
         131071, STATUS_OK},
        {"all the same", "\"a\":0", 100000, 1, STATUS_INVALID},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer text = repeated("{", 1);
        for (uint32_t k = 0; k < rows[i].count; k++) {
            char member[64];
            uint32_t number = (uint32_t)((uint64_t)k * rows[i].step % 131072);
            (void)snprintf(member, sizeof member, rows[i].format, number);
            if (k > 0) {
                cr_assert(eq(int, buffer_append_byte(&text, ','), STATUS_OK));
            }
            cr_assert(eq(int, buffer_append_text(&text, member), STATUS_OK));
        }
        cr_assert(eq(int, buffer_append_byte(&text, '}'), STATUS_OK));
        cr_assert(text.size <= JSON_SIZE_MAX, "%s: %zu", rows[i].name, text.size);

        double seconds = seconds_of(buffer_view(&text), rows[i].expected);
        cr_assert(seconds < 10.0, "%s: %.3f s", rows[i].name, seconds);
    }
}

/* --- The canonical form --- */

Test(json, the_canonical_form_is_that_of_rfc_8785)
{
    static const struct {
        const char *text;
        const char *canonical;
    } rows[] = {
        /* Section 3.2.2, without its numbers: literals and the shortest escapes. */
        {"{\n  \"string\": \"\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\\"\\/\",\n"
         "  \"literals\": [null, true, false]\n}",
         "{\"literals\":[null,true,false],"
         "\"string\":\"\342\202\254$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"},
        /* Section 3.2.3: the order of names is that of UTF-16 code units. */
        {"{\"\\u20ac\":\"Euro Sign\",\"\\r\":\"Carriage Return\","
         "\"\\ufb33\":\"Hebrew Letter Dalet With Dagesh\",\"1\":\"One\","
         "\"\\ud83d\\ude00\":\"Emoji: Grinning Face\",\"\\u0080\":\"Control\","
         "\"\\u00f6\":\"Latin Small Letter O With Diaeresis\"}",
         "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\302\200\":\"Control\","
         "\"\303\266\":\"Latin Small Letter O With Diaeresis\",\"\342\202\254\":\"Euro Sign\","
         "\"\360\237\230\200\":\"Emoji: Grinning Face\","
         "\"\357\254\263\":\"Hebrew Letter Dalet With Dagesh\"}"},
        /* Section 3.2.2.2: each control character, and what needs no escape. */
        {"\"\\u0001\\u0008\\u0009\\u000A\\u000b\\u000C\\u000d\\u001F\\u0020\\u007f\"",
         "\"\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f \177\""},
        {"\"\\b\\f\\n\\r\\t\\/\\\"\\\\\"", "\"\\b\\f\\n\\r\\t/\\\"\\\\\""},
        {"\"\\u2028\\u00E5<>&\"", "\"\342\200\250\303\245<>&\""},
        /* Names at every depth; arrays keep their order. */
        {"{\"1\":{\"f\":{\"f\":\"hi\",\"F\":5},\"\\n\":56},\"10\":{},\"\":\"empty\",\"a\":{},"
         "\"111\":[{\"e\":\"yes\",\"E\":\"no\"}],\"A\":{}}",
         "{\"\":\"empty\",\"1\":{\"\\n\":56,\"f\":{\"F\":5,\"f\":\"hi\"}},\"10\":{},"
         "\"111\":[{\"E\":\"no\",\"e\":\"yes\"}],\"A\":{},\"a\":{}}"},
        {"[56,{\"d\":true,\"10\":null,\"1\":[]}]", "[56,{\"1\":[],\"10\":null,\"d\":true}]"},
        {"{\"peach\":1,\"p\303\251ch\303\251\":2,\"p\303\252che\":3,\"sin\":4}",
         "{\"peach\":1,\"p\303\251ch\303\251\":2,\"p\303\252che\":3,\"sin\":4}"},
        /* Nothing is normalised: the letter and its ring stay apart. */
        {"{\"Unnormalized Unicode\":\"A\\u030a\"}", "{\"Unnormalized Unicode\":\"A\314\212\"}"},
        {" [ -2147483647 , 0 , 2147483647 ] ", "[-2147483647,0,2147483647]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = parsed(view_of(rows[i].text));
        OWNED(buffer_release) struct buffer canonical = canonical_of(root);
        cr_assert(eq(str, canonical.data, (char *)rows[i].canonical), "row %zu", i);

        /* Written again, it is the same; and only it is canonical. */
        OWNED(json_freep) struct json *again = parsed(buffer_view(&canonical));
        OWNED(buffer_release) struct buffer fixpoint = canonical_of(again);
        cr_assert(eq(str, fixpoint.data, canonical.data), "row %zu", i);
        cr_assert(eq(int, json_check_canonical(root, buffer_view(&canonical), NULL), STATUS_OK),
                  "row %zu", i);
        bool is_canonical = strcmp(rows[i].text, rows[i].canonical) == 0;
        cr_assert(eq(int, json_check_canonical(root, view_of(rows[i].text), NULL),
                     is_canonical ? STATUS_OK : STATUS_INVALID),
                  "row %zu", i);
    }
}

Test(json, every_byte_below_128_has_one_way_to_stand_in_a_string)
{
    static const char *const SHORT[128] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    for (int byte = 1; byte < 128; byte++) {
        bool is_raw = byte >= 0x20 && byte != '"' && byte != '\\';
        char raw[4] = {'"', (char)byte, '"', '\0'};
        char escaped[16];
        char canonical[16];
        (void)snprintf(escaped, sizeof escaped, "\"\\u%04X\"", (unsigned)byte);
        if (is_raw) {
            memcpy(canonical, raw, sizeof raw);
        } else if (SHORT[byte] != NULL) {
            (void)snprintf(canonical, sizeof canonical, "\"%s\"", SHORT[byte]);
        } else {
            (void)snprintf(canonical, sizeof canonical, "\"\\u%04x\"", (unsigned)byte);
        }

        OWNED(json_freep) struct json *from_raw = NULL;
        enum status status = parse_exactly((struct view){raw, 3}, &from_raw, NULL);
        cr_assert(eq(int, status, is_raw ? STATUS_OK : STATUS_INVALID), "byte %d", byte);

        OWNED(json_freep) struct json *from_escaped = parsed(view_of(escaped));
        cr_assert(eq(int, json_check_canonical(from_escaped, view_of(canonical), NULL), STATUS_OK),
                  "byte %d", byte);
    }
}

/* The obvious way: both names in UTF-16, compared unit by unit. */
static int utf16_order(const uint32_t *a, const uint32_t *b)
{
    uint32_t units[2][8] = {{0}};
    const uint32_t *names[2] = {a, b};
    for (size_t side = 0; side < 2; side++) {
        size_t count = 0;
        for (size_t i = 0; names[side][i] != 0; i++) {
            uint32_t code_point = names[side][i];
            if (code_point >= 0x10000) {
                units[side][count++] = 0xd800 + ((code_point - 0x10000) >> 10);
                units[side][count++] = 0xdc00 + ((code_point - 0x10000) & 0x3ff);
            } else {
                units[side][count++] = code_point;
            }
        }
    }
    for (size_t i = 0; i < 8; i++) {
        if (units[0][i] != units[1][i]) {
            return units[0][i] < units[1][i] ? -1 : 1;
        }
    }
    return 0;
}

static void append_escaped(struct buffer *buffer, const uint32_t *code_points)
{
    cr_assert(eq(int, buffer_append_byte(buffer, '"'), STATUS_OK));
    for (size_t i = 0; code_points[i] != 0; i++) {
        uint32_t rest = code_points[i] - 0x10000;
        enum status status =
            code_points[i] < 0x10000
                ? buffer_append_format(buffer, "\\u%04x", code_points[i])
                : buffer_append_format(buffer, "\\u%04x\\u%04x", 0xd800 + (rest >> 10),
                                       0xdc00 + (rest & 0x3ff));
        cr_assert(eq(int, status, STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_byte(buffer, '"'), STATUS_OK));
}

Test(json, names_are_ordered_as_if_they_were_utf16)
{
    static const uint32_t names[][4] = {
        {0},
        {1},
        {'"'},
        {'A'},
        {'a'},
        {'a', 'a'},
        {'a', 0xe000},
        {'a', 0x10000},
        {0x7f},
        {0x80},
        {0x7ff},
        {0x800},
        {0xd7ff},
        {0xe000},
        {0xe000, 'a'},
        {0xe000, 0x10000},
        {0xe000, 0xffff},
        {0xefff},
        {0xf000},
        {0xffff},
        {0x10000},
        {0x10000, 0xffff},
        {0x10000, 0x10ffff},
        {0x1f600},
        {0xfffff},
        {0x100000},
        {0x10ffff},
        {0x10ffff, 'a'},
    };
    for (size_t i = 0; i < COUNT(names); i++) {
        for (size_t k = 0; k < COUNT(names); k++) {
            if (i == k) {
                continue;
            }
            OWNED(buffer_release) struct buffer text = repeated("{", 1);
            append_escaped(&text, names[i]);
            cr_assert(eq(int, buffer_append_text(&text, ":0,"), STATUS_OK));
            append_escaped(&text, names[k]);
            cr_assert(eq(int, buffer_append_text(&text, ":1}"), STATUS_OK));

            OWNED(json_freep) struct json *root = parsed(buffer_view(&text));
            OWNED(buffer_release) struct buffer canonical = canonical_of(root);
            bool is_first_first = canonical.data[canonical.size - 2] == '1';
            cr_assert(eq(int, is_first_first, utf16_order(names[i], names[k]) < 0), "%s -> %s",
                      text.data, canonical.data);
        }
    }
}

Test(json, a_text_that_is_not_canonical_is_refused_at_the_first_byte_that_differs)
{
    static const struct {
        const char *text;
        const char *at; /* NULL: canonical */
        const char *reason;
    } rows[] = {
        {"{\"a\":1,\"b\":[true,null,\"\"]}", NULL, NULL},
        {"{\"b\":1,\"a\":2}", "line 1, column 3", "at byte 2 stands 'b'"},
        {"{\"a\": 1}", "line 1, column 6",
         "at byte 5 stands ' ', where the canonical form has '1'"},
        {"{\"a\":1}\n", "line 1, column 8",
         "stands byte 0x0a, where the canonical form has the end"},
        {"\"\\u00e5\"", "line 1, column 2", "at byte 1 stands '\\', where"},
        {"\"\\/\"", "line 1, column 2", "has '/'"},
        {"\"\\u000A\"", "line 1, column 3", "stands 'u', where the canonical form has 'n'"},
        {"\"\\u001F\"", "line 1, column 7", "stands 'F', where the canonical form has 'f'"},
        {"[\"\303\245\", 1]", "line 1, column 6", "at byte 6"},
        {"\n[]", "line 1, column 1", "byte 0x0a"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = parsed(view_of(rows[i].text));
        struct failure failure = {0};
        enum status status = json_check_canonical(root, view_of(rows[i].text), &failure);
        if (rows[i].at == NULL) {
            cr_assert(eq(int, status, STATUS_OK), "row %zu", i);
            continue;
        }
        cr_assert(eq(int, status, STATUS_INVALID), "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu: %s", i, failure.reason);
        cr_assert(strstr(failure.reason, rows[i].reason) != NULL, "row %zu: %s", i, failure.reason);
    }
    /* A text that stops early differs where it stops. */
    OWNED(json_freep) struct json *root = parsed(VIEW("[1,2]"));
    struct failure failure = {0};
    enum status status = json_check_canonical(root, VIEW("[1,"), &failure);
    cr_assert(eq(int, status, STATUS_INVALID));
    cr_assert(strstr(failure.reason, "at byte 3 stands the end") != NULL, "%s", failure.reason);
}

Test(json, a_full_buffer_is_a_limit_and_stays_as_it_was)
{
    OWNED(json_freep)
    struct json *root = parsed(VIEW("{\"b\":[1,\"x\\ny\",{\"d\":null,\"c\":true}],\"a\":{}}"));
    static const struct {
        enum status (*write)(const struct json *node, struct buffer *buffer);
        const char *name;
    } writers[] = {{json_write_canonical, "canonical"}, {json_write_pretty, "pretty"}};

    for (size_t i = 0; i < COUNT(writers); i++) {
        struct buffer whole;
        buffer_init(&whole, 1000);
        cr_assert(eq(int, writers[i].write(root, &whole), STATUS_OK));
        for (size_t size_max = 0; size_max <= whole.size; size_max++) {
            OWNED(buffer_release) struct buffer buffer;
            buffer_init(&buffer, size_max + 2);
            cr_assert(eq(int, buffer_append_text(&buffer, "> "), STATUS_OK));
            enum status status = writers[i].write(root, &buffer);
            if (size_max == whole.size) {
                cr_assert(eq(int, status, STATUS_OK), "%s", writers[i].name);
                cr_assert(eq(str, buffer.data + 2, whole.data));
            } else {
                cr_assert(eq(int, status, STATUS_LIMIT), "%s %zu", writers[i].name, size_max);
                cr_assert(eq(str, buffer.data, (char *)"> "), "%s %zu", writers[i].name, size_max);
                cr_assert(eq(sz, buffer.size, 2), "%s %zu", writers[i].name, size_max);
            }
        }
        buffer_release(&whole);
    }
}

/* --- Reading and building trees --- */

Test(json, a_tree_is_read_by_type_name_and_order)
{
    OWNED(json_freep)
    struct json *root =
        parsed(VIEW("{\"text\":\"r\303\244tt\",\"no\":false,\"yes\":true,\"nothing\":null,"
                    "\"list\":[1,-2,3],\"Text\":7}"));
    cr_assert(eq(int, json_type(root), JSON_OBJECT));
    cr_assert(eq(sz, json_count(root), 6));

    static const struct {
        const char *name;
        enum json_type type;
        const char *type_name;
    } rows[] = {
        {"text", JSON_STRING, "a string"},  {"no", JSON_BOOLEAN, "a boolean"},
        {"yes", JSON_BOOLEAN, "a boolean"}, {"nothing", JSON_NULL, "null"},
        {"list", JSON_ARRAY, "an array"},   {"Text", JSON_INTEGER, "an integer"},
    };
    const struct json *member = json_first(root);
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(member != NULL && json_member(root, rows[i].name) == member, "%s", rows[i].name);
        cr_assert(view_is(json_name(member), rows[i].name), "%s", rows[i].name);
        cr_assert(eq(int, json_type(member), rows[i].type), "%s", rows[i].name);
        cr_assert(eq(str, (char *)json_type_name(json_type(member)), (char *)rows[i].type_name));
        member = json_next(member);
    }
    cr_assert(member == NULL);

    cr_assert(view_is(json_string(json_member(root, "text")), "r\303\244tt"));
    cr_assert(eq(int, json_boolean(json_member(root, "no")), false));
    cr_assert(eq(int, json_boolean(json_member(root, "yes")), true));
    cr_assert(eq(i32, json_integer(json_member(root, "Text")), 7), "names differ by case");

    const struct json *list = json_member(root, "list");
    cr_assert(eq(sz, json_count(list), 3));
    cr_assert(eq(i32, json_integer(json_next(json_first(list))), -2));
    cr_assert(json_first(json_member(root, "text")) == NULL, "a string holds no nodes");

    cr_assert(json_member(root, "absent") == NULL);
    cr_assert(json_member(root, "tex") == NULL);
    cr_assert(json_member(list, "text") == NULL, "an array has no members");
    cr_assert(json_member(json_first(list), "") == NULL, "an integer has no members");
}

Test(json, a_tree_is_built_member_by_member)
{
    OWNED(json_freep) struct json *root = json_new_object();
    struct json *list = json_new_array();
    cr_assert(root != NULL && list != NULL);
    cr_assert(eq(int, json_push_string(list, VIEW("one")), STATUS_OK));
    cr_assert(eq(int, json_push_string(list, (struct view){"two and more", 3}), STATUS_OK));
    cr_assert(eq(int, json_push_string(list, (struct view){NULL, 0}), STATUS_OK));
    cr_assert(eq(int, json_push(list, json_new_object()), STATUS_OK));
    cr_assert(eq(int, json_set_string(root, "z", VIEW("\"\n\303\245")), STATUS_OK));
    cr_assert(eq(int, json_set_integer(root, "n", -JSON_INTEGER_MAX), STATUS_OK));
    cr_assert(eq(int, json_set_boolean(root, "b", true), STATUS_OK));
    cr_assert(eq(int, json_set(root, "list", list), STATUS_OK));

    OWNED(buffer_release) struct buffer canonical = canonical_of(root);
    cr_assert(eq(str, canonical.data,
                 (char *)"{\"b\":true,\"list\":[\"one\",\"two\",\"\",{}],\"n\":-2147483647,"
                         "\"z\":\"\\\"\\n\303\245\"}"));

    OWNED(buffer_release) struct buffer pretty;
    buffer_init(&pretty, 1000);
    cr_assert(eq(int, json_write_pretty(root, &pretty), STATUS_OK));
    cr_assert(eq(str, pretty.data,
                 (char *)"{\n"
                         "  \"z\": \"\\\"\\n\303\245\",\n"
                         "  \"n\": -2147483647,\n"
                         "  \"b\": true,\n"
                         "  \"list\": [\n"
                         "    \"one\",\n"
                         "    \"two\",\n"
                         "    \"\",\n"
                         "    {}\n"
                         "  ]\n"
                         "}"));

    OWNED(json_freep) struct json *again = parsed(buffer_view(&pretty));
    OWNED(buffer_release) struct buffer same = canonical_of(again);
    cr_assert(eq(str, same.data, canonical.data));
}

Test(json, setting_a_member_again_replaces_it_in_place)
{
    static const struct {
        const char *name;
        const char *canonical;
    } rows[] = {
        {"a", "{\"a\":9,\"b\":2,\"c\":3}"},
        {"b", "{\"a\":1,\"b\":9,\"c\":3}"},
        {"c", "{\"a\":1,\"b\":2,\"c\":9}"},
        {"d", "{\"a\":1,\"b\":2,\"c\":3,\"d\":9}"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(json_freep) struct json *root = parsed(VIEW("{\"a\":1,\"b\":2,\"c\":3}"));
        cr_assert(eq(int, json_set_integer(root, rows[i].name, 9), STATUS_OK));
        cr_assert(eq(int, json_check_canonical(root, view_of(rows[i].canonical), NULL), STATUS_OK),
                  "%s", rows[i].name);
        /* In place: the order of the tree is the order of the names here. */
        size_t count = 0;
        for (const struct json *node = json_first(root); node != NULL; node = json_next(node)) {
            cr_assert(eq(int, json_name(node).data[0], (char)('a' + count++)), "%s", rows[i].name);
        }
        /* The list is whole: another member still goes to its end. */
        cr_assert(eq(int, json_set_boolean(root, "z", false), STATUS_OK));
        cr_assert(eq(sz, json_count(root), count + 1));
    }
    /* A single member, and one that is replaced by a container. */
    OWNED(json_freep) struct json *root = parsed(VIEW("{\"only\":{\"x\":1}}"));
    cr_assert(eq(int, json_set(root, "only", json_new_array()), STATUS_OK));
    cr_assert(eq(int, json_check_canonical(root, VIEW("{\"only\":[]}"), NULL), STATUS_OK));
}

Test(json, what_the_gate_would_refuse_cannot_be_built)
{
    OWNED(json_freep) struct json *root = json_new_object();
    OWNED(json_freep) struct json *list = json_new_array();
    static const struct view texts[] = {TEXT("a\0b"), TEXT("\0"), TEXT("\377"),
                                        TEXT("\355\240\200"), TEXT("\303")};
    for (size_t i = 0; i < COUNT(texts); i++) {
        cr_assert(eq(int, json_set_string(root, "a", texts[i]), STATUS_INVALID), "row %zu", i);
        cr_assert(eq(int, json_push_string(list, texts[i]), STATUS_INVALID), "row %zu", i);
    }
    cr_assert(eq(int, json_set_integer(root, "\377", 1), STATUS_INVALID));
    cr_assert(eq(int, json_set(root, "\303", json_new_array()), STATUS_INVALID));
    cr_assert(eq(int, json_set(root, "a", NULL), STATUS_MEMORY), "a failed allocation further out");
    cr_assert(eq(int, json_push(list, NULL), STATUS_MEMORY));
    cr_assert(eq(sz, json_count(root), 0));
    cr_assert(eq(sz, json_count(list), 0));

    /* One level too many can be built, but not written. */
    for (size_t depth = 1; depth <= JSON_DEPTH_MAX; depth++) {
        OWNED(buffer_release) struct buffer writable = canonical_of(list);
        cr_assert(eq(sz, writable.size, 2 * depth));
        struct json *outer = json_new_array();
        cr_assert(eq(int, json_push(outer, STEAL(list)), STATUS_OK));
        list = outer;
    }
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    cr_assert(eq(int, json_write_canonical(list, &buffer), STATUS_LIMIT));
    cr_assert(eq(int, json_write_pretty(list, &buffer), STATUS_LIMIT));
    cr_assert(eq(sz, buffer.size, 0));
    cr_assert(eq(int, json_check_canonical(list, VIEW("[]"), NULL), STATUS_INVALID));
    buffer_release(&buffer);
}

Test(json, a_copy_is_a_root_of_its_own)
{
    OWNED(json_freep) struct json *root = parsed(VIEW("{\"a\":{\"x\":[1,\"two\"]},\"b\":1}"));
    struct json *copy = json_copy(json_member(root, "a"));
    cr_assert(copy != NULL);
    cr_assert(eq(int, json_set_integer(copy, "y", 2), STATUS_OK), "a copy can grow");
    cr_assert(eq(int, json_set(root, "c", copy), STATUS_OK), "under another name");
    cr_assert(
        eq(int,
           json_check_canonical(
               root, VIEW("{\"a\":{\"x\":[1,\"two\"]},\"b\":1,\"c\":{\"x\":[1,\"two\"],\"y\":2}}"),
               NULL),
           STATUS_OK));

    OWNED(json_freep) struct json *whole = json_copy(root);
    json_freep(&root);
    cr_assert(root == NULL);
    cr_assert(eq(sz, json_count(whole), 3), "a copy outlives what it was made from");
    json_free(NULL);
}

/* --- Properties of any tree --- */

static struct json *random_tree(uint32_t *state, size_t depth);

static void fill_randomly(struct json *container, uint32_t *state, size_t depth)
{
    static const char *const NAMES[] = {
        "", "a", "ab", "b", "\303\245", "\356\200\200", "\n", "\360\220\200\200", "\"\\/", "1"};
    bool is_object = json_type(container) == JSON_OBJECT;
    size_t count = random_next(state) % 7;
    for (size_t i = 0; i < count; i++) {
        const char *name = NAMES[random_next(state) % COUNT(NAMES)];
        struct view string = view_of(NAMES[random_next(state) % COUNT(NAMES)]);
        int32_t integer = (int32_t)(random_next(state) % 1000) - 500;
        enum status status = STATUS_OK;
        uint32_t choice = random_next(state) % 5;
        if (choice == 0) {
            struct json *inner = random_tree(state, depth - 1);
            status = is_object ? json_set(container, name, inner) : json_push(container, inner);
        } else if (choice == 1 && is_object) {
            status = json_set_integer(container, name, integer);
        } else if (choice == 2 && is_object) {
            status = json_set_boolean(container, name, integer > 0);
        } else {
            status = is_object ? json_set_string(container, name, string)
                               : json_push_string(container, string);
        }
        cr_assert(eq(int, status, STATUS_OK));
    }
}

static struct json *random_tree(uint32_t *state, size_t depth)
{
    struct json *tree = random_next(state) % 3 == 0 ? json_new_array() : json_new_object();
    if (depth > 0) {
        fill_randomly(tree, state, depth);
    }
    return tree;
}

Test(json, writing_and_parsing_are_inverse_for_any_tree)
{
    uint32_t state = 7;
    for (size_t round = 0; round < 1500; round++) {
        OWNED(json_freep) struct json *tree = random_tree(&state, 5);
        OWNED(buffer_release) struct buffer canonical = canonical_of(tree);
        OWNED(buffer_release) struct buffer pretty;
        buffer_init(&pretty, JSON_SIZE_MAX);
        cr_assert(eq(int, json_write_pretty(tree, &pretty), STATUS_OK));

        OWNED(json_freep) struct json *from_canonical = parsed(buffer_view(&canonical));
        OWNED(json_freep) struct json *from_pretty = parsed(buffer_view(&pretty));
        struct view expected = buffer_view(&canonical);
        cr_assert(eq(int, json_check_canonical(from_canonical, expected, NULL), STATUS_OK), "%s",
                  canonical.data);
        cr_assert(eq(int, json_check_canonical(from_pretty, expected, NULL), STATUS_OK), "%s",
                  pretty.data);

        /* Pretty keeps the order of the tree: written from its own parse, it is the same. */
        OWNED(buffer_release) struct buffer again;
        buffer_init(&again, JSON_SIZE_MAX);
        cr_assert(eq(int, json_write_pretty(from_pretty, &again), STATUS_OK));
        cr_assert(eq(str, again.data, pretty.data));
    }
}

Test(json, a_canonical_text_with_one_byte_changed_is_another_document_or_refused)
{
    static const char text[] =
        "{\"after\":\"sha256:00\",\"n\":[0,17],\"t\":true,\"\303\245\":null}";
    OWNED(json_freep) struct json *root = parsed(VIEW(text));
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char changed[sizeof text];
            memcpy(changed, text, sizeof text);
            changed[i] = (char)byte;
            struct view view = {changed, sizeof text - 1};
            if (changed[i] == text[i]) {
                continue;
            }
            cr_assert(eq(int, json_check_canonical(root, view, NULL), STATUS_INVALID));
            OWNED(json_freep) struct json *other = NULL;
            if (json_parse(view, &other, NULL) == STATUS_OK) {
                OWNED(buffer_release) struct buffer canonical = canonical_of(other);
                cr_assert(not(view_equal(buffer_view(&canonical), VIEW(text))), "byte %zu = %u", i,
                          byte);
            }
        }
    }
}

/* Whether the gate calls a text canonical; it must be what a byte comparison says. */
static bool canonical_verdict(struct view text)
{
    OWNED(json_freep) struct json *root = NULL;
    bool is_canonical = false;
    cr_assert(eq(int, json_parse_canonical(text, &root, &is_canonical, NULL), STATUS_OK), "%.*s",
              VIEW_ARGS(text));
    OWNED(buffer_release) struct buffer canonical = canonical_of(root);
    bool is_same = view_equal(text, buffer_view(&canonical));
    cr_assert(eq(int, is_canonical, is_same), "%.*s, whose canonical form is %s", VIEW_ARGS(text),
              canonical.data);
    cr_assert(eq(int, json_check_canonical(root, text, NULL) == STATUS_OK, is_same));
    return is_canonical;
}

Test(json, the_gate_tells_a_canonical_text_from_another_spelling)
{
    static const struct {
        const char *text;
        bool is_canonical;
    } rows[] = {
        {"{}", true},
        {"[]", true},
        {"0", true},
        {"-1", true},
        {"\"\"", true},
        {" {}", false},
        {"{}\n", false},
        {"{ }", false},
        {"[ ]", false},
        {"[1, 2]", false},
        {"[1\t,2]", false},
        {"{\"a\" :1}", false},
        {"{\"a\":\r1}", false},
        {"{\"a\":1,\"b\":2}", true},
        {"{\"b\":1,\"a\":2}", false},
        {"{\"a\":1,\"B\":2}", false},
        {"{\"a\":1,\"ab\":2,\"b\":3}", true},
        {"{\"ab\":1,\"a\":2}", false},
        {"{\"\":1,\"a\":2}", true},
        {"[{\"b\":1},{\"a\":1}]", true},
        {"{\"a\":{\"z\":1},\"b\":{\"y\":1}}", true},
        {"{\"a\":{\"z\":1,\"y\":2},\"b\":1}", false},
        /* By UTF-16 code units U+10000 comes before U+E000, and after U+D7FF. */
        {"{\"\360\220\200\200\":1,\"\356\200\200\":2}", true},
        {"{\"\356\200\200\":1,\"\360\220\200\200\":2}", false},
        {"{\"\355\237\277\":1,\"\360\220\200\200\":2}", true},
        {"{\"\\n\\ud800\\udc00\":1,\"\\n\356\200\200\":2}", false},
        {"{\"\\n\360\220\200\200\":1,\"\\n\356\200\200\":2}", true},
        {"{\"\\n\356\200\200\":1,\"\\n\360\220\200\200\":2}", false},
        {"{\"\\n\":1,\"\\r\":2}", true},
        {"{\"\\r\":1,\"\\n\":2}", false},
        {"{\"\\n\":1,\"!\":2,\"\\\"\":3,\"#\":4}", true},
        {"\"\\\"\\\\\\b\\f\\n\\r\\t\"", true},
        {"\"\\/\"", false},
        {"\"\\u0001\\u001f\"", true},
        {"\"\\u001F\"", false},
        {"\"\\u000a\"", false},
        {"\"\\u000b\"", true},
        {"\"\\u000B\"", false},
        {"\"\\u0008\"", false},
        {"\"\\u0022\"", false},
        {"\"\\u005c\"", false},
        {"\"\\u0020\"", false},
        {"\"\\u007f\"", false},
        {"\"\177\"", true},
        {"\"\\u00e5\"", false},
        {"\"\303\245\"", true},
        {"\"\\ud83d\\ude00\"", false},
        {"\"\360\237\230\200\"", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        cr_assert(eq(int, canonical_verdict(view_of(rows[i].text)), rows[i].is_canonical), "%s",
                  rows[i].text);
    }
}

/* Puts, changes or takes out something that may leave the text JSON, canonical or not. */
static void mutate(struct buffer *text, uint32_t *state)
{
    static const char *const PIECES[] = {" ",
                                         "\n",
                                         "\\n",
                                         "\\/",
                                         "\\u000a",
                                         "\\u001f",
                                         "\\u001F",
                                         "\\u00e5",
                                         "\\\"",
                                         "\\ud83d\\ude00",
                                         "\303\245",
                                         "1",
                                         "a",
                                         "\"\"",
                                         "{}",
                                         "[],",
                                         "\"a\":1,",
                                         "\\t",
                                         "\\u0041",
                                         "-",
                                         "0",
                                         "\356\200\200",
                                         "\360\220\200\200"};
    size_t at = random_next(state) % (text->size + 1);
    size_t removed = random_next(state) % 2;
    removed = removed > text->size - at ? text->size - at : removed;
    const char *piece =
        random_next(state) % 4 == 0 ? "" : PIECES[random_next(state) % COUNT(PIECES)];
    OWNED(buffer_release) struct buffer after;
    buffer_init(&after, JSON_SIZE_MAX);
    struct view tail = {text->data + at + removed, text->size - at - removed};
    cr_assert(eq(int, buffer_append(&after, tail), STATUS_OK));
    text->size = at;
    cr_assert(eq(int, buffer_append_text(text, piece), STATUS_OK));
    cr_assert(eq(int, buffer_append(text, buffer_view(&after)), STATUS_OK));
}

Test(json, the_gate_and_a_byte_comparison_agree_on_what_is_canonical)
{
    uint32_t state = 11;
    size_t verdicts[2] = {0};
    size_t mutated_verdicts[2] = {0};
    for (size_t round = 0; round < 1200; round++) {
        OWNED(json_freep) struct json *tree = random_tree(&state, 4);
        OWNED(buffer_release) struct buffer text = canonical_of(tree);
        cr_assert(canonical_verdict(buffer_view(&text)), "%s", text.data);
        OWNED(buffer_release) struct buffer pretty;
        buffer_init(&pretty, JSON_SIZE_MAX);
        cr_assert(eq(int, json_write_pretty(tree, &pretty), STATUS_OK));
        verdicts[canonical_verdict(buffer_view(&pretty))]++;
        for (size_t i = 0; i < 12; i++) {
            OWNED(buffer_release) struct buffer changed;
            buffer_init(&changed, JSON_SIZE_MAX);
            cr_assert(eq(int, buffer_append(&changed, buffer_view(&text)), STATUS_OK));
            mutate(&changed, &state);
            OWNED(json_freep) struct json *other = NULL;
            if (json_parse(buffer_view(&changed), &other, NULL) == STATUS_OK) {
                mutated_verdicts[canonical_verdict(buffer_view(&changed))]++;
            }
        }
    }
    cr_assert(verdicts[false] > 500 && verdicts[true] > 0, "%zu, %zu", verdicts[false],
              verdicts[true]);
    cr_assert(mutated_verdicts[false] > 1000 && mutated_verdicts[true] > 1000, "%zu, %zu",
              mutated_verdicts[false], mutated_verdicts[true]);
}

Test(json, a_tree_outlives_the_trees_that_it_was_joined_from)
{
    /* Texts whose trees take one block of memory, and several. */
    OWNED(buffer_release) struct buffer many = repeated("[[],[],[],[],[],[],[]],", 4000);
    OWNED(buffer_release) struct buffer large;
    buffer_init(&large, JSON_SIZE_MAX);
    cr_assert(
        eq(int, buffer_append_format(&large, "[%.*s1]", (int)many.size, many.data), STATUS_OK));

    OWNED(json_freep) struct json *root = parsed(VIEW("{\"a\":[1,\"two\"],\"b\":{\"c\":\"d\"}}"));
    OWNED(json_freep) struct json *list = parsed(VIEW("[\"x\",[\"y\"]]"));
    cr_assert(eq(int, json_push(list, parsed(buffer_view(&large))), STATUS_OK));
    cr_assert(eq(int, json_push_string(list, VIEW("built")), STATUS_OK));
    cr_assert(eq(int, json_set(root, "a", STEAL(list)), STATUS_OK), "what was there is freed");
    cr_assert(eq(int, json_set(root, "e", json_copy(json_member(root, "b"))), STATUS_OK));
    cr_assert(eq(int, json_set_integer(root, "b", 2), STATUS_OK));

    const struct json *member = json_member(root, "a");
    cr_assert(eq(sz, json_count(member), 4));
    cr_assert(eq(sz, json_count(json_next(json_next(json_first(member)))), 4001));
    OWNED(json_freep) struct json *other = parsed(VIEW("{\"text\":\"takes memory meanwhile\"}"));
    const struct json *copied = json_member(json_member(root, "e"), "c");
    cr_assert(view_is(json_string(copied), "d"));
    cr_assert(eq(sz, json_count(other), 1));
}
