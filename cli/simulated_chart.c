/* The answer of `utfall simulate` as a drawing: what goes onto the chart, and its words. */

#include "cli/simulated.h"

#include "cli/chart.h"
#include "cli/display.h"
#include "cli/language.h"
#include "ledger/base/arena.h"
#include "ledger/base/ownership.h"

#include <string.h>

#define TEXT_MAX ((size_t)64 * 1024)
#define DASH " \xe2\x80\x93 "
#define NAME_COLUMNS 22 /* a longer label stands in the key only */
#define TEXTS_MAX ((size_t)1024 * 1024)

/* A chart while its words are put together; they live in the arena. */
struct making {
    const struct simulated *simulated;
    struct chart chart;
    struct arena texts;
    struct buffer text; /* the one that is written */
    struct rational caps[CHART_CAPS_MAX];
};

/* Takes what was written as a text of the chart, and begins another. */
static enum status keep_text(struct making *making, struct view *ret_text)
{
    TRY(arena_copy(&making->texts, buffer_view(&making->text), ret_text));
    buffer_clear(&making->text);
    return STATUS_OK;
}

static enum status write_unit(const struct unit *unit, struct buffer *buffer)
{
    if (unit->count == 0) {
        return STATUS_OK;
    }
    bool is_kronor = unit->count == 1 && unit->bases[0].exponent == 1 &&
                     view_is(unit->bases[0].name, "SEK") && strcmp(language(), "sv") == 0;
    TRY(buffer_append_text(buffer, ", "));
    return is_kronor ? buffer_append_text(buffer, "kr") : unit_write(unit, buffer);
}

/* --- Titles --- */

static enum status make_titles(struct making *making)
{
    const struct simulated *simulated = making->simulated;
    struct chart *chart = &making->chart;
    struct buffer *text = &making->text;
    const struct simulation *first = &simulated->simulations[0];
    for (size_t i = 0; i < simulated->contract_count; i++) {
        const struct contract *contract = simulated->simulations[i].contract;
        struct view title = display_localized(&contract->title);
        if (simulated->contract_count == 1) {
            TRY(buffer_append(text, title));
        } else {
            TRY(buffer_append_format(text, i == 0 ? "A %.*s" : _(", compared with B %.*s"),
                                     VIEW_ARGS(contract->name)));
        }
    }
    TRY(keep_text(making, &chart->title));

    const struct period *period = &first->contract->terms.periods[first->period];
    TRY(buffer_append_format(text, _("Period %.*s, %s to %s. A simulation, not a settlement."),
                             VIEW_ARGS(period->name), display_date(period->from).text,
                             display_date(period->to).text));
    return keep_text(making, &chart->subtitle);
}

static enum status make_axis_titles(struct making *making)
{
    const struct simulated *simulated = making->simulated;
    struct chart *chart = &making->chart;
    struct buffer *text = &making->text;
    const struct simulation *first = &simulated->simulations[0];
    struct unit unit = simulated_axis_unit(simulated, 0);
    TRY(simulated_write_axis(simulated, 0, text));
    TRY(write_unit(&unit, text));
    TRY(keep_text(making, &chart->x_title));
    TRY(buffer_append_text(text, _("Payout")));
    TRY(write_unit(&first->columns[COLUMN_TOTAL_INDEX].unit, text));
    return keep_text(making, &chart->y_title);
}

/* --- Curves --- */

