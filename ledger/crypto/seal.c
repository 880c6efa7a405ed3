#include "ledger/crypto/seal.h"

#include "ledger/base/ownership.h"
#include "ledger/crypto/trust_internal.h"

#include <assert.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#define CHAIN_MAX 8

static_assert(SEAL_NAME_SIZE == SUBJECT_TEXT_SIZE, "a subject fits");

static void chain_freep(STACK_OF(X509) * *chain)
{
    sk_X509_pop_free(*chain, X509_free);
}

static void signers_freep(STACK_OF(X509) * *signers)
{
    sk_X509_free(*signers); /* the certificates belong to the seal */
}

static void cms_freep(CMS_ContentInfo **cms)
{
    CMS_ContentInfo_free(*cms);
}

/* --- Making --- */

bool seal_key_is_encrypted(struct view key)
{
    struct view mark = VIEW("ENCRYPTED");
    for (size_t i = 0; i + mark.size <= key.size; i++) {
        if (memcmp(key.data + i, mark.data, mark.size) == 0) {
            return true;
        }
    }
    return false;
}

/* Hands the passphrase to OpenSSL, which would ask the terminal otherwise. */
static int give_passphrase(char *room, int size, int is_writing, void *context)
{
    (void)is_writing;
    const struct view *passphrase = context;
    if (passphrase->size > (size_t)size) {
        return -1;
    }
    memcpy(room, passphrase->data, passphrase->size);
    return (int)passphrase->size;
}

static enum status read_key(const struct seal_maker *maker, EVP_PKEY **ret_key,
                            struct failure *failure)
{
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(maker->key.data, (int)maker->key.size);
    struct view passphrase = maker->passphrase;
    EVP_PKEY *key =
        bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, &passphrase);
    ERR_clear_error();
    if (key == NULL) {
        return seal_key_is_encrypted(maker->key)
                   ? fail(failure, STATUS_UNTRUSTED, "",
                          "the key of the certificate cannot be opened: is the passphrase right?")
                   : fail(failure, STATUS_INVALID, "", "there is no private key that can be read");
    }
    *ret_key = key;
    return STATUS_OK;
}

static enum status read_chain(struct view text, STACK_OF(X509) * *ret_chain,
                              struct failure *failure)
{
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    OWNED(chain_freep) STACK_OF(X509) *chain = sk_X509_new_null();
    if (bio == NULL || chain == NULL) {
        return fail_memory(failure);
    }
    for (int i = 0; i < CHAIN_MAX; i++) {
        X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (certificate == NULL) {
            break;
        }
        if (sk_X509_push(chain, certificate) == 0) {
            X509_free(certificate);
            return fail_memory(failure);
        }
    }
    ERR_clear_error();
    if (sk_X509_num(chain) == 0) {
        return fail(failure, STATUS_INVALID, "", "there is no certificate that can be read");
    }
    *ret_chain = STEAL(chain);
    return STATUS_OK;
}

enum status seal_write(struct view text, const struct seal_maker *maker, struct buffer *ret_seal,
                       struct failure *failure)
{
    OWNED(chain_freep) STACK_OF(X509) *chain = NULL;
    OWNED(key_freep) EVP_PKEY *key = NULL;
    TRY(read_chain(maker->certificates, &chain, failure));
    TRY(read_key(maker, &key, failure));
    OWNED(x509_freep) X509 *signer = sk_X509_shift(chain);
    bool belongs = X509_check_private_key(signer, key) == 1;
    OWNED(bio_freep) BIO *content = BIO_new_mem_buf(text.data, (int)text.size);
    OWNED(cms_freep)
    CMS_ContentInfo *cms = !belongs || content == NULL
                               ? NULL
                               : CMS_sign(signer, key, chain, content,
                                          CMS_DETACHED | CMS_BINARY | CMS_CADES | CMS_NOSMIMECAP);
    unsigned char *der = NULL;
    int size = cms == NULL ? 0 : i2d_CMS_ContentInfo(cms, &der);
    ERR_clear_error();
    if (!belongs) {
        return fail(failure, STATUS_INVALID, "", "the key is not that of the first certificate");
    }
    if (size <= 0) {
        return fail(failure, STATUS_INVALID, "", "the key of the certificate cannot make a seal");
    }
    enum status status =
        buffer_append(ret_seal, (struct view){.data = (const char *)der, .size = (size_t)size});
    OPENSSL_free(der);
    return status == STATUS_OK ? STATUS_OK
                               : fail(failure, status, "", "there is no room for the seal");
}

