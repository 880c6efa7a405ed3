#include "ledger/log/proof.h"

#include "ledger/log/checkpoint.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>

#define DASH "\xe2\x80\x94 "

/* Of entry 2 of the log "entry 0" to "entry 4": log seed 0x01 and witness seed 0x02, 32 times. */
#define HEADER "c2sp.org/tlog-proof@v1\n"
#define HASH_0 "YcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAes="
#define PATH                                                \
    HASH_0 "\n"                                             \
           "WkdmL9ijF9lgSaP59HxV3GfKZgUbqjaD27GbL+CaB7A=\n" \
           "SFM123z+yWXxX/dF/GJcQdXqJkaTaTAWWCj3PdS2iFQ=\n"
#define CHECKPOINT                                                                               \
    "example.com/soc-ledger\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n\n" DASH           \
    "example.com/soc-ledger xw/iTyp2idkFtbnq5gWXY6ZzmSEX5RJq/oV6vkjXKkPUT2og/lgM+oZfpAgeiKkuCI"  \
    "KbhzsiM8W6DWS6WpspuAe4lwk=\n" DASH                                                          \
    "witness.example/w1 3xwKNQAAAABrBAnvaENiLDXSUmb19nJen26K+eT9vXm+yKnl1yPTsTii0dK0tDPzMyTV1jY" \
    "lWz87Vq0cKLDppt3zrFPDeWSz/94+DA==\n"
#define PROOF HEADER "index 2\n" PATH "\n" CHECKPOINT

#define LOG_VKEY "example.com/soc-ledger+c70fe24f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define WITNESS_VKEY "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(proof, .init = prepare);

static struct note_key vkey(const char *text)
{
    struct note_key key;
    struct failure failure;
    cr_assert(eq(int, note_key_parse(view_of(text), &key, &failure), STATUS_OK), "%s", text);
    return key;
}

Test(proof, the_worked_example_proves_entry_2)
{
    struct proof proof;
    struct failure failure;
    cr_assert(eq(int, proof_parse(VIEW(PROOF), &proof, &failure), STATUS_OK));
    cr_assert(eq(u64, proof.index, 2));
    cr_assert(eq(u32, proof.path.count, 3));
    cr_assert(view_is(proof.checkpoint, CHECKPOINT));

    struct note_key log = vkey(LOG_VKEY);
    struct checkpoint checkpoint;
    cr_assert(eq(int, checkpoint_open(proof.checkpoint, &log, &checkpoint, &failure), STATUS_OK));
    for (char digit = '0'; digit <= '4'; digit++) {
        char entry[] = "entry 0";
        entry[6] = digit;
        struct hash leaf = hash_leaf(view_of(entry));
        cr_assert(eq(int,
                     merkle_verify_inclusion(proof.index, checkpoint.size, &leaf, &proof.path,
                                             &checkpoint.root),
                     digit == '2' ? STATUS_OK : STATUS_UNTRUSTED),
                  "%s", entry);
    }
}

/* C2SP tlog-cosignature: what a witness signs is two lines and the text of the checkpoint. */
Test(proof, the_cosignature_of_the_worked_example_is_found_and_verifies)
{
    struct failure failure;
    struct note note;
    cr_assert(eq(int, note_parse(VIEW(CHECKPOINT), &note, &failure), STATUS_OK));
    cr_assert(eq(int, note_check_sorted(&note, &failure), STATUS_OK));
    struct note_key witness = vkey(WITNESS_VKEY);
    cr_assert(eq(sz, note_find(&note, &witness), 1));
    cr_assert(eq(sz, note.signatures[1].size, 8 + SIGNATURE_SIZE));

    uint8_t bytes[8 + SIGNATURE_SIZE];
    note_signature_bytes(&note.signatures[1], bytes);
    uint64_t time = 0;
    for (size_t i = 0; i < 8; i++) {
        time = time << 8 | bytes[i];
    }
    struct signature signature;
    memcpy(signature.bytes, bytes + 8, SIGNATURE_SIZE);
    struct buffer message;
    buffer_init(&message, 1000);
    cr_assert(eq(int,
                 buffer_append_format(&message, "cosignature/v1\ntime %" PRIu64 "\n%.*s", time,
                                      VIEW_ARGS(note.text)),
                 STATUS_OK));
    cr_assert(
        eq(int, public_key_verify(&witness.key, buffer_view(&message), &signature), STATUS_OK));
    message.data[message.size - 2] = 'x';
    cr_assert(eq(int, public_key_verify(&witness.key, buffer_view(&message), &signature),
                 STATUS_UNTRUSTED));
    buffer_release(&message);
}

