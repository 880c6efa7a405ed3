#include "tests/support/big_ledger.h"

#include "contracts/statement/statement.h"
#include "ledger/base/limits.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/keyfile.h"
#include "ledger/ledger.h"
#include "ledger/store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "bench.example/ledger"
#define BATCH 4000

/* The parties: a payer, an evaluator and two investors; and who keeps the ledger. */
enum actor { LOG, OPERATOR, REGISTRAR, PAYER, INVESTOR, SECOND, EVALUATOR, ACTOR_COUNT };
static const char *const NAMES[ACTOR_COUNT] = {
    ORIGIN,           "operator.example",  "registrar.example", "payer.example", "investor.example",
    "second.example", "evaluator.example",
};

struct cast {
    struct secret_key *secrets[ACTOR_COUNT];
    struct note_key keys[ACTOR_COUNT];
    char vkeys[ACTOR_COUNT][512];
};

static void must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        (void)fprintf(stderr, "big ledger: %s: %s\n", what, status_name(status));
        exit(2);
    }
}

static void cast_init(struct cast *cast)
{
    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        uint8_t seed[SEED_SIZE] = {0};
        seed[0] = (uint8_t)(i + 1);
        must(secret_key_from_seed(seed, &cast->secrets[i]), "key");
        must(note_key_make(view_of(NAMES[i]), NOTE_KEY_ED25519, secret_key_public(cast->secrets[i]),
                           &cast->keys[i]),
             "key name");
        struct buffer text;
        buffer_init(&text, 511);
        must(note_key_write(&cast->keys[i], &text), "vkey");
        (void)snprintf(cast->vkeys[i], sizeof cast->vkeys[i], "%s", text.data);
        buffer_release(&text);
    }
}

static void cast_release(struct cast *cast)
{
    for (unsigned i = 0; i < ACTOR_COUNT; i++) {
        secret_key_free(cast->secrets[i]);
    }
}

/* Entries on their way into one commit. */
struct writer {
    struct cast *cast;
    struct ledger *ledger;
    size_t count;
    struct store_entry *entries;
    struct buffer *notes;
    char (*subjects)[SUBJECT_SIZE_MAX + 1];
};

static void writer_flush(struct writer *writer)
{
    if (writer->count == 0) {
        return;
    }
    struct failure failure = {0};
    struct ledger_batch batch = {.entry_count = writer->count, .entries = writer->entries};
    must(ledger_lock(writer->ledger, &failure), "lock");
    if (ledger_append(writer->ledger, &batch, writer->cast->secrets[LOG], &failure) != STATUS_OK) {
        (void)fprintf(stderr, "big ledger: append: %s\n", failure.reason);
        exit(2);
    }
    ledger_unlock(writer->ledger);
    writer->count = 0;
}

static struct hash text_id(struct view text)
{
    return hash_bytes(text);
}

/* Signs `text` by the actors of the mask, in the order of their names, as a note. */
static void sign(struct cast *cast, struct view text, unsigned signers, struct buffer *note)
{
    static const enum actor BY_NAME[] = {EVALUATOR, INVESTOR, OPERATOR, PAYER, REGISTRAR, SECOND};
    buffer_clear(note);
    must(buffer_append(note, text), "text");
    must(buffer_append_text(note, "\n"), "text");
    for (size_t i = 0; i < sizeof BY_NAME / sizeof BY_NAME[0]; i++) {
        enum actor actor = BY_NAME[i];
        if ((signers & (1U << actor)) != 0) {
            must(note_sign_line(text, &cast->keys[actor], cast->secrets[actor], note), "sign");
        }
    }
}

static struct hash writer_add(struct writer *writer, const char *subject, struct view text,
                              unsigned signers)
{
    size_t i = writer->count;
    sign(writer->cast, text, signers, &writer->notes[i]);
    (void)snprintf(writer->subjects[i], sizeof writer->subjects[i], "%s", subject);
    writer->entries[i] = (struct store_entry){
        .id = text_id(text),
        .subject = view_of(writer->subjects[i]),
        .bytes = buffer_view(&writer->notes[i]),
    };
    struct hash id = writer->entries[i].id;
    writer->count++;
    if (writer->count == BATCH) {
        writer_flush(writer);
    }
    return id;
}

/* --- Texts, written in canonical form --- */

static void write_charter(const struct cast *cast, struct buffer *text)
{
    must(buffer_append_format(
             text,
             "{\"date\":\"2026-01-01\",\"kind\":\"charter\",\"ledger\":\"" ORIGIN
             "\",\"log_vkey\":\"%s\",\"operator\":{\"legal_name\":\"Operator\","
             "\"party\":\"operator.example\",\"registration\":\"not_published\",\"vkeys\":[\"%s\"]}"
             ",\"recovery\":\"none\",\"registrars\":[{\"legal_name\":\"Registrar\","
             "\"party\":\"registrar.example\",\"registration\":\"not_published\","
             "\"vkeys\":[\"%s\"]}],\"version\":1,\"witness_policy\":\"none\"}\n",
             cast->vkeys[LOG], cast->vkeys[OPERATOR], cast->vkeys[REGISTRAR]),
         "charter");
}

