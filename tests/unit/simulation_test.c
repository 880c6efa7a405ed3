/*
 * Simulation: assumptions, the names of inputs, grids, and where the course of a payout changes.
 *
 * JSON is written here with ' for ", so that it can be read.
 */
#include "contracts/rule/rule.h"
#include "contracts/simulation/assumptions.h"
#include "contracts/simulation/comparison.h"
#include "contracts/simulation/inputs.h"
#include "contracts/simulation/simulation.h"
#include "contracts/simulation/trace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/portion.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define LABEL "'label':{'en':'A label'},"
#define SEK(amount) "{'value':'" amount "','unit':'SEK'}"
#define PERSONS(count) "{'value':'" count "','unit':'person'}"
#define X "{'measured':'x','field':'value'}"
#define OUTCOME(name, unit, more)                                                    \
    "{'outcome':'" name "'," LABEL "'unit':'" unit "','class':'paying','evaluator':" \
    "'e.example','source':'not_published','missing_data':'not_published'" more "}"
#define LINE(name, operation) "{'line':'" name "'," LABEL operation "}"
#define PAYOUT(name, of) LINE(name, "'round':'" of "','to':" SEK("0.01") ",'by':'half_even'")
#define PAY(name, from) "{'pay':'" name "','from':'" from "','to':[{'party':'i.example'}]}"

/* The parts of a contract that a test changes; NULL for the usual ones. */
struct parts {
    const char *outcomes; /* items */
    const char *lines;
    const char *pays;
    const char *more; /* further members, after a comma */
};

struct fixture {
    struct statement *statement;
    struct simulation simulation;
    struct failure failure;
};

static const char *or_default(const char *given, const char *otherwise)
{
    return given != NULL ? given : otherwise;
}

static struct statement *make_contract(const struct parts *parts)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    enum status status = buffer_append_format(
        &text,
        "{'kind':'contract','version':1,'ledger':'stand-in.example','date':'2026-01-15',"
        "'contract':'small','title':{'en':'Small'},'agreed_on':'not_published',"
        "'roles':{'payer':['town.example','region.example'],'investor':['i.example','j.example'],"
        "'evaluator':['e.example']},'cohort':{'description':{'en':'All'},'size':10},"
        "'currency':'SEK','outcomes':[%s],"
        "'periods':[{'period':'1y','from':'2026-01-01','to':'2026-12-31','due':'not_published',"
        "'binding':true},{'period':'2y','from':'2027-01-01','to':'2027-12-31',"
        "'due':'not_published','binding':true}],"
        "'lines':[%s],'pays':[%s],'dispute':'not_published','legal_basis':'not_published'%s}",
        or_default(parts->outcomes, OUTCOME("x", "SEK", "")),
        or_default(parts->lines, PAYOUT("payout", "x_taken")),
        or_default(parts->pays, PAY("payout", "town.example")), or_default(parts->more, ""));
    cr_assert(eq(int, status, STATUS_OK));
    for (size_t i = 0; i < text.size; i++) {
        text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
    }
    struct failure failure = {.reason = ""};
    struct json *root = NULL;
    struct statement *statement = NULL;
    status = json_parse(buffer_view(&text), &root, &failure);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s in %s", failure.at, failure.reason, text.data);
    status = statement_read_tree(root, &statement, &failure);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s in %s", failure.at, failure.reason, text.data);
    status = statement_check(statement, &failure);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s in %s", failure.at, failure.reason, text.data);
    return statement;
}

static void open_parts(struct fixture *fixture, const struct parts *parts)
{
    *fixture = (struct fixture){.statement = make_contract(parts)};
    cr_assert(eq(int, simulation_init(&fixture->simulation, &fixture->statement->contract, 0),
                 STATUS_OK));
}

/* A contract of these lines, of which `payout` is paid. */
static void open_lines(struct fixture *fixture, const char *lines)
{
    open_parts(fixture, &(struct parts){.lines = lines});
}

static void release(struct fixture *fixture)
{
    simulation_release(&fixture->simulation);
    statement_free(fixture->statement);
}

/* --- Numbers --- */

static void read_number(const char *text, struct rational *ret_value)
{
    enum status status = rational_read_fraction(view_of(text), ret_value);
    if (status != STATUS_OK) {
        status = rational_read_decimal(view_of(text), ret_value);
    }
    cr_assert(eq(int, status, STATUS_OK), "%s", text);
}

static void assert_number(const struct rational *value, const char *wanted, const char *what)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2200);
    cr_assert(eq(int, rational_write_fraction(value, &text), STATUS_OK));
    cr_assert(eq(str, text.data, (char *)wanted), "%s", what);
}

static enum status set(struct fixture *fixture, const char *text)
{
    struct setting setting;
    rational_init(&setting.value);
    enum status status = setting_read(view_of(text), &setting, &fixture->failure);
    if (status == STATUS_OK) {
        status = simulation_set(&fixture->simulation, &setting, &fixture->failure);
    }
    rational_release(&setting.value);
    return status;
}

static void must_set(struct fixture *fixture, const char *text)
{
    cr_assert(eq(int, set(fixture, text), STATUS_OK), "%s: %s", text, fixture->failure.reason);
}

