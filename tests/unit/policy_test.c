#include "ledger/log/policy.h"

#include "ledger/base/limits.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DASH "\xe2\x80\x94 "
#define LOG_VKEY "example.com/soc-ledger+c70fe24f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define WITNESS_VKEY "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define TEXT "example.com/soc-ledger\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
#define LOG_LINE                                                                          \
    DASH "example.com/soc-ledger "                                                        \
         "xw/iTyp2idkFtbnq5gWXY6ZzmSEX5RJq/oV6vkjXKkPUT2og/lgM+oZfpAgeiKkuCIKbhzsiM8W6DW" \
         "S6WpspuAe4lwk=\n"
#define WITNESS_LINE                                                                          \
    DASH "witness.example/w1 "                                                                \
         "3xwKNQAAAABrBAnvaENiLDXSUmb19nJen26K+eT9vXm+yKnl1yPTsTii0dK0tDPzMyTV1jYlWz87Vq0cKL" \
         "Dppt3zrFPDeWSz/94+DA==\n"
#define POLICY                      \
    "log " LOG_VKEY "\n"            \
    "witness W1 " WITNESS_VKEY "\n" \
    "quorum W1\n"

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(policy, .init = prepare);

static struct policy *parsed(const char *text)
{
    struct policy *policy = NULL;
    struct failure failure = {0};
    cr_assert(eq(int, policy_parse(view_of(text), &policy, &failure), STATUS_OK), "%s: %s %s", text,
              failure.at, failure.reason);
    return policy;
}

/* The vkey of the witness made from seed `fill`. */
static void write_vkey(uint8_t fill, const char *name, struct buffer *buffer)
{
    struct secret_key *secret = support_secret(fill);
    struct cosigner cosigner;
    cr_assert(
        eq(int, cosigner_make(view_of(name), secret_key_public(secret), &cosigner), STATUS_OK));
    cr_assert(eq(int, cosigner_write(&cosigner, buffer), STATUS_OK));
    secret_key_free(secret);
}

/* Appends "witness <letter> <vkey>\n" for each letter; their seeds are 10, 11, ... */
static void write_witnesses(const char *letters, struct buffer *buffer)
{
    for (size_t i = 0; letters[i] != '\0'; i++) {
        char name[2] = {letters[i], '\0'};
        cr_assert(eq(int, buffer_append_format(buffer, "witness %s ", name), STATUS_OK));
        write_vkey((uint8_t)(10 + i), name, buffer);
        cr_assert(eq(int, buffer_append_byte(buffer, '\n'), STATUS_OK));
    }
}

Test(policy, the_published_example_holds)
{
    struct policy *policy = parsed(POLICY);
    struct policy_result result;
    struct failure failure = {0};
    struct view note = VIEW(TEXT "\n" LOG_LINE WITNESS_LINE);
    cr_assert(eq(int, policy_check(policy, NULL, note, &result, &failure), STATUS_OK), "%s",
              failure.reason);
    cr_assert(eq(int, result.quorum, POLICY_HOLDS));
    cr_assert(eq(sz, result.signed_count, 1));
    cr_assert(eq(int, result.witnessed[0], POLICY_SIGNED));
    cr_assert(eq(u64, result.times[0], UINT64_C(0x6b0409ef)));
    cr_assert(eq(u64, result.checkpoint.size, 5));
    cr_assert(result.log == &policy->logs[0].key);

    struct view alone = VIEW(TEXT "\n" LOG_LINE);
    cr_assert(eq(int, policy_check(policy, NULL, alone, &result, &failure), STATUS_OK));
    cr_assert(eq(int, result.quorum, POLICY_INCOMPLETE));
    cr_assert(eq(int, result.witnessed[0], POLICY_ABSENT));
    policy_free(policy);
}

