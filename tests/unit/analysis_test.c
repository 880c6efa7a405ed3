/*
 * Analysis: intervals, what lines can be, what a party can owe, and what is found about a contract.
 *
 * JSON is written here with ' for ", so that it can be read.
 */
#include "contracts/analysis/interval.h"
#include "contracts/analysis/liability.h"
#include "contracts/analysis/owed.h"
#include "contracts/analysis/play.h"
#include "contracts/analysis/reach.h"
#include "contracts/analysis/survey.h"
#include "contracts/statement/statement.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/portion.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define TEXT_MAX ((size_t)1024 * 1024)

/* --- Numbers that are the same in every run --- */

struct dice {
    uint64_t state;
};

static unsigned roll(struct dice *dice, unsigned sides)
{
    dice->state = dice->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((dice->state >> 33) % sides);
}

/* Few numbers, so that they often meet: halves from -3 to 4, and now and then a large one. */
static void roll_number(struct dice *dice, struct rational *ret_value)
{
    static const int64_t large[] = {-1000000, 100, 1000, 123456789};
    if (roll(dice, 12) == 0) {
        rational_set_integer(ret_value, large[roll(dice, COUNT(large))]);
    } else {
        rational_set_fraction(ret_value, (int64_t)roll(dice, 15) - 6, 2);
    }
}

static const char *text_of(const struct rational *value, char text[static 2100])
{
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, 2099);
    cr_assert(eq(int, rational_write_fraction(value, &buffer), STATUS_OK));
    (void)snprintf(text, 2100, "%s", buffer.data);
    return text;
}

/* "1 to 2", "-inf to 3", "empty". */
static const char *interval_text(const struct interval *interval, char text[static 4300])
{
    char least[2100] = "-inf";
    char greatest[2100] = "inf";
    if (interval->is_empty) {
        return "empty";
    }
    if (interval->has_least) {
        text_of(&interval->least, least);
    }
    if (interval->has_greatest) {
        text_of(&interval->greatest, greatest);
    }
    (void)snprintf(text, 4300, "%s to %s", least, greatest);
    return text;
}

static void assert_inside(const struct interval *interval, const struct rational *value,
                          const char *what)
{
    char outer[4300];
    char inner[2100];
    cr_assert(interval_contains(interval, value), "%s: %s is not in %s", what,
              text_of(value, inner), interval_text(interval, outer));
}

/* --- Intervals --- */

static void set_text(struct interval *interval, const char *least, const char *greatest)
{
    OWNED(rational_release) struct rational low;
    OWNED(rational_release) struct rational high;
    rational_init(&low);
    rational_init(&high);
    if (least != NULL) {
        cr_assert(eq(int, rational_read_fraction(view_of(least), &low), STATUS_OK));
    }
    if (greatest != NULL) {
        cr_assert(eq(int, rational_read_fraction(view_of(greatest), &high), STATUS_OK));
    }
    interval_set_ends(interval, least == NULL ? NULL : &low, greatest == NULL ? NULL : &high);
}

typedef void binary_interval(struct interval *target, const struct interval *a,
                             const struct interval *b);

