#include "cli/prose_party.h"

#include "cli/display.h"
#include "cli/language.h"
#include "cli/words.h"

/* "a.se, b.se and c.se" */
static enum status write_parties(struct buffer *text, const struct view *parties, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        TRY(buffer_append_text(text, i == 0 ? "" : i + 1 == count ? _(" and ") : ", "));
        TRY(buffer_append(text, parties[i]));
    }
    return STATUS_OK;
}

static enum status write_text(struct prose *prose, const struct localized *localized)
{
    if (localized->count == 0) {
        return STATUS_OK;
    }
    TRY(buffer_append(&prose->text, display_localized(localized)));
    return prose_end(prose, PROSE_SUBITEM);
}

static enum status write_role(struct prose *prose, enum role role)
{
    const struct role_parties *parties = &prose->contract->roles[role];
    if (parties->count == 0) {
        return STATUS_OK;
    }
    TRY(buffer_append_format(&prose->text, "%s: ", word_of_role(role)));
    TRY(write_parties(&prose->text, parties->parties, parties->count));
    TRY(buffer_append_byte(&prose->text, '.'));
    return prose_end(prose, PROSE_ITEM);
}

static enum status write_conflict(struct prose *prose, const struct conflict *conflict)
{
    TRY(buffer_append_text(&prose->text, _("Not independent of each other: ")));
    TRY(write_parties(&prose->text, conflict->parties, conflict->party_count));
    TRY(buffer_append_byte(&prose->text, '.'));
    TRY(prose_end(prose, PROSE_ITEM));
    return write_text(prose, &conflict->note);
}

/* Who signs a kind of statement besides those who always do. */
static enum status write_extra(struct prose *prose, enum kind kind)
{
    const struct extra_signers *extra = &prose->contract->extra[kind];
    struct buffer *text = &prose->text;
    if (extra->count == 0) {
        return STATUS_OK;
    }
    if (extra->at_least < extra->count) {
        TRY(buffer_append_format(text, _("Each %s is signed by at least %zu of these too: "),
                                 word_of_kind(kind), extra->at_least));
    } else {
        TRY(buffer_append_format(text, _("Each %s is signed by these too: "), word_of_kind(kind)));
    }
    TRY(write_parties(text, extra->parties, extra->count));
    TRY(buffer_append_byte(text, '.'));
    return prose_end(prose, PROSE_ITEM);
}

/* Arbiters decide; without them the payers and investors do, all of them. */
static enum status write_deciders(struct prose *prose)
{
    const struct contract *contract = prose->contract;
    const struct role_parties *arbiters = &contract->roles[ROLE_ARBITER];
    struct buffer *text = &prose->text;
    if (arbiters->count > 0) {
        TRY(buffer_append_text(text, _("A dispute is decided by ")));
        TRY(write_parties(text, arbiters->parties, arbiters->count));
    } else {
        TRY(buffer_append_text(
            text, _("A dispute is decided by every payer and investor together, since the "
                    "contract has no arbiter")));
    }
    TRY(buffer_append_text(text, _("; whoever disputed can withdraw it.")));
    TRY(prose_end(prose, PROSE_ITEM));
    return write_text(prose, &contract->dispute);
}

static enum status write_terminators(struct prose *prose)
{
    const struct role_parties *terminators = &prose->contract->terminators;
    struct buffer *text = &prose->text;
    if (terminators->count > 0) {
        TRY(buffer_append_text(text, _("The contract is ended before its time by ")));
        TRY(write_parties(text, terminators->parties, terminators->count));
        TRY(buffer_append_text(text, terminators->count > 1 ? _(", together.") : "."));
    } else {
        TRY(buffer_append_text(text, _("The contract is ended before its time only by all of "
                                       "its parties together.")));
    }
    TRY(prose_end(prose, PROSE_ITEM));
    return write_text(prose, &prose->contract->termination_terms);
}

enum status prose_parties(struct prose *prose)
{
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        TRY(write_role(prose, (enum role)role));
    }
    for (size_t i = 0; i < prose->contract->conflict_count; i++) {
        TRY(write_conflict(prose, &prose->contract->conflicts[i]));
    }
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        TRY(write_extra(prose, (enum kind)kind));
    }
    TRY(write_deciders(prose));
    return write_terminators(prose);
}
