#include "cli/verifier/bundle.h"

#include "cli/file.h"
#include "cli/language.h"
#include "cli/output.h"
#include "ledger/base/ownership.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 64

static void bundle_release(struct bundle *bundle)
{
    for (size_t i = 0; i < bundle->file_count; i++) {
        buffer_release(&bundle->files[i].bytes);
    }
    buffer_release(&bundle->policy_file.bytes);
    policy_free(bundle->policy);
    state_free(bundle->state);
    case_release(&bundle->file);
    statement_free(bundle->statement);
}

/* Puts the name of a file in front of a place. */
static enum status in_file(struct failure *failure, const char *path, enum status status)
{
    if (status != STATUS_OK && strcmp(failure->at, path) != 0) {
        failure_prefix(failure, failure->at[0] == '\0' ? "" : ": ");
        failure_prefix(failure, path);
    }
    return status;
}

/* --- Whose checkpoint it is --- */

/* Finds the key, among those that were given, by which the checkpoint is signed. */
static enum status find_given(struct bundle *bundle, struct view checkpoint,
                              struct failure *failure)
{
    const struct invocation *invocation = bundle->invocation;
    OWNED(buffer_release) struct buffer names;
    buffer_init(&names, sizeof failure->reason);
    struct note note;
    TRY(note_parse(checkpoint, &note, failure));
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        struct note_key key;
        enum status status = note_key_parse(view_of(invocation->vkeys[i]), &key, failure);
        TRY(in_file(failure, "--vkey", status));
        if (note_find(&note, &key) < note.count) {
            TRY(checkpoint_open(checkpoint, &key, &bundle->checkpoint, failure));
            bundle->log = key;
            bundle->key_from = BUNDLE_KEY_GIVEN;
            return STATUS_OK;
        }
    }
    return fail(failure, STATUS_UNTRUSTED, "checkpoint", "it is signed by none of the keys given");
}

/* By the policy; keys that were given beside it must be among the logs that signed. */
static enum status trust_by_policy(struct bundle *bundle, struct view checkpoint,
                                   struct failure *failure)
{
    const struct note_key *log = NULL;
    if (bundle->invocation->vkey_count > 0) {
        TRY(find_given(bundle, checkpoint, failure));
        log = &bundle->log;
    }
    TRY(policy_check(bundle->policy, log, checkpoint, &bundle->witness, failure));
    bundle->log = *bundle->witness.log;
    bundle->key_from = log == NULL ? BUNDLE_KEY_POLICY : BUNDLE_KEY_GIVEN;
    bundle->checkpoint = bundle->witness.checkpoint;
    if (bundle->witness.quorum != POLICY_HOLDS) {
        bundle->doubts |= BUNDLE_DOUBT_QUORUM;
    }
    return STATUS_OK;
}

/* Without anybody's word for it: a case names its log's key itself, a proof does not even that. */
static enum status trust_nothing(struct bundle *bundle, struct view checkpoint,
                                 struct failure *failure)
{
    bundle->doubts |= BUNDLE_DOUBT_LOG_KEY;
    if (bundle->is_case) {
        TRY(case_log_key(&bundle->file, &bundle->log, failure));
        bundle->key_from = BUNDLE_KEY_CASE;
        return STATUS_OK;
    }
    struct note note;
    TRY(note_parse(checkpoint, &note, failure));
    return checkpoint_parse(note.text, &bundle->checkpoint, failure);
}

static enum status establish_trust(struct bundle *bundle, struct view checkpoint,
                                   struct failure *failure)
{
    if (bundle->policy_file.path != NULL) {
        enum status status =
            policy_parse(buffer_view(&bundle->policy_file.bytes), &bundle->policy, failure);
        TRY(in_file(failure, bundle->policy_file.path, status));
        return trust_by_policy(bundle, checkpoint, failure);
    }
    if (bundle->invocation->vkey_count > 0) {
        return find_given(bundle, checkpoint, failure);
    }
    return trust_nothing(bundle, checkpoint, failure);
}

/*
 * Where no policy was given, the charter's own says how many witnesses its log promised: fewer is
 * told. It vouches for nothing, since the log that might cheat wrote it.
 */
