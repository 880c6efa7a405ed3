/* utfall explain: shows how every line of a period came to be what it is. */

#include "cli/command/explain.h"

#include "cli/command.h"
#include "cli/display.h"
#include "cli/form.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/words.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

#define TEXT_MAX ((size_t)256 * 1024)
#define LINE_INDENT 5 /* the number of a line and two spaces */
#define PARTS_INDENT (LINE_INDENT + 2)
#define OWED_INDENT 2
#define DIFFERENCE_INDENT 2 /* below what is owed */
#define TRANCHE_INDENT 5    /* of what is owed in it */

/* Everything the answer needs, while the workspace is open. */
struct explanation {
    struct form form;
    struct settlement settlement;
    struct json *computed;
    uint64_t settled_by;  /* entry index, or STORE_NONE */
    uint64_t supplements; /* when it was settled again: the entry that settled it before */
};

static const struct period *period_of(const struct form *form)
{
    return &form->contract->terms.periods[form->period];
}

/* --- For people --- */

static struct display value_of(const struct form *form, size_t index)
{
    const struct line *line = &form->contract->terms.lines[index];
    return display_value(&form->values->lines[index].value, &line->unit);
}

static void print_remark(const struct buffer *text)
{
    printf("%*s", LINE_INDENT, "");
    display_paragraph(buffer_view(text), LINE_INDENT);
}

static enum status print_line(const struct form *form, const struct display_columns *columns,
                              size_t index)
{
    const struct line *line = &form->contract->terms.lines[index];
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);

    printf("%3zu  ", index + 1);
    display_row(columns, display_localized(&line->label), view_of(value_of(form, index).text),
                LINE_INDENT);
    TRY(buffer_append_format(&text, "%s: ", word_of_operation(line->operation)));
    TRY(form_write_operation(form, line, &text));
    print_remark(&text);
    TRY(form_print_parts(form, index, PARTS_INDENT));

    buffer_clear(&text);
    TRY(form_write_way(form, index, &text));
    if (text.size > 0) {
        print_remark(&text);
    }
    buffer_clear(&text);
    TRY(buffer_append_format(&text, "%s: ", _("zero because")));
    size_t size = text.size;
    TRY(form_write_zero(form, index, &text));
    if (text.size > size) {
        print_remark(&text);
    }
    return STATUS_OK;
}

static enum status print_lines(const struct form *form)
{
    struct display_columns columns = {0};
    for (size_t i = 0; i < form->values->count; i++) {
        const struct line *line = &form->contract->terms.lines[i];
        display_columns_fit(&columns, display_localized(&line->label),
                            view_of(value_of(form, i).text));
    }
    for (size_t i = 0; i < form->values->count; i++) {
        TRY(print_line(form, &columns, i));
    }
    return STATUS_OK;
}

static void print_heading(const struct explanation *explanation)
{
    const struct form *form = &explanation->form;
    const struct contract *contract = form->contract;
    const struct period *period = period_of(form);
    struct view title = display_localized(&contract->title);
    printf("%.*s\n", VIEW_ARGS(title));
    printf(_("%.*s, period %.*s, %s to %s\n"), VIEW_ARGS(contract->name), VIEW_ARGS(period->name),
           display_date(period->from).text, display_date(period->to).text);
    if (!period->binding) {
        printf("%s\n\n", _("Reported only: the period does not bind payment."));
    } else if (explanation->settled_by == STORE_NONE) {
        printf("%s\n\n", _("Not settled yet."));
    } else if (explanation->settlement.is_supplementary) {
        printf(_("Settled again by entry %" PRIu64 ", which adds to entry %" PRIu64 ".\n\n"),
               explanation->settled_by, explanation->supplements);
    } else {
        printf(_("Settled by entry %" PRIu64 ".\n\n"), explanation->settled_by);
    }
}

/* What the period comes to now, what it was settled as before, and what is between them. */
static enum status print_difference(const struct settlement_pay *owed, size_t indent)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    struct money difference = form_difference(owed);
    struct money before = {owed->whole.minor - difference.minor, owed->whole.currency};
    TRY(buffer_append_format(&text,
                             _("the period comes to %s; settled before: %s; the difference: %s"),
                             display_money(owed->whole).text, display_money(before).text,
                             display_money(difference).text));
    printf("%*s", (int)indent, "");
    display_paragraph(buffer_view(&text), indent);
    return STATUS_OK;
}

static enum status print_owed(const struct settlement_pay *owed, size_t indent)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(buffer_append_format(&text, _("%.*s to %.*s: %s"), VIEW_ARGS(owed->from),
                             VIEW_ARGS(owed->to), display_money(owed->amount).text));
    TRY(form_write_owed_remark(owed, &text));
    TRY(form_write_carried(owed, &text));
    printf("%*s", (int)indent, "");
    display_paragraph(buffer_view(&text), indent);
    return STATUS_OK;
}