Test(analysis, intervals_are_computed_by_their_ends)
{
    static const struct {
        binary_interval *operation;
        const char *a[2];
        const char *b[2];
        const char *expected;
    } rows[] = {
        {interval_add, {"1", "2"}, {"-3", "5"}, "-2 to 7"},
        {interval_add, {"1", NULL}, {"-3", "5"}, "-2 to inf"},
        {interval_subtract, {"1", "2"}, {"-3", "5"}, "-4 to 5"},
        {interval_subtract, {"1", "2"}, {NULL, "5"}, "-4 to inf"},
        {interval_multiply, {"-1", "2"}, {"-3", "5"}, "-6 to 10"},
        {interval_multiply, {"0", "0"}, {NULL, NULL}, "0 to 0"},
        {interval_multiply, {"0", "1"}, {"2", NULL}, "0 to inf"},
        {interval_multiply, {"-1", "1"}, {"2", NULL}, "-inf to inf"},
        {interval_multiply, {NULL, "-1"}, {NULL, "-2"}, "2 to inf"},
        {interval_divide, {"1", "2"}, {"4", "5"}, "1/5 to 1/2"},
        {interval_divide, {"1", "2"}, {"-5", "-4"}, "-1/2 to -1/5"},
        {interval_divide, {"1", "2"}, {"0", "4"}, "1/4 to inf"},
        {interval_divide, {"1", "2"}, {"-4", "0"}, "-inf to -1/4"},
        {interval_divide, {"1", "2"}, {"-1", "1"}, "-inf to inf"},
        {interval_divide, {"0", "0"}, {"-1", "1"}, "0 to 0"},
        {interval_divide, {"1", "2"}, {"0", "0"}, "empty"},
        {interval_divide, {"1", "2"}, {"4", NULL}, "0 to 1/2"},
        {interval_minimum, {"1", "6"}, {"2", "3"}, "1 to 3"},
        {interval_minimum, {"1", NULL}, {NULL, "3"}, "-inf to 3"},
        {interval_maximum, {"1", "6"}, {"2", "3"}, "2 to 6"},
        {interval_maximum, {NULL, "1"}, {"0", "0"}, "0 to 1"},
        {interval_hull, {"1", "2"}, {"4", "5"}, "1 to 5"},
        {interval_hull, {"1", "2"}, {"4", NULL}, "1 to inf"},
        {interval_meet, {"1", "4"}, {"3", NULL}, "3 to 4"},
        {interval_meet, {"1", "2"}, {"3", "4"}, "empty"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[4300];
        OWNED(interval_release) struct interval a;
        OWNED(interval_release) struct interval b;
        OWNED(interval_release) struct interval result;
        interval_init(&a);
        interval_init(&b);
        interval_init(&result);
        set_text(&a, rows[i].a[0], rows[i].a[1]);
        set_text(&b, rows[i].b[0], rows[i].b[1]);
        rows[i].operation(&result, &a, &b);
        cr_assert(eq(str, (char *)interval_text(&result, text), (char *)rows[i].expected),
                  "row %zu", i);
        rows[i].operation(&b, &a, &b); /* into an operand */
        cr_assert(eq(str, (char *)interval_text(&b, text), (char *)rows[i].expected), "row %zu", i);
    }
}

Test(analysis, powers_and_roundings_keep_the_order_of_their_ends)
{
    static const struct {
        const char *a[2];
        int exponent;
        const char *expected;
    } rows[] = {
        {{"-2", "3"}, 2, "0 to 9"},     {{"-3", "-2"}, 2, "4 to 9"},
        {{"-2", "3"}, 3, "-8 to 27"},   {{"-2", "3"}, 0, "1 to 1"},
        {{"2", "4"}, -1, "1/4 to 1/2"}, {{"0", "4"}, -2, "1/16 to inf"},
        {{"-1", "4"}, -2, "0 to inf"},  {{"-1", "4"}, -1, "-inf to inf"},
        {{NULL, "-2"}, 2, "4 to inf"},  {{NULL, "-2"}, 3, "-inf to -8"},
        {{"0", "0"}, -1, "empty"},      {{"1000", "1000"}, 400, "0 to inf"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[4300];
        OWNED(interval_release) struct interval a;
        interval_init(&a);
        set_text(&a, rows[i].a[0], rows[i].a[1]);
        interval_power(&a, &a, rows[i].exponent);
        cr_assert(eq(str, (char *)interval_text(&a, text), (char *)rows[i].expected), "row %zu", i);
    }
    char text[4300];
    OWNED(interval_release) struct interval a;
    OWNED(rational_release) struct rational step;
    interval_init(&a);
    rational_init(&step);
    rational_set_integer(&step, 10);
    set_text(&a, "-14", "15");
    interval_round(&a, &a, &step, ROUND_FLOOR);
    cr_assert(eq(str, (char *)interval_text(&a, text), (char *)"-20 to 10"));
}

/* A random interval, and a value in it. */
static void roll_interval(struct dice *dice, struct interval *interval, struct rational *value)
{
    OWNED(rational_release) struct rational a;
    OWNED(rational_release) struct rational b;
    rational_init(&a);
    rational_init(&b);
    roll_number(dice, &a);
    roll_number(dice, &b);
    bool is_turned = rational_compare(&a, &b) > 0;
    const struct rational *least = is_turned ? &b : &a;
    const struct rational *greatest = is_turned ? &a : &b;
    do { /* ends often when the number is one of few */
        roll_number(dice, value);
        if (roll(dice, 4) == 0) {
            rational_set(value, least);
        } else if (roll(dice, 4) == 0) {
            rational_set(value, greatest);
        }
    } while (rational_compare(value, least) < 0 || rational_compare(value, greatest) > 0);
    interval_set_ends(interval, roll(dice, 6) == 0 ? NULL : least,
                      roll(dice, 6) == 0 ? NULL : greatest);
}

typedef enum status binary_rational(struct rational *target, const struct rational *a,
                                    const struct rational *b);

static enum status least(struct rational *target, const struct rational *a,
                         const struct rational *b)
{
    rational_set(target, rational_compare(a, b) < 0 ? a : b);
    return STATUS_OK;
}

static enum status greatest(struct rational *target, const struct rational *a,
                            const struct rational *b)
{
    rational_set(target, rational_compare(a, b) > 0 ? a : b);
    return STATUS_OK;
}

Test(analysis, what_is_computed_from_values_inside_lies_inside)
{
    static const struct {
        const char *name;
        binary_interval *interval;
        binary_rational *rational;
    } operations[] = {
        {"add", interval_add, rational_add},
        {"subtract", interval_subtract, rational_subtract},
        {"multiply", interval_multiply, rational_multiply},
        {"divide", interval_divide, rational_divide},
        {"minimum", interval_minimum, least},
        {"maximum", interval_maximum, greatest},
    };
    struct dice dice = {1};
    OWNED(interval_release) struct interval a;
    OWNED(interval_release) struct interval b;
    OWNED(interval_release) struct interval result;
    OWNED(rational_release) struct rational x;
    OWNED(rational_release) struct rational y;
    OWNED(rational_release) struct rational z;
    interval_init(&a);
    interval_init(&b);
    interval_init(&result);
    rational_init(&x);
    rational_init(&y);
    rational_init(&z);
    for (size_t i = 0; i < 20000 / test_portion(); i++) {
        roll_interval(&dice, &a, &x);
        roll_interval(&dice, &b, &y);
        for (size_t k = 0; k < COUNT(operations); k++) {
            operations[k].interval(&result, &a, &b);
            if (operations[k].rational(&z, &x, &y) == STATUS_OK) {
                assert_inside(&result, &z, operations[k].name);
            }
        }
        int exponent = (int)roll(&dice, 9) - 4;
        interval_power(&result, &a, exponent);
        if (rational_power(&z, &x, exponent) == STATUS_OK) {
            assert_inside(&result, &z, "power");
        }
        enum rounding rounding = (enum rounding)roll(&dice, ROUND_FLOOR + 1);
        rational_set_fraction(&y, 1 + roll(&dice, 5), 2);
        interval_round(&result, &a, &y, rounding);
        cr_assert(eq(int, rational_round(&z, &x, &y, rounding), STATUS_OK));
        assert_inside(&result, &z, "round");
    }
}

/* --- Contracts --- */

#define LABEL "'label':{'en':'A label'},"

/*
 * The caller frees it. NULL when it is refused with one of two codes: `refusals`; else a refusal
 * fails the test.
 */
static struct statement *open_contract(struct buffer *text, const char *const refusals[2])
{
    for (size_t i = 0; i < text->size; i++) {
        text->data[i] = text->data[i] == '\'' ? '"' : text->data[i];
    }
    struct json *root = NULL;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, json_parse(buffer_view(text), &root, &failure), STATUS_OK), "%s: %s in %s",
              failure.at, failure.reason, text->data);
    struct statement *statement = NULL;
    if (statement_read_tree(root, &statement, &failure) == STATUS_OK &&
        statement_check(statement, &failure) == STATUS_OK) {
        return statement;
    }
    bool is_known = refusals != NULL && (strcmp(failure.code, refusals[0]) == 0 ||
                                         strcmp(failure.code, refusals[1]) == 0);
    cr_assert(is_known, "%s %s: %s in %s", failure.code, failure.at, failure.reason, text->data);
    statement_free(statement);
    return NULL;
}

