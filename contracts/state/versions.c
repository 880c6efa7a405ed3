/* Versions: what each has of the periods, outcomes and lines of a contract, and the tables of all.
 */

#include "contracts/state/internal.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

void version_free(struct state_version *version)
{
    while (version != NULL) { /* bounded by the contract's entries */
        struct state_version *earlier = version->earlier;
        free(version->periods);
        free(version->outcomes);
        free(version->lines);
        free(version);
        version = earlier;
    }
}

static void version_freep(struct state_version **version)
{
    version_free(*version);
}

/* Snapshots are left alone: tables that replace others take them over. */
void tables_release(struct state_tables *tables)
{
    for (size_t i = 0; tables->earlier != NULL && i < tables->line_count; i++) {
        rational_release(&tables->earlier[i]);
    }
    free(tables->earlier);
    free(tables->periods);
    free(tables->outcomes);
    free(tables->lines);
    free(tables->cells);
    free(tables->paid_by_line);
    free(tables->is_earlier);
    free(tables->investors);
    free(tables->credits.places);
    free(tables->credits.amounts);
    free(tables->cap_used);
    *tables = (struct state_tables){0};
}

void tables_free(struct state_tables *tables)
{
    if (tables != NULL) {
        tables_release(tables);
        free(tables);
    }
}

static void tables_freep(struct state_tables **tables)
{
    tables_free(*tables);
}

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

/* --- Places --- */

static size_t name_find(const struct view *names, size_t count, struct view name, size_t hint)
{
    if (hint < count && view_equal(names[hint], name)) {
        return hint;
    }
    size_t i = 0;
    while (i < count && !view_equal(names[i], name)) {
        i++;
    }
    return i;
}

/*
 * Gives each of `count` names its place: that of the same name before, or the next one. `names` has
 * room for all; the first `before` are those of earlier versions.
 */
static size_t *give_places(const struct view *own, size_t stride, size_t count, struct view *names,
                           size_t before, size_t *ret_total)
{
    size_t *places = calloc(count + 1, sizeof *places);
    size_t total = before;
    for (size_t i = 0; places != NULL && i < count; i++) {
        const void *item = (const char *)own + i * stride;
        const struct view *name = item;
        places[i] = name_find(names, before, *name, i);
        if (places[i] == before) {
            places[i] = total;
            names[total] = *name;
            total++;
        }
    }
    *ret_total = total;
    return places;
}

size_t version_line(const struct state_version *version, size_t place)
{
    size_t count = version->contract->terms.line_count;
    if (place < count && version->lines[place] == place) {
        return place;
    }
    for (size_t i = 0; i < count; i++) {
        if (version->lines[i] == place) {
            return i;
        }
    }
    return SIZE_MAX;
}

struct state_cell *version_cell(const struct state_contract *contract,
                                const struct state_version *version, const struct operand *operand,
                                size_t period)
{
    assert(operand->kind == OPERAND_MEASURED);
    bool is_settled = operand->period == OPERAND_SETTLED_PERIOD;
    return cell_at(contract, is_settled ? period : version->periods[operand->period],
                   version->outcomes[operand->index]);
}

/* --- What terms read --- */

struct uses {
    struct state_version *version;
    struct state_tables *tables;
};

static void note_use(void *context, const struct operand *operand)
{
    const struct uses *uses = context;
    struct state_version *version = uses->version;
    version->uses_funded = version->uses_funded || operand->kind == OPERAND_FUNDED;
    version->uses_paid = version->uses_paid || operand->kind == OPERAND_PAID;
    if (operand->kind == OPERAND_EARLIER) {
        version->uses_earlier = true;
        uses->tables->is_earlier[version->lines[operand->index]] = true;
    }
}

static void note_shares(struct state_version *version, const struct tranche *tranche)
{
    for (size_t i = 0; i < tranche->share_count; i++) {
        version->uses_funded = version->uses_funded || tranche->shares[i].by_funding;
    }
}

