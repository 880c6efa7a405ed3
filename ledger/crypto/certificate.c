#include "ledger/crypto/certificate.h"

#include "ledger/crypto/certificate_internal.h"

#include <assert.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS_OF_DAY 86400
#define RSA_BITS_MIN 2048
#define RSA_BITS_MAX 8192
#define GROUP_NAME_SIZE 32
#define PLACE_SIZE 32
#define POINT_UNCOMPRESSED 4 /* the first byte of the point; SEC 1 section 2.3.3 */
#define USAGE_DIGITAL_SIGNATURE 0
#define USAGE_NON_REPUDIATION 1
#define USAGE_CERTIFICATE_SIGN 5
#define ORGANIZATION_IDENTIFIER "2.5.4.97"

void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

void key_freep(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

void x509_freep(X509 **certificate)
{
    X509_free(*certificate);
}

static void context_freep(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

/* --- What a certificate says --- */

bool time_of_asn1(const ASN1_TIME *time, int64_t *ret_seconds)
{
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days;
    int seconds;
    bool is_time = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;
    ASN1_TIME_free(epoch);
    if (is_time) {
        *ret_seconds = (int64_t)days * SECONDS_OF_DAY + seconds;
    }
    return is_time;
}

void subject_write(const X509_NAME *name, char ret_text[static SUBJECT_TEXT_SIZE])
{
    OWNED(bio_freep) BIO *bio = BIO_new(BIO_s_mem());
    char *data = NULL;
    long size = 0;
    /* ESC_MSB would spell Å as \C3\85. */
    if (bio != NULL &&
        X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >=
            0) {
        size = BIO_get_mem_data(bio, &data);
    }
    if (size <= 0) {
        memcpy(ret_text, "?", 2);
        return;
    }
    bool is_long = (size_t)size >= SUBJECT_TEXT_SIZE;
    size_t kept = is_long ? SUBJECT_TEXT_SIZE - sizeof "..." : (size_t)size;
    while (is_long && kept > 0 && ((unsigned char)data[kept] & 0xC0) == 0x80) {
        kept--; /* not in the middle of a code point */
    }
    memcpy(ret_text, data, kept);
    memcpy(ret_text + kept, "...", sizeof "...");
    if (!is_long) {
        ret_text[kept] = '\0';
    }
}

void organization_read(const X509_NAME *name, char ret_text[static SUBJECT_TEXT_SIZE])
{
    ret_text[0] = '\0';
    ASN1_OBJECT *object = OBJ_txt2obj(ORGANIZATION_IDENTIFIER, 1);
    int place = object == NULL ? -1 : X509_NAME_get_index_by_OBJ(name, object, -1);
    bool is_single = place >= 0 && X509_NAME_get_index_by_OBJ(name, object, place) < 0;
    ASN1_OBJECT_free(object);
    const ASN1_STRING *value =
        is_single ? X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place)) : NULL;
    if (value == NULL || ASN1_STRING_length(value) >= SUBJECT_TEXT_SIZE) {
        return;
    }
    size_t size = (size_t)ASN1_STRING_length(value);
    for (size_t i = 0; i < size; i++) {
        char byte = (char)ASN1_STRING_get0_data(value)[i];
        ret_text[i] = byte < ' ' || byte > '~' ? '?' : byte;
    }
    ret_text[size] = '\0';
}

/*
 * Whether the key usage of a certificate allows one of two uses (bits of RFC 5280 section 4.2.1.3);
 * one without the extension may be used for anything. Only this extension is read: what OpenSSL
 * thinks of the others would make the verdict depend on its version.
 */
static bool usage_allows(const X509 *certificate, int bit, int other)
{
    int presence;
    ASN1_BIT_STRING *usage = X509_get_ext_d2i(certificate, NID_key_usage, &presence, NULL);
    bool is_absent = usage == NULL && presence == -1;
    bool allows = is_absent || (usage != NULL && (ASN1_BIT_STRING_get_bit(usage, bit) == 1 ||
                                                  ASN1_BIT_STRING_get_bit(usage, other) == 1));
    ASN1_BIT_STRING_free(usage);
    return allows;
}

bool certificate_is_for_signing(const X509 *certificate)
{
    return usage_allows(certificate, USAGE_DIGITAL_SIGNATURE, USAGE_NON_REPUDIATION);
}

static bool may_issue(const X509 *certificate)
{
    BASIC_CONSTRAINTS *constraints =
        X509_get_ext_d2i(certificate, NID_basic_constraints, NULL, NULL);
    bool is_authority = constraints != NULL && constraints->ca != 0;
    BASIC_CONSTRAINTS_free(constraints);
    return is_authority &&
           usage_allows(certificate, USAGE_CERTIFICATE_SIGN, USAGE_CERTIFICATE_SIGN);
}

