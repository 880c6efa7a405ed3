/*
 * Certificates and time-stamps: what openssl made, kept in tests/fuzz/corpus, and every byte of it
 * changed. tests/cli/ and tests/oracles/ try what openssl makes anew.
 */
#include "ledger/crypto/certificate.h"

#include "ledger/base/ownership.h"
#include "ledger/crypto/timestamp.h"
#include "ledger/crypto/trust.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#define CERTIFICATES "tests/fuzz/corpus/certificate_fuzz/"
#define TIMESTAMPS "tests/fuzz/corpus/timestamp_fuzz/"

/* What the signature and the time-stamp are of. */
#define BOUND                                                              \
    "utfall/key-binding/v1\nledger.example/utfall\nmunicipality.example\n" \
    "SE-ORGNR 212000-9994\nmunicipality.example+00000000+AAAA\n"
#define STAMPED "town.example/utfall\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"

/* Where the moment does not matter: after the certificates were made, before they expire. */
#define MOMENT INT64_C(1900000000)

static struct buffer loaded(const char *path)
{
    struct buffer bytes;
    char block[4096];
    buffer_init(&bytes, sizeof block);
    FILE *file = fopen(path, "rb");
    cr_assert(file != NULL, "%s", path);
    size_t size = fread(block, 1, sizeof block, file);
    (void)fclose(file);
    cr_assert(eq(int, buffer_append(&bytes, (struct view){block, size}), STATUS_OK));
    return bytes;
}

static struct certificate_chain *chain_of(struct view pem)
{
    struct certificate_chain *chain = NULL;
    struct failure failure = {0};
    cr_assert(eq(int, certificate_chain_read_pem(pem, &chain, &failure), STATUS_OK), "%s",
              failure.reason);
    return chain;
}

Test(certificate, a_chain_has_facts_links_and_a_key_that_signed)
{
    OWNED(buffer_release) struct buffer pem = loaded(CERTIFICATES "chain.pem");
    OWNED(buffer_release) struct buffer signature = loaded(CERTIFICATES "signature");
    OWNED(certificate_chain_freep) struct certificate_chain *chain = chain_of(buffer_view(&pem));
    struct certificate_facts facts;
    struct failure failure = {0};
    certificate_chain_facts(chain, &facts);
    cr_assert(eq(sz, certificate_chain_count(chain), 2));
    cr_assert(eq(str, facts.organization_id, (char *)"NTRSE-2120009994"));
    cr_assert(eq(str, facts.issuer, (char *)"CN=root"));
    cr_assert(strstr(facts.subject, "O=Town") != NULL);
    cr_assert(lt(i64, facts.valid_from, MOMENT));
    cr_assert(gt(i64, facts.valid_until, MOMENT));
    cr_assert(eq(int, certificate_chain_check_links(chain, &failure), STATUS_OK));
    cr_assert(eq(int, certificate_chain_verify(chain, view_of(BOUND), buffer_view(&signature)),
                 STATUS_OK));
    cr_assert(eq(int, certificate_chain_verify(chain, view_of("x" BOUND), buffer_view(&signature)),
                 STATUS_UNTRUSTED));
}

Test(certificate, any_byte_of_a_signature_changed_is_refused)
{
    OWNED(buffer_release) struct buffer pem = loaded(CERTIFICATES "chain.pem");
    OWNED(buffer_release) struct buffer signature = loaded(CERTIFICATES "signature");
    OWNED(certificate_chain_freep) struct certificate_chain *chain = chain_of(buffer_view(&pem));
    for (size_t i = 0; i < signature.size; i++) {
        signature.data[i] ^= 1;
        enum status status =
            certificate_chain_verify(chain, view_of(BOUND), buffer_view(&signature));
        signature.data[i] ^= 1;
        cr_assert(eq(int, status, STATUS_UNTRUSTED), "byte %zu", i);
        struct view cut = {.data = signature.data, .size = i};
        cr_assert(eq(int, certificate_chain_verify(chain, view_of(BOUND), cut), STATUS_UNTRUSTED));
    }
}

