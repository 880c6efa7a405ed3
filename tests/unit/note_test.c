#include "ledger/log/note.h"

#include "ledger/base/text.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#define DASH "\xe2\x80\x94 "

/* The example of C2SP signed-note. */
#define FOO_VKEY "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
#define FOO_NOTE                                                                                   \
    "This is an example message.\n\n" DASH "example.com/foo "                                      \
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=" \
    "\n"

/* The keys and the text of the tests of Go's sumdb/note. */
#define PETER_VKEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH_VKEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                     \
    "If you think cryptography is the answer to your problem,\n" \
    "then you don't know what your problem is.\n"
#define PETER_BASE64 \
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
#define ENOCH_BASE64 \
    "rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ="
#define PETER_LINE DASH "PeterNeumann " PETER_BASE64 "\n"
#define ENOCH_LINE DASH "EnochRoot " ENOCH_BASE64 "\n"

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(note, .init = prepare);

static struct note_key vkey(const char *text)
{
    struct note_key key;
    struct failure failure;
    cr_assert(eq(int, note_key_parse(view_of(text), &key, &failure), STATUS_OK), "%s", text);
    return key;
}

static struct note parsed(struct view bytes)
{
    struct note note;
    struct failure failure = {.reason = ""};
    cr_assert(eq(int, note_parse(bytes, &note, &failure), STATUS_OK), "%.*s: %s", VIEW_ARGS(bytes),
              failure.reason);
    return note;
}

/* A secret key whose seed is `fill` 32 times, and its vkey under `name`. */
static struct secret_key *make_key(uint8_t fill, const char *name, struct note_key *ret_key)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof seed);
    struct secret_key *secret = NULL;
    cr_assert(eq(int, secret_key_from_seed(seed, &secret), STATUS_OK));
    cr_assert(eq(int,
                 note_key_make(view_of(name), NOTE_KEY_ED25519, secret_key_public(secret), ret_key),
                 STATUS_OK));
    return secret;
}

/* Appends a signature line with `size` bytes 'x' as the signature. */
static void append_line(struct buffer *buffer, const char *name, uint32_t id, size_t size)
{
    char *blob = malloc(4 + size);
    memset(blob, 'x', 4 + size);
    for (int i = 0; i < 4; i++) {
        blob[i] = (char)(id >> (24 - 8 * i));
    }
    cr_assert(eq(int, buffer_append_format(buffer, DASH "%s ", name), STATUS_OK));
    cr_assert(
        eq(int, base64_write(buffer, (struct view){.data = blob, .size = 4 + size}), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(buffer, '\n'), STATUS_OK));
    free(blob);
}

