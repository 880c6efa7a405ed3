#include "ledger/crypto/key.h"

#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sodium.h>
#include <stdio.h>

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(key, .init = prepare);

static void read_hex(const char *hex, size_t size, uint8_t *ret_bytes)
{
    cr_assert(eq(int, hex_read(view_of(hex), size, ret_bytes), STATUS_OK), "%s", hex);
}

static struct public_key public_key(const char *hex)
{
    struct public_key key;
    read_hex(hex, PUBLIC_KEY_SIZE, key.bytes);
    return key;
}

static struct view bytes_view(const void *bytes, size_t size)
{
    return (struct view){.data = bytes, .size = size};
}

Test(key, signing_gives_the_vectors_of_rfc_8032_section_7_1_every_time)
{
    static const struct {
        const char *seed;
        const char *public_key;
        const char *message;
        const char *signature;
    } rows[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d"
         "0"
         "f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "8"
         "4dc6594a7c15e9716ed28dc027beceea1ec40a"},
        {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
         "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
         "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
         "3"
         "feebbd454d4423643ce80e2a9ac94fa54ca49f",
         "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66"
         "4"
         "31e0303dca179c138ac17ad9bef1177331a704"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t seed[SEED_SIZE];
        uint8_t message[64];
        uint8_t expected[SIGNATURE_SIZE];
        size_t size = strlen(rows[i].message) / 2;
        read_hex(rows[i].seed, SEED_SIZE, seed);
        read_hex(rows[i].message, size, message);
        read_hex(rows[i].signature, SIGNATURE_SIZE, expected);
        struct public_key public = public_key(rows[i].public_key);

        struct secret_key *key = NULL;
        cr_assert(eq(int, secret_key_from_seed(seed, &key), STATUS_OK));
        cr_assert(public_key_equal(secret_key_public(key), &public), "row %zu", i);
        cr_assert(public_key_check(&public), "row %zu", i);
        for (int turn = 0; turn < 2; turn++) {
            struct signature signature;
            cr_assert(
                eq(int, secret_key_sign(key, bytes_view(message, size), &signature), STATUS_OK));
            cr_assert(memcmp(signature.bytes, expected, SIGNATURE_SIZE) == 0, "row %zu", i);
            cr_assert(eq(int, public_key_verify(&public, bytes_view(message, size), &signature),
                         STATUS_OK),
                      "row %zu", i);
        }
        uint8_t found[SEED_SIZE];
        secret_key_seed(key, found);
        cr_assert(memcmp(found, seed, SEED_SIZE) == 0, "row %zu", i);
        secret_key_free(key);
    }
}

Test(key, a_signature_or_message_with_any_bit_changed_is_refused)
{
    struct secret_key *key = NULL;
    struct secret_key *other = NULL;
    cr_assert(eq(int, secret_key_generate(&key), STATUS_OK));
    cr_assert(eq(int, secret_key_generate(&other), STATUS_OK));
    const struct public_key *public = secret_key_public(key);
    cr_assert(not(public_key_equal(public, secret_key_public(other))));

    char message[] = "utfall";
    struct view view = {.data = message, .size = sizeof message - 1};
    struct signature signature;
    cr_assert(eq(int, secret_key_sign(key, view, &signature), STATUS_OK));
    cr_assert(eq(int, public_key_verify(public, view, &signature), STATUS_OK));
    cr_assert(
        eq(int, public_key_verify(secret_key_public(other), view, &signature), STATUS_UNTRUSTED));

    for (size_t bit = 0; bit < 8 * SIGNATURE_SIZE; bit++) {
        struct signature changed = signature;
        changed.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        cr_assert(eq(int, public_key_verify(public, view, &changed), STATUS_UNTRUSTED),
                  "bit %zu of the signature", bit);
    }
    for (size_t bit = 0; bit < 8 * view.size; bit++) {
        message[bit / 8] ^= (char)(1u << bit % 8);
        cr_assert(eq(int, public_key_verify(public, view, &signature), STATUS_UNTRUSTED),
                  "bit %zu of the message", bit);
        message[bit / 8] ^= (char)(1u << bit % 8);
    }
    struct view shorter = {.data = message, .size = view.size - 1};
    cr_assert(eq(int, public_key_verify(public, shorter, &signature), STATUS_UNTRUSTED));
    secret_key_free(key);
    secret_key_free(other);
}

