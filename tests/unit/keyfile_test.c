#include "ledger/crypto/keyfile.h"

#include "ledger/base/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The converters do not look inside a vkey. */
#define VKEY VIEW("norrkoping.se/ekonomi+1a2b3c4d+AZ")
#define VKEY_LINE "vkey: norrkoping.se/ekonomi+1a2b3c4d+AZ\n"

#define BEGIN "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
#define END "-----END ENCRYPTED PRIVATE KEY-----\n"

/* DER bytes before the encrypted ones, with openssl's parameters for PBKDF2 and `-iter 1`. */
#define PARAMETERS_SIZE 93
#define ENCRYPTED_KEY_SIZE 48 /* the key of RFC 8410 section 7, without the block of padding */

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(keyfile, .init = prepare);

static struct secret_key *make_key(uint8_t fill)
{
    uint8_t seed[SEED_SIZE];
    memset(seed, fill, sizeof seed);
    struct secret_key *key = NULL;
    cr_assert(eq(int, secret_key_from_seed(seed, &key), STATUS_OK));
    return key;
}

/* Makes a folder of its own and returns its path, which is valid until the next call. */
static const char *make_folder(void)
{
    static char path[200];
    const char *parent = getenv("TMPDIR");
    (void)snprintf(path, sizeof path, "%s/keyfile-XXXXXX", parent == NULL ? "/tmp" : parent);
    cr_assert(mkdtemp(path) != NULL);
    return path;
}

static void remove_folder(const char *folder)
{
    char command[300];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_assert(eq(int, system(command), 0));
}

/* Runs a shell command in `folder`, which must succeed, and returns the size of its output. */
static size_t run(const char *folder, const char *command, size_t capacity, char *ret_output)
{
    char line[800];
    int length = snprintf(line, sizeof line, "cd '%s' && { %s; } 2>/dev/null", folder, command);
    cr_assert(length < (int)sizeof line);
    FILE *pipe = popen(line, "r");
    cr_assert(pipe != NULL);
    size_t size = fread(ret_output, 1, capacity, pipe);
    cr_assert(eq(int, pclose(pipe), 0), "%s", command);
    return size;
}

/* Reads a public key from openssl's SubjectPublicKeyInfo: RFC 8410 section 4, 12 bytes and it. */
static struct public_key run_public(const char *folder, const char *command)
{
    char output[100];
    cr_assert(eq(sz, run(folder, command, sizeof output, output), 12 + PUBLIC_KEY_SIZE));
    struct public_key key;
    memcpy(key.bytes, output + 12, PUBLIC_KEY_SIZE);
    return key;
}

/* A key file around a PEM block that `command` prints; the caller releases the buffer. */
static void run_keyfile(const char *folder, const char *command, struct buffer *buffer)
{
    char output[8000];
    size_t size = run(folder, command, sizeof output, output);
    buffer_init(buffer, KEYFILE_SIZE_MAX + 1);
    cr_assert(eq(int, buffer_append_text(buffer, VKEY_LINE), STATUS_OK));
    cr_assert(
        eq(int, buffer_append(buffer, (struct view){.data = output, .size = size}), STATUS_OK));
}

/* Reads a key file that must be refused; returns with which status. */
static enum status refusal(struct view file, struct view passphrase, struct failure *failure)
{
    struct secret_key *key = NULL;
    struct view vkey = VIEW("untouched");
    enum status status = keyfile_read(file, passphrase, &key, &vkey, failure);
    cr_assert(key == NULL);
    cr_assert(view_is(vkey, "untouched"));
    cr_assert(eq(int, failure->status, status));
    return status;
}

