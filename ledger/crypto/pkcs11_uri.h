/*
 * PKCS#11 URI: the name of a key in a token, as other programs write it.
 *
 *     pkcs11:token=Town;object=town.example?module-path=/usr/lib/softhsm/libsofthsm2.so
 *
 * Of the path the attributes token, manufacturer, model, serial, slot-id, object, id and type (of a
 * key) are known; of the query, module-path. A PIN in a URI would be seen by everyone who can list
 * processes, so pin-value is refused, and so is pin-source, since --passphrase-file does the same.
 * Any other attribute is refused: leaving it out of the search could find another key.
 *
 * Source  RFC 7512.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/base/view.h"

#include <stdbool.h>
#include <stddef.h>

#define PKCS11_SCHEME "pkcs11:"
#define PKCS11_VALUE_MAX 255
#define PKCS11_PATH_MAX 1023

/* A decoded value; it may hold any bytes, and ends in NUL beside them. */
struct pkcs11_value {
    bool is_given;
    size_t size;
    char bytes[PKCS11_VALUE_MAX + 1];
};

struct pkcs11_uri {
    struct pkcs11_value token;
    struct pkcs11_value manufacturer;
    struct pkcs11_value model;
    struct pkcs11_value serial;
    struct pkcs11_value object; /* the label of the key */
    struct pkcs11_value id;
    bool has_slot;
    unsigned long slot;
    char module[PKCS11_PATH_MAX + 1]; /* "" when it is not given */
};

/* Errors: STATUS_INVALID with what is wrong in it; STATUS_LIMIT when a value is too long. */
enum status pkcs11_uri_parse(struct view text, struct pkcs11_uri *ret_uri, struct failure *failure);
