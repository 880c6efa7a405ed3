/*
 * Mechanisms: reading, checking and bounding the operations that real contracts are made of -
 * blocks, rate cards, tables by period, interest, indexes, tests of significance - and pays in
 * layers.
 */
#include "contracts/rule/rule.h"
#include "contracts/terms/operands.h"
#include "contracts/terms/terms.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/terms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>

#define PERSONS(number) "{'value':'" number "','unit':'person'}"
#define EACH(amount) "{'value':'" amount "','unit':'SEK/person'}"
#define BLOCK(from, rate) "{'from':" from ",'rate':" rate "}"
#define ITEM(name, rest) "{'item':'" name "'," LABEL rest "}"
#define ROW(period, then) "{'period':'" period "','then':" then "}"
#define SIGNIFICANT(rest) "'when':{'significant':{" rest "}},'then':'1','otherwise':'0'"

/* Blocks of persons, and items that come to kronor. */
#define TWO_BLOCKS(first, second) \
    "'brackets':'n','blocks':[" BLOCK(PERSONS("0"), first) "," BLOCK(PERSONS("5"), second) "]"
#define PER_PERSON ITEM("a", "'count':'n','price':" EACH("3"))
#define BY_FACTOR ITEM("b", "'count':'2','price':'kr','multiplier':'x'")
#define HELD_TWICE \
    ITEM("c", "'count':'kr','price':'0.5','count_at_most':'kr','amount_at_most':" SEK("7"))

/* --- Lines: what is accepted, and its unit --- */

/* The base lines and a line `y`. */
static void make_lines(struct buffer *lines, const char *operation)
{
    buffer_clear(lines);
    cr_assert(eq(int,
                 buffer_append_format(lines, BASE_LINES ",{'line':'y'," LABEL "%s}", operation),
                 STATUS_OK));
}

Test(mechanisms, every_form_of_a_line_is_accepted_and_has_its_unit)
{
    static const struct {
        const char *operation;
        const char *unit;
    } rows[] = {
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'0.1'") "]", "1"},
        {TWO_BLOCKS(EACH("1100"), EACH("1000")), "SEK"},
        {"'brackets':'kr','blocks':[" BLOCK(SEK("-5"), "'0.1'") "," BLOCK(SEK("5"), "'x'") "]",
         "SEK"},
        {TWO_BLOCKS("'not_published'", "'kr'"), "SEK*person"},
        {"'rate_card':[" ITEM("a", "'count':'x','price':'kr'") "]", "SEK"},
        {"'rate_card':[" PER_PERSON "," BY_FACTOR "," HELD_TWICE "]", "SEK"},
        {"'rate_card':[" ITEM("a", "'count':{'measured':'score','field':'numerator'},"
                                   "'price':" EACH("3") ",'count_at_most':'n'") "]",
         "SEK"},
        {"'by_period':[" ROW("1y", "'kr'") "],'otherwise':" SEK("0"), "SEK"},
        {"'by_period':[" ROW("2y", "'kr'") "," ROW("1y", "'not_published'") "]", "SEK"},
        {"'by_period':[" ROW("2y", "'kr'") "," ROW("1y", "'kr'") "],'otherwise':'not_published'",
         "SEK"},
        {"'interest':'kr','rate':'0.02','count':'act_365'", "SEK"},
        {"'interest':'kr','rate':'x','count':'30e_360','from':'2015-01-01','to':'2015-01-02'",
         "SEK"},
        {"'interest':'n','rate':'0.02','periods':0", "person"},
        {"'interest':'kr','rate':'-0.02','periods':200", "SEK"},
        {"'interest':'kr','rate':'-2','periods':400", "SEK"},
        {"'index':'kr','base':'313.49','current':'x'", "SEK"},
        {"'index':'n','base':'kr','current':" SEK("5"), "person"},
        {SIGNIFICANT("'measured':'saving','p_below':'0.05'"), "1"},
        {SIGNIFICANT("'measured':'saving','period':'2y','p_at_most':{'value':'1','unit':'1'}"),
         "1"},
        {SIGNIFICANT("'measured':'saving','interval_above':" SEK("0")), "1"},
        {SIGNIFICANT("'measured':'score','interval_below':'-0.5'"), "1"},
        {SIGNIFICANT("'measured':'score','interval_excludes':'0'"), "1"},
        {"'take':{'measured':'saving','field':'ratio'}", "1"},
        {"'take':{'measured':'saving','field':'control_ratio'}", "1"},
        {"'take':{'measured':'score','field':'control_count'}", "person"},
        {"'take':{'measured':'score','field':'control_numerator'}", "person"},
        {"'take':{'measured':'score','field':'control_denominator','period':'2y'}", "person"},
        {"'take':{'funded':'a.se'}", "SEK"},
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_lines(&lines, rows[i].operation);
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        OWNED(buffer_release) struct buffer unit;
        buffer_init(&unit, 100);
        cr_assert(eq(int, unit_write(&fixture.terms.lines[3].unit, &unit), STATUS_OK));
        cr_assert(eq(str, unit.data, (char *)rows[i].unit), "%s", rows[i].operation);
        fixture_release(&fixture);
    }
}

