/* utfall audit-records: says whether a table of records gives what a measurement says. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/draft.h"
#include "cli/entry.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/records.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ABOUT_SIZE 200
#define NUMBER_SIZE 100

enum verdict_word { AGREES, DIFFERS, NOT_CHECKED };
static const char *const VERDICTS[] = {"agrees", "differs", "not_checked"};

/* What was compared, in texts. */
struct audit {
    const struct invocation *invocation;
    struct json *findings;
    size_t verdicts[3];
};

static const char *verdict_text(enum verdict_word verdict)
{
    switch (verdict) {
    case AGREES:
        return _("agrees");
    case DIFFERS:
        return _("differs");
    case NOT_CHECKED:
        break;
    }
    return _("not checked");
}

static enum status add_finding(struct audit *audit, const char *about, enum verdict_word verdict,
                               struct view stated, struct view given)
{
    audit->verdicts[verdict]++;
    if (!output_is_json(audit->invocation)) {
        if (verdict == DIFFERS) {
            printf(_("%s: differs: the measurement says %.*s, the records give %.*s\n"), about,
                   VIEW_ARGS(stated), VIEW_ARGS(given));
        } else if (!output_is_quiet(audit->invocation)) {
            printf("%s: %s\n", about, verdict_text(verdict));
        }
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "about", view_of(about)));
    TRY(json_set_string(object, "verdict", view_of(VERDICTS[verdict])));
    TRY(json_set_string(object, "stated", stated));
    TRY(json_set_string(object, "given", given));
    return json_push(audit->findings, STEAL(object));
}

static enum status compare_text(struct audit *audit, const char *about, struct view stated,
                                struct view given)
{
    return add_finding(audit, about, view_equal(stated, given) ? AGREES : DIFFERS, stated, given);
}

static enum status compare_count(struct audit *audit, const char *about, int32_t stated,
                                 uint64_t given)
{
    char texts[2][NUMBER_SIZE];
    (void)snprintf(texts[0], NUMBER_SIZE, "%d", stated);
    (void)snprintf(texts[1], NUMBER_SIZE, "%" PRIu64, given);
    return compare_text(audit, about, view_of(texts[0]), view_of(texts[1]));
}

/* --- The commitment --- */

static enum status compare_commitment(struct audit *audit, const struct measurement *measurement,
                                      const struct measuring *measuring, bool has_salts)
{
    struct measuring_counts counts;
    measuring_count(measuring, &counts);
    if (!measurement->records.is_given) {
        return add_finding(audit, "/records", NOT_CHECKED, VIEW(""), VIEW(""));
    }
    TRY(compare_count(audit, "/records/count", measurement->records.count, counts.records));
    struct display stated = display_hash(&measurement->records.root);
    if (!has_salts) {
        return add_finding(audit, "/records/root", NOT_CHECKED, view_of(stated.text), VIEW(""));
    }
    struct hash root = measuring_root(measuring);
    return compare_text(audit, "/records/root", view_of(stated.text),
                        view_of(display_hash(&root).text));
}

static enum status compare_cohort(struct audit *audit, const struct measurement *measurement,
                                  const struct measuring *measuring)
{
    if (measurement->cohort_count < 0) {
        return STATUS_OK;
    }
    struct measuring_counts counts;
    measuring_count(measuring, &counts);
    TRY(compare_count(audit, "/cohort/count", measurement->cohort_count, counts.people));
    return compare_count(audit, "/cohort/missing", measurement->missing_count,
                         counts.missing_people);
}

/* --- The values --- */

static enum status write_number(const struct measured_value *value, size_t field,
                                struct buffer *text)
{
    bool is_exact;
    return value->has[field] ? rational_write_decimal(&value->fields[field], 0,
                                                      DECIMAL_FRACTION_DIGITS_MAX, text, &is_exact)
                             : buffer_append_text(text, _("nothing"));
}

static enum status compare_value(struct audit *audit, const struct measured_value *stated,
                                 const struct measured_value *given)
{
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        if (!given->has[field]) {
            continue; /* stated beside, or not at all */
        }
        char about[ABOUT_SIZE];
        (void)snprintf(about, sizeof about, "/values/%.*s/%s", VIEW_ARGS(given->outcome),
                       MEASURED_FIELD_NAMES[field]);
        OWNED(buffer_release) struct buffer before;
        OWNED(buffer_release) struct buffer now;
        buffer_init(&before, NUMBER_SIZE);
        buffer_init(&now, NUMBER_SIZE);
        TRY(write_number(stated, field, &before));
        TRY(write_number(given, field, &now));
        TRY(compare_text(audit, about, buffer_view(&before), buffer_view(&now)));
    }
    return STATUS_OK;
}

static const struct measured_value *find_value(const struct measured_value *values, size_t count,
                                               struct view outcome)
{
    for (size_t i = 0; i < count; i++) {
        if (view_equal(values[i].outcome, outcome)) {
            return &values[i];
        }
    }
    return NULL;
}

