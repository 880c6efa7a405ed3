#include "tests/support/terms_support.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdint.h>
#include <stdio.h>

void fixture_release(struct terms_fixture *fixture)
{
    terms_values_release(&fixture->values);
    terms_release(&fixture->terms);
    arena_release(&fixture->arena);
    json_free(fixture->root);
}

static const char *or_default(const char *given, const char *otherwise)
{
    return given != NULL ? given : otherwise;
}

void fixture_parse(struct terms_fixture *fixture, const struct parts *parts)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    enum status status = buffer_append_format(
        &text, "{'currency':%s,'outcomes':%s,'periods':%s,'lines':[%s],'pays':[%s]}",
        or_default(parts->currency, "'SEK'"), or_default(parts->outcomes, OUTCOMES),
        or_default(parts->periods, PERIODS), or_default(parts->lines, BASE_LINES),
        or_default(parts->pays, ""));
    cr_assert(eq(int, status, STATUS_OK));
    for (size_t i = 0; i < text.size; i++) {
        text.data[i] = text.data[i] == '\'' ? '"' : text.data[i];
    }
    status = json_parse(buffer_view(&text), &fixture->root, &fixture->failure);
    cr_assert(eq(int, status, STATUS_OK), "%s: %s in %s", fixture->failure.at,
              fixture->failure.reason, text.data);
}

enum status fixture_open(struct terms_fixture *fixture, const struct parts *parts)
{
    *fixture = (struct terms_fixture){.root = NULL};
    arena_init(&fixture->arena, FIXTURE_ARENA_MAX);
    terms_values_init(&fixture->values);
    fixture_parse(fixture, parts);
    const struct terms_nodes nodes = {
        .currency = json_member(fixture->root, "currency"),
        .outcomes = json_member(fixture->root, "outcomes"),
        .periods = json_member(fixture->root, "periods"),
        .lines = json_member(fixture->root, "lines"),
        .pays = json_member(fixture->root, "pays"),
    };
    TRY(terms_read(&nodes, &fixture->arena, &fixture->terms, &fixture->failure));
    return terms_check(&fixture->terms, &fixture->failure);
}

void fixture_append_lines(struct buffer *buffer, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cr_assert(eq(int,
                     buffer_append_format(buffer, "%s%s", buffer->size > 0 ? "," : "", lines[i]),
                     STATUS_OK));
    }
}

enum status fixture_open_lines(struct terms_fixture *fixture, const char *lines)
{
    return fixture_open(fixture, &(struct parts){.lines = lines});
}

void fixture_must_open(struct terms_fixture *fixture, const char *lines)
{
    enum status status = fixture_open_lines(fixture, lines);
    cr_assert(eq(int, status, STATUS_OK), "%s %s: %s in %s", fixture->failure.code,
              fixture->failure.at, fixture->failure.reason, lines);
}

static enum status read_fact(const char *fact, struct rational *ret_value)
{
    return fact == NULL ? STATUS_NOT_FOUND : rational_read_decimal(view_of(fact), ret_value);
}

static enum status measured(const void *context, size_t outcome, size_t period,
                            enum measured_field field, struct rational *ret_value)
{
    const struct facts *facts = context;
    if (outcome == 0 && field == MEASURED_VALUE) {
        return read_fact(period == 0 ? facts->score : facts->score_2y, ret_value);
    }
    if (outcome == 0 && field == MEASURED_COUNT && period == 0) {
        return read_fact(facts->count, ret_value);
    }
    if (outcome == 1 && field == MEASURED_VALUE && period == 0) {
        return read_fact(facts->saving, ret_value);
    }
    return read_fact(facts->any, ret_value);
}

static enum status funded(const void *context, struct view investor, struct rational *ret_value)
{
    (void)investor;
    return read_fact(((const struct facts *)context)->funded, ret_value);
}

static enum status paid(const void *context, size_t line, struct rational *ret_value)
{
    (void)line;
    return read_fact(((const struct facts *)context)->paid, ret_value);
}

/* The sum of line i is `earlier`, plus i. */
static enum status earlier(const void *context, size_t line, struct rational *ret_value)
{
    OWNED(rational_release) struct rational index;
    rational_init(&index);
    rational_set_integer(&index, (int64_t)line);
    TRY(read_fact(((const struct facts *)context)->earlier, ret_value));
    return rational_add(ret_value, ret_value, &index);
}

struct terms_source fixture_source(const struct terms_fixture *fixture)
{
    return (struct terms_source){.measured = measured,
                                 .funded = funded,
                                 .paid = paid,
                                 .earlier = earlier,
                                 .context = &fixture->facts};
}

enum status fixture_evaluate(struct terms_fixture *fixture)
{
    struct terms_source source = fixture_source(fixture);
    return terms_evaluate(&fixture->terms, 0, &source, &fixture->values, &fixture->failure);
}

