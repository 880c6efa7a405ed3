#include "cli/serve/ahead.h"

#include "ledger/base/ownership.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 1024

struct ahead {
    pthread_mutex_t mutex;       /* guards what follows */
    struct note_key keys[SLOTS]; /* by their ids; a name of size 0: the slot is free */
};

enum status ahead_new(struct ahead **ret_ahead, struct failure *failure)
{
    struct ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL) {
        return fail_memory(failure);
    }
    (void)pthread_mutex_init(&ahead->mutex, NULL);
    *ret_ahead = ahead;
    return STATUS_OK;
}

void ahead_free(struct ahead *ahead)
{
    if (ahead != NULL) {
        (void)pthread_mutex_destroy(&ahead->mutex);
        free(ahead);
    }
}

static bool find(struct ahead *ahead, const struct note_signature *line, struct note_key *ret_key)
{
    (void)pthread_mutex_lock(&ahead->mutex);
    *ret_key = ahead->keys[line->key_id % SLOTS];
    (void)pthread_mutex_unlock(&ahead->mutex);
    return ret_key->id == line->key_id && view_equal(view_of(ret_key->name), line->name);
}

bool ahead_read(struct ahead *ahead, struct view note, struct statement **ret_statement)
{
    OWNED(statement_freep) struct statement *statement = NULL;
    *ret_statement = NULL;
    if (statement_read(note, &statement, NULL) != STATUS_OK ||
        statement_check(statement, NULL) != STATUS_OK) {
        return false;
    }
    bool is_known = true;
    for (size_t i = 0; i < statement->note.count; i++) {
        struct note_key key;
        is_known = find(ahead, &statement->note.signatures[i], &key) &&
                   statement_verify_line(statement, i, &key) == STATUS_OK && is_known;
    }
    *ret_statement = STEAL(statement);
    return is_known;
}

static void learn(struct ahead *ahead, const struct note_key *key)
{
    (void)pthread_mutex_lock(&ahead->mutex);
    ahead->keys[key->id % SLOTS] = *key;
    (void)pthread_mutex_unlock(&ahead->mutex);
}

/* The party whose key it is; keys are named after parties. */
static struct view party_of(const struct note_signature *line)
{
    const char *slash = memchr(line->name.data, '/', line->name.size);
    size_t size = slash == NULL ? line->name.size : (size_t)(slash - line->name.data);
    return (struct view){.data = line->name.data, .size = size};
}

void ahead_learn(struct ahead *ahead, struct workspace *workspace, struct view note)
{
    struct note parsed;
    struct failure ignored;
    if (note_parse(note, &parsed, &ignored) != STATUS_OK ||
        workspace_refresh(workspace, &ignored) != STATUS_OK) {
        return;
    }
    for (size_t i = 0; i < parsed.count; i++) {
        const struct note_signature *line = &parsed.signatures[i];
        const struct state_key *known = NULL;
        if (workspace_load_party(workspace, party_of(line), &ignored) == STATUS_OK) {
            known = state_find_key(workspace_state(workspace), line->name, line->key_id);
        }
        if (known != NULL) {
            learn(ahead, &known->key);
        }
    }
}