static void write_party(const struct cast *cast, enum actor actor, struct buffer *text)
{
    must(buffer_append_format(text,
                              "{\"date\":\"2026-01-01\",\"kind\":\"party\",\"ledger\":\"" ORIGIN
                              "\",\"legal_name\":\"%s\",\"party\":\"%s\","
                              "\"registration\":\"not_published\",\"version\":1,\"vkeys\":[\"%s\"]}"
                              "\n",
                              NAMES[actor], NAMES[actor], cast->vkeys[actor]),
         "party");
}

/* Four signers, if asked: the funding's parties and two more by `signatures`. */
static const char *extra_signers(unsigned signatures)
{
    switch (signatures) {
    case 1:
        return "";
    case 2:
        return "\"signatures\":{\"funding\":[\"payer.example\"]},";
    case 3:
        return "\"signatures\":{\"funding\":[\"payer.example\",\"second.example\"]},";
    default:
        return "\"signatures\":{\"funding\":[\"evaluator.example\",\"payer.example\","
               "\"second.example\"]},";
    }
}

static unsigned funding_signers(unsigned signatures)
{
    static const unsigned SIGNERS[] = {
        1U << INVESTOR,
        1U << INVESTOR | 1U << PAYER,
        1U << INVESTOR | 1U << PAYER | 1U << SECOND,
        1U << INVESTOR | 1U << PAYER | 1U << SECOND | 1U << EVALUATOR,
    };
    return SIGNERS[signatures - 1];
}

static void write_contract(const char *name, unsigned signatures, struct buffer *text)
{
    must(buffer_append_format(
             text,
             "{\"agreed_on\":\"not_published\",\"cohort\":{\"description\":{\"en\":\"Everyone\"},"
             "\"size\":100},\"contract\":\"%s\",\"currency\":\"SEK\",\"date\":\"2026-01-02\","
             "\"dispute\":\"not_published\",\"kind\":\"contract\",\"ledger\":\"" ORIGIN
             "\",\"legal_basis\":\"not_published\",\"lines\":["
             "{\"label\":{\"en\":\"Placed\"},\"line\":\"placed\",\"take\":{\"funded\":\"total\"}},"
             "{\"label\":{\"en\":\"Share\"},\"line\":\"share\",\"multiply\":[\"0.5\",\"placed\"]},"
             "{\"by\":\"half_even\",\"label\":{\"en\":\"Payout\"},\"line\":\"payout\","
             "\"round\":\"share\",\"to\":{\"unit\":\"SEK\",\"value\":\"0.01\"}}],"
             "\"outcomes\":[{\"class\":\"reported\",\"evaluator\":\"evaluator.example\","
             "\"label\":{\"en\":\"Outcome\"},\"missing_data\":\"not_published\","
             "\"outcome\":\"outcome\",\"source\":\"not_published\",\"unit\":\"1\"}],"
             "\"pays\":[{\"from\":\"payer.example\",\"pay\":\"payout\","
             "\"to\":[{\"party\":\"investor.example\"}]}],"
             "\"periods\":[{\"binding\":true,\"due\":\"not_published\",\"from\":\"2026-01-01\","
             "\"period\":\"p1\",\"to\":\"2026-12-31\"}],"
             "\"roles\":{\"evaluator\":[\"evaluator.example\"],"
             "\"investor\":[\"investor.example\",\"second.example\"],"
             "\"payer\":[\"payer.example\"]},%s\"title\":{\"en\":\"Measured\"},\"version\":1}\n",
             name, extra_signers(signatures)),
         "contract");
}

static void write_funding(const char *name, const struct hash *after, uint64_t number,
                          struct buffer *text)
{
    static const char DIGITS[] = "0123456789abcdef";
    char hex[2 * HASH_SIZE + 1];
    for (size_t i = 0; i < HASH_SIZE; i++) {
        hex[2 * i] = DIGITS[after->bytes[i] >> 4];
        hex[2 * i + 1] = DIGITS[after->bytes[i] & 15];
    }
    hex[sizeof hex - 1] = '\0';
    must(buffer_append_format(
             text,
             "{\"after\":\"sha256:%s\",\"amount\":{\"amount\":\"%" PRIu64
             ".00\",\"currency\":\"SEK\"},\"contract\":\"%s\",\"date\":\"2026-01-03\","
             "\"investor\":\"investor.example\",\"kind\":\"funding\",\"ledger\":\"" ORIGIN
             "\",\"placed_on\":\"2026-01-03\",\"receiver\":\"investor.example\","
             "\"reference\":\"transfer %" PRIu64 "\",\"version\":1}\n",
             hex, number + 1, name, number),
         "funding");
}

/* --- The ledger --- */

