/*
 * The inside of contracts/state: the tables, and a change between check and apply.
 */
#pragma once

#include "contracts/state/life.h"
#include "contracts/state/state.h"

/* Chained tables of fixed size: a state rarely holds more than some thousand of each. */
#define STATE_SLOTS 4096

struct state {
    struct note_key log;
    struct statement *charter; /* owned; NULL before entry 0 */
    struct state_party *parties[STATE_SLOTS];
    struct state_key *keys[STATE_SLOTS];        /* by key id */
    struct state_key *public_keys[STATE_SLOTS]; /* by public key */
    struct state_contract *contracts[STATE_SLOTS];
};

/*
 * Everything that an apply needs, allocated by the check, so that applying cannot fail. What a
 * kind does not use stays zero.
 */
struct state_change {
    enum kind kind;
    uint64_t index;

    /* charter, party, key */
    struct state_party *new_parties; /* linked by next_in_slot, with their keys */
    struct state_party *party;       /* that changes */
    struct state_party *renamed;     /* holds the new identity of `party` */
    struct state_key *new_key;       /* for `party` */
    struct state_key *ended_key;     /* of `party`: valid until this entry */
    bool is_recovery;

    /* contract and what follows */
    struct state_contract *new_contract;
    struct state_contract *contract; /* that changes */
    struct state_version *new_version;
    struct state_tables *new_tables; /* of an amendment; swapped in */
    struct state_entry *entry;
    struct money total;           /* funded or paid after this */
    size_t investor;              /* index into investors */
    struct money investor_amount; /* its total after this */
    size_t period;                /* measured, corrected, disputed or settled: its place */
    struct state_dispute *new_dispute;
    struct state_dispute *decided;
    struct state_snapshot *snapshot; /* of a period that is settled for the first time */
    struct money *credits;           /* amounts after this settlement; swapped in */
    struct state_due *new_dues;
    struct state_due *due; /* that is paid */
    struct money due_paid;
    size_t line;              /* whose pay it is: its place */
    struct money line_total;  /* paid of it after this */
    struct rational *earlier; /* sums after this settlement; swapped in */
    size_t earlier_count;
    struct money *cap_used; /* after this settlement; swapped in */
};

/* --- parties.c --- */

struct state_party *party_find(const struct state *state, struct view id);
struct state_key *key_find(const struct state *state, struct view name, uint32_t id);
/* Who the party was when entry `index` was decided: names and registration only. */
const struct state_party *party_at(const struct state_party *party, uint64_t index);
void party_free(struct state_party *party);

enum status charter_check(const struct state *state, const struct statement *statement,
                          struct state_change *change, struct failure *failure);
enum status party_check(const struct state *state, const struct statement *statement,
                        struct state_change *change, struct failure *failure);
enum status key_check(const struct state *state, const struct statement *statement,
                      struct state_change *change, struct failure *failure);
void parties_apply(struct state *state, const struct statement *statement,
                   struct state_change *change);

/* --- signers.c: a draft has no signatures, and passes --- */

/* A statement that was read from a bare text, to be checked before anyone signs it. */
static inline bool statement_is_draft(const struct statement *statement)
{
    return statement->bytes.size == 0;
}

/* Errors: LEDGER_OTHER. */
enum status origin_check(const struct state *state, const struct statement *statement,
                         struct failure *failure);

/*
 * Who signed, as far as the state knows; parties of a first party statement are its own. `contract`
 * is NULL for a statement that begins one.
 */
enum status signers_check_contract(const struct state *state, const struct state_contract *contract,
                                   const struct statement *statement, uint64_t index,
                                   struct failure *failure);
enum status signers_check_operator(const struct statement *statement, struct failure *failure);
enum status signers_check_party(const struct state *state, const struct statement *statement,
                                uint64_t index, struct failure *failure);
enum status signers_check_key(const struct state *state, const struct statement *statement,
                              uint64_t index, bool *ret_is_recovery, struct failure *failure);

/* --- contract.c, amendment.c, performance.c, dispute.c, payout.c --- */

struct state_contract *contract_find(const struct state *state, struct view name);
void contract_free(struct state_contract *contract);
/* The place of a period. Errors: PERIOD_UNKNOWN. */
enum status period_find(const struct state_contract *contract, struct view name, size_t *ret_place,
                        struct failure *failure);
/* Parties that are known, and evaluators that are independent or declared: PARTY_UNKNOWN,
 * EVALUATOR_CONFLICT. */
enum status roles_check(const struct state *state, const struct contract *contract, uint64_t index,
                        struct failure *failure);