static enum status add_curve(struct making *making, size_t contract, size_t column)
{
    struct chart *chart = &making->chart;
    if (chart->curve_count == CHART_CURVES_MAX) {
        return STATUS_OK;
    }
    const struct simulated *simulated = making->simulated;
    const struct simulation *simulation = &simulated->simulations[contract];
    const struct column *found = &simulation->columns[column];
    if (simulated->contract_count == 2) {
        TRY(buffer_append_format(&making->text, "%s: %.*s", contract == 0 ? "A" : "B",
                                 VIEW_ARGS(simulation->contract->name)));
    } else if (found->kind == COLUMN_TOTAL) {
        TRY(buffer_append_text(&making->text, _("Payout")));
    } else {
        struct view label =
            display_localized(&simulation->contract->terms.lines[found->line].label);
        TRY(buffer_append(&making->text, label));
    }
    struct chart_curve *curve = &chart->curves[chart->curve_count];
    curve->trace = simulated_trace(simulated, contract);
    curve->column = column;
    TRY(keep_text(making, &curve->label));
    curve->name = display_width(curve->label) <= NAME_COLUMNS ? curve->label : found->name;
    if (simulated->contract_count == 2) {
        curve->name = contract == 0 ? VIEW("A") : VIEW("B");
    }
    chart->curve_count++;
    return STATUS_OK;
}

/* The total of each contract; of one, also the lines asked for that are in its currency. */
static enum status make_curves(struct making *making)
{
    const struct simulated *simulated = making->simulated;
    const struct simulation *first = &simulated->simulations[0];
    for (size_t i = 0; i < simulated->contract_count; i++) {
        TRY(add_curve(making, i, COLUMN_TOTAL_INDEX));
    }
    for (size_t i = 0; i < first->column_count && simulated->contract_count == 1; i++) {
        if (first->columns[i].kind == COLUMN_LINE &&
            unit_equal(&first->columns[i].unit, &first->columns[COLUMN_TOTAL_INDEX].unit)) {
            TRY(add_curve(making, 0, i));
        }
    }
    return STATUS_OK;
}

/* --- Thresholds --- */

static bool is_threshold_of_any(const struct simulated *simulated, size_t place)
{
    for (size_t i = 0; i < simulated->contract_count; i++) {
        if (trace_is_threshold(simulated_trace(simulated, i), place)) {
            return true;
        }
    }
    return false;
}

/* "SEK 10,000,000.00 - payout SEK 10,000,000.00 - Saving counted: the upper limit" */
static enum status write_mark(struct making *making, size_t place)
{
    const struct simulated *simulated = making->simulated;
    struct buffer *text = &making->text;
    const struct trace *trace = simulated_trace(simulated, 0);
    TRY(simulated_write_place(simulated, &trace->places->items[place], text));
    for (size_t i = 0; i < simulated->contract_count; i++) {
        if (!trace_is_threshold(simulated_trace(simulated, i), place)) {
            continue;
        }
        TRY(buffer_append_text(text, DASH));
        if (simulated->contract_count == 2) {
            TRY(buffer_append_text(text, i == 0 ? "A: " : "B: "));
        }
        TRY(simulated_write_sides(simulated, i, place, text));
        TRY(buffer_append_text(text, DASH));
        TRY(simulated_write_causes(simulated, i, place, text));
    }
    return STATUS_OK;
}

static enum status add_note(struct making *making)
{
    struct chart *chart = &making->chart;
    if (chart->note_count == CHART_NOTES_MAX) {
        buffer_clear(&making->text);
        return STATUS_OK;
    }
    TRY(keep_text(making, &chart->notes[chart->note_count]));
    chart->note_count++;
    return STATUS_OK;
}

/* What was supposed, below the chart: it can be long. */
static enum status make_suppositions(struct making *making)
{
    const struct simulated *simulated = making->simulated;
    if (simulated->setting_count > 0) {
        TRY(buffer_append_format(&making->text, "%s ", _("Set:")));
        TRY(simulated_write_settings(simulated, &making->text));
        TRY(add_note(making));
    }
    for (size_t i = 0; i < simulated->contract_count; i++) {
        TRY(simulated_write_funded(simulated, i, ". ", &making->text));
        if (making->text.size > 0) {
            TRY(add_note(making));
        }
    }
    return STATUS_OK;
}

