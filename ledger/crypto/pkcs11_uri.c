#include "ledger/crypto/pkcs11_uri.h"

#include "ledger/base/text.h"

#include <string.h>

#define SLOT_MAX UINT32_MAX

/* Cuts up to `separator`, or all that is left. */
static struct view cut_part(struct view *rest, char separator)
{
    const char *at = rest->size == 0 ? NULL : memchr(rest->data, separator, rest->size);
    struct view part = *rest;
    if (at == NULL) {
        *rest = (struct view){rest->data + rest->size, 0};
        return part;
    }
    part.size = (size_t)(at - rest->data);
    *rest = (struct view){at + 1, rest->size - part.size - 1};
    return part;
}

/* Two hexadecimal digits of either case; -1 when they are none. */
static int read_octet(const char *digits)
{
    int value = 0;
    for (size_t i = 0; i < 2; i++) {
        char digit = digits[i];
        int worth = digit >= '0' && digit <= '9'   ? digit - '0'
                    : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                    : digit >= 'A' && digit <= 'F' ? digit - 'A' + 10
                                                   : -1;
        if (worth < 0) {
            return -1;
        }
        value = value * 16 + worth;
    }
    return value;
}

static enum status decode(struct view name, struct view text, size_t capacity, char *ret_bytes,
                          size_t *ret_size, struct failure *failure)
{
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int byte = (unsigned char)text.data[i];
        if (byte == '%') {
            byte = i + 2 < text.size ? read_octet(text.data + i + 1) : -1;
            i += 2;
        }
        if (byte < 0) {
            return fail(failure, STATUS_INVALID, "",
                        "in the PKCS#11 URI a %% is followed by two hexadecimal digits: %.*s",
                        VIEW_ARGS(name));
        }
        if (size == capacity) {
            return fail(failure, STATUS_LIMIT, "", "in the PKCS#11 URI %.*s is over %zu bytes",
                        VIEW_ARGS(name), capacity);
        }
        ret_bytes[size++] = (char)byte;
    }
    ret_bytes[size] = '\0';
    *ret_size = size;
    return STATUS_OK;
}

/* Cuts "name=" off a part. */
static enum status cut_name(struct view *part, struct view *ret_name, struct failure *failure)
{
    if (part->size == 0 || memchr(part->data, '=', part->size) == NULL) {
        return fail(failure, STATUS_INVALID, "",
                    "the PKCS#11 URI has an attribute without a value: %.*s", VIEW_ARGS(*part));
    }
    *ret_name = cut_part(part, '=');
    return STATUS_OK;
}

static enum status repeated(struct view name, struct failure *failure)
{
    return fail(failure, STATUS_INVALID, "", "the PKCS#11 URI gives %.*s twice", VIEW_ARGS(name));
}

static enum status unknown(struct view name, struct failure *failure)
{
    return fail(failure, STATUS_INVALID, "",
                "the PKCS#11 URI has an attribute %.*s, which is not known here", VIEW_ARGS(name));
}

static enum status set_slot(struct pkcs11_uri *uri, struct view name, struct view value,
                            struct failure *failure)
{
    if (uri->has_slot) {
        return repeated(name, failure);
    }
    uint64_t slot;
    if (decimal_u64_read(value, SLOT_MAX, &slot) != STATUS_OK) {
        return fail(failure, STATUS_INVALID, "", "the slot-id of the PKCS#11 URI is not a number");
    }
    uri->has_slot = true;
    uri->slot = (unsigned long)slot;
    return STATUS_OK;
}

/* Where an attribute of the path is kept; NULL when it is not one of these. */
static struct pkcs11_value *value_of(struct pkcs11_uri *uri, struct view name)
{
    const struct {
        const char *name;
        struct pkcs11_value *value;
    } values[] = {
        {"token", &uri->token},   {"manufacturer", &uri->manufacturer},
        {"model", &uri->model},   {"serial", &uri->serial},
        {"object", &uri->object}, {"id", &uri->id},
    };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (view_is(name, values[i].name)) {
            return values[i].value;
        }
    }
    return NULL;
}

static enum status set_path(struct pkcs11_uri *uri, struct view part, struct failure *failure)
{
    struct view name;
    TRY(cut_name(&part, &name, failure));
    if (view_is(name, "slot-id")) {
        return set_slot(uri, name, part, failure);
    }
    if (view_is(name, "type")) {
        if (view_is(part, "private") || view_is(part, "public")) {
            return STATUS_OK; /* the two halves of a key are looked for in any case */
        }
        return fail(failure, STATUS_INVALID, "", "the PKCS#11 URI does not name a key");
    }
    struct pkcs11_value *value = value_of(uri, name);
    if (value == NULL) {
        return unknown(name, failure);
    }
    if (value->is_given) {
        return repeated(name, failure);
    }
    value->is_given = true;
    return decode(name, part, PKCS11_VALUE_MAX, value->bytes, &value->size, failure);
}

static enum status set_query(struct pkcs11_uri *uri, struct view part, struct failure *failure)
{
    struct view name;
    TRY(cut_name(&part, &name, failure));
    if (view_is(name, "pin-value") || view_is(name, "pin-source")) {
        return fail(failure, STATUS_INVALID, "",
                    "a PIN is not taken from the PKCS#11 URI: give --passphrase-file or "
                    "--passphrase-fd");
    }
    if (!view_is(name, "module-path")) {
        return unknown(name, failure);
    }
    if (uri->module[0] != '\0') {
        return repeated(name, failure);
    }
    size_t size;
    TRY(decode(name, part, PKCS11_PATH_MAX, uri->module, &size, failure));
    if (uri->module[0] != '/' || strlen(uri->module) != size) {
        return fail(failure, STATUS_INVALID, "",
                    "the module-path of the PKCS#11 URI is a path from the root: /usr/lib/...");
    }
    return STATUS_OK;
}

enum status pkcs11_uri_parse(struct view text, struct pkcs11_uri *ret_uri, struct failure *failure)
{
    struct view scheme = VIEW(PKCS11_SCHEME);
    if (!view_starts_with(text, scheme)) {
        return fail(failure, STATUS_INVALID, "", "a PKCS#11 URI begins with pkcs11:");
    }
    struct view query = {text.data + scheme.size, text.size - scheme.size};
    struct view path = cut_part(&query, '?');
    struct pkcs11_uri uri = {0};
    while (path.size > 0) { /* bounded by the text */
        TRY(set_path(&uri, cut_part(&path, ';'), failure));
    }
    while (query.size > 0) {
        TRY(set_query(&uri, cut_part(&query, '&'), failure));
    }
    if (!uri.object.is_given && !uri.id.is_given) {
        return fail(failure, STATUS_INVALID, "",
                    "the PKCS#11 URI names no key: give object= (its label) or id=");
    }
    *ret_uri = uri;
    return STATUS_OK;
}
