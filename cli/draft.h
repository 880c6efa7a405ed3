/*
 * Draft: what people write, and what is filled in before it is signed.
 *
 * A draft is ordinary JSON with the fields of its kind. Filled in where absent:
 *
 *   ledger   the origin of the ledger that is open
 *   after    the id of the newest statement of its chain
 *   date     today
 *   vkeys    of a party; of the operator and registrars of a charter; and a charter's log_vkey:
 *            from --vkey, by key name; of a party that the ledger knows, its valid keys
 */
#pragma once

#include "cli/command.h"
#include "cli/workspace.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

/*
 * Opens the ledger that a draft is for, to read, when there is one: a charter is signed before.
 *
 * Owner   `*ret_workspace` is the caller's; NULL when there is none.
 */
enum status draft_open_ledger(const struct invocation *invocation, struct workspace **ret_workspace,
                              struct failure *failure);

/*
 * Fills in a draft. `workspace` may be NULL when there is no ledger.
 *
 * Errors  STATUS_NOT_FOUND when something that only a ledger knows is absent; STATUS_INVALID when a
 *         --vkey cannot be read or belongs nowhere.
 */
enum status draft_fill(struct json *draft, const struct invocation *invocation,
                       struct workspace *workspace, struct failure *failure);

/*
 * Fills in what only signing can know, with stand-ins of the right form, so that everything else of
 * a draft can be checked: an origin, an `after`, and keys that are made and thrown away.
 */
enum status draft_stand_in(struct json *draft, struct failure *failure);

/*
 * Makes a statement of a draft: canonical text with its newline, read back and checked alone.
 *
 * Shapes  `ret_text` is initialised with ENTRY_SIZE_MAX.
 * Owner   `*ret_statement` is the caller's, and so is `draft` as before.
 */
enum status draft_finish(const struct json *draft, struct buffer *ret_text,
                         struct statement **ret_statement, struct failure *failure);
