#include "ledger/log/note.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/hash.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* An em dash (U+2014) and a space start each signature line. */
#define LINE_PREFIX VIEW("\xe2\x80\x94 ")

#define KEY_ID_SIZE 4
#define KEY_ID_DIGITS ((size_t)2 * KEY_ID_SIZE)
#define BLOB_SIZE_MAX (KEY_ID_SIZE + NOTE_SIGNATURE_SIZE_MAX)
#define BLOB_ED25519_SIZE (KEY_ID_SIZE + SIGNATURE_SIZE)
#define BASE64_SIZE(bytes) (((size_t)(bytes) + 2) / 3 * 4)

/* The type and the key, as a vkey encodes them. */
#define KEY_BLOB_SIZE (1 + PUBLIC_KEY_SIZE)

static uint32_t read_u32(const uint8_t bytes[static 4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
           (uint32_t)bytes[3];
}

static void write_u32(uint32_t value, uint8_t ret_bytes[static 4])
{
    ret_bytes[0] = (uint8_t)(value >> 24);
    ret_bytes[1] = (uint8_t)(value >> 16);
    ret_bytes[2] = (uint8_t)(value >> 8);
    ret_bytes[3] = (uint8_t)value;
}

/* Cuts off everything before the first `separator`, which is dropped; false when there is none. */
static bool cut(struct view *rest, char separator, struct view *ret_part)
{
    const char *at = rest->size == 0 ? NULL : memchr(rest->data, separator, rest->size);
    if (at == NULL) {
        return false;
    }
    size_t size = (size_t)(at - rest->data);
    *ret_part = (struct view){.data = rest->data, .size = size};
    *rest = (struct view){.data = at + 1, .size = rest->size - size - 1};
    return true;
}

/* Characters with the Unicode property White_Space, and the control characters (category Cc). */
static bool is_space_or_control(uint32_t point)
{
    return point <= 0x20 || (point >= 0x7f && point <= 0xa0) || point == 0x1680 ||
           (point >= 0x2000 && point <= 0x200a) || point == 0x2028 || point == 0x2029 ||
           point == 0x202f || point == 0x205f || point == 0x3000;
}

bool note_name_valid(struct view name)
{
    if (name.size == 0) {
        return false;
    }
    while (name.size > 0) {
        uint32_t point = (unsigned char)name.data[0];
        size_t size = point < 0x80 ? 1 : utf8_decode(name, &point);
        if (size == 0 || point == '+' || is_space_or_control(point)) {
            return false;
        }
        name.data += size;
        name.size -= size;
    }
    return true;
}

static void write_key_blob(enum note_key_type type, const struct public_key *key,
                           uint8_t ret_blob[static KEY_BLOB_SIZE])
{
    ret_blob[0] = (uint8_t)type;
    memcpy(ret_blob + 1, key->bytes, PUBLIC_KEY_SIZE);
}

/* The longest message: a vkey of ML-DSA-44 has a key of 1,312 bytes. */
#define KEY_MESSAGE_SIZE_MAX (NAME_SIZE_MAX + 1 + NOTE_SIGNATURE_SIZE_MAX)

uint32_t note_vkey_id(struct view name, struct view blob)
{
    assert(name.size <= NAME_SIZE_MAX);
    assert(blob.size <= NOTE_SIGNATURE_SIZE_MAX);

    char message[KEY_MESSAGE_SIZE_MAX];
    memcpy(message, name.data, name.size);
    message[name.size] = '\n';
    memcpy(message + name.size + 1, blob.data, blob.size);
    struct hash hash =
        hash_bytes((struct view){.data = message, .size = name.size + 1 + blob.size});
    return read_u32(hash.bytes);
}

uint32_t note_key_id(struct view name, enum note_key_type type, const struct public_key *key)
{
    uint8_t blob[KEY_BLOB_SIZE];
    write_key_blob(type, key, blob);
    return note_vkey_id(name, (struct view){.data = (const char *)blob, .size = sizeof blob});
}

enum status note_key_make(struct view name, enum note_key_type type, const struct public_key *key,
                          struct note_key *ret_key)
{
    if (!note_name_valid(name)) {
        return STATUS_INVALID;
    }
    if (name.size > NAME_SIZE_MAX) {
        return STATUS_LIMIT;
    }
    *ret_key = (struct note_key){
        .id = note_key_id(name, type, key),
        .type = type,
        .key = *key,
    };
    memcpy(ret_key->name, name.data, name.size);
    return STATUS_OK;
}

static enum status check_vkey_name(struct view name, struct failure *failure)
{
    if (!note_name_valid(name)) {
        return fail(failure, STATUS_INVALID, "",
                    "the name of the vkey is empty or has a space, a plus or a control character");
    }
    if (name.size > NAME_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the name of the vkey is over %d bytes",
                    NAME_SIZE_MAX);
    }
    return STATUS_OK;
}