Test(mechanisms, a_line_of_another_form_is_refused_with_its_place)
{
    static const struct refusal_row rows[] = {
        {"'brackets':'x'", "FIELD_MISSING", "/lines/3/blocks"},
        {"'brackets':'x','blocks':[]", "FIELD_MALFORMED", "/lines/3/blocks"},
        {"'brackets':'x','blocks':[{'from':'0'}]", "FIELD_MISSING", "/lines/3/blocks/0/rate"},
        {"'brackets':'x','blocks':[{'rate':'0'}]", "FIELD_MISSING", "/lines/3/blocks/0/from"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'1'") "," BLOCK("'x'", "'1'") "]",
         "FIELD_MALFORMED", "/lines/3/blocks/1/from"},
        {"'brackets':'x','blocks':[" BLOCK("'not_published'", "'1'") "]", "FIELD_MALFORMED",
         "/lines/3/blocks/0/from"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'1'") "],'otherwise':'0'", "FIELD_UNKNOWN",
         "/lines/3/otherwise"},
        {"'brackets':'x','steps':[]", "FIELD_UNKNOWN", "/lines/3/steps"},
        {"'rate_card':[]", "FIELD_MALFORMED", "/lines/3/rate_card"},
        {"'rate_card':{}", "FIELD_MALFORMED", "/lines/3/rate_card"},
        {"'rate_card':[{'item':'a','count':'1','price':'1'}]", "FIELD_MISSING",
         "/lines/3/rate_card/0/label"},
        {"'rate_card':[" ITEM("a", "'count':'1'") "]", "FIELD_MISSING",
         "/lines/3/rate_card/0/price"},
        {"'rate_card':[" ITEM("A", "'count':'1','price':'1'") "]", "FIELD_MALFORMED",
         "/lines/3/rate_card/0/item"},
        {"'rate_card':[" PER_PERSON ",{'item':'b'," LABEL "'count':1,'price':'1'}]",
         "FIELD_MALFORMED", "/lines/3/rate_card/1/count"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'1','multiplier':null") "]",
         "FIELD_MALFORMED", "/lines/3/rate_card/0/multiplier"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'1','at_most':'1'") "]", "FIELD_UNKNOWN",
         "/lines/3/rate_card/0/at_most"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'1','count_at_most':{}") "]",
         "FIELD_MALFORMED", "/lines/3/rate_card/0/count_at_most"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'1','amount_at_most':[]") "]",
         "FIELD_MALFORMED", "/lines/3/rate_card/0/amount_at_most"},
        {"'by_period':[],'otherwise':'0'", "FIELD_MALFORMED", "/lines/3/by_period"},
        {"'by_period':[" ROW("1Y", "'1'") "],'otherwise':'0'", "FIELD_MALFORMED",
         "/lines/3/by_period/0/period"},
        {"'by_period':[{'period':'1y'}],'otherwise':'0'", "FIELD_MISSING",
         "/lines/3/by_period/0/then"},
        {"'by_period':[" ROW("1y", "'1'") "],'otherwise':0", "FIELD_MALFORMED",
         "/lines/3/otherwise"},
        {"'interest':'x','count':'act_365'", "FIELD_MISSING", "/lines/3/rate"},
        {"'interest':'x','rate':'0.1'", "FIELD_MISSING", "/lines/3"},
        {"'interest':'x','rate':'0.1','count':'act_365','periods':1", "FIELD_MALFORMED",
         "/lines/3"},
        {"'interest':'x','rate':'0.1','count':'act_act'", "FIELD_MALFORMED", "/lines/3/count"},
        {"'interest':'x','rate':'0.1','count':'act_365','from':'2016-01-01'", "FIELD_MISSING",
         "/lines/3/to"},
        {"'interest':'x','rate':'0.1','count':'act_365','to':'2016-01-01'", "FIELD_MISSING",
         "/lines/3/from"},
        {"'interest':'x','rate':'0.1','count':'act_365','from':'2015-02-29','to':'2016-01-01'",
         "FIELD_MALFORMED", "/lines/3/from"},
        {"'interest':'x','rate':'0.1','count':'act_365','from':'2015-02-28','to':'1'",
         "FIELD_MALFORMED", "/lines/3/to"},
        {"'interest':'x','rate':'0.1','periods':1,'from':'2015-02-28','to':'2016-01-01'",
         "FIELD_UNKNOWN", "/lines/3/from"},
        {"'interest':'x','rate':'0.1','periods':1,'to':'2016-01-01'", "FIELD_UNKNOWN",
         "/lines/3/to"},
        {"'interest':'x','rate':'0.1','periods':-1", "FIELD_MALFORMED", "/lines/3/periods"},
        {"'interest':'x','rate':'0.1','periods':401", "FIELD_MALFORMED", "/lines/3/periods"},
        {"'interest':'x','rate':'0.1','periods':'1'", "FIELD_MALFORMED", "/lines/3/periods"},
        {"'interest':'x','rate':'not a rate','periods':1", "FIELD_MALFORMED", "/lines/3/rate"},
        {"'index':'x','base':'1'", "FIELD_MISSING", "/lines/3/current"},
        {"'index':'x','current':'1'", "FIELD_MISSING", "/lines/3/base"},
        {"'index':['x'],'base':'1','current':'1'", "FIELD_MALFORMED", "/lines/3/index"},
        {"'index':'x','base':1,'current':'1'", "FIELD_MALFORMED", "/lines/3/base"},
        {"'index':'x','base':'1','current':{}", "FIELD_MALFORMED", "/lines/3/current"},
        {SIGNIFICANT("'measured':'score'"), "FIELD_MISSING", "/lines/3/when/significant"},
        {SIGNIFICANT("'p_below':'1'"), "FIELD_MISSING", "/lines/3/when/significant/measured"},
        {SIGNIFICANT("'measured':'score','p_below':'1','interval_above':'0'"), "FIELD_MALFORMED",
         "/lines/3/when/significant"},
        {SIGNIFICANT("'measured':'score','p_below':'x'"), "FIELD_MALFORMED",
         "/lines/3/when/significant/p_below"},
        {SIGNIFICANT("'measured':'score','p_above':'1'"), "FIELD_UNKNOWN",
         "/lines/3/when/significant/p_above"},
        {SIGNIFICANT("'measured':'score','p_below':'1','period':'1Y'"), "FIELD_MALFORMED",
         "/lines/3/when/significant/period"},
        {SIGNIFICANT("'measured':'Score','p_below':'1'"), "FIELD_MALFORMED",
         "/lines/3/when/significant/measured"},
        {"'when':{'all':[{'above':['x','0']},{'not':{'significant':[]}}]},'then':'1',"
         "'otherwise':'0'",
         "FIELD_MALFORMED", "/lines/3/when/all/1/not/significant"},
        {"'take':{'funded':'A.se'}", "FIELD_MALFORMED", "/lines/3/take/funded"},
        {"'take':{'paid':'a.se'}", "FIELD_MALFORMED", "/lines/3/take/paid"},
        {"'take':{'paid':'total','of':'a'}", "FIELD_UNKNOWN", "/lines/3/take/of"},
        {"'take':{'period':'months'}", "FIELD_MALFORMED", "/lines/3/take/period"},
        {"'take':{'measured':'score','field':'control_low'}", "FIELD_MALFORMED",
         "/lines/3/take/field"},
        /* Companions of another operation, and what is none. */
        {"'take':'x','blocks':[]", "FIELD_UNKNOWN", "/lines/3/blocks"},
        {"'index':'x','base':'1','current':'1','rate':'1'", "FIELD_UNKNOWN", "/lines/3/rate"},
        {"'blocks':[]", "FIELD_UNKNOWN", "/lines/3/blocks"},
        {"'brackets':'x','rate_card':[]", "FIELD_MALFORMED", "/lines/3"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(mechanisms, names_that_do_not_resolve_and_units_that_differ_are_refused_with_their_place)
{
    static const struct refusal_row rows[] = {
        {"'brackets':'z','blocks':[" BLOCK("'0'", "'1'") "]", "LINE_UNKNOWN", "/lines/3/brackets"},
        {"'brackets':'n','blocks':[" BLOCK("'0'", "'1'") "]", "UNITS_DIFFER",
         "/lines/3/blocks/0/from"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'1'") "," BLOCK(SEK("1"), "'1'") "]",
         "UNITS_DIFFER", "/lines/3/blocks/1/from"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'1'") "," BLOCK("'1'", "'kr'") "]",
         "UNITS_DIFFER", "/lines/3/blocks/1/rate"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'z'") "]", "LINE_UNKNOWN",
         "/lines/3/blocks/0/rate"},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'not_published'") "]", "UNITS_DIFFER",
         "/lines/3"},
        {"'rate_card':[" ITEM("a", "'count':'z','price':'1'") "]", "LINE_UNKNOWN",
         "/lines/3/rate_card/0/count"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'y'") "]", "LINE_UNKNOWN",
         "/lines/3/rate_card/0/price"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'kr'") "," ITEM(
             "b", "'count':'n','price':'kr'") "]",
         "UNITS_DIFFER", "/lines/3/rate_card/1"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'kr','multiplier':'n'") "]", "UNITS_DIFFER",
         "/lines/3/rate_card/0/multiplier"},
        {"'rate_card':[" ITEM("a", "'count':'n','price':'kr','count_at_most':'5'") "]",
         "UNITS_DIFFER", "/lines/3/rate_card/0/count_at_most"},
        {"'rate_card':[" ITEM("a", "'count':'n','price':" EACH("2") ",'amount_at_most':'n'") "]",
         "UNITS_DIFFER", "/lines/3/rate_card/0/amount_at_most"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'1'") "," ITEM(
             "b", "'count':'1','price':'1'") "," ITEM("a", "'count':'1','price':'1'") "]",
         "NAME_REPEATED", "/lines/3/rate_card/2/item"},
        {"'by_period':[" ROW("1y", "'1'") "," ROW("3y", "'1'") "],'otherwise':'0'",
         "PERIOD_UNKNOWN", "/lines/3/by_period/1/period"},
        {"'by_period':[" ROW("1y", "'1'") "," ROW("1y", "'2'") "],'otherwise':'0'", "NAME_REPEATED",
         "/lines/3/by_period/1/period"},
        {"'by_period':[" ROW("1y", "'1'") "," ROW("2y", "'kr'") "]", "UNITS_DIFFER",
         "/lines/3/by_period/1/then"},
        {"'by_period':[" ROW("1y", "'kr'") "],'otherwise':'0'", "UNITS_DIFFER",
         "/lines/3/otherwise"},
        {"'by_period':[" ROW("1y", "'not_published'") "],'otherwise':'not_published'",
         "UNITS_DIFFER", "/lines/3"},
        {"'by_period':[" ROW("1y", "'1'") "]", "TABLE_INCOMPLETE", "/lines/3/by_period"},
        {"'by_period':[" ROW("2y", "'1'") "]", "TABLE_INCOMPLETE", "/lines/3/by_period"},
        {"'interest':'z','rate':'0.1','periods':1", "LINE_UNKNOWN", "/lines/3/interest"},
        {"'interest':'kr','rate':" SEK("2") ",'periods':1", "UNITS_DIFFER", "/lines/3/rate"},
        {"'interest':'kr','rate':'n','count':'act_360'", "UNITS_DIFFER", "/lines/3/rate"},
        {"'index':'kr','base':'z','current':'1'", "LINE_UNKNOWN", "/lines/3/base"},
        {"'index':'kr','base':'1','current':'z'", "LINE_UNKNOWN", "/lines/3/current"},
        {"'index':'kr','base':'kr','current':'1'", "UNITS_DIFFER", "/lines/3/current"},
        {SIGNIFICANT("'measured':'grades','p_below':'0.05'"), "OUTCOME_UNKNOWN",
         "/lines/3/when/significant/measured"},
        {SIGNIFICANT("'measured':'score','p_below':'0.05','period':'3y'"), "PERIOD_UNKNOWN",
         "/lines/3/when/significant/period"},
        {SIGNIFICANT("'measured':'saving','p_below':" SEK("1")), "UNITS_DIFFER",
         "/lines/3/when/significant/p_below"},
        {SIGNIFICANT("'measured':'saving','interval_excludes':'0'"), "UNITS_DIFFER",
         "/lines/3/when/significant/interval_excludes"},
        {SIGNIFICANT("'measured':'score','interval_below':{'value':'0','unit':'a*A'}"),
         "UNIT_UNKNOWN", "/lines/3/when/significant/interval_below/unit"},
        {"'when':{'any':[{'above':['x','0']},{'not':{'significant':{'measured':'score',"
         "'interval_above':" SEK("0") "}}}]},'then':'1','otherwise':'0'",
         "UNITS_DIFFER", "/lines/3/when/any/1/not/significant/interval_above"},
        {"'take':{'paid':'kr'}", "LINE_UNKNOWN", "/lines/3/take/paid"},
        {"'add':['kr',{'measured':'score','field':'ratio'}]", "UNITS_DIFFER", "/lines/3/add/1"},
        {"'add':['x',{'measured':'score','field':'control_count'}]", "UNITS_DIFFER",
         "/lines/3/add/1"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(mechanisms, tables_divisors_and_dates_are_checked)
{
    static const struct refusal_row rows[] = {
        {"'brackets':'x','blocks':[" BLOCK("'1'", "'1'") "," BLOCK("'1'", "'2'") "]", "TABLE_ORDER",
         "/lines/3/blocks/1"},
        {"'brackets':'x','blocks':[" BLOCK("'1'", "'1'") "," BLOCK("'2'", "'2'") "," BLOCK(
             "'0'", "'2'") "]",
         "TABLE_ORDER", "/lines/3/blocks/2"},
        {"'index':'kr','base':'0','current':'1'", "DIVISOR_ZERO", "/lines/3/base"},
        {"'index':'kr','base':" SEK("0") ",'current':'kr'", "DIVISOR_ZERO", "/lines/3/base"},
        {"'interest':'kr','rate':'0','count':'act_365','from':'2016-01-01','to':'2016-01-01'",
         "PERIOD_ORDER", "/lines/3/to"},
        {"'interest':'kr','rate':'0','count':'30_360','from':'2016-01-02','to':'2016-01-01'",
         "PERIOD_ORDER", "/lines/3/to"},
        /* Six bases, and a seventh by the rate or the price. */
        {"'brackets':{'value':'1','unit':'a*b*c*d*e*f'},'blocks':[" BLOCK(
             "{'value':'0','unit':'a*b*c*d*e*f'}", "'kr'") "]",
         "TERMS_TOO_LARGE", "/lines/3"},
        {"'rate_card':[" ITEM("a", "'count':{'value':'1','unit':'a*b*c*d*e*f'},'price':'kr'") "]",
         "TERMS_TOO_LARGE", "/lines/3/rate_card/0"},
    };
    fixture_assert_lines_refused(rows, COUNT(rows));
}

Test(mechanisms, messages_say_what_was_found_and_what_is_expected)
{
    static const struct {
        const char *operation;
        const char *reason;
    } rows[] = {
        {"'brackets':'x','blocks':[" BLOCK("'1.5'", "'1'") "," BLOCK("'-0.25'", "'2'") "]",
         "row 2 of line \"y\" does not ascend: expected more than 1.5, found -0.25"},
        {"'rate_card':[" ITEM("a", "'count':'1','price':'kr'") "," ITEM(
             "b", "'count':'n','price':'kr'") "]",
         "count times price of item \"b\" is in SEK*person, but that of item \"a\" is in SEK"},
        {"'rate_card':[" ITEM("a", "'count':'n','price':" EACH("2") ",'amount_at_most':'n'") "]",
         "line n (\"A label\") is in person, but count times price is in SEK"},
        {"'interest':'kr','rate':'kr','periods':1",
         "line kr (\"A label\") is in SEK, but a rate of interest is in 1"},
        {"'by_period':[" ROW("1y", "'1'") "]",
         "line \"y\" has no row for period \"2y\", and no \"otherwise\""},
        {"'add':['x',{'funded':'a.se'}]",
         "line x (\"A label\") is in 1, but the funding by a.se is in SEK"},
        {"'add':['x',{'funded':'total'}]",
         "line x (\"A label\") is in 1, but the funding in all is in SEK"},
        {"'add':[{'measured':'score','field':'ratio'},{'paid':'total'}]",
         "the ratio of outcome score (\"A label\") is in 1, but the payments in all is in SEK"},
        {"'take':{'paid':'kr'}",
         "expected \"total\" or the line of a pay, found \"kr\", which no pay names"},
        {"'note':{'en':'Nothing'}",
         "the line has no operation, one of take, add, subtract, multiply, divide, power, minimum, "
         "maximum, negate, clamp, tiers, curve, brackets, rate_card, by_period, when, interest, "
         "index, round"},
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_lines(&lines, rows[i].operation);
        struct terms_fixture fixture;
        cr_assert(ne(int, fixture_open_lines(&fixture, lines.data), STATUS_OK));
        cr_assert(eq(str, fixture.failure.reason, (char *)rows[i].reason));
        fixture_release(&fixture);
    }
}

/* --- What the parts become --- */

/* Lines 3 to 9, one of each operation. */
#define TESTED_SAVING \
    "{'measured':'saving','period':'2y','interval_excludes':{'value':'0','unit':'SEK'}}"
static const char *const EACH_OPERATION[] = {
    BASE_LINES,
    "{'line':'blocks'," LABEL "'brackets':'x','blocks':[{'from':'1','rate':'x'},"
    "{'from':'2','rate':'0'}]}",
    "{'line':'card'," LABEL "'rate_card':[{'item':'a'," LABEL "'count':'x','price':'2',"
    "'multiplier':'3'},{'item':'b'," LABEL "'count':'1','price':'x','count_at_most':'7',"
    "'amount_at_most':'8'}]}",
    "{'line':'rows'," LABEL "'by_period':[{'period':'2y','then':'x'},{'period':'1y','then':'5'}]}",
    "{'line':'simple'," LABEL "'interest':'kr','rate':'0.02','count':'30_360',"
    "'from':'2015-01-31','to':'2015-02-28'}",
    "{'line':'compound'," LABEL "'interest':'kr','rate':'0.02','periods':7}",
    "{'line':'index'," LABEL "'index':'kr','base':'2','current':'3'}",
    "{'line':'tested'," LABEL "'when':{'significant':" TESTED_SAVING "},'then':'1',"
    "'otherwise':'0'}",
};

static void open_each_operation(struct terms_fixture *fixture)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, EACH_OPERATION, COUNT(EACH_OPERATION));
    fixture_must_open(fixture, lines.data);
}