Test(policy, what_does_not_verify_is_untrusted_whatever_the_order)
{
    struct policy *policy = parsed(POLICY);
    static const char *const rows[] = {
        TEXT "\n" WITNESS_LINE, /* no log */
        "example.com/soc-ledger\n6\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
        "\n" LOG_LINE WITNESS_LINE,
        "example.com/other\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
        "\n" LOG_LINE WITNESS_LINE,
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy_result result;
        cr_assert(
            eq(int, policy_check(policy, NULL, view_of(rows[i]), &result, NULL), STATUS_UNTRUSTED),
            "row %zu", i);
    }
    /* A good log line and a witness line of another checkpoint. */
    char bad[] = TEXT "\n" LOG_LINE WITNESS_LINE;
    struct policy_result result;
    bad[sizeof bad - 8] = bad[sizeof bad - 8] == 'A' ? 'B' : 'A';
    cr_assert(eq(int, policy_check(policy, NULL, view_of(bad), &result, NULL), STATUS_UNTRUSTED));
    /* The same witness twice. */
    struct view twice = VIEW(TEXT "\n" LOG_LINE WITNESS_LINE WITNESS_LINE);
    cr_assert(eq(int, policy_check(policy, NULL, twice, &result, NULL), STATUS_INVALID));
    policy_free(policy);
}

Test(policy, a_log_that_is_known_from_elsewhere)
{
    struct note_key log;
    struct note_key other;
    struct policy_result result;
    struct secret_key *secret = support_secret(9);
    struct view note = VIEW(TEXT "\n" LOG_LINE WITNESS_LINE);
    cr_assert(eq(int, note_key_parse(VIEW(LOG_VKEY), &log, NULL), STATUS_OK));
    other = support_key(secret, "example.com/soc-ledger");
    secret_key_free(secret);

    struct policy *without = parsed("witness W1 " WITNESS_VKEY "\nquorum W1\n");
    cr_assert(eq(int, policy_check(without, &log, note, &result, NULL), STATUS_OK));
    cr_assert(eq(int, result.quorum, POLICY_HOLDS));
    cr_assert(eq(int, policy_check(without, NULL, note, &result, NULL), STATUS_UNTRUSTED));
    cr_assert(eq(int, policy_check(without, &other, note, &result, NULL), STATUS_UNTRUSTED));
    policy_free(without);

    struct policy *with = parsed(POLICY);
    cr_assert(eq(int, policy_check(with, &log, note, &result, NULL), STATUS_OK));
    cr_assert(eq(int, policy_check(with, &other, note, &result, NULL), STATUS_UNTRUSTED));
    policy_free(with);
}

/* The specification's example: two of X1..X3 (a b c) and any of Y1..Y3 (d e f). */
#define GROUPS             \
    "group X 2 a b c\n"    \
    "group Y any d e f\n"  \
    "group Both all X Y\n" \
    "quorum Both\n"

