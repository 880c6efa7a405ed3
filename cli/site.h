/*
 * Site: a published ledger, in a folder or behind a URL, as shelf.h puts it there.
 *
 * Whoever reads a site copies it into a ledger file of its own first (ledger/mirror.h), and then
 * asks that file: so every command that reads a ledger reads a site, and nothing of it is believed
 * that the checkpoint does not sign.
 */
#pragma once

#include "ledger/base/status.h"
#include "ledger/mirror.h"
#include "ledger/store/store.h"

#include <stdbool.h>

struct site;

/* Told about a copy under way: see mirror_source. NULL for silence. */
typedef void site_progress(void *context, uint64_t done, uint64_t total);

/* Whether a place is that of a site: a URL or a folder. */
bool site_is_place(const char *place);

/* Errors: STATUS_INVALID for a URL that cannot be used. */
enum status site_open(const char *place, struct site **ret_site, struct failure *failure);
void site_close(struct site *site);
void site_closep(struct site **site); /* for OWNED */

/* To read tiles with; valid as long as the site. */
struct tiles_source site_source(struct site *site);

/*
 * Reads the checkpoint, as a signed note.
 *
 * Shapes  `ret_note` is empty, with room for COSIGNED_SIZE_MAX.
 * Errors  STATUS_NOT_FOUND when nothing is published there; STATUS_STORAGE.
 */
enum status site_read_checkpoint(struct site *site, struct buffer *ret_note,
                                 struct failure *failure);

/* Brings a ledger file to a checkpoint of the site. Errors: those of mirror_grow. */
enum status site_mirror(struct site *site, struct view checkpoint, struct store *store,
                        site_progress *progress, void *context, struct failure *failure);

/*
 * Copies the site of a place into a file that nobody else sees and that ends with the store; in
 * $TMPDIR, else in /tmp.
 *
 * Owner   `*ret_store` is the caller's, to be read.
 */
enum status site_open_store(const char *place, struct store **ret_store, struct failure *failure);
