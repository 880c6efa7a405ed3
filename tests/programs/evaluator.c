/*
 * Evaluator: what contracts come to, without a ledger.
 *
 * Reads a JSON object a line and answers each with one:
 *
 *     a contract       is checked as far as it can be alone, and is the one that the next lines are
 *                      about; a contract that was refused is not
 *     a measurement    of the contract, counts for the next form only
 *     a form, {"period":"2y", "funded":{"a.se":"100"}, "paid":{"payout":"-1/2"},
 *              "earlier":{"payout":"3"}}
 *                      is filled in; what is not said was never funded, paid or settled
 *
 * The answer is {"ok":true}, a form's `computed` without inputs, or the refusal: {"at","code",
 * "reason"}. A test that has a second implementation asks it about thousands of contracts, in the
 * time in which the real program would begin a few dozen times.
 */
#include "contracts/settlement/settlement.h"
#include "contracts/statement/statement.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define MEASUREMENTS_MAX TERMS_PERIODS_MAX

struct session {
    struct statement *contract; /* NULL before the first, and after one that was refused */
    size_t measurement_count;
    struct statement *measurements[MEASUREMENTS_MAX];
    const struct json *form; /* while one is filled in */
};

static const struct terms *terms_of(const struct session *session)
{
    return &session->contract->contract.terms;
}

static void forget_measurements(struct session *session)
{
    for (size_t i = 0; i < session->measurement_count; i++) {
        statement_free(session->measurements[i]);
    }
    session->measurement_count = 0;
}

static void forget_contract(struct session *session)
{
    forget_measurements(session);
    statement_free(session->contract);
    session->contract = NULL;
}

/* --- Where values come from --- */

static const struct measured_value *find_measured(const struct measurement *measurement,
                                                  struct view outcome)
{
    for (size_t i = 0; i < measurement->value_count; i++) {
        if (view_equal(measurement->values[i].outcome, outcome)) {
            return &measurement->values[i];
        }
    }
    return NULL;
}

static enum status read_measured(const void *context, size_t outcome, size_t period,
                                 enum measured_field field, struct rational *ret_value)
{
    const struct session *session = context;
    const struct terms *terms = terms_of(session);
    for (size_t i = 0; i < session->measurement_count; i++) {
        const struct measurement *measurement = &session->measurements[i]->measurement;
        if (!view_equal(measurement->period, terms->periods[period].name)) {
            continue;
        }
        const struct measured_value *value =
            find_measured(measurement, terms->outcomes[outcome].name);
        if (value != NULL && value->has[field]) {
            rational_set(ret_value, &value->fields[field]);
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

/* The sum of what an object of the form says, or one member of it. */
static enum status read_said(const struct session *session, const char *what, const char *name,
                             struct rational *ret_value)
{
    const struct json *said = json_member(session->form, what);
    rational_set_integer(ret_value, 0);
    OWNED(rational_release) struct rational one;
    rational_init(&one);
    for (const struct json *node = said == NULL ? NULL : json_first(said); node != NULL;
         node = json_next(node)) {
        if (name[0] == '\0' || view_is(json_name(node), name)) {
            TRY(rational_read_fraction(json_string(node), &one));
            TRY(rational_add(ret_value, ret_value, &one));
        }
    }
    return STATUS_OK;
}

/* A name with a NUL after it; views of names have none. */
struct name {
    char text[NAME_SIZE_MAX + 1];
};

static struct name name_of(struct view view)
{
    struct name name;
    assert(view.size < sizeof name.text);
    memcpy(name.text, view.data, view.size);
    name.text[view.size] = '\0';
    return name;
}

static enum status read_funded(const void *context, struct view investor,
                               struct rational *ret_value)
{
    return read_said(context, "funded", name_of(investor).text, ret_value);
}

static enum status read_of_line(const struct session *session, const char *what, size_t line,
                                struct rational *ret_value)
{
    struct view name = line == SIZE_MAX ? VIEW("") : terms_of(session)->lines[line].name;
    return read_said(session, what, name_of(name).text, ret_value);
}

static enum status read_paid(const void *context, size_t line, struct rational *ret_value)
{
    return read_of_line(context, "paid", line, ret_value);
}

static enum status read_earlier(const void *context, size_t line, struct rational *ret_value)
{
    return read_of_line(context, "earlier", line, ret_value);
}

/* --- What is asked --- */

static enum status take_contract(struct session *session, struct json *root,
                                 struct failure *failure)
{
    forget_contract(session);
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read_tree(root, &statement, failure));
    TRY(statement_check(statement, failure));
    session->contract = STEAL(statement);
    return STATUS_OK;
}

static enum status check_measurement(const struct session *session,
                                     const struct measurement *measurement, struct failure *failure)
{
    const struct terms *terms = terms_of(session);
    for (size_t i = 0; i < measurement->value_count; i++) {
        const struct measured_value *value = &measurement->values[i];
        size_t outcome = terms_find_outcome(terms, value->outcome);
        if (outcome == SIZE_MAX) {
            return refuse(failure, RULE_OUTCOME_UNKNOWN, "/values", "the contract has no such one");
        }
        TRY(measured_value_check_outcome(value, &terms->outcomes[outcome], failure));
    }
    return STATUS_OK;
}

static enum status take_measurement(struct session *session, struct json *root,
                                    struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read_tree(root, &statement, failure));
    TRY(statement_check(statement, failure));
    TRY(check_measurement(session, &statement->measurement, failure));
    if (session->measurement_count == MEASUREMENTS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "more measurements than periods");
    }
    session->measurements[session->measurement_count++] = STEAL(statement);
    return STATUS_OK;
}

