/*
 * State: what the ledger says so far, and the one function that decides what may come next.
 *
 * Replay is check, then apply, statement by statement in ledger order. state_check decides and
 * changes nothing; state_apply changes and cannot fail. Appending and auditing call the same two,
 * so a statement is allowed now exactly if an auditor will allow it later.
 *
 *     charter ──> parties (party, key) ──> contract ──> funding, measurement <── correction
 *                                             │              │     └─ dispute <── decision
 *                                         amendment          │
 *                                             └──────────────┴──> settlement ──> payment
 *
 * A contract has versions: the contract statement is the first, each amendment the next, and each
 * period is governed by one of them (docs/model.md, section 11). What happened is kept by name,
 * over all versions: a name of a period, outcome or line has one place in the tables of the
 * contract, and a version knows the places of its own.
 *
 * A state holds the charter, parties with every key they ever had, and contracts. It need not hold
 * the whole ledger: to decide about one contract, the charter, the chains of the registrars and of
 * the parties that the contract names, and the contract's own chain are enough. Whoever replays
 * many contracts forgets each one when it is done (state_forget_contract).
 *
 * INVARIANTS
 *   (1) A key is valid from the index of the entry that adds it to the index of the entry that
 *       replaces or revokes it, both included; clocks play no part.
 *   (2) A public key belongs to one party, once, for ever.
 *   (3) A chain's head is the id of its newest statement; the next one names it in `after`.
 *   (4) What is settled never changes: settlements and their values are only added. A period that
 *       is settled again owes the difference, from the sums that stood at its first settlement.
 *   (5) A decision about the entry at an index rests on what stood before that index, whatever the
 *       state has learnt since: chains are replayed one after the other, not in ledger order.
 *   (6) A cell (an outcome in a period) is measured once; after that only corrections and decisions
 *       replace its value. At most one dispute holds it.
 *   (7) A period that was settled is governed by the version it was settled under, until an
 *       amendment says by name that it is settled again. What is measured is in every later
 * version.
 */
#pragma once

#include "contracts/settlement/settlement.h"
#include "contracts/statement/statement.h"
#include "ledger/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATE_VALID_STILL UINT64_MAX

/* A key that a party has or had. */
struct state_key {
    struct note_key key;
    uint64_t valid_from;        /* entry index, included */
    uint64_t valid_until;       /* entry index, included; STATE_VALID_STILL */
    bool has_compromised_since; /* revoked, and what it signed is to be looked at again */
    struct date compromised_since;
    struct state_party *party;
    struct state_key *next;         /* of the party, oldest first */
    struct state_key *next_in_slot; /* of the table by key id */
    struct state_key *next_in_public_slot;
};

/* That a party is a social investment fund, as its newest statement says. */
struct state_fund {
    char *owner;
    struct money reserve;
    struct date since; /* of the statement */
};

struct state_party {
    char *id;
    char *legal_name;
    enum registration_scheme scheme;
    char *scheme_name;
    char *number;                /* "" when not published */
    struct state_fund *fund;     /* NULL when it is none */
    uint64_t certified_at;       /* the statement with its certificates; 0 when there are none */
    struct state_party *earlier; /* who it was before, newest first: names, registration, fund */
    uint64_t until;              /* of an earlier one: the entry that changed it */
    bool is_operator;
    bool is_registrar;
    uint32_t recovered_count; /* key replacements by registrars alone */
    struct hash head;         /* id of the newest statement of the chain */
    uint64_t head_index;
    struct state_key *keys; /* oldest first */
    struct state_party *next_in_slot;
};

/*
 * One version of the terms. Its periods, outcomes and lines have indexes of their own; `periods`,
 * `outcomes` and `lines` say which places they have in the tables of the contract.
 */
struct state_version {
    const struct contract *contract;
    const struct state_entry *entry; /* that states it: the contract, or an amendment */
    size_t *periods;
    size_t *outcomes;
    size_t *lines;
    bool uses_funded; /* by an operand, or a share of any tranche */
    bool uses_paid;
    bool uses_earlier;
    bool has_settled;              /* some period, once or still */
    struct state_version *earlier; /* the version before; NULL for the first */
};

