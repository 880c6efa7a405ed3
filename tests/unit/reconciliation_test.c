/*
 * Reconciliation: what a published figure is compared with, how it is judged, and what is refused.
 *
 * JSON is written here with ' for ", so that it can be read.
 */
#include "contracts/reconciliation/reconciliation.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define ARENA_MAX ((size_t)16 * 1024 * 1024)
#define TEXT_MAX 20000
#define LABEL "'label':{'en':'L'},"
#define SOURCES "'source':'not_published','missing_data':'not_published'}"

/* Two binding periods; x is a measured pure number, kr money, n a count. */
#define CONTRACT                                                                             \
    "{'kind':'contract','version':1,'ledger':'l','date':'2026-01-01','contract':'small',"    \
    "'title':{'en':'T'},'agreed_on':'not_published','dispute':'not_published',"              \
    "'legal_basis':'not_published','currency':'SEK',"                                        \
    "'roles':{'payer':['p.se'],'investor':['i.se','j.se'],'evaluator':['e.se']},"            \
    "'cohort':{'description':{'en':'C'},'size':'not_published'},"                            \
    "'outcomes':[{'outcome':'score'," LABEL "'unit':'1','count_unit':'person',"              \
    "'class':'paying','evaluator':'e.se'," SOURCES ",{'outcome':'saving'," LABEL             \
    "'unit':'SEK','class':'paying','evaluator':'e.se'," SOURCES "],"                         \
    "'periods':[{'period':'y1','from':'2026-01-01','to':'2026-12-31','due':'not_published'," \
    "'binding':true},{'period':'y2','from':'2027-01-01','to':'2027-12-31',"                  \
    "'due':'not_published','binding':true}],"                                                \
    "'lines':[{'line':'kr'," LABEL "'take':{'measured':'saving','field':'value'}},"          \
    "{'line':'payout'," LABEL "'round':'kr','to':{'value':'0.01','unit':'SEK'},"             \
    "'by':'half_even'},"                                                                     \
    "{'line':'before'," LABEL "'take':{'earlier':'payout'}},"                                \
    "{'line':'placed'," LABEL "'take':{'funded':'i.se'}},"                                   \
    "{'line':'paid'," LABEL "'take':{'paid':'total'}},"                                      \
    "{'line':'x'," LABEL "'take':{'measured':'score','field':'value'}},"                     \
    "{'line':'third'," LABEL "'divide':['x','3']},"                                          \
    "{'line':'per'," LABEL "'divide':['1','x']},"                                            \
    "{'line':'deep'," LABEL "'power':'per','exponent':33}],"                                 \
    "'pays':[{'pay':'payout','from':'p.se','to':[{'party':'i.se'}]}]}"

#define HEAD "{'kind':'published','version':1,'contract':'small','sources':['s'],"
#define FUNDED "'funded':[{'party':'i.se','amount':'10.00'}],"
#define INPUTS "'inputs':[{'outcome':'saving','value':'7.5'},{'outcome':'score','value':'%s'}],"

/* Everything that a reconciliation rests on. */
struct fixture {
    struct statement *contract;
    struct json *root;
    struct arena arena;
    struct published published;
    struct reconciliation reconciliation;
    struct failure failure;
};

static struct json *parse(const char *text)
{
    char copy[TEXT_MAX];
    size_t size = strlen(text);
    cr_assert(lt(sz, size, sizeof copy));
    for (size_t i = 0; i <= size; i++) {
        copy[i] = (char)(text[i] == '\'' ? '"' : text[i]);
    }
    struct json *root = NULL;
    struct failure failure;
    cr_assert(eq(int, json_parse(view_of(copy), &root, &failure), STATUS_OK), "%s", failure.reason);
    return root;
}

static void fixture_init(struct fixture *fixture)
{
    *fixture = (struct fixture){.contract = NULL};
    arena_init(&fixture->arena, ARENA_MAX);
    reconciliation_init(&fixture->reconciliation);
    struct failure *failure = &fixture->failure;
    cr_assert(eq(int, statement_read_tree(parse(CONTRACT), &fixture->contract, failure), STATUS_OK),
              "%s %s", failure->at, failure->reason);
    cr_assert(eq(int, statement_check(fixture->contract, failure), STATUS_OK), "%s %s", failure->at,
              failure->reason);
}

static void fixture_release(struct fixture *fixture)
{
    reconciliation_release(&fixture->reconciliation);
    published_release(&fixture->published);
    arena_release(&fixture->arena);
    json_free(fixture->root);
    statement_free(fixture->contract);
}

