#include "ledger/crypto/timestamp.h"

#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "ledger/crypto/trust_internal.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_VERSION 1
#define NONCE_SIZE 8
#define STATUS_TEXT_SIZE 160

static void request_freep(TS_REQ **request)
{
    TS_REQ_free(*request);
}

static void reply_freep(TS_RESP **reply)
{
    TS_RESP_free(*reply);
}

static void token_freep(PKCS7 **token)
{
    PKCS7_free(*token);
}

static void info_freep(TS_TST_INFO **info)
{
    TS_TST_INFO_free(*info);
}

static void imprint_freep(TS_MSG_IMPRINT **imprint)
{
    TS_MSG_IMPRINT_free(*imprint);
}

static void algorithm_freep(X509_ALGOR **algorithm)
{
    X509_ALGOR_free(*algorithm);
}

static void integer_freep(ASN1_INTEGER **integer)
{
    ASN1_INTEGER_free(*integer);
}

static void object_freep(ASN1_OBJECT **object)
{
    ASN1_OBJECT_free(*object);
}

static void context_freep(TS_VERIFY_CTX **context)
{
    TS_VERIFY_CTX_free(*context);
}

static void signers_freep(STACK_OF(X509) * *signers)
{
    sk_X509_free(*signers); /* the certificates belong to the token */
}

/* --- Requests --- */

static bool set_imprint(TS_REQ *request, const struct hash *digest)
{
    OWNED(imprint_freep) TS_MSG_IMPRINT *imprint = TS_MSG_IMPRINT_new();
    OWNED(algorithm_freep) X509_ALGOR *algorithm = X509_ALGOR_new();
    unsigned char bytes[HASH_SIZE];
    memcpy(bytes, digest->bytes, sizeof bytes); /* OpenSSL's parameter is not const */
    return imprint != NULL && algorithm != NULL &&
           X509_ALGOR_set0(algorithm, OBJ_nid2obj(NID_sha256), V_ASN1_NULL, NULL) == 1 &&
           TS_MSG_IMPRINT_set_algo(imprint, algorithm) == 1 &&
           TS_MSG_IMPRINT_set_msg(imprint, bytes, sizeof bytes) == 1 &&
           TS_REQ_set_msg_imprint(request, imprint) == 1;
}

/* RFC 3161 section 2.4.1: "a large random number with a high probability that the client generates
 * it only once". The first bit is clear, so that DER writes a positive number. */
static bool set_nonce(TS_REQ *request)
{
    unsigned char bytes[NONCE_SIZE];
    crypto_random(bytes, sizeof bytes);
    bytes[0] = (unsigned char)((bytes[0] & 0x7F) | 0x40);
    BIGNUM *number = BN_bin2bn(bytes, sizeof bytes, NULL);
    OWNED(integer_freep)
    ASN1_INTEGER *nonce = number == NULL ? NULL : BN_to_ASN1_INTEGER(number, NULL);
    BN_free(number);
    return nonce != NULL && TS_REQ_set_nonce(request, nonce) == 1;
}

static enum status append_der(unsigned char *der, int size, struct buffer *buffer,
                              struct failure *failure)
{
    if (size <= 0) {
        return fail_memory(failure);
    }
    enum status status =
        buffer_append(buffer, (struct view){.data = (const char *)der, .size = (size_t)size});
    OPENSSL_free(der);
    if (status != STATUS_OK) {
        return fail(failure, status, "", "there is no room for %d bytes", size);
    }
    return STATUS_OK;
}

enum status timestamp_request_write(const struct hash *digest, const char *policy,
                                    struct buffer *ret_request, struct failure *failure)
{
    OWNED(request_freep) TS_REQ *request = TS_REQ_new();
    OWNED(object_freep) ASN1_OBJECT *object = policy == NULL ? NULL : OBJ_txt2obj(policy, 1);
    ERR_clear_error();
    if (policy != NULL && object == NULL) {
        return fail(failure, STATUS_INVALID, "", "%s is not an object identifier like 1.2.3",
                    policy);
    }
    if (request == NULL || TS_REQ_set_version(request, REQUEST_VERSION) != 1 ||
        !set_imprint(request, digest) || !set_nonce(request) ||
        (object != NULL && TS_REQ_set_policy_id(request, object) != 1) ||
        TS_REQ_set_cert_req(request, 1) != 1) {
        return fail_memory(failure);
    }
    unsigned char *der = NULL;
    int size = i2d_TS_REQ(request, &der);
    return append_der(der, size, ret_request, failure);
}

