/*
 * Parts: what the files of this folder share. Internal to contracts/statement.
 *
 * Each kind has one `struct kind_form`: its fields, and how to read and check them. statement.c
 * walks the forms; a kind's file knows its own fields only. Readers put places relative to the node
 * they were given in the failure; a kind's reader is given the fields of the root, so its places
 * are whole.
 */
#pragma once

#include "contracts/statement/statement.h"

/* The fields that every statement has, first in the table of each kind and in this order. */
enum common_field { COMMON_DATE, COMMON_KIND, COMMON_LEDGER, COMMON_VERSION, COMMON_COUNT };
#define COMMON_FIELDS                                                                   \
    [COMMON_DATE] = {"date", SHAPE_REQUIRED}, [COMMON_KIND] = {"kind", SHAPE_REQUIRED}, \
    [COMMON_LEDGER] = {"ledger", SHAPE_REQUIRED}, [COMMON_VERSION] = {"version", SHAPE_REQUIRED}

/* The fields of a contract's terms, which an amendment has too: after the common ones, in this
 * order. */
enum contract_field {
    CONTRACT_AGREED_ON = COMMON_COUNT,
    CONTRACT_ANNEXES,
    CONTRACT_BASELINES,
    CONTRACT_CAPS,
    CONTRACT_COHORT,
    CONTRACT_COMMITMENTS,
    CONTRACT_CONFLICTS,
    CONTRACT_CONTRACT,
    CONTRACT_CURRENCY,
    CONTRACT_DISPUTE,
    CONTRACT_LEGAL_BASIS,
    CONTRACT_LINES,
    CONTRACT_NOTES,
    CONTRACT_OUTCOMES,
    CONTRACT_PAYS,
    CONTRACT_PERIODS,
    CONTRACT_RECORDS,
    CONTRACT_ROLES,
    CONTRACT_SIGNATURES,
    CONTRACT_SOURCES,
    CONTRACT_TERMINATION,
    CONTRACT_TITLE,
    CONTRACT_COUNT,
};
#define CONTRACT_FIELDS                                                                           \
    [CONTRACT_AGREED_ON] = {"agreed_on", SHAPE_REQUIRED},                                         \
    [CONTRACT_ANNEXES] = {"annexes", SHAPE_OPTIONAL},                                             \
    [CONTRACT_BASELINES] = {"baselines", SHAPE_OPTIONAL},                                         \
    [CONTRACT_CAPS] = {"caps", SHAPE_OPTIONAL}, [CONTRACT_COHORT] = {"cohort", SHAPE_REQUIRED},   \
    [CONTRACT_COMMITMENTS] = {"commitments", SHAPE_OPTIONAL},                                     \
    [CONTRACT_CONFLICTS] = {"conflicts", SHAPE_OPTIONAL},                                         \
    [CONTRACT_CONTRACT] = {"contract", SHAPE_REQUIRED},                                           \
    [CONTRACT_CURRENCY] = {"currency", SHAPE_REQUIRED},                                           \
    [CONTRACT_DISPUTE] = {"dispute", SHAPE_REQUIRED},                                             \
    [CONTRACT_LEGAL_BASIS] = {"legal_basis", SHAPE_REQUIRED},                                     \
    [CONTRACT_LINES] = {"lines", SHAPE_REQUIRED}, [CONTRACT_NOTES] = {"notes", SHAPE_OPTIONAL},   \
    [CONTRACT_OUTCOMES] = {"outcomes", SHAPE_REQUIRED},                                           \
    [CONTRACT_PAYS] = {"pays", SHAPE_REQUIRED}, [CONTRACT_PERIODS] = {"periods", SHAPE_REQUIRED}, \
    [CONTRACT_RECORDS] = {"records", SHAPE_OPTIONAL},                                             \
    [CONTRACT_ROLES] = {"roles", SHAPE_REQUIRED},                                                 \
    [CONTRACT_SIGNATURES] = {"signatures", SHAPE_OPTIONAL},                                       \
    [CONTRACT_SOURCES] = {"sources", SHAPE_OPTIONAL},                                             \
    [CONTRACT_TERMINATION] = {"termination", SHAPE_OPTIONAL},                                     \
    [CONTRACT_TITLE] = {"title", SHAPE_REQUIRED}

struct kind_form {
    const struct shape_field *fields; /* the common ones first; `after` where the kind has one */
    size_t count;
    /* Reads the fields of the kind; `nodes` are in the order of `fields`. */
    enum status (*read)(const struct json *const *nodes, struct statement *statement,
                        struct failure *failure);
    /* Checks what the statement alone can tell; NULL when that is nothing beyond its shape. */
    enum status (*check)(struct statement *statement, struct failure *failure);
    /* Releases the numbers that were read, also after half a reading; NULL when there are none. */
    void (*release)(struct statement *statement);
};

#define KIND(name, word, subject) extern const struct kind_form name##_FORM;
#include "contracts/statement/kinds.def"
#undef KIND

/* --- Reading. Arrays live in `arena`. --- */

/* What CONTRACT_FIELDS names; `nodes` has the common fields before them. The terms are released by
 * whoever reads them, also when this fails. */
enum status contract_read_nodes(const struct json *const *nodes, struct arena *arena,
                                struct contract *contract, struct failure *failure);

