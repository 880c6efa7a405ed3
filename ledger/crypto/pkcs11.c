#include "ledger/crypto/pkcs11.h"

#include "ledger/base/ownership.h"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS_MAX 256
#define ID_SIZE_MAX 255
#define POINT_SIZE_MAX 64
#define OCTET_STRING 0x04
#define BIT_STRING 0x03

/* A module that is loaded, and what is open in it. */
struct session {
    void *library;
    CK_FUNCTION_LIST *calls;
    bool is_ours; /* initialised here, so finished here */
    bool is_open;
    CK_SESSION_HANDLE handle;
    CK_OBJECT_HANDLE private_key;
};

static void session_free(struct session *session)
{
    if (session == NULL) {
        return;
    }
    if (session->is_open) {
        (void)session->calls->C_CloseSession(session->handle);
    }
    if (session->is_ours) {
        (void)session->calls->C_Finalize(NULL);
    }
    if (session->library != NULL) {
        (void)dlclose(session->library);
    }
    free(session);
}

static void session_freep(struct session **session)
{
    session_free(*session);
    *session = NULL;
}

static enum status module_failed(const char *what, CK_RV code, struct failure *failure)
{
    return fail(failure, STATUS_STORAGE, "", "the PKCS#11 module failed in %s, code 0x%lx", what,
                (unsigned long)code);
}

/* --- The module --- */

static enum status load(const struct pkcs11_uri *uri, struct session *session,
                        struct failure *failure)
{
    const char *module = uri->module[0] == '\0' ? PKCS11_DEFAULT_MODULE : uri->module;
    session->library = dlopen(module, RTLD_NOW | RTLD_LOCAL);
    if (session->library == NULL) {
        return fail(failure, STATUS_NOT_FOUND, module,
                    "this PKCS#11 module cannot be loaded: name the token's own by ?module-path=");
    }
    /* ISO C has no conversion from a pointer to an object to one to a function; POSIX does. */
    CK_C_GetFunctionList get_list = NULL;
    void *symbol = dlsym(session->library, "C_GetFunctionList");
    memcpy(&get_list, &symbol, sizeof get_list);
    if (get_list == NULL || get_list(&session->calls) != CKR_OK || session->calls == NULL) {
        return fail(failure, STATUS_STORAGE, module, "this library is not a PKCS#11 module");
    }
    CK_RV code = session->calls->C_Initialize(NULL);
    if (code != CKR_OK && code != CKR_CRYPTOKI_ALREADY_INITIALIZED) {
        return module_failed("C_Initialize", code, failure);
    }
    session->is_ours = code == CKR_OK;
    return STATUS_OK;
}

/* --- The token --- */

/* Fields of a token are padded with spaces. */
static bool field_is(const struct pkcs11_value *wanted, const unsigned char *field, size_t size)
{
    while (size > 0 && field[size - 1] == ' ') {
        size--;
    }
    return !wanted->is_given || (wanted->size == size && memcmp(wanted->bytes, field, size) == 0);
}

static bool token_is(const struct pkcs11_uri *uri, CK_SLOT_ID slot, const CK_TOKEN_INFO *info)
{
    return (info->flags & CKF_TOKEN_INITIALIZED) != 0 && (!uri->has_slot || uri->slot == slot) &&
           field_is(&uri->token, info->label, sizeof info->label) &&
           field_is(&uri->manufacturer, info->manufacturerID, sizeof info->manufacturerID) &&
           field_is(&uri->model, info->model, sizeof info->model) &&
           field_is(&uri->serial, info->serialNumber, sizeof info->serialNumber);
}

static enum status find_token(const struct pkcs11_uri *uri, struct session *session,
                              CK_SLOT_ID *ret_slot, CK_TOKEN_INFO *ret_info,
                              struct failure *failure)
{
    CK_SLOT_ID slots[SLOTS_MAX];
    CK_ULONG count = SLOTS_MAX;
    CK_RV code = session->calls->C_GetSlotList(CK_TRUE, slots, &count);
    if (code != CKR_OK) {
        return module_failed("C_GetSlotList", code, failure);
    }
    size_t found = 0;
    for (CK_ULONG i = 0; i < count && i < SLOTS_MAX; i++) {
        CK_TOKEN_INFO info;
        if (session->calls->C_GetTokenInfo(slots[i], &info) == CKR_OK &&
            token_is(uri, slots[i], &info)) {
            found++;
            *ret_slot = slots[i];
            *ret_info = info;
        }
    }
    if (found == 0) {
        return fail(failure, STATUS_NOT_FOUND, "", "no token of the PKCS#11 URI is plugged in");
    }
    if (found > 1) {
        return fail(failure, STATUS_INVALID, "",
                    "the PKCS#11 URI names %zu tokens: add token= or serial=", found);
    }
    return STATUS_OK;
}

