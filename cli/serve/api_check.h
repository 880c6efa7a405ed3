/* What a draft would meet if its signers signed it now: POST /api/v1/check. */
#pragma once

#include "cli/http/server.h"
#include "cli/workspace.h"

/*
 * The body is a draft, as `utfall check` takes one. What is left out and known to the ledger is
 * filled in. The answer is 200 with
 *
 *     good                    whether every rule but those about signatures lets it in
 *     refused_as, at, reason  when not: the rule, the place, and what is wrong there
 *     sentence                when not: the rule as a sentence, in the language of ?lang=
 *     text                    when good: the statement's text, exactly as it is to be signed
 *     id                      when good: of that statement
 */
enum status api_check(struct workspace *workspace, const struct http_request *request,
                      struct http_answer *answer, struct failure *failure);
