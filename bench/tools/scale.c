/*
 * What a ledger of a size costs: prints one row of docs/scale.csv.
 *
 *     scale FOLDER ENTRIES
 *
 * The ledger is made in FOLDER, and removed again.
 */

#include "bench/clock.h"
#include "cli/workspace.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "ledger/crypto/keyfile.h"
#include "tests/support/big_ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_SIZE 600
#define SUBMITTED 50
#define PROVED 2000
#define SETTLED 20
#define ENTRIES_OF_A_CONTRACT 20

static struct failure failure;

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "scale: %s: %s %s\n", what, failure.at, failure.reason);
        exit(2);
    }
}

static struct secret_key *read_log_key(const char *folder)
{
    char path[PATH_SIZE];
    static char bytes[65536];
    struct secret_key *secret;
    struct view vkey;
    (void)snprintf(path, sizeof path, "%s/log.key", folder);
    big_ledger_write_key(path, "measured");
    FILE *file = fopen(path, "r");
    size_t size = file == NULL ? 0 : fread(bytes, 1, sizeof bytes, file);
    if (file == NULL || fclose(file) != 0) {
        exit(2);
    }
    must(keyfile_read((struct view){bytes, size}, VIEW("measured"), &secret, &vkey, &failure),
         path);
    (void)unlink(path);
    return secret;
}

/* Seconds of one more statement, each in a commit of its own. */
static double submit(const char *path, struct big_ledger shape, struct secret_key *secret)
{
    struct buffer notes[SUBMITTED];
    for (size_t i = 0; i < SUBMITTED; i++) {
        buffer_init(&notes[i], ENTRY_SIZE_MAX);
    }
    big_ledger_fundings(shape, shape.contract_count / 2, SUBMITTED, notes);
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    must(workspace_open(path, true, &workspace, &failure), path);
    double start = now();
    for (size_t i = 0; i < SUBMITTED; i++) {
        struct view note = buffer_view(&notes[i]);
        struct submitted submitted;
        size_t refused;
        must(workspace_submit(workspace, &note, 1, secret, &submitted, &refused, &failure),
             "submit");
        buffer_release(&notes[i]);
    }
    return (now() - start) / SUBMITTED;
}

static double prove(const char *path)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    must(workspace_open(path, false, &workspace, &failure), path);
    struct ledger *ledger = workspace_ledger(workspace);
    double start = now();
    for (uint64_t i = 0; i < PROVED; i++) {
        struct merkle_proof proof;
        uint64_t index = i * 2654435761U % ledger_size(ledger);
        must(ledger_prove(ledger, index, &proof, &failure), "prove");
    }
    return (now() - start) / PROVED;
}

/* Opening the ledger included. */
static double settle(const char *path)
{
    double start = now();
    for (int i = 0; i < SETTLED; i++) {
        OWNED(workspace_closep) struct workspace *workspace = NULL;
        const struct state_contract *contract;
        struct settlement settlement;
        must(workspace_open(path, false, &workspace, &failure), path);
        must(workspace_load_contract(workspace, VIEW("c000000000"), &contract, &failure), "load");
        settlement_init(&settlement);
        must(state_compute(contract, VIEW("p1"), &settlement, NULL, &failure), "settle");
        settlement_release(&settlement);
    }
    return (now() - start) / SETTLED;
}

static double verify(const char *path)
{
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    struct workspace_audit audit;
    double start = now();
    must(workspace_open(path, false, &workspace, &failure), path);
    must(workspace_audit_all(workspace, (unsigned)sysconf(_SC_NPROCESSORS_ONLN), NULL, &audit,
                             &failure),
         "verify");
    return now() - start;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        (void)fprintf(stderr, "usage: scale FOLDER ENTRIES\n");
        return 2;
    }
    must(crypto_init(&failure), "crypto");
    uint64_t entries = strtoull(argv[2], NULL, 10);
    struct big_ledger shape = {entries / ENTRIES_OF_A_CONTRACT, ENTRIES_OF_A_CONTRACT - 1, 2};
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/scale.ledger", argv[1]);
    OWNED(secret_key_freep) struct secret_key *secret = read_log_key(argv[1]);
    double start = now();
    big_ledger_make(path, shape);
    double made = now() - start;
    struct stat file;
    if (stat(path, &file) != 0) {
        perror(path);
        return 2;
    }
    double verified = verify(path);
    double proved = prove(path);
    double settled = settle(path);
    double submitted = submit(path, shape, secret);
    printf("%" PRIu64 ",%.0f,%.1f,%.3f,%.1f,%.3f,%.2f\n", big_ledger_size(shape),
           (double)file.st_size, made, submitted * 1e3, proved * 1e6, settled * 1e3, verified);
    (void)unlink(path);
    (void)strncat(path, ".lock", sizeof path - strlen(path) - 1);
    (void)unlink(path);
    return 0;
}
