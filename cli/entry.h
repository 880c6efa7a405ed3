/* Entry: naming entries of a ledger, and reading one as a statement. */
#pragma once

#include "cli/workspace.h"
#include "contracts/statement/statement.h"
#include "ledger/ledger.h"

/* Whether a word is the spelling of an index or of an id. */
bool entry_is_name(const char *word);

/*
 * Finds an entry by its index ("17") or id ("sha256:..." or the 64 digits alone).
 *
 * Errors  STATUS_NOT_FOUND; STATUS_INVALID when it is neither.
 */
enum status entry_find(struct ledger *ledger, const char *word, uint64_t *ret_index,
                       struct failure *failure);

/* Reads one entry. Owner: `*ret_statement` is the caller's. */
enum status entry_read(struct ledger *ledger, uint64_t index, struct statement **ret_statement,
                       struct failure *failure);

/* An entry as `utfall log --json` tells it. Owner: `*ret_object` is the caller's. */
enum status entry_to_json(const struct store_entry *entry, struct json **ret_object,
                          struct failure *failure);

/* A visitor of entries: adds each to a list, an array that is its context. */
store_visit_entry entry_push_json;
