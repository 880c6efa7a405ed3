/* utfall show: a statement with its signatures, a contract's story, or a party's keys. */

#include "cli/command.h"
#include "cli/display.h"
#include "cli/entry.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/story.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- A statement --- */

static void print_validity(const struct state_key *key)
{
    if (key->valid_until == STATE_VALID_STILL) {
        printf(_("valid from entry %" PRIu64 "\n"), key->valid_from);
    } else {
        printf(_("valid from entry %" PRIu64 " to %" PRIu64 "\n"), key->valid_from,
               key->valid_until);
    }
}

static void print_signature(const struct state *state, const struct note_signature *line)
{
    const struct state_key *key = state_find_key(state, line->name, line->key_id);
    if (key == NULL) {
        printf("  %.*s+%08x\n", VIEW_ARGS(line->name), (unsigned)line->key_id);
        return;
    }
    printf("  %.*s+%08x  %s, ", VIEW_ARGS(line->name), (unsigned)line->key_id,
           key->party->legal_name);
    print_validity(key);
}

static enum status print_statement(struct workspace *workspace, const struct statement *statement,
                                   uint64_t index)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    TRY(json_write_pretty(statement->root, &text));
    printf(_("Entry %" PRIu64 ", %s\n"), index, display_hash(&statement->id).text);
    printf("%s", text.data);
    if (text.size > 0 && text.data[text.size - 1] != '\n') {
        printf("\n");
    }
    printf("%s\n", _("Signed by:"));
    for (size_t i = 0; i < statement->note.count; i++) {
        print_signature(workspace_state(workspace), &statement->note.signatures[i]);
    }
    return STATUS_OK;
}

static enum status statement_to_json(const struct statement *statement, uint64_t index,
                                     struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *signers = json_new_array();
    if (object == NULL || signers == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < statement->note.count; i++) {
        TRY(json_push_string(signers, statement->note.signatures[i].name));
    }
    TRY(output_set_count(object, "index", index));
    TRY(json_set_string(object, "id", view_of(display_hash(&statement->id).text)));
    TRY(json_set_string(object, "note", statement->bytes));
    TRY(json_set(object, "signed_by", STEAL(signers)));
    TRY(json_set(object, "statement", json_copy(statement->root)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status show_statement(const struct invocation *invocation, struct workspace *workspace,
                                  struct json **ret_object, struct failure *failure)
{
    uint64_t index;
    struct ledger *ledger = workspace_ledger(workspace);
    TRY(entry_find(ledger, invocation->operands[0], &index, failure));
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(entry_read(ledger, index, &statement, failure));
    TRY(workspace_load_for(workspace, statement, failure));
    if (output_is_json(invocation)) {
        return statement_to_json(statement, index, ret_object);
    }
    return print_statement(workspace, statement, index);
}

/* --- A party --- */

static enum status party_to_json(const struct state_party *party, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *keys = json_new_array();
    if (object == NULL || keys == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        OWNED(json_freep) struct json *item = json_new_object();
        OWNED(buffer_release) struct buffer vkey;
        buffer_init(&vkey, 1024);
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        TRY(note_key_write(&key->key, &vkey));
        TRY(json_set_string(item, "vkey", buffer_view(&vkey)));
        TRY(output_set_count(item, "valid_from", key->valid_from));
        if (key->valid_until != STATE_VALID_STILL) {
            TRY(output_set_count(item, "valid_until", key->valid_until));
        }
        TRY(json_push(keys, STEAL(item)));
    }
    TRY(json_set_string(object, "party", view_of(party->id)));
    TRY(json_set_string(object, "legal_name", view_of(party->legal_name)));
    TRY(json_set(object, "keys", STEAL(keys)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status print_party(const struct state_party *party)
{
    printf("%s (%s)\n", party->legal_name, party->id);
    if (party->number[0] == '\0') {
        printf("%s\n", _("registration number not published"));
    } else {
        printf("%s %s\n", party->scheme_name, party->number);
    }
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        OWNED(buffer_release) struct buffer vkey;
        buffer_init(&vkey, 1024);
        TRY(note_key_write(&key->key, &vkey));
        printf("  %s  ", vkey.data);
        print_validity(key);
    }
    return STATUS_OK;
}

/* --- Which of the three --- */

static bool is_party_id(const char *word)
{
    return strlen(word) <= 100;
}

static bool is_contract_name(const char *word)
{
    return strlen(word) <= 64 &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(word);
}

static enum status show(const struct invocation *invocation, struct workspace *workspace,
                        struct json **ret_object, struct failure *failure)
{
    const char *word = invocation->operands[0];
    if (is_contract_name(word)) {
        const struct state_contract *contract;
        enum status status = workspace_load_contract(workspace, view_of(word), &contract, failure);
        if (status == STATUS_OK) {
            return output_is_json(invocation) ? story_to_json(contract, ret_object)
                                              : story_print(contract);
        }
        if (strcmp(failure->code, rule_name(RULE_CONTRACT_UNKNOWN)) != 0) {
            return status;
        }
    }
    if (entry_is_name(word)) {
        return show_statement(invocation, workspace, ret_object, failure);
    }
    if (is_party_id(word)) {
        TRY(workspace_load_party(workspace, view_of(word), failure));
        const struct state_party *party =
            state_find_party(workspace_state(workspace), view_of(word));
        if (party != NULL) {
            return output_is_json(invocation) ? party_to_json(party, ret_object)
                                              : print_party(party);
        }
    }
    return fail(failure, STATUS_NOT_FOUND, "",
                "the ledger has no entry, contract or party called %.100s", word);
}

int command_show(const struct invocation *invocation)
{
    if (invocation->operand_count != 1) {
        return output_usage(invocation, _("show takes an index, an id, a contract or a party"));
    }
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    if (workspace_open(workspace_path(invocation), false, &workspace, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    OWNED(json_freep) struct json *object = NULL;
    failure = (struct failure){0};
    if (show(invocation, workspace, &object, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return output_is_json(invocation) ? output_json(STEAL(object)) : EXIT_GOOD;
}
