/* utfall show: a statement with its signatures, a contract's story, or a party's keys. */

#include "cli/command/show.h"

#include "cli/certified.h"
#include "cli/command.h"
#include "cli/display.h"
#include "cli/entry.h"
#include "cli/language.h"
#include "cli/output.h"
#include "cli/story.h"
#include "cli/trusted.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define KEY_INDENT 4
#define TEXT_MAX ((size_t)64 * 1024)
#define PARTY_ID_MAX 100

/* --- Keys --- */

static void print_validity(const struct state_key *key)
{
    if (key->valid_until == STATE_VALID_STILL) {
        printf(_("valid from entry %" PRIu64 "\n"), key->valid_from);
    } else {
        printf(_("valid from entry %" PRIu64 " to %" PRIu64 "\n"), key->valid_from,
               key->valid_until);
    }
}

static void print_indented(struct view text)
{
    printf("%*s", KEY_INDENT, "");
    display_paragraph(text, KEY_INDENT);
}

/* The statement that ended a key. Owner: `*ret_statement` is the caller's. */
static enum status read_end(struct workspace *workspace, const struct state_key *key,
                            struct statement **ret_statement, struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(entry_read(workspace_ledger(workspace), key->valid_until, &statement, failure));
    if (statement->kind != KIND_KEY) {
        return fail(failure, STATUS_UNTRUSTED, "", "entry %" PRIu64 " is no statement about a key",
                    key->valid_until);
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

/* When it has ended: by which entry, and why. */
static enum status print_end(struct workspace *workspace, const struct state_key *key,
                             struct failure *failure)
{
    if (key->valid_until == STATE_VALID_STILL) {
        return STATUS_OK;
    }
    OWNED(statement_freep) struct statement *end = NULL;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    TRY(read_end(workspace, key, &end, failure));
    struct view reason = display_localized(&end->key.reason);
    TRY(end->key.action == KEY_REPLACE
            ? buffer_append_format(&text, _("replaced by entry %" PRIu64 ": %.*s"),
                                   key->valid_until, VIEW_ARGS(reason))
            : buffer_append_format(&text, _("revoked by entry %" PRIu64 ": %.*s"), key->valid_until,
                                   VIEW_ARGS(reason)));
    print_indented(buffer_view(&text));
    if (key->has_compromised_since) {
        buffer_clear(&text);
        TRY(buffer_append_format(
            &text,
            _("for review: others may have had the key since %s, so what it signed is to be "
              "looked at again"),
            display_date(key->compromised_since).text));
        print_indented(buffer_view(&text));
    }
    return STATUS_OK;
}

/* Sets "valid_from" and what is known of its end. */
static enum status set_validity(struct workspace *workspace, const struct state_key *key,
                                struct json *object, struct failure *failure)
{
    TRY(output_set_count(object, "valid_from", key->valid_from));
    if (key->valid_until == STATE_VALID_STILL) {
        return STATUS_OK;
    }
    OWNED(statement_freep) struct statement *end = NULL;
    TRY(read_end(workspace, key, &end, failure));
    TRY(output_set_count(object, "valid_until", key->valid_until));
    TRY(json_set_string(object, "ended_by", view_of(KEY_ACTION_NAMES[end->key.action])));
    TRY(json_set_string(object, "reason", display_localized(&end->key.reason)));
    if (key->has_compromised_since) {
        TRY(json_set_string(object, "compromised_since",
                            view_of(display_date(key->compromised_since).text)));
    }
    return STATUS_OK;
}

static enum status set_vkey(const struct state_key *key, struct json *object)
{
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    TRY(note_key_write(&key->key, &vkey));
    return json_set_string(object, "vkey", buffer_view(&vkey));
}

/* --- A statement --- */

static enum status print_signature(struct workspace *workspace, const struct note_signature *line,
                                   struct failure *failure)
{
    const struct state_key *key =
        state_find_key(workspace_state(workspace), line->name, line->key_id);
    if (key == NULL) {
        printf("  %.*s+%08x\n", VIEW_ARGS(line->name), (unsigned)line->key_id);
        return STATUS_OK;
    }
    printf("  %.*s+%08x  %s, ", VIEW_ARGS(line->name), (unsigned)line->key_id,
           key->party->legal_name);
    print_validity(key);
    return print_end(workspace, key, failure);
}

static enum status print_statement(struct workspace *workspace, const struct statement *statement,
                                   uint64_t index, struct failure *failure)
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
        TRY(print_signature(workspace, &statement->note.signatures[i], failure));
    }
    return STATUS_OK;
}

/* Who signed, by which keys; names alone are beside it in "signed_by". */
static enum status push_signature(struct workspace *workspace, const struct note_signature *line,
                                  struct json *signatures, struct failure *failure)
{
    const struct state_key *key =
        state_find_key(workspace_state(workspace), line->name, line->key_id);
    if (key == NULL) {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    TRY(set_vkey(key, object));
    TRY(json_set_string(object, "party", view_of(key->party->id)));
    TRY(json_set_string(object, "legal_name", view_of(key->party->legal_name)));
    TRY(set_validity(workspace, key, object, failure));
    return json_push(signatures, STEAL(object));
}

static enum status statement_to_json(struct workspace *workspace, const struct statement *statement,
                                     uint64_t index, struct json **ret_object,
                                     struct failure *failure)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *signers = json_new_array();
    OWNED(json_freep) struct json *signatures = json_new_array();
    if (object == NULL || signers == NULL || signatures == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < statement->note.count; i++) {
        const struct note_signature *line = &statement->note.signatures[i];
        TRY(json_push_string(signers, line->name));
        TRY(push_signature(workspace, line, signatures, failure));
    }
    TRY(output_set_count(object, "index", index));
    TRY(json_set_string(object, "id", view_of(display_hash(&statement->id).text)));
    TRY(json_set_string(object, "note", statement->bytes));
    TRY(json_set(object, "signed_by", STEAL(signers)));
    TRY(json_set(object, "signatures", STEAL(signatures)));
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
        return statement_to_json(workspace, statement, index, ret_object, failure);
    }
    return print_statement(workspace, statement, index, failure);
}