static void append(struct buffer *text, const char *part)
{
    cr_assert(eq(int, buffer_append_text(text, part), STATUS_OK));
}

#define append_format(text, ...) \
    cr_assert(eq(int, buffer_append_format((text), __VA_ARGS__), STATUS_OK))

/* Everything of a contract before its outcomes. */
static void append_head(struct buffer *text)
{
    append(text, "{'kind':'contract','version':1,'ledger':'a.example/l','date':'2026-01-01',"
                 "'contract':'c','title':{'en':'T'},'agreed_on':'not_published','roles':{"
                 "'payer':['town.se'],'investor':['i.se','j.se'],'evaluator':['e.se']},"
                 "'cohort':{'description':{'en':'All'},'size':'not_published'},'currency':'SEK',"
                 "'dispute':'not_published','legal_basis':'not_published',");
}

/* --- Random programs --- */

/* A line program in the unit 1, over everything that an operand can be. */
struct program {
    struct buffer text;
    struct dice dice;
    unsigned line_count;
    unsigned period_count;
};

static void append_number(struct program *program)
{
    char text[2100];
    OWNED(rational_release) struct rational value;
    OWNED(buffer_release) struct buffer decimal;
    bool is_exact;
    rational_init(&value);
    buffer_init(&decimal, sizeof text);
    roll_number(&program->dice, &value);
    cr_assert(eq(int, rational_write_decimal(&value, 0, 12, &decimal, &is_exact), STATUS_OK));
    append_format(&program->text, "'%s'", decimal.data);
}

static void append_measured(struct program *program)
{
    unsigned field = roll(&program->dice, MEASURED_FIELD_COUNT);
    append_format(&program->text, "{'measured':'o%u','field':'%s'", roll(&program->dice, 3),
                  MEASURED_FIELD_NAMES[field]);
    if (roll(&program->dice, 12) == 0) {
        append_format(&program->text, ",'period':'p%u'",
                      roll(&program->dice, program->period_count));
    }
    append(&program->text, "}");
}

static void append_operand(struct program *program)
{
    unsigned kind = roll(&program->dice, 10);
    if (kind < 5 && program->line_count > 0) {
        append_format(&program->text, "'l%u'", roll(&program->dice, program->line_count));
    } else if (kind < 6 && program->line_count > 0) {
        append_format(&program->text, "{'earlier':'l%u'}",
                      roll(&program->dice, program->line_count));
    } else if (kind < 8) {
        append_number(program);
    } else {
        append_measured(program);
    }
}

static void append_result(struct program *program)
{
    if (roll(&program->dice, 20) == 0) {
        append(&program->text, "'not_published'");
    } else {
        append_operand(program);
    }
}

static void append_operands(struct program *program, const char *key, unsigned count)
{
    append_format(&program->text, "'%s':[", key);
    for (unsigned i = 0; i < count; i++) {
        append(&program->text, i == 0 ? "" : ",");
        append_operand(program);
    }
    append(&program->text, "]");
}

static void append_one(struct program *program, const char *key)
{
    append_format(&program->text, "'%s':", key);
    append_operand(program);
}

/* Thresholds that ascend, from -2 on. */
static void append_steps(struct program *program, const char *form)
{
    int threshold = -2;
    unsigned count = 2 + roll(&program->dice, 4);
    append(&program->text, "[");
    for (unsigned i = 0; i < count; i++) {
        append(&program->text, i == 0 ? "" : ",");
        threshold += 1 + (int)roll(&program->dice, 2);
        append_format(&program->text, form[0] == 't' ? "{'%s':'%d','then':" : "%s'%d',",
                      form[0] == 't' ? (roll(&program->dice, 2) == 0 ? "at_least" : "above")
                                     : (form[0] == 'b' ? "{'from':" : "["),
                      threshold);
        if (form[0] == 'c') {
            append_number(program);
        } else if (form[0] == 'b') {
            append(&program->text, "'rate':");
            append_result(program);
        } else {
            append_result(program);
        }
        append(&program->text, form[0] == 'c' ? "]" : "}");
    }
    append(&program->text, "]");
}