static enum status open_session(const struct pkcs11_uri *uri, struct session *session,
                                CK_TOKEN_INFO *ret_info, struct failure *failure)
{
    CK_SLOT_ID slot = 0;
    TRY(load(uri, session, failure));
    TRY(find_token(uri, session, &slot, ret_info, failure));
    CK_RV code =
        session->calls->C_OpenSession(slot, CKF_SERIAL_SESSION, NULL, NULL, &session->handle);
    if (code != CKR_OK) {
        return module_failed("C_OpenSession", code, failure);
    }
    session->is_open = true;
    return STATUS_OK;
}

/* --- Objects --- */

enum { FIND_CLASS, FIND_TYPE, FIND_LABEL, FIND_ID, FIND_COUNT };

/* Finds the one object of a class that the URI names. */
static enum status find_object(const struct pkcs11_uri *uri, struct session *session,
                               CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *ret_object,
                               size_t *ret_count, struct failure *failure)
{
    struct pkcs11_uri wanted = *uri; /* the module's parameters are not const */
    CK_KEY_TYPE type = CKK_EC_EDWARDS;
    CK_ATTRIBUTE template[FIND_COUNT] = {
        {CKA_CLASS, &class, sizeof class},
        {CKA_KEY_TYPE, &type, sizeof type},
    };
    CK_ULONG count = FIND_LABEL;
    if (wanted.object.is_given) {
        template[count++] =
            (CK_ATTRIBUTE){CKA_LABEL, wanted.object.bytes, (CK_ULONG)wanted.object.size};
    }
    if (wanted.id.is_given) {
        template[count++] = (CK_ATTRIBUTE){CKA_ID, wanted.id.bytes, (CK_ULONG)wanted.id.size};
    }
    CK_RV code = session->calls->C_FindObjectsInit(session->handle, template, count);
    if (code != CKR_OK) {
        return module_failed("C_FindObjectsInit", code, failure);
    }
    CK_OBJECT_HANDLE objects[2];
    CK_ULONG found = 0;
    code = session->calls->C_FindObjects(session->handle, objects, 2, &found);
    (void)session->calls->C_FindObjectsFinal(session->handle);
    if (code != CKR_OK) {
        return module_failed("C_FindObjects", code, failure);
    }
    if (found > 1) {
        return fail(failure, STATUS_INVALID, "",
                    "the token has several Ed25519 keys of this PKCS#11 URI: add id=");
    }
    if (found == 1) {
        *ret_object = objects[0];
    }
    *ret_count = (size_t)found;
    return STATUS_OK;
}

/* Source: PKCS#11 v3.0 wants the bare point; before it, DER of either kind was usual. */
static bool read_point(const uint8_t *point, size_t size, struct public_key *ret_key)
{
    const size_t key_size = PUBLIC_KEY_SIZE;
    size_t head;
    if (size == key_size) {
        head = 0;
    } else if (size == key_size + 2 && point[0] == OCTET_STRING && point[1] == key_size) {
        head = 2;
    } else if (size == key_size + 3 && point[0] == BIT_STRING && point[1] == key_size + 1 &&
               point[2] == 0) {
        head = 3;
    } else {
        return false;
    }
    memcpy(ret_key->bytes, point + head, key_size);
    return public_key_check(ret_key);
}

static enum status read_public(struct session *session, CK_OBJECT_HANDLE object,
                               struct pkcs11_key *ret_key, struct failure *failure)
{
    uint8_t point[POINT_SIZE_MAX];
    CK_ATTRIBUTE asked = {CKA_EC_POINT, point, sizeof point};
    CK_RV code = session->calls->C_GetAttributeValue(session->handle, object, &asked, 1);
    if (code != CKR_OK || asked.ulValueLen > sizeof point ||
        !read_point(point, (size_t)asked.ulValueLen, &ret_key->key)) {
        return fail(failure, STATUS_INVALID, "", "the key in the token is not an Ed25519 key");
    }
    CK_ATTRIBUTE label = {CKA_LABEL, ret_key->label, sizeof ret_key->label - 1};
    code = session->calls->C_GetAttributeValue(session->handle, object, &label, 1);
    bool has_label = code == CKR_OK && label.ulValueLen < sizeof ret_key->label;
    ret_key->label[has_label ? label.ulValueLen : 0] = '\0';
    return STATUS_OK;
}

static enum status find_public(const struct pkcs11_uri *uri, struct session *session,
                               struct pkcs11_key *ret_key, struct failure *failure)
{
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    size_t count;
    TRY(find_object(uri, session, CKO_PUBLIC_KEY, &object, &count, failure));
    if (count == 0) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the token shows no public Ed25519 key of this PKCS#11 URI");
    }
    return read_public(session, object, ret_key, failure);
}

