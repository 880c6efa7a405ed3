#include "cli/finding_text.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"
#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX ((size_t)64 * 1024)
#define INDENT 2
#define GAP 2

/* What one finding is told with. */
struct telling {
    const struct reconciliation *reconciliation;
    const struct terms *terms; /* that the finding was computed by */
    const struct finding *finding;
    size_t indent; /* where texts begin: behind the verdicts */
};

static bool is_input(enum finding_kind kind)
{
    return kind == FINDING_INPUT || kind == FINDING_RATIO || kind == FINDING_WORDS;
}

static bool is_total(enum finding_kind kind)
{
    return kind == FINDING_TOTAL || kind == FINDING_BOUND;
}

/* Whether two neighbours are about one input, or one total. */
static bool is_same_item(const struct finding *a, const struct finding *b)
{
    return a->period == b->period && a->item == b->item &&
           ((is_input(a->kind) && is_input(b->kind)) || (is_total(a->kind) && is_total(b->kind)));
}

static bool begins_item(const struct telling *telling)
{
    const struct finding *finding = telling->finding;
    return finding == telling->reconciliation->findings || !is_same_item(finding - 1, finding);
}

static bool ends_item(const struct telling *telling)
{
    const struct reconciliation *reconciliation = telling->reconciliation;
    const struct finding *finding = telling->finding;
    return finding + 1 == reconciliation->findings + reconciliation->count ||
           !is_same_item(finding, finding + 1);
}

static const char *word_of_verdict(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_MATCHES:
        return _("matches");
    case VERDICT_DIFFERS:
        return _("differs");
    case VERDICT_NOT_COMPUTABLE:
        return _("not computable");
    case VERDICT_NOT_PUBLISHED:
        return _("not published");
    case VERDICT_TAKEN:
        return _("taken");
    case VERDICT_COUNT:
        break;
    }
    return "";
}

/* --- What it is about --- */

static enum status write_label(const struct localized *label, struct buffer *text)
{
    return buffer_append(text, display_localized(label));
}

static enum status write_outcome(const struct telling *telling, size_t outcome,
                                 enum measured_field field, struct buffer *text)
{
    TRY(write_label(&telling->terms->outcomes[outcome].label, text));
    return field == MEASURED_VALUE ? STATUS_OK
                                   : buffer_append_format(text, " (%s)", word_of_field(field));
}

static enum status write_pay(const struct telling *telling, const struct quantity *quantity,
                             struct buffer *text)
{
    const struct pay *pay = &telling->terms->pays[quantity->index];
    TRY(write_label(&telling->terms->lines[pay->line].label, text));
    if (quantity->item.size > 0) {
        const struct tranche *tranche = &pay->tranches[quantity->item_index];
        struct view name =
            tranche->label.count > 0 ? display_localized(&tranche->label) : tranche->name;
        TRY(buffer_append_format(text, ", %.*s", VIEW_ARGS(name)));
    }
    if (quantity->to.size == 0) {
        return STATUS_OK;
    }
    return buffer_append_format(text, _(", to %.*s"), VIEW_ARGS(quantity->to));
}

static enum status write_quantity(const struct telling *telling, const struct quantity *quantity,
                                  struct buffer *text)
{
    switch (quantity->kind) {
    case QUANTITY_LINE:
        return write_label(&telling->terms->lines[quantity->index].label, text);
    case QUANTITY_ITEM: {
        const struct line *line = &telling->terms->lines[quantity->index];
        TRY(write_label(&line->label, text));
        TRY(buffer_append_text(text, ", "));
        return write_label(&line->items[quantity->item_index].label, text);
    }
    case QUANTITY_PAY:
        return write_pay(telling, quantity, text);
    case QUANTITY_OUTCOME:
        return write_outcome(telling, quantity->index, quantity->field, text);
    case QUANTITY_REFUSAL:
        return buffer_append_format(text, _("Settlement refused by %s"), rule_name(quantity->rule));
    case QUANTITY_PART:
        break;
    }
    return STATUS_OK;
}

static enum status write_sum(const struct telling *telling, const struct published_sum *sum,
                             struct buffer *text)
{
    switch (sum->kind) {
    case PUBLISHED_FUNDED:
        return buffer_append_format(text, _("Placed by %.*s"), VIEW_ARGS(sum->name));
    case PUBLISHED_PAID:
        TRY(write_label(&telling->terms->lines[sum->line].label, text));
        return buffer_append_format(text, ", %s", _("paid so far"));
    case PUBLISHED_EARLIER:
        TRY(write_label(&telling->terms->lines[sum->line].label, text));
        return buffer_append_format(text, ", %s", _("in earlier settlements"));
    case PUBLISHED_SUM_COUNT:
        break;
    }
    return STATUS_OK;
}