/* A named curve, and the point in its one plain form: what any reader of RFC 5480 understands. */
static bool is_plain_point(X509 *certificate)
{
    X509_ALGOR *algorithm;
    const unsigned char *point;
    int size;
    if (X509_PUBKEY_get0_param(NULL, &point, &size, &algorithm,
                               X509_get_X509_PUBKEY(certificate)) != 1) {
        return false;
    }
    int parameter;
    X509_ALGOR_get0(NULL, &parameter, NULL, algorithm);
    return parameter == V_ASN1_OBJECT && size > 0 && point[0] == POINT_UNCOMPRESSED;
}

const EVP_MD *certificate_digest(X509 *certificate)
{
    EVP_PKEY *key = X509_get0_pubkey(certificate);
    if (key == NULL) {
        return NULL;
    }
    int type = EVP_PKEY_get_base_id(key);
    int bits = EVP_PKEY_get_bits(key);
    if (type == EVP_PKEY_RSA) {
        return bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX ? EVP_sha256() : NULL;
    }
    char group[GROUP_NAME_SIZE];
    if (type != EVP_PKEY_EC || !is_plain_point(certificate) ||
        EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1) {
        return NULL;
    }
    return strcmp(group, "prime256v1") == 0  ? EVP_sha256()
           : strcmp(group, "secp384r1") == 0 ? EVP_sha384()
           : strcmp(group, "secp521r1") == 0 ? EVP_sha512()
                                             : NULL;
}

/* --- Reading --- */

void certificate_chain_free(struct certificate_chain *chain)
{
    if (chain != NULL) {
        sk_X509_pop_free(chain->certificates, X509_free);
        free(chain);
    }
}

void certificate_chain_freep(struct certificate_chain **chain)
{
    certificate_chain_free(*chain);
    *chain = NULL;
}

size_t certificate_chain_count(const struct certificate_chain *chain)
{
    return (size_t)sk_X509_num(chain->certificates);
}

static struct certificate_chain *chain_new(void)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = calloc(1, sizeof *chain);
    if (chain == NULL || (chain->certificates = sk_X509_new_null()) == NULL) {
        return NULL;
    }
    return STEAL(chain);
}

/* Takes over `certificate`, which may be NULL when it could not be read. */
static enum status chain_push(struct certificate_chain *chain, X509 *certificate,
                              struct failure *failure)
{
    OWNED(x509_freep) X509 *owned = certificate;
    size_t place = certificate_chain_count(chain);
    char at[PLACE_SIZE];
    (void)snprintf(at, sizeof at, "/%zu", place);
    if (place == CERTIFICATE_CHAIN_MAX) {
        return fail(failure, STATUS_LIMIT, "", "a chain has at most %d certificates",
                    CERTIFICATE_CHAIN_MAX);
    }
    if (owned == NULL) {
        return fail(failure, STATUS_INVALID, at, "it cannot be read as an X.509 certificate");
    }
    bool has_key = certificate_digest(owned) != NULL;
    bool is_for_signing = place > 0 || certificate_is_for_signing(owned);
    ERR_clear_error();
    if (!has_key) {
        return fail(failure, STATUS_INVALID, at,
                    "its key is neither on P-256, P-384 or P-521, nor RSA of %d to %d bits",
                    RSA_BITS_MIN, RSA_BITS_MAX);
    }
    if (!is_for_signing) {
        return fail(failure, STATUS_INVALID, at, "the certificate is not for signing");
    }
    if (sk_X509_push(chain->certificates, owned) == 0) {
        return fail_memory(failure);
    }
    (void)STEAL(owned);
    return STATUS_OK;
}

/* Whether the bytes are what is written of what was read of them: DER, not any BER. */
static bool is_der(X509 *certificate, struct view bytes)
{
    unsigned char *written = NULL;
    /* The inner part is written anew too, and not as it was read. */
    int size = i2d_re_X509_tbs(certificate, NULL) > 0 ? i2d_X509(certificate, &written) : -1;
    bool is_same =
        size >= 0 && (size_t)size == bytes.size && memcmp(written, bytes.data, bytes.size) == 0;
    OPENSSL_free(written);
    return is_same;
}

static X509 *read_der(struct view bytes)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    OWNED(x509_freep) X509 *certificate = NULL;
    if (bytes.size <= CERTIFICATE_SIZE_MAX) {
        certificate = d2i_X509(NULL, &data, (long)bytes.size);
    }
    bool is_good = certificate != NULL && is_der(certificate, bytes);
    ERR_clear_error();
    return is_good ? STEAL(certificate) : NULL;
}

enum status certificate_chain_read(const struct view *certificates, size_t count,
                                   struct certificate_chain **ret_chain, struct failure *failure)
{
    assert(count >= 1 && count <= CERTIFICATE_CHAIN_MAX);

    OWNED(certificate_chain_freep) struct certificate_chain *chain = chain_new();
    if (chain == NULL) {
        return fail_memory(failure);
    }
    for (size_t i = 0; i < count; i++) {
        TRY(chain_push(chain, read_der(certificates[i]), failure));
    }
    *ret_chain = STEAL(chain);
    return STATUS_OK;
}