static enum status compare_values(struct audit *audit, const struct measurement *measurement,
                                  struct measuring *measuring, struct failure *failure)
{
    const struct measured_value *values;
    size_t count;
    TRY_FIELD("values", measuring_values(measuring, false, &values, &count, failure));
    for (size_t i = 0; i < measurement->value_count; i++) {
        const struct measured_value *stated = &measurement->values[i];
        const struct measured_value *given = find_value(values, count, stated->outcome);
        if (given != NULL) {
            TRY(compare_value(audit, stated, given));
            continue;
        }
        char about[ABOUT_SIZE];
        (void)snprintf(about, sizeof about, "/values/%.*s", VIEW_ARGS(stated->outcome));
        TRY(add_finding(audit, about, NOT_CHECKED, VIEW(""), VIEW("")));
    }
    return STATUS_OK;
}

/* --- The measurement --- */

static bool is_file(const char *name)
{
    size_t size = strlen(name);
    return strcmp(name, "-") == 0 || (size > 5 && strcmp(name + size - 5, ".json") == 0);
}

static enum status read_draft(const struct invocation *invocation, struct workspace *workspace,
                              struct statement **ret_statement, struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(invocation->operands[0], &bytes, failure));
    OWNED(json_freep) struct json *draft = NULL;
    enum status status = json_parse(buffer_view(&bytes), &draft, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    TRY(draft_fill(draft, invocation, workspace, failure));
    TRY(draft_stand_in(draft, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    return draft_finish(draft, &text, ret_statement, failure);
}

static enum status read_measurement(const struct invocation *invocation,
                                    struct workspace *workspace, struct statement **ret_statement,
                                    struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    if (is_file(invocation->operands[0])) {
        TRY(read_draft(invocation, workspace, &statement, failure));
    } else {
        uint64_t index;
        struct ledger *ledger = workspace_ledger(workspace);
        TRY(entry_find(ledger, invocation->operands[0], &index, failure));
        TRY(entry_read(ledger, index, &statement, failure));
    }
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
    const struct state_contract *contract;
    TRY(workspace_load_contract(workspace, records_measurement(statement)->contract, &contract,
                                failure));
    return records_plan(invocation, contract, statement, plan, failure);
}

/* --- The command --- */

static enum status go_through(const struct invocation *invocation,
                              const struct measuring_plan *plan, struct measuring **ret_measuring,
                              struct failure *failure)
{
    struct measuring_hooks hooks = {0};
    if (!has_option(invocation, OPTION_SALTS)) {
        return records_read(invocation, plan, &hooks, ret_measuring, failure);
    }
    OWNED(salts_in_release) struct salts_in salts;
    TRY(salts_in_open(&salts, invocation->values[OPTION_SALTS], failure));
    hooks = (struct measuring_hooks){.context = &salts, .salt = salts_in_next};
    TRY(records_read(invocation, plan, &hooks, ret_measuring, failure));
    return salts_in_end(&salts, failure);
}

static enum status audit_all(struct audit *audit, struct failure *failure)
{
    const struct invocation *invocation = audit->invocation;
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(workspace_path(invocation), false, &workspace, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(read_measurement(invocation, workspace, &statement, failure));
    assert(statement != NULL);
    const struct measurement *measurement = records_measurement(statement);
    struct measuring_plan plan = {0};
    TRY(make_plan(invocation, workspace, statement, &plan, failure));
    OWNED(measuring_freep) struct measuring *measuring = NULL;
    TRY(go_through(invocation, &plan, &measuring, failure));
    TRY(compare_commitment(audit, measurement, measuring, has_option(invocation, OPTION_SALTS)));
    TRY(compare_cohort(audit, measurement, measuring));
    return compare_values(audit, measurement, measuring, failure);
}

/* The exit status, and its code for --json. */
static int judge(const struct audit *audit, const char **ret_code)
{
    if (audit->verdicts[DIFFERS] > 0) {
        *ret_code = rule_name(RULE_RECORDS_DIFFER);
        return EXIT_FALSE;
    }
    *ret_code = VERDICTS[NOT_CHECKED];
    return audit->verdicts[NOT_CHECKED] > 0 ? EXIT_INCOMPLETE : EXIT_GOOD;
}

static int answer(struct audit *audit)
{
    const char *code;
    int status = judge(audit, &code);
    if (!output_is_json(audit->invocation)) {
        if (status == EXIT_INCOMPLETE) {
            output_message(audit->invocation, "%s",
                           _("what is not checked: the root needs the salts; other numbers are not "
                             "made of records"));
        }
        return status;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL || json_set_string(object, "code", view_of(code)) != STATUS_OK ||
        json_set(object, "findings", STEAL(audit->findings)) != STATUS_OK) {
        return output_failure(audit->invocation, "", &(struct failure){0});
    }
    int printed = output_json_verdict(STEAL(object), status == EXIT_GOOD);
    return printed == EXIT_GOOD ? status : printed;
}

int command_audit_records(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation,
                            _("audit-records takes a measurement: an entry or a draft"));
    }
    if (!has_option(invocation, OPTION_RECORDS)) {
        return output_usage(invocation, _("say where the records are by --records"));
    }
    struct audit audit = {.invocation = invocation, .findings = json_new_array()};
    struct failure failure = {0};
    int status =
        audit.findings != NULL && audit_all(&audit, &failure) == STATUS_OK
            ? answer(&audit)
            : output_failure(invocation, records_failed_file(invocation, &failure), &failure);
    json_free(audit.findings);
    return status;
}
