/*
 * What a ledger in PostgreSQL adds to its database: entries that are appended in batches, beside
 * the same bytes that libpq inserts in a pipeline, as many to a commit.
 *
 *     group_commit CONNECTION     such as "/postgres?user=utfall&host=/run/postgresql"
 *
 * Both go to one server in one run, in turns; the pair with the median ratio counts. Inserted is
 * once a number and the bytes, and once what a ledger keeps of an entry: id, subject and bytes with
 * their indexes, and a node of the tree. The ledger itself hashes the tree, signs a checkpoint and
 * renews its lease in the same commit.
 */

#include "bench/clock.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/key.h"
#include "ledger/ledger.h"
#include "ledger/store/open.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS 7
#define BATCHES 40
#define BATCH_MAX 1000
#define ENTRY_BYTES 600
#define URL_SIZE 800
#define AIM 0.6

static struct failure failure;

static _Noreturn void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "group_commit: %s: %s\n", what, why);
    exit(2);
}

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        die(what, failure.reason);
    }
}

/* The next entry: bytes that no other has. */
static void fill(char bytes[static ENTRY_BYTES])
{
    static uint64_t number;
    number++;
    (void)snprintf(bytes, ENTRY_BYTES, "%0*" PRIu64, ENTRY_BYTES - 1, number);
    bytes[ENTRY_BYTES - 1] = '\n';
}

/* --- The ledger --- */

static struct ledger *create(const char *url, struct secret_key *secret)
{
    static char bytes[ENTRY_BYTES];
    struct note_key log;
    struct store *store;
    struct ledger *ledger;
    fill(bytes);
    struct view first = {bytes, sizeof bytes};
    const struct store_entry entry = {
        .id = hash_bytes(first), .subject = VIEW("a"), .bytes = first};
    must(note_key_make(VIEW("bench.example/ledger"), NOTE_KEY_ED25519, secret_key_public(secret),
                       &log),
         "key");
    must(store_create(url, &store, &failure), url);
    must(ledger_create(store, &log, secret, &entry, &ledger, &failure), url);
    must(ledger_lock(ledger, &failure), url);
    return ledger;
}

static double append(struct ledger *ledger, struct secret_key *secret, size_t count)
{
    static char bytes[BATCH_MAX][ENTRY_BYTES];
    static char subjects[BATCH_MAX][32];
    static struct store_entry entries[BATCH_MAX];
    double start = now();
    for (size_t batch = 0; batch < BATCHES; batch++) {
        for (size_t i = 0; i < count; i++) {
            fill(bytes[i]);
            struct view view = {bytes[i], ENTRY_BYTES};
            (void)snprintf(subjects[i], sizeof subjects[i], "contract/c%zu", i);
            entries[i] = (struct store_entry){
                .id = hash_bytes(view),
                .subject = view_of(subjects[i]),
                .bytes = view,
            };
        }
        const struct ledger_batch one = {.entry_count = count, .entries = entries};
        must(ledger_append(ledger, &one, secret, &failure), "append");
    }
    return now() - start;
}

/* --- The plain table --- */

static void run(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        die(sql, PQerrorMessage(connection));
    }
    PQclear(result);
}

/* Takes the results of a pipeline up to its end. */
static void take_results(PGconn *connection)
{
    for (bool is_synced = false; !is_synced;) { /* ends with the pipeline */
        PGresult *result = PQgetResult(connection);
        ExecStatusType status = result == NULL ? PGRES_COMMAND_OK : PQresultStatus(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_PIPELINE_SYNC) {
            die("insert", PQerrorMessage(connection));
        }
        is_synced = status == PGRES_PIPELINE_SYNC;
        PQclear(result);
    }
}

static void send_row(PGconn *connection, const char *statement, const char *const values[],
                     const int sizes[], int count)
{
    static const int FORMATS[] = {0, 1, 0, 1};
    if (PQsendQueryPrepared(connection, statement, count, values, sizes, FORMATS, 1) != 1) {
        die(statement, PQerrorMessage(connection));
    }
}

/* A row with the bytes; with `is_whole` also id and subject, and a row for a node of the tree. */
static void send_entry(PGconn *connection, bool is_whole)
{
    static uint64_t number;
    char bytes[ENTRY_BYTES];
    char index[24];
    number++;
    (void)snprintf(index, sizeof index, "%" PRIu64, number);
    fill(bytes);
    if (!is_whole) {
        send_row(connection, "insert_plain", (const char *const[]){index, bytes},
                 (const int[]){0, ENTRY_BYTES}, 2);
        return;
    }
    struct hash id = hash_bytes((struct view){bytes, sizeof bytes});
    const char *hash = (const char *)id.bytes;
    send_row(connection, "insert_entry", (const char *const[]){index, hash, "contract/c1", bytes},
             (const int[]){0, HASH_SIZE, 0, ENTRY_BYTES}, 4);
    send_row(connection, "insert_node", (const char *const[]){index, hash},
             (const int[]){0, HASH_SIZE}, 2);
}

