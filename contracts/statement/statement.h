/*
 * Statement: one signed document of the ledger, parsed.
 *
 * A statement is a signed note whose text is one line of canonical JSON (RFC 8785). Its id is the
 * SHA-256 of that text with its newline; signatures are not part of the id. Every statement has
 * `kind`, `version`, `ledger` (the origin of the log it was written for) and `date`; all but the
 * charter and the first of a chain have `after`, the id of the statement before it:
 *
 *   charter                   the first entry; begins the chain of every party that it names
 *   party, key                one chain for each party
 *   contract and what follows one chain for each contract
 *
 * Two stages, each a function: reading (form: note, canonical JSON, shape) and checking what the
 * statement alone can tell (vkeys, currencies, terms, check digits). What depends on the ledger is
 * contracts/state's.
 *
 * A `struct statement` owns its bytes, its JSON tree and all that was read from it. Views in the
 * kinds' structs point into the tree.
 */
#pragma once

#include "contracts/number/date.h"
#include "contracts/number/money.h"
#include "contracts/rule/rule.h"
#include "contracts/shape/shape.h"
#include "contracts/terms/terms.h"
#include "ledger/base/arena.h"
#include "ledger/base/status.h"
#include "ledger/base/view.h"
#include "ledger/crypto/certificate.h"
#include "ledger/crypto/hash.h"
#include "ledger/json/json.h"
#include "ledger/log/note.h"

#include <stdbool.h>
#include <stddef.h>

#define STATEMENT_VERSION 1
#define STATEMENT_VKEYS_MAX 20
#define STATEMENT_REGISTRARS_MAX 20
#define STATEMENT_ROLE_PARTIES_MAX 50
#define STATEMENT_ANNEXES_MAX 100
#define STATEMENT_NOTES_MAX 100
#define STATEMENT_VALUES_MAX 100
#define STATEMENT_INPUTS_MAX 2000
#define STATEMENT_BASELINES_MAX 100

enum kind {
#define KIND(name, word, subject) KIND_##name,
#include "contracts/statement/kinds.def"
#undef KIND
    KIND_COUNT,
};

/* Which chain a statement belongs to. */
enum subject_class { SUBJECT_CHARTER, SUBJECT_PARTY, SUBJECT_CONTRACT };

const char *kind_word(enum kind kind);
enum subject_class kind_subject_class(enum kind kind);

/* How an organisation is registered. */
enum registration_scheme {
    REGISTRATION_NOT_PUBLISHED,
    REGISTRATION_SE_ORGNR, /* Swedish organisation number, Luhn digit */
    REGISTRATION_LEI,      /* ISO 17442, check digits mod 97-10 */
    REGISTRATION_OTHER,    /* any other scheme, unchecked */
};

/* {"scheme":"SE-ORGNR","number":"212000-0456"} or "not_published". */
struct registration {
    enum registration_scheme scheme;
    struct view scheme_name; /* as written; size 0 when not published */
    struct view number;
};

/* The identity of a party, in a charter or a party statement. */
struct party_identity {
    struct view id;
    struct view legal_name;
    struct registration registration;
    size_t vkey_count; /* 1 to STATEMENT_VKEYS_MAX */
    struct view *vkeys;
    struct note_key *keys; /* the vkeys, parsed by statement_check */
};

struct charter {
    struct view log_vkey;
    struct note_key log_key; /* set by statement_check */
    struct party_identity operator;
    size_t registrar_count; /* 1 to STATEMENT_REGISTRARS_MAX */
    struct party_identity *registrars;
    bool has_recovery; /* "recovery": {"registrars": 2}, or "none" */
    int32_t recovery_registrars;
    bool has_witness_policy; /* "witness_policy": a C2SP tlog-policy text, or "none" */
    struct view witness_policy;
};

/*
 * A social investment fund (social investeringsfond): money that its owner has set aside. It places
 * money as an investor of contracts, and what a contract pays it is repaid to the fund. Nothing is
 * refused by its reserve: an append sees one contract, and a reserve is for all of them.
 */
struct fund {
    struct view owner; /* another party of the ledger */
    struct shape_money reserve_text;
    struct money reserve; /* set by statement_check */
    struct localized rules;
    struct localized repayment; /* count 0: not published */
};

/*
 * That the certificate of an organisation vouches for a vkey: the key of the first certificate of
 * the chain signed the text that key_binding_text() writes.
 */
struct key_binding {
    struct view vkey; /* one of the statement's */
    size_t chain_count;
    struct view *chain; /* DER; the organisation's first, each issued by the next */
    struct view signature;
};