/* --- Replies --- */

static bool is_whole(const unsigned char *end, struct view bytes)
{
    return (const char *)end == bytes.data + bytes.size;
}

static enum status parse_request(struct view bytes, TS_REQ **ret_request, struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    OWNED(request_freep) TS_REQ *request = NULL;
    if (bytes.size <= TIMESTAMP_REQUEST_SIZE_MAX) {
        request = d2i_TS_REQ(NULL, &data, (long)bytes.size);
    }
    ERR_clear_error();
    if (request == NULL || !is_whole(data, bytes)) {
        return fail(failure, STATUS_INVALID, "", "the request is not a whole RFC 3161 request");
    }
    *ret_request = STEAL(request);
    return STATUS_OK;
}

/* The authority's words, which are UTF-8 and may be absent. */
static void status_text(const TS_STATUS_INFO *info, char ret_text[static STATUS_TEXT_SIZE])
{
    const STACK_OF(ASN1_UTF8STRING) *texts = TS_STATUS_INFO_get0_text(info);
    ret_text[0] = '\0';
    if (texts != NULL && sk_ASN1_UTF8STRING_num(texts) > 0) {
        const ASN1_UTF8STRING *text = sk_ASN1_UTF8STRING_value(texts, 0);
        (void)snprintf(ret_text, STATUS_TEXT_SIZE, "%.*s", ASN1_STRING_length(text),
                       (const char *)ASN1_STRING_get0_data(text));
    }
}

/* Source: RFC 3161 section 2.4.2: 0 is granted, 1 granted with changes; no other has a token. */
static enum status check_granted(TS_RESP *reply, struct failure *failure)
{
    const TS_STATUS_INFO *info = TS_RESP_get_status_info(reply);
    int64_t code = -1;
    (void)ASN1_INTEGER_get_int64(&code, TS_STATUS_INFO_get0_status(info));
    if (code == TS_STATUS_GRANTED || code == TS_STATUS_GRANTED_WITH_MODS) {
        return STATUS_OK;
    }
    char text[STATUS_TEXT_SIZE];
    status_text(info, text);
    return fail(failure, STATUS_INVALID, "",
                "the time-stamping authority did not grant the request: status %d %s", (int)code,
                text);
}

static bool integers_equal(const ASN1_INTEGER *a, const ASN1_INTEGER *b)
{
    return a != NULL && b != NULL && ASN1_INTEGER_cmp(a, b) == 0;
}

/* The SHA-256 digest of an imprint. Returns false when it is none. */
static bool imprint_digest(TS_MSG_IMPRINT *imprint, struct hash *ret_digest)
{
    const ASN1_OBJECT *algorithm;
    X509_ALGOR_get0(&algorithm, NULL, NULL, TS_MSG_IMPRINT_get_algo(imprint));
    ASN1_OCTET_STRING *bytes = TS_MSG_IMPRINT_get_msg(imprint);
    if (OBJ_obj2nid(algorithm) != NID_sha256 || ASN1_STRING_length(bytes) != HASH_SIZE) {
        return false;
    }
    memcpy(ret_digest->bytes, ASN1_STRING_get0_data(bytes), HASH_SIZE);
    return true;
}

static enum status wrong_digest(struct failure *failure)
{
    return fail(failure, STATUS_UNTRUSTED, "", "the time-stamp is of another text");
}

static enum status compare_with_request(TS_REQ *request, TS_TST_INFO *info, struct failure *failure)
{
    struct hash asked;
    struct hash given;
    if (!imprint_digest(TS_REQ_get_msg_imprint(request), &asked)) {
        return fail(failure, STATUS_INVALID, "", "the request is not for a SHA-256 digest");
    }
    if (!imprint_digest(TS_TST_INFO_get_msg_imprint(info), &given) || !hash_equal(&asked, &given)) {
        return wrong_digest(failure);
    }
    const ASN1_INTEGER *nonce = TS_REQ_get_nonce(request);
    if (nonce != NULL && !integers_equal(nonce, TS_TST_INFO_get_nonce(info))) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the time-stamp answers another request: its nonce is not the one that was "
                    "sent");
    }
    ASN1_OBJECT *policy = TS_REQ_get_policy_id(request);
    if (policy != NULL && OBJ_cmp(policy, TS_TST_INFO_get_policy_id(info)) != 0) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the time-stamp was made under another policy than the request asked for");
    }
    return STATUS_OK;
}