/* {"party", "legal_name", "registration", "vkeys"} as one object. */
enum status identity_read(const struct json *node, struct arena *arena,
                          struct party_identity *ret_identity, struct failure *failure);

/* The same fields as members of a larger object. */
struct identity_nodes {
    const struct json *party;
    const struct json *legal_name;
    const struct json *registration;
    const struct json *vkeys;
};
enum status identity_read_nodes(const struct identity_nodes *nodes, struct arena *arena,
                                struct party_identity *ret_identity, struct failure *failure);

/* An array of 1 to STATEMENT_VKEYS_MAX bindings of certificates. */
enum status bindings_read(const struct json *node, struct arena *arena, struct party *party,
                          struct failure *failure);

/* An array of `minimum` to `maximum` party ids. */
enum status parties_read(const struct json *node, size_t minimum, size_t maximum,
                         struct arena *arena, struct role_parties *ret_parties,
                         struct failure *failure);

/* An array of 1 to STATEMENT_ANNEXES_MAX annexes. */
enum status annexes_read(const struct json *node, struct arena *arena, size_t *ret_count,
                         struct annex **ret_annexes, struct failure *failure);

/* An array of 1 to STATEMENT_NOTES_MAX remarks. */
enum status remarks_read(const struct json *node, struct arena *arena, size_t *ret_count,
                         struct remark **ret_remarks, struct failure *failure);

/*
 * An array of 1 to STATEMENT_VALUES_MAX outcomes with their values.
 *
 * Owner   whoever reads them, also when this fails: `*count` values were begun, and values_release
 *         is called for them.
 */
enum status values_read(const struct json *node, struct arena *arena, size_t *count,
                        struct measured_value **values, struct failure *failure);
void values_release(struct measured_value *values, size_t count);

/* What a measurement and a correction both state, as members of a larger object. */
struct measurement_nodes {
    const struct json *cohort; /* NULL when absent, as evidence, notes and records */
    const struct json *contract;
    const struct json *evaluator;
    const struct json *evidence;
    const struct json *notes;
    const struct json *records;
    const struct json *values;
};
/* Owner: as values_read. The period is left as it is. */
enum status measurement_read_nodes(const struct measurement_nodes *nodes, struct arena *arena,
                                   struct measurement *measurement, struct failure *failure);

/* {"root": digest, "count": integer} */
enum status commitment_read(const struct json *node, struct commitment *ret_commitment,
                            struct failure *failure);

/* Money without a minus sign. */
enum status amount_read(const struct json *node, struct shape_money *ret_money,
                        struct failure *failure);

/* A text by language, or "not_published", which leaves it empty. */
enum status published_text_read(const struct json *node, struct localized *ret_text,
                                struct failure *failure);

/* An array of 1 to STATEMENT_BASELINES_MAX baselines. */
enum status baselines_read(const struct json *node, struct arena *arena, size_t *ret_count,
                           struct baseline **ret_baselines, struct failure *failure);

/* A bank's or bookkeeper's reference: 1 to 200 characters, or "not_published", which is text too.
 */
enum status reference_read(const struct json *node, struct view *ret_reference,
                           struct failure *failure);

/* --- Checking. Places are relative to what is checked. --- */

/* Registration number, vkeys and their names; fills identity->keys. */
enum status identity_check(struct party_identity *identity, struct failure *failure);

/*
 * Checks the certificates of a party statement, at "/<index>/...".
 *
 * Errors  NAME_REPEATED, CERTIFICATE_KEY, CERTIFICATE_MALFORMED, CERTIFICATE_CHAIN,
 *         CERTIFICATE_ORGANISATION, CERTIFICATE_SIGNATURE.
 */
enum status bindings_check(const struct statement *statement, struct failure *failure);

/* Reads a vkey, whose type must be Ed25519; refuses with KEY_MALFORMED. */
enum status vkey_check(struct view vkey, struct note_key *ret_key, struct failure *failure);

/* Whether a key is named "<party>" or "<party>/<function>"; refuses with KEY_NAME. */
enum status vkey_check_name(const struct note_key *key, struct view party, struct failure *failure);

/*
 * The index of the first name that equals an earlier one, or `count`.
 *
 * Shapes  `first` is the name in the first of `count` structs that are `stride` bytes apart.
 */
size_t names_find_repeated(const struct view *first, size_t count, size_t stride);

/* What values can be in any contract, and each outcome once. Refuses with MEASUREMENT_RANGE and
 * NAME_REPEATED, at "/<index>/...". Shapes: count >= 1. */
enum status values_check(const struct measured_value *values, size_t count,
                         struct failure *failure);

/* What a measurement or correction states: values, cohort, evidence. */
enum status measurement_check_stated(const struct measurement *measurement,
                                     struct failure *failure);

/*
 * Checks the baselines of a contract, and that its gains name them. Places are whole.
 *
 * Errors  NAME_REPEATED, BASELINE_LATE, BASELINE_UNKNOWN.
 */
enum status baselines_check(const struct contract *contract, struct failure *failure);

/* Everything about a contract that does not depend on the ledger: the check of its form. */
enum status contract_check_alone(struct contract *contract, struct failure *failure);

/* Refuses with NAME_REPEATED at `at`, showing the name. */
enum status refuse_repeated(struct failure *failure, const char *at, struct view name);
