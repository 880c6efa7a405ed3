#include "ledger/crypto/trust.h"

#include "ledger/base/instant.h"
#include "ledger/crypto/trust_internal.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define SECURITY_LEVEL 2 /* 112 bits: no SHA-1, no RSA below 2048 */

struct trust {
    STACK_OF(X509) * roots;
    STACK_OF(X509_CRL) * lists; /* that the reader gave */
    STACK_OF(X509_CRL) * kept;  /* that came with what is judged */
};

void x509_store_freep(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void context_freep(X509_STORE_CTX **context)
{
    X509_STORE_CTX_free(*context);
}

void trust_free(struct trust *trust)
{
    if (trust != NULL) {
        sk_X509_pop_free(trust->roots, X509_free);
        sk_X509_CRL_pop_free(trust->lists, X509_CRL_free);
        sk_X509_CRL_pop_free(trust->kept, X509_CRL_free);
        free(trust);
    }
}

void trust_freep(struct trust **trust)
{
    trust_free(*trust);
    *trust = NULL;
}

bool trust_has_lists(const struct trust *trust)
{
    return sk_X509_CRL_num(trust->lists) > 0 || sk_X509_CRL_num(trust->kept) > 0;
}

/* --- Reading --- */

/* Whether the end of a PEM file was reached, rather than something that cannot be read. */
static bool is_end_of_pem(void)
{
    unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
}

static enum status read_roots(struct view text, struct trust *trust, struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)text.data;
    X509 *single = d2i_X509(NULL, &data, (long)text.size);
    if (single != NULL) {
        if (sk_X509_push(trust->roots, single) == 0) {
            X509_free(single);
            return fail_memory(failure);
        }
        return STATUS_OK;
    }
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    if (bio == NULL) {
        return fail_memory(failure);
    }
    ERR_clear_error();
    for (int i = 0; i <= TRUST_CERTIFICATES_MAX; i++) {
        X509 *root = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (root == NULL && i > 0 && is_end_of_pem()) {
            return STATUS_OK;
        }
        if (root == NULL) {
            return fail(failure, STATUS_INVALID, "", "there is no certificate that can be read");
        }
        if (sk_X509_push(trust->roots, root) == 0) {
            X509_free(root);
            return fail_memory(failure);
        }
    }
    return fail(failure, STATUS_LIMIT, "", "there are more than %d certificates",
                TRUST_CERTIFICATES_MAX);
}

static enum status read_lists(struct view text, struct trust *trust, struct failure *failure)
{
    if (text.size == 0) {
        return STATUS_OK;
    }
    const unsigned char *data = (const unsigned char *)text.data;
    X509_CRL *single = d2i_X509_CRL(NULL, &data, (long)text.size);
    if (single != NULL) {
        if (sk_X509_CRL_push(trust->lists, single) == 0) {
            X509_CRL_free(single);
            return fail_memory(failure);
        }
        return STATUS_OK;
    }
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(text.data, (int)text.size);
    if (bio == NULL) {
        return fail_memory(failure);
    }
    ERR_clear_error();
    for (int i = 0; i <= TRUST_CERTIFICATES_MAX; i++) {
        X509_CRL *list = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        if (list == NULL && i > 0 && is_end_of_pem()) {
            return STATUS_OK;
        }
        if (list == NULL) {
            return fail(failure, STATUS_INVALID, "",
                        "there is no revocation list that can be read");
        }
        if (sk_X509_CRL_push(trust->lists, list) == 0) {
            X509_CRL_free(list);
            return fail_memory(failure);
        }
    }
    return fail(failure, STATUS_LIMIT, "", "there are more than %d revocation lists",
                TRUST_CERTIFICATES_MAX);
}

enum status trust_read(struct view roots, struct view lists, struct trust **ret_trust,
                       struct failure *failure)
{
    if (roots.size > TRUST_SIZE_MAX || lists.size > TRUST_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the file is larger than %d bytes", TRUST_SIZE_MAX);
    }
    OWNED(trust_freep) struct trust *trust = calloc(1, sizeof *trust);
    if (trust == NULL) {
        return fail_memory(failure);
    }
    trust->roots = sk_X509_new_null();
    trust->lists = sk_X509_CRL_new_null();
    trust->kept = sk_X509_CRL_new_null();
    if (trust->roots == NULL || trust->lists == NULL || trust->kept == NULL) {
        return fail_memory(failure);
    }
    enum status status = read_roots(roots, trust, failure);
    if (status == STATUS_OK) {
        status = read_lists(lists, trust, failure);
    }
    ERR_clear_error();
    TRY(status);
    *ret_trust = STEAL(trust);
    return STATUS_OK;
}

