/* Amendments: what new terms must leave as it is, and which periods they are for. */

#include "contracts/state/internal.h"

#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>

struct amending {
    const struct state_contract *contract; /* as it is */
    const struct amendment *amendment;
    const struct terms *terms;           /* the new ones */
    const struct state_version *version; /* what they have */
    struct state_tables *tables;         /* as they will be */
};

/* Says of something with a name why it has to stay. */
static enum status refuse_rewrite(struct failure *failure, const char *at, const char *why,
                                  struct view name)
{
    return refuse(failure, RULE_AMENDMENT_REWRITES, at, "%.*s %s", VIEW_ARGS(name),
                  failure_format(why));
}

static bool resettles(const struct amending *amending, struct view period)
{
    const struct amendment *amendment = amending->amendment;
    for (size_t i = 0; i < amendment->resettles_count; i++) {
        if (view_equal(amendment->resettles[i], period)) {
            return true;
        }
    }
    return false;
}

/* --- Periods --- */

static const struct period *find_period(const struct amending *amending, struct view name)
{
    size_t index = terms_find_period(amending->terms, name);
    return index == SIZE_MAX ? NULL : &amending->terms->periods[index];
}

/* Whether the new terms govern one of their periods. */
static bool governs(const struct amending *amending, const struct period *period)
{
    const struct period *first = find_period(amending, amending->amendment->from);
    return date_compare(first->from, period->from) <= 0 || resettles(amending, period->name);
}

static bool is_same_period(const struct period *a, const struct period *b)
{
    return date_compare(a->from, b->from) == 0 && date_compare(a->to, b->to) == 0 &&
           a->binding == b->binding && a->closing == b->closing;
}

/* A period of which something is known stays, and is settled again only if the amendment says so.
 */
static enum status check_period(const struct amending *amending, size_t place,
                                struct failure *failure)
{
    const struct state_contract *contract = amending->contract;
    const struct state_period *kept = &contract->tables.periods[place];
    bool is_settled = kept->settled != NULL;
    if (!is_settled && !period_is_measured(contract, place)) {
        return STATUS_OK;
    }
    const struct period *period = find_period(amending, kept->name);
    if (period == NULL) {
        return refuse_rewrite(failure, "/periods",
                              "has been measured or settled, and is not among the periods",
                              kept->name);
    }
    if (!is_same_period(state_period_terms(contract, place), period)) {
        return refuse_rewrite(failure, "/periods",
                              "has been measured or settled: its dates, `binding` and "
                              "`closing` stay as they are",
                              kept->name);
    }
    if (is_settled && governs(amending, period) && !resettles(amending, kept->name)) {
        return refuse_rewrite(failure, "/from",
                              "has been settled, and the new terms would be for it: name it "
                              "in `resettles`, or begin with a later period",
                              kept->name);
    }
    return STATUS_OK;
}

/* What the new terms say of a period that other terms are for is what those say. */
static enum status check_not_governed(const struct amending *amending, const struct period *period,
                                      struct failure *failure)
{
    size_t place = state_find_period(amending->contract, period->name);
    if (place == SIZE_MAX) {
        return refuse_rewrite(failure, "/from",
                              "begins before the new terms do, and no others are for it: let the "
                              "new terms begin with it",
                              period->name);
    }
    if (!is_same_period(state_period_terms(amending->contract, place), period)) {
        return refuse_rewrite(failure, "/periods",
                              "begins before the new terms do: leave it as it is in the terms that "
                              "it has, or let the new ones begin with it",
                              period->name);
    }
    return STATUS_OK;
}

static enum status check_resettled(const struct amending *amending, struct view name,
                                   struct failure *failure)
{
    size_t place = state_find_period(amending->contract, name);
    if (place == SIZE_MAX || amending->contract->tables.periods[place].settled == NULL) {
        return refuse_rewrite(failure, "", "has not been settled", name);
    }
    return STATUS_OK;
}

static enum status check_periods(const struct amending *amending, struct failure *failure)
{
    const struct amendment *amendment = amending->amendment;
    for (size_t i = 0; i < amendment->resettles_count; i++) {
        enum status status = check_resettled(amending, amendment->resettles[i], failure);
        if (status != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "resettles");
            return status;
        }
    }
    for (size_t i = 0; i < amending->contract->tables.period_count; i++) {
        TRY(check_period(amending, i, failure));
    }
    for (size_t i = 0; i < amending->terms->period_count; i++) {
        if (!governs(amending, &amending->terms->periods[i])) {
            TRY(check_not_governed(amending, &amending->terms->periods[i], failure));
        }
    }
    return STATUS_OK;
}

/* --- Outcomes --- */

