#include "cli/prose_gain.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/prose_phrase.h"

static bool has_gains(const struct contract *contract)
{
    bool has_any = contract->baseline_count > 0;
    for (size_t i = 0; i < contract->terms.line_count; i++) {
        has_any = has_any || contract->terms.lines[i].basis != GAIN_NONE;
    }
    return has_any;
}

static enum status write_gain(struct prose *prose, size_t index)
{
    const struct line *line = &prose->contract->terms.lines[index];
    struct buffer *text = &prose->text;
    TRY(phrase_line(&prose->contract->terms, index, text));
    TRY(buffer_append_format(text,
                             line->basis == GAIN_MEASURED
                                 ? _(" is what %.*s gains (below zero: loses), as measured")
                                 : _(" is what %.*s gains (below zero: loses), as modelled"),
                             VIEW_ARGS(line->actor)));
    if (line->baseline.size > 0) {
        TRY(buffer_append_format(text, _(", compared with %.*s"), VIEW_ARGS(line->baseline)));
    }
    TRY(buffer_append_byte(text, '.'));
    return prose_end(prose, PROSE_ITEM);
}

static enum status write_detail(struct prose *prose, const char *what, const struct localized *text)
{
    struct view words = display_localized(text);
    TRY(buffer_append_format(&prose->text, "%s: %.*s", what, VIEW_ARGS(words)));
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_baseline(struct prose *prose, const struct baseline *baseline)
{
    TRY(buffer_append_format(&prose->text, _("Baseline %.*s, version %.*s, fixed on %s."),
                             VIEW_ARGS(baseline->name), VIEW_ARGS(baseline->version),
                             display_date(baseline->date).text));
    TRY(prose_end(prose, PROSE_ITEM));
    TRY(write_detail(prose, _("source"), &baseline->source));
    return write_detail(prose, _("method"), &baseline->method);
}

enum status prose_gains(struct prose *prose)
{
    const struct contract *contract = prose->contract;
    if (!has_gains(contract)) {
        return STATUS_OK;
    }
    TRY(buffer_append_text(&prose->text, _("Who gains")));
    TRY(prose_end(prose, PROSE_HEADING));
    for (size_t i = 0; i < contract->terms.line_count; i++) {
        if (contract->terms.lines[i].basis != GAIN_NONE) {
            TRY(write_gain(prose, i));
        }
    }
    for (size_t i = 0; i < contract->baseline_count; i++) {
        TRY(write_baseline(prose, &contract->baselines[i]));
    }
    return STATUS_OK;
}
