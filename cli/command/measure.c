/* utfall measure: makes a measurement of a table of records, as a draft to sign. */

#include "cli/command.h"
#include "cli/contract_source.h"
#include "cli/display.h"
#include "cli/draft.h"
#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/records.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

/* --- What is measured --- */

static bool has_aggregates(const struct outcome *outcome)
{
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        if (outcome->aggregates[field] != NULL) {
            return true;
        }
    }
    return false;
}

/* The one evaluator whose outcomes are made of records, or the one that was asked for. */
static enum status choose_evaluator(const struct terms *terms, const char *asked,
                                    struct view *ret_evaluator, struct failure *failure)
{
    struct view evaluator = asked == NULL ? VIEW("") : view_of(asked);
    bool is_found = false;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        const struct outcome *outcome = &terms->outcomes[i];
        if (!has_aggregates(outcome)) {
            continue;
        }
        if (asked == NULL && is_found && !view_equal(outcome->evaluator, evaluator)) {
            return fail(failure, STATUS_INVALID, "--evaluator",
                        "%.*s and %.*s both measure from records: say whose outcomes",
                        VIEW_ARGS(evaluator), VIEW_ARGS(outcome->evaluator));
        }
        if (asked == NULL) {
            evaluator = outcome->evaluator;
        }
        is_found = is_found || view_equal(outcome->evaluator, evaluator);
    }
    if (!is_found) {
        return fail(failure, STATUS_NOT_FOUND, "/outcomes",
                    "the contract makes no outcome of %.80s of records: none has an "
                    "\"aggregation\"",
                    asked == NULL ? "an evaluator" : asked);
    }
    *ret_evaluator = evaluator;
    return STATUS_OK;
}

static enum status make_plan(const struct invocation *invocation, const struct contract *contract,
                             struct measuring_plan *plan, struct failure *failure)
{
    plan->contract = contract;
    if (contract->records.column_count == 0) {
        return refuse(failure, RULE_RECORDS_UNDECLARED, "/records",
                      "%.*s does not say what its records are", VIEW_ARGS(contract->name));
    }
    plan->period = terms_find_period(&contract->terms, view_of(invocation->operands[1]));
    if (plan->period == SIZE_MAX) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "", "%.*s has no period %.80s",
                      VIEW_ARGS(contract->name), invocation->operands[1]);
    }
    TRY(choose_evaluator(&contract->terms, invocation->values[OPTION_EVALUATOR], &plan->evaluator,
                         failure));
    return records_plan_format(invocation, plan, failure);
}

/* --- The draft --- */

static enum status set_number(struct json *object, const char *name, const struct rational *number)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 64);
    bool is_exact;
    TRY(rational_write_decimal(number, 0, DECIMAL_FRACTION_DIGITS_MAX, &text, &is_exact));
    return json_set_string(object, name, buffer_view(&text));
}

static enum status push_value(struct json *values, const struct measured_value *value)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "outcome", value->outcome));
    for (size_t field = 0; field < MEASURED_STATED_COUNT; field++) {
        if (value->has[field]) {
            TRY(set_number(object, MEASURED_FIELD_NAMES[field], &value->fields[field]));
        }
    }
    return json_push(values, STEAL(object));
}

static enum status set_values(struct json *draft, const struct measured_value *values, size_t count)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(push_value(array, &values[i]));
    }
    return json_set(draft, "values", STEAL(array));
}

static enum status set_pair(struct json *draft, const char *name, const char *first,
                            const char *second, const uint64_t counts[static 2])
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(output_set_count(object, first, counts[0]));
    TRY(output_set_count(object, second, counts[1]));
    return json_set(draft, name, STEAL(object));
}

static enum status set_commitment(struct json *draft, const struct measuring *measuring,
                                  uint64_t count)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    struct hash root = measuring_root(measuring);
    TRY(json_set_string(object, "root", view_of(display_hash(&root).text)));
    TRY(output_set_count(object, "count", count));
    return json_set(draft, "records", STEAL(object));
}

/* The cohort is left out where one of its numbers would be about too few people. */
static bool has_cohort(const struct measuring *measuring, const struct measuring_counts *counts)
{
    return !measuring_is_small(measuring, counts->missing_people);
}