static void context_freep(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static enum status sign_with(EVP_PKEY *key, X509 *leaf, struct view text,
                             struct buffer *ret_signature, struct failure *failure)
{
    uint8_t signature[CERTIFICATE_SIGNATURE_MAX];
    size_t size = sizeof signature;
    OWNED(context_freep) EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_made =
        context != NULL &&
        EVP_DigestSignInit(context, NULL, certificate_digest(leaf), NULL, key) == 1 &&
        EVP_DigestSign(context, signature, &size, (const unsigned char *)text.data, text.size) == 1;
    ERR_clear_error();
    if (!is_made) {
        return fail(failure, STATUS_INVALID, "", "the key of the certificate cannot sign");
    }
    return buffer_append(ret_signature, (struct view){(const char *)signature, size});
}

enum status seal_sign(struct view text, const struct seal_maker *maker,
                      struct certificate_chain **ret_chain, struct buffer *ret_signature,
                      struct failure *failure)
{
    OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
    OWNED(key_freep) EVP_PKEY *key = NULL;
    TRY(certificate_chain_read_pem(maker->certificates, &chain, failure));
    TRY(read_key(maker, &key, failure));
    X509 *leaf = sk_X509_value(chain->certificates, 0);
    bool belongs = X509_check_private_key(leaf, key) == 1;
    ERR_clear_error();
    if (!belongs) {
        return fail(failure, STATUS_INVALID, "", "the key is not that of the first certificate");
    }
    TRY(sign_with(key, leaf, text, ret_signature, failure));
    *ret_chain = STEAL(chain);
    return STATUS_OK;
}

/* --- Verifying --- */

static enum status parse(struct view bytes, CMS_ContentInfo **ret_cms, struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)bytes.data;
    OWNED(cms_freep) CMS_ContentInfo *cms = NULL;
    if (bytes.size <= SEAL_SIZE_MAX) {
        cms = d2i_CMS_ContentInfo(NULL, &data, (long)bytes.size);
    }
    bool is_seal = cms != NULL && (const char *)data == bytes.data + bytes.size &&
                   OBJ_obj2nid(CMS_get0_type(cms)) == NID_pkcs7_signed &&
                   sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) == 1;
    ERR_clear_error();
    if (!is_seal) {
        return fail(failure, STATUS_INVALID, "", "it is not a seal: CMS in DER with one signer");
    }
    if (CMS_is_detached(cms) != 1) {
        return fail(failure, STATUS_INVALID, "", "the seal holds a text of its own");
    }
    *ret_cms = STEAL(cms);
    return STATUS_OK;
}

static bool signing_time(CMS_ContentInfo *cms, int64_t *ret_time)
{
    const CMS_SignerInfo *signer = sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
    int index = CMS_signed_get_attr_by_NID(signer, NID_pkcs9_signingTime, -1);
    X509_ATTRIBUTE *attribute = index < 0 ? NULL : CMS_signed_get_attr(signer, index);
    ASN1_TYPE *value = attribute == NULL ? NULL : X509_ATTRIBUTE_get0_type(attribute, 0);
    if (value == NULL || (value->type != V_ASN1_UTCTIME && value->type != V_ASN1_GENERALIZEDTIME)) {
        return false;
    }
    return time_of_asn1(value->value.asn1_string, ret_time);
}

/*
 * The signature over text and attributes, and that they name the certificate: OpenSSL compares that
 * with a chain, so it builds the one that trust_check() has judged again, for any purpose.
 */
static enum status check_signature(struct view text, CMS_ContentInfo *cms,
                                   const struct trust *trust, int64_t at, struct failure *failure)
{
    OWNED(bio_freep) BIO *content = BIO_new_mem_buf(text.data, (int)text.size);
    OWNED(x509_store_freep) X509_STORE *store = trust_store(trust, at);
    if (content == NULL || store == NULL ||
        X509_VERIFY_PARAM_set_purpose(X509_STORE_get0_param(store), X509_PURPOSE_ANY) != 1) {
        ERR_clear_error();
        return fail_memory(failure);
    }
    bool is_good = CMS_verify(cms, NULL, store, content, NULL, CMS_BINARY | CMS_CADES) == 1;
    ERR_clear_error();
    return is_good ? STATUS_OK
                   : fail(failure, STATUS_UNTRUSTED, "", "the seal is not one of this text");
}

/* The certificate of the one signer, a part of the seal; NULL when the seal does not have it. */
static X509 *signer_of(CMS_ContentInfo *cms)
{
    OWNED(signers_freep) STACK_OF(X509) *signers = NULL;
    if (CMS_set1_signers_certs(cms, NULL, 0) == 1) {
        signers = CMS_get0_signers(cms);
    }
    ERR_clear_error();
    return signers == NULL ? NULL : sk_X509_value(signers, 0);
}

static enum status check_signer(CMS_ContentInfo *cms, const struct trust *trust, X509 *signer,
                                int64_t at, struct failure *failure)
{
    if (!certificate_is_for_signing(signer)) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of the seal is not for signing");
    }
    OWNED(chain_freep) STACK_OF(X509) *others = CMS_get1_certs(cms);
    return trust_check(trust, signer, others, &(struct trust_use){.at = at}, failure);
}

enum status seal_verify(struct view text, struct view seal, const struct trust *trust,
                        struct seal *ret_seal, struct failure *failure)
{
    OWNED(cms_freep) CMS_ContentInfo *cms = NULL;
    struct seal found = {0};
    TRY(parse(seal, &cms, failure));
    if (!signing_time(cms, &found.signed_at)) {
        return fail(failure, STATUS_INVALID, "", "the seal does not say when it was made");
    }
    X509 *signer = signer_of(cms);
    if (signer == NULL) {
        return fail(failure, STATUS_INVALID, "", "the seal lacks the certificate of its signer");
    }
    TRY(check_signer(cms, trust, signer, found.signed_at, failure));
    TRY(check_signature(text, cms, trust, found.signed_at, failure));
    subject_write(X509_get_subject_name(signer), found.subject);
    organization_read(X509_get_subject_name(signer), found.organization_id);
    (void)time_of_asn1(X509_get0_notAfter(signer), &found.certificate_until);
    *ret_seal = found;
    return STATUS_OK;
}
