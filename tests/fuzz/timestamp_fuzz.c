/*
 * Fuzz: any bytes are refused as a time-stamp token or reply, or say what is within its bounds. The
 * token of a reply is a reply itself, and gives itself. Roots and lists are read too.
 */
#include "ledger/base/ownership.h"
#include "ledger/crypto/timestamp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void read_token(struct view token)
{
    struct timestamp timestamp;
    struct failure failure = {.status = STATUS_OK};
    enum status status = timestamp_read(token, &timestamp, &failure);
    if (status != STATUS_OK) {
        require(failure.status == status && failure.reason[0] != '\0');
        return;
    }
    require(strnlen(timestamp.authority, TIMESTAMP_NAME_SIZE) < TIMESTAMP_NAME_SIZE);
    require(strnlen(timestamp.policy, TIMESTAMP_POLICY_SIZE) < TIMESTAMP_POLICY_SIZE);
    require(strnlen(timestamp.serial, TIMESTAMP_SERIAL_SIZE) < TIMESTAMP_SERIAL_SIZE);
}

static void read_reply(struct view reply)
{
    struct failure failure = {.status = STATUS_OK};
    OWNED(buffer_release) struct buffer token;
    OWNED(buffer_release) struct buffer again;
    buffer_init(&token, TIMESTAMP_SIZE_MAX);
    buffer_init(&again, TIMESTAMP_SIZE_MAX);
    enum status status = timestamp_reply_read(reply, VIEW(""), &token, &failure);
    if (status != STATUS_OK) {
        require(failure.status == status && failure.reason[0] != '\0');
        return;
    }
    require(timestamp_reply_read(buffer_view(&token), VIEW(""), &again, &failure) == STATUS_OK);
    require(view_equal(buffer_view(&token), buffer_view(&again)));
    read_token(buffer_view(&token));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct failure failure;
    OWNED(trust_freep) struct trust *trust = NULL;
    read_token(input);
    read_reply(input);
    if (trust_read(input, VIEW(""), &trust, &failure) == STATUS_OK) {
        (void)trust_keep_list(trust, input, &failure);
    }
    return 0;
}