static void note_uses(struct state_version *version, struct state_tables *tables)
{
    const struct terms *terms = &version->contract->terms;
    struct uses uses = {.version = version, .tables = tables};
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_use, &uses);
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        for (size_t k = 0; k < terms->pays[i].tranche_count; k++) {
            note_shares(version, &terms->pays[i].tranches[k]);
        }
    }
}

/* --- Tables --- */

/* Places of names. Allocates one more of each than needed: an empty table is no failure. */
static enum status make_names(const struct state_tables *before, struct state_version *version,
                              struct state_tables *tables)
{
    const struct terms *terms = &version->contract->terms;
    size_t period_room = before->period_count + terms->period_count + 1;
    size_t outcome_room = before->outcome_count + terms->outcome_count + 1;
    size_t line_room = before->line_count + terms->line_count + 1;
    OWNED(freep) struct view *periods = calloc(period_room, sizeof *periods);
    tables->periods = calloc(period_room, sizeof *tables->periods);
    tables->outcomes = calloc(outcome_room, sizeof *tables->outcomes);
    tables->lines = calloc(line_room, sizeof *tables->lines);
    if (periods == NULL || tables->periods == NULL || tables->outcomes == NULL ||
        tables->lines == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < before->period_count; i++) {
        tables->periods[i] = before->periods[i];
        periods[i] = before->periods[i].name;
    }
    for (size_t i = 0; i < before->outcome_count; i++) {
        tables->outcomes[i] = before->outcomes[i];
    }
    for (size_t i = 0; i < before->line_count; i++) {
        tables->lines[i] = before->lines[i];
    }
    version->periods = give_places(terms->period_count == 0 ? NULL : &terms->periods[0].name,
                                   sizeof *terms->periods, terms->period_count, periods,
                                   before->period_count, &tables->period_count);
    version->outcomes = give_places(terms->outcome_count == 0 ? NULL : &terms->outcomes[0].name,
                                    sizeof *terms->outcomes, terms->outcome_count, tables->outcomes,
                                    before->outcome_count, &tables->outcome_count);
    version->lines =
        give_places(terms->line_count == 0 ? NULL : &terms->lines[0].name, sizeof *terms->lines,
                    terms->line_count, tables->lines, before->line_count, &tables->line_count);
    for (size_t i = before->period_count; i < tables->period_count; i++) {
        tables->periods[i].name = periods[i];
    }
    return version->periods == NULL || version->outcomes == NULL || version->lines == NULL
               ? STATUS_MEMORY
               : STATUS_OK;
}

static enum status check_names(const struct state_tables *tables, struct failure *failure)
{
    if (tables->period_count > STATE_PERIODS_MAX || tables->outcome_count > STATE_OUTCOMES_MAX ||
        tables->line_count > STATE_LINES_MAX) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "",
                      "all versions of the contract together may name %zu periods, %zu outcomes "
                      "and %zu lines",
                      STATE_PERIODS_MAX, STATE_OUTCOMES_MAX, STATE_LINES_MAX);
    }
    return STATUS_OK;
}

static enum status make_cells(const struct state_tables *before, struct state_tables *tables)
{
    size_t count = tables->outcome_count;
    tables->cells = calloc(tables->period_count * count + 1, sizeof *tables->cells);
    if (tables->cells == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t period = 0; period < before->period_count; period++) {
        for (size_t i = 0; i < before->outcome_count; i++) {
            tables->cells[period * count + i] = before->cells[period * before->outcome_count + i];
        }
    }
    return STATUS_OK;
}