static void append_condition(struct program *program, unsigned depth)
{
    static const char *const comparisons[] = {"at_least", "above", "at_most", "below", "equals"};
    static const char *const levels[] = {"p_below", "p_at_most", "interval_above", "interval_below",
                                         "interval_excludes"};
    unsigned kind = roll(&program->dice, depth > 2 ? 6 : 9);
    append(&program->text, "{");
    if (kind < 5) {
        append_operands(program, comparisons[kind], 2);
    } else if (kind == 5) {
        append_format(&program->text, "'significant':{'measured':'o%u','%s':'0.%u'}",
                      roll(&program->dice, 3), levels[roll(&program->dice, COUNT(levels))],
                      1 + roll(&program->dice, 9));
    } else if (kind == 6) {
        append(&program->text, "'not':");
        append_condition(program, depth + 1);
    } else {
        append_format(&program->text, "'%s':[", kind == 7 ? "all" : "any");
        append_condition(program, depth + 1);
        append(&program->text, ",");
        append_condition(program, depth + 1);
        append(&program->text, "]");
    }
    append(&program->text, "}");
}

static void append_clamp(struct program *program)
{
    unsigned limits = 1 + roll(&program->dice, 3);
    append_one(program, "clamp");
    if ((limits & 1U) != 0) {
        append(&program->text, ",");
        append_one(program, "at_least");
    }
    if ((limits & 2U) != 0) {
        append(&program->text, ",");
        append_one(program, "at_most");
    }
}

static void append_rate_card(struct program *program)
{
    static const char *const optional[] = {"multiplier", "count_at_most", "amount_at_most"};
    append(&program->text, "'rate_card':[");
    unsigned count = 1 + roll(&program->dice, 3);
    for (unsigned i = 0; i < count; i++) {
        append_format(&program->text, "%s{'item':'i%u'," LABEL, i == 0 ? "" : ",", i);
        append_one(program, "count");
        append(&program->text, ",");
        append_one(program, "price");
        for (size_t k = 0; k < COUNT(optional); k++) {
            if (roll(&program->dice, 2) == 0) {
                append(&program->text, ",");
                append_one(program, optional[k]);
            }
        }
        append(&program->text, "}");
    }
    append(&program->text, "]");
}

static void append_by_period(struct program *program)
{
    append_format(&program->text, "'by_period':[{'period':'p%u','then':",
                  roll(&program->dice, program->period_count));
    append_result(program);
    append(&program->text, "}],'otherwise':");
    append_operand(program);
}

static void append_interest(struct program *program)
{
    append_one(program, "interest");
    append(&program->text, ",");
    append_one(program, "rate");
    switch (roll(&program->dice, 3)) {
    case 0:
        append(&program->text, ",'count':'act_365'");
        return;
    case 1:
        append(&program->text, ",'count':'30_360','from':'2020-01-31','to':'2021-03-01'");
        return;
    default:
        append_format(&program->text, ",'periods':%u", roll(&program->dice, 4));
    }
}

static void append_index(struct program *program)
{
    append_one(program, "index");
    append(&program->text, ",");
    append_one(program, "current");
    append(&program->text, ",'base':");
    append(&program->text, roll(&program->dice, 2) == 0 ? "'2'"
                                                        : "{'measured':'o0',"
                                                          "'field':'denominator'}");
}

static void append_when(struct program *program)
{
    append(&program->text, "'when':");
    append_condition(program, 1);
    append(&program->text, ",'then':");
    append_result(program);
    append(&program->text, ",'otherwise':");
    append_operand(program);
}

static void append_round(struct program *program)
{
    append_one(program, "round");
    append_format(&program->text, ",'to':'%s','by':'%s'",
                  roll(&program->dice, 2) == 0 ? "0.5" : "3",
                  rounding_name((enum rounding)roll(&program->dice, ROUND_FLOOR + 1)));
}

static void append_tiers(struct program *program)
{
    append_one(program, "tiers");
    append(&program->text, ",'steps':");
    append_steps(program, "tiers");
    append(&program->text, ",'otherwise':");
    append_operand(program);
}

static void append_curve(struct program *program)
{
    append_one(program, "curve");
    append(&program->text, ",'points':");
    append_steps(program, "curve");
}

static void append_brackets(struct program *program)
{
    append_one(program, "brackets");
    append(&program->text, ",'blocks':");
    append_steps(program, "brackets");
}

/* By anything but a constant, which may not be zero. */
static void append_divide(struct program *program)
{
    append(&program->text, "'divide':[");
    append_operand(program);
    append(&program->text, ",");
    append_measured(program);
    append(&program->text, "]");
}

static void append_power(struct program *program)
{
    append_format(&program->text, "'power':{'measured':'o%u','field':'value'},'exponent':%d",
                  roll(&program->dice, 3), (int)roll(&program->dice, 7) - 3);
}

static void append_sum(struct program *program)
{
    append_operands(program, "add", 1 + roll(&program->dice, 3));
}

static void append_subtract(struct program *program)
{
    append_operands(program, "subtract", 2);
}

static void append_multiply(struct program *program)
{
    append_operands(program, "multiply", 1 + roll(&program->dice, 3));
}

static void append_minimum(struct program *program)
{
    append_operands(program, "minimum", 1 + roll(&program->dice, 3));
}

static void append_maximum(struct program *program)
{
    append_operands(program, "maximum", 1 + roll(&program->dice, 3));
}

