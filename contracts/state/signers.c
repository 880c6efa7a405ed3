/* Signers: whose signature a statement needs, and whose it may not have. */

#include "contracts/state/internal.h"

#include "ledger/base/buffer.h"
#include "ledger/base/ownership.h"

#include <assert.h>

#define QUORUM_TEXT_MAX 400

/* A set of party ids, small and bounded. */
struct signer_set {
    size_t count;
    size_t capacity;
    struct view *parties;
};

static bool set_has(const struct signer_set *set, struct view party)
{
    for (size_t i = 0; i < set->count; i++) {
        if (view_equal(set->parties[i], party)) {
            return true;
        }
    }
    return false;
}

static enum status set_add(struct signer_set *set, struct view party)
{
    if (set_has(set, party)) {
        return STATUS_OK;
    }
    if (set->count == set->capacity) {
        return STATUS_LIMIT;
    }
    set->parties[set->count] = party;
    set->count++;
    return STATUS_OK;
}

/* --- Verifying --- */

static const struct note_key *find_in(const struct note_key *keys, size_t count,
                                      const struct note_signature *line)
{
    for (size_t i = 0; i < count; i++) {
        if (keys[i].id == line->key_id && view_equal(view_of(keys[i].name), line->name)) {
            return &keys[i];
        }
    }
    return NULL;
}

/* Keys that a statement introduces: its party has no others yet, or these are the newest. */
static const struct note_key *find_introduced(const struct statement *statement,
                                              const struct note_signature *line)
{
    if (statement->kind == KIND_CHARTER) {
        const struct party_identity *operator= & statement->charter.operator;
        return find_in(operator->keys, operator->vkey_count, line);
    }
    if (statement->kind == KIND_PARTY) {
        const struct party_identity *identity = &statement->party.identity;
        return find_in(identity->keys, identity->vkey_count, line);
    }
    return NULL;
}

enum status origin_check(const struct state *state, const struct statement *statement,
                         struct failure *failure)
{
    if (view_equal(statement->ledger, view_of(state->log.name))) {
        return STATUS_OK;
    }
    return refuse(failure, RULE_LEDGER_OTHER, "/ledger", "this ledger is %s, not %.*s",
                  state->log.name, VIEW_ARGS(statement->ledger));
}

enum status state_verify_signatures(const struct state *state, struct statement *statement,
                                    struct failure *failure)
{
    /* First, since the keys of another ledger are rarely those of this one. */
    TRY(origin_check(state, statement, failure));
    for (size_t i = 0; i < statement->note.count; i++) {
        const struct note_signature *line = &statement->note.signatures[i];
        const struct state_key *known = key_find(state, line->name, line->key_id);
        const struct note_key *key = known != NULL ? &known->key : find_introduced(statement, line);
        if (key == NULL) {
            return refuse(failure, life_refusal(LIFE_KEY_ABSENT, ON_KEY_SIGN), "",
                          "nobody in the ledger has the key %.*s+%08x", VIEW_ARGS(line->name),
                          (unsigned)line->key_id);
        }
        if (!statement_is_line_verified(statement, i, &key->key) &&
            note_verify(&statement->note, key) != STATUS_OK) {
            return refuse(failure, RULE_SIGNATURE_WRONG, "",
                          "the signature by %.*s is not of this text", VIEW_ARGS(line->name));
        }
    }
    statement->is_verified = true;
    return STATUS_OK;
}

/* --- Who signed --- */

/*
 * The party behind a signature line, and whether it signed with a key of the state.
 *
 * Errors  KEY_NOT_VALID when the key did not count at `index`.
 */
static enum status signer_party(const struct state *state, const struct statement *statement,
                                const struct note_signature *line, uint64_t index,
                                struct view *ret_party, struct failure *failure)
{
    const struct state_key *key = key_find(state, line->name, line->key_id);
    if (key == NULL) {
        assert(find_introduced(statement, line) != NULL);
        *ret_party = statement->kind == KIND_CHARTER ? statement->charter.operator.id
            : statement->party.identity.id;
        return STATUS_OK;
    }
    enum rule rule = life_refusal(life_of_key(key, index), ON_KEY_SIGN);
    if (rule != RULE_NONE) {
        return refuse(failure, rule, "",
                      "%s counts from entry %llu to %llu, and this is entry %llu", key->key.name,
                      (unsigned long long)key->valid_from, (unsigned long long)key->valid_until,
                      (unsigned long long)index);
    }
    *ret_party = view_of(key->party->id);
    return STATUS_OK;
}

