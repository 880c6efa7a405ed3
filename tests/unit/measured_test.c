#include "contracts/statement/statement.h"

#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

/* Reads "value=0.5 numerator=1", and "unit=SEK range=0..1 count_range=..9" of the outcome. */
struct measured {
    struct measured_value value;
    struct outcome outcome;
};

static void read_number(const char *text, size_t size, bool *ret_has, struct rational *number)
{
    *ret_has = size > 0;
    if (size > 0) {
        rational_init(number);
        struct view view = {.data = text, .size = size};
        cr_assert(eq(int, rational_read_decimal(view, number), STATUS_OK), "%s", text);
    }
}

static void read_range(const char *text, struct range *range)
{
    const char *dots = strstr(text, "..");
    cr_assert(ne(ptr, (void *)(uintptr_t)dots, NULL), "%s", text);
    read_number(text, (size_t)(dots - text), &range->has_at_least, &range->at_least);
    read_number(dots + 2, strlen(dots + 2), &range->has_at_most, &range->at_most);
}

static void read_word(const char *name, const char *text, struct measured *measured)
{
    if (strcmp(name, "unit") == 0) {
        cr_assert(eq(int, unit_read(view_of(text), &measured->outcome.unit), STATUS_OK));
    } else if (strcmp(name, "range") == 0) {
        read_range(text, &measured->outcome.range);
    } else if (strcmp(name, "count_range") == 0) {
        read_range(text, &measured->outcome.count_range);
    } else {
        size_t field = 0;
        while (field < MEASURED_STATED_COUNT && strcmp(MEASURED_FIELD_NAMES[field], name) != 0) {
            field++;
        }
        cr_assert(lt(sz, field, MEASURED_STATED_COUNT), "%s", name);
        read_number(text, strlen(text), &measured->value.has[field],
                    &measured->value.fields[field]);
    }
}

