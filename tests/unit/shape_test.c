#include "contracts/shape/shape.h"

#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

static struct json *parsed(const char *text)
{
    struct json *root = NULL;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, json_parse(view_of(text), &root, &failure), STATUS_OK), "%s: %s", text,
              failure.reason);
    return root;
}

/* Adapters to one form, so that one table can hold every function. */
typedef enum status reader(const struct json *node, struct failure *failure);

#define TEXT_READER(name, call)                                                                    \
    static enum status name(const struct json *node, struct failure *failure)                      \
    {                                                                                              \
        struct view text = VIEW("untouched");                                                      \
        enum status status = call;                                                                 \
        cr_assert(                                                                                 \
            eq(int, view_equal(text, status == STATUS_OK ? json_string(node) : VIEW("untouched")), \
               1));                                                                                \
        return status;                                                                             \
    }
TEXT_READER(slug, shape_slug(node, &text, failure))
TEXT_READER(name, shape_name(node, &text, failure))
TEXT_READER(party, shape_party(node, &text, failure))
TEXT_READER(origin, shape_origin(node, &text, failure))
TEXT_READER(vkey, shape_vkey(node, &text, failure))
TEXT_READER(currency, shape_currency(node, &text, failure))
TEXT_READER(unit, shape_unit(node, &text, failure))
TEXT_READER(unit_computed, shape_unit_computed(node, &text, failure))
TEXT_READER(text_2_to_4, shape_text(node, 2, 4, &text, failure))

static enum status array_1_to_2(const struct json *node, struct failure *failure)
{
    size_t count = 99;
    enum status status = shape_array(node, 1, 2, &count, failure);
    cr_assert(eq(sz, count, status == STATUS_OK ? json_count(node) : 99));
    return status;
}

static enum status array_of_2(const struct json *node, struct failure *failure)
{
    return shape_array(node, 2, 2, NULL, failure);
}

static enum status localized(const struct json *node, struct failure *failure)
{
    struct localized text = {.count = 77};
    enum status status = shape_localized(node, &text, failure);
    cr_assert(eq(sz, text.count, status == STATUS_OK ? json_count(node) : 77));
    return status;
}

static enum status date(const struct json *node, struct failure *failure)
{
    struct date value;
    return shape_date(node, &value, failure);
}

static enum status published_date(const struct json *node, struct failure *failure)
{
    struct published_date value;
    return shape_published_date(node, &value, failure);
}

static enum status decimal(const struct json *node, struct failure *failure)
{
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    return shape_decimal(node, &value, failure);
}

static enum status money(const struct json *node, struct failure *failure)
{
    struct shape_money value = {.amount = VIEW("untouched")};
    enum status status = shape_money(node, &value, failure);
    cr_assert(eq(int, view_is(value.amount, "untouched"), status != STATUS_OK));
    return status;
}

static enum status digest(const struct json *node, struct failure *failure)
{
    struct hash value;
    return shape_digest(node, &value, failure);
}

static enum status integer_3_to_5(const struct json *node, struct failure *failure)
{
    int32_t value = 0;
    enum status status = shape_integer(node, 3, 5, &value, failure);
    cr_assert(eq(i32, value, status == STATUS_OK ? json_integer(node) : 0));
    return status;
}

static enum status boolean(const struct json *node, struct failure *failure)
{
    bool value;
    return shape_boolean(node, &value, failure);
}

static enum status word(const struct json *node, struct failure *failure)
{
    static const char *const words[] = {"up", "down"};
    size_t index = 9;
    enum status status = shape_word(node, words, 2, &index, failure);
    if (status == STATUS_OK) {
        cr_assert(eq(int, view_is(json_string(node), words[index]), 1));
    }
    return status;
}