/* Takes the three parts of a vkey apart; checks their form only. */
static bool split_vkey(struct view vkey, size_t capacity, uint8_t *ret_blob,
                       struct note_vkey *ret_parts)
{
    /* Only the first two plus signs separate: base64 may contain more. */
    struct view name;
    struct view id;
    uint8_t id_bytes[KEY_ID_SIZE];
    size_t size;
    if (!cut(&vkey, '+', &name) || !cut(&vkey, '+', &id) ||
        hex_read(id, KEY_ID_SIZE, id_bytes) != STATUS_OK ||
        base64_read(vkey, capacity, ret_blob, &size) != STATUS_OK || size == 0) {
        return false;
    }
    *ret_parts = (struct note_vkey){
        .name = name,
        .id = read_u32(id_bytes),
        .blob = {.data = (const char *)ret_blob, .size = size},
    };
    return true;
}

/* Checks the name, and that the id is the one that name and key give. */
static enum status check_vkey(const struct note_vkey *parts, struct failure *failure)
{
    TRY(check_vkey_name(parts->name, failure));
    uint32_t id = note_vkey_id(parts->name, parts->blob);
    if (id != parts->id) {
        return fail(failure, STATUS_INVALID, "", "the vkey says id %08x, its key has id %08x",
                    (unsigned int)parts->id, (unsigned int)id);
    }
    return STATUS_OK;
}

enum status note_vkey_read(struct view vkey, size_t capacity, uint8_t *ret_blob,
                           struct note_vkey *ret_parts, struct failure *failure)
{
    assert(capacity <= NOTE_SIGNATURE_SIZE_MAX);

    struct note_vkey parts;
    if (!split_vkey(vkey, capacity, ret_blob, &parts)) {
        return fail(failure, STATUS_INVALID, "",
                    "a vkey is <name>+<8 hex digits>+<base64 of type and key>");
    }
    TRY(check_vkey(&parts, failure));
    *ret_parts = parts;
    return STATUS_OK;
}

enum status note_key_parse(struct view vkey, struct note_key *ret_key, struct failure *failure)
{
    struct note_vkey parts;
    uint8_t blob[KEY_BLOB_SIZE];
    if (!split_vkey(vkey, sizeof blob, blob, &parts) || parts.blob.size != KEY_BLOB_SIZE) {
        return fail(failure, STATUS_INVALID, "",
                    "a vkey is <name>+<8 hex digits>+<base64 of type and 32-byte key>");
    }
    if (blob[0] != NOTE_KEY_ED25519 && blob[0] != NOTE_KEY_COSIGNATURE) {
        return fail(failure, STATUS_INVALID, "", "the vkey has unsupported type 0x%02x", blob[0]);
    }
    TRY(check_vkey(&parts, failure));
    struct public_key public;
    memcpy(public.bytes, blob + 1, PUBLIC_KEY_SIZE);
    if (!public_key_check(&public)) {
        return fail(failure, STATUS_INVALID, "",
                    "the key of the vkey is not a canonical point of the main subgroup");
    }
    return note_key_make(parts.name, (enum note_key_type)blob[0], &public, ret_key);
}