Test(mechanisms, blocks_items_and_rows_stand_in_their_line)
{
    struct terms_fixture fixture;
    open_each_operation(&fixture);
    const struct line *blocks = &fixture.terms.lines[3];
    cr_assert(eq(sz, blocks->step_count, 2));
    cr_assert(eq(int, blocks->steps[0].then.kind, OPERAND_LINE));
    cr_assert(not(blocks->has_otherwise));

    const struct line *card = &fixture.terms.lines[4];
    cr_assert(eq(sz, card->item_count, 2));
    cr_assert(eq(sz, card->operand_count, 0));
    cr_assert(card->items[0].has_multiplier);
    cr_assert(not(card->items[0].has_count_at_most));
    cr_assert(not(card->items[0].has_amount_at_most));
    cr_assert(not(card->items[1].has_multiplier));
    cr_assert(card->items[1].has_count_at_most);
    cr_assert(card->items[1].has_amount_at_most);
    cr_assert(view_is(card->items[1].name, "b"));

    const struct line *rows = &fixture.terms.lines[5];
    cr_assert(eq(sz, rows->case_count, 2));
    cr_assert(eq(sz, rows->cases[0].period, 1));
    cr_assert(eq(sz, rows->cases[1].period, 0));
    fixture_release(&fixture);
}

