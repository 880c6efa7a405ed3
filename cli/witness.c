#include "cli/witness.h"

#include "cli/clock.h"
#include "cli/file.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/log/merkle.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE_TYPE "text/x.tlog.size"
#define PLAIN_TYPE "text/plain; charset=utf-8"
#define HASH_LINES_MAX 63 /* "The client MUST NOT send more than 63 consistency proof lines." */
#define WITNESS_PATH_SIZE 600
#define ADDRESS_SLOTS 1024
#define MINUTE 60

/* How many requests there were in the minute that began at `since`. */
struct budget {
    uint64_t key; /* of an address; 0 for none */
    uint64_t since;
    uint32_t used;
};

struct witness {
    char folder[WITNESS_PATH_SIZE - 100];
    int lock_file;
    uint32_t requests_per_minute;
    const struct policy *logs;
    const struct cosigner *cosigner;
    struct secret_key *secret;
    struct budget addresses[ADDRESS_SLOTS];
    struct budget origins[POLICY_LOGS_MAX];
};

/* --- Opening --- */

static enum status take_folder(struct witness *witness, struct failure *failure)
{
    char path[WITNESS_PATH_SIZE];
    if (mkdir(witness->folder, 0700) != 0 && errno != EEXIST) {
        return fail(failure, STATUS_STORAGE, witness->folder, "%s cannot be made: %s",
                    witness->folder, strerror(errno));
    }
    (void)snprintf(path, sizeof path, "%s/lock", witness->folder);
    witness->lock_file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (witness->lock_file < 0) {
        return fail(failure, STATUS_STORAGE, path, "%s cannot be opened: %s", path,
                    strerror(errno));
    }
    if (flock(witness->lock_file, LOCK_EX | LOCK_NB) != 0) {
        return fail(failure, STATUS_CONFLICT, witness->folder, "another witness uses the folder %s",
                    witness->folder);
    }
    return STATUS_OK;
}

enum status witness_open(const struct witness_options *options, const struct policy *logs,
                         const struct cosigner *cosigner, struct secret_key *secret,
                         struct witness **ret_witness, struct failure *failure)
{
    OWNED(witness_closep) struct witness *witness = calloc(1, sizeof *witness);
    if (witness == NULL) {
        return fail_memory(failure);
    }
    witness->lock_file = -1;
    witness->requests_per_minute = options->requests_per_minute;
    witness->logs = logs;
    witness->cosigner = cosigner;
    witness->secret = secret;
    if (strlen(options->folder) >= sizeof witness->folder) {
        return fail(failure, STATUS_LIMIT, options->folder, "the name of the folder is too long");
    }
    (void)strcpy(witness->folder, options->folder);
    TRY(take_folder(witness, failure));
    *ret_witness = STEAL(witness);
    return STATUS_OK;
}

void witness_close(struct witness *witness)
{
    if (witness != NULL) {
        if (witness->lock_file >= 0) {
            (void)close(witness->lock_file);
        }
        free(witness);
    }
}

void witness_closep(struct witness **witness)
{
    witness_close(*witness);
    *witness = NULL;
}

/* --- Answers --- */

static void say(struct http_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->type = PLAIN_TYPE;
    buffer_clear(&answer->body);
    enum status written = buffer_append_format(&answer->body, "%s\n", text);
    (void)written; /* without memory the status alone has to do */
}

/* "The response body MUST consist of the tree size of the latest cosigned checkpoint". */
static void say_size(struct http_answer *answer, uint64_t size)
{
    answer->status = 409;
    answer->type = SIZE_TYPE;
    buffer_clear(&answer->body);
    enum status written = buffer_append_format(&answer->body, "%" PRIu64 "\n", size);
    (void)written;
}

/* --- Not too often --- */