static void must_vary(struct fixture *fixture, const char *name)
{
    enum status status = simulation_vary(&fixture->simulation, view_of(name), &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s", name, fixture->failure.reason);
}

/* Computes one point; `at` has a number for each axis. Returns the refusal. */
static enum rule compute(struct fixture *fixture, const char *const *at, struct point *point)
{
    struct rational numbers[SIMULATION_AXES_MAX];
    for (size_t i = 0; i < SIMULATION_AXES_MAX; i++) {
        rational_init(&numbers[i]);
        if (i < fixture->simulation.axis_count) {
            read_number(at[i], &numbers[i]);
        }
    }
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status =
        simulation_compute(&fixture->simulation, numbers, &settlement, point, &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture->failure.reason);
    settlement_release(&settlement);
    for (size_t i = 0; i < SIMULATION_AXES_MAX; i++) {
        rational_release(&numbers[i]);
    }
    return point->refused;
}

/* The total for x, or the name of the refusal. */
static void assert_total(struct fixture *fixture, const char *x, const char *wanted)
{
    struct point *point = points_new(&fixture->simulation, 1);
    cr_assert(ne(ptr, point, NULL));
    enum rule refused = compute(fixture, &x, point);
    if (refused != RULE_NONE) {
        cr_assert(eq(str, (char *)rule_name(refused), (char *)wanted), "x = %s", x);
    } else {
        assert_number(&point->values[COLUMN_TOTAL_INDEX], wanted, x);
    }
    points_free(point, &fixture->simulation, 1);
}

/* --- Axes and settings --- */

Test(simulation, an_axis_counts_its_values)
{
    static const struct {
        const char *text;
        size_t count;
        const char *last;
    } rows[] = {
        {"x=0:10:1", 11, "10"},           {"x=0:10:3", 4, "9"},
        {"x=-1.5:1.5:0.5", 7, "3/2"},     {"x=5:5:1", 1, "5"},
        {"x=0:0.3:0.1", 4, "3/10"},       {"x.ratio@2y=0:1:0.00001", 100001, NULL},
        {"x=0:99999:1", 100000, "99999"},
    };
    struct axis axis;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    axis_init(&axis);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct failure failure = {.reason = ""};
        enum status status = axis_read(view_of(rows[i].text), &axis, &failure);
        cr_assert(eq(int, status, rows[i].last == NULL ? STATUS_LIMIT : STATUS_OK), "%s: %s",
                  rows[i].text, failure.reason);
        if (rows[i].last != NULL) {
            cr_assert(eq(sz, axis.count, rows[i].count), "%s", rows[i].text);
            cr_assert(eq(int, axis_value(&axis, axis.count - 1, &value), STATUS_OK));
            assert_number(&value, rows[i].last, rows[i].text);
        }
    }
    axis_release(&axis);
}

Test(simulation, an_axis_that_cannot_be_read_says_what_to_do)
{
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"x=0:10:0", "above zero"},
        {"x=0:10:-1", "above zero"},
        {"x=10:0:1", "FROM is above TO"},
        {"x=0:10", "FROM:TO:STEP"},
        {"x", "FROM:TO:STEP"},
        {"=0:1:1", "FROM:TO:STEP"},
        {"x=0:1:1:1", "not a decimal"},
        {"x=0:ten:1", "'ten'"},
        {"x=0:1e3:1", "'1e3'"},
        {"x=00:1:1", "'00'"},
        {"x=0:1.0:1", "'1.0'"},
        {"x=::", "FROM:TO:STEP"},
    };
    struct axis axis;
    axis_init(&axis);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct failure failure = {.reason = ""};
        enum status status = axis_read(view_of(rows[i].text), &axis, &failure);
        cr_assert(eq(int, status, STATUS_INVALID), "%s", rows[i].text);
        cr_assert(ne(ptr, strstr(failure.reason, rows[i].says), NULL), "%s: %s", rows[i].text,
                  failure.reason);
    }
    axis_release(&axis);
}

Test(simulation, an_input_is_found_by_outcome_field_and_period)
{
    static const struct {
        const char *name;
        size_t period;
        enum measured_field cell;
        enum measured_field field;
        const char *unit;
    } rows[] = {
        {"x", 0, MEASURED_VALUE, MEASURED_VALUE, "SEK"},
        {"x.value", 0, MEASURED_VALUE, MEASURED_VALUE, "SEK"},
        {"x@2y", 1, MEASURED_VALUE, MEASURED_VALUE, "SEK"},
        {"x.count@2y", 1, MEASURED_COUNT, MEASURED_COUNT, "person"},
        {"x.control_numerator", 0, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_NUMERATOR,
         "person"},
        {"x.p_value", 0, MEASURED_P_VALUE, MEASURED_P_VALUE, "1"},
        {"x.high", 0, MEASURED_HIGH, MEASURED_HIGH, "SEK"},
        {"x.ratio@1y", 0, MEASURED_NUMERATOR, MEASURED_RATIO, "1"},
        {"x.control_ratio", 0, MEASURED_CONTROL_NUMERATOR, MEASURED_CONTROL_RATIO, "1"},
    };
    struct fixture fixture;
    open_parts(&fixture, &(struct parts){
                             .outcomes = OUTCOME("x", "SEK", ",'count_unit':'person'"),
                             .lines = LINE("x_taken", "'take':" X) "," PAYOUT("payout", "x_taken"),
                         });
    const struct contract *contract = &fixture.statement->contract;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct input input;
        enum status status =
            input_find(contract, 0, view_of(rows[i].name), &input, &fixture.failure);
        cr_assert(eq(int, status, STATUS_OK), "%s: %s", rows[i].name, fixture.failure.reason);
        cr_assert(eq(sz, input.cell.period, rows[i].period), "%s", rows[i].name);
        cr_assert(eq(int, input.cell.field, rows[i].cell), "%s", rows[i].name);
        cr_assert(eq(int, input.field, rows[i].field), "%s", rows[i].name);
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, 80);
        struct unit unit = input_unit(&contract->terms, &input);
        cr_assert(eq(int, unit_write(&unit, &text), STATUS_OK));
        cr_assert(eq(str, text.data, (char *)rows[i].unit), "%s", rows[i].name);
    }
    struct input input;
    cr_assert(
        eq(int, input_find(contract, 0, VIEW("y"), &input, &fixture.failure), STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"OUTCOME_UNKNOWN"));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "it has x"), NULL));
    cr_assert(
        eq(int, input_find(contract, 0, VIEW("x@3y"), &input, &fixture.failure), STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"PERIOD_UNKNOWN"));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "1y, 2y"), NULL));
    cr_assert(
        eq(int, input_find(contract, 0, VIEW("x.size"), &input, &fixture.failure), STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"INVALID"));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "control_denominator"), NULL));
    release(&fixture);
}

