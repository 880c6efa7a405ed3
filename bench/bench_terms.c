/*
 * Computing: how many settlements of a contract of thirty lines one processor computes, and whether
 * the cost of a rate card and of blocks grows with their items and no faster.
 */

#include "bench/bench.h"
#include "contracts/simulation/assumptions.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 5 /* the best counts: a shared machine only ever makes things slower */
#define SETTLEMENTS 20000
#define WANTED_A_MINUTE 1000000.0
#define ITEMS_FEW 100
#define ITEMS_MANY 1000
#define GROWTH_MAX 1.5 /* of the cost of an item, where there are ten times as many */

static const char HEAD[] =
    "{\"kind\":\"contract\",\"version\":1,\"ledger\":\"bench.example/utfall\","
    "\"date\":\"2026-01-01\",\"contract\":\"bench\",\"title\":{\"en\":\"Bench\"},"
    "\"agreed_on\":\"not_published\",\"roles\":{\"payer\":[\"a.example\"],\"investor\":[\"b."
    "example\","
    "\"d.example\"],\"evaluator\":[\"c.example\"]},\"cohort\":{\"description\":{\"en\":\"-\"},"
    "\"size\":\"not_published\"},\"currency\":\"SEK\",\"outcomes\":[{\"outcome\":\"jobs\","
    "\"label\":{\"en\":\"Jobs\"},\"unit\":\"1\",\"class\":\"paying\",\"evaluator\":\"c.example\","
    "\"source\":\"not_published\",\"missing_data\":\"not_published\"}],\"periods\":[{\"period\":"
    "\"1y\",\"from\":\"2026-01-01\",\"to\":\"2026-12-31\",\"due\":\"not_published\",\"binding\":"
    "true}],\"dispute\":\"not_published\",\"legal_basis\":\"not_published\",\"lines\":[";

static const char TAIL[] =
    "{\"line\":\"payout\",\"label\":{\"en\":\"Payout\"},\"round\":\"last\",\"to\":{\"value\":"
    "\"0.01\",\"unit\":\"SEK\"},\"by\":\"half_even\"}],\"pays\":[{\"pay\":\"payout\",\"from\":"
    "\"a.example\",\"to\":[{\"party\":\"b.example\",\"share\":\"2\"},{\"party\":\"d.example\","
    "\"share\":\"1\"}]}]}";

#define LINE(name, operation) \
    "{\"line\":\"" name "\",\"label\":{\"en\":\"" name "\"}," operation "},"
#define SEK(amount) "{\"value\":\"" amount "\",\"unit\":\"SEK\"}"

/* Seven lines, of which a contract of thirty has four times; each block begins with "value". */
static const char BLOCK[] = LINE("saving%zu", "\"multiply\":[\"value\"," SEK("1234.56") "]") LINE(
    "counted%zu", "\"clamp\":\"saving%zu\",\"at_least\":" SEK("0") ",\"at_most\":" SEK("90000"))
    LINE("rate%zu",
         "\"tiers\":\"value\",\"steps\":[{\"at_least\":\"10\",\"then\":\"0.1\"},"
         "{\"above\":\"20\",\"then\":\"0.25\"},{\"at_least\":\"40\",\"then\":\"0.4\"}],"
         "\"otherwise\":\"0\"") LINE("share%zu", "\"multiply\":[\"rate%zu\",\"counted%zu\"]")
        LINE("score%zu",
             "\"curve\":\"value\",\"points\":[[\"0\",\"0\"],[\"30\",\"0.9\"],[\"60\",\"1\"]]")
            LINE("bonus%zu", "\"when\":{\"all\":[{\"at_least\":[\"score%zu\",\"0.5\"]},{\"above\":"
                             "[\"counted%zu\"," SEK(
                                 "1000") "]}]},\"then\":\"share%zu\",\"otherwise\":" SEK("0"))
                LINE("sum%zu", "\"add\":[\"share%zu\",\"bonus%zu\"]");

static enum status append_blocks(struct buffer *text)
{
    TRY(buffer_append_text(text,
                           LINE("value", "\"take\":{\"measured\":\"jobs\",\"field\":\"value\"}")));
    for (size_t n = 0; n < 4; n++) {
        for (const char *at = BLOCK; *at != '\0'; at++) { /* %zu is the block's number */
            if (at[0] == '%') {
                TRY(buffer_append_format(text, "%zu", n));
                at += 2;
                continue;
            }
            TRY(buffer_append_byte(text, *at));
        }
    }
    return buffer_append_text(text, LINE("last", "\"add\":[\"sum0\",\"sum1\",\"sum2\",\"sum3\"]"));
}

