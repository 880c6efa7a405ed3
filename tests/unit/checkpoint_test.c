#include "ledger/log/checkpoint.h"

#include "ledger/base/text.h"
#include "ledger/log/merkle.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#define DASH "\xe2\x80\x94 "

/* The log that tessera keeps as test data, with its published test key. */
#define TESSERA_VKEY \
    "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"
#define TESSERA_TYPE_AND_SEED "AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
#define TESSERA_TEXT           \
    "example.com/log/testdata" \
    "\n3\nWqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=\n"
#define TESSERA_SIGNATURE                                                                       \
    "M9e0lvAQRtH832pk2RTbeSeZMkp4FZSdJYFBUjO5SKxuRbywPUF3cx+HUrb50kjd3rUWW/fj53Wj1dwcwh9bGQnqV" \
    "Ag="
#define TESSERA_NOTE TESSERA_TEXT "\n" DASH "example.com/log/testdata " TESSERA_SIGNATURE "\n"

#define ROOT "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" /* of the empty tree */

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(checkpoint, .init = prepare);

static struct note_key vkey(const char *text)
{
    struct note_key key;
    struct failure failure;
    cr_assert(eq(int, note_key_parse(view_of(text), &key, &failure), STATUS_OK), "%s", text);
    return key;
}

static struct secret_key *tessera_secret(void)
{
    uint8_t blob[1 + SEED_SIZE];
    size_t size;
    cr_assert(
        eq(int, base64_read(VIEW(TESSERA_TYPE_AND_SEED), sizeof blob, blob, &size), STATUS_OK));
    struct secret_key *secret = NULL;
    cr_assert(eq(int, secret_key_from_seed(blob + 1, &secret), STATUS_OK));
    return secret;
}

/* The root of the tree of the three entries "one", "two" and "three". */
static struct hash tessera_root(void)
{
    static const char *const ENTRIES[] = {"one", "two", "three"};
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (size_t i = 0; i < 3; i++) {
        struct hash leaf = hash_leaf(view_of(ENTRIES[i]));
        cr_assert(eq(int, merkle_edge_append(&edge, &leaf, NULL, NULL), STATUS_OK));
    }
    return merkle_edge_root(&edge);
}

Test(checkpoint, one_that_tessera_signed_is_opened)
{
    struct note_key log = vkey(TESSERA_VKEY);
    struct checkpoint checkpoint;
    struct failure failure;
    struct view note = VIEW(TESSERA_NOTE);
    cr_assert(eq(int, checkpoint_open(note, &log, &checkpoint, &failure), STATUS_OK));
    cr_assert(view_is(checkpoint.origin, "example.com/log/testdata"));
    cr_assert(checkpoint.origin.data == note.data);
    cr_assert(eq(u64, checkpoint.size, 3));
    struct hash root = tessera_root();
    cr_assert(hash_equal(&checkpoint.root, &root));
}

Test(checkpoint, signing_gives_the_bytes_that_tessera_wrote)
{
    struct note_key log = vkey(TESSERA_VKEY);
    struct secret_key *secret = tessera_secret();
    struct checkpoint checkpoint = {
        .origin = VIEW("example.com/log/testdata"), .size = 3, .root = tessera_root()};
    struct buffer buffer;
    buffer_init(&buffer, CHECKPOINT_SIZE_MAX);
    cr_assert(eq(int, checkpoint_sign(&checkpoint, &log, secret, &buffer), STATUS_OK));
    cr_assert(view_is(buffer_view(&buffer), TESSERA_NOTE), "%s", buffer.data);

    size_t size = buffer.size;
    buffer_release(&buffer);
    buffer_init(&buffer, size - 1);
    cr_assert(eq(int, checkpoint_sign(&checkpoint, &log, secret, &buffer), STATUS_LIMIT));
    cr_assert(eq(sz, buffer.size, 0));
    buffer_release(&buffer);
    secret_key_free(secret);
}

