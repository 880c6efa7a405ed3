/* Performance: money placed (funding), results reported (measurement, correction), and the end. */

#include "contracts/state/internal.h"

/* --- Funding --- */

static enum status check_funding_parties(const struct contract *contract,
                                         const struct funding *funding, struct failure *failure)
{
    if (!contract_has_role(contract, ROLE_INVESTOR, funding->investor)) {
        return refuse(failure, RULE_ROLE_PARTY, "/investor", "%.*s is not an investor of %.*s",
                      VIEW_ARGS(funding->investor), VIEW_ARGS(contract->name));
    }
    if (!contract_has_any_role(contract, funding->receiver)) {
        return refuse(failure, RULE_ROLE_PARTY, "/receiver", "%.*s has no role in %.*s",
                      VIEW_ARGS(funding->receiver), VIEW_ARGS(contract->name));
    }
    return STATUS_OK;
}

static enum status check_commitment(const struct contract *contract, struct view investor,
                                    struct money total, struct failure *failure)
{
    for (size_t i = 0; i < contract->commitment_count; i++) {
        const struct party_money *commitment = &contract->commitments[i];
        if (view_equal(commitment->party, investor) && total.minor > commitment->amount.minor) {
            return refuse(failure, RULE_FUNDING_ABOVE_COMMITMENT, "/amount",
                          "%.*s committed %.*s %.*s", VIEW_ARGS(investor),
                          VIEW_ARGS(commitment->text.amount), VIEW_ARGS(commitment->text.currency));
        }
    }
    return STATUS_OK;
}

size_t investor_find(const struct state_contract *contract, struct view investor)
{
    const struct state_tables *tables = &contract->tables;
    size_t i = 0;
    while (i < tables->investor_count && !view_equal(tables->investors[i].party, investor)) {
        i++;
    }
    return i;
}

enum status amount_add(struct money before, struct money amount, struct money *ret_total,
                       struct failure *failure)
{
    if (money_add(before, amount, ret_total) != STATUS_OK) {
        return refuse(failure, RULE_AMOUNT_MALFORMED, "/amount/amount",
                      "the total would be larger than an amount can be");
    }
    return STATUS_OK;
}

enum status funding_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure)
{
    const struct funding *funding = &statement->funding;
    const struct contract *terms = state_newest(contract);
    TRY(termination_refuses(contract, SIZE_MAX, failure));
    TRY(check_funding_parties(terms, funding, failure));
    TRY_FIELD("amount", statement_money(&funding->amount, terms->terms.currency,
                                        &change->entry->amount, failure));
    struct money amount = change->entry->amount;
    if (amount.minor <= 0) {
        return refuse(failure, RULE_FUNDING_NOT_POSITIVE, "/amount/amount", "%.*s is not positive",
                      VIEW_ARGS(funding->amount.amount));
    }
    change->investor = investor_find(contract, funding->investor);
    struct money before = {.currency = terms->terms.currency};
    if (change->investor < contract->tables.investor_count) {
        before = contract->tables.investors[change->investor].total;
    }
    TRY(amount_add(before, amount, &change->investor_amount, failure));
    TRY(amount_add(contract->funded, amount, &change->total, failure));
    return check_commitment(terms, funding->investor, change->investor_amount, failure);
}

/* --- Measurement --- */

/* The terms that govern the period at a place. */
static const struct contract *governing(const struct state_contract *contract, size_t period)
{
    return contract->tables.periods[period].version->contract;
}

static const struct terms *terms_of(const struct state_contract *contract, size_t period)
{
    return &governing(contract, period)->terms;
}

