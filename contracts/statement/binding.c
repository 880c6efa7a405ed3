/*
 * Certificates in a party statement: that an organisation's X.509 certificate vouches for a vkey.
 *
 * What is decided here depends on the statement alone. Whose roots to believe, and whether a
 * certificate was valid and not revoked when the statement entered, is the reader's question.
 */
#include "contracts/statement/parts.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <stdio.h>
#include <string.h>

/* Characters of base64 for so many bytes. */
#define ENCODED_SIZE(size) (((size) + 2) / 3 * 4)

/* --- Reading --- */

static enum status base64_node_read(const struct json *node, size_t size_max, struct arena *arena,
                                    struct view *ret_bytes, struct failure *failure)
{
    struct view text;
    if (json_type(node) != JSON_STRING) {
        return shape_malformed(node, "base64 (RFC 4648 section 4)", failure);
    }
    TRY(shape_text(node, 1, ENCODED_SIZE(size_max), &text, failure));
    uint8_t *bytes = arena_allocate(arena, text.size, 1);
    size_t size;
    if (bytes == NULL) {
        return fail_memory(failure);
    }
    if (base64_read(text, text.size, bytes, &size) != STATUS_OK) {
        return shape_malformed(node, "base64 (RFC 4648 section 4)", failure);
    }
    *ret_bytes = (struct view){.data = (const char *)bytes, .size = size};
    return STATUS_OK;
}

static enum status chain_read(const struct json *node, struct arena *arena,
                              struct key_binding *binding, struct failure *failure)
{
    TRY(shape_array(node, 1, CERTIFICATE_CHAIN_MAX, &binding->chain_count, failure));
    binding->chain = arena_allocate(arena, binding->chain_count, sizeof *binding->chain);
    if (binding->chain == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < binding->chain_count; i++, item = json_next(item)) {
        TRY_ITEM(i,
                 base64_node_read(item, CERTIFICATE_SIZE_MAX, arena, &binding->chain[i], failure));
    }
    return STATUS_OK;
}

static enum status binding_read(const struct json *node, struct arena *arena,
                                struct key_binding *binding, struct failure *failure)
{
    enum { CHAIN, SIGNATURE, VKEY, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [CHAIN] = {"chain", SHAPE_REQUIRED},
        [SIGNATURE] = {"signature", SHAPE_REQUIRED},
        [VKEY] = {"vkey", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    TRY_FIELD("chain", chain_read(nodes[CHAIN], arena, binding, failure));
    TRY_FIELD("signature", base64_node_read(nodes[SIGNATURE], CERTIFICATE_SIGNATURE_MAX, arena,
                                            &binding->signature, failure));
    TRY_FIELD("vkey", shape_vkey(nodes[VKEY], &binding->vkey, failure));
    return STATUS_OK;
}

enum status bindings_read(const struct json *node, struct arena *arena, struct party *party,
                          struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_VKEYS_MAX, &count, failure));
    party->bindings = arena_allocate(arena, count, sizeof *party->bindings);
    if (party->bindings == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, binding_read(item, arena, &party->bindings[i], failure));
    }
    party->binding_count = count;
    return STATUS_OK;
}

/* --- The organisation --- */

bool registration_identifier(const struct registration *registration,
                             char ret_text[static REGISTRATION_IDENTIFIER_SIZE])
{
    const char *prefix = registration->scheme == REGISTRATION_SE_ORGNR ? "NTRSE-"
                         : registration->scheme == REGISTRATION_LEI    ? "LEIXG-"
                                                                       : NULL;
    if (prefix == NULL) {
        return false;
    }
    size_t size = strlen(prefix);
    memcpy(ret_text, prefix, size);
    for (size_t i = 0; i < registration->number.size && size < REGISTRATION_IDENTIFIER_SIZE - 1;
         i++) {
        if (registration->number.data[i] != '-') {
            ret_text[size++] = registration->number.data[i];
        }
    }
    ret_text[size] = '\0';
    return true;
}

/* Certificates write NNNNNN-NNNN or NNNNNNNNNN: compared without hyphens after the prefix. */
bool registration_identifies(const struct registration *registration, const char *identifier)
{
    char wanted[REGISTRATION_IDENTIFIER_SIZE];
    if (!registration_identifier(registration, wanted)) {
        return false;
    }
    size_t at = 0;
    for (size_t i = 0; identifier[i] != '\0'; i++) {
        if (identifier[i] == '-' && i != strlen("NTRSE")) {
            continue;
        }
        if (identifier[i] != wanted[at]) {
            return false;
        }
        at++;
    }
    return wanted[at] == '\0';
}

/* --- Checking --- */