static enum status make_lines(const struct state_tables *before, struct currency currency,
                              struct state_tables *tables)
{
    size_t count = tables->line_count;
    tables->paid_by_line = calloc(count + 1, sizeof *tables->paid_by_line);
    tables->is_earlier = calloc(count + 1, sizeof *tables->is_earlier);
    tables->earlier = calloc(count + 1, sizeof *tables->earlier);
    for (size_t i = 0; tables->earlier != NULL && i < count; i++) {
        rational_init(&tables->earlier[i]);
    }
    if (tables->paid_by_line == NULL || tables->is_earlier == NULL || tables->earlier == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        tables->paid_by_line[i].currency = currency;
    }
    for (size_t i = 0; i < before->line_count; i++) {
        tables->paid_by_line[i] = before->paid_by_line[i];
        tables->is_earlier[i] = before->is_earlier[i];
        rational_set(&tables->earlier[i], &before->earlier[i]);
    }
    return STATUS_OK;
}

static enum status make_investors(const struct state_tables *before,
                                  const struct contract *contract, struct state_tables *tables)
{
    size_t room = before->investor_count + contract->roles[ROLE_INVESTOR].count + 1;
    tables->investors = calloc(room, sizeof *tables->investors);
    tables->cap_used = calloc(contract->cap_count + 1, sizeof *tables->cap_used);
    if (tables->investors == NULL || tables->cap_used == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < before->investor_count; i++) {
        tables->investors[i] = before->investors[i];
    }
    tables->investor_count = before->investor_count;
    tables->cap_count = contract->cap_count;
    for (size_t i = 0; i < contract->cap_count; i++) {
        tables->cap_used[i].currency = contract->terms.currency;
    }
    return STATUS_OK;
}

/* Places of earlier versions stay, and those that are new follow. */
static enum status make_credits(const struct state_tables *before, const struct terms *terms,
                                struct state_tables *tables)
{
    size_t own_count = settlement_count_pays(terms);
    const struct settlement_credits *kept = &before->credits;
    struct settlement_credits *credits = &tables->credits;
    OWNED(freep) struct settlement_place *own = calloc(own_count + 1, sizeof *own);
    credits->places = calloc(kept->count + own_count + 1, sizeof *credits->places);
    credits->amounts = calloc(kept->count + own_count + 1, sizeof *credits->amounts);
    if (own == NULL || credits->places == NULL || credits->amounts == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < kept->count; i++) {
        credits->places[i] = kept->places[i];
        credits->amounts[i] = kept->amounts[i];
    }
    credits->count = kept->count;
    settlement_list_places(terms, own);
    for (size_t i = 0; i < own_count; i++) {
        if (settlement_find_place(kept->places, kept->count, &own[i], i) == kept->count) {
            credits->places[credits->count] = own[i];
            credits->amounts[credits->count].currency = terms->currency;
            credits->count++;
        }
    }
    return STATUS_OK;
}

static enum status make_tables(const struct state_tables *before, struct state_version *version,
                               struct state_tables *tables)
{
    const struct contract *contract = version->contract;
    TRY(make_cells(before, tables));
    TRY(make_lines(before, contract->terms.currency, tables));
    TRY(make_investors(before, contract, tables));
    TRY(make_credits(before, &contract->terms, tables));
    note_uses(version, tables);
    return STATUS_OK;
}

enum status version_make(const struct contract *terms, const struct state_contract *contract,
                         struct state_version **ret_version, struct state_tables **ret_tables,
                         struct failure *failure)
{
    static const struct state_tables NOTHING = {0};
    const struct state_tables *before = contract == NULL ? &NOTHING : &contract->tables;
    OWNED(version_freep) struct state_version *version = calloc(1, sizeof *version);
    OWNED(tables_freep) struct state_tables *tables = calloc(1, sizeof *tables);
    if (version == NULL || tables == NULL) {
        return fail_memory(failure);
    }
    version->contract = terms;
    if (make_names(before, version, tables) != STATUS_OK) {
        return fail_memory(failure);
    }
    TRY(check_names(tables, failure));
    if (make_tables(before, version, tables) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_version = STEAL(version);
    *ret_tables = STEAL(tables);
    return STATUS_OK;
}