/* One place of a pay: what is owed, and of a period that is settled again, why no more. */
static enum status print_place(const struct explanation *explanation,
                               const struct settlement_pay *owed, size_t indent)
{
    TRY(print_owed(owed, indent));
    return explanation->settlement.is_supplementary
               ? print_difference(owed, indent + DIFFERENCE_INDENT)
               : STATUS_OK;
}

/* Shapes  `owed` is what the tranche and those after it give, in order. */
static void print_tranche(const struct form *form, const struct pay *pay, size_t index,
                          const struct settlement_pay *owed)
{
    const struct terms *terms = &form->contract->terms;
    const struct tranche *tranche = &pay->tranches[index];
    struct view name =
        tranche->label.count > 0 ? display_localized(&tranche->label) : tranche->name;
    struct money part = form_sum_owed(owed, tranche->share_count);
    if (!tranche->has_up_to) {
        printf(_("  %zu. %.*s gets what is left: %s\n"), index + 1, VIEW_ARGS(name),
               display_money(part).text);
        return;
    }
    struct money left = form_sum_owed(owed + tranche->share_count, form_count_owed(pay, index + 1));
    printf(_("  %zu. %.*s, filled up to %s [%zu], gets %s; left: %s\n"), index + 1, VIEW_ARGS(name),
           display_value(&form->values->lines[tranche->up_to].value,
                         &terms->lines[tranche->up_to].unit)
               .text,
           tranche->up_to + 1, display_money(part).text, display_money(left).text);
}

/* Who is owed what of one pay, tranche by tranche. */
static enum status print_pay(const struct explanation *explanation, const struct pay *pay,
                             const struct settlement_pay *owed)
{
    const struct form *form = &explanation->form;
    bool is_waterfall = pay->tranche_count > 1;
    if (is_waterfall) {
        const struct line *line = &form->contract->terms.lines[pay->line];
        printf(_("  %.*s [%zu], %s, is shared out in turn:\n"),
               VIEW_ARGS(display_localized(&line->label)), pay->line + 1,
               value_of(form, pay->line).text);
    }
    for (size_t i = 0; i < pay->tranche_count; i++) {
        if (is_waterfall) {
            print_tranche(form, pay, i, owed);
        }
        for (size_t k = 0; k < pay->tranches[i].share_count; k++) {
            TRY(print_place(explanation, owed, is_waterfall ? TRANCHE_INDENT : OWED_INDENT));
            owed++;
        }
    }
    return STATUS_OK;
}

static enum status print_pays(const struct explanation *explanation)
{
    const struct form *form = &explanation->form;
    const struct terms *terms = &form->contract->terms;
    const struct settlement_pay *owed = explanation->settlement.pays;
    bool binds = period_of(form)->binding;
    printf("\n%s\n", binds ? _("Owed:") : _("Would be owed, if the period bound payment:"));
    for (size_t i = 0; i < terms->pay_count; i++) {
        TRY(print_pay(explanation, &terms->pays[i], owed));
        owed += form_count_owed(&terms->pays[i], 0);
    }
    return STATUS_OK;
}

static enum status print_explanation(const struct explanation *explanation)
{
    print_heading(explanation);
    TRY(print_lines(&explanation->form));
    return print_pays(explanation);
}

/* --- For programs --- */

static enum status push_line(const struct form *form, size_t index, struct json *array)
{
    const struct line *line = &form->contract->terms.lines[index];
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "line", line->name));
    TRY(json_set_string(object, "operation", view_of(operation_name(line->operation))));
    TRY(output_set_value(object, "value", &form->values->lines[index].value));
    TRY(unit_write(&line->unit, &text));
    TRY(json_set_string(object, "unit", buffer_view(&text)));
    buffer_clear(&text);
    TRY(form_write_operation(form, line, &text));
    TRY(json_set_string(object, "explanation", buffer_view(&text)));
    buffer_clear(&text);
    TRY(form_write_way(form, index, &text));
    TRY(json_set_string(object, "way", buffer_view(&text)));
    buffer_clear(&text);
    TRY(form_write_zero(form, index, &text));
    if (text.size > 0) {
        TRY(json_set_string(object, "zero_because", buffer_view(&text)));
    }
    TRY(form_set_parts(form, index, object));
    return json_push(array, STEAL(object));
}

/* Of a period that was settled again: what each place comes to, came to, and differs by. */
static enum status set_differences(const struct settlement *settlement, struct json *object)
{
    OWNED(json_freep) struct json *differences = json_new_array();
    if (differences == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *owed = &settlement->pays[i];
        struct money difference = form_difference(owed);
        struct money before = {owed->whole.minor - difference.minor, owed->whole.currency};
        OWNED(json_freep) struct json *item = json_new_object();
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        TRY(json_set_string(item, "pay", owed->line));
        if (owed->tranche.size > 0) {
            TRY(json_set_string(item, "tranche", owed->tranche));
        }
        TRY(json_set_string(item, "from", owed->is_reversed ? owed->to : owed->from));
        TRY(json_set_string(item, "to", owed->is_reversed ? owed->from : owed->to));
        TRY(output_set_amount(item, "whole", owed->whole));
        TRY(output_set_amount(item, "before", before));
        TRY(output_set_amount(item, "difference", difference));
        TRY(json_push(differences, STEAL(item)));
    }
    return json_set(object, "differences", STEAL(differences));
}