static enum status append_rate_card(struct buffer *text, size_t items)
{
    TRY(buffer_append_text(text, "{\"line\":\"last\",\"label\":{\"en\":\"last\"},\"rate_card\":["));
    for (size_t i = 0; i < items; i++) {
        TRY(buffer_append_format(text,
                                 "%s{\"item\":\"i%zu\",\"label\":{\"en\":\"i\"},\"count\":"
                                 "{\"measured\":\"jobs\",\"field\":\"value\"},\"price\":"
                                 "{\"value\":\"%zu\",\"unit\":\"SEK\"},\"count_at_most\":\"12\"}",
                                 i == 0 ? "" : ",", i, i + 1));
    }
    return buffer_append_text(text, "]},");
}

static enum status append_brackets(struct buffer *text, size_t items)
{
    TRY(buffer_append_text(text, "{\"line\":\"last\",\"label\":{\"en\":\"last\"},\"brackets\":"
                                 "{\"measured\":\"jobs\",\"field\":\"value\"},\"blocks\":["));
    for (size_t i = 0; i < items; i++) {
        TRY(buffer_append_format(text,
                                 "%s{\"from\":\"%zu\",\"rate\":{\"value\":\"%zu\",\"unit\":"
                                 "\"SEK\"}}",
                                 i == 0 ? "" : ",", i, i + 1));
    }
    return buffer_append_text(text, "]},");
}

typedef enum status append_lines(struct buffer *text, size_t items);

static enum status append_thirty(struct buffer *text, size_t items)
{
    (void)items;
    return append_blocks(text);
}

/* The contract with these lines, read and checked. */
static struct statement *make_contract(append_lines *append, size_t items)
{
    struct failure failure = {0};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    if (buffer_append_text(&text, HEAD) != STATUS_OK || append(&text, items) != STATUS_OK ||
        buffer_append_text(&text, TAIL) != STATUS_OK) {
        die("contract", &failure);
    }
    struct json *root;
    struct statement *statement = NULL;
    if (json_parse(buffer_view(&text), &root, &failure) != STATUS_OK ||
        statement_read_tree(root, &statement, &failure) != STATUS_OK ||
        statement_check(statement, &failure) != STATUS_OK) {
        die("contract", &failure);
    }
    return statement;
}

/* Seconds for one settlement, every line and every pay of it. */
static double settlement_seconds(append_lines *append, size_t items, const char *jobs)
{
    struct failure failure = {0};
    OWNED(statement_freep) struct statement *statement = make_contract(append, items);
    struct assumptions assumptions;
    struct settlement settlement;
    OWNED(rational_release) struct rational value;
    rational_init(&value);
    settlement_init(&settlement);
    struct assumed_cell cell = {.field = MEASURED_VALUE};
    if (assumptions_init(&assumptions, &statement->contract) != STATUS_OK ||
        rational_read_decimal(view_of(jobs), &value) != STATUS_OK ||
        assumptions_set_measured(&assumptions, &cell, &value, &failure) != STATUS_OK) {
        die("assumptions", &failure);
    }
    struct settlement_source source = assumptions_source(&assumptions);
    const unsigned count = items > 1 ? (unsigned)(SETTLEMENTS / items) : SETTLEMENTS;
    double best = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        double start = now();
        for (unsigned i = 0; i < count; i++) {
            if (settlement_compute(&source, 0, &settlement, &failure) != STATUS_OK) {
                die("settlement", &failure);
            }
        }
        double seconds = (now() - start) / count;
        best = round == 0 || seconds < best ? seconds : best;
    }
    settlement_release(&settlement);
    assumptions_release(&assumptions);
    return best;
}

static bool bench_growth(const char *what, append_lines *append)
{
    double few = settlement_seconds(append, ITEMS_FEW, "999.5") / ITEMS_FEW;
    double many = settlement_seconds(append, ITEMS_MANY, "999.5") / ITEMS_MANY;
    return report(what, many / few, "<=", GROWTH_MAX, many / few <= GROWTH_MAX);
}

bool bench_terms(void)
{
    double a_minute = 60 / settlement_seconds(append_thirty, 1, "33.25");
    printf("settlements of 30 lines: %.0f a minute on one core\n", a_minute);
    bool holds = report("of a million settlements a minute and core", a_minute / WANTED_A_MINUTE,
                        ">=", 1, a_minute >= WANTED_A_MINUTE);
    holds =
        bench_growth("cost of a rate card's item, 1,000 against 100", append_rate_card) && holds;
    return bench_growth("cost of a block, 1,000 against 100", append_brackets) && holds;
}
