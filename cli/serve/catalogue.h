/*
 * Catalogue: what a ledger has, to be listed and found without reading the ledger for it.
 *
 * It is read from the ledger once, entry after entry, and then follows its growth; it is never
 * asked whether something is true, only where to look. A ledger grows and nothing else, so a
 * catalogue is only ever too old; whoever lists from it lets it follow before. One that is put in
 * place of a ledger under a running server, and is not its continuation, takes a new server.
 */
#pragma once

#include "ledger/json/json.h"
#include "ledger/ledger.h"

#include <stdint.h>

#define CATALOGUE_LIST_MAX 1000   /* rows of one answer */
#define CATALOGUE_FOUND_MAX 100   /* rows of one search, of each kind */
#define CATALOGUE_BEHIND_MAX 5000 /* entries that a request waits for */

struct catalogue;

/* Owner: `*ret_catalogue` is the caller's. Errors: STATUS_MEMORY. */
enum status catalogue_new(struct catalogue **ret_catalogue, struct failure *failure);
void catalogue_free(struct catalogue *catalogue); /* accepts NULL */

/*
 * Reads the entries that are new, at most `count` of them; `*ret_is_there` is whether those were
 * all. Errors: those of reading.
 */
enum status catalogue_follow(struct catalogue *catalogue, struct ledger *ledger, uint64_t count,
                             bool *ret_is_there, struct failure *failure);

/* What is listed by its name. */
enum catalogue_part { CATALOGUE_CONTRACTS, CATALOGUE_PARTIES, CATALOGUE_PART_COUNT };

/*
 * Set the member of `object` that is named for what is listed, and "more", whether there are more.
 * `after` is the name, or the index, behind which the list begins; errors: STATUS_MEMORY.
 *
 *     contracts    {contract, title, roles, currency, agreed_on, entries, first_index, last_index}
 *     parties      {party, legal_name, is_fund, first_index, last_index}
 *     settlements  {index, id, contract, period, date, pays}; of `contract`, or "" for all
 */
enum status catalogue_list(struct catalogue *catalogue, enum catalogue_part part, struct view after,
                           struct json *object);
enum status catalogue_list_settlements(struct catalogue *catalogue, struct view contract,
                                       uint64_t from, struct json *object);

/*
 * Sets "contracts" and "parties": those with every word of `text` in their names, titles or roles,
 * whatever its case. Errors: STATUS_INVALID for text that is no UTF-8 or empty; STATUS_MEMORY.
 */
enum status catalogue_search(struct catalogue *catalogue, struct view text, struct json *object,
                             struct failure *failure);