/* Below an issuer that signed it, no byte of a certificate can be another. */
Test(certificate, any_byte_of_a_certificate_changed_breaks_its_link)
{
    OWNED(buffer_release) struct buffer pem = loaded(CERTIFICATES "chain.pem");
    OWNED(buffer_release) struct buffer leaf = loaded(CERTIFICATES "leaf.der");
    OWNED(certificate_chain_freep) struct certificate_chain *whole = chain_of(buffer_view(&pem));
    OWNED(buffer_release) struct buffer root;
    buffer_init(&root, CERTIFICATE_SIZE_MAX);
    cr_assert(eq(int, certificate_chain_write(whole, 1, &root), STATUS_OK));
    for (size_t i = 0; i < leaf.size; i++) {
        leaf.data[i] ^= 1;
        const struct view certificates[] = {buffer_view(&leaf), buffer_view(&root)};
        OWNED(certificate_chain_freep) struct certificate_chain *chain = NULL;
        struct failure failure = {0};
        enum status status = certificate_chain_read(certificates, 2, &chain, &failure);
        if (status == STATUS_OK) {
            status = certificate_chain_check_links(chain, &failure);
        }
        leaf.data[i] ^= 1;
        cr_assert(ne(int, status, STATUS_OK), "byte %zu", i);
        cr_assert(eq(str, failure.at, (char *)"/0"), "byte %zu: %s", i, failure.at);
    }
}

Test(certificate, a_certificate_that_is_cut_off_or_too_long_is_refused)
{
    OWNED(buffer_release) struct buffer leaf = loaded(CERTIFICATES "leaf.der");
    struct certificate_chain *chain = NULL;
    struct failure failure = {0};
    for (size_t size = 0; size < leaf.size; size++) {
        struct view cut = {.data = leaf.data, .size = size};
        cr_assert(eq(int, certificate_chain_read(&cut, 1, &chain, &failure), STATUS_INVALID));
    }
    cr_assert(eq(int, buffer_append_byte(&leaf, '\0'), STATUS_OK));
    struct view longer = buffer_view(&leaf);
    cr_assert(eq(int, certificate_chain_read(&longer, 1, &chain, &failure), STATUS_INVALID));
}

Test(certificate, a_pem_file_has_one_certificate_at_least_and_eight_at_most)
{
    OWNED(buffer_release) struct buffer pem = loaded(CERTIFICATES "chain.pem");
    OWNED(buffer_release) struct buffer many;
    buffer_init(&many, 16384);
    for (size_t i = 0; i < CERTIFICATE_CHAIN_MAX / 2; i++) {
        cr_assert(eq(int, buffer_append(&many, buffer_view(&pem)), STATUS_OK));
    }
    certificate_chain_free(chain_of(buffer_view(&many)));
    cr_assert(eq(int, buffer_append(&many, buffer_view(&pem)), STATUS_OK));
    struct certificate_chain *chain = NULL;
    struct failure failure = {0};
    cr_assert(
        eq(int, certificate_chain_read_pem(buffer_view(&many), &chain, &failure), STATUS_LIMIT));
    cr_assert(
        eq(int, certificate_chain_read_pem(VIEW("no PEM"), &chain, &failure), STATUS_INVALID));
}

/* --- Trust --- */

static struct trust *trust_of(struct view roots)
{
    struct trust *trust = NULL;
    struct failure failure = {0};
    cr_assert(eq(int, trust_read(roots, VIEW(""), &trust, &failure), STATUS_OK), "%s",
              failure.reason);
    return trust;
}

Test(trust, a_chain_is_judged_at_a_moment)
{
    OWNED(buffer_release) struct buffer pem = loaded(CERTIFICATES "chain.pem");
    OWNED(buffer_release) struct buffer roots = loaded(TIMESTAMPS "root.pem");
    OWNED(certificate_chain_freep) struct certificate_chain *chain = chain_of(buffer_view(&pem));
    OWNED(trust_freep) struct trust *trust = trust_of(buffer_view(&roots));
    struct failure failure = {0};
    struct certificate_facts facts;
    certificate_chain_facts(chain, &facts);
    cr_assert(eq(int, trust_judge(trust, chain, MOMENT, &failure), STATUS_OK), "%s",
              failure.reason);
    cr_assert(eq(int, trust_judge(trust, chain, facts.valid_from - 1, &failure), STATUS_UNTRUSTED));
    cr_assert(strstr(failure.reason, "not valid yet") != NULL, "%s", failure.reason);
    cr_assert(
        eq(int, trust_judge(trust, chain, facts.valid_until + 1, &failure), STATUS_UNTRUSTED));
    cr_assert(strstr(failure.reason, "had expired") != NULL, "%s", failure.reason);
    cr_assert(not(trust_has_lists(trust)));
    cr_assert(eq(int, trust_keep_list(trust, buffer_view(&pem), &failure), STATUS_INVALID));
}

/* --- Time-stamps --- */

static struct hash stamped(void)
{
    return hash_bytes(VIEW(STAMPED));
}

