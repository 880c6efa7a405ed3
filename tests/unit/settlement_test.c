#include "contracts/settlement/settlement.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/terms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

/* What a test supposes: the numbers of the outcome, and what a.se and b.se have placed. */
struct facts_of_test {
    const char *value;
    const char *low;
    const char *high;
    const char *funded_a;
    const char *funded_b;
};

#define MEASURED(field) "{'measured':'saving','field':'" field "'}"
#define ROUNDED(name, of) LINE(name, "'round':" of ",'to':" SEK("0.01") ",'by':'half_even'")
#define LINES                            \
    ROUNDED("payout", MEASURED("value")) \
    "," ROUNDED("first", MEASURED("low")) "," ROUNDED("second", MEASURED("high"))

#define TO_A "'to':[{'party':'a.se'}]"
#define TO_THREE                                                  \
    "'to':[{'party':'a.se','share':'1'},{'party':'b.se','share':" \
    "'1'},{'party':'c.se','share':'1'}]"
#define TO_FUNDERS                                          \
    "'to':[{'party':'a.se','share':'funding'},{'party':'b." \
    "se','share':'funding'},{'party':'c.se','share':'funding'}]"
#define PAY(rest) "{'pay':'payout','from':'town.se'," rest "}"
#define WATERFALL(first, second, third)                               \
    PAY("'waterfall':[{'tranche':'one','up_to':'first'," first        \
        "},{'tranche':'two','up_to':'second'," second "},{'tranche':" \
        "'three'," third "}]")

struct world {
    struct terms_fixture fixture;
    struct contract contract;
    struct facts_of_test facts;
    struct settlement settlement;
    struct failure failure;
};

static enum status read_fact(const char *fact, struct rational *ret_value)
{
    return fact == NULL ? STATUS_NOT_FOUND : rational_read_decimal(view_of(fact), ret_value);
}

static enum status measured(const void *context, size_t outcome, size_t period,
                            enum measured_field field, struct rational *ret_value)
{
    (void)outcome, (void)period;
    const struct facts_of_test *facts = context;
    return read_fact(field == MEASURED_LOW    ? facts->low
                     : field == MEASURED_HIGH ? facts->high
                                              : facts->value,
                     ret_value);
}

/* Of the others it is zero, as of every party that is no investor. */
static enum status funded(const void *context, struct view investor, struct rational *ret_value)
{
    const struct facts_of_test *facts = context;
    const char *placed = view_is(investor, "a.se")   ? facts->funded_a
                         : view_is(investor, "b.se") ? facts->funded_b
                                                     : "0";
    return read_fact(placed == NULL ? "0" : placed, ret_value);
}

static void open_world(struct world *world, const char *pays)
{
    *world = (struct world){.failure = {.reason = ""}};
    enum status status =
        fixture_open(&world->fixture, &(struct parts){.lines = LINES, .pays = pays});
    cr_assert(eq(int, status, STATUS_OK), "%s %s: %s", pays, world->fixture.failure.at,
              world->fixture.failure.reason);
    world->contract.terms = world->fixture.terms;
    settlement_init(&world->settlement);
}

static void close_world(struct world *world)
{
    settlement_release(&world->settlement);
    fixture_release(&world->fixture);
}

static enum status compute(struct world *world, size_t period)
{
    struct settlement_source source = {
        .contract = &world->contract,
        .terms = {.measured = measured, .funded = funded, .context = &world->facts},
    };
    return settlement_compute(&source, period, &world->settlement, &world->failure);
}

static void must_compute(struct world *world, const char *row)
{
    enum status status = compute(world, 0);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s %s: %s", row, world->failure.code,
              world->failure.at, world->failure.reason);
}

static void assert_refused(struct world *world, const char *code, const char *at, const char *row)
{
    cr_assert(ne(int, compute(world, 0), STATUS_OK), "%s", row);
    cr_assert(eq(str, world->failure.code, (char *)code), "%s: %s", row, world->failure.reason);
    cr_assert(eq(str, world->failure.at, (char *)at), "%s: %s", row, world->failure.reason);
}

/* --- Waterfall --- */

