/* utfall disclose: shows that one record is among those of a measurement, or checks that. */

#include "cli/command.h"
#include "cli/entry.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/records.h"
#include "cli/workspace.h"
#include "contracts/records/disclosure.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- Gathering --- */

/* The leaves of all records, and the one that is asked for. */
struct gathering {
    struct salts_in salts;
    uint64_t row;
    bool is_found;
    uint64_t index;
    uint8_t salt[RECORD_SALT_SIZE];
    struct buffer record;
    struct record_leaves leaves;
};

static void gathering_release(struct gathering *gathering)
{
    salts_in_release(&gathering->salts);
    buffer_release(&gathering->record);
    record_leaves_release(&gathering->leaves);
}

static enum status next_salt(void *context, uint64_t index,
                             uint8_t ret_salt[static RECORD_SALT_SIZE], struct failure *failure)
{
    struct gathering *gathering = context;
    return salts_in_next(&gathering->salts, index, ret_salt, failure);
}

static enum status gather(void *context, const struct committed_record *record,
                          struct failure *failure)
{
    struct gathering *gathering = context;
    if (record_leaves_add(&gathering->leaves, &record->leaf) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (record->row != gathering->row) {
        return STATUS_OK;
    }
    gathering->is_found = true;
    gathering->index = record->index;
    memcpy(gathering->salt, record->salt, sizeof gathering->salt);
    return buffer_append(&gathering->record, record->text) == STATUS_OK ? STATUS_OK
                                                                        : fail_memory(failure);
}

/* --- The measurement --- */

static enum status read_entry(struct workspace *workspace, const char *word,
                              struct statement **ret_statement, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    uint64_t index;
    TRY(entry_find(ledger, word, &index, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(entry_read(ledger, index, &statement, failure));
    assert(statement != NULL);
    if (records_measurement(statement) == NULL) {
        return refuse(failure, RULE_KIND_UNKNOWN, "/kind",
                      "a measurement is asked for here, not a %s", kind_word(statement->kind));
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

static enum status make_plan(const struct invocation *invocation, struct workspace *workspace,
                             const struct statement *statement, struct measuring_plan *plan,
                             struct failure *failure)
{
    const struct measurement *measurement = records_measurement(statement);
    const struct state_contract *contract;
    TRY(workspace_load_contract(workspace, measurement->contract, &contract, failure));
    if (!measurement->records.is_given) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/records",
                      "the measurement commits to no records");
    }
    return records_plan(invocation, contract, statement, plan, failure);
}

/* --- Disclosing --- */

static enum status prove(const struct gathering *gathering, const struct statement *statement,
                         struct json **ret_root, struct failure *failure)
{
    const struct measurement *measurement = records_measurement(statement);
    if (!gathering->is_found) {
        return fail(failure, STATUS_NOT_FOUND, "--row",
                    "no record stands in row %" PRIu64 "; the header is row 1", gathering->row);
    }
    struct disclosure disclosure = {
        .contract = measurement->contract,
        .measurement = statement->id,
        .index = (int32_t)gathering->index,
        .count = (int32_t)gathering->leaves.count,
        .record = buffer_view(&gathering->record),
    };
    memcpy(disclosure.salt, gathering->salt, sizeof disclosure.salt);
    TRY(record_leaves_prove(&gathering->leaves, gathering->index, &disclosure.proof));
    /* What others would not believe is not handed out. */
    TRY(disclosure_verify(&disclosure, &measurement->records, failure));
    return disclosure_write(&disclosure, ret_root);
}

static enum status disclose(const struct invocation *invocation, struct gathering *gathering,
                            struct json **ret_root, struct failure *failure)
{
    if (decimal_u64_read(view_of(invocation->values[OPTION_ROW]), INT64_MAX, &gathering->row) !=
        STATUS_OK) {
        return fail(failure, STATUS_INVALID, "--row", "expected the number of a row");
    }
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(read_entry(workspace, invocation->operands[0], &statement, failure));
    assert(statement != NULL);
    struct measuring_plan plan = {0};
    TRY(make_plan(invocation, workspace, statement, &plan, failure));
    TRY(salts_in_open(&gathering->salts, invocation->values[OPTION_SALTS], failure));
    struct measuring_hooks hooks = {.context = gathering, .salt = next_salt, .visit = gather};
    OWNED(measuring_freep) struct measuring *measuring = NULL;
    TRY(records_read(invocation, &plan, &hooks, &measuring, failure));
    TRY(salts_in_end(&gathering->salts, failure));
    return prove(gathering, statement, ret_root, failure);
}

static int write_disclosed(const struct invocation *invocation, struct json *root)
{
    OWNED(json_freep) struct json *owned = root;
    const char *output = invocation->values[OPTION_OUTPUT];
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, (size_t)16 * JSON_SIZE_MAX);
    struct failure failure = {0};
    bool is_member = output_is_json(invocation) && file_is_standard(output);
    if (object == NULL || json_write_pretty(owned, &text) != STATUS_OK ||
        buffer_append_byte(&text, '\n') != STATUS_OK ||
        (!is_member && file_write(output, buffer_view(&text), 0600,
                                  has_option(invocation, OPTION_FORCE), &failure) != STATUS_OK)) {
        return output_failure(invocation, "", &failure);
    }
    if (!output_is_json(invocation)) {
        return EXIT_GOOD;
    }
    enum status set = is_member ? json_set(object, "disclosed", STEAL(owned))
                                : json_set_string(object, "file", view_of(output));
    return set == STATUS_OK ? output_json(STEAL(object)) : output_failure(invocation, "", &failure);
}

static int command_write(const struct invocation *invocation)
{
    struct gathering gathering = {0};
    buffer_init(&gathering.record, 8 * CSV_ROW_SIZE_MAX);
    struct json *root = NULL;
    struct failure failure = {0};
    enum status status = disclose(invocation, &gathering, &root, &failure);
    gathering_release(&gathering);
    return status == STATUS_OK
               ? write_disclosed(invocation, root)
               : output_failure(invocation, records_failed_file(invocation, &failure), &failure);
}

/* --- Checking --- */

struct checked {
    struct statement *statement;
    struct json *root;
    struct buffer record;
    struct disclosure disclosure;
};

static enum status check(const struct invocation *invocation, struct checked *checked,
                         struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(invocation->values[OPTION_CHECK], &bytes, failure));
    enum status status = json_parse(buffer_view(&bytes), &checked->root, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    TRY(disclosure_read(checked->root, &checked->record, &checked->disclosure, failure));
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    char id[2 * HASH_SIZE + 1];
    for (size_t i = 0; i < HASH_SIZE; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", checked->disclosure.measurement.bytes[i]);
    }
    TRY(read_entry(workspace, id, &checked->statement, failure));
    const struct measurement *measurement = records_measurement(checked->statement);
    if (!view_equal(measurement->contract, checked->disclosure.contract)) {
        return refuse(failure, RULE_RECORDS_DIFFER, "/contract", "the measurement is of %.*s",
                      VIEW_ARGS(measurement->contract));
    }
    return disclosure_verify(&checked->disclosure, &measurement->records, failure);
}

static int tell_checked(const struct invocation *invocation, const struct checked *checked)
{
    const struct measurement *measurement = records_measurement(checked->statement);
    if (!output_is_json(invocation)) {
        if (!output_is_quiet(invocation)) {
            printf(_("This is record %d of the %d that %.*s was measured from:\n"),
                   checked->disclosure.index + 1, checked->disclosure.count,
                   VIEW_ARGS(measurement->contract));
            printf("%.*s\n", VIEW_ARGS(checked->disclosure.record));
        }
        return EXIT_GOOD;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "contract", measurement->contract) != STATUS_OK ||
        json_set_integer(object, "index", checked->disclosure.index) != STATUS_OK ||
        json_set_integer(object, "count", checked->disclosure.count) != STATUS_OK ||
        json_set(object, "record", json_copy(json_member(checked->root, "record"))) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

static int command_check_record(const struct invocation *invocation)
{
    struct checked checked = {0};
    buffer_init(&checked.record, (size_t)8 * JSON_SIZE_MAX);
    struct failure failure = {0};
    int status = check(invocation, &checked, &failure) == STATUS_OK
                     ? tell_checked(invocation, &checked)
                     : output_failure(invocation, invocation->values[OPTION_CHECK], &failure);
    statement_free(checked.statement);
    json_free(checked.root);
    buffer_release(&checked.record);
    return status;
}

int command_disclose(const struct invocation *invocation)
{
    if (has_option(invocation, OPTION_CHECK)) {
        return invocation->operand_count == 0
                   ? command_check_record(invocation)
                   : output_usage(invocation,
                                  _("disclose --check takes no entry: the file names it"));
    }
    if (invocation->operand_count != 1) {
        return output_usage(invocation,
                            _("disclose takes a measurement of the ledger, or --check"));
    }
    if (!has_option(invocation, OPTION_RECORDS) || !has_option(invocation, OPTION_SALTS) ||
        !has_option(invocation, OPTION_ROW)) {
        return output_usage(invocation, _("say which record by --records, --salts and --row"));
    }
    return command_write(invocation);
}