struct party {
    struct party_identity identity;
    size_t binding_count; /* as this statement says; the next one says anew */
    struct key_binding *bindings;
    bool is_fund; /* as this statement says; the next one says anew */
    struct fund fund;
};

enum key_action { KEY_ADD, KEY_REPLACE, KEY_REVOKE };
extern const char *const KEY_ACTION_NAMES[3];

/* add: vkey. replace: vkey and replaces. revoke: replaces holds the revoked vkey. */
struct key_change {
    struct view party;
    enum key_action action;
    struct view vkey;           /* the new key; size 0 for revoke */
    struct view old_vkey;       /* `replaces` or `revokes`; size 0 for add */
    struct note_key key;        /* set by statement_check */
    struct note_key old_key;    /* set by statement_check */
    struct localized reason;    /* count 0 when absent; required for replace and revoke */
    bool has_compromised_since; /* revoke: what the key signed is to be looked at again */
    struct date compromised_since;
};

enum role {
    ROLE_PAYER,
    ROLE_INVESTOR,
    ROLE_PROVIDER,
    ROLE_EVALUATOR,
    ROLE_INTERMEDIARY,
    ROLE_GUARANTOR,
    ROLE_ARBITER, /* decides disputes */
    ROLE_COUNT,
};
extern const char *const ROLE_NAMES[ROLE_COUNT]; /* "payer", ... */

struct role_parties {
    size_t count;
    struct view *parties;
};

/* Money of a named party: a commitment or a cap. */
struct party_money {
    struct view party;
    struct shape_money text;
    struct money amount; /* set by statement_check */
};

/* A declared conflict of interest: parties that are not independent of each other, and why. */
struct conflict {
    size_t party_count; /* at least 2 */
    struct view *parties;
    struct localized note;
};

/* {"name":"...","sha256":"sha256:..."}: an annex or evidence. */
struct annex {
    struct view name;
    struct hash digest;
};

/* Something that people should know: {"about":"/outcomes/0","text":{...}}; about is optional. */
struct remark {
    struct view about;
    struct localized text;
};

/*
 * Further parties that must sign a kind of statement: all of them, {"settlement":["lsv.se"]}, or a
 * number of them, {"settlement":{"parties":["a.se","b.se","c.se"],"at_least":2}}.
 */
struct extra_signers {
    size_t count;
    struct view *parties;
    size_t at_least; /* how many of them; `count` when all */
};

/* What gains are compared with: where its numbers come from, and how they were made. */
struct baseline {
    struct view name;
    struct localized source;
    struct localized method;
    struct view version;
    struct date date; /* when it was fixed: not after the contract's first period has begun */
};

struct contract {
    struct view name;
    struct localized title;
    struct published_date agreed_on; /* when the parties agreed on paper */
    struct role_parties roles[ROLE_COUNT];
    struct localized cohort;
    int32_t cohort_size; /* 0 when not published */
    struct terms terms;
    size_t commitment_count;
    struct party_money *commitments; /* at most what an investor places */
    size_t cap_count;
    struct party_money *caps;     /* at most what a payer owes over the contract */
    struct localized dispute;     /* count 0: not published */
    struct localized legal_basis; /* count 0: not published */
    size_t annex_count;
    struct annex *annexes;
    size_t conflict_count;
    struct conflict *conflicts;
    struct extra_signers extra[KIND_COUNT];
    struct role_parties terminators;    /* who signs a termination; count 0: every party */
    struct localized termination_terms; /* what was agreed about ending; count 0 when absent */
    size_t baseline_count;
    struct baseline *baselines;
    size_t remark_count;
    struct remark *remarks;
    size_t source_count;
    struct view *sources;       /* where the terms were published */
    struct record_form records; /* column_count 0 when absent */
};

/*
 * An amendment: the terms of a contract from a period on, whole, and why. Which version of the
 * terms is for which period: docs/model.md, section 11.
 */
struct amendment {
    struct contract contract; /* the new terms; the name is that of the contract */
    struct view from;         /* a period of the new terms: the first that they are for */
    struct localized why;
    size_t resettles_count;
    struct view *resettles; /* settled periods that are settled again by the new terms */
};

struct funding {
    struct view contract;
    struct view investor;
    struct view receiver;
    struct shape_money amount;
    struct published_date placed_on;
    struct view reference;
};

/* One outcome's values in a measurement. */
struct measured_value {
    struct view outcome;
    bool has[MEASURED_STATED_COUNT];
    struct rational fields[MEASURED_STATED_COUNT]; /* initialised where `has` says so */
    struct view published; /* the published figure, kept beside; "not_published"; size 0 absent */
    struct localized note; /* count 0 when absent */
};

/* {"root":"sha256:...","count":12}: the records behind a measurement; docs/formats.md, 7.14. */
struct commitment {
    bool is_given;
    struct hash root;
    int32_t count;
};

