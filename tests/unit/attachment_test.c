#include "ledger/base/limits.h"
#include "ledger/log/cosignature.h"
#include "ledger/log/policy.h"
#include "ledger/store/memory.h"
#include "ledger/store/sqlite.h"
#include "tests/support/ledger_support.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

static void prepare(void)
{
    struct failure failure;
    cr_assert(eq(int, crypto_init(&failure), STATUS_OK));
}

TestSuite(attachment, .init = prepare);

/* A ledger of four entries with checkpoints of sizes 1, 3 and 4. */
static struct ledger *make_ledger(struct store *store)
{
    struct secret_key *secret = support_secret(1);
    struct ledger *ledger = support_new_ledger(store, secret);
    support_append(ledger, secret, 2, 2);
    support_append(ledger, secret, 1, 1);
    secret_key_free(secret);
    return ledger;
}

static struct ledger *memory_ledger(void)
{
    struct store *store;
    cr_assert(eq(int, memory_store_create(&store), STATUS_OK));
    return make_ledger(store);
}

/* Writes the attachment by which the witness of a seed cosigns the checkpoint of `size`. */
static void cosign(struct ledger *ledger, uint8_t seed, const char *name, uint64_t time,
                   uint64_t size, struct buffer *ret_bytes)
{
    struct secret_key *secret = support_secret(seed);
    struct cosigner cosigner;
    struct buffer checkpoint;
    struct note note;
    buffer_init(&checkpoint, COSIGNED_SIZE_MAX);
    buffer_init(ret_bytes, ATTACHMENT_SIZE_MAX);
    cr_assert(eq(int, ledger_cosigned_checkpoint(ledger, size, &checkpoint, NULL), STATUS_OK));
    cr_assert(eq(int, note_parse(buffer_view(&checkpoint), &note, NULL), STATUS_OK));
    cr_assert(
        eq(int, cosigner_make(view_of(name), secret_key_public(secret), &cosigner), STATUS_OK));
    cr_assert(eq(int, cosigner_write(&cosigner, ret_bytes), STATUS_OK));
    cr_assert(eq(int, buffer_append_byte(ret_bytes, '\n'), STATUS_OK));
    cr_assert(
        eq(int, cosignature_sign_line(note.text, &cosigner, secret, time, ret_bytes), STATUS_OK));
    buffer_release(&checkpoint);
    secret_key_free(secret);
}

static enum status attach(struct ledger *ledger, uint64_t size, struct view bytes)
{
    struct store_attachment attachment = {
        .checkpoint_size = size, .kind = ATTACHMENT_COSIGNATURE, .bytes = bytes};
    cr_assert(eq(int, ledger_lock(ledger, NULL), STATUS_OK));
    enum status status = ledger_attach(ledger, &attachment, NULL);
    ledger_unlock(ledger);
    return status;
}

static void attach_cosigned(struct ledger *ledger, uint8_t seed, const char *name, uint64_t time,
                            uint64_t size)
{
    struct buffer bytes;
    cosign(ledger, seed, name, time, size, &bytes);
    cr_assert(eq(int, attach(ledger, size, buffer_view(&bytes)), STATUS_OK), "%s", name);
    buffer_release(&bytes);
}

