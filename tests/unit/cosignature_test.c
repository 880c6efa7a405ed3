#include "ledger/log/cosignature.h"

#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#define DASH "\xe2\x80\x94 "

/* A log with seed 0x01 x 32 and a witness with seed 0x02 x 32; torchwood verifies this note. */
#define LOG_VKEY "example.com/soc-ledger+c70fe24f+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
#define WITNESS_VKEY "witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
#define TEXT "example.com/soc-ledger\n5\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
#define LOG_LINE                                                                          \
    DASH "example.com/soc-ledger "                                                        \
         "xw/iTyp2idkFtbnq5gWXY6ZzmSEX5RJq/oV6vkjXKkPUT2og/lgM+oZfpAgeiKkuCIKbhzsiM8W6DW" \
         "S6WpspuAe4lwk=\n"
#define WITNESS_LINE                                                                          \
    DASH "witness.example/w1 "                                                                \
         "3xwKNQAAAABrBAnvaENiLDXSUmb19nJen26K+eT9vXm+yKnl1yPTsTii0dK0tDPzMyTV1jYlWz87Vq0cKL" \
         "Dppt3zrFPDeWSz/94+DA==\n"
#define WITNESS_TIME UINT64_C(0x6b0409ef)

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(cosignature, .init = prepare);

static struct cosigner witness(void)
{
    struct cosigner cosigner;
    struct failure failure = {0};
    cr_assert(eq(int, cosigner_parse(VIEW(WITNESS_VKEY), &cosigner, &failure), STATUS_OK), "%s",
              failure.reason);
    return cosigner;
}

static enum status verify(const char *bytes, const struct cosigner *cosigner, uint64_t *ret_time)
{
    struct note note;
    cr_assert(eq(int, note_parse(view_of(bytes), &note, NULL), STATUS_OK), "%s", bytes);
    return cosignature_verify(&note, cosigner, ret_time);
}

static struct secret_key *secret_of(uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof seed);
    struct secret_key *secret = NULL;
    cr_assert(eq(int, secret_key_from_seed(seed, &secret), STATUS_OK));
    return secret;
}

Test(cosignature, the_published_line_verifies_and_tells_its_time)
{
    struct cosigner cosigner = witness();
    uint64_t time = 0;
    cr_assert(eq(int, verify(TEXT "\n" LOG_LINE WITNESS_LINE, &cosigner, &time), STATUS_OK));
    cr_assert(eq(u64, time, WITNESS_TIME));
    cr_assert(eq(int, verify(TEXT "\n" WITNESS_LINE LOG_LINE, &cosigner, &time), STATUS_OK));
    cr_assert(eq(int, verify(TEXT "\n" LOG_LINE, &cosigner, &time), STATUS_NOT_FOUND));
}

Test(cosignature, signing_gives_the_published_bytes)
{
    struct secret_key *secret = secret_of(2);
    struct cosigner cosigner;
    struct buffer line;
    cr_assert(eq(int,
                 cosigner_make(VIEW("witness.example/w1"), secret_key_public(secret), &cosigner),
                 STATUS_OK));
    buffer_init(&line, 1000);
    cr_assert(eq(int, cosignature_sign_line(VIEW(TEXT), &cosigner, secret, WITNESS_TIME, &line),
                 STATUS_OK));
    cr_assert(view_is(buffer_view(&line), WITNESS_LINE), "%s", line.data);
    size_t size = line.size;
    buffer_release(&line);
    buffer_init(&line, size - 1);
    cr_assert(eq(int, cosignature_sign_line(VIEW(TEXT), &cosigner, secret, WITNESS_TIME, &line),
                 STATUS_LIMIT));
    cr_assert(eq(sz, line.size, 0));

    buffer_release(&line);
    buffer_init(&line, 1000);
    cr_assert(eq(int, cosigner_write(&cosigner, &line), STATUS_OK));
    cr_assert(view_is(buffer_view(&line), WITNESS_VKEY), "%s", line.data);
    buffer_release(&line);
    secret_key_free(secret);
}

/* Signs `TEXT` under `name`, then changes one byte of the signature line's blob. */
static void assert_change_is_seen(size_t at)
{
    struct note note;
    uint8_t body[72];
    struct buffer bytes;
    struct cosigner cosigner = witness();
    uint64_t time;
    cr_assert(eq(int, note_parse(VIEW(TEXT "\n" WITNESS_LINE), &note, NULL), STATUS_OK));
    note_signature_bytes(&note.signatures[0], body);
    body[at] ^= 1;
    buffer_init(&bytes, 1000);
    cr_assert(eq(int, buffer_append(&bytes, VIEW(TEXT "\n")), STATUS_OK));
    struct view changed = {.data = (const char *)body, .size = sizeof body};
    cr_assert(
        eq(int, note_write_line(view_of(cosigner.name), cosigner.id, changed, &bytes), STATUS_OK));
    cr_assert(eq(int, verify(bytes.data, &cosigner, &time), STATUS_UNTRUSTED), "byte %zu", at);
    buffer_release(&bytes);
}

Test(cosignature, a_change_of_any_byte_of_time_or_signature_is_seen)
{
    for (size_t i = 0; i < 72; i++) {
        assert_change_is_seen(i);
    }
}

