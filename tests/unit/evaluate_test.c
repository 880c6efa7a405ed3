/* Evaluate: the operations and conditions of real contracts, against values computed by hand. */
#include "contracts/terms/terms.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/terms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>

#define FACTS_MAX 6

/* A stated number of an outcome; in period 0 unless told. */
struct fact {
    const char *outcome;
    enum measured_field field;
    const char *value;
    size_t period;
};

/* A line `y`, in a period, with what was measured. */
struct row {
    const char *operation;
    struct fact facts[FACTS_MAX];
    const char *expected; /* a fraction, or the code of a refusal */
    enum line_way way;
    size_t step;
    size_t period;
};

/* `a` and `b` are pure numbers, `jobs` counts persons, `trial` is an effect with its interval. */
#define OUTCOME(name, unit, count_unit)                                                       \
    "{'outcome':'" name "'," LABEL "'unit':'" unit "','count_unit':'" count_unit "','class':" \
    "'paying','evaluator':'lumell.se','source':'not_published','missing_data':'not_published'}"
#define TEST_OUTCOMES                                                  \
    "[" OUTCOME("a", "1", "1") "," OUTCOME("b", "1", "1") "," OUTCOME( \
        "jobs", "1", "person") "," OUTCOME("trial", "day", "person") "]"

/* The first is a year; the others end at month ends, and the last where the calendar does. */
#define PERIOD(name, from, to) \
    "{'period':'" name "','from':'" from "','to':'" to "','due':'not_published','binding':true}"
#define TEST_PERIODS                                                                                          \
    "[" PERIOD("year", "2016-08-01", "2017-07-31") "," PERIOD("leap", "2020-01-01", "2020-12-31") "," PERIOD( \
        "m31", "2023-01-15",                                                                                  \
        "2023-03-30") "," PERIOD("m3131", "2023-01-31",                                                       \
                                 "2023-03-30") "," PERIOD("one", "2023-01-30",                                \
                                                          "2023-01-30") "," PERIOD("last",                    \
                                                                                   "9999-01-01",              \
                                                                                   "9999-12-31") "]"
enum { YEAR, LEAP, M31, M3131, ONE, LAST };

#define A "{'measured':'a','field':'value'}"
#define B "{'measured':'b','field':'value'}"
#define PERSONS "{'measured':'jobs','field':'count'}"
#define A_IS(decimal)                       \
    {                                       \
        {                                   \
            "a", MEASURED_VALUE, decimal, 0 \
        }                                   \
    }
#define A_AND_B(a, b)                 \
    {                                 \
        {"a", MEASURED_VALUE, a, 0},  \
        {                             \
            "b", MEASURED_VALUE, b, 0 \
        }                             \
    }
#define PERSONS_ARE(decimal)                   \
    {                                          \
        {                                      \
            "jobs", MEASURED_COUNT, decimal, 0 \
        }                                      \
    }

/* --- A source that knows a row's facts --- */

struct world {
    const struct terms *terms;
    const struct fact *facts;
};

static enum status measured(const void *context, size_t outcome, size_t period,
                            enum measured_field field, struct rational *ret_value)
{
    const struct world *world = context;
    cr_assert(lt(int, (int)field, (int)MEASURED_STATED_COUNT), "a derived field was asked for");
    for (size_t i = 0; i < FACTS_MAX && world->facts[i].outcome != NULL; i++) {
        const struct fact *fact = &world->facts[i];
        if (fact->field == field && fact->period == period &&
            terms_find_outcome(world->terms, view_of(fact->outcome)) == outcome) {
            return rational_read_decimal(view_of(fact->value), ret_value);
        }
    }
    return STATUS_NOT_FOUND;
}

/* Everybody placed 600; a.se 400, b.se nothing. */
static enum status funded(const void *context, struct view investor, struct rational *ret_value)
{
    (void)context;
    int64_t amount = investor.size == 0 ? 600 : view_is(investor, "a.se") ? 400 : 0;
    rational_set_integer(ret_value, amount);
    return STATUS_OK;
}

/* 70 of all pays, -5 of that of line 0. */
static enum status paid(const void *context, size_t line, struct rational *ret_value)
{
    (void)context;
    rational_set_integer(ret_value, line == SIZE_MAX ? 70 : line == 0 ? -5 : 1000);
    return STATUS_OK;
}

static enum status earlier(const void *context, size_t line, struct rational *ret_value)
{
    (void)context;
    (void)line;
    rational_set_integer(ret_value, 0);
    return STATUS_OK;
}

static struct terms_source source_of(const struct world *world)
{
    return (struct terms_source){
        .measured = measured, .funded = funded, .paid = paid, .earlier = earlier, .context = world};
}

/* --- Rows --- */