static enum status explanation_to_json(struct explanation *explanation, struct json **ret_object)
{
    const struct form *form = &explanation->form;
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *lines = json_new_array();
    if (object == NULL || lines == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < form->values->count; i++) {
        TRY(push_line(form, i, lines));
    }
    TRY(json_set_string(object, "contract", form->contract->name));
    TRY(json_set_string(object, "period", period_of(form)->name));
    TRY(json_set_boolean(object, "binding", period_of(form)->binding));
    TRY(json_set_boolean(object, "settled", explanation->settled_by != STORE_NONE));
    TRY(json_set(object, "lines", STEAL(lines)));
    TRY(form_set_waterfalls(&form->contract->terms, &explanation->settlement, object));
    if (explanation->settlement.is_supplementary) {
        TRY(set_differences(&explanation->settlement, object));
    }
    TRY(json_set(object, "computed", STEAL(explanation->computed)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

/*
 * A settled period is explained by what was settled then, not by what has come since: the values of
 * its settlement are kept, and sums that grew afterwards are not shown as if they had been inputs.
 */
static enum status explain(struct workspace *workspace, struct view name, struct view period,
                           struct explanation *explanation, struct failure *failure)
{
    const struct state_contract *contract;
    TRY(workspace_load_contract(workspace, name, &contract, failure));
    size_t place = state_find_period(contract, period);
    if (place != SIZE_MAX && contract->tables.periods[place].settled != NULL) {
        explanation->settled_by = contract->tables.periods[place].settled->index;
        TRY(workspace_load_contract_before(workspace, name, explanation->settled_by, &contract,
                                           failure));
        place = state_find_period(contract, period);
        const struct state_entry *before = contract->tables.periods[place].settled;
        explanation->supplements = before == NULL ? STORE_NONE : before->index;
    }
    enum status status =
        state_compute(contract, period, &explanation->settlement, &explanation->computed, failure);
    if (place == SIZE_MAX) {
        return status; /* there is no such period */
    }
    explanation->form = (struct form){
        .contract = contract->tables.periods[place].version->contract,
        .period = contract->tables.periods[place].index,
        .source = state_terms_source(contract, place),
        .values = &explanation->settlement.values,
    };
    return status;
}

static void explanation_release(struct explanation *explanation)
{
    settlement_release(&explanation->settlement);
    json_free(explanation->computed);
}

enum status explain_json(struct workspace *workspace, struct view contract, struct view period,
                         struct json **ret_object, struct failure *failure)
{
    OWNED(explanation_release) struct explanation explanation = {.settled_by = STORE_NONE};
    settlement_init(&explanation.settlement);
    enum status status = explain(workspace, contract, period, &explanation, failure);
    if (status == STATUS_OK && explanation_to_json(&explanation, ret_object) != STATUS_OK) {
        status = fail_memory(failure);
    }
    /* The contract was left as it was before the settlement: whoever asks next loads it anew. */
    struct failure ignored;
    enum status trimmed = workspace_trim(workspace, 0, &ignored);
    return status == STATUS_OK && trimmed != STATUS_OK ? fail_memory(failure) : status;
}

/* The lines before the one that could not be computed still help to see why. */
static int answer_refused(const struct invocation *invocation, struct explanation *explanation,
                          const struct failure *failure)
{
    const struct terms_values *values = &explanation->settlement.values;
    if (!output_is_json(invocation) && explanation->form.contract != NULL && values->count > 0 &&
        values->count < explanation->form.contract->terms.line_count) {
        print_heading(explanation);
        enum status status = print_lines(&explanation->form);
        (void)status; /* the failure that is told next came first */
        (void)fflush(stdout);
    }
    return output_failure(invocation, "", failure);
}

static int run(const struct invocation *invocation, struct explanation *explanation)
{
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    if (workspace_open(workspace_path(invocation), false, &workspace, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    if (explain(workspace, view_of(invocation->operands[0]), view_of(invocation->operands[1]),
                explanation, &failure) != STATUS_OK) {
        return answer_refused(invocation, explanation, &failure);
    }
    if (output_is_json(invocation)) {
        struct json *object;
        if (explanation_to_json(explanation, &object) != STATUS_OK) {
            return output_failure(invocation, "", &failure);
        }
        return output_json(object);
    }
    if (print_explanation(explanation) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return EXIT_GOOD;
}

int command_explain(const struct invocation *invocation)
{
    if (invocation->operand_count != 2) {
        return output_usage(invocation, _("explain takes a contract and a period"));
    }
    OWNED(explanation_release) struct explanation explanation = {.settled_by = STORE_NONE};
    settlement_init(&explanation.settlement);
    return run(invocation, &explanation);
}
