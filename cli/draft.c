#include "cli/draft.h"

#include "cli/clock.h"
#include "cli/display.h"
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/log/note.h"

#include <stdio.h>
#include <string.h>

enum status draft_open_ledger(const struct invocation *invocation, struct workspace **ret_workspace,
                              struct failure *failure)
{
    const char *path = workspace_path(invocation);
    if (!workspace_may_exist(path) && !has_option(invocation, OPTION_LEDGER)) {
        *ret_workspace = NULL;
        return STATUS_OK;
    }
    enum status status = workspace_open(path, false, ret_workspace, failure);
    /* With --ledger FILE not yet there the charter may still be signed. */
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

/* --- Keys --- */

static bool is_string(const struct json *node)
{
    return node != NULL && json_type(node) == JSON_STRING;
}

/* "norrkoping.se" and "norrkoping.se/ekonomi" are keys of norrkoping.se. */
static bool names_party(struct view vkey, struct view party)
{
    const char *plus = memchr(vkey.data, '+', vkey.size);
    struct view name = {vkey.data, plus == NULL ? vkey.size : (size_t)(plus - vkey.data)};
    return view_starts_with(name, party) &&
           (name.size == party.size || name.data[party.size] == '/');
}

/* Sets `vkeys` of an object that names a party and has none. */
static enum status fill_vkeys(struct json *object, const struct invocation *invocation,
                              bool used[static INVOCATION_VKEYS_MAX])
{
    const struct json *party = json_member(object, "party");
    if (json_member(object, "vkeys") != NULL || !is_string(party)) {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *vkeys = json_new_array();
    if (vkeys == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        if (!used[i] && names_party(view_of(invocation->vkeys[i]), json_string(party))) {
            TRY(json_push_string(vkeys, view_of(invocation->vkeys[i])));
            used[i] = true;
        }
    }
    if (json_first(vkeys) == NULL) {
        return STATUS_OK; /* the reader will say that vkeys is missing */
    }
    return json_set(object, "vkeys", STEAL(vkeys));
}

/* A copy of a charter's operator or registrar, with its vkeys. */
static enum status fill_identity(const struct json *identity, const struct invocation *invocation,
                                 bool used[static INVOCATION_VKEYS_MAX], struct json **ret_filled)
{
    OWNED(json_freep) struct json *copy = json_copy(identity);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    if (json_type(copy) == JSON_OBJECT) {
        TRY(fill_vkeys(copy, invocation, used));
    }
    *ret_filled = STEAL(copy);
    return STATUS_OK;
}

static enum status fill_registrars(struct json *draft, const struct invocation *invocation,
                                   bool used[static INVOCATION_VKEYS_MAX])
{
    const struct json *registrars = json_member(draft, "registrars");
    if (registrars == NULL || json_type(registrars) != JSON_ARRAY) {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *filled = json_new_array();
    if (filled == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct json *item = json_first(registrars); item != NULL; item = json_next(item)) {
        struct json *copy;
        TRY(fill_identity(item, invocation, used, &copy));
        TRY(json_push(filled, copy));
    }
    return json_set(draft, "registrars", STEAL(filled));
}

/* The log's key is named by the ledger's own name. */
static enum status fill_log_vkey(struct json *draft, const struct invocation *invocation,
                                 bool used[static INVOCATION_VKEYS_MAX])
{
    const struct json *origin = json_member(draft, "ledger");
    for (size_t i = 0; i < invocation->vkey_count && is_string(origin); i++) {
        struct view vkey = view_of(invocation->vkeys[i]);
        struct view name = json_string(origin);
        if (json_member(draft, "log_vkey") == NULL && vkey.size > name.size &&
            view_starts_with(vkey, name) && vkey.data[name.size] == '+') {
            TRY(json_set_string(draft, "log_vkey", vkey));
            used[i] = true;
        }
    }
    return STATUS_OK;
}

static enum status fill_charter_vkeys(struct json *draft, const struct invocation *invocation,
                                      bool used[static INVOCATION_VKEYS_MAX])
{
    TRY(fill_log_vkey(draft, invocation, used));
    const struct json *operator= json_member(draft, "operator");
    if (operator!= NULL) {
        struct json *filled;
        TRY(fill_identity(operator, invocation, used, &filled));
        TRY(json_set(draft, "operator", filled));
    }
    return fill_registrars(draft, invocation, used);
}

static enum status check_vkeys(const struct invocation *invocation, struct failure *failure)
{
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        struct note_key key;
        enum status status = note_key_parse(view_of(invocation->vkeys[i]), &key, failure);
        if (status != STATUS_OK) {
            failure_prefix(failure, failure->at[0] == '\0' ? "--vkey" : "--vkey: ");
            return status;
        }
    }
    return STATUS_OK;
}

static enum status fill_all_vkeys(struct json *draft, const struct invocation *invocation,
                                  struct failure *failure)
{
    TRY(check_vkeys(invocation, failure));
    bool used[INVOCATION_VKEYS_MAX] = {false};
    const struct json *kind = json_member(draft, "kind");
    if (is_string(kind) && view_is(json_string(kind), "charter")) {
        TRY(fill_charter_vkeys(draft, invocation, used));
    } else {
        TRY(fill_vkeys(draft, invocation, used));
    }
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        if (!used[i]) {
            return fail(failure, STATUS_INVALID, "--vkey",
                        "%.60s belongs to no party of the draft that lacks its vkeys",
                        invocation->vkeys[i]);
        }
    }
    return STATUS_OK;
}

/* --- Keys of a party that the ledger knows --- */

static enum status push_valid_keys(const struct state_party *party, struct json *vkeys)
{
    for (const struct state_key *key = party->keys; key != NULL; key = key->next) {
        if (key->valid_until != STATE_VALID_STILL) {
            continue;
        }
        OWNED(buffer_release) struct buffer vkey;
        buffer_init(&vkey, 1024);
        TRY(note_key_write(&key->key, &vkey));
        TRY(json_push_string(vkeys, buffer_view(&vkey)));
    }
    return STATUS_OK;
}

/* A later statement of a party repeats its valid keys, which the ledger knows. */
static enum status fill_known_vkeys(struct json *draft, struct workspace *workspace,
                                    struct failure *failure)
{
    const struct json *kind = json_member(draft, "kind");
    const struct json *id = json_member(draft, "party");
    if (workspace == NULL || json_member(draft, "vkeys") != NULL || !is_string(kind) ||
        !view_is(json_string(kind), "party") || !is_string(id) ||
        json_string(id).size > SUBJECT_SIZE_MAX / 2) {
        return STATUS_OK;
    }
    TRY(workspace_load_party(workspace, json_string(id), failure));
    const struct state_party *party = state_find_party(workspace_state(workspace), json_string(id));
    if (party == NULL) {
        return STATUS_OK;
    }
    OWNED(json_freep) struct json *vkeys = json_new_array();
    if (vkeys == NULL) {
        return STATUS_MEMORY;
    }
    TRY(push_valid_keys(party, vkeys));
    return json_set(draft, "vkeys", STEAL(vkeys));
}

/* --- Chain --- */

/* The chain that a draft continues: "" when it begins one or the draft is too incomplete. */
static void draft_subject(const struct json *draft, char subject[static SUBJECT_SIZE_MAX + 1])
{
    subject[0] = '\0';
    const struct json *kind = json_member(draft, "kind");
    if (!is_string(kind) || view_is(json_string(kind), "charter") ||
        view_is(json_string(kind), "contract")) {
        return;
    }
    bool is_party = view_is(json_string(kind), "party") || view_is(json_string(kind), "key");
    const struct json *name = json_member(draft, is_party ? "party" : "contract");
    if (is_string(name) && json_string(name).size < SUBJECT_SIZE_MAX - 20) {
        (void)snprintf(subject, SUBJECT_SIZE_MAX + 1, "%s/%.*s", is_party ? "party" : "contract",
                       VIEW_ARGS(json_string(name)));
    }
}

static enum status fill_after(struct json *draft, struct workspace *workspace,
                              struct failure *failure)
{
    char subject[SUBJECT_SIZE_MAX + 1];
    draft_subject(draft, subject);
    if (subject[0] == '\0' || json_member(draft, "after") != NULL) {
        return STATUS_OK;
    }
    if (workspace == NULL) {
        return strncmp(subject, "party/", 6) == 0
                   ? STATUS_OK /* its first statement, perhaps; the ledger will tell */
                   : fail(failure, STATUS_NOT_FOUND, "/after",
                          "the draft continues a chain: give the ledger by --ledger, so that "
                          "`after` can be filled in");
    }
    bool exists;
    struct hash id;
    TRY(workspace_head(workspace, view_of(subject), &exists, &id, failure));
    if (!exists) {
        return STATUS_OK;
    }
    struct display text = display_hash(&id);
    return json_set_string(draft, "after", view_of(text.text));
}

static enum status fill_ledger(struct json *draft, struct workspace *workspace,
                               struct failure *failure)
{
    if (json_member(draft, "ledger") != NULL) {
        return STATUS_OK;
    }
    if (workspace == NULL) {
        return fail(failure, STATUS_NOT_FOUND, "/ledger",
                    "the draft names no ledger: give one by --ledger, or write its origin into "
                    "the draft");
    }
    return json_set_string(draft, "ledger", state_origin(workspace_state(workspace)));
}

enum status draft_fill(struct json *draft, const struct invocation *invocation,
                       struct workspace *workspace, struct failure *failure)
{
    if (json_type(draft) != JSON_OBJECT) {
        return refuse(failure, RULE_FIELD_MALFORMED, "", "a draft is a JSON object");
    }
    TRY(fill_ledger(draft, workspace, failure));
    TRY(fill_after(draft, workspace, failure));
    if (json_member(draft, "date") == NULL) {
        struct display today = display_date(clock_today());
        TRY(json_set_string(draft, "date", view_of(today.text)));
    }
    TRY(fill_all_vkeys(draft, invocation, failure));
    return fill_known_vkeys(draft, workspace, failure);
}

/* --- Stand-ins, for checking before anyone signs --- */

static enum status make_vkey(struct view name, struct buffer *ret_vkey)
{
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    TRY(secret_key_generate(&secret));
    struct note_key key;
    TRY(note_key_make(name, NOTE_KEY_ED25519, secret_key_public(secret), &key));
    return note_key_write(&key, ret_vkey);
}

/* Gives an object with a party and no vkeys one of its own. */
static enum status stand_in_vkeys(struct json *object)
{
    const struct json *party = json_member(object, "party");
    if (json_member(object, "vkeys") != NULL || !is_string(party)) {
        return STATUS_OK;
    }
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&vkey, 1024);
    if (make_vkey(json_string(party), &vkey) != STATUS_OK) {
        return STATUS_OK; /* the id is malformed, and the reader will say so */
    }
    OWNED(json_freep) struct json *vkeys = json_new_array();
    if (vkeys == NULL) {
        return STATUS_MEMORY;
    }
    TRY(json_push_string(vkeys, buffer_view(&vkey)));
    return json_set(object, "vkeys", STEAL(vkeys));
}