/* Opens terms of `lines`, of which the last is the row's. */
static void open_row(struct terms_fixture *fixture, const char *lines, const char *operation)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    cr_assert(eq(int,
                 buffer_append_format(&text, "%s%s{'line':'y'," LABEL "%s}", lines,
                                      lines[0] == '\0' ? "" : ",", operation),
                 STATUS_OK));
    const struct parts parts = {
        .outcomes = TEST_OUTCOMES, .periods = TEST_PERIODS, .lines = text.data};
    enum status status = fixture_open(fixture, &parts);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s %s: %s", operation, fixture->failure.code,
              fixture->failure.at, fixture->failure.reason);
}

static void assert_value(const struct rational *value, const char *expected, const char *row)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, FIXTURE_TEXT_SIZE);
    cr_assert(eq(int, rational_write_fraction(value, &text), STATUS_OK));
    cr_assert(eq(str, text.data, (char *)expected), "%s", row);
}

static void assert_row(const struct row *row, const char *lines)
{
    struct terms_fixture fixture;
    open_row(&fixture, lines, row->operation);
    const size_t last = fixture.terms.line_count - 1;
    const struct world world = {.terms = &fixture.terms, .facts = row->facts};
    struct terms_source source = source_of(&world);
    enum status status =
        terms_evaluate(&fixture.terms, row->period, &source, &fixture.values, &fixture.failure);
    if (status == STATUS_OK) {
        const struct line_value *value = &fixture.values.lines[last];
        assert_value(&value->value, row->expected, row->operation);
        cr_assert(eq(int, value->way, row->way), "%s", row->operation);
        cr_assert(eq(sz, value->step, row->step), "%s", row->operation);
    } else {
        char place[40];
        (void)snprintf(place, sizeof place, "/lines/%zu", last);
        cr_assert(eq(str, fixture.failure.code, (char *)row->expected), "%s: %s", row->operation,
                  fixture.failure.reason);
        cr_assert(eq(str, fixture.failure.at, place), "%s", row->operation);
        cr_assert(eq(sz, fixture.values.count, last), "%s", row->operation);
    }
    fixture_release(&fixture);
}

static void assert_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_row(&rows[i], "");
    }
}

/* --- Brackets --- */

#define BLOCK(from, rate) "{'from':'" from "','rate':" rate "}"

Test(evaluate, brackets_pay_each_block_at_its_own_rate)
{
    static const char three[] =
        "'brackets':" A
        ",'blocks':[" BLOCK("0", "'10'") "," BLOCK("100", "'5'") "," BLOCK("250.5", "'-2'") "]";
    static const char one[] = "'brackets':" A ",'blocks':[" BLOCK("-3", "'0.5'") "]";
    static const char graduates[] =
        "'brackets':" PERSONS
        ",'blocks':[{'from':{'value':'0','unit':'person'},'rate':{'value':'1100','unit':'TRY/"
        "person'}},{'from':{'value':'500','unit':'person'},'rate':{'value':'1000','unit':'TRY/"
        "person'}}]";
    static const struct row rows[] = {
        {three, A_IS("-7"), "0", WAY_BELOW_FIRST, 0, 0},
        {three, A_IS("0"), "0", WAY_BELOW_FIRST, 0, 0},
        {three, A_IS("0.1"), "1", WAY_STEP, 0, 0},
        {three, A_IS("99.9"), "999", WAY_STEP, 0, 0},
        /* At a block's beginning the block before it is full, and this one empty. */
        {three, A_IS("100"), "1000", WAY_STEP, 0, 0},
        {three, A_IS("100.2"), "1001", WAY_STEP, 1, 0},
        {three, A_IS("250.5"), "3505/2", WAY_STEP, 1, 0},
        {three, A_IS("251"), "3503/2", WAY_STEP, 2, 0},
        {three, A_IS("1250.5"), "-495/2", WAY_STEP, 2, 0},
        {one, A_IS("-3"), "0", WAY_BELOW_FIRST, 0, 0},
        {one, A_IS("-2"), "1/2", WAY_STEP, 0, 0},
        {one, A_IS("999999999999999999"), "500000000000000001", WAY_STEP, 0, 0},
        {graduates, PERSONS_ARE("500"), "550000", WAY_STEP, 0, 0},
        {graduates, PERSONS_ARE("501"), "551000", WAY_STEP, 1, 0},
        {graduates, PERSONS_ARE("0"), "0", WAY_BELOW_FIRST, 0, 0},
        {graduates, A_IS("1"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
    };
    assert_rows(rows, COUNT(rows));
}

Test(evaluate, only_the_rates_of_blocks_that_are_reached_are_computed)
{
    static const char later[] = "'brackets':" A ",'blocks':[" BLOCK("0", "'10'") "," BLOCK(
        "100", "'not_published'") "," BLOCK("200", B) "]";
    static const struct row rows[] = {
        {later, A_IS("100"), "1000", WAY_STEP, 0, 0},
        {later, A_IS("100.1"), "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0, 0},
        {later, A_AND_B("300", "1"), "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", B) "," BLOCK("1", "'2'") "]", A_IS("0"), "0",
         WAY_BELOW_FIRST, 0, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", B) "," BLOCK("1", "'2'") "]", A_IS("0.5"),
         "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", B) "," BLOCK("1", "'2'") "]",
         A_AND_B("2", "0.25"), "9/4", WAY_STEP, 1, 0},
    };
    assert_rows(rows, COUNT(rows));
}