Test(policy, quorums_of_groups)
{
    static const struct {
        const char *rest;
        const char *who;
        bool expected;
    } rows[] = {
        {GROUPS, "", false},
        {GROUPS, "abc", false},
        {GROUPS, "abd", true},
        {GROUPS, "acf", true},
        {GROUPS, "adef", false},
        {GROUPS, "abcdef", true},
        {"quorum none\n", "", true},
        {"quorum c\n", "ab", false},
        {"quorum c\n", "c", true},
        {"group g all a b\nquorum g\n", "a", false},
        {"group g all a b\nquorum g\n", "ab", true},
        {"group g 1 f\nquorum g\n", "f", true},
        {"group g any a b\ngroup h all c d\nquorum h\n", "ab", false},
        {"group g any a b\ngroup h all c g\nquorum h\n", "bc", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer text;
        buffer_init(&text, POLICY_SIZE_MAX);
        write_witnesses("abcdef", &text);
        cr_assert(eq(int, buffer_append_text(&text, rows[i].rest), STATUS_OK));
        struct policy *policy = parsed(text.data);
        bool has_signed[POLICY_WITNESSES_MAX] = {false};
        for (const char *who = rows[i].who; *who != '\0'; who++) {
            has_signed[*who - 'a'] = true;
        }
        cr_assert(eq(int, policy_quorum_holds(policy, has_signed), rows[i].expected), "row %zu: %s",
                  i, rows[i].who);
        policy_free(policy);
        buffer_release(&text);
    }
}

Test(policy, layout_that_says_nothing)
{
    struct policy *policy = parsed("# a comment\n\n \t \n\t# another\x80\xff\n"
                                   "  log\t" LOG_VKEY "   https://log.example/ \n"
                                   "witness W\xc3\xa5 " WITNESS_VKEY "\thttps://w.example/x\t\n"
                                   "\tquorum \t W\xc3\xa5\n");
    cr_assert(view_is(policy->logs[0].url, "https://log.example/"));
    cr_assert(view_is(policy->witnesses[0].url, "https://w.example/x"));
    cr_assert(view_is(policy->witnesses[0].name, "W\xc3\xa5"));
    cr_assert(eq(sz, policy->quorum, 0));
    policy_free(policy);
}

Test(policy, what_is_malformed_is_refused_with_its_line)
{
    static const struct {
        const char *text;
        const char *at;
    } rows[] = {
        {"", ""},
        {"log " LOG_VKEY "\n", ""},
        {"quorum none", "line 1"},
        {"quorum none\nquorum none\n", "line 2"},
        {"quorum x\n", "line 1"},
        {"quorum none x\n", "line 1"},
        {"quorum\n", "line 1"},
        {"Quorum none\n", "line 1"},
        {"quorum none\r\n", "line 1"},
        {"# \x7f\nquorum none\n", "line 1"},
        {"log\nquorum none\n", "line 1"},
        {"log nonsense\nquorum none\n", "line 1"},
        {"log " WITNESS_VKEY "\nquorum none\n", "line 1"},
        {"log " LOG_VKEY " url more\nquorum none\n", "line 1"},
        {"log " LOG_VKEY "\nlog " LOG_VKEY "\nquorum none\n", "line 2"},
        {"witness W1 " LOG_VKEY "\nquorum none\n", "line 1"},
        {"witness W1\nquorum none\n", "line 1"},
        {"witness none " WITNESS_VKEY "\nquorum none\n", "line 1"},
        {"witness W1 " WITNESS_VKEY "\nwitness W2 " WITNESS_VKEY "\nquorum none\n", "line 2"},
        {"quorum W1\nwitness W1 " WITNESS_VKEY "\n", "line 1"},
        {"witness W1 " WITNESS_VKEY "\ngroup W1 all W1\nquorum W1\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g all g\nquorum g\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g all none\nquorum g\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g all\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g 0 W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g 2 W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g 01 W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g most W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g all W1 W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup g all W1\ngroup h all W1\nquorum none\n", "line 3"},
        {"witness W1 " WITNESS_VKEY "\ngroup none all W1\nquorum none\n", "line 2"},
        {"witness W1 " WITNESS_VKEY "\ngroup W1\nquorum none\n", "line 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct policy *policy = NULL;
        struct failure failure = {0};
        cr_assert(eq(int, policy_parse(view_of(rows[i].text), &policy, &failure), STATUS_INVALID),
                  "row %zu: %s", i, rows[i].text);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu: %s", i, rows[i].text);
        cr_assert(policy == NULL);
    }
}

Test(policy, the_maxima_are_reached_and_not_passed)
{
    for (size_t count = POLICY_WITNESSES_MAX; count <= POLICY_WITNESSES_MAX + 1; count++) {
        struct buffer text;
        struct policy *policy = NULL;
        buffer_init(&text, POLICY_SIZE_MAX);
        for (size_t i = 0; i < count; i++) {
            char name[24];
            (void)snprintf(name, sizeof name, "w%zu", i);
            cr_assert(eq(int, buffer_append_format(&text, "witness %s ", name), STATUS_OK));
            write_vkey((uint8_t)(10 + i), name, &text);
            cr_assert(eq(int, buffer_append_byte(&text, '\n'), STATUS_OK));
        }
        cr_assert(eq(int, buffer_append(&text, VIEW("quorum none\n")), STATUS_OK));
        enum status expected = count > POLICY_WITNESSES_MAX ? STATUS_LIMIT : STATUS_OK;
        cr_assert(eq(int, policy_parse(buffer_view(&text), &policy, NULL), expected));
        policy_free(policy);
        buffer_release(&text);
    }
}