static enum status object(const struct json *node, struct failure *failure)
{
    static const struct shape_field fields[] = {
        {"must", SHAPE_REQUIRED}, {"may", SHAPE_OPTIONAL}, {"also", SHAPE_REQUIRED}};
    const struct json *nodes[3] = {NULL};
    enum status status = shape_object(node, fields, 3, nodes, failure);
    for (size_t i = 0; i < 3; i++) {
        const struct json *wanted = status == STATUS_OK ? json_member(node, fields[i].name) : NULL;
        cr_assert(eq(ptr, (void *)(uintptr_t)nodes[i], (void *)(uintptr_t)wanted));
    }
    return status;
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define HEX63 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

Test(shape, accepts_exactly_what_it_says)
{
    static const struct {
        reader *read;
        const char *text;
    } rows[] = {
        {slug, "\"2y\""},
        {slug, "\"-\""},
        {slug, "\"" X60 "abcd\""},
        {name, "\"a\""},
        {name, "\"not_published\""},
        {name, "\"" X60 "_9ab\""},
        {party, "\"a\""},
        {party, "\"9\""},
        {party, "\"norrkoping.se\""},
        {party, "\"a..--b\""},
        {party, "\"" X60 X10 X10 X10 X10 "\""},
        {origin, "\"ledger.norrkoping.se/utfall\""},
        {origin, "\"!~\""},
        {origin, "\"" X60 X60 X60 X60 "xxxxxxxxxxxxxxx\""},
        {vkey, "\"n+01234567+AAAA\""},
        {vkey, "\"n+abcdef89+A+/9AA==\""},
        {currency, "\"SEK\""},
        {currency, "\"XXX\""},
        {unit, "\"1\""},
        {unit, "\"SEK\""},
        {unit, "\"1/day\""},
        {unit, "\"_a*B/c/1\""},
        {unit, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx*xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""},
        {unit_computed, "\"" X10 X10 X10 "/" X10 X10 X10 "/" X10 X10 X10 "\""},
        {text_2_to_4, "\"ab\""},
        {text_2_to_4, "\"\xc3\xa5\xc3\xa4\xc3\xb6\xf0\x9f\x8c\xb3\""}, /* four code points */
        {array_1_to_2, "[1]"},
        {array_1_to_2, "[[],[]]"},
        {array_of_2, "[1,2]"},
        {localized, "{\"en\":\"x\"}"},
        {localized,
         "{\"aa\":\"x\",\"ab\":\"x\",\"ac\":\"x\",\"ad\":\"x\",\"ae\":\"x\",\"af\":\"x\","
         "\"ag\":\"x\",\"zz\":\"x\"}"},
        {date, "\"2016-02-29\""},
        {published_date, "\"2016-08-01\""},
        {published_date, "\"not_published\""},
        {decimal, "\"-0.075\""},
        {money, "{\"amount\":\"10000000.00\",\"currency\":\"SEK\"}"},
        {money, "{\"amount\":\"0\",\"currency\":\"JPY\"}"},
        {money, "{\"amount\":\"-0.0001\",\"currency\":\"CLF\"}"},
        {money, "{\"amount\":\"999999999999999999.9999\",\"currency\":\"SEK\"}"},
        {digest, "\"sha256:" HEX63 "f\""},
        {integer_3_to_5, "3"},
        {integer_3_to_5, "5"},
        {boolean, "true"},
        {boolean, "false"},
        {word, "\"up\""},
        {word, "\"down\""},
        {object, "{\"must\":1,\"also\":2}"},
        {object, "{\"also\":2,\"may\":null,\"must\":1}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(json_freep) struct json *node = parsed(rows[i].text);
        struct failure failure = {.reason = ""};
        cr_assert(eq(int, rows[i].read(node, &failure), STATUS_OK), "%s: %s", rows[i].text,
                  failure.reason);
    }
}

Test(shape, refuses_other_spellings_and_says_what_it_expected)
{
    static const struct {
        reader *read;
        const char *text;
        const char *expected; /* a part of the reason */
    } rows[] = {
        {slug, "\"\"", "expected 1 to 64 of a-z, 0-9 and '-', found \"\""},
        {slug, "\"2Y\"", "found \"2Y\""},
        {slug, "\"a_b\"", "found"},
        {slug, "\"a\\n\"", "found \"a?\""},
        {slug, "\"" X60 "abcde\"", "found \"" X10 X10 X10 X10 "...\""},
        {slug, "7", "found the number 7"},
        {slug, "[7]", "found an array of 1"},
        {slug, "{}", "found an object of 0"},
        {slug, "null", "found null"},
        {slug, "true", "found true"},
        {name, "\"\"", "a letter a-z"},
        {name, "\"9a\"", "found"},
        {name, "\"_a\"", "found"},
        {name, "\"a-b\"", "found"},
        {name, "\"aB\"", "found"},
        {name, "\"" X60 "abcde\"", "found"},
        {name, "false", "found false"},
        {party, "\"\"", "a party id"},
        {party, "\".se\"", "found"},
        {party, "\"se-\"", "found"},
        {party, "\"a/b\"", "found"},
        {party, "\"A\"", "found"},
        {party, "\"" X60 X10 X10 X10 X10 "x\"", "found"},
        {origin, "\"\"", "an origin"},
        {origin, "\"a b\"", "found"},
        {origin, "\"a+b\"", "found"},
        {origin, "\"\xc3\xa5\"", "found \"\xc3\xa5\""},
        {origin, "\"\\u007f\"", "found \"?\""},
        {origin, "\"" X60 X60 X60 X60 "xxxxxxxxxxxxxxxx\"", "found"},
        {vkey, "\"\"", "a vkey"},
        {vkey, "\"n\"", "found"},
        {vkey, "\"n+01234567\"", "found"},
        {vkey, "\"n+01234567+\"", "found"},
        {vkey, "\"n+01234567+AAA\"", "found"},
        {vkey, "\"n+0123456+AAAA\"", "found"},
        {vkey, "\"n+012345678+AAAA\"", "found"},
        {vkey, "\"n+0123456F+AAAA\"", "found"},
        {vkey, "\"+01234567+AAAA\"", "found"},
        {vkey, "\"n n+01234567+AAAA\"", "found"},
        {vkey, "\"n+01234567+AAAA===\"", "found"},
        {vkey, "\"n+01234567+AA=AA\"", "found"},
        {vkey, "\"n+01234567+AAAA=A\"", "found"},
        {vkey, "\"n+01234567+AA-A\"", "found"},
        {currency, "\"sek\"", "a currency code"},
        {currency, "\"SE\"", "found"},
        {currency, "\"SEKK\"", "found"},
        {unit, "\"\"", "a unit"},
        {unit, "\"/day\"", "found"},
        {unit, "\"day/\"", "found"},
        {unit, "\"a**b\"", "found"},
        {unit, "\"11\"", "found"},
        {unit, "\"1a\"", "found"},
        {unit, "\"a1\"", "found"},
        {unit, "\"2\"", "found"},
        {unit, "\"SEK / person\"", "found"},
        {unit, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", "found"},
        {unit, "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx*xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", "found"},
        {text_2_to_4, "\"a\"", "expected a text of 2 to 4 characters, found \"a\""},
        {text_2_to_4, "\"\xc3\xa5\xc3\xa4\xc3\xb6xy\"", "found"},
        {text_2_to_4, "12", "found the number 12"},
        {text_2_to_4,
         "\"\xe2\x80\xae"
         "abcd\"",
         "found \"?abcd\""}, /* reorders what follows */
        {array_1_to_2, "[]", "expected an array of 1 to 2 items, found an array of 0"},
        {array_1_to_2, "[1,2,3]", "found an array of 3"},
        {array_1_to_2, "{\"a\":1}", "found an object of 1"},
        {array_of_2, "[1]", "expected an array of 2 items, found an array of 1"},
        {localized, "\"x\"", "a text in 1 to 8 languages"},
        {localized, "{}", "found an object of 0"},
        {localized,
         "{\"aa\":\"x\",\"ab\":\"x\",\"ac\":\"x\",\"ad\":\"x\",\"ae\":\"x\",\"af\":\"x\","
         "\"ag\":\"x\",\"ah\":\"x\",\"ai\":\"x\"}",
         "found an object of 9"},
        {date, "\"2015-02-29\"", "a date such as"},
        {date, "\"2016-8-1\"", "found"},
        {date, "20160801", "found the number 20160801"},
        {date, "\"not_published\"", "found \"not_published\""},
        {published_date, "\"unknown\"", "or \"not_published\", found \"unknown\""},
        {published_date, "null", "found null"},
        {decimal, "\"0.10\"", "a decimal in quotes"},
        {decimal, "\"-0\"", "found"},
        {decimal, "1", "found the number 1"},
        {money, "\"1.00 SEK\"", "expected an object"},
        {digest, "\"sha256:" HEX63 "\"", "64 hexadecimal digits"},
        {digest, "\"sha256:" HEX63 "F\"", "found"},
        {digest, "\"" HEX63 "f\"", "found"},
        {digest, "\"sha256:\"", "found"},
        {digest, "[]", "found"},
        {integer_3_to_5, "2", "expected an integer from 3 to 5, found the number 2"},
        {integer_3_to_5, "6", "found"},
        {integer_3_to_5, "\"4\"", "found \"4\""},
        {boolean, "\"true\"", "expected true or false"},
        {boolean, "0", "found the number 0"},
        {word, "\"UP\"", "expected one of \"up\", \"down\", found \"UP\""},
        {word, "\"\"", "found"},
        {word, "0", "found"},
        {object, "[]", "expected an object, found an array of 0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(json_freep) struct json *node = parsed(rows[i].text);
        struct failure failure = {.reason = ""};
        cr_assert(eq(int, rows[i].read(node, &failure), STATUS_INVALID), "row %zu: %s", i,
                  rows[i].text);
        cr_assert(eq(str, failure.code, (char *)"FIELD_MALFORMED"), "%s", rows[i].text);
        cr_assert(eq(str, failure.at, (char *)""), "%s", rows[i].text);
        cr_assert(ne(ptr, strstr(failure.reason, rows[i].expected), NULL), "%s: %s", rows[i].text,
                  failure.reason);
    }
}

Test(shape, names_the_field_that_is_wrong_inside_an_object)
{
    static const struct {
        reader *read;
        const char *text;
        const char *code;
        const char *at;
    } rows[] = {
        {object, "{\"must\":1}", "FIELD_MISSING", "/also"},
        {object, "{}", "FIELD_MISSING", "/must"},
        {object, "{\"must\":1,\"also\":1,\"Must\":1}", "FIELD_UNKNOWN", "/Must"},
        {object, "{\"must\":1,\"also\":1,\"\":1}", "FIELD_UNKNOWN", "/"},
        {object, "{\"a/b~c\":1}", "FIELD_UNKNOWN", "/a~1b~0c"},
        {object, "{\"" X60 "\":1}", "FIELD_UNKNOWN", "/" X10 X10 X10 X10 "..."},
        {money, "{\"amount\":\"1\"}", "FIELD_MISSING", "/currency"},
        {money, "{\"amount\":\"1\",\"currency\":\"kr\"}", "FIELD_MALFORMED", "/currency"},
        {money, "{\"amount\":\"1.\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\".1\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"-\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"01\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"-0\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"-0.00\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"1.00000\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"1.0x\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"1,0\",\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {money, "{\"amount\":\"1000000000000000000\",\"currency\":\"SEK\"}", "FIELD_MALFORMED",
         "/amount"},
        {money, "{\"amount\":1,\"currency\":\"SEK\"}", "FIELD_MALFORMED", "/amount"},
        {localized, "{\"en\":\"x\",\"swe\":\"x\"}", "FIELD_UNKNOWN", "/swe"},
        {localized, "{\"EN\":\"x\"}", "FIELD_UNKNOWN", "/EN"},
        {localized, "{\"en\":\"x\",\"sv\":\"\"}", "FIELD_MALFORMED", "/sv"},
        {localized, "{\"en\":5}", "FIELD_MALFORMED", "/en"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(json_freep) struct json *node = parsed(rows[i].text);
        struct failure failure = {.reason = ""};
        cr_assert(eq(int, rows[i].read(node, &failure), STATUS_INVALID), "%s", rows[i].text);
        cr_assert(eq(str, failure.code, (char *)rows[i].code), "%s", rows[i].text);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "%s", rows[i].text);
        /* Nobody has to take the details. */
        cr_assert(eq(int, rows[i].read(node, NULL), STATUS_INVALID), "%s", rows[i].text);
    }
}

Test(shape, an_unknown_field_is_told_which_there_are)
{
    OWNED(json_freep) struct json *node = parsed("{\"mus\":1}");
    struct failure failure;
    cr_assert(eq(int, object(node, &failure), STATUS_INVALID));
    cr_assert(eq(str, failure.reason,
                 (char *)"expected one of the fields must, may, also, found \"mus\""));
}

Test(shape, reads_the_values)
{
    OWNED(json_freep)
    struct json *root = parsed("[\"2016-08-01\",\"not_published\",\"-0.5\",\"sha256:" HEX63
                               "f\",true,\"down\",{\"amount\":\"1.50\",\"currency\":\"SEK\"}]");
    const struct json *node = json_first(root);
    struct failure failure;

    struct published_date published;
    cr_assert(eq(int, shape_published_date(node, &published, &failure), STATUS_OK));
    cr_assert(published.is_published);
    cr_assert(eq(int, published.date.year, 2016));
    cr_assert(eq(int, published.date.month, 8));
    cr_assert(eq(int, published.date.day, 1));

    node = json_next(node);
    cr_assert(eq(int, shape_published_date(node, &published, &failure), STATUS_OK));
    cr_assert(not(published.is_published));
    cr_assert(shape_is_not_published(node));

    node = json_next(node);
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational half;
    rational_init(&value);
    rational_init(&half);
    rational_set_fraction(&half, -1, 2);
    cr_assert(eq(int, shape_decimal(node, &value, &failure), STATUS_OK));
    cr_assert(eq(int, rational_compare(&value, &half), 0));

    node = json_next(node);
    struct hash hash;
    cr_assert(eq(int, shape_digest(node, &hash, &failure), STATUS_OK));
    cr_assert(eq(int, hash.bytes[0], 0x01));
    cr_assert(eq(int, hash.bytes[31], 0xef));

    node = json_next(node);
    bool flag = false;
    cr_assert(eq(int, shape_boolean(node, &flag, &failure), STATUS_OK));
    cr_assert(flag);
    cr_assert(not(shape_is_not_published(node)));

    node = json_next(node);
    static const char *const words[] = {"up", "down"};
    size_t index;
    cr_assert(eq(int, shape_word(node, words, 2, &index, &failure), STATUS_OK));
    cr_assert(eq(sz, index, 1));

    node = json_next(node);
    struct shape_money amount;
    cr_assert(eq(int, shape_money(node, &amount, &failure), STATUS_OK));
    cr_assert(view_is(amount.amount, "1.50"));
    cr_assert(view_is(amount.currency, "SEK"));
}

Test(shape, a_text_is_told_in_the_language_asked_for_else_english_else_the_first)
{
    static const struct {
        const char *text;
        const char *language;
        const char *told;
    } rows[] = {
        {"{\"de\":\"d\",\"en\":\"e\",\"sv\":\"s\"}", "sv", "s"},
        {"{\"de\":\"d\",\"en\":\"e\",\"sv\":\"s\"}", "fi", "e"},
        {"{\"de\":\"d\",\"sv\":\"s\"}", "fi", "d"},
        {"{\"de\":\"d\",\"sv\":\"s\"}", "", "d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OWNED(json_freep) struct json *node = parsed(rows[i].text);
        struct localized text;
        cr_assert(eq(int, shape_localized(node, &text, NULL), STATUS_OK));
        struct view told = localized_text(&text, rows[i].language);
        cr_assert(view_is(told, rows[i].told), "row %zu: %.*s", i, VIEW_ARGS(told));
    }
    struct localized nothing = {.count = 0};
    cr_assert(eq(sz, localized_text(&nothing, "en").size, 0));
}

Test(shape, quotes_only_what_is_safe_to_show)
{
    static const struct {
        const char *text;
        const char *quoted;
    } rows[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"\xc3\xa5\xc3\xa4\xc3\xb6", "\"\xc3\xa5\xc3\xa4\xc3\xb6\""},
        {"a\x1b[31mb", "\"a?[31mb\""},
        {"\xc2\x9b"
         "31m",
         "\"?31m\""}, /* a control character in two bytes */
        {"\xe2\x80\xae"
         "txt.exe",
         "\"?txt.exe\""},            /* right-to-left override */
        {"\xe2\x81\xa6x", "\"?x\""}, /* isolate */
        {"\xffx", "\"?x\""},         /* not UTF-8 */
        {X10 X10 X10 X10, "\"" X10 X10 X10 X10 "\""},
        {X10 X10 X10 X10 "y", "\"" X10 X10 X10 X10 "...\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char quoted[SHAPE_QUOTE_SIZE];
        shape_quote(view_of(rows[i].text), quoted);
        cr_assert(eq(str, quoted, (char *)rows[i].quoted), "row %zu", i);
    }

    /* The longest characters there are still fit. */
    char wide[4 * 60 + 1] = "";
    for (size_t i = 0; i < 60; i++) {
        memcpy(wide + 4 * i, "\xf0\x9f\x8c\xb3", 5);
    }
    char quoted[SHAPE_QUOTE_SIZE];
    shape_quote(view_of(wide), quoted);
    cr_assert(eq(sz, strlen(quoted), 4 * 40 + strlen("\"...\"")));
}

Test(shape, a_place_is_built_step_by_step)
{
    struct failure failure = {.at = ""};
    shape_prefix_name(&failure, "to");
    shape_prefix_index(&failure, 499);
    shape_prefix_name(&failure, "a~/b");
    cr_assert(eq(str, failure.at, (char *)"/a~0~1b/499/to"));
    shape_prefix_name(NULL, "x");
    shape_prefix_index(NULL, 1);
}