static enum status ask_charter(struct bundle *bundle, struct failure *failure)
{
    const struct charter *charter = state_charter(bundle->state);
    if (bundle->policy != NULL || !charter->has_witness_policy) {
        return STATUS_OK;
    }
    struct failure ignored = {0};
    if (policy_parse(charter->witness_policy, &bundle->policy, &ignored) != STATUS_OK) {
        bundle->doubts |= BUNDLE_DOUBT_CHARTER_POLICY;
        return STATUS_OK;
    }
    TRY(policy_check(bundle->policy, &bundle->log, bundle->file.checkpoint, &bundle->witness,
                     failure));
    bundle->is_charter_policy = true;
    if (bundle->witness.quorum != POLICY_HOLDS) {
        bundle->doubts |= BUNDLE_DOUBT_CHARTER_POLICY;
    }
    return STATUS_OK;
}

/* --- The two kinds of bundles --- */

static enum status check_case(struct bundle *bundle, struct view bytes, struct failure *failure)
{
    bundle->is_case = true;
    TRY(case_parse(bytes, &bundle->file, failure));
    TRY(establish_trust(bundle, bundle->file.checkpoint, failure));
    TRY(case_replay(&bundle->file, &bundle->log, &bundle->state, &bundle->finding, failure));
    bundle->checkpoint = bundle->finding.checkpoint;
    return ask_charter(bundle, failure);
}

static enum status check_proof(struct bundle *bundle, struct view bytes, struct failure *failure)
{
    bundle->has_proof = true;
    TRY(proof_parse(bytes, &bundle->proof, failure));
    return establish_trust(bundle, bundle->proof.checkpoint, failure);
}

/* Signatures by keys that were given; the others are told to be unchecked. */
static enum status check_signatures(struct bundle *bundle, struct failure *failure)
{
    const struct invocation *invocation = bundle->invocation;
    const struct note *note = &bundle->statement->note;
    for (size_t i = 0; i < invocation->vkey_count; i++) {
        struct note_key key;
        enum status status = note_key_parse(view_of(invocation->vkeys[i]), &key, failure);
        TRY(in_file(failure, "--vkey", status));
        if (note_find(note, &key) == note->count) {
            continue;
        }
        if (note_verify(note, &key) != STATUS_OK) {
            return fail(failure, STATUS_UNTRUSTED, "", "the signature by %s+%08x does not verify",
                        key.name, (unsigned)key.id);
        }
        bundle->verified_count++;
    }
    return STATUS_OK;
}

static enum status check_inclusion(const struct bundle *bundle, struct view note,
                                   struct failure *failure)
{
    const struct proof *proof = &bundle->proof;
    struct hash leaf = hash_leaf(note);
    if (proof->index >= bundle->checkpoint.size ||
        merkle_verify_inclusion(proof->index, bundle->checkpoint.size, &leaf, &proof->path,
                                &bundle->checkpoint.root) != STATUS_OK) {
        return fail(failure, STATUS_UNTRUSTED, "",
                    "the proof does not lead from this note to the root of the checkpoint");
    }
    return STATUS_OK;
}

static enum status check_note(struct bundle *bundle, struct view bytes, struct failure *failure)
{
    if (bundle->has_proof) {
        TRY(check_inclusion(bundle, bytes, failure));
    }
    TRY(statement_read(bytes, &bundle->statement, failure));
    TRY(statement_check(bundle->statement, failure));
    if (bundle->has_proof && !view_equal(bundle->statement->ledger, bundle->checkpoint.origin)) {
        return fail(failure, STATUS_UNTRUSTED, "/ledger",
                    "the statement was written for another ledger");
    }
    return check_signatures(bundle, failure);
}

/* --- Which file is which --- */

static const struct bundle_file *find_file(const struct bundle *bundle, bool (*is)(struct view))
{
    for (size_t i = 0; i < bundle->file_count; i++) {
        if (is(buffer_view(&bundle->files[i].bytes))) {
            return &bundle->files[i];
        }
    }
    return NULL;
}

