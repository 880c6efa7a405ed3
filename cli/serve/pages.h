/*
 * Pages: the portal's files, which travel inside the program.
 *
 * They are the same for everyone and know nothing of the ledger: what a page shows it asks of the
 * API, as anyone could.
 */
#pragma once

#include "cli/http/server.h"

/* "/" is the start page; "/portal/NAME" the file cli/portal/NAME. */
http_handle pages_handle;

/* "/schemas/KIND.schema.json", from which the portal makes its forms. */
http_handle pages_handle_schema;

/* The OpenAPI document of what a server answers. */
http_handle pages_handle_api;
