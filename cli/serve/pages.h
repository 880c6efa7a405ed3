/*
 * Pages: the portal's files, which travel inside the program.
 *
 * They are the same for everyone and know nothing of the ledger: what a page shows it asks of the
 * API, as anyone could.
 */
#pragma once

#include "cli/http/server.h"

/* "/" is the start page; "/portal/NAME" the file cli/portal/NAME. */
void pages_handle(void *context, const struct http_request *request, struct http_answer *answer);

/* "/schemas/KIND.schema.json", from which the portal makes its forms. */
void pages_handle_schema(void *context, const struct http_request *request,
                         struct http_answer *answer);
