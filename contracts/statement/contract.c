#include "contracts/statement/parts.h"

#include <stdint.h>

#define COMMITMENTS_MAX 50
#define CAPS_MAX 50
#define CONFLICTS_MAX 50
#define CONFLICT_PARTIES_MAX 10
#define SOURCES_MAX 100
#define SOURCE_SIZE_MAX 1000

static const struct shape_field FIELDS[CONTRACT_COUNT] = {COMMON_FIELDS, CONTRACT_FIELDS};

const char *const ROLE_NAMES[ROLE_COUNT] = {
    [ROLE_PAYER] = "payer",
    [ROLE_INVESTOR] = "investor",
    [ROLE_PROVIDER] = "provider",
    [ROLE_EVALUATOR] = "evaluator",
    [ROLE_INTERMEDIARY] = "intermediary",
    [ROLE_GUARANTOR] = "guarantor",
    [ROLE_ARBITER] = "arbiter",
};

/* --- Reading --- */

static enum status roles_read(const struct json *node, struct arena *arena,
                              struct role_parties roles[static ROLE_COUNT], struct failure *failure)
{
    static const struct shape_field ROLE_FIELDS[ROLE_COUNT] = {
        [ROLE_PAYER] = {"payer", SHAPE_REQUIRED},
        [ROLE_INVESTOR] = {"investor", SHAPE_REQUIRED},
        [ROLE_PROVIDER] = {"provider", SHAPE_OPTIONAL},
        [ROLE_EVALUATOR] = {"evaluator", SHAPE_REQUIRED},
        [ROLE_INTERMEDIARY] = {"intermediary", SHAPE_OPTIONAL},
        [ROLE_GUARANTOR] = {"guarantor", SHAPE_OPTIONAL},
        [ROLE_ARBITER] = {"arbiter", SHAPE_OPTIONAL},
    };
    const struct json *nodes[ROLE_COUNT];
    TRY(shape_object(node, ROLE_FIELDS, ROLE_COUNT, nodes, failure));
    for (size_t i = 0; i < ROLE_COUNT; i++) {
        if (nodes[i] == NULL) {
            continue;
        }
        TRY_FIELD(ROLE_FIELDS[i].name,
                  parties_read(nodes[i], 1, STATEMENT_ROLE_PARTIES_MAX, arena, &roles[i], failure));
    }
    return STATUS_OK;
}

/* How many people; 0 when that was not published. */
static enum status cohort_size_read(const struct json *node, int32_t *ret_size,
                                    struct failure *failure)
{
    if (shape_is_not_published(node)) {
        *ret_size = 0;
        return STATUS_OK;
    }
    if (json_type(node) != JSON_INTEGER) {
        return shape_malformed(node, "an integer or \"not_published\"", failure);
    }
    return shape_integer(node, 1, INT32_MAX, ret_size, failure);
}

static enum status cohort_read(const struct json *node, struct contract *contract,
                               struct failure *failure)
{
    enum { DESCRIPTION, SIZE, COUNT };
    static const struct shape_field COHORT_FIELDS[COUNT] = {
        [DESCRIPTION] = {"description", SHAPE_REQUIRED},
        [SIZE] = {"size", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, COHORT_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("description", shape_localized(nodes[DESCRIPTION], &contract->cohort, failure));
    TRY_FIELD("size", cohort_size_read(nodes[SIZE], &contract->cohort_size, failure));
    return STATUS_OK;
}

static enum status party_money_read(const struct json *node, struct party_money *ret_money,
                                    struct failure *failure)
{
    enum { AMOUNT, PARTY, COUNT };
    static const struct shape_field MONEY_FIELDS[COUNT] = {
        [AMOUNT] = {"amount", SHAPE_REQUIRED},
        [PARTY] = {"party", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, MONEY_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("party", shape_party(nodes[PARTY], &ret_money->party, failure));
    TRY_FIELD("amount", amount_read(nodes[AMOUNT], &ret_money->text, failure));
    return STATUS_OK;
}

/* Commitments and caps. */
static enum status party_moneys_read(const struct json *node, size_t maximum, struct arena *arena,
                                     size_t *ret_count, struct party_money **ret_moneys,
                                     struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, maximum, &count, failure));
    struct party_money *moneys = arena_allocate(arena, count, sizeof *moneys);
    if (moneys == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, party_money_read(item, &moneys[i], failure));
    }
    *ret_count = count;
    *ret_moneys = moneys;
    return STATUS_OK;
}

static enum status conflict_read(const struct json *node, struct arena *arena,
                                 struct conflict *ret_conflict, struct failure *failure)
{
    enum { NOTE, PARTIES, COUNT };
    static const struct shape_field CONFLICT_FIELDS[COUNT] = {
        [NOTE] = {"note", SHAPE_REQUIRED},
        [PARTIES] = {"parties", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, CONFLICT_FIELDS, COUNT, nodes, failure));
    struct role_parties parties;
    TRY_FIELD("parties",
              parties_read(nodes[PARTIES], 2, CONFLICT_PARTIES_MAX, arena, &parties, failure));
    TRY_FIELD("note", shape_localized(nodes[NOTE], &ret_conflict->note, failure));
    ret_conflict->party_count = parties.count;
    ret_conflict->parties = parties.parties;
    return STATUS_OK;
}

static enum status conflicts_read(const struct json *node, struct arena *arena,
                                  struct contract *contract, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, CONFLICTS_MAX, &count, failure));
    contract->conflicts = arena_allocate(arena, count, sizeof *contract->conflicts);
    if (contract->conflicts == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, conflict_read(item, arena, &contract->conflicts[i], failure));
    }
    contract->conflict_count = count;
    return STATUS_OK;
}

