#include "ledger/crypto/ssh_agent.h"

#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

/*
 * The key of RFC 8032 section 7.1, TEST 1, as RFC 8709 section 4 writes it, and its signature of
 * the empty text (section 6).
 */
#define KEY                                                            \
    "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a" \
    "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a"
#define SIGNATURE                                                      \
    "\xe5\x56\x43\x00\xc3\x60\xac\x72\x90\x86\xe2\xcc\x80\x6e\x82\x8a" \
    "\x84\x87\x7f\x1e\xb8\xe5\xd9\x74\xd8\x73\xe0\x65\x22\x49\x01\x55" \
    "\x5f\xb8\x82\x15\x90\xa3\x3b\xac\xc6\x1e\x39\x70\x1c\xf9\xb4\x6b" \
    "\xd2\x5b\xf5\xf0\x59\x5b\xbe\x24\x65\x51\x41\x43\x8e\x7a\x10\x0b"
#define NAME "\0\0\0\x0bssh-ed25519"
#define KEY_BLOB "\0\0\0\x33" NAME "\0\0\0\x20" KEY
#define SIGNATURE_BLOB "\0\0\0\x53" NAME "\0\0\0\x40" SIGNATURE
#define OTHER_BLOB "\0\0\0\x0f\0\0\0\x07ssh-rsa\0\0\0\0"

/* Answers with the same bytes whatever it is asked, and remembers the question. */
struct script {
    const char *answer;
    size_t size;
    char asked[1024];
    size_t asked_size;
    int released;
};

static enum status exchange(void *context, struct view message, struct buffer *ret_answer,
                            struct failure *failure)
{
    (void)failure;
    struct script *script = context;
    cr_assert(le(sz, message.size, sizeof script->asked));
    memcpy(script->asked, message.data, message.size);
    script->asked_size = message.size;
    return buffer_append(ret_answer, (struct view){script->answer, script->size});
}

static void release(void *context)
{
    ((struct script *)context)->released++;
}

static struct ssh_agent agent_of(struct script *script)
{
    return (struct ssh_agent){exchange, release, script};
}

#define SCRIPT(text)                               \
    (struct script)                                \
    {                                              \
        .answer = (text), .size = sizeof(text) - 1 \
    }

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(ssh_agent, .init = prepare);

static enum status find(struct script *script, const char *wanted, struct ssh_agent_key *ret_key,
                        struct failure *failure)
{
    struct ssh_agent agent = agent_of(script);
    return ssh_agent_find(&agent, view_of(wanted), ret_key, failure);
}

Test(ssh_agent, a_key_is_found_by_comment_and_fingerprint_among_others)
{
    struct script script =
        SCRIPT("\x0c\0\0\0\x02" OTHER_BLOB "\0\0\0\x04town" KEY_BLOB "\0\0\0\x04town");
    struct ssh_agent_key key;
    struct failure failure = {0};
    cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_OK), "%s", failure.reason);
    cr_assert(eq(sz, script.asked_size, 1));
    cr_assert(eq(int, script.asked[0], 11)); /* SSH_AGENTC_REQUEST_IDENTITIES */
    cr_assert(memcmp(key.key.bytes, KEY, sizeof key.key.bytes) == 0);
    cr_assert(eq(str, key.comment, (char *)"town"));
    struct ssh_agent_key again;
    cr_assert(eq(int, find(&script, key.fingerprint, &again, &failure), STATUS_OK));
    cr_assert(eq(int, find(&script, "tow", &again, &failure), STATUS_NOT_FOUND));
}

Test(ssh_agent, two_keys_of_one_comment_are_told_apart_by_the_caller)
{
    struct script script =
        SCRIPT("\x0c\0\0\0\x02" KEY_BLOB "\0\0\0\x04town" KEY_BLOB "\0\0\0\x04town");
    struct ssh_agent_key key;
    struct failure failure = {0};
    cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_INVALID));
    cr_assert(strstr(failure.reason, "2 keys") != NULL);
}

Test(ssh_agent, a_list_that_is_cut_off_or_of_another_type_is_refused_at_every_length)
{
    static const char WHOLE[] = "\x0c\0\0\0\x01" KEY_BLOB "\0\0\0\x04town";
    struct ssh_agent_key key;
    struct failure failure = {0};
    struct script script = SCRIPT(WHOLE);
    cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_OK));
    for (size_t size = 0; size < sizeof WHOLE - 1; size++) {
        script.size = size;
        cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_INVALID), "%zu", size);
    }
    script = SCRIPT("\x05");
    cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_INVALID));
    script = SCRIPT("\x0c\x7f\xff\xff\xff");
    cr_assert(eq(int, find(&script, "town", &key, &failure), STATUS_LIMIT));
}

/* The held key, and what its agent answers a request to sign with. */
static enum status sign(struct script *script, const char *text, struct signature *ret_signature,
                        struct failure *failure)
{
    struct ssh_agent agent = agent_of(script);
    struct ssh_agent_key key = {0};
    struct secret_key *secret = NULL;
    memcpy(key.key.bytes, KEY, sizeof key.key.bytes);
    cr_assert(eq(int, ssh_agent_hold(&agent, &key, &secret, failure), STATUS_OK));
    enum status status =
        secret_key_explain(secret, secret_key_sign(secret, view_of(text), ret_signature), failure);
    secret_key_free(secret);
    cr_assert(eq(int, script->released, 1));
    return status;
}

Test(ssh_agent, what_it_signs_is_the_signature_of_rfc_8032)
{
    struct script script = SCRIPT("\x0e" SIGNATURE_BLOB);
    struct signature signature;
    struct failure failure = {0};
    cr_assert(eq(int, sign(&script, "", &signature, &failure), STATUS_OK), "%s", failure.reason);
    cr_assert(memcmp(signature.bytes, SIGNATURE, sizeof signature.bytes) == 0);
    /* SSH_AGENTC_SIGN_REQUEST: the key, the text, no flags. */
    static const char ASKED[] = "\x0d" KEY_BLOB "\0\0\0\0\0\0\0\0";
    cr_assert(eq(sz, script.asked_size, sizeof ASKED - 1));
    cr_assert(memcmp(script.asked, ASKED, sizeof ASKED - 1) == 0);
}

Test(ssh_agent, a_signature_of_another_text_kind_or_length_is_refused)
{
    struct signature signature;
    struct failure failure = {0};
    struct script script = SCRIPT("\x0e" SIGNATURE_BLOB);
    cr_assert(ne(int, sign(&script, "another text", &signature, &failure), STATUS_OK));
    script = SCRIPT("\x05");
    cr_assert(eq(int, sign(&script, "", &signature, &failure), STATUS_STORAGE));
    script = SCRIPT("\x0e" SIGNATURE_BLOB "\0");
    cr_assert(eq(int, sign(&script, "", &signature, &failure), STATUS_INVALID));
    script = SCRIPT("\x0e" OTHER_BLOB);
    cr_assert(eq(int, sign(&script, "", &signature, &failure), STATUS_INVALID));
    static const char WHOLE[] = "\x0e" SIGNATURE_BLOB;
    for (size_t size = 0; size < sizeof WHOLE - 1; size++) {
        script = (struct script){.answer = WHOLE, .size = size};
        cr_assert(eq(int, sign(&script, "", &signature, &failure), STATUS_INVALID), "%zu", size);
    }
}