static enum status collect_signers(const struct state *state, const struct statement *statement,
                                   uint64_t index, struct signer_set *signers,
                                   struct failure *failure)
{
    assert(statement->is_verified);
    for (size_t i = 0; i < statement->note.count; i++) {
        struct view party = VIEW("");
        TRY(signer_party(state, statement, &statement->note.signatures[i], index, &party, failure));
        TRY(set_add(signers, party)); /* capacity is NOTE_SIGNATURES_MAX */
    }
    return STATUS_OK;
}

static bool is_of_quorum(const struct extra_signers *extra, struct view party)
{
    for (size_t i = 0; i < extra->count; i++) {
        if (view_equal(extra->parties[i], party)) {
            return true;
        }
    }
    return false;
}

/* Those of the quorum who have not signed, as "a.se, b.se"; cut when there are very many. */
static void write_quorum_left(const struct signer_set *signers, const struct extra_signers *extra,
                              struct buffer *buffer)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < extra->count && status == STATUS_OK; i++) {
        if (!set_has(signers, extra->parties[i])) {
            status = buffer_append_format(buffer, "%s%.*s", buffer->size == 0 ? "" : ", ",
                                          VIEW_ARGS(extra->parties[i]));
        }
    }
}

static enum status check_quorum(const struct signer_set *signers, const struct extra_signers *extra,
                                struct failure *failure)
{
    size_t count = 0;
    for (size_t i = 0; i < extra->count; i++) {
        count += set_has(signers, extra->parties[i]);
    }
    if (count >= extra->at_least) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer left;
    buffer_init(&left, QUORUM_TEXT_MAX);
    write_quorum_left(signers, extra, &left);
    struct view names = buffer_view(&left);
    return refuse(failure, RULE_SIGNER_MISSING, "", "%zu more of these must sign: %.*s",
                  extra->at_least - count, VIEW_ARGS(names));
}

/* Everyone who must, as many of a quorum as it takes, and nobody else. */
static enum status check_exactly(const struct signer_set *signers,
                                 const struct signer_set *required,
                                 const struct extra_signers *extra, struct failure *failure)
{
    for (size_t i = 0; i < required->count; i++) {
        if (!set_has(signers, required->parties[i])) {
            return refuse(failure, RULE_SIGNER_MISSING, "", "%.*s has not signed",
                          VIEW_ARGS(required->parties[i]));
        }
    }
    for (size_t i = 0; i < signers->count; i++) {
        if (!set_has(required, signers->parties[i]) && !is_of_quorum(extra, signers->parties[i])) {
            return refuse(failure, RULE_SIGNER_NOT_ALLOWED, "",
                          "%.*s may not sign a statement of this kind",
                          VIEW_ARGS(signers->parties[i]));
        }
    }
    return check_quorum(signers, extra, failure);
}

/* --- Charter, party, key --- */

enum status signers_check_operator(const struct statement *statement, struct failure *failure)
{
    if (statement_is_draft(statement)) {
        return STATUS_OK;
    }
    assert(statement->is_verified);
    if (statement->note.count == 0) {
        return refuse(failure, RULE_SIGNER_MISSING, "", "%.*s has not signed",
                      VIEW_ARGS(statement->charter.operator.id));
    }
    return STATUS_OK; /* state_verify_signatures found no other keys than the operator's */
}

/* Counts the registrars among the signers, and refuses anyone who is neither one nor `party`. */
static enum status count_registrars(const struct state *state, const struct signer_set *signers,
                                    struct view party, size_t *ret_count, struct failure *failure)
{
    size_t count = 0;
    for (size_t i = 0; i < signers->count; i++) {
        const struct state_party *signer = party_find(state, signers->parties[i]);
        if (signer != NULL && signer->is_registrar) {
            count++;
        } else if (!view_equal(signers->parties[i], party)) {
            return refuse(failure, RULE_SIGNER_NOT_ALLOWED, "",
                          "%.*s is neither a registrar nor the party itself",
                          VIEW_ARGS(signers->parties[i]));
        }
    }
    *ret_count = count;
    return STATUS_OK;
}