Test(keyfile, what_is_written_is_read_with_the_right_passphrase_only)
{
    struct failure failure;
    struct secret_key *key = make_key(7);
    struct buffer file;
    buffer_init(&file, KEYFILE_SIZE_MAX);

    /* Passphrases are views: the byte after one must not matter. */
    struct view passphrase = {.data = "utfall!!", .size = 6};
    struct view longer = {.data = "utfall!!", .size = 7};
    cr_assert(eq(int, keyfile_write(key, VKEY, passphrase, &file, &failure), STATUS_OK));
    cr_assert(view_starts_with(buffer_view(&file), VIEW(VKEY_LINE BEGIN)));
    cr_assert(strstr(file.data, END) == file.data + file.size - strlen(END));

    struct secret_key *found = NULL;
    struct view vkey;
    cr_assert(
        eq(int, keyfile_read(buffer_view(&file), passphrase, &found, &vkey, &failure), STATUS_OK));
    cr_assert(public_key_equal(secret_key_public(key), secret_key_public(found)));
    cr_assert(view_equal(vkey, VKEY));
    cr_assert(vkey.data == file.data + strlen("vkey: "));

    cr_assert(eq(int, refusal(buffer_view(&file), longer, &failure), STATUS_UNTRUSTED));
    cr_assert(eq(int, refusal(buffer_view(&file), VIEW(""), &failure), STATUS_UNTRUSTED));
    secret_key_free(found);
    secret_key_free(key);
    buffer_release(&file);
}

Test(keyfile, openssl_reads_what_we_write)
{
    struct failure failure;
    struct secret_key *key = make_key(8);
    struct buffer file;
    buffer_init(&file, KEYFILE_SIZE_MAX);
    cr_assert(eq(int, keyfile_write(key, VKEY, VIEW("åtta ord"), &file, &failure), STATUS_OK));

    const char *folder = make_folder();
    char path[300];
    (void)snprintf(path, sizeof path, "%s/key", folder);
    FILE *stream = fopen(path, "wb");
    cr_assert(stream != NULL);
    cr_assert(eq(sz, fwrite(file.data, 1, file.size, stream), file.size));
    cr_assert(eq(int, fclose(stream), 0));
    struct public_key public =
        run_public(folder, "openssl pkey -in key -passin 'pass:åtta ord' -pubout -outform DER");
    cr_assert(public_key_equal(&public, secret_key_public(key)));

    char parameters[4000];
    size_t size = run(folder, "openssl asn1parse -in key", sizeof parameters - 1, parameters);
    parameters[size] = '\0';
    static const char *const WORDS[] = {"PBES2", "scrypt", "aes-256-cbc", ":4000", ":08", ":05"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        cr_assert(strstr(parameters, WORDS[i]) != NULL, "%s in\n%s", WORDS[i], parameters);
    }
    remove_folder(folder);
    secret_key_free(key);
    buffer_release(&file);
}

Test(keyfile, files_that_openssl_encrypts_in_other_ways_are_read)
{
    const char *folder = make_folder();
    char output[1];
    (void)run(folder, "openssl genpkey -algorithm ed25519 -out plain", sizeof output, output);
    struct public_key public = run_public(folder, "openssl pkey -in plain -pubout -outform DER");

    static const char *const COMMANDS[] = {
        "openssl pkcs8 -topk8 -in plain -passout pass:hemligt -v2 aes-256-cbc",
        "openssl pkcs8 -topk8 -in plain -passout pass:hemligt -v2 des3 -v2prf hmacWithSHA1",
        "openssl pkcs8 -topk8 -in plain -passout pass:hemligt -scrypt -scrypt_N 1024",
        "openssl pkcs8 -topk8 -in plain -passout pass:hemligt -v1 PBE-SHA1-3DES",
    };
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        struct failure failure;
        struct buffer file;
        run_keyfile(folder, COMMANDS[i], &file);
        struct secret_key *key = NULL;
        struct view vkey;
        cr_assert(eq(int, keyfile_read(buffer_view(&file), VIEW("hemligt"), &key, &vkey, &failure),
                     STATUS_OK),
                  "%s: %s", COMMANDS[i], failure.reason);
        cr_assert(public_key_equal(secret_key_public(key), &public), "%s", COMMANDS[i]);
        secret_key_free(key);

        cr_assert(eq(int, refusal(buffer_view(&file), VIEW("fel"), &failure), STATUS_UNTRUSTED),
                  "%s", COMMANDS[i]);
        buffer_release(&file);
    }
    remove_folder(folder);
}