/* --- A party --- */

/* What certificates say of a party's keys, judged by --ca and --crl. */
struct certificates {
    struct trust *trust;
    struct stamps stamps;
    struct certified certified;
};

static void certificates_release(struct certificates *certificates)
{
    certified_release(&certificates->certified);
    stamps_release(&certificates->stamps);
    trust_free(certificates->trust);
}

static enum status read_certificates(struct workspace *workspace, const struct state_party *party,
                                     struct certificates *certificates, struct failure *failure)
{
    struct ledger *ledger = workspace_ledger(workspace);
    if (party->certified_at == 0) {
        return STATUS_OK;
    }
    TRY(trusted_keep_lists(ledger, certificates->trust, failure));
    TRY(stamps_read(ledger, certificates->trust, NULL, &certificates->stamps, failure));
    certificates->certified =
        (struct certified){.stamps = &certificates->stamps, .trust = certificates->trust};
    return certified_add(&certificates->certified, ledger, party->certified_at, failure);
}

static enum status set_registration(const struct state_party *party, struct json *object)
{
    if (party->number[0] == '\0') {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *registration = json_new_object();
    if (registration == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(registration, "scheme", view_of(party->scheme_name)));
    TRY(json_set_string(registration, "number", view_of(party->number)));
    return json_set(object, "registration", STEAL(registration));
}

static enum status set_fund(const struct state_fund *fund, struct json *object)
{
    OWNED(json_freep) struct json *item = json_new_object();
    if (item == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_set_string(item, "owner", view_of(fund->owner)));
    TRY(json_set_string(item, "currency", view_of(fund->reserve.currency.code)));
    TRY(output_set_amount(item, "reserve", fund->reserve));
    TRY(json_set_string(item, "since", view_of(display_date(fund->since).text)));
    return json_set(object, "fund", STEAL(item));
}

static enum status party_to_json(struct workspace *workspace, const struct state_party *party,
                                 const struct certified *certified, struct json **ret_object,
                                 struct failure *failure)
{
    OWNED(json_freep) struct json *certificates = NULL;
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *keys = json_new_array();
    if (object == NULL || keys == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        OWNED(json_freep) struct json *item = json_new_object();
        if (item == NULL) {
            return STATUS_MEMORY;
        }
        TRY(set_vkey(key, item));
        TRY(set_validity(workspace, key, item, failure));
        TRY(json_push(keys, STEAL(item)));
    }
    TRY(json_set_string(object, "party", view_of(party->id)));
    TRY(json_set_string(object, "legal_name", view_of(party->legal_name)));
    TRY(set_registration(party, object));
    TRY(party->fund == NULL ? STATUS_OK : set_fund(party->fund, object));
    TRY(json_set(object, "keys", STEAL(keys)));
    TRY(certified_to_json(certified, &certificates));
    TRY(json_set(object, "certificates", STEAL(certificates)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status print_party(struct workspace *workspace, const struct state_party *party,
                               const struct certified *certified, struct failure *failure)
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
        TRY(print_end(workspace, key, failure));
    }
    certified_print(certified);
    return STATUS_OK;
}

static enum status show_party(const struct invocation *invocation, struct workspace *workspace,
                              const struct state_party *party, struct json **ret_object,
                              struct failure *failure)
{
    OWNED(certificates_release) struct certificates certificates = {0};
    TRY(trusted_read(invocation, &certificates.trust, failure));
    TRY(read_certificates(workspace, party, &certificates, failure));
    return output_is_json(invocation)
               ? party_to_json(workspace, party, &certificates.certified, ret_object, failure)
               : print_party(workspace, party, &certificates.certified, failure);
}

enum status show_entry_json(struct workspace *workspace, uint64_t index, struct json **ret_object,
                            struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(entry_read(workspace_ledger(workspace), index, &statement, failure));
    TRY(workspace_load_for(workspace, statement, failure));
    return statement_to_json(workspace, statement, index, ret_object, failure);
}

enum status show_party_json(struct workspace *workspace, struct view id, struct json **ret_object,
                            struct failure *failure)
{
    OWNED(certificates_release) struct certificates certificates = {0};
    if (id.size > PARTY_ID_MAX) {
        return fail(failure, STATUS_NOT_FOUND, "", "the ledger has no such party");
    }
    TRY(workspace_load_party(workspace, id, failure));
    const struct state_party *party = state_find_party(workspace_state(workspace), id);
    if (party == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "", "the ledger has no party called %.*s",
                    VIEW_ARGS(id));
    }
    TRY(read_certificates(workspace, party, &certificates, failure));
    return party_to_json(workspace, party, &certificates.certified, ret_object, failure);
}

/* --- Which of the three --- */

static bool is_party_id(const char *word)
{
    return strlen(word) <= PARTY_ID_MAX;
}

bool show_is_contract_name(const char *word)
{
    return word[0] != '-' && strlen(word) <= 64 &&
           strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(word);
}

static enum status show(const struct invocation *invocation, struct workspace *workspace,
                        struct json **ret_object, struct failure *failure)
{
    const char *word = invocation->operands[0];
    if (show_is_contract_name(word)) {
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
            return show_party(invocation, workspace, party, ret_object, failure);
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