/* Reads, checks and compares; answers where it ended. */
static enum status run(struct fixture *fixture, const char *text)
{
    fixture->root = parse(text);
    TRY(published_read(fixture->root, &fixture->arena, &fixture->published, &fixture->failure));
    TRY(published_check(&fixture->published, &fixture->contract->contract, &fixture->failure));
    return reconcile(&fixture->published, &fixture->contract->contract, NULL,
                     &fixture->reconciliation, &fixture->failure);
}

/* The first finding about a claim. */
static const struct finding *claim_of(const struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->reconciliation.count; i++) {
        if (fixture->reconciliation.findings[i].kind == FINDING_CLAIM) {
            return &fixture->reconciliation.findings[i];
        }
    }
    cr_fail("there is no finding about a claim");
    return NULL;
}

static void assert_number(const struct rational *value, const char *wanted, size_t row)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2 * RATIONAL_DIGITS_MAX + 4);
    cr_assert(eq(int, rational_write_fraction(value, &text), STATUS_OK));
    cr_assert(eq(str, text.data, (char *)wanted), "row %zu", row);
}

/* x = score; every row is one claim about `third`, which is x / 3, or another line. */
Test(reconciliation, a_figure_matches_what_its_rounding_makes_of_the_value)
{
    static const struct {
        const char *score;
        const char *claim;
        enum verdict verdict;
        const char *difference; /* NULL: there is none */
        const char *rounding;   /* NULL: none */
    } rows[] = {
        {"3", "'line':'third','published':'1'", VERDICT_MATCHES, "0", NULL},
        {"3", "'line':'third','published':'1.00'", VERDICT_MATCHES, "0", NULL},
        {"3", "'line':'third','published':'1.01'", VERDICT_DIFFERS, "1/100", NULL},
        {"1", "'line':'third','published':'0.33'", VERDICT_DIFFERS, "-1/300", NULL},
        {"1", "'line':'third','published':'0.33','rounded_to':'0.01'", VERDICT_MATCHES, "-1/300",
         "half_up"},
        {"1", "'line':'third','published':'0.34','rounded_to':'0.01'", VERDICT_DIFFERS, "1/150",
         "up"},
        {"1", "'line':'third','published':'0.34','rounded_to':'0.01','rounded_by':'up'",
         VERDICT_MATCHES, "1/150", "up"},
        {"1", "'line':'third','published':'0.33','rounded_to':'0.01','rounded_by':'up'",
         VERDICT_DIFFERS, "-1/300", "half_up"},
        {"-1", "'line':'third','published':'-0.34','rounded_to':'0.01','rounded_by':'floor'",
         VERDICT_MATCHES, "-1/150", "floor"},
        {"-1", "'line':'third','published':'-0.33','rounded_to':'0.01','rounded_by':'ceiling'",
         VERDICT_MATCHES, "1/300", "ceiling"},
        {"7.5", "'line':'third','published':'2','rounded_to':'1'", VERDICT_MATCHES, "-1/2",
         "half_even"},
        {"7.5", "'line':'third','published':'3','rounded_to':'1'", VERDICT_MATCHES, "1/2",
         "half_up"},
        {"7.5", "'line':'third','published':'4','rounded_to':'1'", VERDICT_DIFFERS, "3/2", NULL},
        {"1", "'line':'third','published':'33.3','unit':'percent','rounded_to':'0.1'",
         VERDICT_MATCHES, "-1/30", "half_up"},
        {"1", "'line':'third','published':'33.4','unit':'percent','rounded_to':'0.1'",
         VERDICT_DIFFERS, "1/15", "up"},
        {"1", "'line':'third','published':'not_published'", VERDICT_NOT_PUBLISHED, NULL, NULL},
        {"0", "'line':'third','published':'0.1'", VERDICT_DIFFERS, "1/10", NULL},
        {"0", "'line':'per','published':'0.1'", VERDICT_NOT_COMPUTABLE, NULL, NULL},
        {"0", "'refused':'SETTLEMENT_NOT_COMPUTABLE'", VERDICT_MATCHES, NULL, NULL},
        {"1", "'refused':'SETTLEMENT_NOT_COMPUTABLE'", VERDICT_DIFFERS, NULL, NULL},
        {"1", "'pay':'payout','to':'i.se','published':'7.50'", VERDICT_MATCHES, "0", NULL},
        {"1", "'outcome':'score','field':'p_value','published':'0'", VERDICT_NOT_COMPUTABLE, NULL,
         NULL},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TEXT_MAX];
        (void)snprintf(text, sizeof text,
                       HEAD "'periods':[{'period':'y1'," FUNDED INPUTS "'claims':[{%s}]}]}",
                       rows[i].score, rows[i].claim);
        struct fixture fixture;
        fixture_init(&fixture);
        cr_assert(eq(int, run(&fixture, text), STATUS_OK), "row %zu: %s", i,
                  fixture.failure.reason);
        const struct finding *finding = claim_of(&fixture);
        cr_assert(eq(int, finding->verdict, rows[i].verdict), "row %zu", i);
        cr_assert(eq(int, finding->has_rounding, rows[i].rounding != NULL), "row %zu", i);
        if (rows[i].rounding != NULL) {
            cr_assert(eq(str, (char *)rounding_name(finding->rounding), (char *)rows[i].rounding),
                      "row %zu", i);
        }
        if (rows[i].difference != NULL) {
            assert_number(&finding->difference, rows[i].difference, i);
        }
        fixture_release(&fixture);
    }
}