/* All of these parties, or a number of them. */
static enum status extra_signers_read(const struct json *node, struct arena *arena,
                                      struct extra_signers *ret_extra, struct failure *failure)
{
    enum { AT_LEAST, PARTIES, COUNT };
    static const struct shape_field QUORUM_FIELDS[COUNT] = {
        [AT_LEAST] = {"at_least", SHAPE_REQUIRED},
        [PARTIES] = {"parties", SHAPE_REQUIRED},
    };
    struct role_parties all;
    if (json_type(node) != JSON_OBJECT) {
        TRY(parties_read(node, 1, STATEMENT_ROLE_PARTIES_MAX, arena, &all, failure));
        *ret_extra = (struct extra_signers){all.count, all.parties, all.count};
        return STATUS_OK;
    }
    const struct json *nodes[COUNT];
    int32_t at_least;
    TRY(shape_object(node, QUORUM_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("parties",
              parties_read(nodes[PARTIES], 1, STATEMENT_ROLE_PARTIES_MAX, arena, &all, failure));
    TRY_FIELD("at_least",
              shape_integer(nodes[AT_LEAST], 1, STATEMENT_ROLE_PARTIES_MAX, &at_least, failure));
    *ret_extra = (struct extra_signers){all.count, all.parties, (size_t)at_least};
    return STATUS_OK;
}

/* The kinds that may ask for further signers: those that follow a contract in its chain. */
static const enum kind SIGNED_KINDS[] = {KIND_FUNDING,  KIND_MEASUREMENT, KIND_SETTLEMENT,
                                         KIND_PAYMENT,  KIND_CORRECTION,  KIND_DISPUTE,
                                         KIND_DECISION, KIND_TERMINATION};
#define SIGNED_KINDS_COUNT (sizeof SIGNED_KINDS / sizeof SIGNED_KINDS[0])

static enum status signatures_read(const struct json *node, struct arena *arena,
                                   struct contract *contract, struct failure *failure)
{
    struct shape_field fields[SIGNED_KINDS_COUNT];
    for (size_t i = 0; i < SIGNED_KINDS_COUNT; i++) {
        fields[i] = (struct shape_field){kind_word(SIGNED_KINDS[i]), SHAPE_OPTIONAL};
    }
    const struct json *nodes[SIGNED_KINDS_COUNT];
    TRY(shape_object(node, fields, SIGNED_KINDS_COUNT, nodes, failure));
    if (json_first(node) == NULL) {
        return shape_malformed(node, "at least one kind of statement with its further signers",
                               failure);
    }
    for (size_t i = 0; i < SIGNED_KINDS_COUNT; i++) {
        if (nodes[i] != NULL) {
            struct extra_signers *extra = &contract->extra[SIGNED_KINDS[i]];
            TRY_FIELD(fields[i].name, extra_signers_read(nodes[i], arena, extra, failure));
        }
    }
    return STATUS_OK;
}

static enum status termination_read(const struct json *node, struct arena *arena,
                                    struct contract *contract, struct failure *failure)
{
    enum { BY, TERMS, COUNT };
    static const struct shape_field TERMINATION_FIELDS[COUNT] = {
        [BY] = {"by", SHAPE_REQUIRED},
        [TERMS] = {"terms", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, TERMINATION_FIELDS, COUNT, nodes, failure));
    TRY_FIELD("by", parties_read(nodes[BY], 1, STATEMENT_ROLE_PARTIES_MAX, arena,
                                 &contract->terminators, failure));
    TRY_FIELD("terms", shape_localized(nodes[TERMS], &contract->termination_terms, failure));
    return STATUS_OK;
}

static enum status sources_read(const struct json *node, struct arena *arena,
                                struct contract *contract, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, SOURCES_MAX, &count, failure));
    contract->sources = arena_allocate(arena, count, sizeof *contract->sources);
    if (contract->sources == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_text(item, 1, SOURCE_SIZE_MAX, &contract->sources[i], failure));
    }
    contract->source_count = count;
    return STATUS_OK;
}