/* What is measured is something that the new terms could have measured, too. */
static enum status check_cell(const struct state_cell *cell, const struct outcome *outcome,
                              struct failure *failure)
{
    struct failure inner = {0};
    if (cell->value == NULL ||
        measured_value_check_outcome(cell->value, outcome, &inner) == STATUS_OK) {
        return STATUS_OK;
    }
    return refuse(failure, RULE_AMENDMENT_REWRITES, "/outcomes",
                  "%.*s does not allow what entry %" PRIu64 " states: %s", VIEW_ARGS(outcome->name),
                  cell->source->index, inner.reason);
}

/* The unit that an outcome was measured in: that of the terms which its period is governed by. */
static const struct outcome *measured_outcome(const struct state_contract *contract, size_t period,
                                              struct view name)
{
    const struct terms *terms = &contract->tables.periods[period].version->contract->terms;
    return &terms->outcomes[terms_find_outcome(terms, name)];
}

static bool has_units_of(const struct outcome *a, const struct outcome *b)
{
    return unit_equal(&a->unit, &b->unit) && unit_equal(&a->count_unit, &b->count_unit);
}

static enum status check_measured(const struct amending *amending, size_t period, size_t place,
                                  struct failure *failure)
{
    const struct state_contract *contract = amending->contract;
    const struct state_cell *cell = cell_at(contract, period, place);
    if (cell->value == NULL) {
        return STATUS_OK;
    }
    struct view name = contract->tables.outcomes[place];
    size_t index = terms_find_outcome(amending->terms, name);
    if (index == SIZE_MAX) {
        return refuse_rewrite(failure, "/outcomes",
                              "has been measured, and is not among the outcomes", name);
    }
    const struct outcome *outcome = &amending->terms->outcomes[index];
    if (!has_units_of(outcome, measured_outcome(contract, period, name))) {
        return refuse_rewrite(failure, "/outcomes", "has been measured in another unit", name);
    }
    return check_cell(cell, outcome, failure);
}

static enum status check_outcomes(const struct amending *amending, struct failure *failure)
{
    const struct state_tables *tables = &amending->contract->tables;
    for (size_t period = 0; period < tables->period_count; period++) {
        for (size_t i = 0; i < tables->outcome_count; i++) {
            TRY(check_measured(amending, period, i, failure));
        }
    }
    return STATUS_OK;
}

/* --- Lines that are summed --- */

static enum status check_summed(const struct amending *amending, size_t place,
                                struct failure *failure)
{
    struct rational *sum = &amending->tables->earlier[place];
    if (!amending->tables->is_earlier[place]) {
        return STATUS_OK;
    }
    if (earlier_sum(amending->contract, place, UINT64_MAX, sum) != STATUS_OK) {
        return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "/lines",
                      "the sum of earlier values of %.*s has too many digits",
                      VIEW_ARGS(amending->tables->lines[place]));
    }
    if (rational_sign(sum) == 0) {
        return STATUS_OK;
    }
    if (version_line(amending->version, place) == SIZE_MAX) {
        return refuse_rewrite(failure, "/lines",
                              "has been summed over settlements, and is not among the lines",
                              amending->tables->lines[place]);
    }
    return STATUS_OK;
}

static enum status check_lines(const struct amending *amending, struct failure *failure)
{
    for (size_t i = 0; i < amending->contract->tables.line_count; i++) {
        TRY(check_summed(amending, i, failure));
    }
    return STATUS_OK;
}

/* --- Units: what one version measures or settles, another one reads --- */

/* Whether a period is for these terms still, or was settled by them once. */
static bool is_in_use(const struct amending *amending, const struct state_version *version)
{
    const struct state_tables *tables = amending->tables;
    bool is_found = version->has_settled;
    for (size_t i = 0; i < tables->period_count && !is_found; i++) {
        is_found = tables->periods[i].version == version;
    }
    return is_found;
}

static enum status check_outcome_units(const struct amending *amending, const struct terms *before,
                                       struct failure *failure)
{
    for (size_t i = 0; i < before->outcome_count; i++) {
        const struct outcome *old = &before->outcomes[i];
        size_t index = terms_find_outcome(amending->terms, old->name);
        if (index != SIZE_MAX && !has_units_of(old, &amending->terms->outcomes[index])) {
            return refuse_rewrite(failure, "/outcomes",
                                  "has another unit in terms that a period is measured or was "
                                  "settled by: give it another name",
                                  old->name);
        }
    }
    return STATUS_OK;
}

static enum status check_line_units(const struct amending *amending,
                                    const struct state_version *before, struct failure *failure)
{
    const struct terms *terms = &before->contract->terms;
    for (size_t i = 0; i < terms->line_count; i++) {
        size_t own = version_line(amending->version, before->lines[i]);
        if (own != SIZE_MAX && amending->tables->is_earlier[before->lines[i]] &&
            !unit_equal(&terms->lines[i].unit, &amending->terms->lines[own].unit)) {
            return refuse_rewrite(failure, "/lines",
                                  "is summed over periods, and has another unit in terms that a "
                                  "period is or was settled by: give it another name",
                                  terms->lines[i].name);
        }
    }
    return STATUS_OK;
}