/* The line is below 10^-593, over 990 digits; less 10^-12 it has more than a rational may have. */
Test(reconciliation, a_comparison_of_too_many_digits_cannot_be_made)
{
    static const struct {
        const char *published;
        enum verdict verdict;
    } rows[] = {
        {"0.000000000001", VERDICT_NOT_COMPUTABLE},
        {"0", VERDICT_MATCHES},
        {"1", VERDICT_DIFFERS},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TEXT_MAX];
        (void)snprintf(
            text, sizeof text,
            HEAD "'periods':[{'period':'y1'," FUNDED INPUTS
                 "'claims':[{'line':'deep','published':'%s','rounded_to':'0.000000000001'}]}]}",
            "999999999999999999.999999999999", rows[i].published);
        struct fixture fixture;
        fixture_init(&fixture);
        cr_assert(eq(int, run(&fixture, text), STATUS_OK), "row %zu: %s", i,
                  fixture.failure.reason);
        const struct finding *finding = claim_of(&fixture);
        cr_assert(eq(int, finding->verdict, rows[i].verdict), "row %zu: %s", i,
                  finding->failure.reason);
        cr_assert(
            eq(int, finding->failure.code[0] != '\0', rows[i].verdict == VERDICT_NOT_COMPUTABLE),
            "row %zu", i);
        fixture_release(&fixture);
    }
}

/* Two years, and what is told of each: which lines of the second are known. */
Test(reconciliation, sums_that_nobody_told_end_the_lines)
{
    static const struct {
        const char *first;  /* the first period, or "" */
        const char *second; /* members of the second before its claims */
        const char *known;  /* verdicts of before, placed, paid: M, D or N */
    } rows[] = {
        {"", "", "NNN"},
        {"", FUNDED, "NNN"},
        {"", "'earlier':[{'line':'payout','amount':'0'}],", "MNN"},
        {"", FUNDED "'earlier':[{'line':'payout','amount':'0'}],", "MDN"},
        {"",
         FUNDED
         "'paid':[{'pay':'payout','amount':'0'}],'earlier':[{'line':'payout','amount':'0'}],",
         "MDM"},
        {"{'period':'y1'," FUNDED
         "'inputs':[{'outcome':'saving','value':'0'},{'outcome':'score','value':'1'}]},",
         "", "MDN"},
        {"{'period':'y1'," FUNDED
         "'inputs':[{'outcome':'saving','value':'5'},{'outcome':'score','value':'1'}]},",
         "", "DDN"},
        {"{'period':'y1'," FUNDED "'inputs':[{'outcome':'saving','value':'5'}]},", "", "NNN"},
        {"{'period':'y1','inputs':[{'outcome':'saving','value':'5'},"
         "{'outcome':'score','value':'1'}]},",
         FUNDED, "NNN"},
    };
    static const char VERDICTS[VERDICT_COUNT] = {[VERDICT_MATCHES] = 'M',
                                                 [VERDICT_DIFFERS] = 'D',
                                                 [VERDICT_NOT_COMPUTABLE] = 'N',
                                                 [VERDICT_NOT_PUBLISHED] = 'P',
                                                 [VERDICT_TAKEN] = 'T'};
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TEXT_MAX];
        (void)snprintf(text, sizeof text,
                       HEAD "'periods':[%s{'period':'y2',%s" INPUTS
                            "'claims':[{'line':'before','published':'0'},"
                            "{'line':'placed','published':'0'},{'line':'paid','published':'0'}]}]}",
                       rows[i].first, rows[i].second, "1");
        struct fixture fixture;
        fixture_init(&fixture);
        cr_assert(eq(int, run(&fixture, text), STATUS_OK), "row %zu: %s", i,
                  fixture.failure.reason);
        char found[4] = "";
        for (size_t k = 0; k < fixture.reconciliation.count; k++) {
            const struct finding *finding = &fixture.reconciliation.findings[k];
            if (finding->kind == FINDING_CLAIM) {
                found[strlen(found)] = VERDICTS[finding->verdict];
            }
        }
        cr_assert(eq(str, found, (char *)rows[i].known), "row %zu", i);
        fixture_release(&fixture);
    }
}