Test(proof, what_is_written_is_what_is_read)
{
    static const struct {
        const char *text;
        const char *written; /* NULL when it is the text itself */
        uint64_t index;
        uint32_t count;
    } rows[] = {
        {PROOF, NULL, 2, 3},
        {HEADER "index 0\n\n" CHECKPOINT, NULL, 0, 0},
        {HEADER "index 9223372036854775807\n" HASH_0 "\n\n" CHECKPOINT, NULL, INT64_MAX, 1},
        {HEADER "extra YQ==\nindex 2\n" PATH "\n" CHECKPOINT, PROOF, 2, 3},
        {HEADER "extra " HASH_0 "\nindex 2\n" PATH "\n" CHECKPOINT, PROOF, 2, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proof proof;
        struct failure failure;
        cr_assert(eq(int, proof_parse(view_of(rows[i].text), &proof, &failure), STATUS_OK),
                  "row %zu", i);
        cr_assert(eq(u64, proof.index, rows[i].index), "row %zu", i);
        cr_assert(eq(u32, proof.path.count, rows[i].count), "row %zu", i);

        const char *expected = rows[i].written == NULL ? rows[i].text : rows[i].written;
        struct buffer buffer;
        buffer_init(&buffer, strlen(expected));
        cr_assert(eq(int, proof_write(&proof, &buffer), STATUS_OK));
        cr_assert(view_is(buffer_view(&buffer), expected), "row %zu: %s", i, buffer.data);
        buffer_release(&buffer);
        buffer_init(&buffer, strlen(expected) - 1);
        cr_assert(eq(int, proof_write(&proof, &buffer), STATUS_LIMIT));
        cr_assert(eq(sz, buffer.size, 0));
        buffer_release(&buffer);
    }
}

Test(proof, malformed_proofs_are_refused_with_the_line)
{
    static const struct {
        const char *text;
        const char *at;
    } rows[] = {
        {"", "line 1"},
        {"c2sp.org/tlog-proof@v1", "line 1"},
        {"c2sp.org/tlog-proof@v2\nindex 2\n" PATH "\n" CHECKPOINT, "line 1"},
        {"c2sp.org/tlog-proof@v1 \nindex 2\n" PATH "\n" CHECKPOINT, "line 1"},
        {"index 2\n" PATH "\n" CHECKPOINT, "line 1"},
        {"\n" PROOF, "line 1"},
        {HEADER, "line 2"},
        {HEADER PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index \n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index  2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index 02\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index -2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index 2\r\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "Index 2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "index 9223372036854775808\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "extra \nindex 2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "extra YQ\nindex 2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "extra YR==\nindex 2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "extra YQ== \nindex 2\n" PATH "\n" CHECKPOINT, "line 2"},
        {HEADER "extra YQ==", "line 2"},
        {HEADER "extra YQ==\n", "line 3"},
        {HEADER "extra YQ==\nextra YQ==\nindex 2\n" PATH "\n" CHECKPOINT, "line 3"},
        {HEADER "index 2\nextra YQ==\n" PATH "\n" CHECKPOINT, "line 3"},
        {HEADER "index 2\nindex 2\n" PATH "\n" CHECKPOINT, "line 3"},
        {HEADER "index 2\nYQ==\n\n" CHECKPOINT, "line 3"},
        {HEADER "index 2\n" HASH_0 " \n\n" CHECKPOINT, "line 3"},
        {HEADER "index 2\n" HASH_0 "\nYcoROfaBWEHVuvLQ0tm9nf7pfImN1ve6DAqpQe5sAet=\n\n" CHECKPOINT,
         "line 4"},
        {HEADER "extra YQ==\nindex 2\n" HASH_0 "\nx\n\n" CHECKPOINT, "line 5"},
        {HEADER "index 2\n" PATH CHECKPOINT, "line 6"},
        {HEADER "index 2\n" PATH, "line 6"},
        {HEADER "index 2\n" PATH "\n", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct proof proof = {.index = 77};
        struct failure failure;
        cr_assert(eq(int, proof_parse(view_of(rows[i].text), &proof, &failure), STATUS_INVALID),
                  "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu", i);
        cr_assert(eq(u64, proof.index, 77));
    }
}

Test(proof, a_path_has_at_most_as_many_hashes_as_a_tree_is_high)
{
    struct buffer buffer;
    buffer_init(&buffer, 10000);
    for (int count = MERKLE_PROOF_COUNT_MAX; count <= MERKLE_PROOF_COUNT_MAX + 1; count++) {
        buffer_clear(&buffer);
        cr_assert(eq(int, buffer_append_text(&buffer, HEADER "index 2\n"), STATUS_OK));
        for (int i = 0; i < count; i++) {
            cr_assert(eq(int, buffer_append_text(&buffer, HASH_0 "\n"), STATUS_OK));
        }
        cr_assert(eq(int, buffer_append_text(&buffer, "\n" CHECKPOINT), STATUS_OK));
        struct proof proof;
        struct failure failure;
        bool fits = count == MERKLE_PROOF_COUNT_MAX;
        cr_assert(eq(int, proof_parse(buffer_view(&buffer), &proof, &failure),
                     fits ? STATUS_OK : STATUS_INVALID));
        if (fits) {
            struct buffer again;
            buffer_init(&again, 10000);
            cr_assert(eq(int, proof_write(&proof, &again), STATUS_OK));
            cr_assert(view_equal(buffer_view(&again), buffer_view(&buffer)));
            buffer_release(&again);
        }
    }
    buffer_release(&buffer);
}

/* The pieces in which the extra line is checked must not show. */
Test(proof, extra_data_of_any_size_are_checked)
{
    enum { DIGITS_MAX = 3100, PIECE = 1024 };
    for (size_t digits = 4; digits <= DIGITS_MAX; digits += 4) {
        char text[DIGITS_MAX + 5000];
        int start = snprintf(text, sizeof text, "%sextra ", HEADER);
        memset(text + start, 'A', digits);
        (void)snprintf(text + start + digits, sizeof text - (size_t)start - digits,
                       "\nindex 2\n%s\n%s", PATH, CHECKPOINT);
        struct proof proof;
        cr_assert(eq(int, proof_parse(view_of(text), &proof, NULL), STATUS_OK), "%zu", digits);

        /* Padding belongs at the end; a stranger nowhere. */
        text[start + (int)digits - 1] = '=';
        cr_assert(eq(int, proof_parse(view_of(text), &proof, NULL), STATUS_OK), "%zu", digits);
        text[start + (int)digits - 1] = 'A';
        size_t at = digits / 2 / 4 * 4 + 3;
        text[start + (int)at] = '=';
        bool is_end = at == digits - 1;
        cr_assert(
            eq(int, proof_parse(view_of(text), &proof, NULL), is_end ? STATUS_OK : STATUS_INVALID),
            "%zu", digits);
        text[start + (int)at] = '-';
        cr_assert(eq(int, proof_parse(view_of(text), &proof, NULL), STATUS_INVALID), "%zu", digits);
        text[start + (int)at] = 'A';
        if (digits > PIECE) {
            text[start + PIECE - 1] = '=';
            cr_assert(eq(int, proof_parse(view_of(text), &proof, NULL), STATUS_INVALID), "%zu",
                      digits);
        }
    }
}
