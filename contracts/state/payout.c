/* Payout: settlements, recomputed before they are believed, and the payments of what they owe. */

#include "contracts/state/internal.h"

#include "contracts/terms/operands.h"
#include "ledger/base/ownership.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define AMOUNT_TEXT_MAX 32 /* 18 digits, a point and a sign */

/* --- Inputs: the statements that a settlement was computed from --- */

struct inputs {
    const struct state_contract *contract;
    const struct state_period *period;
    const struct state_version *version; /* that it was computed by */
    const struct settlement *settlement;
    uint64_t before; /* sums were read as they stood before this entry */
    bool *cells;     /* [period * outcome_count + outcome]: the lines read it */
};

/* The place of a period in the tables. */
static size_t place_of(const struct state_contract *contract, const struct state_period *period)
{
    return (size_t)(period - contract->tables.periods);
}

static void note_cell(void *context, const struct operand *operand)
{
    struct inputs *inputs = context;
    const struct state_contract *contract = inputs->contract;
    if (operand->kind == OPERAND_MEASURED) {
        const struct state_cell *cell =
            version_cell(contract, inputs->version, operand, place_of(contract, inputs->period));
        inputs->cells[cell - contract->tables.cells] = true;
    }
}

static bool states_used(const struct inputs *inputs, const struct state_entry *entry)
{
    const struct state_contract *contract = inputs->contract;
    size_t count;
    const struct measured_value *values = statement_values(entry->statement, &count);
    for (size_t i = 0; i < count; i++) {
        const struct state_cell *cell =
            cell_at(contract, entry->period, outcome_find(contract, values[i].outcome));
        if (inputs->cells[cell - contract->tables.cells]) {
            return true;
        }
    }
    return false;
}

/* Whether an earlier settlement left a credit that this one deducts from. */
static bool carries_over(const struct settlement *earlier, const struct settlement *settlement)
{
    for (size_t i = 0; i < settlement->pay_count; i++) {
        if (settlement->pays[i].carried_in.minor == 0) {
            continue;
        }
        struct settlement_place place = settlement_pay_place(&settlement->pays[i]);
        const struct settlement_pay *left = settlement_find_pay(earlier, &place, i);
        if (left != NULL && left->carried_out.minor > 0) {
            return true;
        }
    }
    return false;
}

static bool is_input(const struct inputs *inputs, const struct state_entry *entry)
{
    bool is_before = entry->index < inputs->before;
    switch (entry->statement->kind) {
    case KIND_CONTRACT:
        return true;
    case KIND_AMENDMENT:
        return entry == inputs->version->entry;
    case KIND_FUNDING:
        return inputs->version->uses_funded && is_before;
    case KIND_MEASUREMENT:
    case KIND_CORRECTION:
    case KIND_DECISION:
        return states_used(inputs, entry);
    case KIND_SETTLEMENT:
        return (inputs->version->uses_earlier && is_before) ||
               entry->period == place_of(inputs->contract, inputs->period) ||
               carries_over(entry->settlement, inputs->settlement);
    case KIND_PAYMENT:
        return inputs->version->uses_paid && is_before;
    case KIND_DISPUTE:
    case KIND_TERMINATION:
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_COUNT:
        break;
    }
    return false;
}

static void freep(void *pointer)
{
    free(*(void **)pointer);
}

static enum status collect_inputs(const struct state_period *period,
                                  const struct settlement *settlement, struct hash **ret_ids,
                                  size_t *ret_count, struct failure *failure)
{
    const struct state_contract *contract = period->contract;
    const struct state_tables *tables = &contract->tables;
    const struct terms *terms = &period->version->contract->terms;
    const struct state_snapshot *snapshot = period->snapshot;
    OWNED(freep) bool *cells = calloc(tables->period_count * tables->outcome_count + 1, 1);
    OWNED(freep) struct hash *ids = calloc(STATEMENT_INPUTS_MAX, sizeof *ids);
    if (cells == NULL || ids == NULL) {
        return fail_memory(failure);
    }
    struct inputs inputs = {
        .contract = contract,
        .period = period,
        .version = period->version,
        .settlement = settlement,
        .before = snapshot == NULL ? UINT64_MAX : snapshot->before,
        .cells = cells,
    };
    for (size_t i = 0; i < terms->line_count; i++) {
        line_each_operand(&terms->lines[i], note_cell, &inputs);
    }
    size_t count = 0;
    for (const struct state_entry *entry = contract->first; entry != NULL; entry = entry->next) {
        if (!is_input(&inputs, entry)) {
            continue;
        }
        if (count == STATEMENT_INPUTS_MAX) {
            return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "",
                          "it depends on more than %d statements", STATEMENT_INPUTS_MAX);
        }
        ids[count] = entry->statement->id;
        count++;
    }
    *ret_ids = STEAL(ids);
    *ret_count = count;
    return STATUS_OK;
}