Test(mechanisms, interest_and_index_stand_in_their_line)
{
    struct terms_fixture fixture;
    open_each_operation(&fixture);
    const struct line *simple = &fixture.terms.lines[6];
    cr_assert(eq(sz, simple->operand_count, 2));
    cr_assert(simple->has_dates);
    cr_assert(not(simple->is_compound));
    cr_assert(eq(int, simple->day_count, DAY_COUNT_30_360));
    cr_assert(eq(int, simple->from.day, 31));
    cr_assert(eq(int, simple->to_date.month, 2));

    const struct line *compound = &fixture.terms.lines[7];
    cr_assert(compound->is_compound);
    cr_assert(not(compound->has_dates));
    cr_assert(eq(i32, compound->exponent, 7));

    /* amount, base, current */
    const struct line *index = &fixture.terms.lines[8];
    cr_assert(eq(sz, index->operand_count, 3));
    cr_assert(eq(int, index->operands[0].kind, OPERAND_LINE));
    for (size_t i = 1; i < 3; i++) {
        int64_t value = 0;
        cr_assert(eq(int, rational_to_integer(&index->operands[i].constant, &value), STATUS_OK));
        cr_assert(eq(i64, value, (int64_t)i + 1));
    }
    fixture_release(&fixture);
}

Test(mechanisms, a_test_of_significance_reads_both_ends_of_the_interval)
{
    struct terms_fixture fixture;
    open_each_operation(&fixture);
    const struct line *line = &fixture.terms.lines[9];
    const struct condition *condition = &line->conditions[0];
    cr_assert(eq(int, condition->kind, CONDITION_SIGNIFICANT));
    cr_assert(eq(int, condition->significance, SIGNIFICANCE_INTERVAL_EXCLUDES));
    cr_assert(eq(sz, condition_operand_count(condition), 3));
    cr_assert(eq(int, condition->operands[0].field, MEASURED_LOW));
    cr_assert(eq(int, condition->operands[1].kind, OPERAND_CONSTANT));
    cr_assert(eq(int, condition->operands[2].field, MEASURED_HIGH));
    for (size_t i = 0; i < 3; i += 2) {
        cr_assert(eq(int, condition->operands[i].kind, OPERAND_MEASURED));
        cr_assert(eq(sz, condition->operands[i].index, 1));
        cr_assert(eq(sz, condition->operands[i].period, 1));
    }
    cr_assert(line->has_otherwise);
    fixture_release(&fixture);
}

static void count_kind(void *context, const struct operand *operand)
{
    size_t *counts = context;
    counts[operand->kind]++;
}

Test(mechanisms, every_operand_of_a_line_is_visited_and_no_other)
{
    static const struct {
        const char *operation;
        size_t lines;
        size_t constants;
        size_t measured;
        size_t unpublished;
    } rows[] = {
        {"'take':'x'", 1, 0, 0, 0},
        {"'clamp':'x','at_most':'1'", 1, 1, 0, 0},
        {"'round':'x','to':'1','by':'up'", 1, 1, 0, 0},
        {"'tiers':'x','steps':[{'above':'0','then':'1'}],'otherwise':'not_published'", 1, 2, 0, 1},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "'x'") "]", 2, 1, 0, 0},
        {"'rate_card':[" ITEM("a", "'count':'x','price':'2'") "]", 1, 1, 0, 0},
        {"'rate_card':[" ITEM("a", "'count':'x','price':'2','multiplier':'3',"
                                   "'count_at_most':" SCORE ",'amount_at_most':'x'") "]",
         2, 2, 1, 0},
        {"'by_period':[" ROW("1y", "'x'") "," ROW("2y", "'1'") "]", 1, 1, 0, 0},
        {"'by_period':[" ROW("1y", "'x'") "],'otherwise':'not_published'", 1, 0, 0, 1},
        {"'interest':'x','rate':'0.1','periods':1", 1, 1, 0, 0},
        {"'index':'x','base':'1','current':" SCORE, 1, 1, 1, 0},
        {SIGNIFICANT("'measured':'score','p_below':'0.05'"), 0, 3, 1, 0},
        {SIGNIFICANT("'measured':'score','interval_excludes':'0.05'"), 0, 3, 2, 0},
        {"'when':{'all':[{'above':['x','0']},{'not':{'equals':['x'," SCORE "]}}]},'then':'x',"
         "'otherwise':'not_published'",
         3, 1, 1, 1},
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        make_lines(&lines, rows[i].operation);
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        size_t counts[OPERAND_UNPUBLISHED + 1] = {0};
        line_each_operand(&fixture.terms.lines[3], count_kind, counts);
        cr_assert(eq(sz, counts[OPERAND_LINE], rows[i].lines), "%s", rows[i].operation);
        cr_assert(eq(sz, counts[OPERAND_CONSTANT], rows[i].constants), "%s", rows[i].operation);
        cr_assert(eq(sz, counts[OPERAND_MEASURED], rows[i].measured), "%s", rows[i].operation);
        cr_assert(eq(sz, counts[OPERAND_UNPUBLISHED], rows[i].unpublished), "%s",
                  rows[i].operation);
        fixture_release(&fixture);
    }
}

