/*
 * Terms support: contracts of a few lines, opened, evaluated and refused. Everything that goes
 * wrong in here fails the test.
 *
 * JSON is written with ' for ", so that it can be read.
 */
#pragma once

#include "contracts/terms/terms.h"
#include "ledger/base/buffer.h"

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define FIXTURE_ARENA_MAX ((size_t)128 * 1024 * 1024)
#define FIXTURE_TEXT_SIZE 2100 /* a fraction of 1,000 digits a side */
#define LABEL "'label':{'en':'A label','sv':'En etikett'},"

#define OUTCOMES                                                                             \
    "[{'outcome':'score'," LABEL "'unit':'1','count_unit':'person','class':'paying',"        \
    "'evaluator':'lumell.se','source':{'en':'Register'},'missing_data':'not_published'},"    \
    "{'outcome':'saving'," LABEL "'unit':'SEK','class':'condition','evaluator':'lumell.se'," \
    "'source':'not_published','missing_data':{'en':'None'},'baseline':{'en':'2013'}}]"
#define PERIODS                                                                   \
    "[{'period':'1y','from':'2016-08-01','to':'2017-07-31','due':'2017-07-31',"   \
    "'binding':true},"                                                            \
    "{'period':'2y','from':'2016-08-01','to':'2018-07-31','due':'not_published'," \
    "'binding':false}]"
#define SCORE "{'measured':'score','field':'value'}"
#define SCORE_2Y "{'measured':'score','field':'value','period':'2y'}"
#define SAVING "{'measured':'saving','field':'value'}"
#define SEK(amount) "{'value':'" amount "','unit':'SEK'}"

/* The lines that most tests stand on: x (1), kr (SEK), n (person). */
#define BASE_LINES                              \
    "{'line':'x'," LABEL "'take':" SCORE "},"   \
    "{'line':'kr'," LABEL "'take':" SAVING "}," \
    "{'line':'n'," LABEL "'take':{'measured':'score','field':'count'}}"
#define LINE(name, operation) "{'line':'" name "'," LABEL operation "}"

/* The members of a contract; NULL for those above. */
struct parts {
    const char *currency;
    const char *outcomes;
    const char *periods;
    const char *lines; /* items */
    const char *pays;  /* items */
};

/* What has been measured, as decimals; NULL: it has not. */
struct facts {
    const char *score;
    const char *saving;
    const char *count;
    const char *score_2y;
    const char *funded;
    const char *paid;
    const char *earlier;
    const char *any; /* every other number of every outcome */
};

struct terms_fixture {
    struct json *root;
    struct arena arena;
    struct terms terms;
    struct facts facts;
    struct terms_values values;
    struct failure failure;
};

void fixture_release(struct terms_fixture *fixture);

/* The JSON, with parts that are NULL from above. */
void fixture_parse(struct terms_fixture *fixture, const struct parts *parts);

/* Reads and checks; fixture_release what was opened, also after a refusal. */
enum status fixture_open(struct terms_fixture *fixture, const struct parts *parts);
enum status fixture_open_lines(struct terms_fixture *fixture, const char *lines);
void fixture_must_open(struct terms_fixture *fixture, const char *lines);

/* Appends lines to an array of them. */
void fixture_append_lines(struct buffer *buffer, const char *const *lines, size_t count);

/* `count` lines l0, l1, ...; each is `format` with the name of the line before it for "@". */
void fixture_make_chain(struct buffer *lines, const char *first, const char *format, size_t count);

/* What fixture->facts say; the sum of line i is `earlier`, plus i. */
struct terms_source fixture_source(const struct terms_fixture *fixture);

enum status fixture_evaluate(struct terms_fixture *fixture);

/* The last line's value as a fraction, or the code of the refusal. */
void fixture_evaluate_last(struct terms_fixture *fixture, char ret_text[static FIXTURE_TEXT_SIZE]);

/* Accepted terms can be computed for every admissible measurement: `row` names them. */
void fixture_assert_computable(struct terms_fixture *fixture, const char *row);

/* A line `y` after the base lines, evaluated with a score of x. */
struct operation_row {
    const char *operation;
    const char *x;
    const char *expected; /* a fraction, or the code of a refusal */
    enum line_way way;
    size_t step;
};

void fixture_assert_operations(const struct operation_row *rows, size_t count);

/* What is refused, with which code and place. */
struct refusal_row {
    const char *text;
    const char *code;
    const char *at;
};

void fixture_assert_refused(const struct parts *parts, const struct refusal_row *row);

/* Each row is a line `y` after the base lines. */
void fixture_assert_lines_refused(const struct refusal_row *rows, size_t count);
