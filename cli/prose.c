#include "cli/prose.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/prose_gain.h"
#include "cli/prose_line.h"
#include "cli/prose_party.h"
#include "cli/prose_phrase.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

enum status prose_end(struct prose *prose, enum prose_style style)
{
    enum status status = prose->sink(prose->context, style, buffer_view(&prose->text));
    buffer_clear(&prose->text);
    return status;
}

static enum status write_heading(struct prose *prose, const char *heading)
{
    TRY(buffer_append_text(&prose->text, heading));
    return prose_end(prose, PROSE_HEADING);
}

/* --- Who pays --- */

/* "a.se (75) and b.se (25)", "a.se and b.se, in proportion to what each has placed" */
static enum status write_receivers(struct prose *prose, const struct tranche *tranche)
{
    struct buffer *text = &prose->text;
    for (size_t i = 0; i < tranche->share_count; i++) {
        const struct pay_share *share = &tranche->shares[i];
        TRY(buffer_append_text(text, i == 0                          ? ""
                                     : i + 1 == tranche->share_count ? _(" and ")
                                                                     : ", "));
        TRY(buffer_append(text, share->party));
        if (share->is_given && !share->by_funding) {
            TRY(buffer_append_format(text, _(" (weight %s)"), display_number(&share->weight).text));
        }
    }
    if (tranche->shares[0].by_funding) {
        TRY(buffer_append_text(text, _(", in proportion to what each has placed")));
    }
    return STATUS_OK;
}

static enum status write_tranche(struct prose *prose, const struct tranche *tranche, size_t index)
{
    struct buffer *text = &prose->text;
    TRY(buffer_append_text(text, index == 0 ? _("first ") : _("then ")));
    if (tranche->has_up_to) {
        TRY(buffer_append_text(text, _("up to ")));
        TRY(phrase_line(&prose->contract->terms, tranche->up_to, text));
    } else {
        TRY(buffer_append_text(text, _("what is left")));
    }
    TRY(buffer_append_text(text, _(" to ")));
    TRY(write_receivers(prose, tranche));
    struct view label = display_localized(&tranche->label);
    if (label.size > 0) {
        TRY(buffer_append_format(text, " (%.*s)", VIEW_ARGS(label)));
    }
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_due(struct prose *prose, const struct pay *pay)
{
    switch (pay->due_kind) {
    case DUE_NOT_SAID:
        return STATUS_OK;
    case DUE_DATE:
        return buffer_append_format(&prose->text, _(", due on %s"),
                                    display_date(pay->due_date).text);
    case DUE_DAYS_AFTER_PERIOD:
        return buffer_append_format(&prose->text, _(", due %d days after the period's last day"),
                                    pay->due_days);
    }
    return STATUS_OK;
}

static enum status write_pay(struct prose *prose, const struct pay *pay)
{
    struct buffer *text = &prose->text;
    TRY(buffer_append_format(text, _("%.*s pays "), VIEW_ARGS(pay->from)));
    TRY(phrase_line(&prose->contract->terms, pay->line, text));
    if (pay->tranche_count == 1) {
        TRY(buffer_append_text(text, _(" to ")));
        TRY(write_receivers(prose, &pay->tranches[0]));
    }
    TRY(write_due(prose, pay));
    TRY(buffer_append_text(text, pay->tranche_count == 1 ? "." : ":"));
    TRY(prose_end(prose, PROSE_ITEM));
    for (size_t i = 0; pay->tranche_count > 1 && i < pay->tranche_count; i++) {
        TRY(write_tranche(prose, &pay->tranches[i], i));
    }
    if (pay->is_reversible) {
        TRY(buffer_append_format(text, _("where it is below zero, it is owed to %.*s instead"),
                                 VIEW_ARGS(pay->from)));
        TRY(prose_end(prose, PROSE_SUBITEM));
    }
    return STATUS_OK;
}

static enum status write_pays(struct prose *prose)
{
    const struct contract *contract = prose->contract;
    TRY(write_heading(prose, _("Who pays")));
    for (size_t i = 0; i < contract->terms.pay_count; i++) {
        TRY(write_pay(prose, &contract->terms.pays[i]));
    }
    if (contract->terms.pay_count == 0) {
        TRY(buffer_append_text(&prose->text, _("Nobody pays anything by this contract.")));
        TRY(prose_end(prose, PROSE_ITEM));
    }
    for (size_t i = 0; i < contract->cap_count; i++) {
        TRY(buffer_append_format(&prose->text, _("%.*s never owes more than %s in all."),
                                 VIEW_ARGS(contract->caps[i].party),
                                 display_money(contract->caps[i].amount).text));
        TRY(prose_end(prose, PROSE_ITEM));
    }
    for (size_t i = 0; i < contract->commitment_count; i++) {
        TRY(buffer_append_format(&prose->text, _("%.*s places at most %s."),
                                 VIEW_ARGS(contract->commitments[i].party),
                                 display_money(contract->commitments[i].amount).text));
        TRY(prose_end(prose, PROSE_ITEM));
    }
    return STATUS_OK;
}

static enum status write_lines(struct prose *prose)
{
    TRY(write_heading(prose, _("How it is computed")));
    for (size_t i = 0; i < prose->contract->terms.line_count; i++) {
        TRY(prose_line(prose, i));
    }
    return STATUS_OK;
}

/* --- What is measured --- */

static enum status write_text_item(struct prose *prose, const char *name,
                                   const struct localized *text)
{
    struct view words = display_localized(text);
    TRY(words.size == 0 ? buffer_append_format(&prose->text, "%s: %s", name, _("not published"))
                        : buffer_append_format(&prose->text, "%s: %.*s", name, VIEW_ARGS(words)));
    return prose_end(prose, PROSE_SUBITEM);
}

static const char *class_phrase(enum outcome_class class)
{
    switch (class) {
    case OUTCOME_PAYING:
        return _("it moves money");
    case OUTCOME_CONDITION:
        return _("it opens or closes a payment");
    case OUTCOME_REPORTED:
        return _("it is reported and pays nothing");
    }
    return "";
}

/* The unit of a value, in words; nothing for a pure number. */
static enum status write_unit(struct prose *prose, const struct unit *unit)
{
    if (unit->count == 0) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(&prose->text, _(", in ")));
    return unit_write(unit, &prose->text);
}

