/*
 * Tokens: who may read, where not everyone may (RFC 6750, bearer tokens).
 *
 * A file has one token on each line, 16 to 200 printable characters without blanks; empty lines and
 * those that begin with '#' count for nothing. Only digests are kept and compared, so that neither
 * memory nor the time of an answer tells a token.
 */
#pragma once

#include "ledger/base/status.h"

#include <stdbool.h>

struct tokens;

/*
 * Owner   `*ret_tokens` is the caller's: tokens_free.
 * Errors  those of file_read; STATUS_INVALID, with the line, for what is no token, or for none.
 */
enum status tokens_read(const char *path, struct tokens **ret_tokens, struct failure *failure);

/* Whether an Authorization header, or NULL, carries one of them. */
bool tokens_have(const struct tokens *tokens, const char *authorization);

void tokens_free(struct tokens *tokens);