/*
 * Adding the group order L to S gives a second signature that a careless verifier accepts.
 *
 * Source  RFC 8032 section 5.1.7: "0 <= s < L".
 */
Test(key, a_signature_has_one_form)
{
    static const uint8_t ORDER[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    struct secret_key *key = NULL;
    cr_assert(eq(int, secret_key_generate(&key), STATUS_OK));
    struct signature signature;
    cr_assert(eq(int, secret_key_sign(key, VIEW("utfall"), &signature), STATUS_OK));
    unsigned int carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned int)signature.bytes[32 + i] + ORDER[i];
        signature.bytes[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    cr_assert(eq(uint, carry, 0));
    cr_assert(eq(int, public_key_verify(secret_key_public(key), VIEW("utfall"), &signature),
                 STATUS_UNTRUSTED));
    secret_key_free(key);
}

/*
 * The twelve vectors on which Ed25519 libraries disagree, with the verdict of our rule and whether
 * the key could have been enrolled. Vector 3 shows why keys are checked: it verifies, by a key that
 * is not in the main subgroup.
 *
 * Source  Chalkias, Garillot, Nikolaenko: Taming the many EdDSAs (ePrint 2020/1244).
 */
static const struct {
    const char *message;
    const char *public_key;
    const char *signature;
    enum status verdict;
    bool enrolled;
} DISAGREEMENTS[] = {
    {"8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
     "0000000000000000000000000000000000000000000000000000000000000000",
     STATUS_UNTRUSTED, false},
    {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     STATUS_UNTRUSTED, false},
    {"aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa"
     "8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
     STATUS_UNTRUSTED, false},
    {"9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f"
     "87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
     STATUS_OK, false},
    {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512"
     "5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
     STATUS_UNTRUSTED, false},
    {"e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
     "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
     "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7"
     "e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
     STATUS_UNTRUSTED, false},
    {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e"
     "547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
     STATUS_UNTRUSTED, true},
    {"85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
     "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
     "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942"
     "7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
     STATUS_UNTRUSTED, true},
    {"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
     STATUS_UNTRUSTED, false},
    {"9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
     "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
     "ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
     STATUS_UNTRUSTED, false},
    {"e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     STATUS_UNTRUSTED, false},
    {"39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
     "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
     "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc"
     "a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
     STATUS_UNTRUSTED, false},
};

Test(key, the_acceptance_rule_is_the_strict_one)
{
    for (size_t i = 0; i < sizeof DISAGREEMENTS / sizeof DISAGREEMENTS[0]; i++) {
        uint8_t message[32];
        struct signature signature;
        struct public_key key = public_key(DISAGREEMENTS[i].public_key);
        read_hex(DISAGREEMENTS[i].message, sizeof message, message);
        read_hex(DISAGREEMENTS[i].signature, SIGNATURE_SIZE, signature.bytes);
        struct view view = bytes_view(message, sizeof message);
        cr_assert(eq(int, public_key_verify(&key, view, &signature), DISAGREEMENTS[i].verdict),
                  "vector %zu", i);
        cr_assert(eq(int, public_key_check(&key), DISAGREEMENTS[i].enrolled), "vector %zu", i);
    }
}

/*
 * The points whose order divides 8, as multiples of one of order 8, and the other ways of writing
 * them: with y not reduced, or with a sign on x = 0.
 *
 * Source  C2SP/CCTV ed25519, "Low-order edwards25519 point encodings".
 */
#define TORSION_COUNT 8
#define ALIAS_COUNT_MAX 3
static const struct {
    const char *canonical;
    const char *aliases[ALIAS_COUNT_MAX];
} TORSION[TORSION_COUNT] = {
    {"0000000000000000000000000000000000000000000000000000000000000000",
     {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}},
    {"0000000000000000000000000000000000000000000000000000000000000080",
     {"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}},
    {"0100000000000000000000000000000000000000000000000000000000000000",
     {"0100000000000000000000000000000000000000000000000000000000000080",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}},
    {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", {NULL}},
    {"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85", {NULL}},
    {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", {NULL}},
    {"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa", {NULL}},
    {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
     {"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}},
};
#define TORSION_OF_ORDER_8 3

/* Which multiple of the point of order 8 a canonical encoding is. */
static unsigned int torsion_multiple(const uint8_t encoding[static 32])
{
    uint8_t generator[32];
    uint8_t point[32];
    read_hex(TORSION[TORSION_OF_ORDER_8].canonical, sizeof generator, generator);
    memcpy(point, generator, sizeof point);
    for (unsigned int multiple = 1; multiple <= TORSION_COUNT; multiple++) {
        if (memcmp(point, encoding, sizeof point) == 0) {
            return multiple % TORSION_COUNT;
        }
        uint8_t sum[32];
        cr_assert(eq(int, crypto_core_ed25519_add(sum, point, generator), 0));
        memcpy(point, sum, sizeof point);
    }
    cr_fatal("not a multiple");
    return 0;
}

/* One half of a vector: a point, with or without a part of prime order, in one encoding. */
struct half {
    uint8_t encoding[32];
    uint8_t canonical[32];
    uint8_t scalar[32]; /* of the part of prime order */
    unsigned int multiple;
    bool is_small;
    bool is_alias;
};

/* All halves: 8 small points, 8 mixed ones, then 6 aliases of small ones. Returns how many. */
static size_t make_halves(const uint8_t scalar[static 32], struct half *ret_halves)
{
    uint8_t prime[32];
    cr_assert(eq(int, crypto_scalarmult_ed25519_base_noclamp(prime, scalar), 0));
    size_t count = 0;
    for (size_t i = 0; i < 2 * TORSION_COUNT; i++) {
        struct half *half = &ret_halves[count++];
        uint8_t small[32];
        read_hex(TORSION[i % TORSION_COUNT].canonical, 32, small);
        *half = (struct half){
            .multiple = torsion_multiple(small),
            .is_small = i < TORSION_COUNT,
        };
        memcpy(half->canonical, small, 32);
        if (!half->is_small) {
            memcpy(half->scalar, scalar, 32);
            cr_assert(eq(int, crypto_core_ed25519_add(half->canonical, prime, small), 0));
        }
        memcpy(half->encoding, half->canonical, 32);
    }
    for (size_t i = 0; i < TORSION_COUNT; i++) {
        for (size_t k = 0; k < ALIAS_COUNT_MAX && TORSION[i].aliases[k] != NULL; k++) {
            struct half *half = &ret_halves[count++];
            *half = ret_halves[i];
            half->is_alias = true;
            read_hex(TORSION[i].aliases[k], 32, half->encoding);
        }
    }
    return count;
}

#define HALF_COUNT (2 * TORSION_COUNT + 6)

/* k = SHA-512(R || A || message) mod L, over the given encodings. */
static void challenge(const uint8_t r[static 32], const uint8_t a[static 32], struct view message,
                      uint8_t ret_k[static 32])
{
    crypto_hash_sha512_state state;
    uint8_t digest[crypto_hash_sha512_BYTES];
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, r, 32);
    crypto_hash_sha512_update(&state, a, 32);
    crypto_hash_sha512_update(&state, (const uint8_t *)message.data, message.size);
    crypto_hash_sha512_final(&state, digest);
    crypto_core_ed25519_scalar_reduce(ret_k, digest);
}

struct tally {
    size_t count;
    size_t accepted;
    size_t accepted_enrolled;
};

/*
 * Makes the vectors of one pair: one that the cofactorless equation holds for and one that it does
 * not hold for, as far as there are such, found by trying messages for each value of k mod 8.
 */
static void try_pair(const struct half *a, const struct half *r, bool is_reencoded,
                     struct tally *tally)
{
    bool is_found[2] = {false, false};
    for (unsigned int wanted = 0; wanted < 8; wanted++) {
        char text[32] = "ed25519vectors";
        uint8_t k[32];
        for (int number = 1;; number++) {
            challenge(is_reencoded ? r->canonical : r->encoding,
                      is_reencoded ? a->canonical : a->encoding, view_of(text), k);
            if (k[0] % 8 == wanted) {
                break;
            }
            (void)snprintf(text, sizeof text, "ed25519vectors %d", number);
        }
        bool has_residue = (k[0] * a->multiple + r->multiple) % 8 != 0;
        if (is_found[has_residue]) {
            continue;
        }
        is_found[has_residue] = true;

        struct public_key key;
        struct signature signature;
        uint8_t product[32];
        memcpy(key.bytes, a->encoding, 32);
        memcpy(signature.bytes, r->encoding, 32);
        crypto_core_ed25519_scalar_mul(product, k, a->scalar);
        crypto_core_ed25519_scalar_add(signature.bytes + 32, product, r->scalar);

        bool accepted = public_key_verify(&key, view_of(text), &signature) == STATUS_OK;
        bool expected = !a->is_small && !r->is_small && !has_residue;
        cr_assert(eq(int, accepted, expected), "A %u%s R %u%s '%s'", a->multiple,
                  a->is_small ? " small" : "", r->multiple, r->is_small ? " small" : "", text);
        tally->count++;
        tally->accepted += accepted;
        tally->accepted_enrolled += accepted && public_key_check(&key);
    }
}

/*
 * The same classes as C2SP/CCTV's ed25519vectors, made here in the same way. A library that changes
 * its rule changes one of the counts: 43 of 914 is the strict cofactorless rule, and one of those
 * has a key that can be enrolled.
 */
Test(key, of_the_914_edge_cases_43_are_accepted)
{
    uint8_t a_wide[64] = {0};
    uint8_t r_wide[64];
    for (size_t i = 0; i < 32; i++) {
        a_wide[i] = 0x42;
        r_wide[2 * i] = 0x13;
        r_wide[2 * i + 1] = 0x37;
    }
    a_wide[0] &= 0xf8;
    a_wide[31] = (a_wide[31] & 0x7f) | 0x40;
    uint8_t a_scalar[32];
    uint8_t r_scalar[32];
    crypto_core_ed25519_scalar_reduce(a_scalar, a_wide);
    crypto_core_ed25519_scalar_reduce(r_scalar, r_wide);

    struct half a[HALF_COUNT];
    struct half r[HALF_COUNT];
    cr_assert(eq(sz, make_halves(a_scalar, a), HALF_COUNT));
    cr_assert(eq(sz, make_halves(r_scalar, r), HALF_COUNT));

    struct tally tally = {0};
    for (size_t i = 0; i < HALF_COUNT; i++) {
        for (size_t k = 0; k < HALF_COUNT; k++) {
            try_pair(&a[i], &r[k], false, &tally);
            /* CCTV also hashes the canonical form of a lone alias, beside a mixed point. */
            bool is_lone = a[i].is_alias ? !r[k].is_small : r[k].is_alias && !a[i].is_small;
            if (is_lone) {
                try_pair(&a[i], &r[k], true, &tally);
            }
        }
    }
    cr_assert(eq(sz, tally.count, 914));
    cr_assert(eq(sz, tally.accepted, 43));
    cr_assert(eq(sz, tally.accepted_enrolled, 1));
}

Test(key, keys_outside_the_main_subgroup_cannot_be_enrolled)
{
    uint8_t one[32] = {1};
    struct half halves[HALF_COUNT];
    cr_assert(eq(sz, make_halves(one, halves), HALF_COUNT));
    for (size_t i = 0; i < HALF_COUNT; i++) {
        struct public_key key;
        memcpy(key.bytes, halves[i].encoding, sizeof key.bytes);
        bool is_prime = !halves[i].is_small && halves[i].multiple == 0;
        cr_assert(eq(int, public_key_check(&key), is_prime), "half %zu", i);
    }

    static const struct {
        const char *key;
        const char *why;
    } rows[] = {
        {"0200000000000000000000000000000000000000000000000000000000000000", "not on the curve"},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "y = 2^255 - 1"},
        {"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "all ones"},
        {"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", "y = p + 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct public_key key = public_key(rows[i].key);
        cr_assert(not(public_key_check(&key)), "%s", rows[i].why);
    }
}

Test(key, secrets_are_wiped_and_freed)
{
    char secret[] = "hemligt";
    secret_wipe(secret, sizeof secret);
    for (size_t i = 0; i < sizeof secret; i++) {
        cr_assert(eq(chr, secret[i], '\0'));
    }
    char *guarded = secret_allocate(100);
    cr_assert(guarded != NULL);
    memset(guarded, 'x', 100);
    secret_free(guarded);
    secret_free(NULL);

    secret_key_free(NULL);
    struct secret_key *key = NULL;
    cr_assert(eq(int, secret_key_generate(&key), STATUS_OK));
    secret_key_freep(&key);
    cr_assert(key == NULL);
    secret_key_freep(&key);
}
