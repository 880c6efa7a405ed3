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
        rational_release(&snapshot->earlier[i]);
    }
    free(snapshot->earlier);
    free(snapshot->investors);
    free(snapshot->paid_by_pay);
    free(snapshot);
}

static void snapshot_freep(struct state_snapshot **snapshot)
{
    snapshot_free(*snapshot);
}

/* How many lines before this one are summed over settlements. */
static size_t count_earlier(const struct state_contract *contract, size_t line)
{
    size_t count = 0;
    for (size_t i = 0; i < line; i++) {
        count += contract->is_earlier[i];
    }
    return count;
}

static enum status keep_investors(const struct state_contract *contract,
                                  struct state_snapshot *snapshot)
{
    snapshot->investors = calloc(contract->investor_count + 1, sizeof *snapshot->investors);
    if (snapshot->investors == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < contract->investor_count; i++) {
        snapshot->investors[i] = contract->investors[i];
    }
    snapshot->investor_count = contract->investor_count;
    return STATUS_OK;
}

static enum status keep_paid(const struct state_contract *contract, struct state_snapshot *snapshot)
{
    const struct terms *terms = &contract->contract->terms;
    snapshot->paid_by_pay = calloc(terms->pay_count + 1, sizeof *snapshot->paid_by_pay);
    if (snapshot->paid_by_pay == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        snapshot->paid_by_pay[i] = contract->paid_by_line[terms->pays[i].line];
    }
    return STATUS_OK;
}

static enum status keep_earlier(const struct state_contract *contract,
                                struct state_snapshot *snapshot)
{
    size_t line_count = contract->contract->terms.line_count;
    snapshot->earlier = calloc(count_earlier(contract, line_count) + 1, sizeof *snapshot->earlier);
    if (snapshot->earlier == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < line_count; i++) {
        if (contract->is_earlier[i]) {
            struct rational *kept = &snapshot->earlier[snapshot->earlier_count];
            rational_init(kept);
            rational_set(kept, &contract->earlier[i]);
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
    if ((contract->uses_funded && keep_investors(contract, snapshot) != STATUS_OK) ||
        (contract->uses_paid && keep_paid(contract, snapshot) != STATUS_OK) ||
        (contract->uses_earlier && keep_earlier(contract, snapshot) != STATUS_OK)) {
        return NULL;
    }
    return STEAL(snapshot);
}

/* --- The source --- */

struct state_cell *cell_at(const struct state_contract *contract, size_t period, size_t outcome)
{
    const struct terms *terms = &contract->contract->terms;
    assert(period < terms->period_count && outcome < terms->outcome_count);
    return &contract->cells[period * terms->outcome_count + outcome];
}

const struct state_cell *state_find_cell(const struct state_contract *contract, size_t period,
                                         size_t outcome)
{
    return cell_at(contract, period, outcome);
}

static enum status read_measured(const void *context, size_t outcome, size_t period,
                                 enum measured_field field, struct rational *ret_value)
{
    assert(field < MEASURED_STATED_COUNT);
    const struct state_view *view = context;
    const struct measured_value *value = cell_at(view->contract, period, outcome)->value;
    if (value == NULL || !value->has[field]) {
        return STATUS_NOT_FOUND;
    }
    rational_set(ret_value, &value->fields[field]);
    return STATUS_OK;
}

static enum status read_funded(const void *context, struct view investor,
                               struct rational *ret_value)
{
    const struct state_view *view = context;
    const struct state_snapshot *snapshot = view->snapshot;
    if (investor.size == 0) {
        money_to_rational(snapshot == NULL ? view->contract->funded : snapshot->funded, ret_value);
        return STATUS_OK;
    }
    bool is_kept = snapshot != NULL && snapshot->investors != NULL;
    const struct investor_total *investors =
        is_kept ? snapshot->investors : view->contract->investors;
    size_t count = is_kept ? snapshot->investor_count : view->contract->investor_count;
    rational_set_integer(ret_value, 0);
    for (size_t i = 0; i < count; i++) {
        if (view_equal(investors[i].party, investor)) {
            money_to_rational(investors[i].total, ret_value);
        }
    }
    return STATUS_OK;
}

static struct money paid_then(const struct state_contract *contract,
                              const struct state_snapshot *snapshot, size_t line)
{
    const struct terms *terms = &contract->contract->terms;
    for (size_t i = 0; i < terms->pay_count; i++) {
        if (terms->pays[i].line == line) {
            return snapshot->paid_by_pay[i];
        }
    }
    return (struct money){.currency = terms->currency};
}

static enum status read_paid(const void *context, size_t line, struct rational *ret_value)
{
    const struct state_view *view = context;
    const struct state_snapshot *snapshot = view->snapshot;
    if (line == SIZE_MAX) {
        money_to_rational(snapshot == NULL ? view->contract->paid : snapshot->paid, ret_value);
        return STATUS_OK;
    }
    bool is_kept = snapshot != NULL && snapshot->paid_by_pay != NULL;
    money_to_rational(is_kept ? paid_then(view->contract, snapshot, line)
                              : view->contract->paid_by_line[line],
                      ret_value);
    return STATUS_OK;
}

static enum status read_earlier(const void *context, size_t line, struct rational *ret_value)
{
    const struct state_view *view = context;
    const struct state_snapshot *snapshot = view->snapshot;
    bool is_kept = snapshot != NULL && view->contract->is_earlier[line];
    rational_set(ret_value, is_kept ? &snapshot->earlier[count_earlier(view->contract, line)]
                                    : &view->contract->earlier[line]);
    return STATUS_OK;
}

struct terms_source state_terms_source(const struct state_contract *contract, size_t period)
{
    assert(period < contract->contract->terms.period_count);
    return (struct terms_source){
        .measured = read_measured,
        .funded = read_funded,
        .paid = read_paid,
        .earlier = read_earlier,
        .context = &contract->views[period],
    };
}