enum status signers_check_party(const struct state *state, const struct statement *statement,
                                uint64_t index, struct failure *failure)
{
    if (statement_is_draft(statement)) {
        return STATUS_OK;
    }
    struct view parties[NOTE_SIGNATURES_MAX];
    struct signer_set signers = {.capacity = NOTE_SIGNATURES_MAX, .parties = parties};
    TRY(collect_signers(state, statement, index, &signers, failure));

    struct view party = statement->party.identity.id;
    size_t registrar_count;
    TRY(count_registrars(state, &signers, party, &registrar_count, failure));
    if (registrar_count == 0) {
        return refuse(failure, RULE_SIGNER_MISSING, "", "no registrar has signed");
    }
    if (!set_has(&signers, party)) {
        return refuse(failure, RULE_SIGNER_MISSING, "", "%.*s itself has not signed",
                      VIEW_ARGS(party));
    }
    return STATUS_OK;
}

static size_t count_valid_keys(const struct state_party *party)
{
    size_t count = 0;
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        count += key->valid_until == STATE_VALID_STILL;
    }
    return count;
}

/* A party that lost its last key gets a new one from as many registrars as the charter asks. */
static bool is_recovery(const struct state *state, const struct key_change *key,
                        size_t registrar_count)
{
    const struct charter *charter = &state->charter->charter;
    return charter->has_recovery && key->action == KEY_REPLACE &&
           count_valid_keys(party_find(state, key->party)) == 1 &&
           registrar_count >= (size_t)charter->recovery_registrars;
}

enum status signers_check_key(const struct state *state, const struct statement *statement,
                              uint64_t index, bool *ret_is_recovery, struct failure *failure)
{
    const struct key_change *key = &statement->key;
    *ret_is_recovery = false;
    if (statement_is_draft(statement)) {
        return STATUS_OK;
    }
    struct view parties[NOTE_SIGNATURES_MAX];
    struct signer_set signers = {.capacity = NOTE_SIGNATURES_MAX, .parties = parties};
    TRY(collect_signers(state, statement, index, &signers, failure));

    size_t registrar_count;
    TRY(count_registrars(state, &signers, key->party, &registrar_count, failure));
    if (registrar_count == 0) {
        return refuse(failure, RULE_SIGNER_MISSING, "", "no registrar has signed");
    }
    if (set_has(&signers, key->party)) {
        return STATUS_OK;
    }
    if (!is_recovery(state, key, registrar_count)) {
        return refuse(failure, RULE_SIGNER_MISSING, "",
                      "%.*s itself has not signed, and the charter's recovery rule is not met",
                      VIEW_ARGS(key->party));
    }
    *ret_is_recovery = true;
    return STATUS_OK;
}

/* --- Contracts --- */

static enum status add_role(struct signer_set *set, const struct contract *contract, enum role role)
{
    for (size_t i = 0; i < contract->roles[role].count; i++) {
        TRY(set_add(set, contract->roles[role].parties[i]));
    }
    return STATUS_OK;
}

static enum status add_everyone(struct signer_set *set, const struct contract *contract)
{
    for (unsigned role = 0; role < ROLE_COUNT; role++) {
        TRY(add_role(set, contract, (enum role)role));
    }
    return STATUS_OK;
}

static enum status add_deciders(struct signer_set *set, const struct contract *contract,
                                const struct decision *decision)
{
    if (decision->decision == DECISION_WITHDRAWN) {
        return set_add(set, decision->by); /* who disputed: decision_check sees to it */
    }
    if (contract->roles[ROLE_ARBITER].count > 0) {
        return add_role(set, contract, ROLE_ARBITER);
    }
    TRY(add_role(set, contract, ROLE_PAYER));
    return add_role(set, contract, ROLE_INVESTOR);
}

static enum status add_terminators(struct signer_set *set, const struct contract *contract)
{
    if (contract->terminators.count == 0) {
        return add_everyone(set, contract);
    }
    for (size_t i = 0; i < contract->terminators.count; i++) {
        TRY(set_add(set, contract->terminators.parties[i]));
    }
    return STATUS_OK;
}

