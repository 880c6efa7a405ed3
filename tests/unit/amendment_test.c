/* Amendments: contracts of a town and its investors, amended, measured, settled and settled again.
 */

#include "contracts/state/state.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/key.h"
#include "tests/support/ledger_support.h"
#include "tests/support/terms_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define ORIGIN "test.example/log"
#define TEXT_SIZE 12000

/* Who signs is named by the first letter: o, t, a, b, e, f. */
static const char *const PARTIES[] = {"op.se", "town.se", "a.se", "b.se", "eval.se", "fresh.se"};

struct world {
    struct state *state;
    struct secret_key *secrets[COUNT(PARTIES)];
    struct note_key keys[COUNT(PARTIES)];
    char vkeys[COUNT(PARTIES)][200];
    uint64_t size;
    struct failure failure;
};

/* --- Terms: what the tests vary --- */

struct terms_of_test {
    const char *investors; /* NULL: 'a.se' */
    const char *evaluator; /* NULL: eval.se */
    const char *currency;  /* NULL: SEK */
    const char *periods;   /* NULL: three years */
    const char *outcome;   /* NULL: saving; the one that is measured */
    const char *range;     /* of the outcome, or nothing */
    const char *rate;      /* NULL: 0.5 */
    const char *summed;    /* NULL: payout; the line that is paid and summed */
    const char *reads;     /* NULL: the earlier sum of that line; what the line before reads */
    const char *more;      /* further members */
};

#define YEAR(name, from, to) \
    "{'period':'" name "','from':'" from "','to':'" to "','due':'not_published','binding':true}"
#define FIRST YEAR("1y", "2020-01-01", "2020-12-31")
#define SECOND YEAR("2y", "2021-01-01", "2021-12-31")
#define THIRD YEAR("3y", "2022-01-01", "2022-12-31")
#define FOURTH YEAR("4y", "2023-01-01", "2023-12-31")
#define WHY "'why':{'en':'It was agreed'},"
#define FROM(period) WHY "'from':'" period "',"

static const char *given_or(const char *given, const char *otherwise)
{
    return given == NULL ? otherwise : given;
}

static void write_terms(const char *kind, const struct terms_of_test *given,
                        char text[static TEXT_SIZE])
{
    const char *currency = given_or(given->currency, "SEK");
    const char *outcome = given_or(given->outcome, "saving");
    const char *summed = given_or(given->summed, "payout");
    char earlier[100];
    (void)snprintf(earlier, sizeof earlier, "{'earlier':'%s'}", summed);
    int size = snprintf(
        text, TEXT_SIZE,
        "{'kind':'%s',%s'contract':'c','title':{'en':'C'},'agreed_on':'not_published',"
        "'roles':{'payer':['town.se'],'investor':[%s],'evaluator':['%s']},"
        "'cohort':{'description':{'en':'People'},'size':'not_published'},'currency':'%s',"
        "'outcomes':[{'outcome':'%s',%s'label':{'en':'Saving'},'unit':'%s','class':'paying',"
        "'evaluator':'%s','source':'not_published','missing_data':'not_published'}],"
        "'periods':[%s],'lines':[{'line':'part','label':{'en':'Part'},"
        "'multiply':['%s',{'measured':'%s','field':'value'}]},"
        "{'line':'before','label':{'en':'Before'},'take':%s},"
        "{'line':'%s','label':{'en':'Payout'},'round':'part','to':{'value':'0.01','unit':'%s'},"
        "'by':'half_even'}],'pays':[{'pay':'%s','from':'town.se','to':[{'party':'a.se'}]}],"
        "'dispute':'not_published','legal_basis':'not_published'}",
        kind, given_or(given->more, ""), given_or(given->investors, "'a.se'"),
        given_or(given->evaluator, "eval.se"), currency, outcome, given_or(given->range, ""),
        currency, given_or(given->evaluator, "eval.se"),
        given_or(given->periods, FIRST "," SECOND "," THIRD), given_or(given->rate, "0.5"), outcome,
        given_or(given->reads, earlier), summed, currency, summed);
    cr_assert(lt(int, size, TEXT_SIZE));
}

/* --- Making statements --- */

