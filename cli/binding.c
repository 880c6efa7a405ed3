#include "cli/binding.h"

#include "cli/draft.h"
#include "cli/sealing.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>

/* A longer name is none of a party, and is refused under its beginning. */
#define MEMBER_NAME_SIZE 64

/* --- Which keys --- */

static bool is_chosen(const struct invocation *invocation, struct view vkey)
{
    bool is_named = invocation->vkey_count == 0;
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        is_named = is_named || view_equal(view_of(invocation->vkeys[i]), vkey);
    }
    return is_named;
}

/* Whether one of the draft's certificates binds this key. */
static bool is_bound_by(const struct json *item, struct view vkey)
{
    const struct json *named = json_type(item) == JSON_OBJECT ? json_member(item, "vkey") : NULL;
    return named != NULL && json_type(named) == JSON_STRING && view_equal(json_string(named), vkey);
}

static bool replaces(const struct invocation *invocation, const struct party_identity *identity,
                     const struct json *item)
{
    for (size_t i = 0; i < identity->vkey_count; i++) {
        if (is_chosen(invocation, identity->vkeys[i]) && is_bound_by(item, identity->vkeys[i])) {
            return true;
        }
    }
    return false;
}

/* What the draft has of other keys. */
static enum status copy_others(const struct json *draft, const struct invocation *invocation,
                               const struct party_identity *identity, struct json *bindings)
{
    const struct json *present = json_member(draft, "certificates");
    if (present == NULL || json_type(present) != JSON_ARRAY) {
        return STATUS_OK;
    }
    for (const struct json *item = json_first(present); item != NULL; item = json_next(item)) {
        if (!replaces(invocation, identity, item)) {
            TRY(json_push(bindings, json_copy(item)));
        }
    }
    return STATUS_OK;
}

/* --- One binding --- */

static enum status set_base64(struct json *object, const char *name, struct view bytes)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, JSON_SIZE_MAX);
    TRY(base64_write(&text, bytes));
    return json_set_string(object, name, buffer_view(&text));
}

static enum status push_certificate(const struct certificate_chain *chain, size_t place,
                                    struct json *array)
{
    OWNED(buffer_release) struct buffer der;
    OWNED(buffer_release) struct buffer text;
    buffer_init(&der, CERTIFICATE_SIZE_MAX);
    buffer_init(&text, JSON_SIZE_MAX);
    TRY(certificate_chain_write(chain, place, &der));
    TRY(base64_write(&text, buffer_view(&der)));
    return json_push_string(array, buffer_view(&text));
}

static enum status make_object(const struct certificate_chain *chain, struct view vkey,
                               struct view signature, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    OWNED(json_freep) struct json *array = json_new_array();
    if (object == NULL || array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < certificate_chain_count(chain); i++) {
        TRY(push_certificate(chain, i, array));
    }
    TRY(json_set(object, "chain", STEAL(array)));
    TRY(set_base64(object, "signature", signature));
    TRY(json_set_string(object, "vkey", vkey));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

static enum status push_binding(const struct statement *statement, struct view vkey,
                                const struct seal_maker *maker, struct json *bindings,
                                struct certificate_facts *ret_facts, struct failure *failure)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    OWNED(buffer_release) struct buffer text;
    OWNED(buffer_release) struct buffer signature;
    buffer_init(&text, KEY_BINDING_TEXT_MAX);
    buffer_init(&signature, CERTIFICATE_SIGNATURE_MAX);
    TRY(key_binding_text(statement->ledger, &statement->party.identity, vkey, &text));
    TRY(seal_sign(buffer_view(&text), maker, &chain, &signature, failure));
    struct json *object;
    TRY(make_object(chain, vkey, buffer_view(&signature), &object));
    TRY(json_push(bindings, object));
    certificate_chain_facts(chain, ret_facts);
    return STATUS_OK;
}