enum status state_compute(const struct state_contract *contract, struct view name,
                          struct settlement *settlement, struct json **ret_computed,
                          struct failure *failure)
{
    size_t place;
    TRY(period_find(contract, name, &place, failure));
    const struct state_period *period = &contract->tables.periods[place];
    const struct state_version *version = period->version;
    struct settlement_source source = {
        .contract = version->contract,
        .terms = state_terms_source(contract, place),
    };
    TRY(settlement_compute(&source, period->index, settlement, failure));
    const struct state_entry *before = period->settled;
    settlement->is_supplementary = before != NULL;
    if (before != NULL) {
        settlement->supplements = before->statement->id;
    }
    settlement->is_amended = version->earlier != NULL;
    if (settlement->is_amended) {
        settlement->terms = version->entry->statement->id;
    }
    TRY(settlement_carry(before == NULL ? NULL : before->settlement, &contract->tables.credits,
                         settlement, failure));
    if (ret_computed == NULL) {
        return STATUS_OK;
    }
    OWNED(freep) struct hash *ids = NULL;
    size_t count = 0;
    TRY(collect_inputs(period, settlement, &ids, &count, failure));
    return settlement_to_json(version->contract, settlement, ids, count, ret_computed, failure);
}

/* --- Settlement --- */

/* Whether a cell that the lines read for a period was replaced after an entry. */
struct replacement {
    const struct state_contract *contract;
    const struct state_version *version;
    size_t period;
    uint64_t since;
    bool is_found;
};

static void look_for_replacement(void *context, const struct operand *operand)
{
    struct replacement *replacement = context;
    if (operand->kind == OPERAND_MEASURED) {
        const struct state_cell *cell =
            version_cell(replacement->contract, replacement->version, operand, replacement->period);
        replacement->is_found = replacement->is_found || cell->replaced > replacement->since;
    }
}

static enum status check_repeated(const struct state_contract *contract, size_t place,
                                  struct failure *failure)
{
    const struct state_period *period = &contract->tables.periods[place];
    const struct state_version *version = period->version;
    const struct terms *terms = &version->contract->terms;
    struct replacement replacement = {
        .contract = contract,
        .version = version,
        .period = place,
        .since = period->settled->index,
        .is_found = version->entry->index > period->settled->index, /* it is resettled */
    };
    for (size_t i = 0; i < terms->line_count && !replacement.is_found; i++) {
        line_each_operand(&terms->lines[i], look_for_replacement, &replacement);
    }
    if (!replacement.is_found) {
        return refuse(failure, life_refusal(LIFE_PERIOD_SETTLED, ON_PERIOD_SETTLE), "",
                      "%.*s was settled by entry %llu, and nothing that its lines read was "
                      "replaced since",
                      VIEW_ARGS(period->name), (unsigned long long)period->settled->index);
    }
    return STATUS_OK;
}

static enum status check_closing(const struct state_contract *contract, struct view period,
                                 struct failure *failure)
{
    if (contract->termination == NULL ||
        !view_equal(contract->termination->statement->termination.closing, period)) {
        return refuse(failure, life_refusal(LIFE_PERIOD_CLOSING, ON_PERIOD_SETTLE), "",
                      "%.*s is settled only after a termination that names it", VIEW_ARGS(period));
    }
    return STATUS_OK;
}

enum status state_find_unsettled(const struct state_contract *contract, struct view period,
                                 size_t *ret_place, struct failure *failure)
{
    size_t place;
    TRY(period_find(contract, period, &place, failure));
    if (!state_period_terms(contract, place)->binding) {
        return refuse(failure, life_refusal(LIFE_PERIOD_REPORTED, ON_PERIOD_SETTLE), "",
                      "%.*s is reported only", VIEW_ARGS(period));
    }
    if (state_period_terms(contract, place)->closing) {
        TRY(check_closing(contract, period, failure));
    }
    TRY(termination_refuses(contract, place, failure));
    if (contract->tables.periods[place].settled != NULL) {
        TRY(check_repeated(contract, place, failure));
    }
    *ret_place = place;
    return STATUS_OK;
}

