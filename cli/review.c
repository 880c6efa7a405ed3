#include "cli/review.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/review_text.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <stdio.h>

/* Periods and numbers beyond this many are told by --json alone. */
#define ROWS_MAX 12

size_t review_count(const struct review *review, enum review_severity severity)
{
    size_t count = 0;
    for (size_t i = 0; i < review->count; i++) {
        count += review_severity(review->findings[i]->code) == severity;
    }
    return count;
}

/* --- For people --- */

static void print_indented(const struct buffer *text, size_t indent)
{
    printf("%*s", (int)indent, "");
    display_paragraph(buffer_view(text), indent);
}

/* The place, whose label it is, and what is said about it. */
static enum status print_finding(const struct review *review, const struct review_finding *finding)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    TRY(buffer_append_text(&text, finding->at));
    if (finding->line < review->contract->terms.line_count) {
        const struct localized *label = &review->contract->terms.lines[finding->line].label;
        struct view shown = display_localized(label);
        TRY(buffer_append_format(&text, " (%.*s)", VIEW_ARGS(shown)));
    }
    TRY(buffer_append_text(&text, ": "));
    TRY(review_write_sentence(review, finding, &text));
    print_indented(&text, 6);
    return STATUS_OK;
}

/* Findings of one name stand below it. */
static enum status print_findings(const struct review *review, enum review_severity severity)
{
    if (review_count(review, severity) == 0) {
        return STATUS_OK;
    }
    printf("\n  %s\n", severity == REVIEW_WARNING ? _("Warnings:") : _("Notes:"));
    enum review_code code = REVIEW_CODE_COUNT;
    for (size_t i = 0; i < review->count; i++) {
        const struct review_finding *finding = review->findings[i];
        if (review_severity(finding->code) != severity) {
            continue;
        }
        if (finding->code != code) {
            printf("    %s\n", review_name(finding->code));
        }
        code = finding->code;
        TRY(print_finding(review, finding));
    }
    return STATUS_OK;
}

static struct unit currency_unit(const struct review *review)
{
    return (struct unit){
        .count = 1,
        .bases = {{.name = review->contract->terms.currency_code, .exponent = 1}},
    };
}

/* How sure an end is, and which numbers bring it about. */
static enum status print_end(const struct review *review, const struct liability *liability,
                             bool is_greatest)
{
    const struct search_result *end = is_greatest ? &liability->greatest : &liability->least;
    struct unit unit = currency_unit(review);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    if (!end->is_bounded) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(&text, is_greatest ? _("greatest: ") : _("least: ")));
    if (!end->is_searched) {
        TRY(buffer_append_text(&text, _("a bound; what comes near it was not looked for")));
    } else if (!end->is_found) {
        TRY(buffer_append_text(&text, _("a bound; no settlement was found")));
    } else if (end_is_exact(end)) {
        TRY(buffer_append_text(&text, _("exact")));
    } else {
        TRY(buffer_append_format(&text, _("a bound; the nearest found is %s"),
                                 display_value(&end->value, &unit).text));
    }
    bool is_told = !liability->is_sum && end->chosen_count <= ROWS_MAX;
    if (end->is_found && end->chosen_count > 0 && is_told) {
        TRY(buffer_append_text(&text, _(", when ")));
        TRY(review_write_chosen(review, end->chosen, end->chosen_count, &text));
    }
    print_indented(&text, 8);
    return STATUS_OK;
}

static enum status print_liability(const struct review *review, const struct liability *liability)
{
    const struct terms *terms = &review->contract->terms;
    struct view name = view_of(_("in all"));
    if (liability->period != LIABILITY_IN_ALL) {
        name = terms->periods[liability->period].name;
    }
    struct unit unit = currency_unit(review);
    struct display least = display_value(&liability->least.bound, &unit);
    struct display greatest = display_value(&liability->greatest.bound, &unit);
    if (liability->greatest.is_bounded) {
        printf(_("      %.*s: from %s to %s\n"), VIEW_ARGS(name), least.text, greatest.text);
    } else {
        printf(_("      %.*s: from %s, without limit\n"), VIEW_ARGS(name), least.text);
    }
    if (liability->like != liability->period) {
        struct view like = terms->periods[liability->like].name;
        printf(_("        as %.*s\n"), VIEW_ARGS(like));
        return STATUS_OK;
    }
    TRY(print_end(review, liability, false));
    return print_end(review, liability, true);
}

static enum status print_party(const struct review *review, const struct party_liability *party)
{
    const size_t count = review->liabilities.period_count;
    printf("    %.*s", VIEW_ARGS(party->party));
    if (party->cap != NULL) {
        printf(_(", with a cap of %s"), display_money(party->cap->amount).text);
    }
    printf("\n");
    for (size_t i = 0; i < count && count <= ROWS_MAX; i++) {
        TRY(print_liability(review, &party->periods[i]));
    }
    return count > 1 ? print_liability(review, &party->in_all) : STATUS_OK;
}

static bool has_code(const struct review *review, enum review_code code)
{
    for (size_t i = 0; i < review->count; i++) {
        if (review->findings[i]->code == code) {
            return true;
        }
    }
    return false;
}

/* What the amounts stand on. */
static void print_conditions(const struct review *review)
{
    if (has_code(review, REVIEW_RESULT_NOT_PUBLISHED)) {
        printf("    %s\n", _("Cases that the published terms leave open are left out."));
    }
    if (review->is_cut) {
        printf(_("    The search ended after %zu settlements: ends that are not exact may be too "
                 "wide.\n"),
               review->evaluations);
    }
    if (review->is_count_cut) {
        printf(_("    There are more findings than the %d that are shown.\n"), REVIEW_FINDINGS_MAX);
    }
}

