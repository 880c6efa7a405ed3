/*
 * Fuzz: any bytes are refused as a PKCS#11 URI with a reason, or name a key by values within their
 * bounds; a PIN is never among what is accepted.
 */
#include "ledger/crypto/pkcs11_uri.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void examine(const struct pkcs11_value *value)
{
    require(value->size <= PKCS11_VALUE_MAX && value->bytes[value->size] == '\0');
    require(value->is_given || value->size == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view input = {.data = (const char *)data, .size = size};
    struct failure failure = {.status = STATUS_OK};
    struct pkcs11_uri uri;
    enum status status = pkcs11_uri_parse(input, &uri, &failure);
    if (status != STATUS_OK) {
        require(failure.status == status && failure.reason[0] != '\0');
        return 0;
    }
    require(view_starts_with(input, VIEW(PKCS11_SCHEME)));
    require(uri.object.is_given || uri.id.is_given);
    examine(&uri.token);
    examine(&uri.manufacturer);
    examine(&uri.model);
    examine(&uri.serial);
    examine(&uri.object);
    examine(&uri.id);
    require(strnlen(uri.module, sizeof uri.module) <= PKCS11_PATH_MAX);
    require(uri.module[0] == '\0' || uri.module[0] == '/');
    return 0;
}