Test(mechanisms, an_unpublished_rate_or_row_has_the_unit_of_the_others)
{
    struct terms_fixture fixture;
    static const char *const parts[] = {
        BASE_LINES,
        LINE("b", TWO_BLOCKS("'not_published'", EACH("3"))),
        LINE("p", "'by_period':[{'period':'1y','then':'not_published'}],'otherwise':'kr'"),
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    fixture_append_lines(&lines, parts, COUNT(parts));
    fixture_must_open(&fixture, lines.data);
    const struct line *blocks = &fixture.terms.lines[3];
    cr_assert(unit_equal(&blocks->steps[0].then.unit, &blocks->steps[1].then.unit));
    cr_assert(unit_equal(&blocks->unit, &fixture.terms.lines[1].unit));
    const struct line *rows = &fixture.terms.lines[4];
    cr_assert(unit_equal(&rows->cases[0].then.unit, &rows->otherwise.unit));
    fixture_release(&fixture);
}

/* --- Ranges --- */

#define OUTCOME(rest)                                                                           \
    "[{'outcome':'score'," LABEL "'unit':'1','class':'paying','evaluator':'a.se','source':"     \
    "'not_published','missing_data':'not_published'" rest "},{'outcome':'saving'," LABEL        \
    "'unit':'SEK','class':'paying','evaluator':'a.se','source':'not_published','missing_data':" \
    "'not_published'}]"

Test(mechanisms, a_range_has_ends_in_order)
{
    static const struct refusal_row rows[] = {
        {OUTCOME(",'range':{'at_least':'0'}"), NULL, NULL},
        {OUTCOME(",'range':{'at_most':'-5.5'}"), NULL, NULL},
        {OUTCOME(",'range':{'at_least':'0','at_most':'1'},'count_range':{'at_least':'-1',"
                 "'at_most':'0'}"),
         NULL, NULL},
        {OUTCOME(",'range':{'at_least':'1','at_most':'1'}"), NULL, NULL},
        {OUTCOME(",'range':{}"), "FIELD_MISSING", "/outcomes/0/range"},
        {OUTCOME(",'range':'0'"), "FIELD_MALFORMED", "/outcomes/0/range"},
        {OUTCOME(",'range':{'from':'0'}"), "FIELD_UNKNOWN", "/outcomes/0/range/from"},
        {OUTCOME(",'range':{'at_least':'0','at_most':'1.50'}"), "FIELD_MALFORMED",
         "/outcomes/0/range/at_most"},
        {OUTCOME(",'count_range':{'at_least':0}"), "FIELD_MALFORMED",
         "/outcomes/0/count_range/at_least"},
        {OUTCOME(",'range':{'at_least':'0.000000000001','at_most':'0'}"), "RANGE_ORDER",
         "/outcomes/0/range"},
        {OUTCOME(",'range':{'at_least':'0'},'count_range':{'at_least':'2','at_most':'1'}"),
         "RANGE_ORDER", "/outcomes/0/count_range"},
        {OUTCOME(",'count_range':{'at_most':'-1'}"), "RANGE_ORDER",
         "/outcomes/0/count_range/at_most"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parts parts = {.outcomes = rows[i].text, .lines = LINE("x", "'take':'0'")};
        if (rows[i].code != NULL) {
            fixture_assert_refused(&parts, &rows[i]);
            continue;
        }
        struct terms_fixture fixture;
        enum status status = fixture_open(&fixture, &parts);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].text, fixture.failure.reason);
        const struct range *range = &fixture.terms.outcomes[0].range;
        cr_assert(range->has_at_least || range->has_at_most);
        cr_assert(not(fixture.terms.outcomes[1].range.has_at_least));
        fixture_release(&fixture);
    }
}

/* --- Pays --- */

#define ROUNDED(name, operand, step) \
    "{'line':'" name "'," LABEL "'round':'" operand "','to':" step ",'by':'down'}"
#define WHOLE ROUNDED("whole", "kr", SEK("0.01"))
#define FIRST ROUNDED("first", "kr", SEK("1"))
#define FINE ROUNDED("fine", "kr", SEK("0.005"))
#define PLAIN ROUNDED("plain", "x", "'1'")
#define PAY_LINES BASE_LINES "," WHOLE "," FIRST "," FINE "," PLAIN

#define TO(party) "'to':[{'party':'" party "'}]"
#define PAY(rest) "{'pay':'whole','from':'k.se'," rest "}"
#define TRANCHE(name, rest) "{'tranche':'" name "'," rest "}"
#define SENIOR TRANCHE("senior", "'up_to':'first'," TO("a.se"))
#define REST TRANCHE("rest", TO("b.se"))

Test(mechanisms, a_pay_has_receivers_in_layers_that_fit_together)
{
    static const struct refusal_row rows[] = {
        {PAY("'waterfall':[" SENIOR "," REST "]"), NULL, NULL},
        {PAY("'waterfall':[" TRANCHE(
             "senior",
             LABEL "'up_to':'first','to':[{'party':'a.se',"
                   "'share':'funding'},{'party':'b.se','share':'"
                   "funding'}]") "," TRANCHE("junior", "'up_to':'whole'," TO("a.se")) "," REST "]"),
         NULL, NULL},
        {PAY(TO("a.se") ",'negative':'reverse'"), NULL, NULL},
        {PAY(TO("a.se") ",'due':{'date':'2016-02-29'}"), NULL, NULL},
        {PAY(TO("a.se") ",'due':{'days_after_period':0},'negative':'reverse'"), NULL, NULL},
        {PAY("'waterfall':[" SENIOR "," REST "],'due':{'days_after_period':36525}"), NULL, NULL},
        {"{'pay':'whole','from':'k.se'}", "FIELD_MISSING", "/pays/0"},
        {PAY(TO("a.se") ",'waterfall':[" SENIOR "," REST "]"), "FIELD_MALFORMED", "/pays/0"},
        {PAY("'waterfall':[" REST "]"), "FIELD_MALFORMED", "/pays/0/waterfall"},
        {PAY("'waterfall':[]"), "FIELD_MALFORMED", "/pays/0/waterfall"},
        {PAY("'waterfall':[" SENIOR ",{'tranche':'rest'}]"), "FIELD_MISSING",
         "/pays/0/waterfall/1/to"},
        {PAY("'waterfall':[" SENIOR ",{" TO("a.se") "}]"), "FIELD_MISSING",
         "/pays/0/waterfall/1/tranche"},
        {PAY("'waterfall':[" SENIOR "," TRANCHE("rest", "'to':[]") "]"), "FIELD_MALFORMED",
         "/pays/0/waterfall/1/to"},
        {PAY("'waterfall':[" SENIOR "," TRANCHE("rest", "'to':[{'party':'a.se','share':'x'}]") "]"),
         "FIELD_MALFORMED", "/pays/0/waterfall/1/to/0/share"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':" SEK("5") "," TO("a.se")) "," REST "]"),
         "FIELD_MALFORMED", "/pays/0/waterfall/0/up_to"},
        {PAY("'waterfall':[" TRANCHE("a", "'label':'A','up_to':'first'," TO("a.se")) "," REST "]"),
         "FIELD_MALFORMED", "/pays/0/waterfall/0/label"},
        {PAY(TO("a.se") ",'negative':'refuse'"), "FIELD_MALFORMED", "/pays/0/negative"},
        {PAY(TO("a.se") ",'negative':true"), "FIELD_MALFORMED", "/pays/0/negative"},
        {PAY(TO("a.se") ",'due':{}"), "FIELD_MISSING", "/pays/0/due"},
        {PAY(TO("a.se") ",'due':'2016-01-01'"), "FIELD_MALFORMED", "/pays/0/due"},
        {PAY(TO("a.se") ",'due':{'date':'2016-01-01','days_after_period':1}"), "FIELD_MALFORMED",
         "/pays/0/due"},
        {PAY(TO("a.se") ",'due':{'date':'2015-02-29'}"), "FIELD_MALFORMED", "/pays/0/due/date"},
        {PAY(TO("a.se") ",'due':{'days_after_period':-1}"), "FIELD_MALFORMED",
         "/pays/0/due/days_after_period"},
        {PAY(TO("a.se") ",'due':{'days_after_period':36526}"), "FIELD_MALFORMED",
         "/pays/0/due/days_after_period"},
        {PAY("'waterfall':[" SENIOR "," REST "],'negative':'reverse'"), "PAY_TRANCHES",
         "/pays/0/negative"},
        {PAY("'waterfall':[" REST "," SENIOR "]"), "PAY_TRANCHES", "/pays/0/waterfall/0"},
        {PAY("'waterfall':[" SENIOR "," TRANCHE("rest", "'up_to':'whole'," TO("b.se")) "]"),
         "PAY_TRANCHES", "/pays/0/waterfall/1/up_to"},
        {PAY("'waterfall':[" SENIOR
             "," TRANCHE("b", "'up_to':'first'," TO("a.se")) "," TRANCHE("senior", TO("b.se")) "]"),
         "NAME_REPEATED", "/pays/0/waterfall/2/tranche"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':'none'," TO("a.se")) "," REST "]"),
         "LINE_UNKNOWN", "/pays/0/waterfall/0/up_to"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':'kr'," TO("a.se")) "," REST "]"),
         "PAY_NOT_ROUNDED", "/pays/0/waterfall/0/up_to"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':'plain'," TO("a.se")) "," REST "]"),
         "PAY_NOT_ROUNDED", "/pays/0/waterfall/0/up_to"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':'fine'," TO("a.se")) "," REST "]"),
         "PAY_NOT_ROUNDED", "/pays/0/waterfall/0/up_to"},
        {PAY("'waterfall':[" TRANCHE("a", "'up_to':'first','to':[{'party':'a.se'},"
                                          "{'party':'b.se'}]") "," REST "]"),
         "PAY_SHARES", "/pays/0/waterfall/0/to/0"},
        {PAY("'waterfall':[" SENIOR "," TRANCHE("rest", "'to':[{'party':'a.se','share':'0'}]") "]"),
         "PAY_SHARES", "/pays/0/waterfall/1/to"},
        {PAY("'waterfall':[" SENIOR "," TRANCHE("rest", "'to':[{'party':'a.se','share':'1'},"
                                                        "{'party':'a.se','share':'1'}]") "]"),
         "NAME_REPEATED", "/pays/0/waterfall/1/to/1/party"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct parts parts = {.lines = PAY_LINES, .pays = rows[i].text};
        if (rows[i].code != NULL) {
            fixture_assert_refused(&parts, &rows[i]);
            continue;
        }
        struct terms_fixture fixture;
        enum status status = fixture_open(&fixture, &parts);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s %s", rows[i].text, fixture.failure.at,
                  fixture.failure.reason);
        fixture_release(&fixture);
    }
}