enum status review_print(const struct review *review)
{
    TRY(print_findings(review, REVIEW_WARNING));
    TRY(print_findings(review, REVIEW_NOTE));
    if (review->liabilities.party_count == 0) {
        printf("\n");
        return STATUS_OK;
    }
    printf("\n  %s\n", _("What each party can come to owe, as the lines are:"));
    if (review->liabilities.period_count == 0) {
        printf("    %s\n\n", _("Nothing, since no period can be settled."));
        return STATUS_OK;
    }
    for (size_t i = 0; i < review->liabilities.party_count; i++) {
        TRY(print_party(review, &review->liabilities.parties[i]));
    }
    print_conditions(review);
    printf("\n");
    return STATUS_OK;
}

/* --- For programs --- */

static enum status set_number(struct json *object, const char *name, const struct rational *value)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, DISPLAY_SIZE);
    TRY(rational_write_fraction(value, &text));
    return json_set_string(object, name, buffer_view(&text));
}

static enum status push_chosen(const struct review *review, const struct chosen *chosen,
                               struct json *array)
{
    const struct terms *terms = &review->contract->terms;
    const struct input *input = &review->inputs.items[chosen->input];
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    switch (input->kind) {
    case INPUT_MEASURED:
        TRY(json_set_string(object, "measured", terms->outcomes[input->outcome].name));
        TRY(json_set_string(object, "field", view_of(MEASURED_FIELD_NAMES[input->field])));
        TRY(json_set_string(object, "period", terms->periods[input->period].name));
        break;
    case INPUT_FUNDED:
        TRY(json_set_string(object, "funded", input->investor));
        break;
    case INPUT_PAID:
        TRY(json_set_string(object, "paid", view_of("part")));
        break;
    }
    TRY(set_number(object, "value", &chosen->value));
    return json_push(array, STEAL(object));
}

static enum status set_when(const struct review *review, const struct chosen *chosen, size_t count,
                            struct json *object)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(push_chosen(review, &chosen[i], array));
    }
    return json_set(object, "when", STEAL(array));
}

static enum status push_finding(const struct review *review, const struct review_finding *finding,
                                struct json *array)
{
    const struct terms *terms = &review->contract->terms;
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    bool is_warning = review_severity(finding->code) == REVIEW_WARNING;
    TRY(json_set_string(object, "code", view_of(review_name(finding->code))));
    TRY(json_set_string(object, "severity", view_of(is_warning ? "warning" : "note")));
    TRY(json_set_string(object, "at", view_of(finding->at)));
    if (finding->line < terms->line_count) {
        TRY(json_set_string(object, "line", terms->lines[finding->line].name));
    }
    TRY(review_write_sentence(review, finding, &text));
    TRY(json_set_string(object, "reason", buffer_view(&text)));
    if (finding->chosen_count > 0) {
        TRY(set_when(review, finding->chosen, finding->chosen_count, object));
    }
    return json_push(array, STEAL(object));
}

static enum status set_end(const struct review *review, const char *name,
                           const struct search_result *end, struct json *object)
{
    OWNED(json_freep) struct json *member = json_new_object();
    if (member == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_boolean(member, "exact", end_is_exact(end)));
    if (end->is_bounded) {
        TRY(set_number(member, "bound", &end->bound));
    } else {
        TRY(json_set_string(member, "bound", view_of("unbounded")));
    }
    if (end->is_found) {
        TRY(set_number(member, "found", &end->value));
        TRY(set_when(review, end->chosen, end->chosen_count, member));
    }
    return json_set(object, name, STEAL(member));
}

static enum status push_liability(const struct review *review, const struct liability *liability,
                                  struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(object, "period", review->contract->terms.periods[liability->period].name));
    TRY(set_end(review, "least", &liability->least, object));
    TRY(set_end(review, "greatest", &liability->greatest, object));
    return json_push(array, STEAL(object));
}

static enum status push_party(const struct review *review, const struct party_liability *party,
                              struct json *array)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *periods = json_new_array();
    if (object == NULL || periods == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < review->liabilities.period_count; i++) {
        TRY(push_liability(review, &party->periods[i], periods));
    }
    TRY(json_set_string(object, "payer", party->party));
    TRY(json_set_string(object, "currency", review->contract->terms.currency_code));
    if (party->cap != NULL) {
        TRY(output_set_amount(object, "cap", party->cap->amount));
    }
    if (review->liabilities.period_count > 0) {
        TRY(set_end(review, "least", &party->in_all.least, object));
        TRY(set_end(review, "greatest", &party->in_all.greatest, object));
    }
    TRY(json_set(object, "periods", STEAL(periods)));
    return json_push(array, STEAL(object));
}

enum status review_to_json(const struct review *review, struct json *object)
{
    OWNED(json_freep) struct json *findings = json_new_array();
    OWNED(json_freep) struct json *liability = json_new_array();
    if (findings == NULL || liability == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < review->count; i++) {
        TRY(push_finding(review, review->findings[i], findings));
    }
    for (size_t i = 0; i < review->liabilities.party_count; i++) {
        TRY(push_party(review, &review->liabilities.parties[i], liability));
    }
    TRY(json_set(object, "findings", STEAL(findings)));
    TRY(json_set(object, "liability", STEAL(liability)));
    return json_set_boolean(object, "cut", review->is_cut || review->is_count_cut);
}