static enum status make_draft(const struct measuring_plan *plan, struct measuring *measuring,
                              struct json **ret_draft, struct failure *failure)
{
    struct measuring_counts counts;
    measuring_count(measuring, &counts);
    if (measuring_is_small(measuring, counts.people)) {
        return refuse(failure, RULE_RECORDS_CELL_TOO_SMALL, "/records/count",
                      "the records are about fewer than %d people",
                      plan->contract->records.minimum_cell);
    }
    const struct measured_value *values;
    size_t count;
    TRY_FIELD("values", measuring_values(measuring, true, &values, &count, failure));
    OWNED(json_freep) struct json *draft = json_new_object();
    if (draft == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(draft, "kind", VIEW("measurement")));
    TRY(json_set_integer(draft, "version", STATEMENT_VERSION));
    TRY(json_set_string(draft, "contract", plan->contract->name));
    TRY(json_set_string(draft, "period", plan->contract->terms.periods[plan->period].name));
    TRY(json_set_string(draft, "evaluator", plan->evaluator));
    TRY(set_values(draft, values, count));
    if (has_cohort(measuring, &counts)) {
        TRY(set_pair(draft, "cohort", "count", "missing",
                     (uint64_t[]){counts.people, counts.missing_people}));
    }
    TRY(set_commitment(draft, measuring, counts.records));
    *ret_draft = STEAL(draft);
    return STATUS_OK;
}