/* --- Lists --- */

static void list_freep(X509_CRL **list)
{
    X509_CRL_free(*list);
}

enum status trust_keep_list(struct trust *trust, struct view list, struct failure *failure)
{
    const unsigned char *data = (const unsigned char *)list.data;
    OWNED(list_freep) X509_CRL *read = NULL;
    if (list.size <= TRUST_SIZE_MAX) {
        read = d2i_X509_CRL(NULL, &data, (long)list.size);
    }
    ERR_clear_error();
    if (read == NULL || (const char *)data != list.data + list.size) {
        return fail(failure, STATUS_INVALID, "", "it is not a revocation list in DER");
    }
    if (sk_X509_CRL_num(trust->kept) >= TRUST_CERTIFICATES_MAX) {
        return fail(failure, STATUS_LIMIT, "", "there are more than %d revocation lists",
                    TRUST_CERTIFICATES_MAX);
    }
    if (sk_X509_CRL_push(trust->kept, read) == 0) {
        return fail_memory(failure);
    }
    (void)STEAL(read);
    return STATUS_OK;
}

size_t trust_list_count(const struct trust *trust)
{
    return (size_t)sk_X509_CRL_num(trust->lists);
}

enum status trust_list_write(const struct trust *trust, size_t place, struct buffer *buffer)
{
    unsigned char *der = NULL;
    int size = i2d_X509_CRL(sk_X509_CRL_value(trust->lists, (int)place), &der);
    if (size <= 0) {
        ERR_clear_error();
        return STATUS_MEMORY;
    }
    enum status status =
        buffer_append(buffer, (struct view){.data = (const char *)der, .size = (size_t)size});
    OPENSSL_free(der);
    return status;
}

/* --- Judging --- */

X509_STORE *trust_store(const struct trust *trust, int64_t at)
{
    OWNED(x509_store_freep) X509_STORE *store = X509_STORE_new();
    if (store == NULL) {
        return NULL;
    }
    for (int i = 0; i < sk_X509_num(trust->roots); i++) {
        if (X509_STORE_add_cert(store, sk_X509_value(trust->roots, i)) != 1) {
            return NULL;
        }
    }
    X509_VERIFY_PARAM *param = X509_STORE_get0_param(store);
    X509_VERIFY_PARAM_set_time(param, (time_t)at);
    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    /* What the reader pinned is a root, whether or not it is signed by itself. */
    if (X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        return NULL;
    }
    return STEAL(store);
}

/* One sentence for each cause that a reader can do something about. */
static enum status refuse_chain(X509_STORE_CTX *context, X509 *leaf, const struct trust_use *use,
                                struct failure *failure)
{
    int error = X509_STORE_CTX_get_error(context);
    X509 *at_fault = X509_STORE_CTX_get_current_cert(context);
    char subject[SUBJECT_TEXT_SIZE];
    subject_write(X509_get_subject_name(at_fault == NULL ? leaf : at_fault), subject);
    struct instant_text moment = instant_write(use->at);

    switch (error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate chain ends at %s, which leads to none of the given roots",
                    subject);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return fail(failure, STATUS_UNTRUSTED, "", "the certificate of %s had expired at %s",
                    subject, moment.text);
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return fail(failure, STATUS_UNTRUSTED, "", "the certificate of %s was not valid yet at %s",
                    subject, moment.text);
    case X509_V_ERR_INVALID_PURPOSE:
        return fail(failure, STATUS_UNTRUSTED, "",
                    use->purpose == X509_PURPOSE_TIMESTAMP_SIGN
                        ? "the certificate of %s is not one for time-stamping alone"
                        : "the certificate of %s is not one for this purpose",
                    subject);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s was not signed by its issuer", subject);
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the certificate of %s has a key or signature that is too weak", subject);
    default:
        return fail(failure, STATUS_UNTRUSTED, "", "the certificate of %s is not acceptable: %s",
                    subject, X509_verify_cert_error_string(error));
    }
}