/*
 * A wrong passphrase mostly leaves bad padding; once in 256 times the padding is good and what it
 * pads is no key. Both are the same to a person.
 */
Test(keyfile, every_wrong_passphrase_is_called_wrong)
{
    const char *folder = make_folder();
    struct failure failure;
    struct buffer file;
    run_keyfile(folder,
                "openssl genpkey -algorithm ed25519 |"
                " openssl pkcs8 -topk8 -passout pass:hemligt -v2 aes-256-cbc -iter 1",
                &file);
    remove_folder(folder);
    for (int guess = 0; guess < 6000; guess++) {
        char passphrase[20];
        (void)snprintf(passphrase, sizeof passphrase, "fel%d", guess);
        cr_assert(
            eq(int, refusal(buffer_view(&file), view_of(passphrase), &failure), STATUS_UNTRUSTED),
            "%s: %s", passphrase, failure.reason);
    }
    buffer_release(&file);
}

Test(keyfile, an_unencrypted_or_foreign_key_is_refused)
{
    static const struct {
        const char *command;
        const char *reason;
    } rows[] = {
        {"openssl genpkey -algorithm ed25519", "not encrypted"},
        {"openssl genpkey -algorithm x25519 | openssl pkcs8 -topk8 -passout pass:hemligt",
         "not an Ed25519 key"},
        {"openssl genpkey -algorithm ed448 | openssl pkcs8 -topk8 -passout pass:hemligt",
         "not an Ed25519 key"},
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 |"
         " openssl pkcs8 -topk8 -passout pass:hemligt",
         "not an Ed25519 key"},
        {"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 |"
         " openssl ec -aes256 -passout pass:hemligt",
         "not one ENCRYPTED PRIVATE KEY block"},
        {"openssl genpkey -algorithm ed25519 | openssl pkey -pubout",
         "not one ENCRYPTED PRIVATE KEY block"},
        {"openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -passout pass:hemligt;"
         " openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -passout pass:hemligt",
         "malformed"},
        {"openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -passout pass:hemligt |"
         " sed '1a Proc-Type: 4,ENCRYPTED\\nDEK-Info: AES-256-CBC,"
         "000102030405060708090A0B0C0D0E0F\\n'",
         "malformed"},
        {"echo '-----BEGIN ENCRYPTED PRIVATE KEY-----';"
         " { openssl genpkey -algorithm ed25519 |"
         " openssl pkcs8 -topk8 -passout pass:hemligt -outform DER; echo more; } | openssl base64;"
         " echo '-----END ENCRYPTED PRIVATE KEY-----'",
         "malformed"},
    };
    const char *folder = make_folder();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct failure failure;
        struct buffer file;
        run_keyfile(folder, rows[i].command, &file);
        cr_assert(eq(int, refusal(buffer_view(&file), VIEW("hemligt"), &failure), STATUS_INVALID),
                  "%s", rows[i].command);
        cr_assert(strstr(failure.reason, rows[i].reason) != NULL, "%s: %s", rows[i].command,
                  failure.reason);
        buffer_release(&file);
    }
    remove_folder(folder);
}

