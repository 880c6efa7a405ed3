/* Accounts, forecasts, expectations and gains of a contract whose terms are amended. */

#include "contracts/account/account.h"
#include "contracts/account/expected.h"
#include "contracts/account/forecast.h"
#include "contracts/account/gains.h"
#include "ledger/base/ownership.h"
#include "tests/support/played.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define TERMS_SIZE 4000
#define WORK_MAX 1000000

/*
 * A period owes a rate of what is saved beyond what was settled before. The first is due in the
 * year after it. What is saved lies between 0 and 100.
 */
static void add_terms(struct played *played, const char *head, const char *rate, const char *more)
{
    char text[TERMS_SIZE];
    int size = snprintf(
        text, sizeof text,
        "{%s,'contract':'c','title':{'en':'C'},'agreed_on':'not_published','roles':{'payer':"
        "['town.se'],'investor':['a.se'],'evaluator':['eval.se']},'cohort':{'description':{'en':"
        "'People'},'size':'not_published'},'currency':'SEK','outcomes':[{'outcome':'saving',"
        "'label':{'en':'S'},'unit':'SEK','class':'paying','evaluator':'eval.se','source':"
        "'not_published','missing_data':'not_published','range':{'at_least':'0','at_most':'100'}}],"
        "'periods':[{'period':'1y','from':'2020-01-01','to':'2020-12-31','due':'2021-03-31',"
        "'binding':true},{'period':'2y','from':'2021-01-01','to':'2021-12-31','due':"
        "'not_published','binding':true},{'period':'3y','from':'2022-01-01','to':'2022-12-31',"
        "'due':'not_published','binding':true}],'lines':[{'line':'saved','label':{'en':'S'},"
        "'take':{'measured':'saving','field':'value'},'actor':'town.se','basis':'measured',"
        "'baseline':'before'},{'line':'care','label':{'en':'C'},'multiply':['-2','saved'],'actor':"
        "'region.se','basis':'modelled'},{'line':'earlier','label':{'en':'E'},'take':{'earlier':"
        "'payout'}},{'line':'new','label':{'en':'N'},'subtract':['saved','earlier']},{'line':"
        "'part','label':{'en':'P'},'multiply':['%s','new']},{'line':'payout','label':{'en':'P'},"
        "'round':'part','to':{'value':'0.01','unit':'SEK'},'by':'half_even'}],'pays':[{'pay':"
        "'payout','from':'town.se','to':[{'party':'a.se'}]}],'baselines':[{'baseline':'before',"
        "'source':{'en':'Accounts'},'method':{'en':'A mean'},'version':'1','date':'2019-12-31'}],"
        "%s'dispute':'not_published','legal_basis':'not_published'}",
        head, rate, more);
    cr_assert(lt(int, size, TERMS_SIZE));
    played_add(played, "tae", text);
}

#define CONTRACT "'kind':'contract'"
#define AMENDMENT "'kind':'amendment','from':'2y','why':{'en':'It was agreed'}"
#define CAP "'caps':[{'party':'town.se','amount':{'amount':'60.00','currency':'SEK'}}],"
#define COMMITMENT "'commitments':[{'party':'a.se','amount':{'amount':'500.00','currency':'SEK'}}],"
#define FUNDING                                                                            \
    "{'kind':'funding','contract':'c','date':'2020-02-01','investor':'a.se','receiver':"   \
    "'town.se','amount':{'amount':'100.00','currency':'SEK'},'placed_on':'not_published'," \
    "'reference':'not_published'}"

/* --- Accounts --- */

static enum status post(void *context, const struct account_posting *posting)
{
    return account_add(context, posting->party, posting);
}

