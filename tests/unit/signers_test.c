/* Signers: what was verified ahead of a decision counts under the key of the state, and no other.
 */
#include "contracts/state/state.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "tests/support/ledger_support.h"
#include "tests/support/played.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#define TOWN 1

static const char FUNDING[] =
    "{\"after\":\"sha256:2121212121212121212121212121212121212121212121212121212121212121\","
    "\"amount\":{\"amount\":\"1.00\",\"currency\":\"SEK\"},\"contract\":\"c\",\"date\":"
    "\"2024-01-01\",\"investor\":\"a.se\",\"kind\":\"funding\",\"ledger\":\"test.example/log\","
    "\"placed_on\":\"2024-01-01\",\"receiver\":\"town.se\",\"reference\":\"not_published\","
    "\"version\":1}\n";

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(signers, .init = prepare);

static struct statement *sign(const struct note_key *key, struct secret_key *secret)
{
    OWNED(buffer_release) struct buffer note;
    struct failure failure = {0};
    struct statement *statement = NULL;
    buffer_init(&note, ENTRY_SIZE_MAX);
    cr_assert(eq(int, note_write_signed(view_of(FUNDING), key, secret, &note), STATUS_OK));
    cr_assert(eq(int, statement_read(buffer_view(&note), &statement, &failure), STATUS_OK),
              "%s %s: %s", failure.code, failure.at, failure.reason);
    return statement;
}

Test(signers, a_signature_is_verified_ahead_and_then_believed)
{
    struct played played;
    struct failure failure = {0};
    played_open(&played);
    const struct note_key *town = &played.keys[TOWN];
    OWNED(statement_freep) struct statement *statement = sign(town, played.secrets[TOWN]);
    cr_assert(not(statement_is_line_verified(statement, 0, &town->key)));
    cr_assert(eq(int, statement_verify_line(statement, 0, &played.keys[0]), STATUS_NOT_FOUND));
    cr_assert(eq(int, statement_verify_line(statement, 0, town), STATUS_OK));
    cr_assert(statement_is_line_verified(statement, 0, &town->key));
    cr_assert(not(statement_is_line_verified(statement, 0, &played.keys[0].key)));
    cr_assert(eq(int, state_verify_signatures(played.state, statement, &failure), STATUS_OK));
    played_close(&played);
}

/* Whoever verifies ahead may have been told another key by the same name and id. */
Test(signers, a_signature_under_another_key_of_that_name_is_refused)
{
    struct played played;
    struct failure failure = {0};
    played_open(&played);
    OWNED(secret_key_freep) struct secret_key *stranger = support_secret(77);
    struct note_key forged = played.keys[TOWN];
    forged.key = *secret_key_public(stranger);
    OWNED(statement_freep) struct statement *statement = sign(&forged, stranger);
    cr_assert(eq(int, statement_verify_line(statement, 0, &played.keys[TOWN]), STATUS_UNTRUSTED));
    cr_assert(not(statement_is_line_verified(statement, 0, &played.keys[TOWN].key)));
    cr_assert(eq(int, statement_verify_line(statement, 0, &forged), STATUS_OK));
    cr_assert(ne(int, state_verify_signatures(played.state, statement, &failure), STATUS_OK));
    cr_assert(eq(int, strcmp(failure.code, "SIGNATURE_WRONG"), 0));
    played_close(&played);
}