Test(settlement, a_tranche_is_filled_before_the_next_gets_anything)
{
    static const struct {
        const char *whole;
        const char *first;
        const char *second;
        int64_t parts[3];
    } rows[] = {
        /* below, at and above each boundary */
        {"0", "1", "1", {0, 0, 0}},
        {"0.01", "1", "1", {1, 0, 0}},
        {"0.99", "1", "1", {99, 0, 0}},
        {"1", "1", "1", {100, 0, 0}},
        {"1.01", "1", "1", {100, 1, 0}},
        {"1.99", "1", "1", {100, 99, 0}},
        {"2", "1", "1", {100, 100, 0}},
        {"2.01", "1", "1", {100, 100, 1}},
        {"1000", "1", "1", {100, 100, 99800}},
        /* a tranche that gets nothing */
        {"50", "0", "0", {0, 0, 5000}},
        {"50", "0", "20", {0, 2000, 3000}},
        {"50", "20", "0", {2000, 0, 3000}},
        {"0", "0", "0", {0, 0, 0}},
        /* up to more than an amount can be */
        {"50", "999999999999999999", "1", {5000, 0, 0}},
        {"50", "1", "10000000000000000", {100, 4900, 0}},
        {"50", "9999999999999999.99", "9999999999999999.99", {5000, 0, 0}},
        /* the largest amount there is */
        {"9999999999999999.99", "9999999999999999.98", "0", {999999999999999998, 0, 1}},
    };
    struct world world;
    open_world(&world, WATERFALL(TO_A, TO_A, TO_A));
    for (size_t i = 0; i < COUNT(rows); i++) {
        world.facts = (struct facts_of_test){rows[i].whole, rows[i].first, rows[i].second, 0, 0};
        must_compute(&world, rows[i].whole);
        cr_assert(eq(sz, world.settlement.pay_count, 3));
        for (size_t k = 0; k < 3; k++) {
            static const char *const NAMES[] = {"one", "two", "three"};
            const struct settlement_pay *pay = &world.settlement.pays[k];
            cr_assert(eq(i64, pay->amount.minor, rows[i].parts[k]), "row %zu part %zu", i, k);
            cr_assert(view_is(pay->tranche, NAMES[k]), "row %zu part %zu", i, k);
            cr_assert(view_is(pay->from, "town.se") && view_is(pay->to, "a.se"));
            cr_assert(not(pay->is_reversed));
            cr_assert(not(pay->has_due));
        }
    }
    close_world(&world);
}

Test(settlement, a_waterfall_cannot_be_filled_up_to_less_than_nothing)
{
    static const struct {
        const char *whole;
        const char *first;
        const char *second;
        const char *code;
        const char *at;
    } rows[] = {
        {"50", "-0.01", "1", "PAY_NEGATIVE", "/pays/0/waterfall/0/up_to"},
        {"50", "1", "-0.01", "PAY_NEGATIVE", "/pays/0/waterfall/1/up_to"},
        {"50", "-10000000000000000", "1", "PAY_NEGATIVE", "/pays/0/waterfall/0/up_to"},
        /* also where nothing is left, or nothing was there */
        {"50", "50", "-1", "PAY_NEGATIVE", "/pays/0/waterfall/1/up_to"},
        {"0", "1", "-1", "PAY_NEGATIVE", "/pays/0/waterfall/1/up_to"},
        {"-0.01", "1", "1", "PAY_NEGATIVE", "/pays/0"},
        {"-10000000000000000", "1", "1", "PAY_NEGATIVE", "/pays/0"},
        {"10000000000000000", "1", "1", "SETTLEMENT_NOT_COMPUTABLE", "/pays/0"},
    };
    struct world world;
    open_world(&world, WATERFALL(TO_A, TO_A, TO_A));
    for (size_t i = 0; i < COUNT(rows); i++) {
        world.facts = (struct facts_of_test){rows[i].whole, rows[i].first, rows[i].second, 0, 0};
        assert_refused(&world, rows[i].code, rows[i].at, rows[i].whole);
    }
    close_world(&world);
}

