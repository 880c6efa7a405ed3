/*
 * Judge: what a ledger that holds nothing else would say to statements, without a ledger.
 *
 * Reads a JSON object a line and answers each with one:
 *
 *     {"log": vkey}        a new ledger of that log, with no entries
 *     {"note": text}       the note is the next entry, if it is not refused
 *     {"contract": name, "period": name}
 *                          what a settlement of that period comes to now
 *     {"forget": name}     the contract is not asked about any more
 *
 * The answer is {"ok":true}, `computed` of a settlement, or the refusal: {"at","code","reason"}. A
 * refused note leaves everything as it was. A test that has a second implementation asks it about
 * thousands of contracts' lives, in the time in which the real program would append a few hundred.
 */
#include "contracts/state/state.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>
#include <stdlib.h>

struct session {
    struct state *state; /* NULL before the first log */
    uint64_t size;       /* entries so far */
};

static enum status begin(struct session *session, struct view vkey, struct failure *failure)
{
    struct note_key log;
    TRY(note_key_parse(vkey, &log, failure));
    state_free(session->state);
    *session = (struct session){.state = NULL};
    return state_new(&log, &session->state);
}

static enum status admit(struct session *session, struct view note, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read(note, &statement, failure));
    TRY(state_admit(session->state, STEAL(statement), session->size, failure));
    session->size++;
    return STATUS_OK;
}

static enum status compute(const struct session *session, struct view name, struct view period,
                           struct json **ret_computed, struct failure *failure)
{
    const struct state_contract *contract = state_find_contract(session->state, name);
    if (contract == NULL) {
        return refuse(failure, RULE_CONTRACT_UNKNOWN, "/contract", "there is no such contract");
    }
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status = state_compute(contract, period, &settlement, ret_computed, failure);
    settlement_release(&settlement);
    return status;
}

static enum status answer(struct session *session, struct view line, struct json **ret_computed,
                          struct failure *failure)
{
    OWNED(json_freep) struct json *root = NULL;
    TRY(json_parse(line, &root, failure));
    const struct json *log = json_member(root, "log");
    const struct json *note = json_member(root, "note");
    const struct json *contract = json_member(root, "contract");
    const struct json *period = json_member(root, "period");
    const struct json *forgotten = json_member(root, "forget");
    if (log != NULL) {
        return begin(session, json_string(log), failure);
    }
    if (session->state == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "", "there is no log");
    }
    if (note != NULL) {
        return admit(session, json_string(note), failure);
    }
    if (contract != NULL && period != NULL) {
        return compute(session, json_string(contract), json_string(period), ret_computed, failure);
    }
    if (forgotten != NULL) {
        state_forget_contract(session->state, json_string(forgotten));
        return STATUS_OK;
    }
    return fail(failure, STATUS_INVALID, "", "nothing that can be asked");
}

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
    struct session session = {.state = NULL};
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
            fflush(stdout);
        }
    }
    state_free(session.state);
    free(line);
    return status;
}