static enum status add_own_signers(struct signer_set *set, const struct contract *contract,
                                   const struct statement *statement)
{
    switch (statement->kind) {
    case KIND_CONTRACT:
        return add_everyone(set, contract);
    case KIND_FUNDING:
        TRY(set_add(set, statement->funding.investor));
        return set_add(set, statement->funding.receiver);
    case KIND_MEASUREMENT:
        return set_add(set, statement->measurement.evaluator);
    case KIND_SETTLEMENT:
        TRY(add_role(set, contract, ROLE_PAYER));
        return add_role(set, contract, ROLE_EVALUATOR);
    case KIND_PAYMENT:
        return set_add(set, statement->payment.from);
    case KIND_CORRECTION:
        return set_add(set, statement->correction.measurement.evaluator);
    case KIND_DISPUTE:
        return set_add(set, statement->dispute.by);
    case KIND_DECISION:
        return add_deciders(set, contract, &statement->decision);
    case KIND_TERMINATION:
        return add_terminators(set, contract);
    case KIND_AMENDMENT: /* whoever leaves, and whoever comes */
        TRY(add_everyone(set, contract));
        return add_everyone(set, &statement->amendment.contract);
    case KIND_CHARTER:
    case KIND_PARTY:
    case KIND_KEY:
    case KIND_COUNT:
        break;
    }
    assert(false && "not a statement of a contract");
    return STATUS_INVALID;
}

enum status state_signers(const struct contract *contract, const struct statement *statement,
                          size_t capacity, struct view *parties, size_t *ret_count)
{
    struct signer_set set = {.capacity = capacity, .parties = parties};
    TRY(add_own_signers(&set, contract, statement));
    const struct extra_signers *extra = &contract->extra[statement->kind];
    for (size_t i = 0; i < extra->count && extra->at_least == extra->count; i++) {
        TRY(set_add(&set, extra->parties[i]));
    }
    *ret_count = set.count;
    return STATUS_OK;
}

/* Who owes or is owed by the newest settlement of a period: also who has left the contract since.
 */
static enum status add_settled(struct signer_set *set, const struct state_contract *contract,
                               struct view period)
{
    size_t place = state_find_period(contract, period);
    const struct state_entry *settled =
        place == SIZE_MAX ? NULL : contract->tables.periods[place].settled;
    size_t count = settled == NULL ? 0 : settled->settlement->pay_count;
    for (size_t i = 0; i < count; i++) {
        TRY(set_add(set, settled->settlement->pays[i].from));
        TRY(set_add(set, settled->settlement->pays[i].to));
    }
    return STATUS_OK;
}

static enum status add_resettled(struct signer_set *set, const struct state_contract *contract,
                                 const struct statement *statement)
{
    size_t count = statement->kind == KIND_AMENDMENT ? statement->amendment.resettles_count : 0;
    for (size_t i = 0; i < count; i++) {
        TRY(add_settled(set, contract, statement->amendment.resettles[i]));
    }
    return STATUS_OK;
}

static enum status add_required(struct signer_set *set, const struct state_contract *contract,
                                const struct statement *statement)
{
    if (contract == NULL) {
        return state_signers(&statement->contract, statement, set->capacity, set->parties,
                             &set->count);
    }
    TRY(state_signers(state_newest(contract), statement, set->capacity, set->parties, &set->count));
    return add_resettled(set, contract, statement);
}

enum status signers_check_contract(const struct state *state, const struct state_contract *contract,
                                   const struct statement *statement, uint64_t index,
                                   struct failure *failure)
{
    struct view required_parties[STATE_SIGNERS_MAX];
    struct signer_set required = {.capacity = STATE_SIGNERS_MAX, .parties = required_parties};
    if (add_required(&required, contract, statement) != STATUS_OK) {
        return refuse(failure, RULE_TERMS_TOO_LARGE, "/roles", "more than %d parties must sign",
                      STATE_SIGNERS_MAX);
    }
    if (statement_is_draft(statement)) {
        return STATUS_OK;
    }
    struct view parties[NOTE_SIGNATURES_MAX];
    struct signer_set signers = {.capacity = NOTE_SIGNATURES_MAX, .parties = parties};
    TRY(collect_signers(state, statement, index, &signers, failure));
    const struct contract *terms = contract == NULL ? &statement->contract : state_newest(contract);
    return check_exactly(&signers, &required, &terms->extra[statement->kind], failure);
}