enum status note_vkey_write(const struct note_vkey *parts, struct buffer *buffer)
{
    uint8_t id[KEY_ID_SIZE];
    write_u32(parts->id, id);

    /* All of the room first, so that a full buffer is left as it was. */
    char *room;
    size_t size = parts->name.size + 1 + KEY_ID_DIGITS + 1 + BASE64_SIZE(parts->blob.size);
    TRY(buffer_reserve(buffer, size, &room));
    TRY(buffer_append(buffer, parts->name));
    TRY(buffer_append_byte(buffer, '+'));
    TRY(hex_write(buffer, (struct view){.data = (const char *)id, .size = sizeof id}));
    TRY(buffer_append_byte(buffer, '+'));
    return base64_write(buffer, parts->blob);
}

enum status note_key_write(const struct note_key *key, struct buffer *buffer)
{
    uint8_t blob[KEY_BLOB_SIZE];
    write_key_blob(key->type, &key->key, blob);
    struct note_vkey parts = {
        .name = view_of(key->name),
        .id = key->id,
        .blob = {.data = (const char *)blob, .size = sizeof blob},
    };
    return note_vkey_write(&parts, buffer);
}

bool note_key_equal(const struct note_key *a, const struct note_key *b)
{
    return a->id == b->id && a->type == b->type && public_key_equal(&a->key, &b->key) &&
           strcmp(a->name, b->name) == 0;
}

/* Fills `failure` with the line, from 1, on which `at` stands in `bytes`. */
static enum status fail_line(struct failure *failure, enum status status, struct view bytes,
                             const char *at, const char *reason)
{
    if (failure == NULL) {
        return status;
    }
    size_t line = 1;
    for (const char *byte = bytes.data; byte < at; byte++) {
        line += *byte == '\n';
    }
    char place[FAILURE_AT_SIZE];
    (void)snprintf(place, sizeof place, "line %zu", line);
    return fail(failure, status, place, "%s", reason);
}

/* Splits at the last empty line: the text may contain empty lines, the signatures may not. */
static bool split_note(struct view bytes, struct view *ret_text, struct view *ret_lines)
{
    for (size_t i = bytes.size; i >= 2; i--) {
        if (bytes.data[i - 1] == '\n' && bytes.data[i - 2] == '\n') {
            *ret_text = (struct view){.data = bytes.data, .size = i - 1};
            *ret_lines = (struct view){.data = bytes.data + i, .size = bytes.size - i};
            return true;
        }
    }
    return false;
}

/* Parses `line`, a signature line of `note` without its newline. */
static enum status parse_line(struct view note, struct view line,
                              struct note_signature *ret_signature, struct failure *failure)
{
    if (!view_starts_with(line, LINE_PREFIX)) {
        return fail_line(failure, STATUS_INVALID, note, line.data,
                         "a signature line starts with an em dash and a space");
    }
    struct view encoded = {.data = line.data + LINE_PREFIX.size,
                           .size = line.size - LINE_PREFIX.size};
    struct view name;
    if (!cut(&encoded, ' ', &name) || !note_name_valid(name)) {
        return fail_line(failure, STATUS_INVALID, note, line.data,
                         "the key name is missing or malformed");
    }
    uint8_t blob[BLOB_SIZE_MAX];
    size_t size = 0;
    enum status decoded = base64_read(encoded, sizeof blob, blob, &size);
    if (decoded == STATUS_LIMIT) {
        return fail_line(failure, decoded, note, line.data, "the signature is too long");
    }
    if (decoded != STATUS_OK || size <= KEY_ID_SIZE) {
        return fail_line(failure, STATUS_INVALID, note, line.data,
                         "the signature is not canonical base64 of a key id and a signature");
    }
    *ret_signature = (struct note_signature){
        .name = name,
        .key_id = read_u32(blob),
        .encoded = encoded,
        .size = size - KEY_ID_SIZE,
    };
    return STATUS_OK;
}