static void read_row(const char *row, struct measured *measured)
{
    static char copy[400];
    *measured = (struct measured){.value = {.outcome = VIEW("x")}};
    cr_assert(lt(sz, strlen(row), sizeof copy));
    (void)snprintf(copy, sizeof copy, "%s", row);
    char *rest = copy;
    for (char *word = strtok_r(rest, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');
        cr_assert(ne(ptr, equals, NULL), "%s", row);
        *equals = '\0';
        read_word(word, equals + 1, measured);
    }
}

static void release_range(struct range *range)
{
    if (range->has_at_least) {
        rational_release(&range->at_least);
    }
    if (range->has_at_most) {
        rational_release(&range->at_most);
    }
}

static void release(struct measured *measured)
{
    for (size_t i = 0; i < MEASURED_STATED_COUNT; i++) {
        if (measured->value.has[i]) {
            rational_release(&measured->value.fields[i]);
        }
    }
    release_range(&measured->outcome.range);
    release_range(&measured->outcome.count_range);
}

struct row {
    const char *text;
    const char *code; /* NULL: accepted */
    const char *at;
};

static void assert_row(const struct row *row, enum status status, const struct failure *failure)
{
    if (row->code == NULL) {
        cr_assert(eq(int, status, STATUS_OK), "%s: %s %s", row->text, failure->at, failure->reason);
        return;
    }
    cr_assert(eq(int, status, STATUS_INVALID), "%s was accepted", row->text);
    cr_assert(eq(str, (char *)(uintptr_t)failure->code, (char *)(uintptr_t)row->code), "%s",
              row->text);
    cr_assert(eq(str, (char *)(uintptr_t)failure->at, (char *)(uintptr_t)row->at), "%s: %s",
              row->text, failure->reason);
}

Test(measured, a_number_is_one_that_can_be)
{
    static const struct row rows[] = {
        {"value=-1 control_value=-1 low=-2 high=-1", NULL, NULL},
        {"count=0 numerator=0 denominator=0.5 p_value=0", NULL, NULL},
        {"control_count=0 control_numerator=0 control_denominator=0.000000000001", NULL, NULL},
        {"p_value=1", NULL, NULL},
        {"low=1 high=1", NULL, NULL},
        {"low=5", NULL, NULL},
        {"high=-5", NULL, NULL},
        {"numerator=2 denominator=1", NULL, NULL},
        {"low=1 high=0.999999999999", "MEASUREMENT_RANGE", "/low"},
        {"denominator=0", "MEASUREMENT_RANGE", "/denominator"},
        {"control_denominator=0", "MEASUREMENT_RANGE", "/control_denominator"},
        {"p_value=1.000000000001", "MEASUREMENT_RANGE", "/p_value"},
        {"p_value=-0.000000000001", "MEASUREMENT_RANGE", "/p_value"},
        {"count=-1", "MEASUREMENT_RANGE", "/count"},
        {"numerator=-1", "MEASUREMENT_RANGE", "/numerator"},
        {"denominator=-1", "MEASUREMENT_RANGE", "/denominator"},
        {"control_count=-1", "MEASUREMENT_RANGE", "/control_count"},
        {"control_numerator=-1", "MEASUREMENT_RANGE", "/control_numerator"},
        {"control_denominator=-1", "MEASUREMENT_RANGE", "/control_denominator"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct measured measured;
        read_row(rows[i].text, &measured);
        struct failure failure = {.reason = ""};
        assert_row(&rows[i], measured_value_check(&measured.value, &failure), &failure);
        release(&measured);
    }
}

Test(measured, a_number_is_within_the_ranges_of_its_outcome)
{
    static const struct row rows[] = {
        {"value=7 count=7 low=-1 high=99", NULL, NULL},
        {"range=0..1 value=0 control_value=1 low=0 high=1", NULL, NULL},
        {"range=0..1 value=-0.000000000001", "MEASUREMENT_RANGE", "/value"},
        {"range=0..1 value=1.000000000001", "MEASUREMENT_RANGE", "/value"},
        {"range=0..1 control_value=2", "MEASUREMENT_RANGE", "/control_value"},
        {"range=0..1 low=-1", "MEASUREMENT_RANGE", "/low"},
        {"range=0..1 low=0 high=2", "MEASUREMENT_RANGE", "/high"},
        {"range=0.. value=99", NULL, NULL},
        {"range=0.. value=-99", "MEASUREMENT_RANGE", "/value"},
        {"range=..0 value=-99", NULL, NULL},
        {"range=..0 value=99", "MEASUREMENT_RANGE", "/value"},
        {"range=5..5 value=5", NULL, NULL},
        /* neither range is that of p-values, and one is not the other's */
        {"range=5..9 count_range=5..9 p_value=0.5", NULL, NULL},
        {"range=0..1 unit=SEK count=99 numerator=99 denominator=99", NULL, NULL},
        {"count_range=0..1 value=99", NULL, NULL},
        {"count_range=2..9 count=2 numerator=9 denominator=2", NULL, NULL},
        {"count_range=2..9 control_count=9 control_numerator=2 control_denominator=9", NULL, NULL},
        {"count_range=2..9 count=1.9", "MEASUREMENT_RANGE", "/count"},
        {"count_range=2..9 numerator=10", "MEASUREMENT_RANGE", "/numerator"},
        {"count_range=2..9 denominator=1", "MEASUREMENT_RANGE", "/denominator"},
        {"count_range=2..9 control_count=10", "MEASUREMENT_RANGE", "/control_count"},
        {"count_range=2..9 control_numerator=1", "MEASUREMENT_RANGE", "/control_numerator"},
        {"count_range=2..9 control_denominator=10", "MEASUREMENT_RANGE", "/control_denominator"},
        {"count_range=-5..9 count=0", NULL, NULL},
        /* a ratio, where the unit is 1 */
        {"range=0..1 numerator=3 denominator=3", NULL, NULL},
        {"range=0..1 numerator=4 denominator=3", "MEASUREMENT_RANGE", "/numerator"},
        {"range=0.5..1 numerator=1 denominator=3", "MEASUREMENT_RANGE", "/numerator"},
        {"range=0..1 control_numerator=4 control_denominator=3", "MEASUREMENT_RANGE",
         "/control_numerator"},
        {"unit=SEK range=0..1 numerator=4 denominator=3", NULL, NULL},
        {"range=0..1 numerator=4 control_denominator=3", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct measured measured;
        read_row(rows[i].text, &measured);
        struct failure failure = {.reason = ""};
        assert_row(&rows[i],
                   measured_value_check_outcome(&measured.value, &measured.outcome, &failure),
                   &failure);
        release(&measured);
    }
}

Test(measured, a_stated_ratio_is_that_of_its_counts)
{
    static const struct row rows[] = {
        {"value=0.5 numerator=1 denominator=2", NULL, NULL},
        {"value=0 numerator=0 denominator=2", NULL, NULL},
        {"value=2 numerator=3 denominator=1.5", NULL, NULL},
        {"value=0.084 numerator=13 denominator=155", "MEASUREMENT_RATIO", "/value"},
        {"value=0.333333333333 numerator=1 denominator=3", "MEASUREMENT_RATIO", "/value"},
        {"value=50 numerator=1 denominator=2", "MEASUREMENT_RATIO", "/value"},
        {"value=-0.5 numerator=1 denominator=2", "MEASUREMENT_RATIO", "/value"},
        {"control_value=0.3 control_numerator=1 control_denominator=3", "MEASUREMENT_RATIO",
         "/control_value"},
        {"control_value=0.25 control_numerator=1 control_denominator=4", NULL, NULL},
        /* a count that is missing, or of the other group, proves nothing */
        {"value=0.9 numerator=1", NULL, NULL},
        {"value=0.9 denominator=1", NULL, NULL},
        {"value=0.9 control_numerator=1 control_denominator=3", NULL, NULL},
        {"control_value=0.9 numerator=1 denominator=3", NULL, NULL},
        {"numerator=1 denominator=3 low=0.1 high=0.2", NULL, NULL},
        /* in another unit the value is no ratio */
        {"unit=SEK value=0.9 numerator=1 denominator=3", NULL, NULL},
        {"unit=person/day value=0.9 numerator=1 denominator=3", NULL, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct measured measured;
        read_row(rows[i].text, &measured);
        struct failure failure = {.reason = ""};
        assert_row(&rows[i],
                   measured_value_check_outcome(&measured.value, &measured.outcome, &failure),
                   &failure);
        release(&measured);
    }
}

Test(measured, a_refusal_shows_both_numbers)
{
    static const struct {
        const char *row;
        const char *reason;
    } rows[] = {
        {"range=0..1 value=1.5", "value is 1.5, and the most that the contract allows is 1"},
        {"range=0..1 control_numerator=0 control_denominator=1 low=-0.25",
         "low is -0.25, and the least that the contract allows is 0"},
        {"range=0..0.08 numerator=13 denominator=155",
         "numerator / denominator is 13/155, and the most that the contract allows is 0.08"},
        {"value=0.084 numerator=13 denominator=155",
         "value is 0.084, and numerator / denominator is 13/155: state the counts alone, and a "
         "printed figure in \"published\""},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct measured measured;
        read_row(rows[i].row, &measured);
        struct failure failure = {.reason = ""};
        cr_assert(ne(int,
                     measured_value_check_outcome(&measured.value, &measured.outcome, &failure),
                     STATUS_OK));
        cr_assert(eq(str, failure.reason, (char *)(uintptr_t)rows[i].reason));
        release(&measured);
    }
}
