/*
 * A whole audit by several threads, for TSan: what they share is read only, or guarded.
 *
 * Criterion does not survive TSan, so this is a program: 0 when every audit found what it should.
 */

#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "tests/support/big_ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 5

static bool audits(const char *path, uint64_t entries, unsigned threads)
{
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    struct workspace_audit audit = {0};
    if (workspace_open(path, false, &workspace, &failure) != STATUS_OK ||
        workspace_audit_all(workspace, threads, NULL, &audit, &failure) != STATUS_OK) {
        (void)fprintf(stderr, "%s %s\n", failure.at, failure.reason);
        return false;
    }
    return audit.counts.entries == entries;
}

int main(void)
{
    struct failure failure = {0};
    char folder[] = "/tmp/utfall-stress-XXXXXX";
    if (crypto_init(&failure) != STATUS_OK || mkdtemp(folder) == NULL) {
        return 2;
    }
    char path[sizeof folder + 20];
    (void)snprintf(path, sizeof path, "%s/ledger", folder);
    /* Large enough for the tree to be audited beside the entries: BESIDE_ENTRIES_MIN. */
    struct big_ledger shape = {30, 60, 2};
    big_ledger_make(path, shape);

    int status = 0;
    for (unsigned threads = 1; threads <= THREADS_MAX; threads++) {
        if (!audits(path, big_ledger_size(shape), threads)) {
            (void)fprintf(stderr, "the audit by %u threads failed\n", threads);
            status = 1;
        }
    }
    char command[sizeof folder + 20];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 ? status : 2;
}