/* --- Assumptions --- */

Test(simulation, what_no_measurement_can_say_is_not_assumed)
{
    static const struct {
        enum measured_field field;
        const char *value;
        const char *code; /* NULL: it can be said */
    } rows[] = {
        {MEASURED_VALUE, "0", NULL},
        {MEASURED_VALUE, "1", NULL},
        {MEASURED_VALUE, "-0.1", "MEASUREMENT_RANGE"},
        {MEASURED_CONTROL_VALUE, "1.1", "MEASUREMENT_RANGE"},
        {MEASURED_COUNT, "0", NULL},
        {MEASURED_COUNT, "-1", "MEASUREMENT_RANGE"},
        {MEASURED_COUNT, "101", "MEASUREMENT_RANGE"},
        {MEASURED_DENOMINATOR, "0", "MEASUREMENT_RANGE"},
        {MEASURED_CONTROL_DENOMINATOR, "0", "MEASUREMENT_RANGE"},
        {MEASURED_P_VALUE, "-0.1", "MEASUREMENT_RANGE"},
        {MEASURED_P_VALUE, "1.1", "MEASUREMENT_RANGE"},
        {MEASURED_P_VALUE, "0.05", NULL},
    };
    struct fixture fixture;
    open_parts(&fixture, &(struct parts){
                             .outcomes = OUTCOME("x", "1",
                                                 ",'count_unit':'person','range':{'at_least':'0',"
                                                 "'at_most':'1'},'count_range':{'at_most':'100'}"),
                             .lines = LINE("money", "'multiply':[" X
                                                    "," SEK("1") "]") "," PAYOUT("payout", "money"),
                         });
    struct assumptions *assumptions = &fixture.simulation.assumptions;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct assumed_cell cell = {0, 0, rows[i].field};
        read_number(rows[i].value, &value);
        enum status status = assumptions_set_measured(assumptions, &cell, &value, &fixture.failure);
        cr_assert(eq(int, status, rows[i].code == NULL ? STATUS_OK : STATUS_INVALID), "row %zu", i);
        if (rows[i].code != NULL) {
            cr_assert(eq(str, fixture.failure.code, (char *)rows[i].code), "row %zu", i);
            cr_assert(eq(int, strncmp(fixture.failure.at, "/x/", 3), 0), "%s", fixture.failure.at);
        } else {
            cr_assert(ne(ptr, (void *)assumptions_measured(assumptions, &cell), NULL), "row %zu",
                      i);
            assumptions_clear_measured(assumptions, &cell);
            cr_assert(eq(ptr, (void *)assumptions_measured(assumptions, &cell), NULL), "row %zu",
                      i);
        }
    }
    release(&fixture);
}

/* Whether the sums that lines ask for are those assumed. */
Test(simulation, sums_are_what_was_assumed)
{
    struct fixture fixture;
    open_parts(
        &fixture,
        &(struct parts){
            .lines =
                LINE("sum",
                     "'add':[" X ",{'funded':'total'},{'funded':'j.example'},"
                     "{'paid':'total'},{'paid':'payout'}]") "," PAYOUT("payout",
                                                                       "sum") "," LINE("cumulative",
                                                                                       "'subtract':"
                                                                                       "['payout',{"
                                                                                       "'earlier':'"
                                                                                       "payout'}]"),
            .more = ",'commitments':[{'party':'i.example','amount':{'amount':'100.00',"
                    "'currency':'SEK'}}]",
        });
    struct assumptions *assumptions = &fixture.simulation.assumptions;
    must_set(&fixture, "x=1");
    assert_total(&fixture, NULL, "1");

    OWNED(rational_release) struct rational value;
    rational_init(&value);
    assumptions_fund_committed(assumptions);
    assert_total(&fixture, NULL, "101");
    rational_set_integer(&value, 10);
    cr_assert(eq(int,
                 assumptions_set_funded(assumptions, VIEW("j.example"), &value, &fixture.failure),
                 STATUS_OK));
    assert_total(&fixture, NULL, "121"); /* in the total and by itself */
    cr_assert(
        eq(int, assumptions_set_funded(assumptions, VIEW("town.example"), &value, &fixture.failure),
           STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"ROLE_PARTY"));

    rational_set_integer(&value, 1000);
    assumptions_set_paid(assumptions, SIZE_MAX, &value); /* the only pay's, too */
    assert_total(&fixture, NULL, "2121");
    rational_set_integer(&value, 5000);
    assumptions_set_paid(assumptions, 1, &value);
    assert_total(&fixture, NULL, "6121");

    cr_assert(eq(int,
                 simulation_show_line(&fixture.simulation, VIEW("cumulative"), &fixture.failure),
                 STATUS_OK));
    rational_set_integer(&value, 6000);
    assumptions_set_earlier(assumptions, 1, &value);
    struct point *point = points_new(&fixture.simulation, 1);
    cr_assert(eq(int, compute(&fixture, NULL, point), RULE_NONE));
    assert_number(&point->values[fixture.simulation.column_count - 1], "121", "cumulative");
    points_free(point, &fixture.simulation, 1);
    release(&fixture);
}

Test(simulation, a_cap_counts_what_was_settled_earlier)
{
    struct fixture fixture;
    open_parts(&fixture, &(struct parts){
                             .lines = LINE("x_taken", "'take':" X) "," PAYOUT("payout", "x_taken"),
                             .more = ",'caps':[{'party':'town.example','amount':{'amount':"
                                     "'100.00','currency':'SEK'}}]",
                         });
    must_vary(&fixture, "x");
    assert_total(&fixture, "100", "100");
    assert_total(&fixture, "100.01", "PAY_ABOVE_CAP");
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    rational_set_integer(&value, 60);
    assumptions_set_earlier(&fixture.simulation.assumptions, 1, &value);
    assert_total(&fixture, "40", "40");
    assert_total(&fixture, "40.01", "PAY_ABOVE_CAP");
    assert_total(&fixture, "-1", "PAY_NEGATIVE");
    release(&fixture);
}