static enum status parse_token(struct view bytes, PKCS7 **ret_token, TS_TST_INFO **ret_info,
                               struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    OWNED(token_freep) PKCS7 *token = NULL;
    if (bytes.size <= TIMESTAMP_SIZE_MAX) {
        token = d2i_PKCS7(NULL, &data, (long)bytes.size);
    }
    /* Asked of anything but signed data, OpenSSL's function would crash or misread. */
    bool is_signed = token != NULL && is_whole(data, bytes) && PKCS7_type_is_signed(token) &&
                     token->d.sign != NULL;
    OWNED(info_freep) TS_TST_INFO *info = is_signed ? PKCS7_to_TS_TST_INFO(token) : NULL;
    ERR_clear_error();
    if (info == NULL) {
        return fail(failure, STATUS_INVALID, "", "it is not a whole RFC 3161 time-stamp token");
    }
    *ret_token = STEAL(token);
    *ret_info = STEAL(info);
    return STATUS_OK;
}

/* Finds the bytes of the token in a reply, or takes the reply for one. */
static enum status find_token(struct view reply, struct buffer *ret_token, struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)reply.data;
    OWNED(reply_freep) TS_RESP *parsed = NULL;
    if (reply.size <= TIMESTAMP_SIZE_MAX) {
        parsed = d2i_TS_RESP(NULL, &data, (long)reply.size);
    }
    ERR_clear_error();
    if (parsed == NULL || !is_whole(data, reply)) {
        OWNED(token_freep) PKCS7 *token = NULL;
        OWNED(info_freep) TS_TST_INFO *info = NULL;
        if (parse_token(reply, &token, &info, NULL) != STATUS_OK) {
            return fail(failure, STATUS_INVALID, "",
                        "it is not a whole RFC 3161 reply or time-stamp token");
        }
        return buffer_append(ret_token, reply);
    }
    TRY(check_granted(parsed, failure));
    PKCS7 *token = TS_RESP_get_token(parsed);
    if (token == NULL) {
        return fail(failure, STATUS_INVALID, "", "the reply has no time-stamp token");
    }
    unsigned char *der = NULL;
    int size = i2d_PKCS7(token, &der);
    return append_der(der, size, ret_token, failure);
}

enum status timestamp_reply_read(struct view reply, struct view request, struct buffer *ret_token,
                                 struct failure *failure)
{
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, TIMESTAMP_SIZE_MAX);
    TRY(find_token(reply, &bytes, failure));

    OWNED(token_freep) PKCS7 *token = NULL;
    OWNED(info_freep) TS_TST_INFO *info = NULL;
    TRY(parse_token(buffer_view(&bytes), &token, &info, failure));
    if (request.size > 0) {
        OWNED(request_freep) TS_REQ *asked = NULL;
        TRY(parse_request(request, &asked, failure));
        TRY(compare_with_request(asked, info, failure));
    }
    enum status status = buffer_append(ret_token, buffer_view(&bytes));
    return status == STATUS_OK ? STATUS_OK
                               : fail(failure, status, "", "there is no room for the time-stamp");
}

/* --- Tokens --- */

/* The certificate that signed, a part of the token; NULL when the token does not have it. */
static X509 *signer_of(PKCS7 *token)
{
    OWNED(signers_freep) STACK_OF(X509) *signers = NULL;
    if (sk_PKCS7_SIGNER_INFO_num(PKCS7_get_signer_info(token)) == 1) {
        signers = PKCS7_get0_signers(token, NULL, 0);
    }
    ERR_clear_error();
    return signers == NULL ? NULL : sk_X509_value(signers, 0);
}

static void serial_write(const ASN1_INTEGER *serial, char ret_text[static TIMESTAMP_SERIAL_SIZE])
{
    BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);
    char *digits = number == NULL ? NULL : BN_bn2hex(number);
    (void)snprintf(ret_text, TIMESTAMP_SERIAL_SIZE, "%s", digits == NULL ? "?" : digits);
    OPENSSL_free(digits);
    BN_free(number);
}

