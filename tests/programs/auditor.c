/*
 * Auditor: verifies one ledger file after the other, without a new process for each.
 *
 * Reads a path a line. Answers a line for each: the exit status that `utfall verify` gives, the
 * digest of every stored row ("-" unless the status is 0), the place and the reason. Tests that
 * damage a file in tens of thousands of ways ask it, and compare a sample with the real program.
 *
 * Nearly all keys and signatures are the same each time. Whether one is right depends on nothing
 * but its bytes and those of the text, so the answer is remembered by their digest.
 */
#define _GNU_SOURCE /* RTLD_NEXT */

#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/store/sqlite.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROW_SIZE_MAX (128 * 1024)
#define VERDICT_COUNT 65536

/* --- Ed25519, remembered: these stand before libsodium's functions of the same names --- */

struct verdict {
    bool is_set;
    struct hash question;
    int answer;
};

/* Where the verdict on a question stands, or is to stand. One thread. */
static struct verdict *verdict_on(const struct hash *question)
{
    static struct verdict verdicts[VERDICT_COUNT];
    size_t slot = ((size_t)question->bytes[0] << 8 | question->bytes[1]) % VERDICT_COUNT;
    struct verdict *verdict = &verdicts[slot];
    if (!verdict->is_set || !hash_equal(&verdict->question, question)) {
        *verdict = (struct verdict){.question = *question};
    }
    return verdict;
}

int crypto_sign_verify_detached(const unsigned char *signature, const unsigned char *message,
                                unsigned long long size, const unsigned char *key)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, ROW_SIZE_MAX);
    if (buffer_append(&text, (struct view){(const char *)signature, SIGNATURE_SIZE}) != STATUS_OK ||
        buffer_append(&text, (struct view){(const char *)key, PUBLIC_KEY_SIZE}) != STATUS_OK ||
        buffer_append(&text, (struct view){(const char *)message, size}) != STATUS_OK) {
        abort();
    }
    struct hash question = hash_bytes(buffer_view(&text));
    struct verdict *verdict = verdict_on(&question);
    if (!verdict->is_set) {
        verdict->answer = crypto_sign_ed25519_verify_detached(signature, message, size, key);
        verdict->is_set = true;
    }
    return verdict->answer;
}

int crypto_core_ed25519_is_valid_point(const unsigned char *point)
{
    static int (*original)(const unsigned char *);
    if (original == NULL) {
        void *found = dlsym(RTLD_NEXT, "crypto_core_ed25519_is_valid_point");
        memcpy(&original, &found, sizeof original);
    }
    struct hash question =
        hash_bytes((struct view){(const char *)point, crypto_core_ed25519_BYTES});
    struct verdict *verdict = verdict_on(&question);
    if (!verdict->is_set) {
        verdict->answer = original(point);
        verdict->is_set = true;
    }
    return verdict->answer;
}

/* --- Every stored row, as one digest --- */

/* The digest so far, and room for one row behind it. */
struct digest {
    struct buffer row;
    struct hash sum;
};

/* Adds a row: each column with its size in front, so that no two rows look alike. */
static enum status digest_add(struct digest *digest, struct view name, uint64_t a, uint64_t b,
                              struct view first, struct view second)
{
    buffer_clear(&digest->row);
    TRY(buffer_append(&digest->row, hash_view(&digest->sum)));
    TRY(buffer_append_format(&digest->row, "%.*s %" PRIu64 " %" PRIu64 " %zu %zu ", VIEW_ARGS(name),
                             a, b, first.size, second.size));
    TRY(buffer_append(&digest->row, first));
    TRY(buffer_append(&digest->row, second));
    digest->sum = hash_bytes(buffer_view(&digest->row));
    return STATUS_OK;
}

static enum status add_entry(void *context, const struct store_entry *entry,
                             struct failure *failure)
{
    (void)failure;
    TRY(digest_add(context, VIEW("entry"), entry->index, 0, hash_view(&entry->id), entry->subject));
    return digest_add(context, VIEW("bytes"), entry->index, 0, entry->bytes, VIEW(""));
}

static enum status add_node(void *context, const struct store_node *node, struct failure *failure)
{
    (void)failure;
    return digest_add(context, VIEW("node"), node->at.level, node->at.index, hash_view(&node->hash),
                      VIEW(""));
}

static enum status add_checkpoint(void *context, uint64_t size, struct view note,
                                  struct failure *failure)
{
    (void)failure;
    return digest_add(context, VIEW("checkpoint"), size, 0, note, VIEW(""));
}

static enum status add_attachment(void *context, const struct store_attachment *attachment,
                                  struct failure *failure)
{
    (void)failure;
    return digest_add(context, VIEW("attachment"), attachment->checkpoint_size, attachment->kind,
                      attachment->bytes, VIEW(""));
}

static enum status add_identity(struct store *store, struct digest *digest, struct failure *failure)
{
    OWNED(buffer_release) struct buffer origin;
    OWNED(buffer_release) struct buffer vkey;
    buffer_init(&origin, ROW_SIZE_MAX);
    buffer_init(&vkey, ROW_SIZE_MAX);
    TRY(store_read_identity(store, &origin, &vkey, failure));
    return digest_add(digest, VIEW("identity"), 1, 0, buffer_view(&origin), buffer_view(&vkey));
}

static enum status add_rows(struct store *store, struct digest *digest, struct failure *failure)
{
    struct store_scan all = {.kind = STORE_SCAN_ALL};
    TRY(add_identity(store, digest, failure));
    TRY(store_scan(store, all, add_entry, digest, failure));
    for (uint32_t level = 0; level <= MERKLE_HEIGHT_MAX; level++) {
        TRY(store_scan_nodes(store, level, add_node, digest, failure));
    }
    TRY(store_scan_checkpoints(store, add_checkpoint, digest, failure));
    return store_scan_attachments(store, STORE_NONE, ATTACHMENT_ANY, add_attachment, digest,
                                  failure);
}

/* --- Answering --- */

static enum status verify(const char *path, struct hash *ret_sum, struct failure *failure)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    struct workspace_audit audit;
    TRY(workspace_open(path, false, &workspace, failure));
    TRY(workspace_audit_all(workspace, 1, NULL, &audit, failure));

    struct digest digest = {.sum = hash_empty_tree()};
    buffer_init(&digest.row, ROW_SIZE_MAX);
    enum status status = add_rows(ledger_store(workspace_ledger(workspace)), &digest, failure);
    buffer_release(&digest.row);
    TRY(status);
    *ret_sum = digest.sum;
    return STATUS_OK;
}

static void answer(const char *path)
{
    struct hash sum;
    struct failure failure = {0};
    enum status status = verify(path, &sum, &failure);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 2 * HASH_SIZE);
    if (status == STATUS_OK && hex_write(&text, hash_view(&sum)) == STATUS_OK) {
        printf("0\t%s\t\t\n", text.data);
    } else {
        printf("%d\t-\t%s\t%s\n", output_exit_status(&failure), failure.at, failure.reason);
    }
    (void)fflush(stdout);
}

int main(void)
{
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK) {
        return EXIT_FAILURE;
    }
    char path[4096];
    while (fgets(path, sizeof path, stdin) != NULL) { /* as long as the test asks */
        path[strcspn(path, "\n")] = '\0';
        answer(path);
    }
    return EXIT_SUCCESS;
}
