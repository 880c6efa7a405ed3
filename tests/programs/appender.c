/*
 * Appender: appends batches of notes to a ledger, and can be made to die on the way.
 *
 *     appender LEDGER SEED [ACTION CALL]
 *
 * SEED is the log's secret key in hexadecimal. Each line of standard input names the notes of one
 * batch, with spaces between; for each entry it answers "index id" once it is stored, and for a
 * batch that was not, "exit reason".
 *
 * With ACTION the process counts the calls by which SQLite changes files, and at the CALL-th
 *
 *     kill   dies as by kill -9, before the call
 *     tear   writes the first half of what is to be written, and dies
 *     full   answers ENOSPC, and again for each call after it that needs room
 *     fail   answers EIO, once
 */
#define _GNU_SOURCE

#include "cli/output.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINE_SIZE_MAX (1024 * 1024)

/* --- Calls that change files: these stand before libc's for SQLite too --- */

static const char *action = "";
static uint64_t call_wanted;
static uint64_t call_count;

static bool is_action(const char *name)
{
    return strcmp(action, name) == 0;
}

static void die(void)
{
    (void)raise(SIGKILL);
}

/* Counts a call; returns what it must fail with, or 0. */
static int meet_call(bool needs_room)
{
    call_count++;
    if (call_wanted != 0 && call_count == call_wanted && is_action("kill")) {
        die();
    }
    if (call_wanted != 0 && call_count == call_wanted && is_action("fail")) {
        return EIO;
    }
    return call_wanted != 0 && call_count >= call_wanted && needs_room && is_action("full") ? ENOSPC
                                                                                            : 0;
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t offset)
{
    int failure = meet_call(true);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    if (call_count == call_wanted && is_action("tear")) {
        (void)syscall(SYS_pwrite64, file, bytes, size / 2, offset);
        die();
    }
    return syscall(SYS_pwrite64, file, bytes, size, offset);
}

int fdatasync(int file)
{
    int failure = meet_call(true);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, file);
}

int fsync(int file)
{
    int failure = meet_call(true);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return (int)syscall(SYS_fsync, file);
}

int ftruncate64(int file, off64_t size)
{
    int failure = meet_call(true);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return (int)syscall(SYS_ftruncate, file, size);
}

int unlink(const char *path)
{
    int failure = meet_call(false);
    if (failure != 0) {
        errno = failure;
        return -1;
    }
    return (int)syscall(SYS_unlink, path);
}

/* --- Appending --- */

/* The notes of one batch, read whole. */
struct batch {
    size_t count;
    struct buffer bytes[BATCH_ENTRIES_MAX];
    struct view views[BATCH_ENTRIES_MAX];
    struct submitted submitted[BATCH_ENTRIES_MAX];
};

static void batch_clear(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        buffer_release(&batch->bytes[i]);
    }
    batch->count = 0;
}

static bool batch_read(struct batch *batch, char *line)
{
    char *rest;
    for (char *path = strtok_r(line, " \n", &rest); path != NULL;
         path = strtok_r(NULL, " \n", &rest)) {
        FILE *file = fopen(path, "rb");
        char text[ENTRY_SIZE_MAX + 1];
        if (file == NULL || batch->count == BATCH_ENTRIES_MAX) {
            return false;
        }
        size_t size = fread(text, 1, sizeof text, file);
        (void)fclose(file);
        struct buffer *bytes = &batch->bytes[batch->count];
        buffer_init(bytes, sizeof text);
        if (buffer_append(bytes, (struct view){.data = text, .size = size}) != STATUS_OK) {
            return false;
        }
        batch->views[batch->count] = buffer_view(bytes);
        batch->count++;
    }
    return batch->count > 0;
}

static void answer(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        OWNED(buffer_release) struct buffer id;
        buffer_init(&id, 2 * HASH_SIZE);
        if (hex_write(&id, hash_view(&batch->submitted[i].id)) == STATUS_OK) {
            printf("%" PRIu64 " sha256:%s\n", batch->submitted[i].index, id.data);
        }
    }
}

static enum status append_all(const char *path, struct secret_key *secret, struct failure *failure)
{
    static struct batch batch;
    static char line[LINE_SIZE_MAX];
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    TRY(workspace_open(path, true, &workspace, failure));
    while (fgets(line, sizeof line, stdin) != NULL) { /* as long as the test asks */
        if (!batch_read(&batch, line)) {
            return fail(failure, STATUS_NOT_FOUND, "", "a note cannot be read");
        }
        size_t refused;
        enum status status = workspace_submit(workspace, batch.views, batch.count, secret,
                                              batch.submitted, &refused, failure);
        if (status == STATUS_OK) {
            answer(&batch);
        } else {
            printf("%d %s: %s\n", output_exit_status(failure), failure->at, failure->reason);
        }
        (void)fflush(stdout);
        batch_clear(&batch);
    }
    return STATUS_OK;
}

int main(int argc, char **argv)
{
    uint8_t seed[SEED_SIZE];
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct failure failure = {0};
    if (argc < 3 || crypto_init(&failure) != STATUS_OK ||
        hex_read(view_of(argv[2]), SEED_SIZE, seed) != STATUS_OK ||
        secret_key_from_seed(seed, &secret) != STATUS_OK) {
        return EXIT_FAILURE;
    }
    if (argc == 5) {
        action = argv[3];
        call_wanted = strtoull(argv[4], NULL, 10);
    }
    if (append_all(argv[1], secret, &failure) != STATUS_OK) {
        (void)fprintf(stderr, "appender: %s: %s\n", failure.at, failure.reason);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
