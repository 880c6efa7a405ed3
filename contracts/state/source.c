/* Source: where the terms find their values, now or as they stood at a period's first settlement.
 */

#include "contracts/state/internal.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdlib.h>

/* --- Snapshots --- */

void snapshot_free(struct state_snapshot *snapshot)
{
    if (snapshot == NULL) {
        return;
    }
    for (size_t i = 0; i < snapshot->earlier_count; i++) {
        rational_release(&snapshot->earlier[i].sum);
    }
    free(snapshot->earlier);
    free(snapshot->investors);
    free(snapshot->paid_by_line);
    free(snapshot);
}

static void snapshot_freep(struct state_snapshot **snapshot)
{
    snapshot_free(*snapshot);
}

static enum status keep_investors(const struct state_tables *tables,
                                  struct state_snapshot *snapshot)
{
    snapshot->investors = calloc(tables->investor_count + 1, sizeof *snapshot->investors);
    if (snapshot->investors == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < tables->investor_count; i++) {
        snapshot->investors[i] = tables->investors[i];
    }
    snapshot->investor_count = tables->investor_count;
    return STATUS_OK;
}

static enum status keep_paid(const struct state_tables *tables, struct state_snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < tables->line_count; i++) {
        count += tables->paid_by_line[i].minor != 0;
    }
    snapshot->paid_by_line = calloc(count + 1, sizeof *snapshot->paid_by_line);
    if (snapshot->paid_by_line == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < tables->line_count; i++) {
        if (tables->paid_by_line[i].minor != 0) {
            snapshot->paid_by_line[snapshot->paid_count] =
                (struct state_paid){i, tables->paid_by_line[i]};
            snapshot->paid_count++;
        }
    }
    return STATUS_OK;
}

static enum status keep_earlier(const struct state_tables *tables, struct state_snapshot *snapshot)
{
    size_t count = 0;
    for (size_t i = 0; i < tables->line_count; i++) {
        count += tables->is_earlier[i];
    }
    snapshot->earlier = calloc(count + 1, sizeof *snapshot->earlier);
    if (snapshot->earlier == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < tables->line_count; i++) {
        if (tables->is_earlier[i]) {
            struct state_earlier *kept = &snapshot->earlier[snapshot->earlier_count];
            kept->line = i;
            rational_init(&kept->sum);
            rational_set(&kept->sum, &tables->earlier[i]);
            snapshot->earlier_count++;
        }
    }
    return STATUS_OK;
}

struct state_snapshot *snapshot_new(const struct state_contract *contract, uint64_t index)
{
    OWNED(snapshot_freep) struct state_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return NULL;
    }
    snapshot->before = index;
    snapshot->funded = contract->funded;
    snapshot->paid = contract->paid;
    if ((contract->uses_funded && keep_investors(&contract->tables, snapshot) != STATUS_OK) ||
        (contract->uses_paid && keep_paid(&contract->tables, snapshot) != STATUS_OK) ||
        (contract->uses_earlier && keep_earlier(&contract->tables, snapshot) != STATUS_OK)) {
        return NULL;
    }
    return STEAL(snapshot);
}

/* --- Cells --- */

struct state_cell *cell_at(const struct state_contract *contract, size_t period, size_t outcome)
{
    const struct state_tables *tables = &contract->tables;
    assert(period < tables->period_count && outcome < tables->outcome_count);
    return &tables->cells[period * tables->outcome_count + outcome];
}

bool period_is_measured(const struct state_contract *contract, size_t place)
{
    for (size_t i = 0; i < contract->tables.outcome_count; i++) {
        if (cell_at(contract, place, i)->value != NULL) {
            return true;
        }
    }
    return false;
}

size_t outcome_find(const struct state_contract *contract, struct view name)
{
    const struct state_tables *tables = &contract->tables;
    for (size_t i = 0; i < tables->outcome_count; i++) {
        if (view_equal(tables->outcomes[i], name)) {
            return i;
        }
    }
    return SIZE_MAX;
}

const struct state_cell *state_find_cell(const struct state_contract *contract, struct view period,
                                         struct view outcome)
{
    size_t at = state_find_period(contract, period);
    size_t place = outcome_find(contract, outcome);
    return at == SIZE_MAX || place == SIZE_MAX ? NULL : cell_at(contract, at, place);
}