static enum status stand_in_identity(const struct json *identity, struct json **ret_filled)
{
    OWNED(json_freep) struct json *copy = json_copy(identity);
    if (copy == NULL) {
        return STATUS_MEMORY;
    }
    if (json_type(copy) == JSON_OBJECT) {
        TRY(stand_in_vkeys(copy));
    }
    *ret_filled = STEAL(copy);
    return STATUS_OK;
}

static enum status stand_in_registrars(struct json *draft, const struct json *registrars)
{
    OWNED(json_freep) struct json *filled = json_new_array();
    if (filled == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct json *item = json_first(registrars); item != NULL; item = json_next(item)) {
        struct json *copy;
        TRY(stand_in_identity(item, &copy));
        TRY(json_push(filled, copy));
    }
    return json_set(draft, "registrars", STEAL(filled));
}

static enum status stand_in_charter(struct json *draft)
{
    const struct json *origin = json_member(draft, "ledger");
    if (json_member(draft, "log_vkey") == NULL && is_string(origin)) {
        OWNED(buffer_release) struct buffer vkey;
        buffer_init(&vkey, 1024);
        if (make_vkey(json_string(origin), &vkey) == STATUS_OK) {
            TRY(json_set_string(draft, "log_vkey", buffer_view(&vkey)));
        }
    }
    const struct json *operator= json_member(draft, "operator");
    if (operator!= NULL) {
        struct json *filled;
        TRY(stand_in_identity(operator, & filled));
        TRY(json_set(draft, "operator", filled));
    }
    const struct json *registrars = json_member(draft, "registrars");
    if (registrars != NULL && json_type(registrars) == JSON_ARRAY) {
        return stand_in_registrars(draft, registrars);
    }
    return STATUS_OK;
}