static void must(struct world *world, enum status status, const char *what)
{
    cr_assert(eq(int, status, STATUS_OK), "%s: %s %s: %s", what, world->failure.code,
              world->failure.at, world->failure.reason);
}

static void set_text(struct json *object, const char *name, struct view text)
{
    cr_assert(eq(int, json_set_string(object, name, text), STATUS_OK));
}

static const struct state_contract *contract_of(const struct world *world)
{
    return state_find_contract(world->state, VIEW("c"));
}

/* What every statement has; those that follow a contract, its newest statement. */
static void complete(const struct world *world, struct json *draft)
{
    set_text(draft, "ledger", VIEW(ORIGIN));
    set_text(draft, "date", VIEW("2024-01-01"));
    cr_assert(eq(int, json_set_integer(draft, "version", 1), STATUS_OK));
    const struct state_contract *contract = contract_of(world);
    if (contract != NULL) {
        OWNED(buffer_release) struct buffer id;
        buffer_init(&id, 80);
        cr_assert(eq(int, buffer_append_text(&id, "sha256:"), STATUS_OK));
        cr_assert(eq(int, hex_write(&id, hash_view(&contract->head)), STATUS_OK));
        set_text(draft, "after", buffer_view(&id));
    }
}

static void sign(struct world *world, const char *signers, struct view text, struct buffer *note)
{
    bool is_signed = false;
    for (size_t i = 0; i < COUNT(PARTIES); i++) {
        if (strchr(signers, PARTIES[i][0]) == NULL) {
            continue;
        }
        OWNED(buffer_release) struct buffer line;
        buffer_init(&line, ENTRY_SIZE_MAX);
        if (!is_signed) {
            must(world, note_write_signed(text, &world->keys[i], world->secrets[i], note), "sign");
            is_signed = true;
            continue;
        }
        struct note parsed;
        must(world, note_parse(buffer_view(note), &parsed, &world->failure), "parse");
        must(world,
             note_write_with_signature(&parsed, &world->keys[i], world->secrets[i], &line,
                                       &world->failure),
             "sign");
        buffer_clear(note);
        must(world, buffer_append(note, buffer_view(&line)), "copy");
    }
}

/* Adds a statement, written with ' for ", by those who sign it. */
static enum status add_json(struct world *world, const char *signers, struct json *draft)
{
    OWNED(json_freep) struct json *owned = draft;
    OWNED(buffer_release) struct buffer text;
    OWNED(buffer_release) struct buffer note;
    buffer_init(&text, ENTRY_SIZE_MAX);
    buffer_init(&note, ENTRY_SIZE_MAX);
    complete(world, owned);
    must(world, json_write_canonical(owned, &text), "write");
    must(world, buffer_append_byte(&text, '\n'), "write");
    sign(world, signers, buffer_view(&text), &note);
    struct statement *statement;
    world->failure = (struct failure){0};
    TRY(statement_read(buffer_view(&note), &statement, &world->failure));
    TRY(state_admit(world->state, statement, world->size, &world->failure));
    world->size++;
    return STATUS_OK;
}

static enum status add(struct world *world, const char *signers, const char *quoted)
{
    char text[TEXT_SIZE];
    size_t size = strlen(quoted);
    cr_assert(lt(sz, size, sizeof text));
    for (size_t i = 0; i < size; i++) {
        text[i] = quoted[i] == '\'' ? '"' : quoted[i];
    }
    struct json *draft;
    must(world, json_parse((struct view){text, size}, &draft, &world->failure), quoted);
    return add_json(world, signers, draft);
}

static enum status amend(struct world *world, const char *signers, struct terms_of_test terms)
{
    char text[TEXT_SIZE];
    write_terms("amendment", &terms, text);
    return add(world, signers, text);
}

static void must_amend(struct world *world, const char *signers, struct terms_of_test terms)
{
    must(world, amend(world, signers, terms), "amendment");
}

static void check_refused(struct world *world, enum status status, const char *code, const char *at)
{
    cr_assert(ne(int, status, STATUS_OK), "%s", code);
    cr_assert(eq(str, world->failure.code, (char *)code), "%s", world->failure.reason);
    cr_assert(eq(str, world->failure.at, (char *)at), "%s: %s", code, world->failure.reason);
}

