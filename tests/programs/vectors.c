/*
 * Vectors: answers what the published vectors (tests/vectors) ask, by the product's own functions.
 *
 * Each line of standard input is a word and its arguments in base64, separated by spaces; each is
 * answered by a line: `good`, `incomplete` or `refused`, or what was computed.
 *
 *     note VKEY NOTE              the note is well formed and signed by the key
 *     checkpoint VKEY NOTE        it is a checkpoint of the log with this key
 *     cosignature VKEY NOTE       the checkpoint is cosigned by this key: `good TIME`
 *     policy POLICY NOTE          the checkpoint by the policy
 *     proof VKEY PROOF ENTRY      the entry is in the log with this key
 *     statement NOTE              it is a statement, as far as it shows alone: `good ID`
 *     root ENTRY...               the root of the tree of these entries, in base64
 */
#include "contracts/statement/statement.h"
#include "ledger/base/ownership.h"
#include "ledger/base/text.h"
#include "ledger/log/policy.h"
#include "ledger/log/proof.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ARGUMENTS_MAX 16
#define ARGUMENT_SIZE_MAX ((size_t)256 * 1024)

struct question {
    size_t count;
    struct buffer arguments[ARGUMENTS_MAX];
};

static struct view argument(const struct question *question, size_t index)
{
    return buffer_view(&question->arguments[index]);
}

static const char *verdict(enum status status)
{
    return status == STATUS_OK ? "good" : "refused";
}

static enum status ask_note(const struct question *question)
{
    struct note_key key;
    struct note note;
    TRY(note_key_parse(argument(question, 0), &key, NULL));
    TRY(note_parse(argument(question, 1), &note, NULL));
    return note_verify(&note, &key);
}

static enum status ask_checkpoint(const struct question *question)
{
    struct note_key key;
    struct checkpoint checkpoint;
    TRY(note_key_parse(argument(question, 0), &key, NULL));
    return checkpoint_open(argument(question, 1), &key, &checkpoint, NULL);
}

static enum status ask_cosignature(const struct question *question, uint64_t *ret_time)
{
    struct cosigner cosigner;
    struct note note;
    TRY(cosigner_parse(argument(question, 0), &cosigner, NULL));
    TRY(note_parse(argument(question, 1), &note, NULL));
    return cosignature_verify(&note, &cosigner, ret_time);
}

static const char *ask_policy(const struct question *question)
{
    OWNED(policy_freep) struct policy *policy = NULL;
    struct policy_result result;
    if (policy_parse(argument(question, 0), &policy, NULL) != STATUS_OK ||
        policy_check(policy, NULL, argument(question, 1), &result, NULL) != STATUS_OK) {
        return "refused";
    }
    return result.quorum == POLICY_HOLDS ? "good" : "incomplete";
}

static enum status ask_proof(const struct question *question)
{
    struct note_key key;
    struct proof proof;
    struct checkpoint checkpoint = {.size = 0};
    TRY(note_key_parse(argument(question, 0), &key, NULL));
    TRY(proof_parse(argument(question, 1), &proof, NULL));
    TRY(checkpoint_open(proof.checkpoint, &key, &checkpoint, NULL));
    struct hash leaf = hash_leaf(argument(question, 2));
    if (proof.index >= checkpoint.size) {
        return STATUS_INVALID;
    }
    return merkle_verify_inclusion(proof.index, checkpoint.size, &leaf, &proof.path,
                                   &checkpoint.root);
}

static void answer_statement(const struct question *question)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    if (statement_read(argument(question, 0), &statement, NULL) != STATUS_OK ||
        statement_check(statement, NULL) != STATUS_OK) {
        puts("refused");
        return;
    }
    OWNED(buffer_release) struct buffer id;
    buffer_init(&id, 128);
    if (hex_write(&id, hash_view(&statement->id)) == STATUS_OK) {
        printf("good sha256:%s\n", id.data);
    }
}

static void answer_root(const struct question *question)
{
    struct merkle_edge edge;
    merkle_edge_init(&edge);
    for (size_t i = 0; i < question->count; i++) {
        struct hash leaf = hash_leaf(argument(question, i));
        if (merkle_edge_append(&edge, &leaf, NULL, NULL) != STATUS_OK) {
            abort();
        }
    }
    struct hash root = merkle_edge_root(&edge);
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, 64);
    if (base64_write(&text, hash_view(&root)) == STATUS_OK) {
        puts(text.data);
    }
}

static void answer(struct view word, const struct question *question)
{
    uint64_t time;
    if (view_is(word, "note") && question->count == 2) {
        puts(verdict(ask_note(question)));
    } else if (view_is(word, "checkpoint") && question->count == 2) {
        puts(verdict(ask_checkpoint(question)));
    } else if (view_is(word, "policy") && question->count == 2) {
        puts(ask_policy(question));
    } else if (view_is(word, "proof") && question->count == 3) {
        puts(verdict(ask_proof(question)));
    } else if (view_is(word, "statement") && question->count == 1) {
        answer_statement(question);
    } else if (view_is(word, "root")) {
        answer_root(question);
    } else if (view_is(word, "cosignature") && question->count == 2) {
        if (ask_cosignature(question, &time) == STATUS_OK) {
            printf("good %" PRIu64 "\n", time);
        } else {
            puts("refused");
        }
    } else {
        puts("what?");
    }
}

/* Cuts the next word off; an empty argument is a word of no bytes. */
static struct view cut_word(struct view *line)
{
    const char *space = memchr(line->data, ' ', line->size);
    size_t size = space == NULL ? line->size : (size_t)(space - line->data);
    struct view word = {.data = line->data, .size = size};
    size_t used = space == NULL ? size : size + 1;
    *line = (struct view){.data = line->data + used, .size = line->size - used};
    return word;
}

static void read_argument(struct view encoded, struct buffer *buffer)
{
    char *room;
    size_t size;
    buffer_init(buffer, ARGUMENT_SIZE_MAX);
    if (buffer_reserve(buffer, encoded.size, &room) != STATUS_OK ||
        base64_read(encoded, encoded.size, (uint8_t *)room, &size) != STATUS_OK) {
        abort();
    }
    buffer->size += size;
}

int main(void)
{
    struct failure failure;
    if (crypto_init(&failure) != STATUS_OK) {
        return 2;
    }
    char *text = NULL;
    size_t capacity = 0;
    for (;;) { /* bounded by the input */
        ssize_t size = getline(&text, &capacity, stdin);
        if (size <= 0) {
            break;
        }
        struct view line = {.data = text, .size = (size_t)size - 1};
        struct view word = cut_word(&line);
        struct question question = {0};
        while (line.size > 0 && question.count < ARGUMENTS_MAX) {
            read_argument(cut_word(&line), &question.arguments[question.count]);
            question.count++;
        }
        answer(word, &question);
        for (size_t i = 0; i < question.count; i++) {
            buffer_release(&question.arguments[i]);
        }
    }
    free(text);
    return 0;
}