/* Whether a revocation concerns the moment: it came first, or a key is in other hands. */
static bool revocation_applies(const X509_REVOKED *revoked, int64_t at)
{
    int is_critical;
    ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(revoked, NID_crl_reason, &is_critical, NULL);
    long code = reason == NULL ? CRL_REASON_UNSPECIFIED : ASN1_ENUMERATED_get(reason);
    ASN1_ENUMERATED_free(reason);
    if (code == CRL_REASON_KEY_COMPROMISE || code == CRL_REASON_CA_COMPROMISE ||
        code == CRL_REASON_AA_COMPROMISE) {
        return true;
    }
    int64_t since;
    return !time_of_asn1(X509_REVOKED_get0_revocationDate(revoked), &since) || since <= at;
}

static enum status refuse_revoked(X509 *certificate, const X509_REVOKED *revoked,
                                  struct failure *failure)
{
    int64_t since = 0;
    char subject[SUBJECT_TEXT_SIZE];
    (void)time_of_asn1(X509_REVOKED_get0_revocationDate(revoked), &since);
    subject_write(X509_get_subject_name(certificate), subject);
    return fail(failure, STATUS_UNTRUSTED, "", "the certificate of %s was revoked at %s", subject,
                instant_write(since).text);
}

static bool is_list_of(const X509_CRL *list, const X509 *certificate)
{
    return X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(certificate)) == 0;
}

static enum status check_list(X509_CRL *list, X509 *certificate, int64_t at,
                              struct failure *failure)
{
    X509_REVOKED *revoked;
    return X509_CRL_get0_by_cert(list, &revoked, certificate) == 1 &&
                   revocation_applies(revoked, at)
               ? refuse_revoked(certificate, revoked, failure)
               : STATUS_OK;
}

static enum status check_revocation(const struct trust *trust, X509 *certificate, X509 *issuer,
                                    int64_t at, struct failure *failure)
{
    for (int i = 0; i < sk_X509_CRL_num(trust->lists); i++) {
        X509_CRL *list = sk_X509_CRL_value(trust->lists, i);
        if (!is_list_of(list, certificate)) {
            continue;
        }
        if (X509_CRL_verify(list, X509_get0_pubkey(issuer)) != 1) {
            char subject[SUBJECT_TEXT_SIZE];
            subject_write(X509_CRL_get_issuer(list), subject);
            return fail(failure, STATUS_UNTRUSTED, "",
                        "the revocation list of %s was not signed by it", subject);
        }
        TRY(check_list(list, certificate, at, failure));
    }
    for (int i = 0; i < sk_X509_CRL_num(trust->kept); i++) {
        X509_CRL *list = sk_X509_CRL_value(trust->kept, i);
        if (is_list_of(list, certificate) && X509_CRL_verify(list, X509_get0_pubkey(issuer)) == 1) {
            TRY(check_list(list, certificate, at, failure));
        }
    }
    return STATUS_OK;
}

static enum status check_revocations(const struct trust *trust, X509_STORE_CTX *context, int64_t at,
                                     struct failure *failure)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    for (int i = 0; i + 1 < sk_X509_num(chain); i++) {
        TRY(check_revocation(trust, sk_X509_value(chain, i), sk_X509_value(chain, i + 1), at,
                             failure));
    }
    return STATUS_OK;
}

enum status trust_check(const struct trust *trust, X509 *leaf, STACK_OF(X509) * others,
                        const struct trust_use *use, struct failure *failure)
{
    OWNED(x509_store_freep) X509_STORE *store = trust_store(trust, use->at);
    OWNED(context_freep) X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (store == NULL || context == NULL ||
        X509_STORE_CTX_init(context, store, leaf, others) != 1 ||
        (use->purpose != 0 && X509_STORE_CTX_set_purpose(context, use->purpose) != 1)) {
        ERR_clear_error();
        return fail_memory(failure);
    }
    enum status status = X509_verify_cert(context) == 1
                             ? check_revocations(trust, context, use->at, failure)
                             : refuse_chain(context, leaf, use, failure);
    ERR_clear_error();
    return status;
}

enum status trust_judge(const struct trust *trust, const struct certificate_chain *chain,
                        int64_t at, struct failure *failure)
{
    return trust_check(trust, sk_X509_value(chain->certificates, 0), chain->certificates,
                       &(struct trust_use){.at = at}, failure);
}
