#include "ledger/crypto/pkcs11_uri.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

static struct pkcs11_uri parsed(const char *text)
{
    struct pkcs11_uri uri;
    struct failure failure = {0};
    enum status status = pkcs11_uri_parse(view_of(text), &uri, &failure);
    cr_assert(status == STATUS_OK, "%s: %s", text, failure.reason);
    return uri;
}

static void refused(const char *text, enum status wanted, const char *phrase)
{
    struct pkcs11_uri uri;
    struct failure failure = {0};
    enum status status = pkcs11_uri_parse(view_of(text), &uri, &failure);
    cr_assert(eq(int, status, wanted), "%s", text);
    cr_assert(strstr(failure.reason, phrase) != NULL, "%s: %s", text, failure.reason);
}

static void check_value(const struct pkcs11_value *value, const char *bytes, size_t size)
{
    cr_assert(value->is_given);
    cr_assert(eq(sz, value->size, size));
    cr_assert(memcmp(value->bytes, bytes, size) == 0);
    cr_assert(eq(int, value->bytes[size], '\0'));
}

/* RFC 7512 section 3, as far as they name a key and no PIN. */
Test(pkcs11_uri, examples_of_the_rfc)
{
    struct pkcs11_uri uri = parsed("pkcs11:object=my-pubkey;type=public");
    check_value(&uri.object, "my-pubkey", 9);
    cr_assert(not(uri.token.is_given));

    uri = parsed("pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;"
                 "manufacturer=Snake%20Oil,%20Inc.;model=1.0;object=my-certificate;"
                 "id=%69%95%3E%5C%F4%BD%EC%91;serial=");
    check_value(&uri.token, "The Software PKCS#11 Softtoken", 30);
    check_value(&uri.manufacturer, "Snake Oil, Inc.", 15);
    check_value(&uri.model, "1.0", 3);
    check_value(&uri.id, "\x69\x95\x3e\x5c\xf4\xbd\xec\x91", 8);
    check_value(&uri.serial, "", 0);

    uri = parsed("pkcs11:slot-id=327;object=key?module-path=/mnt/libmypkcs11.so.1");
    cr_assert(uri.has_slot);
    cr_assert(eq(ulong, uri.slot, 327));
    cr_assert(eq(str, uri.module, (char *)"/mnt/libmypkcs11.so.1"));
}

Test(pkcs11_uri, order_does_not_matter_and_some_name_of_the_key_is_needed)
{
    struct pkcs11_uri uri = parsed("pkcs11:object=o;type=private;token=t");
    check_value(&uri.object, "o", 1);
    check_value(&uri.token, "t", 1);
    cr_assert(eq(str, uri.module, (char *)""));
    refused("pkcs11:", STATUS_INVALID, "names no key");
    refused("pkcs11:token=t;slot-id=1", STATUS_INVALID, "names no key");
}

Test(pkcs11_uri, a_value_may_hold_any_byte_and_digits_of_either_case)
{
    struct pkcs11_uri uri = parsed("pkcs11:id=%00%ff%Fe%0a;object=%c3%A5=b");
    check_value(&uri.id, "\0\xff\xfe\n", 4);
    check_value(&uri.object, "\xc3\xa5=b", 4);
}

Test(pkcs11_uri, what_cannot_be_read_is_refused_by_name)
{
    refused("pkcs11:object=%2", STATUS_INVALID, "two hexadecimal digits: object");
    refused("pkcs11:object=%", STATUS_INVALID, "two hexadecimal digits: object");
    refused("pkcs11:object=%zz", STATUS_INVALID, "two hexadecimal digits: object");
    refused("pkcs11:token=a;token=a", STATUS_INVALID, "token twice");
    refused("pkcs11:slot-id=1;slot-id=1", STATUS_INVALID, "slot-id twice");
    refused("pkcs11:slot-id=01", STATUS_INVALID, "slot-id");
    refused("pkcs11:slot-id=4294967296", STATUS_INVALID, "slot-id");
    refused("pkcs11:slot-id=-1", STATUS_INVALID, "slot-id");
    refused("pkcs11:type=cert", STATUS_INVALID, "does not name a key");
    refused("pkcs11:library-version=3", STATUS_INVALID, "library-version");
    refused("pkcs11:object", STATUS_INVALID, "without a value: object");
    refused("pkcs11:object=o;;token=t", STATUS_INVALID, "without a value");
    refused("pkcs11:object=o?module-path=lib.so", STATUS_INVALID, "from the root");
    refused("pkcs11:object=o?module-path=/a%00b", STATUS_INVALID, "from the root");
    refused("PKCS11:object=o", STATUS_INVALID, "begins with pkcs11:");
}

Test(pkcs11_uri, a_pin_is_never_taken_from_it)
{
    refused("pkcs11:object=o?pin-value=1234", STATUS_INVALID, "--passphrase-file");
    refused("pkcs11:object=o?pin-source=file:/etc/token_pin", STATUS_INVALID, "--passphrase-file");
}

Test(pkcs11_uri, a_value_has_a_greatest_size)
{
    char text[PKCS11_VALUE_MAX + 32];
    (void)snprintf(text, sizeof text, "pkcs11:object=%0*d", PKCS11_VALUE_MAX, 7);
    struct pkcs11_uri uri = parsed(text);
    cr_assert(eq(sz, uri.object.size, PKCS11_VALUE_MAX));
    (void)snprintf(text, sizeof text, "pkcs11:object=%0*d", PKCS11_VALUE_MAX + 1, 7);
    refused(text, STATUS_LIMIT, "over 255 bytes");
}
