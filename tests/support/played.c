#include "tests/support/played.h"

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define ORIGIN "test.example/log"
#define TEXT_SIZE 12000

static const char *const PARTIES[PLAYED_PARTY_COUNT] = {"op.se", "town.se", "a.se", "eval.se"};

static void must(enum status status, const struct failure *failure)
{
    cr_assert(eq(int, status, STATUS_OK), "%s %s: %s", failure->code, failure->at, failure->reason);
}

static void done(enum status status)
{
    cr_assert(eq(int, status, STATUS_OK));
}

const struct state_contract *played_contract(const struct played *played)
{
    return state_find_contract(played->state, VIEW("c"));
}

static void set_id(struct json *draft, const char *name, const struct hash *id)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 80);
    done(buffer_append_text(&text, "sha256:"));
    done(hex_write(&text, hash_view(id)));
    done(json_set_string(draft, name, buffer_view(&text)));
}

static void complete(const struct played *played, struct json *draft)
{
    done(json_set_string(draft, "ledger", VIEW(ORIGIN)));
    done(json_set_integer(draft, "version", 1));
    if (json_member(draft, "date") == NULL) {
        done(json_set_string(draft, "date", VIEW("2024-01-01")));
    }
    const struct state_contract *contract = played_contract(played);
    if (contract != NULL) {
        set_id(draft, "after", &contract->head);
    }
}

/* Signs a text with one key more; the first signature makes it a note. */
static void sign(const struct played *played, size_t party, struct view text, struct buffer *note)
{
    struct failure failure = {0};
    OWNED(buffer_release) struct buffer signed_note;
    buffer_init(&signed_note, ENTRY_SIZE_MAX);
    if (note->size == 0) {
        must(note_write_signed(text, &played->keys[party], played->secrets[party], note), &failure);
        return;
    }
    struct note parsed;
    must(note_parse(buffer_view(note), &parsed, &failure), &failure);
    must(note_write_with_signature(&parsed, &played->keys[party], played->secrets[party],
                                   &signed_note, &failure),
         &failure);
    buffer_clear(note);
    done(buffer_append(note, buffer_view(&signed_note)));
}

static void add_json(struct played *played, const char *signers, struct json *draft)
{
    OWNED(json_freep) struct json *owned = draft;
    OWNED(buffer_release) struct buffer text;
    OWNED(buffer_release) struct buffer note;
    buffer_init(&text, ENTRY_SIZE_MAX);
    buffer_init(&note, ENTRY_SIZE_MAX);
    complete(played, owned);
    done(json_write_canonical(owned, &text));
    done(buffer_append_byte(&text, '\n'));
    for (size_t i = 0; i < PLAYED_PARTY_COUNT; i++) {
        if (strchr(signers, PARTIES[i][0]) != NULL) {
            sign(played, i, buffer_view(&text), &note);
        }
    }
    struct failure failure = {0};
    struct statement *statement;
    must(statement_read(buffer_view(&note), &statement, &failure), &failure);
    must(state_admit(played->state, statement, played->size, &failure), &failure);
    played->size++;
}

void played_add(struct played *played, const char *signers, const char *draft)
{
    char text[TEXT_SIZE];
    size_t size = strlen(draft);
    cr_assert(lt(sz, size, sizeof text));
    for (size_t i = 0; i < size; i++) {
        text[i] = draft[i] == '\'' ? '"' : draft[i];
    }
    struct failure failure = {0};
    struct json *parsed;
    must(json_parse((struct view){text, size}, &parsed, &failure), &failure);
    add_json(played, signers, parsed);
}

static void write_vkey(const struct note_key *key, char ret_text[static 200])
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 200);
    done(note_key_write(key, &vkey));
    (void)snprintf(ret_text, 200, "%.*s", VIEW_ARGS(buffer_view(&vkey)));
}

void played_open(struct played *played)
{
    *played = (struct played){.size = 0};
    OWNED(secret_key_freep) struct secret_key *log_secret = support_secret(99);
    struct note_key log = support_key(log_secret, ORIGIN);
    done(state_new(&log, &played->state));
    char vkey[200];
    char party[500];
    char text[TEXT_SIZE];
    for (size_t i = 0; i < PLAYED_PARTY_COUNT; i++) {
        played->secrets[i] = support_secret((uint8_t)(i + 1));
        played->keys[i] = support_key(played->secrets[i], PARTIES[i]);
        write_vkey(&played->keys[i], vkey);
        (void)snprintf(party, sizeof party,
                       "'party':'%s','legal_name':'P','registration':'not_published',"
                       "'vkeys':['%s']",
                       PARTIES[i], vkey);
        if (i == 0) {
            write_vkey(&log, vkey);
            (void)snprintf(text, sizeof text,
                           "{'kind':'charter','log_vkey':'%s','operator':{%s},'registrars':[{%s}],"
                           "'recovery':'none','witness_policy':'none'}",
                           vkey, party, party);
        } else {
            (void)snprintf(text, sizeof text, "{'kind':'party',%s}", party);
        }
        const char signers[] = {'o', PARTIES[i][0], '\0'};
        played_add(played, signers, text);
    }
}

void played_close(struct played *played)
{
    for (size_t i = 0; i < PLAYED_PARTY_COUNT; i++) {
        secret_key_free(played->secrets[i]);
    }
    state_free(played->state);
}

void played_measure(struct played *played, const char *period, const char *saving)
{
    char text[500];
    (void)snprintf(text, sizeof text,
                   "{'kind':'measurement','contract':'c','period':'%s','evaluator':'eval.se',"
                   "'values':[{'outcome':'saving','value':'%s'}]}",
                   period, saving);
    played_add(played, "e", text);
}

void played_settle(struct played *played, const char *period)
{
    struct failure failure = {0};
    struct settlement settlement;
    settlement_init(&settlement);
    struct json *computed = NULL;
    must(state_compute(played_contract(played), view_of(period), &settlement, &computed, &failure),
         &failure);
    settlement_release(&settlement);
    struct json *draft = json_new_object();
    done(json_set_string(draft, "kind", VIEW("settlement")));
    done(json_set_string(draft, "contract", VIEW("c")));
    done(json_set(draft, "computed", computed));
    add_json(played, "te", draft);
}

void played_pay(struct played *played, const char *date, const char *amount)
{
    struct json *money = json_new_object();
    struct json *draft = json_new_object();
    done(json_set_string(money, "amount", view_of(amount)));
    done(json_set_string(money, "currency", VIEW("SEK")));
    done(json_set(draft, "amount", money));
    const char *const members[][2] = {
        {"kind", "payment"}, {"contract", "c"}, {"date", date},    {"pay", "payout"},
        {"from", "town.se"}, {"to", "a.se"},    {"paid_on", date}, {"reference", "R 1"},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        done(json_set_string(draft, members[i][0], view_of(members[i][1])));
    }
    set_id(draft, "settlement", &played_contract(played)->last_due->settlement->statement->id);
    add_json(played, "t", draft);
}
