#include "contracts/state/life.h"

#include <assert.h>

/* A row of the table. Of one that is barred, the state stays. */
struct row {
    enum life_state from;
    enum life_event event;
    enum life_state to;
    enum rule rule;
};

static const struct row ROWS[] = {
#define MACHINE(name, title, about)
#define STATE(name, word, meaning)
#define EVENT(name, what)
#define MOVE(from, event, to) {LIFE_##from, ON_##event, LIFE_##to, RULE_NONE},
#define BAR(from, event, rule) {LIFE_##from, ON_##event, LIFE_##from, RULE_##rule},
#include "contracts/state/life.def"
#undef MACHINE
#undef STATE
#undef EVENT
#undef MOVE
#undef BAR
};

static const struct row *row_of(enum life_state state, enum life_event event)
{
    size_t i = 0;
    while (ROWS[i].from != state || ROWS[i].event != event) {
        i++; /* bounded: nobody asks for an event that cannot happen in the state */
        assert(i < sizeof ROWS / sizeof ROWS[0]);
    }
    return &ROWS[i];
}

enum rule life_refusal(enum life_state state, enum life_event event)
{
    return row_of(state, event)->rule;
}

enum life_state life_next(enum life_state state, enum life_event event)
{
    const struct row *row = row_of(state, event);
    assert(row->rule == RULE_NONE);
    return row->to;
}

enum life_state life_of_contract(const struct state_contract *contract)
{
    if (contract == NULL) {
        return LIFE_CONTRACT_ABSENT;
    }
    return contract->termination == NULL ? LIFE_CONTRACT_RUNNING : LIFE_CONTRACT_ENDED;
}

enum life_state life_of_cell(const struct state_cell *cell)
{
    if (cell->value == NULL) {
        return LIFE_CELL_UNMEASURED;
    }
    if (cell->dispute == NULL) {
        return LIFE_CELL_MEASURED;
    }
    if (cell->dispute->decision != NULL) {
        return LIFE_CELL_UPHELD;
    }
    return cell->replaced > cell->dispute->entry->index ? LIFE_CELL_REPLACED : LIFE_CELL_DISPUTED;
}

enum life_state life_of_dispute(const struct state_dispute *dispute)
{
    if (dispute == NULL) {
        return LIFE_DISPUTE_ABSENT;
    }
    return dispute->decision == NULL ? LIFE_DISPUTE_OPEN : LIFE_DISPUTE_DECIDED;
}

enum life_state life_of_due(const struct state_due *due, const struct state_dispute *dispute)
{
    if (dispute != NULL) {
        return LIFE_DUE_HELD;
    }
    return state_due_outstanding(due).minor > 0 ? LIFE_DUE_OWED : LIFE_DUE_PAID;
}

enum life_state life_of_key(const struct state_key *key, uint64_t index)
{
    if (key == NULL) {
        return LIFE_KEY_ABSENT;
    }
    return state_key_valid(key, index) ? LIFE_KEY_VALID : LIFE_KEY_REPLACED;
}