Test(checkpoint, what_is_written_is_what_is_read)
{
    char longest[NAME_SIZE_MAX + 1];
    memset(longest, 'o', NAME_SIZE_MAX);
    longest[NAME_SIZE_MAX] = '\0';
    const struct {
        const char *origin;
        uint64_t size;
        const char *text; /* or NULL */
    } rows[] = {
        {"a", 0, "a\n0\n" ROOT "\n"},
        {"go.sum database tree", 1, "go.sum database tree\n1\n" ROOT "\n"},
        {"örebro.se", INT64_MAX, "örebro.se\n9223372036854775807\n" ROOT "\n"},
        {longest, INT64_MAX, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct checkpoint checkpoint = {
            .origin = view_of(rows[i].origin), .size = rows[i].size, .root = hash_empty_tree()};
        struct buffer buffer;
        buffer_init(&buffer, CHECKPOINT_SIZE_MAX);
        cr_assert(eq(int, checkpoint_write(&checkpoint, &buffer), STATUS_OK), "row %zu", i);
        cr_assert(rows[i].text == NULL || view_is(buffer_view(&buffer), rows[i].text), "row %zu",
                  i);
        struct checkpoint found;
        struct failure failure;
        cr_assert(eq(int, checkpoint_parse(buffer_view(&buffer), &found, &failure), STATUS_OK));
        cr_assert(view_equal(found.origin, checkpoint.origin), "row %zu", i);
        cr_assert(eq(u64, found.size, checkpoint.size), "row %zu", i);
        cr_assert(hash_equal(&found.root, &checkpoint.root), "row %zu", i);

        size_t size = buffer.size;
        buffer_release(&buffer);
        buffer_init(&buffer, size - 1);
        cr_assert(eq(int, checkpoint_write(&checkpoint, &buffer), STATUS_LIMIT));
        cr_assert(eq(sz, buffer.size, 0));
        buffer_release(&buffer);
    }
}

Test(checkpoint, malformed_text_is_refused_with_the_line)
{
    char too_long[400];
    memset(too_long, 'o', NAME_SIZE_MAX + 1);
    (void)snprintf(too_long + NAME_SIZE_MAX + 1, 100, "\n1\n" ROOT "\n");
    const struct {
        const char *text;
        const char *at;
    } rows[] = {
        {"", "line 1"},
        {"a", "line 1"},
        {"\n1\n" ROOT "\n", "line 1"},
        {"a\tb\n1\n" ROOT "\n", "line 1"},
        {"\xff\n1\n" ROOT "\n", "line 1"},
        {too_long, "line 1"},
        {"a\n", "line 2"},
        {"a\n1", "line 2"},
        {"a\n\n" ROOT "\n", "line 2"},
        {"a\n01\n" ROOT "\n", "line 2"},
        {"a\n00\n" ROOT "\n", "line 2"},
        {"a\n+1\n" ROOT "\n", "line 2"},
        {"a\n-1\n" ROOT "\n", "line 2"},
        {"a\n 1\n" ROOT "\n", "line 2"},
        {"a\n1 \n" ROOT "\n", "line 2"},
        {"a\n0x1\n" ROOT "\n", "line 2"},
        {"a\n9223372036854775808\n" ROOT "\n", "line 2"},
        {"a\n18446744073709551617\n" ROOT "\n", "line 2"},
        {"a\n1\n", "line 3"},
        {"a\n1\n" ROOT, "line 3"},
        {"a\n1\n\n", "line 3"},
        {"a\n1\n" ROOT " \n", "line 3"},
        {"a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n", "line 3"},
        {"a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", "line 3"},
        {"a\n1\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n", "line 3"},
        {"a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n", "line 3"},
        {"a\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFUA\n", "line 3"},
        {"a\n1\n" ROOT "\nextension\n", "line 4"},
        {"a\n1\n" ROOT "\n\n", "line 4"},
        {"a\n1\n" ROOT "\nx", "line 4"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct checkpoint checkpoint = {.size = 77};
        struct failure failure;
        cr_assert(
            eq(int, checkpoint_parse(view_of(rows[i].text), &checkpoint, &failure), STATUS_INVALID),
            "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu", i);
        cr_assert(eq(u64, checkpoint.size, 77));
    }
}

Test(checkpoint, only_the_log_itself_is_believed)
{
    struct note_key log = vkey(TESSERA_VKEY);
    struct note_key other_name = log;
    (void)snprintf(other_name.name, sizeof other_name.name, "example.com/log/other");
    struct note_key other_key =
        vkey("example.com/soc-ledger+c70fe24f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c");
    (void)snprintf(other_key.name, sizeof other_key.name, "%s", log.name);

    static const char FORGED[] = "example.com/log/testdata\n4\n" ROOT "\n\n" DASH
                                 "example.com/log/testdata " TESSERA_SIGNATURE "\n";
    static const char RENAMED[] =
        TESSERA_TEXT "\n" DASH "example.com/log/other " TESSERA_SIGNATURE "\n";
    const struct {
        const char *note;
        const struct note_key *log;
        enum status expected;
    } rows[] = {
        {TESSERA_NOTE, &log, STATUS_OK},
        {TESSERA_NOTE, &other_name, STATUS_INVALID},
        {TESSERA_NOTE, &other_key, STATUS_UNTRUSTED},
        {FORGED, &log, STATUS_UNTRUSTED},
        {RENAMED, &log, STATUS_UNTRUSTED},
        {TESSERA_TEXT, &log, STATUS_INVALID},
        {"a\n\n" DASH "example.com/log/testdata " TESSERA_SIGNATURE "\n", &log, STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct checkpoint checkpoint = {.size = 77};
        struct failure failure;
        cr_assert(eq(int,
                     checkpoint_open(view_of(rows[i].note), rows[i].log, &checkpoint, &failure),
                     rows[i].expected),
                  "row %zu", i);
        cr_assert(eq(u64, checkpoint.size, rows[i].expected == STATUS_OK ? 3 : 77), "row %zu", i);
    }
}

Test(checkpoint, no_bit_of_a_signed_checkpoint_can_change)
{
    struct note_key log = vkey(TESSERA_VKEY);
    char bytes[] = TESSERA_NOTE;
    struct view view = {.data = bytes, .size = sizeof bytes - 1};
    for (size_t bit = 0; bit < 8 * view.size; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        struct checkpoint checkpoint;
        cr_assert(ne(int, checkpoint_open(view, &log, &checkpoint, NULL), STATUS_OK),
                  "byte %zu bit %zu", bit / 8, bit % 8);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
}