static void append_take(struct program *program)
{
    append_one(program, "take");
}

static void append_negate(struct program *program)
{
    append_one(program, "negate");
}

typedef void append_any(struct program *program);

static void append_operation(struct program *program)
{
    static append_any *const operations[OPERATION_COUNT] = {
        [OPERATION_TAKE] = append_take,           [OPERATION_ADD] = append_sum,
        [OPERATION_SUBTRACT] = append_subtract,   [OPERATION_MULTIPLY] = append_multiply,
        [OPERATION_DIVIDE] = append_divide,       [OPERATION_POWER] = append_power,
        [OPERATION_MINIMUM] = append_minimum,     [OPERATION_MAXIMUM] = append_maximum,
        [OPERATION_NEGATE] = append_negate,       [OPERATION_CLAMP] = append_clamp,
        [OPERATION_TIERS] = append_tiers,         [OPERATION_CURVE] = append_curve,
        [OPERATION_BRACKETS] = append_brackets,   [OPERATION_RATE_CARD] = append_rate_card,
        [OPERATION_BY_PERIOD] = append_by_period, [OPERATION_WHEN] = append_when,
        [OPERATION_INTEREST] = append_interest,   [OPERATION_INDEX] = append_index,
        [OPERATION_ROUND] = append_round,
    };
    append_any *operation = operations[roll(&program->dice, OPERATION_COUNT)];
    cr_assert(ne(ptr, (void *)operation, NULL), "an operation without a way to write it");
    operation(program);
}

static void append_outcome(struct program *program, unsigned index)
{
    append_format(&program->text,
                  "%s{'outcome':'o%u'," LABEL "'unit':'1','class':'paying','evaluator':'e.se',"
                  "'source':'not_published','missing_data':'not_published'",
                  index == 0 ? "" : ",", index);
    if (roll(&program->dice, 2) == 0) {
        append_format(&program->text, ",'range':{'at_least':'%d','at_most':'%u'}",
                      (int)roll(&program->dice, 4) - 2, 1 + roll(&program->dice, 3));
    }
    if (roll(&program->dice, 2) == 0) {
        append_format(&program->text, ",'count_range':{'at_least':'%u','at_most':'%u'}",
                      roll(&program->dice, 2), 1 + roll(&program->dice, 4));
    }
    append(&program->text, "}");
}

/* Sums of the ledger have the currency's unit: here are lines that take it off. */
static void append_sums(struct program *program)
{
    static const char *const sums[] = {"{'funded':'total'}", "{'funded':'i.se'}",
                                       "{'paid':'total'}", "{'paid':'payout'}"};
    for (size_t i = 0; i < COUNT(sums); i++) {
        if (roll(&program->dice, 4) == 0) {
            append_format(&program->text,
                          "%s{'line':'l%u'," LABEL "'divide':[%s,{'value':'1','unit':'SEK'}]}",
                          program->line_count == 0 ? "" : ",", program->line_count, sums[i]);
            program->line_count++;
        }
    }
}

static void append_pays(struct program *program)
{
    bool is_reversible = roll(&program->dice, 2) == 0;
    append_format(&program->text,
                  ",{'line':'amount'," LABEL "'multiply':['l%u',{'value':'1','unit':'SEK'}]},"
                  "{'line':'payout'," LABEL "'round':'amount','to':{'value':'0.01','unit':'SEK'},"
                  "'by':'half_even'},"
                  "{'line':'second'," LABEL "'round':{'earlier':'payout'},"
                  "'to':{'value':'0.5','unit':'SEK'},'by':'down'}]",
                  program->line_count - 1);
    append_format(&program->text,
                  ",'pays':[{'pay':'payout','from':'town.se','to':[{'party':'i.se','share':'2'},"
                  "{'party':'j.se','share':'1'}]%s},"
                  "{'pay':'second','from':'town.se','to':[{'party':'j.se'}]%s}]",
                  is_reversible ? ",'negative':'reverse'" : "",
                  is_reversible ? ",'negative':'reverse'" : "");
}

/* Writes a program and opens it; NULL when it could grow too large. */
static struct statement *open_program(uint64_t seed)
{
    struct program program = {.dice = {seed}};
    program.period_count = 1 + roll(&program.dice, 3);
    buffer_init(&program.text, TEXT_MAX);
    append_head(&program.text);
    append(&program.text, "'commitments':[{'party':'i.se','amount':{'amount':'9.00',"
                          "'currency':'SEK'}}],'outcomes':[");
    for (unsigned i = 0; i < 3; i++) {
        append_outcome(&program, i);
    }
    append(&program.text, "],'periods':[");
    for (unsigned i = 0; i < program.period_count; i++) {
        append_format(&program.text,
                      "%s{'period':'p%u','from':'20%u-01-01','to':'20%u-12-31',"
                      "'due':'not_published','binding':true}",
                      i == 0 ? "" : ",", i, 30 - i, 30 - i);
    }
    append(&program.text, "],'lines':[");
    append_sums(&program);
    unsigned count = program.line_count + 3 + roll(&program.dice, 12);
    while (program.line_count < count) {
        append_format(&program.text, "%s{'line':'l%u'," LABEL, program.line_count == 0 ? "" : ",",
                      program.line_count);
        append_operation(&program);
        append(&program.text, "}");
        program.line_count++;
    }
    append_pays(&program);
    append(&program.text, "}");