enum status contract_check(const struct state *state, const struct statement *statement,
                           struct state_change *change, struct failure *failure);
enum status amendment_check(const struct state *state, const struct statement *statement,
                            struct state_change *change, struct failure *failure);
enum status funding_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure);
enum status measurement_check(const struct state_contract *contract,
                              const struct statement *statement, struct state_change *change,
                              struct failure *failure);
enum status correction_check(const struct state_contract *contract,
                             const struct statement *statement, struct state_change *change,
                             struct failure *failure);
enum status dispute_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure);
enum status decision_check(const struct state_contract *contract, const struct statement *statement,
                           struct state_change *change, struct failure *failure);
enum status termination_check(const struct state_contract *contract,
                              const struct statement *statement, struct failure *failure);
enum status settlement_check(const struct state_contract *contract,
                             const struct statement *statement, struct state_change *change,
                             struct failure *failure);
/* What a payer owes by all settlements, gross, added. False when it is more than an amount can be.
 */
bool owed_sum(const struct state_contract *contract, struct view payer, struct money *ret_owed);
enum status payment_check(const struct state_contract *contract, const struct statement *statement,
                          struct state_change *change, struct failure *failure);
void contract_apply(struct state *state, struct statement *statement, struct state_change *change);

/* The index of an investor among those who have placed something, or their count. */
size_t investor_find(const struct state_contract *contract, struct view investor);

/* Adds an amount of the statement to a total. Errors: AMOUNT_MALFORMED at "/amount/amount". */
enum status amount_add(struct money before, struct money amount, struct money *ret_total,
                       struct failure *failure);

/* The measurement or correction with this id; NULL when the contract has none. */
const struct state_entry *measurement_find(const struct state_contract *contract,
                                           const struct hash *id);
/* Refuses with MEASUREMENT_UNKNOWN. */
enum status refuse_measurement(const struct contract *contract, const char *at,
                               struct failure *failure);
/*
 * Checks values that replace others. Places are relative to the statement.
 *
 * Errors  OUTCOME_UNKNOWN, MEASUREMENT_UNKNOWN, MEASUREMENT_RANGE, MEASUREMENT_RATIO; ROLE_PARTY
 *         when `evaluator` is given and does not measure the outcome.
 */
enum status replacing_check(const struct state_contract *contract,
                            const struct measured_value *values, size_t count, size_t period,
                            struct view evaluator, struct failure *failure);
/* By their places in the tables. */
struct state_cell *cell_at(const struct state_contract *contract, size_t period, size_t outcome);
bool period_is_measured(const struct state_contract *contract, size_t place);
/* The place of an outcome; SIZE_MAX when no version has it. */
size_t outcome_find(const struct state_contract *contract, struct view name);

/* Refuses what a termination ends: a later period, by its place; SIZE_MAX: what has none.
 * CONTRACT_TERMINATED. */
enum status termination_refuses(const struct state_contract *contract, size_t period,
                                struct failure *failure);

/* --- versions.c --- */

/* The tables of a first version, or of one that follows `contract`. Errors: TERMS_TOO_LARGE. */
enum status version_make(const struct contract *terms, const struct state_contract *contract,
                         struct state_version **ret_version, struct state_tables **ret_tables,
                         struct failure *failure);
void version_free(struct state_version *version);
void tables_release(struct state_tables *tables);
void tables_free(struct state_tables *tables);

/* The index in the version's terms of a line at a place; SIZE_MAX when it does not have it. */
size_t version_line(const struct state_version *version, size_t place);

/* Where an operand `measured` of a version reads, when the period at `period` is settled. */
struct state_cell *version_cell(const struct state_contract *contract,
                                const struct state_version *version, const struct operand *operand,
                                size_t period);

/* --- source.c --- */

/* What a line came to in a settlement, or NULL when its terms do not have it. By place. */
const struct rational *settled_line(const struct state_entry *settlement, size_t line);

/* What a line came to in all settlements before an entry, as settled last. STATUS_LIMIT. */
enum status earlier_sum(const struct state_contract *contract, size_t line, uint64_t before,
                        struct rational *ret_sum);

/* What a period's sums are now. NULL without memory. */
struct state_snapshot *snapshot_new(const struct state_contract *contract, uint64_t index);
void snapshot_free(struct state_snapshot *snapshot);

/* Slot of a name in the tables. */
static inline size_t state_slot(struct view name)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ (uint8_t)name.data[i]) * 1099511628211U;
    }
    return (size_t)(hash % STATE_SLOTS);
}