enum status key_binding_text(struct view ledger, const struct party_identity *identity,
                             struct view vkey, struct buffer *buffer)
{
    return buffer_append_format(buffer, "utfall/key-binding/v1\n%.*s\n%.*s\n%.*s %.*s\n%.*s\n",
                                VIEW_ARGS(ledger), VIEW_ARGS(identity->id),
                                VIEW_ARGS(identity->registration.scheme_name),
                                VIEW_ARGS(identity->registration.number), VIEW_ARGS(vkey));
}

/* The layer below refused the chain: under which rule, unless memory ran out. */
static enum status refuse_chain(enum rule rule, enum status status, const struct failure *inner,
                                struct failure *failure)
{
    if (status == STATUS_MEMORY) {
        return fail_memory(failure);
    }
    enum status refused = refuse(failure, rule, inner->at, "%s", inner->reason);
    shape_prefix_name(failure, "chain");
    return refused;
}

static enum status check_organization(const struct party_identity *identity,
                                      const struct certificate_chain *chain,
                                      struct failure *failure)
{
    struct certificate_facts facts;
    char wanted[REGISTRATION_IDENTIFIER_SIZE];
    certificate_chain_facts(chain, &facts);
    if (!registration_identifier(&identity->registration, wanted)) {
        return refuse(failure, RULE_CERTIFICATE_ORGANISATION, "/chain/0",
                      "certificates name an organisation by its number of the scheme SE-ORGNR or "
                      "LEI, and this party has none");
    }
    if (facts.organization_id[0] == '\0') {
        return refuse(failure, RULE_CERTIFICATE_ORGANISATION, "/chain/0",
                      "the certificate of %s names no organisation by number (2.5.4.97)",
                      facts.subject);
    }
    if (!registration_identifies(&identity->registration, facts.organization_id)) {
        return refuse(failure, RULE_CERTIFICATE_ORGANISATION, "/chain/0",
                      "the certificate is of the organisation %s, and the party is %s",
                      facts.organization_id, wanted);
    }
    return STATUS_OK;
}

static enum status check_signature(const struct statement *statement,
                                   const struct key_binding *binding,
                                   const struct certificate_chain *chain, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, KEY_BINDING_TEXT_MAX);
    if (key_binding_text(statement->ledger, &statement->party.identity, binding->vkey, &text) !=
        STATUS_OK) {
        return fail_memory(failure);
    }
    enum status status = certificate_chain_verify(chain, buffer_view(&text), binding->signature);
    if (status == STATUS_UNTRUSTED) {
        return refuse(failure, RULE_CERTIFICATE_SIGNATURE, "/signature",
                      "the key of the certificate did not sign the binding of this vkey to this "
                      "party, registration number and ledger");
    }
    return status == STATUS_OK ? STATUS_OK : fail_memory(failure);
}

enum status key_binding_chain(const struct key_binding *binding,
                              struct certificate_chain **ret_chain, struct failure *failure)
{
    struct failure inner;
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    enum status status =
        certificate_chain_read(binding->chain, binding->chain_count, &chain, &inner);
    if (status != STATUS_OK) {
        return refuse_chain(RULE_CERTIFICATE_MALFORMED, status, &inner, failure);
    }
    status = certificate_chain_check_links(chain, &inner);
    if (status != STATUS_OK) {
        return refuse_chain(RULE_CERTIFICATE_CHAIN, status, &inner, failure);
    }
    *ret_chain = STEAL(chain);
    return STATUS_OK;
}

static bool names_vkey(const struct party_identity *identity, struct view vkey)
{
    for (size_t i = 0; i < identity->vkey_count; i++) {
        if (view_equal(identity->vkeys[i], vkey)) {
            return true;
        }
    }
    return false;
}

static enum status binding_check(const struct statement *statement,
                                 const struct key_binding *binding, struct failure *failure)
{
    const struct party_identity *identity = &statement->party.identity;
    if (!names_vkey(identity, binding->vkey)) {
        return refuse(failure, RULE_CERTIFICATE_KEY, "/vkey",
                      "it is none of the vkeys of this statement");
    }
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    TRY(key_binding_chain(binding, &chain, failure));
    TRY(check_organization(identity, chain, failure));
    return check_signature(statement, binding, chain, failure);
}

enum status bindings_check(const struct statement *statement, struct failure *failure)
{
    const struct party *party = &statement->party;
    if (party->binding_count == 0) {
        return STATUS_OK;
    }
    size_t repeated =
        names_find_repeated(&party->bindings->vkey, party->binding_count, sizeof *party->bindings);
    if (repeated < party->binding_count) {
        char at[64];
        (void)snprintf(at, sizeof at, "/%zu/vkey", repeated);
        return refuse_repeated(failure, at, party->bindings[repeated].vkey);
    }
    for (size_t i = 0; i < party->binding_count; i++) {
        TRY_ITEM(i, binding_check(statement, &party->bindings[i], failure));
    }
    return STATUS_OK;
}
