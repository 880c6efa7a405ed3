/*
 * Shelf: where a ledger is published: a folder, an object storage or a WebDAV server. Its files are
 * those of ledger/publish.h; cli/site.h reads them.
 *
 *   checkpoint              the signed checkpoint, with the cosignatures that there were
 *   tile/..., attached/...  a path, once there, keeps its bytes for ever
 *   .publishing             empty; what keeps two that publish at a time apart, or shows that the
 *                           server does
 *
 * Places:
 *
 *   FOLDER             made when it is missing, and locked: one program at a time
 *   s3://BUCKET[/...]  an object storage that speaks Amazon S3's protocol, signed by the keys in
 *                      AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary ones,
 *                      AWS_SESSION_TOKEN
 *   https://...        a server that takes PUT; makes folders by MKCOL where it asks for them.
 *                      UTFALL_AUTHORIZATION is what it is sent as the header of that name
 *
 * On a server nothing is locked. Every file is stored on a condition instead (RFC 9110, section
 * 13.1): what never changes only where nothing is, and the checkpoint only over the one that was
 * read before. So of two that publish at a time one is refused, and no checkpoint is ever set back.
 * A server that does not heed conditions is refused when it is opened.
 *
 * What may have failed for the moment (no answer, 409, 429, 5xx) is tried again, for some seconds.
 */
#pragma once

#include "ledger/base/buffer.h"
#include "ledger/base/status.h"

#include <stdbool.h>

struct shelf;

/* For object storage; each may be NULL. */
struct shelf_options {
    const char *endpoint; /* URL of the storage; else $AWS_ENDPOINT_URL, else Amazon's */
    const char *region;   /* else $AWS_REGION, else us-east-1 */
};

/*
 * Errors  STATUS_CONFLICT while another program publishes into the folder; STATUS_INVALID for a
 *         place that cannot be used, and for missing keys; STATUS_STORAGE.
 */
enum status shelf_open(const char *place, const struct shelf_options *options,
                       struct shelf **ret_shelf, struct failure *failure);
void shelf_close(struct shelf *shelf); /* accepts NULL */
void shelf_closep(struct shelf **shelf);

/*
 * Reads the checkpoint that is there.
 *
 * Shapes  `ret_note` is empty, with room for COSIGNED_SIZE_MAX.
 * Errors  STATUS_NOT_FOUND when there is none; STATUS_STORAGE.
 */
enum status shelf_read_checkpoint(struct shelf *shelf, struct buffer *ret_note,
                                  struct failure *failure);

/*
 * Adds a file, or finds that it is there with the same bytes: `*ret_is_new` tells which.
 *
 * Errors  STATUS_CONFLICT when it is there with other bytes; STATUS_STORAGE.
 */
enum status shelf_add(struct shelf *shelf, const char *path, struct view bytes, bool *ret_is_new,
                      struct failure *failure);

/*
 * Puts the checkpoint in the place of the one that shelf_read_checkpoint read: the last step.
 *
 * Errors  STATUS_CONFLICT when another one is there by now; STATUS_STORAGE.
 */
enum status shelf_put_checkpoint(struct shelf *shelf, struct view note, struct failure *failure);