static void measure(struct world *world, const char *period, const char *value)
{
    char text[500];
    (void)snprintf(text, sizeof text,
                   "{'kind':'measurement','contract':'c','period':'%s','evaluator':'eval.se',"
                   "'values':[{'outcome':'saving','value':'%s'}]}",
                   period, value);
    must(world, add(world, "e", text), "measurement");
}

static enum status settle(struct world *world, const char *signers, const char *period)
{
    struct settlement settlement;
    settlement_init(&settlement);
    struct json *computed = NULL;
    must(
        world,
        state_compute(contract_of(world), view_of(period), &settlement, &computed, &world->failure),
        "compute");
    settlement_release(&settlement);
    struct json *draft = json_new_object();
    set_text(draft, "kind", VIEW("settlement"));
    set_text(draft, "contract", VIEW("c"));
    must(world, json_set(draft, "computed", computed), "computed");
    return add_json(world, signers, draft);
}

static void must_settle(struct world *world, const char *period)
{
    must(world, settle(world, "te", period), period);
}

/* --- The world --- */

static void add_party(struct world *world, size_t i)
{
    char text[1000];
    (void)snprintf(text, sizeof text,
                   "{'kind':'party','party':'%s','legal_name':'P','registration':'not_published',"
                   "'vkeys':['%s']}",
                   PARTIES[i], world->vkeys[i]);
    char signers[] = {'o', PARTIES[i][0], '\0'};
    must(world, add(world, signers, text), PARTIES[i]);
}

static void open_world(struct world *world, struct terms_of_test terms)
{
    *world = (struct world){.size = 0};
    OWNED(secret_key_freep) struct secret_key *log_secret = support_secret(99);
    struct note_key log = support_key(log_secret, ORIGIN);
    cr_assert(eq(int, state_new(&log, &world->state), STATUS_OK));
    char log_vkey[200] = "";
    for (size_t i = 0; i <= COUNT(PARTIES); i++) {
        bool is_log = i == COUNT(PARTIES);
        if (!is_log) {
            world->secrets[i] = support_secret((uint8_t)(i + 1));
            world->keys[i] = support_key(world->secrets[i], PARTIES[i]);
        }
        OWNED(buffer_release) struct buffer vkey;
        buffer_init(&vkey, 200);
        must(world, note_key_write(is_log ? &log : &world->keys[i], &vkey), "vkey");
        (void)snprintf(is_log ? log_vkey : world->vkeys[i], 200, "%.*s",
                       VIEW_ARGS(buffer_view(&vkey)));
    }
    char text[TEXT_SIZE];
    char op[500];
    (void)snprintf(
        op, sizeof op,
        "{'party':'op.se','legal_name':'O','registration':'not_published','vkeys':['%s']}",
        world->vkeys[0]);
    (void)snprintf(text, sizeof text,
                   "{'kind':'charter','log_vkey':'%s','operator':%s,'registrars':[%s],"
                   "'recovery':'none','witness_policy':'none'}",
                   log_vkey, op, op);
    must(world, add(world, "o", text), "charter");
    for (size_t i = 1; i < COUNT(PARTIES); i++) {
        add_party(world, i);
    }
    write_terms("contract", &terms, text);
    must(world, add(world, "tae", text), "contract");
}

static void close_world(struct world *world)
{
    for (size_t i = 0; i < COUNT(PARTIES); i++) {
        secret_key_free(world->secrets[i]);
    }
    state_free(world->state);
}

/* --- Which version governs --- */

/* The rate of the terms that govern a period, which tells the versions of a test apart. */
static void check_governed(const struct world *world, const char *period, const char *rate)
{
    const struct contract *terms = state_governing(contract_of(world), view_of(period));
    if (rate == NULL) {
        cr_assert(eq(ptr, (void *)(uintptr_t)terms, NULL), "%s", period);
        return;
    }
    cr_assert(ne(ptr, (void *)(uintptr_t)terms, NULL), "%s", period);
    OWNED(rational_release) struct rational expected;
    rational_init(&expected);
    cr_assert(eq(int, rational_read_decimal(view_of(rate), &expected), STATUS_OK));
    const struct operand *found = &terms->terms.lines[0].operands[0];
    cr_assert(eq(int, rational_compare(&found->constant, &expected), 0), "%s", period);
}