/* Orders signatures by name and key id. Returns <0, 0 or >0. */
static int compare_signatures(const struct note_signature *a, const struct note_signature *b)
{
    int order = view_compare(a->name, b->name);
    return order != 0 ? order : (a->key_id > b->key_id) - (a->key_id < b->key_id);
}

static bool is_repeated(const struct note_signature *signatures, size_t count,
                        const struct note_signature *signature)
{
    for (size_t i = 0; i < count; i++) {
        if (signatures[i].key_id == signature->key_id &&
            view_equal(signatures[i].name, signature->name)) {
            return true;
        }
    }
    return false;
}

enum status note_parse(struct view bytes, struct note *ret_note, struct failure *failure)
{
    const char *control = text_find_control(bytes);
    if (control != NULL) {
        return fail_line(failure, STATUS_INVALID, bytes, control,
                         "a note contains no control character but newlines");
    }
    if (!utf8_valid(bytes)) {
        return fail(failure, STATUS_INVALID, "", "the note is not valid UTF-8");
    }
    struct view text;
    struct view lines;
    if (!split_note(bytes, &text, &lines) || lines.size == 0) {
        return fail(failure, STATUS_INVALID, "",
                    "a note is a text, an empty line and at least one signature line");
    }

    /* Not zeroed, and copied as far as it was filled: this runs for every entry of an audit. */
    struct note_signature signatures[NOTE_SIGNATURES_MAX];
    size_t count = 0;
    while (lines.size > 0) {
        const char *start = lines.data;
        struct view line;
        if (!text_cut_line(&lines, &line)) {
            return fail_line(failure, STATUS_INVALID, bytes, start, "the last newline is missing");
        }
        if (count == NOTE_SIGNATURES_MAX) {
            return fail_line(failure, STATUS_LIMIT, bytes, start, "there are too many signatures");
        }
        struct note_signature signature = {.size = 0};
        TRY(parse_line(bytes, line, &signature, failure));
        if (is_repeated(signatures, count, &signature)) {
            return fail_line(failure, STATUS_INVALID, bytes, start,
                             "there is an earlier signature by the same key name and id");
        }
        signatures[count] = signature;
        count++;
    }

    ret_note->text = text;
    ret_note->count = count;
    memcpy(ret_note->signatures, signatures, count * sizeof signatures[0]);
    return STATUS_OK;
}

enum status note_check_sorted(const struct note *note, struct failure *failure)
{
    for (size_t i = 1; i < note->count; i++) {
        if (compare_signatures(&note->signatures[i - 1], &note->signatures[i]) >= 0) {
            char place[FAILURE_AT_SIZE];
            (void)snprintf(place, sizeof place, "signature %zu", i + 1);
            return fail(failure, STATUS_INVALID, place,
                        "signatures are not in ascending order of key name and id");
        }
    }
    return STATUS_OK;
}

void note_signature_bytes(const struct note_signature *signature, uint8_t *ret_bytes)
{
    uint8_t blob[BLOB_SIZE_MAX];
    size_t size = 0;
    enum status decoded = base64_read(signature->encoded, sizeof blob, blob, &size);
    assert(decoded == STATUS_OK);
    assert(size == KEY_ID_SIZE + signature->size);
    memcpy(ret_bytes, blob + KEY_ID_SIZE, signature->size);
}

size_t note_find(const struct note *note, const struct note_key *key)
{
    struct view name = view_of(key->name);
    for (size_t i = 0; i < note->count; i++) {
        const struct note_signature *signature = &note->signatures[i];
        if (signature->key_id == key->id && view_equal(signature->name, name)) {
            return i;
        }
    }
    return note->count;
}