static enum status check_value(const struct state_contract *contract,
                               const struct measurement *measurement, size_t period, size_t i,
                               struct failure *failure)
{
    const struct terms *terms = terms_of(contract, period);
    const struct measured_value *value = &measurement->values[i];
    size_t outcome = terms_find_outcome(terms, value->outcome);
    if (outcome == SIZE_MAX) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "/outcome", "%.*s has no outcome %.*s",
                      VIEW_ARGS(measurement->contract), VIEW_ARGS(value->outcome));
    }
    if (!view_equal(terms->outcomes[outcome].evaluator, measurement->evaluator)) {
        return refuse(failure, RULE_ROLE_PARTY, "/outcome", "%.*s is measured by %.*s",
                      VIEW_ARGS(value->outcome), VIEW_ARGS(terms->outcomes[outcome].evaluator));
    }
    enum life_state state =
        life_of_cell(cell_at(contract, period, outcome_find(contract, value->outcome)));
    enum rule rule = life_refusal(state, ON_CELL_MEASURE);
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "/outcome", "%.*s has been measured for %.*s",
                      VIEW_ARGS(value->outcome), VIEW_ARGS(measurement->period));
    }
    return measured_value_check_outcome(value, &terms->outcomes[outcome], failure);
}

enum status measurement_check(const struct state_contract *contract,
                              const struct statement *statement, struct state_change *change,
                              struct failure *failure)
{
    const struct measurement *measurement = &statement->measurement;
    size_t period;
    TRY_FIELD("period", period_find(contract, measurement->period, &period, failure));
    TRY_FIELD("period", termination_refuses(contract, period, failure));
    for (size_t i = 0; i < measurement->value_count; i++) {
        enum status status = check_value(contract, measurement, period, i, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "values");
            return status;
        }
    }
    TRY(measurement_check_records(governing(contract, period), measurement, failure));
    change->period = period;
    change->entry->version = contract->tables.periods[period].version;
    return STATUS_OK;
}

/* --- Correction --- */

const struct state_entry *measurement_find(const struct state_contract *contract,
                                           const struct hash *id)
{
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        enum kind kind = entry->statement->kind;
        if ((kind == KIND_MEASUREMENT || kind == KIND_CORRECTION) &&
            hash_equal(&entry->statement->id, id)) {
            return entry;
        }
    }
    return NULL;
}

enum status refuse_measurement(const struct contract *contract, const char *at,
                               struct failure *failure)
{
    return refuse(failure, RULE_MEASUREMENT_UNKNOWN, at,
                  "%.*s has no measurement or correction with this id", VIEW_ARGS(contract->name));
}

/* Whoever measures the outcome by the newest terms corrects it. */
static enum status check_corrector(const struct state_contract *contract,
                                   const struct measured_value *value, struct view evaluator,
                                   struct failure *failure)
{
    const struct terms *terms = &state_newest(contract)->terms;
    size_t outcome = terms_find_outcome(terms, value->outcome);
    if (evaluator.size > 0 && outcome != SIZE_MAX &&
        !view_equal(terms->outcomes[outcome].evaluator, evaluator)) {
        return refuse(failure, RULE_ROLE_PARTY, "/outcome", "%.*s is measured by %.*s",
                      VIEW_ARGS(value->outcome), VIEW_ARGS(terms->outcomes[outcome].evaluator));
    }
    return STATUS_OK;
}

static enum status replacing_check_value(const struct state_contract *contract,
                                         const struct measured_value *value, size_t period,
                                         struct view evaluator, struct failure *failure)
{
    const struct terms *terms = terms_of(contract, period);
    size_t outcome = terms_find_outcome(terms, value->outcome);
    if (outcome == SIZE_MAX) {
        return refuse(failure, RULE_OUTCOME_UNKNOWN, "/outcome", "%.*s has no outcome %.*s",
                      VIEW_ARGS(state_newest(contract)->name), VIEW_ARGS(value->outcome));
    }
    TRY(check_corrector(contract, value, evaluator, failure));
    enum life_state state =
        life_of_cell(cell_at(contract, period, outcome_find(contract, value->outcome)));
    enum rule rule = life_refusal(state, ON_CELL_CORRECT);
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "/outcome", "%.*s has not been measured for %.*s",
                      VIEW_ARGS(value->outcome), VIEW_ARGS(contract->tables.periods[period].name));
    }
    return measured_value_check_outcome(value, &terms->outcomes[outcome], failure);
}

