#include "ledger/crypto/key.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static_assert(PUBLIC_KEY_SIZE == crypto_sign_PUBLICKEYBYTES, "Ed25519 public key");
static_assert(SIGNATURE_SIZE == crypto_sign_BYTES, "Ed25519 signature");
static_assert(SEED_SIZE == crypto_sign_SEEDBYTES, "Ed25519 seed");

struct secret_key {
    struct public_key public;
    uint8_t *guarded; /* libsodium's seed || public key; inaccessible except while it is used */
    const struct key_holder *holder; /* NULL when the key is in memory; else `guarded` is NULL */
    void *context;
    struct failure refusal; /* why the holder did not sign; STATUS_OK when it did */
};

enum status crypto_init(struct failure *failure)
{
    if (sodium_init() < 0) {
        return fail(failure, STATUS_STORAGE, "", "the system gives no random numbers");
    }
    return STATUS_OK;
}

void crypto_random(void *bytes, size_t size)
{
    randombytes_buf(bytes, size);
}

void *secret_allocate(size_t size)
{
    void *secret = sodium_malloc(size);
    if (secret == NULL) {
        return NULL;
    }
    /* sodium_malloc() tries to lock and does not tell; asking again does, and changes nothing. */
    if (sodium_mlock(secret, size) != 0) {
        sodium_free(secret);
        return NULL;
    }
    return secret;
}

void secret_free(void *secret)
{
    sodium_free(secret); /* wipes, unlocks, checks the canaries; accepts NULL */
}

void secret_wipe(void *secret, size_t size)
{
    sodium_memzero(secret, size);
}

/* A key whose guarded memory is writable and not filled yet. */
static struct secret_key *allocate_key(void)
{
    struct secret_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return NULL;
    }
    key->guarded = secret_allocate(crypto_sign_SECRETKEYBYTES);
    if (key->guarded == NULL) {
        free(key);
        return NULL;
    }
    return key;
}

/* A page that cannot be protected or read again leaves nothing sensible to do. */
static void require(int result)
{
    if (result != 0) {
        abort();
    }
}

enum status secret_key_generate(struct secret_key **ret_key)
{
    struct secret_key *key = allocate_key();
    if (key == NULL) {
        return STATUS_MEMORY;
    }
    require(crypto_sign_keypair(key->public.bytes, key->guarded));
    require(sodium_mprotect_noaccess(key->guarded));
    *ret_key = key;
    return STATUS_OK;
}

enum status secret_key_from_seed(const uint8_t seed[static SEED_SIZE], struct secret_key **ret_key)
{
    struct secret_key *key = allocate_key();
    if (key == NULL) {
        return STATUS_MEMORY;
    }
    require(crypto_sign_seed_keypair(key->public.bytes, key->guarded, seed));
    require(sodium_mprotect_noaccess(key->guarded));
    *ret_key = key;
    return STATUS_OK;
}

enum status secret_key_held(const struct public_key *public, const struct key_holder *holder,
                            void *context, struct secret_key **ret_key)
{
    assert(public_key_check(public));

    struct secret_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        holder->release(context);
        return STATUS_MEMORY;
    }
    key->public = *public;
    key->holder = holder;
    key->context = context;
    *ret_key = key;
    return STATUS_OK;
}

void secret_key_free(struct secret_key *key)
{
    if (key != NULL) {
        secret_free(key->guarded);
        if (key->holder != NULL) {
            key->holder->release(key->context);
        }
        free(key);
    }
}

void secret_key_freep(struct secret_key **key)
{
    secret_key_free(*key);
    *key = NULL;
}

const struct public_key *secret_key_public(const struct secret_key *key)
{
    return &key->public;
}

/* A holder is a stranger: what it answers is used only when it is what was asked for. */
static enum status sign_by_holder(struct secret_key *key, struct view message,
                                  struct signature *ret_signature, struct failure *failure)
{
    struct signature signature;
    TRY(key->holder->sign(key->context, message, &signature, failure));
    if (public_key_verify(&key->public, message, &signature) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "what the holder of the key answered is not a signature by this key");
    }
    *ret_signature = signature;
    return STATUS_OK;
}

enum status secret_key_sign(struct secret_key *key, struct view message,
                            struct signature *ret_signature)
{
    if (key->holder != NULL) {
        key->refusal = (struct failure){0};
        return sign_by_holder(key, message, ret_signature, &key->refusal);
    }
    require(sodium_mprotect_readonly(key->guarded));
    require(crypto_sign_detached(ret_signature->bytes, NULL, (const uint8_t *)message.data,
                                 message.size, key->guarded));
    require(sodium_mprotect_noaccess(key->guarded));
    return STATUS_OK;
}

enum status secret_key_explain(const struct secret_key *key, enum status status,
                               struct failure *failure)
{
    if (key->refusal.status == status && failure != NULL) {
        *failure = key->refusal;
        return status;
    }
    return status == STATUS_MEMORY ? fail_memory(failure)
                                   : fail(failure, status, "", "there is no room for a signature");
}

void secret_key_seed(struct secret_key *key, uint8_t ret_seed[static SEED_SIZE])
{
    assert(key->holder == NULL);
    require(sodium_mprotect_readonly(key->guarded));
    require(crypto_sign_ed25519_sk_to_seed(ret_seed, key->guarded));
    require(sodium_mprotect_noaccess(key->guarded));
}

bool public_key_check(const struct public_key *key)
{
    return crypto_core_ed25519_is_valid_point(key->bytes) == 1;
}

bool public_key_equal(const struct public_key *a, const struct public_key *b)
{
    return memcmp(a->bytes, b->bytes, PUBLIC_KEY_SIZE) == 0;
}

enum status public_key_verify(const struct public_key *key, struct view message,
                              const struct signature *signature)
{
    int refused = crypto_sign_verify_detached(signature->bytes, (const uint8_t *)message.data,
                                              message.size, key->bytes);
    return refused == 0 ? STATUS_OK : STATUS_UNTRUSTED;
}