enum status note_verify(const struct note *note, const struct note_key *key)
{
    assert(key->type == NOTE_KEY_ED25519);

    size_t index = note_find(note, key);
    if (index == note->count) {
        return STATUS_NOT_FOUND;
    }
    if (note->signatures[index].size != SIGNATURE_SIZE) {
        return STATUS_UNTRUSTED;
    }
    struct signature signature;
    note_signature_bytes(&note->signatures[index], signature.bytes);
    return public_key_verify(&key->key, note->text, &signature);
}

static size_t line_size(struct view name, size_t encoded_size)
{
    return LINE_PREFIX.size + name.size + 1 + encoded_size + 1;
}

/* Whether a text can be signed: any other one would give a note that nobody can read. */
static bool text_valid(struct view text)
{
    return text.size > 0 && text.data[text.size - 1] == '\n' && text_find_control(text) == NULL &&
           utf8_valid(text);
}

enum status note_write_line(struct view name, uint32_t key_id, struct view signature,
                            struct buffer *buffer)
{
    assert(signature.size > 0);
    assert(signature.size <= NOTE_SIGNATURE_SIZE_MAX);

    uint8_t blob[BLOB_SIZE_MAX];
    size_t size = KEY_ID_SIZE + signature.size;
    write_u32(key_id, blob);
    memcpy(blob + KEY_ID_SIZE, signature.data, signature.size);

    /* All of the room first, so that a full buffer is left as it was. */
    char *room;
    TRY(buffer_reserve(buffer, line_size(name, BASE64_SIZE(size)), &room));
    TRY(buffer_append(buffer, LINE_PREFIX));
    TRY(buffer_append(buffer, name));
    TRY(buffer_append_byte(buffer, ' '));
    TRY(base64_write(buffer, (struct view){.data = (const char *)blob, .size = size}));
    return buffer_append_byte(buffer, '\n');
}

enum status note_sign_line(struct view text, const struct note_key *key, struct secret_key *secret,
                           struct buffer *buffer)
{
    assert(text_valid(text));
    assert(key->type == NOTE_KEY_ED25519);
    assert(public_key_equal(&key->key, secret_key_public(secret)));

    struct signature signature;
    TRY(secret_key_sign(secret, text, &signature));
    struct view bytes = {.data = (const char *)signature.bytes, .size = SIGNATURE_SIZE};
    return note_write_line(view_of(key->name), key->id, bytes, buffer);
}

enum status note_write_signed(struct view text, const struct note_key *key,
                              struct secret_key *secret, struct buffer *buffer)
{
    char *room;
    size_t line = line_size(view_of(key->name), BASE64_SIZE(BLOB_ED25519_SIZE));
    TRY(buffer_reserve(buffer, text.size + 1 + line, &room));
    size_t before = buffer->size;
    TRY(buffer_append(buffer, text));
    TRY(buffer_append_byte(buffer, '\n'));
    enum status signed_status = note_sign_line(text, key, secret, buffer);
    if (signed_status != STATUS_OK && buffer->data != NULL) {
        buffer->size = before; /* a key that is held elsewhere may refuse */
        buffer->data[before] = '\0';
    }
    return signed_status;
}

/* Puts `signature` into sorted `signatures`, which have room for it. */
static void insert_signature(struct note_signature *signatures, size_t count,
                             const struct note_signature *signature)
{
    size_t i = count;
    for (; i > 0 && compare_signatures(&signatures[i - 1], signature) > 0; i--) {
        signatures[i] = signatures[i - 1];
    }
    signatures[i] = *signature;
}

