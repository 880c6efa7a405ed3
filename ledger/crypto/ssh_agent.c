#include "ledger/crypto/ssh_agent.h"

#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/crypto/hash.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum message {
    AGENT_FAILURE = 5,
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14,
};

#define ALGORITHM VIEW("ssh-ed25519")
#define FINGERPRINT_PREFIX "SHA256:"
#define BLOB_SIZE_MAX 64 /* 4 + 11 + 4 + 32 */

/* --- The encoding: RFC 4251 section 5 --- */

static enum status write_u32(uint32_t value, struct buffer *buffer)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        TRY(buffer_append_byte(buffer, (char)(unsigned char)(value >> shift)));
    }
    return STATUS_OK;
}

static enum status write_string(struct view bytes, struct buffer *buffer)
{
    TRY(write_u32((uint32_t)bytes.size, buffer));
    return buffer_append(buffer, bytes);
}

static bool cut_u32(struct view *rest, uint32_t *ret_value)
{
    if (rest->size < 4) {
        return false;
    }
    uint32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        value = value << 8 | (unsigned char)rest->data[i];
    }
    *rest = (struct view){rest->data + 4, rest->size - 4};
    *ret_value = value;
    return true;
}

static bool cut_string(struct view *rest, struct view *ret_bytes)
{
    struct view after = *rest;
    uint32_t size;
    if (!cut_u32(&after, &size) || size > after.size) {
        return false;
    }
    *ret_bytes = (struct view){after.data, size};
    *rest = (struct view){after.data + size, after.size - size};
    return true;
}

static bool cut_type(struct view *rest, enum message type)
{
    if (rest->size < 1 || (unsigned char)rest->data[0] != (unsigned char)type) {
        return false;
    }
    *rest = (struct view){rest->data + 1, rest->size - 1};
    return true;
}

/* An Ed25519 key or signature: its algorithm, then `size` bytes, and nothing more. */
static bool read_blob(struct view blob, size_t size, uint8_t *ret_bytes)
{
    struct view algorithm;
    struct view bytes;
    if (!cut_string(&blob, &algorithm) || !view_equal(algorithm, ALGORITHM) ||
        !cut_string(&blob, &bytes) || bytes.size != size || blob.size != 0) {
        return false;
    }
    memcpy(ret_bytes, bytes.data, size);
    return true;
}

static enum status write_key_blob(const struct public_key *key, struct buffer *buffer)
{
    TRY(write_string(ALGORITHM, buffer));
    return write_string((struct view){.data = (const char *)key->bytes, .size = sizeof key->bytes},
                        buffer);
}

static enum status malformed(struct failure *failure)
{
    return fail(failure, STATUS_INVALID, "", "what the SSH agent answered cannot be read");
}

/* --- Finding a key --- */

/* As ssh-add writes it: without the padding. */
static enum status write_fingerprint(struct view blob, char ret_text[static SSH_FINGERPRINT_SIZE])
{
    struct hash hash = hash_bytes(blob);
    OWNED(buffer_release) struct buffer digits;
    buffer_init(&digits, SSH_FINGERPRINT_SIZE);
    TRY(base64_write(&digits, hash_view(&hash)));
    size_t size = digits.size;
    while (size > 0 && digits.data[size - 1] == '=') {
        size--;
    }
    (void)snprintf(ret_text, SSH_FINGERPRINT_SIZE, FINGERPRINT_PREFIX "%.*s", (int)size,
                   digits.data);
    return STATUS_OK;
}

struct finding {
    struct view wanted;
    size_t count; /* keys that are wanted */
    struct ssh_agent_key key;
};

static enum status look_at(struct finding *finding, struct view blob, struct view comment)
{
    struct ssh_agent_key key;
    if (!read_blob(blob, PUBLIC_KEY_SIZE, key.key.bytes) || !public_key_check(&key.key)) {
        return STATUS_OK; /* a key of another kind */
    }
    TRY(write_fingerprint(blob, key.fingerprint));
    (void)snprintf(key.comment, sizeof key.comment, "%.*s",
                   (int)(comment.size < sizeof key.comment ? comment.size : sizeof key.comment - 1),
                   comment.data);
    if (view_equal(comment, finding->wanted) || view_is(finding->wanted, key.fingerprint)) {
        finding->count++;
        finding->key = key;
    }
    return STATUS_OK;
}

