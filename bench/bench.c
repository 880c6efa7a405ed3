/*
 * The promises about speed, as ratios of two things measured in this run.
 *
 *     bench FOLDER [ENTRIES_LARGE]
 *
 * Ledgers are made in FOLDER, and removed again.
 * Absolute numbers depend on the machine and are printed for orientation only. Measured in pairs,
 * each several times, the best counts: a shared machine only ever makes things slower.
 */

#include "bench/bench.h"
#include "cli/workspace.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "tests/support/big_ledger.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH_SIZE 600
#define MAX_THREADS 64

void die(const char *what, const struct failure *failure)
{
    (void)fprintf(stderr, "bench: %s: %s %s\n", what, failure->at, failure->reason);
    exit(2);
}

/*
 * Texts as long as a funding, each with a signature of its own: a processor that meets one
 * signature again and again learns which way its branches go, and verifies it faster than any
 * other.
 */
#define TEXT_COUNT 2000
struct signed_text {
    char bytes[420];
    struct signature signature;
};

static struct signed_text *make_texts(struct secret_key *secret)
{
    struct failure failure = {0};
    struct signed_text *texts = calloc(TEXT_COUNT, sizeof *texts);
    if (texts == NULL) {
        die("texts", &failure);
    }
    for (unsigned i = 0; i < TEXT_COUNT; i++) {
        (void)snprintf(texts[i].bytes, sizeof texts[i].bytes, "%*u", (int)sizeof texts[i].bytes - 1,
                       i);
        struct view text = {texts[i].bytes, sizeof texts[i].bytes};
        if (secret_key_sign(secret, text, &texts[i].signature) != STATUS_OK) {
            die("signature", &failure);
        }
    }
    return texts;
}

struct verifying {
    const struct secret_key *secret;
    const struct signed_text *texts;
    double rate;
};

/* Verifies for a second. */
static void *verify_texts(void *context)
{
    struct verifying *verifying = context;
    struct failure failure = {0};
    double start = now();
    unsigned count = 0;
    while (now() - start < 1.0) {
        for (unsigned i = 0; i < 100; i++) {
            const struct signed_text *signed_text = &verifying->texts[count % TEXT_COUNT];
            struct view text = {signed_text->bytes, sizeof signed_text->bytes};
            if (public_key_verify(secret_key_public(verifying->secret), text,
                                  &signed_text->signature) != STATUS_OK) {
                die("verify", &failure);
            }
            count++;
        }
    }
    verifying->rate = count / (now() - start);
    return NULL;
}

/* Verifications a second of so many threads together, which do nothing else. */
static double verify_rate(unsigned threads)
{
    uint8_t seed[SEED_SIZE] = {7};
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    struct failure failure = {0};
    if (secret_key_from_seed(seed, &secret) != STATUS_OK) {
        die("key", &failure);
    }
    struct signed_text *texts = make_texts(secret);
    struct verifying verifying[MAX_THREADS];
    pthread_t running[MAX_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        verifying[i] = (struct verifying){.secret = secret, .texts = texts};
        if (pthread_create(&running[i], NULL, verify_texts, &verifying[i]) != 0) {
            die("thread", &failure);
        }
    }
    double rate = 0;
    for (unsigned i = 0; i < threads; i++) {
        (void)pthread_join(running[i], NULL);
        rate += verifying[i].rate;
    }
    free(texts);
    return rate;
}

static double verify_seconds(const char *path, unsigned threads)
{
    struct failure failure = {0};
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    double start = now();
    if (workspace_open(path, false, &workspace, &failure) != STATUS_OK) {
        die(path, &failure);
    }
    struct workspace_audit audit;
    if (workspace_audit_all(workspace, threads, NULL, &audit, &failure) != STATUS_OK) {
        die(path, &failure);
    }
    return now() - start;
}

