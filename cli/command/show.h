/* Show: the answers of `utfall show --json`, for whoever else gives them. */
#pragma once

#include "cli/workspace.h"
#include "ledger/json/json.h"

/* Whether a word may be a contract's name. Neither "-", the input, nor a name with a dot may. */
bool show_is_contract_name(const char *word);

/*
 * An entry: its note, its statement, and which key signed it, of whom, valid from and to.
 *
 * Owner   `*ret_object` is the caller's.
 * Errors  STATUS_NOT_FOUND; those of reading the ledger.
 */
enum status show_entry_json(struct workspace *workspace, uint64_t index, struct json **ret_object,
                            struct failure *failure);

/* A party and its keys. Errors: STATUS_NOT_FOUND; those of reading the ledger. */
enum status show_party_json(struct workspace *workspace, struct view id, struct json **ret_object,
                            struct failure *failure);
