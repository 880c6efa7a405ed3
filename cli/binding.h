/* Binding: puts into the draft of a party that an organisation's certificate vouches for its keys.
 */
#pragma once

#include "cli/command.h"
#include "ledger/base/status.h"
#include "ledger/crypto/certificate.h"
#include "ledger/json/json.h"

/*
 * Sets the member `certificates` of a party's draft, and `ledger` and `vkeys` where they are
 * absent. The keys named by --vkey are bound, else all of the draft; bindings of other keys stay.
 * The draft is checked as a statement before anything of it is changed.
 *
 * Errors  those of draft_fill and of a party statement; STATUS_INVALID when it is another kind.
 */
enum status binding_add(struct json *draft, const struct invocation *invocation,
                        struct certificate_facts *ret_facts, struct failure *failure);