/* The published period that a finding stands in: not of a total. */
static const struct published_period *period_of(const struct telling *telling)
{
    assert(telling->finding->period != FINDING_NO_PERIOD);
    return &telling->reconciliation->published->periods[telling->finding->period];
}

static const struct published_input *input_of(const struct telling *telling)
{
    return &period_of(telling)->inputs[telling->finding->item];
}

static const struct published_claim *claim_of(const struct telling *telling)
{
    return &period_of(telling)->claims[telling->finding->item];
}

static const struct published_total *total_of(const struct telling *telling)
{
    return &telling->reconciliation->published->totals[telling->finding->item];
}

static enum status write_subject(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    switch (finding->kind) {
    case FINDING_INPUT:
    case FINDING_RATIO:
        return write_outcome(telling, input_of(telling)->outcome, finding->field, text);
    case FINDING_WORDS:
        return write_label(&telling->terms->outcomes[input_of(telling)->outcome].label, text);
    case FINDING_SUM:
        return write_sum(telling, &period_of(telling)->sums[finding->item], text);
    case FINDING_CLAIM:
        return write_quantity(telling, &claim_of(telling)->quantity, text);
    case FINDING_TOTAL:
    case FINDING_BOUND:
        return write_label(&total_of(telling)->label, text);
    case FINDING_COUNT:
        break;
    }
    return STATUS_OK;
}

/* --- Numbers --- */

static bool is_percent(const struct unit *unit)
{
    return unit->count == 1 && unit->bases[0].exponent == 1 &&
           view_is(unit->bases[0].name, PUBLISHED_PERCENT);
}

static enum status write_number(const struct rational *value, const struct unit *unit,
                                struct buffer *text)
{
    if (is_percent(unit)) {
        return buffer_append_format(text, "%s %%", display_number(value).text);
    }
    return buffer_append_text(text, display_value(value, unit).text);
}

/* The size of a difference; that between two percentages is in percentage points. */
static enum status write_size(const struct rational *difference, const struct unit *unit,
                              struct buffer *text)
{
    OWNED(rational_release) struct rational size;
    rational_init(&size);
    rational_set(&size, difference);
    if (rational_sign(&size) < 0) {
        rational_negate(&size, &size);
    }
    if (is_percent(unit)) {
        return buffer_append_format(text, _("%s percentage points"), display_number(&size).text);
    }
    return write_number(&size, unit, text);
}

/* "(18.66 %)": the share of what was recomputed, cut to two decimals. */
static enum status write_share(const struct finding *finding, struct buffer *text)
{
    if (!finding->has_share) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational hundredth;
    OWNED(rational_release) struct rational step;
    rational_init(&hundredth);
    rational_init(&step);
    rational_set_integer(&step, 100);
    TRY(rational_multiply(&hundredth, &finding->share, &step));
    if (rational_sign(&hundredth) < 0) {
        rational_negate(&hundredth, &hundredth);
    }
    rational_set_fraction(&step, 1, 100);
    TRY(rational_round(&hundredth, &hundredth, &step, ROUND_HALF_EVEN));
    return buffer_append_format(
        text, rational_sign(&hundredth) == 0 ? _(" (below %s %%)") : _(" (%s %%)"),
        rational_sign(&hundredth) == 0 ? display_number(&step).text
                                       : display_number(&hundredth).text);
}

/* How the figure was said to be rounded; NULL where it cannot be. */
static const struct published_rounding *rounding_of(const struct telling *telling)
{
    switch (telling->finding->kind) {
    case FINDING_RATIO:
        return &input_of(telling)->rounding;
    case FINDING_CLAIM:
        return &claim_of(telling)->figure.rounding;
    case FINDING_TOTAL:
        return &total_of(telling)->figure.rounding;
    case FINDING_INPUT:
    case FINDING_WORDS:
    case FINDING_SUM:
    case FINDING_BOUND:
    case FINDING_COUNT:
        break;
    }
    return NULL;
}

/* ": rounded to 0.1 % (the nearest) they are the same", or would be, rounded in another way. */
static enum status write_rounding(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    const struct published_rounding *rounding = rounding_of(telling);
    if (!finding->has_rounding || rounding == NULL) {
        return STATUS_OK;
    }
    bool matches = finding->verdict == VERDICT_MATCHES;
    OWNED(buffer_release) struct buffer step;
    buffer_init(&step, DISPLAY_SIZE);
    TRY(write_number(&rounding->step, &finding->unit, &step));
    const char *way =
        matches && !rounding->has_way ? _("the nearest") : word_of_rounding(finding->rounding);
    return buffer_append_format(text,
                                matches
                                    ? _("; rounded to %s (%s) it is the published figure")
                                    : _("; rounded to %s (%s) it would be the published figure"),
                                step.data, way);
}