Test(settlement, each_tranche_is_split_by_shares_of_its_own)
{
    struct world world;
    open_world(&world, WATERFALL(TO_FUNDERS, TO_THREE, TO_A));
    static const struct {
        const char *whole;
        int64_t parts[7];
    } rows[] = {
        {"0", {0}},
        {"0.01", {0, 1, 0, 0, 0, 0, 0}},
        {"1", {33, 67, 0, 0, 0, 0, 0}},
        {"10", {333, 667, 0, 0, 0, 0, 0}},
        {"10.01", {333, 667, 0, 1, 0, 0, 0}},
        {"11", {333, 667, 0, 34, 33, 33, 0}},
        {"11.02", {333, 667, 0, 34, 33, 33, 2}},
    };
    world.facts = (struct facts_of_test){"", "10", "1", "100.00", "200.00"};
    world.facts.funded_a = "100";
    world.facts.funded_b = "200";
    for (size_t i = 0; i < COUNT(rows); i++) {
        world.facts.value = rows[i].whole;
        must_compute(&world, rows[i].whole);
        cr_assert(eq(sz, world.settlement.pay_count, 7));
        for (size_t k = 0; k < 7; k++) {
            cr_assert(eq(i64, world.settlement.pays[k].amount.minor, rows[i].parts[k]),
                      "%s part %zu", rows[i].whole, k);
        }
    }
    close_world(&world);
}

Test(settlement, a_tranche_by_funding_needs_funding_only_when_it_gets_something)
{
    struct world world;
    open_world(&world, WATERFALL(TO_A, TO_FUNDERS, TO_A));
    world.facts = (struct facts_of_test){"5", "5", "1", 0, 0};
    must_compute(&world, "nothing for the second");
    world.facts.value = "5.01";
    assert_refused(&world, "PAY_UNFUNDED", "/pays/0/waterfall/1", "one öre for the second");
    world.facts.high = "0";
    must_compute(&world, "the second takes nothing");
    world.facts.high = "1";
    world.facts.funded_b = "0.01";
    must_compute(&world, "one investor");
    cr_assert(eq(i64, world.settlement.pays[2].amount.minor, 1));
    close_world(&world);
}

/* The next of a fixed sequence of numbers (MMIX's linear congruential generator). */
static uint64_t next_number(uint64_t *state)
{
    *state = *state * 6364136223846793005U + 1442695040888963407U;
    return *state >> 24;
}

static void write_amount(int64_t minor, char text[static 32])
{
    char plain[32];
    (void)snprintf(plain, sizeof plain, "%lld.%02lld", (long long)(minor / 100),
                   (long long)(minor % 100));
    size_t size = strlen(plain); /* a decimal has no zeros at its end */
    while (plain[size - 1] == '0') {
        size--;
    }
    size -= plain[size - 1] == '.';
    (void)snprintf(text, 32, "%.*s", (int)size, plain);
}

/* Splits by one unit at a time: to whoever is farthest behind its share, as it stands first. */
static void split_slowly(int64_t whole, const int64_t weights[static 3], int64_t parts[static 3])
{
    int64_t sum = weights[0] + weights[1] + weights[2];
    int64_t left = whole;
    for (size_t i = 0; i < 3; i++) {
        parts[i] = sum == 0 ? 0 : whole * weights[i] / sum;
        left -= parts[i];
    }
    bool has_more[3] = {false};
    for (; sum > 0 && left > 0; left--) {
        size_t best = 3;
        for (size_t i = 0; i < 3; i++) {
            if (!has_more[i] &&
                (best == 3 || whole * weights[i] % sum > whole * weights[best] % sum)) {
                best = i;
            }
        }
        has_more[best] = true;
        parts[best]++;
    }
}

Test(settlement, the_parts_of_all_tranches_sum_to_the_whole)
{
    static const int64_t WEIGHTS[3] = {1, 1, 1};
    struct world world;
    open_world(&world, WATERFALL(TO_FUNDERS, TO_THREE, TO_FUNDERS));
    uint64_t state = 20160801;
    for (size_t i = 0; i < 2000; i++) {
        int64_t amounts[5]; /* the whole, two limits, two fundings */
        char texts[5][32];
        for (size_t k = 0; k < 5; k++) {
            uint64_t size = 1 + next_number(&state) % 1000000;
            amounts[k] = (int64_t)(next_number(&state) % size);
            write_amount(amounts[k], texts[k]);
        }
        amounts[3]++; /* somebody has placed something */
        write_amount(amounts[3], texts[3]);
        world.facts = (struct facts_of_test){texts[0], texts[1], texts[2], texts[3], texts[4]};
        must_compute(&world, texts[0]);

        int64_t left = amounts[0];
        int64_t given = 0;
        for (size_t tranche = 0; tranche < 3; tranche++) {
            int64_t part = tranche < 2 && amounts[1 + tranche] < left ? amounts[1 + tranche] : left;
            left -= part;
            const int64_t fundings[3] = {amounts[3], amounts[4], 0};
            int64_t parts[3];
            split_slowly(part, tranche == 1 ? WEIGHTS : fundings, parts);
            for (size_t k = 0; k < 3; k++) {
                int64_t found = world.settlement.pays[3 * tranche + k].amount.minor;
                cr_assert(eq(i64, found, parts[k]), "row %zu tranche %zu part %zu", i, tranche, k);
                given += found;
            }
        }
        cr_assert(eq(i64, given, amounts[0]), "row %zu", i);
    }
    close_world(&world);
}

