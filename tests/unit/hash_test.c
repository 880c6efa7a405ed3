#include "ledger/crypto/hash.h"

#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdlib.h>

static bool is_hex(struct hash hash, const char *expected)
{
    uint8_t bytes[HASH_SIZE];
    cr_assert(eq(int, hex_read(view_of(expected), HASH_SIZE, bytes), STATUS_OK));
    return memcmp(hash.bytes, bytes, HASH_SIZE) == 0;
}

Test(hash, sha256_gives_the_values_of_fips_180)
{
    static const struct {
        const char *message;
        const char *expected;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(is_hex(hash_bytes(view_of(rows[i].message)), rows[i].expected), "row %zu", i);
    }

    /* FIPS 180: one million times "a". */
    size_t size = 1000000;
    char *many = malloc(size);
    memset(many, 'a', size);
    cr_assert(is_hex(hash_bytes((struct view){.data = many, .size = size}),
                     "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"));
    free(many);
}

Test(hash, leaves_and_nodes_have_prefixes_of_their_own)
{
    cr_assert(is_hex(hash_leaf(VIEW("")),
                     "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
    cr_assert(is_hex(hash_leaf(VIEW("L123456")),
                     "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56"));

    /* The tree over "" and 0x00 of the certificate transparency reference. */
    struct hash left = hash_leaf(VIEW(""));
    struct hash right = hash_leaf((struct view){.data = "\0", .size = 1});
    cr_assert(is_hex(hash_node(&left, &right),
                     "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"));
    struct hash swapped = hash_node(&right, &left);
    struct hash node = hash_node(&left, &right);
    cr_assert(not(hash_equal(&node, &swapped)));
}

Test(hash, a_node_may_replace_one_of_its_own_operands)
{
    struct hash left = hash_leaf(VIEW("left"));
    struct hash right = hash_leaf(VIEW("right"));
    struct hash expected = hash_node(&left, &right);
    left = hash_node(&left, &right);
    cr_assert(hash_equal(&left, &expected));
}

Test(hash, the_empty_tree_has_the_hash_of_nothing)
{
    cr_assert(is_hex(hash_empty_tree(),
                     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
}

Test(hash, hashes_that_differ_in_one_bit_are_not_equal)
{
    struct hash a = hash_bytes(VIEW("a"));
    for (size_t bit = 0; bit < 8 * HASH_SIZE; bit++) {
        struct hash b = a;
        cr_assert(hash_equal(&a, &b));
        b.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert(not(hash_equal(&a, &b)), "bit %zu", bit);
    }
}

/* Hashes a chain of 2,000 links that starts at `*argument`, and leaves its end there. */
static void *hash_chain(void *argument)
{
    struct hash *hash = argument;
    for (int i = 0; i < 2000; i++) {
        *hash = hash_node(hash, hash);
    }
    return NULL;
}

Test(hash, threads_do_not_disturb_each_other)
{
    enum { THREADS = 8 };
    struct hash expected[THREADS];
    struct hash found[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        char name = (char)('a' + i);
        found[i] = hash_bytes((struct view){.data = &name, .size = 1});
        expected[i] = found[i];
    }
    for (int i = 0; i < THREADS; i++) {
        cr_assert(eq(int, pthread_create(&threads[i], NULL, hash_chain, &found[i]), 0));
    }
    for (int i = 0; i < THREADS; i++) {
        cr_assert(eq(int, pthread_join(threads[i], NULL), 0));
        hash_chain(&expected[i]);
        cr_assert(hash_equal(&found[i], &expected[i]), "thread %d", i);
    }
}
