/* What a contract can be, as far as it tells alone: its terms, and the roles of whom it names. */

#include "contracts/statement/parts.h"

#include "contracts/terms/operands.h"

#include <stdio.h>

bool contract_has_role(const struct contract *contract, enum role role, struct view party)
{
    const struct role_parties *parties = &contract->roles[role];
    for (size_t i = 0; i < parties->count; i++) {
        if (view_equal(parties->parties[i], party)) {
            return true;
        }
    }
    return false;
}

bool contract_has_any_role(const struct contract *contract, struct view party)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        if (contract_has_role(contract, (enum role)role, party)) {
            return true;
        }
    }
    return false;
}

static enum status refuse_role(struct failure *failure, struct view party, const char *wanted)
{
    return refuse(failure, RULE_ROLE_PARTY, "", "expected a party with %s, found %.*s",
                  failure_format(wanted), VIEW_ARGS(party));
}

static enum status check_any_role(const struct contract *contract, struct view party,
                                  struct failure *failure)
{
    if (!contract_has_any_role(contract, party)) {
        return refuse_role(failure, party, "a role in the contract");
    }
    return STATUS_OK;
}

/* Parties that each have some role, none of them twice. */
static enum status check_parties(const struct contract *contract, const struct view *parties,
                                 size_t count, struct failure *failure)
{
    size_t repeated = names_find_repeated(parties, count, sizeof *parties);
    if (repeated < count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "", parties[repeated]));
    }
    for (size_t i = 0; i < count; i++) {
        TRY_ITEM(i, check_any_role(contract, parties[i], failure));
    }
    return STATUS_OK;
}

static enum status check_roles(const struct contract *contract, struct failure *failure)
{
    for (size_t role = 0; role < ROLE_COUNT; role++) {
        const struct role_parties *parties = &contract->roles[role];
        TRY_FIELD(ROLE_NAMES[role],
                  check_parties(contract, parties->parties, parties->count, failure));
    }
    return STATUS_OK;
}

/* Places are relative to the tranche, or to a pay without tranches. */
static enum status check_tranche(const struct contract *contract, const struct tranche *tranche,
                                 struct failure *failure)
{
    for (size_t i = 0; i < tranche->share_count; i++) {
        enum status checked = check_any_role(contract, tranche->shares[i].party, failure);
        if (checked != STATUS_OK) {
            char at[64];
            (void)snprintf(at, sizeof at, "/to/%zu/party", i);
            failure_prefix(failure, at);
            return checked;
        }
    }
    return STATUS_OK;
}

static enum status check_pay(const struct contract *contract, const struct pay *pay,
                             struct failure *failure)
{
    if (!contract_has_role(contract, ROLE_PAYER, pay->from) &&
        !contract_has_role(contract, ROLE_GUARANTOR, pay->from)) {
        TRY_FIELD("from", refuse_role(failure, pay->from, "the role payer or guarantor"));
    }
    for (size_t i = 0; i < pay->tranche_count; i++) {
        enum status checked = check_tranche(contract, &pay->tranches[i], failure);
        if (checked != STATUS_OK && pay->tranches[i].name.size > 0) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "waterfall");
        }
        TRY(checked);
    }
    return STATUS_OK;
}

/* The first operand of a line that names, as an investor, a party that is none. */
struct investor_search {
    const struct contract *contract;
    struct view stranger; /* size 0: there is none */
};

static void find_stranger(void *context, const struct operand *operand)
{
    struct investor_search *search = context;
    if (operand->kind == OPERAND_FUNDED && operand->name.size > 0 && search->stranger.size == 0 &&
        !contract_has_role(search->contract, ROLE_INVESTOR, operand->name)) {
        search->stranger = operand->name;
    }
}

/* What a party has placed is asked of investors only. */
static enum status check_line_parties(const struct contract *contract, const struct line *line,
                                      struct failure *failure)
{
    struct investor_search search = {.contract = contract};
    line_each_operand(line, find_stranger, &search);
    if (search.stranger.size > 0) {
        return refuse_role(failure, search.stranger, "the role investor behind \"funded\"");
    }
    return STATUS_OK;
}

static enum status check_terms_parties(const struct contract *contract, struct failure *failure)
{
    const struct terms *terms = &contract->terms;
    for (size_t i = 0; i < terms->outcome_count; i++) {
        struct view evaluator = terms->outcomes[i].evaluator;
        if (!contract_has_role(contract, ROLE_EVALUATOR, evaluator)) {
            char at[64];
            (void)snprintf(at, sizeof at, "/outcomes/%zu/evaluator", i);
            enum status refused = refuse_role(failure, evaluator, "the role evaluator");
            failure_prefix(failure, at);
            return refused;
        }
    }
    for (size_t i = 0; i < terms->line_count; i++) {
        enum status checked = check_line_parties(contract, &terms->lines[i], failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "lines");
            return checked;
        }
    }
    for (size_t i = 0; i < terms->pay_count; i++) {
        enum status checked = check_pay(contract, &terms->pays[i], failure);
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "pays");
            return checked;
        }
    }
    return STATUS_OK;
}

