#include "ledger/crypto/lattice.h"

#include <assert.h>
#include <openssl/evp.h>

#define ALGORITHM "ML-DSA-44"

bool lattice_available(void)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, ALGORITHM, NULL);
    bool available = context != NULL && EVP_PKEY_fromdata_init(context) == 1;
    EVP_PKEY_CTX_free(context);
    return available;
}

enum status lattice_verify(const struct lattice_key *key, struct view message,
                           const uint8_t *signature)
{
    assert(lattice_available());

    EVP_PKEY *public =
        EVP_PKEY_new_raw_public_key_ex(NULL, ALGORITHM, NULL, key->bytes, LATTICE_KEY_SIZE);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    /* No digest: the algorithm takes the message itself. */
    bool verified = public != NULL && context != NULL &&
                    EVP_DigestVerifyInit_ex(context, NULL, NULL, NULL, NULL, public, NULL) == 1 &&
                    EVP_DigestVerify(context, signature, LATTICE_SIGNATURE_SIZE,
                                     (const unsigned char *)message.data, message.size) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return verified ? STATUS_OK : STATUS_UNTRUSTED;
}
