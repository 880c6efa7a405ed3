#include "cli/stamps.h"

#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/instant.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_MAX 10

void stamps_release(struct stamps *stamps)
{
    free(stamps->list);
    *stamps = (struct stamps){0};
}

enum status stamp_digest(struct view checkpoint, struct hash *ret_digest, struct failure *failure)
{
    struct note note;
    TRY(note_parse(checkpoint, &note, failure));
    *ret_digest = hash_bytes(note.text);
    return STATUS_OK;
}

/* --- Reading --- */

struct reading {
    struct ledger *ledger;
    const struct trust *trust;
    const char *policy;
    struct stamps *stamps;
};

static enum status push(struct stamps *stamps, const struct stamp *stamp, struct failure *failure)
{
    if (stamps->count == STAMPS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "there are over %d time-stamps", STAMPS_MAX);
    }
    if (stamps->count == stamps->capacity) {
        size_t capacity = stamps->capacity == 0 ? 16 : stamps->capacity * 2;
        struct stamp *list = realloc(stamps->list, capacity * sizeof *list);
        if (list == NULL) {
            return fail_memory(failure);
        }
        stamps->list = list;
        stamps->capacity = capacity;
    }
    stamps->list[stamps->count++] = *stamp;
    return STATUS_OK;
}

static enum status digest_at(struct ledger *ledger, uint64_t size, struct hash *ret_digest,
                             struct failure *failure)
{
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, CHECKPOINT_SIZE_MAX);
    TRY(store_read_checkpoint(ledger_store(ledger), size, &note, failure));
    return stamp_digest(buffer_view(&note), ret_digest, failure);
}

static enum status check(const struct reading *reading, const struct store_attachment *attachment,
                         struct timestamp *ret_timestamp, struct failure *failure)
{
    struct hash digest;
    TRY(digest_at(reading->ledger, attachment->checkpoint_size, &digest, failure));
    if (reading->trust != NULL) {
        return timestamp_verify(attachment->bytes, &digest, reading->trust, reading->policy,
                                ret_timestamp, failure);
    }
    TRY(timestamp_read(attachment->bytes, ret_timestamp, failure));
    return hash_equal(&ret_timestamp->digest, &digest)
               ? STATUS_OK
               : fail(failure, STATUS_UNTRUSTED, "", "the time-stamp is of another text");
}

static enum status visit(void *context, const struct store_attachment *attachment,
                         struct failure *failure)
{
    const struct reading *reading = context;
    struct stamp stamp = {.size = attachment->checkpoint_size};
    enum status status = check(reading, attachment, &stamp.timestamp, failure);
    if (status != STATUS_OK) {
        char at[64];
        (void)snprintf(at, sizeof at, "checkpoint %" PRIu64, attachment->checkpoint_size);
        failure_prefix(failure, at);
        return status;
    }
    return push(reading->stamps, &stamp, failure);
}

enum status stamps_read(struct ledger *ledger, const struct trust *trust, const char *policy,
                        struct stamps *ret_stamps, struct failure *failure)
{
    struct reading reading = {ledger, trust, policy, ret_stamps};
    TRY(ledger_each_attachment(ledger, STORE_NONE, ATTACHMENT_TIMESTAMP, visit, &reading, failure));
    ret_stamps->is_verified = trust != NULL;
    ret_stamps->were_lists_read = trust != NULL && trust_has_lists(trust);
    return STATUS_OK;
}

/* --- Telling --- */

void stamps_print(const struct stamps *stamps)
{
    if (stamps->count == 0) {
        return;
    }
    printf("\n%s\n", stamps->is_verified ? _("Time-stamps, verified to the roots that were given:")
                                         : _("Time-stamps, not verified (give --ca):"));
    size_t first = stamps->count > SHOWN_MAX ? stamps->count - SHOWN_MAX : 0;
    if (first > 0) {
        printf(_("  (%zu older ones are not shown)\n"), first);
    }
    for (size_t i = first; i < stamps->count; i++) {
        const struct stamp *stamp = &stamps->list[i];
        printf(_("  the first %" PRIu64 " entries existed before %s, says %s\n"), stamp->size,
               instant_write(stamp->timestamp.time).text, stamp->timestamp.authority);
    }
    if (stamps->is_verified && !stamps->were_lists_read) {
        printf("  %s\n", _("not looked up: whether their certificates were revoked (give --crl)"));
    }
}

enum status stamp_to_json(const struct stamp *stamp, bool is_verified, struct json **ret_object)
{
    OWNED(json_freep) struct json *object = json_new_object();
    if (object == NULL) {
        return STATUS_MEMORY;
    }
    const struct timestamp *timestamp = &stamp->timestamp;
    TRY(output_set_count(object, "size", stamp->size));
    TRY(json_set_string(object, "time", view_of(instant_write(timestamp->time).text)));
    TRY(json_set_string(object, "authority", view_of(timestamp->authority)));
    TRY(json_set_string(object, "authority_valid_until",
                        view_of(instant_write(timestamp->authority_until).text)));
    TRY(json_set_string(object, "policy", view_of(timestamp->policy)));
    TRY(json_set_string(object, "serial", view_of(timestamp->serial)));
    TRY(json_set_boolean(object, "verified", is_verified));
    *ret_object = STEAL(object);
    return STATUS_OK;
}

enum status stamps_to_json(const struct stamps *stamps, struct json **ret_array)
{
    OWNED(json_freep) struct json *array = json_new_array();
    if (array == NULL) {
        return STATUS_MEMORY;
    }
    for (size_t i = 0; i < stamps->count; i++) {
        OWNED(json_freep) struct json *object = NULL;
        TRY(stamp_to_json(&stamps->list[i], stamps->is_verified, &object));
        TRY(json_push(array, STEAL(object)));
    }
    *ret_array = STEAL(array);
    return STATUS_OK;
}