/* Commitments of investors, or caps of payers: each party once, in the contract's currency. */
static enum status check_moneys(const struct contract *contract, struct party_money *moneys,
                                size_t count, enum role role, struct failure *failure)
{
    if (count == 0) {
        return STATUS_OK;
    }
    size_t repeated = names_find_repeated(&moneys[0].party, count, sizeof moneys[0]);
    if (repeated < count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "/party", moneys[repeated].party));
    }
    for (size_t i = 0; i < count; i++) {
        if (!contract_has_role(contract, role, moneys[i].party)) {
            enum status refused = role == ROLE_INVESTOR
                                      ? refuse_role(failure, moneys[i].party, "the role investor")
                                      : refuse_role(failure, moneys[i].party, "the role payer");
            shape_prefix_name(failure, "party");
            shape_prefix_index(failure, i);
            return refused;
        }
        enum status checked =
            statement_money(&moneys[i].text, contract->terms.currency, &moneys[i].amount, failure);
        if (checked != STATUS_OK) {
            shape_prefix_name(failure, "amount");
            shape_prefix_index(failure, i);
            return checked;
        }
    }
    return STATUS_OK;
}

static enum status check_conflicts(const struct contract *contract, struct failure *failure)
{
    for (size_t i = 0; i < contract->conflict_count; i++) {
        const struct conflict *conflict = &contract->conflicts[i];
        enum status checked =
            check_parties(contract, conflict->parties, conflict->party_count, failure);
        if (checked != STATUS_OK) {
            shape_prefix_name(failure, "parties");
            shape_prefix_index(failure, i);
            return checked;
        }
    }
    return STATUS_OK;
}

static enum status check_extra(const struct contract *contract, const struct extra_signers *extra,
                               struct failure *failure)
{
    if (extra->at_least > extra->count) {
        return refuse(failure, RULE_QUORUM_TOO_LARGE, "/at_least", "%zu of %zu parties cannot sign",
                      extra->at_least, extra->count);
    }
    return check_parties(contract, extra->parties, extra->count, failure);
}

static enum status check_signatures(const struct contract *contract, struct failure *failure)
{
    for (size_t kind = 0; kind < KIND_COUNT; kind++) {
        const struct extra_signers *extra = &contract->extra[kind];
        TRY_FIELD(kind_word((enum kind)kind), check_extra(contract, extra, failure));
    }
    return STATUS_OK;
}

static enum status check_termination(const struct contract *contract, struct failure *failure)
{
    const struct role_parties *by = &contract->terminators;
    enum status checked = check_parties(contract, by->parties, by->count, failure);
    if (checked != STATUS_OK) {
        shape_prefix_name(failure, "by");
        shape_prefix_name(failure, "termination");
    }
    return checked;
}

static enum status check_annexes(const struct contract *contract, struct failure *failure)
{
    if (contract->annex_count == 0) {
        return STATUS_OK;
    }
    size_t repeated = names_find_repeated(&contract->annexes[0].name, contract->annex_count,
                                          sizeof contract->annexes[0]);
    if (repeated < contract->annex_count) {
        TRY_ITEM(repeated, refuse_repeated(failure, "/name", contract->annexes[repeated].name));
    }
    return STATUS_OK;
}

enum status contract_check_alone(struct contract *contract, struct failure *failure)
{
    TRY_FIELD("roles", check_roles(contract, failure));
    TRY(terms_check(&contract->terms, failure));
    TRY(records_check(&contract->records, &contract->terms, failure));
    TRY(check_terms_parties(contract, failure));
    TRY(baselines_check(contract, failure));
    TRY_FIELD("commitments", check_moneys(contract, contract->commitments,
                                          contract->commitment_count, ROLE_INVESTOR, failure));
    TRY_FIELD("caps",
              check_moneys(contract, contract->caps, contract->cap_count, ROLE_PAYER, failure));
    TRY_FIELD("annexes", check_annexes(contract, failure));
    TRY_FIELD("conflicts", check_conflicts(contract, failure));
    TRY_FIELD("signatures", check_signatures(contract, failure));
    TRY(check_termination(contract, failure));
    return STATUS_OK;
}