    /* What could grow without end is no program to try, nor what has no published result. */
    static const char *const refusals[2] = {"TERMS_TOO_LARGE", "UNITS_DIFFER"};
    struct statement *statement = open_contract(&program.text, refusals);
    buffer_release(&program.text);
    return statement;
}

/* --- What a life of random numbers comes to lies in what reach says --- */

struct trial {
    struct inputs inputs;
    struct play play;
    struct reach reach;
    struct interval *domains;
    struct dice dice;
    uint64_t seed;
    size_t settled; /* periods that were compared */
};

/* A number of the domain, often one of its ends; false when none was found soon. */
static bool roll_input(struct trial *trial, size_t input)
{
    const struct interval *domain = &trial->inputs.items[input].domain;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < 30; i++) {
        unsigned kind = roll(&trial->dice, 6);
        if (kind == 0 && domain->has_least) {
            rational_set(&value, &domain->least);
        } else if (kind == 1 && domain->has_greatest) {
            rational_set(&value, &domain->greatest);
        } else {
            roll_number(&trial->dice, &value);
        }
        if (play_set(&trial->play, input, &value) && play_is_consistent(&trial->play, input)) {
            /* Narrow what it can be at random, but around it. */
            struct interval *narrow = &trial->domains[input];
            bool is_input = trial->inputs.items[input].kind == INPUT_MEASURED &&
                            !trial->inputs.items[input].is_derived;
            interval_set(narrow, domain);
            if (is_input && roll(&trial->dice, 2) == 0) {
                interval_set_ends(narrow, &value, domain->has_greatest ? &domain->greatest : NULL);
            }
            if (is_input && roll(&trial->dice, 2) == 0) {
                interval_set_ends(narrow, narrow->has_least ? &narrow->least : NULL, &value);
            }
            return true;
        }
    }
    return false;
}

static void compare_period(struct trial *trial, size_t period)
{
    const struct terms *terms = &trial->inputs.contract->terms;
    char what[120];
    for (size_t i = 0; i < trial->play.settlement.values.count; i++) {
        (void)snprintf(what, sizeof what, "seed %llu, period %zu, line %.*s",
                       (unsigned long long)trial->seed, period, VIEW_ARGS(terms->lines[i].name));
        assert_inside(&trial->reach.lines[i].value, &trial->play.settlement.values.lines[i].value,
                      what);
    }
}

static void compare_owed(struct trial *trial, const char *party)
{
    OWNED(interval_release) struct interval bound;
    OWNED(rational_release) struct rational owed;
    char what[120];
    interval_init(&bound);
    rational_init(&owed);
    (void)snprintf(what, sizeof what, "seed %llu: %s owes", (unsigned long long)trial->seed, party);
    owed_by_period(&trial->reach, view_of(party), &bound);
    play_owed(&trial->play, view_of(party), &owed);
    assert_inside(&bound, &owed, what);
}

static void live(struct trial *trial)
{
    const struct terms *terms = &trial->inputs.contract->terms;
    size_t order[TERMS_PERIODS_MAX];
    periods_in_order(terms, order);
    for (size_t i = 0; i < trial->inputs.count; i++) {
        if (!roll_input(trial, i)) {
            return;
        }
    }
    play_begin(&trial->play);
    reach_begin(&trial->reach, trial->domains);
    for (size_t i = 0; i < terms->period_count; i++) {
        reach_compute(&trial->reach, order[i]);
        enum status status = play_compute(&trial->play, order[i], NULL);
        compare_period(trial, order[i]);
        if (status != STATUS_OK) {
            return;
        }
        compare_owed(trial, "town.se");
        compare_owed(trial, "i.se");
        compare_owed(trial, "j.se");
        trial->settled++;
        reach_settle(&trial->reach);
        if (play_settle(&trial->play) != STATUS_OK) {
            return;
        }
    }
}

static void trial_init(struct trial *trial, const struct statement *statement, uint64_t seed)
{
    *trial = (struct trial){.seed = seed, .dice = {seed + 7}};
    cr_assert(eq(int, inputs_init(&trial->inputs, &statement->contract), STATUS_OK));
    cr_assert(eq(int, play_init(&trial->play, &trial->inputs), STATUS_OK));
    cr_assert(eq(int, reach_init(&trial->reach, &trial->inputs), STATUS_OK));
    trial->domains = calloc(trial->inputs.count, sizeof *trial->domains);
    cr_assert(ne(ptr, trial->domains, NULL));
    for (size_t i = 0; i < trial->inputs.count; i++) {
        interval_init(&trial->domains[i]);
    }
}

static void trial_release(struct trial *trial)
{
    for (size_t i = 0; i < trial->inputs.count; i++) {
        interval_release(&trial->domains[i]);
    }
    free(trial->domains);
    reach_release(&trial->reach);
    play_release(&trial->play);
    inputs_release(&trial->inputs);
}

Test(analysis, no_value_that_is_computed_lies_outside_its_bounds, .timeout = 120)
{
    size_t settled = 0;
    size_t opened = 0;
    for (uint64_t seed = 1; seed <= 1500; seed += test_portion()) {
        struct statement *statement = open_program(seed);
        if (statement == NULL) {
            continue;
        }
        struct trial trial;
        trial_init(&trial, statement, seed);
        for (size_t i = 0; i < 12; i++) {
            live(&trial);
        }
        opened++;
        settled += trial.settled;
        trial_release(&trial);
        statement_free(statement);
    }
    cr_log_info("%zu programs, %zu settlements", opened, settled);
    cr_assert(gt(sz, opened, 500 / test_portion()));
    cr_assert(gt(sz, settled, 3000 / test_portion()));
}