Test(forecast, every_amount_is_posted_in_its_year)
{
    struct played played;
    played_open(&played);
    add_terms(&played, CONTRACT, "1", CAP COMMITMENT);
    played_add(&played, "ta", FUNDING);
    played_measure(&played, "1y", "30");
    played_settle(&played, "1y");
    played_pay(&played, "2022-05-05", "12.50");
    played_measure(&played, "2y", "50");
    played_settle(&played, "2y");
    OWNED(account_release) struct account account = {0};
    cr_assert(eq(int, account_post(played_contract(&played), post, &account), STATUS_OK));
    /* 30 is due in 2021 by its due date, 50 - 30 in 2021 by its last day. */
    static const struct {
        enum account_role role;
        const char *party;
        int year;
        int64_t amounts[ACCOUNT_COLUMN_COUNT]; /* committed funded settled held paid outstanding */
    } ROWS[] = {
        {ACCOUNT_INVESTOR, "a.se", ACCOUNT_ALL_YEARS, {50000, 10000, 0, 0, 0, 0}},
        {ACCOUNT_INVESTOR, "a.se", 2020, {0, 10000, 0, 0, 0, 0}},
        {ACCOUNT_PAYER, "town.se", ACCOUNT_ALL_YEARS, {6000, 0, 5000, 0, 1250, 3750}},
        {ACCOUNT_PAYER, "town.se", 2021, {0, 0, 5000, 0, 0, 3750}},
        {ACCOUNT_PAYER, "town.se", 2022, {0, 0, 0, 0, 1250, 0}},
        {ACCOUNT_RECEIVER, "a.se", ACCOUNT_ALL_YEARS, {0, 0, 5000, 0, 1250, 3750}},
        {ACCOUNT_RECEIVER, "a.se", 2021, {0, 0, 5000, 0, 0, 3750}},
        {ACCOUNT_RECEIVER, "a.se", 2022, {0, 0, 0, 0, 1250, 0}},
        {ACCOUNT_RECEIVER, "town.se", ACCOUNT_ALL_YEARS, {0, 10000, 0, 0, 0, 0}},
        {ACCOUNT_RECEIVER, "town.se", 2020, {0, 10000, 0, 0, 0, 0}},
    };
    cr_assert(eq(sz, account.count, sizeof ROWS / sizeof ROWS[0]));
    for (size_t i = 0; i < account.count; i++) {
        const struct account_row *row = account.rows[i];
        cr_expect(eq(int, (int)row->role, (int)ROWS[i].role), "row %zu", i);
        cr_expect(eq(str, (char *)row->name, (char *)ROWS[i].party), "row %zu", i);
        cr_expect(eq(int, row->year, ROWS[i].year), "row %zu", i);
        for (size_t k = 0; k < ACCOUNT_COLUMN_COUNT; k++) {
            cr_expect(eq(i64, row->amounts[k].minor, ROWS[i].amounts[k]), "row %zu %s", i,
                      ACCOUNT_COLUMN_NAMES[k]);
        }
    }
    played_close(&played);
}

/* --- Forecasts --- */

#define NOTHING (-1)

struct wanted_item {
    const char *period;
    int year;
    bool is_known;
    int64_t least;
    int64_t greatest; /* NOTHING: unbounded */
    int64_t expected; /* NOTHING: not expected */
};

static void check_items(const struct forecast *forecast, const struct wanted_item *wanted,
                        size_t count)
{
    cr_assert(eq(sz, forecast->count, count));
    for (size_t i = 0; i < count; i++) {
        const struct forecast_item *item = &forecast->items[i];
        cr_expect(view_equal(item->period, view_of(wanted[i].period)), "item %zu", i);
        cr_expect(view_equal(item->payer, VIEW("town.se")), "item %zu", i);
        cr_expect(eq(int, item->year, wanted[i].year), "item %zu", i);
        cr_expect(eq(int, item->is_known, wanted[i].is_known), "item %zu", i);
        cr_expect(eq(i64, item->least.minor, wanted[i].least), "item %zu", i);
        cr_expect(eq(i64, item->has_greatest ? item->greatest.minor : NOTHING, wanted[i].greatest),
                  "item %zu", i);
        cr_expect(eq(i64, item->has_expected ? item->expected.minor : NOTHING, wanted[i].expected),
                  "item %zu", i);
    }
}

/* Forecasts, with settings such as "saving=70", up to two. */
static void check_forecast(const struct played *played, const char *first, const char *second,
                           const struct wanted_item *wanted, size_t count)
{
    OWNED(forecast_release) struct forecast forecast;
    struct setting settings[2];
    size_t setting_count = 0;
    struct failure failure = {0};
    const char *const given[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        rational_init(&settings[i].value);
        if (given[i] != NULL) {
            cr_assert(eq(int, setting_read(view_of(given[i]), &settings[setting_count], &failure),
                         STATUS_OK));
            setting_count++;
        }
    }
    cr_assert(eq(int, forecast_init(&forecast, played_contract(played), WORK_MAX), STATUS_OK));
    if (setting_count > 0) {
        cr_assert(eq(int,
                     forecast_expect(&forecast, played_contract(played), settings, setting_count,
                                     &failure),
                     STATUS_OK),
                  "%s: %s", failure.code, failure.reason);
    }
    check_items(&forecast, wanted, count);
    for (size_t i = 0; i < 2; i++) {
        rational_release(&settings[i].value);
    }
}

