/* Life: the table of what may happen when is whole, and things are in the state that they look. */
#include "contracts/state/life.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

static const struct row {
    enum life_state from;
    enum life_event event;
    enum life_state to; /* of one that is barred: where it was */
    enum rule rule;
} ROWS[] = {
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
#define ROW_COUNT (sizeof ROWS / sizeof ROWS[0])

/* "CELL" of LIFE_CELL_MEASURED: names begin with that of their machine. */
static const char *const STATE_NAMES[] = {
#define MACHINE(name, title, about)
#define STATE(name, word, meaning) #name,
#define EVENT(name, what)
#define MOVE(from, event, to)
#define BAR(from, event, rule)
#include "contracts/state/life.def"
#undef STATE
#undef EVENT
};
static const char *const EVENT_NAMES[] = {
#define STATE(name, word, meaning)
#define EVENT(name, what) #name,
#include "contracts/state/life.def"
#undef MACHINE
#undef STATE
#undef EVENT
#undef MOVE
#undef BAR
};

static bool same_machine(const char *a, const char *b)
{
    size_t size = strcspn(a, "_");
    return size == strcspn(b, "_") && strncmp(a, b, size) == 0;
}

Test(life, each_state_and_event_stand_once_and_stay_in_their_machine)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const char *from = STATE_NAMES[ROWS[i].from];
        cr_expect(same_machine(from, EVENT_NAMES[ROWS[i].event]), "%s", from);
        cr_expect(same_machine(from, STATE_NAMES[ROWS[i].to]), "%s", from);
        for (size_t k = 0; k < i; k++) {
            cr_expect(ROWS[i].from != ROWS[k].from || ROWS[i].event != ROWS[k].event,
                      "%s, %s stands twice", from, EVENT_NAMES[ROWS[i].event]);
        }
    }
}

Test(life, the_table_answers_what_is_written_in_it)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const struct row *row = &ROWS[i];
        cr_expect(eq(int, life_refusal(row->from, row->event), row->rule));
        if (row->rule == RULE_NONE) {
            cr_expect(eq(int, life_next(row->from, row->event), row->to));
        }
    }
}

Test(life, every_state_and_event_is_in_some_row)
{
    bool has_state[LIFE_STATE_COUNT] = {false};
    bool has_event[LIFE_EVENT_COUNT] = {false};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        has_state[ROWS[i].from] = true;
        has_event[ROWS[i].event] = true;
    }
    for (size_t i = 0; i < LIFE_STATE_COUNT; i++) {
        cr_expect(has_state[i], "%s", STATE_NAMES[i]);
    }
    for (size_t i = 0; i < LIFE_EVENT_COUNT; i++) {
        cr_expect(has_event[i], "%s", EVENT_NAMES[i]);
    }
}

Test(life, a_cell_is_in_the_state_that_its_dispute_and_values_give)
{
    struct state_entry disputed = {.index = 7};
    struct state_entry decided = {.index = 9};
    struct measured_value value = {0};
    struct state_dispute open = {.entry = &disputed};
    struct state_dispute upheld = {.entry = &disputed, .decision = &decided};
    const struct {
        struct state_cell cell;
        enum life_state state;
    } CASES[] = {
        {{0}, LIFE_CELL_UNMEASURED},
        {{.value = &value}, LIFE_CELL_MEASURED},
        {{.value = &value, .replaced = 8}, LIFE_CELL_MEASURED},
        {{.value = &value, .dispute = &open}, LIFE_CELL_DISPUTED},
        {{.value = &value, .dispute = &open, .replaced = 6}, LIFE_CELL_DISPUTED},
        {{.value = &value, .dispute = &open, .replaced = 8}, LIFE_CELL_REPLACED},
        {{.value = &value, .dispute = &upheld}, LIFE_CELL_UPHELD},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        cr_expect(eq(int, life_of_cell(&CASES[i].cell), CASES[i].state), "case %zu", i);
    }
}

Test(life, a_key_is_valid_from_its_first_entry_to_its_last_and_not_after)
{
    struct state_key key = {.valid_from = 3, .valid_until = 5};
    cr_expect(eq(int, life_of_key(NULL, 3), LIFE_KEY_ABSENT));
    cr_expect(eq(int, life_of_key(&key, 3), LIFE_KEY_VALID));
    cr_expect(eq(int, life_of_key(&key, 5), LIFE_KEY_VALID));
    cr_expect(eq(int, life_of_key(&key, 6), LIFE_KEY_REPLACED));
    cr_expect(eq(int, life_of_key(&key, STATE_VALID_STILL), LIFE_KEY_REPLACED));
    key.valid_until = STATE_VALID_STILL;
    cr_expect(eq(int, life_of_key(&key, STATE_VALID_STILL), LIFE_KEY_VALID));
}