#define NEXT TRANCHE("next", LABEL "'up_to':'whole'," TO("b.se"))
#define REVERSED                                                        \
    "{'pay':'first','from':'k.se'," TO("a.se") ",'negative':'reverse'," \
                                               "'due':{'date':'2020-02-29'}}"

Test(mechanisms, what_was_read_stands_in_the_pay)
{
    static const struct parts parts = {
        .lines = PAY_LINES,
        .pays = PAY("'waterfall':[" SENIOR "," NEXT "," REST
                    "],'due':{'days_after_period':30}") "," REVERSED,
    };
    struct terms_fixture fixture;
    enum status status = fixture_open(&fixture, &parts);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
    const struct pay *waterfall = &fixture.terms.pays[0];
    cr_assert(eq(sz, waterfall->tranche_count, 3));
    cr_assert(view_is(waterfall->tranches[0].name, "senior"));
    cr_assert(eq(sz, waterfall->tranches[0].label.count, 0));
    cr_assert(eq(sz, waterfall->tranches[0].up_to, 4));
    cr_assert(eq(sz, waterfall->tranches[1].label.count, 2));
    cr_assert(eq(sz, waterfall->tranches[1].up_to, 3));
    cr_assert(waterfall->tranches[1].has_up_to && !waterfall->tranches[2].has_up_to);
    cr_assert(eq(int, waterfall->due_kind, DUE_DAYS_AFTER_PERIOD));
    cr_assert(eq(i32, waterfall->due_days, 30));
    cr_assert(not(waterfall->is_reversible));

    const struct pay *plain = &fixture.terms.pays[1];
    cr_assert(eq(sz, plain->tranche_count, 1));
    cr_assert(eq(sz, plain->tranches[0].name.size, 0));
    cr_assert(eq(sz, plain->tranches[0].share_count, 1));
    cr_assert(plain->is_reversible);
    cr_assert(eq(int, plain->due_kind, DUE_DATE));
    cr_assert(eq(int, plain->due_date.day, 29));
    fixture_release(&fixture);
}

static void make_waterfall(struct buffer *pays, size_t count)
{
    buffer_clear(pays);
    cr_assert(
        eq(int, buffer_append_text(pays, "{'pay':'whole','from':'k.se','waterfall':["), STATUS_OK));
    for (size_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;
        cr_assert(eq(int,
                     buffer_append_format(pays, "{'tranche':'t%zu',%s" TO("a.se") "}%s", i,
                                          is_last ? "" : "'up_to':'first',", is_last ? "" : ","),
                     STATUS_OK));
    }
    cr_assert(eq(int, buffer_append_text(pays, "]}"), STATUS_OK));
}

Test(mechanisms, a_waterfall_has_at_most_twenty_tranches)
{
    OWNED(buffer_release) struct buffer pays;
    buffer_init(&pays, JSON_SIZE_MAX);
    make_waterfall(&pays, TERMS_TRANCHES_MAX);
    struct terms_fixture fixture;
    enum status status =
        fixture_open(&fixture, &(struct parts){.lines = PAY_LINES, .pays = pays.data});
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
    cr_assert(eq(sz, fixture.terms.pays[0].tranche_count, 20));
    fixture_release(&fixture);

    make_waterfall(&pays, TERMS_TRANCHES_MAX + 1);
    struct refusal_row refusal = {"21", "FIELD_MALFORMED", "/pays/0/waterfall"};
    fixture_assert_refused(&(struct parts){.lines = PAY_LINES, .pays = pays.data}, &refusal);
}

Test(mechanisms, what_was_paid_for_a_line_can_be_named_before_it)
{
    const struct parts parts = {
        .lines = BASE_LINES "," LINE("left", "'subtract':['kr',{'paid':'payout'}]") "," LINE(
            "payout", "'round':'left','to':" SEK("0.01") ",'by':'half_even'"),
        .pays = "{'pay':'payout','from':'k.se'," TO("a.se") "}",
    };
    struct terms_fixture fixture;
    enum status status = fixture_open(&fixture, &parts);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture.failure.reason);
    const struct operand *paid = &fixture.terms.lines[3].operands[1];
    cr_assert(eq(int, paid->kind, OPERAND_PAID));
    cr_assert(eq(sz, paid->index, 4));
    fixture_release(&fixture);

    const struct parts unpaid = {.lines = parts.lines};
    struct refusal_row refusal = {"unpaid", "LINE_UNKNOWN", "/lines/3/subtract/1/paid"};
    fixture_assert_refused(&unpaid, &refusal);
    const struct parts missing = {.lines = BASE_LINES "," LINE("y", "'take':{'paid':'none'}"),
                                  .pays = "{'pay':'none','from':'k.se'," TO("a.se") "}"};
    refusal = (struct refusal_row){"missing", "LINE_UNKNOWN", "/lines/3/take/paid"};
    fixture_assert_refused(&missing, &refusal);
}

Test(mechanisms, totals_and_investors_are_told_apart)
{
    struct terms_fixture fixture;
    fixture_must_open(
        &fixture,
        LINE("a", "'take':{'funded':'total'}") "," LINE(
            "b", "'take':{'funded':'total.se'}") "," LINE("c", "'take':{'paid':'total'}"));
    const struct line *lines = fixture.terms.lines;
    cr_assert(eq(sz, lines[0].operands[0].name.size, 0));
    cr_assert(view_is(lines[1].operands[0].name, "total.se"));
    cr_assert(eq(sz, lines[2].operands[0].name.size, 0));
    for (size_t i = 0; i < 3; i++) {
        cr_assert(eq(sz, lines[i].operands[0].index, SIZE_MAX));
    }
    fixture_release(&fixture);
}

/* --- Bounds --- */

/* Appends lines for a line `big` whose bound is 10^digits: 9 has one digit, 9^e has e. */
static void append_big(struct buffer *lines, unsigned digits)
{
    cr_assert(digits >= 801 && digits <= 999);
    static const char format[] =
        BASE_LINES ",{'line':'most'," LABEL "'power':'9','exponent':400}"
                   ",{'line':'more'," LABEL "'power':'9','exponent':%u}"
                   ",{'line':'big'," LABEL "'multiply':['most','most','more']}";
    cr_assert(eq(int, buffer_append_format(lines, format, digits - 800), STATUS_OK));
}

/* Appends `item`, `count` times, each "@" in it replaced by the number of its copy. */
static void append_copies(struct buffer *buffer, const char *item, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int, buffer_append_text(buffer, i > 0 ? "," : ""), STATUS_OK));
        for (const char *at = item; *at != '\0'; at++) {
            enum status status = *at == '@' ? buffer_append_format(buffer, "%zu", i)
                                            : buffer_append_format(buffer, "%c", *at);
            cr_assert(eq(int, status, STATUS_OK));
        }
    }
}

