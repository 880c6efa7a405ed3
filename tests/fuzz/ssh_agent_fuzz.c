/*
 * Fuzz: whatever an agent answers is refused, or is a key that was looked for, or a signature that
 * verifies. It is asked for a key by comment, and to sign by a key of the test's own.
 */
#include "ledger/base/ownership.h"
#include "ledger/crypto/ssh_agent.h"

#include <stdlib.h>
#include <string.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static enum status answer(void *context, struct view message, struct buffer *ret_answer,
                          struct failure *failure)
{
    const struct view *input = context;
    require(message.size > 0);
    enum status status = buffer_append(ret_answer, *input);
    return status == STATUS_OK ? status : fail(failure, status, "", "the answer is too large");
}

static void release(void *context)
{
    (void)context;
}

/* RFC 8032 section 7.1, TEST 1. */
static const struct public_key KEY = {.bytes = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7,
                                                0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a,
                                                0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25,
                                                0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a}};

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct failure failure;
    require(crypto_init(&failure) == STATUS_OK);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct ssh_agent agent = {answer, release, &input};
    struct failure failure;
    struct ssh_agent_key key;
    if (ssh_agent_find(&agent, VIEW("town"), &key, &failure) == STATUS_OK) {
        require(strcmp(key.comment, "town") == 0 && public_key_check(&key.key));
        require(strlen(key.fingerprint) == SSH_FINGERPRINT_SIZE - 2);
    }
    struct ssh_agent_key own = {.key = KEY};
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct signature signature;
    require(ssh_agent_hold(&agent, &own, &secret, &failure) == STATUS_OK);
    if (secret_key_sign(secret, VIEW(""), &signature) == STATUS_OK) {
        require(public_key_verify(&KEY, VIEW(""), &signature) == STATUS_OK);
    }
    return 0;
}