static void add_contract(struct writer *writer, struct big_ledger shape, uint64_t number,
                         struct buffer *text)
{
    char name[32];
    char subject[64];
    (void)snprintf(name, sizeof name, "c%09" PRIu64, number);
    (void)snprintf(subject, sizeof subject, "contract/%s", name);
    buffer_clear(text);
    write_contract(name, shape.signatures, text);
    struct hash head = writer_add(writer, subject, buffer_view(text),
                                  1U << PAYER | 1U << INVESTOR | 1U << SECOND | 1U << EVALUATOR);
    for (uint64_t i = 0; i < shape.fundings_each; i++) {
        buffer_clear(text);
        write_funding(name, &head, i, text);
        head = writer_add(writer, subject, buffer_view(text), funding_signers(shape.signatures));
    }
}

static void add_parties(struct writer *writer, struct buffer *text)
{
    for (unsigned actor = PAYER; actor < ACTOR_COUNT; actor++) {
        char subject[SUBJECT_SIZE_MAX];
        (void)snprintf(subject, sizeof subject, "party/%s", NAMES[actor]);
        buffer_clear(text);
        write_party(writer->cast, (enum actor)actor, text);
        (void)writer_add(writer, subject, buffer_view(text), 1U << REGISTRAR | 1U << actor);
    }
}

static void create(const char *path, struct cast *cast, struct buffer *text, struct writer *writer)
{
    struct failure failure = {0};
    struct store *store;
    if (sqlite_store_create(path, &store, &failure) != STATUS_OK) {
        (void)fprintf(stderr, "big ledger: %s: %s\n", path, failure.reason);
        exit(2);
    }
    write_charter(cast, text);
    OWNED(buffer_release) struct buffer note;
    buffer_init(&note, ENTRY_SIZE_MAX);
    sign(cast, buffer_view(text), 1U << OPERATOR, &note);
    struct store_entry first = {
        .id = text_id(buffer_view(text)),
        .subject = VIEW("charter"),
        .bytes = buffer_view(&note),
    };
    must(ledger_create(store, &cast->keys[LOG], cast->secrets[LOG], &first, &writer->ledger,
                       &failure),
         "create");
}

void big_ledger_make(const char *path, struct big_ledger shape)
{
    struct cast cast;
    cast_init(&cast);
    struct writer writer = {.cast = &cast};
    writer.entries = calloc(BATCH, sizeof *writer.entries);
    writer.notes = calloc(BATCH, sizeof *writer.notes);
    writer.subjects = calloc(BATCH, sizeof *writer.subjects);
    if (writer.entries == NULL || writer.notes == NULL || writer.subjects == NULL) {
        must(STATUS_MEMORY, "batch");
    }
    for (size_t i = 0; i < BATCH; i++) {
        buffer_init(&writer.notes[i], ENTRY_SIZE_MAX);
    }
    struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    create(path, &cast, &text, &writer);
    add_parties(&writer, &text);
    for (uint64_t i = 0; i < shape.contract_count; i++) {
        add_contract(&writer, shape, i, &text);
    }
    writer_flush(&writer);
    ledger_close(writer.ledger);

    buffer_release(&text);
    for (size_t i = 0; i < BATCH; i++) {
        buffer_release(&writer.notes[i]);
    }
    free(writer.entries);
    free(writer.notes);
    free(writer.subjects);
    cast_release(&cast);
}

void big_ledger_fundings(struct big_ledger shape, uint64_t contract, size_t count,
                         struct buffer *notes)
{
    struct cast cast;
    cast_init(&cast);
    char name[32];
    struct buffer text;
    buffer_init(&text, ENTRY_SIZE_MAX);
    (void)snprintf(name, sizeof name, "c%09" PRIu64, contract);
    write_contract(name, shape.signatures, &text);
    struct hash head = text_id(buffer_view(&text));
    for (uint64_t i = 0; i < shape.fundings_each + count; i++) {
        buffer_clear(&text);
        write_funding(name, &head, i, &text);
        head = text_id(buffer_view(&text));
        if (i >= shape.fundings_each) {
            sign(&cast, buffer_view(&text), funding_signers(shape.signatures),
                 &notes[i - shape.fundings_each]);
        }
    }
    buffer_release(&text);
    cast_release(&cast);
}

void big_ledger_investor(struct note_key *ret_key)
{
    struct cast cast;
    cast_init(&cast);
    *ret_key = cast.keys[INVESTOR];
    cast_release(&cast);
}

void big_ledger_write_key(const char *path, const char *passphrase)
{
    struct cast cast;
    struct failure failure = {0};
    struct buffer file;
    buffer_init(&file, 65536);
    cast_init(&cast);
    must(keyfile_write(cast.secrets[LOG], view_of(cast.vkeys[LOG]), view_of(passphrase), &file,
                       &failure),
         "key file");
    FILE *out = fopen(path, "w");
    if (out == NULL || fwrite(file.data, 1, file.size, out) != file.size || fclose(out) != 0) {
        must(STATUS_STORAGE, path);
    }
    buffer_release(&file);
    cast_release(&cast);
}

uint64_t big_ledger_size(struct big_ledger shape)
{
    return 1 + (ACTOR_COUNT - PAYER) + shape.contract_count * (1 + shape.fundings_each);
}