size_t state_find_line(const struct state_contract *contract, struct view line)
{
    const struct state_tables *tables = &contract->tables;
    for (size_t i = 0; i < tables->line_count; i++) {
        if (view_equal(tables->lines[i], line)) {
            return i;
        }
    }
    return SIZE_MAX;
}

/* --- Sums, from the entries: what no terms read when a period was settled --- */

static enum status sum_funded(const struct state_contract *contract, struct view investor,
                              uint64_t before, struct rational *ret_sum)
{
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    rational_set_integer(ret_sum, 0);
    for (const struct state_entry *entry = contract->first; entry != NULL && entry->index < before;
         entry = entry->next) {
        if (entry->statement->kind == KIND_FUNDING &&
            view_equal(entry->statement->funding.investor, investor)) {
            money_to_rational(entry->amount, &amount);
            TRY(rational_add(ret_sum, ret_sum, &amount));
        }
    }
    return STATUS_OK;
}

static enum status sum_paid(const struct state_contract *contract, size_t line, uint64_t before,
                            struct rational *ret_sum)
{
    OWNED(rational_release) struct rational amount;
    rational_init(&amount);
    rational_set_integer(ret_sum, 0);
    for (const struct state_entry *entry = contract->first; entry != NULL && entry->index < before;
         entry = entry->next) {
        if (entry->due != NULL &&
            view_equal(state_due_pay(entry->due)->line, contract->tables.lines[line])) {
            money_to_rational(entry->amount, &amount);
            bool is_reversed = state_due_pay(entry->due)->is_reversed;
            TRY(is_reversed ? rational_subtract(ret_sum, ret_sum, &amount)
                            : rational_add(ret_sum, ret_sum, &amount));
        }
    }
    return STATUS_OK;
}

const struct rational *settled_line(const struct state_entry *settlement, size_t line)
{
    size_t own = version_line(settlement->version, line);
    return own == SIZE_MAX ? NULL : &settlement->settlement->values.lines[own].value;
}

enum status earlier_sum(const struct state_contract *contract, size_t line, uint64_t before,
                        struct rational *ret_sum)
{
    rational_set_integer(ret_sum, 0);
    for (const struct state_entry *entry = contract->first; entry != NULL && entry->index < before;
         entry = entry->next) {
        if (entry->settlement == NULL) {
            continue;
        }
        const struct rational *value = settled_line(entry, line);
        const struct rational *replaced =
            entry->supplements == NULL ? NULL : settled_line(entry->supplements, line);
        if (value != NULL) {
            TRY(rational_add(ret_sum, ret_sum, value));
        }
        if (replaced != NULL) {
            TRY(rational_subtract(ret_sum, ret_sum, replaced));
        }
    }
    return STATUS_OK;
}

/* --- Sums, now or as they stood before a period was settled --- */

static const struct state_snapshot *snapshot_of(const struct state_contract *contract, size_t place)
{
    return place == SIZE_MAX ? NULL : contract->tables.periods[place].snapshot;
}

static enum status funded_then(const struct state_contract *contract,
                               const struct state_snapshot *snapshot, struct view investor,
                               struct rational *ret_sum)
{
    if (investor.size == 0) {
        money_to_rational(snapshot == NULL ? contract->funded : snapshot->funded, ret_sum);
        return STATUS_OK;
    }
    if (snapshot != NULL && snapshot->investors == NULL) {
        return sum_funded(contract, investor, snapshot->before, ret_sum);
    }
    const struct state_tables *tables = &contract->tables;
    const struct investor_total *investors =
        snapshot == NULL ? tables->investors : snapshot->investors;
    size_t count = snapshot == NULL ? tables->investor_count : snapshot->investor_count;
    rational_set_integer(ret_sum, 0);
    for (size_t i = 0; i < count; i++) {
        if (view_equal(investors[i].party, investor)) {
            money_to_rational(investors[i].total, ret_sum);
        }
    }
    return STATUS_OK;
}