/* --- Verdicts --- */

static bool is_ledgers(const struct finding *finding)
{
    return finding->kind == FINDING_INPUT || finding->kind == FINDING_SUM;
}

/* "8.9 % published, 7.5 % recomputed" */
static enum status write_both(const struct finding *finding, struct buffer *text)
{
    TRY(write_number(&finding->published, &finding->unit, text));
    TRY(buffer_append_format(text, " %s, ",
                             finding->kind == FINDING_BOUND ? _("at most") : _("published")));
    TRY(write_number(&finding->computed, &finding->unit, text));
    return buffer_append_format(text, " %s",
                                is_ledgers(finding) ? _("in the ledger") : _("recomputed"));
}

static enum status write_match(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    if (finding->kind == FINDING_CLAIM && !finding->has_published) {
        return buffer_append_text(text, _("as published")); /* a refusal */
    }
    if (rational_sign(&finding->difference) == 0) {
        return write_number(&finding->computed, &finding->unit, text);
    }
    TRY(write_both(finding, text));
    return write_rounding(telling, text);
}

static enum status write_difference(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    if (!finding->has_published) { /* a refusal */
        return finding->failure.code[0] == '\0'
                   ? buffer_append_text(text, _("it is computed, and not refused"))
                   : buffer_append_format(text, "%s: %s", finding->failure.code,
                                          finding->failure.reason);
    }
    TRY(write_both(finding, text));
    TRY(buffer_append_text(text, ": "));
    bool is_bound = finding->kind == FINDING_BOUND;
    TRY(buffer_append_text(text, is_bound ? _("above it by")
                                 : rational_sign(&finding->difference) > 0
                                     ? _("the published one is higher by")
                                     : _("the published one is lower by")));
    TRY(buffer_append_text(text, " "));
    TRY(write_size(&finding->difference, &finding->unit, text));
    TRY(is_bound ? STATUS_OK : write_share(finding, text));
    return write_rounding(telling, text);
}

/* The line that a failure's place names: "/lines/3". NULL for another place. */
static const struct line *line_at(const struct terms *terms, const char *at)
{
    static const char LINES[] = "/lines/";
    if (strncmp(at, LINES, sizeof LINES - 1) != 0) {
        return NULL;
    }
    unsigned long index = strtoul(at + sizeof LINES - 1, NULL, 10);
    return index < terms->line_count ? &terms->lines[index] : NULL;
}

/* Why it cannot be computed: the line that could not be, the rule, and the case. */
static enum status write_failure(const struct telling *telling, struct buffer *text)
{
    const struct failure *failure = &telling->finding->failure;
    if (telling->finding->has_published) {
        TRY(write_number(&telling->finding->published, &telling->finding->unit, text));
        TRY(buffer_append_format(text, " %s, ", _("published")));
    }
    TRY(buffer_append_text(text, _("and cannot be computed:")));
    const struct line *line = line_at(telling->terms, failure->at);
    if (line != NULL) {
        TRY(buffer_append_format(text, " [%zu] %.*s:", (size_t)(line - telling->terms->lines) + 1,
                                 VIEW_ARGS(display_localized(&line->label))));
    }
    return buffer_append_format(text, " %s %s: %s",
                                rule_sentence(rule_by_name(failure->code), language()),
                                failure->code, failure->reason);
}

/* What was told of an input in words; empty for everything else. */
static struct view words_of(const struct telling *telling)
{
    const struct finding *finding = telling->finding;
    if (finding->kind != FINDING_INPUT && finding->kind != FINDING_WORDS) {
        return (struct view){0};
    }
    return input_of(telling)->value.published;
}

static enum status write_taken(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    if (finding->kind == FINDING_WORDS) {
        struct view words = words_of(telling);
        return view_is(words, NOT_PUBLISHED)
                   ? buffer_append_text(text, _("not published"))
                   : buffer_append_format(
                         text, _("\"%.*s\"; that is no number, and nothing is computed from it"),
                         VIEW_ARGS(words));
    }
    TRY(write_number(&finding->published, &finding->unit, text));
    if (finding->is_circular) {
        TRY(buffer_append_text(text, _(", computed back from what was paid")));
    }
    struct view words = words_of(telling);
    return words.size == 0 || !begins_item(telling)
               ? STATUS_OK
               : buffer_append_format(text, _(", published as \"%.*s\""), VIEW_ARGS(words));
}

