#include "contracts/account/gains.h"

#include "contracts/account/account.h"
#include "contracts/settlement/settlement.h"

#include <stdlib.h>

void gains_release(struct gains *gains)
{
    for (size_t i = 0; i < gains->count; i++) {
        rational_release(&gains->items[i].value);
    }
    free(gains->items);
    *gains = (struct gains){0};
}

static enum status add_gain(struct gains *gains, const struct gain *gain,
                            const struct rational *value)
{
    if (gains->count == gains->capacity) {
        size_t capacity = gains->capacity == 0 ? 16 : 2 * gains->capacity;
        struct gain *items = realloc(gains->items, capacity * sizeof *items);
        if (items == NULL) {
            return STATUS_MEMORY;
        }
        gains->items = items;
        gains->capacity = capacity;
    }
    struct gain *added = &gains->items[gains->count];
    *added = *gain;
    rational_init(&added->value);
    rational_set(&added->value, value);
    gains->count++;
    return STATUS_OK;
}

static const struct baseline *find_baseline(const struct contract *contract, struct view name)
{
    for (size_t i = 0; i < contract->baseline_count; i++) {
        if (view_equal(contract->baselines[i].name, name)) {
            return &contract->baselines[i];
        }
    }
    return NULL;
}

static const struct settlement *find_settlement(const struct state_contract *contract,
                                                struct view period)
{
    const struct settlement *found = NULL;
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (entry->statement->kind == KIND_SETTLEMENT &&
            view_equal(entry->statement->settlement.period, period)) {
            found = entry->settlement; /* the newest counts */
        }
    }
    return found;
}

/* Adds the gains among the lines that were computed; a later line may have been refused. */
static enum status add_values(struct gains *gains, const struct contract *contract,
                              const struct period *period, const struct terms_values *values,
                              bool is_settled)
{
    for (size_t i = 0; i < values->count; i++) {
        const struct line *line = &contract->terms.lines[i];
        if (line->basis == GAIN_NONE) {
            continue;
        }
        const struct gain gain = {
            .actor = line->actor,
            .line = line->name,
            .label = &line->label,
            .basis = line->basis,
            .baseline = find_baseline(contract, line->baseline),
            .period = period->name,
            .year = account_period_year(period),
            .is_settled = is_settled,
        };
        TRY(add_gain(gains, &gain, &values->lines[i].value));
    }
    return STATUS_OK;
}

static enum status add_period(struct gains *gains, const struct state_contract *contract,
                              const struct contract *governing, const struct period *period)
{
    const struct settlement *settled = find_settlement(contract, period->name);
    if (settled != NULL) {
        return add_values(gains, governing, period, &settled->values, true);
    }
    struct failure ignored;
    struct settlement settlement;
    settlement_init(&settlement);
    enum status status = state_compute(contract, period->name, &settlement, NULL, &ignored);
    if (status != STATUS_MEMORY) {
        status = add_values(gains, governing, period, &settlement.values, false);
    }
    settlement_release(&settlement);
    return status;
}

enum status gains_init(struct gains *gains, const struct state_contract *contract)
{
    *gains = (struct gains){0};
    const struct terms *newest = &state_newest(contract)->terms;
    for (size_t i = 0; i < newest->period_count; i++) {
        struct view name = newest->periods[i].name;
        const struct contract *governing = state_governing(contract, name);
        enum status status = STATUS_OK;
        if (governing != NULL) {
            size_t place = terms_find_period(&governing->terms, name);
            status = add_period(gains, contract, governing, &governing->terms.periods[place]);
        }
        if (status != STATUS_OK) {
            gains_release(gains);
            return status;
        }
    }
    return STATUS_OK;
}