/* --- Reverse --- */

Test(settlement, a_reversed_pay_is_owed_by_its_receivers)
{
    static const struct {
        const char *whole;
        bool is_reversed;
        int64_t parts[3];
    } rows[] = {
        {"1", false, {34, 33, 33}},
        {"0.01", false, {1, 0, 0}},
        {"0", false, {0, 0, 0}},
        {"0.004", false, {0, 0, 0}},
        {"-0.004", false, {0, 0, 0}},
        {"-0.01", true, {1, 0, 0}},
        {"-1", true, {34, 33, 33}},
        {"-9999999999999999.99",
         true,
         {333333333333333333, 333333333333333333, 333333333333333333}},
    };
    struct world world;
    open_world(&world, PAY(TO_THREE ",'negative':'reverse'"));
    static const char *const RECEIVERS[] = {"a.se", "b.se", "c.se"};
    for (size_t i = 0; i < COUNT(rows); i++) {
        world.facts = (struct facts_of_test){rows[i].whole, "0", "0", 0, 0};
        must_compute(&world, rows[i].whole);
        for (size_t k = 0; k < 3; k++) {
            const struct settlement_pay *pay = &world.settlement.pays[k];
            bool is_reversed = rows[i].is_reversed;
            cr_assert(eq(i64, pay->amount.minor, rows[i].parts[k]), "%s", rows[i].whole);
            cr_assert(eq(int, pay->is_reversed, is_reversed), "%s", rows[i].whole);
            cr_assert(view_is(pay->from, is_reversed ? RECEIVERS[k] : "town.se"));
            cr_assert(view_is(pay->to, is_reversed ? "town.se" : RECEIVERS[k]));
            cr_assert(eq(sz, pay->tranche.size, 0));
        }
    }
    close_world(&world);
}

Test(settlement, what_a_reversed_pay_cannot_be_is_refused)
{
    struct world world;
    open_world(&world, PAY(TO_FUNDERS ",'negative':'reverse'"));
    world.facts = (struct facts_of_test){"-0.01", "0", "0", 0, 0};
    assert_refused(&world, "PAY_UNFUNDED", "/pays/0", "nobody has placed any");
    world.facts.funded_b = "7";
    must_compute(&world, "b.se has");
    cr_assert(eq(i64, world.settlement.pays[1].amount.minor, 1));
    world.facts.value = "-10000000000000000";
    assert_refused(&world, "SETTLEMENT_NOT_COMPUTABLE", "/pays/0", "too much");
    world.facts.value = NULL;
    assert_refused(&world, "SETTLEMENT_NOT_MEASURED", "/lines/0", "not measured");
    close_world(&world);

    open_world(&world, PAY(TO_FUNDERS));
    world.facts = (struct facts_of_test){"-0.01", "0", "0", "1", "1"};
    assert_refused(&world, "PAY_NEGATIVE", "/pays/0", "not reversible");
    close_world(&world);
}

/* --- Due --- */