struct measurement {
    struct view contract;
    struct view period;
    struct view evaluator;
    size_t value_count;
    struct measured_value *values;
    int32_t cohort_count;  /* people in the cohort; -1 when absent */
    int32_t missing_count; /* people without data; -1 when absent */
    struct commitment records;
    size_t evidence_count;
    struct annex *evidence;
    size_t remark_count;
    struct remark *remarks;
};

/*
 * A correction: what a measurement said, replaced, and why. Both stay in the ledger. `measurement`
 * has its contract, evaluator and values; its period is that of the statement it corrects, and is
 * empty here.
 */
struct correction {
    struct hash corrects; /* the id of a measurement or correction */
    struct localized why;
    struct measurement measurement;
};

/* A dispute: a party contests outcomes as a measurement or correction states them. */
struct dispute {
    struct view contract;
    struct hash measurement; /* the id of the statement that is contested */
    size_t outcome_count;
    struct view *outcomes;
    struct view by; /* the party that contests */
    struct localized why;
};

enum decision_word { DECISION_REJECTED, DECISION_UPHELD, DECISION_WITHDRAWN };
extern const char *const DECISION_WORDS[3]; /* "rejected", "upheld", "withdrawn" */

/*
 * A decision: what becomes of a dispute. An upheld one may state the values that count from now on,
 * as a correction would; without them the evaluator corrects.
 */
struct decision {
    struct view contract;
    struct hash dispute; /* its id */
    enum decision_word decision;
    struct view by;
    struct localized why;
    size_t value_count; /* 0 when it states none */
    struct measured_value *values;
};

/* A termination: the contract ends, and perhaps has a last period to settle. */
struct termination {
    struct view contract;
    struct date on;
    struct localized why;
    struct view closing; /* a period with `closing`; size 0 when absent */
};

struct settlement_statement {
    struct view contract;
    struct view period;          /* computed.period */
    const struct json *computed; /* compared whole with what the ledger computes */
};

struct payment {
    struct view contract;
    struct hash settlement; /* the id of the settlement */
    struct view line;       /* the settled pay: its line ... */
    struct view tranche;    /* ... tranche, size 0 when it has none ... */
    struct view from;       /* ... whoever owes ... */
    struct view to;         /* ... and is owed */
    struct shape_money amount;
    struct published_date paid_on;
    struct view reference;
};

/* A signature line that was verified under a key, whoever that belongs to. */
struct verified_line {
    bool is_verified;
    struct public_key key;
};

struct statement {
    enum kind kind;
    struct view ledger;
    struct date date;
    bool has_after;
    struct hash after;
    struct hash id;
    struct view bytes; /* the whole note, owned; empty for a bare text */
    union {
        struct charter charter;
        struct party party;
        struct key_change key;
        struct contract contract;
        struct funding funding;
        struct measurement measurement;
        struct settlement_statement settlement;
        struct payment payment;
        struct correction correction;
        struct dispute dispute;
        struct decision decision;
        struct termination termination;
        struct amendment amendment;
    };
    bool is_verified;                     /* set by state_verify_signatures */
    struct verified_line *verified_lines; /* of the note, ahead of that; NULL when none was */
    struct json *root;
    struct arena arena;
    struct note note; /* signatures and text; views into `bytes`. Last: see statement_new */
};

/*
 * Reads the shape of a statement from its JSON tree.
 *
 * Owner   `*ret_statement` is the caller's. It takes over `root`, also when the call fails.
 * Errors  KIND_UNKNOWN, VERSION_UNKNOWN, FIELD_..., TERMS_TOO_LARGE; STATUS_MEMORY.
 */
enum status statement_read_tree(struct json *root, struct statement **ret_statement,
                                struct failure *failure);

/*
 * Reads a whole signed note: note form, order of the signature lines, JSON, canonical form, shape.
 * Verifies no signature.
 *
 * Owner   `*ret_statement` is the caller's; `bytes` are copied into it.
 * Errors  NOTE_TOO_LARGE, NOTE_MALFORMED, NOTE_UNSORTED, JSON_INVALID, JSON_NOT_CANONICAL, and
 *         those of statement_read_tree.
 */
enum status statement_read(struct view bytes, struct statement **ret_statement,
                           struct failure *failure);

/*
 * Checks what the statement alone can tell, and fills what is "set by statement_check".
 *
 * Errors  KEY_MALFORMED, KEY_NAME, CHARTER_LOG_KEY, CHARTER_RECOVERY, REGISTRATION_INVALID,
 *         NAME_REPEATED, ROLE_PARTY, CURRENCY_OTHER, AMOUNT_MALFORMED, MEASUREMENT_RANGE,
 *         CURRENCY_UNKNOWN, FUND_OWNER, BASELINE_UNKNOWN, BASELINE_LATE, and
 *         those of terms_check.
 */