/* A statement of a contract, in ledger order. */
struct state_entry {
    struct statement *statement; /* owned */
    uint64_t index;
    size_t period; /* of a measurement, correction, dispute, decision or settlement: its place */
    struct settlement *settlement;         /* of a settlement: what was computed; owned */
    const struct state_version *version;   /* of what is measured or settled: its terms */
    const struct state_entry *supplements; /* of a settlement: the one of the period before it */
    const struct state_due *due;           /* of a payment: what it is on */
    struct money amount;                   /* of a funding or payment */
    struct state_entry *next;
};

/* What one investor has placed so far. */
struct investor_total {
    struct view party;
    struct money total;
};

/* What the ledger says of one outcome for one period. */
struct state_cell {
    const struct measured_value *value; /* the one that counts; NULL: it is not measured */
    const struct state_entry *source;   /* the statement that states it */
    uint64_t replaced; /* the newest entry that replaced the value; 0, the charter's: none */
    const struct state_dispute *dispute; /* that holds what depends on it; NULL: none */
};

/* A dispute holds its cells until it is decided; upheld without values, until they are replaced. */
struct state_dispute {
    const struct state_entry *entry;
    const struct state_entry *decision; /* NULL while it is open */
    struct state_dispute *next;
};

/* A sum of a line, at its place. */
struct state_paid {
    size_t line;
    struct money paid;
};
struct state_earlier {
    size_t line;
    struct rational sum;
};

/*
 * The sums as they stood when a period was first settled, which is what it is settled again from.
 * Only what some line could read then is kept; the rest is NULL, and is summed anew from the
 * entries should later terms read it.
 */
struct state_snapshot {
    uint64_t before; /* the index of that settlement */
    struct money funded;
    size_t investor_count;
    struct investor_total *investors;
    struct money paid;
    size_t paid_count;
    struct state_paid *paid_by_line; /* of lines by which something was paid */
    size_t earlier_count;
    struct state_earlier *earlier; /* of the lines with is_earlier, in order */
};

/* A period, whichever versions have it. */
struct state_period {
    struct view name;
    const struct state_contract *contract;
    const struct state_version *version; /* that governs it */
    size_t index;                        /* in the terms of that version */
    const struct state_entry *settled;   /* its newest settlement, or NULL */
    struct state_snapshot *snapshot;     /* owned; NULL until it is settled */
};

/* What of one settled pay has been paid. */
struct state_due {
    const struct state_entry *settlement;
    size_t pay; /* index into its pays */
    struct money paid;
    struct state_due *next;
};

/*
 * What is kept by name. An amendment replaces the tables by larger ones, in which everything keeps
 * its place.
 */
struct state_tables {
    size_t period_count;
    struct state_period *periods;
    size_t outcome_count;
    struct view *outcomes;
    size_t line_count;
    struct view *lines;
    struct state_cell *cells;         /* [period * outcome_count + outcome] */
    struct money *paid_by_line;       /* [line]: as `paid`, of the pay of that line */
    bool *is_earlier;                 /* [line]: some operand asks for its earlier settlements */
    struct rational *earlier;         /* [line]: sum over periods as settled last, if is_earlier */
    size_t investor_count;            /* who have placed something */
    struct investor_total *investors; /* room for every investor of the newest terms besides */
    struct settlement_credits credits;
    size_t cap_count;
    struct money *cap_used; /* [cap of the newest terms]: settled against it, gross */
};