Test(note, notes_that_others_signed_verify)
{
    static const struct {
        const char *vkey;
        const char *note;
        const char *text;
        size_t index;
    } rows[] = {
        {FOO_VKEY, FOO_NOTE, "This is an example message.\n", 0},
        {PETER_VKEY, TEXT "\n" PETER_LINE, TEXT, 0},
        {PETER_VKEY, TEXT "\n" PETER_LINE ENOCH_LINE, TEXT, 0},
        {ENOCH_VKEY, TEXT "\n" PETER_LINE ENOCH_LINE, TEXT, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct note note = parsed(view_of(rows[i].note));
        struct note_key key = vkey(rows[i].vkey);
        cr_assert(view_is(note.text, rows[i].text), "row %zu", i);
        cr_assert(eq(sz, note_find(&note, &key), rows[i].index), "row %zu", i);
        cr_assert(eq(int, note_verify(&note, &key), STATUS_OK), "row %zu", i);

        struct note_signature *signature = &note.signatures[rows[i].index];
        cr_assert(view_is(signature->name, key.name), "row %zu", i);
        cr_assert(eq(u32, signature->key_id, key.id), "row %zu", i);
        cr_assert(eq(sz, signature->size, SIGNATURE_SIZE), "row %zu", i);
    }
}

Test(note, malformed_notes_are_refused_with_the_line)
{
    static const struct {
        const char *note;
        const char *at;
    } rows[] = {
        /* The malformed messages of Go's TestOpen. */
        {TEXT, ""},
        {TEXT "\n", ""},
        {TEXT "\n" DASH "PeterNeumann " PETER_BASE64, "line 4"},
        {"\x01" TEXT "\n" PETER_LINE, "line 1"},
        {"\xff" TEXT "\n" PETER_LINE, ""},
        {TEXT "\n" DASH "Bad Name " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" PETER_LINE "Unexpected line.\n", "line 5"},
        /* Ours. */
        {"", ""},
        {"\n", ""},
        {"\n\n", ""},
        {TEXT PETER_LINE, ""},
        {PETER_LINE, ""},
        {"\n" PETER_LINE, ""},
        {TEXT "\n" PETER_LINE "\n", ""},
        {TEXT "\n" PETER_LINE "\n" ENOCH_LINE "\n", ""},
        {TEXT "\r\n" PETER_LINE, "line 3"},
        {TEXT "\n" DASH "PeterNeumann " PETER_BASE64 "\r\n", "line 4"},
        {TEXT "\n" DASH "PeterNeumann\t" PETER_BASE64 "\n", "line 4"},
        {"a\tb\n\n" PETER_LINE, "line 1"},
        {"a\nb\x1f\n\n" PETER_LINE, "line 2"},
        {"\xed\xa0\x80\n\n" PETER_LINE, ""},
        {"\xc0\x80\n\n" PETER_LINE, ""},
        {"\xe2\x80\n\n" PETER_LINE, ""},
        {TEXT "\n- PeterNeumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n\xe2\x80\x93 PeterNeumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n\xe2\x80\x94PeterNeumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n " DASH "PeterNeumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" DASH " PeterNeumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" DASH "PeterNeumann  " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" DASH "PeterNeumann " PETER_BASE64 " \n", "line 4"},
        {TEXT "\n" DASH "PeterNeumann\n", "line 4"},
        {TEXT "\n" DASH "PeterNeumann \n", "line 4"},
        {TEXT "\n" DASH PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" DASH "\n", "line 4"},
        {TEXT "\n" DASH "Peter+Neumann " PETER_BASE64 "\n", "line 4"},
        {TEXT "\n" DASH "Peter\xc2\xa0Neumann " PETER_BASE64 "\n", "line 4"},
        /* Key id only; less than that; no padding; padding bits that are not zero; URL alphabet. */
        {TEXT "\n" DASH "a x08gow==\n", "line 4"},
        {TEXT "\n" DASH "a x08g\n", "line 4"},
        {TEXT "\n" DASH "a x08go/Y\n", "line 4"},
        {TEXT "\n" DASH "a x08go/Z=\n", "line 4"},
        {TEXT "\n" DASH "a x08go_Y=\n", "line 4"},
        {TEXT "\n" DASH "a x08go/Y==\n", "line 4"},
        {TEXT "\n" DASH "a x08go/Y=x08go/Y=\n", "line 4"},
        {TEXT "\n" PETER_LINE ENOCH_LINE DASH "a x08g\n", "line 6"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct note note = {.count = 77};
        struct failure failure;
        cr_assert(eq(int, note_parse(view_of(rows[i].note), &note, &failure), STATUS_INVALID),
                  "row %zu: %s", i, rows[i].note);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu: %s", i, rows[i].note);
        cr_assert(eq(sz, note.count, 77), "row %zu", i);
        cr_assert(eq(int, note_parse(view_of(rows[i].note), &note, NULL), STATUS_INVALID));
    }
    struct note note;
    struct failure failure;
    struct view with_nul = VIEW("a\0b\n\n" PETER_LINE);
    cr_assert(eq(int, note_parse(with_nul, &note, &failure), STATUS_INVALID));
}

Test(note, the_text_ends_at_the_last_empty_line)
{
    static const struct {
        const char *text;
    } rows[] = {
        {"\n"}, {"a\n"}, {"a\n\n"}, {"\n\n\n"}, {"a\n\nb\n"}, {TEXT "\n" PETER_LINE}, {"åäö — ü\n"},
    };
    struct note_key key;
    struct secret_key *secret = make_key(3, "example.com/a", &key);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        struct view text = view_of(rows[i].text);
        cr_assert(eq(int, note_write_signed(text, &key, secret, &buffer), STATUS_OK));
        struct note note = parsed(buffer_view(&buffer));
        cr_assert(view_equal(note.text, text), "row %zu", i);
        cr_assert(eq(sz, note.count, 1), "row %zu", i);
        cr_assert(eq(int, note_verify(&note, &key), STATUS_OK), "row %zu", i);
        buffer_release(&buffer);
    }
    secret_key_free(secret);
}

Test(note, a_repeated_signature_line_is_refused)
{
    static const struct {
        const char *name;
        uint32_t id;
        enum status expected;
    } rows[] = {
        {"a", 1, STATUS_INVALID}, {"b", 2, STATUS_INVALID}, {"a", 2, STATUS_OK},
        {"b", 1, STATUS_OK},      {"ab", 1, STATUS_OK},     {"A", 1, STATUS_OK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        cr_assert(eq(int, buffer_append_text(&buffer, "text\n\n"), STATUS_OK));
        append_line(&buffer, "a", 1, 64);
        append_line(&buffer, "b", 2, 64);
        append_line(&buffer, rows[i].name, rows[i].id, 63); /* another signature, the same key */
        struct note note;
        struct failure failure;
        cr_assert(eq(int, note_parse(buffer_view(&buffer), &note, &failure), rows[i].expected),
                  "row %zu", i);
        if (rows[i].expected != STATUS_OK) {
            cr_assert(eq(str, failure.at, (char *)"line 5"));
        }
        buffer_release(&buffer);
    }
}

Test(note, signatures_are_counted_and_measured)
{
    struct buffer buffer;
    buffer_init(&buffer, 100000);
    cr_assert(eq(int, buffer_append_text(&buffer, "text\n\n"), STATUS_OK));
    for (uint32_t i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        append_line(&buffer, "a", i, 64);
    }
    struct note note = parsed(buffer_view(&buffer));
    cr_assert(eq(sz, note.count, NOTE_SIGNATURES_MAX));
    cr_assert(eq(u32, note.signatures[NOTE_SIGNATURES_MAX - 1].key_id, NOTE_SIGNATURES_MAX - 1));
    append_line(&buffer, "b", 0, 64);
    struct failure failure;
    cr_assert(eq(int, note_parse(buffer_view(&buffer), &note, &failure), STATUS_LIMIT));
    cr_assert(eq(str, failure.at, (char *)"line 67"));

    static const struct {
        size_t size;
        enum status expected;
    } rows[] = {
        {0, STATUS_INVALID},
        {1, STATUS_OK},
        {72, STATUS_OK},
        {2428, STATUS_OK},
        {NOTE_SIGNATURE_SIZE_MAX, STATUS_OK},
        {NOTE_SIGNATURE_SIZE_MAX + 1, STATUS_LIMIT},
        {20000, STATUS_LIMIT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        buffer_clear(&buffer);
        cr_assert(eq(int, buffer_append_text(&buffer, "text\n\n"), STATUS_OK));
        append_line(&buffer, "a", 5, rows[i].size);
        cr_assert(eq(int, note_parse(buffer_view(&buffer), &note, &failure), rows[i].expected),
                  "%zu bytes", rows[i].size);
        if (rows[i].expected == STATUS_OK) {
            cr_assert(eq(sz, note.signatures[0].size, rows[i].size));
            uint8_t bytes[NOTE_SIGNATURE_SIZE_MAX];
            note_signature_bytes(&note.signatures[0], bytes);
            for (size_t k = 0; k < rows[i].size; k++) {
                cr_assert(eq(chr, (char)bytes[k], 'x'), "byte %zu of %zu", k, rows[i].size);
            }
        }
    }
    buffer_release(&buffer);
}

Test(note, a_signature_is_believed_only_when_it_verifies)
{
    struct note_key key = vkey(PETER_VKEY);
    struct note_key enoch = vkey(ENOCH_VKEY);
    struct note_key renamed;
    cr_assert(eq(int, note_key_make(VIEW("CarmenSandiego"), NOTE_KEY_ED25519, &key.key, &renamed),
                 STATUS_OK));
    struct note_key collided = enoch; /* another key that got the same id, as anyone can arrange */
    memcpy(collided.name, key.name, sizeof key.name);
    collided.id = key.id;

    struct note note = parsed(VIEW(TEXT "\n" PETER_LINE));
    cr_assert(eq(int, note_verify(&note, &key), STATUS_OK));
    cr_assert(eq(int, note_verify(&note, &enoch), STATUS_NOT_FOUND));
    cr_assert(eq(sz, note_find(&note, &enoch), note.count));
    cr_assert(eq(int, note_verify(&note, &renamed), STATUS_NOT_FOUND));
    cr_assert(eq(int, note_verify(&note, &collided), STATUS_UNTRUSTED));

    note = parsed(VIEW("Another text.\n\n" PETER_LINE));
    cr_assert(eq(int, note_verify(&note, &key), STATUS_UNTRUSTED));
    note = parsed(VIEW(TEXT "\n\n" PETER_LINE)); /* the empty line is part of this text */
    cr_assert(eq(int, note_verify(&note, &key), STATUS_UNTRUSTED));
    note = parsed(VIEW(TEXT "\n" DASH "PeterNeumann xxxx" /* another id */
                            "o/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngo"
                            "tpRZb6KE6RyyBwJnAM=\n"));
    cr_assert(eq(int, note_verify(&note, &key), STATUS_NOT_FOUND));

    /* Signatures of 63, 65 and 72 bytes by the right (name, id). */
    static const size_t SIZES[] = {1, 63, 65, 72};
    for (size_t i = 0; i < sizeof SIZES / sizeof SIZES[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        cr_assert(eq(int, buffer_append_text(&buffer, TEXT "\n"), STATUS_OK));
        append_line(&buffer, key.name, key.id, SIZES[i]);
        note = parsed(buffer_view(&buffer));
        cr_assert(eq(int, note_verify(&note, &key), STATUS_UNTRUSTED), "%zu bytes", SIZES[i]);
        buffer_release(&buffer);
    }
}

Test(note, no_bit_of_a_signed_note_can_change)
{
    struct note_key key = vkey(FOO_VKEY);
    char bytes[] = FOO_NOTE;
    struct view view = {.data = bytes, .size = sizeof bytes - 1};
    for (size_t bit = 0; bit < 8 * view.size; bit++) {
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        struct note note;
        cr_assert(note_parse(view, &note, NULL) != STATUS_OK ||
                      note_verify(&note, &key) != STATUS_OK,
                  "byte %zu bit %zu", bit / 8, bit % 8);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t size = 0; size < view.size; size++) {
        struct note note;
        struct view prefix = {.data = bytes, .size = size};
        cr_assert(ne(int, note_parse(prefix, &note, NULL), STATUS_OK), "%zu bytes", size);
    }
}

Test(note, names_are_text_without_spaces_controls_and_plus)
{
    static const struct {
        const char *name;
        bool expected;
    } rows[] = {
        {"a", true},
        {"norrkoping.se/ekonomi", true},
        {"örebro.se/hälsa", true},
        {"!\"#$%&'()*,-./:;<=>?@[\\]^_`{|}~", true},
        {"日本", true},
        {"\xf0\x9f\x94\x91", true},
        {"\xe2\x80\x8b", true}, /* U+200B has no White_Space property */
        {"\xef\xbb\xbf", true}, /* nor has U+FEFF */
        {"", false},
        {" ", false},
        {"a b", false},
        {"a+b", false},
        {"+", false},
        {"a\n", false},
        {"a\t", false},
        {"a\x1f", false},
        {"a\x7f", false},
        {"a\xc2\x80", false},     /* U+0080 */
        {"a\xc2\x85", false},     /* U+0085 */
        {"a\xc2\xa0", false},     /* U+00A0 */
        {"\xe1\x9a\x80", false},  /* U+1680 */
        {"\xe2\x80\x80", false},  /* U+2000 */
        {"\xe2\x80\x8a", false},  /* U+200A */
        {"\xe2\x80\xa8", false},  /* U+2028 */
        {"\xe2\x80\xa9", false},  /* U+2029 */
        {"\xe2\x80\xaf", false},  /* U+202F */
        {"\xe2\x81\x9f", false},  /* U+205F */
        {"\xe3\x80\x80z", false}, /* U+3000 */
        {"\xff", false},
        {"a\xc3", false},
        {"\xc0\xab", false},     /* an overlong '+' */
        {"\xed\xa0\x80", false}, /* a surrogate */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert(eq(int, note_name_valid(view_of(rows[i].name)), rows[i].expected), "row %zu: %s",
                  i, rows[i].name);
    }
    cr_assert(not(note_name_valid((struct view){.data = "a\0b", .size = 3})));
}

Test(note, vkeys_are_read_and_written)
{
    static const struct {
        const char *vkey;
        const char *name;
        uint32_t id;
        enum note_key_type type;
    } rows[] = {
        {FOO_VKEY, "example.com/foo", 0x530d903a, NOTE_KEY_ED25519},
        {PETER_VKEY, "PeterNeumann", 0xc74f20a3, NOTE_KEY_ED25519},
        {"example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
         "example.com/log/testdata", 0x33d7b496, NOTE_KEY_ED25519},
        {"witness.example/w1+df1c0a35+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU",
         "witness.example/w1", 0xdf1c0a35, NOTE_KEY_COSIGNATURE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct note_key key = vkey(rows[i].vkey);
        cr_assert(eq(str, key.name, (char *)rows[i].name));
        cr_assert(eq(u32, key.id, rows[i].id));
        cr_assert(eq(int, key.type, rows[i].type));
        struct buffer buffer;
        buffer_init(&buffer, strlen(rows[i].vkey));
        cr_assert(eq(int, note_key_write(&key, &buffer), STATUS_OK));
        cr_assert(view_is(buffer_view(&buffer), rows[i].vkey), "%s", buffer.data);
        buffer_release(&buffer);
        buffer_init(&buffer, strlen(rows[i].vkey) - 1);
        cr_assert(eq(int, note_key_write(&key, &buffer), STATUS_LIMIT));
        cr_assert(eq(sz, buffer.size, 0));
        buffer_release(&buffer);
    }

    struct note_key a = vkey(PETER_VKEY);
    struct note_key b = vkey(PETER_VKEY);
    cr_assert(note_key_equal(&a, &b));
    b.type = NOTE_KEY_COSIGNATURE;
    cr_assert(not(note_key_equal(&a, &b)));
    b = a;
    b.id++;
    cr_assert(not(note_key_equal(&a, &b)));
    b = a;
    b.key.bytes[31] ^= 1;
    cr_assert(not(note_key_equal(&a, &b)));
    b = a;
    b.name[0] = 'p';
    cr_assert(not(note_key_equal(&a, &b)));
}

Test(note, malformed_vkeys_are_refused)
{
    static const struct {
        const char *vkey;
        const char *reason;
    } rows[] = {
        {"", "a vkey is"},
        {"++", "a vkey is"},
        {"+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "name"},
        {"Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "name"},
        {"PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a vkey is"},
        {"PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "a vkey is"},
        {"PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "says id c74f20a4"},
        {PETER_VKEY "\n", "a vkey is"},
        {PETER_VKEY "=", "a vkey is"},
        /* Of Go's TestNewVerifier: a key of 36 bytes, an unknown type, both with matching ids. */
        {"PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==", "a vkey is"},
        {"PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", "type 0x65"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct note_key key;
        struct failure failure;
        cr_assert(eq(int, note_key_parse(view_of(rows[i].vkey), &key, &failure), STATUS_INVALID),
                  "%s", rows[i].vkey);
        cr_assert(strstr(failure.reason, rows[i].reason) != NULL, "%s: %s", rows[i].vkey,
                  failure.reason);
    }
}

Test(note, a_vkey_of_a_small_point_or_a_long_name_is_refused)
{
    struct note_key key;
    struct failure failure;
    struct buffer buffer;
    buffer_init(&buffer, 1000);
    struct public_key small = {.bytes = {1}};
    cr_assert(eq(int, note_key_make(VIEW("a"), NOTE_KEY_ED25519, &small, &key), STATUS_OK));
    cr_assert(eq(int, note_key_write(&key, &buffer), STATUS_OK));
    cr_assert(eq(int, note_key_parse(buffer_view(&buffer), &key, &failure), STATUS_INVALID));
    cr_assert(strstr(failure.reason, "subgroup") != NULL, "%s", failure.reason);

    struct note_key good = vkey(PETER_VKEY);
    char name[NAME_SIZE_MAX + 1];
    memset(name, 'n', sizeof name);
    struct view longest = {.data = name, .size = NAME_SIZE_MAX};
    struct view longer = {.data = name, .size = NAME_SIZE_MAX + 1};
    cr_assert(eq(int, note_key_make(longer, NOTE_KEY_ED25519, &good.key, &key), STATUS_LIMIT));
    cr_assert(
        eq(int, note_key_make(VIEW("a b"), NOTE_KEY_ED25519, &good.key, &key), STATUS_INVALID));
    cr_assert(eq(int, note_key_make(longest, NOTE_KEY_ED25519, &good.key, &key), STATUS_OK));
    buffer_clear(&buffer);
    cr_assert(eq(int, note_key_write(&key, &buffer), STATUS_OK));
    struct note_key found = vkey(buffer.data);
    cr_assert(note_key_equal(&found, &key));

    buffer_clear(&buffer);
    cr_assert(eq(int, buffer_append(&buffer, longer), STATUS_OK));
    cr_assert(eq(int, buffer_append_text(&buffer, strchr(PETER_VKEY, '+')), STATUS_OK));
    cr_assert(eq(int, note_key_parse(buffer_view(&buffer), &key, &failure), STATUS_LIMIT));
    buffer_release(&buffer);
}

Test(note, no_byte_of_a_vkey_can_change)
{
    char text[] = PETER_VKEY;
    struct view view = {.data = text, .size = sizeof text - 1};
    for (size_t i = 0; i < view.size; i++) {
        char original = text[i];
        for (int byte = 0; byte < 256; byte++) {
            text[i] = (char)byte;
            struct note_key key;
            bool accepted = note_key_parse(view, &key, NULL) == STATUS_OK;
            cr_assert(eq(int, accepted, text[i] == original), "byte %zu is %d", i, byte);
        }
        text[i] = original;
    }
    for (size_t start = 0; start <= view.size; start++) {
        for (size_t end = start; end <= view.size; end++) {
            struct view part = {.data = text + start, .size = end - start};
            struct note_key key;
            bool accepted = note_key_parse(part, &key, NULL) == STATUS_OK;
            cr_assert(eq(int, accepted, part.size == view.size), "%zu to %zu", start, end);
        }
    }
}

Test(note, signature_lines_ascend_by_name_and_id)
{
    static const struct {
        struct {
            const char *name;
            uint32_t id;
        } lines[3];
        enum status expected;
        const char *at;
    } rows[] = {
        {{{"a", 1}, {"a", 2}, {"b", 0}}, STATUS_OK, ""},
        {{{"a", 1}, {"ab", 0}, {"b", 0xffffffff}}, STATUS_OK, ""},
        {{{"B", 1}, {"a", 1}, {"\xc3\xa5", 1}}, STATUS_OK, ""},
        {{{"a", 2}, {"a", 1}, {"b", 0}}, STATUS_INVALID, "signature 2"},
        {{{"a", 0x80000000}, {"a", 0x7fffffff}, {"b", 0}}, STATUS_INVALID, "signature 2"},
        {{{"a", 1}, {"b", 1}, {"ab", 2}}, STATUS_INVALID, "signature 3"},
        {{{"a", 1}, {"\xc3\xa5", 1}, {"z", 1}}, STATUS_INVALID, "signature 3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer buffer;
        buffer_init(&buffer, 4096);
        cr_assert(eq(int, buffer_append_text(&buffer, "text\n\n"), STATUS_OK));
        for (size_t k = 0; k < 3; k++) {
            append_line(&buffer, rows[i].lines[k].name, rows[i].lines[k].id, 64);
        }
        struct note note = parsed(buffer_view(&buffer));
        struct failure failure = {.at = ""};
        cr_assert(eq(int, note_check_sorted(&note, &failure), rows[i].expected), "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu", i);
        note.signatures[1] = note.signatures[0]; /* as no parsed note has it */
        cr_assert(eq(int, note_check_sorted(&note, NULL), STATUS_INVALID));
        buffer_release(&buffer);
    }
}

Test(note, signatures_are_added_in_order)
{
    static const char *const NAMES[] = {"m.se", "a.se", "z.se", "b.se/x", "b.se", "\xc3\xa5.se"};
    enum { COUNT = sizeof NAMES / sizeof NAMES[0] };
    struct note_key keys[COUNT];
    struct secret_key *secrets[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        secrets[i] = make_key((uint8_t)(i + 1), NAMES[i], &keys[i]);
    }
    struct buffer buffers[COUNT];
    struct failure failure;
    buffer_init(&buffers[0], 4096);
    cr_assert(eq(int, note_write_signed(VIEW(TEXT), &keys[0], secrets[0], &buffers[0]), STATUS_OK));
    for (size_t i = 1; i < COUNT; i++) {
        buffer_init(&buffers[i], 4096);
        struct note note = parsed(buffer_view(&buffers[i - 1]));
        cr_assert(eq(int,
                     note_write_with_signature(&note, &keys[i], secrets[i], &buffers[i], &failure),
                     STATUS_OK));
        note = parsed(buffer_view(&buffers[i]));
        cr_assert(view_is(note.text, TEXT));
        cr_assert(eq(sz, note.count, i + 1));
        cr_assert(eq(int, note_check_sorted(&note, &failure), STATUS_OK), "%s", NAMES[i]);
        for (size_t k = 0; k < COUNT; k++) {
            cr_assert(eq(int, note_verify(&note, &keys[k]), k <= i ? STATUS_OK : STATUS_NOT_FOUND),
                      "%s after %s", NAMES[k], NAMES[i]);
        }
    }

    struct note note = parsed(buffer_view(&buffers[COUNT - 1]));
    struct buffer again;
    buffer_init(&again, 4096);
    for (size_t k = 0; k < COUNT; k++) {
        cr_assert(eq(int, note_write_with_signature(&note, &keys[k], secrets[k], &again, &failure),
                     STATUS_CONFLICT),
                  "%s", NAMES[k]);
    }
    cr_assert(eq(sz, again.size, 0));
    buffer_release(&again);
    for (size_t i = 0; i < COUNT; i++) {
        buffer_release(&buffers[i]);
        secret_key_free(secrets[i]);
    }
}

Test(note, a_note_of_others_is_sorted_when_a_signature_is_added)
{
    struct note_key key;
    struct secret_key *secret = make_key(1, "Middle", &key);
    struct note note = parsed(VIEW(TEXT "\n" PETER_LINE ENOCH_LINE));
    struct failure failure;
    struct buffer buffer;
    buffer_init(&buffer, 4096);
    cr_assert(
        eq(int, note_write_with_signature(&note, &key, secret, &buffer, &failure), STATUS_OK));
    struct note sorted = parsed(buffer_view(&buffer));
    cr_assert(eq(int, note_check_sorted(&sorted, &failure), STATUS_OK));
    struct note_key peter = vkey(PETER_VKEY);
    struct note_key enoch = vkey(ENOCH_VKEY);
    cr_assert(eq(sz, note_find(&sorted, &enoch), 0));
    cr_assert(eq(sz, note_find(&sorted, &key), 1));
    cr_assert(eq(sz, note_find(&sorted, &peter), 2));
    cr_assert(eq(int, note_verify(&sorted, &peter), STATUS_OK));
    buffer_release(&buffer);
    secret_key_free(secret);
}

Test(note, what_does_not_fit_leaves_the_buffer_as_it_was)
{
    struct note_key key;
    struct note_key other;
    struct secret_key *secret = make_key(1, "a.se", &key);
    struct secret_key *other_secret = make_key(2, "b.se", &other);
    struct buffer whole;
    buffer_init(&whole, 4096);
    struct failure failure;
    cr_assert(eq(int, note_write_signed(VIEW(TEXT), &key, secret, &whole), STATUS_OK));
    struct note note = parsed(buffer_view(&whole));
    struct buffer both;
    buffer_init(&both, 4096);
    cr_assert(eq(int, note_write_with_signature(&note, &other, other_secret, &both, &failure),
                 STATUS_OK));

    for (size_t room = 0; room <= both.size; room++) {
        struct buffer tight;
        buffer_init(&tight, room);
        bool fits = room >= whole.size;
        cr_assert(eq(int, note_write_signed(VIEW(TEXT), &key, secret, &tight),
                     fits ? STATUS_OK : STATUS_LIMIT),
                  "%zu bytes", room);
        cr_assert(eq(sz, tight.size, fits ? whole.size : 0));
        buffer_clear(&tight);
        fits = room >= both.size;
        cr_assert(eq(int, note_write_with_signature(&note, &other, other_secret, &tight, &failure),
                     fits ? STATUS_OK : STATUS_LIMIT),
                  "%zu bytes", room);
        cr_assert(eq(sz, tight.size, fits ? both.size : 0));
        buffer_release(&tight);
    }

    buffer_release(&whole);
    buffer_init(&whole, 100000);
    cr_assert(eq(int, buffer_append_text(&whole, "a\n\n"), STATUS_OK));
    for (uint32_t i = 0; i < NOTE_SIGNATURES_MAX; i++) {
        append_line(&whole, "x", i, 64);
    }
    note = parsed(buffer_view(&whole));
    buffer_clear(&both);
    cr_assert(
        eq(int, note_write_with_signature(&note, &key, secret, &both, &failure), STATUS_LIMIT));
    cr_assert(eq(sz, both.size, 0));
    buffer_release(&both);
    buffer_release(&whole);
    secret_key_free(secret);
    secret_key_free(other_secret);
}