/* The same of a settlement, in its own places. */
static enum status check_period(const struct state_contract *contract, struct view period,
                                size_t *ret_period, struct failure *failure)
{
    enum status status = state_find_unsettled(contract, period, ret_period, failure);
    if (status != STATUS_OK) {
        failure_prefix(failure, "/computed/period");
    }
    return status;
}

/* Both sides in canonical form, byte for byte; the first difference is shown. */
static enum status compare_computed(const struct json *claimed, const struct json *computed,
                                    struct failure *failure)
{
    OWNED(buffer_release) struct buffer theirs;
    OWNED(buffer_release) struct buffer ours;
    buffer_init(&theirs, JSON_SIZE_MAX);
    buffer_init(&ours, JSON_SIZE_MAX);
    if (json_write_canonical(claimed, &theirs) != STATUS_OK ||
        json_write_canonical(computed, &ours) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (view_equal(buffer_view(&theirs), buffer_view(&ours))) {
        return STATUS_OK;
    }
    size_t first = 0;
    while (first < theirs.size && first < ours.size && theirs.data[first] == ours.data[first]) {
        first++;
    }
    size_t from = first < 40 ? 0 : first - 40;
    return refuse(failure, RULE_SETTLEMENT_DIFFERS, "/computed",
                  "it says ...%.80s... where the ledger computes ...%.80s...",
                  theirs.size == 0 ? "" : theirs.data + from,
                  ours.size == 0 ? "" : ours.data + from);
}

/* Of a line, what a settlement adds to the sum: all of it, or the difference to the one before. */
static enum status add_line(const struct state_period *period, const struct settlement *settlement,
                            size_t line, struct rational *ret_sum)
{
    rational_set(ret_sum, &period->contract->tables.earlier[line]);
    size_t own = version_line(period->version, line);
    if (own != SIZE_MAX) {
        TRY(rational_add(ret_sum, ret_sum, &settlement->values.lines[own].value));
    }
    const struct rational *settled =
        period->settled == NULL ? NULL : settled_line(period->settled, line);
    return settled == NULL ? STATUS_OK : rational_subtract(ret_sum, ret_sum, settled);
}

/* Sums of lines over settlements, with this one added. */
static enum status add_earlier(const struct state_period *period,
                               const struct settlement *settlement, struct state_change *change,
                               struct failure *failure)
{
    const struct state_tables *tables = &period->contract->tables;
    size_t count = tables->line_count;
    change->earlier = calloc(count + 1, sizeof *change->earlier);
    if (change->earlier == NULL) {
        return fail_memory(failure);
    }
    change->earlier_count = count;
    for (size_t i = 0; i < count; i++) {
        rational_init(&change->earlier[i]);
    }
    for (size_t i = 0; i < count; i++) {
        if (!tables->is_earlier[i]) {
            continue;
        }
        if (add_line(period, settlement, i, &change->earlier[i]) != STATUS_OK) {
            return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "/computed",
                          "the sum of earlier values has too many digits");
        }
    }
    return STATUS_OK;
}

static bool is_payer_after(const struct state_contract *contract,
                           const struct state_version *version, struct view party)
{
    const struct state_version *newer = contract->newest;
    while (newer != version && !contract_has_role(newer->contract, ROLE_PAYER, party)) {
        newer = newer->earlier;
    }
    return newer != version;
}

/* Who pays no more still owes no more than the newest terms by which it did pay let it. */
static enum status check_caps_before(const struct state_contract *contract,
                                     const struct settlement *settlement, struct failure *failure)
{
    const struct state_version *version = contract->newest->earlier;
    for (; version != NULL; version = version->earlier) {
        for (size_t i = 0; i < version->contract->cap_count; i++) {
            struct party_money *cap = &version->contract->caps[i];
            struct money owed = {.currency = cap->amount.currency};
            if (is_payer_after(contract, version, cap->party) ||
                !owed_sum(contract, cap->party, &owed)) {
                continue;
            }
            const struct contract alone = {.cap_count = 1, .caps = cap};
            TRY(settlement_add_to_caps(&alone, settlement, &owed, NULL, failure));
        }
    }
    return STATUS_OK;
}

enum status state_check_caps(const struct state_contract *contract,
                             const struct settlement *settlement, struct failure *failure)
{
    TRY(settlement_add_to_caps(state_newest(contract), settlement, contract->tables.cap_used, NULL,
                               failure));
    return check_caps_before(contract, settlement, failure);
}

