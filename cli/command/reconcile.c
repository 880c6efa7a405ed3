/* utfall reconcile: what was published about a contract, beside what its lines give. */

#include "cli/command.h"
#include "cli/contract_source.h"
#include "cli/file.h"
#include "cli/finding_text.h"
#include "cli/language.h"
#include "cli/output.h"
#include "contracts/reconciliation/reconciliation.h"
#include "contracts/rule/rule.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_MAX ((size_t)256 * 1024 * 1024)

/* What a run owns. */
struct run {
    struct json *root;
    struct arena arena;
    struct published published;
    struct contract_source source;
    uint64_t *settled_by; /* [published period]: the entry that settled it, or STORE_NONE */
    struct reconciliation reconciliation;
};

/* --- Reading --- */

static enum status read_published(struct run *run, const char *file, struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, JSON_SIZE_MAX);
    TRY(file_read(file, &bytes, failure));
    enum status status = json_parse(buffer_view(&bytes), &run->root, failure);
    if (status == STATUS_INVALID) {
        return refuse(failure, RULE_JSON_INVALID, failure->at, "%s", failure->reason);
    }
    TRY(status);
    return published_read(run->root, &run->arena, &run->published, failure);
}

static enum status begin_period(void *context, size_t period, struct assumptions *assumptions,
                                struct failure *failure)
{
    const struct run *run = context;
    return contract_source_assume_before(&run->source, run->settled_by[period],
                                         run->published.periods[period].index, assumptions,
                                         failure);
}

/* Each period is compared with what the terms that govern it give. */
static enum status find_terms(struct run *run, struct failure *failure)
{
    size_t count = run->published.period_count;
    run->settled_by = calloc(count + 1, sizeof *run->settled_by);
    if (run->settled_by == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        struct contract_period found;
        TRY(contract_source_period(&run->source, run->published.periods[i].name, &found, failure));
        run->published.periods[i].contract = found.contract;
        run->settled_by[i] = found.settled_by;
    }
    return STATUS_OK;
}

/* Fills the run; `*ret_file` is the file that a failure is about. */
static enum status run_reconcile(struct run *run, const struct invocation *invocation,
                                 const char **ret_file, struct failure *failure)
{
    *ret_file = invocation->operands[1];
    TRY(read_published(run, invocation->operands[1], failure));
    *ret_file = invocation->operands[0];
    TRY(contract_source_open(&run->source, invocation->operands[0], invocation, failure));
    *ret_file = invocation->operands[1];
    const struct contract *contract = contract_source_contract(&run->source);
    TRY(find_terms(run, failure));
    TRY(published_check(&run->published, contract, failure));
    const struct reconciliation_base base = {begin_period, run};
    return reconcile(&run->published, contract, run->source.workspace == NULL ? NULL : &base,
                     &run->reconciliation, failure);
}

/* --- For programs --- */

static enum status set_quantity(struct json *object, const struct quantity *quantity)
{
    static const char *const NAMES[] = {
        [QUANTITY_PART] = "part", [QUANTITY_LINE] = "line",       [QUANTITY_ITEM] = "line",
        [QUANTITY_PAY] = "pay",   [QUANTITY_OUTCOME] = "outcome", [QUANTITY_REFUSAL] = "refused",
    };
    if (quantity->kind == QUANTITY_REFUSAL) {
        return json_set_string(object, "refused", view_of(rule_name(quantity->rule)));
    }
    TRY(json_set_string(object, NAMES[quantity->kind], quantity->name));
    if (quantity->item.size > 0) {
        bool is_item = quantity->kind == QUANTITY_ITEM;
        TRY(json_set_string(object, is_item ? "item" : "tranche", quantity->item));
    }
    if (quantity->to.size > 0) {
        TRY(json_set_string(object, "to", quantity->to));
    }
    return quantity->kind == QUANTITY_OUTCOME
               ? json_set_string(object, "field", view_of(MEASURED_FIELD_NAMES[quantity->field]))
               : STATUS_OK;
}

static enum status set_subject(const struct published *published, const struct finding *finding,
                               struct json *object)
{
    if (finding->period == FINDING_NO_PERIOD) {
        return output_set_count(object, "total", finding->item);
    }
    const struct published_period *period = &published->periods[finding->period];
    TRY(json_set_string(object, "period", period->name));
    if (finding->kind == FINDING_CLAIM) {
        return set_quantity(object, &period->claims[finding->item].quantity);
    }
    if (finding->kind == FINDING_SUM) {
        const struct published_sum *sum = &period->sums[finding->item];
        return json_set_string(object, PUBLISHED_SUM_NAMES[sum->kind], sum->name);
    }
    TRY(json_set_string(object, "outcome", period->inputs[finding->item].value.outcome));
    return finding->kind == FINDING_WORDS
               ? STATUS_OK
               : json_set_string(object, "field", view_of(MEASURED_FIELD_NAMES[finding->field]));
}