/* --- Simulations --- */

#define RATIO_CONTRACT                                                                 \
    {                                                                                  \
        .outcomes = OUTCOME("x", "1", ",'count_unit':'person'"),                       \
        .lines = LINE("rate", "'take':{'measured':'x','field':'ratio'}") "," LINE(     \
            "per", "'multiply':['rate'," SEK("1000") "]") "," PAYOUT("payout", "per"), \
    }

Test(simulation, a_ratio_moves_its_numerator)
{
    const struct parts parts = RATIO_CONTRACT;
    struct fixture fixture;
    open_parts(&fixture, &parts);
    cr_assert(eq(int, set(&fixture, "x.ratio=0.5"), STATUS_INVALID));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "set denominator too"), NULL));
    must_set(&fixture, "x.denominator=200");
    must_vary(&fixture, "x.ratio");
    assert_total(&fixture, "0.5", "500");
    const struct assumed_cell numerator = {0, 0, MEASURED_NUMERATOR};
    assert_number(assumptions_measured(&fixture.simulation.assumptions, &numerator), "100",
                  "numerator");
    assert_total(&fixture, "1/3", "33333/100");
    release(&fixture);

    /* The ratio stays what it was set to while its denominator goes from value to value. */
    open_parts(&fixture, &parts);
    must_vary(&fixture, "x.denominator");
    must_set(&fixture, "x.ratio=0.25");
    cr_assert(eq(int, simulation_check(&fixture.simulation, &fixture.failure), STATUS_OK));
    assert_total(&fixture, "8", "250");
    assert_number(assumptions_measured(&fixture.simulation.assumptions, &numerator), "2",
                  "numerator");
    assert_total(&fixture, "0", "MEASUREMENT_RANGE");
    release(&fixture);
}

Test(simulation, a_number_has_one_value)
{
    const struct parts parts = RATIO_CONTRACT;
    struct fixture fixture;
    open_parts(&fixture, &parts);
    must_set(&fixture, "x.denominator=200");
    must_set(&fixture, "x.numerator=20");
    cr_assert(eq(int, set(&fixture, "x.numerator=21"), STATUS_INVALID));
    cr_assert(eq(int, set(&fixture, "x.ratio=0.5"), STATUS_INVALID), "a ratio is its numerator");
    cr_assert(eq(int, simulation_vary(&fixture.simulation, VIEW("x.denominator"), &fixture.failure),
                 STATUS_INVALID));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "once"), NULL));
    must_set(&fixture, "x.numerator@2y=20");
    release(&fixture);
}

Test(simulation, every_number_that_is_missing_is_named)
{
    struct fixture fixture;
    open_parts(
        &fixture,
        &(struct parts){
            .outcomes = OUTCOME("x", "SEK", "") "," OUTCOME(
                "y", "1", ",'count_unit':'person'") "," OUTCOME("z", "SEK", ""),
            .lines = LINE("chosen",
                          "'when':{'at_least':[{'measured':'y','field':'ratio'}"
                          ",'0.5']},"
                          "'then':{'measured':'z','field':'value'},'otherwise'"
                          ":" X) "," LINE("before", "'take':{'measured':'x','field':'"
                                                    "value',"
                                                    "'period':'2y'}") "," PAYOUT("payout", "chose"
                                                                                           "n"),
        });
    struct simulation *simulation = &fixture.simulation;
    cr_assert(eq(int, simulation_check(simulation, &fixture.failure), STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"SETTLEMENT_NOT_MEASURED"));
    /* What only a result reads may never be reached. */
    cr_assert(ne(ptr, strstr(fixture.failure.reason, ": y.numerator, y.denominator, x@2y"), NULL),
              "%s", fixture.failure.reason);

    must_set(&fixture, "y.denominator=10");
    must_set(&fixture, "x@2y=0");
    must_vary(&fixture, "y.ratio");
    cr_assert(eq(int, simulation_check(simulation, &fixture.failure), STATUS_OK), "%s",
              fixture.failure.reason);
    must_set(&fixture, "z=7");
    assert_total(&fixture, "0.5", "7");
    assert_total(&fixture, "0.4", "SETTLEMENT_NOT_MEASURED");
    release(&fixture);
}

Test(simulation, columns_are_pays_payers_and_lines)
{
    struct fixture fixture;
    open_parts(
        &fixture,
        &(struct parts){
            .lines = LINE("x_taken", "'take':" X) "," LINE(
                "twice",
                "'add':['x_taken',"
                "'x_taken']") "," PAYOUT("first",
                                         "x_taken") "," PAYOUT("second",
                                                               "twice") "," PAYOUT("third",
                                                                                   "x_taken"),
            .pays = PAY("first", "town.example") "," PAY("second", "region.example") "," PAY(
                "third", "town.example"),
        });
    struct simulation *simulation = &fixture.simulation;
    cr_assert(
        eq(int, simulation_show_line(simulation, VIEW("twice"), &fixture.failure), STATUS_OK));
    cr_assert(eq(int, simulation_show_line(simulation, VIEW("thrice"), &fixture.failure),
                 STATUS_INVALID));
    cr_assert(eq(str, fixture.failure.code, (char *)"LINE_UNKNOWN"));
    cr_assert(ne(ptr, strstr(fixture.failure.reason, "x_taken, twice, first"), NULL));
    static const struct {
        enum column_kind kind;
        const char *name;
        const char *value;
    } rows[] = {
        {COLUMN_TOTAL, "total", "40"},        {COLUMN_PAY, "first", "10"},
        {COLUMN_PAY, "second", "20"},         {COLUMN_PAY, "third", "10"},
        {COLUMN_PAYER, "town.example", "20"}, {COLUMN_PAYER, "region.example", "20"},
        {COLUMN_LINE, "twice", "20"},
    };
    must_vary(&fixture, "x");
    struct point *point = points_new(simulation, 1);
    const char *x = "10";
    cr_assert(eq(int, compute(&fixture, &x, point), RULE_NONE));
    cr_assert(eq(sz, simulation->column_count, COUNT(rows)));
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct column *column = &simulation->columns[i];
        cr_assert(eq(int, column->kind, rows[i].kind), "row %zu", i);
        cr_assert(view_is(column->name, rows[i].name), "row %zu", i);
        cr_assert(column->is_shown, "row %zu", i);
        assert_number(&point->values[i], rows[i].value, rows[i].name);
    }
    points_free(point, simulation, 1);
    release(&fixture);
}