Test(attachment, cosignatures_join_the_checkpoint_sorted_the_latest_of_each)
{
    struct ledger *ledger = memory_ledger();
    struct buffer bytes;
    struct note note;
    uint64_t time = 0;
    struct secret_key *secret = support_secret(5);
    struct cosigner cosigner;
    cr_assert(eq(int, cosigner_make(VIEW("z.example/w"), secret_key_public(secret), &cosigner),
                 STATUS_OK));
    secret_key_free(secret);

    attach_cosigned(ledger, 5, "z.example/w", 200, 3);
    attach_cosigned(ledger, 6, "a.example/w", 100, 3);
    attach_cosigned(ledger, 5, "z.example/w", 300, 3);
    attach_cosigned(ledger, 5, "z.example/w", 250, 3); /* came last, and is older */
    attach_cosigned(ledger, 6, "a.example/w", 100, 4);

    buffer_init(&bytes, COSIGNED_SIZE_MAX);
    cr_assert(eq(int, ledger_cosigned_checkpoint(ledger, 3, &bytes, NULL), STATUS_OK));
    cr_assert(eq(int, note_parse(buffer_view(&bytes), &note, NULL), STATUS_OK));
    cr_assert(eq(sz, note.count, 3));
    cr_assert(eq(int, note_check_sorted(&note, NULL), STATUS_OK));
    cr_assert(eq(int, note_verify(&note, ledger_log_key(ledger)), STATUS_OK));
    cr_assert(eq(int, cosignature_verify(&note, &cosigner, &time), STATUS_OK));
    cr_assert(eq(u64, time, 300));
    buffer_release(&bytes);

    buffer_init(&bytes, COSIGNED_SIZE_MAX);
    cr_assert(eq(int, ledger_cosigned_checkpoint(ledger, 1, &bytes, NULL), STATUS_OK));
    cr_assert(eq(int, note_parse(buffer_view(&bytes), &note, NULL), STATUS_OK));
    cr_assert(eq(sz, note.count, 1));
    cr_assert(eq(int, ledger_cosigned_checkpoint(ledger, 2, &bytes, NULL), STATUS_NOT_FOUND));
    uint64_t count = 0;
    uint64_t unusable = 9;
    cr_assert(eq(int, ledger_check_attachments(ledger, &count, &unusable, NULL), STATUS_OK));
    cr_assert(eq(u64, count, 5));
    cr_assert(eq(u64, unusable, 0));
    buffer_release(&bytes);
    ledger_close(ledger);
}

Test(attachment, what_does_not_verify_is_not_attached)
{
    struct ledger *ledger = memory_ledger();
    struct buffer bytes;
    cosign(ledger, 5, "z.example/w", 200, 3, &bytes);
    struct view good = buffer_view(&bytes);
    cr_assert(eq(int, attach(ledger, 4, good), STATUS_UNTRUSTED)); /* of another checkpoint */
    cr_assert(eq(int, attach(ledger, 2, good), STATUS_NOT_FOUND));
    for (size_t i = 0; i < good.size; i++) {
        char *changed = malloc(good.size);
        memcpy(changed, good.data, good.size);
        changed[i] ^= 1;
        enum status status = attach(ledger, 3, (struct view){changed, good.size});
        bool is_refused = status == STATUS_INVALID || status == STATUS_UNTRUSTED;
        cr_assert(is_refused, "byte %zu: %d", i, (int)status);
        cr_assert(attach(ledger, 3, (struct view){good.data, i}) != STATUS_OK, "%zu bytes", i);
        free(changed);
    }
    cr_assert(eq(int, attach(ledger, 3, good), STATUS_OK));
    buffer_release(&bytes);
    ledger_close(ledger);
}

Test(attachment, an_audit_names_one_that_was_forged)
{
    char folder[SUPPORT_PATH_SIZE];
    char path[SUPPORT_PATH_SIZE];
    struct store *store;
    struct failure failure = {0};
    struct buffer bytes;
    support_make_folder(folder);
    support_path(folder, "ledger", path);
    cr_assert(eq(int, sqlite_store_create(path, &store, NULL), STATUS_OK));
    struct ledger *ledger = make_ledger(store);
    attach_cosigned(ledger, 5, "z.example/w", 200, 3);
    cosign(ledger, 5, "z.example/w", 200, 4, &bytes);
    ledger_close(ledger);
    cr_assert(eq(int, support_audit_file(path, 1, &failure), STATUS_OK), "%s", failure.reason);

    /* The line of size 4, filed under size 3 by one who knows how ids are made. */
    cr_assert(eq(int, sqlite_store_open(path, true, &store, NULL), STATUS_OK));
    struct store_attachment forged = {
        .checkpoint_size = 3, .kind = ATTACHMENT_COSIGNATURE, .bytes = buffer_view(&bytes)};
    cr_assert(eq(int, store_lock(store, NULL), STATUS_OK));
    cr_assert(eq(int, store_attach(store, &forged, NULL), STATUS_OK));
    store_unlock(store);
    store_close(store);
    cr_assert(eq(int, support_audit_file(path, 1, &failure), STATUS_UNTRUSTED));
    cr_assert(view_is(view_of(failure.at), "attachment of the checkpoint of size 3"));
    cr_assert(strstr(failure.reason, "z.example/w") != NULL, "%s", failure.reason);
    buffer_release(&bytes);
    support_remove_folder(folder);
}