#define CHECK_FORECAST(first, second, ...)                                  \
    do {                                                                    \
        static const struct wanted_item wanted_[] = {__VA_ARGS__};          \
        check_forecast(&played, first, second, wanted_, COUNT_OF(wanted_)); \
    } while (0)
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

Test(forecast, a_cap_leaves_what_was_not_settled_against_it)
{
    struct played played;
    played_open(&played);
    add_terms(&played, CONTRACT, "1", CAP);
    CHECK_FORECAST(NULL, NULL, {"1y", 2021, false, 0, 6000, NOTHING},
                   {"2y", 2021, false, 0, 6000, NOTHING}, {"3y", 2022, false, 0, 6000, NOTHING});
    played_measure(&played, "1y", "45");
    CHECK_FORECAST(NULL, NULL, {"1y", 2021, true, 4500, 4500, 4500},
                   {"2y", 2021, false, 0, 5500, NOTHING}, {"3y", 2022, false, 0, 5500, NOTHING});
    /* 10 more by 2y, and 3y would bring it to 65, which the cap refuses. */
    CHECK_FORECAST("saving@2y=55", "saving@3y=65", {"1y", 2021, true, 4500, 4500, 4500},
                   {"2y", 2021, false, 0, 5500, 1000}, {"3y", 2022, false, 0, 5500, NOTHING});
    played_settle(&played, "1y");
    CHECK_FORECAST("saving@2y=55", "saving@3y=60", {"2y", 2021, false, 0, 1500, 1000},
                   {"3y", 2022, false, 0, 1500, 500});
    played_close(&played);
}

/*
 * Every life of whole kronor is tried: 1y settled at `first` by the rate 1, then 2y and 3y by
 * `percent`, where no settlement is below zero. In öre.
 */
struct tried {
    int64_t least[2];
    int64_t greatest[2];
};

static void note(struct tried *tried, size_t place, int64_t amount)
{
    tried->least[place] = amount < tried->least[place] ? amount : tried->least[place];
    tried->greatest[place] = amount > tried->greatest[place] ? amount : tried->greatest[place];
}

static struct tried try_lives(int64_t first, int64_t percent)
{
    struct tried tried = {{INT64_MAX, INT64_MAX}, {0, 0}};
    for (int64_t second = 0; second <= 100; second++) {
        int64_t owed = percent * (second - first);
        if (owed < 0) {
            continue;
        }
        note(&tried, 0, owed);
        for (int64_t third = 0; third <= 100; third++) {
            int64_t then = percent * (100 * (third - first) - owed);
            if (then >= 0 && then % 100 == 0) {
                note(&tried, 1, then / 100);
            }
        }
    }
    return tried;
}

Test(forecast, bounds_are_those_of_every_life_after_an_amendment)
{
    static const struct {
        const char *saving;
        const char *rate;
        int64_t first;
        int64_t percent;
    } ROWS[] = {{"30", "0.5", 30, 50},
                {"80", "0.25", 80, 25},
                {"0", "0.75", 0, 75},
                {"100", "0.5", 100, 50}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct played played;
        played_open(&played);
        add_terms(&played, CONTRACT, "1", "");
        played_measure(&played, "1y", ROWS[i].saving);
        played_settle(&played, "1y");
        add_terms(&played, AMENDMENT, ROWS[i].rate, "");
        struct tried tried = try_lives(ROWS[i].first, ROWS[i].percent);
        const struct wanted_item wanted[] = {
            {"2y", 2021, false, tried.least[0], tried.greatest[0], NOTHING},
            {"3y", 2022, false, tried.least[1], tried.greatest[1], NOTHING},
        };
        check_forecast(&played, NULL, NULL, wanted, COUNT_OF(wanted));
        played_close(&played);
    }
}

