#include "cli/certified.h"

#include "cli/display.h"
#include "cli/entry.h"
#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/instant.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_OF_DAY 86400
#define INDENT 4
#define TEXT_MAX ((size_t)16 * 1024)

void certified_release(struct certified *certified)
{
    for (size_t i = 0; i < certified->count; i++) {
        free(certified->list[i].party);
        free(certified->list[i].vkey);
    }
    free(certified->list);
    *certified = (struct certified){0};
}

/* --- When a statement entered --- */

static int64_t end_of_day(struct date date)
{
    static const struct date EPOCH = {.year = 1970, .month = 1, .day = 1};
    int64_t days = (int64_t)date_day_number(date) - date_day_number(EPOCH);
    return days * SECONDS_OF_DAY + SECONDS_OF_DAY - 1;
}

/* The earliest time-stamp of a checkpoint over the entry; NULL when there is none. */
static const struct stamp *find_stamp(const struct stamps *stamps, uint64_t index)
{
    const struct stamp *found = NULL;
    for (size_t i = 0; i < stamps->count; i++) {
        const struct stamp *stamp = &stamps->list[i];
        if (stamp->size > index &&
            (found == NULL || stamp->timestamp.time < found->timestamp.time)) {
            found = stamp;
        }
    }
    return found;
}

/* --- Taking up --- */

static enum status push(struct certified *certified, const struct statement *statement,
                        const struct certified_key *key, struct view vkey)
{
    if (certified->count == certified->capacity) {
        size_t capacity = certified->capacity == 0 ? 16 : certified->capacity * 2;
        struct certified_key *list = realloc(certified->list, capacity * sizeof *list);
        if (list == NULL) {
            return STATUS_MEMORY;
        }
        certified->list = list;
        certified->capacity = capacity;
    }
    struct view party = statement->party.identity.id;
    struct certified_key *added = &certified->list[certified->count++];
    *added = *key;
    added->party = strndup(party.data, party.size);
    added->vkey = strndup(vkey.data, vkey.size);
    return added->party == NULL || added->vkey == NULL ? STATUS_MEMORY : STATUS_OK;
}

static enum status add_binding(struct certified *certified, const struct statement *statement,
                               uint64_t index, const struct key_binding *binding,
                               struct failure *failure)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    TRY(key_binding_chain(binding, &chain, failure));
    const struct stamp *stamp = find_stamp(certified->stamps, index);
    struct certified_key key = {
        .index = index,
        .entered = stamp == NULL ? end_of_day(statement->date) : stamp->timestamp.time,
        .is_stamped = stamp != NULL,
    };
    if (certified->trust != NULL) {
        TRY(trust_judge(certified->trust, chain, key.entered, failure));
    }
    certificate_chain_facts(chain, &key.facts);
    return push(certified, statement, &key, binding->vkey) == STATUS_OK ? STATUS_OK
                                                                        : fail_memory(failure);
}

enum status certified_add(struct certified *certified, struct ledger *ledger, uint64_t index,
                          struct failure *failure)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    TRY(entry_read(ledger, index, &statement, failure));
    if (statement->kind != KIND_PARTY) {
        return fail(failure, STATUS_UNTRUSTED, "", "entry %" PRIu64 " is no party statement",
                    index);
    }
    for (size_t i = 0; i < statement->party.binding_count; i++) {
        enum status status =
            add_binding(certified, statement, index, &statement->party.bindings[i], failure);
        if (status != STATUS_OK) {
            char at[64];
            (void)snprintf(at, sizeof at, "entry %" PRIu64 ", /certificates/%zu", index, i);
            failure_prefix(failure, at);
            return status;
        }
    }
    return STATUS_OK;
}

/* --- Telling --- */

static void print_key(const struct certified *certified, const struct certified_key *key)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, TEXT_MAX);
    printf("  %s\n%*s", key->vkey, INDENT, "");
    if (buffer_append_format(&text,
                             _("of the organisation %s, by the certificate of %s, which %s "
                               "issued"),
                             key->facts.organization_id, key->facts.subject,
                             key->facts.issuer) == STATUS_OK) {
        display_paragraph(buffer_view(&text), INDENT);
    }
    if (certified->trust == NULL) {
        return;
    }
    buffer_clear(&text);
    struct instant_text entered = instant_write(key->entered);
    if (buffer_append_format(&text,
                             key->is_stamped
                                 ? _("valid at %s, when entry %" PRIu64 " had been time-stamped")
                                 : _("valid at %s, the day that entry %" PRIu64
                                     " says itself: no time-stamp is over it"),
                             entered.text, key->index) == STATUS_OK) {
        printf("%*s", INDENT, "");
        display_paragraph(buffer_view(&text), INDENT);
    }
}

void certified_print(const struct certified *certified)
{
    if (certified->count == 0) {
        return;
    }
    printf("\n%s\n",
           certified->trust != NULL
               ? _("Keys that certificates vouch for, verified to the roots that were given:")
               : _("Keys that certificates vouch for, whose roots were not verified (give --ca):"));
    for (size_t i = 0; i < certified->count; i++) {
        print_key(certified, &certified->list[i]);
    }
    if (certified->trust != NULL && !trust_has_lists(certified->trust)) {
        printf("  %s\n", _("not looked up: whether the certificates were revoked (give --crl)"));
    }
}

static enum status key_to_json(const struct certified *certified, const struct certified_key *key,
                               struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    const struct certificate_facts *facts = &key->facts;
    TRY(json_set_string(object, "party", view_of(key->party)));
    TRY(json_set_string(object, "vkey", view_of(key->vkey)));
    TRY(output_set_count(object, "index", key->index));
    TRY(json_set_string(object, "organization_identifier", view_of(facts->organization_id)));
    TRY(json_set_string(object, "subject", view_of(facts->subject)));
    TRY(json_set_string(object, "issuer", view_of(facts->issuer)));
    TRY(json_set_string(object, "valid_from", view_of(instant_write(facts->valid_from).text)));
    TRY(json_set_string(object, "valid_until", view_of(instant_write(facts->valid_until).text)));
    TRY(json_set_string(object, "entered", view_of(instant_write(key->entered).text)));
    TRY(json_set_string(object, "entered_by", view_of(key->is_stamped ? "timestamp" : "date")));
    bool is_verified = certified->trust != NULL;
    TRY(json_set_boolean(object, "verified", is_verified));
    TRY(json_set_boolean(object, "revocation_checked",
                         is_verified && trust_has_lists(certified->trust)));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

enum status certified_to_json(const struct certified *certified, struct json **ret_array)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < certified->count; i++) {
        struct json *object;
        TRY(key_to_json(certified, &certified->list[i], &object));
        TRY(json_push(array, object));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}
