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

#include "bench/clock.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "ledger/log/note.h"
#include "tests/support/big_ledger.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS 256
#define PASSPHRASE "measured"
#define URL_SIZE 200
#define PATH_SIZE 600
#define VERIFIED 4000
#define THREADS_MAX 64
#define ANSWER_SIZE 8192

static const struct big_ledger SHAPE = {CONNECTIONS, 0, 1};

static _Noreturn void die(const char *what)
{
    (void)fprintf(stderr, "load: %s\n", what);
    exit(2);
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
    size_t answer_size;
    char answer[ANSWER_SIZE];
};

struct drive {
    CURLM *multi;
    struct curl_slist *headers;
    size_t each;
    size_t answered;
    size_t accepted;
    double *latencies;
    size_t *places; /* of the accepted */
    struct lane lanes[CONNECTIONS];
};

static size_t take_answer(char *data, size_t size, size_t count, void *context)
{
    struct lane *lane = context;
    size_t taken = size * count;
    if (taken >= ANSWER_SIZE - lane->answer_size) {
        return 0;
    }
    memcpy(lane->answer + lane->answer_size, data, taken);
    lane->answer_size += taken;
    lane->answer[lane->answer_size] = '\0';
    return taken;
}

/* The place that an answer gives. */
static size_t index_of(const struct lane *lane)
{
    static const char MEMBER[] = "\"index\":";
    const char *member = strstr(lane->answer, MEMBER);
    return member == NULL ? 0 : strtoul(member + sizeof MEMBER - 1, NULL, 10);
}

static void begin(struct drive *drive, struct lane *lane)
{
    const struct buffer *note = &lane->notes[lane->next];
    lane->next++;
    lane->began = now();
    lane->answer_size = 0;
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
    if (result == CURLE_OK && status == 201) {
        drive->places[drive->accepted] = index_of(lane);
        drive->accepted++;
    }
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
    drive->places = calloc(CONNECTIONS * drive->each, sizeof *drive->places);
    drive->headers = curl_slist_append(NULL, "Expect:");
    if (drive->multi == NULL || drive->latencies == NULL || drive->places == NULL ||
        drive->headers == NULL) {
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
        (void)curl_easy_setopt(lane->handle, CURLOPT_WRITEFUNCTION, take_answer);
        (void)curl_easy_setopt(lane->handle, CURLOPT_WRITEDATA, (void *)lane);
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
    free(drive->places);
}

/* Verifies notes of these, one after the other. */
static void *verify_notes(void *context)
{
    const struct drive *drive = context;
    struct note_key signer;
    big_ledger_investor(&signer);
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
    return NULL;
}

/* How many of these notes' signatures so many cores verify a second, all at once. */
static double verify_rate(struct drive *drive, long threads)
{
    pthread_t running[THREADS_MAX];
    double start = now();
    for (long i = 0; i < threads; i++) {
        if (pthread_create(&running[i], NULL, verify_notes, drive) != 0) {
            die("no thread");
        }
    }
    for (long i = 0; i < threads; i++) {
        (void)pthread_join(running[i], NULL);
    }
    return (double)threads * VERIFIED / (now() - start);
}

static int compare_places(const void *a, const void *b)
{
    const size_t left = *(const size_t *)a;
    const size_t right = *(const size_t *)b;
    return (left > right) - (left < right);
}

/* Each accepted statement has a place, one after the other, and no place is given twice. */
static void check_places(struct drive *drive)
{
    qsort(drive->places, drive->accepted, sizeof *drive->places, compare_places);
    for (size_t i = 1; i < drive->accepted; i++) {
        if (drive->places[i] != drive->places[0] + i) {
            die("two statements were given one place, or a place was left out");
        }
    }
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
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    double together = verify_rate(&drive, cores > THREADS_MAX ? THREADS_MAX : cores);
    double alone = verify_rate(&drive, 1);
    double start = now();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        begin(&drive, &drive.lanes[i]);
    }
    run(&drive);
    double seconds = now() - start;
    check_places(&drive);
    qsort(drive.latencies, drive.answered, sizeof *drive.latencies, compare);
    printf("{\"answered\": %zu, \"accepted\": %zu, \"seconds\": %.3f, \"verified_per_second\": "
           "%.0f, \"by_one_core\": %.0f, \"p50_ms\": %.1f, \"p99_ms\": %.1f}\n",
           drive.answered, drive.accepted, seconds, together, alone,
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
