#include "ledger/crypto/hash.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* RFC 6962 section 2.1: different prefixes, so that a leaf can never pass for a node. */
#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;            /* fetched once, kept until the process ends */
static pthread_key_t context_key; /* its destructor frees the context of a thread that ends */
static _Thread_local EVP_MD_CTX *thread_context;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void free_context(void *context)
{
    EVP_MD_CTX_free(context);
    /* A later destructor of this thread that hashes gets a new context, and is called for again. */
    thread_context = NULL;
}

static void initialize(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    require(sha256 != NULL);
    require(pthread_key_create(&context_key, free_context) == 0);
}

static EVP_MD_CTX *make_context(void)
{
    require(pthread_once(&once, initialize) == 0);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    require(context != NULL);
    require(pthread_setspecific(context_key, context) == 0);
    thread_context = context;
    return context;
}

/* Starts a digest in this thread's context. */
static EVP_MD_CTX *start(void)
{
    EVP_MD_CTX *context = thread_context == NULL ? make_context() : thread_context;
    require(EVP_DigestInit_ex2(context, sha256, NULL) == 1);
    return context;
}

static void add(EVP_MD_CTX *context, const void *data, size_t size)
{
    require(EVP_DigestUpdate(context, data, size) == 1);
}

static struct hash finish(EVP_MD_CTX *context)
{
    struct hash hash;
    unsigned int size = 0;
    require(EVP_DigestFinal_ex(context, hash.bytes, &size) == 1);
    require(size == HASH_SIZE);
    return hash;
}

struct hash hash_bytes(struct view bytes)
{
    EVP_MD_CTX *context = start();
    add(context, bytes.data, bytes.size);
    return finish(context);
}

struct hash hash_leaf(struct view entry)
{
    EVP_MD_CTX *context = start();
    add(context, &(uint8_t){LEAF_PREFIX}, 1);
    add(context, entry.data, entry.size);
    return finish(context);
}

struct hash hash_node(const struct hash *left, const struct hash *right)
{
    uint8_t message[1 + 2 * HASH_SIZE] = {NODE_PREFIX};
    memcpy(message + 1, left->bytes, HASH_SIZE);
    memcpy(message + 1 + HASH_SIZE, right->bytes, HASH_SIZE);

    EVP_MD_CTX *context = start();
    add(context, message, sizeof message);
    return finish(context);
}

struct hash hash_empty_tree(void)
{
    return hash_bytes(VIEW(""));
}

bool hash_equal(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, HASH_SIZE) == 0;
}