static uint64_t address_key(const char *address)
{
    uint64_t key = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (const char *c = address; *c != '\0'; c++) {
        key = (key ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    }
    return key == 0 ? 1 : key;
}

/* Takes one of a minute's requests; false when they are used up. */
static bool spend(const struct witness *witness, struct budget *budget, uint64_t key, uint64_t now)
{
    bool is_over = now < budget->since || now - budget->since >= MINUTE;
    if (budget->key != key || is_over) {
        *budget = (struct budget){.key = key, .since = now};
    }
    if (budget->used >= witness->requests_per_minute) {
        return false;
    }
    budget->used += 1;
    return true;
}

static bool may_ask(struct witness *witness, const char *address)
{
    uint64_t key = address_key(address);
    return spend(witness, &witness->addresses[key % ADDRESS_SLOTS], key, clock_now());
}

static void say_later(struct http_answer *answer)
{
    say(answer, 429, "too many requests: try again in a minute");
    answer->retry_in_seconds = MINUTE;
}

/* --- The request --- */

/* A request to add a checkpoint; views into its body. */
struct submission {
    uint64_t old_size;
    struct merkle_proof proof;
    struct view bytes; /* the note */
    struct note note;
    struct checkpoint checkpoint;
};

static bool read_old_size(struct view *rest, uint64_t *ret_size)
{
    struct view line;
    struct view prefix = VIEW("old ");
    if (!text_cut_line(rest, &line) || !view_starts_with(line, prefix)) {
        return false;
    }
    struct view digits = {line.data + prefix.size, line.size - prefix.size};
    return decimal_u64_read(digits, INT64_MAX, ret_size) == STATUS_OK;
}

/* Reads hash lines up to the empty line. */
static bool read_proof(struct view *rest, struct merkle_proof *ret_proof)
{
    struct view line;
    ret_proof->count = 0;
    while (text_cut_line(rest, &line)) { /* bounded by HASH_LINES_MAX */
        size_t size = 0;
        if (line.size == 0) {
            return true;
        }
        if (ret_proof->count == HASH_LINES_MAX ||
            base64_read(line, HASH_SIZE, ret_proof->hashes[ret_proof->count].bytes, &size) !=
                STATUS_OK ||
            size != HASH_SIZE) {
            return false;
        }
        ret_proof->count++;
    }
    return false;
}

static bool read_submission(struct view body, struct submission *ret_submission,
                            struct http_answer *answer)
{
    struct failure failure = {0};
    if (!read_old_size(&body, &ret_submission->old_size)) {
        say(answer, 400, "the first line is not `old <size>`");
        return false;
    }
    if (!read_proof(&body, &ret_submission->proof)) {
        say(answer, 400, "the proof is not at most 63 lines of base64 and an empty line");
        return false;
    }
    ret_submission->bytes = body;
    if (note_parse(body, &ret_submission->note, &failure) != STATUS_OK ||
        checkpoint_parse(ret_submission->note.text, &ret_submission->checkpoint, &failure) !=
            STATUS_OK) {
        say(answer, 400, failure.reason);
        return false;
    }
    return true;
}

/* Whether a known key of the log signed; `*ret_log` is the index of the first one of its origin. */
static bool check_log(const struct witness *witness, const struct submission *submission,
                      size_t *ret_log, struct http_answer *answer)
{
    bool is_known = false;
    bool has_signed = false;
    for (size_t i = witness->logs->log_count; i-- > 0;) {
        const struct note_key *key = &witness->logs->logs[i].key;
        if (!view_is(submission->checkpoint.origin, key->name)) {
            continue;
        }
        is_known = true;
        *ret_log = i;
        enum status verified = note_verify(&submission->note, key);
        if (verified == STATUS_UNTRUSTED) {
            say(answer, 403, "a signature by a known key of the log does not verify");
            return false;
        }
        has_signed = has_signed || verified == STATUS_OK;
    }
    if (!is_known) {
        say(answer, 404, "this witness does not know the log");
        return false;
    }
    if (!has_signed) {
        say(answer, 403, "there is no signature by a known key of the log");
    }
    return has_signed;
}

/* --- What is remembered --- */

struct last {
    uint64_t size; /* 0 also when there is none */
    struct hash root;
    uint64_t time; /* 0 when there is none */
};

static void record_path(const struct witness *witness, struct view origin, const char *suffix,
                        char path[static WITNESS_PATH_SIZE])
{
    struct hash hash = hash_bytes(origin);
    char hex[2 * HASH_SIZE + 1];
    for (size_t i = 0; i < HASH_SIZE; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", hash.bytes[i]);
    }
    (void)snprintf(path, WITNESS_PATH_SIZE, "%s/%s%s", witness->folder, hex, suffix);
}

/* Reads the record of a log and verifies that we wrote it. */
static enum status read_last(const struct witness *witness, struct view origin,
                             struct last *ret_last)
{
    char path[WITNESS_PATH_SIZE];
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, COSIGNED_SIZE_MAX);
    record_path(witness, origin, "", path);
    enum status read = file_read(path, &bytes, NULL);
    if (read == STATUS_NOT_FOUND) {
        *ret_last = (struct last){.root = hash_empty_tree()};
        return STATUS_OK;
    }
    TRY(read);
    struct note note;
    struct checkpoint checkpoint;
    TRY(note_parse(buffer_view(&bytes), &note, NULL));
    TRY(checkpoint_parse(note.text, &checkpoint, NULL));
    TRY(cosignature_verify(&note, witness->cosigner, &ret_last->time));
    ret_last->size = checkpoint.size;
    ret_last->root = checkpoint.root;
    return view_equal(checkpoint.origin, origin) ? STATUS_OK : STATUS_UNTRUSTED;
}

