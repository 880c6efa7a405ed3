/*
 * A concurrent submitter: many connections, each hands in one statement after the other.
 *
 *     load make FOLDER      a ledger with a contract for each connection, and the log's key file
 *     load drive URL COUNT  hands in COUNT statements on each of CONNECTIONS; prints JSON
 *
 * The notes are signed before the clock starts, and each connection has a contract of its own,
 * since the statements of one contract follow one another. What it prints beside the rate is how
 * many of the same signatures libsodium verifies a second, on one core that does nothing else.
 */

#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "ledger/log/note.h"
#include "tests/support/big_ledger.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CONNECTIONS 256
#define PASSPHRASE "measured"
#define URL_SIZE 200
#define PATH_SIZE 600
#define VERIFIED 4000

static const struct big_ledger SHAPE = {CONNECTIONS, 0, 1};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(2);
}

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void make(const char *folder)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/utfall.ledger", folder);
    big_ledger_make(path, SHAPE);
    (void)snprintf(path, sizeof path, "%s/log.key", folder);
    big_ledger_write_key(path, PASSPHRASE);
    (void)snprintf(path, sizeof path, "%s/passphrase", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(PASSPHRASE "\n", file) < 0 || fclose(file) != 0) {
        die(path);
    }
}

/* --- One connection --- */

struct lane {
    CURL *handle;
    struct buffer *notes;
    size_t next;
    double began;
};

struct drive {
    CURLM *multi;
    struct curl_slist *headers;
    size_t each;
    size_t answered;
    size_t accepted;
    double *latencies;
    struct lane lanes[CONNECTIONS];
};

static size_t ignore(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static void begin(struct drive *drive, struct lane *lane)
{
    const struct buffer *note = &lane->notes[lane->next];
    lane->next++;
    lane->began = now();
    (void)curl_easy_setopt(lane->handle, CURLOPT_POSTFIELDS, note->data);
    (void)curl_easy_setopt(lane->handle, CURLOPT_POSTFIELDSIZE, (long)note->size);
    (void)curl_multi_add_handle(drive->multi, lane->handle);
}

static void finish(struct drive *drive, CURL *handle, CURLcode result)
{
    struct lane *lane = NULL;
    long status = 0;
    (void)curl_easy_getinfo(handle, CURLINFO_PRIVATE, (char **)&lane);
    (void)curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
    drive->latencies[drive->answered] = now() - lane->began;
    drive->answered++;
    drive->accepted += result == CURLE_OK && status == 201;
    (void)curl_multi_remove_handle(drive->multi, handle);
    if (lane->next < drive->each) {
        begin(drive, lane);
    }
}

static void run(struct drive *drive)
{
    int running = 1;
    while (running > 0) { /* ends when every lane has been answered for its last note */
        int left;
        (void)curl_multi_perform(drive->multi, &running);
        for (CURLMsg *message = curl_multi_info_read(drive->multi, &left); message != NULL;
             message = curl_multi_info_read(drive->multi, &left)) {
            if (message->msg == CURLMSG_DONE) {
                finish(drive, message->easy_handle, message->data.result);
                running = 1;
            }
        }
        (void)curl_multi_poll(drive->multi, NULL, 0, 100, NULL);
    }
}

/* --- Preparing --- */

static void prepare(struct drive *drive, const char *url)
{
    drive->multi = curl_multi_init();
    drive->latencies = calloc(CONNECTIONS * drive->each, sizeof *drive->latencies);
    drive->headers = curl_slist_append(NULL, "Expect:");
    if (drive->multi == NULL || drive->latencies == NULL || drive->headers == NULL) {
        die("no memory");
    }
    (void)curl_multi_setopt(drive->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct lane *lane = &drive->lanes[i];
        lane->notes = calloc(drive->each, sizeof *lane->notes);
        lane->handle = curl_easy_init();
        if (lane->notes == NULL || lane->handle == NULL) {
            die("no memory");
        }
        for (size_t k = 0; k < drive->each; k++) {
            buffer_init(&lane->notes[k], ENTRY_SIZE_MAX);
        }
        big_ledger_fundings(SHAPE, i, drive->each, lane->notes);
        (void)curl_easy_setopt(lane->handle, CURLOPT_URL, url);
        (void)curl_easy_setopt(lane->handle, CURLOPT_HTTPHEADER, drive->headers);
        (void)curl_easy_setopt(lane->handle, CURLOPT_WRITEFUNCTION, ignore);
        (void)curl_easy_setopt(lane->handle, CURLOPT_PRIVATE, (void *)lane);
    }
}

static void release(struct drive *drive)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        for (size_t k = 0; k < drive->each; k++) {
            buffer_release(&drive->lanes[i].notes[k]);
        }
        free(drive->lanes[i].notes);
        curl_easy_cleanup(drive->lanes[i].handle);
    }
    (void)curl_multi_cleanup(drive->multi);
    curl_slist_free_all(drive->headers);
    free(drive->latencies);
}

/* How many of these notes' signatures one core verifies a second. */
static double verify_rate(const struct drive *drive)
{
    struct note_key signer;
    big_ledger_investor(&signer);
    double start = now();
    for (size_t i = 0; i < VERIFIED; i++) {
        const struct lane *lane = &drive->lanes[i % CONNECTIONS];
        struct note note;
        struct failure failure;
        struct view bytes = buffer_view(&lane->notes[i / CONNECTIONS % drive->each]);
        if (note_parse(bytes, &note, &failure) != STATUS_OK ||
            note_verify(&note, &signer) != STATUS_OK) {
            die("a note does not verify");
        }
    }
    return VERIFIED / (now() - start);
}

static int compare(const void *a, const void *b)
{
    const double left = *(const double *)a;
    const double right = *(const double *)b;
    return (left > right) - (left < right);
}

static void drive_server(const char *place, size_t each)
{
    static struct drive drive;
    char url[URL_SIZE];
    (void)snprintf(url, sizeof url, "%s/statements", place);
    drive.each = each;
    prepare(&drive, url);
    double alone = verify_rate(&drive);
    double start = now();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        begin(&drive, &drive.lanes[i]);
    }
    run(&drive);
    double seconds = now() - start;
    qsort(drive.latencies, drive.answered, sizeof *drive.latencies, compare);
    printf("{\"answered\": %zu, \"accepted\": %zu, \"seconds\": %.3f, \"verified_per_second\": "
           "%.0f, \"p50_ms\": %.1f, \"p99_ms\": %.1f}\n",
           drive.answered, drive.accepted, seconds, alone,
           drive.latencies[drive.answered / 2] * 1e3,
           drive.latencies[drive.answered * 99 / 100] * 1e3);
    release(&drive);
}

int main(int argc, char **argv)
{
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        die("cannot begin");
    }
    if (argc == 3 && strcmp(argv[1], "make") == 0) {
        make(argv[2]);
    } else if (argc == 4 && strcmp(argv[1], "drive") == 0) {
        drive_server(argv[2], strtoul(argv[3], NULL, 10));
    } else {
        die("load make FOLDER | load drive URL COUNT");
    }
    curl_global_cleanup();
    return 0;
}
