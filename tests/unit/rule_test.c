/* Rule: the one list of refusals is whole, and a refusal carries its name to the reader. */
#include "contracts/rule/rule.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* The list as it is written, beside what the module answers. */
static const struct {
    enum rule rule;
    const char *name;
    enum status status;
    const char *english;
    const char *swedish;
} LIST[] = {
#define RULE(name, status, english, swedish) \
    {RULE_##name, #name, STATUS_##status, english, swedish},
#include "contracts/rule/rules.def"
#undef RULE
};
#define LIST_COUNT (sizeof LIST / sizeof LIST[0])

static bool is_sentence(const char *text)
{
    size_t size = strlen(text);
    return size > 10 && text[size - 1] == '.' && text[size - 2] != '.' && text[0] != ' ' &&
           strchr(text, '\n') == NULL && strstr(text, "  ") == NULL;
}

Test(rule, names_are_unique_and_found_again)
{
    cr_assert(eq(sz, LIST_COUNT, (size_t)RULE_COUNT - 1));
    for (size_t i = 0; i < LIST_COUNT; i++) {
        cr_assert(eq(str, (char *)rule_name(LIST[i].rule), (char *)LIST[i].name));
        cr_assert(eq(int, rule_by_name(LIST[i].name), LIST[i].rule), "%s", LIST[i].name);
        cr_assert(lt(sz, strlen(LIST[i].name), FAILURE_CODE_SIZE), "%s", LIST[i].name);
        for (size_t k = 0; k < i; k++) {
            cr_assert(ne(str, (char *)LIST[i].name, (char *)LIST[k].name));
        }
    }
}

Test(rule, a_name_that_is_no_rule_gives_none)
{
    static const char *const rows[] = {
        "", "NONE", "INVALID", "after_stale", "AFTER_STALE ", "AFTER_STAL"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, rule_by_name(rows[i]), RULE_NONE), "\"%s\"", rows[i]);
    }
    cr_assert(eq(str, (char *)rule_name(RULE_NONE), (char *)"NONE"));
}

Test(rule, every_rule_has_a_sentence_of_its_own_in_both_languages)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        cr_assert(is_sentence(LIST[i].english), "%s", LIST[i].name);
        cr_assert(is_sentence(LIST[i].swedish), "%s", LIST[i].name);
        cr_assert(ne(str, (char *)LIST[i].english, (char *)LIST[i].swedish));
        cr_assert(eq(str, (char *)rule_sentence(LIST[i].rule, "sv"), (char *)LIST[i].swedish));
        cr_assert(eq(str, (char *)rule_sentence(LIST[i].rule, "en"), (char *)LIST[i].english));
        cr_assert(eq(str, (char *)rule_sentence(LIST[i].rule, ""), (char *)LIST[i].english));
        cr_assert(eq(str, (char *)rule_sentence(LIST[i].rule, "fi"), (char *)LIST[i].english));
        for (size_t k = 0; k < i; k++) {
            cr_assert(ne(str, (char *)LIST[i].english, (char *)LIST[k].english));
            cr_assert(ne(str, (char *)LIST[i].swedish, (char *)LIST[k].swedish));
        }
    }
}

Test(rule, a_refusal_carries_name_place_and_details)
{
    for (size_t i = 0; i < LIST_COUNT; i++) {
        struct failure failure = {0};
        enum status status = refuse(&failure, LIST[i].rule, "/lines/3", "%s %d\n", "line", 3);
        bool reacts = status == STATUS_INVALID || status == STATUS_UNTRUSTED ||
                      status == STATUS_CONFLICT || status == STATUS_LIMIT;
        cr_assert(reacts, "%s", LIST[i].name);
        cr_assert(eq(int, status, LIST[i].status), "%s", LIST[i].name);
        cr_assert(eq(int, failure.status, LIST[i].status), "%s", LIST[i].name);
        cr_assert(eq(str, failure.code, (char *)LIST[i].name));
        cr_assert(eq(str, failure.at, (char *)"/lines/3"));
        cr_assert(eq(str, failure.reason, (char *)"line 3?"),
                  "a line break never reaches a terminal");
        cr_assert(eq(int, refuse(NULL, LIST[i].rule, "", "%s", "nobody asks"), LIST[i].status));
    }
}

Test(rule, a_reason_that_is_too_long_is_cut_and_a_percent_sign_is_kept)
{
    char text[2 * FAILURE_REASON_SIZE];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    struct failure failure = {0};
    cr_assert(eq(int, refuse(&failure, RULE_AFTER_STALE, "", "%s", text), STATUS_CONFLICT));
    cr_assert(eq(sz, strlen(failure.reason), FAILURE_REASON_SIZE - 1));
    cr_assert(
        eq(int, refuse(&failure, RULE_FIELD_MALFORMED, "", "%s", "100%s %n"), STATUS_INVALID));
    cr_assert(eq(str, failure.reason, (char *)"100%s %n"));
}