static double insert(PGconn *connection, size_t count, bool is_whole)
{
    double start = now();
    for (size_t batch = 0; batch < BATCHES; batch++) {
        (void)PQenterPipelineMode(connection);
        (void)PQsendQueryParams(connection, "BEGIN", 0, NULL, NULL, NULL, NULL, 0);
        for (size_t i = 0; i < count; i++) {
            send_entry(connection, is_whole);
        }
        (void)PQsendQueryParams(connection, "COMMIT", 0, NULL, NULL, NULL, NULL, 0);
        (void)PQpipelineSync(connection);
        take_results(connection);
        (void)PQexitPipelineMode(connection);
    }
    return now() - start;
}

static PGconn *connect_plain(const char *url)
{
    PGconn *connection = PQconnectdb(url);
    if (PQstatus(connection) != CONNECTION_OK) {
        die(url, PQerrorMessage(connection));
    }
    run(connection, "SET client_min_messages = warning");
    static const char *const PREPARING[] = {
        "DROP TABLE IF EXISTS plain_rows, entry_rows, node_rows",
        "CREATE TABLE plain_rows (number bigint PRIMARY KEY, bytes bytea NOT NULL)",
        "CREATE TABLE entry_rows (number bigint PRIMARY KEY, id bytea NOT NULL UNIQUE, "
        "subject text NOT NULL, bytes bytea NOT NULL)",
        "CREATE INDEX ON entry_rows (subject, number)",
        "CREATE TABLE node_rows (number bigint PRIMARY KEY, hash bytea NOT NULL)",
        "PREPARE insert_plain(bigint, bytea) AS INSERT INTO plain_rows VALUES ($1, $2)",
        "PREPARE insert_entry(bigint, bytea, text, bytea) AS "
        "INSERT INTO entry_rows VALUES ($1, $2, $3, $4)",
        "PREPARE insert_node(bigint, bytea) AS INSERT INTO node_rows VALUES ($1, $2)",
    };
    for (size_t i = 0; i < sizeof PREPARING / sizeof PREPARING[0]; i++) {
        run(connection, PREPARING[i]);
    }
    run(connection, "SET synchronous_commit = on");
    return connection;
}

/* --- Comparing --- */

struct pair {
    double ledger; /* entries a second */
    double plain;
};

static int compare(const void *a, const void *b)
{
    const struct pair *left = a;
    const struct pair *right = b;
    double x = left->ledger / left->plain;
    double y = right->ledger / right->plain;
    return (x > y) - (x < y);
}

static bool measure(struct ledger *ledger, struct secret_key *secret, PGconn *connection,
                    size_t count, bool is_whole)
{
    struct pair pairs[PAIRS];
    double entries = (double)(count * BATCHES);
    for (size_t i = 0; i < PAIRS; i++) {
        pairs[i].ledger = entries / append(ledger, secret, count);
        pairs[i].plain = entries / insert(connection, count, is_whole);
    }
    qsort(pairs, PAIRS, sizeof pairs[0], compare);
    const struct pair *median = &pairs[PAIRS / 2];
    double ratio = median->ledger / median->plain;
    printf("%5zu entries a commit: %7.0f a second; inserts of %-13s %7.0f: %.2f", count,
           median->ledger, is_whole ? "the same rows" : "bytes alone", median->plain, ratio);
    printf(is_whole ? "  (at least %.2f)  %s\n" : "\n", AIM,
           ratio >= AIM ? "holds" : "DOES NOT HOLD");
    return ratio >= AIM || !is_whole;
}

int main(int argc, char **argv)
{
    static const size_t COUNTS[] = {10, 100, 1000};
    if (argc != 2) {
        (void)fprintf(stderr, "usage: group_commit CONNECTION\n");
        return 2;
    }
    char url[URL_SIZE + 16];
    char plain[URL_SIZE];
    (void)snprintf(plain, sizeof plain, "postgresql://%s", argv[1]);
    (void)snprintf(url, sizeof url, "%s#group_commit", plain);
    must(crypto_init(&failure), "crypto");
    const uint8_t seed[SEED_SIZE] = {9};
    OWNED(secret_key_freep) struct secret_key *secret = NULL;
    must(secret_key_from_seed(seed, &secret), "key");
    struct ledger *ledger = create(url, secret);
    PGconn *connection = connect_plain(plain);
    bool holds = true;
    for (size_t i = 0; i < sizeof COUNTS / sizeof COUNTS[0]; i++) {
        holds = measure(ledger, secret, connection, COUNTS[i], true) && holds;
        holds = measure(ledger, secret, connection, COUNTS[i], false) && holds;
    }
    PQfinish(connection);
    ledger_close(ledger);
    return holds ? 0 : 1;
}