Test(settlement, a_pay_is_due_on_its_date_or_days_after_the_settled_period)
{
    static const struct {
        const char *due;
        size_t period; /* 1y ends on 2017-07-31, 2y on 2018-07-31 */
        const char *expected;
    } rows[] = {
        {"", 0, ""},
        {",'due':{'date':'2016-02-29'}", 0, "2016-02-29"},
        {",'due':{'date':'2016-02-29'}", 1, "2016-02-29"},
        {",'due':{'date':'9999-12-31'}", 0, "9999-12-31"},
        {",'due':{'days_after_period':0}", 0, "2017-07-31"},
        {",'due':{'days_after_period':1}", 0, "2017-08-01"},
        {",'due':{'days_after_period':90}", 0, "2017-10-29"},
        {",'due':{'days_after_period':90}", 1, "2018-10-29"},
        {",'due':{'days_after_period':366}", 0, "2018-08-01"},
        {",'due':{'days_after_period':945}", 0, "2020-03-02"}, /* over a leap day */
        {",'due':{'days_after_period':36525}", 0, "2117-08-01"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char pays[400];
        (void)snprintf(pays, sizeof pays, PAY(TO_A "%s"), rows[i].due);
        struct world world;
        open_world(&world, pays);
        world.facts = (struct facts_of_test){"5", "0", "0", 0, 0};
        cr_assert(eq(int, compute(&world, rows[i].period), STATUS_OK), "%s", rows[i].due);
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, 16);
        const struct settlement_pay *pay = &world.settlement.pays[0];
        cr_assert(eq(int, pay->has_due, rows[i].expected[0] != '\0'), "%s", rows[i].due);
        if (pay->has_due) {
            cr_assert(eq(int, date_write(pay->due, &text), STATUS_OK));
        }
        cr_assert(view_is(buffer_view(&text), rows[i].expected), "%s is %.*s", rows[i].due,
                  VIEW_ARGS(buffer_view(&text)));
        close_world(&world);
    }
}

Test(settlement, a_pay_is_not_due_after_the_calendar)
{
    static const char PERIOD[] = "[{'period':'last','from':'9999-01-01','to':'9999-12-01',"
                                 "'due':'not_published','binding':true}]";
    for (int days = 29; days <= 32; days++) {
        char pays[400];
        (void)snprintf(pays, sizeof pays, PAY(TO_A ",'due':{'days_after_period':%d}"), days);
        struct world world;
        open_world(&world, pays);
        fixture_release(&world.fixture);
        cr_assert(eq(int,
                     fixture_open(&world.fixture,
                                  &(struct parts){.lines = LINES, .pays = pays, .periods = PERIOD}),
                     STATUS_OK));
        world.contract.terms = world.fixture.terms;
        world.facts = (struct facts_of_test){"5", "0", "0", 0, 0};
        if (days <= 30) {
            must_compute(&world, "within the calendar");
        } else {
            assert_refused(&world, "SETTLEMENT_NOT_COMPUTABLE", "/pays/0/due", "after it");
        }
        close_world(&world);
    }
}

/* --- What is written --- */

