/*
 * Certified: the organisations behind keys, as the certificates in party statements say.
 *
 * That a certificate's key signed the binding is a rule of the ledger, and was checked when the
 * statement entered. Whether the certificate leads to a root that the reader gave, was valid when
 * the statement entered, and was not revoked, is judged here and never by the ledger.
 *
 * When it entered: at the latest when the earliest time-stamp over it was made; without one, on the
 * statement's date, which its signers wrote, at the end of that day.
 */
#pragma once

#include "cli/stamps.h"
#include "contracts/statement/statement.h"
#include "ledger/crypto/trust.h"
#include "ledger/json/json.h"
#include "ledger/ledger.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One binding that stands. */
struct certified_key {
    char *party;
    char *vkey;
    uint64_t index;  /* of the party statement */
    int64_t entered; /* seconds since 1970 */
    bool is_stamped; /* a time-stamp says so, not the statement itself */
    struct certificate_facts facts;
};

struct certified {
    struct certified_key *list;
    size_t count;
    size_t capacity;
    const struct stamps *stamps; /* borrowed */
    const struct trust *trust;   /* borrowed; NULL when no roots were given */
};

/* Shapes  `certified` is zero but for stamps and trust. */
void certified_release(struct certified *certified);

/*
 * Takes up the certificates of the party statement at `index`; judges them when there is trust.
 *
 * Errors  STATUS_UNTRUSTED naming the entry, with a sentence of its own for each cause.
 */
enum status certified_add(struct certified *certified, struct ledger *ledger, uint64_t index,
                          struct failure *failure);

/* For people, on standard output: a heading and each key with its organisation. */
void certified_print(const struct certified *certified);

/* As an array of objects. */
enum status certified_to_json(const struct certified *certified, struct json **ret_array);
