#include "contracts/rule/rule.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *english;
    const char *swedish;
    enum status status;
} RULES[] = {
    [RULE_NONE] = {"NONE", "No rule refuses.", "Ingen regel säger nej.", STATUS_OK},
#define RULE(name, status, english, swedish) \
    [RULE_##name] = {#name, english, swedish, STATUS_##status},
#include "contracts/rule/rules.def"
#undef RULE
};

const char *rule_name(enum rule rule)
{
    assert((unsigned)rule < RULE_COUNT);
    return RULES[rule].name;
}

const char *rule_sentence(enum rule rule, const char *language)
{
    assert((unsigned)rule < RULE_COUNT);
    return strcmp(language, "sv") == 0 ? RULES[rule].swedish : RULES[rule].english;
}

enum rule rule_by_name(const char *name)
{
    for (enum rule rule = RULE_NONE; rule < RULE_COUNT; rule++) {
        if (strcmp(name, RULES[rule].name) == 0) {
            return rule;
        }
    }
    return RULE_NONE;
}

enum status refuse(struct failure *failure, enum rule rule, const char *at, const char *format, ...)
{
    assert(rule != RULE_NONE && (unsigned)rule < RULE_COUNT);

    char reason[FAILURE_REASON_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(reason, sizeof reason, failure_format(format), arguments);
    va_end(arguments);
    return fail_code(failure, RULES[rule].status, RULES[rule].name, at, "%s", reason);
}