Test(cosignature, another_checkpoint_key_or_size_is_not_what_was_signed)
{
    struct cosigner cosigner = witness();
    uint64_t time;
    cr_assert(eq(int,
                 verify("example.com/soc-ledger\n6\nfKo0Xb2JKmZFTWxlEuo8PqPw0+whvj/C4jdXBf049nI=\n"
                        "\n" WITNESS_LINE,
                        &cosigner, &time),
                 STATUS_UNTRUSTED));
    /* A log's signature under the witness's name: 64 bytes, not 72. */
    struct buffer bytes;
    buffer_init(&bytes, 1000);
    uint8_t blob[64] = {1};
    struct view short_one = {.data = (const char *)blob, .size = sizeof blob};
    cr_assert(eq(int, buffer_append(&bytes, VIEW(TEXT "\n")), STATUS_OK));
    cr_assert(eq(int, note_write_line(view_of(cosigner.name), cosigner.id, short_one, &bytes),
                 STATUS_OK));
    cr_assert(eq(int, verify(bytes.data, &cosigner, &time), STATUS_UNTRUSTED));
    buffer_release(&bytes);
    /* A text that is no checkpoint. */
    cr_assert(eq(int, verify("hello\n\n" WITNESS_LINE, &cosigner, &time), STATUS_INVALID));
    /* The same key under another name has another id, and so no line. */
    struct secret_key *secret = secret_of(2);
    cr_assert(
        eq(int, cosigner_make(VIEW("other"), secret_key_public(secret), &cosigner), STATUS_OK));
    cr_assert(eq(int, verify(TEXT "\n" WITNESS_LINE, &cosigner, &time), STATUS_NOT_FOUND));
    secret_key_free(secret);
}

Test(cosignature, a_time_beyond_2_to_the_63_is_refused_although_it_is_signed)
{
    struct secret_key *secret = secret_of(2);
    struct cosigner cosigner = witness();
    struct signature signature;
    uint8_t body[72] = {0x80};
    struct buffer bytes;
    uint64_t time;
    enum status signed_it = secret_key_sign(
        secret, VIEW("cosignature/v1\ntime 9223372036854775808\n" TEXT), &signature);
    cr_assert(eq(int, signed_it, STATUS_OK));
    memcpy(body + 8, signature.bytes, sizeof signature.bytes);
    buffer_init(&bytes, 1000);
    struct view signed_one = {.data = (const char *)body, .size = sizeof body};
    cr_assert(eq(int, buffer_append(&bytes, VIEW(TEXT "\n")), STATUS_OK));
    cr_assert(eq(int, note_write_line(view_of(cosigner.name), cosigner.id, signed_one, &bytes),
                 STATUS_OK));
    cr_assert(eq(int, verify(bytes.data, &cosigner, &time), STATUS_UNTRUSTED));
    buffer_release(&bytes);

    buffer_init(&bytes, 1000);
    cr_assert(eq(int, buffer_append(&bytes, VIEW(TEXT "\n")), STATUS_OK));
    cr_assert(eq(int,
                 cosignature_sign_line(VIEW(TEXT), &cosigner, secret, COSIGNATURE_TIME_MAX, &bytes),
                 STATUS_OK));
    cr_assert(eq(int, verify(bytes.data, &cosigner, &time), STATUS_OK));
    cr_assert(eq(u64, time, COSIGNATURE_TIME_MAX));
    buffer_release(&bytes);
    secret_key_free(secret);
}

Test(cosignature, vkeys_of_other_types_are_refused)
{
    static const struct {
        const char *vkey;
        enum status expected;
    } rows[] = {
        {WITNESS_VKEY, STATUS_OK},
        {LOG_VKEY, STATUS_INVALID},
        {"witness.example/w1+df1c0a36+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
         STATUS_INVALID},
        {"witness.example/w2+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
         STATUS_INVALID},
        {"witness.example/w1+df1c0a35", STATUS_INVALID},
        {"", STATUS_INVALID},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cosigner cosigner;
        cr_assert(eq(int, cosigner_parse(view_of(rows[i].vkey), &cosigner, NULL), rows[i].expected),
                  "%s", rows[i].vkey);
    }
}

/* A vkey of type 0x06 with a key that need not be one: only OpenSSL would look. */
static void lattice_vkey(uint8_t type, size_t key_size, struct buffer *ret_vkey)
{
    uint8_t blob[1 + LATTICE_KEY_SIZE] = {type, 7};
    struct note_vkey parts = {
        .name = VIEW("example.com/mldsa-log"),
        .blob = {.data = (const char *)blob, .size = 1 + key_size},
    };
    parts.id = note_vkey_id(parts.name, parts.blob);
    buffer_init(ret_vkey, COSIGNER_VKEY_SIZE_MAX);
    cr_assert(eq(int, note_vkey_write(&parts, ret_vkey), STATUS_OK));
}

Test(cosignature, an_ml_dsa_vkey_is_read_and_written_and_usable_where_openssl_has_it)
{
    struct buffer vkey;
    struct buffer again;
    struct cosigner cosigner;
    lattice_vkey(COSIGNER_LATTICE, LATTICE_KEY_SIZE, &vkey);
    cr_assert(eq(int, cosigner_parse(buffer_view(&vkey), &cosigner, NULL), STATUS_OK));
    cr_assert(eq(int, cosigner.type, COSIGNER_LATTICE));
    cr_assert(eq(int, cosigner_is_usable(&cosigner), lattice_available()));
    buffer_init(&again, COSIGNER_VKEY_SIZE_MAX);
    cr_assert(eq(int, cosigner_write(&cosigner, &again), STATUS_OK));
    cr_assert(view_equal(buffer_view(&again), buffer_view(&vkey)));
    buffer_release(&again);
    buffer_release(&vkey);

    lattice_vkey(COSIGNER_LATTICE, 32, &vkey);
    cr_assert(eq(int, cosigner_parse(buffer_view(&vkey), &cosigner, NULL), STATUS_INVALID));
    buffer_release(&vkey);
}