Test(amendment, a_period_is_governed_by_the_newest_version_that_is_for_it)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    check_governed(&world, "4y", NULL);
    must_amend(&world, "tae",
               (struct terms_of_test){.rate = "0.6",
                                      .periods = FIRST "," SECOND "," THIRD "," FOURTH,
                                      .more = FROM("2y")});
    check_governed(&world, "1y", "0.5");
    check_governed(&world, "2y", "0.6");
    check_governed(&world, "4y", "0.6");
    must_amend(
        &world, "tae",
        (struct terms_of_test){.rate = "0.7", .periods = SECOND "," FOURTH, .more = FROM("4y")});
    check_governed(&world, "1y", "0.5"); /* left out, and still there */
    check_governed(&world, "3y", "0.6");
    check_governed(&world, "4y", "0.7");
    measure(&world, "2y", "100");
    must_settle(&world, "2y");
    must_amend(&world, "tae",
               (struct terms_of_test){.rate = "0.8",
                                      .periods = SECOND "," FOURTH,
                                      .more = FROM("4y") "'resettles':['2y'],"});
    check_governed(&world, "2y", "0.8");
    check_governed(&world, "3y", "0.6");
    close_world(&world);
}

Test(amendment, every_period_of_a_version_is_governed_by_some_version)
{
    struct world world;
    open_world(&world, (struct terms_of_test){.periods = SECOND "," THIRD});
    check_refused(&world, amend(&world, "tae", (struct terms_of_test){.more = FROM("2y")}),
                  "AMENDMENT_REWRITES", "/from");
    check_governed(&world, "1y", NULL);
    must_amend(&world, "tae", (struct terms_of_test){.rate = "0.6", .more = FROM("1y")});
    check_governed(&world, "1y", "0.6");
    check_governed(&world, "2y", "0.6");
    close_world(&world);
}

Test(amendment, a_period_that_is_not_governed_is_what_it_was)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    static const char *const OTHERS[] = {
        YEAR("1y", "2020-01-01", "2020-06-30") "," SECOND,
        YEAR("1y", "2019-01-01", "2020-12-31") "," SECOND,
        SECOND "," YEAR("3y", "2020-06-01", "2022-12-31"),
    };
    for (size_t i = 0; i < COUNT(OTHERS); i++) {
        struct terms_of_test terms = {.periods = OTHERS[i], .more = FROM("2y")};
        check_refused(&world, amend(&world, "tae", terms), "AMENDMENT_REWRITES", "/periods");
    }
    must_amend(&world, "tae", (struct terms_of_test){.more = FROM("2y")});
    close_world(&world);
}

/* --- What is refused --- */

#define LATE_FIRST YEAR("1y", "2020-01-02", "2020-12-31")
#define LIMIT(list, party, amount) \
    "'" list "':[{'party':'" party "','amount':{'amount':'" amount "','currency':'SEK'}}],"