static enum status push_bindings(const struct statement *statement,
                                 const struct invocation *invocation, struct json *bindings,
                                 struct certificate_facts *ret_facts, struct failure *failure)
{
    OWNED(sealing_release) struct sealing sealing;
    TRY(sealing_read(invocation, &sealing, failure));
    const struct party_identity *identity = &statement->party.identity;
    bool is_bound = false;
    for (size_t i = 0; i < identity->vkey_count; i++) {
        if (is_chosen(invocation, identity->vkeys[i])) {
            TRY(push_binding(statement, identity->vkeys[i], &sealing.maker, bindings, ret_facts,
                             failure));
            is_bound = true;
        }
    }
    return is_bound ? STATUS_OK
                    : fail(failure, STATUS_INVALID, "--vkey", "the draft has no such vkey");
}

/* --- The draft --- */

/* The draft with everything that signing fills in. */
static enum status fill(const struct json *draft, const struct invocation *invocation,
                        struct json **ret_filled, struct failure *failure)
{
    OWNED(json_freep) struct json *filled = json_copy(draft);
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    if (filled == NULL) {
        return fail_memory(failure);
    }
    TRY(draft_open_ledger(invocation, &workspace, failure));
    struct invocation filling = *invocation;
    if (json_type(draft) == JSON_OBJECT && json_member(draft, "vkeys") != NULL) {
        filling.vkey_count = 0; /* then they choose among those of the draft */
    }
    TRY(draft_fill(filled, &filling, workspace, failure));
    *ret_filled = STEAL(filled);
    return STATUS_OK;
}

static enum status check(const struct json *filled, struct statement **ret_statement,
                         struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    return draft_finish(filled, &text, ret_statement, failure);
}

static enum status copy_bare(const struct json *filled, struct json **ret_bare)
{
    OWNED(json_freep) struct json *bare = json_new_object();
    if (bare == NULL) {
        return STATUS_MEMORY;
    }
    for (const struct json *member = json_first(filled); member != NULL;
         member = json_next(member)) {
        char name[MEMBER_NAME_SIZE];
        (void)snprintf(name, sizeof name, "%.*s", VIEW_ARGS(json_name(member)));
        if (!view_is(json_name(member), "certificates")) {
            TRY(json_set(bare, name, json_copy(member)));
        }
    }
    *ret_bare = STEAL(bare);
    return STATUS_OK;
}

/* What signing would make of the draft without its certificates. */
static enum status read_statement(const struct json *filled, struct statement **ret_statement,
                                  struct failure *failure)
{
    OWNED(json_freep) struct json *bare = NULL;
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(copy_bare(filled, &bare));
    TRY(check(bare, &statement, failure));
    if (statement->kind != KIND_PARTY) {
        return fail(failure, STATUS_INVALID, "/kind",
                    "certificates stand in the draft of a party, and this is another kind");
    }
    *ret_statement = STEAL(statement);
    return STATUS_OK;
}

enum status binding_add(struct json *draft, const struct invocation *invocation,
                        struct certificate_facts *ret_facts, struct failure *failure)
{
    OWNED(json_freep) struct json *filled = NULL;
    OWNED(json_freep) struct json *bindings = json_new_array();
    OWNED(statement_freep) struct statement *statement = NULL;
    OWNED(statement_freep) struct statement *bound = NULL;
    if (bindings == NULL) {
        return fail_memory(failure);
    }
    TRY(fill(draft, invocation, &filled, failure));
    TRY(read_statement(filled, &statement, failure));
    TRY(copy_others(draft, invocation, &statement->party.identity, bindings));
    TRY(push_bindings(statement, invocation, bindings, ret_facts, failure));
    TRY(json_set(filled, "certificates", json_copy(bindings)));
    TRY(check(filled, &bound, failure));

    TRY(json_set(draft, "ledger", json_copy(json_member(filled, "ledger"))));
    TRY(json_set(draft, "vkeys", json_copy(json_member(filled, "vkeys"))));
    return json_set(draft, "certificates", STEAL(bindings));
}