Test(simulation, of_one_pay_the_total_and_the_payer_say_nothing_more)
{
    struct fixture fixture;
    open_lines(&fixture, LINE("x_taken", "'take':" X) "," PAYOUT("payout", "x_taken"));
    size_t shown = 0;
    for (size_t i = 0; i < fixture.simulation.column_count; i++) {
        shown += fixture.simulation.columns[i].is_shown;
    }
    cr_assert(eq(sz, shown, 1));
    release(&fixture);
}

Test(simulation, a_grid_runs_fastest_along_its_last_axis)
{
    struct axis axes[2];
    struct failure failure;
    axis_init(&axes[0]);
    axis_init(&axes[1]);
    cr_assert(eq(int, axis_read(VIEW("x=1:3:1"), &axes[0], &failure), STATUS_OK));
    cr_assert(eq(int, axis_read(VIEW("y=10:20:10"), &axes[1], &failure), STATUS_OK));
    static const char *const wanted[][2] = {{"1", "10"}, {"1", "20"}, {"2", "10"},
                                            {"2", "20"}, {"3", "10"}, {"3", "20"}};
    size_t count;
    cr_assert(eq(int, grid_count(axes, 2, &count, &failure), STATUS_OK));
    cr_assert(eq(sz, count, COUNT(wanted)));
    struct rational at[2];
    rational_init(&at[0]);
    rational_init(&at[1]);
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int, grid_at(axes, 2, i, at), STATUS_OK));
        assert_number(&at[0], wanted[i][0], "first");
        assert_number(&at[1], wanted[i][1], "second");
    }
    cr_assert(eq(int, axis_read(VIEW("y=1:100000:1"), &axes[1], &failure), STATUS_OK));
    cr_assert(eq(int, grid_count(axes, 2, &count, &failure), STATUS_LIMIT));
    cr_assert(ne(ptr, strstr(failure.reason, "larger steps"), NULL));
    rational_release(&at[0]);
    rational_release(&at[1]);
    axis_release(&axes[0]);
    axis_release(&axes[1]);
}

/* --- Traces --- */

/* A trace of x from `from` to `to`. */
struct tracing {
    struct places places;
    struct trace trace;
};

static void follow(struct fixture *fixture, const char *from, const char *to,
                   struct tracing *ret_tracing)
{
    OWNED(rational_release) struct rational low;
    OWNED(rational_release) struct rational high;
    rational_init(&low);
    rational_init(&high);
    read_number(from, &low);
    read_number(to, &high);
    places_init(&ret_tracing->places);
    enum status status =
        places_find(&fixture->simulation, 0, &low, &high, &ret_tracing->places, &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture->failure.reason);
    places_sort(&ret_tracing->places);
    status = trace_compute(&fixture->simulation, 0, &ret_tracing->places, &ret_tracing->trace,
                           &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK), "%s", fixture->failure.reason);
}

static void tracing_release(struct tracing *tracing)
{
    trace_release(&tracing->trace);
    places_release(&tracing->places);
}

/* One threshold as a text: "10 bend", "0.6 jump 100 250 250". */
static void write_threshold(const struct trace *trace, size_t place, struct buffer *text)
{
    static const char *const COURSES[] = {"straight", "bend", "jump", "edge"};
    const struct point *const sides[] = {&trace->before[place], &trace->at[place],
                                         &trace->after[place]};
    enum course course = trace_course(trace, place, COLUMN_TOTAL_INDEX);
    bool is_exact;
    enum status status =
        buffer_append_text(text, trace->places->items[place].is_exact ? "" : "about ");
    cr_assert(eq(int, status, STATUS_OK));
    status = rational_write_decimal(&trace->places->items[place].x, 0, 9, text, &is_exact);
    cr_assert(eq(int, status, STATUS_OK));
    cr_assert(eq(int, buffer_append_format(text, " %s", COURSES[course]), STATUS_OK));
    for (size_t i = 0; i < 3 && course != COURSE_BEND; i++) {
        cr_assert(eq(int, buffer_append_byte(text, ' '), STATUS_OK));
        status = sides[i]->refused != RULE_NONE
                     ? buffer_append_text(text, rule_name(sides[i]->refused))
                     : rational_write_fraction(&sides[i]->values[COLUMN_TOTAL_INDEX], text);
        cr_assert(eq(int, status, STATUS_OK));
    }
}

/* What the thresholds of these lines are, looked at from -20 to 130, as one text. */
static void assert_thresholds(const struct parts *parts, const char *wanted)
{
    struct fixture fixture;
    struct tracing tracing;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 64 * 1024);
    open_parts(&fixture, parts);
    must_vary(&fixture, "x");
    follow(&fixture, "-20", "130", &tracing);
    for (size_t i = 0; i < tracing.trace.count; i++) {
        if (trace_is_threshold(&tracing.trace, i)) {
            cr_assert(eq(int, buffer_append_text(&text, text.size == 0 ? "" : "; "), STATUS_OK));
            write_threshold(&tracing.trace, i, &text);
        }
    }
    cr_assert(eq(str, text.data == NULL ? (char *)"" : text.data, (char *)wanted), "%s",
              parts->lines);
    tracing_release(&tracing);
    release(&fixture);
}

