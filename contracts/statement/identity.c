/* Who a party is: its name, its registration number and its keys. */
#include "contracts/statement/parts.h"

#include <assert.h>
#include <stdio.h>

#define LEGAL_NAME_MAX 300
#define REGISTRATION_PART_MAX 40

/* --- Reading --- */

static enum status registration_read(const struct json *node, struct registration *ret_registration,
                                     struct failure *failure)
{
    if (shape_is_not_published(node)) {
        *ret_registration = (struct registration){.scheme = REGISTRATION_NOT_PUBLISHED};
        return STATUS_OK;
    }
    if (json_type(node) != JSON_OBJECT) {
        return shape_malformed(node, "an object with scheme and number, or \"not_published\"",
                               failure);
    }
    enum { NUMBER, SCHEME, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [NUMBER] = {"number", SHAPE_REQUIRED},
        [SCHEME] = {"scheme", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));

    struct registration registration = {.scheme = REGISTRATION_OTHER};
    TRY_FIELD("number",
              shape_text(nodes[NUMBER], 1, REGISTRATION_PART_MAX, &registration.number, failure));
    TRY_FIELD("scheme", shape_text(nodes[SCHEME], 1, REGISTRATION_PART_MAX,
                                   &registration.scheme_name, failure));
    if (view_is(registration.scheme_name, "SE-ORGNR")) {
        registration.scheme = REGISTRATION_SE_ORGNR;
    } else if (view_is(registration.scheme_name, "LEI")) {
        registration.scheme = REGISTRATION_LEI;
    }
    *ret_registration = registration;
    return STATUS_OK;
}

static enum status vkeys_read(const struct json *node, struct arena *arena,
                              struct party_identity *identity, struct failure *failure)
{
    size_t count;
    TRY(shape_array(node, 1, STATEMENT_VKEYS_MAX, &count, failure));
    identity->vkeys = arena_allocate(arena, count, sizeof *identity->vkeys);
    identity->keys = arena_allocate(arena, count, sizeof *identity->keys);
    if (identity->vkeys == NULL || identity->keys == NULL) {
        return fail_memory(failure);
    }
    const struct json *item = json_first(node);
    for (size_t i = 0; i < count; i++, item = json_next(item)) {
        TRY_ITEM(i, shape_vkey(item, &identity->vkeys[i], failure));
    }
    identity->vkey_count = count;
    return STATUS_OK;
}

enum status identity_read_nodes(const struct identity_nodes *nodes, struct arena *arena,
                                struct party_identity *ret_identity, struct failure *failure)
{
    struct party_identity identity = {0};
    TRY_FIELD("party", shape_party(nodes->party, &identity.id, failure));
    TRY_FIELD("legal_name",
              shape_text(nodes->legal_name, 1, LEGAL_NAME_MAX, &identity.legal_name, failure));
    TRY_FIELD("registration",
              registration_read(nodes->registration, &identity.registration, failure));
    TRY_FIELD("vkeys", vkeys_read(nodes->vkeys, arena, &identity, failure));
    *ret_identity = identity;
    return STATUS_OK;
}

enum status identity_read(const struct json *node, struct arena *arena,
                          struct party_identity *ret_identity, struct failure *failure)
{
    enum { LEGAL_NAME, PARTY, REGISTRATION, VKEYS, COUNT };
    static const struct shape_field FIELDS[COUNT] = {
        [LEGAL_NAME] = {"legal_name", SHAPE_REQUIRED},
        [PARTY] = {"party", SHAPE_REQUIRED},
        [REGISTRATION] = {"registration", SHAPE_REQUIRED},
        [VKEYS] = {"vkeys", SHAPE_REQUIRED},
    };
    const struct json *nodes[COUNT];
    TRY(shape_object(node, FIELDS, COUNT, nodes, failure));
    return identity_read_nodes(&(struct identity_nodes){.party = nodes[PARTY],
                                                        .legal_name = nodes[LEGAL_NAME],
                                                        .registration = nodes[REGISTRATION],
                                                        .vkeys = nodes[VKEYS]},
                               arena, ret_identity, failure);
}

/* --- Registration numbers --- */

/*
 * NNNNNN-NNNC or NNNNNNNNNC; the third digit is 2 or more, which tells an organisation from a
 * person; C is the Luhn digit (the doubled digits are the first, third, ...).
 */
