/* Terms: reading, checking, evaluating and explaining lines. */
#include "contracts/rule/rule.h"
#include "contracts/terms/terms.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/terms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>

Test(terms, arithmetic_is_exact)
{
    static const struct operation_row rows[] = {
        {"'take':'x'", "-2.5", "-5/2", WAY_PLAIN, 0},
        {"'take':'0.000000000001'", "0", "1/1000000000000", WAY_PLAIN, 0},
        {"'add':['x']", "0.1", "1/10", WAY_PLAIN, 0},
        {"'add':['x','0.2']", "0.1", "3/10", WAY_PLAIN, 0},
        {"'add':['x','x','x','-1']", "0.5", "1/2", WAY_PLAIN, 0},
        {"'add':[" SCORE "," SCORE "]", "0.5", "1", WAY_PLAIN, 0},
        {"'subtract':['x','1']", "0.5", "-1/2", WAY_PLAIN, 0},
        {"'subtract':['1','x']", "0.5", "1/2", WAY_PLAIN, 0},
        {"'subtract':[" SCORE "," SCORE_2Y "]", "0.5", "-7/2", WAY_PLAIN, 0},
        {"'divide':[" SCORE_2Y "," SCORE "]", "0.5", "8", WAY_PLAIN, 0},
        {"'multiply':['x']", "0.5", "1/2", WAY_PLAIN, 0},
        {"'multiply':['x','x','-3']", "-0.5", "-3/4", WAY_PLAIN, 0},
        {"'divide':['x','3']", "1", "1/3", WAY_PLAIN, 0},
        {"'divide':['x','-3']", "1", "-1/3", WAY_PLAIN, 0},
        {"'divide':['1','x']", "0.75", "4/3", WAY_PLAIN, 0},
        {"'divide':['1','x']", "0", "SETTLEMENT_NOT_COMPUTABLE", WAY_PLAIN, 0},
        {"'power':'x','exponent':2", "-1.5", "9/4", WAY_PLAIN, 0},
        {"'power':'x','exponent':0", "0", "1", WAY_PLAIN, 0},
        {"'power':'x','exponent':0", "7", "1", WAY_PLAIN, 0},
        {"'power':'x','exponent':-2", "-0.5", "4", WAY_PLAIN, 0},
        {"'power':'x','exponent':-1", "0", "SETTLEMENT_NOT_COMPUTABLE", WAY_PLAIN, 0},
        {"'power':'x','exponent':3", "0", "0", WAY_PLAIN, 0},
        {"'power':'2','exponent':64", "0", "18446744073709551616", WAY_PLAIN, 0},
        {"'minimum':['x']", "3", "3", WAY_PLAIN, 0},
        {"'minimum':['x','2',{'value':'-1','unit':'1'}]", "3", "-1", WAY_PLAIN, 0},
        {"'minimum':['2','x','5']", "1.5", "3/2", WAY_PLAIN, 0},
        {"'minimum':[" SCORE "," SCORE_2Y ",'5']", "1.5", "3/2", WAY_PLAIN, 0},
        {"'maximum':['x','2','-1']", "3", "3", WAY_PLAIN, 0},
        {"'maximum':['-2','-1','x']", "-3", "-1", WAY_PLAIN, 0},
        {"'negate':'x'", "3", "-3", WAY_PLAIN, 0},
        {"'negate':'x'", "0", "0", WAY_PLAIN, 0},
        {"'take':{'period':'days'}", "0", "365", WAY_PLAIN, 0},
        {"'divide':['kr','n']", "0", "50/3", WAY_PLAIN, 0},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

Test(terms, a_clamp_holds_between_its_bounds)
{
    static const char both[] = "'clamp':'x','at_least':'-1','at_most':'2.5'";
    static const char crossed[] = "'clamp':'x','at_least':'5','at_most':'2'";
    static const char measured_least[] = "'clamp':" SCORE ",'at_least':" SCORE_2Y;
    static const char measured_most[] = "'clamp':" SCORE ",'at_most':" SCORE_2Y;
    static const char measured_both[] =
        "'clamp':" SCORE ",'at_least':" SCORE_2Y ",'at_most':" SCORE;
    static const struct operation_row rows[] = {
        {both, "-1.1", "-1", WAY_HELD_AT_LEAST, 0},
        {both, "-1", "-1", WAY_PLAIN, 0},
        {both, "0", "0", WAY_PLAIN, 0},
        {both, "2.5", "5/2", WAY_PLAIN, 0},
        {both, "2.500000000001", "5/2", WAY_HELD_AT_MOST, 0},
        {"'clamp':'x','at_least':'0'", "-1", "0", WAY_HELD_AT_LEAST, 0},
        {"'clamp':'x','at_least':'0'", "999999", "999999", WAY_PLAIN, 0},
        {"'clamp':'x','at_most':'0'", "-999999", "-999999", WAY_PLAIN, 0},
        {"'clamp':'x','at_most':'0'", "1", "0", WAY_HELD_AT_MOST, 0},
        /* min(max(x, 5), 2): the upper bound is applied last. */
        {crossed, "1", "2", WAY_HELD_AT_MOST, 0},
        {crossed, "3", "2", WAY_HELD_AT_MOST, 0},
        {crossed, "9", "2", WAY_HELD_AT_MOST, 0},
        {measured_least, "3", "4", WAY_HELD_AT_LEAST, 0},
        {measured_least, "5", "5", WAY_PLAIN, 0},
        {measured_most, "3", "3", WAY_PLAIN, 0},
        {measured_most, "5", "4", WAY_HELD_AT_MOST, 0},
        {measured_both, "3", "3", WAY_HELD_AT_MOST, 0},
        {measured_both, "5", "5", WAY_PLAIN, 0},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

Test(terms, the_last_tier_that_applies_wins_and_its_side_is_explicit)
{
    static const char newpin[] =
        "'tiers':'x','steps':[{'at_least':'0.6','then':'0.075'},{'above':'0.65','then':'0.12'},"
        "{'at_least':'0.7','then':'0.135'}],'otherwise':'0.03'";
    static const char edge[] =
        "'tiers':'x','steps':[{'at_least':'-1','then':'1'},{'above':'-1','then':'2'}],"
        "'otherwise':'0'";
    static const char lines[] =
        "'tiers':'x','steps':[{'above':'0','then':'kr'},{'above':'1','then':" SAVING "}],"
        "'otherwise':" SEK("0");
    static const struct operation_row rows[] = {
        {newpin, "-5", "3/100", WAY_OTHERWISE, 0},
        {newpin, "0.599999999999", "3/100", WAY_OTHERWISE, 0},
        {newpin, "0.6", "3/40", WAY_STEP, 0},
        {newpin, "0.65", "3/40", WAY_STEP, 0},
        {newpin, "0.650000000001", "3/25", WAY_STEP, 1},
        {newpin, "0.699999999999", "3/25", WAY_STEP, 1},
        {newpin, "0.7", "27/200", WAY_STEP, 2},
        {newpin, "1000", "27/200", WAY_STEP, 2},
        {edge, "-1.000000000001", "0", WAY_OTHERWISE, 0},
        {edge, "-1", "1", WAY_STEP, 0},
        {edge, "-0.999999999999", "2", WAY_STEP, 1},
        {lines, "0", "0", WAY_OTHERWISE, 0},
        {lines, "1", "1000", WAY_STEP, 0},
        {lines, "2", "1000", WAY_STEP, 1},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

Test(terms, a_curve_is_linear_between_points_and_held_at_its_ends)
{
    static const char star[] = "'curve':'x','points':[['0.5','0'],['1.4','1']]";
    static const char bent[] =
        "'curve':'x','points':[['-2','10'],['0',{'value':'-4','unit':'1'}],['3','5'],['4','5']]";
    static const struct operation_row rows[] = {
        {star, "0.4", "0", WAY_BELOW_FIRST, 0}, {star, "0.5", "0", WAY_STEP, 0},
        {star, "0.8", "1/3", WAY_STEP, 0},      {star, "0.95", "1/2", WAY_STEP, 0},
        {star, "1.4", "1", WAY_STEP, 0},        {star, "1.400000000001", "1", WAY_ABOVE_LAST, 0},
        {bent, "-7", "10", WAY_BELOW_FIRST, 0}, {bent, "-2", "10", WAY_STEP, 0},
        {bent, "-1", "3", WAY_STEP, 0},         {bent, "0", "-4", WAY_STEP, 1},
        {bent, "1", "-1", WAY_STEP, 1},         {bent, "3", "5", WAY_STEP, 2},
        {bent, "3.5", "5", WAY_STEP, 2},        {bent, "4", "5", WAY_STEP, 2},
        {bent, "5", "5", WAY_ABOVE_LAST, 0},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

Test(terms, conditions_combine)
{
#define WHEN(condition) "'when':" condition ",'then':'1','otherwise':'0'"
    static const char nested[] =
        WHEN("{'any':[{'all':[{'at_least':['x','1']},{'not':{'above':['x','2']}}]},"
             "{'not':{'any':[{'below':['x','10']},{'equals':['x','11']}]}}]}");
    static const struct operation_row rows[] = {
        {WHEN("{'at_least':['x','1']}"), "1", "1", WAY_THEN, 0},
        {WHEN("{'at_least':['x','1']}"), "0.999999999999", "0", WAY_OTHERWISE, 0},
        {WHEN("{'above':['x','1']}"), "1", "0", WAY_OTHERWISE, 0},
        {WHEN("{'above':['x','1']}"), "1.000000000001", "1", WAY_THEN, 0},
        {WHEN("{'at_most':['x','1']}"), "1", "1", WAY_THEN, 0},
        {WHEN("{'at_most':['x','1']}"), "1.000000000001", "0", WAY_OTHERWISE, 0},
        {WHEN("{'below':['x','1']}"), "1", "0", WAY_OTHERWISE, 0},
        {WHEN("{'below':['x','1']}"), "0.999999999999", "1", WAY_THEN, 0},
        {WHEN("{'equals':['x','-1']}"), "-1", "1", WAY_THEN, 0},
        {WHEN("{'equals':['x','-1']}"), "-1.000000000001", "0", WAY_OTHERWISE, 0},
        {WHEN("{'equals':[" SCORE "," SCORE_2Y "]}"), "4", "1", WAY_THEN, 0},
        {WHEN("{'above':[" SCORE "," SCORE_2Y "]}"), "5", "1", WAY_THEN, 0},
        {WHEN("{'above':[" SCORE "," SCORE_2Y "]}"), "3", "0", WAY_OTHERWISE, 0},
        {WHEN("{'not':{'not':{'equals':['x','5']}}}"), "5", "1", WAY_THEN, 0},
        {WHEN("{'all':[{'above':['x','1']}]}"), "2", "1", WAY_THEN, 0},
        {WHEN("{'all':[{'above':['x','1']},{'below':['x','3']}]}"), "3", "0", WAY_OTHERWISE, 0},
        {WHEN("{'any':[{'above':['x','3']},{'below':['x','1']}]}"), "2", "0", WAY_OTHERWISE, 0},
        {WHEN("{'any':[{'above':['x','3']},{'below':['x','1']}]}"), "0", "1", WAY_THEN, 0},
        {nested, "0", "0", WAY_OTHERWISE, 0},
        {nested, "1", "1", WAY_THEN, 0},
        {nested, "2", "1", WAY_THEN, 0},
        {nested, "3", "0", WAY_OTHERWISE, 0},
        {nested, "10", "1", WAY_THEN, 0},
        {nested, "11", "0", WAY_OTHERWISE, 0},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

Test(terms, each_rounding_has_its_own_way_with_ties_and_signs)
{
    static const char *const ways[] = {"half_even", "half_up", "up", "down", "ceiling", "floor"};
    static const struct {
        const char *x;
        const char *expected[6];
    } rows[] = {
        {"2.5", {"2", "3", "3", "2", "3", "2"}},        {"3.5", {"4", "4", "4", "3", "4", "3"}},
        {"-2.5", {"-2", "-3", "-3", "-2", "-2", "-3"}}, {"2.4", {"2", "2", "3", "2", "3", "2"}},
        {"-2.4", {"-2", "-2", "-3", "-2", "-2", "-3"}}, {"2.6", {"3", "3", "3", "2", "3", "2"}},
        {"-2.6", {"-3", "-3", "-3", "-2", "-2", "-3"}}, {"7", {"7", "7", "7", "7", "7", "7"}},
        {"0", {"0", "0", "0", "0", "0", "0"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        for (size_t k = 0; k < COUNT(ways); k++) {
            char operation[100];
            (void)snprintf(operation, sizeof operation, "'round':'x','to':'1','by':'%s'", ways[k]);
            bool is_whole = strchr(rows[i].x, '.') == NULL;
            struct operation_row row = {operation, rows[i].x, rows[i].expected[k],
                                        is_whole ? WAY_PLAIN : WAY_ROUNDED, 0};
            fixture_assert_operations(&row, 1);
        }
    }
    static const struct operation_row steps[] = {
        {"'round':'x','to':'0.01','by':'half_even'", "0.125", "3/25", WAY_ROUNDED, 0},
        {"'round':'x','to':'0.01','by':'half_up'", "0.125", "13/100", WAY_ROUNDED, 0},
        {"'round':'x','to':'0.25','by':'down'", "0.74", "1/2", WAY_ROUNDED, 0},
        {"'round':'x','to':'1000','by':'up'", "1", "1000", WAY_ROUNDED, 0},
        {"'round':'kr','to':" SEK("300") ",'by':'floor'", "1", "900", WAY_ROUNDED, 0},
    };
    fixture_assert_operations(steps, COUNT(steps));
}

Test(terms, only_what_is_reached_must_be_published_and_measured)
{
    static const char tiers[] = "'tiers':'x','steps':[{'at_least':'1','then':'5'},"
                                "{'at_least':'2','then':'not_published'}],"
                                "'otherwise':'not_published'";
    static const char branch[] =
        "'when':{'above':['x','0']},'then':{'measured':'score','field':'low'},'otherwise':'7'";
    static const char condition[] =
        "'when':{'any':[{'above':['x','0']},{'above':[{'measured':'score','field':'p_value'},"
        "'0']}]},'then':'1','otherwise':'not_published'";
    static const struct operation_row rows[] = {
        {tiers, "0", "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0},
        {tiers, "1", "5", WAY_STEP, 0},
        {tiers, "2", "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0},
        {branch, "0", "7", WAY_OTHERWISE, 0},
        {branch, "1", "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0},
        /* All comparisons are computed, whatever the first one says. */
        {condition, "1", "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0},
        {"'when':{'above':['x','0']},'then':'not_published','otherwise':'2'", "0", "2",
         WAY_OTHERWISE, 0},
        {"'when':{'above':['x','0']},'then':'not_published','otherwise':'2'", "1",
         "TERMS_NOT_PUBLISHED", WAY_PLAIN, 0},
        {"'take':{'measured':'score','field':'low','period':'2y'}", "1", "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN, 0},
        {"'clamp':'x','at_most':{'measured':'score','field':'high'}", "1",
         "SETTLEMENT_NOT_MEASURED", WAY_PLAIN, 0},
        {"'add':['x',{'measured':'score','field':'control_value'}]", "1", "SETTLEMENT_NOT_MEASURED",
         WAY_PLAIN, 0},
    };
    fixture_assert_operations(rows, COUNT(rows));
}

static const char *const TWO_WHENS[] = {
    BASE_LINES,
    LINE("low", "'when':{'not':{'above':['x','5']}},'then':'10','otherwise':'0'"),
    LINE("high", "'when':{'any':[{'above':['x','100']},{'above':['x','50']}]},'then':'20',"
                 "'otherwise':'0'"),
    LINE("y", "'subtract':['high','low']"),
};

Test(terms, an_unpublished_result_has_the_unit_of_the_others)
{
    struct terms_fixture fixture;
    fixture_must_open(&fixture,
                      BASE_LINES "," LINE("y", "'tiers':'x','steps':[{'above':'0',"
                                               "'then':'not_published'},{'above':'1',"
                                               "'then':'kr'}],'otherwise':'not_published'"));
    const struct line *line = &fixture.terms.lines[3];
    const struct unit *money = &fixture.terms.lines[1].unit;
    cr_assert(eq(int, money->count, 1));
    cr_assert(unit_equal(&line->unit, money));
    cr_assert(unit_equal(&line->steps[0].then.unit, money));
    cr_assert(unit_equal(&line->otherwise.unit, money));
    fixture_release(&fixture);
}

Test(terms, each_when_keeps_its_own_conditions)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, TWO_WHENS, COUNT(TWO_WHENS));
    struct terms_fixture fixture;
    fixture_must_open(&fixture, lines.data);
    static const struct {
        const char *x;
        const char *expected;
    } rows[] = {{"0", "-10"}, {"5", "-10"}, {"6", "0"}, {"50", "0"}, {"51", "20"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture.facts = (struct facts){.score = rows[i].x, .saving = "0", .count = "0"};
        char text[FIXTURE_TEXT_SIZE];
        fixture_evaluate_last(&fixture, text);
        cr_assert(eq(str, text, (char *)rows[i].expected), "%s", rows[i].x);
    }
    fixture_release(&fixture);
}

Test(terms, a_second_evaluation_keeps_nothing_of_the_first)
{
    struct terms_fixture fixture;
    fixture_must_open(&fixture,
                      BASE_LINES "," LINE("y", "'tiers':'x','steps':[{'at_least':'1','then':'1'},"
                                               "{'at_least':'2','then':'2'}],'otherwise':'0'"));
    static const struct {
        const char *x;
        enum line_way way;
        size_t step;
    } rows[] = {{"2", WAY_STEP, 1}, {"0", WAY_OTHERWISE, 0}, {"1", WAY_STEP, 0}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture.facts = (struct facts){.score = rows[i].x, .saving = "0", .count = "0"};
        cr_assert(eq(int, fixture_evaluate(&fixture), STATUS_OK));
        cr_assert(eq(int, fixture.values.lines[3].way, rows[i].way), "%s", rows[i].x);
        cr_assert(eq(sz, fixture.values.lines[3].step, rows[i].step), "%s", rows[i].x);
    }
    fixture_release(&fixture);
}

Test(terms, sources_are_asked_for_the_right_thing)
{
    static const struct {
        const char *operand;
        const char *expected;
    } rows[] = {
        {"{'measured':'score','field':'value'}", "3"},
        {"{'measured':'score','field':'value','period':'2y'}", "4"},
        {"{'measured':'score','field':'value','period':'1y'}", "3"},
        {"{'measured':'score','field':'count'}", "60"},
        {"{'funded':'total'}", "7500000"},
        {"{'paid':'total'}", "25/2"},
        {"{'earlier':'kr'}", "101"},
        {"{'period':'days'}", "365"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char lines[2000];
        (void)snprintf(lines, sizeof lines, BASE_LINES ",{'line':'y'," LABEL "'take':%s}",
                       rows[i].operand);
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines);
        fixture.facts = (struct facts){.score = "3",
                                       .saving = "1",
                                       .count = "60",
                                       .score_2y = "4",
                                       .funded = "7500000",
                                       .paid = "12.5",
                                       .earlier = "100"};
        char text[FIXTURE_TEXT_SIZE];
        fixture_evaluate_last(&fixture, text);
        cr_assert(eq(str, text, (char *)rows[i].expected), "%s: %s", rows[i].operand,
                  fixture.failure.reason);
        fixture_release(&fixture);
    }
}

static enum status broken_funded(const void *context, struct view investor,
                                 struct rational *ret_value)
{
    (void)context;
    (void)investor;
    (void)ret_value;
    return STATUS_STORAGE;
}

Test(terms, a_failure_of_a_source_is_passed_on)
{
    struct terms_fixture fixture;
    fixture_must_open(&fixture, "{'line':'y'," LABEL "'take':{'funded':'total'}}");
    struct terms_source source = fixture_source(&fixture);
    source.funded = broken_funded;
    enum status status =
        terms_evaluate(&fixture.terms, 0, &source, &fixture.values, &fixture.failure);
    cr_assert(eq(int, status, STATUS_STORAGE));
    cr_assert(eq(str, fixture.failure.at, (char *)"/lines/0"));
    cr_assert(eq(sz, fixture.values.count, 0));
    fixture_release(&fixture);
}

/* --- Refusals --- */

Test(terms, a_line_of_another_form_is_refused_with_its_place)
{
    static const struct refusal_row rows[] = {
        {"'addd':['x']", "FIELD_UNKNOWN", "/lines/3/addd"},
        {"'note':{'en':'No operation'}", "FIELD_MISSING", "/lines/3"},
        {"'take':'x','negate':'x'", "FIELD_MALFORMED", "/lines/3"},
        {"'take':'x','at_least':'0'", "FIELD_UNKNOWN", "/lines/3/at_least"},
        {"'add':['x'],'otherwise':'0'", "FIELD_UNKNOWN", "/lines/3/otherwise"},
        {"'round':'x','to':'1','by':'up','then':'0'", "FIELD_UNKNOWN", "/lines/3/then"},
        {"'take':'x','actor':'Kommunen'", "FIELD_MALFORMED", "/lines/3/actor"},
        {"'take':'x','note':'plain'", "FIELD_MALFORMED", "/lines/3/note"},
        {"'take':['x']", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':7", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':''", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':'0.50'", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':'-0'", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':'1e3'", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':'X'", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':'x-y'", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':{}", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':{'unit':'SEK'}", "FIELD_MALFORMED", "/lines/3/take"},
        {"'take':{'value':'1'}", "FIELD_MISSING", "/lines/3/take/unit"},
        {"'take':{'value':'1','unit':'1','x':'1'}", "FIELD_UNKNOWN", "/lines/3/take/x"},
        {"'take':{'value':1,'unit':'1'}", "FIELD_MALFORMED", "/lines/3/take/value"},
        {"'take':{'value':'1','unit':'m 2'}", "FIELD_MALFORMED", "/lines/3/take/unit"},
        {"'take':{'measured':'score'}", "FIELD_MISSING", "/lines/3/take/field"},
        {"'take':{'measured':'score','field':'mean'}", "FIELD_MALFORMED", "/lines/3/take/field"},
        {"'take':{'funded':'Half'}", "FIELD_MALFORMED", "/lines/3/take/funded"},
        {"'take':{'paid':'total','field':'value'}", "FIELD_UNKNOWN", "/lines/3/take/field"},
        {"'take':{'earlier':'x','period':'1y'}", "FIELD_UNKNOWN", "/lines/3/take/period"},
        {"'take':{'period':'months'}", "FIELD_MALFORMED", "/lines/3/take/period"},
        {"'add':[]", "FIELD_MALFORMED", "/lines/3/add"},
        {"'add':'x'", "FIELD_MALFORMED", "/lines/3/add"},
        {"'add':['x',7]", "FIELD_MALFORMED", "/lines/3/add/1"},
        {"'subtract':['x']", "FIELD_MALFORMED", "/lines/3/subtract"},
        {"'divide':['x','1','2']", "FIELD_MALFORMED", "/lines/3/divide"},
        {"'power':'x'", "FIELD_MISSING", "/lines/3/exponent"},
        {"'power':'x','exponent':401", "FIELD_MALFORMED", "/lines/3/exponent"},
        {"'power':'x','exponent':-401", "FIELD_MALFORMED", "/lines/3/exponent"},
        {"'power':'x','exponent':'2'", "FIELD_MALFORMED", "/lines/3/exponent"},
        {"'clamp':'x'", "FIELD_MISSING", "/lines/3"},
        {"'tiers':'x','steps':[],'otherwise':'0'", "FIELD_MALFORMED", "/lines/3/steps"},
        {"'tiers':'x','steps':[{'at_least':'0','then':'1'}]", "FIELD_MISSING",
         "/lines/3/otherwise"},
        {"'tiers':'x','steps':[{'then':'1'}],'otherwise':'0'", "FIELD_MISSING", "/lines/3/steps/0"},
        {"'tiers':'x','steps':[{'at_least':'0'}],'otherwise':'0'", "FIELD_MISSING",
         "/lines/3/steps/0/then"},
        {"'tiers':'x','steps':[{'at_least':'0','above':'0','then':'1'}],'otherwise':'0'",
         "FIELD_MALFORMED", "/lines/3/steps/0"},
        {"'tiers':'x','steps':[{'at_least':'x','then':'1'}],'otherwise':'0'", "FIELD_MALFORMED",
         "/lines/3/steps/0/at_least"},
        {"'curve':'x','points':[['0','0']]", "FIELD_MALFORMED", "/lines/3/points"},
        {"'curve':'x','points':[['0','0'],['1']]", "FIELD_MALFORMED", "/lines/3/points/1"},
        {"'curve':'x','points':[['0','0'],['1','x']]", "FIELD_MALFORMED", "/lines/3/points/1/1"},
        {"'curve':'x','points':[['0','not_published'],['1','1']]", "FIELD_MALFORMED",
         "/lines/3/points/0/1"},
        {"'when':{'above':['x','0']},'then':'1'", "FIELD_MISSING", "/lines/3/otherwise"},
        {"'round':'x','to':'1'", "FIELD_MISSING", "/lines/3/by"},
        {"'round':'x','to':'1','by':'bankers'", "FIELD_MALFORMED", "/lines/3/by"},
        {"'round':'x','to':'x','by':'up'", "FIELD_MALFORMED", "/lines/3/to"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(terms, a_condition_of_another_form_is_refused_with_its_place)
{
#define BRANCHES ",'then':'1','otherwise':'0'"
    static const struct refusal_row rows[] = {
        {"'when':true" BRANCHES, "FIELD_MALFORMED", "/lines/3/when"},
        {"'when':{}" BRANCHES, "FIELD_MALFORMED", "/lines/3/when"},
        {"'when':{'above':['x','0'],'below':['x','1']}" BRANCHES, "FIELD_MALFORMED",
         "/lines/3/when"},
        {"'when':{'over':['x','0']}" BRANCHES, "FIELD_UNKNOWN", "/lines/3/when"},
        {"'when':{'above':['x']}" BRANCHES, "FIELD_MALFORMED", "/lines/3/when/above"},
        {"'when':{'above':['x','0','1']}" BRANCHES, "FIELD_MALFORMED", "/lines/3/when/above"},
        {"'when':{'all':[]}" BRANCHES, "FIELD_MALFORMED", "/lines/3/when/all"},
        {"'when':{'not':['x','0']}" BRANCHES, "FIELD_MALFORMED", "/lines/3/when/not"},
        {"'when':{'all':[{'above':['x','0']},{'any':[{'below':['x','1']},"
         "{'not':{'equals':['x',true]}}]}]}" BRANCHES,
         "FIELD_MALFORMED", "/lines/3/when/all/1/any/1/not/equals/1"},
        {"'when':{'any':[{'any':[{'above':['x','0']}]},{'any':[{'above':['x','0']},7]}]}" BRANCHES,
         "FIELD_MALFORMED", "/lines/3/when/any/1/any/1"},
        /* The same way is found again when names and units are checked. */
        {"'when':{'any':[{'any':[{'above':['x','0']}]},{'all':[{'above':['x','0']},"
         "{'not':{'below':['x','kr']}}]}]}" BRANCHES,
         "UNITS_DIFFER", "/lines/3/when/any/1/all/1/not/below/1"},
        {"'when':{'not':{'above':['z','0']}}" BRANCHES, "LINE_UNKNOWN",
         "/lines/3/when/not/above/0"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(terms, names_that_do_not_resolve_are_refused_with_their_place)
{
    static const struct refusal_row rows[] = {
        {"'take':'z'", "LINE_UNKNOWN", "/lines/3/take"},
        {"'take':'y'", "LINE_UNKNOWN", "/lines/3/take"},
        {"'add':['x','not_published']", "LINE_UNKNOWN", "/lines/3/add/1"},
        {"'take':{'earlier':'z'}", "LINE_UNKNOWN", "/lines/3/take"},
        {"'take':{'earlier':'y'}", "LINE_UNKNOWN", "/lines/3/take"},
        {"'take':{'measured':'grades','field':'value'}", "OUTCOME_UNKNOWN",
         "/lines/3/take/measured"},
        {"'take':{'measured':'score','field':'value','period':'9y'}", "PERIOD_UNKNOWN",
         "/lines/3/take/period"},
        {"'take':{'value':'1','unit':'SEK/SEK'}", "UNIT_UNKNOWN", "/lines/3/take/unit"},
        {"'take':{'value':'1','unit':'person*day'}", "UNIT_UNKNOWN", "/lines/3/take/unit"},
        {"'clamp':'x','at_most':'z'", "LINE_UNKNOWN", "/lines/3/at_most"},
        {"'tiers':'x','steps':[{'at_least':'0','then':'z'}],'otherwise':'0'", "LINE_UNKNOWN",
         "/lines/3/steps/0/then"},
        {"'tiers':'x','steps':[{'at_least':'0','then':'0'}],'otherwise':'z'", "LINE_UNKNOWN",
         "/lines/3/otherwise"},
        {"'when':{'above':['x','0']},'then':'z','otherwise':'0'", "LINE_UNKNOWN", "/lines/3/then"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(terms, units_that_differ_are_refused_with_their_place)
{
    static const struct refusal_row rows[] = {
        {"'add':['kr','n']", "UNITS_DIFFER", "/lines/3/add/1"},
        {"'add':['kr','kr','1']", "UNITS_DIFFER", "/lines/3/add/2"},
        {"'subtract':['kr','x']", "UNITS_DIFFER", "/lines/3/subtract/1"},
        {"'minimum':['kr','n']", "UNITS_DIFFER", "/lines/3/minimum/1"},
        {"'maximum':['kr',{'funded':'total'},{'period':'days'}]", "UNITS_DIFFER",
         "/lines/3/maximum/2"},
        {"'clamp':'kr','at_least':'0'", "UNITS_DIFFER", "/lines/3/at_least"},
        {"'clamp':'kr','at_most':'n'", "UNITS_DIFFER", "/lines/3/at_most"},
        {"'tiers':'kr','steps':[{'above':'0','then':'1'}],'otherwise':'0'", "UNITS_DIFFER",
         "/lines/3/steps/0/above"},
        {"'tiers':'x','steps':[{'above':'0','then':'1'},{'above':'1','then':'kr'}],"
         "'otherwise':'0'",
         "UNITS_DIFFER", "/lines/3/steps/1/then"},
        {"'tiers':'x','steps':[{'above':'0','then':'not_published'},{'above':'1','then':'kr'}],"
         "'otherwise':'0'",
         "UNITS_DIFFER", "/lines/3/otherwise"},
        {"'tiers':'x','steps':[{'above':'0','then':'not_published'}],"
         "'otherwise':'not_published'",
         "UNITS_DIFFER", "/lines/3"},
        {"'when':{'above':['x','0']},'then':'not_published','otherwise':'not_published'",
         "UNITS_DIFFER", "/lines/3"},
        {"'when':{'above':['x','0']},'then':'kr','otherwise':'0'", "UNITS_DIFFER",
         "/lines/3/otherwise"},
        {"'when':{'equals':['n','0']},'then':'0','otherwise':'0'", "UNITS_DIFFER",
         "/lines/3/when/equals/1"},
        {"'curve':'kr','points':[['0','0'],['1','1']]", "UNITS_DIFFER", "/lines/3/points/0/0"},
        {"'curve':'x','points':[['0','0'],['1'," SEK("1") "]]", "UNITS_DIFFER",
         "/lines/3/points/1/1"},
        {"'round':'kr','to':'0.01','by':'up'", "UNITS_DIFFER", "/lines/3/to"},
        {"'power':'kr','exponent':10", "TERMS_TOO_LARGE", "/lines/3"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(terms, differing_units_are_told_with_names_labels_and_units)
{
    struct terms_fixture fixture;
    enum status status = fixture_open_lines(
        &fixture, "{'line':'saved','label':{'en':'Saving','sv':'Besparing'},'take':" SAVING "},"
                  "{'line':'rate','label':{'sv':'Andel'},'divide':['saved',"
                  "{'measured':'score','field':'count'}]},"
                  "{'line':'both'," LABEL "'add':['saved','rate']}");
    cr_assert(eq(int, status, STATUS_INVALID));
    cr_assert(eq(
        str, fixture.failure.reason,
        (char *)"line saved (\"Saving\") is in SEK, but line rate (\"Andel\") is in SEK/person"));
    fixture_release(&fixture);

    status =
        fixture_open_lines(&fixture, "{'line':'y'," LABEL "'add':[" SEK("-1.5") "," SCORE "]}");
    cr_assert(eq(int, status, STATUS_INVALID));
    cr_assert(eq(
        str, fixture.failure.reason,
        (char *)"the constant -1.5 is in SEK, but the value of outcome score (\"A label\") is in "
                "1"));
    fixture_release(&fixture);
}

Test(terms, tables_divisors_and_steps_are_checked)
{
    static const struct refusal_row rows[] = {
        {"'tiers':'x','steps':[{'at_least':'1','then':'1'},{'at_least':'0','then':'2'}],"
         "'otherwise':'0'",
         "TABLE_ORDER", "/lines/3/steps/1"},
        {"'tiers':'x','steps':[{'at_least':'1','then':'1'},{'at_least':'1','then':'2'}],"
         "'otherwise':'0'",
         "TABLE_ORDER", "/lines/3/steps/1"},
        {"'tiers':'x','steps':[{'above':'1','then':'1'},{'at_least':'1','then':'2'}],"
         "'otherwise':'0'",
         "TABLE_ORDER", "/lines/3/steps/1"},
        {"'tiers':'x','steps':[{'above':'1','then':'1'},{'above':'1','then':'2'}],"
         "'otherwise':'0'",
         "TABLE_ORDER", "/lines/3/steps/1"},
        {"'tiers':'x','steps':[{'at_least':'1','then':'1'},{'above':'1','then':'2'},"
         "{'above':'1','then':'3'}],'otherwise':'0'",
         "TABLE_ORDER", "/lines/3/steps/2"},
        {"'curve':'x','points':[['0','0'],['0','1']]", "TABLE_ORDER", "/lines/3/points/1"},
        {"'curve':'x','points':[['0','0'],['2','1'],['1','1']]", "TABLE_ORDER",
         "/lines/3/points/2"},
        {"'divide':['x','0']", "DIVISOR_ZERO", "/lines/3/divide/1"},
        {"'divide':['kr'," SEK("0") "]", "DIVISOR_ZERO", "/lines/3/divide/1"},
        {"'power':'0','exponent':-1", "DIVISOR_ZERO", "/lines/3/power"},
        {"'round':'x','to':'0','by':'up'", "ROUND_STEP", "/lines/3/to"},
        {"'round':'x','to':'-1','by':'up'", "ROUND_STEP", "/lines/3/to"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(terms, outcomes_periods_and_currency_are_checked)
{
#define OUTCOME(name, unit, rest)                                                           \
    "{'outcome':'" name "'," LABEL "'unit':'" unit "','class':'paying','evaluator':'a.se'," \
    "'source':'not_published','missing_data':'not_published'" rest "}"
#define PERIOD(name, from, to, due) \
    "{'period':'" name "','from':'" from "','to':'" to "','due':'" due "','binding':true}"
#define DAY(name) PERIOD(name, "2016-01-01", "2016-01-01", "not_published")
    static const struct {
        struct parts parts;
        struct refusal_row refusal;
    } rows[] = {
        {{.currency = "'SEQ'"}, {"currency", "CURRENCY_UNKNOWN", "/currency"}},
        {{.currency = "'sek'"}, {"currency", "FIELD_MALFORMED", "/currency"}},
        {{.outcomes = "[]"}, {"none", "FIELD_MALFORMED", "/outcomes"}},
        {{.outcomes = "[" OUTCOME("a", "SEK/SEK", "") "]"},
         {"unit", "UNIT_UNKNOWN", "/outcomes/0/unit"}},
        {{.outcomes = "[" OUTCOME("a", "1", ",'count_unit':'b*a'") "]"},
         {"count unit", "UNIT_UNKNOWN", "/outcomes/0/count_unit"}},
        {{.outcomes =
              "[" OUTCOME("a", "1", "") "," OUTCOME("b", "1", "") "," OUTCOME("a", "1", "") "]"},
         {"twice", "NAME_REPEATED", "/outcomes/2/outcome"}},
        {{.outcomes = "[" OUTCOME("a", "1", ",'weight':'1'") "]"},
         {"unknown", "FIELD_UNKNOWN", "/outcomes/0/weight"}},
        {{.outcomes = "[" OUTCOME("a", "1", ",'baseline':'not_published'") "]"},
         {"baseline", "FIELD_MALFORMED", "/outcomes/0/baseline"}},
        {{.periods = "[" PERIOD("a", "2016-01-02", "2016-01-01", "2016-01-02") "]"},
         {"ends", "PERIOD_ORDER", "/periods/0/to"}},
        {{.periods = "[" PERIOD("a", "2016-01-01", "2016-12-31", "2016-12-30") "]"},
         {"due", "PERIOD_ORDER", "/periods/0/due"}},
        {{.periods = "[" PERIOD("a", "2016-01-01", "2016-01-01", "2016-01-01") "," PERIOD(
              "a", "2016-01-01", "2016-01-01", "not_published") "]"},
         {"twice", "NAME_REPEATED", "/periods/1/period"}},
        {{.periods = "[" DAY("b") "," DAY("a") "," DAY("a") "," DAY("b") "]"},
         {"the first of two", "NAME_REPEATED", "/periods/2/period"}},
        {{.periods = "[" PERIOD("a", "2016-02-30", "2016-03-01", "not_published") "]"},
         {"no such day", "FIELD_MALFORMED", "/periods/0/from"}},
        {{.lines = BASE_LINES "," LINE("x", "'take':'0'")},
         {"twice", "NAME_REPEATED", "/lines/3/line"}},
        {{.lines = LINE("not_published", "'take':'0'")},
         {"reserved", "NAME_REPEATED", "/lines/0/line"}},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture_assert_refused(&rows[i].parts, &rows[i].refusal);
    }
}

#define ONE_PAY "{'pay':'paid','from':'k.se','to':[{'party':'a.se'}]}"
static const char *const ROUNDED[] = {
    BASE_LINES,
    LINE("paid", "'round':'kr','to':{'value':'0.01','unit':'SEK'},'by':'half_even'"),
    LINE("whole", "'round':'kr','to':{'value':'1000','unit':'SEK'},'by':'down'"),
    LINE("fine", "'round':'kr','to':{'value':'0.005','unit':'SEK'},'by':'down'"),
    LINE("plain", "'round':'x','to':'1','by':'down'"),
};

Test(terms, a_pay_takes_rounded_money_and_shares_that_fit)
{
    static const struct refusal_row rows[] = {
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se'}]}", NULL, NULL},
        {"{'pay':'whole','from':'k.se','to':[{'party':'a.se','share':'0.1'}]}", NULL, NULL},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'funding'},"
         "{'party':'b.se','share':'funding'}]},"
         "{'pay':'whole','from':'k.se','to':[{'party':'a.se','share':'0'},"
         "{'party':'b.se','share':'2'}]}",
         NULL, NULL},
        {"{'pay':'none','from':'k.se','to':[{'party':'a.se'}]}", "LINE_UNKNOWN", "/pays/0/pay"},
        {"{'pay':'kr','from':'k.se','to':[{'party':'a.se'}]}", "PAY_NOT_ROUNDED", "/pays/0/pay"},
        {"{'pay':'plain','from':'k.se','to':[{'party':'a.se'}]}", "PAY_NOT_ROUNDED", "/pays/0/pay"},
        {"{'pay':'fine','from':'k.se','to':[{'party':'a.se'}]}", "PAY_NOT_ROUNDED", "/pays/0/pay"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se'}]},"
         "{'pay':'paid','from':'l.se','to':[{'party':'a.se'}]}",
         "NAME_REPEATED", "/pays/1/pay"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'1'},"
         "{'party':'a.se','share':'1'}]}",
         "NAME_REPEATED", "/pays/0/to/1/party"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'1'},{'party':'b.se'}]}",
         "PAY_SHARES", "/pays/0/to/1"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se'},{'party':'b.se'}]}", "PAY_SHARES",
         "/pays/0/to/0"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'funding'},"
         "{'party':'b.se','share':'1'}]}",
         "PAY_SHARES", "/pays/0/to/1/share"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'2'},"
         "{'party':'b.se','share':'-1'}]}",
         "FIELD_MALFORMED", "/pays/0/to/1/share"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'0'}]}", "PAY_SHARES",
         "/pays/0/to"},
        {"{'pay':'paid','from':'k.se','to':[]}", "FIELD_MALFORMED", "/pays/0/to"},
        {"{'pay':'paid','from':'k.se','to':[{'party':'a.se','share':'rest'}]}", "FIELD_MALFORMED",
         "/pays/0/to/0/share"},
        {"{'pay':'paid','to':[{'party':'a.se'}]}", "FIELD_MISSING", "/pays/0/from"},
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, ROUNDED, COUNT(ROUNDED));
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parts parts = {.lines = lines.data, .pays = rows[i].text};
        if (rows[i].code != NULL) {
            fixture_assert_refused(&parts, &rows[i]);
            continue;
        }
        struct terms_fixture fixture;
        enum status status = fixture_open(&fixture, &parts);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].text, fixture.failure.reason);
        const struct pay *pay = &fixture.terms.pays[0];
        cr_assert(eq(sz, pay->line, terms_find_line(&fixture.terms, pay->line_name)));
        fixture_release(&fixture);
    }
}

Test(terms, what_is_due_less_what_was_settled_names_the_payout_itself)
{
    const struct parts parts = {
        .lines = BASE_LINES "," LINE("due", "'subtract':['kr',{'earlier':'payout'}]") "," LINE(
            "payout", "'round':'due','to':{'value':'0.01','unit':'SEK'},'by':'half_even'"),
        .pays = "{'pay':'payout','from':'k.se','to':[{'party':'a.se'}]}",
    };
    struct terms_fixture fixture;
    enum status status = fixture_open(&fixture, &parts);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
    fixture_release(&fixture);

    /* A line that is not paid has no unit until it was reached. */
    const struct parts unpaid = {.lines = parts.lines};
    struct refusal_row refusal = {"'earlier' of a later line", "LINE_UNKNOWN",
                                  "/lines/3/subtract/1"};
    fixture_assert_refused(&unpaid, &refusal);
}

Test(terms, a_single_receiver_without_a_share_has_weight_one)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, ROUNDED, COUNT(ROUNDED));
    const struct parts parts = {.lines = lines.data, .pays = ONE_PAY};
    struct terms_fixture fixture;
    enum status status = fixture_open(&fixture, &parts);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
    const struct pay_share *share = &fixture.terms.pays[0].tranches[0].shares[0];
    int64_t weight = 0;
    cr_assert(eq(int, rational_to_integer(&share->weight, &weight), STATUS_OK));
    cr_assert(eq(i64, weight, 1));
    cr_assert(not(share->by_funding));
    fixture_release(&fixture);
}

Test(terms, names_are_found)
{
    struct terms_fixture fixture;
    fixture_must_open(&fixture, BASE_LINES);
    cr_assert(eq(sz, terms_find_line(&fixture.terms, VIEW("n")), 2));
    cr_assert(eq(sz, terms_find_line(&fixture.terms, VIEW("nn")), SIZE_MAX));
    cr_assert(eq(sz, terms_find_outcome(&fixture.terms, VIEW("saving")), 1));
    cr_assert(eq(sz, terms_find_outcome(&fixture.terms, VIEW("1y")), SIZE_MAX));
    cr_assert(eq(sz, terms_find_period(&fixture.terms, VIEW("2y")), 1));
    cr_assert(eq(sz, terms_find_period(&fixture.terms, VIEW("")), SIZE_MAX));
    fixture_release(&fixture);
}

/* --- Norrköping --- */

/*
 * The two readings of the published rule, which differ where a part of the project cost is saved,
 * each with the two sums that the cost could be.
 */
static const char *const COSTS[] = {LINE("cost", "'take':" SEK("10000000")),
                                    LINE("cost", "'take':" SEK("7500000"))};
static const char *const READINGS[] = {
    /* R: the guarantee, and 60 % of what is saved. */
    LINE("share", "'multiply':['0.6','counted']") "," LINE("base", "'add':['guarantee','share']"),
    /* I: what is saved, and at least the guarantee. */
    LINE("base", "'maximum':['guarantee','counted']"),
};
static const char *const SAVED[] = {
    LINE("saving", "'take':" SAVING),
    LINE("zero", "'take':" SEK("0")),
    LINE("counted", "'clamp':'saving','at_least':'zero','at_most':'cost'"),
    LINE("guarantee", "'multiply':['0.4','cost']"),
};
static const char *const PAID[] = {
    LINE("surplus", "'subtract':['saving','cost']"),
    LINE("cap", "'multiply':['0.2','cost']"),
    LINE("excess", "'clamp':'surplus','at_least':'zero','at_most':'cap'"),
    LINE("bonus", "'when':{'at_least':[" SCORE ",'1']},'then':'excess','otherwise':'zero'"),
    LINE("sum", "'add':['base','bonus']"),
    LINE("payout", "'round':'sum','to':{'value':'0.01','unit':'SEK'},'by':'half_even'"),
};

Test(terms, norrkoping_pays_what_its_two_readings_say)
{
    static const struct {
        const char *saving;
        const char *school;
        const char *expected[4];
    } rows[] = {
        {"-1000000", "1", {"4000000", "4000000", "3000000", "3000000"}},
        {"0", "1", {"4000000", "4000000", "3000000", "3000000"}},
        {"2500000", "1", {"5500000", "4000000", "4500000", "3000000"}},
        {"4000000", "1", {"6400000", "4000000", "5400000", "4000000"}},
        {"5000000", "1", {"7000000", "5000000", "6000000", "5000000"}},
        {"7500000", "1", {"8500000", "7500000", "7500000", "7500000"}},
        {"10000000", "1", {"10000000", "10000000", "9000000", "9000000"}},
        {"11000000", "0", {"10000000", "10000000", "7500000", "7500000"}},
        {"11000000", "1", {"11000000", "11000000", "9000000", "9000000"}},
        {"12000000", "1", {"12000000", "12000000", "9000000", "9000000"}},
        {"99000000", "1", {"12000000", "12000000", "9000000", "9000000"}},
    };
    for (size_t k = 0; k < 4; k++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        fixture_append_lines(&lines, &COSTS[k / 2], 1);
        fixture_append_lines(&lines, SAVED, COUNT(SAVED));
        fixture_append_lines(&lines, &READINGS[k % 2], 1);
        fixture_append_lines(&lines, PAID, COUNT(PAID));
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        for (size_t i = 0; i < COUNT(rows); i++) {
            fixture.facts = (struct facts){.saving = rows[i].saving, .score = rows[i].school};
            char text[FIXTURE_TEXT_SIZE];
            fixture_evaluate_last(&fixture, text);
            cr_assert(eq(str, text, (char *)rows[i].expected[k]), "contract %zu, saving %s", k,
                      rows[i].saving);
        }
        fixture_release(&fixture);
    }
}

/* --- Explanations --- */

Test(terms, a_zero_is_explained_by_its_first_cause)
{
    static const struct {
        const char *operation;
        const char *x;
        enum zero_cause cause;
        const char *line; /* NULL: the end */
    } rows[] = {
        {"'take':'x'", "1", ZERO_NOT, NULL},
        {"'take':'x'", "0", ZERO_LINE, "x"},
        {"'take':'0'", "1", ZERO_CONSTANT, NULL},
        {"'take':" SCORE, "0", ZERO_MEASURED, NULL},
        {"'take':{'paid':'total'}", "1", ZERO_SUM, NULL},
        {"'negate':'x'", "0", ZERO_LINE, "x"},
        {"'power':'x','exponent':2", "0", ZERO_LINE, "x"},
        {"'multiply':['2','n','x']", "0", ZERO_LINE, "x"},
        {"'multiply':['n','0']", "0", ZERO_CONSTANT, NULL},
        {"'divide':['x','2']", "0", ZERO_LINE, "x"},
        {"'add':['x','-1']", "1", ZERO_CANCEL, NULL},
        {"'add':['0','x']", "0", ZERO_LINE, "x"},
        {"'add':['0','0']", "0", ZERO_CONSTANT, NULL},
        {"'subtract':['x','x']", "1", ZERO_CANCEL, NULL},
        {"'subtract':['x','x']", "0", ZERO_LINE, "x"},
        {"'minimum':['5','x']", "0", ZERO_LINE, "x"},
        {"'maximum':['-5','0','x']", "-1", ZERO_CONSTANT, NULL},
        {"'clamp':'x','at_least':'-1'", "0", ZERO_LINE, "x"},
        {"'clamp':'x','at_least':'0'", "-1", ZERO_HELD, "x"},
        {"'clamp':" SCORE ",'at_most':'0'", "1", ZERO_HELD, NULL},
        {"'clamp':'n','at_most':'nil'", "1", ZERO_HELD, "nil"},
        {"'tiers':'x','steps':[{'above':'0','then':'0'}],'otherwise':'9'", "1", ZERO_STEP, NULL},
        {"'tiers':'n','steps':[{'above':{'value':'0','unit':'person'},'then':'x'}],"
         "'otherwise':'9'",
         "0", ZERO_STEP, "x"},
        {"'tiers':'x','steps':[{'above':'0','then':'9'}],'otherwise':'x'", "0", ZERO_STEP, "x"},
        {"'curve':'x','points':[['0','0'],['1','1']]", "-1", ZERO_STEP, NULL},
        {"'when':{'above':['x','0']},'then':'1','otherwise':'0'", "0", ZERO_CONDITION, NULL},
        {"'when':{'at_most':['x','0']},'then':'x','otherwise':'7'", "0", ZERO_CONDITION, "x"},
        {"'when':{'above':['x','0']},'then':'7','otherwise':'x'", "0", ZERO_CONDITION, "x"},
        {"'round':'x','to':'1','by':'down'", "0.9", ZERO_ROUNDED, NULL},
        {"'round':'x','to':'1','by':'down'", "0", ZERO_LINE, "x"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        cr_assert(eq(
            int,
            buffer_append_format(
                &lines,
                BASE_LINES
                "," LINE("nil", "'take':{'value':'0','unit':'person'}") ","
                                                                        "{'line':'y'," LABEL "%s}",
                rows[i].operation),
            STATUS_OK));
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        fixture.facts =
            (struct facts){.score = rows[i].x, .saving = "1000", .count = "60", .paid = "0"};
        cr_assert(eq(int, fixture_evaluate(&fixture), STATUS_OK), "%s: %s", rows[i].operation,
                  fixture.failure.reason);
        struct terms_source source = fixture_source(&fixture);
        struct zero_step step;
        struct terms_form form = {&fixture.terms, 0, &source, &fixture.values};
        enum status status = terms_zero_step(&form, 4, &step, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK), "%s", rows[i].operation);
        cr_assert(eq(int, step.cause, rows[i].cause), "%s of %s", rows[i].operation, rows[i].x);
        size_t line = rows[i].line == NULL ? SIZE_MAX
                                           : terms_find_line(&fixture.terms, view_of(rows[i].line));
        cr_assert(eq(sz, step.line, line), "%s of %s", rows[i].operation, rows[i].x);
        fixture_release(&fixture);
    }
}

Test(terms, operands_and_conditions_can_be_looked_at)
{
    struct terms_fixture fixture;
    fixture_must_open(&fixture,
                      BASE_LINES "," LINE("y", "'when':{'any':[{'not':{'above':['x','1']}},{'all':["
                                               "{'equals':[" SCORE ",'x']},{'below':['x','0']}]}]},"
                                               "'then':'1','otherwise':'0'"));
    fixture.facts = (struct facts){.score = "2", .saving = "1000", .count = "60"};
    cr_assert(eq(int, fixture_evaluate(&fixture), STATUS_OK));
    struct terms_source source = fixture_source(&fixture);
    struct terms_form form = {&fixture.terms, 0, &source, &fixture.values};
    const struct line *line = &fixture.terms.lines[3];

    /* In prefix order: any, not, above, all, equals, below. */
    static const bool expected[] = {false, false, true, false, true, false};
    static const size_t sizes[] = {6, 2, 1, 3, 1, 1};
    cr_assert(eq(sz, line->condition_count, 6));
    for (size_t i = 0; i < 6; i++) {
        bool holds = !expected[i];
        cr_assert(eq(int, terms_condition(&form, line, i, &holds, &fixture.failure), STATUS_OK));
        cr_assert(eq(int, holds, expected[i]), "node %zu", i);
        cr_assert(eq(sz, line->conditions[i].size, sizes[i]), "node %zu", i);
    }
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    int64_t integer = 0;
    for (size_t i = 0; i < 2; i++) {
        cr_assert(eq(
            int, terms_operand(&form, &line->conditions[2].operands[i], &value, &fixture.failure),
            STATUS_OK));
        cr_assert(eq(int, rational_to_integer(&value, &integer), STATUS_OK));
        cr_assert(eq(i64, integer, i == 0 ? 2 : 1));
    }
    fixture_release(&fixture);
}

/* --- Bounds --- */

Test(terms, a_chain_that_could_grow_too_large_is_refused_where_it_does)
{
    static const struct {
        const char *first;
        const char *format;
        size_t count;
        const char *at; /* NULL: accepted */
    } rows[] = {
        /* 30 digits a factor: 33 factors are 990 digits, the 34th is too much. */
        {"'take':" SCORE, "'multiply':[@," SCORE "]", 33, NULL},
        {"'take':" SCORE, "'multiply':[@," SCORE "]", 34, "/lines/33"},
        {"'take':" SCORE, "'multiply':[@," SCORE "]", 500, "/lines/33"},
        {"'take':" SCORE, "'multiply':[@,@]", 500, "/lines/6"},
        {"'take':" SCORE, "'power':@,'exponent':2", 500, "/lines/6"},
        {"'take':" SCORE, "'divide':[@," SCORE "]", 500, "/lines/33"},
        {"'take':'1.1'", "'multiply':[@,'1.1']", 500, "/lines/499"},
        {"'take':" SCORE, "'add':[@," SCORE "]", 500, NULL},
        {"'take':" SCORE, "'subtract':[@," SCORE "]", 500, NULL},
        {"'take':" SCORE, "'minimum':[@," SCORE "]", 500, NULL},
        {"'take':" SCORE, "'divide':[@,'100']", 50, NULL},
        {"'take':" SCORE, "'curve':@,'points':[['0','0'],['7','1']]", 500, "/lines/492"},
        {"'take':" SCORE, "'curve':@,'points':[['0','0'],['7','1']]", 400, NULL},
        {"'take':'1'", "'add':[@,@]", 500, NULL},
        {"'take':" SCORE, "'round':@,'to':'0.01','by':'up'", 500, NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        fixture_make_chain(&lines, rows[i].first, rows[i].format, rows[i].count);
        if (rows[i].at != NULL) {
            struct refusal_row refusal = {rows[i].format, "TERMS_TOO_LARGE", rows[i].at};
            fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
            continue;
        }
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        fixture_assert_computable(&fixture, rows[i].format);
        fixture_release(&fixture);
    }
}

/* A line of `count` operands: the operation's key, and an array of the same item. */
static void make_list(struct buffer *lines, const char *key, const char *item, size_t count)
{
    cr_assert(eq(int, buffer_append_format(lines, "{'line':'y'," LABEL "'%s':[", key), STATUS_OK));
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int, buffer_append_format(lines, "%s%s", i > 0 ? "," : "", item), STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(lines, "]}"), STATUS_OK));
}

Test(terms, a_sum_of_a_hundred_decimals_is_accepted_and_a_product_is_not)
{
    static const struct {
        const char *key;
        const char *item;
        size_t count;
        const char *code; /* NULL: accepted */
        const char *at;
    } rows[] = {
        {"add", SCORE, 100, NULL, NULL},
        {"add", "'0.000000000001'", 100, NULL, NULL},
        {"minimum", SCORE, 100, NULL, NULL},
        {"multiply", SCORE, 33, NULL, NULL},
        {"multiply", SCORE, 34, "TERMS_TOO_LARGE", "/lines/0"},
        {"multiply", SCORE, 100, "TERMS_TOO_LARGE", "/lines/0"},
        {"multiply", "'0.000000000001'", 83, NULL, NULL},
        {"multiply", "'0.000000000001'", 84, "TERMS_TOO_LARGE", "/lines/0"},
        {"add", SCORE, 101, "FIELD_MALFORMED", "/lines/0/add"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        make_list(&lines, rows[i].key, rows[i].item, rows[i].count);
        if (rows[i].code != NULL) {
            struct refusal_row refusal = {rows[i].item, rows[i].code, rows[i].at};
            fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
            continue;
        }
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        fixture_assert_computable(&fixture, rows[i].item);
        fixture_release(&fixture);
    }
}

/* Lines 3 to 12: fractions, and what becomes of a number of 999 digits. */
static const char *const BOUND_LINES[] = {
    BASE_LINES,
    LINE("quarter", "'divide':['x','4']"),
    LINE("third", "'divide':['x','3']"),
    LINE("rounded", "'round':'third','to':'0.01','by':'up'"),
    LINE("odd", "'power':'7','exponent':-300"),
    LINE("huge", "'power':'999','exponent':333"),
    LINE("least", "'clamp':'x','at_least':'huge'"),
    LINE("most", "'clamp':'x','at_most':'huge'"),
    LINE("between", "'clamp':'huge','at_least':'-1','at_most':'x'"),
    LINE("chosen", "'when':{'above':['x','0']},'then':'huge','otherwise':'0'"),
    LINE("tier", "'tiers':'x','steps':[{'above':'0','then':'huge'}],'otherwise':'0'"),
};

Test(terms, bounds_of_a_single_line_are_sound_and_not_too_tight)
{
    static const struct {
        const char *operation;
        bool is_accepted;
    } rows[] = {
        {"'power':'1.05','exponent':400", true},
        {"'power':'1.05','exponent':-400", true},
        {"'power':'1.0525','exponent':400", false}, /* 421/400: 1,200 digits at most */
        {"'power':'999','exponent':333", true},
        {"'power':'999','exponent':334", false},
        {"'power':'0.000000000001','exponent':83", true},
        {"'power':'0.000000000001','exponent':84", false},
        {"'power':'0.000000000001','exponent':-83", true},
        {"'power':'x','exponent':33", true},
        {"'power':'x','exponent':34", false},
        {"'power':'x','exponent':-33", true},
        {"'power':'x','exponent':-34", false},
        {"'power':{'funded':'total'},'exponent':9", true},
        {"'divide':['x'," SCORE "]", true},
        {"'curve':'x','points':[['-999999999999999999','-999999999999999999'],"
         "['0.000000000001','0.000000000001'],['999999999999999999','1']]",
         true},
        {"'add':['odd','odd','odd']", true},
        {"'add':['odd','odd','odd','odd']", false}, /* 300 digits of denominator each */
        {"'subtract':['odd','odd']", true},
        {"'round':'huge','to':'1','by':'up'", false}, /* 10^999 may become one digit longer */
        {"'multiply':['huge','0.1']", false},
        {"'multiply':['most','x']", false},
        {"'multiply':['least','x']", false},
        {"'multiply':['chosen','x']", false},
        {"'multiply':['tier','x']", false},
        {"'multiply':['between','x']", true},
        {"'take':{'earlier':'x'}", true},
        {"'take':{'earlier':'third'}", false}, /* 1,000 fractions, each of its own kind */
        {"'round':{'earlier':'third'},'to':'1','by':'up'", false}, /* the sum itself is kept */
        {"'clamp':{'earlier':'third'},'at_least':'0','at_most':'1'", false},
        {"'when':{'above':[{'earlier':'third'},'0']},'then':'1','otherwise':'0'", false},
        {"'take':{'earlier':'rounded'}", true},
        {"'take':{'earlier':'quarter'}", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        fixture_append_lines(&lines, BOUND_LINES, COUNT(BOUND_LINES));
        cr_assert(eq(int,
                     buffer_append_format(&lines, ",{'line':'y'," LABEL "%s}", rows[i].operation),
                     STATUS_OK));
        if (!rows[i].is_accepted) {
            struct refusal_row refusal = {rows[i].operation, "TERMS_TOO_LARGE", "/lines/13"};
            fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
            continue;
        }
        struct terms_fixture fixture;
        enum status status = fixture_open_lines(&fixture, lines.data);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].operation, fixture.failure.reason);
        fixture_assert_computable(&fixture, rows[i].operation);
        fixture_release(&fixture);
    }
}

static void append_nested(struct buffer *buffer, size_t depth)
{
    cr_assert(eq(int, buffer_append_text(buffer, "'when':"), STATUS_OK));
    for (size_t i = 1; i < depth; i++) {
        cr_assert(eq(int, buffer_append_text(buffer, "{'not':"), STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(buffer, "{'above':['x','0']}"), STATUS_OK));
    for (size_t i = 1; i < depth; i++) {
        cr_assert(eq(int, buffer_append_text(buffer, "}"), STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(buffer, ",'then':'1','otherwise':'0'"), STATUS_OK));
}

/* A tree of 1 + groups + groups * comparisons nodes. */
static void append_wide(struct buffer *buffer, size_t groups, size_t comparisons)
{
    cr_assert(eq(int, buffer_append_text(buffer, "'when':{'any':["), STATUS_OK));
    for (size_t i = 0; i < groups; i++) {
        cr_assert(eq(int, buffer_append_text(buffer, i > 0 ? ",{'all':[" : "{'all':["), STATUS_OK));
        for (size_t k = 0; k < comparisons; k++) {
            cr_assert(eq(
                int, buffer_append_format(buffer, "%s{'equals':['x','%zu']}", k > 0 ? "," : "", i),
                STATUS_OK));
        }
        cr_assert(eq(int, buffer_append_text(buffer, "]}"), STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(buffer, "]},'then':'1','otherwise':'0'"), STATUS_OK));
}

Test(terms, conditions_are_bounded_in_depth_and_number)
{
    OWNED(buffer_release) struct buffer operation;
    buffer_init(&operation, JSON_SIZE_MAX);
    append_nested(&operation, 8);
    struct operation_row deep = {operation.data, "1", "0", WAY_OTHERWISE, 0}; /* seven nots */
    fixture_assert_operations(&deep, 1);

    buffer_clear(&operation);
    append_nested(&operation, 9);
    struct refusal_row refusal = {operation.data, "TERMS_TOO_LARGE",
                                  "/lines/3/when/not/not/not/not/not/not/not/not"};
    fixture_assert_lines_refused(&refusal, 1);

    buffer_clear(&operation);
    append_wide(&operation, 9, 10); /* 100 nodes */
    struct operation_row wide = {operation.data, "8", "1", WAY_THEN, 0};
    fixture_assert_operations(&wide, 1);

    buffer_clear(&operation);
    append_wide(&operation, 5, 19); /* 101 nodes */
    refusal = (struct refusal_row){operation.data, "TERMS_TOO_LARGE", "/lines/3/when/any/4/all/18"};
    fixture_assert_lines_refused(&refusal, 1);

    buffer_clear(&operation);
    append_wide(&operation, 1, 21);
    refusal = (struct refusal_row){operation.data, "FIELD_MALFORMED", "/lines/3/when/any/0/all"};
    fixture_assert_lines_refused(&refusal, 1);
}

static void append_table(struct buffer *lines, const char *name, size_t count)
{
    cr_assert(eq(int,
                 buffer_append_format(lines,
                                      ",{'line':'%s','label':{'en':'T'},'curve':'x',"
                                      "'points':[",
                                      name),
                 STATUS_OK));
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int,
                     buffer_append_format(lines, "%s['%zu','%zu']", i > 0 ? "," : "", i, 2 * i),
                     STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(lines, "]}"), STATUS_OK));
}

Test(terms, tables_are_bounded_one_by_one_and_together)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    cr_assert(eq(int, buffer_append_text(&lines, BASE_LINES), STATUS_OK));
    for (size_t i = 0; i < 20; i++) {
        char name[40];
        (void)snprintf(name, sizeof name, "t%zu", i);
        append_table(&lines, name, 1000);
    }
    struct terms_fixture fixture;
    fixture_must_open(&fixture, lines.data);
    fixture.facts = (struct facts){.score = "997.25", .saving = "0", .count = "0"};
    char text[FIXTURE_TEXT_SIZE];
    fixture_evaluate_last(&fixture, text);
    cr_assert(eq(str, text, (char *)"3989/2"));
    cr_assert(eq(sz, fixture.values.lines[22].step, 997));
    fixture_release(&fixture);

    append_table(&lines, "t20", 2);
    struct refusal_row refusal = {"together", "TERMS_TOO_LARGE", "/lines/23/points"};
    fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);

    buffer_clear(&lines);
    cr_assert(eq(int, buffer_append_text(&lines, BASE_LINES), STATUS_OK));
    append_table(&lines, "t", 1001);
    refusal = (struct refusal_row){"one", "FIELD_MALFORMED", "/lines/3/points"};
    fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
}

Test(terms, five_hundred_lines_are_computed_and_values_are_used_again)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_make_chain(&lines, "'take':" SCORE, "'add':[@,'0.5']", 500);
    struct terms_fixture fixture;
    fixture_must_open(&fixture, lines.data);
    static const struct {
        const char *score;
        const char *expected;
    } rows[] = {{"0.25", "999/4"}, {NULL, "SETTLEMENT_NOT_MEASURED"}, {"-249.5", "0"}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        fixture.facts.score = rows[i].score;
        char text[FIXTURE_TEXT_SIZE];
        fixture_evaluate_last(&fixture, text);
        cr_assert(eq(str, text, (char *)rows[i].expected));
        cr_assert(eq(sz, fixture.values.count, rows[i].score == NULL ? 0 : 500));
        cr_assert(eq(sz, fixture.values.capacity, 500));
    }
    fixture_release(&fixture);

    buffer_clear(&lines);
    fixture_make_chain(&lines, "'take':'1'", "'take':@", 501);
    struct refusal_row refusal = {"501 lines", "FIELD_MALFORMED", "/lines"};
    fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
}

Test(terms, an_arena_that_is_too_small_is_out_of_memory)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, ROUNDED, COUNT(ROUNDED));
    struct terms_fixture fixture = {.root = NULL};
    fixture_parse(&fixture, &(struct parts){.lines = lines.data, .pays = ONE_PAY});
    const struct terms_nodes nodes = {
        .currency = json_member(fixture.root, "currency"),
        .outcomes = json_member(fixture.root, "outcomes"),
        .periods = json_member(fixture.root, "periods"),
        .lines = json_member(fixture.root, "lines"),
        .pays = json_member(fixture.root, "pays"),
    };
    size_t refused = 0;
    enum status status = STATUS_MEMORY;
    for (size_t size = 0; status != STATUS_OK; size += 4096) {
        cr_assert(lt(sz, size, FIXTURE_ARENA_MAX));
        struct arena arena;
        struct terms terms;
        arena_init(&arena, size);
        status = terms_read(&nodes, &arena, &terms, &fixture.failure);
        refused += status == STATUS_MEMORY;
        cr_assert(status == STATUS_OK || status == STATUS_MEMORY, "%s: %s", fixture.failure.code,
                  fixture.failure.reason);
        terms_release(&terms);
        arena_release(&arena);
    }
    cr_assert(ge(sz, refused, 4));
    json_free(fixture.root);
}