static enum status write_verdict(const struct telling *telling, struct buffer *text)
{
    const struct finding *finding = telling->finding;
    switch (finding->verdict) {
    case VERDICT_MATCHES:
        return write_match(telling, text);
    case VERDICT_DIFFERS:
        return write_difference(telling, text);
    case VERDICT_NOT_COMPUTABLE:
        return write_failure(telling, text);
    case VERDICT_NOT_PUBLISHED:
        TRY(write_number(&finding->computed, &finding->unit, text));
        return buffer_append_text(text, _(" recomputed; the figure is not published"));
    case VERDICT_TAKEN:
        return write_taken(telling, text);
    case VERDICT_COUNT:
        break;
    }
    return STATUS_OK;
}

/* --- Printing --- */

/* The figure's or input's note, if it has one. */
static struct view note_of(const struct telling *telling)
{
    switch (telling->finding->kind) {
    case FINDING_INPUT:
    case FINDING_WORDS:
    case FINDING_RATIO:
        return display_localized(&input_of(telling)->value.note);
    case FINDING_CLAIM:
        return display_localized(&claim_of(telling)->figure.note);
    case FINDING_TOTAL:
    case FINDING_BOUND:
        return display_localized(&total_of(telling)->figure.note);
    case FINDING_SUM:
    case FINDING_COUNT:
        break;
    }
    return (struct view){0};
}

static void print_indented(const struct telling *telling, struct view text)
{
    printf("%*s", (int)telling->indent, "");
    display_paragraph(text, telling->indent);
}

static enum status print_finding(const struct telling *telling)
{
    const struct finding *finding = telling->finding;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(write_subject(telling, &text));
    TRY(buffer_append_text(&text, ": "));
    TRY(write_verdict(telling, &text));

    printf("%*s", INDENT, "");
    display_padded(
        view_of(finding->kind == FINDING_WORDS ? _("not used") : word_of_verdict(finding->verdict)),
        telling->indent - INDENT);
    display_paragraph(buffer_view(&text), telling->indent);
    if (finding->is_circular && finding->verdict == VERDICT_MATCHES) {
        print_indented(telling, view_of(_("Circular: it rests on a number that was taken from what "
                                          "was paid, and proves nothing about the contract.")));
    }
    struct view note = note_of(telling);
    if (note.size > 0 && ends_item(telling)) {
        print_indented(telling, note);
    }
    return STATUS_OK;
}

static size_t text_column(void)
{
    size_t widest = 0;
    for (size_t i = 0; i < VERDICT_COUNT; i++) {
        size_t width = display_width(view_of(word_of_verdict((enum verdict)i)));
        widest = width > widest ? width : widest;
    }
    return INDENT + widest + GAP;
}

static void print_heading(const struct reconciliation *reconciliation, size_t period)
{
    if (period == FINDING_NO_PERIOD) {
        printf("\n%s\n", _("Totals"));
        return;
    }
    const struct published_period *published = &reconciliation->published->periods[period];
    const struct period *terms = &published->contract->terms.periods[published->index];
    printf(_("\nPeriod %.*s, %s to %s\n"), VIEW_ARGS(terms->name), display_date(terms->from).text,
           display_date(terms->to).text);
}

static void print_summary(const struct reconciliation *reconciliation)
{
    const size_t *verdicts = reconciliation->verdicts;
    printf(_("\nMatches: %zu (circular: %zu). Differs: %zu. Not computable: %zu. Not published: "
             "%zu.\n"),
           verdicts[VERDICT_MATCHES], reconciliation->circular_count, verdicts[VERDICT_DIFFERS],
           verdicts[VERDICT_NOT_COMPUTABLE], verdicts[VERDICT_NOT_PUBLISHED]);
}

enum status finding_text_print(const struct reconciliation *reconciliation)
{
    const struct contract *contract = reconciliation->contract;
    struct view title = display_localized(reconciliation->published->title.count > 0
                                              ? &reconciliation->published->title
                                              : &contract->title);
    printf("%.*s\n%.*s\n", VIEW_ARGS(title), VIEW_ARGS(contract->name));
    struct telling telling = {
        .reconciliation = reconciliation,
        .indent = text_column(),
    };
    for (size_t i = 0; i < reconciliation->count; i++) {
        telling.finding = &reconciliation->findings[i];
        telling.terms = &telling.finding->contract->terms;
        if (i == 0 || telling.finding->period != telling.finding[-1].period) {
            print_heading(reconciliation, telling.finding->period);
        }
        TRY(print_finding(&telling));
    }
    print_summary(reconciliation);
    return STATUS_OK;
}