/* A line that is accepted with a `big` of `digits`, and is refused when it has one more. */
struct limit_row {
    const char *before; /* of the copies */
    const char *item;
    size_t count;
    const char *after;
    unsigned digits;
};

static void make_limit(struct buffer *lines, const struct limit_row *row, unsigned digits)
{
    buffer_clear(lines);
    append_big(lines, digits);
    cr_assert(
        eq(int, buffer_append_format(lines, ",{'line':'y'," LABEL "%s", row->before), STATUS_OK));
    append_copies(lines, row->item, row->count);
    cr_assert(eq(int, buffer_append_format(lines, "%s}", row->after), STATUS_OK));
}

static void assert_limits(const struct limit_row *rows, size_t count)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        char title[300];
        (void)snprintf(title, sizeof title, "%s%zu of %s%s", rows[i].before, rows[i].count,
                       rows[i].item, rows[i].after);
        make_limit(&lines, &rows[i], rows[i].digits);
        struct terms_fixture fixture;
        enum status status = fixture_open_lines(&fixture, lines.data);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", title, fixture.failure.reason);
        fixture_assert_computable(&fixture, title);
        fixture_release(&fixture);
        if (rows[i].digits < 999) {
            make_limit(&lines, &rows[i], rows[i].digits + 1);
            struct refusal_row refusal = {title, "TERMS_TOO_LARGE", "/lines/6"};
            fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
        }
    }
}

Test(mechanisms, bounds_of_tables_count_every_row)
{
    static const struct limit_row rows[] = {
        /* The operand is 10^Z, less `from`: Z + 1; times the rate: Z + 2; and the full blocks. */
        {"'brackets':'big','blocks':[", BLOCK("'@'", "'9'"), 1, "]", 996},
        {"'brackets':'big','blocks':[", BLOCK("'@'", "'9'"), 9, "]", 996},
        {"'brackets':'big','blocks':[", BLOCK("'@'", "'9'"), 10, "]", 996},
        {"'brackets':'big','blocks':[", BLOCK("'@'", "'9'"), 1000, "]", 996},
        /* The width is 2, the rate 10^Z: Z + 2, and carries of 1, 2 or 3; and the part. */
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 1, "]", 996},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 2, "]", 995},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 10, "]", 995},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 11, "]", 993},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 100, "]", 993},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 101, "]", 991},
        {"'brackets':'9','blocks':[", BLOCK("'@'", "'big'"), 1000, "]", 991},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 1, "]", 998},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 2, "]", 997},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 10, "]", 997},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 11, "]", 996},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 101, "]", 995},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big'"), 1000, "]", 995},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big','multiplier':'99'"), 1, "]", 996},
        {"'rate_card':[", ITEM("i@", "'count':'9','price':'big','count_at_most':'999'"), 1, "]",
         996},
        {"'rate_card':[", ITEM("i@", "'count':'1','price':'1','amount_at_most':'big'"), 1, "]",
         999},
        {"'rate_card':[", ITEM("i@", "'count':'1','price':'1','amount_at_most':'big'"), 2, "]",
         998},
        {"'by_period':[", ROW("1y", "'big'"), 1, "],'otherwise':'0'", 999},
        {"'by_period':[", ROW("1y", "'0'"), 1, "],'otherwise':'big'", 999},
    };
    assert_limits(rows, COUNT(rows));
}

Test(mechanisms, bounds_of_interest_and_index_are_those_of_their_formula)
{
    static const struct limit_row rows[] = {
        /* 10^Z, a rate of one digit, seven digits of days. */
        {"'interest':'big','rate':'9','count':'act_365'", "", 0, "", 991},
        {"'interest':'9','rate':'big','count':'30_360'", "", 0, "", 991},
        {"'interest':'big','rate':'9','periods':0", "", 0, "", 997},
        {"'interest':'big','rate':'9','periods':1", "", 0, "", 996},
        {"'interest':'big','rate':'9','periods':50", "", 0, "", 898},
        {"'interest':'9','rate':'big','periods':1", "", 0, "", 996},
        {"'index':'big','base':'4','current':'9'", "", 0, "", 997},
        {"'index':'big','base':'3','current':'9'", "", 0, "", 997},
        {"'index':'9','base':'x','current':'big'", "", 0, "", 986},
        {"'index':'x','base':'big','current':'9'", "", 0, "", 987}, /* and 12 of the fraction */
    };
    assert_limits(rows, COUNT(rows));
}

