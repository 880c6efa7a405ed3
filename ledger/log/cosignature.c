#include "ledger/log/cosignature.h"

#include "ledger/base/ownership.h"

#include <assert.h>
#include <inttypes.h>

#define TIME_SIZE 8
#define ED25519_BODY_SIZE (TIME_SIZE + SIGNATURE_SIZE)
#define LATTICE_BODY_SIZE (TIME_SIZE + LATTICE_SIGNATURE_SIZE)
#define BLOB_SIZE_MAX (1 + LATTICE_KEY_SIZE)

/* "cosignature/v1\ntime <decimal>\n" and a checkpoint, which has no extension lines. */
#define MESSAGE_SIZE_MAX 1024

static void write_u64(uint64_t value, uint8_t ret_bytes[static 8])
{
    for (int i = 0; i < 8; i++) {
        ret_bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

static uint64_t read_u64(const uint8_t bytes[static 8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static struct cosigner from_note_key(const struct note_key *key)
{
    struct cosigner cosigner = {.id = key->id, .type = COSIGNER_ED25519, .key = key->key};
    memcpy(cosigner.name, key->name, sizeof cosigner.name);
    return cosigner;
}

enum status cosigner_make(struct view name, const struct public_key *key,
                          struct cosigner *ret_cosigner)
{
    struct note_key made;
    TRY(note_key_make(name, NOTE_KEY_COSIGNATURE, key, &made));
    *ret_cosigner = from_note_key(&made);
    return STATUS_OK;
}

static struct cosigner from_lattice(const struct note_vkey *parts)
{
    struct cosigner cosigner = {.id = parts->id, .type = COSIGNER_LATTICE};
    memcpy(cosigner.name, parts->name.data, parts->name.size);
    memcpy(cosigner.lattice.bytes, parts->blob.data + 1, LATTICE_KEY_SIZE);
    return cosigner;
}

enum status cosigner_parse(struct view vkey, struct cosigner *ret_cosigner, struct failure *failure)
{
    struct note_vkey parts;
    uint8_t blob[BLOB_SIZE_MAX];
    TRY(note_vkey_read(vkey, sizeof blob, blob, &parts, failure));
    if (blob[0] == COSIGNER_LATTICE && parts.blob.size == 1 + LATTICE_KEY_SIZE) {
        *ret_cosigner = from_lattice(&parts);
        return STATUS_OK;
    }
    if (blob[0] != COSIGNER_ED25519) {
        return fail(failure, STATUS_INVALID, "",
                    "the vkey has type 0x%02x: a witness has one of type 0x04 or 0x06", blob[0]);
    }
    struct note_key key;
    TRY(note_key_parse(vkey, &key, failure));
    *ret_cosigner = from_note_key(&key);
    return STATUS_OK;
}

enum status cosigner_write(const struct cosigner *cosigner, struct buffer *buffer)
{
    uint8_t blob[BLOB_SIZE_MAX] = {(uint8_t)cosigner->type};
    bool is_lattice = cosigner->type == COSIGNER_LATTICE;
    size_t size = is_lattice ? LATTICE_KEY_SIZE : PUBLIC_KEY_SIZE;
    memcpy(blob + 1, is_lattice ? cosigner->lattice.bytes : cosigner->key.bytes, size);
    struct note_vkey parts = {
        .name = view_of(cosigner->name),
        .id = cosigner->id,
        .blob = {.data = (const char *)blob, .size = 1 + size},
    };
    return note_vkey_write(&parts, buffer);
}

bool cosigner_same_key(const struct cosigner *a, const struct cosigner *b)
{
    return a->type == b->type && public_key_equal(&a->key, &b->key) &&
           memcmp(a->lattice.bytes, b->lattice.bytes, LATTICE_KEY_SIZE) == 0;
}

bool cosigner_is_usable(const struct cosigner *cosigner)
{
    switch (cosigner->type) {
    case COSIGNER_ED25519:
        return true;
    case COSIGNER_LATTICE:
        return lattice_available();
    }
    return false;
}

/*
 * "The signed message MUST be two newline (U+000A) terminated lines (one header line and one
 * timestamp line) followed by the whole note body of the cosigned checkpoint".
 */
static enum status write_message(struct view text, uint64_t time, struct buffer *message)
{
    TRY(buffer_append_format(message, "cosignature/v1\ntime %" PRIu64 "\n", time));
    return buffer_append(message, text);
}

/* Appends a name with its length in one byte: opaque <1..2^8-1>. */
static enum status write_opaque(struct view name, struct buffer *message)
{
    assert(name.size >= 1 && name.size <= NAME_SIZE_MAX);
    TRY(buffer_append_byte(message, (char)(unsigned char)name.size));
    return buffer_append(message, name);
}

static enum status write_number(uint64_t value, struct buffer *message)
{
    uint8_t bytes[8];
    write_u64(value, bytes);
    return buffer_append(message, (struct view){.data = (const char *)bytes, .size = sizeof bytes});
}

/* The structure `cosigned_message`; "If signing a checkpoint", start "MUST be zero". */
static enum status write_lattice_message(const struct checkpoint *checkpoint, const char *name,
                                         uint64_t time, struct buffer *message)
{
    static const char label[12] = "subtree/v1\n";
    TRY(buffer_append(message, (struct view){.data = label, .size = sizeof label}));
    TRY(write_opaque(view_of(name), message));
    TRY(write_number(time, message));
    TRY(write_opaque(checkpoint->origin, message));
    TRY(write_number(0, message));
    TRY(write_number(checkpoint->size, message));
    return buffer_append(message, hash_view(&checkpoint->root));
}

static enum status verify_body(const struct checkpoint *checkpoint, struct view text,
                               const struct cosigner *cosigner, const uint8_t *body, uint64_t time)
{
    OWNED(buffer_release) struct buffer message;
    buffer_init(&message, MESSAGE_SIZE_MAX);
    if (cosigner->type == COSIGNER_LATTICE) {
        TRY(write_lattice_message(checkpoint, cosigner->name, time, &message));
        return lattice_verify(&cosigner->lattice, buffer_view(&message), body + TIME_SIZE);
    }
    struct signature signature;
    memcpy(signature.bytes, body + TIME_SIZE, SIGNATURE_SIZE);
    TRY(write_message(text, time, &message));
    return public_key_verify(&cosigner->key, buffer_view(&message), &signature);
}

/* The index of the line by this cosigner, or note->count. */
static size_t find_line(const struct note *note, const struct cosigner *cosigner)
{
    struct note_key key = {.id = cosigner->id};
    memcpy(key.name, cosigner->name, sizeof key.name);
    return note_find(note, &key);
}

enum status cosignature_verify(const struct note *note, const struct cosigner *cosigner,
                               uint64_t *ret_time)
{
    assert(cosigner_is_usable(cosigner));

    size_t index = find_line(note, cosigner);
    if (index == note->count) {
        return STATUS_NOT_FOUND;
    }
    struct checkpoint checkpoint;
    TRY(checkpoint_parse(note->text, &checkpoint, NULL));
    size_t size = cosigner->type == COSIGNER_LATTICE ? LATTICE_BODY_SIZE : ED25519_BODY_SIZE;
    if (note->signatures[index].size != size) {
        return STATUS_UNTRUSTED;
    }
    uint8_t body[LATTICE_BODY_SIZE];
    note_signature_bytes(&note->signatures[index], body);
    uint64_t time = read_u64(body);
    if (time > COSIGNATURE_TIME_MAX) {
        return STATUS_UNTRUSTED;
    }
    TRY(verify_body(&checkpoint, note->text, cosigner, body, time));
    *ret_time = time;
    return STATUS_OK;
}

enum status cosignature_sign_line(struct view text, const struct cosigner *cosigner,
                                  struct secret_key *secret, uint64_t time, struct buffer *buffer)
{
    assert(cosigner->type == COSIGNER_ED25519);
    assert(public_key_equal(&cosigner->key, secret_key_public(secret)));
    assert(time > 0);
    assert(time <= COSIGNATURE_TIME_MAX);

    OWNED(buffer_release) struct buffer message;
    buffer_init(&message, MESSAGE_SIZE_MAX);
    TRY(write_message(text, time, &message));

    struct signature signature;
    TRY(secret_key_sign(secret, buffer_view(&message), &signature));
    uint8_t body[ED25519_BODY_SIZE];
    write_u64(time, body);
    memcpy(body + TIME_SIZE, signature.bytes, SIGNATURE_SIZE);
    return note_write_line(view_of(cosigner->name), cosigner->id,
                           (struct view){.data = (const char *)body, .size = sizeof body}, buffer);
}