Test(settlement, the_computed_member_names_tranche_and_due_where_they_apply)
{
    static const struct {
        const char *pays;
        const char *whole;
        const char *expected;
    } rows[] = {
        {PAY(TO_A), "5",
         "[{'amount':{'amount':'5.00','currency':'SEK'},'from':'town.se','pay':'payout',"
         "'to':'a.se'}]"},
        {PAY(TO_A ",'due':{'days_after_period':1}"), "5",
         "[{'amount':{'amount':'5.00','currency':'SEK'},'due':'2017-08-01','from':'town.se',"
         "'pay':'payout','to':'a.se'}]"},
        {PAY(TO_A ",'negative':'reverse'"), "-5",
         "[{'amount':{'amount':'5.00','currency':'SEK'},'from':'a.se','pay':'payout',"
         "'to':'town.se'}]"},
        {WATERFALL(TO_A, "'to':[{'party':'b.se'}]", TO_A), "5",
         "[{'amount':{'amount':'1.00','currency':'SEK'},'from':'town.se','pay':'payout',"
         "'to':'a.se','tranche':'one'},"
         "{'amount':{'amount':'2.00','currency':'SEK'},'from':'town.se','pay':'payout',"
         "'to':'b.se','tranche':'two'},"
         "{'amount':{'amount':'2.00','currency':'SEK'},'from':'town.se','pay':'payout',"
         "'to':'a.se','tranche':'three'}]"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct world world;
        open_world(&world, rows[i].pays);
        world.facts = (struct facts_of_test){rows[i].whole, "1", "2", 0, 0};
        must_compute(&world, rows[i].pays);
        struct json *computed = NULL;
        cr_assert(eq(int,
                     settlement_to_json(&world.contract, &world.settlement, NULL, 0, &computed,
                                        &world.failure),
                     STATUS_OK));
        OWNED(buffer_release) struct buffer text;
        buffer_init(&text, JSON_SIZE_MAX);
        cr_assert(eq(int, json_write_canonical(json_member(computed, "pays"), &text), STATUS_OK));
        for (size_t k = 0; k < text.size; k++) {
            text.data[k] = text.data[k] == '"' ? '\'' : text.data[k];
        }
        cr_assert(eq(str, text.data, (char *)rows[i].expected));
        json_free(computed);
        close_world(&world);
    }
}

Test(settlement, a_settlement_can_be_computed_again)
{
    struct world world;
    open_world(&world, WATERFALL(TO_A, TO_A, TO_A));
    world.facts = (struct facts_of_test){"5", "1", "2", 0, 0};
    for (size_t i = 0; i < 3; i++) {
        must_compute(&world, "again");
        cr_assert(eq(sz, world.settlement.pay_count, 3));
        world.facts.high = "-1"; /* a refusal leaves nothing behind */
        cr_assert(ne(int, compute(&world, 0), STATUS_OK));
        world.facts.high = "2";
    }
    close_world(&world);
}

/* --- Caps --- */

/* Two pays: from the town to a.se, and from c.se to the town. */
static void make_pays(struct settlement_pay pays[static 2], int64_t out, int64_t back)
{
    const struct currency currency = {.code = "SEK", .decimals = 2};
    pays[0] = (struct settlement_pay){
        .from = VIEW("town.se"), .to = VIEW("a.se"), .amount = {out, currency}};
    pays[1] = (struct settlement_pay){
        .from = VIEW("c.se"), .to = VIEW("town.se"), .amount = {back, currency}};
}

Test(settlement, a_cap_holds_what_is_owed_gross)
{
    static const struct {
        int64_t used;
        int64_t out;
        int64_t back;
        bool fits;
    } rows[] = {
        {0, 100, 0, true},   {0, 101, 0, false},   {40, 60, 0, true},
        {40, 61, 0, false},  {100, 0, 0, true},    {100, 1, 0, false},
        {0, 0, 200, true},   {0, 101, 200, false}, {0, 100, 200, true},
        {100, 0, 200, true}, {0, 0, 0, true},      {1, 999999999999999999, 0, false},
    };
    const struct currency currency = {.code = "SEK", .decimals = 2};
    struct party_money cap = {
        .party = VIEW("town.se"),
        .text = {.amount = VIEW("1.00"), .currency = VIEW("SEK")},
        .amount = {100, currency},
    };
    struct contract contract = {.cap_count = 1, .caps = &cap};
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct settlement_pay pays[2];
        make_pays(pays, rows[i].out, rows[i].back);
        struct settlement settlement = {.pay_count = 2, .pays = pays};
        struct money used = {rows[i].used, currency};
        struct money sum = {-1, currency};
        struct failure failure = {.reason = ""};
        enum status status = settlement_add_to_caps(&contract, &settlement, &used, &sum, &failure);
        enum status asked = settlement_add_to_caps(&contract, &settlement, &used, NULL, &failure);
        cr_assert(eq(int, status, asked), "row %zu", i);
        if (rows[i].fits) {
            cr_assert(eq(int, status, STATUS_OK), "row %zu: %s", i, failure.reason);
            cr_assert(eq(i64, sum.minor, rows[i].used + rows[i].out), "row %zu", i);
            continue;
        }
        cr_assert(eq(str, failure.code, (char *)"PAY_ABOVE_CAP"), "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)"/pays"), "row %zu", i);
        cr_assert(eq(i64, sum.minor, -1), "row %zu", i);
    }
}

/* --- What is owed beyond what was settled --- */

/* What a pay comes to, settlement after settlement of one period, and what each of them owes. */
struct carry_row {
    const char *value; /* what is measured */
    int64_t credit;    /* before it */
    int64_t amount;
    int64_t in;
    int64_t out;
    bool is_reversed;
};

static void check_carried(const struct carry_row *row, const struct settlement_pay *pay)
{
    cr_assert(eq(i64, pay->amount.minor, row->amount), "%s", row->value);
    cr_assert(eq(i64, pay->carried_in.minor, row->in), "%s", row->value);
    cr_assert(eq(i64, pay->carried_out.minor, row->out), "%s", row->value);
    cr_assert(eq(int, pay->is_reversed, row->is_reversed), "%s", row->value);
    cr_assert(view_is(pay->from, row->is_reversed ? "a.se" : "town.se"), "%s", row->value);
    cr_assert(view_is(pay->to, row->is_reversed ? "town.se" : "a.se"), "%s", row->value);
}

/* Plays the rows as settlements of one period. */
static void play_carry(const char *pay, const struct carry_row *rows, size_t count)
{
    struct world worlds[8];
    cr_assert(le(sz, count, COUNT(worlds)));
    for (size_t i = 0; i < count; i++) {
        open_world(&worlds[i], pay);
        worlds[i].facts = (struct facts_of_test){.value = rows[i].value};
        worlds[i].facts.low = worlds[i].facts.high = "0";
        must_compute(&worlds[i], rows[i].value);
        struct settlement *settlement = &worlds[i].settlement;
        struct money credit = settlement->pays[0].amount;
        credit.minor = rows[i].credit;
        struct settlement_place place = settlement_pay_place(&settlement->pays[0]);
        const struct settlement_credits credits = {1, &place, &credit};
        const struct settlement *previous = i == 0 ? NULL : &worlds[i - 1].settlement;
        cr_assert(eq(int, settlement_carry(previous, &credits, settlement, &worlds[i].failure),
                     STATUS_OK));
        check_carried(&rows[i], &settlement->pays[0]);
    }
    for (size_t i = 0; i < count; i++) {
        close_world(&worlds[i]);
    }
}

Test(settlement, what_was_settled_too_much_is_carried_out_and_credits_are_taken_off)
{
    static const struct carry_row ROWS[] = {
        {"5", 0, 500, 0, 0, false},   {"5", 0, 0, 0, 0, false},       {"2", 0, 0, 0, 300, false},
        {"4", 300, 0, 200, 0, false}, {"7", 100, 200, 100, 0, false}, {"0", 0, 0, 0, 700, false},
        {"0", 700, 0, 0, 0, false},   {"9", 700, 200, 700, 0, false},
    };
    play_carry(PAY(TO_A), ROWS, COUNT(ROWS));
}

Test(settlement, what_was_settled_too_much_is_owed_back_where_the_pay_can_be_reversed)
{
    static const struct carry_row ROWS[] = {
        {"5", 0, 500, 0, 0, false}, {"2", 0, 300, 0, 0, true},  {"-1", 0, 300, 0, 0, true},
        {"-1", 0, 0, 0, 0, false},  {"-4", 0, 300, 0, 0, true}, {"3", 0, 700, 0, 0, false},
    };
    play_carry(PAY(TO_A ",'negative':'reverse'"), ROWS, COUNT(ROWS));
}

Test(settlement, a_first_settlement_takes_off_a_credit_and_not_what_is_reversed)
{
    static const struct carry_row OWED = {"5", 120, 380, 120, 0, false};
    play_carry(PAY(TO_A), &OWED, 1);
    static const struct carry_row REVERSED = {"-5", 0, 500, 0, 0, true};
    play_carry(PAY(TO_A ",'negative':'reverse'"), &REVERSED, 1);
}

Test(settlement, a_difference_is_an_amount)
{
    const char *pay = PAY(TO_A ",'negative':'reverse'");
    struct world before;
    struct world after;
    open_world(&before, pay);
    open_world(&after, pay);
    before.facts = (struct facts_of_test){"-9999999999999999.99", "0", "0", 0, 0};
    after.facts = (struct facts_of_test){"0.01", "0", "0", 0, 0};
    must_compute(&before, "before");
    must_compute(&after, "after");
    struct money credit = {.currency = after.settlement.pays[0].amount.currency};
    struct settlement_place place = settlement_pay_place(&after.settlement.pays[0]);
    const struct settlement_credits credits = {1, &place, &credit};
    enum status status =
        settlement_carry(&before.settlement, &credits, &after.settlement, &after.failure);
    cr_assert(ne(int, status, STATUS_OK));
    cr_assert(eq(str, after.failure.code, (char *)"SETTLEMENT_NOT_COMPUTABLE"));
    cr_assert(eq(str, after.failure.at, (char *)"/pays"));
    close_world(&before);
    close_world(&after);
}