static enum status write_range(struct prose *prose, const char *what, const struct range *range,
                               const struct unit *unit)
{
    if (!range->has_at_least && !range->has_at_most) {
        return STATUS_OK;
    }
    struct buffer *text = &prose->text;
    TRY(buffer_append_text(text, what));
    if (range->has_at_least) {
        TRY(buffer_append_text(text, _(" at least ")));
        TRY(buffer_append_text(text, display_value(&range->at_least, unit).text));
    }
    if (range->has_at_most) {
        TRY(buffer_append_text(text, range->has_at_least ? _(" and at most ") : _(" at most ")));
        TRY(buffer_append_text(text, display_value(&range->at_most, unit).text));
    }
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_outcome(struct prose *prose, size_t index)
{
    const struct outcome *outcome = &prose->contract->terms.outcomes[index];
    TRY(phrase_outcome(&prose->contract->terms, index, &prose->text));
    TRY(write_unit(prose, &outcome->unit));
    TRY(buffer_append_format(&prose->text, _(", measured by %.*s: %s."),
                             VIEW_ARGS(outcome->evaluator), class_phrase(outcome->class)));
    TRY(prose_end(prose, PROSE_ITEM));
    TRY(write_text_item(prose, _("source"), &outcome->source));
    TRY(write_text_item(prose, _("where data are missing"), &outcome->missing_data));
    if (outcome->baseline.count > 0) {
        TRY(write_text_item(prose, _("compared with"), &outcome->baseline));
    }
    TRY(write_range(prose, _("it can be"), &outcome->range, &outcome->unit));
    return write_range(prose, _("its counts can be"), &outcome->count_range, &outcome->count_unit);
}

static enum status write_outcomes(struct prose *prose)
{
    TRY(write_heading(prose, _("What is measured")));
    for (size_t i = 0; i < prose->contract->terms.outcome_count; i++) {
        TRY(write_outcome(prose, i));
    }
    return STATUS_OK;
}

static const char *binding_phrase(const struct period *period)
{
    if (period->closing) {
        return _("it closes the contract: it is settled and paid only after a termination that "
                 "names it");
    }
    return period->binding ? _("it is settled and paid")
                           : _("it is reported only, and settles nothing");
}

static enum status write_periods(struct prose *prose)
{
    const struct terms *terms = &prose->contract->terms;
    TRY(write_heading(prose, _("When")));
    for (size_t i = 0; i < terms->period_count; i++) {
        const struct period *period = &terms->periods[i];
        TRY(buffer_append_format(&prose->text, _("Period %.*s, from %s to %s: "),
                                 VIEW_ARGS(period->name), display_date(period->from).text,
                                 display_date(period->to).text));
        TRY(buffer_append_text(&prose->text, binding_phrase(period)));
        if (period->due.is_published) {
            TRY(buffer_append_format(&prose->text, _("; results are due on %s"),
                                     display_date(period->due.date).text));
        }
        TRY(buffer_append_byte(&prose->text, '.'));
        TRY(prose_end(prose, PROSE_ITEM));
    }
    return STATUS_OK;
}

static enum status write_who(struct prose *prose)
{
    TRY(write_heading(prose, _("Who signs and decides")));
    return prose_parties(prose);
}

/* --- What is not published --- */

static bool has_unpublished_result(const struct line *line)
{
    for (size_t i = 0; i < line->step_count; i++) {
        if (line->steps[i].then.kind == OPERAND_UNPUBLISHED) {
            return true;
        }
    }
    for (size_t i = 0; i < line->case_count; i++) {
        if (line->cases[i].then.kind == OPERAND_UNPUBLISHED) {
            return true;
        }
    }
    return line->then.kind == OPERAND_UNPUBLISHED || line->otherwise.kind == OPERAND_UNPUBLISHED;
}

struct gaps {
    struct prose *prose;
    size_t count;
};

static enum status write_gap(struct gaps *gaps)
{
    if (gaps->count++ > 0) {
        return prose_end(gaps->prose, PROSE_ITEM);
    }
    /* The heading comes before the first of them. */
    OWNED(buffer_release) struct buffer first;
    buffer_init(&first, PROSE_PARAGRAPH_MAX);
    TRY(buffer_append(&first, buffer_view(&gaps->prose->text)));
    buffer_clear(&gaps->prose->text);
    TRY(write_heading(gaps->prose, _("What is not published")));
    TRY(buffer_append(&gaps->prose->text, buffer_view(&first)));
    return prose_end(gaps->prose, PROSE_ITEM);
}

static enum status write_contract_gaps(struct gaps *gaps)
{
    const struct contract *contract = gaps->prose->contract;
    struct buffer *text = &gaps->prose->text;
    if (!contract->agreed_on.is_published) {
        TRY(buffer_append_text(text, _("When the parties agreed.")));
        TRY(write_gap(gaps));
    }
    if (contract->cohort_size == 0) {
        TRY(buffer_append_text(text, _("How many people it is about.")));
        TRY(write_gap(gaps));
    }
    if (contract->dispute.count == 0) {
        TRY(buffer_append_text(text, _("How disputes are decided.")));
        TRY(write_gap(gaps));
    }
    if (contract->legal_basis.count == 0) {
        TRY(buffer_append_text(text, _("The legal basis.")));
        TRY(write_gap(gaps));
    }
    return STATUS_OK;
}

static enum status write_gaps(struct prose *prose)
{
    const struct terms *terms = &prose->contract->terms;
    struct gaps gaps = {.prose = prose};
    for (size_t i = 0; i < terms->line_count; i++) {
        if (has_unpublished_result(&terms->lines[i])) {
            TRY(buffer_append_text(&prose->text, _("A result of ")));
            TRY(phrase_line(terms, i, &prose->text));
            TRY(buffer_append_text(&prose->text, _(": a settlement that reaches it is refused.")));
            TRY(write_gap(&gaps));
        }
    }
    return write_contract_gaps(&gaps);
}

enum status prose_contract(const struct contract *contract, prose_sink *sink, void *context)
{
    struct prose prose = {.contract = contract, .sink = sink, .context = context};
    buffer_init(&prose.text, PROSE_PARAGRAPH_MAX);
    enum status status = write_pays(&prose);
    if (status == STATUS_OK) {
        status = write_lines(&prose);
    }
    if (status == STATUS_OK) {
        status = prose_gains(&prose);
    }
    if (status == STATUS_OK) {
        status = write_outcomes(&prose);
    }
    if (status == STATUS_OK) {
        status = write_periods(&prose);
    }
    if (status == STATUS_OK) {
        status = write_who(&prose);
    }
    if (status == STATUS_OK) {
        status = write_gaps(&prose);
    }
    buffer_release(&prose.text);
    return status;
}

/* --- Where it goes --- */

static enum status print_paragraph(void *context, enum prose_style style, struct view text)
{
    bool *is_first = context;
    switch (style) {
    case PROSE_HEADING:
        printf("%s%.*s\n\n", *is_first ? "" : "\n", VIEW_ARGS(text));
        break;
    case PROSE_ITEM:
        printf("  ");
        display_paragraph(text, 2);
        break;
    case PROSE_SUBITEM:
        printf("      - ");
        display_paragraph(text, 8);
        break;
    }
    *is_first = false;
    return STATUS_OK;
}

enum status prose_print(const struct contract *contract)
{
    bool is_first = true;
    return prose_contract(contract, print_paragraph, &is_first);
}

static enum status push_paragraph(void *context, enum prose_style style, struct view text)
{
    static const char *const STYLES[] = {
        [PROSE_HEADING] = "heading", [PROSE_ITEM] = "item", [PROSE_SUBITEM] = "subitem"};
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "style", view_of(STYLES[style])));
    TRY(json_set_string(object, "text", text));
    return json_push(context, STEAL(object));
}

enum status prose_to_json(const struct contract *contract, struct json *object)
{
    OWNED(json_freep) struct json *words = json_new_array();
    if (words == NULL) {
        return STATUS_MEMORY;
    }
    TRY(prose_contract(contract, push_paragraph, words));
    return json_set(object, "words", STEAL(words));
}