Test(timestamp, a_token_says_what_openssl_put_into_it)
{
    OWNED(buffer_release) struct buffer token = loaded(TIMESTAMPS "token");
    OWNED(buffer_release) struct buffer roots = loaded(TIMESTAMPS "root.pem");
    OWNED(trust_freep) struct trust *trust = trust_of(buffer_view(&roots));
    struct timestamp timestamp;
    struct failure failure = {0};
    struct hash digest = stamped();
    cr_assert(eq(int, timestamp_read(buffer_view(&token), &timestamp, &failure), STATUS_OK));
    cr_assert(hash_equal(&timestamp.digest, &digest));
    cr_assert(eq(str, timestamp.authority, (char *)"CN=tsa,O=Example"));
    cr_assert(eq(str, timestamp.policy, (char *)"1.2.3.4"));
    cr_assert(
        eq(int,
           timestamp_verify(buffer_view(&token), &digest, trust, "1.2.3.4", &timestamp, &failure),
           STATUS_OK),
        "%s", failure.reason);
    cr_assert(eq(
        int, timestamp_verify(buffer_view(&token), &digest, trust, "1.2.3.5", &timestamp, &failure),
        STATUS_UNTRUSTED));
}

Test(timestamp, a_reply_is_compared_with_its_request_and_gives_its_token)
{
    OWNED(buffer_release) struct buffer reply = loaded(TIMESTAMPS "reply.tsr");
    OWNED(buffer_release) struct buffer request = loaded(TIMESTAMPS "request.tsq");
    OWNED(buffer_release) struct buffer token;
    OWNED(buffer_release) struct buffer other;
    buffer_init(&token, TIMESTAMP_SIZE_MAX);
    buffer_init(&other, TIMESTAMP_REQUEST_SIZE_MAX);
    struct failure failure = {0};
    struct hash digest = stamped();
    cr_assert(eq(int,
                 timestamp_reply_read(buffer_view(&reply), buffer_view(&request), &token, &failure),
                 STATUS_OK),
              "%s", failure.reason);
    struct timestamp timestamp;
    cr_assert(eq(int, timestamp_read(buffer_view(&token), &timestamp, &failure), STATUS_OK));
    /* A request of our own for the same digest has another nonce. */
    cr_assert(eq(int, timestamp_request_write(&digest, NULL, &other, &failure), STATUS_OK));
    buffer_clear(&token);
    cr_assert(eq(int,
                 timestamp_reply_read(buffer_view(&reply), buffer_view(&other), &token, &failure),
                 STATUS_UNTRUSTED));
    cr_assert(
        eq(int, timestamp_request_write(&digest, "no oid", &other, &failure), STATUS_INVALID));
}

/* Changed anywhere, a token is refused, or is still signed: not all of its bytes are covered. */
Test(timestamp, a_token_with_a_byte_changed_never_says_something_else)
{
    OWNED(buffer_release) struct buffer token = loaded(TIMESTAMPS "token");
    OWNED(buffer_release) struct buffer roots = loaded(TIMESTAMPS "root.pem");
    OWNED(trust_freep) struct trust *trust = trust_of(buffer_view(&roots));
    struct timestamp good;
    struct failure failure = {0};
    struct hash digest = stamped();
    cr_assert(eq(int, timestamp_read(buffer_view(&token), &good, &failure), STATUS_OK));
    size_t refused_count = 0;
    for (size_t i = 0; i < token.size; i++) {
        struct timestamp found;
        token.data[i] ^= 4;
        enum status status =
            timestamp_verify(buffer_view(&token), &digest, trust, NULL, &found, &failure);
        token.data[i] ^= 4;
        refused_count += status != STATUS_OK;
        if (status == STATUS_OK) {
            cr_assert(eq(i64, found.time, good.time), "byte %zu", i);
            cr_assert(eq(str, found.policy, good.policy), "byte %zu", i);
            cr_assert(eq(str, found.authority, good.authority), "byte %zu", i);
        }
    }
    cr_assert(gt(sz, refused_count, token.size * 9 / 10));
}

Test(timestamp, a_token_that_is_cut_off_is_refused)
{
    OWNED(buffer_release) struct buffer token = loaded(TIMESTAMPS "token");
    struct timestamp timestamp;
    struct failure failure = {0};
    for (size_t size = 0; size < token.size; size++) {
        struct view cut = {.data = token.data, .size = size};
        cr_assert(eq(int, timestamp_read(cut, &timestamp, &failure), STATUS_INVALID), "%zu", size);
    }
}