static enum status fill_in(struct session *session, const struct json *form,
                           struct json **ret_computed, struct failure *failure)
{
    const struct json *period = json_member(form, "period");
    size_t index =
        period == NULL ? SIZE_MAX : terms_find_period(terms_of(session), json_string(period));
    if (index == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/period", "the contract has no such period");
    }
    session->form = form;
    const struct settlement_source source = {
        .contract = &session->contract->contract,
        .terms = {.measured = read_measured,
                  .funded = read_funded,
                  .paid = read_paid,
                  .earlier = read_earlier,
                  .context = session},
    };
    OWNED(settlement_release) struct settlement settlement;
    settlement_init(&settlement);
    TRY(settlement_compute(&source, index, &settlement, failure));
    return settlement_to_json(source.contract, &settlement, NULL, 0, ret_computed, failure);
}

static enum status answer(struct session *session, struct view line, struct json **ret_computed,
                          struct failure *failure)
{
    OWNED(json_freep) struct json *root = NULL;
    TRY(json_parse(line, &root, failure));
    const struct json *kind = json_member(root, "kind");
    if (kind != NULL && view_is(json_string(kind), "contract")) {
        return take_contract(session, STEAL(root), failure);
    }
    if (session->contract == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "", "there is no contract");
    }
    if (kind != NULL) {
        return take_measurement(session, STEAL(root), failure);
    }
    enum status status = fill_in(session, root, ret_computed, failure);
    forget_measurements(session);
    return status;
}

/* --- Answers --- */

static enum status write_refusal(const struct failure *failure, struct buffer *text)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "at", view_of(failure->at)));
    TRY(json_set_string(object, "code", view_of(failure->code)));
    TRY(json_set_string(object, "reason", view_of(failure->reason)));
    return json_write_canonical(object, text);
}

static enum status write_answer(struct session *session, struct view line, struct buffer *text)
{
    OWNED(json_freep) struct json *computed = NULL;
    struct failure failure;
    enum status status = answer(session, line, &computed, &failure);
    if (status == STATUS_MEMORY) {
        return status;
    }
    if (status != STATUS_OK) {
        return write_refusal(&failure, text);
    }
    return computed == NULL ? buffer_append(text, VIEW("{\"ok\":true}"))
                            : json_write_canonical(computed, text);
}

int main(void)
{
    struct session session = {.contract = NULL};
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t size;
    int status = EXIT_SUCCESS;
    while (status == EXIT_SUCCESS && (size = getline(&line, &capacity, stdin)) > 0) {
        buffer_clear(&text);
        struct view bytes = {.data = line, .size = (size_t)size};
        if (write_answer(&session, bytes, &text) != STATUS_OK) {
            status = EXIT_FAILURE;
        } else {
            printf("%.*s\n", VIEW_ARGS(buffer_view(&text)));
        }
    }
    forget_contract(&session);
    free(line);
    return status;
}