/* --- What a life of random numbers owes lies between the ends of the liability --- */

static void assert_between(const struct liability *liability, const struct rational *owed,
                           uint64_t seed)
{
    char what[80];
    OWNED(interval_release) struct interval ends;
    interval_init(&ends);
    interval_set_ends(&ends, liability->least.is_bounded ? &liability->least.bound : NULL,
                      liability->greatest.is_bounded ? &liability->greatest.bound : NULL);
    (void)snprintf(what, sizeof what, "seed %llu, period %zd", (unsigned long long)seed,
                   (ssize_t)liability->period);
    assert_inside(&ends, owed, what);
}

/* Chooses at random and plays; how much one party owes by each period and in all. */
static size_t compare_life(struct trial *trial, const struct liabilities *liabilities,
                           const struct party_liability *party)
{
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational owed;
    rational_init(&sum);
    rational_init(&owed);
    for (size_t i = 0; i < trial->inputs.count; i++) {
        if (!roll_input(trial, i)) {
            return 0;
        }
    }
    play_begin(&trial->play);
    for (size_t i = 0; i < liabilities->period_count; i++) {
        if (play_compute(&trial->play, liabilities->periods[i], NULL) != STATUS_OK) {
            return i;
        }
        play_owed(&trial->play, party->party, &owed);
        assert_between(&party->periods[i], &owed, trial->seed);
        cr_assert(eq(int, rational_add(&sum, &sum, &owed), STATUS_OK));
        if (play_settle(&trial->play) != STATUS_OK) {
            return i;
        }
    }
    assert_between(&party->in_all, &sum, trial->seed);
    return liabilities->period_count;
}

/* What was found is played again: it must come out, and not beyond the bound. */
static void compare_found(struct trial *trial, const struct liabilities *liabilities,
                          const struct party_liability *party, const struct search_result *end)
{
    OWNED(rational_release) struct rational sum;
    OWNED(rational_release) struct rational owed;
    rational_init(&sum);
    rational_init(&owed);
    if (!end->is_found) {
        return;
    }
    assert_between(&party->in_all, &end->value, trial->seed);
    for (size_t i = 0; i < end->chosen_count; i++) {
        (void)play_set(&trial->play, end->chosen[i].input, &end->chosen[i].value);
    }
    play_begin(&trial->play);
    for (size_t i = 0; i < liabilities->period_count; i++) {
        if (play_compute(&trial->play, liabilities->periods[i], NULL) != STATUS_OK) {
            return; /* an input that nothing owed depends on is missing or out of place */
        }
        play_owed(&trial->play, party->party, &owed);
        cr_assert(eq(int, rational_add(&sum, &sum, &owed), STATUS_OK));
        cr_assert(eq(int, play_settle(&trial->play), STATUS_OK));
    }
    trial->settled++;
    cr_assert(eq(int, rational_compare(&sum, &end->value), 0), "seed %llu",
              (unsigned long long)trial->seed);
}

struct counts {
    size_t settled;
    size_t found;
    size_t ends;
    size_t exact;
};

static void compare_liabilities(const struct statement *statement, uint64_t seed,
                                struct counts *counts)
{
    struct trial trial;
    struct searcher searcher;
    struct survey survey;
    struct liabilities liabilities;
    trial_init(&trial, statement, seed);
    cr_assert(eq(int, searcher_init(&searcher, &trial.inputs), STATUS_OK));
    cr_assert(
        eq(int, survey_init(&survey, &trial.inputs, &searcher.reach, searcher.domains), STATUS_OK));
    cr_assert(eq(int, liabilities_init(&liabilities, &searcher, &survey, 60000), STATUS_OK));
    for (size_t i = 0; i < liabilities.party_count && liabilities.period_count > 0; i++) {
        const struct party_liability *party = &liabilities.parties[i];
        for (size_t k = 0; k < 25; k++) {
            counts->settled += compare_life(&trial, &liabilities, party);
        }
        compare_found(&trial, &liabilities, party, &party->in_all.least);
        compare_found(&trial, &liabilities, party, &party->in_all.greatest);
        counts->ends += 2;
        counts->exact += end_is_exact(&party->in_all.least);
        counts->exact += end_is_exact(&party->in_all.greatest);
    }
    counts->found += trial.settled;
    liabilities_release(&liabilities);
    survey_release(&survey);
    searcher_release(&searcher);
    trial_release(&trial);
}

Test(analysis, nobody_owes_less_than_the_least_or_more_than_the_greatest, .timeout = 120)
{
    struct counts counts = {0};
    for (uint64_t seed = 5001; seed <= 5150; seed += test_portion()) {
        struct statement *statement = open_program(seed);
        if (statement != NULL) {
            compare_liabilities(statement, seed, &counts);
            statement_free(statement);
        }
    }
    cr_log_info("%zu settlements; of %zu ends, %zu are exact, %zu were played again",
                counts.settled, counts.ends, counts.exact, counts.found);
    cr_assert(gt(sz, counts.settled, 1000 / test_portion()));
    cr_assert(gt(sz, counts.found, 50 / test_portion()));
    cr_assert(gt(sz, counts.exact, counts.ends / 3));
}

/* --- What belongs together is kept together --- */

#define X(field) "{'measured':'x','field':'" field "'}"
#define SEK(amount) "{'value':'" amount "','unit':'SEK'}"
#define LINE(name, operation) "{'line':'" name "'," LABEL operation "},"