Test(amendment, what_has_been_measured_settled_and_placed_stays)
{
    static const struct {
        struct terms_of_test terms;
        const char *code;
        const char *at;
    } ROWS[] = {
        {{.more = FROM("9y")}, "PERIOD_UNKNOWN", "/from"},
        {{.more = FROM("1y")}, "AMENDMENT_REWRITES", "/from"},
        {{.more = FROM("2y") "'resettles':['2y'],"}, "AMENDMENT_REWRITES", "/resettles/0"},
        {{.more = FROM("2y") "'resettles':['1y','1y'],"}, "NAME_REPEATED", "/resettles/1"},
        {{.periods = SECOND, .more = FROM("2y")}, "AMENDMENT_REWRITES", "/periods"},
        {{.periods = LATE_FIRST "," SECOND, .more = FROM("2y")}, "AMENDMENT_REWRITES", "/periods"},
        {{.currency = "EUR", .more = FROM("2y")}, "AMENDMENT_REWRITES", "/currency"},
        {{.outcome = "other", .more = FROM("2y")}, "AMENDMENT_REWRITES", "/outcomes"},
        {{.range = "'range':{'at_most':'99'},", .more = FROM("2y")},
         "AMENDMENT_REWRITES",
         "/outcomes"},
        {{.summed = "fee", .more = FROM("2y")}, "AMENDMENT_REWRITES", "/lines"},
        {{.more = FROM("2y") LIMIT("commitments", "a.se", "9.99")},
         "FUNDING_ABOVE_COMMITMENT",
         "/commitments/0/amount"},
        {{.more = FROM("2y") LIMIT("caps", "town.se", "49.99")}, "PAY_ABOVE_CAP", "/caps/0/amount"},
    };
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    must(&world,
         add(&world, "at",
             "{'kind':'funding','contract':'c','investor':'a.se','receiver':'town.se','amount':"
             "{'amount':'10.00','currency':'SEK'},'placed_on':'not_published',"
             "'reference':'not_published'}"),
         "funding");
    measure(&world, "1y", "100");
    must_settle(&world, "1y");
    for (size_t i = 0; i < COUNT(ROWS); i++) {
        check_refused(&world, amend(&world, "tae", ROWS[i].terms), ROWS[i].code, ROWS[i].at);
    }
    must_amend(&world, "tae",
               (struct terms_of_test){.range = "'range':{'at_most':'100'},",
                                      .more = FROM("2y") LIMIT("commitments", "a.se", "10.00")
                                          LIMIT("caps", "town.se", "50.00")});
    close_world(&world);
}

Test(amendment, a_contract_that_was_terminated_is_not_amended)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    must(&world,
         add(&world, "tae", "{'kind':'termination','contract':'c'," WHY "'on':'2021-06-01'}"),
         "termination");
    check_refused(&world, amend(&world, "tae", (struct terms_of_test){.more = FROM("2y")}),
                  "CONTRACT_TERMINATED", "");
    close_world(&world);
}

/* --- Settling again --- */

static const struct settlement *newest_settlement(const struct world *world)
{
    return contract_of(world)->last->settlement;
}

static void check_line(const struct world *world, size_t line, int64_t value)
{
    OWNED(rational_release) struct rational expected;
    rational_init(&expected);
    rational_set_integer(&expected, value);
    const struct rational *found = &newest_settlement(world)->values.lines[line].value;
    cr_assert(eq(int, rational_compare(found, &expected), 0), "line %zu", line);
}

Test(amendment, what_is_owed_less_by_new_terms_is_a_credit_and_settled_once)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    measure(&world, "1y", "100");
    must_settle(&world, "1y");
    must_amend(&world, "tae",
               (struct terms_of_test){.rate = "0.2", .more = FROM("2y") "'resettles':['1y'],"});
    must_settle(&world, "1y");
    const struct settlement *again = newest_settlement(&world);
    cr_assert(again->is_supplementary && again->is_amended);
    cr_assert(eq(i64, again->pays[0].carried_out.minor, 3000));
    check_refused(&world, settle(&world, "te", "1y"), "SETTLEMENT_REPEATED", "/computed/period");

    must_amend(&world, "tae", (struct terms_of_test){.rate = "1", .more = FROM("2y")});
    measure(&world, "2y", "40");
    must_settle(&world, "2y");
    cr_assert(eq(i64, newest_settlement(&world)->pays[0].carried_in.minor, 3000));
    cr_assert(eq(i64, newest_settlement(&world)->pays[0].amount.minor, 1000));
    close_world(&world);
}

#define NO_SUM "{'funded':'total'}"

Test(amendment, a_pay_that_the_new_terms_do_not_have_is_withdrawn)
{
    struct world world;
    open_world(&world, (struct terms_of_test){.reads = NO_SUM});
    measure(&world, "1y", "100");
    must_settle(&world, "1y");
    must_amend(&world, "tae",
               (struct terms_of_test){
                   .reads = NO_SUM, .summed = "fee", .more = FROM("2y") "'resettles':['1y'],"});
    must_settle(&world, "1y");
    const struct settlement *again = newest_settlement(&world);
    cr_assert(eq(sz, again->pay_count, 2));
    cr_assert(view_is(again->pays[0].line, "fee"));
    cr_assert(eq(i64, again->pays[0].amount.minor, 5000));
    cr_assert(view_is(again->pays[1].line, "payout"));
    cr_assert(again->pays[1].is_withdrawn);
    cr_assert(eq(i64, again->pays[1].amount.minor, 0));
    cr_assert(eq(i64, again->pays[1].carried_out.minor, 5000));

    /* The credit waits until some version has the place again. */
    must_amend(&world, "tae", (struct terms_of_test){.reads = NO_SUM, .more = FROM("2y")});
    measure(&world, "2y", "60");
    must_settle(&world, "2y");
    cr_assert(eq(sz, newest_settlement(&world)->pay_count, 1));
    cr_assert(eq(i64, newest_settlement(&world)->pays[0].carried_in.minor, 3000));
    close_world(&world);
}