static enum status make_marks(struct making *making)
{
    struct chart *chart = &making->chart;
    const struct trace *trace = simulated_trace(making->simulated, 0);
    size_t more = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (!is_threshold_of_any(making->simulated, i)) {
            continue;
        }
        if (chart->mark_count == CHART_MARKS_MAX) {
            more++;
            continue;
        }
        struct chart_mark *mark = &chart->marks[chart->mark_count];
        mark->x = &trace->places->items[i].x;
        TRY(write_mark(making, i));
        TRY(keep_text(making, &mark->text));
        chart->mark_count++;
    }
    if (more > 0) {
        TRY(buffer_append_format(&making->text, _("%zu further thresholds are not numbered."),
                                 more));
        TRY(add_note(making));
    }
    if (!trace->places->is_cut) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(&making->text,
                           _("Not all such places were found; look at a shorter range.")));
    return add_note(making);
}

/* --- Caps --- */

static bool pays_everything(const struct contract *contract, struct view payer)
{
    for (size_t i = 0; i < contract->terms.pay_count; i++) {
        if (!view_equal(contract->terms.pays[i].from, payer)) {
            return false;
        }
    }
    return true;
}

static bool is_told(const struct chart *chart, const struct rational *y, struct view label)
{
    for (size_t i = 0; i < chart->cap_count; i++) {
        if (rational_compare(chart->caps[i].y, y) == 0 && view_equal(chart->caps[i].label, label)) {
            return true;
        }
    }
    return false;
}

/* A cap that belongs to all that is drawn is a line; another one is said below. */
static enum status make_cap(struct making *making, const struct simulation *simulation,
                            size_t index)
{
    struct chart *chart = &making->chart;
    const struct contract *contract = simulation->contract;
    const struct party_money *cap = &contract->caps[index];
    const struct rational *used = &simulation->assumptions.cap_used[index];
    struct rational *left = &making->caps[chart->cap_count];
    money_to_rational(cap->amount, left);
    TRY(rational_subtract(left, left, used));
    const struct unit *unit = &simulation->columns[COLUMN_TOTAL_INDEX].unit;
    TRY(buffer_append_format(&making->text,
                             rational_sign(used) == 0 ? _("Cap of %.*s: %s")
                                                      : _("What is left of the cap of %.*s: %s"),
                             VIEW_ARGS(cap->party), display_value(left, unit).text));
    if (!pays_everything(contract, cap->party)) {
        return add_note(making);
    }
    struct view label;
    TRY(keep_text(making, &label));
    if (!is_told(chart, left, label)) {
        chart->caps[chart->cap_count] = (struct chart_cap){.y = left, .label = label};
        chart->cap_count++;
    }
    return STATUS_OK;
}

static enum status make_caps(struct making *making)
{
    for (size_t i = 0; i < making->simulated->contract_count; i++) {
        const struct simulation *simulation = &making->simulated->simulations[i];
        for (size_t k = 0; k < simulation->contract->cap_count; k++) {
            if (making->chart.cap_count < CHART_CAPS_MAX) {
                TRY(make_cap(making, simulation, k));
            }
        }
    }
    return STATUS_OK;
}

/* --- Bands --- */

static bool has_band_text(const struct chart *chart, struct view text)
{
    for (size_t i = 0; i < chart->band_count; i++) {
        if (view_equal(chart->bands[i].text, text)) {
            return true;
        }
    }
    return false;
}

/*
 * A stretch in which nothing can be settled is hatched, and each reason is told once. Of two
 * contracts, where one could still be settled, it is only told.
 */