/* The lines of the log's known keys, and no others: those we did not verify. */
static enum status write_log_lines(const struct witness *witness,
                                   const struct submission *submission, struct buffer *bytes)
{
    for (size_t i = 0; i < witness->logs->log_count; i++) {
        const struct note_key *key = &witness->logs->logs[i].key;
        size_t at = note_find(&submission->note, key);
        if (at < submission->note.count && view_is(submission->checkpoint.origin, key->name)) {
            struct signature signature;
            note_signature_bytes(&submission->note.signatures[at], signature.bytes);
            struct view body = {.data = (const char *)signature.bytes, .size = SIGNATURE_SIZE};
            TRY(note_write_line(view_of(key->name), key->id, body, bytes));
        }
    }
    return STATUS_OK;
}

/* Writes the record: the checkpoint with the log's lines and ours. */
static enum status write_last(const struct witness *witness, const struct submission *submission,
                              struct view line)
{
    char path[WITNESS_PATH_SIZE];
    OWNED(buffer_release) struct buffer bytes;
    buffer_init(&bytes, COSIGNED_SIZE_MAX);
    TRY(buffer_append(&bytes, submission->note.text));
    TRY(buffer_append_byte(&bytes, '\n'));
    TRY(write_log_lines(witness, submission, &bytes));
    TRY(buffer_append(&bytes, line));
    record_path(witness, submission->checkpoint.origin, "", path);
    return file_write(path, buffer_view(&bytes), 0600, true, NULL);
}

/* Keeps the first checkpoint that is no continuation; a second one adds nothing. */
static void keep_evidence(const struct witness *witness, const struct submission *submission)
{
    char path[WITNESS_PATH_SIZE];
    record_path(witness, submission->checkpoint.origin, ".conflict", path);
    enum status kept = file_write(path, submission->bytes, 0600, false, NULL);
    (void)kept; /* the answer is the same without it */
}

/* --- Deciding --- */