enum status draft_stand_in(struct json *draft, struct failure *failure)
{
    if (json_type(draft) != JSON_OBJECT) {
        return refuse(failure, RULE_FIELD_MALFORMED, "", "a draft is a JSON object");
    }
    if (json_member(draft, "ledger") == NULL) {
        TRY(json_set_string(draft, "ledger", VIEW("stand-in.example")));
    }
    const struct json *kind = json_member(draft, "kind");
    if (is_string(kind) && view_is(json_string(kind), "charter")) {
        return stand_in_charter(draft);
    }
    char subject[SUBJECT_SIZE_MAX + 1];
    draft_subject(draft, subject);
    if (subject[0] != '\0' && json_member(draft, "after") == NULL) {
        struct hash none = {{0}};
        struct display text = display_hash(&none);
        TRY(json_set_string(draft, "after", view_of(text.text)));
    }
    if (is_string(kind) && view_is(json_string(kind), "party")) {
        return stand_in_vkeys(draft);
    }
    return STATUS_OK;
}

enum status draft_finish(const struct json *draft, struct buffer *ret_text,
                         struct statement **ret_statement, struct failure *failure)
{
    enum status status = json_write_canonical(draft, ret_text);
    if (status == STATUS_OK) {
        status = buffer_append_byte(ret_text, '\n');
    }
    if (status == STATUS_LIMIT) {
        return refuse(failure, RULE_NOTE_TOO_LARGE, "", "the draft is over %d bytes",
                      ENTRY_SIZE_MAX);
    }
    if (status != STATUS_OK) {
        return fail_memory(failure);
    }
    struct json *copy = json_copy(draft);
    if (copy == NULL) {
        return fail_memory(failure);
    }
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(statement_read_tree(copy, &statement, failure));
    TRY(statement_check(statement, failure));
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}