static enum status add_refused(struct making *making, size_t contract, size_t first, size_t last,
                               enum rule rule)
{
    struct chart *chart = &making->chart;
    const struct trace *trace = simulated_trace(making->simulated, contract);
    const struct place *from = &trace->places->items[first];
    const struct place *to = &trace->places->items[last];
    const char *sentence = rule_sentence(rule, language());
    if (making->simulated->contract_count == 2) {
        TRY(buffer_append_format(&making->text, "%s: ", contract == 0 ? "A" : "B"));
        TRY(simulated_write_place(making->simulated, from, &making->text));
        TRY(buffer_append_text(&making->text, DASH));
        TRY(simulated_write_place(making->simulated, to, &making->text));
        TRY(buffer_append_format(&making->text, ": %s %s (%s)", _("No settlement here."), sentence,
                                 rule_name(rule)));
        return add_note(making);
    }
    if (chart->band_count == CHART_BANDS_MAX) {
        return STATUS_OK;
    }
    TRY(buffer_append_format(&making->text, "%s %s (%s)", _("No settlement here."), sentence,
                             rule_name(rule)));
    struct view text;
    TRY(keep_text(making, &text));
    chart->bands[chart->band_count] = (struct chart_band){
        .kind = CHART_REFUSED,
        .from = &from->x,
        .to = &to->x,
        .text = has_band_text(chart, text) ? VIEW("") : text,
    };
    chart->band_count++;
    return STATUS_OK;
}

/* Whether the stretch from one place to the next is refused by `rule`. */
static bool is_refused_between(const struct trace *trace, size_t place, enum rule rule)
{
    return place + 1 < trace->count && trace->after[place].refused == rule &&
           trace->before[place + 1].refused == rule;
}

static enum status make_refused(struct making *making, size_t contract)
{
    const struct trace *trace = simulated_trace(making->simulated, contract);
    for (size_t i = 0; i < trace->count; i++) {
        enum rule rule = trace->after[i].refused;
        if (rule == RULE_NONE || !is_refused_between(trace, i, rule)) {
            continue;
        }
        size_t first = i;
        while (is_refused_between(trace, i, rule)) {
            i++;
        }
        TRY(add_refused(making, contract, first, i, rule));
        i--; /* the next stretch begins where this one ends */
    }
    return STATUS_OK;
}

static enum status make_difference(struct making *making, const struct difference_range *range)
{
    struct chart *chart = &making->chart;
    if (chart->band_count == CHART_BANDS_MAX) {
        return STATUS_OK;
    }
    struct chart_band *band = &chart->bands[chart->band_count];
    *band = (struct chart_band){.kind = CHART_DIFFERENCE, .from = &range->from, .to = &range->to};
    TRY(buffer_append_format(&making->text, "%s ", _("They differ")));
    TRY(simulated_write_range(making->simulated, range, &making->text));
    TRY(keep_text(making, &band->text));
    chart->band_count++;
    return STATUS_OK;
}

/* Takes the two points as the gap, if they are farther apart than `most`. */
static enum status try_gap(struct chart_gap *gap, const struct rational *x,
                           const struct point *first, const struct point *second,
                           struct rational *most)
{
    if (first->refused != RULE_NONE || second->refused != RULE_NONE) {
        return STATUS_OK;
    }
    OWNED(rational_release) struct rational size;
    rational_init(&size);
    TRY(rational_subtract(&size, &second->values[COLUMN_TOTAL_INDEX],
                          &first->values[COLUMN_TOTAL_INDEX]));
    if (rational_sign(&size) < 0) {
        rational_negate(&size, &size);
    }
    if (rational_compare(&size, most) > 0) {
        rational_set(most, &size);
        gap->x = x;
        gap->first = &first->values[COLUMN_TOTAL_INDEX];
        gap->second = &second->values[COLUMN_TOTAL_INDEX];
    }
    return STATUS_OK;
}

/* Straight lines are farthest apart at a break or an end, and perhaps only close to it. */
static enum status make_gap(struct making *making)
{
    const struct comparison *comparison = &making->simulated->comparison;
    const struct trace *first = &comparison->first;
    const struct trace *second = &comparison->second;
    struct chart_gap *gap = &making->chart.gap;
    OWNED(rational_release) struct rational most;
    rational_init(&most);
    for (size_t i = 0; i < comparison->places.count; i++) {
        const struct place *place = &comparison->places.items[i];
        if (place->is_break || i == 0 || i + 1 == comparison->places.count) {
            TRY(try_gap(gap, &place->x, &first->at[i], &second->at[i], &most));
            TRY(try_gap(gap, &place->x, &first->before[i], &second->before[i], &most));
            TRY(try_gap(gap, &place->x, &first->after[i], &second->after[i], &most));
        }
    }
    making->chart.has_gap = gap->x != NULL;
    if (!making->chart.has_gap) {
        return STATUS_OK;
    }
    TRY(chart_write_number(&most, 0, &making->text));
    return keep_text(making, &gap->label);
}