Test(mechanisms, bounds_hold_for_a_single_line)
{
#define RATIO "{'measured':'score','field':'ratio'}"
    static const struct {
        const char *operation;
        bool is_accepted;
    } rows[] = {
        /* 1 / 20: the growth has two digits a period, and two of fraction. */
        {"'interest':'1','rate':'0.05','periods':249", true},
        {"'interest':'1','rate':'0.05','periods':250", false},
        {"'interest':'x','rate':'0.02','periods':200", true},
        {"'interest':'1','rate':'ratio','periods':11", true},
        {"'interest':'1','rate':'ratio','periods':400", false},
        /* 42 digits a side for a decimal by a decimal. */
        {"'power':'ratio','exponent':23", true},
        {"'power':'ratio','exponent':24", false},
        {"'take':" RATIO, true},
        {"'take':{'earlier':'ratio'}", false},
        {"'rate_card':[" ITEM("a", "'count':{'earlier':'ratio'},'price':'0'") "]", false},
        {"'by_period':[" ROW("1y", "{'earlier':'ratio'}") "],'otherwise':'0'", false},
        {"'by_period':[" ROW("1y", "'0'") "],'otherwise':{'earlier':'ratio'}", false},
        {"'brackets':'x','blocks':[" BLOCK("'0'", "{'earlier':'ratio'}") "]", false},
        {"'index':'0','base':'1','current':{'earlier':'ratio'}", false},
        {"'interest':'0','rate':{'earlier':'ratio'},'periods':400", false},
        {"'rate_card':[" ITEM("a", "'count':" RATIO ",'price':" RATIO ",'multiplier':" RATIO) "]",
         true},
        {"'brackets':" RATIO ",'blocks':[" BLOCK("'0'", RATIO) "," BLOCK("'1'", RATIO) "]", true},
        {"'index':" RATIO ",'base':" RATIO ",'current':" RATIO, true},
        {"'interest':" RATIO ",'rate':" RATIO ",'count':'act_360'", true},
    };
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    for (size_t i = 0; i < COUNT(rows); i++) {
        buffer_clear(&lines);
        cr_assert(eq(int,
                     buffer_append_format(
                         &lines,
                         BASE_LINES "," LINE("ratio", "'take':" RATIO) ",{'line':'y'," LABEL "%s}",
                         rows[i].operation),
                     STATUS_OK));
        if (!rows[i].is_accepted) {
            struct refusal_row refusal = {rows[i].operation, "TERMS_TOO_LARGE", "/lines/4"};
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

Test(mechanisms, chains_of_operations_stop_where_they_grow_too_large)
{
    static const struct {
        const char *first;
        const char *format;
        size_t count;
        const char *at; /* NULL: accepted */
    } rows[] = {
        {"'take':" RATIO, "'multiply':[@," RATIO "]", 23, NULL},
        {"'take':" RATIO, "'multiply':[@," RATIO "]", 500, "/lines/23"},
        {"'take':'1'", "'interest':@,'rate':'0.02','count':'act_365'", 500, "/lines/125"},
        {"'take':" SCORE, "'index':@,'base':" SCORE ",'current':" SCORE, 500, "/lines/24"},
        {"'take':" SCORE, "'rate_card':[" ITEM("a", "'count':@,'price':@") "]", 500, "/lines/6"},
        {"'take':" SCORE, "'by_period':[" ROW("1y", "@") "],'otherwise':@", 500, NULL},
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

/* --- Hostile terms --- */

static void assert_table(const struct limit_row *row, const char *code, const char *at)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    cr_assert(eq(int,
                 buffer_append_format(&lines,
                                      BASE_LINES
                                      "," LINE("ratio", "'take':" RATIO) ",{'line':'y'," LABEL "%s",
                                      row->before),
                 STATUS_OK));
    append_copies(&lines, row->item, row->count);
    cr_assert(eq(int, buffer_append_format(&lines, "%s}", row->after), STATUS_OK));
    if (code != NULL) {
        struct refusal_row refusal = {row->item, code, at};
        fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusal);
        return;
    }
    struct terms_fixture fixture;
    fixture_must_open(&fixture, lines.data);
    fixture_assert_computable(&fixture, row->item);
    fixture_release(&fixture);
}

Test(mechanisms, a_thousand_rows_are_accepted_unless_their_fractions_differ)
{
    static const struct {
        struct limit_row row;
        const char *code;
        const char *at;
    } rows[] = {
        {{"'brackets':'ratio','blocks':[", BLOCK("'@.5'", "'0.000000000001'"), 1000, "]", 0},
         NULL,
         NULL},
        {{"'brackets':'x','blocks':[", BLOCK("'@'", "'ratio'"), 1000, "]", 0},
         "TERMS_TOO_LARGE",
         "/lines/4"},
        {{"'brackets':'x','blocks':[", BLOCK("'@'", "{'earlier':'ratio'}"), 1000, "]", 0},
         "TERMS_TOO_LARGE",
         "/lines/4"},
        {{"'brackets':'x','blocks':[", BLOCK("'@'", "'1'"), 1001, "]", 0},
         "FIELD_MALFORMED",
         "/lines/4/blocks"},
        {{"'rate_card':[", ITEM("i@", "'count':'x','price':'x','multiplier':'x'"), 1000, "]", 0},
         NULL,
         NULL},
        /* Exponents of a thousand products of sums over a thousand settlements. */
        {{"'rate_card':[",
          ITEM("i@", "'count':{'earlier':'ratio'},'price':{'earlier':'ratio'},"
                     "'multiplier':{'earlier':'ratio'}"),
          1000, "]", 0},
         "TERMS_TOO_LARGE",
         "/lines/4"},
        {{"'rate_card':[", ITEM("i@", "'count':'x','price':'x'"), 1001, "]", 0},
         "FIELD_MALFORMED",
         "/lines/4/rate_card"},
        {{"'rate_card':[", ITEM("same", "'count':'x','price':'@'"), 1000, "]", 0},
         "NAME_REPEATED",
         "/lines/4/rate_card/1/item"},
        {{"'by_period':[", ROW("1y", "'@'"), 101, "]", 0}, "FIELD_MALFORMED", "/lines/4/by_period"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_table(&rows[i].row, rows[i].code, rows[i].at);
    }
}

Test(mechanisms, blocks_and_items_count_towards_all_rows_of_a_contract)
{
    OWNED(buffer_release) struct buffer lines;
    buffer_init(&lines, JSON_SIZE_MAX);
    cr_assert(eq(int, buffer_append_text(&lines, BASE_LINES), STATUS_OK));
    for (size_t i = 0; i < 20; i++) {
        bool is_card = i == 0;
        cr_assert(eq(int,
                     buffer_append_format(&lines, ",{'line':'t%zu'," LABEL "%s", i,
                                          is_card ? "'rate_card':[" : "'brackets':'x','blocks':["),
                     STATUS_OK));
        append_copies(&lines, is_card ? ITEM("i@", "'count':'x','price':'1'") : BLOCK("'@'", "'1'"),
                      1000);
        cr_assert(eq(int, buffer_append_text(&lines, "]}"), STATUS_OK));
    }
    struct terms_fixture fixture;
    fixture_must_open(&fixture, lines.data);
    fixture_release(&fixture);

    static const struct refusal_row refusals[] = {
        {"," LINE("z", "'rate_card':[" ITEM("a", "'count':'x','price':'1'") "]"), "TERMS_TOO_LARGE",
         "/lines/23/rate_card"},
        {"," LINE("z", "'brackets':'x','blocks':[" BLOCK("'0'", "'1'") "]"), "TERMS_TOO_LARGE",
         "/lines/23/blocks"},
    };
    size_t size = lines.size;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        lines.size = size;
        cr_assert(eq(int, buffer_append_text(&lines, refusals[i].text), STATUS_OK));
        fixture_assert_refused(&(struct parts){.lines = lines.data}, &refusals[i]);
    }
}

Test(mechanisms, significant_counts_as_a_condition)
{
#define TESTED "{'significant':{'measured':'score','p_below':'0.@1'}}"
    OWNED(buffer_release) struct buffer operation;
    buffer_init(&operation, JSON_SIZE_MAX);
    for (size_t more = 0; more < 2; more++) {
        /* any, five alls, and 94 or 95 tests */
        buffer_clear(&operation);
        cr_assert(eq(int, buffer_append_text(&operation, "'when':{'any':["), STATUS_OK));
        for (size_t i = 0; i < 5; i++) {
            cr_assert(eq(int, buffer_append_text(&operation, i > 0 ? ",{'all':[" : "{'all':["),
                         STATUS_OK));
            append_copies(&operation, TESTED, i == 0 ? 18 + more : 19);
            cr_assert(eq(int, buffer_append_text(&operation, "]}"), STATUS_OK));
        }
        cr_assert(
            eq(int, buffer_append_text(&operation, "]},'then':'1','otherwise':'0'"), STATUS_OK));
        if (more == 0) {
            OWNED(buffer_release) struct buffer lines;
            buffer_init(&lines, JSON_SIZE_MAX);
            make_lines(&lines, operation.data);
            struct terms_fixture fixture;
            fixture_must_open(&fixture, lines.data);
            cr_assert(eq(sz, fixture.terms.lines[3].condition_count, TERMS_CONDITIONS_MAX));
            fixture_release(&fixture);
            continue;
        }
        struct refusal_row refusal = {operation.data, "TERMS_TOO_LARGE",
                                      "/lines/3/when/any/4/all/18"};
        fixture_assert_lines_refused(&refusal, 1);
    }
    struct refusal_row deep = {
        "'when':{'not':{'not':{'not':{'not':{'not':{'not':{'not':{'not':{'significant':{"
        "'measured':'score','p_below':'1'}}}}}}}}}},'then':'1','otherwise':'0'",
        "TERMS_TOO_LARGE", "/lines/3/when/not/not/not/not/not/not/not/not"};
    fixture_assert_lines_refused(&deep, 1);
}

/* Each kind of table and tree that takes memory of its own. */
#define ONE_BLOCK LINE("b", "'brackets':'1','blocks':[{'from':'0','rate':'1'}]")
#define ONE_ITEM LINE("kr", "'rate_card':[{'item':'a'," LABEL "'count':'1','price':" SEK("1") "}]")
#define ONE_ROW LINE("p", "'by_period':[{'period':'1y','then':'1'}],'otherwise':'0'")
#define ONE_TEST LINE("w", SIGNIFICANT("'measured':'score','interval_excludes':'0'"))
#define EVERYTHING ONE_BLOCK "," ONE_ITEM "," ONE_ROW "," ONE_TEST "," WHOLE "," FIRST

Test(mechanisms, an_arena_that_is_too_small_is_out_of_memory)
{
    struct terms_fixture fixture = {.root = NULL};
    fixture_parse(&fixture, &(struct parts){
                                .outcomes = OUTCOME(",'range':{'at_least':'0','at_most':'1'}"),
                                .lines = EVERYTHING,
                                .pays = PAY("'waterfall':[" SENIOR "," REST "]"),
                            });
    const struct terms_nodes nodes = {
        .currency = json_member(fixture.root, "currency"),
        .outcomes = json_member(fixture.root, "outcomes"),
        .periods = json_member(fixture.root, "periods"),
        .lines = json_member(fixture.root, "lines"),
        .pays = json_member(fixture.root, "pays"),
    };
    size_t refused = 0;
    enum status status = STATUS_MEMORY;
    for (size_t size = 0; status != STATUS_OK; size += 128) {
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
    cr_assert(ge(sz, refused, 10));
    json_free(fixture.root);
}
