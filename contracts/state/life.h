/*
 * Life: what may happen to a contract, and to what belongs to it, in which state.
 *
 * One table, life.def, has six machines: a contract, a measured outcome, a dispute, a period, an
 * amount that is owed, a key. Each row says that an event moves a machine to another state, or by
 * which rule it is refused. Checking and applying ask the table what a state and an event come to;
 * docs/states.md shows it, and tests/scenarios/states.py plays every row.
 *
 * The table decides whether something may happen at this point of a life. Whether what is stated is
 * right in itself (roles, ranges, amounts, signatures) is decided beside it.
 */
#pragma once

#include "contracts/rule/rule.h"
#include "contracts/state/state.h"

enum life_state {
#define MACHINE(name, title, about)
#define STATE(name, word, meaning) LIFE_##name,
#define EVENT(name, what)
#define MOVE(from, event, to)
#define BAR(from, event, rule)
#include "contracts/state/life.def"
#undef STATE
#undef EVENT
    LIFE_STATE_COUNT,
};

enum life_event {
#define STATE(name, word, meaning)
#define EVENT(name, what) ON_##name,
#include "contracts/state/life.def"
#undef MACHINE
#undef STATE
#undef EVENT
#undef MOVE
#undef BAR
    LIFE_EVENT_COUNT,
};

/* The rule by which an event is refused in a state; RULE_NONE when it may happen. */
enum rule life_refusal(enum life_state state, enum life_event event);

/*
 * The state that an event leads to.
 *
 * Shapes  the event may happen in the state: life_refusal gives RULE_NONE.
 */
enum life_state life_next(enum life_state state, enum life_event event);

/* --- Which state something is in --- */

/* `contract` may be NULL: it is absent. */
enum life_state life_of_contract(const struct state_contract *contract);

enum life_state life_of_cell(const struct state_cell *cell);

/* `dispute` may be NULL: it is absent. */
enum life_state life_of_dispute(const struct state_dispute *dispute);

/* `dispute`: that holds it, or NULL. */
enum life_state life_of_due(const struct state_due *due, const struct state_dispute *dispute);

/*
 * A key as it was before the entry at `index`; NULL: it is absent. How it ended is not asked: one
 * that was revoked is told as replaced, since every event is refused alike in both.
 */
enum life_state life_of_key(const struct state_key *key, uint64_t index);