struct state_contract {
    struct state_version *newest; /* of the terms */
    struct hash head;
    uint64_t head_index;
    struct state_entry *first;
    struct state_entry *last;
    uint64_t entry_count;
    struct state_tables tables;
    struct money funded;
    struct money paid;      /* less what was paid of reversed pays: may be below zero */
    struct state_due *dues; /* oldest first */
    struct state_due *last_due;
    struct state_dispute *disputes; /* oldest first */
    struct state_dispute *last_dispute;
    size_t held_count;                     /* cells that a dispute holds */
    const struct state_entry *termination; /* NULL: it goes on */
    bool uses_funded;                      /* by some version */
    bool uses_paid;
    bool uses_earlier;
    struct state_contract *next_in_slot;
};

/* The names of all versions of a contract together. */
#define STATE_PERIODS_MAX (10 * (size_t)TERMS_PERIODS_MAX)
#define STATE_OUTCOMES_MAX (10 * (size_t)TERMS_OUTCOMES_MAX)
#define STATE_LINES_MAX (10 * (size_t)TERMS_LINES_MAX)

struct state;

/* A decision that was made and not yet applied; see state_check. */
struct state_change;

/*
 * A new state of a ledger whose checkpoints `log` signs. `log` is copied.
 *
 * Errors  STATUS_MEMORY.
 */
enum status state_new(const struct note_key *log, struct state **ret_state);
void state_free(struct state *state);
void state_freep(struct state **state);

/*
 * Verifies every signature of a statement, by keys in the state or, for keys that it introduces
 * itself, in the statement, but for lines that were verified under those keys already
 * (statement_verify_line). Sets statement->is_verified. Reads the state only: statements can be
 * verified by several threads at once while nobody applies.
 *
 * Errors  LEDGER_OTHER; SIGNER_UNKNOWN; SIGNATURE_WRONG.
 */
enum status state_verify_signatures(const struct state *state, struct statement *statement,
                                    struct failure *failure);

/*
 * Decides whether `statement` may be the entry at `index`.
 *
 * Shapes  the statement was checked (statement_check) and verified; index ascends from call to
 *         call, within a chain.
 * Owner   `*ret_change` is the caller's: state_apply or state_change_free takes it back.
 * Errors  the refusals of rules.def; STATUS_MEMORY.
 */
enum status state_check(const struct state *state, const struct statement *statement,
                        uint64_t index, struct state_change **ret_change, struct failure *failure);

/*
 * Decides whether a draft would be allowed as the entry at `index`, were it signed by everyone who
 * must sign it: every rule but those about signatures.
 *
 * Shapes  the statement was read from a bare text (statement_read_tree) and checked.
 */
enum status state_check_draft(const struct state *state, const struct statement *statement,
                              uint64_t index, struct failure *failure);

/* Applies a change. Takes over `statement` and `change`, and sets both pointers to NULL. */
void state_apply(struct state *state, struct statement **statement, struct state_change **change);

void state_change_free(struct state_change *change);
void state_change_freep(struct state_change **change);

/* statement_check, verify, check and apply in one. Takes over `statement` in every case. */
enum status state_admit(struct state *state, struct statement *statement, uint64_t index,
                        struct failure *failure);

/* Frees everything about a contract. No effect when it is not in the state. */
void state_forget_contract(struct state *state, struct view name);

/* --- Reading --- */

const struct charter *state_charter(const struct state *state); /* NULL before entry 0 */
const struct hash *state_charter_id(const struct state *state);
struct view state_origin(const struct state *state);

/* NULL when there is none in this state. */
const struct state_party *state_find_party(const struct state *state, struct view id);
const struct state_contract *state_find_contract(const struct state *state, struct view name);

/* The terms as they were agreed last. */
const struct contract *state_newest(const struct state_contract *contract);

/* The terms that govern a period; NULL when the contract does not have it. */
const struct contract *state_governing(const struct state_contract *contract, struct view period);

/*
 * The place of a period in contract->tables.periods, where everything about it is; SIZE_MAX when no
 * version has it.
 */
size_t state_find_period(const struct state_contract *contract, struct view period);

/* The terms of a period at a place. */
const struct period *state_period_terms(const struct state_contract *contract, size_t place);