static enum status add_to_caps(const struct state_contract *contract,
                               const struct settlement *settlement, struct state_change *change,
                               struct failure *failure)
{
    const struct contract *terms = state_newest(contract);
    change->cap_used = calloc(terms->cap_count + 1, sizeof *change->cap_used);
    if (change->cap_used == NULL) {
        return fail_memory(failure);
    }
    TRY_FIELD("computed", settlement_add_to_caps(terms, settlement, contract->tables.cap_used,
                                                 change->cap_used, failure));
    TRY_FIELD("computed", check_caps_before(contract, settlement, failure));
    return STATUS_OK;
}

/* Credits with what was carried out added and what was carried in taken off. */
static enum status add_to_credits(const struct state_contract *contract,
                                  const struct settlement *settlement, struct state_change *change,
                                  struct failure *failure)
{
    const struct settlement_credits *credits = &contract->tables.credits;
    change->credits = calloc(credits->count + 1, sizeof *change->credits);
    if (change->credits == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < credits->count; i++) {
        change->credits[i] = credits->amounts[i];
    }
    for (size_t i = 0; i < settlement->pay_count; i++) {
        const struct settlement_pay *pay = &settlement->pays[i];
        struct settlement_place place = settlement_pay_place(pay);
        size_t at = settlement_find_place(credits->places, credits->count, &place, i);
        struct money left = credits->amounts[at];
        left.minor -= pay->carried_in.minor;
        if (money_add(left, pay->carried_out, &change->credits[at]) != STATUS_OK) {
            return refuse(failure, RULE_SETTLEMENT_NOT_COMPUTABLE, "/computed/pays",
                          "the credit of %.*s would be larger than an amount can be",
                          VIEW_ARGS(pay->line));
        }
    }
    return STATUS_OK;
}

static enum status add_dues(const struct settlement *settlement, struct state_change *change,
                            struct failure *failure)
{
    struct state_due **end = &change->new_dues;
    for (size_t i = 0; i < settlement->pay_count; i++) {
        *end = calloc(1, sizeof **end);
        if (*end == NULL) {
            return fail_memory(failure);
        }
        (*end)->pay = i;
        (*end)->paid.currency = settlement->pays[i].amount.currency;
        end = &(*end)->next;
    }
    return STATUS_OK;
}

enum status settlement_check(const struct state_contract *contract,
                             const struct statement *statement, struct state_change *change,
                             struct failure *failure)
{
    const struct settlement_statement *claimed = &statement->settlement;
    TRY(check_period(contract, claimed->period, &change->period, failure));
    const struct state_period *period = &contract->tables.periods[change->period];

    struct settlement *settlement = calloc(1, sizeof *settlement);
    if (settlement == NULL) {
        return fail_memory(failure);
    }
    settlement_init(settlement);
    change->entry->settlement = settlement; /* owned by the change from here on */
    change->entry->version = period->version;
    change->entry->supplements = period->settled;

    OWNED(json_freep) struct json *computed = NULL;
    TRY(state_compute(contract, claimed->period, settlement, &computed, failure));
    TRY(compare_computed(claimed->computed, computed, failure));
    TRY(add_earlier(period, settlement, change, failure));
    TRY(add_to_caps(contract, settlement, change, failure));
    TRY(add_to_credits(contract, settlement, change, failure));
    if (period->settled == NULL) {
        change->snapshot = snapshot_new(contract, change->index);
        if (change->snapshot == NULL) {
            return fail_memory(failure);
        }
    }
    return add_dues(settlement, change, failure);
}

/* --- Payment --- */

const struct settlement_pay *state_due_pay(const struct state_due *due)
{
    return &due->settlement->settlement->pays[due->pay];
}

struct money state_due_outstanding(const struct state_due *due)
{
    struct money settled = state_due_pay(due)->amount;
    return (struct money){settled.minor - due->paid.minor, settled.currency};
}

/* Whether a payment is on a due, whatever the tranche. */
static bool is_on(const struct payment *payment, const struct state_due *due)
{
    const struct settlement_pay *pay = state_due_pay(due);
    return hash_equal(&due->settlement->statement->id, &payment->settlement) &&
           view_equal(pay->line, payment->line) && view_equal(pay->from, payment->from) &&
           view_equal(pay->to, payment->to);
}