enum status replacing_check(const struct state_contract *contract,
                            const struct measured_value *values, size_t count, size_t period,
                            struct view evaluator, struct failure *failure)
{
    for (size_t i = 0; i < count; i++) {
        enum status status =
            replacing_check_value(contract, &values[i], period, evaluator, failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "values");
            return status;
        }
    }
    return STATUS_OK;
}

enum status correction_check(const struct state_contract *contract,
                             const struct statement *statement, struct state_change *change,
                             struct failure *failure)
{
    const struct correction *correction = &statement->correction;
    const struct measurement *stated = &correction->measurement;
    const struct state_entry *corrected = measurement_find(contract, &correction->corrects);
    if (corrected == NULL) {
        return refuse_measurement(state_newest(contract), "/corrects", failure);
    }
    change->period = corrected->period;
    change->entry->version = contract->tables.periods[change->period].version;
    TRY(replacing_check(contract, stated->values, stated->value_count, change->period,
                        stated->evaluator, failure));
    return measurement_check_records(governing(contract, change->period), stated, failure);
}

/* --- Termination --- */

enum status termination_refuses(const struct state_contract *contract, size_t period,
                                struct failure *failure)
{
    enum life_state state = life_of_contract(contract);
    if (state == LIFE_CONTRACT_RUNNING) {
        return STATUS_OK;
    }
    const struct termination *termination = &contract->termination->statement->termination;
    if (period != SIZE_MAX) {
        const struct period *asked = state_period_terms(contract, period);
        if (date_compare(asked->from, termination->on) <= 0 ||
            view_equal(asked->name, termination->closing)) {
            return STATUS_OK;
        }
    }
    enum life_event event = period == SIZE_MAX ? ON_CONTRACT_TERMINATE : ON_CONTRACT_LATER;
    return refuse(failure, life_refusal(state, event), "", "entry %llu ended %.*s",
                  (unsigned long long)contract->termination->index,
                  VIEW_ARGS(state_newest(contract)->name));
}

/* Whether everyone in a role must sign a termination: then it may end whatever it likes. */
static bool is_ended_by_all(const struct contract *terms)
{
    const struct role_parties *by = &terms->terminators;
    for (unsigned role = 0; role < ROLE_COUNT && by->count > 0; role++) {
        for (size_t i = 0; i < terms->roles[role].count; i++) {
            size_t k = 0;
            while (k < by->count && !view_equal(by->parties[k], terms->roles[role].parties[i])) {
                k++;
            }
            if (k == by->count) {
                return false;
            }
        }
    }
    return true;
}

/* Some of the parties alone do not undo what was measured. */
static enum status check_not_backdated(const struct state_contract *contract, struct date on,
                                       struct failure *failure)
{
    for (size_t i = 0; i < contract->tables.period_count; i++) {
        const struct period *period = state_period_terms(contract, i);
        if (date_compare(on, period->from) < 0 && !period->closing &&
            period_is_measured(contract, i)) {
            return refuse(failure, RULE_TERMINATION_BACKDATED, "/on",
                          "%.*s has been measured: end the contract when it begins or later, or "
                          "let all parties agree",
                          VIEW_ARGS(period->name));
        }
    }
    return STATUS_OK;
}

enum status termination_check(const struct state_contract *contract,
                              const struct statement *statement, struct failure *failure)
{
    const struct termination *termination = &statement->termination;
    TRY(termination_refuses(contract, SIZE_MAX, failure));
    if (!is_ended_by_all(state_newest(contract))) {
        TRY(check_not_backdated(contract, termination->on, failure));
    }
    if (termination->closing.size == 0) {
        return STATUS_OK;
    }
    size_t period;
    TRY_FIELD("closing", period_find(contract, termination->closing, &period, failure));
    if (!state_period_terms(contract, period)->closing) {
        return refuse(failure, RULE_PERIOD_UNKNOWN, "/closing", "%.*s is no closing period",
                      VIEW_ARGS(termination->closing));
    }
    return STATUS_OK;
}