/* The place of a line in the tables; SIZE_MAX when no version has it. */
size_t state_find_line(const struct state_contract *contract, struct view line);

/* The key of a signature line, whatever its validity; NULL when nobody has it. */
const struct state_key *state_find_key(const struct state *state, struct view name, uint32_t id);

bool state_key_valid(const struct state_key *key, uint64_t index);

/* Calls `visit` for each party, in no particular order, until it returns false. */
void state_each_party(const struct state *state,
                      bool (*visit)(void *context, const struct state_party *party), void *context);

/*
 * Lists who must sign a statement of this contract, by its newest terms, besides a quorum
 * (contract->extra) of which only some must.
 *
 * Shapes  `parties` holds `capacity` views; `*ret_count` is how many there are, each once.
 * Errors  STATUS_LIMIT when there are more than `capacity`.
 */
#define STATE_SIGNERS_MAX 400
enum status state_signers(const struct contract *contract, const struct statement *statement,
                          size_t capacity, struct view *parties, size_t *ret_count);

/*
 * Computes the settlement of a period from the state as it is, and its `computed` member: the
 * difference to what was settled, when it is settled already. Also for periods that cannot be
 * settled, for explanations; the statement would be refused.
 *
 * Shapes  `settlement` is initialised; `ret_computed` may be NULL.
 * Errors  PERIOD_UNKNOWN; those of settlement_compute.
 */
enum status state_compute(const struct state_contract *contract, struct view period,
                          struct settlement *settlement, struct json **ret_computed,
                          struct failure *failure);

/*
 * Whether a computed settlement stays within every cap: those of the newest terms, and the last one
 * of each payer that has left.
 *
 * Errors  PAY_ABOVE_CAP.
 */
enum status state_check_caps(const struct state_contract *contract,
                             const struct settlement *settlement, struct failure *failure);

/*
 * The place of a period that can be settled now, as far as that does not depend on its values: the
 * contract has it, it binds, no termination is in the way, and it is not settled, or what its lines
 * read was replaced since.
 *
 * Errors  PERIOD_UNKNOWN, SETTLEMENT_NOT_BINDING, SETTLEMENT_REPEATED, CONTRACT_TERMINATED.
 */
enum status state_find_unsettled(const struct state_contract *contract, struct view period,
                                 size_t *ret_place, struct failure *failure);

/*
 * Where the terms that govern the period at a place find their values for it; valid until the next
 * amendment. Of a settled period: the measurements as they are now, the sums as at its first
 * settlement.
 */
struct terms_source state_terms_source(const struct state_contract *contract, size_t place);

/*
 * The same sums by name, for terms that need not govern the period, nor have its lines; `place` is
 * SIZE_MAX for the sums as they are now. All of `paid` when the size of `line` is 0.
 *
 * Shapes  `ret_sum` is initialised.
 * Errors  STATUS_LIMIT when a sum has too many digits.
 */
enum status state_sum_paid(const struct state_contract *contract, size_t place, struct view line,
                           struct rational *ret_sum);
enum status state_sum_earlier(const struct state_contract *contract, size_t place, struct view line,
                              struct rational *ret_sum);
enum status state_sum_funded(const struct state_contract *contract, size_t place,
                             struct view investor, struct rational *ret_sum);

/* The cell of an outcome for a period; NULL when the contract never had them. */
const struct state_cell *state_find_cell(const struct state_contract *contract, struct view period,
                                         struct view outcome);

/* What was settled: whose pay, from whom to whom, and how much. */
const struct settlement_pay *state_due_pay(const struct state_due *due);

/* The amount still owed on a due. */
struct money state_due_outstanding(const struct state_due *due);

/*
 * The dispute that holds a due, because its pay depends on a cell that the dispute holds; NULL when
 * there is none. docs/model.md, section 7.4.
 *
 * Errors  STATUS_MEMORY.
 */
enum status state_due_find_dispute(const struct state_contract *contract,
                                   const struct state_due *due,
                                   const struct state_dispute **ret_dispute);