/* Refuses a payment whose tranche is not `owed`'s, which is otherwise what it is on. */
static enum status refuse_tranche(const struct payment *payment, const struct settlement_pay *owed,
                                  struct failure *failure)
{
    if (owed->tranche.size == 0) {
        return refuse(failure, RULE_PAYMENT_UNKNOWN, "/tranche", "%.*s has no tranches",
                      VIEW_ARGS(owed->line));
    }
    if (payment->tranche.size == 0) {
        return refuse(failure, RULE_PAYMENT_UNKNOWN, "/tranche",
                      "%.*s is owed in tranches: say which, such as %.*s", VIEW_ARGS(owed->line),
                      VIEW_ARGS(owed->tranche));
    }
    return refuse(failure, RULE_PAYMENT_UNKNOWN, "/tranche",
                  "%.*s owes %.*s nothing by the tranche %.*s, but by %.*s", VIEW_ARGS(owed->from),
                  VIEW_ARGS(owed->to), VIEW_ARGS(payment->tranche), VIEW_ARGS(owed->tranche));
}

static enum status find_due(const struct state_contract *contract, const struct payment *payment,
                            struct state_due **ret_due, struct failure *failure)
{
    const struct settlement_pay *other = NULL;
    for (struct state_due *due = contract->dues; due != NULL; due = due->next) {
        if (!is_on(payment, due)) {
            continue;
        }
        other = state_due_pay(due);
        if (view_equal(other->tranche, payment->tranche)) {
            *ret_due = due;
            return STATUS_OK;
        }
    }
    if (other != NULL) {
        return refuse_tranche(payment, other, failure);
    }
    return refuse(failure, RULE_PAYMENT_UNKNOWN, "/settlement",
                  "no settlement of %.*s owes %.*s from %.*s to %.*s", VIEW_ARGS(payment->contract),
                  VIEW_ARGS(payment->line), VIEW_ARGS(payment->from), VIEW_ARGS(payment->to));
}

/* What has been paid in all and of this pay, with this payment: less, when the pay is reversed. */
static enum status add_to_paid(const struct state_contract *contract, struct money amount,
                               struct state_change *change, struct failure *failure)
{
    const struct settlement_pay *pay = state_due_pay(change->due);
    change->line = state_find_line(contract, pay->line);
    if (pay->is_reversed) {
        amount.minor = -amount.minor;
    }
    TRY(amount_add(contract->paid, amount, &change->total, failure));
    return amount_add(contract->tables.paid_by_line[change->line], amount, &change->line_total,
                      failure);
}

static enum status check_held(const struct state_contract *contract, const struct state_due *due,
                              struct failure *failure)
{
    const struct state_dispute *dispute;
    if (state_due_find_dispute(contract, due, &dispute) != STATUS_OK) {
        return fail_memory(failure);
    }
    if (dispute != NULL) {
        return refuse(failure, life_refusal(life_of_due(due, dispute), ON_DUE_PAY_PART), "/pay",
                      "%.*s depends on what entry %llu disputes, which is not settled between the "
                      "parties yet",
                      VIEW_ARGS(state_due_pay(due)->line),
                      (unsigned long long)dispute->entry->index);
    }
    return STATUS_OK;
}

static enum status refuse_above(const struct state_due *due, struct failure *failure)
{
    OWNED(buffer_release) struct buffer left;
    buffer_init(&left, AMOUNT_TEXT_MAX);
    if (money_write(state_due_outstanding(due), &left) != STATUS_OK) {
        return fail_memory(failure);
    }
    struct view text = buffer_view(&left);
    return refuse(failure, life_refusal(life_of_due(due, NULL), ON_DUE_PAY_MORE), "/amount/amount",
                  "%.*s %s of what was settled is still to be paid", VIEW_ARGS(text),
                  due->paid.currency.code);
}

enum status payment_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure)
{
    const struct payment *payment = &statement->payment;
    TRY(find_due(contract, payment, &change->due, failure));
    change->entry->due = change->due;
    TRY(check_held(contract, change->due, failure));
    TRY_FIELD("amount", statement_money(&payment->amount, state_newest(contract)->terms.currency,
                                        &change->entry->amount, failure));
    struct money amount = change->entry->amount;
    if (amount.minor <= 0 || amount.minor > state_due_outstanding(change->due).minor) {
        return refuse_above(change->due, failure);
    }
    TRY(amount_add(change->due->paid, amount, &change->due_paid, failure));
    return add_to_paid(contract, amount, change, failure);
}