/* Steps that compare with the last checkpoint; false when one of them answered. */
static bool check_continuation(const struct witness *witness, const struct submission *submission,
                               const struct last *last, struct http_answer *answer)
{
    const struct checkpoint *checkpoint = &submission->checkpoint;
    if (submission->old_size != last->size) {
        say_size(answer, last->size);
        return false;
    }
    bool is_same_size = checkpoint->size == last->size && last->time > 0;
    if (is_same_size && !hash_equal(&checkpoint->root, &last->root)) {
        keep_evidence(witness, submission);
        say_size(answer, last->size);
        return false;
    }
    if (merkle_verify_consistency(last->size, &last->root, checkpoint->size, &checkpoint->root,
                                  &submission->proof) != STATUS_OK) {
        if (last->size > 0 && submission->proof.count > 0) {
            keep_evidence(witness, submission);
        }
        say(answer, 422, "the consistency proof does not verify");
        return false;
    }
    return true;
}

static enum status cosign(const struct witness *witness, const struct submission *submission,
                          const struct last *last, struct buffer *line)
{
    uint64_t now = clock_now();
    uint64_t time = now > last->time ? now : last->time;
    TRY(cosignature_sign_line(submission->note.text, witness->cosigner, witness->secret,
                              time == 0 ? 1 : time, line));
    return write_last(witness, submission, buffer_view(line));
}

void witness_add_checkpoint(void *context, const struct http_request *request,
                            struct http_answer *answer)
{
    struct witness *witness = context;
    struct submission submission;
    struct last last = {0};
    size_t log = 0;
    if (!may_ask(witness, request->address)) {
        say_later(answer);
        return;
    }
    if (!read_submission(request->body, &submission, answer) ||
        !check_log(witness, &submission, &log, answer)) {
        return;
    }
    if (!spend(witness, &witness->origins[log], 1, clock_now())) {
        say_later(answer);
        return;
    }
    if (submission.old_size > submission.checkpoint.size) {
        say(answer, 400, "the old size is above the new one");
        return;
    }
    if (read_last(witness, submission.checkpoint.origin, &last) != STATUS_OK) {
        say(answer, 500, "what this witness remembers of the log cannot be read");
        return;
    }
    if (!check_continuation(witness, &submission, &last, answer)) {
        return;
    }
    OWNED(buffer_release) struct buffer line;
    buffer_init(&line, 1024);
    if (cosign(witness, &submission, &last, &line) != STATUS_OK ||
        buffer_append(&answer->body, buffer_view(&line)) != STATUS_OK) {
        say(answer, 500, "the checkpoint could not be stored, so it was not cosigned");
        return;
    }
    answer->status = 200;
    answer->type = PLAIN_TYPE;
}

/* The origin hash is all of the path before "/checkpoint", back to a slash. */
static bool find_hash(const char *path, struct view *ret_hex)
{
    size_t size = strlen(path) - strlen("/checkpoint");
    if (size < 2 * HASH_SIZE + 1 || path[size - 2 * HASH_SIZE - 1] != '/') {
        return false;
    }
    uint8_t bytes[HASH_SIZE];
    *ret_hex = (struct view){.data = path + size - 2 * HASH_SIZE, .size = 2 * HASH_SIZE};
    return hex_read(*ret_hex, HASH_SIZE, bytes) == STATUS_OK;
}

void witness_get_checkpoint(void *context, const struct http_request *request,
                            struct http_answer *answer)
{
    struct witness *witness = context;
    struct view hex;
    char path[WITNESS_PATH_SIZE];
    if (!may_ask(witness, request->address)) {
        say_later(answer);
        return;
    }
    if (!find_hash(request->path, &hex)) {
        say(answer, 404, "the path does not end in <origin hash>/checkpoint");
        return;
    }
    (void)snprintf(path, sizeof path, "%s/%.*s", witness->folder, VIEW_ARGS(hex));
    enum status read = file_read(path, &answer->body, NULL);
    if (read != STATUS_OK) {
        bool is_absent = read == STATUS_NOT_FOUND;
        say(answer, is_absent ? 404 : 500,
            is_absent ? "this witness has cosigned nothing of the log"
                      : "what this witness remembers of the log cannot be read");
        return;
    }
    answer->status = 200;
    answer->type = PLAIN_TYPE;
}