Test(amendment, a_sum_that_only_new_terms_read_is_that_before_the_first_settlement)
{
    struct world world;
    open_world(&world, (struct terms_of_test){.reads = NO_SUM});
    measure(&world, "1y", "100");
    must_settle(&world, "1y");
    measure(&world, "2y", "70");
    must_settle(&world, "2y");
    must_amend(&world, "tae", (struct terms_of_test){.more = FROM("3y") "'resettles':['2y'],"});
    must_settle(&world, "2y");
    check_line(&world, 1, 50);
    measure(&world, "3y", "0");
    must_settle(&world, "3y");
    check_line(&world, 1, 85);
    close_world(&world);
}

/* --- Parties --- */

Test(amendment, whoever_leaves_and_whoever_comes_signs)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    struct terms_of_test terms = {.investors = "'a.se','b.se'", .more = FROM("2y")};
    check_refused(&world, amend(&world, "tae", terms), "SIGNER_MISSING", "");
    check_refused(&world, amend(&world, "tabef", terms), "SIGNER_NOT_ALLOWED", "");
    must_amend(&world, "tabe", terms);
    terms.investors = "'a.se'";
    check_refused(&world, amend(&world, "tae", terms), "SIGNER_MISSING", "");
    must_amend(&world, "tabe", terms);
    must_amend(&world, "tae", terms); /* whoever left need not sign any more */
    close_world(&world);
}

Test(amendment, the_new_evaluator_corrects_and_the_old_one_does_not)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    measure(&world, "1y", "100");
    char text[700];
    OWNED(buffer_release) struct buffer id;
    buffer_init(&id, 80);
    must(&world, hex_write(&id, hash_view(&contract_of(&world)->head)), "id");
    (void)snprintf(text, sizeof text,
                   "{'kind':'correction','contract':'c'," WHY "'corrects':'sha256:%.*s',"
                   "'evaluator':'eval.se','values':[{'outcome':'saving','value':'80'}]}",
                   VIEW_ARGS(buffer_view(&id)));
    must_settle(&world, "1y");
    must_amend(&world, "taef", (struct terms_of_test){.evaluator = "fresh.se", .more = FROM("2y")});
    check_refused(&world, add(&world, "e", text), "ROLE_PARTY", "/values/0/outcome");
    char *evaluator = strstr(text, "eval.se'");
    (void)snprintf(evaluator, 200, "fresh.se','values':[{'outcome':'saving','value':'80'}]}");
    must(&world, add(&world, "f", text), "correction");
    must(&world, settle(&world, "tf", "1y"), "the newest evaluator signs");
    cr_assert(eq(i64, newest_settlement(&world)->pays[0].carried_out.minor, 1000));
    cr_assert(not(newest_settlement(&world)->is_amended)); /* version 1 governs still */
    close_world(&world);
}

/* --- Sums --- */

Test(amendment, sums_and_caps_go_on_over_versions)
{
    struct world world;
    open_world(&world, (struct terms_of_test){0});
    measure(&world, "1y", "100");
    must_settle(&world, "1y");
    must_amend(&world, "tae",
               (struct terms_of_test){.more = FROM("2y") LIMIT("caps", "town.se", "80.00")});
    measure(&world, "2y", "50");
    must_settle(&world, "2y");
    check_line(&world, 1, 50);
    measure(&world, "3y", "11"); /* 50 + 25 + 5.50 is above 80 */
    check_refused(&world, settle(&world, "te", "3y"), "PAY_ABOVE_CAP", "/computed/pays");
    close_world(&world);
}
