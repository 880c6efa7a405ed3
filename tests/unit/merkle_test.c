#include "ledger/log/merkle.h"

#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define LEAVES_MAX 300
#define LEVELS_MAX 10

/* A store of complete nodes, which notices when a node is written twice or read too early. */
struct nodes {
    struct hash hashes[LEVELS_MAX][LEAVES_MAX];
    bool is_known[LEVELS_MAX][LEAVES_MAX];
    size_t reads;
    size_t fail_at; /* the read or emit, from 1, that fails; 0 for none */
};

static enum status nodes_read(void *context, struct merkle_position at, struct hash *ret_hash)
{
    struct nodes *nodes = context;
    if (++nodes->reads == nodes->fail_at) {
        return STATUS_STORAGE;
    }
    cr_assert(at.level < LEVELS_MAX && at.index < LEAVES_MAX);
    cr_assert(nodes->is_known[at.level][at.index], "level %u index %zu", at.level,
              (size_t)at.index);
    *ret_hash = nodes->hashes[at.level][at.index];
    return STATUS_OK;
}

static enum status nodes_emit(void *context, struct merkle_position at, const struct hash *hash)
{
    struct nodes *nodes = context;
    if (++nodes->reads == nodes->fail_at) {
        return STATUS_STORAGE;
    }
    cr_assert(at.level < LEVELS_MAX && at.index < LEAVES_MAX);
    cr_assert(not(nodes->is_known[at.level][at.index]));
    if (at.level > 0) {
        cr_assert(nodes->is_known[at.level - 1][2 * at.index]);
        cr_assert(nodes->is_known[at.level - 1][2 * at.index + 1]);
    }
    nodes->is_known[at.level][at.index] = true;
    nodes->hashes[at.level][at.index] = *hash;
    return STATUS_OK;
}

static struct hash leaf(uint64_t index)
{
    char entry[32];
    int size = snprintf(entry, sizeof entry, "entry %zu", (size_t)index);
    return hash_leaf((struct view){.data = entry, .size = (size_t)size});
}

/* A tree of `size` leaves: its nodes, and its edge after each append. */
static struct nodes nodes;
static struct merkle_edge edges[LEAVES_MAX + 1];

static void grow(uint64_t size)
{
    memset(&nodes, 0, sizeof nodes);
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    edges[0] = edge;
    for (uint64_t i = 0; i < size; i++) {
        struct hash hash = leaf(i);
        cr_assert(eq(int, merkle_edge_append(&edge, &hash, nodes_emit, &nodes), STATUS_OK));
        edges[i + 1] = edge;
    }
}

/* The definitions of RFC 6962 section 2.1, as they are written there: slow and obvious. */
static uint64_t split(uint64_t count)
{
    uint64_t k = 1;
    while (2 * k < count) {
        k *= 2;
    }
    return k;
}

static struct hash reference_root(uint64_t start, uint64_t end)
{
    if (start == end) {
        return hash_empty_tree();
    }
    if (end - start == 1) {
        return leaf(start);
    }
    uint64_t k = split(end - start);
    struct hash left = reference_root(start, start + k);
    struct hash right = reference_root(start + k, end);
    return hash_node(&left, &right);
}

static void add(struct merkle_proof *proof, struct hash hash)
{
    proof->hashes[proof->count++] = hash;
}

static void reference_path(uint64_t index, uint64_t start, uint64_t end, struct merkle_proof *proof)
{
    if (end - start == 1) {
        return;
    }
    uint64_t middle = start + split(end - start);
    if (index < middle) {
        reference_path(index, start, middle, proof);
        add(proof, reference_root(middle, end));
    } else {
        reference_path(index, middle, end, proof);
        add(proof, reference_root(start, middle));
    }
}

static void reference_consistency(uint64_t size, uint64_t start, uint64_t end, bool is_known,
                                  struct merkle_proof *proof)
{
    if (size == end) {
        if (!is_known) {
            add(proof, reference_root(start, end));
        }
        return;
    }
    uint64_t middle = start + split(end - start);
    if (size <= middle) {
        reference_consistency(size, start, middle, is_known, proof);
        add(proof, reference_root(middle, end));
    } else {
        reference_consistency(size, middle, end, false, proof);
        add(proof, reference_root(start, middle));
    }
}