Test(simulation, thresholds_are_found_exactly)
{
    static const struct {
        const char *lines; /* before the payout, of which the last is `sum` */
        const char *wanted;
    } rows[] = {
        {LINE("sum", "'clamp':'x_taken','at_least':" SEK("0") ",'at_most':" SEK("100")),
         "0 bend; 100 bend"},
        {LINE("twice", "'multiply':['3','x_taken']") "," LINE(
             "sum", "'clamp':'twice','at_least':" SEK("1") ",'at_most':" SEK("100")),
         "0.333333333 bend; 33.333333333 bend"},
        {LINE("sum",
              "'tiers':'x_taken','steps':[{'at_least':" SEK("30") ",'then':" SEK(
                  "5") "},{'above':" SEK("60") ",'then':" SEK("7") "}],'otherwise':" SEK("0")),
         "30 jump 0 5 5; 60 jump 5 5 7"},
        {LINE("sum",
              "'tiers':'x_taken','steps':[{'at_least':" SEK("30") ",'then':" SEK(
                  "5") "},{'above':" SEK("30") ",'then':" SEK("7") "}],'otherwise':" SEK("0")),
         "30 jump 0 5 7"},
        {LINE("sum", "'curve':'x_taken','points':[[" SEK("10") "," SEK("0") "],[" SEK("50") "," SEK(
                         "80") "],[" SEK("90") "," SEK("100") "]]"),
         "10 bend; 50 bend; 90 bend"},
        {LINE("sum", "'brackets':'x_taken','blocks':[{'from':" SEK(
                         "0") ",'rate':'0.5'},{'from':" SEK("40") ",'rate':'0.4'}]"),
         "0 bend; 40 bend"},
        {LINE("half", "'multiply':['0.5','x_taken']") "," LINE(
             "kept", "'clamp':'x_taken','at_least':" SEK(
                         "0")) "," LINE("sum", "'minimum':['kept'," SEK("70") "," SEK("20") "]"),
         "0 bend; 20 bend"},
        {LINE("less", "'subtract':['x_taken'," SEK("90") "]") "," LINE(
             "sum", "'maximum':['less'," SEK("1") ",'x_taken']"),
         "1 bend; 110.005 edge 110 110 PAY_ABOVE_CAP"},
        {LINE("sum", "'when':{'all':[{'above':['x_taken'," SEK("20") "]},{'below':['x_taken'," SEK(
                         "20.25") "]}]},'then':" SEK("9") ",'otherwise':" SEK("0")),
         "20 jump 0 0 9; 20.25 jump 9 0 0"},
        {LINE("sum", "'when':{'at_least':['x_taken'," SEK("50") "]},'then':" SEK(
                         "9") ",'otherwise':'not_published'"),
         "50 edge TERMS_NOT_PUBLISHED 9 9"},
        {LINE("sum", "'take':'x_taken'"),
         "-0.005 edge PAY_NEGATIVE 0 0; 110.005 edge 110 110 PAY_ABOVE_CAP"},
        {LINE("kept", "'clamp':'x_taken','at_least':" SEK("0") ",'at_most':" SEK("100")) "," LINE(
             "sum", "'round':'kept','to':" SEK("0.01") ",'by':'floor'"),
         "0 bend; 100 bend"},
        {LINE("square", "'divide':['x_taken'," SEK("10") "]") "," LINE(
             "power",
             "'power':'square','exponent':2") "," LINE("sek",
                                                       "'multiply':['power'," SEK(
                                                           "1") "]") "," LINE("sum",
                                                                              "'minimum':['sek'"
                                                                              "," SEK("64") "]"),
         "80 bend"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char lines[4000];
        (void)snprintf(lines, sizeof lines, "%s,%s,%s", LINE("x_taken", "'take':" X), rows[i].lines,
                       PAYOUT("payout", "sum"));
        assert_thresholds(&(struct parts){.lines = lines,
                                          .more = ",'caps':[{'party':'town.example','amount':"
                                                  "{'amount':'110.00','currency':'SEK'}}]"},
                          rows[i].wanted);
    }
}

Test(simulation, limits_of_a_rate_card_and_of_a_range_are_found)
{
    assert_thresholds(
        &(struct parts){
            .outcomes = OUTCOME("x", "person", ",'range':{'at_least':'0','at_most':'120'}"),
            .lines = LINE(
                "sum", "'rate_card':[{'item':'a'," LABEL "'count':" X
                       ",'price':{'value':'3','unit':'SEK/person'},'count_at_most':" PERSONS(
                           "40") "},{'item':'b'," LABEL "'count':" X
                                 ",'price':{'value':'1','unit':'SEK/person'},'multiplier':'2',"
                                 "'amount_at_most':" SEK("100") "}]") "," PAYOUT("payout", "sum"),
        },
        "0 edge MEASUREMENT_RANGE 0 0; 40 bend; 50 bend; 120 edge 220 220 MEASUREMENT_RANGE");
}

Test(simulation, rounding_is_drawn_in_steps_and_not_told_as_a_threshold)
{
    struct fixture fixture;
    struct tracing tracing;
    open_lines(&fixture, LINE("x_taken", "'take':" X) "," PAYOUT("fine", "x_taken") "," LINE(
                             "payout", "'round':'fine','to':" SEK("10") ",'by':'floor'"));
    must_vary(&fixture, "x");
    follow(&fixture, "0", "100", &tracing);
    size_t jumps = 0;
    for (size_t i = 0; i < tracing.trace.count; i++) {
        jumps += trace_course(&tracing.trace, i, COLUMN_TOTAL_INDEX) == COURSE_JUMP;
        cr_assert(not(trace_is_threshold(&tracing.trace, i)), "place %zu", i);
    }
    cr_assert(eq(sz, jumps, 10));
    tracing_release(&tracing);
    release(&fixture);
}

/* --- What the trace promises, for contracts that nobody thought of --- */

static uint32_t draw(uint32_t *state, uint32_t below)
{
    *state = *state * 1664525U + 1013904223U;
    return (*state >> 8U) % below;
}

/* One more line of straight pieces, on the line before it. */
static void add_random_line(struct buffer *lines, size_t number, uint32_t *state)
{
    uint32_t low = draw(state, 60);
    uint32_t high = low + 1 + draw(state, 60);
    uint32_t other = draw(state, 120);
    char before[24];
    (void)snprintf(before, sizeof before, "l%zu", number - 1);
    enum status status = buffer_append_format(lines, ",{'line':'l%zu'," LABEL, number);
    cr_assert(eq(int, status, STATUS_OK));
    switch (draw(state, 7)) {
    case 0:
        status = buffer_append_format(
            lines, "'clamp':'%s','at_least':" SEK("%u") ",'at_most':" SEK("%u"), before, low, high);
        break;
    case 1:
        status = buffer_append_format(
            lines,
            "'tiers':'%s','steps':[{'at_least':" SEK("%u") ",'then':" SEK("%u") "},{'above':" SEK(
                "%u") ",'then':'l0'}],'otherwise':" SEK("%u"),
            before, low, other, high, draw(state, 50));
        break;
    case 2:
        status = buffer_append_format(
            lines,
            "'curve':'%s','points':[[" SEK("%u") "," SEK("%u") "],[" SEK("%u") "," SEK("%u") "]]",
            before, low, other, high, draw(state, 120));
        break;
    case 3:
        status = buffer_append_format(lines, "'minimum':['%s'," SEK("%u") ",'l0']", before, other);
        break;
    case 4:
        status = buffer_append_format(
            lines, "'when':{'at_least':['%s'," SEK("%u") "]},'then':'l0','otherwise':" SEK("%u"),
            before, low, other);
        break;
    case 5:
        status =
            buffer_append_format(lines,
                                 "'brackets':'%s','blocks':[{'from':" SEK(
                                     "%u") ",'rate':'0.7'},{'from':" SEK("%u") ",'rate':'0.%u'}]",
                                 before, low, high, 1 + draw(state, 9));
        break;
    default:
        status = buffer_append_format(lines, "'add':['%s',{'value':'-%u','unit':'SEK'}]", before,
                                      1 + draw(state, 30));
        break;
    }
    cr_assert(eq(int, status, STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(lines, '}'), STATUS_OK));
}

/* Between two places, the payout is on the straight line from one limit to the other. */
static void check_between(struct fixture *fixture, const struct trace *trace, size_t place,
                          uint32_t part, const struct rational *tolerance, const char *lines)
{
    const struct point *from = &trace->after[place];
    const struct point *to = &trace->before[place + 1];
    struct point *point = points_new(&fixture->simulation, 1);
    struct settlement settlement;
    settlement_init(&settlement);
    OWNED(rational_release) struct rational share;
    OWNED(rational_release) struct rational value;
    OWNED(rational_release) struct rational x;
    rational_init(&share);
    rational_init(&value);
    rational_init(&x);
    rational_set_fraction(&share, 1 + (int64_t)part, 1001);
    enum status status =
        rational_subtract(&x, &trace->places->items[place + 1].x, &trace->places->items[place].x);
    cr_assert(eq(int, status, STATUS_OK));
    cr_assert(eq(int, rational_multiply(&x, &x, &share), STATUS_OK));
    cr_assert(eq(int, rational_add(&x, &x, &trace->places->items[place].x), STATUS_OK));
    status = simulation_compute(&fixture->simulation, &x, &settlement, point, &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK));
    cr_assert(eq(int, point->refused, from->refused), "place %zu of %s", place, lines);
    cr_assert(eq(int, point->refused, to->refused), "place %zu of %s", place, lines);
    if (point->refused == RULE_NONE) {
        status = rational_subtract(&value, &to->values[0], &from->values[0]);
        cr_assert(eq(int, status, STATUS_OK));
        cr_assert(eq(int, rational_multiply(&value, &value, &share), STATUS_OK));
        cr_assert(eq(int, rational_add(&value, &value, &from->values[0]), STATUS_OK));
        cr_assert(eq(int, rational_subtract(&value, &value, &point->values[0]), STATUS_OK));
        if (rational_sign(&value) < 0) {
            rational_negate(&value, &value);
        }
        cr_assert(le(int, rational_compare(&value, tolerance), 0), "place %zu of %s", place, lines);
    }
    settlement_release(&settlement);
    points_free(point, &fixture->simulation, 1);
}