/* Opens a ledger and computes a settlement of its first contract. */
static double settle_seconds(const char *path)
{
    struct failure failure = {0};
    double start = now();
    OWNED(workspace_closep) struct workspace *workspace = NULL;
    const struct state_contract *contract;
    if (workspace_open(path, false, &workspace, &failure) != STATUS_OK ||
        workspace_load_contract(workspace, VIEW("c000000000"), &contract, &failure) != STATUS_OK) {
        die(path, &failure);
    }
    struct settlement settlement;
    settlement_init(&settlement);
    if (state_compute(contract, VIEW("p1"), &settlement, NULL, &failure) != STATUS_OK) {
        die(path, &failure);
    }
    settlement_release(&settlement);
    return now() - start;
}

/* Peak memory of a verification, in a process of its own. */
static long verify_peak_kib(const char *path, unsigned threads)
{
    int channel[2];
    if (pipe(channel) != 0) {
        perror("bench: pipe");
        exit(2);
    }
    pid_t child = fork();
    if (child == 0) {
        (void)verify_seconds(path, threads);
        struct rusage usage;
        (void)getrusage(RUSAGE_SELF, &usage);
        ssize_t written = write(channel[1], &usage.ru_maxrss, sizeof usage.ru_maxrss);
        _exit(written == (ssize_t)sizeof usage.ru_maxrss ? 0 : 1);
    }
    long peak = 0;
    int status;
    if (read(channel[0], &peak, sizeof peak) != (ssize_t)sizeof peak ||
        waitpid(child, &status, 0) < 0 || status != 0) {
        (void)fprintf(stderr, "bench: the verification of %s failed\n", path);
        exit(2);
    }
    (void)close(channel[0]);
    (void)close(channel[1]);
    return peak;
}

static void remove_ledger(const char *path)
{
    static const char *const ENDINGS[] = {"", ".lock", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ENDINGS / sizeof ENDINGS[0]; i++) {
        char file[PATH_SIZE + 8];
        (void)snprintf(file, sizeof file, "%s%s", path, ENDINGS[i]);
        (void)unlink(file);
    }
}

static void make(const char *folder, const char *name, struct big_ledger shape,
                 char path[static PATH_SIZE])
{
    (void)snprintf(path, PATH_SIZE, "%s/%s.ledger", folder, name);
    remove_ledger(path);
    (void)fprintf(stderr, "making %s: %" PRIu64 " entries\n", path, big_ledger_size(shape));
    big_ledger_make(path, shape);
}

#define PAIRS 5

struct verify_speed {
    double alone;    /* signatures a second of libsodium on one core while the others rest */
    double together; /* on all cores at once */
    double seconds;  /* of a verification of the ledger */
    double ratio;    /* of the ledger's signatures a second to `together` */
};

static int compare_speeds(const void *a, const void *b)
{
    const struct verify_speed *left = a;
    const struct verify_speed *right = b;
    return (left->ratio > right->ratio) - (left->ratio < right->ratio);
}

/*
 * Measures in turns, and gives the pair with the median ratio.
 * A core is slower while its neighbours work, since they share memory, heat and the host; what
 * `verify` can reach is what libsodium alone reaches on all of them at once. The best second of a
 * core that has the machine for itself is printed beside it.
 */
static struct verify_speed median_verify(const char *path, unsigned threads, double signatures)
{
    struct verify_speed speeds[PAIRS];
    for (int i = 0; i < PAIRS; i++) {
        double before = verify_rate(threads);
        speeds[i].seconds = verify_seconds(path, threads);
        speeds[i].together = (before + verify_rate(threads)) / 2;
        speeds[i].alone = verify_rate(1);
        speeds[i].ratio = signatures / speeds[i].seconds / speeds[i].together;
    }
    qsort(speeds, PAIRS, sizeof speeds[0], compare_speeds);
    return speeds[PAIRS / 2];
}

static double best_settle(const char *path)
{
    double best = settle_seconds(path);
    for (int i = 0; i < 50; i++) {
        double again = settle_seconds(path);
        best = again < best ? again : best;
    }
    return best;
}

