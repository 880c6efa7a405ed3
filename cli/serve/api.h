/*
 * API: what `utfall serve` answers, path by path (docs/server.md).
 *
 * Whoever may read asks; whoever has signed submits. A statement is accepted for its signatures and
 * by the rules of the ledger, whoever carries it here. What is answered as JSON is what the command
 * of the same name prints with --json.
 */
#pragma once

#include "cli/http/server.h"
#include "cli/serve/ahead.h"
#include "cli/serve/catalogue.h"
#include "cli/serve/events.h"
#include "cli/serve/published.h"
#include "cli/serve/readers.h"
#include "cli/serve/sequencer.h"
#include "cli/serve/tiles_kept.h"
#include "cli/serve/tokens.h"

/* What handlers are given. */
struct api {
    struct readers *readers;
    struct catalogue *catalogue;
    struct tiles_kept *tiles;
    struct events *events;
    struct sequencer *sequencer; /* NULL: it only reads */
    struct ahead *ahead;         /* when there is a sequencer */
    struct tokens *tokens;       /* NULL: everyone may read */
    struct published *published; /* NULL: every tile is answered here */
};

extern const struct http_route API_ROUTES[];
extern const size_t API_ROUTE_COUNT;

/* Whether a request has one of the tokens. Only where there are tokens. */
http_may_read api_may_read;