/* A contract of some periods; its lines end with `amount`, which is rounded and paid. */
static void assert_ends(const char *lines, unsigned period_count, const char *expected)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    append_head(&text);
    append(&text, "'outcomes':[{'outcome':'x'," LABEL
                  "'unit':'SEK','count_unit':'SEK','class':'paying','evaluator':'e.se',"
                  "'source':'not_published','missing_data':'not_published',"
                  "'range':{'at_least':'0','at_most':'1000'},"
                  "'count_range':{'at_least':'1','at_most':'100'}}],'periods':[");
    for (unsigned i = 0; i < period_count; i++) {
        append_format(&text,
                      "%s{'period':'p%u','from':'20%u-01-01','to':'20%u-12-31',"
                      "'due':'not_published','binding':true}",
                      i == 0 ? "" : ",", i, 30 + i, 30 + i);
    }
    append_format(&text,
                  "],'lines':[%s{'line':'pay'," LABEL "'round':'amount','to':" SEK(
                      "1") ",'by':'floor'}],"
                           "'pays':[{'pay':'pay','from':'town.se','to':[{'party':'i.se'}]}]}",
                  lines);
    struct statement *statement = open_contract(&text, NULL);

    struct inputs inputs;
    struct searcher searcher;
    struct survey survey;
    struct liabilities liabilities;
    cr_assert(eq(int, inputs_init(&inputs, &statement->contract), STATUS_OK));
    cr_assert(eq(int, searcher_init(&searcher, &inputs), STATUS_OK));
    cr_assert(eq(int, survey_init(&survey, &inputs, &searcher.reach, searcher.domains), STATUS_OK));
    cr_assert(eq(int, liabilities_init(&liabilities, &searcher, &survey, 200000), STATUS_OK));
    const struct liability *liability = &liabilities.parties[0].in_all;
    OWNED(interval_release) struct interval ends;
    char shown[4300];
    interval_init(&ends);
    interval_set_ends(&ends, &liability->least.bound, &liability->greatest.bound);
    cr_assert(eq(str, (char *)interval_text(&ends, shown), (char *)expected), "%s", lines);
    cr_assert(end_is_exact(&liability->least), "%s", lines);
    cr_assert(end_is_exact(&liability->greatest), "%s", lines);
    liabilities_release(&liabilities);
    survey_release(&survey);
    searcher_release(&searcher);
    inputs_release(&inputs);
    statement_free(statement);
}

Test(analysis, ends_are_exact_where_the_rule_can_be_seen_through)
{
    static const struct {
        const char *lines;
        unsigned period_count;
        const char *expected;
    } rows[] = {
        {LINE("amount", "'take':" X("value")), 1, "0 to 1000"},
        {LINE("amount", "'take':" X("value")), 3, "0 to 3000"},
        /* What cancels out. */
        {LINE("part", "'multiply':['0.4'," X("value") "]")
             LINE("amount", "'subtract':[" X("value") ",'part']"),
         1, "0 to 600"},
        /* A quotient with its own divisor above the line: 1 - t / c, and a / (a + b). */
        {LINE("less", "'subtract':[" X("denominator") "," X("numerator") "]")
             LINE("rate", "'divide':['less'," X("denominator") "]")
                 LINE("rate_counted", "'clamp':'rate','at_least':'0'")
                     LINE("amount", "'multiply':['rate_counted'," SEK("1000") "]"),
         1, "0 to 990"},
        {LINE("both", "'add':[" X("numerator") "," X("count") "]")
             LINE("rate", "'divide':[" X("numerator") ",'both']")
                 LINE("amount", "'multiply':['rate'," SEK("101") "]"),
         1, "1 to 100"},
        /* The rate of a tier and the amount that chose it. */
        {LINE("rate", "'tiers':" X("value") ",'otherwise':'0.5','steps':[{'at_least':" SEK(
                          "500") ",'then':'0.1'}]")
             LINE("amount", "'multiply':['rate'," X("value") "]"),
         1, "0 to 249"},
        /* A result that its own condition bounds. */
        {LINE("net", "'subtract':[" X("value") "," SEK("400") "]") LINE(
             "amount", "'when':{'above':['net'," SEK("0") "]},'then':'net','otherwise':" SEK("0")),
         1, "0 to 600"},
        /* One or the other, never both. */
        {LINE("less", "'subtract':[" X("denominator") "," X("numerator") "]")
             LINE("a", "'when':{'at_least':['less'," SEK("10") "]},'then':" SEK(
                           "70") ",'otherwise':" SEK("0"))
                 LINE("b", "'when':{'below':['less'," SEK("10") "]},'then':" SEK(
                               "50") ",'otherwise':" SEK("0")) LINE("amount", "'add':['a','b']"),
         1, "50 to 70"},
        /* A target less what was settled earlier stays the target over all periods. */
        {LINE("target", "'minimum':[" X("value") "," SEK("700") "]")
             LINE("net", "'subtract':['target',{'earlier':'pay'}]")
                 LINE("amount", "'clamp':'net','at_least':" SEK("0")),
         4, "0 to 700"},
        /* What is left of a limit, when it is not known what has been paid. */
        {LINE("left", "'subtract':[" SEK("700") ",{'paid':'total'}]")
             LINE("amount", "'minimum':['left'," X("value") "]"),
         2, "0 to 1400"},
        {LINE("amount",
              "'by_period':[{'period':'p0','then':" X("value") "}],'otherwise':" SEK("5")),
         2, "5 to 1005"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_ends(rows[i].lines, rows[i].period_count, rows[i].expected);
    }
}