static enum status describe(PKCS7 *token, TS_TST_INFO *info, struct timestamp *ret_timestamp,
                            struct failure *failure)
{
    struct timestamp timestamp = {0};
    if (!imprint_digest(TS_TST_INFO_get_msg_imprint(info), &timestamp.digest)) {
        return fail(failure, STATUS_INVALID, "", "the time-stamp is not of a SHA-256 digest");
    }
    if (!time_of_asn1(TS_TST_INFO_get_time(info), &timestamp.time)) {
        return fail(failure, STATUS_INVALID, "", "the time of the time-stamp cannot be read");
    }
    X509 *signer = signer_of(token);
    if (signer == NULL) {
        return fail(failure, STATUS_INVALID, "",
                    "the time-stamp lacks the certificate of the one authority that signed it");
    }
    if (!time_of_asn1(X509_get0_notAfter(signer), &timestamp.authority_until)) {
        return fail(failure, STATUS_INVALID, "", "the certificate's time cannot be read");
    }
    subject_write(X509_get_subject_name(signer), timestamp.authority);
    (void)OBJ_obj2txt(timestamp.policy, sizeof timestamp.policy, TS_TST_INFO_get_policy_id(info),
                      1);
    serial_write(TS_TST_INFO_get_serial(info), timestamp.serial);
    *ret_timestamp = timestamp;
    return STATUS_OK;
}

enum status timestamp_read(struct view token, struct timestamp *ret_timestamp,
                           struct failure *failure)
{
    OWNED(token_freep) PKCS7 *parsed = NULL;
    OWNED(info_freep) TS_TST_INFO *info = NULL;
    TRY(parse_token(token, &parsed, &info, failure));
    return describe(parsed, info, ret_timestamp, failure);
}

static enum status check_policy(TS_TST_INFO *info, const char *policy, struct failure *failure)
{
    if (policy == NULL) {
        return STATUS_OK;
    }
    OWNED(object_freep) ASN1_OBJECT *wanted = OBJ_txt2obj(policy, 1);
    ERR_clear_error();
    if (wanted == NULL) {
        return fail(failure, STATUS_INVALID, "", "%s is not an object identifier like 1.2.3",
                    policy);
    }
    if (OBJ_cmp(wanted, TS_TST_INFO_get_policy_id(info)) != 0) {
        char found[TIMESTAMP_POLICY_SIZE];
        (void)OBJ_obj2txt(found, sizeof found, TS_TST_INFO_get_policy_id(info), 1);
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the time-stamp was made under the policy %s, not %s", found, policy);
    }
    return STATUS_OK;
}

/* The signature, and that the token names the certificate that made it. */
static enum status check_signature(PKCS7 *token, const struct trust *trust, int64_t at,
                                   struct failure *failure)
{
    OWNED(context_freep) TS_VERIFY_CTX *context = TS_VERIFY_CTX_new();
    OWNED(x509_store_freep) X509_STORE *store = trust_store(trust, at);
    if (context == NULL || store == NULL) {
        return fail_memory(failure);
    }
    (void)TS_VERIFY_CTX_set_flags(context, TS_VFY_VERSION | TS_VFY_SIGNATURE);
    (void)TS_VERIFY_CTX_set_store(context, STEAL(store)); /* freed with the context */
    ERR_clear_error();
    bool is_good = TS_RESP_verify_token(context, token) == 1;
    unsigned long error = ERR_peek_error();
    ERR_clear_error();
    if (is_good) {
        return STATUS_OK;
    }
    bool is_other = ERR_GET_LIB(error) == ERR_LIB_TS &&
                    (ERR_GET_REASON(error) == TS_R_ESS_SIGNING_CERTIFICATE_ERROR ||
                     ERR_GET_REASON(error) == TS_R_ESS_ADD_SIGNING_CERT_ERROR);
    return is_other ? fail(failure, STATUS_UNTRUSTED, "",
                           "the time-stamp names another certificate than the one it was signed "
                           "with")
                    : fail(failure, STATUS_UNTRUSTED, "",
                           "the signature of the time-stamp does not verify");
}

enum status timestamp_verify(struct view token, const struct hash *digest,
                             const struct trust *trust, const char *policy,
                             struct timestamp *ret_timestamp, struct failure *failure)
{
    OWNED(token_freep) PKCS7 *parsed = NULL;
    OWNED(info_freep) TS_TST_INFO *info = NULL;
    struct timestamp timestamp;
    TRY(parse_token(token, &parsed, &info, failure));
    TRY(describe(parsed, info, &timestamp, failure));
    if (!hash_equal(&timestamp.digest, digest)) {
        return wrong_digest(failure);
    }
    TRY(check_policy(info, policy, failure));
    struct trust_use use = {timestamp.time, X509_PURPOSE_TIMESTAMP_SIGN};
    TRY(trust_check(trust, signer_of(parsed), parsed->d.sign->cert, &use, failure));
    TRY(check_signature(parsed, trust, timestamp.time, failure));
    *ret_timestamp = timestamp;
    return STATUS_OK;
}
