/* The inside of a workspace, shared by workspace.c and workspace_audit.c. */
#pragma once

#include "cli/workspace.h"
#include "ledger/base/buffer.h"

#define LOADED_SLOTS 1024

/* A chain that has been replayed into the state. */
struct loaded {
    char subject[SUBJECT_SIZE_MAX + 1];
    uint64_t last_index; /* STORE_NONE when the chain has no entry yet */
    bool is_expected;    /* the batch under way already names it */
    struct loaded *next_in_slot;
};

struct workspace {
    char *path;
    struct ledger *ledger;
    struct state *state;
    uint64_t state_size;       /* of the ledger when the state was begun */
    struct statement *waiting; /* an amendment whose parties are not loaded yet; owned */
    uint64_t from;             /* of a contract: the first entry to admit */
    uint64_t before;           /* entries from this index on are left out of a replay */
    struct loaded *loaded[LOADED_SLOTS];
};

/* NULL when the chain has not been replayed. */
struct loaded *workspace_find_loaded(const struct workspace *workspace, struct view subject);

/* Forgets the state and replays charter, operator and registrars anew. */
enum status workspace_load_fresh(struct workspace *workspace, struct failure *failure);

/* Turns a refusal of something that is stored into STATUS_UNTRUSTED, with the entry's place. */
enum status workspace_fail_entry(struct failure *failure, uint64_t index, enum status status);

/* Whether id and subject, as stored beside an entry, are those of its statement. */
enum status workspace_check_labels(const struct store_entry *entry,
                                   const struct statement *statement, struct failure *failure);
