#include "ledger/crypto/keyfile.h"

#include "ledger/base/limits.h"
#include "ledger/base/text.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#define VKEY_PREFIX VIEW("vkey: ")
#define BEGIN_ENCRYPTED VIEW("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
#define END_ENCRYPTED VIEW("\n-----END ENCRYPTED PRIVATE KEY-----\n")
#define BEGIN_PLAIN VIEW("-----BEGIN PRIVATE KEY-----")

/* RFC 7914 section 2 names the parameters; these cost 16 MiB, under OpenSSL's bound of 32 MiB. */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5
#define SALT_SIZE 16

/* RFC 8410 section 7: CurvePrivateKey is an OCTET STRING of the seed; this is its DER. */
#define OCTET_STRING 0x04
#define PRIVATE_KEY_SIZE (2 + SEED_SIZE)

static void bio_freep(BIO **bio)
{
    BIO_free(*bio);
}

static void info_freep(PKCS8_PRIV_KEY_INFO **info)
{
    PKCS8_PRIV_KEY_INFO_free(*info); /* wipes the private key */
}

static void algorithm_freep(X509_ALGOR **algorithm)
{
    X509_ALGOR_free(*algorithm);
}

static void encrypted_freep(X509_SIG **encrypted)
{
    X509_SIG_free(*encrypted);
}

/* The key as PKCS#8, in clear; NULL without memory. */
static PKCS8_PRIV_KEY_INFO *make_info(struct secret_key *key)
{
    OWNED(info_freep) PKCS8_PRIV_KEY_INFO *info = PKCS8_PRIV_KEY_INFO_new();
    uint8_t *private_key = OPENSSL_malloc(PRIVATE_KEY_SIZE);
    if (info == NULL || private_key == NULL) {
        OPENSSL_free(private_key);
        return NULL;
    }
    private_key[0] = OCTET_STRING;
    private_key[1] = SEED_SIZE;
    secret_key_seed(key, private_key + 2);

    /* RFC 8410 section 3: "the parameters MUST be absent". On success `info` owns the bytes. */
    if (PKCS8_pkey_set0(info, OBJ_nid2obj(NID_ED25519), 0, V_ASN1_UNDEF, NULL, private_key,
                        PRIVATE_KEY_SIZE) != 1) {
        OPENSSL_clear_free(private_key, PRIVATE_KEY_SIZE);
        return NULL;
    }
    return STEAL(info);
}

/* The key as an encrypted PEM block in memory; NULL when OpenSSL fails, which means memory. */
static BIO *make_block(struct secret_key *key, struct view passphrase)
{
    OWNED(info_freep) PKCS8_PRIV_KEY_INFO *info = make_info(key);
    if (info == NULL) {
        return NULL;
    }
    OWNED(algorithm_freep)
    X509_ALGOR *algorithm = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, SALT_SIZE, NULL,
                                                  SCRYPT_N, SCRYPT_R, SCRYPT_P);
    if (algorithm == NULL) {
        return NULL;
    }
    OWNED(encrypted_freep)
    X509_SIG *encrypted = PKCS8_set0_pbe(passphrase.data, (int)passphrase.size, info, algorithm);
    if (encrypted == NULL) {
        return NULL;
    }
    (void)STEAL(algorithm); /* part of `encrypted` now */

    OWNED(bio_freep) BIO *block = BIO_new(BIO_s_mem());
    if (block == NULL || PEM_write_bio_PKCS8(block, encrypted) != 1) {
        return NULL;
    }
    return STEAL(block);
}

enum status keyfile_write(struct secret_key *key, struct view vkey, struct view passphrase,
                          struct buffer *buffer, struct failure *failure)
{
    assert(vkey.size > 0 && memchr(vkey.data, '\n', vkey.size) == NULL);

    if (passphrase.size == 0) {
        return fail(failure, STATUS_INVALID, "", "the passphrase is empty");
    }
    if (passphrase.size > PASSPHRASE_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "the passphrase is over %d bytes",
                    PASSPHRASE_SIZE_MAX);
    }
    OWNED(bio_freep) BIO *block = make_block(key, passphrase);
    ERR_clear_error();
    if (block == NULL) {
        return fail_memory(failure);
    }
    char *data = NULL;
    long size = BIO_get_mem_data(block, &data);
    assert(size > 0);

    /* All of the room first, so that a full buffer is left as it was. */
    char *room;
    enum status reserved =
        buffer_reserve(buffer, VKEY_PREFIX.size + vkey.size + 1 + (size_t)size, &room);
    if (reserved != STATUS_OK) {
        return fail(failure, reserved, "", "there is no room for the key file");
    }
    TRY(buffer_append(buffer, VKEY_PREFIX));
    TRY(buffer_append(buffer, vkey));
    TRY(buffer_append_byte(buffer, '\n'));
    return buffer_append(buffer, (struct view){.data = data, .size = (size_t)size});
}

static bool view_ends_with(struct view view, struct view suffix)
{
    return view.size >= suffix.size &&
           memcmp(view.data + view.size - suffix.size, suffix.data, suffix.size) == 0;
}