enum status certificate_chain_read_pem(struct view pem, struct certificate_chain **ret_chain,
                                       struct failure *failure)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = chain_new();
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.size);
    if (chain == NULL || bio == NULL) {
        return fail_memory(failure);
    }
    X509 *certificate;
    while ((certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        TRY(chain_push(chain, certificate, failure)); /* which counts them */
    }
    ERR_clear_error();
    if (certificate_chain_count(chain) == 0) {
        return fail(failure, STATUS_INVALID, "", "there is no certificate that can be read");
    }
    *ret_chain = STEAL(chain);
    return STATUS_OK;
}

enum status certificate_chain_write(const struct certificate_chain *chain, size_t place,
                                    struct buffer *buffer)
{
    assert(place < certificate_chain_count(chain));

    unsigned char *der = NULL;
    int size = i2d_X509(sk_X509_value(chain->certificates, (int)place), &der);
    if (size <= 0) {
        ERR_clear_error();
        return STATUS_MEMORY;
    }
    enum status status =
        buffer_append(buffer, (struct view){.data = (const char *)der, .size = (size_t)size});
    OPENSSL_free(der);
    return status;
}

void certificate_chain_facts(const struct certificate_chain *chain,
                             struct certificate_facts *ret_facts)
{
    X509 *leaf = sk_X509_value(chain->certificates, 0);
    *ret_facts = (struct certificate_facts){0};
    subject_write(X509_get_subject_name(leaf), ret_facts->subject);
    subject_write(X509_get_issuer_name(leaf), ret_facts->issuer);
    organization_read(X509_get_subject_name(leaf), ret_facts->organization_id);
    (void)time_of_asn1(X509_get0_notBefore(leaf), &ret_facts->valid_from);
    (void)time_of_asn1(X509_get0_notAfter(leaf), &ret_facts->valid_until);
    ERR_clear_error();
}

/* --- Verifying --- */

static bool is_known_signature(const X509 *certificate)
{
    switch (X509_get_signature_nid(certificate)) {
    case NID_ecdsa_with_SHA256:
    case NID_ecdsa_with_SHA384:
    case NID_ecdsa_with_SHA512:
    case NID_sha256WithRSAEncryption:
    case NID_sha384WithRSAEncryption:
    case NID_sha512WithRSAEncryption:
        return true;
    default: /* an open set of numbers, not an enum of ours */
        return false;
    }
}

/* Equal bytes: RFC 5280 section 4.1.2.4 has the issuer encoded as that one's subject. */
static bool names_equal(const X509_NAME *a, const X509_NAME *b)
{
    const unsigned char *a_data;
    const unsigned char *b_data;
    size_t a_size;
    size_t b_size;
    return X509_NAME_get0_der(a, &a_data, &a_size) == 1 &&
           X509_NAME_get0_der(b, &b_data, &b_size) == 1 && a_size == b_size &&
           memcmp(a_data, b_data, a_size) == 0;
}

static enum status check_link(X509 *certificate, X509 *issuer, struct failure *failure)
{
    char subject[SUBJECT_TEXT_SIZE];
    subject_write(X509_get_subject_name(certificate), subject);
    if (!names_equal(X509_get_issuer_name(certificate), X509_get_subject_name(issuer))) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s names another issuer than the one after it", subject);
    }
    if (!may_issue(issuer)) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s is issued by one that may not issue certificates",
                    subject);
    }
    if (!is_known_signature(certificate)) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s is signed in a way that is not accepted", subject);
    }
    if (X509_verify(certificate, X509_get0_pubkey(issuer)) != 1) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s was not signed by the key of the one after it", subject);
    }
    return STATUS_OK;
}

enum status certificate_chain_check_links(const struct certificate_chain *chain,
                                          struct failure *failure)
{
    size_t count = certificate_chain_count(chain);
    for (size_t i = 0; i + 1 < count; i++) {
        enum status status = check_link(sk_X509_value(chain->certificates, (int)i),
                                        sk_X509_value(chain->certificates, (int)i + 1), failure);
        ERR_clear_error();
        if (status != STATUS_OK) {
            char at[PLACE_SIZE];
            (void)snprintf(at, sizeof at, "/%zu", i);
            failure_prefix(failure, at);
            return status;
        }
    }
    return STATUS_OK;
}

enum status certificate_chain_verify(const struct certificate_chain *chain, struct view text,
                                     struct view signature)
{
    X509 *leaf = sk_X509_value(chain->certificates, 0);
    OWNED(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestVerifyInit(context, NULL, certificate_digest(leaf), NULL,
                                                X509_get0_pubkey(leaf)) != 1) {
        ERR_clear_error();
        return STATUS_MEMORY;
    }
    bool is_good = EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.size,
                                    (const unsigned char *)text.data, text.size) == 1;
    ERR_clear_error();
    return is_good ? STATUS_OK : STATUS_UNTRUSTED;
}
