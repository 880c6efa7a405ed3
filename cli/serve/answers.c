#include "cli/serve/answers.h"

#include "contracts/rule/rule.h"
#include "ledger/base/ownership.h"

static void answer_memory(struct http_answer *answer)
{
    answer->status = 503;
    answer->type = TYPE_JSON;
    answer->retry_in_seconds = 1;
    buffer_clear(&answer->body);
    enum status kept = buffer_append_text(
        &answer->body, "{\"code\":\"MEMORY\",\"ok\":false,\"reason\":\"out of memory\"}\n");
    (void)kept; /* without memory the status alone has to do */
}

static enum status write_object(struct http_answer *answer, const struct json *object)
{
    buffer_clear(&answer->body);
    TRY(json_write_canonical(object, &answer->body));
    return buffer_append_byte(&answer->body, '\n');
}

void answer_object(struct http_answer *answer, unsigned status, struct json *object)
{
    OWNED(json_freep) struct json *owned = object;
    answer->status = status;
    answer->type = TYPE_JSON;
    if (owned == NULL || json_set_boolean(owned, "ok", true) != STATUS_OK ||
        json_set_string(owned, "code", view_of(status_name(STATUS_OK))) != STATUS_OK ||
        write_object(answer, owned) != STATUS_OK) {
        answer_memory(answer);
    }
}

unsigned answer_status(const struct failure *failure)
{
    enum rule rule = rule_by_name(failure->code);
    if (rule == RULE_CONTRACT_UNKNOWN || failure->status == STATUS_NOT_FOUND) {
        return 404;
    }
    if (rule == RULE_JSON_INVALID || rule == RULE_NOTE_MALFORMED) {
        return 400;
    }
    if (rule == RULE_STATEMENT_REPEATED || failure->status == STATUS_CONFLICT) {
        return 409;
    }
    if (rule != RULE_NONE) {
        return 422;
    }
    switch (failure->status) {
    case STATUS_INVALID:
    case STATUS_LIMIT:
        return 400;
    case STATUS_UNTRUSTED:
        return 500;
    default:
        return 503;
    }
}

void answer_failure(struct http_answer *answer, const struct failure *failure)
{
    OWNED(json_freep) struct json *object = json_new_object();
    answer->status = answer_status(failure);
    answer->type = TYPE_JSON;
    answer->retry_in_seconds = answer->status == 503 ? 1 : 0;
    if (failure->code[0] == '\0' || object == NULL ||
        json_set_boolean(object, "ok", false) != STATUS_OK ||
        json_set_string(object, "code", view_of(failure->code)) != STATUS_OK ||
        json_set_string(object, "at", view_of(failure->at)) != STATUS_OK ||
        json_set_string(object, "reason", view_of(failure->reason)) != STATUS_OK ||
        write_object(answer, object) != STATUS_OK) {
        answer_memory(answer);
    }
}

void answer_outcome(struct http_answer *answer, enum status status, struct json *object,
                    const struct failure *failure)
{
    if (status == STATUS_OK) {
        answer_object(answer, 200, object);
    } else {
        answer_failure(answer, failure);
    }
}