static enum status make_bands(struct making *making)
{
    for (size_t i = 0; i < making->simulated->contract_count; i++) {
        TRY(make_refused(making, i));
    }
    if (making->simulated->contract_count == 1) {
        return STATUS_OK;
    }
    const struct comparison *comparison = &making->simulated->comparison;
    for (size_t i = 0; i < comparison->range_count; i++) {
        TRY(make_difference(making, &comparison->ranges[i]));
    }
    if (comparison->range_count == 0) {
        TRY(buffer_append_text(&making->text,
                               _("In the whole range they come to the same total.")));
        TRY(add_note(making));
    }
    return make_gap(making);
}

/* --- In words --- */

static enum status write_value_at(const struct making *making, size_t curve, size_t place,
                                  struct buffer *text)
{
    const struct chart_curve *drawn = &making->chart.curves[curve];
    const struct point *point = &drawn->trace->at[place];
    const struct unit *unit = &drawn->trace->simulation->columns[drawn->column].unit;
    return buffer_append_format(text, "%s%.*s %s", curve == 0 ? "" : ", ", VIEW_ARGS(drawn->label),
                                point->refused == RULE_NONE
                                    ? display_value(&point->values[drawn->column], unit).text
                                    : rule_name(point->refused));
}

/* The curves at both ends and at every numbered place. */
static enum status make_description(struct making *making)
{
    const struct simulated *simulated = making->simulated;
    const struct trace *trace = simulated_trace(simulated, 0);
    struct buffer *text = &making->text;
    TRY(buffer_append_format(text, "%.*s:", VIEW_ARGS(making->chart.x_title)));
    size_t told = 0;
    for (size_t i = 0; i < trace->count; i++) {
        bool is_end = i == 0 || i + 1 == trace->count;
        if (!is_end && (told > CHART_MARKS_MAX || !is_threshold_of_any(simulated, i))) {
            continue;
        }
        told++;
        TRY(buffer_append_byte(text, ' '));
        TRY(simulated_write_place(simulated, &trace->places->items[i], text));
        TRY(buffer_append_text(text, ": "));
        for (size_t k = 0; k < making->chart.curve_count; k++) {
            TRY(write_value_at(making, k, i, text));
        }
        TRY(buffer_append_byte(text, '.'));
    }
    return keep_text(making, &making->chart.description);
}

/* --- The whole --- */

static enum status make_chart(struct making *making)
{
    TRY(make_titles(making));
    TRY(make_axis_titles(making));
    TRY(make_curves(making));
    TRY(make_suppositions(making));
    TRY(make_marks(making));
    TRY(make_caps(making));
    TRY(make_bands(making));
    return make_description(making);
}

enum status simulated_write_chart(const struct simulated *simulated, struct buffer *buffer,
                                  struct failure *failure)
{
    struct making making = {.simulated = simulated};
    arena_init(&making.texts, TEXTS_MAX);
    buffer_init(&making.text, TEXT_MAX);
    for (size_t i = 0; i < CHART_CAPS_MAX; i++) {
        rational_init(&making.caps[i]);
    }
    enum status status = make_chart(&making);
    if (status == STATUS_OK) {
        status = chart_write(&making.chart, buffer);
    }
    for (size_t i = 0; i < CHART_CAPS_MAX; i++) {
        rational_release(&making.caps[i]);
    }
    buffer_release(&making.text);
    arena_release(&making.texts);
    return simulation_tell(status, failure);
}
