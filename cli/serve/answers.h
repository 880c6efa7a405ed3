/* Answers: a JSON object, a text, or a failure, as an answer to an HTTP request. */
#pragma once

#include "cli/http/server.h"
#include "ledger/base/status.h"
#include "ledger/json/json.h"

#define TYPE_JSON "application/json"
#define TYPE_TEXT "text/plain; charset=utf-8"
#define TYPE_BYTES "application/octet-stream"

/* Answers with an object, with "ok" and "code" put in. Takes over `object`; NULL: no memory. */
void answer_object(struct http_answer *answer, unsigned status, struct json *object);

/* Answers with a failure: {"ok": false, "code", "at", "reason"}, and the HTTP status of its kind.
 */
void answer_failure(struct http_answer *answer, const struct failure *failure);

/* Answers 200 with the object when `status` is STATUS_OK, and with the failure when it is not. */
void answer_outcome(struct http_answer *answer, enum status status, struct json *object,
                    const struct failure *failure);

/*
 * The HTTP status of a failure.
 *
 *     400  what was sent cannot be read          409  the ledger moved on, or has it already
 *     404  there is no such thing                422  a rule refuses it
 *     500  the ledger is damaged                 503  the store or memory failed: try again
 */
unsigned answer_status(const struct failure *failure);