Test(reconciliation, what_is_wrong_has_a_name_and_a_place)
{
    static const struct {
        const char *members;
        const char *code;
        const char *at;
    } rows[] = {
        {"'periods':[]", "FIELD_MALFORMED", "/periods"},
        {"'notes':[{'en':'n'}]", "FIELD_MISSING", "/periods"},
        {"'periods':[{'period':'y1','claims':[{'line':'x'}]}]", "FIELD_MISSING",
         "/periods/0/claims/0/published"},
        {"'periods':[{'period':'y1','claims':[{'published':'1'}]}]", "FIELD_MISSING",
         "/periods/0/claims/0/line"},
        {"'periods':[{'period':'y1','claims':[{'line':'x','pay':'payout','published':'1'}]}]",
         "FIELD_MALFORMED", "/periods/0/claims/0"},
        {"'periods':[{'period':'y1','claims':[{'line':'x','to':'i.se','published':'1'}]}]",
         "FIELD_UNKNOWN", "/periods/0/claims/0/to"},
        {"'periods':[{'period':'y1','claims':[{'refused':'PAY_NEGATIVE','unit':'1'}]}]",
         "FIELD_UNKNOWN", "/periods/0/claims/0/unit"},
        {"'periods':[{'period':'y1','claims':[{'line':'x','published':'1','rounded_by':'up'}]}]",
         "FIELD_MISSING", "/periods/0/claims/0/rounded_to"},
        {"'periods':[{'period':'y1','inputs':[{'outcome':'score'}]}]", "FIELD_MISSING",
         "/periods/0/inputs/0/published"},
        {"'periods':[{'period':'y1','inputs':[{'outcome':'score','low':'2','high':'1'}]}]",
         "MEASUREMENT_RANGE", "/periods/0/inputs/0/low"},
        {"'periods':[{'period':'y1','paid':[{'pay':'kr','amount':'1'}]}]", "INVALID",
         "/periods/0/paid/0/pay"},
        {"'periods':[{'period':'y1','earlier':[{'line':'payout','amount':'1'},"
         "{'line':'none','amount':'1'}]}]",
         "INVALID", "/periods/0/earlier/1/line"},
        {"'periods':[{'period':'y2'},{'period':'y1'}]", "INVALID", "/periods/1/period"},
        {"'periods':[{'period':'y1'},{'period':'y1'}]", "INVALID", "/periods/1/period"},
        {"'totals':[{'label':{'en':'t'},'sum_of':['1'],'published':'1','unit':'b*a'}]",
         "UNIT_UNKNOWN", "/totals/0/unit"},
        {"'totals':[{'label':{'en':'t'},'sum_of':[{'period':'y1','pay':'payout'}],"
         "'published':'1'}]",
         "PERIOD_UNKNOWN", "/totals/0/sum_of/0/period"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[TEXT_MAX];
        (void)snprintf(text, sizeof text, HEAD "%s}", rows[i].members);
        struct fixture fixture;
        fixture_init(&fixture);
        enum status status = run(&fixture, text);
        cr_assert(ne(int, status, STATUS_OK), "row %zu", i);
        cr_assert(eq(str, fixture.failure.code, (char *)rows[i].code), "row %zu", i);
        cr_assert(eq(str, fixture.failure.at, (char *)rows[i].at), "row %zu", i);
        fixture_release(&fixture);
    }
}

Test(reconciliation, counts_are_computed_from_and_ratios_beside_them_compared)
{
    struct fixture fixture;
    fixture_init(&fixture);
    cr_assert(
        eq(int,
           run(&fixture, HEAD "'periods':[{'period':'y1'," FUNDED "'inputs':[{'outcome':'saving',"
                              "'value':'7.5'},{'outcome':'score','value':'0.5','numerator':'1',"
                              "'denominator':'3','rounded_to':'0.1'}],"
                              "'claims':[{'line':'x','published':'0.5'}]}]}"),
           STATUS_OK));
    /* The counts are computed from, so the line is a third, and the stated half differs twice. */
    const struct finding *claim = claim_of(&fixture);
    cr_assert(eq(int, claim->verdict, VERDICT_DIFFERS));
    assert_number(&claim->computed, "1/3", 0);
    cr_assert(eq(sz, fixture.reconciliation.verdicts[VERDICT_DIFFERS], 2));
    cr_assert(eq(sz, fixture.reconciliation.verdicts[VERDICT_TAKEN], 4));
    fixture_release(&fixture);
}