static enum status check_units(const struct amending *amending, struct failure *failure)
{
    const struct state_version *version = amending->contract->newest;
    for (; version != NULL; version = version->earlier) {
        if (is_in_use(amending, version)) {
            TRY(check_outcome_units(amending, &version->contract->terms, failure));
            TRY(check_line_units(amending, version, failure));
        }
    }
    return STATUS_OK;
}

/* --- Money --- */

static enum status refuse_amount(struct failure *failure, enum rule rule, const char *list,
                                 size_t index, const struct party_money *limit)
{
    char at[40];
    (void)snprintf(at, sizeof at, "/%s/%zu/amount", list, index);
    return refuse(failure, rule, at, "%.*s has come to more than %.*s %.*s already",
                  VIEW_ARGS(limit->party), VIEW_ARGS(limit->text.amount),
                  VIEW_ARGS(limit->text.currency));
}

static enum status check_commitments(const struct amending *amending, struct failure *failure)
{
    const struct contract *terms = &amending->amendment->contract;
    for (size_t i = 0; i < terms->commitment_count; i++) {
        const struct party_money *commitment = &terms->commitments[i];
        size_t investor = investor_find(amending->contract, commitment->party);
        if (investor < amending->contract->tables.investor_count &&
            amending->contract->tables.investors[investor].total.minor > commitment->amount.minor) {
            return refuse_amount(failure, RULE_FUNDING_ABOVE_COMMITMENT, "commitments", i,
                                 commitment);
        }
    }
    return STATUS_OK;
}

bool owed_sum(const struct state_contract *contract, struct view payer, struct money *ret_owed)
{
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        size_t count = entry->settlement == NULL ? 0 : entry->settlement->pay_count;
        for (size_t i = 0; i < count; i++) {
            const struct settlement_pay *pay = &entry->settlement->pays[i];
            if (view_equal(pay->from, payer) &&
                money_add(*ret_owed, pay->amount, ret_owed) != STATUS_OK) {
                return false;
            }
        }
    }
    return true;
}

static enum status check_caps(const struct amending *amending, struct failure *failure)
{
    const struct contract *terms = &amending->amendment->contract;
    for (size_t i = 0; i < terms->cap_count; i++) {
        const struct party_money *cap = &terms->caps[i];
        struct money *owed = &amending->tables->cap_used[i];
        if (!owed_sum(amending->contract, cap->party, owed) || owed->minor > cap->amount.minor) {
            return refuse_amount(failure, RULE_PAY_ABOVE_CAP, "caps", i, cap);
        }
    }
    return STATUS_OK;
}

/* --- The amendment --- */

static enum status check_currency(const struct amending *amending, struct failure *failure)
{
    const struct terms *before = &state_newest(amending->contract)->terms;
    if (!view_equal(before->currency_code, amending->terms->currency_code)) {
        return refuse(failure, RULE_AMENDMENT_REWRITES, "/currency",
                      "the contract is in %.*s, and what was settled cannot be in %.*s",
                      VIEW_ARGS(before->currency_code), VIEW_ARGS(amending->terms->currency_code));
    }
    return STATUS_OK;
}

/* Gives the periods that the new terms govern to them. */
static void govern(const struct amending *amending)
{
    for (size_t i = 0; i < amending->terms->period_count; i++) {
        struct state_period *period = &amending->tables->periods[amending->version->periods[i]];
        period->contract = amending->contract;
        if (governs(amending, &amending->terms->periods[i])) {
            period->version = amending->version;
            period->index = i;
        }
    }
}

enum status amendment_check(const struct state *state, const struct statement *statement,
                            struct state_change *change, struct failure *failure)
{
    const struct amendment *amendment = &statement->amendment;
    const struct state_contract *contract = change->contract;
    TRY(roles_check(state, &amendment->contract, change->index, failure));
    TRY(signers_check_contract(state, contract, statement, change->index, failure));
    TRY(termination_refuses(contract, SIZE_MAX, failure));
    TRY(version_make(&amendment->contract, contract, &change->new_version, &change->new_tables,
                     failure));
    struct amending amending = {
        .contract = contract,
        .amendment = amendment,
        .terms = &amendment->contract.terms,
        .version = change->new_version,
        .tables = change->new_tables,
    };
    TRY(check_currency(&amending, failure));
    TRY(check_periods(&amending, failure));
    TRY(check_outcomes(&amending, failure));
    TRY(check_lines(&amending, failure));
    TRY(check_commitments(&amending, failure));
    TRY(check_caps(&amending, failure));
    govern(&amending);
    return check_units(&amending, failure);
}