void fixture_evaluate_last(struct terms_fixture *fixture, char ret_text[static FIXTURE_TEXT_SIZE])
{
    if (fixture_evaluate(fixture) != STATUS_OK) {
        (void)snprintf(ret_text, FIXTURE_TEXT_SIZE, "%s", fixture->failure.code);
        return;
    }
    cr_assert(eq(sz, fixture->values.count, fixture->terms.line_count));
    OWNED(buffer_release) struct buffer buffer;
    buffer_init(&buffer, FIXTURE_TEXT_SIZE - 1);
    const struct line_value *last = &fixture->values.lines[fixture->values.count - 1];
    cr_assert(eq(int, rational_write_fraction(&last->value, &buffer), STATUS_OK));
    (void)snprintf(ret_text, FIXTURE_TEXT_SIZE, "%s", buffer.data);
}

void fixture_assert_operations(const struct operation_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct operation_row *row = &rows[i];
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        cr_assert(
            eq(int,
               buffer_append_format(&lines, BASE_LINES ",{'line':'y'," LABEL "%s}", row->operation),
               STATUS_OK));
        struct terms_fixture fixture;
        fixture_must_open(&fixture, lines.data);
        fixture.facts =
            (struct facts){.score = row->x, .saving = "1000", .count = "60", .score_2y = "4"};
        char text[FIXTURE_TEXT_SIZE];
        fixture_evaluate_last(&fixture, text);
        cr_assert(eq(str, text, (char *)row->expected), "%s of %s: %s", row->operation, row->x,
                  fixture.failure.reason);
        if (fixture.values.count == 4) {
            cr_assert(eq(int, fixture.values.lines[3].way, row->way), "%s of %s", row->operation,
                      row->x);
            cr_assert(eq(sz, fixture.values.lines[3].step, row->step), "%s of %s", row->operation,
                      row->x);
        } else {
            cr_assert(eq(sz, fixture.values.count, 3), "%s", row->operation);
            cr_assert(eq(str, fixture.failure.at, (char *)"/lines/3"), "%s", row->operation);
        }
        fixture_release(&fixture);
    }
}

void fixture_assert_refused(const struct parts *parts, const struct refusal_row *row)
{
    struct terms_fixture fixture;
    enum status status = fixture_open(&fixture, parts);
    cr_assert(ne(int, status, STATUS_OK), "%s was accepted", row->text);
    cr_assert(eq(str, fixture.failure.code, (char *)row->code), "%s: %s", row->text,
              fixture.failure.reason);
    cr_assert(eq(str, fixture.failure.at, (char *)row->at), "%s: %s", row->text,
              fixture.failure.reason);
    fixture_release(&fixture);
}

void fixture_assert_lines_refused(const struct refusal_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        OWNED(buffer_release) struct buffer lines;
        buffer_init(&lines, JSON_SIZE_MAX);
        cr_assert(eq(
            int, buffer_append_format(&lines, BASE_LINES ",{'line':'y'," LABEL "%s}", rows[i].text),
            STATUS_OK));
        fixture_assert_refused(&(struct parts){.lines = lines.data}, &rows[i]);
    }
}

void fixture_make_chain(struct buffer *lines, const char *first, const char *format, size_t count)
{
    cr_assert(eq(int, buffer_append_format(lines, "{'line':'l0'," LABEL "%s}", first), STATUS_OK));
    for (size_t i = 1; i < count; i++) {
        char operation[300];
        char before[40];
        (void)snprintf(before, sizeof before, "'l%zu'", i - 1);
        size_t used = 0;
        for (const char *at = format; *at != '\0'; at++) {
            used += (size_t)snprintf(operation + used, sizeof operation - used,
                                     *at == '@' ? "%s" : "%.1s", *at == '@' ? before : at);
        }
        cr_assert(eq(int, buffer_append_format(lines, ",{'line':'l%zu'," LABEL "%s}", i, operation),
                     STATUS_OK));
    }
}

/* The largest and smallest decimals that can be measured. */
static const char *const extremes[] = {"999999999999999999.999999999999",
                                       "-999999999999999999.999999999999",
                                       "0.000000000001",
                                       "-0.000000000001",
                                       "0.333333333333",
                                       "0.999999999999"};

void fixture_assert_computable(struct terms_fixture *fixture, const char *row)
{
    for (size_t i = 0; i < COUNT(extremes); i++) {
        fixture->facts = (struct facts){.score = extremes[i],
                                        .saving = extremes[i],
                                        .count = extremes[i],
                                        .score_2y = extremes[i],
                                        .funded = "9999999999999999.99",
                                        .paid = "9999999999999999.99",
                                        .earlier = "1",
                                        .any = extremes[i]};
        char text[FIXTURE_TEXT_SIZE];
        fixture_evaluate_last(fixture, text);
        cr_assert(ne(int, text[0], 'S'), "%s of %s: %s", row, extremes[i], fixture->failure.reason);
    }
}