bool report(const char *what, double ratio, const char *relation, double bound, bool holds)
{
    printf("%-66s %7.3f  (%s %.2f)  %s\n", what, ratio, relation, bound,
           holds ? "holds" : "DOES NOT HOLD");
    return holds;
}

static bool bench_verify(const char *folder, unsigned threads)
{
    static const struct {
        unsigned signatures;
        const char *what;
    } ROWS[] = {
        {1, "verify, one signature an entry / libsodium on all cores"},
        {4, "verify, four signatures an entry / libsodium on all cores"},
    };
    bool all_hold = true;
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        struct big_ledger shape = {1000, 99, ROWS[i].signatures};
        char name[32];
        char path[PATH_SIZE];
        (void)snprintf(name, sizeof name, "verify-%u", ROWS[i].signatures);
        make(folder, name, shape, path);
        double signatures =
            (double)shape.contract_count * (4 + (double)shape.fundings_each * shape.signatures);
        struct verify_speed speed = median_verify(path, threads, signatures);
        (void)fprintf(stderr,
                      "%.0f signatures in %.2f s; libsodium %.0f/s on %u cores at once, %.0f/s on "
                      "one alone (of cores x that: %.3f)\n",
                      signatures, speed.seconds, speed.together, threads, speed.alone,
                      signatures / speed.seconds / (threads * speed.alone));
        all_hold =
            report(ROWS[i].what, speed.ratio, "at least", 0.8, speed.ratio >= 0.8) && all_hold;
        remove_ledger(path);
    }
    return all_hold;
}

static bool bench_settle(const char *folder, uint64_t large)
{
    char small_path[PATH_SIZE];
    char large_path[PATH_SIZE];
    make(folder, "other-1000", (struct big_ledger){10, 99, 1}, small_path);
    make(folder, "other-large", (struct big_ledger){large / 100, 99, 1}, large_path);
    double small_seconds = best_settle(small_path);
    double large_seconds = best_settle(large_path);
    (void)fprintf(stderr, "open and settle: %.2f ms and %.2f ms\n", small_seconds * 1e3,
                  large_seconds * 1e3);
    remove_ledger(small_path);
    remove_ledger(large_path);
    double ratio = large_seconds / small_seconds;
    char what[100];
    (void)snprintf(what, sizeof what, "open and settle, %" PRIu64 " / 1,000 entries of others",
                   large);
    return report(what, ratio, "at most", 1.5, ratio <= 1.5);
}

static bool bench_memory(const char *folder, unsigned threads)
{
    char small_path[PATH_SIZE];
    char large_path[PATH_SIZE];
    make(folder, "memory-10000", (struct big_ledger){100, 99, 1}, small_path);
    make(folder, "memory-200000", (struct big_ledger){2000, 99, 1}, large_path);
    long small_kib = verify_peak_kib(small_path, threads);
    long large_kib = verify_peak_kib(large_path, threads);
    (void)fprintf(stderr, "peak memory of verify: %ld KiB and %ld KiB\n", small_kib, large_kib);
    remove_ledger(small_path);
    remove_ledger(large_path);
    double ratio = (double)large_kib / (double)small_kib;
    return report("peak memory of verify, 200,000 / 10,000 entries", ratio, "at most", 1.25,
                  ratio <= 1.25);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fprintf(stderr, "usage: bench FOLDER [ENTRIES_LARGE]\n");
        return 2;
    }
    const char *folder = argv[1];
    (void)mkdir(folder, 0755);
    struct failure failure = {0};
    if (crypto_init(&failure) != STATUS_OK) {
        die("crypto", &failure);
    }
    uint64_t large = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = (unsigned)(cores < MAX_THREADS ? cores : MAX_THREADS);
    bool holds = bench_verify(folder, threads);
    holds = bench_settle(folder, large) && holds;
    holds = bench_memory(folder, threads) && holds;
    holds = bench_terms() && holds;
    return holds ? 0 : 1;
}