Test(forecast, periods_of_several_terms_are_expected_one_after_the_other)
{
    struct played played;
    played_open(&played);
    add_terms(&played, CONTRACT, "1", "");
    add_terms(&played, AMENDMENT, "0.5", "");
    /* 40; (70 - 40) / 2 = 15; (70 - 55) / 2 = 7.5 */
    played_measure(&played, "1y", "40");
    CHECK_FORECAST("saving=70", NULL, {"1y", 2021, true, 4000, 4000, 4000},
                   {"2y", 2021, false, 0, 5000, 1500}, {"3y", 2022, false, 0, 5000, 750});
    played_settle(&played, "1y");
    CHECK_FORECAST("saving=70", NULL, {"2y", 2021, false, 0, 3000, 1500},
                   {"3y", 2022, false, 0, 3000, 750});
    CHECK_FORECAST("saving@2y=30", "saving@3y=41", {"2y", 2021, false, 0, 3000, NOTHING},
                   {"3y", 2022, false, 0, 3000, 50});
    played_close(&played);
}

Test(forecast, a_setting_that_no_terms_can_take_is_refused)
{
    struct played played;
    played_open(&played);
    add_terms(&played, CONTRACT, "1", "");
    OWNED(forecast_release) struct forecast forecast;
    cr_assert(eq(int, forecast_init(&forecast, played_contract(&played), WORK_MAX), STATUS_OK));
    static const char *const ROWS[][2] = {{"savings=1", "OUTCOME_UNKNOWN"},
                                          {"saving@9y=1", "PERIOD_UNKNOWN"},
                                          {"saving=101", "MEASUREMENT_RANGE"}};
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        struct failure failure = {0};
        struct setting setting;
        rational_init(&setting.value);
        cr_assert(eq(int, setting_read(view_of(ROWS[i][0]), &setting, &failure), STATUS_OK));
        cr_expect(eq(int,
                     forecast_expect(&forecast, played_contract(&played), &setting, 1, &failure),
                     STATUS_INVALID),
                  "%s", ROWS[i][0]);
        cr_expect(eq(str, (char *)failure.code, (char *)ROWS[i][1]));
        rational_release(&setting.value);
    }
    played_close(&played);
}

/* --- Gains --- */

Test(forecast, gains_are_those_of_the_newest_settlement_or_of_what_is_measured)
{
    struct played played;
    played_open(&played);
    add_terms(&played, CONTRACT, "1", "");
    played_measure(&played, "1y", "30");
    played_settle(&played, "1y");
    played_measure(&played, "2y", "50");
    static const struct {
        const char *actor;
        const char *period;
        int year;
        enum gain_basis basis;
        bool is_settled;
        bool has_baseline;
        int64_t value;
    } ROWS[] = {
        {"town.se", "1y", 2021, GAIN_MEASURED, true, true, 30},
        {"region.se", "1y", 2021, GAIN_MODELLED, true, false, -60},
        {"town.se", "2y", 2021, GAIN_MEASURED, false, true, 50},
        {"region.se", "2y", 2021, GAIN_MODELLED, false, false, -100},
    };
    OWNED(gains_release) struct gains gains;
    cr_assert(eq(int, gains_init(&gains, played_contract(&played)), STATUS_OK));
    cr_assert(eq(sz, gains.count, COUNT_OF(ROWS)));
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    for (size_t i = 0; i < gains.count; i++) {
        const struct gain *gain = &gains.items[i];
        cr_expect(view_equal(gain->actor, view_of(ROWS[i].actor)), "row %zu", i);
        cr_expect(view_equal(gain->period, view_of(ROWS[i].period)), "row %zu", i);
        cr_expect(eq(int, gain->year, ROWS[i].year), "row %zu", i);
        cr_expect(eq(int, (int)gain->basis, (int)ROWS[i].basis), "row %zu", i);
        cr_expect(eq(int, gain->is_settled, ROWS[i].is_settled), "row %zu", i);
        cr_expect(eq(int, gain->baseline != NULL, ROWS[i].has_baseline), "row %zu", i);
        rational_set_integer(&value, ROWS[i].value);
        cr_expect(eq(int, rational_compare(&gain->value, &value), 0), "row %zu", i);
    }
    played_close(&played);
}