Test(keyfile, text_that_is_no_key_file_is_refused)
{
    static const struct {
        const char *file;
        const char *at;
    } rows[] = {
        {"", "line 1"},
        {"vkey: a", "line 1"},
        {"vkey:a\n" BEGIN "MAA=\n" END, "line 1"},
        {BEGIN "MAA=\n" END, "line 1"},
        {"\n" VKEY_LINE BEGIN "MAA=\n" END, "line 1"},
        {VKEY_LINE, "line 2"},
        {VKEY_LINE "\n" BEGIN "MAA=\n" END, "line 2"},
        {VKEY_LINE BEGIN, "line 2"},
        {VKEY_LINE BEGIN END, "line 2"},
        {VKEY_LINE BEGIN "\n" END, "line 2"},
        {VKEY_LINE BEGIN "MAA=\n" END "\n", "line 2"},
        {VKEY_LINE BEGIN "MAA=\n" END "# secret", "line 2"},
        {VKEY_LINE BEGIN "MAA=\n" END, "line 2"},
        {VKEY_LINE BEGIN "not base64!\n" END, "line 2"},
        {VKEY_LINE BEGIN "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"
                         "000102030405060708090a0b0c0d0e0f\n\nMAA=\n" END,
         "line 2"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct failure failure;
        cr_assert(
            eq(int, refusal(view_of(rows[i].file), VIEW("hemligt"), &failure), STATUS_INVALID),
            "row %zu", i);
        cr_assert(eq(str, failure.at, (char *)rows[i].at), "row %zu", i);
    }
}

Test(keyfile, a_truncated_or_altered_file_gives_another_key_or_none)
{
    const char *folder = make_folder();
    struct failure failure;
    struct buffer file;
    run_keyfile(folder,
                "openssl genpkey -algorithm ed25519 |"
                " openssl pkcs8 -topk8 -passout pass:hemligt -v2 aes-256-cbc -iter 1",
                &file);
    remove_folder(folder);
    struct secret_key *key = NULL;
    struct view vkey;
    cr_assert(eq(int, keyfile_read(buffer_view(&file), VIEW("hemligt"), &key, &vkey, &failure),
                 STATUS_OK));

    for (size_t size = 0; size < file.size; size++) {
        struct view prefix = {.data = file.data, .size = size};
        cr_assert(eq(int, refusal(prefix, VIEW("hemligt"), &failure), STATUS_INVALID),
                  "the first %zu bytes", size);
    }

    /*
     * CBC has no seal: another seed may come out, which the comparison with the vkey finds. Changes
     * in other places may have no effect: the NULL of an algorithm, the block of padding.
     */
    size_t body = strlen(VKEY_LINE BEGIN);
    size_t key_start = body + PARAMETERS_SIZE * 4 / 3 + 1; /* and the newlines before it */
    size_t key_end = body + (PARAMETERS_SIZE + ENCRYPTED_KEY_SIZE) * 4 / 3 + 2;
    for (size_t i = strlen(VKEY_LINE); i < file.size; i++) {
        char original = file.data[i];
        for (int bit = 0; bit < 7; bit++) {
            file.data[i] = (char)(original ^ 1 << bit);
            struct secret_key *altered = NULL;
            enum status status =
                keyfile_read(buffer_view(&file), VIEW("hemligt"), &altered, &vkey, &failure);
            bool is_same = status == STATUS_OK &&
                           public_key_equal(secret_key_public(altered), secret_key_public(key));
            bool is_key = i >= key_start && i < key_end;
            cr_assert(not(is_same && is_key), "byte %zu bit %d", i, bit);
            secret_key_free(altered);
        }
        file.data[i] = original;
    }
    secret_key_free(key);
    buffer_release(&file);
}

Test(keyfile, limits_and_missing_passphrases_are_refused)
{
    struct failure failure;
    struct secret_key *key = make_key(9);
    char *long_text = malloc(KEYFILE_SIZE_MAX + 1);
    memset(long_text, 'a', KEYFILE_SIZE_MAX + 1);
    struct view long_file = {.data = long_text, .size = KEYFILE_SIZE_MAX + 1};
    struct view long_passphrase = {.data = long_text, .size = PASSPHRASE_SIZE_MAX + 1};

    cr_assert(eq(int, refusal(long_file, VIEW("hemligt"), &failure), STATUS_LIMIT));
    cr_assert(eq(int, refusal(VIEW(VKEY_LINE), long_passphrase, &failure), STATUS_LIMIT));

    struct buffer file;
    buffer_init(&file, 200);
    cr_assert(eq(int, buffer_append(&file, VIEW("before")), STATUS_OK));
    cr_assert(eq(int, keyfile_write(key, VKEY, VIEW(""), &file, &failure), STATUS_INVALID));
    cr_assert(eq(int, keyfile_write(key, VKEY, long_passphrase, &file, &failure), STATUS_LIMIT));
    cr_assert(eq(int, keyfile_write(key, VKEY, VIEW("hemligt"), &file, &failure), STATUS_LIMIT));
    cr_assert(view_is(buffer_view(&file), "before"));
    buffer_release(&file);
    secret_key_free(key);
    free(long_text);
}