static enum status look_at_all(struct finding *finding, struct view answer, struct failure *failure)
{
    uint32_t count;
    if (!cut_type(&answer, IDENTITIES_ANSWER) || !cut_u32(&answer, &count)) {
        return malformed(failure);
    }
    if (count > SSH_AGENT_KEYS_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the SSH agent has over %d keys",
                    SSH_AGENT_KEYS_MAX);
    }
    for (uint32_t i = 0; i < count; i++) {
        struct view blob;
        struct view comment;
        if (!cut_string(&answer, &blob) || !cut_string(&answer, &comment)) {
            return malformed(failure);
        }
        if (look_at(finding, blob, comment) != STATUS_OK) {
            return fail_memory(failure);
        }
    }
    return STATUS_OK;
}

enum status ssh_agent_find(const struct ssh_agent *agent, struct view wanted,
                           struct ssh_agent_key *ret_key, struct failure *failure)
{
    OWNED(buffer_release) struct buffer answer;
    buffer_init(&answer, SSH_AGENT_MESSAGE_MAX);
    const char request[] = {REQUEST_IDENTITIES};
    TRY(agent->exchange(agent->context, (struct view){request, sizeof request}, &answer, failure));

    struct finding finding = {.wanted = wanted};
    TRY(look_at_all(&finding, buffer_view(&answer), failure));
    if (finding.count == 0) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the SSH agent has no ssh-ed25519 key with this comment or fingerprint: see "
                    "ssh-add -l");
    }
    if (finding.count > 1) {
        return fail(failure, STATUS_INVALID, "",
                    "the SSH agent has %zu keys with this comment: give the fingerprint that "
                    "ssh-add -l shows",
                    finding.count);
    }
    *ret_key = finding.key;
    return STATUS_OK;
}

/* --- Signing --- */

struct held {
    struct ssh_agent agent;
    struct public_key key;
};

static enum status write_request(const struct public_key *key, struct view message,
                                 struct buffer *request)
{
    OWNED(buffer_release) struct buffer blob;
    buffer_init(&blob, BLOB_SIZE_MAX);
    TRY(write_key_blob(key, &blob));
    TRY(buffer_append_byte(request, SIGN_REQUEST));
    TRY(write_string(buffer_view(&blob), request));
    TRY(write_string(message, request));
    return write_u32(0, request); /* flags: they are for RSA */
}

static enum status read_response(struct view answer, struct signature *ret_signature,
                                 struct failure *failure)
{
    if (answer.size == 1 && (unsigned char)answer.data[0] == AGENT_FAILURE) {
        return fail(failure, STATUS_STORAGE, "",
                    "the SSH agent refused to sign: it is locked, was not allowed to, or no longer "
                    "has the key");
    }
    struct view blob;
    if (!cut_type(&answer, SIGN_RESPONSE) || !cut_string(&answer, &blob) || answer.size != 0 ||
        !read_blob(blob, SIGNATURE_SIZE, ret_signature->bytes)) {
        return malformed(failure);
    }
    return STATUS_OK;
}

static enum status held_sign(void *context, struct view message, struct signature *ret_signature,
                             struct failure *failure)
{
    struct held *held = context;
    OWNED(buffer_release) struct buffer request;
    OWNED(buffer_release) struct buffer answer;
    buffer_init(&request, SSH_AGENT_MESSAGE_MAX);
    buffer_init(&answer, SSH_AGENT_MESSAGE_MAX);
    enum status written = write_request(&held->key, message, &request);
    if (written != STATUS_OK) {
        return fail(failure, written, "", "the text is too large for an SSH agent");
    }
    TRY(held->agent.exchange(held->agent.context, buffer_view(&request), &answer, failure));
    return read_response(buffer_view(&answer), ret_signature, failure);
}

static void held_release(void *context)
{
    struct held *held = context;
    held->agent.release(held->agent.context);
    free(held);
}

enum status ssh_agent_hold(const struct ssh_agent *agent, const struct ssh_agent_key *key,
                           struct secret_key **ret_key, struct failure *failure)
{
    static const struct key_holder HOLDER = {held_sign, held_release};
    struct held *held = calloc(1, sizeof *held);
    if (held == NULL) {
        agent->release(agent->context);
        return fail_memory(failure);
    }
    *held = (struct held){.agent = *agent, .key = key->key};
    return secret_key_held(&key->key, &HOLDER, held, ret_key) == STATUS_OK ? STATUS_OK
                                                                           : fail_memory(failure);
}