static enum status paid_then(const struct state_contract *contract,
                             const struct state_snapshot *snapshot, size_t line,
                             struct rational *ret_sum)
{
    if (snapshot == NULL) {
        money_to_rational(contract->tables.paid_by_line[line], ret_sum);
        return STATUS_OK;
    }
    if (snapshot->paid_by_line == NULL) {
        return sum_paid(contract, line, snapshot->before, ret_sum);
    }
    rational_set_integer(ret_sum, 0);
    for (size_t i = 0; i < snapshot->paid_count; i++) {
        if (snapshot->paid_by_line[i].line == line) {
            money_to_rational(snapshot->paid_by_line[i].paid, ret_sum);
        }
    }
    return STATUS_OK;
}

static enum status earlier_then(const struct state_contract *contract,
                                const struct state_snapshot *snapshot, size_t line,
                                struct rational *ret_sum)
{
    if (snapshot == NULL && contract->tables.is_earlier[line]) {
        rational_set(ret_sum, &contract->tables.earlier[line]);
        return STATUS_OK;
    }
    for (size_t i = 0; snapshot != NULL && i < snapshot->earlier_count; i++) {
        if (snapshot->earlier[i].line == line) {
            rational_set(ret_sum, &snapshot->earlier[i].sum);
            return STATUS_OK;
        }
    }
    return earlier_sum(contract, line, snapshot == NULL ? UINT64_MAX : snapshot->before, ret_sum);
}

enum status state_sum_funded(const struct state_contract *contract, size_t place,
                             struct view investor, struct rational *ret_sum)
{
    return funded_then(contract, snapshot_of(contract, place), investor, ret_sum);
}

enum status state_sum_paid(const struct state_contract *contract, size_t place, struct view line,
                           struct rational *ret_sum)
{
    const struct state_snapshot *snapshot = snapshot_of(contract, place);
    if (line.size == 0) {
        money_to_rational(snapshot == NULL ? contract->paid : snapshot->paid, ret_sum);
        return STATUS_OK;
    }
    size_t at = state_find_line(contract, line);
    if (at == SIZE_MAX) {
        rational_set_integer(ret_sum, 0);
        return STATUS_OK;
    }
    return paid_then(contract, snapshot, at, ret_sum);
}

enum status state_sum_earlier(const struct state_contract *contract, size_t place, struct view line,
                              struct rational *ret_sum)
{
    size_t at = state_find_line(contract, line);
    if (at == SIZE_MAX) {
        rational_set_integer(ret_sum, 0);
        return STATUS_OK;
    }
    return earlier_then(contract, snapshot_of(contract, place), at, ret_sum);
}

/* --- The source: by the indexes of the terms that govern the period --- */

static enum status read_measured(const void *context, size_t outcome, size_t period,
                                 enum measured_field field, struct rational *ret_value)
{
    assert(field < MEASURED_STATED_COUNT);
    const struct state_period *settled = context;
    const struct state_version *version = settled->version;
    const struct measured_value *value =
        cell_at(settled->contract, version->periods[period], version->outcomes[outcome])->value;
    if (value == NULL || !value->has[field]) {
        return STATUS_NOT_FOUND;
    }
    rational_set(ret_value, &value->fields[field]);
    return STATUS_OK;
}

static enum status read_funded(const void *context, struct view investor,
                               struct rational *ret_value)
{
    const struct state_period *period = context;
    return funded_then(period->contract, period->snapshot, investor, ret_value);
}

static enum status read_paid(const void *context, size_t line, struct rational *ret_value)
{
    const struct state_period *period = context;
    const struct state_snapshot *snapshot = period->snapshot;
    if (line == SIZE_MAX) {
        money_to_rational(snapshot == NULL ? period->contract->paid : snapshot->paid, ret_value);
        return STATUS_OK;
    }
    return paid_then(period->contract, snapshot, period->version->lines[line], ret_value);
}

static enum status read_earlier(const void *context, size_t line, struct rational *ret_value)
{
    const struct state_period *period = context;
    return earlier_then(period->contract, period->snapshot, period->version->lines[line],
                        ret_value);
}

struct terms_source state_terms_source(const struct state_contract *contract, size_t place)
{
    assert(place < contract->tables.period_count);
    return (struct terms_source){
        .measured = read_measured,
        .funded = read_funded,
        .paid = read_paid,
        .earlier = read_earlier,
        .context = &contract->tables.periods[place],
    };
}