/* What the ledger would refuse once it is signed is refused here already. */
static enum status check_draft(const struct invocation *invocation, struct contract_source *source,
                               const struct json *draft, struct failure *failure)
{
    OWNED(json_freep) struct json *copy = json_copy(draft);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    if (source->workspace != NULL) {
        TRY(draft_fill(copy, invocation, source->workspace, failure));
    } else {
        TRY(json_set_string(copy, "date", VIEW("2000-01-01")));
    }
    TRY(draft_stand_in(copy, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(draft_finish(copy, &text, &statement, failure));
    if (source->workspace != NULL) {
        return state_check_draft(workspace_state(source->workspace), statement,
                                 ledger_size(workspace_ledger(source->workspace)), failure);
    }
    const struct terms *terms = &contract_source_contract(source)->terms;
    for (size_t i = 0; i < statement->measurement.value_count; i++) {
        const struct measured_value *value = &statement->measurement.values[i];
        size_t outcome = terms_find_outcome(terms, value->outcome);
        TRY_ITEM(i, measured_value_check_outcome(value, &terms->outcomes[outcome], failure));
    }
    return STATUS_OK;
}

/* --- What is said beside the draft --- */

static void tell_quotients(const struct invocation *invocation, const struct measuring_plan *plan,
                           const struct measured_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t outcome = terms_find_outcome(&plan->contract->terms, values[i].outcome);
        struct aggregate *const *of = plan->contract->terms.outcomes[outcome].aggregates;
        if ((of[MEASURED_VALUE] != NULL && !values[i].has[MEASURED_VALUE]) ||
            (of[MEASURED_CONTROL_VALUE] != NULL && !values[i].has[MEASURED_CONTROL_VALUE])) {
            output_message(invocation,
                           _("%.*s is no decimal of 12 digits: its numerator and denominator are "
                             "stated instead, and nothing is rounded"),
                           VIEW_ARGS(values[i].outcome));
        }
    }
}

static void tell(const struct invocation *invocation, const struct measuring_plan *plan,
                 struct measuring *measuring)
{
    struct measuring_counts counts;
    measuring_count(measuring, &counts);
    output_message(invocation, _("records: %" PRIu64 ", of %" PRIu64 " people"), counts.records,
                   counts.people);
    if (counts.missing_records > 0) {
        output_message(
            invocation,
            _("missing: %" PRIu64 " records, of %" PRIu64 " people; they enter no number"),
            counts.missing_records, counts.missing_people);
    }
    if (!has_cohort(measuring, &counts)) {
        output_message(invocation, "%s",
                       _("the cohort is left out: so few are missing that they could be "
                         "recognised"));
    }
    if (counts.had_mark) {
        output_message(invocation, "%s", _("the byte order mark of the table was dropped"));
    }
    if (counts.other_columns > 0) {
        output_message(invocation,
                       _("columns that the contract does not have, and that were left out: %zu"),
                       counts.other_columns);
    }
    struct failure failure;
    const struct measured_value *values;
    size_t count;
    if (measuring_values(measuring, true, &values, &count, &failure) == STATUS_OK) {
        tell_quotients(invocation, plan, values, count);
    }
}

/* --- The command --- */

/* The file of salts first: a draft without salts would be worth nothing. */
static enum status write_both(const struct invocation *invocation, struct salts_out *salts,
                              struct view text, struct failure *failure)
{
    const char *output = invocation->values[OPTION_OUTPUT];
    TRY(salts_out_commit(salts, failure));
    enum status status =
        output_is_json(invocation) && file_is_standard(output)
            ? STATUS_OK
            : file_write(output, text, 0644, has_option(invocation, OPTION_FORCE), failure);
    if (status != STATUS_OK) {
        (void)unlink(invocation->values[OPTION_SALTS]);
    }
    return status;
}

static enum status measure(const struct invocation *invocation, struct contract_source *source,
                           struct json **ret_draft, struct failure *failure)
{
    TRY(contract_source_open(source, invocation->operands[0], invocation, failure));
    TRY(contract_source_govern(source, view_of(invocation->operands[1]), failure));
    struct measuring_plan plan = {0};
    TRY(make_plan(invocation, contract_source_contract(source), &plan, failure));
    const char *output = invocation->values[OPTION_OUTPUT];
    if (!file_is_standard(output) && !has_option(invocation, OPTION_FORCE) &&
        access(output, F_OK) == 0) {
        return fail(failure, STATUS_CONFLICT, output,
                    "the file exists; choose another name, or --force where it is offered");
    }
    OWNED(salts_out_release) struct salts_out salts;
    TRY(salts_out_open(&salts, invocation->values[OPTION_SALTS], failure));
    struct measuring_hooks hooks = {.context = &salts, .salt = salts_out_next};
    OWNED(measuring_freep) struct measuring *measuring = NULL;
    TRY(records_read(invocation, &plan, &hooks, &measuring, failure));

    OWNED(json_freep) struct json *draft = NULL;
    TRY(make_draft(&plan, measuring, &draft, failure));
    TRY(check_draft(invocation, source, draft, failure));
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    TRY(json_write_pretty(draft, &text));
    TRY(buffer_append_byte(&text, '\n'));
    TRY(write_both(invocation, &salts, buffer_view(&text), failure));
    tell(invocation, &plan, measuring);
    *ret_draft = STEAL(draft);
    return STATUS_OK;
}

/* The draft is a member of the answer, unless it goes into a file. */
static int answer_json(const struct invocation *invocation, struct json *draft)
{
    OWNED(json_freep) struct json *owned = draft;
    OWNED(json_freep) struct json *object = json_new_object();
    const char *output = invocation->values[OPTION_OUTPUT];
    if (object == NULL || (file_is_standard(output)
                               ? json_set(object, "draft", STEAL(owned))
                               : json_set_string(object, "file", view_of(output))) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    return output_json(STEAL(object));
}

int command_measure(const struct invocation *invocation)
{
    if (invocation->operand_count != 2) {
        return output_usage(invocation, _("measure takes a contract and a period"));
    }
    if (!has_option(invocation, OPTION_RECORDS) || !has_option(invocation, OPTION_SALTS)) {
        return output_usage(invocation, _("say where the records are by --records, and where to "
                                          "keep their salts by --salts"));
    }
    struct contract_source source = {0};
    OWNED(json_freep) struct json *draft = NULL;
    struct failure failure = {0};
    enum status status = measure(invocation, &source, &draft, &failure);
    contract_source_close(&source);
    if (status != STATUS_OK) {
        return output_failure(invocation, records_failed_file(invocation, &failure), &failure);
    }
    return output_is_json(invocation) ? answer_json(invocation, STEAL(draft)) : EXIT_GOOD;
}