enum status pkcs11_find(const struct pkcs11_uri *uri, struct pkcs11_key *ret_key,
                        struct failure *failure)
{
    OWNED(session_freep) struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return fail_memory(failure);
    }
    CK_TOKEN_INFO info;
    struct pkcs11_key key = {0};
    TRY(open_session(uri, session, &info, failure));
    TRY(find_public(uri, session, &key, failure));
    *ret_key = key;
    return STATUS_OK;
}

/* --- Signing --- */

static enum status log_in_with(struct session *session, struct view pin, struct failure *failure)
{
    char copy[PKCS11_VALUE_MAX]; /* the module's parameter is not const */
    if (pin.size > sizeof copy) {
        return fail(failure, STATUS_LIMIT, "", "the PIN is over %zu bytes", sizeof copy);
    }
    memcpy(copy, pin.data, pin.size);
    /* A token with a keypad of its own asks for the PIN itself: it is given none. */
    CK_RV code =
        session->calls->C_Login(session->handle, CKU_USER,
                                pin.size == 0 ? NULL : (unsigned char *)copy, (CK_ULONG)pin.size);
    secret_wipe(copy, sizeof copy);
    switch (code) {
    case CKR_OK:
    case CKR_USER_ALREADY_LOGGED_IN:
        return STATUS_OK;
    case CKR_PIN_INCORRECT:
    case CKR_PIN_LEN_RANGE:
    case CKR_PIN_INVALID:
        return fail(failure, STATUS_UNTRUSTED, "", "the PIN of the token is wrong");
    case CKR_PIN_LOCKED:
        return fail(failure, STATUS_STORAGE, "",
                    "the token is locked after too many wrong PINs: its security officer must "
                    "unlock it");
    default:
        return module_failed("C_Login", code, failure);
    }
}

static enum status log_in(struct session *session, const CK_TOKEN_INFO *info,
                          const struct pkcs11_login *login, struct failure *failure)
{
    if ((info->flags & CKF_LOGIN_REQUIRED) == 0) {
        return STATUS_OK;
    }
    if ((info->flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0) {
        return log_in_with(session, (struct view){"", 0}, failure);
    }
    char label[sizeof info->label + 1];
    memcpy(label, info->label, sizeof info->label);
    size_t size = sizeof info->label;
    while (size > 0 && label[size - 1] == ' ') {
        size--;
    }
    label[size] = '\0';

    struct view pin;
    TRY(login->ask(login->context, label, &pin, failure));
    enum status status = log_in_with(session, pin, failure);
    login->forget(login->context);
    return status;
}

static enum status session_sign(void *context, struct view message, struct signature *ret_signature,
                                struct failure *failure)
{
    struct session *session = context;
    CK_MECHANISM mechanism = {CKM_EDDSA, NULL, 0};
    CK_RV code = session->calls->C_SignInit(session->handle, &mechanism, session->private_key);
    if (code != CKR_OK) {
        return module_failed("C_SignInit", code, failure);
    }
    unsigned char *data = malloc(message.size + 1); /* the module's parameter is not const */
    if (data == NULL) {
        return fail_memory(failure);
    }
    memcpy(data, message.data, message.size);
    CK_ULONG size = SIGNATURE_SIZE;
    code = session->calls->C_Sign(session->handle, data, (CK_ULONG)message.size,
                                  ret_signature->bytes, &size);
    free(data);
    if (code != CKR_OK || size != SIGNATURE_SIZE) {
        return module_failed("C_Sign", code, failure);
    }
    return STATUS_OK;
}

static void session_release(void *context)
{
    session_free(context);
}

enum status pkcs11_open(const struct pkcs11_uri *uri, const struct pkcs11_login *login,
                        struct secret_key **ret_secret, struct pkcs11_key *ret_key,
                        struct failure *failure)
{
    static const struct key_holder HOLDER = {session_sign, session_release};
    OWNED(session_freep) struct session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        return fail_memory(failure);
    }
    CK_TOKEN_INFO info;
    struct pkcs11_key key = {0};
    TRY(open_session(uri, session, &info, failure));
    TRY(find_public(uri, session, &key, failure));
    TRY(log_in(session, &info, login, failure));
    size_t count;
    TRY(find_object(uri, session, CKO_PRIVATE_KEY, &session->private_key, &count, failure));
    if (count == 0) {
        return fail(failure, STATUS_NOT_FOUND, "",
                    "the token has the public half of the key, and not the secret one");
    }
    if (secret_key_held(&key.key, &HOLDER, STEAL(session), ret_secret) != STATUS_OK) {
        return fail_memory(failure);
    }
    *ret_key = key;
    return STATUS_OK;
}
