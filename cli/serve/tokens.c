#include "cli/serve/tokens.h"

#include "cli/file.h"
#include "ledger/base/ownership.h"
#include "ledger/crypto/hash.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILE_SIZE_MAX 1048576
#define TOKEN_SIZE_MIN 16
#define TOKEN_SIZE_MAX 200
#define TOKENS_MAX 1000
#define SCHEME "Bearer "

struct tokens {
    size_t count;
    struct hash digests[TOKENS_MAX];
};

static bool is_token(struct view text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return text.size >= TOKEN_SIZE_MIN && text.size <= TOKEN_SIZE_MAX;
}

static enum status add(struct tokens *tokens, const char *path, size_t number, struct view line,
                       struct failure *failure)
{
    if (line.size == 0 || line.data[0] == '#') {
        return STATUS_OK;
    }
    if (!is_token(line) || tokens->count == TOKENS_MAX) {
        return fail(
            failure, STATUS_INVALID, path,
            "line %zu is not a token of %d to %d characters without blanks, or one too many",
            number, TOKEN_SIZE_MIN, TOKEN_SIZE_MAX);
    }
    tokens->digests[tokens->count] = hash_bytes(line);
    tokens->count++;
    return STATUS_OK;
}

static enum status read_lines(struct tokens *tokens, const char *path, struct view text,
                              struct failure *failure)
{
    size_t number = 0;
    for (size_t at = 0; at < text.size; number++) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - (text.data + at));
        struct view line = {text.data + at, size};
        TRY(add(tokens, path, number + 1, line, failure));
        at += size + 1;
    }
    return tokens->count > 0 ? STATUS_OK
                             : fail(failure, STATUS_INVALID, path, "there is no token in it");
}

enum status tokens_read(const char *path, struct tokens **ret_tokens, struct failure *failure)
{
    OWNED(buffer_release) struct buffer text;
    buffer_init(&text, FILE_SIZE_MAX);
    TRY(file_read(path, &text, failure));
    struct tokens *tokens = calloc(1, sizeof *tokens);
    if (tokens == NULL) {
        return fail_memory(failure);
    }
    enum status status = read_lines(tokens, path, buffer_view(&text), failure);
    if (status != STATUS_OK) {
        tokens_free(tokens);
        return status;
    }
    *ret_tokens = tokens;
    return STATUS_OK;
}

bool tokens_have(const struct tokens *tokens, const char *authorization)
{
    if (authorization == NULL || strncasecmp(authorization, SCHEME, strlen(SCHEME)) != 0) {
        return false;
    }
    const char *token = authorization + strlen(SCHEME);
    struct hash digest = hash_bytes((struct view){token, strlen(token)});
    bool is_there = false;
    for (size_t i = 0; i < tokens->count; i++) {
        is_there = hash_equal(&digest, &tokens->digests[i]) || is_there;
    }
    return is_there;
}

void tokens_free(struct tokens *tokens)
{
    free(tokens);
}
