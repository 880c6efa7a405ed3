/* Reason: a translator is asked for every reason, whichever way it comes. */

#include "contracts/rule/rule.h"
#include "ledger/base/status.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/* Knows three texts. */
static const char *translate(const char *format)
{
    if (strcmp(format, "%d apples") == 0) {
        return "%d äpplen";
    }
    if (strcmp(format, "no apples") == 0) {
        return "inga äpplen";
    }
    return format;
}

static const char *reason_of(int way)
{
    static struct failure failure;
    failure = (struct failure){0};
    enum status status = STATUS_OK;
    switch (way) {
    case 0:
        status = fail(&failure, STATUS_INVALID, "", "%d apples", 3);
        break;
    case 1:
        status = fail_code(&failure, STATUS_INVALID, "CODE", "", "%d apples", 3);
        break;
    case 2:
        status = refuse(&failure, RULE_NAME_REPEATED, "", "%d apples", 3);
        break;
    case 3: /* passed on as a whole */
        status = fail(&failure, STATUS_INVALID, "", "%s", "no apples");
        break;
    case 4: /* a text from outside that happens to be no message */
        status = fail(&failure, STATUS_INVALID, "", "%s", "pears");
        break;
    }
    cr_assert(ne(int, (int)status, STATUS_OK));
    return failure.reason;
}

Test(reason, is_translated_whichever_way_it_comes)
{
    static const struct {
        const char *english;
        const char *swedish;
    } rows[] = {
        {"3 apples", "3 äpplen"},     {"3 apples", "3 äpplen"}, {"3 apples", "3 äpplen"},
        {"no apples", "inga äpplen"}, {"pears", "pears"},
    };
    for (int way = 0; way < (int)(sizeof rows / sizeof rows[0]); way++) {
        failure_translate_by(NULL);
        cr_assert(eq(str, (char *)reason_of(way), (char *)rows[way].english), "way %d", way);
        failure_translate_by(translate);
        cr_assert(eq(str, (char *)reason_of(way), (char *)rows[way].swedish), "way %d", way);
    }
    failure_translate_by(NULL);
}
