/*
 * Events: whoever follows the ledger hears of new entries (Server-Sent Events, WHATWG HTML 9.2).
 *
 * One thread looks whether the ledger has grown, by whoever it was appended, and wakes those who
 * follow. Each is told every entry from its place on, in order and once, as
 *
 *     id: INDEX
 *     data: {"date":...,"id":...,"index":...,"kind":...,"subject":...}
 *
 * and by a comment that nothing happened, so that a broken connection is noticed. Who comes again
 * says in Last-Event-ID which entry it heard of last, and misses none. The same thread keeps the
 * catalogue at the ledger's end.
 */
#pragma once

#include "cli/http/server.h"
#include "cli/serve/catalogue.h"
#include "cli/serve/readers.h"

#define EVENTS_FOLLOWERS_MAX 256
#define EVENTS_POLL_MS 250        /* while somebody follows */
#define EVENTS_IDLE_MS 5000       /* while nobody does */
#define EVENTS_HEARTBEAT_MS 10000 /* below HTTP_IDLE_SECONDS */

struct events;

/* `readers` and `catalogue` outlive the events. Errors: STATUS_MEMORY. */
enum status events_start(struct readers *readers, struct catalogue *catalogue,
                         struct events **ret_events, struct failure *failure);

/* Answers with a stream; 400 for a place that is none, 503 when too many follow. */
void events_follow(struct events *events, const struct http_request *request,
                   struct http_answer *answer);

/* Ends the streams and the thread; events are freed when the server has stopped. Accept NULL. */
void events_stop(struct events *events);
void events_free(struct events *events);
