/*
 * Published: tiles that are read from where the ledger was published, and not from this server.
 *
 * A full tile never changes, so whoever asks for one that `utfall publish` has put elsewhere is
 * sent there (302), to an object storage with a cache before it. How far it is published, the
 * checkpoint there says, which is looked at every PUBLISHED_LOOK_MS and verified by the log's key.
 * What is not published yet, partial tiles, and everything while that checkpoint cannot be read,
 * this server answers by itself. Nobody need trust the place: tiles are checked against the root
 * that the checkpoint signs, wherever they come from.
 */
#pragma once

#include "cli/http/server.h"
#include "ledger/log/note.h"

#define PUBLISHED_LOOK_MS 10000

struct published;

/*
 * Starts looking, on a thread of its own. `url` and `log` outlive it. `tell` is called by that
 * thread, once for each new reason why the checkpoint there cannot be read.
 *
 * Errors  STATUS_INVALID when it is no URL.
 */
enum status published_start(const char *url, const struct note_key *log,
                            void (*tell)(void *context, const struct failure *failure),
                            void *context, struct published **ret_published,
                            struct failure *failure);
void published_stop(struct published *published); /* accepts NULL */

/* Sends whoever asks for the tile of a path there; false when it is not there. */
bool published_redirect(struct published *published, const struct http_request *request,
                        struct http_answer *answer);