static bool proof_equal(const struct merkle_proof *a, const struct merkle_proof *b)
{
    return a->count == b->count &&
           memcmp(a->hashes, b->hashes, a->count * sizeof a->hashes[0]) == 0;
}

static bool edge_equal(const struct merkle_edge *a, const struct merkle_edge *b)
{
    return a->size == b->size && a->count == b->count &&
           memcmp(a->hashes, b->hashes, a->count * sizeof a->hashes[0]) == 0;
}

/* The leaves and roots that implementations of certificate transparency are tested with. */
Test(merkle, roots_are_those_of_the_reference_trees)
{
    static const struct {
        const char *leaf;
        const char *root; /* of the tree up to this leaf */
    } rows[] = {
        {"", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {"00", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {"10", "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {"2021", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
        {"3031", "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {"40414243", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
        {"5051525354555657", "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {"606162636465666768696a6b6c6d6e6f",
         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    struct hash root = merkle_edge_root(&edge);
    struct hash empty = hash_empty_tree();
    cr_assert(hash_equal(&root, &empty));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t entry[16];
        size_t size = strlen(rows[i].leaf) / 2;
        cr_assert(eq(int, hex_read(view_of(rows[i].leaf), size, entry), STATUS_OK));
        struct hash hash = hash_leaf((struct view){.data = (const char *)entry, .size = size});
        cr_assert(eq(int, merkle_edge_append(&edge, &hash, NULL, NULL), STATUS_OK));
        struct hash expected;
        cr_assert(eq(int, hex_read(view_of(rows[i].root), HASH_SIZE, expected.bytes), STATUS_OK));
        root = merkle_edge_root(&edge);
        cr_assert(hash_equal(&root, &expected), "%zu leaves", i + 1);
        cr_assert(eq(u64, edge.size, i + 1));
    }
}

Test(merkle, the_edge_gives_the_root_of_the_definition)
{
    grow(LEAVES_MAX);
    for (uint64_t size = 0; size <= LEAVES_MAX; size++) {
        struct hash root = merkle_edge_root(&edges[size]);
        struct hash expected = reference_root(0, size);
        cr_assert(hash_equal(&root, &expected), "%zu leaves", (size_t)size);
        cr_assert(eq(u32, edges[size].count, (uint32_t)__builtin_popcountll(size)));
    }
}

Test(merkle, a_loaded_edge_is_the_one_that_was_appended_to)
{
    grow(LEAVES_MAX);
    for (uint64_t size = 0; size <= LEAVES_MAX; size++) {
        struct merkle_edge edge;
        nodes.reads = 0;
        cr_assert(eq(int, merkle_edge_load(size, nodes_read, &nodes, &edge), STATUS_OK));
        cr_assert(eq(sz, nodes.reads, (size_t)__builtin_popcountll(size)));
        cr_assert(edge_equal(&edge, &edges[size]), "%zu leaves", (size_t)size);
    }
}

Test(merkle, exactly_the_complete_nodes_are_emitted)
{
    for (uint64_t size = 0; size <= 70; size++) {
        grow(size);
        for (uint32_t level = 0; level < LEVELS_MAX; level++) {
            for (uint64_t index = 0; index < 80; index++) {
                bool is_complete = (index + 1) << level <= size;
                cr_assert(eq(int, nodes.is_known[level][index], is_complete),
                          "size %zu level %u index %zu", (size_t)size, level, (size_t)index);
                if (is_complete) {
                    struct hash expected = reference_root(index << level, (index + 1) << level);
                    cr_assert(hash_equal(&nodes.hashes[level][index], &expected));
                }
            }
        }
    }
}

/* Everything that could be mistaken for the proof of (index, size): none may verify. */
static void refuse_neighbours(uint64_t index, uint64_t size, const struct merkle_proof *proof)
{
    struct hash root = reference_root(0, size);
    struct hash hash = leaf(index);
    for (uint64_t wrong = 0; wrong <= size + 1; wrong++) {
        enum status status = merkle_verify_inclusion(wrong, size, &hash, proof, &root);
        cr_assert(eq(int, status == STATUS_OK, wrong == index), "%zu of %zu as %zu", (size_t)index,
                  (size_t)size, (size_t)wrong);
        cr_assert(wrong < size || status == STATUS_INVALID);
    }

    struct hash other = leaf(index + 1);
    cr_assert(
        eq(int, merkle_verify_inclusion(index, size, &other, proof, &root), STATUS_UNTRUSTED));
    cr_assert(
        eq(int, merkle_verify_inclusion(index, size, &hash, proof, &other), STATUS_UNTRUSTED));

    struct merkle_proof altered = *proof;
    add(&altered, root);
    cr_assert(
        eq(int, merkle_verify_inclusion(index, size, &hash, &altered, &root), STATUS_INVALID));
    for (altered.count = 0; altered.count < proof->count; altered.count++) {
        cr_assert(
            eq(int, merkle_verify_inclusion(index, size, &hash, &altered, &root), STATUS_INVALID),
            "%zu of %zu with %u", (size_t)index, (size_t)size, altered.count);
    }
    for (uint32_t i = 0; i < proof->count; i++) {
        altered = *proof;
        altered.hashes[i].bytes[i % HASH_SIZE] ^= 0x40;
        cr_assert(eq(int, merkle_verify_inclusion(index, size, &hash, &altered, &root),
                     STATUS_UNTRUSTED));
    }
}

Test(merkle, every_leaf_of_every_tree_of_1_to_70_leaves_is_proved)
{
    grow(70);
    for (uint64_t size = 1; size <= 70; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof proof;
            struct merkle_proof expected = {.count = 0};
            cr_assert(eq(int, merkle_prove_inclusion(index, size, nodes_read, &nodes, &proof),
                         STATUS_OK));
            reference_path(index, 0, size, &expected);
            cr_assert(proof_equal(&proof, &expected), "%zu of %zu", (size_t)index, (size_t)size);
            refuse_neighbours(index, size, &proof);
        }
    }
}

/* Everything that could be mistaken for the proof from old_size to new_size: none may verify. */
static void refuse_altered(uint64_t old_size, uint64_t new_size, const struct merkle_proof *proof)
{
    struct hash old_root = reference_root(0, old_size);
    struct hash new_root = reference_root(0, new_size);
    struct hash wrong = leaf(1000);
    cr_assert(eq(int, merkle_verify_consistency(old_size, &wrong, new_size, &new_root, proof),
                 STATUS_UNTRUSTED));
    cr_assert(eq(int, merkle_verify_consistency(old_size, &old_root, new_size, &wrong, proof),
                 STATUS_UNTRUSTED));

    struct merkle_proof altered = *proof;
    add(&altered, new_root);
    cr_assert(eq(int, merkle_verify_consistency(old_size, &old_root, new_size, &new_root, &altered),
                 STATUS_INVALID),
              "%zu to %zu", (size_t)old_size, (size_t)new_size);
    for (altered.count = 0; altered.count < proof->count; altered.count++) {
        cr_assert(eq(int,
                     merkle_verify_consistency(old_size, &old_root, new_size, &new_root, &altered),
                     STATUS_INVALID),
                  "%zu to %zu with %u", (size_t)old_size, (size_t)new_size, altered.count);
    }
    for (uint32_t i = 0; i < proof->count; i++) {
        altered = *proof;
        altered.hashes[i].bytes[i % HASH_SIZE] ^= 0x40;
        cr_assert(eq(int,
                     merkle_verify_consistency(old_size, &old_root, new_size, &new_root, &altered),
                     STATUS_UNTRUSTED));
    }
    for (uint64_t other = 0; other <= new_size; other++) {
        enum status status =
            merkle_verify_consistency(other, &old_root, new_size, &new_root, proof);
        cr_assert(eq(int, status == STATUS_OK, other == old_size), "%zu to %zu as %zu",
                  (size_t)old_size, (size_t)new_size, (size_t)other);
    }
}

Test(merkle, every_pair_of_sizes_up_to_40_is_consistent)
{
    grow(40);
    for (uint64_t new_size = 1; new_size <= 40; new_size++) {
        for (uint64_t old_size = 1; old_size <= new_size; old_size++) {
            struct merkle_proof proof;
            struct merkle_proof expected = {.count = 0};
            cr_assert(eq(int,
                         merkle_prove_consistency(old_size, new_size, nodes_read, &nodes, &proof),
                         STATUS_OK));
            reference_consistency(old_size, 0, new_size, true, &expected);
            cr_assert(proof_equal(&proof, &expected), "%zu to %zu", (size_t)old_size,
                      (size_t)new_size);
            struct hash old_root = reference_root(0, old_size);
            struct hash new_root = reference_root(0, new_size);
            cr_assert(
                eq(int, merkle_verify_consistency(old_size, &old_root, new_size, &new_root, &proof),
                   STATUS_OK),
                "%zu to %zu", (size_t)old_size, (size_t)new_size);
            refuse_altered(old_size, new_size, &proof);
        }
    }
}

Test(merkle, the_empty_tree_is_a_prefix_of_every_tree)
{
    struct hash empty = hash_empty_tree();
    struct hash root = reference_root(0, 5);
    struct merkle_proof none = {.count = 0};
    struct merkle_proof one = {.count = 1, .hashes = {root}};
    static const struct {
        uint64_t old_size;
        bool old_is_empty;
        uint64_t new_size;
        bool new_is_empty;
        bool has_proof;
        enum status expected;
    } rows[] = {
        {0, true, 0, true, false, STATUS_OK},
        {0, true, 5, false, false, STATUS_OK},
        {5, false, 5, false, false, STATUS_OK},
        {0, true, 0, false, false, STATUS_UNTRUSTED},
        {0, false, 0, false, false, STATUS_UNTRUSTED},
        {0, false, 5, false, false, STATUS_UNTRUSTED},
        {5, false, 5, true, false, STATUS_UNTRUSTED},
        {0, true, 5, false, true, STATUS_INVALID},
        {0, true, 0, true, true, STATUS_INVALID},
        {5, false, 5, false, true, STATUS_INVALID},
        {5, false, 0, true, false, STATUS_INVALID},
        {5, false, 4, false, false, STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int,
                     merkle_verify_consistency(
                         rows[i].old_size, rows[i].old_is_empty ? &empty : &root, rows[i].new_size,
                         rows[i].new_is_empty ? &empty : &root, rows[i].has_proof ? &one : &none),
                     rows[i].expected),
                  "row %zu", i);
    }
}

Test(merkle, a_proof_of_an_impossible_length_is_refused)
{
    struct hash root = reference_root(0, 1);
    struct merkle_proof proof = {.count = MERKLE_PROOF_COUNT_MAX + 1};
    cr_assert(eq(int, merkle_verify_inclusion(0, 2, &root, &proof, &root), STATUS_INVALID));
    cr_assert(eq(int, merkle_verify_consistency(1, &root, 2, &root, &proof), STATUS_INVALID));
    proof.count = 0;
    cr_assert(eq(int, merkle_verify_inclusion(0, 0, &root, &proof, &root), STATUS_INVALID));
    cr_assert(eq(int, merkle_verify_inclusion(0, 1, &root, &proof, &root), STATUS_OK));
    cr_assert(eq(int, merkle_verify_inclusion(UINT64_MAX, UINT64_MAX, &root, &proof, &root),
                 STATUS_INVALID));
}

/* Answers with a hash of the position, so that trees of any size can be walked. */
static enum status any_read(void *context, struct merkle_position at, struct hash *ret_hash)
{
    uint64_t size = *(const uint64_t *)context;
    cr_assert(at.level < MERKLE_HEIGHT_MAX && at.index < size >> at.level);
    *ret_hash = hash_bytes((struct view){.data = (const char *)&at.index, .size = sizeof at.index});
    ret_hash->bytes[0] = (uint8_t)at.level;
    return STATUS_OK;
}

Test(merkle, the_largest_trees_do_not_overflow)
{
    static const uint64_t SIZES[] = {INT64_MAX, INT64_MAX - 1, UINT64_C(1) << 62,
                                     (UINT64_C(1) << 62) + 1, UINT64_C(0x5555555555555555)};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        uint64_t size = SIZES[i];
        struct merkle_edge edge;
        cr_assert(eq(int, merkle_edge_load(size, any_read, &size, &edge), STATUS_OK));
        struct hash root = merkle_edge_root(&edge);
        struct merkle_proof proof;
        struct hash last;
        struct merkle_position at = {.level = 0, .index = size - 1};
        cr_assert(eq(int, any_read(&size, at, &last), STATUS_OK));
        cr_assert(
            eq(int, merkle_prove_inclusion(size - 1, size, any_read, &size, &proof), STATUS_OK));
        bool is_lone = size % 2 == 1; /* only then does the edge hold the leaf itself */
        cr_assert(eq(int, merkle_verify_inclusion(size - 1, size, &last, &proof, &root),
                     is_lone ? STATUS_OK : STATUS_UNTRUSTED),
                  "size %zu", (size_t)size);
        cr_assert(eq(int, merkle_prove_inclusion(0, size, any_read, &size, &proof), STATUS_OK));
        cr_assert(eq(u32, proof.count, size == UINT64_C(1) << 62 ? 62 : 63));
        cr_assert(
            eq(int, merkle_prove_consistency(size - 1, size, any_read, &size, &proof), STATUS_OK));
        cr_assert(proof.count <= MERKLE_PROOF_COUNT_MAX);
    }

    struct merkle_edge full;
    uint64_t size = INT64_MAX;
    cr_assert(eq(int, merkle_edge_load(size, any_read, &size, &full), STATUS_OK));
    cr_assert(eq(u32, full.count, 63));
    struct hash hash = leaf(0);
    cr_assert(eq(int, merkle_edge_append(&full, &hash, NULL, NULL), STATUS_LIMIT));
}

Test(merkle, a_failed_read_or_emit_is_passed_on_and_changes_nothing)
{
    grow(23);
    struct merkle_proof proof = {.count = 99};
    struct merkle_edge edge = {.count = 99};
    for (size_t at = 1; at <= 4; at++) { /* 23 = 10111 in binary: four reads for the edge */
        nodes.reads = 0;
        nodes.fail_at = at;
        cr_assert(eq(int, merkle_edge_load(23, nodes_read, &nodes, &edge), STATUS_STORAGE));
        nodes.reads = 0;
        cr_assert(
            eq(int, merkle_prove_inclusion(5, 23, nodes_read, &nodes, &proof), STATUS_STORAGE));
        nodes.reads = 0;
        cr_assert(
            eq(int, merkle_prove_consistency(5, 23, nodes_read, &nodes, &proof), STATUS_STORAGE));
        cr_assert(eq(u32, proof.count, 99));
        cr_assert(eq(u32, edge.count, 99));
    }

    /* The 24th leaf completes nodes at levels 1 to 3. */
    struct hash hash = leaf(23);
    for (size_t at = 1; at <= 4; at++) {
        grow(23);
        struct merkle_edge before = edges[23];
        edge = edges[23];
        nodes.reads = 0;
        nodes.fail_at = at;
        cr_assert(eq(int, merkle_edge_append(&edge, &hash, nodes_emit, &nodes), STATUS_STORAGE));
        cr_assert(edge_equal(&edge, &before), "emit %zu", at);
    }
    grow(23);
    edge = edges[23];
    nodes.reads = 0;
    cr_assert(eq(int, merkle_edge_append(&edge, &hash, nodes_emit, &nodes), STATUS_OK));
    cr_assert(eq(sz, nodes.reads, 4));
    cr_assert(eq(u32, edge.count, 2));
}