static enum status optional_read(const struct json *const *nodes, struct arena *arena,
                                 struct contract *contract, struct failure *failure)
{
    if (nodes[CONTRACT_COMMITMENTS] != NULL) {
        TRY_FIELD("commitments",
                  party_moneys_read(nodes[CONTRACT_COMMITMENTS], COMMITMENTS_MAX, arena,
                                    &contract->commitment_count, &contract->commitments, failure));
    }
    if (nodes[CONTRACT_CAPS] != NULL) {
        TRY_FIELD("caps", party_moneys_read(nodes[CONTRACT_CAPS], CAPS_MAX, arena,
                                            &contract->cap_count, &contract->caps, failure));
    }
    if (nodes[CONTRACT_ANNEXES] != NULL) {
        TRY_FIELD("annexes", annexes_read(nodes[CONTRACT_ANNEXES], arena, &contract->annex_count,
                                          &contract->annexes, failure));
    }
    if (nodes[CONTRACT_CONFLICTS] != NULL) {
        TRY_FIELD("conflicts", conflicts_read(nodes[CONTRACT_CONFLICTS], arena, contract, failure));
    }
    if (nodes[CONTRACT_SIGNATURES] != NULL) {
        TRY_FIELD("signatures",
                  signatures_read(nodes[CONTRACT_SIGNATURES], arena, contract, failure));
    }
    if (nodes[CONTRACT_TERMINATION] != NULL) {
        TRY_FIELD("termination",
                  termination_read(nodes[CONTRACT_TERMINATION], arena, contract, failure));
    }
    if (nodes[CONTRACT_RECORDS] != NULL) {
        TRY_FIELD("records",
                  record_form_read(nodes[CONTRACT_RECORDS], arena, &contract->records, failure));
    }
    if (nodes[CONTRACT_BASELINES] != NULL) {
        TRY_FIELD("baselines",
                  baselines_read(nodes[CONTRACT_BASELINES], arena, &contract->baseline_count,
                                 &contract->baselines, failure));
    }
    if (nodes[CONTRACT_NOTES] != NULL) {
        TRY_FIELD("notes", remarks_read(nodes[CONTRACT_NOTES], arena, &contract->remark_count,
                                        &contract->remarks, failure));
    }
    if (nodes[CONTRACT_SOURCES] != NULL) {
        TRY_FIELD("sources", sources_read(nodes[CONTRACT_SOURCES], arena, contract, failure));
    }
    return STATUS_OK;
}

enum status contract_read_nodes(const struct json *const *nodes, struct arena *arena,
                                struct contract *contract, struct failure *failure)
{
    TRY_FIELD("contract", shape_slug(nodes[CONTRACT_CONTRACT], &contract->name, failure));
    TRY_FIELD("title", shape_localized(nodes[CONTRACT_TITLE], &contract->title, failure));
    TRY_FIELD("agreed_on",
              shape_published_date(nodes[CONTRACT_AGREED_ON], &contract->agreed_on, failure));
    TRY_FIELD("roles", roles_read(nodes[CONTRACT_ROLES], arena, contract->roles, failure));
    TRY_FIELD("cohort", cohort_read(nodes[CONTRACT_COHORT], contract, failure));
    TRY_FIELD("dispute", published_text_read(nodes[CONTRACT_DISPUTE], &contract->dispute, failure));
    TRY_FIELD("legal_basis",
              published_text_read(nodes[CONTRACT_LEGAL_BASIS], &contract->legal_basis, failure));
    TRY(optional_read(nodes, arena, contract, failure));

    struct terms_nodes terms = {
        .currency = nodes[CONTRACT_CURRENCY],
        .outcomes = nodes[CONTRACT_OUTCOMES],
        .periods = nodes[CONTRACT_PERIODS],
        .lines = nodes[CONTRACT_LINES],
        .pays = nodes[CONTRACT_PAYS],
    };
    return terms_read(&terms, arena, &contract->terms, failure);
}

static enum status contract_read(const struct json *const *nodes, struct statement *statement,
                                 struct failure *failure)
{
    return contract_read_nodes(nodes, &statement->arena, &statement->contract, failure);
}

static enum status contract_check(struct statement *statement, struct failure *failure)
{
    return contract_check_alone(&statement->contract, failure);
}

static void contract_release(struct statement *statement)
{
    terms_release(&statement->contract.terms);
}

const struct kind_form CONTRACT_FORM = {
    .fields = FIELDS,
    .count = CONTRACT_COUNT,
    .read = contract_read,
    .check = contract_check,
    .release = contract_release,
};