static bool is_neither(struct view bytes)
{
    return !case_is(bytes) && !proof_is(bytes);
}

static enum status check_all(struct bundle *bundle, struct failure *failure)
{
    const struct bundle_file *file = find_file(bundle, case_is);
    if (file != NULL) {
        if (bundle->file_count != 1) {
            return fail(failure, STATUS_INVALID, "", "a case is checked alone");
        }
        return in_file(failure, file->path, check_case(bundle, buffer_view(&file->bytes), failure));
    }
    const struct bundle_file *proof = find_file(bundle, proof_is);
    const struct bundle_file *note = find_file(bundle, is_neither);
    if (bundle->file_count == 2 && (proof == NULL || note == NULL)) {
        return fail(failure, STATUS_INVALID, "",
                    "two files are a proof and the note that it is about");
    }
    if (proof != NULL) {
        TRY(in_file(failure, proof->path,
                    check_proof(bundle, buffer_view(&proof->bytes), failure)));
    }
    if (note != NULL) {
        TRY(in_file(failure, note->path, check_note(bundle, buffer_view(&note->bytes), failure)));
    }
    bundle->doubts |= proof == NULL  ? BUNDLE_DOUBT_INCLUSION
                      : note == NULL ? BUNDLE_DOUBT_STATEMENT
                                     : 0U;
    return STATUS_OK;
}

static enum status read_files(struct bundle *bundle, struct failure *failure)
{
    for (size_t i = 0; i < (size_t)bundle->invocation->operand_count; i++) {
        struct bundle_file *file = &bundle->files[bundle->file_count];
        bundle->file_count++;
        file->path = bundle->invocation->operands[i];
        buffer_init(&file->bytes, CASE_SIZE_MAX);
        TRY(file_read(file->path, &file->bytes, failure));
    }
    buffer_init(&bundle->policy_file.bytes, POLICY_SIZE_MAX);
    if (bundle->policy_file.path != NULL) {
        TRY(file_read(bundle->policy_file.path, &bundle->policy_file.bytes, failure));
    }
    return STATUS_OK;
}

bool bundle_is_one(const char *path)
{
    char head[HEAD_SIZE];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    ssize_t size = read(fd, head, sizeof head);
    (void)close(fd);
    struct view view = {.data = head, .size = size < 0 ? 0 : (size_t)size};
    return case_is(view) || proof_is(view);
}

static int answer(const struct bundle *bundle)
{
    int status = bundle->doubts == 0 ? EXIT_GOOD : EXIT_INCOMPLETE;
    if (output_is_json(bundle->invocation)) {
        struct json *object;
        if (bundle_report_json(bundle, &object) != STATUS_OK) {
            return output_failure(bundle->invocation, "", &(struct failure){0});
        }
        int printed = output_json_verdict(object, bundle->doubts == 0);
        return printed == EXIT_GOOD ? status : printed;
    }
    bool is_silent = output_is_quiet(bundle->invocation) && status == EXIT_GOOD;
    if (!is_silent && bundle_report(bundle) != STATUS_OK) {
        return output_failure(bundle->invocation, "", &(struct failure){0});
    }
    return status;
}

int bundle_verify(const struct invocation *invocation, const char *policy, bundle_confine *confine)
{
    if (invocation->operand_count < 1 || invocation->operand_count > BUNDLE_FILES_MAX) {
        return output_usage(invocation, _("name a case, or a proof and its note"));
    }
    struct failure failure = {0};
    OWNED(bundle_release)
    struct bundle bundle = {.invocation = invocation, .policy_file = {.path = policy}};
    bool is_confined = true;
    if (read_files(&bundle, &failure) != STATUS_OK ||
        (confine != NULL && confine(&is_confined, &failure) != STATUS_OK)) {
        return output_failure(invocation, "", &failure);
    }
    if (!is_confined) {
        output_message(invocation,
                       _("utfall-verify: this system cannot confine it; it runs as it is"));
    }
    if (check_all(&bundle, &failure) != STATUS_OK) {
        return output_failure(invocation, "", &failure);
    }
    return answer(&bundle);
}
