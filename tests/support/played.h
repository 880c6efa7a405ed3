/*
 * Played: a state with one contract, "c", made from drafts that a test writes. Everything that goes
 * wrong in here fails the test.
 *
 * Drafts are JSON with ' for ". What every statement has is added: version, ledger, `after`, and
 * the date unless the draft has one. Parties are named by the first letter when they sign: o(p.se),
 * t(own.se), a(.se), e(val.se).
 */
#pragma once

#include "contracts/state/state.h"
#include "ledger/crypto/key.h"

#define PLAYED_PARTY_COUNT 4

struct played {
    struct state *state;
    struct secret_key *secrets[PLAYED_PARTY_COUNT];
    struct note_key keys[PLAYED_PARTY_COUNT];
    uint64_t size; /* entries so far */
};

/* A ledger with the four parties. The caller calls played_close. */
void played_open(struct played *played);
void played_close(struct played *played);

/* Adds a statement that is allowed. */
void played_add(struct played *played, const char *signers, const char *draft);

/* Adds the measurement of `saving` for a period, by eval.se. */
void played_measure(struct played *played, const char *period, const char *saving);

/* Adds the settlement of a period as it is computed, by town.se and eval.se. */
void played_settle(struct played *played, const char *period);

/* Adds a payment on the newest settlement: of town.se to a.se, by the pay `payout`. */
void played_pay(struct played *played, const char *date, const char *amount);

/* NULL before there is one. */
const struct state_contract *played_contract(const struct played *played);