/* --- Rate cards --- */

#define ITEM(name, rest) "{'item':'" name "'," LABEL rest "}"

Test(evaluate, a_rate_card_is_the_sum_of_its_items)
{
    static const char plain[] = "'rate_card':[" ITEM("in", "'count':" A ",'price':'700'") "," ITEM(
        "up", "'count':" B ",'price':'3.5','multiplier':'1.2'") "]";
    static const char by_count[] =
        "'rate_card':[" ITEM("in", "'count':" A ",'price':'7','count_at_most':'100'") "]";
    static const char by_amount[] =
        "'rate_card':[" ITEM("in", "'count':" A ",'price':'7','amount_at_most':'70'") "]";
    static const char by_both[] = "'rate_card':[" ITEM(
        "in", "'count':" A ",'price':'7','multiplier':'2','count_at_most':'10',"
              "'amount_at_most':'100'") "]";
    static const struct row rows[] = {
        {plain, A_AND_B("3", "10"), "2142", WAY_PLAIN, 0, 0},
        {plain, A_AND_B("0", "0"), "0", WAY_PLAIN, 0, 0},
        {plain, A_AND_B("-1", "10"), "-658", WAY_PLAIN, 0, 0},
        /* All operands are computed, also beside a count of zero. */
        {plain, A_IS("0"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
        {by_count, A_IS("99"), "693", WAY_PLAIN, 0, 0},
        {by_count, A_IS("100"), "700", WAY_PLAIN, 0, 0},
        {by_count, A_IS("100.5"), "700", WAY_PLAIN, 0, 0},
        {by_amount, A_IS("9.9"), "693/10", WAY_PLAIN, 0, 0},
        {by_amount, A_IS("10"), "70", WAY_PLAIN, 0, 0},
        {by_amount, A_IS("11"), "70", WAY_PLAIN, 0, 0},
        {by_both, A_IS("7"), "98", WAY_PLAIN, 0, 0},
        {by_both, A_IS("8"), "100", WAY_PLAIN, 0, 0},
        {by_both, A_IS("11"), "100", WAY_PLAIN, 0, 0},
        {"'rate_card':[" ITEM("in", "'count':'1','price':'1','multiplier':" A) "]",
         A_AND_B("0.5", "1"), "1/2", WAY_PLAIN, 0, 0},
        {"'rate_card':[" ITEM("in", "'count':'0','price':'1','multiplier':" A) "]",
         {{0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        {"'rate_card':[" ITEM("in", "'count':'1','price':'1','count_at_most':" A) "]",
         {{0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        {"'rate_card':[" ITEM("in", "'count':'1','price':'1','amount_at_most':" A) "]",
         {{0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        /* A limit may be below zero, and counts or amounts fall to it. */
        {"'rate_card':[" ITEM("in", "'count':'5','price':'2','count_at_most':'-1'") "]",
         {{0}},
         "-2",
         WAY_PLAIN,
         0,
         0},
    };
    assert_rows(rows, COUNT(rows));
}

Test(evaluate, an_item_can_be_looked_at)
{
    static const struct {
        const char *count;
        const char *paid;
        const char *amount;
        bool is_count_held;
        bool is_amount_held;
    } rows[] = {
        {"9", "9", "90", false, false},    {"10", "10", "100", false, false},
        {"11", "11", "100", false, true},  {"12", "12", "100", false, true},
        {"12.5", "12", "100", true, true}, {"-4", "-4", "-40", false, false},
    };
    struct terms_fixture fixture;
    open_row(
        &fixture, "",
        "'rate_card':[" ITEM("other", "'count':'1','price':'1'") "," ITEM(
            "in", "'count':" A ",'price':'10','count_at_most':'12','amount_at_most':'100'") "]");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct fact facts[FACTS_MAX] = A_IS(rows[i].count);
        const struct world world = {.terms = &fixture.terms, .facts = facts};
        struct terms_source source = source_of(&world);
        cr_assert(eq(int,
                     terms_evaluate(&fixture.terms, 0, &source, &fixture.values, &fixture.failure),
                     STATUS_OK));
        const struct terms_form form = {&fixture.terms, 0, &source, &fixture.values};
        OWNED(card_result_release) struct card_result result;
        card_result_init(&result);
        enum status status =
            terms_card_item(&form, &fixture.terms.lines[0], 1, &result, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK));
        assert_value(&result.counted, i == 4 ? "25/2" : rows[i].count, rows[i].count);
        assert_value(&result.paid, rows[i].paid, rows[i].count);
        assert_value(&result.amount, rows[i].amount, rows[i].count);
        cr_assert(eq(int, result.is_count_held, rows[i].is_count_held), "%s", rows[i].count);
        cr_assert(eq(int, result.is_amount_held, rows[i].is_amount_held), "%s", rows[i].count);
    }
    fixture_release(&fixture);
}

Test(evaluate, a_block_can_be_looked_at)
{
    static const struct {
        size_t block;
        const char *width;
        const char *amount;
    } rows[] = {{0, "100", "1000"}, {1, "301/2", "1505/2"}, {2, "1/2", "-1"}};
    struct terms_fixture fixture;
    open_row(&fixture, "",
             "'brackets':" A ",'blocks':[" BLOCK("0", "'10'") "," BLOCK("100", "'5'") "," BLOCK(
                 "250.5", "'-2'") "," BLOCK("300", "'1'") "]");
    const struct fact facts[FACTS_MAX] = A_IS("251");
    const struct world world = {.terms = &fixture.terms, .facts = facts};
    struct terms_source source = source_of(&world);
    cr_assert(eq(int, terms_evaluate(&fixture.terms, 0, &source, &fixture.values, &fixture.failure),
                 STATUS_OK));
    const struct terms_form form = {&fixture.terms, 0, &source, &fixture.values};
    cr_assert(eq(sz, fixture.values.lines[0].step, 2));
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(block_result_release) struct block_result result;
        block_result_init(&result);
        enum status status =
            terms_block(&form, &fixture.terms.lines[0], rows[i].block, &result, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK));
        assert_value(&result.width, rows[i].width, "width");
        assert_value(&result.amount, rows[i].amount, "amount");
    }
    fixture_release(&fixture);
}

/* --- By period --- */

Test(evaluate, the_row_of_the_settled_period_applies)
{
    static const char table[] = "'by_period':[{'period':'leap','then':'5'},"
                                "{'period':'year','then':" A "},"
                                "{'period':'m31','then':'not_published'}],'otherwise':" B;
    static const struct row rows[] = {
        {table, A_IS("2"), "2", WAY_STEP, 1, YEAR},
        {table, A_IS("2"), "5", WAY_STEP, 0, LEAP},
        {table, A_IS("2"), "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0, M31},
        {table, A_IS("2"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, ONE},
        {table, {{"b", MEASURED_VALUE, "3", ONE}}, "3", WAY_OTHERWISE, 0, ONE},
        {table, {{"b", MEASURED_VALUE, "3", ONE}}, "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, YEAR},
        {"'by_period':[{'period':'year','then':'1'},{'period':'leap','then':'2'},{'period':'m31',"
         "'then':'3'},{'period':'m3131','then':'4'},{'period':'one','then':'5'},"
         "{'period':'last','then':'6'}]",
         {{0}},
         "6",
         WAY_STEP,
         5,
         LAST},
    };
    assert_rows(rows, COUNT(rows));
}

/* --- Interest and index --- */

#define DATES(from, to) ",'from':'" from "','to':'" to "'"
#define SIMPLE(count, dates) "'interest':" A ",'rate':" B ",'count':'" count "'" dates

Test(evaluate, simple_interest_runs_by_its_day_count)
{
    /* 36,500 at 2 % is 2 a day by 365; 36,000 by 360. */
    static const struct row rows[] = {
        {SIMPLE("act_365", ""), A_AND_B("36500", "0.02"), "730", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_360", ""), A_AND_B("36000", "0.02"), "730", WAY_PLAIN, 0, YEAR},
        {SIMPLE("30_360", ""), A_AND_B("36000", "0.02"), "720", WAY_PLAIN, 0, YEAR},
        {SIMPLE("30e_360", ""), A_AND_B("36000", "0.02"), "720", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", ""), A_AND_B("-36500", "0.02"), "-730", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", ""), A_AND_B("36500", "0"), "0", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", ""), A_AND_B("36500", "-0.01"), "-365", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", ""), A_IS("36500"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", DATES("2020-01-01", "2021-01-01")), A_AND_B("36500", "0.02"), "732",
         WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_365", DATES("2020-02-28", "2020-02-29")), A_AND_B("36500", "0.02"), "2",
         WAY_PLAIN, 0, YEAR},
        /* From 15 January to 31 March: 2 months and 16 days; 30E/360 takes the 31st for the 30th.
         */
        {SIMPLE("30_360", DATES("2023-01-15", "2023-03-31")), A_AND_B("36000", "0.02"), "152",
         WAY_PLAIN, 0, YEAR},
        {SIMPLE("30e_360", DATES("2023-01-15", "2023-03-31")), A_AND_B("36000", "0.02"), "150",
         WAY_PLAIN, 0, YEAR},
        {SIMPLE("act_360", DATES("2023-01-15", "2023-03-31")), A_AND_B("36000", "0.02"), "150",
         WAY_PLAIN, 0, YEAR},
        /* From 31 January to 31 March both take both for the 30th. */
        {SIMPLE("30_360", DATES("2023-01-31", "2023-03-31")), A_AND_B("36000", "0.02"), "120",
         WAY_PLAIN, 0, YEAR},
        /* February has no 30th: its last day stays what it is. */
        {SIMPLE("30_360", DATES("2023-01-31", "2023-02-28")), A_AND_B("36000", "0.02"), "56",
         WAY_PLAIN, 0, YEAR},
        /* From the 30th to the 31st no time passes. */
        {SIMPLE("30_360", DATES("2023-01-30", "2023-01-31")), A_AND_B("36000", "0.02"), "0",
         WAY_PLAIN, 0, YEAR},
    };
    assert_rows(rows, COUNT(rows));
}

/* Facts are those of the period that is settled. */
#define IN_PERIOD(period)                       \
    {                                           \
        {"a", MEASURED_VALUE, "36000", period}, \
        {                                       \
            "b", MEASURED_VALUE, "0.02", period \
        }                                       \
    }

Test(evaluate, the_settled_period_runs_to_the_day_after_its_last)
{
    static const struct row rows[] = {
        {SIMPLE("act_360", ""), IN_PERIOD(LEAP), "732", WAY_PLAIN, 0, LEAP},
        {SIMPLE("30_360", ""), IN_PERIOD(LEAP), "720", WAY_PLAIN, 0, LEAP},
        /* 15 January to 30 March is to 31 March. */
        {SIMPLE("act_360", ""), IN_PERIOD(M31), "150", WAY_PLAIN, 0, M31},
        {SIMPLE("30_360", ""), IN_PERIOD(M31), "152", WAY_PLAIN, 0, M31},
        {SIMPLE("30e_360", ""), IN_PERIOD(M31), "150", WAY_PLAIN, 0, M31},
        {SIMPLE("30_360", ""), IN_PERIOD(M3131), "120", WAY_PLAIN, 0, M3131},
        /* The day of 30 January counts as one day, or none where a month has 30. */
        {SIMPLE("act_360", ""), IN_PERIOD(ONE), "2", WAY_PLAIN, 0, ONE},
        {SIMPLE("30_360", ""), IN_PERIOD(ONE), "0", WAY_PLAIN, 0, ONE},
        {SIMPLE("act_360", ""), IN_PERIOD(LAST), "SETTLEMENT_NOT_COMPUTABLE", WAY_PLAIN, 0, LAST},
        {SIMPLE("act_360", DATES("9999-12-30", "9999-12-31")), IN_PERIOD(LAST), "2", WAY_PLAIN, 0,
         LAST},
    };
    assert_rows(rows, COUNT(rows));
}

#define COMPOUND(periods) "'interest':" A ",'rate':" B ",'periods':" periods

Test(evaluate, compound_interest_is_exact)
{
    static const struct row rows[] = {
        {COMPOUND("0"), A_AND_B("1000", "0.02"), "0", WAY_PLAIN, 0, 0},
        {COMPOUND("1"), A_AND_B("1000", "0.02"), "20", WAY_PLAIN, 0, 0},
        {COMPOUND("2"), A_AND_B("1000", "0.02"), "202/5", WAY_PLAIN, 0, 0},
        {COMPOUND("3"), A_AND_B("1000", "0.1"), "331", WAY_PLAIN, 0, 0},
        {COMPOUND("2"), A_AND_B("1000", "-0.1"), "-190", WAY_PLAIN, 0, 0},
        /* Everything is lost in the first period, and stays so. */
        {COMPOUND("5"), A_AND_B("1000", "-1"), "-1000", WAY_PLAIN, 0, 0},
        {COMPOUND("0"), A_AND_B("1000", "-1"), "0", WAY_PLAIN, 0, 0},
        {COMPOUND("2"), A_AND_B("1000", "-2"), "0", WAY_PLAIN, 0, 0},
        {COMPOUND("2"), A_AND_B("0", "0.02"), "0", WAY_PLAIN, 0, 0},
        {COMPOUND("0"), A_IS("1000"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
        {"'interest':'1','rate':'1','periods':100",
         {{0}},
         "1267650600228229401496703205375",
         WAY_PLAIN,
         0,
         0},
    };
    assert_rows(rows, COUNT(rows));
}

Test(evaluate, an_index_goes_from_its_base_to_its_current_value)
{
    static const char index[] = "'index':'1000','base':" A ",'current':" B;
    static const struct row rows[] = {
        {index, A_AND_B("100", "112.5"), "1125", WAY_PLAIN, 0, 0},
        {index, A_AND_B("3", "1"), "1000/3", WAY_PLAIN, 0, 0},
        {index, A_AND_B("100", "0"), "0", WAY_PLAIN, 0, 0},
        {index, A_AND_B("-2", "1"), "-500", WAY_PLAIN, 0, 0},
        {index, A_AND_B("0", "112.5"), "SETTLEMENT_NOT_COMPUTABLE", WAY_PLAIN, 0, 0},
        {index, A_IS("100"), "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
        {"'index':" A ",'base':" A ",'current':" B, A_AND_B("4", "7"), "7", WAY_PLAIN, 0, 0},
    };
    assert_rows(rows, COUNT(rows));
}

/* --- Operands --- */

#define RATIO "'take':{'measured':'jobs','field':'ratio'}"
#define CONTROL_RATIO "'take':{'measured':'jobs','field':'control_ratio'}"

Test(evaluate, a_ratio_is_its_counts_divided)
{
    static const struct row rows[] = {
        {RATIO,
         {{"jobs", MEASURED_NUMERATOR, "13", 0}, {"jobs", MEASURED_DENOMINATOR, "155", 0}},
         "13/155",
         WAY_PLAIN,
         0,
         0},
        /* What was stated as a rounded value does not count. */
        {RATIO,
         {{"jobs", MEASURED_VALUE, "0.084", 0},
          {"jobs", MEASURED_NUMERATOR, "26", 0},
          {"jobs", MEASURED_DENOMINATOR, "310", 0}},
         "13/155",
         WAY_PLAIN,
         0,
         0},
        {RATIO,
         {{"jobs", MEASURED_NUMERATOR, "0", 0}, {"jobs", MEASURED_DENOMINATOR, "155", 0}},
         "0",
         WAY_PLAIN,
         0,
         0},
        {RATIO,
         {{"jobs", MEASURED_NUMERATOR, "13", 0}, {"jobs", MEASURED_DENOMINATOR, "0", 0}},
         "SETTLEMENT_NOT_COMPUTABLE",
         WAY_PLAIN,
         0,
         0},
        {RATIO, {{"jobs", MEASURED_VALUE, "0.084", 0}}, "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0},
        {RATIO,
         {{"jobs", MEASURED_NUMERATOR, "13", 0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        {RATIO,
         {{"jobs", MEASURED_DENOMINATOR, "155", 0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        {CONTROL_RATIO,
         {{"jobs", MEASURED_CONTROL_NUMERATOR, "1", 0},
          {"jobs", MEASURED_CONTROL_DENOMINATOR, "3", 0}},
         "1/3",
         WAY_PLAIN,
         0,
         0},
        {CONTROL_RATIO,
         {{"jobs", MEASURED_NUMERATOR, "1", 0}, {"jobs", MEASURED_DENOMINATOR, "3", 0}},
         "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN,
         0,
         0},
        /* Two ratios at once do not share their room. */
        {"'subtract':[{'measured':'jobs','field':'ratio'},"
         "{'measured':'jobs','field':'control_ratio'}]",
         {{"jobs", MEASURED_NUMERATOR, "1", 0},
          {"jobs", MEASURED_DENOMINATOR, "2", 0},
          {"jobs", MEASURED_CONTROL_NUMERATOR, "1", 0},
          {"jobs", MEASURED_CONTROL_DENOMINATOR, "3", 0}},
         "1/6",
         WAY_PLAIN,
         0,
         0},
        {"'take':{'measured':'jobs','field':'ratio','period':'leap'}",
         {{"jobs", MEASURED_NUMERATOR, "1", LEAP}, {"jobs", MEASURED_DENOMINATOR, "2", LEAP}},
         "1/2",
         WAY_PLAIN,
         0,
         0},
        {"'take':{'measured':'jobs','field':'control_count'}",
         {{"jobs", MEASURED_CONTROL_COUNT, "7", 0}},
         "7",
         WAY_PLAIN,
         0,
         0},
    };
    assert_rows(rows, COUNT(rows));
}

Test(evaluate, what_was_placed_and_paid_is_known_by_party_and_pay)
{
    static const struct {
        const char *operation;
        const char *expected;
    } rows[] = {
        {"'take':{'funded':'total'}", "600"}, {"'take':{'funded':'a.se'}", "400"},
        {"'take':{'funded':'b.se'}", "0"},    {"'take':{'paid':'total'}", "70"},
        {"'take':{'paid':'owed'}", "-5"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        enum status status = buffer_append_format(
            &lines,
            "{'line':'owed'," LABEL "'round':{'value':'1','unit':'SEK'},'to':{'value':'1','unit':"
            "'SEK'},'by':'down'},{'line':'y'," LABEL "%s}",
            rows[i].operation);
        cr_assert(eq(int, status, STATUS_OK));
        struct terms_fixture fixture;
        status = fixture_open(
            &fixture,
            &(struct parts){.lines = lines.data,
                            .pays = "{'pay':'owed','from':'p.se','to':[{'party':'a.se'}]}"});
        cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
        const struct fact facts[FACTS_MAX] = {{0}};
        const struct world world = {.terms = &fixture.terms, .facts = facts};
        struct terms_source source = source_of(&world);
        status = terms_evaluate(&fixture.terms, 0, &source, &fixture.values, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
        assert_value(&fixture.values.lines[1].value, rows[i].expected, rows[i].operation);
        fixture_release(&fixture);
    }
}

/* --- Significance --- */

#define SIGNIFICANT(rest) \
    "'when':{'significant':{'measured':'trial'," rest "}},'then':'1','otherwise':'0'"
#define DAYS(decimal) "{'value':'" decimal "','unit':'day'}"
#define P_IS(decimal)                             \
    {                                             \
        {                                         \
            "trial", MEASURED_P_VALUE, decimal, 0 \
        }                                         \
    }
#define INTERVAL(low, high)                 \
    {                                       \
        {"trial", MEASURED_LOW, low, 0},    \
        {                                   \
            "trial", MEASURED_HIGH, high, 0 \
        }                                   \
    }
#define YES "1", WAY_THEN, 0, 0
#define NO "0", WAY_OTHERWISE, 0, 0
#define MISSING "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0, 0

Test(evaluate, significance_looks_at_the_number_that_it_names)
{
    static const char below[] = SIGNIFICANT("'p_below':'0.05'");
    static const char at_most[] = SIGNIFICANT("'p_at_most':'0.05'");
    static const char interval_above[] = SIGNIFICANT("'interval_above':" DAYS("2"));
    static const char interval_below[] = SIGNIFICANT("'interval_below':" DAYS("2"));
    static const char excludes[] = SIGNIFICANT("'interval_excludes':" DAYS("0"));
    static const struct row rows[] = {
        {below, P_IS("0.049999"), YES},
        {below, P_IS("0.05"), NO},
        {below, P_IS("0.050001"), NO},
        {below, INTERVAL("1", "2"), MISSING},
        {at_most, P_IS("0.05"), YES},
        {at_most, P_IS("0.050001"), NO},
        {interval_above, INTERVAL("2.1", "3"), YES},
        {interval_above, INTERVAL("2", "3"), NO},
        {interval_above, INTERVAL("1.9", "3"), NO},
        /* Only the low end is looked at. */
        {interval_above, {{"trial", MEASURED_LOW, "2.1", 0}}, YES},
        {interval_above, {{"trial", MEASURED_HIGH, "2.1", 0}}, MISSING},
        {interval_below, INTERVAL("1", "1.9"), YES},
        {interval_below, INTERVAL("1", "2"), NO},
        {interval_below, INTERVAL("1", "2.1"), NO},
        {interval_below, {{"trial", MEASURED_HIGH, "1.9", 0}}, YES},
        {interval_below, {{"trial", MEASURED_LOW, "1.9", 0}}, MISSING},
        {excludes, INTERVAL("0.1", "3"), YES},
        {excludes, INTERVAL("-3", "-0.1"), YES},
        {excludes, INTERVAL("0", "3"), NO},
        {excludes, INTERVAL("-3", "0"), NO},
        {excludes, INTERVAL("-3", "3"), NO},
        {excludes, INTERVAL("0", "0"), NO},
        /* Both ends are computed, also where the low one decides. */
        {excludes, {{"trial", MEASURED_LOW, "0.1", 0}}, MISSING},
        {excludes, {{"trial", MEASURED_HIGH, "-0.1", 0}}, MISSING},
        {SIGNIFICANT("'period':'leap','p_below':'0.05'"),
         {{"trial", MEASURED_P_VALUE, "0.01", LEAP}},
         YES},
        {SIGNIFICANT("'period':'leap','p_below':'0.05'"), P_IS("0.01"), MISSING},
        /* Within a tree, all of it is computed. */
        {"'when':{'any':[{'at_least':['1','1']},{'not':{'significant':{'measured':'trial',"
         "'p_below':'0.05'}}}]},'then':'1','otherwise':'0'",
         {{0}},
         MISSING},
        {"'when':{'all':[{'at_least':['1','1']},{'not':{'significant':{'measured':'trial',"
         "'p_below':'0.05'}}}]},'then':'1','otherwise':'0'",
         P_IS("0.05"), YES},
    };
    assert_rows(rows, COUNT(rows));
}

/* --- Zeros --- */

Test(evaluate, a_zero_is_led_back_to_its_cause)
{
    /* Lines 0 to 2: nothing, something, and the row's. */
    static const char before[] =
        "{'line':'nil'," LABEL "'take':'0'},{'line':'five'," LABEL "'take':'5'}";
    static const struct {
        const char *operation;
        struct fact facts[FACTS_MAX];
        enum zero_cause cause;
        size_t line;
        size_t period;
    } rows[] = {
        {"'brackets':" A ",'blocks':[" BLOCK("1", "'7'") "]", A_IS("1"), ZERO_BLOCK, SIZE_MAX, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", "'0'") "]", A_IS("1"), ZERO_BLOCK, SIZE_MAX, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", "'nil'") "," BLOCK("9", "'five'") "]", A_IS("1"),
         ZERO_BLOCK, 0, 0},
        {"'brackets':" A ",'blocks':[" BLOCK("0", "'5'") "," BLOCK("1", "'-5'") "]", A_IS("2"),
         ZERO_CANCEL, SIZE_MAX, 0},
        {"'rate_card':[" ITEM("in", "'count':" A
                                    ",'price':'7'") "," ITEM("up", "'count':'3','price':'nil'") "]",
         A_IS("0"), ZERO_ITEMS, SIZE_MAX, 0},
        {"'rate_card':[" ITEM("in", "'count':" A ",'price':'7'") "," ITEM(
             "up", "'count':" A ",'price':'-7'") "]",
         A_IS("3"), ZERO_CANCEL, SIZE_MAX, 0},
        {"'by_period':[{'period':'year','then':'nil'}],'otherwise':'five'", {{0}}, ZERO_STEP, 0, 0},
        {"'by_period':[{'period':'leap','then':'five'}],'otherwise':'nil'", {{0}}, ZERO_STEP, 0, 0},
        {"'by_period':[{'period':'year','then':'0'}],'otherwise':'five'",
         {{0}},
         ZERO_STEP,
         SIZE_MAX,
         0},
        {"'interest':'nil','rate':'1','count':'act_365'", {{0}}, ZERO_LINE, 0, 0},
        {"'interest':'five','rate':" A ",'count':'act_365'", A_IS("0"), ZERO_MEASURED, SIZE_MAX, 0},
        {"'interest':'five','rate':'1','periods':0", {{0}}, ZERO_DAYS, SIZE_MAX, 0},
        {"'interest':'five','rate':'-2','periods':2", {{0}}, ZERO_CANCEL, SIZE_MAX, 0},
        {"'interest':'five','rate':'1','count':'30_360'", {{0}}, ZERO_DAYS, SIZE_MAX, ONE},
        {"'index':'nil','base':'five','current':'five'", {{0}}, ZERO_LINE, 0, 0},
        {"'index':'five','base':'five','current':'nil'", {{0}}, ZERO_LINE, 0, 0},
        {"'index':'five','base':'five','current':'five'", {{0}}, ZERO_NOT, SIZE_MAX, 0},
        {"'when':{'significant':{'measured':'trial','p_below':'0.05'}},'then':'five',"
         "'otherwise':'nil'",
         P_IS("0.05"), ZERO_CONDITION, 0, 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct terms_fixture fixture;
        open_row(&fixture, before, rows[i].operation);
        const struct world world = {.terms = &fixture.terms, .facts = rows[i].facts};
        struct terms_source source = source_of(&world);
        enum status status = terms_evaluate(&fixture.terms, rows[i].period, &source,
                                            &fixture.values, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].operation, fixture.failure.reason);
        const struct terms_form form = {&fixture.terms, rows[i].period, &source, &fixture.values};
        struct zero_step step;
        status = terms_zero_step(&form, 2, &step, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK), "%s", rows[i].operation);
        cr_assert(eq(int, step.cause, rows[i].cause), "%s", rows[i].operation);
        cr_assert(eq(sz, step.line, rows[i].line), "%s", rows[i].operation);
        fixture_release(&fixture);
    }
}

Test(evaluate, what_is_missing_is_named)
{
    static const struct {
        const char *operation;
        struct fact facts[FACTS_MAX];
        const char *reason;
        size_t period;
    } rows[] = {
        {RATIO,
         {{"jobs", MEASURED_NUMERATOR, "1", 0}},
         "outcome \"jobs\" has no denominator for period \"year\"",
         0},
        {SIGNIFICANT("'interval_excludes':" DAYS("0")),
         {{"trial", MEASURED_LOW, "1", 0}},
         "outcome \"trial\" has no high for period \"year\"",
         0},
        {SIMPLE("act_365", ""), IN_PERIOD(LAST),
         "line \"y\" needs the day after the last of period \"last\", and no day follows "
         "9999-12-31",
         LAST},
        {"'index':'1','base':" A ",'current':'1'", A_IS("0"), "line \"y\" would divide by zero", 0},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct terms_fixture fixture;
        open_row(&fixture, "", rows[i].operation);
        const struct world world = {.terms = &fixture.terms, .facts = rows[i].facts};
        struct terms_source source = source_of(&world);
        enum status status = terms_evaluate(&fixture.terms, rows[i].period, &source,
                                            &fixture.values, &fixture.failure);
        cr_assert(eq(int, status, STATUS_INVALID), "%s", rows[i].operation);
        cr_assert(eq(str, fixture.failure.reason, (char *)rows[i].reason));
        fixture_release(&fixture);
    }
}

Test(evaluate, values_can_be_used_again)
{
    struct terms_fixture fixture;
    open_row(&fixture, "",
             "'brackets':" A ",'blocks':[" BLOCK("0", "'2'") "," BLOCK("10", "'1'") "]");
    static const char *const xs[] = {"11", "-1", "10", "25", "0"};
    static const char *const expected[] = {"21", "0", "20", "35", "0"};
    for (size_t i = 0; i < COUNT(xs); i++) {
        const struct fact facts[FACTS_MAX] = A_IS(xs[i]);
        const struct world world = {.terms = &fixture.terms, .facts = facts};
        struct terms_source source = source_of(&world);
        cr_assert(eq(int,
                     terms_evaluate(&fixture.terms, 0, &source, &fixture.values, &fixture.failure),
                     STATUS_OK));
        assert_value(&fixture.values.lines[0].value, expected[i], xs[i]);
    }
    fixture_release(&fixture);
}