Test(simulation, between_places_the_course_is_straight)
{
    uint32_t state = 20160801;
    OWNED(rational_release) struct rational tolerance;
    rational_init(&tolerance);
    rational_set_fraction(&tolerance, 3, 100); /* öre are rounded */
    for (size_t round = 0; round < 150; round += test_portion()) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, 64 * 1024);
        cr_assert(eq(int, buffer_append_text(&lines, LINE("l0", "'take':" X)), STATUS_OK));
        size_t count = 1 + draw(&state, 6);
        for (size_t i = 1; i <= count; i++) {
            add_random_line(&lines, i, &state);
        }
        cr_assert(eq(int,
                     buffer_append_format(&lines,
                                          ",{'line':'payout'," LABEL
                                          "'round':'l%zu','to':" SEK("0.01") ",'by':'half_even'}",
                                          count),
                     STATUS_OK));
        struct fixture fixture;
        struct tracing tracing;
        open_lines(&fixture, lines.data);
        must_vary(&fixture, "x");
        follow(&fixture, "-37", "151", &tracing);
        for (size_t i = 0; i + 1 < tracing.trace.count; i++) {
            check_between(&fixture, &tracing.trace, i, draw(&state, 1000), &tolerance, lines.data);
        }
        tracing_release(&tracing);
        release(&fixture);
    }
}

/* --- Comparisons --- */