static bool is_se_orgnr(struct view number)
{
    enum { DIGITS = 10, HYPHEN_AT = 6 };
    bool has_hyphen = number.size == DIGITS + 1 && number.data[HYPHEN_AT] == '-';
    if (number.size != DIGITS && !has_hyphen) {
        return false;
    }
    unsigned int sum = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        char byte = number.data[has_hyphen && i >= HYPHEN_AT ? i + 1 : i];
        if (byte < '0' || byte > '9' || (i == 2 && byte < '2')) {
            return false;
        }
        unsigned int digit = (unsigned int)(byte - '0') * (i % 2 == 0 ? 2 : 1);
        sum += digit > 9 ? digit - 9 : digit;
    }
    return sum % 10 == 0;
}

/*
 * Eighteen letters and digits, then two check digits: with A = 10 ... Z = 35 the whole is 1 modulo
 * 97. Source: ISO 17442-1, check digits by ISO/IEC 7064 MOD 97-10.
 */
static bool is_lei(struct view number)
{
    enum { SIZE = 20, CHECK_AT = 18 };
    if (number.size != SIZE) {
        return false;
    }
    unsigned int remainder = 0;
    for (size_t i = 0; i < SIZE; i++) {
        char byte = number.data[i];
        if (byte >= '0' && byte <= '9') {
            remainder = (remainder * 10 + (unsigned int)(byte - '0')) % 97;
        } else if (byte >= 'A' && byte <= 'Z' && i < CHECK_AT) {
            remainder = (remainder * 100 + 10 + (unsigned int)(byte - 'A')) % 97;
        } else {
            return false;
        }
    }
    return remainder == 1;
}

bool registration_valid(const struct registration *registration)
{
    switch (registration->scheme) {
    case REGISTRATION_SE_ORGNR:
        return is_se_orgnr(registration->number);
    case REGISTRATION_LEI:
        return is_lei(registration->number);
    case REGISTRATION_NOT_PUBLISHED:
    case REGISTRATION_OTHER:
        break;
    }
    return true;
}

/* --- Keys --- */

enum status vkey_check(struct view vkey, struct note_key *ret_key, struct failure *failure)
{
    struct failure inner;
    enum status parsed = note_key_parse(vkey, ret_key, &inner);
    if (parsed != STATUS_OK) {
        return refuse(failure, RULE_KEY_MALFORMED, inner.at, "%s", inner.reason);
    }
    if (ret_key->type != NOTE_KEY_ED25519) {
        return refuse(failure, RULE_KEY_MALFORMED, "",
                      "expected a key of type 01 (Ed25519), which signs notes; found type %02x",
                      (unsigned int)ret_key->type);
    }
    return STATUS_OK;
}

enum status vkey_check_name(const struct note_key *key, struct view party, struct failure *failure)
{
    struct view name = view_of(key->name);
    bool is_named = view_starts_with(name, party);
    if (is_named && name.size > party.size) {
        is_named = name.data[party.size] == '/' && name.size > party.size + 1;
        for (size_t i = party.size + 1; is_named && i < name.size; i++) {
            char byte = name.data[i];
            is_named = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') ||
                       byte == '.' || byte == '-';
        }
    }
    if (!is_named) {
        char quoted[SHAPE_QUOTE_SIZE];
        shape_quote(name, quoted);
        return refuse(failure, RULE_KEY_NAME, "",
                      "expected a key named %.*s or %.*s/<function of a-z, 0-9, '.' and '-'>, "
                      "found one named %s",
                      VIEW_ARGS(party), VIEW_ARGS(party), quoted);
    }
    return STATUS_OK;
}

enum status identity_check(struct party_identity *identity, struct failure *failure)
{
    if (!registration_valid(&identity->registration)) {
        char quoted[SHAPE_QUOTE_SIZE];
        shape_quote(identity->registration.number, quoted);
        return refuse(failure, RULE_REGISTRATION_INVALID, "/registration/number",
                      "%s is not a valid number of the scheme %.*s", quoted,
                      VIEW_ARGS(identity->registration.scheme_name));
    }
    size_t repeated =
        names_find_repeated(identity->vkeys, identity->vkey_count, sizeof *identity->vkeys);
    if (repeated < identity->vkey_count) {
        char at[64];
        (void)snprintf(at, sizeof at, "/vkeys/%zu", repeated);
        return refuse_repeated(failure, at, identity->vkeys[repeated]);
    }
    for (size_t i = 0; i < identity->vkey_count; i++) {
        enum status checked = vkey_check(identity->vkeys[i], &identity->keys[i], failure);
        if (checked == STATUS_OK) {
            checked = vkey_check_name(&identity->keys[i], identity->id, failure);
        }
        if (checked != STATUS_OK) {
            shape_prefix_index(failure, i);
            shape_prefix_name(failure, "vkeys");
            return checked;
        }
    }
    return STATUS_OK;
}