enum status statement_check(struct statement *statement, struct failure *failure);

/*
 * Verifies a line under a key that may be the one that the ledger has, ahead of the decision and
 * on any thread: state_verify_signatures does not verify it again if it finds that key.
 *
 * Shapes  line < note.count; the key has type NOTE_KEY_ED25519.
 * Errors  STATUS_NOT_FOUND and STATUS_UNTRUSTED of note_verify; STATUS_MEMORY.
 */
enum status statement_verify_line(struct statement *statement, size_t line,
                                  const struct note_key *key);
bool statement_is_line_verified(const struct statement *statement, size_t line,
                                const struct public_key *key);

void statement_free(struct statement *statement);
void statement_freep(struct statement **statement);

/* The id of the party or the name of the contract whose chain it is; empty for the charter. */
struct view statement_subject_name(const struct statement *statement);

/*
 * Appends the name of the chain: "charter", "party/<id>" or "contract/<name>".
 *
 * Errors  STATUS_MEMORY; STATUS_LIMIT cannot happen with a buffer of SUBJECT_SIZE_MAX.
 */
enum status statement_subject(const struct statement *statement, struct buffer *buffer);

/* The terms that a contract or an amendment states; NULL for other kinds. */
const struct contract *statement_terms(const struct statement *statement);

/* What a measurement, correction or decision states of outcomes; NULL and 0 for other kinds. */
const struct measured_value *statement_values(const struct statement *statement, size_t *ret_count);

/* Whether a stated number may be below zero: values may, counts and p-values may not. */
bool measured_field_has_sign(enum measured_field field);

/*
 * Checks what the numbers of an outcome can be in any contract (docs/model.md, section 3.3).
 *
 * Errors  MEASUREMENT_RANGE, with `at` = "/<field>".
 */
enum status measured_value_check(const struct measured_value *value, struct failure *failure);

/*
 * Checks what they can be in this contract: the outcome's ranges, and a value that is a ratio is
 * its numerator divided by its denominator.
 *
 * Shapes  the outcome is of terms that were checked.
 * Errors  MEASUREMENT_RANGE, MEASUREMENT_RATIO, with `at` = "/<field>".
 */
enum status measured_value_check_outcome(const struct measured_value *value,
                                         const struct outcome *outcome, struct failure *failure);

/*
 * Checks the records of a measurement: only of a contract that has records, and beside them stands
 * every number that the outcomes that are measured aggregate from them. Others may stand there too.
 *
 * Errors  RECORDS_UNDECLARED, RECORDS_VALUES.
 */
enum status measurement_check_records(const struct contract *contract,
                                      const struct measurement *measurement,
                                      struct failure *failure);

bool contract_has_role(const struct contract *contract, enum role role, struct view party);
bool contract_has_any_role(const struct contract *contract, struct view party);

/* Whether a registration number is valid under its scheme. */
bool registration_valid(const struct registration *registration);

/*
 * The organizationIdentifier that a registration number has in certificates: NTRSE- or LEIXG- and
 * the number without hyphens. Returns false for schemes that have none here.
 *
 * Source  ETSI EN 319 412-1 section 5.1.4.
 */
#define REGISTRATION_IDENTIFIER_SIZE 64
bool registration_identifier(const struct registration *registration,
                             char ret_text[static REGISTRATION_IDENTIFIER_SIZE]);

/* Whether a certificate's identifier is that one, hyphens after the prefix left out. */
bool registration_identifies(const struct registration *registration, const char *identifier);

/*
 * Appends the text that the key of a certificate signs to vouch for a vkey (docs/formats.md, 7.3).
 *
 * Shapes  the buffer has room for KEY_BINDING_TEXT_MAX.
 */
#define KEY_BINDING_TEXT_MAX 4096
enum status key_binding_text(struct view ledger, const struct party_identity *identity,
                             struct view vkey, struct buffer *buffer);

/*
 * The chain of a binding, read and its links checked.
 *
 * Owner   `*ret_chain` is the caller's.
 * Errors  CERTIFICATE_MALFORMED, CERTIFICATE_CHAIN.
 */
enum status key_binding_chain(const struct key_binding *binding,
                              struct certificate_chain **ret_chain, struct failure *failure);

/* The amount with its currency, as a contract in `currency` takes it.
 * Errors: CURRENCY_OTHER, AMOUNT_MALFORMED. */
enum status statement_money(const struct shape_money *text, struct currency currency,
                            struct money *ret_money, struct failure *failure);