/* Ranges as "(0 10) -3 at 4", each end with its bracket. */
static void write_range(const struct difference_range *range, struct buffer *text)
{
    struct difference_most most;
    bool is_exact;
    rational_init(&most.amount);
    cr_assert(eq(int, buffer_append_text(text, text->size == 0 ? "" : "; "), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(text, range->has_from ? '[' : '('), STATUS_OK));
    enum status status = rational_write_decimal(&range->from, 0, 9, text, &is_exact);
    cr_assert(eq(int, status, STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(text, ' '), STATUS_OK));
    cr_assert(eq(int, rational_write_decimal(&range->to, 0, 9, text, &is_exact), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(text, range->has_to ? ']' : ')'), STATUS_OK));
    if (range->has_amount) {
        difference_find_most(range, &most);
        status = buffer_append_text(text, rational_sign(&range->greatest) > 0 ? " +" : " -");
        cr_assert(eq(int, status, STATUS_OK));
        cr_assert(eq(int, rational_write_fraction(&most.amount, text), STATUS_OK));
        status = buffer_append_text(text, most.is_reached ? " at " : " near ");
        cr_assert(eq(int, status, STATUS_OK));
        cr_assert(eq(int, rational_write_decimal(most.at, 0, 9, text, &is_exact), STATUS_OK));
    }
    if (range->is_refusal) {
        cr_assert(eq(int, buffer_append_text(text, " refused"), STATUS_OK));
    }
    rational_release(&most.amount);
}

static void assert_ranges(const char *first, const char *second, const char *axis_text,
                          const char *wanted)
{
    static const char FORM[] = LINE("x_taken", "'take':" X) ",%s," PAYOUT("payout", "sum");
    struct fixture fixtures[2];
    const char *const lines[2] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        char text[4000];
        (void)snprintf(text, sizeof text, FORM, lines[i]);
        open_lines(&fixtures[i], text);
        must_vary(&fixtures[i], "x");
    }
    struct axis axis;
    struct comparison comparison;
    struct failure failure;
    axis_init(&axis);
    cr_assert(eq(int, axis_read(view_of(axis_text), &axis, &failure), STATUS_OK));
    const struct compared sides[2] = {{&fixtures[0].simulation, 0}, {&fixtures[1].simulation, 0}};
    enum status status = comparison_make(&sides[0], &sides[1], &axis, &comparison, &failure);
    cr_assert(eq(int, status, STATUS_OK));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 64 * 1024);
    for (size_t i = 0; i < comparison.range_count; i++) {
        write_range(&comparison.ranges[i], &text);
    }
    cr_assert(eq(str, text.data == NULL ? (char *)"" : text.data, (char *)wanted), "%s | %s", first,
              second);
    comparison_release(&comparison);
    axis_release(&axis);
    release(&fixtures[0]);
    release(&fixtures[1]);
}

#define CLAMPED LINE("sum", "'clamp':'x_taken','at_least':" SEK("0"))

Test(simulation, ranges_of_difference_are_exact)
{
    assert_ranges(CLAMPED, CLAMPED, "x=0:100:10", "");
    /* The second is held at 40. */
    assert_ranges(CLAMPED,
                  LINE("sum", "'clamp':'x_taken','at_least':" SEK("0") ",'at_most':" SEK("40")),
                  "x=-7:100:3", "(40 100] -60 at 100");
    /* From 40 less, then, from 70 on, more; at the place where they cross they are equal. */
    assert_ranges(
        CLAMPED,
        LINE("kept", "'clamp':'x_taken','at_least':" SEK("0") ",'at_most':" SEK("40")) "," LINE(
            "over", "'subtract':['x_taken'," SEK(
                        "60") "]") "," LINE("counted",
                                            "'clamp':'over','at_least':" SEK(
                                                "0")) "," LINE("thrice",
                                                               "'multiply':['3','counted'"
                                                               "]") "," LINE("sum", "'add':['"
                                                                                    "kept','"
                                                                                    "thrice']"),
        "x=0:100:50", "(40 70) -20 at 60; (70 100] +60 at 100");
    /* A threshold that one reading has at 30 and the other above 30. */
    assert_ranges(LINE("sum", "'when':{'at_least':['x_taken'," SEK("30") "]},'then':" SEK(
                                  "5") ",'otherwise':" SEK("1")),
                  LINE("sum", "'when':{'above':['x_taken'," SEK("30") "]},'then':" SEK(
                                  "5") ",'otherwise':" SEK("1")),
                  "x=0:100:7", "[30 30] -4 at 30");
    /* A jump that is never reached from below. */
    assert_ranges(CLAMPED,
                  LINE("sum", "'tiers':'x_taken','steps':[{'at_least':" SEK(
                                  "50") ",'then':'x_taken'}],'otherwise':" SEK("0")),
                  "x=0:100:20", "(0 50) -50 near 50");
    /* One of them says nothing below 20. */
    assert_ranges(CLAMPED,
                  LINE("sum", "'when':{'at_least':['x_taken'," SEK(
                                  "20") "]},'then':'x_taken','otherwise':'not_published'"),
                  "x=0:100:20", "[0 20) refused");
}

Test(simulation, simplifying_takes_the_shortest_decimal_in_reach)
{
    static const struct {
        const char *x;
        const char *tolerance;
        const char *wanted;
    } rows[] = {
        {"0.349999997", "0.00001", "7/20"},
        {"0.349999997", "0.000000001", "349999997/1000000000"},
        {"123456", "1000", "123000"},
        {"-0.74000001", "0.001", "-37/50"},
        {"1/3", "0", "1/3"},
        {"2500000.2", "0.5", "2500000"},
    };
    OWNED(rational_release) struct rational x;
    OWNED(rational_release) struct rational tolerance;
    rational_init(&x);
    rational_init(&tolerance);
    for (size_t i = 0; i < COUNT(rows); i++) {
        read_number(rows[i].x, &x);
        read_number(rows[i].tolerance, &tolerance);
        cr_assert(eq(int, places_simplify(&x, &tolerance), STATUS_OK));
        assert_number(&x, rows[i].wanted, rows[i].x);
    }
}