static enum status set_numbers(const struct finding *finding, struct json *object)
{
    if (finding->has_published) {
        TRY(output_set_value(object, "published", &finding->published));
    }
    if (finding->has_computed) {
        TRY(output_set_value(object, "computed", &finding->computed));
    }
    if (!finding->has_published || !finding->has_computed) {
        return STATUS_OK;
    }
    TRY(output_set_value(object, "difference", &finding->difference));
    if (finding->has_share) {
        TRY(output_set_value(object, "share", &finding->share));
    }
    return finding->has_rounding
               ? json_set_string(object, "rounding", view_of(rounding_name(finding->rounding)))
               : STATUS_OK;
}

static enum status push_finding(const struct published *published, const struct finding *finding,
                                struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer unit;
    buffer_init(&unit, SHAPE_UNIT_COMPUTED_SIZE_MAX);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "about", view_of(FINDING_NAMES[finding->kind])));
    TRY(json_set_string(object, "verdict", view_of(VERDICT_NAMES[finding->verdict])));
    TRY(json_set_boolean(object, "circular", finding->is_circular));
    TRY(set_subject(published, finding, object));
    TRY(set_numbers(finding, object));
    if (finding->has_published || finding->has_computed) {
        TRY(unit_write(&finding->unit, &unit));
        TRY(json_set_string(object, "unit", buffer_view(&unit)));
    }
    if (finding->failure.code[0] != '\0') {
        TRY(json_set_string(object, "code", view_of(finding->failure.code)));
        TRY(json_set_string(object, "at", view_of(finding->failure.at)));
        TRY(json_set_string(object, "reason", view_of(finding->failure.reason)));
    }
    return json_push(array, STEAL(object));
}

static enum status summary_to_json(const struct reconciliation *reconciliation,
                                   struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        TRY(output_set_count(object, VERDICT_NAMES[i], reconciliation->verdicts[i]));
    }
    TRY(output_set_count(object, "circular", reconciliation->circular_count));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status answer_to_json(const struct reconciliation *reconciliation, const char *code,
                                  struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *findings = json_new_array();
    struct json *summary = NULL;
    if (object == NULL || findings == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < reconciliation->count; i++) {
        TRY(push_finding(reconciliation->published, &reconciliation->findings[i], findings));
    }
    TRY(json_set_string(object, "code", view_of(code)));
    TRY(json_set_string(object, "contract", reconciliation->contract->name));
    TRY(json_set(object, "findings", STEAL(findings)));
    TRY(summary_to_json(reconciliation, &summary));
    TRY(json_set(object, "summary", summary));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

/* --- The answer --- */

/* The worst verdict there is, and the exit status that belongs to it. */
static int judge(const struct reconciliation *reconciliation, enum verdict *ret_worst)
{
    static const struct {
        enum verdict verdict;
        int exit;
    } WORST_FIRST[] = {
        {VERDICT_DIFFERS, EXIT_FALSE},
        {VERDICT_NOT_COMPUTABLE, EXIT_INCOMPLETE},
        {VERDICT_NOT_PUBLISHED, EXIT_INCOMPLETE},
    };
    for (size_t i = 0; i < sizeof WORST_FIRST / sizeof WORST_FIRST[0]; i++) {
        *ret_worst = WORST_FIRST[i].verdict;
        if (reconciliation->verdicts[*ret_worst] > 0) {
            return WORST_FIRST[i].exit;
        }
    }
    *ret_worst = VERDICT_MATCHES;
    return EXIT_GOOD;
}

static int answer(const struct invocation *invocation, const struct reconciliation *reconciliation)
{
    enum verdict worst;
    int status = judge(reconciliation, &worst);
    if (!output_is_json(invocation)) {
        if (status == EXIT_GOOD && output_is_quiet(invocation)) {
            return status;
        }
        return finding_text_print(reconciliation) == STATUS_OK
                   ? status
                   : output_failure(invocation, "", &(struct failure){0});
    }
    struct json *object;
    if (answer_to_json(reconciliation, VERDICT_NAMES[worst], &object) != STATUS_OK) {
        return output_failure(invocation, "", &(struct failure){0});
    }
    int printed = output_json_verdict(object, status == EXIT_GOOD);
    return printed == EXIT_GOOD ? status : printed;
}

int command_reconcile(const struct invocation *invocation)
{
    if (invocation->operand_count != 2) {
        return output_usage(invocation, _("reconcile takes a contract and what was published"));
    }
    if (strcmp(invocation->operands[0], "-") == 0 && strcmp(invocation->operands[1], "-") == 0) {
        return output_usage(invocation, _("only one of the two can be standard input"));
    }
    struct run run = {0};
    arena_init(&run.arena, ARENA_MAX);
    reconciliation_init(&run.reconciliation);
    const char *file = "";
    struct failure failure = {0};
    int status = run_reconcile(&run, invocation, &file, &failure) == STATUS_OK
                     ? answer(invocation, &run.reconciliation)
                     : output_failure(invocation, file, &failure);
    reconciliation_release(&run.reconciliation);
    published_release(&run.published);
    arena_release(&run.arena);
    contract_source_close(&run.source);
    free(run.settled_by);
    json_free(run.root);
    return status;
}