static enum status write_note(struct view text, const struct note_signature *signatures,
                              size_t count, struct buffer *buffer)
{
    size_t size = text.size + 1;
    for (size_t i = 0; i < count; i++) {
        size += line_size(signatures[i].name, signatures[i].encoded.size);
    }
    char *room;
    TRY(buffer_reserve(buffer, size, &room));
    TRY(buffer_append(buffer, text));
    TRY(buffer_append_byte(buffer, '\n'));
    for (size_t i = 0; i < count; i++) {
        TRY(buffer_append(buffer, LINE_PREFIX));
        TRY(buffer_append(buffer, signatures[i].name));
        TRY(buffer_append_byte(buffer, ' '));
        TRY(buffer_append(buffer, signatures[i].encoded));
        TRY(buffer_append_byte(buffer, '\n'));
    }
    return STATUS_OK;
}

enum status note_write_with_signature(const struct note *note, const struct note_key *key,
                                      struct secret_key *secret, struct buffer *buffer,
                                      struct failure *failure)
{
    if (note_find(note, key) < note->count) {
        return fail(failure, STATUS_CONFLICT, "", "the note already has a signature by %s+%08x",
                    key->name, (unsigned int)key->id);
    }
    if (note->count == NOTE_SIGNATURES_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the note already has %d signatures",
                    NOTE_SIGNATURES_MAX);
    }

    OWNED(buffer_release) struct buffer line;
    buffer_init(&line, line_size(view_of(key->name), BASE64_SIZE(BLOB_ED25519_SIZE)));
    enum status signed_status = note_sign_line(note->text, key, secret, &line);
    if (signed_status != STATUS_OK) {
        return secret_key_explain(secret, signed_status, failure);
    }
    struct note_signature added;
    struct view line_text = {.data = line.data, .size = line.size - 1};
    enum status parsed = parse_line(line_text, line_text, &added, NULL);
    assert(parsed == STATUS_OK);

    struct note_signature sorted[NOTE_SIGNATURES_MAX];
    for (size_t i = 0; i < note->count; i++) {
        insert_signature(sorted, i, &note->signatures[i]);
    }
    insert_signature(sorted, note->count, &added);

    enum status written = write_note(note->text, sorted, note->count + 1, buffer);
    if (written != STATUS_OK) {
        return fail(failure, written, "", "there is no room for the signed note");
    }
    return STATUS_OK;
}

/* Adds the lines of `lines` to `sorted`, which has room for NOTE_SIGNATURES_MAX. */
static enum status insert_lines(struct view lines, struct note_signature *sorted, size_t *count,
                                struct failure *failure)
{
    struct view all = lines;
    while (lines.size > 0) {
        const char *start = lines.data;
        struct view line;
        struct note_signature signature = {.size = 0};
        if (!text_cut_line(&lines, &line)) {
            return fail_line(failure, STATUS_INVALID, all, start, "the last newline is missing");
        }
        TRY(parse_line(all, line, &signature, failure));
        if (is_repeated(sorted, *count, &signature)) {
            return fail_line(failure, STATUS_CONFLICT, all, start,
                             "there is an earlier signature by the same key name and id");
        }
        if (*count == NOTE_SIGNATURES_MAX) {
            return fail_line(failure, STATUS_LIMIT, all, start, "there are too many signatures");
        }
        insert_signature(sorted, *count, &signature);
        *count += 1;
    }
    return STATUS_OK;
}

enum status note_write_with_lines(const struct note *note, struct view lines, struct buffer *buffer,
                                  struct failure *failure)
{
    if (text_find_control(lines) != NULL || !utf8_valid(lines)) {
        return fail(failure, STATUS_INVALID, "",
                    "the signature lines are not UTF-8 without control characters");
    }
    struct note_signature sorted[NOTE_SIGNATURES_MAX];
    size_t count = note->count;
    for (size_t i = 0; i < count; i++) {
        insert_signature(sorted, i, &note->signatures[i]);
    }
    TRY(insert_lines(lines, sorted, &count, failure));
    enum status written = write_note(note->text, sorted, count, buffer);
    if (written != STATUS_OK) {
        return fail(failure, written, "", "there is no room for the signed note");
    }
    return STATUS_OK;
}