/* Splits a file into its vkey and its PEM block, which must be all that there is. */
static enum status split(struct view file, struct view *ret_vkey, struct view *ret_block,
                         struct failure *failure)
{
    struct view block = file;
    struct view vkey;
    if (!text_cut_line(&block, &vkey) || !view_starts_with(vkey, VKEY_PREFIX)) {
        return fail(failure, STATUS_INVALID, "line 1", "a key file starts with a vkey line");
    }
    vkey.data += VKEY_PREFIX.size;
    vkey.size -= VKEY_PREFIX.size;

    if (view_starts_with(block, BEGIN_PLAIN)) {
        return fail(failure, STATUS_INVALID, "line 2",
                    "the key is not encrypted; encrypt it with `openssl pkcs8 -topk8`");
    }
    if (!view_starts_with(block, BEGIN_ENCRYPTED) || !view_ends_with(block, END_ENCRYPTED) ||
        block.size < BEGIN_ENCRYPTED.size + END_ENCRYPTED.size) {
        return fail(failure, STATUS_INVALID, "line 2",
                    "what follows the vkey line is not one ENCRYPTED PRIVATE KEY block");
    }
    *ret_vkey = vkey;
    *ret_block = block;
    return STATUS_OK;
}

/*
 * Decodes the PEM block; NULL when it is malformed.
 *
 * Not PEM_read_bio_PKCS8(), which would ask on the terminal for the passphrase of a block with a
 * `Proc-Type: 4,ENCRYPTED` header, and which ignores bytes after the DER structure.
 */
static X509_SIG *read_block(struct view block)
{
    OWNED(bio_freep) BIO *bio = BIO_new_mem_buf(block.data, (int)block.size);
    if (bio == NULL) {
        return NULL;
    }
    char *name = NULL;
    char *header = NULL;
    uint8_t *der = NULL;
    long size = 0;
    if (PEM_read_bio(bio, &name, &header, &der, &size) != 1) {
        return NULL;
    }
    const uint8_t *rest = der;
    X509_SIG *encrypted = header[0] == '\0' ? d2i_X509_SIG(NULL, &rest, size) : NULL;
    if (encrypted != NULL && (rest != der + size || BIO_pending(bio) != 0)) {
        X509_SIG_free(encrypted);
        encrypted = NULL;
    }
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(der);
    return encrypted;
}

/* Whether OpenSSL failed because what it decrypted was not a key. */
static bool is_wrong_passphrase(void)
{
    unsigned long error;
    while ((error = ERR_get_error()) != 0) {
        int reason = ERR_GET_REASON(error);
        /* Bad padding; or, once in 256 times, good padding around bytes that are no DER. */
        if (ERR_GET_LIB(error) == ERR_LIB_PKCS12 &&
            (reason == PKCS12_R_PKCS12_CIPHERFINAL_ERROR || reason == PKCS12_R_DECODE_ERROR)) {
            return true;
        }
    }
    return false;
}

static enum status decrypt(const X509_SIG *encrypted, struct view passphrase,
                           struct secret_key **ret_key, struct failure *failure)
{
    ERR_clear_error();
    OWNED(info_freep)
    PKCS8_PRIV_KEY_INFO *info = PKCS8_decrypt(encrypted, passphrase.data, (int)passphrase.size);
    if (info == NULL) {
        if (is_wrong_passphrase()) {
            return fail(failure, STATUS_UNTRUSTED, "", "the passphrase is wrong");
        }
        return fail(failure, STATUS_INVALID, "",
                    "the key is encrypted in a way that OpenSSL cannot read here");
    }

    const ASN1_OBJECT *algorithm = NULL;
    const uint8_t *private_key = NULL;
    int size = 0;
    if (PKCS8_pkey_get0(&algorithm, &private_key, &size, NULL, info) != 1 ||
        OBJ_obj2nid(algorithm) != NID_ED25519 || size != PRIVATE_KEY_SIZE ||
        private_key[0] != OCTET_STRING || private_key[1] != SEED_SIZE) {
        return fail(failure, STATUS_INVALID, "", "the key is not an Ed25519 key");
    }
    if (secret_key_from_seed(private_key + 2, ret_key) != STATUS_OK) {
        return fail_memory(failure);
    }
    return STATUS_OK;
}

enum status keyfile_read(struct view file, struct view passphrase, struct secret_key **ret_key,
                         struct view *ret_vkey, struct failure *failure)
{
    if (file.size > (size_t)KEYFILE_SIZE_MAX || passphrase.size > PASSPHRASE_SIZE_MAX) {
        return fail(failure, STATUS_LIMIT, "", "a key file is at most %d bytes, a passphrase %d",
                    KEYFILE_SIZE_MAX, PASSPHRASE_SIZE_MAX);
    }
    struct view vkey = VIEW("");
    struct view block = VIEW("");
    TRY(split(file, &vkey, &block, failure));

    OWNED(encrypted_freep) X509_SIG *encrypted = read_block(block);
    if (encrypted == NULL) {
        ERR_clear_error();
        return fail(failure, STATUS_INVALID, "line 2", "the PEM block is malformed");
    }
    enum status status = decrypt(encrypted, passphrase, ret_key, failure);
    ERR_clear_error();
    TRY(status);
    *ret_vkey = vkey;
    return STATUS_OK;
}
