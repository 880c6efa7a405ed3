/*
 * Attached: the attachments of a ledger's checkpoints (ledger.h), as a published site holds them.
 *
 *   utfall/attachment/<n>      "<size> <kind>\n" and the bytes; n counts from 0 without a gap, in
 * the order of arrival; <kind> is cosignature, timestamp or crl utfall/checkpoint/<size>   the
 * checkpoint of that size, signed by the log alone
 *
 * They stand beside the tiles, in a folder that other programs for such logs do not look into. As
 * in a ledger, each stands for itself by its own signatures.
 */
#pragma once

#include "ledger/ledger.h"
#include "ledger/publish.h"
#include "ledger/tiles.h"

#include <stdbool.h>
#include <stdint.h>

#define ATTACHED_PATH_SIZE 64

/* Of one site: keeps a hostile server from sending for ever. */
#define ATTACHED_COUNT_MAX 1000000

/* Hands over every attachment, and the checkpoints that they are about. */
enum status attached_publish(struct ledger *ledger, const struct publish_sink *sink,
                             struct failure *failure);

struct attached {
    struct buffer file;                 /* initialised by attached_init */
    struct store_attachment attachment; /* a view into it */
};

void attached_init(struct attached *attached);
void attached_release(struct attached *attached); /* for OWNED */

/*
 * Reads the attachment of a number. One of a kind that this program does not know has the kind
 * ATTACHMENT_ANY.
 *
 * Errors  STATUS_NOT_FOUND when there are no more; STATUS_UNTRUSTED when it is malformed; the
 *         source's.
 */
enum status attached_read(const struct tiles_source *source, uint64_t number,
                          struct attached *attached, struct failure *failure);

/* Reads the checkpoint of a size. Errors: STATUS_UNTRUSTED when it is missing; the source's. */
enum status attached_read_checkpoint(const struct tiles_source *source, uint64_t size,
                                     struct buffer *ret_note, struct failure *failure);
